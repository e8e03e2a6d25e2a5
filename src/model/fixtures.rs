//! Verdicts for the tests of `render` and `wire`; they tell the stories that the README shows.

use crate::diagnostic::{Code, Diagnostic, Origin, Weight};
use crate::model::{
    CoverageTotals, Detail, HeaderFact, Health, Kind, Measured, Mode, NotCounted, Outcome, OutcomeKind,
    Ratio, Replay, ReportRead, ReportTotals, Requirement, SeverityCounts, Step, TestTotals, Untrusted,
    Verdict, VerdictKind,
};
use std::num::NonZeroU32;

fn policy_line(line: u32) -> Origin {
    Origin::at(".github/tollgate.yml", line, 3)
}

fn outcome(
    (rule, title, short): (&'static str, &'static str, &'static str),
    kind: OutcomeKind,
    measured: Measured,
    measured_text: &str,
    required_text: &str,
) -> Outcome {
    Outcome {
        rule,
        title,
        short,
        scope: String::new(),
        mode: Mode::Enforce,
        kind,
        measured,
        measured_text: measured_text.to_owned(),
        required_text: required_text.to_owned(),
        required: Vec::new(),
        origin: Origin::file("built-in policy"),
        reason: Untrusted::default(),
        guard: false,
        replay: Replay::default(),
    }
}

const BUILD: (&str, &str, &str) = ("build.jobs", "Build", "build");
const TESTS: (&str, &str, &str) = ("tests.failed", "Tests", "tests");
const COVERAGE: (&str, &str, &str) = ("coverage.changed", "Coverage of changed lines", "coverage");
const SCAN: (&str, &str, &str) = ("scan.new", "Security findings", "security");

fn build() -> Outcome {
    outcome(BUILD, OutcomeKind::Met, Measured::Count(0), "finished, exit 0", "must finish")
}

fn tests(kind: OutcomeKind, failed: u64, text: &str) -> Outcome {
    let mut row = outcome(TESTS, kind, Measured::Count(failed), text, "no new failure");
    row.required =
        vec![Requirement { field: "max", value: "0".into(), origin: Origin::file("built-in policy") }];
    row
}

pub(crate) fn coverage(kind: OutcomeKind, part: u64, whole: u64) -> Outcome {
    let ratio = Ratio { part, whole };
    let text = format!("{} ({part} of {whole} lines)", ratio.text_against(None));
    let mut row = outcome(COVERAGE, kind, Measured::Share(ratio), &text, "at least 80%");
    row.required = vec![
        Requirement { field: "min", value: "80%".into(), origin: policy_line(7) },
        Requirement { field: "min-lines", value: "20".into(), origin: policy_line(7) },
    ];
    row.origin = policy_line(7);
    row
}

fn scan(text: &str) -> Outcome {
    let mut row = outcome(
        SCAN,
        OutcomeKind::Met,
        Measured::Findings(SeverityCounts { low: 1, ..SeverityCounts::default() }),
        text,
        "0 new at high or above",
    );
    row.required = vec![
        Requirement { field: "critical", value: "0".into(), origin: Origin::file("built-in policy") },
        Requirement { field: "high", value: "0".into(), origin: Origin::file("built-in policy") },
        Requirement { field: "unknown-as", value: "high".into(), origin: Origin::file("built-in policy") },
    ];
    row
}

fn header() -> Vec<HeaderFact> {
    let fact = |key, value: &str| HeaderFact { key, value: value.into() };
    vec![
        fact("project", "payments-client"),
        fact("head", "4f9c2ab"),
        fact("base", "main a1b2c3d"),
        fact("policy", ".github/tollgate.yml (read from main)"),
        fact("owners", "@acme/payments-core"),
    ]
}

fn reports() -> Vec<ReportRead> {
    let report = |file: &str, kind, format: &str, totals| ReportRead {
        file: file.into(),
        entry: String::new(),
        kind: Some(kind),
        format: format.to_owned(),
        health: Health::Complete,
        totals,
        warnings: Vec::new(),
    };
    let lines = Some(Ratio { part: 5_712, whole: 8_000 });
    let totals = CoverageTotals { lines, branches: None, functions: Some(Ratio { part: 84, whole: 100 }) };
    let tests =
        TestTotals { tests: 1_287, passed: 1_283, failed: 1, skipped: 3, flaky: 1, ..TestTotals::default() };
    vec![
        report("junit.xml", Kind::Tests, "junit", ReportTotals::Tests(tests)),
        report("lcov.info", Kind::Coverage, "lcov", ReportTotals::Coverage(totals)),
        report(
            "audit.sarif",
            Kind::Scan,
            "sarif",
            ReportTotals::Scan {
                active: SeverityCounts { low: 1, ..SeverityCounts::default() },
                suppressed: 2,
            },
        ),
    ]
}

fn verdict(kind: VerdictKind, outcomes: Vec<Outcome>) -> Verdict {
    Verdict {
        kind,
        header: header(),
        outcomes,
        not_counted: Vec::new(),
        steps: Vec::new(),
        notes: Vec::new(),
        details: Vec::new(),
        uncovered: Vec::new(),
        reports: reports(),
        diagnostics: Vec::new(),
        proposal: None,
    }
}

fn refund_step() -> Step {
    Step {
        rule: "tests.failed",
        action: "Fix 1 new test failure.".into(),
        subject: "refund_rounds_half_even".into(),
        file: "tests/refund.rs".into(),
        line: NonZeroU32::new(88),
        detail: "expected 10.02, got 10.03; passes on main".into(),
        run: "cargo test --test refund -- refund_rounds_half_even".into(),
        for_owners: false,
    }
}

fn broken_base() -> NotCounted {
    NotCounted {
        rules: vec!["tests.failed"],
        what: "ledger_sync_eu".into(),
        cause: "broken-base",
        proof: "fails the same way on main a1b2c3d".into(),
    }
}

/// Everything is met.
pub(crate) fn passing() -> Verdict {
    verdict(
        VerdictKind::Passed,
        vec![
            build(),
            tests(OutcomeKind::Met, 0, "1,284 passed, 0 failed, 3 skipped"),
            coverage(OutcomeKind::Met, 33, 36),
            scan("0 new (2 already on main)"),
        ],
    )
}

/// One new failure and too little coverage.
pub(crate) fn failing() -> Verdict {
    let mut verdict = verdict(
        VerdictKind::NeedsChanges,
        vec![
            build(),
            tests(OutcomeKind::NotMet, 1, "1 new failure, 1,283 passed, 3 skipped"),
            coverage(OutcomeKind::NotMet, 12, 21),
            scan("0 new (2 already on main)"),
        ],
    );
    verdict.steps = vec![
        refund_step(),
        Step {
            rule: "coverage.changed",
            action: "Test 9 more changed lines.".into(),
            subject: "41-46, 52, 58-59".into(),
            file: "src/refund.rs".into(),
            line: None,
            detail: "5 of them are enough to reach 80%".into(),
            run: "cargo llvm-cov --lcov --output-path lcov.info && tollgate check".into(),
            for_owners: false,
        },
    ];
    verdict.details = vec![
        Detail {
            title: "Output of the failing test".into(),
            rows: Vec::new(),
            text: "thread 'refund_rounds_half_even' panicked at tests/refund.rs:88:5:\n\
                   assertion `left == right` failed\n  left: 10.03\n right: 10.02\n"
                .into(),
        },
        Detail {
            title: "Changed lines without a test (9)".into(),
            rows: vec![
                vec!["File".into(), "Lines".into()],
                vec!["src/refund.rs".into(), "41-46, 52, 58-59".into()],
            ],
            text: Untrusted::default(),
        },
    ];
    verdict
}

/// Three failures that the base has too.
pub(crate) fn not_your_fault() -> Verdict {
    let mut verdict = verdict(
        VerdictKind::Passed,
        vec![
            build(),
            tests(OutcomeKind::Met, 0, "0 new failures (2 not counted)"),
            coverage(OutcomeKind::Met, 22, 25),
            scan("0 new (1 not counted)"),
        ],
    );
    verdict.not_counted = vec![
        broken_base(),
        NotCounted {
            rules: vec!["tests.failed"],
            what: "clock_skew".into(),
            cause: "known-flaky",
            proof: "failed once, then passed; the same on 6 of the last 200 runs of main".into(),
        },
        NotCounted {
            rules: vec!["scan.new"],
            what: "RUSTSEC-0000-0000 in some-crate 1.2.3".into(),
            cause: "ambient-advisory",
            proof: "the change leaves every dependency as it is on main".into(),
        },
    ];
    verdict
}

/// The coverage report did not come, and the owners have to act.
pub(crate) fn no_verdict() -> Verdict {
    let mut row = coverage(OutcomeKind::NotMeasured, 0, 0);
    row.measured = Measured::Nothing;
    row.measured_text = String::new();
    row.reason = "lcov.info was not written".into();
    let mut verdict = verdict(
        VerdictKind::NoVerdict,
        vec![
            build(),
            tests(OutcomeKind::Met, 0, "1,284 passed, 0 failed, 3 skipped"),
            row,
            scan("0 new (2 already on main)"),
        ],
    );
    verdict.steps = vec![Step {
        rule: "coverage.changed",
        action: "Run the job again.".into(),
        subject: "coverage".into(),
        file: Untrusted::default(),
        line: None,
        detail: "it lost its runner before the tests started; the same job ran to its end on main".into(),
        run: String::new(),
        for_owners: true,
    }];
    verdict.diagnostics = vec![Diagnostic::new(
        Code::MissingReport,
        Weight::Error,
        "no file matched the entry `coverage`",
        Origin::at(".github/tollgate.yml", 5, 3),
    )];
    verdict
}

/// One failure is new, one is not; some rows do not count.
pub(crate) fn mixed() -> Verdict {
    let mut small = coverage(OutcomeKind::NotJudged, 3, 6);
    small.measured_text = "6 changed lines can be covered".into();
    small.reason = "judged from 20 lines up".into();
    let mut total = coverage(OutcomeKind::Met, 714, 1_000);
    total.rule = "coverage.total";
    total.title = "Coverage";
    total.mode = Mode::Info;
    total.required_text = "no bar".into();
    total.required.clear();
    let mut parser = coverage(OutcomeKind::NotMet, 18, 20);
    parser.scope = "crates/parser/**".into();
    parser.mode = Mode::Warn;
    parser.required_text = "at least 95%".into();
    let mut waived = scan("1 new at critical");
    waived.kind = OutcomeKind::Waived;
    let mut verdict = verdict(
        VerdictKind::NeedsChanges,
        vec![
            build(),
            tests(OutcomeKind::NotMet, 1, "1 new failure, 1,282 passed, 3 skipped"),
            small,
            parser,
            total,
            waived,
        ],
    );
    verdict.steps = vec![refund_step()];
    verdict.not_counted = vec![broken_base()];
    verdict
}

/// Every text of a report is the same hostile one.
pub(crate) fn hostile(text: &str) -> Verdict {
    let mut verdict = failing();
    let text = || Untrusted::new(text);
    for outcome in &mut verdict.outcomes {
        outcome.reason = text();
        outcome.origin.file = text();
    }
    for step in &mut verdict.steps {
        (step.subject, step.file, step.detail) = (text(), text(), text());
    }
    verdict.not_counted =
        vec![NotCounted { rules: vec!["tests.failed"], what: text(), cause: "broken-base", proof: text() }];
    for detail in &mut verdict.details {
        if detail.rows.is_empty() {
            detail.text = text();
        }
        detail.rows.iter_mut().flatten().for_each(|cell| *cell = text());
    }
    for report in &mut verdict.reports {
        report.file = text();
        report.warnings =
            vec![Diagnostic::new(Code::Malformed, Weight::Error, text(), Origin::at(text(), 1, 2))];
    }
    for fact in &mut verdict.header {
        fact.value = text();
    }
    verdict
}
