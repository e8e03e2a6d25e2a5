//! `build.jobs`: the CI jobs themselves came to a good end (DECISIONS 15).

use super::words::counted;
use super::{Direction, Field, FieldKind, Globs, Judgement, Rule, RuleSpec, Scope, Settings, doubt};
use crate::compare::{Evidence, Occasion};
use crate::model::{
    Job, JobFate, JobReports, JobResult, Kind, Measured, OutcomeKind, ReportTotals, Step, Untrusted,
};
use std::collections::{BTreeMap, BTreeSet};

pub(super) const SPEC: RuleSpec = RuleSpec::of::<BuildJobs>(
    "build.jobs",
    "Build",
    "build",
    None,
    "The CI jobs or steps that are known must end well. A failed one is explained by a failing test that makes the \
     verdict red, or by one in its own reports; one that failed, was cancelled or skipped without such an explanation \
     makes what the reports say unbelievable. One that never started, lost its runner or fails on the base too is the owners' and gives no verdict.",
)
.not_waivable();

const MOST_STEPS: usize = 5;

/// The figure of a judgement that holds only because failing tests make the verdict red by themselves.
pub const EXPLAINED_BY_RED: &str = "explained-by-red";

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
        let unexplained = self.unexplained(evidence, scope.failures_block);
        let text = measured_text(jobs);
        let count = Measured::Count(unexplained.len() as u64);
        let mut judgement = Judgement::new(OutcomeKind::Met, count, text, required);
        if unexplained.is_empty() {
            let bad = |job: &Job| matches!(job.result, JobResult::Failure | JobResult::Cancelled);
            if jobs.iter().any(bad) {
                judgement.measured_text.push_str("; the failing tests explain it");
            }
            if !self.unexplained(evidence, false).is_empty() {
                // Under a policy that lets those tests pass, nothing would explain it.
                return judgement.measuring(&[(EXPLAINED_BY_RED, 1)]);
            }
            return judgement;
        }
        judgement.reason = doubt::joined(&reasons(&unexplained, evidence));
        let is_from_change =
            |job: &&&Job| job.result == JobResult::Failure && cause(job, evidence) == Cause::Unknown;
        let failed: Vec<_> = unexplained.iter().filter(is_from_change).collect();
        // Where tests fail too, they are the first thing to repair, and a job more may have failed because of
        // them; where none fails, the build itself is what the contributor has to repair.
        let is_build = !failed.is_empty() && failing_tests(evidence) == 0;
        judgement.kind = if is_build { OutcomeKind::NotMet } else { OutcomeKind::NotMeasured };
        let steps = unexplained.iter().filter_map(|job| step(job, evidence, is_build, scope.failures_block));
        judgement.steps = steps.take(MOST_STEPS).collect();
        judgement
    }
}

/// Why a job did not end well, as far as it is proven.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cause {
    /// The base's own run has the same job failing.
    FailsOnBase,
    /// No runner ever took it.
    NeverStarted,
    /// Its runner was gone before it ended.
    LostRunner,
    /// Nothing is known.
    Unknown,
}

fn cause(job: &Job, evidence: &Evidence<'_>) -> Cause {
    match job.fate {
        JobFate::NeverStarted => Cause::NeverStarted,
        JobFate::LostRunner => Cause::LostRunner,
        JobFate::Ordinary if job.result == JobResult::Failure && ended_so_at_base(job, evidence) => {
            Cause::FailsOnBase
        }
        JobFate::Ordinary => Cause::Unknown,
    }
}

/// What to do about a job. The owners act where it is proven not to be the change's.
fn step(job: &Job, evidence: &Evidence<'_>, is_build: bool, failures_block: bool) -> Option<Step> {
    let (action, detail) = match cause(job, evidence) {
        Cause::FailsOnBase => ("Repair the job.", format!("it fails on {} too", evidence.base_side.place())),
        Cause::NeverStarted => ("Run the job again.", "no runner ever took it".to_owned()),
        Cause::LostRunner => ("Run the job again.", "its runner was gone before it ended".to_owned()),
        Cause::Unknown if is_build && job.result == JobResult::Failure => {
            ("Repair the build.", format!("the build failed in `{}`", job.name.raw()))
        }
        // Beside a failed build or a test that is to be repaired it may be the consequence.
        Cause::Unknown if is_build || failures_block && failing_tests(evidence) > 0 => return None,
        Cause::Unknown => ("Look at the job's log.", format!("it {}; the cause is unknown", how(job.result))),
    };
    Some(Step {
        rule: SPEC.id,
        action: action.to_owned(),
        subject: job.name.clone(),
        file: Untrusted::default(),
        line: None,
        detail: Untrusted::new(detail),
        run: String::new(),
        for_owners: cause(job, evidence) != Cause::Unknown,
    })
}

/// How a job ended, to stand behind its name.
const fn how(result: JobResult) -> &'static str {
    match result {
        JobResult::Success => "ended well",
        JobResult::Failure => "failed, and no failing test explains it",
        JobResult::Cancelled => "was cancelled",
        JobResult::Skipped => "was skipped",
        JobResult::Unknown => "has no result that Tollgate knows",
    }
}

impl BuildJobs {
    /// The jobs that did not end well and that no failing test explains.
    ///
    /// Where failing tests make the verdict red by themselves, each failed job needs one of them, and what was stopped
    /// or skipped is the consequence: nothing can turn green by it. Where they do not (the base has them too, they are
    /// quarantined or allowed), a job is explained by tests of its own reports alone: those of another job say
    /// nothing about one that died before its upload.
    fn unexplained<'e>(&self, evidence: &Evidence<'e>, failures_block: bool) -> Vec<&'e Job> {
        let jobs = evidence.jobs.map(|jobs| jobs.jobs.as_slice()).unwrap_or_default();
        let failed = jobs.iter().filter(|job| job.result == JobResult::Failure).count() as u64;
        let red_explains = failures_block && failed > 0 && failing_tests(evidence) >= failed;
        let own = if red_explains { BTreeSet::new() } else { own_explains(jobs, evidence) };
        let may_be_skipped = |job: &Job| {
            self.allow_skipped.is_match_text(job.name.raw())
                || !own.is_empty() && ended_so_at_base(job, evidence)
        };
        jobs.iter()
            .filter(|job| match job.result {
                JobResult::Success => false,
                JobResult::Failure => !red_explains && !own.contains(&job.reports),
                JobResult::Cancelled => !red_explains,
                JobResult::Skipped => !red_explains && !may_be_skipped(job),
                JobResult::Unknown => true,
            })
            .collect()
    }
}

/// The places of reports whose failing tests explain the one job (or step) that failed there. Of several that failed in
/// one place nobody can tell which the tests explain.
fn own_explains<'e>(jobs: &'e [Job], evidence: &Evidence<'_>) -> BTreeSet<&'e JobReports> {
    let mut failed: BTreeMap<&JobReports, u64> = BTreeMap::new();
    for job in jobs.iter().filter(|job| job.result == JobResult::Failure) {
        *failed.entry(&job.reports).or_default() += 1;
    }
    let explained = |reports: &JobReports| {
        let mut theirs =
            evidence.head.reports_of(Kind::Tests).filter(|report| reports.hold(report.file.raw()));
        theirs.any(|report| {
            let ReportTotals::Tests(totals) = &report.totals else { return false };
            totals.bad().max(totals.container_failures) > 0
        })
    };
    failed
        .into_iter()
        .filter(|(reports, failed)| *failed == 1 && explained(reports))
        .map(|(r, _)| r)
        .collect()
}

/// True if the base's own run has a job of that name that ended in the same way.
fn ended_so_at_base(job: &Job, evidence: &Evidence<'_>) -> bool {
    let base = evidence.base.filter(|_| evidence.occasion == Occasion::Change);
    let mut at_base = base.and_then(|base| base.jobs.as_ref()).into_iter().flat_map(|jobs| &jobs.jobs);
    at_base.any(|other| other.name == job.name && other.result == job.result)
}

/// Why nothing that the reports say can be called met: the jobs that nothing explains, in words.
pub fn unexplained_jobs(
    settings: &Settings,
    evidence: &Evidence<'_>,
    failures_block: bool,
) -> Vec<Untrusted> {
    reasons(&BuildJobs::read(settings).unexplained(evidence, failures_block), evidence)
}

/// Cases and containers that fail, whether they count or not: each of them makes its job fail.
fn failing_tests(evidence: &Evidence<'_>) -> u64 {
    let totals = evidence.head.tests.as_ref().map(|run| run.totals).unwrap_or_default();
    totals.bad().saturating_add(totals.container_failures)
}

fn reasons(jobs: &[&Job], evidence: &Evidence<'_>) -> Vec<Untrusted> {
    let words = |job: &&Job| {
        let how = match cause(job, evidence) {
            Cause::FailsOnBase => format!("failed, and fails on {} too", evidence.base_side.place()),
            Cause::NeverStarted => "never started".to_owned(),
            Cause::LostRunner => "lost its runner".to_owned(),
            Cause::Unknown => how(job.result).to_owned(),
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

    /// Failing tests that turn nothing red by themselves: the base has them too.
    fn broken_base(jobs: &[(&str, JobResult)]) -> Sample {
        let mut head = with_jobs(tests(&[("a", Failed), ("b", Failed)]), jobs);
        head.reports[0].totals = ReportTotals::Tests(head.tests.as_ref().unwrap().totals);
        Sample { failures_block: false, ..Sample::of(head) }
    }

    fn wrote(mut sample: Sample, reports: &[JobReports]) -> Sample {
        for (job, reports) in sample.head.jobs.as_mut().unwrap().jobs.iter_mut().zip(reports) {
            job.reports = reports.clone();
        }
        sample
    }

    #[test]
    fn tests_that_are_not_counted_explain_no_job_but_the_one_that_wrote_them() {
        let sample = broken_base(&[("test", Failure)]);
        assert_ne!(sample.judge("build.jobs", &[]).kind, OutcomeKind::Met);
        let own = wrote(sample.clone(), &[JobReports::All]);
        let judgement = own.judge("build.jobs", &[]);
        assert_eq!((judgement.kind, judgement.figures), (OutcomeKind::Met, None));
        let leg = |name: &str| JobReports::Artifact(name.into());
        let mut sample = sample;
        sample.head.reports[0].file = "leg-0/junit.xml".into();
        assert_eq!(wrote(sample.clone(), &[leg("leg-0")]).judge("build.jobs", &[]).kind, OutcomeKind::Met);
        assert_ne!(wrote(sample.clone(), &[leg("leg")]).judge("build.jobs", &[]).kind, OutcomeKind::Met);
        // Another leg died before its upload.
        sample.head = with_jobs(sample.head, &[("test (0) / unit", Failure), ("test (1)", Failure)]);
        let judgement = wrote(sample, &[leg("leg-0")]).judge("build.jobs", &[]);
        assert_eq!(judgement.kind, OutcomeKind::NotMeasured);
        assert_eq!(judgement.reason.raw(), "`test (1)` failed, and no failing test explains it");
    }

    #[test]
    fn of_two_steps_that_failed_beside_such_tests_nobody_knows_which_they_explain() {
        let sample = broken_base(&[("lint", Failure), ("unit", Failure)]);
        let judgement = wrote(sample, &[JobReports::All, JobReports::All]).judge("build.jobs", &[]);
        assert_eq!(judgement.kind, OutcomeKind::NotMeasured);
    }

    #[test]
    fn what_such_tests_stopped_or_skipped_is_a_gap_unless_the_base_has_it_too() {
        let all = [JobReports::All, JobReports::All];
        for (result, with_base) in [(Skipped, OutcomeKind::Met), (Cancelled, OutcomeKind::NotMeasured)] {
            let jobs = [("integration", result), ("unit", Failure)];
            let sample = wrote(broken_base(&jobs), &all);
            assert_eq!(sample.judge("build.jobs", &[]).kind, OutcomeKind::NotMeasured, "{result:?}");
            let sample = sample.against(with_jobs(tests(&[("a", Failed)]), &jobs));
            assert_eq!(sample.judge("build.jobs", &[]).kind, with_base, "{result:?}");
        }
    }

    #[test]
    fn a_job_that_only_red_tests_explain_is_marked_for_replays() {
        let jobs = [("test", Failure)];
        let judgement = Sample::of(with_jobs(tests(&[("a", Failed)]), &jobs)).judge("build.jobs", &[]);
        assert!(judgement.figures.is_some_and(|figures| figures.contains_key(EXPLAINED_BY_RED)));
    }

    #[test]
    fn a_cancelled_skipped_or_unknown_job_is_not_measured() {
        for result in [Cancelled, Skipped, Unknown] {
            let judgement = green(&[("lint", Success), ("test", result)]).judge("build.jobs", &[]);
            assert_eq!(judgement.kind, OutcomeKind::NotMeasured, "{result:?}");
        }
    }

    #[test]
    fn a_job_that_fails_on_the_base_too_is_the_owners() {
        let base = with_jobs(tests(&[("a", Passed)]), &[("lint", Failure), ("test", Success)]);
        let sample = green(&[("lint", Failure), ("test", Success)]).against(base);
        let judgement = sample.judge("build.jobs", &[]);
        assert_eq!(judgement.kind, OutcomeKind::NotMeasured);
        assert_eq!(judgement.reason.raw(), "`lint` failed, and fails on main at a1b2c3d too");
        assert!(judgement.steps[0].for_owners && judgement.steps.len() == 1);
        // Another job that the change breaks is the change's.
        let sample = Sample {
            head: with_jobs(sample.head.clone(), &[("lint", Failure), ("test", Failure)]),
            ..sample
        };
        let judgement = sample.judge("build.jobs", &[]);
        assert_eq!(judgement.kind, OutcomeKind::NotMet);
        assert_eq!(judgement.steps.iter().map(|step| step.for_owners).collect::<Vec<_>>(), [true, false]);
    }

    #[test]
    fn a_job_that_never_started_or_lost_its_runner_is_the_owners() {
        for (fate, detail) in [
            (JobFate::NeverStarted, "no runner ever took it"),
            (JobFate::LostRunner, "its runner was gone before it ended"),
        ] {
            let mut sample = green(&[("test", Failure)]);
            sample.head.jobs.as_mut().unwrap().jobs[0].fate = fate;
            let judgement = sample.judge("build.jobs", &[]);
            assert_eq!(judgement.kind, OutcomeKind::NotMeasured);
            assert_eq!(judgement.steps[0].detail.raw(), detail);
            assert!(judgement.steps[0].for_owners);
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
