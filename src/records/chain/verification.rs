//! Whether a chain is whole, and where it first is not.

use super::{Checkpoint, Content, Digest, Entry, Link};
use std::fmt;

/// An entry as it is stored: with the hash that was stored for it, and the record that it seals.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// The entry.
    pub entry: Entry,
    /// What is stored as its hash.
    pub hash: Digest,
    /// The canonical bytes of the record; `None` for a checkpoint.
    pub record: Option<Vec<u8>>,
}

/// A chain that is whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// How many entries were verified.
    pub entries: u64,
    /// Of these, how many are verdicts.
    pub verdicts: u64,
    /// The first entry that is there.
    pub first: Link,
    /// The last one: note it elsewhere, and the next verification can find an end that was cut off.
    pub last: Link,
    /// The checkpoint that accounts for a beginning that was removed.
    pub removed: Option<Checkpoint>,
    /// What became of the entry that somebody noted.
    pub known: Known,
}

/// What became of an entry that was noted before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    /// Nobody named one: an end that was cut off cannot be seen.
    NotNamed,
    /// It is there.
    Held,
    /// It was removed as too old, and the chain does not say whether it was the same.
    Removed,
}

/// The first place at which a chain is broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// Number of the entry, as it says itself; 0 if there is none.
    pub sequence: u64,
    /// What is wrong.
    pub what: Break,
}

/// What is wrong with an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Break {
    /// There is no entry.
    Empty,
    /// Its hash is not that of its fields: one of them was changed.
    Changed,
    /// Its record is not the one that was sealed.
    RecordChanged,
    /// A verdict without its record, or a checkpoint with one.
    RecordMissing,
    /// Another entry should stand here: one was removed, inserted, repeated, or two changed places.
    OutOfOrder {
        /// The number that should stand here.
        expected: u64,
    },
    /// The entry before it is not the one that it was added to.
    OtherPrevious,
    /// Entries before it are gone, and no checkpoint accounts for them.
    BeginningMissing,
    /// A checkpoint that removes itself or what comes after it.
    CheckpointAhead,
    /// It was noted before, and this chain has another one, or ends before it.
    NotTheKnown,
}

impl fmt::Display for Broken {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sequence = self.sequence;
        match self.what {
            Break::Empty => write!(out, "there is no entry"),
            Break::Changed => {
                write!(out, "entry {sequence} was changed: its hash is not that of what it says")
            }
            Break::RecordChanged => {
                write!(out, "the verdict of entry {sequence} was changed: it is not the one that was sealed")
            }
            Break::RecordMissing => write!(out, "entry {sequence} does not hold what it seals"),
            Break::OutOfOrder { expected } => write!(
                out,
                "entry {sequence} stands where entry {expected} belongs: an entry was removed, inserted or moved"
            ),
            Break::OtherPrevious => write!(
                out,
                "entry {sequence} was not added to the entry before it: one of the two was replaced"
            ),
            Break::BeginningMissing => write!(
                out,
                "the entries before {sequence} are gone, and no checkpoint of a retention accounts for them"
            ),
            Break::CheckpointAhead => {
                write!(out, "entry {sequence} is a checkpoint that removes what comes after it")
            }
            Break::NotTheKnown => write!(
                out,
                "entry {sequence} that was named is not in this chain: its end was cut off, or it was made anew"
            ),
        }
    }
}

/// Verifies a chain from its first entry to its last; stops at the first broken one. `known` is an entry that was
/// noted elsewhere.
///
/// # Errors
/// The outer error is that of the entries, which could not be read; the inner one the first broken place.
pub fn verify<E>(
    entries: impl IntoIterator<Item = Result<Stored, E>>,
    known: Option<Link>,
) -> Result<Result<Verified, Broken>, E> {
    let mut walk = Walk { known, ..Walk::default() };
    for stored in entries {
        if let Err(broken) = walk.step(&stored?) {
            return Ok(Err(broken));
        }
    }
    Ok(walk.finish())
}

/// What was seen so far.
#[derive(Default)]
struct Walk {
    known: Option<Link>,
    is_held: bool,
    entries: u64,
    verdicts: u64,
    first: Option<(Link, Digest)>,
    last: Option<Link>,
    checkpoints: Vec<Checkpoint>,
}

impl Walk {
    fn step(&mut self, stored: &Stored) -> Result<(), Broken> {
        let entry = &stored.entry;
        let broken = |what| Err(Broken { sequence: entry.sequence, what });
        let expected = match self.last {
            Some(last) => last.sequence.saturating_add(1),
            None => entry.sequence.max(1),
        };
        if entry.sequence != expected {
            return broken(Break::OutOfOrder { expected });
        }
        let link = entry.link();
        if link.hash != stored.hash {
            return broken(Break::Changed);
        }
        let before = self.last.map(|last| last.hash);
        let is_first = entry.sequence == 1;
        if before.is_some_and(|hash| hash != entry.previous) || is_first && entry.previous != Digest::START {
            return broken(Break::OtherPrevious);
        }
        match (&entry.content, &stored.record) {
            (Content::Verdict(sealed), Some(record)) => {
                if Digest::of(record) != sealed.record {
                    return broken(Break::RecordChanged);
                }
                self.verdicts += 1;
            }
            (Content::Checkpoint(checkpoint), None) => {
                if checkpoint.through.sequence >= entry.sequence {
                    return broken(Break::CheckpointAhead);
                }
                self.checkpoints.push(*checkpoint);
            }
            (Content::Verdict(_), None) | (Content::Checkpoint(_), Some(_)) => {
                return broken(Break::RecordMissing);
            }
        }
        if let Some(known) = self.known.filter(|known| known.sequence == entry.sequence) {
            if known != link {
                return broken(Break::NotTheKnown);
            }
            self.is_held = true;
        }
        self.entries += 1;
        self.first.get_or_insert((link, entry.previous));
        self.last = Some(link);
        Ok(())
    }

    fn finish(self) -> Result<Verified, Broken> {
        let (Some((first, previous)), Some(last)) = (self.first, self.last) else {
            return Err(Broken { sequence: 0, what: Break::Empty });
        };
        let gone = Link { sequence: first.sequence - 1, hash: previous };
        let removed = self.checkpoints.into_iter().find(|checkpoint| checkpoint.through == gone);
        if gone.sequence > 0 && removed.is_none() {
            return Err(Broken { sequence: first.sequence, what: Break::BeginningMissing });
        }
        let known = match self.known {
            None => Known::NotNamed,
            Some(_) if self.is_held => Known::Held,
            // The last one that was removed is named by the first that is there.
            Some(known) if known == gone => Known::Held,
            Some(known) if known.sequence < gone.sequence => Known::Removed,
            Some(known) => return Err(Broken { sequence: known.sequence, what: Break::NotTheKnown }),
        };
        Ok(Verified { entries: self.entries, verdicts: self.verdicts, first, last, removed, known })
    }
}
