//! A moment, as JSON of forges and records writes it.

/// Seconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(u64);

impl Moment {
    /// Reads RFC 3339: `2026-11-22T08:03:11Z`, with a fraction of a second (which is dropped) or an offset; or a day
    /// alone, which is its midnight in UTC. `None` for anything else and before 1970.
    pub fn parse(text: &str) -> Option<Self> {
        let (day, time) = match text.split_once(['T', 't', ' ']) {
            Some((day, time)) => (day, time),
            None => (text, "00:00:00Z"),
        };
        let day = i64::from(super::Date::parse(day).ok()?.days());
        let (clock, offset) = match time.strip_suffix(['Z', 'z']) {
            Some(clock) => (clock, 0),
            None => {
                let at = time.rfind(['+', '-'])?;
                let (clock, offset) = time.split_at_checked(at)?;
                let (hours, minutes) = offset.get(1..)?.split_once(':')?;
                let seconds = two(hours, 23)? * 3_600 + two(minutes, 59)? * 60;
                (clock, if offset.starts_with('-') { -seconds } else { seconds })
            }
        };
        let (clock, fraction) = clock.split_once('.').unwrap_or((clock, "0"));
        if fraction.is_empty() || !fraction.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let mut parts = clock.split(':');
        let (hours, minutes) = (two(parts.next()?, 23)?, two(parts.next()?, 59)?);
        // A leap second is the second after it.
        let seconds = two(parts.next()?, 60)?;
        if parts.next().is_some() {
            return None;
        }
        let at = day * 86_400 + hours * 3_600 + minutes * 60 + seconds - offset;
        u64::try_from(at).ok().map(Self)
    }

    /// From seconds since 1970.
    pub const fn from_seconds(seconds: u64) -> Self {
        Self(seconds)
    }

    /// Seconds since 1970.
    pub const fn seconds(self) -> u64 {
        self.0
    }

    /// The day on which it lies, in UTC; `None` after the year 9999.
    pub fn day(self) -> Option<super::Date> {
        super::Date::from_unix_seconds(self.0)
    }

    /// The moment as records store it: `2026-11-22T08:03:11Z`; `None` after the year 9999.
    pub fn rfc3339(self) -> Option<String> {
        let (hours, minutes, seconds) = (self.0 / 3_600 % 24, self.0 / 60 % 60, self.0 % 60);
        Some(format!("{}T{hours:02}:{minutes:02}:{seconds:02}Z", self.day()?))
    }
}

fn two(digits: &str, most: i64) -> Option<i64> {
    let is_number = digits.len() == 2 && digits.bytes().all(|b| b.is_ascii_digit());
    is_number.then(|| digits.parse().ok()).flatten().filter(|number| *number <= most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_of_forges_are_read() {
        let seconds = |text: &str| Moment::parse(text).map(Moment::seconds);
        assert_eq!(seconds("1970-01-01T00:00:00Z"), Some(0));
        assert_eq!(seconds("2000-03-01T00:00:01Z"), Some(951_868_801));
        assert_eq!(seconds("2000-03-01T00:00:01.999Z"), Some(951_868_801));
        assert_eq!(seconds("2000-03-01T02:00:01+02:00"), Some(951_868_801));
        assert_eq!(seconds("2000-02-29T18:30:01-05:30"), Some(951_868_801));
        assert_eq!(seconds("2000-03-01"), Some(951_868_800));
    }

    #[test]
    fn a_moment_is_stored_as_it_is_read() {
        let text = "2026-11-22T08:03:11Z";
        assert_eq!(Moment::parse(text).and_then(Moment::rfc3339).as_deref(), Some(text));
        assert_eq!(Moment(u64::MAX).rfc3339(), None);
    }

    #[test]
    fn what_is_no_moment_is_refused() {
        for text in [
            "",
            "now",
            "2000-03-01T00:00:01",
            "2000-03-01T24:00:00Z",
            "2000-03-01T0:00:00Z",
            "2000-03-01T00:00:00.Z",
            "2000-02-30T00:00:00Z",
            "1970-01-01T00:00:00+01:00",
            "2000-03-01T00:00:00+1:00",
        ] {
            assert_eq!(Moment::parse(text), None, "{text}");
        }
    }
}
