//! The bytes of a JSON text, one at a time, and the tokens that they make.

use crate::diagnostic::Code;
use crate::formats::source::Decoding;
use crate::formats::{ParseError, Position, Source};

/// The most characters of a number that is kept.
const LONGEST_NUMBER: usize = 1024;

/// A copy of the source's window, with a cursor in it. Nothing ever has to stand in the window as a whole, so
/// it never grows.
pub(super) struct Window<'s, 'r> {
    source: &'s mut Source<'r>,
    chunk: Vec<u8>,
    at: usize,
    /// True if no value goes over the end of its line.
    pub(super) in_lines: bool,
    /// Bytes that were no UTF-8, lone surrogates: each became U+FFFD.
    pub(super) replaced: u64,
}

impl<'s, 'r> Window<'s, 'r> {
    pub(super) fn new(source: &'s mut Source<'r>) -> Self {
        let chunk = source.available().to_vec();
        Self { source, chunk, at: 0, in_lines: false, replaced: 0 }
    }

    pub(super) fn decoding(&self) -> Decoding {
        self.source.decoding()
    }

    pub(super) fn position(&self) -> Position {
        self.source.position_at(self.at)
    }

    pub(super) fn error(&self, code: Code, message: impl Into<String>) -> ParseError {
        ParseError::new(code, message, self.position())
    }

    #[cold]
    pub(super) fn cut_off(&self) -> ParseError {
        self.error(Code::CutOff, "the file ends in the middle of a value")
    }

    #[cold]
    fn unexpected(&self, byte: u8, wanted: &str) -> ParseError {
        if byte == 0 {
            return self.error(Code::NulByte, "the file holds a NUL byte");
        }
        self.error(Code::Malformed, format!("expected {wanted}, found {}", shown(byte)))
    }

    /// Gets the next chunk; false at the end of the file.
    #[cold]
    fn refill(&mut self) -> Result<bool, ParseError> {
        self.source.consume(self.chunk.len());
        self.chunk.clear();
        self.at = 0;
        let more = self.source.fill()? > 0;
        self.chunk.extend_from_slice(self.source.available());
        Ok(more)
    }

    /// The next byte, which stays.
    #[inline]
    pub(super) fn peek(&mut self) -> Result<Option<u8>, ParseError> {
        loop {
            if let Some(&byte) = self.chunk.get(self.at) {
                return Ok(Some(byte));
            }
            if !self.refill()? {
                return Ok(None);
            }
        }
    }

    /// Goes over the byte that was peeked.
    #[inline]
    pub(super) fn bump(&mut self) {
        self.at += 1;
    }

    /// The bytes that are at hand.
    #[inline]
    pub(super) fn rest(&self) -> &[u8] {
        self.chunk.get(self.at..).unwrap_or_default()
    }

    /// Goes over bytes that are at hand.
    #[inline]
    pub(super) fn pass(&mut self, bytes: usize) {
        self.at = (self.at + bytes).min(self.chunk.len());
    }

    /// The next byte inside of a value.
    #[inline]
    fn next(&mut self) -> Result<u8, ParseError> {
        let byte = self.peek()?.ok_or_else(|| self.cut_off())?;
        self.bump();
        Ok(byte)
    }

    /// The next byte that is no white space, which stays; `None` at the end of the file.
    pub(super) fn token(&mut self) -> Result<Option<u8>, ParseError> {
        loop {
            match self.peek()? {
                Some(b' ' | b'\r' | b'\t') => self.bump(),
                Some(b'\n') if !self.in_lines => self.bump(),
                other => return Ok(other),
            }
        }
    }

    /// The same where the file must not end.
    #[inline]
    pub(super) fn token_inside(&mut self) -> Result<u8, ParseError> {
        match self.chunk.get(self.at) {
            // White space is what is not above the space, and little else is.
            Some(&byte) if byte > b' ' => Ok(byte),
            _ => self.token_behind_space(),
        }
    }

    #[inline(never)]
    fn token_behind_space(&mut self) -> Result<u8, ParseError> {
        match self.token()? {
            Some(byte) => Ok(byte),
            None => Err(self.cut_off()),
        }
    }

    /// Goes over one byte that must come, after white space.
    #[inline]
    pub(super) fn expect(&mut self, wanted: u8, name: &str) -> Result<(), ParseError> {
        match self.token_inside()? {
            byte if byte == wanted => {
                self.bump();
                Ok(())
            }
            other => Err(self.unexpected(other, name)),
        }
    }

    /// The error for a byte that cannot stand here.
    #[cold]
    pub(super) fn wrong(&mut self, wanted: &str) -> ParseError {
        match self.peek() {
            Ok(Some(byte)) => self.unexpected(byte, wanted),
            Ok(None) => self.cut_off(),
            Err(error) => error,
        }
    }

    /// Goes over `true`, `false`, `null`, `NaN` or `Infinity`.
    pub(super) fn literal(&mut self, word: &str) -> Result<(), ParseError> {
        for &wanted in word.as_bytes() {
            match self.peek()? {
                Some(byte) if byte == wanted => self.bump(),
                Some(byte) => return Err(self.unexpected(byte, word)),
                None => return Err(self.cut_off()),
            }
        }
        Ok(())
    }

    /// Goes over a number, and keeps its characters behind those of `keep` if it is given.
    ///
    /// Python writes `NaN`, `Infinity` and `-Infinity`; they pass as numbers that no reader can use.
    #[inline]
    pub(super) fn number(&mut self, keep: Option<&mut String>) -> Result<(), ParseError> {
        let rest = self.chunk.get(self.at..).unwrap_or_default();
        // Nearly all are short whole numbers with their end in the window.
        let digits = rest.iter().take(LONGEST_NUMBER).take_while(|byte| byte.is_ascii_digit()).count();
        let is_whole = matches!(rest.get(digits), Some(b',' | b'}' | b']'))
            && (digits == 1 || digits > 1 && rest.first() != Some(&b'0'));
        if !is_whole {
            return self.any_number(keep);
        }
        if let Some(text) = keep {
            text.push_str(std::str::from_utf8(rest.get(..digits).unwrap_or_default()).unwrap_or_default());
        }
        self.at += digits;
        Ok(())
    }

    fn any_number(&mut self, keep: Option<&mut String>) -> Result<(), ParseError> {
        let mut kept = keep;
        let mut put = |window: &mut Self, byte: u8| -> Result<(), ParseError> {
            window.bump();
            if let Some(text) = kept.as_deref_mut() {
                if text.len() == LONGEST_NUMBER {
                    return Err(window.error(Code::TokenTooLong, "a number of more than 1024 characters"));
                }
                text.push(char::from(byte));
            }
            Ok(())
        };
        if self.peek()? == Some(b'-') {
            put(self, b'-')?;
        }
        match self.peek()? {
            Some(b'0') => put(self, b'0')?,
            Some(byte @ b'1'..=b'9') => {
                put(self, byte)?;
                while let Some(byte @ b'0'..=b'9') = self.peek()? {
                    put(self, byte)?;
                }
            }
            Some(b'N') => {
                self.literal("NaN")?;
                return Ok(());
            }
            Some(b'I') => {
                self.literal("Infinity")?;
                return Ok(());
            }
            Some(byte) => return Err(self.unexpected(byte, "a digit")),
            None => return Err(self.cut_off()),
        }
        if self.peek()? == Some(b'.') {
            put(self, b'.')?;
            self.digits(&mut put)?;
        }
        if let Some(byte @ (b'e' | b'E')) = self.peek()? {
            put(self, byte)?;
            if let Some(sign @ (b'+' | b'-')) = self.peek()? {
                put(self, sign)?;
            }
            self.digits(&mut put)?;
        }
        Ok(())
    }

    fn digits(
        &mut self,
        put: &mut impl FnMut(&mut Self, u8) -> Result<(), ParseError>,
    ) -> Result<(), ParseError> {
        let mut any = false;
        while let Some(byte @ b'0'..=b'9') = self.peek()? {
            put(self, byte)?;
            any = true;
        }
        match self.peek()? {
            _ if any => Ok(()),
            Some(byte) => Err(self.unexpected(byte, "a digit")),
            None => Err(self.cut_off()),
        }
    }

    /// Goes over a string whose first quote is already behind, without looking at more than its end.
    #[inline]
    pub(super) fn skip_string(&mut self) -> Result<(), ParseError> {
        let rest = self.chunk.get(self.at..).unwrap_or_default();
        let plain = plain_bytes(rest);
        self.at += plain;
        if rest.get(plain) == Some(&b'"') {
            self.bump();
            return Ok(());
        }
        self.skip_rest_of_string()
    }

    fn skip_rest_of_string(&mut self) -> Result<(), ParseError> {
        loop {
            let rest = self.chunk.get(self.at..).unwrap_or_default();
            self.at += plain_bytes(rest);
            if self.at == self.chunk.len() && self.refill()? {
                continue;
            }
            match self.next()? {
                b'"' => return Ok(()),
                b'\\' => match self.next()? {
                    b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => {}
                    b'u' => {
                        self.hex4()?;
                    }
                    other => return Err(self.unexpected(other, "an escape sequence")),
                },
                other => return Err(self.unexpected(other, "a character of a string")),
            }
        }
    }

    /// Reads a string whose first quote is already behind into `text` and returns whether it was longer than
    /// `cap` bytes; `text` then holds its beginning, cut on a character's border.
    ///
    /// A lone surrogate (half of a character that a tool cut in two) becomes U+FFFD.
    #[inline]
    pub(super) fn read_string(&mut self, text: &mut String, cap: usize) -> Result<bool, ParseError> {
        text.clear();
        let rest = self.chunk.get(self.at..).unwrap_or_default();
        let plain = plain_bytes(rest);
        // Nearly all are short, plain, and end in the window.
        if let Some((plain_text, [b'"', ..])) = rest.split_at_checked(plain)
            && plain <= cap
            && let Ok(valid) = std::str::from_utf8(plain_text)
        {
            text.push_str(valid);
            self.at += plain + 1;
            return Ok(false);
        }
        let mut bytes = std::mem::take(text).into_bytes();
        let cut = self.read_any_string(&mut bytes, cap)?;
        *text = String::from_utf8(bytes).unwrap_or_else(|error| {
            self.replaced += 1;
            String::from_utf8_lossy(error.as_bytes()).into_owned()
        });
        Ok(cut)
    }

    /// The same, where what comes may still hold what is no UTF-8.
    fn read_any_string(&mut self, text: &mut Vec<u8>, cap: usize) -> Result<bool, ParseError> {
        let mut high: Option<u16> = None;
        let mut cut = false;
        loop {
            let rest = self.chunk.get(self.at..).unwrap_or_default();
            let plain = plain_bytes(rest);
            if plain > 0 {
                replace_lone(&mut high, text, &mut self.replaced);
                // One character more than the cap, so that a cut is known as one.
                let room = (cap + 1).saturating_sub(text.len()).min(plain);
                text.extend_from_slice(rest.get(..room).unwrap_or_default());
                cut |= room < plain;
                self.at += plain;
            }
            if self.at == self.chunk.len() && self.refill()? {
                continue;
            }
            match self.next()? {
                b'"' => break,
                b'\\' => {
                    let escape = self.next()?;
                    let simple = match escape {
                        b'"' | b'\\' | b'/' => escape,
                        b'b' => 8,
                        b'f' => 12,
                        b'n' => b'\n',
                        b'r' => b'\r',
                        b't' => b'\t',
                        b'u' => {
                            let unit = self.hex4()?;
                            self.push_unit(&mut high, unit, text, cap);
                            continue;
                        }
                        other => return Err(self.unexpected(other, "an escape sequence")),
                    };
                    replace_lone(&mut high, text, &mut self.replaced);
                    if text.len() <= cap {
                        text.push(simple);
                    }
                }
                other => return Err(self.unexpected(other, "a character of a string")),
            }
        }
        replace_lone(&mut high, text, &mut self.replaced);
        if text.len() > cap {
            cut = true;
            let mut end = cap;
            while end > 0 && text.get(end).is_some_and(|byte| byte & 0xc0 == 0x80) {
                end -= 1;
            }
            text.truncate(end);
        }
        // A character that the cap cut is no damage.
        if let Err(error) = std::str::from_utf8(text)
            && cut
            && error.error_len().is_none()
        {
            text.truncate(error.valid_up_to());
        }
        Ok(cut)
    }

    fn push_unit(&mut self, high: &mut Option<u16>, unit: u16, text: &mut Vec<u8>, cap: usize) {
        let is_low = (0xdc00..0xe000).contains(&unit);
        let pair = high.filter(|_| is_low).map(|first| [first, unit]);
        if pair.is_some() {
            *high = None;
        } else {
            replace_lone(high, text, &mut self.replaced);
            if (0xd800..0xdc00).contains(&unit) {
                *high = Some(unit);
                return;
            }
        }
        let units = pair.as_ref().map_or(std::slice::from_ref(&unit), |pair| pair.as_slice());
        for decoded in char::decode_utf16(units.iter().copied()) {
            let c = decoded.unwrap_or_else(|_| {
                self.replaced += 1;
                '\u{fffd}'
            });
            if text.len() <= cap {
                text.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            }
        }
    }

    fn hex4(&mut self) -> Result<u16, ParseError> {
        let mut unit = 0_u16;
        for _ in 0..4 {
            let byte = self.next()?;
            let Some(digit) = char::from(byte).to_digit(16).and_then(|digit| u16::try_from(digit).ok())
            else {
                return Err(self.unexpected(byte, "four hexadecimal digits"));
            };
            unit = unit << 4 | digit;
        }
        Ok(unit)
    }
}

/// How many bytes at the beginning are neither a quote, a backslash nor a control character.
#[inline]
fn plain_bytes(bytes: &[u8]) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    let has_zero = |word: u64| word.wrapping_sub(ONES) & !word & HIGH;
    let mut done = 0;
    // Eight bytes at a time: memchr's calls cost more than they save on the short strings of reports.
    for word in bytes.chunks_exact(8) {
        let Ok(word) = <[u8; 8]>::try_from(word).map(u64::from_le_bytes) else { break };
        let control = word.wrapping_sub(ONES * 0x20) & !word & HIGH;
        let special =
            control | has_zero(word ^ (ONES * u64::from(b'"'))) | has_zero(word ^ (ONES * u64::from(b'\\')));
        if special != 0 {
            return done + special.trailing_zeros() as usize / 8;
        }
        done += 8;
    }
    let tail = bytes.get(done..).unwrap_or_default();
    done + tail.iter().position(|&byte| byte < 0x20 || byte == b'"' || byte == b'\\').unwrap_or(tail.len())
}

/// Half of a character that nothing follows is no character.
fn replace_lone(high: &mut Option<u16>, text: &mut Vec<u8>, replaced: &mut u64) {
    if high.take().is_some() {
        *replaced += 1;
        text.extend_from_slice("\u{fffd}".as_bytes());
    }
}

fn shown(byte: u8) -> String {
    match byte {
        b'!'..=b'~' => format!("`{}`", char::from(byte)),
        _ => format!("the byte 0x{byte:02x}"),
    }
}
