//! Finds what was missed. GitHub delivers an event once: what got no answer from us is asked for again, and checks that
//! stay open are looked at again whatever was delivered.

mod deliveries;

use super::clock::Time;
use super::figures::Figures;
use super::installations::Installations;
use super::store::{JobKind, Retention, Store, StoreError, Trigger};
use crate::io::github::RequestError;
use deliveries::{Look, is_there};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::MissedTickBehavior;

/// How often the deliveries of the hook are looked through.
pub const SWEEP: Duration = Duration::from_secs(5 * 60);

/// How often open checks are looked at.
pub const RECONCILE: Duration = Duration::from_secs(10 * 60);

/// Without a sign of life for longer, the service was away: two sweeps at least are missing.
const AWAY: Duration = Duration::from_secs(2 * SWEEP.as_secs() + SWEEP.as_secs() / 2);

/// How often old things are taken out.
const TIDY: Duration = Duration::from_secs(3_600);

/// GitHub keeps deliveries for so long.
const KEPT: Duration = Duration::from_secs(3 * 24 * 3_600);

const DAY_MILLIS: i64 = 86_400_000;

/// Open checks, and repositories, that are asked for in one step.
const PAGE: u32 = 500;

/// Events that ask for something ([`super::plan`]).
pub const EVENTS: [&str; 8] = [
    "check_run",
    "check_suite",
    "installation",
    "installation_repositories",
    "merge_group",
    "pull_request",
    "push",
    "workflow_run",
];

/// What sweeps.
#[derive(Debug)]
pub struct Sweeper {
    /// Where jobs go.
    pub store: Arc<dyn Store>,
    /// Who asks GitHub.
    pub installations: Arc<Installations>,
    /// What is counted.
    pub figures: Arc<Figures>,
    /// How long evidence is kept.
    pub keep_evidence: Duration,
    /// For how many days verdicts are kept; `None` keeps them without end.
    pub keep_records: Option<u32>,
}

/// Why a sweep did not end.
#[derive(Debug, thiserror::Error)]
pub enum SweepError {
    /// GitHub.
    #[error("{0}")]
    Request(#[from] RequestError),
    /// The store.
    #[error("{0}")]
    Store(#[from] StoreError),
}

impl Sweeper {
    /// Sweeps at once and then in turn, until it is told to stop.
    pub async fn run(self: Arc<Self>, mut stop: watch::Receiver<bool>) {
        let mut sweep = tokio::time::interval(SWEEP);
        let mut reconcile = tokio::time::interval(RECONCILE);
        let mut tidy = tokio::time::interval(TIDY);
        for turn in [&mut sweep, &mut reconcile, &mut tidy] {
            // After a long stop one turn is enough.
            turn.set_missed_tick_behavior(MissedTickBehavior::Skip);
        }
        let mut first = true;
        while !*stop.borrow() {
            let (what, result) = tokio::select! {
                _ = stop.changed() => return,
                _ = sweep.tick() => ("the deliveries", self.sweep().await.map(|_| ())),
                _ = reconcile.tick() => {
                    // At the start everything that is open is looked at.
                    let age = if first { Duration::ZERO } else { RECONCILE };
                    first = false;
                    ("the open checks", self.reconcile(age).await.map(|_| ()))
                }
                _ = tidy.tick() => ("what is old", self.tidy().await),
            };
            if let Err(error) = result {
                tracing::warn!(what, %error, "a sweep did not end; the next one goes on");
            }
        }
    }

    fn now(&self) -> Time {
        self.store.clock().now()
    }

    /// Has events that never arrived delivered again; how many. A look through very many goes on in the next sweep.
    ///
    /// # Errors
    /// The next sweep then goes on from the page at which this one ended.
    pub async fn sweep(&self) -> Result<u64, SweepError> {
        let hook = self.installations.as_app();
        let newest = hook.deliveries(None).await;
        if is_there(&newest) {
            self.alive().await?;
        }
        let mut look = Look::new(hook, &*self.store);
        let swept = look.through(newest?, self.now()).await;
        self.figures.redelivered(look.asked());
        swept.map(|()| look.asked())
    }

    /// Says that the service is there, and has what was merged looked for if it was away.
    async fn alive(&self) -> Result<(), StoreError> {
        if let Some(outage) = self.store.alive(AWAY, self.now()).await? {
            let away = outage.until.since(outage.since).as_secs();
            tracing::warn!(away, "the service was away so many seconds: what was merged is looked for");
            self.figures.outage();
        }
        Ok(())
    }

    /// Asks for every commit whose check is open and that nobody has looked at for so long; how many.
    ///
    /// # Errors
    /// When the store cannot be used.
    pub async fn reconcile(&self, age: Duration) -> Result<u64, SweepError> {
        let now = self.now();
        let open = self.store.open_commits(now.before(age), PAGE).await?;
        let count = open.len() as u64;
        // Spread over the time until the next one, so that they leave the rate limit to what is new.
        let step = RECONCILE / 2 / u32::try_from(open.len().max(1)).unwrap_or(u32::MAX);
        for (n, commit) in (0_u32..).zip(open) {
            let trigger = Trigger {
                kind: JobKind::Judge,
                repository: commit.repository,
                subject: commit.sha,
                pull: commit.pull,
                installation: commit.installation,
                cause: "reconcile",
            };
            let wait = if age.is_zero() { Duration::ZERO } else { step * n };
            self.store.trigger(vec![trigger], now.after(wait), now).await?;
        }
        self.figures.reconciled(count);
        Ok(count)
    }

    /// Takes out what is old.
    async fn tidy(&self) -> Result<(), SweepError> {
        let now = self.now();
        let retention = Retention {
            // GitHub delivers nothing again that is older.
            deliveries: now.before(KEPT * 2),
            evidence: now.before(self.keep_evidence),
            commits: now.before(KEPT * 10),
        };
        let forgotten = self.store.forget(retention).await?;
        tracing::debug!(?forgotten, "old things were taken out");
        match self.keep_records {
            Some(days) => self.remove_records(days).await,
            None => Ok(()),
        }
    }

    /// Takes out verdicts that are older than so many days, one repository after the other.
    async fn remove_records(&self, days: u32) -> Result<(), SweepError> {
        let now = self.now();
        // A chain is looked at when the day of an entry has passed: it gets one checkpoint a day, not one every turn.
        let today = Time(now.0 - now.0.rem_euclid(DAY_MILLIS));
        let oldest = today.before(Duration::from_secs(u64::from(days) * 86_400));
        let mut after = String::new();
        loop {
            let batch = self.store.with_old_records(oldest, &after, PAGE).await?;
            let Some(last) = batch.last() else { return Ok(()) };
            after.clone_from(last);
            for repository in &batch {
                if let Some(removed) = self.store.remove_records(repository, days, now).await? {
                    self.figures.removed(removed.verdicts);
                    let (verdicts, through) = (removed.verdicts, removed.through);
                    tracing::info!(%repository, verdicts, %through, days, "old verdicts were removed");
                }
            }
        }
    }
}
