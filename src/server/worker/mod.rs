//! Takes jobs and does them, a few at a time.
//!
//! A job is a question, not an order: it is answered from what GitHub says now, so it may be done twice, late, or after
//! another one, and comes out the same. Whoever takes it holds a lease that a heartbeat makes longer; who has lost it
//! neither writes to GitHub nor to the store.

mod afterwards;
mod judging;

pub use judging::{day, evidence_key, record};

use super::clock::Time;
use super::evaluation::{Answer, Question};
use super::figures::{Figures, Outcome};
use super::installations::Installations;
use super::store::{Claim, Effects, Finish, Job, JobKind, Store, StoreError, Trigger};
use crate::io::attestation::Authorities;
use crate::io::github::RequestError;
use crate::policy::Globs;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

/// For how long a job is taken before its heartbeat makes it longer.
pub const LEASE: Duration = Duration::from_secs(40);

/// How often the heartbeat beats.
const HEARTBEAT: Duration = Duration::from_secs(10);

/// How often an idle worker looks for jobs.
const IDLE: Duration = Duration::from_millis(500);

/// A job that went wrong so often is given up.
const MAX_ATTEMPTS: i64 = 8;

/// The longest wait between two attempts.
const MAX_BACKOFF: Duration = Duration::from_secs(15 * 60);

/// Judges one change of a repository; what it is made of stands above this room.
pub type JudgeChange = Arc<dyn Fn(Question<'_>, &str) -> anyhow::Result<Answer> + Send + Sync>;

/// What the worker works with.
pub struct Worker {
    /// Where jobs come from.
    pub store: Arc<dyn Store>,
    /// Who asks GitHub.
    pub installations: Arc<Installations>,
    /// Who judges.
    pub judge: JudgeChange,
    /// What is counted.
    pub figures: Arc<Figures>,
    /// Jobs at once.
    pub at_once: u32,
    /// Jobs of one repository at once, over all replicas.
    pub per_repository: u32,
    /// Names of the artifacts that hold reports.
    pub artifacts: Globs,
    /// Whose signatures make evidence attested; `None` for those that are built in.
    pub authorities: Option<Arc<Authorities>>,
    /// How long a check may stay open for want of reports.
    pub deadline: Duration,
    /// How old the copy of an organisation's policy may be that is judged by while GitHub does not answer.
    pub oldest_policy: Duration,
    /// Whether evidence is kept, so that it can be judged again.
    pub keeps_evidence: bool,
    /// The address of the pages, without a slash at its end.
    pub pages: Option<String>,
    /// A folder of the process's own.
    pub scratch: PathBuf,
}

impl fmt::Debug for Worker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Worker").field("at_once", &self.at_once).finish_non_exhaustive()
    }
}

/// Why a job did not go well.
#[derive(Debug, thiserror::Error)]
enum Trouble {
    /// GitHub refused, or could not be reached.
    #[error("{0}")]
    Request(#[from] RequestError),
    /// The evaluation could not begin or end.
    #[error("{0}")]
    Evaluation(#[from] super::evaluation::EvaluationError),
    /// The store.
    #[error("{0}")]
    Store(#[from] StoreError),
    /// Somebody else has the job.
    #[error("the job was lost to another replica")]
    Lost,
    /// The thread of the evaluation ended.
    #[error("the evaluation ended without an answer")]
    Ended,
}

impl Trouble {
    /// What GitHub said, if it did.
    fn request(&self) -> Option<&RequestError> {
        match self {
            Self::Request(error) => Some(error),
            Self::Evaluation(super::evaluation::EvaluationError::Request { source, .. }) => Some(source),
            Self::Evaluation(_) | Self::Store(_) | Self::Lost | Self::Ended => None,
        }
    }
}

impl Worker {
    /// Works until it is told to stop, and then ends what it has begun.
    pub async fn run(self: Arc<Self>, mut stop: watch::Receiver<bool>) {
        let slots = Arc::new(Semaphore::new(self.at_once as usize));
        let mut running = JoinSet::new();
        while !*stop.borrow() {
            let free = u32::try_from(slots.available_permits()).unwrap_or(u32::MAX);
            let taken = if free == 0 { Vec::new() } else { self.claim(free).await };
            if *stop.borrow() {
                self.release(taken).await;
                break;
            }
            let idle = taken.is_empty();
            for job in taken {
                let worker = Arc::clone(&self);
                // Nobody else takes slots, and no more jobs were taken than there are.
                let slot = Arc::clone(&slots).acquire_owned().await;
                running.spawn(async move {
                    worker.work(job).await;
                    drop(slot);
                });
            }
            while running.try_join_next().is_some() {}
            if idle {
                tokio::select! {
                    _ = stop.changed() => {}
                    _ = running.join_next(), if !running.is_empty() => {}
                    () = tokio::time::sleep(IDLE) => {}
                }
            }
        }
        while running.join_next().await.is_some() {}
    }

    async fn claim(&self, most: u32) -> Vec<Job> {
        let now = self.now();
        let claim = Claim { most, per_repository: self.per_repository, until: now.after(LEASE) };
        match self.store.claim(claim, now).await {
            Ok(jobs) => jobs,
            Err(error) => {
                tracing::error!(%error, "no job can be taken");
                Vec::new()
            }
        }
    }

    /// Gives jobs back that were not begun.
    async fn release(&self, jobs: Vec<Job>) {
        for job in jobs {
            let released =
                self.store.finish(&job.lease, Finish::Released, Effects::default(), self.now()).await;
            if let Err(error) = released {
                tracing::warn!(repository = job.repository, %error, "a job is given back when its lease ends");
            }
        }
    }

    fn now(&self) -> Time {
        self.store.clock().now()
    }

    /// Does a job, with its heartbeat beside it, and ends it in the store.
    async fn work(&self, job: Job) {
        let begun = self.now();
        let lost = Arc::new(AtomicBool::new(false));
        let beat = self.beat(&job, Arc::clone(&lost));
        let done = self.unless_paused(&job, &lost);
        let result = {
            tokio::pin!(beat);
            tokio::select! {
                done = done => done,
                () = &mut beat => Err(Trouble::Lost),
            }
        };
        let outcome = self.end(&job, result).await;
        let now = self.now();
        let (waited, took) = (begun.since(job.asked), now.since(begun));
        self.figures.job(job.kind.word(), outcome, waited.as_secs_f64(), took.as_secs_f64());
    }

    /// Makes the lease longer until it is lost; returns then.
    async fn beat(&self, job: &Job, lost: Arc<AtomicBool>) {
        let mut held_until = self.now().after(LEASE);
        loop {
            tokio::time::sleep(HEARTBEAT).await;
            let until = self.now().after(LEASE);
            match self.store.keep(&job.lease, until).await {
                Ok(true) => held_until = until,
                Ok(false) => break,
                // The store may come back before the lease ends.
                Err(_) if self.now() < held_until => {}
                Err(_) => break,
            }
        }
        lost.store(true, Ordering::SeqCst);
    }

    /// An installation whose rate limit is reached costs no attempt.
    async fn unless_paused(&self, job: &Job, lost: &AtomicBool) -> Result<Effects, Trouble> {
        if let Some(until) = self.installations.paused(job.installation, self.now()) {
            return Err(RequestError::RateLimited(until.since(self.now())).into());
        }
        match job.kind {
            JobKind::Judge => self.judge_commit(job, lost).await,
            JobKind::Confirm => self.confirm(job).await,
            JobKind::Policy => self.judge_by_the_new_policy(job).await,
            JobKind::Baseline => self.keep_baseline(job).await,
            JobKind::Installation => self.list_repositories(job).await,
            JobKind::Outage => self.after_outage(job).await,
        }
    }

    /// Ends a job in the store, whatever came of it.
    async fn end(&self, job: &Job, result: Result<Effects, Trouble>) -> Outcome {
        let now = self.now();
        let (finish, effects, outcome) = match result {
            Ok(effects) => (Finish::Done(now.after(Duration::from_secs(1))), effects, Outcome::Done),
            Err(Trouble::Lost) => {
                tracing::warn!(repository = job.repository, subject = job.subject, "a job was lost");
                return Outcome::Lost;
            }
            Err(trouble) => {
                let (finish, outcome) = self.after_trouble(job, &trouble, now);
                (finish, Effects::default(), outcome)
            }
        };
        match self.store.finish(&job.lease, finish, effects, now).await {
            Ok(true) => outcome,
            Ok(false) => Outcome::Lost,
            Err(error) => {
                // The lease ends by itself, and the job is done again.
                tracing::error!(repository = job.repository, %error, "a job cannot be ended");
                Outcome::Lost
            }
        }
    }

    fn after_trouble(&self, job: &Job, trouble: &Trouble, now: Time) -> (Finish, Outcome) {
        let problem = trouble.to_string();
        let (repository, subject) = (&job.repository, &job.subject);
        if let Some(RequestError::RateLimited(wait)) = trouble.request() {
            let until = now.after(*wait);
            self.installations.pause(job.installation, until);
            self.figures.paused(job.installation, i64::try_from(wait.as_secs()).unwrap_or(i64::MAX));
            tracing::info!(repository, subject, wait = wait.as_secs(), "GitHub's rate limit is reached");
            return (Finish::Wait { at: until, problem }, Outcome::Retried);
        }
        if job.attempts >= MAX_ATTEMPTS {
            tracing::error!(repository, subject, problem, "a job is given up");
            return (Finish::Dead { problem }, Outcome::Dead);
        }
        tracing::warn!(repository, subject, problem, attempts = job.attempts, "a job is tried again");
        (Finish::Retry { at: now.after(backoff(job)), problem }, Outcome::Retried)
    }

    /// Asks for a judgement of a commit.
    async fn ask(&self, job: &Job, subject: &str, cause: &'static str) -> Result<(), Trouble> {
        let trigger = Trigger {
            kind: JobKind::Judge,
            repository: job.repository.clone(),
            subject: subject.to_owned(),
            pull: job.pull,
            installation: job.installation,
            cause,
        };
        let now = self.now();
        Ok(self.store.trigger(vec![trigger], now, now).await?)
    }
}

/// Twice as long each time, spread by the job's number so that many do not come back at once.
fn backoff(job: &Job) -> Duration {
    let doublings = u32::try_from(job.attempts.clamp(1, 10)).unwrap_or(10);
    let wait = Duration::from_secs(5).saturating_mul(1 << doublings).min(MAX_BACKOFF);
    wait + Duration::from_millis(job.id.unsigned_abs() % 1_000)
}
