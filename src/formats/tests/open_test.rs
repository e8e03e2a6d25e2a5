//! A test of NUnit and xUnit.net that is open: its tag says how it ended, and what stands in it may say worse.

use super::elements::{seconds_of, text_of_element, warn_unknown_status};
use super::owned::append_line;
use super::run::{Case, RunBuilder};
use crate::formats::xml::{Attribute, Reader, Tag};
use crate::formats::{Context, ParseError};
use crate::model::TestStatus;
use std::time::Duration;

/// The test, in buffers that the next one uses again.
#[derive(Debug, Default)]
pub(super) struct OpenTest {
    /// True between its tags.
    pub(super) open: bool,
    pub(super) name: String,
    pub(super) class: String,
    pub(super) file: String,
    pub(super) line: u32,
    status: Option<TestStatus>,
    /// A `<failure>` stands in it.
    failure: bool,
    duration: Option<Duration>,
    message: String,
    /// The text of one element.
    text: String,
    text_left_out: bool,
}

impl OpenTest {
    /// Opens it: `word` is how the report says that it ended, for the warning that nobody knows it. Name, class and
    /// place are the caller's.
    pub(super) fn begin(
        &mut self,
        status: TestStatus,
        word: &str,
        time: Option<Attribute<'_>>,
        tag: &Tag<'_>,
        context: &mut Context,
    ) {
        if status == TestStatus::Unknown {
            warn_unknown_status(word, context, || tag.position());
        }
        self.open = true;
        self.status = Some(status);
        self.failure = false;
        self.duration = time.and_then(|time| seconds_of(&time, context));
        self.message.clear();
        self.text_left_out = false;
    }

    /// Hands it to the run, if it is open: also where the file was cut inside of it.
    pub(super) fn end(&mut self, suite: &str, run: &mut RunBuilder) {
        if !std::mem::take(&mut self.open) {
            return;
        }
        let mut status = self.status.unwrap_or(TestStatus::Unknown);
        if self.failure && !status.is_bad() {
            status = TestStatus::Failed;
        }
        run.case(&Case {
            suite,
            class: &self.class,
            file: &self.file,
            place: Some((&self.file, self.line)),
            duration: self.duration,
            message: &self.message,
            text_left_out: self.text_left_out,
            ..Case::new(&self.name, status)
        });
    }

    /// True for a `<failure>` in a test that did not fail which holds nothing that failed: pytest-nunit writes one into
    /// every test, with `None` for the trace that there is not and the reason of a skipped one.
    fn says_nothing(&self, text: &str) -> bool {
        match self.status {
            Some(TestStatus::Passed) => text == "None",
            Some(TestStatus::Skipped) => text == "None" || text.starts_with("Skipped: "),
            Some(TestStatus::Failed | TestStatus::Errored | TestStatus::Unknown) | None => false,
        }
    }

    /// Reads a `<failure>`, `<reason>` or `<message>`: of the open test or, where none is open, of the container around
    /// it.
    pub(super) fn text(
        &mut self,
        failure: bool,
        container: Option<&mut String>,
        run: &RunBuilder,
        reader: &mut Reader<'_, '_>,
        context: &mut Context,
    ) -> Result<(), ParseError> {
        if self.open {
            self.text.clear();
            text_of_element(reader, &mut self.text, &[], context)?;
            let text = self.text.trim();
            if failure && self.says_nothing(text) {
                return Ok(());
            }
            self.failure |= failure;
            if !run.has_room_for_text() {
                self.text_left_out = true;
            } else {
                append_line(&mut self.message, text, context);
            }
            return Ok(());
        } else if let Some(message) = container {
            return text_of_element(reader, message, &[], context);
        }
        reader.skip_element()
    }
}
