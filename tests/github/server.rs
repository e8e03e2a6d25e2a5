//! The connections of the fake GitHub: every request is logged, and may be cut off, delayed or refused by its number.

use super::answers::{self, Answer, Body};
use super::state::State;
use http_body_util::{BodyExt as _, Full, StreamBody, combinators::BoxBody};
use hyper::body::{Bytes, Frame, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use std::collections::BTreeMap;
use std::io;
use std::net::TcpListener;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// A request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) method: String,
    /// Below the base, unescaped.
    pub(crate) path: String,
    pub(super) segments: Vec<String>,
    pub(crate) query: BTreeMap<String, String>,
    pub(crate) authorization: Option<String>,
    pub(crate) if_none_match: Option<String>,
    pub(crate) body: Option<Value>,
    /// It was answered with 304.
    pub(crate) unchanged: bool,
}

/// What goes wrong with a request.
#[derive(Clone, Debug)]
pub(crate) enum Fault {
    /// The connection breaks before the request is carried out.
    CutBefore,
    /// The request is carried out, and the connection breaks before the answer.
    CutAfter,
    /// The request is carried out, and the connection breaks in the middle of the answer.
    CutWithin,
    /// Nothing is carried out; this status.
    Status(u16),
    /// Too many requests at once: come back in so many seconds.
    SecondaryLimit(u64),
    /// Carried out after this time.
    Slow(Duration),
}

/// The state, and what serves it.
#[derive(Clone)]
pub(super) struct Shared(Arc<Mutex<State>>);

impl Shared {
    pub(super) fn new(state: State) -> Self {
        Self(Arc::new(Mutex::new(state)))
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Serves the API, or the store of artifacts, on a port of its own until the process ends.
    pub(super) fn listen(&self, store: bool) -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = self.clone();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async move {
                shared.accept(tokio::net::TcpListener::from_std(listener).unwrap(), store).await;
            });
        });
        port
    }

    async fn accept(self, listener: tokio::net::TcpListener, store: bool) {
        while let Ok((stream, _)) = listener.accept().await {
            let shared = self.clone();
            let service = service_fn(move |request| {
                let shared = shared.clone();
                async move { if store { shared.fetch(&request) } else { shared.serve(request).await } }
            });
            let connection =
                hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service);
            // A connection that is cut off ends with an error, as it should.
            tokio::spawn(async move { drop(connection.await) });
        }
    }

    async fn serve(self, request: Request<Incoming>) -> io::Result<Response<BoxBody<Bytes, io::Error>>> {
        let asked = read(request).await;
        let (number, fault) = {
            let mut state = self.lock();
            let path = below(&asked.path, state.prefix);
            state.asked.push(Asked { path, ..asked.clone() });
            let number = state.asked.len();
            if let Some((pull, sha)) = state.pushes.remove(&number) {
                let pull = state.repo_mut(super::REPOSITORY).pulls.get_mut(&pull).unwrap();
                pull.head.sha = sha;
            }
            let of_part = state.outage_of.as_ref().filter(|(part, _)| asked.path.contains(part));
            let of_part = of_part.map(|(_, fault)| fault.clone());
            (number, state.faults.remove(&number).or(of_part).or_else(|| state.outage.clone()))
        };
        let broken = || io::Error::from(io::ErrorKind::ConnectionReset);
        match &fault {
            Some(Fault::CutBefore) => return Err(broken()),
            Some(Fault::Slow(time)) => tokio::time::sleep(*time).await,
            Some(Fault::Status(status)) => return Ok(response(&Answer::error(*status, "unlucky"), false)),
            Some(Fault::SecondaryLimit(seconds)) => {
                let answer = Answer::error(403, "You have exceeded a secondary rate limit.");
                return Ok(response(&answer.with("retry-after", &seconds.to_string()), false));
            }
            Some(Fault::CutAfter | Fault::CutWithin) | None => {}
        }
        let answer = {
            let mut state = self.lock();
            let answer = answers::answer(&mut state, asked);
            if let Some(asked) = state.asked.get_mut(number - 1) {
                asked.unchanged = answer.status == 304;
            }
            answer
        };
        match fault {
            Some(Fault::CutAfter) => Err(broken()),
            fault => Ok(response(&answer, matches!(fault, Some(Fault::CutWithin)))),
        }
    }

    /// The store: everything but a token is welcome.
    fn fetch(self, request: &Request<Incoming>) -> io::Result<Response<BoxBody<Bytes, io::Error>>> {
        let mut state = self.lock();
        if request.headers().contains_key("authorization") {
            state.wrong.push("a token was sent to the store".to_owned());
        }
        let id = request.uri().path().rsplit('/').next().and_then(|id| id.parse::<u64>().ok());
        let artifacts = state.repos.values().flat_map(|repo| repo.artifacts.values());
        let bytes =
            artifacts.filter(|artifact| Some(artifact.id) == id).map(|found| found.bytes.clone()).next();
        let answer = match bytes {
            Some(bytes) if request.uri().query() == Some("sig=s3cr3t") => {
                Answer { status: 200, headers: Vec::new(), body: Body::Bytes(bytes) }
            }
            _ => Answer::error(403, "no signature"),
        };
        Ok(response(&answer, false))
    }
}

fn below(path: &str, prefix: &str) -> String {
    path.strip_prefix(prefix).unwrap_or(path).to_owned()
}

async fn read(request: Request<Incoming>) -> Asked {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    let header = |name: &str| parts.headers.get(name).map(|value| value.to_str().unwrap().to_owned());
    let query = parts.uri.query().unwrap_or_default();
    let pairs = query.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (unescaped(name), unescaped(value))
    });
    Asked {
        method: parts.method.to_string(),
        path: unescaped(parts.uri.path()),
        segments: parts.uri.path().split('/').skip(1).map(unescaped).collect(),
        query: pairs.collect(),
        authorization: header("authorization"),
        if_none_match: header("if-none-match"),
        body: serde_json::from_slice(&body).ok(),
        unchanged: false,
    }
}

fn unescaped(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        if *first == b'%'
            && let [high, low, tail @ ..] = tail
            && let Ok(byte) = u8::from_str_radix(&format!("{}{}", char::from(*high), char::from(*low)), 16)
        {
            bytes.push(byte);
            rest = tail;
        } else {
            bytes.push(*first);
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn response(answer: &Answer, cut: bool) -> Response<BoxBody<Bytes, io::Error>> {
    let bytes = match &answer.body {
        Body::Json(value) => value.to_string().into_bytes(),
        Body::Bytes(bytes) => bytes.clone(),
        Body::Nothing => Vec::new(),
    };
    let mut response = Response::builder().status(answer.status);
    if matches!(answer.body, Body::Json(_)) {
        response = response.header("content-type", "application/json; charset=utf-8");
    }
    for (name, value) in &answer.headers {
        response = response.header(name, value);
    }
    let body = if cut {
        let half = Bytes::from(bytes[..bytes.len() / 2].to_vec());
        let parts = vec![Ok(Frame::data(half)), Err(io::Error::from(io::ErrorKind::ConnectionReset))];
        StreamBody::new(futures_util::stream::iter(parts)).boxed()
    } else {
        Full::new(Bytes::from(bytes)).map_err(|never| match never {}).boxed()
    };
    response.body(body).unwrap()
}
