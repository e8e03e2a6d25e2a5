//! `build.jobs`: the CI jobs themselves came to a good end (DECISIONS 15).

use super::words::counted;
use super::{Direction, Field, FieldKind, Globs, Judgement, Rule, RuleSpec, Scope, Settings, doubt};
use crate::compare::Evidence;
use crate::model::{Job, JobResult, Measured, OutcomeKind, Step, Untrusted};

pub(super) const SPEC: RuleSpec = RuleSpec::of::<BuildJobs>(
    "build.jobs",
    "Build",
    "build",
    None,
    "The CI jobs or steps that are known must end well. A failed one is explained by a failing test; one that \
     failed, was cancelled or skipped without such an explanation makes what the reports say unbelievable.",
)
.not_waivable();

const MOST_STEPS: usize = 5;

struct BuildJobs {
    allow_skipped: Globs,
}

impl Rule for BuildJobs {
    const FIELDS: &'static [Field] = &[Field {
        key: "allow-skipped",
        kind: FieldKind::Globs,
        direction: Direction::Unordered,
        default: None,
        doc: "globs of the names of jobs that may be skipped",
    }];

    fn read(settings: &Settings) -> Self {
        // The policy's reader has checked the globs; one that cannot be compiled allows nothing.
        Self { allow_skipped: Globs::new(settings.globs("allow-skipped")).unwrap_or_default() }
    }

    fn judge(&self, evidence: &Evidence<'_>, scope: &Scope<'_>) -> Judgement {
        let required = "must finish";
        let jobs = evidence.jobs.map(|jobs| jobs.jobs.as_slice()).unwrap_or_default();
        if jobs.is_empty() {
            let (outcome, reason) = match evidence.jobs {
                Some(_) if scope.named => (OutcomeKind::NotMeasured, "the list of jobs is empty"),
                _ => (OutcomeKind::NotJudged, "no job of the CI is known"),
            };
            return Judgement::new(outcome, Measured::Nothing, "", required).because(reason);
        }
        let unexplained = self.unexplained(evidence);
        let text = measured_text(jobs);
        let count = Measured::Count(unexplained.len() as u64);
        let mut judgement = Judgement::new(OutcomeKind::Met, count, text, required);
        if unexplained.is_empty() {
            let bad = |job: &Job| matches!(job.result, JobResult::Failure | JobResult::Cancelled);
            if jobs.iter().any(bad) {
                judgement.measured_text.push_str("; the failing tests explain it");
            }
            return judgement;
        }
        judgement.reason = doubt::joined(&reasons(&unexplained));
        let failed: Vec<_> = unexplained.iter().filter(|job| job.result == JobResult::Failure).collect();
        // Where tests fail too, they are the first thing to repair, and a job more may have failed because of
        // them; where none fails, the build itself is what the contributor has to repair.
        if failed.is_empty() || failing_tests(evidence) > 0 {
            judgement.kind = OutcomeKind::NotMeasured;
            return judgement;
        }
        judgement.kind = OutcomeKind::NotMet;
        judgement.steps = failed
            .into_iter()
            .take(MOST_STEPS)
            .map(|job| Step {
                rule: SPEC.id,
                action: "Repair the build.".to_owned(),
                subject: job.name.clone(),
                file: Untrusted::default(),
                line: None,
                detail: Untrusted::new(format!("the build failed in `{}`", job.name.raw())),
                run: String::new(),
                for_owners: false,
            })
            .collect();
        judgement
    }
}

impl BuildJobs {
    fn unexplained<'e>(&self, evidence: &Evidence<'e>) -> Vec<&'e Job> {
        let jobs = evidence.jobs.map(|jobs| jobs.jobs.as_slice()).unwrap_or_default();
        let failed = jobs.iter().filter(|job| job.result == JobResult::Failure).count() as u64;
        let failing = failing_tests(evidence);
        // Each failed job needs a failing test of its own, and what a failing test stopped or skipped behind
        // it is its consequence.
        let tests_explain = failed > 0 && failing >= failed;
        jobs.iter()
            .filter(|job| match job.result {
                JobResult::Success => false,
                JobResult::Failure | JobResult::Cancelled => !tests_explain,
                JobResult::Skipped => !tests_explain && !self.allow_skipped.is_match_text(job.name.raw()),
                JobResult::Unknown => true,
            })
            .collect()
    }
}

/// Why nothing that the reports say can be called met: the jobs that nothing explains, in words.
pub fn unexplained_jobs(settings: &Settings, evidence: &Evidence<'_>) -> Vec<Untrusted> {
    reasons(&BuildJobs::read(settings).unexplained(evidence))
}

/// Cases and containers that fail, whether they count or not: each of them makes its job fail.
fn failing_tests(evidence: &Evidence<'_>) -> u64 {
    let totals = evidence.head.tests.as_ref().map(|run| run.totals).unwrap_or_default();
    totals.bad().saturating_add(totals.container_failures)
}

fn reasons(jobs: &[&Job]) -> Vec<Untrusted> {
    let words = |job: &&Job| {
        let how = match job.result {
            JobResult::Success => "ended well",
            JobResult::Failure => "failed, and no failing test explains it",
            JobResult::Cancelled => "was cancelled",
            JobResult::Skipped => "was skipped",
            JobResult::Unknown => "has no result that Tollgate knows",
        };
        Untrusted::new(format!("`{}` {how}", job.name.raw()))
    };
    jobs.iter().map(words).collect()
}

fn measured_text(jobs: &[Job]) -> String {
    let count = |result: JobResult| jobs.iter().filter(|job| job.result == result).count() as u64;
    let finished = count(JobResult::Success);
    if finished == jobs.len() as u64 {
        return if finished == 1 { "finished".to_owned() } else { format!("all {finished} jobs finished") };
    }
    let mut text = format!("{finished} of {} finished", counted(jobs.len() as u64, "job", "jobs"));
    let others = [
        (JobResult::Failure, "failed"),
        (JobResult::Cancelled, "cancelled"),
        (JobResult::Skipped, "skipped"),
        (JobResult::Unknown, "unknown"),
    ];
    for (result, word) in others {
        if count(result) > 0 {
            text.push_str(&format!(", {} {word}", count(result)));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::sample::{Sample, tests, with_container_failure, with_jobs};
    use super::*;
    use crate::model::JobResult::{Cancelled, Failure, Skipped, Success, Unknown};
    use crate::model::TestStatus::{Failed, Passed};

    fn green(jobs: &[(&str, JobResult)]) -> Sample {
        Sample::of(with_jobs(tests(&[("a", Passed)]), jobs))
    }

    #[test]
    fn jobs_that_ended_well_meet_the_rule() {
        assert_eq!(green(&[("test", Success)]).judge("build.jobs", &[]).measured_text, "finished");
        let judgement = green(&[("lint", Success), ("test", Success)]).judge("build.jobs", &[]);
        assert_eq!(judgement.kind, OutcomeKind::Met);
        assert_eq!(judgement.measured_text, "all 2 jobs finished");
    }

    #[test]
    fn a_failed_job_that_nothing_explains_is_a_failed_build() {
        let judgement = green(&[("lint", Failure), ("test", Success)]).judge("build.jobs", &[]);
        assert_eq!(judgement.kind, OutcomeKind::NotMet);
        assert_eq!(judgement.measured_text, "1 of 2 jobs finished, 1 failed");
        assert_eq!(judgement.steps[0].detail.raw(), "the build failed in `lint`");
        assert_eq!(judgement.reason.raw(), "`lint` failed, and no failing test explains it");
    }

    #[test]
    fn a_failing_test_or_suite_explains_its_job_and_what_was_skipped_behind_it() {
        let jobs = [("test", Failure), ("deploy", Skipped)];
        let sample = Sample::of(with_jobs(tests(&[("a", Failed)]), &jobs));
        let judgement = sample.judge("build.jobs", &[]);
        assert_eq!(judgement.kind, OutcomeKind::Met);
        assert!(judgement.measured_text.ends_with("; the failing tests explain it"), "{judgement:?}");
        let sample = Sample::of(with_jobs(with_container_failure(tests(&[("a", Passed)]), "suite"), &jobs));
        assert_eq!(sample.judge("build.jobs", &[]).kind, OutcomeKind::Met);
    }

    #[test]
    fn one_failing_test_does_not_explain_two_failed_jobs() {
        let jobs = [("lint", Failure), ("test", Failure)];
        let judgement = Sample::of(with_jobs(tests(&[("a", Failed)]), &jobs)).judge("build.jobs", &[]);
        assert_eq!(judgement.kind, OutcomeKind::NotMeasured);
        assert!(judgement.steps.is_empty());
    }

    #[test]
    fn a_cancelled_skipped_or_unknown_job_is_not_measured() {
        for result in [Cancelled, Skipped, Unknown] {
            let judgement = green(&[("lint", Success), ("test", result)]).judge("build.jobs", &[]);
            assert_eq!(judgement.kind, OutcomeKind::NotMeasured, "{result:?}");
        }
    }

    #[test]
    fn a_job_that_may_be_skipped_is_no_gap() {
        let sample = green(&[("deploy-docs", Skipped), ("test", Success)]);
        assert_eq!(sample.judge("build.jobs", &[("allow-skipped", "deploy-*")]).kind, OutcomeKind::Met);
        assert_eq!(sample.judge("build.jobs", &[("allow-skipped", "docs")]).kind, OutcomeKind::NotMeasured);
    }

    #[test]
    fn without_known_jobs_there_is_nothing_to_judge() {
        assert_eq!(Sample::of(tests(&[])).judge("build.jobs", &[]).kind, OutcomeKind::NotJudged);
        assert_eq!(green(&[]).judge("build.jobs", &[]).kind, OutcomeKind::NotMeasured);
    }
}
