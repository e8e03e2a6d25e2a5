//! Deliveries and jobs.

use super::rows;
use super::shelves;
use crate::server::clock::Time;
use crate::server::store::job::token;
use crate::server::store::{
    Accepted, Claim, DeadJob, Effects, Finish, Job, Lease, NewDelivery, QueueFigures, Trigger, sql,
};
use rusqlite::{Connection, OptionalExtension as _, params};

pub(super) fn accept(
    connection: &Connection,
    delivery: &NewDelivery,
    triggers: &[Trigger],
    due: Time,
    now: Time,
) -> rusqlite::Result<Accepted> {
    let kept = connection.prepare_cached(sql::ACCEPT)?.execute(params![
        delivery.id,
        delivery.event,
        delivery.repository,
        now.0
    ])?;
    if kept == 0 {
        return Ok(Accepted::Known);
    }
    trigger(connection, triggers, due, now)?;
    Ok(Accepted::New)
}

pub(super) fn trigger(
    connection: &Connection,
    triggers: &[Trigger],
    due: Time,
    now: Time,
) -> rusqlite::Result<()> {
    let mut insert = connection.prepare_cached(sql::TRIGGER)?;
    for trigger in triggers {
        insert.execute(params![
            trigger.kind.word(),
            trigger.repository,
            trigger.subject,
            signed(trigger.pull),
            signed(trigger.installation),
            trigger.cause,
            now.0,
            due.0
        ])?;
    }
    Ok(())
}

pub(super) fn claim(connection: &Connection, claim: Claim, now: Time) -> rusqlite::Result<Vec<Job>> {
    let mut jobs = Vec::new();
    for _ in 0..claim.most {
        let next: Option<i64> = connection
            .prepare_cached(sql::NEXT_DUE)?
            .query_row(params![now.0, claim.per_repository], |row| row.get(0))
            .optional()?;
        let Some(id) = next else { break };
        let token = token().ok_or(rusqlite::Error::InvalidQuery)?;
        let job = connection
            .prepare_cached(sql::TAKE)?
            .query_row(params![token, claim.until.0, id], |row| rows::job(row, &token))?;
        jobs.push(job);
    }
    Ok(jobs)
}

pub(super) fn keep(connection: &Connection, lease: &Lease, until: Time) -> rusqlite::Result<bool> {
    let kept = connection.prepare_cached(sql::KEEP)?.execute(params![until.0, lease.job, lease.token])?;
    Ok(kept > 0)
}

pub(super) fn is_ours(connection: &Connection, lease: &Lease) -> rusqlite::Result<bool> {
    connection.prepare_cached(sql::IS_OURS)?.exists(params![lease.job, lease.token])
}

pub(super) fn finish(
    connection: &Connection,
    lease: &Lease,
    finish: &Finish,
    effects: Effects,
    now: Time,
) -> rusqlite::Result<bool> {
    let subject: Option<(String, String, i64, i64)> = connection
        .prepare_cached(sql::IS_OURS)?
        .query_row(params![lease.job, lease.token], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
        })
        .optional()?;
    let Some((repository, sha, installation, pull)) = subject else { return Ok(false) };
    shelves::keep_effects(connection, (&repository, &sha, pull, installation), effects, now)?;
    let (job, token) = (lease.job, &lease.token);
    match finish {
        Finish::Done(due) => {
            let gone = connection.prepare_cached(sql::DONE)?.execute(params![job, token, lease.triggers])?;
            if gone == 0 {
                connection.prepare_cached(sql::DONE_AND_DUE)?.execute(params![due.0, job, token])?;
            }
        }
        Finish::Retry { at, problem } => {
            connection.prepare_cached(sql::RETRY)?.execute(params![at.0, problem, job, token])?;
        }
        Finish::Wait { at, problem } => {
            connection.prepare_cached(sql::WAIT)?.execute(params![at.0, problem, job, token])?;
        }
        Finish::Dead { problem } => {
            let dead = connection.prepare_cached(sql::DIE)?.execute(params![
                now.0,
                problem,
                job,
                token,
                lease.triggers
            ])?;
            if dead == 0 {
                connection.prepare_cached(sql::DONE_AND_DUE)?.execute(params![now.0, job, token])?;
            }
        }
        Finish::Released => {
            connection.prepare_cached(sql::RELEASE)?.execute(params![job, token])?;
        }
    }
    Ok(true)
}

pub(super) fn dead(connection: &Connection, limit: u32) -> rusqlite::Result<Vec<DeadJob>> {
    connection.prepare_cached(sql::DEAD)?.query_map([limit], rows::dead)?.collect()
}

pub(super) fn revive(connection: &Connection, job: Option<i64>, now: Time) -> rusqlite::Result<u64> {
    let revived = connection.prepare_cached(sql::REVIVE)?.execute(params![now.0, job.unwrap_or(-1)])?;
    Ok(revived as u64)
}

pub(super) fn figures(connection: &Connection, now: Time) -> rusqlite::Result<QueueFigures> {
    connection.prepare_cached(sql::QUEUE)?.query_row([now.0], |row| {
        let oldest: i64 = row.get(4)?;
        Ok(QueueFigures {
            due: rows::number(row, 0)?,
            later: rows::number(row, 1)?,
            taken: rows::number(row, 2)?,
            dead: rows::number(row, 3)?,
            oldest: (oldest >= 0).then_some(Time(oldest)),
        })
    })
}

/// GitHub's numbers as the databases keep them.
pub(super) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
