//! One static file for thousands of repositories: no script, nothing fetched, light and dark, printable.

use super::{attention_words, counted, percent, rows};
use crate::model::Untrusted;
use crate::records::{Attention, Fleet, Repository};
use crate::render::escape::{SHORT, html as escaped};
use crate::render::html::document;
use crate::render::words::grouped;
use std::fmt::Write as _;

/// The page.
pub fn html(fleet: &Fleet) -> String {
    let mut page = String::with_capacity(2_000 + fleet.repositories.len() * 300);
    let today = fleet.window.today;
    let all = grouped(fleet.repositories.len() as u64);
    let _infallible = write!(
        page,
        "<h1>{all} repositories</h1>\n<p class=\"sub\">{} days up to {today}</p>\n",
        fleet.window.days
    );
    figures(&mut page, fleet);
    verdicts(&mut page, fleet);
    let lines: Vec<_> = fleet
        .repositories
        .iter()
        .flat_map(|repository| repository.attention.iter().map(move |why| (repository, why)))
        .collect();
    let wanting = fleet.repositories.iter().filter(|repository| !repository.attention.is_empty()).count();
    let _infallible = writeln!(page, "<h2>Needs attention ({})</h2>", grouped(wanting as u64));
    attention(&mut page, fleet, &lines, &named);
    page.push_str(
        "<h2>All repositories</h2>\n<p>By what needs attention and by name, never by how good. Rates of fewer than five \
         pull requests are not given.</p>\n",
    );
    everything(&mut page, &fleet.repositories.iter().collect::<Vec<_>>(), &named);
    document(&format!("Tollgate: {all} repositories on {today}"), &page)
}

/// The name of a repository, without a link.
fn named(name: &str) -> String {
    escaped(&Untrusted::new(name), SHORT)
}

/// How many repositories report, are silent and need somebody.
pub(in crate::render) fn figures(page: &mut String, fleet: &Fleet) {
    let all = fleet.repositories.len() as u64;
    let reporting = fleet.reporting();
    let wanting =
        fleet.repositories.iter().filter(|repository| !repository.attention.is_empty()).count() as u64;
    page.push_str("<ul class=\"figures\">\n");
    for (number, what) in [
        (reporting, "reporting"),
        (all - reporting, "silent"),
        (wanting, if wanting == 1 { "needs attention" } else { "need attention" }),
        (fleet.exceptions, if fleet.exceptions == 1 { "exception" } else { "exceptions" }),
        (fleet.ending, if fleet.ending == 1 { "ends within 14 days" } else { "end within 14 days" }),
    ] {
        let _infallible = writeln!(page, "<li><b>{}</b> {what}</li>", grouped(number));
    }
    page.push_str("</ul>\n");
    if fleet.left_out > 0 {
        let _infallible = writeln!(
            page,
            "<p>{} records were left out: without a date, or contradicting themselves.</p>",
            grouped(fleet.left_out)
        );
    }
}

/// How verdicts come out for owners and for external contributors.
pub(in crate::render) fn verdicts(page: &mut String, fleet: &Fleet) {
    let _infallible = writeln!(
        page,
        "<h2>{} verdicts</h2>\n<table>\n<thead><tr><th scope=\"col\"><span class=\"hidden\">Figure</span></th>\
         <th scope=\"col\" class=\"number\">Owners</th><th scope=\"col\" class=\"number\">External contributors</th></tr></thead>\n<tbody>",
        grouped(fleet.verdicts.total())
    );
    for (word, owners, external) in rows(fleet) {
        let _infallible = writeln!(
            page,
            "<tr><th scope=\"row\">{word}</th><td class=\"number\">{owners}</td><td class=\"number\">{external}</td></tr>"
        );
    }
    page.push_str("</tbody>\n</table>\n");
    if let Some((repositories, verdicts)) = fleet.worst {
        let share = verdicts * 100 / fleet.verdicts.no_verdict.max(1);
        let many = if repositories == 1 {
            "1 repository causes".to_owned()
        } else {
            format!("{} repositories cause", grouped(repositories))
        };
        let _infallible = writeln!(page, "<p>{many} {share}% of the missing verdicts.</p>");
    }
    if fleet.neither > 0 {
        let _infallible = writeln!(
            page,
            "<p>Not in a column: {} on changes of bots, or of nobody known.</p>",
            counted(fleet.neither, "verdict", "verdicts")
        );
    }
}

/// Why repositories need somebody; `name` makes HTML of a repository's name.
pub(in crate::render) fn attention(
    page: &mut String,
    fleet: &Fleet,
    lines: &[(&Repository, &Attention)],
    name: &dyn Fn(&str) -> String,
) {
    if lines.is_empty() {
        page.push_str("<p>No repository needs somebody.</p>\n");
        return;
    }
    page.push_str(
        "<table class=\"list\">\n<caption class=\"hidden\">What needs attention</caption>\n<thead><tr>\
         <th scope=\"col\">Repository</th><th scope=\"col\">Why</th><th scope=\"col\">What</th>\
         <th scope=\"col\">Owners</th></tr></thead>\n<tbody>\n",
    );
    for (repository, why) in lines {
        let what = attention_words(why, fleet, |text| escaped(text, SHORT));
        let _infallible = writeln!(
            page,
            "<tr><th scope=\"row\">{}</th><td class=\"why\">{}</td><td>{what}</td><td data-label=\"Owners\">{}</td></tr>",
            name(&repository.name),
            why.word(),
            escaped(&repository.owners, SHORT)
        );
    }
    page.push_str("</tbody>\n</table>\n");
}

/// One row a repository; `name` makes HTML of its name.
pub(in crate::render) fn everything(
    page: &mut String,
    repositories: &[&Repository],
    name: &dyn Fn(&str) -> String,
) {
    page.push_str(
        "<table class=\"list\">\n<caption class=\"hidden\">Repositories</caption>\n<thead><tr>\
         <th scope=\"col\">Repository</th><th scope=\"col\">Owners</th><th scope=\"col\" class=\"number\">Verdicts</th>\
         <th scope=\"col\" class=\"number\">Passed</th><th scope=\"col\" class=\"number\">No verdict</th>\
         <th scope=\"col\">Last verdict</th><th scope=\"col\">Attention</th></tr></thead>\n<tbody>\n",
    );
    for repository in repositories {
        let all = repository.verdicts.total();
        let rate = |part: u64| if repository.is_large_enough() { percent(part, all) } else { String::new() };
        let mut why: Vec<&str> = repository.attention.iter().map(Attention::word).collect();
        why.dedup();
        let last = repository.last.map_or("never".to_owned(), |day| day.to_string());
        let _infallible = writeln!(
            page,
            "<tr><th scope=\"row\">{}</th><td data-label=\"Owners\">{}</td><td class=\"number\" data-label=\"Verdicts\">{}</td>\
             <td class=\"number\" data-label=\"Passed\">{}</td><td class=\"number\" data-label=\"No verdict\">{}</td>\
             <td class=\"day\" data-label=\"Last verdict\">{last}</td><td data-label=\"Attention\">{}</td></tr>",
            name(&repository.name),
            escaped(&repository.owners, SHORT),
            grouped(all),
            rate(repository.verdicts.passed),
            rate(repository.verdicts.no_verdict),
            why.join(", ")
        );
    }
    page.push_str("</tbody>\n</table>\n");
}
