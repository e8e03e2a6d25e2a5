//! Exact numbers: shares and percents without floats.

use serde::{Deserialize, Serialize};
use std::cmp::Ordering;
use std::fmt;

/// A share, `part` of `whole`. `whole` 0 means that there was nothing to measure.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ratio {
    /// How many fulfil the condition; never above `whole` in a ratio that we build.
    pub part: u64,
    /// How many there are.
    pub whole: u64,
}

impl Ratio {
    /// True if the share is at least `bar`; `None` when there is nothing to judge (`whole` 0).
    ///
    /// Cross-multiplied in 128 bits: 7,999 of 10,000 does not reach 80 %.
    pub fn reaches(self, bar: Percent) -> Option<bool> {
        if self.whole == 0 {
            return None;
        }
        Some(u128::from(self.part) * 10_000 >= u128::from(bar.hundredths) * u128::from(self.whole))
    }

    /// The share in percent, rounded down to hundredths; `None` when `whole` is 0.
    pub fn percent(self) -> Option<Percent> {
        if self.whole == 0 {
            return None;
        }
        let hundredths = u128::from(self.part) * 10_000 / u128::from(self.whole);
        Some(Percent { hundredths: u32::try_from(hundredths).unwrap_or(u32::MAX) })
    }

    /// How many more parts are needed to reach `bar`; 0 when it is reached or nothing can be.
    pub fn shortfall(self, bar: Percent) -> u64 {
        let needed = (u128::from(bar.hundredths) * u128::from(self.whole)).div_ceil(10_000);
        u64::try_from(needed.saturating_sub(u128::from(self.part))).unwrap_or(u64::MAX)
    }

    /// The share as people read it: one decimal, rounded down, never 100 unless complete, and with more
    /// digits where one decimal would contradict the comparison with `bar`.
    ///
    /// `79.96` against a bar of 80 prints `79.9`; 66.66… against 66.67 prints `66.66`.
    pub fn text_against(self, bar: Option<Percent>) -> String {
        if self.whole == 0 {
            return "nothing to measure".to_owned();
        }
        let (part, whole) = (u128::from(self.part), u128::from(self.whole));
        let below = bar.is_some_and(|bar| self.reaches(bar) == Some(false));
        let mut digits = 1_u32;
        loop {
            let scale = 10_u128.pow(digits);
            let floor = part * 100 * scale / whole;
            // Rounding down can only ever show less than the truth, so what is below the bar shows below
            // it, and what reaches a bar with more digits than we print might show as if it did not.
            let contradicts =
                bar.is_some_and(|bar| !below && floor * 100 < u128::from(bar.hundredths) * scale);
            if !contradicts || digits >= 6 {
                let (units, rest) = (floor / scale, floor % scale);
                return format!("{units}.{rest:0width$}%", width = digits as usize);
            }
            digits += 1;
        }
    }
}

/// A percentage in hundredths of a percent: 80 % is 8,000. May exceed 100 %.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Percent {
    hundredths: u32,
}

/// Why a text is no percentage. The fault is the policy author's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PercentError {
    /// Not digits with an optional point.
    #[error("expected a percentage such as 80, 80% or 72.5")]
    NotANumber,
    /// More than two decimals.
    #[error("a percentage has at most 2 decimals")]
    TooManyDecimals,
    /// Above 100 %.
    #[error("a percentage is at most 100")]
    TooLarge,
}

impl Percent {
    /// From hundredths of a percent.
    pub const fn from_hundredths(hundredths: u32) -> Self {
        Self { hundredths }
    }

    /// In hundredths of a percent.
    pub const fn hundredths(self) -> u32 {
        self.hundredths
    }

    /// Reads `80`, `80%`, `72.5` or `0.05 %`: at most two decimals, from 0 to 100, and no float on the way.
    ///
    /// # Errors
    /// Says which of these the text breaks.
    pub fn parse(text: &str) -> Result<Self, PercentError> {
        let digits = text.trim().strip_suffix('%').map_or(text.trim(), str::trim_end);
        let (units, decimals) = digits.split_once('.').unwrap_or((digits, ""));
        let whole_is_number = !units.is_empty() && units.bytes().all(|b| b.is_ascii_digit());
        let dangling = digits.ends_with('.');
        if !whole_is_number || dangling || !decimals.bytes().all(|b| b.is_ascii_digit()) {
            return Err(PercentError::NotANumber);
        }
        if decimals.len() > 2 {
            return Err(PercentError::TooManyDecimals);
        }
        let units: u32 = units.parse().map_err(|_| PercentError::TooLarge)?;
        let mut rest: u32 = if decimals.is_empty() { 0 } else { decimals.parse().unwrap_or(0) };
        if decimals.len() == 1 {
            rest *= 10;
        }
        match units.checked_mul(100).and_then(|u| u.checked_add(rest)) {
            Some(hundredths) if hundredths <= 10_000 => Ok(Self { hundredths }),
            _ => Err(PercentError::TooLarge),
        }
    }
}

impl fmt::Display for Percent {
    /// Without needless zeros: `80%`, `72.5%`, `0.05%`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (units, rest) = (self.hundredths / 100, self.hundredths % 100);
        match rest {
            0 => write!(f, "{units}%"),
            _ if rest % 10 == 0 => write!(f, "{units}.{}%", rest / 10),
            _ => write!(f, "{units}.{rest:02}%"),
        }
    }
}

impl PartialOrd for Ratio {
    /// Compares the shares; `None` when one of them has nothing to measure.
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        if self.whole == 0 || other.whole == 0 {
            return None;
        }
        let left = u128::from(self.part) * u128::from(other.whole);
        let right = u128::from(other.part) * u128::from(self.whole);
        Some(left.cmp(&right))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn percent(text: &str) -> Percent {
        Percent::parse(text).unwrap()
    }

    #[test]
    fn seventy_nine_point_nine_nine_does_not_reach_eighty() {
        assert_eq!(Ratio { part: 7_999, whole: 10_000 }.reaches(percent("80")), Some(false));
        assert_eq!(Ratio { part: 8_000, whole: 10_000 }.reaches(percent("80")), Some(true));
    }

    #[test]
    fn nothing_to_measure_is_neither_reached_nor_missed() {
        assert_eq!(Ratio { part: 0, whole: 0 }.reaches(percent("0")), None);
        assert_eq!(Ratio { part: 0, whole: 0 }.percent(), None);
    }

    #[test]
    fn a_percentage_is_read_from_text_without_a_float() {
        assert_eq!(percent("80").hundredths(), 8_000);
        assert_eq!(percent("72.5 %").hundredths(), 7_250);
        assert_eq!(percent("0.05").hundredths(), 5);
        assert_eq!(Percent::parse("1.234"), Err(PercentError::TooManyDecimals));
        assert_eq!(Percent::parse("100.01"), Err(PercentError::TooLarge));
        for text in ["", "%", "-1", "1e2", "80.", ".5", "eighty", "NaN", "8 0"] {
            assert_eq!(Percent::parse(text), Err(PercentError::NotANumber), "{text:?}");
        }
    }

    #[test]
    fn what_is_shown_never_contradicts_the_verdict() {
        let two_thirds = Ratio { part: 2, whole: 3 };
        assert_eq!(two_thirds.text_against(Some(percent("66.66"))), "66.66%");
        assert_eq!(two_thirds.text_against(Some(percent("66.67"))), "66.6%");
        assert_eq!(Ratio { part: 7_996, whole: 10_000 }.text_against(Some(percent("80"))), "79.9%");
        assert_eq!(Ratio { part: 9_999, whole: 10_000 }.text_against(None), "99.9%");
    }

    #[test]
    fn the_shortfall_is_said_in_lines() {
        assert_eq!(Ratio { part: 12, whole: 21 }.shortfall(percent("80")), 5);
        assert_eq!(Ratio { part: 17, whole: 21 }.shortfall(percent("80")), 0);
    }

    proptest! {
        #[test]
        fn the_shortfall_is_exactly_what_is_missing(whole in 1_u64..100_000, part in 0_u64..100_000, bar in 0_u32..=10_000) {
            let ratio = Ratio { part: part.min(whole), whole };
            let bar = Percent::from_hundredths(bar);
            let missing = ratio.shortfall(bar);
            let reached = Ratio { part: ratio.part + missing, whole };
            prop_assert_eq!(reached.reaches(bar), Some(true));
            if missing > 0 {
                let almost = Ratio { part: ratio.part + missing - 1, whole };
                prop_assert_eq!(almost.reaches(bar), Some(false));
            }
        }
    }
}
