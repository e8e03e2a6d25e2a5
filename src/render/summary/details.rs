//! What is folded away below the table, as far as the page has room for it.

use super::table::{self, name};
use crate::diagnostic::{Diagnostic, Origin};
use crate::model::{Detail, ReportTotals, Untrusted, Verdict, VerdictKind};
use crate::render::escape::{SHORT, markdown_code, markdown_fence, markdown_own, markdown_text, one_line};
use crate::render::inspect::totals_text;
use crate::render::words::{origin_text, problems, state_of};
use std::fmt::Write as _;

/// The most of a report's own text in one fold, in characters and lines.
const MOST_TEXT: usize = 16 * 1024;
const MOST_LINES: usize = 200;

/// Bytes kept free for the last line, which says what did not fit.
pub(super) const LAST_LINE: usize = 160;

/// Adds folded sections while they fit. A table gives up rows before it gives up itself.
pub(super) fn fold(out: &mut String, verdict: &Verdict, budget_bytes: usize) {
    let mut left_out = 0;
    let mut sections = Vec::new();
    sections.extend(proposal(verdict));
    sections.extend(problem_section(verdict));
    sections.extend(verdict.details.iter().map(detail));
    sections.extend(requirements(verdict));
    sections.extend(reports(verdict));
    for section in sections {
        let room = budget_bytes.saturating_sub(out.len() + LAST_LINE);
        left_out += section.write(out, room);
    }
    if left_out > 0 {
        let noun = if left_out == 1 { "entry" } else { "entries" };
        let _infallible = writeln!(out, "\n{left_out} more {noun} did not fit here: see the JSON record.");
    }
}

/// One fold: a summary line, text before the table, the table's rows, text behind it.
#[derive(Default)]
struct Section {
    title: String,
    before: String,
    head: String,
    rows: Vec<String>,
    after: String,
}

impl Section {
    /// Writes what fits into `room` bytes; gives back how many rows did not.
    fn write(&self, out: &mut String, room: usize) -> usize {
        let frame = "\n<details>\n<summary></summary>\n\n</details>\n".len();
        let fixed = frame + self.title.len() + self.before.len() + self.head.len() + self.after.len() + 4;
        if fixed > room {
            return self.rows.len().max(1);
        }
        let _infallible = write!(out, "\n<details>\n<summary>{}</summary>\n\n", self.title);
        out.push_str(&self.before);
        let mut left = room - fixed;
        let mut written = 0;
        if !self.rows.is_empty() {
            if !self.before.is_empty() {
                out.push('\n');
            }
            out.push_str(&self.head);
            for row in &self.rows {
                if row.len() > left {
                    break;
                }
                left -= row.len();
                written += 1;
                out.push_str(row);
            }
        }
        if !self.after.is_empty() {
            out.push('\n');
            out.push_str(&self.after);
        }
        out.push_str("\n</details>\n");
        self.rows.len() - written
    }
}

/// The policy that the change proposes: its mistakes, or what differs and every row under it.
fn proposal(verdict: &Verdict) -> Vec<Section> {
    let Some(proposal) = &verdict.proposal else { return Vec::new() };
    if !proposal.mistakes.is_empty() {
        let rows = proposal.mistakes.iter().map(problem_row).collect();
        let head = table_head(&["Mistake".into(), "Where".into(), "What to do".into()]);
        let title = "What is wrong with the proposed policy".to_owned();
        return vec![Section { title, head, rows, ..Section::default() }];
    }
    let code = |text: &str| match text {
        "" => "nothing".to_owned(),
        text => markdown_code(&Untrusted::new(text), SHORT),
    };
    let differences = proposal.changes.iter().map(|change| {
        let what = format!("{} {}", change.what, change.scope);
        let what = markdown_code(&Untrusted::new(what.trim_end()), SHORT);
        let effect = change.effect.word().to_owned();
        table_row(&[effect, what, code(&change.before), code(&change.after), place(&change.origin, SHORT)])
    });
    let differences: Vec<String> = differences.collect();
    let head = ["Effect", "Value", "In force", "Proposed", "Where"].map(str::to_owned);
    let changes = Section {
        title: format!("What the proposed policy changes ({})", differences.len()),
        head: table_head(&head),
        rows: differences,
        ..Section::default()
    };
    let rows = proposal.verdict.rows().map(|outcome| table::row(outcome, SHORT)).collect();
    let tried = Section {
        title: "Every criterion under the proposed policy, tried out on this change".to_owned(),
        head: table::HEAD.to_owned(),
        rows,
        ..Section::default()
    };
    vec![changes, tried].into_iter().filter(|section| !section.rows.is_empty()).collect()
}

/// Material that the rules gave.
fn detail(detail: &Detail) -> Section {
    let title = markdown_own(&detail.title);
    let Some((head, rows)) = detail.rows.split_first() else {
        let before = markdown_fence(&detail.text, MOST_TEXT, MOST_LINES);
        return Section { title, before, ..Section::default() };
    };
    let head: Vec<String> = head.iter().map(|cell| markdown_text(cell, SHORT)).collect();
    let columns = head.len();
    let rows = rows.iter().map(|row| {
        let mut cells: Vec<String> =
            row.iter().take(columns).map(|cell| markdown_code(cell, SHORT)).collect();
        cells.resize(columns, String::new());
        table_row(&cells)
    });
    Section { title, head: table_head(&head), rows: rows.collect(), ..Section::default() }
}

/// Who set which requirement, and what to do about a wrong one.
fn requirements(verdict: &Verdict) -> Option<Section> {
    let mut rows = Vec::new();
    for outcome in verdict.rows() {
        if outcome.required.is_empty() {
            let origin = place(&outcome.origin, SHORT);
            rows.push(table_row(&[name(outcome), markdown_own(&outcome.required_text), origin]));
        }
        for field in &outcome.required {
            let value = format!("{}: {}", markdown_own(field.field), markdown_own(&field.value));
            rows.push(table_row(&[name(outcome), value, place(&field.origin, SHORT)]));
        }
    }
    let mut facts = String::new();
    for fact in &verdict.header {
        let _infallible =
            writeln!(facts, "* {}: {}", markdown_own(fact.key), markdown_code(&fact.value, SHORT));
    }
    if rows.is_empty() && facts.is_empty() {
        return None;
    }
    let title = match verdict.kind {
        VerdictKind::Passed => "What was judged, and where each requirement comes from",
        VerdictKind::NeedsChanges | VerdictKind::NoVerdict => {
            "Why these requirements, and what if this is wrong?"
        }
    };
    let after = match verdict.kind {
        VerdictKind::Passed => String::new(),
        VerdictKind::NeedsChanges | VerdictKind::NoVerdict => {
            "If a requirement is wrong for this change, say so in the pull request: the owners can grant an \
             exception; it is recorded with a reason and an end date.\n"
                .to_owned()
        }
    };
    let head = table_head(&["Requirement".into(), "Value".into(), "Set by".into()]);
    Some(Section { title: title.to_owned(), before: facts, head, rows, after })
}

/// Every file that was read.
fn reports(verdict: &Verdict) -> Option<Section> {
    if verdict.reports.is_empty() {
        return None;
    }
    let rows = verdict.reports.iter().map(|report| {
        let kind = report.kind.map_or("", crate::model::Kind::word);
        let format = match (report.format.as_str(), kind) {
            ("", "") => "unknown".to_owned(),
            (format, kind) => format!("{} {kind}", markdown_own(format)),
        };
        let totals = match report.totals {
            ReportTotals::None => String::new(),
            totals => totals_text(&totals),
        };
        table_row(&[markdown_code(&report.file, SHORT), format, state_of(report).to_owned(), totals])
    });
    let head = table_head(&["File".into(), "Read as".into(), "State".into(), "Content".into()]);
    let title = format!("Reports read ({})", verdict.reports.len());
    Some(Section { title, head, rows: rows.collect(), ..Section::default() })
}

/// What is wrong with reports and policy.
fn problem_section(verdict: &Verdict) -> Option<Section> {
    let problems = problems(verdict);
    if problems.is_empty() {
        return None;
    }
    let rows = problems.iter().map(problem_row);
    let head = table_head(&["Problem".into(), "Where".into(), "What to do".into()]);
    let title = format!("Problems found while reading ({})", problems.len());
    Some(Section { title, head, rows: rows.collect(), ..Section::default() })
}

fn problem_row(problem: &Diagnostic) -> String {
    let what = format!(
        "{} {}: {}",
        problem.weight.word(),
        markdown_code(&problem.code.id().into(), SHORT),
        markdown_text(&problem.message, SHORT)
    );
    table_row(&[what, place(&problem.origin, SHORT), markdown_text(&problem.help, 2 * SHORT)])
}

/// A file with line and column, as code; words of ours (`built-in policy`) stay words.
pub(super) fn place(origin: &Origin, cut: usize) -> String {
    if origin.file.is_empty() {
        return String::new();
    }
    if origin.line == 0 {
        return markdown_text(&origin.file, cut);
    }
    // The number is put in before escaping, so that both stand in one piece of code.
    let text = origin_text(&one_line(&origin.file, cut), origin.line, origin.column);
    markdown_code(&Untrusted::new(text), cut + 24)
}

fn table_head(cells: &[String]) -> String {
    format!("{}|{}\n", table_row(cells), ":--|".repeat(cells.len()))
}

fn table_row(cells: &[String]) -> String {
    format!("| {} |\n", cells.join(" | "))
}
