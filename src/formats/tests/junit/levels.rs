//! What suites declare, held against what stands in them.
//!
//! Totals are evidence, not truth: cases decide, but a failure that is declared and stands nowhere is never a
//! pass. Each level is held against its own cases and those of the suites inside; totals of different levels are
//! never added (PHPUnit repeats them at each).

use super::words::{Word, meaning};
use crate::diagnostic::{Code, Weight};
use crate::formats::tests::totals::{self, Count, count};
use crate::formats::xml::Tag;
use crate::formats::{Context, Position};
use crate::model::Health;

/// What stands in a suite and in the suites inside of it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Seen {
    /// Cases.
    pub(super) tests: u64,
    /// Cases that failed or errored, and failures of containers.
    pub(super) bad: u64,
    /// Every mark of a failure: several may stand in one case, and retries leave theirs.
    pub(super) marks: u64,
    /// Attempts beside the last one of each case.
    pub(super) attempts: u64,
    /// Cases that were skipped.
    pub(super) skipped: u64,
    /// Failures of containers: some writers count them as tests.
    pub(super) containers: u64,
    /// Cases without the `status="run"` that Catch2, doctest and old GoogleTest write at each.
    pub(super) not_status_run: u64,
}

impl Seen {
    pub(super) fn add(&mut self, inner: &Self) {
        self.tests += inner.tests;
        self.bad += inner.bad;
        self.marks += inner.marks;
        self.attempts += inner.attempts;
        self.skipped += inner.skipped;
        self.containers += inner.containers;
        self.not_status_run += inner.not_status_run;
    }
}

/// What a suite's own tag declares.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Declared {
    tests: Option<u64>,
    failures: Option<u64>,
    errors: Option<u64>,
    skipped: Option<u64>,
    /// The suite's own status says that it failed.
    bad: bool,
    /// A figure for failures or errors stands there and cannot be read.
    unreadable: bool,
    /// The suite says when it ran or for how long.
    timed: bool,
    /// Catch2 writes this host name; its totals count assertions.
    placeholder_host: bool,
    /// pytest's suite: its `tests` counts reports, and subtests report without a case of their own.
    pytest: bool,
}

impl Declared {
    /// Reads the totals of a tag.
    pub(super) fn of(tag: &Tag<'_>, context: &mut Context) -> Self {
        let mut declared = Self::default();
        for attribute in tag.attributes() {
            let decides =
                matches!(attribute.name(), b"failures" | b"failed" | b"failure" | b"errors" | b"error");
            match attribute.name() {
                b"time" | b"timestamp" => declared.timed = true,
                b"hostname" => declared.placeholder_host = attribute.raw() == b"tbd",
                b"name" => declared.pytest = attribute.raw() == b"pytest",
                b"status" | b"result" => {
                    declared.bad |= meaning(&attribute.value(context)) == Word::Bad;
                }
                b"tests" | b"failures" | b"failed" | b"failure" | b"errors" | b"error" | b"skipped"
                | b"skip" | b"skips" | b"disabled" | b"ignored" => match count(attribute.raw()) {
                    Count::Absent => {}
                    Count::Known(count) => declared.add(attribute.name(), count),
                    Count::Bad => {
                        declared.unreadable |= decides;
                        let name = String::from_utf8_lossy(attribute.name());
                        let message = || format!("the total `{name}` of a suite is no number");
                        context.warn_with(Code::BadNumber, Weight::Warning, message, || attribute.position());
                    }
                },
                _ => {}
            }
        }
        declared
    }

    fn add(&mut self, name: &[u8], count: u64) {
        let total = match name {
            b"tests" => &mut self.tests,
            b"failures" | b"failed" | b"failure" => &mut self.failures,
            b"errors" | b"error" => &mut self.errors,
            _ => &mut self.skipped,
        };
        *total = Some(total.unwrap_or_default().saturating_add(count));
    }

    /// Holds the totals against what was seen; says what disagrees. `omits_pending`: the tool is known to count tests
    /// that it does not list.
    pub(super) fn reconcile(
        &self,
        suite: &str,
        seen: &Seen,
        omits_pending: bool,
        context: &mut Context,
        position: impl Fn() -> Position,
    ) -> Health {
        let mut health = if self.unreadable { Health::Degraded } else { Health::Complete };
        let mut disagree = |weight, whose: &str, what: &str, figures: [u64; 2]| {
            totals::disagree(whose, what, figures, weight, context, &position);
        };
        let said = match (self.failures, self.errors) {
            (None, None) => None,
            (failures, errors) => {
                Some(failures.unwrap_or_default().saturating_add(errors.unwrap_or_default()))
            }
        };
        let own_word = u64::from(self.bad && seen.marks == 0);
        let bad = said.map_or(own_word, |bad| bad.max(own_word));
        if bad > seen.marks {
            health = Health::Degraded;
            disagree(Weight::Error, suite, "failures and errors", [bad, seen.marks]);
        } else if bad < seen.bad && said.is_some() {
            disagree(Weight::Warning, suite, "failures and errors", [bad, seen.bad]);
        }
        if let Some(tests) = self.tests.filter(|_| !self.counts_something_else(seen)) {
            // Attempts, several failures of one case and failures of containers may each count as a test, and
            // skipped tests may have no case.
            let not_listed = self.skipped.unwrap_or_default().saturating_sub(seen.skipped);
            let repeated = seen.attempts + seen.marks.saturating_sub(seen.bad) + seen.containers;
            let explained = seen.tests.saturating_add(repeated).saturating_add(not_listed);
            if tests > explained && !omits_pending {
                // How the ones that are missing ended, nobody can say.
                health = Health::Degraded;
                disagree(Weight::Error, suite, "tests", [tests, seen.tests]);
            } else if tests > explained || tests < seen.tests {
                disagree(Weight::Warning, suite, "tests", [tests, seen.tests]);
            }
        }
        health
    }

    /// Some writers do not count cases in `tests`: pytest counts reports, Catch2 and doctest assertions. Catch2 shows itself by its host name, doctest by what it
    /// leaves out: no time at the suite, and `status="run"` without a result at every case.
    fn counts_something_else(&self, seen: &Seen) -> bool {
        self.pytest || self.placeholder_host || (!self.timed && seen.tests > 0 && seen.not_status_run == 0)
    }
}
