//! Requirements for people: the text of `tollgate explain`.

use super::escape::SHORT;
use super::terminal::{Page, Style};
use super::words::origin_text;
use crate::model::{Mode, Outcome, RepoPath, Untrusted, Verdict};
use crate::rules::RuleSpec;

/// At most so many lines are listed.
const MOST_LINES: usize = 2_000;

/// One changed line that counts, and what each report says of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CountedLine {
    /// The file.
    pub file: RepoPath,
    /// The line, 1-based.
    pub line: u32,
    /// What else is known of it, in words of ours.
    pub notes: Vec<&'static str>,
    /// The reports that know the line, each with how often it ran there.
    pub hits: Vec<(Untrusted, u64)>,
}

/// One rule with everything that is known of it, or all rules in force.
pub fn render(verdict: &Verdict, rule: Option<&RuleSpec>, lines: &[CountedLine], style: Style) -> String {
    let mut page = Page::new(style);
    if let Some(rule) = rule {
        page.wrapped("", 2, &format!("{}: {}", rule.id, rule.doc));
    }
    for outcome in &verdict.outcomes {
        let is_asked = match rule {
            Some(rule) => rule.id == outcome.rule,
            None => outcome.mode != Mode::Off,
        };
        if is_asked {
            one(&mut page, outcome);
        }
    }
    if !lines.is_empty() {
        page.blank();
        page.line("counted lines");
    }
    for line in lines.iter().take(MOST_LINES) {
        let ran = line.hits.iter().any(|(_, hits)| *hits > 0);
        let mut state = if ran { "ran" } else { "did not run" }.to_owned();
        for note in &line.notes {
            state.push_str(", ");
            state.push_str(note);
        }
        let reports: Vec<String> =
            line.hits.iter().map(|(report, hits)| format!("{} {hits}", page.text(report, SHORT))).collect();
        let file = page.text(&Untrusted::new(line.file.as_str()), SHORT);
        page.wrapped("  ", 4, &format!("{file}:{}  {state}  ({})", line.line, reports.join(", ")));
    }
    if lines.len() > MOST_LINES {
        page.line(&format!("  and {} more", lines.len() - MOST_LINES));
    }
    page.finish()
}

fn one(page: &mut Page, outcome: &Outcome) {
    page.blank();
    let scope = match outcome.scope.as_str() {
        "" => String::new(),
        scope => format!(" ({})", page.own(scope)),
    };
    let required = page.own(&outcome.required_text);
    page.wrapped("", 2, &format!("{}{scope}   {required}", outcome.rule));
    for requirement in &outcome.required {
        let value = page.own(&requirement.value);
        let file = page.text(&requirement.origin.file, SHORT);
        let origin = origin_text(&file, requirement.origin.line, requirement.origin.column);
        page.wrapped("  ", 4, &format!("{}: {value}   set by {origin}", requirement.field));
    }
    let file = page.text(&outcome.origin.file, SHORT);
    let origin = origin_text(&file, outcome.origin.line, outcome.origin.column);
    page.wrapped("  ", 4, &format!("mode: {}   rule set by {origin}", outcome.mode.word()));
    let measured = page.own(&outcome.measured_text);
    let reason = page.text(&outcome.reason, SHORT);
    let parts: Vec<&str> =
        [measured.as_str(), reason.as_str()].into_iter().filter(|part| !part.is_empty()).collect();
    page.wrapped("  ", 4, &format!("here: {}: {}", outcome.kind.word(), parts.join("; ")));
}
