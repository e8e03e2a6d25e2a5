//! Levels and severities (security.md b3).

use super::*;

#[test]
fn the_level_follows_the_procedure() {
    for (result, severity) in [
        (r#"{"ruleId": "A", "level": "note"}"#, Severity::Low),
        (r#"{"ruleId": "A"}"#, Severity::High),
        (r#"{"ruleId": "A", "level": null}"#, Severity::High),
        (r#"{"ruleId": "A", "level": "none"}"#, Severity::Info),
        (r#"{"ruleId": "A", "level": "fatal"}"#, Severity::Unknown),
        (r#"{"ruleId": "A", "level": 3}"#, Severity::Unknown),
        ("{}", Severity::Medium),
    ] {
        assert_eq!(with_rules(RULES, result).severity(), severity, "{result}");
    }
}

#[test]
fn an_override_of_the_invocation_changes_the_level() {
    let run = |provenance: &str, overridden: &str| {
        let read = read(format!(
            r#"{{"version": "2.1.0", "runs": [{{"results": [{{"ruleId": "A" {provenance}}}], "tool": {{"driver": {{"name": "t", "rules": [{RULES}]}}}}, "invocations": [{{"executionSuccessful": true}}, {{"executionSuccessful": true, "ruleConfigurationOverrides": [{{"descriptor": {overridden}, "configuration": {{"level": "note"}}}}]}}]}}]}}"#
        ));
        read.severity()
    };
    assert_eq!(run(r#", "provenance": {"invocationIndex": 1}"#, r#"{"id": "A"}"#), Severity::Low);
    assert_eq!(run(r#", "provenance": {"invocationIndex": 1}"#, r#"{"index": 0}"#), Severity::Low);
    assert_eq!(run(r#", "provenance": {"invocationIndex": 0}"#, r#"{"id": "A"}"#), Severity::High);
    assert_eq!(run(r#", "provenance": {"invocationIndex": 1}"#, r#"{"id": "B"}"#), Severity::High);
    assert_eq!(run(r#", "provenance": {"invocationIndex": 9}"#, r#"{"id": "A"}"#), Severity::High);
    assert_eq!(run("", r#"{"id": "A"}"#), Severity::High);
    assert_eq!(
        run(r#", "provenance": {"invocationIndex": 1}, "level": "warning""#, r#"{"id": "A"}"#),
        Severity::Medium
    );
}

#[test]
fn a_security_severity_decides_over_the_level() {
    let of = |rule: &str, result: &str| {
        with_rules(
            &format!(r#"{{"id": "A", "properties": {{{rule}}}}}"#),
            &format!(r#"{{"ruleId": "A", "level": "note" {result}}}"#),
        )
        .finding()
        .clone()
    };
    for (value, severity, source) in [
        (r#""9.0""#, Severity::Critical, "security-severity 9.0"),
        ("9.8", Severity::Critical, "security-severity 9.8"),
        (r#""8.9""#, Severity::High, "security-severity 8.9"),
        (r#""CRITICAL""#, Severity::Critical, "security-severity CRITICAL"),
        (r#""dreadful""#, Severity::Unknown, "security-severity dreadful"),
        (r#""0.0""#, Severity::Low, "level note"),
        (r#""11""#, Severity::Low, "level note"),
        (r#""""#, Severity::Low, "level note"),
        ("null", Severity::Low, "level note"),
    ] {
        let finding = of(&format!(r#""security-severity": {value}"#), "");
        assert_eq!((finding.severity, finding.severity_source.raw()), (severity, source), "{value}");
    }
    let own = of("", r#", "properties": {"security-severity": "7.5"}"#);
    assert_eq!(own.severity, Severity::High);
    let both = of(r#""security-severity": "5""#, r#", "properties": {"security-severity": "9.5"}"#);
    assert_eq!(both.severity, Severity::Medium);
}
