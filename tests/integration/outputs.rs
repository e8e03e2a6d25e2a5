//! Every file that `check` writes beside its verdict, each from the same evidence.

use crate::program::Place;
use serde_json::Value;
use std::path::Path;

const FILES: [&str; 9] = [
    "--write-summary=out/summary.md",
    "--write-json=out/verdict.json",
    "--write-html=out/verdict.html",
    "--write-badge=out/badge.svg",
    "--write-junit=out/gate.xml",
    "--write-code-quality=out/quality.json",
    "--write-ctrf=out/ctrf.json",
    "--write-lcov=out/merged.info",
    "--write-cobertura=out/merged.xml",
];

fn place() -> Place {
    let place = Place::new();
    place.copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/demo/failing"), "demo");
    place.file("out/.keep", "");
    place
}

fn read(place: &Place, name: &str) -> String {
    std::fs::read_to_string(place.path().join(name)).unwrap()
}

#[test]
fn one_run_writes_them_all() {
    let place = place();
    place.tollgate(&[&["check", "demo"], FILES.as_slice()].concat()).exits(1);
    assert!(read(&place, "out/verdict.html").contains("Needs changes"));
    assert!(read(&place, "out/badge.svg").contains("<title>tollgate: needs changes</title>"));
    assert!(read(&place, "out/gate.xml").contains("<failure"));
    assert!(read(&place, "out/quality.json").contains("ledger/export.py"));
    assert!(
        read(&place, "out/merged.xml").contains("lines-covered=\"24\""),
        "24 of 36 lines, as the verdict says"
    );
    let ctrf: Value = serde_json::from_str(&read(&place, "out/ctrf.json")).unwrap();
    let summary = &ctrf["results"]["summary"];
    assert_eq!(
        (summary["tests"].as_u64(), summary["failed"].as_u64(), summary["skipped"].as_u64()),
        (Some(14), Some(1), Some(1))
    );
    assert_eq!(ctrf["results"]["tests"].as_array().unwrap().len(), 14, "the passed ones by their names");
}

#[test]
fn what_it_writes_it_reads_with_the_same_totals() {
    let place = place();
    place.tollgate(&[&["check", "demo"], FILES.as_slice()].concat()).exits(1);
    for (file, totals) in [
        ("out/ctrf.json", "1 failed"),
        ("out/merged.xml", "24 of 36"),
        ("out/merged.info", "24 of 36"),
        ("out/gate.xml", "failed"),
    ] {
        place.tollgate(&["inspect", file]).says(totals);
    }
}

#[test]
fn without_evidence_the_files_say_so_and_none_of_them_is_green() {
    let place = Place::new();
    place.file("out/.keep", "");
    place.file("README.md", "nothing");
    place.tollgate(&[&["check"], FILES.as_slice()].concat()).exits(3);
    assert!(read(&place, "out/badge.svg").contains("no verdict"));
    assert!(read(&place, "out/gate.xml").contains("<error"));
    assert!(read(&place, "out/verdict.html").contains("No verdict"));
    for file in ["out/ctrf.json", "out/merged.xml"] {
        place.tollgate(&["inspect", file]).exits(3);
    }
}

#[test]
fn a_file_that_cannot_be_written_is_wrong_use() {
    let place = place();
    place.tollgate(&["check", "demo", "--write-html", "absent/x.html"]).exits(2).says("absent/x.html");
}
