//! Whole gates: a small history, the reports of both sides, a policy, and what people read.
//!
//! Each folder beside this file is a case. `WHY` says what it shows. `base/` is the tree of the default branch with
//! its policy, `base/out/` its reports; `head/` are the files that the change writes, `head/out/` the reports of
//! the change (`jobs.json` is how its jobs ended). `GONE` lists files that it removes. Without `base/out` the base has
//! no snapshot. `before/1`, `before/2`
//! ... are the files of earlier commits of the default branch, oldest first; each is judged, and its history goes on
//! to the next. `SNAPSHOT` names another commit whose snapshot is given as that of the base: `before` (the last
//! earlier commit), `other` (a commit of another branch, with the files of `other/`) or `head` (the change itself).
//! `EXPECTED` is the summary, with the exit code first. To write it anew, run with `TOLLGATE_UPDATE_GATES=1`, and read
//! the difference. The terminal and the JSON must say the same verdict.

use crate::program::{Place, Run};
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

/// The reports of a commit, without those that a later one must write anew.
const REPORTS: &str = "out";

/// A repository in which the snapshots of earlier commits are kept beside the objects.
struct History {
    place: Place,
    /// The newest snapshot of the default branch.
    newest: PathBuf,
}

impl History {
    fn new() -> Self {
        let place = Place::new();
        place.git(&["init", "-q"]);
        place.file(".gitignore", "/out\n");
        let newest = place.path().join(".git/newest.snapshot");
        Self { place, newest }
    }

    /// Commits a folder's files over those that are there; its snapshot, if it has reports, goes on from `before`.
    fn commit(&self, files: &Path, message: &str, before: Option<&Path>, to: &Path) -> String {
        self.place.copy(files, ".");
        let commit = self.place.commit(message);
        if files.join(REPORTS).exists() {
            let mut arguments = vec!["check", "--save-snapshot", to.to_str().unwrap()];
            let jobs = self.jobs();
            arguments.extend(jobs.iter().flat_map(|jobs| ["--jobs", jobs.to_str().unwrap()]));
            if let Some(before) = before.filter(|before| before.exists()) {
                arguments.extend(["--base-snapshot", before.to_str().unwrap()]);
            }
            let run = self.place.tollgate(&arguments);
            assert!(to.exists(), "no snapshot of {}: {}", files.display(), run.all());
            fs::remove_dir_all(self.place.path().join(REPORTS)).unwrap();
        }
        commit
    }
}

impl History {
    /// How the jobs ended, moved out of the reports' way.
    fn jobs(&self) -> Option<PathBuf> {
        let (written, kept) =
            (self.place.path().join("out/jobs.json"), self.place.path().join(".git/jobs.json"));
        fs::rename(written, &kept).ok().map(|()| kept)
    }
}

/// Judges a case: exit code, then the summary, without what differs from run to run.
fn judged(case: &Path) -> (i32, String) {
    let history = History::new();
    let (place, newest) = (&history.place, history.newest.as_path());
    let mut names = Vec::new();
    for number in 1.. {
        let before = case.join(format!("before/{number}"));
        if !before.exists() {
            break;
        }
        names.push((history.commit(&before, "before", Some(newest), newest), format!("BEFORE{number}")));
    }
    let named = fs::read_to_string(case.join("SNAPSHOT")).unwrap_or_default();
    let other = place.path().join(".git/other.snapshot");
    if named.trim() == "before" {
        fs::copy(newest, &other).unwrap();
    }
    names.push((history.commit(&case.join("base"), "base", Some(newest), newest), "BASE".to_owned()));
    if named.trim() == "other" {
        place.git(&["checkout", "-q", "-b", "other"]);
        names.push((history.commit(&case.join("other"), "other", None, &other), "OTHER".to_owned()));
        place.git(&["checkout", "-q", "main"]);
    }
    place.git(&["checkout", "-q", "-b", "topic"]);
    place.copy(&case.join("head"), ".");
    for gone in fs::read_to_string(case.join("GONE")).unwrap_or_default().lines() {
        fs::remove_file(place.path().join(gone)).unwrap();
    }
    names.push((place.commit("change"), "HEAD".to_owned()));
    if named.trim() == "head" {
        // As if it were a run of the default branch: there is nothing here that could say otherwise.
        place.tollgate(&["check", "--save-snapshot", other.to_str().unwrap()]);
    }
    let jobs = history.jobs();
    let mut arguments = vec!["check", "--base", "main", "--as-of", "2026-12-01"];
    let snapshot = if named.is_empty() { newest } else { other.as_path() };
    if snapshot.exists() {
        arguments.extend(["--base-snapshot", snapshot.to_str().unwrap()]);
    }
    arguments.extend(jobs.iter().flat_map(|jobs| ["--jobs", jobs.to_str().unwrap()]));
    let in_format = |format| place.tollgate(&[arguments.as_slice(), &["--format", format]].concat());
    let run = in_format("markdown");
    agree(case, &run, &in_format("text"), &in_format("json"));
    let project = place.path().file_name().unwrap().to_str().unwrap().to_owned();
    let mut text = String::new();
    writeln!(text, "exit {}\n", run.status).unwrap();
    text.push_str(&run.all());
    // The escapers break up what a page would make a link of.
    let mut text = text.replace('\u{2060}', "");
    for (commit, name) in &names {
        text = text.replace(commit, name).replace(&commit[..7], name);
    }
    (run.status, text.replace(&project, "PROJECT"))
}

/// The terminal and the record say what the summary says.
fn agree(case: &Path, summary: &Run, terminal: &Run, record: &Run) {
    let case = case.display();
    assert_eq!((summary.status, summary.status), (terminal.status, record.status), "{case}");
    let (word, last) = match summary.status {
        0 => ("passed", "PASSED: "),
        1 => ("needs-changes", "NEEDS CHANGES: "),
        _ => ("no-verdict", "NO VERDICT: "),
    };
    let line = terminal.out.lines().last().unwrap_or_default();
    assert!(line.starts_with(last), "{case}: {line}");
    let record: serde_json::Value = serde_json::from_str(&record.out).unwrap();
    assert_eq!(record["verdict"], word, "{case}");
    for excused in record["not-counted"].as_array().unwrap() {
        let name = excused["what"].as_str().unwrap();
        assert!(terminal.out.contains(name) && summary.out.contains(name), "{case}: {name}");
    }
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
