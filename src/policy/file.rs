//! One policy file of a repository, exactly as written.

use super::base_snapshot::{self, BaseSnapshot};
use super::beside::{self, Beside};
use super::entries::{Allowed, RuleEntry, read_rules};
use super::publish::{self, GatePlace, Publishing};
use super::reader::{Reader, quoted};
use super::yaml::{Node, Value};
use super::{ReportEntry, reports, suggest, waivers, yaml};
use crate::diagnostic::{Code, Diagnostic, Origin};
use crate::paths::PathRule;
use crate::rules::{self, Globs, Pattern, Quarantined, Reproduce, Waiver};
use std::collections::BTreeMap;

/// A policy file without mistakes.
#[derive(Clone, Debug, Default)]
pub struct PolicyFile {
    /// The rules that it names, in its order.
    pub rules: Vec<RuleEntry>,
    /// `paths:`.
    pub overlays: Vec<OverlayEntry>,
    /// `branches:`.
    pub branches: Vec<BranchEntry>,
    /// `reports:`.
    pub reports: BTreeMap<String, ReportEntry>,
    /// `reproduce:`.
    pub reproduce: Reproduce,
    /// `owners:`, as written.
    pub owners: Vec<String>,
    /// `summary.thanks`, if the file says it.
    pub thanks: Option<bool>,
    /// `base-snapshot:`.
    pub base_snapshot: BaseSnapshot,
    /// `exclude:`.
    pub exclude: Globs,
    /// `include:`.
    pub include: Globs,
    /// `path-rules:`.
    pub path_rules: Vec<PathRule>,
    /// `waivers:`, whether they still hold or not.
    pub waivers: Vec<Waiver>,
    /// `quarantine:`, whether it still holds or not.
    pub quarantine: Vec<Quarantined>,
    /// Files that stand beside the policy, and belong to it: `vex:`, `kev:`, `epss:`.
    pub beside: Vec<Beside>,
    /// `vex-max-days:`, if the file says it.
    pub vex_max_days: Option<u64>,
    /// `gate:`, if the file says it.
    pub gate: Option<GatePlace>,
    /// `publish:`.
    pub publish: Publishing,
    /// `extends:`, the repository of the organisation's policy, and where it stands.
    pub extends: Option<(String, Origin)>,
}

/// One entry of `paths:`.
#[derive(Clone, Debug)]
pub struct OverlayEntry {
    /// `match:`.
    pub globs: Globs,
    /// `suites:`.
    pub suites: Vec<Pattern>,
    /// `rules:`.
    pub rules: Vec<RuleEntry>,
    /// Where the entry stands.
    pub origin: Origin,
}

/// One entry of `branches:`: what changes to some branches must reach beside. It never asks for less.
#[derive(Clone, Debug)]
pub struct BranchEntry {
    /// `match:`, globs of the branch that a change goes to.
    pub globs: Globs,
    /// `rules:`.
    pub rules: Vec<RuleEntry>,
}

const KEYS: &[&str] = &[
    "version",
    "reports",
    "rules",
    "paths",
    "branches",
    "waivers",
    "quarantine",
    "vex",
    "vex-max-days",
    "kev",
    "epss",
    "base-snapshot",
    "reproduce",
    "owners",
    "summary",
    "exclude",
    "include",
    "path-rules",
    "extends",
    "gate",
    "publish",
];
/// Keys of the design that this version does not have.
const PLANNED: &[&str] = &["retries"];
/// Keys that an organisation's file has and a repository's has not.
const OF_ORGANISATION: &[&str] = &["defaults", "floor", "locked", "groups", "limits", "rollout"];

/// Reads a policy file. `file_name` is what people know the file as; it stands in every origin.
///
/// # Errors
/// Everything that is wrong with the file, sorted by place. A file with a mistake is no policy.
pub fn parse(text: &str, file_name: &str) -> Result<PolicyFile, Vec<Diagnostic>> {
    parse_committed(text, file_name, "")
}

/// The same for a file of a commit, which then stands in every origin too.
///
/// # Errors
/// As [`parse`].
pub fn parse_committed(text: &str, file_name: &str, commit: &str) -> Result<PolicyFile, Vec<Diagnostic>> {
    let root = yaml::read(text, file_name)?;
    let mut reader = Reader::new(file_name, commit);
    let file = read_file(&mut reader, &root);
    let errors = reader.into_errors();
    if errors.is_empty() { Ok(file) } else { Err(errors) }
}

fn read_file(reader: &mut Reader<'_>, root: &Node) -> PolicyFile {
    let mut file = PolicyFile::default();
    reader.version(root);
    for (key, node) in reader.map(root, "a policy", "version: 1") {
        match key.text.as_str() {
            "version" => {}
            "reports" => file.reports = reports::read(reader, node),
            "rules" => file.rules = read_rules(reader, node, Allowed::All),
            "paths" => file.overlays = read_overlays(reader, node),
            "branches" => file.branches = read_branches(reader, node),
            "reproduce" => file.reproduce = read_reproduce(reader, node),
            "owners" => {
                let owners = reader.texts(node, "`owners`");
                file.owners = owners.into_iter().map(|(_, owner)| owner.to_owned()).collect();
            }
            "summary" => file.thanks = read_summary(reader, node),
            "waivers" => file.waivers = waivers::read(reader, node),
            "quarantine" => file.quarantine = waivers::read_quarantine(reader, node),
            "vex" | "kev" | "epss" => file.beside.extend(beside::read(reader, key, node)),
            "vex-max-days" => file.vex_max_days = reader.count(node, "`vex-max-days`"),
            "extends" => file.extends = read_extends(reader, node),
            "gate" => file.gate = publish::read_gate(reader, node),
            "publish" => file.publish = publish::read(reader, node),
            "base-snapshot" => file.base_snapshot = base_snapshot::read(reader, node),
            "exclude" => file.exclude = reader.globs(node, "`exclude`"),
            "path-rules" => file.path_rules = read_path_rules(reader, node),
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
            text if OF_ORGANISATION.contains(&text) => {
                let message =
                    format!("`{text}` belongs into the organisation's policy, not into a repository's");
                reader.error(
                    Code::UnknownKey,
                    key.place,
                    message,
                    "remove it, or write it into the organisation's `org.yml`",
                );
            }
            _ => reader.unknown_key(key, "a policy", KEYS, PLANNED),
        }
    }
    file
}

/// `owner/repository` of the organisation's policy; with it, a policy that cannot be read is no verdict
/// (DECISIONS 6).
fn read_extends(reader: &mut Reader<'_>, node: &Node) -> Option<(String, Origin)> {
    let text = reader.text(node, "`extends`")?;
    let plain = |part: &str| {
        !matches!(part, "" | "." | "..")
            && part.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
    };
    match text.split_once('/') {
        Some((owner, name)) if plain(owner) && plain(name) => {
            Some((text.to_owned(), reader.origin(node.place)))
        }
        _ => {
            let help = "name the repository of the organisation's policy: `extends: acme/.tollgate`";
            reader.error(Code::BadValue, node.place, format!("`{text}` is no repository"), help);
            None
        }
    }
}

/// The most rules that a policy has.
const MOST_PATH_RULES: usize = 100;

fn read_path_rules(reader: &mut Reader<'_>, node: &Node) -> Vec<PathRule> {
    let mut rules = Vec::new();
    for (place, text) in reader.texts(node, "`path-rules`") {
        match PathRule::new(text) {
            Ok(_) if rules.len() == MOST_PATH_RULES => {
                let message = format!("a policy has at most {MOST_PATH_RULES} path rules");
                reader.error(Code::BadValue, place, message, "use `*` for any one folder");
                break;
            }
            Ok(rule) => rules.push(rule),
            Err(error) => {
                let help = "write `FROM => TO`: `/build => src`, `com/acme => app/src/com/acme`, `/gen => -`";
                reader.error(Code::BadValue, place, format!("`{text}` is no path rule: {error}"), help);
            }
        }
    }
    rules
}

fn read_overlays(reader: &mut Reader<'_>, node: &Node) -> Vec<OverlayEntry> {
    let example = "- { match: [\"src/core/**\"], rules: { coverage.changed: { min: 95 } } }";
    let mut overlays = Vec::new();
    for item in reader.list(node, "`paths`", example) {
        let (mut globs, mut suites, mut rules) = (None, None, None);
        let is_map = matches!(item.value, Value::Map(_));
        for (key, value) in reader.map(item, "an entry of `paths`", example) {
            match key.text.as_str() {
                "match" => globs = Some(reader.globs(value, "`match`")),
                "suites" => suites = Some(reader.texts(value, "`suites`")),
                "rules" => rules = Some(value),
                _ => reader.unknown_key(key, "an entry of `paths`", &["match", "suites", "rules"], &["when"]),
            }
        }
        for (key, missing) in [("match", globs.is_none() && suites.is_none()), ("rules", rules.is_none())] {
            if is_map && missing {
                let message = format!("the entry of `paths` has no `{key}`");
                reader.error(Code::MissingKey, item.place, message, format!("write it like `{example}`"));
            }
        }
        let allowed = if suites.is_some() { Allowed::OfTests } else { Allowed::ByPath };
        let rules = rules.map(|value| read_rules(reader, value, allowed));
        if let (true, Some(rules)) = (globs.is_some() || suites.is_some(), rules) {
            let suites = suites.unwrap_or_default().into_iter().map(|(_, text)| Pattern::new(text)).collect();
            let origin = reader.origin(item.place);
            overlays.push(OverlayEntry { globs: globs.unwrap_or_default(), suites, rules, origin });
        }
    }
    overlays
}

fn read_branches(reader: &mut Reader<'_>, node: &Node) -> Vec<BranchEntry> {
    let example = "- { match: [\"release/*\"], rules: { coverage.changed: { min: 90 } } }";
    let mut branches = Vec::new();
    for item in reader.list(node, "`branches`", example) {
        let (mut globs, mut rules) = (None, None);
        let is_map = matches!(item.value, Value::Map(_));
        for (key, value) in reader.map(item, "an entry of `branches`", example) {
            match key.text.as_str() {
                "match" => globs = Some(reader.globs(value, "`match`")),
                "rules" => rules = Some(read_rules(reader, value, Allowed::All)),
                _ => reader.unknown_key(key, "an entry of `branches`", &["match", "rules"], &[]),
            }
        }
        for (key, missing) in [("match", globs.is_none()), ("rules", rules.is_none())] {
            if is_map && missing {
                let message = format!("the entry of `branches` has no `{key}`");
                reader.error(Code::MissingKey, item.place, message, format!("write it like `{example}`"));
            }
        }
        if let (Some(globs), Some(rules)) = (globs, rules) {
            branches.push(BranchEntry { globs, rules });
        }
    }
    branches
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

/// `summary: { thanks: false }` turns off the one line at somebody's first pull request that passes.
fn read_summary(reader: &mut Reader<'_>, node: &Node) -> Option<bool> {
    let mut thanks = None;
    for (key, value) in reader.map(node, "`summary`", "summary: { thanks: false }") {
        match key.text.as_str() {
            "thanks" => thanks = reader.flag(value, "`thanks`"),
            _ => reader.unknown_key(key, "`summary`", &["thanks"], &[]),
        }
    }
    thanks
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
