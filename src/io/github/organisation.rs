//! An organisation's policy through the API (DECISIONS 6): `<organisation>/.tollgate`, else the folder `tollgate` of
//! `<organisation>/.github`, at the tip of its default branch.
//!
//! GitHub answers 404 both for a repository that is not there and for one that the token may not see. Where the
//! policy is asked for (`extends`, or a token of its own) that is an error of whoever judges; else it is said.

use super::client::{Client, RequestError};
use super::identity::Identity;
use super::network::{Api, Network};
use super::objects::TreeEntry;
use super::repository::is_repository;
use crate::diagnostic::{Code, Diagnostic, Origin, Weight};
use crate::io::policy::{FetchedFile, FetchedFiles, OrgFiles, PolicyError};
use secrecy::SecretString;
use std::collections::BTreeMap;
use std::fmt;

/// The repositories in which an organisation keeps its policy, if nobody names another.
pub const ORGANISATION_REPOSITORIES: [&str; 2] = [".tollgate", ".github"];

/// More files than this stand beside no policy.
const MAX_BESIDE: usize = 50;

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
    let name = judged.split_once('/').map_or(judged, |(_, name)| name);
    for place in organisation_places(judged, extends) {
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

/// The repositories in which the policy for a repository is looked for, in that order.
pub fn organisation_places(judged: &str, extends: Option<&str>) -> Vec<String> {
    let owner = judged.split('/').next().unwrap_or(judged);
    match extends {
        Some(named) => vec![named.to_owned()],
        None => ORGANISATION_REPOSITORIES.iter().map(|place| format!("{owner}/{place}")).collect(),
    }
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
    let named = fetched.named_beside();
    if named.len() > MAX_BESIDE {
        return Err(RequestError::Malformed("more than 50 files beside a policy"));
    }
    let mut folders = BTreeMap::new();
    for (path, most) in named {
        let file = file_of(client, repository, &fetched.commit, &path, most, &mut folders).await?;
        fetched.files.extend(file.map(|file| (path, file)));
    }
    Ok(Some(fetched))
}

/// What stands in a folder, by name.
type Level = BTreeMap<String, TreeEntry>;

/// A file of a commit, looked for folder by folder; `None` if it is not there.
async fn file_of(
    client: &Client,
    repository: &str,
    commit: &str,
    path: &str,
    most: u64,
    folders: &mut BTreeMap<String, Level>,
) -> Result<Option<FetchedFile>, RequestError> {
    let mut id = commit.to_owned();
    let mut names = path.split('/').peekable();
    while let Some(name) = names.next() {
        if !folders.contains_key(&id) {
            let level = client.tree(repository, &id, false).await?;
            if level.truncated {
                return Err(RequestError::Malformed("a folder has more files than GitHub lists"));
            }
            let level = level.entries.into_iter().map(|entry| (entry.path.clone(), entry)).collect();
            folders.insert(id.clone(), level);
        }
        let Some(entry) = folders.get(&id).and_then(|level| level.get(name)) else { return Ok(None) };
        match (entry.kind.as_str(), names.peek()) {
            ("tree", Some(_)) => id.clone_from(&entry.sha),
            ("blob", None) if !matches!(entry.mode.as_str(), "100644" | "100755") => {
                return Ok(Some(FetchedFile::NotRegular));
            }
            ("blob", None) if entry.size.is_some_and(|size| size > most) => {
                return Ok(Some(FetchedFile::TooLarge));
            }
            ("blob", None) => {
                let most = usize::try_from(most).unwrap_or(usize::MAX);
                return client.blob(repository, &entry.sha, most).await.map(FetchedFile::Bytes).map(Some);
            }
            _ => return Ok(Some(FetchedFile::NotRegular)),
        }
    }
    Ok(None)
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

#[cfg(test)]
mod tests {
    use super::super::tests::Server;
    use super::*;
    use crate::policy::BesideKind;
    use serde_json::json;

    const JUDGED: &str = "acme/payments";
    const VEX: &str = r#"{"@context": "https://openvex.dev/ns/v0.2.0", "author": "A", "statements": []}"#;

    /// The organisation's repository with `org.yml` and these other folders, each with one file.
    fn fetched(root: &str, folders: &[(&str, &str, &str)]) -> Result<Option<OrgFiles>, Box<Diagnostic>> {
        let server = Server::start();
        let of = |path: &str| format!("/repos/acme/.tollgate{path}");
        let answer = |path: String, body: serde_json::Value| server.answer(&path, 200, body.to_string());
        answer(
            of(""),
            json!({"default_branch": "main", "private": false, "id": 7, "full_name": "acme/.tollgate", "name": ".tollgate", "owner": {"login": "acme"}}),
        );
        answer(of("/branches/main"), json!({"commit": {"sha": "c".repeat(40)}}));
        let file = |path: &str, sha: &str, text: &str| json!({"path": path, "mode": "100644", "type": "blob", "sha": sha, "size": text.len()});
        let mut entries = vec![file("org.yml", "f0", root)];
        let blob = |sha: &str, text: &str| {
            answer(
                of(&format!("/git/blobs/{sha}")),
                json!({"encoding": "utf-8", "content": text, "sha": sha, "size": text.len()}),
            );
        };
        blob("f0", root);
        for (index, (folder, name, text)) in folders.iter().enumerate() {
            let (tree, sha) = (format!("d{}", index + 1), format!("f{}", index + 1));
            entries.push(json!({"path": folder, "mode": "040000", "type": "tree", "sha": tree}));
            let level = json!({"sha": tree, "truncated": false, "tree": [file(name, &sha, text)]});
            answer(of(&format!("/git/trees/{tree}")), level);
            blob(&sha, text);
        }
        let level = json!({"sha": "t0", "truncated": false, "tree": entries});
        answer(of(&format!("/git/trees/{}", "c".repeat(40))), level);
        OrganisationRequest::new(&server.address, "t", Network::direct(), JUDGED, true).unwrap().fetch(None)
    }

    #[test]
    fn what_the_policy_names_beside_is_fetched_from_its_folder() {
        let root = "version: 1\nvex: [vex/all.json]\n";
        let found = fetched(root, &[("vex", "all.json", VEX), ("docs", "a.md", "x")]).unwrap().unwrap();
        let beside: Vec<_> = found.beside.iter().map(|file| (file.kind, file.name.as_str())).collect();
        assert_eq!(beside, [(BesideKind::Vex, "acme/.tollgate/vex/all.json")]);
        found.parse().unwrap();
    }

    #[test]
    fn what_the_policy_names_and_is_not_there_is_never_an_empty_file() {
        let root = "version: 1\nvex: [vex/all.json]\n";
        for folders in [&[][..], &[("vex", "other.json", VEX)]] {
            let error = fetched(root, folders).unwrap_err();
            assert_eq!(error.code, Code::NotRegular);
            assert_eq!(error.origin.file.raw(), "acme/.tollgate/vex/all.json");
        }
    }
}
