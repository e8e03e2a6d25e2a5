//! Requests: a token for the API alone, no redirect that is not looked at, a limit on every body and every wait.
//!
//! A write is sent once: what may have arrived is not sent again. A read is tried up to three times. A request
//! that GitHub refused because of a rate limit was not carried out, so it is sent again after the time that
//! GitHub says, as long as the client's patience lasts; then the caller is told how long to wait.

use super::identity::{Identity, NewToken, Scope};
use super::network::{Api, Network, is_loopback};
use super::tape;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::header::{
    ACCEPT, AUTHORIZATION, CONTENT_TYPE, DATE, ETAG, HeaderMap, HeaderValue, IF_NONE_MATCH, LINK, LOCATION,
    RETRY_AFTER,
};
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Limited};
use octocrab::{OctoBody, Octocrab};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// The longest time that one request may take, body included.
const TIMEOUT: Duration = Duration::from_secs(120);

/// The largest answer of the API that is no file, in bytes.
pub(super) const MAX_JSON: usize = 4 << 20;

/// A download may be sent on this many times; GitHub sends it on once, to a store.
const MAX_REDIRECTS: usize = 3;

/// How long a client waits for rate limits, all its requests together.
const PATIENCE: Duration = Duration::from_secs(90);

/// What to wait where GitHub says that there are too many requests and not for how long.
const UNSAID_WAIT: Duration = Duration::from_secs(60);

/// Waits between the attempts of a read.
const READ_AGAIN_AFTER: &[Duration] = &[Duration::from_millis(500), Duration::from_secs(3)];

/// The same for what can be missed.
const READ_AGAIN_SOON: &[Duration] = &[Duration::from_millis(200)];

/// An attempt for what can be missed is not repeated if it took longer than this.
const SOON: Duration = Duration::from_secs(2);

/// Answers kept for conditional requests, in bytes.
const MAX_CACHE: usize = 16 << 20;

/// The media type of GitHub's API.
const JSON: &str = "application/vnd.github+json";

/// Why a request did not get what it asked for. Never holds an address: the store's carries a signature.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// The API says no.
    #[error("GitHub answered {0}{meaning}", meaning = meaning(*.0))]
    Status(u16),
    /// Too many requests, and no patience left; after this time they are welcome again.
    #[error("GitHub's rate limit is reached for {} s more", .0.as_secs())]
    RateLimited(Duration),
    /// Nothing came, or not in time.
    #[error("GitHub could not be reached: {0}")]
    Unreachable(&'static str),
    /// More bytes than allowed.
    #[error("the answer is larger than {} MiB", .0 >> 20)]
    TooLarge(usize),
    /// The answer is not what the API's documentation says.
    #[error("the answer of GitHub cannot be read: {0}")]
    Malformed(&'static str),
    /// The identity cannot be used.
    #[error("GitHub cannot be asked: {0}")]
    Identity(&'static str),
}

impl RequestError {
    /// True if GitHub could not be asked: another answer may come later. What it does not know how to do (501) it will
    /// not know later.
    pub const fn may_pass(&self) -> bool {
        matches!(self, Self::Unreachable(_) | Self::RateLimited(_) | Self::Status(500 | 502..=504 | 520..=599))
    }
}

/// What a status means for the person who set this up.
const fn meaning(status: u16) -> &'static str {
    match status {
        401 => ": the token is not valid, or no longer",
        403 => ": the token may not do this",
        404 => ": it does not exist, or the token may not see it",
        409 => ": something changed in the meantime",
        422 => ": it refuses what was sent",
        _ => "",
    }
}

/// GitHub's API, as one identity sees it.
pub struct Client {
    api: Api,
    network: Network,
    octocrab: Octocrab,
    identity: Identity,
    known: Mutex<Known>,
    patience: Mutex<Duration>,
    can_be_missed: bool,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("api", &self.api).field("identity", &self.identity).finish()
    }
}

/// Answers with their ETags: an unchanged one costs nothing of the rate limit.
#[derive(Default)]
struct Known {
    answers: BTreeMap<String, (HeaderValue, Answer)>,
    bytes: usize,
}

/// What came back.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

impl Client {
    /// Must be called where a runtime of tokio runs.
    ///
    /// # Errors
    /// When no client can be made.
    pub fn new(api: Api, identity: impl Into<Identity>, network: &Network) -> Result<Self, RequestError> {
        let octocrab = network.octocrab(api.base())?;
        Ok(Self {
            api,
            network: network.clone(),
            octocrab,
            identity: identity.into(),
            known: Mutex::default(),
            patience: Mutex::new(PATIENCE),
            can_be_missed: false,
        })
    }

    /// The same with another limit on the time that is waited for rate limits: none for a service, which does
    /// something else in the meantime.
    #[must_use]
    pub fn with_patience(self, patience: Duration) -> Self {
        Self { patience: Mutex::new(patience), ..self }
    }

    /// The same for what a judgement can do without: where GitHub is not there, that is known soon.
    #[must_use]
    pub fn for_what_can_be_missed(self) -> Self {
        Self { can_be_missed: true, ..self }
    }

    /// The address of the API.
    pub fn api(&self) -> &Api {
        &self.api
    }

    /// Reads JSON.
    pub(super) async fn json<T: DeserializeOwned>(&self, path: &str) -> Result<T, RequestError> {
        parsed(&self.read(path, JSON, MAX_JSON).await?.body)
    }

    /// Reads JSON that may be absent: `None` for 404. GitHub says 404 also of what the token may not see.
    pub(super) async fn json_if_there<T: DeserializeOwned>(
        &self,
        path: &str,
        most: usize,
    ) -> Result<Option<T>, RequestError> {
        match self.read(path, JSON, most).await {
            Ok(answer) => parsed(&answer.body).map(Some),
            Err(RequestError::Status(404)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Sends JSON and reads JSON.
    pub(super) async fn write<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, RequestError> {
        let body = serde_json::to_vec(body).map_err(|_| RequestError::Malformed("what is to be sent"))?;
        let answer = self.patiently(&method, path, JSON, Some(&body), MAX_JSON).await?;
        parsed(&answer.body)
    }

    /// The same where it is not the API that is asked but the pages for people, which know plain JSON alone.
    pub(super) async fn write_plain<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, RequestError> {
        let body = serde_json::to_vec(body).map_err(|_| RequestError::Malformed("what is to be sent"))?;
        let answer = self.patiently(&Method::POST, path, "application/json", Some(&body), MAX_JSON).await?;
        parsed(&answer.body)
    }

    /// Asks for something to be done that needs no words.
    pub(super) async fn order(&self, path: &str) -> Result<(), RequestError> {
        self.patiently(&Method::POST, path, JSON, None, MAX_JSON).await?;
        Ok(())
    }

    /// A token of an installation, asked for as its App.
    pub(super) async fn mint(
        &self,
        installation: u64,
        as_app: &SecretString,
        scope: &Scope,
    ) -> Result<NewToken, RequestError> {
        let body = serde_json::to_vec(scope).map_err(|_| RequestError::Malformed("what is to be sent"))?;
        let path = format!("/app/installations/{installation}/access_tokens");
        let mut request = request(&Method::POST, &path, JSON, Some(&body))?;
        authorize(&mut request, as_app)?;
        let answer = send(&self.octocrab, request, MAX_JSON).await?;
        self.identity.heard(date_of(&answer));
        match (answer.status, wait_of(&answer)) {
            (StatusCode::CREATED, _) => parsed(&answer.body),
            (_, Some(wait)) => Err(RequestError::RateLimited(wait)),
            (status, None) => Err(RequestError::Status(status.as_u16())),
        }
    }

    /// Has something deleted, asked for by the App's client id and secret (RFC 7617), which alone may ask for it.
    pub(super) async fn delete_as_owner(
        &self,
        path: &str,
        (id, secret): (&str, &SecretString),
        body: &impl Serialize,
    ) -> Result<(), RequestError> {
        let body = serde_json::to_vec(body).map_err(|_| RequestError::Malformed("what is to be sent"))?;
        let mut request = request(&Method::DELETE, path, JSON, Some(&body))?;
        let said = BASE64_STANDARD.encode(format!("{id}:{}", secret.expose_secret()));
        insert_authorization(&mut request, &format!("Basic {said}"))?;
        let answer = send(&self.octocrab, request, MAX_JSON).await?;
        match answer.status {
            status if status.is_success() => Ok(()),
            status => Err(RequestError::Status(status.as_u16())),
        }
    }

    /// All pages of a list; `items` takes a page apart into its items and, where GitHub says it, how many there
    /// are in all.
    ///
    /// # Errors
    /// Also when there are more than `most`, or fewer than GitHub says: a list that is not whole is none.
    pub(super) async fn list<P: DeserializeOwned, T>(
        &self,
        path: &str,
        most: usize,
        items: impl Fn(P) -> (Vec<T>, Option<usize>),
    ) -> Result<Vec<T>, RequestError> {
        self.list_until(path, most, items, |_| false).await
    }

    /// The same up to the first item that is one too many.
    pub(super) async fn list_until<P: DeserializeOwned, T>(
        &self,
        path: &str,
        most: usize,
        items: impl Fn(P) -> (Vec<T>, Option<usize>),
        is_enough: impl Fn(&T) -> bool,
    ) -> Result<Vec<T>, RequestError> {
        let mut all = Vec::new();
        let mark = if path.contains('?') { '&' } else { '?' };
        let is_sized = path.contains("per_page=");
        let mut path = if is_sized { path.to_owned() } else { format!("{path}{mark}per_page=100") };
        loop {
            let answer = self.read(&path, JSON, MAX_JSON).await?;
            let (page, total) = items(parsed(&answer.body)?);
            let is_empty = page.is_empty();
            for item in page {
                if is_enough(&item) {
                    return Ok(all);
                }
                all.push(item);
            }
            if all.len() > most || total.is_some_and(|total| total > most) {
                return Err(RequestError::Malformed("the list is too long"));
            }
            match (self.next_below(&answer.headers)?, total) {
                (None, Some(total)) if all.len() < total => {
                    return Err(RequestError::Malformed("the list is not whole"));
                }
                (None, _) => return Ok(all),
                (Some(_), _) if is_empty => return Err(RequestError::Malformed("the list does not end")),
                (Some(next), _) => path = next,
            }
        }
    }

    /// One page of a list, and where the next one is.
    pub(super) async fn page<T: DeserializeOwned>(
        &self,
        path: &str,
    ) -> Result<(Vec<T>, Option<String>), RequestError> {
        let answer = self.read(path, JSON, MAX_JSON).await?;
        let page: Vec<T> = parsed(&answer.body)?;
        match self.next_below(&answer.headers)? {
            Some(_) if page.is_empty() => Err(RequestError::Malformed("the list does not end")),
            next => Ok((page, next)),
        }
    }

    /// Where the next page of a list is: the token goes to this API only, whatever the answer says.
    fn next_below(&self, headers: &HeaderMap) -> Result<Option<String>, RequestError> {
        let Some(next) = next(headers)? else { return Ok(None) };
        let below = self.api.relative(&next);
        Ok(Some(below.ok_or(RequestError::Malformed("its next page is at another address"))?.to_owned()))
    }

    /// The bytes at a path, at most `most`. The token is for the API alone: the store that it sends the download
    /// on to gets none.
    pub(super) async fn file(&self, path: &str, most: usize) -> Result<Vec<u8>, RequestError> {
        let mut answer = self.patiently(&Method::GET, path, JSON, None, most).await?;
        for _ in 0..MAX_REDIRECTS {
            let Some(location) = elsewhere(&answer)?.map(str::to_owned) else { return Ok(answer.body) };
            let allowed = is_loopback(&location).is_some_and(|loopback| !loopback || self.api.is_loopback());
            let Some((base, path)) = split(&location).filter(|_| allowed) else {
                return Err(RequestError::Malformed(
                    "it sends the download to an address that is not allowed",
                ));
            };
            // The signature in its query is different each time, and is kept nowhere.
            let what = path.split('?').next().unwrap_or(path);
            answer = match tape::played(&Method::GET, what) {
                Some(played) => played?,
                None => {
                    let anyone = self.network.octocrab(base)?;
                    let sent = send(&anyone, request(&Method::GET, path, "*/*", None)?, most).await;
                    tape::keep(&Method::GET, what, &sent);
                    sent?
                }
            };
            if !answer.status.is_redirection() && answer.status != StatusCode::OK {
                return Err(RequestError::Status(answer.status.as_u16()));
            }
        }
        Err(RequestError::Malformed("it sends the download on and on"))
    }

    /// A read: from what is known if GitHub says that it has not changed.
    async fn read(&self, path: &str, accept: &'static str, most: usize) -> Result<Answer, RequestError> {
        let again = if self.can_be_missed { READ_AGAIN_SOON } else { READ_AGAIN_AFTER };
        let mut again = again.iter();
        loop {
            let begun = Instant::now();
            let result = self.patiently(&Method::GET, path, accept, None, most).await;
            let passing = matches!(
                result,
                Err(RequestError::Unreachable(_) | RequestError::Status(500 | 502 | 503 | 504))
            );
            let is_late = self.can_be_missed && begun.elapsed() > SOON;
            match again.next().filter(|_| passing && !is_late) {
                Some(wait) => tokio::time::sleep(*wait).await,
                None => {
                    let answer = result?;
                    if answer.status.is_redirection() {
                        return Err(RequestError::Malformed("it is a redirect: was the repository renamed?"));
                    }
                    return Ok(answer);
                }
            }
        }
    }

    /// One request, or what a tape says that was answered.
    async fn patiently(
        &self,
        method: &Method,
        path: &str,
        accept: &'static str,
        body: Option<&[u8]>,
        most: usize,
    ) -> Result<Answer, RequestError> {
        if let Some(played) = tape::played(method, path) {
            return played;
        }
        let answer = self.asked(method, path, accept, body, most).await;
        tape::keep(method, path, &answer);
        answer
    }

    /// One request, and once more after each wait that a rate limit asks for.
    async fn asked(
        &self,
        method: &Method,
        path: &str,
        accept: &'static str,
        body: Option<&[u8]>,
        most: usize,
    ) -> Result<Answer, RequestError> {
        let mut renewed = false;
        loop {
            let corrected = self.identity.corrected();
            let mut request = request(method, path, accept, body)?;
            if let Some(token) = self.identity.token(self).await? {
                authorize(&mut request, &token)?;
            }
            let known = (method == Method::GET).then(|| self.known(path)).flatten();
            if let Some((etag, _)) = &known {
                request.headers_mut().insert(IF_NONE_MATCH, etag.clone());
            }
            let answer = send(&self.octocrab, request, most).await?;
            self.identity.heard(date_of(&answer));
            let was_wrong = self.identity.corrected() != corrected;
            match (answer.status, known) {
                (StatusCode::NOT_MODIFIED, Some((_, known))) => return Ok(known),
                (StatusCode::NOT_MODIFIED, None) => {
                    return Err(RequestError::Malformed("nothing that it says is known"));
                }
                (StatusCode::UNAUTHORIZED, _) if !renewed && (self.identity.renew() || was_wrong) => {
                    renewed = true;
                }
                (status, _) if status.is_success() || status.is_redirection() => {
                    if method == Method::GET && status == StatusCode::OK {
                        self.remember(path, &answer);
                    }
                    return Ok(answer);
                }
                (status, _) => match wait_of(&answer) {
                    Some(wait) => self.wait(wait).await?,
                    None => return Err(RequestError::Status(status.as_u16())),
                },
            }
        }
    }

    /// Waits for a rate limit.
    async fn wait(&self, wait: Duration) -> Result<(), RequestError> {
        {
            let mut patience = self.patience.lock().unwrap_or_else(PoisonError::into_inner);
            *patience = patience.checked_sub(wait).ok_or(RequestError::RateLimited(wait))?;
        }
        tokio::time::sleep(wait).await;
        Ok(())
    }

    fn known(&self, path: &str) -> Option<(HeaderValue, Answer)> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).answers.get(path).cloned()
    }

    fn remember(&self, path: &str, answer: &Answer) {
        let Some(etag) = answer.headers.get(ETAG) else { return };
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.bytes.saturating_add(answer.body.len()) > MAX_CACHE {
            *known = Known::default();
        }
        known.bytes += answer.body.len();
        if let Some((_, before)) = known.answers.insert(path.to_owned(), (etag.clone(), answer.clone())) {
            known.bytes -= before.body.len();
        }
    }
}

fn authorize(request: &mut Request<OctoBody>, token: &SecretString) -> Result<(), RequestError> {
    insert_authorization(request, &format!("Bearer {}", token.expose_secret()))
}

fn insert_authorization(request: &mut Request<OctoBody>, said: &str) -> Result<(), RequestError> {
    let mut value = HeaderValue::from_str(said)
        .map_err(|_| RequestError::Identity("the token holds what no token holds"))?;
    value.set_sensitive(true);
    request.headers_mut().insert(AUTHORIZATION, value);
    Ok(())
}

/// A part of a path: everything but plain characters is escaped.
pub(super) fn part(text: &str) -> String {
    escaped(text, "")
}

/// Several parts, with their slashes.
pub(super) fn parts(text: &str) -> String {
    escaped(text, "/")
}

fn escaped(text: &str, plain: &str) -> String {
    let mut escaped = String::new();
    for byte in text.bytes() {
        let c = char::from(byte);
        if c.is_ascii_alphanumeric() || "-._~".contains(c) || plain.contains(c) {
            escaped.push(c);
        } else {
            escaped.push_str(&format!("%{byte:02X}"));
        }
    }
    escaped
}

fn parsed<T: DeserializeOwned>(body: &[u8]) -> Result<T, RequestError> {
    serde_json::from_slice(body).map_err(|_| RequestError::Malformed("it is not the JSON that was asked for"))
}

/// Scheme with host, and the path with its query.
fn split(url: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = url.split_once("://")?;
    url.split_at_checked(scheme.len() + 3 + rest.find('/')?)
}

/// Where an answer sends on to.
fn elsewhere(answer: &Answer) -> Result<Option<&str>, RequestError> {
    if !answer.status.is_redirection() {
        return Ok(None);
    }
    let location = answer.headers.get(LOCATION).and_then(|location| location.to_str().ok());
    location.map(Some).ok_or(RequestError::Malformed("a redirect without an address"))
}

/// The address of the next page: `Link: <…>; rel="next"`.
fn next(headers: &HeaderMap) -> Result<Option<String>, RequestError> {
    let Some(link) = headers.get(LINK) else { return Ok(None) };
    let link = link.to_str().map_err(|_| RequestError::Malformed("its next page has no address"))?;
    for part in link.split(',') {
        if let Some((address, relation)) = part.split_once('>')
            && relation.contains("rel=\"next\"")
        {
            let address = address.trim().strip_prefix('<');
            let address = address.ok_or(RequestError::Malformed("its next page has no address"))?;
            return Ok(Some(address.to_owned()));
        }
    }
    Ok(None)
}

/// What time it is, as GitHub says.
fn date_of(answer: &Answer) -> Option<SystemTime> {
    let date = answer.headers.get(DATE)?.to_str().ok()?;
    httpdate::parse_http_date(date).ok()
}

/// How long GitHub asks to wait; `None` if the answer is no rate limit.
fn wait_of(answer: &Answer) -> Option<Duration> {
    let number = |name: &str| answer.headers.get(name)?.to_str().ok()?.trim().parse::<u64>().ok();
    let is_limit = answer.status == StatusCode::TOO_MANY_REQUESTS;
    if answer.status != StatusCode::FORBIDDEN && !is_limit {
        return None;
    }
    if let Some(seconds) = number(RETRY_AFTER.as_str()) {
        return Some(Duration::from_secs(seconds));
    }
    if number("x-ratelimit-remaining") == Some(0) {
        // Both by GitHub's clock: that of this machine may be wrong, and may be set at any time.
        let now = date_of(answer).and_then(|now| now.duration_since(UNIX_EPOCH).ok());
        // One second more: both are stated in whole seconds.
        let wait = number("x-ratelimit-reset")
            .zip(now)
            .map(|(reset, now)| reset.saturating_sub(now.as_secs()).saturating_add(1));
        return Some(wait.map_or(UNSAID_WAIT, Duration::from_secs));
    }
    let said = memchr::memmem::find(&answer.body, b"secondary rate limit").is_some();
    (is_limit || said).then_some(UNSAID_WAIT)
}

fn request(
    method: &Method,
    path: &str,
    accept: &'static str,
    body: Option<&[u8]>,
) -> Result<Request<OctoBody>, RequestError> {
    let mut request = Request::builder().method(method).uri(path).header(ACCEPT, accept);
    if body.is_some() {
        request = request.header(CONTENT_TYPE, "application/json");
    }
    let body = body.map_or_else(OctoBody::empty, |body| OctoBody::from(body.to_vec()));
    request.body(body).map_err(|_| RequestError::Malformed("its address cannot be read"))
}

async fn send(octocrab: &Octocrab, request: Request<OctoBody>, most: usize) -> Result<Answer, RequestError> {
    let late = |_| RequestError::Unreachable("it took too long");
    tokio::time::timeout(TIMEOUT, send_at_leisure(octocrab, request, most)).await.map_err(late)?
}

async fn send_at_leisure(
    octocrab: &Octocrab,
    request: Request<OctoBody>,
    most: usize,
) -> Result<Answer, RequestError> {
    let failed = |_| RequestError::Unreachable("the connection failed");
    let response = octocrab.execute(request).await.map_err(failed)?;
    let (parts, body) = response.into_parts();
    // What is said about an error is not read whole, but what a rate limit says is.
    let most_read = if parts.status.is_success() { most } else { MAX_JSON.min(64 << 10) };
    let body = match Limited::new(body, most_read).collect().await {
        Ok(body) => body.to_bytes().to_vec(),
        Err(error) if error.is::<http_body_util::LengthLimitError>() && parts.status.is_success() => {
            return Err(RequestError::TooLarge(most));
        }
        Err(_) if !parts.status.is_success() => Vec::new(),
        Err(_) => return Err(RequestError::Unreachable("the connection broke")),
    };
    Ok(Answer { status: parts.status, headers: parts.headers, body })
}
