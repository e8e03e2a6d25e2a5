//! Test failures, told apart by whose they are.

use super::Occasion;
use crate::model::{ContainerFailure, DiffState, NotCounted, RepoPath, Snapshot, TestCase, Untrusted};
use std::collections::BTreeMap;

/// The failures of the head that count, and those that the base has too.
#[derive(Debug, Default)]
pub struct CountedFailures<'e> {
    /// Failed and errored cases that count and are kept whole.
    pub cases: Vec<&'e TestCase>,
    /// How many failed and errored cases count, kept or not.
    pub count: u64,
    /// Failures of containers that count and are kept whole.
    pub containers: Vec<&'e ContainerFailure>,
    /// How many failures of containers count, kept or not.
    pub container_count: u64,
    /// Failures that exist without the change, each with its proof.
    pub not_counted: Vec<NotCounted>,
    /// Cases with a status that nobody knows.
    pub unknown: u64,
}

/// Tells failures apart. A failure is not counted only if the base's snapshot has the same case failing, the
/// base names the test's file, and the change does not touch that file (DECISIONS 4, 11).
pub(super) fn count<'e>(
    head: &'e Snapshot,
    base: Option<&'e Snapshot>,
    occasion: Occasion,
    diff: &DiffState,
) -> CountedFailures<'e> {
    let Some(run) = &head.tests else { return CountedFailures::default() };
    let mut counted = CountedFailures {
        count: run.totals.bad(),
        containers: run.containers.iter().collect(),
        container_count: run.totals.container_failures,
        unknown: run.totals.unknown,
        ..CountedFailures::default()
    };
    let comparable = match (base, diff.known(), occasion) {
        (Some(base), Some(diff), Occasion::Change) => base.tests.as_ref().map(|tests| (base, tests, diff)),
        _ => None,
    };
    // Each failure of the base excuses one failure of the head: a second case of the same name is another one.
    let mut at_base: BTreeMap<_, Vec<&TestCase>> = BTreeMap::new();
    if let Some((_, tests, _)) = comparable {
        for case in tests.cases.iter().filter(|case| case.status.is_bad()) {
            at_base.entry(&case.id).or_default().push(case);
        }
    }
    for case in run.cases.iter().filter(|case| case.status.is_bad()) {
        let twin = at_base.get_mut(&case.id).and_then(Vec::pop);
        let excuse = comparable.zip(twin).filter(|((_, _, diff), twin)| {
            same_message_shape(twin.message.raw(), case.message.raw())
                && file_of(twin).is_some_and(|file| !diff.files.contains_key(&file))
        });
        match excuse {
            Some(((base, _, _), _)) => {
                counted.count = counted.count.saturating_sub(1);
                counted.not_counted.push(NotCounted {
                    rule: "tests.failed",
                    what: case.id.display(),
                    cause: "broken-base",
                    proof: Untrusted::new(match &base.commit {
                        Some(commit) => format!("fails the same way on the base, {}", short(commit)),
                        None => "fails the same way on the base".to_owned(),
                    }),
                });
            }
            None => counted.cases.push(case),
        }
    }
    counted
}

/// The file of a test as the base's report knows it.
fn file_of(case: &TestCase) -> Option<RepoPath> {
    let named = RepoPath::new(case.id.file.raw()).ok();
    named.or_else(|| case.place.as_ref().and_then(|place| RepoPath::new(place.file.raw()).ok()))
}

/// True if two messages differ in nothing but digits and space: line numbers, times and addresses move.
fn same_message_shape(left: &str, right: &str) -> bool {
    fn shape(text: &str) -> impl Iterator<Item = char> + '_ {
        text.lines().next().unwrap_or_default().chars().filter(|c| !c.is_ascii_digit() && !c.is_whitespace())
    }
    shape(left).eq(shape(right))
}

fn short(commit: &str) -> &str {
    commit.get(..7).unwrap_or(commit)
}
