//! How many findings of one kind a rule allows, whatever their severity.

use super::limits::step;
use super::newness::{Basis, Newness};
use super::{Judgement, Settings};
use crate::compare::{CountedFinding, Evidence, Reported};
use crate::model::{OutcomeKind, SeverityCounts};

/// The field of the number.
pub(super) const MAX: &str = "max";

/// The most steps of one rule.
const MOST_STEPS: usize = 20;

/// How many findings a rule allows, of the new ones or of all.
pub(super) struct Allowance {
    max: Option<u64>,
    pub(super) newness: Newness,
}

/// What a rule says of its findings.
pub(super) struct Words {
    pub(super) rule: &'static str,
    /// What to do about one of them.
    pub(super) action: &'static str,
    /// What a finding may be of which nothing is known but that it is there.
    pub(super) may_be: &'static str,
}

impl Allowance {
    pub(super) fn read(settings: &Settings) -> Self {
        Self { max: settings.count(MAX), newness: Newness::read(settings) }
    }

    /// `at most 3 new exploited`.
    pub(super) fn required(&self, kind: &str) -> String {
        match self.max {
            Some(max) => {
                format!("at most {max} {}{kind}", self.newness.required_word()).trim_end().to_owned()
            }
            None => "no limit".to_owned(),
        }
    }

    /// The findings to count.
    pub(super) fn reported<'e>(&self, evidence: &'e Evidence<'e>) -> (Basis, Vec<Reported<'e>>) {
        self.newness.reported(evidence)
    }

    /// Holds what was found against the number. `not_kept` are findings of which only the severity is known.
    pub(super) fn weigh(
        &self,
        judgement: &mut Judgement,
        found: &[CountedFinding<'_>],
        not_kept: &SeverityCounts,
        words: &Words,
    ) {
        let Some(max) = self.max else {
            judgement.kind = OutcomeKind::NotJudged;
            judgement.reason = "no limit is set".into();
            return;
        };
        if found.len() as u64 > max {
            judgement.kind = OutcomeKind::NotMet;
            let steps = found.iter().take(MOST_STEPS);
            judgement.steps =
                steps.map(|finding| step(words.rule, words.action.to_owned(), finding)).collect();
        } else if not_kept.total() > 0 {
            judgement.kind = OutcomeKind::NotMeasured;
            let (count, may_be) = (not_kept.total(), words.may_be);
            judgement.reason =
                format!("{count} findings are only counted, and any of them may be {may_be}").into();
        }
    }
}
