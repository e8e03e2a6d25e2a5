//! A bounded window over a stream of bytes, decoded to UTF-8.

use super::{Head, gzip};
use crate::diagnostic::Code;
use std::io::{self, Read};

/// A place in a file: 1-based line and column (in bytes of the decoded text), and the byte offset.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// 1-based line; 0 if unknown.
    pub line: u64,
    /// 1-based column in bytes; 0 if unknown.
    pub column: u64,
    /// Offset in the decoded text, from 0.
    pub offset: u64,
}

impl Position {
    /// The line as the diagnostics carry it; saturating.
    pub fn line_u32(self) -> u32 {
        u32::try_from(self.line).unwrap_or(u32::MAX)
    }

    /// The column as the diagnostics carry it; saturating.
    pub fn column_u32(self) -> u32 {
        u32::try_from(self.column).unwrap_or(u32::MAX)
    }
}

/// Why no more bytes come. The disk's fault, or the file is larger than allowed.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct SourceError {
    /// `unreadable-file` or `report-too-large`; of a compressed file also `cut-off` or `malformed`.
    pub code: Code,
    /// What happened.
    pub message: String,
    /// Where the reader stood.
    pub position: Position,
}

/// What was done to the bytes before the parser saw them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Decoding {
    /// The encoding, if it was not UTF-8 (or plain ASCII).
    pub from: Option<&'static str>,
    /// Sequences that are not valid in the encoding and became U+FFFD.
    pub replaced: u64,
}

/// Opens another file of the folder that a report lies in, by its bare name, or says why it cannot be had.
pub type Folder = dyn Fn(&str) -> Result<Source<'static>, String> + Send;

/// A report's bytes through a window of fixed size, as UTF-8 text (a BOM is dropped).
///
/// A compressed file (gzip) is read as what it holds. UTF-16 is decoded if a byte order mark or the pattern of the first bytes shows it; Latin-1 and Windows code
/// pages if an XML declaration names them. Bytes that are valid in no way are left to the parser.
pub struct Source<'r> {
    reader: Box<dyn Read + Send + 'r>,
    decoder: Option<encoding_rs::Decoder>,
    raw: Vec<u8>,
    window: Vec<u8>,
    start: usize,
    end: usize,
    eof: bool,
    started: bool,
    inflating: bool,
    bytes_read: u64,
    max_bytes: u64,
    /// Offset, lines and column of `window[start]`, as far as they are counted.
    consumed: Position,
    decoding: Decoding,
    folder: Option<Box<Folder>>,
}

impl std::fmt::Debug for Source<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Source")
            .field("consumed", &self.consumed)
            .field("eof", &self.eof)
            .finish_non_exhaustive()
    }
}

impl<'r> Source<'r> {
    /// Size of the window to begin with; a parser may ask for more, up to its own limit.
    pub const WINDOW: usize = 128 * 1024;
    /// How much of a file [`Source::head`] looks at.
    pub const HEAD: usize = 64 * 1024;
    /// The largest report that is read unless the user allows more.
    pub const DEFAULT_MAX_BYTES: u64 = 4 << 30;

    /// Reads from `reader`, at most `max_bytes`.
    pub fn new(reader: impl Read + Send + 'r, max_bytes: u64) -> Self {
        Self {
            reader: Box::new(reader),
            decoder: None,
            raw: Vec::new(),
            window: vec![0; Self::WINDOW],
            start: 0,
            end: 0,
            eof: false,
            started: false,
            inflating: false,
            bytes_read: 0,
            max_bytes,
            consumed: Position { line: 1, column: 1, offset: 0 },
            decoding: Decoding::default(),
            folder: None,
        }
    }

    /// The same with the folder that the report lies in, for a format that may name other files of it.
    #[must_use]
    pub fn within(mut self, folder: Box<Folder>) -> Self {
        self.folder = Some(folder);
        self
    }

    /// Takes what opens the other files of the folder; `None` where they are not at hand.
    pub fn take_folder(&mut self) -> Option<Box<Folder>> {
        self.folder.take()
    }

    /// Reads from memory, without a limit.
    pub fn from_bytes(bytes: &'r [u8]) -> Self {
        Self::new(bytes, u64::MAX)
    }

    /// How the file begins. Nothing is consumed.
    ///
    /// # Errors
    /// When the file cannot be read or is larger than allowed.
    pub fn head(&mut self) -> Result<Head, SourceError> {
        while self.available().len() < Self::HEAD && self.fill()? > 0 {}
        let bytes = self.available();
        Ok(Head::new(bytes.get(..Self::HEAD).unwrap_or(bytes)))
    }

    /// The bytes that are there and not consumed.
    pub fn available(&self) -> &[u8] {
        self.window.get(self.start..self.end).unwrap_or_default()
    }

    /// True once the last byte of the file is in the window (or consumed).
    pub const fn at_end(&self) -> bool {
        self.eof
    }

    /// Marks bytes of the window as done.
    pub fn consume(&mut self, count: usize) {
        let done = self.available().get(..count).unwrap_or(self.available());
        let position = advance(self.consumed, done);
        self.start += done.len();
        self.consumed = position;
    }

    /// Gets more bytes behind those that are there; the window grows if it is full. Returns how many came, 0
    /// at the end of the file.
    ///
    /// # Errors
    /// When the file cannot be read or is larger than allowed.
    pub fn fill(&mut self) -> Result<usize, SourceError> {
        if !self.started {
            self.started = true;
            self.start_decoding()?;
            if self.end > self.start {
                return Ok(self.end - self.start);
            }
        }
        if self.eof {
            return Ok(0);
        }
        self.make_room();
        let before = self.end;
        while self.end == before && !self.eof {
            self.read_once()?;
        }
        Ok(self.end - before)
    }

    /// Position of the first byte that is not consumed.
    pub const fn position(&self) -> Position {
        self.consumed
    }

    /// Position of a byte `ahead` of the first that is not consumed.
    pub fn position_at(&self, ahead: usize) -> Position {
        let bytes = self.available();
        advance(self.consumed, bytes.get(..ahead).unwrap_or(bytes))
    }

    /// What was done to the bytes so far.
    pub const fn decoding(&self) -> Decoding {
        self.decoding
    }

    fn make_room(&mut self) {
        if self.start > 0 {
            self.window.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        if self.end == self.window.len() {
            let larger = self.window.len() * 2;
            self.window.resize(larger, 0);
        } else if self.end == 0 && self.window.len() > Self::WINDOW {
            self.window.truncate(Self::WINDOW);
            self.window.shrink_to_fit();
        }
    }

    fn read_raw(&mut self, into: &mut [u8]) -> Result<usize, SourceError> {
        loop {
            match self.reader.read(into) {
                Ok(count) => {
                    self.bytes_read += count as u64;
                    if self.bytes_read > self.max_bytes {
                        let message = format!("the report is larger than {} bytes", self.max_bytes);
                        return Err(self.error(Code::ReportTooLarge, message));
                    }
                    return Ok(count);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    let code = match error.kind() {
                        io::ErrorKind::UnexpectedEof => Code::CutOff,
                        io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput => Code::Malformed,
                        io::ErrorKind::FileTooLarge => Code::ReportTooLarge,
                        _ => Code::UnreadableFile,
                    };
                    return Err(self.error(code, format!("reading failed: {error}")));
                }
            }
        }
    }

    fn error(&self, code: Code, message: String) -> SourceError {
        SourceError { code, message, position: self.consumed }
    }

    /// Reads the first bytes and decides on the encoding.
    fn start_decoding(&mut self) -> Result<(), SourceError> {
        let mut window = std::mem::take(&mut self.window);
        let mut end = 0;
        // Enough for an XML declaration; a pipe may give its bytes in small pieces.
        while end < 1024 && !self.eof {
            let count = match self.read_raw(window.get_mut(end..).unwrap_or_default()) {
                Ok(count) => count,
                Err(error) => {
                    self.window = window;
                    return Err(error);
                }
            };
            self.eof = count == 0;
            end += count;
        }
        let first = window.get(..end).unwrap_or_default();
        if first.starts_with(gzip::MAGIC) && !self.inflating {
            let compressed = io::Cursor::new(first.to_vec());
            let rest = std::mem::replace(&mut self.reader, Box::new(io::empty()));
            self.reader = Box::new(gzip::Inflate::new(compressed.chain(rest)));
            self.inflating = true;
            // From here on the limit is on what comes out.
            self.bytes_read = 0;
            self.eof = false;
            self.window = window;
            return self.start_decoding();
        }
        let encoding = encoding_of(first);
        if let Some(encoding) = encoding {
            self.decoding.from = Some(encoding.name());
            self.decoder = Some(encoding.new_decoder_with_bom_removal());
            self.raw = first.to_vec();
            self.window = vec![0; Self::WINDOW];
            let last = self.eof;
            self.eof = false;
            self.decode_pending(last);
            self.eof = last && self.raw.is_empty();
            return Ok(());
        }
        self.window = window;
        self.end = end;
        if self.available().starts_with(b"\xef\xbb\xbf") {
            self.start = 3;
        }
        Ok(())
    }

    fn read_once(&mut self) -> Result<(), SourceError> {
        if self.decoder.is_none() {
            let mut window = std::mem::take(&mut self.window);
            let end = self.end;
            let result = self.read_raw(window.get_mut(end..).unwrap_or_default());
            self.window = window;
            let count = result?;
            self.eof = count == 0;
            self.end += count;
            return Ok(());
        }
        let mut last = false;
        if self.raw.is_empty() {
            let mut raw = vec![0; Self::WINDOW / 4];
            let count = self.read_raw(&mut raw)?;
            raw.truncate(count);
            self.raw = raw;
            last = count == 0;
        }
        self.decode_pending(last);
        if last && self.raw.is_empty() {
            self.eof = true;
        }
        Ok(())
    }

    fn decode_pending(&mut self, last: bool) {
        let Some(decoder) = self.decoder.as_mut() else { return };
        let room = self.window.get_mut(self.end..).unwrap_or_default();
        let (_, read, written, replaced) = decoder.decode_to_utf8(&self.raw, room, last);
        self.decoding.replaced += u64::from(replaced);
        self.raw.drain(..read);
        self.end += written;
    }
}

fn advance(from: Position, over: &[u8]) -> Position {
    let lines = memchr::memchr_iter(b'\n', over).count() as u64;
    let column = match memchr::memrchr(b'\n', over) {
        Some(index) => (over.len() - index) as u64,
        None => from.column + over.len() as u64,
    };
    Position { line: from.line + lines, column, offset: from.offset + over.len() as u64 }
}

/// The encoding that has to be decoded, `None` for UTF-8 and ASCII.
///
/// A declared UTF-16 on bytes that are plainly ASCII is not obeyed: .NET's `StringWriter` declares it on
/// UTF-8 output.
fn encoding_of(first: &[u8]) -> Option<&'static encoding_rs::Encoding> {
    match first {
        [0xff, 0xfe, ..] | [b'<' | b'{' | b'[', 0, ..] => return Some(encoding_rs::UTF_16LE),
        [0xfe, 0xff, ..] | [0, b'<' | b'{' | b'[', ..] => return Some(encoding_rs::UTF_16BE),
        _ => {}
    }
    let text = first.strip_prefix(b"\xef\xbb\xbf").unwrap_or(first);
    if text.len() < first.len() || !text.starts_with(b"<?xml") {
        return None;
    }
    let end = memchr::memmem::find(text, b"?>")?;
    let declaration = text.get(..end)?;
    let label = memchr::memmem::find(declaration, b"encoding")?;
    let rest = declaration.get(label + b"encoding".len()..)?;
    let quote = rest.iter().position(|byte| matches!(byte, b'"' | b'\''))?;
    let mark = rest.get(quote)?;
    let value = rest.get(quote + 1..)?;
    let value = value.get(..value.iter().position(|byte| byte == mark)?)?;
    let encoding = encoding_rs::Encoding::for_label(value)?;
    (encoding != encoding_rs::UTF_8 && encoding.is_ascii_compatible()).then_some(encoding)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_all(bytes: &[u8]) -> (String, Decoding) {
        let mut source = Source::from_bytes(bytes);
        let mut text = Vec::new();
        loop {
            text.extend_from_slice(source.available());
            source.consume(source.available().len());
            if source.fill().unwrap() == 0 {
                return (String::from_utf8(text).unwrap(), source.decoding());
            }
        }
    }

    #[test]
    fn utf_16_becomes_utf_8_with_and_without_a_mark() {
        for (mark, big) in [(true, false), (true, true), (false, false), (false, true)] {
            let text = "<a>\u{e9}\u{1f600}</a>";
            let mut bytes = Vec::new();
            let units = mark.then_some(0xfeff).into_iter().chain(text.encode_utf16());
            for unit in units {
                bytes.extend(if big { unit.to_be_bytes() } else { unit.to_le_bytes() });
            }
            let (read, decoding) = read_all(&bytes);
            assert_eq!(read, text);
            assert!(decoding.from.is_some());
        }
    }

    #[test]
    fn a_utf_8_mark_is_dropped_and_a_declared_utf_16_on_ascii_is_not_obeyed() {
        assert_eq!(read_all(b"\xef\xbb\xbf{}").0, "{}");
        let odd = b"<?xml version=\"1.0\" encoding=\"utf-16\"?><a/>";
        assert_eq!(read_all(odd).0.as_bytes(), odd);
    }

    #[test]
    fn latin_1_is_decoded_where_the_declaration_says_so() {
        let (text, decoding) = read_all(b"<?xml version='1.0' encoding='ISO-8859-1'?><a n='\xe9'/>");
        assert!(text.ends_with("<a n='\u{e9}'/>"));
        assert_eq!(decoding.from, Some("windows-1252"));
    }

    #[test]
    fn a_large_utf_16_file_passes_through_the_window() {
        let text = "{\"k\": \"v\u{e9}\"}\n".repeat(60_000);
        let bytes: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(read_all(&bytes).0, text);
    }

    #[test]
    fn positions_count_lines_and_columns() {
        let mut source = Source::from_bytes(b"ab\ncde\nf");
        source.fill().unwrap();
        assert_eq!(source.position_at(4), Position { line: 2, column: 2, offset: 4 });
        source.consume(7);
        assert_eq!(source.position(), Position { line: 3, column: 1, offset: 7 });
    }

    #[test]
    fn a_file_over_the_limit_is_an_error() {
        let bytes = vec![b'x'; 300_000];
        let mut source = Source::new(bytes.as_slice(), 200_000);
        let error = loop {
            match source.fill() {
                Ok(0) => panic!("the limit was not kept"),
                Ok(_) => source.consume(source.available().len()),
                Err(error) => break error,
            }
        };
        assert_eq!(error.code, Code::ReportTooLarge);
    }
}
