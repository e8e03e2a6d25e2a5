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
