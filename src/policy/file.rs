//! One policy file of a repository, exactly as written.

use super::reader::{Reader, quoted};
use super::yaml::{Key, Node, Value};
use super::{ReportEntry, reports, suggest, yaml};
use crate::diagnostic::{Code, Diagnostic, Origin};
use crate::model::Mode;
use crate::rules::{self, Field, FieldKind, Globs, RULES, Reproduce, RuleSpec, Setting};
use std::collections::BTreeMap;

/// A policy file without mistakes.
#[derive(Clone, Debug, Default)]
pub struct PolicyFile {
    /// The rules that it names, in its order.
    pub rules: Vec<RuleEntry>,
    /// `paths:`.
    pub overlays: Vec<OverlayEntry>,
    /// `reports:`.
    pub reports: BTreeMap<String, ReportEntry>,
    /// `reproduce:`.
    pub reproduce: Reproduce,
    /// `owners:`, as written.
    pub owners: Vec<String>,
    /// `exclude:`.
    pub exclude: Globs,
    /// `include:`.
    pub include: Globs,
}

/// What a file says of one rule. Fields that it leaves out are not here.
#[derive(Clone, Debug)]
pub struct RuleEntry {
    /// Which rule.
    pub spec: &'static RuleSpec,
    /// The mode and where it stands, if the file says one.
    pub mode: Option<(Mode, Origin)>,
    /// The fields that the file sets.
    pub fields: Vec<(&'static str, Setting)>,
    /// Where the rule is named.
    pub origin: Origin,
}

/// One entry of `paths:`.
#[derive(Clone, Debug)]
pub struct OverlayEntry {
    /// `match:`.
    pub globs: Globs,
    /// `rules:`.
    pub rules: Vec<RuleEntry>,
    /// Where the entry stands.
    pub origin: Origin,
}

const KEYS: &[&str] = &["version", "reports", "rules", "paths", "reproduce", "owners", "exclude", "include"];
const PLANNED: &[&str] = &[
    "waivers",
    "quarantine",
    "extends",
    "limits",
    "partials",
    "retries",
    "summary",
    "publish",
    "gate",
    "branches",
    "defaults",
    "floor",
    "locked",
    "groups",
    "rollout",
];
/// Rules of DESIGN 4 that this version does not have.
const PLANNED_RULES: &[&str] = &[
    "tests.removed",
    "tests.flaky",
    "tests.duration",
    "coverage.drop",
    "scan.secrets",
    "scan.exploited",
    "scan.licenses",
    "evidence.grade",
    "change.sensitive",
];
const MODES: [Mode; 4] = [Mode::Off, Mode::Info, Mode::Warn, Mode::Enforce];

/// Reads a policy file. `file_name` is what people know the file as; it stands in every origin.
///
/// # Errors
/// Everything that is wrong with the file, sorted by place. A file with a mistake is no policy.
pub fn parse(text: &str, file_name: &str) -> Result<PolicyFile, Vec<Diagnostic>> {
    let root = yaml::read(text, file_name)?;
    let mut reader = Reader::new(file_name);
    let file = read_file(&mut reader, &root);
    let errors = reader.into_errors();
    if errors.is_empty() { Ok(file) } else { Err(errors) }
}

fn read_file(reader: &mut Reader<'_>, root: &Node) -> PolicyFile {
    let mut file = PolicyFile::default();
    let is_map = matches!(root.value, Value::Map(_));
    let entries = reader.map(root, "a policy", "version: 1");
    for (key, node) in entries {
        match key.text.as_str() {
            "version" => read_version(reader, node),
            "reports" => file.reports = reports::read(reader, node),
            "rules" => file.rules = read_rules(reader, node, false),
            "paths" => file.overlays = read_overlays(reader, node),
            "reproduce" => file.reproduce = read_reproduce(reader, node),
            "owners" => {
                let owners = reader.texts(node, "`owners`");
                file.owners = owners.into_iter().map(|(_, owner)| owner.to_owned()).collect();
            }
            "exclude" => file.exclude = reader.globs(node, "`exclude`"),
            "include" => file.include = reader.globs(node, "`include`"),
            text if rules::by_id(text).is_some() => {
                let message = format!("`{text}` is a rule and stands under `rules:`");
                reader.error(
                    Code::UnknownKey,
                    key.place,
                    message,
                    format!("write `rules: {{ {text}: ... }}`"),
                );
            }
            _ => reader.unknown_key(key, "a policy", KEYS, PLANNED),
        }
    }
    if is_map && !entries.iter().any(|(key, _)| key.text == "version") {
        reader.error(
            Code::MissingKey,
            root.place,
            "the policy does not say its version",
            "begin with `version: 1`",
        );
    }
    file
}

fn read_version(reader: &mut Reader<'_>, node: &Node) {
    match reader.text(node, "`version`") {
        Some("1") | None => {}
        Some(text) => {
            let message = format!("version `{text}` of the policy is not known");
            reader.error(Code::BadValue, node.place, message, "this Tollgate reads `version: 1`");
        }
    }
}

fn read_overlays(reader: &mut Reader<'_>, node: &Node) -> Vec<OverlayEntry> {
    let example = "- { match: [\"src/core/**\"], rules: { coverage.changed: { min: 95 } } }";
    let mut overlays = Vec::new();
    for item in reader.list(node, "`paths`", example) {
        let (mut globs, mut rules) = (None, None);
        let is_map = matches!(item.value, Value::Map(_));
        for (key, value) in reader.map(item, "an entry of `paths`", example) {
            match key.text.as_str() {
                "match" => globs = Some(reader.globs(value, "`match`")),
                "rules" => rules = Some(read_rules(reader, value, true)),
                _ => reader.unknown_key(key, "an entry of `paths`", &["match", "rules"], &["when"]),
            }
        }
        for (key, missing) in [("match", globs.is_none()), ("rules", rules.is_none())] {
            if is_map && missing {
                let message = format!("the entry of `paths` has no `{key}`");
                reader.error(Code::MissingKey, item.place, message, format!("write it like `{example}`"));
            }
        }
        if let (Some(globs), Some(rules)) = (globs, rules) {
            overlays.push(OverlayEntry { globs, rules, origin: reader.origin(item.place) });
        }
    }
    overlays
}

/// Reads a table of rules; under `paths` only those that judge files.
fn read_rules(reader: &mut Reader<'_>, node: &Node, by_path: bool) -> Vec<RuleEntry> {
    let mut entries = Vec::new();
    for (key, value) in reader.map(node, "`rules`", "rules: { tests.failed: { max: 0 } }") {
        let Some(spec) = rules::by_id(&key.text) else {
            unknown_rule(reader, key);
            continue;
        };
        if by_path && !spec.by_path {
            let ids: Vec<&str> = RULES.iter().filter(|rule| rule.by_path).map(|rule| rule.id).collect();
            let message = format!("`{}` judges no single files, so it cannot differ by path", spec.id);
            reader.error(Code::BadValue, key.place, message, format!("by path there are {}", quoted(&ids)));
            continue;
        }
        entries.push(read_rule(reader, key, spec, value));
    }
    entries
}

fn unknown_rule(reader: &mut Reader<'_>, key: &Key) {
    let text = &key.text;
    let help = if PLANNED_RULES.contains(&text.as_str()) {
        format!("this version does not know `{text}` yet; `tollgate rules` lists all rules")
    } else {
        let ids = RULES.iter().map(|rule| rule.id);
        suggest::help(text, ids, "`tollgate rules` lists all rules")
    };
    reader.error(Code::UnknownPolicyRule, key.place, format!("no rule is called `{text}`"), help);
}

fn read_rule(reader: &mut Reader<'_>, key: &Key, spec: &'static RuleSpec, node: &Node) -> RuleEntry {
    let mut entry = RuleEntry { spec, mode: None, fields: Vec::new(), origin: reader.origin(key.place) };
    let example = spec.fields.first().map_or(format!("{}: {{ mode: warn }}", spec.id), |field| {
        let value = field.default.unwrap_or(match field.kind {
            FieldKind::Percent => "80",
            FieldKind::Count => "0",
            FieldKind::Flag => "true",
            FieldKind::Word(words) => words.first().copied().unwrap_or("word"),
            FieldKind::Globs => "[\"glob\"]",
        });
        format!("{}: {{ {}: {value} }}", spec.id, field.key)
    });
    for (key, value) in reader.map(node, &format!("`{}`", spec.id), &example) {
        if key.text == "mode" {
            entry.mode = read_mode(reader, value).map(|mode| (mode, reader.origin(key.place)));
            continue;
        }
        let Some(field) = spec.field(&key.text) else {
            let known: Vec<&str> =
                spec.fields.iter().map(|field| field.key).chain(std::iter::once("mode")).collect();
            reader.unknown_key(key, &format!("`{}`", spec.id), &known, &[]);
            continue;
        };
        if let Some(value) = read_value(reader, field, value) {
            let origin = reader.origin(key.place);
            entry.fields.push((field.key, Setting { value, origin }));
        }
    }
    entry
}

fn read_mode(reader: &mut Reader<'_>, node: &Node) -> Option<Mode> {
    let text = reader.text(node, "`mode`")?;
    let found = MODES.into_iter().find(|mode| mode.word() == text);
    if found.is_none() {
        let help = suggest::help(text, MODES.map(Mode::word), "a mode is `enforce`, `warn`, `info` or `off`");
        reader.error(Code::BadValue, node.place, format!("no mode is called `{text}`"), help);
    }
    found
}

fn read_value(reader: &mut Reader<'_>, field: &'static Field, node: &Node) -> Option<rules::Value> {
    let what = format!("`{}`", field.key);
    if field.kind == FieldKind::Globs {
        return Some(rules::Value::Globs(reader.globs(node, &what).patterns().to_vec()));
    }
    if !matches!(node.value, Value::Scalar { .. }) {
        let message =
            format!("{what} is {}, not {}", field.kind.expected(), super::reader::form(&node.value));
        reader.error(Code::WrongType, node.place, message, "");
        return None;
    }
    let text = reader.text(node, &what)?;
    match field.kind.read(text) {
        Ok(value) => Some(value),
        Err(expected) => {
            let help = match field.kind {
                FieldKind::Word(words) => suggest::help(text, words.iter().copied(), field.doc),
                _ => field.doc.to_owned(),
            };
            reader.error(Code::BadValue, node.place, format!("{what} is `{text}`: {expected}"), help);
            None
        }
    }
}

fn read_reproduce(reader: &mut Reader<'_>, node: &Node) -> Reproduce {
    let mut reproduce = Reproduce::default();
    let known = ["tests", "tests-file", "coverage"];
    for (key, value) in reader.map(node, "`reproduce`", "reproduce: { tests: \"cargo test {name}\" }") {
        let command = match key.text.as_str() {
            "tests" => &mut reproduce.tests,
            "tests-file" => &mut reproduce.tests_file,
            "coverage" => &mut reproduce.coverage,
            _ => {
                reader.unknown_key(key, "`reproduce`", &known, &["install"]);
                continue;
            }
        };
        *command = read_command(reader, &key.text, value);
    }
    reproduce
}

fn read_command(reader: &mut Reader<'_>, key: &str, node: &Node) -> Option<String> {
    let text = reader.text(node, &format!("`{key}`"))?;
    let allowed: &[&str] = match key {
        "tests" => &["name", "file", "class"],
        "tests-file" => &["file", "class"],
        _ => &[],
    };
    for word in placeholders(text) {
        if allowed.contains(&word) {
            continue;
        }
        let help = match allowed {
            [] => "this command stands as it is, without placeholders".to_owned(),
            _ => suggest::help(
                word,
                allowed.iter().copied(),
                &format!("`{key}` has the placeholders {}", quoted(allowed)),
            ),
        };
        reader.error(Code::BadValue, node.place, format!("`{{{word}}}` is no placeholder of `{key}`"), help);
    }
    Some(text.to_owned())
}

/// Words in braces that are no variables of a shell (`${HOME}`).
fn placeholders(text: &str) -> impl Iterator<Item = &str> {
    text.match_indices('{').filter_map(|(at, _)| {
        let before = text.get(..at)?;
        let (word, _) = text.get(at + 1..)?.split_once('}')?;
        let plain =
            !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b == b'-' || b == b'_');
        (plain && !before.ends_with('$')).then_some(word)
    })
}
