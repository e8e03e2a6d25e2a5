//! Who may read what. Without `--public-read` somebody must be signed in, and reads what GitHub says that the account
//! may read; a repository that is not among it answers as one that does not exist.

use super::session::{Purpose, Seal};
use crate::io::github::SignIn;
use crate::model::Untrusted;
use crate::server::clock::Time;
use axum::http::HeaderMap;
use axum::http::header::COOKIE;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How long somebody stays signed in; GitHub's own tokens for accounts live as long.
const SESSION: Duration = Duration::from_secs(8 * 3_600);
/// How long signing in may take.
const ATTEMPT: Duration = Duration::from_secs(600);
/// How long what GitHub says of an account's rights is taken as true.
const RIGHTS: Duration = Duration::from_secs(120);
/// How long whoever signs out waits for GitHub.
const REVOKING: Duration = Duration::from_secs(5);
/// Of so many accounts the rights are remembered.
const MOST_ACCOUNTS: usize = 500;

/// How readers are told apart.
#[derive(Debug)]
pub enum Access {
    /// Everybody reads everything: the operator said so.
    Public,
    /// Accounts read what they may read on GitHub.
    Accounts(Box<Accounts>),
    /// Nobody reads anything: neither was set up.
    Closed,
}

/// Signing in.
#[derive(Debug)]
pub struct Accounts {
    sign_in: SignIn,
    seal: Seal,
    rights: Mutex<BTreeMap<String, Rights>>,
}

/// What an account may read, and when GitHub said so.
type Rights = (Time, Arc<BTreeSet<String>>);

/// Somebody who may read something.
#[derive(Clone, Debug)]
pub(super) struct Reader {
    /// The account; `None` where everybody reads.
    pub(super) login: Option<Untrusted>,
    /// What may be read, in lower case; `None` for everything.
    readable: Option<Arc<BTreeSet<String>>>,
}

impl Reader {
    /// True if the repository may be read.
    pub(super) fn may_read(&self, repository: &str) -> bool {
        self.readable.as_ref().is_none_or(|readable| readable.contains(&repository.to_lowercase()))
    }
}

/// Why somebody reads nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// Nobody is signed in, or no longer.
    SignIn,
    /// Nobody can be.
    Closed,
    /// GitHub could not be asked.
    Unknown,
}

impl Accounts {
    /// Accounts of the GitHub at which people sign in; `None` if no key can be made of the secret.
    pub fn new(sign_in: SignIn) -> Option<Self> {
        let seal = Seal::new(&sign_in.client_secret)?;
        Some(Self { sign_in, seal, rights: Mutex::default() })
    }

    /// Begins to sign in: where to go, and the cookie that remembers it.
    pub(super) fn begin(&self, now: Time) -> Option<(String, String)> {
        let (state, verifier) = (self.seal.token()?, self.seal.token()?);
        let challenge = BASE64.encode(Sha256::digest(verifier.as_bytes()));
        let address = self.sign_in.address(&state, &challenge);
        let sealed = self.seal.close(Purpose::Attempt, now.after(ATTEMPT).0, vec![state, verifier])?;
        Some((address, cookie(Purpose::Attempt, &sealed, ATTEMPT)))
    }

    /// Ends it: the cookie of the session, if GitHub's answer belongs to what this browser began.
    pub(super) async fn end(
        &self,
        headers: &HeaderMap,
        code: &str,
        state: &str,
        now: Time,
    ) -> Result<String, Refused> {
        let begun = cookie_of(headers, Purpose::Attempt).ok_or(Refused::SignIn)?;
        let begun = self.seal.open(Purpose::Attempt, now.0, begun).ok_or(Refused::SignIn)?;
        let [expected, verifier] = begun.as_slice() else { return Err(Refused::SignIn) };
        if state != expected {
            return Err(Refused::SignIn);
        }
        let exchanged = self.sign_in.exchange(code, verifier).await.map_err(|_| Refused::Unknown)?;
        let token = exchanged.ok_or(Refused::SignIn)?;
        let login = self.sign_in.login(&token).await.map_err(|_| Refused::Unknown)?;
        let parts = vec![login, token.expose_secret().to_owned()];
        let sealed = self.seal.close(Purpose::Session, now.after(SESSION).0, parts);
        Ok(cookie(Purpose::Session, &sealed.ok_or(Refused::Unknown)?, SESSION))
    }

    /// Ends a session: GitHub takes its token back, so that a copy of the cookie is good for nothing. Where GitHub cannot
    /// be asked, this is logged and the cookie goes all the same; the token then ends by itself.
    pub(super) async fn sign_out(&self, headers: &HeaderMap, now: Time) {
        let sealed = cookie_of(headers, Purpose::Session);
        let parts = sealed.and_then(|sealed| self.seal.open(Purpose::Session, now.0, sealed));
        let Some([_, token]) = parts.and_then(|parts| <[String; 2]>::try_from(parts).ok()) else { return };
        let token = SecretString::from(token);
        self.rights.lock().unwrap_or_else(PoisonError::into_inner).remove(&key_of(&token));
        match tokio::time::timeout(REVOKING, self.sign_in.revoke(&token)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "the token of who signed out could not be taken back"),
            Err(_) => tracing::warn!("the token of who signed out could not be taken back in time"),
        }
    }

    /// Who is signed in, and what the account may read at this moment.
    async fn reader(&self, headers: &HeaderMap, now: Time) -> Result<Reader, Refused> {
        let sealed = cookie_of(headers, Purpose::Session).ok_or(Refused::SignIn)?;
        let parts = self.seal.open(Purpose::Session, now.0, sealed).ok_or(Refused::SignIn)?;
        let [login, token] = <[String; 2]>::try_from(parts).map_err(|_| Refused::SignIn)?;
        let token = SecretString::from(token);
        let key = key_of(&token);
        let known = self.rights.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        let readable = match known.filter(|(since, _)| now.since(*since) < RIGHTS) {
            Some((_, readable)) => readable,
            None => {
                let asked = self.sign_in.readable(&token).await;
                let readable = Arc::new(asked.map_err(|error| match error {
                    // The token was taken back, or has ended.
                    crate::io::github::RequestError::Status(401) => Refused::SignIn,
                    _ => Refused::Unknown,
                })?);
                let mut rights = self.rights.lock().unwrap_or_else(PoisonError::into_inner);
                rights.retain(|_, (since, _)| now.since(*since) < RIGHTS);
                if rights.len() < MOST_ACCOUNTS {
                    rights.insert(key, (now, Arc::clone(&readable)));
                }
                readable
            }
        };
        Ok(Reader { login: Some(login.into()), readable: Some(readable) })
    }
}

impl Access {
    /// Who asks.
    pub(super) async fn reader(&self, headers: &HeaderMap, now: Time) -> Result<Reader, Refused> {
        match self {
            Self::Public => Ok(Reader { login: None, readable: None }),
            Self::Closed => Err(Refused::Closed),
            Self::Accounts(accounts) => accounts.reader(headers, now).await,
        }
    }
}

/// What the rights of a token are remembered under: a digest, as the token itself stays in the cookie.
fn key_of(token: &SecretString) -> String {
    BASE64.encode(Sha256::digest(token.expose_secret().as_bytes()))
}

fn cookie(purpose: Purpose, sealed: &str, life: Duration) -> String {
    let (name, seconds) = (purpose.cookie(), life.as_secs());
    format!("{name}={sealed}; Max-Age={seconds}; Path=/; Secure; HttpOnly; SameSite=Lax")
}

/// A cookie that takes the one of the session away.
pub(super) fn signed_out() -> String {
    cookie(Purpose::Session, "", Duration::ZERO)
}

/// What the browser sent back.
fn cookie_of(headers: &HeaderMap, purpose: Purpose) -> Option<&str> {
    let all = headers.get_all(COOKIE).into_iter().filter_map(|value| value.to_str().ok());
    all.flat_map(|value| value.split(';'))
        .find_map(|pair| pair.trim().strip_prefix(purpose.cookie())?.strip_prefix('='))
}
