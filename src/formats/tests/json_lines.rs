//! Streams of events, one JSON object a line, with other output between them.

use crate::diagnostic::{Code, Weight};
use crate::formats::lines::{LineEnd, LineReader};
use crate::formats::{Context, ParseError, Position, Source};
use crate::model::Health;

/// What stands on a line.
#[derive(Clone, Copy, Debug)]
pub(super) enum Content<'l> {
    /// Something that begins like a JSON object.
    Object(&'l str),
    /// Anything else; blank lines are left out.
    Other(&'l str),
}

/// The stream was read to its end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ended {
    /// Whether every event could be read.
    pub(super) health: Health,
    /// Where the file ends.
    pub(super) position: Position,
}

/// The longest line that is read, in bytes: libtest puts all that a test printed on one.
const LONGEST: usize = 4 << 20;

/// Hands each line to `each`, which may refuse an object. A refused one degrades the report: an event is lost.
/// Refused at the very end of the file it means that the file is cut off.
///
/// # Errors
/// When the file cannot be read, is cut off inside of its last line, or holds a NUL byte.
pub(super) fn each_line(
    source: &mut Source<'_>,
    context: &mut Context,
    mut each: impl FnMut(Content<'_>, Position, &mut Context) -> Result<(), serde_json::Error>,
) -> Result<Ended, ParseError> {
    let mut lines = LineReader::with_limit(source, LONGEST);
    let mut health = Health::Complete;
    let mut others = 0_u64;
    let mut empty = true;
    while let Some((line, text)) = lines.next_text(context)? {
        let text = text.trim();
        if text.is_empty() {
            continue;
        }
        empty = false;
        if !text.starts_with('{') {
            others += 1;
            // What is no object cannot be refused.
            if each(Content::Other(text), line.position(), context).is_err() {
                health = Health::Degraded;
            }
            continue;
        }
        if line.end == LineEnd::Cut {
            let message = || format!("a line is longer than {LONGEST} bytes and was not read");
            context.warn_with(Code::LineTooLong, Weight::Error, message, || line.position());
            health = Health::Degraded;
            continue;
        }
        if let Err(error) = each(Content::Object(text), line.position(), context) {
            if line.end == LineEnd::EndOfFile {
                let message = "the file ends inside of an event";
                return Err(ParseError::new(Code::CutOff, message, line.position()));
            }
            let message = || format!("an event cannot be read: {error}");
            context.warn_with(Code::BadLine, Weight::Error, message, || line.position());
            health = Health::Degraded;
        }
    }
    if empty {
        return Err(ParseError::new(Code::EmptyFile, "the file is empty", Position::default()));
    }
    if others > 0 {
        let message = format!("{others} lines are no events");
        context.warn(Code::BadLine, Weight::Note, message, Position::default());
    }
    let health = health.and(context.note_decoding(lines.source().decoding()));
    Ok(Ended { health, position: lines.position() })
}
