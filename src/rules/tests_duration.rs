//! `tests.duration`: the tests do not take too long.

use super::test_scope::ScopedTests;
use super::words::counted;
use super::{Direction, Field, FieldKind, Judgement, Replayed, Rule, RuleSpec, Scope, Settings, doubt};
use crate::compare::Evidence;
use crate::model::{Kind, Measured, OutcomeKind, Replay, Step, Untrusted};
use std::time::Duration;

pub(super) const SPEC: RuleSpec = RuleSpec::of::<TestsDuration>(
    "tests.duration",
    "Time of the tests",
    "duration",
    Some(Kind::Tests),
    "How long all tests may take together, added up over cases and reports whether they ran side by side or not. \
     A time that is missing or cannot be read is not zero: then nothing is met. Under `paths`, the tests whose file or \
     suite matches.",
)
.counting(|totals| totals.executed())
.by_path();

struct TestsDuration {
    max: Option<u64>,
}

impl Rule for TestsDuration {
    const FIELDS: &'static [Field] = &[Field {
        key: "max-seconds",
        kind: FieldKind::Count,
        direction: Direction::Max,
        default: None,
        doc: "the largest sum of the times of all tests in seconds, a whole number",
    }];

    fn read(settings: &Settings) -> Self {
        Self { max: settings.count("max-seconds") }
    }

    fn judge(&self, evidence: &Evidence<'_>, scope: &Scope<'_>) -> Judgement {
        let required = self
            .max
            .map_or("no limit".to_owned(), |max| format!("at most {}", counted(max, "second", "seconds")));
        if let Some(judgement) = doubt::absent(evidence, scope, Kind::Tests, &required) {
            return judgement;
        }
        let run = ScopedTests::of_head(evidence, scope);
        let (measured, text) = match run.duration {
            // Rounded up, so that a time above the limit never shows as the limit.
            Some(time) => (Measured::Count(whole_seconds(time)), seconds_text(time)),
            None => (Measured::Nothing, "no time is given".to_owned()),
        };
        let mut judgement =
            Judgement::new(OutcomeKind::Met, measured, text, required).measuring(&[("untimed", run.untimed)]);
        if let (Some(figures), Some(time)) = (&mut judgement.figures, run.duration) {
            figures.insert("seconds".to_owned(), whole_seconds(time));
        }
        let Some(max) = self.max else {
            judgement.kind = OutcomeKind::NotJudged;
            judgement.reason = "no largest time is set".into();
            return doubt::settle(judgement, evidence, scope, Kind::Tests);
        };
        // Times that are missing can only make the sum larger.
        if run.duration.is_some_and(|time| time > Duration::from_secs(max)) {
            judgement.kind = OutcomeKind::NotMet;
            judgement.steps.push(Step {
                rule: SPEC.id,
                action: format!("Let the tests take at most {}.", counted(max, "second", "seconds")),
                subject: Untrusted::default(),
                file: Untrusted::default(),
                line: None,
                detail: Untrusted::new(format!("they take {}", judgement.measured_text)),
                run: String::new(),
                for_owners: false,
            });
            return judgement;
        }
        if let Some(reason) = run.doubt(scope).filter(|_| !scope.whole) {
            judgement.kind = OutcomeKind::NotMeasured;
            return judgement.because(reason);
        }
        if run.duration.is_none() || run.untimed > 0 {
            judgement.kind = OutcomeKind::NotMeasured;
            return judgement.because(match (run.duration, run.untimed) {
                (None, _) => "the reports give no time".to_owned(),
                (_, tests) => {
                    format!("{} no time that can be read", counted(tests, "test has", "tests have"))
                }
            });
        }
        doubt::settle(judgement, evidence, scope, Kind::Tests)
    }

    fn replay(&self, replay: &Replay) -> Option<Replayed> {
        let figures = replay.figures.as_ref()?;
        let (untimed, seconds) = (*figures.get("untimed")?, figures.get("seconds").copied());
        let Some(max) = self.max else { return Some(Replayed::NOT_JUDGED) };
        Some(match seconds {
            Some(seconds) if seconds > max => Replayed::not_met(seconds - max),
            Some(_) if untimed == 0 => Replayed::MET,
            _ => Replayed::NOT_MEASURED,
        })
    }
}

fn whole_seconds(time: Duration) -> u64 {
    time.as_secs().saturating_add(u64::from(time.subsec_nanos() > 0))
}

/// `12.345 seconds`: milliseconds, rounded up.
fn seconds_text(time: Duration) -> String {
    let millis = time.as_nanos().div_ceil(1_000_000);
    format!("{}.{:03} seconds", millis / 1_000, millis % 1_000)
}

#[cfg(test)]
mod tests {
    use super::super::sample::{Sample, tests};
    use super::*;
    use crate::model::Snapshot;
    use crate::model::TestStatus::Passed;

    fn taking(time: Option<Duration>, untimed: u64) -> Snapshot {
        let mut head = tests(&[("a", Passed), ("b", Passed)]);
        let run = head.tests.as_mut().unwrap();
        run.duration = time;
        run.untimed = untimed;
        head
    }

    fn judge(time: Option<Duration>, untimed: u64) -> Judgement {
        Sample::of(taking(time, untimed)).judge("tests.duration", &[("max-seconds", "10")])
    }

    #[test]
    fn as_long_as_allowed_is_met_and_a_nanosecond_more_is_not() {
        assert_eq!(judge(Some(Duration::from_secs(10)), 0).kind, OutcomeKind::Met);
        let judgement = judge(Some(Duration::new(10, 1)), 0);
        assert_eq!(judgement.kind, OutcomeKind::NotMet);
        assert_eq!(judgement.measured_text, "10.001 seconds");
        assert_eq!(judgement.required_text, "at most 10 seconds");
    }

    #[test]
    fn a_missing_time_is_not_zero() {
        let judgement = judge(Some(Duration::from_secs(1)), 1);
        assert_eq!(judgement.kind, OutcomeKind::NotMeasured);
        assert_eq!(judgement.reason.raw(), "1 test has no time that can be read");
        assert_eq!(judge(None, 2).kind, OutcomeKind::NotMeasured);
    }

    #[test]
    fn what_is_too_long_without_the_missing_times_is_too_long() {
        assert_eq!(judge(Some(Duration::from_secs(11)), 1).kind, OutcomeKind::NotMet);
    }

    #[test]
    fn without_a_limit_or_a_report_there_is_nothing_to_judge() {
        let sample = Sample::of(taking(Some(Duration::from_secs(1)), 0));
        assert_eq!(sample.judge("tests.duration", &[]).kind, OutcomeKind::NotJudged);
        let judgement = Sample::default().judge("tests.duration", &[("max-seconds", "10")]);
        assert_eq!(judgement.kind, OutcomeKind::NotMeasured);
    }
}
