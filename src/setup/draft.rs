//! A policy file in the making: short, with a reason behind each number.

use crate::model::Kind;
use std::fmt::Write as _;

/// Comments stand in one column, at most here; a longer line has its comment two spaces behind it.
const COMMENT_COLUMN: usize = 52;

/// What a policy file will say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Draft {
    pub(super) reports: Vec<Entry>,
    /// Entries that are only mentioned, because nothing like them is there yet.
    pub(super) later: Vec<(Entry, String)>,
    pub(super) rules: Vec<RuleLine>,
    /// A remark on all rules.
    pub(super) rules_comment: String,
    /// Keys of `reproduce` and their commands.
    pub(super) reproduce: Vec<(&'static str, String)>,
    pub(super) owners: Vec<String>,
    pub(super) exclude: Vec<String>,
}

/// An entry of `reports:`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) kind: Kind,
    pub(super) paths: Vec<String>,
    pub(super) optional: bool,
}

/// A rule with its fields as they are written, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RuleLine {
    pub(super) id: &'static str,
    pub(super) fields: String,
    pub(super) comment: String,
}

impl RuleLine {
    pub(super) fn new(id: &'static str, fields: impl Into<String>, comment: impl Into<String>) -> Self {
        Self { id, fields: fields.into(), comment: comment.into() }
    }
}

impl Draft {
    /// A name that no entry has yet.
    pub(super) fn free_name(&self, wanted: &str) -> String {
        let taken = |name: &str| {
            let later = self.later.iter().map(|(entry, _)| entry);
            self.reports.iter().chain(later).any(|entry| entry.name == name)
        };
        let mut name = wanted.to_owned();
        let mut number = 1;
        while taken(&name) {
            number += 1;
            name = format!("{wanted}-{number}");
        }
        name
    }

    /// The file's text.
    pub(super) fn text(&self) -> String {
        let mut lines = vec![("version: 1".to_owned(), String::new())];
        let mut push = |line: String, comment: &str| lines.push((line, comment.to_owned()));
        let entries = self.reports.iter().map(|entry| (entry, None));
        let later = self.later.iter().map(|(entry, why)| (entry, Some(why)));
        let entries: Vec<(&Entry, Option<&String>)> = entries.chain(later).collect();
        let width = entries.iter().map(|(entry, _)| entry.name.len() + 1).max().unwrap_or(0);
        if !self.reports.is_empty() {
            push("reports:".to_owned(), "");
            for (entry, why) in entries {
                let optional = if entry.optional { ", absent: optional" } else { "" };
                let key = format!("{}:", entry.name);
                let value =
                    format!("{{ kind: {}, path: {}{optional} }}", entry.kind.word(), list(&entry.paths));
                match why {
                    None => push(format!("  {key:width$} {value}"), ""),
                    Some(why) => push(format!("  # {key:width$} {value}"), why),
                }
            }
        }
        if !self.rules.is_empty() {
            push("rules:".to_owned(), &self.rules_comment);
            let width = self.rules.iter().map(|rule| rule.id.len() + 1).max().unwrap_or(0);
            for rule in &self.rules {
                let key = format!("{}:", rule.id);
                push(format!("  {key:width$} {{ {} }}", rule.fields), &rule.comment);
            }
        }
        if !self.reproduce.is_empty() {
            let commands: Vec<String> =
                self.reproduce.iter().map(|(key, command)| format!("{key}: \"{command}\"")).collect();
            push(format!("reproduce: {{ {} }}", commands.join(", ")), "");
        }
        if !self.owners.is_empty() {
            let owners: Vec<String> = self.owners.iter().map(|owner| format!("\"{owner}\"")).collect();
            push(format!("owners: [{}]", owners.join(", ")), "");
        }
        if !self.exclude.is_empty() {
            push(format!("exclude: {}", all(&self.exclude)), "");
        }
        with_comments(&lines)
    }
}

/// The lines, with their comments in one column.
fn with_comments(lines: &[(String, String)]) -> String {
    let widths =
        lines.iter().filter(|(_, comment)| !comment.is_empty()).map(|(line, _)| line.chars().count());
    let column = widths.filter(|width| *width <= COMMENT_COLUMN).max().unwrap_or(0);
    let mut text = String::new();
    for (line, comment) in lines {
        let _infallible = match comment.as_str() {
            "" => writeln!(text, "{line}"),
            comment => writeln!(text, "{line:column$}  # {comment}"),
        };
    }
    text
}

/// One value as it is, several as a list.
fn list(values: &[String]) -> String {
    match values {
        [one] => scalar(one),
        _ => all(values),
    }
}

fn all(values: &[String]) -> String {
    let values: Vec<String> = values.iter().map(|value| scalar(value)).collect();
    format!("[{}]", values.join(", "))
}

/// A scalar of YAML: in quotes unless it is plainly a path.
fn scalar(value: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '_' | '-');
    let begins = value.chars().next().is_some_and(|c| c.is_ascii_alphabetic() || c == '.');
    let is_word = matches!(
        value.to_ascii_lowercase().as_str(),
        "null" | "true" | "false" | "yes" | "no" | "on" | "off" | ".inf" | ".nan"
    );
    if begins && !is_word && value.chars().all(plain) {
        return value.to_owned();
    }
    let mut quoted = String::from('"');
    for c in value.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            c if c.is_control() => {
                let _infallible = write!(quoted, "\\u{:04x}", u32::from(c));
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy;

    #[test]
    fn whatever_a_path_holds_the_file_is_read_as_it_was_meant() {
        for path in
            ["a b.xml", "\"q\".xml", "*.xml", "null", "1e3", "a#b.xml", "caf\u{e9}.xml", "-x.xml", "a: b"]
        {
            let entry = Entry {
                name: "unit".to_owned(),
                kind: Kind::Tests,
                paths: vec![path.to_owned()],
                optional: true,
            };
            let draft = Draft { reports: vec![entry], ..Draft::default() };
            let file = policy::parse(&draft.text(), "tollgate.yml").unwrap();
            assert_eq!(file.reports["unit"].path.patterns(), [path]);
        }
    }

    #[test]
    fn a_name_that_is_taken_gets_a_number() {
        let mut draft = Draft::default();
        for wanted in ["unit", "unit", "unit"] {
            let name = draft.free_name(wanted);
            draft.reports.push(Entry { name, kind: Kind::Tests, paths: Vec::new(), optional: false });
        }
        assert_eq!(draft.reports[2].name, "unit-3");
    }
}
