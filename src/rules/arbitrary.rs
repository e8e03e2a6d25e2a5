//! Any evidence, for properties: also such that no reader would give, with contradictions and huge numbers.

use super::sample::{Sample, case, finding, path, report};
use crate::compare::{ContractState, Occasion, ShardState};
use crate::model::{
    BuildJobs, ContainerFailure, Coverage, Diff, DiffFile, DiffState, FileChange, FileCoverage, Finding,
    Health, Job, JobFate, JobReports, JobResult, Kind, LineMarks, LineRanges, PassedTests, PathResolution,
    Ratio, Repeated, RepoPath, Scan, ScanClass, ScanClasses, Severity, SeverityCounts, Snapshot, Summary,
    Suppression, TestCase, TestHistory, TestRun, TestStatus, TestTotals, Tool, Untrusted,
};
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use std::collections::BTreeMap;
use std::num::NonZeroU32;

/// Any sample.
pub(crate) fn sample() -> impl Strategy<Value = Sample> {
    let occasion = select(vec![Occasion::Change, Occasion::Absolute]);
    (snapshot(), option::of(snapshot()), occasion, diff(), vec(contract(), 0..3)).prop_map(
        |(head, base, occasion, diff, contract)| Sample {
            head,
            base,
            occasion,
            diff,
            contract,
            ..Sample::default()
        },
    )
}

/// Mostly small numbers, so that bars are met and missed, and sometimes the largest.
fn number() -> impl Strategy<Value = u64> {
    prop_oneof![20 => 0_u64..6, 1 => Just(u64::MAX), 1 => Just(u64::MAX - 1)]
}

fn file() -> impl Strategy<Value = RepoPath> {
    select(vec!["src/a.rs", "src/b.rs", "old/c.rs", "README.md", "tests/a.rs"]).prop_map(path)
}

fn kind() -> impl Strategy<Value = Kind> {
    select(vec![Kind::Tests, Kind::Coverage, Kind::Scan])
}

fn classes() -> impl Strategy<Value = ScanClasses> {
    vec(select(ScanClass::ALL.to_vec()), 0..3).prop_map(|some| some.into_iter().collect())
}

fn health() -> impl Strategy<Value = Health> {
    prop_oneof![
        12 => Just(Health::Complete),
        1 => select(vec![Health::Degraded, Health::Failed, Health::Empty, Health::Invalid, Health::Missing]),
    ]
}

fn contract() -> impl Strategy<Value = ContractState> {
    let shards = (option::weighted(0.9, 1_u64..4), 0_u64..4);
    let shards = shards.prop_map(|(wanted, came)| ShardState { wanted, came });
    (kind(), 1_u64..3, 0_u64..4, any::<bool>(), classes(), option::weighted(0.2, shards)).prop_map(
        |(kind, at_least, arrived, optional, classes, shards)| ContractState {
            entry: kind.word().to_owned(),
            kind,
            at_least,
            arrived,
            optional,
            classes,
            shards,
        },
    )
}

fn diff() -> impl Strategy<Value = DiffState> {
    let change =
        select(vec![FileChange::Added, FileChange::Modified, FileChange::Renamed, FileChange::Deleted]);
    let file_diff =
        (change, option::of(file()), vec(1_u32..30, 0..20)).prop_map(|(change, old_path, mut lines)| {
            lines.sort_unstable();
            let removed = lines.iter().copied().filter(|line| line % 3 == 0).collect();
            let respaced = lines.iter().copied().filter(|line| line % 5 == 0).collect();
            let moved = lines.iter().copied().filter(|line| line % 7 == 0).map(|line| (line, line)).collect();
            let marks =
                LineMarks { respaced, moved: [(path("src/a.rs"), moved)].into(), ..LineMarks::default() };
            DiffFile { change, old_path, added: LineRanges::from_iter(lines), removed, marks }
        });
    let known = btree_map(file(), file_diff, 0..4)
        .prop_map(|files| DiffState::Known(Diff { files, base: Some("c".to_owned()), ..Diff::default() }));
    let unavailable = DiffState::Unavailable { reason: "shallow".into(), help: "fetch".to_owned() };
    prop_oneof![8 => known, 1 => Just(DiffState::NoBase), 1 => Just(unavailable)]
}

fn snapshot() -> impl Strategy<Value = Snapshot> {
    let reports = vec((kind(), health()).prop_map(|(kind, health)| report("r", kind, health)), 0..4);
    (reports, option::of(run()), option::of(coverage()), vec(scan(), 0..3), option::of(jobs())).prop_map(
        |(mut reports, tests, coverage, scans, jobs)| {
            // Most of the time each kind has a report, so that rules get to their judgement.
            if tests.is_some() {
                reports.push(report("t", Kind::Tests, Health::Complete));
            }
            let history = TestHistory::after(None, Some("c"), tests.as_ref());
            Snapshot {
                commit: Some("c".to_owned()),
                reports,
                tests,
                coverage,
                scans,
                jobs,
                history,
                parts: BTreeMap::new(),
            }
        },
    )
}

fn run() -> impl Strategy<Value = TestRun> {
    let statuses = vec![
        TestStatus::Passed,
        TestStatus::Skipped,
        TestStatus::Unknown,
        TestStatus::Failed,
        TestStatus::Errored,
    ];
    let repeated = (any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>()).prop_map(
        |(any, first_passed, last_passed, stands_for_all)| Repeated {
            any_passed: any || first_passed || last_passed,
            first_passed,
            last_passed,
            stands_for_all,
        },
    );
    let messages = select(vec!["", "1 is 2"]);
    let kinds = (select(statuses), any::<bool>(), option::weighted(0.3, repeated));
    let case = (select(vec!["a", "b", "c"]), messages, kinds).prop_map(
        |(name, message, (status, flaky, repeated))| TestCase {
            message: message.into(),
            flaky: flaky && status == TestStatus::Passed,
            repeated: repeated.filter(|_| status.is_bad()),
            ..case(name, status)
        },
    );
    let noise = (number(), number(), number(), number(), number(), number(), number());
    (vec(case, 0..4), option::weighted(0.2, noise), 0_u64..2, 0_u64..3).prop_map(
        |(cases, noise, suites, passed)| {
            let mut totals = TestTotals { container_failures: suites, ..TestTotals::default() };
            for case in &cases {
                totals.count(case.status, case.flaky);
            }
            totals.tests += passed;
            totals.passed += passed;
            if let Some((tests, passed, failed, errored, skipped, unknown, container_failures)) = noise {
                totals = TestTotals {
                    tests,
                    passed,
                    failed,
                    errored,
                    skipped,
                    flaky: 0,
                    unknown,
                    container_failures,
                };
            }
            let container = ContainerFailure { container: "s".into(), message: "m".into() };
            TestRun {
                totals,
                cases: cases
                    .into_iter()
                    .filter(|case| case.flaky || case.status != TestStatus::Passed)
                    .collect(),
                passed: PassedTests::default(),
                containers: vec![container; usize::try_from(suites).unwrap()],
                duration: None,
                untimed: 0,
                not_kept: 0,
                groups: Vec::new(),
            }
        },
    )
}

fn coverage() -> impl Strategy<Value = Coverage> {
    let ratio = || (number(), number()).prop_map(|(part, whole)| Ratio { part, whole });
    let summary = (option::of(ratio()), option::of(ratio())).prop_map(|(lines, branches)| Summary {
        lines,
        branches,
        functions: None,
    });
    let file_coverage =
        (vec((1_u32..30, 0_u64..2), 0..25), option::weighted(0.1, summary)).prop_map(|(hits, summary)| {
            let mut file = FileCoverage { summary: summary.map(Box::new), ..FileCoverage::default() };
            for (line, hits) in hits {
                file.lines.add(NonZeroU32::new(line).unwrap(), hits);
                file.branches.count_at_least(line, u32::try_from(hits).unwrap(), 2);
            }
            file
        });
    let paths = (0_u64..3, option::weighted(0.1, number()), option::weighted(0.1, number())).prop_map(
        |(resolved, ambiguous, outside)| PathResolution {
            resolved,
            ambiguous: Vec::new(),
            outside: Vec::new(),
            ambiguous_count: ambiguous.unwrap_or(0),
            outside_count: outside.unwrap_or(0),
            unexplained: 0,
        },
    );
    (btree_map(file(), file_coverage, 0..4), paths, vec(file(), 0..1))
        .prop_map(|(files, paths, stale)| Coverage { files, paths, stale })
}

fn scan() -> impl Strategy<Value = Scan> {
    let suppression = Suppression { by: "external".to_owned(), reason: Untrusted::default() };
    let found = (
        select(vec!["r", "s", "t"]),
        select(Severity::ALL.to_vec()),
        option::weighted(0.2, Just(suppression)),
    )
        .prop_map(|(rule, severity, suppression)| Finding {
            suppression: suppression.map(Box::new),
            ..finding(rule, severity)
        });
    let tool = select(vec!["x", "y"]).prop_map(|name| Tool { name: name.into(), ..Tool::default() });
    let lost = option::weighted(0.1, (number(), number()));
    let looked_for = classes();
    (tool, health(), vec(found, 0..6), lost, looked_for).prop_map(
        |(tool, health, findings, lost, looked_for)| {
            let mut active = SeverityCounts::default();
            for finding in findings.iter().filter(|finding| finding.suppression.is_none()) {
                active.count(finding.severity);
            }
            let (high, unknown) = lost.unwrap_or((0, 0));
            let not_kept = SeverityCounts { high, unknown, ..SeverityCounts::default() };
            active.add(&not_kept);
            Scan {
                tool,
                category: Untrusted::default(),
                health,
                health_reason: Untrusted::default(),
                looked_for,
                active,
                suppressed: 0,
                findings,
                not_kept,
            }
        },
    )
}

fn jobs() -> impl Strategy<Value = BuildJobs> {
    let results = prop_oneof![
        6 => Just(JobResult::Success),
        1 => select(vec![JobResult::Failure, JobResult::Cancelled, JobResult::Skipped, JobResult::Unknown]),
    ];
    let fates = vec![JobFate::Ordinary, JobFate::NeverStarted, JobFate::LostRunner];
    let reports = select(vec![JobReports::Unknown, JobReports::All, JobReports::Artifact("legs".into())]);
    let job = (select(vec!["build", "test"]), results, select(fates), reports);
    let job = job.prop_map(|(name, result, fate, reports)| Job { name: name.into(), result, fate, reports });
    vec(job, 0..3).prop_map(|jobs| BuildJobs { jobs, each_leg: false })
}
