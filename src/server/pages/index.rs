//! The verdicts of the last weeks in memory, as lists and figures need them: brought up to date when somebody looks,
//! never more than so many, and never a record twice.

use crate::model::{Moment, Untrusted, VerdictKind};
use crate::records::{Listed, Recorded, blocking};
use crate::server::clock::Time;
use crate::server::store::{Record, RecordQuery, Store, StoreError};
use crate::wire::recorded::{self, Keep};
use std::collections::BTreeMap;
use std::time::Duration;

/// So long a verdict is in the lists.
pub(super) const DAYS: u32 = 30;
/// At most so many verdicts are held, about a kilobyte each.
const MOST: usize = 40_000;
/// So many records are read at once.
const BATCH: u32 = 200;

/// One verdict.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) listed: Listed,
    pub(super) recorded: Recorded,
}

/// All of them.
#[derive(Debug, Default)]
pub(super) struct Index {
    /// By id: the order in which they were kept.
    entries: BTreeMap<i64, Entry>,
    newest: i64,
    /// How many could not be read.
    pub(super) unreadable: u64,
    /// Whether older ones are not held although they are young enough.
    pub(super) is_cut: bool,
}

impl Index {
    /// Takes in what was kept since, and forgets what is too old.
    pub(super) async fn refresh(&mut self, store: &dyn Store, now: Time) -> Result<(), StoreError> {
        let oldest = now.before(Duration::from_secs(u64::from(DAYS) * 86_400));
        let (mut before, mut newest) = (None, self.newest);
        let mut taken = 0;
        loop {
            let query = RecordQuery { before, since: Some(oldest), limit: BATCH, ..RecordQuery::default() };
            let batch = store.records(query).await?;
            let is_last = batch.len() < BATCH as usize;
            let known = self.newest;
            let fresh: Vec<Record> = batch.into_iter().take_while(|record| record.id > known).collect();
            let is_known = fresh.len() < BATCH as usize;
            before = fresh.last().map(|record| record.id);
            newest = fresh.iter().map(|record| record.id).fold(newest, i64::max);
            taken += fresh.len();
            // Many records take a while: other requests go on meanwhile.
            let read = tokio::task::spawn_blocking(move || fresh.into_iter().map(entry).collect::<Vec<_>>());
            for (id, entry) in
                read.await.map_err(|_| StoreError::Damaged("a record that cannot be read".to_owned()))?
            {
                match entry {
                    Some(entry) => {
                        self.entries.insert(id, entry);
                    }
                    None => self.unreadable += 1,
                }
            }
            if is_last || is_known {
                break;
            }
            if taken >= MOST {
                self.is_cut = true;
                break;
            }
        }
        self.newest = newest;
        let oldest = u64::try_from(oldest.0 / 1_000).unwrap_or_default();
        self.entries.retain(|_, entry| entry.listed.decided.seconds() >= oldest);
        while self.entries.len() > MOST {
            self.is_cut = true;
            self.entries.pop_first();
        }
        Ok(())
    }

    /// Newest first.
    pub(super) fn newest_first(&self) -> impl Iterator<Item = &Entry> {
        self.entries.values().rev()
    }
}

/// A record as it is listed; `None` if it cannot be read.
fn entry(record: Record) -> (i64, Option<Entry>) {
    (record.id, listed(&record))
}

fn listed(record: &Record) -> Option<Entry> {
    let repository = &record.what.repository;
    let mut read = recorded::read(&record.what.body, repository, "", Keep::Outcomes).ok()?;
    let decided = moment(record.what.decided);
    read.decided = Some(decided);
    read.pull_request = read.pull_request.or_else(|| record.what.pulls.first().copied());
    read.file = Untrusted::new(record.id.to_string());
    let listed = Listed {
        id: u64::try_from(record.id).ok()?,
        repository: repository.clone(),
        commit: record.what.sha.as_str().into(),
        pulls: record.what.pulls.clone(),
        decided,
        kind: read.kind,
        blocking: blocking(&read),
    };
    read.outcomes = Vec::new();
    Some(Entry { listed, recorded: read })
}

/// A time of the store as records have it.
pub(super) fn moment(time: Time) -> Moment {
    Moment::from_seconds(u64::try_from(time.0 / 1_000).unwrap_or_default())
}

/// A record without what it says, for the page of one that cannot be read.
pub(super) fn bare(record: &Record) -> Option<Listed> {
    Some(Listed {
        id: u64::try_from(record.id).ok()?,
        repository: record.what.repository.clone(),
        commit: record.what.sha.as_str().into(),
        pulls: record.what.pulls.clone(),
        decided: moment(record.what.decided),
        kind: kind(&record.what.kind),
        blocking: Vec::new(),
    })
}

/// The verdict of a word in the store; what is not known does not pass.
pub(super) fn kind(word: &str) -> VerdictKind {
    match word {
        "passed" => VerdictKind::Passed,
        "needs-changes" => VerdictKind::NeedsChanges,
        _ => VerdictKind::NoVerdict,
    }
}
