//! Failing tests: which of them count, what to do about them, and what is shown of them.

use super::lift::Lifted;
use super::words::{counted, first_line};
use super::{Placeholders, Scope, test_scope};
use crate::compare::Evidence;
use crate::diagnostic::Origin;
use crate::model::{
    ContainerFailure, Detail, NotCounted, PassedTests, Retries, Step, TestCase, TestId, Untrusted,
};
use std::collections::BTreeSet;

/// The rule that asks for the steps.
const RULE: &str = "tests.failed";

/// Steps and rows beyond these numbers are only counted.
const MOST_STEPS: usize = 20;
const MOST_ROWS: usize = 500;
const MOST_OUTPUTS: usize = 5;

/// The failures that count, and those that do not.
pub(super) struct Failures<'e> {
    /// Failing cases that are kept whole.
    pub(super) cases: Vec<&'e TestCase>,
    /// How many cases fail, kept or not.
    pub(super) case_count: u64,
    /// Failing containers that are kept whole.
    pub(super) containers: &'e [&'e ContainerFailure],
    /// How many containers fail, kept or not.
    pub(super) container_count: u64,
    /// Failures that do not count, each with its proof.
    pub(super) not_counted: Vec<NotCounted>,
    /// Origins of the waivers and quarantine entries that a test fits.
    pub(super) used: BTreeSet<Origin>,
    /// Failing cases that are counted and not kept, in whatever file they stand.
    pub(super) nameless: u64,
    /// Failing tests that pass with their other runs.
    pub(super) passed_again: u64,
}

impl<'e> Failures<'e> {
    pub(super) fn count(evidence: &'e Evidence<'_>, scope: &Scope<'_>, retries: Retries) -> Self {
        let failures = &evidence.failures;
        let mut lifted = Lifted::default();
        let mut cases = Vec::new();
        let (inside, outside): (Vec<&TestCase>, Vec<&TestCase>) =
            failures.cases.iter().copied().partition(|case| test_scope::case_in_scope(case, scope));
        let (mut passed_again, mut other_runs) = (0_u64, 0_u64);
        for case in inside {
            if let Some(repeated) = case.repeated.filter(|_| retries != Retries::AllPass)
                && (repeated.passes(retries) || !repeated.stands_for_all)
            {
                other_runs += 1;
                passed_again += u64::from(repeated.passes(retries) && repeated.stands_for_all);
                continue;
            }
            if !lifted.test(RULE, case, scope) {
                cases.push(case);
            }
        }
        mark_used(&mut lifted, evidence, scope);
        // The counts are of all failures, the lists of those that are kept; the larger one is believed.
        let excused = lifted.not_counted.len() as u64;
        let kept = failures.cases.len() as u64;
        let nameless = failures.count.saturating_sub(kept);
        let mut case_count = kept.saturating_sub(outside.len() as u64 + other_runs).saturating_sub(excused);
        let mut not_counted = std::mem::take(&mut lifted.not_counted);
        if !scope.whole {
            // What has no file of its own, cases that are only counted and suites, belongs to the rule itself.
            let (containers, container_count) = (&[][..], 0);
            let used = lifted.used;
            return Self {
                cases,
                case_count,
                containers,
                container_count,
                not_counted,
                used,
                nameless,
                passed_again,
            };
        }
        case_count = case_count.saturating_add(nameless);
        let container_count = failures.container_count.max(failures.containers.len() as u64);
        not_counted.splice(0..0, failures.not_counted.iter().cloned());
        Self {
            cases,
            case_count,
            containers: &failures.containers,
            container_count,
            not_counted,
            used: lifted.used,
            nameless,
            passed_again,
        }
    }

    pub(super) const fn all(&self) -> u64 {
        self.case_count.saturating_add(self.container_count)
    }
}

/// Says which entries fit a test at all. Where the names of passed tests were not kept nobody can say that one
/// fits nothing.
fn mark_used(lifted: &mut Lifted, evidence: &Evidence<'_>, scope: &Scope<'_>) {
    if scope.waivers.is_empty() && scope.quarantine.is_empty() {
        return;
    }
    let Some(run) = evidence.head.tests.as_ref() else { return lifted.mark_all(scope) };
    let (PassedTests::Names(names), 0) = (&run.passed, run.not_kept) else { return lifted.mark_all(scope) };
    if names.is_empty() && run.totals.passed > 0 {
        return lifted.mark_all(scope);
    }
    let kept = run.cases.iter().map(|case| case.id.display());
    let displayed: Vec<Untrusted> = kept.chain(names.iter().map(TestId::display)).collect();
    lifted.mark_tests(&displayed, scope);
}

/// A step per failure, as far as they are kept.
pub(super) fn steps(
    failures: &Failures<'_>,
    evidence: &Evidence<'_>,
    scope: &Scope<'_>,
    compared: bool,
) -> Vec<Step> {
    let new = if compared { "new " } else { "" };
    let failed = failures.all();
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
        words.push(format!("passes on {}", evidence.base_side.branch()));
    }
    if let Some(figure) = evidence.failure_figures.get(&case.id) {
        words.push(format!("failed like this in {figure} too"));
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
        rule: RULE,
        action: String::new(),
        subject: Untrusted::default(),
        file: Untrusted::default(),
        line: None,
        detail: Untrusted::default(),
        run: String::new(),
        for_owners: false,
    }
}

/// The outputs of the first failures, and a table of all.
pub(super) fn details(failures: &Failures<'_>) -> Vec<Detail> {
    let failed = failures.all();
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
