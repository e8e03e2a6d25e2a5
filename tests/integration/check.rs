//! `tollgate check` as people run it.

use crate::program::Place;

const PASSING: &str = "<testsuite name='s' tests='1'><testcase classname='c' name='works'/></testsuite>";
const FAILING: &str = "<testsuite name='s' tests='2'><testcase classname='c' name='works'/>\
    <testcase classname='c' name='breaks'><failure message='expected 10, got 9'/></testcase></testsuite>";
/// Lines 1 and 3 of `src/a.py` ran, line 2 did not.
const LCOV: &str = "TN:\nSF:src/a.py\nDA:1,1\nDA:2,0\nDA:3,1\nLF:3\nLH:2\nend_of_record\n";

fn sarif(results: &str) -> String {
    format!(
        r#"{{"version":"2.1.0","runs":[{{"tool":{{"driver":{{"name":"t","rules":[]}}}},"invocations":[{{"executionSuccessful":true}}],"results":[{results}]}}]}}"#
    )
}

const ERROR_FINDING: &str = r#"{"ruleId":"r1","level":"error","message":{"text":"bad"},"locations":[{"physicalLocation":{"artifactLocation":{"uri":"src/a.py"},"region":{"startLine":2}}}]}"#;

#[test]
fn a_passing_report_passes_with_nothing_configured() {
    let place = Place::new();
    place.file("build/test-results/junit.xml", PASSING);
    place.tollgate(&["check"]).exits(0).says("PASSED");
}

#[test]
fn a_failing_test_needs_changes_and_is_named() {
    let place = Place::new();
    place.file("reports/junit.xml", FAILING);
    place.tollgate(&["check"]).exits(1).says("breaks").says("NEEDS CHANGES");
}

#[test]
fn no_report_at_all_is_no_verdict() {
    let place = Place::new();
    place.file("README.md", "nothing here");
    place.tollgate(&["check"]).exits(3).says("NO VERDICT").says("no-report");
}

/// The runs of one test as cases of their own.
const RETRIED: &str = "<testsuite name='s'><testcase classname='c' name='works'><failure message='once'/></testcase>\
    <testcase classname='c' name='works'/></testsuite>";

#[test]
fn repeated_cases_are_runs_of_one_test_only_if_the_policy_says_so() {
    let place = Place::new();
    place.file("junit.xml", RETRIED);
    place.tollgate(&["check"]).exits(1).says("1 failed");
    place.file("tollgate.yml", "version: 1\nrules:\n  tests.failed: { retries: last }\n");
    place.tollgate(&["check"]).exits(0).says("1 only when run again");
    place.file("tollgate.yml", "version: 1\nrules:\n  tests.failed: { retries: first }\n");
    place.tollgate(&["check"]).exits(1).says("1 failed");
    // Another report is another execution, whatever the policy says of repeats.
    place.file("tollgate.yml", "version: 1\nrules:\n  tests.failed: { retries: any-pass }\n");
    place.file("junit.xml", FAILING);
    place.file("other/junit.xml", FAILING.replace("<failure message='expected 10, got 9'/>", ""));
    place.tollgate(&["check"]).exits(1).says("breaks");
}

#[test]
fn rules_about_tests_can_be_narrowed_to_suites_and_files() {
    let place = Place::new();
    let case = |suite: &str, file: &str, inner: &str| {
        format!(
            "<testsuite name='{suite}'><testcase classname='C' name='t' file='{file}' time='2'>{inner}</testcase></testsuite>"
        )
    };
    let suites = [case("api", "tests/api.py", "<skipped/>"), case("ledger", "tests/ledger.py", "")].concat();
    place.file("junit.xml", format!("<testsuites>{suites}</testsuites>"));
    let policy = |entry: &str| place.file("tollgate.yml", format!("version: 1\npaths:\n  - {entry}\n"));
    policy("{ suites: [ledger], rules: { tests.skipped: { max: 0 }, tests.duration: { max-seconds: 2 } } }");
    place.tollgate(&["check"]).exits(0);
    policy("{ suites: [\"a*\"], rules: { tests.skipped: { max: 0 } } }");
    place.tollgate(&["check"]).exits(1).says("in suite a*").says("1 skipped of 1 test");
    policy("{ match: [\"tests/api.py\"], rules: { tests.executed: { min: 1 } } }");
    place.tollgate(&["check"]).exits(1).says("0 tests ran, 1 skipped");
    policy("{ match: [\"tests/ledger.py\"], rules: { tests.duration: { max-seconds: 1 } } }");
    place.tollgate(&["check"]).exits(1).says("2.000 seconds");
    policy("{ suites: [web], rules: { tests.skipped: { max: 0 } } }");
    place.tollgate(&["check"]).exits(3).says("no test of the reports names a file or suite");
    policy("{ suites: [web], rules: { coverage.total: { min: 1 } } }");
    place.tollgate(&["check"]).exits(2).says("judges no single tests");
}

#[test]
fn an_empty_report_beside_a_good_one_is_no_verdict() {
    let place = Place::new();
    place.file("junit.xml", PASSING);
    place.file("TEST-other.xml", "");
    place.tollgate(&["check"]).exits(3).says("empty-file").says("TEST-other.xml");
}

#[test]
fn a_cut_report_is_no_verdict_and_a_failure_seen_before_the_cut_still_fails() {
    let place = Place::new();
    place.file("junit.xml", &PASSING[..PASSING.len() - 12]);
    place.tollgate(&["check"]).exits(3).says("cut-off");
    place.file("junit.xml", &FAILING[..FAILING.len() - 12]);
    place.tollgate(&["check"]).exits(1).says("breaks");
}

#[test]
fn what_the_contract_announces_must_come() {
    let place = Place::new();
    place.file(
        "tollgate.yml",
        "version: 1\nreports:\n  unit: { kind: tests, path: out/junit.xml }\n  coverage: { kind: coverage, path: out/lcov.info }\n",
    );
    place.file("out/junit.xml", PASSING);
    place.tollgate(&["check"]).exits(3).says("coverage");
    place.file("out/lcov.info", LCOV);
    place.tollgate(&["check"]).exits(0);
}

#[test]
fn an_unknown_key_of_the_policy_is_an_error_with_its_place_and_a_suggestion() {
    let place = Place::new();
    place.file("junit.xml", PASSING);
    place.file("tollgate.yml", "version: 1\nrules:\n  coverage.chnaged: { min: 80 }\n");
    place
        .tollgate(&["check"])
        .exits(2)
        .says("coverage.chnaged")
        .says("did you mean `coverage.changed`")
        .says("tollgate.yml:3");
}

#[test]
fn two_policies_are_an_error() {
    let place = Place::new();
    place.file("junit.xml", PASSING);
    place.file("tollgate.yml", "version: 1\n");
    place.file(".github/tollgate.yml", "version: 1\n");
    place.tollgate(&["check"]).exits(2).says("two-policies");
}

#[test]
fn a_policy_named_by_the_user_judges() {
    let place = Place::new();
    place.file("junit.xml", PASSING);
    place.file("strict.yml", "version: 1\nrules:\n  tests.executed: { min: 5 }\n");
    place.tollgate(&["check", "--policy", "strict.yml"]).exits(1);
    place.tollgate(&["check", "--policy", "absent.yml"]).exits(2).says("absent.yml");
}

#[test]
fn a_report_can_be_named_on_the_command_line() {
    let place = Place::new();
    place.file("odd/place/results.xml", FAILING);
    place.tollgate(&["check", "--report", "tests=odd/**/*.xml"]).exits(1);
    place.tollgate(&["check", "--report", "tests=nowhere/*.xml"]).exits(3);
    place.tollgate(&["check", "--report", "tset=x"]).exits(2).says("tset");
}

#[test]
fn a_new_finding_counts_and_one_that_the_base_has_does_not() {
    let place = Place::new();
    place.file("scan.sarif", sarif(ERROR_FINDING));
    place.file("junit.xml", PASSING);
    place.file("tollgate.yml", "version: 1\nrules:\n  scan.new: { critical: 0, high: 0 }\n");
    place.tollgate(&["check"]).exits(3);
    place.file("all.yml", "version: 1\nrules:\n  scan.all: { critical: 0, high: 0 }\n");
    place.tollgate(&["check", "--policy", "all.yml"]).exits(1);
    place.tollgate(&["check", "--save-snapshot", "base.snapshot"]);
    place.tollgate(&["check", "--base-snapshot", "base.snapshot"]).exits(0);
    place.file("scan.sarif", sarif(&format!("{ERROR_FINDING},{}", ERROR_FINDING.replace("r1", "r2"))));
    place.tollgate(&["check", "--base-snapshot", "base.snapshot"]).exits(1).says("r2");
}

#[test]
fn a_report_whose_paths_are_lost_is_no_verdict_until_a_rule_says_where_they_are() {
    let place = Place::new();
    place.git(&["init", "-q"]);
    place.file(".gitignore", "/out\n");
    place.file("a/src/lib.c", "one\n");
    place.file("b/src/lib.c", "one\n");
    place.commit("base");
    place.file("out/lcov.info", "SF:/made/src/lib.c\nDA:1,1\nend_of_record\n");
    let policy = |rules: &str| format!("version: 1\n{rules}rules:\n  coverage.total: {{ min: 100 }}\n");
    place.file("out/lost.yml", policy(""));
    place.file("out/found.yml", policy("path-rules: [\"/made => b\"]\n"));
    place.file("out/wrong.yml", policy("path-rules: [\"/made -> b\"]\n"));
    place
        .tollgate(&["check", "--policy", "out/lost.yml"])
        .exits(3)
        .says("out/lcov.info is degraded: 0 of 1 paths are files of")
        .says("path-rules");
    place.tollgate(&["check", "--policy", "out/found.yml"]).exits(0).says("100.0% (1 of 1 line)");
    place
        .tollgate(&["check", "--policy", "out/wrong.yml"])
        .exits(2)
        .says("is no path rule")
        .says("out/wrong.yml:2");
}

#[test]
fn a_report_that_measures_another_commit_is_named_and_no_verdict() {
    let place = Place::new();
    place.git(&["init", "-q"]);
    place.file(".gitignore", "/out\n");
    place.file("a.c", "one\n");
    let head = place.commit("base");
    let report = |commit: &str| {
        format!(
            "{{\"repo_token\": \"x\", \"git\": {{\"head\": {{\"id\": \"{commit}\"}}}}, \"source_files\": [{{\"name\": \"a.c\", \"coverage\": [1]}}]}}"
        )
    };
    place.file("out/coveralls.json", report(&head));
    place.tollgate(&["check"]).exits(0);
    place.file("out/coveralls.json", report(&"a".repeat(40)));
    place.tollgate(&["check"]).exits(3).says("stale-coverage").says("out/coveralls.json is degraded");
}

#[test]
fn a_line_that_its_file_does_not_have_is_named_and_gives_no_figure() {
    let place = Place::new();
    place.git(&["init", "-q", "-b", "main"]);
    place.file(
        "tollgate.yml",
        "version: 1\nrules:\n  coverage.changed: { min: 50, min-lines: 1 }\n  coverage.total: { min: 50 }\n",
    );
    place.file(".gitignore", "/out\n");
    place.file("a.c", "one\ntwo\n");
    place.file("b.c", "one\n");
    place.commit("base");
    place.git(&["checkout", "-q", "-b", "change"]);
    place.file("a.c", "one\nanother\n");
    place.commit("change");
    let report = |a: &str, b: &str| {
        place.file(
            "out/lcov.info",
            format!("TN:\nSF:a.c\nDA:2,1\n{a}end_of_record\nSF:b.c\nDA:1,1\n{b}end_of_record\n"),
        );
        place.tollgate(&["check", "--base", "main"])
    };
    report("", "").exits(0);
    let changed = report("DA:4294967295,1\n", "");
    changed.exits(3).says("line 4294967295 of a.c is measured").says("measure the coverage of the commit");
    // A file that the change does not touch is looked into as well.
    for line in ["4294967295", "2"] {
        let other = report("", &format!("DA:{line},1\n"));
        other.exits(3).says(&format!("line {line} of b.c is measured")).says("stale-coverage");
    }
}

#[test]
fn explain_shows_every_line_that_counts_with_what_each_report_says_of_it() {
    let place = Place::new();
    place.git(&["init", "-q", "-b", "main"]);
    place.file(
        "tollgate.yml",
        "version: 1\nrules:\n  coverage.changed: { min: 50, min-lines: 1, metric: branch }\n",
    );
    place.file(".gitignore", "/out\n");
    place.file("a.c", "one\n");
    place.commit("base");
    place.git(&["checkout", "-q", "-b", "change"]);
    place.file("a.c", "one\ntwo\nthree\n");
    place.commit("change");
    place.file(
        "out/lcov.info",
        "TN:\nSF:a.c\nFN:2,f\nFNDA:3,f\nDA:2,1\nBRDA:2,0,0,1\nBRDA:2,0,1,-\nBRDA:3,0,0,1\nend_of_record\n",
    );
    place.file("out/other.info", "TN:\nSF:a.c\nDA:2,4\nend_of_record\n");
    let explained = place.tollgate(&["explain", "coverage.changed", "--base", "main"]).exits(0);
    explained
        .says("66.6% (2 of 3 branches)")
        .says("a.c:2  ran, in part, 1 of 1 functions called  (out/lcov.info 1 with 1 of 2")
        .says("out/other.info 4)")
        .says("a.c:3  no count of its own  (out/lcov.info with 1 of 1 branches)");
}

#[test]
fn as_many_shards_must_come_as_the_policy_says() {
    let place = Place::new();
    let policy = "version: 1\nreports:\n  cov: { kind: coverage, path: \"out/**/lcov.info\", shards: SHARDS }\nrules:\n  coverage.total: { min: 10 }\n";
    place.file("out/1/lcov.info", LCOV);
    place.file("out/2/lcov.info", LCOV);
    place.file("two.yml", policy.replace("SHARDS", "2"));
    place.file("three.yml", policy.replace("SHARDS", "3"));
    place.file("jobs.yml", policy.replace("SHARDS", "jobs, jobs: \"test*\""));
    place.tollgate(&["check", "--policy", "two.yml"]).exits(0);
    place
        .tollgate(&["check", "--policy", "three.yml"])
        .exits(3)
        .says("2 of 3 shards of the entry `cov` came");
    place.tollgate(&["check", "--policy", "jobs.yml"]).exits(3).says("nobody knows how many shards");
    let job = |name: &str| {
        format!("{{\"id\": 1, \"name\": \"{name}\", \"status\": \"completed\", \"conclusion\": \"success\"}}")
    };
    let jobs = |names: &[&str]| {
        format!("{{\"jobs\": [{}]}}", names.iter().map(|name| job(name)).collect::<Vec<_>>().join(", "))
    };
    place.file("legs.json", jobs(&["lint", "test (1)", "test (2)"]));
    place.tollgate(&["check", "--policy", "jobs.yml", "--jobs", "legs.json"]).exits(0);
    place.file("legs.json", jobs(&["lint", "test (1)", "test (2)", "test (3)"]));
    place
        .tollgate(&["check", "--policy", "jobs.yml", "--jobs", "legs.json"])
        .exits(3)
        .says("2 of 3 shards of the entry `cov` came");
}

#[test]
fn a_report_is_due_only_if_the_change_touches_what_it_is_about() {
    let place = Place::new();
    place.git(&["init", "-q"]);
    place.file(".gitignore", "/out\n/tollgate.yml\n");
    place.file("parser/a.c", "one\n");
    place.commit("base");
    place.git(&["checkout", "-q", "-b", "topic"]);
    place.file("README.md", "words\n");
    place.commit("change");
    place.file("out/junit.xml", PASSING);
    let policy = place.file(
        ".git/policy.yml",
        "version: 1\nreports:\n  cov: { kind: coverage, path: out/lcov.info, when: { changed: [\"parser/**\"] } }\n",
    );
    let check = ["check", "--base", "main", "--policy", policy.to_str().unwrap()];
    place.tollgate(&check).exits(0);
    place.file("parser/a.c", "two\n");
    place.commit("another");
    place.tollgate(&check).exits(3).says("no file matched the entry `cov`");
}

#[test]
fn changed_lines_are_those_of_the_diff_with_the_base() {
    let place = Place::new();
    place.git(&["init", "-q"]);
    place.file(".gitignore", "/out\n");
    place.file("src/a.py", "one\n");
    place.file(
        "tollgate.yml",
        "version: 1\nrules:\n  coverage.changed: { min: 80, min-lines: 1, mode: enforce }\n",
    );
    place.commit("base");
    place.git(&["checkout", "-q", "-b", "topic"]);
    place.file("src/a.py", "one\ntwo\nthree\n");
    place.commit("change");
    place.file("out/lcov.info", LCOV);
    place.file("out/junit.xml", PASSING);
    place.tollgate(&["check", "--base", "main"]).exits(1).says("50.0%").says("src/a.py");
    place.file("out/lcov.info", LCOV.replace("DA:2,0", "DA:2,1").replace("LH:2", "LH:3"));
    place.tollgate(&["check", "--base", "main"]).exits(0).says("100.0%");
    place.tollgate(&["check", "--base", "no-such-branch"]).exits(2).says("no-such-branch");
}

#[test]
fn the_change_is_judged_by_the_policy_of_its_base() {
    let place = Place::new();
    place.git(&["init", "-q"]);
    place.file(".gitignore", "/out\n");
    place.file("tollgate.yml", "version: 1\nrules:\n  tests.executed: { min: 1 }\n");
    place.commit("base");
    place.git(&["checkout", "-q", "-b", "topic"]);
    place.file("tollgate.yml", "version: 1\nrules:\n  tests.failed: { mode: off }\n");
    place.commit("loosen");
    place.file("out/junit.xml", FAILING);
    place.tollgate(&["check", "--base", "main"]).exits(1).says("policy-differs");
}

#[test]
fn a_shallow_clone_is_told_what_to_fetch() {
    let place = Place::new();
    place.git(&["init", "-q", "origin"]);
    place.file("origin/a.py", "1\n");
    place.git(&["-C", "origin", "add", "-A"]);
    place.git(&["-C", "origin", "commit", "-q", "-m", "one"]);
    place.file("origin/a.py", "1\n2\n");
    place.git(&["-C", "origin", "commit", "-q", "-am", "two"]);
    place.git(&["-C", "origin", "branch", "topic"]);
    place.git(&["-C", "origin", "commit", "-q", "--allow-empty", "-m", "three"]);
    let url = format!("file://{}", place.path().join("origin").display());
    place.git(&["clone", "-q", "--depth", "1", "--no-single-branch", "--branch", "topic", &url, "shallow"]);
    place.file("shallow/out/junit.xml", PASSING);
    place.file("shallow/out/lcov.info", LCOV);
    place
        .file("shallow/tollgate.yml", "version: 1\nrules:\n  coverage.changed: { min: 80, mode: enforce }\n");
    let run = place.tollgate(&["check", "shallow", "--base", "origin/main"]);
    run.exits(3).says("fetch-depth");
}

#[cfg(unix)]
#[test]
fn a_link_that_leaves_the_directory_is_not_followed() {
    let place = Place::new();
    place.file("outside.xml", PASSING);
    place.file("inside/x", "");
    std::os::unix::fs::symlink(place.path().join("outside.xml"), place.path().join("inside/junit.xml"))
        .unwrap();
    place.tollgate(&["check", "inside"]).exits(3).says("symlink-outside");
}

#[test]
fn hostile_files_are_refused_with_a_code() {
    let entities = "<!DOCTYPE t [<!ENTITY a \"aaaaaaaaaa\">]><testsuite><testcase name='&a;'/></testsuite>";
    let deep = "<testsuite>".repeat(10_000) + &"</testsuite>".repeat(10_000);
    let nul = PASSING.replace("works", "wo\0rks");
    for (content, code) in
        [(entities, "entity-declaration"), (deep.as_str(), "too-deep"), (nul.as_str(), "nul-byte")]
    {
        let place = Place::new();
        place.file("junit.xml", content);
        place.tollgate(&["check"]).exits(3).says(code);
    }
}

#[test]
fn a_report_over_the_limit_is_refused() {
    let place = Place::new();
    place.file("junit.xml", FAILING);
    place.tollgate(&["check", "--max-report-bytes", "50"]).exits(3).says("report-too-large");
}

#[test]
fn the_text_of_a_report_cannot_speak_for_us() {
    let place = Place::new();
    let name = "&lt;/details&gt;**PASSED** @org &#27;[2J ::set-output name=x::y ##[error] `";
    place.file("junit.xml", FAILING.replace("breaks", name));
    let run = place.tollgate(&["check", "--write-summary", "summary.md"]).exits(1);
    for forbidden in ["\u{1b}", "##[error]"] {
        assert!(!run.all().contains(forbidden), "{forbidden:?} survived:\n{}", run.all());
    }
    assert!(!run.out.lines().any(|line| line.trim_start().starts_with("::")));
    let summary = std::fs::read_to_string(place.path().join("summary.md")).unwrap();
    assert!(!summary.contains("@org"), "a mention survived:\n{summary}");
    // Inside of a code span Markdown and HTML are plain text; outside nothing of the name may stand.
    let outside: Vec<&str> = summary.split("``").step_by(2).collect();
    for forbidden in ["**PASSED**", "</details>*", "::set-output"] {
        assert!(!outside.concat().contains(forbidden), "{forbidden:?} survived:\n{summary}");
    }
}

#[test]
fn json_goes_to_standard_output_alone() {
    let place = Place::new();
    place.file("junit.xml", FAILING);
    let run = place.tollgate(&["check", "--format", "json"]).exits(1);
    let json: serde_json::Value = serde_json::from_str(&run.out).unwrap();
    assert_eq!(json["schema"], "tollgate.verdict/1");
    assert_eq!(json["verdict"], "needs-changes");
    assert!(
        json["outcomes"]
            .as_array()
            .unwrap()
            .iter()
            .any(|o| o["rule"] == "tests.failed" && o["outcome"] == "not-met")
    );
}

#[test]
fn the_same_evidence_gives_the_same_bytes() {
    let place = Place::new();
    place.file("a/junit.xml", FAILING);
    place.file("b/junit.xml", PASSING);
    place.file("scan.sarif", sarif(ERROR_FINDING));
    let first = place.tollgate(&["check", "--format", "json"]).out;
    assert_eq!(first, place.tollgate(&["check", "--format", "json"]).out);
}

#[test]
fn a_failed_build_is_not_hidden_by_green_reports() {
    let place = Place::new();
    place.file("out/junit.xml", PASSING);
    place.file("jobs.json", r#"{"build": {"result": "success"}, "test": {"result": "failure"}}"#);
    place.tollgate(&["check", "--jobs", "jobs.json"]).exits(1).says("test");
    place.file("jobs.json", r#"{"build": {"result": "success"}, "test": {"result": "cancelled"}}"#);
    place.tollgate(&["check", "--jobs", "jobs.json"]).exits(3);
    place.file("jobs.json", r#"{"build": {"result": "success"}}"#);
    place.tollgate(&["check", "--jobs", "jobs.json"]).exits(0);
    place.file("jobs.json", "not json");
    place.tollgate(&["check", "--jobs", "jobs.json"]).exits(2).says("bad-jobs-file");
}

#[test]
fn the_merged_tracefile_is_lcov_again() {
    let place = Place::new();
    place.file("lcov.info", LCOV);
    place.tollgate(&["check", "--write-lcov", "merged.info"]).exits(0);
    let merged = std::fs::read(place.path().join("merged.info")).unwrap();
    let lines: u64 = lcov::Reader::new(merged.as_slice())
        .map(|record| record.unwrap())
        .filter_map(|record| match record {
            lcov::Record::LinesFound { found } => Some(u64::from(found)),
            _ => None,
        })
        .sum();
    assert_eq!(lines, 3);
}

#[test]
fn a_waiver_lifts_a_finding_until_its_day() {
    let place = Place::new();
    place.file("scan.sarif", sarif(ERROR_FINDING));
    place.file("junit.xml", PASSING);
    place.file(
        "tollgate.yml",
        "version: 1\nrules:\n  scan.all: { critical: 0, high: 0 }\nwaivers:\n  - { rule: scan.all, match: { id: r1 }, \
         owner: \"@acme/sec\", reason: not reachable, expires: 2027-01-31 }\n",
    );
    place.tollgate(&["check", "--as-of", "2027-01-31"]).exits(0);
    place.tollgate(&["check", "--as-of", "2027-02-01"]).exits(1);
    place.tollgate(&["check", "--as-of", "tomorrow"]).exits(2);
}

#[test]
fn a_requirement_is_explained_with_its_place_and_every_counted_line() {
    let place = Place::new();
    place.git(&["init", "-q"]);
    place.file(".gitignore", "/out\n");
    place.file("src/a.py", "one\n");
    place.file("tollgate.yml", "version: 1\nrules:\n  coverage.changed: { min: 80, min-lines: 1 }\n");
    place.commit("base");
    place.git(&["checkout", "-q", "-b", "topic"]);
    place.file("src/a.py", "one\ntwo\nthree\n");
    place.commit("change");
    place.file("out/lcov.info", LCOV);
    place.file("out/second/lcov.info", LCOV.replace("DA:2,0", "DA:2,4"));
    place.file("out/junit.xml", PASSING);
    let all = place.tollgate(&["explain", "--base", "main"]).exits(0);
    all.says("tests.failed").says("max: 0   set by built-in policy").says("tollgate.yml:3:23");
    place
        .tollgate(&["explain", "coverage.changed", "--base", "main"])
        .exits(0)
        .says("src/a.py:2  ran  (out/lcov.info 0, out/second/lcov.info 4)")
        .says("src/a.py:3  ran  (out/lcov.info 1, out/second/lcov.info 1)");
    place.tollgate(&["explain", "coverage.chnaged"]).exits(2).says("no rule is called");
}

#[test]
fn snapshots_are_shown_and_compared() {
    let place = Place::new();
    place.file("junit.xml", FAILING);
    place.tollgate(&["check", "--save-snapshot", "base.snapshot"]);
    place.file("junit.xml", PASSING);
    place.tollgate(&["check", "--save-snapshot", "head.snapshot"]);
    place.tollgate(&["snapshot", "show", "base.snapshot"]).exits(0).says("2 tests: 1 passed, 1 failed");
    place.tollgate(&["snapshot", "diff", "base.snapshot", "head.snapshot"]).exits(0).says("removed tests: 1");
    place.tollgate(&["snapshot", "show", "junit.xml"]).exits(2).says("bad-snapshot");
}
