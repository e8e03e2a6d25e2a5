//! What the service must not forget: deliveries, jobs, commits with an open check, records of verdicts, and copies of
//! policies and evidence.
//!
//! [`Store`] is implemented twice: [`Sqlite`] needs nothing installed and serves one process; PostgreSQL serves several
//! replicas. The same statements ([`sql`]) and the same tests hold for both. Everything that a job leaves behind is
//! written in the transaction that ends it, so that a process may be killed at any point.

mod chain;
mod job;
mod migrations;
mod outage;
mod postgres;
mod record;
mod sql;
mod sqlite;
#[cfg(test)]
pub(super) mod tests;

pub use chain::{Place, Removed, places, stored};
pub use job::{DeadJob, Finish, Job, JobKind, Lease, QueueFigures, Trigger};
pub use outage::{EVERYWHERE, Merged, MergedCommit, Outage};
pub use postgres::Postgres;
pub use record::{NewRecord, Record, RecordQuery, entry, hexadecimal};
pub use sqlite::Sqlite;

use super::clock::{Clock, Time};
use crate::diagnostic::{Code, Diagnostic, Origin, Weight};
use crate::records::chain::Stored;
use async_trait::async_trait;
use std::fmt;
use std::time::Duration;

/// Why the store did not do what it was asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// A newer Tollgate has changed the tables; the operator's to mend.
    #[error("the store has tables of version {found}, and this Tollgate knows {known}")]
    Newer {
        /// The version that was found.
        found: i64,
        /// The version that this program knows.
        known: i64,
    },
    /// The service has not brought the tables up to date yet.
    #[error(
        "the store has tables of version {found}, and this Tollgate needs {known}; the service brings them up to date when it starts"
    )]
    Older {
        /// The version that was found.
        found: i64,
        /// The version that is needed.
        known: i64,
    },
    /// Another process has the store open; the operator's to mend.
    #[error("another process serves from this folder")]
    InUse,
    /// It cannot be opened, reached or written to at the moment.
    #[error("the store cannot be used: {0}")]
    Unavailable(String),
    /// It holds what this program never wrote.
    #[error("the store holds {0}")]
    Damaged(String),
}

impl StoreError {
    /// The problem with its code.
    pub fn diagnostic(&self, place: &str) -> Diagnostic {
        let code = match self {
            Self::Newer { .. } => Code::StoreNewer,
            Self::Older { .. } => Code::StoreOlder,
            Self::InUse => Code::StoreInUse,
            Self::Unavailable(_) => Code::StoreUnavailable,
            Self::Damaged(_) => Code::StoreDamaged,
        };
        Diagnostic::new(code, Weight::Error, self.to_string(), Origin::file(place))
    }
}

/// A delivery of a webhook whose signature holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewDelivery {
    /// GitHub's number for the event; it stays when the event is delivered again.
    pub id: String,
    /// The event's name.
    pub event: String,
    /// `owner/name`, as GitHub writes it; empty if the event has no repository.
    pub repository: String,
}

/// What became of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accepted {
    /// It is kept, and so are its jobs.
    New,
    /// It was kept before.
    Known,
}

/// How many jobs are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    /// At most so many at once.
    pub most: u32,
    /// At most so many of one repository are taken at any time.
    pub per_repository: u32,
    /// Until when they are ours.
    pub until: Time,
}

/// Whether the check of a commit is still to get its verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommitState {
    /// The check is open.
    Open,
    /// The check has its verdict, or the commit is no head any more.
    Done,
}

impl CommitState {
    const fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Done => "done",
        }
    }
}

/// A commit that has a check of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    /// `owner/name`, as GitHub writes it.
    pub repository: String,
    /// The commit.
    pub sha: String,
    /// One of its pull requests, as a hint; 0 if none is known.
    pub pull: u64,
    /// The installation of the App.
    pub installation: u64,
    /// Since when its check is open, or was.
    pub opened: Time,
    /// When it was looked at last.
    pub changed: Time,
    /// Whether its check is open.
    pub is_open: bool,
    /// The pull request by which it was merged without a verdict of ours.
    pub merged_by: Option<u64>,
}

/// What a job leaves behind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Effects {
    /// Whether the check of the job's commit is open.
    pub commit: Option<CommitState>,
    /// The verdict. It is not kept again if the newest record of the commit has the same verdict, policy and evidence.
    pub record: Option<NewRecord>,
    /// What was judged, by its digest.
    pub evidence: Option<(String, Vec<u8>)>,
}

/// The evidence of a commit of the default branch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Baseline {
    /// `owner/name`, as GitHub writes it.
    pub repository: String,
    /// The branch.
    pub branch: String,
    /// The commit.
    pub sha: String,
    /// When it was kept.
    pub stored: Time,
    /// A packed `snapshot/1`.
    pub body: Vec<u8>,
}

/// A copy of a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CachedPolicy {
    /// `owner/name/` of where it stands, and the repository that it is read for.
    pub place: String,
    /// What GitHub calls this version.
    pub etag: String,
    /// Its text.
    pub body: Vec<u8>,
    /// When GitHub last said that it holds.
    pub fetched: Time,
    /// A push has changed it since.
    pub is_stale: bool,
}

/// A repository in which the App is installed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownRepository {
    /// `owner/name`, as GitHub writes it.
    pub repository: String,
    /// The installation of the App.
    pub installation: u64,
    /// Its default branch; empty while it is not known.
    pub default_branch: String,
    /// Whether only some may read it; what is not known is private.
    pub is_private: bool,
    /// When something was last heard of it.
    pub seen: Time,
}

/// A person who stands for the evidence of a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Confirmed {
    /// The account.
    pub login: String,
    /// When.
    pub at: Time,
}

/// How many rows of old things were taken out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Forgotten {
    /// Deliveries.
    pub deliveries: u64,
    /// Evidence.
    pub evidence: u64,
    /// Commits that need nothing.
    pub commits: u64,
    /// Baselines that newer ones replace.
    pub baselines: u64,
}

/// What is older than this is taken out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Deliveries received before.
    pub deliveries: Time,
    /// Evidence stored before.
    pub evidence: Time,
    /// Commits that are done and were looked at before; baselines stored before, but for the newest of a branch.
    pub commits: Time,
}

/// Held while the check of one commit is written: nobody else writes it meanwhile.
#[async_trait]
pub trait WriteLock: Send + Sync {
    /// Gives the lock back.
    async fn release(self: Box<Self>);
}

/// The store of the service. Times come from [`Store::clock`].
#[async_trait]
pub trait Store: Send + Sync + fmt::Debug {
    /// The clock that all replicas share.
    fn clock(&self) -> Clock;

    /// Whether it can be written to.
    async fn ready(&self) -> Result<(), StoreError>;

    /// Keeps a delivery with its jobs, which are due at `due`; when it returns they are safe. A delivery that is known
    /// asks for nothing again.
    async fn accept(
        &self,
        delivery: NewDelivery,
        triggers: Vec<Trigger>,
        due: Time,
        now: Time,
    ) -> Result<Accepted, StoreError>;

    /// Asks for jobs, which are due at `due`. One that is waiting for the same subject is brought forward, one that is
    /// taken is done once more behind it, one that was given up is tried again.
    async fn trigger(&self, triggers: Vec<Trigger>, due: Time, now: Time) -> Result<(), StoreError>;

    /// Takes jobs that are due: those first that wait for their repository's turn longest, of each repository only so
    /// many.
    async fn claim(&self, claim: Claim, now: Time) -> Result<Vec<Job>, StoreError>;

    /// Keeps a job until a later time; false if somebody else has it, or it is gone.
    async fn keep(&self, lease: &Lease, until: Time) -> Result<bool, StoreError>;

    /// Waits for the right to write to GitHub about the job's subject; `None` if the job is not ours any more.
    async fn lock(&self, job: &Job) -> Result<Option<Box<dyn WriteLock>>, StoreError>;

    /// Ends a job and keeps what it leaves behind, both or neither; false, and nothing is kept, if the job is not ours
    /// any more.
    async fn finish(
        &self,
        lease: &Lease,
        finish: Finish,
        effects: Effects,
        now: Time,
    ) -> Result<bool, StoreError>;

    /// Jobs that were given up, newest first.
    async fn dead_jobs(&self, limit: u32) -> Result<Vec<DeadJob>, StoreError>;

    /// Tries a job that was given up again, or all of them; how many there were.
    async fn revive(&self, job: Option<i64>, now: Time) -> Result<u64, StoreError>;

    /// How the queue is doing.
    async fn queue(&self, now: Time) -> Result<QueueFigures, StoreError>;

    /// Commits whose check is open and that nobody has looked at since `before`, oldest first.
    async fn open_commits(&self, before: Time, limit: u32) -> Result<Vec<Commit>, StoreError>;

    /// The commits of a repository that were looked at since, newest first.
    async fn commits_of(&self, repository: &str, since: Time, limit: u32) -> Result<Vec<Commit>, StoreError>;

    /// Says that the service is there. If that was last said longer ago than `longest`, it was away meanwhile: every known
    /// repository then has a job that looks for what was merged there, one more finds the repositories that the App was
    /// given, and all are kept or none.
    async fn alive(&self, longest: Duration, now: Time) -> Result<Option<Outage>, StoreError>;

    /// Keeps that a commit was merged without a verdict, with the job that judges it; false if there was a verdict, or it
    /// is kept already.
    async fn keep_merged(&self, merged: Merged, now: Time) -> Result<bool, StoreError>;

    /// What was merged without a verdict since, newest first; of one repository, or of all if the name is empty.
    async fn merged(
        &self,
        repository: &str,
        since: Time,
        limit: u32,
    ) -> Result<Vec<MergedCommit>, StoreError>;

    /// What is known of a commit.
    async fn commit(&self, repository: &str, sha: &str) -> Result<Option<Commit>, StoreError>;

    /// Keeps that a person stands for the evidence of a commit. The caller has made sure that the person may.
    async fn confirm(&self, repository: &str, sha: &str, login: &str, now: Time) -> Result<(), StoreError>;

    /// The first who stood for the evidence of a commit.
    async fn confirmed(&self, repository: &str, sha: &str) -> Result<Option<Confirmed>, StoreError>;

    /// Records, newest first.
    async fn records(&self, query: RecordQuery) -> Result<Vec<Record>, StoreError>;

    /// A record by its id.
    async fn record(&self, id: i64) -> Result<Option<Record>, StoreError>;

    /// Evidence by its digest.
    async fn evidence(&self, digest: &str) -> Result<Option<Vec<u8>>, StoreError>;

    /// The copy of a policy.
    async fn policy(&self, place: &str) -> Result<Option<CachedPolicy>, StoreError>;

    /// Keeps a copy of a policy.
    async fn keep_policy(&self, policy: CachedPolicy) -> Result<(), StoreError>;

    /// Says that a push has changed what begins like this: `owner/name/`. Returns how many copies that are.
    async fn policies_changed(&self, prefix: &str) -> Result<u64, StoreError>;

    /// The evidence of a commit.
    async fn baseline(&self, repository: &str, sha: &str) -> Result<Option<Baseline>, StoreError>;

    /// The commits of a branch whose evidence is kept, and since when, newest first.
    async fn baselines(&self, repository: &str, branch: &str) -> Result<Vec<(String, Time)>, StoreError>;

    /// Keeps the evidence of a commit.
    async fn keep_baseline(&self, baseline: Baseline) -> Result<(), StoreError>;

    /// Takes out the evidence of a commit.
    async fn forget_baseline(&self, repository: &str, sha: &str) -> Result<(), StoreError>;

    /// Keeps what is known of a repository.
    async fn keep_repository(&self, repository: KnownRepository) -> Result<(), StoreError>;

    /// Takes out a repository in which the App is no longer installed.
    async fn forget_repository(&self, repository: &str) -> Result<(), StoreError>;

    /// A repository by its name.
    async fn repository(&self, repository: &str) -> Result<Option<KnownRepository>, StoreError>;

    /// All repositories by name, beginning behind `after`.
    async fn repositories(&self, after: &str, limit: u32) -> Result<Vec<KnownRepository>, StoreError>;

    /// The repositories of an installation that were not known before, by name.
    async fn given_since(&self, installation: u64, since: Time) -> Result<Vec<KnownRepository>, StoreError>;

    /// Something small that is remembered under a name.
    async fn mark(&self, name: &str) -> Result<Option<String>, StoreError>;

    /// Remembers it.
    async fn set_mark(&self, name: &str, said: &str) -> Result<(), StoreError>;

    /// Remembers it in place of what was read, unless another replica has changed it since; whether it did. What is not
    /// remembered counts as empty.
    async fn replace_mark(&self, name: &str, read: &str, said: &str) -> Result<bool, StoreError>;

    /// The repositories with a verdict that was decided before, by name, beginning behind `after`.
    async fn with_old_records(
        &self,
        before: Time,
        after: &str,
        limit: u32,
    ) -> Result<Vec<String>, StoreError>;

    /// Takes the records out of the beginning of a repository's chain that are older than so many days, and adds the
    /// checkpoint that says so; both or neither. So many at most at once; `None` if nothing was too old.
    async fn remove_records(
        &self,
        repository: &str,
        keep_days: u32,
        now: Time,
    ) -> Result<Option<Removed>, StoreError>;

    /// The checkpoints of a repository's chain, oldest first.
    async fn checkpoints(&self, repository: &str) -> Result<Vec<Stored>, StoreError>;

    /// The repositories that have a chain, by name, beginning behind `after`.
    async fn chains(&self, after: &str, limit: u32) -> Result<Vec<String>, StoreError>;

    /// Takes out what is old. Records of verdicts stay: [`Store::remove_records`].
    async fn forget(&self, retention: Retention) -> Result<Forgotten, StoreError>;
}
