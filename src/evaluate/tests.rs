//! The verdict of small evidence under small policies.

use super::*;
use crate::model::JobResult::{Failure, Skipped, Success};
use crate::model::Severity::{High, Low};
use crate::model::TestStatus::{self, Failed, Passed};
use crate::model::{Date, Health, Place, Snapshot, TestTotals};
use crate::policy::{Layers, OrgText, parse, parse_org, resolve, resolve_layers};
use crate::rules::RULES;
use crate::rules::sample::{Sample, coverage, finding, report, scan, tests, with_jobs};

fn policy(rules: &str) -> Policy {
    let text = format!("version: 1\n{rules}");
    resolve(Some(&parse(&text, "tollgate.yml").unwrap()), "tollgate.yml")
}

pub(super) fn verdict(policy: &Policy, sample: &Sample) -> Verdict {
    evaluate(policy, &sample.evidence(&sample.base_side()), Vec::new(), Vec::new())
}

fn outcome<'v>(verdict: &'v Verdict, rule: &str) -> &'v Outcome {
    verdict.outcomes.iter().find(|outcome| outcome.rule == rule && outcome.scope.is_empty()).unwrap()
}

fn green() -> Snapshot {
    tests(&[("a", Passed), ("b", Passed)])
}

fn both(left: Snapshot, right: Snapshot) -> Snapshot {
    Snapshot {
        reports: left.reports.into_iter().chain(right.reports).collect(),
        tests: left.tests.or(right.tests),
        coverage: left.coverage.or(right.coverage),
        scans: left.scans.into_iter().chain(right.scans).collect(),
        ..Snapshot::default()
    }
}

#[test]
fn green_tests_pass_the_built_in_policy() {
    let verdict = verdict(&resolve(None, ""), &Sample::of(green()).without_base());
    assert_eq!(verdict.kind, VerdictKind::Passed);
    let ids: Vec<&str> = verdict.outcomes.iter().map(|outcome| outcome.rule).collect();
    assert_eq!(ids, RULES.iter().map(|rule| rule.id).collect::<Vec<_>>());
    let rows: Vec<&str> = verdict.rows().map(|outcome| outcome.rule).collect();
    assert_eq!(rows, ["build.jobs", "tests.failed", "coverage.changed", "coverage.total", "scan.new"]);
    assert_eq!(outcome(&verdict, "tests.failed").origin.file.raw(), "built-in policy");
}

#[test]
fn nothing_at_all_is_no_verdict() {
    let verdict = verdict(&resolve(None, ""), &Sample::default());
    assert_eq!(verdict.kind, VerdictKind::NoVerdict);
    assert_eq!(verdict.rows().last().map(|row| row.rule), Some("evidence.reports"));
}

#[test]
fn one_failing_test_needs_changes() {
    let verdict = verdict(&resolve(None, ""), &Sample::of(tests(&[("a", Failed), ("b", Passed)])));
    assert_eq!(verdict.kind, VerdictKind::NeedsChanges);
    assert_eq!(verdict.steps[0].rule, "tests.failed");
}

#[test]
fn a_failure_beats_what_could_not_be_measured() {
    let mut head = tests(&[("a", Failed)]);
    head.reports.push(report("cut.xml", Kind::Tests, Health::Invalid));
    let verdict = verdict(&resolve(None, ""), &Sample::of(head));
    assert_eq!(verdict.kind, VerdictKind::NeedsChanges);
    let asked: Vec<&str> = verdict.steps.iter().map(|step| step.rule).collect();
    assert_eq!(asked, ["tests.failed", "evidence.reports"]);
}

#[test]
fn a_rule_that_only_warns_says_that_it_would_need_changes() {
    let lines: Vec<(u32, u64)> = (1..31).map(|line| (line, 0)).collect();
    let head = both(green(), coverage(&[("a.rs", &lines)]));
    let verdict = verdict(&resolve(None, ""), &Sample::of(head).changing("a.rs", 1..31));
    assert_eq!(verdict.kind, VerdictKind::Passed);
    let coverage = outcome(&verdict, "coverage.changed");
    assert_eq!((coverage.kind, coverage.reason.raw()), (OutcomeKind::NotMet, "would need changes"));
    assert_eq!(verdict.steps[0].action, "Would need changes: test 30 more changed lines.");
}

#[test]
fn a_rule_that_a_file_names_is_enforced_unless_it_says_otherwise() {
    let lines: Vec<(u32, u64)> = (1..31).map(|line| (line, 0)).collect();
    let sample = Sample::of(both(green(), coverage(&[("a.rs", &lines)]))).changing("a.rs", 1..31);
    let named = policy("rules: { coverage.changed: { min: 50 } }");
    assert_eq!(verdict(&named, &sample).kind, VerdictKind::NeedsChanges);
    let origin = outcome(&verdict(&named, &sample), "coverage.changed").origin.clone();
    assert_eq!((origin.file.raw(), origin.line, origin.column), ("tollgate.yml", 2, 30));
    let warned = policy("rules: { coverage.changed: { min: 50, mode: warn } }");
    assert_eq!(verdict(&warned, &sample).kind, VerdictKind::Passed);
}

#[test]
fn a_rule_that_is_off_is_still_measured_and_asks_for_nothing() {
    let off = policy("rules: { tests.failed: { mode: off } }");
    let verdict = verdict(&off, &Sample::of(tests(&[("a", Failed)])));
    assert_eq!(verdict.kind, VerdictKind::Passed);
    assert_eq!(outcome(&verdict, "tests.failed").kind, OutcomeKind::NotMet);
    assert!(verdict.steps.is_empty() && verdict.details.is_empty());
    assert!(!verdict.rows().any(|row| row.rule == "tests.failed"));
}

#[test]
fn a_failed_build_is_one_step_and_makes_the_reports_unbelievable() {
    let head = with_jobs(green(), &[("lint", Failure), ("test", Success)]);
    let verdict = verdict(&resolve(None, ""), &Sample::of(head));
    assert_eq!(verdict.kind, VerdictKind::NeedsChanges);
    assert_eq!(outcome(&verdict, "tests.failed").kind, OutcomeKind::NotMeasured);
    let details: Vec<&str> = verdict.steps.iter().map(|step| step.detail.raw()).collect();
    assert_eq!(details, ["the build failed in `lint`"]);
}

#[test]
fn a_skipped_job_is_no_verdict_unless_it_may_be_skipped() {
    let sample = Sample::of(with_jobs(green(), &[("integration", Skipped), ("test", Success)]));
    let judged = verdict(&resolve(None, ""), &sample);
    assert_eq!(judged.kind, VerdictKind::NoVerdict);
    assert_eq!(outcome(&judged, "tests.failed").reason.raw(), "`integration` was skipped");
    let allowed = policy("rules: { build.jobs: { allow-skipped: [integration] } }");
    assert_eq!(verdict(&allowed, &sample).kind, VerdictKind::Passed);
}

#[test]
fn a_failed_build_without_a_report_is_one_step_too() {
    let head = with_jobs(Snapshot::default(), &[("build", Failure)]);
    let verdict = verdict(&resolve(None, ""), &Sample::of(head));
    assert_eq!(verdict.kind, VerdictKind::NeedsChanges);
    assert_eq!(verdict.steps.len(), 1);
}

#[test]
fn a_stricter_overlay_adds_an_outcome_and_a_laxer_one_takes_its_files() {
    let files: &[(&str, &[(u32, u64)])] =
        &[("src/a.rs", &[(1, 1), (2, 1)]), ("old/b.rs", &[(1, 0), (2, 1), (3, 1)])];
    let sample =
        Sample::of(both(green(), coverage(files))).changing("src/a.rs", 1..3).changing("old/b.rs", 1..4);
    let rules = "rules: { coverage.changed: { min: 80, min-lines: 0 } }\n";
    let laxer =
        policy(&format!("{rules}paths: [{{ match: old/**, rules: {{ coverage.changed: {{ min: 60 }} }} }}]"));
    let judged = verdict(&laxer, &sample);
    let texts: Vec<(&str, &str)> = judged
        .outcomes
        .iter()
        .filter(|outcome| outcome.rule == "coverage.changed")
        .map(|outcome| (outcome.scope.as_str(), outcome.measured_text.as_str()))
        .collect();
    assert_eq!(texts, [("", "100.0% (2 of 2 lines)"), ("old/**", "66.6% (2 of 3 lines)")]);
    assert_eq!(judged.kind, VerdictKind::Passed);
    let stricter = policy(&format!(
        "{rules}paths: [{{ match: src/**, rules: {{ coverage.changed: {{ min: 100 }} }} }}]"
    ));
    let judged = verdict(&stricter, &sample);
    assert_eq!(outcome(&judged, "coverage.changed").measured_text, "80.0% (4 of 5 lines)");
    assert_eq!(judged.kind, VerdictKind::Passed);
    let both =
        policy(&format!("{rules}paths: [{{ match: '**', rules: {{ coverage.changed: {{ min: 81 }} }} }}]"));
    assert_eq!(verdict(&both, &sample).kind, VerdictKind::NeedsChanges);
}

#[test]
fn what_is_too_little_without_the_files_of_a_laxer_entry_still_reaches_its_bar_with_them() {
    let files: &[(&str, &[(u32, u64)])] =
        &[("src/a.rs", &[(1, 0), (2, 0)]), ("old/b.rs", &[(1, 1), (2, 1), (3, 1), (4, 1)])];
    let sample =
        Sample::of(both(green(), coverage(files))).changing("src/a.rs", 1..3).changing("old/b.rs", 1..5);
    let kind = |bar: u32| {
        let text = format!(
            "rules: {{ coverage.changed: {{ min: {bar}, min-lines: 3 }} }}\n\
             paths: [{{ match: old/**, rules: {{ coverage.changed: {{ min: 70 }} }} }}]"
        );
        let judged = verdict(&policy(&text), &sample);
        let row = outcome(&judged, "coverage.changed");
        (judged.kind, row.measured_text.clone(), row.reason.raw().to_owned())
    };
    // 4 of 6 lines are tested, and 70 % are asked for everywhere.
    assert_eq!(kind(70).0, VerdictKind::NeedsChanges);
    // The two lines that `old/**` leaves behind are too few to be judged: a higher bar must not let them pass.
    let (verdict, measured, reason) = kind(90);
    assert_eq!(verdict, VerdictKind::NeedsChanges);
    assert_eq!(measured, "66.6% (4 of 6 lines)");
    assert_eq!(reason, "all paths together must reach the laxest bar that an entry of `paths` gives");
}

#[test]
fn counts_under_a_laxer_entry_do_not_add_up_to_more_than_it_allows() {
    let finding = |id: &str, file: &str| {
        let mut finding = finding(id, High);
        finding.place = Some(Place { file: file.into(), line: None });
        finding
    };
    let kind = |found: &[(&str, &str)]| {
        let text = "rules: { scan.new: { high: 1 } }\n\
                    paths: [{ match: old/**, rules: { scan.new: { high: 2 } } }]";
        let head = both(green(), scan(found.iter().map(|(id, file)| finding(id, file)).collect()));
        verdict(&policy(text), &Sample::of(head).against(scan(vec![]))).kind
    };
    assert_eq!(kind(&[("a", "old/a"), ("b", "old/b")]), VerdictKind::Passed);
    assert_eq!(kind(&[("a", "src/a"), ("b", "old/b")]), VerdictKind::Passed);
    assert_eq!(kind(&[("a", "src/a"), ("b", "src/b")]), VerdictKind::NeedsChanges);
    assert_eq!(kind(&[("a", "src/a"), ("b", "old/b"), ("c", "old/c")]), VerdictKind::NeedsChanges);
}

#[test]
fn excluded_files_are_not_judged() {
    let files: &[(&str, &[(u32, u64)])] = &[("a.rs", &[(1, 1)]), ("gen/b.rs", &[(1, 0), (2, 0)])];
    let sample = Sample::of(both(green(), coverage(files))).changing("a.rs", 1..9).changing("gen/b.rs", 1..9);
    let excluding = policy("exclude: gen/**\nrules: { coverage.total: { min: 100 } }");
    assert_eq!(outcome(&verdict(&excluding, &sample), "coverage.total").kind, OutcomeKind::Met);
    assert_eq!(
        outcome(&verdict(&excluding, &sample), "coverage.changed").measured_text,
        "1 changed line can be covered"
    );
    let including = policy("include: gen/**\nrules: { coverage.total: { min: 1 } }");
    assert_eq!(outcome(&verdict(&including, &sample), "coverage.total").kind, OutcomeKind::NotMet);
}

#[test]
fn two_rules_that_ask_for_one_repair_ask_once() {
    let both_rules = policy("rules: { scan.new: { high: 0 }, scan.all: { high: 0, low: 5 } }");
    let head = both(green(), scan(vec![finding("a", High), finding("b", Low)]));
    let verdict = verdict(&both_rules, &Sample::of(head).against(scan(vec![])));
    assert_eq!(verdict.steps.iter().filter(|step| step.subject.raw() == "a").count(), 1);
}

/// The same policy on a day.
fn policy_on(day: &str, text: &str) -> Policy {
    let file = parse(&format!("version: 1\n{text}"), "tollgate.yml").unwrap();
    let today = Date::parse(day).ok();
    resolve_layers(&Layers { file: Some(&file), source: "tollgate.yml", today, ..Layers::default() }).unwrap()
}

fn codes(verdict: &Verdict) -> Vec<&'static str> {
    verdict.diagnostics.iter().map(|diagnostic| diagnostic.code.id()).collect()
}

#[test]
fn a_waived_rule_is_shown_as_waived_through_its_last_day() {
    let text = "waivers: [{ rule: tests.failed, owner: '@acme/core', reason: moving, expires: 2026-11-30 }]";
    let sample = Sample::of(tests(&[("a", Failed), ("b", Passed)]));
    let judged = verdict(&policy_on("2026-11-30", text), &sample);
    assert_eq!(judged.kind, VerdictKind::Passed);
    let waived = outcome(&judged, "tests.failed");
    assert_eq!(waived.kind, OutcomeKind::Waived);
    assert_eq!(waived.reason.raw(), "waived by @acme/core until 2026-11-30: moving");
    assert!(judged.steps.is_empty());
    assert_eq!(codes(&judged), ["waiver-ending"]);
    assert!(codes(&verdict(&policy_on("2026-11-15", text), &sample)).is_empty());
    let judged = verdict(&policy_on("2026-12-01", text), &sample);
    assert_eq!((judged.kind, codes(&judged)), (VerdictKind::NeedsChanges, vec!["waiver-expired"]));
}

#[test]
fn a_waiver_never_lifts_what_is_not_measured() {
    let text = "waivers: [{ rule: tests.failed, owner: '@acme/core', reason: moving, expires: 2026-11-30 }]";
    let mut head = green();
    head.reports[0].health = Health::Degraded;
    assert_eq!(verdict(&policy_on("2026-11-22", text), &Sample::of(head)).kind, VerdictKind::NoVerdict);
}

#[test]
fn a_quarantined_test_is_listed_and_an_entry_that_fits_nothing_is_said() {
    let text = "quarantine:\n- { test: a, owner: '@acme/core', reason: flaky, expires: 2026-11-30 }\n- { test: gone, owner: '@acme/core', reason: flaky, expires: 2026-11-30 }\n";
    let sample = Sample::of(tests(&[("a", Failed), ("b", Passed)]));
    let judged = verdict(&policy_on("2026-11-15", text), &sample);
    assert_eq!((judged.kind, judged.not_counted.len()), (VerdictKind::Passed, 1));
    assert_eq!(codes(&judged), ["waiver-unused"]);
    assert_eq!(judged.diagnostics[0].origin.line, 4);
}

#[test]
fn a_policy_that_is_not_known_for_certain_lets_nothing_pass() {
    let judged = verdict(&policy_on("2026-11-22", "extends: acme/.tollgate"), &Sample::of(green()));
    assert_eq!((judged.kind, codes(&judged)), (VerdictKind::NoVerdict, vec!["no-organisation-policy"]));
}

#[test]
fn a_requirement_that_waits_for_its_day_says_that_it_would_need_changes() {
    let text = "version: 1\nfloor: { tests.skipped: { max: 0, enforce-from: 2027-02-01 } }\n";
    let files = [OrgText { path: "org.yml", name: "org.yml", commit: "", text }];
    let organisation = parse_org(&files, "acme/.tollgate").unwrap();
    let today = Date::parse("2026-11-22").ok();
    let policy =
        resolve_layers(&Layers { organisation: Some(&organisation), today, ..Layers::default() }).unwrap();
    let judged = verdict(&policy, &Sample::of(tests(&[("a", Passed), ("b", TestStatus::Skipped)])));
    assert_eq!(judged.kind, VerdictKind::Passed);
    let preview = judged.outcomes.iter().find(|outcome| outcome.scope == "from 2027-02-01").unwrap();
    assert_eq!(
        (preview.rule, preview.kind, preview.mode),
        ("tests.skipped", OutcomeKind::NotMet, Mode::Warn)
    );
    assert_eq!(judged.steps[0].action, "Would need changes: let skipped tests run again.");
}

#[test]
fn a_laxer_bar_for_some_paths_never_makes_the_rule_itself_harder_to_meet() {
    let lines = |missed: u32| (1..=10).map(|line| (line, u64::from(line > missed))).collect::<Vec<_>>();
    let (src, old) = (lines(3), lines(0));
    let head = both(green(), coverage(&[("src/a.rs", &src), ("old/b.rs", &old)]));
    let sample = Sample::of(head).changing("src/a.rs", 1..=10).changing("old/b.rs", 1..=10);
    let kind = |paths: &str| {
        let rules = "rules: { coverage.changed: { min: 80, min-lines: 1 } }";
        verdict(&policy(&format!("{rules}\n{paths}")), &sample).kind
    };
    let bar =
        |bar: &str| format!("paths: [{{ match: old/**, rules: {{ coverage.changed: {{ min: {bar} }} }} }}]");
    // 17 of 20 lines in all, 7 of 10 without those in old.
    let kinds = [kind(""), kind(&bar("10")), kind(&bar("95"))];
    assert_eq!(kinds, [VerdictKind::Passed; 3]);
}

#[test]
fn a_rule_has_few_laxer_entries_of_paths() {
    let overlay = |folder: u32| {
        format!("  - {{ match: f{folder}/**, rules: {{ coverage.changed: {{ min: {folder} }} }} }}\n")
    };
    let of = |count: u32| {
        let overlays: String = (1..=count).map(overlay).collect();
        let text = format!("version: 1\nrules: {{ coverage.changed: {{ min: 80 }} }}\npaths:\n{overlays}");
        let file = parse(&text, "tollgate.yml").unwrap();
        resolve_layers(&Layers { file: Some(&file), ..Layers::default() }).map(|_| ())
    };
    assert_eq!(of(6), Ok(()));
    let errors = of(7).unwrap_err();
    assert_eq!((errors.len(), errors[0].origin.line), (1, 10));
}

#[test]
fn a_failure_names_the_reports_that_decided() {
    let mut head = tests(&[("a", Failed), ("b", Passed)]);
    let totals = head.tests.as_ref().unwrap().totals;
    head.reports[0].totals = ReportTotals::Tests(totals);
    for (file, failed) in [("b.xml", 0), ("c.xml", 3), ("d.xml", 2)] {
        let mut other = report(file, Kind::Tests, Health::Complete);
        other.totals =
            ReportTotals::Tests(TestTotals { tests: 3, passed: 3 - failed, failed, ..TestTotals::default() });
        head.reports.push(other);
    }
    let judged = verdict(&policy(""), &Sample::of(head));
    assert_eq!(outcome(&judged, "tests.failed").reason.raw(), "in c.xml, d.xml and 1 more");
}
