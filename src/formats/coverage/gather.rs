//! What all coverage formats do with their records: gather them per file, within bounds, and judge the whole.

use super::number::{Count, LineNumber};
use crate::diagnostic::{Code, Weight};
use crate::formats::{Context, ParseError, Parsed, Position, Report, Source};
use crate::model::{CoverageReport, FileCoverage, Health, Untrusted};
use std::collections::btree_map::Entry;
use std::num::NonZeroU32;

/// The files of one report while it is read.
#[derive(Debug)]
pub(super) struct Gathered {
    /// What was read so far.
    pub(super) report: CoverageReport,
    health: Health,
    /// Records that were put in so far, repeated ones too.
    records: u64,
    /// Lines that ranges were expanded to.
    expanded: u64,
    text_bytes: u64,
    max_records: u64,
}

impl Gathered {
    /// More records than the largest repositories have; at most some 400 MB are kept of a hostile file.
    const MOST_RECORDS: u64 = 40_000_000;
    /// The most bytes of paths and names that are kept.
    const MOST_TEXT: u64 = 128 << 20;

    pub(super) fn new() -> Self {
        Self {
            report: CoverageReport::default(),
            health: Health::Complete,
            records: 0,
            expanded: 0,
            text_bytes: 0,
            max_records: Self::MOST_RECORDS,
        }
    }

    /// Takes the records of a file, beside those that are there of the same path.
    ///
    /// # Errors
    /// When the report holds more than any report should.
    pub(super) fn put(
        &mut self,
        path: &str,
        mut file: FileCoverage,
        position: impl FnOnce() -> Position,
    ) -> Result<(), ParseError> {
        file.shrink();
        let records = file.lines.len() + file.branches.len() + file.functions.len();
        let names: usize = file.functions.iter().map(|(key, _)| key.name.raw().len()).sum();
        self.records += 1 + records as u64;
        match self.report.files.entry(Untrusted::new(path)) {
            Entry::Vacant(vacant) => {
                self.text_bytes += path.len() as u64;
                vacant.insert(file);
            }
            Entry::Occupied(mut occupied) => occupied.get_mut().merge(&file),
        }
        self.text_bytes += names as u64;
        self.check(position)
    }

    fn check(&self, position: impl FnOnce() -> Position) -> Result<(), ParseError> {
        if self.records > self.max_records || self.text_bytes > Self::MOST_TEXT {
            let message = format!(
                "the report holds more than {} records or their names are too long",
                self.max_records
            );
            return Err(ParseError::new(Code::ReportTooLarge, message, position()));
        }
        Ok(())
    }

    /// Calls `line` with each line of a range.
    ///
    /// # Errors
    /// When the ranges of a report cover more lines than any program has.
    pub(super) fn range(
        &mut self,
        first: u32,
        last: u32,
        position: impl FnOnce() -> Position,
        mut line: impl FnMut(NonZeroU32),
    ) -> Result<(), ParseError> {
        let count = u64::from(last.saturating_sub(first)) + 1;
        self.expanded += count;
        if self.expanded > self.max_records {
            let message = format!("the ranges of the report cover more than {} lines", self.max_records);
            return Err(ParseError::new(Code::ReportTooLarge, message, position()));
        }
        (first..=last).filter_map(NonZeroU32::new).for_each(&mut line);
        Ok(())
    }

    /// Counts records that a parser holds itself until it puts them in.
    ///
    /// # Errors
    /// When the report holds more than any report should.
    pub(super) fn hold(
        &mut self,
        records: usize,
        position: impl FnOnce() -> Position,
    ) -> Result<(), ParseError> {
        self.records += records as u64;
        self.check(position)
    }

    /// Says that a record names no file. It belongs to none of the repository's either, as code that a compiler
    /// made; the lines of the other files are whole.
    pub(super) fn unattributed(context: &mut Context, position: impl FnOnce() -> Position) {
        let message = || "a record with lines names no file".to_owned();
        context.warn_with(Code::UnattributedLines, Weight::Warning, message, position);
    }

    /// Takes a count that was read: a negative one is 0 and said, one that cannot be read is lost.
    pub(super) fn hits(
        &mut self,
        context: &mut Context,
        count: Count,
        record: impl FnOnce() -> String,
        position: impl FnOnce() -> Position,
    ) -> Option<u64> {
        match count {
            Count::Hits(hits) => Some(hits),
            Count::Negative => {
                let message = || format!("{} has a negative count, read as 0", record());
                context.warn_with(Code::BadNumber, Weight::Warning, message, position);
                Some(0)
            }
            Count::Unreadable => {
                let message = || format!("{} has no readable count", record());
                self.degrade_with(context, Code::BadNumber, message, position);
                None
            }
        }
    }

    /// Takes a line number that was read: what names no line is skipped and said, one that cannot be read is
    /// lost.
    pub(super) fn line(
        &mut self,
        context: &mut Context,
        number: LineNumber,
        record: impl FnOnce() -> String,
        position: impl FnOnce() -> Position,
    ) -> Option<NonZeroU32> {
        match number {
            LineNumber::Line(line) => Some(line),
            LineNumber::NoLine => {
                let message = || format!("{} names no line of the file and is skipped", record());
                context.warn_with(Code::BadLine, Weight::Warning, message, position);
                None
            }
            LineNumber::Unreadable => {
                let message = || format!("{} has no readable line", record());
                self.degrade_with(context, Code::BadLine, message, position);
                None
            }
        }
    }

    /// The same as [`Gathered::degrade`] where message and position cost something.
    pub(super) fn degrade_with(
        &mut self,
        context: &mut Context,
        code: Code,
        message: impl FnOnce() -> String,
        position: impl FnOnce() -> Position,
    ) {
        context.warn_with(code, Weight::Warning, message, position);
        self.health = self.health.and(Health::Degraded);
    }

    /// Says that something was lost or is unknown: the report can no longer take part in a pass.
    pub(super) fn degrade(
        &mut self,
        context: &mut Context,
        code: Code,
        message: impl Into<Untrusted>,
        position: Position,
    ) {
        context.warn(code, Weight::Warning, message, position);
        self.health = self.health.and(Health::Degraded);
    }

    /// The report, and whether it can be trusted as a whole.
    pub(super) fn finish(mut self, context: &mut Context, source: &Source<'_>) -> Parsed {
        let end = source.position();
        self.health = self.health.and(context.note_decoding(source.decoding()));
        let mut has_lines = false;
        let mut totals_only = 0_u64;
        for file in self.report.files.values_mut() {
            file.shrink();
            has_lines |= !file.lines.is_empty();
            totals_only += u64::from(file.lines.is_empty() && file.summary.is_some());
        }
        if totals_only > 0 {
            let message = format!("{totals_only} files have totals and no lines");
            context.warn(Code::SummaryOnly, Weight::Warning, message, end);
        } else if !has_lines {
            context.warn(Code::EmptyReport, Weight::Warning, "the report has no line of any file", end);
            self.health = self.health.and(Health::Empty);
        }
        Parsed { health: self.health, report: Report::Coverage(self.report) }
    }

    /// The error, with what was gathered before it.
    pub(super) fn fail(self, error: ParseError) -> ParseError {
        if self.report.files.is_empty() {
            return error;
        }
        error.with_partial(Report::Coverage(self.report))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::Position;

    #[test]
    fn records_ranges_and_what_is_held_have_an_end() {
        let limited = || Gathered { max_records: 10, ..Gathered::new() };
        let mut gathered = limited();
        let mut seen = 0;
        assert!(gathered.range(1, 6, Position::default, |_| seen += 1).is_ok());
        assert!(gathered.range(1, 6, Position::default, |_| seen += 1).is_err());
        assert_eq!(seen, 6, "the range beyond the limit is not walked");
        let mut gathered = limited();
        assert!(gathered.hold(10, Position::default).is_ok());
        assert!(gathered.hold(1, Position::default).is_err());
        let mut gathered = limited();
        let put = |gathered: &mut Gathered| gathered.put("a", FileCoverage::default(), Position::default);
        assert!((0..10).all(|_| put(&mut gathered).is_ok()));
        assert!(put(&mut gathered).is_err());
    }
}
