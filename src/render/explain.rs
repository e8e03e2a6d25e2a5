//! Requirements for people: the text of `tollgate explain`.

use super::escape::SHORT;
use super::policy::{exact_place, exemption, place, settings};
use super::terminal::{Page, Style, diagnostic};
use super::words::{sentence, verdict_words};
use crate::diagnostic::Weight;
use crate::model::{Mode, Outcome, OutcomeKind, RepoPath, Untrusted, Verdict};
use crate::policy::Policy;
use crate::records::Lately;
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
    pub notes: Vec<String>,
    /// What each report that knows the line says of it.
    pub said: Vec<Said>,
}

/// What one report says of a line.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Said {
    /// The report.
    pub report: Untrusted,
    /// How often the line ran; `None` if branches or a function stand there and no line does.
    pub hits: Option<u64>,
    /// Branches that were taken, of all.
    pub branches: Option<(u32, u32)>,
}

/// Why the verdict is what it is, and all rules in force.
pub fn render(verdict: &Verdict, policy: &Policy, style: Style) -> String {
    let mut page = Page::new(style);
    page.wrapped("", 2, &format!("{}: {}", verdict_words(verdict.kind), sentence(verdict, "criteria")));
    why_not_green(&mut page, verdict, None);
    for outcome in verdict.outcomes.iter().filter(|outcome| outcome.mode != Mode::Off) {
        page.blank();
        page.wrapped("", 2, &heading(&page, outcome));
        for requirement in &outcome.required {
            let rule = policy.rule(outcome.rule).filter(|_| outcome.scope.is_empty());
            let bound = rule.and_then(|rule| rule.pin.as_ref()?.bounds.get(requirement.field));
            let bound = match bound {
                Some(bound) if bound.exact => " (locked)",
                Some(bound) if bound.setting.origin == requirement.origin && requirement.origin.line > 0 => {
                    " (floor)"
                }
                _ => "",
            };
            let value = page.own(&requirement.value);
            let origin = exact_place(&page, &requirement.origin);
            page.wrapped("  ", 4, &format!("{}: {value}   set by {origin}{bound}", requirement.field));
        }
        let origin = exact_place(&page, &outcome.origin);
        page.wrapped("  ", 4, &format!("mode: {}   rule set by {origin}", outcome.mode.word()));
        page.wrapped("  ", 4, &here(&page, outcome));
    }
    exemptions(&mut page, policy, None);
    page.finish()
}

/// One rule with everything that is known of it: why it is not met first, then who set which value, what is
/// excepted, and the lines that it counts.
pub fn render_rule(
    verdict: &Verdict,
    policy: &Policy,
    rule: &RuleSpec,
    lines: &[CountedLine],
    lately: Option<(u32, &Lately)>,
    style: Style,
) -> String {
    let mut page = Page::new(style);
    let of_rule = || verdict.outcomes.iter().filter(|outcome| outcome.rule == rule.id);
    match of_rule().find(|outcome| outcome.scope.is_empty()) {
        Some(outcome) => page.wrapped("", 2, &heading(&page, outcome)),
        None => page.line(rule.id),
    }
    page.wrapped("  ", 2, rule.doc);
    page.section("this change");
    for outcome in of_rule() {
        let scope = if outcome.scope.is_empty() { "" } else { &outcome.scope };
        let scope = if scope.is_empty() { String::new() } else { format!("{}: ", page.own(scope)) };
        page.wrapped("  ", 4, &format!("{scope}{}", here(&page, outcome)));
    }
    if let Some((days, lately)) = lately {
        page.section(&format!("last {days} days"));
        page.line(&format!("  {} on pull requests", lately.text()));
    }
    why_not_green(&mut page, verdict, Some(rule));
    if let Some(in_force) = policy.rule(rule.id) {
        page.blank();
        settings(&mut page, in_force);
        if in_force.mode == Mode::Off && !in_force.named {
            page.wrapped("  ", 4, "no policy names this rule, so it is off");
        }
    }
    for preview in policy.previews.iter().filter(|preview| preview.rule.spec.id == rule.id) {
        page.section(&format!("from {} (until then it only warns)", preview.from));
        settings(&mut page, &preview.rule);
    }
    for overlay in &policy.overlays {
        for overlaid in overlay.rules.iter().filter(|overlaid| overlaid.spec.id == rule.id) {
            let globs = page.own(&overlay.scope());
            page.section(&format!("in {globs}"));
            settings(&mut page, overlaid);
        }
    }
    exemptions(&mut page, policy, Some(rule));
    counted(&mut page, lines);
    page.finish()
}

/// `coverage.changed (src/**)   at least 80%`.
fn heading(page: &Page, outcome: &Outcome) -> String {
    let scope = match outcome.scope.as_str() {
        "" => String::new(),
        scope => format!(" ({})", page.own(scope)),
    };
    format!("{}{scope}   {}", outcome.rule, page.own(&outcome.required_text))
}

/// `here: not-met: 57.1% (12 of 21 lines)`.
fn here(page: &Page, outcome: &Outcome) -> String {
    let measured = page.own(&outcome.measured_text);
    let reason = page.text(&outcome.reason, SHORT);
    let parts: Vec<&str> =
        [measured.as_str(), reason.as_str()].into_iter().filter(|part| !part.is_empty()).collect();
    format!("here: {}: {}", outcome.kind.word(), parts.join("; "))
}

/// What holds the verdict back: rules, and errors that no rule speaks of.
fn why_not_green(page: &mut Page, verdict: &Verdict, rule: Option<&RuleSpec>) {
    let is_asked = |outcome: &&Outcome| rule.is_none_or(|rule| rule.id == outcome.rule);
    let blocking = verdict.outcomes.iter().filter(|outcome| outcome.blocks()).filter(is_asked);
    let blocking: Vec<&Outcome> = blocking.collect();
    let errors = verdict.diagnostics.iter().filter(|found| found.weight == Weight::Error);
    let errors: Vec<_> = errors.filter(|_| rule.is_none()).collect();
    if blocking.is_empty() && errors.is_empty() {
        return;
    }
    page.section("why it is not green");
    for outcome in blocking {
        if rule.is_none() {
            let scope =
                if outcome.scope.is_empty() { String::new() } else { format!(" in {}", outcome.scope) };
            let scope = page.own(&scope);
            let verb = if outcome.kind == OutcomeKind::NotMet { "is not met" } else { "cannot be measured" };
            let what = here(page, outcome);
            let what = what.split_once(": ").and_then(|(_, rest)| rest.split_once(": "));
            let what = what.map_or("", |(_, what)| what);
            page.wrapped("  ", 4, &format!("{}{scope} {verb}: {what}", outcome.rule));
            let origin = place(page, &outcome.origin);
            let need = page.own(&outcome.required_text);
            page.wrapped("    ", 6, &format!("need: {need}   set by {origin}"));
        }
        for step in verdict.steps.iter().filter(|step| step.rule == outcome.rule) {
            let subject = page.text(&step.subject, SHORT);
            let action = page.own(&step.action);
            page.wrapped("    ", 6, format!("do: {action} {subject}").trim_end());
        }
    }
    for error in errors {
        diagnostic(page, "  ", error);
    }
}

/// What is lifted until when, and what no longer is.
fn exemptions(page: &mut Page, policy: &Policy, rule: Option<&RuleSpec>) {
    let listed = policy.exemptions.iter().filter(|entry| rule.is_none_or(|rule| rule.id == entry.rule));
    let listed: Vec<_> = listed.collect();
    if listed.is_empty() {
        if rule.is_some_and(|rule| rule.waivable) {
            page.section("exceptions");
            page.line("  none");
        }
        return;
    }
    page.section("exceptions");
    for entry in listed {
        exemption(page, entry, rule.is_none());
    }
}

/// `lcov.info 3`, `lcov.info 3 with 1 of 2 branches`
fn words_of(page: &Page, said: &Said) -> String {
    let mut words = page.text(&said.report, SHORT);
    if let Some(hits) = said.hits {
        words.push_str(&format!(" {hits}"));
    }
    if let Some((taken, of)) = said.branches {
        words.push_str(&format!(" with {taken} of {of} branches"));
    }
    words
}

fn counted(page: &mut Page, lines: &[CountedLine]) {
    if !lines.is_empty() {
        page.section("counted lines");
    }
    for line in lines.iter().take(MOST_LINES) {
        let mut state = match line.said.iter().filter_map(|said| said.hits).max() {
            None => "no count of its own",
            Some(0) => "did not run",
            Some(_) => "ran",
        }
        .to_owned();
        for note in &line.notes {
            state.push_str(", ");
            state.push_str(note);
        }
        let reports: Vec<String> = line.said.iter().map(|said| words_of(page, said)).collect();
        let file = page.text(&Untrusted::new(line.file.as_str()), SHORT);
        page.wrapped("  ", 4, &format!("{file}:{}  {state}  ({})", line.line, reports.join(", ")));
    }
    if lines.len() > MOST_LINES {
        page.line(&format!("  and {} more", lines.len() - MOST_LINES));
    }
}
