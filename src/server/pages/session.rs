//! Who is signed in, in a cookie that only the service can read or make: sealed with AES-256-GCM under a key that is
//! made from the App's client secret, so that every replica reads it and the account's token is nowhere in clear.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::hmac;
use ring::rand::{SecureRandom as _, SystemRandom};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Seals what cookies hold.
pub struct Seal {
    key: LessSafeKey,
    random: SystemRandom,
}

// The key stands in it.
impl fmt::Debug for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Seal").finish_non_exhaustive()
    }
}

/// What a cookie is for; one is never taken for the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Somebody is signed in.
    Session,
    /// Somebody is about to sign in.
    Attempt,
}

impl Purpose {
    /// The name of the cookie. `__Host-`: only this host sets it, only over TLS, for all paths.
    pub const fn cookie(self) -> &'static str {
        match self {
            Self::Session => "__Host-tollgate",
            Self::Attempt => "__Host-tollgate-sign-in",
        }
    }
}

#[derive(Serialize, Deserialize)]
struct Sealed {
    until: i64,
    parts: Vec<String>,
}

impl Seal {
    /// A seal whose key is made from a secret.
    pub fn new(secret: &SecretString) -> Option<Self> {
        let hmac = hmac::Key::new(hmac::HMAC_SHA256, secret.expose_secret().as_bytes());
        let bytes = hmac::sign(&hmac, b"tollgate cookies 1");
        let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, bytes.as_ref()).ok()?);
        Some(Self { key, random: SystemRandom::new() })
    }

    /// 32 random bytes as text.
    pub fn token(&self) -> Option<String> {
        let mut bytes = [0; 32];
        self.random.fill(&mut bytes).ok()?;
        Some(BASE64.encode(bytes))
    }

    /// Seals parts until a moment, in milliseconds since 1970.
    pub fn close(&self, purpose: Purpose, until: i64, parts: Vec<String>) -> Option<String> {
        let mut nonce = [0; NONCE_LEN];
        self.random.fill(&mut nonce).ok()?;
        let mut bytes = serde_json::to_vec(&Sealed { until, parts }).ok()?;
        let aad = Aad::from(purpose.cookie());
        self.key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), aad, &mut bytes).ok()?;
        Some(BASE64.encode([nonce.as_slice(), &bytes].concat()))
    }

    /// What was sealed for this purpose and holds at a moment; `None` for anything else.
    pub fn open(&self, purpose: Purpose, now: i64, text: &str) -> Option<Vec<String>> {
        let bytes = BASE64.decode(text).ok()?;
        let (nonce, sealed) = bytes.split_first_chunk::<NONCE_LEN>()?;
        let mut sealed = sealed.to_vec();
        let aad = Aad::from(purpose.cookie());
        let opened = self.key.open_in_place(Nonce::assume_unique_for_key(*nonce), aad, &mut sealed).ok()?;
        let Sealed { until, parts } = serde_json::from_slice(opened).ok()?;
        (now < until).then_some(parts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seal() -> Seal {
        Seal::new(&SecretString::from("client secret")).unwrap()
    }

    #[test]
    fn a_cookie_says_nothing_and_cannot_be_changed() {
        let parts = vec!["alice".to_owned(), "ghu_token".to_owned()];
        let text = seal().close(Purpose::Session, 100, parts.clone()).unwrap();
        assert_eq!(seal().open(Purpose::Session, 99, &text), Some(parts.clone()));
        assert_eq!(seal().open(Purpose::Session, 100, &text), None, "it has ended");
        assert_eq!(seal().open(Purpose::Attempt, 99, &text), None, "it is for something else");
        let other = Seal::new(&SecretString::from("another secret")).unwrap();
        assert_eq!(other.open(Purpose::Session, 99, &text), None);
        let bytes = BASE64.decode(&text).unwrap();
        assert!(!String::from_utf8_lossy(&bytes).contains("alice"));
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            assert_eq!(seal().open(Purpose::Session, 99, &BASE64.encode(changed)), None, "byte {at}");
        }
        for wrong in ["", "x", "AAAA", "\u{e9}"] {
            assert_eq!(seal().open(Purpose::Session, 99, wrong), None);
        }
        assert_ne!(seal().close(Purpose::Session, 100, parts).unwrap(), text);
        assert_ne!(seal().token(), seal().token());
    }
}
