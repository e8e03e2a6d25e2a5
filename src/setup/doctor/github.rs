//! What GitHub's settings show.

use super::workflows::Workflow;
use super::{ACTIONS_APP, BranchDemands, CHECK, Examined, GitHubFacts, Unseen};
use crate::policy::GatePlace;

/// Where people find the rules of branches.
const RULES: &str = "Settings → Rules → Rulesets (or Branches) → Require status checks to pass";

/// Where people find what Actions may do.
const ACTIONS: &str = "Settings → Actions → General";

pub(super) fn examine(facts: &GitHubFacts, workflows: &[Workflow], gate: GatePlace, examined: &mut Examined) {
    let mut unseen = |what, why: &String| examined.unseen.push(Unseen { what, why: why.clone() });
    if let Err(why) = &facts.demands {
        unseen("which checks a merge needs, and whether their source is fixed", why);
    }
    if let Err(why) = &facts.fork_runs {
        unseen("what runs of forks are given", why);
    }
    if let Err(why) = &facts.actions {
        unseen("what Actions may run", why);
    }
    if let Err(why) = &facts.default_rights {
        unseen("the rights of jobs that ask for none", why);
    }
    if let Err(why) = &facts.switched_off {
        unseen("whether a workflow is switched off", why);
    }
    if let Err(why) = &facts.runs {
        unseen("whether the second stage runs", why);
    }
    if let Err(why) = &facts.organisation {
        unseen("the organisation's policy", why);
    }
    if let Ok(demands) = &facts.demands {
        required_check(facts, demands, workflows, gate, examined);
    }
    forks(facts, examined);
    second_stage(facts, workflows, examined);
    if facts.default_rights.as_deref() == Ok("write") {
        examined.advice(
            "default-write-token",
            None,
            "jobs that do not say which rights they need get a token that may write",
            format!("{ACTIONS} → Workflow permissions → Read repository contents"),
        );
    }
    organisation(facts, examined);
}

/// A required check without a fixed source is anybody's (gate.md finding 2, T1).
fn required_check(
    facts: &GitHubFacts,
    demands: &BranchDemands,
    workflows: &[Workflow],
    gate: GatePlace,
    examined: &mut Examined,
) {
    let jobs: Vec<String> =
        workflows.iter().flat_map(Workflow::jobs).map(|job| job.name.to_owned()).collect();
    let is_ours = |name: &str| match gate {
        GatePlace::Publish | GatePlace::Service => name == CHECK,
        GatePlace::Step => jobs.iter().any(|job| job == name || name.starts_with(&format!("{job} ("))),
    };
    let ours: Vec<_> = demands.checks.iter().filter(|check| is_ours(&check.name)).collect();
    if let Some(why) = &demands.protection_unseen {
        examined
            .unseen
            .push(Unseen { what: "what the classic protection of the branch asks for", why: why.clone() });
    }
    if ours.is_empty() && demands.workflows.is_empty() && demands.protection_unseen.is_none() {
        let near = demands.checks.iter().find(|check| check.name.eq_ignore_ascii_case(CHECK));
        let near = near.map_or_else(String::new, |check| {
            format!("; `{}`, which {} asks for, is written otherwise", check.name, check.asked_by)
        });
        examined.problem(
            "check-not-required",
            None,
            format!("no rule of `{}` asks for the verdict before a merge{near}", facts.default_branch),
            format!(
                "{RULES}: add `{}`, spelled exactly so",
                if gate == GatePlace::Step { "the judging job" } else { CHECK }
            ),
        );
    }
    for check in &ours {
        match (check.app, gate) {
            (None, _) => examined.problem(
                "unpinned-check-source",
                None,
                format!(
                    "{} asks for `{}` from any source: every App, and a job that a pull request adds, can post a green one",
                    check.asked_by, check.name
                ),
                format!("{RULES}: choose the source of `{}` instead of \"Any source\"", check.name),
            ),
            (Some(ACTIONS_APP), GatePlace::Service) => examined.problem(
                "other-check-source",
                None,
                format!("{} expects `{}` from GitHub Actions, and the service posts as its own App", check.asked_by, check.name),
                format!("{RULES}: choose the service's App as the source"),
            ),
            (Some(ACTIONS_APP), GatePlace::Publish) => examined.advice(
                "shared-check-source",
                None,
                format!(
                    "{} takes `{}` from GitHub Actions, the App of every workflow: a job of that name can imitate it",
                    check.asked_by, check.name
                ),
                "this is what a second stage can reach; only the organisation's service has a source of its own",
            ),
            (Some(_), _) => examined.fine.push("the source of the required check is fixed"),
        }
    }
}

/// A fork with a token that may write, or with secrets, is no outsider any more (gate.md b1).
fn forks(facts: &GitHubFacts, examined: &mut Examined) {
    let Ok(Some(runs)) = facts.fork_runs else {
        if facts.fork_runs.is_ok() && !facts.is_private {
            examined
                .fine
                .push("runs of forks get no secret and no token that may write: the repository is public");
        }
        return;
    };
    let place = format!("{ACTIONS} → Fork pull request workflows");
    if runs.write_tokens {
        examined.problem(
            "write-token-for-forks",
            None,
            "runs of pull requests from forks get a token that may write: the pull request can post its own check",
            format!("{place}: switch \"Send write tokens\" off"),
        );
    }
    if runs.secrets {
        examined.problem(
            "secrets-for-forks",
            None,
            "runs of pull requests from forks see the secrets of the repository",
            format!("{place}: switch \"Send secrets and variables\" off"),
        );
    }
    if !runs.run {
        examined.problem(
            "forks-do-not-run",
            None,
            "pull requests from forks run nothing here, so a required check never comes for them",
            format!("{place}: switch \"Run workflows from fork pull requests\" on"),
        );
    } else if !runs.write_tokens && !runs.secrets {
        examined.fine.push("runs of forks get no secret and no token that may write");
    }
}

/// GitHub has no call that tells an event policy; that nothing runs tells it (gate.md finding 1).
fn second_stage(facts: &GitHubFacts, workflows: &[Workflow], examined: &mut Examined) {
    if let Ok(actions) = &facts.actions {
        if !actions.enabled {
            examined.problem(
                "actions-switched-off",
                None,
                "GitHub Actions are switched off here, so nothing is tested or judged",
                format!("{ACTIONS} → Actions permissions"),
            );
        } else if actions.allowed.as_deref() == Some("local_only") {
            examined.problem(
                "action-not-allowed",
                None,
                "only actions of the repository's own organisation may run here, and Tollgate's is refused",
                format!("{ACTIONS} → Actions permissions: allow Tollgate's action, or copy it into the organisation"),
            );
        }
    }
    let mut is_off = false;
    for (file, why) in facts.switched_off.iter().flatten() {
        if workflows.iter().any(|workflow| workflow.file == *file) {
            is_off = true;
            examined.problem(
                "workflow-switched-off",
                None,
                format!("the workflow {file} is switched off ({why})"),
                format!("open Actions → {file} → Enable workflow"),
            );
        }
    }
    let Some(stage) = workflows.iter().find(|workflow| workflow.is_second_stage()) else { return };
    let Ok(runs) = &facts.runs else { return };
    let fix = "look at the policies of the organisation and the enterprise (Settings → Actions → Policies): they must \
         allow the event `workflow_run`";
    match runs.second_stage.as_deref() {
        Some("startup_failure") => examined.problem(
            "second-stage-blocked",
            None,
            format!("the newest run of the second stage could not start ({})", stage.file),
            format!("open that run: it says why. If it is \"Event 'workflow_run' is not allowed\", {fix}"),
        ),
        Some(_) => examined.fine.push("the second stage runs"),
        None if runs.first_stage && !is_off => examined.problem(
            "second-stage-blocked",
            None,
            format!("runs of pull requests have ended, and the second stage ({}) has never run", stage.file),
            format!("see that the file is on the default branch `{}`; then {fix}", facts.default_branch),
        ),
        None => {}
    }
}

/// A private policy answers like none (DECISIONS 6).
fn organisation(facts: &GitHubFacts, examined: &mut Examined) {
    let Ok(seen) = &facts.organisation else { return };
    match (&seen.declared, &seen.source) {
        (_, Some(_)) => examined.fine.push("the organisation's policy can be read"),
        (Some(declared), None) => examined.problem(
            "organisation-policy-unreadable",
            None,
            format!("the policy extends `{declared}`, which this token does not see: every change gets no verdict"),
            "make that repository public or internal with a wrapper action, or give `org-policy-token`",
        ),
        (None, None) => examined.advice(
            "no-organisation-policy",
            None,
            "no organisation policy can be seen: if there is one, its floors are not in force here",
            "if there is one, write `extends: <organisation>/.tollgate` into the policy, so that its absence is noticed",
        ),
    }
}
