//! One page each.

use super::access::Reader;
use super::index::{DAYS, Entry, Index, bare, moment};
use super::{Denied, Pages, absent, csv, html, json, merged, viewer};
use crate::model::{Date, Verdict};
use crate::records::{Fleet, Lifted, Listed, Point, Window, fleet};
use crate::render::dashboard::{self, Found, Overview, OverviewQuery, RepositoryPage, VerdictPage};
use crate::render::fleet as fleet_text;
use crate::server::store::{Record, RecordQuery, StoreError, entry};
use crate::wire;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;
use std::collections::BTreeSet;
use std::sync::Arc;

/// The days of the figures.
const WINDOW: u32 = 7;
/// So many verdicts make a trend.
const POINTS: u32 = 60;
/// So many repositories are read from the store at once.
const BATCH: u32 = 1_000;
/// A shorter beginning of a commit finds too much.
const SHORTEST_COMMIT: usize = 7;
/// More are not searched for.
const LONGEST_QUERY: usize = 200;

pub(super) type Answer = Result<Response, Denied>;

/// What stands behind the `?`.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    why: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    q: String,
    #[serde(default)]
    page: String,
}

impl Asked {
    /// A number that cannot be read is the first page.
    fn page(&self) -> usize {
        self.page.parse().unwrap_or(1)
    }

    fn overview(&self) -> OverviewQuery {
        let cut = |text: &str| text.chars().take(LONGEST_QUERY).collect();
        OverviewQuery { why: cut(&self.why), name: cut(&self.name), page: self.page() }
    }
}

fn today(pages: &Pages) -> Result<Date, Denied> {
    let beyond = || StoreError::Damaged("a clock beyond the year 9999".to_owned());
    moment(pages.now()).day().ok_or_else(beyond).map_err(Denied::from)
}

/// All repositories that the reader may read, by name.
async fn names(pages: &Pages, reader: &Reader) -> Result<Vec<String>, Denied> {
    let (mut names, mut after) = (Vec::new(), String::new());
    loop {
        let batch = pages.store.repositories(&after, BATCH).await?;
        let Some(last) = batch.last() else { break };
        after.clone_from(&last.repository);
        let is_last = batch.len() < BATCH as usize;
        names.extend(batch.into_iter().map(|known| known.repository).filter(|name| reader.may_read(name)));
        if is_last {
            break;
        }
    }
    Ok(names)
}

/// The figures of what the reader may read.
async fn figures(pages: &Pages, reader: &Reader) -> Result<(Fleet, String), Denied> {
    let names = names(pages, reader).await?;
    let window = Window { today: today(pages)?, days: WINDOW };
    let held = pages.index().await?;
    let index = &held.1;
    let readable = index
        .newest_first()
        .map(|entry| &entry.recorded)
        .filter(|record| reader.may_read(&record.repository));
    Ok((fleet(readable, &names, window), left_out(index)))
}

fn left_out(index: &Index) -> String {
    let mut said = Vec::new();
    if index.is_cut {
        said.push("There are more verdicts than are held for this page: the oldest are left out.".to_owned());
    }
    if index.unreadable > 0 {
        said.push(format!("{} records cannot be read and are left out.", index.unreadable));
    }
    said.join(" ")
}

pub(super) async fn overview(
    State(pages): State<Arc<Pages>>,
    headers: HeaderMap,
    Query(asked): Query<Asked>,
) -> Answer {
    let reader = pages.access.reader(&headers, pages.now()).await?;
    let (fleet, left_out) = figures(&pages, &reader).await?;
    let merged = merged::list(&pages, &reader, "").await?;
    let page = Overview { fleet: &fleet, merged: &merged, days: DAYS, left_out: &left_out };
    Ok(html(dashboard::overview(&viewer(&reader), &page, &asked.overview())).into_response())
}

pub(super) async fn overview_csv(State(pages): State<Arc<Pages>>, headers: HeaderMap) -> Answer {
    let reader = pages.access.reader(&headers, pages.now()).await?;
    Ok(csv(fleet_text::csv(&figures(&pages, &reader).await?.0)))
}

pub(super) async fn overview_json(State(pages): State<Arc<Pages>>, headers: HeaderMap) -> Answer {
    let reader = pages.access.reader(&headers, pages.now()).await?;
    Ok(json(wire::fleet::write(&figures(&pages, &reader).await?.0)))
}

pub(super) async fn repositories(
    State(pages): State<Arc<Pages>>,
    headers: HeaderMap,
    Query(asked): Query<Asked>,
) -> Answer {
    let reader = pages.access.reader(&headers, pages.now()).await?;
    let (fleet, _) = figures(&pages, &reader).await?;
    Ok(html(dashboard::repositories(&viewer(&reader), &fleet, &asked.overview())).into_response())
}

/// The reader, and the repository's name as GitHub writes it, if both may be.
pub(super) async fn of_repository(
    pages: &Pages,
    headers: &HeaderMap,
    owner: &str,
    name: &str,
) -> Result<(Reader, String), Denied> {
    let reader = pages.access.reader(headers, pages.now()).await?;
    let asked = format!("{owner}/{name}");
    // Asked of the store also where the reader may not read it: the answer takes as long.
    let known = pages.store.repository(&asked).await?;
    match known.filter(|known| reader.may_read(&known.repository)) {
        Some(known) => Ok((reader, known.repository)),
        None => Err(Denied::NotFound(viewer(&reader))),
    }
}

/// What the lists hold of one repository.
fn entries<'i>(index: &'i Index, repository: &'i str) -> impl Iterator<Item = &'i Entry> {
    index.newest_first().filter(move |entry| entry.listed.repository == repository)
}

pub(super) async fn repository(
    State(pages): State<Arc<Pages>>,
    headers: HeaderMap,
    Path((owner, name)): Path<(String, String)>,
    Query(asked): Query<Asked>,
) -> Answer {
    let (reader, repository) = of_repository(&pages, &headers, &owner, &name).await?;
    let query = RecordQuery { repository: Some(repository.clone()), limit: POINTS, ..RecordQuery::default() };
    let records = pages.store.records(query).await?;
    let merged = merged::list(&pages, &reader, &repository).await?;
    let (newest, points) = told(&records);
    let window = Window { today: today(&pages)?, days: WINDOW };
    let held = pages.index().await?;
    let verdicts: Vec<Listed> = entries(&held.1, &repository).map(|entry| entry.listed.clone()).collect();
    let names = [repository.clone()];
    let fleet = fleet(entries(&held.1, &repository).map(|entry| &entry.recorded), &names, window);
    let lifted: BTreeSet<Lifted> = entries(&held.1, &repository)
        .flat_map(|entry| &entry.recorded.lifted)
        .filter(|lifted| lifted.until >= window.today)
        .cloned()
        .collect();
    drop(held);
    let mut lifted: Vec<Lifted> = lifted.into_iter().collect();
    lifted.sort_by_key(|lifted| lifted.until);
    let Some(row) = fleet.repositories.first() else {
        return Err(Denied::NotFound(viewer(&reader)));
    };
    let page = RepositoryPage {
        fleet: &fleet,
        repository: row,
        newest: newest.as_ref(),
        lifted: &lifted,
        points: &points,
        merged: &merged,
        verdicts: &verdicts,
        days: DAYS,
        page: asked.page(),
    };
    Ok(html(dashboard::repository(&viewer(&reader), &page)).into_response())
}

/// The newest verdict, and what the verdicts measured, oldest first.
fn told(records: &[Record]) -> (Option<Verdict>, Vec<Point>) {
    let mut points = Vec::new();
    let mut newest = None;
    for record in records {
        // A record that cannot be read has no point; its own page says that it cannot be read.
        let Ok(read) = wire::verdict::read(&record.what.body) else { continue };
        points.push(wire::recorded::point(&read, moment(record.what.decided)));
        if newest.is_none() {
            newest = Some(wire::verdict::restored(&read));
        }
    }
    points.reverse();
    (newest, points)
}

/// The verdicts of a repository, as far as the lists hold them.
async fn verdicts(
    pages: &Pages,
    headers: &HeaderMap,
    owner: &str,
    name: &str,
) -> Result<(String, Vec<Listed>), Denied> {
    let (_, repository) = of_repository(pages, headers, owner, name).await?;
    let held = pages.index().await?;
    let listed = entries(&held.1, &repository).map(|entry| entry.listed.clone()).collect();
    Ok((repository.clone(), listed))
}

pub(super) async fn verdicts_csv(
    State(pages): State<Arc<Pages>>,
    headers: HeaderMap,
    Path((owner, name)): Path<(String, String)>,
) -> Answer {
    let (_, listed) = verdicts(&pages, &headers, &owner, &name).await?;
    Ok(csv(dashboard::verdicts_csv(&listed)))
}

pub(super) async fn verdicts_json(
    State(pages): State<Arc<Pages>>,
    headers: HeaderMap,
    Path((owner, name)): Path<(String, String)>,
) -> Answer {
    let (repository, listed) = verdicts(&pages, &headers, &owner, &name).await?;
    Ok(json(wire::listed::write(&[&repository], &listed)))
}

/// A record of this repository.
async fn of_record(
    pages: &Pages,
    headers: &HeaderMap,
    (owner, name, id): (String, String, String),
) -> Result<(Reader, Record), Denied> {
    let (reader, repository) = of_repository(pages, headers, &owner, &name).await?;
    let id = id.parse().ok();
    let record = match id {
        Some(id) => pages.store.record(id).await?,
        None => None,
    };
    match record.filter(|record| record.what.repository == repository) {
        Some(record) => Ok((reader, record)),
        None => Err(absent::verdict(pages, &reader, &repository, id).await?),
    }
}

fn verdict_of(record: &Record) -> Option<Verdict> {
    wire::verdict::read(&record.what.body).ok().map(|read| wire::verdict::restored(&read))
}

pub(super) async fn verdict(
    State(pages): State<Arc<Pages>>,
    headers: HeaderMap,
    Path(path): Path<(String, String, String)>,
) -> Answer {
    let (reader, record) = of_record(&pages, &headers, path).await?;
    let viewer = viewer(&reader);
    let Some(listed) = bare(&record) else { return Err(Denied::NotFound(viewer)) };
    let told = verdict_of(&record);
    let page = VerdictPage {
        listed: &listed,
        verdict: told.as_ref(),
        place: entry(record.number, record.previous, &record.what).link(),
        policy: record.what.policy,
        evidence: record.what.evidence,
    };
    Ok(html(dashboard::verdict(&viewer, &page)).into_response())
}

pub(super) async fn record_json(
    State(pages): State<Arc<Pages>>,
    headers: HeaderMap,
    Path(path): Path<(String, String, String)>,
) -> Answer {
    let (_, record) = of_record(&pages, &headers, path).await?;
    Ok(json(record.what.body))
}

pub(super) async fn outcomes_csv(
    State(pages): State<Arc<Pages>>,
    headers: HeaderMap,
    Path(path): Path<(String, String, String)>,
) -> Answer {
    let (reader, record) = of_record(&pages, &headers, path).await?;
    match verdict_of(&record) {
        Some(verdict) => Ok(csv(dashboard::outcomes_csv(&verdict))),
        None => Err(Denied::NotFound(viewer(&reader))),
    }
}

/// What a search finds.
async fn found(
    pages: &Pages,
    headers: &HeaderMap,
    asked: &Asked,
) -> Result<(Reader, String, Vec<String>, Vec<Listed>), Denied> {
    let reader = pages.access.reader(headers, pages.now()).await?;
    let query: String = asked.q.trim().chars().take(LONGEST_QUERY).collect();
    let wanted = query.to_lowercase();
    if wanted.is_empty() {
        return Ok((reader, query, Vec::new(), Vec::new()));
    }
    let mut names = names(pages, &reader).await?;
    names.retain(|name| name.to_lowercase().contains(&wanted));
    // `#123`, `api#123` or `acme/api#123`; or the beginning of a commit.
    let pull = wanted.split_once('#').and_then(|(name, number)| Some((name, number.parse::<u64>().ok()?)));
    let is_commit = wanted.len() >= SHORTEST_COMMIT && wanted.bytes().all(|byte| byte.is_ascii_hexdigit());
    let is_wanted = |listed: &Listed| match pull {
        Some((name, number)) => {
            listed.pulls.contains(&number) && listed.repository.to_lowercase().contains(name)
        }
        None => is_commit && listed.commit.raw().starts_with(&wanted),
    };
    let held = pages.index().await?;
    let verdicts = held
        .1
        .newest_first()
        .map(|entry| &entry.listed)
        .filter(|listed| is_wanted(listed) && reader.may_read(&listed.repository))
        .cloned()
        .collect();
    drop(held);
    Ok((reader, query, names, verdicts))
}

pub(super) async fn search(
    State(pages): State<Arc<Pages>>,
    headers: HeaderMap,
    Query(asked): Query<Asked>,
) -> Answer {
    let (reader, query, names, verdicts) = found(&pages, &headers, &asked).await?;
    let found = Found {
        repositories: names.iter().map(String::as_str).collect(),
        verdicts: verdicts.iter().collect(),
    };
    Ok(html(dashboard::search(&viewer(&reader), &query, &found)).into_response())
}

pub(super) async fn search_csv(
    State(pages): State<Arc<Pages>>,
    headers: HeaderMap,
    Query(asked): Query<Asked>,
) -> Answer {
    let (.., verdicts) = found(&pages, &headers, &asked).await?;
    Ok(csv(dashboard::verdicts_csv(&verdicts)))
}

pub(super) async fn search_json(
    State(pages): State<Arc<Pages>>,
    headers: HeaderMap,
    Query(asked): Query<Asked>,
) -> Answer {
    let (_, _, names, verdicts) = found(&pages, &headers, &asked).await?;
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    Ok(json(wire::listed::write(&names, &verdicts)))
}
