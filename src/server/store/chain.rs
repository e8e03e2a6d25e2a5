//! A repository's chain as the store has it: verdicts and the checkpoints of the retention, in the order of their
//! numbers.

use super::record::moment;
use super::{RecordQuery, Store, StoreError, entry};
use crate::records::chain::{Checkpoint, Content, Digest, Entry, Link, Removal, Stored, removal};
use crate::server::clock::Time;

/// So many records are listed at once.
const BATCH: u32 = 500;

/// So many entries are taken out of a chain at once: one transaction holds them.
pub(super) const MAX_REMOVED: u32 = 2_000;

/// What a retention took out of a repository's chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Removed {
    /// How many verdicts.
    pub verdicts: u64,
    /// The last entry that went.
    pub through: Link,
}

/// One place of a chain.
#[derive(Clone, Debug)]
pub enum Place {
    /// A verdict, by the id of its record, which may be large.
    Verdict(i64),
    /// A checkpoint.
    Checkpoint(Box<Stored>),
}

/// The places of a repository's chain, from its first on.
///
/// # Errors
/// When the store cannot be used.
pub async fn places(store: &dyn Store, repository: &str) -> Result<Vec<Place>, StoreError> {
    let (mut places, mut before) = (Vec::new(), None);
    loop {
        let query = RecordQuery {
            repository: Some(repository.to_owned()),
            before,
            limit: BATCH,
            ..RecordQuery::default()
        };
        let batch = store.records(query).await?;
        let is_last = batch.len() < BATCH as usize;
        before = batch.last().map(|record| record.id);
        places.extend(batch.iter().map(|record| (record.number.unsigned_abs(), Place::Verdict(record.id))));
        if is_last {
            break;
        }
    }
    // After the verdicts: a beginning that a retention takes out meanwhile is never missing without its checkpoint.
    let checkpoints = store.checkpoints(repository).await?;
    places.extend(checkpoints.into_iter().map(|at| (at.entry.sequence, Place::Checkpoint(Box::new(at)))));
    places.sort_by_key(|(number, _)| *number);
    Ok(places.into_iter().map(|(_, place)| place).collect())
}

/// What is stored at a place; `None` if it was taken out meanwhile.
///
/// # Errors
/// When the store cannot be used.
pub async fn stored(store: &dyn Store, place: Place) -> Result<Option<Stored>, StoreError> {
    match place {
        Place::Checkpoint(stored) => Ok(Some(*stored)),
        Place::Verdict(id) => Ok(store.record(id).await?.map(|record| Stored {
            entry: entry(record.number, record.previous, &record.what),
            hash: record.hash,
            record: Some(record.what.body),
        })),
    }
}

/// An entry of a chain, without what it says.
pub(super) struct Step {
    pub(super) number: i64,
    pub(super) hash: Digest,
    pub(super) recorded: Time,
}

impl Step {
    fn link(&self) -> Link {
        Link { sequence: self.number.unsigned_abs(), hash: self.hash }
    }
}

/// What is too old of a chain, by its first entries and its last.
pub(super) fn too_old(first: Vec<Step>, last: Option<Step>, keep_days: u32, now: Time) -> Option<Removal> {
    let known = first.last().map(|step| step.number);
    let last = last.filter(|last| Some(last.number) != known);
    let steps = first.into_iter().chain(last);
    removal(steps.map(|step| (moment(step.recorded), step.link())), moment(now), keep_days)
}

/// A checkpoint as the row of a table.
pub(super) struct Row {
    pub(super) number: i64,
    pub(super) recorded: Time,
    pub(super) through: i64,
    pub(super) through_hash: Digest,
    pub(super) keep_days: i64,
    pub(super) previous: Digest,
    pub(super) hash: Digest,
}

impl Row {
    /// Of a removal.
    pub(super) fn of(removal: &Removal, keep_days: u32, now: Time) -> Self {
        let Removal { through, checkpoint } = removal;
        Self {
            number: checkpoint.sequence.cast_signed(),
            recorded: now,
            through: through.sequence.cast_signed(),
            through_hash: through.hash,
            keep_days: i64::from(keep_days),
            previous: checkpoint.previous,
            hash: checkpoint.hash(),
        }
    }

    /// As an entry; `None` for days that this program never wrote.
    pub(super) fn stored(self) -> Option<Stored> {
        let through = Link { sequence: self.through.unsigned_abs(), hash: self.through_hash };
        let keep_days = u32::try_from(self.keep_days).ok()?;
        let entry = Entry {
            sequence: self.number.unsigned_abs(),
            previous: self.previous,
            recorded: moment(self.recorded),
            content: Content::Checkpoint(Checkpoint { through, keep_days }),
        };
        Some(Stored { entry, hash: self.hash, record: None })
    }
}
