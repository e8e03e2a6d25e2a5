//! Receives webhooks: the signature over the raw body first, then one durable write, then the answer.
//!
//! The delivery's id is not signed, so it only keeps repetitions out; what a delivery asks for is read from GitHub
//! again when its job is done, so a replay can have nothing judged that would not be judged anyway (T31).

use super::event::Event;
use super::figures::{Figures, Intake};
use super::plan::plan;
use super::store::{Accepted, NewDelivery, Store};
use axum::body::Bytes;
use axum::error_handling::HandleErrorLayer;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use axum::{BoxError, Router};
use ring::hmac;
use secrecy::{ExposeSecret as _, SecretString};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tower::ServiceBuilder;
use tower::limit::GlobalConcurrencyLimitLayer;
use tower_http::timeout::TimeoutLayer;

/// GitHub sends no larger body.
pub const MAX_BODY: usize = 25 << 20;

/// The longest that one delivery may take, its body included; GitHub itself waits 10 seconds.
const MAX_TIME: Duration = Duration::from_secs(9);

/// Deliveries that are taken at the same time: their bodies stand in memory. More are refused at once, and asked for
/// again by the sweep.
const MAX_AT_ONCE: usize = 64;

/// Triggers within this time become one job.
const GATHER: Duration = Duration::from_secs(2);

/// The longest id of a delivery that is taken.
const MAX_ID: usize = 100;

/// The secrets with which deliveries may be signed: two while one is replaced by another.
pub struct Secrets(Vec<hmac::Key>);

// The keys stand in it.
impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} secrets", self.0.len())
    }
}

impl Secrets {
    /// Takes secrets as they were typed into GitHub.
    pub fn new<'s>(secrets: impl IntoIterator<Item = &'s SecretString>) -> Self {
        let key =
            |secret: &SecretString| hmac::Key::new(hmac::HMAC_SHA256, secret.expose_secret().as_bytes());
        Self(secrets.into_iter().map(key).collect())
    }

    /// The body, if one of the secrets signed it: `X-Hub-Signature-256`, compared in constant time.
    pub fn verify<'b>(&self, body: &'b [u8], signature: Option<&str>) -> Option<VerifiedBody<'b>> {
        let hexadecimal = signature?.strip_prefix("sha256=")?;
        let signature = bytes(hexadecimal)?;
        // Every key is tried, so that the time does not say which one it was.
        let verified = self.0.iter().filter(|key| hmac::verify(key, body, &signature).is_ok()).count();
        (verified > 0).then_some(VerifiedBody(body))
    }
}

/// A body that GitHub signed.
#[derive(Clone, Copy, Debug)]
pub struct VerifiedBody<'b>(&'b [u8]);

fn bytes(hexadecimal: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let pairs = hexadecimal.as_bytes().chunks(2);
    pairs.map(|pair| Some(digit(*pair.first()?)? << 4 | digit(*pair.get(1)?)?)).collect()
}

/// What receives webhooks.
#[derive(Debug)]
pub struct Receiver {
    /// Where deliveries are kept.
    pub store: Arc<dyn Store>,
    /// What signs them.
    pub secrets: Secrets,
    /// Our App.
    pub app: u64,
    /// What is counted.
    pub figures: Arc<Figures>,
}

/// `POST /webhook`.
pub fn routes(receiver: Arc<Receiver>) -> Router {
    let too_many = async |_: BoxError| (StatusCode::SERVICE_UNAVAILABLE, "too many deliveries at once\n");
    let limits = ServiceBuilder::new()
        .layer(HandleErrorLayer::new(too_many))
        .load_shed()
        .layer(GlobalConcurrencyLimitLayer::new(MAX_AT_ONCE))
        .layer(TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, MAX_TIME));
    Router::new()
        .route("/webhook", post(receive))
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(limits)
        .with_state(receiver)
}

async fn receive(
    State(receiver): State<Arc<Receiver>>,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, &'static str) {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let signature = header("x-hub-signature-256");
    let Some(body) = receiver.secrets.verify(&body, signature) else {
        receiver.figures.delivery(Intake::Forged);
        return (StatusCode::UNAUTHORIZED, "the signature does not hold\n");
    };
    let (id, name) = (header("x-github-delivery"), header("x-github-event"));
    let id =
        id.filter(|id| (1..=MAX_ID).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic()));
    let (Some(id), Some(name)) = (id, name) else {
        receiver.figures.delivery(Intake::Malformed);
        return (StatusCode::BAD_REQUEST, "X-GitHub-Delivery or X-GitHub-Event is missing\n");
    };
    let (outcome, status, answer) = accept(&receiver, id, name, body).await;
    receiver.figures.delivery(outcome);
    (status, answer)
}

async fn accept(
    receiver: &Receiver,
    id: &str,
    name: &str,
    VerifiedBody(body): VerifiedBody<'_>,
) -> (Intake, StatusCode, &'static str) {
    let Ok(event) = serde_json::from_slice::<Event>(body) else {
        tracing::warn!(delivery = id, event = name, "a delivery that is signed cannot be read");
        return (Intake::Malformed, StatusCode::UNPROCESSABLE_ENTITY, "the body cannot be read\n");
    };
    let triggers = match plan(name, &event, receiver.app) {
        Ok(triggers) => triggers,
        Err(error) => {
            tracing::warn!(delivery = id, event = name, %error, "a delivery is not what is documented");
            return (
                Intake::Malformed,
                StatusCode::UNPROCESSABLE_ENTITY,
                "the event lacks what it is about\n",
            );
        }
    };
    if triggers.is_empty() {
        return (Intake::Ignored, StatusCode::ACCEPTED, "nothing to do\n");
    }
    let delivery = NewDelivery {
        id: id.to_owned(),
        event: name.to_owned(),
        repository: event.repository.map_or(String::new(), |repository| repository.full_name),
    };
    let now = receiver.store.clock().now();
    match receiver.store.accept(delivery, triggers, now.after(GATHER), now).await {
        Ok(Accepted::New) => (Intake::Queued, StatusCode::ACCEPTED, "queued\n"),
        Ok(Accepted::Known) => (Intake::Known, StatusCode::OK, "known already\n"),
        Err(error) => {
            tracing::error!(delivery = id, event = name, %error, "a delivery cannot be kept");
            (Intake::NotKept, StatusCode::SERVICE_UNAVAILABLE, "not kept; it is asked for again later\n")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signed(secret: &str, body: &[u8]) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
        let tag = hmac::sign(&key, body);
        format!("sha256={}", super::super::store::hexadecimal(tag.as_ref()))
    }

    /// <https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries>
    #[test]
    fn the_example_of_githubs_documentation_verifies() {
        let secrets = Secrets::new([&SecretString::from("It's a Secret to Everybody")]);
        let signature = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
        assert!(secrets.verify(b"Hello, World!", Some(signature)).is_some());
        assert!(secrets.verify(b"Hello, World", Some(signature)).is_none());
    }

    #[test]
    fn two_secrets_hold_while_one_replaces_the_other() {
        let (old, new) = (SecretString::from("old"), SecretString::from("new"));
        let secrets = Secrets::new([&new, &old]);
        assert!(secrets.verify(b"x", Some(&signed("old", b"x"))).is_some());
        assert!(secrets.verify(b"x", Some(&signed("new", b"x"))).is_some());
        assert!(secrets.verify(b"x", Some(&signed("third", b"x"))).is_none());
        assert_eq!(format!("{secrets:?}"), "2 secrets");
    }

    #[test]
    fn a_signature_that_is_none_never_holds() {
        let secrets = Secrets::new([&SecretString::from("s")]);
        let good = signed("s", b"x");
        let mut cut = good.clone();
        cut.pop();
        let sha1 = good.replace("sha256=", "sha1=");
        for bad in [None, Some(""), Some("sha256="), Some(&*cut), Some(&*sha1), Some("sha256=zz")] {
            assert!(secrets.verify(b"x", bad).is_none(), "{bad:?}");
        }
        assert!(Secrets::new([]).verify(b"x", Some(&good)).is_none());
    }
}
