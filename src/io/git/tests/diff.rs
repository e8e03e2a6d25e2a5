//! Which lines of which files a change adds.

use super::{change, diff_below, diff_of, in_ci, lines, path, repo_with};
use crate::diagnostic::Code;
use crate::io::git::{Base, Changes, Run, Side, changes, find_base, open};
use crate::io::testing::{Repo, git};
use crate::model::{DiffState, FileChange};
use std::fmt::Write as _;

fn numbered(count: u32) -> String {
    (1..=count).fold(String::new(), |mut text, number| {
        writeln!(text, "line number {number}").unwrap();
        text
    })
}

#[test]
fn added_and_modified_lines_are_those_of_the_head() {
    let repo = repo_with(&[("a.rs", "one\ntwo\nthree\n")]);
    repo.write("a.rs", "zero\none\nTWO\nthree\n++ four\n-- five\n@@ -1 +1 @@\n");
    repo.write("new file.rs", "x\ny");
    repo.commit("change");
    let diff = diff_of(&repo);
    assert_eq!(lines(&diff, "a.rs"), [1, 3, 5, 6, 7]);
    assert_eq!(change(&diff, "a.rs"), FileChange::Modified);
    assert_eq!(lines(&diff, "new file.rs"), [1, 2]);
    assert_eq!(change(&diff, "new file.rs"), FileChange::Added);
    assert_eq!(diff.files.len(), 2);
}

#[test]
fn removed_lines_add_nothing() {
    let repo = repo_with(&[("a.rs", "1\n2\n3\n4\n"), ("gone.rs", "x\n")]);
    repo.write("a.rs", "1\n4\n");
    repo.git(&["rm", "-q", "gone.rs"]);
    repo.commit("change");
    let diff = diff_of(&repo);
    assert!(lines(&diff, "a.rs").is_empty());
    assert_eq!(diff.files.get(&path("a.rs")).unwrap().removed.ranges(), [(2, 3)]);
    assert_eq!(change(&diff, "gone.rs"), FileChange::Deleted);
    assert!(lines(&diff, "gone.rs").is_empty());
}

#[test]
fn a_renamed_file_adds_only_the_lines_that_changed() {
    let repo = repo_with(&[("old.rs", &numbered(10)), ("pure.rs", &numbered(7))]);
    repo.git(&["mv", "old.rs", "new.rs"]);
    repo.git(&["mv", "pure.rs", "moved.rs"]);
    repo.write("new.rs", numbered(10).replace("number 4", "number four"));
    repo.commit("change");
    let diff = diff_of(&repo);
    assert_eq!(change(&diff, "new.rs"), FileChange::Renamed);
    assert_eq!(lines(&diff, "new.rs"), [4]);
    assert_eq!(diff.files.get(&path("new.rs")).unwrap().old_path, Some(path("old.rs")));
    assert_eq!(change(&diff, "moved.rs"), FileChange::Renamed);
    assert!(lines(&diff, "moved.rs").is_empty());
    assert_eq!(diff.files.len(), 2);
}

#[test]
fn a_file_that_keeps_less_than_half_of_itself_is_new() {
    let repo = repo_with(&[("old.rs", &numbered(10))]);
    repo.git(&["mv", "old.rs", "new.rs"]);
    repo.write("new.rs", "entirely different\ncontent now\nwith three lines\n");
    repo.commit("change");
    let diff = diff_of(&repo);
    assert_eq!(change(&diff, "new.rs"), FileChange::Added);
    assert_eq!(lines(&diff, "new.rs"), [1, 2, 3]);
    assert_eq!(change(&diff, "old.rs"), FileChange::Deleted);
}

#[test]
fn renames_are_found_whatever_the_repository_configures() {
    let repo = repo_with(&[("old.rs", &numbered(10))]);
    repo.git(&["config", "diff.renames", "false"]);
    repo.git(&["config", "diff.algorithm", "minimal"]);
    repo.git(&["config", "diff.context", "50"]);
    repo.git(&["config", "diff.noprefix", "true"]);
    repo.git(&["mv", "old.rs", "new.rs"]);
    repo.write("new.rs", numbered(11));
    repo.commit("change");
    let diff = diff_of(&repo);
    assert_eq!(change(&diff, "new.rs"), FileChange::Renamed);
    assert_eq!(lines(&diff, "new.rs"), [11]);
}

#[test]
fn a_copy_is_a_new_file() {
    let repo = repo_with(&[("a.rs", &numbered(3))]);
    repo.write("b.rs", numbered(3));
    repo.commit("change");
    let diff = diff_of(&repo);
    assert_eq!(change(&diff, "b.rs"), FileChange::Added);
    assert_eq!(lines(&diff, "b.rs"), [1, 2, 3]);
}

#[test]
fn a_change_of_line_ends_changes_every_line() {
    let repo =
        repo_with(&[(".gitattributes", "* -text\n"), ("a.rs", "1\n2\n3\n"), ("dos.rs", "1\r\n2\r\n3\r\n")]);
    repo.write("a.rs", "1\r\n2\r\n3\r\n");
    repo.write("dos.rs", "1\r\nzwei\r\n3\r\n");
    repo.commit("change");
    let diff = diff_of(&repo);
    assert_eq!(lines(&diff, "a.rs"), [1, 2, 3]);
    assert_eq!(lines(&diff, "dos.rs"), [2]);
}

#[test]
fn the_last_line_may_lack_its_end() {
    let repo = repo_with(&[("grows", "1\n2"), ("shrinks", "1\n2\n"), ("same", "1\n2"), ("empty", "")]);
    repo.write("grows", "1\n2\n3");
    repo.write("shrinks", "1\n2");
    repo.write("same", "0\n1\n2");
    repo.write("empty", "x");
    repo.commit("change");
    let diff = diff_of(&repo);
    assert_eq!(lines(&diff, "grows"), [2, 3]);
    assert_eq!(lines(&diff, "shrinks"), [2]);
    assert_eq!(lines(&diff, "same"), [1]);
    assert_eq!(lines(&diff, "empty"), [1]);
}

#[test]
fn a_change_of_mode_alone_adds_no_line() {
    let repo = repo_with(&[("run.sh", "true\n")]);
    repo.git(&["update-index", "--chmod=+x", "run.sh"]);
    repo.git(&["commit", "-q", "-m", "change"]);
    let diff = diff_of(&repo);
    assert_eq!(change(&diff, "run.sh"), FileChange::Modified);
    assert!(lines(&diff, "run.sh").is_empty());
}

#[test]
fn an_empty_file_and_an_empty_commit_add_no_line() {
    let repo = repo_with(&[("a.rs", "x\n"), ("emptied.rs", "x\n")]);
    repo.commit("nothing");
    assert!(diff_of(&repo).files.is_empty());
    repo.write("new.rs", "");
    repo.write("emptied.rs", "");
    repo.commit("change");
    let diff = diff_of(&repo);
    assert_eq!(change(&diff, "new.rs"), FileChange::Added);
    assert_eq!(change(&diff, "emptied.rs"), FileChange::Modified);
    assert!(lines(&diff, "new.rs").is_empty() && lines(&diff, "emptied.rs").is_empty());
}

#[cfg(unix)]
#[test]
fn symlinks_have_no_lines_and_what_replaces_one_has_all() {
    let repo = Repo::new();
    repo.write("file", "1\n2\n");
    std::os::unix::fs::symlink("file", repo.path().join("link")).unwrap();
    std::os::unix::fs::symlink("file", repo.path().join("retargeted")).unwrap();
    repo.commit("base");
    repo.git(&["checkout", "-q", "-b", "pr"]);
    for name in ["link", "file", "retargeted"] {
        std::fs::remove_file(repo.path().join(name)).unwrap();
    }
    repo.write("link", "words\nof its\nown\n");
    std::os::unix::fs::symlink("link", repo.path().join("file")).unwrap();
    std::os::unix::fs::symlink("link", repo.path().join("retargeted")).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", repo.path().join("new")).unwrap();
    repo.commit("change");
    let diff = diff_of(&repo);
    assert_eq!(change(&diff, "link"), FileChange::Modified);
    assert_eq!(lines(&diff, "link"), [1, 2, 3]);
    for name in ["file", "retargeted", "new"] {
        assert_eq!(change(&diff, name), FileChange::NotText, "{name}");
        assert!(lines(&diff, name).is_empty(), "{name}");
    }
}

#[test]
fn a_submodule_has_no_lines() {
    let library = Repo::new();
    library.write("x", "1\n");
    let first = library.commit("first");
    let second = library.commit("second");
    let repo = repo_with(&[("a", "1\n")]);
    let add = |repo: &Repo, name: &str, commit: &str| {
        repo.git(&["update-index", "--add", "--cacheinfo", &format!("160000,{commit},{name}")]);
    };
    repo.git(&["checkout", "-q", "main"]);
    add(&repo, "bumped", &first);
    add(&repo, "replaced", &first);
    repo.git(&["commit", "-q", "-m", "base"]);
    repo.git(&["checkout", "-q", "-B", "pr"]);
    add(&repo, "bumped", &second);
    add(&repo, "added", &first);
    repo.git(&["rm", "-q", "--cached", "replaced"]);
    repo.write("replaced", "1\n2\n");
    repo.git(&["add", "replaced"]);
    repo.git(&["commit", "-q", "-m", "change"]);
    let diff = diff_of(&repo);
    assert_eq!(change(&diff, "bumped"), FileChange::NotText);
    assert_eq!(change(&diff, "added"), FileChange::NotText);
    assert_eq!(lines(&diff, "replaced"), [1, 2]);
}

#[test]
fn a_binary_file_has_no_lines() {
    let repo = repo_with(&[("was.txt", "text\n"), ("late.txt", "x\n")]);
    repo.write("was.txt", b"a\0b\n");
    repo.write("image.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR");
    // A NUL behind the first 8,000 bytes does not make a file binary, as for git.
    repo.write("late.txt", format!("{}\0\n", "y\n".repeat(5_000)));
    repo.commit("change");
    let diff = diff_of(&repo);
    assert_eq!(change(&diff, "was.txt"), FileChange::NotText);
    assert_eq!(change(&diff, "image.png"), FileChange::NotText);
    assert_eq!(lines(&diff, "late.txt").len(), 5_001);
}

#[test]
fn what_was_binary_has_only_new_lines() {
    let repo = repo_with(&[("a", "1\n\0\n")]);
    repo.write("a", "1\n2\n");
    repo.commit("change");
    assert_eq!(lines(&diff_of(&repo), "a"), [1, 2]);
}

#[test]
fn in_a_file_of_very_many_lines_all_between_the_changes_count() {
    let many = "x\n".repeat(200_001);
    let repo = repo_with(&[("a", &many)]);
    repo.write("a", many.replacen("x\nx\nx\nx\n", "x\ny\nx\nz\n", 1));
    repo.commit("change");
    assert_eq!(lines(&diff_of(&repo), "a"), [2, 3, 4]);
}

#[test]
fn attributes_cannot_hide_lines() {
    let repo = repo_with(&[("a.rs", "1\n")]);
    repo.write(".gitattributes", "*.rs -diff\nb.rs binary\nc.rs linguist-generated -text\n");
    repo.write("a.rs", "1\n2\n");
    repo.write("b.rs", "1\n2\n");
    repo.write("c.rs", "1\n2\n");
    repo.commit("change");
    let diff = diff_of(&repo);
    assert_eq!(lines(&diff, "a.rs"), [2]);
    assert_eq!(lines(&diff, "b.rs"), [1, 2]);
    assert_eq!(lines(&diff, "c.rs"), [1, 2]);
}

#[test]
fn a_file_that_becomes_a_folder_and_back() {
    let repo = repo_with(&[("thing", "some text\nhere\n"), ("folder/inner", "quite other\nwords\n")]);
    repo.git(&["rm", "-q", "-r", "thing", "folder"]);
    repo.write("thing/inside", "entirely new\n");
    repo.write("folder", "nothing alike 1\nnothing alike 2\n");
    repo.commit("change");
    let diff = diff_of(&repo);
    assert_eq!(change(&diff, "thing"), FileChange::Deleted);
    assert_eq!(lines(&diff, "thing/inside"), [1]);
    assert_eq!(lines(&diff, "folder"), [1, 2]);
    assert_eq!(change(&diff, "folder/inner"), FileChange::Deleted);
}

#[cfg(unix)]
#[test]
fn odd_paths_are_read_as_they_are() {
    let names = [
        "with space.rs",
        "caf\u{e9}/\u{65e5}\u{672c}.rs",
        "quote\".rs",
        "tab\there.rs",
        "new\nline.rs",
        "a b/a b/x.rs",
        "-dash.rs",
        "back\\slash.rs",
        "[glob]*.rs",
        "a => b",
        ":(top)x",
    ];
    let repo = repo_with(&[("a", "1\n")]);
    for name in names {
        repo.write(name, "1\n");
    }
    repo.commit("change");
    let diff = diff_of(&repo);
    for name in names {
        assert_eq!(lines(&diff, name), [1], "{name:?}");
    }
    assert_eq!(diff.unreadable_paths, 0);
}

#[cfg(unix)]
#[test]
fn paths_that_are_no_text_are_counted() {
    use std::os::unix::ffi::OsStrExt as _;
    let repo = repo_with(&[("a", "1\n")]);
    let name = std::ffi::OsStr::from_bytes(b"latin-\xe9.rs");
    std::fs::write(repo.path().join(name), "1\n").unwrap();
    repo.commit("change");
    let diff = diff_of(&repo);
    assert_eq!(diff.unreadable_paths, 1);
    assert!(diff.files.is_empty());
}

#[test]
fn what_the_base_gained_meanwhile_is_not_the_change() {
    let repo = repo_with(&[("a", &numbered(20)), ("b", "1\n")]);
    repo.write("a", numbered(20).replace("number 3\n", "number three\n"));
    repo.commit("change");
    repo.git(&["checkout", "-q", "main"]);
    repo.write("a", numbered(20).replace("number 18\n", "number eighteen\n"));
    repo.write("b", "2\n");
    repo.commit("base moves on");
    repo.git(&["checkout", "-q", "pr"]);
    let expected = [3];
    assert_eq!(lines(&diff_of(&repo), "a"), expected);
    repo.git(&["merge", "-q", "--no-edit", "main"]);
    let diff = diff_of(&repo);
    assert_eq!(lines(&diff, "a"), expected);
    assert_eq!(diff.files.len(), 1);
}

#[test]
fn of_a_directory_below_the_root_only_its_own_files_count() {
    let repo = repo_with(&[
        ("app/a.rs", "1\n"),
        ("app/leaves.rs", &numbered(9)),
        ("comes.rs", &numbered(12)),
        ("lib/b.rs", "1\n"),
    ]);
    repo.write("app/a.rs", "1\n2\n");
    repo.write("lib/b.rs", "1\n2\n");
    repo.write("app2/c.rs", "1\n");
    repo.git(&["mv", "app/leaves.rs", "lib/leaves.rs"]);
    repo.git(&["mv", "comes.rs", "app/comes.rs"]);
    repo.write("app/comes.rs", numbered(13));
    repo.commit("change");
    let diff = diff_below(&repo.path().join("app"), "main");
    assert_eq!(lines(&diff, "a.rs"), [2]);
    assert_eq!(change(&diff, "leaves.rs"), FileChange::Deleted);
    assert_eq!(lines(&diff, "comes.rs"), [13]);
    assert_eq!(diff.files.get(&path("comes.rs")).unwrap().old_path, None);
    assert_eq!(diff.files.len(), 3);
}

#[test]
fn a_very_large_file_is_named_and_not_compared() {
    let repo = repo_with(&[("a", "1\n")]);
    repo.write("dump.sql", "insert into t;\n".repeat(1_500_000));
    repo.commit("change");
    let repository = open(repo.path()).unwrap();
    let base = find_base(&repository, Some("main"), &in_ci()).unwrap();
    let found = changes(&repository, &base, &in_ci());
    assert_eq!(change(found.diff.known().unwrap(), "dump.sql"), FileChange::NotText);
    assert_eq!(found.diagnostics.len(), 1);
    assert_eq!(found.diagnostics.first().unwrap().origin.file.raw(), "dump.sql");
}

#[test]
fn a_worktree_is_seen_like_the_repository() {
    let repo = repo_with(&[("a", "1\n")]);
    let dir = tempfile::tempdir().unwrap();
    let tree = dir.path().join("tree");
    repo.git(&["worktree", "add", "-q", "-b", "other", tree.to_str().unwrap(), "main"]);
    std::fs::write(tree.join("a"), "1\n2\n").unwrap();
    git(&tree, &["commit", "-q", "-a", "-m", "change"]);
    assert_eq!(lines(&diff_below(&tree, "main"), "a"), [2]);
}

#[test]
fn a_bare_repository_has_a_change_too() {
    let repo = repo_with(&[("a", "1\n")]);
    repo.write("a", "1\n2\n");
    repo.commit("change");
    let dir = tempfile::tempdir().unwrap();
    git(dir.path(), &["clone", "-q", "--bare", repo.path().to_str().unwrap(), "bare"]);
    assert_eq!(lines(&diff_below(&dir.path().join("bare"), "main"), "a"), [2]);
}

fn on_a_laptop(repo: &Repo) -> Changes {
    let repository = open(repo.path()).unwrap();
    let base = find_base(&repository, Some("main"), &Run::default()).unwrap();
    changes(&repository, &base, &Run::default())
}

#[test]
fn on_a_laptop_uncommitted_changes_count() {
    let repo = repo_with(&[
        ("committed", "1\n"),
        ("staged", "1\n"),
        ("edited", "1\n"),
        ("removed", "1\n"),
        ("left", "1\n"),
    ]);
    repo.write("committed", "1\n2\n");
    repo.commit("change");
    assert_eq!(on_a_laptop(&repo).side, Side::Commit);
    repo.write("staged", "0\n1\n");
    repo.write("new", "of its own\n");
    repo.git(&["add", "staged", "new"]);
    repo.write("edited", "1\n\n3\n");
    repo.write("untracked", "1\n");
    std::fs::remove_file(repo.path().join("removed")).unwrap();
    let found = on_a_laptop(&repo);
    assert_eq!(found.side, Side::WorkingTree);
    let diff = found.diff.known().unwrap();
    assert_eq!(lines(diff, "committed"), [2]);
    assert_eq!(lines(diff, "staged"), [1]);
    assert_eq!(lines(diff, "new"), [1]);
    assert_eq!(lines(diff, "edited"), [2, 3]);
    assert_eq!(change(diff, "removed"), FileChange::Deleted);
    assert_eq!(diff.files.len(), 5);
    assert_eq!(diff_of(&repo).files.len(), 1, "in CI only the commit counts");
}

#[test]
fn uncommitted_changes_outside_of_the_folder_that_is_judged_do_not_count() {
    let repo = repo_with(&[("app/a", "1\n"), ("app2/b", "1\n"), ("c", "1\n")]);
    repo.write("app/a", "1\n2\n");
    repo.commit("change");
    let side = || {
        let repository = open(&repo.path().join("app")).unwrap();
        let base = find_base(&repository, Some("main"), &Run::default()).unwrap();
        changes(&repository, &base, &Run::default()).side
    };
    repo.write("app2/b", "2\n");
    repo.write("c", "2\n");
    repo.git(&["add", "c"]);
    assert_eq!(side(), Side::Commit);
    repo.write("app/a", "1\n3\n");
    assert_eq!(side(), Side::WorkingTree);
    repo.write("app/a", "1\n2\n");
    repo.write("app/new", "1\n");
    assert_eq!(side(), Side::Commit, "git does not know the file");
    repo.git(&["add", "app/new"]);
    assert_eq!(side(), Side::WorkingTree);
}

#[test]
fn uncommitted_changes_on_the_default_branch_are_a_change_and_without_them_there_is_none() {
    let repo = repo_with(&[("a", "1\n")]);
    assert_eq!(on_a_laptop(&repo).diff, DiffState::NoBase);
    repo.write("a", "1\n2\n");
    assert_eq!(lines(on_a_laptop(&repo).diff.known().unwrap(), "a"), [2]);
}

#[test]
fn line_ends_that_git_converts_are_no_change() {
    let repo = repo_with(&[(".gitattributes", "*.txt text eol=crlf\n"), ("a.txt", "1\n2\n3\n")]);
    repo.write("a.txt", "1\r\n2\r\nthree\r\n");
    let found = on_a_laptop(&repo);
    assert_eq!(found.side, Side::WorkingTree);
    assert_eq!(lines(found.diff.known().unwrap(), "a.txt"), [3]);
}

#[test]
fn an_unfinished_merge_does_not_stop_the_diff() {
    let repo = repo_with(&[("a", "1\n"), ("b", "1\n")]);
    repo.write("a", "ours\n");
    repo.write("b", "1\n2\n");
    repo.commit("change");
    repo.git(&["checkout", "-q", "-b", "theirs", "main"]);
    repo.write("a", "theirs\n");
    repo.commit("conflict");
    repo.git(&["checkout", "-q", "pr"]);
    let merged = std::process::Command::new("git")
        .args(["-c", "user.name=A", "-c", "user.email=a@example.com", "merge", "theirs"])
        .current_dir(repo.path())
        .output()
        .unwrap();
    assert!(!merged.status.success());
    let found = on_a_laptop(&repo);
    let diff = found.diff.known().unwrap();
    assert_eq!(lines(diff, "b"), [2]);
    assert!(diff.files.contains_key(&path("a")), "{diff:?}");
}

#[test]
fn without_a_base_there_is_no_change_to_judge() {
    let repo = repo_with(&[("a", "1\n")]);
    let repository = open(repo.path()).unwrap();
    assert_eq!(changes(&repository, &Base::None, &in_ci()).diff, DiffState::NoBase);
}

#[test]
fn a_missing_object_is_unavailable_and_no_empty_change() {
    let repo = repo_with(&[("a", "1\n")]);
    repo.write("a", "1\n2\n");
    repo.commit("change");
    let blob = repo.git(&["rev-parse", "HEAD:a"]);
    let (folder, file) = blob.split_at(2);
    std::fs::remove_file(repo.path().join(".git/objects").join(folder).join(file)).unwrap();
    let repository = open(repo.path()).unwrap();
    let base = find_base(&repository, Some("main"), &in_ci()).unwrap();
    let found = changes(&repository, &base, &in_ci());
    assert!(matches!(found.diff, DiffState::Unavailable { .. }), "{found:?}");
}

#[test]
fn a_partial_clone_gives_no_wrong_answer() {
    let repo = repo_with(&[("a", "1\n")]);
    repo.write("a", "1\n2\n");
    repo.commit("change");
    repo.git(&["config", "uploadpack.allowFilter", "true"]);
    let dir = tempfile::tempdir().unwrap();
    let address = format!("file://{}", repo.path().display());
    git(dir.path(), &["clone", "-q", "--filter=blob:none", "--no-checkout", &address, "clone"]);
    match open(&dir.path().join("clone")) {
        Err(diagnostic) => assert_eq!(diagnostic.code, Code::GitFailed),
        Ok(repository) => {
            let base = find_base(&repository, Some("main"), &in_ci()).unwrap();
            let found = changes(&repository, &base, &in_ci());
            assert!(matches!(found.diff, DiffState::Unavailable { .. }), "{found:?}");
        }
    }
}
