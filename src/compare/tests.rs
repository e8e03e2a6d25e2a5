//! Test failures, told apart by whose they are.

use super::touched::Touched;
use super::{BaseSide, Occasion, base};
use crate::model::{
    ContainerFailure, DiffState, NotCounted, Retries, TestCase, TestHistory, TestId, TestRun, TestStatus,
    Untrusted, failure_shape,
};
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

/// A case that passed only when it was run again.
#[derive(Debug)]
pub struct FlakyCase<'e> {
    /// The case.
    pub case: &'e TestCase,
    /// The proof that other runs had the same failure, and that the change does not touch the test; `None` if
    /// there is no such proof.
    pub known: Option<NotCounted>,
}

/// The base as far as a failure of it can excuse one of the change.
struct Excuses<'e> {
    side: &'e BaseSide<'e>,
    run: &'e TestRun,
    history: Option<&'e TestHistory>,
    touched: Touched<'e>,
}

impl<'e> Excuses<'e> {
    /// `None` where nothing can be excused: no evidence of the base, no diff, or no change (DECISIONS 4).
    fn of(base: &'e BaseSide<'e>, occasion: Occasion, diff: &'e DiffState) -> Option<Self> {
        let (snapshot, diff) = base.snapshot.zip(diff.known())?;
        let run = snapshot.tests.as_ref().filter(|_| occasion == Occasion::Change)?;
        Some(Self { side: base, run, history: snapshot.history.as_ref(), touched: Touched::by(diff) })
    }

    /// Where else a failure is: `fails the same way on main at a1b2c3d`.
    fn broken(&self, id: &TestId, shape: u64) -> Untrusted {
        let since = self.history.and_then(|history| history.failing_since(id, shape));
        let since = match since {
            Some((commit, runs)) if runs > 1 => {
                let commit = if commit.is_empty() {
                    String::new()
                } else {
                    format!(", since {}", base::short(commit))
                };
                format!(", in the last {runs} runs{commit}")
            }
            _ => String::new(),
        };
        Untrusted::new(format!("fails the same way on {}{since}", self.side.place()))
    }

    /// In how many of the last runs of the base's branch the test failed in the same way: `6 of the last 200 runs
    /// of main`.
    fn figure(&self, id: &TestId, shape: u64) -> Option<String> {
        let history = self.history?;
        let failed = history.runs_with(id, shape).len();
        let (runs, branch) = (history.commits.len(), self.side.branch());
        (failed > 0).then(|| match runs {
            1 => format!("the last run of {branch}"),
            _ => format!("{failed} of the last {runs} runs of {branch}"),
        })
    }
}

/// Tells failures apart. A failure is not counted only if the base's snapshot has the same failure and the change
/// does not touch the test (DECISIONS 4, 11).
pub(super) fn count<'e>(
    head: Option<&'e TestRun>,
    base: &'e BaseSide<'e>,
    occasion: Occasion,
    diff: &'e DiffState,
    retries: &[Retries],
) -> CountedFailures<'e> {
    let Some(run) = head else { return CountedFailures::default() };
    let mut counted = CountedFailures {
        count: run.totals.bad(),
        container_count: run.totals.container_failures,
        unknown: run.totals.unknown,
        ..CountedFailures::default()
    };
    let excuses = Excuses::of(base, occasion, diff);
    // Each failure of the base excuses one failure of the head: a second case of the same name is another one.
    let mut cases_at_base: BTreeMap<(&TestId, u64), Vec<&TestCase>> = BTreeMap::new();
    let mut containers_at_base: BTreeMap<(&str, u64), u64> = BTreeMap::new();
    if let Some(excuses) = &excuses {
        for case in excuses.run.cases.iter().filter(|case| case.status.is_bad()) {
            cases_at_base.entry((&case.id, failure_shape(case.message.raw()))).or_default().push(case);
        }
        for container in &excuses.run.containers {
            let key = (container.container.raw(), failure_shape(container.message.raw()));
            *containers_at_base.entry(key).or_default() += 1;
        }
    }
    // Of several runs of one test the one that stands for all comes first to its excuse.
    let failing = || run.cases.iter().filter(|case| case.status.is_bad());
    let follows = |case: &&TestCase| case.repeated.is_some_and(|repeated| !repeated.stands_for_all);
    for case in failing().filter(|case| !follows(case)).chain(failing().filter(follows)) {
        let shape = failure_shape(case.message.raw());
        let twin = cases_at_base.get_mut(&(&case.id, shape)).and_then(Vec::pop);
        let excuse = excuses.as_ref().zip(twin).filter(|(excuses, twin)| {
            retries.iter().all(|&retries| passes(case, retries) || !passes(twin, retries))
                && !excuses.touched.test(&twin.id, place_of(twin))
        });
        match excuse {
            Some((excuses, _)) => {
                counted.count = counted.count.saturating_sub(1);
                counted.not_counted.push(broken_base(case.id.display(), excuses.broken(&case.id, shape)));
            }
            None => counted.cases.push(case),
        }
    }
    for container in &run.containers {
        let shape = failure_shape(container.message.raw());
        let left = containers_at_base.get_mut(&(container.container.raw(), shape)).filter(|left| **left > 0);
        let id = TestId { suite: container.container.clone(), ..TestId::default() };
        match (&excuses, left) {
            (Some(excuses), Some(left)) if !excuses.touched.test(&id, "") => {
                *left -= 1;
                counted.container_count = counted.container_count.saturating_sub(1);
                counted
                    .not_counted
                    .push(broken_base(container.container.clone(), excuses.broken(&id, shape)));
            }
            _ => counted.containers.push(container),
        }
    }
    counted.cases.sort_unstable();
    counted
}

/// True if a failing case passes with its other runs.
fn passes(case: &TestCase, retries: Retries) -> bool {
    case.repeated.is_some_and(|repeated| repeated.passes(retries))
}

fn broken_base(what: Untrusted, proof: Untrusted) -> NotCounted {
    NotCounted { rules: vec!["tests.failed"], what, cause: "broken-base", proof }
}

/// The cases that passed only when they were run again. Such a failure is known only where runs of the base's
/// branch had it too, in a test that the change does not touch: what the head says of itself proves nothing.
pub(super) fn flaky<'e>(
    head: Option<&'e TestRun>,
    base: &'e BaseSide<'e>,
    occasion: Occasion,
    diff: &'e DiffState,
) -> Vec<FlakyCase<'e>> {
    let excuses = Excuses::of(base, occasion, diff);
    let cases = head.into_iter().flat_map(|run| &run.cases);
    let flaky = |case: &&TestCase| case.flaky && case.status == TestStatus::Passed;
    // One that the report holds several times is flaky whether or not it fails too: that is for `tests.failed`, and a
    // stricter `retries` there asks for no less here.
    let both = |case: &&TestCase| {
        case.repeated.is_some_and(|repeated| repeated.any_passed && repeated.stands_for_all)
    };
    cases
        .filter(|case| flaky(case) || both(case))
        .map(|case| FlakyCase {
            case,
            known: excuses.as_ref().and_then(|excuses| known_flaky(case, excuses)),
        })
        .collect()
}

fn known_flaky(case: &TestCase, excuses: &Excuses<'_>) -> Option<NotCounted> {
    let figure = excuses.figure(&case.id, failure_shape(case.message.raw()))?;
    let file = excuses.history?.test(&case.id)?.file.clone();
    let is_touched = excuses.touched.test(&case.id, file.raw());
    (!is_touched).then(|| NotCounted {
        rules: vec!["tests.flaky"],
        what: case.id.display(),
        cause: "known-flaky",
        proof: Untrusted::new(format!("passed when run again; same failure in {figure}")),
    })
}

/// What the history of the base says of each failure that counts, where it says something.
pub(super) fn figures<'e>(
    failures: &CountedFailures<'e>,
    base: &'e BaseSide<'e>,
    occasion: Occasion,
    diff: &'e DiffState,
) -> BTreeMap<&'e TestId, String> {
    let Some(excuses) = Excuses::of(base, occasion, diff) else { return BTreeMap::new() };
    let figure =
        |case: &&'e TestCase| Some((&case.id, excuses.figure(&case.id, failure_shape(case.message.raw()))?));
    failures.cases.iter().filter_map(figure).collect()
}

/// The file where a test failed; empty if the report does not say.
fn place_of(case: &TestCase) -> &str {
    case.place.as_ref().map_or("", |place| place.file.raw())
}

#[cfg(test)]
mod repeated_tests {
    use super::*;
    use crate::model::{Diff, Repeated, Snapshot};

    fn failing(repeated: &[Option<Repeated>]) -> Snapshot {
        let mut run = TestRun::default();
        for &repeated in repeated {
            run.totals.count(TestStatus::Failed, false);
            let id = TestId { name: "t".into(), file: "tests/a.rs".into(), ..TestId::default() };
            run.cases.push(TestCase {
                id,
                status: TestStatus::Failed,
                flaky: false,
                duration: None,
                place: None,
                message: Untrusted::default(),
                expected: None,
                got: None,
                repeated,
            });
        }
        run.cases.sort();
        Snapshot { tests: Some(run), ..Snapshot::default() }
    }

    fn runs(last_passed: bool, stands_for_all: bool) -> Option<Repeated> {
        Some(Repeated { any_passed: last_passed, first_passed: false, last_passed, stands_for_all })
    }

    fn counted(head: &Snapshot, base: &Snapshot, retries: &[Retries]) -> Vec<Option<Repeated>> {
        let diff = DiffState::Known(Diff::default());
        let base = BaseSide { snapshot: Some(base), ..BaseSide::default() };
        let counted = count(head.tests.as_ref(), &base, Occasion::Change, &diff, retries);
        assert_eq!(counted.count, counted.cases.len() as u64);
        counted.cases.iter().map(|case| case.repeated).collect()
    }

    #[test]
    fn a_test_of_the_base_that_passed_when_run_again_excuses_none_that_did_not() {
        let base = failing(&[runs(true, true)]);
        let head = failing(&[runs(false, true)]);
        assert_eq!(counted(&head, &base, &[Retries::Last]), [runs(false, true)]);
        assert_eq!(counted(&failing(&[runs(true, true)]), &base, &[Retries::Last]), []);
        // Where runs are tests by themselves, a failure is a failure.
        assert_eq!(counted(&head, &base, &[Retries::AllPass]), []);
    }

    #[test]
    fn one_failure_of_the_base_excuses_the_run_that_stands_for_all() {
        let head = failing(&[runs(false, false), runs(false, true)]);
        assert_eq!(counted(&head, &failing(&[None]), &[Retries::Last]), [runs(false, false)]);
    }
}
