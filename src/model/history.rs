//! What became of unreliable tests in the last runs of the default branch.
//!
//! Each snapshot of the default branch carries the history of the one before it and its own run. Nobody is named
//! in it and no text of a failure is kept, only what tells one failure from another.

use super::{TestCase, TestId, TestRun, Untrusted};
use serde::{Deserialize, Serialize};
use siphasher::sip::SipHasher13;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::hash::Hasher as _;

/// The last runs of the default branch, and the tests that did not pass at once in them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct TestHistory {
    /// The commits of the runs, oldest first; the last is the snapshot's own. Empty text where it is not known.
    pub commits: Vec<String>,
    /// The tests, sorted by identity.
    pub tests: Vec<UnreliableTest>,
}

/// A test that failed, or passed only when it was run again.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct UnreliableTest {
    /// Which.
    pub id: TestId,
    /// Where it stands or failed, as the newest run that knew it says; empty if none did.
    pub file: Untrusted,
    /// Its failures, by run and shape.
    pub failures: Vec<PastFailure>,
}

/// One failure in one run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct PastFailure {
    /// The run: an index into [`TestHistory::commits`].
    pub run: u32,
    /// What it looked like: [`failure_shape`] of its message.
    pub shape: u64,
    /// True if the test passed when it was run again.
    pub passed_again: bool,
}

impl TestHistory {
    /// How many runs are remembered.
    pub const MOST_RUNS: usize = 200;

    /// How many failures are remembered over all tests; those of the newest runs stay.
    pub const MOST_FAILURES: usize = 20_000;

    /// The history that ends with this run. A run without test results says nothing of tests and is no run here.
    pub fn after(before: Option<&Self>, commit: Option<&str>, run: Option<&TestRun>) -> Option<Self> {
        let Some(run) = run else { return before.cloned() };
        let mut commits = before.map(|before| before.commits.clone()).unwrap_or_default();
        commits.push(commit.unwrap_or_default().to_owned());
        let forgotten = commits.len().saturating_sub(Self::MOST_RUNS);
        commits.drain(..forgotten);
        let mut tests: BTreeMap<TestId, UnreliableTest> = BTreeMap::new();
        for test in before.into_iter().flat_map(|before| &before.tests) {
            let failures = test.failures.iter().filter_map(|failure| {
                let run = (failure.run as usize).checked_sub(forgotten)?;
                Some(PastFailure { run: u32::try_from(run).ok()?, ..*failure })
            });
            tests.insert(test.id.clone(), UnreliableTest { failures: failures.collect(), ..test.clone() });
        }
        let now = u32::try_from(commits.len().saturating_sub(1)).unwrap_or(u32::MAX);
        for case in run.cases.iter().filter(|case| case.status.is_bad() || case.flaky) {
            let test = tests.entry(case.id.clone()).or_insert_with(|| UnreliableTest {
                id: case.id.clone(),
                file: Untrusted::default(),
                failures: Vec::new(),
            });
            if let Some(file) = file_of(case) {
                test.file = file;
            }
            test.failures.push(PastFailure {
                run: now,
                shape: failure_shape(case.message.raw()),
                passed_again: !case.status.is_bad(),
            });
        }
        let mut history = Self { commits, tests: tests.into_values().collect() };
        history.cap();
        Some(history)
    }

    /// The runs in which a test failed in this way, oldest first.
    pub fn runs_with(&self, id: &TestId, shape: u64) -> Vec<u32> {
        let Some(test) = self.test(id) else { return Vec::new() };
        let mut runs: Vec<u32> = test
            .failures
            .iter()
            .filter(|failure| failure.shape == shape)
            .map(|failure| failure.run)
            .collect();
        runs.dedup();
        runs
    }

    /// What is remembered of a test.
    pub fn test(&self, id: &TestId) -> Option<&UnreliableTest> {
        let index = self.tests.binary_search_by(|test| test.id.cmp(id)).ok()?;
        self.tests.get(index)
    }

    /// The commit since which a test fails in this way without a pause, and in how many runs; `None` if it did
    /// not do so in the newest.
    pub fn failing_since(&self, id: &TestId, shape: u64) -> Option<(&str, usize)> {
        let runs = self.runs_with(id, shape);
        let newest = self.commits.len().checked_sub(1)?;
        let streak = runs.iter().rev().zip(0..).take_while(|&(&run, back)| run as usize + back == newest);
        let count = streak.count();
        let first = self.commits.get(newest + 1 - count)?;
        (count > 0).then_some((first.as_str(), count))
    }

    /// Sorts, and forgets what is too much: tests without a failure, then those that failed longest ago.
    fn cap(&mut self) {
        for test in &mut self.tests {
            test.failures.sort_unstable();
            test.failures.dedup();
        }
        self.tests.retain(|test| !test.failures.is_empty());
        let newest = |test: &UnreliableTest| test.failures.last().map(|failure| failure.run);
        self.tests.sort_by(|left, right| {
            (Reverse(newest(left)), &left.id).cmp(&(Reverse(newest(right)), &right.id))
        });
        let mut kept = 0;
        self.tests.retain(|test| {
            kept += test.failures.len();
            kept <= Self::MOST_FAILURES
        });
        self.tests.sort();
    }
}

/// The file of a test: its own, or the one where it failed.
fn file_of(case: &TestCase) -> Option<Untrusted> {
    let place = case.place.as_ref().map(|place| &place.file);
    [Some(&case.id.file), place].into_iter().flatten().find(|file| !file.is_empty()).cloned()
}

/// What a failure looks like: the first line of its message without digits and space, for line numbers, times
/// and addresses move. Stable over versions and machines.
pub fn failure_shape(message: &str) -> u64 {
    let mut hasher = SipHasher13::new_with_keys(0x746f_6c6c_6761_7465, 0x6661_696c_7572_6531);
    let line = message.lines().next().unwrap_or_default();
    let mut letter = [0; 4];
    for c in line.chars().filter(|c| !c.is_ascii_digit() && !c.is_whitespace()) {
        hasher.write(c.encode_utf8(&mut letter).as_bytes());
    }
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::TestStatus;
    use proptest::prelude::*;

    fn case(name: &str, status: TestStatus, message: &str) -> TestCase {
        TestCase {
            id: TestId { name: name.into(), ..TestId::default() },
            status,
            flaky: status == TestStatus::Passed,
            duration: None,
            place: None,
            message: message.into(),
            expected: None,
            got: None,
            repeated: None,
        }
    }

    fn run(cases: Vec<TestCase>) -> TestRun {
        TestRun { cases, ..TestRun::default() }
    }

    fn id(name: &str) -> TestId {
        TestId { name: name.into(), ..TestId::default() }
    }

    #[test]
    fn a_run_adds_its_failures_and_what_passed_only_again() {
        let one = run(vec![case("a", TestStatus::Failed, "1 is 2"), case("b", TestStatus::Passed, "slow")]);
        let first = TestHistory::after(None, Some("c1"), Some(&one)).unwrap();
        let second = TestHistory::after(Some(&first), Some("c2"), Some(&run(Vec::new()))).unwrap();
        let third = run(vec![case("a", TestStatus::Failed, "3 is 4")]);
        let third = TestHistory::after(Some(&second), Some("c3"), Some(&third)).unwrap();
        assert_eq!(third.commits, ["c1", "c2", "c3"]);
        assert_eq!(third.runs_with(&id("a"), failure_shape("7 is 9")), [0, 2]);
        assert_eq!(third.runs_with(&id("a"), failure_shape("other")), [0_u32; 0]);
        assert!(third.test(&id("b")).unwrap().failures[0].passed_again);
        assert_eq!(third.failing_since(&id("a"), failure_shape("1 is 2")), Some(("c3", 1)));
        assert_eq!(third.failing_since(&id("b"), failure_shape("slow")), None);
        assert_eq!(TestHistory::after(Some(&third), Some("c4"), None), Some(third));
    }

    #[test]
    fn a_failure_that_stays_is_known_since_its_first_run() {
        let mut history = None;
        for commit in ["c1", "c2", "c3"] {
            let cases = if commit == "c1" { Vec::new() } else { vec![case("a", TestStatus::Failed, "x")] };
            history = TestHistory::after(history.as_ref(), Some(commit), Some(&run(cases)));
        }
        assert_eq!(history.unwrap().failing_since(&id("a"), failure_shape("x")), Some(("c2", 2)));
    }

    #[test]
    fn runs_beyond_the_window_are_forgotten_with_their_failures() {
        let mut history =
            TestHistory::after(None, Some("old"), Some(&run(vec![case("a", TestStatus::Failed, "x")])));
        for _ in 0..TestHistory::MOST_RUNS - 1 {
            history = TestHistory::after(history.as_ref(), Some("c"), Some(&run(Vec::new())));
        }
        let full = history.unwrap();
        assert_eq!((full.commits.len(), full.tests.len()), (TestHistory::MOST_RUNS, 1));
        let next = TestHistory::after(Some(&full), Some("c"), Some(&run(Vec::new()))).unwrap();
        assert_eq!((next.commits.len(), next.tests.len()), (TestHistory::MOST_RUNS, 0));
    }

    #[test]
    fn a_history_is_bounded_and_keeps_the_newest_failures() {
        let many = |prefix: &str| {
            let names = (0..TestHistory::MOST_FAILURES).map(|n| format!("{prefix}{n}"));
            run(names.map(|name| case(&name, TestStatus::Failed, "x")).collect())
        };
        let first = TestHistory::after(None, None, Some(&many("old"))).unwrap();
        let second = TestHistory::after(Some(&first), None, Some(&many("new"))).unwrap();
        assert_eq!(second.tests.len(), TestHistory::MOST_FAILURES);
        assert!(second.tests.iter().all(|test| test.id.name.raw().starts_with("new")));
    }

    proptest! {
        #[test]
        fn every_history_is_in_order_and_within_its_window(
            runs in proptest::collection::vec(proptest::collection::vec((0_usize..4, any::<bool>(), 0_usize..2), 0..5), 0..8),
        ) {
            let mut history: Option<TestHistory> = None;
            for cases in runs {
                let cases = cases.into_iter().map(|(name, again, message)| {
                    let status = if again { TestStatus::Passed } else { TestStatus::Failed };
                    case(["a", "b", "c", "d"][name], status, ["x", "y"][message])
                });
                history = TestHistory::after(history.as_ref(), Some("c"), Some(&run(cases.collect())));
                let history = history.as_ref().unwrap();
                prop_assert!(history.tests.is_sorted_by(|left, right| left.id < right.id));
                for test in &history.tests {
                    prop_assert!(test.failures.is_sorted_by(|left, right| left < right));
                    prop_assert!(test.failures.iter().all(|failure| (failure.run as usize) < history.commits.len()));
                }
            }
        }
    }
}
