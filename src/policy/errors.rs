//! Every mistake that a policy file can hold, as people see it.

use super::{OrgText, parse, parse_org};
use crate::diagnostic::Diagnostic;

/// Name and text of policies; all but the first are wrong.
const POLICIES: &[(&str, &str)] = &[
    (
        "the policy of the design is accepted",
        r##"# comment
version: 1
reports:
  unit:     { kind: tests,    path: "**/junit*.xml", at-least: 1 }
  coverage: { kind: coverage, path: lcov.info }
  sast:     { kind: scan,     path: ["*.sarif", "reports/**/*.sarif"], absent: optional, tracked: true }
rules:
  tests.failed:     { max: 0 }
  tests.executed:   { min: 1 }
  coverage.changed: { min: 80, min-lines: 20 }
  scan.new:         { critical: 0, high: 0, unknown-as: medium }
  build.jobs:       { allow-skipped: ["deploy*"] }
paths:
  - { match: ["crates/parser/**"], rules: { coverage.changed: { min: 95 } } }
reproduce: { tests: "cargo test {name}", tests-file: "cargo test --test {file}", coverage: "X=${HOME} make {}" }
owners: ["@acme/payments-core"]
exclude: "gen/**"
include: [src/**]
"##,
    ),
    ("an empty file", r##""##),
    (
        "a file of comments",
        r##"# nothing
"##,
    ),
    (
        "no mapping",
        r##"- version: 1
"##,
    ),
    (
        "no yaml",
        r##"version: 1
rules: {tests.failed: {max: 0}
owners: [
"##,
    ),
    (
        "bad indent",
        r##"version: 1
rules:
  tests.failed: { max: 0 }
 tests.executed: { min: 1 }
"##,
    ),
    (
        "a tab",
        r##"version: 1
rules:
	tests.failed: { max: 0 }
"##,
    ),
    (
        "a glob without quotes",
        r##"version: 1
reports:
  unit: { kind: tests, path: *.xml }
"##,
    ),
    (
        "an anchor an alias",
        r##"version: 1
rules:
  tests.failed: &a { max: 0 }
  tests.skipped: *a
"##,
    ),
    (
        "a merge key",
        r##"version: 1
rules:
  tests.failed: { <<: { max: 0 } }
"##,
    ),
    (
        "a tag",
        r##"version: !!int 1
owners: !secret x
"##,
    ),
    (
        "two documents",
        r##"version: 1
---
version: 1
"##,
    ),
    (
        "a list as key",
        r##"version: 1
? [a, b]
: c
"##,
    ),
    (
        "duplicate keys",
        r##"version: 1
rules:
  tests.failed: { max: 0, max: 1 }
version: 1
"##,
    ),
    (
        "empty values",
        r##"version:
rules: ~
owners: null
exclude: ""
include: []
"##,
    ),
    (
        "no version",
        r##"rules: { tests.failed: { max: 0 } }
"##,
    ),
    (
        "another version",
        r##"version: 2
"##,
    ),
    (
        "unknown keys",
        r##"version: 1
reprots: {}
rule: {}
waivers: []
quorum: 3
tests.failed: { max: 0 }
"##,
    ),
    (
        "unknown rules",
        r##"version: 1
rules:
  coverage.chnaged: { min: 80 }
  speed: {}
"##,
    ),
    (
        "unknown fields",
        r##"version: 1
rules:
  coverage.changed: { mni: 80 }
  tests.failed: { minimum: 1 }
  evidence.reports: { all: true }
"##,
    ),
    (
        "scalar shorthand",
        r##"version: 1
rules:
  coverage.changed: 80
  evidence.reports: enforce
  tests.executed: [1]
"##,
    ),
    (
        "bad numbers",
        r##"version: 1
rules:
  coverage.changed: { min: 80.123, min-lines: 010, max-uncovered: -1 }
  coverage.total: { min: 101 }
  tests.failed: { max: 1_000 }
  tests.executed: { min: 99999999999999999999 }
  tests.skipped: { max-percent: few, max: [1] }
"##,
    ),
    (
        "bad words",
        r##"version: 1
rules:
  coverage.total: { metric: branches, mode: enforced }
  scan.new: { unknown-as: hihg }
  scan.all: { mode: [warn] }
"##,
    ),
    (
        "bad globs",
        r##"version: 1
exclude: ["/src/**", "src/", "a/../b", "[", "", [x]]
"##,
    ),
    (
        "reports incomplete",
        r##"version: 1
reports:
  unit: { path: a.xml }
  cov: { kind: coverage }
  "bad name": { kind: scan, path: a.sarif }
  x: junit.xml
"##,
    ),
    (
        "reports wrong",
        r##"version: 1
reports:
  unit: { kind: test, path: a.xml, format: zzz-9, at-least: 0, absent: carried, tracked: yes, shards: 3 }
  cov: { kind: coverage, path: lcov.info, at-least: many, absent: never, paht: x }
"##,
    ),
    (
        "paths wrong",
        r##"version: 1
paths:
  - { match: [a/**] }
  - { rules: { evidence.reports: { mode: warn } }, mach: a }
  - { match: [a/**], rules: { build.jobs: {} } }
  - { suites: [a], rules: { coverage.total: { min: 1 } } }
  - { suites: [a], match: [a/] }
  - a/**
"##,
    ),
    (
        "branches",
        r##"version: 1
branches:
  - { match: release/*, rules: { tests.failed: { max: 0 } }, when: x }
  - { match: release/* }
  - { rules: {} }
  - release/*
  - { match: "[", rules: { tests.faild: {} } }
"##,
    ),
    (
        "base snapshot",
        r##"version: 1
base-snapshot: { from: artefact, keep: 0, kept: 1 }
"##,
    ),
    (
        "branches as a mapping",
        r##"version: 1
branches: { match: release/*, rules: {} }
"##,
    ),
    (
        "paths no list",
        r##"version: 1
paths: { match: [a], rules: {} }
"##,
    ),
    (
        "reproduce wrong",
        r##"version: 1
reproduce: { tests: "cargo test {nmae}", tests-file: "make {name}", coverage: "cov {file}", install: "make", test: x }
"##,
    ),
    (
        "control characters",
        r##"version: 1
owners: "a\nb"
reproduce:
  tests: |
    one
    two
"##,
    ),
    (
        "too deep",
        r##"version: 1
rules: [[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]
"##,
    ),
    (
        "waivers wrong",
        r##"version: 1
waivers:
  - { rule: scan.new, match: { id: CVE-1 }, owner: a, reason: b }
  - { rule: scan.new, match: { id: CVE-1 }, owner: a, reason: b, expires: 31.01.2027 }
  - { rule: scan.new, match: { id: CVE-1 }, owner: a, reason: b, expires: 2027-02-30, until: x }
  - { match: { path: a }, owner: "", reason: b, expires: 2027-01-31 }
  - { rule: scan.new, match: { severity: high }, owner: a, reason: b, expires: 2027-01-31 }
  - { rule: scan.new, match: { cve: x, severity: worst }, owner: a, reason: b, expires: 2027-01-31 }
  - { rule: scan.new, match: { test: x }, owner: a, reason: b, expires: 2027-01-31 }
  - { rule: coverage.changed, match: { path: a/** }, owner: a, reason: b, expires: 2027-01-31 }
  - { rule: evidence.reports, owner: a, reason: b, expires: 2027-01-31 }
  - { rule: tests.faild, owner: a, reason: b, expires: 2027-01-31 }
  - CVE-1
"##,
    ),
    (
        "quarantine wrong",
        r##"version: 1
quarantine:
  - { test: a, owner: b, reason: c, expires: soon }
  - { owner: b, reason: c, expires: 2027-01-31 }
  - { tset: a, owner: b, expires: 2027-01-31 }
"##,
    ),
    (
        "path rules, shards and when",
        r##"version: 1
path-rules: ["/build", "/a => ../b", "../x => y"]
reports:
  a: { kind: coverage, path: a, shards: 0 }
  b: { kind: coverage, path: b, shards: all, when: { paths: [a] } }
  c: { kind: coverage, path: c, jobs: [test], when: [a] }
  d: { kind: coverage, path: d, absent: carried, workflow: [ci.yml, "[x"], artifact: { a: b } }
  e: { kind: coverage, path: e, class: source }
  f: { kind: scan, path: f, class: [secrets, all] }
"##,
    ),
    (
        "extends and the organisation's keys",
        r##"version: 1
extends: ../acme
floor: { tests.failed: { max: 0 } }
limits: { waiver-max-days: 90 }
"##,
    ),
];

#[test]
fn every_mistake_is_said_with_its_place_and_its_repair() {
    let shown: Vec<String> =
        POLICIES.iter().map(|(name, text)| format!("## {name}\n{}", mistakes(text))).collect();
    insta::assert_snapshot!(shown.join("\n"));
}

/// Files of organisations' policies; each group is one policy, and all are wrong.
const ORGANISATIONS: &[(&str, &[(&str, &str)])] = &[
    ("no org.yml", &[("groups/a.yml", "version: 1\nselect: { topic: a }\n")]),
    ("unknown files", &[("org.yml", "version: 1\n"), ("teams/a.yml", "version: 1\n")]),
    (
        "two broken files",
        &[("org.yml", "version: 1\nfloor: { tests.failed: { max: 0 }\n"), ("repos/a.yml", "defaults: {}\n")],
    ),
    (
        "unknown keys",
        &[(
            "org.yml",
            "version: 1\nflor: {}\noverride: {}\nrules: {}\nlimits: { waiver-days: 3, relax-allowed: [/a] }\nrollout: { from: 2027-01-01 }\n",
        )],
    ),
    (
        "wrong values",
        &[(
            "org.yml",
            "version: 1\ndefaults: { coverage.total: { min: 80, enforce-from: tomorrow, waivable: maybe } }\nlimits: { waiver-max-days: ninety }\nrollout: { new-rules: maybe, enforce-from: 2027-13-01 }\n",
        )],
    ),
    (
        "groups without a selection",
        &[
            (
                "org.yml",
                "version: 1\ngroups:\n  - { floor: {} }\n  - { select: {}, defaults: {} }\n  - { select: { topics: a } }\n",
            ),
            ("groups/a.yml", "version: 1\nfloor: {}\nlimits: {}\n"),
        ],
    ),
    (
        "waivers",
        &[(
            "org.yml",
            "version: 1\nwaivers:\n  - { rule: coverage.total, value: 40, owner: a, reason: b, expires: 2027-01-31 }\n  - { repo: a, rule: coverage.total, field: mni, value: 40, owner: a, reason: b, expires: 2027-01-31 }\n  - { repo: a, rule: coverage.total, value: x, owner: a, reason: b, expires: 2027-01-31 }\n  - { repo: a, rule: coverage.total, field: min, owner: a, reason: b, expires: 2027-01-31 }\n",
        )],
    ),
];

#[test]
fn every_mistake_of_an_organisation_is_said_with_its_place_and_its_repair() {
    let show = |(name, files): &(&str, &[(&str, &str)])| {
        let files: Vec<OrgText<'_>> =
            files.iter().map(|&(path, text)| OrgText { path, name: path, commit: "", text }).collect();
        let shown: String = match parse_org(&files, "acme/.tollgate") {
            Ok(_) => "no mistake\n".to_owned(),
            Err(errors) => errors.iter().map(block).collect(),
        };
        format!("## {name}\n{shown}")
    };
    let shown: Vec<String> = ORGANISATIONS.iter().map(show).collect();
    insta::assert_snapshot!(shown.join("\n"));
}

/// The mistakes of a file, one block each, as the terminal shows them.
fn mistakes(text: &str) -> String {
    match parse(text, "tollgate.yml") {
        Ok(_) => "no mistake\n".to_owned(),
        Err(errors) => errors.iter().map(block).collect(),
    }
}

#[test]
fn a_policy_that_is_too_large_is_refused_unread() {
    let text = format!("version: 1\n#{}", "x".repeat(64 * 1024));
    insta::assert_snapshot!(mistakes(&text), @r"
    error[policy-too-large]: the policy is 65548 bytes long, more than 65536
      --> tollgate.yml:0:0
       = help: a policy is at most 64 KiB
    ");
}

#[test]
fn more_globs_than_two_hundred_are_refused() {
    let globs = vec!["a/*"; 201].join(", ");
    insta::assert_snapshot!(mistakes(&format!("version: 1\nexclude: [{globs}]")), @r"
    error[bad-glob]: this is the 201st glob of the policy
      --> tollgate.yml:2:1011
       = help: a policy holds at most 200 globs: use `**` and `{a,b}`
    ");
    assert_eq!(mistakes(&format!("version: 1\nexclude: [{}]", vec!["a/*"; 200].join(", "))), "no mistake\n");
}

#[test]
fn a_file_full_of_mistakes_is_cut_after_a_hundred() {
    let keys: String = (0..500).map(|number| format!("zz{number}: 1\n")).collect();
    let Err(errors) = parse(&format!("version: 1\n{keys}"), "tollgate.yml") else { panic!("accepted") };
    assert_eq!(errors.len(), 101);
    assert_eq!(errors[100].message.raw(), "the file has 400 more mistakes");
}

fn block(error: &Diagnostic) -> String {
    let (origin, weight) = (&error.origin, error.weight.word());
    let (code, message, help) = (error.code, error.message.raw(), error.help.raw());
    let (file, line, column) = (origin.file.raw(), origin.line, origin.column);
    format!("{weight}[{code}]: {message}\n  --> {file}:{line}:{column}\n   = help: {help}\n")
}

mod properties {
    use super::parse;
    use proptest::prelude::*;

    /// Pieces that a policy is made of, and pieces that YAML is dangerous for.
    fn piece() -> impl Strategy<Value = &'static str> {
        proptest::sample::select(vec![
            "version: 1\n",
            "rules:",
            "reports:",
            "paths:",
            "tests.failed:",
            "coverage.changed:",
            " ",
            "  ",
            "\n",
            "- ",
            "{",
            "}",
            "[",
            "]",
            ",",
            ":",
            "? ",
            "max: 0",
            "min: 80%",
            "match: [a/**]",
            "&a ",
            "*a",
            "!!int ",
            "<<: ",
            "---\n",
            "...\n",
            "#x\n",
            "\"",
            "'",
            "|\n",
            ">-\n",
            "\t",
            "\u{feff}",
            "\0",
            "~",
            "null",
            "é",
            "%YAML 1.2\n",
            "@",
            "`",
            "\r\n",
        ])
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2_000) })]

        #[test]
        fn no_text_makes_the_reader_panic(pieces in proptest::collection::vec(piece(), 0..40)) {
            let text = pieces.concat();
            if let Err(errors) = parse(&text, "tollgate.yml") {
                prop_assert!(!errors.is_empty());
                for error in errors {
                    prop_assert!(!error.message.is_empty() && !error.help.is_empty(), "{:?}", error);
                }
            }
        }

        #[test]
        fn no_line_makes_the_reader_panic(text in "\\PC{0,200}") {
            let _ = parse(&text, "tollgate.yml").is_ok();
        }
    }
}

#[test]
fn hostile_yaml_of_the_largest_size_is_refused() {
    let fill = |piece: &str| piece.repeat(64 * 1024 / piece.len());
    let pieces = [
        "[", "{", "- ", "? ", "a: ", "[a,", "{a: ", "\n- ", "&a ", "*a ", "\"", "'", "|\n", "a\n", "!a ",
        "#", "\t", "%a\n", "---\n",
    ];
    for piece in pieces {
        assert!(parse(&fill(piece), "tollgate.yml").is_err(), "{piece:?}");
        assert!(
            parse(&format!("a: {}", fill(piece).get(..60_000).unwrap()), "tollgate.yml").is_err(),
            "{piece:?}"
        );
    }
}
