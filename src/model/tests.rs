//! Test results.

use super::Untrusted;
use serde::{Deserialize, Serialize};
use siphasher::sip::SipHasher13;
use std::collections::BTreeSet;
use std::hash::Hasher as _;
use std::num::NonZeroU32;
use std::time::Duration;

/// The final status of one test case.
///
/// `Failed` and `Errored` mean the same for a gate; tools do not agree on the difference, so both are kept and
/// judged by their sum. Ordered by what wins when one case says several things.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TestStatus {
    /// Ran, and nothing was wrong.
    Passed,
    /// Did not run, or not to the end, on purpose: skipped, disabled, not run, inconclusive, expected failure.
    Skipped,
    /// A word that we do not know. Never a pass (invariant 1).
    Unknown,
    /// An assertion did not hold.
    Failed,
    /// Something else went wrong: an exception, a timeout, started and never ended.
    Errored,
}

impl TestStatus {
    /// True for `Failed` and `Errored`.
    pub const fn is_bad(self) -> bool {
        matches!(self, Self::Failed | Self::Errored)
    }
}

/// What makes a test case the same in two reports: where it stands and what it is called.
///
/// Empty text means that the report does not say.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct TestId {
    /// Names of the containers above, outermost first, joined by ` > `.
    pub suite: Untrusted,
    /// Class or module.
    pub class: Untrusted,
    /// The case's own name, with its parameters.
    pub name: Untrusted,
    /// The file that the report names, as it names it.
    pub file: Untrusted,
}

impl TestId {
    /// A keyed 64-bit hash (SipHash-1-3), stable over versions and machines; for sets too large for names.
    pub fn hash64(&self) -> u64 {
        let mut hasher = Self::hasher_behind(self.suite.raw(), self.class.raw());
        Self::hash_rest(&mut hasher, self.name.raw(), self.file.raw());
        hasher.finish()
    }

    /// The hasher of [`TestId::hash64`] when it has seen suite and class, which rows of cases share.
    pub fn hasher_behind(suite: &str, class: &str) -> SipHasher13 {
        // The key is fixed: the hash has to be equal on every machine, and a collision that somebody makes on
        // purpose only merges two of their own passing tests.
        let mut hasher = SipHasher13::new_with_keys(0x746f_6c6c_6761_7465, 0x7465_7374_2d69_6431);
        write_part(&mut hasher, suite);
        write_part(&mut hasher, class);
        hasher
    }

    /// Lets the hasher see the other two parts.
    pub fn hash_rest(hasher: &mut SipHasher13, name: &str, file: &str) {
        write_part(hasher, name);
        write_part(hasher, file);
    }

    /// The same with the end of the hash. `scratch` is a buffer to be used again.
    pub fn hash_behind(mut hasher: SipHasher13, name: &str, file: &str, scratch: &mut Vec<u8>) -> u64 {
        scratch.clear();
        for part in [name, file] {
            scratch.extend_from_slice(part.as_bytes());
            scratch.push(0xff);
        }
        hasher.write(scratch);
        hasher.finish()
    }

    /// The name as people know it: `class::name`, or the name alone where the report gives no class or the
    /// name already carries it.
    pub fn display(&self) -> Untrusted {
        let (class, name) = (self.class.raw(), self.name.raw());
        if name.is_empty() {
            let container = if class.is_empty() { self.suite.raw() } else { class };
            return Untrusted::new(if container.is_empty() { "(unnamed test)" } else { container });
        }
        if class.is_empty() || name.starts_with(class) {
            return self.name.clone();
        }
        Untrusted::new(format!("{class}::{name}"))
    }
}

fn write_part(hasher: &mut SipHasher13, part: &str) {
    hasher.write(part.as_bytes());
    hasher.write_u8(0xff);
}

/// Where a failure is, as the report says it; not yet a path of the repository.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Place {
    /// The file as the tool wrote it.
    pub file: Untrusted,
    /// The line, 1-based; `None` if the report gives none (or says 0).
    pub line: Option<NonZeroU32>,
}

/// When a test that one report holds several times passes (`tests.failed: { retries: ... }`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Retries {
    /// When any of its runs passed.
    AnyPass,
    /// When its last run passed.
    Last,
    /// When its first run passed.
    First,
    /// When all of them passed: each run is a test by itself.
    AllPass,
}

impl Retries {
    /// All of them, the laxest first. Of `Last` and `First` neither is stricter.
    pub const ALL: [Self; 4] = [Self::AnyPass, Self::Last, Self::First, Self::AllPass];

    /// The word as written in policies.
    pub const fn word(self) -> &'static str {
        match self {
            Self::AnyPass => "any-pass",
            Self::Last => "last",
            Self::First => "first",
            Self::AllPass => "all-pass",
        }
    }
}

/// What one report says of the other runs of a failing case: it holds the same identity several times.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Repeated {
    /// True if any run passed.
    pub any_passed: bool,
    /// True if the first run passed.
    pub first_passed: bool,
    /// True if the last run passed.
    pub last_passed: bool,
    /// True for the last of the failing runs, which stands for them all where they count as one test.
    pub stands_for_all: bool,
}

impl Repeated {
    /// True if the runs together pass.
    pub const fn passes(self, retries: Retries) -> bool {
        match retries {
            Retries::AnyPass => self.any_passed,
            Retries::Last => self.last_passed,
            Retries::First => self.first_passed,
            Retries::AllPass => false,
        }
    }
}

/// One test case that is kept whole: it failed, was skipped, was flaky or is unknown.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct TestCase {
    /// Which case.
    pub id: TestId,
    /// How it ended, after its structural retries.
    pub status: TestStatus,
    /// True if an attempt failed and a later one of the same case passed.
    pub flaky: bool,
    /// Time of the case; `None` if the report gives none that can be read.
    pub duration: Option<Duration>,
    /// Where it failed, if the report says so.
    pub place: Option<Place>,
    /// What the report says of the failure, cut to a stated length; empty if nothing.
    pub message: Untrusted,
    /// The value that was expected, where the format or the message gives it.
    pub expected: Option<Untrusted>,
    /// The value that came instead.
    pub got: Option<Untrusted>,
    /// Of a failing case that its report holds several times: how its runs ended. `None` if it stands there once,
    /// or if nobody looked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repeated: Option<Repeated>,
}

/// A failure of something that contains tests (suite, class, package, assembly, hook) and is no case itself.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ContainerFailure {
    /// Names of the containers, outermost first, joined by ` > `.
    pub container: Untrusted,
    /// What the report says, cut to a stated length.
    pub message: Untrusted,
}

/// Counts of test cases. `tests` = passed + failed + errored + skipped + unknown; flaky is part of passed
/// (DECISIONS 16).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct TestTotals {
    /// All cases.
    pub tests: u64,
    /// Cases that ran and passed.
    pub passed: u64,
    /// Cases whose assertion did not hold.
    pub failed: u64,
    /// Cases that ended in an error.
    pub errored: u64,
    /// Cases that did not run on purpose.
    pub skipped: u64,
    /// Passed cases that needed another attempt.
    pub flaky: u64,
    /// Cases with a status that we do not know.
    pub unknown: u64,
    /// Failures of containers; not part of `tests`.
    pub container_failures: u64,
}

impl TestTotals {
    /// Counts one case.
    pub fn count(&mut self, status: TestStatus, flaky: bool) {
        self.tests += 1;
        match status {
            TestStatus::Passed => self.passed += 1,
            TestStatus::Skipped => self.skipped += 1,
            TestStatus::Unknown => self.unknown += 1,
            TestStatus::Failed => self.failed += 1,
            TestStatus::Errored => self.errored += 1,
        }
        if flaky && status == TestStatus::Passed {
            self.flaky += 1;
        }
    }

    /// Failed and errored cases together.
    pub const fn bad(&self) -> u64 {
        self.failed.saturating_add(self.errored)
    }

    /// Cases that ran: all but the skipped and the unknown.
    pub const fn executed(&self) -> u64 {
        self.passed.saturating_add(self.bad())
    }

    /// Takes the counts of a part away.
    pub fn subtract(&mut self, part: &Self) {
        self.tests = self.tests.saturating_sub(part.tests);
        self.passed = self.passed.saturating_sub(part.passed);
        self.failed = self.failed.saturating_sub(part.failed);
        self.errored = self.errored.saturating_sub(part.errored);
        self.skipped = self.skipped.saturating_sub(part.skipped);
        self.flaky = self.flaky.saturating_sub(part.flaky);
        self.unknown = self.unknown.saturating_sub(part.unknown);
        self.container_failures = self.container_failures.saturating_sub(part.container_failures);
    }

    /// Adds the counts of another run.
    pub fn add(&mut self, other: &Self) {
        self.tests = self.tests.saturating_add(other.tests);
        self.passed = self.passed.saturating_add(other.passed);
        self.failed = self.failed.saturating_add(other.failed);
        self.errored = self.errored.saturating_add(other.errored);
        self.skipped = self.skipped.saturating_add(other.skipped);
        self.flaky = self.flaky.saturating_add(other.flaky);
        self.unknown = self.unknown.saturating_add(other.unknown);
        self.container_failures = self.container_failures.saturating_add(other.container_failures);
    }
}

/// The identities of passed cases: by name while they are few, by hash when they are many (DECISIONS 17).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PassedTests {
    /// Every passed case by name.
    Names(BTreeSet<TestId>),
    /// Sorted 64-bit hashes without repeats: the names would have taken too much memory.
    Hashes(Vec<u64>),
}

impl Default for PassedTests {
    fn default() -> Self {
        Self::Names(BTreeSet::new())
    }
}

impl PassedTests {
    /// Above this many distinct passed cases, names become hashes.
    pub const MOST_NAMES: usize = 50_000;

    /// True if `id` is among them.
    pub fn contains(&self, id: &TestId) -> bool {
        match self {
            Self::Names(names) => names.contains(id),
            Self::Hashes(hashes) => hashes.binary_search(&id.hash64()).is_ok(),
        }
    }

    /// How many distinct cases there are.
    pub fn len(&self) -> usize {
        match self {
            Self::Names(names) => names.len(),
            Self::Hashes(hashes) => hashes.len(),
        }
    }

    /// True if there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Both sets together, in either order the same.
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        match (self, other) {
            (Self::Names(mut left), Self::Names(right)) => {
                left.extend(right);
                if left.len() > Self::MOST_NAMES {
                    return Self::Hashes(Self::hashes_of(&left));
                }
                Self::Names(left)
            }
            (left, right) => {
                let mut hashes = left.into_hashes();
                hashes.append(&mut right.into_hashes());
                // Both are sorted, which a stable sort sees: it merges them in one pass.
                hashes.sort();
                hashes.dedup();
                Self::Hashes(hashes)
            }
        }
    }

    /// The hashes of all cases, sorted.
    pub fn to_hashes(&self) -> Vec<u64> {
        match self {
            Self::Names(names) => Self::hashes_of(names),
            Self::Hashes(hashes) => hashes.clone(),
        }
    }

    fn hashes_of(names: &BTreeSet<TestId>) -> Vec<u64> {
        let mut hashes: Vec<u64> = names.iter().map(TestId::hash64).collect();
        hashes.sort_unstable();
        hashes.dedup();
        hashes
    }

    fn into_hashes(self) -> Vec<u64> {
        match self {
            Self::Names(names) => Self::hashes_of(&names),
            Self::Hashes(hashes) => hashes,
        }
    }
}

/// What the tests of one place came to: those of one suite, class and file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct TestGroup {
    /// Names of the containers above, as in [`TestId`].
    pub suite: Untrusted,
    /// Class or module.
    pub class: Untrusted,
    /// The file that the report names; its path in the repository, where it is a tracked one.
    pub file: Untrusted,
    /// Counts of the cases; containers are not counted by place.
    pub totals: TestTotals,
    /// Sum of the times of the cases, as in [`TestRun`].
    pub duration: Option<Duration>,
    /// Cases that ran and have no time, as in [`TestRun`].
    pub untimed: u64,
}

impl TestGroup {
    /// What tells it from others.
    pub const fn place(&self) -> (&Untrusted, &Untrusted, &Untrusted) {
        (&self.suite, &self.class, &self.file)
    }

    /// Adds the counts of the same place.
    pub fn add(&mut self, other: &Self) {
        self.totals.add(&other.totals);
        self.duration = add_durations(self.duration, other.duration);
        self.untimed = self.untimed.saturating_add(other.untimed);
    }
}

/// The sum of two times that may be missing; what is missing adds nothing.
pub fn add_durations(left: Option<Duration>, right: Option<Duration>) -> Option<Duration> {
    match (left, right) {
        (Some(left), Some(right)) => Some(left.saturating_add(right)),
        (left, right) => left.or(right),
    }
}

/// What one report of test results says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct TestRun {
    /// Counts over all cases, whatever is kept of them.
    pub totals: TestTotals,
    /// Cases kept whole: failed, errored, unknown, skipped and flaky ones, up to the caps of the reader. Sorted.
    pub cases: Vec<TestCase>,
    /// Identities of the cases that passed (flaky ones are in `cases` too).
    pub passed: PassedTests,
    /// Failures of containers, up to the cap of the reader. Sorted.
    pub containers: Vec<ContainerFailure>,
    /// Sum of the times of the cases; `None` if no case has one.
    pub duration: Option<Duration>,
    /// How many cases ran and have no time that can be read; their times are missing in `duration`.
    #[serde(default)]
    pub untimed: u64,
    /// How many cases and container failures were counted but not kept, because of a cap.
    pub not_kept: u64,
    /// The counts by place, sorted, up to a cap; empty if nobody asked for them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<TestGroup>,
}
