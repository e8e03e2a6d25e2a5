//! The pages of the service: GET alone but for signing out, and nothing is shown to whom GitHub would not show it.

mod absent;
mod access;
mod index;
mod merged;
mod session;
#[cfg(test)]
mod tests;
mod views;

pub use access::{Access, Accounts};
pub use session::{Purpose, Seal};

use self::access::{Reader, Refused};
use self::index::Index;
use super::clock::Time;
use super::store::{Store, StoreError};
use crate::model::Moment;
use crate::render::dashboard::{self, Viewer};
use axum::Router;
use axum::extract::{Query, Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION, REFERRER_POLICY,
    SET_COOKIE, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use serde::Deserialize;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;

/// Nothing but our own style sheet is loaded, nothing runs, nobody frames it, and forms lead to ourselves.
const CONTENT_POLICY: &str = "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; \
                              base-uri 'none'; frame-ancestors 'none'";

/// Figures are as old as this at most.
const FRESH: Duration = Duration::from_secs(5);

/// What the pages need.
#[derive(Debug)]
pub struct Pages {
    store: Arc<dyn Store>,
    access: Access,
    index: Mutex<(Option<Time>, Index)>,
}

impl Pages {
    /// Pages of a store.
    pub fn new(store: Arc<dyn Store>, access: Access) -> Self {
        Self { store, access, index: Mutex::default() }
    }

    fn now(&self) -> Time {
        self.store.clock().now()
    }

    /// The lists, brought up to date.
    async fn index(&self) -> Result<tokio::sync::MutexGuard<'_, (Option<Time>, Index)>, StoreError> {
        let mut held = self.index.lock().await;
        let now = self.now();
        let (refreshed, index) = &mut *held;
        if refreshed.is_none_or(|then| now.since(then) >= FRESH) {
            index.refresh(&*self.store, now).await?;
            *refreshed = Some(now);
        }
        Ok(held)
    }
}

/// The routes of the pages.
pub fn routes(pages: Arc<Pages>) -> Router {
    Router::new()
        .route("/", get(views::overview))
        .route("/overview.csv", get(views::overview_csv))
        .route("/overview.json", get(views::overview_json))
        .route("/repositories", get(views::repositories))
        .route("/repositories/{owner}/{name}", get(views::repository))
        .route("/repositories/{owner}/{name}/verdicts.csv", get(views::verdicts_csv))
        .route("/repositories/{owner}/{name}/verdicts.json", get(views::verdicts_json))
        .route("/repositories/{owner}/{name}/commits/{sha}", get(absent::commit))
        .route("/repositories/{owner}/{name}/verdicts/{id}", get(views::verdict))
        .route("/repositories/{owner}/{name}/verdicts/{id}/record.json", get(views::record_json))
        .route("/repositories/{owner}/{name}/verdicts/{id}/outcomes.csv", get(views::outcomes_csv))
        .route("/merged.csv", get(merged::of_all_csv))
        .route("/merged.json", get(merged::of_all_json))
        .route("/repositories/{owner}/{name}/merged.csv", get(merged::of_one_csv))
        .route("/repositories/{owner}/{name}/merged.json", get(merged::of_one_json))
        .route("/search", get(views::search))
        .route("/search.csv", get(views::search_csv))
        .route("/search.json", get(views::search_json))
        .route("/sign-in", get(sign_in))
        .route("/signed-in", get(signed_in))
        .route("/sign-out", post(sign_out))
        .route(dashboard::STYLESHEET, get(stylesheet))
        .fallback(unknown)
        .layer(from_fn(with_headers))
        .with_state(pages)
}

/// What stands on every answer.
async fn with_headers(request: Request, next: Next) -> Response {
    let mut answer = next.run(request).await;
    let headers = answer.headers_mut();
    for (name, value) in [
        (CONTENT_SECURITY_POLICY, CONTENT_POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (X_FRAME_OPTIONS, "DENY"),
        (REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    // What one account may read is for no cache between it and us.
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    answer
}

/// Why there is no page.
enum Denied {
    Refused(Refused),
    /// There is none, or the reader may not know.
    NotFound(Viewer),
    /// It is not kept any more: when it was removed, after how many days.
    Removed(Viewer, Moment, u32),
    Store(StoreError),
}

impl From<StoreError> for Denied {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<Refused> for Denied {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused)
    }
}

impl axum::response::IntoResponse for Denied {
    fn into_response(self) -> Response {
        let nobody = Viewer::default();
        let (status, page) = match self {
            Self::Refused(Refused::SignIn) => (StatusCode::UNAUTHORIZED, dashboard::sign_in()),
            Self::Refused(Refused::Closed) => (
                StatusCode::UNAUTHORIZED,
                dashboard::closed(
                    "The operator has not set up who may read: `client-id` and `client-secret-file` for signing in with GitHub, or `public-read`.",
                ),
            ),
            Self::Refused(Refused::Unknown) => (
                StatusCode::BAD_GATEWAY,
                dashboard::closed("GitHub could not be asked what you may read. Try again in a minute."),
            ),
            Self::NotFound(viewer) => (
                StatusCode::NOT_FOUND,
                dashboard::message(&viewer, "Nothing here", "There is no such page, or you may not read it."),
            ),
            Self::Removed(viewer, when, days) => {
                let day = when.day().map_or_else(String::new, |day| format!(", at the latest on {day}"));
                let said = format!(
                    "If there was such a verdict, it was removed{day}: verdicts of this repository are kept for {days} days. The repository's chain \
                     accounts for what was removed.",
                );
                (StatusCode::GONE, dashboard::message(&viewer, "No longer kept", &said))
            }
            Self::Store(error) => {
                tracing::error!(%error, "a page could not be made");
                (
                    StatusCode::SERVICE_UNAVAILABLE,
                    dashboard::message(&nobody, "Not now", "The store cannot be read at the moment."),
                )
            }
        };
        (status, html(page)).into_response()
    }
}

fn html(page: String) -> ([(HeaderName, &'static str); 1], String) {
    ([(CONTENT_TYPE, "text/html; charset=utf-8")], page)
}

fn csv(text: String) -> Response {
    let headers = [
        (CONTENT_TYPE, "text/csv; charset=utf-8"),
        (CONTENT_DISPOSITION, "attachment; filename=\"tollgate.csv\""),
    ];
    (headers, text).into_response()
}

fn json(bytes: Vec<u8>) -> Response {
    ([(CONTENT_TYPE, "application/json")], bytes).into_response()
}

fn viewer(reader: &Reader) -> Viewer {
    Viewer { login: reader.login.clone() }
}

/// The same answer to whoever may read nothing, whether there is a page or not.
async fn unknown(State(pages): State<Arc<Pages>>, headers: HeaderMap) -> Denied {
    match pages.access.reader(&headers, pages.now()).await {
        Ok(reader) => Denied::NotFound(viewer(&reader)),
        Err(refused) => refused.into(),
    }
}

async fn stylesheet() -> Response {
    let headers = [(CONTENT_TYPE, "text/css; charset=utf-8"), (CACHE_CONTROL, "public, max-age=300")];
    (headers, dashboard::stylesheet()).into_response()
}

async fn sign_in(State(pages): State<Arc<Pages>>) -> Response {
    match &pages.access {
        Access::Accounts(accounts) => match accounts.begin(pages.now()) {
            Some((address, cookie)) => {
                (StatusCode::SEE_OTHER, [(LOCATION, address), (SET_COOKIE, cookie)]).into_response()
            }
            None => Denied::from(Refused::Unknown).into_response(),
        },
        Access::Public => (StatusCode::SEE_OTHER, [(LOCATION, "/")]).into_response(),
        Access::Closed => Denied::from(Refused::Closed).into_response(),
    }
}

/// With what GitHub sends people back.
#[derive(Deserialize)]
struct Back {
    #[serde(default)]
    code: String,
    #[serde(default)]
    state: String,
}

async fn signed_in(
    State(pages): State<Arc<Pages>>,
    headers: HeaderMap,
    Query(back): Query<Back>,
) -> Result<Response, Denied> {
    let Access::Accounts(accounts) = &pages.access else { return Err(Refused::Closed.into()) };
    let cookie = accounts.end(&headers, &back.code, &back.state, pages.now()).await?;
    Ok((StatusCode::SEE_OTHER, [(LOCATION, "/".to_owned()), (SET_COOKIE, cookie)]).into_response())
}

/// `SameSite=Lax` keeps the cookie from forms of other sites, and a browser says where a form came from.
async fn sign_out(State(pages): State<Arc<Pages>>, headers: HeaderMap) -> Response {
    let site = headers.get("sec-fetch-site").and_then(|site| site.to_str().ok());
    if site.is_some_and(|site| site != "same-origin" && site != "none") {
        return StatusCode::FORBIDDEN.into_response();
    }
    if let Access::Accounts(accounts) = &pages.access {
        accounts.sign_out(&headers, pages.now()).await;
    }
    (StatusCode::SEE_OTHER, [(LOCATION, "/".to_owned()), (SET_COOKIE, access::signed_out())]).into_response()
}
