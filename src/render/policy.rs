//! A policy for people: `tollgate policy show` and `diff`, and the tables of `explain`.

use super::escape::SHORT;
use super::terminal::{Page, Style, diagnostic};
use super::words::{count_of, origin_text};
use crate::diagnostic::{Origin, Weight};
use crate::model::{Effect, Mode, PolicyChange};
use crate::policy::{Absent, Exemption, ExemptionState, Globs, LayerKind, Policy, RuleInForce};

/// The policy in force: every rule with its values and who set them.
pub fn show(policy: &Policy, style: Style) -> String {
    let mut page = Page::new(style);
    let sources = page.own(&policy.sources.join(" + "));
    page.wrapped("policy: ", 4, &sources);
    for rule in &policy.rules {
        if rule.mode != Mode::Off || rule.named {
            page.section(rule.spec.id);
            settings(&mut page, rule);
        }
    }
    for overlay in &policy.overlays {
        for rule in &overlay.rules {
            let globs = page.own(&overlay.scope());
            page.section(&format!("{} in {globs}", rule.spec.id));
            settings(&mut page, rule);
        }
    }
    for preview in &policy.previews {
        page.section(&format!("{} from {} (until then it only warns)", preview.rule.spec.id, preview.from));
        settings(&mut page, &preview.rule);
    }
    if !policy.reports.is_empty() {
        page.section("reports");
    }
    for (name, entry) in &policy.reports {
        let globs = page.own(&entry.path.patterns().join(", "));
        let may = match entry.absent {
            Absent::Required => "",
            Absent::Optional => ", may be absent",
            Absent::Carried => ", carried from the base where the change does not touch it",
        };
        let names = |what: &str, globs: &Globs| match globs.is_empty() {
            true => String::new(),
            false => format!(", {what} {}", page.own(&globs.patterns().join(", "))),
        };
        let from = names("from workflow", &entry.workflow) + &names("in artifact", &entry.artifact);
        let origin = place(&page, &entry.origin);
        let kind = entry.kind.word();
        let text = format!("{kind} at {globs}{from}, at least {}{may}   set by {origin}", entry.at_least);
        page.pair(&page.own(name), 12, &text);
    }
    let lists = [
        ("owners", policy.owners.join(", ")),
        ("exclude", policy.exclude.patterns().join(", ")),
        ("include", policy.include.patterns().join(", ")),
        (
            "may ask for less in",
            policy
                .relax_allowed
                .iter()
                .flat_map(|globs| globs.patterns())
                .cloned()
                .collect::<Vec<_>>()
                .join(", "),
        ),
    ];
    if lists.iter().any(|(_, text)| !text.is_empty()) {
        page.section("files and people");
    }
    for (what, text) in lists.iter().filter(|(_, text)| !text.is_empty()) {
        let text = page.own(text);
        page.pair(what, 20, &text);
    }
    if !policy.exemptions.is_empty() {
        page.section("exceptions");
    }
    for entry in &policy.exemptions {
        exemption(&mut page, entry, true);
    }
    if !policy.diagnostics.is_empty() {
        page.section("");
    }
    for found in policy.diagnostics.iter().filter(|found| found.weight > Weight::Note) {
        diagnostic(&mut page, "", found);
    }
    page.finish()
}

/// What differs between two policies, laxer first.
pub fn changes(changes: &[PolicyChange], style: Style) -> String {
    let mut page = Page::new(style);
    if changes.is_empty() {
        page.line("Both ask for the same.");
        return page.finish();
    }
    for change in changes {
        one_change(&mut page, "", change);
    }
    let count = |effect: Effect| changes.iter().filter(|change| change.effect == effect).count();
    let counts = [Effect::Laxer, Effect::Stricter, Effect::Other];
    let counts: Vec<String> =
        counts.into_iter().map(|effect| format!("{} {}", count(effect), effect.word())).collect();
    page.blank();
    page.line(&format!("{}: {}", count_of(changes.len(), "difference"), counts.join(", ")));
    page.finish()
}

/// `laxer     coverage.changed.min in src/**   80% -> 70%   tollgate.yml:9`
pub(super) fn one_change(page: &mut Page, indent: &str, change: &PolicyChange) {
    let text = change_text(page, change);
    let origin = place(page, &change.origin);
    let origin = if origin.is_empty() { origin } else { format!("   {origin}") };
    let prefix = format!("{indent}{:<8}  ", change.effect.word());
    page.wrapped(&prefix, indent.len() + 10, &format!("{text}{origin}"));
}

/// `coverage.changed.min in src/**: 80% -> 70%`
fn change_text(page: &Page, change: &PolicyChange) -> String {
    let scope = if change.scope.is_empty() { String::new() } else { format!(" {}", change.scope) };
    let side = |text: &str| if text.is_empty() { "nothing".to_owned() } else { page.own(text) };
    let what = page.own(&format!("{}{scope}", change.what));
    format!("{what}: {} -> {}", side(&change.before), side(&change.after))
}

/// Every value of a rule that some layer set, the one in force marked, and what the organisation holds it to.
pub(super) fn settings(page: &mut Page, rule: &RuleInForce) {
    let mut rows: Vec<[String; 4]> = Vec::new();
    for field in rule.spec.fields {
        let of_field = rule.trail.iter().filter(|trace| trace.field == field.key);
        let in_force = rule.settings.get(field.key);
        let bound = rule.pin.as_ref().and_then(|pin| pin.bounds.get(field.key));
        let mut seen: Vec<(&Origin, &str)> = Vec::new();
        for trace in of_field {
            // A floor that a value of the file had to be raised to is told by its own row below.
            let is_bound = matches!(trace.layer, LayerKind::Floor | LayerKind::Lock);
            if is_bound || seen.contains(&(&trace.origin, trace.value.as_str())) {
                continue;
            }
            seen.push((&trace.origin, &trace.value));
            let holds = in_force.is_some_and(|setting| {
                setting.origin == trace.origin && setting.value.to_string() == trace.value
            });
            let note = if holds { "in force" } else { "" };
            rows.push(row(page, field.key, &trace.value, &trace.origin, note, trace.layer));
        }
        if let Some(bound) = bound.filter(|bound| bound.setting.origin.line > 0) {
            let value = bound.setting.value.to_string();
            let held = in_force.is_some_and(|setting| setting.origin == bound.setting.origin);
            let (note, layer) = match (bound.exact, held) {
                (true, _) => ("locked, in force: no other value", LayerKind::Lock),
                (false, true) => ("floor, in force: only stricter", LayerKind::Floor),
                (false, false) => ("floor: only stricter", LayerKind::Floor),
            };
            rows.push(row(page, field.key, &value, &bound.setting.origin, note, layer));
        }
        if rows.iter().all(|[key, ..]| key != field.key) {
            rows.push([field.key.to_owned(), "-".to_owned(), String::new(), "not in force".to_owned()]);
        }
    }
    let held = rule
        .pin
        .as_ref()
        .map_or("", |pin| if rule.mode_origin == pin.mode.1 { "in force: not below" } else { "in force" });
    let note = if held.is_empty() { "in force" } else { held };
    rows.push(row(page, "mode", rule.mode.word(), &rule.mode_origin, note, LayerKind::BuiltIn));
    table(page, &rows);
    if rule.pin.as_ref().is_some_and(|pin| !pin.waivable) {
        page.line("  no waiver of the repository lifts it");
    }
}

fn row(page: &Page, key: &str, value: &str, origin: &Origin, note: &str, layer: LayerKind) -> [String; 4] {
    let who = match layer {
        LayerKind::BuiltIn | LayerKind::Repository | LayerKind::Floor | LayerKind::Lock => "",
        other => other.word(),
    };
    let note = match (who, note) {
        ("", note) => note.to_owned(),
        (who, "") => who.to_owned(),
        (who, note) => format!("{note}: {who}"),
    };
    [key.to_owned(), page.own(value), place(page, origin), note]
}

/// The rows in columns; the key stands in the first of its rows alone.
fn table(page: &mut Page, rows: &[[String; 4]]) {
    let width = |column: usize| {
        let lengths = rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
        lengths.max().unwrap_or(0)
    };
    let (keys, values, origins) = (width(0), width(1).min(20), width(2).min(34));
    let mut last = "";
    for [key, value, origin, note] in rows {
        let shown = if key == last { "" } else { key.as_str() };
        last = key;
        let prefix = format!("  {shown:<keys$}  {value:<values$}  ");
        page.wrapped(&prefix, keys + values + 6, format!("{origin:<origins$}  {note}").trim_end());
    }
}

/// A waiver or quarantine entry and until when it holds.
pub(super) fn exemption(page: &mut Page, entry: &Exemption, with_rule: bool) {
    let state = match &entry.state {
        ExemptionState::Holds => format!("until {}", entry.expires),
        ExemptionState::EndsIn(0) => format!("until {}, which is today", entry.expires),
        ExemptionState::EndsIn(1) => format!("until {}, in 1 day", entry.expires),
        ExemptionState::EndsIn(days) => format!("until {}, in {days} days", entry.expires),
        ExemptionState::Ended => format!("ended on {}, counts again", entry.expires),
        ExemptionState::Refused(why) => format!("does not hold: {why}"),
    };
    let rule = if with_rule { format!(" of {}", entry.rule) } else { String::new() };
    let text = format!("{}{rule}: {}   {state}", entry.what, entry.covers);
    page.wrapped("  ", 4, &page.own(&text));
    let origin = place(page, &entry.origin);
    let who = page.own(&format!("{}: {}", entry.owner, entry.reason));
    page.wrapped("    ", 6, &format!("{who}   {origin}"));
}

/// `tollgate.yml:7 (a1b2c3d)`, `built-in policy`.
pub(super) fn place(page: &Page, origin: &Origin) -> String {
    in_commit(page, origin, 0)
}

/// The same with its column.
pub(super) fn exact_place(page: &Page, origin: &Origin) -> String {
    in_commit(page, origin, origin.column)
}

fn in_commit(page: &Page, origin: &Origin, column: u32) -> String {
    let file = page.text(&origin.file, SHORT);
    let text = origin_text(&file, origin.line, column);
    match origin.commit.get(..7) {
        Some(commit) => format!("{text} ({})", page.own(commit)),
        None => text,
    }
}
