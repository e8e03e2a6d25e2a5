//! 2,000 repositories with 10 pull requests each, announced to two replicas on one PostgreSQL; the service asks a GitHub
//! that is only as large as that takes, and every commit has to get its one check.

use crate::Options;
use crate::postgres::Server;
use crate::serve::{deliver, peak, wait};
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use std::collections::BTreeMap;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

const REPOSITORIES: u64 = 2_000;
const PULLS: u64 = 10;
const ALL: usize = (REPOSITORIES * PULLS) as usize;
/// In MiB.
const MEMORY_GOAL: f64 = 150.0;

/// Commit → how many checks were made for it.
type Checks = Arc<Mutex<BTreeMap<String, u64>>>;

/// Wall time until every commit has its check; false if one has none, or two.
pub fn table(options: &Options) -> bool {
    let Ok(program) = options.tollgate.canonicalize() else {
        println!(
            "replicas: not measured, {} is not there (cargo build --release)",
            options.tollgate.display()
        );
        return true;
    };
    let Some(server) = Server::start() else {
        println!("replicas: not measured, PostgreSQL is not installed");
        return true;
    };
    println!(
        "replicas: {REPOSITORIES} repositories with {PULLS} new pull requests each, two replicas on one PostgreSQL"
    );
    let checks = Checks::default();
    let api = github(Arc::clone(&checks));
    let database = server.database("replicas");
    let ports = [0; 2]
        .map(|_| TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a port").port());
    let mut replicas = ports.map(|port| start(&program, &database, api, port));
    ports.iter().for_each(|port| wait(*port));
    let begun = Instant::now();
    let sent = deliver(&ports, ALL as u64, |n| {
        let (repository, pull) = (n / PULLS, n % PULLS + 1);
        let body = format!(
            "{{\"action\":\"opened\",\"pull_request\":{{\"number\":{pull},\"head\":{{\"sha\":\"{:040x}\"}}}},\
             \"repository\":{{\"full_name\":\"acme/r{repository}\",\"default_branch\":\"main\"}},\
             \"installation\":{{\"id\":5}}}}",
            sha(repository, pull)
        );
        ("pull_request", body)
    });
    let taken = begun.elapsed().as_secs_f64();
    let until = Instant::now() + Duration::from_secs(900);
    while checks.lock().expect("no panic").len() < ALL && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(100));
    }
    let took = begun.elapsed().as_secs_f64();
    let memory: Vec<f64> = replicas.iter().map(|replica| peak(replica.id())).collect();
    for replica in &mut replicas {
        replica.kill().expect("it runs");
        replica.wait().expect("it ends");
    }
    let checks = checks.lock().expect("no panic");
    let twice = checks.values().filter(|count| **count > 1).count();
    println!(
        "taken in {taken:.1} s ({:.0} a second, p99 {:.1} ms); {} of {ALL} commits have their check after {took:.1} s, {twice} have two",
        ALL as f64 / taken,
        sent.p99,
        checks.len()
    );
    println!(
        "peak memory {:.1} and {:.1} MiB (goal {MEMORY_GOAL:.0}); {} deliveries were refused",
        memory[0], memory[1], sent.refused
    );
    checks.len() == ALL && twice == 0 && sent.refused == 0
}

fn sha(repository: u64, pull: u64) -> u64 {
    repository * 1_000 + pull
}

pub fn start(program: &Path, database: &str, api: u16, port: u16) -> Child {
    Command::new(program)
        .arg("serve")
        .env_clear()
        .env("TOLLGATE_LISTEN", format!("127.0.0.1:{port}"))
        .env("TOLLGATE_DATABASE", database)
        .env("TOLLGATE_APP_ID", "1")
        .env("TOLLGATE_PRIVATE_KEY", include_str!("../../github/keys/app.pem"))
        .env("TOLLGATE_WEBHOOK_SECRET", crate::serve::SECRET)
        .env("TOLLGATE_GITHUB_API_URL", format!("http://127.0.0.1:{api}"))
        .stderr(Stdio::null())
        .spawn()
        .expect("it starts")
}

/// Answers what the service asks about a pull request that has no run yet.
fn github(checks: Checks) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.set_nonblocking(true).expect("not blocking");
    let port = listener.local_addr().expect("a port").port();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async move {
            let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
            axum::serve(listener, Router::new().fallback(answer).with_state(checks))
                .await
                .expect("it serves");
        });
    });
    port
}

async fn answer(State(checks): State<Checks>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path().to_owned();
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    let body: Bytes = axum::body::to_bytes(body, 1 << 20).await.expect("a body");
    let repository = |name: &str| {
        format!(
            "{{\"id\":1,\"full_name\":\"acme/{name}\",\"default_branch\":\"main\",\"private\":true,\"visibility\":\"private\"}}"
        )
    };
    let (status, text) = match (&parts.method, segments.as_slice()) {
        (&Method::POST, ["app", "installations", _, "access_tokens"]) => {
            (StatusCode::CREATED, "{\"token\":\"ghs_x\",\"expires_at\":\"2030-01-01T00:00:00Z\"}".to_owned())
        }
        (&Method::GET, ["app", "hook", "deliveries"]) => (StatusCode::OK, "[]".to_owned()),
        (&Method::GET, ["repos", "acme", name]) => (StatusCode::OK, repository(name)),
        (&Method::GET, ["repos", _, _, "actions", "runs"]) => {
            (StatusCode::OK, "{\"total_count\":0,\"workflow_runs\":[]}".to_owned())
        }
        (&Method::GET, ["repos", _, name, "pulls", number]) => {
            let sha = sha(name[1..].parse().expect("a number"), number.parse().expect("a number"));
            let side = |branch: &str| {
                format!("{{\"ref\":\"{branch}\",\"sha\":\"{sha:040x}\",\"repo\":{}}}", repository(name))
            };
            let pull = format!(
                "{{\"number\":{number},\"state\":\"open\",\"title\":\"x\",\"head\":{},\"base\":{}}}",
                side("change"),
                side("main")
            );
            (StatusCode::OK, pull)
        }
        (&Method::GET, ["repos", _, _, "commits", _, "check-runs"]) => {
            (StatusCode::OK, "{\"total_count\":0,\"check_runs\":[]}".to_owned())
        }
        (&Method::POST, ["repos", _, _, "check-runs"]) => {
            let check: serde_json::Value = serde_json::from_slice(&body).expect("JSON");
            let sha = check["head_sha"].as_str().expect("a commit").to_owned();
            *checks.lock().expect("no panic").entry(sha.clone()).or_default() += 1;
            let made = format!(
                "{{\"id\":1,\"name\":\"Tollgate\",\"head_sha\":\"{sha}\",\"status\":\"queued\",\"output\":{{\"annotations_count\":0}}}}"
            );
            (StatusCode::CREATED, made)
        }
        _ => (StatusCode::NOT_FOUND, "{}".to_owned()),
    };
    (status, [(header::CONTENT_TYPE, "application/json")], text).into_response()
}
