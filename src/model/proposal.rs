//! What a change would make of the policy that judges it.

use super::{Untrusted, Verdict};
use crate::diagnostic::{Diagnostic, Origin};

/// What a change of the policy does to what is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effect {
    /// Less is asked for, or more is lifted.
    Laxer,
    /// More is asked for, or less is lifted.
    Stricter,
    /// Something else is asked for, and neither is more.
    Other,
}

impl Effect {
    /// The word used in text and JSON.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Laxer => "laxer",
            Self::Stricter => "stricter",
            Self::Other => "other",
        }
    }
}

/// One difference between two policies.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PolicyChange {
    /// What it does.
    pub effect: Effect,
    /// The value: `coverage.changed.min`, `reports.unit.at-least`.
    pub what: String,
    /// The globs of a path overlay, the day that it waits for, or the branches that it holds for; empty for the rule
    /// itself.
    pub scope: String,
    /// Its value before; empty if there is none.
    pub before: String,
    /// Its value now; empty if there is none.
    pub after: String,
    /// Where the value of now stands, or else the one before.
    pub origin: Origin,
}

/// What the change would make of the policy: tried out beside the verdict, and never used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// The file that is proposed; empty if the change removes the policy.
    pub file: Untrusted,
    /// What differs from the policy that judges.
    pub changes: Vec<PolicyChange>,
    /// The verdict under it.
    pub verdict: Box<Verdict>,
    /// What is wrong with it; it then cannot judge, and `verdict` is the one of the policy in force.
    pub mistakes: Vec<Diagnostic>,
}
