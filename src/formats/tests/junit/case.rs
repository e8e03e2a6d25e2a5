//! One test case while it is read, in buffers that are used again for the next.

use super::words::{Word, meaning};
use crate::diagnostic::{Code, Weight};
use crate::formats::tests::elements::{MARGIN, seconds_of};
use crate::formats::tests::run::{Case, RunBuilder};
use crate::formats::xml::{Attribute, Tag};
use crate::formats::{Context, Position};
use crate::model::TestStatus;
use std::time::Duration;

/// What an element inside of a case says of it. Ordered by whose text tells most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Mark {
    Skipped,
    /// `flakyFailure`, `flakyError`: an attempt failed, and the case passed unless a failure stands beside.
    Flaky,
    /// `rerunFailure`, `rerunError`: an attempt failed, and the case did too.
    Rerun,
    Failure,
    Error,
}

impl Mark {
    /// The mark that an element of this name sets.
    pub(super) fn of(name: &[u8]) -> Option<Self> {
        match name {
            b"failure" => Some(Self::Failure),
            b"error" => Some(Self::Error),
            b"skipped" => Some(Self::Skipped),
            b"flakyFailure" | b"flakyError" => Some(Self::Flaky),
            b"rerunFailure" | b"rerunError" => Some(Self::Rerun),
            b"system-out" | b"system-err" | b"properties" | b"property" => None,
            other => match meaning(std::str::from_utf8(other).unwrap_or("?")) {
                Word::Bad => Some(Self::Failure),
                Word::Skipped => Some(Self::Skipped),
                Word::Fine | Word::Unknown => None,
            },
        }
    }

    const fn rank(self) -> u8 {
        match self {
            Self::Skipped => 1,
            Self::Flaky | Self::Rerun => 2,
            Self::Failure | Self::Error => 3,
        }
    }
}

/// Where a case stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Suite<'s> {
    /// Names of the suites around it.
    pub(super) path: &'s str,
    /// Their file.
    pub(super) file: &'s str,
    /// True if the case before stood there too.
    pub(super) is_last: bool,
}

/// The case that is being read.
#[derive(Debug, Default)]
pub(super) struct OpenCase {
    pub(super) open: bool,
    name: String,
    class: String,
    /// The attribute that `class` was read from.
    raw_class: Vec<u8>,
    /// The case has the class of the one before it, which named no file.
    follows: bool,
    file: String,
    line: u32,
    duration: Option<Duration>,
    failures: u64,
    errors: u64,
    skips: u64,
    /// It is said to be unfinished: its failure is expected.
    todo: bool,
    pub(super) flaky: u64,
    pub(super) reruns: u64,
    word: Option<Word>,
    unknown_word: String,
    pub(super) status_run: bool,
    /// What the marks say, from those of the highest rank.
    message: String,
    rank: u8,
    /// Something is said that was not read, because no more texts are kept.
    has_text: bool,
    failure_file: String,
    failure_line: u32,
    /// `message` and `type` of the mark that is read, and the text in it.
    attribute: String,
    kind: String,
    pub(super) text: String,
}

impl OpenCase {
    /// Begins a case: reads its tag.
    pub(super) fn begin(&mut self, tag: &Tag<'_>, context: &mut Context) {
        let names_no_file = self.names_no_file();
        self.clear();
        self.open = true;
        let mut has_class = false;
        let mut same_class = true;
        for attribute in tag.attributes() {
            match attribute.name() {
                b"name" => read(&attribute, &mut self.name, context),
                b"classname" | b"class" if !has_class => {
                    has_class = true;
                    // The cases of a class stand together: its name is read once.
                    if attribute.raw() != self.raw_class {
                        same_class = false;
                        self.raw_class.clear();
                        self.raw_class.extend_from_slice(attribute.raw());
                        self.class.clear();
                        read(&attribute, &mut self.class, context);
                    }
                }
                b"file" | b"filepath" if self.file.is_empty() => read(&attribute, &mut self.file, context),
                b"line" | b"lineno" if self.line == 0 => self.line = line_of(attribute.raw()),
                b"time" => self.duration = seconds_of(&attribute, context),
                b"status" | b"result" | b"outcome" => {
                    // GoogleTest writes a result too, and its totals count tests.
                    self.status_run = attribute.name() == b"status" && attribute.raw() == b"run";
                    let value = attribute.value(context);
                    let word = meaning(&value);
                    if word == Word::Unknown && self.unknown_word.is_empty() {
                        self.unknown_word.extend(value.chars().take(40));
                    }
                    self.word = self.word.max(Some(word));
                }
                _ => {}
            }
        }
        if !has_class {
            same_class = self.raw_class.is_empty();
            self.raw_class.clear();
            self.class.clear();
        }
        self.follows = same_class && names_no_file;
    }

    const fn names_no_file(&self) -> bool {
        self.file.is_empty() && self.failure_file.is_empty()
    }

    /// Begins a mark: reads its tag. False if its text is of no use.
    pub(super) fn begin_mark(
        &mut self,
        mark: Mark,
        tag: &Tag<'_>,
        run: &RunBuilder,
        context: &mut Context,
    ) -> bool {
        match mark {
            Mark::Failure => self.failures += 1,
            Mark::Error => self.errors += 1,
            Mark::Skipped if is_missing_program(tag) => self.errors += 1,
            Mark::Skipped => {
                self.skips += 1;
                self.todo |= tag.attribute("type").is_some_and(|kind| kind.raw() == b"todo");
            }
            Mark::Flaky => self.flaky += 1,
            Mark::Rerun => self.reruns += 1,
        }
        let room = run.has_room_for_text();
        self.has_text |= !room;
        let wanted = room && mark.rank() >= self.rank && self.message.len() <= context.max_text;
        if mark.rank() > self.rank {
            self.rank = mark.rank();
            self.message.clear();
        }
        self.text.clear();
        self.attribute.clear();
        self.kind.clear();
        let cap = context.max_text + MARGIN;
        for attribute in tag.attributes() {
            match attribute.name() {
                b"message" if wanted => {
                    attribute.append_to(&mut self.attribute, cap, context);
                }
                b"type" if wanted => {
                    attribute.append_to(&mut self.kind, 200, context);
                }
                b"file" | b"filepath" if self.failure_file.is_empty() => {
                    read(&attribute, &mut self.failure_file, context);
                }
                b"line" | b"lineno" if self.failure_line == 0 => self.failure_line = line_of(attribute.raw()),
                _ => {}
            }
        }
        wanted
    }

    /// Ends a mark: puts its message and text into the case's.
    pub(super) fn end_mark(&mut self) {
        let (attribute, text) = (self.attribute.trim(), self.text.trim());
        let (first, second) = if text.starts_with(attribute) {
            (text, "")
        } else {
            // Some writers repeat the text in the attribute with its line ends made spaces.
            (attribute, text)
        };
        let first = if first.is_empty() && second.is_empty() { self.kind.trim() } else { first };
        for part in [first, second] {
            if !part.is_empty() {
                if !self.message.is_empty() {
                    self.message.push('\n');
                }
                self.message.push_str(part);
            }
        }
    }

    /// Begins a failure of a suite, which is no case but says the same things.
    pub(super) fn begin_container(&mut self, tag: &Tag<'_>, run: &RunBuilder, context: &mut Context) {
        self.clear();
        self.begin_mark(Mark::Error, tag, run, context);
    }

    /// Ends a failure of a suite: what it says.
    pub(super) fn end_container(&mut self) -> &str {
        self.end_mark();
        &self.message
    }

    /// True if something in the case says that it failed.
    pub(super) fn has_bad_mark(&self) -> bool {
        self.failures + self.errors > 0 || self.word == Some(Word::Bad)
    }

    /// Every mark of a failure in this case, for holding against totals.
    pub(super) fn marks(&self) -> u64 {
        let marks = self.failures + self.errors + self.flaky + self.reruns;
        if marks == 0 { u64::from(self.word == Some(Word::Bad)) } else { marks }
    }

    /// How the case ended: error before failure before skipped, and nothing that hints at a failure is a pass. A test that
    /// is still to be done does not fail (node's runner, which writes the same test as `not ok # TODO` in TAP).
    pub(super) fn status(&self) -> TestStatus {
        if self.todo && self.errors == 0 && self.word.is_none() {
            return TestStatus::Skipped;
        }
        if self.errors > 0 {
            return TestStatus::Errored;
        }
        // A rerun without a failure beside it, and a skipped case with a failed attempt, are contradictions.
        let contradiction = self.reruns > 0 || (self.skips > 0 && self.flaky > 0);
        if self.failures > 0 || self.word == Some(Word::Bad) || contradiction {
            return TestStatus::Failed;
        }
        if self.skips > 0 {
            return TestStatus::Skipped;
        }
        match self.word {
            Some(Word::Unknown) => TestStatus::Unknown,
            Some(Word::Skipped) => TestStatus::Skipped,
            Some(Word::Bad) => TestStatus::Failed,
            None | Some(Word::Fine) => TestStatus::Passed,
        }
    }

    /// Ends the case: hands it to the run. Returns how it ended.
    pub(super) fn end(
        &mut self,
        suite: Suite<'_>,
        run: &mut RunBuilder,
        context: &mut Context,
        position: impl Fn() -> Position,
    ) -> TestStatus {
        self.open = false;
        let status = self.status();
        if status == TestStatus::Unknown {
            let message =
                || format!("the status `{}` is not known, so the case is no pass", self.unknown_word);
            context.warn_with(Code::UnknownStatus, Weight::Error, message, position);
        }
        let file = if self.file.is_empty() { suite.file } else { &self.file };
        let place = match (self.failure_file.as_str(), self.failure_line) {
            ("", 0) => (file, self.line),
            // A line alone is one of the case's own file.
            ("", line) => (file, line),
            (file, line) => (file, line),
        };
        let case = Case {
            suite: suite.path,
            class: &self.class,
            file,
            flaky: self.flaky > 0,
            duration: self.duration,
            place: Some(place),
            message: &self.message,
            text_left_out: self.has_text,
            is_neighbour: suite.is_last && self.follows && self.names_no_file(),
            ..Case::new(&self.name, status)
        };
        run.case(&case);
        status
    }

    fn clear(&mut self) {
        self.name.clear();
        self.file.clear();
        self.line = 0;
        self.duration = None;
        (self.failures, self.errors, self.skips, self.flaky, self.reruns) = (0, 0, 0, 0, 0);
        self.todo = false;
        self.word = None;
        self.unknown_word.clear();
        self.status_run = false;
        self.message.clear();
        self.rank = 0;
        self.has_text = false;
        self.failure_file.clear();
        self.failure_line = 0;
    }
}

/// CTest's reasons of that kind. (Skips on purpose say `SKIP_RETURN_CODE` or `SKIP_REGULAR_EXPRESSION`.)
const COULD_NOT_RUN: &[&str] = &[
    "Unable to find executable",
    "Unable to find required file",
    "Required Files Missing",
    "Fixture dependency failed",
    "Missing Configuration",
    "Insufficient resources",
    "Failed to start",
    "BAD_COMMAND",
];

fn read(attribute: &Attribute<'_>, into: &mut String, context: &mut Context) {
    attribute.append_to(into, usize::MAX, context);
}

/// A line number; 0 (unknown) for anything that is none.
fn line_of(raw: &[u8]) -> u32 {
    std::str::from_utf8(raw.trim_ascii()).unwrap_or_default().parse().unwrap_or(0)
}

/// CTest counts a test that it could not run among its failures, and yet writes it as skipped.
fn is_missing_program(tag: &Tag<'_>) -> bool {
    tag.attribute("message").is_some_and(|message| {
        COULD_NOT_RUN.iter().any(|reason| message.raw().starts_with(reason.as_bytes()))
    })
}
