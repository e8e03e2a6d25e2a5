//! The service's figures, for `/metrics` in the format of Prometheus.

use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};
use std::fmt;

/// How a delivery came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelValue)]
pub enum Intake {
    /// It asks for jobs, which are kept.
    Queued,
    /// It asks for nothing.
    Ignored,
    /// It was there before.
    Known,
    /// Its signature does not hold.
    Forged,
    /// It is not what GitHub's documentation promises.
    Malformed,
    /// It could not be kept; GitHub is asked for it later.
    NotKept,
}

/// How a job came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelValue)]
pub enum Outcome {
    /// It was done.
    Done,
    /// It is tried again.
    Retried,
    /// It is given up.
    Dead,
    /// Somebody else has it.
    Lost,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct IntakeLabels {
    outcome: Intake,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct JobLabels {
    kind: &'static str,
    outcome: Outcome,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct VerdictLabels {
    verdict: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StateLabels {
    state: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct InstallationLabels {
    installation: u64,
}

/// All figures.
pub struct Figures {
    registry: Registry,
    deliveries: Family<IntakeLabels, Counter>,
    jobs: Family<JobLabels, Counter>,
    verdicts: Family<VerdictLabels, Counter>,
    waits: Histogram,
    works: Histogram,
    queue: Family<StateLabels, Gauge>,
    oldest: Gauge,
    redelivered: Counter,
    reconciled: Counter,
    removed: Counter,
    outages: Counter,
    merged: Counter,
    paused: Family<InstallationLabels, Gauge>,
}

impl fmt::Debug for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Figures")
    }
}

impl Default for Figures {
    fn default() -> Self {
        let seconds = || Histogram::new([0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 3_600.0]);
        let mut figures = Self {
            registry: Registry::with_prefix("tollgate"),
            deliveries: Family::default(),
            jobs: Family::default(),
            verdicts: Family::default(),
            waits: seconds(),
            works: seconds(),
            queue: Family::default(),
            oldest: Gauge::default(),
            redelivered: Counter::default(),
            reconciled: Counter::default(),
            removed: Counter::default(),
            outages: Counter::default(),
            merged: Counter::default(),
            paused: Family::default(),
        };
        let registry = &mut figures.registry;
        registry.register("deliveries", "Deliveries of webhooks", figures.deliveries.clone());
        registry.register("jobs", "Jobs that were taken", figures.jobs.clone());
        registry.register("verdicts", "Verdicts that were posted", figures.verdicts.clone());
        let wait = "From the first trigger of a job to its beginning";
        registry.register_with_unit("job_wait", wait, Unit::Seconds, figures.waits.clone());
        registry.register_with_unit(
            "job",
            "From the beginning of a job to its end",
            Unit::Seconds,
            figures.works.clone(),
        );
        registry.register("queue", "Jobs in the queue", figures.queue.clone());
        let oldest = "How long the job that waits longest has been due";
        registry.register_with_unit("queue_age", oldest, Unit::Seconds, figures.oldest.clone());
        let redelivered = "Lost deliveries that GitHub was asked for again";
        registry.register("redeliveries", redelivered, figures.redelivered.clone());
        let reconciled = "Open checks that were looked at again";
        registry.register("reconciled", reconciled, figures.reconciled.clone());
        let removed = "Verdicts that were removed because they were kept long enough";
        registry.register("records_removed", removed, figures.removed.clone());
        let outages = "Times in which no replica could judge, noticed afterwards";
        registry.register("outages", outages, figures.outages.clone());
        let merged = "Pull requests that were merged without a verdict meanwhile";
        registry.register("merged_while_away", merged, figures.merged.clone());
        let paused = "For how long an installation waits for GitHub's rate limit";
        registry.register_with_unit("rate_limited", paused, Unit::Seconds, figures.paused.clone());
        figures
    }
}

impl Figures {
    /// A delivery came.
    pub fn delivery(&self, outcome: Intake) {
        self.deliveries.get_or_create(&IntakeLabels { outcome }).inc();
    }

    /// A job was taken and came out so; it had waited and took so many seconds.
    pub fn job(&self, kind: &'static str, outcome: Outcome, waited: f64, took: f64) {
        self.jobs.get_or_create(&JobLabels { kind, outcome }).inc();
        self.waits.observe(waited);
        self.works.observe(took);
    }

    /// A verdict was posted.
    pub fn verdict(&self, verdict: &'static str) {
        self.verdicts.get_or_create(&VerdictLabels { verdict }).inc();
    }

    /// GitHub was asked for so many deliveries again.
    pub fn redelivered(&self, count: u64) {
        self.redelivered.inc_by(count);
    }

    /// So many open checks are looked at again.
    pub fn reconciled(&self, count: u64) {
        self.reconciled.inc_by(count);
    }

    /// So many verdicts were removed.
    pub fn removed(&self, count: u64) {
        self.removed.inc_by(count);
    }

    /// The service was away.
    pub fn outage(&self) {
        self.outages.inc();
    }

    /// A pull request was merged meanwhile without a verdict.
    pub fn merged_while_away(&self) {
        self.merged.inc();
    }

    /// An installation waits for so many seconds.
    pub fn paused(&self, installation: u64, seconds: i64) {
        self.paused.get_or_create(&InstallationLabels { installation }).set(seconds);
    }

    /// Everything as text.
    ///
    /// # Errors
    /// Never in practice: writing to a text does not fail.
    pub fn text(
        &self,
        queue: super::store::QueueFigures,
        now: super::clock::Time,
    ) -> Result<String, fmt::Error> {
        let states =
            [("due", queue.due), ("later", queue.later), ("taken", queue.taken), ("dead", queue.dead)];
        for (state, count) in states {
            let count = i64::try_from(count).unwrap_or(i64::MAX);
            self.queue.get_or_create(&StateLabels { state }).set(count);
        }
        let age = queue.oldest.map_or(0, |oldest| now.since(oldest).as_secs());
        self.oldest.set(i64::try_from(age).unwrap_or(i64::MAX));
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }
}
