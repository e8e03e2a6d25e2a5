//! SQLite: one file, one process, nothing to install.
//!
//! One thread writes ([`writer`]), and nobody gets an answer before the commit.

mod chain;
mod outage;
mod queue;
mod rows;
mod shelves;
mod writer;

use super::migrations::{MIGRATIONS, Words, newest};
use super::{
    Accepted, Baseline, CachedPolicy, Claim, Commit, Confirmed, DeadJob, Effects, Finish, Forgotten, Job,
    KnownRepository, Lease, Merged, MergedCommit, NewDelivery, Outage, QueueFigures, Record, RecordQuery,
    Removed, Retention, Store, StoreError, Trigger, WriteLock, sql,
};
use crate::records::chain::Stored;
use crate::server::clock::{Clock, Time};
use async_trait::async_trait;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::sync::{OwnedMutexGuard, oneshot};
use writer::{Answer, Done, Write, write_all};

/// Requests that wait for the writer at most; more are refused, and GitHub's hook is swept for them later.
const MAX_WAITING: usize = 4_096;

/// The file in the folder.
const FILE: &str = "tollgate.sqlite";

/// SQLite's words.
const WORDS: Words = Words { serial: "INTEGER PRIMARY KEY AUTOINCREMENT", bytes: "BLOB" };

/// How long a reader waits for a lock of the file.
const BUSY: Duration = Duration::from_secs(10);

/// How long the process that has the folder is given to end, as when a service is started anew.
const LEAVING: Duration = Duration::from_secs(2);

/// By repository and commit.
type Locks = BTreeMap<(String, String), Arc<tokio::sync::Mutex<()>>>;

/// A store in a folder.
pub struct Sqlite {
    file: PathBuf,
    clock: Clock,
    writer: mpsc::SyncSender<Write>,
    readers: Mutex<Vec<Open>>,
    /// One process serves a folder, so locks of the process are enough.
    locks: Mutex<Locks>,
    folder: Option<Arc<File>>,
}

/// A connection, and the lock of the folder that it keeps until it is closed.
struct Open {
    connection: Connection,
    _folder: Option<Arc<File>>,
}

impl fmt::Debug for Sqlite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sqlite").field("file", &self.file).finish_non_exhaustive()
    }
}

impl Sqlite {
    /// Opens the store in a folder, which must exist, and brings its tables up to date.
    ///
    /// # Errors
    /// When another process has it open, when a newer Tollgate has changed it, and when it cannot be written.
    pub fn open(folder: &Path) -> Result<Self, StoreError> {
        let lock = lock(folder)?;
        let file = folder.join(FILE);
        let mut connection = Connection::open(&file).map_err(|error| trouble(&error))?;
        prepare(&mut connection).map_err(|error| trouble(&error))??;
        // No other process has the folder, so whoever took these jobs is gone.
        connection
            .execute("UPDATE jobs SET lease = '', leased_until = 0 WHERE leased_until > 0", [])
            .map_err(|error| trouble(&error))?;
        Self::over(file, connection, Some(lock))
    }

    /// Opens the store of a folder from which a service may be serving, to look at it or to ask for a job again.
    ///
    /// # Errors
    /// Where there is no store, or one of another version: only the service changes its tables.
    pub fn beside(folder: &Path) -> Result<Self, StoreError> {
        let file = folder.join(FILE);
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&file, flags).map_err(|error| trouble(&error))?;
        settle(&connection).map_err(|error| trouble(&error))?;
        let found = version(&connection).map_err(|error| trouble(&error))?;
        let known = newest();
        match found.cmp(&known) {
            Ordering::Equal => Self::over(file, connection, None),
            Ordering::Greater => Err(StoreError::Newer { found, known }),
            Ordering::Less => Err(StoreError::Older { found, known }),
        }
    }

    fn over(file: PathBuf, connection: Connection, lock: Option<File>) -> Result<Self, StoreError> {
        let kept = connection.query_row(sql::LATEST_TIME, [], |row| row.get(0).map(Time));
        let clock = Clock::after(wall(), kept.map_err(|error| trouble(&error))?);
        let (writer, requests) = mpsc::sync_channel(MAX_WAITING);
        let folder = lock.map(Arc::new);
        let open = Open { connection, _folder: folder.clone() };
        std::thread::Builder::new()
            .name("store".to_owned())
            .spawn(move || {
                // The whole of it: a closure takes only the fields that it names.
                let mut open = open;
                write_all(&mut open.connection, &requests);
            })
            .map_err(|error| StoreError::Unavailable(error.to_string()))?;
        Ok(Self { file, clock, writer, readers: Mutex::default(), locks: Mutex::default(), folder })
    }

    /// Does something inside the writer's next transaction.
    async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (tell, told) = oneshot::channel();
        let request: Write = Box::new(move |connection| {
            let done = match connection {
                Some(connection) => work(connection).map_err(|error| trouble(&error)),
                None => Err(StoreError::Unavailable("no transaction can be begun".to_owned())),
            };
            let went_well = done.is_ok();
            let answer: Answer = Box::new(move |committed| {
                // The asker may have stopped waiting.
                drop(tell.send(committed.and(done)));
            });
            Done { went_well, answer }
        });
        self.writer.try_send(request).map_err(|_| {
            StoreError::Unavailable("more requests wait for the disk than it can take".to_owned())
        })?;
        told.await.map_err(|_| StoreError::Unavailable("its writer has stopped".to_owned()))?
    }

    /// Reads what was committed last.
    async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let kept = self.readers.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let (file, folder) = (self.file.clone(), self.folder.clone());
        let read = tokio::task::spawn_blocking(move || {
            let open = match kept {
                Some(open) => open,
                None => {
                    let connection = reader(&file).map_err(|error| trouble(&error))?;
                    Open { connection, _folder: folder }
                }
            };
            let done = work(&open.connection).map_err(|error| trouble(&error));
            Ok((open, done))
        });
        let (open, done) =
            read.await.map_err(|_| StoreError::Unavailable("a reader has stopped".to_owned()))??;
        self.readers.lock().unwrap_or_else(PoisonError::into_inner).push(open);
        done
    }
}

/// Keeps other processes out of the folder. One that is just ending, or has just been copied and is about to become
/// another program, is waited for.
fn lock(folder: &Path) -> Result<File, StoreError> {
    let unavailable = |error: std::io::Error| StoreError::Unavailable(error.to_string());
    let file = File::create(folder.join("lock")).map_err(unavailable)?;
    let started = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) if started.elapsed() < LEAVING => {
                std::thread::sleep(Duration::from_millis(10));
            }
            Err(TryLockError::WouldBlock) => return Err(StoreError::InUse),
            Err(TryLockError::Error(error)) => return Err(unavailable(error)),
        }
    }
}

/// The clock of the machine.
fn wall() -> Time {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Time(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// Nothing is answered before it is on the disk: a write-ahead log that is synced at every commit.
fn prepare(connection: &mut Connection) -> rusqlite::Result<Result<(), StoreError>> {
    settle(connection)?;
    let found = version(connection)?;
    let known = newest();
    if found > known {
        return Ok(Err(StoreError::Newer { found, known }));
    }
    for (number, step) in (1..).zip(MIGRATIONS).filter(|(number, _)| *number > found) {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        transaction.execute_batch(&WORDS.of(step))?;
        transaction.pragma_update(None, "user_version", number)?;
        transaction.commit()?;
    }
    Ok(Ok(()))
}

fn settle(connection: &Connection) -> rusqlite::Result<()> {
    settle_any(connection)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")
}

/// What holds for writers and readers.
fn settle_any(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(BUSY)?;
    // Without this, a statement is planned anew for each value that it is given: more work than to do it.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(())
}

/// The version of the tables; 0 if there are none.
fn version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("PRAGMA user_version", [], |row| row.get(0))
}

fn reader(file: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(file, flags)?;
    settle_any(&connection)?;
    Ok(connection)
}

/// What went wrong, in our words.
fn trouble(error: &rusqlite::Error) -> StoreError {
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            StoreError::Damaged("a file that SQLite cannot read".to_owned())
        }
        _ => match error {
            rusqlite::Error::FromSqlConversionFailure(_, _, what) => StoreError::Damaged(what.to_string()),
            error => StoreError::Unavailable(error.to_string()),
        },
    }
}

/// A lock of the process.
struct Held {
    _guard: OwnedMutexGuard<()>,
}

#[async_trait]
impl WriteLock for Held {
    async fn release(self: Box<Self>) {}
}

impl Sqlite {
    /// Waits for the lock of a subject.
    async fn hold(&self, job: &Job) -> Held {
        let lock = {
            let mut locks = self.locks.lock().unwrap_or_else(PoisonError::into_inner);
            locks.retain(|_, lock| Arc::strong_count(lock) > 1);
            let key = (job.repository.clone(), job.subject.clone());
            Arc::clone(locks.entry(key).or_default())
        };
        Held { _guard: lock.lock_owned().await }
    }
}

#[async_trait]
impl Store for Sqlite {
    fn clock(&self) -> Clock {
        self.clock
    }

    async fn ready(&self) -> Result<(), StoreError> {
        self.write(|connection| {
            connection.execute("UPDATE marks SET said = said WHERE name = ''", []).map(|_| ())
        })
        .await
    }

    async fn accept(
        &self,
        delivery: NewDelivery,
        triggers: Vec<Trigger>,
        due: Time,
        now: Time,
    ) -> Result<Accepted, StoreError> {
        self.write(move |connection| queue::accept(connection, &delivery, &triggers, due, now)).await
    }

    async fn trigger(&self, triggers: Vec<Trigger>, due: Time, now: Time) -> Result<(), StoreError> {
        self.write(move |connection| queue::trigger(connection, &triggers, due, now)).await
    }

    async fn claim(&self, claim: Claim, now: Time) -> Result<Vec<Job>, StoreError> {
        self.write(move |connection| queue::claim(connection, claim, now)).await
    }

    async fn keep(&self, lease: &Lease, until: Time) -> Result<bool, StoreError> {
        let lease = lease.clone();
        self.write(move |connection| queue::keep(connection, &lease, until)).await
    }

    async fn lock(&self, job: &Job) -> Result<Option<Box<dyn WriteLock>>, StoreError> {
        let held = self.hold(job).await;
        let lease = job.lease.clone();
        let is_ours = self.read(move |connection| queue::is_ours(connection, &lease)).await?;
        Ok(is_ours.then(|| Box::new(held) as Box<dyn WriteLock>))
    }

    async fn finish(
        &self,
        lease: &Lease,
        finish: Finish,
        effects: Effects,
        now: Time,
    ) -> Result<bool, StoreError> {
        let lease = lease.clone();
        self.write(move |connection| queue::finish(connection, &lease, &finish, effects, now)).await
    }

    async fn dead_jobs(&self, limit: u32) -> Result<Vec<DeadJob>, StoreError> {
        self.read(move |connection| queue::dead(connection, limit)).await
    }

    async fn revive(&self, job: Option<i64>, now: Time) -> Result<u64, StoreError> {
        self.write(move |connection| queue::revive(connection, job, now)).await
    }

    async fn queue(&self, now: Time) -> Result<QueueFigures, StoreError> {
        self.read(move |connection| queue::figures(connection, now)).await
    }

    async fn open_commits(&self, before: Time, limit: u32) -> Result<Vec<Commit>, StoreError> {
        self.read(move |connection| shelves::open_commits(connection, before, limit)).await
    }

    async fn commits_of(&self, repository: &str, since: Time, limit: u32) -> Result<Vec<Commit>, StoreError> {
        let repository = repository.to_owned();
        self.read(move |connection| shelves::commits_of(connection, &repository, since, limit)).await
    }

    async fn alive(&self, longest: Duration, now: Time) -> Result<Option<Outage>, StoreError> {
        self.write(move |connection| outage::alive(connection, longest, now)).await
    }

    async fn keep_merged(&self, merged: Merged, now: Time) -> Result<bool, StoreError> {
        self.write(move |connection| outage::keep_merged(connection, &merged, now)).await
    }

    async fn merged(
        &self,
        repository: &str,
        since: Time,
        limit: u32,
    ) -> Result<Vec<MergedCommit>, StoreError> {
        let repository = repository.to_owned();
        self.read(move |connection| outage::merged(connection, &repository, since, limit)).await
    }

    async fn commit(&self, repository: &str, sha: &str) -> Result<Option<Commit>, StoreError> {
        let (repository, sha) = (repository.to_owned(), sha.to_owned());
        self.read(move |connection| shelves::commit(connection, &repository, &sha)).await
    }

    async fn confirm(&self, repository: &str, sha: &str, login: &str, now: Time) -> Result<(), StoreError> {
        let (repository, sha, login) = (repository.to_owned(), sha.to_owned(), login.to_owned());
        self.write(move |connection| shelves::confirm(connection, &repository, &sha, &login, now)).await
    }

    async fn confirmed(&self, repository: &str, sha: &str) -> Result<Option<Confirmed>, StoreError> {
        let (repository, sha) = (repository.to_owned(), sha.to_owned());
        self.read(move |connection| shelves::confirmed(connection, &repository, &sha)).await
    }

    async fn records(&self, query: RecordQuery) -> Result<Vec<Record>, StoreError> {
        self.read(move |connection| shelves::records(connection, &query)).await
    }

    async fn record(&self, id: i64) -> Result<Option<Record>, StoreError> {
        self.read(move |connection| shelves::record(connection, id)).await
    }

    async fn evidence(&self, digest: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let digest = digest.to_owned();
        self.read(move |connection| shelves::evidence(connection, &digest)).await
    }

    async fn policy(&self, place: &str) -> Result<Option<CachedPolicy>, StoreError> {
        let place = place.to_owned();
        self.read(move |connection| shelves::policy(connection, &place)).await
    }

    async fn keep_policy(&self, policy: CachedPolicy) -> Result<(), StoreError> {
        self.write(move |connection| shelves::keep_policy(connection, &policy)).await
    }

    async fn policies_changed(&self, prefix: &str) -> Result<u64, StoreError> {
        let prefix = prefix.to_owned();
        self.write(move |connection| shelves::policies_changed(connection, &prefix)).await
    }

    async fn baseline(&self, repository: &str, sha: &str) -> Result<Option<Baseline>, StoreError> {
        let (repository, sha) = (repository.to_owned(), sha.to_owned());
        self.read(move |connection| shelves::baseline(connection, &repository, &sha)).await
    }

    async fn baselines(&self, repository: &str, branch: &str) -> Result<Vec<(String, Time)>, StoreError> {
        let (repository, branch) = (repository.to_owned(), branch.to_owned());
        self.read(move |connection| shelves::baselines(connection, &repository, &branch)).await
    }

    async fn keep_baseline(&self, baseline: Baseline) -> Result<(), StoreError> {
        self.write(move |connection| shelves::keep_baseline(connection, &baseline)).await
    }

    async fn forget_baseline(&self, repository: &str, sha: &str) -> Result<(), StoreError> {
        let (repository, sha) = (repository.to_owned(), sha.to_owned());
        self.write(move |connection| shelves::forget_baseline(connection, &repository, &sha)).await
    }

    async fn keep_repository(&self, repository: KnownRepository) -> Result<(), StoreError> {
        self.write(move |connection| shelves::keep_repository(connection, &repository)).await
    }

    async fn forget_repository(&self, repository: &str) -> Result<(), StoreError> {
        let repository = repository.to_owned();
        self.write(move |connection| shelves::forget_repository(connection, &repository)).await
    }

    async fn repository(&self, repository: &str) -> Result<Option<KnownRepository>, StoreError> {
        let repository = repository.to_owned();
        self.read(move |connection| shelves::repository(connection, &repository)).await
    }

    async fn repositories(&self, after: &str, limit: u32) -> Result<Vec<KnownRepository>, StoreError> {
        let after = after.to_owned();
        self.read(move |connection| shelves::repositories(connection, &after, limit)).await
    }

    async fn given_since(&self, installation: u64, since: Time) -> Result<Vec<KnownRepository>, StoreError> {
        self.read(move |connection| shelves::given_since(connection, installation, since)).await
    }

    async fn mark(&self, name: &str) -> Result<Option<String>, StoreError> {
        let name = name.to_owned();
        self.read(move |connection| shelves::mark(connection, &name)).await
    }

    async fn set_mark(&self, name: &str, said: &str) -> Result<(), StoreError> {
        let (name, said) = (name.to_owned(), said.to_owned());
        self.write(move |connection| shelves::set_mark(connection, &name, &said)).await
    }

    async fn replace_mark(&self, name: &str, read: &str, said: &str) -> Result<bool, StoreError> {
        let (name, read, said) = (name.to_owned(), read.to_owned(), said.to_owned());
        self.write(move |connection| shelves::replace_mark(connection, &name, &read, &said)).await
    }

    async fn with_old_records(
        &self,
        before: Time,
        after: &str,
        limit: u32,
    ) -> Result<Vec<String>, StoreError> {
        let after = after.to_owned();
        self.read(move |connection| chain::with_old(connection, before, &after, limit)).await
    }

    async fn remove_records(
        &self,
        repository: &str,
        keep_days: u32,
        now: Time,
    ) -> Result<Option<Removed>, StoreError> {
        let repository = repository.to_owned();
        self.write(move |connection| chain::remove(connection, &repository, keep_days, now)).await
    }

    async fn checkpoints(&self, repository: &str) -> Result<Vec<Stored>, StoreError> {
        let repository = repository.to_owned();
        self.read(move |connection| chain::checkpoints(connection, &repository)).await
    }

    async fn chains(&self, after: &str, limit: u32) -> Result<Vec<String>, StoreError> {
        let after = after.to_owned();
        self.read(move |connection| chain::names(connection, &after, limit)).await
    }

    async fn forget(&self, retention: Retention) -> Result<Forgotten, StoreError> {
        self.write(move |connection| shelves::forget(connection, retention)).await
    }
}
