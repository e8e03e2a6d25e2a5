//! Signed provenance of the artifacts that hold reports: fetched, verified, and held against the runs that uploaded
//! them. Whatever is wrong with it is no contradiction: the evidence keeps its grade, and the reason is said.

use super::pulls::Side;
use super::runs::file_of;
use super::{EvaluationError, Target, asking, base};
use crate::io::attestation::{Attempt, Authorities, Unbound, Uploaded, bind, verify};
use crate::io::github::{Bundle, Client, Fetched, RequestError, RunsIdentity, Upload, WorkflowRun};
use crate::model::{Attestations, Untrusted};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// One call of the API for each artifact; above that nothing is looked for.
const MAX_ARTIFACTS: usize = 20;

/// So many commits that a provenance names are looked at; a run has one.
const MAX_COMMITS: usize = 3;

/// Why nothing is looked for on a server whose runs have no identity.
const NO_ATTESTATIONS: &str = "this server has no artifact attestations";

/// Nothing that was signed is known of an artifact.
const NO_PROVENANCE: &str = "it has no provenance";

/// What lies elsewhere is no answer of the API.
const NOT_FOLLOWED: &str = "GitHub keeps its provenance at another address, which is not followed";

/// Whose signatures are believed, and who asks for them.
#[derive(Clone, Debug, Default)]
pub struct Trust {
    /// `None` for what is built in: the public instance of Sigstore, and GitHub's own.
    pub authorities: Option<Arc<Authorities>>,
    /// Who reads attestations, if it is not the same who reads everything else: a service asks for the right only where
    /// a policy needs it.
    pub reader: Option<Arc<Client>>,
}

/// What the artifacts of a change are held against.
pub(super) struct Evidence<'e> {
    pub(super) client: &'e Client,
    pub(super) target: &'e Target,
    pub(super) side: &'e Side,
    pub(super) runs: &'e [WorkflowRun],
    pub(super) fetched: &'e Fetched,
    /// The commit that was tested, as git confirmed it: the head, or its merge into the base.
    pub(super) tested: &'e str,
}

/// Looks for the provenance of the artifacts that hold these reports.
///
/// # Errors
/// Only while a rate limit holds: then the evaluation is done again.
pub(super) async fn look(
    evidence: &Evidence<'_>,
    reports: &BTreeSet<Untrusted>,
) -> Result<Attestations, EvaluationError> {
    let holds = |artifact: &(u64, String)| {
        let mut files = evidence.fetched.files.iter().filter(|file| reports.contains(&file.shown));
        files.any(|file| (file.run, &file.artifact) == (artifact.0, &artifact.1))
    };
    let wanted: Vec<&(u64, String)> = evidence.fetched.uploads.keys().filter(|key| holds(key)).collect();
    let nothing = |why: &str| {
        let why: Result<Untrusted, Untrusted> = Err(why.into());
        let artifacts = wanted.iter().map(|key| ((*key).clone(), why.clone())).collect();
        Ok(Attestations { artifacts })
    };
    let Some(identity) = evidence.client.api().runs_identity() else { return nothing(NO_ATTESTATIONS) };
    if wanted.len() > MAX_ARTIFACTS {
        let why = format!(
            "{} artifacts hold these reports, and provenance is looked for of at most {MAX_ARTIFACTS}",
            wanted.len()
        );
        return nothing(&why);
    }
    let trust = &evidence.target.trust;
    let authorities = match &trust.authorities {
        Some(given) => Arc::clone(given),
        None => match Authorities::built_in() {
            Ok(built_in) => Arc::new(built_in),
            Err(refusal) => return nothing(&format!("whom to trust is not known: {refusal}")),
        },
    };
    let mut looking = Looking { evidence, identity, authorities, commits: BTreeMap::new() };
    let mut artifacts = BTreeMap::new();
    for key in wanted {
        let outcome = match looking.provenance(key).await {
            Err(Trouble::Paused(error)) => return Err(asking("the provenance of an artifact")(error)),
            Err(Trouble::Why(why)) => Err(Untrusted::new(format!("artifact {}: {why}", key.1))),
            Ok(verified) => Ok(verified.into()),
        };
        artifacts.insert(key.clone(), outcome);
    }
    Ok(Attestations { artifacts })
}

/// Why an artifact is not attested.
enum Trouble {
    /// GitHub may be asked again later.
    Paused(RequestError),
    /// In words.
    Why(String),
}

impl From<RequestError> for Trouble {
    fn from(error: RequestError) -> Self {
        match error {
            error if error.may_pass() => Self::Paused(error),
            // 422 where an App asks for a token with a right that it was not given.
            RequestError::Status(403 | 422) => {
                Self::Why("its provenance cannot be read without the right `attestations: read`".to_owned())
            }
            error => Self::Why(format!("its provenance cannot be read: {error}")),
        }
    }
}

struct Looking<'e> {
    evidence: &'e Evidence<'e>,
    identity: RunsIdentity,
    authorities: Arc<Authorities>,
    /// The commits that provenance named and that are not the tested one: `None` for one that git confirms, else why not.
    commits: BTreeMap<String, Option<String>>,
}

impl Looking<'_> {
    /// What was verified of an artifact.
    async fn provenance(&mut self, key: &(u64, String)) -> Result<String, Trouble> {
        let evidence = self.evidence;
        let why = |text: &str| Trouble::Why(text.to_owned());
        let run =
            evidence.runs.iter().find(|run| run.id == key.0).ok_or_else(|| why("its run is not known"))?;
        let upload = evidence.fetched.uploads.get(key).ok_or_else(|| why("it is not known"))?;
        // Nothing that a fork's run signs can be an identity of this repository, so nobody is asked.
        if run.head_repository.as_ref().map(|head| head.id) != Some(run.repository.id) {
            return Err(Trouble::Why(Unbound::Fork.to_string()));
        }
        let reader = evidence.target.trust.reader.as_deref().unwrap_or(evidence.client);
        let bundles = reader.attestations(&evidence.target.repository, &upload.digest).await?;
        let attempt = match upload.attempt {
            Some(named) => Attempt::Exactly(named),
            None => Attempt::UpTo(run.run_attempt.unwrap_or(1)),
        };
        let uploaded = Uploaded {
            issuer: &self.identity.issuer.clone(),
            server: &self.identity.pages.clone(),
            repository: &evidence.target.repository,
            repository_id: run.repository.id,
            head_repository_id: run.head_repository.as_ref().map(|head| head.id),
            run: run.id,
            attempt,
            workflow: file_of(run),
            event: &run.event,
            commits: &[&evidence.target.sha, evidence.tested],
        };
        let mut first = None;
        for bundle in bundles {
            match self.is_of(&bundle, upload, &uploaded).await? {
                None => {
                    return Ok(format!("run {} of {}, which signed what it uploaded", run.id, file_of(run)));
                }
                Some(not) => drop(first.get_or_insert(not)),
            }
        }
        Err(Trouble::Why(first.unwrap_or_else(|| NO_PROVENANCE.to_owned())))
    }

    /// Why a bundle is no verified provenance of the upload; `None` if it is.
    async fn is_of(
        &mut self,
        bundle: &Bundle,
        upload: &Upload,
        uploaded: &Uploaded<'_>,
    ) -> Result<Option<String>, Trouble> {
        let bundle = match bundle {
            Bundle::Here(bundle) => bundle,
            Bundle::Elsewhere => return Ok(Some(NOT_FOLLOWED.to_owned())),
        };
        let claims = match verify(bundle, &upload.digest, &self.authorities) {
            Ok(claims) => claims,
            Err(refusal) => return Ok(Some(refusal.to_string())),
        };
        let bound = match bind(&claims, uploaded) {
            // The merge into the base, which the event of a pull request runs for, if no manifest names it.
            Err(Unbound::Commit) => match self.confirm(&claims.commit).await? {
                Some(not) => return Ok(Some(format!("{}: {not}", Unbound::Commit))),
                None => bind(&claims, &Uploaded { commits: &[&claims.commit], ..*uploaded }),
            },
            bound => bound,
        };
        Ok(bound.err().map(|unbound| unbound.to_string()))
    }

    /// Why a commit is no merge of the head into the base; `None` if it is one, as git says.
    async fn confirm(&mut self, commit: &str) -> Result<Option<String>, Trouble> {
        if let Some(known) = self.commits.get(commit) {
            return Ok(known.clone());
        }
        if self.commits.len() == MAX_COMMITS {
            return Ok(Some("too many other commits are named".to_owned()));
        }
        let Evidence { client, target, side, .. } = self.evidence;
        let is_id = matches!(commit.len(), 40 | 64) && commit.bytes().all(|byte| byte.is_ascii_hexdigit());
        let answer = match is_id {
            true => match base::why_not_tested(client, target, side, commit).await {
                Ok(why) => why.map(str::to_owned),
                Err(error) if error.may_pass() => return Err(Trouble::Paused(error)),
                Err(error) => Some(error.to_string()),
            },
            false => Some("it names none".to_owned()),
        };
        self.commits.insert(commit.to_owned(), answer.clone());
        Ok(answer)
    }
}
