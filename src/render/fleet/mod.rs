//! Many repositories on one page: what needs somebody comes first. Text here, [`csv`] and [`html`] beside it.
//!
//! No person is named and no team is ranked; rates of fewer than five pull requests are not given.

mod csv;
mod html;

pub use csv::csv;
pub use html::html;
pub(super) use html::{attention as attention_table, everything, figures, verdicts as verdict_table};

use super::escape::SHORT;
use super::terminal::{Page, Style};
use super::words::grouped;
use crate::model::Untrusted;
use crate::records::{Attention, Column, Counts, Fleet, Repository};

/// So many lines of attention stand on the short page.
const MOST_LINES: usize = 15;

/// How much the page shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// The first lines.
    Short,
    /// Every repository that needs attention.
    All,
}

/// The text of `tollgate fleet report`.
pub fn text(fleet: &Fleet, extent: Extent, style: Style) -> String {
    let mut page = Page::new(style);
    header(&mut page, fleet);
    page.blank();
    verdicts(&mut page, fleet);
    attention(&mut page, fleet, extent);
    page.finish()
}

fn header(page: &mut Page, fleet: &Fleet) {
    let all = fleet.repositories.len() as u64;
    let reporting = fleet.reporting();
    let mut parts = vec![
        format!("{} repositories", grouped(all)),
        format!("{} reporting", grouped(reporting)),
        format!("{} silent for {} days or more", grouped(all - reporting), fleet.window.days),
        format!(
            "{}, {} within 14 days",
            counted(fleet.exceptions, "exception", "exceptions"),
            counted(fleet.ending, "ends", "end")
        ),
    ];
    if fleet.left_out > 0 {
        parts.push(format!(
            "{} records left out: without a date, or contradicting themselves",
            grouped(fleet.left_out)
        ));
    }
    page.wrapped("", 2, &parts.join("   "));
}

fn verdicts(page: &mut Page, fleet: &Fleet) {
    let days = fleet.window.days;
    let title = format!("verdicts, {days} days ({})", grouped(fleet.verdicts.total()));
    page.line(&format!("{title:32}{:>8}   {:>21}", "owners", "external contributors"));
    for (word, owners, external) in rows(fleet) {
        let mark = match (word, fleet.worst) {
            ("no verdict (not their fault)", Some((repositories, verdicts))) => {
                let share = verdicts * 100 / fleet.verdicts.no_verdict.max(1);
                let many = if repositories == 1 {
                    "1 repository causes".to_owned()
                } else {
                    format!("{repositories} repositories cause")
                };
                format!("   <- {many} {share}%")
            }
            _ => String::new(),
        };
        let row = format!("  {word:30}{owners:>8}   {external:>21}");
        if row.len() + mark.len() <= 80 {
            page.line(&format!("{row}{mark}"));
        } else {
            page.line(&row);
            page.line(&format!("  {mark}"));
        }
    }
    if fleet.neither > 0 {
        let text = format!(
            "not in a column: {} on changes of bots, or of nobody known",
            counted(fleet.neither, "verdict", "verdicts")
        );
        page.wrapped("  ", 4, &text);
    }
}

/// The table of verdicts: what, owners, external contributors.
fn rows(fleet: &Fleet) -> [(&'static str, String, String); 5] {
    let share = |column: &Column, part: fn(&Counts) -> u64| {
        if column.is_large_enough() {
            percent(part(&column.verdicts), column.verdicts.total())
        } else {
            TOO_FEW.to_owned()
        }
    };
    let both = |part: fn(&Counts) -> u64| (share(&fleet.owners, part), share(&fleet.external, part));
    let first = |column: &Column| {
        if column.begun >= 5 { percent(column.first_attempt, column.begun) } else { TOO_FEW.to_owned() }
    };
    let time = |column: &Column| column.median_seconds.map_or(TOO_FEW.to_owned(), duration);
    let (passed, needs, none) = (both(|c| c.passed), both(|c| c.needs_changes), both(|c| c.no_verdict));
    [
        ("passed", passed.0, passed.1),
        ("needs changes", needs.0, needs.1),
        ("no verdict (not their fault)", none.0, none.1),
        ("passed at first attempt", first(&fleet.owners), first(&fleet.external)),
        ("median time to pass, if not", time(&fleet.owners), time(&fleet.external)),
    ]
}

const TOO_FEW: &str = "too few";

fn counted(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", grouped(number), if number == 1 { one } else { many })
}

/// One decimal, rounded down.
fn percent(part: u64, whole: u64) -> String {
    match (u128::from(part) * 1_000).checked_div(u128::from(whole)) {
        Some(thousandths) => format!("{}.{}%", thousandths / 10, thousandths % 10),
        None => "-".to_owned(),
    }
}

/// `41 min`, `3 h 05 min`, `2 d 3 h`.
fn duration(seconds: u64) -> String {
    let minutes = seconds / 60;
    match (minutes / 60, minutes % 60) {
        (0, minutes) => format!("{minutes} min"),
        (hours, minutes) if hours < 48 => format!("{hours} h {minutes:02} min"),
        (hours, _) => format!("{} d {} h", hours / 24, hours % 24),
    }
}

fn attention(page: &mut Page, fleet: &Fleet, extent: Extent) {
    let wanting: Vec<&Repository> =
        fleet.repositories.iter().filter(|repository| !repository.attention.is_empty()).collect();
    let lines: Vec<(&Repository, &Attention)> = wanting
        .iter()
        .flat_map(|repository| repository.attention.iter().map(|why| (*repository, why)))
        .collect();
    let all = grouped(fleet.repositories.len() as u64);
    if lines.is_empty() {
        page.section(&format!("needs attention: none of {all} repositories"));
        return;
    }
    let shown = if extent == Extent::All { lines.len() } else { lines.len().min(MOST_LINES) };
    let hint = if shown < lines.len() { "; all: --all, --csv, --html" } else { "" };
    page.section(&format!("needs attention ({} of {all} repositories{hint})", grouped(wanting.len() as u64)));
    for (repository, why) in lines.iter().take(shown) {
        let name = page.text(&Untrusted::new(repository.name.as_str()), SHORT);
        let what = attention_words(why, fleet, |text| page.text(text, SHORT));
        page.pair(&format!("{:11} {name}", why.word()), 32, &what);
    }
    if shown < lines.len() {
        page.line(&format!("  and {} more", grouped((lines.len() - shown) as u64)));
    }
}

/// What is the matter, with the text of records escaped by `shown`.
pub(super) fn attention_words(
    why: &Attention,
    fleet: &Fleet,
    shown: impl Fn(&Untrusted) -> String,
) -> String {
    let today = fleet.window.today;
    match why {
        Attention::Silent { since: None } => "no verdict was ever recorded".to_owned(),
        Attention::Silent { since: Some(day) } => {
            format!("no verdict since {day}, {} days", today.days().saturating_sub(day.days()))
        }
        Attention::BelowFloor { what } => shown(what),
        Attention::BrokenBase { test, since, pull_requests } => {
            let days = u64::from(today.days().saturating_sub(since.days())) + 1;
            let hit = if *pull_requests >= 5 {
                format!(", hit {pull_requests} pull requests")
            } else {
                String::new()
            };
            let days = counted(days, "day", "days");
            format!("{} fails on the base since {since} ({days}){hit}", shown(test))
        }
        Attention::NoVerdict { rule, reason, verdicts, of } => {
            let reason = if reason.is_empty() { String::new() } else { format!(": {}", shown(reason)) };
            let share = if *of >= 5 {
                format!("{} of verdicts", percent(*verdicts, *of))
            } else {
                "some verdicts".to_owned()
            };
            format!("{share} are none; most often {}{reason}", shown(&Untrusted::new(rule.as_str())))
        }
        Attention::Ending { lifted } => {
            let what =
                if lifted.what.is_empty() { String::new() } else { format!(" for {}", shown(&lifted.what)) };
            let rule = shown(&Untrusted::new(lifted.rule.as_str()));
            format!("of {rule}{what} ends {}", lifted.until)
        }
    }
}

/// The text of `tollgate fleet audit`: every repository that is silent, below a floor, or lives by an exception.
pub fn audit(fleet: &Fleet, style: Style) -> String {
    let mut page = Page::new(style);
    header(&mut page, fleet);
    let found: Vec<(&Repository, &Attention)> = findings(fleet).collect();
    let all = grouped(fleet.repositories.len() as u64);
    if found.is_empty() {
        page.section(&format!("audit: nothing to find in {all} repositories"));
        return page.finish();
    }
    page.section(&format!(
        "audit: {} in {all} repositories",
        if found.len() == 1 {
            "1 finding".to_owned()
        } else {
            format!("{} findings", grouped(found.len() as u64))
        }
    ));
    for (repository, why) in found {
        let name = page.text(&Untrusted::new(repository.name.as_str()), SHORT);
        let what = attention_words(why, fleet, |text| page.text(text, SHORT));
        page.pair(&format!("{:11} {name}", why.word()), 32, &what);
        let policy = page.text(&repository.policy, SHORT);
        if !policy.is_empty() {
            page.wrapped_at(36, &format!("policy: {policy}"));
        }
    }
    page.finish()
}

/// What an auditor asks for: silence, values below a floor, exceptions that end. How the tests go is no finding.
pub fn findings(fleet: &Fleet) -> impl Iterator<Item = (&Repository, &Attention)> {
    let all = fleet
        .repositories
        .iter()
        .flat_map(|repository| repository.attention.iter().map(move |why| (repository, why)));
    all.filter(|(_, why)| {
        matches!(why, Attention::Silent { .. } | Attention::BelowFloor { .. } | Attention::Ending { .. })
    })
}

#[cfg(test)]
mod tests;
