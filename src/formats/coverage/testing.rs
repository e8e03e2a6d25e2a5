//! What the tests of all coverage formats share.

use crate::diagnostic::Code;
use crate::formats::{Context, Format, ParseError, Report, Source, all};
use crate::model::{CoverageReport, CoverageTotals, FileCoverage, Health, Ratio, Untrusted};
use std::num::NonZeroU32;

/// A report that was read.
pub(super) struct Read {
    pub(super) report: CoverageReport,
    pub(super) health: Health,
    pub(super) codes: Vec<Code>,
}

impl Read {
    pub(super) fn file(&self, path: &str) -> &FileCoverage {
        self.report.files.get(&Untrusted::new(path)).unwrap_or_else(|| panic!("no file {path}"))
    }

    pub(super) fn hits(&self, path: &str, line: u32) -> Option<u64> {
        self.file(path).lines.get(NonZeroU32::new(line).unwrap())
    }

    pub(super) fn totals(&self) -> CoverageTotals {
        self.report.totals()
    }
}

/// Reads a report that can be read.
pub(super) fn read(format: &Format, text: impl AsRef<[u8]>) -> Read {
    let mut context = Context::default();
    let parsed = (format.parse)(&mut Source::from_bytes(text.as_ref()), &mut context)
        .unwrap_or_else(|error| panic!("{error}"));
    let Report::Coverage(report) = parsed.report else { panic!("not coverage") };
    let codes = context.take_warnings().iter().map(|warning| warning.code).collect();
    Read { report, health: parsed.health, codes }
}

/// Reads a report that cannot be read.
pub(super) fn read_error(format: &Format, text: impl AsRef<[u8]>) -> ParseError {
    (format.parse)(&mut Source::from_bytes(text.as_ref()), &mut Context::default()).unwrap_err()
}

/// The formats that claim a file.
pub(super) fn claims(text: &[u8]) -> Vec<&'static str> {
    let head = Source::from_bytes(text).head().unwrap();
    all().filter(|format| (format.sniff)(&head)).map(|format| format.id).collect()
}

pub(super) fn ratio(part: u64, whole: u64) -> Option<Ratio> {
    Some(Ratio { part, whole })
}
