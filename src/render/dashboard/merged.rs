//! What was merged while the gate was away: what does not pass comes first.

use super::{ROWS, commit_text, counted, files, linked, moment, repository_address, word};
use crate::model::{Untrusted, VerdictKind};
use crate::records::MergedAway;
use crate::render::escape::csv_field;
use std::fmt::Write as _;

/// The section of a page; nothing where there is nothing to say. The addresses are those of the files with all of it; in a
/// list of one repository its name is not repeated.
pub(super) fn section(out: &mut String, merged: &[MergedAway], days: u32, address: &str, is_of_one: bool) {
    if merged.is_empty() {
        return;
    }
    let column = if is_of_one { "" } else { "<th scope=\"col\">Repository</th>" };
    let _infallible = write!(
        out,
        "<h2>Merged while the gate was away</h2>\n<p>{} of the last {days} days had no verdict when merged. They are \
         judged afterwards; nothing is taken back by it.</p>\n\
         <table class=\"list\">\n<caption class=\"hidden\">Merged while the gate was away</caption>\n<thead><tr>\
         <th scope=\"col\">Merged</th>{column}<th scope=\"col\">Pull request</th><th scope=\"col\">Commit</th>\
         <th scope=\"col\">Judged afterwards</th></tr></thead>\n<tbody>\n",
        counted(merged.len(), "pull request", "pull requests")
    );
    let mut sorted: Vec<&MergedAway> = merged.iter().collect();
    sorted.sort_by_key(|one| urgency(one));
    for one in sorted.iter().take(ROWS) {
        let repository =
            if is_of_one { String::new() } else { format!("<td>{}</td>", linked(&one.repository)) };
        let said = match one.verdict {
            Some((id, kind)) => {
                format!(
                    "<a href=\"{}/verdicts/{id}\">{}</a>",
                    repository_address(&one.repository),
                    word(kind)
                )
            }
            None => "not yet".to_owned(),
        };
        let _infallible = writeln!(
            out,
            "<tr><th scope=\"row\">{}</th>{repository}<td data-label=\"Pull request\">#{}</td>\
             <td data-label=\"Commit\"><code>{}</code></td><td data-label=\"Judged afterwards\">{said}</td></tr>",
            moment(one.at),
            one.pull,
            commit_text(&one.commit)
        );
    }
    out.push_str("</tbody>\n</table>\n");
    if merged.len() > ROWS {
        let _infallible = writeln!(out, "<p>And {} more.</p>", merged.len() - ROWS);
    }
    files(out, &format!("{address}/merged.csv"), &format!("{address}/merged.json"));
}

fn urgency(merged: &MergedAway) -> u8 {
    match merged.verdict.map(|(_, kind)| kind) {
        Some(VerdictKind::NeedsChanges) => 0,
        Some(VerdictKind::NoVerdict) => 1,
        None => 2,
        Some(VerdictKind::Passed) => 3,
    }
}

/// The same as CSV (RFC 4180), newest first.
pub fn merged_csv<'m>(merged: impl IntoIterator<Item = &'m MergedAway>) -> String {
    let mut out = "repository,pull-request,commit,merged-at,verdict,verdict-id\r\n".to_owned();
    for one in merged {
        let (id, kind) = match one.verdict {
            Some((id, kind)) => (id.to_string(), kind.word()),
            None => (String::new(), ""),
        };
        let _infallible = write!(
            out,
            "{},{},{},{},{kind},{id}\r\n",
            csv_field(&Untrusted::new(one.repository.as_str())),
            one.pull,
            csv_field(&one.commit),
            one.at.rfc3339().unwrap_or_default()
        );
    }
    out
}
