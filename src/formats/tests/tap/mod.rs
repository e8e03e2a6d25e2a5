//! TAP, the Test Anything Protocol, versions 12 to 14.
//!
//! The plan is the only thing that tells a whole stream from one that was cut, so a stream without one is not
//! whole. Cases are the test points at the left margin; points of subtests are summed up by their parent's.

mod point;
mod stream;

#[cfg(test)]
mod tests;

use crate::diagnostic::Code;
use crate::formats::lines::LineReader;
use crate::formats::{Context, Format, Head, ParseError, Parsed, Position, Source};
use crate::model::Kind;
use point::{plan_of, point_of};
use stream::Stream;

/// TAP.
pub(super) const FORMAT: Format = Format {
    id: "tap",
    kind: Kind::Tests,
    name: "TAP (Test Anything Protocol)",
    default_globs: &["*.tap"],
    spec_url: "https://testanything.org/tap-version-14-specification.html",
    sniff,
    parse,
};

/// The first line that is neither blank nor a comment begins a stream: a version, a plan or a numbered point.
/// (`go test` writes `ok` too, and a package behind it.)
fn sniff(head: &Head) -> bool {
    let first = head.lines().find(|line| !line.trim().is_empty() && !line.starts_with('#'));
    first.is_some_and(|line| {
        line.starts_with("TAP version ") || plan_of(line).is_some() || {
            point_of(line).is_some_and(|point| point.number.is_some())
        }
    })
}

fn parse(source: &mut Source<'_>, context: &mut Context) -> Result<Parsed, ParseError> {
    let mut lines = LineReader::new(source);
    let mut stream = Stream::new(context);
    let read = read_lines(&mut lines, &mut stream, context);
    stream.end_point();
    let read = read.map(|()| {
        stream.judge(lines.position(), context);
        stream.health.and(context.note_decoding(lines.source().decoding()))
    });
    stream.run.conclude(read, context)
}

fn read_lines(
    lines: &mut LineReader<'_, '_>,
    stream: &mut Stream,
    context: &mut Context,
) -> Result<(), ParseError> {
    while let Some((line, text)) = lines.next_text(context)? {
        stream.line(&text, &line, context);
    }
    if lines.position().line == 1 {
        return Err(ParseError::new(Code::EmptyFile, "the file is empty", Position::default()));
    }
    Ok(())
}
