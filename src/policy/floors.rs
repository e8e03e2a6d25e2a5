//! Floors and locks of an organisation: what a repository's values are held to.
//!
//! A floor or lock on one field pins the whole rule: every other field is bounded by its organisation-level
//! value, and the mode is at least `enforce` unless the entry says otherwise (DECISIONS 19). Which value is
//! stricter, each field says itself; no rule has code for it.

use super::{LayerKind, OrgEntry, RuleEntry, RuleInForce, Trace};
use crate::diagnostic::{Code, Diagnostic, Origin, Weight};
use crate::model::Mode;
use crate::rules::{Field, Setting, Value};
use std::cmp::Ordering;
use std::collections::BTreeMap;

/// What an organisation holds a rule to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pin {
    /// Per field. A field that is missing here is bounded by being out of force.
    pub bounds: BTreeMap<&'static str, Bound>,
    /// The least mode, and where it was set.
    pub mode: (Mode, Origin),
    /// False if no waiver of the repository lifts the rule.
    pub waivable: bool,
}

/// What one field is held to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bound {
    /// The least strict value that is allowed, or the only one.
    pub setting: Setting,
    /// True if no other value is allowed.
    pub exact: bool,
}

/// The pin of a rule by the floors and locks that apply; `None` if there is none. `level` is the rule as the
/// organisation's other layers leave it.
pub(super) fn pin(
    level: &RuleInForce,
    floors: &[&OrgEntry],
    locks: &[&OrgEntry],
    errors: &mut Vec<Diagnostic>,
) -> Option<Pin> {
    let first = floors.iter().chain(locks).next()?;
    let mut bounds = BTreeMap::new();
    for field in level.spec.fields {
        let floor = strictest(field, floors, errors);
        let lock = the_one(field, locks, errors);
        if let (Some(floor), Some(lock)) = (floor, lock)
            && !is_at_least(field, Some(&lock.value), Some(&floor.value))
        {
            let message = format!(
                "`{}.{}` is locked to {}, and the floor asks for {}",
                level.spec.id, field.key, lock.value, floor.value
            );
            errors.push(contradiction(message, &lock.origin));
        }
        let bound = match (lock, floor, level.settings.get(field.key)) {
            (Some(lock), ..) => Bound { setting: lock.clone(), exact: true },
            (None, Some(floor), _) => Bound { setting: floor.clone(), exact: false },
            (None, None, Some(level)) => Bound { setting: level.clone(), exact: false },
            (None, None, None) => continue,
        };
        bounds.insert(field.key, bound);
    }
    let mode_of = |entry: &&OrgEntry| match &entry.rule.mode {
        Some((mode, origin)) => (*mode, origin.clone()),
        None => (Mode::Enforce, entry.rule.origin.clone()),
    };
    let modes = floors.iter().chain(locks).map(mode_of);
    let mode = modes.reduce(|left, right| if right.0 > left.0 { right } else { left });
    Some(Pin {
        bounds,
        mode: mode.unwrap_or((Mode::Enforce, first.rule.origin.clone())),
        waivable: floors.iter().chain(locks).all(|entry| entry.waivable),
    })
}

/// The strictest of several entries for a field; an error if they have no order.
pub(super) fn strictest<'e>(
    field: &Field,
    entries: &[&'e OrgEntry],
    errors: &mut Vec<Diagnostic>,
) -> Option<&'e Setting> {
    let mut settings: Vec<&Setting> =
        entries.iter().filter_map(|entry| setting_of(&entry.rule, field)).collect();
    // Among equals the first place is named, so that the order of files does not matter.
    settings.sort_by(|left, right| left.origin.cmp(&right.origin));
    let mut best = *settings.first()?;
    for setting in settings {
        match field.strictness(Some(&setting.value), Some(&best.value)) {
            Some(Ordering::Greater) => best = setting,
            Some(Ordering::Less | Ordering::Equal) => {}
            None if setting.value == best.value => {}
            None => {
                let message = format!(
                    "`{}` is {} here and {} in {}:{}, and neither is stricter",
                    field.key,
                    setting.value,
                    best.value,
                    best.origin.file.raw(),
                    best.origin.line
                );
                errors.push(contradiction(message, &setting.origin));
            }
        }
    }
    Some(best)
}

/// The one value that several locks name; an error if they differ.
fn the_one<'e>(field: &Field, locks: &[&'e OrgEntry], errors: &mut Vec<Diagnostic>) -> Option<&'e Setting> {
    let mut settings: Vec<&Setting> = locks.iter().filter_map(|lock| setting_of(&lock.rule, field)).collect();
    settings.sort_by(|left, right| left.origin.cmp(&right.origin));
    let first = *settings.first()?;
    for other in settings.iter().filter(|other| other.value != first.value) {
        let place = format!("{}:{}", first.origin.file.raw(), first.origin.line);
        let message =
            format!("`{}` is locked to {} here and to {} in {place}", field.key, other.value, first.value);
        errors.push(contradiction(message, &other.origin));
    }
    Some(first)
}

fn setting_of<'e>(entry: &'e RuleEntry, field: &Field) -> Option<&'e Setting> {
    entry.fields.iter().find(|(key, _)| *key == field.key).map(|(_, setting)| setting)
}

fn contradiction(message: String, origin: &Origin) -> Diagnostic {
    Diagnostic::new(Code::PolicyContradiction, Weight::Error, message, origin.clone())
}

/// True if `value` is as strict as `bound` or stricter; values without an order must be equal.
fn is_at_least(field: &Field, value: Option<&Value>, bound: Option<&Value>) -> bool {
    match field.strictness(value, bound) {
        Some(order) => order != Ordering::Less,
        None => value == bound,
    }
}

/// Raises a rule to its pin. Each value that a file had set lower is said in `notes`.
pub(super) fn clamp(rule: &mut RuleInForce, notes: &mut Vec<Diagnostic>) {
    let Some(pin) = rule.pin.clone() else { return };
    for field in rule.spec.fields {
        let bound = pin.bounds.get(field.key);
        let value = rule.settings.get(field.key).cloned();
        let required = bound.map(|bound| &bound.setting.value);
        if is_at_least(field, value.as_ref().map(|setting| &setting.value), required) {
            // Whoever writes the same value down as well: it stands because it is locked.
            if let Some(lock) = bound.filter(|bound| bound.exact) {
                rule.settings.set(field.key, lock.setting.clone());
            }
            continue;
        }
        if let Some(value) = &value {
            notes.push(below(rule, field.key, &value.value.to_string(), &value.origin, bound));
        }
        match bound {
            Some(bound) => {
                let mut setting = bound.setting.clone();
                if let Some((value, false)) = value.map(|value| (value, bound.exact)) {
                    setting.value = field.both(&value.value, &setting.value);
                }
                let layer = if bound.exact { LayerKind::Lock } else { LayerKind::Floor };
                trace(rule, layer, field.key, &setting);
                rule.settings.set(field.key, setting);
            }
            None => rule.settings.remove(field.key),
        }
    }
    if rule.mode < pin.mode.0 {
        let message = format!(
            "`{}` is `{}` here, and the organisation asks for `{}` ({}), which holds",
            rule.spec.id,
            rule.mode.word(),
            pin.mode.0.word(),
            place(&pin.mode.1)
        );
        notes.push(Diagnostic::new(Code::BelowFloor, Weight::Warning, message, rule.mode_origin.clone()));
        (rule.mode, rule.mode_origin) = pin.mode;
    }
}

fn below(rule: &RuleInForce, key: &str, value: &str, origin: &Origin, bound: Option<&Bound>) -> Diagnostic {
    let message = match bound {
        Some(Bound { setting, .. }) => format!(
            "`{}.{key}` is {value} here, and the organisation asks for {} ({}), which holds",
            rule.spec.id,
            setting.value,
            place(&setting.origin)
        ),
        None => format!("`{}.{key}` cannot be set here: the organisation pins the rule", rule.spec.id),
    };
    Diagnostic::new(Code::BelowFloor, Weight::Warning, message, origin.clone())
}

/// `org.yml:3`, or only the file where no line is known.
fn place(origin: &Origin) -> String {
    match origin.line {
        0 => origin.file.raw().to_owned(),
        line => format!("{}:{line}", origin.file.raw()),
    }
}

/// Holds an entry of a repository against locks: another value is an error, the same one a warning.
pub(super) fn check_locks(
    entry: &RuleEntry,
    pin: &Pin,
    notes: &mut Vec<Diagnostic>,
    errors: &mut Vec<Diagnostic>,
) {
    for (key, setting) in &entry.fields {
        let Some(bound) = pin.bounds.get(key).filter(|bound| bound.exact) else { continue };
        let rule = entry.spec.id;
        let place = format!("{}:{}", bound.setting.origin.file.raw(), bound.setting.origin.line);
        let locked = &bound.setting.value;
        if setting.value == *locked {
            let message =
                format!("`{rule}.{key}` is locked by the organisation to {locked} ({place}) anyway");
            notes.push(Diagnostic::new(Code::LockedRule, Weight::Warning, message, setting.origin.clone()));
        } else {
            let message = format!(
                "`{rule}.{key}` is {} here and locked by the organisation to {locked} ({place})",
                setting.value
            );
            errors.push(Diagnostic::new(Code::LockedRule, Weight::Error, message, setting.origin.clone()));
        }
    }
}

/// Notes on the rule's trail that a layer set a field.
pub(super) fn trace(rule: &mut RuleInForce, layer: LayerKind, field: &'static str, setting: &Setting) {
    let (value, origin) = (setting.value.to_string(), setting.origin.clone());
    rule.trail.push(Trace { layer, field, value, origin });
}
