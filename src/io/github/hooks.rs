//! The deliveries of an App's hook: GitHub repeats none by itself, so a service looks for those that failed.

use super::client::{Client, RequestError};
use crate::model::Untrusted;
use serde::Deserialize;

/// How many deliveries are looked through.
const MAX_DELIVERIES: usize = 20_000;

/// One attempt to deliver an event.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Delivery {
    /// The attempt.
    pub id: u64,
    /// The event; it stays when the event is delivered again.
    pub guid: String,
    /// When, as `2026-01-31T12:00:00Z`.
    pub delivered_at: String,
    /// What we answered; 0 if nothing.
    pub status_code: u16,
    /// The event's name.
    pub event: Untrusted,
    /// What happened, where the event says it.
    #[serde(default)]
    pub action: Option<Untrusted>,
    /// The repository, where there is one.
    #[serde(default)]
    pub repository_id: Option<u64>,
}

impl Delivery {
    /// Whether it arrived.
    pub const fn arrived(&self) -> bool {
        matches!(self.status_code, 200..=299)
    }
}

impl Client {
    /// The deliveries of the App's hook after a time (as `2026-01-31T12:00:00Z`), newest first. GitHub keeps them
    /// for three days. Asked as the App.
    ///
    /// # Errors
    /// As every request, and when there are too many.
    pub async fn deliveries_after(&self, time: &str) -> Result<Vec<Delivery>, RequestError> {
        let whole = |page: Vec<Delivery>| (page, None);
        let is_enough = |delivery: &Delivery| delivery.delivered_at.as_str() <= time;
        self.list_until("/app/hook/deliveries", MAX_DELIVERIES, whole, is_enough).await
    }

    /// Has an event delivered once more.
    ///
    /// # Errors
    /// As every request.
    pub async fn deliver_again(&self, delivery: u64) -> Result<(), RequestError> {
        self.order(&format!("/app/hook/deliveries/{delivery}/attempts")).await
    }
}
