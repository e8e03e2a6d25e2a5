//! What the head is compared with.

use super::{in_ci, lines, pull_request, repo_with};
use crate::diagnostic::Code;
use crate::io::git::{Base, BasePoint, Run, RunKind, changes, default_branch_tip, find_base, open};
use crate::io::testing::{Repo, git};
use crate::model::DiffState;
use std::path::{Path, PathBuf};

fn known(dir: &Path, named: Option<&str>, run: &Run) -> BasePoint {
    match find_base(&open(dir).unwrap(), named, run).unwrap() {
        Base::Known(point) => point,
        other => panic!("{other:?}"),
    }
}

fn unavailable(dir: &Path, run: &Run) -> (Code, String) {
    match find_base(&open(dir).unwrap(), None, run).unwrap() {
        Base::Unavailable(diagnostic) => (diagnostic.code, diagnostic.help.raw().to_owned()),
        other => panic!("{other:?}"),
    }
}

/// A repository as a server has it: `main`, a branch `pr` with one more line in `a`, `main` moved on in `b`, and
/// the merge of both as `refs/pull/7/merge`.
fn server() -> (Repo, String) {
    let repo = repo_with(&[("a", "1\n"), ("b", "1\n")]);
    repo.write("a", "1\n2\n");
    repo.commit("change");
    repo.git(&["checkout", "-q", "main"]);
    repo.write("b", "1\n2\n");
    repo.commit("main moves on");
    repo.git(&["checkout", "-q", "--detach", "main"]);
    repo.git(&["merge", "-q", "--no-ff", "-m", "Merge pr into main", "pr"]);
    let merge = repo.git(&["rev-parse", "HEAD"]);
    repo.git(&["update-ref", "refs/pull/7/merge", &merge]);
    repo.git(&["checkout", "-q", "main"]);
    (repo, merge)
}

/// What actions/checkout does for a pull request.
fn checkout(server: &Repo, depth: Option<u32>) -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let clone = dir.path().join("clone");
    git(dir.path(), &["init", "-q", "-b", "unused", "clone"]);
    git(&clone, &["remote", "add", "origin", &format!("file://{}", server.path().display())]);
    let depth = depth.map(|depth| format!("--depth={depth}"));
    let mut arguments = vec!["fetch", "-q", "--no-tags"];
    arguments.extend(depth.as_deref());
    arguments.extend(["origin", "+refs/pull/7/merge:refs/remotes/pull/7/merge"]);
    git(&clone, &arguments);
    git(&clone, &["checkout", "-q", "--detach", "refs/remotes/pull/7/merge"]);
    (dir, clone)
}

#[test]
fn the_merge_commit_of_a_pull_request_is_compared_with_its_first_parent() {
    let (server, merge) = server();
    let (_dir, clone) = checkout(&server, Some(2));
    for run in [pull_request(), Run { merge_commit: Some(merge), ..pull_request() }] {
        let point = known(&clone, None, &run);
        assert_eq!(point.name.raw(), "main");
        assert_eq!(point.tip, server.git(&["rev-parse", "main"]));
        assert_eq!(point.merge_base, point.tip);
        let repository = open(&clone).unwrap();
        let found = changes(&repository, &Base::Known(point), &run);
        let diff = found.diff.known().unwrap();
        assert_eq!(lines(diff, "a"), [2]);
        assert_eq!(diff.files.len(), 1);
    }
}

#[test]
fn a_merge_commit_without_its_parents_asks_for_depth_2() {
    let (server, merge) = server();
    let (_dir, clone) = checkout(&server, Some(1));
    let expected = (Code::ShallowClone, "add `fetch-depth: 2` to actions/checkout".to_owned());
    assert_eq!(unavailable(&clone, &pull_request()), expected);
    assert_eq!(unavailable(&clone, &Run { merge_commit: Some(merge), ..pull_request() }), expected);
}

#[test]
fn a_merge_that_the_contributor_made_is_compared_with_the_branch() {
    let (server, _) = server();
    server.git(&["checkout", "-q", "pr"]);
    server.git(&["merge", "-q", "--no-ff", "-m", "Merge main into pr", "main"]);
    server.git(&["checkout", "-q", "main"]);
    let dir = tempfile::tempdir().unwrap();
    git(dir.path(), &["clone", "-q", "-b", "pr", server.path().to_str().unwrap(), "clone"]);
    let clone = dir.path().join("clone");
    let point = known(&clone, None, &pull_request());
    assert_eq!(point.tip, server.git(&["rev-parse", "main"]));
    let repository = open(&clone).unwrap();
    let found = changes(&repository, &Base::Known(point), &pull_request());
    assert_eq!(found.diff.known().unwrap().files.len(), 1);
}

#[test]
fn a_pull_request_without_its_base_has_no_wrong_diff() {
    let (server, _) = server();
    let dir = tempfile::tempdir().unwrap();
    let address = format!("file://{}", server.path().display());
    git(dir.path(), &["clone", "-q", "--depth=1", "-b", "pr", &address, "clone"]);
    let clone = dir.path().join("clone");
    let (code, help) = unavailable(&clone, &pull_request());
    assert_eq!(code, Code::ShallowClone);
    assert!(help.contains("fetch-depth: 0"), "{help}");
    let repository = open(&clone).unwrap();
    let base = find_base(&repository, None, &pull_request()).unwrap();
    let found = changes(&repository, &base, &pull_request());
    assert!(matches!(found.diff, DiffState::Unavailable { .. }));
}

#[test]
fn two_shallow_branches_without_a_common_commit_are_said_to_be_shallow() {
    let (server, _) = server();
    let dir = tempfile::tempdir().unwrap();
    let address = format!("file://{}", server.path().display());
    git(dir.path(), &["clone", "-q", "--depth=1", "--no-single-branch", "-b", "pr", &address, "clone"]);
    assert_eq!(unavailable(&dir.path().join("clone"), &pull_request()).0, Code::ShallowClone);
    assert_eq!(unavailable(&dir.path().join("clone"), &in_ci()).0, Code::ShallowClone);
}

#[test]
fn a_merge_base_behind_a_cut_history_is_not_trusted() {
    // main: 1 - 2 - 3        the pull request merged 2 long ago, and 1 by another way just now.
    let repo = repo_with(&[("a", "1\n")]);
    repo.git(&["checkout", "-q", "main"]);
    let first = repo.git(&["rev-parse", "HEAD"]);
    repo.write("m", "2\n");
    repo.commit("2");
    repo.git(&["checkout", "-q", "-B", "pr"]);
    for number in 0..5 {
        repo.write("p", format!("{number}\n"));
        repo.commit("work");
    }
    repo.git(&["checkout", "-q", "-b", "side", &first]);
    repo.write("s", "1\n");
    repo.commit("side");
    repo.git(&["checkout", "-q", "pr"]);
    repo.git(&["merge", "-q", "--no-ff", "-m", "side", "side"]);
    repo.git(&["checkout", "-q", "main"]);
    repo.write("m", "3\n");
    repo.commit("3");
    let dir = tempfile::tempdir().unwrap();
    let address = format!("file://{}", repo.path().display());
    git(dir.path(), &["clone", "-q", "--depth=3", "--no-single-branch", "-b", "pr", &address, "clone"]);
    let clone = dir.path().join("clone");
    assert_eq!(unavailable(&clone, &in_ci()).0, Code::ShallowClone);
    git(&clone, &["fetch", "-q", "--unshallow"]);
    assert_eq!(known(&clone, None, &in_ci()).merge_base, repo.git(&["rev-parse", "main~1"]));
}

#[test]
fn a_shallow_clone_that_holds_the_merge_base_is_enough() {
    let (server, _) = server();
    let dir = tempfile::tempdir().unwrap();
    let address = format!("file://{}", server.path().display());
    git(dir.path(), &["clone", "-q", "--depth=2", "--no-single-branch", "-b", "pr", &address, "clone"]);
    let point = known(&dir.path().join("clone"), None, &pull_request());
    assert_eq!(point.merge_base, server.git(&["rev-parse", "main~1"]));
}

#[test]
fn the_base_of_a_merge_group_is_the_commit_that_the_event_names() {
    let (server, _) = server();
    let base = server.git(&["rev-parse", "main"]);
    server.git(&["checkout", "-q", "-b", "queue"]);
    server.git(&["merge", "-q", "--no-ff", "-m", "group", "pr"]);
    server.git(&["checkout", "-q", "main"]);
    server.write("later", "1\n");
    server.commit("main moves on");
    let run = Run {
        kind: RunKind::MergeGroup,
        base_branch: Some("refs/heads/main".to_owned()),
        base_commit: Some(base.clone()),
        ..Run::default()
    };
    server.git(&["checkout", "-q", "queue"]);
    assert_eq!(known(server.path(), None, &run).tip, base);
}

#[test]
fn the_remote_says_which_branch_is_the_default() {
    let (server, _) = server();
    server.git(&["branch", "-q", "-m", "main", "develop"]);
    let dir = tempfile::tempdir().unwrap();
    git(dir.path(), &["clone", "-q", "-b", "pr", server.path().to_str().unwrap(), "clone"]);
    let clone = dir.path().join("clone");
    assert_eq!(known(&clone, None, &Run::default()).name.raw(), "develop");
    git(&clone, &["remote", "rename", "origin", "upstream"]);
    assert_eq!(known(&clone, None, &Run::default()).name.raw(), "develop");
    git(&clone, &["remote", "set-head", "upstream", "--delete"]);
    assert_eq!(find_base(&open(&clone).unwrap(), None, &Run::default()).unwrap(), Base::None);
    git(&clone, &["update-ref", "refs/remotes/upstream/master", "refs/remotes/upstream/develop"]);
    assert_eq!(known(&clone, None, &Run::default()).name.raw(), "master");
}

#[test]
fn on_the_default_branch_itself_there_is_no_change() {
    let (server, _) = server();
    let dir = tempfile::tempdir().unwrap();
    git(dir.path(), &["clone", "-q", server.path().to_str().unwrap(), "clone"]);
    let repository = open(&dir.path().join("clone")).unwrap();
    let base = find_base(&repository, None, &in_ci()).unwrap();
    assert_eq!(changes(&repository, &base, &in_ci()).diff, DiffState::NoBase);
    // main moved on after the checkout
    git(&dir.path().join("clone"), &["reset", "-q", "--hard", "HEAD~1"]);
    let repository = open(&dir.path().join("clone")).unwrap();
    let base = find_base(&repository, None, &in_ci()).unwrap();
    assert_eq!(changes(&repository, &base, &in_ci()).diff, DiffState::NoBase);
}

#[test]
fn without_a_remote_or_a_commit_there_is_no_base() {
    let repo = repo_with(&[("a", "1\n")]);
    assert_eq!(find_base(&open(repo.path()).unwrap(), None, &Run::default()).unwrap(), Base::None);
    let empty = Repo::new();
    let repository = open(empty.path()).unwrap();
    assert_eq!(find_base(&repository, None, &Run::default()).unwrap(), Base::None);
    assert_eq!(changes(&repository, &Base::None, &Run::default()).diff, DiffState::NoBase);
    assert_eq!(repository.head().unwrap().commit, None);
    assert_eq!(repository.head().unwrap().branch.unwrap().raw(), "main");
}

#[test]
fn a_named_base_that_does_not_exist_is_wrong_use() {
    let repo = repo_with(&[("a", "1\n")]);
    let repository = open(repo.path()).unwrap();
    for name in ["nope", "deadbeef", "", "HEAD~99", "-x", "main:a", "../..", "refs/heads/\u{0}"] {
        let error = find_base(&repository, Some(name), &Run::default()).unwrap_err();
        assert_eq!(error.0.code, Code::UnknownRevision, "{name}");
    }
}

#[test]
fn a_base_may_be_named_by_commit_branch_tag_or_remote_branch() {
    let (server, _) = server();
    server.git(&["tag", "v1", "main"]);
    server.git(&["tag", "-a", "-m", "x", "v2", "main"]);
    let dir = tempfile::tempdir().unwrap();
    git(dir.path(), &["clone", "-q", "-b", "pr", server.path().to_str().unwrap(), "clone"]);
    let tip = server.git(&["rev-parse", "main"]);
    for name in ["main", "origin/main", "v1", "v2", &tip, "refs/remotes/origin/main"] {
        assert_eq!(known(&dir.path().join("clone"), Some(name), &Run::default()).tip, tip, "{name}");
    }
}

#[test]
fn histories_that_share_nothing_have_no_base() {
    let repo = repo_with(&[("a", "1\n")]);
    repo.git(&["checkout", "-q", "--orphan", "orphan"]);
    repo.commit("alone");
    let repository = open(repo.path()).unwrap();
    match find_base(&repository, Some("main"), &Run::default()).unwrap() {
        Base::Unavailable(diagnostic) => assert_eq!(diagnostic.code, Code::NoBase),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_policy_of_a_pull_request_comes_from_the_default_branch_whatever_its_target() {
    let (server, _) = server();
    server.git(&["branch", "-q", "release", "main~1"]);
    let dir = tempfile::tempdir().unwrap();
    git(dir.path(), &["clone", "-q", "-b", "pr", server.path().to_str().unwrap(), "clone"]);
    let repository = open(&dir.path().join("clone")).unwrap();
    let run = Run {
        base_branch: Some("release".to_owned()),
        default_branch: Some("main".to_owned()),
        ..pull_request()
    };
    let base = find_base(&repository, None, &run).unwrap();
    let (commit, name) = default_branch_tip(&repository, &base, &run).unwrap().unwrap();
    assert_eq!((commit, name.raw()), (server.git(&["rev-parse", "main"]), "main"));
}

#[test]
fn a_default_branch_that_is_not_in_the_clone_is_no_other_branch() {
    let (server, merge) = server();
    let (_dir, clone) = checkout(&server, Some(2));
    let repository = open(&clone).unwrap();
    let run = Run { merge_commit: Some(merge), default_branch: Some("main".to_owned()), ..pull_request() };
    let base = find_base(&repository, None, &run).unwrap();
    let tip = default_branch_tip(&repository, &base, &run).unwrap().unwrap();
    assert_eq!(tip.0, server.git(&["rev-parse", "main"]), "the first parent is main's tip");
    let run = Run { default_branch: Some("trunk".to_owned()), ..run };
    let error = default_branch_tip(&repository, &base, &run).unwrap_err();
    assert_eq!(error.code, Code::ShallowClone);
}
