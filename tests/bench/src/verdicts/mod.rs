//! 200 pull requests of 50 repositories, judged in full by two replicas on one PostgreSQL: how long a new pull request
//! waits for its queued check, and the last report for the posted verdict. All come at once.

mod github;

use crate::Options;
use crate::postgres::Server;
use crate::replicas::start;
use crate::serve::{deliver, memory, peak, wait};
use github::{GitHub, Pull};
use std::net::TcpListener;
use std::sync::Mutex;
use std::time::{Duration, Instant};

const REPOSITORIES: u64 = 50;
const PULLS: u64 = 4;
/// In seconds at p95: from the event to the queued check, and from the last report to the verdict.
const GOALS: (f64, f64) = (10.0, 30.0);
/// In MiB.
const MEMORY_GOAL: f64 = 150.0;
/// So long behind the last verdict the memory is looked at.
const QUIET: Duration = Duration::from_secs(10);

/// Wall time from event to check; false if a check has not the verdict that its reports have.
pub fn table(options: &Options) -> bool {
    let Ok(program) = options.tollgate.canonicalize() else {
        println!(
            "verdicts: not measured, {} is not there (cargo build --release)",
            options.tollgate.display()
        );
        return true;
    };
    let Some(server) = Server::start() else {
        println!("verdicts: not measured, PostgreSQL is not installed");
        return true;
    };
    let github = GitHub::start(REPOSITORIES, PULLS);
    let pulls = github.pulls();
    println!(
        "verdicts: {} pull requests of {REPOSITORIES} repositories at once, two replicas on one PostgreSQL; each \
         brings {} tests and the coverage of {} files in {:.1} KB of ZIP",
        pulls.len(),
        github::TESTS,
        github::FILES,
        github.artifact_bytes() as f64 / 1e3
    );
    let database = server.database("verdicts");
    let free = || TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a port").port();
    let ports = [free(), free()];
    let mut replicas = ports.map(|port| start(&program, &database, github.port(), port));
    ports.iter().for_each(|port| wait(*port));
    let queued = seconds(&github, &ports, "pull_request", Pull::opened, |check| check.queued);
    github.runs_end();
    let judged = seconds(&github, &ports, "workflow_run", Pull::run_completed, |check| check.judged);
    let most: Vec<f64> = replicas.iter().map(|replica| peak(replica.id())).collect();
    std::thread::sleep(QUIET);
    let steady: Vec<f64> = replicas.iter().map(|replica| memory(replica.id(), "VmRSS:")).collect();
    for replica in &mut replicas {
        replica.kill().expect("it runs");
        replica.wait().expect("it ends");
    }
    println!("{:<34} {:>8} {:>8} {:>8}", "seconds from", "p50", "p95", "goal");
    let mut sound = true;
    for (what, times, goal) in [
        ("pull_request to the queued check", queued, GOALS.0),
        ("workflow_run to the verdict", judged, GOALS.1),
    ] {
        println!("{what:<34} {:>8.1} {:>8.1} {goal:>8.0}", at(&times, 50), at(&times, 95));
        if times.len() < pulls.len() {
            println!(
                "WRONG verdicts: {} of {} pull requests got none",
                pulls.len() - times.len(),
                pulls.len()
            );
            sound = false;
        }
    }
    println!(
        "memory: {:.0} and {:.0} MiB {} s later (goal {MEMORY_GOAL:.0}), {:.0} and {:.0} at most",
        steady[0],
        steady[1],
        QUIET.as_secs(),
        most[0],
        most[1]
    );
    for wrong in github.wrong() {
        println!("WRONG verdicts: {wrong}");
        sound = false;
    }
    sound
}

/// Delivers an event of each pull request, and waits until all have had their answer: the seconds from each to each.
fn seconds(
    github: &GitHub,
    ports: &[u16],
    name: &'static str,
    event: fn(&Pull) -> String,
    answered: fn(&github::Seen) -> Option<Instant>,
) -> Vec<f64> {
    let pulls = github.pulls();
    let sent: Vec<Mutex<Option<Instant>>> = pulls.iter().map(|_| Mutex::new(None)).collect();
    let measured = deliver(ports, pulls.len() as u64, |n| {
        let body = event(&pulls[n as usize]);
        *sent[n as usize].lock().expect("no panic") = Some(Instant::now());
        (name, body)
    });
    assert_eq!(measured.refused, 0, "a delivery was refused");
    let until = Instant::now() + Duration::from_secs(240);
    loop {
        let seen = github.seen();
        let times: Vec<f64> = pulls
            .iter()
            .zip(&sent)
            .filter_map(|(pull, sent)| {
                let answered = answered(seen.get(&pull.sha)?)?;
                let sent = (*sent.lock().expect("no panic"))?;
                Some(answered.duration_since(sent).as_secs_f64())
            })
            .collect();
        if times.len() == pulls.len() || Instant::now() > until {
            return times;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// The time below which so many of 100 lie.
fn at(times: &[f64], percent: usize) -> f64 {
    let mut times = times.to_vec();
    times.sort_by(f64::total_cmp);
    times.get((times.len() * percent).div_ceil(100).saturating_sub(1)).copied().unwrap_or(f64::NAN)
}
