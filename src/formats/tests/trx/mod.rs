//! TRX, the test results of Visual Studio, MSTest and `dotnet test`.
//!
//! Results come first and say nothing of their class; definitions follow and do. So cases wait in memory for
//! their class, up to a stated number of bytes. The outcome of the run is evidence of its own: a host that
//! crashed leaves passed results and a run that failed.

mod waiting;

#[cfg(test)]
mod tests;

use super::elements::{known_time, text_of_element, warn_unknown_status, wrong_root};
use super::run::RunBuilder;
use super::time::time_span;
use super::totals::{Declared, count};
use crate::formats::xml::{Event, Reader, Tag};
use crate::formats::{Context, Format, Head, ParseError, Parsed, Source};
use crate::model::{Health, Kind, TestStatus};
use waiting::{Found, Waiting};

/// TRX.
pub(super) const FORMAT: Format = Format {
    id: "trx",
    kind: Kind::Tests,
    name: "TRX (Visual Studio, dotnet test)",
    default_globs: &["*.trx"],
    spec_url: "https://github.com/microsoft/vstest/tree/main/src/Microsoft.TestPlatform.Extensions.TrxLogger",
    sniff,
    parse,
};

fn sniff(head: &Head) -> bool {
    head.xml_root().is_some_and(|root| root.name == "TestRun")
}

fn parse(source: &mut Source<'_>, context: &mut Context) -> Result<Parsed, ParseError> {
    let mut reader = Reader::new(source);
    let mut parser = Parser::new(context);
    let read = parser.document(&mut reader, context);
    // A result that was cut off counts with what it says itself.
    while let Some(open) = parser.open.pop() {
        parser.end_result(open.found);
    }
    parser.waiting.flush(&mut parser.run);
    if read.is_ok() {
        parser.judge_run(&reader, context);
    }
    let health = parser.health.and(context.note_decoding(reader.source().decoding()));
    parser.run.conclude(read.map(|()| health), context)
}

/// What an outcome says (`TestOutcome` of vstst.xsd); a result without one is an error there.
fn status_of(outcome: &str) -> TestStatus {
    match outcome {
        "Passed" => TestStatus::Passed,
        "Failed" => TestStatus::Failed,
        "" | "Error" | "Timeout" | "Aborted" | "Disconnected" | "InProgress" | "PassedButRunAborted" => {
            TestStatus::Errored
        }
        // Something is wrong with the test itself: MSTest could not call it.
        "NotRunnable" => TestStatus::Errored,
        "Inconclusive" | "NotExecuted" | "Pending" => TestStatus::Skipped,
        _ => TestStatus::Unknown,
    }
}

/// True for an outcome of a whole run that needs no failed case to explain it.
fn is_fine(outcome: &str) -> bool {
    matches!(outcome, "Completed" | "Passed" | "Warning" | "Inconclusive" | "NotExecuted")
}

/// A result that is open: data-driven tests hold further results.
struct Open {
    found: Found,
    /// How many elements are open around it.
    depth: usize,
}

/// What to do with an element that was begun.
enum Next {
    Enter,
    Skip,
    ErrorInfo,
    RunInfo { bad: bool },
}

struct Parser {
    run: RunBuilder,
    health: Health,
    waiting: Waiting,
    open: Vec<Open>,
    /// Hash of the id of the definition that is open.
    definition: Option<u64>,
    declared: Declared,
    /// True if results stand inside of results: the counters may count either way.
    nested: bool,
    /// Outcome of the run, if it says one.
    outcome: Option<String>,
    /// What the run says of errors of its own.
    errors: Vec<String>,
}

impl Parser {
    /// How many errors of a run are kept.
    const MOST_ERRORS: usize = 20;

    fn new(context: &Context) -> Self {
        Self {
            run: RunBuilder::new(context),
            health: Health::Complete,
            waiting: Waiting::new(context),
            open: Vec::new(),
            definition: None,
            declared: Declared::default(),
            nested: false,
            outcome: None,
            errors: Vec::new(),
        }
    }

    fn document(&mut self, reader: &mut Reader<'_, '_>, context: &mut Context) -> Result<(), ParseError> {
        let mut in_root = false;
        loop {
            match reader.next_tag()? {
                Event::Start(tag) if !in_root => {
                    if tag.name() != b"TestRun" {
                        return Err(wrong_root(&tag, "<TestRun>"));
                    }
                    in_root = true;
                }
                Event::Start(tag) => {
                    let before = self.open.len();
                    let empty = tag.is_empty();
                    let next = self.start(&tag, context);
                    let depth = reader.depth() - usize::from(!empty);
                    if let Some(open) = self.open.get_mut(before) {
                        open.depth = depth;
                    }
                    self.go_on(next, reader, context)?;
                }
                Event::End(_) => {
                    let depth = reader.depth();
                    if let Some(open) = self.open.pop_if(|open| open.depth == depth) {
                        self.end_result(open.found);
                    }
                }
                Event::Text(_) => {}
                Event::Eof => return Ok(()),
            }
        }
    }

    fn start(&mut self, tag: &Tag<'_>, context: &mut Context) -> Next {
        let name = tag.name();
        match name {
            b"StdOut"
            | b"StdErr"
            | b"DebugTrace"
            | b"TextMessages"
            | b"ResultFiles"
            | b"TestSettings"
            | b"CollectorDataEntries" => return Next::Skip,
            b"ErrorInfo" if !self.open.is_empty() => return Next::ErrorInfo,
            b"RunInfo" => {
                let outcome = tag.attribute("outcome").map(|outcome| outcome.value(context));
                return Next::RunInfo { bad: outcome.is_some_and(|outcome| !is_fine(&outcome)) };
            }
            b"ResultSummary" => {
                self.outcome = tag.attribute("outcome").map(|outcome| outcome.value(context).into_owned());
            }
            b"Counters" if self.open.is_empty() => self.counters(tag),
            b"TestMethod" => self.method(tag, context),
            _ if is_result(name) => {
                let found = self.result(tag, context);
                self.nested |= !self.open.is_empty();
                self.open.push(Open { found, depth: 0 });
            }
            _ if name.ends_with(b"Test") => {
                self.definition = tag.attribute("id").map(|id| waiting::hash(id.raw()));
            }
            _ => {}
        }
        Next::Enter
    }

    fn go_on(
        &mut self,
        next: Next,
        reader: &mut Reader<'_, '_>,
        context: &mut Context,
    ) -> Result<(), ParseError> {
        match next {
            Next::Enter => {}
            Next::Skip => reader.skip_element()?,
            Next::ErrorInfo => match self.open.last_mut() {
                Some(open) if self.waiting.has_room_for_text() => {
                    text_of_element(reader, &mut open.found.message, &[], context)?;
                }
                Some(open) => {
                    open.found.text_left_out = true;
                    reader.skip_element()?;
                }
                None => reader.skip_element()?,
            },
            Next::RunInfo { bad } => {
                let mut text = String::new();
                text_of_element(reader, &mut text, &[], context)?;
                if bad && self.errors.len() < Self::MOST_ERRORS {
                    self.errors.push(text);
                }
            }
        }
        Ok(())
    }

    fn result(&mut self, tag: &Tag<'_>, context: &mut Context) -> Found {
        let mut found = Found { status: TestStatus::Errored, ..Found::default() };
        for attribute in tag.attributes() {
            match attribute.name() {
                b"testId" => found.test = waiting::hash(attribute.raw()),
                b"testName" => {
                    attribute.append_to(&mut found.name, RunBuilder::LONGEST_NAME, context);
                }
                b"outcome" => {
                    let outcome = attribute.value(context);
                    found.status = status_of(outcome.trim());
                    if found.status == TestStatus::Unknown {
                        warn_unknown_status(&outcome, context, || attribute.position());
                    }
                }
                b"duration" => {
                    let value = attribute.value(context);
                    found.duration = known_time(time_span(&value), &value, context, || attribute.position());
                }
                _ => {}
            }
        }
        found
    }

    fn end_result(&mut self, found: Found) {
        self.waiting.add(found, &mut self.run);
    }

    /// The class of the definition that is open.
    fn method(&mut self, tag: &Tag<'_>, context: &mut Context) {
        if let (Some(test), Some(class)) = (self.definition.take(), tag.attribute("className")) {
            let class = class.value(context);
            // `Name.Space.Class, Assembly, Version=…`
            self.waiting.define(test, class.split(',').next().unwrap_or_default().trim());
        }
    }

    fn counters(&mut self, tag: &Tag<'_>) {
        for attribute in tag.attributes() {
            let figure = count(attribute.raw());
            match attribute.name() {
                b"total" => self.declared.set_tests(figure),
                b"failed"
                | b"error"
                | b"timeout"
                | b"aborted"
                | b"passedButRunAborted"
                | b"disconnected"
                | b"notRunnable" => self.declared.add_bad(figure),
                _ => {}
            }
        }
    }

    /// Holds what the run says of itself against its cases.
    fn judge_run(&mut self, reader: &Reader<'_, '_>, context: &mut Context) {
        let bad = self.run.totals().bad();
        for text in &self.errors {
            // xUnit.net writes such a line for each test that failed.
            let explained = bad > 0 && text.starts_with("[xUnit.net ") && text.trim_end().ends_with("[FAIL]");
            if !explained {
                self.run.container_failure("test run", text);
            }
        }
        let explained = bad + self.run.totals().container_failures > 0;
        match self.outcome.as_deref().map(str::trim) {
            None => {}
            Some(outcome) if is_fine(outcome) => {}
            Some("Failed") if explained => {}
            Some(outcome) => {
                let outcome: String = outcome.chars().take(40).collect();
                let message = format!("the outcome of the run is `{outcome}`, and no test explains it");
                self.run.container_failure("test run", &message);
            }
        }
        let totals = *self.run.totals();
        let mut declared = self.declared;
        if self.nested {
            // Some adapters count the rows of a data-driven test and some do not.
            declared.tests = declared.tests.filter(|tests| *tests > totals.tests);
            declared.bad = declared.bad.filter(|declared| *declared > bad);
        }
        let health = declared.reconcile("the report", totals.tests, bad, context, || reader.position());
        self.health = self.health.and(health);
    }
}

/// `UnitTestResult`, `WebTestResult`, `ManualTestResult`, `TestResultAggregation` …
fn is_result(name: &[u8]) -> bool {
    name.ends_with(b"TestResult") || name == b"TestResultAggregation"
}
