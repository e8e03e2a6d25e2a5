//! `tests.executed`: tests ran at all.

use super::words::counted;
use super::{Direction, Field, FieldKind, Judgement, Rule, RuleSpec, Scope, Settings, doubt};
use crate::compare::Evidence;
use crate::model::{Kind, Measured, OutcomeKind, Step, Untrusted};

pub(super) const SPEC: RuleSpec = RuleSpec::of::<TestsExecuted>(
    "tests.executed",
    "Tests that ran",
    "tests",
    Some(Kind::Tests),
    "How many tests must run. Skipped tests and tests of unknown status did not run. A run in which everything \
     was skipped proves nothing.",
)
.guard();

struct TestsExecuted {
    min: u64,
}

impl Rule for TestsExecuted {
    const FIELDS: &'static [Field] = &[Field {
        key: "min",
        kind: FieldKind::Count,
        direction: Direction::Min,
        default: Some("1"),
        doc: "the smallest number of tests that must run, a whole number",
    }];

    fn read(settings: &Settings) -> Self {
        Self { min: settings.count("min").unwrap_or(1) }
    }

    fn judge(&self, evidence: &Evidence<'_>, scope: &Scope<'_>) -> Judgement {
        let required = format!("at least {}", counted(self.min, "test", "tests"));
        if let Some(judgement) = doubt::absent(evidence, scope, Kind::Tests, &required) {
            return judgement;
        }
        let totals = evidence.head.tests.as_ref().map(|run| run.totals).unwrap_or_default();
        let executed = totals.executed();
        let mut text = format!("{} ran", counted(executed, "test", "tests"));
        if totals.skipped > 0 {
            text.push_str(&format!(", {} skipped", totals.skipped));
        }
        let mut judgement = Judgement::new(OutcomeKind::Met, Measured::Count(executed), text, required);
        if executed < self.min && totals.tests == 0 {
            judgement.kind = OutcomeKind::NotMeasured;
            return judgement.because("the reports hold no test at all");
        }
        if executed < self.min {
            judgement.kind = OutcomeKind::NotMet;
            judgement.steps.push(Step {
                rule: SPEC.id,
                action: format!("Let at least {} run.", counted(self.min, "test", "tests")),
                subject: Untrusted::default(),
                file: Untrusted::default(),
                line: None,
                detail: Untrusted::new(judgement.measured_text.clone()),
                run: String::new(),
                for_owners: false,
            });
        }
        doubt::settle_share(judgement, evidence, scope, Kind::Tests)
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::{Sample, report, tests};
    use super::*;
    use crate::model::Health;
    use crate::model::TestStatus::{Failed, Passed, Skipped};

    #[test]
    fn as_many_tests_as_asked_for_are_enough() {
        let sample = Sample::of(tests(&[("a", Passed), ("b", Failed), ("c", Skipped)]));
        assert_eq!(sample.judge("tests.executed", &[("min", "2")]).kind, OutcomeKind::Met);
        let judgement = sample.judge("tests.executed", &[("min", "3")]);
        assert_eq!(judgement.kind, OutcomeKind::NotMet);
        assert_eq!(judgement.measured_text, "2 tests ran, 1 skipped");
        assert_eq!(judgement.required_text, "at least 3 tests");
    }

    #[test]
    fn a_run_in_which_everything_was_skipped_proves_nothing() {
        let judgement = Sample::of(tests(&[("a", Skipped)])).judge("tests.executed", &[]);
        assert_eq!(judgement.kind, OutcomeKind::NotMet);
        assert_eq!(judgement.measured_text, "0 tests ran, 1 skipped");
    }

    #[test]
    fn no_test_at_all_is_missing_evidence() {
        assert_eq!(Sample::of(tests(&[])).judge("tests.executed", &[]).kind, OutcomeKind::NotMeasured);
        assert_eq!(Sample::default().judge("tests.executed", &[]).kind, OutcomeKind::NotMeasured);
        assert_eq!(Sample::default().judge_unnamed("tests.executed").kind, OutcomeKind::NotJudged);
    }

    #[test]
    fn too_few_tests_in_a_cut_off_report_are_not_the_change_s_fault() {
        let mut head = tests(&[("a", Passed)]);
        head.reports.push(report("cut.xml", Kind::Tests, Health::Invalid));
        assert_eq!(Sample::of(head).judge("tests.executed", &[("min", "2")]).kind, OutcomeKind::NotMeasured);
    }
}
