//! The second stage: the program against the fake GitHub, from the artifacts of a fork's run to the check.

mod attacks;
mod attested;
mod calls;
mod change;
mod comments;
mod faults;
mod grades;
mod groups;
mod organisation;
mod since;

use crate::github::{GitHub, REPOSITORY, TOKEN, zip, zip_of};
use crate::program::{Place, Run};
use sha2::{Digest as _, Sha256};
use tollgate::model::Snapshot;
use tollgate::wire;

const PASSES: &str =
    r#"<testsuite tests="1"><testcase classname="t" name="adds" file="tests/test_a.py"/></testsuite>"#;
const FAILS: &str = r#"<testsuite tests="2" failures="1"><testcase classname="t" name="adds"/>
<testcase classname="t" name="halves" file="tests/test_a.py" line="2"><failure message="1 is not 2"/></testcase></testsuite>"#;
const POLICY: &str = "version: 1\nreports:\n  unit: { kind: tests, path: junit.xml }\n";
const CI: &str = ".github/workflows/ci.yml";

/// A repository with a policy and a workflow, and a pull request from a fork.
fn github() -> GitHub {
    let github = GitHub::start();
    start(&github);
    github
}

fn start(github: &GitHub) {
    github.commit(
        "main",
        &[
            ("src/a.py", "a = 1\n"),
            ("tests/test_a.py", "x\ny\n"),
            ("tollgate.yml", POLICY),
            (CI, "on: pull_request\n"),
        ],
    );
    github.pull(7).of_fork("eve").changes(&[("src/a.py", "a = 2\n"), ("tests/test_a.py", "x\nz\n")]);
}

/// The fork's run ends with this report.
fn ran(github: &GitHub, junit: &str, conclusion: &str) -> String {
    github
        .run(77)
        .of_pull(7)
        .job("test", conclusion)
        .artifact("tollgate-reports-test-a1", &zip(&[("junit.xml", junit)]))
        .completed(conclusion);
    github.pull(7).head_sha()
}

fn publish(github: &GitHub) -> Run {
    publish_with(github, &[])
}

fn publish_with(github: &GitHub, more: &[&str]) -> Run {
    let arguments = [&["publish", "--repository", REPOSITORY, "--run", "77"], more].concat();
    let environment = [("GITHUB_TOKEN", TOKEN), ("GITHUB_API_URL", github.url())];
    Place::new().tollgate_with(&arguments, &environment)
}

/// Publishes as the action does, with these inputs.
fn publish_as_action(github: &GitHub, inputs: &[(&str, &str)]) -> Run {
    let place = Place::new();
    let file = place.file("event.json", github.workflow_run_event(77));
    let environment = [
        ("GITHUB_ACTIONS", "true"),
        ("GITHUB_EVENT_NAME", "workflow_run"),
        ("GITHUB_EVENT_PATH", file.to_str().unwrap()),
        ("GITHUB_REPOSITORY", REPOSITORY),
        ("INPUT_GITHUB-TOKEN", TOKEN),
        ("INPUT_GITHUB-API-URL", github.url()),
    ];
    place.tollgate_with(&["action"], &[&environment, inputs].concat())
}

/// The default branch's own run left this as its evidence.
fn evidence_of_main(github: &GitHub, commit: &str, junit: &str) {
    let place = Place::new();
    place.file("tollgate.yml", POLICY);
    place.file("junit.xml", junit);
    place.git(&["init", "-q"]);
    place.tollgate(&["check", "--save-snapshot", "s.json"]);
    let bytes = std::fs::read(place.path().join("s.json")).unwrap();
    let snapshot = wire::snapshot::read(&bytes).unwrap();
    let packed = wire::snapshot::write(&Snapshot { commit: Some(commit.to_owned()), ..snapshot });
    github
        .run(50)
        .of_branch("main")
        .artifact("tollgate-snapshot", &zip_of(&[("tollgate-snapshot.json.gz", &packed)]))
        .completed("success");
}

/// A repository whose policy asks for a comment.
fn with_comment() -> GitHub {
    let github = GitHub::start();
    let policy = format!("{POLICY}publish: {{ comment: true }}\n");
    github.commit(
        "main",
        &[
            ("src/a.py", "a = 1\n"),
            ("tests/test_a.py", "x\ny\n"),
            ("tollgate.yml", &policy),
            (CI, "on: push\n"),
        ],
    );
    github.pull(7).of_fork("eve").changes(&[("src/a.py", "a = 2\n")]);
    github
}

/// An artifact as a collector of some version packs it.
pub(crate) fn collected(version: u64, reads_as: &str, head: &str, junit: &str, unit: &str) -> Vec<u8> {
    let digest: String = Sha256::digest(junit).iter().map(|byte| format!("{byte:02x}")).collect();
    let manifest = format!(
        r#"{{"version": {version}{reads_as}, "job": "test", "index": 0, "run-id": "77", "attempt": 1, "sha": "{head}",
            "steps": {{"unit": {{"outcome": "{unit}"}}}}, "skipped": 0, "of-the-future": [1],
            "files": [{{"path": "junit.xml", "file": "0.xml", "bytes": {}, "sha256": "{digest}"}}]}}"#,
        junit.len()
    );
    zip(&[("manifest.json", &manifest), ("0.xml", junit)])
}
