//! `tollgate simulate` and `tollgate fleet` on records that `tollgate check` wrote.

use crate::program::Place;
use std::fs;

fn suite(tests: usize) -> String {
    let cases: String = (0..tests).map(|n| format!("<testcase classname='c' name='t{n}'/>")).collect();
    format!("<testsuite name='s' tests='{tests}'>{cases}</testsuite>")
}

/// Lets the program judge so many passing tests, and stores its record with an occasion.
fn record(place: &Place, name: &str, tests: usize, number: u64, moment: &str, class: &str) {
    place.file("junit.xml", suite(tests));
    place.tollgate(&["check", "--write-json", "verdict.json"]);
    let text = fs::read_to_string(place.path().join("verdict.json")).unwrap();
    let occasion = format!(
        "{{\n  \"decided-at\": \"{moment}\",\n  \"context\": {{ \"pull-request\": {number}, \"author\": {{ \"class\": \"{class}\", \"why\": \"test\" }} }},"
    );
    place.file(name, text.replacen('{', &occasion, 1));
}

#[test]
fn a_bar_is_tried_on_recorded_verdicts() {
    let place = Place::new();
    record(&place, "verdicts/1.json", 3, 412, "2026-11-20T08:00:00Z", "external");
    record(&place, "verdicts/2.json", 5, 418, "2026-11-21T08:00:00Z", "owner");
    record(&place, "verdicts/3.json", 9, 420, "2026-11-22T08:00:00Z", "owner");
    let run = place.tollgate(&["simulate", "--records", "verdicts", "tests.executed.min=6"]).exits(0);
    insta::assert_snapshot!(run.out);
    place.file("next.yml", "version: 1\nrules:\n  tests.executed: { min: 6 }\n");
    let by_policy = place.tollgate(&["simulate", "--records", "verdicts", "--policy", "next.yml"]).exits(0);
    assert_eq!(by_policy.out, run.out);
    // Exactly as many as ran are enough.
    place.tollgate(&["simulate", "--records", "verdicts", "tests.executed.min=3"]).exits(0).says("flips 0");
    let week = [
        "simulate",
        "--records",
        "verdicts",
        "--since",
        "2d",
        "--as-of",
        "2026-11-22",
        "tests.executed.min=6",
    ];
    place.tollgate(&week).exits(0).says("Replayed 2 recorded verdicts, 2026-11-21 to 2026-11-22");
}

#[test]
fn what_is_no_record_is_said_and_left_out() {
    let place = Place::new();
    record(&place, "verdicts/good.json", 3, 1, "2026-11-20T08:00:00Z", "external");
    let good = fs::read_to_string(place.path().join("verdicts/good.json")).unwrap();
    place.file("verdicts/cut.json", &good[..good.len() / 2]);
    place.file("verdicts/other.json", "{ \"schema\": \"tollgate.verdict/9\" }");
    place.file("verdicts/when.json", good.replace("2026-11-20T08:00:00Z", "\u{1b}[31mnow"));
    place.file(
        "verdicts/liar.json",
        good.replace("\"verdict\": \"passed\"", "\"verdict\": \"no-verdict\"")
            .replace("pull-request\": 1", "pull-request\": 2"),
    );
    let run = place.tollgate(&["simulate", "--records", "verdicts", "tests.executed.min=6"]).exits(0);
    assert_eq!(run.err.matches("bad-record").count(), 3, "{}", run.err);
    assert!(!run.all().contains('\u{1b}'));
    run.says("Replayed 1 recorded verdict")
        .says("1 record: their verdict is not the one that their outcomes give");
}

#[test]
fn wrong_use_of_simulate_says_what_would_be_right() {
    let place = Place::new();
    place.file("empty/notes.txt", "");
    place.tollgate(&["simulate", "--records", "empty", "tests.executed.min=6"]).exits(2).says("no record");
    place.tollgate(&["simulate", "--records", "nowhere", "tests.executed.min=6"]).exits(2);
    place.tollgate(&["simulate", "--records", "empty"]).exits(2).says("RULE.FIELD=VALUE");
    place
        .tollgate(&["simulate", "--records", "empty", "tests.exceuted.min=6"])
        .exits(2)
        .says("no rule is called");
    place.file("bad.yml", "version: 1\nrulse: {}\n");
    place
        .tollgate(&["simulate", "--records", "empty", "--policy", "bad.yml"])
        .exits(2)
        .says("did you mean `rules`");
}

/// Two repositories with records, one silent, one that never had any.
fn fleet() -> Place {
    let place = Place::new();
    for number in 1..=6 {
        record(&place, &format!("fleet/web/{number}.json"), 3, number, "2026-11-26T08:00:00Z", "owner");
        record(
            &place,
            &format!("fleet/acme/api/{number}.json"),
            9,
            number,
            "2026-11-27T08:00:00Z",
            "external",
        );
    }
    record(&place, "fleet/old/1.json", 3, 1, "2026-10-01T08:00:00Z", "owner");
    place.file("fleet/empty/.keep", "");
    place
}

#[test]
fn the_fleet_is_reported_as_text_csv_and_one_page() {
    let place = fleet();
    let run =
        ["fleet", "report", "fleet", "--as-of", "2026-11-28", "--csv", "fleet.csv", "--html", "fleet.html"];
    insta::assert_snapshot!(place.tollgate(&run).exits(0).out);
    let csv = fs::read_to_string(place.path().join("fleet.csv")).unwrap();
    assert_eq!(csv.lines().count(), 5, "{csv}");
    assert!(fs::read_to_string(place.path().join("fleet.html")).unwrap().contains("acme/api"));
    place
        .tollgate(&["fleet", "audit", "fleet", "--as-of", "2026-11-28"])
        .exits(1)
        .says("2 findings in 4 repositories");
    place
        .tollgate(&["fleet", "audit", "fleet", "--as-of", "2026-11-28", "--since", "1d"])
        .exits(1)
        .says("4 findings");
}

#[test]
fn a_policy_is_tried_on_the_whole_fleet() {
    let place = fleet();
    let run = place.tollgate(&["simulate", "--records", "fleet", "--fleet", "tests.executed.min=6"]).exits(0);
    insta::assert_snapshot!(run.out);
}

#[test]
fn the_chain_of_verdicts_is_made_verified_and_exported() {
    let place = Place::new();
    record(&place, "fleet/acme/api/1.json", 3, 412, "2026-11-21T08:00:00Z", "external");
    record(&place, "fleet/acme/api/2.json", 5, 418, "2026-11-20T08:00:00Z", "owner");
    record(&place, "fleet/acme/web/1.json", 9, 420, "2026-11-22T08:00:00Z", "bot");
    place.tollgate(&["records", "export", "fleet", "--many", "--output", "chain.jsonl"]).exits(0);
    let verified = place
        .tollgate(&["records", "verify", "chain.jsonl"])
        .exits(0)
        .says("whole: 3 entries, 3 of them verdicts, from 1 to 3");
    let last = verified.out.lines().find_map(|line| line.trim().strip_prefix("last entry  ")).unwrap();
    place.tollgate(&["records", "verify", "chain.jsonl", "--head", last]).exits(0).says("is in the chain");

    let csv = place.tollgate(&["records", "export", "chain.jsonl", "--format", "csv"]).exits(0).out;
    let rows: Vec<Vec<&str>> = csv.lines().map(|line| line.split(',').collect()).collect();
    let cells = |column: usize| rows[1..].iter().map(|row| row[column]).collect::<Vec<_>>();
    assert_eq!(cells(3), ["acme/api", "acme/api", "acme/web"]);
    assert_eq!(cells(4), ["418", "412", "420"]);
    assert_eq!(cells(7), ["owner", "external", "bot"]);

    let chain = fs::read_to_string(place.path().join("chain.jsonl")).unwrap();
    let lines: Vec<&str> = chain.lines().collect();
    let copy = place.tollgate(&["records", "export", "chain.jsonl"]).exits(0).out;
    assert_eq!(copy, chain);
    // The record of the second is made a pass of another pull request.
    place.file("forged.jsonl", chain.replacen("\"pull-request\":412", "\"pull-request\":413", 1));
    let forged = place.tollgate(&["records", "verify", "forged.jsonl"]).exits(1);
    forged.says("the verdict of entry 2 was changed");
    let copied = place.tollgate(&["records", "export", "forged.jsonl"]).exits(1);
    assert_eq!(copied.out, format!("{}\n", lines[0]));
    place.file("removed.jsonl", format!("{}\n{}\n", lines[0], lines[2]));
    place.tollgate(&["records", "verify", "removed.jsonl"]).exits(1).says("entry 3 stands where entry 2");
    place.file("cut.jsonl", format!("{}\n{}\n", lines[0], lines[1]));
    place.tollgate(&["records", "verify", "cut.jsonl"]).exits(0).says("keep the last entry in another place");
    place.tollgate(&["records", "verify", "cut.jsonl", "--head", last]).exits(1).says("its end was cut off");
    place.file("damaged.jsonl", format!("{}\n{{", lines[0]));
    place.tollgate(&["records", "verify", "damaged.jsonl"]).exits(1).says("damaged.jsonl:2");
}

#[test]
fn a_chain_is_not_made_of_a_part_of_the_records() {
    let place = Place::new();
    record(&place, "verdicts/1.json", 3, 412, "2026-11-21T08:00:00Z", "external");
    place.file("verdicts/2.json", "{");
    let run = place.tollgate(&["records", "export", "verdicts"]).exits(2).says("2.json");
    assert_eq!(run.out, "");
    place.file("empty/notes.txt", "");
    place.tollgate(&["records", "export", "empty"]).exits(2).says("no record");
    place.tollgate(&["records", "verify", "nowhere.jsonl"]).exits(2).says("cannot be read");
}

#[test]
fn the_chains_of_a_service_are_verified_and_exported_beside_it() {
    use tollgate::records::chain::Digest;
    use tollgate::server::store::{Claim, Effects, Finish, JobKind, NewRecord, Sqlite, Store as _, Trigger};
    let place = Place::new();
    record(&place, "verdicts/1.json", 3, 412, "2026-11-21T08:00:00Z", "external");
    let body = fs::read(place.path().join("verdicts/1.json")).unwrap();
    let body = tollgate::wire::chain::canonical(&tollgate::wire::verdict::read(&body).unwrap());
    let data = place.path().join("data");
    fs::create_dir(&data).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let store = Sqlite::open(&data).unwrap();
    runtime.block_on(async {
        for (number, repository) in [(1, "acme/api"), (2, "acme/api"), (3, "acme/web")] {
            let now = store.clock().now();
            let sha = format!("{number:040}");
            let trigger = Trigger {
                kind: JobKind::Judge,
                repository: repository.to_owned(),
                subject: sha.clone(),
                pull: number,
                installation: 5,
                cause: "test",
            };
            store.trigger(vec![trigger], now, now).await.unwrap();
            let until = now.after(std::time::Duration::from_secs(60));
            let claim = Claim { most: 1, per_repository: 9, until };
            let job = store.claim(claim, now).await.unwrap().remove(0);
            let kept = NewRecord {
                repository: repository.to_owned(),
                sha,
                pulls: vec![number],
                kind: "passed".to_owned(),
                decided: now,
                policy: Some(Digest::of(b"policy")),
                evidence: Some(Digest::of(&[u8::try_from(number).unwrap()])),
                body: body.clone(),
            };
            let effects = Effects { record: Some(kept), ..Effects::default() };
            assert!(store.finish(&job.lease, Finish::Done(now), effects, now).await.unwrap());
        }
    });
    let verified = place.tollgate(&["records", "verify", "--data", "data"]).exits(0);
    let lines: Vec<&str> = verified.out.lines().collect();
    assert_eq!(lines.len(), 2, "{}", verified.out);
    assert!(lines[0].starts_with("whole  acme/api  2 verdicts  last 2:"), "{}", lines[0]);
    let (_, last) = lines[0].split_once("last ").unwrap();
    let export = ["records", "export", "--data", "data", "--repository", "acme/api", "--output", "api.jsonl"];
    place.tollgate(&export).exits(0);
    place.tollgate(&["records", "verify", "api.jsonl", "--head", last]).exits(0).says("is in the chain");
    let csv = place.tollgate(&["records", "export", "--data", "data", "--format", "csv"]).exits(0).out;
    assert_eq!(csv.lines().count(), 4, "{csv}");
    place.tollgate(&["records", "export", "--data", "data"]).exits(2).says("--repository");
}
