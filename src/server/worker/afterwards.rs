//! What was merged while the service was away is found, judged as every other commit, and listed. Nothing is taken back
//! by it, and nothing is held up.

use super::{Trouble, Worker};
use crate::diagnostic::{Code, Diagnostic, Origin, Weight};
use crate::io::github::{CheckRun, Client, PullRequest, RequestError};
use crate::model::Moment;
use crate::server::clock::Time;
use crate::server::evaluation::{Evaluation, Judged, merged, unjudged};
use crate::server::publication::NAME;
use crate::server::store::{Commit, EVERYWHERE, Effects, Job, Merged, Outage, StoreError};
use std::time::Duration;

/// Times of GitHub are compared with times of the store, which are brought to GitHub's clock; so much may be left.
const SKEW: Duration = Duration::from_secs(60);

/// The event that runs are started by for a group of the merge queue.
const MERGE_GROUP: &str = "merge_group";

/// How a job names an installation in place of a repository; no repository has such a name.
fn place_of(installation: u64) -> String {
    format!("installation:{installation}")
}

impl Worker {
    /// Looks for what was merged during an outage. It may be done twice.
    pub(super) async fn after_outage(&self, job: &Job) -> Result<Effects, Trouble> {
        let damaged = || StoreError::Damaged("a job about an outage that is none".to_owned());
        let outage = Outage::of_subject(&job.subject).ok_or_else(damaged)?;
        if job.repository == EVERYWHERE {
            self.ask_each_installation(outage).await
        } else if job.repository == place_of(job.installation) {
            self.find_given(job, outage).await
        } else {
            self.find_merged(job, outage).await
        }
    }

    /// What the App was given meanwhile is not known yet: the events about it were lost, and may be told late.
    async fn ask_each_installation(&self, outage: Outage) -> Result<Effects, Trouble> {
        let now = self.now();
        for installation in self.installations.as_app().installations().await? {
            let job = outage.job(place_of(installation.id), installation.id);
            self.store.trigger(vec![job], now, now).await?;
        }
        Ok(Effects::default())
    }

    /// Has the repositories looked through that an installation was given meanwhile. From when on they were its own GitHub
    /// does not say.
    async fn find_given(&self, job: &Job, outage: Outage) -> Result<Effects, Trouble> {
        self.list_repositories(job).await?;
        let given = self.store.given_since(job.installation, outage.until).await?;
        let now = self.now();
        for (jobs, due) in outage.jobs(given, now) {
            self.store.trigger(jobs, due, now).await?;
        }
        Ok(Effects::default())
    }

    /// Lists what was merged in the repository during an outage, and keeps what had no verdict.
    async fn find_merged(&self, job: &Job, outage: Outage) -> Result<Effects, Trouble> {
        let ahead = self.installations.ahead(self.now());
        let at_github = |time: Time| Time(time.0.saturating_add(ahead));
        let since = moment(at_github(outage.since).before(SKEW));
        let repository = &job.repository;
        let listed = match self.installations.client(job.installation, repository).await {
            Ok((installation, client)) => {
                client.merged_since(repository, since).await.map(|merged| (installation, client, merged))
            }
            Err(error) => Err(error),
        };
        let (installation, client, listed) = match listed {
            // The repository is gone, or the App is no longer installed there.
            Err(RequestError::Status(404)) => return Ok(Effects::default()),
            listed => listed?,
        };
        // What was merged since without a verdict was merged in spite of the check.
        let meanwhile = listed.into_iter().filter(|(at, _)| time(*at) <= at_github(outage.until).after(SKEW));
        let meanwhile: Vec<(Time, PullRequest)> = meanwhile.map(|(at, pull)| (time(at), pull)).collect();
        let has_queue =
            !meanwhile.is_empty() && !client.newest_runs(repository, MERGE_GROUP).await?.is_empty();
        for (at, pull) in meanwhile {
            let group = match pull.merge_commit_sha.filter(|_| has_queue) {
                Some(commit) if is_group(&client, repository, &commit).await? => Some(commit),
                Some(_) | None => None,
            };
            for sha in group.into_iter().chain([pull.head.sha]) {
                let merged = Merged {
                    repository: repository.clone(),
                    sha,
                    pull: pull.number,
                    installation,
                    at,
                    judged_until: Time(at.0.saturating_sub(ahead)).after(SKEW),
                };
                self.keep_merged(&client, merged).await?;
            }
        }
        Ok(Effects::default())
    }

    /// Keeps that a commit was merged without a verdict, unless it had one.
    async fn keep_merged(&self, client: &Client, merged: Merged) -> Result<(), Trouble> {
        let Merged { repository, sha, pull, .. } = &merged;
        let known = self.store.commit(repository, sha).await?;
        if known.is_some_and(|commit| commit.merged_by.is_some()) {
            return Ok(());
        }
        // A verdict that was removed because it was old stands on its commit still.
        let app = Some(self.installations.app());
        let had_verdict = |check: &CheckRun| {
            let ended = check.completed_at.as_deref().and_then(Moment::parse).map(time);
            check.status == "completed" && ended.is_some_and(|ended| ended <= merged.at.after(SKEW))
        };
        if client.check_runs(repository, sha, NAME, app).await?.iter().any(had_verdict) {
            return Ok(());
        }
        if self.store.keep_merged(merged.clone(), self.now()).await? {
            self.figures.merged_while_away();
            tracing::warn!(
                repository,
                commit = sha,
                number = pull,
                "merged without a verdict while the gate was away"
            );
        }
        Ok(())
    }
}

/// Whether a commit is one of the merge queue's, by the runs that were started for it. The queue merges what it tested:
/// the last commit of a pull request is that of its group.
async fn is_group(client: &Client, repository: &str, commit: &str) -> Result<bool, RequestError> {
    Ok(client.runs_of(repository, commit).await?.iter().any(|run| run.event == MERGE_GROUP))
}

/// A commit that was merged already gets a verdict in any case: that there can be none is said, too.
pub(super) fn afterwards(evaluation: Evaluation, known: Option<&Commit>) -> Evaluation {
    let why = match evaluation {
        Evaluation::Nothing(why) => why,
        Evaluation::AwaitsApproval => "no maintainer has approved the run of the tests",
        other => return other,
    };
    // One that has its verdict keeps it.
    if known.is_none_or(|commit| commit.merged_by.is_none() || !commit.is_open) {
        return evaluation;
    }
    let message = format!("there is nothing to judge by: {why}");
    without_a_verdict(Diagnostic::new(Code::NothingRan, Weight::Error, message, Origin::default()), known)
}

/// No verdict, for want of anything to judge.
pub(super) fn without_a_verdict(problem: Diagnostic, known: Option<&Commit>) -> Evaluation {
    let mut judgement = unjudged(problem, "");
    let merged_by = known.and_then(|commit| commit.merged_by);
    judgement.verdict.header.extend(merged_by.map(|_| merged()));
    Evaluation::Judged(Box::new(Judged {
        judgement,
        pulls: merged_by.into_iter().collect(),
        generation: (0, 0),
    }))
}

/// A time of the store as GitHub writes it.
fn moment(time: Time) -> Moment {
    Moment::from_seconds(u64::try_from(time.0 / 1_000).unwrap_or_default())
}

/// And back.
fn time(moment: Moment) -> Time {
    Time(i64::try_from(moment.seconds()).unwrap_or(i64::MAX).saturating_mul(1_000))
}
