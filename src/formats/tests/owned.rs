//! Cases with buffers of their own: for formats that tell something of a case after the case.

use super::elements::MARGIN;
use super::run::{Case, RunBuilder, SEPARATOR};
use super::time::{Time, seconds};
use super::totals::{self, Count};
use crate::formats::json::{Json, Scalar};
use crate::formats::{Context, ParseError};
use crate::model::TestStatus;
use std::time::Duration;

/// A case that is put together piece by piece.
#[derive(Clone, Debug, Default)]
pub(super) struct OwnedCase {
    pub(super) suite: String,
    pub(super) class: String,
    pub(super) name: String,
    pub(super) file: String,
    pub(super) line: u32,
    /// `None` counts as unknown.
    pub(super) status: Option<TestStatus>,
    pub(super) flaky: bool,
    pub(super) duration: Option<Duration>,
    pub(super) message: String,
    pub(super) text_left_out: bool,
    pub(super) expected: Option<String>,
    pub(super) got: Option<String>,
}

impl OwnedCase {
    /// Hands the case to the run. Returns how it ended.
    pub(super) fn hand_to(&self, run: &mut RunBuilder) -> TestStatus {
        let status = self.status.unwrap_or(TestStatus::Unknown);
        run.case(&Case {
            suite: &self.suite,
            class: &self.class,
            file: &self.file,
            flaky: self.flaky,
            duration: self.duration,
            place: Some((&self.file, self.line)),
            message: if status == TestStatus::Passed && !self.flaky { "" } else { self.message.trim() },
            text_left_out: self.text_left_out,
            expected: self.expected.as_deref(),
            got: self.got.as_deref(),
            ..Case::new(&self.name, status)
        });
        status
    }

    /// Appends a text on lines of its own, up to the cap of messages.
    pub(super) fn say(&mut self, text: &str, context: &Context) {
        append_line(&mut self.message, text, context);
    }

    /// About what it takes in memory, in bytes.
    pub(super) fn size(&self) -> usize {
        let texts = [&self.suite, &self.class, &self.name, &self.file, &self.message];
        size_of::<Self>() + texts.iter().map(|text| text.len()).sum::<usize>()
    }
}

/// Appends a text on lines of its own, up to the cap of messages.
pub(super) fn append_line(message: &mut String, text: &str, context: &Context) {
    let text = text.trim();
    let room = (context.max_text + MARGIN).saturating_sub(message.len());
    if text.is_empty() || room == 0 || (!message.is_empty() && message.contains(text)) {
        return;
    }
    if !message.is_empty() {
        message.push('\n');
    }
    message.push_str(text.get(..text.floor_char_boundary(room)).unwrap_or_default());
}

/// Takes a string as far as a message keeps it; anything else is empty.
pub(super) fn message_text(json: &mut Json<'_, '_>, context: &Context) -> Result<String, ParseError> {
    Ok(json.text_up_to(context.max_text + MARGIN)?.map_or_else(String::new, |(text, _)| text.to_owned()))
}

/// Takes a name or a path, of bearable length; anything else is empty.
pub(super) fn name_text(json: &mut Json<'_, '_>) -> Result<String, ParseError> {
    Ok(json.text_up_to(LONGEST_NAME)?.map_or_else(String::new, |(text, _)| text.to_owned()))
}

/// Appends a name to a path of names, as long as that is of bearable length.
pub(super) fn append_name(path: &mut String, name: &str) {
    if path.len() + name.len() < LONGEST_NAME {
        if !path.is_empty() && !name.is_empty() {
            path.push_str(SEPARATOR);
        }
        path.push_str(name);
    }
}

/// What is longer differs from others long before.
const LONGEST_NAME: usize = 16 * 1024;

/// Takes a line number; 0 for anything that is none.
pub(super) fn line_number(json: &mut Json<'_, '_>) -> Result<u32, ParseError> {
    Ok(json.integer()?.and_then(|line| u32::try_from(line).ok()).unwrap_or(0))
}

/// Takes a total that a document states. What is neither a whole number nor `null` is bad: it must not count as
/// nothing.
pub(super) fn stated(json: &mut Json<'_, '_>) -> Result<Count, ParseError> {
    Ok(match json.scalar()? {
        Some(Scalar::Number(digits)) if !digits.is_empty() => totals::count(digits.as_bytes()),
        Some(Scalar::Null) => Count::Absent,
        Some(Scalar::Number(_) | Scalar::Bool(_) | Scalar::Text(_)) | None => Count::Bad,
    })
}

/// Takes a count; `None` for anything that is none.
pub(super) fn count(json: &mut Json<'_, '_>) -> Result<Option<u64>, ParseError> {
    Ok(json.integer()?.and_then(|count| u64::try_from(count).ok()))
}

/// Takes a number that is a time in `unit` (`s`, `ms`, `ns`); `None` for anything that is none.
pub(super) fn duration(json: &mut Json<'_, '_>, unit: &str) -> Result<Option<Duration>, ParseError> {
    let Some(Scalar::Number(number)) = json.scalar()? else { return Ok(None) };
    Ok(match seconds(&format!("{number}{unit}")) {
        Time::Known(time) => Some(time),
        Time::Absent | Time::Unclear => None,
    })
}
