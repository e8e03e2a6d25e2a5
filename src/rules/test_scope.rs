//! Which tests belong to a scope: those whose file its globs match and whose suite or class its patterns fit.

use super::Scope;
use crate::compare::Evidence;
use crate::model::{Place, RepoPath, TestCase, TestGroup, TestId, TestRun, TestTotals, Untrusted};
use std::time::Duration;

/// True if the test belongs to the scope. Its file is the one that the report names as the test's or, where that
/// is none of the repository, the one where it failed. A report may name it from a folder below the root; the place
/// of the failure then says which file it is. A test without a file belongs to no overlay of paths.
pub(super) fn case_in_scope(case: &TestCase, scope: &Scope<'_>) -> bool {
    let named = RepoPath::new(case.id.file.raw()).ok();
    let placed = case.place.as_ref().and_then(placed);
    let path = match (named, placed) {
        (Some(named), Some(placed)) if placed.ends_with(&named) => Some(placed),
        (named, placed) => named.or(placed),
    };
    in_scope(path, &case.id, scope)
}

/// The same for a test of which only the identity is known.
pub(super) fn id_in_scope(id: &TestId, scope: &Scope<'_>) -> bool {
    in_scope(RepoPath::new(id.file.raw()).ok(), id, scope)
}

fn placed(place: &Place) -> Option<RepoPath> {
    RepoPath::new(place.file.raw()).ok()
}

fn in_scope(path: Option<RepoPath>, id: &TestId, scope: &Scope<'_>) -> bool {
    (scope.test)(path.as_ref(), id.suite.raw(), id.class.raw())
}

fn group_in_scope(group: &TestGroup, scope: &Scope<'_>) -> bool {
    let path = RepoPath::new(group.file.raw()).ok();
    (scope.test)(path.as_ref(), group.suite.raw(), group.class.raw())
}

/// The tests of a scope, counted.
#[derive(Debug, Default)]
pub(super) struct ScopedTests {
    /// The counts.
    pub(super) totals: TestTotals,
    /// Sum of the times; `None` if no test has one.
    pub(super) duration: Option<Duration>,
    /// How many tests ran and have no time.
    pub(super) untimed: u64,
    /// How many tests of the reports are not counted by place, so that nobody can say whether they belong here.
    pub(super) unplaced: u64,
    /// How many tests the reports hold in all.
    all: u64,
}

impl ScopedTests {
    /// Counts the tests of a run. To the rule itself belongs everything that does not stand elsewhere.
    pub(super) fn of(run: &TestRun, scope: &Scope<'_>) -> Self {
        let (mut inside, mut outside) = (TestGroup::default(), TestGroup::default());
        for group in &run.groups {
            if group_in_scope(group, scope) { inside.add(group) } else { outside.add(group) }
        }
        if scope.whole {
            let mut totals = run.totals;
            totals.subtract(&outside.totals);
            return Self {
                totals,
                duration: run.duration.map(|all| all.saturating_sub(outside.duration.unwrap_or_default())),
                untimed: run.untimed.saturating_sub(outside.untimed),
                unplaced: 0,
                all: run.totals.tests,
            };
        }
        let placed = inside.totals.tests.saturating_add(outside.totals.tests);
        Self {
            totals: inside.totals,
            duration: inside.duration,
            untimed: inside.untimed,
            unplaced: run.totals.tests.saturating_sub(placed),
            all: run.totals.tests,
        }
    }

    /// Those of the head.
    pub(super) fn of_head(evidence: &Evidence<'_>, scope: &Scope<'_>) -> Self {
        evidence.head.tests.as_ref().map(|run| Self::of(run, scope)).unwrap_or_default()
    }

    /// Those of the base, if it has test results.
    pub(super) fn of_base(evidence: &Evidence<'_>, scope: &Scope<'_>) -> Option<Self> {
        evidence.base?.tests.as_ref().map(|run| Self::of(run, scope))
    }

    /// Why nothing can be said of the scope, although nothing in it is wrong; `None` if something can.
    pub(super) fn doubt(&self, scope: &Scope<'_>) -> Option<Untrusted> {
        let text = match () {
            () if self.all == 0 => "the reports hold no test at all",
            () if scope.whole => return None,
            () if self.unplaced > 0 => "the reports hold more tests than can be counted by suite and file",
            () if self.totals.tests == 0 => "no test of the reports names a file or suite of this scope",
            () => return None,
        };
        Some(text.into())
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::{Sample, tests};
    use crate::model::TestStatus::{Failed, Passed, Skipped};
    use crate::model::{OutcomeKind, Place, Snapshot, TestGroup, TestStatus};
    use std::time::Duration;

    fn group(file: &str, statuses: &[TestStatus], seconds: u64) -> TestGroup {
        let mut group = TestGroup { file: file.into(), ..TestGroup::default() };
        statuses.iter().for_each(|status| group.totals.count(*status, false));
        group.duration = Some(Duration::from_secs(seconds));
        group
    }

    /// `a` has 3 tests of which one fails, in 10 s; `b` has 2 of which one is skipped, in 4 s.
    fn two_places() -> Snapshot {
        let mut head = tests(&[("1", Passed), ("2", Passed), ("3", Failed), ("4", Passed), ("5", Skipped)]);
        let run = head.tests.as_mut().unwrap();
        run.groups =
            vec![group("a/x.py", &[Passed, Passed, Failed], 10), group("b/y.py", &[Passed, Skipped], 4)];
        run.duration = Some(Duration::from_secs(14));
        head
    }

    fn below(head: Snapshot, folder: &str, rule: &str, field: (&str, &str)) -> (OutcomeKind, String) {
        let judgement = Sample::of(head).judge_below(folder, rule, &[field]);
        (judgement.kind, judgement.measured_text)
    }

    #[test]
    fn a_file_that_the_report_names_from_a_folder_is_the_one_where_the_test_failed() {
        let mut head = tests(&[("a", Failed), ("b", Passed)]);
        let case = &mut head.tests.as_mut().unwrap().cases[0];
        case.id.file = "tests/a.py".into();
        let place = |file: &str| Some(Place { file: file.into(), line: None });
        case.place = place("backend/tests/a.py");
        let judged = |head: &Snapshot, folder: &str| {
            Sample::of(head.clone()).judge_below(folder, "tests.failed", &[]).kind
        };
        assert_eq!(judged(&head, "backend/"), OutcomeKind::NotMet);
        assert_eq!(judged(&head, "tests/"), OutcomeKind::Met);
        // It failed in another file.
        head.tests.as_mut().unwrap().cases[0].place = place("backend/a.py");
        assert_eq!(judged(&head, "tests/"), OutcomeKind::NotMet);
    }

    #[test]
    fn each_place_has_its_own_counts_and_time() {
        use OutcomeKind::{Met, NotMet};
        let ran = |folder, min| below(two_places(), folder, "tests.executed", ("min", min));
        assert_eq!(ran("a/", "3"), (Met, "3 tests ran".to_owned()));
        assert_eq!(ran("b/", "2"), (NotMet, "1 test ran, 1 skipped".to_owned()));
        let skipped = |folder| below(two_places(), folder, "tests.skipped", ("max", "0")).0;
        assert_eq!((skipped("a/"), skipped("b/")), (Met, NotMet));
        let took = |folder| below(two_places(), folder, "tests.duration", ("max-seconds", "4")).0;
        assert_eq!((took("a/"), took("b/")), (NotMet, Met));
    }

    #[test]
    fn a_place_without_tests_is_not_measured_and_one_that_lost_them_all_is_not_met() {
        for (rule, field) in [("executed", "min"), ("skipped", "max"), ("duration", "max-seconds")] {
            let kind = below(two_places(), "c/", &format!("tests.{rule}"), (field, "9")).0;
            assert_eq!(kind, OutcomeKind::NotMeasured, "{rule}");
        }
        let mut base = two_places();
        base.tests.as_mut().unwrap().groups[1].file = "c/z.py".into();
        let judgement = Sample::of(two_places()).against(base).judge_below("c/", "tests.executed", &[]);
        assert_eq!(judgement.kind, OutcomeKind::NotMet);
    }

    #[test]
    fn tests_that_are_not_counted_by_place_could_stand_anywhere() {
        let mut head = two_places();
        head.tests.as_mut().unwrap().totals.count(Passed, false);
        let kind = |rule, field| below(head.clone(), "b/", rule, field).0;
        assert_eq!(kind("tests.executed", ("min", "2")), OutcomeKind::NotMeasured);
        assert_eq!(kind("tests.skipped", ("max", "1")), OutcomeKind::NotMeasured);
        // More of them make it no better.
        assert_eq!(kind("tests.skipped", ("max", "0")), OutcomeKind::NotMet);
        assert_eq!(kind("tests.duration", ("max-seconds", "3")), OutcomeKind::NotMet);
        assert_eq!(kind("tests.duration", ("max-seconds", "4")), OutcomeKind::NotMeasured);
    }
}
