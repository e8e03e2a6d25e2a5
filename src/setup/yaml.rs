//! YAML of other tools, read for what it says and where: workflow files and codecov.yml.
//!
//! Unlike the policy's own reader this one forgives: anchors, tags and keys that stand twice are somebody
//! else's business. It is bounded all the same.

use saphyr_parser::{Event, Parser, Span, StrInput};

/// The largest file that is read, in bytes.
const LIMIT_BYTES: usize = 1 << 20;
/// How deep values may nest.
const LIMIT_DEPTH: usize = 64;

/// A value and the line on which it begins, 1-based.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Node {
    pub(super) line: usize,
    pub(super) value: Value,
}

/// What a node holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    /// Text; empty where there is none, and for an alias.
    Scalar(String),
    /// A list.
    List(Vec<Node>),
    /// Keys with their lines, and values.
    Map(Vec<(String, usize, Node)>),
}

impl Node {
    /// The value of a key; `None` if this is no mapping or has no such key.
    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        self.entries().iter().find(|(name, ..)| name == key).map(|(.., node)| node)
    }

    /// The keys and values of a mapping; none for anything else.
    pub(super) fn entries(&self) -> &[(String, usize, Self)] {
        match &self.value {
            Value::Map(entries) => entries,
            Value::Scalar(_) | Value::List(_) => &[],
        }
    }

    /// The items of a list; none for anything else.
    pub(super) fn items(&self) -> &[Self] {
        match &self.value {
            Value::List(items) => items,
            Value::Scalar(_) | Value::Map(_) => &[],
        }
    }

    /// The text of a scalar.
    pub(super) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar(text) => Some(text),
            Value::List(_) | Value::Map(_) => None,
        }
    }
}

/// Why a file cannot be read: in words, with the line if it is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// 1-based; 0 if the problem has no line.
    pub line: usize,
    /// What is wrong.
    pub why: String,
}

/// Reads the first document of a file.
pub(super) fn read(text: &str) -> Result<Node, Unreadable> {
    if text.len() > LIMIT_BYTES {
        let why = format!("it is {} bytes long, more than {LIMIT_BYTES}", text.len());
        return Err(Unreadable { line: 0, why });
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut parser = Parser::new_from_str(text);
    loop {
        let (event, span) = next(&mut parser)?;
        match event {
            Event::StreamStart | Event::DocumentStart(_) | Event::Nothing => {}
            Event::StreamEnd | Event::DocumentEnd => {
                return Err(Unreadable { line: 0, why: "it is empty".to_owned() });
            }
            event => return node(&mut parser, event, span, 0),
        }
    }
}

fn next<'t>(parser: &mut Parser<'t, StrInput<'t>>) -> Result<(Event<'t>, Span), Unreadable> {
    match parser.next_event() {
        Some(Ok(event)) => Ok(event),
        Some(Err(error)) => {
            let why = format!("it is no YAML: {}", error.info());
            Err(Unreadable { line: error.marker().line(), why })
        }
        None => Err(Unreadable { line: 0, why: "it ends too early".to_owned() }),
    }
}

fn node<'t>(
    parser: &mut Parser<'t, StrInput<'t>>,
    event: Event<'t>,
    span: Span,
    depth: usize,
) -> Result<Node, Unreadable> {
    let line = span.start.line();
    if depth > LIMIT_DEPTH {
        return Err(Unreadable { line, why: format!("values nest deeper than {LIMIT_DEPTH}") });
    }
    let value = match event {
        Event::Scalar(text, ..) => Value::Scalar(text.into_owned()),
        Event::Alias(_) => Value::Scalar(String::new()),
        Event::SequenceStart(..) => {
            let mut items = Vec::new();
            loop {
                match next(parser)? {
                    (Event::SequenceEnd, _) => break Value::List(items),
                    (event, span) => items.push(node(parser, event, span, depth + 1)?),
                }
            }
        }
        Event::MappingStart(..) => {
            let mut entries = Vec::new();
            loop {
                let (event, span) = next(parser)?;
                if event == Event::MappingEnd {
                    break Value::Map(entries);
                }
                let key = node(parser, event, span, depth + 1)?;
                let (event, span) = next(parser)?;
                let value = node(parser, event, span, depth + 1)?;
                if let Value::Scalar(text) = key.value {
                    entries.push((text, key.line, value));
                }
            }
        }
        _ => return Err(Unreadable { line, why: "a value is expected here".to_owned() }),
    };
    Ok(Node { line, value })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_know_their_lines() {
        let root =
            read("on: push\njobs:\n  a:\n    steps:\n      - uses: x\n        with: { y: 1 }\n").unwrap();
        let step = &root.get("jobs").unwrap().get("a").unwrap().get("steps").unwrap().items()[0];
        assert_eq!((step.line, step.get("uses").unwrap().text()), (5, Some("x")));
        assert_eq!(step.get("with").unwrap().entries()[0].1, 6);
    }

    #[test]
    fn anchors_and_repeated_keys_are_forgiven() {
        let root = read("a: &x [1]\nb: *x\na: 2\n").unwrap();
        assert_eq!(root.entries().len(), 3);
        assert_eq!(root.get("b").unwrap().text(), Some(""));
    }

    #[test]
    fn what_is_no_yaml_says_where() {
        assert_eq!(read("").unwrap_err().why, "it is empty");
        assert_eq!(read("a: [1\nb: 2").unwrap_err().line, 2);
        assert!(read(&"[".repeat(200)).unwrap_err().why.starts_with("values nest deeper"));
        assert!(read(&" ".repeat(LIMIT_BYTES + 1)).unwrap_err().why.contains("bytes"));
    }
}
