//! The pages over HTTP: what they say, to whom, and with which headers; and in a browser.

use super::*;
use crate::io::github::{Api, Network, SignIn};
use crate::model::{Verdict, fixtures};
use crate::records::chain::Digest;
use crate::server::store::tests::{connect, server};
use crate::server::store::{
    Claim, Effects, Finish, JobKind, KnownRepository, Merged, NewRecord, RecordQuery, Sqlite, Trigger,
};
use crate::wire::verdict::{Context, VerdictRecord, write};
use axum::body::Body;
use axum::routing::delete;
use http_body_util::BodyExt as _;
use secrecy::SecretString;
use std::collections::BTreeSet;
use std::future::Future;
use std::sync::Mutex;
use tower::ServiceExt as _;

/// Every page and file of a repository and of the whole.
const PATHS: [&str; 17] = [
    "/",
    "/?why=silent&page=2",
    "/overview.csv",
    "/overview.json",
    "/repositories?name=pay",
    "/repositories/acme/payments",
    "/repositories/acme/payments/verdicts.csv",
    "/repositories/acme/payments/verdicts.json",
    "/repositories/acme/payments/verdicts/1",
    "/repositories/acme/payments/verdicts/1/record.json",
    "/repositories/acme/payments/verdicts/1/outcomes.csv",
    "/merged.csv",
    "/merged.json",
    "/repositories/acme/payments/merged.csv",
    "/repositories/acme/payments/merged.json",
    "/search?q=payments",
    "/search.json?q=%237",
];

/// The same over SQLite and over PostgreSQL.
fn on_every_store(name: &str, test: impl AsyncFn(Place)) {
    run(async {
        test(place().await).await;
        let Some(server) = server() else { return };
        let store = connect(&server.database(name)).await.unwrap();
        test(filled(Arc::new(store), None).await).await;
    });
}

fn run(test: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
        .block_on(test);
}

struct Place {
    _folder: Option<tempfile::TempDir>,
    store: Arc<dyn Store>,
}

/// SQLite in a folder of its own.
async fn place() -> Place {
    let folder = tempfile::tempdir().unwrap();
    filled(Arc::new(Sqlite::open(folder.path()).unwrap()), Some(folder)).await
}

/// A store with a verdict of `acme/payments` and one of `acme/secret`, both given after the merge.
async fn filled(store: Arc<dyn Store>, folder: Option<tempfile::TempDir>) -> Place {
    keep(&*store, "acme/payments", 7, &fixtures::failing()).await;
    keep(&*store, "acme/secret", 8, &fixtures::passing()).await;
    merged_while_away(&*store, "acme/payments", 7).await;
    merged_while_away(&*store, "acme/secret", 8).await;
    Place { _folder: folder, store }
}

async fn merged_while_away(store: &dyn Store, repository: &str, pull: u64) {
    let now = store.clock().now();
    let merged = Merged {
        repository: repository.to_owned(),
        sha: sha(pull),
        pull,
        installation: 5,
        at: now.before(Duration::from_secs(3_600)),
        judged_until: Time(0),
    };
    assert!(store.keep_merged(merged, now).await.unwrap());
    let claim = Claim { most: 1, per_repository: 10, until: now.after(Duration::from_secs(60)) };
    let job = store.claim(claim, now).await.unwrap().remove(0);
    assert!(store.finish(&job.lease, Finish::Done(now), Effects::default(), now).await.unwrap());
}

fn sha(pull: u64) -> String {
    format!("{:040x}", 0xabc0_0000_0000 + pull)
}

async fn keep(store: &dyn Store, repository: &str, pull: u64, verdict: &Verdict) {
    let now = store.clock().now();
    let known = KnownRepository {
        repository: repository.to_owned(),
        installation: 5,
        default_branch: "main".to_owned(),
        is_private: true,
        seen: now,
    };
    store.keep_repository(known).await.unwrap();
    let mut record = VerdictRecord::from(verdict);
    record.decided_at = index::moment(now).rfc3339();
    record.context =
        Some(Context { repo: Some(repository.to_owned()), pull_request: Some(pull), author: None });
    let what = NewRecord {
        repository: repository.to_owned(),
        sha: sha(pull),
        pulls: vec![pull],
        kind: verdict.kind.word().to_owned(),
        decided: now,
        policy: Some(Digest::of(b"policy")),
        evidence: Some(Digest::of(pull.to_string().as_bytes())),
        body: write(&record),
    };
    let trigger = Trigger {
        kind: JobKind::Judge,
        repository: repository.to_owned(),
        subject: sha(pull),
        pull,
        installation: 5,
        cause: "test",
    };
    store.trigger(vec![trigger], now, now).await.unwrap();
    let claim = Claim { most: 1, per_repository: 10, until: now.after(Duration::from_secs(60)) };
    let job = store.claim(claim, now).await.unwrap().remove(0);
    let effects = Effects { record: Some(what), ..Effects::default() };
    assert!(store.finish(&job.lease, Finish::Done(now), effects, now).await.unwrap());
}

struct Said {
    status: StatusCode,
    headers: HeaderMap,
    text: String,
}

impl Said {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).unwrap_or_else(|| panic!("no {name}")).to_str().unwrap()
    }
}

async fn ask(routes: &Router, method: &str, path: &str, headers: &[(&str, &str)]) -> Said {
    let mut request = http::Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let answer = routes.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    let (parts, body) = answer.into_parts();
    let bytes = body.collect().await.unwrap().to_bytes();
    Said { status: parts.status, headers: parts.headers, text: String::from_utf8(bytes.to_vec()).unwrap() }
}

async fn page(routes: &Router, path: &str, cookie: &str) -> Said {
    ask(routes, "GET", path, &[("cookie", cookie)]).await
}

fn public(place: &Place) -> Router {
    routes(Arc::new(Pages::new(Arc::clone(&place.store), Access::Public)))
}

#[test]
fn every_page_has_the_headers_that_keep_others_out() {
    on_every_store("page_headers", async |place| {
        let routes = public(&place);
        for path in PATHS.iter().chain(&["/nowhere", "/repositories/acme/none", "/assets/page.css"]) {
            let said = page(&routes, path, "").await;
            let is_there = !path.contains("no");
            assert_eq!(said.status == StatusCode::OK, is_there, "{path}: {}", said.text);
            let policy = said.header("content-security-policy");
            assert!(policy.starts_with("default-src 'none'") && policy.contains("frame-ancestors 'none'"));
            assert!(!policy.contains("unsafe") && !policy.contains("script"), "{policy}");
            assert_eq!(said.header("x-content-type-options"), "nosniff");
            assert_eq!(said.header("referrer-policy"), "no-referrer");
            let cache = if *path == "/assets/page.css" { "public, max-age=300" } else { "no-store" };
            assert_eq!(said.header("cache-control"), cache, "{path}");
        }
    });
}

#[test]
fn the_pages_say_what_the_store_holds() {
    on_every_store("pages_say", async |place| {
        let routes = public(&place);
        let overview = page(&routes, "/", "").await.text;
        assert!(overview.contains("2 repositories"), "{overview}");
        assert!(
            overview.contains("2 pull requests of the last 30 days had no verdict when merged"),
            "{overview}"
        );
        let merged = page(&routes, "/merged.csv", "").await.text;
        assert!(merged.contains("acme/secret,8,") && merged.contains(",passed,2\r\n"), "{merged}");
        let merged = page(&routes, "/repositories/acme/payments/merged.json", "").await.text;
        assert!(merged.contains("\"verdict\": \"needs-changes\"") && !merged.contains("secret"), "{merged}");
        let repository = page(&routes, "/repositories/acme/payments", "").await.text;
        assert!(repository.contains("Merged while the gate was away"), "{repository}");
        for said in ["Coverage of changed lines", "#7", "Needs changes", "tests.failed"] {
            assert!(repository.contains(said), "no {said} in {repository}");
        }
        let record = page(&routes, "/repositories/acme/payments/verdicts/1/record.json", "").await.text;
        let kept = place.store.record(1).await.unwrap().unwrap();
        assert_eq!(record.as_bytes(), kept.what.body);
        let verdict = page(&routes, "/repositories/acme/payments/verdicts/1", "").await.text;
        assert!(verdict.contains(&kept.hash.to_string()) && verdict.contains("What to do"), "{verdict}");
        for (query, wanted, unwanted) in [
            ("payments", "acme/payments", "acme/secret"),
            ("%238", "acme/secret", "acme/payments"),
            (sha(7).get(..33).unwrap(), "verdicts/", "Nothing that you may read"),
        ] {
            let found = page(&routes, &format!("/search?q={query}"), "").await.text;
            assert!(found.contains(wanted) && !found.contains(unwanted), "{query}: {found}");
        }
        // A record of another repository is not there, whatever its number.
        let other = page(&routes, "/repositories/acme/payments/verdicts/2", "").await;
        assert_eq!(other.status, StatusCode::NOT_FOUND);
        // What is kept later is in the lists as soon as they are asked for anew.
        keep(&*place.store, "acme/payments", 9, &fixtures::passing()).await;
        let pages = Pages::new(Arc::clone(&place.store), Access::Public);
        let mut index = Index::default();
        index.refresh(&*pages.store, pages.now()).await.unwrap();
        index.refresh(&*pages.store, pages.now()).await.unwrap();
        assert_eq!(index.newest_first().map(|entry| entry.listed.id).collect::<Vec<_>>(), [3, 2, 1]);
    });
}

#[test]
fn a_commit_leads_to_its_newest_verdict() {
    on_every_store("pages_commit", async |place| {
        let routes = public(&place);
        let address = |pull: u64| format!("/repositories/acme/payments/commits/{}", sha(pull));
        let found = page(&routes, &address(7), "").await;
        assert_eq!(
            (found.status, found.header("location")),
            (StatusCode::SEE_OTHER, "/repositories/acme/payments/verdicts/1")
        );
        keep(&*place.store, "acme/payments", 7, &fixtures::passing()).await;
        assert_eq!(
            page(&routes, &address(7), "").await.header("location"),
            "/repositories/acme/payments/verdicts/3"
        );
        // One of another repository, and one that is not judged yet.
        assert_eq!(page(&routes, &address(8), "").await.status, StatusCode::NOT_FOUND);
        merged_while_away(&*place.store, "acme/payments", 12).await;
        let waiting = page(&routes, &address(12), "").await;
        assert!(
            waiting.status == StatusCode::OK && waiting.text.contains("No verdict yet"),
            "{}",
            waiting.text
        );
    });
}

#[test]
fn the_page_of_a_removed_verdict_says_that_it_was_removed_and_when() {
    on_every_store("pages_removed", async |place| {
        let routes = public(&place);
        keep(&*place.store, "acme/payments", 9, &fixtures::passing()).await;
        let later = place.store.clock().now().after(Duration::from_secs(40 * 86_400));
        let removed = place.store.remove_records("acme/payments", 30, later).await.unwrap().unwrap();
        assert_eq!(removed.verdicts, 1);
        let day = index::moment(later).day().unwrap();
        for file in ["", "/record.json", "/outcomes.csv"] {
            let gone = page(&routes, &format!("/repositories/acme/payments/verdicts/1{file}"), "").await;
            assert_eq!(gone.status, StatusCode::GONE, "{file}");
            let said = format!(
                "was removed, at the latest on {day}: verdicts of this repository are kept for 30 days"
            );
            assert!(gone.text.contains(&said), "{}", gone.text);
        }
        assert_eq!(page(&routes, "/repositories/acme/payments/verdicts/3", "").await.status, StatusCode::OK);
        for never in ["0", "-1", "4", "x", "99999999999999999999"] {
            let said = page(&routes, &format!("/repositories/acme/payments/verdicts/{never}"), "").await;
            assert_eq!(said.status, StatusCode::NOT_FOUND, "{never}");
        }
        let other = page(&routes, "/repositories/acme/secret/verdicts/1", "").await;
        assert_eq!(other.status, StatusCode::NOT_FOUND, "nothing was removed there");
        let commit = async |repository: &str| {
            let address = format!("/repositories/acme/{repository}/commits/{}", "7".repeat(40));
            page(&routes, &address, "").await
        };
        let perhaps = commit("payments").await;
        assert_eq!(perhaps.status, StatusCode::NOT_FOUND);
        assert!(perhaps.text.contains("No longer kept, or there was none"), "{}", perhaps.text);
        assert!(commit("secret").await.text.contains("Nothing here"));
    });
}

#[test]
fn nobody_reads_where_nothing_was_set_up() {
    on_every_store("pages_closed", async |place| {
        let routes = routes(Arc::new(Pages::new(Arc::clone(&place.store), Access::Closed)));
        for path in PATHS {
            let said = page(&routes, path, "").await;
            assert_eq!(said.status, StatusCode::UNAUTHORIZED, "{path}");
            assert!(!said.text.contains("acme"), "{path}: {}", said.text);
        }
    });
}

/// A GitHub at which alice signs in, each time with another token; she may read `acme/Payments` alone.
async fn github() -> String {
    let good: Arc<Mutex<BTreeSet<String>>> = Arc::default();
    let (given, taken) = (Arc::clone(&good), Arc::clone(&good));
    let exchange = move |body: String| {
        let given = Arc::clone(&given);
        async move {
            let body: serde_json::Value = serde_json::from_str(&body).unwrap();
            let is_good = body["code"] == "good" && body["client_secret"] == "client secret";
            assert!(body["code_verifier"].as_str().unwrap().len() >= 43);
            if !is_good {
                return r#"{"error":"bad_verification_code"}"#.to_owned();
            }
            let mut given = given.lock().unwrap();
            let token = format!("ghu_alice{}", given.len());
            given.insert(token.clone());
            format!(r#"{{"access_token":"{token}"}}"#)
        }
    };
    let revoke = move |headers: HeaderMap, body: String| {
        let taken = Arc::clone(&taken);
        async move {
            // `Iv1.client:client secret`
            let is_owner = headers["authorization"] == "Basic SXYxLmNsaWVudDpjbGllbnQgc2VjcmV0";
            let body: serde_json::Value = serde_json::from_str(&body).unwrap();
            let token = body["access_token"].as_str().unwrap();
            match is_owner && taken.lock().unwrap().remove(token) {
                true => StatusCode::NO_CONTENT,
                false => StatusCode::NOT_FOUND,
            }
        }
    };
    let told = move |headers: HeaderMap, answer: &'static str| {
        let good = Arc::clone(&good);
        async move {
            let said = headers.get("authorization").and_then(|value| value.to_str().ok()).unwrap_or_default();
            let token = said.strip_prefix("Bearer ").unwrap_or_default();
            match good.lock().unwrap().contains(token) {
                true => (StatusCode::OK, answer),
                false => (StatusCode::UNAUTHORIZED, "{}"),
            }
        }
    };
    let tells = |answer: &'static str| {
        let told = told.clone();
        get(move |headers: HeaderMap| told(headers, answer))
    };
    let app = Router::new()
        .route("/login/oauth/access_token", post(exchange))
        .route("/applications/Iv1.client/token", delete(revoke))
        .route("/user", tells(r#"{"login":"alice"}"#))
        .route("/user/installations", tells(r#"{"total_count":1,"installations":[{"id":5}]}"#))
        .route(
            "/user/installations/5/repositories",
            tells(r#"{"total_count":1,"repositories":[{"full_name":"acme/Payments"}]}"#),
        );
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await });
    address
}

async fn with_accounts(place: &Place) -> Router {
    let accounts = Accounts::new(SignIn {
        api: Api::new(&github().await).unwrap(),
        network: Network::direct(),
        client_id: "Iv1.client".to_owned(),
        client_secret: SecretString::from("client secret"),
        redirect: "https://gate.example.com/signed-in".to_owned(),
    });
    let access = Access::Accounts(Box::new(accounts.unwrap()));
    routes(Arc::new(Pages::new(Arc::clone(&place.store), access)))
}

/// The name and value of a cookie that was set.
fn set(said: &Said) -> String {
    let cookie = said.header("set-cookie");
    assert!(cookie.starts_with("__Host-"), "{cookie}");
    for attribute in ["; Path=/", "; Secure", "; HttpOnly", "; SameSite=Lax", "; Max-Age="] {
        assert!(cookie.contains(attribute), "{cookie}");
    }
    cookie.split(';').next().unwrap().to_owned()
}

/// Begins to sign in: the cookie of the attempt, and the state that GitHub gives back.
async fn begun(routes: &Router) -> (String, String) {
    let begun = page(routes, "/sign-in", "").await;
    assert_eq!(begun.status, StatusCode::SEE_OTHER);
    let address = begun.header("location");
    assert!(address.contains("/login/oauth/authorize?client_id=Iv1.client&"), "{address}");
    assert!(address.contains("code_challenge_method=S256"), "{address}");
    let state = address.split("&state=").nth(1).unwrap().split('&').next().unwrap();
    (set(&begun), state.to_owned())
}

#[test]
fn who_is_not_signed_in_reads_nothing_and_learns_nothing() {
    on_every_store("pages_signed_out", async |place| {
        let routes = with_accounts(&place).await;
        let nothing = page(&routes, "/", "").await;
        assert!(nothing.text.contains("Sign in with GitHub"));
        for path in PATHS.iter().chain(&["/repositories/acme/none", "/nowhere"]) {
            for cookie in ["", "__Host-tollgate=", "__Host-tollgate=AAAA", "tollgate=x; __Host-tollgate=%00"]
            {
                let said = page(&routes, path, cookie).await;
                assert_eq!((said.status, &said.text), (StatusCode::UNAUTHORIZED, &nothing.text), "{path}");
            }
        }
    });
}

#[test]
fn an_account_reads_what_it_may_read_on_github_and_cannot_tell_the_rest_from_nothing() {
    on_every_store("pages_account", async |place| {
        let routes = with_accounts(&place).await;
        let (attempt, state) = begun(&routes).await;
        let ended = page(&routes, &format!("/signed-in?code=good&state={state}"), &attempt).await;
        assert_eq!(ended.status, StatusCode::SEE_OTHER);
        let session = set(&ended);
        assert!(!session.contains("ghu_") && !session.contains("alice"), "{session}");

        let overview = page(&routes, "/", &session).await;
        assert_eq!(overview.status, StatusCode::OK);
        assert!(
            overview.text.contains("alice") && overview.text.contains("1 repository<"),
            "{}",
            overview.text
        );
        for path in PATHS {
            let said = page(&routes, path, &session).await;
            assert_eq!(said.status, StatusCode::OK, "{path}");
            assert!(!said.text.contains("secret") && !said.text.contains("ghu_"), "{path}: {}", said.text);
        }
        let none = page(&routes, "/repositories/acme/none", &session).await;
        assert_eq!(none.status, StatusCode::NOT_FOUND);
        for path in [
            "/repositories/acme/secret",
            "/repositories/acme/secret/verdicts.csv",
            "/repositories/acme/secret/verdicts/2",
            "/repositories/acme/secret/verdicts/2/record.json",
            "/repositories/acme/payments/verdicts/2",
        ] {
            let said = page(&routes, path, &session).await;
            assert_eq!((said.status, &said.text), (none.status, &none.text), "{path}");
        }
        for query in ["secret", "%238", &sha(8)] {
            let found = page(&routes, &format!("/search.json?q={query}"), &session).await.text;
            assert!(!found.contains("acme"), "{query}: {found}");
        }
    });
}

#[test]
fn signing_in_is_bound_to_the_browser_that_began_it() {
    on_every_store("pages_sign_in", async |place| {
        let routes = with_accounts(&place).await;
        let (attempt, state) = begun(&routes).await;
        let (other, _) = begun(&routes).await;
        for (path, cookie) in [
            (format!("/signed-in?code=good&state={state}"), ""),
            (format!("/signed-in?code=good&state={state}"), other.as_str()),
            ("/signed-in?code=good&state=forged".to_owned(), attempt.as_str()),
            ("/signed-in?code=good".to_owned(), attempt.as_str()),
            (format!("/signed-in?code=bad&state={state}"), attempt.as_str()),
        ] {
            let said = page(&routes, &path, cookie).await;
            assert_eq!(said.status, StatusCode::UNAUTHORIZED, "{path}");
            assert!(said.headers.get("set-cookie").is_none(), "{path}");
        }
        // The cookie of an attempt is no session.
        let as_session = attempt.replace("__Host-tollgate-sign-in=", "__Host-tollgate=");
        assert_eq!(page(&routes, "/", &as_session).await.status, StatusCode::UNAUTHORIZED);
        let elsewhere = ask(&routes, "POST", "/sign-out", &[("sec-fetch-site", "cross-site")]).await;
        assert_eq!(elsewhere.status, StatusCode::FORBIDDEN);
        let out = ask(&routes, "POST", "/sign-out", &[("sec-fetch-site", "same-origin")]).await;
        assert!(out.header("set-cookie").contains("Max-Age=0"));
    });
}

#[test]
fn signing_out_takes_the_token_of_the_session_back_and_of_no_other() {
    on_every_store("pages_sign_out", async |place| {
        let routes = with_accounts(&place).await;
        let mut sessions = Vec::new();
        for _ in 0..2 {
            let (attempt, state) = begun(&routes).await;
            let ended = page(&routes, &format!("/signed-in?code=good&state={state}"), &attempt).await;
            sessions.push(set(&ended));
            assert!(page(&routes, "/", &sessions[sessions.len() - 1]).await.text.contains("alice"));
        }
        let forged = [("sec-fetch-site", "cross-site"), ("cookie", sessions[0].as_str())];
        assert_eq!(ask(&routes, "POST", "/sign-out", &forged).await.status, StatusCode::FORBIDDEN);
        assert_eq!(page(&routes, "/", &sessions[0]).await.status, StatusCode::OK, "nobody signed out");
        let asked = [("sec-fetch-site", "same-origin"), ("cookie", sessions[0].as_str())];
        let out = ask(&routes, "POST", "/sign-out", &asked).await;
        assert!(out.header("set-cookie").contains("Max-Age=0"));
        let copied = page(&routes, "/", &sessions[0]).await;
        assert_eq!(copied.status, StatusCode::UNAUTHORIZED, "a copy of the cookie is good for nothing");
        assert_eq!(page(&routes, "/", &sessions[1]).await.status, StatusCode::OK, "the other one goes on");
        let again = ask(&routes, "POST", "/sign-out", &asked).await;
        assert_eq!(again.status, StatusCode::SEE_OTHER, "once more is no error");
    });
}

/// `tests/pages/run.sh` names the script that drives the browser.
#[test]
#[expect(clippy::disallowed_methods, reason = "the script is named by the environment")]
fn the_pages_work_in_a_browser() {
    let Some(script) = std::env::var_os("TOLLGATE_BROWSER") else {
        eprintln!("NOT RUN: the pages in a browser; tests/pages/run.sh does");
        return;
    };
    run(async move {
        let place = place().await;
        let hostile =
            format!("<script>alert(1)</script>\u{202e}\"><img src=x onerror=alert(2)>{}", "W".repeat(65_000));
        keep(&*place.store, "acme/<script>alert(3)<\u{202e}script>", 20, &fixtures::hostile(&hostile)).await;
        let told =
            [fixtures::failing(), fixtures::no_verdict(), fixtures::not_your_fault(), fixtures::mixed()];
        for (number, verdict) in (100..).zip(told.iter().cycle().take(64)) {
            keep(&*place.store, "acme/payments", number, verdict).await;
        }
        for number in 0..120 {
            let verdict = &told[number % told.len()];
            keep(&*place.store, &format!("acme/service-{number:03}"), 300 + number as u64, verdict).await;
        }
        let hostile_id = 3;
        let query = RecordQuery { limit: 1, ..RecordQuery::default() };
        assert_eq!(place.store.records(query).await.unwrap().len(), 1);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let app = public(&place);
        let serving = tokio::spawn(async move { axum::serve(listener, app).await });
        let mut browser = tokio::process::Command::new("node");
        browser.arg(script).arg(address).arg(hostile_id.to_string());
        let status = browser.status().await.unwrap();
        serving.abort();
        assert!(status.success(), "{status}");
    });
}
