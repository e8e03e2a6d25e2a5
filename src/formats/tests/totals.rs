//! Totals that a report declares, held against what stands in it.

use crate::diagnostic::{Code, Weight};
use crate::formats::{Context, Position};
use crate::model::Health;

/// A total as it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Count {
    /// A number.
    Known(u64),
    /// Nothing, or a word for nothing.
    Absent,
    /// Something that is no number.
    Bad,
}

/// Reads a total as tools write it: `3`, `3.0`, `1,024`; nothing, `null` and the like say nothing.
pub(super) fn count(raw: &[u8]) -> Count {
    const NOTHING: &[&[u8]] = &[b"null", b"none", b"nan", b"undefined", b"-"];
    let raw = raw.trim_ascii();
    if raw.is_empty() || NOTHING.iter().any(|word| raw.eq_ignore_ascii_case(word)) {
        return Count::Absent;
    }
    let (whole, fraction) = match raw.iter().position(|byte| *byte == b'.') {
        Some(dot) => (raw.get(..dot).unwrap_or_default(), raw.get(dot + 1..).unwrap_or_default()),
        None => (raw, b"".as_slice()),
    };
    if whole.is_empty() || fraction.iter().any(|byte| *byte != b'0') {
        return Count::Bad;
    }
    let mut number = 0_u64;
    for byte in whole.iter().filter(|byte| **byte != b',') {
        let digit = match byte {
            b'0'..=b'9' => u64::from(byte - b'0'),
            _ => return Count::Bad,
        };
        match number.checked_mul(10).and_then(|number| number.checked_add(digit)) {
            Some(next) => number = next,
            None => return Count::Bad,
        }
    }
    Count::Known(number)
}

/// Says that a total and the content disagree: `figures` are the declared one and the one seen.
pub(super) fn disagree(
    whose: &str,
    what: &str,
    figures: [u64; 2],
    weight: Weight,
    context: &mut Context,
    position: impl Fn() -> Position,
) {
    let [declared, seen] = figures;
    let message = || format!("{whose} declares {declared} {what}, and {seen} can be seen in it");
    context.warn_with(Code::TotalsDisagree, weight, message, position);
}

/// Totals of a whole report, from a format that counts one test as one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Declared {
    /// All tests.
    pub(super) tests: Option<u64>,
    /// Failures and errors of all kinds.
    pub(super) bad: Option<u64>,
    /// A total that decides stands there and cannot be read.
    pub(super) unreadable: bool,
}

impl Declared {
    /// Takes a number into one of the totals.
    pub(super) fn add_bad(&mut self, count: Count) {
        match count {
            Count::Known(count) => self.bad = Some(self.bad.unwrap_or_default().saturating_add(count)),
            Count::Absent => {}
            Count::Bad => self.unreadable = true,
        }
    }

    /// Takes the number of all tests.
    pub(super) fn set_tests(&mut self, count: Count) {
        if let Count::Known(count) = count {
            self.tests = Some(count);
        }
    }

    /// Says that a total of a document cannot be read, if one cannot.
    pub(super) fn say_unreadable(&self, context: &mut Context, position: Position) {
        if self.unreadable {
            let message = "a total of failures is no whole number";
            context.warn(Code::BadNumber, Weight::Warning, message, position);
        }
    }

    /// Holds the totals against the tests and the failures that were seen. More declared than seen is no pass:
    /// something that failed, or might have, is missing. Fewer only warn, since cases decide.
    pub(super) fn reconcile(
        &self,
        whose: &str,
        seen_tests: u64,
        seen_bad: u64,
        context: &mut Context,
        position: impl Fn() -> Position,
    ) -> Health {
        let mut health = if self.unreadable { Health::Degraded } else { Health::Complete };
        for (what, declared, seen) in
            [("failures and errors", self.bad, seen_bad), ("tests", self.tests, seen_tests)]
        {
            let Some(declared) = declared else { continue };
            let weight = match declared.cmp(&seen) {
                std::cmp::Ordering::Equal => continue,
                std::cmp::Ordering::Less => Weight::Warning,
                std::cmp::Ordering::Greater => Weight::Error,
            };
            if weight == Weight::Error {
                health = Health::Degraded;
            }
            disagree(whose, what, [declared, seen], weight, context, &position);
        }
        health
    }
}
