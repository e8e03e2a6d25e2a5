//! Everything that is kept beside the queue.

use super::queue::signed;
use super::rows;
use crate::records::chain::Digest;
use crate::server::clock::Time;
use crate::server::store::record::{digest_text, pulls_text};
use crate::server::store::{
    Baseline, CachedPolicy, Commit, Confirmed, Effects, Forgotten, KnownRepository, NewRecord, Record,
    RecordQuery, Retention, entry, sql,
};
use rusqlite::{Connection, OptionalExtension as _, Row, params};

/// What a job leaves behind, about its subject.
pub(super) fn keep_effects(
    connection: &Connection,
    (repository, sha, pull, installation): (&str, &str, i64, i64),
    effects: Effects,
    now: Time,
) -> rusqlite::Result<()> {
    if let Some(state) = effects.commit {
        let mut insert = connection.prepare_cached(sql::COMMIT)?;
        insert.execute(params![repository, sha, pull, installation, now.0, state.word()])?;
    }
    if let Some((digest, body)) = effects.evidence {
        connection.prepare_cached(sql::KEEP_EVIDENCE)?.execute(params![digest, now.0, body])?;
    }
    effects.record.map_or(Ok(()), |record| keep_record(connection, &record))
}

fn keep_record(connection: &Connection, what: &NewRecord) -> rusqlite::Result<()> {
    let before: Option<(String, String, String)> = connection
        .prepare_cached(sql::LAST_OF_COMMIT)?
        .query_row(params![what.repository, what.sha], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?;
    let now = (what.kind.clone(), digest_text(what.policy), digest_text(what.evidence));
    if before.as_ref() == Some(&now) {
        return Ok(());
    }
    let last: Option<(i64, Digest)> = connection
        .prepare_cached(sql::LAST_OF_REPOSITORY)?
        .query_row([&what.repository], |row| Ok((row.get(0)?, rows::chained(row, 1)?)))
        .optional()?;
    let (number, previous) = last.map_or((1, Digest::START), |(number, hash)| (number + 1, hash));
    let (_, policy, evidence) = now;
    connection.prepare_cached(sql::RECORD)?.execute(params![
        what.repository,
        number,
        what.sha,
        pulls_text(&what.pulls),
        what.kind,
        what.decided.0,
        policy,
        evidence,
        what.body,
        previous.to_string(),
        entry(number, previous, what).hash().to_string()
    ])?;
    Ok(())
}

pub(super) fn open_commits(
    connection: &Connection,
    before: Time,
    limit: u32,
) -> rusqlite::Result<Vec<Commit>> {
    connection.prepare_cached(sql::COMMITS_OPEN)?.query_map(params![before.0, limit], rows::commit)?.collect()
}

pub(super) fn commits_of(
    connection: &Connection,
    repository: &str,
    since: Time,
    limit: u32,
) -> rusqlite::Result<Vec<Commit>> {
    let asked = params![repository, since.0, limit];
    connection.prepare_cached(sql::COMMITS_OF)?.query_map(asked, rows::commit)?.collect()
}

pub(super) fn commit(
    connection: &Connection,
    repository: &str,
    sha: &str,
) -> rusqlite::Result<Option<Commit>> {
    connection.prepare_cached(sql::COMMIT_OF)?.query_row([repository, sha], rows::commit).optional()
}

pub(super) fn confirm(
    connection: &Connection,
    repository: &str,
    sha: &str,
    login: &str,
    now: Time,
) -> rusqlite::Result<()> {
    connection.prepare_cached(sql::CONFIRM)?.execute(params![repository, sha, login, now.0]).map(|_| ())
}

pub(super) fn confirmed(
    connection: &Connection,
    repository: &str,
    sha: &str,
) -> rusqlite::Result<Option<Confirmed>> {
    connection.prepare_cached(sql::CONFIRMED)?.query_row([repository, sha], rows::confirmed).optional()
}

pub(super) fn records(connection: &Connection, query: &RecordQuery) -> rusqlite::Result<Vec<Record>> {
    let (repository, sha) = (query.repository.as_deref().unwrap_or(""), query.sha.as_deref().unwrap_or(""));
    let (before, since) = (query.before.unwrap_or(-1), query.since.unwrap_or_default().0);
    let asked = params![repository, sha, before, since, query.limit];
    connection.prepare_cached(sql::RECORDS)?.query_map(asked, rows::record)?.collect()
}

pub(super) fn record(connection: &Connection, id: i64) -> rusqlite::Result<Option<Record>> {
    connection.prepare_cached(sql::RECORD_OF)?.query_row([id], rows::record).optional()
}

pub(super) fn evidence(connection: &Connection, digest: &str) -> rusqlite::Result<Option<Vec<u8>>> {
    connection.prepare_cached(sql::EVIDENCE)?.query_row([digest], |row| row.get(0)).optional()
}

pub(super) fn policy(connection: &Connection, place: &str) -> rusqlite::Result<Option<CachedPolicy>> {
    connection.prepare_cached(sql::POLICY)?.query_row([place], rows::policy).optional()
}

pub(super) fn keep_policy(connection: &Connection, policy: &CachedPolicy) -> rusqlite::Result<()> {
    let CachedPolicy { place, etag, body, fetched, is_stale } = policy;
    let kept = params![place, etag, body, fetched.0, i64::from(*is_stale)];
    connection.prepare_cached(sql::KEEP_POLICY)?.execute(kept).map(|_| ())
}

pub(super) fn policies_changed(connection: &Connection, prefix: &str) -> rusqlite::Result<u64> {
    let changed = connection.prepare_cached(sql::POLICIES_CHANGED)?.execute([prefix])?;
    Ok(u64::try_from(changed).unwrap_or(u64::MAX))
}

pub(super) fn keep_baseline(connection: &Connection, baseline: &Baseline) -> rusqlite::Result<()> {
    let Baseline { repository, branch, sha, stored, body } = baseline;
    let mut insert = connection.prepare_cached(sql::KEEP_BASELINE)?;
    insert.execute(params![repository, branch, sha, stored.0, body])?;
    connection.prepare_cached(sql::TOO_MANY_BASELINES)?.execute([repository]).map(|_| ())
}

pub(super) fn baseline(
    connection: &Connection,
    repository: &str,
    sha: &str,
) -> rusqlite::Result<Option<Baseline>> {
    connection.prepare_cached(sql::BASELINE)?.query_row([repository, sha], rows::baseline).optional()
}

pub(super) fn baselines(
    connection: &Connection,
    repository: &str,
    branch: &str,
) -> rusqlite::Result<Vec<(String, Time)>> {
    let read = |row: &Row<'_>| Ok((row.get(0)?, Time(row.get(1)?)));
    connection.prepare_cached(sql::BASELINES)?.query_map([repository, branch], read)?.collect()
}

pub(super) fn forget_baseline(connection: &Connection, repository: &str, sha: &str) -> rusqlite::Result<()> {
    connection.prepare_cached(sql::FORGET_BASELINE)?.execute([repository, sha]).map(|_| ())
}

pub(super) fn keep_repository(connection: &Connection, known: &KnownRepository) -> rusqlite::Result<()> {
    let KnownRepository { repository, installation, default_branch, is_private, seen } = known;
    let kept = params![repository, signed(*installation), default_branch, i64::from(*is_private), seen.0];
    connection.prepare_cached(sql::KEEP_REPOSITORY)?.execute(kept).map(|_| ())
}

pub(super) fn forget_repository(connection: &Connection, repository: &str) -> rusqlite::Result<()> {
    connection.prepare_cached(sql::FORGET_REPOSITORY)?.execute([repository]).map(|_| ())
}

pub(super) fn repository(
    connection: &Connection,
    repository: &str,
) -> rusqlite::Result<Option<KnownRepository>> {
    connection.prepare_cached(sql::REPOSITORY)?.query_row([repository], rows::repository).optional()
}

pub(super) fn repositories(
    connection: &Connection,
    after: &str,
    limit: u32,
) -> rusqlite::Result<Vec<KnownRepository>> {
    let asked = params![after, limit];
    connection.prepare_cached(sql::REPOSITORIES)?.query_map(asked, rows::repository)?.collect()
}

pub(super) fn given_since(
    connection: &Connection,
    installation: u64,
    since: Time,
) -> rusqlite::Result<Vec<KnownRepository>> {
    let asked = params![signed(installation), since.0];
    connection.prepare_cached(sql::REPOSITORIES_GIVEN)?.query_map(asked, rows::repository)?.collect()
}

pub(super) fn mark(connection: &Connection, name: &str) -> rusqlite::Result<Option<String>> {
    connection.prepare_cached(sql::MARK)?.query_row([name], |row| row.get(0)).optional()
}

pub(super) fn set_mark(connection: &Connection, name: &str, said: &str) -> rusqlite::Result<()> {
    connection.prepare_cached(sql::SET_MARK)?.execute([name, said]).map(|_| ())
}

pub(super) fn replace_mark(
    connection: &Connection,
    name: &str,
    read: &str,
    said: &str,
) -> rusqlite::Result<bool> {
    Ok(connection.prepare_cached(sql::REPLACE_MARK)?.execute([name, said, read])? > 0)
}

pub(super) fn forget(connection: &Connection, retention: Retention) -> rusqlite::Result<Forgotten> {
    let old =
        |statement: &str, before: Time| connection.execute(statement, [before.0]).map(|rows| rows as u64);
    Ok(Forgotten {
        deliveries: old(sql::OLD_DELIVERIES, retention.deliveries)?,
        evidence: old(sql::OLD_EVIDENCE, retention.evidence)?,
        commits: old(sql::OLD_COMMITS, retention.commits)?,
        baselines: old(sql::OLD_BASELINES, retention.commits)?,
    })
}
