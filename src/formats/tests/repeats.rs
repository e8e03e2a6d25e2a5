//! Cases that one report holds several times: how their runs ended, for a policy that takes them for attempts
//! (`tests.failed: { retries: ... }`, DECISIONS 10).

use crate::model::{Repeated, TestCase};
use std::collections::BTreeMap;

/// Every case in the order of the report, as a hash of its identity and whether it passed.
#[derive(Debug, Default)]
pub(super) struct Repeats {
    /// The hash with its lowest bit replaced: 1 for passed.
    record: Vec<u64>,
    overflown: bool,
}

/// The runs of one case.
#[derive(Debug, Default)]
struct Runs {
    count: u64,
    any_passed: bool,
    first_passed: bool,
    last_passed: bool,
    /// Where the last failing run stands among the kept cases.
    last_failure: usize,
}

impl Repeats {
    /// With more cases than this nobody looks for repeats, and every failing case counts by itself.
    pub(super) const MOST: usize = 1 << 20;

    /// Takes note of a case.
    pub(super) fn add(&mut self, hash: u64, passed: bool) {
        if self.record.len() >= Self::MOST {
            self.overflown = true;
            self.record = Vec::new();
        }
        if !self.overflown {
            self.record.push(key(hash) | u64::from(passed));
        }
    }

    /// True if there were too many cases to look.
    pub(super) const fn is_overflown(&self) -> bool {
        self.overflown
    }

    /// Tells each failing case what the report says of its other runs. `cases` are in the order of the report.
    pub(super) fn tell(&self, cases: &mut [TestCase]) {
        let mut runs: BTreeMap<u64, Runs> = BTreeMap::new();
        for (index, case) in cases.iter().enumerate().filter(|(_, case)| case.status.is_bad()) {
            runs.entry(key(case.id.hash64())).or_default().last_failure = index;
        }
        if runs.is_empty() {
            return;
        }
        let sieve = Sieve::of(runs.keys());
        for entry in self.record.iter().filter(|entry| sieve.may_hold(**entry)) {
            let Some(runs) = runs.get_mut(&key(*entry)) else { continue };
            let passed = entry & 1 == 1;
            if runs.count == 0 {
                runs.first_passed = passed;
            }
            runs.count += 1;
            runs.any_passed |= passed;
            runs.last_passed = passed;
        }
        for (index, case) in cases.iter_mut().enumerate().filter(|(_, case)| case.status.is_bad()) {
            let Some(runs) = runs.get(&key(case.id.hash64())).filter(|runs| runs.count > 1) else { continue };
            case.repeated = Some(Repeated {
                any_passed: runs.any_passed,
                first_passed: runs.first_passed,
                last_passed: runs.last_passed,
                stands_for_all: runs.last_failure == index,
            });
        }
    }
}

/// A set of hashes that is quick to say no. Nearly all cases of a report are none of its failing ones.
struct Sieve {
    words: Vec<u64>,
}

impl Sieve {
    /// 128 KiB: with 10,000 failing cases, one in a hundred others is looked up for nothing.
    const BITS: u64 = 1 << 20;

    fn of<'k>(keys: impl Iterator<Item = &'k u64>) -> Self {
        let mut words = vec![0_u64; 1 << 14];
        for key in keys {
            let (word, bit) = Self::place(*key);
            if let Some(word) = words.get_mut(word) {
                *word |= bit;
            }
        }
        Self { words }
    }

    fn may_hold(&self, entry: u64) -> bool {
        let (word, bit) = Self::place(entry);
        self.words.get(word).is_some_and(|word| word & bit != 0)
    }

    /// The word and the bit of an entry, without its lowest bit.
    fn place(entry: u64) -> (usize, u64) {
        let bit = entry >> 1 & (Self::BITS - 1);
        (usize::try_from(bit >> 6).unwrap_or(usize::MAX), 1 << (bit & 63))
    }
}

/// The part of a hash that tells identities apart here.
const fn key(hash: u64) -> u64 {
    hash & !1
}

#[cfg(test)]
mod tests {
    use crate::formats::tests::support::read;
    use crate::model::Repeated;

    /// A report of the cases `class.name outcome`, and what is said of the failing ones, in the order of their
    /// names and messages.
    fn repeated(cases: &[(&str, &str, &str)]) -> Vec<(String, Option<Repeated>)> {
        let case = |(index, (class, name, outcome)): (usize, &(&str, &str, &str))| {
            let inner = match *outcome {
                "F" => format!("<failure message='{index}'/>"),
                "S" => "<skipped/>".to_owned(),
                _ => String::new(),
            };
            format!("<testcase classname='{class}' name='{name}'>{inner}</testcase>")
        };
        let cases: String = cases.iter().enumerate().map(case).collect();
        let seen = read("junit", &format!("<testsuite name='s'>{cases}</testsuite>"));
        let failing = seen.run.cases.into_iter().filter(|case| case.status.is_bad());
        failing
            .map(|case| (format!("{}.{}", case.id.class.raw(), case.id.name.raw()), case.repeated))
            .collect()
    }

    const fn said([any_passed, first_passed, last_passed, stands_for_all]: [bool; 4]) -> Option<Repeated> {
        Some(Repeated { any_passed, first_passed, last_passed, stands_for_all })
    }

    #[test]
    fn a_case_that_stands_once_has_no_other_runs() {
        assert_eq!(repeated(&[("A", "t", "F"), ("A", "u", "P")]), [("A.t".to_owned(), None)]);
    }

    #[test]
    fn first_and_last_follow_the_order_of_the_report() {
        let of = |outcomes: &[&'static str]| {
            let cases: Vec<_> = outcomes.iter().map(|outcome| ("A", "t", *outcome)).collect();
            repeated(&cases).into_iter().map(|(_, said)| said).collect::<Vec<_>>()
        };
        assert_eq!(of(&["F", "P"]), [said([true, false, true, true])]);
        assert_eq!(of(&["P", "F"]), [said([true, true, false, true])]);
        assert_eq!(of(&["P", "F", "P"]), [said([true, true, true, true])]);
        assert_eq!(of(&["F", "F"]), [said([false, false, false, false]), said([false, false, false, true])]);
        // Who did not run did not pass.
        assert_eq!(of(&["F", "S"]), [said([false, false, false, true])]);
        assert_eq!(of(&["F", "P", "S"]), [said([true, false, false, true])]);
    }

    #[test]
    fn the_same_name_in_another_class_is_another_test() {
        assert_eq!(repeated(&[("A", "t", "F"), ("B", "t", "P")]), [("A.t".to_owned(), None)]);
    }
}
