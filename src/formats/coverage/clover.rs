//! Clover XML, as Clover, OpenClover, PHPUnit and istanbul write it (coverage.md b.4).
//!
//! The lines of a file are its statements and conditions; lines of methods are functions, no lines. Branches are
//! those that the file's `<metrics>` state. Per line they are told only where the lines add up to that: Clover
//! means by `truecount` how often a condition was true, istanbul how many branches were taken.

use super::gather::Gathered;
use super::number::{self, Count};
use crate::diagnostic::Code;
use crate::formats::xml::{Event, Reader, Tag};
use crate::formats::{Context, Format, Head, ParseError, Parsed, Position, Source};
use crate::model::{Branches, FileCoverage, Kind, Ratio, Summary};
use std::num::NonZeroU32;

/// Clover.
pub(super) const FORMAT: Format = Format {
    id: "clover",
    kind: Kind::Coverage,
    name: "Clover XML",
    default_globs: &["clover.xml", "clover*.xml", "*-clover.xml", "*.clover.xml"],
    spec_url: "https://openclover.org/doc/manual/latest/general--xml-report.html",
    sniff,
    parse,
};

fn sniff(head: &Head) -> bool {
    let Some(root) = head.xml_root().filter(|root| root.name == "coverage") else { return false };
    let has_project = head.xml().iter().any(|element| element.depth == 1 && element.name == "project");
    root.attribute("clover").is_some() || has_project
}

fn parse(source: &mut Source<'_>, context: &mut Context) -> Result<Parsed, ParseError> {
    let mut reading = Reading { gathered: Gathered::new(context), file: None, stated: None };
    let result = reading.read(source);
    reading.gathered.conclude(source, result)
}

/// A report while it is read.
struct Reading<'c> {
    gathered: Gathered<'c>,
    file: Option<OpenFile>,
    /// What the project states of its statements.
    stated: Option<Ratio>,
}

/// The `<file>` that is open.
#[derive(Default)]
struct OpenFile {
    path: String,
    /// How many elements were open around it.
    depth: usize,
    coverage: FileCoverage,
    conditions: Vec<Condition>,
    metrics: Summary,
}

/// A condition as its line tells it.
struct Condition {
    line: NonZeroU32,
    true_count: u64,
    false_count: u64,
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
                            let conditions = file.conditions.len() as u64 * 24;
                            self.gathered.open(&file.coverage, conditions, || tag.position())?;
                        }
                    }
                    b"metrics" => self.metrics(&tag, depth),
                    b"file" => self.open(&tag, depth),
                    // The tests' own code.
                    b"testproject" => reader.skip_element()?,
                    _ => {}
                },
                Event::End(b"file") => {
                    if let Some(file) = self.file.take() {
                        self.close(file, || reader.position())?;
                    }
                }
                Event::End(_) | Event::Text(_) => {}
                Event::Eof => {
                    let end = reader.position();
                    self.gathered.compare("the project", self.stated, end);
                    return Ok(());
                }
            }
        }
    }

    /// `<file name="…" path="…">`; the name alone may be the whole path.
    fn open(&mut self, tag: &Tag<'_>, depth: usize) {
        let path =
            tag.attribute("path").filter(|path| !path.raw().is_empty()).or_else(|| tag.attribute("name"));
        let path = path.map(|path| path.value(self.gathered.context).into_owned()).unwrap_or_default();
        self.file = Some(OpenFile { path, depth, ..OpenFile::default() });
    }

    fn close(&mut self, file: OpenFile, position: impl FnOnce() -> Position) -> Result<(), ParseError> {
        let path = file.path.clone();
        let coverage = file.into_coverage();
        if path.is_empty() {
            if !coverage.lines.is_empty() {
                self.gathered.unattributed(position);
            }
            return Ok(());
        }
        self.gathered.put(&path, coverage, position)
    }

    /// The metrics of the project and of each file; those of packages and classes are parts of these.
    fn metrics(&mut self, tag: &Tag<'_>, depth: usize) {
        let number = |name: &str| tag.attribute(name).and_then(|value| number::digits(value.raw()));
        let ratio = |all: &str, covered: &str| Some(Ratio { part: number(covered)?, whole: number(all)? });
        let filled =
            |ratio: Option<Ratio>| ratio.filter(|ratio| ratio.whole >= ratio.part && ratio.whole > 0);
        let lines = filled(ratio("statements", "coveredstatements"));
        match &mut self.file {
            Some(file) if depth == file.depth + 1 => {
                file.metrics.lines = lines;
                file.metrics.branches = filled(ratio("conditionals", "coveredconditionals"));
                file.metrics.functions = filled(ratio("methods", "coveredmethods"));
            }
            None if depth == 2 => self.stated = lines,
            Some(_) | None => {}
        }
    }

    /// `<line num type count truecount falsecount/>`
    fn line(&mut self, tag: &Tag<'_>) {
        let (mut line, mut count, mut kind, mut outcomes) = (None, None, None, [None; 2]);
        let mut name = None;
        for attribute in tag.attributes() {
            let value = attribute.raw();
            match attribute.name() {
                b"num" => line = Some(number::line_number(value)),
                b"count" => count = Some(number::count(value)),
                b"type" => kind = Some(value),
                b"truecount" => outcomes[0] = number::digits(value),
                b"falsecount" => outcomes[1] = number::digits(value),
                b"signature" | b"name" => name = Some(attribute),
                _ => {}
            }
        }
        let Some(file) = &mut self.file else {
            let message = || "a line stands in no file".to_owned();
            self.gathered.degrade_with(Code::UnattributedLines, message, || tag.position());
            return;
        };
        let what = || "a `<line>`".to_owned();
        let line = line.unwrap_or(number::LineNumber::Unreadable);
        let Some(line) = self.gathered.line(line, what, || tag.position()) else { return };
        let outcome = outcomes.iter().flatten().fold(0, |sum: u64, count| sum.saturating_add(*count));
        // Clover counts conditions only by their outcomes.
        let count = match (count, outcomes) {
            (Some(count), _) => count,
            (None, [None, None]) => Count::Unreadable,
            (None, _) => Count::Hits(outcome),
        };
        let Some(hits) = self.gathered.hits(count, what, || tag.position()) else { return };
        match kind {
            Some(b"method") => {
                let name =
                    name.map(|name| name.value(self.gathered.context).into_owned()).unwrap_or_default();
                file.coverage.functions.add(line.get(), &name, hits);
            }
            Some(b"stmt" | b"cond") => {
                file.coverage.lines.add(line, hits);
                if let [Some(true_count), Some(false_count)] = outcomes {
                    file.conditions.push(Condition { line, true_count, false_count });
                }
            }
            _ => {
                let message = || "a `<line>` is neither statement, condition nor method".to_owned();
                self.gathered.degrade_with(Code::UnknownStatus, message, || tag.position());
            }
        }
    }
}

impl OpenFile {
    fn into_coverage(self) -> FileCoverage {
        let Self { mut coverage, conditions, metrics, .. } = self;
        let stated = metrics.branches;
        // Both readings may add up by chance: then nobody knows which lines the branches are on.
        let readings = [outcomes_of_clover(&conditions), branches_of_istanbul(&conditions)];
        let mut fitting: Vec<_> =
            readings.iter().filter(|reading| stated.is_none_or(|stated| sum(reading) == stated)).collect();
        fitting.dedup();
        if let ([reading], _) | ([reading, _], None) = (fitting.as_slice(), stated) {
            for &(line, taken, total) in *reading {
                coverage.branches.count_at_least(line.get(), taken, total);
            }
        }
        // Two conditions of one line are one pair there: then the lines do not add up either.
        if stated.is_some_and(|stated| stated != coverage.branches.ratio()) {
            coverage.branches = Branches::default();
        }
        if coverage.branches.is_empty() {
            // By either reading a branch of the line did not run; which one holds does not matter for that.
            for &(line, taken, total) in readings.iter().flatten().filter(|(_, taken, total)| taken < total) {
                coverage.parts.count_at_least(line.get(), taken, total);
            }
        }
        let summary = Summary {
            lines: metrics.lines.filter(|_| coverage.lines.is_empty()),
            branches: stated.filter(|_| coverage.branches.is_empty()),
            functions: metrics
                .functions
                .filter(|_| coverage.functions.is_empty() && coverage.lines.is_empty()),
        };
        let has_summary = summary != Summary::default();
        coverage.summary = has_summary.then(|| Box::new(summary));
        coverage
    }
}

/// A line with its taken branches of all branches.
type Pair = (NonZeroU32, u32, u32);

fn sum(pairs: &[Pair]) -> Ratio {
    pairs.iter().fold(Ratio::default(), |sum, (_, taken, total)| Ratio {
        part: sum.part + u64::from(*taken),
        whole: sum.whole + u64::from(*total),
    })
}

/// Two branches each: true and false.
fn outcomes_of_clover(conditions: &[Condition]) -> Vec<Pair> {
    let taken =
        |condition: &Condition| u32::from(condition.true_count > 0) + u32::from(condition.false_count > 0);
    conditions.iter().map(|condition| (condition.line, taken(condition), 2)).collect()
}

/// Taken and not taken branches.
fn branches_of_istanbul(conditions: &[Condition]) -> Vec<Pair> {
    let pair = |condition: &Condition| {
        let taken = u32::try_from(condition.true_count).ok()?;
        let missed = u32::try_from(condition.false_count).ok()?;
        Some((condition.line, taken, taken.checked_add(missed)?))
    };
    conditions.iter().map_while(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::coverage::testing::{Read, claims, ratio, read, read_error};
    use crate::model::Health;

    fn report(body: &str) -> String {
        format!(
            "<?xml version='1.0'?><coverage generated='1' clover='4.4'><project timestamp='1'>{body}</project></coverage>"
        )
    }

    fn file(body: &str) -> Read {
        read(
            &FORMAT,
            report(&format!(
                "<package name='p'><file name='A.java' path='/src/A.java'>{body}</file></package>"
            )),
        )
    }

    #[test]
    fn statements_and_conditions_are_lines_and_methods_are_functions() {
        let read = file(
            "<class name='A'><metrics statements='9' coveredstatements='9'/></class>
            <line num='1' type='method' signature='m() : void' count='1'/><line num='2' type='stmt' count='1'/>
            <line num='3' type='cond' truecount='0' falsecount='4'/><line num='4' type='stmt' count='0'/>
            <line num='9' type='method' name='n' count='0'/><metrics conditionals='2' coveredconditionals='1'/>",
        );
        assert_eq!((read.totals().lines, read.totals().functions), (ratio(2, 3), ratio(1, 2)));
        assert_eq!(read.totals().branches, ratio(1, 2));
        assert_eq!((read.health, read.hits("/src/A.java", 3)), (Health::Complete, Some(4)));
    }

    #[test]
    fn counts_of_istanbul_are_branches() {
        let read = file(
            "<line num='2' type='cond' count='1' truecount='2' falsecount='1'/><metrics conditionals='3' coveredconditionals='2'/>",
        );
        let lines: Vec<_> =
            read.file("/src/A.java").branches.per_line().map(|l| (l.line, l.taken, l.total)).collect();
        assert_eq!(lines, [(2, 2, 3)]);
    }

    #[test]
    fn branches_are_those_of_the_metrics_where_the_lines_do_not_add_up() {
        let read = file(
            "<line num='2' type='cond' count='1' truecount='2' falsecount='0'/><metrics conditionals='9' coveredconditionals='7'/>",
        );
        assert_eq!(read.totals().branches, ratio(7, 9));
        assert_eq!(read.file("/src/A.java").branches.per_line().count(), 0);
        let two = file(
            "<line num='2' type='cond' truecount='1' falsecount='0'/><line num='2' type='cond' truecount='1' falsecount='1'/>
            <metrics conditionals='4' coveredconditionals='3'/>",
        );
        assert_eq!(two.totals().branches, ratio(3, 4));
    }

    #[test]
    fn readings_that_both_add_up_and_differ_leave_the_lines_open() {
        let read = file(
            "<line num='2' type='cond' count='1' truecount='1' falsecount='1'/><line num='3' type='cond' count='1' truecount='2' falsecount='0'/>
            <metrics conditionals='4' coveredconditionals='3'/>",
        );
        assert_eq!(read.totals().branches, ratio(3, 4));
        assert_eq!(read.file("/src/A.java").branches.per_line().count(), 0);
    }

    #[test]
    fn a_file_with_metrics_alone_has_totals_and_no_lines() {
        let read = file("<metrics statements='5' coveredstatements='4' methods='2' coveredmethods='1'/>");
        assert_eq!((read.totals().lines, read.totals().functions), (ratio(4, 5), ratio(1, 2)));
        assert_eq!(read.codes, [Code::SummaryOnly]);
    }

    #[test]
    fn test_code_is_not_counted_and_a_name_may_be_the_path() {
        let line = "<line num='1' type='stmt' count='1'/>";
        let text = report(&format!("<file name='C:\\a\\B.java'>{line}</file>")).replace(
            "</coverage>",
            &format!("<testproject><file name='T.java'>{line}</file></testproject></coverage>"),
        );
        let read = read(&FORMAT, text);
        assert_eq!((read.report.files.len(), read.hits("C:\\a\\B.java", 1)), (1, Some(1)));
    }

    #[test]
    fn lines_that_cannot_be_read_are_lost_and_never_a_pass() {
        for broken in [
            "<line num='1' type='stmt'/>",
            "<line type='stmt' count='1'/>",
            "<line num='1' type='new' count='1'/>",
        ] {
            let read = file(&format!("{broken}<line num='7' type='stmt' count='0'/>"));
            assert_eq!((read.health, read.totals().lines), (Health::Degraded, ratio(0, 1)), "{broken}");
        }
    }

    #[test]
    fn project_metrics_are_only_compared() {
        let read = read(
            &FORMAT,
            report(
                "<metrics statements='9' coveredstatements='9'/><file name='a'><line num='1' type='stmt' count='0'/></file>",
            ),
        );
        assert_eq!((read.totals().lines, read.codes), (ratio(0, 1), vec![Code::TotalsDisagree]));
    }

    #[test]
    fn clover_is_told_from_the_other_coverage_roots() {
        assert_eq!(claims(report("").as_bytes()), ["clover"]);
        assert_eq!(claims(b"<coverage generated='1'><project timestamp='1'>"), ["clover"]);
        assert!(!claims(b"<coverage line-rate='1'><packages/></coverage>").contains(&"clover"));
        assert_eq!(read(&FORMAT, report("")).health, Health::Empty);
        assert_eq!(read_error(&FORMAT, "<coverage clover='1'><project>").code, Code::CutOff);
    }
}
