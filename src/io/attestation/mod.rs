//! Provenance of artifacts: what a Sigstore bundle claims once its signature, its certificate and its time are
//! verified, offline.
//!
//! A bundle is what `actions/attest-build-provenance` (v2 and v3) stores with GitHub: an in-toto statement in a DSSE
//! envelope, signed by a key that lives for ten minutes and whose certificate says which run of which workflow asked
//! for it (Sigstore bundle format v0.3; Fulcio's extensions below `1.3.6.1.4.1.57264.1`). Public repositories are
//! attested by Sigstore's public instance, all others by GitHub's own.
//!
//! What a verified bundle claims proves nothing of a change yet: [`bind`] holds it against the run in question.

mod binding;
mod provider;
#[cfg(test)]
mod tests;

pub use binding::{Attempt, Unbound, Uploaded, bind};

use crate::model::Untrusted;
use serde::Deserialize;
use sigstore_verify::crypto::FulcioCiClaims;
use sigstore_verify::trust_root::{
    SIGSTORE_GITHUB_TRUSTED_ROOT, SIGSTORE_PRODUCTION_TRUSTED_ROOT, TrustedRoot,
};
use sigstore_verify::types::{Bundle, Sha256Hash, SignatureContent};
use sigstore_verify::{VerificationPolicy, VerificationResult, Verifier};

/// The in-toto statement that is understood.
const STATEMENT: &str = "https://in-toto.io/Statement/v1";

/// The predicate of a SLSA provenance.
pub const PROVENANCE: &str = "https://slsa.dev/provenance/v1";

/// The most that is read of a bundle; GitHub's own are of about 12 kB.
pub const MAX_BUNDLE: usize = 512 * 1024;

/// The most that is read of a file of authorities; both of the built-in ones have 40 kB.
pub const MAX_AUTHORITIES: usize = 4 * 1024 * 1024;

/// Why a bundle, or a file of authorities, is not believed.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// A file of authorities that holds none, or something else.
    #[error("the file of trusted roots cannot be used: {}", .0.raw())]
    Authorities(Untrusted),
    /// What GitHub gave is no bundle that is understood.
    #[error("the provenance cannot be read: {}", .0.raw())]
    Unreadable(Untrusted),
    /// A signature, a certificate, a time or a log entry does not hold.
    #[error("the provenance is not verified: {}", .0.raw())]
    Unverified(Untrusted),
    /// The certificate or the statement lacks what a run of GitHub Actions has.
    #[error("the provenance does not say {0}")]
    Lacks(&'static str),
}

impl Refusal {
    fn unreadable(error: impl std::fmt::Display) -> Self {
        Self::Unreadable(Untrusted::new(error.to_string()))
    }

    fn unverified(error: impl std::fmt::Display) -> Self {
        Self::Unverified(Untrusted::new(error.to_string()))
    }

    fn authorities(error: impl std::fmt::Display) -> Self {
        Self::Authorities(Untrusted::new(error.to_string()))
    }
}

/// What a verified provenance claims. Everything but the predicate's type is from the certificate, which the authority
/// made from the token of the run; the text is still to be escaped where it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claims {
    /// Who vouched for the run: `https://token.actions.githubusercontent.com` (extension 8).
    pub issuer: String,
    /// The number of the repository, which outlives its name (15).
    pub repository_id: String,
    /// The commit that the run worked on, in full hexadecimal (13).
    pub commit: String,
    /// The workflow and its reference: `https://github.com/o/r/.github/workflows/ci.yml@refs/heads/main` (18).
    pub workflow: String,
    /// The run and its attempt: `https://github.com/o/r/actions/runs/1/attempts/1` (21).
    pub run: String,
    /// The event that began the run: `pull_request` (20).
    pub trigger: String,
    /// What the statement says of the artifact: [`PROVENANCE`].
    pub predicate_type: String,
}

/// Who is believed.
pub struct Authorities(Vec<Authority>);

/// One instance of Sigstore, and what it has to show.
struct Authority {
    verifier: Verifier,
    policy: VerificationPolicy,
    /// Whether it writes down each signature where everybody can look.
    has_log: bool,
}

impl Authorities {
    /// Sigstore's public instance, and GitHub's for repositories that are not public; their keys as of this release.
    ///
    /// # Errors
    /// [`Refusal::Authorities`]; a test holds that it does not happen.
    pub fn built_in() -> Result<Self, Refusal> {
        let both = [SIGSTORE_PRODUCTION_TRUSTED_ROOT, SIGSTORE_GITHUB_TRUSTED_ROOT];
        let both = both.iter().map(|text| Self::read(text.as_bytes()));
        let both: Vec<Self> = both.collect::<Result<_, _>>()?;
        Ok(Self(both.into_iter().flat_map(|authorities| authorities.0).collect()))
    }

    /// Those of a file: one JSON object of Sigstore's type `trustedroot` a line, as `gh attestation trusted-root` prints
    /// them, or a single one over several lines.
    ///
    /// # Errors
    /// [`Refusal::Authorities`] if the file is too large, holds none, or one of them has a key that cannot be used.
    pub fn read(text: &[u8]) -> Result<Self, Refusal> {
        provider::install();
        if text.len() > MAX_AUTHORITIES {
            return Err(Refusal::authorities(format!("it has more than {MAX_AUTHORITIES} bytes")));
        }
        let roots = serde_json::Deserializer::from_slice(text).into_iter::<TrustedRoot>();
        let authorities = roots.map(|root| Authority::new(&root.map_err(Refusal::authorities)?));
        let authorities: Vec<Authority> = authorities.collect::<Result<_, _>>()?;
        if authorities.is_empty() {
            return Err(Refusal::authorities("it is empty"));
        }
        Ok(Self(authorities))
    }
}

// The keys say nothing to a reader.
impl std::fmt::Debug for Authorities {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Authorities").field("count", &self.0.len()).finish()
    }
}

impl Authority {
    /// What has to be shown follows from the authority alone, never from the bundle: where it has logs, each signature
    /// and each certificate has to be in them. One without logs has to vouch for the time itself.
    fn new(root: &TrustedRoot) -> Result<Self, Refusal> {
        if root.certificate_authorities.is_empty() {
            return Err(Refusal::authorities("a trusted root has no certificate authority"));
        }
        let has_log = !root.tlogs.is_empty();
        if !has_log && root.timestamp_authorities.is_empty() {
            return Err(Refusal::authorities("a trusted root has neither a log nor a timestamp authority"));
        }
        let mut policy = VerificationPolicy::any_identity();
        if !has_log {
            policy = policy.skip_tlog_unsafe();
        }
        if root.ctlogs.is_empty() {
            policy = policy.skip_sct();
        }
        let verifier = Verifier::new(root).map_err(Refusal::authorities)?;
        Ok(Self { verifier, policy, has_log })
    }

    fn verify(&self, bundle: &Bundle, digest: &[u8; 32]) -> Result<VerificationResult, Refusal> {
        let digest = Sha256Hash::new(*digest);
        self.verifier.verify(digest, bundle, &self.policy).map_err(Refusal::unverified)
    }
}

/// Verifies the bundle of an artifact with this SHA-256: that one of the authorities gave out the certificate, that its
/// key signed the statement while it was valid, and that the statement is about this artifact.
///
/// The clock of the machine is looked at only to refuse times that are still to come.
///
/// # Errors
/// Why it is not believed, in words; text of the bundle may stand in them.
pub fn verify(bundle: &[u8], digest: &[u8; 32], authorities: &Authorities) -> Result<Claims, Refusal> {
    if bundle.len() > MAX_BUNDLE {
        return Err(Refusal::unreadable(format!("it has more than {MAX_BUNDLE} bytes")));
    }
    let text = std::str::from_utf8(bundle).map_err(Refusal::unreadable)?;
    let bundle = Bundle::from_json(text).map_err(Refusal::unreadable)?;
    let SignatureContent::DsseEnvelope(envelope) = &bundle.content else {
        return Err(Refusal::unreadable("it holds a bare signature instead of a statement"));
    };
    let statement: Statement =
        serde_json::from_slice(envelope.payload.as_bytes()).map_err(Refusal::unreadable)?;
    if statement.statement_type != STATEMENT {
        return Err(Refusal::Lacks("that it is an in-toto statement, version 1"));
    }
    let is_logged = !bundle.verification_material.tlog_entries.is_empty();
    let mut reason = None;
    for authority in &authorities.0 {
        match authority.verify(&bundle, digest) {
            Ok(result) => return claims(&result, statement.predicate_type),
            // The reason of the authority that the bundle seems to be from says most; which one that is moves nothing else.
            Err(error) if reason.is_none() || authority.has_log == is_logged => reason = Some(error),
            Err(_) => {}
        }
    }
    Err(reason.unwrap_or_else(|| Refusal::unverified("nobody is trusted")))
}

/// The part of an in-toto statement that is looked at besides its subjects, which the verifier compares.
#[derive(Deserialize)]
struct Statement {
    #[serde(rename = "_type")]
    statement_type: String,
    #[serde(rename = "predicateType")]
    predicate_type: String,
}

fn claims(result: &VerificationResult, predicate_type: String) -> Result<Claims, Refusal> {
    // The verifier has checked it; this holds it to that whatever it is told to leave out.
    if !result.certificate_verified() || result.verified_timestamps().is_empty() {
        return Err(Refusal::unverified("its certificate was not looked at"));
    }
    let none = FulcioCiClaims::default();
    let ci = result.certificate().map_or(&none, |certificate| &certificate.ci_claims);
    let said =
        |claim: &Option<String>, what| claim.clone().filter(|it| !it.is_empty()).ok_or(Refusal::Lacks(what));
    Ok(Claims {
        issuer: result.issuer().map(str::to_owned).ok_or(Refusal::Lacks("who vouched for the run"))?,
        repository_id: said(&ci.source_repository_identifier, "which repository it is from")?,
        commit: said(&ci.source_repository_digest, "which commit it is of")?,
        workflow: said(&ci.build_config_uri, "which workflow made it")?,
        run: said(&ci.run_invocation_uri, "which run made it")?,
        trigger: said(&ci.build_trigger, "which event began the run")?,
        predicate_type,
    })
}
