//! What the tests of all scanners' own formats share.

use crate::diagnostic::{Code, Diagnostic};
use crate::formats::{Context, Detected, Format, ParseError, Parsed, Report, Source, detect};
use crate::model::{Finding, Health, Scan, Severity};

/// A report as it was read.
pub(super) struct Read {
    pub(super) parsed: Result<Parsed, ParseError>,
    pub(super) warnings: Vec<Diagnostic>,
}

/// Reads a text as a format that must be the only one to claim it.
pub(super) fn read(format: &Format, text: &str) -> Read {
    let mut source = Source::from_bytes(text.as_bytes());
    match detect(&source.head().unwrap()) {
        Detected::One(found) => assert_eq!(found.id, format.id, "{text}"),
        other => panic!("{other:?}: {text}"),
    }
    read_as(format, text.as_bytes())
}

/// Reads bytes as a format, whatever claims them.
pub(super) fn read_as(format: &Format, bytes: &[u8]) -> Read {
    let mut context = Context::default();
    let parsed = (format.parse)(&mut Source::from_bytes(bytes), &mut context);
    Read { parsed, warnings: context.take_warnings() }
}

impl Read {
    pub(super) fn scan(&self) -> &Scan {
        match &self.parsed {
            Ok(Parsed { report: Report::Scan(scans), .. }) => scans.first().unwrap(),
            other => panic!("{other:?}"),
        }
    }

    pub(super) fn health(&self) -> Health {
        let health = self.parsed.as_ref().unwrap().health;
        assert_eq!(self.scan().health, health);
        health
    }

    pub(super) fn findings(&self) -> &[Finding] {
        &self.scan().findings
    }

    /// Severities of the active findings, worst first.
    pub(super) fn severities(&self) -> Vec<Severity> {
        let scan = self.scan();
        Severity::ALL
            .into_iter()
            .flat_map(|severity| (0..scan.active.get(severity)).map(move |_| severity))
            .collect()
    }

    pub(super) fn says(&self, code: Code) -> bool {
        self.warnings.iter().any(|warning| warning.code == code)
    }

    /// True if a gate could pass on it.
    pub(super) fn is_clean(&self) -> bool {
        self.parsed.as_ref().is_ok_and(|parsed| parsed.health == Health::Complete)
            && self
                .severities()
                .iter()
                .all(|severity| matches!(severity, Severity::Medium | Severity::Low | Severity::Info))
    }
}
