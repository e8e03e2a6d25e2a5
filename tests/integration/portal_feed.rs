//! `tollgate portal-feed` on exported facts.

use crate::program::Place;
use serde_json::{Value, json};

fn repository(name: &str, forks: u64) -> Value {
    json!({"id": forks + 1, "name": name, "full_name": format!("acme/{name}"), "html_url": "https://x.example",
        "description": "short", "created_at": "2020-01-10T00:00:00Z", "updated_at": "2024-01-09T00:00:00Z",
        "stargazers_count": 0, "forks_count": forks, "open_issues_count": 0, "subscribers_count": 0,
        "owner": {"login": "acme"}})
}

fn feed(place: &Place, facts: &str) -> Vec<Value> {
    let run = place.tollgate(&["portal-feed", facts, "--as-of", "2026-01-10"]).exits(0);
    serde_json::from_str::<Value>(&run.out).unwrap().as_array().unwrap().clone()
}

#[test]
fn searches_lists_pages_and_folders_are_read() {
    let place = Place::new();
    let (one, two) = (repository("one", 1), repository("two", 2));
    place.file("search.json", json!({"total_count": 2, "items": [one, two]}).to_string());
    place.file("list.json", json!([one, two]).to_string());
    place.file("pages.json", format!("{}{}", json!([one]), json!([two])));
    place.file("folder/one/repo.json", one.to_string());
    place.file("folder/one/CONTRIBUTING.md", "");
    place.file(
        "folder/one/innersource.json",
        json!({"motivation": "m".repeat(31), "skills": ["Rust"]}).to_string(),
    );
    place.file("folder/one/participation.json", json!({"all": vec![10; 52], "owner": []}).to_string());
    place.file("folder/two/repo.json", two.to_string());
    let score = |entry: &Value| entry["_InnerSourceMetadata"]["score"].as_i64().unwrap();
    for facts in ["search.json", "list.json", "pages.json"] {
        // Old and quiet: 50 + 5 · forks − 50.
        assert_eq!(feed(&place, facts).iter().map(score).collect::<Vec<_>>(), [5, 10], "{facts}");
    }
    // (50 + 5) · 2 at ten commits a week, + 50 for the motivation + 100 for the guide − 50.
    let folder = feed(&place, "folder");
    assert_eq!(folder.iter().map(score).collect::<Vec<_>>(), [210, 10]);
    assert_eq!(folder[0]["_InnerSourceMetadata"]["guidelines"], "CONTRIBUTING.md");
    assert_eq!(folder[0]["owner"]["login"], "acme", "what the portal shows is passed on");
}

#[test]
fn a_feed_with_a_hole_is_not_written() {
    let place = Place::new();
    let mut broken = repository("two", 2);
    broken["updated_at"] = Value::Null;
    place.file("list.json", json!([repository("one", 1), broken]).to_string());
    let run = place.tollgate(&["portal-feed", "list.json"]).exits(2).says("acme/two: `updated_at`");
    assert_eq!(run.out, "");
    place.file("none.json", "[]");
    place.tollgate(&["portal-feed", "none.json"]).exits(2).says("no facts");
    place.tollgate(&["portal-feed", "absent.json"]).exits(2).says("bad-export");
    place.file("text.json", "\"x\"");
    place.tollgate(&["portal-feed", "text.json"]).exits(2).says("neither a repository");
}

#[test]
fn the_health_of_the_gate_stands_beside_the_score() {
    let place = Place::new();
    place.file("list.json", json!([repository("one", 1), repository("two", 2)]).to_string());
    for number in 1..=5 {
        for (attempt, verdict) in [(1, if number > 2 { "passed" } else { "no-verdict" }), (2, "passed")] {
            let outcome = json!({"rule": "tests.failed", "scope": null, "mode": "enforce", "outcome": "met",
                "measured": 0, "measured-text": "", "required": {}, "required-text": "no failure",
                "origin": {"file": "", "line": 0, "column": 0}, "origins": {}, "help": null, "reason": null});
            let record = json!({"schema": "tollgate.verdict/1", "verdict": verdict,
                "decided-at": format!("2026-01-0{number}T0{attempt}:00:00Z"),
                "context": {"repo": "Acme/One", "pull-request": number, "author": {"class": "external", "why": ""}},
                "header": [], "outcomes": [outcome], "not-counted": [], "steps": [], "details": [], "reports": [],
                "diagnostics": []});
            place.file(&format!("records/{number}-{attempt}.json"), record.to_string());
        }
    }
    let run = place
        .tollgate(&["portal-feed", "list.json", "--records", "records", "--as-of", "2026-01-10"])
        .exits(0);
    let entries: Value = serde_json::from_str(&run.out).unwrap();
    let health = &entries[0]["_InnerSourceMetadata"]["tollgate"];
    let expected = json!({"mode": "enforce", "external_share": 1.0, "external_prs": 5, "window_days": 90,
        "external_first_attempt_pass": 0.6, "external_median_hours_to_pass": 1.0, "no_verdict_share": 0.2,
        "base_healthy": true, "requires": ["no failure"]});
    assert_eq!(*health, expected);
    assert_eq!(entries[1]["_InnerSourceMetadata"]["tollgate"], Value::Null);
    assert_eq!(entries[0]["_InnerSourceMetadata"]["score"], 5, "the score knows nothing of the gate");
}
