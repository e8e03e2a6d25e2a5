//! Go cover profiles: `go test -coverprofile` (coverage.md b.5).
//!
//! A profile lists blocks of statements. `-coverpkg` and concatenated shards repeat blocks: the counts of one
//! block are summed. A line ran if a block on it did, and only in part if another did not; the end of a block is
//! exclusive, so a line that holds no more of it than its closing brace is none of its lines.

use super::gather::Gathered;
use super::number::{self, LineNumber};
use crate::diagnostic::Code;
use crate::formats::lines::{Line, LineEnd, LineReader};
use crate::formats::{Context, Format, Head, ParseError, Parsed, Source};
use crate::model::{FileCoverage, Kind, Lines};
use std::collections::BTreeMap;
use std::num::NonZeroU32;

/// Go's cover profile.
pub(super) const FORMAT: Format = Format {
    id: "go-cover",
    kind: Kind::Coverage,
    name: "Go cover profile",
    default_globs: &["cover.out", "coverage.out", "c.out", "coverprofile", "*.coverprofile", "coverage.txt"],
    spec_url: "https://pkg.go.dev/golang.org/x/tools/cover",
    sniff,
    parse,
};

/// The mode, or a block where shards were put together without it.
fn sniff(head: &Head) -> bool {
    let first = head.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    let modes = ["mode: set", "mode: count", "mode: atomic"];
    modes.contains(&first) || Block::new(first.as_bytes()).is_some_and(|block| block.path.ends_with(b".go"))
}

fn parse(source: &mut Source<'_>, context: &mut Context) -> Result<Parsed, ParseError> {
    let mut profile = Profile { gathered: Gathered::new(context), blocks: BTreeMap::new() };
    let result = profile.read(source);
    profile.gathered.conclude(source, result)
}

/// First line, first column, last line, last column.
type Place = [u32; 4];

/// The first and the last line of a block.
fn lines_of([first, _, last, last_column]: Place) -> (u32, u32) {
    // Columns count from 1, and the last one is the first behind the block.
    (first, if last_column <= 2 && last > first { last - 1 } else { last })
}

/// A profile while it is read.
struct Profile<'c> {
    gathered: Gathered<'c>,
    /// Path → block → count.
    blocks: BTreeMap<Vec<u8>, BTreeMap<Place, u64>>,
}

impl Profile<'_> {
    fn read(&mut self, source: &mut Source<'_>) -> Result<(), ParseError> {
        let mut lines = LineReader::new(source);
        while let Some(line) = lines.next_line()? {
            self.take(&line)?;
        }
        let end = lines.position();
        for (path, blocks) in std::mem::take(&mut self.blocks) {
            let mut file = FileCoverage::default();
            // How many blocks there are on a line: one alone makes no parts.
            let mut shared = Lines::default();
            for &place in blocks.keys() {
                let (first, last) = lines_of(place);
                self.gathered.range(first, last, || end, |line| shared.add(line, 1))?;
            }
            for (place, hits) in blocks {
                let (first, last) = lines_of(place);
                let id = number::place_branch(place);
                for line in (first..=last).filter_map(NonZeroU32::new) {
                    file.lines.at_least(line, hits);
                    if shared.get(line) > Some(1) {
                        file.parts.add(line.get(), id, hits > 0);
                    }
                }
            }
            self.gathered.put(&String::from_utf8_lossy(&path), file, || end)?;
        }
        Ok(())
    }

    fn take(&mut self, line: &Line<'_>) -> Result<(), ParseError> {
        let text = line.bytes.trim_ascii();
        if text.is_empty() || text.starts_with(b"mode:") {
            return Ok(());
        }
        if let Some(at) = line.nul() {
            return Err(ParseError::new(Code::NulByte, "a NUL byte", line.position_at(at)));
        }
        let block = Block::new(text).filter(|_| line.end != LineEnd::Cut);
        let Some(block) = block else {
            let (code, message) = match line.end {
                LineEnd::Newline => (Code::Malformed, "a line is no block of a cover profile"),
                LineEnd::EndOfFile => (Code::CutOff, "the file ends within a line"),
                LineEnd::Cut => (Code::LineTooLong, "a line of more than 64 KiB is skipped"),
            };
            self.gathered.degrade(code, message, line.position());
            return Ok(());
        };
        let Block { path, place, count } = block;
        let count = number::count(count);
        let what = || "a block".to_owned();
        let Some(hits) = self.gathered.hits(count, what, || line.position()) else {
            return Ok(());
        };
        if !self.blocks.contains_key(path) {
            self.blocks.insert(path.to_vec(), BTreeMap::new());
        }
        if let Some(blocks) = self.blocks.get_mut(path) {
            self.gathered.hold(usize::from(!blocks.contains_key(&place)), || line.position())?;
            let sum = blocks.entry(place).or_default();
            *sum = sum.saturating_add(hits);
        }
        Ok(())
    }
}

/// `<path>:<line>.<column>,<line>.<column> <statements> <count>`
struct Block<'l> {
    path: &'l [u8],
    place: Place,
    count: &'l [u8],
}

impl<'l> Block<'l> {
    fn new(text: &'l [u8]) -> Option<Self> {
        let (rest, count) = split_last(text, b' ')?;
        let (rest, statements) = split_last(rest, b' ')?;
        number::digits(statements)?;
        let (path, place) = split_last(rest, b':')?;
        let comma = memchr::memchr(b',', place)?;
        let (start, end) = (place.get(..comma)?, place.get(comma + 1..)?);
        let (start, end) = (point(start)?, point(end)?);
        (!path.is_empty() && start <= end).then_some(Self {
            path,
            place: [start.0, start.1, end.0, end.1],
            count,
        })
    }
}

fn split_last(text: &[u8], mark: u8) -> Option<(&[u8], &[u8])> {
    let at = memchr::memrchr(mark, text)?;
    Some((text.get(..at)?, text.get(at + 1..)?))
}

/// `<line>.<column>`
fn point(text: &[u8]) -> Option<(u32, u32)> {
    let dot = memchr::memchr(b'.', text)?;
    let LineNumber::Line(line) = number::line_number(text.get(..dot)?) else { return None };
    let column = u32::try_from(number::digits(text.get(dot + 1..)?)?).ok()?;
    Some((NonZeroU32::get(line), column))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::coverage::testing::{claims, ratio, read, read_error};
    use crate::model::Health;

    #[test]
    fn lines_of_a_block_ran_if_the_block_ran() {
        let read =
            read(&FORMAT, "mode: set\ngithub.com/a/b/x.go:3.20,5.9 2 1\ngithub.com/a/b/x.go:7.2,8.10 1 0\n");
        let lines: Vec<_> = (2..10).map(|line| read.hits("github.com/a/b/x.go", line)).collect();
        assert_eq!(lines, [None, Some(1), Some(1), Some(1), None, Some(0), Some(0), None]);
        assert_eq!((read.totals().lines, read.health), (ratio(3, 5), Health::Complete));
    }

    #[test]
    fn a_line_with_only_the_closing_brace_is_no_line() {
        let read = read(&FORMAT, "mode: set\nx.go:3.20,5.2 2 1\nx.go:9.1,9.2 1 1\n");
        assert_eq!(read.totals().lines, ratio(3, 3));
        assert_eq!(read.hits("x.go", 5), None);
    }

    #[test]
    fn a_block_that_stands_twice_ran_if_it_ran_once_and_a_line_of_two_blocks_if_one_did() {
        let text = "mode: count\nx.go:3.1,3.9 1 0\nx.go:3.1,3.9 1 4\nx.go:3.1,3.9 1 1\nx.go:3.10,3.30 1 0\n\nmode: count\nx.go:4.1,4.9 1 0\n";
        let read = read(&FORMAT, text);
        assert_eq!((read.hits("x.go", 3), read.hits("x.go", 4)), (Some(5), Some(0)));
        assert_eq!(read.file("x.go").partial_lines(), [3], "the second block of line 3 did not run");
    }

    #[test]
    fn paths_may_hold_spaces_and_colons() {
        assert_eq!(
            read(&FORMAT, "mode: set\r\nC:\\a b\\x.go:3.1,3.9 1 1\r\n").hits("C:\\a b\\x.go", 3),
            Some(1)
        );
    }

    #[test]
    fn what_is_no_block_is_lost_and_never_a_pass() {
        for broken in [
            "x.go:3.1,2.9 1 1",
            "x.go:0.1,2.9 1 1",
            "x.go:3.1 1 1",
            "hello",
            "x.go:3.1,3.9 1",
            "x.go:3.1,3.9 1 x",
        ] {
            let read = read(&FORMAT, format!("mode: set\nx.go:9.1,9.9 1 0\n{broken}\n"));
            assert_eq!((read.health, read.totals().lines), (Health::Degraded, ratio(0, 1)), "{broken}");
        }
        assert_eq!(read(&FORMAT, "mode: set\nx.go:9.1,9.9 1 0\nx.go:10.1,1").codes, [Code::CutOff]);
    }

    #[test]
    fn a_profile_without_blocks_is_empty() {
        assert_eq!(read(&FORMAT, "mode: set\n").health, Health::Empty);
    }

    #[test]
    fn blocks_of_billions_of_lines_are_refused() {
        let error = read_error(&FORMAT, "mode: set\nx.go:1.1,4294967295.9 1 1\n");
        assert_eq!(error.code, Code::ReportTooLarge);
    }

    #[test]
    fn profiles_are_recognised_with_and_without_a_mode() {
        for text in ["mode: set\n", "\nmode: atomic\r\n", "a/b.go:1.2,3.4 1 0\n"] {
            assert_eq!(claims(text.as_bytes()), ["go-cover"], "{text}");
        }
        for text in ["mode: dark\n", "a/b.py:1.2,3.4 1 0\n", "model: set"] {
            assert!(!claims(text.as_bytes()).contains(&"go-cover"), "{text}");
        }
    }
}
