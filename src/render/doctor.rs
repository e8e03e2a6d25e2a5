//! The page of `tollgate doctor`.

use super::terminal::{Page, Style};
use crate::setup::doctor::{Examined, Finding, Level};

/// What was examined, in words of the caller: the repository and where its files were read.
pub fn render(examined: &Examined, title: &str, style: Style) -> String {
    let mut page = Page::new(style);
    let title = page.own(title);
    page.wrapped_at(0, &format!("tollgate doctor   {title}"));
    for finding in &examined.findings {
        page.blank();
        show(&mut page, finding);
    }
    if !examined.unseen.is_empty() {
        page.section("Not looked at");
        for unseen in &examined.unseen {
            let text = page.own(&format!("{}: {}", unseen.what, unseen.why));
            page.wrapped("  ????  ", 8, &text);
        }
    }
    if !examined.fine.is_empty() {
        page.section("As it should be");
        let mut fine = examined.fine.clone();
        fine.sort_unstable();
        fine.dedup();
        for what in fine {
            page.wrapped("  ok    ", 8, what);
        }
    }
    page.blank();
    page.wrapped_at(0, &last_line(examined));
    page.finish()
}

fn show(page: &mut Page, finding: &Finding) {
    let mark = match finding.level {
        Level::Problem => "  FAIL  ",
        Level::Advice => "  warn  ",
    };
    page.wrapped(mark, 8, finding.code);
    let what = page.own(&finding.what);
    page.wrapped_at(8, &what);
    if let Some(place) = &finding.place {
        let place = page.own(&format!("--> {}:{}", place.file, place.line));
        page.wrapped_at(8, &place);
    }
    let fix = page.own(&finding.fix);
    page.wrapped_at(8, &format!("fix: {fix}"));
}

fn last_line(examined: &Examined) -> String {
    let problems = examined.problems();
    let advice = examined.findings.len() - problems;
    let count =
        |number: usize, one: &str, many: &str| format!("{number} {}", if number == 1 { one } else { many });
    let mut parts = Vec::new();
    if problems > 0 {
        parts.push(count(problems, "problem", "problems"));
    }
    if advice > 0 {
        parts.push(count(advice, "piece of advice", "pieces of advice"));
    }
    if !examined.unseen.is_empty() {
        parts.push(format!("{} not looked at", examined.unseen.len()));
    }
    if parts.is_empty() { "Nothing to mend.".to_owned() } else { format!("{}.", parts.join(", ")) }
}
