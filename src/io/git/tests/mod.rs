//! Real repositories, made by the git command line.

mod base;
mod diff;
mod files;
mod golden;
mod opening;
mod rebuilt;

use super::{Base, Repository, Run, RunKind, changes, find_base, open};
use crate::io::testing::Repo;
use crate::model::{Diff, DiffState, FileChange, RepoPath};
use std::path::Path;

fn path(text: &str) -> RepoPath {
    RepoPath::new(text).unwrap()
}

fn lines(diff: &Diff, file: &str) -> Vec<u32> {
    diff.files.get(&path(file)).unwrap_or_else(|| panic!("{file}: {diff:?}")).added.lines().collect()
}

fn change(diff: &Diff, file: &str) -> FileChange {
    diff.files.get(&path(file)).unwrap_or_else(|| panic!("{file}: {diff:?}")).change
}

/// A run of CI on a branch: only the commit counts.
fn in_ci() -> Run {
    Run { kind: RunKind::Branch, ..Run::default() }
}

fn pull_request() -> Run {
    Run { kind: RunKind::PullRequest, base_branch: Some("main".to_owned()), ..Run::default() }
}

fn change_against(repository: &Repository, base: &Base, run: &Run) -> Diff {
    match changes(repository, base, run).diff {
        DiffState::Known(diff) => diff,
        other => panic!("{other:?}"),
    }
}

fn diff_below(dir: &Path, base: &str) -> Diff {
    let repository = open(dir).unwrap();
    let base = find_base(&repository, Some(base), &in_ci()).unwrap();
    change_against(&repository, &base, &in_ci())
}

/// The committed change between `main` and the head.
fn diff_of(repo: &Repo) -> Diff {
    diff_below(repo.path(), "main")
}

/// A repository with these files on `main`, and a branch `pr` checked out.
fn repo_with(files: &[(&str, &str)]) -> Repo {
    let repo = Repo::new();
    for (name, content) in files {
        repo.write(name, content);
    }
    repo.commit("base");
    repo.git(&["checkout", "-q", "-b", "pr"]);
    repo
}
