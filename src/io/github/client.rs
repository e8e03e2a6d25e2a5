//! Requests: a token for the API alone, no retry, no redirect that is not looked at, and a limit on every body.

use http_body_util::{BodyExt as _, Limited};
use octocrab::Octocrab;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::fmt;
use std::time::Duration;

/// The longest time that one request may take, body included.
const TIMEOUT: Duration = Duration::from_secs(120);

/// The largest answer of the API that is no file, in bytes.
const MAX_JSON: usize = 4 << 20;

/// A download may be sent on this many times; GitHub sends it on once, to a store.
const MAX_REDIRECTS: usize = 3;

/// Why a request did not get what it asked for. Never holds an address: the store's carries a signature.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum RequestError {
    /// The API says no.
    #[error("GitHub answered {0}")]
    Status(u16),
    /// Nothing came, or not in time.
    #[error("GitHub could not be reached: {0}")]
    Unreachable(&'static str),
    /// More bytes than allowed.
    #[error("the answer is larger than {} MiB", .0 >> 20)]
    TooLarge(usize),
    /// The answer is not what the API's documentation says.
    #[error("the answer of GitHub cannot be read: {0}")]
    Malformed(&'static str),
}

/// The address of an API that a token may be sent to.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Api {
    base: String,
    is_loopback: bool,
}

impl Api {
    /// `https://api.github.com`, `https://ghe.example.com/api/v3`; without TLS only on this machine.
    pub(super) fn new(url: &str) -> Option<Self> {
        let is_loopback = is_loopback(url)?;
        let plain = url.chars().all(|c| c.is_ascii_graphic()) && !url.contains(['@', '?', '#']);
        plain.then(|| Self { base: url.trim_end_matches('/').to_owned(), is_loopback })
    }
}

impl fmt::Debug for Api {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.base)
    }
}

/// `None` for an address without TLS that is not on this machine.
fn is_loopback(url: &str) -> Option<bool> {
    if url.starts_with("https://") {
        return Some(false);
    }
    let host = url.strip_prefix("http://")?.split(['/', ':', '?']).next()?;
    matches!(host, "localhost" | "127.0.0.1").then_some(true)
}

/// The API of one repository.
pub(super) struct Client {
    api: Api,
    octocrab: Octocrab,
}

/// One artifact in the list of a run.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub(super) struct Listed {
    pub(super) id: u64,
    pub(super) name: String,
    #[serde(default)]
    pub(super) expired: bool,
    #[serde(default)]
    pub(super) size_in_bytes: u64,
    /// `sha256:…`; old servers have none.
    #[serde(default)]
    pub(super) digest: Option<String>,
}

#[derive(Deserialize)]
struct Page {
    total_count: usize,
    artifacts: Vec<Listed>,
}

impl Client {
    pub(super) fn new(api: Api, token: &str) -> Result<Self, RequestError> {
        let octocrab = builder(&api.base)?
            .personal_token(token.to_owned())
            .build()
            .map_err(|_| RequestError::Unreachable("the client cannot be made"))?;
        Ok(Self { api, octocrab })
    }

    /// All artifacts of a run; at most `most`.
    pub(super) async fn artifacts(
        &self,
        repository: &str,
        run: u64,
        most: usize,
    ) -> Result<Vec<Listed>, RequestError> {
        const PER_PAGE: usize = 100;
        let mut all: Vec<Listed> = Vec::new();
        for page in 1..=most.div_ceil(PER_PAGE) {
            let path =
                format!("/repos/{repository}/actions/runs/{run}/artifacts?per_page={PER_PAGE}&page={page}");
            let page: Page = self.json(&path).await?;
            let is_last = page.artifacts.is_empty() || all.len() + page.artifacts.len() >= page.total_count;
            all.extend(page.artifacts);
            if is_last {
                if all.len() < page.total_count {
                    return Err(RequestError::Malformed("the list of artifacts is not whole"));
                }
                return Ok(all);
            }
        }
        Err(RequestError::Malformed("the run has too many artifacts"))
    }

    async fn json<T: DeserializeOwned>(&self, path: &str) -> Result<T, RequestError> {
        let answer = get(&self.octocrab, path, MAX_JSON).await?;
        match answer {
            Answer::Body(body) => serde_json::from_slice(&body)
                .map_err(|_| RequestError::Malformed("it is not the JSON that was asked for")),
            Answer::Elsewhere(_) => Err(RequestError::Malformed("it sends the request elsewhere")),
        }
    }

    /// The bytes of an artifact, at most `most`. The token is for the API alone: the store that it sends the
    /// download on to gets none.
    pub(super) async fn download(
        &self,
        repository: &str,
        id: u64,
        most: usize,
    ) -> Result<Vec<u8>, RequestError> {
        let path = format!("/repos/{repository}/actions/artifacts/{id}/zip");
        let mut answer = get(&self.octocrab, &path, most).await?;
        for _ in 0..MAX_REDIRECTS {
            let location = match answer {
                Answer::Body(body) => return Ok(body),
                Answer::Elsewhere(location) => location,
            };
            let allowed = is_loopback(&location).is_some_and(|loopback| !loopback || self.api.is_loopback);
            let Some((base, path)) = split(&location).filter(|_| allowed) else {
                return Err(RequestError::Malformed(
                    "it sends the download to an address that is not allowed",
                ));
            };
            let anyone =
                builder(base)?.build().map_err(|_| RequestError::Unreachable("the client cannot be made"))?;
            answer = get(&anyone, path, most).await?;
        }
        Err(RequestError::Malformed("it sends the download on and on"))
    }
}

type Builder = octocrab::OctocrabBuilder<
    octocrab::NoSvc,
    octocrab::DefaultOctocrabBuilderConfig,
    octocrab::NoAuth,
    octocrab::NotLayerReady,
>;

fn builder(base: &str) -> Result<Builder, RequestError> {
    Octocrab::builder().base_uri(base).map_err(|_| RequestError::Malformed("its address cannot be read"))
}

/// Scheme with host, and the path with its query.
fn split(url: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = url.split_once("://")?;
    url.split_at_checked(scheme.len() + 3 + rest.find('/')?)
}

enum Answer {
    Body(Vec<u8>),
    Elsewhere(String),
}

async fn get(octocrab: &Octocrab, path: &str, most: usize) -> Result<Answer, RequestError> {
    let late = |_| RequestError::Unreachable("it took too long");
    tokio::time::timeout(TIMEOUT, get_at_leisure(octocrab, path, most)).await.map_err(late)?
}

async fn get_at_leisure(octocrab: &Octocrab, path: &str, most: usize) -> Result<Answer, RequestError> {
    let failed = |_| RequestError::Unreachable("the connection failed");
    let response = octocrab._get(path).await.map_err(failed)?;
    let status = response.status();
    if status.is_redirection() {
        let location = response.headers().get("location").and_then(|location| location.to_str().ok());
        return location
            .map(|location| Answer::Elsewhere(location.to_owned()))
            .ok_or(RequestError::Malformed("a redirect without an address"));
    }
    if status.as_u16() != 200 {
        return Err(RequestError::Status(status.as_u16()));
    }
    match Limited::new(response.into_body(), most).collect().await {
        Ok(body) => Ok(Answer::Body(body.to_bytes().to_vec())),
        Err(error) if error.is::<http_body_util::LengthLimitError>() => Err(RequestError::TooLarge(most)),
        Err(_) => Err(RequestError::Unreachable("the connection broke")),
    }
}
