//! Verdicts that are not there: not yet, or no longer.

use super::access::Reader;
use super::views::{Answer, of_repository};
use super::{Denied, Pages, html, viewer};
use crate::records::chain::Content;
use crate::render::dashboard;
use crate::server::store::RecordQuery;
use axum::extract::{Path, State};
use axum::http::header::LOCATION;
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse as _;
use std::sync::Arc;

/// Where a check leads: to the newest verdict of its commit.
pub(super) async fn commit(
    State(pages): State<Arc<Pages>>,
    headers: HeaderMap,
    Path((owner, name, sha)): Path<(String, String, String)>,
) -> Answer {
    let (reader, repository) = of_repository(&pages, &headers, &owner, &name).await?;
    let of_commit = RecordQuery {
        repository: Some(repository.clone()),
        sha: Some(sha.clone()),
        limit: 1,
        ..RecordQuery::default()
    };
    if let Some(record) = pages.store.records(of_commit).await?.first() {
        let address = format!("{}/verdicts/{}", dashboard::repository_address(&repository), record.id);
        return Ok((StatusCode::SEE_OTHER, [(LOCATION, address)]).into_response());
    }
    let known = pages.store.commit(&repository, &sha).await?;
    let says = |status: StatusCode, title: &str, said: &str| {
        Ok((status, html(dashboard::message(&viewer(&reader), title, said))).into_response())
    };
    if known.as_ref().is_some_and(|commit| commit.is_open) {
        let said = "This commit has no verdict yet: its check says what it waits for.";
        return says(StatusCode::OK, "No verdict yet", said);
    }
    if !pages.store.checkpoints(&repository).await?.is_empty() {
        let said = "No verdict of this commit is kept. Old verdicts of this repository were removed, and it may have had one.";
        return says(StatusCode::NOT_FOUND, "No longer kept, or there was none", said);
    }
    match known {
        Some(_) => says(StatusCode::OK, "No verdict", "This commit needed no verdict, and has none."),
        None => Err(Denied::NotFound(viewer(&reader))),
    }
}

/// Why a repository has no verdict of this number. A retention takes away the beginning of a chain: what is older than
/// all that is kept was removed by it, if it was there.
pub(super) async fn verdict(
    pages: &Pages,
    reader: &Reader,
    repository: &str,
    id: Option<i64>,
) -> Result<Denied, Denied> {
    let not_found = || Denied::NotFound(viewer(reader));
    let Some(id) = id.filter(|id| *id > 0) else { return Ok(not_found()) };
    let checkpoints = pages.store.checkpoints(repository).await?;
    let Some(last) = checkpoints.last() else { return Ok(not_found()) };
    let Content::Checkpoint(checkpoint) = &last.entry.content else { return Ok(not_found()) };
    let older = RecordQuery {
        repository: Some(repository.to_owned()),
        before: Some(id),
        limit: 1,
        ..RecordQuery::default()
    };
    let newest = RecordQuery { limit: 1, ..RecordQuery::default() };
    let is_kept_before = !pages.store.records(older).await?.is_empty();
    let was_given = pages.store.records(newest).await?.first().is_none_or(|newest| id <= newest.id);
    if is_kept_before || !was_given {
        return Ok(not_found());
    }
    Ok(Denied::Removed(viewer(reader), last.entry.recorded, checkpoint.keep_days))
}
