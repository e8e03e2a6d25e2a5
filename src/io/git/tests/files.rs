//! The files of the commit.

use super::{path, repo_with};
use crate::diagnostic::Code;
use crate::io::git::{CommittedFile, GoModule, Side, open};
use crate::io::testing::Repo;

#[test]
fn tracked_files_are_those_of_the_commit_below_the_directory() {
    let repo =
        repo_with(&[("app/b.rs", "1\n"), ("app/a.rs", "1\n"), ("app2/c.rs", "1\n"), ("top.rs", "1\n")]);
    repo.write("app/untracked.rs", "1\n");
    let all = open(repo.path()).unwrap().tracked_files(Side::Commit).unwrap();
    assert_eq!(all.files, ["app/a.rs", "app/b.rs", "app2/c.rs", "top.rs"].map(path));
    let below = open(&repo.path().join("app")).unwrap().tracked_files(Side::Commit).unwrap();
    assert_eq!(below.files, ["a.rs", "b.rs"].map(path));
    repo.git(&["add", "app/untracked.rs"]);
    let index = open(&repo.path().join("app")).unwrap().tracked_files(Side::WorkingTree).unwrap();
    assert_eq!(index.files, ["a.rs", "b.rs", "untracked.rs"].map(path));
}

#[cfg(unix)]
#[test]
fn symlinks_and_submodules_are_no_tracked_files_and_odd_names_are_counted() {
    use std::os::unix::ffi::OsStrExt as _;
    let repo = Repo::new();
    let commit = repo.commit("first");
    repo.write("a", "1\n");
    std::os::unix::fs::symlink("a", repo.path().join("link")).unwrap();
    std::fs::write(repo.path().join(std::ffi::OsStr::from_bytes(b"\xff")), "").unwrap();
    repo.commit("second");
    repo.git(&["update-index", "--add", "--cacheinfo", &format!("160000,{commit},module")]);
    repo.git(&["commit", "-q", "-m", "third"]);
    for side in [Side::Commit, Side::WorkingTree] {
        let tracked = open(repo.path()).unwrap().tracked_files(side).unwrap();
        assert_eq!(tracked.files, [path("a")]);
        assert_eq!(tracked.unreadable, 1);
    }
}

#[test]
fn lines_are_counted_with_and_without_a_last_line_end() {
    let repo = repo_with(&[("two", "1\n2\n"), ("open", "1\n2"), ("empty", ""), ("below/x", "1\n\n\n")]);
    let repository = open(repo.path()).unwrap();
    let count = |name: &str| repository.line_count(Side::Commit, &path(name));
    assert_eq!(
        [count("two"), count("open"), count("empty"), count("none")],
        [Some(2), Some(2), Some(0), None]
    );
    repo.write("two", "1\n2\n3\n");
    assert_eq!(repository.line_count(Side::Commit, &path("two")), Some(2));
    assert_eq!(repository.line_count(Side::WorkingTree, &path("two")), Some(3));
    let below = open(&repo.path().join("below")).unwrap();
    assert_eq!(below.line_count(Side::Commit, &path("x")), Some(3));
}

#[test]
fn go_modules_are_found_with_their_folders() {
    let repo = repo_with(&[
        ("go.mod", "// a comment\n\nmodule example.com/top/v2 // trailing\n\ngo 1.22\n"),
        ("tools/go.mod", "module \"example.com/tools\"\n"),
        ("block/go.mod", "module (\n\texample.com/block\n)\n"),
        ("broken/go.mod", "go 1.22\nmodulex y\n"),
        ("notgo.mod", "module x\n"),
    ]);
    let repository = open(repo.path()).unwrap();
    let expected =
        [("", "example.com/top/v2"), ("block", "example.com/block"), ("tools", "example.com/tools")]
            .map(|(folder, name)| GoModule { folder: folder.to_owned(), name: name.to_owned() });
    for side in [Side::Commit, Side::WorkingTree] {
        let tracked = repository.tracked_files(side).unwrap();
        assert_eq!(repository.go_modules(side, &tracked), expected);
    }
}

#[cfg(unix)]
#[test]
fn a_file_of_a_commit_is_read_or_said_to_be_absent() {
    let repo = Repo::new();
    repo.write("app/.github/x.yml", "text");
    std::os::unix::fs::symlink("app/.github/x.yml", repo.path().join("link.yml")).unwrap();
    let commit = repo.commit("base");
    repo.git(&["rm", "-q", "-r", "."]);
    repo.commit("gone");
    let root = open(repo.path()).unwrap();
    let read = |file: &str, limit: u64| root.file_at(&commit, file, limit).unwrap();
    assert_eq!(read("app/.github/x.yml", 4), CommittedFile::Bytes(b"text".to_vec()));
    assert_eq!(read("app/.github/x.yml", 3), CommittedFile::TooLarge);
    assert_eq!(read("app/.github/y.yml", 9), CommittedFile::Absent);
    assert_eq!(read("no/where/y.yml", 9), CommittedFile::Absent);
    assert_eq!(read("app/.github/x.yml/below", 9), CommittedFile::Absent);
    assert_eq!(read("link.yml", 99), CommittedFile::NotRegular);
    assert_eq!(read("app", 99), CommittedFile::NotRegular);
    std::fs::create_dir_all(repo.path().join("app")).unwrap();
    let below = open(&repo.path().join("app")).unwrap();
    assert_eq!(below.file_at(&commit, ".github/x.yml", 9).unwrap(), CommittedFile::Bytes(b"text".to_vec()));
}

#[test]
fn a_folder_whose_object_is_missing_is_not_an_absent_file() {
    let repo = repo_with(&[(".github/x.yml", "text")]);
    let commit = repo.git(&["rev-parse", "HEAD"]);
    let folder = repo.git(&["rev-parse", "HEAD:.github"]);
    let (first, rest) = folder.split_at(2);
    std::fs::remove_file(repo.path().join(".git/objects").join(first).join(rest)).unwrap();
    let repository = open(repo.path()).unwrap();
    assert_eq!(repository.file_at(&commit, ".github/x.yml", 9).unwrap_err().code, Code::GitFailed);
    assert_eq!(repository.tracked_files(Side::Commit).unwrap_err().code, Code::GitFailed);
}

#[test]
fn tracking_tells_fixtures_from_reports() {
    let repo = repo_with(&[("app/fixture.xml", "<a/>"), (".gitignore", "out\n")]);
    repo.write("app/out/report.xml", "<a/>");
    let tracking = open(repo.path()).unwrap().tracking().unwrap();
    assert!(tracking.contains(b"app/fixture.xml"));
    assert!(!tracking.contains(b"app/out/report.xml") && !tracking.contains(b"app"));
    let below = open(&repo.path().join("app")).unwrap().tracking().unwrap();
    assert!(below.contains(b"fixture.xml") && !below.contains(b"app/fixture.xml"));
    std::fs::write(repo.path().join(".git/index"), "damaged").unwrap();
    let without_index = open(repo.path()).unwrap().tracking().unwrap();
    assert!(without_index.contains(b"app/fixture.xml") && !without_index.contains(b"app/out/report.xml"));
}
