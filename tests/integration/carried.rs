//! Reports that stay away because the change cannot concern them (`absent: carried`), over real histories.

use crate::program::{Place, Run};
use std::fs;

const POLICY: &str = "version: 1
reports:
  app: { kind: coverage, path: out/app.info }
  parser: { kind: coverage, path: out/parser.info, absent: carried, when: { changed: [\"parser/**\"] } }
rules:
  coverage.total: { min: 60 }
  coverage.changed: { min: 50, min-lines: 0 }
";

const CI: &[(&str, &str)] = &[("CI", "true")];
const APP: &str = "SF:app/a.py\nDA:1,1\nDA:2,0\nend_of_record\n";
const PARSER: &str = "SF:parser/p.py\nDA:1,1\nDA:2,1\nDA:3,1\nend_of_record\n";

/// A repository whose default branch left its evidence at `.git/base`, with both reports.
fn repository() -> Place {
    let place = Place::new();
    place.git(&["init", "-q"]);
    place.file(".gitignore", "/out\n");
    place.file(".github/tollgate.yml", POLICY);
    place.file("app/a.py", "a = 1\nb = 2\n");
    place.file("parser/p.py", "p = 1\nq = 2\nr = 3\n");
    place.file("docs/a.md", "text\n");
    place.commit("base");
    place.file("out/app.info", APP);
    place.file("out/parser.info", PARSER);
    place.tollgate_with(&["check", "--save-snapshot", ".git/base"], CI).exits(0);
    fs::remove_file(place.path().join("out/parser.info")).unwrap();
    place
}

/// Puts a change of one file on a branch of its own.
fn change(place: &Place, file: &str, text: &str) {
    place.git(&["checkout", "-q", "-B", "topic", "main"]);
    place.file(file, text);
    place.commit("change");
}

fn judged(place: &Place, snapshot: &str) -> Run {
    place.tollgate_with(&["check", "--base", "main", "--base-snapshot", snapshot, "--format", "markdown"], CI)
}

const CARRIED: &str = "not run: unaffected; this is what it said on main";
const MISSING: &str = "parser";

#[test]
fn what_the_base_said_stands_for_a_report_that_the_change_cannot_concern() {
    let place = repository();
    change(&place, "app/a.py", "a = 1\nb = 3\n");
    place.file("out/app.info", "SF:app/a.py\nDA:1,1\nDA:2,1\nend_of_record\n");
    judged(&place, ".git/base").exits(0).says(CARRIED).says("5 of 5");
    // Counted is what came, too: without the parser's three lines it would be 50 %.
    place.file("out/app.info", "SF:app/a.py\nDA:1,0\nDA:2,1\nend_of_record\n");
    judged(&place, ".git/base").exits(0).says("4 of 5");
    place.tollgate_with(&["check", "--base", "main"], CI).exits(3).says("there is no evidence of main");
}

#[test]
fn a_change_of_what_the_report_is_about_must_bring_it() {
    let place = repository();
    for (file, text) in [("parser/p.py", "p = 1\nq = 2\nr = 4\n"), ("parser/new.py", "n = 1\n")] {
        change(&place, file, text);
        judged(&place, ".git/base").exits(3).says(MISSING);
    }
    // A measured file that leaves the folder was in it.
    place.git(&["checkout", "-q", "-B", "topic", "main"]);
    place.git(&["mv", "parser/p.py", "app/p.py"]);
    place.commit("change");
    judged(&place, ".git/base").exits(3).says(MISSING);
    // What came is judged as it is.
    change(&place, "parser/p.py", "p = 1\nq = 2\nr = 4\n");
    place.file("out/parser.info", PARSER.replace("DA:3,1", "DA:3,0"));
    judged(&place, ".git/base").exits(1).says("0.0% (0 of 1 line)");
}

#[test]
fn evidence_that_is_older_stands_only_for_what_did_not_change_since() {
    let place = repository();
    place.git(&["checkout", "-q", "main"]);
    place.file("docs/a.md", "more text\n");
    place.commit("words");
    change(&place, "app/a.py", "a = 1\nb = 3\n");
    place.file("out/app.info", "SF:app/a.py\nDA:1,1\nDA:2,1\nend_of_record\n");
    judged(&place, ".git/base").exits(0).says(CARRIED);
    place.git(&["checkout", "-q", "main"]);
    place.file("parser/p.py", "p = 1\nq = 2\nr = 4\n");
    place.commit("parser");
    change(&place, "app/a.py", "a = 1\nb = 3\n");
    judged(&place, ".git/base").exits(3).says(MISSING);
}

#[test]
fn the_default_branch_hands_on_what_it_was_handed() {
    let place = repository();
    place.git(&["checkout", "-q", "main"]);
    place.file("docs/a.md", "more text\n");
    place.commit("words");
    let on_main = |save: &str| {
        place.tollgate_with(&["check", "--base-snapshot", ".git/base", "--save-snapshot", save], CI)
    };
    on_main(".git/second").exits(0);
    change(&place, "app/a.py", "a = 1\nb = 3\n");
    place.file("out/app.info", "SF:app/a.py\nDA:1,1\nDA:2,1\nend_of_record\n");
    judged(&place, ".git/second").exits(0).says(CARRIED);
    // A run of the default branch that skipped what its commit touches has no evidence of it, and hands none on.
    place.git(&["checkout", "-q", "main"]);
    place.file("parser/p.py", "p = 1\nq = 2\nr = 4\n");
    place.commit("parser");
    on_main(".git/third").exits(3).says(MISSING);
    change(&place, "app/a.py", "a = 1\nb = 3\n");
    judged(&place, ".git/third").exits(3).says(MISSING);
}
