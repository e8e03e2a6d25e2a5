//! The chain of verdicts: what was said cannot be taken back, changed or slipped in without a trace.
//!
//! Each entry carries the hash of the one before it and the digest of its record, so that whoever knows the hash of
//! one entry knows everything before it. The chain has no key: somebody who can write all of it can also make it
//! anew, and can cut off its end. Against both, a hash that was noted elsewhere helps (`--head`).
//!
//! Records that are too old are removed from the beginning, and a [`Checkpoint`] further on says so: what remains
//! can still be verified, and a beginning that is missing without a checkpoint is a broken chain.

mod digest;
mod retention;
mod verification;

#[cfg(test)]
mod tests;

pub use digest::Digest;
pub use retention::{Removal, removal};
pub use verification::{Break, Broken, Known, Stored, Verified, verify};

use crate::model::Moment;

/// A place in the chain: the number of an entry and its hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// The entry's number, from 1.
    pub sequence: u64,
    /// The entry's hash.
    pub hash: Digest,
}

impl Link {
    /// Reads `1204:5f1c…`, as `records verify` prints it; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let (sequence, hash) = text.split_once(':')?;
        let sequence: u64 = sequence.parse().ok().filter(|sequence| *sequence > 0)?;
        Some(Self { sequence, hash: Digest::parse(hash)? })
    }
}

impl std::fmt::Display for Link {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{}:{}", self.sequence, self.hash)
    }
}

/// One entry of the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its number; the first is 1.
    pub sequence: u64,
    /// Hash of the entry before it; [`Digest::START`] for the first.
    pub previous: Digest,
    /// When it was added, in whole seconds; a clock that jumps breaks no chain.
    pub recorded: Moment,
    /// What it says.
    pub content: Content,
}

/// What an entry says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// A verdict was given.
    Verdict(Sealed),
    /// Old entries are removed.
    Checkpoint(Checkpoint),
}

/// A verdict, by its digests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed {
    /// `owner/name`, or as the folder of the records names it.
    pub repository: String,
    /// Of the record's canonical bytes.
    pub record: Digest,
    /// Of the policy that judged; `None` where only the record was at hand.
    pub policy: Option<Digest>,
    /// Of the evidence that was judged; `None` where only the record was at hand.
    pub evidence: Option<Digest>,
}

/// Everything up to an entry may be gone from here on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The last entry that is removed.
    pub through: Link,
    /// The retention that asked for it: entries are kept for so many days.
    pub keep_days: u32,
}

impl Entry {
    /// The entry that comes after another one, or the first.
    pub fn after(last: Option<Link>, recorded: Moment, content: Content) -> Self {
        let (sequence, previous) =
            last.map_or((1, Digest::START), |last| (last.sequence.saturating_add(1), last.hash));
        Self { sequence, previous, recorded, content }
    }

    /// Its hash: SHA-256 over its fields, each as `name:length in bytes:value` and a line feed, so that no two entries
    /// have the same text.
    pub fn hash(&self) -> Digest {
        let mut text = String::new();
        let mut field = |name: &str, value: &str| {
            text.push_str(&format!("{name}:{}:{value}\n", value.len()));
        };
        field("chain", "1");
        field("sequence", &self.sequence.to_string());
        field("previous", &self.previous.to_string());
        field("recorded", &self.recorded.seconds().to_string());
        match &self.content {
            Content::Verdict(sealed) => {
                field("repository", &sealed.repository);
                field("record", &sealed.record.to_string());
                for (name, digest) in [("policy", sealed.policy), ("evidence", sealed.evidence)] {
                    field(name, &digest.map(|digest| digest.to_string()).unwrap_or_default());
                }
            }
            Content::Checkpoint(checkpoint) => {
                field("through", &checkpoint.through.to_string());
                field("keep-days", &checkpoint.keep_days.to_string());
            }
        }
        Digest::of(text.as_bytes())
    }

    /// Its place in the chain.
    pub fn link(&self) -> Link {
        Link { sequence: self.sequence, hash: self.hash() }
    }
}
