//! The intake of `tollgate serve`: signed deliveries over kept connections, each durable before its answer, beside the
//! barest loop of axum and SQLite that promises the same durability.

use crate::Options;
use crate::measure::median;
use ring::hmac;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// What the bare loop is called on our own command line.
pub const BARE: &str = "--bare-intake";

pub const SECRET: &str = "a secret of the hook, for measuring";
const CONNECTIONS: usize = 32;
const SECONDS: u64 = 8;
/// Bodies that differ in their commit; each is sent many times with another delivery id.
const BODIES: u64 = 500;
/// A `workflow_run` of GitHub has about so many bytes.
const BODY_BYTES: usize = 16_960;

/// Deliveries a second, milliseconds, milliseconds, MiB.
const GOALS: (f64, f64, f64, f64) = (2_000.0, 50.0, 200.0, 150.0);

/// What came of deliveries.
pub struct Measured {
    a_second: f64,
    p50: f64,
    /// In milliseconds.
    pub p99: f64,
    /// Deliveries that were not taken.
    pub refused: u64,
}

/// Wall time of deliveries, start and memory; false if a delivery was refused.
pub fn table(options: &Options) -> bool {
    let Ok(program) = options.tollgate.canonicalize() else {
        println!("serve: not measured, {} is not there (cargo build --release)", options.tollgate.display());
        return true;
    };
    println!(
        "serve: deliveries of {BODY_BYTES} bytes over {CONNECTIONS} connections for {SECONDS} s, SQLite, synchronous FULL"
    );
    println!("{:<22} {:>10} {:>8} {:>8} {:>9}", "", "a second", "p50 ms", "p99 ms", "peak MiB");
    let mut sound = true;
    let mut rates = Vec::new();
    for (name, start) in
        [("tollgate serve", ours as fn(&Path, &Path, u16) -> Child), ("bare axum + insert", bare)]
    {
        let folder = tempfile::tempdir_in(&options.data).expect("the data directory can be written");
        let port =
            TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a port").port();
        let mut child = start(&program, folder.path(), port);
        wait(port);
        let measured = load(port);
        let memory = peak(child.id());
        child.kill().expect("it runs");
        child.wait().expect("it ends");
        println!(
            "{name:<22} {:>10.0} {:>8.1} {:>8.1} {:>9.1}",
            measured.a_second, measured.p50, measured.p99, memory
        );
        if measured.refused > 0 {
            println!("WRONG serve: {} deliveries were refused", measured.refused);
            sound = false;
        }
        rates.push((measured.a_second, memory));
    }
    let starts: Vec<f64> = (0..5)
        .map(|_| {
            let folder = tempfile::tempdir_in(&options.data).expect("the data directory can be written");
            let port =
                TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a port").port();
            let begin = Instant::now();
            let mut child = ours(&program, folder.path(), port);
            wait(port);
            let took = begin.elapsed().as_secs_f64() * 1e3;
            child.kill().expect("it runs");
            child.wait().expect("it ends");
            took
        })
        .collect();
    println!(
        "goals: {:.0} a second with p99 under {:.0} ms; half of the bare loop (here {:.2}); start {:.0} ms (goal {:.0}); memory {:.0} MiB (goal {:.0})",
        GOALS.0,
        GOALS.1,
        rates[0].0 / rates[1].0,
        median(starts),
        GOALS.2,
        rates[0].1,
        GOALS.3
    );
    sound
}

fn ours(program: &Path, folder: &Path, port: u16) -> Child {
    Command::new(program)
        .arg("serve")
        .env_clear()
        .env("TOLLGATE_LISTEN", format!("127.0.0.1:{port}"))
        .env("TOLLGATE_DATA", folder)
        .env("TOLLGATE_APP_ID", "1")
        .env("TOLLGATE_PRIVATE_KEY", include_str!("../../github/keys/app.pem"))
        .env("TOLLGATE_WEBHOOK_SECRET", SECRET)
        // Nobody answers there: its worker tries and fails meanwhile.
        .env("TOLLGATE_GITHUB_API_URL", "http://127.0.0.1:1")
        .stderr(Stdio::null())
        .spawn()
        .expect("it starts")
}

fn bare(_: &Path, folder: &Path, port: u16) -> Child {
    let own = std::env::current_exe().expect("our own path");
    Command::new(own).arg(BARE).arg(folder).arg(port.to_string()).spawn().expect("it starts")
}

/// The bare loop: axum takes the body, one thread inserts what has gathered in one synced transaction, and the answer
/// follows the commit. No signature, no JSON, no job.
pub fn serve_bare(folder: &str, port: &str) {
    use axum::{
        Router,
        body::Bytes,
        extract::State,
        http::HeaderMap,
        routing::{get, post},
    };
    type Request = (String, tokio::sync::oneshot::Sender<()>);
    let connection = rusqlite::Connection::open(Path::new(folder).join("bare.sqlite")).expect("a store");
    connection.pragma_update(None, "journal_mode", "WAL").expect("WAL");
    connection.pragma_update(None, "synchronous", "FULL").expect("FULL");
    connection.execute("CREATE TABLE deliveries (id TEXT PRIMARY KEY, bytes BIGINT)", []).expect("a table");
    let (sender, requests) = mpsc::sync_channel::<Request>(4_096);
    std::thread::spawn(move || {
        let mut connection = connection;
        while let Ok(first) = requests.recv() {
            let group: Vec<Request> = std::iter::once(first).chain(requests.try_iter().take(255)).collect();
            let transaction = connection.transaction().expect("a transaction");
            for (id, _) in &group {
                let mut insert =
                    transaction.prepare_cached("INSERT INTO deliveries VALUES (?1, 0)").expect("a statement");
                insert.execute([id]).expect("an insert");
            }
            transaction.commit().expect("a commit");
            for (_, answer) in group {
                let _gone = answer.send(());
            }
        }
    });
    async fn receive(
        State(sender): State<mpsc::SyncSender<Request>>,
        headers: HeaderMap,
        _body: Bytes,
    ) -> &'static str {
        let id = headers["x-github-delivery"].to_str().expect("an id").to_owned();
        let (tell, told) = tokio::sync::oneshot::channel();
        sender.send((id, tell)).expect("the writer");
        told.await.expect("a commit");
        "ok"
    }
    let routes = Router::new()
        .route("/webhook", post(receive))
        .route("/readyz", get(async || "ok"))
        .with_state(sender);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind(format!("127.0.0.1:{port}")).await.expect("the port");
        axum::serve(listener, routes).await.expect("it serves");
    });
}

pub fn wait(port: u16) {
    let until = Instant::now() + Duration::from_secs(20);
    loop {
        let asked = TcpStream::connect(("127.0.0.1", port)).and_then(|mut stream| {
            stream.write_all(b"GET /readyz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")?;
            let mut answer = String::new();
            stream.read_to_string(&mut answer)?;
            Ok(answer)
        });
        if asked.is_ok_and(|answer| answer.contains(" 200 ")) {
            return;
        }
        assert!(Instant::now() < until, "it is never ready");
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn load(port: u16) -> Measured {
    let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
    let bodies: Vec<(String, String)> = (0..BODIES).map(|n| body(&key, n)).collect();
    let end = Instant::now() + Duration::from_secs(SECONDS);
    over_connections(&[port], |id| {
        let (body, signature) = &bodies[(id % BODIES) as usize];
        (Instant::now() < end).then(|| request(id, "workflow_run", body, signature))
    })
}

/// Delivers so many events, in turn at each port.
pub fn deliver(ports: &[u16], count: u64, event: impl Fn(u64) -> (&'static str, String) + Sync) -> Measured {
    let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
    over_connections(ports, |id| {
        (id < count).then(|| {
            let (name, body) = event(id);
            request(id, name, &body, &signature(&key, &body))
        })
    })
}

fn request(id: u64, name: &str, body: &str, signature: &str) -> Vec<u8> {
    format!(
        "POST /webhook HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
         X-GitHub-Event: {name}\r\nX-GitHub-Delivery: {name}-{id}\r\nX-Hub-Signature-256: {signature}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// Sends what `next` gives for each number until it gives nothing, over kept connections.
fn over_connections(ports: &[u16], next: impl Fn(u64) -> Option<Vec<u8>> + Sync) -> Measured {
    let ids = AtomicU64::new(0);
    let begun = Instant::now();
    let mut times = Vec::new();
    let mut refused = 0;
    std::thread::scope(|scope| {
        let (ids, next) = (&ids, &next);
        let threads: Vec<_> = (0..CONNECTIONS)
            .map(|n| scope.spawn(move || one_connection(ports[n % ports.len()], ids, next)))
            .collect();
        for thread in threads {
            let (some, wrong) = thread.join().expect("a connection");
            times.extend(some);
            refused += wrong;
        }
    });
    let took = begun.elapsed().as_secs_f64();
    times.sort_by(f64::total_cmp);
    let at = |share: f64| times.get((times.len() as f64 * share) as usize).copied().unwrap_or(f64::NAN);
    Measured { a_second: times.len() as f64 / took, p50: at(0.5), p99: at(0.99), refused }
}

fn one_connection(port: u16, ids: &AtomicU64, next: &impl Fn(u64) -> Option<Vec<u8>>) -> (Vec<f64>, u64) {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("a connection");
    stream.set_nodelay(true).expect("no delay");
    let mut times = Vec::new();
    let mut refused = 0;
    let mut answer = [0; 4_096];
    while let Some(request) = next(ids.fetch_add(1, Ordering::Relaxed)) {
        let begin = Instant::now();
        stream.write_all(&request).expect("it takes the delivery");
        let read = stream.read(&mut answer).expect("an answer");
        times.push(begin.elapsed().as_secs_f64() * 1e3);
        refused += u64::from(!answer[..read].starts_with(b"HTTP/1.1 20"));
    }
    (times, refused)
}

fn body(key: &hmac::Key, n: u64) -> (String, String) {
    let head = format!(
        "{{\"action\":\"completed\",\"workflow_run\":{{\"head_sha\":\"{n:040x}\",\"event\":\"pull_request\"}},\
         \"repository\":{{\"full_name\":\"acme/r{}\"}},\"installation\":{{\"id\":5}},\"padding\":\"",
        n % 50
    );
    let body = format!("{head}{}\"}}", "x".repeat(BODY_BYTES - head.len() - 2));
    let signature = signature(key, &body);
    (body, signature)
}

fn signature(key: &hmac::Key, body: &str) -> String {
    let tag = hmac::sign(key, body.as_bytes());
    let digits: String = tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256={digits}")
}

/// The most memory that a process has had, in MiB.
pub fn peak(process: u32) -> f64 {
    memory(process, "VmHWM:")
}

/// What a line of the process's status says of its memory, in MiB.
pub fn memory(process: u32, name: &str) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).expect("Linux");
    let line = status.lines().find_map(|line| line.strip_prefix(name)).expect("it is there");
    line.trim().trim_end_matches(" kB").trim().parse::<f64>().expect("a number") / 1024.0
}
