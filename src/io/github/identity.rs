//! Who asks: a token, a GitHub App, or one of its installations.

use super::client::{Client, RequestError};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject as _;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// How long the token of an installation is used; it is good for an hour.
const TOKEN_LIFE: Duration = Duration::from_secs(50 * 60);

/// A clock that differs less is not why GitHub refuses a token of the App.
const FORGIVEN: Duration = Duration::from_secs(20);

/// Who asks GitHub. What is secret in it is never printed.
pub struct Identity(Kind);

enum Kind {
    Nobody,
    Token(SecretString),
    App(Arc<AppKey>),
    Installation { app: Arc<AppKey>, installation: u64, scope: Scope, token: Mutex<Option<Minted>> },
}

struct Minted {
    token: SecretString,
    until: Instant,
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Nobody => f.write_str("nobody"),
            Kind::Token(_) => f.write_str("a token"),
            Kind::App(app) => write!(f, "app {}", app.id),
            Kind::Installation { app, installation, .. } => {
                write!(f, "installation {installation} of app {}", app.id)
            }
        }
    }
}

/// The token of a job, of a person or of an installation.
impl From<&str> for Identity {
    fn from(token: &str) -> Self {
        Self(Kind::Token(SecretString::from(token)))
    }
}

impl From<&SecretString> for Identity {
    fn from(token: &SecretString) -> Self {
        Self(Kind::Token(token.clone()))
    }
}

impl Identity {
    /// Public data only.
    pub const fn nobody() -> Self {
        Self(Kind::Nobody)
    }

    /// The App itself: it may list its installations and the deliveries of its hook, and little else.
    pub const fn app(app: Arc<AppKey>) -> Self {
        Self(Kind::App(app))
    }

    /// An installation of the App, with no more rights than the scope names.
    pub const fn installation(app: Arc<AppKey>, installation: u64, scope: Scope) -> Self {
        Self(Kind::Installation { app, installation, scope, token: Mutex::new(None) })
    }

    /// What goes into the `Authorization` of a request.
    pub(super) async fn token(&self, client: &Client) -> Result<Option<SecretString>, RequestError> {
        let (app, installation, scope, token) = match &self.0 {
            Kind::Nobody => return Ok(None),
            Kind::Token(token) => return Ok(Some(token.clone())),
            Kind::App(app) => return app.token(app.now()).map(Some),
            Kind::Installation { app, installation, scope, token } => (app, installation, scope, token),
        };
        {
            let token = token.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(minted) = token.as_ref().filter(|minted| Instant::now() < minted.until) {
                return Ok(Some(minted.token.clone()));
            }
        }
        let until = Instant::now() + TOKEN_LIFE;
        let corrected = app.corrected();
        let mut new = client.mint(*installation, &app.token(app.now())?, scope).await;
        if matches!(new, Err(RequestError::Status(401))) && app.corrected() != corrected {
            new = client.mint(*installation, &app.token(app.now())?, scope).await;
        }
        let new: NewToken = new?;
        let new = SecretString::from(new.token);
        let mut token = token.lock().unwrap_or_else(PoisonError::into_inner);
        *token = Some(Minted { token: new.clone(), until });
        Ok(Some(new))
    }

    /// GitHub has said what time it is.
    pub(super) fn heard(&self, said: Option<SystemTime>) {
        if let (Some(app), Some(said)) = (self.key(), said) {
            app.heard(said);
        }
    }

    /// How often GitHub said another time than the App believed: if that has changed since it signed, a refusal may be
    /// for that alone.
    pub(super) fn corrected(&self) -> u64 {
        self.key().map_or(0, AppKey::corrected)
    }

    fn key(&self) -> Option<&AppKey> {
        match &self.0 {
            Kind::App(app) | Kind::Installation { app, .. } => Some(app),
            Kind::Nobody | Kind::Token(_) => None,
        }
    }

    /// Throws away a token that GitHub no longer takes; false if there is no way to another one.
    pub(super) fn renew(&self) -> bool {
        let Kind::Installation { token, .. } = &self.0 else { return false };
        token.lock().unwrap_or_else(PoisonError::into_inner).take().is_some()
    }
}

/// What the token of an installation is for. Empty lists ask for everything that the installation has.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Scope {
    /// Names of repositories, without their owner.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub repositories: Vec<String>,
    /// Rights by name: `checks` → `write`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub permissions: BTreeMap<String, String>,
}

/// GitHub's `installation-token`.
#[derive(Deserialize)]
pub(super) struct NewToken {
    token: String,
}

/// A GitHub App with its private key.
pub struct AppKey {
    id: u64,
    key: RsaKeyPair,
    clock: Mutex<GithubClock>,
}

/// GitHub's clock, as its answers tell it and the machine's steady clock goes on: the wall clock of the machine may be
/// wrong, and may be set while the service runs.
#[derive(Default)]
struct GithubClock {
    heard: Option<(SystemTime, Instant)>,
    /// How often it was something else than what was believed.
    corrected: u64,
}

impl GithubClock {
    fn now(&self) -> SystemTime {
        self.heard.map_or_else(SystemTime::now, |(said, at)| said + at.elapsed())
    }
}

impl fmt::Debug for AppKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AppKey").field("id", &self.id).finish_non_exhaustive()
    }
}

#[derive(Serialize)]
struct Claims {
    iat: u64,
    exp: u64,
    iss: String,
}

impl AppKey {
    /// Takes the key as GitHub hands it out (`BEGIN RSA PRIVATE KEY`), or as PKCS 8.
    ///
    /// # Errors
    /// When it is no RSA key of at least 2048 bits; the text of the key is in no error.
    pub fn new(id: u64, pem: &SecretString) -> Result<Self, RequestError> {
        let bad = RequestError::Identity("the App's private key is no RSA key in PEM");
        let key = PrivateKeyDer::from_pem_slice(pem.expose_secret().as_bytes());
        let key = match &key {
            Ok(PrivateKeyDer::Pkcs1(der)) => RsaKeyPair::from_der(der.secret_pkcs1_der()),
            Ok(PrivateKeyDer::Pkcs8(der)) => RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()),
            Ok(_) | Err(_) => return Err(bad),
        };
        Ok(Self { id, key: key.map_err(|_| bad)?, clock: Mutex::default() })
    }

    /// The App's number.
    pub const fn id(&self) -> u64 {
        self.id
    }

    fn clock(&self) -> MutexGuard<'_, GithubClock> {
        self.clock.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What time it is for GitHub.
    pub fn now(&self) -> SystemTime {
        self.clock().now()
    }

    fn corrected(&self) -> u64 {
        self.clock().corrected
    }

    /// Takes what GitHub says, and counts if that is something else than was believed.
    fn heard(&self, said: SystemTime) {
        let mut clock = self.clock();
        let believed = clock.now();
        let apart =
            said.duration_since(believed).or_else(|_| believed.duration_since(said)).unwrap_or_default();
        clock.heard = Some((said, Instant::now()));
        clock.corrected += u64::from(apart > FORGIVEN);
    }

    /// A JSON Web Token as GitHub asks for it: signed with RS256, issued a minute ago for clocks that differ,
    /// and good for nine minutes more (ten are the most).
    fn token(&self, now: SystemTime) -> Result<SecretString, RequestError> {
        let bad = RequestError::Identity("the App cannot sign");
        let now = now.duration_since(UNIX_EPOCH).map_err(|_| bad.clone())?.as_secs();
        let claims = Claims { iat: now.saturating_sub(60), exp: now + 540, iss: self.id.to_string() };
        let claims = serde_json::to_vec(&claims).map_err(|_| bad.clone())?;
        let head = BASE64_URL_SAFE_NO_PAD.encode(br#"{"alg":"RS256","typ":"JWT"}"#);
        let signed = format!("{head}.{}", BASE64_URL_SAFE_NO_PAD.encode(claims));
        let mut signature = vec![0; self.key.public().modulus_len()];
        self.key
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature)
            .map_err(|_| bad)?;
        Ok(SecretString::from(format!("{signed}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_of_the_machine_counts_until_github_has_said_what_time_it_is() {
        let mut clock = GithubClock::default();
        assert!(SystemTime::now().duration_since(clock.now()).unwrap_or_default() < FORGIVEN);
        let said = UNIX_EPOCH + Duration::from_secs(1_000_000);
        clock.heard = Some((said, Instant::now()));
        let now = clock.now();
        assert!(said <= now && now < said + FORGIVEN);
    }
}
