//! What a retention does to the chains.

use super::rows;
use crate::records::chain::Stored;
use crate::server::clock::Time;
use crate::server::store::chain::{MAX_REMOVED, Removed, Row, too_old};
use crate::server::store::sql;
use rusqlite::{Connection, OptionalExtension as _, params};

pub(super) fn with_old(
    connection: &Connection,
    before: Time,
    after: &str,
    limit: u32,
) -> rusqlite::Result<Vec<String>> {
    let asked = params![after, before.0, limit];
    connection.prepare_cached(sql::REPOSITORIES_WITH_OLD)?.query_map(asked, |row| row.get(0))?.collect()
}

pub(super) fn remove(
    connection: &Connection,
    repository: &str,
    keep_days: u32,
    now: Time,
) -> rusqlite::Result<Option<Removed>> {
    let first = connection
        .prepare_cached(sql::FIRST_OF_REPOSITORY)?
        .query_map(params![repository, MAX_REMOVED], rows::step)?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    let last =
        connection.prepare_cached(sql::LAST_OF_REPOSITORY)?.query_row([repository], rows::step).optional()?;
    let Some(removal) = too_old(first, last, keep_days, now) else { return Ok(None) };
    let row = Row::of(&removal, keep_days, now);
    connection.prepare_cached(sql::CHECKPOINT)?.execute(params![
        repository,
        row.number,
        row.recorded.0,
        row.through,
        row.through_hash.to_string(),
        row.keep_days,
        row.previous.to_string(),
        row.hash.to_string()
    ])?;
    let gone = params![repository, row.through];
    let verdicts = connection.prepare_cached(sql::OLD_RECORDS)?.execute(gone)? as u64;
    connection.prepare_cached(sql::OLD_CHECKPOINTS)?.execute(gone)?;
    Ok(Some(Removed { verdicts, through: removal.through }))
}

pub(super) fn checkpoints(connection: &Connection, repository: &str) -> rusqlite::Result<Vec<Stored>> {
    connection.prepare_cached(sql::CHECKPOINTS)?.query_map([repository], rows::checkpoint)?.collect()
}

pub(super) fn names(connection: &Connection, after: &str, limit: u32) -> rusqlite::Result<Vec<String>> {
    connection.prepare_cached(sql::CHAINS)?.query_map(params![after, limit], |row| row.get(0))?.collect()
}
