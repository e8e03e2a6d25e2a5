//! Where a change begins.

use super::pulls::Side;
use super::{EvaluationError, Target, asking};
use crate::diagnostic::{Code, Diagnostic, Origin, Weight};
use crate::io::github::{Change, Client, Compared, Fetched, RequestError};

/// The base branch as it was before a change was merged. Compared with what it is now, nothing would be left to judge,
/// and the policy that stands there now may be the change's own (T3).
struct Before {
    /// A commit of the branch that holds nothing of the change; not always the last one.
    without: String,
    /// The commit on top of which the last one of the merge was put.
    below: String,
}

/// Finds the merge base, or the first parent of the merge commit that was tested. The inner error is a problem of
/// the evidence; the change is then taken from the head.
pub(super) async fn find(
    client: &Client,
    target: &Target,
    side: &Side,
    evidence: &Fetched,
    change: &mut Change,
    diagnostics: &mut Vec<Diagnostic>,
) -> Result<Result<(), Diagnostic>, EvaluationError> {
    let repository = &target.repository;
    if let Some(base) = &side.exact_base {
        change.merge_base.clone_from(base);
        if side.is_merged && side.base_branch == side.default_branch {
            change.default_tip.clone_from(base);
        }
        return Ok(Ok(()));
    }
    let before = match side.is_merged {
        true => {
            Some(before_the_merge(client, target, side).await.map_err(asking("the commit of the merge"))?)
        }
        false => None,
    };
    if let Some(before) = &before {
        change.base_tip.clone_from(&before.without);
        if side.base_branch == side.default_branch {
            change.default_tip.clone_from(&before.without);
        }
    }
    let others: Vec<&String> = evidence.tested.iter().filter(|tested| **tested != target.sha).collect();
    let outcome = match others.as_slice() {
        [] => Ok(()),
        [merge] if evidence.tested.len() == 1 => {
            // A claim of the manifest.
            let holds = before.as_ref().map_or(&side.base_branch, |before| &before.below);
            match merged_into(client, target, holds, merge).await {
                Ok(Ok(compared)) => {
                    change.tested.clone_from(merge);
                    take(change, side, compared);
                    return Ok(Ok(()));
                }
                Ok(Err(why)) => Err(problem(&format!("the commit that was tested {why}"))),
                Err(error) => return Err(asking("the commit that was tested")(error)),
            }
        }
        _ => Err(problem("the artifacts say that different commits were tested")),
    };
    let holds = before.as_ref().map_or(&side.base_branch, |before| &before.without);
    match client.compared(repository, holds, &target.sha).await {
        Ok(compared) if before.is_some() && compared.merge_base == target.sha => {
            let message = "the change cannot be told from its base any more, which holds it by now";
            diagnostics.push(Diagnostic::new(Code::NoBase, Weight::Error, message, Origin::default()));
            change.merge_base = compared.merge_base;
        }
        Ok(compared) => take(change, side, compared),
        Err(RequestError::Status(404)) => {
            let message = "the change and its base have no commit in common";
            diagnostics.push(Diagnostic::new(Code::NoBase, Weight::Error, message, Origin::default()));
            // The tip stands in, so that there is a change at all; with the error above nothing passes.
            change.merge_base.clone_from(&change.base_tip);
        }
        Err(error) => return Err(asking("the merge base")(error)),
    }
    Ok(outcome)
}

/// Why a commit is no merge of the head into the base as it was before the change; `None` if it is one.
pub(super) async fn why_not_tested(
    client: &Client,
    target: &Target,
    side: &Side,
    merge: &str,
) -> Result<Option<&'static str>, RequestError> {
    let before = if side.is_merged { Some(before_the_merge(client, target, side).await?) } else { None };
    let holds = before.as_ref().map_or(&side.base_branch, |before| &before.below);
    Ok(merged_into(client, target, holds, merge).await?.err())
}

/// The base that a commit merges the head into, or why it is no such merge: whoever names one, it counts only if git
/// agrees (DECISIONS 34). `holds` is the branch or commit that the base belongs to.
async fn merged_into(
    client: &Client,
    target: &Target,
    holds: &str,
    merge: &str,
) -> Result<Result<Compared, &'static str>, RequestError> {
    let repository = &target.repository;
    match client.commit(repository, merge).await.map(|commit| commit.parents).as_deref() {
        Ok([first, second]) if *second == target.sha => {
            match client.compared(repository, holds, first).await {
                Ok(compared) if compared.merge_base == *first => Ok(Ok(compared)),
                Ok(_) | Err(RequestError::Status(404)) => Ok(Err("is not merged into the base branch")),
                Err(error) => Err(error),
            }
        }
        Ok(_) => Ok(Err("is not the head, and no merge of it")),
        Err(RequestError::Status(404 | 422)) => Ok(Err("cannot be found")),
        Err(error) => Err(error.clone()),
    }
}

fn problem(message: &str) -> Diagnostic {
    Diagnostic::new(Code::BadArtifact, Weight::Error, message, Origin::default())
}

/// Takes the merge base; and the tip of the default branch, where the change goes there: the comparison says it.
fn take(change: &mut Change, side: &Side, compared: Compared) {
    change.merge_base = compared.merge_base;
    if side.base_branch == side.default_branch && !side.is_merged {
        change.default_tip = compared.base;
    }
}

/// A commit with the base and the head as its parents says where the base was. Else the commits of the change stand on
/// the base as copies, and nobody says how many: GitHub keeps where the base stood when the pull request was last pushed
/// to.
async fn before_the_merge(client: &Client, target: &Target, side: &Side) -> Result<Before, RequestError> {
    let tip = || side.base_tip.clone();
    let unknown = || Before { without: tip(), below: tip() };
    let Some(merge) = side.merge_commit.as_ref().filter(|merge| **merge != target.sha) else {
        return Ok(unknown());
    };
    match client.commit(&target.repository, merge).await {
        Ok(commit) => Ok(match commit.parents.as_slice() {
            [first, second] if *second == target.sha => {
                Before { without: first.clone(), below: first.clone() }
            }
            [first, ..] => Before { without: tip(), below: first.clone() },
            [] => unknown(),
        }),
        Err(RequestError::Status(404 | 422)) => Ok(unknown()),
        Err(error) => Err(error),
    }
}
