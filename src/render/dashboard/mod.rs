//! The pages of the service: what needs somebody first, then a repository, then a verdict that explains itself.
//!
//! Pure functions from figures to HTML. No script is needed and none is there; nothing is loaded but one style sheet
//! of ours. Everything that comes from a record goes through the escapers.

mod merged;
mod overview;
mod repository;
mod search;
mod trend;
mod verdict;

#[cfg(test)]
mod tests;

pub use merged::merged_csv;
pub use overview::{Overview, OverviewQuery, overview, repositories};
pub use repository::{RepositoryPage, repository};
pub use search::{Found, search};
pub use verdict::{VerdictPage, outcomes_csv, verdict};

use super::escape::{SHORT, address_part, csv_field, html};
use super::html::own;
use super::words::{grouped, verdict_words};
use crate::model::{Untrusted, VerdictKind};
use crate::records::Listed;
use std::fmt::Write as _;

/// Where the style sheet is served.
pub const STYLESHEET: &str = "/assets/page.css";

/// So many rows stand on a page of a list.
pub const ROWS: usize = 50;

/// How long a commit is shown.
const COMMIT: usize = 10;

/// The style sheet of all pages.
pub fn stylesheet() -> String {
    [super::html::STYLE, super::metrics::CHART_STYLE, include_str!("dashboard.css")].concat()
}

/// Who looks at a page.
#[derive(Clone, Debug, Default)]
pub struct Viewer {
    /// The account that is signed in; `None` where everybody may read.
    pub login: Option<Untrusted>,
}

/// A page that only says something: that there is no such page, that somebody has to sign in.
pub fn message(viewer: &Viewer, title: &str, body: &str) -> String {
    let body = format!("<h1>{}</h1>\n<p>{}</p>\n", own(title), own(body));
    shell(viewer, title, "", &body)
}

/// The page for those who are not signed in: it says nothing about any repository. A link and no form, because a
/// form may lead to no other host.
pub fn sign_in() -> String {
    let body = "<h1>Sign in to read</h1>\n<p>You see the repositories that you can read on GitHub, and no others.</p>\n\
                <p><a href=\"/sign-in\">Sign in with GitHub</a></p>\n";
    frame("Sign in", "<a class=\"brand\" href=\"/\">Tollgate</a>", body)
}

/// A page for those who can read nothing at the moment: why.
pub fn closed(why: &str) -> String {
    let body = format!("<h1>Nothing to read here</h1>\n<p>{}</p>\n", own(why));
    frame("Nothing to read here", "<a class=\"brand\" href=\"/\">Tollgate</a>", &body)
}

/// A page around a body that is HTML already; `query` is what stands in the field of the search.
fn shell(viewer: &Viewer, title: &str, query: &str, body: &str) -> String {
    let who = viewer.login.as_ref().map_or(String::new(), |login| {
        format!(
            "<form method=\"post\" action=\"/sign-out\"><span class=\"who\">{}</span> <button type=\"submit\">Sign out</button></form>\n",
            html(login, 60)
        )
    });
    let bar = format!(
        "<a class=\"brand\" href=\"/\">Tollgate</a>\n<nav aria-label=\"Pages\"><a href=\"/\">Overview</a> \
         <a href=\"/repositories\">Repositories</a></nav>\n\
         <form class=\"find\" role=\"search\" action=\"/search\" method=\"get\"><label class=\"hidden\" for=\"q\">Repository, pull \
         request or commit</label><input id=\"q\" name=\"q\" type=\"search\" maxlength=\"200\" placeholder=\"Repository, #123 or commit\" \
         value=\"{}\"><button type=\"submit\">Search</button></form>\n{who}",
        own(query)
    );
    frame(title, &bar, body)
}

fn frame(title: &str, bar: &str, body: &str) -> String {
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>{} · Tollgate</title>\n\
         <link rel=\"stylesheet\" href=\"{STYLESHEET}\">\n<link rel=\"icon\" href=\"data:,\">\n</head>\n<body>\n\
         <a class=\"skip\" href=\"#content\">Skip to the content</a>\n<header class=\"site\"><div>\n{bar}</div></header>\n\
         <main id=\"content\">\n{body}</main>\n\
         <footer><p>No person is named and no team is ranked; rates of fewer than 5 pull requests are not given. Times are \
         UTC.</p></footer>\n</body>\n</html>\n",
        own(&super::escape::one_line(&Untrusted::new(title), SHORT))
    )
}

/// Where a repository's page is.
pub fn repository_address(name: &str) -> String {
    let parts: Vec<String> = name.split('/').map(address_part).collect();
    format!("/repositories/{}", parts.join("/"))
}

/// A repository's name, leading to its page.
fn linked(name: &str) -> String {
    format!("<a href=\"{}\">{}</a>", repository_address(name), html(&Untrusted::new(name), SHORT))
}

/// Which page of how many, 1-based; a number beyond the last is the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Paging {
    page: usize,
    pages: usize,
}

impl Paging {
    fn new(page: usize, rows: usize) -> Self {
        let pages = rows.div_ceil(ROWS).max(1);
        Self { page: page.clamp(1, pages), pages }
    }

    /// The rows of this page.
    fn of<T>(self, rows: &[T]) -> &[T] {
        rows.chunks(ROWS).nth(self.page - 1).unwrap_or_default()
    }

    /// Links to the pages beside this one; `address` ends with `?` or `&`.
    fn links(self, out: &mut String, address: &str) {
        if self.pages == 1 {
            return;
        }
        let _infallible = write!(
            out,
            "<nav class=\"paging\" aria-label=\"Pages of the list\"><span>Page {} of {}</span>",
            self.page, self.pages
        );
        let link = |page: usize, word: &str, rel: &str| {
            format!(" <a rel=\"{rel}\" href=\"{}page={page}\">{word}</a>", own(address))
        };
        if self.page > 1 {
            out.push_str(&link(self.page - 1, "Previous", "prev"));
        }
        if self.page < self.pages {
            out.push_str(&link(self.page + 1, "Next", "next"));
        }
        out.push_str("</nav>\n");
    }
}

/// Links to the same as files.
fn files(out: &mut String, csv: &str, json: &str) {
    let _infallible = writeln!(
        out,
        "<p class=\"files\">The same as <a href=\"{}\">CSV</a> or <a href=\"{}\">JSON</a></p>",
        own(csv),
        own(json)
    );
}

/// The word of a verdict, in its colour.
fn word(kind: VerdictKind) -> String {
    format!("<span class=\"{}\">{}</span>", kind.word(), verdict_words(kind))
}

fn moment(moment: crate::model::Moment) -> String {
    let text = moment.rfc3339().unwrap_or_default();
    let shown = text.get(..16).unwrap_or_default().replace('T', " ");
    format!("<time datetime=\"{text}\">{shown}</time>")
}

fn pulls_text(pulls: &[u64]) -> String {
    pulls.iter().map(|number| format!("#{number}")).collect::<Vec<_>>().join(", ")
}

fn commit_text(commit: &Untrusted) -> String {
    let short: String = super::escape::one_line(commit, SHORT).chars().take(COMMIT).collect();
    own(&short)
}

/// A list of verdicts, newest first; with the repository where they are of several.
fn verdict_table(out: &mut String, caption: &str, verdicts: &[&Listed], with_repository: bool) {
    let column = if with_repository { "<th scope=\"col\">Repository</th>" } else { "" };
    let _infallible = write!(
        out,
        "<table class=\"list\">\n<caption class=\"hidden\">{}</caption>\n<thead><tr><th scope=\"col\">Decided</th>{column}\
         <th scope=\"col\">Verdict</th><th scope=\"col\">Pull request</th><th scope=\"col\">Commit</th>\
         <th scope=\"col\">Held back by</th></tr></thead>\n<tbody>\n",
        own(caption)
    );
    for listed in verdicts {
        let repository =
            if with_repository { format!("<td>{}</td>", linked(&listed.repository)) } else { String::new() };
        let _infallible = writeln!(
            out,
            "<tr><th scope=\"row\"><a href=\"{}/verdicts/{}\">{}</a></th>{repository}<td>{}</td>\
             <td data-label=\"Pull request\">{}</td><td data-label=\"Commit\"><code>{}</code></td>\
             <td data-label=\"Held back by\">{}</td></tr>",
            repository_address(&listed.repository),
            listed.id,
            moment(listed.decided),
            word(listed.kind),
            pulls_text(&listed.pulls),
            commit_text(&listed.commit),
            own(&listed.blocking.join(", "))
        );
    }
    out.push_str("</tbody>\n</table>\n");
}

/// A list of verdicts as CSV (RFC 4180).
pub fn verdicts_csv<'l>(verdicts: impl IntoIterator<Item = &'l Listed>) -> String {
    let mut out = "id,decided-at,repository,verdict,pull-requests,commit,held-back-by\r\n".to_owned();
    for listed in verdicts {
        let _infallible = write!(
            out,
            "{},{},{},{},{},{},{}\r\n",
            listed.id,
            listed.decided.rfc3339().unwrap_or_default(),
            csv_field(&Untrusted::new(listed.repository.as_str())),
            listed.kind.word(),
            listed.pulls.iter().map(u64::to_string).collect::<Vec<_>>().join(" "),
            csv_field(&listed.commit),
            csv_field(&Untrusted::new(listed.blocking.join(" ")))
        );
    }
    out
}

/// `1,204 verdicts`, `1 verdict`.
fn counted(number: usize, one: &str, many: &str) -> String {
    format!("{} {}", grouped(number as u64), if number == 1 { one } else { many })
}
