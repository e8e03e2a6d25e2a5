//! One static file for thousands of repositories: no script, nothing fetched, light and dark, printable.

use super::{counted, percent, rows, words};
use crate::model::Untrusted;
use crate::records::{Fleet, Repository};
use crate::render::escape::{SHORT, html as escaped};
use crate::render::words::grouped;
use std::fmt::Write as _;

const STYLE: &str = include_str!("fleet.css");

/// The page.
pub fn html(fleet: &Fleet) -> String {
    let mut page = String::with_capacity(2_000 + fleet.repositories.len() * 300);
    let today = fleet.window.today;
    let _infallible = write!(
        page,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <title>Tollgate: {} repositories on {today}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n\
         <h1>{} repositories</h1>\n<p class=\"sub\">{} days up to {today}</p>\n",
        grouped(fleet.repositories.len() as u64),
        grouped(fleet.repositories.len() as u64),
        fleet.window.days
    );
    figures(&mut page, fleet);
    verdicts(&mut page, fleet);
    attention(&mut page, fleet);
    everything(&mut page, fleet);
    page.push_str("</main>\n</body>\n</html>\n");
    page
}

fn figures(page: &mut String, fleet: &Fleet) {
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

fn verdicts(page: &mut String, fleet: &Fleet) {
    let _infallible = writeln!(
        page,
        "<h2>{} verdicts</h2>\n<div class=\"wide\"><table>\n<thead><tr><th scope=\"col\"><span class=\"hidden\">Figure</span></th>\
         <th scope=\"col\" class=\"number\">Owners</th><th scope=\"col\" class=\"number\">External contributors</th></tr></thead>\n<tbody>",
        grouped(fleet.verdicts.total())
    );
    for (word, owners, external) in rows(fleet) {
        let _infallible = writeln!(
            page,
            "<tr><th scope=\"row\">{word}</th><td class=\"number\">{owners}</td><td class=\"number\">{external}</td></tr>"
        );
    }
    page.push_str("</tbody>\n</table></div>\n");
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

fn attention(page: &mut String, fleet: &Fleet) {
    let wanting: Vec<&Repository> =
        fleet.repositories.iter().filter(|repository| !repository.attention.is_empty()).collect();
    let _infallible = writeln!(page, "<h2>Needs attention ({})</h2>", grouped(wanting.len() as u64));
    if wanting.is_empty() {
        page.push_str("<p>No repository needs somebody.</p>\n");
        return;
    }
    page.push_str(
        "<div class=\"wide\"><table class=\"list\">\n<thead><tr><th scope=\"col\">Why</th><th scope=\"col\">Repository</th>\
         <th scope=\"col\">What</th><th scope=\"col\">Owners</th></tr></thead>\n<tbody>\n",
    );
    for repository in wanting {
        for why in &repository.attention {
            let what = words(why, fleet, |text| escaped(text, SHORT));
            let _infallible = writeln!(
                page,
                "<tr><td class=\"why\">{}</td><th scope=\"row\">{}</th><td>{what}</td><td>{}</td></tr>",
                why.word(),
                escaped(&Untrusted::new(repository.name.as_str()), SHORT),
                escaped(&repository.owners, SHORT)
            );
        }
    }
    page.push_str("</tbody>\n</table></div>\n");
}

fn everything(page: &mut String, fleet: &Fleet) {
    page.push_str(
        "<h2>All repositories</h2>\n<p>By what needs attention and by name, never by how good. Rates of fewer than five \
         pull requests are not given.</p>\n<div class=\"wide\"><table class=\"list\">\n<thead><tr>\
         <th scope=\"col\">Repository</th><th scope=\"col\">Owners</th><th scope=\"col\" class=\"number\">Verdicts</th>\
         <th scope=\"col\" class=\"number\">Passed</th><th scope=\"col\" class=\"number\">No verdict</th>\
         <th scope=\"col\">Last verdict</th><th scope=\"col\">Attention</th></tr></thead>\n<tbody>\n",
    );
    for repository in &fleet.repositories {
        let all = repository.verdicts.total();
        let rate = |part: u64| if repository.is_large_enough() { percent(part, all) } else { String::new() };
        let mut why: Vec<&str> = repository.attention.iter().map(crate::records::Attention::word).collect();
        why.dedup();
        let last = repository.last.map_or("never".to_owned(), |day| day.to_string());
        let _infallible = writeln!(
            page,
            "<tr><th scope=\"row\">{}</th><td>{}</td><td class=\"number\" data-of=\"verdicts\">{}</td><td class=\"number\" data-of=\"passed\">{}</td>\
             <td class=\"number\" data-of=\"no verdict\">{}</td><td class=\"day\">{last}</td><td>{}</td></tr>",
            escaped(&Untrusted::new(repository.name.as_str()), SHORT),
            escaped(&repository.owners, SHORT),
            grouped(all),
            rate(repository.verdicts.passed),
            rate(repository.verdicts.no_verdict),
            why.join(", ")
        );
    }
    page.push_str("</tbody>\n</table></div>\n");
}
