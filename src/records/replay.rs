//! One verdict of the past under another policy.
//!
//! A rule is replayed by the same code that judged it ([`crate::rules::Rule::replay`]), on the figures that the
//! record keeps. Where they do not say, nothing is guessed: the record is left out.

use super::change::Proposed;
use super::{Change, Recorded, RecordedOutcome, verdict_of};
use crate::model::{Mode, OutcomeKind, VerdictKind};
use crate::policy::RuleInForce;
use crate::rules::{EXPLAINED_BY_RED, NARROWING_FIELDS, RuleSpec, Settings};
use std::collections::BTreeMap;

/// Why a record cannot be replayed: the rule on which it says too little.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct NoData {
    /// The rule's id; empty if the record contradicts itself.
    pub rule: String,
}

/// A verdict as it would have been.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplayedVerdict {
    /// What the gate would have said.
    pub kind: VerdictKind,
    /// Rules that would block and did not, each with how much is missing, in the rule's own unit.
    pub newly_blocking: BTreeMap<&'static str, u64>,
}

/// Replays one record. A change of the organisation's policy is resolved for its repository first.
///
/// # Errors
/// The record says too little about a rule that decides.
pub fn replay(record: &Recorded, change: &Change) -> Result<ReplayedVerdict, NoData> {
    if let Change::Organisation(organisation) = change {
        return replay(record, &organisation.over(record)?);
    }
    if record.contradicts_itself {
        return Err(NoData { rule: String::new() });
    }
    if jobs_cast_other_doubts(record, change) {
        return Err(NoData { rule: "build.jobs".to_owned() });
    }
    let mut replayed = Vec::new();
    let mut newly_blocking = BTreeMap::new();
    let mut unknown: Option<NoData> = None;
    let mut seen = Vec::new();
    for outcome in record.outcomes.iter().filter(|outcome| !is_preview(outcome)) {
        seen.push(outcome.id.as_str());
        let answer = replay_outcome(record, outcome, change);
        let (mode, kind, short) = match answer {
            Answer::Known(mode, kind, short) => (mode, kind, short),
            Answer::NotEnforced => continue,
            Answer::NoData => {
                unknown.get_or_insert(NoData { rule: outcome.id.clone() });
                continue;
            }
        };
        let blocks = mode == Mode::Enforce && matches!(kind, OutcomeKind::NotMet | OutcomeKind::NotMeasured);
        if let Some(spec) = outcome.spec.filter(|_| blocks && !outcome.blocks()) {
            let most = newly_blocking.entry(spec.id).or_insert(short);
            *most = short.max(*most);
        }
        replayed.push((mode, kind));
    }
    // A rule that the record does not have (it is younger than the record) and that would be enforced.
    for id in change.rule_ids() {
        if !seen.contains(&id) && enforced(change, id) {
            unknown.get_or_insert(NoData { rule: id.to_owned() });
        }
    }
    let kind = verdict_of(replayed.into_iter(), record.has_errors);
    match unknown {
        // A failure stays one, whatever the unknown rule would say.
        Some(unknown) if kind != VerdictKind::NeedsChanges => Err(unknown),
        _ => Ok(ReplayedVerdict { kind, newly_blocking }),
    }
}

enum Answer {
    Known(Mode, OutcomeKind, u64),
    NotEnforced,
    NoData,
}

fn replay_outcome(record: &Recorded, outcome: &RecordedOutcome, change: &Change) -> Answer {
    let as_it_was = || Answer::Known(outcome.mode, outcome.kind, 0);
    let Some(spec) = outcome.spec else {
        return match change {
            Change::Fields(_) => as_it_was(),
            // Nobody can say what another policy would make of a rule that is not known here.
            _ if outcome.mode == Mode::Enforce => Answer::NoData,
            _ => Answer::NotEnforced,
        };
    };
    if !same_overlays(record, outcome, change) {
        return Answer::NoData;
    }
    let of_rule = record
        .outcomes
        .iter()
        .find(|other| other.id == outcome.id && other.scope.is_empty() && !outcome.scope.is_empty());
    let Some(proposed) = change.proposed(outcome, of_rule) else {
        // Settings that cannot be read stay as they are where only other rules change.
        return match change {
            Change::Fields(changes) if changes.iter().all(|change| change.rule.id != outcome.id) => {
                as_it_was()
            }
            _ => Answer::NoData,
        };
    };
    if proposed.mode != Mode::Enforce {
        return Answer::NotEnforced;
    }
    let Some(settings) = &outcome.settings else { return Answer::NoData };
    let is_same = same_settings(spec, settings, &proposed.settings);
    let Some((kind, short)) = kind_under(spec, outcome, &proposed, is_same) else { return Answer::NoData };
    Answer::Known(proposed.mode, kind, short)
}

/// How the rule would come out; `None` if the record does not say.
fn kind_under(
    spec: &RuleSpec,
    outcome: &RecordedOutcome,
    proposed: &Proposed,
    is_same: bool,
) -> Option<(OutcomeKind, u64)> {
    let Some(recorded) = &outcome.replay else {
        // A record of a version that kept no figures: what does not change stays.
        return is_same.then_some((outcome.kind, 0));
    };
    let named_otherwise = recorded.named != proposed.named && outcome.scope.is_empty();
    let before_measuring = recorded.figures.as_ref().is_some_and(|figures| figures.is_empty());
    if is_same || before_measuring {
        // A waiver covers what it covered.
        if outcome.kind == OutcomeKind::Waived {
            return Some((OutcomeKind::Waived, 0));
        }
        let kind = recorded.if_named_otherwise.filter(|_| named_otherwise).unwrap_or(outcome.kind);
        return Some((kind, 0));
    }
    let narrows = |key: &&'static str| {
        let value = |settings: &Settings| settings.get(key).map(|setting| setting.value.clone());
        outcome.settings.as_ref().and_then(value) != value(&proposed.settings)
    };
    if NARROWING_FIELDS.iter().any(narrows) {
        // The figures are those of the findings that the rule looked at.
        return None;
    }
    let mut replay = recorded.clone();
    replay.named = proposed.named || !outcome.scope.is_empty();
    let replayed = (spec.replay)(&proposed.settings, &replay)?;
    let kind = match replayed.kind {
        OutcomeKind::Met | OutcomeKind::NotJudged if recorded.doubts_met => OutcomeKind::NotMeasured,
        OutcomeKind::NotMet if recorded.doubts_not_met => OutcomeKind::NotMeasured,
        // A waiver of the whole rule covers it under another bar too.
        OutcomeKind::NotMet if outcome.kind == OutcomeKind::Waived => OutcomeKind::Waived,
        kind => kind,
    };
    Some((kind, replayed.short))
}

/// True if every field has the same value.
fn same_settings(spec: &RuleSpec, left: &Settings, right: &Settings) -> bool {
    let value = |settings: &'_ Settings, key: &str| settings.get(key).map(|setting| setting.value.clone());
    spec.fields.iter().all(|field| value(left, field.key) == value(right, field.key))
}

/// Files that an overlay takes out of a rule are not in its figures: with other overlays they would be.
fn same_overlays(record: &Recorded, outcome: &RecordedOutcome, change: &Change) -> bool {
    let of_rule =
        |other: &&RecordedOutcome| other.id == outcome.id && !other.scope.is_empty() && !is_preview(other);
    let overlays: Vec<&RecordedOutcome> = record.outcomes.iter().filter(of_rule).collect();
    let mut scopes: Vec<String> = overlays.iter().map(|overlay| overlay.scope.clone()).collect();
    scopes.sort();
    if change.overlays(&outcome.id).is_some_and(|proposed| proposed != scopes) {
        return false;
    }
    let rule = record.outcomes.iter().find(|other| other.id == outcome.id && other.scope.is_empty());
    let Some(rule) = rule else { return overlays.is_empty() };
    overlays.iter().all(|overlay| {
        let before = is_laxer(
            rule.spec,
            (overlay.mode, overlay.settings.as_ref()),
            (rule.mode, rule.settings.as_ref()),
        );
        let (Some(overlaid), Some(itself)) =
            (change.proposed(overlay, Some(rule)), change.proposed(rule, None))
        else {
            return false;
        };
        let after = is_laxer(
            rule.spec,
            (overlaid.mode, Some(&overlaid.settings)),
            (itself.mode, Some(&itself.settings)),
        );
        before == after
    })
}

/// See [`RuleInForce::asks_for_less_than`].
fn is_laxer(
    spec: Option<&RuleSpec>,
    (mode, settings): (Mode, Option<&Settings>),
    (other_mode, other): (Mode, Option<&Settings>),
) -> bool {
    let (Some(spec), Some(settings), Some(other)) = (spec, settings, other) else { return false };
    mode < other_mode
        || spec.fields.iter().any(|field| {
            let value = |settings: &Settings| settings.get(field.key).map(|setting| setting.value.clone());
            field.is_laxer(value(settings).as_ref(), value(other).as_ref())
        })
}

/// Jobs that nothing explains make other rules not measured, while `build.jobs` is enforced: if that changes,
/// the doubts of the record are not those of the replay.
fn jobs_cast_other_doubts(record: &Recorded, change: &Change) -> bool {
    let Some(jobs) = record.outcomes.iter().find(|outcome| outcome.id == "build.jobs") else { return false };
    let figures = jobs.replay.as_ref().and_then(|replay| replay.figures.as_ref());
    if figures.is_some_and(|figures| figures.contains_key(EXPLAINED_BY_RED)) {
        // The failing tests that explain the jobs may be red no more.
        let mut failures = record.outcomes.iter().filter(|outcome| outcome.id == "tests.failed");
        return failures.any(|failures| is_changed(failures, change)) || is_changed(jobs, change);
    }
    let is_quiet = matches!(jobs.kind, OutcomeKind::Met | OutcomeKind::NotJudged);
    !is_quiet && is_changed(jobs, change)
}

/// True if the change gives the rule other settings, or lets it move the verdict where it did not (or the reverse).
fn is_changed(outcome: &RecordedOutcome, change: &Change) -> bool {
    let Some(proposed) = change.proposed(outcome, None) else { return true };
    let same = outcome
        .settings
        .as_ref()
        .zip(outcome.spec)
        .is_some_and(|(settings, spec)| same_settings(spec, settings, &proposed.settings));
    (outcome.mode == Mode::Enforce) != (proposed.mode == Mode::Enforce) || !same
}

/// A rule as it will be from a day on; it only warns.
pub(super) fn is_preview(outcome: &RecordedOutcome) -> bool {
    outcome.scope.strip_prefix("from ").is_some_and(|day| crate::model::Date::parse(day).is_ok())
}

fn enforced(change: &Change, id: &str) -> bool {
    let Change::Policy(policy) = change else { return false };
    let rule: Option<&RuleInForce> = policy.rule(id);
    rule.is_some_and(|rule| rule.mode == Mode::Enforce && rule.named)
}
