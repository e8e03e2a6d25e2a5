//! A GitHub with pull requests of forks: as large as their judgement takes, every answer made before it is asked for.

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use git2::{FileMode, Oid, Signature, Time};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::{Cursor, Write as _};
use std::net::TcpListener;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

/// How many tests each change runs, and of how many files it brings the coverage.
pub const TESTS: u64 = 500;
pub const FILES: u64 = 40;

/// Lines of each source file.
const LINES: u64 = 200;
const WHEN: &str = "2026-01-02T03:04:05Z";
const POLICY: &str = "version: 1\nreports:\n  unit: { kind: tests, path: junit.xml }\n  lines: { kind: coverage, path: lcov.info }\n";

/// A pull request.
#[derive(Clone)]
pub struct Pull {
    repository: u64,
    number: u64,
    pub sha: String,
}

impl Pull {
    pub fn opened(&self) -> String {
        json!({
            "action": "opened", "pull_request": {"number": self.number, "head": {"sha": self.sha}},
            "repository": {"full_name": self.full_name(), "default_branch": "main"}, "installation": {"id": 5},
        })
        .to_string()
    }

    pub fn run_completed(&self) -> String {
        json!({
            "action": "completed", "workflow_run": {"head_sha": self.sha, "event": "pull_request"},
            "repository": {"full_name": self.full_name(), "default_branch": "main"}, "installation": {"id": 5},
        })
        .to_string()
    }

    fn full_name(&self) -> String {
        format!("acme/r{}", self.repository)
    }

    fn branch(&self) -> String {
        format!("change-{}", self.number)
    }

    /// Its run; also the number of its artifact.
    fn run(&self) -> u64 {
        1_000 + self.repository * 100 + self.number
    }
}

/// When the check of a commit was written, and what it says.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    id: u64,
    pub queued: Option<Instant>,
    pub judged: Option<Instant>,
    conclusion: String,
}

#[derive(Default)]
struct Model {
    pulls: Vec<Pull>,
    /// The tip of each default branch.
    tip: String,
    /// What is asked of git objects → the answer; the same in each repository.
    objects: BTreeMap<String, String>,
    artifact: Vec<u8>,
    digest: String,
    /// Whether the runs are over.
    ran: AtomicBool,
    ids: AtomicU64,
    /// By commit.
    checks: Mutex<BTreeMap<String, Seen>>,
    /// Requests that have no answer here.
    unknown: Mutex<BTreeSet<String>>,
    port: u16,
}

pub struct GitHub(Arc<Model>);

impl GitHub {
    pub fn start(repositories: u64, pulls: u64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        listener.set_nonblocking(true).expect("not blocking");
        let mut model = Model { port: listener.local_addr().expect("a port").port(), ..Model::default() };
        model.artifact = artifact();
        let digest = ring::digest::digest(&ring::digest::SHA256, &model.artifact);
        model.digest = digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        commit(&mut model, repositories, pulls);
        let model = Arc::new(model);
        let served = Arc::clone(&model);
        std::thread::spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async move {
                let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
                axum::serve(listener, Router::new().fallback(answer).with_state(served))
                    .await
                    .expect("it serves");
            });
        });
        Self(model)
    }

    pub fn port(&self) -> u16 {
        self.0.port
    }

    pub fn pulls(&self) -> &[Pull] {
        &self.0.pulls
    }

    pub fn artifact_bytes(&self) -> usize {
        self.0.artifact.len()
    }

    /// All reports are there from now on.
    pub fn runs_end(&self) {
        self.0.ran.store(true, Ordering::SeqCst);
    }

    pub fn seen(&self) -> BTreeMap<String, Seen> {
        self.0.checks.lock().expect("no panic").clone()
    }

    /// What was asked for in vain, and checks that do not say what the reports do.
    pub fn wrong(&self) -> Vec<String> {
        let unknown = self.0.unknown.lock().expect("no panic");
        let mut wrong: Vec<String> =
            unknown.iter().map(|asked| format!("{asked} has no answer here")).collect();
        let seen = self.seen();
        let other = seen.values().filter(|seen| seen.judged.is_some() && seen.conclusion != "success");
        let other: Vec<&Seen> = other.collect();
        if let Some(first) = other.first() {
            wrong.push(format!("{} verdicts are not success, as {first:?}", other.len()));
        }
        wrong
    }
}

/// The reports: each file of which the change may touch one is covered, and each test passes.
fn artifact() -> Vec<u8> {
    let mut junit = format!("<testsuite name=\"unit\" tests=\"{TESTS}\" failures=\"0\">\n");
    for test in 0..TESTS {
        let _ = writeln!(
            junit,
            "<testcase classname=\"tests.test_m{}\" name=\"case_{test}\" file=\"tests/test_a.py\" time=\"0.0{test}\"/>",
            test % FILES
        );
    }
    junit.push_str("</testsuite>\n");
    let mut lcov = String::new();
    for file in 0..FILES {
        let _ = writeln!(lcov, "SF:{}", source(file));
        for line in 1..=LINES {
            let _ = writeln!(lcov, "DA:{line},1");
        }
        lcov.push_str("end_of_record\n");
    }
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in [("junit.xml", junit), ("lcov.info", lcov)] {
        writer.start_file(name, zip::write::SimpleFileOptions::default()).expect("a file");
        writer.write_all(text.as_bytes()).expect("memory");
    }
    writer.finish().expect("an archive").into_inner()
}

fn source(file: u64) -> String {
    format!("src/m{file}.py")
}

fn text(file: u64, changed: u64) -> String {
    (0..LINES).map(|line| format!("value_{line} = {}\n", if line == 7 { changed } else { file })).collect()
}

/// Makes the base and the changes in a repository of git's own, and the answers about them.
fn commit(model: &mut Model, repositories: u64, pulls: u64) {
    let folder = tempfile::tempdir().expect("a folder");
    let git = git2::Repository::init_bare(folder.path()).expect("a repository");
    let blob = |text: &str| git.blob(text.as_bytes()).expect("a blob");
    let mut updates = git2::build::TreeUpdateBuilder::new();
    updates.upsert("tollgate.yml", blob(POLICY), FileMode::Blob);
    updates.upsert(".github/workflows/ci.yml", blob("on: pull_request\n"), FileMode::Blob);
    updates.upsert("tests/test_a.py", blob("x\n"), FileMode::Blob);
    for file in 0..FILES {
        updates.upsert(source(file), blob(&text(file, file)), FileMode::Blob);
    }
    let empty = git.treebuilder(None).and_then(|builder| builder.write()).expect("a tree");
    let empty = git.find_tree(empty).expect("a tree");
    let base = updates.create_updated(&git, &empty).expect("a tree");
    let who = Signature::new("A", "a@example.invalid", &Time::new(1_767_322_000, 0)).expect("a signature");
    let commit = |tree: Oid, parents: &[Oid], message: &str| {
        let tree = git.find_tree(tree).expect("a tree");
        let parents: Vec<git2::Commit<'_>> =
            parents.iter().map(|parent| git.find_commit(*parent).expect("a commit")).collect();
        let parents: Vec<&git2::Commit<'_>> = parents.iter().collect();
        git.commit(None, &who, &who, message, &tree, &parents).expect("a commit")
    };
    let tip = commit(base, &[], "base");
    model.tip = tip.to_string();
    let base = git.find_tree(base).expect("a tree");
    let mut commits = vec![tip];
    for repository in 0..repositories {
        for number in 1..=pulls {
            let mut updates = git2::build::TreeUpdateBuilder::new();
            let (file, changed) =
                ((repository * pulls + number) % FILES, 1_000 + repository * pulls + number);
            updates.upsert(source(file), blob(&text(file, changed)), FileMode::Blob);
            let tree = updates.create_updated(&git, &base).expect("a tree");
            let sha = commit(tree, &[tip], &format!("change {repository} {number}"));
            commits.push(sha);
            model.pulls.push(Pull { repository, number, sha: sha.to_string() });
        }
    }
    for id in commits {
        let commit = git.find_commit(id).expect("a commit");
        let parents: Vec<Value> =
            commit.parent_ids().map(|parent| json!({"sha": parent.to_string()})).collect();
        let who = json!({"name": "A", "email": "a@example.invalid", "date": WHEN});
        let shown = json!({
            "sha": id.to_string(), "message": "change", "tree": {"sha": commit.tree_id().to_string()},
            "parents": parents, "author": who, "committer": who,
        });
        model.objects.insert(format!("commits/{id}"), shown.to_string());
        let mut entries = Vec::new();
        let tree = commit.tree().expect("a tree");
        let listed = tree.walk(git2::TreeWalkMode::PreOrder, |below, entry| {
            let id = entry.id();
            let mut shown = json!({
                "path": format!("{below}{}", entry.name().unwrap_or_default()), "sha": id.to_string(),
                "mode": format!("{:06o}", entry.filemode()), "type": entry.kind().map_or("blob", |kind| kind.str()),
            });
            if let Ok(blob) = git.find_blob(id) {
                shown["size"] = json!(blob.size());
                let content = BASE64_STANDARD.encode(blob.content());
                let answer = json!({"sha": id.to_string(), "size": blob.size(), "encoding": "base64", "content": content});
                model.objects.entry(format!("blobs/{id}")).or_insert_with(|| answer.to_string());
            }
            entries.push(shown);
            git2::TreeWalkResult::Ok
        });
        listed.expect("a tree can be walked");
        let shown = json!({"sha": tree.id().to_string(), "tree": entries, "truncated": false});
        model.objects.insert(format!("trees/{}", tree.id()), shown.to_string());
    }
}

async fn answer(State(model): State<Arc<Model>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body: Bytes = axum::body::to_bytes(body, 8 << 20).await.expect("a body");
    let path = parts.uri.path().to_owned();
    let query: BTreeMap<&str, &str> =
        parts.uri.query().unwrap_or_default().split('&').filter_map(|pair| pair.split_once('=')).collect();
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    if segments.first() == Some(&"blob") {
        return ([(header::CONTENT_TYPE, "application/zip")], model.artifact.clone()).into_response();
    }
    if let ["repos", _, _, "actions", "artifacts", id, "zip"] = segments.as_slice() {
        // Another name is another origin, as GitHub's store is.
        let store = format!("http://localhost:{}/blob/{id}", model.port);
        return (StatusCode::FOUND, [(header::LOCATION, store)]).into_response();
    }
    let known = match segments.as_slice() {
        ["app", ..] => app(&parts.method, &segments),
        ["repos", "acme", name, rest @ ..] => {
            match name.strip_prefix('r').and_then(|number| number.parse().ok()) {
                Some(number) => repository(&model, number, &parts.method, rest, &query, &body),
                // Nobody has a policy of the organisation.
                None => Some((StatusCode::NOT_FOUND, "{}".to_owned())),
            }
        }
        _ => None,
    };
    let (status, text) = known.unwrap_or_else(|| {
        model.unknown.lock().expect("no panic").insert(format!("{} {path}", parts.method));
        (StatusCode::NOT_FOUND, "{}".to_owned())
    });
    (status, [(header::CONTENT_TYPE, "application/json")], text).into_response()
}

fn app(method: &Method, segments: &[&str]) -> Option<(StatusCode, String)> {
    match (method, segments) {
        (&Method::POST, ["app", "installations", _, "access_tokens"]) => {
            let token = json!({"token": "ghs_x", "expires_at": "2030-01-01T00:00:00Z"});
            Some((StatusCode::CREATED, token.to_string()))
        }
        (&Method::GET, ["app", "hook", "deliveries"]) => Some((StatusCode::OK, "[]".to_owned())),
        _ => None,
    }
}

fn repository(
    model: &Model,
    number: u64,
    method: &Method,
    rest: &[&str],
    query: &BTreeMap<&str, &str>,
    body: &[u8],
) -> Option<(StatusCode, String)> {
    let ok = |value: Value| Some((StatusCode::OK, value.to_string()));
    let pulls = || model.pulls.iter().filter(move |pull| pull.repository == number);
    let by_sha = |sha: &str| pulls().find(|pull| pull.sha == sha);
    let by_run = |run: &str| pulls().find(|pull| pull.run().to_string() == run);
    match (method, rest) {
        (&Method::GET, []) => ok(ours(number)),
        (&Method::GET, ["pulls", wanted]) => {
            let pull = pulls().find(|pull| pull.number.to_string() == *wanted)?;
            ok(pull_json(model, pull))
        }
        (&Method::GET, ["pulls"]) => {
            let head = query.get("head").copied().unwrap_or_default().replace("%3A", ":");
            let found = pulls().filter(|pull| head == format!("eve:{}", pull.branch()));
            ok(found.map(|pull| pull_json(model, pull)).collect())
        }
        (&Method::GET, ["actions", "runs"]) => {
            let pull = by_sha(query.get("head_sha").copied()?)?;
            let runs: Vec<Value> =
                model.ran.load(Ordering::SeqCst).then(|| run_json(pull)).into_iter().collect();
            ok(json!({"total_count": runs.len(), "workflow_runs": runs}))
        }
        (&Method::GET, ["actions", "runs", run, "jobs"]) => {
            let run = by_run(run)?.run();
            let steps = json!([{"name": "run", "number": 1, "status": "completed", "conclusion": "success"}]);
            let job = json!({
                "id": run, "run_id": run, "name": "test", "run_attempt": 1, "status": "completed",
                "conclusion": "success", "runner_id": 7, "steps": steps,
            });
            ok(json!({"total_count": 1, "jobs": [job]}))
        }
        (&Method::GET, ["actions", "runs", run, "artifacts"]) => {
            let pull = by_run(run)?;
            let artifact = json!({
                "id": pull.run(), "name": "tollgate-reports-test-a1", "size_in_bytes": model.artifact.len(),
                "expired": false, "digest": format!("sha256:{}", model.digest), "created_at": WHEN,
                "workflow_run": {"id": pull.run(), "head_sha": pull.sha},
            });
            ok(json!({"total_count": 1, "artifacts": [artifact]}))
        }
        // The default branch has left no evidence.
        (&Method::GET, ["actions", "artifacts"]) => ok(json!({"total_count": 0, "artifacts": []})),
        (&Method::GET, ["actions", "workflows"]) => {
            let workflow =
                json!({"id": 1, "path": ".github/workflows/ci.yml", "state": "active", "name": "CI"});
            ok(json!({"total_count": 1, "workflows": [workflow]}))
        }
        (&Method::GET, ["compare", _]) => {
            let tip = json!({"sha": model.tip});
            ok(
                json!({"base_commit": tip, "merge_base_commit": tip, "status": "ahead", "commits": [], "files": []}),
            )
        }
        (&Method::GET, ["git", kind, id]) => {
            let answer = model.objects.get(&format!("{kind}/{id}"))?;
            Some((StatusCode::OK, answer.clone()))
        }
        (&Method::GET, ["collaborators", login, "permission"]) => ok(
            json!({"permission": "read", "role_name": "read", "user": {"login": login, "id": 7, "type": "User"}}),
        ),
        (&Method::GET, ["commits", sha, "check-runs"]) => {
            let checks = model.checks.lock().expect("no panic");
            let shown: Vec<Value> = checks.get(*sha).map(|seen| check_json(sha, seen)).into_iter().collect();
            ok(json!({"total_count": shown.len(), "check_runs": shown}))
        }
        (&Method::GET, ["check-runs", _, "annotations"]) => ok(json!([])),
        (&Method::POST, ["check-runs"]) => {
            let written: Value = serde_json::from_slice(body).ok()?;
            let sha = written["head_sha"].as_str()?;
            let mut checks = model.checks.lock().expect("no panic");
            let seen = checks.entry(sha.to_owned()).or_default();
            seen.id = model.ids.fetch_add(1, Ordering::SeqCst) + 1;
            write(seen, &written);
            Some((StatusCode::CREATED, check_json(sha, seen).to_string()))
        }
        (&Method::PATCH, ["check-runs", id]) => {
            let written: Value = serde_json::from_slice(body).ok()?;
            let mut checks = model.checks.lock().expect("no panic");
            let (sha, seen) = checks.iter_mut().find(|(_, seen)| seen.id.to_string() == *id)?;
            write(seen, &written);
            ok(check_json(sha, seen))
        }
        _ => None,
    }
}

fn write(seen: &mut Seen, written: &Value) {
    match written["conclusion"].as_str() {
        Some(conclusion) => {
            conclusion.clone_into(&mut seen.conclusion);
            seen.judged.get_or_insert_with(Instant::now);
        }
        None => {
            seen.queued.get_or_insert_with(Instant::now);
        }
    }
}

fn check_json(sha: &str, seen: &Seen) -> Value {
    let conclusion = seen.judged.map(|_| seen.conclusion.as_str());
    json!({
        "id": seen.id, "name": "Tollgate", "head_sha": sha, "status": if conclusion.is_some() { "completed" } else { "queued" },
        "conclusion": conclusion, "output": {"title": "", "summary": "", "annotations_count": 0}, "app": {"id": 1},
    })
}

fn ours(number: u64) -> Value {
    json!({
        "id": number + 1, "name": format!("r{number}"), "full_name": format!("acme/r{number}"), "default_branch": "main",
        "private": true, "visibility": "private", "topics": [],
        "owner": {"login": "acme", "id": 1, "type": "Organization"},
    })
}

fn fork(number: u64) -> Value {
    json!({
        "id": 100_000 + number, "name": format!("r{number}"), "full_name": format!("eve/r{number}"),
        "default_branch": "main", "private": true, "fork": true, "owner": {"login": "eve", "id": 7, "type": "User"},
    })
}

fn pull_json(model: &Model, pull: &Pull) -> Value {
    json!({
        "id": pull.run(), "number": pull.number, "state": "open", "title": "x", "draft": false,
        "user": {"login": "eve", "id": 7, "type": "User"}, "author_association": "CONTRIBUTOR",
        "head": {"ref": pull.branch(), "sha": pull.sha, "repo": fork(pull.repository)},
        "base": {"ref": "main", "sha": model.tip, "repo": ours(pull.repository)},
    })
}

fn run_json(pull: &Pull) -> Value {
    json!({
        "id": pull.run(), "name": "CI", "path": ".github/workflows/ci.yml", "workflow_id": 1, "event": "pull_request",
        "status": "completed", "conclusion": "success", "run_attempt": 1, "run_number": 1, "head_sha": pull.sha,
        "head_branch": pull.branch(), "repository": ours(pull.repository), "head_repository": fork(pull.repository),
        "pull_requests": [], "created_at": WHEN, "updated_at": WHEN, "run_started_at": WHEN,
    })
}
