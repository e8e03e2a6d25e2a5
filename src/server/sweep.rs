//! Finds what was missed. GitHub delivers an event once: what got no answer from us is asked for again, and checks that
//! stay open are looked at again whatever was delivered.

use super::clock::Time;
use super::figures::Figures;
use super::installations::Installations;
use super::store::{JobKind, Retention, Store, StoreError, Trigger};
use crate::io::github::{Delivery, RequestError};
use crate::model::Moment;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::MissedTickBehavior;

/// How often the deliveries of the hook are looked through.
pub const SWEEP: Duration = Duration::from_secs(5 * 60);

/// How often open checks are looked at.
pub const RECONCILE: Duration = Duration::from_secs(10 * 60);

/// Without a sign of life for longer, the service was away: two sweeps at least are missing.
const AWAY: Duration = Duration::from_secs(2 * SWEEP.as_secs());

/// How often old things are taken out.
const TIDY: Duration = Duration::from_secs(3_600);

/// GitHub keeps deliveries for so long.
const KEPT: Duration = Duration::from_secs(3 * 24 * 3_600);

/// Deliveries may be listed late; so much is looked through twice.
const OVERLAP: Duration = Duration::from_secs(10 * 60);

const DAY_MILLIS: i64 = 86_400_000;

/// Open checks, and repositories, that are asked for in one step.
const PAGE: u32 = 500;

/// Remembers until when deliveries were looked through, by GitHub's clock: ours may have been wrong.
const SWEPT: &str = "swept";

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

    /// Has events that never arrived delivered again; how many.
    ///
    /// # Errors
    /// The next sweep then begins where this one did.
    pub async fn sweep(&self) -> Result<u64, SweepError> {
        let now = self.now();
        let since = since(self.store.mark(SWEPT).await?.as_deref(), now);
        let since = Moment::from_seconds(u64::try_from(since.0 / 1_000).unwrap_or_default()).rfc3339();
        let deliveries = self.installations.as_app().deliveries_after(&since.unwrap_or_default()).await;
        if is_there(&deliveries) {
            self.alive().await?;
        }
        let deliveries = deliveries?;
        let lost = lost(&deliveries);
        for delivery in &lost {
            self.installations.as_app().deliver_again(*delivery).await?;
        }
        if !lost.is_empty() {
            tracing::info!(count = lost.len(), "GitHub is asked for lost deliveries again");
        }
        self.figures.redelivered(lost.len() as u64);
        if let Some(newest) = newest(&deliveries) {
            self.store.set_mark(SWEPT, &newest.0.to_string()).await?;
        }
        Ok(lost.len() as u64)
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

/// Whoever cannot ask GitHub judges nothing, and is away; an answer that is too long to be read is one.
const fn is_there(deliveries: &Result<Vec<Delivery>, RequestError>) -> bool {
    matches!(deliveries, Ok(_) | Err(RequestError::Malformed(_) | RequestError::TooLarge(_)))
}

/// From when on deliveries are looked through: from the last mark, or as far back as GitHub keeps them.
fn since(mark: Option<&str>, now: Time) -> Time {
    let furthest = now.before(KEPT);
    let Some(mark) = mark else { return furthest };
    match mark.parse() {
        Ok(mark) if Time(mark) <= now => Time(mark).before(OVERLAP),
        Ok(_) => {
            tracing::warn!(
                mark,
                "the last sweep lies in the future: the clock was set back, and the sweep begins anew"
            );
            furthest
        }
        Err(_) => {
            tracing::warn!(mark, "the mark of the last sweep cannot be read, and the sweep begins anew");
            furthest
        }
    }
}

/// When the newest attempt was, as GitHub says.
fn newest(deliveries: &[Delivery]) -> Option<Time> {
    let times = deliveries.iter().filter_map(|delivery| Moment::parse(&delivery.delivered_at));
    let newest = times.max()?.seconds();
    Some(Time(i64::try_from(newest).ok()?.saturating_mul(1_000)))
}

/// The newest attempt of each event of ours of which no attempt arrived, oldest first.
fn lost(newest_first: &[Delivery]) -> Vec<u64> {
    let arrived: BTreeSet<&str> = newest_first
        .iter()
        .filter(|delivery| delivery.arrived())
        .map(|delivery| delivery.guid.as_str())
        .collect();
    let mut lost: BTreeMap<&str, u64> = BTreeMap::new();
    for delivery in newest_first {
        if EVENTS.contains(&delivery.event.raw()) && !arrived.contains(delivery.guid.as_str()) {
            lost.entry(&delivery.guid).or_insert(delivery.id);
        }
    }
    let mut lost: Vec<u64> = lost.into_values().collect();
    lost.sort_unstable();
    lost
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delivery(id: u64, guid: &str, event: &str, status: u16) -> Delivery {
        Delivery {
            id,
            guid: guid.to_owned(),
            delivered_at: "2026-01-01T00:00:00Z".to_owned(),
            status_code: status,
            event: event.into(),
            action: None,
            repository_id: None,
        }
    }

    #[test]
    fn a_mark_that_cannot_be_read_or_lies_in_the_future_begins_anew() {
        let now = Time(1_000_000_000_000);
        let furthest = now.before(KEPT);
        assert_eq!(since(None, now), furthest);
        assert_eq!(since(Some("999999999000"), now), Time(999_999_999_000 - 600_000));
        assert_eq!(since(Some("1000000000000"), now), Time(1_000_000_000_000 - 600_000));
        assert_eq!(since(Some("1000000000001"), now), furthest);
        assert_eq!(since(Some("yesterday"), now), furthest);
        assert_eq!(since(Some("99999999999999999999"), now), furthest);
    }

    #[test]
    fn who_gets_no_answer_of_github_gives_no_sign_of_life() {
        assert!(is_there(&Ok(Vec::new())) && is_there(&Err(RequestError::Malformed("the list is too long"))));
        for error in [
            RequestError::Unreachable("it took too long"),
            RequestError::Status(401),
            RequestError::Status(502),
            RequestError::RateLimited(Duration::from_secs(1)),
        ] {
            assert!(!is_there(&Err(error)));
        }
    }

    #[test]
    fn only_events_of_ours_that_never_arrived_are_lost() {
        let listed = [
            delivery(9, "c", "pull_request", 0),
            delivery(8, "a", "pull_request", 202),
            delivery(7, "b", "workflow_run", 503),
            delivery(6, "d", "star", 503),
            delivery(5, "b", "workflow_run", 504),
            delivery(4, "a", "pull_request", 500),
        ];
        assert_eq!(lost(&listed), [7, 9]);
    }

    #[test]
    fn the_next_sweep_begins_where_github_says_that_this_one_ended() {
        let mut listed = [delivery(2, "b", "push", 202), delivery(1, "a", "push", 202)];
        listed[0].delivered_at = "2026-01-01T00:00:09.5Z".to_owned();
        assert_eq!(newest(&listed), Some(Time(1_767_225_609_000)));
        assert_eq!(newest(&[]), None);
    }
}
