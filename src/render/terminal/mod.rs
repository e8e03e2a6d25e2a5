//! The verdict for a terminal or a log: at most 80 columns, words before colour, the verdict as the last line.

mod page;
mod rows;

pub(super) use page::Page;

use super::escape::{self, Charset, SHORT, terminal_own};
use super::policy;
use super::words::{
    count_of, lower_first, not_counted_heading, origin_text, problems, sentence, steps_by_reader,
    verdict_words,
};
use crate::diagnostic::{Diagnostic, Weight};
use crate::model::{Outcome, OutcomeKind, Step, Untrusted, Verdict, VerdictKind};

/// How the terminal wants it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// True if colours may repeat what the words say.
    pub color: bool,
    /// Which characters can be shown.
    pub charset: Charset,
    /// Columns; taken as 40 at least, and never used beyond 80.
    pub width: usize,
}

impl Style {
    /// 80 columns of plain text: a log, a pipe.
    pub const PLAIN: Self = Self { color: false, charset: Charset::Unicode, width: 80 };
}

/// At most this many steps, excused failures and problems each; the rest is counted.
const MOST_STEPS: usize = 5;
const MOST_LISTED: usize = 10;
const MOST_NAMES: usize = 5;

/// The whole output of `tollgate check`, with a line feed at the end.
pub fn render(verdict: &Verdict, style: Style) -> String {
    let mut page = Page::new(style);
    header(&mut page, verdict);
    page.blank();
    let unsaid = rows::rows(&mut page, verdict);
    steps(&mut page, verdict);
    not_counted(&mut page, verdict);
    notes(&mut page, verdict);
    not_measured(&mut page, &unsaid);
    diagnostics(&mut page, &problems(verdict), MOST_LISTED);
    proposal(&mut page, verdict);
    if page.has_sections() {
        page.blank();
    }
    last_lines(&mut page, verdict);
    page.finish()
}

fn header(page: &mut Page, verdict: &Verdict) {
    let mut parts = vec![format!("tollgate {}", env!("CARGO_PKG_VERSION"))];
    parts.extend(verdict.fact("project").map(|project| page.text(project, 60)));
    let head = verdict.fact("head").map(|head| page.text(head, 60));
    let base = verdict.fact("base").map(|base| page.text(base, 60));
    match (head, base) {
        (Some(head), Some(base)) => parts.push(format!("{head} onto {base}")),
        (Some(head), None) => parts.push(head),
        (None, Some(base)) => parts.push(format!("onto {base}")),
        (None, None) => {}
    }
    page.wrapped("", 4, &parts.join("   "));
    for fact in &verdict.header {
        if !matches!(fact.key, "project" | "head" | "base" | "owners") {
            let value = page.text(&fact.value, SHORT);
            page.wrapped(&format!("{}: ", fact.key), 4, &value);
        }
    }
}

/// Numbered steps for the contributor, then what the owners have to do.
fn steps(page: &mut Page, verdict: &Verdict) {
    let (yours, owners) = steps_by_reader(verdict);
    if !yours.is_empty() {
        page.section("");
    }
    for (index, step) in yours.iter().take(MOST_STEPS).enumerate() {
        one_step(page, &format!("{}. ", index + 1), step);
    }
    more(page, "", yours.len(), MOST_STEPS, "step");
    if owners.is_empty() {
        return;
    }
    let who = verdict.fact("owners").map_or(String::new(), |owners| format!(" ({})", page.text(owners, 60)));
    page.section(&format!("for the owners{who}"));
    for step in owners.iter().take(MOST_STEPS) {
        one_step(page, "  - ", step);
    }
    more(page, "  ", owners.len(), MOST_STEPS, "step");
}

fn one_step(page: &mut Page, bullet: &str, step: &Step) {
    const HANG: usize = 5;
    let place = match step.line {
        Some(line) => format!("{}:{line}", page.text(&step.file, SHORT)),
        None => page.text(&step.file, SHORT),
    };
    let subject = page.text(&step.subject, SHORT);
    let action = page.own(&step.action);
    let detail = page.text(&step.detail, SHORT);
    if step.file.is_empty() {
        page.wrapped(bullet, HANG, &joined(&action, &subject));
        page.wrapped_at(HANG, &detail);
    } else {
        page.wrapped(bullet, HANG, &format!("{place}  {subject}"));
        page.wrapped_at(HANG, &joined(&action, &detail));
    }
    if escape::is_safe_command(&step.run) {
        // Never wrapped: it is there to be copied.
        page.line(&format!("{}run: {}", " ".repeat(HANG), step.run));
    }
}

/// What to do, and what belongs to it: `Run the job again: coverage`.
fn joined(action: &str, more: &str) -> String {
    match (action.is_empty(), more.is_empty()) {
        (false, false) => format!("{}: {more}", action.trim_end_matches('.')),
        _ => format!("{action}{more}"),
    }
}

fn more(page: &mut Page, indent: &str, count: usize, shown: usize, what: &str) {
    if count > shown {
        page.line(&format!(
            "{indent}and {} (`--format json` lists all)",
            count_of(count - shown, &format!("more {what}"))
        ));
    }
}

fn not_counted(page: &mut Page, verdict: &Verdict) {
    if verdict.not_counted.is_empty() {
        return;
    }
    page.section(&lower_first(not_counted_heading(verdict)));
    for excused in verdict.not_counted.iter().take(MOST_LISTED) {
        let what = page.text(&excused.what, SHORT);
        let proof = page.text(&excused.proof, SHORT);
        page.pair(&what, 24, &format!("{}: {proof}", excused.why()));
    }
    more(page, "  ", verdict.not_counted.len(), MOST_LISTED, "failure");
}

/// Facts beside the criteria, with the first names of each.
fn notes(page: &mut Page, verdict: &Verdict) {
    if verdict.notes.is_empty() {
        return;
    }
    page.section("beside the criteria");
    for note in &verdict.notes {
        let text = page.own(&note.text);
        let names: Vec<String> =
            note.names.iter().take(MOST_NAMES).map(|name| page.text(name, SHORT)).collect();
        let more = if names.len() < note.names.len() { " and more" } else { "" };
        let names = if names.is_empty() { String::new() } else { format!(": {}{more}", names.join(", ")) };
        page.wrapped("  ", 4, &format!("{text}{names}"));
    }
}

/// Reasons that did not fit into their rows.
fn not_measured(page: &mut Page, unsaid: &[(String, &Outcome)]) {
    if unsaid.is_empty() {
        return;
    }
    page.section("not measured");
    for (name, outcome) in unsaid {
        let reason = page.text(&outcome.reason, SHORT);
        page.pair(name, 24, &reason);
    }
}

/// Problems in the form of a compiler's, the heaviest first.
pub(super) fn diagnostics(page: &mut Page, problems: &[Diagnostic], most: usize) {
    if problems.is_empty() {
        return;
    }
    page.section("");
    for problem in problems.iter().take(most) {
        diagnostic(page, "", problem);
    }
    more(page, "", problems.len(), most, "problem");
}

/// Problems alone, for a run that cannot judge (a policy with mistakes).
pub fn render_problems(problems: &[Diagnostic], style: Style) -> String {
    let mut page = Page::new(style);
    for problem in problems {
        diagnostic(&mut page, "", problem);
    }
    page.finish()
}

/// One problem: what, where, and how to fix it.
pub(super) fn diagnostic(page: &mut Page, indent: &str, problem: &Diagnostic) {
    let color = match problem.weight {
        Weight::Error => page::Color::Red,
        Weight::Warning => page::Color::Yellow,
        Weight::Note => page::Color::None,
    };
    let label = format!("{}[{}]", problem.weight.word(), problem.code);
    let message = page.text(&problem.message, 2 * SHORT);
    page.labelled(indent, &label, color, &format!(": {message}"), indent.len() + 4);
    let origin = &problem.origin;
    if !origin.file.is_empty() {
        let file = page.text(&origin.file, SHORT);
        page.wrapped(
            &format!("{indent}  --> "),
            indent.len() + 6,
            &origin_text(&file, origin.line, origin.column),
        );
    } else if origin.line > 0 {
        page.line(&format!(
            "{indent}  --> line {}",
            origin_text("", origin.line, origin.column).trim_start_matches(':')
        ));
    }
    if !problem.help.is_empty() {
        let help = page.text(&problem.help, 2 * SHORT);
        page.wrapped(&format!("{indent}   = help: "), indent.len() + 11, &help);
    }
}

/// What the change would make of the policy: what differs, and every row under it.
fn proposal(page: &mut Page, verdict: &Verdict) {
    let Some(proposal) = &verdict.proposal else { return };
    page.section("the policy of this change, tried out: it does not judge until it is merged");
    for mistake in proposal.mistakes.iter().take(MOST_LISTED) {
        diagnostic(page, "  ", mistake);
    }
    more(page, "  ", proposal.mistakes.len(), MOST_LISTED, "mistake");
    if !proposal.mistakes.is_empty() {
        return;
    }
    for change in proposal.changes.iter().take(MOST_LISTED) {
        policy::one_change(page, "  ", change);
    }
    more(page, "  ", proposal.changes.len(), MOST_LISTED, "difference");
    rows::rows(page, &proposal.verdict);
    let word = verdict_words(proposal.verdict.kind).to_lowercase();
    page.wrapped("  under it: ", 4, &format!("{word}: {}", sentence(&proposal.verdict, "criteria")));
}

/// Who set the bar, and the verdict.
fn last_lines(page: &mut Page, verdict: &Verdict) {
    /// More would push the verdict away from what it rests on.
    const MOST_BARS: usize = 3;
    let bars: Vec<String> = verdict
        .rows()
        .filter(|outcome| outcome.blocks() && !outcome.origin.file.is_empty())
        .take(MOST_BARS)
        .map(|outcome| {
            let file = page.text(&outcome.origin.file, SHORT);
            format!("{} ({})", outcome.rule, origin_text(&file, outcome.origin.line, 0))
        })
        .collect();
    if !bars.is_empty() {
        page.wrapped("why this bar: ", 4, &bars.join(", "));
    }
    let word = verdict_words(verdict.kind).to_uppercase();
    let color = match verdict.kind {
        VerdictKind::Passed => page::Color::Green,
        VerdictKind::NeedsChanges => page::Color::Red,
        VerdictKind::NoVerdict => page::Color::Yellow,
    };
    let sentence = sentence(verdict, "criteria");
    // The verdict stays on one line, the last; what else there is to count goes above it.
    let (short, asides) = match sentence.split_once(", ") {
        Some((short, asides)) if word.len() + 2 + sentence.len() > page.width() => (short, asides),
        _ => (sentence.as_str(), ""),
    };
    page.wrapped("", 4, asides);
    page.line(&format!("{word}: {short}"));
    page.paint(page.count() - 1, 0, &word, color);
}

/// Text of a report, for this page's characters.
fn shown(text: &Untrusted, max: usize, charset: Charset) -> String {
    escape::terminal(text, max, charset)
}

/// True if the row could not be measured.
const fn is_unmeasured(outcome: &Outcome) -> bool {
    matches!(outcome.kind, OutcomeKind::NotMeasured)
}

/// Text of ours that may hold something of a policy.
fn own(text: &str, charset: Charset) -> String {
    terminal_own(text, charset)
}

#[cfg(test)]
mod tests;
