//! One commit, from its runs to its check and its record.

use super::afterwards::{afterwards, without_a_verdict};
use super::{LEASE, Trouble, Worker};
use crate::diagnostic::{Code, Diagnostic, Origin, Weight};
use crate::io::github::{Client, ORGANISATION_REPOSITORIES, RequestError, Tape};
use crate::model::{Date, Moment};
use crate::records::chain::Digest;
use crate::render::dashboard::repository_address;
use crate::server::clock::Time;
use crate::server::evaluation::{
    Copies, Evaluation, Judged, NO_RUN, NoRun, Question, Target, Trust, evaluate,
};
use crate::server::plan::ORGANISATION;
use crate::server::publication::{self, OWN_APP, Place, Posted};
use crate::server::store::{Commit, CommitState, Effects, Job, JobKind, KnownRepository, NewRecord, Trigger};
use crate::wire::chain;
use crate::wire::verdict::{self, Context, VerdictRecord};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// A pull request whose head is older is judged by a new policy when something happens to it.
const RECENT: Duration = Duration::from_secs(30 * 24 * 3_600);

/// So many commits of a repository are judged by a new policy at once.
const MOST_RECENT: u32 = 200;

/// So long after its check was opened a commit has a run, if it gets one: GitHub begins to run within seconds, and
/// queues where machines are busy.
const TIME_FOR_A_RUN: Duration = Duration::from_secs(5 * 60);
/// The repositories of an organisation's policy are asked for so far apart.
const APART: Duration = Duration::from_millis(200);

/// So long before its lease ends nobody begins to write.
const MARGIN: Duration = Duration::from_secs(10);

impl Worker {
    /// Evaluates the commit of a job, and posts and keeps what comes of it.
    pub(super) async fn judge_commit(&self, job: &Job, lost: &AtomicBool) -> Result<Effects, Trouble> {
        let (installation, client) = self.installations.client(job.installation, &job.repository).await?;
        let known = self.store.commit(&job.repository, &job.subject).await?;
        let decided = self.now();
        let confirmed = self.store.confirmed(&job.repository, &job.subject).await?;
        let target = Target {
            copies: Some(self.copies()),
            confirmed_by: confirmed.map(|by| by.login.into()),
            as_of: day(decided),
            merged_by: known.as_ref().and_then(|commit| commit.merged_by),
            trust: Trust {
                authorities: self.authorities.clone(),
                reader: Some(self.installations.reader_of_attestations(installation)?),
            },
            ..Target::new(&job.repository, &job.subject, self.artifacts.clone())
        };
        let (evaluation, tape) = self.evaluate(&client, target).await?;
        let pull = if job.pull == 0 { known.as_ref().map_or(0, |commit| commit.pull) } else { job.pull };
        let evaluation = match evaluation {
            Evaluation::Nothing(why) if self.is_head(&client, job, pull).await? => {
                Evaluation::Queued(match why {
                    NO_RUN => self.without_a_run(&client, job, known.as_ref()).await?,
                    _ => NoRun::Yet,
                })
            }
            other => other,
        };
        let evaluation = self.after_the_deadline(afterwards(evaluation, known.as_ref()), known.as_ref());
        if lost.load(Ordering::SeqCst) {
            return Err(Trouble::Lost);
        }
        if !matches!(evaluation, Evaluation::Nothing(_)) {
            self.post(job, &client, &evaluation).await?;
        }
        if known.is_none() {
            self.learn(job, installation, &client).await?;
        }
        let mut effects = effects(job, &evaluation, known.as_ref(), decided);
        effects.evidence = effects.record.as_ref().and_then(evidence_key).zip(tape);
        Ok(effects)
    }

    /// Judging takes a processor and waits for a process, so it has a thread of its own. Beside a verdict come the
    /// answers that it was made from, if they are kept.
    async fn evaluate(
        &self,
        client: &Arc<Client>,
        target: Target,
    ) -> Result<(Evaluation, Option<Vec<u8>>), Trouble> {
        let (client, judge, scratch) = (Arc::clone(client), Arc::clone(&self.judge), self.scratch.clone());
        let runtime = tokio::runtime::Handle::current();
        let keeps = self.keeps_evidence;
        let evaluated = tokio::task::spawn_blocking(move || {
            let repository = target.repository.clone();
            let judge = |question: Question<'_>| judge(question, &repository);
            let evaluating = evaluate(&client, &target, &scratch, &judge);
            if !keeps {
                return runtime.block_on(evaluating).map(|evaluation| (evaluation, None));
            }
            let tape = Tape::recording();
            let evaluation = runtime.block_on(tape.clone().along(evaluating))?;
            let kept = if matches!(evaluation, Evaluation::Judged(_)) { tape.write() } else { None };
            Ok((evaluation, kept))
        });
        Ok(evaluated.await.map_err(|_| Trouble::Ended)??)
    }

    /// Whether the pull request that a trigger named is open and has the commit as its head. GitHub says it of the
    /// pull request itself; the trigger is a hint.
    async fn is_head(&self, client: &Client, job: &Job, pull: u64) -> Result<bool, Trouble> {
        if pull == 0 {
            return Ok(false);
        }
        let pull = client.pull(&job.repository, pull).await?;
        Ok(pull.is_some_and(|pull| pull.is_open() && pull.head.sha == job.subject))
    }

    /// Why nothing has run for a commit, as far as it can be told: early, so that nobody waits for what never comes.
    async fn without_a_run(
        &self,
        client: &Client,
        job: &Job,
        known: Option<&Commit>,
    ) -> Result<NoRun, Trouble> {
        let workflows = client.workflows(&job.repository).await?;
        if !workflows.iter().any(|workflow| workflow.state == "active") {
            return Ok(NoRun::NoWorkflow);
        }
        let had_time =
            known.is_some_and(|commit| commit.is_open && self.now().since(commit.opened) >= TIME_FOR_A_RUN);
        Ok(if had_time { NoRun::NoneRan } else { NoRun::Yet })
    }

    /// A check that has waited too long for its reports ends without a verdict (DECISIONS 37). Waiting for a
    /// maintainer has no end.
    fn after_the_deadline(&self, evaluation: Evaluation, known: Option<&Commit>) -> Evaluation {
        let is_late =
            known.is_some_and(|commit| commit.is_open && self.now().since(commit.opened) >= self.deadline);
        match evaluation {
            Evaluation::Queued(_) | Evaluation::Waits(_) if is_late => {
                let hours = self.deadline.as_secs() / 3_600;
                let message = format!("the reports did not arrive within {hours} hours");
                let problem = Diagnostic::new(Code::ReportsLate, Weight::Error, message, Origin::default());
                without_a_verdict(problem, known)
            }
            other => other,
        }
    }

    /// Writes the check, as the only one who does.
    async fn post(&self, job: &Job, client: &Client, evaluation: &Evaluation) -> Result<(), Trouble> {
        let lock = self.store.lock(job).await?.ok_or(Trouble::Lost)?;
        let from = Instant::now();
        let is_ours = self.store.keep(&job.lease, self.now().after(LEASE)).await;
        if !is_ours.as_ref().is_ok_and(|is_ours| *is_ours) {
            lock.release().await;
            return Err(is_ours.err().map_or(Trouble::Lost, Trouble::Store));
        }
        let details = self.pages.as_ref();
        let place = Place {
            repository: &job.repository,
            sha: &job.subject,
            app: Some(self.installations.app()),
            details_url: details.map(|pages| {
                format!("{pages}{}/commits/{}", repository_address(&job.repository), job.subject)
            }),
            note: OWN_APP,
            has_buttons: true,
            // A process that was stopped and goes on finds that its time is over.
            until: Some(from + LEASE - MARGIN),
        };
        let posted = publication::publish(client, &place, evaluation).await;
        lock.release().await;
        match posted? {
            Posted::TooLate => Err(Trouble::Lost),
            Posted::Written => {
                if let Evaluation::Judged(judged) = evaluation {
                    self.figures.verdict(judged.judgement.verdict.kind.word());
                }
                tracing::info!(repository = job.repository, commit = job.subject, "the check is posted");
                Ok(())
            }
            Posted::Nothing | Posted::Unchanged | Posted::Overtaken => Ok(()),
        }
    }

    /// Keeps what is known of the repository, for the pages and the sweeps.
    async fn learn(&self, job: &Job, installation: u64, client: &Client) -> Result<(), Trouble> {
        if self.store.repository(&job.repository).await?.is_some() {
            return Ok(());
        }
        let Some(repository) = client.repository(&job.repository).await? else { return Ok(()) };
        let known = KnownRepository {
            repository: job.repository.clone(),
            installation,
            default_branch: repository.default_branch,
            is_private: repository.visibility.as_deref() != Some("public"),
            seen: self.now(),
        };
        Ok(self.store.keep_repository(known).await?)
    }

    /// A person stands for the evidence: if GitHub says that the person may write here at this moment (T25).
    pub(super) async fn confirm(&self, job: &Job) -> Result<Effects, Trouble> {
        let Some((sha, login)) = job.subject.split_once(':') else { return Ok(Effects::default()) };
        let (_, client) = self.installations.client(job.installation, &job.repository).await?;
        match client.permission(&job.repository, login).await {
            Ok(permission) if permission.may_write() => {
                self.store.confirm(&job.repository, sha, login, self.now()).await?;
                tracing::info!(repository = job.repository, commit = sha, login, "the evidence is confirmed");
                self.ask(job, sha, "confirmed").await?;
            }
            Ok(_) | Err(RequestError::Status(404)) => {
                tracing::warn!(repository = job.repository, commit = sha, login, "may not confirm evidence");
            }
            Err(error) => return Err(error.into()),
        }
        Ok(Effects::default())
    }

    /// Asks for every commit of the repository that was looked at lately: those of closed pull requests cost one
    /// question each.
    pub(super) async fn judge_by_the_new_policy(&self, job: &Job) -> Result<Effects, Trouble> {
        let copies = self.store.policies_changed(&format!("{}/", job.repository)).await?;
        let now = self.now();
        if job.subject == ORGANISATION {
            return self.judge_the_organisation(job, copies > 0).await;
        }
        let since = now.before(RECENT);
        let commits = self.store.commits_of(&job.repository, since, MOST_RECENT).await?;
        // What was merged is judged by the policy from before the merge, which does not change; what it left may be gone.
        let judged_by_it = commits.into_iter().filter(|commit| commit.is_open || commit.merged_by.is_none());
        for (n, commit) in (0_u32..).zip(judged_by_it) {
            let trigger = Trigger {
                kind: JobKind::Judge,
                repository: commit.repository,
                subject: commit.sha,
                pull: commit.pull,
                installation: commit.installation,
                cause: "policy-changed",
            };
            self.store.trigger(vec![trigger], now.after(Duration::from_secs(1) * n), now).await?;
        }
        Ok(Effects::default())
    }

    fn copies(&self) -> Copies {
        Copies { store: Arc::clone(&self.store), oldest: self.oldest_policy }
    }

    /// Keeps what a push run left, in place of what another run of the same commit left before. Of runs of other branches
    /// there is nothing to keep.
    pub(super) async fn keep_baseline(&self, job: &Job) -> Result<Effects, Trouble> {
        self.store.forget_baseline(&job.repository, &job.subject).await?;
        let (_, client) = self.installations.client(job.installation, &job.repository).await?;
        let Some(repository) = client.repository(&job.repository).await? else {
            return Ok(Effects::default());
        };
        let branch = repository.default_branch;
        let kept = self.copies().fetch_baseline(&client, &job.repository, &branch, &job.subject).await;
        match kept {
            Ok(()) => tracing::info!(repository = job.repository, commit = job.subject, "a baseline is kept"),
            Err(why) => {
                tracing::debug!(
                    repository = job.repository,
                    commit = job.subject,
                    why,
                    "there is no baseline"
                );
            }
        }
        Ok(Effects::default())
    }

    /// An organisation's policy may have changed: asks for every repository of the same owner, one after the other, so
    /// that pull requests with news of their own do not wait behind them. `is_read` says that some repository was judged
    /// by what stands there.
    async fn judge_the_organisation(&self, job: &Job, is_read: bool) -> Result<Effects, Trouble> {
        let Some((owner, name)) = job.repository.split_once('/') else { return Ok(Effects::default()) };
        // Files of these names stand in other repositories too, where they are no policy.
        if !is_read && !ORGANISATION_REPOSITORIES.contains(&name) {
            return Ok(Effects::default());
        }
        let (now, mut after, mut n) = (self.now(), String::new(), 0_u32);
        loop {
            let page = self.store.repositories(&after, 500).await?;
            let Some(last) = page.last() else { break };
            after.clone_from(&last.repository);
            let of_owner = page.iter().filter(|known| known.repository.split('/').next() == Some(owner));
            for known in of_owner {
                let trigger = Trigger {
                    kind: JobKind::Policy,
                    repository: known.repository.clone(),
                    subject: String::new(),
                    pull: 0,
                    installation: known.installation,
                    cause: "policy-changed",
                };
                self.store.trigger(vec![trigger], now.after(APART * n), now).await?;
                n = n.saturating_add(1);
            }
        }
        Ok(Effects::default())
    }

    /// Keeps which repositories an installation sees now.
    pub(super) async fn list_repositories(&self, job: &Job) -> Result<Effects, Trouble> {
        let (installation, client) = self.installations.client(job.installation, &job.repository).await?;
        let listed = match client.installation_repositories().await {
            Ok(listed) => listed,
            // The App was taken out.
            Err(RequestError::Status(401 | 403 | 404)) => Vec::new(),
            Err(error) => return Err(error.into()),
        };
        let now = self.now();
        for repository in &listed {
            let known = KnownRepository {
                repository: repository.full_name.clone(),
                installation,
                default_branch: repository.default_branch.clone(),
                is_private: repository.visibility.as_deref() != Some("public"),
                seen: now,
            };
            self.store.keep_repository(known).await?;
        }
        let mut after = String::new();
        loop {
            let page = self.store.repositories(&after, 500).await?;
            let Some(last) = page.last() else { break };
            after.clone_from(&last.repository);
            for gone in page.iter().filter(|known| known.installation == installation && known.seen < now) {
                self.store.forget_repository(&gone.repository).await?;
            }
        }
        Ok(Effects::default())
    }
}

/// What is kept of it.
fn effects(job: &Job, evaluation: &Evaluation, known: Option<&Commit>, decided: Time) -> Effects {
    match evaluation {
        // A commit that nobody has seen stays unknown.
        Evaluation::Nothing(_) => Effects { commit: known.map(|_| CommitState::Done), ..Effects::default() },
        Evaluation::Queued(_) | Evaluation::AwaitsApproval | Evaluation::Waits(_) => {
            Effects { commit: Some(CommitState::Open), ..Effects::default() }
        }
        Evaluation::Judged(judged) => Effects {
            commit: Some(CommitState::Done),
            record: Some(record(&job.repository, &job.subject, judged, decided)),
            ..Effects::default()
        },
    }
}

/// Where the store keeps what a verdict was made from; `None` where there was no policy to judge by.
pub fn evidence_key(record: &NewRecord) -> Option<String> {
    Some(format!("{}:{}:{}", record.sha, record.policy?, record.evidence?))
}

/// The day of a moment, by which waivers and dates are judged.
pub fn day(moment: Time) -> Option<Date> {
    u64::try_from(moment.0 / 1_000).ok().and_then(Date::from_unix_seconds)
}

/// The record of a verdict. The same evidence, judged by the same program as of the same moment, gives the same one.
pub fn record(repository: &str, sha: &str, judged: &Judged, decided: Time) -> NewRecord {
    let verdict = &judged.judgement.verdict;
    let digests = judged.judgement.digests;
    let seconds = u64::try_from(decided.0 / 1_000).unwrap_or_default();
    let body = VerdictRecord {
        context: Some(Context {
            repo: Some(repository.to_owned()),
            pull_request: judged.pulls.first().copied(),
            author: None,
        }),
        decided_at: Moment::from_seconds(seconds).rfc3339(),
        ..VerdictRecord::from(verdict)
    };
    NewRecord {
        repository: repository.to_owned(),
        sha: sha.to_owned(),
        pulls: judged.pulls.clone(),
        kind: verdict.kind.word().to_owned(),
        decided,
        policy: digests.map(|digests| digests.policy),
        // Without evidence the verdict itself says what it was made from.
        evidence: digests
            .map_or_else(|| Digest::parse(&verdict::digest(&body)), |digests| Some(digests.evidence)),
        body: chain::canonical(&body),
    }
}
