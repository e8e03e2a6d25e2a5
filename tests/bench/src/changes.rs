//! A change of 2,000 files in a repository of 10,000: the coverage of its lines beside `git diff` alone, and beside
//! diff-cover where that is installed.

use crate::Options;
use crate::measure::median;
use crate::rng::Rng;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

const FILES: u64 = 10_000;
const CHANGED: u64 = 2_000;
const LINES: u64 = 400;
/// Over `git diff -U0 -M` in the same run.
const GOAL: f64 = 1.5;
/// How many times faster than diff-cover.
const PEER_GOAL: f64 = 10.0;

/// Wall times in turn, and whether the figure is that of the generator.
pub fn table(options: &Options) -> bool {
    let Ok(program) = options.tollgate.canonicalize() else {
        println!(
            "changes: not measured, {} is not there (cargo build --release)",
            options.tollgate.display()
        );
        return true;
    };
    let (repository, covered, of) = repository(&options.data);
    println!(
        "changes: wall time, {CHANGED} of {FILES} files changed, {of} changed lines that can be covered"
    );
    let (mut ours, mut gits, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    let mut sound = true;
    for _ in 0..options.runs {
        let git =
            timed(Command::new("git").args(["diff", "-U0", "-M", "base", "HEAD"]).current_dir(&repository)).0;
        let (time, out) = timed(
            Command::new(&program)
                .args(["check", "--base", "base", "--report", "coverage=out/lcov.info", "--format", "json"])
                .env("CI", "true")
                .current_dir(&repository),
        );
        if !out.contains(&format!("\"covered\": {covered},")) || !out.contains(&format!("\"of\": {of},")) {
            println!("WRONG changes: expected {covered} of {of} in the verdict");
            sound = false;
        }
        ours.push(time);
        gits.push(git);
        ratios.push(time / git);
    }
    println!("git diff -U0 -M        {:>8.3} s", median(gits));
    let ours = median(ours);
    println!("tollgate check         {ours:>8.3} s   {:.2} of git diff, goal {GOAL}", median(ratios));
    let peer =
        Command::new("diff-cover").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    if !peer.is_ok_and(|status| status.success()) {
        println!("diff-cover: not measured, it is not installed (pip install diff-cover)");
        return sound;
    }
    let mut command = Command::new("diff-cover");
    let arguments = ["out/lcov.info", "--compare-branch", "base", "--ignore-staged", "--ignore-unstaged"];
    let (peer, _) = timed(command.args(arguments).current_dir(&repository));
    println!("diff-cover             {peer:>8.3} s   {:.1} of ours, goal {PEER_GOAL}", peer / ours);
    sound
}

fn timed(command: &mut Command) -> (f64, String) {
    let begin = Instant::now();
    let output = command.stderr(Stdio::null()).output().expect("it starts");
    (begin.elapsed().as_secs_f64(), String::from_utf8_lossy(&output.stdout).into_owned())
}

fn file_name(file: u64) -> String {
    format!("src/m{:03}/f{file}.c", file / 100)
}

/// The repository, and how many changed lines ran of all that can.
fn repository(data: &Path) -> (PathBuf, u64, u64) {
    let repository = data.join("changes");
    let git = |arguments: &[&str]| {
        let status = Command::new("git")
            .args(["-c", "user.name=bench", "-c", "user.email=bench@example.invalid", "-c", "gc.auto=0"])
            .args(arguments)
            .current_dir(&repository)
            .stdout(Stdio::null())
            .status();
        assert!(status.is_ok_and(|status| status.success()), "git {arguments:?}");
    };
    let fresh = !repository.join(".git/done").exists();
    let mut rng = Rng::new(5);
    let (mut covered, mut of) = (0, 0);
    let mut report = String::new();
    let mut before = Vec::new();
    let mut after = Vec::new();
    for file in 0..FILES {
        let mut lines: Vec<String> = (0..LINES)
            .map(|line| format!("    value_{} = compute({line}, {});", rng.below(1000), rng.below(1000)))
            .collect();
        before.push(lines.join("\n") + "\n");
        let mut changed = vec![false; lines.len()];
        if file % (FILES / CHANGED) == 0 {
            for _ in 0..8 {
                let first = rng.below(LINES - 6);
                for line in first..first + 5 {
                    lines[line as usize] =
                        format!("    other_{} = compute({line}, {file});", rng.below(1_000_000));
                    changed[line as usize] = true;
                }
            }
            after.push((file, lines.join("\n") + "\n"));
        }
        let _ = writeln!(report, "SF:{}", file_name(file));
        for (line, changed) in (1..).zip(&changed) {
            let hits = rng.below(4);
            let _ = writeln!(report, "DA:{line},{hits}");
            of += u64::from(*changed);
            covered += u64::from(*changed && hits > 0);
        }
        report.push_str("end_of_record\n");
    }
    if fresh {
        let _ = std::fs::remove_dir_all(&repository);
        let write = |name: &str, text: &str| {
            let path = repository.join(name);
            std::fs::create_dir_all(path.parent().expect("it has a folder")).expect("it can be made");
            std::fs::write(path, text).expect("the data directory can be written");
        };
        write(".gitignore", "/out\n");
        git(&["init", "-q"]);
        for (file, text) in (0..).zip(&before) {
            write(&file_name(file), text);
        }
        git(&["add", "-A"]);
        git(&["commit", "-q", "-m", "base"]);
        git(&["branch", "base"]);
        for (file, text) in &after {
            write(&file_name(*file), text);
        }
        git(&["commit", "-q", "-a", "-m", "change"]);
        git(&["repack", "-q", "-a", "-d"]);
        write("out/lcov.info", &report);
        write(".git/done", "");
    }
    (repository, covered, of)
}
