//! What the rules about the strength of the evidence share: only a maintainer can lift them.

use super::{Judgement, doubt};
use crate::compare::Evidence;
use crate::model::{OutcomeKind, Step, Untrusted};

/// Met if nothing is weak or a maintainer confirmed this very commit; else a person has to look.
pub(super) fn confirmed_or_open(
    mut judgement: Judgement,
    evidence: &Evidence<'_>,
    rule: &'static str,
    weak: &[Untrusted],
) -> Judgement {
    if weak.is_empty() {
        return judgement;
    }
    if evidence.provenance.confirmation_of(evidence.head.commit.as_deref()).is_some() {
        judgement.measured_text.push_str(", confirmed by a maintainer");
        return judgement;
    }
    judgement.kind = OutcomeKind::NotMeasured;
    judgement.reason = doubt::joined(weak);
    judgement.steps.push(Step {
        rule,
        action: "Look at the change and confirm its evidence.".to_owned(),
        subject: Untrusted::default(),
        file: Untrusted::default(),
        line: None,
        detail: Untrusted::new("it edits what makes the evidence, or nobody can say what made it"),
        run: String::new(),
        for_owners: true,
    });
    judgement
}
