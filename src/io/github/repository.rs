//! A repository, its branches and who may do what; GitHub Apps and rate limits.

use super::client::{Client, RequestError, part};
use crate::policy::RepoFacts;
use serde::Deserialize;

/// A repository.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Repository {
    /// Its number; it stays when the repository is renamed.
    pub id: u64,
    /// `owner/name`.
    pub full_name: String,
    /// The branch whose policy judges.
    pub default_branch: String,
    /// Whether it is not public.
    #[serde(default)]
    pub private: bool,
    /// Whether it is a fork.
    #[serde(default)]
    pub fork: bool,
    /// Whether it takes no changes.
    #[serde(default)]
    pub archived: bool,
    /// `public`, `private` or `internal`.
    #[serde(default)]
    pub visibility: Option<String>,
    /// Topics, for the groups of an organisation's policy.
    #[serde(default)]
    pub topics: Vec<String>,
}

/// What a person may do in a repository.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Permission {
    /// `admin`, `write`, `read` or `none`; `maintain` is `write` and `triage` is `read` here.
    pub permission: String,
    /// The role by its own name: `maintain`, `triage`, or one that the organisation made.
    #[serde(default)]
    pub role_name: Option<String>,
}

impl Permission {
    /// Whether the person may push.
    pub fn may_write(&self) -> bool {
        matches!(self.permission.as_str(), "admin" | "write")
    }
}

/// What is left of the rate limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct RateLimit {
    /// Requests an hour.
    pub limit: u64,
    /// Requests that are left.
    pub remaining: u64,
    /// When there are as many as `limit` again, in seconds since 1970.
    pub reset: u64,
}

/// What runs of pull requests from forks get in a private repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct ForkWorkflows {
    /// Whether they run at all.
    pub run_workflows_from_fork_pull_requests: bool,
    /// Whether their token may write: then the pull request is not kept apart (gate.md b1).
    pub send_write_tokens_to_workflows: bool,
    /// Whether they see secrets.
    pub send_secrets_and_variables: bool,
}

#[derive(Deserialize)]
struct Limits {
    resources: Resources,
}

#[derive(Deserialize)]
struct Resources {
    core: RateLimit,
}

#[derive(Deserialize)]
struct Branch {
    commit: BranchCommit,
}

#[derive(Deserialize)]
struct BranchCommit {
    sha: String,
}

#[derive(Deserialize)]
struct Installation {
    id: u64,
}

/// One rule that a ruleset puts on a branch; its parameters are read by who asks for them.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct BranchRule {
    /// `required_status_checks`, `merge_queue`, `workflows` and others.
    #[serde(rename = "type")]
    pub kind: String,
    /// What the rule asks for.
    #[serde(default)]
    pub parameters: serde_json::Value,
    /// The ruleset that it belongs to.
    #[serde(default)]
    pub ruleset_id: Option<u64>,
}

impl Client {
    /// A repository by `owner/name`; `None` if it does not exist or may not be seen, which GitHub does not tell
    /// apart.
    ///
    /// # Errors
    /// As every request.
    pub async fn repository(&self, repository: &str) -> Result<Option<Repository>, RequestError> {
        self.json_if_there(&repository_path(repository)?, super::client::MAX_JSON).await
    }

    /// What an organisation's policy may choose a repository by.
    ///
    /// # Errors
    /// As every request.
    pub async fn repository_facts(&self, repository: &str) -> Result<RepoFacts, RequestError> {
        let facts: serde_json::Value = self.json(&repository_path(repository)?).await?;
        RepoFacts::parse(&facts.to_string(), repository)
            .map_err(|_| RequestError::Malformed("a repository's topics or properties"))
    }

    /// The commit at the tip of a branch; `None` if there is no such branch.
    ///
    /// # Errors
    /// As every request.
    pub async fn branch_tip(&self, repository: &str, branch: &str) -> Result<Option<String>, RequestError> {
        let path = format!("{}/branches/{}", repository_path(repository)?, part(branch));
        let branch: Option<Branch> = self.json_if_there(&path, super::client::MAX_JSON).await?;
        Ok(branch.map(|branch| branch.commit.sha))
    }

    /// The rules that rulesets, also of the organisation, put on a branch.
    ///
    /// # Errors
    /// As every request.
    pub async fn branch_rules(
        &self,
        repository: &str,
        branch: &str,
    ) -> Result<Vec<BranchRule>, RequestError> {
        let path = format!("{}/rules/branches/{}", repository_path(repository)?, part(branch));
        self.list(&path, 1_000, |page: Vec<BranchRule>| (page, None)).await
    }

    /// What runs from forks get; `None` where GitHub does not say it: in a public repository they get nothing.
    ///
    /// # Errors
    /// As every request; 403 for a token that may not administer.
    pub async fn fork_workflows(&self, repository: &str) -> Result<Option<ForkWorkflows>, RequestError> {
        let repository = repository_path(repository)?;
        let path = format!("{repository}/actions/permissions/fork-pr-workflows-private-repos");
        self.json_if_there(&path, super::client::MAX_JSON).await
    }

    /// What a person may do in the repository, at this moment.
    ///
    /// # Errors
    /// As every request; 404 for a person who does not exist.
    pub async fn permission(&self, repository: &str, login: &str) -> Result<Permission, RequestError> {
        let repository = repository_path(repository)?;
        self.json(&format!("{repository}/collaborators/{}/permission", part(login))).await
    }

    /// What is left of the rate limit; asking costs nothing of it.
    ///
    /// # Errors
    /// As every request; 404 on a server without rate limits.
    pub async fn rate_limit(&self) -> Result<RateLimit, RequestError> {
        Ok(self.json::<Limits>("/rate_limit").await?.resources.core)
    }

    /// The installation of the App in a repository; `None` if it is not installed there. Asked as the App.
    ///
    /// # Errors
    /// As every request.
    pub async fn installation_of(&self, repository: &str) -> Result<Option<u64>, RequestError> {
        let path = format!("{}/installation", repository_path(repository)?);
        let installation: Option<Installation> = self.json_if_there(&path, super::client::MAX_JSON).await?;
        Ok(installation.map(|installation| installation.id))
    }
}

/// `/repos/owner/name`.
///
/// # Errors
/// For anything that is not `owner/name` in plain characters.
pub(super) fn repository_path(repository: &str) -> Result<String, RequestError> {
    if is_repository(repository) {
        return Ok(format!("/repos/{repository}"));
    }
    Err(RequestError::Malformed("the repository is not `owner/name`"))
}

/// True for `owner/name` in the characters that GitHub allows.
pub fn is_repository(text: &str) -> bool {
    let part = |text: &str| {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        !text.is_empty() && text.chars().all(plain) && !matches!(text, "." | "..")
    };
    text.split_once('/').is_some_and(|(owner, name)| part(owner) && part(name))
}
