//! Signs of life, and what was merged without a verdict.

use super::queue::{change, trigger};
use super::{rows, signed, trouble};
use crate::server::clock::Time;
use crate::server::store::{Merged, Outage, StoreError, sql};
use deadpool_postgres::Object;
use std::time::Duration;
use tokio_postgres::types::ToSql;

/// Of replicas that come back together, the first finds the outage.
pub(super) async fn alive(
    client: &mut Object,
    longest: Duration,
    now: Time,
) -> Result<Option<Outage>, StoreError> {
    let transaction = client.transaction().await.map_err(trouble)?;
    let is_first = change(&transaction, sql::FIRST_ALIVE, &[&now.0]).await? > 0;
    let last = format!("{} FOR UPDATE", sql::LAST_ALIVE);
    let last = transaction.query_one(&last, &[]).await.map_err(trouble)?;
    let outage = Outage { since: Time(last.try_get(0).map_err(trouble)?), until: now };
    change(&transaction, sql::ALIVE, &[&now.0]).await?;
    let was_away = !is_first && now.since(outage.since) > longest;
    if was_away {
        let known = transaction.query(sql::REPOSITORIES, &[&"", &i64::MAX]).await.map_err(trouble)?;
        let known = known.iter().map(rows::repository).collect::<Result<Vec<_>, _>>()?;
        for (jobs, due) in outage.all_jobs(known) {
            trigger(&transaction, &jobs, due, now).await?;
        }
    }
    transaction.commit().await.map_err(trouble)?;
    Ok(was_away.then_some(outage))
}

pub(super) async fn keep_merged(client: &mut Object, merged: &Merged, now: Time) -> Result<bool, StoreError> {
    let transaction = client.transaction().await.map_err(trouble)?;
    let Merged { repository, sha, pull, installation, at, judged_until } = merged;
    let (pull, installation) = (signed(*pull), signed(*installation));
    let values: [&(dyn ToSql + Sync); 7] =
        [repository, sha, &pull, &installation, &now.0, &at.0, &judged_until.0];
    if change(&transaction, sql::MERGED_AWAY, &values).await? == 0 {
        return Ok(false);
    }
    trigger(&transaction, &[merged.job()], now, now).await?;
    transaction.commit().await.map_err(trouble)?;
    Ok(true)
}
