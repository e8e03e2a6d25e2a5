//! Snapshots of the default branch: artifacts of its push runs, or files below a git reference (DECISIONS 35).
//!
//! A fork's read-only token reads both. Of the artifacts only those count whose run GitHub itself calls a push to
//! our default branch from our own repository: a fork can name its branch, its artifact and its workflow like ours.

mod reference;
#[cfg(test)]
mod tests;

pub use reference::{KEPT, REFERENCE};

use super::client::{Client, MAX_JSON, RequestError, part};
use super::manifest::hex;
use super::network::{Api, Network};
use super::repository::{is_repository, repository_path};
use crate::diagnostic::{Code, Diagnostic, Origin, Weight};
use crate::io::archive::{self, Budget};
use crate::model::Snapshot;
use crate::wire;
use secrecy::SecretString;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeSet;
use std::fmt;

/// The artifact's name, and the file's in it.
const ARTIFACT: &str = "tollgate-snapshot";

/// How many commits GitHub is asked about before the search is given up.
const MOST_COMPARED: usize = 10;

/// The largest snapshot that is read or stored through the API, in bytes: a blob may have 100 MB in base64.
const MOST_BYTES: usize = 50 << 20;

/// Where snapshots are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Artifacts of the push runs of the default branch.
    Artifacts,
    /// Files below a git reference.
    Reference,
}

/// Where the snapshots of a repository are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Store {
    /// `owner/name`.
    pub repository: String,
    /// The default branch.
    pub default_branch: String,
    /// In which way.
    pub place: Place,
    /// How many commits GitHub is asked about before the search is given up.
    pub most_compared: usize,
}

/// The snapshots of a repository, and a way to them.
#[derive(Clone)]
pub struct Snapshots {
    api: Api,
    token: SecretString,
    network: Network,
    store: Store,
}

// A token stands in it.
impl fmt::Debug for Snapshots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Snapshots").field("store", &self.store).finish_non_exhaustive()
    }
}

/// A snapshot and how many commits it is older than the one that was asked for.
#[derive(Debug)]
pub struct Nearest {
    /// The snapshot.
    pub snapshot: Snapshot,
    /// 0 for the commit itself.
    pub distance: u64,
}

impl Snapshots {
    /// The snapshots of `owner/name` behind an API and a token.
    ///
    /// # Errors
    /// A sentence that names the value which cannot be used; never the value, for a token may stand in it.
    pub fn new(
        api: &str,
        token: &str,
        repository: &str,
        default_branch: &str,
        place: Place,
    ) -> Result<Self, &'static str> {
        let api = Api::new(api).ok_or("`github-api-url` is no https:// address")?;
        if token.is_empty() || !token.chars().all(|c| c.is_ascii_graphic()) {
            return Err("`github-token` is empty or no token");
        }
        if !is_repository(repository) {
            return Err("GITHUB_REPOSITORY is not `owner/name`");
        }
        Ok(Self {
            api,
            token: SecretString::from(token),
            network: Network::direct(),
            store: Store {
                repository: repository.to_owned(),
                default_branch: default_branch.to_owned(),
                place,
                most_compared: MOST_COMPARED,
            },
        })
    }

    /// The same at another place.
    #[must_use]
    pub fn at(mut self, place: Place) -> Self {
        self.store.place = place;
        self
    }

    /// The same over another network.
    #[must_use]
    pub fn through(self, network: Network) -> Self {
        Self { network, ..self }
    }

    /// The snapshot of `commit`, or of the nearest commit before it that has one and is at least `at_least` commits
    /// older. `local` says what a clone knows of a commit without asking GitHub: how many commits it is before the one
    /// that is asked for; `Some(None)` if it is none of those; `None` if the clone cannot say.
    ///
    /// # Errors
    /// A sentence of ours that says why there is none.
    pub fn nearest(
        &self,
        commit: &str,
        at_least: u64,
        local: &impl Fn(&str) -> Option<Option<u64>>,
    ) -> Result<Nearest, String> {
        let search = async {
            let client = Client::new(self.api.clone(), &self.token, &self.network)
                .map_err(|error| error.to_string())?
                .for_what_can_be_missed();
            self.store.nearest(&client, commit, at_least, local).await.map_err(|none| none.why)
        };
        runtime()?.block_on(search)
    }

    /// Stores a snapshot below the reference and forgets all but the newest `keep`. The reference has no history of
    /// its own, so that what is forgotten does not stay in the repository.
    ///
    /// # Errors
    /// `github-failed` with what went wrong; `bad-snapshot` for one without a commit.
    pub fn store(&self, snapshot: &Snapshot, keep: usize) -> Result<usize, Box<Diagnostic>> {
        let wrong =
            |code, why: String| Box::new(Diagnostic::new(code, Weight::Error, why, Origin::default()));
        let Some(commit) = snapshot.commit.as_deref() else {
            return Err(wrong(
                Code::BadSnapshot,
                "the snapshot does not say of which commit it is".to_owned(),
            ));
        };
        let bytes = wire::snapshot::write(snapshot);
        if bytes.len() > MOST_BYTES {
            let why = format!("the snapshot has {} bytes, and at most {MOST_BYTES} are stored", bytes.len());
            return Err(wrong(Code::BadSnapshot, why));
        }
        let storing = async {
            let client = Client::new(self.api.clone(), &self.token, &self.network)?;
            reference::store(&client, &self.store.repository, commit, &bytes, keep).await
        };
        runtime()
            .map_err(|why| wrong(Code::GithubFailed, why))?
            .block_on(storing)
            .map_err(|error| wrong(Code::GithubFailed, format!("the snapshot cannot be stored: {error}")))
    }
}

/// Why there is no snapshot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotFound {
    /// A sentence of ours.
    pub why: String,
    /// True if GitHub could not be asked: there may be one.
    pub may_come: bool,
}

impl NotFound {
    fn of(what: &str, error: &RequestError) -> Self {
        Self { why: format!("{what}: {error}"), may_come: error.may_pass() }
    }
}

impl From<String> for NotFound {
    fn from(why: String) -> Self {
        Self { why, may_come: false }
    }
}

impl Store {
    /// As [`Snapshots::nearest`], for a client that is there.
    ///
    /// # Errors
    /// Says why there is none, and whether there may be one later.
    pub async fn nearest(
        &self,
        client: &Client,
        commit: &str,
        at_least: u64,
        local: &impl Fn(&str) -> Option<Option<u64>>,
    ) -> Result<Nearest, NotFound> {
        match self.place {
            Place::Artifacts => self.nearest_artifact(client, commit, at_least, local).await,
            Place::Reference => self.nearest_file(client, commit, at_least, local).await,
        }
    }

    async fn nearest_artifact(
        &self,
        client: &Client,
        commit: &str,
        at_least: u64,
        local: &impl Fn(&str) -> Option<Option<u64>>,
    ) -> Result<Nearest, NotFound> {
        let path = format!(
            "{}/actions/artifacts?name={ARTIFACT}&per_page=100",
            repository_path(&self.repository).map_err(|error| NotFound::of("the repository", &error))?
        );
        let listed: Artifacts = client.json(&path).await.map_err(|error| match error {
            RequestError::Status(401 | 403 | 404) => {
                "the job's token may not list artifacts; give it `actions: read`".to_owned().into()
            }
            error => NotFound::of("the artifacts cannot be listed", &error),
        })?;
        let ours: Vec<Artifact> =
            listed.artifacts.into_iter().filter(|artifact| self.is_ours(artifact)).collect();
        if ours.is_empty() {
            return Err(format!("no push run of the default branch left an artifact `{ARTIFACT}`").into());
        }
        let commits: Vec<&str> = ours.iter().map(Artifact::commit).collect();
        let near = self.by_distance(client, &commits, commit, at_least, local).await?;
        let mut why = NotFound::from(no_ancestor());
        for (distance, of) in &near {
            // Of two runs of one commit the newer one is listed first.
            for artifact in ours.iter().filter(|artifact| artifact.commit() == of) {
                match self.fetch(client, artifact).await {
                    Ok(snapshot) => return Ok(Nearest { snapshot, distance: *distance }),
                    Err(problem) => why = problem,
                }
            }
        }
        Err(why)
    }

    /// What the list says already; the run itself is asked before anything is believed.
    fn is_ours(&self, artifact: &Artifact) -> bool {
        let of_us = |run: &RunOfArtifact| {
            run.repository_id.is_some()
                && run.repository_id == run.head_repository_id
                && run.head_branch.as_deref() == Some(self.default_branch.as_str())
        };
        !artifact.expired && artifact.name == ARTIFACT && artifact.workflow_run.as_ref().is_some_and(of_us)
    }

    async fn fetch(&self, client: &Client, artifact: &Artifact) -> Result<Snapshot, NotFound> {
        let commit = artifact.commit();
        let what = format!("the artifact `{ARTIFACT}` of {}", short(commit));
        let failed = |error: RequestError| NotFound::of(&format!("{what} cannot be fetched"), &error);
        let number = artifact.workflow_run.as_ref().map_or(0, |run| run.id);
        let run = client.run(&self.repository, number).await.map_err(failed)?;
        let is_push = run.is_some_and(|run| {
            run.event == "push"
                && run.head_sha == commit
                && run.head_branch.as_ref().is_some_and(|branch| branch.raw() == self.default_branch)
                && run.head_repository.as_ref().is_some_and(|head| head.id == run.repository.id)
        });
        if !is_push {
            return Err(format!("{what} is of no push to the default branch").into());
        }
        if artifact.size_in_bytes > archive::MAX_COMPRESSED as u64 {
            return Err(format!("{what} is larger than {} MiB", archive::MAX_COMPRESSED >> 20).into());
        }
        let bytes =
            client.download(&self.repository, artifact.id, archive::MAX_COMPRESSED).await.map_err(failed)?;
        if let Some(digest) = &artifact.digest
            && digest.strip_prefix("sha256:") != Some(hex(&Sha256::digest(&bytes)).as_str())
        {
            return Err(format!("{what} is not what GitHub's digest says").into());
        }
        let files = archive::unpack(&bytes, &mut Budget::default())
            .map_err(|error| format!("{what} cannot be unpacked: {error}"))?;
        match files.as_slice() {
            [file] => snapshot_of(&file.bytes, commit, &what).map_err(NotFound::from),
            _ => Err(format!("{what} does not hold one file").into()),
        }
    }

    async fn nearest_file(
        &self,
        client: &Client,
        commit: &str,
        at_least: u64,
        local: &impl Fn(&str) -> Option<Option<u64>>,
    ) -> Result<Nearest, NotFound> {
        let failed = |error: RequestError| {
            NotFound::of(&format!("the reference refs/{REFERENCE} cannot be read"), &error)
        };
        let Some((_, mut files)) = reference::stored(client, &self.repository).await.map_err(failed)? else {
            return Err(format!("there is no reference refs/{REFERENCE}").into());
        };
        files.sort_by_key(|file| std::cmp::Reverse(file.number));
        let commits: Vec<&str> = files.iter().map(|file| file.commit.as_str()).collect();
        let near = self.by_distance(client, &commits, commit, at_least, local).await?;
        let (distance, of) = near.first().ok_or_else(no_ancestor)?;
        let file = files.iter().find(|file| file.commit == *of).ok_or_else(no_ancestor)?;
        let bytes = client.blob(&self.repository, &file.entry.sha, MOST_BYTES).await.map_err(failed)?;
        let what = format!("the snapshot of {} below refs/{REFERENCE}", short(of));
        Ok(Nearest { snapshot: snapshot_of(&bytes, of, &what)?, distance: *distance })
    }

    /// Those of the commits that are `commit` or before it, nearest first. Asks GitHub only about those of which the
    /// clone says nothing.
    async fn by_distance(
        &self,
        client: &Client,
        commits: &[&str],
        commit: &str,
        at_least: u64,
        local: &impl Fn(&str) -> Option<Option<u64>>,
    ) -> Result<Vec<(u64, String)>, NotFound> {
        let mut near = BTreeSet::new();
        let mut unknown = Vec::new();
        for &candidate in commits {
            match local(candidate) {
                Some(Some(distance)) => _ = near.insert((distance, candidate.to_owned())),
                Some(None) => {}
                None if !unknown.contains(&candidate) => unknown.push(candidate),
                None => {}
            }
        }
        near.retain(|(distance, _)| *distance >= at_least);
        if near.is_empty() {
            for candidate in unknown.into_iter().take(self.most_compared) {
                let distance = distance(client, &self.repository, candidate, commit)
                    .await
                    .map_err(|error| NotFound::of("the history cannot be compared", &error))?;
                near.extend(
                    distance.filter(|distance| *distance >= at_least).map(|d| (d, candidate.to_owned())),
                );
            }
        }
        Ok(near.into_iter().collect())
    }
}

#[derive(Deserialize)]
struct Artifacts {
    artifacts: Vec<Artifact>,
}

#[derive(Deserialize)]
struct Artifact {
    id: u64,
    name: String,
    #[serde(default)]
    expired: bool,
    #[serde(default)]
    size_in_bytes: u64,
    #[serde(default)]
    digest: Option<String>,
    #[serde(default)]
    workflow_run: Option<RunOfArtifact>,
}

impl Artifact {
    fn commit(&self) -> &str {
        self.workflow_run.as_ref().map_or("", |run| &run.head_sha)
    }
}

#[derive(Deserialize)]
struct RunOfArtifact {
    id: u64,
    #[serde(default)]
    repository_id: Option<u64>,
    #[serde(default)]
    head_repository_id: Option<u64>,
    #[serde(default)]
    head_branch: Option<String>,
    head_sha: String,
}

#[derive(Deserialize)]
struct Comparison {
    status: String,
    ahead_by: u64,
}

/// How many commits `commit` is behind `descendant`; `None` if the one does not build on the other.
///
/// # Errors
/// As every request.
pub async fn distance(
    client: &Client,
    repository: &str,
    commit: &str,
    descendant: &str,
) -> Result<Option<u64>, RequestError> {
    let (base, head) = (part(commit), part(descendant));
    let path = format!("{}/compare/{base}...{head}?per_page=1", repository_path(repository)?);
    // The files of the difference come along, and nobody asked for them.
    let compared: Option<Comparison> = client.json_if_there(&path, 8 * MAX_JSON).await?;
    Ok(compared.and_then(|compared| match compared.status.as_str() {
        "identical" => Some(0),
        "ahead" => Some(compared.ahead_by),
        _ => None,
    }))
}

fn snapshot_of(bytes: &[u8], commit: &str, what: &str) -> Result<Snapshot, String> {
    let snapshot = wire::snapshot::read(bytes).map_err(|error| format!("{what} cannot be read: {error}"))?;
    if snapshot.commit.as_deref() == Some(commit) {
        return Ok(snapshot);
    }
    Err(format!("{what} says that it is of another commit"))
}

fn no_ancestor() -> String {
    "no snapshot is of a commit that this one builds on".to_owned()
}

fn short(commit: &str) -> &str {
    commit.get(..7).unwrap_or(commit)
}

fn runtime() -> Result<tokio::runtime::Runtime, String> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| format!("no request can be made: {error}"))
}
