//! `tollgate inspect` as people run it.

use crate::program::Place;
use serde_json::Value;

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
