//! The deliveries of an App's hook: GitHub repeats none by itself, so a service looks for those that failed.

use super::client::{Client, RequestError};
use crate::model::Untrusted;
use serde::Deserialize;

/// Where they are listed.
const LIST: &str = "/app/hook/deliveries";

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

/// Some of the deliveries of a hook.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Deliveries {
    /// Their attempts.
    pub newest_first: Vec<Delivery>,
    /// Where the older ones are.
    pub next: Option<String>,
}

impl Client {
    /// A page of the deliveries of the App's hook: that of the newest, or the one that another page named. GitHub keeps
    /// them for three days. Asked as the App.
    ///
    /// # Errors
    /// As every request.
    pub async fn deliveries(&self, at: Option<&str>) -> Result<Deliveries, RequestError> {
        let newest = format!("{LIST}?per_page=100");
        let at = at.unwrap_or(&newest);
        if !at.strip_prefix(LIST).is_some_and(|rest| rest.starts_with('?')) {
            return Err(RequestError::Malformed("the next page is no page of deliveries"));
        }
        let (newest_first, next) = self.page(at).await?;
        Ok(Deliveries { newest_first, next })
    }

    /// Has an event delivered once more.
    ///
    /// # Errors
    /// As every request.
    pub async fn deliver_again(&self, delivery: u64) -> Result<(), RequestError> {
        self.order(&format!("{LIST}/{delivery}/attempts")).await
    }
}
