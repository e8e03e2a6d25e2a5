//! Groups of the merge queue.

use super::{FAILS, PASSES, github, publish};
use crate::github::{GitHub, zip};

/// A group of the merge queue with pull request 7 on top of main.
fn group(github: &GitHub, junit: &str, conclusion: &str) -> String {
    let branch = "gh-readonly-queue/main/pr-7-0123456789abcdef";
    let base = github.commit("main", &[("other.txt", "x\n")]);
    let head = github.group(branch, &base, &[("src/a.py", "a = 2\n"), ("tests/test_a.py", "x\nz\n")]);
    github
        .run(77)
        .of_branch(branch)
        .event("merge_group")
        .job("test", conclusion)
        .artifact("tollgate-reports-test-a1", &zip(&[("junit.xml", junit)]))
        .completed(conclusion);
    head
}

#[test]
fn a_group_of_the_merge_queue_is_judged_for_real_and_on_its_own_commit() {
    for (junit, conclusion, expected) in [(PASSES, "success", "success"), (FAILS, "failure", "failure")] {
        let github = github();
        let head = group(&github, junit, conclusion);
        publish(&github).exits(0);
        let checks = github.checks(&head);
        assert_eq!(checks.len(), 1);
        assert_eq!(checks[0].conclusion.as_deref(), Some(expected), "{}", checks[0].summary);
        assert_eq!(github.checks(&github.pull(7).head_sha()), [], "the pull request has its own check");
    }
}

#[test]
fn a_group_whose_runs_are_not_over_waits_and_a_branch_of_another_name_is_none() {
    let github = github();
    let head = group(&github, PASSES, "success");
    github.run(77).in_progress();
    publish(&github).exits(0).says("1 runs are not over yet");
    assert_eq!(github.checks(&head)[0].status, "in_progress");
    // Only GitHub writes below gh-readonly-queue/.
    let github = super::github();
    github.commit("queue", &[("src/a.py", "a = 2\n")]);
    github.run(77).of_branch("queue").event("merge_group").completed("success");
    publish(&github).exits(4).says("whose branch has another name");
}
