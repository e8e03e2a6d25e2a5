//! Times in which the service did not judge, and what was merged meanwhile.

use super::{JobKind, KnownRepository, Trigger};
use crate::server::clock::Time;
use std::time::Duration;

/// The repositories are looked at so far apart, one after the other: one request each at least, which the rate limit of
/// an installation with thousands of them has to have room for beside what is new.
const APART: Duration = Duration::from_secs(1);

/// In place of a repository: every installation of the App is to be looked at.
pub const EVERYWHERE: &str = "installations";

/// A time in which the service did not judge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outage {
    /// When it was last seen to be there.
    pub since: Time,
    /// When it was there again.
    pub until: Time,
}

impl Outage {
    /// As the subject of a job.
    pub fn subject(self) -> String {
        format!("{}-{}", self.since.0, self.until.0)
    }

    /// The outage of a job; `None` for any other text.
    pub fn of_subject(subject: &str) -> Option<Self> {
        let (since, until) = subject.split_once('-')?;
        Some(Self { since: Time(since.parse().ok()?), until: Time(until.parse().ok()?) })
    }

    /// The job that looks at one repository, or at what stands in its place.
    pub fn job(self, place: String, installation: u64) -> Trigger {
        Trigger {
            kind: JobKind::Outage,
            repository: place,
            subject: self.subject(),
            pull: 0,
            installation,
            cause: "outage",
        }
    }

    /// The jobs that look at repositories, and when each is due, from a time on.
    pub fn jobs(
        self,
        repositories: Vec<KnownRepository>,
        from: Time,
    ) -> impl Iterator<Item = (Vec<Trigger>, Time)> {
        let job = move |(known, n): (KnownRepository, u32)| {
            (vec![self.job(known.repository, known.installation)], from.after(APART * n))
        };
        repositories.into_iter().zip(0..).map(job)
    }

    /// The jobs that look at everything.
    pub(super) fn all_jobs(self, known: Vec<KnownRepository>) -> impl Iterator<Item = (Vec<Trigger>, Time)> {
        let everywhere = (vec![self.job(EVERYWHERE.to_owned(), 0)], self.until);
        std::iter::once(everywhere).chain(self.jobs(known, self.until))
    }
}

/// A pull request that was merged while the service was away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Merged {
    /// `owner/name`, as GitHub writes it.
    pub repository: String,
    /// Its head.
    pub sha: String,
    /// Its number.
    pub pull: u64,
    /// The installation of the App.
    pub installation: u64,
    /// When it was merged, by GitHub's clock.
    pub at: Time,
    /// A verdict that was decided until then, by the clock of the store, was there when it was merged.
    pub judged_until: Time,
}

impl Merged {
    /// The job that judges it.
    pub(super) fn job(&self) -> Trigger {
        Trigger {
            kind: JobKind::Judge,
            repository: self.repository.clone(),
            subject: self.sha.clone(),
            pull: self.pull,
            installation: self.installation,
            cause: "merged-while-away",
        }
    }
}

/// A commit that was merged without a verdict, and what is said of it now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MergedCommit {
    /// `owner/name`, as GitHub writes it.
    pub repository: String,
    /// The head of the pull request.
    pub sha: String,
    /// The pull request.
    pub pull: u64,
    /// When it was merged.
    pub at: Time,
    /// The newest verdict by its id, and its word; `None` while it is not judged.
    pub verdict: Option<(i64, String)>,
}
