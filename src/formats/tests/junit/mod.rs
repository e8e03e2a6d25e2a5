//! JUnit XML in all its dialects.
//!
//! There is no standard, only Ant's `junitreport` and what everybody made of it. So nothing is required but one
//! root `<testsuites>` or `<testsuite>`; suites nest to any depth, and elements that we do not know are looked
//! into, not skipped. Cases decide; totals, suite-level failures and attributes may only make it worse.

mod case;
mod levels;
mod words;

#[cfg(test)]
mod tests;

use super::elements::{text_of_element, wrong_root};
use super::run::{RunBuilder, SEPARATOR};
use crate::diagnostic::Code;
use crate::formats::xml::{Event, Reader, Tag};
use crate::formats::{Context, Format, Head, ParseError, Parsed, Position, Source};
use crate::model::{Health, Kind, TestStatus};
use case::{Mark, OpenCase, Suite};
use levels::{Declared, Seen};

/// JUnit XML.
pub(super) const FORMAT: Format = Format {
    id: "junit",
    kind: Kind::Tests,
    name: "JUnit XML",
    default_globs: &[
        "*junit*.xml",
        "*JUnit*.xml",
        "TEST-*.xml",
        "TESTS-*.xml",
        "test-results*.xml",
        "test_results*.xml",
        "test-report*.xml",
        "pytest*.xml",
        "surefire*.xml",
    ],
    spec_url: "https://github.com/testmoapp/junitxml",
    sniff,
    parse,
};

fn sniff(head: &Head) -> bool {
    head.xml_root().is_some_and(|root| matches!(root.name.as_str(), "testsuites" | "testsuite"))
}

fn parse(source: &mut Source<'_>, context: &mut Context) -> Result<Parsed, ParseError> {
    let mut reader = Reader::new(source);
    let mut parser = Parser::new(context);
    let read = parser.document(&mut reader, context);
    if let Err(error) = &read {
        // A failure that was seen before the end still fails.
        if parser.case.open && parser.case.has_bad_mark() {
            parser.end_case(context, || error.position);
        }
    }
    let health = parser.health.and(context.note_decoding(reader.source().decoding()));
    parser.run.conclude(read.map(|()| health), context)
}

/// What a retry wrote to its output is no message.
const OUTPUT: &[&[u8]] = &[b"system-out", b"system-err"];

/// One suite that is open.
#[derive(Debug, Default)]
struct Level {
    /// Length of the path of names before this suite.
    outer_path: usize,
    /// The suite's file, or that of the suite around it.
    file: String,
    declared: Declared,
    seen: Seen,
}

struct Parser {
    run: RunBuilder,
    health: Health,
    levels: Vec<Level>,
    /// True for mocha-junit-reporter, which counts pending tests and does not list them; it shows itself by the names
    /// that it gives to the root and to the suite around all.
    omits_pending: bool,
    /// Names of the open suites.
    path: String,
    /// True if a suite began or ended since the last case.
    suites_moved: bool,
    case: OpenCase,
    /// Buffers for what a suite says of itself.
    container: OpenCase,
}

impl Parser {
    fn new(context: &Context) -> Self {
        Self {
            run: RunBuilder::new(context),
            health: Health::Complete,
            levels: Vec::new(),
            omits_pending: false,
            path: String::new(),
            suites_moved: true,
            case: OpenCase::default(),
            container: OpenCase::default(),
        }
    }

    fn document(&mut self, reader: &mut Reader<'_, '_>, context: &mut Context) -> Result<(), ParseError> {
        loop {
            match reader.next_tag()? {
                Event::Start(tag) => match tag.name() {
                    b"testcase" => {
                        self.case.begin(&tag, context);
                        if tag.is_empty() {
                            reader.skip_element()?;
                        } else {
                            self.case_content(reader, context)?;
                        }
                        self.end_case(context, || reader.position());
                    }
                    b"testsuite" | b"testsuites" => self.begin_suite(&tag, context),
                    _ if self.levels.is_empty() => {
                        return Err(wrong_root(&tag, "<testsuites> or <testsuite>"));
                    }
                    b"failure" | b"error" => {
                        self.container.begin_container(&tag, &self.run, context);
                        text_of_element(reader, &mut self.container.text, OUTPUT, context)?;
                        self.container_failure();
                    }
                    b"properties" | b"system-out" | b"system-err" => reader.skip_element()?,
                    _ => {}
                },
                Event::End(b"testsuite" | b"testsuites") => {
                    self.end_suite(context, || reader.position());
                }
                Event::End(_) | Event::Text(_) => {}
                Event::Eof => return Ok(()),
            }
        }
    }

    fn begin_suite(&mut self, tag: &Tag<'_>, context: &mut Context) {
        self.suites_moved = true;
        let mut level = Level { outer_path: self.path.len(), ..Level::default() };
        // The root of many suites names the run or the tool, not a place in the tree of tests.
        let named = tag.name() == b"testsuite";
        let of_mocha: &[u8] = if named { b"Root Suite" } else { b"Mocha Tests" };
        self.omits_pending |= tag.attribute("name").is_some_and(|name| name.raw() == of_mocha);
        if let Some(name) = tag.attribute("name").filter(|name| named && !name.raw().is_empty()) {
            if !self.path.is_empty() {
                self.path.push_str(SEPARATOR);
            }
            let cap = self.path.len() + RunBuilder::LONGEST_NAME;
            name.append_to(&mut self.path, cap, context);
        }
        match tag.attribute("file").or_else(|| tag.attribute("filepath")) {
            Some(file) => {
                file.append_to(&mut level.file, RunBuilder::LONGEST_NAME, context);
            }
            None => level.file.push_str(self.levels.last().map_or("", |outer| outer.file.as_str())),
        }
        level.declared = Declared::of(tag, context);
        self.levels.push(level);
    }

    fn end_suite(&mut self, context: &mut Context, position: impl Fn() -> Position) {
        let Some(level) = self.levels.pop() else { return };
        self.suites_moved = true;
        let own_name = self.path.get(level.outer_path..).unwrap_or_default();
        let own_name = own_name.strip_prefix(SEPARATOR).unwrap_or(own_name);
        let name = match (own_name, self.levels.is_empty()) {
            ("", true) => "the report".to_owned(),
            ("", false) => "a suite without a name".to_owned(),
            (name, _) => format!("suite `{}`", name.chars().take(80).collect::<String>()),
        };
        let health = level.declared.reconcile(&name, &level.seen, self.omits_pending, context, position);
        self.health = self.health.and(health);
        self.path.truncate(level.outer_path);
        if let Some(outer) = self.levels.last_mut() {
            outer.seen.add(&level.seen);
        }
    }

    /// The content of a case, up to and with its end tag.
    fn case_content(&mut self, reader: &mut Reader<'_, '_>, context: &mut Context) -> Result<(), ParseError> {
        let mut depth = 1_u32;
        while depth > 0 {
            match reader.next_tag()? {
                Event::Start(tag) => match tag.name() {
                    b"system-out" | b"system-err" | b"properties" => reader.skip_element()?,
                    b"testcase" | b"testsuite" | b"testsuites" => {
                        let name = String::from_utf8_lossy(tag.name());
                        let message = format!("a <{name}> stands inside of a <testcase>");
                        return Err(ParseError::new(Code::Malformed, message, tag.position()));
                    }
                    name => match Mark::of(name) {
                        Some(mark) => {
                            if self.case.begin_mark(mark, &tag, &self.run, context) {
                                text_of_element(reader, &mut self.case.text, OUTPUT, context)?;
                                self.case.end_mark();
                            } else {
                                reader.skip_element()?;
                            }
                        }
                        None => depth += 1,
                    },
                },
                Event::End(_) => depth -= 1,
                Event::Text(_) => {}
                Event::Eof => return Ok(()),
            }
        }
        Ok(())
    }

    fn end_case(&mut self, context: &mut Context, position: impl Fn() -> Position) {
        let file = self.levels.last().map_or("", |level| level.file.as_str());
        let suite = Suite { path: &self.path, file, is_last: !std::mem::take(&mut self.suites_moved) };
        let status = self.case.end(suite, &mut self.run, context, position);
        if status == TestStatus::Unknown {
            self.health = self.health.and(Health::Degraded);
        }
        if let Some(level) = self.levels.last_mut() {
            level.seen.tests += 1;
            level.seen.bad += u64::from(status.is_bad());
            level.seen.marks += self.case.marks();
            level.seen.attempts += self.case.flaky + self.case.reruns;
            level.seen.skipped += u64::from(status == TestStatus::Skipped);
            level.seen.not_status_run += u64::from(!self.case.status_run);
        }
    }

    /// A `<failure>` or `<error>` of a suite: a class that could not be loaded, a fixture that broke.
    fn container_failure(&mut self) {
        self.run.container_failure(&self.path, self.container.end_container());
        if let Some(level) = self.levels.last_mut() {
            level.seen.bad += 1;
            level.seen.marks += 1;
            level.seen.containers += 1;
        }
    }
}
