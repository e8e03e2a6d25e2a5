//! `tests.removed`: the change does not remove too many tests.

use super::words::counted;
use super::{
    Direction, Field, FieldKind, Judgement, Replayed, Rule, RuleSpec, Scope, Settings, doubt, test_scope,
};
use crate::compare::{Evidence, RemovedTest};
use crate::model::{Detail, Kind, Measured, OutcomeKind, Replay, Step, TestStatus, Untrusted};

pub(super) const SPEC: RuleSpec = RuleSpec::of::<TestsRemoved>(
    "tests.removed",
    "Removed tests",
    "removed",
    Some(Kind::Tests),
    "How many tests of the base may be gone, whether they passed there or not. A skipped test is not gone, and a \
     test in a file that git says was renamed is not either; a renamed test is. Under `paths`, the tests whose file \
     matches.",
)
.counting(|totals| totals.tests)
.by_path();

const MOST_ROWS: usize = 500;

struct TestsRemoved {
    max: u64,
}

impl Rule for TestsRemoved {
    const FIELDS: &'static [Field] = &[Field {
        key: "max",
        kind: FieldKind::Count,
        direction: Direction::Max,
        default: Some("0"),
        doc: "the largest number of removed tests, a whole number",
    }];

    fn read(settings: &Settings) -> Self {
        Self { max: settings.count("max").unwrap_or(0) }
    }

    fn judge(&self, evidence: &Evidence<'_>, scope: &Scope<'_>) -> Judgement {
        let required = match self.max {
            0 => "no removed test".to_owned(),
            max => format!("at most {}", counted(max, "removed test", "removed tests")),
        };
        if let Some(judgement) = doubt::absent(evidence, scope, Kind::Tests, &required) {
            return judgement;
        }
        let Some(changes) = &evidence.test_changes else {
            // Asked for by a file, it is missing evidence (DECISIONS 20).
            let kind = if scope.named { OutcomeKind::NotMeasured } else { OutcomeKind::NotJudged };
            let reason = "there are no test results of the base, so nobody can say which tests are gone";
            return Judgement::new(kind, Measured::Nothing, "", required).because(reason).before_measuring();
        };
        let removed: Vec<&RemovedTest<'_>> =
            changes.removed.iter().filter(|removed| test_scope::id_in_scope(removed.id, scope)).collect();
        // A test without a name may have stood in any file.
        let unnamed = if scope.whole { changes.removed_unnamed } else { 0 };
        let count = unnamed.saturating_add(removed.len() as u64);
        let mut text = format!("{} removed", counted(count, "test", "tests"));
        if unnamed > 0 {
            text.push_str(&format!(
                ", {unnamed} of them only counted: the base keeps no names of so many tests"
            ));
        }
        let mut judgement = Judgement::new(OutcomeKind::Met, Measured::Count(count), text, required)
            .measuring(&[("removed", count)]);
        judgement.details.extend(detail(&removed, count));
        let more = "more tests were counted than are kept by name, so nobody can say which are gone";
        if count > self.max && !changes.head_is_whole {
            judgement.kind = OutcomeKind::NotMeasured;
            return judgement.because(more);
        }
        if count > self.max {
            judgement.kind = OutcomeKind::NotMet;
            judgement.steps.push(step(&removed, count));
            // The rest of the reports could hold them.
            return doubt::settle_share(judgement, evidence, scope, Kind::Tests);
        }
        if !changes.base_is_whole || (!scope.whole && changes.removed_unnamed > 0) {
            judgement.kind = OutcomeKind::NotMeasured;
            return judgement.because(more);
        }
        doubt::settle(judgement, evidence, scope, Kind::Tests)
    }

    fn replay(&self, replay: &Replay) -> Option<Replayed> {
        Some(Replayed::at_most(*replay.figures.as_ref()?.get("removed")?, self.max))
    }
}

fn step(removed: &[&RemovedTest<'_>], count: u64) -> Step {
    // A test that failed on the base and is gone is what people must hear of first.
    let first = removed.iter().find(|removed| removed.status.is_bad()).or_else(|| removed.first());
    let detail = match (first, count) {
        (Some(first), 1) => in_words(first),
        (Some(first), _) => format!("{}; and {} more", in_words(first), count - 1),
        (None, _) => "the base keeps no names of so many tests, so they can only be counted".to_owned(),
    };
    Step {
        rule: SPEC.id,
        action: format!("Bring back {}.", counted(count, "removed test", "removed tests")),
        subject: first.map(|removed| removed.id.display()).unwrap_or_default(),
        file: first.map(|removed| removed.id.file.clone()).unwrap_or_default(),
        line: None,
        detail: Untrusted::new(detail),
        run: String::new(),
        for_owners: false,
    }
}

fn in_words(removed: &RemovedTest<'_>) -> String {
    let perhaps = match removed.perhaps {
        Some(id) if !id.file.is_empty() => {
            format!("; a test of that name is new in {}", id.file.raw())
        }
        Some(_) => "; a test of that name is new".to_owned(),
        None => String::new(),
    };
    format!("{} on the base{perhaps}", status_word(removed.status))
}

const fn status_word(status: TestStatus) -> &'static str {
    match status {
        TestStatus::Passed => "passed",
        TestStatus::Skipped => "skipped",
        TestStatus::Unknown => "of unknown status",
        TestStatus::Failed | TestStatus::Errored => "failed",
    }
}

fn detail(removed: &[&RemovedTest<'_>], count: u64) -> Option<Detail> {
    let mut rows = vec![vec!["Test".into(), "File".into(), "On the base".into()]];
    rows.extend(
        removed
            .iter()
            .take(MOST_ROWS)
            .map(|removed| vec![removed.id.display(), removed.id.file.clone(), in_words(removed).into()]),
    );
    let shown = rows.len() as u64 - 1;
    let title = if shown == count {
        format!("Removed tests ({count})")
    } else {
        format!("Removed tests ({shown} of {count})")
    };
    (shown > 0).then(|| Detail { title, rows, text: Untrusted::default() })
}

#[cfg(test)]
mod tests {
    use super::super::sample::{Sample, report, tests};
    use super::*;
    use crate::model::TestStatus::{Failed, Passed, Skipped};
    use crate::model::{Health, PassedTests};

    fn sample(head: &[(&str, TestStatus)]) -> Sample {
        let base = tests(&[("a", Passed), ("b", Passed), ("c", Failed), ("d", Skipped)]);
        Sample::of(tests(head)).against(base)
    }

    #[test]
    fn as_many_removed_tests_as_allowed_are_met_and_one_more_is_not() {
        let sample = sample(&[("a", Passed), ("c", Failed), ("e", Passed)]);
        assert_eq!(sample.judge("tests.removed", &[("max", "2")]).kind, OutcomeKind::Met);
        let judgement = sample.judge("tests.removed", &[("max", "1")]);
        assert_eq!(judgement.kind, OutcomeKind::NotMet);
        assert_eq!(judgement.measured_text, "2 tests removed");
        assert_eq!(judgement.steps[0].action, "Bring back 2 removed tests.");
        assert_eq!(judgement.steps[0].detail.raw(), "passed on the base; and 1 more");
        assert_eq!(judgement.details[0].title, "Removed tests (2)");
    }

    #[test]
    fn deleting_a_failing_test_counts_as_removing_it() {
        let judgement = sample(&[("a", Passed), ("b", Passed), ("d", Skipped)]).judge("tests.removed", &[]);
        assert_eq!(judgement.kind, OutcomeKind::NotMet);
        assert_eq!(judgement.steps[0].subject.raw(), "c");
        assert_eq!(judgement.steps[0].detail.raw(), "failed on the base");
    }

    #[test]
    fn a_skipped_test_is_not_gone() {
        let head = [("a", Skipped), ("b", Skipped), ("c", Skipped), ("d", Skipped)];
        assert_eq!(sample(&head).judge("tests.removed", &[]).kind, OutcomeKind::Met);
    }

    #[test]
    fn tests_without_names_can_only_be_counted() {
        let mut base = tests(&[("a", Passed), ("b", Passed)]);
        let run = base.tests.as_mut().unwrap();
        run.passed = PassedTests::Hashes(run.passed.to_hashes());
        let judgement = Sample::of(tests(&[("a", Passed)])).against(base).judge("tests.removed", &[]);
        assert_eq!(judgement.kind, OutcomeKind::NotMet);
        assert!(judgement.measured_text.contains("only counted"));
        assert!(judgement.steps[0].detail.raw().contains("can only be counted"));
    }

    #[test]
    fn without_a_base_it_applies_only_where_a_file_asks_for_it() {
        let sample = Sample::of(tests(&[("a", Passed)])).without_base();
        assert_eq!(sample.judge("tests.removed", &[]).kind, OutcomeKind::NotMeasured);
        assert_eq!(sample.judge_unnamed("tests.removed").kind, OutcomeKind::NotJudged);
        assert_eq!(Sample::default().judge("tests.removed", &[]).kind, OutcomeKind::NotMeasured);
    }

    #[test]
    fn a_cut_off_report_may_hold_the_tests_that_are_missing() {
        let mut sample = sample(&[("a", Passed)]);
        sample.head.reports.push(report("cut.xml", Kind::Tests, Health::Invalid));
        assert_eq!(sample.judge("tests.removed", &[]).kind, OutcomeKind::NotMeasured);
    }

    #[test]
    fn where_names_of_passed_tests_were_not_kept_nobody_can_say() {
        let mut sample = sample(&[("a", Passed), ("c", Failed), ("d", Skipped)]);
        sample.head.tests.as_mut().unwrap().passed = PassedTests::default();
        assert_eq!(sample.judge("tests.removed", &[]).kind, OutcomeKind::NotMeasured);
        let mut sample = self::sample(&[("a", Passed), ("b", Passed), ("c", Failed), ("d", Skipped)]);
        sample.base.as_mut().unwrap().tests.as_mut().unwrap().passed = PassedTests::default();
        assert_eq!(sample.judge("tests.removed", &[]).kind, OutcomeKind::NotMeasured);
    }
}
