//! The pull requests of a commit, found by what GitHub itself says of them and by no number that a report or an
//! artifact holds (gate.md b3, T6).

use super::{EvaluationError, Target, asking};
use crate::io::github::{Client, PullRequest, RequestError, User, WorkflowRun};
use std::collections::BTreeMap;

/// What a commit is compared with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Side {
    /// The default branch, whose policy judges.
    pub(super) default_branch: String,
    /// The branch that the change goes to.
    pub(super) base_branch: String,
    /// Its tip, as the pull request knows it.
    pub(super) base_tip: String,
    /// The very commit that the change begins at, where GitHub names it (a group of the merge queue).
    pub(super) exact_base: Option<String>,
    /// True if the fork cannot be looked at any more.
    pub(super) fork_is_gone: bool,
    /// Who opened the pull request, where there is one and the account is there.
    pub(super) author: Option<User>,
    /// True for a group of the merge queue.
    pub(super) is_group: bool,
    /// True if it is merged already.
    pub(super) is_merged: bool,
    /// The last commit by which it was merged.
    pub(super) merge_commit: Option<String>,
}

/// The open pull requests of our repository whose head is this commit of the run's own repository, and those by which it
/// was merged before it was judged.
pub(super) async fn find(
    client: &Client,
    target: &Target,
    run: &WorkflowRun,
) -> Result<Vec<PullRequest>, EvaluationError> {
    let head = run.head_repository.as_ref();
    let by_head = head.and_then(|head| head.full_name.raw().split_once('/')).zip(run.head_branch.as_ref());
    let found = match by_head {
        // The owner and the branch are words of the fork: they find candidates, and the ids decide.
        Some(((owner, _), branch)) => {
            client.pulls_by_head(&target.repository, owner, branch.raw(), &target.sha).await
        }
        None => client.pulls_with_commit(&target.repository, &target.sha).await,
    };
    let found = found.map_err(asking("the pull requests of the commit"))?;
    let is_ours = |pull: &PullRequest| {
        let base = pull.base.repo.as_ref().map(|repo| repo.id);
        let same_head = match (&pull.head.repo, head) {
            (Some(repo), Some(head)) => repo.id == head.id,
            // A fork that is gone is known by the commit alone.
            (None, _) | (_, None) => true,
        };
        let was_merged = target.merged_by.is_some() && pull.merged_at.is_some();
        (pull.is_open() || was_merged)
            && pull.head.sha == target.sha
            && base == Some(run.repository.id)
            && same_head
    };
    let mut ours: Vec<PullRequest> = found.into_iter().filter(is_ours).collect();
    // Its branch may be gone since; GitHub itself has named its number.
    if let Some(number) = target.merged_by
        && ours.iter().all(|pull| pull.number != number)
    {
        let merged = client.pull(&target.repository, number).await;
        ours.extend(merged.map_err(asking("the pull request of the commit"))?.filter(is_ours));
    }
    Ok(ours)
}

/// What the pull requests are compared with; those into one branch ask the same question.
pub(super) fn sides(pulls: &[PullRequest]) -> Vec<Side> {
    let mut sides = BTreeMap::new();
    for pull in pulls {
        let repository = pull.base.repo.as_ref();
        let base_branch = pull.base.branch.raw().to_owned();
        let default_branch = repository.and_then(|repo| repo.default_branch.clone());
        let side = Side {
            default_branch: default_branch.unwrap_or_else(|| base_branch.clone()),
            base_tip: pull.base.sha.clone(),
            exact_base: None,
            fork_is_gone: pull.head.repo.is_none(),
            author: pull.user.clone(),
            is_group: false,
            is_merged: !pull.is_open(),
            merge_commit: pull.merge_commit_sha.clone(),
            base_branch: base_branch.clone(),
        };
        sides.entry((base_branch, side.is_merged)).or_insert(side);
    }
    sides.into_values().collect()
}

/// What a group of the merge queue is compared with: the first parent of its commit, on the branch that its own
/// branch is named after (`gh-readonly-queue/<branch>/pr-<number>-<commit below>`). Only GitHub can write such a branch.
pub(super) async fn side_of_group(
    client: &Client,
    target: &Target,
    run: &WorkflowRun,
) -> Result<Side, EvaluationError> {
    let what = asking("the group of the merge queue");
    let branch = run.head_branch.as_ref().map(crate::model::Untrusted::raw).unwrap_or_default();
    let other_name = || RequestError::Malformed("a group of the merge queue whose branch has another name");
    let (base_branch, numbered) = branch
        .strip_prefix("gh-readonly-queue/")
        .and_then(|rest| rest.rsplit_once("/pr-"))
        .ok_or_else(other_name)
        .map_err(&what)?;
    let base_branch = base_branch.to_owned();
    let repository = client.repository(&target.repository).await.map_err(&what)?;
    let repository = repository.ok_or(RequestError::Status(404)).map_err(&what)?;
    let tip = client.branch_tip(&target.repository, &base_branch).await.map_err(&what)?;
    let base_tip = tip.ok_or(RequestError::Status(404)).map_err(&what)?;
    // All that the queue put on top of the branch is judged.
    let base =
        client.compared(&target.repository, &base_branch, &target.sha).await.map_err(&what)?.merge_base;
    let is_merged = base == target.sha;
    let (base, base_tip) = match is_merged {
        false => (base, base_tip),
        // The branch holds it by now. Where it stood before is a part of the name that GitHub gave the group.
        true => {
            let named = numbered.split_once('-').map(|(_, commit)| commit.to_owned());
            let named = named.ok_or_else(other_name).map_err(&what)?;
            let compared = client.compared(&target.repository, &named, &target.sha).await.map_err(&what)?;
            if compared.merge_base != named || named == target.sha {
                let error = "a group of the merge queue that is not on top of what its branch names";
                return Err(what(RequestError::Malformed(error)));
            }
            (named.clone(), named)
        }
    };
    Ok(Side {
        default_branch: repository.default_branch,
        base_branch,
        base_tip,
        exact_base: Some(base),
        fork_is_gone: false,
        author: None,
        is_group: true,
        is_merged,
        merge_commit: None,
    })
}
