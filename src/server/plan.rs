//! From an event to the jobs that it asks for. Pure: the same event always asks for the same.

use super::event::{Event, EventCheck, PushedCommit};
use super::store::{JobKind, Trigger};
use crate::io::github::is_repository;
use crate::io::policy::{FetchedFiles, PLACES};

/// The button that has a commit judged again.
pub const REEVALUATE: &str = "re-evaluate";

/// The button with which a maintainer stands for the evidence.
pub const CONFIRM: &str = "confirm-evidence";

/// An event that is ours to handle and does not say what GitHub's documentation promises.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the event has no usable {0}")]
pub struct Incomplete(pub &'static str);

/// The jobs of an event; none for an event or action that asks for nothing. `app` is our App.
///
/// # Errors
/// When an event that asks for something does not say of what.
pub fn plan(name: &str, event: &Event, app: u64) -> Result<Vec<Trigger>, Incomplete> {
    let action = event.action.as_deref().unwrap_or_default();
    match (name, action) {
        ("pull_request", "opened" | "reopened" | "synchronize" | "ready_for_review" | "closed") => {
            of_pull(event, "pull-request")
        }
        // Another base is another question; another title is not.
        ("pull_request", "edited")
            if event.changes.as_ref().is_some_and(|changes| changes.base.is_some()) =>
        {
            of_pull(event, "base-changed")
        }
        ("workflow_run", _) => of_run(event, action),
        ("check_run", "rerequested") => of_check(event, event.check_run.as_ref(), app),
        ("check_suite", "rerequested") => of_check(event, event.check_suite.as_ref(), app),
        ("check_run", "requested_action") => of_button(event, app),
        ("merge_group", _) => {
            let group = event.merge_group.as_ref().ok_or(Incomplete("merge_group"))?;
            judge(event, &group.head_sha, "merge-group")
        }
        ("push", _) => of_push(event),
        ("installation" | "installation_repositories", _) => {
            let installation = event.installation.ok_or(Incomplete("installation"))?;
            Ok(vec![Trigger {
                kind: JobKind::Installation,
                repository: format!("installation/{}", installation.id),
                subject: String::new(),
                pull: 0,
                installation: installation.id,
                cause: "installation",
            }])
        }
        _ => Ok(Vec::new()),
    }
}

fn of_pull(event: &Event, cause: &'static str) -> Result<Vec<Trigger>, Incomplete> {
    let pull = event.pull_request.as_ref().ok_or(Incomplete("pull_request"))?;
    judge(event, &pull.head.sha, cause)
}

/// Runs of changes have their commit judged; runs of pushes leave what changes are compared with.
fn of_run(event: &Event, action: &str) -> Result<Vec<Trigger>, Incomplete> {
    let run = event.workflow_run.as_ref().ok_or(Incomplete("workflow_run"))?;
    match (run.event.as_str(), action) {
        ("pull_request" | "merge_group", "completed") => judge(event, &run.head_sha, "run-completed"),
        ("pull_request" | "merge_group", _) => judge(event, &run.head_sha, "run-begun"),
        ("push", "completed") => trigger(event, JobKind::Baseline, commit(&run.head_sha)?, "run-completed"),
        _ => Ok(Vec::new()),
    }
}

/// Checks of other Apps are theirs.
fn of_check(event: &Event, check: Option<&EventCheck>, app: u64) -> Result<Vec<Trigger>, Incomplete> {
    let check = check.ok_or(Incomplete("check"))?;
    if check.app.is_none_or(|owner| owner.id != app) {
        return Ok(Vec::new());
    }
    judge(event, &check.head_sha, "re-run")
}

fn of_button(event: &Event, app: u64) -> Result<Vec<Trigger>, Incomplete> {
    let check = event.check_run.as_ref().ok_or(Incomplete("check_run"))?;
    if check.app.is_none_or(|owner| owner.id != app) {
        return Ok(Vec::new());
    }
    let button = event.requested_action.as_ref().ok_or(Incomplete("requested_action"))?;
    match button.identifier.as_str() {
        REEVALUATE => judge(event, &check.head_sha, "re-evaluate"),
        CONFIRM => {
            let login = event.sender.as_ref().map(|sender| sender.login.as_str());
            let login = login.filter(|login| is_login(login)).ok_or(Incomplete("sender"))?;
            let subject = format!("{}:{login}", commit(&check.head_sha)?);
            trigger(event, JobKind::Confirm, &subject, "confirm")
        }
        // A button of an older or newer Tollgate.
        _ => Ok(Vec::new()),
    }
}

/// What a job about an organisation's policy has in place of a commit.
pub const ORGANISATION: &str = "organisation";

/// GitHub lists so many commits of a push at most; of a push of more nobody knows what it touches.
const MOST_COMMITS: usize = 2_048;

/// A push to the default branch that touches a policy.
fn of_push(event: &Event) -> Result<Vec<Trigger>, Incomplete> {
    let repository = event.repository.as_ref().ok_or(Incomplete("repository"))?;
    let branch = event.reference.as_deref().and_then(|reference| reference.strip_prefix("refs/heads/"));
    if branch.is_none() || branch != repository.default_branch.as_deref() {
        return Ok(Vec::new());
    }
    let touches = |is_policy: &dyn Fn(&str) -> bool| {
        let of = |commit: &PushedCommit| {
            let paths = [&commit.added, &commit.removed, &commit.modified].into_iter().flatten();
            paths.into_iter().any(|path| is_policy(path))
        };
        event.commits.len() >= MOST_COMMITS || event.commits.iter().any(of)
    };
    let mut jobs = Vec::new();
    if touches(&|path| PLACES.contains(&path)) {
        jobs.extend(trigger(event, JobKind::Policy, "", "policy-changed")?);
    }
    if touches(&FetchedFiles::may_belong) {
        jobs.extend(trigger(event, JobKind::Policy, ORGANISATION, "policy-changed")?);
    }
    Ok(jobs)
}

fn judge(event: &Event, sha: &str, cause: &'static str) -> Result<Vec<Trigger>, Incomplete> {
    trigger(event, JobKind::Judge, commit(sha)?, cause)
}

fn trigger(
    event: &Event,
    kind: JobKind,
    subject: &str,
    cause: &'static str,
) -> Result<Vec<Trigger>, Incomplete> {
    let repository = event.repository.as_ref().map(|repository| repository.full_name.as_str());
    let repository = repository.filter(|name| is_repository(name)).ok_or(Incomplete("repository"))?;
    Ok(vec![Trigger {
        kind,
        repository: repository.to_owned(),
        subject: subject.to_owned(),
        pull: event.pull_request.as_ref().map_or(0, |pull| pull.number),
        // 0: whoever takes the job asks GitHub for it.
        installation: event.installation.map_or(0, |installation| installation.id),
        cause,
    }])
}

/// A commit in full hexadecimal.
fn commit(sha: &str) -> Result<&str, Incomplete> {
    let is_sha = matches!(sha.len(), 40 | 64) && sha.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_sha.then_some(sha).ok_or(Incomplete("commit"))
}

/// An account's name in the characters that GitHub allows; those of Apps end with `[bot]`.
fn is_login(login: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let name = login.strip_suffix("[bot]").unwrap_or(login);
    !name.is_empty() && login.len() <= 100 && name.chars().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    const APP: u64 = 99;
    const SHA: &str = "1111111111111111111111111111111111111111";

    /// The jobs of an event as `kind repository subject cause`.
    fn jobs(name: &str, mut event: Value) -> Vec<String> {
        event["repository"] = json!({"full_name": "acme/payments", "default_branch": "main"});
        event["installation"] = json!({"id": 5});
        event["sender"] = json!({"login": "ada"});
        let event: Event = serde_json::from_value(event).unwrap();
        let jobs = plan(name, &event, APP).unwrap();
        assert!(jobs.iter().all(|job| job.installation == 5 && (job.pull == 7) == (name == "pull_request")));
        let text = |job: &Trigger| {
            let subject = job.subject.replace(SHA, "SHA");
            format!("{} {} {subject} {}", job.kind.word(), job.repository, job.cause)
        };
        jobs.iter().map(text).collect()
    }

    fn pull(action: &str) -> Value {
        json!({"action": action, "pull_request": {"number": 7, "head": {"sha": SHA}}})
    }

    #[test]
    fn a_pull_request_that_is_new_or_pushed_to_is_judged() {
        for action in ["opened", "reopened", "synchronize", "ready_for_review", "closed"] {
            assert_eq!(jobs("pull_request", pull(action)), ["judge acme/payments SHA pull-request"]);
        }
        for action in ["labeled", "assigned", "edited", "an action of next year"] {
            assert!(jobs("pull_request", pull(action)).is_empty(), "{action}");
        }
        let mut retargeted = pull("edited");
        retargeted["changes"] = json!({"base": {"ref": {"from": "main"}}});
        assert_eq!(jobs("pull_request", retargeted), ["judge acme/payments SHA base-changed"]);
    }

    #[test]
    fn runs_of_changes_are_judged_and_those_of_pushes_leave_a_baseline() {
        let run = |action: &str, event: &str| {
            jobs("workflow_run", json!({"action": action, "workflow_run": {"head_sha": SHA, "event": event}}))
        };
        assert_eq!(run("requested", "pull_request"), ["judge acme/payments SHA run-begun"]);
        assert_eq!(run("completed", "pull_request"), ["judge acme/payments SHA run-completed"]);
        assert_eq!(run("completed", "merge_group"), ["judge acme/payments SHA run-completed"]);
        assert_eq!(run("completed", "push"), ["baseline acme/payments SHA run-completed"]);
        assert!(run("requested", "push").is_empty() && run("completed", "schedule").is_empty());
    }

    #[test]
    fn only_checks_and_buttons_of_our_app_are_ours() {
        let check =
            |app: u64| json!({"action": "rerequested", "check_run": {"head_sha": SHA, "app": {"id": app}}});
        assert_eq!(jobs("check_run", check(APP)), ["judge acme/payments SHA re-run"]);
        assert!(jobs("check_run", check(1)).is_empty());
        let button = |app: u64, identifier: &str| {
            let check = json!({"head_sha": SHA, "app": {"id": app}});
            let pressed = json!({"identifier": identifier});
            json!({"action": "requested_action", "check_run": check, "requested_action": pressed})
        };
        assert_eq!(jobs("check_run", button(APP, REEVALUATE)), ["judge acme/payments SHA re-evaluate"]);
        assert_eq!(jobs("check_run", button(APP, CONFIRM)), ["confirm acme/payments SHA:ada confirm"]);
        assert!(jobs("check_run", button(1, CONFIRM)).is_empty());
        assert!(jobs("check_run", button(APP, "of another version")).is_empty());
    }

    #[test]
    fn a_push_to_the_default_branch_that_touches_a_policy_has_it_read_again() {
        let push = |reference: &str, path: &str| {
            jobs("push", json!({"ref": reference, "commits": [{"modified": [path]}]}))
        };
        let again = ["policy acme/payments  policy-changed"];
        assert_eq!(push("refs/heads/main", ".github/tollgate.yml"), again);
        assert_eq!(push("refs/heads/main", "tollgate.yml"), again);
        let organisation = ["policy acme/payments organisation policy-changed"];
        assert_eq!(push("refs/heads/main", "groups/pay.yml"), organisation);
        assert!(push("refs/heads/main", "src/a.rs").is_empty());
        assert!(push("refs/heads/other", "tollgate.yml").is_empty());
        assert!(push("refs/tags/main", "tollgate.yml").is_empty());
    }

    #[test]
    fn groups_and_installations_are_handled_and_the_unknown_asks_for_nothing() {
        let group = json!({"action": "checks_requested", "merge_group": {"head_sha": SHA}});
        assert_eq!(jobs("merge_group", group), ["judge acme/payments SHA merge-group"]);
        let created = json!({"action": "created", "repositories": []});
        assert_eq!(jobs("installation", created), ["installation installation/5  installation"]);
        assert!(jobs("ping", json!({"zen": "Design for failure."})).is_empty());
        assert!(jobs("an event of next year", json!({"action": "x"})).is_empty());
    }

    #[test]
    fn an_event_of_ours_that_does_not_say_of_what_is_an_error() {
        let of = |name: &str, event: Value| {
            plan(name, &serde_json::from_value(event).unwrap(), APP).map(|jobs| jobs.len())
        };
        let opened = json!({"action": "opened"});
        assert_eq!(of("pull_request", opened), Err(Incomplete("pull_request")));
        let no_repository = pull("opened");
        assert_eq!(of("pull_request", no_repository), Err(Incomplete("repository")));
        let mut bad = pull("opened");
        bad["pull_request"]["head"]["sha"] = json!("../../etc");
        bad["repository"] = json!({"full_name": "acme/payments"});
        assert_eq!(of("pull_request", bad), Err(Incomplete("commit")));
        let mut outside = pull("opened");
        outside["repository"] = json!({"full_name": "acme/payments/../../x"});
        assert_eq!(of("pull_request", outside), Err(Incomplete("repository")));
    }
}
