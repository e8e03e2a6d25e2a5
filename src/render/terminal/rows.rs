//! The table of the terminal: mark, name, what was measured, what is needed.

use super::page::{Color, width_of};
use super::{Page, is_unmeasured};
use crate::model::{Measured, Mode, Outcome, OutcomeKind, Verdict};
use crate::render::escape::SHORT;
use std::collections::BTreeMap;

/// Prints one row per rule in force. Gives back the rows whose reason did not fit.
pub(super) fn rows<'v>(page: &mut Page, verdict: &'v Verdict) -> Vec<(String, &'v Outcome)> {
    let names = names(verdict);
    let name_width = names.iter().map(|(name, _)| width_of(name)).max().unwrap_or(0).clamp(8, 20);
    // Two spaces, the mark, two spaces, the name, two spaces.
    let start = 2 + 4 + 2 + name_width + 2;
    let room = page.width().saturating_sub(start);
    let needs: Vec<String> = names.iter().map(|(_, outcome)| need(page, outcome)).collect();
    let mut unsaid = Vec::new();
    let mut cells = Vec::new();
    for ((name, outcome), need) in names.iter().zip(&needs) {
        let (cell, is_said) = measured(page, outcome, room.saturating_sub(gap(need) + width_of(need)));
        if !is_said {
            unsaid.push((name.clone(), *outcome));
        }
        cells.push(cell);
    }
    // What is needed stands in one column as far as the rows leave room for it.
    let column = cells
        .iter()
        .zip(&needs)
        .filter(|(cell, need)| !need.is_empty() && width_of(cell) + gap(need) + width_of(need) <= room)
        .map(|(cell, need)| width_of(cell) + gap(need))
        .max()
        .unwrap_or(0);
    for (((name, outcome), cell), need) in names.iter().zip(&cells).zip(&needs) {
        let (mark, color) = mark(outcome);
        let prefix =
            format!("  {mark:<4}  {name}{}  ", " ".repeat(name_width.saturating_sub(width_of(name))));
        let first = page.count();
        let is_beside = !need.is_empty() && width_of(cell) < column && column + width_of(need) <= room;
        if is_beside {
            page.line(&format!("{prefix}{cell}{}{need}", " ".repeat(column - width_of(cell))));
        } else {
            page.wrapped(&prefix, start, if cell.is_empty() { "-" } else { cell });
        }
        page.paint(first, 2, mark, color);
        if !outcome.scope.is_empty() {
            let scope = page.own(&outcome.scope);
            page.wrapped_at(start, &format!("in {scope}"));
        }
        if !is_beside {
            page.wrapped_at(start, need);
        }
        if matches!(outcome.kind, OutcomeKind::NotMet | OutcomeKind::Waived) {
            let reason = page.text(&outcome.reason, SHORT);
            page.wrapped_at(start, &reason);
        }
    }
    unsaid
}

/// The space before what is needed.
const fn gap(need: &str) -> usize {
    if need.is_empty() { 0 } else { 3 }
}

/// Each row with its short name, or with its rule's id where two rules share the short name.
fn names(verdict: &Verdict) -> Vec<(String, &Outcome)> {
    let mut rules_of: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for outcome in verdict.rows() {
        let rules = rules_of.entry(outcome.short).or_default();
        if !rules.contains(&outcome.rule) {
            rules.push(outcome.rule);
        }
    }
    verdict
        .rows()
        .map(|outcome| {
            let is_unique = rules_of.get(outcome.short).is_some_and(|rules| rules.len() == 1);
            let name = if is_unique && !outcome.short.is_empty() { outcome.short } else { outcome.rule };
            (name.to_owned(), outcome)
        })
        .collect()
}

/// The row's word (DECISIONS 29).
fn mark(outcome: &Outcome) -> (&'static str, Color) {
    match (outcome.mode, outcome.kind) {
        (_, OutcomeKind::Waived) => ("waiv", Color::Cyan),
        (_, OutcomeKind::NotJudged) | (Mode::Info | Mode::Off, _) => ("--", Color::None),
        (_, OutcomeKind::Met) => ("ok", Color::Green),
        (Mode::Warn, OutcomeKind::NotMet | OutcomeKind::NotMeasured) => ("warn", Color::Yellow),
        (Mode::Enforce, OutcomeKind::NotMet) => ("FAIL", Color::Red),
        (Mode::Enforce, OutcomeKind::NotMeasured) => ("????", Color::Yellow),
    }
}

/// What was measured, and whether the reason is told in full. `room` is what stays beside the requirement.
fn measured(page: &Page, outcome: &Outcome, room: usize) -> (String, bool) {
    let text = page.own(&outcome.measured_text);
    if is_unmeasured(outcome) {
        let reason = page.text(&outcome.reason, SHORT);
        return match reason.is_empty() {
            true => ("not measured".to_owned(), true),
            false => {
                let whole = format!("not measured: {reason}");
                if width_of(&whole) <= room { (whole, true) } else { ("not measured".to_owned(), false) }
            }
        };
    }
    if outcome.kind == OutcomeKind::NotJudged {
        let reason = page.text(&outcome.reason, SHORT);
        let why: Vec<&str> =
            [text.as_str(), reason.as_str()].into_iter().filter(|why| !why.is_empty()).collect();
        return match why.is_empty() {
            true => ("not judged".to_owned(), true),
            false => (format!("not judged: {}", why.join("; ")), true),
        };
    }
    let is_failure = outcome.kind == OutcomeKind::NotMet && outcome.mode == Mode::Enforce;
    let whole = format!("{text}; {}", page.text(&outcome.reason, SHORT));
    let is_told = is_failure && !outcome.reason.is_empty() && !text.is_empty() && width_of(&whole) <= room;
    (if is_told { whole } else { text }, true)
}

/// What is needed. A count that is met needs no repetition; a share is always read against its bar.
fn need(page: &Page, outcome: &Outcome) -> String {
    let is_share = matches!(outcome.measured, Measured::Share(_));
    let is_open = !matches!(outcome.kind, OutcomeKind::Met);
    let is_judged = outcome.kind != OutcomeKind::NotJudged && outcome.mode > Mode::Info;
    if outcome.required_text.is_empty() || !is_judged || !(is_share || is_open) {
        return String::new();
    }
    format!("need: {}", page.own(&outcome.required_text))
}
