//! The built-in policy: the lowest layer under every other (DECISIONS 18).

use super::{LayerKind, RuleInForce, Trace};
use crate::diagnostic::Origin;
use crate::model::Mode;
use crate::rules::{RULES, RuleSpec, Setting, Settings};

/// The name under which the built-in policy stands as the origin of its values.
pub const BUILT_IN: &str = "built-in policy";

/// What each rule may do to the verdict if no file says more. The values are the defaults of the rules' fields.
/// A rule that is not listed is off until a file names it.
const MODES: &[(&str, Mode)] = &[
    ("build.jobs", Mode::Enforce),
    ("tests.failed", Mode::Enforce),
    ("tests.executed", Mode::Enforce),
    ("scan.new", Mode::Enforce),
    ("evidence.reports", Mode::Enforce),
    ("coverage.changed", Mode::Warn),
    ("coverage.total", Mode::Info),
    ("evidence.grade", Mode::Info),
    ("change.sensitive", Mode::Info),
];

/// All rules, in the order of `RULES`.
pub(super) fn rules() -> Vec<RuleInForce> {
    RULES.iter().map(|spec| rule(spec)).collect()
}

fn rule(spec: &'static RuleSpec) -> RuleInForce {
    let origin = Origin::file(BUILT_IN);
    let mut settings = Settings::default();
    for field in spec.fields {
        // A test keeps every default readable.
        if let Some(Ok(value)) = field.default.map(|text| field.kind.read(text)) {
            settings.set(field.key, Setting { value, origin: origin.clone() });
        }
    }
    let mode = MODES.iter().find(|(id, _)| *id == spec.id).map_or(Mode::Off, |(_, mode)| *mode);
    let fields = settings.iter().map(|(field, setting)| Trace {
        layer: LayerKind::BuiltIn,
        field,
        value: setting.value.to_string(),
        origin: origin.clone(),
    });
    let trail = fields.collect();
    RuleInForce { spec, mode, mode_origin: origin.clone(), settings, named: false, origin, pin: None, trail }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::by_id;

    #[test]
    fn every_default_of_a_field_can_be_read() {
        for field in RULES.iter().flat_map(|rule| rule.fields) {
            if let Some(text) = field.default {
                assert!(field.kind.read(text).is_ok(), "{}: {text}", field.key);
            }
        }
    }

    #[test]
    fn every_mode_belongs_to_a_rule() {
        for (id, _) in MODES {
            assert!(by_id(id).is_some(), "{id}");
        }
    }
}
