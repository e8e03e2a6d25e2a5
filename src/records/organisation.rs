//! The policy of an organisation over what each repository had written on the day.

use super::replay::is_preview;
use super::{Change, NoData, Recorded, RecordedOutcome};
use crate::model::Date;
use crate::policy::{
    Globs, Layers, OrgPolicy, OverlayEntry, PolicyFile, RepoFacts, RuleEntry, resolve_layers,
};
use crate::rules::Pattern;
use std::collections::BTreeMap;

/// Where a repository's own values come from.
const OWN_FILES: [&str; 2] = [".github/tollgate.yml", "tollgate.yml"];

/// An organisation's policy as it would be.
#[derive(Clone, Debug)]
pub struct Organisation {
    /// Its policy.
    pub policy: OrgPolicy,
    /// The day by which it is resolved.
    pub today: Option<Date>,
}

impl Organisation {
    /// The policy of one repository: the organisation's layers over the values that the record says its own file
    /// set.
    ///
    /// # Errors
    /// Settings of the record that cannot be read, or that the new policy forbids.
    pub(super) fn over(&self, record: &Recorded) -> Result<Change, NoData> {
        let mut file = PolicyFile::default();
        for outcome in record.outcomes.iter().filter(|outcome| outcome.scope.is_empty()) {
            file.rules.extend(own_entry(outcome)?);
        }
        file.overlays = own_overlays(record)?;
        let name = record.repository.rsplit('/').next().map(str::to_owned);
        let layers = Layers {
            organisation: Some(&self.policy),
            facts: RepoFacts { name, ..RepoFacts::default() },
            file: Some(&file),
            source: OWN_FILES[0],
            branch: None,
            today: self.today,
        };
        match resolve_layers(&layers) {
            Ok(policy) => Ok(Change::Policy(Box::new(policy))),
            // The repository would have to change its file first.
            Err(_) => Err(NoData { rule: "policy".to_owned() }),
        }
    }
}

/// What the repository's own file asked for under `paths`, by the scopes of the record.
fn own_overlays(record: &Recorded) -> Result<Vec<OverlayEntry>, NoData> {
    let mut by_scope: BTreeMap<&str, Vec<RuleEntry>> = BTreeMap::new();
    for outcome in record.outcomes.iter().filter(|one| !one.scope.is_empty() && !is_preview(one)) {
        let Some(mut entry) = own_entry(outcome)? else { continue };
        // An overlay without a mode of its own has that of the rule.
        let rule = record.outcomes.iter().find(|rule| rule.id == outcome.id && rule.scope.is_empty());
        if rule.is_some_and(|rule| rule.mode == outcome.mode) {
            entry.mode = None;
        }
        by_scope.entry(outcome.scope.as_str()).or_default().push(entry);
    }
    let overlays = by_scope.into_iter().map(|(scope, rules)| {
        let unreadable =
            || NoData { rule: rules.first().map_or_else(String::new, |rule| rule.spec.id.to_owned()) };
        let (mut globs, mut suites) = (Vec::new(), Vec::new());
        for part in scope.split(", ") {
            match part.strip_prefix("suite ") {
                Some(suite) => suites.push(Pattern::new(suite)),
                None => globs.push(part),
            }
        }
        let globs = Globs::new(globs).map_err(|_| unreadable())?;
        let origin = rules.first().map(|rule| rule.origin.clone()).unwrap_or_default();
        Ok(OverlayEntry { globs, suites, rules, origin })
    });
    overlays.collect()
}

/// What the repository's own file said of a rule; `None` if it did not name it.
fn own_entry(outcome: &RecordedOutcome) -> Result<Option<RuleEntry>, NoData> {
    let Some(spec) = outcome.spec else { return Ok(None) };
    let is_own =
        |file: &str| OWN_FILES.iter().any(|own| file == *own || file.starts_with(&format!("{own} (")));
    let Some(settings) = &outcome.settings else { return Err(NoData { rule: outcome.id.clone() }) };
    let fields: Vec<_> = settings
        .iter()
        .filter(|(_, setting)| is_own(setting.origin.file.raw()))
        .map(|(key, setting)| (key, setting.clone()))
        .collect();
    if fields.is_empty() && !is_own(outcome.origin.file.raw()) {
        return Ok(None);
    }
    let mode = Some((outcome.mode, outcome.origin.clone()));
    Ok(Some(RuleEntry { spec, mode, fields, origin: outcome.origin.clone() }))
}
