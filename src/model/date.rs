//! A day of the calendar. The core has no clock: days come from files and from `--as-of`.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A day of the Gregorian calendar, in UTC, from 1970 to 9999. Later days are greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Date {
    year: u16,
    month: u8,
    day: u8,
}

/// Why a text is no day. The fault is the text's author's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DateError {
    /// Not `YYYY-MM-DD`.
    #[error("expected a day such as 2027-01-31")]
    Form,
    /// The calendar has no such day.
    #[error("the calendar has no such day")]
    NoSuchDay,
}

impl Date {
    /// Reads `YYYY-MM-DD`.
    ///
    /// # Errors
    /// Says whether the form or the calendar is against it.
    pub fn parse(text: &str) -> Result<Self, DateError> {
        let mut parts = text.split('-');
        let mut number = |length: usize| {
            let part = parts.next().filter(|part| part.len() == length).ok_or(DateError::Form)?;
            if !part.bytes().all(|b| b.is_ascii_digit()) {
                return Err(DateError::Form);
            }
            part.parse::<u16>().map_err(|_| DateError::Form)
        };
        let (year, month, day) = (number(4)?, number(2)?, number(2)?);
        if parts.next().is_some() {
            return Err(DateError::Form);
        }
        let (month, day) = (u8::try_from(month), u8::try_from(day));
        let (Ok(month), Ok(day)) = (month, day) else { return Err(DateError::NoSuchDay) };
        if year < 1970 || day == 0 || day > days_of(year, month) {
            return Err(DateError::NoSuchDay);
        }
        Ok(Self { year, month, day })
    }

    /// The day on which a moment lies, given in seconds since 1970 in UTC; `None` before 1970 and after 9999.
    pub fn from_unix_seconds(seconds: u64) -> Option<Self> {
        let mut rest = seconds / 86_400;
        let mut year = 1970_u16;
        loop {
            let length = if is_leap(year) { 366 } else { 365 };
            if rest < length {
                break;
            }
            rest -= length;
            year = year.checked_add(1).filter(|year| *year <= 9999)?;
        }
        for month in 1..=12 {
            let length = u64::from(days_of(year, month));
            if rest < length {
                return Some(Self { year, month, day: u8::try_from(rest + 1).ok()? });
            }
            rest -= length;
        }
        None
    }

    /// Days since 1970-01-01.
    pub fn days(self) -> u32 {
        let years: u32 = (1970..self.year).map(|year| if is_leap(year) { 366 } else { 365 }).sum();
        let months: u32 = (1..self.month).map(|month| u32::from(days_of(self.year, month))).sum();
        years + months + u32::from(self.day) - 1
    }
}

const fn is_leap(year: u16) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

/// The days of a month; 0 if the year has no such month.
const fn days_of(year: u16, month: u8) -> u8 {
    match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if is_leap(year) => 29,
        2 => 28,
        _ => 0,
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

impl TryFrom<String> for Date {
    type Error = DateError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<Date> for String {
    fn from(date: Date) -> Self {
        date.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_days_of_the_calendar_are_read() {
        for text in ["2027-01-31", "2028-02-29", "1970-01-01", "9999-12-31", "2000-02-29"] {
            assert_eq!(Date::parse(text).unwrap().to_string(), text);
        }
        for text in
            ["2027-02-29", "2027-13-01", "2027-00-10", "2027-04-31", "2100-02-29", "1969-12-31", "2027-01-00"]
        {
            assert_eq!(Date::parse(text), Err(DateError::NoSuchDay), "{text}");
        }
        for text in [
            "",
            "2027",
            "2027-1-31",
            "31.01.2027",
            "2027-01-31T00:00",
            "2027-01-31-1",
            "20a7-01-31",
            "+027-01-31",
        ] {
            assert_eq!(Date::parse(text), Err(DateError::Form), "{text}");
        }
    }

    #[test]
    fn days_are_counted_from_1970() {
        let days = |text: &str| Date::parse(text).unwrap().days();
        assert_eq!(days("1970-01-01"), 0);
        assert_eq!(days("2000-03-01"), 11_017);
        assert_eq!(days("2027-01-31") - days("2026-11-22"), 70);
    }

    #[test]
    fn a_moment_lies_on_its_day() {
        let day = |seconds| Date::from_unix_seconds(seconds).map(|date| date.to_string());
        assert_eq!(day(0).as_deref(), Some("1970-01-01"));
        assert_eq!(day(951_782_399).as_deref(), Some("2000-02-28"));
        assert_eq!(day(951_782_400).as_deref(), Some("2000-02-29"));
        assert_eq!(day(u64::MAX), None);
        for days in [0_u64, 1, 59, 60, 365, 366, 10_957, 20_779, 50_000] {
            assert_eq!(u64::from(Date::from_unix_seconds(days * 86_400).unwrap().days()), days);
        }
    }
}
