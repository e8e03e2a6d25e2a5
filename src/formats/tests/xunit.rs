//! xUnit.net results of versions 1, 2 and 3, also written by Fixie.

use super::elements::{text_of_element, value_into, wrong_root};
use super::open_test::OpenTest;
use super::run::RunBuilder;
use super::totals::{Declared, count};
use crate::formats::xml::{Event, Reader, Tag};
use crate::formats::{Context, Format, Head, ParseError, Parsed, Source};
use crate::model::{Health, Kind, TestStatus};

/// xUnit.net.
pub(super) const FORMAT: Format = Format {
    id: "xunit",
    kind: Kind::Tests,
    name: "xUnit.net XML (v1, v2, v3)",
    default_globs: &["*xunit*.xml"],
    spec_url: "https://xunit.net/docs/format-xml-v2",
    sniff,
    parse,
};

fn sniff(head: &Head) -> bool {
    let elements = head.xml();
    match elements.first().map(|root| root.name.as_str()) {
        Some("assemblies") => elements.get(1).is_none_or(|inner| inner.name == "assembly"),
        // Version 1 writes a file for each assembly.
        Some("assembly") => elements.first().is_some_and(|root| {
            root.attribute("total").is_some() || root.attribute("test-framework").is_some()
        }),
        _ => false,
    }
}

fn parse(source: &mut Source<'_>, context: &mut Context) -> Result<Parsed, ParseError> {
    let mut reader = Reader::new(source);
    let mut parser = Parser::new(context);
    let read = parser.document(&mut reader, context);
    parser.end_test();
    let health = parser.health.and(context.note_decoding(reader.source().decoding()));
    parser.run.conclude(read.map(|()| health), context)
}

fn status_of(result: &str) -> TestStatus {
    match result {
        "Pass" => TestStatus::Passed,
        "Fail" => TestStatus::Failed,
        "Skip" | "NotRun" => TestStatus::Skipped,
        _ => TestStatus::Unknown,
    }
}

/// An assembly, or a class of version 1.
#[derive(Default)]
struct Level {
    name: String,
    declared: Declared,
    before: [u64; 2],
}

struct Parser {
    run: RunBuilder,
    health: Health,
    in_root: bool,
    levels: Vec<Level>,
    test: OpenTest,
    word: String,
    container: String,
}

impl Parser {
    fn new(context: &Context) -> Self {
        Self {
            run: RunBuilder::new(context),
            health: Health::Complete,
            in_root: false,
            levels: Vec::new(),
            test: OpenTest::default(),
            word: String::new(),
            container: String::new(),
        }
    }

    fn document(&mut self, reader: &mut Reader<'_, '_>, context: &mut Context) -> Result<(), ParseError> {
        loop {
            match reader.next_tag()? {
                Event::Start(tag) => match tag.name() {
                    b"assemblies" => self.in_root = true,
                    b"assembly" | b"class" | b"collection" => {
                        self.in_root = true;
                        self.begin_level(&tag, context);
                    }
                    _ if !self.in_root => return Err(wrong_root(&tag, "<assemblies> or <assembly>")),
                    b"test" => self.begin_test(&tag, context),
                    b"error" if !self.test.open => {
                        value_into(&tag, "type", &mut self.container, context);
                        value_into(&tag, "name", &mut self.word, context);
                        self.container_failure(reader, context)?;
                    }
                    // A class fixture of version 1.
                    b"failure" if !self.test.open => {
                        self.container.clear();
                        self.word.clear();
                        self.container_failure(reader, context)?;
                    }
                    b"failure" | b"reason" | b"message" => {
                        let failure = tag.name() == b"failure";
                        self.test.text(failure, None, &self.run, reader, context)?;
                    }
                    b"output" | b"traits" | b"warnings" | b"attachments" => reader.skip_element()?,
                    _ => {}
                },
                Event::End(b"test") => self.end_test(),
                Event::End(b"assembly" | b"class" | b"collection") => self.end_level(reader, context),
                Event::End(_) | Event::Text(_) => {}
                Event::Eof => return Ok(()),
            }
        }
    }

    fn seen(&self) -> [u64; 2] {
        let totals = self.run.totals();
        [totals.tests, totals.bad() + totals.container_failures]
    }

    fn begin_level(&mut self, tag: &Tag<'_>, context: &mut Context) {
        let mut level = Level { before: self.seen(), ..Level::default() };
        value_into(tag, "name", &mut level.name, context);
        for attribute in tag.attributes() {
            match attribute.name() {
                b"total" => level.declared.set_tests(count(attribute.raw())),
                b"failed" | b"errors" => level.declared.add_bad(count(attribute.raw())),
                _ => {}
            }
        }
        self.levels.push(level);
    }

    fn end_level(&mut self, reader: &Reader<'_, '_>, context: &mut Context) {
        let Some(level) = self.levels.pop() else { return };
        let ([tests, bad], [tests_before, bad_before]) = (self.seen(), level.before);
        let whose = format!("`{}`", level.name.chars().take(80).collect::<String>());
        let (tests, bad) = (tests - tests_before, bad - bad_before);
        let health = level.declared.reconcile(&whose, tests, bad, context, || reader.position());
        self.health = self.health.and(health);
    }

    /// An error outside of tests (a cleanup, a fixture), whose type and name stand in the buffers.
    fn container_failure(
        &mut self,
        reader: &mut Reader<'_, '_>,
        context: &mut Context,
    ) -> Result<(), ParseError> {
        let mut text = String::new();
        text_of_element(reader, &mut text, &[], context)?;
        let level = self.levels.last().map_or("", |level| level.name.as_str());
        let level = level.rsplit(['/', '\\']).next().unwrap_or(level);
        let names: Vec<&str> =
            [level, &self.container, &self.word].into_iter().filter(|name| !name.is_empty()).collect();
        self.run.container_failure(&names.join(super::run::SEPARATOR), &text);
        Ok(())
    }

    fn begin_test(&mut self, tag: &Tag<'_>, context: &mut Context) {
        self.end_test();
        let test = &mut self.test;
        value_into(tag, "name", &mut test.name, context);
        value_into(tag, "type", &mut test.class, context);
        value_into(tag, "source-file", &mut test.file, context);
        value_into(tag, "source-line", &mut self.word, context);
        test.line = self.word.trim().parse().unwrap_or(0);
        value_into(tag, "result", &mut self.word, context);
        test.begin(status_of(&self.word), &self.word, tag.attribute("time"), tag, context);
    }

    fn end_test(&mut self) {
        self.test.end("", &mut self.run);
    }
}
