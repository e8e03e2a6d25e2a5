use super::*;
use crate::policy;
use std::fmt::Write as _;

/// The policy and what was left out, as text.
fn converted(name: &str, text: &str) -> String {
    let file = TextFile { name: name.to_owned(), text: text.to_owned() };
    let conversion = convert(&file).unwrap();
    if !conversion.policy.is_empty() {
        policy::parse(&conversion.policy, "tollgate.yml").unwrap();
    }
    let mut shown = String::new();
    for origin in &conversion.origins {
        writeln!(shown, "{}:{} {}", origin.place.file, origin.place.line, origin.what).unwrap();
    }
    writeln!(shown, "\n{}", conversion.policy).unwrap();
    for left in &conversion.left_out {
        writeln!(shown, "{}: {}: {}", left.place.line, left.what, left.why).unwrap();
    }
    shown
}

#[test]
fn the_inputs_of_report_actions_become_reports_and_rules() {
    insta::assert_snapshot!(converted(
        "ci.yml",
        r#"
on: pull_request
jobs:
  test:
    steps:
      - uses: dorny/test-reporter@v2
        with:
          name: Tests
          path: 'reports/*.trx, ./more/**/*.trx'
          reporter: dotnet-trx
          fail-on-empty: false
          list-tests: failed
      - uses: EnricoMi/publish-unit-test-result-action/linux@v2
        with:
          junit_files: |
            out/**/*.xml
            !out/old/*.xml
          trx_files: "trx/*.trx"
          fail_on: errors
          time_unit: milliseconds
          comment_mode: off
      - uses: codecov/codecov-action@v5
        with:
          token: ${{ secrets.CODECOV_TOKEN }}
          files: coverage.xml,web/lcov.info
          flags: unit
          fail_ci_if_error: true
          some_new_input: 1
"#
    ));
}

#[test]
fn an_action_that_only_shows_failures_becomes_a_rule_that_only_warns() {
    let text = "jobs:\n  t:\n    steps:\n      - uses: mikepenz/action-junit-report@v5\n        with: { report_paths: '**/TEST-*.xml' }\n";
    insta::assert_snapshot!(converted("ci.yml", text));
}

#[test]
fn where_one_step_blocks_and_one_does_not_failures_block() {
    let text = "jobs:\n  t:\n    steps:\n      - uses: mikepenz/action-junit-report@v5\n      - uses: dorny/test-reporter@v1\n        with: { path: a.xml }\n";
    assert!(converted("ci.yml", text).contains("tests.failed: { max: 0 }\n"));
}

#[test]
fn codecov_yml_becomes_bars_and_excluded_files() {
    insta::assert_snapshot!(converted(
        "codecov.yml",
        r#"
codecov:
  require_ci_to_pass: yes
  notify:
    after_n_builds: 4
coverage:
  precision: 2
  range: "70...100"
  status:
    project:
      default:
        target: 85%
        threshold: 1.5%
        if_ci_failed: error
      web:
        flags: [web]
        target: 60
    patch:
      default:
        target: 90%
        informational: true
    changes: yes
ignore:
  - tests
  - "**/*.pb.go"
  - "^generated/.*"
comment: false
"#
    ));
}

#[test]
fn a_target_that_follows_the_base_becomes_a_limit_of_the_drop() {
    let text = "coverage:\n  status:\n    project:\n      default: { target: auto, threshold: 0.5% }\n    patch: off\n";
    let shown = converted("codecov.yml", text);
    assert!(shown.contains("coverage.drop: { max: 0.5 }"), "{shown}");
    assert!(!shown.contains("coverage.changed"), "{shown}");
}

#[test]
fn a_file_of_another_kind_is_refused() {
    let file = TextFile { name: "x.yml".to_owned(), text: "a: 1\n".to_owned() };
    assert!(convert(&file).unwrap_err().why.contains("neither a workflow"));
}
