//! Rules and messages of a result (security.md b2).

use super::*;

#[test]
fn a_rule_is_found_by_index_guid_and_id() {
    for (reference, severity) in [
        (r#""ruleIndex": 1"#, Severity::Low),
        (r#""rule": {"index": 1}"#, Severity::Low),
        (r#""rule": {"guid": "g-b"}"#, Severity::Low),
        (r#""ruleId": "A""#, Severity::High),
        (r#""rule": {"id": "B"}"#, Severity::Low),
        // Ids may repeat; the index tells them apart.
        (r#""ruleId": "A", "ruleIndex": 2"#, Severity::Info),
        // An index that contradicts the id loses.
        (r#""ruleId": "A", "ruleIndex": 1"#, Severity::High),
        // One that leads nowhere, too.
        (r#""ruleId": "B", "ruleIndex": 77"#, Severity::Low),
        (r#""ruleId": "B", "ruleIndex": -5"#, Severity::Low),
        (r#""ruleId": "B/sub/deeper""#, Severity::Low),
        (r#""ruleId": "Bsub""#, Severity::Medium),
        (r#""ruleId": "Z""#, Severity::Medium),
        (r#""ruleIndex": 77"#, Severity::Medium),
        ("", Severity::Medium),
    ] {
        let comma = if reference.is_empty() { "" } else { "," };
        let read = with_rules(RULES, &format!(r#"{{{reference}{comma} "message": {{"text": "m"}}}}"#));
        assert_eq!(read.severity(), severity, "{reference}");
    }
}

#[test]
fn a_result_without_an_id_takes_that_of_its_rule() {
    let read = with_rules(RULES, r#"{"ruleIndex": 1}"#);
    assert_eq!(read.finding().rule.raw(), "B");
}

#[test]
fn rules_of_extensions_are_found() {
    let tool = r#""tool": {"driver": {"name": "t", "rules": [{"id": "A"}]}, "extensions": [null, {"guid": "g", "rules": [{"id": "A", "defaultConfiguration": {"level": "error"}}, {"id": "E", "defaultConfiguration": {"level": "note"}}]}]}"#;
    for (reference, severity) in [
        (r#""rule": {"index": 0, "toolComponent": {"index": 1}}"#, Severity::High),
        (r#""rule": {"id": "A", "toolComponent": {"guid": "g"}}"#, Severity::High),
        (r#""rule": {"index": 1, "toolComponent": {"index": 1}}"#, Severity::Low),
        (r#""ruleId": "A""#, Severity::Medium),
        // Named without its component: found all the same, or the level would be lost.
        (r#""ruleId": "E""#, Severity::Low),
        (r#""ruleId": "E", "rule": {"toolComponent": {"index": 9}}"#, Severity::Low),
    ] {
        let read =
            read(format!(r#"{{"version": "2.1.0", "runs": [{{{tool}, "results": [{{{reference}}}]}}]}}"#));
        assert_eq!(read.severity(), severity, "{reference}");
    }
}

#[test]
fn a_rule_that_is_not_there_is_noted() {
    assert!(with_rules(RULES, r#"{"ruleIndex": 77}"#).says(Code::UnknownRule));
    assert!(!with_rules(RULES, r#"{"ruleId": "none-of-them"}"#).says(Code::UnknownRule));
}

#[test]
fn messages_are_looked_up_and_filled_in() {
    let rules =
        r#"{"id": "A", "messageStrings": {"m": {"text": "own {0}"}}, "shortDescription": {"text": "short"}}"#;
    let text = |message: &str| {
        let read = read(format!(
            r#"{{"version": "2.1.0", "runs": [{{"results": [{{"ruleId": "A", "message": {message}}}], "tool": {{"driver": {{"name": "t", "rules": [{rules}], "globalMessageStrings": {{"g": {{"text": "global {{{{x}}}} {{1}}"}}, "m": {{"text": "no"}}}}}}}}}}]}}"#
        ));
        read.finding().message.raw().to_owned()
    };
    assert_eq!(text(r#"{"text": "plain {0}"}"#), "plain {0}");
    assert_eq!(text(r#"{"text": "only {1}", "arguments": ["a", "b"]}"#), "only b");
    assert_eq!(text(r#"{"id": "m", "arguments": ["a"]}"#), "own a");
    assert_eq!(text(r#"{"id": "g", "arguments": ["a", "b"]}"#), "global {x} b");
    assert_eq!(text(r#"{"id": "missing"}"#), "short");
    assert_eq!(text("null"), "short");
    assert_eq!(text(r#""a plain string""#), "a plain string");
}
