//! The runs of a commit: which belong to its changes, and how their jobs ended.

use super::{EvaluationError, Target, asking};
use crate::io::github::{Client, WorkflowRun};
use crate::io::jobs::{of_api, result_of};
use crate::model::{Job, JobFate, JobReports, JobResult, Untrusted};

/// The runs that a change started, by their file and number. A workflow's name and branch are chosen by the fork
/// and decide nothing (T30).
pub(super) fn of_changes(listed: Vec<WorkflowRun>, target: &Target) -> Vec<WorkflowRun> {
    let mut runs: Vec<WorkflowRun> = listed
        .into_iter()
        .filter(|run| {
            let is_ours = run.repository.full_name.raw().eq_ignore_ascii_case(&target.repository);
            let is_of_change = matches!(run.event.as_str(), "pull_request" | "merge_group");
            is_ours && is_of_change && run.head_sha == target.sha
        })
        .collect();
    runs.sort_by(|a, b| (&a.path, &a.event, a.id).cmp(&(&b.path, &b.event, b.id)));
    // Of a workflow that ran several times for the commit (a pull request that was closed and opened again) the
    // newest run counts.
    runs.reverse();
    runs.dedup_by(|earlier, later| earlier.path == later.path && earlier.event == later.event);
    runs.reverse();
    runs
}

/// The file of a run's workflow; GitHub adds `@ref` where it is called from elsewhere.
pub(super) fn file_of(run: &WorkflowRun) -> &str {
    run.path.split('@').next().unwrap_or(&run.path)
}

/// True if the commit is one of the merge queue's.
pub(super) fn is_merge_group(runs: &[WorkflowRun]) -> bool {
    runs.iter().all(|run| run.event == "merge_group")
}

/// The newest run and its attempt: what is older must not overwrite what it made.
pub(super) fn generation(runs: &[WorkflowRun]) -> (u64, u64) {
    let of = |run: &WorkflowRun| (run.id, run.run_attempt.unwrap_or(1));
    runs.iter().map(of).max().unwrap_or((0, 0))
}

/// How the jobs of a run ended. A run that went well is one job; of any other the jobs are listed.
pub(super) async fn jobs_of(
    client: &Client,
    repository: &str,
    run: &WorkflowRun,
) -> Result<Vec<Job>, EvaluationError> {
    if run.conclusion.as_deref() == Some("success") {
        return Ok(vec![Job {
            name: Untrusted::new(run.path.as_str()),
            result: JobResult::Success,
            fate: JobFate::Ordinary,
            reports: JobReports::Unknown,
        }]);
    }
    let listed = client.jobs(repository, run.id).await.map_err(asking("the jobs of a run"))?;
    let mut jobs: Vec<Job> = listed.iter().map(of_api).collect();
    if jobs.iter().all(|job| job.result == JobResult::Success) {
        // A workflow that cannot be read fails without a job.
        jobs.push(Job {
            name: Untrusted::new(run.path.as_str()),
            result: result_of(run.conclusion.as_deref().unwrap_or_default()),
            fate: JobFate::Ordinary,
            reports: JobReports::Unknown,
        });
    }
    Ok(jobs)
}
