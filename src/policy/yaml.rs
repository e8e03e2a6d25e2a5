//! A strict subset of YAML: mappings, lists and scalars, each with its line and column.
//!
//! Anchors, aliases, tags, merge keys, several documents, empty values and keys that stand twice are refused:
//! each of them is a way for a policy to mean something else than what a reader sees. Scalars stay text, so no
//! number ever passes through a float.

use crate::diagnostic::{Code, Diagnostic, Origin, Weight};
use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Span};
use std::collections::BTreeMap;

/// The largest policy file, in bytes.
pub(super) const LIMIT_BYTES: usize = 64 * 1024;

/// How deep mappings and lists may nest; the deepest known key stands at 6.
const LIMIT_DEPTH: usize = 16;

/// A value and where it begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Node {
    /// Where it begins.
    pub(super) place: Place,
    /// What it holds.
    pub(super) value: Value,
}

/// A place in the file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    /// 1-based.
    pub(super) line: u32,
    /// 1-based, in characters.
    pub(super) column: u32,
}

/// What a node holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    /// Text, never empty if plain.
    Scalar {
        /// The text without its quotes.
        text: String,
        /// True if it stands without quotes.
        plain: bool,
    },
    /// A list.
    List(Vec<Node>),
    /// Keys and values, in the order of the file; no key stands twice.
    Map(Vec<(Key, Node)>),
}

/// A key and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Key {
    /// The key's text.
    pub(super) text: String,
    /// Where it begins.
    pub(super) place: Place,
}

/// Reads one document. What cannot be read at all ends the reading; refused values and keys that stand twice
/// are collected, so that one run shows all of them.
pub(super) fn read(text: &str, file: &str) -> Result<Node, Vec<Diagnostic>> {
    if text.len() > LIMIT_BYTES {
        let message = format!("the policy is {} bytes long, more than {LIMIT_BYTES}", text.len());
        let error = Diagnostic::new(Code::PolicyTooLarge, Weight::Error, message, Origin::file(file));
        return Err(vec![error]);
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut tree = Tree { parser: Parser::new_from_str(text), file, errors: Vec::new() };
    match tree.document() {
        Ok(node) if tree.errors.is_empty() => Ok(node),
        Ok(_) => Err(tree.errors),
        Err(Stop) => Err(tree.errors),
    }
}

/// The text cannot be read further; why stands among the errors.
struct Stop;

struct Tree<'t> {
    parser: Parser<'t, saphyr_parser::StrInput<'t>>,
    file: &'t str,
    errors: Vec<Diagnostic>,
}

impl<'t> Tree<'t> {
    fn document(&mut self) -> Result<Node, Stop> {
        loop {
            let (event, span) = self.next()?;
            match event {
                Event::StreamStart | Event::DocumentStart(_) | Event::Nothing => {}
                Event::StreamEnd | Event::DocumentEnd => {
                    return Err(self.stop(
                        Code::PolicySyntax,
                        span,
                        "the policy is empty",
                        "begin with `version: 1`",
                    ));
                }
                event => {
                    let node = self.node(event, span, 0)?;
                    self.end()?;
                    return Ok(node);
                }
            }
        }
    }

    /// Nothing may follow the document.
    fn end(&mut self) -> Result<(), Stop> {
        loop {
            let (event, span) = self.next()?;
            match event {
                Event::StreamEnd => return Ok(()),
                Event::DocumentEnd | Event::Nothing => {}
                _ => {
                    let help = "a policy is one document: remove the line `---` and what follows";
                    return Err(self.stop(
                        Code::UnsupportedYaml,
                        span,
                        "a second document begins here",
                        help,
                    ));
                }
            }
        }
    }

    fn next(&mut self) -> Result<(Event<'t>, Span), Stop> {
        match self.parser.next_event() {
            Some(Ok(event)) => Ok(event),
            Some(Err(error)) => {
                let span = Span::empty(*error.marker());
                if error.info().contains("unknown anchor") {
                    return Err(self.alias(span));
                }
                let message = format!("this is no YAML: {}", error.info());
                Err(self.stop(Code::PolicySyntax, span, message, ""))
            }
            None => {
                let end = Span::empty(Marker::new(0, 0, 0));
                Err(self.stop(Code::PolicySyntax, end, "the policy ends too early", ""))
            }
        }
    }

    fn node(&mut self, event: Event<'t>, span: Span, depth: usize) -> Result<Node, Stop> {
        if depth > LIMIT_DEPTH {
            let message = format!("values nest deeper than {LIMIT_DEPTH}");
            return Err(self.stop(Code::PolicySyntax, span, message, "no policy needs this depth"));
        }
        let place = place(span);
        let (anchor, tag) = match &event {
            Event::Scalar(_, _, anchor, tag) => (*anchor, tag.is_some()),
            Event::SequenceStart(anchor, tag) | Event::MappingStart(anchor, tag) => (*anchor, tag.is_some()),
            _ => (0, false),
        };
        if anchor != 0 {
            self.error(
                Code::UnsupportedYaml,
                place,
                "anchors are not read",
                "write the value out where it is needed",
            );
        }
        if tag {
            self.error(
                Code::UnsupportedYaml,
                place,
                "tags are not read",
                "write the value without `!`; quotes make it text",
            );
        }
        let value = match event {
            Event::Scalar(text, style, ..) => {
                let plain = style == ScalarStyle::Plain;
                if plain && matches!(&*text, "" | "~" | "null" | "Null" | "NULL") {
                    self.error(
                        Code::BadValue,
                        place,
                        "there is no value here",
                        "write a value, or remove the key",
                    );
                }
                Value::Scalar { text: text.into_owned(), plain }
            }
            Event::SequenceStart(..) => Value::List(self.list(depth)?),
            Event::MappingStart(..) => Value::Map(self.map(depth)?),
            Event::Alias(_) => return Err(self.alias(span)),
            _ => return Err(self.stop(Code::PolicySyntax, span, "a value is expected here", "")),
        };
        Ok(Node { place, value })
    }

    fn list(&mut self, depth: usize) -> Result<Vec<Node>, Stop> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, _) => return Ok(items),
                (event, span) => items.push(self.node(event, span, depth + 1)?),
            }
        }
    }

    fn map(&mut self, depth: usize) -> Result<Vec<(Key, Node)>, Stop> {
        let mut entries: Vec<(Key, Node)> = Vec::new();
        let mut lines: BTreeMap<String, u32> = BTreeMap::new();
        loop {
            let (event, span) = self.next()?;
            if event == Event::MappingEnd {
                return Ok(entries);
            }
            let key = self.key(event, span, depth)?;
            let (event, span) = self.next()?;
            let value = self.node(event, span, depth + 1)?;
            let Some(key) = key else { continue };
            match lines.get(&key.text) {
                Some(line) => {
                    let message = format!("`{}` stands already on line {line}", key.text);
                    self.error(Code::DuplicateKey, key.place, message, "");
                }
                None => {
                    lines.insert(key.text.clone(), key.place.line);
                    entries.push((key, value));
                }
            }
        }
    }

    /// A key; `None` if it is none that a policy may have (which is then among the errors).
    fn key(&mut self, event: Event<'t>, span: Span, depth: usize) -> Result<Option<Key>, Stop> {
        let plain = matches!(&event, Event::Scalar(_, ScalarStyle::Plain, ..));
        let node = self.node(event, span, depth + 1)?;
        let Value::Scalar { text, .. } = node.value else {
            self.error(
                Code::UnsupportedYaml,
                node.place,
                "a key is a word, not a list or mapping",
                "write a plain word before the colon",
            );
            return Ok(None);
        };
        if plain && text == "<<" {
            self.error(
                Code::UnsupportedYaml,
                node.place,
                "merge keys are not read",
                "write the keys out where they are needed",
            );
            return Ok(None);
        }
        Ok(Some(Key { text, place: node.place }))
    }

    fn alias(&mut self, span: Span) -> Stop {
        let help = "put a glob that begins with `*` in quotes: \"*.xml\"";
        self.stop(
            Code::UnsupportedYaml,
            span,
            "without quotes, `*` begins an alias, and aliases are not read",
            help,
        )
    }

    fn stop(&mut self, code: Code, span: Span, message: impl Into<String>, help: &str) -> Stop {
        self.error(code, place(span), message, help);
        Stop
    }

    fn error(&mut self, code: Code, place: Place, message: impl Into<String>, help: &str) {
        let origin = Origin::at(self.file, place.line, place.column);
        let error = Diagnostic::new(code, Weight::Error, message.into(), origin);
        self.errors.push(if help.is_empty() { error } else { error.with_help(help) });
    }
}

fn place(span: Span) -> Place {
    let narrow = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    Place { line: narrow(span.start.line()), column: narrow(span.start.col()).saturating_add(1) }
}
