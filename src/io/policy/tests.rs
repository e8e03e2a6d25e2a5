//! Which file judges, on real repositories.

use super::*;
use crate::io::git::{RunKind, find_base, open};
use crate::io::testing::Repo;

const STRICT: &str = "version: 1\nrules: { tests.failed: { max: 0 } }\n";
const LAX: &str = "version: 1\nrules: { tests.failed: { max: 99 } }\n";

fn pull_request() -> Run {
    Run { kind: RunKind::PullRequest, base_branch: Some("main".to_owned()), ..Run::default() }
}

/// A clone on branch `pr` whose `main` holds the one policy and whose head holds the other.
fn clone_with(base: &[(&str, &str)], head: &[(&str, &str)]) -> (Repo, Repo) {
    let server = Repo::new();
    server.write("x", "1\n");
    for (file, text) in base {
        server.write(file, text);
    }
    server.commit("base");
    let clone = Repo::new();
    clone.git(&["remote", "add", "origin", server.path().to_str().unwrap()]);
    clone.git(&["fetch", "-q", "origin"]);
    clone.git(&["checkout", "-q", "-B", "pr", "origin/main"]);
    for (file, _) in base {
        std::fs::remove_file(clone.path().join(file)).unwrap();
    }
    for (file, text) in head {
        clone.write(file, text);
    }
    clone.commit("head");
    (server, clone)
}

/// Without a branch whose own file judges.
fn find(
    repository: Result<&Repository, &Diagnostic>,
    dir: &Path,
    named: Option<&Path>,
    base: &Base,
    run: &Run,
) -> Result<PolicyFiles, PolicyError> {
    super::find(repository, dir, named, base, run, &Globs::none())
}

fn find_in(clone: &Repo, run: &Run) -> Result<PolicyFiles, PolicyError> {
    let repository = open(clone.path()).unwrap();
    let base = find_base(&repository, None, run).unwrap();
    find(Ok(&repository), clone.path(), None, &base, run)
}

fn code(result: Result<PolicyFiles, PolicyError>) -> (&'static str, Code) {
    match result.unwrap_err() {
        PolicyError::Wrong(diagnostic) => ("wrong", diagnostic.code),
        PolicyError::Unreadable(diagnostic) => ("unreadable", diagnostic.code),
    }
}

#[test]
fn a_pull_request_is_judged_by_the_default_branch_and_its_own_text_is_a_proposal() {
    let (server, clone) = clone_with(&[(PLACES[0], STRICT)], &[(PLACES[0], LAX)]);
    for run in [pull_request(), Run::default()] {
        let files = find_in(&clone, &run).unwrap();
        let judging = files.judging.unwrap();
        assert_eq!(judging.text, STRICT);
        let short = server.git(&["rev-parse", "--short=7", "main"]);
        assert_eq!(judging.read_from.raw(), format!("read from main at {short}"));
        assert!(matches!(files.proposed, Proposed::Text(own) if own.text == LAX));
    }
}

#[test]
fn a_pull_request_cannot_bring_or_remove_the_policy() {
    let (_server, clone) = clone_with(&[], &[(PLACES[1], LAX)]);
    let files = find_in(&clone, &pull_request()).unwrap();
    assert_eq!(files.judging, None);
    assert!(matches!(files.proposed, Proposed::Text(own) if own.text == LAX));
    let (_server, clone) = clone_with(&[(PLACES[1], STRICT)], &[]);
    let files = find_in(&clone, &pull_request()).unwrap();
    assert_eq!(files.judging.unwrap().text, STRICT);
    assert_eq!(files.proposed, Proposed::Removed);
}

#[test]
fn the_same_text_is_no_proposal() {
    let (_server, clone) = clone_with(&[(PLACES[0], STRICT)], &[(PLACES[0], STRICT)]);
    let files = find_in(&clone, &pull_request()).unwrap();
    assert_eq!((files.judging.unwrap().text.as_str(), files.proposed), (STRICT, Proposed::Same));
}

#[test]
fn on_a_laptop_without_a_policy_at_the_base_the_working_tree_judges() {
    let (_server, clone) = clone_with(&[], &[(PLACES[0], LAX)]);
    let files = find_in(&clone, &Run::default()).unwrap();
    let judging = files.judging.unwrap();
    assert_eq!((judging.text.as_str(), judging.read_from.raw()), (LAX, "read from the working tree"));
    assert_eq!(files.proposed, Proposed::Same);
}

#[test]
fn outside_of_a_repository_the_working_tree_judges_but_never_a_pull_request() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("tollgate.yml"), LAX).unwrap();
    let refused = open(dir.path()).unwrap_err();
    let files = find(Err(&refused), dir.path(), None, &Base::None, &Run::default()).unwrap();
    assert_eq!(files.judging.unwrap().text, LAX);
    let result = find(Err(&refused), dir.path(), None, &Base::None, &pull_request());
    assert_eq!(code(result), ("unreadable", Code::NoRepository));
}

#[test]
fn a_pull_request_whose_base_is_not_there_has_no_policy() {
    let repo = Repo::new();
    repo.write(PLACES[0], LAX);
    repo.commit("head");
    assert_eq!(code(find_in(&repo, &pull_request())), ("unreadable", Code::UnknownRevision));
}

#[test]
fn two_policies_are_an_error_where_they_judge_and_a_warning_where_they_are_proposed() {
    let (_server, clone) = clone_with(&[(PLACES[0], STRICT), (PLACES[1], STRICT)], &[]);
    assert_eq!(code(find_in(&clone, &pull_request())), ("wrong", Code::TwoPolicies));
    let (_server, clone) = clone_with(&[(PLACES[0], STRICT)], &[(PLACES[0], LAX), (PLACES[1], LAX)]);
    let files = find_in(&clone, &pull_request()).unwrap();
    assert_eq!(files.judging.unwrap().text, STRICT);
    let said: Vec<_> = files.diagnostics.iter().map(|d| (d.code, d.weight)).collect();
    assert_eq!(said, [(Code::TwoPolicies, Weight::Warning)]);
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join(".github")).unwrap();
    std::fs::write(dir.path().join(PLACES[0]), LAX).unwrap();
    std::fs::write(dir.path().join(PLACES[1]), LAX).unwrap();
    let refused = open(dir.path()).unwrap_err();
    let result = find(Err(&refused), dir.path(), None, &Base::None, &Run::default());
    assert_eq!(code(result), ("wrong", Code::TwoPolicies));
}

#[test]
fn a_policy_that_is_too_large_or_no_text_is_wrong() {
    let large = "#".repeat(64 * 1024 + 1);
    let (_server, clone) = clone_with(&[(PLACES[0], &large)], &[]);
    assert_eq!(code(find_in(&clone, &pull_request())), ("wrong", Code::PolicyTooLarge));
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("p.yml");
    std::fs::write(&file, b"version: 1\n\xff").unwrap();
    let refused = open(dir.path()).unwrap_err();
    let named = find(Err(&refused), dir.path(), Some(&file), &Base::None, &Run::default());
    match named.unwrap_err() {
        PolicyError::Wrong(diagnostic) => {
            assert_eq!((diagnostic.code, diagnostic.origin.line), (Code::BadEncoding, 2));
        }
        PolicyError::Unreadable(diagnostic) => panic!("{diagnostic:?}"),
    }
}

#[test]
fn a_named_policy_judges_and_must_exist() {
    let (_server, clone) = clone_with(&[(PLACES[0], STRICT)], &[]);
    let own = clone.write("own.yml", LAX);
    let repository = open(clone.path()).unwrap();
    let base = find_base(&repository, None, &Run::default()).unwrap();
    let named = |path: &Path| find(Ok(&repository), clone.path(), Some(path), &base, &Run::default());
    assert_eq!(named(&own).unwrap().judging.unwrap().text, LAX);
    assert_eq!(code(named(Path::new("/nonexistent"))), ("wrong", Code::UnreadableFile));
    assert_eq!(code(named(clone.path())), ("wrong", Code::NotRegular));
}

#[test]
fn a_named_policy_of_the_checkout_is_read_from_the_default_branch_where_a_change_is_judged() {
    let (_server, clone) = clone_with(&[("ci/gate.yml", STRICT)], &[("ci/gate.yml", LAX), ("new.yml", LAX)]);
    let repository = open(clone.path()).unwrap();
    let base = find_base(&repository, None, &pull_request()).unwrap();
    let named = |path: &Path| find(Ok(&repository), clone.path(), Some(path), &base, &pull_request());
    let dir = repository.dir().to_owned();
    let judging = named(&dir.join("ci/gate.yml")).unwrap().judging.unwrap();
    assert_eq!((judging.text.as_str(), judging.commit.len()), (STRICT, 40));
    assert_eq!(code(named(&dir.join("new.yml"))), ("wrong", Code::PolicyFromHead));
    assert_eq!(code(named(&dir.join("ci/../ci/gate.yml"))), ("wrong", Code::PolicyFromHead));
    let elsewhere = tempfile::tempdir().unwrap();
    let outside = elsewhere.path().join("p.yml");
    std::fs::write(&outside, LAX).unwrap();
    assert_eq!(named(&outside).unwrap().judging.unwrap().text, LAX);
}

#[cfg(unix)]
#[test]
fn a_policy_that_is_a_symlink_is_refused() {
    let server = Repo::new();
    server.write("elsewhere.yml", LAX);
    std::os::unix::fs::symlink("elsewhere.yml", server.path().join(PLACES[1])).unwrap();
    server.commit("base");
    let clone = Repo::new();
    clone.git(&["remote", "add", "origin", server.path().to_str().unwrap()]);
    clone.git(&["fetch", "-q", "origin"]);
    clone.git(&["checkout", "-q", "-B", "pr", "origin/main"]);
    assert_eq!(code(find_in(&clone, &pull_request())), ("wrong", Code::NotRegular));
    let refused = Diagnostic::new(Code::NoRepository, Weight::Note, "", Origin::default());
    let result = find(Err(&refused), clone.path(), None, &Base::None, &Run::default());
    assert_eq!(code(result), ("wrong", Code::SymlinkOutside));
}

#[test]
fn a_policy_under_another_name_is_not_silently_passed_over() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("tollgate.yaml"), LAX).unwrap();
    let refused = open(dir.path()).unwrap_err();
    let files = find(Err(&refused), dir.path(), None, &Base::None, &Run::default()).unwrap();
    assert_eq!(files.judging, None);
    assert_eq!(files.diagnostics.first().unwrap().code, Code::MisnamedPolicy);
}

#[test]
fn a_directory_below_the_root_has_its_own_policy() {
    let (_server, clone) = clone_with(
        &[(PLACES[0], STRICT), ("app/tollgate.yml", LAX)],
        &[(PLACES[0], STRICT), ("app/tollgate.yml", LAX)],
    );
    let below = clone.path().join("app");
    let repository = open(&below).unwrap();
    let base = find_base(&repository, None, &pull_request()).unwrap();
    let files = find(Ok(&repository), &below, None, &base, &pull_request()).unwrap();
    assert_eq!(files.judging.unwrap().text, LAX);
}
