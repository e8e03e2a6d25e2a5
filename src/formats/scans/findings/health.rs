//! Whether a scan finished (security.md b1).

use crate::diagnostic::{Code, Weight};
use crate::formats::json::{Json, Scalar};
use crate::formats::{Context, ParseError};
use crate::model::{Health, Untrusted};

/// The health of a run while it is read.
#[derive(Debug)]
pub(in crate::formats::scans) struct RunHealth {
    pub(in crate::formats::scans) health: Health,
    /// The first reason for the worst health.
    pub(in crate::formats::scans) reason: Untrusted,
}

impl Default for RunHealth {
    fn default() -> Self {
        Self { health: Health::Complete, reason: Untrusted::default() }
    }
}

impl RunHealth {
    /// Something keeps the run from being complete.
    pub(in crate::formats::scans) fn worsen(
        &mut self,
        context: &mut Context,
        json: &Json<'_, '_>,
        health: Health,
        code: Code,
        reason: impl Into<Untrusted>,
    ) {
        let reason = reason.into();
        context.warn(code, Weight::Error, reason.clone(), json.position());
        if health > self.health {
            self.health = health;
            self.reason = reason;
        }
    }

    /// Takes a number that a report states about itself. What is no whole number from 0 is a contradiction that
    /// cannot be checked any more: it degrades the report and is never taken for 0.
    pub(in crate::formats::scans) fn stated(
        &mut self,
        context: &mut Context,
        json: &mut Json<'_, '_>,
        what: &str,
    ) -> Result<Option<u64>, ParseError> {
        let stated = match json.scalar()? {
            Some(Scalar::Number(digits)) => whole(digits),
            _ => None,
        };
        if stated.is_none() {
            let reason = format!("{what} is stated and is no whole number");
            self.worsen(context, json, Health::Degraded, Code::BadNumber, reason);
        }
        Ok(stated)
    }
}

/// `7` and `7.0`.
fn whole(digits: &str) -> Option<u64> {
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if fraction.bytes().all(|digit| digit == b'0') { whole.parse().ok() } else { None }
}
