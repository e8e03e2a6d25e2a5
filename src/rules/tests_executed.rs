//! `tests.executed`: tests ran at all.

use super::test_scope::ScopedTests;
use super::words::counted;
use super::{Direction, Field, FieldKind, Judgement, Replayed, Rule, RuleSpec, Scope, Settings, doubt};
use crate::compare::Evidence;
use crate::model::{Kind, Measured, OutcomeKind, Percent, Replay, Step, Untrusted};

pub(super) const SPEC: RuleSpec = RuleSpec::of::<TestsExecuted>(
    "tests.executed",
    "Tests that ran",
    "tests",
    Some(Kind::Tests),
    "How many tests must run, and by how many fewer than on the base. Skipped tests and tests of unknown status \
     did not run. A run in which everything was skipped proves nothing. Under `paths`, the tests whose file or suite \
     matches.",
)
.counting(|totals| totals.tests)
.by_path()
.guard();

struct TestsExecuted {
    min: u64,
    max_drop: Option<u64>,
    max_drop_percent: Option<Percent>,
}

impl Rule for TestsExecuted {
    const FIELDS: &'static [Field] = &[
        Field {
            key: "min",
            kind: FieldKind::Count,
            direction: Direction::Min,
            default: Some("1"),
            doc: "the smallest number of tests that must run, a whole number",
        },
        Field {
            key: "max-drop",
            kind: FieldKind::Count,
            direction: Direction::Max,
            default: None,
            doc: "how many fewer tests than on the base may run, a whole number",
        },
        Field {
            key: "max-drop-percent",
            kind: FieldKind::Percent,
            direction: Direction::Max,
            default: None,
            doc: "how many fewer tests than on the base may run, a percentage of those that ran there",
        },
    ];

    fn read(settings: &Settings) -> Self {
        Self {
            min: settings.count("min").unwrap_or(1),
            max_drop: settings.count("max-drop"),
            max_drop_percent: settings.percent("max-drop-percent"),
        }
    }

    fn judge(&self, evidence: &Evidence<'_>, scope: &Scope<'_>) -> Judgement {
        let required = self.required();
        if let Some(judgement) = doubt::absent(evidence, scope, Kind::Tests, &required) {
            return judgement;
        }
        let here = ScopedTests::of_head(evidence, scope);
        let totals = here.totals;
        let executed = totals.executed();
        let mut text = format!("{} ran", counted(executed, "test", "tests"));
        if totals.skipped > 0 {
            text.push_str(&format!(", {} skipped", totals.skipped));
        }
        let base = ScopedTests::of_base(evidence, scope);
        let is_base_placed = base.as_ref().is_none_or(|base| base.unplaced == 0);
        let at_base = base.map(|base| base.totals.executed());
        let drop = at_base.map_or(0, |before| before.saturating_sub(executed));
        if drop > 0 && self.limits_drop() {
            text.push_str(&format!(", {drop} fewer than on the base"));
        }
        let mut judgement = Judgement::new(OutcomeKind::Met, Measured::Count(executed), text, required)
            .measuring(&[("executed", executed), ("tests", totals.tests)]);
        if let (Some(figures), Some(before)) = (&mut judgement.figures, at_base) {
            figures.insert("executed-at-base".to_owned(), before);
        }
        // Tests of the base that are gone are no missing evidence where others came.
        let are_gone = !scope.whole && here.unplaced == 0 && at_base.is_some_and(|before| before > 0);
        if let Some(reason) = here.doubt(scope).filter(|_| !are_gone) {
            judgement.kind = OutcomeKind::NotMeasured;
            return judgement.because(reason);
        }
        if executed < self.min {
            judgement.kind = OutcomeKind::NotMet;
            let action = format!("Let at least {} run.", counted(self.min, "test", "tests"));
            judgement.steps.push(step(action, &judgement.measured_text));
        } else if at_base.is_some_and(|before| self.is_too_large(drop, before)) {
            judgement.kind = OutcomeKind::NotMet;
            let action = "Let the tests of the base run again.".to_owned();
            judgement.steps.push(step(action, &judgement.measured_text));
        } else if at_base.is_none() && self.limits_drop() {
            judgement.kind = OutcomeKind::NotMeasured;
            judgement.reason = "there are no test results of the base to compare with".into();
        } else if !is_base_placed && self.limits_drop() {
            judgement.kind = OutcomeKind::NotMeasured;
            judgement.reason = "the base does not count all of its tests by suite and file".into();
        }
        doubt::settle_share(judgement, evidence, scope, Kind::Tests)
    }

    fn replay(&self, replay: &Replay) -> Option<Replayed> {
        let figures = replay.figures.as_ref()?;
        let (executed, tests) = (*figures.get("executed")?, *figures.get("tests")?);
        let at_base = figures.get("executed-at-base").copied();
        let drop = at_base.map_or(0, |before| before.saturating_sub(executed));
        Some(match at_base {
            _ if executed < self.min && tests == 0 => Replayed::NOT_MEASURED,
            _ if executed < self.min => Replayed::not_met(self.min - executed),
            // Reports without any test leave in doubt whether fewer were expected.
            Some(before) if self.is_too_large(drop, before) && tests == 0 => return None,
            Some(before) if self.is_too_large(drop, before) => {
                Replayed::not_met(drop.saturating_sub(self.max_drop.unwrap_or(0)))
            }
            None if self.limits_drop() => Replayed::NOT_MEASURED,
            _ => Replayed::MET,
        })
    }
}

impl TestsExecuted {
    const fn limits_drop(&self) -> bool {
        self.max_drop.is_some() || self.max_drop_percent.is_some()
    }

    fn is_too_large(&self, drop: u64, before: u64) -> bool {
        let share =
            |max: Percent| u128::from(drop) * 10_000 > u128::from(max.hundredths()) * u128::from(before);
        self.max_drop.is_some_and(|max| drop > max) || self.max_drop_percent.is_some_and(share)
    }

    fn required(&self) -> String {
        let mut parts = vec![format!("at least {}", counted(self.min, "test", "tests"))];
        parts.extend(self.max_drop.map(|max| format!("at most {max} fewer than on the base")));
        parts.extend(self.max_drop_percent.map(|max| format!("at most {max} fewer than on the base")));
        parts.join(", ")
    }
}

fn step(action: String, measured_text: &str) -> Step {
    Step {
        rule: SPEC.id,
        action,
        subject: Untrusted::default(),
        file: Untrusted::default(),
        line: None,
        detail: Untrusted::new(measured_text),
        run: String::new(),
        for_owners: false,
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

    #[test]
    fn a_drop_is_held_against_the_base_in_tests_and_in_percent() {
        let base = tests(&[("a", Passed), ("b", Passed), ("c", Failed), ("d", Passed)]);
        let sample = Sample::of(tests(&[("a", Passed), ("b", Passed), ("c", Passed)])).against(base);
        assert_eq!(sample.judge("tests.executed", &[("max-drop", "1")]).kind, OutcomeKind::Met);
        assert_eq!(sample.judge("tests.executed", &[("max-drop-percent", "25")]).kind, OutcomeKind::Met);
        let judgement = sample.judge("tests.executed", &[("max-drop", "0")]);
        assert_eq!(judgement.kind, OutcomeKind::NotMet);
        assert_eq!(judgement.measured_text, "3 tests ran, 1 fewer than on the base");
        assert_eq!(judgement.required_text, "at least 1 test, at most 0 fewer than on the base");
        let percent = sample.judge("tests.executed", &[("max-drop-percent", "24.99")]);
        assert_eq!(percent.kind, OutcomeKind::NotMet);
    }

    #[test]
    fn without_a_base_a_drop_cannot_be_measured() {
        let sample = Sample::of(tests(&[("a", Passed)]));
        assert_eq!(sample.judge("tests.executed", &[("max-drop", "5")]).kind, OutcomeKind::NotMeasured);
    }
}
