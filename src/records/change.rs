//! A change of policy that is tried out: single fields, or a whole policy.

use super::{Organisation, RecordedOutcome};
use crate::diagnostic::Origin;
use crate::model::Mode;
use crate::policy::Policy;
use crate::rules::{self, FieldKind, RULES, RuleSpec, Setting, Settings, Value};

/// What is tried out.
#[derive(Clone, Debug)]
pub enum Change {
    /// Fields that are written into the policy of the day.
    Fields(Vec<FieldChange>),
    /// A policy in place of the one of the day.
    Policy(Box<Policy>),
    /// An organisation's policy over what each repository's own file said.
    Organisation(Box<Organisation>),
}

/// `coverage.changed.min=90`, `tests.flaky.mode=warn`.
#[derive(Clone, Debug)]
pub struct FieldChange {
    /// The rule.
    pub rule: &'static RuleSpec,
    /// What is set.
    pub to: Set,
}

/// A field or the mode, with its new value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Set {
    /// The mode.
    Mode(Mode),
    /// A field.
    Field(&'static str, Value),
}

impl FieldChange {
    /// Reads `rule.field=value`.
    ///
    /// # Errors
    /// Says what is wrong and what would be right.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (path, value) =
            text.split_once('=').ok_or("expected RULE.FIELD=VALUE, such as coverage.changed.min=90")?;
        let (rule, key) =
            path.rsplit_once('.').ok_or("expected RULE.FIELD=VALUE, such as coverage.changed.min=90")?;
        let rule = rules::by_id(rule).ok_or_else(|| {
            let ids: Vec<&str> = RULES.iter().map(|rule| rule.id).collect();
            format!("no rule is called `{rule}`; there are {}", ids.join(", "))
        })?;
        if key == "mode" {
            let modes = [Mode::Off, Mode::Info, Mode::Warn, Mode::Enforce];
            let mode = modes.into_iter().find(|mode| mode.word() == value);
            let mode =
                mode.ok_or_else(|| format!("`{value}` is no mode; write off, info, warn or enforce"))?;
            return Ok(Self { rule, to: Set::Mode(mode) });
        }
        let field = rule.field(key).ok_or_else(|| {
            let keys: Vec<&str> = rule.fields.iter().map(|field| field.key).collect();
            format!("`{}` has no field `{key}`; it has {}, mode", rule.id, keys.join(", "))
        })?;
        if field.kind == FieldKind::Globs {
            return Err(format!("`{key}` is a list of globs: try it with --policy"));
        }
        let value = field.kind.read(value).map_err(|why| format!("`{}.{key}`: {why}", rule.id))?;
        Ok(Self { rule, to: Set::Field(field.key, value) })
    }
}

/// A rule as it would be in force.
#[derive(Clone, Debug)]
pub(super) struct Proposed {
    pub(super) mode: Mode,
    pub(super) settings: Settings,
    pub(super) named: bool,
}

impl Change {
    /// The rule of an outcome as it would be; `None` if the change knows no such overlay.
    pub(super) fn proposed(
        &self,
        outcome: &RecordedOutcome,
        of_rule: Option<&RecordedOutcome>,
    ) -> Option<Proposed> {
        match self {
            // Resolved for each record before anything is asked of it.
            Self::Organisation(_) => None,
            Self::Policy(policy) => {
                let rules = if outcome.scope.is_empty() {
                    &policy.rules
                } else {
                    &policy.overlays.iter().find(|overlay| overlay.scope() == outcome.scope)?.rules
                };
                let rule = rules.iter().find(|rule| rule.spec.id == outcome.id)?;
                let named = rule.named || !outcome.scope.is_empty();
                Some(Proposed { mode: rule.mode, settings: rule.settings.clone(), named })
            }
            Self::Fields(changes) => {
                let was_named = outcome.replay.as_ref().is_some_and(|replay| replay.named);
                let mut proposed =
                    Proposed { mode: outcome.mode, settings: outcome.settings.clone()?, named: was_named };
                let mut says_mode = false;
                let mut is_touched = false;
                for change in changes.iter().filter(|change| change.rule.id == outcome.id) {
                    match &change.to {
                        Set::Mode(mode) => {
                            // An overlay keeps a mode of its own.
                            if of_rule.is_none_or(|rule| rule.mode == outcome.mode) {
                                (proposed.mode, says_mode, is_touched) = (*mode, true, true);
                            }
                        }
                        Set::Field(key, value) => {
                            // An overlay inherits what it does not set itself.
                            let own = |outcome: &RecordedOutcome| {
                                Some(outcome.settings.as_ref()?.get(key)?.origin.clone())
                            };
                            if of_rule.is_none_or(|rule| own(rule) == own(outcome)) {
                                let setting = Setting { value: value.clone(), origin: Origin::default() };
                                proposed.settings.set(key, setting);
                                is_touched = true;
                            }
                        }
                    }
                }
                if is_touched && !was_named && outcome.scope.is_empty() {
                    // A rule that a file names is enforced unless it says otherwise.
                    proposed.named = true;
                    if !says_mode {
                        proposed.mode = Mode::Enforce;
                    }
                }
                Some(proposed)
            }
        }
    }

    /// The globs of the overlays that the change has for a rule; `None` if it leaves them as they were.
    pub(super) fn overlays(&self, rule: &str) -> Option<Vec<String>> {
        let Self::Policy(policy) = self else { return None };
        let has = |overlay: &&crate::policy::Overlay| overlay.rules.iter().any(|other| other.spec.id == rule);
        let mut scopes: Vec<String> =
            policy.overlays.iter().filter(has).map(crate::policy::Overlay::scope).collect();
        scopes.sort();
        Some(scopes)
    }

    /// The rules of a policy that replace those of the day; none if only fields change.
    pub(super) fn rule_ids(&self) -> Vec<&'static str> {
        match self {
            Self::Policy(policy) => policy.rules.iter().map(|rule| rule.spec.id).collect(),
            Self::Fields(_) | Self::Organisation(_) => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_names_rule_field_and_value() {
        let change = FieldChange::parse("coverage.changed.min=90").unwrap();
        assert_eq!(change.rule.id, "coverage.changed");
        assert!(
            matches!(change.to, Set::Field("min", Value::Percent(percent)) if percent.hundredths() == 9_000)
        );
        assert_eq!(FieldChange::parse("scan.new.mode=warn").unwrap().to, Set::Mode(Mode::Warn));
    }

    #[test]
    fn a_change_that_cannot_be_read_says_what_would_be_right() {
        for (text, says) in [
            ("coverage.changed.min", "RULE.FIELD=VALUE"),
            ("min=1", "RULE.FIELD=VALUE"),
            ("coverage.chnaged.min=90", "no rule is called `coverage.chnaged`; there are build.jobs"),
            ("coverage.changed.mni=90", "has no field `mni`; it has min, min-lines"),
            ("coverage.changed.min=ninety", "percentage"),
            ("tests.flaky.mode=loud", "off, info, warn or enforce"),
        ] {
            assert!(FieldChange::parse(text).unwrap_err().contains(says), "{text}");
        }
    }
}
