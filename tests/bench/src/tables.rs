//! The tables that are printed.

use crate::measure::{in_turn, median, median_cpu, most_memory, ratio, run};
use crate::{Options, changes, generate, history, hostile, replicas, serve, verdicts};
use std::process::{Command, Stdio};
use std::time::Instant;

/// Measures and prints; false if a total was wrong or a process died.
type Table = fn(&Options) -> bool;

/// Every table by its name.
pub const ALL: &[(&str, Table)] = &[
    ("readers", readers),
    ("memory", memory),
    ("hostile", hostile),
    ("at-once", at_once),
    ("startup", startup),
    ("history", history::table),
    ("changes", changes::table),
    ("serve", serve::table),
    ("replicas", replicas::table),
    ("verdicts", verdicts::table),
];

/// What no reader may exceed, in MiB.
const MEMORY_GOAL: f64 = 32.0;
/// The lines of a coverage report for which memory is promised, and the most that they may take, in MiB.
const PROMISED_LINES: u64 = 3_000_000;
const COVERAGE_GOAL: f64 = 40.0;
/// A report of more lines may be refused, as it would take more than the stated 96 MiB.
const MOST_LINES: u64 = 2 * PROMISED_LINES;
/// What a reader that refuses such a report says.
const TOO_LARGE: &str = "refused: report-too-large";

/// (format, bare loop, most that the ratio may be)
const COMPARED: &[(&str, &str, f64)] = &[
    ("junit", "quick-xml", 2.5),
    ("cobertura", "quick-xml", 2.5),
    ("lcov", "hand-lcov", 1.5),
    ("lcov", "memchr-lines", f64::NAN),
    ("sarif", "ignored-any", 4.5),
    ("jacoco", "quick-xml", 2.5),
    ("istanbul", "ignored-any", 2.0),
    ("go-test", "ignored-lines", 4.5),
];

fn formats<'o>(
    options: &'o Options,
) -> impl Iterator<Item = &'static (&'static str, &'static str, f64)> + 'o {
    let known = |format: &str| tollgate::formats::by_id(format).is_some();
    COMPARED
        .iter()
        .filter(move |(format, ..)| known(format))
        .filter(|(format, ..)| options.only.as_deref().is_none_or(|only| only == *format))
}

fn readers(options: &Options) -> bool {
    println!("readers: CPU time over the bare loop on the same bytes (median of {} pairs)", options.runs);
    println!(
        "{:<28} {:>8} {:>9} {:>9} {:>7} {:>6} {:>9}",
        "reader / bare loop", "MB", "ours ms", "bare ms", "ratio", "goal", "peak MiB"
    );
    let mut sound = true;
    for (format, bare, goal) in formats(options) {
        let input = generate::report(format, options, 1.0);
        let megabytes = std::fs::metadata(&input.path).map_or(0, |meta| meta.len()) as f64 / 1e6;
        for how in ["everything", "tollgate", "totals"] {
            let (ours, theirs) = in_turn(&format!("{how}:{format}"), bare, &input.path, options.runs);
            let wanted = format!("complete {}", input.expected);
            if let Some(wrong) = ours.iter().find(|run| run.found != wanted) {
                println!("WRONG {format}: expected {wanted}, found {}", wrong.found);
                sound = false;
            }
            let goal = if goal.is_nan() { "-".to_owned() } else { format!("{goal:.1}") };
            println!(
                "{:<28} {megabytes:>8.1} {:>9.1} {:>9.1} {:>7.2} {goal:>6} {:>9.1}",
                format!("{how}:{format} / {bare}"),
                median_cpu(&ours) * 1e3,
                median_cpu(&theirs) * 1e3,
                ratio(&ours, &theirs),
                most_memory(&ours),
            );
        }
    }
    println!(
        "everything: identities, repeats and places are kept, as `check` does with a base; tollgate: identities"
    );
    println!("alone; totals: nothing but counts, as `inspect` does");
    sound
}

fn memory(options: &Options) -> bool {
    println!(
        "memory: peak of one reader on growing files (goal: {MEMORY_GOAL:.0} MiB for tests and scans; coverage keeps its"
    );
    println!(
        "lines: {COVERAGE_GOAL:.0} MiB for {PROMISED_LINES} of them, and one of more than {MOST_LINES} may be refused; * = more)"
    );
    println!("{:<20} {:>8} {:>9} {:>9} {:>9} {:>9}", "reader", "MB", "lines", "cpu ms", "MB/s", "peak MiB");
    let mut sound = true;
    for (format, bare, _) in formats(options).filter(|(_, bare, _)| *bare != "memchr-lines") {
        debug_assert!(!bare.is_empty());
        let small = generate::report(format, options, 0.1);
        // At scale 1 the second file of a format of coverage has the lines that are promised.
        let whole = lines_of(&small.expected)
            .map_or(1.0, |lines| PROMISED_LINES as f64 * options.scale * 0.1 / lines as f64);
        for factor in [0.1, whole, 4.0] {
            let input = generate::report(format, options, factor);
            let megabytes = std::fs::metadata(&input.path).map_or(0, |meta| meta.len()) as f64 / 1e6;
            let run = run(&format!("tollgate:{format}"), &input.path);
            let lines = lines_of(&input.expected);
            let may_be_refused = lines.is_some_and(|lines| lines > MOST_LINES);
            let is_refused = may_be_refused && run.found.starts_with(TOO_LARGE);
            if !is_refused && run.found != format!("complete {}", input.expected) {
                println!("WRONG {format}: expected {}, found {}", input.expected, run.found);
                sound = false;
            }
            let peak = run.peak_bytes as f64 / f64::from(1 << 20);
            let is_more = match lines {
                None => peak > MEMORY_GOAL,
                // The generator's dice decide the last lines.
                Some(lines) => lines <= PROMISED_LINES + PROMISED_LINES / 20 && peak > COVERAGE_GOAL,
            };
            let speed = megabytes / run.wall.as_secs_f64().max(1e-9);
            println!(
                "{:<20} {megabytes:>8.1} {:>9} {:>9.1} {speed:>9.0} {peak:>9.1}{}{}",
                format!("tollgate:{format}"),
                lines.map_or("-".to_owned(), |lines| lines.to_string()),
                run.cpu.as_secs_f64() * 1e3,
                if is_more { "*" } else { " " },
                if is_refused { " refused" } else { "" },
            );
        }
    }
    sound
}

/// How many lines a report of coverage has, by what its generator wrote down; `None` for one of another kind.
fn lines_of(expected: &str) -> Option<u64> {
    let (lines, _) = expected.strip_prefix("lines=")?.split_once(' ')?;
    lines.split_once('/')?.1.parse().ok()
}

fn hostile(options: &Options) -> bool {
    println!("hostile: {} MiB each; refused, or read in {MEMORY_GOAL:.0} MiB (* = more)", options.mib);
    println!("{:<32} {:>9} {:>9}  outcome", "file", "cpu ms", "peak MiB");
    let mut sound = true;
    let wanted = |format: &str| options.only.as_deref().is_none_or(|only| only == format);
    for (name, format) in hostile::all().filter(|(_, format)| wanted(format)) {
        let file = hostile::file(name, format, options);
        let run = run(&format!("tollgate:{format}"), &file);
        let peak = run.peak_bytes as f64 / f64::from(1 << 20);
        let mark = if peak > MEMORY_GOAL { "*" } else { " " };
        println!(
            "{:<32} {:>9.0} {peak:>8.1}{mark}  {}",
            format!("{format} {name}"),
            run.cpu.as_secs_f64() * 1e3,
            run.found
        );
        sound &= !run.found.starts_with("died");
        if options.mib > 64 {
            std::fs::remove_file(&file).expect("a file of ours can be removed");
        }
    }
    sound
}

/// How many reports lie in the folder.
const FILES: u64 = 2_000;

fn at_once(options: &Options) -> bool {
    println!(
        "at-once: {FILES} JUnit reports of one folder, read and merged (median of {} pairs)",
        options.runs
    );
    let folder = generate::folder(options, FILES);
    let (one, two) = in_turn("folder:1", "folder:2", &folder, options.runs);
    let same = one.iter().chain(&two).all(|run| run.found == one[0].found && !run.found.starts_with("died"));
    let wall = |runs: &[crate::measure::Run]| median(runs.iter().map(|run| run.wall.as_secs_f64()).collect());
    let ratios =
        two.iter().zip(&one).map(|(two, one)| two.wall.as_secs_f64() / one.wall.as_secs_f64().max(1e-9));
    println!("{:<20} {:>9} {:>9} {:>9}", "cores", "wall ms", "cpu ms", "peak MiB");
    for (name, runs) in [("one", &one), ("two", &two)] {
        println!(
            "{name:<20} {:>9.1} {:>9.1} {:>9.1}",
            wall(runs) * 1e3,
            median_cpu(runs) * 1e3,
            most_memory(runs)
        );
    }
    println!("two over one: {:.2} of the wall time (goal 0.65); {}", median(ratios.collect()), one[0].found);
    if !same {
        println!("WRONG: the snapshots differ");
    }
    same
}

fn startup(options: &Options) -> bool {
    if !options.tollgate.exists() {
        println!(
            "startup: not measured, {} is not there (cargo build --release)",
            options.tollgate.display()
        );
        return true;
    }
    println!("startup: wall time of the whole program (median and least of 100 starts)");
    // The data directory lies in our own repository, whose files git would look at.
    let outside = tempfile::tempdir().expect("a folder");
    let folder = outside.path().to_owned();
    std::fs::create_dir_all(folder.join("reports")).expect("the folder can be written");
    let small = Options {
        scale: 0.000_48,
        only: None,
        data: folder.clone(),
        tollgate: options.tollgate.clone(),
        tables: Vec::new(),
        ..*options
    };
    let report = generate::report("junit", &small, 1.0);
    std::fs::copy(&report.path, folder.join("reports/junit.xml")).expect("it can be copied");
    let size = std::fs::metadata(&report.path).map_or(0, |meta| meta.len());
    let program = options.tollgate.canonicalize().expect("it is there");
    for (what, arguments, goal) in [("--version", vec!["--version"], 2.0), ("check", vec!["check", "."], 5.0)]
    {
        let start = || {
            let begin = Instant::now();
            let mut command = Command::new(&program);
            command
                .args(&arguments)
                .current_dir(folder.join("reports"))
                .stdout(Stdio::null())
                .stderr(Stdio::null());
            let status = command.status().expect("it starts");
            (begin.elapsed().as_secs_f64() * 1e3, status.code())
        };
        let runs: Vec<(f64, Option<i32>)> = (0..100).map(|_| start()).collect();
        let times: Vec<f64> = runs.iter().map(|run| run.0).collect();
        let least = times.iter().copied().fold(f64::INFINITY, f64::min);
        println!(
            "tollgate {what:<12} {:>6.2} ms (least {least:.2}), goal {goal} ms, exit {:?}",
            median(times),
            runs[0].1
        );
    }
    println!("check: one report of {size} bytes, outside a repository");
    true
}
