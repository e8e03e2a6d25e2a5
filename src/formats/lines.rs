//! Lines of text through a bounded window.

use super::{Context, ParseError, Position, Source, SourceError};
use crate::diagnostic::{Code, Weight};
use std::borrow::Cow;

/// How a line ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineEnd {
    /// With LF or CR LF, which are not part of [`Line::bytes`].
    Newline,
    /// With the end of the file: the last line, where no newline follows it.
    EndOfFile,
    /// It is longer than the reader's limit. Its first bytes are given, the rest is skipped.
    Cut,
}

/// One line of a file, as it lies in the window.
#[derive(Clone, Copy, Debug)]
pub struct Line<'w> {
    /// The bytes without the line end.
    pub bytes: &'w [u8],
    /// How it ended.
    pub end: LineEnd,
    /// 1-based number of the line.
    pub number: u64,
    /// Offset of its first byte in the decoded text.
    pub offset: u64,
}

impl<'w> Line<'w> {
    /// Position of the byte `ahead` bytes after the line's first.
    pub const fn position_at(&self, ahead: usize) -> Position {
        Position { line: self.number, column: 1 + ahead as u64, offset: self.offset + ahead as u64 }
    }

    /// Position of the line's first byte.
    pub const fn position(&self) -> Position {
        self.position_at(0)
    }

    /// The line as text. Bytes that are no UTF-8 become U+FFFD, and only then is the text [`Cow::Owned`].
    pub fn text(&self) -> Cow<'w, str> {
        String::from_utf8_lossy(self.bytes)
    }

    /// Where the first NUL byte stands, if the line holds one: the file is binary or damaged.
    pub fn nul(&self) -> Option<usize> {
        memchr::memchr(0, self.bytes)
    }
}

/// Reads a source line by line.
///
/// Line ends are LF and CR LF; a CR alone is text. No line is copied, and no more than the limit (and the
/// window) is ever in memory.
#[derive(Debug)]
pub struct LineReader<'s, 'r> {
    source: &'s mut Source<'r>,
    limit: usize,
    /// Start of the next line within what the source has available.
    at: usize,
    number: u64,
    skip_rest: bool,
    ends_within_line: bool,
}

impl<'s, 'r> LineReader<'s, 'r> {
    /// The longest line that is given whole unless the caller says otherwise, in bytes.
    pub const DEFAULT_LIMIT: usize = 64 * 1024;

    /// Reads from where `source` stands, with lines of at most [`Self::DEFAULT_LIMIT`] bytes.
    pub fn new(source: &'s mut Source<'r>) -> Self {
        Self::with_limit(source, Self::DEFAULT_LIMIT)
    }

    /// Reads from where `source` stands; a line of more than `limit` bytes is cut.
    pub fn with_limit(source: &'s mut Source<'r>, limit: usize) -> Self {
        Self { source, limit, at: 0, number: 0, skip_rest: false, ends_within_line: false }
    }

    /// The next line; `None` at the end of the file.
    ///
    /// # Errors
    /// When the file cannot be read or is larger than allowed.
    pub fn next_line(&mut self) -> Result<Option<Line<'_>>, SourceError> {
        if self.skip_rest {
            self.skip_to_newline()?;
        }
        let mut searched = 0;
        let (length, end, next) = loop {
            let rest = self.source.available().get(self.at..).unwrap_or_default();
            if let Some(index) = find_newline(rest, searched) {
                let carriage = index > 0 && rest.get(index - 1) == Some(&b'\r');
                let length = index - usize::from(carriage);
                if length <= self.limit {
                    break (length, LineEnd::Newline, index + 1);
                }
            } else if rest.len() <= self.limit + 1 {
                // One byte more than the limit may still be the CR of a line end.
                searched = rest.len();
                if self.refill()? > 0 {
                    continue;
                }
                if searched == 0 {
                    return Ok(None);
                }
                if searched <= self.limit {
                    self.ends_within_line = true;
                    break (searched, LineEnd::EndOfFile, searched);
                }
            }
            self.skip_rest = true;
            break (self.limit, LineEnd::Cut, self.limit);
        };
        let offset = self.source.position().offset + self.at as u64;
        let start = self.at;
        self.at += next;
        self.number += 1;
        let bytes = self.source.available().get(start..start + length).unwrap_or_default();
        Ok(Some(Line { bytes, end, number: self.number, offset }))
    }

    /// The next line and its text, for formats that are nothing but text; `None` at the end of the file. Bytes that are
    /// no UTF-8 are replaced with a warning.
    ///
    /// # Errors
    /// As [`Self::next_line`], and when the line holds a NUL byte.
    pub fn next_text(
        &mut self,
        context: &mut Context,
    ) -> Result<Option<(Line<'_>, Cow<'_, str>)>, ParseError> {
        let Some(line) = self.next_line()? else { return Ok(None) };
        if let Some(nul) = line.nul() {
            let message = "the file holds a NUL byte";
            return Err(ParseError::new(Code::NulByte, message, line.position_at(nul)));
        }
        let text = line.text();
        if matches!(text, Cow::Owned(_)) {
            let message = || "bytes that are no UTF-8 were replaced".to_owned();
            context.warn_with(Code::BadEncoding, Weight::Warning, message, || line.position());
        }
        Ok(Some((line, text)))
    }

    /// The bytes behind the last line that are in the window, for a caller that knows the form of what comes. May
    /// end anywhere, and be empty long before the file ends.
    pub fn rest(&self) -> &[u8] {
        if self.skip_rest { &[] } else { self.source.available().get(self.at..).unwrap_or_default() }
    }

    /// Passes over `lines` whole lines at the beginning of [`LineReader::rest`], which are `bytes` bytes with
    /// their line ends.
    pub fn pass(&mut self, bytes: usize, lines: u64) {
        self.at += bytes.min(self.rest().len());
        self.number += lines;
    }

    /// True once the end of the file was met and its last line has no line end: the file may be cut off.
    pub const fn ends_within_line(&self) -> bool {
        self.ends_within_line
    }

    /// Where the reader stands: the first byte of the next line.
    pub fn position(&self) -> Position {
        Position { line: self.number + 1, column: 1, offset: self.source.position().offset + self.at as u64 }
    }

    /// What the source did to the bytes so far.
    pub const fn source(&self) -> &Source<'r> {
        self.source
    }

    fn refill(&mut self) -> Result<usize, SourceError> {
        self.source.consume(self.at);
        self.at = 0;
        self.source.fill()
    }

    fn skip_to_newline(&mut self) -> Result<(), SourceError> {
        self.skip_rest = false;
        loop {
            let rest = self.source.available().get(self.at..).unwrap_or_default();
            if let Some(index) = memchr::memchr(b'\n', rest) {
                self.at += index + 1;
                return Ok(());
            }
            self.at += rest.len();
            if self.refill()? == 0 {
                self.ends_within_line = true;
                return Ok(());
            }
        }
    }
}

/// Index of the first LF at or behind `from`.
///
/// Lines of coverage files have ten bytes: a call of memchr costs more than it saves on them, so the first
/// bytes are looked at eight at a time here.
fn find_newline(bytes: &[u8], from: usize) -> Option<usize> {
    const NEAR: usize = 32;
    const ONES: u64 = u64::from_le_bytes([0x01; 8]);
    const HIGH: u64 = u64::from_le_bytes([0x80; 8]);
    const NEWLINES: u64 = u64::from_le_bytes([b'\n'; 8]);
    let mut at = from;
    while at < from + NEAR {
        let Some(eight) = bytes.get(at..).and_then(|rest| rest.first_chunk::<8>()) else { break };
        // Zero exactly in the bytes that are LF; the lowest set high bit marks the first zero byte.
        let word = u64::from_le_bytes(*eight) ^ NEWLINES;
        let found = word.wrapping_sub(ONES) & !word & HIGH;
        if found != 0 {
            return Some(at + (found.trailing_zeros() / 8) as usize);
        }
        at += 8;
    }
    memchr::memchr(b'\n', bytes.get(at..)?).map(|index| at + index)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Gives its bytes in pieces of a chosen size.
    struct Pieces<'b>(&'b [u8], usize);

    impl std::io::Read for Pieces<'_> {
        fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
            let count = self.0.len().min(self.1).min(into.len());
            into[..count].copy_from_slice(&self.0[..count]);
            self.0 = &self.0[count..];
            Ok(count)
        }
    }

    /// Bytes, end, number and offset.
    type Owned = (Vec<u8>, LineEnd, u64, u64);

    fn lines_of(bytes: &[u8], limit: usize, piece: usize) -> (Vec<Owned>, bool) {
        let mut source = Source::new(Pieces(bytes, piece), u64::MAX);
        let mut reader = LineReader::with_limit(&mut source, limit);
        let mut lines = Vec::new();
        while let Some(line) = reader.next_line().unwrap() {
            lines.push((line.bytes.to_vec(), line.end, line.number, line.offset));
        }
        (lines, reader.ends_within_line())
    }

    fn texts(bytes: &[u8], limit: usize) -> Vec<(String, LineEnd)> {
        let (lines, _) = lines_of(bytes, limit, 7);
        lines.into_iter().map(|(bytes, end, ..)| (String::from_utf8(bytes).unwrap(), end)).collect()
    }

    fn whole(text: &str) -> (String, LineEnd) {
        (text.to_owned(), LineEnd::Newline)
    }

    #[test]
    fn lf_and_crlf_end_a_line_and_a_cr_alone_does_not() {
        assert_eq!(
            texts(b"a\r\nb\n\n\r\nc\rd\n", 100),
            [whole("a"), whole("b"), whole(""), whole(""), whole("c\rd")]
        );
    }

    #[test]
    fn a_last_line_without_a_newline_is_told_apart() {
        assert_eq!(texts(b"a\nb", 100), [whole("a"), ("b".to_owned(), LineEnd::EndOfFile)]);
        assert!(lines_of(b"a\nb", 100, 7).1);
        assert!(!lines_of(b"a\nb\n", 100, 7).1);
        assert_eq!(lines_of(b"", 100, 7), (Vec::new(), false));
    }

    #[test]
    fn a_line_over_the_limit_is_cut_and_the_next_one_is_whole() {
        let cut = |text: &str| (text.to_owned(), LineEnd::Cut);
        assert_eq!(texts(b"abcde\nfg\n", 4), [cut("abcd"), whole("fg")]);
        assert_eq!(texts(b"abcd\r\nfg\n", 4), [whole("abcd"), whole("fg")]);
        assert_eq!(texts(b"abcd\rx\nfg\n", 4), [cut("abcd"), whole("fg")]);
        assert_eq!(texts(b"ab\nabcdefghijklmnopqrstuvwxyz", 4), [whole("ab"), cut("abcd")]);
        assert!(lines_of(b"abcdefghij", 4, 7).1, "a cut last line has no line end either");
    }

    #[test]
    fn positions_count_lines_and_bytes_across_refills() {
        let text = "0123456789\n".repeat(50_000);
        let (lines, _) = lines_of(text.as_bytes(), 100, 100_000);
        assert_eq!(lines.len(), 50_000);
        let last = lines.last().unwrap();
        assert_eq!((last.2, last.3), (50_000, 49_999 * 11));
    }

    #[test]
    fn a_line_of_a_hundred_megabytes_stays_within_the_window() {
        struct Endless(u64);
        impl std::io::Read for Endless {
            fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
                let count = self.0.min(into.len() as u64);
                self.0 -= count;
                into[..usize::try_from(count).unwrap()].fill(b'x');
                Ok(usize::try_from(count).unwrap())
            }
        }
        let mut source = Source::new(Endless(100_000_000), u64::MAX);
        let mut reader = LineReader::new(&mut source);
        let line = reader.next_line().unwrap().unwrap();
        assert_eq!((line.bytes.len(), line.end), (LineReader::DEFAULT_LIMIT, LineEnd::Cut));
        assert!(reader.next_line().unwrap().is_none());
        assert!(reader.source().available().len() <= Source::WINDOW);
    }

    #[test]
    fn a_nul_byte_and_broken_utf_8_are_visible() {
        let mut source = Source::from_bytes(b"a\0b\n\xff\n");
        let mut reader = LineReader::new(&mut source);
        assert_eq!(reader.next_line().unwrap().unwrap().nul(), Some(1));
        let broken = reader.next_line().unwrap().unwrap();
        assert!(matches!(broken.text(), Cow::Owned(text) if text == "\u{fffd}"));
    }

    #[test]
    fn a_line_of_text_is_repaired_with_a_warning_and_never_holds_a_nul_byte() {
        let mut source = Source::from_bytes(b"fine\n\xff\na\0b\n");
        let (mut reader, mut context) = (LineReader::new(&mut source), Context::default());
        assert_eq!(reader.next_text(&mut context).unwrap().unwrap().1, "fine");
        assert!(!context.warned(Code::BadEncoding));
        assert_eq!(reader.next_text(&mut context).unwrap().unwrap().1, "\u{fffd}");
        assert!(context.warned(Code::BadEncoding));
        let error = reader.next_text(&mut context).unwrap_err();
        assert_eq!((error.code, error.position.line, error.position.column), (Code::NulByte, 3, 2));
    }

    proptest! {
        #[test]
        fn lines_are_those_of_a_plain_split(text in "[a\r\n]{0,60}", piece in 1_usize..70) {
            let mut wanted: Vec<&str> = text.split('\n').collect();
            let last = wanted.pop().unwrap();
            let mut wanted: Vec<String> =
                wanted.into_iter().map(|line| line.strip_suffix('\r').unwrap_or(line).to_owned()).collect();
            if !last.is_empty() {
                wanted.push(last.to_owned());
            }
            let (lines, open) = lines_of(text.as_bytes(), 1000, piece);
            let got: Vec<String> = lines.into_iter().map(|l| String::from_utf8(l.0).unwrap()).collect();
            prop_assert_eq!(got, wanted);
            prop_assert_eq!(open, !last.is_empty());
        }

        #[test]
        fn a_newline_is_found_where_memchr_finds_it(bytes in proptest::collection::vec(0_u8..20, 0..90), from in 0_usize..10) {
            let expected = memchr::memchr(b'\n', bytes.get(from..).unwrap_or_default()).map(|i| i + from);
            prop_assert_eq!(find_newline(&bytes, from), expected);
        }
    }
}
