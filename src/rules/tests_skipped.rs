//! `tests.skipped`: not too many tests are skipped.

use super::words::counted;
use super::{Direction, Field, FieldKind, Judgement, Rule, RuleSpec, Scope, Settings, doubt};
use crate::compare::Evidence;
use crate::model::{Detail, Kind, Measured, OutcomeKind, Percent, Step, TestStatus, Untrusted};

pub(super) const SPEC: RuleSpec = RuleSpec::of::<TestsSkipped>(
    "tests.skipped",
    "Skipped tests",
    "skipped",
    Some(Kind::Tests),
    "How many tests may be skipped, as a number, as a share of all tests, or both. Disabled, inconclusive and \
     not-run tests are skipped tests.",
);

const MOST_ROWS: usize = 500;

struct TestsSkipped {
    max: Option<u64>,
    max_percent: Option<Percent>,
}

impl Rule for TestsSkipped {
    const FIELDS: &'static [Field] = &[
        Field {
            key: "max",
            kind: FieldKind::Count,
            direction: Direction::Max,
            default: None,
            doc: "the largest number of skipped tests, a whole number",
        },
        Field {
            key: "max-percent",
            kind: FieldKind::Percent,
            direction: Direction::Max,
            default: None,
            doc: "the largest share of skipped tests among all tests, a percentage",
        },
    ];

    fn read(settings: &Settings) -> Self {
        Self { max: settings.count("max"), max_percent: settings.percent("max-percent") }
    }

    fn judge(&self, evidence: &Evidence<'_>, scope: &Scope<'_>) -> Judgement {
        let required = self.required();
        if let Some(judgement) = doubt::absent(evidence, scope, Kind::Tests, &required) {
            return judgement;
        }
        let totals = evidence.head.tests.as_ref().map(|run| run.totals).unwrap_or_default();
        let text = format!("{} skipped of {}", totals.skipped, counted(totals.tests, "test", "tests"));
        let mut judgement = Judgement::new(OutcomeKind::Met, Measured::Count(totals.skipped), text, required);
        if self.max.is_none() && self.max_percent.is_none() {
            judgement.kind = OutcomeKind::NotJudged;
            judgement.reason = "no largest number of skipped tests is set".into();
            return doubt::settle(judgement, evidence, scope, Kind::Tests);
        }
        let too_many = self.max.is_some_and(|max| totals.skipped > max);
        let too_large = self.max_percent.is_some_and(|max| exceeds(totals.skipped, totals.tests, max));
        if too_many || too_large {
            judgement.kind = OutcomeKind::NotMet;
            judgement.steps.push(Step {
                rule: SPEC.id,
                action: "Let skipped tests run again.".to_owned(),
                subject: Untrusted::default(),
                file: Untrusted::default(),
                line: None,
                detail: Untrusted::new(judgement.measured_text.clone()),
                run: String::new(),
                for_owners: false,
            });
            judgement.details.extend(detail(evidence, totals.skipped));
            // A share of too few tests could have been smaller with the rest of the reports; a number not.
            if !too_many {
                return doubt::settle_share(judgement, evidence, scope, Kind::Tests);
            }
            return judgement;
        }
        if totals.unknown > 0 {
            let tests = counted(totals.unknown, "test has", "tests have");
            judgement.kind = OutcomeKind::NotMeasured;
            return judgement.because(format!("{tests} a status that Tollgate does not know"));
        }
        doubt::settle(judgement, evidence, scope, Kind::Tests)
    }
}

impl TestsSkipped {
    fn required(&self) -> String {
        match (self.max, self.max_percent) {
            (Some(max), Some(percent)) => format!("at most {max} and at most {percent} skipped"),
            (Some(max), None) => format!("at most {max} skipped"),
            (None, Some(percent)) => format!("at most {percent} skipped"),
            (None, None) => "no limit".to_owned(),
        }
    }
}

/// True if `part` of `whole` is more than `max`.
fn exceeds(part: u64, whole: u64, max: Percent) -> bool {
    u128::from(part) * 10_000 > u128::from(max.hundredths()) * u128::from(whole)
}

fn detail(evidence: &Evidence<'_>, skipped: u64) -> Option<Detail> {
    let run = evidence.head.tests.as_ref()?;
    let mut rows = vec![vec!["Test".into(), "Reason".into()]];
    let cases = run.cases.iter().filter(|case| case.status == TestStatus::Skipped);
    rows.extend(
        cases
            .take(MOST_ROWS)
            .map(|case| vec![case.id.display(), super::words::first_line(case.message.raw(), 200).into()]),
    );
    let title = format!("Skipped tests ({} of {skipped})", rows.len() - 1);
    (rows.len() > 1).then(|| Detail { title, rows, text: Untrusted::default() })
}

#[cfg(test)]
mod tests {
    use super::super::sample::{Sample, tests};
    use super::*;
    use crate::model::TestStatus::{Passed, Skipped, Unknown};

    fn one_of_four() -> Sample {
        Sample::of(tests(&[("a", Passed), ("b", Passed), ("c", Passed), ("d", Skipped)]))
    }

    #[test]
    fn as_many_as_allowed_are_met_and_one_more_is_not() {
        assert_eq!(one_of_four().judge("tests.skipped", &[("max", "1")]).kind, OutcomeKind::Met);
        let judgement = one_of_four().judge("tests.skipped", &[("max", "0")]);
        assert_eq!(judgement.kind, OutcomeKind::NotMet);
        assert_eq!(judgement.measured_text, "1 skipped of 4 tests");
        assert_eq!(judgement.details[0].title, "Skipped tests (1 of 1)");
    }

    #[test]
    fn a_share_is_compared_exactly() {
        assert_eq!(one_of_four().judge("tests.skipped", &[("max-percent", "25")]).kind, OutcomeKind::Met);
        assert_eq!(
            one_of_four().judge("tests.skipped", &[("max-percent", "24.99")]).kind,
            OutcomeKind::NotMet
        );
    }

    #[test]
    fn both_limits_must_hold() {
        let judgement = one_of_four().judge("tests.skipped", &[("max", "1"), ("max-percent", "10%")]);
        assert_eq!(judgement.kind, OutcomeKind::NotMet);
        assert_eq!(judgement.required_text, "at most 1 and at most 10% skipped");
    }

    #[test]
    fn without_a_limit_or_a_report_there_is_nothing_to_judge() {
        assert_eq!(one_of_four().judge("tests.skipped", &[]).kind, OutcomeKind::NotJudged);
        assert_eq!(Sample::default().judge("tests.skipped", &[("max", "0")]).kind, OutcomeKind::NotMeasured);
    }

    #[test]
    fn a_test_of_unknown_status_may_have_been_skipped() {
        let sample = Sample::of(tests(&[("a", Passed), ("b", Unknown)]));
        assert_eq!(sample.judge("tests.skipped", &[("max", "0")]).kind, OutcomeKind::NotMeasured);
    }
}
