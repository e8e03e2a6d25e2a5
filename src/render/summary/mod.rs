//! The Markdown summary: the page that a contributor reads.
//!
//! Order, always: the verdict in words, what to do (or that there is nothing), commands, the table, folded
//! details. The verdict, the steps and the table are never cut; details go first when the page is too long.

pub mod comment;
mod details;
mod table;

use super::escape::{self, SHORT, markdown_code, markdown_own, markdown_place, markdown_text};
use super::words::{
    before_words, capitalized, count_of, problems, sentence, steps_by_reader, tally, verdict_words,
};
use crate::model::{Note, Step, Verdict, VerdictKind};
use std::fmt::Write as _;

/// What the page has to fit into, and what stands above it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page<'p> {
    /// The most bytes; GitHub takes 1 MiB per step's summary and 65,535 characters per check.
    pub budget_bytes: usize,
    /// A sentence of ours under the verdict ("not forgery-proof …"); empty for none.
    pub note: &'p str,
}

impl Page<'_> {
    /// A job summary of GitHub.
    pub const JOB_SUMMARY: Self = Self { budget_bytes: 1024 * 1024, note: "" };
}

const MOST_STEPS: usize = 5;
const MOST_COMMANDS: usize = 3;
const MOST_EXCUSED: usize = 10;
const MOST_NAMES: usize = 5;

/// Lengths at which texts of reports are cut, from the usual one to the last resort: escaping can make a
/// character eighteen bytes, and a page that is refused as too long says nothing at all.
const CUTS: [usize; 4] = [SHORT, SHORT / 2, SHORT / 5, SHORT / 20];

/// The page.
pub fn render(verdict: &Verdict, page: Page<'_>) -> String {
    let mut out = String::new();
    for cut in CUTS {
        out = open_part(verdict, page.note, cut);
        if out.len() + details::LAST_LINE <= page.budget_bytes {
            break;
        }
    }
    details::fold(&mut out, verdict, page.budget_bytes);
    out
}

/// What is never folded and never left out.
fn open_part(verdict: &Verdict, note: &str, cut: usize) -> String {
    let mut out = headline(verdict);
    if !note.is_empty() {
        let _infallible = writeln!(out, "\n_{}_", markdown_own(note));
    }
    what_to_do(&mut out, verdict, cut);
    not_counted(&mut out, verdict, cut);
    table::table(&mut out, verdict, cut);
    notes(&mut out, &verdict.notes, cut);
    closing(&mut out, verdict);
    proposal(&mut out, verdict, cut);
    out
}

/// `### ✅ Passed: 4 of 4 acceptance criteria are met`
fn headline(verdict: &Verdict) -> String {
    let mark = match verdict.kind {
        VerdictKind::Passed => "✅",
        VerdictKind::NeedsChanges => "❌",
        VerdictKind::NoVerdict => "⚠️",
    };
    let words = verdict_words(verdict.kind);
    let words = if verdict.kind == VerdictKind::NoVerdict { "No verdict yet" } else { words };
    let sentence = match (verdict.kind, verdict.from_elsewhere()) {
        (VerdictKind::Passed, 1) => "1 failure here is not from your change".to_owned(),
        (VerdictKind::Passed, many @ 2..) => format!("{many} failures here are not from your change"),
        _ if verdict.is_not_because_of_the_change() => {
            format!("{}, and not because of your change", sentence(verdict, "acceptance criteria"))
        }
        _ => sentence(verdict, "acceptance criteria"),
    };
    let mut out = format!("### {mark} {}{words}: {sentence}\n", before_words(verdict));
    if let Some(merged) = verdict.fact("merged") {
        let merged = markdown_text(merged, SHORT);
        let _infallible =
            writeln!(out, "\n**This was merged {merged}.** Nothing is taken back or held up by it.");
    }
    out
}

fn what_to_do(out: &mut String, verdict: &Verdict, cut: usize) {
    let (yours, owners) = steps_by_reader(verdict);
    let who = verdict.fact("owners").map_or(String::new(), |who| format!(" ({})", markdown_text(who, cut)));
    match verdict.kind {
        VerdictKind::Passed => {
            out.push_str("\n**Nothing for you to do.**");
            out.push_str(match verdict.not_counted.len() {
                0 => "",
                1 => " It is listed below with its proof, and not counted.",
                _ => " They are listed below with their proof, and not counted.",
            });
            if !who.is_empty() && verdict.fact("base").is_some() {
                let _infallible = write!(out, " The owners{who} review next.");
            }
            if tally(verdict).warned > 0 {
                out.push_str(" What only warns does not hold the change back.");
            }
            out.push('\n');
            numbered(out, &yours, "\n**What you may want to do**\n", cut);
        }
        VerdictKind::NeedsChanges => numbered(out, &yours, "\n**What to do**\n", cut),
        VerdictKind::NoVerdict if verdict.is_for_owners_alone() => {
            out.push_str("\n**You: no code change is needed.** ");
            out.push_str("An empty commit would only throw away the results below.\n");
        }
        VerdictKind::NoVerdict => numbered(out, &yours, "\n**What to do**\n", cut),
    }
    if !owners.is_empty() {
        let _infallible = writeln!(out, "\n**Owners{who}:**\n");
        for step in owners.iter().take(MOST_STEPS) {
            let _infallible = writeln!(out, "* {}", step_text(step, cut));
        }
        more(out, owners.len(), MOST_STEPS);
    }
    commands(out, &yours);
    if verdict.kind != VerdictKind::Passed && verdict.steps.is_empty() {
        what_is_wrong(out, verdict, cut);
    }
}

/// Where no rule has a step (a policy that cannot be read, no report at all), the errors are what to do.
fn what_is_wrong(out: &mut String, verdict: &Verdict, cut: usize) {
    let problems = problems(verdict);
    if problems.is_empty() {
        return;
    }
    out.push_str("\n**What is wrong**\n\n");
    for problem in problems.iter().take(MOST_STEPS) {
        let _infallible = write!(out, "* {}", markdown_text(&problem.message, cut));
        let place = details::place(&problem.origin, cut);
        if !place.is_empty() {
            let _infallible = write!(out, ", {place}");
        }
        if !problem.help.is_empty() {
            let _infallible = write!(out, ": {}", markdown_text(&problem.help, 2 * cut));
        }
        out.push('\n');
    }
    more(out, problems.len(), MOST_STEPS);
}

fn numbered(out: &mut String, steps: &[&Step], heading: &str, cut: usize) {
    if steps.is_empty() {
        return;
    }
    out.push_str(heading);
    out.push('\n');
    for (index, step) in steps.iter().take(MOST_STEPS).enumerate() {
        let _infallible = writeln!(out, "{}. {}", index + 1, step_text(step, cut));
    }
    more(out, steps.len(), MOST_STEPS);
}

fn more(out: &mut String, count: usize, shown: usize) {
    if count > shown {
        let _infallible = writeln!(out, "\nand {} more, listed in the JSON record", count - shown);
    }
}

/// `**Fix 1 new test failure.** `name` in `tests/a.rs`, line 88: expected …`
fn step_text(step: &Step, cut: usize) -> String {
    let mut text = format!("**{}**", markdown_own(&step.action));
    let subject = markdown_code(&step.subject, cut);
    let place = markdown_place(&step.file, step.line, cut);
    if !subject.is_empty() {
        let _infallible = write!(text, " {subject}");
    }
    if !place.is_empty() {
        let _infallible = write!(text, " in {place}");
    }
    let detail = markdown_text(&step.detail, cut);
    if !detail.is_empty() {
        text.push_str(if subject.is_empty() && place.is_empty() { " " } else { ": " });
        text.push_str(&detail);
    }
    text
}

/// The first few commands, each with the number of its step.
fn commands(out: &mut String, steps: &[&Step]) {
    let mut commands: Vec<(usize, &str)> = Vec::new();
    for (index, step) in steps.iter().take(MOST_STEPS).enumerate() {
        let is_new = commands.iter().all(|(_, command)| *command != step.run);
        if escape::is_safe_command(&step.run) && is_new && commands.len() < MOST_COMMANDS {
            commands.push((index + 1, &step.run));
        }
    }
    if commands.is_empty() {
        return;
    }
    let longest = commands.iter().map(|(_, command)| command.len()).max().unwrap_or(0);
    let lines: Vec<String> = match commands.as_slice() {
        [(_, only)] => vec![(*only).to_owned()],
        many => many.iter().map(|(step, command)| format!("{command:<longest$}  # {step}")).collect(),
    };
    out.push_str("\n**Check it on your machine before you push**\n\n");
    out.push_str(&escape::shell_fence(&lines));
}

/// What is not counted, with the proof and who acts on it.
fn not_counted(out: &mut String, verdict: &Verdict, cut: usize) {
    let excused = &verdict.not_counted;
    if excused.is_empty() {
        return;
    }
    if verdict.kind != VerdictKind::Passed && verdict.from_elsewhere() > 0 {
        let other = count_of(verdict.from_elsewhere(), "other failure");
        let (is, leave) =
            if verdict.from_elsewhere() == 1 { ("is", "Leave it") } else { ("are", "Leave them") };
        let _infallible =
            writeln!(out, "\n**Not yours:** {other} {is} not from your change. {leave} to the owners.");
    }
    let owners = verdict.fact("owners").map_or("the owners".to_owned(), |owners| markdown_text(owners, cut));
    out.push_str("\n| Not counted | Why | How we know | Who acts |\n|:--|:--|:--|:--|\n");
    for failure in excused.iter().take(MOST_EXCUSED) {
        let what = markdown_code(&failure.what, cut);
        let proof = markdown_text(&failure.proof, cut);
        // The proof of a waiver names who answers for it.
        let who = if failure.is_from_elsewhere() { owners.as_str() } else { "" };
        let cause = failure.why();
        let _infallible = writeln!(out, "| {what} | {cause} | {proof} | {who} |");
    }
    if excused.len() > MOST_EXCUSED {
        let more = count_of(excused.len() - MOST_EXCUSED, "more failure");
        let _infallible = writeln!(out, "\n{more} not counted, listed in the JSON record.");
    }
}

/// Facts beside the criteria, with the first names of each.
fn notes(out: &mut String, notes: &[Note], cut: usize) {
    if notes.is_empty() {
        return;
    }
    out.push_str("\n**Beside the criteria**\n\n");
    for note in notes {
        let names: Vec<String> =
            note.names.iter().take(MOST_NAMES).map(|name| markdown_code(name, cut)).collect();
        let text = capitalized(&markdown_own(&note.text));
        let _infallible = match names.len() {
            0 => writeln!(out, "* {text}."),
            shown if shown < note.names.len() => writeln!(out, "* {text}: {} and more.", names.join(", ")),
            _ => writeln!(out, "* {text}: {}.", names.join(", ")),
        };
    }
}

/// That the change proposes another policy, and what it would say; what differs is folded below.
fn proposal(out: &mut String, verdict: &Verdict, cut: usize) {
    let Some(proposal) = &verdict.proposal else { return };
    let what = match (proposal.file.is_empty(), proposal.mistakes.len()) {
        (true, _) => "**This change removes the policy.**".to_owned(),
        (false, 0) => {
            format!("**This change proposes another policy**, {}.", markdown_code(&proposal.file, cut))
        }
        (false, mistakes) => format!(
            "**This change proposes a policy that cannot be used**, {}: {}.",
            markdown_code(&proposal.file, cut),
            count_of(mistakes, "mistake")
        ),
    };
    let _infallible = write!(out, "\n{what} It does not judge until it is merged.");
    if proposal.mistakes.is_empty() {
        let word = verdict_words(proposal.verdict.kind).to_lowercase();
        let sentence = sentence(&proposal.verdict, "acceptance criteria");
        let _infallible = write!(out, " Under it the verdict would be: {word}, {sentence}.");
    }
    out.push('\n');
}

fn closing(out: &mut String, verdict: &Verdict) {
    if tally(verdict).not_measured > 0 {
        out.push_str("\nA criterion that could not be measured is never counted as met.");
        if verdict.kind == VerdictKind::NoVerdict && !verdict.is_afterwards() {
            out.push_str(" This check stays open until it is.");
        }
        out.push('\n');
    }
}

#[cfg(test)]
mod tests;
