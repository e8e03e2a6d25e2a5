//! An organisation's policy through the API (DECISIONS 6): `<organisation>/.tollgate`, else the folder `tollgate` of
//! `<organisation>/.github`, at the tip of its default branch.
//!
//! GitHub answers 404 both for a repository that is not there and for one that the token may not see. Where the
//! policy is asked for (`extends`, or a token of its own) that is an error of whoever judges; else it is said.

use super::client::{Client, RequestError};
use super::identity::Identity;
use super::network::{Api, Network};
use super::repository::is_repository;
use crate::diagnostic::{Code, Diagnostic, Origin, Weight};
use crate::io::policy::{FetchedFile, FetchedFiles, OrgFiles, PolicyError};
use secrecy::SecretString;
use std::fmt;

/// Where an organisation keeps its policy, if nobody names another repository.
const PLACES: [&str; 2] = [".tollgate", ".github"];

/// More files than this are no policy.
const MAX_FILES: usize = 1_000;

/// Why an organisation's policy cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum OrganisationError {
    /// GitHub could not be asked: that is not "no policy".
    #[error("the organisation's policy cannot be read from `{repository}`: {source}")]
    Request {
        /// Where it was looked for.
        repository: String,
        /// Why not.
        #[source]
        source: RequestError,
    },
    /// It is there and cannot be used.
    #[error("{}", .0.message.raw())]
    Wrong(Box<Diagnostic>),
}

/// Reads the policy that holds for the repository `judged`: the one of `extends`, else the one of its owner. `None`
/// if there is none that the client's identity may see.
///
/// # Errors
/// See [`OrganisationError`].
pub async fn fetch_organisation(
    client: &Client,
    judged: &str,
    extends: Option<&str>,
) -> Result<Option<OrgFiles>, OrganisationError> {
    let (owner, name) = judged.split_once('/').unwrap_or((judged, judged));
    let places = match extends {
        Some(named) => vec![named.to_owned()],
        None => PLACES.iter().map(|place| format!("{owner}/{place}")).collect(),
    };
    for place in places {
        let failed = |source| OrganisationError::Request { repository: place.clone(), source };
        let files = match files_of(client, &place, name).await {
            Ok(Some(files)) => files,
            // Not there, or not for this token; GitHub says 403 where single sign-on keeps it out.
            Ok(None) | Err(RequestError::Status(401 | 403)) => continue,
            Err(error) => return Err(failed(error)),
        };
        if !files.hold_a_policy() && extends.is_none() {
            continue;
        }
        return files.policy(name).map(Some).map_err(|error| match error {
            PolicyError::Wrong(error) | PolicyError::Unreadable(error) => OrganisationError::Wrong(error),
        });
    }
    Ok(None)
}

/// The files of a repository that may belong to a policy; `None` if there is no such repository.
async fn files_of(
    client: &Client,
    repository: &str,
    name: &str,
) -> Result<Option<FetchedFiles>, RequestError> {
    let Some(found) = client.repository(repository).await? else { return Ok(None) };
    let mut fetched = FetchedFiles { repository: repository.to_owned(), ..FetchedFiles::default() };
    // A repository without a commit has no branch.
    let Some(tip) = client.branch_tip(repository, &found.default_branch).await? else {
        return Ok(Some(fetched));
    };
    // A repository that is not for policies alone has them in a folder.
    let root = if repository.ends_with("/.github") { "tollgate/" } else { "" };
    let mut open = vec![(String::new(), tip.clone())];
    fetched.commit = tip;
    while let Some((folder, id)) = open.pop() {
        let level = client.tree(repository, &id, false).await?;
        if level.truncated {
            return Err(RequestError::Malformed("a folder has more files than GitHub lists"));
        }
        for entry in level.entries {
            let path = format!("{folder}{}", entry.path);
            let is_folder = entry.kind == "tree";
            if is_folder && matches!(path.as_str(), "tollgate" | "tollgate/groups" | "tollgate/repos")
                || is_folder && root.is_empty() && matches!(path.as_str(), "groups" | "repos")
            {
                open.push((format!("{path}/"), entry.sha));
            } else if !is_folder && path.starts_with(root) && FetchedFiles::may_belong(&path) {
                let is_regular = matches!(entry.mode.as_str(), "100644" | "100755");
                let file = if !is_regular {
                    FetchedFile::NotRegular
                } else if !FetchedFiles::is_wanted(&path, name) {
                    FetchedFile::Listed
                } else if entry.size.is_some_and(|size| size > FetchedFiles::most_bytes(&path)) {
                    FetchedFile::TooLarge
                } else {
                    let most = usize::try_from(FetchedFiles::most_bytes(&path)).unwrap_or(usize::MAX);
                    FetchedFile::Bytes(client.blob(repository, &entry.sha, most).await?)
                };
                fetched.files.insert(path, file);
                if fetched.files.len() > MAX_FILES {
                    return Err(RequestError::Malformed("more than 1,000 files of a policy"));
                }
            }
        }
    }
    Ok(Some(fetched))
}

/// An organisation's policy that is looked for through the API.
#[derive(Clone)]
pub struct OrganisationRequest {
    api: Api,
    token: SecretString,
    network: Network,
    repository: String,
    is_required: bool,
}

// A token stands in it.
impl fmt::Debug for OrganisationRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OrganisationRequest")
            .field("repository", &self.repository)
            .field("is_required", &self.is_required)
            .finish_non_exhaustive()
    }
}

impl OrganisationRequest {
    /// Takes the API, a token, the repository that is judged, and whether the policy must be there: a token that
    /// somebody gave for it is for nothing else.
    ///
    /// # Errors
    /// A sentence that names the value which cannot be used; never the value.
    pub fn new(
        api: &str,
        token: &str,
        network: Network,
        repository: &str,
        is_required: bool,
    ) -> Result<Self, &'static str> {
        let api = Api::new(api).ok_or("`github-api-url` is no https:// address")?;
        if token.is_empty() || !token.chars().all(|c| c.is_ascii_graphic()) {
            return Err("the token is empty or none");
        }
        if !is_repository(repository) {
            return Err("GITHUB_REPOSITORY is not `owner/name`");
        }
        let repository = repository.to_owned();
        Ok(Self { api, token: SecretString::from(token), network, repository, is_required })
    }

    /// Reads it. What cannot be read is an error where the policy is asked for, and else none that this token may
    /// see.
    ///
    /// # Errors
    /// A diagnostic that says what to do.
    pub fn fetch(&self, extends: Option<&str>) -> Result<Option<OrgFiles>, Box<Diagnostic>> {
        let is_asked_for = self.is_required || extends.is_some();
        let fetched = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| no_policy(&format!("no request can be made: {error}")))?
            .block_on(async {
                let client = Client::new(self.api.clone(), Identity::from(&self.token), &self.network);
                let failed =
                    |source| OrganisationError::Request { repository: self.repository.clone(), source };
                let client = client.map_err(failed)?;
                let client = if is_asked_for { client } else { client.for_what_can_be_missed() };
                fetch_organisation(&client, &self.repository, extends).await
            });
        match fetched {
            Ok(None) if self.is_required => Err(not_seen(&self.repository)),
            Ok(found) => Ok(found),
            Err(OrganisationError::Wrong(error)) => Err(error),
            Err(OrganisationError::Request { .. }) if !is_asked_for => Ok(None),
            Err(error) => Err(no_policy(&error.to_string())),
        }
    }
}

/// The policy is asked for, and the token does not see it.
pub fn not_seen(judged: &str) -> Box<Diagnostic> {
    let owner = judged.split('/').next().unwrap_or(judged);
    no_policy(&format!(
        "neither `{owner}/.tollgate` nor `{owner}/.github` shows a policy to `org-policy-token`"
    ))
}

fn no_policy(message: &str) -> Box<Diagnostic> {
    let help = "check that the policy is there and that the token has `contents: read` of its repository";
    let error = Diagnostic::new(Code::NoOrganisationPolicy, Weight::Error, message, Origin::default());
    Box::new(error.with_help(help))
}
