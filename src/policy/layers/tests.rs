//! How layers meet: every rule of merging, one test.

use super::*;
use crate::policy::{OrgText, parse, parse_org};
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
            ("tests.removed", Mode::Off),
            ("tests.flaky", Mode::Off),
            ("tests.duration", Mode::Off),
            ("coverage.changed", Mode::Warn),
            ("coverage.total", Mode::Info),
            ("coverage.drop", Mode::Off),
            ("scan.new", Mode::Enforce),
            ("scan.all", Mode::Off),
            ("scan.secrets", Mode::Off),
            ("scan.exploited", Mode::Off),
            ("scan.licenses", Mode::Off),
            ("evidence.reports", Mode::Enforce),
            ("evidence.grade", Mode::Info),
            ("change.sensitive", Mode::Info),
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

/// An organisation's policy of one file.
fn org(text: &str) -> OrgPolicy {
    org_of(&[("org.yml", text)])
}

fn org_of(files: &[(&str, &str)]) -> OrgPolicy {
    let texts: Vec<String> = files.iter().map(|(_, text)| format!("version: 1\n{text}\n")).collect();
    let files: Vec<OrgText<'_>> = files
        .iter()
        .zip(&texts)
        .map(|((path, _), text)| OrgText { path, name: path, commit: "", text })
        .collect();
    parse_org(&files, "acme/.tollgate").unwrap()
}

fn facts() -> RepoFacts {
    RepoFacts {
        name: Some("billing".to_owned()),
        topics: Some(["tier-1".to_owned()].into()),
        properties: Some([("team".to_owned(), ["pay".to_owned()].into())].into()),
    }
}

fn lay_out(organisation: &OrgPolicy, file: &str) -> Result<Policy, Vec<Diagnostic>> {
    let file = parse(&format!("version: 1\n{file}\n"), "tollgate.yml").unwrap();
    resolve_layers(&Layers {
        organisation: Some(organisation),
        facts: facts(),
        file: Some(&file),
        source: "tollgate.yml",
        branch: None,
        today: Date::parse("2026-11-22").ok(),
    })
}

/// `field mode` of a rule in force, and the messages of the policy.
fn shown(policy: &Policy, rule: &str, field: &str) -> (String, Vec<String>) {
    let rule = policy.rule(rule).unwrap();
    let value = rule.settings.get(field).map_or("-".to_owned(), |setting| setting.value.to_string());
    let messages =
        policy.diagnostics.iter().map(|note| format!("[{}] {}", note.code, note.message.raw())).collect();
    (format!("{value} {}", rule.mode.word()), messages)
}

fn messages(errors: &[Diagnostic]) -> Vec<String> {
    errors.iter().map(|error| format!("[{}] {}", error.code, error.message.raw())).collect()
}

#[test]
fn a_repository_may_change_a_default_freely() {
    let organisation = org("defaults: { coverage.changed: { min: 80, mode: warn } }");
    let policy = lay_out(&organisation, "rules: { coverage.changed: { min: 60 } }").unwrap();
    assert_eq!(shown(&policy, "coverage.changed", "min"), ("60% warn".to_owned(), vec![]));
    let policy = lay_out(&organisation, "rules: {}").unwrap();
    assert_eq!(shown(&policy, "coverage.changed", "min").0, "80% warn");
    assert_eq!(line_of(&policy, "coverage.changed", "min"), ("org.yml".to_owned(), 2));
    assert_eq!(policy.sources, ["tollgate.yml", "acme/.tollgate", BUILT_IN]);
}

#[test]
fn a_laxer_value_than_the_floor_is_raised_and_said() {
    let organisation = org("floor: { coverage.changed: { min: 70 } }");
    let policy = lay_out(&organisation, "rules: { coverage.changed: { min: 60 } }").unwrap();
    let message = "[below-floor] `coverage.changed.min` is 60% here, and the organisation asks for 70% (org.yml:2), \
                   which holds";
    assert_eq!(
        shown(&policy, "coverage.changed", "min"),
        ("70% enforce".to_owned(), vec![message.to_owned()])
    );
    let policy = lay_out(&organisation, "rules: { coverage.changed: { min: 71 } }").unwrap();
    assert_eq!(shown(&policy, "coverage.changed", "min"), ("71% enforce".to_owned(), vec![]));
    let policy = lay_out(&organisation, "rules: {}").unwrap();
    assert_eq!(shown(&policy, "coverage.changed", "min"), ("80% enforce".to_owned(), vec![]));
}

#[test]
fn a_floor_on_one_field_pins_the_whole_rule() {
    let organisation = org("floor: { coverage.changed: { min: 70 } }");
    let policy = lay_out(
        &organisation,
        "rules: { coverage.changed: { min: 90, min-lines: 1000, max-uncovered: 99, mode: off } }",
    )
    .unwrap();
    let rule = policy.rule("coverage.changed").unwrap();
    assert_eq!(rule.settings.count("min-lines"), Some(20));
    assert_eq!(rule.settings.count("max-uncovered"), Some(0));
    assert_eq!(rule.mode, Mode::Enforce);
    assert_eq!(policy.diagnostics.len(), 3);
}

#[test]
fn a_field_without_an_order_is_locked_by_a_floor() {
    let organisation = org("floor: { coverage.total: { min: 70 }, build.jobs: {} }");
    let file = "rules: { coverage.total: { metric: function }, build.jobs: { allow-skipped: ['**'] } }";
    let policy = lay_out(&organisation, file).unwrap();
    assert_eq!(policy.rule("coverage.total").unwrap().settings.word("metric"), Some("line"));
    assert!(policy.rule("build.jobs").unwrap().settings.globs("allow-skipped").is_empty());
    assert_eq!(policy.diagnostics.len(), 2);
}

#[test]
fn a_floor_may_ask_for_less_than_enforcement() {
    let organisation = org("floor: { coverage.changed: { min: 70, mode: warn } }");
    let policy = lay_out(&organisation, "rules: { coverage.changed: { mode: info } }").unwrap();
    assert_eq!(shown(&policy, "coverage.changed", "min").0, "80% warn");
    let policy = lay_out(&organisation, "rules: { coverage.changed: { mode: enforce } }").unwrap();
    assert_eq!(shown(&policy, "coverage.changed", "min").0, "80% enforce");
}

#[test]
fn another_value_than_a_locked_one_is_an_error_and_the_same_a_warning() {
    let organisation = org("locked: { scan.new: { critical: 0 } }");
    let errors = lay_out(&organisation, "rules: { scan.new: { critical: 1 } }").unwrap_err();
    let message = "[locked] `scan.new.critical` is 1 here and locked by the organisation to 0 (org.yml:2)";
    assert_eq!(messages(&errors), [message]);
    let policy = lay_out(&organisation, "rules: { scan.new: { critical: 0, medium: 0 } }").unwrap();
    let message = "[locked] `scan.new.critical` is locked by the organisation to 0 (org.yml:2) anyway";
    assert_eq!(shown(&policy, "scan.new", "medium"), ("0 enforce".to_owned(), vec![message.to_owned()]));
    let overlay = "paths: [{ match: a/**, rules: { scan.new: { critical: 5 } } }]";
    assert_eq!(lay_out(&organisation, overlay).unwrap_err().len(), 1);
}

#[test]
fn between_groups_the_stricter_value_wins_in_any_order() {
    let one = "{ select: { topic: tier-1 }, defaults: { coverage.total: { min: 60 } }, floor: { tests.skipped: { max: 5 } } }";
    let two = "{ select: { property: { team: pay } }, defaults: { coverage.total: { min: 75, mode: warn } }, floor: { tests.skipped: { max: 2 } } }";
    let other = "{ select: { name: 'web-*' }, floor: { coverage.total: { min: 99 } } }";
    for groups in [[one, two, other], [other, two, one]] {
        let organisation = org(&format!("groups: [{}]", groups.join(", ")));
        let policy = lay_out(&organisation, "rules: {}").unwrap();
        assert_eq!(shown(&policy, "coverage.total", "min"), ("75% enforce".to_owned(), vec![]));
        assert_eq!(shown(&policy, "tests.skipped", "max").0, "2 enforce");
    }
}

#[test]
fn groups_that_disagree_about_what_has_no_order_are_an_error() {
    let organisation = org(
        "groups:\n- { select: { topic: tier-1 }, defaults: { coverage.total: { metric: line } } }\n- { select: { name: billing }, defaults: { coverage.total: { metric: branch } } }",
    );
    let errors = lay_out(&organisation, "rules: {}").unwrap_err();
    assert_eq!(
        messages(&errors),
        ["[policy-contradiction] `metric` is branch here and line in org.yml:3, and neither is stricter"]
    );
}

#[test]
fn a_floor_that_contradicts_a_lock_is_an_error() {
    let organisation = org("floor: { coverage.total: { min: 80 } }\nlocked: { coverage.total: { min: 70 } }");
    let errors = lay_out(&organisation, "rules: {}").unwrap_err();
    let message = "[policy-contradiction] `coverage.total.min` is locked to 70%, and the floor asks for 80%";
    assert_eq!(messages(&errors), [message]);
}

#[test]
fn the_organisation_s_file_for_a_repository_cannot_undercut_a_floor() {
    let organisation = org_of(&[
        ("org.yml", "floor: { coverage.total: { min: 70 } }"),
        ("repos/billing.yml", "defaults: { coverage.total: { min: 40 }, tests.skipped: { max: 9 } }"),
        ("repos/other.yml", "defaults: { tests.skipped: { max: 1 } }"),
        ("groups/tier.yml", "select: { topic: tier-1 }\ndefaults: { tests.skipped: { max: 3 } }"),
    ]);
    let policy = lay_out(&organisation, "rules: {}").unwrap();
    assert_eq!(shown(&policy, "coverage.total", "min"), ("70% enforce".to_owned(), vec![]));
    assert_eq!(shown(&policy, "tests.skipped", "max").0, "9 enforce");
}

#[test]
fn a_fact_that_a_group_asks_for_and_nobody_knows_lets_nothing_pass() {
    let organisation = org("groups: [{ select: { topic: tier-1 }, floor: { coverage.total: { min: 80 } } }]");
    let layers = Layers { organisation: Some(&organisation), ..Layers::default() };
    let policy = resolve_layers(&layers).unwrap();
    assert_eq!(policy.diagnostics[0].weight, Weight::Error);
    assert_eq!(
        messages(&policy.diagnostics),
        ["[facts-missing] the repository's topics must be known for the organisation's policy"]
    );
}

#[test]
fn an_extended_policy_that_was_not_read_lets_nothing_pass() {
    let policy = resolved("version: 1\nextends: acme/.tollgate\n");
    assert_eq!(policy.diagnostics[0].weight, Weight::Error);
    assert_eq!(policy.diagnostics[0].code, Code::NoOrganisationPolicy);
}

#[test]
fn an_entry_that_waits_for_its_day_only_warns() {
    let organisation = org("floor: { coverage.changed: { min: 90, enforce-from: 2027-02-01 } }");
    let file = "rules: { coverage.changed: { min: 60 } }";
    let policy = lay_out(&organisation, file).unwrap();
    assert_eq!(shown(&policy, "coverage.changed", "min"), ("60% enforce".to_owned(), vec![]));
    let preview = &policy.previews[0];
    assert_eq!((preview.from.to_string().as_str(), preview.rule.mode), ("2027-02-01", Mode::Warn));
    assert_eq!(preview.rule.settings.percent("min").unwrap().to_string(), "90%");
    let file = parse(&format!("version: 1\n{file}"), "tollgate.yml").unwrap();
    let layers = Layers { organisation: Some(&organisation), file: Some(&file), ..Layers::default() };
    let on_the_day =
        resolve_layers(&Layers { today: Date::parse("2027-02-01").ok(), ..layers.clone() }).unwrap();
    assert_eq!(shown(&on_the_day, "coverage.changed", "min").0, "90% enforce");
    assert!(on_the_day.previews.is_empty());
    let without_a_date = resolve_layers(&layers).unwrap();
    assert_eq!(shown(&without_a_date, "coverage.changed", "min").0, "90% enforce");
}

#[test]
fn a_rollout_is_the_default_for_entries_that_are_newer() {
    let organisation = org(
        "rollout: { new-rules: info, enforce-from: 2027-02-01, since: 2026-10-01 }\nfloor:\n  tests.skipped: { max: 5, since: 2026-11-01 }\n  coverage.total: { min: 70 }",
    );
    let policy = lay_out(&organisation, "rules: {}").unwrap();
    assert_eq!(shown(&policy, "coverage.total", "min").0, "70% enforce");
    assert_eq!(shown(&policy, "tests.skipped", "max").0, "- off");
    let previews: Vec<(&str, Mode)> =
        policy.previews.iter().map(|preview| (preview.rule.spec.id, preview.rule.mode)).collect();
    assert_eq!(previews, [("tests.skipped", Mode::Info)]);
}

#[test]
fn a_waiver_of_the_organisation_lowers_a_floor_for_one_repository_until_its_day() {
    let waiver = "{ repo: billing, rule: coverage.total, value: 40, owner: '@acme/pay', reason: moving, expires: DAY }";
    let text = format!(
        "defaults: {{ coverage.total: {{ min: 80 }} }}\nfloor: {{ coverage.total: {{ min: 70 }} }}\nwaivers: [{waiver}]"
    );
    let organisation = org(&text.replace("DAY", "2026-11-22"));
    let ends = vec!["[waiver-ending] the waiver ends today: what it lifts counts again then".to_owned()];
    let policy = lay_out(&organisation, "rules: {}").unwrap();
    assert_eq!(shown(&policy, "coverage.total", "min"), ("40% enforce".to_owned(), ends.clone()));
    let policy = lay_out(&organisation, "rules: { coverage.total: { min: 50 } }").unwrap();
    assert_eq!(shown(&policy, "coverage.total", "min"), ("50% enforce".to_owned(), ends));
    let organisation = org(&text.replace("DAY", "2026-11-21"));
    let policy = lay_out(&organisation, "rules: { coverage.total: { min: 50 } }").unwrap();
    let (value, messages) = shown(&policy, "coverage.total", "min");
    assert_eq!((value.as_str(), messages.len()), ("70% enforce", 2));
    let organisation = org(&text.replace("DAY", "2026-11-22").replace("repo: billing", "repo: other"));
    assert_eq!(
        shown(&lay_out(&organisation, "rules: {}").unwrap(), "coverage.total", "min").0,
        "80% enforce"
    );
}

#[test]
fn a_waiver_of_a_repository_keeps_to_the_limits() {
    let waivers = "waivers:\n- { rule: scan.new, match: { id: A }, owner: '@acme/sec', reason: r, expires: 2027-01-31 }\n- { rule: scan.new, match: { id: B }, owner: '@me', reason: r, expires: 2027-01-31 }\n- { rule: scan.new, match: { id: C }, owner: '@acme/sec', reason: r, expires: 2027-06-30 }\n- { rule: scan.new, match: { id: D }, owner: '@acme/sec', reason: r, expires: 2026-11-21 }\n- { rule: tests.failed, owner: '@acme/sec', reason: r, expires: 2026-12-01 }";
    let organisation = org(
        "limits: { waiver-max-days: 90, waiver-owners: ['@acme/sec'] }\nlocked: { tests.failed: { max: 0, waivable: false } }",
    );
    let policy = lay_out(&organisation, waivers).unwrap();
    let held: Vec<&str> =
        policy.waivers.iter().filter_map(|waiver| waiver.what.as_ref()?.id.as_deref()).collect();
    assert_eq!(held, ["A"]);
    assert_eq!(
        messages(&policy.diagnostics),
        [
            "[waiver-expired] the waiver ended on 2026-11-21: what it lifted counts again",
            "[waiver-refused] the waiver does not hold: it ends in 220 days, and the organisation allows 90",
            "[waiver-refused] the waiver does not hold: the organisation does not let @me own one",
            "[waiver-refused] the waiver does not hold: the organisation lets nobody waive `tests.failed`",
        ]
    );
    let alone = resolved(&format!("version: 1\n{waivers}"));
    assert!(alone.waivers.is_empty(), "without a date of today no waiver holds");
}

#[test]
fn paths_may_ask_for_less_only_where_the_organisation_allows_it() {
    let file = "rules: { coverage.changed: { min: 80 } }\nexclude: gen/**\npaths: [{ match: old/**, rules: { coverage.changed: { min: 10 } } }]";
    let path = |text: &str| crate::model::RepoPath::new(text).unwrap();
    let organisation = org("floor: { coverage.changed: { min: 60 } }");
    let policy = lay_out(&organisation, file).unwrap();
    assert!(!policy.may_relax(&path("old/a.rs")) && !policy.excludes(&path("gen/a.rs")));
    assert_eq!(policy.diagnostics.iter().filter(|note| note.code == Code::RelaxRefused).count(), 2);
    let organisation =
        org("floor: { coverage.changed: { min: 60 } }\nlimits: { relax-allowed: ['old/**', 'gen/**'] }");
    let policy = lay_out(&organisation, file).unwrap();
    assert!(policy.may_relax(&path("old/a.rs")) && policy.excludes(&path("gen/a.rs")));
    let organisation = org("floor: { tests.failed: { max: 0 } }");
    assert!(lay_out(&organisation, file).unwrap().excludes(&path("gen/a.rs")), "no floor is escaped here");
}

#[test]
fn every_layer_leaves_its_trail() {
    let organisation =
        org("defaults: { coverage.changed: { min: 75 } }\nfloor: { coverage.changed: { min: 70 } }");
    let policy = lay_out(&organisation, "rules: { coverage.changed: { min: 60 } }").unwrap();
    let rule = policy.rule("coverage.changed").unwrap();
    let trail: Vec<String> = rule
        .trail
        .iter()
        .filter(|trace| trace.field == "min")
        .map(|trace| format!("{} {}", trace.value, trace.layer.word()))
        .collect();
    assert_eq!(
        trail,
        ["80% built-in", "75% organisation default", "60% this repository", "70% floor of the organisation"]
    );
}
