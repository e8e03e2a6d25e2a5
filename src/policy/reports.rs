//! The contract: `reports:` of a policy file.

use super::reader::Reader;
use super::suggest;
use super::yaml::{Node, Place, Value};
use super::{Absent, ReportEntry, Shards};
use crate::diagnostic::Code;
use crate::formats;
use crate::model::{Kind, ScanClass, ScanClasses};
use crate::rules::Globs;
use std::collections::BTreeMap;

const KEYS: &[&str] = &[
    "kind", "path", "format", "workflow", "artifact", "at-least", "shards", "jobs", "when", "absent",
    "tracked", "class",
];
const EXAMPLE: &str = "unit: { kind: tests, path: \"**/junit*.xml\" }";
const KINDS: [Kind; 3] = [Kind::Tests, Kind::Coverage, Kind::Scan];

/// Reads `reports:`.
pub(super) fn read(reader: &mut Reader<'_>, node: &Node) -> BTreeMap<String, ReportEntry> {
    let mut entries = BTreeMap::new();
    for (key, node) in reader.map(node, "`reports`", EXAMPLE) {
        if !is_name(&key.text) {
            let message = format!("`{}` is no name of an entry", key.text);
            reader.error(
                Code::BadValue,
                key.place,
                message,
                "a name has letters, digits, `-`, `_` and `.`, at most 60",
            );
        }
        if let Some(entry) = read_entry(reader, key.place, node) {
            entries.insert(key.text.clone(), entry);
        }
    }
    entries
}

fn is_name(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    !text.is_empty() && text.len() <= 60 && text.chars().all(plain)
}

fn read_entry(reader: &mut Reader<'_>, place: Place, node: &Node) -> Option<ReportEntry> {
    let (mut kind, mut path, mut format) = (None, None, None);
    let (mut at_least, mut absent, mut tracked) = (1, Absent::Required, false);
    let (mut shards, mut jobs, mut when) = (None, None, Globs::none());
    let (mut workflow, mut artifact) = (Globs::none(), Globs::none());
    let (mut carried_at, mut classes, mut classes_at) = (None, ScanClasses::NONE, None);
    let is_map = matches!(node.value, Value::Map(_));
    for (key, value) in reader.map(node, "an entry of `reports`", EXAMPLE) {
        match key.text.as_str() {
            "kind" => kind = Some(read_kind(reader, value)),
            "path" => path = Some(reader.globs(value, "`path`")),
            "format" => format = read_format(reader, value),
            "workflow" => workflow = reader.globs(value, "`workflow`"),
            "artifact" => artifact = reader.globs(value, "`artifact`"),
            "at-least" => at_least = read_count(reader, value),
            "shards" => shards = read_shards(reader, value),
            "jobs" => jobs = Some((reader.globs(value, "`jobs`"), value.place)),
            "when" => when = read_when(reader, value),
            "absent" => {
                absent = read_absent(reader, value);
                carried_at = (absent == Absent::Carried).then_some(value.place);
            }
            "tracked" => tracked = reader.flag(value, "`tracked`").unwrap_or(false),
            "class" => (classes, classes_at) = (read_classes(reader, value), Some(value.place)),
            _ => reader.unknown_key(key, "an entry of `reports`", KEYS, &[]),
        }
    }
    if is_map && kind.is_none() {
        let help = "add `kind: tests`, `kind: coverage` or `kind: scan`";
        reader.error(Code::MissingKey, place, "the entry does not say which kind of report it is", help);
    }
    if is_map && path.is_none() {
        let help = "add `path:` with a glob from the root";
        reader.error(Code::MissingKey, place, "the entry does not say where its reports are", help);
    }
    if let Some(place) = carried_at.filter(|_| when.is_empty()) {
        let help = "add `when: { changed: [globs] }` with the files that decide about these reports";
        let message = "`absent: carried` does not say which changes the reports are due for";
        reader.error(Code::MissingKey, place, message, help);
    }
    let shards = match (shards, jobs) {
        (Some(Shards::Jobs(_)), Some((names, _))) => Some(Shards::Jobs(names)),
        (shards, None) => shards,
        (shards, Some((_, place))) => {
            let help = "write `shards: jobs` beside it, or remove `jobs`";
            reader.error(
                Code::BadValue,
                place,
                "`jobs` names who writes a shard, and nothing counts them",
                help,
            );
            shards
        }
    };
    let (kind, path): (Kind, Globs) = (kind.flatten()?, path?);
    let format = format.and_then(|(format, place): (&'static formats::Format, Place)| {
        if format.kind == kind {
            return Some(format.id.to_owned());
        }
        let message =
            format!("`{}` is a format of kind `{}`, not `{}`", format.id, format.kind.word(), kind.word());
        reader.error(Code::BadValue, place, message, "correct `kind` or `format`");
        None
    });
    if let Some(place) = classes_at.filter(|_| kind != Kind::Scan) {
        let message =
            format!("`class` says what a scanner looks for, and the entry is of kind `{}`", kind.word());
        reader.error(Code::BadValue, place, message, "correct `kind`, or remove `class`");
    }
    let origin = reader.origin(place);
    Some(ReportEntry {
        kind,
        path,
        format,
        workflow,
        artifact,
        at_least,
        shards,
        when,
        absent,
        tracked,
        classes,
        origin,
    })
}

fn read_kind(reader: &mut Reader<'_>, node: &Node) -> Option<Kind> {
    let text = reader.text(node, "`kind`")?;
    let found = KINDS.into_iter().find(|kind| kind.word() == text);
    if found.is_none() {
        let help = suggest::help(text, KINDS.map(Kind::word), "a kind is `tests`, `coverage` or `scan`");
        reader.error(Code::BadValue, node.place, format!("no kind of report is called `{text}`"), help);
    }
    found
}

/// One class or a list of them.
fn read_classes(reader: &mut Reader<'_>, node: &Node) -> ScanClasses {
    let mut classes = Vec::new();
    for (place, text) in reader.texts(node, "`class`") {
        match ScanClass::ALL.into_iter().find(|class| class.word() == text) {
            Some(class) => classes.push(class),
            None => {
                let words = ScanClass::ALL.map(ScanClass::word);
                let help = suggest::help(text, words, &format!("write some of {}", words.join(", ")));
                reader.error(Code::BadValue, place, format!("no class of findings is called `{text}`"), help);
            }
        }
    }
    classes.into_iter().collect()
}

fn read_format(reader: &mut Reader<'_>, node: &Node) -> Option<(&'static formats::Format, Place)> {
    let text = reader.text(node, "`format`")?;
    let found = formats::by_id(text);
    if found.is_none() {
        let ids = formats::all().map(|format| format.id);
        let help = suggest::help(text, ids, "`tollgate formats` lists what is read");
        reader.error(Code::UnknownFormat, node.place, format!("no format is called `{text}`"), help);
    }
    found.map(|format| (format, node.place))
}

fn read_count(reader: &mut Reader<'_>, node: &Node) -> u64 {
    match reader.count(node, "`at-least`") {
        Some(0) => {
            let help = "write at least 1, or `absent: optional` for a report that may be missing";
            reader.error(Code::BadValue, node.place, "`at-least: 0` would ask for nothing", help);
            1
        }
        Some(count) => count,
        None => 1,
    }
}

/// A number of shards, or `jobs`.
fn read_shards(reader: &mut Reader<'_>, node: &Node) -> Option<Shards> {
    match reader.text(node, "`shards`")? {
        "jobs" => Some(Shards::Jobs(Globs::none())),
        _ => match reader.count(node, "`shards`")? {
            0 => {
                let help = "write how many shards must arrive, or `jobs` for one per job";
                reader.error(Code::BadValue, node.place, "`shards: 0` would ask for nothing", help);
                None
            }
            count => Some(Shards::Count(count)),
        },
    }
}

/// `{ changed: [globs] }`
fn read_when(reader: &mut Reader<'_>, node: &Node) -> Globs {
    let example = "when: { changed: [\"crates/parser/**\"] }";
    let mut changed = None;
    let is_map = matches!(node.value, Value::Map(_));
    for (key, value) in reader.map(node, "`when`", example) {
        match key.text.as_str() {
            "changed" => changed = Some(reader.globs(value, "`changed`")),
            _ => reader.unknown_key(key, "`when`", &["changed"], &[]),
        }
    }
    if is_map && changed.is_none() {
        let help = format!("write it like `{example}`");
        reader.error(Code::MissingKey, node.place, "`when` does not say which files must be changed", help);
    }
    changed.unwrap_or_default()
}

fn read_absent(reader: &mut Reader<'_>, node: &Node) -> Absent {
    match reader.text(node, "`absent`") {
        Some("required") | None => Absent::Required,
        Some("optional") => Absent::Optional,
        Some("carried") => Absent::Carried,
        Some(text) => {
            let help = suggest::help(text, Absent::WORDS, "write `required`, `optional` or `carried`");
            reader.error(Code::BadValue, node.place, format!("`absent` is `{text}`"), help);
            Absent::Required
        }
    }
}
