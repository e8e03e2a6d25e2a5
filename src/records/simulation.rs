//! Many verdicts of the past under another policy: how many would flip, by which rule, and how short they fell.

use super::replay::replay;
use super::{Change, Recorded, last_of_each, median};
use crate::model::{AuthorClass, Date, Kind, Moment, Untrusted, VerdictKind};
use crate::rules;
use std::collections::{BTreeMap, BTreeSet};

/// A verdict that would be another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flip {
    /// The repository; empty if the records name none.
    pub repository: String,
    /// The pull request.
    pub pull_request: Option<u64>,
    /// The record.
    pub file: Untrusted,
    /// What the gate said.
    pub from: VerdictKind,
    /// What it would have said.
    pub to: VerdictKind,
}

/// What was left out, and why.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LeftOut {
    /// The rule on which the records say too little; empty for records that contradict themselves.
    pub rule: String,
    /// How many.
    pub records: u64,
}

/// What one rule does to the verdicts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RuleEffect {
    /// The fields that change: key, what it was (the smallest and the largest, if it differed), what it would be.
    pub fields: BTreeMap<String, (BTreeSet<String>, BTreeSet<String>)>,
    /// Verdicts that would newly not pass, and in which the rule newly blocks.
    pub flips: u64,
    /// Of those, by external contributors.
    pub external: u64,
    /// Repositories with such a verdict.
    pub repositories: BTreeSet<String>,
    /// The median of what is missing, in the rule's own unit; `None` without a flip.
    pub short: Option<u64>,
}

/// What becomes of one repository.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RepositoryEffect {
    /// Verdicts that were replayed.
    pub replayed: u64,
    /// Of those, passed on the day.
    pub passed: u64,
    /// Of those, passing under the change.
    pub would_pass: u64,
    /// Verdicts that would newly not pass.
    pub flips: u64,
    /// The rule that blocks most of them.
    pub by: Option<&'static str>,
    /// The median of what that rule misses.
    pub short: Option<u64>,
    /// Who owns it.
    pub owners: Untrusted,
}

/// The whole result.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Simulation {
    /// Verdicts that were replayed.
    pub replayed: u64,
    /// Earlier verdicts of the same pull requests, which the last one stands for.
    pub earlier: u64,
    /// What was left out.
    pub left_out: Vec<LeftOut>,
    /// The days of the first and the last verdict that was replayed.
    pub days: Option<(Date, Date)>,
    /// Verdicts on the day: passed, no verdict, needs changes.
    pub today: Counts,
    /// Verdicts under the change.
    pub then: Counts,
    /// The verdicts that would be others.
    pub flips: Vec<Flip>,
    /// How many of those that would newly not pass are by external contributors.
    pub external: u64,
    /// Every rule that the change touches.
    pub rules: BTreeMap<&'static str, RuleEffect>,
    /// Every repository of which a verdict was replayed.
    pub repositories: BTreeMap<String, RepositoryEffect>,
}

/// How many verdicts of each kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Passed.
    pub passed: u64,
    /// Needs changes.
    pub needs_changes: u64,
    /// No verdict.
    pub no_verdict: u64,
}

impl Counts {
    pub(super) const fn count(&mut self, kind: VerdictKind) {
        match kind {
            VerdictKind::Passed => self.passed += 1,
            VerdictKind::NeedsChanges => self.needs_changes += 1,
            VerdictKind::NoVerdict => self.no_verdict += 1,
        }
    }

    /// All of them.
    pub const fn total(&self) -> u64 {
        self.passed + self.needs_changes + self.no_verdict
    }
}

impl Simulation {
    /// How many were left out.
    pub fn left_out_records(&self) -> u64 {
        self.left_out.iter().map(|left| left.records).sum()
    }

    /// The verdicts that would newly not pass.
    pub fn newly_failing(&self) -> impl Iterator<Item = &Flip> {
        self.flips.iter().filter(|flip| flip.from == VerdictKind::Passed)
    }
}

/// What the shortfall of a rule is counted in.
pub fn unit(rule: &str) -> (&'static str, &'static str) {
    match (rule, rules::by_id(rule).and_then(|rule| rule.kind)) {
        ("coverage.drop", _) => ("hundredth of a point", "hundredths of a point"),
        ("tests.duration", _) => ("second", "seconds"),
        (_, Some(Kind::Coverage)) => ("line", "lines"),
        (_, Some(Kind::Tests)) => ("test", "tests"),
        (_, Some(Kind::Scan)) => ("finding", "findings"),
        (_, None) => ("report", "reports"),
    }
}

/// Replays the last verdict of every pull request.
pub fn simulate(records: &[Recorded], change: &Change) -> Simulation {
    let (last, earlier) = last_of_each(records);
    let mut simulation = Simulation { earlier, ..Simulation::default() };
    let mut left_out: BTreeMap<String, u64> = BTreeMap::new();
    let mut short: BTreeMap<&'static str, Vec<u64>> = BTreeMap::new();
    let mut short_here: BTreeMap<(String, &'static str), Vec<u64>> = BTreeMap::new();
    for record in last {
        let replayed = match replay(record, change) {
            Ok(replayed) => replayed,
            Err(no_data) => {
                *left_out.entry(no_data.rule).or_default() += 1;
                continue;
            }
        };
        simulation.count(record, replayed.kind);
        match change {
            Change::Organisation(organisation) => {
                let change = organisation.over(record);
                if let Ok(change) = &change {
                    touched(record, change, &mut simulation.rules);
                }
            }
            change => touched(record, change, &mut simulation.rules),
        }
        if record.kind == VerdictKind::Passed && replayed.kind != VerdictKind::Passed {
            for (rule, missing) in replayed.newly_blocking {
                let effect = simulation.rules.entry(rule).or_default();
                effect.flips += 1;
                effect.external += u64::from(record.class == AuthorClass::External);
                effect.repositories.insert(record.repository.clone());
                short.entry(rule).or_default().push(missing);
                short_here.entry((record.repository.clone(), rule)).or_default().push(missing);
            }
        }
    }
    for (rule, missing) in short {
        if let Some(effect) = simulation.rules.get_mut(rule) {
            effect.short = median(missing);
        }
    }
    for ((repository, rule), missing) in short_here {
        let Some(effect) = simulation.repositories.get_mut(&repository) else { continue };
        let here = missing.len();
        let is_most = effect.by.is_none_or(|_| effect.short.is_none()) || here as u64 * 2 > effect.flips;
        if is_most {
            effect.by = Some(rule);
            effect.short = median(missing);
        }
    }
    simulation.left_out = left_out.into_iter().map(|(rule, records)| LeftOut { rule, records }).collect();
    simulation
}

impl Simulation {
    fn count(&mut self, record: &Recorded, to: VerdictKind) {
        self.replayed += 1;
        self.today.count(record.kind);
        self.then.count(to);
        if let Some(day) = record.decided.and_then(Moment::day) {
            let (first, last) = self.days.unwrap_or((day, day));
            self.days = Some((first.min(day), last.max(day)));
        }
        let repository = self.repositories.entry(record.repository.clone()).or_default();
        repository.replayed += 1;
        repository.passed += u64::from(record.kind == VerdictKind::Passed);
        repository.would_pass += u64::from(to == VerdictKind::Passed);
        if !record.owners.is_empty() {
            repository.owners = record.owners.clone();
        }
        if record.kind == to {
            return;
        }
        if record.kind == VerdictKind::Passed {
            repository.flips += 1;
            self.external += u64::from(record.class == AuthorClass::External);
        }
        self.flips.push(Flip {
            repository: record.repository.clone(),
            pull_request: record.pull_request,
            file: record.file.clone(),
            from: record.kind,
            to,
        });
    }
}

/// Notes which fields the change sets anew, and what they were.
fn touched(record: &Recorded, change: &Change, rules: &mut BTreeMap<&'static str, RuleEffect>) {
    for outcome in record.outcomes.iter().filter(|outcome| outcome.scope.is_empty()) {
        let (Some(spec), Some(before)) = (outcome.spec, &outcome.settings) else { continue };
        let Some(after) = change.proposed(outcome, None) else { continue };
        let mut note = |key: &str, was: String, is: String| {
            if was != is {
                let field = rules.entry(spec.id).or_default().fields.entry(key.to_owned()).or_default();
                field.0.insert(was);
                field.1.insert(is);
            }
        };
        note("mode", outcome.mode.word().to_owned(), after.mode.word().to_owned());
        for field in spec.fields {
            let shown = |settings: &rules::Settings| {
                settings.get(field.key).map_or("any".to_owned(), |setting| setting.value.to_string())
            };
            note(field.key, shown(before), shown(&after.settings));
        }
    }
}
