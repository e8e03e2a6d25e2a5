//! From rows to nouns. What this program never wrote is an error, not a guess.

use crate::records::chain::{Digest, Stored};
use crate::server::clock::Time;
use crate::server::store::chain;
use crate::server::store::record::{digest_of, pulls_of};
use crate::server::store::{
    Baseline, CachedPolicy, Commit, Confirmed, DeadJob, Job, JobKind, KnownRepository, Lease, MergedCommit,
    NewRecord, Record,
};
use rusqlite::{Row, types::Type};

/// A row that holds what was never written.
fn damaged(column: usize, what: &'static str) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, Type::Text, what.into())
}

fn kind(row: &Row<'_>, column: usize) -> rusqlite::Result<JobKind> {
    let word: String = row.get(column)?;
    JobKind::of(&word).ok_or_else(|| damaged(column, "a job of an unknown kind"))
}

pub(super) fn number(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    let number: i64 = row.get(column)?;
    u64::try_from(number).map_err(|_| damaged(column, "a negative number"))
}

pub(super) fn time(row: &Row<'_>, column: usize) -> rusqlite::Result<Time> {
    row.get(column).map(Time)
}

pub(super) fn job(row: &Row<'_>, token: &str) -> rusqlite::Result<Job> {
    Ok(Job {
        id: row.get(0)?,
        kind: kind(row, 1)?,
        repository: row.get(2)?,
        subject: row.get(3)?,
        pull: number(row, 9)?,
        installation: number(row, 4)?,
        cause: row.get(5)?,
        attempts: row.get(6)?,
        asked: time(row, 7)?,
        lease: Lease { job: row.get(0)?, token: token.to_owned(), triggers: row.get(8)? },
    })
}

pub(super) fn dead(row: &Row<'_>) -> rusqlite::Result<DeadJob> {
    Ok(DeadJob {
        id: row.get(0)?,
        kind: row.get(1)?,
        repository: row.get(2)?,
        subject: row.get(3)?,
        attempts: row.get(4)?,
        died: time(row, 5)?,
        problem: row.get(6)?,
    })
}

pub(super) fn commit(row: &Row<'_>) -> rusqlite::Result<Commit> {
    let state: String = row.get(5)?;
    Ok(Commit {
        repository: row.get(0)?,
        sha: row.get(1)?,
        pull: number(row, 6)?,
        installation: number(row, 2)?,
        opened: time(row, 3)?,
        changed: time(row, 4)?,
        is_open: state == "open",
        merged_by: (number(row, 7)? > 0).then_some(number(row, 8)?),
    })
}

pub(super) fn merged(row: &Row<'_>) -> rusqlite::Result<MergedCommit> {
    let id: i64 = row.get(4)?;
    Ok(MergedCommit {
        repository: row.get(0)?,
        sha: row.get(1)?,
        pull: number(row, 2)?,
        at: time(row, 3)?,
        verdict: if id > 0 { Some((id, row.get(5)?)) } else { None },
    })
}

pub(super) fn confirmed(row: &Row<'_>) -> rusqlite::Result<Confirmed> {
    Ok(Confirmed { login: row.get(0)?, at: time(row, 1)? })
}

pub(super) fn record(row: &Row<'_>) -> rusqlite::Result<Record> {
    let pulls: String = row.get(4)?;
    Ok(Record {
        id: row.get(0)?,
        number: row.get(2)?,
        previous: chained(row, 10)?,
        hash: chained(row, 11)?,
        what: NewRecord {
            repository: row.get(1)?,
            sha: row.get(3)?,
            pulls: pulls_of(&pulls).ok_or_else(|| damaged(4, "pull requests that are no numbers"))?,
            kind: row.get(5)?,
            decided: time(row, 6)?,
            policy: digest(row, 7)?,
            evidence: digest(row, 8)?,
            body: row.get(9)?,
        },
    })
}

fn digest(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Digest>> {
    let text: String = row.get(column)?;
    digest_of(&text).ok_or_else(|| damaged(column, "a digest that is none"))
}

pub(super) fn chained(row: &Row<'_>, column: usize) -> rusqlite::Result<Digest> {
    digest(row, column)?.ok_or_else(|| damaged(column, "a record without its place in the chain"))
}

pub(super) fn step(row: &Row<'_>) -> rusqlite::Result<chain::Step> {
    Ok(chain::Step { number: row.get(0)?, hash: chained(row, 1)?, recorded: time(row, 2)? })
}

pub(super) fn checkpoint(row: &Row<'_>) -> rusqlite::Result<Stored> {
    let read = chain::Row {
        number: row.get(0)?,
        recorded: time(row, 1)?,
        through: row.get(2)?,
        through_hash: chained(row, 3)?,
        keep_days: row.get(4)?,
        previous: chained(row, 5)?,
        hash: chained(row, 6)?,
    };
    read.stored().ok_or_else(|| damaged(4, "a checkpoint of days that are none"))
}

pub(super) fn policy(row: &Row<'_>) -> rusqlite::Result<CachedPolicy> {
    let stale: i64 = row.get(4)?;
    Ok(CachedPolicy {
        place: row.get(0)?,
        etag: row.get(1)?,
        body: row.get(2)?,
        fetched: time(row, 3)?,
        is_stale: stale != 0,
    })
}

pub(super) fn baseline(row: &Row<'_>) -> rusqlite::Result<Baseline> {
    Ok(Baseline {
        repository: row.get(0)?,
        branch: row.get(1)?,
        sha: row.get(2)?,
        stored: time(row, 3)?,
        body: row.get(4)?,
    })
}

pub(super) fn repository(row: &Row<'_>) -> rusqlite::Result<KnownRepository> {
    let private: i64 = row.get(3)?;
    Ok(KnownRepository {
        repository: row.get(0)?,
        installation: number(row, 1)?,
        default_branch: row.get(2)?,
        is_private: private != 0,
        seen: time(row, 4)?,
    })
}
