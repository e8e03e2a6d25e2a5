//! A verdict record as one attempt of a pull request, for the figures of the fleet.

use super::{Actor, ModeWord, OutcomeWord, VerdictRecord, VerdictWord};
use crate::metrics::{Attempt, Newest};
use crate::model::{AuthorClass, Moment, VerdictKind};
use std::collections::BTreeSet;

/// The attempt that a record tells of; `None` for a record that is of no pull request or does not say when it was
/// decided.
pub fn attempt(record: &VerdictRecord) -> Option<Attempt> {
    let context = record.context.as_ref()?;
    let decided_at = Moment::parse(record.decided_at.as_deref()?)?;
    let blocking = |wanted: OutcomeWord| {
        let outcomes = record.outcomes.iter();
        outcomes.filter(move |one| one.mode == ModeWord::Enforce && one.outcome == wanted)
    };
    let not_met: BTreeSet<&str> = blocking(OutcomeWord::NotMet).map(|one| one.rule.as_str()).collect();
    let not_measured = blocking(OutcomeWord::NotMeasured).map(|one| one.rule.as_str());
    let is_contributors = |rule: &&str| {
        let mut steps = record.steps.iter().filter(|step| step.rule == **rule).peekable();
        steps.peek().is_none() || steps.any(|step| step.by == Actor::Contributor)
    };
    Some(Attempt {
        repo: context.repo.as_deref().unwrap_or_default().to_lowercase(),
        pull_request: context.pull_request?,
        decided_at: decided_at.seconds(),
        class: context
            .author
            .as_ref()
            .and_then(|author| AuthorClass::parse(&author.class))
            .unwrap_or(AuthorClass::UnknownIdentity),
        verdict: match record.verdict {
            VerdictWord::Passed => VerdictKind::Passed,
            VerdictWord::NeedsChanges => VerdictKind::NeedsChanges,
            VerdictWord::NoVerdict => VerdictKind::NoVerdict,
        },
        is_authors: not_met.iter().any(is_contributors),
        stopped_by: not_met.iter().copied().chain(not_measured).map(str::to_owned).collect(),
    })
}

/// What the record says of the gate itself.
pub fn newest(record: &VerdictRecord, decided_at: u64) -> Newest {
    let modes = [(ModeWord::Enforce, "enforce"), (ModeWord::Warn, "warn"), (ModeWord::Info, "info")];
    let has = |mode: ModeWord| record.outcomes.iter().any(|outcome| outcome.mode == mode);
    let mode = modes.into_iter().find(|(mode, _)| has(*mode)).map_or("off", |(_, word)| word);
    let enforced = record.outcomes.iter().filter(|outcome| outcome.mode == ModeWord::Enforce);
    let requires = enforced.map(|outcome| outcome.required_text.clone()).filter(|text| !text.is_empty());
    Newest {
        decided_at,
        mode: mode.to_owned(),
        requires: requires.collect(),
        base_healthy: !record.not_counted.iter().any(|excused| excused.cause == "broken-base"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::fixtures;
    use crate::wire::verdict::{Author, Context};

    fn record(verdict: &crate::model::Verdict) -> VerdictRecord {
        let author = Author { class: "external".into(), why: "permission=read".into() };
        let context = Context { repo: Some("Acme/X".into()), pull_request: Some(431), author: Some(author) };
        VerdictRecord {
            context: Some(context),
            decided_at: Some("1970-01-01T00:01:40Z".into()),
            ..VerdictRecord::from(verdict)
        }
    }

    #[test]
    fn a_record_says_who_was_stopped_by_what() {
        let found = attempt(&record(&fixtures::failing())).unwrap();
        assert_eq!((found.repo.as_str(), found.pull_request, found.decided_at), ("acme/x", 431, 100));
        assert_eq!(found.class, AuthorClass::External);
        assert_eq!(found.stopped_by, ["coverage.changed", "tests.failed"]);
        assert!(found.is_authors);
    }

    #[test]
    fn missing_evidence_is_not_the_authors() {
        let found = attempt(&record(&fixtures::no_verdict())).unwrap();
        assert!(!found.is_authors && !found.stopped_by.is_empty());
        let passed = attempt(&record(&fixtures::passing())).unwrap();
        assert!(passed.stopped_by.is_empty() && !passed.is_authors);
    }

    #[test]
    fn a_record_without_time_or_pull_request_is_no_attempt() {
        let whole = record(&fixtures::passing());
        assert_eq!(attempt(&VerdictRecord { decided_at: None, ..whole.clone() }), None);
        assert_eq!(attempt(&VerdictRecord { context: None, ..whole }), None);
    }
}
