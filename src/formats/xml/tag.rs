//! Start tags, with their attributes split while the tag is scanned.

use super::{Reader, text, words};
use crate::formats::{Context, Position, Source};
use std::borrow::Cow;

/// Where one attribute stands in its tag, by offsets from the tag's `<`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    name: usize,
    local: usize,
    name_end: usize,
    value: usize,
    value_end: usize,
}

/// What a look at the bytes of a start tag gives.
pub(super) enum Scan {
    /// The tag is `len` bytes.
    Done { len: usize, name: Name, empty: bool },
    /// The bytes end inside the tag.
    More,
    /// Not well-formed.
    Bad { at: usize, what: &'static str },
    /// More attributes than are allowed.
    TooMany,
}

/// Where the name of a tag stands, by offsets from its `<`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Name {
    /// Behind the prefix.
    pub(super) local: usize,
    pub(super) end: usize,
}

/// A start tag.
#[derive(Clone, Copy, Debug)]
pub struct Tag<'e> {
    source: &'e Source<'e>,
    at: usize,
    bytes: &'e [u8],
    name: Name,
    spans: &'e [Span],
    empty: bool,
}

impl<'e> Tag<'e> {
    pub(super) fn new(
        source: &'e Source<'_>,
        at: usize,
        bytes: &'e [u8],
        name: Name,
        spans: &'e [Span],
        empty: bool,
    ) -> Self {
        Self { source, at, bytes, name, spans, empty }
    }

    /// The name without its namespace prefix.
    pub fn name(&self) -> &'e [u8] {
        self.bytes.get(self.name.local..self.name.end).unwrap_or_default()
    }

    /// The name as written, with its prefix.
    pub fn full_name(&self) -> &'e [u8] {
        self.bytes.get(1..self.name.end).unwrap_or_default()
    }

    /// True for `<a/>`. Its end comes as an event of its own all the same.
    pub fn is_empty(&self) -> bool {
        self.empty
    }

    /// All attributes, in the order of the file.
    pub fn attributes(&self) -> impl Iterator<Item = Attribute<'e>> + use<'e> {
        let (source, at, bytes) = (self.source, self.at, self.bytes);
        self.spans.iter().map(move |span| Attribute { source, at, bytes, span: *span })
    }

    /// The first attribute with this name (without prefix).
    pub fn attribute(&self, name: &str) -> Option<Attribute<'e>> {
        self.attributes().find(|attribute| attribute.name() == name.as_bytes())
    }

    /// Where the tag begins. Costs a look over the window.
    pub fn position(&self) -> Position {
        self.source.position_at(self.at)
    }
}

/// One attribute of a start tag.
#[derive(Clone, Copy, Debug)]
pub struct Attribute<'e> {
    source: &'e Source<'e>,
    at: usize,
    bytes: &'e [u8],
    span: Span,
}

impl<'e> Attribute<'e> {
    /// The name without its namespace prefix.
    pub fn name(&self) -> &'e [u8] {
        self.bytes.get(self.span.local..self.span.name_end).unwrap_or_default()
    }

    /// The name as written, with its prefix (`xmlns:xsi`).
    pub fn full_name(&self) -> &'e [u8] {
        self.bytes.get(self.span.name..self.span.name_end).unwrap_or_default()
    }

    /// The value as written, between its quotes, references not resolved.
    pub fn raw(&self) -> &'e [u8] {
        self.bytes.get(self.span.value..self.span.value_end).unwrap_or_default()
    }

    /// The value, references resolved and line ends made spaces; borrowed where nothing had to change. What had
    /// to be repaired is said in `context`.
    pub fn value(&self, context: &mut Context) -> Cow<'e, str> {
        let raw = self.raw();
        if let Some(plain) = text::plain(raw) {
            return Cow::Borrowed(plain);
        }
        let mut value = String::with_capacity(raw.len());
        self.append_to(&mut value, usize::MAX, context);
        Cow::Owned(value)
    }

    /// Appends the value to `out` until that holds `cap` bytes. True if something was left out.
    pub fn append_to(&self, out: &mut String, cap: usize, context: &mut Context) -> bool {
        let raw = self.raw();
        if let Some(plain) = text::plain(raw).filter(|plain| out.len().saturating_add(plain.len()) <= cap) {
            out.push_str(plain);
            return false;
        }
        let repairs = text::decode(raw, text::Mode::Attribute, out, cap);
        repairs.report(context, || self.position());
        repairs.cut
    }

    /// Where the value begins. Costs a look over the window.
    pub fn position(&self) -> Position {
        self.source.position_at(self.at + self.span.value)
    }
}

/// A name without its namespace prefix.
pub(super) fn local(name: &[u8]) -> &[u8] {
    // Names are short: a plain loop beats a search that has to be called.
    match name.iter().rposition(|byte| *byte == b':') {
        Some(colon) => name.get(colon + 1..).unwrap_or_default(),
        None => name,
    }
}

/// Scans a start tag; `bytes` begins with its `<`. The attributes are put into `spans`.
pub(super) fn scan(bytes: &[u8], spans: &mut Vec<Span>) -> Scan {
    spans.clear();
    let mut at = 1;
    let mut name = Name { local: at, end: at };
    loop {
        at += words::letters(bytes.get(at..).unwrap_or_default());
        match bytes.get(at) {
            None => return Scan::More,
            Some(b' ' | b'\t' | b'\r' | b'\n' | b'>' | b'/') => break,
            Some(b'<' | b'=' | b'"' | b'\'' | b'&') => {
                return Scan::Bad { at, what: "a tag has a broken name" };
            }
            Some(byte) => {
                at += 1;
                if *byte == b':' {
                    name.local = at;
                }
            }
        }
    }
    name.end = at;
    match bytes.get(1) {
        Some(first) if first.is_ascii_alphabetic() || matches!(first, b'_' | b':') || *first >= 0x80 => {}
        _ => return Scan::Bad { at: 0, what: "`<` is followed by no name" },
    }
    loop {
        let before = at;
        while let Some(b' ' | b'\n' | b'\t' | b'\r') = bytes.get(at) {
            at += 1;
        }
        match bytes.get(at) {
            None => return Scan::More,
            Some(b'>') => return Scan::Done { len: at + 1, name, empty: false },
            Some(b'/') => {
                return match bytes.get(at + 1) {
                    None => Scan::More,
                    Some(b'>') => Scan::Done { len: at + 2, name, empty: true },
                    Some(_) => Scan::Bad { at, what: "a `/` stands inside of a tag" },
                };
            }
            Some(_) if at == before => return Scan::Bad { at, what: "no space stands before an attribute" },
            Some(_) => {}
        }
        if spans.len() == Reader::MOST_ATTRIBUTES {
            return Scan::TooMany;
        }
        match scan_attribute(bytes, at) {
            Ok(Some(span)) => {
                if let Some(what) = repeated(bytes, spans, span) {
                    return Scan::Bad { at, what };
                }
                at = span.value_end + 1;
                spans.push(span);
            }
            Ok(None) => return Scan::More,
            Err((at, what)) => return Scan::Bad { at, what },
        }
    }
}

fn repeated(bytes: &[u8], spans: &[Span], new: Span) -> Option<&'static str> {
    let length = new.name_end - new.name;
    let name = bytes.get(new.name..new.name_end)?;
    // Names of one length mostly differ in their first letter, and then nothing has to be called.
    let same = |span: &Span| {
        span.name_end - span.name == length
            && bytes.get(span.name) == name.first()
            && bytes.get(span.name..span.name_end) == Some(name)
    };
    spans.iter().any(same).then_some("an attribute stands twice")
}

/// One attribute that begins at `at`; `None` if the bytes end inside of it.
fn scan_attribute(bytes: &[u8], mut at: usize) -> Result<Option<Span>, (usize, &'static str)> {
    let name = at;
    let mut local = at;
    let name_end = loop {
        at += words::letters(bytes.get(at..).unwrap_or_default());
        match bytes.get(at) {
            None => return Ok(None),
            Some(b'=' | b' ' | b'\t' | b'\r' | b'\n') => break at,
            Some(b'>' | b'/') => return Err((name, "an attribute has no value")),
            Some(b'<' | b'"' | b'\'' | b'&') => return Err((at, "an attribute has a broken name")),
            Some(b':') => {
                at += 1;
                local = at;
            }
            Some(_) => at += 1,
        }
    };
    if name_end == name {
        return Err((at, "an attribute has no name"));
    }
    let skip_space = |mut at: usize| {
        while let Some(b' ' | b'\t' | b'\r' | b'\n') = bytes.get(at) {
            at += 1;
        }
        at
    };
    at = skip_space(at);
    match bytes.get(at) {
        None => return Ok(None),
        Some(b'=') => at = skip_space(at + 1),
        Some(_) => return Err((name, "an attribute has no value")),
    }
    let quote = match bytes.get(at) {
        None => return Ok(None),
        Some(quote @ (b'"' | b'\'')) => *quote,
        Some(_) => return Err((at, "an attribute's value has no quotes")),
    };
    let value = at + 1;
    let rest = bytes.get(value..).unwrap_or_default();
    let mut length = words::find_either(rest.get(..SHORT).unwrap_or(rest), quote, b'<');
    if length == SHORT {
        match memchr::memchr2(quote, b'<', rest.get(SHORT..).unwrap_or_default()) {
            Some(more) => length += more,
            None => return Ok(None),
        }
    }
    let value_end = value + length;
    match bytes.get(value_end) {
        None => Ok(None),
        Some(b'<') => Err((value_end, "an attribute's value holds a raw `<`")),
        Some(_) => Ok(Some(Span { name, local, name_end, value, value_end })),
    }
}

/// Behind so many bytes a vectorized search is worth its call.
const SHORT: usize = 64;
