//! `tests.flaky`: not too many tests pass only when they are run again.

use super::words::{counted, first_line};
use super::{
    Direction, Field, FieldKind, Judgement, Replayed, Rule, RuleSpec, Scope, Settings, doubt, test_scope,
};
use crate::compare::{Evidence, FlakyCase};
use crate::model::{
    Detail, Kind, Measured, NotCounted, OutcomeKind, Replay, Step, TestCase, TestRun, TestStatus, Untrusted,
};

pub(super) const SPEC: RuleSpec = RuleSpec::of::<TestsFlaky>(
    "tests.flaky",
    "Flaky tests",
    "flaky",
    Some(Kind::Tests),
    "How many tests may pass only when they are run again: after retries that the report marks as such, or where it \
     holds the test several times, passing and failing. A failure that the last runs of the base's branch had too, in \
     a test that the change does not touch, is listed with their number and does not count. Under `paths`, the tests \
     whose file matches.",
)
.counting(|totals| totals.flaky.max(totals.bad()))
.by_path();

const MOST_ROWS: usize = 500;

struct TestsFlaky {
    max: u64,
}

impl Rule for TestsFlaky {
    const FIELDS: &'static [Field] = &[Field {
        key: "max",
        kind: FieldKind::Count,
        direction: Direction::Max,
        default: Some("0"),
        doc: "the largest number of flaky tests, a whole number",
    }];

    fn read(settings: &Settings) -> Self {
        Self { max: settings.count("max").unwrap_or(0) }
    }

    fn judge(&self, evidence: &Evidence<'_>, scope: &Scope<'_>) -> Judgement {
        let required = match self.max {
            0 => "no flaky test".to_owned(),
            max => format!("at most {}", counted(max, "flaky test", "flaky tests")),
        };
        if let Some(judgement) = doubt::absent(evidence, scope, Kind::Tests, &required) {
            return judgement;
        }
        let nothing = TestRun::default();
        let run = evidence.head.tests.as_ref().unwrap_or(&nothing);
        let inside = evidence.flaky.iter().filter(|flaky| test_scope::case_in_scope(flaky.case, scope));
        let inside: Vec<&FlakyCase<'_>> = inside.collect();
        let not_counted: Vec<NotCounted> = inside.iter().filter_map(|flaky| flaky.known.clone()).collect();
        let inside: Vec<&TestCase> =
            inside.iter().filter(|flaky| flaky.known.is_none()).map(|flaky| flaky.case).collect();
        let kept = inside.len() as u64;
        // Those that are counted and not kept may stand in any file: they belong to the rule itself.
        let named =
            run.cases.iter().filter(|case| case.flaky && case.status == TestStatus::Passed).count() as u64;
        let counted_only = run.totals.flaky.saturating_sub(named);
        let flaky = if scope.whole { kept.saturating_add(counted_only) } else { kept };
        let mut text = counted(flaky, "test passes only when run again", "tests pass only when run again");
        if !not_counted.is_empty() {
            text.push_str(&format!(", {} not counted", not_counted.len()));
        }
        let mut judgement = Judgement::new(OutcomeKind::Met, Measured::Count(flaky), text, required)
            .measuring(&[("flaky", flaky)]);
        judgement.details.extend(detail(&inside, flaky));
        judgement.not_counted = not_counted;
        if flaky > self.max {
            judgement.kind = OutcomeKind::NotMet;
            judgement.steps.push(step(&inside, flaky));
            return judgement;
        }
        if run.totals.tests == 0 {
            judgement.kind = OutcomeKind::NotMeasured;
            return judgement.because("the reports hold no test at all");
        }
        if run.totals.unknown > 0 {
            let tests = counted(run.totals.unknown, "test has", "tests have");
            judgement.kind = OutcomeKind::NotMeasured;
            return judgement.because(format!("{tests} a status that Tollgate does not know"));
        }
        if !scope.whole && counted_only > 0 {
            judgement.kind = OutcomeKind::NotMeasured;
            return judgement.because("the reports hold more flaky tests than are kept by name");
        }
        doubt::settle(judgement, evidence, scope, Kind::Tests)
    }

    fn replay(&self, replay: &Replay) -> Option<Replayed> {
        Some(Replayed::at_most(*replay.figures.as_ref()?.get("flaky")?, self.max))
    }
}

fn step(cases: &[&TestCase], flaky: u64) -> Step {
    let first = cases.first();
    let action = match flaky {
        1 => "Make 1 test pass at its first run.".to_owned(),
        _ => format!("Make {flaky} tests pass at their first run."),
    };
    Step {
        rule: SPEC.id,
        action,
        subject: first.map(|case| case.id.display()).unwrap_or_default(),
        file: first.map(|case| case.id.file.clone()).unwrap_or_default(),
        line: None,
        detail: first.map_or(String::new(), |case| first_line(case.message.raw(), 200)).into(),
        run: String::new(),
        for_owners: false,
    }
}

fn detail(cases: &[&TestCase], flaky: u64) -> Option<Detail> {
    let mut rows = vec![vec!["Test".into(), "File".into(), "First failure".into()]];
    rows.extend(cases.iter().take(MOST_ROWS).map(|case| {
        vec![case.id.display(), case.id.file.clone(), first_line(case.message.raw(), 200).into()]
    }));
    let shown = rows.len() as u64 - 1;
    let title = if shown == flaky {
        format!("Flaky tests ({flaky})")
    } else {
        format!("Flaky tests ({shown} of {flaky})")
    };
    (shown > 0).then(|| Detail { title, rows, text: Untrusted::default() })
}

#[cfg(test)]
mod tests {
    use super::super::sample::{Sample, case, report, tests};
    use super::*;
    use crate::model::TestStatus::{Passed, Unknown};
    use crate::model::{Health, Snapshot, TestHistory};

    fn with_flaky(names: &[&str]) -> Snapshot {
        let mut head = tests(&[("steady", Passed)]);
        let run = head.tests.as_mut().unwrap();
        for name in names {
            run.totals.count(Passed, true);
            run.cases.push(TestCase { flaky: true, ..case(name, Passed) });
        }
        head
    }

    #[test]
    fn as_many_flaky_tests_as_allowed_are_met_and_one_more_is_not() {
        let sample = Sample::of(with_flaky(&["a", "b"]));
        assert_eq!(sample.judge("tests.flaky", &[("max", "2")]).kind, OutcomeKind::Met);
        let judgement = sample.judge("tests.flaky", &[("max", "1")]);
        assert_eq!(judgement.kind, OutcomeKind::NotMet);
        assert_eq!(judgement.measured_text, "2 tests pass only when run again");
        assert_eq!(judgement.steps[0].action, "Make 2 tests pass at their first run.");
        assert_eq!(judgement.details[0].title, "Flaky tests (2)");
    }

    fn on_main(runs: &[&[&str]]) -> Snapshot {
        let mut base = tests(&[("steady", Passed)]);
        for names in runs {
            let run = with_flaky(names).tests;
            base.history = TestHistory::after(base.history.as_ref(), Some("c1"), run.as_ref());
        }
        base
    }

    #[test]
    fn a_flaky_test_that_other_runs_know_is_listed_with_their_figure_and_not_counted() {
        let base = on_main(&[&["a"], &[], &["a"]]);
        let sample = Sample::of(with_flaky(&["a", "b"])).against(base);
        let judgement = sample.judge("tests.flaky", &[("max", "1")]);
        assert_eq!(judgement.kind, OutcomeKind::Met);
        assert_eq!(judgement.measured_text, "1 test passes only when run again, 1 not counted");
        let known = &judgement.not_counted[0];
        assert_eq!((known.what.raw(), known.cause), ("a", "known-flaky"));
        assert_eq!(known.proof.raw(), "passed when run again; same failure in 2 of the last 3 runs of main");
        let touched = sample.changing("tests/a.rs", [1]).judge("tests.flaky", &[("max", "1")]);
        assert_eq!((touched.kind, touched.not_counted.len()), (OutcomeKind::NotMet, 0));
    }

    #[test]
    fn what_the_change_says_of_its_own_history_excuses_nothing() {
        let mut head = with_flaky(&["a"]);
        head.history = on_main(&[&["a"], &["a"]]).history;
        let sample = Sample::of(head).against(on_main(&[&[], &[]]));
        assert_eq!(sample.judge("tests.flaky", &[]).kind, OutcomeKind::NotMet);
    }

    #[test]
    fn flaky_tests_that_are_only_counted_count() {
        let mut head = with_flaky(&[]);
        head.tests.as_mut().unwrap().totals.flaky = 3;
        assert_eq!(Sample::of(head).judge("tests.flaky", &[("max", "2")]).kind, OutcomeKind::NotMet);
    }

    #[test]
    fn without_flaky_tests_it_is_met_and_without_tests_not_measured() {
        let judgement = Sample::of(with_flaky(&[])).judge("tests.flaky", &[]);
        assert_eq!(judgement.kind, OutcomeKind::Met);
        assert_eq!(Sample::of(tests(&[])).judge("tests.flaky", &[]).kind, OutcomeKind::NotMeasured);
        assert_eq!(Sample::default().judge("tests.flaky", &[]).kind, OutcomeKind::NotMeasured);
        assert_eq!(Sample::default().judge_unnamed("tests.flaky").kind, OutcomeKind::NotJudged);
    }

    #[test]
    fn a_test_of_unknown_status_or_a_cut_off_report_may_hold_another_one() {
        let unknown = Sample::of(tests(&[("a", Passed), ("b", Unknown)]));
        assert_eq!(unknown.judge("tests.flaky", &[]).kind, OutcomeKind::NotMeasured);
        let mut head = with_flaky(&[]);
        head.reports.push(report("cut.xml", Kind::Tests, Health::Invalid));
        assert_eq!(Sample::of(head).judge("tests.flaky", &[]).kind, OutcomeKind::NotMeasured);
    }
}
