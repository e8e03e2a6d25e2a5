//! Verdicts of the past: what is kept of each, how they would come out under another policy, and what many of
//! them say together.
//!
//! Nothing here reads files: `wire` makes a [`Recorded`] from each stored verdict. A record is as hostile as a
//! report: numbers may be huge, texts stay [`Untrusted`], and one that contradicts itself is left out and said.

pub mod chain;
mod change;
mod fleet;
mod lately;
mod listed;
mod organisation;
mod replay;
mod simulation;
#[cfg(test)]
pub(crate) mod tests;

pub use change::{Change, FieldChange};
pub use fleet::{Attention, Column, Fleet, Repository, Window, fleet};
pub use lately::{Lately, lately};
pub use listed::{Listed, MergedAway, Point, blocking};
pub use organisation::Organisation;
pub use replay::{NoData, ReplayedVerdict, replay};
pub use simulation::{Counts, Flip, LeftOut, RepositoryEffect, RuleEffect, Simulation, simulate, unit};

use crate::diagnostic::Origin;
use crate::model::{AuthorClass, Date, Mode, Moment, OutcomeKind, Replay, Untrusted, VerdictKind};
use crate::rules::{RuleSpec, Settings};

/// One verdict of the past.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// The repository, as the folder of the records names it; empty if they have none.
    pub repository: String,
    /// The file, for people.
    pub file: Untrusted,
    /// Number of the pull request.
    pub pull_request: Option<u64>,
    /// When it was decided.
    pub decided: Option<Moment>,
    /// Who proposed the change.
    pub class: AuthorClass,
    /// What the gate said.
    pub kind: VerdictKind,
    /// True if something could not be had with which nothing passes.
    pub has_errors: bool,
    /// True if the verdict is not the one that its outcomes give: nothing can be learnt from such a record.
    pub contradicts_itself: bool,
    /// How each rule came out.
    pub outcomes: Vec<RecordedOutcome>,
    /// The teams that own the repository, by the policy of the day; persons are left out.
    pub owners: Untrusted,
    /// The policy that judged.
    pub policy: Untrusted,
    /// Tests that fail on the base too.
    pub broken_base: Vec<Untrusted>,
    /// Waivers and quarantine entries that lifted something.
    pub lifted: Vec<Lifted>,
    /// Why enforced rules could not be measured: the rule and the reason.
    pub not_measured: Vec<(String, Untrusted)>,
    /// Values of the repository below a floor of the organisation, in words.
    pub below_floor: Vec<Untrusted>,
}

/// An exception that lifted something.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Lifted {
    /// The rule.
    pub rule: String,
    /// The last day on which it holds.
    pub until: Date,
    /// What it lifted: a test or finding; empty if the whole rule.
    pub what: Untrusted,
}

/// How one rule came out.
#[derive(Clone, Debug)]
pub struct RecordedOutcome {
    /// Its id.
    pub id: String,
    /// The rule; `None` if this version does not know it.
    pub spec: Option<&'static RuleSpec>,
    /// Globs of a path overlay; empty for the rule itself.
    pub scope: String,
    /// What it could do to the verdict.
    pub mode: Mode,
    /// How it came out.
    pub kind: OutcomeKind,
    /// The fields in force; `None` if they cannot be read.
    pub settings: Option<Settings>,
    /// What it measured; `None` in records of a version that did not keep it.
    pub replay: Option<Replay>,
    /// Where the rule was set.
    pub origin: Origin,
}

impl RecordedOutcome {
    fn blocks(&self) -> bool {
        self.mode == Mode::Enforce && matches!(self.kind, OutcomeKind::NotMet | OutcomeKind::NotMeasured)
    }
}

impl Recorded {
    /// What the outcomes say, by the same rule as when they were judged.
    pub fn verdict_of_outcomes(&self) -> VerdictKind {
        verdict_of(self.outcomes.iter().map(|outcome| (outcome.mode, outcome.kind)), self.has_errors)
    }
}

fn verdict_of(outcomes: impl Iterator<Item = (Mode, OutcomeKind)>, has_errors: bool) -> VerdictKind {
    let mut verdict = if has_errors { VerdictKind::NoVerdict } else { VerdictKind::Passed };
    for (_, kind) in outcomes.filter(|(mode, _)| *mode == Mode::Enforce) {
        verdict = verdict.max(match kind {
            OutcomeKind::NotMet => VerdictKind::NeedsChanges,
            OutcomeKind::NotMeasured => VerdictKind::NoVerdict,
            OutcomeKind::Met | OutcomeKind::NotJudged | OutcomeKind::Waived => VerdictKind::Passed,
        });
    }
    verdict
}

/// The middle one; of two middle ones the smaller, so that a shortfall is never overstated.
fn median(mut values: Vec<u64>) -> Option<u64> {
    values.sort_unstable();
    values.get(values.len().checked_sub(1)? / 2).copied()
}

/// The last verdict of each pull request, and how many earlier ones stand behind them. Without a number each
/// verdict stands for itself.
fn last_of_each(records: &[Recorded]) -> (Vec<&Recorded>, u64) {
    use std::collections::BTreeMap;
    let mut last: BTreeMap<(&str, u64), &Recorded> = BTreeMap::new();
    let mut all = Vec::new();
    let mut earlier = 0;
    for record in records {
        let Some(number) = record.pull_request else {
            all.push(record);
            continue;
        };
        let key = |record: &Recorded| (record.decided, record.file.clone());
        match last.get_mut(&(record.repository.as_str(), number)) {
            None => {
                last.insert((record.repository.as_str(), number), record);
            }
            Some(known) => {
                earlier += 1;
                if key(known) < key(record) {
                    *known = record;
                }
            }
        }
    }
    all.extend(last.into_values());
    all.sort_by(|a, b| {
        (&a.repository, a.pull_request, &a.file).cmp(&(&b.repository, b.pull_request, &b.file))
    });
    (all, earlier)
}
