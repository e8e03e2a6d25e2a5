//! Layers become the policy in force: per field, the later layer wins, and the value keeps its origin.

use super::{BUILT_IN, Overlay, Policy, PolicyFile, RuleEntry, RuleInForce, builtin};
use crate::model::Mode;

/// Lays the repository's file over the built-in policy. `source` says for the header where the file was read
/// from: `.github/tollgate.yml (read from main)`.
pub fn resolve(file: Option<&PolicyFile>, source: &str) -> Policy {
    let mut policy = Policy {
        rules: builtin::rules(),
        overlays: Vec::new(),
        reports: Default::default(),
        reproduce: Default::default(),
        owners: Vec::new(),
        exclude: Default::default(),
        include: Default::default(),
        sources: vec![BUILT_IN.to_owned()],
    };
    let Some(file) = file else { return policy };
    for rule in &mut policy.rules {
        if let Some(entry) = file.rules.iter().find(|entry| entry.spec.id == rule.spec.id) {
            lay_over(rule, entry);
        }
    }
    policy.overlays = file.overlays.iter().map(|overlay| resolve_overlay(overlay, &policy.rules)).collect();
    policy.reports.clone_from(&file.reports);
    policy.reproduce.clone_from(&file.reproduce);
    policy.owners.clone_from(&file.owners);
    policy.exclude.clone_from(&file.exclude);
    policy.include.clone_from(&file.include);
    policy.sources.insert(0, source.to_owned());
    policy
}

/// Fields that the entry leaves out keep their value. A rule that a file names for the first time is enforced
/// unless the entry says otherwise: who writes down a bar means it.
fn lay_over(rule: &mut RuleInForce, entry: &RuleEntry) {
    match &entry.mode {
        Some((mode, origin)) => {
            rule.mode = *mode;
            rule.mode_origin = origin.clone();
        }
        None if !rule.named => {
            rule.mode = Mode::Enforce;
            rule.mode_origin = entry.origin.clone();
        }
        None => {}
    }
    for (key, setting) in &entry.fields {
        rule.settings.set(key, setting.clone());
    }
    rule.named = true;
    rule.origin = entry.origin.clone();
}

/// The overlay's rules, each with the fields of the rule itself below its own. Without a mode of its own an
/// overlay has that of the rule, if a file names the rule.
fn resolve_overlay(overlay: &super::OverlayEntry, rules: &[RuleInForce]) -> Overlay {
    let resolve_rule = |entry: &RuleEntry| {
        let mut rule = rules.iter().find(|rule| rule.spec.id == entry.spec.id)?.clone();
        lay_over(&mut rule, entry);
        Some(rule)
    };
    Overlay {
        globs: overlay.globs.clone(),
        rules: overlay.rules.iter().filter_map(resolve_rule).collect(),
        origin: overlay.origin.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::parse;
    use crate::rules::Value;

    fn resolved(text: &str) -> Policy {
        resolve(Some(&parse(text, "tollgate.yml").unwrap()), "tollgate.yml (read from main)")
    }

    fn line_of(policy: &Policy, rule: &str, field: &str) -> (String, u32) {
        let origin = &policy.rule(rule).unwrap().settings.get(field).unwrap().origin;
        (origin.file.raw().to_owned(), origin.line)
    }

    #[test]
    fn a_file_sets_single_fields_and_each_value_knows_its_place() {
        let policy = resolved("version: 1\nrules:\n  coverage.changed:\n    min: 90\n");
        let rule = policy.rule("coverage.changed").unwrap();
        assert_eq!(rule.settings.percent("min").unwrap().to_string(), "90%");
        assert_eq!(rule.settings.get("min-lines").unwrap().value, Value::Count(20));
        assert_eq!(line_of(&policy, "coverage.changed", "min"), ("tollgate.yml".to_owned(), 4));
        assert_eq!(line_of(&policy, "coverage.changed", "min-lines"), (BUILT_IN.to_owned(), 0));
        assert_eq!((rule.mode, rule.mode_origin.line, rule.named), (Mode::Enforce, 3, true));
        assert_eq!(policy.sources, ["tollgate.yml (read from main)", BUILT_IN]);
    }

    #[test]
    fn without_a_file_the_built_in_policy_is_in_force() {
        let policy = resolve(None, "");
        let modes: Vec<(&str, Mode)> = policy.rules.iter().map(|rule| (rule.spec.id, rule.mode)).collect();
        assert_eq!(
            modes,
            [
                ("build.jobs", Mode::Enforce),
                ("tests.failed", Mode::Enforce),
                ("tests.executed", Mode::Enforce),
                ("tests.skipped", Mode::Off),
                ("coverage.changed", Mode::Warn),
                ("coverage.total", Mode::Info),
                ("scan.new", Mode::Enforce),
                ("scan.all", Mode::Off),
                ("evidence.reports", Mode::Enforce),
            ]
        );
        assert!(policy.rules.iter().all(|rule| !rule.named));
        assert_eq!(policy.sources, [BUILT_IN]);
    }

    #[test]
    fn an_overlay_takes_what_it_leaves_out_from_the_rule() {
        let policy = resolved(
            "version: 1\nrules:\n  coverage.changed: { min: 70, mode: warn }\npaths:\n  - match: core/**\n    rules: { coverage.changed: { min: 95 } }\n",
        );
        let overlaid = &policy.overlays[0].rules[0];
        assert_eq!(overlaid.settings.percent("min").unwrap().to_string(), "95%");
        assert_eq!(overlaid.settings.count("min-lines"), Some(20));
        assert_eq!(overlaid.mode, Mode::Warn);
        assert!(!overlaid.asks_for_less_than(policy.rule("coverage.changed").unwrap()));
        assert!(policy.rule("coverage.changed").unwrap().asks_for_less_than(overlaid));
    }
}
