//! What all coverage formats do with their records: gather them per file, within bounds, and judge the whole.

use super::number::{Count, LineNumber};
use crate::diagnostic::{Code, Weight};
use crate::formats::json::Json;
use crate::formats::xml::Reader;
use crate::formats::{Context, ParseError, Parsed, Position, Report, Source};
use crate::model::{CoverageReport, FileCoverage, Health, Ratio, Untrusted};
use std::collections::btree_map::Entry;
use std::num::NonZeroU32;

/// Reads a JSON report: `read` takes the one value of the file.
pub(super) fn from_json(
    source: &mut Source<'_>,
    context: &mut Context,
    read: impl FnOnce(&mut Gathered<'_>, &mut Json<'_, '_>) -> Result<(), ParseError>,
) -> Result<Parsed, ParseError> {
    let mut gathered = Gathered::new(context);
    let mut json = Json::new(source);
    let result = read(&mut gathered, &mut json).and_then(|()| json.end());
    drop(json);
    gathered.conclude(source, result)
}

/// Reads an XML report: `read` goes to the end of the file.
pub(super) fn from_xml(
    source: &mut Source<'_>,
    context: &mut Context,
    read: impl FnOnce(&mut Gathered<'_>, &mut Reader<'_, '_>) -> Result<(), ParseError>,
) -> Result<Parsed, ParseError> {
    let mut gathered = Gathered::new(context);
    let mut reader = Reader::new(source);
    let result = read(&mut gathered, &mut reader);
    drop(reader);
    gathered.conclude(source, result)
}

/// The files of one report while it is read.
#[derive(Debug)]
pub(super) struct Gathered<'c> {
    /// Where warnings go.
    pub(super) context: &'c mut Context,
    /// What was read so far.
    pub(super) report: CoverageReport,
    health: Health,
    /// Bytes that the files take, roughly.
    kept_bytes: u64,
    /// Bytes that a parser holds itself until it puts them in.
    held_bytes: u64,
    /// Lines that ranges were expanded to.
    expanded: u64,
    max_bytes: u64,
}

impl<'c> Gathered<'c> {
    /// Twice what a report of three million lines with branches and functions needs, and an end for a hostile one.
    const MOST_BYTES: u64 = 96 << 20;
    /// The most lines that ranges may cover together.
    const MOST_EXPANDED: u64 = 8_000_000;
    /// What a file takes beside its records, and what a record takes that a parser holds.
    const FILE_BYTES: u64 = 256;
    const HELD_BYTES: u64 = 64;

    pub(super) fn new(context: &'c mut Context) -> Self {
        Self {
            context,
            report: CoverageReport::default(),
            health: Health::Complete,
            kept_bytes: 0,
            held_bytes: 0,
            expanded: 0,
            max_bytes: Self::MOST_BYTES,
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
        self.held_bytes = 0;
        let weight = weight(&file);
        match self.report.files.entry(Untrusted::new(path)) {
            Entry::Vacant(vacant) => {
                self.kept_bytes += weight + Self::FILE_BYTES + path.len() as u64;
                vacant.insert(file);
            }
            Entry::Occupied(mut occupied) => {
                // Shards repeat each file: only what is new takes room.
                let before = self::weight(occupied.get());
                occupied.get_mut().merge(&file);
                self.kept_bytes += self::weight(occupied.get()).saturating_sub(before);
            }
        }
        self.check(0, position)
    }

    fn check(&self, more: u64, position: impl FnOnce() -> Position) -> Result<(), ParseError> {
        if self.kept_bytes + self.held_bytes + more > self.max_bytes {
            let message = format!("the report would take more than {} MiB of memory", self.max_bytes >> 20);
            return Err(ParseError::new(Code::ReportTooLarge, message, position()));
        }
        Ok(())
    }

    /// Looks whether a file that is still open has not become too large, with `more` bytes that belong to it.
    ///
    /// # Errors
    /// When the report holds more than any report should.
    pub(super) fn open(
        &self,
        file: &FileCoverage,
        more: u64,
        position: impl FnOnce() -> Position,
    ) -> Result<(), ParseError> {
        let branches = file.branches.len() + file.parts.len();
        let records = file.lines.len() * 8 + branches * 16 + file.functions.bytes();
        self.check(records as u64 + more, position)
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
        if self.expanded > Self::MOST_EXPANDED {
            let message = format!("the ranges of the report cover more than {} lines", Self::MOST_EXPANDED);
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
        self.held_bytes += records as u64 * Self::HELD_BYTES;
        self.check(0, position)
    }

    /// Compares lines that the report states with those that were counted; they are never the figure.
    pub(super) fn compare(&mut self, who: &str, stated: Option<Ratio>, position: Position) {
        let counted = self.report.totals().lines;
        if let (Some(stated), Some(counted)) = (stated, counted)
            && stated != counted
        {
            let message = format!(
                "{who} says {} of {} lines, its lines say {} of {}",
                stated.part, stated.whole, counted.part, counted.whole
            );
            self.context.warn(Code::TotalsDisagree, Weight::Note, message, position);
        }
    }

    /// Says that a record names no file. It belongs to none of the repository's either, as code that a compiler
    /// made; the lines of the other files are whole.
    pub(super) fn unattributed(&mut self, position: impl FnOnce() -> Position) {
        let message = || "a record with lines names no file".to_owned();
        self.context.warn_with(Code::UnattributedLines, Weight::Warning, message, position);
    }

    /// Takes a count that was read: a negative one is 0 and said, as is one that had to be rounded; one that cannot be
    /// read is lost.
    pub(super) fn hits(
        &mut self,
        count: Count,
        record: impl FnOnce() -> String,
        position: impl FnOnce() -> Position,
    ) -> Option<u64> {
        match count {
            Count::Hits(hits) => Some(hits),
            Count::Rounded(hits) => {
                let message =
                    || format!("{} has a count that is no whole number of 64 bits, read as {hits}", record());
                self.context.warn_with(Code::BadNumber, Weight::Note, message, position);
                Some(hits)
            }
            Count::Negative => {
                let message = || format!("{} has a negative count, read as 0", record());
                self.context.warn_with(Code::BadNumber, Weight::Warning, message, position);
                Some(0)
            }
            Count::Unreadable => {
                let message = || format!("{} has no readable count", record());
                self.degrade_with(Code::BadNumber, message, position);
                None
            }
        }
    }

    /// Takes a line number that was read: what names no line is skipped and said, one that cannot be read is
    /// lost.
    pub(super) fn line(
        &mut self,
        number: LineNumber,
        record: impl FnOnce() -> String,
        position: impl FnOnce() -> Position,
    ) -> Option<NonZeroU32> {
        match number {
            LineNumber::Line(line) => Some(line),
            LineNumber::NoLine => {
                let message = || format!("{} names no line of the file and is skipped", record());
                self.context.warn_with(Code::BadLine, Weight::Warning, message, position);
                None
            }
            LineNumber::Unreadable => {
                let message = || format!("{} has no readable line", record());
                self.degrade_with(Code::BadLine, message, position);
                None
            }
        }
    }

    /// The same as [`Gathered::degrade`] where message and position cost something.
    pub(super) fn degrade_with(
        &mut self,
        code: Code,
        message: impl FnOnce() -> String,
        position: impl FnOnce() -> Position,
    ) {
        self.context.warn_with(code, Weight::Warning, message, position);
        self.health = self.health.and(Health::Degraded);
    }

    /// Says that something was lost or is unknown: the report can no longer take part in a pass.
    pub(super) fn degrade(&mut self, code: Code, message: impl Into<Untrusted>, position: Position) {
        self.context.warn(code, Weight::Warning, message, position);
        self.health = self.health.and(Health::Degraded);
    }

    /// The report, or the error with what was gathered before it.
    pub(super) fn conclude(
        self,
        source: &Source<'_>,
        result: Result<(), ParseError>,
    ) -> Result<Parsed, ParseError> {
        match result {
            Ok(()) => Ok(self.finish(source)),
            Err(error) => Err(self.fail(error)),
        }
    }

    /// The report, and whether it can be trusted as a whole.
    fn finish(mut self, source: &Source<'_>) -> Parsed {
        let end = source.position();
        self.health = self.health.and(self.context.note_decoding(source.decoding()));
        let mut has_lines = false;
        let mut totals_only = 0_u64;
        for file in self.report.files.values_mut() {
            file.shrink();
            has_lines |= !file.lines.is_empty();
            totals_only += u64::from(file.lines.is_empty() && file.summary.is_some());
        }
        if totals_only > 0 {
            let message = match totals_only {
                1 => "1 file has totals and no lines".to_owned(),
                many => format!("{many} files have totals and no lines"),
            };
            self.context.warn(Code::SummaryOnly, Weight::Warning, message, end);
        } else if !has_lines {
            self.context.warn(Code::EmptyReport, Weight::Warning, "the report has no line of any file", end);
            self.health = self.health.and(Health::Empty);
        }
        Parsed { health: self.health, report: Report::Coverage(self.report) }
    }

    /// The error, with what was gathered before it.
    fn fail(self, error: ParseError) -> ParseError {
        if self.report.files.is_empty() {
            return error;
        }
        error.with_partial(Report::Coverage(self.report))
    }
}

/// Bytes that the records of a file take, roughly.
fn weight(file: &FileCoverage) -> u64 {
    let branches = file.branches.len() + file.parts.len();
    (file.lines.len() * 8 + branches * 16 + file.functions.bytes()) as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::Position;

    #[test]
    fn records_ranges_and_what_is_held_have_an_end() {
        let mut context = Context::default();
        fn limited(context: &mut Context) -> Gathered<'_> {
            Gathered { max_bytes: 4096, ..Gathered::new(context) }
        }
        let mut gathered = limited(&mut context);
        let mut seen = 0;
        assert!(gathered.range(1, 6, Position::default, |_| seen += 1).is_ok());
        assert!(gathered.range(1, u32::MAX, Position::default, |_| seen += 1).is_err());
        assert_eq!(seen, 6, "the range beyond the limit is not walked");
        let mut gathered = limited(&mut context);
        assert!(gathered.hold(64, Position::default).is_ok());
        assert!(gathered.hold(1, Position::default).is_err());
        let mut gathered = limited(&mut context);
        let mut file = FileCoverage::default();
        file.lines.add(NonZeroU32::MIN, 1);
        for _ in 0..1000 {
            assert!(
                gathered.put("a", file.clone(), Position::default).is_ok(),
                "a file that repeats takes no room"
            );
        }
        let put = |index: u32| gathered.put(&index.to_string(), file.clone(), Position::default);
        assert!((0..100).map(put).any(|result| result.is_err()));
        let gathered = limited(&mut context);
        for line in 1..600 {
            file.lines.add(NonZeroU32::new(line).unwrap(), 1);
        }
        assert!(gathered.open(&file, 0, Position::default).is_err());
    }
}
