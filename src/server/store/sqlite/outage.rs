//! Signs of life, and what was merged without a verdict.

use super::queue::{signed, trigger};
use super::rows;
use crate::server::clock::Time;
use crate::server::store::{Merged, MergedCommit, Outage, sql};
use rusqlite::{Connection, params};
use std::time::Duration;

pub(super) fn alive(
    connection: &Connection,
    longest: Duration,
    now: Time,
) -> rusqlite::Result<Option<Outage>> {
    if connection.prepare_cached(sql::FIRST_ALIVE)?.execute([now.0])? > 0 {
        return Ok(None);
    }
    let since: i64 = connection.prepare_cached(sql::LAST_ALIVE)?.query_row([], |row| row.get(0))?;
    let outage = Outage { since: Time(since), until: now };
    connection.prepare_cached(sql::ALIVE)?.execute([now.0])?;
    if now.since(outage.since) <= longest {
        return Ok(None);
    }
    let known = connection
        .prepare_cached(sql::REPOSITORIES)?
        .query_map(params!["", i64::MAX], rows::repository)?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    for (jobs, due) in outage.all_jobs(known) {
        trigger(connection, &jobs, due, now)?;
    }
    Ok(Some(outage))
}

pub(super) fn keep_merged(connection: &Connection, merged: &Merged, now: Time) -> rusqlite::Result<bool> {
    let Merged { repository, sha, pull, installation, at, judged_until } = merged;
    let (pull, installation) = (signed(*pull), signed(*installation));
    let values = params![repository, sha, pull, installation, now.0, at.0, judged_until.0];
    if connection.prepare_cached(sql::MERGED_AWAY)?.execute(values)? == 0 {
        return Ok(false);
    }
    trigger(connection, &[merged.job()], now, now)?;
    Ok(true)
}

pub(super) fn merged(
    connection: &Connection,
    repository: &str,
    since: Time,
    limit: u32,
) -> rusqlite::Result<Vec<MergedCommit>> {
    let asked = params![repository, since.0, limit];
    connection.prepare_cached(sql::MERGED_SINCE)?.query_map(asked, rows::merged)?.collect()
}
