//! The second stage sees the change that the first stage sees.

use super::{change_against, diff_below, in_ci, path, repo_with};
use crate::diagnostic::Diagnostic;
use crate::io::git::{
    Base, ListedCommit, ListedFile, Repository, Run, RunKind, Sides, changes, default_branch_tip, find_base,
    rebuild, wanted,
};
use crate::io::testing::{Repo, git};
use crate::model::{Diff, DiffState, FileChange};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// What an API would say of a commit.
fn listed(repository: &git2::Repository, commit: &str) -> ListedCommit {
    let commit = repository.revparse_single(commit).unwrap().peel_to_commit().unwrap();
    let tree = commit.tree().unwrap();
    let mut entries = Vec::new();
    tree.walk(git2::TreeWalkMode::PreOrder, |folder, entry| {
        if entry.kind() != Some(git2::ObjectType::Tree) {
            let name = String::from_utf8_lossy(entry.name_bytes()).into_owned();
            let size = repository.odb().unwrap().read_header(entry.id()).ok().map(|(size, _)| size as u64);
            let mode = u32::try_from(entry.filemode_raw()).unwrap();
            let path = format!("{folder}{name}");
            entries.push(ListedFile { path, mode, id: entry.id().to_string(), size });
        }
        git2::TreeWalkResult::Ok
    })
    .unwrap();
    ListedCommit { commit: commit.id().to_string(), tree: tree.id().to_string(), entries }
}

fn blobs(repository: &git2::Repository, ids: &BTreeSet<String>) -> BTreeMap<String, Vec<u8>> {
    let read =
        |id: &String| repository.find_blob(git2::Oid::from_str(id).unwrap()).unwrap().content().to_vec();
    ids.iter().map(|id| (id.clone(), read(id))).collect()
}

/// A pull request from a fork into `main`, rebuilt below `dir`.
fn rebuilt(
    dir: &Path,
    base: &ListedCommit,
    head: &ListedCommit,
    blobs: &BTreeMap<String, Vec<u8>>,
    too_large: &BTreeSet<String>,
) -> Result<(Repository, Base), Box<Diagnostic>> {
    let sides = Sides {
        url: "https://github.com/acme/payments",
        default_branch: "main",
        default_tip: base,
        base_branch: "main",
        base_tip: &base.commit,
        base,
        head,
        blobs,
        too_large,
    };
    let repository = rebuild(dir, &sides)?;
    let base = find_base(&repository, None, &pull_request_into("main")).unwrap();
    Ok((repository, base))
}

fn pull_request_into(base: &str) -> Run {
    Run {
        kind: RunKind::PullRequest,
        base_branch: Some(base.to_owned()),
        default_branch: Some("main".to_owned()),
        ..Run::default()
    }
}

fn rebuilt_diff(dir: &Path, base: &str, head: &str) -> Diff {
    let repository = git2::Repository::open(dir).unwrap();
    let (base, head) = (listed(&repository, base), listed(&repository, head));
    let wanted = wanted(&base, &head, &|_| false);
    let blobs = blobs(&repository, &wanted.blobs);
    let place = tempfile::tempdir().unwrap();
    let (repository, base) = rebuilt(place.path(), &base, &head, &blobs, &wanted.too_large).unwrap();
    without_id(change_against(&repository, &base, &in_ci()))
}

/// The ids of rebuilt commits are their own; all else must be equal.
fn without_id(diff: Diff) -> Diff {
    Diff { base: None, ..diff }
}

fn sample() -> Repo {
    let text: String = (0..40).map(|n| format!("line {n}\n")).collect();
    let files =
        [("src/a.rs", text.as_str()), ("src/b.rs", "1\n2\n3\n"), ("deep/er/c.txt", "x\n"), ("gone", "y\n")];
    let repo = repo_with(&files);
    repo.git(&["mv", "src/a.rs", "src/moved.rs"]);
    repo.write("src/moved.rs", text.replace("line 7\n", "line seven\n"));
    repo.write("src/b.rs", "1\ntwo\n3\nfour\n");
    repo.write("new/ünï code.rs", "fn new() {}");
    repo.git(&["rm", "-q", "gone"]);
    repo.commit("change");
    repo
}

#[test]
fn the_change_is_the_same_as_in_a_clone() {
    let repo = sample();
    let direct = without_id(diff_below(repo.path(), "main"));
    assert_eq!(direct.files.len(), 4);
    assert_eq!(rebuilt_diff(repo.path(), "main", "pr"), direct);
}

#[test]
fn of_a_file_that_the_change_does_not_touch_the_length_is_known() {
    let repo = sample();
    let repository = git2::Repository::open(repo.path()).unwrap();
    let (base, head) = (listed(&repository, "main"), listed(&repository, "pr"));
    let blobs = blobs(&repository, &wanted(&base, &head, &|_| false).blobs);
    let place = tempfile::tempdir().unwrap();
    let (repository, _) = rebuilt(place.path(), &base, &head, &blobs, &BTreeSet::new()).unwrap();
    let length = |file: &str| repository.length_of_unfetched(&path(file));
    assert_eq!([length("deep/er/c.txt"), length("src/b.rs"), length("gone")], [Some(2), None, None]);
}

#[test]
fn the_golden_cases_are_the_same_as_in_a_clone() {
    let Some(corpus) = std::env::var_os("TOLLGATE_CORPUS") else { return };
    let mut cases = 0;
    for case in std::fs::read_dir(Path::new(&corpus).join("golden")).unwrap() {
        let bundle = case.unwrap().path().join("repo.bundle");
        if !bundle.exists() {
            continue;
        }
        let expected = std::fs::read(bundle.with_file_name("expected.json")).unwrap();
        let expected: serde_json::Value = serde_json::from_slice(&expected).unwrap();
        let text = |key: &str| expected.get(key).unwrap().as_str().unwrap().to_owned();
        let dir = tempfile::tempdir().unwrap();
        let clone = dir.path().join("clone");
        git(dir.path(), &["clone", "-q", bundle.to_str().unwrap(), clone.to_str().unwrap()]);
        git(&clone, &["checkout", "-q", &text("head")]);
        let direct = without_id(diff_below(&clone, &text("base")));
        assert_eq!(rebuilt_diff(&clone, &text("merge_base"), &text("head")), direct, "{}", bundle.display());
        cases += 1;
    }
    assert!(cases > 10, "only {cases} golden cases were found");
}

#[test]
fn a_listing_that_is_not_whole_gives_no_change() {
    let repo = sample();
    let repository = git2::Repository::open(repo.path()).unwrap();
    let (base, head) = (listed(&repository, "main"), listed(&repository, "pr"));
    let blobs = blobs(&repository, &wanted(&base, &head, &|_| false).blobs);
    let build = |base: &ListedCommit, head: &ListedCommit, blobs| {
        let place = tempfile::tempdir().unwrap();
        let built = rebuilt(place.path(), base, head, blobs, &BTreeSet::new());
        built.map(drop).map_err(|error| error.message.raw().to_owned())
    };
    assert_eq!(build(&base, &head, &blobs), Ok(()));
    for index in 0..head.entries.len() {
        let mut cut = head.clone();
        cut.entries.remove(index);
        assert!(build(&base, &cut, &blobs).unwrap_err().contains("not listed whole"), "{index}");
    }
    let mut twice = head.clone();
    twice.entries.push(twice.entries[0].clone());
    assert!(build(&base, &twice, &blobs).is_err());
    let mut forged = blobs.clone();
    forged.values_mut().next().unwrap().push(b'!');
    assert!(build(&base, &head, &forged).unwrap_err().contains("other bytes"));
}

#[test]
fn a_blob_that_did_not_come_is_no_unchanged_file() {
    let repo = sample();
    let repository = git2::Repository::open(repo.path()).unwrap();
    let (base, head) = (listed(&repository, "main"), listed(&repository, "pr"));
    let mut blobs = blobs(&repository, &wanted(&base, &head, &|_| false).blobs);
    blobs.remove(&head.entry("src/b.rs").unwrap().id);
    let place = tempfile::tempdir().unwrap();
    let (repository, base) = rebuilt(place.path(), &base, &head, &blobs, &BTreeSet::new()).unwrap();
    let changes = changes(&repository, &base, &in_ci());
    assert!(matches!(changes.diff, DiffState::Unavailable { .. }), "{changes:?}");
}

#[test]
fn a_file_too_large_to_compare_changes_without_lines_as_in_a_clone() {
    let large = |letter: &str| {
        let line = letter.repeat(1_023) + "\n";
        line.repeat(usize::try_from(super::super::MAX_BLOB >> 10).unwrap() + 1)
    };
    let repo =
        repo_with(&[("data/grows.txt", "a\n"), ("data/shrinks.txt", &large("s")), ("src/b.rs", "1\n")]);
    repo.write("data/grows.txt", large("g"));
    repo.write("data/shrinks.txt", "s\n");
    repo.write("data/new.txt", large("n"));
    repo.write("src/b.rs", "1\n2\n");
    repo.commit("change");
    let direct = without_id(diff_below(repo.path(), "main"));
    assert_eq!(direct.files[&path("data/grows.txt")].change, FileChange::NotText);
    assert_eq!(direct.files.len(), 4);
    assert_eq!(rebuilt_diff(repo.path(), "main", "pr"), direct);
}

#[test]
fn commits_go_by_the_ids_that_they_have_at_github() {
    let repo = sample();
    let repository = git2::Repository::open(repo.path()).unwrap();
    let (base, head) = (listed(&repository, "main"), listed(&repository, "pr"));
    let blobs = blobs(&repository, &wanted(&base, &head, &|_| false).blobs);
    let policy = ListedFile { path: "tollgate.yml".into(), mode: 0o100_644, ..base.entries[0].clone() };
    let tip = ListedCommit { commit: "f".repeat(40), tree: String::new(), entries: vec![policy] };
    let place = tempfile::tempdir().unwrap();
    let sides = Sides {
        url: "https://github.com/acme/payments",
        default_branch: "main",
        default_tip: &tip,
        base_branch: "release",
        base_tip: &"e".repeat(40),
        base: &base,
        head: &head,
        blobs: &blobs,
        too_large: &BTreeSet::new(),
    };
    let rebuilt = rebuild(place.path(), &sides).unwrap();
    let seen = rebuilt.head().unwrap();
    assert_eq!((seen.commit, seen.project.raw()), (Some(head.commit), "payments"));
    let run = pull_request_into("release");
    let found = find_base(&rebuilt, None, &run).unwrap();
    let Base::Known(point) = &found else { panic!("{found:?}") };
    assert_eq!((point.name.raw(), point.tip.as_str()), ("release", "e".repeat(40).as_str()));
    assert_eq!(point.merge_base, base.commit);
    let (tip, branch) = default_branch_tip(&rebuilt, &found, &run).unwrap().unwrap();
    assert_eq!((tip.as_str(), branch.raw()), ("f".repeat(40).as_str(), "main"));
}
