//! What the XML formats of test results read alike.

use super::run::RunBuilder;
use super::time::{Time, plain_seconds, seconds};
use crate::diagnostic::{Code, Weight};
use crate::formats::xml::{Attribute, Event, Reader, Tag};
use crate::formats::{Context, ParseError, Position};
use std::time::Duration;

/// What buffers hold beyond the cap of a text, so that the run sees that something was cut.
pub(super) const MARGIN: usize = 4;

/// Appends the text inside of the element whose start tag came last, up to and with its end tag, child elements
/// on lines of their own. Children with a name of `skipped` are passed over.
pub(super) fn text_of_element(
    reader: &mut Reader<'_, '_>,
    text: &mut String,
    skipped: &[&[u8]],
    context: &mut Context,
) -> Result<(), ParseError> {
    let cap = context.max_text + MARGIN;
    let mut depth = 1_u32;
    // Space between tags is no text, in however many pieces it arrives: it goes when the next tag comes.
    let mut space_from = Some(text.len());
    while depth > 0 {
        let event = if text.len() < cap { reader.next()? } else { reader.next_tag()? };
        if let (Some(from), false) = (space_from, matches!(event, Event::Text(_))) {
            text.truncate(from);
        }
        match event {
            Event::Text(piece) => {
                if !piece.is_space() {
                    space_from = None;
                }
                piece.append_to(text, cap, context);
                continue;
            }
            Event::Start(tag) if skipped.contains(&tag.name()) => reader.skip_element()?,
            Event::Start(_) => {
                depth += 1;
                if !text.is_empty() && !text.ends_with('\n') {
                    text.truncate(text.trim_end().len());
                    text.push('\n');
                }
            }
            Event::End(_) => depth -= 1,
            Event::Eof => return Ok(()),
        }
        space_from = Some(text.len());
    }
    text.truncate(text.trim_end().len());
    Ok(())
}

/// Puts the value of an attribute into a buffer; empties it if there is none.
pub(super) fn value_into(tag: &Tag<'_>, name: &str, into: &mut String, context: &mut Context) {
    into.clear();
    if let Some(attribute) = tag.attribute(name) {
        attribute.append_to(into, usize::MAX, context);
    }
}

/// A time in seconds; `None` if nothing is written. What is no time is said.
pub(super) fn seconds_of(attribute: &Attribute<'_>, context: &mut Context) -> Option<Duration> {
    if let Some(time) = plain_seconds(attribute.raw()) {
        return Some(time);
    }
    let value = attribute.value(context);
    known_time(seconds(&value), &value, context, || attribute.position())
}

/// A time, if it can be read; what cannot is said, and is no reason to fail.
pub(super) fn known_time(
    time: Time,
    text: &str,
    context: &mut Context,
    position: impl FnOnce() -> Position,
) -> Option<Duration> {
    match time {
        Time::Known(time) => return Some(time),
        Time::Absent => {}
        Time::Unclear => {
            let message = || format!("`{}` is no time", text.chars().take(40).collect::<String>());
            context.warn_with(Code::BadTime, Weight::Note, message, position);
        }
    }
    None
}

/// Names of the open suites, joined for identities.
#[derive(Debug, Default)]
pub(super) struct SuitePath {
    path: String,
    outer: Vec<usize>,
}

impl SuitePath {
    /// Opens a suite. Of a name that is a path to a file only the file's name is used: machines differ.
    pub(super) fn open(&mut self, name: &str) {
        self.outer.push(self.path.len());
        let name = name.rsplit(['/', '\\']).next().unwrap_or(name);
        if name.is_empty() {
            return;
        }
        if !self.path.is_empty() {
            self.path.push_str(super::run::SEPARATOR);
        }
        self.path.push_str(name.get(..name.floor_char_boundary(RunBuilder::LONGEST_NAME)).unwrap_or(name));
    }

    /// Closes the suite that was opened last.
    pub(super) fn close(&mut self) {
        if let Some(length) = self.outer.pop() {
            self.path.truncate(length);
        }
    }

    /// The names, outermost first.
    pub(super) fn as_str(&self) -> &str {
        &self.path
    }
}

/// Says that a word is not known, and what follows from it.
pub(super) fn warn_unknown_status(word: &str, context: &mut Context, position: impl FnOnce() -> Position) {
    let message = || {
        let word: String = word.chars().take(40).collect();
        format!("the outcome `{word}` is not known, so the case is no pass")
    };
    context.warn_with(Code::UnknownStatus, Weight::Error, message, position);
}

/// A root element that is none of the format's.
pub(super) fn wrong_root(tag: &Tag<'_>, expected: &str) -> ParseError {
    let name: String = String::from_utf8_lossy(tag.full_name()).chars().take(60).collect();
    ParseError::new(
        Code::WrongFormat,
        format!("the root element is <{name}>, not {expected}"),
        tag.position(),
    )
}
