//! All repositories that somebody may read: what needs attention first.

use super::{Paging, Viewer, counted, files, linked, merged, shell};
use crate::records::{Attention, Fleet, MergedAway, Repository};
use crate::render::escape::address_part;
use crate::render::fleet::{attention_table, everything, figures, verdict_table};
use crate::render::html::own;
use crate::render::words::grouped;
use std::fmt::Write as _;

/// What is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OverviewQuery {
    /// Only this kind of attention, by its word.
    pub why: String,
    /// Only repositories whose name holds this.
    pub name: String,
    /// Which page; 0 and 1 are the first.
    pub page: usize,
}

/// The kinds of attention, in the order in which they stand.
const KINDS: [&str; 5] = ["silent", "below floor", "broken base", "no verdict", "exception"];

/// What the first page is made of.
#[derive(Clone, Copy, Debug)]
pub struct Overview<'o> {
    /// The figures.
    pub fleet: &'o Fleet,
    /// What was merged while the gate was away.
    pub merged: &'o [MergedAway],
    /// Of how many days.
    pub days: u32,
    /// What is not counted, in words.
    pub left_out: &'o str,
}

/// The page that everybody begins with.
pub fn overview(viewer: &Viewer, page: &Overview<'_>, query: &OverviewQuery) -> String {
    let Overview { fleet, merged, days, left_out } = *page;
    let lines: Vec<(&Repository, &Attention)> = fleet
        .repositories
        .iter()
        .flat_map(|repository| repository.attention.iter().map(move |why| (repository, why)))
        .collect();
    let all = fleet.repositories.len();
    let mut out = format!(
        "<h1>{}</h1>\n<p class=\"sub\">{} up to {}</p>\n",
        counted(all, "repository", "repositories"),
        counted(fleet.window.days as usize, "day", "days"),
        fleet.window.today
    );
    figures(&mut out, fleet);
    if !left_out.is_empty() {
        let _infallible = writeln!(out, "<p>{}</p>", own(left_out));
    }
    merged::section(&mut out, merged, days, "", false);
    out.push_str("<h2>Needs attention</h2>\n");
    choices(&mut out, &lines, &query.why);
    let shown: Vec<_> =
        lines.iter().filter(|(_, why)| query.why.is_empty() || why.word() == query.why).copied().collect();
    let paging = Paging::new(query.page, shown.len());
    attention_table(&mut out, fleet, paging.of(&shown), &linked);
    let address = match query.why.as_str() {
        "" => "/?".to_owned(),
        why => format!("/?why={}&", address_part(why)),
    };
    paging.links(&mut out, &address);
    verdict_table(&mut out, fleet);
    files(&mut out, "/overview.csv", "/overview.json");
    shell(viewer, "Overview", "", &out)
}

fn choices(out: &mut String, lines: &[(&Repository, &Attention)], chosen: &str) {
    if lines.is_empty() {
        return;
    }
    out.push_str("<ul class=\"choices\">\n");
    for kind in std::iter::once("").chain(KINDS) {
        let count = lines.iter().filter(|(_, why)| kind.is_empty() || why.word() == kind).count();
        if count == 0 {
            continue;
        }
        let (address, shown) = match kind {
            "" => ("/".to_owned(), "all"),
            kind => (format!("/?why={}", address_part(kind)), kind),
        };
        let current = if kind == chosen { " aria-current=\"true\"" } else { "" };
        let _infallible =
            writeln!(out, "<li><a href=\"{address}\"{current}>{shown} {}</a></li>", grouped(count as u64));
    }
    out.push_str("</ul>\n");
}

/// All repositories by name.
pub fn repositories(viewer: &Viewer, fleet: &Fleet, query: &OverviewQuery) -> String {
    let wanted = query.name.to_lowercase();
    let mut shown: Vec<&Repository> = fleet
        .repositories
        .iter()
        .filter(|repository| repository.name.to_lowercase().contains(&wanted))
        .collect();
    shown.sort_by_key(|repository| repository.name.to_lowercase());
    let mut out = format!(
        "<h1>{}</h1>\n<p class=\"sub\">By name, with the verdicts of {} up to {}</p>\n\
         <form class=\"find\" action=\"/repositories\" method=\"get\"><label for=\"name\">Name holds</label>\
         <input id=\"name\" name=\"name\" maxlength=\"200\" value=\"{}\"><button type=\"submit\">Filter</button></form>\n",
        counted(shown.len(), "repository", "repositories"),
        counted(fleet.window.days as usize, "day", "days"),
        fleet.window.today,
        own(&query.name)
    );
    let paging = Paging::new(query.page, shown.len());
    if shown.is_empty() {
        out.push_str("<p>No repository that you may read has such a name.</p>\n");
    } else {
        everything(&mut out, paging.of(&shown), &linked);
    }
    paging.links(&mut out, &format!("/repositories?name={}&", address_part(&query.name)));
    files(&mut out, "/overview.csv", "/overview.json");
    shell(viewer, "Repositories", "", &out)
}
