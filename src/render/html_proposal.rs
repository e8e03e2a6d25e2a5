//! The policy that a change proposes, on the page of its verdict: its mistakes, or what differs and every row under it.

use super::html::{own, place, table, text};
use super::words::verdict_words;
use crate::model::Verdict;
use std::fmt::Write as _;

/// Nothing if the change proposes no policy.
pub(super) fn proposal(out: &mut String, verdict: &Verdict) {
    let Some(proposal) = &verdict.proposal else { return };
    if !proposal.mistakes.is_empty() {
        let rows = proposal.mistakes.iter().map(|mistake| {
            let what = format!("<code>{}</code>: {}", mistake.code, text(&mistake.message));
            [what, place(&mistake.origin), text(&mistake.help)]
        });
        table(out, "What is wrong with the proposed policy", ["Mistake", "Where", "What to do"], rows);
        return;
    }
    let tried = verdict_words(proposal.verdict.kind);
    let _infallible = writeln!(
        out,
        "<h2>The proposed policy</h2>\n<p>It does not judge this change. Under it the verdict would be: {tried}.</p>"
    );
    let code = |value: &str| match value {
        "" => "nothing".to_owned(),
        value => format!("<code>{}</code>", own(value)),
    };
    let changes = proposal.changes.iter().map(|change| {
        let what = format!("{} {}", change.what, change.scope);
        let what = format!("<code>{}</code>", own(what.trim_end()));
        [
            what,
            change.effect.word().to_owned(),
            code(&change.before),
            code(&change.after),
            place(&change.origin),
        ]
    });
    table(out, "What it changes", ["Value", "Effect", "In force", "Proposed", "Where"], changes);
    super::html::criteria_under(out, "Every criterion under it, tried out on this change", &proposal.verdict);
}
