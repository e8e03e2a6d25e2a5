//! `waivers:` and `quarantine:` of a policy file.

use super::entries;
use super::org;
use super::reader::Reader;
use super::suggest;
use super::yaml::{Key, Node, Place, Value};
use crate::diagnostic::{Code, Origin};
use crate::model::{Date, Kind, Severity};
use crate::rules::{self, Covered, Globs, Pattern, Quarantined, RuleSpec, Setting, VersionRange, Waiver};

/// A waiver of an organisation: for some repositories, and possibly another value instead of none.
#[derive(Clone, Debug)]
pub struct OrgWaiver {
    /// Globs of the names of the repositories.
    pub repo: Globs,
    /// What it lifts.
    pub waiver: Waiver,
    /// The value that holds instead, for one field of the rule.
    pub relief: Option<(&'static str, Setting)>,
}

impl OrgWaiver {
    /// True if it is for the repository of this name.
    pub fn is_for(&self, name: &str) -> bool {
        org::is_named(&self.repo, name)
    }
}

const KEYS: &[&str] = &["rule", "match", "owner", "reason", "expires"];
const ORG_KEYS: &[&str] = &["repo", "rule", "field", "value", "match", "owner", "reason", "expires"];
const COVERED: &[&str] = &["id", "path", "package", "versions", "fingerprint", "severity", "test"];
const EXAMPLE: &str = "- { rule: scan.new, match: { id: CVE-2026-1234 }, owner: \"@acme/sec\", reason: unreachable, expires: 2027-01-31 }";
const QUARANTINE: &str =
    "- { test: \"ledger::sync\", owner: \"@acme/core\", reason: \"flaky, #812\", expires: 2027-01-15 }";

/// What every exemption must say.
#[derive(Default)]
struct Answerable {
    owner: Option<String>,
    reason: Option<String>,
    expires: Option<Date>,
    /// True if a value stood there and was wrong, so that it is not missing too.
    wrong: Vec<&'static str>,
}

impl Answerable {
    /// Reads one of the three keys; false if it is none of them.
    fn read(&mut self, reader: &mut Reader<'_>, key: &Key, node: &Node) -> bool {
        match key.text.as_str() {
            "owner" => self.owner = self.noted("owner", reader.text(node, "`owner`").map(str::to_owned)),
            "reason" => self.reason = self.noted("reason", reader.text(node, "`reason`").map(str::to_owned)),
            "expires" => self.expires = self.noted("expires", reader.date(node, "`expires`")),
            _ => return false,
        }
        true
    }

    fn noted<T>(&mut self, key: &'static str, value: Option<T>) -> Option<T> {
        if value.is_none() {
            self.wrong.push(key);
        }
        value
    }

    /// All three, or errors for those that are missing.
    fn all(self, reader: &mut Reader<'_>, place: Place, what: &str) -> Option<(String, String, Date)> {
        let there = [
            ("owner", self.owner.is_some(), "add `owner:` with who answers for it"),
            ("reason", self.reason.is_some(), "add `reason:` in a few words"),
            ("expires", self.expires.is_some(), "add `expires:` with its last day, such as 2027-01-31"),
        ];
        for (key, there, help) in there {
            if !there && !self.wrong.contains(&key) {
                reader.error(Code::MissingKey, place, format!("{what} has no `{key}`"), help);
            }
        }
        Some((self.owner?, self.reason?, self.expires?))
    }
}

/// Reads `waivers:` of a repository.
pub(super) fn read(reader: &mut Reader<'_>, node: &Node) -> Vec<Waiver> {
    let items = reader.list(node, "`waivers`", EXAMPLE);
    items.iter().filter_map(|item| read_one(reader, item, false)).map(|waiver| waiver.waiver).collect()
}

/// Reads `waivers:` of an organisation.
pub(super) fn read_org(reader: &mut Reader<'_>, node: &Node) -> Vec<OrgWaiver> {
    let items = reader.list(node, "`waivers`", EXAMPLE);
    items.iter().filter_map(|item| read_one(reader, item, true)).collect()
}

fn read_one(reader: &mut Reader<'_>, item: &Node, of_org: bool) -> Option<OrgWaiver> {
    let (mut rule, mut covered, mut repo) = (None, None, None);
    let (mut field, mut value) = (None, None);
    let mut answerable = Answerable::default();
    let mut is_wrong = false;
    for (key, node) in reader.map(item, "a waiver", EXAMPLE) {
        match key.text.as_str() {
            "rule" => {
                rule = read_rule(reader, node);
                is_wrong |= rule.is_none();
            }
            "match" => {
                covered = read_covered(reader, node);
                is_wrong |= covered.is_none();
            }
            "repo" if of_org => repo = Some(org::names(reader.globs(node, "`repo`"))),
            "field" if of_org => field = reader.text(node, "`field`").map(|text| (text, node.place)),
            "value" if of_org => value = Some(node),
            _ if answerable.read(reader, key, node) => {}
            _ => reader.unknown_key(key, "a waiver", if of_org { ORG_KEYS } else { KEYS }, &[]),
        }
    }
    if !matches!(item.value, Value::Map(_)) {
        return None;
    }
    if rule.is_none() && !is_wrong {
        reader.error(
            Code::MissingKey,
            item.place,
            "the waiver does not say which rule it lifts",
            "add `rule:`",
        );
    }
    if of_org && repo.is_none() {
        let help = "add `repo:` with the name of the repository, or a glob of names";
        reader.error(
            Code::MissingKey,
            item.place,
            "the waiver does not say which repository it is for",
            help,
        );
    }
    let answers = answerable.all(reader, item.place, "the waiver");
    let rule = rule?;
    check_covered(reader, item.place, rule, covered.as_ref());
    let relief = read_relief(reader, rule, field, value);
    let (owner, reason, expires) = answers?;
    if is_wrong {
        return None;
    }
    let waiver =
        Waiver { rule: rule.id, what: covered, owner, reason, expires, origin: reader.origin(item.place) };
    Some(OrgWaiver { repo: repo.unwrap_or_default(), waiver, relief })
}

fn read_rule(reader: &mut Reader<'_>, node: &Node) -> Option<&'static RuleSpec> {
    let text = reader.text(node, "`rule`")?;
    let key = Key { text: text.to_owned(), place: node.place };
    let rule = entries::known_rule(reader, &key)?;
    if !rule.waivable {
        let message =
            format!("`{}` cannot be waived: without evidence nobody knows what would be lifted", rule.id);
        reader.error(
            Code::BadValue,
            node.place,
            message,
            "repair what it complains about, or set its `mode`",
        );
        return None;
    }
    Some(rule)
}

fn read_covered(reader: &mut Reader<'_>, node: &Node) -> Option<Covered> {
    let mut covered = Covered::default();
    let mut is_wrong = !matches!(node.value, Value::Map(_));
    for (key, value) in reader.map(node, "`match`", "match: { id: CVE-2026-1234, path: Cargo.lock }") {
        let what = format!("`{}`", key.text);
        let text = |reader: &mut Reader<'_>| reader.text(value, &what).map(str::to_owned);
        match key.text.as_str() {
            "id" => covered.id = text(reader),
            "path" => covered.path = Some(reader.globs(value, &what)),
            "package" => covered.package = text(reader),
            "versions" => {
                covered.versions = read_versions(reader, value);
                is_wrong |= covered.versions.is_none();
            }
            "fingerprint" => {
                covered.fingerprint = read_fingerprint(reader, value);
                is_wrong |= covered.fingerprint.is_none();
            }
            "severity" => {
                covered.severity = read_severity(reader, value);
                is_wrong |= covered.severity.is_none();
            }
            "test" => covered.test = text(reader).map(Pattern::new),
            _ => reader.unknown_key(key, "`match`", COVERED, &[]),
        }
    }
    let names_something = covered.id.is_some()
        || covered.path.is_some()
        || covered.package.is_some()
        || covered.fingerprint.is_some()
        || covered.test.is_some();
    if !names_something && !is_wrong {
        let help = "add `id`, `path`, `package`, `fingerprint` or `test`";
        reader.error(Code::MissingKey, node.place, "`match` does not say what the waiver covers", help);
        return None;
    }
    (!is_wrong).then_some(covered)
}

fn read_versions(reader: &mut Reader<'_>, node: &Node) -> Option<VersionRange> {
    let text = reader.text(node, "`versions`")?;
    let range = VersionRange::parse(text);
    if range.is_none() {
        let help = "write comparisons of plain versions: `>=1.2, <1.4.1`";
        reader.error(Code::BadValue, node.place, format!("`versions` is `{text}`, which is no range"), help);
    }
    range
}

fn read_fingerprint(reader: &mut Reader<'_>, node: &Node) -> Option<String> {
    let text = reader.text(node, "`fingerprint`")?;
    let is_one = text.len() == 16 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if !is_one {
        let help = "copy it from the table of findings; it has 16 digits from 0 to f";
        reader.error(Code::BadValue, node.place, format!("`{text}` is no fingerprint of a finding"), help);
    }
    is_one.then(|| text.to_owned())
}

fn read_severity(reader: &mut Reader<'_>, node: &Node) -> Option<Severity> {
    let text = reader.text(node, "`severity`")?;
    let known: Vec<Severity> =
        Severity::ALL.into_iter().filter(|severity| *severity != Severity::Unknown).collect();
    let found = known.iter().copied().find(|severity| severity.word() == text);
    if found.is_none() {
        let words = known.iter().map(|severity| severity.word());
        let help = suggest::help(text, words, "a severity is `critical`, `high`, `medium`, `low` or `info`");
        reader.error(Code::BadValue, node.place, format!("no severity is called `{text}`"), help);
    }
    found
}

/// Only findings and tests can be told apart.
fn check_covered(reader: &mut Reader<'_>, place: Place, rule: &RuleSpec, covered: Option<&Covered>) {
    let Some(covered) = covered else { return };
    let of_tests = rule.id == "tests.failed";
    let of_findings = rule.kind == Some(Kind::Scan);
    if !of_tests && !of_findings {
        let message = format!("`{}` has nothing that `match` could tell apart", rule.id);
        reader.error(Code::BadValue, place, message, "remove `match` to lift the rule as a whole");
    } else if of_tests != covered.test.is_some() {
        let help = "`test` is for `tests.failed`; all other keys are for scans";
        reader.error(Code::BadValue, place, format!("`match` does not fit `{}`", rule.id), help);
    }
}

/// The value that holds instead, for the field or else for the rule's first.
fn read_relief(
    reader: &mut Reader<'_>,
    rule: &'static RuleSpec,
    field: Option<(&str, Place)>,
    value: Option<&Node>,
) -> Option<(&'static str, Setting)> {
    let known = match field {
        Some((text, place)) => {
            let known = rule.field(text);
            if known.is_none() {
                let keys: Vec<&str> = rule.fields.iter().map(|field| field.key).collect();
                let help = suggest::help(text, keys.iter().copied(), "`tollgate rules` lists all fields");
                reader.error(Code::UnknownKey, place, format!("`{}` has no field `{text}`", rule.id), help);
            } else if value.is_none() {
                reader.error(Code::MissingKey, place, "`field` stands here without `value`", "add `value:`");
            }
            known
        }
        None => rule.fields.first(),
    };
    let (field, node) = (known?, value?);
    let value: rules::Value = entries::read_value(reader, field, node)?;
    let origin: Origin = reader.origin(node.place);
    Some((field.key, Setting { value, origin }))
}

/// Reads `quarantine:`.
pub(super) fn read_quarantine(reader: &mut Reader<'_>, node: &Node) -> Vec<Quarantined> {
    let mut entries = Vec::new();
    for item in reader.list(node, "`quarantine`", QUARANTINE) {
        let mut test = None;
        let mut answerable = Answerable::default();
        for (key, node) in reader.map(item, "an entry of `quarantine`", QUARANTINE) {
            match key.text.as_str() {
                "test" => test = Some(reader.text(node, "`test`")),
                _ if answerable.read(reader, key, node) => {}
                _ => {
                    let known = ["test", "owner", "reason", "expires"];
                    reader.unknown_key(key, "an entry of `quarantine`", &known, &[]);
                }
            }
        }
        if !matches!(item.value, Value::Map(_)) {
            continue;
        }
        if test.is_none() {
            let help = "add `test:` with the whole name, or with `*` for a part of it";
            reader.error(Code::MissingKey, item.place, "the entry does not say which test it is about", help);
        }
        let answers = answerable.all(reader, item.place, "the entry");
        if let (Some(Some(test)), Some((owner, reason, expires))) = (test, answers) {
            let origin = reader.origin(item.place);
            entries.push(Quarantined { test: Pattern::new(test), owner, reason, expires, origin });
        }
    }
    entries
}
