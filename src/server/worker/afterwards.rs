//! What was merged while the service was away is found, judged as every other commit, and listed. Nothing is taken back
//! by it, and nothing is held up.

use super::{Trouble, Worker};
use crate::diagnostic::{Code, Diagnostic, Origin, Weight};
use crate::io::github::RequestError;
use crate::model::Moment;
use crate::server::clock::Time;
use crate::server::evaluation::{Evaluation, Judged, merged, unjudged};
use crate::server::store::{Commit, Effects, Job, Merged, Outage, StoreError};
use std::time::Duration;

/// The clock of the store may differ so much from GitHub's; a machine whose clock differs more cannot sign in as the App.
const SKEW: Duration = Duration::from_secs(60);

impl Worker {
    /// Lists what was merged in the repository during an outage, and keeps what had no verdict. It may be done twice.
    pub(super) async fn find_merged(&self, job: &Job) -> Result<Effects, Trouble> {
        let damaged = || StoreError::Damaged("a job about an outage that is none".to_owned());
        let outage = Outage::of_subject(&job.subject).ok_or_else(damaged)?;
        let since = moment(outage.since.before(SKEW));
        let listed = match self.installations.client(job.installation, &job.repository).await {
            Ok((installation, client)) => {
                client.merged_since(&job.repository, since).await.map(|merged| (installation, merged))
            }
            Err(error) => Err(error),
        };
        let (installation, listed) = match listed {
            // The repository is gone, or the App is no longer installed there.
            Err(RequestError::Status(404)) => return Ok(Effects::default()),
            listed => listed?,
        };
        for (at, pull) in listed {
            let at = time(at);
            // What was merged since without a verdict was merged in spite of the check.
            if at > outage.until.after(SKEW) {
                continue;
            }
            let merged = Merged {
                repository: job.repository.clone(),
                sha: pull.head.sha,
                pull: pull.number,
                installation,
                at,
                judged_until: at.after(SKEW),
            };
            let (sha, number) = (merged.sha.clone(), merged.pull);
            if self.store.keep_merged(merged, self.now()).await? {
                self.figures.merged_while_away();
                let repository = &job.repository;
                tracing::warn!(
                    repository,
                    commit = sha,
                    number,
                    "merged without a verdict while the gate was away"
                );
            }
        }
        Ok(Effects::default())
    }
}

/// A commit that was merged already gets a verdict in any case: that there can be none is said, too.
pub(super) fn afterwards(evaluation: Evaluation, known: Option<&Commit>) -> Evaluation {
    let why = match evaluation {
        Evaluation::Nothing(why) => why,
        Evaluation::AwaitsApproval => "no maintainer has approved the run of the tests",
        other => return other,
    };
    if known.is_none_or(|commit| commit.merged_by.is_none()) {
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
