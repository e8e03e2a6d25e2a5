//! The one comment of a pull request, where the policy asks for it (`publish: { comment: true }`).
//!
//! It is found again by its mark and by its author: anybody can write the mark. It is edited in place, and only while
//! the commit that it speaks of is still the head (gate.md T24).

use super::evaluation::Evaluation;
use super::publication::{self, Place, Posted};
use crate::io::github::{CheckApp, Client, Comment, RequestError};
use crate::render::summary::comment::{MARKER, render};

/// Writes the comment that an evaluation asks for; `None` if it asks for none. The check has to be posted before: the
/// comment's author is the check's.
///
/// # Errors
/// As every request; 403 for a token without `pull-requests: write`.
pub async fn comment(
    client: &Client,
    place: &Place<'_>,
    evaluation: &Evaluation,
) -> Result<Option<Posted>, RequestError> {
    let Evaluation::Judged(judged) = evaluation else { return Ok(None) };
    if !judged.judgement.comment {
        return Ok(None);
    }
    let Some(author) = publication::author(client, place).await? else { return Ok(Some(Posted::Nothing)) };
    let text = render(&judged.judgement.verdict, place.note, place.details_url.as_deref());
    let mut posted = Posted::Nothing;
    for number in &judged.pulls {
        let comments = client.comments(place.repository, *number).await?;
        let ours = comments.iter().find(|comment| is_ours(comment, &author));
        if ours.is_some_and(|comment| comment.body.as_ref().is_some_and(|body| body.raw() == text)) {
            posted = Posted::Unchanged;
            continue;
        }
        // A verdict about what was replaced meanwhile would be read as one about what stands there now.
        let pull = client.pull(place.repository, *number).await?;
        if !pull.is_some_and(|pull| pull.is_open() && pull.head.sha == place.sha) {
            continue;
        }
        match ours {
            Some(comment) => client.update_comment(place.repository, comment.id, &text).await?,
            None => client.create_comment(place.repository, *number, &text).await?,
        };
        posted = Posted::Written;
    }
    Ok(Some(posted))
}

/// True for a comment that begins with our mark and that our App wrote. Nobody can register a name that ends in
/// `[bot]`.
fn is_ours(comment: &Comment, author: &CheckApp) -> bool {
    let is_marked = comment.body.as_ref().is_some_and(|body| body.raw().starts_with(MARKER));
    let by_app = comment.performed_via_github_app.as_ref().is_some_and(|app| app.id == author.id);
    let login = author.slug.as_ref().map(|slug| format!("{slug}[bot]"));
    let by_login = comment.user.as_ref().is_some_and(|user| {
        user.kind.as_deref() == Some("Bot") && login.as_deref() == Some(user.login.raw())
    });
    is_marked && (by_app || by_login)
}
