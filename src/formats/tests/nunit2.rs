//! NUnit 2 results.
//!
//! `result`, `executed` and `success` overlap, and older versions leave `result` out. Where they contradict
//! each other, the worst one counts.

use super::elements::{SuitePath, value_into, wrong_root};
use super::open_test::OpenTest;
use super::run::RunBuilder;
use super::totals::{Declared, count};
use crate::formats::xml::{Event, Reader, Tag};
use crate::formats::{Context, Format, Head, ParseError, Parsed, Source};
use crate::model::{Health, Kind, TestStatus};

/// NUnit 2.
pub(super) const FORMAT: Format = Format {
    id: "nunit2",
    kind: Kind::Tests,
    name: "NUnit 2 XML",
    default_globs: &["TestResult*.xml", "*nunit*.xml"],
    spec_url: "https://nunit.org/docs/2.6.4/files/Results.xsd",
    sniff,
    parse,
};

fn sniff(head: &Head) -> bool {
    head.xml_root().is_some_and(|root| root.name == "test-results")
}

fn parse(source: &mut Source<'_>, context: &mut Context) -> Result<Parsed, ParseError> {
    let mut reader = Reader::new(source);
    let mut parser = Parser::new(context);
    let read = parser.document(&mut reader, context);
    parser.end_case();
    let health = parser.health.and(context.note_decoding(reader.source().decoding()));
    parser.run.conclude(read.map(|()| health), context)
}

/// What `result`, `executed` and `success` say together.
fn status_of(result: &str, executed: &str, success: &str) -> TestStatus {
    let said = match result {
        "Success" | "Passed" => Some(TestStatus::Passed),
        "Failure" | "Failed" => Some(TestStatus::Failed),
        // NotRunnable: the test itself is wrong. NUnit counts it as invalid.
        "Error" | "NotRunnable" | "Cancelled" | "Invalid" => Some(TestStatus::Errored),
        "Ignored" | "Skipped" | "Inconclusive" => Some(TestStatus::Skipped),
        "" => None,
        _ => Some(TestStatus::Unknown),
    };
    let is = |text: &str, word: &str| text.eq_ignore_ascii_case(word);
    match said {
        Some(TestStatus::Passed) if is(success, "false") => TestStatus::Failed,
        Some(TestStatus::Passed) if is(executed, "false") => TestStatus::Skipped,
        Some(status) => status,
        None if is(executed, "false") => TestStatus::Skipped,
        None if is(success, "true") => TestStatus::Passed,
        None if is(success, "false") => TestStatus::Failed,
        None => TestStatus::Unknown,
    }
}

#[derive(Default)]
struct Level {
    failed: bool,
    message: String,
    bad_before: u64,
}

struct Parser {
    run: RunBuilder,
    health: Health,
    in_root: bool,
    declared: Declared,
    path: SuitePath,
    levels: Vec<Level>,
    case: OpenTest,
    words: [String; 3],
}

impl Parser {
    fn new(context: &Context) -> Self {
        Self {
            run: RunBuilder::new(context),
            health: Health::Complete,
            in_root: false,
            declared: Declared::default(),
            path: SuitePath::default(),
            levels: Vec::new(),
            case: OpenTest::default(),
            words: Default::default(),
        }
    }

    fn document(&mut self, reader: &mut Reader<'_, '_>, context: &mut Context) -> Result<(), ParseError> {
        loop {
            match reader.next_tag()? {
                Event::Start(tag) => match tag.name() {
                    b"test-results" => self.root(&tag),
                    _ if !self.in_root => return Err(wrong_root(&tag, "<test-results>")),
                    b"test-suite" => self.begin_suite(&tag, context),
                    b"test-case" => self.begin_case(&tag, context),
                    b"failure" | b"reason" => {
                        let failure = tag.name() == b"failure";
                        let container = self.levels.last_mut().map(|level| &mut level.message);
                        self.case.text(failure, container, &self.run, reader, context)?;
                    }
                    b"environment" | b"culture-info" | b"categories" | b"properties" | b"output" => {
                        reader.skip_element()?;
                    }
                    _ => {}
                },
                Event::End(b"test-case") => self.end_case(),
                Event::End(b"test-suite") => self.end_suite(),
                Event::End(b"test-results") => {
                    let totals = *self.run.totals();
                    // `total` leaves out what was not run.
                    let bad = totals.bad() + totals.container_failures;
                    let health = self
                        .declared
                        .reconcile("the report", totals.tests, bad, context, || reader.position());
                    self.health = self.health.and(health);
                }
                Event::End(_) | Event::Text(_) => {}
                Event::Eof => return Ok(()),
            }
        }
    }

    fn root(&mut self, tag: &Tag<'_>) {
        self.in_root = true;
        for attribute in tag.attributes() {
            if matches!(attribute.name(), b"failures" | b"errors" | b"invalid") {
                self.declared.add_bad(count(attribute.raw()));
            }
        }
    }

    fn read_words(&mut self, tag: &Tag<'_>, context: &mut Context) -> TestStatus {
        let [result, executed, success] = &mut self.words;
        value_into(tag, "result", result, context);
        value_into(tag, "executed", executed, context);
        value_into(tag, "success", success, context);
        status_of(result, executed, success)
    }

    fn begin_suite(&mut self, tag: &Tag<'_>, context: &mut Context) {
        let mut name = String::new();
        value_into(tag, "name", &mut name, context);
        self.path.open(&name);
        let failed = self.read_words(tag, context).is_bad();
        let totals = self.run.totals();
        let bad_before = totals.bad() + totals.container_failures;
        self.levels.push(Level { failed, message: String::new(), bad_before });
    }

    fn end_suite(&mut self) {
        let Some(level) = self.levels.pop() else { return };
        let totals = self.run.totals();
        if level.failed && totals.bad() + totals.container_failures == level.bad_before {
            let message = match level.message.as_str() {
                "" => "it failed, and no test in it shows why",
                message => message,
            };
            self.run.container_failure(self.path.as_str(), message);
        }
        self.path.close();
    }

    fn begin_case(&mut self, tag: &Tag<'_>, context: &mut Context) {
        self.end_case();
        let status = self.read_words(tag, context);
        value_into(tag, "name", &mut self.case.name, context);
        let [result, ..] = &self.words;
        self.case.begin(status, result, tag.attribute("time"), tag, context);
    }

    fn end_case(&mut self) {
        self.case.end(self.path.as_str(), &mut self.run);
    }
}
