//! Whether the service lives, can take deliveries, and how it is doing.

use super::figures::Figures;
use super::store::Store;
use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use std::sync::Arc;
use std::time::Duration;

/// A store that does not answer in this time is not ready.
const MAX_WAIT: Duration = Duration::from_secs(3);

/// What answers.
#[derive(Debug)]
pub struct Health {
    /// The store.
    pub store: Arc<dyn Store>,
    /// What is counted.
    pub figures: Arc<Figures>,
}

/// `GET /healthz`: the process answers. `GET /readyz`: a delivery can be kept. `GET /metrics`: for Prometheus.
pub fn routes(health: Arc<Health>) -> Router {
    Router::new()
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .with_state(health)
}

/// GitHub need not be reachable for it: a delivery that is kept is done later.
async fn ready(State(health): State<Arc<Health>>) -> (StatusCode, String) {
    match tokio::time::timeout(MAX_WAIT, health.store.ready()).await {
        Ok(Ok(())) => (StatusCode::OK, "ok\n".to_owned()),
        Ok(Err(error)) => (StatusCode::SERVICE_UNAVAILABLE, format!("{error}\n")),
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "the store does not answer\n".to_owned()),
    }
}

async fn metrics(State(health): State<Arc<Health>>) -> Response {
    let now = health.store.clock().now();
    let queue = tokio::time::timeout(MAX_WAIT, health.store.queue(now)).await;
    let text = match queue {
        Ok(Ok(queue)) => health.figures.text(queue, now),
        Ok(Err(_)) | Err(_) => return StatusCode::SERVICE_UNAVAILABLE.into_response(),
    };
    match text {
        Ok(text) => {
            let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
            ([(header::CONTENT_TYPE, kind)], text).into_response()
        }
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
