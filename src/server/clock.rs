//! Time as the service counts it: anchored once, then carried by the machine's steady clock, so that a clock that is
//! set while the service runs moves no lease and no deadline.

use std::time::{Duration, Instant};

/// A moment, in milliseconds since 1970 (UTC).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(pub i64);

impl Time {
    /// So much later; at most the end of time.
    #[must_use]
    pub fn after(self, wait: Duration) -> Self {
        Self(self.0.saturating_add(millis(wait)))
    }

    /// So much earlier.
    #[must_use]
    pub fn before(self, span: Duration) -> Self {
        Self(self.0.saturating_sub(millis(span)))
    }

    /// How long ago `earlier` was; nothing if it is yet to come.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or_default())
    }
}

fn millis(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}

/// Tells the time of the store: all replicas ask the same one when they start.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    anchor: Time,
    since: Instant,
}

impl Clock {
    /// Goes on from a moment.
    pub fn from(anchor: Time) -> Self {
        Self { anchor, since: Instant::now() }
    }

    /// Goes on from what a clock says, but never before what was kept already: where the clock was set back while the
    /// service was down, what is due would wait for it to catch up.
    pub fn after(said: Time, kept: Time) -> Self {
        if kept > said {
            let seconds = kept.since(said).as_secs();
            tracing::warn!(
                seconds,
                "the clock is behind what the store holds, from which the service goes on"
            );
        }
        Self::from(said.max(kept))
    }

    /// What it is now.
    pub fn now(&self) -> Time {
        self.anchor.after(self.since.elapsed())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_goes_on_from_its_anchor_and_never_back() {
        let clock = Clock::from(Time(1_000));
        let (first, second) = (clock.now(), clock.now());
        assert!(Time(1_000) <= first && first <= second && second < Time(60_000));
    }

    #[test]
    fn spans_end_at_nothing_and_at_the_end_of_time() {
        assert_eq!(Time(5).since(Time(9)), Duration::ZERO);
        assert_eq!(Time(9).since(Time(5)), Duration::from_millis(4));
        assert_eq!(Time(i64::MAX).after(Duration::from_secs(1)), Time(i64::MAX));
        assert_eq!(Time(1_500).before(Duration::from_secs(1)), Time(500));
    }
}
