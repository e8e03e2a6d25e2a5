//! `tests.failed`: no test fails that passes without the change.

use super::failing_tests::{Failures, details, steps};
use super::words::counted;
use super::{Direction, Field, FieldKind, Judgement, Replayed, Rule, RuleSpec, Scope, Settings, doubt};
use crate::compare::{Evidence, Occasion};
use crate::model::{Kind, Measured, OutcomeKind, Replay, Retries, TestTotals, Untrusted};

pub(super) const SPEC: RuleSpec = RuleSpec::of::<TestsFailed>(
    "tests.failed",
    "Tests",
    "tests",
    Some(Kind::Tests),
    "How many tests may fail. Failed and errored cases and failures of whole suites count together; what also \
     fails on the base, in a file that the change does not touch, does not count. Under `paths`, the cases whose \
     file matches.",
)
.counting(|totals| totals.bad().saturating_add(totals.container_failures))
.by_path();

struct TestsFailed {
    max: u64,
    absolute_without_base: bool,
    retries: Retries,
}

/// How the rule takes repeated tests; `None` for the settings of another rule.
pub fn retries(settings: &Settings) -> Option<Retries> {
    let word = settings.word("retries")?;
    Retries::ALL.into_iter().find(|retries| retries.word() == word)
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
        Field {
            key: "retries",
            kind: FieldKind::Word(&["any-pass", "last", "first", "all-pass"]),
            direction: Direction::OrderedBut(["last", "first"]),
            default: Some("all-pass"),
            doc: "when a test passes that one report holds several times under the same suite, class, name and file: \
                  when any of its runs passed, the last, the first, or all of them",
        },
    ];

    fn read(settings: &Settings) -> Self {
        Self {
            max: settings.count("max").unwrap_or(0),
            absolute_without_base: settings.word("without-base") != Some("not-measured"),
            retries: retries(settings).unwrap_or(Retries::AllPass),
        }
    }

    fn judge(&self, evidence: &Evidence<'_>, scope: &Scope<'_>) -> Judgement {
        let compared = is_compared(evidence);
        let required = self.required(compared);
        if let Some(judgement) = doubt::absent(evidence, scope, Kind::Tests, &required) {
            return judgement;
        }
        let totals = evidence.head.tests.as_ref().map(|run| run.totals).unwrap_or_default();
        let failures = Failures::count(evidence, scope, self.retries);
        let failed = failures.all();
        let measured_text = if scope.whole {
            measured_text(&failures, &totals, compared)
        } else {
            let new = if compared { "new " } else { "" };
            counted(failed, &format!("{new}failure here"), &format!("{new}failures here"))
        };
        let mut judgement =
            Judgement::new(OutcomeKind::Met, Measured::Count(failed), measured_text, required)
                .measuring(&[("failed", failed), ("compared", u64::from(compared))]);
        let is_repeated =
            evidence.head.tests.iter().flat_map(|run| &run.cases).any(|case| case.repeated.is_some());
        if let (Some(figures), true) = (&mut judgement.figures, is_repeated) {
            figures.insert("repeated".to_owned(), 1);
        }
        judgement.not_counted.clone_from(&failures.not_counted);
        judgement.used.clone_from(&failures.used);
        if failed > self.max {
            judgement.kind = OutcomeKind::NotMet;
            if !compared && !self.absolute_without_base {
                judgement.kind = OutcomeKind::NotMeasured;
                judgement.reason = "there is no base to tell which of the failures are new".into();
            }
            judgement.steps = steps(&failures, evidence, scope, compared);
            judgement.details = details(&failures);
            return judgement;
        }
        if !scope.whole && failures.nameless > 0 {
            judgement.kind = OutcomeKind::NotMeasured;
            return judgement.because("more tests fail than are kept by name");
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

    fn replay(&self, replay: &Replay) -> Option<Replayed> {
        let figures = replay.figures.as_ref()?;
        let (failed, compared) = (*figures.get("failed")?, *figures.get("compared")?);
        if figures.contains_key("repeated") {
            // How many fail depends on `retries`, and the record has the count under one of its words.
            return None;
        }
        if failed > self.max && compared == 0 && !self.absolute_without_base {
            return Some(Replayed::NOT_MEASURED);
        }
        Some(Replayed::at_most(failed, self.max))
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

fn measured_text(failures: &Failures<'_>, totals: &TestTotals, compared: bool) -> String {
    let (failed, containers) = (failures.all(), failures.container_count);
    let mut parts = Vec::new();
    let not_counted = failures.not_counted.len() as u64;
    if failed == 0 && not_counted > 0 {
        parts.push(if compared { "0 new failures" } else { "0 failures" }.to_owned());
        parts.push(format!("{not_counted} not counted"));
    } else if failed == 0 {
        parts.push(format!("{} passed", totals.passed));
        parts.push("0 failed".to_owned());
    } else {
        if compared {
            parts.push(counted(failed, "new failure", "new failures"));
        } else if failures.case_count > 0 {
            parts.push(format!("{} failed", failures.case_count));
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
    let flaky = totals.flaky.saturating_add(failures.passed_again);
    if flaky > 0 {
        parts.push(format!("{flaky} only when run again"));
    }
    if totals.unknown > 0 {
        parts.push(format!("{} unknown", totals.unknown));
    }
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::super::sample::{Sample, case, report, tests, with_container_failure};
    use super::*;
    use crate::model::TestStatus::{Errored, Failed, Passed, Skipped, Unknown};
    use crate::model::{Health, Repeated, Snapshot, TestCase, TestStatus};

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
        assert_eq!(judgement.steps[0].detail.raw(), "passes on main");
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
    fn a_quarantined_test_is_shown_and_not_counted() {
        let sample = Sample::of(tests(&[("a", Failed), ("b", Passed)])).quarantining("a");
        let judgement = sample.judge("tests.failed", &[]);
        assert_eq!(judgement.kind, OutcomeKind::Met);
        assert_eq!(judgement.measured_text, "0 failures, 1 not counted");
        assert_eq!(judgement.not_counted[0].cause, "quarantined");
        assert_eq!(judgement.not_counted[0].proof.raw(), "quarantined by @acme/core until 2027-01-15: flaky");
        let other = Sample::of(tests(&[("ab", Failed), ("b", Passed)])).quarantining("a");
        assert_eq!(other.judge("tests.failed", &[]).kind, OutcomeKind::NotMet);
    }

    #[test]
    fn quarantine_excuses_no_suite_and_no_broken_report() {
        let head = with_container_failure(tests(&[("a", Failed), ("b", Passed)]), "a");
        assert_eq!(Sample::of(head).quarantining("*").judge("tests.failed", &[]).kind, OutcomeKind::NotMet);
        let mut head = tests(&[("a", Failed), ("b", Passed)]);
        head.reports[0].health = Health::Degraded;
        assert_eq!(
            Sample::of(head).quarantining("*").judge("tests.failed", &[]).kind,
            OutcomeKind::NotMeasured
        );
    }

    #[test]
    fn an_entry_that_fits_a_passing_test_is_used_and_one_that_fits_none_is_not() {
        let sample = Sample::of(tests(&[("a", Passed), ("b", Passed)]));
        assert_eq!(sample.clone().quarantining("a").judge("tests.failed", &[]).used.len(), 1);
        assert_eq!(sample.quarantining("gone").judge("tests.failed", &[]).used.len(), 0);
    }

    #[test]
    fn a_pinned_rule_needs_its_optional_report() {
        let mut sample = Sample::default().asking("unit", Kind::Tests, 1, 0);
        sample.contract[0].optional = true;
        sample.pinned = true;
        assert_eq!(sample.judge("tests.failed", &[]).kind, OutcomeKind::NotMeasured);
    }

    #[test]
    fn failures_that_totals_forget_count() {
        let mut head = tests(GREEN);
        head.tests.as_mut().unwrap().cases.push(case("z", Failed));
        assert_eq!(Sample::of(head).judge("tests.failed", &[]).kind, OutcomeKind::NotMet);
    }

    /// Evidence with the failing runs of one test, of which others passed or not.
    fn repeated(any_passed: bool, first_passed: bool, last_passed: bool, failures: u64) -> Snapshot {
        let mut head = tests(&[("t", Passed), ("u", Passed)]);
        let run = head.tests.as_mut().unwrap();
        for number in 1..=failures {
            run.totals.count(Failed, false);
            let stands_for_all = number == failures;
            let repeated = Some(Repeated { any_passed, first_passed, last_passed, stands_for_all });
            run.cases.push(TestCase { repeated, ..case("t", Failed) });
        }
        head
    }

    #[test]
    fn a_repeated_test_passes_as_the_policy_says_and_without_a_word_not_at_all() {
        let retried = Sample::of(repeated(true, false, true, 2));
        let kind = |sample: &Sample, retries| sample.judge("tests.failed", &[("retries", retries)]).kind;
        let kinds = |sample: &Sample| Retries::ALL.map(|retries| kind(sample, retries.word()));
        use OutcomeKind::{Met, NotMet};
        assert_eq!(kinds(&retried), [Met, Met, NotMet, NotMet]);
        assert_eq!(retried.judge("tests.failed", &[]).kind, NotMet);
        assert_eq!(kinds(&Sample::of(repeated(true, true, false, 1))), [Met, NotMet, Met, NotMet]);
        assert_eq!(kinds(&Sample::of(repeated(true, false, false, 2))), [Met, NotMet, NotMet, NotMet]);
        assert_eq!(kinds(&Sample::of(repeated(false, false, false, 2))), [NotMet; 4]);
    }

    #[test]
    fn runs_of_one_test_count_as_one_failure_and_one_that_passed_as_flaky() {
        let judgement =
            Sample::of(repeated(false, false, false, 3)).judge("tests.failed", &[("retries", "last")]);
        assert_eq!(judgement.measured, Measured::Count(1));
        assert_eq!(judgement.steps.len(), 1);
        let retried = Sample::of(repeated(true, false, true, 2));
        let judgement = retried.judge("tests.failed", &[("retries", "last")]);
        assert_eq!(judgement.measured_text, "2 passed, 0 failed, 1 only when run again");
        assert_eq!(retried.judge("tests.flaky", &[]).measured, Measured::Count(1));
    }

    #[test]
    fn the_same_name_in_another_report_keeps_its_failure() {
        let mut head = repeated(true, false, true, 1);
        let run = head.tests.as_mut().unwrap();
        run.totals.count(Failed, false);
        run.cases.push(case("t", Failed));
        let judgement = Sample::of(head).judge("tests.failed", &[("retries", "any-pass")]);
        assert_eq!((judgement.kind, judgement.measured), (OutcomeKind::NotMet, Measured::Count(1)));
    }

    #[test]
    fn an_overlay_judges_the_tests_of_its_files() {
        let mut head = tests(&[("a", Failed), ("b", Failed), ("c", Passed)]);
        head.tests.as_mut().unwrap().cases[1].id.file = "slow/b.rs".into();
        let mut sample = Sample::of(with_container_failure(head, "suite"));
        let judgement = sample.judge_below("slow/", "tests.failed", &[]);
        assert_eq!((judgement.kind, judgement.measured), (OutcomeKind::NotMet, Measured::Count(1)));
        assert_eq!(judgement.measured_text, "1 failure here");
        assert_eq!(sample.judge_below("slow/", "tests.failed", &[("max", "1")]).kind, OutcomeKind::Met);
        assert_eq!(sample.judge_below("docs/", "tests.failed", &[]).kind, OutcomeKind::Met);
        // A failure that nobody kept could stand in any file.
        sample.head.tests.as_mut().unwrap().totals.failed += 1;
        assert_eq!(sample.judge_below("docs/", "tests.failed", &[]).kind, OutcomeKind::NotMeasured);
    }
}
