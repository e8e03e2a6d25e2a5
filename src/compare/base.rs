//! The base of a comparison: its evidence, and what people call it.

use crate::model::{Diff, Snapshot, Untrusted};

/// What the head is compared with.
#[derive(Clone, Debug, Default)]
pub struct BaseSide<'e> {
    /// The evidence of the merge base, or of the nearest commit before it that has some.
    pub snapshot: Option<&'e Snapshot>,
    /// The branch, for people; empty if it is not known.
    pub name: Untrusted,
    /// How many commits the evidence is older than the merge base.
    pub distance: u64,
    /// What happened since the evidence was made.
    pub drift: Drift<'e>,
    /// Why there is no evidence, in words of ours; empty if nobody looked for it.
    pub absent: String,
}

/// What happened between the commit of the base's evidence and the commit that the head is compared with: the merge
/// base, or the head itself where no change is judged.
#[derive(Clone, Debug, Default)]
pub enum Drift<'e> {
    /// Nothing: it is the same commit.
    #[default]
    None,
    /// This.
    Known(&'e Diff),
    /// Nobody can say, for this reason.
    Unknown(&'e str),
}

impl<'e> BaseSide<'e> {
    /// A base that is known by its evidence alone.
    pub fn of(snapshot: Option<&'e Snapshot>) -> Self {
        Self { snapshot, ..Self::default() }
    }

    /// The branch in words: `main`, or `the base` where its name is not known.
    pub fn branch(&self) -> &str {
        if self.name.is_empty() { "the base" } else { self.name.raw() }
    }

    /// The commit in words: `main at a1b2c3d`.
    pub fn place(&self) -> String {
        match self.snapshot.and_then(|snapshot| snapshot.commit.as_deref()) {
            Some(commit) => format!("{} at {}", self.branch(), short(commit)),
            None => self.branch().to_owned(),
        }
    }

    /// Why there is nothing to compare with, as the end of a reason: empty, or `: ` and the words.
    pub fn why_absent(&self) -> String {
        if self.absent.is_empty() { String::new() } else { format!(": {}", self.absent) }
    }
}

/// The first seven digits of a commit.
pub(super) fn short(commit: &str) -> &str {
    commit.get(..7).unwrap_or(commit)
}
