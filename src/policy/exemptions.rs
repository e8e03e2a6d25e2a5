//! Which waivers and quarantine entries hold today, and why the others do not.

use super::org;
use super::{Limits, OrgPolicy, PolicyFile, RepoFacts, RuleInForce};
use crate::diagnostic::{Code, Diagnostic, Origin, Weight};
use crate::model::Date;
use crate::rules::{Quarantined, Waiver};

/// Waivers and quarantine in force.
#[derive(Default)]
pub(super) struct Exemptions {
    pub(super) waivers: Vec<Waiver>,
    pub(super) quarantine: Vec<Quarantined>,
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
    let none = Limits::default();
    let limits = organisation.map_or(&none, |organisation| &organisation.limits);
    let mut exemptions = Exemptions::default();
    for waiver in file.iter().flat_map(|file| &file.waivers) {
        let check =
            Check { what: "waiver", rule: waiver.rule, owner: &waiver.owner, expires: waiver.expires };
        if check.holds(&waiver.origin, limits, rules, today, notes) {
            exemptions.waivers.push(waiver.clone());
        }
    }
    for entry in file.iter().flat_map(|file| &file.quarantine) {
        let check =
            Check { what: "quarantine", rule: "tests.failed", owner: &entry.owner, expires: entry.expires };
        if check.holds(&entry.origin, limits, rules, today, notes) {
            exemptions.quarantine.push(entry.clone());
        }
    }
    for waiver in organisation.iter().flat_map(|organisation| &organisation.waivers) {
        let is_for_this = facts.name.as_ref().is_some_and(|name| org::is_named(&waiver.repo, name));
        if !is_for_this {
            continue;
        }
        if has_ended(waiver.waiver.expires, today) {
            notes.push(ended("waiver", waiver.waiver.expires, &waiver.waiver.origin, today));
        } else if waiver.relief.is_none() {
            exemptions.waivers.push(waiver.waiver.clone());
        }
    }
    exemptions
}

/// True if the last day is over. Without a date of today nobody can say that it is not.
pub(super) fn has_ended(expires: Date, today: Option<Date>) -> bool {
    today.is_none_or(|today| today > expires)
}

fn ended(what: &str, expires: Date, origin: &Origin, today: Option<Date>) -> Diagnostic {
    let message = match today {
        Some(_) => format!("the {what} ended on {expires}: what it lifted counts again"),
        None => format!("today's date is not known, so the {what} until {expires} does not hold"),
    };
    Diagnostic::new(Code::WaiverExpired, Weight::Warning, message, origin.clone())
}

/// What is asked of an entry of a repository.
struct Check<'e> {
    what: &'static str,
    rule: &'static str,
    owner: &'e str,
    expires: Date,
}

impl Check<'_> {
    fn holds(
        &self,
        origin: &Origin,
        limits: &Limits,
        rules: &[RuleInForce],
        today: Option<Date>,
        notes: &mut Vec<Diagnostic>,
    ) -> bool {
        if has_ended(self.expires, today) {
            notes.push(ended(self.what, self.expires, origin, today));
            return false;
        }
        let Some(why) = self.refusal(limits, rules, today) else { return true };
        let message = format!("the {} does not hold: {why}", self.what);
        notes.push(Diagnostic::new(Code::WaiverRefused, Weight::Warning, message, origin.clone()));
        false
    }

    fn refusal(&self, limits: &Limits, rules: &[RuleInForce], today: Option<Date>) -> Option<String> {
        let pin = rules.iter().find(|rule| rule.spec.id == self.rule).and_then(|rule| rule.pin.as_ref());
        if pin.is_some_and(|pin| !pin.waivable) {
            return Some(format!("the organisation lets nobody waive `{}`", self.rule));
        }
        if limits.waiver_owners.as_ref().is_some_and(|owners| !owners.contains(self.owner)) {
            return Some(format!("the organisation does not let {} own one", self.owner));
        }
        let term = u64::from(self.expires.days().saturating_sub(today?.days()));
        match limits.waiver_max_days {
            Some(most) if term > most => {
                Some(format!("it ends in {term} days, and the organisation allows {most}"))
            }
            _ => None,
        }
    }
}
