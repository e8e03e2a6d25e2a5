//! NUnit 3 results, also written by Unity.
//!
//! A suite fails because a child failed (`site="Child"`) or for a reason of its own: a fixture's setup or
//! teardown, an assembly that could not be loaded. The second is a failure of a container.

use super::elements::{SuitePath, value_into, wrong_root};
use super::open_test::OpenTest;
use super::run::RunBuilder;
use super::totals::{Declared, count};
use crate::formats::xml::{Event, Reader, Tag};
use crate::formats::{Context, Format, Head, ParseError, Parsed, Source};
use crate::model::{Health, Kind, TestStatus};

/// NUnit 3.
pub(super) const FORMAT: Format = Format {
    id: "nunit3",
    kind: Kind::Tests,
    name: "NUnit 3 XML",
    default_globs: &["TestResult*.xml", "*nunit*.xml"],
    spec_url: "https://docs.nunit.org/articles/nunit/technical-notes/usage/Test-Result-XML-Format.html",
    sniff,
    parse,
};

fn sniff(head: &Head) -> bool {
    head.xml_root().is_some_and(|root| root.name == "test-run")
}

fn parse(source: &mut Source<'_>, context: &mut Context) -> Result<Parsed, ParseError> {
    let mut reader = Reader::new(source);
    let mut parser = Parser::new(context);
    let read = parser.document(&mut reader, context);
    parser.end_case();
    let health = parser.health.and(context.note_decoding(reader.source().decoding()));
    parser.run.conclude(read.map(|()| health), context)
}

/// A result and its label: older versions write both as `Failed:Error` or `Failed(Child)`.
fn status_of(result: &str, label: &str) -> TestStatus {
    let (word, inner) = result.split_once([':', '(']).unwrap_or((result, label));
    match word.trim() {
        // A warning is something to read; NUnit itself counts such a test as not failed.
        "Passed" | "Warning" => TestStatus::Passed,
        "Failed" => match inner.trim_end_matches(')') {
            "Error" | "Cancelled" | "Invalid" => TestStatus::Errored,
            _ => TestStatus::Failed,
        },
        "Skipped" | "Inconclusive" => TestStatus::Skipped,
        _ => TestStatus::Unknown,
    }
}

/// A suite, or the run itself.
#[derive(Default)]
struct Level {
    name: String,
    failed: bool,
    /// It failed for a reason of its own, not because of a child.
    own_reason: bool,
    declared: Declared,
    message: String,
    /// Tests, failures and container failures that were counted before it.
    before: [u64; 3],
}

struct Parser {
    run: RunBuilder,
    health: Health,
    path: SuitePath,
    levels: Vec<Level>,
    case: OpenTest,
    word: String,
    label: String,
}

impl Parser {
    fn new(context: &Context) -> Self {
        Self {
            run: RunBuilder::new(context),
            health: Health::Complete,
            path: SuitePath::default(),
            levels: Vec::new(),
            case: OpenTest::default(),
            word: String::new(),
            label: String::new(),
        }
    }

    fn document(&mut self, reader: &mut Reader<'_, '_>, context: &mut Context) -> Result<(), ParseError> {
        loop {
            match reader.next_tag()? {
                Event::Start(tag) => match tag.name() {
                    b"test-run" | b"test-suite" => self.begin_level(&tag, context),
                    _ if self.levels.is_empty() => return Err(wrong_root(&tag, "<test-run>")),
                    b"test-case" => self.begin_case(&tag, context),
                    b"failure" | b"reason" => {
                        let failure = tag.name() == b"failure";
                        let container = self.levels.last_mut().map(|level| &mut level.message);
                        self.case.text(failure, container, &self.run, reader, context)?;
                    }
                    b"output" | b"properties" | b"settings" | b"environment" | b"command-line"
                    | b"filter" | b"attachments" | b"assertions" => reader.skip_element()?,
                    _ => {}
                },
                Event::End(b"test-case") => self.end_case(),
                Event::End(b"test-run" | b"test-suite") => self.end_level(reader, context),
                Event::End(_) | Event::Text(_) => {}
                Event::Eof => return Ok(()),
            }
        }
    }

    fn begin_level(&mut self, tag: &Tag<'_>, context: &mut Context) {
        let mut level = Level::default();
        value_into(tag, "name", &mut level.name, context);
        value_into(tag, "result", &mut self.word, context);
        // A word that nobody knows is no pass here either.
        let status = status_of(&self.word, "");
        level.failed = !self.word.is_empty() && (status.is_bad() || status == TestStatus::Unknown);
        let site = tag.attribute("site").map(|site| site.value(context));
        level.own_reason = site.is_some_and(|site| matches!(&*site, "SetUp" | "TearDown"));
        for attribute in tag.attributes() {
            match attribute.name() {
                b"total" => level.declared.set_tests(count(attribute.raw())),
                b"failed" => level.declared.add_bad(count(attribute.raw())),
                _ => {}
            }
        }
        level.before = self.seen();
        let in_tree = tag.name() == b"test-suite";
        self.path.open(if in_tree { &level.name } else { "" });
        self.levels.push(level);
    }

    /// Tests, failures and container failures so far.
    fn seen(&self) -> [u64; 3] {
        let totals = self.run.totals();
        [totals.tests, totals.bad(), totals.container_failures]
    }

    fn end_level(&mut self, reader: &Reader<'_, '_>, context: &mut Context) {
        let Some(level) = self.levels.pop() else { return };
        let now = self.seen();
        let inside = |index: usize| {
            let figure = |all: [u64; 3]| all.get(index).copied().unwrap_or_default();
            figure(now) - figure(level.before)
        };
        let explained = inside(1) + inside(2) > 0;
        if level.failed && (level.own_reason || !explained) {
            let message = match level.message.as_str() {
                "" => "it failed, and no test in it shows why",
                message => message,
            };
            let container = if self.path.as_str().is_empty() { "test run" } else { self.path.as_str() };
            self.run.container_failure(container, message);
        }
        let bad = inside(1) + inside(2);
        let whose =
            if level.name.is_empty() { "the report".to_owned() } else { format!("suite `{}`", level.name) };
        let health = level.declared.reconcile(&whose, inside(0), bad, context, || reader.position());
        self.health = self.health.and(health);
        self.path.close();
    }

    fn begin_case(&mut self, tag: &Tag<'_>, context: &mut Context) {
        self.end_case();
        value_into(tag, "name", &mut self.case.name, context);
        value_into(tag, "classname", &mut self.case.class, context);
        value_into(tag, "label", &mut self.label, context);
        value_into(tag, "result", &mut self.word, context);
        let time = tag.attribute("duration").or(tag.attribute("time"));
        self.case.begin(status_of(&self.word, &self.label), &self.word, time, tag, context);
    }

    fn end_case(&mut self) {
        self.case.end(self.path.as_str(), &mut self.run);
    }
}
