//! JaCoCo XML: the DTD "Report 1.1" (coverage.md b.3).
//!
//! A line ran if an instruction of it did. There are no counts and no names of branches: a line that ran has one
//! hit, and per line the taken and the missed branches are counted. A line of which an instruction did not run ran
//! in part. Paths are package and source file, with the
//! names of the groups before `//`, since two modules may hold the same package.
//!
//! gcovr up to 8.3 writes no source files: the lines stand in classes, whose `sourcefilename` is the whole path.

use super::gather::Gathered;
use super::number::{self, LineNumber};
use crate::diagnostic::Code;
use crate::formats::xml::{Event, Reader, Tag};
use crate::formats::{Context, Format, Head, ParseError, Parsed, Position, Source};
use crate::model::{FileCoverage, Kind, Ratio, Summary};

/// JaCoCo.
pub(super) const FORMAT: Format = Format {
    id: "jacoco",
    kind: Kind::Coverage,
    name: "JaCoCo XML",
    default_globs: &["jacoco.xml", "jacoco*.xml", "jacocoTestReport.xml"],
    spec_url: "https://www.jacoco.org/jacoco/trunk/coverage/report.dtd",
    sniff,
    parse,
};

fn sniff(head: &Head) -> bool {
    let known = ["sessioninfo", "group", "package", "counter"];
    head.xml_root().is_some_and(|root| root.name == "report")
        && head.xml().iter().any(|element| element.depth == 1 && known.contains(&element.name.as_str()))
}

fn parse(source: &mut Source<'_>, context: &mut Context) -> Result<Parsed, ParseError> {
    let mut reading = Reading {
        gathered: Gathered::new(context),
        groups: Vec::new(),
        package: String::new(),
        class_file: String::new(),
        file: None,
        root_lines: None,
    };
    let result = reading.read(source);
    reading.gathered.conclude(source, result)
}

/// A report while it is read.
struct Reading<'c> {
    gathered: Gathered<'c>,
    groups: Vec<String>,
    package: String,
    /// What the open class says that its source file is.
    class_file: String,
    file: Option<SourceFile>,
    /// The report's own counter of lines, of which each group and package has another.
    root_lines: Option<Ratio>,
}

/// The `<sourcefile>` that is open, or the class with lines of its own.
#[derive(Default)]
struct SourceFile {
    path: String,
    coverage: FileCoverage,
    counters: Summary,
    /// Lines that only have a number (gcovr writes such): then the counters are all there is.
    bare: bool,
}

impl Reading<'_> {
    fn read(&mut self, source: &mut Source<'_>) -> Result<(), ParseError> {
        let mut reader = Reader::new(source);
        loop {
            let depth = reader.depth();
            match reader.next_tag()? {
                Event::Start(tag) => match tag.name() {
                    b"line" => {
                        self.line(&tag);
                        if let Some(file) = &self.file {
                            self.gathered.open(&file.coverage, 0, || tag.position())?;
                        }
                    }
                    b"counter" if self.file.is_some() => self.counter(&tag),
                    b"counter"
                        if depth == 1 && tag.attribute("type").is_some_and(|kind| kind.raw() == b"LINE") =>
                    {
                        self.root_lines = ratio(&tag);
                    }
                    b"sourcefile" => self.open(&tag),
                    b"package" => self.package = self.name(&tag),
                    b"group" => {
                        let name = self.name(&tag);
                        self.groups.push(name);
                    }
                    b"class" => {
                        self.class_file.clear();
                        if let Some(name) = tag.attribute("sourcefilename") {
                            name.append_to(&mut self.class_file, usize::MAX, self.gathered.context);
                        }
                    }
                    b"lines" if self.file.is_none() && !self.class_file.is_empty() => {
                        let path = std::mem::take(&mut self.class_file);
                        self.file = Some(SourceFile { path, ..SourceFile::default() });
                    }
                    // Methods and their counters repeat what the source files say.
                    b"method" => reader.skip_element()?,
                    _ => {}
                },
                Event::End(b"sourcefile" | b"class") => {
                    self.class_file.clear();
                    if let Some(file) = self.file.take() {
                        self.close(file, || reader.position())?;
                    }
                }
                Event::End(b"package") => self.package.clear(),
                Event::End(b"group") => {
                    self.groups.pop();
                }
                Event::End(_) | Event::Text(_) => {}
                Event::Eof => {
                    let end = reader.position();
                    self.gathered.compare("the report's counter", self.root_lines, end);
                    return Ok(());
                }
            }
        }
    }

    fn name(&mut self, tag: &Tag<'_>) -> String {
        tag.attribute("name").map(|name| name.value(self.gathered.context).into_owned()).unwrap_or_default()
    }

    fn open(&mut self, tag: &Tag<'_>) {
        let name = self.name(tag);
        let mut path = String::new();
        if !name.is_empty() {
            if !self.groups.is_empty() {
                path = self.groups.join("/");
                path.push_str("//");
            }
            if !self.package.is_empty() {
                path.push_str(&self.package);
                path.push('/');
            }
            path.push_str(&name);
        }
        self.file = Some(SourceFile { path, ..SourceFile::default() });
    }

    fn close(&mut self, file: SourceFile, position: impl FnOnce() -> Position) -> Result<(), ParseError> {
        let SourceFile { path, mut coverage, counters, bare } = file;
        if bare && coverage.lines.is_empty() && counters.lines.is_some_and(|lines| lines.whole > 0) {
            coverage.summary = Some(Box::new(counters));
        }
        if path.is_empty() {
            if !coverage.lines.is_empty() {
                self.gathered.unattributed(position);
            }
            return Ok(());
        }
        self.gathered.put(&path, coverage, position)
    }

    /// `<line nr mi ci mb cb/>`: missed and covered instructions, missed and covered branches.
    fn line(&mut self, tag: &Tag<'_>) {
        let (mut line, mut missed, mut covered, mut branches) =
            (LineNumber::Unreadable, None, None, [Some(0); 2]);
        for attribute in tag.attributes() {
            let value = attribute.raw();
            match attribute.name() {
                b"nr" => line = number::line_number(value),
                b"mi" => missed = Some(number::digits(value)),
                b"ci" => covered = Some(number::digits(value)),
                b"mb" => branches[0] = small(value),
                b"cb" => branches[1] = small(value),
                _ => {}
            }
        }
        let Some(file) = &mut self.file else {
            let message = || "a line stands in no source file".to_owned();
            self.gathered.degrade_with(Code::UnattributedLines, message, || tag.position());
            return;
        };
        let what = || "a `<line>`".to_owned();
        let Some(line) = self.gathered.line(line, what, || tag.position()) else { return };
        let uncovered = missed.flatten().unwrap_or_default();
        let covered = match (missed, covered) {
            (None, None) => {
                file.bare = true;
                return;
            }
            (Some(None), _) | (_, Some(None)) => None,
            (_, Some(Some(covered))) => Some(covered),
            // Only what was missed is stated: an instruction of another kind did not run.
            (Some(Some(_)), None) => Some(0),
        };
        let (Some(covered), [Some(missed), Some(taken)]) = (covered, branches) else {
            let message = || "a `<line>` has counters that cannot be read".to_owned();
            self.gathered.degrade_with(Code::BadNumber, message, || tag.position());
            return;
        };
        file.coverage.lines.at_least(line, u64::from(covered > 0));
        // A line that did not run has no part that did.
        if covered > 0 {
            let [covered, instructions] = [covered, covered.saturating_add(uncovered)]
                .map(|count| u32::try_from(count).unwrap_or(u32::MAX));
            file.coverage.parts.count_at_least(line.get(), covered, instructions);
        }
        if let Some(total) = taken.checked_add(missed).filter(|total| *total > 0) {
            file.coverage.branches.count_at_least(line.get(), taken, total);
        }
    }

    fn counter(&mut self, tag: &Tag<'_>) {
        let (Some(file), Some(kind)) = (&mut self.file, tag.attribute("type")) else { return };
        match kind.raw() {
            b"LINE" => file.counters.lines = ratio(tag),
            b"BRANCH" => file.counters.branches = ratio(tag),
            _ => {}
        }
    }
}

/// The covered of all that a `<counter>` states.
fn ratio(tag: &Tag<'_>) -> Option<Ratio> {
    let number = |name: &str| tag.attribute(name).and_then(|value| number::digits(value.raw()));
    let (missed, covered) = (number("missed")?, number("covered")?);
    Some(Ratio { part: covered, whole: covered.saturating_add(missed) })
}

fn small(value: &[u8]) -> Option<u32> {
    u32::try_from(number::digits(value)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::coverage::testing::{Read, claims, ratio, read, read_error};
    use crate::model::Health;

    fn report(body: &str) -> String {
        format!(
            "<?xml version='1.0'?><!DOCTYPE report PUBLIC '-//JACOCO//DTD Report 1.1//EN' 'report.dtd'>
            <report name='r'><sessioninfo id='x' start='1' dump='2'/>{body}</report>"
        )
    }

    fn package(body: &str) -> Read {
        read(&FORMAT, report(&format!("<package name='org/acme'>{body}</package>")))
    }

    #[test]
    fn a_line_ran_if_an_instruction_of_it_ran() {
        let read = package(
            "<class name='org/acme/A' sourcefilename='A.java'><method name='m' desc='()V' line='1'><counter type='LINE' missed='9' covered='9'/></method></class>
            <sourcefile name='A.java'><line nr='1' mi='0' ci='3' mb='0' cb='0'/><line nr='2' mi='4' ci='0' mb='2' cb='0'/>
            <line nr='3' mi='1' ci='1' mb='1' cb='3'/><counter type='LINE' missed='1' covered='2'/></sourcefile>",
        );
        assert_eq!((read.totals().lines, read.totals().branches), (ratio(2, 3), ratio(3, 6)));
        assert_eq!(read.hits("org/acme/A.java", 3), Some(1));
        assert_eq!((read.health, read.codes.len()), (Health::Complete, 0));
    }

    #[test]
    fn a_line_that_stands_twice_is_one_line_with_the_better_of_both() {
        let line = "<line nr='1' mi='1' ci='0' mb='2' cb='0'/><line nr='1' mi='0' ci='1' mb='1' cb='1'/>";
        let source = format!("<sourcefile name='A.kt'>{line}</sourcefile>");
        let read = package(&source.repeat(2));
        assert_eq!((read.totals().lines, read.totals().branches), (ratio(1, 1), ratio(1, 2)));
    }

    #[test]
    fn groups_keep_equal_files_of_two_modules_apart() {
        let module = |name: &str, ci: u32| {
            format!(
                "<group name='{name}'><package name='p'><sourcefile name='A.java'><line nr='1' mi='1' ci='{ci}'/></sourcefile></package></group>"
            )
        };
        let read = read(
            &FORMAT,
            report(&format!("<group name='all'>{}{}</group>", module("app", 0), module("lib", 1))),
        );
        assert_eq!(read.hits("all/app//p/A.java", 1), Some(0));
        assert_eq!(read.hits("all/lib//p/A.java", 1), Some(1));
    }

    #[test]
    fn lines_without_counters_leave_only_totals() {
        let read = package(
            "<sourcefile name='main.cpp'><line nr='1'/><line nr='2'/><counter type='LINE' missed='1' covered='1'/><counter type='BRANCH' missed='2' covered='0'/></sourcefile>",
        );
        assert_eq!((read.totals().lines, read.totals().branches), (ratio(1, 2), ratio(0, 2)));
        assert!(read.file("org/acme/main.cpp").lines.is_empty());
        assert_eq!(read.codes, [Code::SummaryOnly]);
    }

    #[test]
    fn a_class_with_lines_is_the_source_file_that_it_names() {
        let read = read(
            &FORMAT,
            "<report><package name='src.lib'><class name='a_cpp' sourcefilename='./src/lib/a.cpp'><lines><line nr='4'/><line nr='5' mb='1' cb='1'/></lines>
            <counter type='LINE' missed='0' covered='2'/><counter type='BRANCH' missed='1' covered='1'/></class>
            <class name='b_cpp' sourcefilename='./src/lib/b.cpp'><lines><line nr='1'/></lines><counter type='LINE' missed='1' covered='0'/></class></package>
            <counter type='LINE' missed='1' covered='2'/></report>",
        );
        assert_eq!((read.totals().lines, read.totals().branches), (ratio(2, 3), ratio(1, 2)));
        assert_eq!((read.health, read.codes.as_slice()), (Health::Complete, [Code::SummaryOnly].as_slice()));
        assert!(read.file("./src/lib/a.cpp").lines.is_empty());
    }

    #[test]
    fn the_reports_own_counter_is_only_compared() {
        let text = report(
            "<package name='p'><sourcefile name='A'><line nr='1' mi='0' ci='1'/></sourcefile></package><counter type='LINE' missed='7' covered='1'/>",
        );
        let read = read(&FORMAT, text);
        assert_eq!((read.totals().lines, read.health), (ratio(1, 1), Health::Complete));
        assert_eq!(read.codes, [Code::TotalsDisagree]);
    }

    #[test]
    fn counters_that_cannot_be_read_are_lost_and_never_a_pass() {
        for broken in [
            "<line nr='x' ci='1'/>",
            "<line nr='1' mi='0' ci='-1'/>",
            "<line nr='1' mi='x' ci='1'/>",
            "<line nr='1' ci='1' mb='a'/>",
        ] {
            let read =
                package(&format!("<sourcefile name='A'>{broken}<line nr='2' ci='0' mi='1'/></sourcefile>"));
            assert_eq!((read.health, read.totals().lines), (Health::Degraded, ratio(0, 1)), "{broken}");
        }
    }

    #[test]
    fn a_report_without_lines_is_empty_and_a_cut_one_is_refused() {
        assert_eq!(package("<sourcefile name='A'/>").health, Health::Empty);
        let text = report("<package name='p'><sourcefile name='A'><line nr='1' ci='1'/></sourcefile>");
        assert_eq!(read_error(&FORMAT, text).code, Code::Malformed);
        assert_eq!(claims(report("<package name='p'/>").as_bytes()), ["jacoco"]);
        assert!(!claims(b"<report><file/></report>").contains(&"jacoco"));
    }
}
