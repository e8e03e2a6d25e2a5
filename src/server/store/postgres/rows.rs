//! From rows to nouns. What this program never wrote is an error, not a guess.

use super::trouble;
use crate::records::chain::{Digest, Stored};
use crate::server::clock::Time;
use crate::server::store::chain;
use crate::server::store::record::{digest_of, pulls_of};
use crate::server::store::{
    Baseline, CachedPolicy, Commit, Confirmed, DeadJob, Job, JobKind, KnownRepository, Lease, MergedCommit,
    NewRecord, QueueFigures, Record, StoreError,
};
use tokio_postgres::Row;
use tokio_postgres::types::FromSqlOwned;

/// What a job is about.
pub(super) struct Subject {
    pub(super) repository: String,
    pub(super) sha: String,
    pub(super) installation: i64,
    pub(super) pull: i64,
}

fn get<T: FromSqlOwned>(row: &Row, column: usize) -> Result<T, StoreError> {
    row.try_get(column).map_err(trouble)
}

fn damaged(what: &str) -> StoreError {
    StoreError::Damaged(what.to_owned())
}

fn number(row: &Row, column: usize) -> Result<u64, StoreError> {
    let number: i64 = get(row, column)?;
    u64::try_from(number).map_err(|_| damaged("a negative number"))
}

fn time(row: &Row, column: usize) -> Result<Time, StoreError> {
    get(row, column).map(Time)
}

fn kind(row: &Row, column: usize) -> Result<JobKind, StoreError> {
    let word: String = get(row, column)?;
    JobKind::of(&word).ok_or_else(|| damaged("a job of an unknown kind"))
}

pub(super) fn subject(row: &Row) -> Result<Subject, StoreError> {
    Ok(Subject {
        repository: get(row, 0)?,
        sha: get(row, 1)?,
        installation: get(row, 2)?,
        pull: get(row, 3)?,
    })
}

pub(super) fn job(row: &Row, token: &str) -> Result<Job, StoreError> {
    Ok(Job {
        id: get(row, 0)?,
        kind: kind(row, 1)?,
        repository: get(row, 2)?,
        subject: get(row, 3)?,
        pull: number(row, 9)?,
        installation: number(row, 4)?,
        cause: get(row, 5)?,
        attempts: get(row, 6)?,
        asked: time(row, 7)?,
        lease: Lease { job: get(row, 0)?, token: token.to_owned(), triggers: get(row, 8)? },
    })
}

pub(super) fn dead(row: &Row) -> Result<DeadJob, StoreError> {
    Ok(DeadJob {
        id: get(row, 0)?,
        kind: get(row, 1)?,
        repository: get(row, 2)?,
        subject: get(row, 3)?,
        attempts: get(row, 4)?,
        died: time(row, 5)?,
        problem: get(row, 6)?,
    })
}

pub(super) fn figures(row: &Row) -> Result<QueueFigures, StoreError> {
    let oldest: i64 = get(row, 4)?;
    Ok(QueueFigures {
        due: number(row, 0)?,
        later: number(row, 1)?,
        taken: number(row, 2)?,
        dead: number(row, 3)?,
        oldest: (oldest >= 0).then_some(Time(oldest)),
    })
}

pub(super) fn commit(row: &Row) -> Result<Commit, StoreError> {
    let state: String = get(row, 5)?;
    Ok(Commit {
        repository: get(row, 0)?,
        sha: get(row, 1)?,
        pull: number(row, 6)?,
        installation: number(row, 2)?,
        opened: time(row, 3)?,
        changed: time(row, 4)?,
        is_open: state == "open",
        merged_by: (number(row, 7)? > 0).then_some(number(row, 8)?),
    })
}

pub(super) fn merged(row: &Row) -> Result<MergedCommit, StoreError> {
    let id: i64 = get(row, 4)?;
    Ok(MergedCommit {
        repository: get(row, 0)?,
        sha: get(row, 1)?,
        pull: number(row, 2)?,
        at: time(row, 3)?,
        verdict: if id > 0 { Some((id, get(row, 5)?)) } else { None },
    })
}

pub(super) fn confirmed(row: &Row) -> Result<Confirmed, StoreError> {
    Ok(Confirmed { login: get(row, 0)?, at: time(row, 1)? })
}

pub(super) fn record(row: &Row) -> Result<Record, StoreError> {
    let pulls: String = get(row, 4)?;
    Ok(Record {
        id: get(row, 0)?,
        number: get(row, 2)?,
        previous: chained(row, 10)?,
        hash: chained(row, 11)?,
        what: NewRecord {
            repository: get(row, 1)?,
            sha: get(row, 3)?,
            pulls: pulls_of(&pulls).ok_or_else(|| damaged("pull requests that are no numbers"))?,
            kind: get(row, 5)?,
            decided: time(row, 6)?,
            policy: digest(row, 7)?,
            evidence: digest(row, 8)?,
            body: get(row, 9)?,
        },
    })
}

fn digest(row: &Row, column: usize) -> Result<Option<Digest>, StoreError> {
    let text: String = get(row, column)?;
    digest_of(&text).ok_or_else(|| damaged("a digest that is none"))
}

pub(super) fn chained(row: &Row, column: usize) -> Result<Digest, StoreError> {
    digest(row, column)?.ok_or_else(|| damaged("a record without its place in the chain"))
}

pub(super) fn step(row: &Row) -> Result<chain::Step, StoreError> {
    Ok(chain::Step { number: get(row, 0)?, hash: chained(row, 1)?, recorded: time(row, 2)? })
}

pub(super) fn checkpoint(row: &Row) -> Result<Stored, StoreError> {
    let read = chain::Row {
        number: get(row, 0)?,
        recorded: time(row, 1)?,
        through: get(row, 2)?,
        through_hash: chained(row, 3)?,
        keep_days: get(row, 4)?,
        previous: chained(row, 5)?,
        hash: chained(row, 6)?,
    };
    read.stored().ok_or_else(|| damaged("a checkpoint of days that are none"))
}

pub(super) fn policy(row: &Row) -> Result<CachedPolicy, StoreError> {
    let stale: i64 = get(row, 4)?;
    Ok(CachedPolicy {
        place: get(row, 0)?,
        etag: get(row, 1)?,
        body: get(row, 2)?,
        fetched: time(row, 3)?,
        is_stale: stale != 0,
    })
}

pub(super) fn baseline(row: &Row) -> Result<Baseline, StoreError> {
    Ok(Baseline {
        repository: get(row, 0)?,
        branch: get(row, 1)?,
        sha: get(row, 2)?,
        stored: time(row, 3)?,
        body: get(row, 4)?,
    })
}

pub(super) fn repository(row: &Row) -> Result<KnownRepository, StoreError> {
    let private: i64 = get(row, 3)?;
    Ok(KnownRepository {
        repository: get(row, 0)?,
        installation: number(row, 1)?,
        default_branch: get(row, 2)?,
        is_private: private != 0,
        seen: time(row, 4)?,
    })
}
