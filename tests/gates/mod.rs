//! Whole gates: a small history, the reports of both sides, a policy, and what people read.
//!
//! Each folder beside this file is a case. `WHY` says what it shows. `base/` is the tree of the default branch with
//! its policy, `base/out/` its reports; `head/` are the files that the change writes, `head/out/` the reports of
//! the change (`jobs.json` is how its jobs ended). Without `base/out` the base has no snapshot. `EXPECTED` is the
//! summary, with the exit code first. To write it anew, run with `TOLLGATE_UPDATE_GATES=1`, and read the difference.

use crate::program::Place;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

fn cases() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/gates");
    let folders = fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path());
    let mut cases: Vec<PathBuf> = folders.filter(|path| path.is_dir()).collect();
    cases.sort();
    cases
}

/// Judges a case: exit code, then the summary, without what differs from run to run.
fn judged(case: &Path) -> (i32, String) {
    let place = Place::new();
    place.git(&["init", "-q"]);
    place.file(".gitignore", "/out\n");
    place.copy(&case.join("base"), ".");
    let base = place.commit("base");
    let snapshot = place.path().join(".git/base.snapshot");
    let has_base = case.join("base/out").exists();
    if has_base {
        place.tollgate(&["check", "--save-snapshot", snapshot.to_str().unwrap()]);
        fs::remove_dir_all(place.path().join("out")).unwrap();
    }
    place.git(&["checkout", "-q", "-b", "topic"]);
    place.copy(&case.join("head"), ".");
    let head = place.commit("change");
    let jobs = place.path().join(".git/jobs.json");
    let mut arguments = vec!["check", "--base", "main", "--format", "markdown", "--as-of", "2026-12-01"];
    if has_base {
        arguments.extend(["--base-snapshot", snapshot.to_str().unwrap()]);
    }
    if case.join("head/out/jobs.json").exists() {
        fs::rename(place.path().join("out/jobs.json"), &jobs).unwrap();
        arguments.extend(["--jobs", jobs.to_str().unwrap()]);
    }
    let run = place.tollgate(&arguments);
    let project = place.path().file_name().unwrap().to_str().unwrap().to_owned();
    let mut text = String::new();
    writeln!(text, "exit {}\n", run.status).unwrap();
    text.push_str(&run.all());
    // The escapers break up what a page would make a link of.
    let text = text.replace('\u{2060}', "");
    let text = [(head.as_str(), "HEAD"), (&head[..7], "HEAD"), (base.as_str(), "BASE"), (&base[..7], "BASE")]
        .into_iter()
        .fold(text, |text, (from, to)| text.replace(from, to));
    (run.status, text.replace(&project, "PROJECT"))
}

#[test]
fn every_gate_says_what_is_written_beside_it() {
    let update = std::env::var_os("TOLLGATE_UPDATE_GATES").is_some();
    let mut different = Vec::new();
    for case in cases() {
        let name = case.file_name().unwrap().to_str().unwrap().to_owned();
        let (status, text) = judged(&case);
        assert!(status != 0 || !name.starts_with("attack-"), "{name} passes:\n{text}");
        let expected = case.join("EXPECTED");
        if update {
            fs::write(&expected, &text).unwrap();
        } else if fs::read_to_string(&expected).unwrap_or_default() != text {
            different.push(format!("{name} says:\n{text}"));
        }
    }
    assert!(different.is_empty(), "{}", different.join("\n"));
}
