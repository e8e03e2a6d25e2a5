//! Pull requests (gate.md b3), and the one comment that may stand on them.

use super::client::{Client, MAX_JSON, RequestError, part};
use super::repository::repository_path;
use crate::model::{Moment, Untrusted};
use http::Method;
use serde::{Deserialize, Serialize};

/// How many pull requests of one branch are listed.
const MAX_LISTED: usize = 1_000;

/// How many closed pull requests are looked through for those that were merged.
const MAX_CLOSED: usize = 3_000;

/// How many comments of one pull request are looked through.
const MAX_COMMENTS: usize = 3_000;

/// A pull request.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct PullRequest {
    /// Its number.
    pub number: u64,
    /// `open` or `closed`.
    pub state: String,
    /// Whether it is a draft.
    #[serde(default)]
    pub draft: Option<bool>,
    /// Its title.
    pub title: Untrusted,
    /// Its author; `None` if the account is gone.
    #[serde(default)]
    pub user: Option<User>,
    /// Whether the author has been here before: for the tone, never for trust (gate.md b9).
    #[serde(default)]
    pub author_association: Option<String>,
    /// What is proposed.
    pub head: Side,
    /// Where it goes.
    pub base: Side,
    /// The test merge; never a place for a check.
    #[serde(default)]
    pub merge_commit_sha: Option<String>,
    /// When it was merged.
    #[serde(default)]
    pub merged_at: Option<String>,
    /// When anything of it last changed.
    #[serde(default)]
    pub updated_at: Option<String>,
    /// Whether it can be merged; `None` while GitHub finds out, and in lists.
    #[serde(default)]
    pub mergeable: Option<bool>,
}

impl PullRequest {
    /// Whether it is open.
    pub fn is_open(&self) -> bool {
        self.state == "open"
    }

    /// When it was merged; `None` if it was not.
    ///
    /// # Errors
    /// For a time that cannot be read: a merge is never taken for none.
    pub fn merged(&self) -> Result<Option<Moment>, RequestError> {
        let unreadable = RequestError::Malformed("when a pull request was merged");
        self.merged_at.as_deref().map(|at| Moment::parse(at).ok_or(unreadable)).transpose()
    }
}

/// One side of a pull request.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Side {
    /// The branch; a fork's branch may have any name, also `main`.
    #[serde(rename = "ref")]
    pub branch: Untrusted,
    /// The commit.
    pub sha: String,
    /// The repository; `None` for a fork that is gone.
    #[serde(default)]
    pub repo: Option<RepositoryId>,
}

/// A repository, as far as a pull request or a run names it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct RepositoryId {
    /// Its number.
    pub id: u64,
    /// `owner/name`, as a fork's owner chose it.
    pub full_name: Untrusted,
    /// The name of its default branch, where the answer holds the whole repository.
    #[serde(default)]
    pub default_branch: Option<String>,
}

/// An account.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct User {
    /// Its name.
    pub login: Untrusted,
    /// Its number; names can change hands.
    pub id: u64,
    /// `User`, `Bot` or `Organization`.
    #[serde(rename = "type", default)]
    pub kind: Option<String>,
}

/// A comment on a pull request.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Comment {
    /// Its number.
    pub id: u64,
    /// Who wrote it.
    #[serde(default)]
    pub user: Option<User>,
    /// What it says.
    #[serde(default)]
    pub body: Option<Untrusted>,
    /// The App that wrote it, if one did.
    #[serde(default)]
    pub performed_via_github_app: Option<super::checks::CheckApp>,
}

#[derive(Serialize)]
struct NewComment<'b> {
    body: &'b str,
}

impl Client {
    /// A pull request; `None` if there is none of that number.
    ///
    /// # Errors
    /// As every request.
    pub async fn pull(&self, repository: &str, number: u64) -> Result<Option<PullRequest>, RequestError> {
        self.json_if_there(&format!("{}/pulls/{number}", repository_path(repository)?), MAX_JSON).await
    }

    /// The pull requests, open and closed, whose head is a branch of an owner, and whose head commit is `sha`
    /// now. This works for forks too, where `commits/{sha}/pulls` gives nothing.
    ///
    /// # Errors
    /// As every request, and when the list is not whole.
    pub async fn pulls_by_head(
        &self,
        repository: &str,
        owner: &str,
        branch: &str,
        sha: &str,
    ) -> Result<Vec<PullRequest>, RequestError> {
        let head = part(&format!("{owner}:{branch}"));
        let path = format!("{}/pulls?state=all&head={head}", repository_path(repository)?);
        let pulls = self.list(&path, MAX_LISTED, |page: Vec<PullRequest>| (page, None)).await?;
        Ok(pulls.into_iter().filter(|pull| pull.head.sha == sha).collect())
    }

    /// The pull requests that hold a commit; none for a commit that is in a fork alone.
    ///
    /// # Errors
    /// As every request, and when the list is not whole.
    pub async fn pulls_with_commit(
        &self,
        repository: &str,
        sha: &str,
    ) -> Result<Vec<PullRequest>, RequestError> {
        let path = format!("{}/commits/{}/pulls", repository_path(repository)?, part(sha));
        self.list(&path, MAX_LISTED, |page: Vec<PullRequest>| (page, None)).await
    }

    /// The pull requests that were merged at a moment or later, with that moment, those that changed last first. One
    /// request for each thirty that were closed and have changed since: their texts can be long.
    ///
    /// # Errors
    /// As every request, and when there are too many.
    pub async fn merged_since(
        &self,
        repository: &str,
        since: Moment,
    ) -> Result<Vec<(Moment, PullRequest)>, RequestError> {
        let repository = repository_path(repository)?;
        let path = format!("{repository}/pulls?state=closed&sort=updated&direction=desc&per_page=30");
        let whole = |page: Vec<PullRequest>| (page, None);
        // A merge is a change: what changed last before then was merged before then.
        let is_older = |pull: &PullRequest| {
            pull.updated_at.as_deref().and_then(Moment::parse).is_some_and(|changed| changed < since)
        };
        let mut merged = Vec::new();
        for pull in self.list_until(&path, MAX_CLOSED, whole, is_older).await? {
            if let Some(at) = pull.merged()?.filter(|at| *at >= since) {
                merged.push((at, pull));
            }
        }
        Ok(merged)
    }

    /// The comments on a pull request.
    ///
    /// # Errors
    /// As every request, and when the list is not whole.
    pub async fn comments(&self, repository: &str, number: u64) -> Result<Vec<Comment>, RequestError> {
        let path = format!("{}/issues/{number}/comments", repository_path(repository)?);
        self.list(&path, MAX_COMMENTS, |page: Vec<Comment>| (page, None)).await
    }

    /// Writes a comment. It is sent once.
    ///
    /// # Errors
    /// As every request.
    pub async fn create_comment(
        &self,
        repository: &str,
        number: u64,
        body: &str,
    ) -> Result<Comment, RequestError> {
        let path = format!("{}/issues/{number}/comments", repository_path(repository)?);
        self.write(Method::POST, &path, &NewComment { body }).await
    }

    /// Changes a comment.
    ///
    /// # Errors
    /// As every request.
    pub async fn update_comment(
        &self,
        repository: &str,
        id: u64,
        body: &str,
    ) -> Result<Comment, RequestError> {
        let path = format!("{}/issues/comments/{id}", repository_path(repository)?);
        self.write(Method::PATCH, &path, &NewComment { body }).await
    }
}
