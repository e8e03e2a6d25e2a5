//! From a commit to the verdicts of its pull requests, in the order of gate.md b8: runs → pull requests → approval
//! → artifacts → change → judgement → the heads once more.

mod attested;
mod base;
mod copies;
mod drift;
mod elsewhere;
mod pulls;
mod runs;

pub use attested::Trust;
pub use copies::Copies;

use crate::diagnostic::{Code, Diagnostic};
use crate::io::archive::Budget;
use crate::io::git::{Repository, Run, RunKind};
use crate::io::github::{
    Change, ChangeError, Client, Fetched, Nearest, Place, RequestError, WorkflowRun, fetch_change, fetch_run,
};
use crate::io::jobs::joined;
use crate::io::policy::OrgFiles;
use crate::model::{
    Attestations, Author, BuildJobs, Confirmation, Date, Diff, Grade, Graded, HeaderFact, Proposer,
    Untrusted, Verdict, VerdictKind,
};
use crate::policy::{Globs, RepoFacts};
use crate::records::chain::Digest;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

/// What is to be judged.
#[derive(Clone, Debug)]
pub struct Target {
    /// `owner/name`.
    pub repository: String,
    /// The head of the change, in full hexadecimal.
    pub sha: String,
    /// Names of the artifacts that hold reports.
    pub artifacts: Globs,
    /// A maintainer who stands for the evidence of this commit.
    pub confirmed_by: Option<Untrusted>,
    /// Where the evidence of the base is looked for if the policy does not say it; nowhere if nobody does.
    pub base_evidence: Option<Place>,
    /// Who reads the organisation's policy, if it is not the same: then the policy must be there.
    pub organisation: Option<Arc<Client>>,
    /// The day by which waivers and dates are judged; without one it is today.
    pub as_of: Option<Date>,
    /// What a service keeps of earlier answers.
    pub copies: Option<Copies>,
    /// The pull request by which the commit was merged before it was judged: it is judged although it is closed.
    pub merged_by: Option<u64>,
    /// Whose signatures make evidence attested.
    pub trust: Trust,
}

impl Target {
    /// A commit with the evidence that artifacts of these names hold, compared with what the default branch's runs
    /// left.
    pub fn new(repository: &str, sha: &str, artifacts: Globs) -> Self {
        Self {
            repository: repository.to_owned(),
            sha: sha.to_owned(),
            artifacts,
            confirmed_by: None,
            base_evidence: Some(Place::Artifacts),
            organisation: None,
            as_of: None,
            copies: None,
            merged_by: None,
            trust: Trust::default(),
        }
    }
}

/// One change with all that it is judged by. The caller judges; nothing here knows rules.
#[derive(Debug)]
pub struct Question<'q> {
    /// A bare repository that holds the change, the base and the policy.
    pub repository: Repository,
    /// What kind of change it is.
    pub run: Run,
    /// The organisation's policy, if there is one that can be seen.
    pub organisation: Option<OrgFiles>,
    /// What an organisation's policy chooses the repository by.
    pub facts: RepoFacts,
    /// The evidence of the base, or why there is none; `None` if nobody looked for it.
    pub base: Option<Result<Nearest, String>>,
    /// What happened between the commit of that evidence and the merge base, or why nobody can say; `None` if they are one
    /// commit.
    pub since: Option<Result<Diff, String>>,
    /// The reports.
    pub evidence: &'q Fetched,
    /// Who proposes it; `None` for a group of the merge queue, and where the account is gone.
    pub proposer: Option<Proposer>,
    /// The default branch, whose policy judges.
    pub default_branch: String,
    /// The files of the workflows that ran, by the runs that uploaded the reports.
    pub workflows: BTreeMap<u64, String>,
    /// How the jobs ended.
    pub jobs: &'q BuildJobs,
    /// Reasons to trust the evidence less than the change alone gives.
    pub lowered: Vec<Graded>,
    /// The confirmation for this commit.
    pub confirmed: Option<Confirmation>,
    /// The day by which waivers and dates are judged; without one it is today.
    pub as_of: Option<Date>,
    /// Problems that were found on the way.
    pub diagnostics: Vec<Diagnostic>,
}

/// A verdict, and the change that it is about.
#[derive(Clone, Debug)]
pub struct Judgement {
    /// The verdict.
    pub verdict: Verdict,
    /// The change, where it is known: notes stand on its lines only.
    pub diff: Option<Diff>,
    /// What it was made from; `None` where there was nothing to judge.
    pub digests: Option<Digests>,
    /// True if the policy asks for a comment too.
    pub comment: bool,
    /// The class of who proposes it.
    pub author: Option<Author>,
}

/// What a judgement was made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Digests {
    /// The policy in force.
    pub policy: Digest,
    /// The evidence of the head.
    pub evidence: Digest,
}

/// The answer to a question.
pub struct Answer {
    /// The judgement, as long as no signed provenance is known.
    pub judgement: Judgement,
    /// What signed provenance may change of it; `None` where the policy asks for none, or none can change anything.
    pub open: Option<Open>,
}

// What judges again cannot be shown.
impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Answer").field("judgement", &self.judgement).finish_non_exhaustive()
    }
}

impl From<Judgement> for Answer {
    fn from(judgement: Judgement) -> Self {
        Self { judgement, open: None }
    }
}

/// A judgement that signed provenance may change.
pub struct Open {
    /// The reports whose provenance counts, each by its file.
    pub reports: BTreeSet<Untrusted>,
    /// Judges once more, by what came of their provenance.
    pub again: Box<dyn FnOnce(&Attestations) -> Judgement>,
}

impl std::fmt::Debug for Open {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Open").field("reports", &self.reports).finish_non_exhaustive()
    }
}

/// Judges one question.
pub type Judge<'j> = &'j (dyn Fn(Question<'_>) -> anyhow::Result<Answer> + Sync);

/// What is to be said of a commit.
#[derive(Clone, Debug)]
pub enum Evaluation {
    /// Nothing: no run, or no open pull request has this commit as its head (any more).
    Nothing(&'static str),
    /// A pull request is there, and none of its runs yet.
    Queued(NoRun),
    /// A run waits for a maintainer's approval.
    AwaitsApproval,
    /// Runs that are not over yet.
    Waits(Vec<Untrusted>),
    /// The verdict that counts.
    Judged(Box<Judged>),
}

/// What is known of why no workflow has run for a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoRun {
    /// There was no time for one yet.
    Yet,
    /// The repository has no workflow that is switched on.
    NoWorkflow,
    /// There are workflows, there was time, and none ran.
    NoneRan,
}

/// The verdict that counts for a commit.
#[derive(Clone, Debug)]
pub struct Judged {
    /// The worst of all.
    pub judgement: Judgement,
    /// The pull requests of the commit, lowest first; empty for a group of the merge queue.
    pub pulls: Vec<u64>,
    /// The newest run and attempt that went into it.
    pub generation: (u64, u64),
}

/// Why nothing is said of a commit that no workflow ran for.
pub const NO_RUN: &str = "no run of a pull request has this commit";

/// Why a commit could not be judged.
#[derive(Debug, thiserror::Error)]
pub enum EvaluationError {
    /// A request failed.
    #[error("{what} cannot be read: {source}")]
    Request {
        /// What was asked for.
        what: &'static str,
        /// Why not.
        #[source]
        source: RequestError,
    },
    /// Evidence that is there and could not be fetched.
    #[error("{}", .0.raw())]
    Evidence(Untrusted),
    /// The judgement itself failed.
    #[error("the change cannot be judged: {0:#}")]
    Judge(anyhow::Error),
    /// A folder for git objects cannot be made.
    #[error("no folder for git objects can be made: {0}")]
    Folder(#[from] std::io::Error),
}

/// Says what was asked for.
fn asking(what: &'static str) -> impl Fn(RequestError) -> EvaluationError {
    move |source| EvaluationError::Request { what, source }
}

/// Evaluates a commit. `scratch` is a folder of the process's own, in which folders are made and removed.
///
/// # Errors
/// Only where GitHub or this machine keeps the evaluation from beginning: what is missing of the evidence itself is
/// a verdict.
pub async fn evaluate(
    client: &Client,
    target: &Target,
    scratch: &Path,
    judge: Judge<'_>,
) -> Result<Evaluation, EvaluationError> {
    let listed =
        client.runs_of(&target.repository, &target.sha).await.map_err(asking("the runs of the commit"))?;
    let runs = runs::of_changes(listed, target);
    let Some(first) = runs.first() else {
        return Ok(Evaluation::Nothing(NO_RUN));
    };
    let is_group = runs::is_merge_group(&runs);
    let pulls = if is_group { Vec::new() } else { pulls::find(client, target, first).await? };
    if pulls.is_empty() && !is_group {
        return Ok(Evaluation::Nothing("no open pull request has this commit as its head"));
    }
    if runs.iter().any(WorkflowRun::awaits_approval) {
        return Ok(Evaluation::AwaitsApproval);
    }
    let open: Vec<Untrusted> =
        runs.iter().filter(|run| !run.is_completed()).map(|run| run.path.as_str().into()).collect();
    if !open.is_empty() {
        return Ok(Evaluation::Waits(open));
    }
    let sides = if is_group {
        vec![pulls::side_of_group(client, target, first).await?]
    } else {
        pulls::sides(&pulls)
    };
    let (evidence, jobs) = gather(client, target, &runs).await?;
    let mut judgements = Vec::new();
    for side in &sides {
        let folder = tempfile::Builder::new().prefix("change").tempdir_in(scratch)?;
        let judgement =
            judge_side(client, target, &runs, side, (&evidence, &jobs), folder.path(), judge).await?;
        judgements.push(judgement);
    }
    if !is_group && pulls::find(client, target, first).await?.is_empty() {
        return Ok(Evaluation::Nothing("the pull request moved on while its commit was judged"));
    }
    // The same commit may be the head of several pull requests, and shares one check: the worst holds (T2).
    let worst = judgements.into_iter().max_by_key(|judgement| match judgement.verdict.kind {
        VerdictKind::Passed => 0,
        VerdictKind::NoVerdict => 1,
        VerdictKind::NeedsChanges => 2,
    });
    let Some(mut judgement) = worst else {
        return Ok(Evaluation::Nothing("no open pull request has this commit as its head"));
    };
    if pulls.iter().any(|pull| !pull.is_open()) || (is_group && target.merged_by.is_some()) {
        judgement.verdict.header.push(merged());
    }
    let mut numbers: Vec<u64> = pulls.iter().map(|pull| pull.number).collect();
    numbers.sort_unstable();
    let judged = Judged { judgement, pulls: numbers, generation: runs::generation(&runs) };
    Ok(Evaluation::Judged(Box::new(judged)))
}

/// All reports and jobs of all runs.
async fn gather(
    client: &Client,
    target: &Target,
    runs: &[WorkflowRun],
) -> Result<(Fetched, BuildJobs), EvaluationError> {
    let mut evidence = Fetched::default();
    let mut jobs = BuildJobs::default();
    let mut budget = Budget::default();
    for run in runs {
        let earlier = evidence.legs.len();
        fetch_run(client, &target.repository, run, &target.artifacts, &mut budget, &mut evidence).await;
        // What is there and could not be fetched is no evidence of anything: the evaluation is done again.
        let lost = evidence.diagnostics.iter().find(|problem| problem.code == Code::GithubFailed);
        if let Some(lost) = lost {
            return Err(EvaluationError::Evidence(lost.message.clone()));
        }
        let legs = evidence.legs.get(earlier..).unwrap_or_default();
        let listed = runs::jobs_of(client, &target.repository, run).await?;
        jobs.jobs.extend(joined(listed.clone(), Some(&listed), legs));
    }
    jobs.jobs.extend(evidence.jobs.jobs.iter().cloned());
    jobs.jobs.sort();
    jobs.jobs.dedup();
    Ok((evidence, jobs))
}

/// Judges the commit as the head of one pull request (or group).
async fn judge_side(
    client: &Client,
    target: &Target,
    runs: &[WorkflowRun],
    side: &pulls::Side,
    (evidence, jobs): (&Fetched, &BuildJobs),
    folder: &Path,
    judge: Judge<'_>,
) -> Result<Judgement, EvaluationError> {
    let mut diagnostics = Vec::new();
    let mut change = Change {
        default_branch: side.default_branch.clone(),
        base_branch: side.base_branch.clone(),
        base_tip: side.base_tip.clone(),
        merge_base: String::new(),
        tested: target.sha.clone(),
        head: target.sha.clone(),
        default_tip: String::new(),
    };
    if let Err(error) = base::find(client, target, side, evidence, &mut change, &mut diagnostics).await? {
        diagnostics.push(error);
    }
    if change.default_tip.is_empty() {
        let tip = client.branch_tip(&target.repository, &side.default_branch).await;
        let tip = tip.and_then(|tip| tip.ok_or(RequestError::Status(404)));
        change.default_tip = tip.map_err(asking("the default branch"))?;
    }
    let fetched = fetch_change(client, &target.repository, &change, &folder.join("change")).await;
    let repository = match fetched {
        Ok(repository) => repository,
        Err(ChangeError::Request(source)) => return Err(asking("the change")(source)),
        Err(error) => {
            // Without the change and the policy there is no rule to judge by; the check says why.
            return Ok(unjudged(error.diagnostic(), &side.base_branch));
        }
    };
    let named = elsewhere::named(&repository, &side.default_branch);
    let extends = named.extends.as_deref();
    let (organisation, facts) = match elsewhere::organisation(client, target, extends).await? {
        Ok((organisation, facts, note)) => {
            diagnostics.extend(note);
            (organisation, facts)
        }
        Err(error) => return Ok(unjudged(*error, &side.base_branch)),
    };
    let base =
        elsewhere::base_evidence(client, target, &named, &side.default_branch, &change.merge_base).await?;
    let since = match &base {
        Some(Ok(nearest)) => drift::since(client, target, &change, nearest, &folder.join("since")).await?,
        Some(Err(_)) | None => None,
    };
    let lowered = lowered(&repository, &change, runs, side);
    let confirmed = target.confirmed_by.clone().map(|by| Confirmation { by, commit: target.sha.clone() });
    let kind = if side.is_group { RunKind::MergeGroup } else { RunKind::PullRequest };
    let run = Run {
        kind,
        base_branch: Some(change.base_branch.clone()),
        base_commit: Some(change.merge_base.clone()),
        merge_commit: None,
        default_branch: Some(change.default_branch.clone()),
        ..Run::default()
    };
    let answer = judge(Question {
        repository,
        run,
        organisation,
        facts,
        base,
        since,
        proposer: elsewhere::proposer(client, target, side).await?,
        default_branch: side.default_branch.clone(),
        evidence,
        workflows: runs.iter().map(|run| (run.id, runs::file_of(run).to_owned())).collect(),
        jobs,
        lowered,
        confirmed,
        as_of: target.as_of,
        diagnostics,
    });
    let Answer { judgement, open } = answer.map_err(EvaluationError::Judge)?;
    let Some(open) = open else { return Ok(judgement) };
    let (fetched, tested) = (evidence, change.tested.as_str());
    let uploaded = attested::Evidence { client, target, side, runs, fetched, tested };
    Ok((open.again)(&attested::look(&uploaded, &open.reports).await?))
}

/// That a change was merged before it was judged.
pub fn merged() -> HeaderFact {
    HeaderFact { key: "merged", value: "while the gate did not answer, and is judged afterwards".into() }
}

/// Reasons to trust the evidence less: its workflow is not one of the base, or nobody knows the fork.
fn lowered(
    repository: &Repository,
    change: &Change,
    runs: &[WorkflowRun],
    side: &pulls::Side,
) -> Vec<Graded> {
    let mut lowered = Vec::new();
    for run in runs {
        let path = runs::file_of(run);
        if !repository.has_file(&change.merge_base, path) {
            lowered.push(Graded::new(Grade::Unknown, format!("the base branch has no workflow {path}")));
        }
    }
    if side.fork_is_gone {
        lowered.push(Graded::new(Grade::Unknown, "the fork is gone"));
    }
    lowered
}

/// No verdict, because there is no change or no policy to judge by.
pub fn unjudged(problem: Diagnostic, base_branch: &str) -> Judgement {
    let base = HeaderFact { key: "base", value: base_branch.into() };
    let verdict = Verdict {
        kind: VerdictKind::NoVerdict,
        header: vec![base],
        outcomes: Vec::new(),
        not_counted: Vec::new(),
        steps: Vec::new(),
        notes: Vec::new(),
        uncovered: Vec::new(),
        details: Vec::new(),
        reports: Vec::new(),
        diagnostics: vec![problem],
        proposal: None,
    };
    Judgement { verdict, diff: None, digests: None, comment: false, author: None }
}
