//! The pages of `tollgate init`: what was found, the policy that is proposed, and what to do next.

use super::escape::SHORT;
use super::terminal::{Page, Style, diagnostic};
use super::words::{grouped, verdict_words};
use crate::diagnostic::Diagnostic;
use crate::model::{Health, Kind, Severity, Untrusted, VerdictKind};
use crate::setup::{Conversion, Group, Missing, POLICY_PLACE, Proposal, Row};

/// What happened to the proposed policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// Nothing was written.
    No,
    /// Nothing was written, and nothing may be: this policy is there already.
    Exists(&'static str),
    /// It was written.
    Yes,
}

/// What the page shows beside the proposal.
#[derive(Clone, Copy, Debug)]
pub struct Shown<'s> {
    /// What was looked at.
    pub workflows: usize,
    /// True if there is a CODEOWNERS.
    pub codeowners: bool,
    /// What became of the policy.
    pub written: Written,
    /// What the proposed policy says of today's evidence.
    pub verdict: Option<VerdictKind>,
    /// Problems on the way.
    pub diagnostics: &'s [Diagnostic],
}

const LABEL: usize = 10;
/// Subjects are padded up to here.
const MOST_PADDED: usize = 34;

/// The page of `tollgate init`.
pub fn proposal(proposal: &Proposal, shown: &Shown<'_>, style: Style) -> String {
    let mut page = Page::new(style);
    looked_at(&mut page, shown);
    page.blank();
    let subjects = proposal.rows.iter().map(|row| subject(&page, row).chars().count());
    let width = subjects.filter(|width| *width <= MOST_PADDED).max().unwrap_or(0).max("none found".len());
    for kind in [Kind::Tests, Kind::Coverage, Kind::Scan] {
        let mut label = label(kind);
        for row in proposal.rows.iter().filter(|row| row.group.kind == kind) {
            found(&mut page, label, width, row);
            label = "";
        }
        for missing in proposal.missing.iter().filter(|missing| missing.kind == kind) {
            absent(&mut page, label, width, missing);
        }
    }
    match &proposal.owners {
        Some(owners) => {
            let names = page.own(&owners.names.join(" "));
            let place = page.own(&format!("{}:{}", owners.file, owners.line));
            columns(&mut page, "owners", width, &names, &[&place]);
        }
        None => columns(&mut page, "owners", width, "not known", &["name them under `owners:`"]),
    }
    if proposal.policy.is_empty() {
        page.section(
            "No report was found, so nothing is proposed. Run the tests first, then `tollgate init`.",
        );
    } else {
        policy(&mut page, &proposal.policy, shown.written);
        judged(&mut page, shown.verdict);
    }
    notes(&mut page, &proposal.notes, shown.diagnostics);
    next(&mut page, proposal, shown.written);
    page.finish()
}

fn looked_at(page: &mut Page, shown: &Shown<'_>) {
    let workflows = match shown.workflows {
        0 => "no workflow".to_owned(),
        1 => ".github/workflows/ (1 file)".to_owned(),
        many => format!(".github/workflows/ ({many} files)"),
    };
    let codeowners = if shown.codeowners { "CODEOWNERS" } else { "no CODEOWNERS" };
    page.wrapped("", 2, &format!("Looked at the working tree, {workflows} and {codeowners}."));
}

const fn label(kind: Kind) -> &'static str {
    match kind {
        Kind::Tests => "tests",
        Kind::Coverage => "coverage",
        Kind::Scan => "security",
    }
}

/// A label, what was found, and facts behind it; on lines of their own where they do not fit.
fn columns(page: &mut Page, label: &str, width: usize, subject: &str, facts: &[&str]) {
    let facts: Vec<&str> = facts.iter().copied().filter(|fact| !fact.is_empty()).collect();
    let facts = facts.join("  ");
    let padded = format!("  {label:LABEL$}{subject:width$}");
    let first = format!("  {label:LABEL$}{subject}");
    if padded.chars().count() + 2 + facts.chars().count() <= 80 {
        page.line(&format!("{padded}  {facts}"));
    } else if first.chars().count() + 2 + facts.chars().count() <= 80 {
        page.line(&format!("{first}  {facts}"));
    } else {
        page.line(&first);
        page.wrapped_at(LABEL + 4, &facts);
    }
}

fn subject(page: &Page, row: &Row) -> String {
    let files = match row.group.files.len() {
        1 => String::new(),
        many => format!(" ({many} files)"),
    };
    format!("{}{files}", shown_globs(page, &row.group))
}

fn found(page: &mut Page, label: &str, width: usize, row: &Row) {
    let group = &row.group;
    let subject = subject(page, row);
    let health = match group.health {
        Health::Complete => String::new(),
        health => format!("{}!", health.word()),
    };
    let place = row.place.as_ref().map_or(String::new(), |place| {
        let file = place.file.rsplit('/').next().unwrap_or(&place.file);
        page.own(&format!("{file}:{}", place.line))
    });
    let figures = format!("{}, {}", row.format, figures(group));
    columns(page, label, width, &subject, &[&figures, &health, &place]);
}

fn shown_globs(page: &Page, group: &Group) -> String {
    let mut text: Vec<String> =
        group.globs.iter().take(3).map(|glob| page.text(&Untrusted::new(glob.as_str()), SHORT)).collect();
    if group.globs.len() > 3 {
        text.push(format!("and {} more", group.globs.len() - 3));
    }
    text.join(", ")
}

fn figures(group: &Group) -> String {
    let figures = &group.figures;
    match group.kind {
        Kind::Tests => format!("{} cases, {} failed", grouped(figures.cases), grouped(figures.failed)),
        Kind::Coverage => {
            format!(
                "{} of {} lines, {}",
                grouped(figures.lines.part),
                grouped(figures.lines.whole),
                figures.lines.text_against(None)
            )
        }
        Kind::Scan => {
            let counts: Vec<String> = Severity::ALL
                .into_iter()
                .filter(|&severity| figures.findings.get(severity) > 0)
                .map(|severity| format!("{} {}", grouped(figures.findings.get(severity)), severity.word()))
                .collect();
            if counts.is_empty() { "no finding".to_owned() } else { counts.join(", ") }
        }
    }
}

fn absent(page: &mut Page, label: &str, width: usize, missing: &Missing) {
    columns(page, label, width, "none found", &[&format!("try: {}", missing.command)]);
    for named in missing.named.iter().take(3) {
        let text =
            format!("{}:{} names {} ({})", named.place.file, named.place.line, named.path, named.format);
        let text = page.own(&text);
        page.wrapped_at(LABEL + 4, &text);
    }
}

fn policy(page: &mut Page, text: &str, written: Written) {
    let heading = match written {
        Written::No => format!("Proposed {POLICY_PLACE} (nothing written; add --write):"),
        Written::Exists(place) => {
            format!("Proposed {POLICY_PLACE} (nothing written: there is {place} already):")
        }
        Written::Yes => format!("Written to {POLICY_PLACE}:"),
    };
    page.section(&heading);
    page.blank();
    for line in text.lines() {
        page.verbatim("  ", line);
    }
}

fn judged(page: &mut Page, verdict: Option<VerdictKind>) {
    let Some(verdict) = verdict else { return };
    let words = verdict_words(verdict).to_lowercase();
    let why = match verdict {
        VerdictKind::Passed => "",
        VerdictKind::NeedsChanges | VerdictKind::NoVerdict => " (`tollgate check --policy` says why)",
    };
    page.section(&format!("Today's evidence under it: {words}{why}."));
}

fn notes(page: &mut Page, notes: &[String], diagnostics: &[Diagnostic]) {
    if notes.is_empty() && diagnostics.is_empty() {
        return;
    }
    page.blank();
    for note in notes {
        let note = page.own(note);
        page.wrapped("note: ", 6, &note);
    }
    for problem in diagnostics {
        diagnostic(page, "", problem);
    }
}

fn next(page: &mut Page, proposal: &Proposal, written: Written) {
    if proposal.policy.is_empty() {
        return;
    }
    let mut steps = match written {
        Written::No => vec!["tollgate init --write".to_owned(), "commit".to_owned()],
        Written::Exists(_) => return,
        Written::Yes => vec!["tollgate check".to_owned(), "commit".to_owned()],
    };
    if let Some(step) = &proposal.step {
        steps.push(format!("add 1 step at {}:{} (see --diff)", step.place.file, step.place.line));
    }
    let steps = page.own(&steps.join(", "));
    page.section(&format!("Next: {steps}."));
}

/// The diffs of `tollgate init --diff`: the policy, and the step of the workflow.
pub fn patches(proposal: &Proposal, with_policy: bool, style: Style) -> String {
    let mut page = Page::new(style);
    let policy = if with_policy { proposal.policy_patch() } else { String::new() };
    let step = proposal.step.iter().map(|step| step.patch.as_str());
    for line in std::iter::once(policy.as_str()).chain(step).flat_map(str::lines) {
        page.verbatim("", line);
    }
    page.finish()
}

/// The page of `tollgate init --from FILE`.
pub fn conversion(conversion: &Conversion, file: &str, written: Written, style: Style) -> String {
    let mut page = Page::new(style);
    let file = page.own(file);
    if conversion.policy.is_empty() {
        page.wrapped("", 2, &format!("Read {file}: nothing in it can become a policy."));
    } else {
        page.wrapped("", 2, &format!("Read {file}:"));
    }
    page.blank();
    for origin in &conversion.origins {
        let place = page.own(&format!("line {}", origin.place.line));
        page.pair(&place, LABEL, &origin.what);
    }
    if !conversion.policy.is_empty() {
        policy(&mut page, &conversion.policy, written);
    }
    if !conversion.left_out.is_empty() {
        page.section("Not carried over:");
        for left in &conversion.left_out {
            let line =
                if left.place.line == 0 { String::new() } else { format!("line {}: ", left.place.line) };
            let text = page.own(&format!("{line}{}: {}", left.what, left.why));
            page.wrapped("  ", 4, &text);
        }
    }
    page.finish()
}
