//! What the tests of all formats of test results share.

use crate::diagnostic::{Code, Diagnostic};
use crate::formats::{Context, Detected, ParseError, Report, Source, by_id, detect};
use crate::model::{Health, TestCase, TestRun, TestTotals};

/// A report that was read.
pub(super) struct Seen {
    pub(super) run: TestRun,
    pub(super) health: Health,
    pub(super) warnings: Vec<Diagnostic>,
}

impl Seen {
    /// `tests passed failed errored skipped`.
    pub(super) fn figures(&self) -> [u64; 5] {
        let TestTotals { tests, passed, failed, errored, skipped, .. } = self.run.totals;
        [tests, passed, failed, errored, skipped]
    }

    pub(super) fn codes(&self) -> Vec<Code> {
        self.warnings.iter().map(|warning| warning.code).collect()
    }

    pub(super) fn only_case(&self) -> &TestCase {
        assert_eq!(self.run.cases.len(), 1, "{:?}", self.run.cases);
        &self.run.cases[0]
    }

    /// The kept case with this name.
    pub(super) fn case(&self, name: &str) -> &TestCase {
        let found = self.run.cases.iter().find(|case| case.id.name.raw() == name);
        found.unwrap_or_else(|| panic!("no case {name}: {:?}", self.run.cases))
    }

    pub(super) fn containers(&self) -> Vec<(&str, &str)> {
        self.run.containers.iter().map(|failure| (failure.container.raw(), failure.message.raw())).collect()
    }
}

/// Reads a report as the format with this id.
pub(super) fn try_read(format: &str, bytes: &[u8]) -> Result<Seen, ParseError> {
    let mut context = Context::default();
    let parsed = (by_id(format).unwrap().parse)(&mut Source::from_bytes(bytes), &mut context)?;
    let Report::Tests(run) = parsed.report else { panic!("not a report of tests") };
    Ok(Seen { run, health: parsed.health, warnings: context.take_warnings() })
}

/// The same where the report is known to be readable.
pub(super) fn read(format: &str, text: &str) -> Seen {
    try_read(format, text.as_bytes()).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// The format that claims a file, if exactly one does.
pub(super) fn detected(bytes: &[u8]) -> Option<&'static str> {
    match detect(&Source::from_bytes(bytes).head().unwrap()) {
        Detected::One(format) => Some(format.id),
        Detected::Unknown => None,
        Detected::Ambiguous(ids) => panic!("claimed by {ids:?}"),
    }
}

/// True if a gate could take this for a pass.
pub(super) fn looks_passed(format: &str, bytes: &[u8]) -> bool {
    try_read(format, bytes).is_ok_and(|seen| {
        let totals = seen.run.totals;
        seen.health == Health::Complete && totals.bad() + totals.container_failures + totals.unknown == 0
    })
}
