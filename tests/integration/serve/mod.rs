//! The service as a process: webhooks come in, the fake GitHub is asked, checks are posted. Tests read like a chat.

mod base;
mod checks;
mod clocks;
mod copies;
mod deploy;
mod faults;
mod intake;
mod kept;
mod outage;
mod replicas;
mod retention;

use crate::github::{GitHub, REPOSITORY, zip};
use crate::postgres::Server;
use ring::hmac;
use serde_json::{Value, json};
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// A key for tests alone; no App has it.
const KEY: &str = include_str!("../../github/keys/app.pem");

const APP: u64 = 99;
const INSTALLATION: u64 = 5;
const SECRET: &str = "a secret of the hook, for tests";

const PASSES: &str =
    r#"<testsuite tests="1"><testcase classname="t" name="adds" file="tests/test_a.py"/></testsuite>"#;
const FAILS: &str = r#"<testsuite tests="1" failures="1"><testcase classname="t" name="halves" file="tests/test_a.py" line="2"><failure message="1 is not 2"/></testcase></testsuite>"#;
const POLICY: &str = "version: 1\nreports:\n  unit: { kind: tests, path: junit.xml }\n";
const CI: &str = ".github/workflows/ci.yml";

/// GitHub with a repository in which the App is installed, and with a pull request of a fork.
fn github() -> GitHub {
    let github = GitHub::start();
    github.app(APP, &public_key(), INSTALLATION);
    github.commit(
        "main",
        &[
            ("src/a.py", "a = 1\n"),
            ("tests/test_a.py", "x\ny\n"),
            ("tollgate.yml", POLICY),
            (CI, "on: pull_request\n"),
        ],
    );
    github.pull(7).of_fork("eve").changes(&[("src/a.py", "a = 2\n"), ("tests/test_a.py", "x\nz\n")]);
    github
}

/// The public half of the App's key.
fn public_key() -> Vec<u8> {
    use ring::signature::{KeyPair as _, RsaKeyPair};
    use rustls::pki_types::PrivateKeyDer;
    use rustls::pki_types::pem::PemObject as _;
    let PrivateKeyDer::Pkcs1(der) = PrivateKeyDer::from_pem_slice(KEY.as_bytes()).unwrap() else {
        panic!("the key is no PKCS 1")
    };
    RsaKeyPair::from_der(der.secret_pkcs1_der()).unwrap().public_key().as_ref().to_owned()
}

/// A run of the pull request ends with this report.
fn ran(github: &GitHub, pull: u64, run: u64, junit: &str, conclusion: &str) -> String {
    github
        .run(run)
        .of_pull(pull)
        .job("test", conclusion)
        .artifact("tollgate-reports-test-a1", &zip(&[("junit.xml", junit)]))
        .completed(conclusion);
    github.pull(pull).head_sha()
}

/// What an event says beside what it is about.
fn event(action: &str, mut about: Value) -> Value {
    about["action"] = json!(action);
    about["repository"] = json!({"full_name": REPOSITORY, "default_branch": "main"});
    about["installation"] = json!({"id": INSTALLATION});
    about["sender"] = json!({"login": "ada"});
    about
}

fn opened(pull: u64, sha: &str) -> Value {
    event("opened", json!({"pull_request": {"number": pull, "head": {"sha": sha}}}))
}

fn run_completed(sha: &str) -> Value {
    event("completed", json!({"workflow_run": {"head_sha": sha, "event": "pull_request"}}))
}

/// Where a service keeps what it must not forget.
#[derive(Clone)]
enum Keeps {
    Folder(PathBuf),
    Database(String),
}

/// A running service.
struct Service {
    child: Child,
    port: u16,
    log: PathBuf,
}

impl Service {
    fn start(github: &GitHub, keeps: &Keeps) -> Self {
        Self::start_with(github, keeps, &[])
    }

    fn start_with(github: &GitHub, keeps: &Keeps, settings: &[(&str, &str)]) -> Self {
        let mut command = command(github, keeps);
        command.envs(settings.iter().copied());
        Self::of(command)
    }

    /// What a command starts, at a port that the system gives it: one that was free a moment ago may be taken.
    fn of(mut command: Command) -> Self {
        static STARTED: AtomicU64 = AtomicU64::new(0);
        let name =
            format!("tollgate-serve-{}-{}.log", std::process::id(), STARTED.fetch_add(1, Ordering::SeqCst));
        let log = std::env::temp_dir().join(name);
        command.stdout(Stdio::null()).stderr(std::fs::File::create(&log).unwrap());
        let mut service = Self { child: command.spawn().unwrap(), port: 0, log };
        let end = Instant::now() + Duration::from_secs(60);
        while service.port == 0 {
            let ended = service.child.try_wait().unwrap();
            assert!(
                ended.is_none() && Instant::now() < end,
                "it does not listen: {ended:?} {}",
                service.said()
            );
            service.port = service.listens_at().unwrap_or(0);
            std::thread::sleep(Duration::from_millis(10));
        }
        service.until("it is ready", || service.get("/readyz").is_some_and(|(status, _)| status == 200));
        service
    }

    /// Waits for something that has to become true.
    fn until(&self, what: &str, is_true: impl FnMut() -> bool) {
        self.until_within(Duration::from_secs(60), what, is_true);
    }

    fn until_within(&self, time: Duration, what: &str, mut is_true: impl FnMut() -> bool) {
        let end = Instant::now() + time;
        while !is_true() {
            assert!(Instant::now() < end, "never true: {what}\n{}", self.said());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// The port that it logged.
    fn listens_at(&self) -> Option<u16> {
        let said = self.said();
        let (_, address) = said.split_once("\"address\":\"127.0.0.1:")?;
        address.split_once('"')?.0.parse().ok()
    }

    /// What it logged.
    fn said(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap()
    }

    /// Delivers an event as GitHub does: signed.
    fn deliver(&self, id: &str, name: &str, event: &Value) -> u16 {
        let body = event.to_string();
        self.post(id, name, &body, Some(&signature(SECRET, &body))).unwrap_or(0)
    }

    /// Posts to the hook; `None` if no answer came.
    fn post(&self, id: &str, name: &str, body: &str, signature: Option<&str>) -> Option<u16> {
        let signature =
            signature.map_or(String::new(), |signature| format!("X-Hub-Signature-256: {signature}\r\n"));
        let head = format!(
            "POST /webhook HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\nX-GitHub-Event: {name}\r\nX-GitHub-Delivery: {id}\r\n{signature}\r\n",
            body.len()
        );
        self.ask(&[head.as_bytes(), body.as_bytes()].concat()).map(|(status, _)| status)
    }

    fn get(&self, path: &str) -> Option<(u16, String)> {
        self.ask(format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").as_bytes())
    }

    fn ask(&self, request: &[u8]) -> Option<(u16, String)> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        // It may answer before it has taken everything.
        drop(stream.write_all(request));
        let mut answer = Vec::new();
        drop(stream.read_to_end(&mut answer));
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let status = answer.split_whitespace().nth(1)?.parse().ok()?;
        Some((status, answer.split_once("\r\n\r\n").map_or("", |(_, body)| body).to_owned()))
    }

    /// A figure of `/metrics`: the whole line must begin like this.
    fn figure(&self, name: &str) -> Option<u64> {
        let (_, text) = self.get("/metrics")?;
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))?;
        line.parse().ok()
    }

    fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([name, &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    /// `kill -9`.
    fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
        drop(std::fs::remove_file(&self.log));
    }
}

/// The program with everything that it needs to serve.
fn command(github: &GitHub, keeps: &Keeps) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tollgate"));
    command
        .arg("serve")
        .env_clear()
        .env("TOLLGATE_APP_ID", APP.to_string())
        .env("TOLLGATE_PRIVATE_KEY", KEY)
        .env("TOLLGATE_WEBHOOK_SECRET", SECRET)
        .env("TOLLGATE_LISTEN", "127.0.0.1:0")
        .env("TOLLGATE_GITHUB_API_URL", github.url());
    match keeps {
        Keeps::Folder(folder) => command.env("TOLLGATE_DATA", folder),
        Keeps::Database(address) => command.env("TOLLGATE_DATABASE", address),
    };
    command
}

fn signature(secret: &str, body: &str) -> String {
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()), body.as_bytes());
    let digits: String = tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256={digits}")
}

/// The writes to checks so far, as `POST` or `PATCH`, that gave a check its verdict.
fn verdicts_posted(github: &GitHub) -> usize {
    let is_verdict = |asked: &&crate::github::Asked| {
        let completes = asked.body.as_ref().is_some_and(|body| body["status"] == "completed");
        asked.path.contains("/check-runs") && completes
    };
    github.asked().iter().filter(is_verdict).count()
}

/// The one check of a commit, as status and conclusion.
fn check(github: &GitHub, sha: &str) -> (String, Option<String>) {
    let checks = github.checks(sha);
    assert!(checks.len() <= 1, "{checks:?}");
    checks.first().map_or((String::new(), None), |check| (check.status.clone(), check.conclusion.clone()))
}

fn concludes(github: &GitHub, sha: &str, conclusion: &str) -> bool {
    check(github, sha) == ("completed".to_owned(), Some(conclusion.to_owned()))
}
