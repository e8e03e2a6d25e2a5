//! The CI jobs and steps themselves, as evidence.

use super::Untrusted;
use serde::{Deserialize, Serialize};

/// How a job or step ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum JobResult {
    /// Ended well.
    Success,
    /// Ended with an error.
    Failure,
    /// Stopped from outside, or by a time limit.
    Cancelled,
    /// Never ran.
    Skipped,
    /// A word that we do not know, or no word yet.
    Unknown,
}

/// One job, or one step of the job that Tollgate runs in.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Job {
    /// Its name or id.
    pub name: Untrusted,
    /// How it ended. For a step this is the outcome before `continue-on-error` (GitHub's `outcome`).
    pub result: JobResult,
    /// What the CI itself did to it, where the CI says so.
    #[serde(default, skip_serializing_if = "JobFate::is_ordinary")]
    pub fate: JobFate,
    /// Which reports it wrote, as far as that is known.
    #[serde(default, skip_serializing_if = "JobReports::are_unknown")]
    pub reports: JobReports,
}

/// Which reports a job wrote.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum JobReports {
    /// Nobody says.
    #[default]
    Unknown,
    /// All that are judged: it is a step of the job that judges.
    All,
    /// Those of the artifact of this name, which its manifest ties to the job.
    Artifact(Untrusted),
}

impl JobReports {
    const fn are_unknown(&self) -> bool {
        matches!(self, Self::Unknown)
    }

    /// True for a report (`artifact/path`) that the job wrote.
    pub fn hold(&self, report: &str) -> bool {
        match self {
            Self::Unknown => false,
            Self::All => true,
            Self::Artifact(name) => report.strip_prefix(name.raw()).is_some_and(|path| path.starts_with('/')),
        }
    }
}

/// What became of a job for a reason that lies in the CI.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum JobFate {
    /// Nothing that is known.
    #[default]
    Ordinary,
    /// No runner ever took it.
    NeverStarted,
    /// Its runner was gone before it ended.
    LostRunner,
}

impl JobFate {
    const fn is_ordinary(&self) -> bool {
        matches!(self, Self::Ordinary)
    }
}

/// All jobs (or steps) that are known. Sorted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct BuildJobs {
    /// The jobs.
    pub jobs: Vec<Job>,
    /// True if each leg of a matrix stands for itself (the API's list), and not all of them as one (`needs`).
    #[serde(default)]
    pub each_leg: bool,
}
