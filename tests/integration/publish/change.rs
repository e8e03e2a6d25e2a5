//! From the artifacts of a change to its one check: what it says, and what is said where there is nothing to judge.

use super::{
    CI, FAILS, PASSES, POLICY, collected, evidence_of_main, github, publish, publish_with, ran, start,
};
use crate::github::{GitHub, TOKEN, zip};
use crate::program::Place;

#[test]
fn a_fork_that_is_ready_gets_one_green_check() {
    let github = github();
    let head = ran(&github, PASSES, "success");
    publish(&github).exits(0).says("the verdict is passed; the check is posted");
    let checks = github.checks(&head);
    assert_eq!(checks.len(), 1, "{checks:?}");
    let check = &checks[0];
    assert_eq!((check.name.as_str(), check.conclusion.as_deref()), ("Tollgate", Some("success")));
    assert!(check.title.starts_with("Passed: "), "{}", check.title);
    assert!(
        check.summary.contains("Advisory") && check.summary.contains("read from main at"),
        "{}",
        check.summary
    );
    assert!(check.summary.contains(&head[..7]), "the head goes by its own id: {}", check.summary);
}

#[test]
fn a_failure_stands_on_the_line_that_the_change_adds() {
    let github = github();
    let head = ran(&github, FAILS, "failure");
    publish(&github).exits(0);
    let check = &github.checks(&head)[0];
    assert_eq!(check.conclusion.as_deref(), Some("failure"));
    assert_eq!(check.annotations.len(), 1, "{:?}", check.annotations);
    assert_eq!(check.annotations[0]["path"], "tests/test_a.py");
    assert_eq!(check.annotations[0]["start_line"], 2);
}

#[test]
fn the_same_evidence_writes_nothing_and_other_evidence_writes_the_same_check() {
    let github = github();
    let head = ran(&github, PASSES, "success");
    publish(&github).exits(0);
    publish(&github).exits(0).says("the check says so already");
    assert_eq!(github.checks(&head).len(), 1);
    github
        .run(77)
        .attempt(2)
        .job("test", "success")
        .artifact("tollgate-reports-test-a2", &zip(&[("junit.xml", FAILS)]));
    publish(&github).exits(0).says("the verdict is needs-changes");
    let last = github.checks(&head).last().unwrap().clone();
    assert_eq!(last.conclusion.as_deref(), Some("failure"));
}

#[test]
fn a_line_that_a_file_cannot_have_is_named_without_the_file() {
    let judged = |line: u32| {
        let github = GitHub::start();
        let policy = "version: 1\nreports:\n  app: { kind: coverage, path: app.info }\nrules:\n  coverage.total: { min: 50 }\n";
        github.commit("main", &[("a.c", "one\n"), ("b.c", "abc\n"), ("tollgate.yml", policy)]);
        github.pull(7).of_fork("eve").changes(&[("a.c", "two\n")]);
        let report = format!("SF:a.c\nDA:1,1\nend_of_record\nSF:b.c\nDA:{line},1\nend_of_record\n");
        github
            .run(77)
            .of_pull(7)
            .job("test", "success")
            .artifact("tollgate-reports-test-a1", &zip(&[("app.info", &report)]))
            .completed("success");
        publish(&github);
        let check = github.checks(&github.pull(7).head_sha()).last().unwrap().clone();
        (check.conclusion.unwrap_or_default(), check.summary)
    };
    // What the change does not touch is not fetched: four bytes hold at most four lines.
    let (conclusion, summary) = judged(4);
    assert_eq!(conclusion, "success", "{summary}");
    let (conclusion, summary) = judged(5);
    assert_ne!(conclusion, "success", "{summary}");
    assert!(summary.contains("line 5 of b.c is measured, and the file has 4 bytes"), "{summary}");
}

#[test]
fn a_trial_posts_nothing() {
    let github = github();
    let head = ran(&github, PASSES, "success");
    publish_with(&github, &["--trial"]).exits(0).says("this is a trial");
    assert_eq!(github.checks(&head), []);
}

#[test]
fn a_run_that_waits_for_approval_is_said_and_not_judged() {
    let github = github();
    github.run(77).of_pull(7).awaits_approval();
    publish(&github).exits(0);
    let check = &github.checks(&github.pull(7).head_sha())[0];
    assert_eq!((check.status.as_str(), check.conclusion.as_deref()), ("in_progress", None));
    assert_eq!(check.title, "Waiting: a maintainer must approve the run");
    // The maintainer approves, and the same check gets the verdict.
    let head = ran(&github, PASSES, "success");
    publish(&github).exits(0);
    let checks = github.checks(&head);
    assert_eq!((checks.len(), checks[0].conclusion.as_deref()), (1, Some("success")));
}

#[test]
fn runs_that_are_not_over_are_waited_for() {
    let github = github();
    let head = ran(&github, PASSES, "success");
    github.run(78).of_pull(7).workflow(".github/workflows/scan.yml").in_progress();
    publish(&github).exits(0).says("1 runs are not over yet");
    let check = &github.checks(&head)[0];
    assert!(check.conclusion.is_none() && check.summary.contains("scan.yml"), "{}", check.summary);
}

#[test]
fn no_report_is_no_verdict_and_a_failed_job_without_one_is_a_failed_build() {
    let github = github();
    github.run(77).of_pull(7).completed("success");
    publish(&github).exits(0);
    let check = &github.checks(&github.pull(7).head_sha())[0];
    assert_eq!(check.conclusion.as_deref(), Some("action_required"), "{}", check.summary);
    let github = super::github();
    github.run(77).of_pull(7).job("build", "failure").completed("failure");
    publish(&github).exits(0);
    let check = &github.checks(&github.pull(7).head_sha())[0];
    assert_ne!(check.conclusion.as_deref(), Some("success"), "{}", check.summary);
}

#[test]
fn a_closed_pull_request_and_one_whose_fork_is_gone() {
    let github = github();
    let head = ran(&github, PASSES, "success");
    github.pull(7).closed();
    publish(&github).exits(0).says("nothing is posted");
    assert_eq!(github.checks(&head), []);
}

#[test]
fn a_policy_with_mistakes_is_no_verdict_and_the_owners_are_told() {
    let github = GitHub::start();
    github
        .commit("main", &[("src/a.py", "a = 1\n"), ("tollgate.yml", "version: 1\nruels: {}\n"), (CI, "x\n")]);
    github.pull(7).of_fork("eve").changes(&[("src/a.py", "a = 2\n")]);
    let head = ran(&github, PASSES, "success");
    publish(&github).exits(0).says("the verdict is no-verdict");
    let check = &github.checks(&head)[0];
    assert_eq!(check.conclusion.as_deref(), Some("action_required"));
    assert!(check.summary.contains("the owners must mend it"), "{}", check.summary);
}

#[test]
fn a_token_that_may_not_write_checks_is_said() {
    let github = github();
    ran(&github, PASSES, "success");
    github.token(
        TOKEN,
        &[("actions", "read"), ("contents", "read"), ("pull-requests", "read"), ("metadata", "read")],
    );
    publish(&github).exits(4).says("the check cannot be posted");
}

#[test]
fn github_enterprise_server_is_spoken_to_the_same() {
    let github = GitHub::enterprise();
    start(&github);
    let head = ran(&github, PASSES, "success");
    publish(&github).exits(0);
    assert_eq!(github.checks(&head)[0].conclusion.as_deref(), Some("success"));
}

#[test]
fn a_failure_that_the_default_branch_has_too_is_not_counted() {
    let github = GitHub::start();
    let base = github.commit(
        "main",
        &[
            ("src/a.py", "a = 1\n"),
            ("tests/test_a.py", "x\ny\n"),
            ("tollgate.yml", POLICY),
            (CI, "on: push\n"),
        ],
    );
    github.pull(7).of_fork("eve").changes(&[("src/a.py", "a = 2\n")]);
    evidence_of_main(&github, &base, FAILS);
    // The manifest ties the failed job to its report, and so to what explains it.
    let head = github.pull(7).head_sha();
    github
        .run(77)
        .of_pull(7)
        .job("test", "failure")
        .artifact("tollgate-reports-test-a1", &collected(2, ", \"reads-as\": 1", &head, FAILS, "failure"))
        .completed("failure");
    publish(&github).exits(0).says("the verdict is passed");
    let check = &github.checks(&head)[0];
    assert_eq!(check.conclusion.as_deref(), Some("success"), "{}", check.summary);
    // Somebody else's artifact of that name is none of the base's.
    let other = super::github();
    let head = ran(&other, FAILS, "failure");
    other.run(77).artifact("tollgate-snapshot", &zip(&[("tollgate-snapshot.json", "{}")]));
    publish(&other).exits(0);
    assert_eq!(other.checks(&head)[0].conclusion.as_deref(), Some("failure"));
}

#[test]
fn a_job_that_no_runner_took_is_nobodys_fault() {
    let github = github();
    github
        .run(77)
        .of_pull(7)
        .job("test", "success")
        .job_without_runner("macos")
        .artifact("tollgate-reports-test-a1", &zip(&[("junit.xml", PASSES)]))
        .completed("cancelled");
    publish(&github).exits(0).says("the verdict is no-verdict");
    let check = &github.checks(&github.pull(7).head_sha())[0];
    assert!(check.summary.contains("never started"), "{}", check.summary);
}

#[test]
fn a_preview_says_that_it_is_none_of_the_gate() {
    for (gate, says) in [("publish", true), ("service", true), ("step", false)] {
        let place = Place::new();
        place.file("tollgate.yml", format!("{POLICY}gate: {gate}\n"));
        place.file("junit.xml", PASSES);
        let run = place.tollgate(&["check"]).exits(0);
        assert_eq!(run.out.contains("preview: not the gate"), says, "{}", run.out);
    }
}

#[test]
fn a_first_stage_of_the_version_before_or_behind_is_read() {
    let verdict = |version: u64, reads_as: &str| {
        let github = github();
        let head = github.pull(7).head_sha();
        let artifact = collected(version, reads_as, &head, PASSES, "success");
        github.run(77).of_pull(7).artifact("tollgate-reports-test-a1", &artifact).completed("success");
        publish(&github).exits(0);
        github.checks(&head)[0].conclusion.clone().unwrap()
    };
    for (version, reads_as) in [(1, ""), (2, ""), (2, ", \"reads-as\": 1"), (3, ", \"reads-as\": 2")] {
        assert_eq!(verdict(version, reads_as), "success", "{version} {reads_as}");
    }
    for (version, reads_as) in [(0, ""), (3, ""), (4, ", \"reads-as\": 3")] {
        assert_eq!(verdict(version, reads_as), "action_required", "{version} {reads_as}");
    }
}
