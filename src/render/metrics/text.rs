//! The figures for a terminal.

use super::{GATE_ROWS, advice, gate_cells, left_out_words, share_words, unit_words};
use crate::metrics::{Companions, Contribution, RepositoryFigures, TOO_FEW, Window, share_of};
use crate::model::Untrusted;
use crate::render::escape::{Charset, SHORT};
use crate::render::terminal::{Page, Style};

/// Columns of the bar of a month.
const BAR: u64 = 30;

/// The figures of one repository in full, or one line for each of several.
pub fn text(repositories: &[RepositoryFigures], style: Style) -> String {
    let mut page = Page::new(style);
    match repositories {
        [] => page.line("no repository and no record was found"),
        [one] => single(&mut page, one, style),
        many => several(&mut page, many),
    }
    page.finish()
}

fn window_words(window: Window) -> String {
    format!("{} to {}", window.from, window.until)
}

fn single(page: &mut Page, figures: &RepositoryFigures, style: Style) {
    let name = page.text(&figures.name, 60);
    let head = format!("{name}   {}   {}", window_words(figures.window), unit_words(figures.unit));
    page.wrapped("", 2, &head);
    page.blank();
    page.pair("external share", 16, &share_words(figures.share));
    let estimated = figures.share.total().saturating_sub(figures.on_the_day);
    let classed =
        format!("{} by the gate on the day, {estimated} estimated from the history", figures.on_the_day);
    page.pair("classed", 16, &classed);
    page.pair("left out", 16, &joined(left_out_words(figures)));
    if let Some(cut) = figures.cut_at {
        page.pair("note", 16, &format!("the clone is shallow and begins on {cut}: fetch the whole history"));
    }
    for words in advice(figures) {
        page.pair("help", 16, words);
    }
    months(page, figures, style);
    if let Some(gate) = &figures.gate {
        companions(page, gate);
    }
}

fn joined(words: Vec<String>) -> String {
    if words.is_empty() { "nothing".to_owned() } else { words.join(", ") }
}

/// A bar a month: the share of the full width that is external.
fn months(page: &mut Page, figures: &RepositoryFigures, style: Style) {
    if figures.share.total() == 0 {
        return;
    }
    page.section("by month");
    let (full, empty) = match style.charset {
        Charset::Unicode => ("█", "·"),
        Charset::Ascii => ("#", "."),
    };
    for period in &figures.months {
        let share = period.share;
        let bar = match share.ratio() {
            Some(ratio) => {
                let filled = ratio.part.saturating_mul(BAR) / ratio.whole.max(1);
                let count = |columns: u64| usize::try_from(columns).unwrap_or_default();
                format!("{}{}", full.repeat(count(filled)), empty.repeat(count(BAR - filled)))
            }
            None => format!("{:<30}", if share.total() == 0 { "" } else { "too few" }),
        };
        page.line(&format!("  {}  {bar}  {} of {}", period.month, share.external, share.total()));
    }
}

fn companions(page: &mut Page, gate: &Companions) {
    page.section("at the gate");
    let (external, owners) = (gate_cells(&gate.external), gate_cells(&gate.owners));
    page.line(&format!("{:<40}{:<22}owners", "", "external"));
    for ((row, external), owners) in GATE_ROWS.iter().zip(&external).zip(&owners) {
        if external.chars().count() > 20 {
            page.line(&format!("  {row:<38}{external}"));
            page.line(&format!("{:62}{owners}", ""));
        } else {
            page.line(&format!("  {row:<38}{external:<22}{owners}"));
        }
    }
    if gate.left_out > 0 {
        page.wrapped(
            "  ",
            4,
            &format!("left out: {} pull requests by bots or people of unknown class", gate.left_out),
        );
    }
}

fn several(page: &mut Page, repositories: &[RepositoryFigures]) {
    let Some(first) = repositories.first() else { return };
    let head = format!(
        "{} repositories   {}   {}",
        repositories.len(),
        window_words(first.window),
        unit_words(first.unit)
    );
    page.wrapped("", 2, &head);
    page.blank();
    for figures in repositories {
        let name = page.text(&figures.name, 60);
        let mut words = share_words(figures.share);
        let left_out = left_out_words(figures);
        if !left_out.is_empty() {
            words = format!("{words}; left out {}", left_out.join(", "));
        }
        page.pair(&name, 28, &words);
    }
    let all = share_of(repositories);
    let few = repositories.iter().filter(|one| one.share.ratio().is_none()).count();
    page.blank();
    page.line(&format!("all together: {}", share_words(all)));
    if few > 0 {
        let words =
            format!("{few} of {} repositories have fewer than {TOO_FEW} contributions", repositories.len());
        page.wrapped("", 2, &words);
    }
    page.wrapped("", 2, "one repository in full: `tollgate metrics <its directory>`");
}

/// Merged contributions of external people, for somebody who wants to thank them: what and where, never who.
pub fn thanks(window: Window, lists: &[(Untrusted, Vec<Contribution>)], style: Style) -> String {
    let mut page = Page::new(style);
    page.line(&format!("merged from outside of the owning teams, {}", window_words(window)));
    let mut any = false;
    for (name, contributions) in lists.iter().filter(|(_, contributions)| !contributions.is_empty()) {
        any = true;
        let name = page.text(name, 60);
        page.section(&name);
        for contribution in contributions {
            let number = contribution.number.map_or(String::new(), |number| format!("#{number} "));
            let title = page.text(&contribution.title, SHORT);
            page.wrapped("  ", 4, &format!("{number}{title}"));
        }
    }
    if !any {
        page.blank();
        page.line("nothing");
    }
    page.finish()
}
