//! `tollgate inspect` as people run it.

use crate::program::Place;
use serde_json::Value;

#[test]
fn every_line_of_a_report_can_be_shown() {
    let place = Place::new();
    let text = "SF:/app/src/a.c\nDA:1,1\nDA:2,3\nDA:3,0\nDA:7,2\nBRDA:7,0,0,1\nBRDA:7,0,1,0\nend_of_record\n";
    place.file("lcov.info", text);
    place
        .tollgate(&["inspect", "--lines", "lcov.info"])
        .exits(0)
        .says("/app/src/a.c   lines 75.0% (3 of 4), branches 50.0% (1 of 2)")
        .says("ran: 1-2")
        .says("ran in part: 7")
        .says("did not run: 3");
}

#[test]
fn a_complete_report_exits_0_and_anything_else_3() {
    let place = Place::new();
    let good = place.file("good.xml", "<testsuite><testcase name='a'/></testsuite>");
    let empty = place.file("empty.xml", "");
    let json = |run: &str| -> Value { serde_json::from_str(run).unwrap() };
    let run = place.tollgate(&["inspect", "--format", "json", good.to_str().unwrap()]).exits(0);
    let report = &json(&run.out)["reports"][0];
    assert_eq!(report["format"], "junit");
    assert_eq!(report["kind"], "tests");
    assert_eq!(report["health"], "complete");
    assert_eq!(report["totals"]["passed"], 1);
    let run = place
        .tollgate(&["inspect", "--format", "json", good.to_str().unwrap(), empty.to_str().unwrap()])
        .exits(3);
    assert_eq!(json(&run.out)["reports"][1]["health"], "empty");
    place.tollgate(&["inspect", "no-such-file"]).exits(3).says("unreadable-file");
}
