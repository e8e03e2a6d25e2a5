//! What of a judgement lies neither in the change nor in its artifacts: the organisation's policy, and the evidence
//! of the base.

use super::copies::{self, Age};
use super::pulls::Side;
use super::{EvaluationError, Target, asking};
use crate::diagnostic::Diagnostic;
use crate::io::git::Repository;
use crate::io::github::{
    Client, Nearest, NotFound, OrganisationError, Place, RequestError, Store, fetch_organisation, not_seen,
    organisation_places,
};
use crate::io::policy::{OrgFiles, at_revision};
use crate::model::Proposer;
use crate::policy::{RepoFacts, SnapshotStore, parse_committed};

/// How often GitHub is asked whether a snapshot is of a commit that the change builds on.
const MOST_COMPARED: usize = 2;

/// What the policy of the default branch says of where the rest is. A policy with mistakes is told by who judges.
#[derive(Debug, Default)]
pub(super) struct Named {
    /// The repository of the organisation's policy that it extends.
    pub(super) extends: Option<String>,
    /// Where the evidence of the base is.
    base_snapshot: Option<SnapshotStore>,
}

/// Reads it.
pub(super) fn named(repository: &Repository, default_branch: &str) -> Named {
    let read = || {
        let text = at_revision(repository, &format!("refs/remotes/origin/{default_branch}")).ok()??;
        let file = parse_committed(&text.text, text.file.raw(), &text.commit).ok()?;
        let extends = file.extends.map(|(repository, _)| repository);
        Some(Named { extends, base_snapshot: file.base_snapshot.from })
    };
    read().unwrap_or_default()
}

/// An organisation's policy, what it may choose the repository by, and what is to be said of it.
type Organisation = (Option<OrgFiles>, RepoFacts, Option<Diagnostic>);

/// The organisation's policy, also from its last good copy. The inner error is for whoever reads the check; the outer
/// one lets the evaluation be done again.
pub(super) async fn organisation(
    client: &Client,
    target: &Target,
    extends: Option<&str>,
) -> Result<Result<Organisation, Box<Diagnostic>>, EvaluationError> {
    let reader = target.organisation.as_deref();
    let fetched = fetch_organisation(reader.unwrap_or(client), &target.repository, extends).await;
    let name = target.repository.split('/').nth(1).map(str::to_owned);
    let facts = RepoFacts { name, ..RepoFacts::default() };
    let copies = target.copies.as_ref();
    let places = organisation_places(&target.repository, extends);
    // GitHub has answered: an older copy is not what the owners want now.
    if let (Some(copies), Ok(None) | Err(OrganisationError::Wrong(_))) = (copies, &fetched) {
        copies.forget_policies(&places).await;
    }
    let (files, note) = match fetched {
        Ok(None) if reader.is_some() => return Ok(Err(not_seen(&target.repository))),
        // Without an organisation's policy nothing of the repository is chosen by.
        Ok(None) => return Ok(Ok((None, facts, None))),
        Ok(Some(files)) => {
            if let Some(copies) = copies {
                copies.keep_policy(&target.repository, &files).await;
            }
            (files, None)
        }
        // One with mistakes is never replaced by one that had none: its owners want other rules.
        Err(OrganisationError::Wrong(error)) => return Ok(Err(error)),
        Err(OrganisationError::Request { source, .. }) => {
            match copies::policy(copies, &target.repository, &places, &source).await {
                Some((files, note)) => (files, Some(note)),
                None => return Err(asking("the organisation's policy")(source)),
            }
        }
    };
    let known = client.repository_facts(&target.repository).await.map_err(asking("the repository"))?;
    Ok(Ok((Some(files), RepoFacts { name: facts.name, ..known }, note)))
}

/// The evidence of the base, or why there is none. It is looked for where the policy of the default branch says, else
/// where whoever runs this says. Where GitHub cannot be asked, the evaluation is done again: a failure
/// of the base would be blamed on the change.
pub(super) async fn base_evidence(
    client: &Client,
    target: &Target,
    named: &Named,
    default_branch: &str,
    merge_base: &str,
) -> Result<Option<Result<Nearest, String>>, EvaluationError> {
    let place = match named.base_snapshot {
        None => target.base_evidence,
        Some(SnapshotStore::Artifact) => Some(Place::Artifacts),
        Some(SnapshotStore::Reference) => Some(Place::Reference),
        Some(SnapshotStore::Nowhere) => None,
    };
    let Some(place) = place else { return Ok(None) };
    let store = Store {
        repository: target.repository.clone(),
        default_branch: default_branch.to_owned(),
        place,
        most_compared: MOST_COMPARED,
    };
    let itself = |candidate: &str| (candidate == merge_base).then_some(Some(0));
    let (copies, repository) = (target.copies.as_ref(), &target.repository);
    if let Some(kept) = copies::baseline(copies, repository, merge_base, Age::Fresh).await {
        return Ok(Some(Ok(kept)));
    }
    match store.nearest(client, merge_base, 0, &itself).await {
        Ok(nearest) => {
            if let Some(copies) = copies {
                copies.keep_baseline(repository, default_branch, &nearest.snapshot).await;
            }
            Ok(Some(Ok(nearest)))
        }
        Err(NotFound { why, may_come: true }) => Err(EvaluationError::Evidence(why.into())),
        // Artifacts come to an end; what stood in them has not changed.
        Err(NotFound { why, may_come: false }) => {
            let kept = match copies::baseline(copies, repository, merge_base, Age::Any).await {
                Some(kept) => Some(kept),
                None => earlier_evidence(client, target, default_branch, merge_base).await?,
            };
            Ok(Some(kept.ok_or(why)))
        }
    }
}

/// What is kept of a commit that the merge base builds on, where nothing is kept of the merge base itself.
async fn earlier_evidence(
    client: &Client,
    target: &Target,
    default_branch: &str,
    merge_base: &str,
) -> Result<Option<Nearest>, EvaluationError> {
    let of = (target.repository.as_str(), default_branch);
    let found = copies::earlier_baseline(client, target.copies.as_ref(), of, merge_base).await;
    match found {
        Err(error) if error.may_pass() => Err(asking("the history of the base")(error)),
        // What is not proven to be before the merge base is no evidence of it.
        Err(_) => Ok(None),
        Ok(found) => Ok(found),
    }
}

/// Who proposes the change, and what the account may do. A token that may not see it leaves that open; who cannot be
/// asked at all is asked again with the whole evaluation.
pub(super) async fn proposer(
    client: &Client,
    target: &Target,
    side: &Side,
) -> Result<Option<Proposer>, EvaluationError> {
    let Some(author) = &side.author else { return Ok(None) };
    let is_bot = author.kind.as_deref() == Some("Bot");
    let asked =
        if is_bot { None } else { Some(client.permission(&target.repository, author.login.raw()).await) };
    let permission = match asked {
        None => Err("not asked of a bot".to_owned()),
        Some(Ok(permission)) => Ok(permission.permission),
        Some(Err(error @ RequestError::Status(403 | 404))) => Err(error.to_string()),
        Some(Err(error)) => return Err(asking("the permission of the author")(error)),
    };
    Ok(Some(Proposer { login: author.login.clone(), is_bot, from_fork: None, permission }))
}
