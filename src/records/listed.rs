//! Verdicts as they stand in lists and trends.

use super::Recorded;
use crate::model::{Moment, Untrusted, VerdictKind};
use std::collections::BTreeSet;

/// A verdict in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its number in the store.
    pub id: u64,
    /// `owner/name`.
    pub repository: String,
    /// The commit that was judged.
    pub commit: Untrusted,
    /// Its pull requests, lowest first.
    pub pulls: Vec<u64>,
    /// When it was decided.
    pub decided: Moment,
    /// What the gate said.
    pub kind: VerdictKind,
    /// The rules that kept it from passing, by id.
    pub blocking: Vec<String>,
}

/// A pull request that was merged while the gate was away, without a verdict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MergedAway {
    /// `owner/name`.
    pub repository: String,
    /// Its number.
    pub pull: u64,
    /// Its head.
    pub commit: Untrusted,
    /// When it was merged.
    pub at: Moment,
    /// What the gate says by now, and the verdict's number in the store; `None` while it is not judged.
    pub verdict: Option<(u64, VerdictKind)>,
}

/// The ids of the rules that kept a verdict from passing. The record must have kept its outcomes.
pub fn blocking(record: &Recorded) -> Vec<String> {
    let ids: BTreeSet<&String> =
        record.outcomes.iter().filter(|outcome| outcome.blocks()).map(|outcome| &outcome.id).collect();
    ids.into_iter().cloned().collect()
}

/// What one verdict measured, for a trend. `None` is a gap: nobody knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Point {
    /// When it was decided.
    pub decided: Moment,
    /// Coverage in total, in hundredths of a percent.
    pub coverage: Option<u64>,
    /// Tests that ran.
    pub tests: Option<u64>,
    /// All findings.
    pub findings: Option<u64>,
}
