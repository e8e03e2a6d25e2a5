//! One repository: what is the matter, how it went, what is asked of it, what is lifted, and its verdicts.

use super::trend::trends;
use super::{Paging, Viewer, counted, files, merged, repository_address, shell, verdict_table};
use crate::model::{Date, Untrusted, Verdict};
use crate::records::{Fleet, Lifted, Listed, MergedAway, Point, Repository};
use crate::render::escape::{SHORT, html};
use crate::render::fleet::attention_words;
use crate::render::html::{criteria, own, table, text};
use std::fmt::Write as _;

/// All that is shown of a repository.
#[derive(Clone, Copy, Debug)]
pub struct RepositoryPage<'r> {
    /// The figures of the repository alone.
    pub fleet: &'r Fleet,
    /// Its row in them.
    pub repository: &'r Repository,
    /// Its newest verdict; `None` if there is none, or it cannot be read.
    pub newest: Option<&'r Verdict>,
    /// Exceptions in use, with the day on which they end.
    pub lifted: &'r [Lifted],
    /// What its last verdicts measured, oldest first.
    pub points: &'r [Point],
    /// What was merged while the gate was away, in as many days as the verdicts.
    pub merged: &'r [MergedAway],
    /// Its verdicts, newest first.
    pub verdicts: &'r [Listed],
    /// Of how many days these are.
    pub days: u32,
    /// Which page of them.
    pub page: usize,
}

/// The page of a repository.
pub fn repository(viewer: &Viewer, page: &RepositoryPage<'_>) -> String {
    let name = &page.repository.name;
    let mut out = format!("<h1>{}</h1>\n", html(&Untrusted::new(name.as_str()), SHORT));
    facts(&mut out, page.repository);
    let address = repository_address(name);
    merged::section(&mut out, page.merged, page.days, &address, true);
    out.push_str("<h2>Needs attention</h2>\n");
    if page.repository.attention.is_empty() {
        out.push_str("<p>Nothing.</p>\n");
    } else {
        out.push_str("<ul>\n");
        for why in &page.repository.attention {
            let what = attention_words(why, page.fleet, |text| html(text, SHORT));
            let _infallible = writeln!(out, "<li><strong>{}</strong>: {what}</li>", why.word());
        }
        out.push_str("</ul>\n");
    }
    trends(&mut out, page.points);
    out.push_str("<h2>Rules</h2>\n");
    match page.newest {
        Some(verdict) => {
            out.push_str("<p>As the newest verdict had them, with where each was set.</p>\n");
            criteria(&mut out, verdict);
        }
        None => out.push_str("<p>No verdict that can be read says which rules hold here.</p>\n"),
    }
    out.push_str("<h2>Waivers and quarantine in use</h2>\n");
    waivers(&mut out, page.lifted, page.fleet.window.today);
    let _infallible = writeln!(
        out,
        "<h2>{} in {} days</h2>",
        counted(page.verdicts.len(), "verdict", "verdicts"),
        page.days
    );
    let paging = Paging::new(page.page, page.verdicts.len());
    let shown: Vec<&Listed> = paging.of(page.verdicts).iter().collect();
    if shown.is_empty() {
        out.push_str("<p>None yet: the check appears with the next pull request.</p>\n");
    } else {
        verdict_table(&mut out, "Verdicts, newest first", &shown, false);
    }
    paging.links(&mut out, &format!("{address}?"));
    files(&mut out, &format!("{address}/verdicts.csv"), &format!("{address}/verdicts.json"));
    shell(viewer, name, "", &out)
}

fn facts(out: &mut String, repository: &Repository) {
    let last = repository.last.map_or("never".to_owned(), |day| day.to_string());
    out.push_str("<dl>\n");
    for (key, value) in [
        ("Owners", text(&repository.owners)),
        ("Policy", text(&repository.policy)),
        ("Last verdict", own(&last)),
    ] {
        if !value.is_empty() {
            let _infallible = writeln!(out, "<dt>{key}</dt><dd>{value}</dd>");
        }
    }
    out.push_str("</dl>\n");
}

fn waivers(out: &mut String, lifted: &[Lifted], today: Date) {
    let rows = lifted.iter().map(|lifted| {
        let days = lifted.until.days().checked_sub(today.days());
        let left = match days {
            None => "ended".to_owned(),
            Some(0) => "today".to_owned(),
            Some(days) => counted(days as usize, "day", "days"),
        };
        let what = if lifted.what.is_empty() { "the whole rule".to_owned() } else { text(&lifted.what) };
        [own(&lifted.rule), what, lifted.until.to_string(), left]
    });
    if lifted.is_empty() {
        out.push_str("<p>None was used by a verdict of these days.</p>\n");
    }
    table(out, "Exceptions by their end", ["Rule", "What it lifts", "Last day", "Left"], rows);
}
