//! Evidence of the base that is older than the merge base: the second stage brings it there as the first one does.

use super::publish;
use crate::github::{GitHub, zip, zip_of};
use crate::program::Place;

const POLICY: &str = "version: 1
reports:
  app: { kind: coverage, path: app.info }
  parser: { kind: coverage, path: parser.info, absent: carried, when: { changed: [\"parser/**\"] } }
rules:
  coverage.drop: { max: 0 }
";
const APP: &str = "SF:app/a.py\nDA:1,1\nDA:2,0\nDA:3,1\nend_of_record\n";
const PARSER: &str = "SF:parser/p.py\nDA:1,1\nDA:2,1\nend_of_record\n";

/// A repository whose default branch left its evidence, did `since`, and has a pull request that changes `app/a.py` to
/// this.
fn github(since: &[(&str, &str)], app: &str) -> GitHub {
    let github = GitHub::start();
    github.commit(
        "main",
        &[
            (".gitignore", "*.info\n*.gz\n"),
            ("tollgate.yml", POLICY),
            ("app/a.py", "a = 1\nb = 2\nc = 3\n"),
            ("parser/p.py", "p = 1\nq = 2\n"),
        ],
    );
    let clone = Place::new();
    clone.git(&["init", "-q"]);
    clone.git(&["fetch", "-q", github.folder().to_str().unwrap(), "main"]);
    clone.git(&["reset", "-q", "--hard", "FETCH_HEAD"]);
    clone.file("app.info", APP);
    clone.file("parser.info", PARSER);
    clone.tollgate(&["check", "--save-snapshot", "s.gz"]);
    let packed = std::fs::read(clone.path().join("s.gz")).unwrap();
    let artifact = zip_of(&[("tollgate-snapshot.json.gz", &packed)]);
    github.run(50).of_branch("main").artifact("tollgate-snapshot", &artifact).completed("success");
    github.commit("main", since);
    github.pull(7).of_fork("eve").changes(&[("app/a.py", app)]);
    github
}

/// The check of the pull request whose run brought the application's report alone.
fn summary(github: &GitHub, app: &str) -> (String, String) {
    github
        .run(77)
        .of_pull(7)
        .job("test", "success")
        .artifact("tollgate-reports-test-a1", &zip(&[("app.info", app)]))
        .completed("success");
    publish(github);
    let checks = github.checks(&github.pull(7).head_sha());
    (checks[0].conclusion.clone().unwrap_or_default(), checks[0].summary.clone())
}

#[test]
fn older_evidence_is_brought_to_the_merge_base_and_stands_for_what_did_not_change() {
    // A line came above the others, and one of those that ran changes.
    let github = github(&[("app/a.py", "new = 0\na = 1\nb = 2\nc = 3\n")], "new = 0\na = 1\nb = 2\nc = 4\n");
    let (conclusion, summary) =
        summary(&github, "SF:app/a.py\nDA:1,1\nDA:2,1\nDA:3,0\nDA:4,1\nend_of_record\n");
    assert_eq!(conclusion, "success", "{summary}");
    assert!(summary.contains("not run: unaffected"), "{summary}");
    assert!(summary.contains("is 1 commit older"), "{summary}");
}

#[test]
fn the_change_answers_for_its_own_lines_alone_with_older_evidence_too() {
    let github = github(&[("app/a.py", "new = 0\na = 1\nb = 2\nc = 3\n")], "new = 0\na = 1\nb = 2\nc = 4\n");
    let (conclusion, summary) =
        summary(&github, "SF:app/a.py\nDA:1,0\nDA:2,1\nDA:3,0\nDA:4,0\nend_of_record\n");
    assert_eq!(conclusion, "failure", "{summary}");
    assert!(summary.contains("15 points lost: 60.0%, 75.0% on the base"), "{summary}");
}

#[test]
fn evidence_of_what_changed_since_stands_for_nothing() {
    let github = github(&[("parser/p.py", "p = 1\nq = 3\n")], "a = 1\nb = 2\nc = 4\n");
    let (conclusion, summary) = summary(&github, APP);
    assert_eq!(conclusion, "action_required", "{summary}");
    assert!(summary.contains("parser"), "{summary}");
}
