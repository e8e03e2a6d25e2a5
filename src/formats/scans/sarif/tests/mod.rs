mod advisories;
mod counting;
mod health;
mod identities;
mod leniency;
mod lookup;
mod properties;
mod severities;

use super::*;
use crate::diagnostic::Diagnostic;
use crate::model::{Finding, ReportTotals, ScanClass, Severity, SeverityCounts};
use proptest::prelude::*;

struct Read {
    parsed: Result<Parsed, ParseError>,
    warnings: Vec<Diagnostic>,
}

fn read(text: impl AsRef<[u8]>) -> Read {
    let mut context = Context::default();
    let parsed = parse(&mut Source::from_bytes(text.as_ref()), &mut context);
    Read { parsed, warnings: context.take_warnings() }
}

impl Read {
    fn scans(&self) -> &[Scan] {
        match &self.parsed {
            Ok(Parsed { report: Report::Scan(scans), .. }) => scans,
            other => panic!("{other:?}"),
        }
    }

    fn health(&self) -> Health {
        self.parsed.as_ref().unwrap().health
    }

    fn error(&self) -> Code {
        self.parsed.as_ref().unwrap_err().code
    }

    fn says(&self, code: Code) -> bool {
        self.warnings.iter().any(|warning| warning.code == code)
    }

    fn finding(&self) -> &Finding {
        &self.scans()[0].findings[0]
    }

    fn severity(&self) -> Severity {
        self.finding().severity
    }
}

/// A log with one run; `run` holds further keys of it.
fn log(run: &str) -> String {
    format!(r#"{{"version": "2.1.0", "runs": [{{"tool": {{"driver": {{"name": "t"}}}}, {run}}}]}}"#)
}

/// A run with one result and these rules.
fn with_rules(rules: &str, result: &str) -> Read {
    read(format!(
        r#"{{"version": "2.1.0", "runs": [{{"results": [{result}], "tool": {{"driver": {{"name": "t", "rules": [{rules}]}}}}}}]}}"#
    ))
}

fn one(result: &str) -> Read {
    read(log(&format!(r#""results": [{result}]"#)))
}

fn totals(read: &Read) -> (SeverityCounts, u64) {
    match read.parsed.as_ref().map(|parsed| parsed.report.totals()) {
        Ok(ReportTotals::Scan { active, suppressed }) => (active, suppressed),
        other => panic!("{other:?}"),
    }
}

/// Two rules of one id, and one with a guid.
const RULES: &str = r#"{"id": "A", "defaultConfiguration": {"level": "error"}}, {"id": "B", "guid": "g-b", "defaultConfiguration": {"level": "note"}}, {"id": "A", "defaultConfiguration": {"level": "none"}}"#;
