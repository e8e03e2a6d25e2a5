//! The stage `check`: what the runner gets back, for every event and for input that cannot be used.

use super::{FAILING, Job, PASSING};
use std::fs;

#[test]
fn a_pull_request_that_is_ready_passes_and_says_where_to_read_on() {
    let job = Job::pull_request().with("INPUT_STEPS", r#"{"test": {"outcome": "success"}}"#);
    job.workspace.file("junit.xml", PASSING);
    let run = job.run().exits(0);
    assert!(run.out.starts_with("::notice title=Tollgate::Passed"), "{}", run.out);
    let last: Vec<&str> = run.out.trim_end().rsplit('\n').take(2).collect();
    assert!(last[1].starts_with("PASSED"), "{last:?}");
    assert!(last[0].contains("https://github.example/acme/payments/actions/runs/77"), "{last:?}");
    job.gives(&[
        ("verdict", "passed"),
        ("rules-not-met", "0"),
        ("json", "tollgate-verdict.json"),
        ("context", "tollgate-context.json.gz"),
    ]);
    let json = fs::read_to_string(job.workspace.path().join("tollgate-verdict.json")).unwrap();
    assert!(json.contains("tollgate.verdict/1"), "{json}");
    assert!(job.summary().contains("not forgery-proof"), "{}", job.summary());
}

#[test]
fn a_failing_test_fails_the_job_after_everything_is_written() {
    let job = Job::pull_request();
    job.workspace.file("junit.xml", FAILING);
    let run = job.run().exits(1).says("breaks");
    assert!(run.out.starts_with("::error title=Tollgate::Needs changes"), "{}", run.out);
    job.gives(&[
        ("verdict", "needs-changes"),
        ("rules-not-met", "1"),
        ("json", "tollgate-verdict.json"),
        ("context", "tollgate-context.json.gz"),
    ]);
    assert!(job.summary().starts_with("### ❌ Needs changes"), "{}", job.summary());
}

#[test]
fn somebodys_first_pull_request_that_passes_gets_one_line_unless_the_policy_says_no() {
    const LINE: &str = "first pull request of its author here, and it passes";
    let mut job = Job::pull_request();
    job.event = job.event.replacen("\"title\"", "\"author_association\": \"FIRST_TIMER\", \"title\"", 1);
    job.workspace.file("junit.xml", FAILING);
    assert!(!job.run().exits(1).all().contains(LINE), "no thanks beside a failure");
    job.workspace.file("junit.xml", PASSING);
    job.run().exits(0).says(LINE);
    assert_eq!(job.summary().matches(LINE).count(), 1);
    // Outside of the checkout: what the change could have written is no policy.
    let quiet = job.runner.file("quiet.yml", "version: 1\nsummary: { thanks: false }\n");
    let job = job.with("INPUT_POLICY", quiet.to_str().unwrap());
    assert!(!job.run().exits(0).all().contains(LINE));
}

#[test]
fn a_second_run_in_the_same_job_reads_no_file_of_the_first() {
    let job = Job::pull_request();
    job.workspace.file("junit.xml", PASSING);
    job.run().exits(0);
    job.run().exits(0);
    assert_eq!(job.outputs().len(), 8);
    assert_eq!(job.summary().matches("### ✅").count(), 2);
}

#[test]
fn a_step_that_failed_without_a_report_is_never_a_pass() {
    let job = Job::pull_request().with("INPUT_STEPS", r#"{"test": {"outcome": "failure", "outputs": {}}}"#);
    assert_ne!(job.run().status, 0);
    let job = Job::pull_request()
        .with("INPUT_NEEDS", r#"{"test": {"result": "cancelled", "outputs": {}}}"#)
        .with("INPUT_STEPS", r#"{"unit": {"outcome": "success"}}"#);
    job.workspace.file("junit.xml", PASSING);
    assert_ne!(job.run().status, 0, "neither `needs` nor `steps` hides the other");
}

#[test]
fn a_push_and_a_merge_group_are_judged_too() {
    let mut job = Job::pull_request().with("GITHUB_EVENT_NAME", "push");
    job.event = r#"{"ref": "refs/heads/main", "repository": {"default_branch": "main"}}"#.to_owned();
    job.workspace.file("junit.xml", PASSING);
    job.run().exits(0);
    assert!(!job.summary().contains("forgery"), "a push runs the branch's own workflow");
    let mut job = Job::pull_request().with("GITHUB_EVENT_NAME", "merge_group");
    let base = job.workspace.git(&["rev-parse", "HEAD^1"]);
    job.event = format!(
        r#"{{"merge_group": {{"head_sha": "x", "base_ref": "refs/heads/main", "base_sha": "{base}"}}, "repository": {{"default_branch": "main"}}}}"#
    );
    job.workspace.file("junit.xml", PASSING);
    job.run().exits(0);
}

#[test]
fn what_cannot_be_used_is_a_coded_error_and_no_verdict() {
    for (name, value, code) in [
        ("GITHUB_EVENT_NAME", "issue_comment", "bad-event"),
        ("GITHUB_EVENT_NAME", "pull_request_target", "bad-event"),
        ("GITHUB_EVENT_NAME", "workflow_run", "bad-event"),
        ("GITHUB_EVENT_NAME", "::error::x", "bad-event"),
        ("GITHUB_EVENT_PATH", "/nonexistent/event.json", "bad-event"),
        ("GITHUB_EVENT_PATH", "/proc/self/environ", "bad-event"),
        ("INPUT_STAGE", "publish", "bad-input"),
        ("INPUT_STAGE", "everything", "bad-input"),
        ("INPUT_ORG-POLICY", "acme/.tollgate", "no-organisation-policy"),
        ("INPUT_WORKING-DIRECTORY", "../..", "bad-input"),
        ("INPUT_REPORTS", "junit.xml", "bad-input"),
        ("INPUT_REPORTS", "tests=[", "bad-glob"),
        ("INPUT_STEPS", "{\"a\": ", "bad-jobs-file"),
        ("INPUT_NEEDS", "[1]", "bad-jobs-file"),
        ("INPUT_ARTIFACTS", "reports-*", "bad-input"),
    ] {
        let job = Job::pull_request().with(name, value);
        job.workspace.file("junit.xml", PASSING);
        let run = job.run().exits(2).says(&format!("[{code}]"));
        assert!(run.out.starts_with("::error title=Tollgate::No verdict"), "{}", run.out);
        job.gives(&[("verdict", "no-verdict")]);
        assert!(job.summary().contains("No verdict"), "{}", job.summary());
    }
}

#[test]
fn a_file_of_the_runner_that_cannot_be_written_makes_no_pass() {
    for name in ["GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"] {
        let job = Job::pull_request().with(name, "/nonexistent/file");
        job.workspace.file("junit.xml", PASSING);
        job.run().exits(2).says("[output-not-written]").says("PASSED");
    }
    let job = Job::pull_request();
    job.workspace.file("junit.xml", PASSING);
    job.runner.file("summary", "x".repeat(2 << 20));
    job.run().exits(2).says("[output-not-written]");
    assert_eq!(job.summary().len(), 2 << 20);
}

#[test]
fn a_summary_that_is_nearly_full_still_gets_the_verdict() {
    let job = Job::pull_request();
    let cases: String = (0..2_000)
        .map(|n| {
            format!(
                "<testcase classname='c' name='case {n}'><failure message='{}'/></testcase>",
                "m".repeat(500)
            )
        })
        .collect();
    job.workspace.file("junit.xml", format!("<testsuite name='s' tests='2000'>{cases}</testsuite>"));
    job.runner.file("summary", "x".repeat((1 << 20) - 20_000));
    let run = job.run().exits(1);
    assert!(run.out.lines().filter(|line| line.starts_with("::")).count() <= 10);
    assert!(job.summary().contains("### ❌ Needs changes"));
    assert!(job.summary().len() <= 1 << 20);
}

#[test]
fn the_organisation_s_own_action_hands_its_policy_on() {
    let job = Job::pull_request();
    job.workspace.file("junit.xml", PASSING);
    let policy = "version: 1\nfloor: { tests.executed: { min: 9 } }\n";
    let file = job.runner.file("_actions/acme/.tollgate/v1/org.yml", policy);
    let folder = file.parent().unwrap().to_str().unwrap().to_owned();
    let job = job.with("INPUT_ORG-POLICY", &folder);
    job.run().exits(1).says("acme/.tollgate at v1").says("(acme/.tollgate/org.yml:2)");
    // A folder of the checkout is the change's own.
    job.workspace.file("policy/org.yml", "version: 1\n");
    let job = job.with("INPUT_ORG-POLICY", "policy");
    job.run().exits(2).says("policy-from-head");
    assert_eq!(job.outputs().last(), Some(&("verdict".to_owned(), "no-verdict".to_owned())));
}
