//! Deliveries and jobs.

use super::{rows, shelves, signed, trouble};
use crate::server::clock::Time;
use crate::server::store::job::token;
use crate::server::store::{
    Accepted, Claim, Effects, Finish, Job, Lease, NewDelivery, StoreError, Trigger, sql,
};
use deadpool_postgres::{Object, Transaction};
use tokio_postgres::types::ToSql;

/// Does a statement of a transaction; how many rows it changed.
pub(super) async fn change(
    transaction: &Transaction<'_>,
    statement: &str,
    parameters: &[&(dyn ToSql + Sync)],
) -> Result<u64, StoreError> {
    let prepared = transaction.prepare_cached(statement).await.map_err(trouble)?;
    transaction.execute(&prepared, parameters).await.map_err(trouble)
}

pub(super) async fn accept(
    client: &mut Object,
    delivery: &NewDelivery,
    triggers: &[Trigger],
    due: Time,
    now: Time,
) -> Result<Accepted, StoreError> {
    let transaction = client.transaction().await.map_err(trouble)?;
    let NewDelivery { id, event, repository } = delivery;
    if change(&transaction, sql::ACCEPT, &[id, event, repository, &now.0]).await? == 0 {
        return Ok(Accepted::Known);
    }
    trigger(&transaction, triggers, due, now).await?;
    transaction.commit().await.map_err(trouble)?;
    Ok(Accepted::New)
}

pub(super) async fn trigger(
    transaction: &Transaction<'_>,
    triggers: &[Trigger],
    due: Time,
    now: Time,
) -> Result<(), StoreError> {
    for trigger in triggers {
        let (pull, installation) = (signed(trigger.pull), signed(trigger.installation));
        let (kind, cause) = (trigger.kind.word(), trigger.cause);
        let values: [&(dyn ToSql + Sync); 8] =
            [&kind, &trigger.repository, &trigger.subject, &pull, &installation, &cause, &now.0, &due.0];
        change(transaction, sql::TRIGGER, &values).await?;
    }
    Ok(())
}

/// Replicas that claim at the same moment pass over each other's jobs; of one repository they may then take one more
/// than they are told.
pub(super) async fn claim(client: &mut Object, claim: Claim, now: Time) -> Result<Vec<Job>, StoreError> {
    let next = format!("{} FOR UPDATE OF j SKIP LOCKED", sql::NEXT_DUE);
    let mut jobs = Vec::new();
    for _ in 0..claim.most {
        let transaction = client.transaction().await.map_err(trouble)?;
        let prepared = transaction.prepare_cached(&next).await.map_err(trouble)?;
        let per_repository = i64::from(claim.per_repository);
        let found = transaction.query_opt(&prepared, &[&now.0, &per_repository]).await.map_err(trouble)?;
        let Some(found) = found else { break };
        let id: i64 = found.try_get(0).map_err(trouble)?;
        let token = token().ok_or_else(|| StoreError::Unavailable("no random numbers".to_owned()))?;
        let prepared = transaction.prepare_cached(sql::TAKE).await.map_err(trouble)?;
        let taken =
            transaction.query_one(&prepared, &[&token, &claim.until.0, &id]).await.map_err(trouble)?;
        let job = rows::job(&taken, &token)?;
        transaction.commit().await.map_err(trouble)?;
        jobs.push(job);
    }
    Ok(jobs)
}

pub(super) async fn finish(
    client: &mut Object,
    lease: &Lease,
    finish: &Finish,
    effects: Effects,
    now: Time,
) -> Result<bool, StoreError> {
    let transaction = client.transaction().await.map_err(trouble)?;
    let (job, token) = (&lease.job, &lease.token);
    let ours = format!("{} FOR UPDATE", sql::IS_OURS);
    let prepared = transaction.prepare_cached(&ours).await.map_err(trouble)?;
    let found = transaction.query_opt(&prepared, &[job, token]).await.map_err(trouble)?;
    let Some(found) = found else { return Ok(false) };
    shelves::keep_effects(&transaction, &rows::subject(&found)?, effects, now).await?;
    match finish {
        Finish::Done(due) => {
            let gone = change(&transaction, sql::DONE, &[job, token, &lease.triggers]).await?;
            if gone == 0 {
                change(&transaction, sql::DONE_AND_DUE, &[&due.0, job, token]).await?;
            }
        }
        Finish::Retry { at, problem } => {
            change(&transaction, sql::RETRY, &[&at.0, problem, job, token]).await?;
        }
        Finish::Wait { at, problem } => {
            change(&transaction, sql::WAIT, &[&at.0, problem, job, token]).await?;
        }
        Finish::Dead { problem } => {
            let dead =
                change(&transaction, sql::DIE, &[&now.0, problem, job, token, &lease.triggers]).await?;
            if dead == 0 {
                change(&transaction, sql::DONE_AND_DUE, &[&now.0, job, token]).await?;
            }
        }
        Finish::Released => {
            change(&transaction, sql::RELEASE, &[job, token]).await?;
        }
    }
    transaction.commit().await.map_err(trouble)?;
    Ok(true)
}
