//! Tables of rules, as every kind of policy file has them.

use super::reader::{Reader, form, quoted};
use super::suggest;
use super::yaml::{Key, Node, Value};
use crate::diagnostic::{Code, Origin};
use crate::model::{Date, Kind, Mode};
use crate::rules::{self, Field, FieldKind, RULES, RuleSpec, Setting};

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

/// What an organisation's file says of one rule.
#[derive(Clone, Debug)]
pub struct OrgEntry {
    /// The rule, its mode and fields.
    pub rule: RuleEntry,
    /// Before this day the entry only warns.
    pub enforce_from: Option<Date>,
    /// When the entry was added, where the organisation says so.
    pub since: Option<Date>,
    /// False if no waiver of a repository lifts the rule.
    pub waivable: bool,
}

pub(super) const MODES: [Mode; 4] = [Mode::Off, Mode::Info, Mode::Warn, Mode::Enforce];

/// Which rules may stand in a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Allowed {
    /// All rules.
    All,
    /// Those that judge files.
    ByPath,
    /// Those that judge single tests.
    OfTests,
}

impl Allowed {
    fn takes(self, spec: &RuleSpec) -> bool {
        match self {
            Self::All => true,
            Self::ByPath => spec.by_path,
            Self::OfTests => spec.by_path && spec.kind == Some(Kind::Tests),
        }
    }
}

/// Reads a table of rules of a repository.
pub(super) fn read_rules(reader: &mut Reader<'_>, node: &Node, allowed: Allowed) -> Vec<RuleEntry> {
    let mut entries = Vec::new();
    for (key, value) in reader.map(node, "`rules`", "rules: { tests.failed: { max: 0 } }") {
        let Some(spec) = known_rule(reader, key) else { continue };
        if !allowed.takes(spec) {
            let ids: Vec<&str> =
                RULES.iter().filter(|rule| allowed.takes(rule)).map(|rule| rule.id).collect();
            let (what, by) = match allowed {
                Allowed::OfTests => ("tests", "suite"),
                Allowed::All | Allowed::ByPath => ("files", "path"),
            };
            let message = format!("`{}` judges no single {what}, so it cannot differ by {by}", spec.id);
            reader.error(Code::BadValue, key.place, message, format!("by {by} there are {}", quoted(&ids)));
            continue;
        }
        entries.push(read_rule(reader, key, spec, value, &[], &mut |_, _, _| {}));
    }
    entries
}

/// Reads a table of rules of an organisation: `defaults`, `floor` or `locked`.
pub(super) fn read_org_rules(reader: &mut Reader<'_>, node: &Node, what: &str) -> Vec<OrgEntry> {
    let mut entries = Vec::new();
    for (key, value) in
        reader.map(node, &format!("`{what}`"), &format!("{what}: {{ tests.failed: {{ max: 0 }} }}"))
    {
        let Some(spec) = known_rule(reader, key) else { continue };
        let (mut enforce_from, mut since, mut waivable) = (None, None, true);
        let more = ["enforce-from", "since", "waivable"];
        let rule =
            read_rule(reader, key, spec, value, &more, &mut |reader, key, node| match key.text.as_str() {
                "enforce-from" => enforce_from = reader.date(node, "`enforce-from`"),
                "since" => since = reader.date(node, "`since`"),
                _ => waivable = reader.flag(node, "`waivable`").unwrap_or(true),
            });
        entries.push(OrgEntry { rule, enforce_from, since, waivable });
    }
    entries
}

/// The rule that a key names; an error if there is none.
pub(super) fn known_rule(reader: &mut Reader<'_>, key: &Key) -> Option<&'static RuleSpec> {
    let text = &key.text;
    let found = rules::by_id(text);
    if found.is_none() {
        let ids = RULES.iter().map(|rule| rule.id);
        let help = suggest::help(text, ids, "`tollgate rules` lists all rules");
        reader.error(Code::UnknownPolicyRule, key.place, format!("no rule is called `{text}`"), help);
    }
    found
}

/// Reads one rule; keys in `more` go to `read_more`.
fn read_rule<'n>(
    reader: &mut Reader<'_>,
    key: &Key,
    spec: &'static RuleSpec,
    node: &'n Node,
    more: &[&str],
    read_more: &mut dyn FnMut(&mut Reader<'_>, &'n Key, &'n Node),
) -> RuleEntry {
    let mut entry = RuleEntry { spec, mode: None, fields: Vec::new(), origin: reader.origin(key.place) };
    for (key, value) in reader.map(node, &format!("`{}`", spec.id), &example(spec)) {
        if key.text == "mode" {
            entry.mode = read_mode(reader, value).map(|mode| (mode, reader.origin(key.place)));
        } else if more.contains(&key.text.as_str()) {
            read_more(reader, key, value);
        } else if let Some(field) = spec.field(&key.text) {
            if let Some(value) = read_value(reader, field, value) {
                entry.fields.push((field.key, Setting { value, origin: reader.origin(key.place) }));
            }
        } else {
            let fields = spec.fields.iter().map(|field| field.key);
            let known: Vec<&str> =
                fields.chain(std::iter::once("mode")).chain(more.iter().copied()).collect();
            reader.unknown_key(key, &format!("`{}`", spec.id), &known, &[]);
        }
    }
    entry
}

fn example(spec: &RuleSpec) -> String {
    let Some(field) = spec.fields.first() else { return format!("{}: {{ mode: warn }}", spec.id) };
    let value = field.default.unwrap_or(match field.kind {
        FieldKind::Percent => "80",
        FieldKind::Count => "0",
        FieldKind::Flag => "true",
        FieldKind::Word(words) | FieldKind::Words(words) => words.first().copied().unwrap_or("word"),
        FieldKind::Globs => "[\"glob\"]",
    });
    format!("{}: {{ {}: {value} }}", spec.id, field.key)
}

pub(super) fn read_mode(reader: &mut Reader<'_>, node: &Node) -> Option<Mode> {
    let text = reader.text(node, "`mode`")?;
    let found = MODES.into_iter().find(|mode| mode.word() == text);
    if found.is_none() {
        let help = suggest::help(text, MODES.map(Mode::word), "a mode is `enforce`, `warn`, `info` or `off`");
        reader.error(Code::BadValue, node.place, format!("no mode is called `{text}`"), help);
    }
    found
}

/// Reads the value of a field.
pub(super) fn read_value(
    reader: &mut Reader<'_>,
    field: &'static Field,
    node: &Node,
) -> Option<rules::Value> {
    let what = format!("`{}`", field.key);
    if field.kind == FieldKind::Globs {
        return Some(rules::Value::Globs(reader.globs(node, &what).patterns().to_vec()));
    }
    if let FieldKind::Words(words) = field.kind {
        let mut good = Vec::new();
        for (place, text) in reader.texts(node, &what) {
            if text == "all" || words.contains(&text) {
                good.push(text);
                continue;
            }
            let help = suggest::help(text, words.iter().copied(), field.doc);
            let expected = field.kind.expected();
            reader.error(Code::BadValue, place, format!("{what} is `{text}`: expected {expected}"), help);
        }
        return rules::some_of(words, good).ok();
    }
    if !matches!(node.value, Value::Scalar { .. }) {
        let message = format!("{what} is {}, not {}", field.kind.expected(), form(&node.value));
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
