//! Everything that is kept beside the queue.

use super::queue::change;
use super::rows::{self, Subject};
use super::{Postgres, trouble};
use crate::records::chain::Digest;
use crate::server::clock::Time;
use crate::server::store::record::{digest_text, pulls_text};
use crate::server::store::{Effects, Forgotten, NewRecord, Retention, StoreError, entry, sql};
use deadpool_postgres::Transaction;
use tokio_postgres::types::ToSql;

/// What a job leaves behind, about its subject.
pub(super) async fn keep_effects(
    transaction: &Transaction<'_>,
    subject: &Subject,
    effects: Effects,
    now: Time,
) -> Result<(), StoreError> {
    if let Some(state) = effects.commit {
        let state = state.word();
        let Subject { repository, sha, installation, pull } = subject;
        let values: [&(dyn ToSql + Sync); 6] = [repository, sha, pull, installation, &now.0, &state];
        change(transaction, sql::COMMIT, &values).await?;
    }
    if let Some((digest, body)) = effects.evidence {
        change(transaction, sql::KEEP_EVIDENCE, &[&digest, &now.0, &body]).await?;
    }
    match effects.record {
        Some(record) => keep_record(transaction, &record).await,
        None => Ok(()),
    }
}

/// One replica at a time changes a repository's chain.
pub(super) async fn lock_chain(transaction: &Transaction<'_>, repository: &str) -> Result<(), StoreError> {
    let lock = "SELECT pg_advisory_xact_lock(hashtextextended($1, 2))";
    change(transaction, lock, &[&repository]).await.map(|_| ())
}

async fn keep_record(transaction: &Transaction<'_>, what: &NewRecord) -> Result<(), StoreError> {
    let NewRecord { repository, sha, .. } = what;
    lock_chain(transaction, repository).await?;
    let before = transaction.query_opt(sql::LAST_OF_COMMIT, &[repository, sha]).await.map_err(trouble)?;
    let (policy, evidence) = (digest_text(what.policy), digest_text(what.evidence));
    if let Some(before) = before {
        let text = |column: usize| before.try_get::<_, String>(column).map_err(trouble);
        if text(0)? == what.kind && text(1)? == policy && text(2)? == evidence {
            return Ok(());
        }
    }
    let last = transaction.query_opt(sql::LAST_OF_REPOSITORY, &[repository]).await.map_err(trouble)?;
    let (number, previous) = match last {
        Some(last) => (last.try_get::<_, i64>(0).map_err(trouble)? + 1, rows::chained(&last, 1)?),
        None => (1, Digest::START),
    };
    let (previous_text, pulls) = (previous.to_string(), pulls_text(&what.pulls));
    let hash = entry(number, previous, what).hash().to_string();
    let values: [&(dyn ToSql + Sync); 11] = [
        repository,
        &number,
        sha,
        &pulls,
        &what.kind,
        &what.decided.0,
        &policy,
        &evidence,
        &what.body,
        &previous_text,
        &hash,
    ];
    change(transaction, sql::RECORD, &values).await.map(|_| ())
}

pub(super) async fn forget(store: &Postgres, retention: Retention) -> Result<Forgotten, StoreError> {
    Ok(Forgotten {
        deliveries: store.change(sql::OLD_DELIVERIES, &[&retention.deliveries.0]).await?,
        evidence: store.change(sql::OLD_EVIDENCE, &[&retention.evidence.0]).await?,
        commits: store.change(sql::OLD_COMMITS, &[&retention.commits.0]).await?,
        baselines: store.change(sql::OLD_BASELINES, &[&retention.commits.0]).await?,
    })
}
