//! The artifacts of a run: listed, chosen, fetched by id, unpacked in memory, and held against their manifests.

use super::client::{Client, RequestError};
use super::identity::Identity;
use super::manifest::{self, hex};
use super::network::{Api, Network};
use super::repository::{is_repository, repository_path};
use super::runs::{WorkflowJob, WorkflowRun};
use crate::diagnostic::{Code, Diagnostic, Origin, Weight};
use crate::io::archive::{self, Budget};
use crate::io::jobs::Leg;
use crate::io::reports::Packed;
use crate::model::{BuildJobs, Job, JobReports, Untrusted};
use crate::policy::Globs;
use secrecy::SecretString;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// GitHub's own client lists no more.
const MAX_LISTED: usize = 1_000;

/// A matrix has 256 jobs at most.
const MAX_FETCHED: usize = 256;

/// Which artifacts, and how to get them.
#[derive(Clone)]
pub struct Request {
    api: Api,
    token: SecretString,
    network: Network,
    repository: String,
    run: u64,
    /// The file of the run's workflow; empty if it is not known.
    workflow: String,
    names: Globs,
}

// A token stands in it.
impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request").field("repository", &self.repository).field("run", &self.run).finish()
    }
}

impl Request {
    /// Takes the inputs `github-api-url`, `github-token`, `run-id` and `artifacts` (one glob a line), and the
    /// repository as `owner/name`.
    ///
    /// # Errors
    /// A sentence that names the input which cannot be used; never its value, for a token may stand in it.
    pub fn new(
        api: &str,
        token: &str,
        repository: &str,
        run: &str,
        names: &str,
    ) -> Result<Self, &'static str> {
        let api = Api::new(api).ok_or("`github-api-url` is no https:// address")?;
        if token.is_empty() || !token.chars().all(|c| c.is_ascii_graphic()) {
            return Err("`github-token` is empty or no token; `artifacts` needs one with `actions: read`");
        }
        if !is_repository(repository) {
            return Err("GITHUB_REPOSITORY is not `owner/name`");
        }
        let run = run.parse().map_err(|_| "`run-id` is no number")?;
        let lines = names.lines().map(str::trim).filter(|line| !line.is_empty());
        let names = Globs::new(lines).map_err(|_| "`artifacts` holds what is no glob")?;
        Ok(Self {
            api,
            token: SecretString::from(token),
            network: Network::direct(),
            repository: repository.to_owned(),
            run,
            workflow: String::new(),
            names,
        })
    }

    /// The same of a run whose workflow is known by its file: `.github/workflows/ci.yml`.
    #[must_use]
    pub fn of_workflow(self, file: &str) -> Self {
        Self { workflow: file.to_owned(), ..self }
    }
}

impl Request {
    /// The same over another network.
    #[must_use]
    pub fn through(self, network: Network) -> Self {
        Self { network, ..self }
    }
}

/// An artifact in the list of a run.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub struct Artifact {
    /// Its number; names can be taken twice.
    pub id: u64,
    /// Its name, which the job chose.
    pub name: String,
    /// Whether it is gone.
    #[serde(default)]
    pub expired: bool,
    /// Its packed size in bytes.
    #[serde(default)]
    pub size_in_bytes: u64,
    /// `sha256:…`; old servers have none.
    #[serde(default)]
    pub digest: Option<String>,
}

#[derive(Deserialize)]
struct Page {
    total_count: usize,
    artifacts: Vec<Artifact>,
}

impl Client {
    /// All artifacts of a run, of all its attempts; at most `most`.
    ///
    /// # Errors
    /// As every request, and when the list is not whole.
    pub async fn artifacts(
        &self,
        repository: &str,
        run: u64,
        most: usize,
    ) -> Result<Vec<Artifact>, RequestError> {
        let path = format!("{}/actions/runs/{run}/artifacts", repository_path(repository)?);
        self.list(&path, most, |page: Page| (page.artifacts, Some(page.total_count))).await
    }

    /// The bytes of an artifact, at most `most`.
    ///
    /// # Errors
    /// As every request; 410 for one that has expired.
    pub async fn download(&self, repository: &str, id: u64, most: usize) -> Result<Vec<u8>, RequestError> {
        self.file(&format!("{}/actions/artifacts/{id}/zip", repository_path(repository)?), most).await
    }
}

/// What the artifacts hold.
#[derive(Clone, Debug, Default)]
pub struct Fetched {
    /// The files, by artifact and path.
    pub files: Vec<Packed>,
    /// The steps of the jobs that collected them.
    pub jobs: BuildJobs,
    /// Those jobs, as far as their manifests name them.
    pub legs: Vec<Leg>,
    /// The run's own list of its jobs; `None` if it was not asked for or cannot be had.
    pub listed: Option<Vec<Job>>,
    /// What was wrong; with an error nothing may pass.
    pub diagnostics: Vec<Diagnostic>,
    /// The commits that were tested, as the manifests claim.
    pub tested: BTreeSet<String>,
    /// The artifacts themselves, by the run that uploaded them and their name.
    pub uploads: BTreeMap<(u64, String), Upload>,
}

/// An artifact as it was fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Upload {
    /// The SHA-256 of its bytes, made here: what `actions/upload-artifact` gives as `artifact-digest`.
    pub digest: [u8; 32],
    /// The attempt of the run that its name says, if it says one.
    pub attempt: Option<u64>,
}

impl Fetched {
    /// Brings everything into an order of its own.
    fn sort(&mut self) {
        self.files.sort_by(|a, b| (&a.shown, &a.path).cmp(&(&b.shown, &b.path)));
        self.jobs.jobs.sort();
        self.diagnostics.sort();
    }
}

/// Fetches the artifacts of a run. Never fails as a whole: what could not be had is an error in the diagnostics.
pub fn fetch(request: &Request) -> Fetched {
    let mut fetched = Fetched::default();
    match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime.block_on(fetch_all(request, &mut fetched)),
        Err(error) => {
            let message = format!("no request can be made: {error}");
            fetched.diagnostics.push(error_of(Code::GithubFailed, message, None));
        }
    }
    fetched.sort();
    fetched
}

async fn fetch_all(request: &Request, into: &mut Fetched) {
    match Client::new(request.api.clone(), Identity::from(&request.token), &request.network) {
        Ok(client) => {
            let of = OfRun {
                client: &client,
                repository: &request.repository,
                run: request.run,
                workflow: &request.workflow,
            };
            match fetch_chosen(&of, &request.names, &mut Budget::default(), into).await {
                0 => {
                    let message = "no artifact of the run has a name that `artifacts` asks for";
                    into.diagnostics.push(error_of(Code::BadArtifact, message, None));
                }
                // The list of artifacts cannot be had, and so nothing passes.
                usize::MAX => return,
                _ => {}
            }
            match client.jobs(&request.repository, request.run).await {
                Ok(jobs) => into.listed = Some(jobs.iter().filter_map(WorkflowJob::ended).collect()),
                Err(error) => {
                    let message = format!(
                        "the jobs of the run cannot be listed, and one of `needs` stands for all its legs: {error}"
                    );
                    let note = Diagnostic::new(Code::GithubFailed, Weight::Note, message, Origin::default());
                    into.diagnostics.push(note);
                }
            }
        }
        Err(error) => {
            let message = format!("the artifacts of the run cannot be listed: {error}");
            into.diagnostics.push(error_of(Code::GithubFailed, message, None));
        }
    }
}

/// Adds the artifacts of one run, of which there may be several; `budget` is for all of them together.
pub async fn fetch_run(
    client: &Client,
    repository: &str,
    run: &WorkflowRun,
    names: &Globs,
    budget: &mut Budget,
    into: &mut Fetched,
) {
    let of = OfRun { client, repository, run: run.id, workflow: &run.path };
    // A run without artifacts (a linter) is none of the evidence.
    let _count = fetch_chosen(&of, names, budget, into).await;
    into.sort();
}

/// The run whose artifacts are fetched.
struct OfRun<'r> {
    client: &'r Client,
    repository: &'r str,
    run: u64,
    /// The file of its workflow; empty if it is not known.
    workflow: &'r str,
}

/// Gives how many artifacts have a name that was asked for; what is wrong with them stands in `into`.
async fn fetch_chosen(of: &OfRun<'_>, names: &Globs, budget: &mut Budget, into: &mut Fetched) -> usize {
    let listed = match of.client.artifacts(of.repository, of.run, MAX_LISTED).await {
        Ok(listed) => listed,
        Err(error) => {
            let message = format!("the artifacts of the run cannot be listed: {error}");
            into.diagnostics.push(error_of(Code::GithubFailed, message, None));
            return usize::MAX;
        }
    };
    let chosen = choose(listed, names);
    if chosen.len() > MAX_FETCHED {
        let message = format!("{} artifacts match `artifacts`; at most {MAX_FETCHED} are read", chosen.len());
        into.diagnostics.push(error_of(Code::BadArtifact, message, None));
        return chosen.len();
    }
    for artifact in &chosen {
        if let Err((code, why)) = add(of, artifact, budget, into).await {
            into.diagnostics.push(error_of(code, why, Some(&artifact.listed.name)));
        }
    }
    chosen.len()
}

async fn add(
    of: &OfRun<'_>,
    artifact: &Chosen,
    budget: &mut Budget,
    into: &mut Fetched,
) -> Result<(), (Code, String)> {
    let bad = |why: &str| (Code::BadArtifact, format!("the artifact cannot be used: {why}"));
    let listed = &artifact.listed;
    if listed.expired {
        return Err(bad("it has expired"));
    }
    if listed.size_in_bytes > archive::MAX_COMPRESSED as u64 {
        return Err(bad("it is larger than 50 MiB"));
    }
    let bytes =
        of.client.download(of.repository, listed.id, archive::MAX_COMPRESSED).await.map_err(|error| {
            match error {
                RequestError::Status(410) => bad("it has expired"),
                RequestError::TooLarge(_) => bad("it is larger than 50 MiB"),
                error => (Code::GithubFailed, format!("the artifact cannot be fetched: {error}")),
            }
        })?;
    let digest: [u8; 32] = Sha256::digest(&bytes).into();
    if let Some(said) = &listed.digest
        && said.strip_prefix("sha256:") != Some(hex(&digest).as_str())
    {
        return Err(bad("it is not what GitHub's digest says"));
    }
    let files = archive::unpack(&bytes, budget).map_err(|error| bad(&error.to_string()))?;
    let content = manifest::content(files, of.run, artifact.attempt).map_err(bad)?;
    into.uploads.insert((of.run, listed.name.clone()), Upload { digest, attempt: artifact.attempt });
    into.files.extend(content.reports.into_iter().map(|report| Packed {
        shown: Untrusted::new(format!("{}/{}", listed.name, report.path.as_str())),
        artifact: listed.name.clone(),
        workflow: of.workflow.to_owned(),
        tested: content.tested.clone().filter(|tested| !tested.is_empty()),
        path: report.path,
        bytes: report.bytes,
        run: of.run,
    }));
    into.jobs.jobs.extend(
        content
            .jobs
            .jobs
            .into_iter()
            .map(|step| Job { reports: JobReports::Artifact(listed.name.as_str().into()), ..step }),
    );
    into.legs.extend(content.leg);
    into.tested.extend(content.tested);
    if content.skipped > 0 {
        let why = format!("{} files were left out when the artifact was packed", content.skipped);
        return Err((Code::BadArtifact, why));
    }
    Ok(())
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Chosen {
    listed: Artifact,
    /// The attempt that its name says, as `.github/actions/collect` writes it.
    attempt: Option<u64>,
}

/// The artifacts of the wanted names; of each only the one of the newest attempt, and of the same name the
/// newest (a re-run leaves those of earlier attempts in the list).
fn choose(listed: Vec<Artifact>, names: &Globs) -> Vec<Chosen> {
    let mut newest: BTreeMap<String, Chosen> = BTreeMap::new();
    for listed in listed.into_iter().filter(|listed| names.is_match_text(&listed.name)) {
        let (key, attempt) = match listed.name.rsplit_once("-a") {
            Some((key, attempt)) if attempt.bytes().all(|b| b.is_ascii_digit()) => {
                (format!("{key}-a"), attempt.parse().ok())
            }
            _ => (listed.name.clone(), None),
        };
        let chosen = Chosen { listed, attempt };
        let rank = |chosen: &Chosen| (chosen.attempt, chosen.listed.id);
        match newest.get(&key) {
            Some(have) if rank(have) >= rank(&chosen) => {}
            _ => drop(newest.insert(key, chosen)),
        }
    }
    newest.into_values().collect()
}

fn error_of(code: Code, message: impl Into<Untrusted>, artifact: Option<&str>) -> Diagnostic {
    let origin = artifact.map_or_else(Origin::default, |name| Origin::file(format!("artifact {name}")));
    Diagnostic::new(code, Weight::Error, message, origin)
}
