//! What a hostile pull request tries with checks, policies, artifacts and other pull requests, by the numbers of the
//! threat model.

use super::{CI, FAILS, PASSES, POLICY, github, publish, ran};
use crate::github::{ACTIONS_APP, GitHub, zip};

#[test]
fn t1_a_job_of_our_name_is_not_taken_for_our_check() {
    let github = github();
    let head = ran(&github, FAILS, "failure");
    github.foreign_check(&head, "Tollgate", ACTIONS_APP, "success");
    publish(&github).exits(0);
    let checks = github.checks(&head);
    assert_eq!(checks.len(), 2, "ours stands beside it: {checks:?}");
    assert_eq!(checks[1].conclusion.as_deref(), Some("failure"));
    assert!(checks[1].summary.contains("can imitate it"));
}

#[test]
fn t2_a_commit_of_two_pull_requests_gets_the_worse_verdict() {
    let github = github();
    let head = ran(&github, PASSES, "success");
    // The second goes to a branch on which the workflow is another one: its evidence is of unknown origin there.
    github.commit("release", &[("src/a.py", "a = 0\n"), ("tollgate.yml", POLICY)]);
    github.pull(8).of_fork("eve").branch("change-7").base("release").head(&head);
    publish(&github).exits(0);
    let check = &github.checks(&head)[0];
    assert!(check.summary.contains("several pull requests"), "{}", check.summary);
}

#[test]
fn t3_the_policy_of_the_default_branch_judges_and_not_the_one_that_the_change_proposes() {
    let github = github();
    github.pull(7).pushes(&[("tollgate.yml", "version: 1\nrules:\n  tests.failed: { max: 9 }\n")]);
    let head = ran(&github, FAILS, "failure");
    publish(&github).exits(0);
    let check = &github.checks(&head)[0];
    assert_eq!(check.conclusion.as_deref(), Some("failure"));
    assert!(check.summary.contains("proposes another policy"), "{}", check.summary);
}

#[test]
fn t4_an_archive_that_leads_out_or_is_none_is_no_verdict() {
    for bytes in [zip(&[("../evil.xml", PASSES)]), b"no zip".to_vec()] {
        let github = github();
        github.run(77).of_pull(7).artifact("tollgate-reports-test-a1", &bytes).completed("success");
        publish(&github).exits(0);
        let check = &github.checks(&github.pull(7).head_sha())[0];
        assert_eq!(check.conclusion.as_deref(), Some("action_required"), "{}", check.summary);
    }
}

#[test]
fn t5_a_workflow_that_the_base_does_not_have_gives_evidence_of_unknown_origin() {
    let github = GitHub::start();
    let strict = format!("{POLICY}rules:\n  evidence.grade: {{ min: C }}\n");
    github.commit("main", &[("src/a.py", "a = 1\n"), ("tollgate.yml", &strict), (CI, "on: pull_request\n")]);
    github.pull(7).of_fork("eve").changes(&[("src/a.py", "a = 2\n")]);
    ran(&github, PASSES, "success");
    github.run(77).workflow(".github/workflows/forged.yml");
    publish(&github).exits(0);
    let check = &github.checks(&github.pull(7).head_sha())[0];
    assert_eq!(check.conclusion.as_deref(), Some("action_required"), "{}", check.summary);
    assert!(check.summary.contains("forged"), "{}", check.summary);
}

#[test]
fn t6_a_number_in_an_artifact_leads_to_no_other_pull_request() {
    let github = github();
    github.pull(8).of_fork("bob").changes(&[("src/a.py", "a = 5\n")]);
    github
        .run(77)
        .of_pull(7)
        .artifact(
            "tollgate-reports-test-a1",
            &zip(&[("junit.xml", PASSES), ("pr-number.txt", "8"), ("event.json", "{}")]),
        )
        .completed("success");
    publish(&github);
    assert_eq!(github.checks(&github.pull(8).head_sha()), []);
    assert_eq!(github.checks(&github.pull(7).head_sha()).len(), 1);
}

#[test]
fn t24_a_push_while_the_commit_is_judged_leaves_the_new_commit_alone() {
    let github = github();
    let head = ran(&github, PASSES, "success");
    github.pull(7).pushes(&[("src/a.py", "a = 9\n")]);
    publish(&github).exits(0).says("no open pull request has this commit as its head");
    assert_eq!(github.checks(&head), []);
    assert_eq!(github.checks(&github.pull(7).head_sha()), []);
}

#[test]
fn t30_a_branch_that_is_called_main_and_a_workflow_that_is_called_ci_decide_nothing() {
    let github = GitHub::start();
    github.commit("main", &[("src/a.py", "a = 1\n"), ("tollgate.yml", POLICY), (CI, "x\n")]);
    github
        .pull(7)
        .of_fork("eve")
        .branch("main")
        .changes(&[("tollgate.yml", "version: 1\nrules: { tests.failed: { mode: off } }\n")]);
    let head = ran(&github, FAILS, "failure");
    github.run(77).named("CI");
    publish(&github).exits(0);
    assert_eq!(github.checks(&head)[0].conclusion.as_deref(), Some("failure"));
}
