//! What a parser is given beside the bytes, and what it gives back.

use super::{Decoding, Position, SourceError};
use crate::diagnostic::{Code, Diagnostic, Origin, Weight};
use crate::model::{CoverageReport, Health, Kind, ReportTotals, Scan, SeverityCounts, TestRun, Untrusted};

/// What one file says.
#[derive(Debug)]
pub enum Report {
    /// Test results.
    Tests(TestRun),
    /// Coverage, under the tool's own paths.
    Coverage(CoverageReport),
    /// Runs of scanners.
    Scan(Vec<Scan>),
}

impl Report {
    /// What the report is about.
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Tests(_) => Kind::Tests,
            Self::Coverage(_) => Kind::Coverage,
            Self::Scan(_) => Kind::Scan,
        }
    }

    /// The totals of the file as it is, tracked or not (DECISIONS 16).
    pub fn totals(&self) -> ReportTotals {
        match self {
            Self::Tests(run) => ReportTotals::Tests(run.totals),
            Self::Coverage(coverage) => ReportTotals::Coverage(coverage.totals()),
            Self::Scan(scans) => {
                let mut active = SeverityCounts::default();
                for scan in scans {
                    active.add(&scan.active);
                }
                ReportTotals::Scan { active, suppressed: scans.iter().map(|scan| scan.suppressed).sum() }
            }
        }
    }
}

/// A file that was read to its end.
#[derive(Debug)]
pub struct Parsed {
    /// What it says.
    pub report: Report,
    /// `Complete`, `Degraded`, `Failed` or `Empty`. Never `Invalid`: that is a [`ParseError`].
    pub health: Health,
}

/// Why a file is no report: cut off, malformed, too deep … The file is then `invalid`.
///
/// What was counted up to the error stands in `partial`, so that a failure seen before the cut still fails.
#[derive(Debug, thiserror::Error)]
#[error("{message} at line {}, column {}", position.line, position.column)]
pub struct ParseError {
    /// Which problem.
    pub code: Code,
    /// What is wrong; a fragment that may quote the file.
    pub message: String,
    /// Where.
    pub position: Position,
    /// What was read before, if anything useful.
    pub partial: Option<Box<Report>>,
}

impl ParseError {
    /// A problem at a position.
    pub fn new(code: Code, message: impl Into<String>, position: Position) -> Self {
        Self { code, message: message.into(), position, partial: None }
    }

    /// The same, with what was read before it.
    #[must_use]
    pub fn with_partial(mut self, report: Report) -> Self {
        self.partial = Some(Box::new(report));
        self
    }
}

impl From<SourceError> for ParseError {
    fn from(error: SourceError) -> Self {
        Self::new(error.code, error.message, error.position)
    }
}

/// Collects what a parser has to say beside its report, and holds the caps.
#[derive(Debug)]
pub struct Context {
    /// True if findings are kept with their identities; `inspect` needs their counts only.
    pub keep_identities: bool,
    /// True if the identities of passed tests are wanted, for a later comparison with this report.
    pub keep_passed: bool,
    /// True if tests are to be counted by suite, class and file too.
    pub keep_places: bool,
    /// True if somebody asks which tests the report holds several times, and how their runs ended.
    pub keep_repeats: bool,
    /// The longest text kept of one failure, finding or container, in bytes.
    pub max_text: usize,
    /// How many cases, containers or findings are kept with their text.
    pub max_kept: usize,
    warnings: Vec<Diagnostic>,
    suppressed_warnings: u64,
}

impl Default for Context {
    fn default() -> Self {
        Self {
            keep_identities: true,
            keep_passed: true,
            keep_places: true,
            keep_repeats: true,
            max_text: 8 * 1024,
            max_kept: 1_000,
            warnings: Vec::new(),
            suppressed_warnings: 0,
        }
    }
}

impl Context {
    /// How many warnings of one code are kept word for word.
    const MOST_OF_ONE_CODE: usize = 5;

    /// Says something about the file. Of one code only the first few are kept; the rest is counted.
    pub fn warn(&mut self, code: Code, weight: Weight, message: impl Into<Untrusted>, position: Position) {
        let same = self.warnings.iter().filter(|warning| warning.code == code).count();
        if same >= Self::MOST_OF_ONE_CODE {
            self.suppressed_warnings += 1;
            return;
        }
        let origin = Origin::at("", position.line_u32(), position.column_u32());
        self.warnings.push(Diagnostic::new(code, weight, message, origin));
    }

    /// The same where message and position cost something: they are made only if the warning is kept.
    pub fn warn_with(
        &mut self,
        code: Code,
        weight: Weight,
        message: impl FnOnce() -> String,
        position: impl FnOnce() -> Position,
    ) {
        if self.warnings.iter().filter(|warning| warning.code == code).count() >= Self::MOST_OF_ONE_CODE {
            self.suppressed_warnings += 1;
        } else {
            self.warn(code, weight, message(), position());
        }
    }

    /// True if a warning of this code was given, kept or not.
    pub fn warned(&self, code: Code) -> bool {
        self.warnings.iter().any(|warning| warning.code == code)
    }

    /// Says what was done to the bytes before the parser saw them, and what that makes of the report: valid
    /// UTF-16 is only noted, sequences that were replaced may have been evidence. Called once, at the end.
    pub fn note_decoding(&mut self, decoding: Decoding) -> Health {
        let whole_file = Position::default();
        if let Some(from) = decoding.from.filter(|from| from.starts_with("UTF-16")) {
            let message = format!("the file is written in {from}");
            self.warn(Code::Utf16, Weight::Warning, message, whole_file);
        }
        if decoding.replaced == 0 {
            return Health::Complete;
        }
        let from = decoding.from.unwrap_or("UTF-8");
        let message = format!("{} sequences are not valid in {from} and were replaced", decoding.replaced);
        self.warn(Code::BadEncoding, Weight::Error, message, whole_file);
        Health::Degraded
    }

    /// Takes the warnings, in the order they came, with a last line for those that were only counted. The
    /// file's name is put in by the caller, who knows it.
    pub fn take_warnings(&mut self) -> Vec<Diagnostic> {
        let mut warnings = std::mem::take(&mut self.warnings);
        if let (true, Some(last)) = (self.suppressed_warnings > 0, warnings.last().cloned()) {
            let message = format!("{} more warnings of these kinds are not listed", self.suppressed_warnings);
            warnings.push(Diagnostic::new(last.code, Weight::Note, message, Origin::default()).with_help(""));
        }
        self.suppressed_warnings = 0;
        warnings
    }

    /// Cuts a text at the cap, on a character's border. The flag says whether something was cut.
    pub fn cap<'t>(&self, text: &'t str) -> (&'t str, bool) {
        if text.len() <= self.max_text {
            return (text, false);
        }
        let mut end = self.max_text;
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        (text.get(..end).unwrap_or_default(), true)
    }
}
