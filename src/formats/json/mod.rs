//! Streaming JSON with bounds.
//!
//! [`Json`] reads a text of any size through a window that does not grow, value by value, and keeps only what
//! its caller asks for. It is our own tokenizer because of four things that serde_json's reader cannot give:
//! a string is never larger in memory than the caller's cap, a value of an unexpected type is skipped and
//! told (one odd property does not lose a finding), half a surrogate pair or a `NaN` does not lose a report,
//! and it is twice as fast. serde_json is its oracle in the tests: both accept the same texts.
//!
//! ```
//! # use tollgate::formats::{Source, json::Json};
//! let mut source = Source::from_bytes(br#"{"level": "error", "line": 7, "other": [1, {}]}"#);
//! let mut json = Json::new(&mut source);
//! let (mut level, mut line) = (None, None);
//! json.object(|json, key| {
//!     match key {
//!         "level" => level = json.string()?,
//!         "line" => line = json.integer()?,
//!         _ => json.skip()?,
//!     }
//!     Ok(())
//! })?;
//! json.end()?;
//! assert_eq!((level.as_deref(), line), (Some("error"), Some(7)));
//! # Ok::<(), tollgate::formats::ParseError>(())
//! ```

mod object;
mod skip;
mod window;

#[cfg(test)]
mod tests;

use super::{Context, ParseError, Position, Source};
use crate::diagnostic::{Code, Weight};
use window::Window;

/// What the next value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JsonKind {
    /// `null`
    Null,
    /// `true` or `false`
    Bool,
    /// A number (also `NaN` and `Infinity`, which Python writes).
    Number,
    /// A string.
    Text,
    /// `[ … ]`
    Array,
    /// `{ … }`
    Object,
}

/// A value that is neither array nor object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scalar<'j> {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number as written; empty for `NaN` and `Infinity`.
    Number(&'j str),
    /// A string.
    Text(&'j str),
}

/// Reads one JSON text, or several behind each other.
///
/// Every method that takes a value takes exactly one. A value of another type than the method's is skipped
/// and `None` (or `false`) comes back; only what is no JSON is an error. After an error nothing more can be
/// read, except line by line.
pub struct Json<'s, 'r> {
    window: Window<'s, 'r>,
    depth: u32,
    /// True while a value is due: set before a callback, cleared by what takes the value.
    due: bool,
    text: String,
    key_buffers: Vec<String>,
}

impl std::fmt::Debug for Json<'_, '_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Json").field("position", &self.position()).finish_non_exhaustive()
    }
}

impl<'s, 'r> Json<'s, 'r> {
    /// How deep values may stand in each other; the deepest report that we know has 24.
    pub const MAX_DEPTH: u32 = 128;
    /// The longest string that is read as a whole, in bytes. Skipped strings may have any length.
    pub const MAX_TEXT: usize = 4 << 20;

    /// Reads from where the source stands.
    pub fn new(source: &'s mut Source<'r>) -> Self {
        Self {
            window: Window::new(source),
            depth: 0,
            due: true,
            text: String::new(),
            key_buffers: Vec::new(),
        }
    }

    /// Where the reader stands.
    pub fn position(&self) -> Position {
        self.window.position()
    }

    /// How many characters were no valid text and became U+FFFD in what was kept.
    pub fn replaced(&self) -> u64 {
        self.window.replaced
    }

    /// An error at this place.
    pub fn error(&self, code: Code, message: impl Into<String>) -> ParseError {
        self.window.error(code, message)
    }

    /// The kind of the next value, which stays.
    ///
    /// # Errors
    /// When no value comes.
    pub fn kind(&mut self) -> Result<JsonKind, ParseError> {
        Ok(match self.window.token_inside()? {
            b'n' => JsonKind::Null,
            b't' | b'f' => JsonKind::Bool,
            b'-' | b'0'..=b'9' | b'N' | b'I' => JsonKind::Number,
            b'"' => JsonKind::Text,
            b'[' => JsonKind::Array,
            b'{' => JsonKind::Object,
            _ => return Err(self.window.wrong("a value")),
        })
    }

    /// Takes an object with fields: calls `field` with each key. What `field` does not take is skipped.
    /// False if the value was something else.
    ///
    /// # Errors
    /// When the text is no JSON, and when a key stands twice: one of two contradicting values must not win
    /// silently.
    pub fn object(
        &mut self,
        field: impl FnMut(&mut Self, &str) -> Result<(), ParseError>,
    ) -> Result<bool, ParseError> {
        self.object_with(true, |_| 0, field)
    }

    /// Takes an object that is a map: its keys are data and may be any number. Repeated keys are all handed
    /// over. False if the value was something else.
    ///
    /// # Errors
    /// When the text is no JSON.
    pub fn entries(
        &mut self,
        entry: impl FnMut(&mut Self, &str) -> Result<(), ParseError>,
    ) -> Result<bool, ParseError> {
        self.entries_in_form(|_| 0, entry)
    }

    /// The same for a map whose entries nearly all have one plain form: before each key `plain` is shown the bytes that
    /// are at hand, and says how many of them are whole entries, each with the comma behind it. It must take nothing
    /// that is no JSON; whatever it leaves comes to `entry`.
    ///
    /// # Errors
    /// When the text is no JSON.
    pub fn entries_in_form(
        &mut self,
        plain: impl FnMut(&[u8]) -> usize,
        entry: impl FnMut(&mut Self, &str) -> Result<(), ParseError>,
    ) -> Result<bool, ParseError> {
        self.object_with(false, plain, entry)
    }

    /// Takes a value if `plain` knows its form: it is shown the bytes that are at hand, and gives what it read and how
    /// many bytes the whole value has. `None`, and the value stays, if it does not know it.
    ///
    /// # Errors
    /// When no value comes.
    pub fn in_form<T>(
        &mut self,
        plain: impl FnOnce(&[u8]) -> Option<(T, usize)>,
    ) -> Result<Option<T>, ParseError> {
        self.window.token_inside()?;
        let Some((value, bytes)) = plain(self.window.rest()) else { return Ok(None) };
        self.window.pass(bytes);
        self.due = false;
        Ok(Some(value))
    }

    /// Takes an array: calls `element` with the reader before each of its elements. What `element` does not
    /// take is skipped. False if the value was something else.
    ///
    /// # Errors
    /// When the text is no JSON.
    pub fn array(
        &mut self,
        mut element: impl FnMut(&mut Self) -> Result<(), ParseError>,
    ) -> Result<bool, ParseError> {
        if self.kind()? != JsonKind::Array {
            self.skip()?;
            return Ok(false);
        }
        self.open()?;
        if self.window.token_inside()? != b']' {
            loop {
                self.due = true;
                element(self)?;
                if self.due {
                    self.skip()?;
                }
                if self.window.token_inside()? != b',' {
                    break;
                }
                self.window.bump();
            }
        }
        self.window.expect(b']', "`,` or `]`")?;
        self.depth -= 1;
        self.due = false;
        Ok(true)
    }

    /// Takes a string; `None` if the value was something else.
    ///
    /// # Errors
    /// When the text is no JSON or the string is longer than [`Json::MAX_TEXT`].
    pub fn text(&mut self) -> Result<Option<&str>, ParseError> {
        match self.scalar()? {
            Some(Scalar::Text(text)) => Ok(Some(text)),
            _ => Ok(None),
        }
    }

    /// The same as a value of its own.
    ///
    /// # Errors
    /// As [`Json::text`].
    pub fn string(&mut self) -> Result<Option<String>, ParseError> {
        Ok(self.text()?.map(str::to_owned))
    }

    /// Takes a string of which at most `cap` bytes are kept; the flag says whether it was cut.
    ///
    /// # Errors
    /// When the text is no JSON.
    pub fn text_up_to(&mut self, cap: usize) -> Result<Option<(&str, bool)>, ParseError> {
        if self.kind()? != JsonKind::Text {
            self.skip()?;
            return Ok(None);
        }
        self.due = false;
        self.window.bump();
        let cut = self.window.read_string(&mut self.text, cap)?;
        Ok(Some((&self.text, cut)))
    }

    /// The same into a buffer of the caller, which is empty afterwards if the value was something else.
    ///
    /// # Errors
    /// When the text is no JSON.
    pub fn text_into(&mut self, text: &mut String, cap: usize) -> Result<Option<bool>, ParseError> {
        text.clear();
        if self.kind()? != JsonKind::Text {
            self.skip()?;
            return Ok(None);
        }
        self.due = false;
        self.window.bump();
        Ok(Some(self.window.read_string(text, cap)?))
    }

    /// Takes a whole number (written as `7` or `7.0`); `None` if the value was something else or does not fit.
    ///
    /// # Errors
    /// When the text is no JSON.
    pub fn integer(&mut self) -> Result<Option<i64>, ParseError> {
        match self.scalar()? {
            Some(Scalar::Number(digits)) => {
                let whole = digits.split_once('.').map_or(digits, |(whole, fraction)| {
                    if fraction.bytes().all(|byte| byte == b'0') { whole } else { digits }
                });
                Ok(whole.parse().ok())
            }
            _ => Ok(None),
        }
    }

    /// Takes `true` or `false`; `None` if the value was something else.
    ///
    /// # Errors
    /// When the text is no JSON.
    pub fn boolean(&mut self) -> Result<Option<bool>, ParseError> {
        match self.scalar()? {
            Some(Scalar::Bool(value)) => Ok(Some(value)),
            _ => Ok(None),
        }
    }

    /// Takes any value; `None` if it was an array or object, which is skipped.
    ///
    /// # Errors
    /// When the text is no JSON or a string is longer than [`Json::MAX_TEXT`].
    pub fn scalar(&mut self) -> Result<Option<Scalar<'_>>, ParseError> {
        let kind = self.kind()?;
        self.due = false;
        match kind {
            JsonKind::Array | JsonKind::Object => {
                self.skip()?;
                Ok(None)
            }
            JsonKind::Null => {
                self.window.literal("null")?;
                Ok(Some(Scalar::Null))
            }
            JsonKind::Bool => {
                let value = self.window.peek()? == Some(b't');
                self.window.literal(if value { "true" } else { "false" })?;
                Ok(Some(Scalar::Bool(value)))
            }
            JsonKind::Number => {
                self.text.clear();
                self.window.number(Some(&mut self.text))?;
                Ok(Some(Scalar::Number(number_text(&self.text))))
            }
            JsonKind::Text => {
                self.window.bump();
                if self.window.read_string(&mut self.text, Self::MAX_TEXT)? {
                    let message = format!("a string of more than {} bytes", Self::MAX_TEXT);
                    return Err(self.error(Code::TokenTooLong, message));
                }
                Ok(Some(Scalar::Text(&self.text)))
            }
        }
    }

    /// True if another value follows: for texts that are several values behind each other.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn more(&mut self) -> Result<bool, ParseError> {
        self.due = true;
        Ok(self.window.token()?.is_some())
    }

    /// Checks that nothing follows but white space.
    ///
    /// # Errors
    /// When something follows.
    pub fn end(&mut self) -> Result<(), ParseError> {
        match self.window.token()? {
            None => Ok(()),
            Some(0) => Err(self.window.wrong("the end of the file")),
            Some(_) => Err(self.error(Code::Malformed, "the file goes on behind the end of its value")),
        }
    }

    /// The same at the end of a report, and says what was done to its text.
    ///
    /// # Errors
    /// When something follows.
    pub fn finish(&mut self, context: &mut Context) -> Result<(), ParseError> {
        self.end()?;
        let position = self.position();
        let decoding = self.window.decoding();
        if let Some(from) = decoding.from {
            context.warn(
                Code::Utf16,
                Weight::Warning,
                format!("the report is in {from}, not in UTF-8"),
                position,
            );
        }
        let replaced = decoding.replaced + self.window.replaced;
        if replaced > 0 {
            let message =
                format!("{replaced} texts hold something that is no character; it is shown as U+FFFD");
            context.warn(Code::BadEncoding, Weight::Warning, message, position);
        }
        Ok(())
    }

    /// The first byte of the next line that is not blank, which stays; `None` at the end of the file. For JSON
    /// lines, with other output of a tool between them; also after an error inside of a line. From the first
    /// call on no value goes over the end of its line.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn line_start(&mut self) -> Result<Option<u8>, ParseError> {
        self.depth = 0;
        self.due = true;
        self.window.in_lines = false;
        let first = self.window.token();
        self.window.in_lines = true;
        first
    }

    /// Checks that nothing but white space follows on the line.
    ///
    /// # Errors
    /// When something follows.
    pub fn line_end(&mut self) -> Result<(), ParseError> {
        match self.window.token()? {
            None | Some(b'\n') => Ok(()),
            Some(_) => Err(self.window.wrong("the end of the line")),
        }
    }

    /// Goes behind the next line feed.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn skip_line(&mut self) -> Result<(), ParseError> {
        while let Some(byte) = self.window.peek()? {
            self.window.bump();
            if byte == b'\n' {
                break;
            }
        }
        Ok(())
    }

    fn open(&mut self) -> Result<(), ParseError> {
        if self.depth >= Self::MAX_DEPTH {
            return Err(self.too_deep());
        }
        self.depth += 1;
        self.window.bump();
        Ok(())
    }

    #[cold]
    fn too_deep(&self) -> ParseError {
        self.error(Code::TooDeep, format!("values stand in each other more than {} deep", Self::MAX_DEPTH))
    }
}

fn number_text(digits: &str) -> &str {
    // Of `-Infinity`.
    if digits == "-" { "" } else { digits }
}
