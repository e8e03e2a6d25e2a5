//! What is odd loses nothing, and what must not be kept is not.

use super::*;

#[test]
fn nothing_that_may_be_a_secret_or_a_person_is_kept() {
    let text = r#"{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "gitleaks", "rules": [{"id": "aws", "shortDescription": {"text": "AWS key"}}]}}, "results": [{"ruleId": "aws", "message": {"text": "found AKIAHUNTER2"}, "partialFingerprints": {"author": "Ada", "email": "ada@example.com", "date": "1", "commitMessage": "add AKIAHUNTER2"}, "locations": [{"physicalLocation": {"artifactLocation": {"uri": "k.env"}, "region": {"startLine": 2, "snippet": {"text": "AKIAHUNTER2"}}}}]}]}]}"#;
    let read = read(text);
    assert_eq!(read.finding().class, ScanClass::Secret);
    let kept = serde_json::to_string(read.scans()).unwrap();
    for secret in ["HUNTER2", "Ada", "ada@"] {
        assert!(!kept.contains(secret), "{kept}");
    }
    assert_eq!(read.finding().message.raw(), "AWS key");
}

#[test]
fn a_rule_that_looks_for_secrets_is_quoted_by_its_title_alone() {
    let quoted = with_rules(
        r#"{"id": "js/hardcoded-credentials", "shortDescription": {"text": "A key in the source"}}"#,
        r#"{"ruleId": "js/hardcoded-credentials", "message": {"text": "the key HUNTER2"}, "locations": [{"physicalLocation": {"artifactLocation": {"uri": "a.js"}, "region": {"snippet": {"text": "HUNTER2"}}}}]}"#,
    );
    let finding = quoted.finding();
    assert_eq!((finding.class, finding.message.raw()), (ScanClass::Source, "A key in the source"));
    assert!(!finding.identities[1].is_there());
}

#[test]
fn a_result_that_is_no_object_counts_as_unknown() {
    let read = read(log(r#""results": [null, 7, "x", {"level": "error"}]"#));
    let (active, _) = totals(&read);
    assert_eq!((active.unknown, active.high), (3, 1));
    assert_eq!(read.health(), Health::Degraded);
    assert!(read.says(Code::UnknownSeverity));
    assert_eq!(read.scans()[0].not_kept.unknown, 3);
}

#[test]
fn odd_properties_do_not_lose_a_result() {
    for odd in [
        r#""message": null"#,
        r#""message": {"text": 7, "arguments": [null, 1]}"#,
        r#""ruleId": 7, "ruleIndex": "x", "rule": []"#,
        r#""locations": [[], null, {"physicalLocation": 5}]"#,
        r#""locations": [{"physicalLocation": {"artifactLocation": {"uri": 5}, "region": {"startLine": "7"}}}]"#,
        r#""fingerprints": {"x": {"a": 1}}, "partialFingerprints": null"#,
        r#""properties": "x", "provenance": 1, "baselineState": 4"#,
    ] {
        let read = one(&format!(r#"{{"level": "error", {odd}}}"#));
        assert_eq!(totals(&read).0.high, 1, "{odd}");
        assert_eq!(read.health(), Health::Complete, "{odd}");
    }
}

#[test]
fn the_category_is_what_stands_before_the_last_slash() {
    for (id, category) in [("ci/linux/2026-01", "ci/linux"), ("run", ""), ("x/", "x")] {
        let read = read(log(&format!(r#""results": [], "automationDetails": {{"id": "{id}"}}"#)));
        assert_eq!(read.scans()[0].category.raw(), category, "{id}");
    }
}

#[test]
fn findings_beyond_the_caps_are_still_counted() {
    let results: String =
        (0..51_000).map(|n| format!(r#"{{"ruleId": "r{}", "level": "warning"}},"#, n % 7)).collect();
    let read =
        read(log(&format!(r#""results": [{results} {{"level": "error", "message": {{"text": "last"}}}}]"#)));
    let scan = &read.scans()[0];
    assert_eq!((scan.active.medium, scan.active.high), (51_000, 1));
    assert_eq!(scan.findings.len() as u64 + scan.not_kept.total(), 51_001);
    assert!(read.says(Code::FindingsCut));
}

#[test]
fn the_caps_hold_for_all_runs_of_a_file_together() {
    let results = r#"{"level": "error", "message": {"text": "m"}},"#.repeat(30_000);
    let run = format!(r#"{{"tool": {{"driver": {{"name": "t"}}}}, "results": [{results} {{}}]}}"#);
    let read = read(format!(r#"{{"version": "2.1.0", "runs": [{run}, {run}]}}"#));
    let kept: usize = read.scans().iter().map(|scan| scan.findings.len()).sum();
    assert_eq!(kept, 50_000);
    assert_eq!(totals(&read).0.high, 60_000);
}

#[test]
fn too_many_kinds_of_results_count_as_unknown() {
    let results: String = (0..60_000).map(|n| format!(r#"{{"ruleIndex": {n}}},"#)).collect();
    let read = read(log(&format!(r#""results": [{results} {{}}]"#)));
    let (active, _) = totals(&read);
    assert_eq!(active.total(), 60_001);
    assert!(active.unknown > 9_000);
}

#[test]
fn inspect_counts_and_keeps_nothing() {
    let text = log(r#""results": [{"level": "error"}, {"suppressions": [{}]}]"#);
    let mut context = Context::default();
    context.keep_identities = false;
    let parsed = parse(&mut Source::from_bytes(text.as_bytes()), &mut context).unwrap();
    let Report::Scan(scans) = parsed.report else { panic!() };
    assert_eq!((scans[0].active.high, scans[0].suppressed, scans[0].findings.len()), (1, 1, 0));
    assert!(context.take_warnings().is_empty());
}

#[test]
fn the_file_is_claimed_by_its_content() {
    for text in [
        r#"{"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "#,
        r#"{"runs": [{"tool": {"driver""#,
        r#"{"version": "2.1.0", "runs": []}"#,
        r#"{"version": "1.0.0", "runs": [{"results": []}]}"#,
    ] {
        assert!(sniff(&Source::from_bytes(text.as_bytes()).head().unwrap()), "{text}");
    }
    for text in ["[]", "{}", r#"{"runs": 7}"#, r#"[{"runs": [], "version": "2.1.0"}]"#, "<xml/>"] {
        assert!(!sniff(&Source::from_bytes(text.as_bytes()).head().unwrap()), "{text}");
    }
}
