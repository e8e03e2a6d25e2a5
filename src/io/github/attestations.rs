//! Signed provenance of artifacts, as GitHub keeps it by the artifact's digest.

use super::client::{Client, RequestError, part};
use super::manifest::hex;
use super::repository::repository_path;
use serde::Deserialize;
use serde_json::Value;

/// So many attestations of one artifact are read: an action writes one for each time that it runs.
pub const MAX_ATTESTATIONS: usize = 30;

/// One attestation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Bundle {
    /// A Sigstore bundle, as JSON.
    Here(Vec<u8>),
    /// Only the address of one, which nobody follows: what lies there is no answer of the API.
    Elsewhere,
}

#[derive(Deserialize)]
struct Page {
    attestations: Vec<Attestation>,
}

#[derive(Deserialize)]
struct Attestation {
    #[serde(default)]
    bundle: Option<Value>,
}

impl Client {
    /// The provenance of an artifact with this SHA-256 in the repository, nothing of it verified; empty where there is
    /// none.
    ///
    /// # Errors
    /// As every request, and when there are more than [`MAX_ATTESTATIONS`]; 403 for a token that may not read
    /// attestations.
    pub async fn attestations(
        &self,
        repository: &str,
        digest: &[u8; 32],
    ) -> Result<Vec<Bundle>, RequestError> {
        let subject = format!("sha256:{}", hex(digest));
        let path = format!(
            "{}/attestations/{}?predicate_type=provenance",
            repository_path(repository)?,
            part(&subject)
        );
        let listed = self.list(&path, MAX_ATTESTATIONS, |page: Page| (page.attestations, None)).await;
        let listed = match listed {
            Err(RequestError::Status(404)) => Vec::new(),
            listed => listed?,
        };
        let bundle = |attestation: Attestation| match attestation.bundle {
            Some(bundle @ Value::Object(_)) => Bundle::Here(bundle.to_string().into_bytes()),
            _ => Bundle::Elsewhere,
        };
        Ok(listed.into_iter().map(bundle).collect())
    }
}
