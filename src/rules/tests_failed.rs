//! `tests.failed`: no test fails that passes without the change.

use super::words::{counted, first_line};
use super::{Direction, Field, FieldKind, Judgement, Placeholders, Rule, RuleSpec, Scope, Settings, doubt};
use crate::compare::{Evidence, Occasion};
use crate::model::{Detail, Kind, Measured, OutcomeKind, Step, TestCase, TestTotals, Untrusted};

pub(super) const SPEC: RuleSpec = RuleSpec::of::<TestsFailed>(
    "tests.failed",
    "Tests",
    "tests",
    Some(Kind::Tests),
    "How many tests may fail. Failed and errored cases and failures of whole suites count together; what also \
     fails on the base, in a file that the change does not touch, does not count.",
);

/// Steps and rows beyond these numbers are only counted.
const MOST_STEPS: usize = 20;
const MOST_ROWS: usize = 500;
const MOST_OUTPUTS: usize = 5;

struct TestsFailed {
    max: u64,
    absolute_without_base: bool,
}

impl Rule for TestsFailed {
    const FIELDS: &'static [Field] = &[
        Field {
            key: "max",
            kind: FieldKind::Count,
            direction: Direction::Max,
            default: Some("0"),
            doc: "the largest number of failing tests and suites, a whole number",
        },
        Field {
            key: "without-base",
            kind: FieldKind::Word(&["absolute", "not-measured"]),
            direction: Direction::Ordered,
            default: Some("absolute"),
            doc: "what happens to failures when there is no base to compare with: `absolute` counts all of them, \
                  `not-measured` gives no verdict",
        },
    ];

    fn read(settings: &Settings) -> Self {
        Self {
            max: settings.count("max").unwrap_or(0),
            absolute_without_base: settings.word("without-base") != Some("not-measured"),
        }
    }

    fn judge(&self, evidence: &Evidence<'_>, scope: &Scope<'_>) -> Judgement {
        let compared = is_compared(evidence);
        let required = self.required(compared);
        if let Some(judgement) = doubt::absent(evidence, scope, Kind::Tests, &required) {
            return judgement;
        }
        let totals = evidence.head.tests.as_ref().map(|run| run.totals).unwrap_or_default();
        let failures = &evidence.failures;
        // The counts are of all failures, the lists of those that are kept; the larger one is believed.
        let cases = failures.count.max(failures.cases.len() as u64);
        let containers = failures.container_count.max(failures.containers.len() as u64);
        let failed = cases.saturating_add(containers);
        let measured_text = measured_text(evidence, &totals, failed, compared);
        let mut judgement =
            Judgement::new(OutcomeKind::Met, Measured::Count(failed), measured_text, required);
        judgement.not_counted.clone_from(&failures.not_counted);
        if failed > self.max {
            judgement.kind = OutcomeKind::NotMet;
            if !compared && !self.absolute_without_base {
                judgement.kind = OutcomeKind::NotMeasured;
                judgement.reason = "there is no base to tell which of the failures are new".into();
            }
            judgement.steps = steps(evidence, scope, failed, compared);
            judgement.details = details(evidence, failed);
            return judgement;
        }
        if totals.tests == 0 {
            judgement.kind = OutcomeKind::NotMeasured;
            return judgement.because("the reports hold no test at all");
        }
        if totals.unknown > 0 {
            let tests = counted(totals.unknown, "test has", "tests have");
            judgement.kind = OutcomeKind::NotMeasured;
            judgement.reason = Untrusted::new(format!("{tests} a status that Tollgate does not know"));
            return judgement;
        }
        doubt::settle(judgement, evidence, scope, Kind::Tests)
    }
}

impl TestsFailed {
    fn required(&self, compared: bool) -> String {
        match (self.max, compared) {
            (0, true) => "no new failure".to_owned(),
            (0, false) => "no failure".to_owned(),
            (max, true) => format!("at most {}", counted(max, "new failure", "new failures")),
            (max, false) => format!("at most {}", counted(max, "failure", "failures")),
        }
    }
}

/// True if failures of the base could be told apart from those of the change.
fn is_compared(evidence: &Evidence<'_>) -> bool {
    evidence.occasion == Occasion::Change
        && evidence.diff().is_some()
        && evidence.base.is_some_and(|base| base.tests.is_some())
}

fn measured_text(evidence: &Evidence<'_>, totals: &TestTotals, failed: u64, compared: bool) -> String {
    let containers = evidence.failures.container_count;
    let mut parts = Vec::new();
    let not_counted = evidence.failures.not_counted.len() as u64;
    if failed == 0 && not_counted > 0 {
        parts.push("0 new failures".to_owned());
        parts.push(format!("{not_counted} not counted"));
    } else if failed == 0 {
        parts.push(format!("{} passed", totals.passed));
        parts.push("0 failed".to_owned());
    } else {
        let cases = failed - containers.min(failed);
        if compared {
            parts.push(counted(failed, "new failure", "new failures"));
        } else if cases > 0 {
            parts.push(format!("{cases} failed"));
        }
        if containers > 0 && !compared {
            parts.push(counted(containers, "suite failed", "suites failed"));
        }
        if not_counted > 0 {
            parts.push(format!("{not_counted} not counted"));
        }
        parts.push(format!("{} passed", totals.passed));
    }
    if totals.skipped > 0 {
        parts.push(format!("{} skipped", totals.skipped));
    }
    if totals.flaky > 0 {
        parts.push(format!("{} only when run again", totals.flaky));
    }
    if totals.unknown > 0 {
        parts.push(format!("{} unknown", totals.unknown));
    }
    parts.join(", ")
}

fn steps(evidence: &Evidence<'_>, scope: &Scope<'_>, failed: u64, compared: bool) -> Vec<Step> {
    let new = if compared { "new " } else { "" };
    let failures = &evidence.failures;
    let action = |what: &str, number: usize| match failed {
        1 => format!("Fix 1 {new}{what} failure."),
        _ => format!("Fix {new}{what} failure {number} of {failed}."),
    };
    let cases = failures.cases.iter().map(|case| case_step(case, evidence, scope, compared));
    let containers = failures.containers.iter().map(|container| Step {
        subject: container.container.clone(),
        detail: Untrusted::new(first_line(container.message.raw(), 200)),
        action: "suite".to_owned(),
        ..empty_step()
    });
    let mut steps: Vec<Step> = cases.chain(containers).take(MOST_STEPS).collect();
    for (index, step) in steps.iter_mut().enumerate() {
        step.action = action(&step.action, index + 1);
    }
    if steps.is_empty() {
        let action = format!("Fix {}.", counted(failed, "test failure", "test failures"));
        let detail = "the reports count failures without naming them".into();
        steps.push(Step { action, detail, ..empty_step() });
    }
    steps
}

fn case_step(case: &TestCase, evidence: &Evidence<'_>, scope: &Scope<'_>, compared: bool) -> Step {
    let place = case.place.as_ref();
    let file = place.map_or(&case.id.file, |place| &place.file).clone();
    let mut words = Vec::new();
    match (&case.expected, &case.got) {
        (Some(expected), Some(got)) => words.push(format!(
            "expected {}, got {}",
            first_line(expected.raw(), 90),
            first_line(got.raw(), 90)
        )),
        _ if !case.message.is_empty() => words.push(first_line(case.message.raw(), 200)),
        _ => {}
    }
    let base = evidence.base.and_then(|base| base.tests.as_ref());
    if compared && base.is_some_and(|run| run.passed.contains(&case.id)) {
        words.push("passes on the base".to_owned());
    }
    let run = scope.reproduce.test(Placeholders {
        name: case.id.name.raw(),
        file: if case.id.file.is_empty() { file.raw() } else { case.id.file.raw() },
        class: case.id.class.raw(),
    });
    Step {
        action: "test".to_owned(),
        subject: case.id.display(),
        line: place.and_then(|place| place.line),
        file,
        detail: Untrusted::new(words.join("; ")),
        run,
        ..empty_step()
    }
}

fn empty_step() -> Step {
    Step {
        rule: SPEC.id,
        action: String::new(),
        subject: Untrusted::default(),
        file: Untrusted::default(),
        line: None,
        detail: Untrusted::default(),
        run: String::new(),
        for_owners: false,
    }
}

fn details(evidence: &Evidence<'_>, failed: u64) -> Vec<Detail> {
    let failures = &evidence.failures;
    let mut details = Vec::new();
    for (index, case) in
        failures.cases.iter().filter(|case| !case.message.is_empty()).take(MOST_OUTPUTS).enumerate()
    {
        let lines = counted(case.message.raw().lines().count() as u64, "line", "lines");
        let which =
            if failed == 1 { "the failing test".to_owned() } else { format!("failing test {}", index + 1) };
        details.push(Detail {
            title: format!("Output of {which} ({lines})"),
            rows: Vec::new(),
            text: case.message.clone(),
        });
    }
    if failed > 1 {
        let mut rows = vec![vec!["Test".into(), "File".into(), "Message".into()]];
        for case in failures.cases.iter().take(MOST_ROWS) {
            let file = case.place.as_ref().map_or(&case.id.file, |place| &place.file);
            rows.push(vec![case.id.display(), file.clone(), first_line(case.message.raw(), 200).into()]);
        }
        for container in failures.containers.iter().take(MOST_ROWS) {
            let message = first_line(container.message.raw(), 200);
            rows.push(vec![container.container.clone(), Untrusted::default(), message.into()]);
        }
        let shown = rows.len() as u64 - 1;
        let title = match failed.saturating_sub(shown) {
            0 => format!("Failing tests ({failed})"),
            _ => format!("Failing tests ({shown} of {failed})"),
        };
        details.insert(0, Detail { title, rows, text: Untrusted::default() });
    }
    details
}

#[cfg(test)]
mod tests {
    use super::super::sample::{Sample, case, report, tests, with_container_failure};
    use super::*;
    use crate::model::Health;
    use crate::model::TestStatus;
    use crate::model::TestStatus::{Errored, Failed, Passed, Skipped, Unknown};

    const GREEN: &[(&str, TestStatus)] = &[("a", Passed), ("b", Passed), ("c", Skipped)];

    #[test]
    fn passing_tests_meet_the_rule() {
        let judgement = Sample::of(tests(GREEN)).judge("tests.failed", &[]);
        assert_eq!(judgement.kind, OutcomeKind::Met);
        assert_eq!(judgement.measured_text, "2 passed, 0 failed, 1 skipped");
        assert_eq!(judgement.required_text, "no failure");
    }

    #[test]
    fn failed_and_errored_cases_and_suites_count_together() {
        let head = with_container_failure(tests(&[("a", Failed), ("b", Errored), ("c", Passed)]), "suite");
        let judgement = Sample::of(head).judge("tests.failed", &[]);
        assert_eq!(judgement.kind, OutcomeKind::NotMet);
        assert_eq!(judgement.measured, Measured::Count(3));
        assert_eq!(judgement.measured_text, "2 failed, 1 suite failed, 1 passed");
        assert_eq!(judgement.steps.len(), 3);
        assert_eq!(judgement.steps[0].action, "Fix test failure 1 of 3.");
        assert_eq!(judgement.steps[0].run, "cargo test a");
        assert_eq!(judgement.steps[2].action, "Fix suite failure 3 of 3.");
    }

    #[test]
    fn as_many_failures_as_allowed_are_met_and_one_more_is_not() {
        let sample = Sample::of(tests(&[("a", Failed), ("b", Failed), ("c", Passed)]));
        assert_eq!(sample.judge("tests.failed", &[("max", "2")]).kind, OutcomeKind::Met);
        assert_eq!(sample.judge("tests.failed", &[("max", "1")]).kind, OutcomeKind::NotMet);
    }

    #[test]
    fn against_a_base_the_words_say_new() {
        let base = tests(&[("a", Passed), ("b", Passed)]);
        let sample = Sample::of(tests(&[("a", Failed), ("b", Passed)])).against(base);
        let judgement = sample.judge("tests.failed", &[]);
        assert_eq!(judgement.measured_text, "1 new failure, 1 passed");
        assert_eq!(judgement.required_text, "no new failure");
        assert_eq!(judgement.steps[0].action, "Fix 1 new test failure.");
        assert_eq!(judgement.steps[0].detail.raw(), "passes on the base");
    }

    #[test]
    fn a_failure_of_the_base_is_shown_and_not_counted() {
        let base = tests(&[("a", Failed)]);
        let judgement =
            Sample::of(tests(&[("a", Failed), ("b", Passed)])).against(base).judge("tests.failed", &[]);
        assert_eq!(judgement.kind, OutcomeKind::Met);
        assert_eq!(judgement.measured_text, "0 new failures, 1 not counted");
        assert_eq!(judgement.not_counted.len(), 1);
    }

    #[test]
    fn a_status_that_nobody_knows_is_never_a_pass() {
        let judgement = Sample::of(tests(&[("a", Passed), ("b", Unknown)])).judge("tests.failed", &[]);
        assert_eq!(judgement.kind, OutcomeKind::NotMeasured);
        assert_eq!(judgement.reason.raw(), "1 test has a status that Tollgate does not know");
    }

    #[test]
    fn a_broken_report_beside_a_good_one_is_never_a_pass() {
        let mut head = tests(GREEN);
        head.reports.push(report("cut.xml", Kind::Tests, Health::Invalid));
        let judgement = Sample::of(head).judge("tests.failed", &[]);
        assert_eq!(judgement.kind, OutcomeKind::NotMeasured);
        assert_eq!(judgement.reason.raw(), "cut.xml is invalid");
    }

    #[test]
    fn a_failure_in_a_broken_report_is_a_failure() {
        let mut head = tests(&[("a", Failed)]);
        head.reports[0].health = Health::Degraded;
        assert_eq!(Sample::of(head).judge("tests.failed", &[]).kind, OutcomeKind::NotMet);
    }

    #[test]
    fn without_reports_it_applies_only_where_a_file_asks_for_it() {
        let sample = Sample::default();
        assert_eq!(sample.judge("tests.failed", &[]).kind, OutcomeKind::NotMeasured);
        assert_eq!(sample.judge_unnamed("tests.failed").kind, OutcomeKind::NotJudged);
        let asked = Sample::default().asking("unit", Kind::Tests, 1, 0);
        assert_eq!(asked.judge_unnamed("tests.failed").kind, OutcomeKind::NotMeasured);
    }

    #[test]
    fn an_optional_report_that_did_not_come_is_no_gap() {
        let mut sample = Sample::default().asking("unit", Kind::Tests, 1, 0);
        sample.contract[0].optional = true;
        assert_eq!(sample.judge("tests.failed", &[]).kind, OutcomeKind::NotJudged);
    }

    #[test]
    fn without_a_base_failures_can_be_not_measured() {
        let sample = Sample::of(tests(&[("a", Failed), ("b", Passed)])).without_base();
        let judgement = sample.judge("tests.failed", &[("without-base", "not-measured")]);
        assert_eq!(judgement.kind, OutcomeKind::NotMeasured);
        assert_eq!(sample.judge("tests.failed", &[]).kind, OutcomeKind::NotMet);
    }

    #[test]
    fn failures_that_totals_forget_count() {
        let mut head = tests(GREEN);
        head.tests.as_mut().unwrap().cases.push(case("z", Failed));
        assert_eq!(Sample::of(head).judge("tests.failed", &[]).kind, OutcomeKind::NotMet);
    }
}
