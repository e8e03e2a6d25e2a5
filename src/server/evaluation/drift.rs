//! What happened between the commit of the base's evidence and the merge base, from git objects as the change itself.

use super::{EvaluationError, Target, asking};
use crate::io::git::Side;
use crate::io::github::{Change, ChangeError, Client, Nearest, RequestError, fetch_change};
use crate::model::Diff;
use std::path::Path;

/// The difference, or why it cannot be had; `None` if the evidence is of the merge base, or of nobody knows which commit.
/// `folder` is one that is not there yet. Where GitHub cannot be asked, the evaluation is done again.
pub(super) async fn since(
    client: &Client,
    target: &Target,
    change: &Change,
    evidence: &Nearest,
    folder: &Path,
) -> Result<Option<Result<Diff, String>>, EvaluationError> {
    let of_another = |commit: &&str| *commit != change.merge_base;
    let Some(commit) = evidence.snapshot.commit.as_deref().filter(of_another) else { return Ok(None) };
    // The one commit takes the place of the base, and the merge base that of the head.
    let between = Change {
        default_branch: change.default_branch.clone(),
        default_tip: commit.to_owned(),
        base_branch: change.base_branch.clone(),
        base_tip: commit.to_owned(),
        merge_base: commit.to_owned(),
        tested: change.merge_base.clone(),
        head: change.merge_base.clone(),
    };
    let compared = match fetch_change(client, &target.repository, &between, folder).await {
        Ok(repository) => repository.drift(commit, Some(&change.merge_base), Side::Commit),
        Err(ChangeError::Request(RequestError::Status(404 | 422))) => {
            return Ok(Some(Err("the commit is not in the repository any more".to_owned())));
        }
        Err(ChangeError::Request(source)) => return Err(asking("what the default branch did since")(source)),
        Err(error) => Err(Box::new(error.diagnostic())),
    };
    Ok(Some(compared.map_err(|problem| problem.message.raw().to_owned())))
}
