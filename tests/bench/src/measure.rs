//! One measurement: a process of its own, its CPU time, wall time and peak memory.

use crate::readers;
use nix::sys::resource::{Usage, UsageWho, getrusage};
use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

/// First argument of a process that measures.
pub const CHILD: &str = "__measure";

/// What one run of one reader took.
#[derive(Clone, Debug)]
pub struct Run {
    pub cpu: Duration,
    pub wall: Duration,
    pub peak_bytes: u64,
    /// What the reader found, to compare with the generator's figures.
    pub found: String,
}

/// Runs a reader once, in a process of its own.
pub fn run(reader: &str, file: &Path) -> Run {
    let this = std::env::current_exe().expect("this program has a path");
    let output = Command::new(this).arg(CHILD).arg(reader).arg(file).output().expect("it starts");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut fields = text.trim_end().splitn(4, '\t');
    let mut number = || fields.next().and_then(|field| field.parse::<u64>().ok());
    match (number(), number(), number()) {
        (Some(cpu), Some(wall), Some(peak_bytes)) => Run {
            cpu: Duration::from_micros(cpu),
            wall: Duration::from_micros(wall),
            peak_bytes,
            found: fields.next().unwrap_or_default().into(),
        },
        _ => Run {
            cpu: Duration::ZERO,
            wall: Duration::ZERO,
            peak_bytes: 0,
            found: format!("died: {}: {}", output.status, String::from_utf8_lossy(&output.stderr).trim_end()),
        },
    }
}

/// The process that measures: prints CPU time and wall time (µs), peak memory (bytes) and the finding.
///
/// A reader over a slice reads the file first; only what follows is timed. Ours reads the file itself.
pub fn child(arguments: &[String]) -> ExitCode {
    let [reader, file] = arguments else { return ExitCode::from(2) };
    let file = Path::new(file);
    let prepared = readers::prepare(reader, file);
    let (before, start) = (cpu(&usage()), Instant::now());
    let found = prepared.run(file);
    let (wall, after) = (start.elapsed(), usage());
    let spent = cpu(&after).saturating_sub(before);
    println!("{}\t{}\t{}\t{found}", spent.as_micros(), wall.as_micros(), after.max_rss() * 1024);
    ExitCode::SUCCESS
}

fn usage() -> Usage {
    getrusage(UsageWho::RUSAGE_SELF).expect("every process has a usage")
}

fn cpu(usage: &Usage) -> Duration {
    let of = |seconds: i64, micros: i64| Duration::from_micros((seconds * 1_000_000 + micros) as u64);
    let (user, system) = (usage.user_time(), usage.system_time());
    of(user.tv_sec(), user.tv_usec()) + of(system.tv_sec(), system.tv_usec())
}

/// Two readers on one file, in turn; the runs of each.
pub fn in_turn(left: &str, right: &str, file: &Path, runs: usize) -> (Vec<Run>, Vec<Run>) {
    run(left, file);
    (0..runs).map(|_| (run(left, file), run(right, file))).unzip()
}

/// The median of the ratios of CPU time, pair by pair.
pub fn ratio(left: &[Run], right: &[Run]) -> f64 {
    let ratio = |(l, r): (&Run, &Run)| l.cpu.as_secs_f64() / r.cpu.as_secs_f64().max(1e-9);
    median(left.iter().zip(right).map(ratio).collect())
}

pub fn median_cpu(runs: &[Run]) -> f64 {
    median(runs.iter().map(|run| run.cpu.as_secs_f64()).collect())
}

pub fn most_memory(runs: &[Run]) -> f64 {
    runs.iter().map(|run| run.peak_bytes).max().unwrap_or(0) as f64 / f64::from(1 << 20)
}

pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
