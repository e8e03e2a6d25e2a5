//! What GitHub answered while a commit was evaluated, kept so that the same can be evaluated again without GitHub: by
//! another version of Tollgate, before it takes over.
//!
//! A tape runs along with a task: [`Tape::along`]. While it records, requests go their way and their answers are kept;
//! while it plays, nothing is asked, and what is not on it fails. Writes are neither kept nor played.

use super::client::{Answer, RequestError};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use http::header::{HeaderMap, HeaderValue, LINK, LOCATION};
use http::{Method, StatusCode};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::future::Future;
use std::io::{Read as _, Write as _};
use std::sync::{Arc, Mutex, PoisonError};

/// A tape of more bytes is not kept; that evaluation cannot be repeated.
const MAX_BYTES: usize = 8 << 20;

/// The most bytes that a kept tape may unpack to: base64 and the names.
const MAX_UNPACKED: u64 = 16 << 20;

tokio::task_local! {
    static TAPE: Tape;
}

/// Answers by what was asked.
#[derive(Clone, Debug)]
pub struct Tape(Arc<Mutex<Reel>>);

#[derive(Debug)]
struct Reel {
    plays: bool,
    bytes: usize,
    answers: BTreeMap<String, Taped>,
}

/// An answer, as far as anybody looks at it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Taped {
    status: u16,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    link: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    location: Option<String>,
    body: String,
}

impl Tape {
    /// An empty tape that records.
    pub fn recording() -> Self {
        Self(Arc::new(Mutex::new(Reel { plays: false, bytes: 0, answers: BTreeMap::new() })))
    }

    /// A tape that plays what [`Tape::write`] gave; `None` for anything else.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let mut text = Vec::new();
        GzDecoder::new(bytes).take(MAX_UNPACKED).read_to_end(&mut text).ok()?;
        let answers = serde_json::from_slice(&text).ok()?;
        Some(Self(Arc::new(Mutex::new(Reel { plays: true, bytes: 0, answers }))))
    }

    /// What was recorded; `None` if it was too much.
    pub fn write(&self) -> Option<Vec<u8>> {
        let reel = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if reel.bytes > MAX_BYTES {
            return None;
        }
        let mut packed = GzEncoder::new(Vec::new(), Compression::default());
        packed.write_all(&serde_json::to_vec(&reel.answers).ok()?).ok()?;
        packed.finish().ok()
    }

    /// Keeps what an evaluation takes from elsewhere than GitHub, on the tape that runs along, if one records.
    pub fn keep_beside(what: &str, body: &[u8]) {
        let answer = Answer { status: StatusCode::OK, headers: HeaderMap::new(), body: body.to_vec() };
        keep(&Method::GET, what, &Ok(answer));
    }

    /// The same from the tape that runs along, if one plays and holds it.
    pub fn beside(what: &str) -> Option<Vec<u8>> {
        played(&Method::GET, what)?.ok().map(|answer| answer.body)
    }

    /// Runs along with everything that the future asks, not with tasks that it spawns.
    pub async fn along<F: Future>(self, future: F) -> F::Output {
        TAPE.scope(self, future).await
    }
}

/// The answer on the tape that runs along, if one plays.
pub(super) fn played(method: &Method, what: &str) -> Option<Result<Answer, RequestError>> {
    TAPE.try_with(|tape| {
        let reel = tape.0.lock().unwrap_or_else(PoisonError::into_inner);
        reel.plays.then(|| {
            let taped = reel.answers.get(what).filter(|_| method == Method::GET);
            taped.ok_or(RequestError::Unreachable("it is not on the tape")).and_then(Taped::answer)
        })
    })
    .ok()
    .flatten()
}

/// Keeps an answer on the tape that runs along, if one records. What failed on the way was no answer.
pub(super) fn keep(method: &Method, what: &str, answer: &Result<Answer, RequestError>) {
    let Some(taped) = Taped::of(answer).filter(|_| method == Method::GET) else { return };
    // Most tasks have no tape.
    let _without_a_tape = TAPE.try_with(|tape| {
        let mut reel = tape.0.lock().unwrap_or_else(PoisonError::into_inner);
        if reel.plays {
            return;
        }
        reel.bytes = reel.bytes.saturating_add(taped.body.len());
        if reel.bytes > MAX_BYTES {
            reel.answers.clear();
        } else {
            reel.answers.insert(what.to_owned(), taped);
        }
    });
}

impl Taped {
    fn of(answer: &Result<Answer, RequestError>) -> Option<Self> {
        match answer {
            Ok(answer) => {
                let text = |name| Some(answer.headers.get(name)?.to_str().ok()?.to_owned());
                Some(Self {
                    status: answer.status.as_u16(),
                    link: text(LINK),
                    // Its query is a signature.
                    location: text(LOCATION)
                        .map(|location| location.split('?').next().unwrap_or_default().to_owned()),
                    body: BASE64_STANDARD.encode(&answer.body),
                })
            }
            Err(RequestError::Status(status)) => {
                Some(Self { status: *status, link: None, location: None, body: String::new() })
            }
            Err(_) => None,
        }
    }

    fn answer(&self) -> Result<Answer, RequestError> {
        let damaged = || RequestError::Malformed("the tape is damaged");
        let status = StatusCode::from_u16(self.status).map_err(|_| damaged())?;
        if !status.is_success() && !status.is_redirection() {
            return Err(RequestError::Status(self.status));
        }
        let mut headers = HeaderMap::new();
        for (name, value) in [(LINK, &self.link), (LOCATION, &self.location)] {
            if let Some(value) = value {
                headers.insert(name, HeaderValue::from_str(value).map_err(|_| damaged())?);
            }
        }
        let body = BASE64_STANDARD.decode(&self.body).map_err(|_| damaged())?;
        Ok(Answer { status, headers, body })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run<T>(future: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
    }

    #[test]
    fn what_was_recorded_is_played_and_nothing_else() {
        let recording = Tape::recording();
        run(recording.clone().along(async {
            assert!(played(&Method::GET, "/a").is_none(), "a recording tape plays nothing");
            let mut headers = HeaderMap::new();
            headers.insert(LINK, HeaderValue::from_static("<x>; rel=\"next\""));
            let answer = Answer { status: StatusCode::OK, headers, body: b"\x00\xff".to_vec() };
            keep(&Method::GET, "/a", &Ok(answer));
            keep(&Method::GET, "/b", &Err(RequestError::Status(404)));
            keep(&Method::GET, "/c", &Err(RequestError::Unreachable("gone")));
            keep(&Method::POST, "/d", &Err(RequestError::Status(404)));
        }));
        let tape = Tape::read(&recording.write().unwrap()).unwrap();
        run(tape.along(async {
            let answer = played(&Method::GET, "/a").unwrap().unwrap();
            assert_eq!((answer.body.as_slice(), answer.headers.len()), (&b"\x00\xff"[..], 1));
            assert_eq!(played(&Method::GET, "/b").unwrap().unwrap_err(), RequestError::Status(404));
            assert!(played(&Method::GET, "/c").unwrap().is_err());
            assert!(played(&Method::POST, "/a").unwrap().is_err(), "nothing is written while it plays");
        }));
        assert!(run(async { played(&Method::GET, "/a") }).is_none(), "without a tape GitHub is asked");
        assert!(Tape::read(b"no tape").is_none());
    }

    #[test]
    fn a_tape_that_is_too_long_is_not_kept() {
        let tape = Tape::recording();
        run(tape.clone().along(async {
            for n in 0..5 {
                let body = vec![0; 2 << 20];
                let answer = Answer { status: StatusCode::OK, headers: HeaderMap::new(), body };
                keep(&Method::GET, &n.to_string(), &Ok(answer));
            }
        }));
        assert!(tape.write().is_none());
    }
}
