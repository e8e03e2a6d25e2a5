//! What was merged while the service was away.

use super::access::Reader;
use super::index::{DAYS, kind, moment};
use super::views::{Answer, of_repository};
use super::{Denied, Pages, csv, json};
use crate::records::MergedAway;
use crate::render::dashboard;
use crate::server::store::MergedCommit;
use crate::wire;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use std::sync::Arc;
use std::time::Duration;

/// The list as far as the reader may read it, newest first; an empty name asks for all repositories.
pub(super) async fn list(
    pages: &Pages,
    reader: &Reader,
    repository: &str,
) -> Result<Vec<MergedAway>, Denied> {
    let since = pages.now().before(Duration::from_secs(u64::from(DAYS) * 86_400));
    // All of it: an outage has an end, and so have these days. A reader of few repositories would miss theirs in a part.
    let merged = pages.store.merged(repository, since, u32::MAX).await?;
    Ok(merged.into_iter().filter(|one| reader.may_read(&one.repository)).map(listed).collect())
}

fn listed(commit: MergedCommit) -> MergedAway {
    MergedAway {
        repository: commit.repository,
        pull: commit.pull,
        commit: commit.sha.into(),
        at: moment(commit.at),
        verdict: commit.verdict.map(|(id, word)| (id.unsigned_abs(), kind(&word))),
    }
}

async fn of_all(pages: &Pages, headers: &HeaderMap) -> Result<Vec<MergedAway>, Denied> {
    let reader = pages.access.reader(headers, pages.now()).await?;
    list(pages, &reader, "").await
}

async fn of_one(
    pages: &Pages,
    headers: &HeaderMap,
    (owner, name): (String, String),
) -> Result<Vec<MergedAway>, Denied> {
    let (reader, repository) = of_repository(pages, headers, &owner, &name).await?;
    list(pages, &reader, &repository).await
}

pub(super) async fn of_all_csv(State(pages): State<Arc<Pages>>, headers: HeaderMap) -> Answer {
    Ok(csv(dashboard::merged_csv(&of_all(&pages, &headers).await?)))
}

pub(super) async fn of_all_json(State(pages): State<Arc<Pages>>, headers: HeaderMap) -> Answer {
    Ok(json(wire::merged_away::write(&of_all(&pages, &headers).await?)))
}

pub(super) async fn of_one_csv(
    State(pages): State<Arc<Pages>>,
    headers: HeaderMap,
    Path(path): Path<(String, String)>,
) -> Answer {
    Ok(csv(dashboard::merged_csv(&of_one(&pages, &headers, path).await?)))
}

pub(super) async fn of_one_json(
    State(pages): State<Arc<Pages>>,
    headers: HeaderMap,
    Path(path): Path<(String, String)>,
) -> Answer {
    Ok(json(wire::merged_away::write(&of_one(&pages, &headers, path).await?)))
}
