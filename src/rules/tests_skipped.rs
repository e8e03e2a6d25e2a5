//! `tests.skipped`: not too many tests are skipped.

use super::test_scope::{self, ScopedTests};
use super::words::counted;
use super::{Direction, Field, FieldKind, Judgement, Replayed, Rule, RuleSpec, Scope, Settings, doubt};
use crate::compare::{Evidence, TestChanges};
use crate::model::{
    Detail, Kind, Measured, OutcomeKind, Percent, Replay, Step, TestCase, TestStatus, Untrusted,
};

pub(super) const SPEC: RuleSpec = RuleSpec::of::<TestsSkipped>(
    "tests.skipped",
    "Skipped tests",
    "skipped",
    Some(Kind::Tests),
    "How many tests may be skipped, as a number, as a share of all tests, and how many of those that ran on the \
     base. Disabled, inconclusive and not-run tests are skipped tests. Under `paths`, the tests whose file or suite \
     matches.",
)
.counting(|totals| totals.skipped)
.by_path();

const MOST_ROWS: usize = 500;

struct TestsSkipped {
    max: Option<u64>,
    max_percent: Option<Percent>,
    max_new: Option<u64>,
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
        Field {
            key: "max-new",
            kind: FieldKind::Count,
            direction: Direction::Max,
            default: None,
            doc: "the largest number of skipped tests that ran on the base, a whole number",
        },
    ];

    fn read(settings: &Settings) -> Self {
        Self {
            max: settings.count("max"),
            max_percent: settings.percent("max-percent"),
            max_new: settings.count("max-new"),
        }
    }

    fn judge(&self, evidence: &Evidence<'_>, scope: &Scope<'_>) -> Judgement {
        let required = self.required();
        if let Some(judgement) = doubt::absent(evidence, scope, Kind::Tests, &required) {
            return judgement;
        }
        let here = ScopedTests::of_head(evidence, scope);
        let totals = here.totals;
        let mut text = format!("{} skipped of {}", totals.skipped, counted(totals.tests, "test", "tests"));
        let changes = evidence.test_changes.as_ref();
        let newly = changes.into_iter().flat_map(|changes| &changes.newly_skipped);
        let new = newly.filter(|case| test_scope::case_in_scope(case, scope)).count() as u64;
        if new > 0 {
            text.push_str(&format!(", {new} of them ran on the base"));
        }
        let can_compare = self.cannot_compare(changes, evidence).is_none();
        let mut judgement = Judgement::new(OutcomeKind::Met, Measured::Count(totals.skipped), text, required)
            .measuring(&[
                ("skipped", totals.skipped),
                ("tests", totals.tests),
                ("newly-skipped", new),
                ("compared", u64::from(can_compare)),
                ("unknown", totals.unknown),
            ]);
        if self.max.is_none() && self.max_percent.is_none() && self.max_new.is_none() {
            judgement.kind = OutcomeKind::NotJudged;
            judgement.reason = "no largest number of skipped tests is set".into();
            return doubt::settle(judgement, evidence, scope, Kind::Tests);
        }
        let too_many = self.max.is_some_and(|max| totals.skipped > max);
        let too_large = self.max_percent.is_some_and(|max| exceeds(totals.skipped, totals.tests, max));
        let too_many_new = self.max_new.is_some_and(|max| new > max);
        if too_many || too_large || too_many_new {
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
            judgement.details.extend(detail(evidence, scope, totals.skipped));
            // A share of too few tests could have been smaller with the rest of the reports; a number not.
            if !too_many && !too_many_new {
                if let Some(reason) = here.doubt(scope) {
                    judgement.kind = OutcomeKind::NotMeasured;
                    judgement.steps.clear();
                    return judgement.because(reason);
                }
                return doubt::settle_share(judgement, evidence, scope, Kind::Tests);
            }
            return judgement;
        }
        if self.max_new.is_some()
            && let Some(reason) = self.cannot_compare(changes, evidence)
        {
            judgement.kind = OutcomeKind::NotMeasured;
            return judgement.because(reason);
        }
        if let Some(reason) = here.doubt(scope).filter(|_| !scope.whole) {
            judgement.kind = OutcomeKind::NotMeasured;
            return judgement.because(reason);
        }
        if totals.unknown > 0 {
            let tests = counted(totals.unknown, "test has", "tests have");
            judgement.kind = OutcomeKind::NotMeasured;
            return judgement.because(format!("{tests} a status that Tollgate does not know"));
        }
        doubt::settle(judgement, evidence, scope, Kind::Tests)
    }

    fn replay(&self, replay: &Replay) -> Option<Replayed> {
        let figures = replay.figures.as_ref()?;
        let (skipped, tests) = (*figures.get("skipped")?, *figures.get("tests")?);
        let (new, compared) = (*figures.get("newly-skipped")?, *figures.get("compared")?);
        if self.max.is_none() && self.max_percent.is_none() && self.max_new.is_none() {
            return Some(Replayed::NOT_JUDGED);
        }
        let over = |number: u64, max: Option<u64>| max.map_or(0, |max| number.saturating_sub(max));
        let short = over(skipped, self.max).max(over(new, self.max_new));
        if short > 0 {
            return Some(Replayed::not_met(short));
        }
        if self.max_percent.is_some_and(|max| exceeds(skipped, tests, max)) {
            if tests == 0 {
                return Some(Replayed::NOT_MEASURED);
            }
            // With the rest of doubtful reports the share could be smaller.
            return (!replay.doubts_met).then_some(Replayed::not_met(0));
        }
        let cannot_tell = (self.max_new.is_some() && compared == 0) || *figures.get("unknown")? > 0;
        Some(if cannot_tell { Replayed::NOT_MEASURED } else { Replayed::MET })
    }
}

impl TestsSkipped {
    fn required(&self) -> String {
        let mut parts = Vec::new();
        parts.extend(self.max.map(|max| format!("at most {max}")));
        parts.extend(self.max_percent.map(|percent| format!("at most {percent}")));
        let mut text = parts.join(" and ");
        if !text.is_empty() {
            text.push_str(" skipped");
        }
        if let Some(max) = self.max_new {
            let and = if text.is_empty() { "" } else { ", " };
            text.push_str(&format!("{and}at most {max} newly skipped"));
        }
        if text.is_empty() { "no limit".to_owned() } else { text }
    }

    /// Why nobody can say how many tests are newly skipped; `None` if somebody can.
    fn cannot_compare(
        &self,
        changes: Option<&TestChanges<'_>>,
        evidence: &Evidence<'_>,
    ) -> Option<&'static str> {
        let Some(changes) = changes else {
            return Some("there are no test results of the base to compare with");
        };
        let skipped = evidence.head.tests.as_ref().map_or(0, |run| run.totals.skipped);
        let kept = evidence.head.tests.iter().flat_map(|run| &run.cases);
        let kept = kept.filter(|case| case.status == TestStatus::Skipped).count() as u64;
        // As many as there are names missing could be new.
        let is_known = changes.base_is_whole && kept >= skipped;
        (!is_known)
            .then_some("more tests were counted than are kept by name, so nobody can say which are new")
    }
}

/// True if `part` of `whole` is more than `max`.
fn exceeds(part: u64, whole: u64, max: Percent) -> bool {
    u128::from(part) * 10_000 > u128::from(max.hundredths()) * u128::from(whole)
}

fn detail(evidence: &Evidence<'_>, scope: &Scope<'_>, skipped: u64) -> Option<Detail> {
    let run = evidence.head.tests.as_ref()?;
    let changes = evidence.test_changes.as_ref();
    let is_here = |case: &&TestCase| test_scope::case_in_scope(case, scope);
    let new = changes.into_iter().flat_map(|changes| changes.newly_skipped.iter().copied());
    let new: Vec<&TestCase> = new.filter(is_here).collect();
    let old = run.cases.iter().filter(is_here).filter(|case| {
        case.status == TestStatus::Skipped && !new.iter().any(|new| std::ptr::eq(*new, *case))
    });
    let new_rows = new.iter().map(|case| (*case, "runs on the base"));
    let mut rows = vec![vec!["Test".into(), "Reason".into(), "".into()]];
    rows.extend(new_rows.chain(old.map(|case| (case, ""))).take(MOST_ROWS).map(|(case, word)| {
        vec![case.id.display(), super::words::first_line(case.message.raw(), 200).into(), word.into()]
    }));
    let title = format!("Skipped tests ({} of {skipped})", rows.len() - 1);
    (rows.len() > 1).then(|| Detail { title, rows, text: Untrusted::default() })
}

#[cfg(test)]
mod tests {
    use super::super::sample::{Sample, tests};
    use super::*;
    use crate::model::TestStatus::{Failed, Passed, Skipped, Unknown};

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

    #[test]
    fn a_test_that_ran_on_the_base_is_newly_skipped() {
        let base = tests(&[("a", Failed), ("b", Passed), ("c", Skipped)]);
        let sample = Sample::of(tests(&[("a", Skipped), ("b", Passed), ("c", Skipped)])).against(base);
        let judgement = sample.judge("tests.skipped", &[("max-new", "0")]);
        assert_eq!(judgement.kind, OutcomeKind::NotMet);
        assert_eq!(judgement.measured_text, "2 skipped of 3 tests, 1 of them ran on the base");
        assert_eq!(judgement.required_text, "at most 0 newly skipped");
        assert_eq!(judgement.details[0].rows[1][0].raw(), "a");
        assert_eq!(judgement.details[0].rows[1][2].raw(), "runs on the base");
        assert_eq!(sample.judge("tests.skipped", &[("max-new", "1")]).kind, OutcomeKind::Met);
    }

    #[test]
    fn without_a_base_nobody_can_say_which_tests_are_newly_skipped() {
        assert_eq!(one_of_four().judge("tests.skipped", &[("max-new", "5")]).kind, OutcomeKind::NotMeasured);
    }
}
