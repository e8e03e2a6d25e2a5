//! Runs of workflows, their jobs and artifacts (gate.md b2, b4).

use super::client::{Client, MAX_JSON, RequestError, part};
use super::pulls::{RepositoryId, User};
use super::repository::repository_path;
use crate::io::jobs::of_api;
use crate::model::{Job, Untrusted};
use serde::Deserialize;

/// How many runs of one commit are listed.
const MAX_RUNS: usize = 1_000;

/// How many jobs of one run are listed: a matrix has 256 at most.
const MAX_JOBS: usize = 2_000;

/// A run of a workflow.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct WorkflowRun {
    /// Its number; it stays when the run is repeated.
    pub id: u64,
    /// The workflow's name, which a fork can choose.
    #[serde(default)]
    pub name: Option<Untrusted>,
    /// The workflow's file: `.github/workflows/ci.yml`. Set by GitHub.
    pub path: String,
    /// The workflow.
    pub workflow_id: u64,
    /// The event that started it.
    pub event: String,
    /// `queued`, `in_progress`, `completed` and others.
    #[serde(default)]
    pub status: Option<String>,
    /// How it ended; `action_required` while a maintainer has to approve it.
    #[serde(default)]
    pub conclusion: Option<String>,
    /// The commit that it was started for.
    pub head_sha: String,
    /// The branch of that commit; a fork can call its own `main`.
    #[serde(default)]
    pub head_branch: Option<Untrusted>,
    /// Which attempt this is.
    #[serde(default)]
    pub run_attempt: Option<u64>,
    /// Our repository.
    pub repository: RepositoryId,
    /// The repository of the commit; `None` for a fork that is gone.
    #[serde(default)]
    pub head_repository: Option<RepositoryId>,
    /// Who started it; says nothing about rights.
    #[serde(default)]
    pub triggering_actor: Option<User>,
    /// The page of the run.
    #[serde(default)]
    pub html_url: Option<String>,
    /// When this attempt began.
    #[serde(default)]
    pub run_started_at: Option<String>,
}

impl WorkflowRun {
    /// Whether it has ended, in whatever way.
    pub fn is_completed(&self) -> bool {
        self.status.as_deref() == Some("completed")
    }

    /// Whether it waits for a maintainer's approval (gate.md b1).
    pub fn awaits_approval(&self) -> bool {
        self.conclusion.as_deref() == Some("action_required")
    }
}

/// A job of a run.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct WorkflowJob {
    /// Its number.
    pub id: u64,
    /// Its name, with the values of the matrix.
    pub name: Untrusted,
    /// Which attempt of the run it belongs to.
    #[serde(default)]
    pub run_attempt: Option<u64>,
    /// `queued`, `in_progress`, `completed` and others.
    pub status: String,
    /// How it ended.
    #[serde(default)]
    pub conclusion: Option<String>,
    /// Its page.
    #[serde(default)]
    pub html_url: Option<String>,
    /// When it began.
    #[serde(default)]
    pub started_at: Option<String>,
    /// When it ended.
    #[serde(default)]
    pub completed_at: Option<String>,
    /// The runner that took it; none or 0 where none did.
    #[serde(default)]
    pub runner_id: Option<u64>,
    /// What it did, where GitHub lists it.
    #[serde(default)]
    pub steps: Option<Vec<WorkflowStep>>,
}

/// A step of a job.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct WorkflowStep {
    /// How it ended; none for one that did not.
    #[serde(default)]
    pub conclusion: Option<String>,
}

impl WorkflowJob {
    /// How it ended; `None` if it has not.
    pub fn ended(&self) -> Option<Job> {
        self.conclusion.as_ref().map(|_| of_api(self))
    }
}

/// A workflow.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Workflow {
    /// Its number.
    pub id: u64,
    /// Its file.
    pub path: String,
    /// `active`, or why not.
    pub state: String,
}

#[derive(Deserialize)]
struct Runs {
    total_count: usize,
    workflow_runs: Vec<WorkflowRun>,
}

#[derive(Deserialize)]
struct Jobs {
    total_count: usize,
    jobs: Vec<WorkflowJob>,
}

#[derive(Deserialize)]
struct Workflows {
    total_count: usize,
    workflows: Vec<Workflow>,
}

impl Client {
    /// A run as it stands now; `None` if there is none of that number.
    ///
    /// # Errors
    /// As every request.
    pub async fn run(&self, repository: &str, run: u64) -> Result<Option<WorkflowRun>, RequestError> {
        self.json_if_there(&format!("{}/actions/runs/{run}", repository_path(repository)?), MAX_JSON).await
    }

    /// All runs for a commit.
    ///
    /// # Errors
    /// As every request, and when the list is not whole.
    pub async fn runs_of(&self, repository: &str, sha: &str) -> Result<Vec<WorkflowRun>, RequestError> {
        let path = format!("{}/actions/runs?head_sha={}", repository_path(repository)?, part(sha));
        self.list(&path, MAX_RUNS, |page: Runs| (page.workflow_runs, Some(page.total_count))).await
    }

    /// The newest runs that an event started, at most twenty.
    ///
    /// # Errors
    /// As every request.
    pub async fn newest_runs(&self, repository: &str, event: &str) -> Result<Vec<WorkflowRun>, RequestError> {
        let path = format!("{}/actions/runs?event={}&per_page=20", repository_path(repository)?, part(event));
        Ok(self.json::<Runs>(&path).await?.workflow_runs)
    }

    /// The jobs of a run, each in its newest attempt.
    ///
    /// # Errors
    /// As every request, and when the list is not whole.
    pub async fn jobs(&self, repository: &str, run: u64) -> Result<Vec<WorkflowJob>, RequestError> {
        let path = format!("{}/actions/runs/{run}/jobs?filter=latest", repository_path(repository)?);
        self.list(&path, MAX_JOBS, |page: Jobs| (page.jobs, Some(page.total_count))).await
    }

    /// The workflows of the repository.
    ///
    /// # Errors
    /// As every request, and when the list is not whole.
    pub async fn workflows(&self, repository: &str) -> Result<Vec<Workflow>, RequestError> {
        let path = format!("{}/actions/workflows", repository_path(repository)?);
        self.list(&path, 1_000, |page: Workflows| (page.workflows, Some(page.total_count))).await
    }
}
