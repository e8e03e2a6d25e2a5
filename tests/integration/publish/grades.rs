//! How strong the evidence is, who confirms it, and who proposes the change.

use super::{CI, FAILS, PASSES, POLICY, publish, ran};
use crate::github::{GitHub, REPOSITORY, TOKEN, zip};
use crate::program::Place;

#[test]
fn t5_a_change_of_the_workflow_needs_a_maintainer_where_the_policy_asks_for_one() {
    let github = GitHub::start();
    let strict = format!("{POLICY}rules:\n  evidence.grade: {{ min: C }}\n");
    github.commit("main", &[("src/a.py", "a = 1\n"), ("tollgate.yml", &strict), (CI, "on: pull_request\n")]);
    github.pull(7).of_fork("eve").changes(&[(CI, "on: pull_request # run: echo all well\n")]);
    let head = ran(&github, PASSES, "success");
    publish(&github).exits(0);
    assert_eq!(github.checks(&head)[0].conclusion.as_deref(), Some("action_required"));
    // A maintainer looks at it and confirms; somebody who may only read cannot.
    let confirm = |login: &str| {
        let place = Place::new();
        let event = format!(
            r#"{{"inputs": {{"run-id": "77", "confirm": "true"}}, "sender": {{"login": "{login}"}}, "repository": {{}}}}"#
        );
        let file = place.file("event.json", event);
        let environment = [
            ("GITHUB_ACTIONS", "true"),
            ("GITHUB_EVENT_NAME", "workflow_dispatch"),
            ("GITHUB_EVENT_PATH", file.to_str().unwrap()),
            ("GITHUB_REPOSITORY", REPOSITORY),
            ("GITHUB_RUN_ID", "500"),
            ("INPUT_STAGE", "publish"),
            ("INPUT_RUN-ID", "77"),
            ("INPUT_GITHUB-TOKEN", TOKEN),
            ("INPUT_GITHUB-API-URL", github.url()),
        ];
        place.tollgate_with(&["action"], &environment)
    };
    github.permission("eve", "read").permission("ada", "write");
    confirm("eve").exits(4).says("may not write here");
    confirm("ada").exits(0).says("the verdict is passed");
    let last = github.checks(&head).last().unwrap().clone();
    assert_eq!(last.conclusion.as_deref(), Some("success"));
    assert!(
        last.summary.contains("confirmed by a maintainer") || last.title.contains("Passed"),
        "{}",
        last.summary
    );
    // The next push is another commit, which nobody has confirmed.
    github.pull(7).pushes(&[("src/a.py", "a = 3\n")]);
    let head = ran(&github, PASSES, "success");
    publish(&github).exits(0);
    assert_eq!(github.checks(&head)[0].conclusion.as_deref(), Some("action_required"));
}

/// A scanner's workflow beside the tests, which the policy calls isolated; scans need grade B.
fn with_scanner(change: &[(&str, &str)]) -> GitHub {
    const SCAN: &str = ".github/workflows/scan.yml";
    let policy = "version: 1\nreports:\n  unit: { kind: tests, path: junit.xml }\n  sast: { kind: scan, path: \"*.sarif\" }\n\
        publish: { isolated: [.github/workflows/scan.yml] }\nrules:\n  evidence.grade: { min: C, scan: B }\n";
    let github = GitHub::start();
    github.commit(
        "main",
        &[
            ("src/a.py", "a = 1\n"),
            ("tollgate.yml", policy),
            (CI, "on: pull_request\n"),
            (SCAN, "on: pull_request\n"),
        ],
    );
    github.pull(7).of_fork("eve").changes(change);
    ran(&github, PASSES, "success");
    github
        .run(78)
        .of_pull(7)
        .workflow(SCAN)
        .artifact("tollgate-reports-scan-a1", &zip(&[("sast.sarif", SARIF)]))
        .completed("success");
    github
}

const SARIF: &str = r#"{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "s", "version": "1", "rules": []}},
    "invocations": [{"executionSuccessful": true}], "results": []}]}"#;

#[test]
fn scans_of_a_workflow_that_runs_nothing_of_the_change_are_isolated() {
    let github = with_scanner(&[("src/a.py", "a = 2\n")]);
    publish(&github).exits(0).says("the verdict is passed");
    // The same artifact from the run of the tests is a claim of code of the change.
    let github = with_scanner(&[("src/a.py", "a = 2\n")]);
    github.run(77).artifact("tollgate-reports-scan-a1", &zip(&[("sast.sarif", SARIF)]));
    publish(&github).exits(0).says("the verdict is no-verdict");
    // A change of the scanner's workflow makes its evidence the change's own.
    let github = with_scanner(&[(".github/workflows/scan.yml", "on: pull_request # run: nothing\n")]);
    publish(&github).exits(0).says("the verdict is no-verdict");
}

#[test]
fn the_class_of_the_author_stands_in_the_record_and_changes_words_and_no_bar() {
    let record = |owners: &str, files: &[(&str, &str)], permission: &str| {
        let github = GitHub::start();
        let policy = format!("{POLICY}{owners}");
        let all = [
            &[
                ("src/a.py", "a = 1\n"),
                ("tests/test_a.py", "x\ny\n"),
                ("tollgate.yml", policy.as_str()),
                (CI, "on: push\n"),
            ],
            files,
        ];
        github.commit("main", &all.concat());
        github.commit_in(
            "acme/.tollgate",
            "main",
            &[("org.yml", "version: 1\n"), ("teams.json", r#"{"acme/core": ["ada"]}"#)],
        );
        github.pull(7).of_fork("quixote").changes(&[("src/a.py", "a = 2\n")]);
        github.permission("quixote", permission);
        let head = ran(&github, FAILS, "failure");
        let place = Place::new();
        let arguments = ["publish", "--repository", REPOSITORY, "--run", "77", "--write-json", "v.json"];
        let environment = [("GITHUB_TOKEN", TOKEN), ("GITHUB_API_URL", github.url())];
        place.tollgate_with(&arguments, &environment).exits(0).says("the verdict is needs-changes");
        let text = std::fs::read_to_string(place.path().join("v.json")).unwrap();
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["context"]["repo"], REPOSITORY);
        assert_eq!(value["context"]["pull-request"], 7);
        let author = value["context"]["author"].to_string();
        assert!(!author.contains("quixote"), "no name stands with the class: {author}");
        let author = &value["context"]["author"];
        let asked = github.checks(&head)[0].summary.contains("the bar is the same for everybody");
        (author["class"].as_str().unwrap().to_owned(), author["why"].as_str().unwrap().to_owned(), asked)
    };
    let (class, why, is_asked) = record("", &[], "read");
    assert_eq!(
        (class.as_str(), why.as_str(), is_asked),
        ("external", "permission=read; no owners are named", true)
    );
    assert_eq!(record("", &[], "write").0, "owner");
    assert_eq!(
        record("owners: [\"@quixote\"]\n", &[], "read"),
        ("owner".into(), "in owners, or owns a changed path".into(), false)
    );
    assert_eq!(record("owners: [\"@acme/core\"]\n", &[], "write").0, "external");
    assert_eq!(record("", &[(".github/CODEOWNERS", "src/ @quixote\n")], "read").0, "owner");
    assert_eq!(record("", &[("docs/CODEOWNERS", "docs/ @quixote\n")], "write").0, "external");
}
