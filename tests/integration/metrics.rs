//! `tollgate metrics` on real histories; every figure is worked out by hand beside it.

use crate::program::Place;
use serde_json::{Value, json};
use std::process::Command;

const ALICE: &str = "Alice A <1+alice@users.noreply.github.com>";
const BOB: &str = "Bob B <bob@example.com>";
const CAROL: &str = "Carol C <2+carol@users.noreply.github.com>";
const DAN: &str = "Dan D <dan@example.com>";

/// Runs git as somebody on a day.
fn git(place: &Place, who: &str, day: &str, arguments: &[&str]) {
    let (name, email) = who.split_once(" <").unwrap();
    let email = email.trim_end_matches('>');
    let when = format!("{day}T12:00:00Z");
    let output = Command::new("git")
        .args(["-c", "init.defaultBranch=main", "-c", "commit.gpgsign=false"])
        .args(arguments)
        .current_dir(place.path())
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_SYSTEM", "/dev/null")
        .envs([("GIT_AUTHOR_NAME", name), ("GIT_AUTHOR_EMAIL", email), ("GIT_AUTHOR_DATE", &when)])
        .envs([("GIT_COMMITTER_NAME", "GitHub"), ("GIT_COMMITTER_EMAIL", "noreply@github.com")])
        .env("GIT_COMMITTER_DATE", &when)
        .output()
        .unwrap();
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// Changes a file and commits everything, as a squashed pull request does.
fn commit(place: &Place, who: &str, day: &str, file: &str, message: &str) {
    let before = std::fs::read_to_string(place.path().join(file)).unwrap_or_default();
    place.file(file, format!("{before}{message}\n"));
    git(place, who, day, &["add", "-A"]);
    git(place, who, day, &["commit", "-q", "-m", message]);
}

/// A branch with one commit, and its merge on another day.
fn merge(place: &Place, who: &str, days: [&str; 2], file: &str, message: &str) {
    git(place, who, days[0], &["checkout", "-q", "-b", "branch"]);
    commit(place, who, days[0], file, "work");
    git(place, who, days[0], &["checkout", "-q", "main"]);
    git(place, ALICE, days[1], &["merge", "-q", "--no-ff", "-m", message, "branch"]);
    git(place, who, days[1], &["branch", "-q", "-D", "branch"]);
}

fn repository(code_owners: &str) -> Place {
    let place = Place::new();
    git(&place, ALICE, "2026-01-01", &["init", "-q"]);
    place.file("CODEOWNERS", code_owners);
    commit(&place, ALICE, "2026-01-01", "README.md", "begin");
    place
}

fn figures(place: &Place, more: &[&str]) -> Value {
    let arguments = [&["metrics", "--until", "2026-12-31", "--format", "json"], more].concat();
    serde_json::from_str(&place.tollgate(&arguments).exits(0).out).unwrap()
}

#[test]
fn squashes_merges_renamed_people_bots_and_unknown_identities() {
    let place = repository("* @alice bob@example.com\n");
    place.file(
        ".mailmap",
        "Alice A <1+alice@users.noreply.github.com> <alice@old.example>\n\
         Carol C <carol@example.com> <2+carol@users.noreply.github.com>\n",
    );
    // Alice under her old address, whom `.mailmap` ties to her login: an owner.
    commit(&place, "Alice Old <alice@old.example>", "2026-02-01", "a", "One (#1)");
    // Carol has no login in her address; the merge names her fork: external.
    let title = "Merge pull request #2 from carol/fix\n\nRound half even";
    merge(&place, "Carol C <carol@example.com>", ["2026-02-02", "2026-02-03"], "b", title);
    commit(&place, BOB, "2026-02-04", "a", "Three (#3)");
    commit(
        &place,
        "dependabot[bot] <3+dependabot[bot]@users.noreply.github.com>",
        "2026-02-05",
        "a",
        "Bump (#4)",
    );
    // Dan may be @alice under another address: nobody can say.
    commit(&place, DAN, "2026-02-06", "a", "Five (#5)");
    commit(&place, "erin <erin@example.com>", "2026-03-01", "a", "Six (#6)");
    commit(&place, CAROL, "2026-03-02", "a", "Seven (#7)");
    commit(&place, ALICE, "2026-03-03", "a", "Eight (#8)");
    // The same pull request once more, picked from another branch.
    commit(&place, ALICE, "2026-03-04", "a", "Eight (#8)");

    let found = figures(&place, &[]);
    let one = &found["repositories"][0];
    // External: 2, 6, 7. Owners: 1, 3, 8.
    assert_eq!(one["share"], json!({"external": 3, "owners": 3, "percent": 50}));
    let left_out = json!({"bots": 1, "unknown-identity": 1, "no-owners": 0, "direct-commits": 1});
    assert_eq!(one["left-out"], left_out);
    let month = |index: usize| {
        (
            one["months"][index]["month"].as_str().unwrap(),
            one["months"][index]["share"]["external"].as_u64().unwrap(),
        )
    };
    assert_eq!([month(0), month(1), month(2)], [("2026-02", 1), ("2026-03", 2), ("2026-04", 0)]);

    // Only March: 6, 7 and 8 are three, too few for a share.
    let march = figures(&place, &["--since", "2026-03-01"]);
    assert_eq!(march["all"], json!({"external": 2, "owners": 1, "percent": null}));
    let text = place.tollgate(&["metrics", "--since", "2026-03-01", "--until", "2026-12-31"]).exits(0);
    text.says("too few (3; at least 5 are needed)");
    // With Dan's address in the policy's words he is an owner.
    let named = figures(
        &place,
        &[
            "--teams",
            place
                .file("teams.json", r#"{"x": [{"login": "alice", "emails": ["alice@old.example"]}]}"#)
                .to_str()
                .unwrap(),
        ],
    );
    assert_eq!(named["all"]["external"], 4, "now that Alice's addresses are known, Dan is none of them");
}

#[test]
fn thanks_lists_titles_and_numbers_and_nobody() {
    let place = repository("* @alice\n");
    let title = "Merge pull request #2 from carol/fix\n\nRound half even";
    merge(&place, "Carol C <carol@example.com>", ["2026-02-02", "2026-02-03"], "b", title);
    commit(&place, CAROL, "2026-03-02", "a", "Read amounts in yen (#7)");
    commit(&place, ALICE, "2026-03-03", "a", "Eight (#8)");
    let run = place.tollgate(&["metrics", "--thanks", "2026-02-01", "--until", "2026-12-31"]).exits(0);
    let run = run.says("#2 Round half even").says("#7 Read amounts in yen");
    assert!(!run.all().to_lowercase().contains("carol") && !run.out.contains("#8"), "{}", run.out);
}

#[test]
fn code_owners_count_as_they_were_before_the_change() {
    let place = repository("* @alice\n");
    commit(&place, CAROL, "2026-02-01", "a", "One (#1)"); // external
    place.file("CODEOWNERS", "* @alice @carol\n");
    commit(&place, CAROL, "2026-02-02", "a", "Make myself an owner (#2)"); // external: the file of the parent
    commit(&place, CAROL, "2026-02-03", "a", "Three (#3)"); // owner
    std::fs::remove_file(place.path().join("CODEOWNERS")).unwrap();
    place.file(".github/CODEOWNERS", "* @carol\n");
    commit(&place, ALICE, "2026-02-04", "a", "Move the file (#4)"); // owner
    commit(&place, ALICE, "2026-02-05", "a", "Five (#5)"); // external
    commit(&place, CAROL, "2026-02-06", "a", "Six (#6)"); // owner
    std::fs::remove_file(place.path().join(".github/CODEOWNERS")).unwrap();
    commit(&place, CAROL, "2026-02-07", "a", "Nobody owns this now (#7)"); // owner
    commit(&place, CAROL, "2026-02-08", "a", "Eight (#8)"); // nobody is named
    let found = figures(&place, &[]);
    assert_eq!(found["all"]["external"], 3);
    assert_eq!(found["all"]["owners"], 4);
    assert_eq!(found["repositories"][0]["left-out"]["no-owners"], 1);
    // 3 of 7, rounded down.
    assert_eq!(found["all"]["percent"].to_string(), "42.85");
}

#[test]
fn in_a_monorepo_a_member_of_one_team_is_external_to_the_others() {
    let place = repository("/pay/ @acme/pay\n/web/ @acme/web\n");
    let teams = place.file("teams.json", r#"{"acme/pay": ["alice"], "acme/web": ["carol"]}"#);
    let teams = ["--teams", teams.to_str().unwrap()];
    commit(&place, ALICE, "2026-02-01", "pay/a", "One (#1)"); // owner
    commit(&place, CAROL, "2026-02-02", "pay/a", "Two (#2)"); // external
    commit(&place, CAROL, "2026-02-03", "web/a", "Three (#3)"); // owner
    place.file("pay/b", "x");
    commit(&place, CAROL, "2026-02-04", "web/b", "Both (#4)"); // owner of one of the paths
    merge(&place, ALICE, ["2026-02-05", "2026-02-06"], "web/c", "Merge pull request #5 from alice/x\n\nFive"); // external
    let found = figures(&place, &teams);
    assert_eq!(found["all"], json!({"external": 2, "owners": 3, "percent": 40}));
    // Below one folder only what touched it counts: 1, 2 and 4.
    let pay = figures(&place, &[teams[0], teams[1], "pay"]);
    assert_eq!(pay["all"], json!({"external": 1, "owners": 2, "percent": null}));
    // Without the teams nobody's class is known.
    assert_eq!(figures(&place, &[])["repositories"][0]["left-out"]["unknown-identity"], 5);
}

#[test]
fn the_owners_of_the_policy_own_everything_from_the_day_they_are_named() {
    let place = repository("/docs/ @carol\n");
    place.file("tollgate.yml", "version: 1\nowners: [\"@alice\"]\n");
    commit(&place, ALICE, "2026-02-01", "a", "One (#1)"); // owner by today's policy: there was none then
    commit(&place, CAROL, "2026-02-02", "a", "Two (#2)"); // external: not below docs
    commit(&place, CAROL, "2026-02-03", "docs/a", "Three (#3)"); // owner
    place.file("tollgate.yml", "version: 1\nowners: [\"@carol\"]\n");
    commit(&place, ALICE, "2026-02-04", "a", "Four (#4)"); // owner: the policy of the parent
    commit(&place, ALICE, "2026-02-05", "a", "Five (#5)"); // external
    commit(&place, CAROL, "2026-02-06", "a", "Six (#6)"); // owner
    let found = figures(&place, &[]);
    // Two and five; and one, whose parent had no policy, so that today's (@carol) holds.
    assert_eq!(found["all"], json!({"external": 3, "owners": 3, "percent": 50}));
}

#[test]
fn what_a_pull_of_the_branch_brings_in_is_counted_by_itself() {
    let place = repository("* @alice\n");
    git(&place, ALICE, "2026-02-01", &["checkout", "-q", "-b", "elsewhere"]);
    commit(&place, CAROL, "2026-02-01", "b", "One (#1)");
    commit(&place, CAROL, "2026-02-02", "b", "Two (#2)");
    git(&place, ALICE, "2026-02-02", &["checkout", "-q", "main"]);
    commit(&place, ALICE, "2026-02-03", "a", "pushed");
    let message = "Merge branch 'main' of https://example.com/acme/x";
    git(&place, ALICE, "2026-02-04", &["merge", "-q", "--no-ff", "-m", message, "elsewhere"]);
    let found = figures(&place, &[]);
    assert_eq!(found["all"], json!({"external": 2, "owners": 0, "percent": null}));
    assert_eq!(found["repositories"][0]["left-out"]["direct-commits"], 2);
}

#[test]
fn commits_can_be_counted_instead() {
    let place = repository("* @alice\n");
    commit(&place, CAROL, "2026-02-01", "a", "one");
    merge(&place, CAROL, ["2026-02-02", "2026-02-03"], "b", "Merge branch 'b'");
    for day in ["2026-02-04", "2026-02-05", "2026-02-06"] {
        commit(&place, ALICE, day, "a", "more");
    }
    let found = figures(&place, &["--unit", "commits"]);
    // The first commit has no parent and so no owners.
    assert_eq!(found["all"], json!({"external": 2, "owners": 3, "percent": 40}));
    assert_eq!(found["repositories"][0]["left-out"]["no-owners"], 1);
}

#[test]
fn a_shallow_clone_says_where_it_begins() {
    let place = repository("* @alice\n");
    for (day, number) in [("2026-02-01", 1), ("2026-02-02", 2), ("2026-02-03", 3)] {
        commit(&place, CAROL, day, "a", &format!("x (#{number})"));
    }
    let clone = Place::new();
    clone.git(&["clone", "-q", "--depth", "2", &format!("file://{}", place.path().display()), "x"]);
    let found = figures(&clone, &["x"]);
    assert_eq!(found["repositories"][0]["history-begins"], "2026-02-02");
    clone.tollgate(&["metrics", "x", "--until", "2026-12-31"]).exits(0).says("the clone is shallow");
}

#[test]
fn a_folder_of_repositories_is_added_up_in_the_order_of_names() {
    let folder = Place::new();
    for (name, count) in [("b", 4), ("a", 3)] {
        let place = repository("* @alice\n");
        for number in 0..count {
            commit(&place, CAROL, "2026-02-01", "f", &format!("x (#{number})"));
        }
        folder.git(&[
            "clone",
            "-q",
            "--bare",
            &place.path().display().to_string(),
            &format!("group/{name}.git"),
        ]);
    }
    let found = figures(&folder, &[]);
    assert_eq!(found["all"], json!({"external": 7, "owners": 0, "percent": 100}));
    let names: Vec<&str> =
        found["repositories"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
    assert!(names.is_sorted() && names.len() == 2, "{names:?}");
    folder.tollgate(&["metrics", "--until", "2026-12-31"]).exits(0).says("all together: 100.0% (7 of 7)");
}

fn record(number: u64, decided_at: &str, class: &str, verdict: &str, stopped_by: &[&str]) -> String {
    let outcomes: Vec<Value> = stopped_by
        .iter()
        .map(|rule| {
            json!({"rule": rule, "scope": null, "mode": "enforce", "outcome": "not-met", "measured": null,
                "measured-text": "", "required": {}, "required-text": "", "origin": {"file": "", "line": 0, "column": 0},
                "origins": {}, "help": null, "reason": null})
        })
        .collect();
    json!({"schema": "tollgate.verdict/1", "verdict": verdict, "decided-at": decided_at,
        "context": {"repo": "acme/x", "pull-request": number, "author": {"class": class, "why": "teams.json"}},
        "header": [], "outcomes": outcomes, "not-counted": [], "steps": [], "details": [], "reports": [],
        "diagnostics": []})
    .to_string()
}

#[test]
fn records_decide_the_class_and_tell_how_people_fare() {
    let place = repository("* @alice\n");
    place.git(&["remote", "add", "origin", "https://github.example/Acme/x.git"]);
    for number in 1..=6 {
        commit(&place, CAROL, "2026-02-03", "a", &format!("x (#{number})"));
    }
    // Carol was an owner on the day of 1; today nothing says so.
    place.file("records/1.json", record(1, "2026-02-01T10:00:00Z", "owner", "passed", &[]));
    for number in 2..=6 {
        let red = record(number, "2026-02-01T10:00:00Z", "external", "needs-changes", &["coverage.changed"]);
        let later = format!("2026-02-01T1{number}:00:00Z");
        place.file(
            &format!("records/{number}/1.json"),
            if number == 6 { record(6, "2026-02-01T10:00:00Z", "external", "passed", &[]) } else { red },
        );
        place.file(&format!("records/{number}/2.json"), record(number, &later, "external", "passed", &[]));
    }
    let found = figures(&place, &["--records", "records"]);
    let one = &found["repositories"][0];
    assert_eq!(one["name"], "Acme/x");
    assert_eq!(one["share"], json!({"external": 5, "owners": 1, "percent": 83.33}));
    assert_eq!(one["classed-on-the-day"], 6);
    let external = &one["gate"]["external"];
    assert_eq!(external["pull-requests"], 5);
    assert_eq!(external["passed-at-first"], 1);
    // 2, 3, 4 and 5 hours: of an even number the lower middle.
    assert_eq!(external["median-seconds-to-pass"], 3 * 3600);
    assert_eq!(external["stopped-most-by"], "coverage.changed");
    assert_eq!(external["reds-not-authors"], 0);
    assert_eq!(one["gate"]["owners"]["passed-at-first"], Value::Null, "one pull request is too few");

    // Without a clone the records alone count, and say that they do not know what was merged.
    let alone = Place::new();
    alone.copy(&place.path().join("records"), "records");
    let found = figures(&alone, &["--records", "records"]);
    assert_eq!(found["repositories"][0]["unit"], "passed-pull-requests");
    assert_eq!(found["all"]["external"], 5);
}

#[test]
fn wrong_use_is_said_with_its_repair() {
    let place = repository("* @alice\n");
    place.tollgate(&["metrics", "nowhere"]).exits(2).says("is no directory");
    place.tollgate(&["metrics", "--since", "yesterday"]).exits(2).says("write a day such as");
    place.tollgate(&["metrics", "--since", "0d"]).exits(2);
    place.tollgate(&["metrics", "--since", "2027-01-01", "--until", "2026-01-01"]).exits(2);
    place.tollgate(&["metrics", "--teams", "absent.json"]).exits(2).says("bad-export");
    place.tollgate(&["metrics", "--records", "absent"]).exits(2).says("unreadable-file");
    let empty = Place::new();
    empty.tollgate(&["metrics"]).exits(2).says("no-repository");
}
