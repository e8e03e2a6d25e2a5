//! What the service keeps of what others said: the last good copy of an organisation's policy, for when GitHub does not
//! answer, and the evidence of commits of the default branch, which does not change.
//!
//! What is taken from here goes onto the tape of the evaluation, so that it can be judged again.

use crate::diagnostic::{Code, Diagnostic, Origin, Weight};
use crate::io::github::{Client, Nearest, Place, RequestError, Store as ArtifactsOf, Tape, distance};
use crate::io::policy::{OrgFile, OrgFiles};
use crate::model::{Moment, Snapshot};
use crate::server::clock::Time;
use crate::server::store::{Baseline, CachedPolicy, Store, StoreError};
use crate::wire;
use crate::wire::context::OrganisationFile;
use crate::wire::policy_copy::PolicyCopy;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// A copy that says the same is written anew after so long, so that its age is right.
const REFRESH: Duration = Duration::from_secs(60);

/// A larger snapshot is fetched each time, in bytes.
const MOST_BYTES: usize = 8 << 20;

/// Evidence that is younger is taken without asking GitHub.
const FRESH: Duration = Duration::from_secs(24 * 3_600);

/// So many of the commits whose evidence is kept are looked at, newest first: GitHub is asked of each whether a commit
/// builds on it.
const MOST_COMPARED: usize = 5;

/// How a copy, a baseline and an earlier baseline are called on a tape.
const ON_TAPE: [&str; 3] = ["kept/organisation", "kept/baseline", "kept/earlier-baseline"];

/// The shelves of a service.
#[derive(Clone)]
pub struct Copies {
    /// Where they are.
    pub store: Arc<dyn Store>,
    /// How old a copy of a policy may be; zero uses none.
    pub oldest: Duration,
}

impl fmt::Debug for Copies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Copies").field("oldest", &self.oldest).finish_non_exhaustive()
    }
}

/// A copy as it was used.
#[derive(Serialize, Deserialize)]
struct Used {
    copy: PolicyCopy,
    why: String,
}

impl Copies {
    /// Keeps a policy that was read whole. One with mistakes is no good copy; and one that names lists beside it
    /// (VEX, KEV, EPSS) would judge otherwise without them.
    pub(super) async fn keep_policy(&self, judged: &str, files: &OrgFiles) {
        let Some(repository) = &files.repository else { return };
        if self.oldest.is_zero() || !files.beside.is_empty() || files.parse().is_err() {
            return self.forget_policies(std::slice::from_ref(repository)).await;
        }
        let body = wire::policy_copy::write(of_files(files));
        let (place, now) = (place(repository, judged), self.store.clock().now());
        match self.store.policy(&place).await {
            Ok(Some(kept)) if kept.body == body && !kept.is_stale && now.since(kept.fetched) < REFRESH => {
                return;
            }
            Ok(_) => {}
            Err(error) => return tracing::warn!(%error, "the copy of a policy cannot be looked at"),
        }
        let etag = files.files.first().map(|file| file.commit.clone()).unwrap_or_default();
        let copy = CachedPolicy { place, etag, body, fetched: now, is_stale: false };
        if let Err(error) = self.store.keep_policy(copy).await {
            tracing::warn!(%error, "a policy cannot be kept");
        }
    }

    /// What stands there now is another policy, or none: no copy of it judges any more.
    pub(super) async fn forget_policies(&self, places: &[String]) {
        for repository in places {
            if let Err(error) = self.store.policies_changed(&format!("{repository}/")).await {
                tracing::warn!(%error, "the copies of a policy cannot be marked");
            }
        }
    }

    /// The newest good copy of the policies that would be asked for, unless it is too old or a push has changed it since.
    async fn policy(&self, judged: &str, places: &[String]) -> Option<(PolicyCopy, Time)> {
        let mut newest: Option<CachedPolicy> = None;
        for repository in places {
            let kept = match self.store.policy(&place(repository, judged)).await {
                Ok(kept) => kept,
                Err(error) => {
                    tracing::warn!(%error, "the copy of a policy cannot be looked at");
                    return None;
                }
            };
            newest = [newest, kept].into_iter().flatten().max_by_key(|copy| copy.fetched);
        }
        let newest = newest.filter(|copy| !copy.is_stale)?;
        let age = self.store.clock().now().since(newest.fetched);
        (age <= self.oldest).then_some(())?;
        Some((wire::policy_copy::read(&newest.body)?, newest.fetched))
    }

    /// Fetches what the push run of a commit of the default branch left, and keeps it.
    ///
    /// # Errors
    /// A sentence that says why there is none. What cannot be fetched now is fetched when a change asks for it.
    pub async fn fetch_baseline(
        &self,
        client: &Client,
        repository: &str,
        branch: &str,
        sha: &str,
    ) -> Result<(), String> {
        let artifacts = ArtifactsOf {
            repository: repository.to_owned(),
            default_branch: branch.to_owned(),
            place: Place::Artifacts,
            most_compared: 0,
        };
        let itself = |candidate: &str| Some((candidate == sha).then_some(0));
        let found = artifacts.nearest(client, sha, 0, &itself).await.map_err(|none| none.why)?;
        self.keep_baseline(repository, branch, &found.snapshot).await;
        Ok(())
    }

    /// Keeps the evidence of a commit of the default branch.
    pub(super) async fn keep_baseline(&self, repository: &str, branch: &str, snapshot: &Snapshot) {
        let Some(sha) = snapshot.commit.clone() else { return };
        let body = wire::snapshot::write(snapshot);
        if body.len() > MOST_BYTES {
            return;
        }
        let stored = self.store.clock().now();
        let baseline =
            Baseline { repository: repository.to_owned(), branch: branch.to_owned(), sha, stored, body };
        if let Err(error) = self.store.keep_baseline(baseline).await {
            tracing::warn!(%error, "the evidence of the base cannot be kept");
        }
    }
}

/// A policy in place of the one that GitHub does not give, with the words about it.
pub(super) async fn policy(
    copies: Option<&Copies>,
    judged: &str,
    places: &[String],
    error: &RequestError,
) -> Option<(OrgFiles, Diagnostic)> {
    let used = match Tape::beside(ON_TAPE[0]) {
        Some(taped) => serde_json::from_slice(&taped).ok()?,
        None => {
            let copies = copies.filter(|_| error.may_pass())?;
            let (copy, fetched) = copies.policy(judged, places).await?;
            let at = Moment::from_seconds(u64::try_from(fetched.0 / 1_000).unwrap_or_default());
            let age = copies.store.clock().now().since(fetched).as_secs() / 60;
            let why = format!(
                "the organisation's policy could not be read from GitHub ({error}): judged by the copy of {}, {}",
                at.rfc3339().unwrap_or_default(),
                match age {
                    0 => "less than a minute old".to_owned(),
                    1 => "1 minute old".to_owned(),
                    minutes => format!("{minutes} minutes old"),
                }
            );
            let used = Used { copy, why };
            // It is of our own types, which can be written.
            Tape::keep_beside(ON_TAPE[0], &serde_json::to_vec(&used).unwrap_or_default());
            used
        }
    };
    let note = Diagnostic::new(Code::PolicyCopy, Weight::Warning, used.why.as_str(), Origin::default());
    Some((to_files(used.copy), note))
}

/// How old evidence may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Age {
    /// A day: a run of the same commit may be run again, and its event may be lost.
    Fresh,
    /// As old as what is kept.
    Any,
}

/// The evidence of a commit that was fetched before.
pub(super) async fn baseline(
    copies: Option<&Copies>,
    repository: &str,
    sha: &str,
    age: Age,
) -> Option<Nearest> {
    let body = match Tape::beside(ON_TAPE[1]) {
        Some(taped) => taped,
        None => {
            let store = &copies?.store;
            let kept = store.baseline(repository, sha).await;
            let kept = kept.inspect_err(|error| tracing::warn!(%error, "a baseline cannot be looked at"));
            let kept = kept.ok()??;
            let is_fresh = store.clock().now().since(kept.stored) < FRESH;
            if age == Age::Fresh && !is_fresh {
                return None;
            }
            Tape::keep_beside(ON_TAPE[1], &kept.body);
            kept.body
        }
    };
    let snapshot = wire::snapshot::read(&body).ok()?;
    (snapshot.commit.as_deref() == Some(sha)).then_some(Nearest { snapshot, distance: 0 })
}

/// The evidence of the newest commit of the branch that was fetched before and that the commit builds on, as GitHub says.
/// None if the evidence of the commit itself was fetched.
///
/// # Errors
/// Where GitHub cannot be asked.
pub(super) async fn earlier_baseline(
    client: &Client,
    copies: Option<&Copies>,
    (repository, branch): (&str, &str),
    sha: &str,
) -> Result<Option<Nearest>, RequestError> {
    if let Some(taped) = Tape::beside(ON_TAPE[2]) {
        return Ok(of_tape(&taped));
    }
    let Some(Copies { store, .. }) = copies else { return Ok(None) };
    let cannot = |error: &StoreError| tracing::warn!(%error, "the baselines cannot be looked at");
    let Ok(kept) = store.baselines(repository, branch).await.inspect_err(cannot) else { return Ok(None) };
    if kept.iter().any(|(commit, _)| commit == sha) {
        return Ok(None);
    }
    for (commit, _) in kept.iter().take(MOST_COMPARED) {
        let Some(distance) = distance(client, repository, commit, sha).await? else { continue };
        let Ok(Some(baseline)) = store.baseline(repository, commit).await.inspect_err(cannot) else {
            return Ok(None);
        };
        let taped = [format!("{distance} {commit}\n").as_bytes(), &baseline.body].concat();
        let found = of_tape(&taped);
        if found.is_some() {
            Tape::keep_beside(ON_TAPE[2], &taped);
        }
        return Ok(found);
    }
    Ok(None)
}

/// A baseline behind a line with its distance and its commit.
fn of_tape(taped: &[u8]) -> Option<Nearest> {
    let end = taped.iter().position(|byte| *byte == b'\n')?;
    let (line, body) = (std::str::from_utf8(taped.get(..end)?).ok()?, taped.get(end + 1..)?);
    let (distance, commit) = line.split_once(' ')?;
    let snapshot = wire::snapshot::read(body).ok()?;
    let distance = distance.parse().ok()?;
    (snapshot.commit.as_deref() == Some(commit)).then_some(Nearest { snapshot, distance })
}

/// Of which policy for which repository: the name alone decides what of it is read.
fn place(repository: &str, judged: &str) -> String {
    format!("{repository}/{}", judged.rsplit('/').next().unwrap_or(judged))
}

fn of_files(files: &OrgFiles) -> PolicyCopy {
    let file = |file: &OrgFile| OrganisationFile {
        path: file.path.clone(),
        name: file.name.clone(),
        commit: file.commit.clone(),
        text: file.text.clone(),
    };
    PolicyCopy {
        source: files.source.clone(),
        repository: files.repository.clone(),
        teams: files.teams.clone(),
        files: files.files.iter().map(file).collect(),
    }
}

fn to_files(copy: PolicyCopy) -> OrgFiles {
    let file = |file: OrganisationFile| OrgFile {
        path: file.path,
        name: file.name,
        commit: file.commit,
        text: file.text,
    };
    OrgFiles {
        files: copy.files.into_iter().map(file).collect(),
        beside: Vec::new(),
        source: copy.source,
        repository: copy.repository,
        teams: copy.teams,
    }
}
