//! What the fake GitHub answers, by what it is about.

pub(super) mod actions;
mod apps;
mod checks;
mod objects;
mod pulls;
pub(super) mod repositories;

use super::server::Asked;
use super::spec;
use super::state::{LIMIT, State, Token, now};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// An answer.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Body,
}

/// What an answer carries.
pub(super) enum Body {
    Json(Value),
    Bytes(Vec<u8>),
    Nothing,
}

impl Answer {
    fn json(status: u16, value: Value) -> Self {
        Self { status, headers: Vec::new(), body: Body::Json(value) }
    }

    pub(super) fn error(status: u16, message: &str) -> Self {
        let page = "https://docs.github.com/rest";
        Self::json(
            status,
            json!({"message": message, "documentation_url": page, "status": status.to_string()}),
        )
    }

    pub(super) fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }
}

/// An answer, or the error that stands for it.
type Result = std::result::Result<Answer, Answer>;

fn not_found() -> Answer {
    Answer::error(404, "Not Found")
}

/// Who asks.
struct Caller {
    token: Token,
    /// The App that asks by its own key.
    as_app: Option<u64>,
}

impl Caller {
    fn needs(&self, what: &str, level: &str) -> std::result::Result<(), Answer> {
        let may = self.as_app.is_none() && self.token.may(what, level);
        if may { Ok(()) } else { Err(Answer::error(403, "Resource not accessible by integration")) }
    }
}

/// Answers a request, and remembers what was not as GitHub describes it.
pub(super) fn answer(state: &mut State, asked: Asked) -> Answer {
    let whole = asked.segments.iter().map(String::as_str).collect::<Vec<_>>();
    let prefix: Vec<&str> = state.prefix.split('/').filter(|part| !part.is_empty()).collect();
    let Some(segments) = whole.strip_prefix(prefix.as_slice()) else {
        state.wrong.push(format!("{} is not below the base of the API", asked.path));
        return not_found();
    };
    let spec = spec::of(state.server);
    let operation = spec.as_ref().map(|spec| spec.operation(&asked, segments));
    if let Some(None) = operation {
        state.wrong.push(format!("{} {} is no operation that the fake knows", asked.method, asked.path));
        return not_found();
    }
    let operation = operation.flatten();
    if let Some(operation) = &operation {
        let refused = operation.refuses(&asked);
        if !refused.is_empty() {
            let message = refused.join("\n");
            state.wrong.extend(refused);
            return Answer::error(422, &message);
        }
    }
    let mut answer = limited(state, &asked, segments);
    if let Some(operation) = &operation {
        state.wrong.extend(operation.conform(&mut answer));
    }
    with_etag(state, &asked, answer)
}

/// The answer, unless the rate limit is used up.
fn limited(state: &mut State, asked: &Asked, segments: &[&str]) -> Answer {
    if let Some(rate) = state.rate.filter(|rate| rate.remaining == 0 && rate.reset > now()) {
        return with_rate(Answer::error(403, "API rate limit exceeded"), rate.remaining, rate.reset);
    }
    let answer = match caller(state, asked) {
        Ok(caller) => route(state, asked, segments, &caller).unwrap_or_else(|error| error),
        Err(error) => error,
    };
    if let Some(rate) = &mut state.rate {
        if rate.reset <= now() {
            (rate.remaining, rate.reset) = (LIMIT, now() + 3_600);
        }
        rate.remaining -= 1;
        return with_rate(answer, rate.remaining, rate.reset);
    }
    // GHES has no rate limits unless somebody turns them on.
    if state.prefix.is_empty() { with_rate(answer, LIMIT - 1, now() + 3_600) } else { answer }
}

fn with_rate(answer: Answer, remaining: u64, reset: u64) -> Answer {
    let used = LIMIT.saturating_sub(remaining);
    answer
        .with("x-ratelimit-limit", &LIMIT.to_string())
        .with("x-ratelimit-remaining", &remaining.to_string())
        .with("x-ratelimit-reset", &reset.to_string())
        .with("x-ratelimit-used", &used.to_string())
        .with("x-ratelimit-resource", "core")
}

/// An ETag for what can be read, and 304 for what has not changed: that costs nothing of the rate limit.
fn with_etag(state: &mut State, asked: &Asked, answer: Answer) -> Answer {
    let Body::Json(value) = &answer.body else { return answer };
    if asked.method != "GET" || answer.status != 200 {
        return answer;
    }
    let digest = Sha256::digest(value.to_string());
    let etag = format!("W/\"{}\"", digest.iter().map(|byte| format!("{byte:02x}")).collect::<String>());
    if asked.if_none_match.as_deref() == Some(&etag) {
        if let Some(rate) = &mut state.rate {
            rate.remaining += 1;
        }
        return Answer { status: 304, body: Body::Nothing, ..answer }.with("etag", &etag);
    }
    answer.with("etag", &etag)
}

fn caller(state: &State, asked: &Asked) -> std::result::Result<Caller, Answer> {
    let token = asked.authorization.as_deref().and_then(|value| value.strip_prefix("Bearer "));
    let Some(token) = token else { return Err(Answer::error(401, "Requires authentication")) };
    if let Some(known) = state.tokens.get(token) {
        return Ok(Caller { token: known.clone(), as_app: None });
    }
    match apps::app_of(state, token) {
        Some(app) => Ok(Caller { token: Token::of_app(app), as_app: Some(app) }),
        None => Err(Answer::error(401, "Bad credentials")),
    }
}

fn route(state: &mut State, asked: &Asked, segments: &[&str], caller: &Caller) -> Result {
    let ["repos", owner, name, rest @ ..] = segments else {
        return apps::route(state, asked, segments, caller);
    };
    let full_name = format!("{owner}/{name}");
    let Some(repo) = state.repos.get(&full_name) else { return Err(not_found()) };
    let token = asked.authorization.as_deref().and_then(|value| value.strip_prefix("Bearer "));
    if repo.seen_by.as_ref().is_some_and(|seen| token.is_none_or(|token| !seen.contains(token))) {
        return Err(not_found());
    }
    if let ["installation"] = rest {
        return apps::installation_of(state, &full_name, caller);
    }
    match rest {
        ["check-runs", ..] | ["commits", _, "check-runs"] => {
            checks::route(state, asked, &full_name, rest, caller)
        }
        ["pulls", ..] | ["commits", _, "pulls"] | ["issues", ..] => {
            pulls::route(state, asked, &full_name, rest, caller)
        }
        ["attestations", digest] => actions::attestations(state, asked, &full_name, digest, caller),
        ["actions", rest @ ..] => actions::route(state, asked, &full_name, rest, caller),
        ["git", ..] | ["contents", ..] | ["compare", ..] => {
            objects::route(state, asked, &full_name, rest, caller)
        }
        _ => repositories::route(state, &full_name, rest, caller),
    }
}

/// One page of a list, and the address of the next one.
fn page(state: &State, asked: &Asked, items: Vec<Value>) -> (Vec<Value>, Option<String>) {
    let number = |name: &str, unsaid: usize| {
        asked.query.get(name).map_or(unsaid, |text| text.parse::<usize>().unwrap().max(1))
    };
    // A cursor is a page here.
    let (size, at) =
        (number("per_page", 30).min(100), number("page", 1).max(number("cursor", 1)).max(number("after", 1)));
    let is_last = items.len() <= size * at;
    let items = items.into_iter().skip(size * (at - 1)).take(size).collect();
    let next = (!is_last).then(|| {
        let mut query = asked.query.clone();
        let name = match &asked.path {
            path if path.ends_with("/hook/deliveries") => "cursor",
            path if path.contains("/attestations/") => "after",
            _ => "page",
        };
        query.insert(name.to_owned(), (at + 1).to_string());
        let query: Vec<String> = query.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let path = asked.path.strip_prefix(state.prefix).unwrap();
        format!(
            "<{}{path}?{}>; rel=\"next\", <{}{path}>; rel=\"first\"",
            state.url,
            query.join("&"),
            state.url
        )
    });
    (items, next)
}

fn paged(answer: Answer, next: Option<String>) -> Answer {
    match next {
        Some(next) => answer.with("link", &next),
        None => answer,
    }
}

/// A list that says how long it is.
fn counted(state: &State, asked: &Asked, name: &str, items: Vec<Value>) -> Answer {
    let total = items.len();
    let (items, next) = page(state, asked, items);
    paged(Answer::json(200, json!({"total_count": total, name: items})), next)
}

/// A bare list.
fn listed(state: &State, asked: &Asked, items: Vec<Value>) -> Answer {
    let (items, next) = page(state, asked, items);
    paged(Answer::json(200, json!(items)), next)
}
