//! `tollgate doctor` against the fake GitHub and against folders.

use crate::github::{ACTIONS_APP, GitHub, REPOSITORY, TOKEN};
use crate::program::{Place, Run};
use serde_json::{Value, json};

const CI: &str = ".github/workflows/ci.yml";
const CHECK: &str = ".github/workflows/check.yml";
const CI_TEXT: &str = "name: CI\non:\n  pull_request:\n  merge_group:\njobs:\n  test:\n    steps:\n      - uses: acme/tollgate@v1\n";
const CHECK_TEXT: &str = "name: Check\non:\n  workflow_run:\n    workflows: [CI]\njobs:\n  publish:\n    permissions: { actions: read, checks: write, contents: read, pull-requests: read }\n    steps:\n      - uses: acme/tollgate@v1\n";

fn required(app: Option<u64>) -> Value {
    let mut check = json!({"context": "Tollgate"});
    if let Some(app) = app {
        check["integration_id"] = json!(app);
    }
    json!([
        {"type": "required_status_checks", "ruleset_id": 42, "ruleset_source": "acme", "ruleset_source_type": "Organization",
         "parameters": {"strict_required_status_checks_policy": false, "required_status_checks": [check]}},
        {"type": "merge_queue", "ruleset_id": 43, "ruleset_source": "acme", "ruleset_source_type": "Organization",
         "parameters": {"check_response_timeout_minutes": 60, "grouping_strategy": "ALLGREEN", "max_entries_to_build": 5,
            "max_entries_to_merge": 5, "merge_method": "MERGE", "min_entries_to_merge": 1,
            "min_entries_to_merge_wait_minutes": 5}},
    ])
}

/// A private repository that is set up as it should be.
fn sound() -> GitHub {
    let github = GitHub::start();
    github.commit(
        "main",
        &[(CI, CI_TEXT), (CHECK, CHECK_TEXT), ("tollgate.yml", "version: 1\ngate: publish\n")],
    );
    github.commit_in("acme/.tollgate", "main", &[("org.yml", "version: 1\n")]);
    github.repository_says(REPOSITORY, json!({"private": true, "visibility": "private"}));
    github.branch_rules(required(Some(7_000)));
    github.pull(7).of_fork("eve");
    github.run(1).of_pull(7).workflow(CI).completed("success");
    github.run(2).of_branch("main").event("workflow_run").workflow(CHECK).completed("success");
    github
}

fn doctor(github: &GitHub, more: &[&str]) -> Run {
    let arguments = [&["doctor", "--repository", REPOSITORY], more].concat();
    let environment = [("GITHUB_TOKEN", TOKEN), ("GITHUB_API_URL", github.url())];
    Place::new().tollgate_with(&arguments, &environment)
}

/// The codes of what is found, from the JSON.
fn codes(github: &GitHub, status: i32) -> Vec<String> {
    let run = doctor(github, &["--json"]);
    assert_eq!(run.status, status, "{}", run.all());
    let value: Value = serde_json::from_str(&run.out).unwrap();
    assert_eq!(value["schema"], "tollgate.doctor/1");
    let codes = value["findings"].as_array().unwrap().iter();
    codes.map(|finding| finding["code"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_sound_set_up_has_nothing_to_mend() {
    let github = sound();
    assert_eq!(codes(&github, 0), [""; 0]);
    doctor(&github, &[]).exits(0).says("Nothing to mend.").says("the second stage runs");
}

#[test]
fn a_required_check_without_a_source_is_found_in_rulesets_and_in_the_protection_of_the_branch() {
    let github = sound();
    github.branch_rules(required(None));
    assert_eq!(codes(&github, 1), ["unpinned-check-source"]);
    doctor(&github, &[]).exits(1).says("ruleset 42").says("Any source").says("fix: Settings");
    let github = sound();
    github.branch_rules(json!([]));
    assert_eq!(codes(&github, 1), ["check-not-required"]);
    let protected =
        |app: Value| json!({"checks": [{"context": "Tollgate", "app_id": app}], "contexts": ["Tollgate"]});
    github.settings(json!({"protection": protected(json!(-1))}));
    assert_eq!(codes(&github, 1), ["unpinned-check-source"]);
    github.settings(json!({"protection": protected(json!(ACTIONS_APP))}));
    assert_eq!(codes(&github, 0), ["shared-check-source"]);
}

#[test]
fn files_and_settings_that_break_the_gate_are_found_with_their_fix() {
    let github = sound();
    let ci = CI_TEXT.replace("  pull_request:\n  merge_group:\n", "  pull_request:\n    paths: [src/**]\n")
        + "  Tollgate:\n    steps: []\n";
    github.commit("main", &[(CI, &ci)]);
    github.settings(json!({
        "fork-pr-workflows-private-repos": {
            "run_workflows_from_fork_pull_requests": true, "send_write_tokens_to_workflows": true,
            "send_secrets_and_variables": true, "require_approval_for_fork_pr_workflows": true,
        },
        "workflow": {"default_workflow_permissions": "write", "can_approve_pull_request_reviews": false},
    }));
    github.run(2).completed("startup_failure");
    let expected = [
        "filtered-required-workflow",
        "look-alike-job",
        "missing-merge-group",
        "second-stage-blocked",
        "secrets-for-forks",
        "write-token-for-forks",
        "default-write-token",
    ];
    assert_eq!(codes(&github, 1), expected);
    doctor(&github, &[]).exits(1).says(".github/workflows/ci.yml:4").says("6 problems, 1 piece of advice");
}

#[test]
fn an_organisation_policy_that_cannot_be_read_is_found() {
    let github = sound();
    github.commit("main", &[("tollgate.yml", "version: 1\ngate: publish\nextends: acme/.tollgate\n")]);
    assert_eq!(codes(&github, 0), [""; 0]);
    github.seen_only_by("acme/.tollgate", "ghp_somebodyelse");
    assert_eq!(codes(&github, 1), ["organisation-policy-unreadable"]);
}

#[test]
fn what_the_token_may_not_see_is_said_and_is_no_pass() {
    let github = sound();
    github.token(TOKEN, &[("metadata", "read"), ("contents", "read"), ("actions", "read")]);
    let run = doctor(&github, &[]).exits(3);
    run.says("Not looked at").says("what Actions may run").says("what runs of forks are given").says("403");
}

#[test]
fn the_files_of_a_folder_are_examined_without_asking_anybody() {
    let place = Place::new();
    place.file(CI, CI_TEXT.replace("  merge_group:\n", ""));
    place.file(CHECK, CHECK_TEXT.replace("checks: write", "checks: read"));
    place.tollgate(&["doctor", "--offline"]).exits(1).says("missing-merge-group").says("missing-right");
    place.tollgate(&["doctor"]).exits(2).says("--repository OWNER/NAME");
}

#[test]
fn a_repository_that_is_not_there_is_wrong_use() {
    let github = GitHub::start();
    let environment = [("GITHUB_TOKEN", TOKEN), ("GITHUB_API_URL", github.url())];
    let run = Place::new().tollgate_with(&["doctor", "--repository", "acme/none"], &environment);
    run.exits(2).says("the token may not see it");
}
