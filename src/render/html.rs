//! One HTML file: everything of a verdict on a page that can be stored, printed and sent. No script, nothing
//! from outside.

use super::escape::{html, html_block, is_safe_command};
use super::html_proposal::proposal;
use super::inspect::totals_text;
use super::title;
use super::words::{
    not_counted_heading, origin_text, problems, sentence, state_of, steps_by_reader, verdict_words,
};
use crate::diagnostic::Origin;
use crate::model::{Detail, Mode, Outcome, OutcomeKind, Step, Untrusted, Verdict, VerdictKind};
use std::fmt::Write as _;

/// Texts of reports are cut at this many characters, blocks of them at the second figure.
const LONG: usize = 1_000;
const BLOCK: usize = 64 * 1024;

/// What every page of ours looks like.
pub(super) const STYLE: &str = include_str!("page.css");

/// The page.
pub fn render(verdict: &Verdict) -> String {
    document(&title(verdict), &body(verdict))
}

/// What stands on the page, from the first heading down.
pub(super) fn body(verdict: &Verdict) -> String {
    let mut out = String::with_capacity(16 * 1024);
    let word = verdict.kind.word();
    let _infallible = writeln!(
        out,
        "<h1 class=\"{word}\">{}: {}</h1>",
        verdict_words(verdict.kind),
        own(&sentence(verdict, "acceptance criteria"))
    );
    facts(&mut out, verdict);
    what_to_do(&mut out, verdict);
    not_counted(&mut out, verdict);
    criteria(&mut out, verdict);
    notes(&mut out, verdict);
    for detail in &verdict.details {
        fold(&mut out, detail);
    }
    proposal(&mut out, verdict);
    reports(&mut out, verdict);
    problem_table(&mut out, verdict);
    out
}

/// A whole file around a body that is HTML already: nothing is loaded from anywhere, light and dark, printable.
pub(super) fn document(title: &str, body: &str) -> String {
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"color-scheme\" content=\"light dark\">\n\
         <title>{}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n{body}</main>\n</body>\n</html>\n",
        own(title)
    )
}

fn facts(out: &mut String, verdict: &Verdict) {
    if verdict.header.is_empty() {
        return;
    }
    out.push_str("<dl>\n");
    for fact in &verdict.header {
        let _infallible = writeln!(out, "<dt>{}</dt><dd>{}</dd>", own(fact.key), text(&fact.value));
    }
    out.push_str("</dl>\n");
}

fn what_to_do(out: &mut String, verdict: &Verdict) {
    let (yours, owners) = steps_by_reader(verdict);
    let heading = match (verdict.kind, yours.is_empty()) {
        (VerdictKind::Passed, true) => "Nothing for you to do",
        (VerdictKind::Passed, false) => "What you may want to do",
        _ if verdict.is_for_owners_alone() => "You: no code change is needed",
        (_, true) => "The problems below say why",
        (_, false) => "What to do",
    };
    let _infallible = writeln!(out, "<h2>{heading}</h2>");
    step_list(out, &yours);
    if !owners.is_empty() {
        out.push_str("<h2>For the owners</h2>\n");
        step_list(out, &owners);
    }
}

fn step_list(out: &mut String, steps: &[&Step]) {
    if steps.is_empty() {
        return;
    }
    out.push_str("<ol>\n");
    for step in steps {
        let _infallible = write!(out, "<li><strong>{}</strong>", own(&step.action));
        if !step.subject.is_empty() {
            let _infallible = write!(out, " <code>{}</code>", text(&step.subject));
        }
        if !step.file.is_empty() {
            let line = step.line.map_or(String::new(), |line| format!(":{line}"));
            let _infallible = write!(out, " in <code>{}{line}</code>", text(&step.file));
        }
        if !step.detail.is_empty() {
            let _infallible = write!(out, "<br>{}", text(&step.detail));
        }
        if is_safe_command(&step.run) {
            let _infallible = write!(out, "<pre>{}</pre>", own(&step.run));
        }
        out.push_str("</li>\n");
    }
    out.push_str("</ol>\n");
}

fn not_counted(out: &mut String, verdict: &Verdict) {
    let rows = verdict
        .not_counted
        .iter()
        .map(|excused| [code(&excused.what), own(&excused.why()), text(&excused.proof)]);
    table(out, not_counted_heading(verdict), ["What", "Why", "How we know"], rows);
}

/// The table of rules, as the verdict came out.
pub(super) fn criteria(out: &mut String, verdict: &Verdict) {
    criteria_under(out, "Criteria", verdict);
}

/// The same under another caption.
pub(super) fn criteria_under(out: &mut String, caption: &str, verdict: &Verdict) {
    let rows = verdict.rows().map(|outcome| {
        let mut measured = own(&outcome.measured_text);
        if !outcome.reason.is_empty() && outcome.kind != OutcomeKind::Met {
            let gap = if measured.is_empty() { "" } else { "; " };
            let _infallible = write!(measured, "{gap}{}", text(&outcome.reason));
        }
        let mut name = own(if outcome.title.is_empty() { outcome.rule } else { outcome.title });
        if !outcome.scope.is_empty() {
            let _infallible = write!(name, " in <code>{}</code>", own(&outcome.scope));
        }
        [name, result(outcome).to_owned(), measured, own(&outcome.required_text), place(&outcome.origin)]
    });
    table(out, caption, ["Criterion", "Result", "Measured", "Required", "Set by"], rows);
}

fn notes(out: &mut String, verdict: &Verdict) {
    let rows = verdict.notes.iter().map(|note| {
        let names: Vec<String> = note.names.iter().map(code).collect();
        [own(&note.text), names.join("<br>")]
    });
    table(out, "Beside the criteria", ["Fact", "Which"], rows);
}

/// The words of a row; the mark before them comes from the style sheet and says nothing more.
const fn result(outcome: &Outcome) -> &'static str {
    match (outcome.mode, outcome.kind) {
        (_, OutcomeKind::Waived) => "<span class=\"aside\">waived</span>",
        (_, OutcomeKind::NotJudged) => "<span class=\"aside\">not judged</span>",
        (Mode::Info | Mode::Off, _) => "<span class=\"aside\">for information</span>",
        (_, OutcomeKind::Met) => "<span class=\"passed\">met</span>",
        (Mode::Warn, OutcomeKind::NotMet) => "<span class=\"no-verdict\">not met (only warns)</span>",
        (Mode::Warn, OutcomeKind::NotMeasured) => {
            "<span class=\"no-verdict\">not measured (only warns)</span>"
        }
        (Mode::Enforce, OutcomeKind::NotMet) => "<span class=\"needs-changes\">not met</span>",
        (Mode::Enforce, OutcomeKind::NotMeasured) => "<span class=\"no-verdict\">not measured</span>",
    }
}

fn fold(out: &mut String, detail: &Detail) {
    let _infallible = writeln!(out, "<details>\n<summary>{}</summary>", own(&detail.title));
    if let Some((head, rows)) = detail.rows.split_first() {
        out.push_str("<table class=\"list\">\n<thead><tr>");
        for cell in head {
            let _infallible = write!(out, "<th scope=\"col\">{}</th>", text(cell));
        }
        out.push_str("</tr></thead>\n<tbody>\n");
        for row in rows {
            out.push_str("<tr>");
            for (cell, label) in row.iter().zip(head) {
                let _infallible = write!(out, "<td data-label=\"{}\">{}</td>", html(label, LONG), text(cell));
            }
            out.push_str("</tr>\n");
        }
        out.push_str("</tbody>\n</table>\n");
    } else {
        let _infallible = writeln!(out, "<pre>{}</pre>", html_block(&detail.text, BLOCK));
    }
    out.push_str("</details>\n");
}

fn reports(out: &mut String, verdict: &Verdict) {
    let rows = verdict.reports.iter().map(|report| {
        let kind = report.kind.map_or("", crate::model::Kind::word);
        let format = if report.format.is_empty() { "unknown" } else { &report.format };
        [
            code(&report.file),
            format!("{} {kind}", own(format)),
            state_of(report).to_owned(),
            totals_text(&report.totals),
        ]
    });
    table(out, "Reports read", ["File", "Read as", "State", "Content"], rows);
}

fn problem_table(out: &mut String, verdict: &Verdict) {
    let problems = problems(verdict);
    let rows = problems.iter().map(|problem| {
        let what =
            format!("{} <code>{}</code>: {}", problem.weight.word(), problem.code, text(&problem.message));
        [what, place(&problem.origin), text(&problem.help)]
    });
    table(out, "Problems found while reading", ["Problem", "Where", "What to do"], rows);
}

/// A table with a caption; nothing if it has no rows. The cells are HTML already.
pub(super) fn table<const N: usize>(
    out: &mut String,
    caption: &str,
    head: [&str; N],
    rows: impl Iterator<Item = [String; N]>,
) {
    let mut rows = rows.peekable();
    if rows.peek().is_none() {
        return;
    }
    let _infallible = write!(out, "<table class=\"list\">\n<caption>{caption}</caption>\n<thead><tr>");
    for cell in head {
        let _infallible = write!(out, "<th scope=\"col\">{cell}</th>");
    }
    out.push_str("</tr></thead>\n<tbody>\n");
    for row in rows {
        out.push_str("<tr>");
        // The first cell names the row; on a phone the others are told by their label.
        for (index, (cell, label)) in row.into_iter().zip(head).enumerate() {
            let _infallible = match index {
                0 => write!(out, "<th scope=\"row\">{cell}</th>"),
                _ => write!(out, "<td data-label=\"{label}\">{cell}</td>"),
            };
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</tbody>\n</table>\n");
}

/// Where something was set.
pub(super) fn place(origin: &Origin) -> String {
    if origin.file.is_empty() {
        return String::new();
    }
    origin_text(&text(&origin.file), origin.line, origin.column)
}

fn code(value: &Untrusted) -> String {
    format!("<code>{}</code>", text(value))
}

/// Text of a report, in a direction of its own so that it cannot turn the words beside it around.
pub(super) fn text(value: &Untrusted) -> String {
    if value.is_empty() { String::new() } else { format!("<bdi>{}</bdi>", html(value, LONG)) }
}

/// Text of ours that may hold something of a policy.
pub(super) fn own(value: &str) -> String {
    html(&Untrusted::new(value), usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::{Code, Diagnostic, Weight};
    use crate::model::{Effect, PolicyChange, Proposal, fixtures};
    use proptest::prelude::*;
    use quick_xml::Reader;
    use quick_xml::events::Event;

    /// Reads the page as strictly as XML where HTML is laxer, and gives back the names of its elements.
    fn elements(page: &str) -> Vec<String> {
        let body =
            page.split_once("<body>").unwrap().1.split_once("</body>").unwrap().0.replace("<br>", "<br/>");
        let mut reader = Reader::from_str(&body);
        let mut names = Vec::new();
        loop {
            match reader.read_event().unwrap() {
                Event::Start(tag) | Event::Empty(tag) => {
                    names.push(tag.name().as_ref().to_owned());
                }
                Event::Eof => return names,
                _ => {}
            }
        }
    }

    #[test]
    fn a_failing_page_holds_everything() {
        insta::assert_snapshot!(render(&fixtures::failing()).replace(STYLE, "…\n"));
    }

    #[test]
    fn a_proposed_policy_is_shown_with_what_it_would_say() {
        let change = PolicyChange {
            effect: Effect::Laxer,
            what: "coverage.changed.min".to_owned(),
            scope: String::new(),
            before: "80%".to_owned(),
            after: "<b>10%".to_owned(),
            origin: Origin::at("tollgate.yml", 3, 5),
        };
        let proposal = |mistakes: Vec<Diagnostic>| Proposal {
            file: "tollgate.yml".into(),
            changes: vec![change.clone()],
            verdict: Box::new(fixtures::failing()),
            mistakes,
        };
        let page = render(&Verdict { proposal: Some(proposal(Vec::new())), ..fixtures::failing() });
        assert!(page.contains("Under it the verdict would be: Needs changes"), "{page}");
        assert!(page.contains("<code>coverage.changed.min</code>") && page.contains("&lt;b&gt;10%"));
        assert!(page.contains("Every criterion under it"));
        let mistake = Diagnostic::new(Code::BadValue, Weight::Error, "no number", Origin::at("t.yml", 1, 1));
        let page = render(&Verdict { proposal: Some(proposal(vec![mistake])), ..fixtures::failing() });
        assert!(page.contains("What is wrong with the proposed policy") && page.contains("no number"));
        assert!(!page.contains("The proposed policy</h2>"));
    }

    #[test]
    fn the_page_loads_and_runs_nothing() {
        let page =
            render(&fixtures::hostile("<script src=https://evil.example></script><img src=x onerror=y>"));
        assert!(!page.contains("<script") && !page.contains("<img") && !page.contains("<link"));
        assert!(!STYLE.contains("url(") && !STYLE.contains("@import"));
        assert!(page.contains("default-src 'none'"));
    }

    proptest! {
        #[test]
        fn no_text_of_a_report_becomes_an_element(raw in any::<String>()) {
            let plain = elements(&render(&fixtures::hostile("x")));
            let same_shape = Untrusted::new(format!("x{raw}"));
            prop_assert_eq!(elements(&render(&fixtures::hostile(same_shape.raw()))), plain);
        }
    }
}
