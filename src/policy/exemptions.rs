//! Which waivers and quarantine entries hold today, and why the others do not.

use super::org;
use super::{OrgPolicy, PolicyFile, RepoFacts, RuleInForce};
use crate::diagnostic::{Code, Diagnostic, Origin, Weight};
use crate::model::{Date, Handle, Teams};
use crate::rules::{Quarantined, Waiver};
use std::collections::BTreeSet;

/// Who owns an entry is told so many days before it ends.
pub(super) const SOON_DAYS: u32 = 14;

/// Waivers and quarantine in force.
#[derive(Default)]
pub(super) struct Exemptions {
    pub(super) waivers: Vec<Waiver>,
    pub(super) quarantine: Vec<Quarantined>,
    /// All entries, also those that do not hold.
    pub(super) listed: Vec<Exemption>,
}

/// One entry that lifts something, or would, for `explain`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exemption {
    /// `waiver` or `quarantine`.
    pub what: &'static str,
    /// The rule that it is about.
    pub rule: &'static str,
    /// What it covers, in words: the findings, the tests, `the rule as a whole`, another value.
    pub covers: String,
    /// Who answers for it.
    pub owner: String,
    /// Why it is there.
    pub reason: String,
    /// Its last day, in UTC.
    pub expires: Date,
    /// Where it stands.
    pub origin: Origin,
    /// Whether it holds.
    pub state: ExemptionState,
}

/// Whether an entry holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExemptionState {
    /// It does.
    Holds,
    /// It does, and ends in so many days.
    EndsIn(u32),
    /// Its last day is over, or nobody knows the day.
    Ended,
    /// The organisation does not allow it, for this reason.
    Refused(String),
}

/// Sorts out what holds. An entry that has ended, or that the organisation does not allow, never holds; each is
/// said in `notes`, because what it lifted counts again.
pub(super) fn in_force(
    file: Option<&PolicyFile>,
    organisation: Option<&OrgPolicy>,
    facts: &RepoFacts,
    rules: &[RuleInForce],
    today: Option<Date>,
    notes: &mut Vec<Diagnostic>,
) -> Exemptions {
    let none = OrgPolicy::default();
    let limited = organisation.unwrap_or(&none);
    let mut exemptions = Exemptions::default();
    for waiver in file.iter().flat_map(|file| &file.waivers) {
        let state = state_of(waiver.rule, &waiver.owner, waiver.expires, limited, rules, today);
        let listed = of_waiver(waiver, covers(waiver), state);
        if listed.holds(today, notes) {
            exemptions.waivers.push(waiver.clone());
        }
        exemptions.listed.push(listed);
    }
    for entry in file.iter().flat_map(|file| &file.quarantine) {
        let listed = Exemption {
            what: "quarantine",
            rule: "tests.failed",
            covers: entry.test.as_str().to_owned(),
            owner: entry.owner.clone(),
            reason: entry.reason.clone(),
            expires: entry.expires,
            origin: entry.origin.clone(),
            state: state_of("tests.failed", &entry.owner, entry.expires, limited, rules, today),
        };
        if listed.holds(today, notes) {
            exemptions.quarantine.push(entry.clone());
        }
        exemptions.listed.push(listed);
    }
    for waiver in organisation.iter().flat_map(|organisation| &organisation.waivers) {
        let is_for_this = facts.name.as_ref().is_some_and(|name| org::is_named(&waiver.repo, name));
        if !is_for_this {
            continue;
        }
        let covers = match &waiver.relief {
            Some((field, setting)) => format!("`{field}` is {} here", setting.value),
            None => covers(&waiver.waiver),
        };
        let listed = of_waiver(&waiver.waiver, covers, term_of(waiver.waiver.expires, today));
        if listed.holds(today, notes) && waiver.relief.is_none() {
            exemptions.waivers.push(waiver.waiver.clone());
        }
        exemptions.listed.push(listed);
    }
    exemptions
}

fn of_waiver(waiver: &Waiver, covers: String, state: ExemptionState) -> Exemption {
    Exemption {
        what: "waiver",
        rule: waiver.rule,
        covers,
        owner: waiver.owner.clone(),
        reason: waiver.reason.clone(),
        expires: waiver.expires,
        origin: waiver.origin.clone(),
        state,
    }
}

fn covers(waiver: &Waiver) -> String {
    waiver.what.as_ref().map_or_else(|| "the rule as a whole".to_owned(), ToString::to_string)
}

/// True if the last day is over. Without a date of today nobody can say that it is not.
pub(super) fn has_ended(expires: Date, today: Option<Date>) -> bool {
    today.is_none_or(|today| today > expires)
}

fn term_of(expires: Date, today: Option<Date>) -> ExemptionState {
    match today {
        Some(today) if today <= expires => match expires.days().saturating_sub(today.days()) {
            days @ ..=SOON_DAYS => ExemptionState::EndsIn(days),
            _ => ExemptionState::Holds,
        },
        _ => ExemptionState::Ended,
    }
}

/// Whether an entry of a repository holds.
fn state_of(
    rule: &str,
    owner: &str,
    expires: Date,
    limited: &OrgPolicy,
    rules: &[RuleInForce],
    today: Option<Date>,
) -> ExemptionState {
    let term = term_of(expires, today);
    if term == ExemptionState::Ended {
        return term;
    }
    let pin = rules.iter().find(|known| known.spec.id == rule).and_then(|known| known.pin.as_ref());
    if pin.is_some_and(|pin| !pin.waivable) {
        return ExemptionState::Refused(format!("the organisation lets nobody waive `{rule}`"));
    }
    let limits = &limited.limits;
    if limits.waiver_owners.as_ref().is_some_and(|owners| !may_own(owner, owners, &limited.teams)) {
        return ExemptionState::Refused(format!("the organisation does not let {owner} own one"));
    }
    let days = today.map_or(u64::MAX, |today| u64::from(expires.days().saturating_sub(today.days())));
    match limits.waiver_max_days {
        Some(most) if days > most => {
            ExemptionState::Refused(format!("it ends in {days} days, and the organisation allows {most}"))
        }
        _ => term,
    }
}

/// True for an owner who is named, and for a member of a team that is (`teams.json`).
fn may_own(owner: &str, named: &BTreeSet<String>, teams: &Teams) -> bool {
    let is_member = |team: &String| match (Handle::parse(owner), Handle::parse(team)) {
        (Some(Handle::Login(login)), Some(Handle::Team(team))) => teams.holds(&team, &login),
        _ => false,
    };
    named.contains(owner) || named.iter().any(is_member)
}

impl Exemption {
    /// True if it holds. That it does not, or not for long, is said in `notes`.
    fn holds(&self, today: Option<Date>, notes: &mut Vec<Diagnostic>) -> bool {
        let (what, expires) = (self.what, self.expires);
        let (code, message) = match (&self.state, today) {
            (ExemptionState::Holds, _) => return true,
            (ExemptionState::EndsIn(0), _) => {
                (Code::WaiverEnding, format!("the {what} ends today: what it lifts counts again then"))
            }
            (ExemptionState::EndsIn(days), _) => {
                let noun = if *days == 1 { "day" } else { "days" };
                let message = format!(
                    "the {what} ends in {days} {noun}, on {expires}: what it lifts counts again then"
                );
                (Code::WaiverEnding, message)
            }
            (ExemptionState::Ended, Some(_)) => {
                (Code::WaiverExpired, format!("the {what} ended on {expires}: what it lifted counts again"))
            }
            (ExemptionState::Ended, None) => (
                Code::WaiverExpired,
                format!("today's date is not known, so the {what} until {expires} does not hold"),
            ),
            (ExemptionState::Refused(why), _) => {
                (Code::WaiverRefused, format!("the {what} does not hold: {why}"))
            }
        };
        notes.push(Diagnostic::new(code, Weight::Warning, message, self.origin.clone()));
        matches!(self.state, ExemptionState::EndsIn(_))
    }
}
