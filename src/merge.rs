//! Many reports become the evidence of one commit.
//!
//! Merging is commutative and associative and loses nothing (invariant 4): lists are sorted, caps keep what
//! counts most and count the rest. A test that stands in two reports is two executions, and any failure fails
//! (DECISIONS 10); a line that ran in one report ran.

use crate::model::{
    Coverage, PathResolution, Scan, Severity, SeverityCounts, TestCase, TestGroup, TestRun, TestStatus,
    add_durations,
};
use std::cmp::Ordering;
use std::collections::btree_map::Entry;

/// How many cases, and how many container failures, are kept whole over all reports of a commit.
pub const MOST_CASES: usize = 50_000;

/// How many places of tests are counted by themselves over all reports of a commit.
pub const MOST_GROUPS: usize = 30_000;

/// How many bytes their names may take.
const MOST_GROUP_BYTES: usize = 8 << 20;

/// The test results of several reports, merged as they come so that thousands of them never lie in memory.
#[derive(Debug, Default)]
pub struct MergedTests(Option<TestRun>);

impl MergedTests {
    /// Adds the results of a report.
    pub fn add(&mut self, run: TestRun) {
        let Some(merged) = &mut self.0 else {
            self.0 = Some(run);
            return;
        };
        merged.totals.add(&run.totals);
        merged.cases.extend(run.cases);
        merged.containers.extend(run.containers);
        merged.passed = std::mem::take(&mut merged.passed).union(run.passed);
        merged.duration = add_durations(merged.duration, run.duration);
        merged.untimed = merged.untimed.saturating_add(run.untimed);
        merged.not_kept = merged.not_kept.saturating_add(run.not_kept);
        merged.groups.extend(run.groups);
        if merged.groups.len() > 2 * MOST_GROUPS {
            cap_groups(&mut merged.groups);
        }
        if merged.cases.len() > 2 * MOST_CASES || merged.containers.len() > 2 * MOST_CASES {
            cap(merged);
        }
    }

    /// Adds what was merged elsewhere.
    pub fn extend(&mut self, other: Self) {
        other.0.into_iter().for_each(|run| self.add(run));
    }

    /// The results together; `None` if there is no report.
    pub fn finish(self) -> Option<TestRun> {
        let mut merged = self.0?;
        cap(&mut merged);
        Some(merged)
    }
}

/// The test results of several reports; `None` if there is none.
pub fn merge_tests(runs: impl IntoIterator<Item = TestRun>) -> Option<TestRun> {
    let mut merged = MergedTests::default();
    runs.into_iter().for_each(|run| merged.add(run));
    merged.finish()
}

/// The coverage of several reports; `None` if there is none.
///
/// Hits are added, a branch taken once is taken. `paths` is summed over the reports.
pub fn merge_coverage(parts: impl IntoIterator<Item = Coverage>) -> Option<Coverage> {
    let mut parts = parts.into_iter();
    let mut merged = parts.next()?;
    for part in parts {
        for (path, file) in part.files {
            match merged.files.entry(path) {
                Entry::Vacant(vacant) => {
                    vacant.insert(file);
                }
                Entry::Occupied(mut occupied) => occupied.get_mut().merge(&file),
            }
        }
        add_paths(&mut merged.paths, part.paths);
        merged.stale.extend(part.stale);
    }
    for file in merged.files.values_mut() {
        file.shrink();
    }
    merged.paths.cap();
    merged.stale.sort();
    merged.stale.dedup();
    Some(merged)
}

/// The runs of scanners of several reports, sorted by tool, category and content. A run that stands in two
/// reports word for word is one run.
pub fn merge_scans(reports: Vec<Vec<Scan>>) -> Vec<Scan> {
    let mut scans: Vec<Scan> = reports.into_iter().flatten().collect();
    scans.sort_by(order_of_scans);
    scans.dedup_by(|next, kept| {
        // What one entry of the policy states of them holds, whatever the other says.
        let is_same = order_of_scans(next, kept).is_eq();
        if is_same {
            kept.looked_for = kept.looked_for.with(next.looked_for);
        }
        is_same
    });
    scans
}

fn cap(run: &mut TestRun) {
    cap_groups(&mut run.groups);
    run.not_kept += keep_most(&mut run.cases, importance);
    run.not_kept += keep_most(&mut run.containers, |_| 0);
}

/// Sorts a list and keeps what weighs most, and of equal weight what sorts first. Returns how many fell out.
fn keep_most<T: Ord>(list: &mut Vec<T>, weight: impl Fn(&T) -> u8) -> u64 {
    let mut fallen = 0;
    if list.len() > MOST_CASES {
        list.sort_unstable_by(|left, right| weight(right).cmp(&weight(left)).then_with(|| left.cmp(right)));
        fallen = (list.len() - MOST_CASES) as u64;
        list.truncate(MOST_CASES);
    }
    list.sort_unstable();
    fallen
}

fn importance(case: &TestCase) -> u8 {
    match case.status {
        TestStatus::Failed | TestStatus::Errored => 3,
        TestStatus::Unknown => 2,
        TestStatus::Passed => 1,
        TestStatus::Skipped => 0,
    }
}

/// Sorts the counts by place, adds those of the same place, and keeps the first as far as the caps go. What falls out
/// stands in the totals alone. A place that is beyond the caps stays so whatever comes to it, so the order of merging
/// does not matter.
fn cap_groups(groups: &mut Vec<TestGroup>) {
    groups.sort_by(|left, right| left.place().cmp(&right.place()));
    groups.dedup_by(|next, kept| {
        let same = next.place() == kept.place();
        if same {
            kept.add(next);
        }
        same
    });
    let mut bytes = 0;
    let mut fits = |group: &TestGroup| {
        bytes += group.suite.raw().len() + group.class.raw().len() + group.file.raw().len();
        bytes <= MOST_GROUP_BYTES
    };
    let most = groups.iter().take(MOST_GROUPS).take_while(|group| fits(group)).count();
    groups.truncate(most);
}

fn add_paths(into: &mut PathResolution, from: PathResolution) {
    into.resolved = into.resolved.saturating_add(from.resolved);
    into.ambiguous_count = into.ambiguous_count.saturating_add(from.ambiguous_count);
    into.outside_count = into.outside_count.saturating_add(from.outside_count);
    into.unexplained = into.unexplained.saturating_add(from.unexplained);
    into.ambiguous.extend(from.ambiguous);
    into.outside.extend(from.outside);
}

fn order_of_scans(left: &Scan, right: &Scan) -> Ordering {
    let counts = |counts: &SeverityCounts| Severity::ALL.map(|severity| counts.get(severity));
    left.tool
        .cmp(&right.tool)
        .then_with(|| left.category.cmp(&right.category))
        .then_with(|| left.health.cmp(&right.health))
        .then_with(|| left.health_reason.cmp(&right.health_reason))
        .then_with(|| counts(&left.active).cmp(&counts(&right.active)))
        .then_with(|| left.suppressed.cmp(&right.suppressed))
        .then_with(|| counts(&left.not_kept).cmp(&counts(&right.not_kept)))
        .then_with(|| left.findings.cmp(&right.findings))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{
        ContainerFailure, FileCoverage, Health, PassedTests, Ratio, RepoPath, ScanClass, ScanClasses,
        Summary, TestId, TestTotals, Tool, Untrusted,
    };
    use proptest::prelude::*;
    use std::num::NonZeroU32;
    use std::time::Duration;

    fn id(name: &str) -> TestId {
        TestId { name: name.into(), ..TestId::default() }
    }

    fn case(name: &str, status: TestStatus) -> TestCase {
        TestCase {
            id: id(name),
            status,
            flaky: false,
            duration: None,
            place: None,
            message: Untrusted::default(),
            expected: None,
            got: None,
            repeated: None,
        }
    }

    #[test]
    fn a_test_that_passes_in_one_report_and_fails_in_another_still_fails() {
        let run = |status: TestStatus| {
            let mut run = TestRun::default();
            run.totals.count(status, false);
            if status == TestStatus::Passed {
                run.passed = PassedTests::Names([id("t")].into());
            } else {
                run.cases.push(case("t", status));
            }
            run
        };
        let merged = merge_tests([run(TestStatus::Passed), run(TestStatus::Failed)]).unwrap();
        assert_eq!((merged.totals.tests, merged.totals.passed, merged.totals.failed), (2, 1, 1));
        assert_eq!(merged.cases, [case("t", TestStatus::Failed)]);
    }

    #[test]
    fn beyond_the_cap_failures_are_kept_before_skipped_cases_and_the_rest_is_counted() {
        let mut cases: Vec<TestCase> =
            (0..MOST_CASES).map(|index| case(&format!("a{index}"), TestStatus::Skipped)).collect();
        cases.push(case("z", TestStatus::Failed));
        let merged = merge_tests([TestRun { cases, not_kept: 4, ..TestRun::default() }]).unwrap();
        assert_eq!((merged.cases.len(), merged.not_kept), (MOST_CASES, 5));
        assert!(merged.cases.iter().any(|case| case.status == TestStatus::Failed));
    }

    #[test]
    fn of_nothing_there_is_nothing() {
        assert_eq!(merge_tests([]), None);
        assert_eq!(merge_coverage([]), None);
        assert!(merge_scans(Vec::new()).is_empty());
    }

    #[test]
    fn a_run_that_was_uploaded_twice_is_one_run() {
        let scan = |suppressed| Scan {
            tool: Tool { name: "t".into(), version: "1".into(), ..Tool::default() },
            category: Untrusted::default(),
            health: Health::Complete,
            health_reason: Untrusted::default(),
            looked_for: ScanClasses::of(&[ScanClass::Secret]),
            active: SeverityCounts::default(),
            suppressed,
            findings: Vec::new(),
            not_kept: SeverityCounts::default(),
        };
        let merged = merge_scans(vec![vec![scan(1), scan(2)], vec![scan(1)]]);
        assert_eq!(merged, [scan(1), scan(2)]);
        let unknown = Scan { looked_for: ScanClasses::NONE, ..scan(1) };
        for order in [[scan(1), unknown.clone()], [unknown.clone(), scan(1)]] {
            assert_eq!(merge_scans(vec![order.to_vec()]), [scan(1)]);
        }
    }

    fn status() -> impl Strategy<Value = TestStatus> {
        prop_oneof![
            Just(TestStatus::Skipped),
            Just(TestStatus::Unknown),
            Just(TestStatus::Failed),
            Just(TestStatus::Errored)
        ]
    }

    fn run() -> impl Strategy<Value = TestRun> {
        let cases = proptest::collection::vec(("[a-c]", status()), 0..4);
        let passed = proptest::collection::btree_set("[a-d]", 0..4);
        let hashed = any::<bool>();
        let seconds = proptest::option::of(0_u64..9);
        let containers = proptest::collection::vec("[a-b]", 0..2);
        let by_place = proptest::collection::vec(("[a-c]", status()), 0..4);
        (cases, passed, hashed, seconds, containers, 0_u64..3, by_place).prop_map(
            |(cases, passed, hashed, seconds, containers, not_kept, by_place)| {
                let mut totals = TestTotals::default();
                for (_, status) in &cases {
                    totals.count(*status, false);
                }
                let mut cases: Vec<TestCase> =
                    cases.iter().map(|(name, status)| case(name, *status)).collect();
                cases.sort();
                let names = passed.iter().map(|name| id(name)).collect();
                let mut hashes: Vec<u64> = passed.iter().map(|name| id(name).hash64()).collect();
                hashes.sort_unstable();
                let mut containers: Vec<ContainerFailure> = containers
                    .into_iter()
                    .map(|name| ContainerFailure { container: name.into(), message: Untrusted::default() })
                    .collect();
                containers.sort();
                let mut groups: Vec<TestGroup> = Vec::new();
                for (suite, status) in &by_place {
                    let mut group = TestGroup { suite: suite.as_str().into(), ..TestGroup::default() };
                    group.totals.count(*status, false);
                    groups.push(group);
                }
                cap_groups(&mut groups);
                TestRun {
                    totals,
                    cases,
                    passed: if hashed { PassedTests::Hashes(hashes) } else { PassedTests::Names(names) },
                    containers,
                    duration: seconds.map(Duration::from_secs),
                    untimed: 0,
                    not_kept,
                    groups,
                }
            },
        )
    }

    fn file() -> impl Strategy<Value = FileCoverage> {
        let lines = proptest::collection::vec((1_u32..9, prop_oneof![0_u64..3, Just(u64::MAX)]), 0..6);
        let ids = proptest::collection::vec((1_u32..5, 0_u64..3, any::<bool>()), 0..6);
        let counts = proptest::collection::vec((1_u32..5, 0_u32..4, 0_u32..4), 0..4);
        let functions = proptest::collection::vec((1_u32..4, "[f-g]", 0_u64..2), 0..4);
        let summary = proptest::option::of((0_u64..3, 1_u64..4));
        (lines, ids, counts, functions, summary).prop_map(|(lines, ids, counts, functions, summary)| {
            let mut file = FileCoverage::default();
            for (line, hits) in lines {
                file.lines.add(NonZeroU32::new(line).unwrap(), hits);
            }
            for (line, id, taken) in ids {
                file.branches.add(line, id, taken);
            }
            for (line, taken, total) in counts {
                file.branches.count_at_least(line, taken, total);
            }
            for (line, name, calls) in functions {
                file.functions.add(line, &name, calls);
            }
            file.summary = summary.map(|(part, whole)| {
                Box::new(Summary {
                    lines: Some(Ratio { part: part.min(whole), whole }),
                    ..Summary::default()
                })
            });
            file
        })
    }

    fn coverage() -> impl Strategy<Value = Coverage> {
        let paths = proptest::collection::btree_set("[o-q]", 0..3);
        let files = proptest::collection::btree_map("[a-c]", file(), 0..3);
        (files, paths, proptest::collection::btree_set("[a-c]", 0..2)).prop_map(|(files, paths, stale)| {
            let path = |text: String| RepoPath::new(&text).unwrap();
            Coverage {
                paths: PathResolution {
                    resolved: files.len() as u64,
                    outside_count: paths.len() as u64,
                    outside: paths.into_iter().map(Untrusted::from).collect(),
                    ..PathResolution::default()
                },
                files: files.into_iter().map(|(name, file)| (path(name), file)).collect(),
                stale: stale.into_iter().map(path).collect(),
            }
        })
    }

    proptest! {
        #[test]
        fn tests_merge_in_any_order_and_grouping_and_none_is_lost(a in run(), b in run(), c in run()) {
            let all = merge_tests([a.clone(), b.clone(), c.clone()]);
            prop_assert_eq!(&all, &merge_tests([c.clone(), a.clone(), b.clone()]));
            let left = merge_tests([a.clone(), b.clone()]).unwrap();
            prop_assert_eq!(&all, &merge_tests([left, c.clone()]));
            let right = merge_tests([b.clone(), c.clone()]).unwrap();
            prop_assert_eq!(&all, &merge_tests([a.clone(), right]));
            let all = all.unwrap();
            prop_assert_eq!(all.totals.tests, a.totals.tests + b.totals.tests + c.totals.tests);
            let by_place = |run: &TestRun| run.groups.iter().map(|group| group.totals.tests).sum::<u64>();
            prop_assert_eq!(by_place(&all), by_place(&a) + by_place(&b) + by_place(&c));
            prop_assert_eq!(all.cases.len(), a.cases.len() + b.cases.len() + c.cases.len());
        }

        #[test]
        fn coverage_merges_in_any_order_and_grouping(a in coverage(), b in coverage(), c in coverage()) {
            let all = merge_coverage([a.clone(), b.clone(), c.clone()]);
            prop_assert_eq!(&all, &merge_coverage([c.clone(), a.clone(), b.clone()]));
            let left = merge_coverage([a.clone(), b.clone()]).unwrap();
            prop_assert_eq!(&all, &merge_coverage([left, c.clone()]));
            let right = merge_coverage([b, c]).unwrap();
            prop_assert_eq!(&all, &merge_coverage([a, right]));
        }

        #[test]
        fn merging_loses_no_line_no_hit_and_no_taken_branch(a in coverage(), b in coverage()) {
            let all = merge_coverage([a.clone(), b.clone()]).unwrap();
            for part in [&a, &b] {
                for (path, file) in &part.files {
                    let merged = &all.files[path];
                    for line in file.lines.iter() {
                        prop_assert!(merged.lines.get(line.line) >= Some(line.hits));
                    }
                    let before = file.branches.ratio();
                    prop_assert!(merged.branches.ratio().whole >= before.whole);
                    prop_assert!(merged.functions.len() >= file.functions.len());
                }
            }
        }

        #[test]
        fn a_report_that_is_merged_with_itself_keeps_its_totals(a in coverage()) {
            let twice = merge_coverage([a.clone(), a.clone()]).unwrap();
            prop_assert_eq!(twice.totals(|_| true), a.totals(|_| true));
        }
    }
}
