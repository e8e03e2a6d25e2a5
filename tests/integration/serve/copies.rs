//! What the service keeps of earlier answers: the organisation's policy while GitHub does not answer, and the evidence of
//! the default branch.

use super::checks::folder;
use super::*;
use crate::github::{Fault, zip_of};
use crate::program::Place;
use tollgate::model::Snapshot;
use tollgate::wire;

/// An organisation that lets no test be skipped, and a pull request whose run skips one.
const SKIPS: &str = r#"<testsuite tests="2" skipped="1"><testcase classname="t" name="adds" file="tests/test_a.py"/>
<testcase classname="t" name="later" file="tests/test_a.py"><skipped/></testcase></testsuite>"#;
const ORGANISATION: &str = "version: 1\nfloor: { tests.skipped: { max: 0 } }\n";

fn organisation(github: &GitHub, text: &str) {
    github.commit_in("acme/.tollgate", "main", &[("org.yml", text)]);
}

/// The summary of the commit's newest check, once it has a verdict that this says something of.
fn summary(github: &GitHub, sha: &str) -> String {
    github.checks(sha).last().map(|check| check.summary.clone()).unwrap_or_default()
}

fn judged_by_a_copy_while_github_does_not_give_the_policy(keeps: &Keeps) {
    let github = github();
    organisation(&github, ORGANISATION);
    github.pull(8).of_fork("bob").branch("b8").changes(&[("src/a.py", "a = 8\n")]);
    let service = Service::start(&github, keeps);
    let first = ran(&github, 7, 77, SKIPS, "success");
    service.deliver("d1", "workflow_run", &run_completed(&first));
    service.until("judged by the organisation's policy", || concludes(&github, &first, "failure"));
    github.fails_for("/acme/.tollgate", Fault::Status(503));
    let second = ran(&github, 8, 78, SKIPS, "success");
    service.deliver("d2", "workflow_run", &run_completed(&second));
    service.until("judged by the copy", || concludes(&github, &second, "failure"));
    let said = summary(&github, &second);
    assert!(said.contains("judged by the copy of 20") && said.contains("minute"), "{said}");
}

#[test]
fn the_last_good_copy_of_the_organisation_s_policy_judges_while_github_does_not_give_it_and_says_its_age() {
    let (_folder, keeps) = folder();
    judged_by_a_copy_while_github_does_not_give_the_policy(&keeps);
}

#[test]
fn the_same_holds_in_postgresql() {
    let Some(server) = Server::start() else { return };
    judged_by_a_copy_while_github_does_not_give_the_policy(&Keeps::Database(server.database("copies")));
}

#[test]
fn a_policy_with_mistakes_or_one_that_a_push_has_changed_is_never_replaced_by_an_older_copy() {
    let github = github();
    organisation(&github, ORGANISATION);
    let (_folder, keeps) = folder();
    let service = Service::start(&github, &keeps);
    let head = ran(&github, 7, 77, SKIPS, "success");
    service.deliver("d1", "workflow_run", &run_completed(&head));
    service.until("judged", || concludes(&github, &head, "failure"));
    // It has a mistake now: that is said, and no older one judges, now or when GitHub does not answer.
    organisation(&github, "version: 1\nflor: {}\n");
    service.deliver("d2", "workflow_run", &run_completed(&head));
    service.until("no verdict", || {
        github.checks(&head).last().unwrap().conclusion.as_deref() == Some("action_required")
    });
    github.fails_for("/acme/.tollgate", Fault::Status(503));
    github.pull(8).of_fork("bob").branch("b8").changes(&[("src/a.py", "a = 8\n")]);
    let second = ran(&github, 8, 78, SKIPS, "success");
    service.deliver("d3", "workflow_run", &run_completed(&second));
    service.until("tried", || service.figure("tollgate_queue{state=\"later\"}") == Some(1));
    assert!(!summary(&github, &second).contains("judged by the copy"));
    assert_eq!(check(&github, &second).1, None);
    // GitHub answers again, with a policy without mistakes: what waits is judged by it.
    github.recovers();
    organisation(&github, "version: 1\n");
    service.until("judged by the new one", || concludes(&github, &second, "success"));
}

#[test]
fn a_push_to_the_organisation_s_policy_has_the_open_pull_requests_judged_again() {
    let github = github();
    organisation(&github, ORGANISATION);
    let (_folder, keeps) = folder();
    let service = Service::start(&github, &keeps);
    let head = ran(&github, 7, 77, SKIPS, "success");
    service.deliver("d1", "workflow_run", &run_completed(&head));
    service.until("judged", || concludes(&github, &head, "failure"));
    organisation(&github, "version: 1\n");
    let commits = json!([{"modified": ["org.yml"]}]);
    let mut push = event("", json!({"ref": "refs/heads/main", "commits": commits}));
    push.as_object_mut().unwrap().remove("action");
    push["repository"]["full_name"] = json!("acme/.tollgate");
    push["repository"]["name"] = json!(".tollgate");
    assert_eq!(service.deliver("d2", "push", &push), 202);
    service.until("judged by the new policy", || {
        github.checks(&head).last().unwrap().conclusion.as_deref() == Some("success")
    });
}

/// A push run of the default branch's tip leaves the evidence of a failing test; the service keeps it, and the artifact
/// expires.
fn keeps_what_a_push_run_left(github: &GitHub, keeps: &Keeps) -> Service {
    let base = github.commit_of("main");
    let place = Place::new();
    place.file("tollgate.yml", POLICY);
    place.file("junit.xml", FAILS);
    place.git(&["init", "-q"]);
    place.tollgate(&["check", "--save-snapshot", "s.json"]);
    let snapshot = wire::snapshot::read(&std::fs::read(place.path().join("s.json")).unwrap()).unwrap();
    let packed = wire::snapshot::write(&Snapshot { commit: Some(base.clone()), ..snapshot });
    let artifact = zip_of(&[("tollgate-snapshot.json.gz", &packed)]);
    github.run(50).of_branch("main").artifact("tollgate-snapshot", &artifact).completed("success");
    let service = Service::start(github, keeps);
    let ended = event("completed", json!({"workflow_run": {"id": 50, "head_sha": base, "event": "push"}}));
    service.deliver("d1", "workflow_run", &ended);
    service.until("kept", || {
        service.figure("tollgate_jobs_total{kind=\"baseline\",outcome=\"Done\"}") == Some(1)
    });
    github.artifact_expires("tollgate-snapshot").forget_calls();
    service
}

/// The change of a pull request whose test fails is judged; what the check says.
fn judged(github: &GitHub, service: &Service) -> String {
    let head = ran(github, 7, 77, FAILS, "success");
    service.deliver("d2", "workflow_run", &run_completed(&head));
    service.until("judged", || github.checks(&head).last().is_some_and(|check| check.conclusion.is_some()));
    summary(github, &head)
}

fn asked_for_artifacts(github: &GitHub) -> bool {
    github.calls().iter().any(|call| call.ends_with("/actions/artifacts"))
}

#[test]
fn the_evidence_of_a_push_run_is_kept_and_the_next_change_is_compared_with_it_without_asking_for_it() {
    let github = github();
    github.pull(7).changes(&[("src/a.py", "a = 3\n"), ("tests/test_a.py", "x\ny\n")]);
    let (_folder, keeps) = folder();
    let service = keeps_what_a_push_run_left(&github, &keeps);
    let said = judged(&github, &service);
    assert!(said.contains("fails the same way on main"), "{said}");
    assert!(!asked_for_artifacts(&github));
}

#[test]
fn a_change_on_a_commit_without_evidence_is_compared_with_the_newest_before_it_that_is_kept() {
    let github = github();
    let (_folder, keeps) = folder();
    let service = keeps_what_a_push_run_left(&github, &keeps);
    // Nothing ran for these.
    github.commit("main", &[("docs/a.md", "a\n")]);
    github.commit("main", &[("docs/b.md", "b\n")]);
    github.pull(7).changes(&[("src/a.py", "a = 3\n"), ("tests/test_a.py", "x\ny\n")]);
    let said = judged(&github, &service);
    assert!(said.contains("fails the same way on main"), "{said}");
    assert!(said.contains("is 2 commits older"), "{said}");
    assert!(asked_for_artifacts(&github), "what GitHub has may be nearer");
    // It stands with what was judged, and gives the same without GitHub.
    service.until("recorded", || {
        service.figure("tollgate_jobs_total{kind=\"judge\",outcome=\"Done\"}") == Some(1)
    });
    github.forget_calls();
    let replayed = command(&github, &keeps).args(["--replay", "7d"]).output().unwrap();
    let text = String::from_utf8([replayed.stdout, replayed.stderr].concat()).unwrap();
    assert_eq!(replayed.status.code(), Some(0), "{text}");
    assert_eq!(github.calls(), Vec::<String>::new());
}

#[test]
fn evidence_of_a_commit_that_the_change_does_not_build_on_is_never_its_base() {
    let github = github();
    github.pull(7).changes(&[("src/a.py", "a = 3\n"), ("tests/test_a.py", "x\ny\n")]);
    github.commit("main", &[("docs/a.md", "a\n")]);
    let (_folder, keeps) = folder();
    let service = keeps_what_a_push_run_left(&github, &keeps);
    let said = judged(&github, &service);
    assert!(!said.contains("fails the same way on main"), "{said}");
    assert!(asked_for_artifacts(&github), "nothing that is kept is before it");
}
