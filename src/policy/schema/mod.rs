//! JSON Schemas of the policy files, made from the rules and their fields, for editors.
//!
//! The files beside this one are what [`Schema::text`] gives; a test fails when they differ. The reader of
//! policies is stricter in some points that a schema cannot say (places, globs, whether a day exists).

use super::Absent;
use super::SnapshotStore;
use super::entries::MODES;
use super::publish::GatePlace;
use crate::formats;
use crate::model::{Kind, Mode, ScanClass, Severity};
use crate::rules::{Field, FieldKind, RULES, RuleSpec};
use serde_json::{Map, Value, json};

#[cfg(test)]
mod tests;

/// Which file a schema describes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Schema {
    /// `.github/tollgate.yml` of a repository.
    Repository,
    /// `org.yml` of an organisation.
    Organisation,
    /// `groups/*.yml` of an organisation.
    Group,
    /// `repos/<name>.yml` of an organisation.
    OrganisationRepository,
}

impl Schema {
    /// All schemas.
    pub const ALL: [Self; 4] =
        [Self::Repository, Self::Organisation, Self::Group, Self::OrganisationRepository];

    /// The name under which it is published: `policy-1.json`.
    pub const fn file_name(self) -> &'static str {
        match self {
            Self::Repository => "policy-1.json",
            Self::Organisation => "org-1.json",
            Self::Group => "org-group-1.json",
            Self::OrganisationRepository => "org-repository-1.json",
        }
    }

    /// The schema as it is published.
    pub fn text(self) -> String {
        format!("{:#}\n", self.value())
    }

    fn value(self) -> Value {
        let (title, mut properties, required) = match self {
            Self::Repository => ("Tollgate policy of a repository, version 1", repository(), vec!["version"]),
            Self::Organisation => {
                ("Tollgate policy of an organisation, version 1", organisation(), vec!["version"])
            }
            Self::Group => {
                ("Tollgate policy of a group of repositories, version 1", group(), vec!["version", "select"])
            }
            Self::OrganisationRepository => {
                ("Tollgate policy of an organisation for one repository, version 1", layer(), vec!["version"])
            }
        };
        properties.insert(
            "version".to_owned(),
            json!({"description": "the version of the policy's form", "const": 1}),
        );
        let mut schema = object(properties, &required);
        if let Value::Object(keys) = &mut schema {
            keys.insert("$schema".to_owned(), json!("https://json-schema.org/draft/2020-12/schema"));
            keys.insert(
                "$id".to_owned(),
                json!(format!("tollgate.{}", self.file_name().trim_end_matches(".json").replace("-1", "/1"))),
            );
            keys.insert("title".to_owned(), json!(title));
            if self != Self::Repository {
                keys.insert("$defs".to_owned(), json!({"rules": layer_rules()}));
            }
        }
        schema
    }
}

fn repository() -> Map<String, Value> {
    let by_path = object(
        map([
            ("match", described(globs(), "globs of the files; `*` does not cross `/`")),
            (
                "suites",
                described(
                    texts(),
                    "suites or classes of tests; `*` stands for any text; for rules about tests",
                ),
            ),
            ("rules", rules(|rule| rule.by_path, &Map::new())),
        ]),
        &["rules"],
    );
    let by_branch = object(
        map([
            ("match", described(globs(), "globs of the branch that the change goes to")),
            ("rules", rules(|_| true, &Map::new())),
        ]),
        &["match", "rules"],
    );
    let mut properties = map([
        (
            "reports",
            json!({"description": "what must arrive", "type": "object", "additionalProperties": report()}),
        ),
        ("rules", described(rules(|_| true, &Map::new()), "the rules; what is left out keeps its default")),
        ("paths", described(list(by_path), "other requirements for some files")),
        ("branches", described(list(by_branch), "stricter requirements for changes to some branches")),
        ("waivers", described(list(waiver(false)), "what is lifted until a day")),
        ("quarantine", described(list(quarantine()), "tests that are known to be unreliable, until a day")),
        ("reproduce", reproduce()),
        ("owners", described(texts(), "who owns the repository")),
        ("base-snapshot", base_snapshot()),
        ("summary", summary()),
        ("gate", gate()),
        ("publish", publish()),
        ("exclude", described(globs(), "files whose coverage is not judged")),
        ("include", described(globs(), "the only files whose coverage is judged")),
        (
            "path-rules",
            described(
                texts(),
                "`FROM => TO`: paths of reports that begin with FROM lie in the folder TO; `-` for no file of the repository",
            ),
        ),
        (
            "extends",
            json!({"description": "the repository of the organisation's policy, which must then be read", "type": "string", "pattern": "^[A-Za-z0-9._-]+/[A-Za-z0-9._-]+$"}),
        ),
    ]);
    properties.extend(beside());
    properties.extend(map([(
        "vex-max-days",
        described(
            count(0),
            "how long a VEX statement holds, in days from the day on which it was made; without it 365",
        ),
    )]));
    properties
}

/// Files that stand beside a policy.
fn beside() -> Map<String, Value> {
    map([
        ("vex", described(globs(), "paths of VEX documents: OpenVEX, CSAF or CycloneDX")),
        ("kev", described(text(), "path of a copy of CISA's catalogue of exploited vulnerabilities (JSON)")),
        ("epss", described(text(), "path of a copy of FIRST's EPSS scores (CSV)")),
    ])
}

fn organisation() -> Map<String, Value> {
    let limits = map([
        ("waiver-max-days", described(count(0), "the longest term of a waiver, in days from today")),
        (
            "vex-max-days",
            described(
                count(0),
                "how long a VEX statement holds at most, in days from the day on which it was made",
            ),
        ),
        ("waiver-owners", described(texts(), "who may own a waiver")),
        ("relax-allowed", described(globs(), "paths for which a repository may ask for less")),
        (
            "own-branches",
            described(globs(), "branches whose own policy file judges the changes that go there"),
        ),
    ]);
    let modes: Vec<&str> = MODES.map(Mode::word).to_vec();
    let rollout = map([
        ("new-rules", json!({"description": "what new entries may do before their day", "enum": modes})),
        ("enforce-from", described(date(), "the day from which new entries are enforced")),
        ("since", described(date(), "entries added after this day are new")),
    ]);
    let mut properties = layer();
    properties.extend(beside());
    properties.extend(map([
        ("groups", described(list(object(group(), &["select"])), "what holds for some repositories")),
        ("limits", described(object(limits, &[]), "what repositories may do")),
        ("rollout", described(object(rollout, &["enforce-from"]), "how new requirements arrive")),
        ("waivers", described(list(waiver(true)), "exemptions of repositories")),
    ]));
    properties
}

fn group() -> Map<String, Value> {
    let select = map([
        ("name", described(globs(), "globs of the repository's name")),
        ("topic", described(text(), "a topic of the repository")),
        (
            "property",
            json!({"description": "custom properties of the repository", "type": "object", "additionalProperties": scalar_text()}),
        ),
    ]);
    let mut properties = layer();
    properties.insert(
        "select".to_owned(),
        described(object(select, &[]), "which repositories; all that is given must fit"),
    );
    properties
}

fn layer() -> Map<String, Value> {
    let entry = |text: &str| json!({"$ref": "#/$defs/rules", "description": text});
    map([
        ("defaults", entry("a repository may change these freely")),
        ("floor", entry("a repository may only be stricter")),
        ("locked", entry("a repository may not change these")),
    ])
}

/// The table of rules that an organisation's layers share.
fn layer_rules() -> Value {
    let more = map([
        ("enforce-from", described(date(), "before this day the entry only warns")),
        ("since", described(date(), "when the entry was added")),
        (
            "waivable",
            json!({"description": "false if no waiver of a repository lifts the rule", "type": "boolean"}),
        ),
    ]);
    rules(|_| true, &more)
}

/// A table of the rules that `allowed` accepts; each may also have the keys of `more`.
fn rules(allowed: fn(&RuleSpec) -> bool, more: &Map<String, Value>) -> Value {
    let entry = |rule: &RuleSpec| {
        let modes: Vec<&str> = MODES.map(Mode::word).to_vec();
        let mut properties: Map<String, Value> =
            rule.fields.iter().map(|field| (field.key.to_owned(), value_of(field))).collect();
        properties.insert(
            "mode".to_owned(),
            json!({"description": "what the rule may do to the verdict", "enum": modes}),
        );
        properties.extend(more.clone());
        described(object(properties, &[]), rule.doc)
    };
    let table = RULES.iter().filter(|rule| allowed(rule)).map(|rule| (rule.id.to_owned(), entry(rule)));
    object(table.collect(), &[])
}

fn value_of(field: &Field) -> Value {
    let mut schema = match field.kind {
        FieldKind::Count => count(0),
        FieldKind::Percent => percent(),
        FieldKind::Word(words) => json!({"enum": words}),
        FieldKind::Words(words) => {
            let all: Vec<&str> = words.iter().copied().chain(["all"]).collect();
            json!({"anyOf": [{"enum": all}, {"type": "array", "minItems": 1, "items": {"enum": all}}]})
        }
        FieldKind::Flag => json!({"type": "boolean"}),
        FieldKind::Globs => globs(),
    };
    let default = field.default.map(|text| format!("{}; without it {text}", field.doc));
    if let Value::Object(keys) = &mut schema {
        keys.insert("description".to_owned(), json!(default.as_deref().unwrap_or(field.doc)));
    }
    schema
}

fn report() -> Value {
    let classes = ScanClass::ALL.map(ScanClass::word);
    let kinds = [Kind::Tests, Kind::Coverage, Kind::Scan].map(Kind::word);
    let ids: Vec<&str> = formats::all().map(|format| format.id).collect();
    let properties = map([
        ("kind", json!({"description": "what the reports are about", "enum": kinds})),
        ("path", described(globs(), "globs from the root; `*` does not cross `/`")),
        ("format", json!({"description": "the format, where the content cannot decide", "enum": ids})),
        (
            "workflow",
            described(globs(), "files of the workflows that write them (`ci.yml`), where artifacts tell it"),
        ),
        ("artifact", described(globs(), "names of the artifacts that they come in, where they come in one")),
        ("at-least", described(count(1), "how many files must arrive; without it 1")),
        (
            "shards",
            json!({"description": "how many shards must arrive, told apart by artifact or folder; `jobs` for the number of jobs", "anyOf": [count(1), {"const": "jobs"}]}),
        ),
        ("jobs", described(globs(), "with `shards: jobs`, the names of the jobs that write a shard each")),
        (
            "when",
            described(
                object(map([("changed", described(globs(), "globs of changed files"))]), &["changed"]),
                "the reports must come only if the change touches one of these files",
            ),
        ),
        (
            "absent",
            json!({"description": "whether the reports may be absent; `carried` takes the base's where `when` is not met; without it required", "enum": Absent::WORDS}),
        ),
        ("tracked", json!({"description": "true if files that git tracks count too", "type": "boolean"})),
        (
            "class",
            json!({
                "description": "what the scanners look for, where their reports do not say it",
                "anyOf": [{"enum": classes}, {"type": "array", "minItems": 1, "items": {"enum": classes}}],
            }),
        ),
    ]);
    object(properties, &["kind", "path"])
}

fn waiver(of_organisation: bool) -> Value {
    let waivable: Vec<&str> = RULES.iter().filter(|rule| rule.waivable).map(|rule| rule.id).collect();
    let severities: Vec<&str> = Severity::ALL
        .iter()
        .filter(|severity| **severity != Severity::Unknown)
        .map(|severity| severity.word())
        .collect();
    let covered = map([
        ("id", described(text(), "the finding's rule or advisory")),
        ("path", described(globs(), "globs of the finding's file")),
        ("package", described(text(), "the package of the advisory")),
        ("versions", described(text(), "the package's versions that are covered: `>=1.2, <1.4.1`")),
        (
            "fingerprint",
            json!({
                "description": "the finding's fingerprint, as the table of findings shows it",
                "type": "string",
                "pattern": "^[0-9a-f]{16}$"
            }),
        ),
        ("severity", json!({"description": "the worst severity that is covered", "enum": severities})),
        ("test", described(text(), "the whole name of the test; `*` stands for any text")),
    ]);
    let mut properties = answerable();
    properties.extend(map([
        ("rule", json!({"description": "the rule that is lifted", "enum": waivable})),
        ("match", described(object(covered, &[]), "what is covered; without it the rule as a whole")),
    ]));
    let mut required = vec!["rule", "owner", "reason", "expires"];
    if of_organisation {
        properties.extend(map([
            ("repo", described(globs(), "globs of the names of the repositories")),
            ("field", described(text(), "the field of the rule that `value` is for; without it the first")),
            ("value", json!({"description": "the value that holds instead"})),
        ]));
        required.insert(0, "repo");
    }
    object(properties, &required)
}

fn quarantine() -> Value {
    let mut properties = answerable();
    properties
        .insert("test".to_owned(), described(text(), "the whole name of the test; `*` stands for any text"));
    object(properties, &["test", "owner", "reason", "expires"])
}

fn answerable() -> Map<String, Value> {
    map([
        ("owner", described(text(), "who answers for it")),
        ("reason", described(text(), "why")),
        ("expires", described(date(), "its last day, in UTC")),
    ])
}

fn reproduce() -> Value {
    let properties = map([
        ("tests", described(text(), "runs one test; with {name}, {file}, {class}")),
        ("tests-file", described(text(), "runs the tests of a file; with {file}, {class}")),
        ("coverage", described(text(), "measures the coverage")),
    ]);
    described(object(properties, &[]), "commands that reproduce a failure")
}

fn base_snapshot() -> Value {
    let from = json!({"description": "where the default branch's snapshots are", "enum": SnapshotStore::ALL.map(|(_, word)| word)});
    let keys =
        map([("from", from), ("keep", described(count(1), "how many are kept below a git reference"))]);
    described(object(keys, &[]), "where the evidence of the base lives")
}

fn summary() -> Value {
    let thanks = json!({"description": "false: no line at somebody's first pull request that passes", "type": "boolean"});
    described(object(map([("thanks", thanks)]), &[]), "what the page of a verdict says")
}

fn gate() -> Value {
    let words: Vec<&str> = GatePlace::WORDS.iter().map(|(word, _)| *word).collect();
    json!({"description": "where the verdict is given; anywhere but in a step, a run of the first stage is a preview", "enum": words})
}

fn publish() -> Value {
    let comment = json!({"description": "true: the verdict also stands in one comment", "type": "boolean"});
    let isolated = json!({
        "description": "workflows that run nothing of the change, such as scanners",
        "type": "array", "minItems": 1, "items": text(),
    });
    described(object(map([("comment", comment), ("isolated", isolated)]), &[]), "what the second stage does")
}

fn map<const N: usize>(entries: [(&str, Value); N]) -> Map<String, Value> {
    entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}

fn object(properties: Map<String, Value>, required: &[&str]) -> Value {
    let mut schema = map([
        ("type", json!("object")),
        ("properties", Value::Object(properties)),
        ("additionalProperties", json!(false)),
    ]);
    if !required.is_empty() {
        schema.insert("required".to_owned(), json!(required));
    }
    Value::Object(schema)
}

fn described(mut schema: Value, text: &str) -> Value {
    if let Value::Object(keys) = &mut schema {
        keys.insert("description".to_owned(), json!(text));
    }
    schema
}

fn list(items: Value) -> Value {
    json!({"type": "array", "items": items})
}

fn text() -> Value {
    json!({"type": "string", "minLength": 1, "maxLength": 1024})
}

/// A text that YAML may take for a number or a flag.
fn scalar_text() -> Value {
    json!({"type": ["string", "number", "boolean"]})
}

fn texts() -> Value {
    json!({"anyOf": [text(), {"type": "array", "minItems": 1, "items": text()}]})
}

fn globs() -> Value {
    texts()
}

fn count(least: u64) -> Value {
    json!({"type": "integer", "minimum": least})
}

fn percent() -> Value {
    json!({"anyOf": [
        {"type": "number", "minimum": 0, "maximum": 100},
        {"type": "string", "pattern": "^[0-9]{1,3}(\\.[0-9]{1,2})? ?%?$"},
    ]})
}

fn date() -> Value {
    json!({"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"})
}
