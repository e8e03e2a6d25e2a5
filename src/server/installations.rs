//! One client for each installation of the App, with no more rights than judging needs.

use super::clock::Time;
use crate::io::github::{Api, AppKey, Client, Identity, Network, RequestError, Scope};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, UNIX_EPOCH};

/// What the service asks for, and nothing else (`examples/deploy/README.md` says why each).
pub const PERMISSIONS: [(&str, &str); 5] = [
    ("actions", "read"),
    ("checks", "write"),
    ("contents", "read"),
    ("metadata", "read"),
    ("pull_requests", "read"),
];

/// What is asked for beside them where a policy wants signed provenance (grade A), and only there: an App without it
/// serves everybody else.
const ATTESTATIONS: [(&str, &str); 2] = [("attestations", "read"), ("metadata", "read")];

/// The clients.
#[derive(Debug)]
pub struct Installations {
    api: Api,
    network: Network,
    app: Arc<AppKey>,
    as_app: Arc<Client>,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    clients: BTreeMap<u64, Arc<Client>>,
    /// Those that read attestations.
    readers: BTreeMap<u64, Arc<Client>>,
    /// Installations whose rate limit is reached, and until when.
    paused: BTreeMap<u64, Time>,
}

impl Installations {
    /// Must be called where a runtime of tokio runs.
    ///
    /// # Errors
    /// When no client can be made.
    pub fn new(api: Api, app: Arc<AppKey>, network: Network) -> Result<Self, RequestError> {
        let as_app = Client::new(api.clone(), Identity::app(Arc::clone(&app)), &network)?;
        let as_app = Arc::new(as_app.with_patience(Duration::ZERO));
        Ok(Self { api, network, app, as_app, known: Mutex::default() })
    }

    /// The App's number.
    pub fn app(&self) -> u64 {
        self.app.id()
    }

    /// By so many milliseconds GitHub's clock is ahead of the store's, which says `now`.
    pub fn ahead(&self, now: Time) -> i64 {
        let github = self.app.now().duration_since(UNIX_EPOCH).unwrap_or_default();
        i64::try_from(github.as_millis()).unwrap_or(i64::MAX).saturating_sub(now.0)
    }

    /// Asks as the App itself.
    pub fn as_app(&self) -> &Client {
        &self.as_app
    }

    /// The client of an installation, or of the one that sees the repository if its number is 0.
    ///
    /// # Errors
    /// As every request; 404 where the App is not installed.
    pub async fn client(
        &self,
        installation: u64,
        repository: &str,
    ) -> Result<(u64, Arc<Client>), RequestError> {
        let installation = match installation {
            0 => self.as_app.installation_of(repository).await?.ok_or(RequestError::Status(404))?,
            known => known,
        };
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = known.clients.get(&installation) {
            return Ok((installation, Arc::clone(client)));
        }
        let client = self.with_rights(installation, &PERMISSIONS)?;
        known.clients.insert(installation, Arc::clone(&client));
        Ok((installation, client))
    }

    /// The client of an installation that reads attestations; it has no token until it is asked something.
    ///
    /// # Errors
    /// When no client can be made.
    pub fn reader_of_attestations(&self, installation: u64) -> Result<Arc<Client>, RequestError> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(reader) = known.readers.get(&installation) {
            return Ok(Arc::clone(reader));
        }
        let reader = self.with_rights(installation, &ATTESTATIONS)?;
        known.readers.insert(installation, Arc::clone(&reader));
        Ok(reader)
    }

    fn with_rights(&self, installation: u64, rights: &[(&str, &str)]) -> Result<Arc<Client>, RequestError> {
        let permissions = rights.iter().map(|(name, level)| ((*name).to_owned(), (*level).to_owned()));
        let scope = Scope { repositories: Vec::new(), permissions: permissions.collect() };
        let identity = Identity::installation(Arc::clone(&self.app), installation, scope);
        let client = Client::new(self.api.clone(), identity, &self.network)?;
        Ok(Arc::new(client.with_patience(Duration::ZERO)))
    }

    /// The rate limit of an installation is reached until then.
    pub fn pause(&self, installation: u64, until: Time) {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).paused.insert(installation, until);
    }

    /// Until when an installation waits; `None` if it does not.
    pub fn paused(&self, installation: u64, now: Time) -> Option<Time> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.paused.get(&installation).copied().filter(|until| now < *until)
    }
}
