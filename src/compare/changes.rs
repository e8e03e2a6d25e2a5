//! The tests of the head beside those of the base: what is gone, what is new, what no longer runs.
//!
//! Whatever is missing on one of the two sides is said: a list of names that a cap has cut proves nothing.

use crate::model::{DiffState, PassedTests, Snapshot, TestCase, TestId, TestRun, TestStatus, Untrusted};
use std::collections::{BTreeMap, BTreeSet};

/// A test of the base that the head does not have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemovedTest<'e> {
    /// Which.
    pub id: &'e TestId,
    /// How it ended on the base.
    pub status: TestStatus,
    /// A test of the same name that the head has and the base has not: perhaps it was moved. A hint for people;
    /// the test counts as removed.
    pub perhaps: Option<&'e TestId>,
}

/// What became of the tests of the base.
#[derive(Debug, Default)]
pub struct TestChanges<'e> {
    /// Tests of the base that the head does not have, as far as the base keeps names.
    pub removed: Vec<RemovedTest<'e>>,
    /// Tests of the base that the head does not have and of which the base keeps no name (DECISIONS 17).
    pub removed_unnamed: u64,
    /// Tests that the head has and the base has not, as far as names are kept.
    pub added: u64,
    /// Cases that fail, and that failed on the base.
    pub failing_before: u64,
    /// Cases that fail, and that did not fail on the base.
    pub newly_failing: u64,
    /// Tests that failed on the base and pass now.
    pub fixed: Vec<&'e TestId>,
    /// Tests that ran on the base and are skipped now.
    pub newly_skipped: Vec<&'e TestCase>,
    /// True if every test of the head is known by its identity.
    pub head_is_whole: bool,
    /// True if every test of the base is known by its identity.
    pub base_is_whole: bool,
}

impl TestChanges<'_> {
    /// How many tests were removed, with and without a name.
    pub fn removed_count(&self) -> u64 {
        self.removed_unnamed.saturating_add(self.removed.len() as u64)
    }
}

/// Compares; `None` if one of the two has no test results.
pub(super) fn changes<'e>(
    head: &'e Snapshot,
    base: Option<&'e Snapshot>,
    diff: &'e DiffState,
) -> Option<TestChanges<'e>> {
    let head = Side::of(head.tests.as_ref()?);
    let base = Side::of(base?.tests.as_ref()?);
    let renamed = renamed_files(diff);
    let mut changes = TestChanges {
        head_is_whole: head.is_whole(),
        base_is_whole: base.is_whole(),
        ..TestChanges::default()
    };
    let added: BTreeSet<&TestId> = head.names().filter(|id| !base.has(id)).collect();
    let mut by_name: BTreeMap<&str, &TestId> = BTreeMap::new();
    for &id in &added {
        by_name.entry(id.name.raw()).or_insert(id);
    }
    let mut moved = 0_u64;
    for id in base.names().collect::<BTreeSet<_>>() {
        if head.has(id) {
            continue;
        }
        // The same test in a file that git says was renamed is the same test.
        if renamed
            .get(id.file.raw())
            .is_some_and(|file| head.has(&TestId { file: Untrusted::new(*file), ..id.clone() }))
        {
            moved += 1;
            continue;
        }
        let perhaps = by_name.get(id.name.raw()).copied();
        changes.removed.push(RemovedTest { id, status: base.status(id), perhaps });
    }
    if let PassedTests::Hashes(hashes) = &base.run.passed {
        let there = head.hashes();
        let gone = hashes.iter().filter(|hash| there.binary_search(hash).is_err());
        changes.removed_unnamed = gone.count() as u64;
    }
    changes.added = (added.len() as u64).saturating_sub(moved);
    for case in &head.run.cases {
        let before = base.status_of(&case.id);
        match case.status {
            status if status.is_bad() => match before {
                Some(before) if before.is_bad() => changes.failing_before += 1,
                _ => changes.newly_failing += 1,
            },
            TestStatus::Skipped if before.is_some_and(ran) => changes.newly_skipped.push(case),
            _ => {}
        }
    }
    let failed_at_base: BTreeSet<&TestId> =
        base.run.cases.iter().filter(|case| case.status.is_bad()).map(|case| &case.id).collect();
    let is_fixed = |id: &&TestId| head.status_of(id) == Some(TestStatus::Passed);
    changes.fixed = failed_at_base.into_iter().filter(is_fixed).collect();
    Some(changes)
}

fn ran(status: TestStatus) -> bool {
    status == TestStatus::Passed || status.is_bad()
}

/// Files that the change renames: the old path and the new one.
fn renamed_files(diff: &DiffState) -> BTreeMap<&str, &str> {
    let files = diff.known().into_iter().flat_map(|diff| &diff.files);
    files.filter_map(|(new, file)| Some((file.old_path.as_ref()?.as_str(), new.as_str()))).collect()
}

/// The tests of one commit by identity. Of several cases of one identity the worst counts.
struct Side<'s> {
    run: &'s TestRun,
    kept: BTreeMap<&'s TestId, TestStatus>,
}

impl<'s> Side<'s> {
    fn of(run: &'s TestRun) -> Self {
        let mut kept = BTreeMap::new();
        for case in &run.cases {
            let worst = kept.entry(&case.id).or_insert(case.status);
            *worst = case.status.max(*worst);
        }
        Self { run, kept }
    }

    /// Every identity of which the name is known.
    fn names(&self) -> impl Iterator<Item = &'s TestId> + '_ {
        let passed = match &self.run.passed {
            PassedTests::Names(names) => Some(names),
            PassedTests::Hashes(_) => None,
        };
        self.kept.keys().copied().chain(passed.into_iter().flatten())
    }

    fn has(&self, id: &TestId) -> bool {
        self.kept.contains_key(id) || self.run.passed.contains(id)
    }

    fn status_of(&self, id: &TestId) -> Option<TestStatus> {
        let passed = || self.run.passed.contains(id).then_some(TestStatus::Passed);
        self.kept.get(id).copied().or_else(passed)
    }

    fn status(&self, id: &TestId) -> TestStatus {
        self.kept.get(id).copied().unwrap_or(TestStatus::Passed)
    }

    fn hashes(&self) -> Vec<u64> {
        let mut hashes = self.run.passed.to_hashes();
        hashes.extend(self.kept.keys().map(|id| id.hash64()));
        hashes.sort_unstable();
        hashes
    }

    /// False if tests were counted whose identity nobody kept.
    fn is_whole(&self) -> bool {
        self.run.not_kept == 0 && (self.run.totals.passed == 0 || !self.run.passed.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Diff, DiffFile, FileChange, LineMarks, LineRanges, RepoPath};

    fn id(name: &str, file: &str) -> TestId {
        TestId { name: name.into(), file: file.into(), ..TestId::default() }
    }

    fn snapshot(passed: &[(&str, &str)], kept: &[(&str, TestStatus)]) -> Snapshot {
        let mut run = TestRun::default();
        for (name, file) in passed {
            run.totals.count(TestStatus::Passed, false);
            run.passed =
                std::mem::take(&mut run.passed).union(PassedTests::Names(BTreeSet::from([id(name, file)])));
        }
        for (name, status) in kept {
            run.totals.count(*status, false);
            run.cases.push(TestCase {
                id: id(name, "t.rs"),
                status: *status,
                flaky: false,
                duration: None,
                place: None,
                message: Untrusted::default(),
                expected: None,
                got: None,
                repeated: None,
            });
        }
        Snapshot { tests: Some(run), ..Snapshot::default() }
    }

    fn hashed(mut snapshot: Snapshot) -> Snapshot {
        let run = snapshot.tests.as_mut().unwrap();
        run.passed = PassedTests::Hashes(run.passed.to_hashes());
        snapshot
    }

    fn names<'i>(ids: impl IntoIterator<Item = &'i TestId>) -> Vec<&'i str> {
        ids.into_iter().map(|id| id.name.raw()).collect()
    }

    use TestStatus::{Failed, Skipped};

    #[test]
    fn tests_are_told_apart_by_what_became_of_them() {
        let base = snapshot(
            &[("a", "t.rs"), ("b", "t.rs"), ("c", "t.rs")],
            &[("d", Failed), ("e", Failed), ("f", Failed)],
        );
        let head = snapshot(
            &[("a", "t.rs"), ("d", "t.rs"), ("new", "t.rs")],
            &[("b", Failed), ("c", Skipped), ("e", Failed)],
        );
        let changes = changes(&head, Some(&base), &DiffState::NoBase).unwrap();
        assert_eq!(names(changes.removed.iter().map(|removed| removed.id)), ["f"]);
        assert_eq!(changes.removed[0].status, Failed);
        assert_eq!(names(changes.fixed.iter().copied()), ["d"]);
        assert_eq!(names(changes.newly_skipped.iter().map(|case| &case.id)), ["c"]);
        assert_eq!((changes.added, changes.newly_failing, changes.failing_before), (1, 1, 1));
        assert!(changes.head_is_whole && changes.base_is_whole);
    }

    #[test]
    fn a_renamed_test_is_removed_and_the_new_one_is_a_hint() {
        let base = snapshot(&[("a", "old.rs")], &[]);
        let head = snapshot(&[("a", "new.rs")], &[]);
        let changes = changes(&head, Some(&base), &DiffState::NoBase).unwrap();
        assert_eq!(changes.removed_count(), 1);
        assert_eq!(changes.removed[0].perhaps.unwrap().file.raw(), "new.rs");
    }

    #[test]
    fn a_test_in_a_file_that_git_renamed_is_the_same_test() {
        let base = snapshot(&[("a", "old.rs")], &[]);
        let head = snapshot(&[("a", "new.rs")], &[]);
        let path = |text: &str| RepoPath::new(text).unwrap();
        let file = DiffFile {
            change: FileChange::Renamed,
            old_path: Some(path("old.rs")),
            added: LineRanges::default(),
            removed: LineRanges::default(),
            marks: LineMarks::default(),
        };
        let diff = DiffState::Known(Diff { files: [(path("new.rs"), file)].into(), ..Diff::default() });
        let changes = changes(&head, Some(&base), &diff).unwrap();
        assert_eq!((changes.removed_count(), changes.added), (0, 0));
    }

    #[test]
    fn removed_tests_without_names_are_counted() {
        let base = snapshot(&[("a", "t.rs"), ("b", "t.rs"), ("c", "t.rs")], &[]);
        let head = snapshot(&[("a", "t.rs")], &[("b", Skipped)]);
        for (head, base) in [(head.clone(), hashed(base.clone())), (hashed(head), hashed(base))] {
            let changes = changes(&head, Some(&base), &DiffState::NoBase).unwrap();
            assert_eq!((changes.removed.len(), changes.removed_unnamed), (0, 1));
        }
    }

    #[test]
    fn a_side_whose_passed_tests_nobody_kept_is_not_whole() {
        let base = snapshot(&[("a", "t.rs")], &[]);
        let mut head = base.clone();
        head.tests.as_mut().unwrap().passed = PassedTests::default();
        let changes = changes(&head, Some(&base), &DiffState::NoBase).unwrap();
        assert!(!changes.head_is_whole && changes.base_is_whole);
    }
}
