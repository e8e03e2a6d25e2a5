//! The only clock of a verdict.

use crate::model::{Date, Moment};
use std::time::{SystemTime, UNIX_EPOCH};

/// Today in UTC: the only clock of a verdict (DECISIONS 21).
pub(in crate::cli) fn today() -> Option<Date> {
    Date::from_unix_seconds(now()?.seconds())
}

/// This moment.
pub(in crate::cli) fn now() -> Option<Moment> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).ok()?;
    Some(Moment::from_seconds(now.as_secs()))
}
