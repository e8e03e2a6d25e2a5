//! PostgreSQL: several replicas share one queue.
//!
//! Jobs are taken with `FOR UPDATE SKIP LOCKED`. Whoever writes to GitHub about a commit holds an advisory lock, in a
//! transaction that the server ends if its owner falls silent: a replica that was stopped keeps nobody waiting. All
//! replicas count time from the server's clock.

mod chain;
mod outage;
mod queue;
mod rows;
mod shelves;

use super::migrations::{MIGRATIONS, Words, newest};
use super::{
    Accepted, Baseline, CachedPolicy, Claim, Commit, Confirmed, DeadJob, Effects, Finish, Forgotten, Job,
    KnownRepository, Lease, Merged, MergedCommit, NewDelivery, Outage, QueueFigures, Record, RecordQuery,
    Removed, Retention, Store, StoreError, Trigger, WriteLock, sql,
};
use crate::records::chain::Stored;
use crate::server::clock::{Clock, Time};
use async_trait::async_trait;
use deadpool_postgres::{
    ClientWrapper, Hook, HookError, Manager, ManagerConfig, Object, Pool, PoolError, RecyclingMethod,
    Runtime, Timeouts,
};
use rustls::ClientConfig;
use secrecy::{ExposeSecret as _, SecretString};
use std::fmt;
use std::str::FromStr as _;
use std::time::Duration;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Config, Error, Row};
use tokio_postgres_rustls::MakeRustlsConnect;

/// PostgreSQL's words.
const WORDS: Words = Words { serial: "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY", bytes: "BYTEA" };

/// Connections of one replica, and as many again for locks.
const MAX_CONNECTIONS: usize = 16;

/// How long a connection is waited for.
const MAX_WAIT: Duration = Duration::from_secs(5);

/// What a replica that stands still in the middle of a transaction has locked is free again after this time: the server
/// ends its connection. No statement of ours waits for anything but the server, apart from the lock of a commit, which has
/// a time of its own.
const BOUND: &str = "SET idle_in_transaction_session_timeout = '10s'";

/// Guards the tables while they are brought up to date.
const MIGRATING: i64 = 0x746f_6c6c_6761_7465;

/// A store in a database.
pub struct Postgres {
    pool: Pool,
    locks: Pool,
    clock: Clock,
}

impl fmt::Debug for Postgres {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Postgres")
    }
}

impl Postgres {
    /// Connects, and brings the tables up to date.
    ///
    /// # Errors
    /// When the address cannot be read or reached, and when a newer Tollgate has changed the tables. No password stands
    /// in an error.
    pub async fn connect(
        address: &str,
        password: Option<&SecretString>,
        tls: &ClientConfig,
    ) -> Result<Self, StoreError> {
        let mut config = Config::from_str(address)
            .map_err(|_| StoreError::Unavailable("its address cannot be read".to_owned()))?;
        if let Some(password) = password {
            config.password(password.expose_secret());
        }
        config.connect_timeout(MAX_WAIT).application_name("tollgate");
        let pool = || {
            let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
            let manager =
                Manager::from_config(config.clone(), MakeRustlsConnect::new(tls.clone()), recycling);
            let timeouts = Timeouts { wait: Some(MAX_WAIT), create: Some(MAX_WAIT), recycle: Some(MAX_WAIT) };
            let bound = Hook::async_fn(|client: &mut ClientWrapper, _| {
                Box::pin(async { client.batch_execute(BOUND).await.map_err(HookError::Backend) })
            });
            Pool::builder(manager)
                .post_create(bound)
                .max_size(MAX_CONNECTIONS)
                .timeouts(timeouts)
                .runtime(Runtime::Tokio1)
                .build()
                .map_err(|error| StoreError::Unavailable(error.to_string()))
        };
        let (pool, locks) = (pool()?, pool()?);
        let mut client = pool.get().await.map_err(unreachable)?;
        migrate(&mut client).await?;
        let asked = "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)";
        let now = client.query_one(asked, &[]).await.map_err(trouble)?;
        let kept = client.query_one(sql::LATEST_TIME, &[]).await.map_err(trouble)?;
        let time = |row: &Row| row.try_get(0).map(Time).map_err(trouble);
        let clock = Clock::after(time(&now)?, time(&kept)?);
        drop(client);
        Ok(Self { pool, locks, clock })
    }

    pub(super) async fn client(&self) -> Result<Object, StoreError> {
        self.pool.get().await.map_err(unreachable)
    }

    /// The rows that a statement gives.
    async fn rows<T>(
        &self,
        statement: &str,
        parameters: &[&(dyn ToSql + Sync)],
        read: impl Fn(&Row) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        let client = self.client().await?;
        let prepared = client.prepare_cached(statement).await.map_err(trouble)?;
        let rows = client.query(&prepared, parameters).await.map_err(trouble)?;
        rows.iter().map(read).collect()
    }

    /// The first row that a statement gives.
    async fn row<T>(
        &self,
        statement: &str,
        parameters: &[&(dyn ToSql + Sync)],
        read: impl Fn(&Row) -> Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        Ok(self.rows(statement, parameters, read).await?.into_iter().next())
    }

    /// How many rows a statement changed.
    pub(super) async fn change(
        &self,
        statement: &str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<u64, StoreError> {
        let client = self.client().await?;
        let prepared = client.prepare_cached(statement).await.map_err(trouble)?;
        client.execute(&prepared, parameters).await.map_err(trouble)
    }
}

/// Brings the tables up to date; other replicas wait meanwhile.
async fn migrate(client: &mut Object) -> Result<(), StoreError> {
    let transaction = client.transaction().await.map_err(trouble)?;
    transaction.execute("SELECT pg_advisory_xact_lock($1)", &[&MIGRATING]).await.map_err(trouble)?;
    let table = "CREATE TABLE IF NOT EXISTS tollgate_version (version BIGINT NOT NULL)";
    transaction.batch_execute(table).await.map_err(trouble)?;
    let rows = transaction.query("SELECT version FROM tollgate_version", &[]).await.map_err(trouble)?;
    let found: i64 = match rows.first() {
        Some(row) => row.try_get(0).map_err(trouble)?,
        None => 0,
    };
    let known = newest();
    if found > known {
        return Err(StoreError::Newer { found, known });
    }
    for (_, step) in (1..).zip(MIGRATIONS).filter(|(number, _)| *number > found) {
        transaction.batch_execute(&WORDS.of(step)).await.map_err(trouble)?;
    }
    transaction.execute("DELETE FROM tollgate_version", &[]).await.map_err(trouble)?;
    transaction
        .execute("INSERT INTO tollgate_version (version) VALUES ($1)", &[&known])
        .await
        .map_err(trouble)?;
    transaction.commit().await.map_err(trouble)
}

fn unreachable(error: PoolError) -> StoreError {
    match error {
        PoolError::Backend(error) => trouble(error),
        error => StoreError::Unavailable(error.to_string()),
    }
}

/// What went wrong, in the server's words: it never repeats a password.
fn trouble(error: Error) -> StoreError {
    let said = error.as_db_error().map(|said| said.message().to_owned());
    StoreError::Unavailable(said.unwrap_or_else(|| error.to_string()))
}

/// GitHub's numbers as the databases keep them.
fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Held by a transaction of its own; the server ends it when its owner falls silent.
struct Held {
    connection: Option<Object>,
}

#[async_trait]
impl WriteLock for Held {
    async fn release(mut self: Box<Self>) {
        if let Some(connection) = self.connection.take()
            && connection.batch_execute("COMMIT").await.is_err()
        {
            // The server has ended it; the connection is of no more use.
            drop(Object::take(connection));
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // Not given back: the connection goes away, and the lock with it.
        if let Some(connection) = self.connection.take() {
            drop(Object::take(connection));
        }
    }
}

#[async_trait]
impl Store for Postgres {
    fn clock(&self) -> Clock {
        self.clock
    }

    async fn ready(&self) -> Result<(), StoreError> {
        self.change("UPDATE marks SET said = said WHERE name = ''", &[]).await.map(|_| ())
    }

    async fn accept(
        &self,
        delivery: NewDelivery,
        triggers: Vec<Trigger>,
        due: Time,
        now: Time,
    ) -> Result<Accepted, StoreError> {
        queue::accept(&mut self.client().await?, &delivery, &triggers, due, now).await
    }

    async fn trigger(&self, triggers: Vec<Trigger>, due: Time, now: Time) -> Result<(), StoreError> {
        let mut client = self.client().await?;
        let transaction = client.transaction().await.map_err(trouble)?;
        queue::trigger(&transaction, &triggers, due, now).await?;
        transaction.commit().await.map_err(trouble)
    }

    async fn claim(&self, claim: Claim, now: Time) -> Result<Vec<Job>, StoreError> {
        queue::claim(&mut self.client().await?, claim, now).await
    }

    async fn keep(&self, lease: &Lease, until: Time) -> Result<bool, StoreError> {
        Ok(self.change(sql::KEEP, &[&until.0, &lease.job, &lease.token]).await? > 0)
    }

    async fn lock(&self, job: &Job) -> Result<Option<Box<dyn WriteLock>>, StoreError> {
        let connection = self.locks.get().await.map_err(unreachable)?;
        let begin =
            "BEGIN; SET LOCAL idle_in_transaction_session_timeout = '30s'; SET LOCAL lock_timeout = '45s'";
        connection.batch_execute(begin).await.map_err(trouble)?;
        let held = Held { connection: Some(connection) };
        let Some(connection) = &held.connection else { return Ok(None) };
        let key = format!("{} {}", job.repository, job.subject);
        let lock = "SELECT pg_advisory_xact_lock(hashtextextended($1, 1))";
        connection.execute(lock, &[&key]).await.map_err(trouble)?;
        let found =
            connection.query(sql::IS_OURS, &[&job.lease.job, &job.lease.token]).await.map_err(trouble)?;
        Ok(if found.is_empty() { None } else { Some(Box::new(held)) })
    }

    async fn finish(
        &self,
        lease: &Lease,
        finish: Finish,
        effects: Effects,
        now: Time,
    ) -> Result<bool, StoreError> {
        queue::finish(&mut self.client().await?, lease, &finish, effects, now).await
    }

    async fn dead_jobs(&self, limit: u32) -> Result<Vec<DeadJob>, StoreError> {
        self.rows(sql::DEAD, &[&i64::from(limit)], rows::dead).await
    }

    async fn revive(&self, job: Option<i64>, now: Time) -> Result<u64, StoreError> {
        self.change(sql::REVIVE, &[&now.0, &job.unwrap_or(-1)]).await
    }

    async fn queue(&self, now: Time) -> Result<QueueFigures, StoreError> {
        let figures = self.row(sql::QUEUE, &[&now.0], rows::figures).await?;
        figures.ok_or_else(|| StoreError::Damaged("no figures".to_owned()))
    }

    async fn open_commits(&self, before: Time, limit: u32) -> Result<Vec<Commit>, StoreError> {
        self.rows(sql::COMMITS_OPEN, &[&before.0, &i64::from(limit)], rows::commit).await
    }

    async fn commits_of(&self, repository: &str, since: Time, limit: u32) -> Result<Vec<Commit>, StoreError> {
        self.rows(sql::COMMITS_OF, &[&repository, &since.0, &i64::from(limit)], rows::commit).await
    }

    async fn alive(&self, longest: Duration, now: Time) -> Result<Option<Outage>, StoreError> {
        outage::alive(&mut self.client().await?, longest, now).await
    }

    async fn keep_merged(&self, merged: Merged, now: Time) -> Result<bool, StoreError> {
        outage::keep_merged(&mut self.client().await?, &merged, now).await
    }

    async fn merged(
        &self,
        repository: &str,
        since: Time,
        limit: u32,
    ) -> Result<Vec<MergedCommit>, StoreError> {
        self.rows(sql::MERGED_SINCE, &[&repository, &since.0, &i64::from(limit)], rows::merged).await
    }

    async fn commit(&self, repository: &str, sha: &str) -> Result<Option<Commit>, StoreError> {
        self.row(sql::COMMIT_OF, &[&repository, &sha], rows::commit).await
    }

    async fn confirm(&self, repository: &str, sha: &str, login: &str, now: Time) -> Result<(), StoreError> {
        self.change(sql::CONFIRM, &[&repository, &sha, &login, &now.0]).await.map(|_| ())
    }

    async fn confirmed(&self, repository: &str, sha: &str) -> Result<Option<Confirmed>, StoreError> {
        self.row(sql::CONFIRMED, &[&repository, &sha], rows::confirmed).await
    }

    async fn records(&self, query: RecordQuery) -> Result<Vec<Record>, StoreError> {
        let (repository, sha) = (query.repository.unwrap_or_default(), query.sha.unwrap_or_default());
        let (before, since) = (query.before.unwrap_or(-1), query.since.unwrap_or_default().0);
        let limit = i64::from(query.limit);
        self.rows(sql::RECORDS, &[&repository, &sha, &before, &since, &limit], rows::record).await
    }

    async fn record(&self, id: i64) -> Result<Option<Record>, StoreError> {
        self.row(sql::RECORD_OF, &[&id], rows::record).await
    }

    async fn evidence(&self, digest: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.row(sql::EVIDENCE, &[&digest], |row| row.try_get(0).map_err(trouble)).await
    }

    async fn policy(&self, place: &str) -> Result<Option<CachedPolicy>, StoreError> {
        self.row(sql::POLICY, &[&place], rows::policy).await
    }

    async fn keep_policy(&self, policy: CachedPolicy) -> Result<(), StoreError> {
        let CachedPolicy { place, etag, body, fetched, is_stale } = policy;
        let kept: [&(dyn ToSql + Sync); 5] = [&place, &etag, &body, &fetched.0, &i64::from(is_stale)];
        self.change(sql::KEEP_POLICY, &kept).await.map(|_| ())
    }

    async fn policies_changed(&self, prefix: &str) -> Result<u64, StoreError> {
        self.change(sql::POLICIES_CHANGED, &[&prefix]).await
    }

    async fn baseline(&self, repository: &str, sha: &str) -> Result<Option<Baseline>, StoreError> {
        self.row(sql::BASELINE, &[&repository, &sha], rows::baseline).await
    }

    async fn baselines(&self, repository: &str, branch: &str) -> Result<Vec<(String, Time)>, StoreError> {
        let read = |row: &Row| {
            let (commit, stored) = (row.try_get(0).map_err(trouble)?, row.try_get(1).map_err(trouble)?);
            Ok((commit, Time(stored)))
        };
        self.rows(sql::BASELINES, &[&repository, &branch], read).await
    }

    async fn keep_baseline(&self, baseline: Baseline) -> Result<(), StoreError> {
        let Baseline { repository, branch, sha, stored, body } = baseline;
        let values: [&(dyn ToSql + Sync); 5] = [&repository, &branch, &sha, &stored.0, &body];
        self.change(sql::KEEP_BASELINE, &values).await?;
        self.change(sql::TOO_MANY_BASELINES, &[&repository]).await.map(|_| ())
    }

    async fn forget_baseline(&self, repository: &str, sha: &str) -> Result<(), StoreError> {
        self.change(sql::FORGET_BASELINE, &[&repository, &sha]).await.map(|_| ())
    }

    async fn keep_repository(&self, known: KnownRepository) -> Result<(), StoreError> {
        let (installation, private) = (signed(known.installation), i64::from(known.is_private));
        let kept: [&(dyn ToSql + Sync); 5] =
            [&known.repository, &installation, &known.default_branch, &private, &known.seen.0];
        self.change(sql::KEEP_REPOSITORY, &kept).await.map(|_| ())
    }

    async fn forget_repository(&self, repository: &str) -> Result<(), StoreError> {
        self.change(sql::FORGET_REPOSITORY, &[&repository]).await.map(|_| ())
    }

    async fn repository(&self, repository: &str) -> Result<Option<KnownRepository>, StoreError> {
        self.row(sql::REPOSITORY, &[&repository], rows::repository).await
    }

    async fn repositories(&self, after: &str, limit: u32) -> Result<Vec<KnownRepository>, StoreError> {
        self.rows(sql::REPOSITORIES, &[&after, &i64::from(limit)], rows::repository).await
    }

    async fn given_since(&self, installation: u64, since: Time) -> Result<Vec<KnownRepository>, StoreError> {
        self.rows(sql::REPOSITORIES_GIVEN, &[&signed(installation), &since.0], rows::repository).await
    }

    async fn mark(&self, name: &str) -> Result<Option<String>, StoreError> {
        self.row(sql::MARK, &[&name], |row| row.try_get(0).map_err(trouble)).await
    }

    async fn set_mark(&self, name: &str, said: &str) -> Result<(), StoreError> {
        self.change(sql::SET_MARK, &[&name, &said]).await.map(|_| ())
    }

    async fn replace_mark(&self, name: &str, read: &str, said: &str) -> Result<bool, StoreError> {
        Ok(self.change(sql::REPLACE_MARK, &[&name, &said, &read]).await? > 0)
    }

    async fn with_old_records(
        &self,
        before: Time,
        after: &str,
        limit: u32,
    ) -> Result<Vec<String>, StoreError> {
        let asked: [&(dyn ToSql + Sync); 3] = [&after, &before.0, &i64::from(limit)];
        self.rows(sql::REPOSITORIES_WITH_OLD, &asked, |row| row.try_get(0).map_err(trouble)).await
    }

    async fn remove_records(
        &self,
        repository: &str,
        keep_days: u32,
        now: Time,
    ) -> Result<Option<Removed>, StoreError> {
        chain::remove(&mut self.client().await?, repository, keep_days, now).await
    }

    async fn checkpoints(&self, repository: &str) -> Result<Vec<Stored>, StoreError> {
        self.rows(sql::CHECKPOINTS, &[&repository], rows::checkpoint).await
    }

    async fn chains(&self, after: &str, limit: u32) -> Result<Vec<String>, StoreError> {
        let asked: [&(dyn ToSql + Sync); 2] = [&after, &i64::from(limit)];
        self.rows(sql::CHAINS, &asked, |row| row.try_get(0).map_err(trouble)).await
    }

    async fn forget(&self, retention: Retention) -> Result<Forgotten, StoreError> {
        shelves::forget(self, retention).await
    }
}
