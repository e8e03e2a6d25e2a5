//! Opening a repository, and its names.

use super::repo_with;
use crate::diagnostic::{Code, Weight};
use crate::io::git::{name_of_url, open, shell_word};
use std::path::Path;

#[test]
fn outside_of_a_repository_there_is_a_note() {
    let dir = tempfile::tempdir().unwrap();
    let diagnostic = open(dir.path()).unwrap_err();
    assert_eq!((diagnostic.code, diagnostic.weight), (Code::NoRepository, Weight::Note));
    assert_eq!(open(Path::new("/nonexistent")).unwrap_err().code, Code::UnreadableFile);
}

/// Needs root, as in most containers, to give the repository away.
#[cfg(unix)]
#[test]
fn a_repository_of_another_user_names_the_command_that_allows_it() {
    let repo = repo_with(&[("sub/a", "1\n")]);
    let given_away =
        std::process::Command::new("chown").args(["-R", "12345:12345"]).arg(repo.path()).status();
    if !given_away.is_ok_and(|status| status.success()) {
        return;
    }
    let allowed =
        std::process::Command::new("git").args(["config", "--get-all", "safe.directory"]).output().unwrap();
    if String::from_utf8_lossy(&allowed.stdout).lines().any(|line| line == "*") {
        return;
    }
    let diagnostic = open(&repo.path().join("sub")).unwrap_err();
    assert_eq!((diagnostic.code, diagnostic.weight), (Code::ForeignRepository, Weight::Error));
    let root = repo.path().canonicalize().unwrap();
    let command = format!("run `git config --global --add safe.directory {}`", root.display());
    assert_eq!(diagnostic.help.raw(), command);
}

#[test]
fn a_damaged_repository_is_an_error_and_not_none() {
    let repo = repo_with(&[("a", "1\n")]);
    std::fs::write(repo.path().join(".git/config"), "[core\n").unwrap();
    let diagnostic = open(repo.path()).unwrap_err();
    assert_eq!((diagnostic.code, diagnostic.weight), (Code::GitFailed, Weight::Error));
}

#[test]
fn the_head_has_a_commit_a_branch_and_a_project() {
    let repo = repo_with(&[("a", "1\n")]);
    let head = open(repo.path()).unwrap().head().unwrap();
    assert_eq!(head.commit, Some(repo.git(&["rev-parse", "HEAD"])));
    assert_eq!(head.branch.unwrap().raw(), "pr");
    assert_eq!(head.project.raw(), repo.path().file_name().unwrap().to_str().unwrap());
    repo.git(&["remote", "add", "origin", "https://user:secret@example.com/acme/payments.git"]);
    repo.git(&["checkout", "-q", "--detach"]);
    let head = open(repo.path()).unwrap().head().unwrap();
    assert_eq!(head.branch, None);
    assert_eq!(head.project.raw(), "payments");
}

#[test]
fn a_damaged_head_is_no_unborn_one() {
    let repo = repo_with(&[("a", "1\n")]);
    std::fs::write(repo.path().join(".git/refs/heads/pr"), "0123456789012345678901234567890123456789\n")
        .unwrap();
    assert_eq!(open(repo.path()).unwrap().head().unwrap_err().code, Code::GitFailed);
}

#[test]
fn a_project_is_named_by_the_end_of_its_address() {
    for (url, name) in [
        ("git@github.com:acme/payments.git", Some("payments")),
        ("https://github.com/acme/payments/", Some("payments")),
        ("https://token@example.com", None),
        ("file:///srv/a.b.git", Some("a.b")),
        ("C:\\repos\\x", Some("x")),
        ("", None),
    ] {
        assert_eq!(name_of_url(url).as_deref(), name, "{url}");
    }
}

#[test]
fn a_command_can_be_copied_whatever_the_folder_is_called() {
    assert_eq!(shell_word("/a/b-c_1.x"), "/a/b-c_1.x");
    assert_eq!(shell_word("/a b/$(x)/it's"), "'/a b/$(x)/it'\\''s'");
}
