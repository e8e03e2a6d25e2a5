//! One verdict, which explains itself: the same page as `check --write-html`, and where it stands in the chain.

use super::{Viewer, commit_text, files, linked, moment, pulls_text, repository_address, shell};
use crate::model::{Untrusted, Verdict};
use crate::records::Listed;
use crate::records::chain::{Digest, Link};
use crate::render::escape::csv_field;
use crate::render::html::{body, own};
use crate::render::title;
use std::fmt::Write as _;

/// All that is shown of a verdict.
#[derive(Clone, Copy, Debug)]
pub struct VerdictPage<'v> {
    /// Where it stands.
    pub listed: &'v Listed,
    /// What it says; `None` if the record cannot be read.
    pub verdict: Option<&'v Verdict>,
    /// Its number and hash in the chain of its repository.
    pub place: Link,
    /// Of the policy that judged, if there was one.
    pub policy: Option<Digest>,
    /// Of the evidence, if it is known.
    pub evidence: Option<Digest>,
}

/// The page of a verdict.
pub fn verdict(viewer: &Viewer, page: &VerdictPage<'_>) -> String {
    let listed = page.listed;
    let mut out = format!("<p>{}", linked(&listed.repository));
    if !listed.pulls.is_empty() {
        let _infallible = write!(out, " · pull request {}", pulls_text(&listed.pulls));
    }
    let _infallible = writeln!(
        out,
        " · commit <code>{}</code> · decided {}</p>",
        commit_text(&listed.commit),
        moment(listed.decided)
    );
    let heading = match page.verdict {
        Some(verdict) => {
            out.push_str(&body(verdict));
            title(verdict)
        }
        None => {
            out.push_str(
                "<h1>This record cannot be read</h1>\n<p>It was written by another version, or is damaged: \
                 <code>tollgate records verify</code> tells.</p>\n",
            );
            "A record that cannot be read".to_owned()
        }
    };
    out.push_str("<h2>Record</h2>\n<dl>\n");
    for (key, value) in [
        ("Number in the chain", Some(page.place.sequence.to_string())),
        ("Hash", Some(page.place.hash.to_string())),
        ("SHA-256 of the policy", page.policy.map(|digest| digest.to_string())),
        ("SHA-256 of the evidence", page.evidence.map(|digest| digest.to_string())),
    ] {
        let value = value.unwrap_or_else(|| "not known".to_owned());
        let _infallible = writeln!(out, "<dt>{key}</dt><dd><code>{}</code></dd>", own(&value));
    }
    out.push_str("</dl>\n");
    let address = format!("{}/verdicts/{}", repository_address(&listed.repository), listed.id);
    files(&mut out, &format!("{address}/outcomes.csv"), &format!("{address}/record.json"));
    shell(viewer, &heading, "", &out)
}

/// The outcomes of a verdict as CSV (RFC 4180).
pub fn outcomes_csv(verdict: &Verdict) -> String {
    let mut out = "rule,scope,mode,outcome,measured,required,set-by\r\n".to_owned();
    let field = |text: &str| csv_field(&Untrusted::new(text));
    for outcome in &verdict.outcomes {
        let _infallible = write!(
            out,
            "{},{},{},{},{},{},{}\r\n",
            field(outcome.rule),
            field(&outcome.scope),
            outcome.mode.word(),
            outcome.kind.word(),
            field(&outcome.measured_text),
            field(&outcome.required_text),
            csv_field(&outcome.origin.file)
        );
    }
    out
}
