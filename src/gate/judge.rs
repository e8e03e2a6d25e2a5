//! The judgement, from evidence and a policy.

use crate::compare::{self, BaseSide, Occasion};
use crate::diagnostic::Diagnostic;
use crate::evaluate::evaluate;
use crate::model::{DiffState, HeaderFact, Provenance, RepoPath, Snapshot, TestHistory, Verdict};
use crate::policy::Policy;

/// Everything that a judgement is made from.
#[derive(Debug)]
pub struct Case<'j> {
    /// The commit that is judged.
    pub head: &'j Snapshot,
    /// The merge base's snapshot, if it is known, and what people call the base.
    pub base: BaseSide<'j>,
    /// The change.
    pub diff: &'j DiffState,
    /// A change, or a commit by itself.
    pub occasion: Occasion,
    /// The policy in force.
    pub policy: &'j Policy,
    /// Where the evidence comes from; `None` where nothing is known but the change.
    pub provenance: Option<&'j Provenance>,
    /// What the header of every output says.
    pub header: Vec<HeaderFact>,
    /// Problems that were found on the way here.
    pub diagnostics: Vec<Diagnostic>,
}

/// Judges.
pub fn judge(case: Case<'_>) -> Verdict {
    let contract = case.policy.contract(case.head, case.diff);
    let is_excluded = |path: &RepoPath| case.policy.excludes(path);
    let mut evidence =
        compare::evidence(case.head, &case.base, case.occasion, case.diff, &contract, &is_excluded);
    if let Some(provenance) = case.provenance {
        evidence.provenance = provenance.clone();
    }
    evidence.recount_failures(&case.policy.retries());
    evaluate(case.policy, &evidence, case.header, case.diagnostics)
}

/// Gives the snapshot of a run of the default branch the history of the snapshot before it. A change has no history:
/// nothing that it says can become proof for another one (DECISIONS 4).
pub fn remember(head: &mut Snapshot, before: Option<&Snapshot>, occasion: Occasion) {
    head.history = match occasion {
        Occasion::Absolute => {
            let before = before.and_then(|before| before.history.as_ref());
            TestHistory::after(before, head.commit.as_deref(), head.tests.as_ref())
        }
        Occasion::Change => None,
    };
}
