//! The published schemas are those of the program, and they take what the program takes.

use super::Schema;
use crate::policy::yaml::{self, Node};
use serde_json::{Value, json};

const PUBLISHED: [(Schema, &str); 4] = [
    (Schema::Repository, include_str!("policy-1.json")),
    (Schema::Organisation, include_str!("org-1.json")),
    (Schema::Group, include_str!("org-group-1.json")),
    (Schema::OrganisationRepository, include_str!("org-repository-1.json")),
];

#[test]
fn the_published_schemas_are_those_of_the_program() {
    let mut stale = Vec::new();
    for (schema, published) in PUBLISHED {
        if published != schema.text() {
            let fresh = concat!(env!("CARGO_MANIFEST_DIR"), "/target/").to_owned() + schema.file_name();
            write(&fresh, &schema.text());
            stale.push(schema.file_name());
        }
    }
    assert!(stale.is_empty(), "src/policy/schema/ is out of date: copy {stale:?} from target/ over it");
}

#[expect(clippy::disallowed_methods, reason = "a failing test leaves the file that it asks for")]
fn write(file: &str, text: &str) {
    std::fs::write(file, text).unwrap();
}

/// Complaints about a YAML text.
fn complaints(schema: Schema, text: &str) -> Vec<String> {
    let document = json_of(&yaml::read(text, "sample").unwrap());
    let mut complaints = Vec::new();
    let schema = schema.value();
    check(&schema, &schema, &document, "$", &mut complaints);
    complaints
}

/// The value that an editor's YAML reader hands to the schema.
fn json_of(node: &Node) -> Value {
    match &node.value {
        yaml::Value::Map(entries) => {
            Value::Object(entries.iter().map(|(key, node)| (key.text.clone(), json_of(node))).collect())
        }
        yaml::Value::List(items) => items.iter().map(json_of).collect(),
        yaml::Value::Scalar { text, plain: false } => json!(text),
        yaml::Value::Scalar { text, plain: true } => match serde_json::from_str::<Value>(text) {
            Ok(value @ (Value::Number(_) | Value::Bool(_))) => value,
            _ => json!(text),
        },
    }
}

/// The keywords that our schemas use, and no other.
fn check(root: &Value, schema: &Value, value: &Value, place: &str, complaints: &mut Vec<String>) {
    for (keyword, rule) in schema.as_object().unwrap() {
        let fits = match keyword.as_str() {
            "$schema" | "$id" | "$defs" | "title" | "description" | "additionalProperties" | "pattern" => {
                true
            }
            "type" => rule
                .as_array()
                .map_or_else(|| is_of(value, rule), |words| words.iter().any(|word| is_of(value, word))),
            "const" => value == rule,
            "enum" => rule.as_array().unwrap().contains(value),
            "$ref" => {
                let target = rule.as_str().unwrap().trim_start_matches('#');
                check(root, root.pointer(target).unwrap(), value, place, complaints);
                true
            }
            "minimum" => value.as_f64().is_none_or(|number| number >= rule.as_f64().unwrap()),
            "maximum" => value.as_f64().is_none_or(|number| number <= rule.as_f64().unwrap()),
            "minItems" => value.as_array().is_none_or(|items| !items.is_empty()),
            "minLength" => value.as_str().is_none_or(|text| !text.is_empty()),
            "maxLength" => value.as_str().is_none_or(|text| text.len() <= 1024),
            "required" => {
                rule.as_array().unwrap().iter().all(|key| value.get(key.as_str().unwrap()).is_some())
            }
            "items" => {
                for (index, item) in value.as_array().into_iter().flatten().enumerate() {
                    check(root, rule, item, &format!("{place}[{index}]"), complaints);
                }
                true
            }
            "properties" => {
                for (key, part) in value.as_object().into_iter().flatten() {
                    match rule.get(key) {
                        Some(rule) => check(root, rule, part, &format!("{place}.{key}"), complaints),
                        None => complaints.push(format!("{place} has no {key}")),
                    }
                }
                true
            }
            "anyOf" => rule.as_array().unwrap().iter().any(|choice| {
                let mut found = Vec::new();
                check(root, choice, value, place, &mut found);
                found.is_empty()
            }),
            other => panic!("the checker does not know the keyword {other}"),
        };
        if !fits {
            complaints.push(format!("{place} breaks {keyword}"));
        }
    }
    if schema.get("properties").is_none()
        && let Some(rule) = schema.get("additionalProperties")
    {
        for (key, part) in value.as_object().into_iter().flatten() {
            check(root, rule, part, &format!("{place}.{key}"), complaints);
        }
    }
}

fn is_of(value: &Value, word: &Value) -> bool {
    match word.as_str().unwrap() {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "number" => value.is_number(),
        "integer" => value.is_u64(),
        "boolean" => value.is_boolean(),
        other => panic!("{other}"),
    }
}

const REPOSITORY: &str = r#"
version: 1
reports:
  unit:     { kind: tests,    path: "**/junit*.xml", at-least: 1 }
  coverage: { kind: coverage, path: lcov.info, absent: optional }
  sast:     { kind: scan,     path: ["*.sarif"], tracked: true }
rules:
  tests.failed:     { max: 0 }
  tests.skipped:    { max-percent: 2.5%, mode: warn }
  coverage.changed: { min: 80, min-lines: 20, unmeasured: not-measured }
  coverage.total:   { min: 72.5, metric: branch }
  scan.new:         { critical: 0, high: 0, unknown-as: medium, without-base: absolute }
  build.jobs:       { allow-skipped: [deploy, docs] }
  evidence.reports: { mode: enforce }
paths:
  - { match: ["crates/parser/**"], rules: { coverage.changed: { min: 95 } } }
branches:
  - { match: ["release/*"], rules: { coverage.total: { min: 90, mode: enforce } } }
waivers:
  - { rule: scan.new, match: { id: CVE-2026-1234, path: Cargo.lock, severity: high }, owner: "@acme/sec", reason: not reachable, expires: 2027-01-31 }
quarantine:
  - { test: "ledger::sync_eu", owner: "@acme/core", reason: "flaky, #812", expires: 2027-01-15 }
reproduce: { tests: "cargo test {name}" }
owners: ["@acme/payments-core"]
exclude: gen/**
base-snapshot: { from: reference, keep: 50 }
extends: acme/.tollgate
"#;

const ORGANISATION: &str = r#"
version: 1
defaults: { coverage.total: { min: 70, mode: warn } }
floor:    { coverage.changed: { min: 60 }, tests.failed: { max: 0, mode: enforce, enforce-from: 2027-02-01 } }
locked:   { scan.new: { critical: 0, waivable: false } }
groups:   [ { select: { topic: tier-1, property: { tier: 1 } }, floor: { coverage.total: { min: 80 } } } ]
limits:   { waiver-max-days: 90, waiver-owners: ["@acme/sec"], relax-allowed: ["vendor/**"], own-branches: "release/*" }
rollout:  { new-rules: warn, enforce-from: 2027-02-01, since: 2026-10-01 }
waivers:
  - { repo: billing-legacy, rule: coverage.changed, value: 40, reason: moving, owner: "@acme/billing", expires: 2027-01-31 }
"#;

const GROUP: &str = "version: 1\nselect: { name: 'service-*' }\nfloor: { tests.failed: { max: 0 } }\n";

#[test]
fn what_the_program_takes_the_schemas_take() {
    use crate::policy::{OrgText, parse, parse_org};
    assert!(parse(REPOSITORY, "tollgate.yml").is_ok());
    assert_eq!(complaints(Schema::Repository, REPOSITORY), [""; 0]);
    let files = [
        ("org.yml", ORGANISATION),
        ("groups/service.yml", GROUP),
        ("repos/a.yml", "version: 1\ndefaults: {}\n"),
    ];
    let files = files.map(|(path, text)| OrgText { path, name: path, commit: "", text });
    assert!(parse_org(&files, "acme/.tollgate").is_ok());
    assert_eq!(complaints(Schema::Organisation, ORGANISATION), [""; 0]);
    assert_eq!(complaints(Schema::Group, GROUP), [""; 0]);
    assert_eq!(complaints(Schema::OrganisationRepository, "version: 1\ndefaults: {}\n"), [""; 0]);
}

#[test]
fn unknown_keys_are_refused_at_every_depth() {
    for (text, place) in [
        ("version: 1\nrulez: {}\n", "$ has no rulez"),
        ("version: 1\nrules: { tests.faild: {} }\n", "$.rules has no tests.faild"),
        ("version: 1\nrules: { tests.failed: { mx: 0 } }\n", "$.rules.tests.failed has no mx"),
        ("version: 1\nreports: { a: { kind: tests, path: b, worklow: ci } }\n", "$.reports.a has no worklow"),
        ("version: 1\npaths: [{ match: a, rules: {}, x: 1 }]\n", "$.paths[0] has no x"),
        ("version: 2\n", "$.version breaks const"),
        ("rules: {}\n", "$ breaks required"),
        ("version: 1\nrules: { coverage.total: { min: 101 } }\n", "$.rules.coverage.total.min breaks anyOf"),
    ] {
        assert_eq!(complaints(Schema::Repository, text), [place], "{text}");
    }
}
