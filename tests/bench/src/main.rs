//! Measures Tollgate's readers against the barest loops over the same bytes.
//!
//! Every measurement is a process of its own (this program, started anew), so that CPU time and peak memory are
//! those of one reader and one file. Two readers that are compared run in turn, and the ratio is the median of the
//! ratios pair by pair: it holds while the machine's speed drifts. `--help` says what is measured.

mod changes;
mod generate;
mod history;
mod hostile;
mod measure;
#[expect(dead_code, reason = "only tests start it again")]
#[path = "../../postgres/mod.rs"]
mod postgres;
mod readers;
mod replicas;
mod rng;
mod serve;
mod tables;
mod verdicts;

use std::path::PathBuf;
use std::process::ExitCode;

const HELP: &str = "\
Usage: tollgate-bench [OPTIONS] [TABLE]...

Tables (default: all):
  readers   CPU time of Tollgate's readers over the bare loop on the same bytes
              junit, cobertura, jacoco   quick-xml's event loop over a slice, only counted     goal 2.5
              lcov                       memchr to each line end, DA parsed, kept              goal 1.5
              istanbul                   serde_json's IgnoredAny over a slice                  goal 2
              sarif, go-test             the same                                              goal 4.5
  memory    peak memory of a reader on growing files; it must not grow with them               goal 32 MiB
            (coverage keeps its lines: goal 40 MiB for three million of them; a report of more than
            six million may be refused)
  hostile   peak memory and CPU time on files that were made to hurt                           goal 32 MiB
  at-once   wall time of 2,000 JUnit reports on two cores over that on one                   goal 0.65
  startup   wall time of `tollgate --version` (goal 2 ms) and of `tollgate check` on a
            directory with one report of 133 KB (goal 5 ms)
  history   wall time of `tollgate metrics` over 100,000 commits (goal 10 s)
  changes   wall time of `tollgate check` on a change of 2,000 of 10,000 files, over that of
            `git diff -U0 -M` (goal 1.5), and of diff-cover if it is installed (goal 10 times faster)
  serve     deliveries a second that `tollgate serve` keeps before it answers (goal 2,000 with p99
            under 50 ms, and half of a bare loop of axum and SQLite), its start (goal 200 ms)
            and its memory (goal 150 MiB)
  replicas  2,000 repositories with 10 pull requests each announced to two replicas on PostgreSQL
  verdicts  200 pull requests judged in full by two replicas on PostgreSQL: seconds to the queued check
            (goal 10 at p95), from the last report to the verdict (goal 30), and memory (goal 150 MiB)

Options:
  --scale X        size of the generated files; 1 makes 278 MB of JUnit XML     [default: 0.1]
  --mib N          size of each hostile file                                    [default: 64]
  --runs N         runs of each reader                                          [default: 5]
  --only FORMAT    one format only
  --data DIR       where generated files are kept               [default: target/bench of the project]
  --tollgate FILE  the program for `startup`      [default: the main package's release build]

The same options make the same files on every machine. A ratio is printed only for a run whose totals are those
that the generator wrote down; otherwise the program says so and ends with status 1.
";

/// What the command line asks for.
pub struct Options {
    pub scale: f64,
    pub mib: usize,
    pub runs: usize,
    pub only: Option<String>,
    pub data: PathBuf,
    pub tollgate: PathBuf,
    tables: Vec<String>,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [hidden, rest @ ..] = arguments.as_slice() {
        if hidden == measure::CHILD {
            return measure::child(rest);
        }
        if let (serve::BARE, [folder, port]) = (hidden.as_str(), rest) {
            serve::serve_bare(folder, port);
            return ExitCode::SUCCESS;
        }
    }
    let options = match options(&arguments) {
        Ok(Some(options)) => options,
        Ok(None) => {
            print!("{HELP}");
            return ExitCode::SUCCESS;
        }
        Err(message) => {
            eprintln!("error: {message}\n\n{HELP}");
            return ExitCode::from(2);
        }
    };
    let wanted = |table: &str| options.tables.is_empty() || options.tables.iter().any(|name| name == table);
    let mut sound = true;
    for (name, table) in tables::ALL {
        if wanted(name) {
            sound &= table(&options);
            println!();
        }
    }
    if sound { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn options(arguments: &[String]) -> Result<Option<Options>, String> {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let mut options = Options {
        scale: 0.1,
        mib: 64,
        runs: 5,
        only: None,
        data: here.join("../../target/bench"),
        tollgate: here.join("../../target/release/tollgate"),
        tables: Vec::new(),
    };
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        let mut value = || rest.next().ok_or_else(|| format!("{argument} needs a value"));
        match argument.as_str() {
            "--help" | "-h" => return Ok(None),
            "--scale" => options.scale = number(value()?)?,
            "--mib" => options.mib = number(value()?)?,
            "--runs" => options.runs = number(value()?)?,
            "--only" => options.only = Some(value()?.clone()),
            "--data" => options.data = value()?.into(),
            "--tollgate" => options.tollgate = value()?.into(),
            table if tables::ALL.iter().any(|(name, _)| *name == table) => options.tables.push(table.into()),
            other => return Err(format!("no table or option is called {other}")),
        }
    }
    Ok(Some(options))
}

fn number<T: std::str::FromStr>(text: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("{text} is no number"))
}
