//! What differs between two policies, and which of the two asks for more.

use super::{Absent, Layers, Overlay, Policy, ReportEntry, RuleInForce, SnapshotStore, resolve_layers};
use crate::diagnostic::{Diagnostic, Origin};
use crate::model::{Effect, PolicyChange};
use crate::paths::PathRule;
use crate::rules::{Globs, Setting};
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

/// Everything that differs between what two sets of layers ask for, laxer first; also what only holds for changes to the
/// branches that either file names under `branches`.
///
/// # Errors
/// As [`resolve_layers`].
pub fn differences(before: &Layers<'_>, after: &Layers<'_>) -> Result<Vec<PolicyChange>, Vec<Diagnostic>> {
    let mut changes = of_policies(&resolve_layers(before)?, &resolve_layers(after)?);
    let everywhere = changes.clone();
    let files = [before.file, after.file];
    let entries = files.into_iter().flatten().flat_map(|file| &file.branches);
    // A glob is a name that it matches, apart from the rare one with brackets or braces.
    for branch in entries.flat_map(|entry| entry.globs.patterns()).collect::<BTreeSet<_>>() {
        let [before, after] = [before, after]
            .map(|layers| resolve_layers(&Layers { branch: Some(branch.as_str()), ..layers.clone() }));
        let here = of_policies(&before?, &after?).into_iter().filter(|change| !everywhere.contains(change));
        changes.extend(here.map(|change| {
            let scope = format!("for {branch} {}", change.scope);
            PolicyChange { scope: scope.trim_end().to_owned(), ..change }
        }));
    }
    changes.sort();
    Ok(changes)
}

/// Everything that differs, laxer first.
fn of_policies(before: &Policy, after: &Policy) -> Vec<PolicyChange> {
    let mut changes = Changes::default();
    for (old, new) in before.rules.iter().zip(&after.rules) {
        changes.rule("", old, new);
    }
    changes.scopes(before, after);
    changes.reports(&before.reports, &after.reports);
    changes.exemptions(before, after);
    changes.globs("exclude", &before.exclude, &after.exclude, Effect::Laxer);
    changes.included(&before.include, &after.include);
    let words = [
        ("owners", before.owners.join(", "), after.owners.join(", ")),
        ("reproduce", commands(before), commands(after)),
        ("gate", before.gate.word().to_owned(), after.gate.word().to_owned()),
        ("base-snapshot.from", evidence_of_the_base(before), evidence_of_the_base(after)),
        ("path-rules", path_rules(before), path_rules(after)),
        ("vex, kev and epss", beside(before), beside(after)),
    ];
    for (what, old, new) in words {
        if old != new {
            changes.push(Effect::Other, what.to_owned(), "", old, new, &Origin::default());
        }
    }
    // What an isolated workflow reports is believed more (grade B).
    let isolated = |policy: &Policy| {
        let paths = policy.publish.isolated.iter().map(|path| path.as_str().to_owned());
        paths.collect::<BTreeSet<String>>()
    };
    changes.set("publish.isolated", &isolated(before), &isolated(after), Effect::Laxer);
    changes.0.sort();
    changes.0.dedup();
    changes.0
}

fn evidence_of_the_base(policy: &Policy) -> String {
    let word = SnapshotStore::ALL.into_iter().find(|(store, _)| Some(*store) == policy.base_snapshot.from);
    word.map(|(_, word)| word.to_owned()).unwrap_or_default()
}

fn path_rules(policy: &Policy) -> String {
    policy.path_rules.iter().map(PathRule::text).collect::<Vec<_>>().join("; ")
}

fn beside(policy: &Policy) -> String {
    policy.beside.iter().map(|file| file.path.as_str()).collect::<Vec<_>>().join(", ")
}

fn commands(policy: &Policy) -> String {
    let commands = [&policy.reproduce.tests, &policy.reproduce.tests_file, &policy.reproduce.coverage];
    let commands: Vec<&str> = commands.into_iter().flatten().map(String::as_str).collect();
    commands.join("; ")
}

#[derive(Default)]
struct Changes(Vec<PolicyChange>);

impl Changes {
    fn push(
        &mut self,
        effect: Effect,
        what: String,
        scope: &str,
        before: String,
        after: String,
        origin: &Origin,
    ) {
        let scope = scope.to_owned();
        self.0.push(PolicyChange { effect, what, scope, before, after, origin: origin.clone() });
    }

    /// Mode, fields, and whether the owners may lift it.
    fn rule(&mut self, scope: &str, old: &RuleInForce, new: &RuleInForce) {
        let id = new.spec.id;
        if old.mode != new.mode {
            let effect = effect_of(Some(new.mode.cmp(&old.mode)));
            let (before, after) = (old.mode.word().to_owned(), new.mode.word().to_owned());
            self.push(effect, format!("{id}.mode"), scope, before, after, &new.mode_origin);
        }
        for field in new.spec.fields {
            let (left, right) = (old.settings.get(field.key), new.settings.get(field.key));
            let (left_value, right_value) =
                (left.map(|setting| &setting.value), right.map(|setting| &setting.value));
            if left_value == right_value {
                continue;
            }
            let effect = effect_of(field.strictness(right_value, left_value));
            let text = |setting: Option<&Setting>| {
                setting.map_or_else(String::new, |setting| setting.value.to_string())
            };
            let origin = right.or(left).map_or(&new.origin, |setting| &setting.origin);
            self.push(effect, format!("{id}.{}", field.key), scope, text(left), text(right), origin);
        }
        let waivable = |rule: &RuleInForce| rule.pin.as_ref().is_none_or(|pin| pin.waivable);
        if waivable(old) != waivable(new) {
            let effect = if waivable(new) { Effect::Laxer } else { Effect::Stricter };
            let (before, after) = (waivable(old).to_string(), waivable(new).to_string());
            self.push(effect, format!("{id}.waivable"), scope, before, after, &new.origin);
        }
    }

    /// Rules for some paths, and rules that wait for their day. Where one policy has none, the rule itself is what
    /// it is compared with.
    fn scopes(&mut self, before: &Policy, after: &Policy) {
        let (old, new) = (scoped(before), scoped(after));
        for key in old.keys().chain(new.keys()).collect::<BTreeSet<_>>() {
            let (scope, id) = key;
            let of = |scoped: &BTreeMap<(String, &'static str), RuleInForce>, policy: &Policy| {
                scoped.get(key).or_else(|| policy.rule(id)).cloned()
            };
            if let (Some(left), Some(right)) = (of(&old, before), of(&new, after)) {
                self.rule(scope, &left, &right);
            }
        }
    }

    fn reports(&mut self, before: &BTreeMap<String, ReportEntry>, after: &BTreeMap<String, ReportEntry>) {
        for name in before.keys().chain(after.keys()).collect::<BTreeSet<_>>() {
            let what = format!("reports.{name}");
            let words =
                |entry: &ReportEntry| format!("{} {}", entry.kind.word(), entry.path.patterns().join(", "));
            match (before.get(name), after.get(name)) {
                (Some(old), Some(new)) => self.report(&what, old, new),
                (Some(old), None) => {
                    self.push(Effect::Laxer, what, "", words(old), String::new(), &old.origin);
                }
                (None, Some(new)) => {
                    self.push(Effect::Stricter, what, "", String::new(), words(new), &new.origin);
                }
                (None, None) => {}
            }
        }
    }

    fn report(&mut self, what: &str, old: &ReportEntry, new: &ReportEntry) {
        let found = self.0.len();
        let mut say = |key: &str, order: Option<Ordering>, before: String, after: String| {
            if order != Some(Ordering::Equal) {
                self.push(effect_of(order), format!("{what}.{key}"), "", before, after, &new.origin);
            }
        };
        let same = |equal: bool| equal.then_some(Ordering::Equal);
        say("kind", same(old.kind == new.kind), old.kind.word().into(), new.kind.word().into());
        let paths = |entry: &ReportEntry| entry.path.patterns().join(", ");
        say("path", same(old.path == new.path), paths(old), paths(new));
        let order = new.at_least.cmp(&old.at_least);
        say("at-least", Some(order), old.at_least.to_string(), new.at_least.to_string());
        let rank = |entry: &ReportEntry| match entry.absent {
            Absent::Optional => 0,
            Absent::Carried => 1,
            Absent::Required => 2,
        };
        let word = |entry: &ReportEntry| entry.absent.word().to_owned();
        say("absent", Some(rank(new).cmp(&rank(old))), word(old), word(new));
        let names = |globs: &Globs| match globs.is_empty() {
            true => "any".to_owned(),
            false => globs.patterns().join(", "),
        };
        for (key, old, new) in
            [("workflow", &old.workflow, &new.workflow), ("artifact", &old.artifact, &new.artifact)]
        {
            say(key, same(old == new), names(old), names(new));
        }
        let tracked = |entry: &ReportEntry| entry.tracked.to_string();
        say("tracked", same(old.tracked == new.tracked), tracked(old), tracked(new));
        let classes = |entry: &ReportEntry| match entry.classes.is_empty() {
            true => "not stated".to_owned(),
            false => entry.classes.words(),
        };
        say("class", same(old.classes == new.classes), classes(old), classes(new));
        let unplaced = |entry: &ReportEntry| ReportEntry { origin: Origin::default(), ..entry.clone() };
        if self.0.len() == found && unplaced(old) != unplaced(new) {
            let words = ["as it was", "in another way"].map(str::to_owned);
            let [before, after] = words;
            self.push(Effect::Other, what.to_owned(), "", before, after, &new.origin);
        }
    }

    fn exemptions(&mut self, before: &Policy, after: &Policy) {
        let keyed = |policy: &Policy| -> BTreeMap<String, (crate::model::Date, Origin)> {
            let entries = policy.exemptions.iter().map(|entry| {
                let what = format!("{}: {} {}", entry.what, entry.rule, entry.covers);
                (what, (entry.expires, entry.origin.clone()))
            });
            entries.collect()
        };
        let (old, new) = (keyed(before), keyed(after));
        for what in old.keys().chain(new.keys()).collect::<BTreeSet<_>>() {
            let until = |(day, _): &(crate::model::Date, Origin)| format!("until {day}");
            let (left, right) = (old.get(what), new.get(what));
            let effect = match (left, right) {
                (Some((left, _)), Some((right, _))) if left == right => continue,
                (Some((left, _)), Some((right, _))) if right < left => Effect::Stricter,
                (Some(_), None) => Effect::Stricter,
                _ => Effect::Laxer,
            };
            let Some((_, origin)) = right.or(left) else { continue };
            let text = |side: Option<&(crate::model::Date, Origin)>| side.map(until).unwrap_or_default();
            self.push(effect, what.clone(), "", text(left), text(right), origin);
        }
    }

    /// A list of globs, of which each one has `effect` where it is new.
    fn globs(&mut self, what: &str, before: &Globs, after: &Globs, effect: Effect) {
        let of = |globs: &Globs| globs.patterns().iter().cloned().collect::<BTreeSet<String>>();
        self.set(what, &of(before), &of(after), effect);
    }

    /// Words, of which each one has `effect` where it is new.
    fn set(&mut self, what: &str, before: &BTreeSet<String>, after: &BTreeSet<String>, effect: Effect) {
        let gone = if effect == Effect::Laxer { Effect::Stricter } else { Effect::Laxer };
        for new in after.difference(before) {
            self.push(effect, what.to_owned(), "", String::new(), new.clone(), &Origin::default());
        }
        for old in before.difference(after) {
            self.push(gone, what.to_owned(), "", old.clone(), String::new(), &Origin::default());
        }
    }

    /// No glob means every file, so the first one narrows and the last one widens.
    fn included(&mut self, before: &Globs, after: &Globs) {
        let all = |globs: &Globs| {
            if globs.is_empty() { "every file".to_owned() } else { globs.patterns().join(", ") }
        };
        let effect = match (before.is_empty(), after.is_empty()) {
            (true, true) => return,
            (true, false) => Effect::Laxer,
            (false, true) => Effect::Stricter,
            (false, false) => return self.globs("include", before, after, Effect::Stricter),
        };
        self.push(effect, "include".to_owned(), "", all(before), all(after), &Origin::default());
    }
}

/// Every rule of an overlay by its globs, and every rule that waits by its day.
fn scoped(policy: &Policy) -> BTreeMap<(String, &'static str), RuleInForce> {
    let of_overlay = |overlay: &Overlay| {
        let scope = format!("in {}", overlay.scope());
        let rules = overlay.rules.iter().map(move |rule| ((scope.clone(), rule.spec.id), rule.clone()));
        rules.collect::<Vec<_>>()
    };
    let overlays = policy.overlays.iter().flat_map(of_overlay);
    let previews = policy
        .previews
        .iter()
        .map(|preview| ((format!("from {}", preview.from), preview.rule.spec.id), preview.rule.clone()));
    overlays.chain(previews).collect()
}

/// What the new value does, by how strict it is beside the old one.
const fn effect_of(order: Option<Ordering>) -> Effect {
    match order {
        Some(Ordering::Greater) => Effect::Stricter,
        Some(Ordering::Less) => Effect::Laxer,
        Some(Ordering::Equal) | None => Effect::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Date;
    use crate::policy::parse;

    fn said(before: &str, after: &str) -> Vec<String> {
        let show = |change: &PolicyChange| {
            let scope = if change.scope.is_empty() { String::new() } else { format!(" {}", change.scope) };
            let (before, after) = (&change.before, &change.after);
            format!("{} {}{scope}: {before} -> {after}", change.effect.word(), change.what)
        };
        let file = |text: &str| parse(&format!("version: 1\n{text}\n"), "tollgate.yml").unwrap();
        let (before, after) = (file(before), file(after));
        let layers = |file| Layers { file, today: Date::parse("2026-11-22").ok(), ..Layers::default() };
        differences(&layers(Some(&before)), &layers(Some(&after))).unwrap().iter().map(show).collect()
    }

    #[test]
    fn what_holds_for_changes_to_some_branches_is_compared_too_and_what_holds_everywhere_is_said_once() {
        let before = "rules: { coverage.changed: { min: 80 } }\nbranches: [{ match: release/*, rules: { coverage.changed: { min: 90 } } }]";
        let after = "rules: { coverage.changed: { min: 80 }, tests.skipped: { max: 0 } }\nbranches: [{ match: [release/*, lts/*], rules: { coverage.changed: { min: 85 } } }]";
        assert_eq!(
            said(before, after),
            [
                "laxer coverage.changed.min for release/*: 90% -> 85%",
                "stricter coverage.changed.min for lts/*: 80% -> 85%",
                "stricter tests.skipped.max:  -> 0",
                "stricter tests.skipped.mode: off -> enforce",
            ]
        );
    }

    #[test]
    fn where_the_verdict_is_given_and_what_it_believes_is_compared_too() {
        let after = "gate: publish\npublish: { isolated: [.github/workflows/scan.yml] }\nbase-snapshot: { from: reference }\npath-rules: [\"/build => src\"]";
        assert_eq!(
            said("", after),
            [
                "laxer publish.isolated:  -> .github/workflows/scan.yml",
                "other base-snapshot.from:  -> reference",
                "other gate: step -> publish",
                "other path-rules:  -> /build => src",
            ]
        );
    }

    #[test]
    fn every_field_goes_by_its_own_direction() {
        assert_eq!(
            said(
                "rules: { coverage.changed: { min: 80, min-lines: 20 }, tests.skipped: { max: 2 }, coverage.total: { metric: line, min: 10 } }",
                "rules: { coverage.changed: { min: 70, min-lines: 10 }, tests.skipped: { mode: warn }, coverage.total: { metric: branch, min: 10 } }",
            ),
            [
                "laxer coverage.changed.min: 80% -> 70%",
                "laxer tests.skipped.max: 2 -> ",
                "laxer tests.skipped.mode: enforce -> warn",
                "stricter coverage.changed.min-lines: 20 -> 10",
                "other coverage.total.metric: line -> branch",
            ]
        );
    }

    #[test]
    fn a_rule_for_some_paths_is_compared_with_the_rule_itself_where_the_other_policy_has_none() {
        let rule = "rules: { coverage.changed: { min: 80 } }";
        let overlay =
            format!("{rule}\npaths: [{{ match: a/**, rules: {{ coverage.changed: {{ min: 95 }} }} }}]");
        assert_eq!(said(rule, &overlay), ["stricter coverage.changed.min in a/**: 80% -> 95%"]);
        assert_eq!(said(&overlay, rule), ["laxer coverage.changed.min in a/**: 95% -> 80%"]);
    }

    #[test]
    fn reports_waivers_and_exclusions_are_compared_too() {
        let before = "reports: { unit: { kind: tests, path: a.xml, at-least: 2 }, cov: { kind: coverage, path: b } }\nexclude: gen/**\nwaivers: [{ rule: scan.new, match: { id: A }, owner: o, reason: r, expires: 2027-01-31 }]";
        let after = "reports: { unit: { kind: tests, path: a.xml, absent: optional } }\nexclude: [gen/**, old/**]\nquarantine: [{ test: t, owner: o, reason: r, expires: 2027-01-31 }]";
        assert_eq!(
            said(before, after),
            [
                "laxer exclude:  -> old/**",
                "laxer quarantine: tests.failed t:  -> until 2027-01-31",
                "laxer reports.cov: coverage b -> ",
                "laxer reports.unit.absent: required -> optional",
                "laxer reports.unit.at-least: 2 -> 1",
                "stricter waiver: scan.new A: until 2027-01-31 -> ",
            ]
        );
    }

    #[test]
    fn the_same_policy_has_no_difference() {
        let text = "rules: { coverage.changed: { min: 80 } }\ninclude: src/**";
        assert!(said(text, text).is_empty());
        assert_eq!(said("", "include: src/**"), ["laxer include: every file -> src/**"]);
    }
}
