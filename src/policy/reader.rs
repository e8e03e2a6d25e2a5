//! Typed access to the nodes of a policy file; every mistake is collected, none ends the reading.

use super::suggest;
use super::yaml::{Key, Node, Place, Value};
use crate::diagnostic::{Code, Diagnostic, Origin, Weight};
use crate::model::Date;
use crate::rules::{self, FieldKind, Globs};

/// How many globs a policy may hold (gate.md c, T10).
const MOST_GLOBS: usize = 200;

/// Mistakes beyond this number are only counted.
const MOST_ERRORS: usize = 100;

/// The longest text of a value, in bytes.
const LONGEST_TEXT: usize = 1024;

/// Reads nodes of one file and collects what is wrong with them.
pub(super) struct Reader<'f> {
    file: &'f str,
    commit: &'f str,
    errors: Vec<Diagnostic>,
    globs: usize,
}

impl<'f> Reader<'f> {
    /// `commit` is the one that the file was read from; empty for a file of a folder.
    pub(super) fn new(file: &'f str, commit: &'f str) -> Self {
        Self { file, commit, errors: Vec::new(), globs: 0 }
    }

    /// All mistakes, sorted by their place.
    pub(super) fn into_errors(mut self) -> Vec<Diagnostic> {
        self.errors.sort_by(|left, right| (&left.origin, left.code).cmp(&(&right.origin, right.code)));
        let more = self.errors.len().saturating_sub(MOST_ERRORS);
        if more > 0 {
            self.errors.truncate(MOST_ERRORS);
            let message = format!("the file has {more} more mistakes");
            let last = Diagnostic::new(Code::PolicySyntax, Weight::Error, message, Origin::file(self.file));
            self.errors.push(last.with_help("repair these first"));
        }
        self.errors
    }

    /// The place as an origin.
    pub(super) fn origin(&self, place: Place) -> Origin {
        Origin::at(self.file, place.line, place.column).in_commit(self.commit)
    }

    /// Notes a mistake. Without `help` the code's own help stands.
    pub(super) fn error(
        &mut self,
        code: Code,
        place: Place,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        let error = Diagnostic::new(code, Weight::Error, message.into(), self.origin(place));
        let help = help.into();
        self.errors.push(if help.is_empty() { error } else { error.with_help(help) });
    }

    /// The keys of a mapping; empty and an error if the node is none.
    pub(super) fn map<'n>(&mut self, node: &'n Node, what: &str, example: &str) -> &'n [(Key, Node)] {
        match &node.value {
            Value::Map(entries) => entries,
            value => {
                let message = format!("{what} is a mapping, not {}", form(value));
                self.error(Code::WrongType, node.place, message, format!("write it like `{example}`"));
                &[]
            }
        }
    }

    /// The items of a list.
    pub(super) fn list<'n>(&mut self, node: &'n Node, what: &str, example: &str) -> &'n [Node] {
        match &node.value {
            Value::List(items) => items,
            value => {
                let message = format!("{what} is a list, not {}", form(value));
                self.error(Code::WrongType, node.place, message, format!("write it like `{example}`"));
                &[]
            }
        }
    }

    /// A text.
    pub(super) fn text<'n>(&mut self, node: &'n Node, what: &str) -> Option<&'n str> {
        match &node.value {
            Value::Scalar { text, .. } if text.len() > LONGEST_TEXT => {
                let message = format!("{what} is longer than {LONGEST_TEXT} bytes");
                self.error(Code::BadValue, node.place, message, "write a shorter text");
                None
            }
            Value::Scalar { text, .. } if text.trim().is_empty() => {
                self.error(
                    Code::BadValue,
                    node.place,
                    format!("{what} is empty"),
                    "write a value, or remove the key",
                );
                None
            }
            Value::Scalar { text, .. } if text.chars().any(char::is_control) => {
                let message = format!("{what} holds a line break or another control character");
                self.error(Code::BadValue, node.place, message, "write it in one line");
                None
            }
            Value::Scalar { text, .. } => Some(text),
            value => {
                let message = format!("{what} is a text, not {}", form(value));
                self.error(Code::WrongType, node.place, message, "");
                None
            }
        }
    }

    /// One text, or a list of texts with at least one item.
    pub(super) fn texts<'n>(&mut self, node: &'n Node, what: &str) -> Vec<(Place, &'n str)> {
        match &node.value {
            Value::List(items) if items.is_empty() => {
                self.error(
                    Code::BadValue,
                    node.place,
                    format!("{what} is an empty list"),
                    "write at least one item, or remove the key",
                );
                Vec::new()
            }
            Value::List(items) => {
                let read = |item| Some((item, self.text(item, what)?));
                items.iter().filter_map(read).map(|(item, text)| (item.place, text)).collect()
            }
            Value::Scalar { .. } => {
                self.text(node, what).map(|text| (node.place, text)).into_iter().collect()
            }
            Value::Map(_) => {
                let message = format!("{what} is a text or a list of texts, not a mapping");
                self.error(Code::WrongType, node.place, message, "");
                Vec::new()
            }
        }
    }

    /// One glob, or a list of globs; those that cannot be used are errors.
    pub(super) fn globs(&mut self, node: &Node, what: &str) -> Globs {
        let mut good = Vec::new();
        for (place, text) in self.texts(node, what) {
            self.globs += 1;
            if self.globs == MOST_GLOBS + 1 {
                let message = format!("this is the {}st glob of the policy", self.globs);
                self.error(
                    Code::BadGlob,
                    place,
                    message,
                    format!("a policy holds at most {MOST_GLOBS} globs: use `**` and `{{a,b}}`"),
                );
            }
            match Globs::new([text]) {
                Ok(_) => good.push(text),
                Err(error) => self.error(Code::BadGlob, place, error.to_string(), error.help()),
            }
        }
        if self.globs > MOST_GLOBS {
            return Globs::none();
        }
        match Globs::new(good) {
            Ok(globs) => globs,
            Err(error) => {
                self.error(Code::BadGlob, node.place, error.to_string(), error.help());
                Globs::none()
            }
        }
    }

    /// A day of the calendar.
    pub(super) fn date(&mut self, node: &Node, what: &str) -> Option<Date> {
        let text = self.text(node, what)?;
        match Date::parse(text) {
            Ok(date) => Some(date),
            Err(error) => {
                let help = "write a day as year, month and day: 2027-01-31";
                self.error(Code::BadValue, node.place, format!("{what} is `{text}`: {error}"), help);
                None
            }
        }
    }

    /// A whole number.
    pub(super) fn count(&mut self, node: &Node, what: &str) -> Option<u64> {
        let text = self.text(node, what)?;
        match FieldKind::Count.read(text) {
            Ok(rules::Value::Count(count)) => Some(count),
            Ok(_) | Err(_) => {
                let message = format!("{what} is `{text}`: expected a whole number");
                self.error(Code::BadValue, node.place, message, "write the number in digits alone");
                None
            }
        }
    }

    /// `true` or `false`.
    pub(super) fn flag(&mut self, node: &Node, what: &str) -> Option<bool> {
        match self.text(node, what)? {
            "true" => Some(true),
            "false" => Some(false),
            text => {
                let message = format!("{what} is `{text}`: expected `true` or `false`");
                self.error(Code::BadValue, node.place, message, "write `true` or `false`");
                None
            }
        }
    }

    /// `version: 1`, which every policy file says.
    pub(super) fn version(&mut self, root: &Node) {
        let Value::Map(entries) = &root.value else { return };
        let Some((_, node)) = entries.iter().find(|(key, _)| key.text == "version") else {
            self.error(
                Code::MissingKey,
                root.place,
                "the policy does not say its version",
                "begin with `version: 1`",
            );
            return;
        };
        match self.text(node, "`version`") {
            Some("1") | None => {}
            Some(text) => {
                let message = format!("version `{text}` of the policy is not known");
                self.error(Code::BadValue, node.place, message, "this Tollgate reads `version: 1`");
            }
        }
    }

    /// A key that means nothing here. `planned` are keys that are documented for later versions.
    pub(super) fn unknown_key(&mut self, key: &Key, owner: &str, known: &[&str], planned: &[&str]) {
        let text = &key.text;
        let help = if planned.contains(&text.as_str()) {
            format!("this version does not know `{text}` yet: remove it, nothing would come of it")
        } else {
            let all = format!("{owner} has {}", quoted(known));
            suggest::help(text, known.iter().copied(), &all)
        };
        self.error(Code::UnknownKey, key.place, format!("{owner} has no key `{text}`"), help);
    }
}

/// `a`, `b` and `c`.
pub(super) fn quoted(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        Some((last, _)) => last.clone(),
        None => "no key".to_owned(),
    }
}

/// What a value is, in words.
pub(super) fn form(value: &Value) -> &'static str {
    match value {
        Value::Scalar { .. } => "a single value",
        Value::List(_) => "a list",
        Value::Map(_) => "a mapping",
    }
}
