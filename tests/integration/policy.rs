//! `tollgate policy` and `explain`: what is asked for, by whom, and since when.

use crate::organisation::check_in_ci;
use crate::program::Place;
use std::fs;
use std::path::Path;

const PASSING: &str = "<testsuite name='s' tests='1'><testcase classname='c' name='works'/></testsuite>";

const ORG: &str = "version: 1
defaults:
  coverage.total: { min: 70, mode: warn }
floor:
  coverage.changed: { min: 60 }
  tests.executed: { min: 3, enforce-from: 2027-02-01 }
locked:
  tests.failed: { max: 0 }
limits: { waiver-max-days: 90, waiver-owners: ['@acme/sec', '@acme/pay'] }
waivers:
  - { repo: payments, rule: coverage.total, field: min, value: 40, owner: '@acme/pay', reason: moving, expires: 2026-12-31 }
";

const OWN: &str = "version: 1
rules:
  tests.failed: { max: 0 }
  coverage.changed: { min: 50, max-uncovered: 3 }
paths:
  - { match: ['src/core/**'], rules: { coverage.changed: { min: 95 } } }
waivers:
  - { rule: scan.new, match: { id: CVE-2026-1, path: Cargo.lock }, owner: '@acme/sec', reason: not reachable, expires: 2026-12-05 }
  - { rule: scan.new, match: { id: CVE-2026-2 }, owner: '@me', reason: later, expires: 2027-01-31 }
quarantine:
  - { test: 'ledger::sync*', owner: '@acme/pay', reason: '#812', expires: 2026-11-01 }
";

/// A repository with a policy under an organisation's, and a passing test.
fn place() -> Place {
    let place = Place::new();
    place.git(&["init", "-q"]);
    place.file(".gitignore", "junit.xml\n/org\n");
    place.file("tollgate.yml", OWN);
    place.commit("base");
    place.file("junit.xml", PASSING);
    place.file("org/org.yml", ORG);
    place.file("org/facts.json", r#"{"name": "payments", "topics": [], "custom_properties": {}}"#);
    place
}

const UNDER: [&str; 6] = ["--org-policy", "org", "--repo-facts", "org/facts.json", "--as-of", "2026-12-01"];

fn said(place: &Place, command: &[&str]) -> String {
    let run = place.tollgate(&[command, &UNDER].concat()).exits(0);
    let folder = place.path().file_name().unwrap().to_str().unwrap();
    run.out.replace(folder, "FOLDER")
}

#[test]
fn show_names_every_value_and_who_set_it() {
    insta::assert_snapshot!(said(&place(), &["policy", "show"]));
}

#[test]
fn show_gives_the_same_to_machines() {
    let text = said(&place(), &["policy", "show", "--format", "json"]);
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(json["schema"], "tollgate.policy/1");
    let rules = json["rules"].as_array().unwrap();
    let rule = rules.iter().find(|rule| rule["rule"] == "coverage.changed").unwrap();
    assert_eq!(rule["fields"]["min"]["value"], "60%");
    assert_eq!(rule["fields"]["min"]["origin"]["file"], "org/org.yml");
    assert_eq!(rule["pin"]["floor"]["min"]["origin"]["line"], 5);
    assert_eq!(json["exemptions"].as_array().unwrap().len(), 4);
}

#[test]
fn explain_says_first_why_it_is_not_green() {
    let place = place();
    place.file(
        "junit.xml",
        PASSING.replace("/></testsuite>", "><failure message='1 is not 2'/></testcase></testsuite>"),
    );
    insta::assert_snapshot!(said(&place, &["explain"]));
}

#[test]
fn explain_of_a_rule_shows_who_set_which_value_and_what_is_excepted() {
    let place = place();
    let rules = ["coverage.changed", "coverage.total", "tests.failed", "tests.executed", "scan.new"];
    let texts: Vec<String> = rules.iter().map(|rule| said(&place, &["explain", rule])).collect();
    insta::assert_snapshot!(texts.join("\n----\n"));
}

#[test]
fn every_value_of_a_commit_names_it() {
    let place = place();
    let commit = place.git(&["rev-parse", "--short=7", "HEAD"]);
    place.git(&["remote", "add", "origin", "https://host.example/acme/payments"]);
    place.git(&["update-ref", "refs/remotes/origin/main", "HEAD"]);
    let text = said(&place, &["policy", "show"]);
    assert!(text.contains(&format!("tollgate.yml:4 ({commit})")), "{text}");
    let text = said(&place, &["policy", "show", "--format", "json"]);
    assert!(text.contains(&place.git(&["rev-parse", "HEAD"])), "{text}");
}

#[test]
fn diff_says_what_becomes_stricter_and_what_laxer() {
    let place = place();
    place.file(
        "tollgate.yml",
        OWN.replace("max-uncovered: 3", "max-uncovered: 1").replace("min: 50", "min: 40"),
    );
    let run = place.tollgate(&["policy", "diff", "HEAD", "--as-of", "2026-12-01"]).exits(0);
    insta::assert_snapshot!(run.out, @r"
    laxer     coverage.changed.min: 50% -> 40%   tollgate.yml:4
    stricter  coverage.changed.max-uncovered: 3 -> 1   tollgate.yml:4
    stricter  coverage.changed.max-uncovered in src/core/**: 3 -> 1   tollgate.yml:4

    3 differences: 1 laxer, 2 stricter, 0 other
    ");
    place
        .tollgate(&["policy", "diff", "tollgate.yml", "tollgate.yml"])
        .exits(0)
        .says("Both ask for the same.");
    let json = place.tollgate(&["policy", "diff", "HEAD", "--format", "json"]).exits(0);
    assert_eq!(serde_json::from_str::<serde_json::Value>(&json.out).unwrap()[0]["effect"], "laxer");
    place.tollgate(&["policy", "diff", "v9"]).exits(2).says("error[unknown-revision]");
    place.file("next/org.yml", ORG.replace("min: 60", "min: 70"));
    let run = place.tollgate(&["policy", "diff", "org", "next", "--policy", "tollgate.yml"]).exits(0);
    run.says("stricter  coverage.changed.min: 60% -> 70%");
}

#[test]
fn validate_finds_contradictions_that_no_single_file_has() {
    let place = place();
    place.tollgate(&["policy", "validate"]).exits(0).says("tollgate.yml: valid");
    place
        .tollgate(&["policy", "validate", "org"])
        .exits(0)
        .says("org (0 groups, 0 files for one repository, 1 waiver)");
    place.file(
        "org/groups/a.yml",
        "version: 1\nselect: { topic: a }\nlocked: { coverage.changed: { min: 50 } }\n",
    );
    let run = place.tollgate(&["policy", "validate", "org"]).exits(2).says("error[policy-contradiction]");
    run.says("org/groups/a.yml:3").says("floor asks for 60%");
    // A file of the folder stands for all of it.
    place.tollgate(&["policy", "validate", "org/groups/a.yml"]).exits(2);
    place.file("org/groups/a.yml", "version: 1\nselect: { topik: a }\n");
    place.tollgate(&["policy", "validate", "org"]).exits(2).says("did you mean `topic`?");
    place.tollgate(&["policy", "validate", "src"]).exits(2);
    let empty = Place::new();
    empty.tollgate(&["policy", "validate"]).exits(2).says("error[no-policy]");
}

#[test]
fn validate_holds_names_against_the_list_of_repositories() {
    let place = place();
    place.file("org/repos/gone.yml", "version: 1\n");
    place.file("org/groups/a.yml", "version: 1\nselect: { topic: nobody }\nfloor: {}\n");
    let list = place.file("all.json", r#"[{"name": "api", "topics": [], "custom_properties": {}}]"#);
    let run =
        place.tollgate(&["policy", "validate", "org", "--repositories", list.to_str().unwrap()]).exits(0);
    let run = run.says("no repository is called `gone`").says("the waiver is for `payments`");
    run.says("the group selects no repository").says("for 1 repositories");
}

#[test]
fn the_schemas_that_are_printed_are_those_that_are_published() {
    let place = Place::new();
    for (kind, file) in [
        ("repository", "policy-1.json"),
        ("organisation", "org-1.json"),
        ("group", "org-group-1.json"),
        ("organisation-repository", "org-repository-1.json"),
    ] {
        let published = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/policy/schema").join(file);
        let run = place.tollgate(&["policy", "schema", kind]).exits(0);
        assert_eq!(run.out, fs::read_to_string(published).unwrap(), "{kind}");
    }
}

#[test]
fn every_policy_of_the_examples_is_valid() {
    let place = Place::new();
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    place.copy(&examples, "examples");
    for path in ["examples/policies/acme", "examples/demo", "examples/demo/failing"] {
        place.tollgate(&["policy", "validate", path, "--as-of", "2026-12-01"]).exits(0).says("valid");
    }
    let mut files = 0;
    for entry in fs::read_dir(examples.join("policies")).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            files += 1;
            let path = path.to_str().unwrap();
            place.tollgate(&["policy", "validate", path]).exits(0);
            let under = ["--org-policy", "examples/policies/acme", "--as-of", "2026-12-01"];
            let run = place.tollgate(&[["policy", "validate", path].as_slice(), &under].concat()).exits(0);
            assert_eq!(run.err, "");
        }
    }
    assert!(files >= 2);
}

#[test]
fn the_first_policy_of_a_repository_is_tried_out_in_full() {
    let place = Place::new();
    place.git(&["init", "-q"]);
    place.file(".gitignore", "out\n");
    place.commit("base");
    place.git(&["update-ref", "refs/remotes/origin/main", "HEAD"]);
    place.git(&["remote", "add", "origin", "https://host.example/acme/payments"]);
    place.git(&["checkout", "-q", "-b", "change"]);
    let own = "version: 1\nreports: { unit: { kind: tests, path: out/*.xml } }\nrules: { tests.executed: { min: 9 } }\n";
    place.file("tollgate.yml", own);
    place.commit("policy");
    place.file("out/junit.xml", PASSING);
    let run = check_in_ci(&place, &[], "").exits(0).says("the policy of this change, tried out");
    let run = run.says("stricter  tests.executed.min: 1 -> 9").says("need: at least 9 tests");
    run.says("under it: needs changes");
    let run = check_in_ci(&place, &["--format", "markdown"], "").exits(0);
    let run = run
        .says("**This change proposes another policy**")
        .says("| stricter | `tests.executed.min` | `1` | `9` |");
    run.says("Every criterion under the proposed policy");
    let run = check_in_ci(&place, &["--format", "json"], "").exits(0);
    let json: serde_json::Value = serde_json::from_str(&run.out).unwrap();
    assert_eq!(json["proposal"]["verdict"], "needs-changes");
    place.file("tollgate.yml", "version: 1\nrulez: {}\n");
    place.commit("broken");
    check_in_ci(&place, &[], "").exits(0).says("did you mean `rules`?").says("tollgate.yml:2:1");
}

#[test]
fn reports_that_a_change_moves_are_read_and_those_that_it_drops_are_missed() {
    let policy = |path: &str, least: u32| {
        format!("version: 1\nreports: {{ unit: {{ kind: tests, path: {path}, at-least: {least} }} }}\n")
    };
    let place = Place::new();
    place.git(&["init", "-q"]);
    place.file(".gitignore", "*.xml\n");
    place.file("tollgate.yml", policy("a/*.xml", 2));
    place.commit("base");
    place.git(&["update-ref", "refs/remotes/origin/main", "HEAD"]);
    place.git(&["remote", "add", "origin", "https://host.example/acme/payments"]);
    place.git(&["checkout", "-q", "-b", "change"]);
    place.file("tollgate.yml", policy("b/*.xml", 1));
    place.commit("policy");
    place.file("b/1.xml", PASSING);
    let run = check_in_ci(&place, &[], "").exits(3).says("asks for fewer reports of `unit` (2 -> 1)");
    run.says("merge the change of `reports:` alone").says("under it: passed");
    place.file("b/2.xml", PASSING.replace("works", "too"));
    check_in_ci(&place, &[], "").exits(0).says("2 passed");
}
