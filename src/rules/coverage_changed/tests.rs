//! What the rule says of small changes.

use super::super::sample::{Sample, coverage, path, report};
use super::*;
use crate::model::{Exclusion, FileCoverage, Health};

/// 21 changed lines of which 12 ran, as in the mock-up.
fn mockup() -> Sample {
    let missed = [41, 42, 43, 44, 45, 46, 52, 58, 59];
    let lines: Vec<(u32, u64)> = (39..60).map(|line| (line, u64::from(!missed.contains(&line)))).collect();
    Sample::of(coverage(&[("src/refund.rs", &lines)])).changing("src/refund.rs", 30..80)
}

#[test]
fn a_shortfall_is_said_in_lines() {
    let judgement = mockup().judge("coverage.changed", &[]);
    assert_eq!(judgement.kind, OutcomeKind::NotMet);
    assert_eq!(judgement.measured_text, "57.1% (12 of 21 lines)");
    assert_eq!(judgement.required_text, "at least 80%");
    let step = &judgement.steps[0];
    assert_eq!(step.action, "Test 9 more changed lines.");
    assert_eq!(step.subject.raw(), "41-46, 52, 58-59");
    assert_eq!(step.detail.raw(), "5 of them are enough to reach 80%");
    assert_eq!(step.run, "cargo llvm-cov");
    assert_eq!(judgement.details[0].title, "Changed lines without a test (9)");
}

#[test]
fn exactly_at_the_bar_is_met() {
    let sample =
        Sample::of(coverage(&[("a.rs", &[(1, 1), (2, 1), (3, 1), (4, 1), (5, 0)])])).changing("a.rs", 1..6);
    let bar = |min| sample.judge("coverage.changed", &[("min", min), ("min-lines", "5")]).kind;
    assert_eq!(bar("80"), OutcomeKind::Met);
    assert_eq!(bar("80.01"), OutcomeKind::NotMet);
}

#[test]
fn a_small_change_is_not_judged() {
    let lines: Vec<(u32, u64)> = (1..7).map(|line| (line, 0)).collect();
    let sample = Sample::of(coverage(&[("a.rs", &lines)])).changing("a.rs", 1..7);
    let judgement = sample.judge("coverage.changed", &[]);
    assert_eq!(judgement.kind, OutcomeKind::NotJudged);
    assert_eq!(judgement.measured_text, "6 changed lines can be covered");
    assert_eq!(judgement.reason.raw(), "judged from 20 lines up");
    assert_eq!(sample.judge("coverage.changed", &[("min-lines", "6")]).kind, OutcomeKind::NotMet);
}

#[test]
fn a_change_of_documents_is_green_and_not_judged() {
    let sample = Sample::of(coverage(&[("a.rs", &[(1, 1)])])).changing("README.md", 1..50);
    let judgement = sample.judge("coverage.changed", &[]);
    assert_eq!(judgement.kind, OutcomeKind::NotJudged);
    assert_eq!(judgement.reason.raw(), "no changed line can be covered");
}

#[test]
fn a_few_uncovered_lines_can_be_allowed_whatever_their_share() {
    assert_eq!(mockup().judge("coverage.changed", &[("max-uncovered", "9")]).kind, OutcomeKind::Met);
    assert_eq!(mockup().judge("coverage.changed", &[("max-uncovered", "8")]).kind, OutcomeKind::NotMet);
}

#[test]
fn an_unmeasured_file_is_listed_or_not_measured() {
    let sample = mockup().changing("src/new.rs", 1..9);
    let fields = [("min", "50")];
    let judgement = sample.judge("coverage.changed", &fields);
    assert_eq!(judgement.kind, OutcomeKind::Met);
    assert_eq!(judgement.details[1].title, "Changed files that no report measures (1)");
    assert!(judgement.measured_text.ends_with("; 1 changed file is in no report"), "{judgement:?}");
    let strict = [("min", "50"), ("unmeasured", "not-measured")];
    assert_eq!(sample.judge("coverage.changed", &strict).kind, OutcomeKind::NotMeasured);
}

#[test]
fn a_file_that_the_base_measured_must_still_be_measured() {
    let base = coverage(&[("src/new.rs", &[(1, 1)])]);
    let judgement =
        mockup().changing("src/new.rs", 1..9).against(base).judge("coverage.changed", &[("min", "50")]);
    assert_eq!(judgement.kind, OutcomeKind::NotMeasured);
    assert_eq!(judgement.reason.raw(), "src/new.rs is measured at the base and by no report of the change");
}

#[test]
fn a_file_that_moved_since_the_evidence_is_measured_at_the_base_too() {
    let base = coverage(&[("src/then.rs", &[(1, 1)])]);
    let mut sample = mockup().changing("src/new.rs", 1..9).against(base).since_then("src/new.rs", [], []);
    let Some(Ok(since)) = &mut sample.since else { unreachable!() };
    since.files.get_mut(&path("src/new.rs")).unwrap().old_path = Some(path("src/then.rs"));
    assert_eq!(sample.judge("coverage.changed", &[("min", "50")]).kind, OutcomeKind::NotMeasured);
}

#[test]
fn a_report_of_another_state_or_with_totals_alone_gives_no_figure() {
    let why = |sample: &Sample| {
        let judgement = sample.judge("coverage.changed", &[("min", "0")]);
        assert_eq!(judgement.kind, OutcomeKind::NotMeasured);
        judgement.reason.raw().to_owned()
    };
    let mut sample = mockup();
    sample.head.coverage.as_mut().unwrap().stale.push(path("src/refund.rs"));
    assert_eq!(why(&sample), "the coverage of src/refund.rs is of another state of the file");
    let mut sample = mockup();
    let file = FileCoverage { summary: Some(Box::default()), ..FileCoverage::default() };
    sample.head.coverage.as_mut().unwrap().files.insert(path("src/refund.rs"), file);
    assert_eq!(why(&sample), "the reports have totals of src/refund.rs, and no lines");
}

#[test]
fn paths_that_belong_to_no_file_are_not_measured() {
    let mut sample = mockup();
    let coverage = sample.head.coverage.as_mut().unwrap();
    coverage.files.clear();
    coverage.paths.resolved = 0;
    coverage.paths.outside_count = 3;
    let judgement = sample.judge("coverage.changed", &[]);
    assert_eq!(judgement.kind, OutcomeKind::NotMeasured);
    assert!(judgement.reason.raw().contains("no path of the coverage reports"), "{judgement:?}");
}

#[test]
fn a_path_that_could_be_a_changed_file_is_not_measured() {
    let mut sample = mockup().changing("a/lib.rs", 1..9);
    let paths = &mut sample.head.coverage.as_mut().unwrap().paths;
    paths.ambiguous_count = 1;
    paths.ambiguous.push("src/lib.rs".into());
    assert_eq!(sample.judge("coverage.changed", &[("min", "50")]).kind, OutcomeKind::NotMeasured);
}

#[test]
fn a_missing_shard_makes_a_shortfall_not_measured() {
    let mut sample = mockup();
    sample.head.reports.push(report("other.info", Kind::Coverage, Health::Empty));
    let judgement = sample.judge("coverage.changed", &[]);
    assert_eq!(judgement.kind, OutcomeKind::NotMeasured);
    assert_eq!(judgement.reason.raw(), "other.info is empty");
    assert!(judgement.steps.is_empty());
}

#[test]
fn without_a_base_it_does_not_apply_and_without_history_it_is_not_measured() {
    assert_eq!(mockup().without_base().judge("coverage.changed", &[]).kind, OutcomeKind::NotJudged);
    let mut sample = mockup();
    sample.diff =
        DiffState::Unavailable { reason: "the clone is shallow".into(), help: "fetch more".to_owned() };
    let judgement = sample.judge("coverage.changed", &[]);
    assert_eq!(judgement.kind, OutcomeKind::NotMeasured);
    assert_eq!(judgement.reason.raw(), "the clone is shallow");
    assert_eq!(judgement.steps[0].detail.raw(), "fetch more");
}

#[test]
fn without_a_report_it_applies_only_where_a_file_asks_for_it() {
    assert_eq!(Sample::default().judge("coverage.changed", &[]).kind, OutcomeKind::NotMeasured);
    assert_eq!(Sample::default().judge_unnamed("coverage.changed").kind, OutcomeKind::NotJudged);
}

/// Five changed lines: 1 and 2 ran, 2 in part; 3 to 5 did not. Line 3 stood in `old.rs` before.
fn parts() -> Sample {
    let mut head = coverage(&[("a.rs", &[(1, 1), (2, 1), (3, 0), (4, 0), (5, 0)])]);
    head.coverage.as_mut().unwrap().files.get_mut(&path("a.rs")).unwrap().branches.count_at_least(2, 1, 2);
    let mut base = coverage(&[("old.rs", &[(30, 0), (40, 1)])]);
    base.commit = Some("b1".to_owned());
    let mut sample = Sample::of(head).changing("a.rs", 1..6).against(base);
    let DiffState::Known(diff) = &mut sample.diff else { unreachable!() };
    diff.base = Some("b1".to_owned());
    let file = diff.files.get_mut(&path("a.rs")).unwrap();
    file.marks.moved.insert(path("old.rs"), vec![(3, 30), (4, 40)]);
    file.marks.respaced = [1].into_iter().collect();
    sample
}

fn text(sample: &Sample, fields: &[(&str, &str)]) -> String {
    let all: Vec<_> = [("min-lines", "1")].iter().chain(fields).copied().collect();
    sample.judge("coverage.changed", &all).measured_text
}

#[test]
fn a_line_that_ran_in_part_counts_as_the_policy_says() {
    let strict = ("moved", "counted");
    assert_eq!(text(&parts(), &[strict]), "40.0% (2 of 5 lines); 1 line that ran in part counts as covered");
    assert_eq!(
        text(&parts(), &[strict, ("partials", "uncovered")]),
        "20.0% (1 of 5 lines); 1 line that ran in part counts as uncovered"
    );
}

#[test]
fn a_line_that_the_base_proves_uncovered_is_excused_when_it_moves() {
    assert_eq!(
        text(&parts(), &[]),
        "50.0% (2 of 4 lines); 1 line that ran in part counts as covered; 40.0% with 1 line that moved uncovered",
        "line 4 ran at the base"
    );
    let mut other = parts();
    other.base.as_mut().unwrap().commit = Some("b2".to_owned());
    assert!(text(&other, &[]).starts_with("40.0% (2 of 5 lines)"), "the snapshot is of another commit");
    let mut broken = parts();
    broken.base.as_mut().unwrap().reports[0].health = Health::Degraded;
    assert!(text(&broken, &[]).starts_with("40.0% (2 of 5 lines)"), "the base's report is not whole");
}

#[test]
fn white_space_can_be_left_out_of_the_change() {
    assert!(text(&parts(), &[("white-space", "ignored")]).starts_with("33.3% (1 of 3 lines)"));
}

#[test]
fn branches_and_functions_of_changed_lines_can_be_required() {
    assert_eq!(text(&parts(), &[("metric", "branch")]), "50.0% (1 of 2 branches)");
    let judgement = parts().judge("coverage.changed", &[("metric", "branch"), ("min-lines", "0")]);
    assert_eq!(judgement.steps[0].action, "Test 1 more changed branch.");
    assert_eq!(judgement.steps[0].subject.raw(), "2");
    let none = parts().judge("coverage.changed", &[("metric", "function"), ("min-lines", "0")]);
    assert_eq!(none.kind, OutcomeKind::NotMeasured);
    assert_eq!(none.reason.raw(), "the reports have no record of functions");
}

#[test]
fn what_takes_code_out_of_the_coverage_is_listed() {
    let mut sample = mockup();
    let DiffState::Known(diff) = &mut sample.diff else { unreachable!() };
    let exclusion = Exclusion { line: 31, marker: "pragma: no cover" };
    diff.files.get_mut(&path("src/refund.rs")).unwrap().marks.exclusions.push(exclusion);
    let judgement = sample.judge("coverage.changed", &[]);
    let detail = &judgement.details[1];
    assert_eq!(detail.title, "Lines of the change that take code out of the coverage (1)");
    let row: Vec<&str> = detail.rows[1].iter().map(Untrusted::raw).collect();
    assert_eq!(row, ["src/refund.rs", "31", "pragma: no cover"]);
}

#[test]
fn uncovered_lines_are_grouped_over_small_gaps_without_code() {
    let groups = |sample: &Sample| -> Vec<(u32, u32)> {
        let judgement = sample.judge("coverage.changed", &[("min-lines", "0")]);
        judgement.uncovered.iter().map(|group| (group.first.get(), group.last.get())).collect()
    };
    assert_eq!(groups(&mockup()), [(41, 46), (52, 52), (58, 59)], "what lies between ran");
    let gaps = Sample::of(coverage(&[("a.rs", &[(1, 0), (5, 0), (10, 0), (12, 1), (13, 0)])]));
    assert_eq!(groups(&gaps.changing("a.rs", 1..14)), [(1, 5), (10, 10), (13, 13)]);
}
