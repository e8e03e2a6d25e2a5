//! What a retention does to the chains.

use super::queue::change;
use super::shelves::lock_chain;
use super::{rows, trouble};
use crate::server::clock::Time;
use crate::server::store::chain::{MAX_REMOVED, Removed, Row, too_old};
use crate::server::store::{StoreError, sql};
use deadpool_postgres::Object;
use tokio_postgres::types::ToSql;

pub(super) async fn remove(
    client: &mut Object,
    repository: &str,
    keep_days: u32,
    now: Time,
) -> Result<Option<Removed>, StoreError> {
    let transaction = client.transaction().await.map_err(trouble)?;
    lock_chain(&transaction, repository).await?;
    let most = i64::from(MAX_REMOVED);
    let first = transaction.query(sql::FIRST_OF_REPOSITORY, &[&repository, &most]).await.map_err(trouble)?;
    let first = first.iter().map(rows::step).collect::<Result<Vec<_>, _>>()?;
    let last = transaction.query_opt(sql::LAST_OF_REPOSITORY, &[&repository]).await.map_err(trouble)?;
    let last = last.as_ref().map(rows::step).transpose()?;
    let Some(removal) = too_old(first, last, keep_days, now) else { return Ok(None) };
    let row = Row::of(&removal, keep_days, now);
    let (through_hash, previous) = (row.through_hash.to_string(), row.previous.to_string());
    let hash = row.hash.to_string();
    let values: [&(dyn ToSql + Sync); 8] = [
        &repository,
        &row.number,
        &row.recorded.0,
        &row.through,
        &through_hash,
        &row.keep_days,
        &previous,
        &hash,
    ];
    change(&transaction, sql::CHECKPOINT, &values).await?;
    let verdicts = change(&transaction, sql::OLD_RECORDS, &[&repository, &row.through]).await?;
    change(&transaction, sql::OLD_CHECKPOINTS, &[&repository, &row.through]).await?;
    transaction.commit().await.map_err(trouble)?;
    Ok(Some(Removed { verdicts, through: removal.through }))
}
