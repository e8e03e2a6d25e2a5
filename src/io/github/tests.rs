//! Against a GitHub of the test's own on loopback: listing, choosing, fetching, and everything that may be wrong.

use super::*;
use crate::diagnostic::Code;
use crate::io::jobs::Leg;
use crate::model::{JobReports, JobResult};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Cursor, Write as _};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

pub(super) const TOKEN: &str = "ghs_secretsecretsecretsecretsecretsecret";

/// An answer of the server.
#[derive(Clone)]
struct Answer {
    status: u16,
    location: String,
    body: Vec<u8>,
}

/// A path that was asked for, and the `Authorization` that came with it.
pub(super) type Asked = (String, Option<String>);

/// A server that gives fixed answers and remembers what it was asked, with the `Authorization` of each request.
#[derive(Clone)]
pub(super) struct Server {
    pub(super) address: String,
    answers: Arc<Mutex<BTreeMap<String, Answer>>>,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Server {
    pub(super) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let server = Self { address, answers: Arc::default(), asked: Arc::default() };
        let own = server.clone();
        // Ends with the test's process.
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                own.serve(&mut stream.unwrap());
            }
        });
        server
    }

    fn serve(&self, stream: &mut std::net::TcpStream) {
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).unwrap_or(0) == 0 || line.trim().is_empty() {
                break;
            }
            lines.push(line.trim().to_owned());
        }
        let Some(path) = lines.first().and_then(|line| line.split(' ').nth(1)) else { return };
        let authorization = lines.iter().find_map(|line| {
            let (name, value) = line.split_once(": ")?;
            name.eq_ignore_ascii_case("authorization").then(|| value.to_owned())
        });
        self.asked.lock().unwrap().push((path.to_owned(), authorization));
        let answer = self.answers.lock().unwrap().get(path).cloned();
        let answer = answer.unwrap_or(Answer { status: 404, location: String::new(), body: Vec::new() });
        let location = match answer.location.as_str() {
            "" => String::new(),
            location => format!("location: {location}\r\n"),
        };
        let head = format!(
            "HTTP/1.1 {} X\r\nconnection: close\r\ncontent-length: {}\r\n{location}\r\n",
            answer.status,
            answer.body.len()
        );
        // A client that has had enough goes away.
        drop(stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&answer.body)));
    }

    pub(super) fn answer(&self, path: &str, status: u16, body: impl Into<Vec<u8>>) {
        let answer = Answer { status, location: String::new(), body: body.into() };
        self.answers.lock().unwrap().insert(path.to_owned(), answer);
    }

    pub(super) fn redirect(&self, path: &str, location: &str) {
        let answer = Answer { status: 302, location: location.to_owned(), body: Vec::new() };
        self.answers.lock().unwrap().insert(path.to_owned(), answer);
    }

    pub(super) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// A run with these artifacts, each of which is served from a store on another port.
    fn run(artifacts: &[(u64, &str, Vec<u8>)]) -> (Self, Self) {
        let (api, store) = (Self::start(), Self::start());
        let listed: Vec<serde_json::Value> = artifacts
            .iter()
            .map(|(id, name, bytes)| {
                serde_json::json!({"id": id, "name": name, "expired": false, "size_in_bytes": bytes.len(),
                    "digest": format!("sha256:{}", manifest::hex(&Sha256::digest(bytes)))})
            })
            .collect();
        api.list(&listed, listed.len());
        for (id, _, bytes) in artifacts {
            api.redirect(&zip_of(*id), &format!("{}/blob/{id}?sig=s3cr3t", store.address));
            store.answer(&format!("/blob/{id}?sig=s3cr3t"), 200, bytes.clone());
        }
        (api, store)
    }

    fn list(&self, artifacts: &[serde_json::Value], total: usize) {
        let body = serde_json::json!({"total_count": total, "artifacts": artifacts});
        self.answer(LIST, 200, body.to_string());
        self.answer(JOBS, 200, r#"{"total_count": 0, "jobs": []}"#);
    }

    fn fetch(&self, names: &str) -> Fetched {
        fetch(&Request::new(&self.address, TOKEN, "acme/payments", "77", names).unwrap())
    }
}

const LIST: &str = "/repos/acme/payments/actions/runs/77/artifacts?per_page=100";

const JOBS: &str = "/repos/acme/payments/actions/runs/77/jobs?filter=latest&per_page=100";

fn zip_of(id: u64) -> String {
    format!("/repos/acme/payments/actions/artifacts/{id}/zip")
}

pub(super) fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        writer.start_file(*name, SimpleFileOptions::default()).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// An artifact as `.github/actions/collect` makes it.
fn collected(attempt: u64, steps: &str, path: &str, bytes: &[u8]) -> Vec<u8> {
    let sum = manifest::hex(&Sha256::digest(bytes));
    manifested(attempt, "77", steps, path, &sum, bytes)
}

fn manifested(attempt: u64, run: &str, steps: &str, path: &str, sum: &str, bytes: &[u8]) -> Vec<u8> {
    let manifest = format!(
        r#"{{"version": 1, "workflow": "CI", "job": "test", "index": 1, "total": 2, "matrix": {{"os": "x"}}, "run-id": "{run}",
        "attempt": {attempt}, "sha": "abc", "os": "Linux", "steps": {steps}, "skipped": 0,
        "files": [{{"path": "{path}", "file": "files/0", "bytes": {}, "sha256": "{sum}"}}]}}"#,
        bytes.len()
    );
    archive(&[("manifest.json", manifest.as_bytes()), ("files/0", bytes)])
}

/// The one thing that is wrong; nothing was read.
#[track_caller]
fn only_problem(fetched: &Fetched) -> (Code, String) {
    assert!(fetched.files.is_empty(), "{:?}", fetched.files);
    assert_eq!(fetched.diagnostics.len(), 1, "{:?}", fetched.diagnostics);
    let diagnostic = &fetched.diagnostics[0];
    let all = format!("{diagnostic:?}");
    assert!(!all.contains(TOKEN) && !all.contains("s3cr3t"), "{all}");
    (diagnostic.code, diagnostic.message.raw().to_owned())
}

/// Fetches one artifact named `reports` and gives what is wrong with it.
#[track_caller]
fn refused(bytes: Vec<u8>) -> String {
    let (api, _store) = Server::run(&[(1, "reports", bytes)]);
    let (code, message) = only_problem(&api.fetch("reports"));
    assert_eq!(code, Code::BadArtifact);
    message
}

#[test]
fn the_reports_of_all_legs_are_read_and_the_token_stays_with_the_api() {
    let steps = r#"{"unit": {"outcome": "failure", "conclusion": "success"}}"#;
    let (api, store) = Server::run(&[
        (11, "reports-linux", archive(&[("junit.xml", b"<a/>")])),
        (12, "reports-mac-1-a1", collected(1, steps, "out/junit.xml", b"<b/>")),
        (13, "other", archive(&[("junit.xml", b"<c/>")])),
    ]);
    let fetched = api.fetch("reports-*\n");
    assert_eq!(fetched.diagnostics, []);
    let files: Vec<(&str, &str)> =
        fetched.files.iter().map(|file| (file.shown.raw(), file.path.as_str())).collect();
    assert_eq!(
        files,
        [("reports-linux/junit.xml", "junit.xml"), ("reports-mac-1-a1/out/junit.xml", "out/junit.xml")]
    );
    let jobs: Vec<(&str, JobResult)> =
        fetched.jobs.jobs.iter().map(|job| (job.name.raw(), job.result)).collect();
    assert_eq!(jobs, [("test (1) / unit", JobResult::Failure)]);
    let reports = JobReports::Artifact("reports-mac-1-a1".into());
    assert_eq!(fetched.jobs.jobs[0].reports, reports);
    assert!(reports.hold(files[1].0) && !reports.hold(files[0].0));
    let bearer = format!("Bearer {TOKEN}");
    assert!(api.asked().iter().all(|(_, token)| token.as_deref() == Some(bearer.as_str())));
    assert_eq!(store.asked().len(), 2);
    assert!(store.asked().iter().all(|(_, token)| token.is_none()), "{:?}", store.asked());
}

#[test]
fn the_jobs_that_collected_are_known_by_their_manifests_and_by_the_run_s_own_list() {
    let artifacts =
        [(1, "t-1-a1", collected(1, r#"{"unit": {"outcome": "failure"}}"#, "junit.xml", b"<a/>"))];
    let (api, _store) = Server::run(&artifacts);
    let job = |id: u64, name: &str, conclusion: Option<&str>| {
        let status = if conclusion.is_some() { "completed" } else { "in_progress" };
        serde_json::json!({"id": id, "name": name, "status": status, "conclusion": conclusion})
    };
    let jobs =
        [job(1, "test (a)", Some("timed_out")), job(2, "test (b)", Some("failure")), job(3, "gate", None)];
    api.answer(JOBS, 200, serde_json::json!({"total_count": 3, "jobs": jobs}).to_string());
    let fetched = api.fetch("*");
    assert_eq!(fetched.diagnostics, []);
    let leg = Leg { job: "test".to_owned(), index: Some(1), total: Some(2), failed: Some(true) };
    assert_eq!(fetched.legs, [leg]);
    let listed: Vec<(String, JobResult)> =
        fetched.listed.unwrap().iter().map(|job| (job.name.raw().to_owned(), job.result)).collect();
    let expected = [("test (a)", JobResult::Cancelled), ("test (b)", JobResult::Failure)];
    assert_eq!(listed, expected.map(|(name, result)| (name.to_owned(), result)));
    // Without the list there is nothing but `needs`, and the page says so.
    api.answer(JOBS, 403, "");
    let fetched = api.fetch("*");
    assert_eq!((fetched.listed, fetched.files.len(), fetched.diagnostics.len()), (None, 1, 1));
    assert_eq!(fetched.diagnostics[0].weight, crate::diagnostic::Weight::Note);
}

#[test]
fn only_the_newest_attempt_of_a_leg_counts() {
    let (api, _store) = Server::run(&[
        (1, "t-0-a1", collected(1, "null", "junit.xml", b"old")),
        (3, "t-0-a10", collected(10, "null", "junit.xml", b"new")),
        (2, "t-0-a9", collected(9, "null", "junit.xml", b"older")),
        (4, "plain", archive(&[("x.xml", b"first")])),
        (5, "plain", archive(&[("x.xml", b"second")])),
    ]);
    let fetched = api.fetch("*");
    let contents: Vec<&[u8]> = fetched.files.iter().map(|file| file.bytes.as_slice()).collect();
    assert_eq!(contents, [b"second".as_slice(), b"new"]);
    assert!(api.asked().iter().all(|(path, _)| ![1, 2, 4].map(zip_of).contains(path)));
}

#[test]
fn a_manifest_is_held_against_what_is_there() {
    let good = manifest::hex(&Sha256::digest(b"x"));
    for (bytes, why) in [
        (manifested(1, "77", "null", "j.xml", &"0".repeat(64), b"x"), "not the one"),
        (manifested(1, "78", "null", "j.xml", &good, b"x"), "another run"),
        (manifested(1, "77", "null", "../j.xml", &good, b"x"), "outside"),
        (manifested(1, "77", "null", "/proc/self/environ", &good, b"x"), "outside"),
        (manifested(1, "77", "[1]", "j.xml", &good, b"x"), "steps"),
        (archive(&[("manifest.json", b"{}")]), "cannot be read"),
        (archive(&[("manifest.json", b"{\"version\": 2")]), "cannot be read"),
    ] {
        assert!(refused(bytes).contains(why), "{why}");
    }
    let (api, _store) = Server::run(&[(1, "t-a2", collected(1, "null", "j.xml", b"x"))]);
    assert!(only_problem(&api.fetch("t-*")).1.contains("another attempt"));
}

#[test]
fn t4_a_hostile_archive_is_refused_with_a_code() {
    let nested = archive(&[("inner.zip", &archive(&[("junit.xml", b"<x/>")]))]);
    let (api, _store) = Server::run(&[(1, "reports", nested)]);
    let fetched = api.fetch("*");
    assert_eq!(fetched.files[0].path.as_str(), "inner.zip", "an inner archive is a file, and is not opened");
    assert!(refused(archive(&[("../../etc/cron.d/x", b"x")])).contains("name"));
    assert!(refused(archive(&[("bomb.xml", &vec![0; 4 << 20])])).contains("bomb"));
    assert!(refused(b"<testsuite/>".to_vec()).contains("zip"));
    assert!(refused(Vec::new()).contains("zip"));
    let names: Vec<String> = (0..5_001).map(|n| n.to_string()).collect();
    let many: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), b"x".as_slice())).collect();
    assert!(refused(archive(&many)).contains("too many"));
}

#[test]
fn what_expired_or_is_not_what_github_says_is_an_error() {
    let bytes = archive(&[("junit.xml", b"<x/>")]);
    let item = |more: serde_json::Value| {
        let mut item = serde_json::json!({"id": 1, "name": "r", "expired": false, "size_in_bytes": 1});
        item.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        item
    };
    for (more, status, code, why) in [
        (serde_json::json!({"expired": true}), 200, Code::BadArtifact, "expired"),
        (serde_json::json!({}), 410, Code::BadArtifact, "expired"),
        (serde_json::json!({}), 500, Code::GithubFailed, "500"),
        (serde_json::json!({"size_in_bytes": 60 << 20}), 200, Code::BadArtifact, "50 MiB"),
        (serde_json::json!({"digest": "sha256:00"}), 200, Code::BadArtifact, "digest"),
    ] {
        let api = Server::start();
        api.list(&[item(more)], 1);
        api.answer(&zip_of(1), status, bytes.clone());
        let (found, message) = only_problem(&api.fetch("r"));
        assert!(found == code && message.contains(why), "{message}");
    }
}

#[test]
fn an_artifact_that_is_larger_than_it_says_is_cut_off() {
    let api = Server::start();
    api.list(&[serde_json::json!({"id": 1, "name": "r", "size_in_bytes": 1})], 1);
    api.answer(&zip_of(1), 200, vec![0; (50 << 20) + 1]);
    assert!(only_problem(&api.fetch("r")).1.contains("50 MiB"));
}

#[test]
fn a_list_that_cannot_be_had_is_an_error() {
    for (status, body, why) in [
        (403, "{}", "403"),
        (404, "{}", "404"),
        (200, "<html>", "JSON"),
        (200, "{\"total_count\": 2, \"artifacts\": []}", "not whole"),
        (302, "", "redirect"),
    ] {
        let api = Server::start();
        api.answer(LIST, status, body);
        let (code, message) = only_problem(&api.fetch("*"));
        assert!(code == Code::GithubFailed && message.contains(why), "{message}");
    }
    let api = Server::start();
    api.list(&[], 0);
    assert_eq!(only_problem(&api.fetch("*")).0, Code::BadArtifact);
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let request = Request::new(&format!("http://{closed}"), TOKEN, "a/b", "1", "*").unwrap();
    assert_eq!(only_problem(&fetch(&request)).0, Code::GithubFailed);
}

#[test]
fn a_download_is_not_sent_on_to_anywhere() {
    for location in
        ["http://169.254.169.254/latest/meta-data", "file:///etc/passwd", "//evil", "/blob", "gopher://x/"]
    {
        let (api, store) = Server::run(&[(1, "r", archive(&[("a", b"x")]))]);
        api.redirect(&zip_of(1), location);
        assert_eq!(only_problem(&api.fetch("r")).0, Code::GithubFailed, "{location}");
        assert_eq!(store.asked(), []);
    }
    let (api, store) = Server::run(&[(1, "r", archive(&[("a", b"x")]))]);
    store.redirect("/blob/1?sig=s3cr3t", &format!("{}/blob/1?sig=s3cr3t", store.address));
    assert!(only_problem(&api.fetch("r")).1.contains("on and on"));
}

#[test]
fn inputs_that_cannot_be_used_are_named_and_never_shown() {
    let api = "https://api.github.com";
    for (api, token, repository, run, names, why) in [
        ("http://api.github.com", "t", "a/b", "1", "*", "github-api-url"),
        ("https://a@b", "t", "a/b", "1", "*", "github-api-url"),
        ("", "t", "a/b", "1", "*", "github-api-url"),
        (api, "", "a/b", "1", "*", "github-token"),
        (api, "t\r\nx: y", "a/b", "1", "*", "github-token"),
        (api, "t", "a/b/../c", "1", "*", "GITHUB_REPOSITORY"),
        (api, "t", "a/..", "1", "*", "GITHUB_REPOSITORY"),
        (api, "t", "a/b", "1/../2", "*", "run-id"),
        (api, "t", "a/b", "1", "[", "artifacts"),
    ] {
        assert!(Request::new(api, token, repository, run, names).unwrap_err().contains(why), "{why}");
    }
    let request = Request::new(api, TOKEN, "a/b", "1", "*").unwrap();
    assert!(!format!("{request:?}").contains(TOKEN));
}

#[test]
fn the_runs_of_each_server_have_an_issuer_of_their_own() {
    let of = |api: &str| Api::new(api).unwrap().runs_identity().map(|who| (who.pages, who.issuer));
    let known = |pages: &str, issuer: &str| Some((pages.to_owned(), issuer.to_owned()));
    let github = known("https://github.com", "https://token.actions.githubusercontent.com");
    assert_eq!(of("https://api.github.com"), github);
    assert_eq!(of("https://api.github.com/"), github);
    assert_eq!(
        of("https://api.acme.ghe.com"),
        known("https://acme.ghe.com", "https://token.actions.acme.ghe.com")
    );
    // An Enterprise Server has none, and nobody else is taken for GitHub.
    for other in [
        "https://ghe.example.com/api/v3",
        "http://127.0.0.1:8080/api/v3",
        "https://api.github.com.evil.example",
        "https://api.evil.example/.ghe.com",
        "https://api.ghe.com",
        "https://evilghe.com",
    ] {
        assert_eq!(of(other), None, "{other}");
    }
}
