//! The environment of a run, and the files that the runner reads back.

mod shipped;

use super::*;
use crate::io::git::RunKind;
use std::ffi::OsString;

fn environment(variables: &[(&str, &str)]) -> Environment {
    Environment::new(variables.iter().map(|(name, value)| (OsString::from(name), OsString::from(value))))
}

/// A run with this event; the folder keeps its file.
fn with_event(name: &str, payload: &str, more: &[(&str, &str)]) -> (tempfile::TempDir, Environment) {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("event.json");
    std::fs::write(&file, payload).unwrap();
    let mut variables = vec![
        ("GITHUB_EVENT_NAME", name),
        ("GITHUB_EVENT_PATH", file.to_str().unwrap()),
        ("GITHUB_WORKSPACE", "/w"),
    ];
    variables.extend(more);
    let environment = environment(&variables);
    (dir, environment)
}

const PULL_REQUEST: &str = r#"{"action": "opened", "number": 7, "pull_request": {"title": "::error::x",
    "base": {"ref": "main", "sha": "1111111111111111111111111111111111111111"},
    "head": {"ref": "x", "sha": "2222222222222222222222222222222222222222", "repo": null}},
    "repository": {"default_branch": "trunk"}}"#;

#[test]
fn inputs_are_read_with_hyphens_and_as_a_shell_passes_them() {
    let runner = environment(&[("INPUT_WORKING-DIRECTORY", " app "), ("INPUT_WORKING_DIRECTORY", "no")]);
    assert_eq!(runner.input("working-directory"), Some("app"));
    let shell = environment(&[("INPUT_WORKING_DIRECTORY", "app"), ("INPUT_POLICY", "")]);
    assert_eq!(shell.input("working-directory"), Some("app"));
    assert_eq!(shell.input("policy"), None);
}

#[test]
fn only_variables_of_actions_are_kept_and_no_value_is_printed() {
    let kept = environment(&[("INPUT_GITHUB-TOKEN", "ghs_secret"), ("AWS_SECRET", "x"), ("CI", "true")]);
    assert_eq!(format!("{kept:?}"), r#"["CI", "INPUT_GITHUB-TOKEN"]"#);
}

#[test]
fn a_pull_request_names_its_base_and_the_default_branch() {
    let more = [("GITHUB_SHA", "3333333333333333333333333333333333333333"), ("GITHUB_BASE_REF", "main")];
    let (_dir, environment) = with_event("pull_request", PULL_REQUEST, &more);
    let actions = read(&environment).unwrap();
    assert_eq!(
        actions.run,
        Run {
            kind: RunKind::PullRequest,
            base_branch: Some("main".to_owned()),
            branch: None,
            base_commit: Some("1".repeat(40)),
            merge_commit: Some("3".repeat(40)),
            default_branch: Some("trunk".to_owned()),
            is_first: false,
        }
    );
}

#[test]
fn the_first_pull_request_of_somebody_is_known_by_what_the_forge_says() {
    for (association, is_first) in
        [("FIRST_TIMER", true), ("FIRST_TIME_CONTRIBUTOR", true), ("CONTRIBUTOR", false), ("NONE", false)]
    {
        let said = format!(r#""author_association": "{association}", "title""#);
        let (_dir, environment) =
            with_event("pull_request", &PULL_REQUEST.replacen("\"title\"", &said, 1), &[]);
        assert_eq!(read(&environment).unwrap().run.is_first, is_first, "{association}");
    }
}

#[test]
fn who_proposes_a_change_is_known_by_login_kind_and_repository() {
    let proposer = |user: &str, base: &str, head: &str| {
        let payload = format!(
            r#"{{"pull_request": {{"user": {user}, "base": {{"ref": "m", "sha": "1", "repo": {base}}},
            "head": {{"ref": "x", "sha": "2", "repo": {head}}}}}}}"#
        );
        let (_dir, environment) = with_event("pull_request", &payload, &[]);
        read(&environment).unwrap().proposer
    };
    let user = r#"{"login": "carol", "type": "User"}"#;
    let of_fork = |from_fork| Proposer {
        login: "carol".into(),
        is_bot: false,
        from_fork,
        permission: Err("nobody was asked with a token that may know".to_owned()),
    };
    assert_eq!(proposer(user, r#"{"id": 1}"#, r#"{"id": 1}"#), Some(of_fork(Some(false))));
    assert_eq!(proposer(user, r#"{"id": 1}"#, r#"{"id": 2}"#), Some(of_fork(Some(true))));
    assert_eq!(proposer(user, r#"{"id": 1}"#, "null"), Some(of_fork(Some(true))), "the fork is gone");
    assert_eq!(proposer(user, "null", "null"), Some(of_fork(None)));
    assert!(proposer(r#"{"login": "x", "type": "Bot"}"#, "null", "null").unwrap().is_bot);
    assert_eq!(proposer("null", "null", "null"), None);
}

#[test]
fn a_merge_group_and_a_push_are_told_apart() {
    let group = r#"{"merge_group": {"head_sha": "a", "base_ref": "refs/heads/main", "base_sha": "b"}}"#;
    let (_dir, environment) = with_event("merge_group", group, &[]);
    let run = read(&environment).unwrap().run;
    assert_eq!((run.kind, run.base_commit.as_deref()), (RunKind::MergeGroup, Some("b")));
    let (_dir, environment) = with_event("push", r#"{"ref": "refs/heads/main", "repository": {}}"#, &[]);
    assert_eq!(read(&environment).unwrap().run, Run { kind: RunKind::Branch, ..Run::default() });
}

#[test]
fn an_event_that_is_missing_damaged_or_not_ours_is_an_error() {
    let (_dir, damaged) = with_event("pull_request", "{\n \"pull_request\": [", &[]);
    let (_dir2, other) = with_event("pull_request", "{}", &[]);
    let (_dir3, group) = with_event("merge_group", PULL_REQUEST, &[]);
    let (_dir4, target) = with_event("pull_request_target", PULL_REQUEST, &[]);
    let (_dir5, comment) = with_event("issue_comment", "{}", &[]);
    let nothing = environment(&[]);
    let no_file =
        environment(&[("GITHUB_EVENT_NAME", "pull_request"), ("GITHUB_EVENT_PATH", "/nonexistent")]);
    let no_path = environment(&[("GITHUB_EVENT_NAME", "pull_request")]);
    for environment in [&damaged, &other, &group, &target, &comment, &nothing, &no_file, &no_path] {
        assert_eq!(read(environment).unwrap_err().code, Code::BadEvent);
    }
    assert_eq!(read(&damaged).unwrap_err().origin.line, 2);
    assert!(read(&target).unwrap_err().help.raw().contains("on: pull_request"));
}

#[test]
fn the_stage_follows_the_event_unless_it_is_named() {
    let stage = |event: &str, stage: &str| {
        let (_dir, environment) = with_event(event, PULL_REQUEST, &[("INPUT_STAGE", stage)]);
        super::stage(&environment).map_err(|diagnostic| diagnostic.code)
    };
    assert_eq!(stage("pull_request", ""), Ok(Stage::Check));
    assert_eq!(stage("push", "check"), Ok(Stage::Check));
    assert_eq!(stage("push", "collect"), Ok(Stage::Collect));
    // Neither is built, and saying nothing would look like a pass.
    assert_eq!(stage("workflow_run", "auto"), Ok(Stage::Publish));
    assert_eq!(stage("workflow_dispatch", "publish"), Ok(Stage::Publish));
    assert_eq!(stage("workflow_run", "check"), Err(Code::BadInput));
    assert_eq!(stage("push", "publish"), Err(Code::BadInput));
    assert_eq!(stage("push", "Check"), Err(Code::BadInput));
}

#[test]
fn the_working_directory_stays_in_the_workspace() {
    let dir = |below: &str| {
        let (_dir, environment) = with_event("push", "{}", &[("INPUT_WORKING-DIRECTORY", below)]);
        read(&environment).map(|actions| actions.dir).map_err(|diagnostic| diagnostic.code)
    };
    assert_eq!(dir(""), Ok(PathBuf::from("/w")));
    assert_eq!(dir("."), Ok(PathBuf::from("/w")));
    assert_eq!(dir("./a/b/"), Ok(PathBuf::from("/w/a/b")));
    for outside in ["..", "a/../../b", "/etc", "C:/x"] {
        assert_eq!(dir(outside), Err(Code::BadInput), "{outside}");
    }
}

#[test]
fn reports_are_one_a_line_and_the_workspace_has_its_names() {
    let more = [
        ("INPUT_REPORTS", "tests=**/junit.xml\n\n  coverage=lcov.info \n"),
        ("GITHUB_REPOSITORY", "acme/payments"),
        ("RUNNER_WORKSPACE", "/srv/runner/payments"),
    ];
    let (_dir, environment) = with_event("push", "{}", &more);
    let actions = read(&environment).unwrap();
    assert_eq!(actions.reports, ["tests=**/junit.xml", "coverage=lcov.info"]);
    for name in
        ["/w", "/github/workspace", "/srv/runner/payments/payments", "/home/runner/work/payments/payments"]
    {
        assert!(actions.workspaces.iter().any(|have| have == name), "{name}");
    }
}

#[test]
fn an_output_cannot_set_another_one() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("output");
    std::fs::write(&file, "earlier=1\n").unwrap();
    let hostile = "x\ntollgate_0000\nverdict=passed\nEOF\n";
    let outputs = [
        Output { name: "verdict", value: "needs-changes".to_owned() },
        Output { name: "json", value: hostile.to_owned() },
    ];
    write_outputs(&file, &outputs).unwrap();
    let text = std::fs::read_to_string(&file).unwrap();
    assert_eq!(
        runner_reads(&text),
        [("earlier", "1"), ("verdict", "needs-changes"), ("json", hostile)]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
    );
}

/// As the runner reads the file: `name=value` or `name<<delimiter`.
fn runner_reads(text: &str) -> Vec<(String, String)> {
    let mut lines = text.split('\n');
    let mut read = Vec::new();
    while let Some(line) = lines.next() {
        if let Some((name, delimiter)) = line.split_once("<<") {
            let value: Vec<&str> = lines.by_ref().take_while(|line| *line != delimiter).collect();
            read.push((name.to_owned(), value.join("\n")));
        } else if let Some((name, value)) = line.split_once('=') {
            read.push((name.to_owned(), value.to_owned()));
        }
    }
    read
}

#[test]
fn delimiters_differ_every_time() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("output");
    std::fs::write(&file, "").unwrap();
    let outputs = [Output { name: "verdict", value: "passed".to_owned() }];
    write_outputs(&file, &outputs).unwrap();
    write_outputs(&file, &outputs).unwrap();
    let text = std::fs::read_to_string(&file).unwrap();
    let used: std::collections::BTreeSet<&str> =
        text.lines().filter_map(|line| line.split_once("<<")).map(|(_, d)| d).collect();
    assert_eq!(used.len(), 2);
}

#[test]
fn a_file_of_the_runner_that_cannot_be_written_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    let missing = write_outputs(&dir.path().join("none"), &[]).unwrap_err();
    assert_eq!(missing.code, Code::OutputNotWritten);
    assert_eq!(write_outputs(dir.path(), &[]).unwrap_err().code, Code::OutputNotWritten);
}

#[cfg(unix)]
#[test]
fn a_symlink_in_the_place_of_the_runners_file_is_not_followed() {
    let dir = tempfile::tempdir().unwrap();
    let victim = dir.path().join("victim");
    std::fs::write(&victim, "").unwrap();
    std::os::unix::fs::symlink(&victim, dir.path().join("summary")).unwrap();
    assert_eq!(append_summary(&dir.path().join("summary"), "x").unwrap_err().code, Code::OutputNotWritten);
    assert_eq!(std::fs::read_to_string(&victim).unwrap(), "");
}

#[test]
fn a_summary_that_the_runner_would_drop_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("summary");
    std::fs::write(&file, "").unwrap();
    assert_eq!(append_summary(&file, &"x".repeat(2 << 20)).unwrap_err().code, Code::OutputNotWritten);
    append_summary(&file, &"x".repeat(1 << 20)).unwrap();
    assert_eq!(append_summary(&file, "x").unwrap_err().code, Code::OutputNotWritten);
    assert_eq!(std::fs::metadata(&file).unwrap().len(), 1 << 20);
}
