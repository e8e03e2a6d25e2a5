use super::*;
use crate::diagnostic::{Code, Diagnostic, Origin, Weight};
use crate::model::{
    BuildJobs, ContainerFailure, Coverage, Epss, FileCoverage, Finding, FindingId, Health, Job, JobFate,
    JobReports, JobResult, Kind, Lines, Package, PathResolution, Place, Repeated, RepoPath, ReportRead, Scan,
    ScanClass, ScanClasses, Severity, Summary, Suppression, TestCase, TestGroup, TestHistory, TestId,
    TestRun, TestStatus, Tool, Traits, Untrusted,
};
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::num::NonZeroU32;
use std::time::Duration;

fn text() -> impl Strategy<Value = Untrusted> {
    any::<String>().prop_map(Untrusted::new)
}

fn line() -> impl Strategy<Value = NonZeroU32> {
    (1_u32..=u32::MAX).prop_map(|line| NonZeroU32::new(line).unwrap())
}

fn path() -> impl Strategy<Value = RepoPath> {
    "[a-zA-Z0-9 é_-]{1,8}(/[a-z.]{3,8}x){0,3}".prop_map(|text| RepoPath::new(&text).unwrap())
}

fn place() -> impl Strategy<Value = Option<Place>> {
    prop::option::of((text(), prop::option::of(line())).prop_map(|(file, line)| Place { file, line }))
}

fn test_id() -> impl Strategy<Value = TestId> {
    (text(), text(), text(), text()).prop_map(|(suite, class, name, file)| TestId {
        suite,
        class,
        name,
        file,
    })
}

fn duration() -> impl Strategy<Value = Option<Duration>> {
    prop::option::of(
        (0_u64..1 << 40, 0_u32..1_000_000_000).prop_map(|(secs, nanos)| Duration::new(secs, nanos)),
    )
}

fn test_case() -> impl Strategy<Value = TestCase> {
    let status = prop::sample::select(vec![TestStatus::Skipped, TestStatus::Failed, TestStatus::Errored]);
    (test_id(), status, any::<bool>(), duration(), place(), text(), prop::option::of(text())).prop_map(
        |(id, status, flaky, duration, place, message, got)| TestCase {
            id,
            status,
            flaky,
            duration,
            place,
            message,
            expected: got.clone(),
            got,
            repeated: flaky.then_some(Repeated {
                any_passed: true,
                first_passed: false,
                last_passed: true,
                stands_for_all: true,
            }),
        },
    )
}

fn test_totals() -> impl Strategy<Value = TestTotals> {
    prop::collection::vec(0_u64..1 << 40, 7).prop_map(|n| TestTotals {
        tests: n[..5].iter().sum(),
        passed: n[0],
        failed: n[1],
        errored: n[2],
        skipped: n[3],
        unknown: n[4],
        flaky: n[5],
        container_failures: n[6],
    })
}

fn test_run() -> impl Strategy<Value = TestRun> {
    let passed = prop_oneof![
        prop::collection::btree_set(test_id(), 0..4).prop_map(PassedTests::Names),
        prop::collection::btree_set(any::<u64>(), 0..4)
            .prop_map(|hashes: BTreeSet<u64>| PassedTests::Hashes(hashes.into_iter().collect())),
    ];
    let container = (text(), text()).prop_map(|(container, message)| ContainerFailure { container, message });
    (
        test_totals(),
        prop::collection::vec(test_case(), 0..3),
        passed,
        prop::collection::vec(container, 0..2),
        duration(),
        0_u64..1 << 40,
    )
        .prop_map(|(totals, cases, passed, containers, duration, not_kept)| TestRun {
            totals,
            cases,
            passed,
            containers,
            duration,
            untimed: not_kept / 2,
            not_kept,
            groups: vec![TestGroup { totals, ..TestGroup::default() }],
        })
}

fn ratio() -> impl Strategy<Value = Option<Ratio>> {
    prop::option::of((0_u64..1000, 0_u64..1000).prop_map(|(part, more)| Ratio { part, whole: part + more }))
}

fn file_coverage() -> impl Strategy<Value = FileCoverage> {
    let hits = prop_oneof![0_u64..3, u64::from(u32::MAX) - 1..=u64::from(u32::MAX) + 1, Just(u64::MAX)];
    let function = (any::<u32>(), text(), any::<u64>());
    (
        prop::collection::vec((line(), hits), 0..6),
        prop::collection::btree_map((any::<u32>(), any::<u64>()), any::<bool>(), 0..4),
        prop::collection::vec((any::<u32>(), 0_u32..5, 5_u32..9), 0..3),
        prop::collection::vec(function, 0..3),
        prop::option::of((ratio(), ratio(), ratio())),
    )
        .prop_map(|(hits, by_id, by_count, functions, summary)| {
            let mut lines = Lines::default();
            for (line, hits) in hits {
                lines.add(line, hits);
            }
            let mut file = FileCoverage { lines, ..FileCoverage::default() };
            for (line, name, calls) in functions {
                file.functions.add(line, name.raw(), calls);
            }
            for ((line, id), taken) in by_id {
                file.branches.add(line, id, taken);
            }
            for (line, taken, total) in by_count {
                file.branches.count_at_least(line, taken, total);
            }
            file.summary =
                summary.map(|(lines, branches, functions)| Box::new(Summary { lines, branches, functions }));
            file
        })
}

fn coverage() -> impl Strategy<Value = Coverage> {
    (
        prop::collection::btree_map(path(), file_coverage(), 0..3),
        prop::collection::vec(text(), 0..3),
        prop::collection::vec(path(), 0..2),
        0_u64..1 << 40,
    )
        .prop_map(|(files, outside, stale, resolved)| Coverage {
            files,
            paths: PathResolution {
                resolved,
                outside_count: outside.len() as u64,
                outside,
                ..PathResolution::default()
            },
            stale,
        })
}

fn severity_counts() -> impl Strategy<Value = SeverityCounts> {
    prop::collection::vec(0_u64..1 << 40, 6).prop_map(|n| SeverityCounts {
        critical: n[0],
        high: n[1],
        medium: n[2],
        low: n[3],
        info: n[4],
        unknown: n[5],
    })
}

fn finding() -> impl Strategy<Value = Finding> {
    let package = prop::option::of((text(), text(), text()).prop_map(|(ecosystem, name, version)| Package {
        ecosystem,
        name,
        version,
    }));
    let suppression =
        prop::option::of((any::<String>(), text()).prop_map(|(by, reason)| Suppression { by, reason }));
    (
        prop::sample::select(Severity::ALL.to_vec()),
        text(),
        prop::collection::vec(text(), 0..2),
        place(),
        package,
        suppression,
        prop::array::uniform3(any::<u64>().prop_map(FindingId)),
    )
        .prop_map(|(severity, rule, aliases, place, package, suppression, identities)| Finding {
            severity,
            severity_source: rule.clone(),
            class: ScanClass::Dependency,
            rule: rule.clone(),
            aliases: aliases.into(),
            message: rule,
            place,
            package: package.map(Box::new),
            suppression: suppression.map(Box::new),
            identities,
            line: FindingId(1),
            traits: Traits {
                epss: Some(Epss::of(7)),
                fix: Some(false),
                also: ScanClasses::of(&[ScanClass::Container]),
                ..Traits::default()
            },
        })
}

fn scan() -> impl Strategy<Value = Scan> {
    (text(), text(), severity_counts(), 0_u64..9, prop::collection::vec(finding(), 0..3)).prop_map(
        |(name, version, active, suppressed, findings)| Scan {
            tool: Tool { name: name.clone(), database: version.clone(), version },
            category: name,
            health: Health::Failed,
            health_reason: "out of memory".into(),
            looked_for: ScanClasses::of(&[ScanClass::Secret, ScanClass::Container]),
            active,
            suppressed,
            findings,
            not_kept: active,
        },
    )
}

fn report() -> impl Strategy<Value = ReportRead> {
    let totals = prop_oneof![
        Just(ReportTotals::None),
        test_totals().prop_map(ReportTotals::Tests),
        (severity_counts(), 0_u64..9)
            .prop_map(|(active, suppressed)| ReportTotals::Scan { active, suppressed }),
    ];
    let warning = (prop::sample::select(Code::ALL.to_vec()), text(), any::<u32>()).prop_map(
        |((code, _, _), message, line)| {
            Diagnostic::new(code, Weight::Warning, message, Origin::at("a", line, 1))
        },
    );
    (text(), any::<String>(), totals, prop::collection::vec(warning, 0..2)).prop_map(
        |(file, entry, totals, warnings)| ReportRead {
            file,
            entry,
            kind: Some(Kind::Tests),
            format: "junit".into(),
            health: Health::Degraded,
            totals,
            warnings,
        },
    )
}

fn snapshot() -> impl Strategy<Value = Snapshot> {
    let fates = vec![JobFate::Ordinary, JobFate::NeverStarted, JobFate::LostRunner];
    let results = vec![JobResult::Success, JobResult::Unknown];
    let reports =
        prop_oneof![Just(JobReports::Unknown), Just(JobReports::All), text().prop_map(JobReports::Artifact),];
    let job = (text(), prop::sample::select(results), prop::sample::select(fates), reports)
        .prop_map(|(name, result, fate, reports)| Job { name, result, fate, reports });
    (
        prop::option::of("[0-9a-f]{40}"),
        prop::collection::vec(report(), 0..3),
        prop::option::of(test_run()),
        prop::option::of(coverage()),
        prop::collection::vec(scan(), 0..2),
        prop::option::of(
            prop::collection::vec(job, 0..3).prop_map(|jobs| BuildJobs { jobs, each_leg: false }),
        ),
    )
        .prop_map(|(commit, reports, tests, coverage, scans, jobs)| Snapshot {
            commit,
            reports,
            tests,
            coverage,
            scans,
            jobs,
            ..Snapshot::default()
        })
        .prop_map(|snapshot| {
            let history = TestHistory::after(None, snapshot.commit.as_deref(), snapshot.tests.as_ref());
            let part = Snapshot { jobs: None, ..snapshot.clone() };
            Snapshot { history, parts: [("part".to_owned(), part)].into(), ..snapshot }
        })
}

fn with(json: &str) -> Result<Snapshot, ReadError> {
    let rest = r#""commit":null,"reports":[],"tests":null,"scans":[],"jobs":null"#;
    read(format!(r#"{{"schema":"{SCHEMA}","snapshot":{{{rest},{json}}}}}"#).as_bytes())
}

fn with_lines(lines: &str) -> Result<Snapshot, ReadError> {
    let file = format!(
        r#"{{"lines":{lines},"branches":{{"by-id":[],"by-count":[]}},"functions":[],"summary":null}}"#
    );
    let paths = r#"{"resolved":1,"ambiguous":[],"outside":[],"ambiguous-count":0,"outside-count":0}"#;
    with(&format!(r#""coverage":{{"files":{{"a.rs":{file}}},"paths":{paths},"stale":[]}}"#))
}

#[test]
fn an_empty_snapshot_has_these_bytes() {
    let bytes = write_plain(&Snapshot::default());
    let expected = r#"{"schema":"tollgate.snapshot/1","snapshot":{"commit":null,"reports":[],"tests":null,"coverage":null,"scans":[],"jobs":null}}"#;
    assert_eq!(String::from_utf8(bytes).unwrap(), expected);
}

#[test]
fn packed_and_plain_are_read_alike() {
    let snapshot = with_lines("[[1,0],[7,2]]").unwrap();
    assert_eq!(read(&write(&snapshot)).unwrap(), read(&write_plain(&snapshot)).unwrap());
    assert!(write(&snapshot).starts_with(&[0x1f, 0x8b]));
}

#[test]
fn a_file_that_grows_beyond_measure_is_refused() {
    let mut packer = GzBuilder::new().write(Vec::new(), Compression::best());
    packer.write_all(&vec![b' '; 8 << 20]).unwrap();
    let error = read(&packer.finish().unwrap()).unwrap_err();
    assert!(error.to_string().contains("grows to more than"), "{error}");
}

#[test]
fn what_stands_behind_the_end_of_a_packed_file_is_refused() {
    let mut bytes = write(&Snapshot::default());
    bytes.extend(b"more");
    assert!(matches!(read(&bytes), Err(ReadError::Packed { .. })));
}

#[test]
fn ten_thousand_files_and_a_hundred_thousand_tests_take_a_few_megabytes() {
    let mut snapshot = Snapshot::default();
    let mut coverage = Coverage::default();
    for number in 0..10_000_u32 {
        let mut file = FileCoverage::default();
        for line in 1..=40_u32 {
            file.lines.add(NonZeroU32::new(line * 2).unwrap(), u64::from((line * number) % 7));
        }
        let path = format!("src/module_{}/file_{number}.rs", number % 100);
        coverage.files.insert(RepoPath::new(&path).unwrap(), file);
    }
    let id = |number: u32| TestId {
        class: format!("module_{}::tests", number % 1000).into(),
        name: format!("case_number_{number}_does_what_it_says").into(),
        ..TestId::default()
    };
    let mut run =
        TestRun { passed: PassedTests::Names((0..100_000).map(id).collect()), ..TestRun::default() };
    (run.totals.tests, run.totals.passed) = (100_000, 100_000);
    snapshot.coverage = Some(coverage);
    snapshot.tests = Some(run);
    let bytes = write(&snapshot);
    assert!(bytes.len() < 3_000_000, "{} bytes", bytes.len());
    assert_eq!(read(&bytes).unwrap(), snapshot);
}

#[test]
fn another_schema_is_named() {
    let error = read(br#"{"schema":"tollgate.snapshot/2","snapshot":{}}"#).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the file says that it is `tollgate.snapshot/2`, and `tollgate.snapshot/1` is read"
    );
}

#[test]
fn lines_that_are_not_in_order_are_refused() {
    with_lines("[[1,0],[7,2]]").unwrap();
    for lines in ["[[7,0],[1,2]]", "[[1,0],[1,2]]", "[[0,0]]", "[[1,-1]]", "[[1]]"] {
        assert!(matches!(with_lines(lines), Err(ReadError::Malformed { .. })), "{lines}");
    }
}

#[test]
fn a_path_that_leaves_the_tree_is_refused() {
    let json = String::from_utf8(write_plain(&with_lines("[[1,0]]").unwrap())).unwrap();
    assert!(read(json.replace("a.rs", "../a.rs").as_bytes()).is_err());
}

#[test]
fn totals_that_do_not_add_up_are_refused() {
    let mut snapshot = Snapshot { tests: Some(TestRun::default()), ..Snapshot::default() };
    snapshot.tests.as_mut().unwrap().totals.tests = 1;
    assert!(matches!(read(&write(&snapshot)), Err(ReadError::Contradiction { .. })));
    snapshot.tests.as_mut().unwrap().totals.tests = u64::MAX;
    snapshot.tests.as_mut().unwrap().totals.passed = u64::MAX;
    assert!(matches!(read(&write(&snapshot)), Err(ReadError::Contradiction { .. })));
}

#[test]
fn ten_thousand_brackets_are_an_error_and_no_overflow() {
    let deep = format!(r#"{{"schema":"{SCHEMA}","snapshot":{}}}"#, "[".repeat(10_000));
    assert!(read(deep.as_bytes()).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_snapshot_is_read_as_it_was_written(snapshot in snapshot()) {
        prop_assert_eq!(&read(&write_plain(&snapshot)).unwrap(), &snapshot);
        let bytes = write(&snapshot);
        let back = read(&bytes).unwrap();
        prop_assert_eq!(&back, &snapshot);
        prop_assert_eq!(write(&back), bytes);
    }

    #[test]
    fn a_damaged_snapshot_never_panics(snapshot in snapshot(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut bytes = write(&snapshot);
        let index = at.index(bytes.len());
        bytes[index] = byte;
        let _any = read(&bytes);
        bytes.truncate(index);
        prop_assert!(read(&bytes).is_err());
    }

    #[test]
    fn any_bytes_are_refused(bytes in any::<Vec<u8>>()) {
        prop_assert!(read(&bytes).is_err());
    }
}

#[test]
fn a_part_that_has_parts_is_none_of_ours() {
    let part = Snapshot { parts: [("b".to_owned(), Snapshot::default())].into(), ..Snapshot::default() };
    let snapshot = Snapshot { parts: [("a".to_owned(), part)].into(), ..Snapshot::default() };
    assert!(matches!(read(&write(&snapshot)), Err(ReadError::Contradiction { .. })));
}
