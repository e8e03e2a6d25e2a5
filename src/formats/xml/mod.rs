//! XML through a bounded window: one pull reader for all XML formats.
//!
//! [`Reader::next`] gives start tags with their attributes already split, end tags, and text in pieces. Only a
//! start tag has to fit into memory (up to [`Reader::LONGEST_TAG`]); text, CDATA, comments and processing
//! instructions pass through the window piece by piece, so a file of any size costs the same memory. An empty
//! element `<a/>` gives a start and an end.
//!
//! What decides a gate is checked: one root, end tags that match, quoted attributes without repeats, nothing
//! behind the root, no NUL byte, no entity declaration, an end of file that is no cut. UTF-8 and references are
//! looked at only in text that somebody keeps ([`Attribute::value`], [`Text::append_to`]).

mod markup;
mod tag;
mod text;
mod words;

#[cfg(test)]
mod tests;

pub use tag::{Attribute, Tag};
pub use text::Text;

use super::{ParseError, Position, Source};
use crate::diagnostic::Code;
use tag::{Name, Scan, Span};

/// What comes next in the document.
#[derive(Debug)]
pub enum Event<'e> {
    /// A start tag; an empty element's, too.
    Start(Tag<'e>),
    /// The end of an element: its name without prefix.
    End(&'e [u8]),
    /// A piece of text or CDATA. Several pieces may follow each other: append them.
    Text(Text<'e>),
    /// The document is whole and at its end.
    Eof,
}

/// Where in the document the reader stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// Before the root; true once anything but space was seen.
    Prolog { any: bool },
    /// Inside the root.
    Root,
    /// Behind the root.
    Epilog,
}

/// One step over the bytes, by offsets in the window: what [`Event`] is made of.
enum Step {
    Start { len: usize, name: Name, empty: bool },
    End { from: usize, to: usize },
    Text { from: usize, to: usize, cdata: bool },
    Eof,
}

/// A pull reader of one document.
#[derive(Debug)]
pub struct Reader<'s, 'r> {
    source: &'s mut Source<'r>,
    /// The next byte, as an offset in the window.
    at: usize,
    /// End of the bytes in the window that are known to hold no NUL.
    checked: usize,
    /// True if a NUL byte stands at `checked`.
    nul: bool,
    part: Part,
    in_cdata: bool,
    doctype_seen: bool,
    /// Full names of the open elements behind each other, and where each begins.
    names: Vec<u8>,
    begins: Vec<usize>,
    /// Attributes of the last start tag.
    spans: Vec<Span>,
    /// Name of an empty element whose end is still to be given.
    empty: Option<(usize, usize)>,
}

impl<'s, 'r> Reader<'s, 'r> {
    /// The longest tag that is read, in bytes.
    pub const LONGEST_TAG: usize = 1 << 20;
    /// The most attributes of one tag.
    pub const MOST_ATTRIBUTES: usize = 256;
    /// How many elements may be open at once.
    pub const DEEPEST: usize = 256;

    /// Reads the document that `source` holds, from where it stands.
    pub fn new(source: &'s mut Source<'r>) -> Self {
        let mut reader = Self {
            source,
            at: 0,
            checked: 0,
            nul: false,
            part: Part::Prolog { any: false },
            in_cdata: false,
            doctype_seen: false,
            names: Vec::new(),
            begins: Vec::new(),
            spans: Vec::new(),
            empty: None,
        };
        reader.check_new();
        reader
    }

    /// What comes next.
    ///
    /// # Errors
    /// When the document is cut off, malformed or over a limit, or cannot be read. Nothing comes after that.
    #[expect(
        clippy::should_implement_trait,
        reason = "events borrow from the reader; no iterator can do that"
    )]
    pub fn next(&mut self) -> Result<Event<'_>, ParseError> {
        let step = self.step(true)?;
        Ok(self.event(step))
    }

    /// What comes next, leaving out text. Faster where only structure counts.
    ///
    /// # Errors
    /// As [`Reader::next`].
    pub fn next_tag(&mut self) -> Result<Event<'_>, ParseError> {
        let step = self.step(false)?;
        Ok(self.event(step))
    }

    /// Passes over the rest of the element whose start tag came last, with its end tag.
    ///
    /// # Errors
    /// As [`Reader::next`].
    pub fn skip_element(&mut self) -> Result<(), ParseError> {
        if self.empty.take().is_some() {
            return Ok(());
        }
        let outside = self.begins.len().saturating_sub(1);
        while self.begins.len() > outside {
            if let Step::Eof = self.step(false)? {
                break;
            }
            self.empty = None;
        }
        Ok(())
    }

    /// How many elements are open; an empty element counts for none.
    pub fn depth(&self) -> usize {
        self.begins.len()
    }

    /// Where the reader stands: behind what it gave last. Costs a look over the window.
    pub fn position(&self) -> Position {
        self.source.position_at(self.at)
    }

    /// The bytes, to ask how they were decoded.
    pub fn source(&self) -> &Source<'r> {
        self.source
    }

    fn event(&self, step: Step) -> Event<'_> {
        let bytes = self.source.available();
        match step {
            Step::Start { len, name, empty } => {
                let at = self.at - len;
                let tag = bytes.get(at..self.at).unwrap_or_default();
                Event::Start(Tag::new(self.source, at, tag, name, &self.spans, empty))
            }
            Step::End { from, to } => Event::End(tag::local(bytes.get(from..to).unwrap_or_default())),
            Step::Text { from, to, cdata } => {
                Event::Text(Text::new(self.source, from, bytes.get(from..to).unwrap_or_default(), cdata))
            }
            Step::Eof => Event::Eof,
        }
    }

    /// The bytes that are there, from the next one on.
    fn ahead(&self) -> &[u8] {
        self.source.available().get(self.at..self.checked).unwrap_or_default()
    }

    fn step(&mut self, text_wanted: bool) -> Result<Step, ParseError> {
        if let Some((from, to)) = self.empty.take() {
            return Ok(Step::End { from, to });
        }
        loop {
            if self.in_cdata {
                if let Some(piece) = self.cdata()?.filter(|_| text_wanted) {
                    return Ok(piece);
                }
                continue;
            }
            let ahead = self.ahead();
            let len = match next_tag_in(ahead) {
                Some(0) => match self.markup()? {
                    Some(step) => return Ok(step),
                    None => continue,
                },
                Some(len) => len,
                None => text::whole_pieces(ahead, self.source.at_end() || self.nul),
            };
            if len == 0 {
                // At the end what is left is looked at once more: nothing is kept back for a next piece then.
                if !self.more()? && self.ahead().is_empty() {
                    return self.finish();
                }
                continue;
            }
            let from = self.at;
            self.pass_text(len)?;
            if text_wanted && self.part == Part::Root {
                return Ok(Step::Text { from, to: self.at, cdata: false });
            }
        }
    }

    /// Passes over text; outside of the root only space may stand.
    fn pass_text(&mut self, len: usize) -> Result<(), ParseError> {
        if self.part != Part::Root {
            let text = self.ahead().get(..len).unwrap_or_default();
            if let Some(index) = text.iter().position(|byte| !byte.is_ascii_whitespace()) {
                let place = if self.part == Part::Epilog { "behind" } else { "before" };
                return Err(self.malformed_at(index, format!("text stands {place} the root element")));
            }
        }
        self.at += len;
        Ok(())
    }

    /// A piece of the open CDATA section; `None` at its end.
    fn cdata(&mut self) -> Result<Option<Step>, ParseError> {
        loop {
            let ahead = self.ahead();
            let from = self.at;
            if let Some(len) = memchr::memmem::find(ahead, b"]]>") {
                self.at += len + 3;
                self.in_cdata = false;
                return Ok((len > 0).then_some(Step::Text { from, to: from + len, cdata: true }));
            }
            let len = text::whole_cdata(ahead);
            if len > 0 {
                self.at += len;
                return Ok(Some(Step::Text { from, to: from + len, cdata: true }));
            }
            if !self.more()? {
                return Err(self.cut_off());
            }
        }
    }

    /// Something that begins with `<`. `None` if it is passed over.
    fn markup(&mut self) -> Result<Option<Step>, ParseError> {
        loop {
            match self.ahead() {
                [_] | [] => self.grow()?,
                [_, b'/', ..] => return self.end_tag().map(Some),
                [_, b'?', ..] => {
                    self.note_prolog();
                    self.at += 2;
                    return self.pass_until(b"?>").map(|()| None);
                }
                [_, b'!', ..] => return self.declaration().map(|()| None),
                _ => return self.start_tag().map(Some),
            }
        }
    }

    fn start_tag(&mut self) -> Result<Step, ParseError> {
        if self.part == Part::Epilog {
            return Err(self.malformed_at(0, "a second root element begins".to_owned()));
        }
        if self.begins.len() >= Self::DEEPEST {
            let message = format!("elements are nested more than {} deep", Self::DEEPEST);
            return Err(ParseError::new(Code::TooDeep, message, self.position()));
        }
        let (len, name, empty) = loop {
            let ahead = self.source.available().get(self.at..self.checked).unwrap_or_default();
            match tag::scan(ahead, &mut self.spans) {
                Scan::Done { len, name, empty } => break (len, name, empty),
                Scan::More => self.grow()?,
                Scan::Bad { at, what } => return Err(self.malformed_at(at, what.to_owned())),
                Scan::TooMany => {
                    let message = format!("a tag has more than {} attributes", Self::MOST_ATTRIBUTES);
                    return Err(ParseError::new(Code::TokenTooLong, message, self.position()));
                }
            }
        };
        if len > Self::LONGEST_TAG {
            return Err(self.too_long());
        }
        self.part = Part::Root;
        if empty {
            self.empty = Some((self.at + 1, self.at + name.end));
            if self.begins.is_empty() {
                self.part = Part::Epilog;
            }
        } else {
            self.begins.push(self.names.len());
            let tag = self.source.available().get(self.at..).unwrap_or_default();
            self.names.extend_from_slice(tag.get(1..name.end).unwrap_or_default());
        }
        self.at += len;
        Ok(Step::Start { len, name, empty })
    }

    fn end_tag(&mut self) -> Result<Step, ParseError> {
        let close = loop {
            match memchr::memchr(b'>', self.ahead()) {
                Some(close) => break close,
                None => self.grow()?,
            }
        };
        let inner = self.ahead().get(2..close).unwrap_or_default();
        let name = inner.trim_ascii_end();
        let begin = self.begins.last().copied().unwrap_or_default();
        let open = self.names.get(begin..).unwrap_or_default();
        if self.begins.is_empty() || name != open {
            let name = String::from_utf8_lossy(name.get(..60).unwrap_or(name)).into_owned();
            let message = if self.begins.is_empty() {
                format!("`</{name}>` closes an element that was never opened")
            } else {
                let open = String::from_utf8_lossy(open.get(..60).unwrap_or(open)).into_owned();
                format!("`</{name}>` does not close `<{open}>`")
            };
            return Err(self.malformed_at(0, message));
        }
        let from = self.at + 2;
        let to = from + name.len();
        self.names.truncate(begin);
        self.begins.pop();
        if self.begins.is_empty() {
            self.part = Part::Epilog;
        }
        self.at += close + 1;
        Ok(Step::End { from, to })
    }

    fn finish(&self) -> Result<Step, ParseError> {
        match self.part {
            Part::Epilog => Ok(Step::Eof),
            Part::Prolog { any: false } => {
                Err(ParseError::new(Code::EmptyFile, "the file is empty", self.position()))
            }
            Part::Root | Part::Prolog { any: true } => Err(self.cut_off()),
        }
    }

    /// Gets more bytes; what is passed leaves the window. False at the end of the file.
    fn more(&mut self) -> Result<bool, ParseError> {
        if self.nul {
            let position = self.source.position_at(self.checked);
            return Err(ParseError::new(Code::NulByte, "the file holds a NUL byte", position));
        }
        self.source.consume(self.at);
        self.checked -= self.at;
        self.at = 0;
        if self.source.fill()? == 0 {
            return Ok(false);
        }
        self.check_new();
        Ok(true)
    }

    /// Gets more of a tag that is not whole yet: at least as much again, so that looking at it anew stays cheap.
    fn grow(&mut self) -> Result<(), ParseError> {
        let have = self.ahead().len();
        if have > Self::LONGEST_TAG {
            return Err(self.too_long());
        }
        let mut grown = false;
        while self.ahead().len() < have * 2 || !grown {
            if !self.more()? {
                break;
            }
            grown = true;
        }
        if grown { Ok(()) } else { Err(self.cut_off()) }
    }

    /// Looks for a NUL in the bytes that came.
    fn check_new(&mut self) {
        let available = self.source.available();
        match memchr::memchr(0, available.get(self.checked..).unwrap_or_default()) {
            Some(index) => {
                self.checked += index;
                self.nul = true;
            }
            None => self.checked = available.len(),
        }
    }

    fn note_prolog(&mut self) {
        if let Part::Prolog { any } = &mut self.part {
            *any = true;
        }
    }

    fn malformed_at(&self, ahead: usize, message: String) -> ParseError {
        ParseError::new(Code::Malformed, message, self.source.position_at(self.at + ahead))
    }

    fn cut_off(&self) -> ParseError {
        let position = self.source.position_at(self.checked);
        let message = match self.begins.last().and_then(|begin| self.names.get(*begin..)) {
            Some(open) => {
                let open = String::from_utf8_lossy(open.get(..60).unwrap_or(open)).into_owned();
                format!("the file ends inside of `<{open}>`")
            }
            None => "the file ends before its root element is complete".to_owned(),
        };
        ParseError::new(Code::CutOff, message, position)
    }

    fn too_long(&self) -> ParseError {
        let message = format!("a tag is longer than {} bytes", Self::LONGEST_TAG);
        ParseError::new(Code::TokenTooLong, message, self.position())
    }
}

/// Where the next `<` stands; before most of them stand a line end and a few spaces.
fn next_tag_in(ahead: &[u8]) -> Option<usize> {
    const NEAR: usize = 16;
    let near = ahead.get(..NEAR).unwrap_or(ahead);
    let at = words::find_either(near, b'<', b'<');
    if at < near.len() {
        return Some(at);
    }
    memchr::memchr(b'<', ahead.get(NEAR..)?).map(|at| at + NEAR)
}
