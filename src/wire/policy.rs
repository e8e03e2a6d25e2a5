//! `tollgate.policy/1`: a policy in force, every value with its origin, for machines.

use super::report::{PlaceRecord, ProblemRecord};
use super::verdict::ChangeRecord;
use crate::model::PolicyChange;
use crate::policy::{Exemption, ExemptionState, Policy, RuleInForce};
use serde::Serialize;
use std::collections::BTreeMap;

/// The schema's id.
pub const SCHEMA: &str = "tollgate.policy/1";

/// A policy in force.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
struct PolicyRecord {
    schema: &'static str,
    /// Where it was read from, the highest layer first.
    sources: Vec<String>,
    /// Every rule, also those that are off; rules for some paths have a scope, rules that wait for a day have it.
    rules: Vec<RuleRecord>,
    owners: Vec<String>,
    exclude: Vec<String>,
    include: Vec<String>,
    /// Where the organisation lets the repository ask for less; null without an organisation.
    relax_allowed: Option<Vec<String>>,
    exemptions: Vec<ExemptionRecord>,
    diagnostics: Vec<ProblemRecord>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
struct RuleRecord {
    rule: &'static str,
    scope: Option<String>,
    from: Option<String>,
    mode: ValueRecord,
    fields: BTreeMap<&'static str, ValueRecord>,
    /// What the organisation holds it to; null if nothing.
    pin: Option<PinRecord>,
    /// Every value that a layer set, from the lowest layer up.
    trail: Vec<TraceRecord>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
struct ValueRecord {
    value: String,
    origin: PlaceRecord,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
struct PinRecord {
    mode: ValueRecord,
    waivable: bool,
    floor: BTreeMap<&'static str, ValueRecord>,
    locked: BTreeMap<&'static str, ValueRecord>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
struct TraceRecord {
    layer: &'static str,
    field: &'static str,
    value: String,
    origin: PlaceRecord,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
struct ExemptionRecord {
    what: &'static str,
    rule: &'static str,
    covers: String,
    owner: String,
    reason: String,
    expires: String,
    holds: bool,
    /// Why it does not hold; null if it does.
    why_not: Option<String>,
    origin: PlaceRecord,
}

/// The policy as JSON.
pub fn write(policy: &Policy) -> Vec<u8> {
    let whole = policy.rules.iter().map(|rule| rule_record(rule, None, None));
    let overlays = policy.overlays.iter().flat_map(|overlay| {
        let scope = overlay.scope();
        overlay.rules.iter().map(move |rule| rule_record(rule, Some(scope.clone()), None))
    });
    let previews = policy.previews.iter();
    let previews = previews.map(|preview| rule_record(&preview.rule, None, Some(preview.from.to_string())));
    super::pretty(&PolicyRecord {
        schema: SCHEMA,
        sources: policy.sources.clone(),
        rules: whole.chain(overlays).chain(previews).collect(),
        owners: policy.owners.clone(),
        exclude: policy.exclude.patterns().to_vec(),
        include: policy.include.patterns().to_vec(),
        relax_allowed: policy.relax_allowed.as_ref().map(|globs| globs.patterns().to_vec()),
        exemptions: policy.exemptions.iter().map(exemption_record).collect(),
        diagnostics: policy.diagnostics.iter().map(ProblemRecord::from).collect(),
    })
}

/// The differences as JSON, a list.
pub fn write_changes(changes: &[PolicyChange]) -> Vec<u8> {
    let records: Vec<ChangeRecord> = changes.iter().map(ChangeRecord::from).collect();
    super::pretty(&records)
}

fn rule_record(rule: &RuleInForce, scope: Option<String>, from: Option<String>) -> RuleRecord {
    let fields = rule.settings.iter().map(|(key, setting)| {
        let (value, origin) = (setting.value.to_string(), PlaceRecord::from(&setting.origin));
        (key, ValueRecord { value, origin })
    });
    let trail = rule.trail.iter().map(|trace| TraceRecord {
        layer: trace.layer.word(),
        field: trace.field,
        value: trace.value.clone(),
        origin: PlaceRecord::from(&trace.origin),
    });
    let pin = rule.pin.as_ref().map(|pin| {
        let bounds = |exact: bool| {
            let bounds = pin.bounds.iter().filter(|(_, bound)| bound.exact == exact);
            let record = |(key, bound): (&&'static str, &crate::policy::Bound)| {
                let origin = PlaceRecord::from(&bound.setting.origin);
                (*key, ValueRecord { value: bound.setting.value.to_string(), origin })
            };
            bounds.map(record).collect()
        };
        let (mode, origin) = (pin.mode.0.word().to_owned(), PlaceRecord::from(&pin.mode.1));
        PinRecord {
            mode: ValueRecord { value: mode, origin },
            waivable: pin.waivable,
            floor: bounds(false),
            locked: bounds(true),
        }
    });
    RuleRecord {
        rule: rule.spec.id,
        scope,
        from,
        mode: ValueRecord {
            value: rule.mode.word().to_owned(),
            origin: PlaceRecord::from(&rule.mode_origin),
        },
        fields: fields.collect(),
        pin,
        trail: trail.collect(),
    }
}

fn exemption_record(entry: &Exemption) -> ExemptionRecord {
    let why_not = match &entry.state {
        ExemptionState::Holds | ExemptionState::EndsIn(_) => None,
        ExemptionState::Ended => Some("it ended".to_owned()),
        ExemptionState::Refused(why) => Some(why.clone()),
    };
    ExemptionRecord {
        what: entry.what,
        rule: entry.rule,
        covers: entry.covers.clone(),
        owner: entry.owner.clone(),
        reason: entry.reason.clone(),
        expires: entry.expires.to_string(),
        holds: why_not.is_none(),
        why_not,
        origin: PlaceRecord::from(&entry.origin),
    }
}
