//! Whether a scan finished (security.md b1).

use crate::diagnostic::{Code, Weight};
use crate::formats::Context;
use crate::formats::json::Json;
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
}
