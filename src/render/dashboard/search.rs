//! What a search found.

use super::{ROWS, Viewer, counted, files, linked, shell, verdict_table};
use crate::records::Listed;
use crate::render::escape::address_part;
use crate::render::html::own;
use std::fmt::Write as _;

/// What was found, among what the reader may see.
#[derive(Clone, Debug, Default)]
pub struct Found<'f> {
    /// Repositories by name.
    pub repositories: Vec<&'f str>,
    /// Verdicts of pull requests and commits, newest first.
    pub verdicts: Vec<&'f Listed>,
}

/// The page of a search.
pub fn search(viewer: &Viewer, query: &str, found: &Found<'_>) -> String {
    let mut out = String::new();
    if query.trim().is_empty() {
        out.push_str("<h1>Search</h1>\n<p>Write a part of a repository's name, the number of a pull request (#123), or the first seven or more digits of a commit.</p>\n");
        return shell(viewer, "Search", query, &out);
    }
    let _infallible = writeln!(out, "<h1>Search: {}</h1>", own(query));
    if found.repositories.is_empty() && found.verdicts.is_empty() {
        out.push_str(
            "<p>Nothing that you may read was found. A part of a repository's name, #123 or the first seven digits of a \
             commit can be searched for.</p>\n",
        );
    }
    if !found.repositories.is_empty() {
        let _infallible = writeln!(
            out,
            "<h2>{}</h2>\n<ul>",
            counted(found.repositories.len(), "repository", "repositories")
        );
        for name in found.repositories.iter().take(ROWS) {
            let _infallible = writeln!(out, "<li>{}</li>", linked(name));
        }
        out.push_str("</ul>\n");
        if found.repositories.len() > ROWS {
            let _infallible = writeln!(
                out,
                "<p><a href=\"/repositories?name={}\">All of them</a></p>",
                address_part(query.trim())
            );
        }
    }
    if !found.verdicts.is_empty() {
        let _infallible = writeln!(out, "<h2>{}</h2>", counted(found.verdicts.len(), "verdict", "verdicts"));
        if let Some(first) = found.verdicts.get(..found.verdicts.len().min(ROWS)) {
            verdict_table(&mut out, "Verdicts that were found, newest first", first, true);
        }
        if found.verdicts.len() > ROWS {
            let _infallible = writeln!(out, "<p>The newest {ROWS} are shown; the files below hold all.</p>");
        }
    }
    let part = address_part(query);
    files(&mut out, &format!("/search.csv?q={part}"), &format!("/search.json?q={part}"));
    shell(viewer, "Search", query, &out)
}
