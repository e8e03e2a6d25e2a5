//! The table of criteria.

use crate::model::{Mode, Outcome, OutcomeKind, Verdict};
use crate::render::escape::{SHORT, markdown_code, markdown_own, markdown_text};

/// One row per rule in force; never cut.
pub(super) fn table(out: &mut String, verdict: &Verdict, cut: usize) {
    if verdict.rows().next().is_none() {
        return;
    }
    out.push('\n');
    out.push_str(HEAD);
    for outcome in verdict.rows() {
        out.push_str(&row(outcome, cut));
    }
}

/// The first lines of the table.
pub(super) const HEAD: &str = "| Criterion | Result | Measured | Required |\n|:--|:--|:--|:--|\n";

/// One row of it.
pub(super) fn row(outcome: &Outcome, cut: usize) -> String {
    let (name, result, measured) = (name(outcome), result(outcome), measured(outcome, cut));
    format!("| {name} | {result} | {measured} | {} |\n", markdown_own(&outcome.required_text))
}

/// The row's name, with the files it is about.
pub(super) fn name(outcome: &Outcome) -> String {
    let title = markdown_own(if outcome.title.is_empty() { outcome.rule } else { outcome.title });
    if outcome.scope.is_empty() {
        return title;
    }
    format!("{title} in {}", markdown_code(&outcome.scope.as_str().into(), SHORT))
}

/// A sign and words; the sign alone says nothing that the words do not.
pub(super) fn result(outcome: &Outcome) -> &'static str {
    match (outcome.mode, outcome.kind) {
        (_, OutcomeKind::Waived) => "⏭️ waived",
        (_, OutcomeKind::NotJudged) => "⏭️ not judged",
        (Mode::Info | Mode::Off, OutcomeKind::Met) => "⏭️ for information",
        (Mode::Info | Mode::Off, OutcomeKind::NotMet) => "⏭️ for information (not met)",
        (Mode::Info | Mode::Off, OutcomeKind::NotMeasured) => "⏭️ for information (not measured)",
        (Mode::Warn | Mode::Enforce, OutcomeKind::Met) => "✅ met",
        (Mode::Warn, OutcomeKind::NotMet) => "⚠️ not met (only warns)",
        (Mode::Warn, OutcomeKind::NotMeasured) => "⚠️ not measured (only warns)",
        (Mode::Enforce, OutcomeKind::NotMet) => "❌ not met",
        (Mode::Enforce, OutcomeKind::NotMeasured) => "⚠️ not measured",
    }
}

/// The measurement, and the reason where there is one.
fn measured(outcome: &Outcome, cut: usize) -> String {
    let text = markdown_own(&outcome.measured_text);
    let reason = markdown_text(&outcome.reason, cut);
    match (text.is_empty(), reason.is_empty()) {
        (false, false) if outcome.kind != OutcomeKind::Met => format!("{text}; {reason}"),
        (true, _) if outcome.kind != OutcomeKind::Met => reason,
        _ => text,
    }
}
