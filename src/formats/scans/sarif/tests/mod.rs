mod advisories;

use super::*;
use crate::diagnostic::Diagnostic;
use crate::model::{Finding, ReportTotals, ScanClass, Severity, SeverityCounts};
use proptest::prelude::*;

struct Read {
    parsed: Result<Parsed, ParseError>,
    warnings: Vec<Diagnostic>,
}

fn read(text: impl AsRef<[u8]>) -> Read {
    let mut context = Context::default();
    let parsed = parse(&mut Source::from_bytes(text.as_ref()), &mut context);
    Read { parsed, warnings: context.take_warnings() }
}

impl Read {
    fn scans(&self) -> &[Scan] {
        match &self.parsed {
            Ok(Parsed { report: Report::Scan(scans), .. }) => scans,
            other => panic!("{other:?}"),
        }
    }

    fn health(&self) -> Health {
        self.parsed.as_ref().unwrap().health
    }

    fn error(&self) -> Code {
        self.parsed.as_ref().unwrap_err().code
    }

    fn says(&self, code: Code) -> bool {
        self.warnings.iter().any(|warning| warning.code == code)
    }

    fn finding(&self) -> &Finding {
        &self.scans()[0].findings[0]
    }

    fn severity(&self) -> Severity {
        self.finding().severity
    }
}

/// A log with one run; `run` holds further keys of it.
fn log(run: &str) -> String {
    format!(r#"{{"version": "2.1.0", "runs": [{{"tool": {{"driver": {{"name": "t"}}}}, {run}}}]}}"#)
}

/// A run with one result and these rules.
fn with_rules(rules: &str, result: &str) -> Read {
    read(format!(
        r#"{{"version": "2.1.0", "runs": [{{"results": [{result}], "tool": {{"driver": {{"name": "t", "rules": [{rules}]}}}}}}]}}"#
    ))
}

fn one(result: &str) -> Read {
    read(log(&format!(r#""results": [{result}]"#)))
}

fn totals(read: &Read) -> (SeverityCounts, u64) {
    match read.parsed.as_ref().map(|parsed| parsed.report.totals()) {
        Ok(ReportTotals::Scan { active, suppressed }) => (active, suppressed),
        other => panic!("{other:?}"),
    }
}

// Health (security.md b1).

#[test]
fn an_empty_array_of_results_is_the_only_clean_value() {
    assert_eq!(read(log(r#""results": []"#)).health(), Health::Complete);
    for results in [r#""results": null"#, r#""results": 42"#, r#""results": {}"#, r#""x": 1"#] {
        let read = read(log(results));
        assert_eq!(read.health(), Health::Failed, "{results}");
        assert!(read.says(Code::MissingResults), "{results}");
    }
}

#[test]
fn a_run_that_was_not_successful_failed() {
    for invocation in [
        r#"{"executionSuccessful": false}"#,
        r#"{"executionSuccessful": "false"}"#,
        r#"{"executionSuccessful": null}"#,
        r#"{"executionSuccessful": true, "toolExecutionNotifications": [{"level": "error", "message": {"text": "boom"}}]}"#,
        r#"{"executionSuccessful": true, "toolExecutionNotifications": [{"level": "exploded", "message": {"text": "boom"}}]}"#,
        r#"{"executionSuccessful": true, "toolConfigurationNotifications": [{"message": {"text": "boom"}, "level": "error"}]}"#,
        r#"{"executionSuccessful": true, "processStartFailureMessage": "no such file"}"#,
        r#"{"executionSuccessful": true, "exitSignalName": "SIGKILL"}"#,
        r#"{"executionSuccessful": true}, {"executionSuccessful": false}"#,
    ] {
        let read = read(log(&format!(r#""results": [], "invocations": [{invocation}]"#)));
        assert_eq!(read.health(), Health::Failed, "{invocation}");
        assert!(read.says(Code::ToolFailed), "{invocation}");
        assert_eq!(read.scans()[0].health, Health::Failed);
    }
}

#[test]
fn the_tools_own_words_are_the_reason() {
    let read = read(log(
        r#""results": [], "invocations": [{"executionSuccessful": true, "toolExecutionNotifications": [{"level": "warning", "message": {"text": "slow"}}, {"level": "error", "message": {"text": "out of memory"}}]}]"#,
    ));
    assert_eq!(read.scans()[0].health_reason.raw(), "the tool reports an error: out of memory");
}

#[test]
fn exit_codes_and_warnings_of_the_tool_do_not_fail_a_run() {
    let read = read(log(
        r#""results": [], "invocations": [{"executionSuccessful": true, "exitCode": 1, "toolExecutionNotifications": [{"message": {"text": "x"}}]}]"#,
    ));
    assert_eq!(read.health(), Health::Complete);
}

#[test]
fn an_invocation_that_does_not_say_how_it_ended_is_degraded() {
    assert_eq!(read(log(r#""results": [], "invocations": [{}]"#)).health(), Health::Degraded);
    assert_eq!(read(log(r#""results": [], "invocations": [null]"#)).health(), Health::Degraded);
    assert_eq!(read(log(r#""results": [], "invocations": []"#)).health(), Health::Complete);
}

#[test]
fn a_converter_that_failed_fails_the_run() {
    let read = read(log(r#""results": [], "conversion": {"invocation": {"executionSuccessful": false}}"#));
    assert_eq!(read.health(), Health::Failed);
}

#[test]
fn a_file_without_runs_is_empty_and_one_without_an_array_of_runs_failed() {
    assert_eq!(read(r#"{"version": "2.1.0", "runs": []}"#).health(), Health::Empty);
    for text in [
        r#"{"version": "2.1.0", "runs": null}"#,
        r#"{"version": "2.1.0"}"#,
        r#"{"version": "2.1.0", "runs": {}}"#,
    ] {
        assert_eq!(read(text).health(), Health::Failed, "{text}");
    }
}

#[test]
fn the_worst_run_is_the_health_of_the_file() {
    let read = read(
        r#"{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "a"}}, "results": []}, {"tool": {"driver": {"name": "b"}}}]}"#,
    );
    assert_eq!(read.health(), Health::Failed);
    let healths: Vec<Health> = read.scans().iter().map(|scan| scan.health).collect();
    assert_eq!(healths, [Health::Complete, Health::Failed]);
}

#[test]
fn other_versions_are_refused_and_the_draft_of_the_next_is_not_trusted() {
    let of = |version: &str| {
        read(format!(r#"{{"runs": [{{"tool": {{"driver": {{}}}}, "results": []}}], "version": {version}}}"#))
    };
    for version in [r#""1.0.0""#, r#""2.0.0-csd.2.beta""#, r#""2.1""#, r#""2.1.01""#, "null", "2.1", r#""""#]
    {
        let read = of(version);
        assert_eq!(read.error(), Code::UnsupportedVersion, "{version}");
        assert!(read.parsed.unwrap_err().partial.is_some(), "{version}");
    }
    assert_eq!(of(r#""2.1.0-rtm.5""#).health(), Health::Complete);
    assert_eq!(of(r#""2.2""#).health(), Health::Degraded);
}

#[test]
fn results_in_another_file_are_not_clean() {
    for key in ["results", "driver", "invocations"] {
        let read = read(log(&format!(
            r#""externalPropertyFileReferences": {{"{key}": [{{"location": {{"uri": "x"}}}}]}}, "results": []"#
        )));
        assert_eq!(read.health(), Health::Degraded, "{key}");
        assert!(read.says(Code::ExternalProperties));
    }
    let only = read(log(r#""externalPropertyFileReferences": {"results": [{"location": {"uri": "x"}}]}"#));
    assert_eq!(only.health(), Health::Degraded);
    let harmless =
        read(log(r#""externalPropertyFileReferences": {"taxonomies": [{}], "results": []}, "results": []"#));
    assert_eq!(harmless.health(), Health::Complete);
    let inline = read(
        r#"{"version": "2.1.0", "inlineExternalProperties": [{"results": []}], "runs": [{"tool": {"driver": {}}, "results": []}]}"#,
    );
    assert_eq!(inline.health(), Health::Degraded);
}

#[test]
fn a_run_without_a_tool_is_degraded() {
    let read = read(r#"{"version": "2.1.0", "runs": [{"results": []}]}"#);
    assert_eq!(read.health(), Health::Degraded);
    for tool in [r#"{}"#, r#"{"driver": null}"#, "null"] {
        let text = format!(r#"{{"version": "2.1.0", "runs": [{{"results": [], "tool": {tool}}}]}}"#);
        assert_eq!(self::read(text).health(), Health::Degraded, "{tool}");
    }
}

#[test]
fn two_contradicting_values_of_one_key_are_refused() {
    for text in [
        log(r#""results": [{"level": "error"}], "results": []"#),
        r#"{"version": "2.1.0", "runs": [{"results": [{}]}], "runs": []}"#.to_owned(),
        log(r#""results": [{"level": "error", "level": "none"}]"#),
    ] {
        let read = read(&text);
        assert_eq!(read.error(), Code::Malformed, "{text}");
    }
}

// Rule lookup (b2).

const RULES: &str = r#"{"id": "A", "defaultConfiguration": {"level": "error"}}, {"id": "B", "guid": "g-b", "defaultConfiguration": {"level": "note"}}, {"id": "A", "defaultConfiguration": {"level": "none"}}"#;

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

// Severity (b3).

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

// Kinds, suppressions, baselines (b4).

#[test]
fn only_what_failed_is_a_finding() {
    for kind in ["pass", "notApplicable", "informational"] {
        let read = one(&format!(r#"{{"kind": "{kind}", "level": "error"}}"#));
        assert_eq!(totals(&read), (SeverityCounts::default(), 0), "{kind}");
    }
    assert_eq!(one(r#"{"kind": "fail"}"#).severity(), Severity::Medium);
    for kind in ["review", "open"] {
        assert_eq!(one(&format!(r#"{{"kind": "{kind}"}}"#)).severity(), Severity::Info, "{kind}");
        assert_eq!(
            one(&format!(r#"{{"kind": "{kind}", "level": "error"}}"#)).severity(),
            Severity::High,
            "{kind}"
        );
    }
    let odd = one(r#"{"kind": "maybe"}"#);
    assert_eq!(odd.severity(), Severity::Medium);
    assert!(odd.says(Code::UnknownStatus));
}

#[test]
fn all_suppressions_must_be_accepted() {
    for (suppressions, suppressed) in [
        ("null", 0),
        ("[]", 0),
        (r#"[{"kind": "inSource"}]"#, 1),
        (r#"[{"kind": "external", "status": "accepted"}]"#, 1),
        (r#"[{"kind": "external", "status": null}]"#, 1),
        (r#"[{"kind": "external", "status": "underReview"}]"#, 0),
        (r#"[{"kind": "external", "status": "rejected"}]"#, 0),
        (r#"[{"kind": "external", "status": "Accepted"}]"#, 0),
        (r#"[{"kind": "external", "status": 1}]"#, 0),
        (r#"[{"kind": "external"}, {"kind": "external", "status": "rejected"}]"#, 0),
        (r#"[null]"#, 0),
        (r#"{"kind": "inSource"}"#, 0),
    ] {
        let read = one(&format!(r#"{{"level": "error", "suppressions": {suppressions}}}"#));
        let (active, counted) = totals(&read);
        assert_eq!((counted, active.high), (suppressed, 1 - suppressed), "{suppressions}");
    }
}

#[test]
fn a_suppressed_finding_says_by_whom_and_why() {
    let read = one(
        r#"{"suppressions": [{"kind": "inSource", "justification": "not reachable"}], "message": {"text": "m"}}"#,
    );
    let suppression = read.finding().suppression.as_ref().unwrap();
    assert_eq!((suppression.by.as_str(), suppression.reason.raw()), ("in-source", "not reachable"));
}

#[test]
fn of_the_producers_baseline_only_absent_is_heard() {
    for (state, count) in [("new", 1), ("unchanged", 1), ("updated", 1), ("absent", 0)] {
        let read = one(&format!(r#"{{"level": "error", "baselineState": "{state}"}}"#));
        assert_eq!(totals(&read).0.high, count, "{state}");
    }
}

// Places (b5).

#[test]
fn several_locations_are_one_finding_at_the_first_file() {
    let read = one(
        r#"{"locations": [{"logicalLocations": [{}]}, {"physicalLocation": {"artifactLocation": {"uri": "a%20b.c"}, "region": {"startLine": 7}}}, {"physicalLocation": {"artifactLocation": {"uri": "z.c"}, "region": {"startLine": 9}}}]}"#,
    );
    assert_eq!(totals(&read).0.total(), 1);
    let place = read.finding().place.clone().unwrap();
    assert_eq!((place.file.raw(), place.line.unwrap().get()), ("a b.c", 7));
}

#[test]
fn bases_and_artifacts_may_stand_behind_the_results() {
    let read = read(log(
        r#""results": [{"locations": [{"physicalLocation": {"artifactLocation": {"index": 1}}}]}], "originalUriBaseIds": {"S": {"uri": "src/"}}, "artifacts": [{}, {"location": {"uri": "x.c", "uriBaseId": "S"}}]"#,
    ));
    assert_eq!(read.finding().place.as_ref().unwrap().file.raw(), "src/x.c");
    assert_eq!(read.finding().place.as_ref().unwrap().line, None);
}

#[test]
fn a_finding_without_a_place_still_counts() {
    for locations in
        ["null", "[]", "[{}]", "7", r#"[{"physicalLocation": {"artifactLocation": {"index": 99}}}]"#]
    {
        let read = one(&format!(r#"{{"level": "error", "locations": {locations}}}"#));
        assert_eq!(totals(&read).0.high, 1, "{locations}");
        assert_eq!(read.finding().place, None);
    }
}

// Identities (b6).

fn identities(result: &str) -> [bool; 3] {
    one(result).finding().identities.map(crate::model::FindingId::is_there)
}

#[test]
fn ranks_that_a_report_does_not_support_are_absent() {
    assert_eq!(identities(r#"{"message": {"text": "m"}}"#), [false, false, true]);
    assert_eq!(
        identities(
            r#"{"fingerprints": {"x/v1": "1"}, "locations": [{"physicalLocation": {"artifactLocation": {"uri": "a"}, "region": {"snippet": {"text": "f()"}}}}]}"#
        ),
        [true, true, true]
    );
    assert_eq!(
        identities(r#"{"fingerprints": {"matchBasedId/v1": "requires login"}}"#),
        [false, false, true]
    );
    assert_eq!(
        identities(r#"{"partialFingerprints": {"author": "A. Person", "email": "a@example.com"}}"#),
        [false, false, true]
    );
}

#[test]
fn the_greatest_version_of_a_fingerprint_counts_and_the_line_hash_above_others() {
    let rank_0 =
        |prints: &str| one(&format!(r#"{{"partialFingerprints": {{{prints}}}}}"#)).finding().identities[0];
    assert_eq!(rank_0(r#""x/v2": "b", "x/v10": "c", "x/v1": "a""#), rank_0(r#""x/v10": "c""#));
    assert_eq!(
        rank_0(r#""a/v1": "1", "primaryLocationLineHash": "f:1", "b": "2""#),
        rank_0(r#""primaryLocationLineHash": "f:1""#)
    );
    assert_ne!(rank_0(r#""x/v1": "a""#), rank_0(r#""x/v1": "b""#));
}

#[test]
fn moved_lines_and_new_indentation_leave_the_identities_alone() {
    let at = |line: u32, snippet: &str, message: &str| {
        one(&format!(
            r#"{{"ruleId": "A", "message": {{"text": "{message}"}}, "locations": [{{"physicalLocation": {{"artifactLocation": {{"uri": "a.c"}}, "region": {{"startLine": {line}, "snippet": {{"text": "{snippet}"}}}}}}}}]}}"#
        ))
        .finding()
        .identities
    };
    assert_eq!(at(3, "  f(x);", "see line 2"), at(80, "\\tf( x );\\r\\n", "see line 79"));
    assert_ne!(at(3, "f(x);", "m"), at(3, "f(y);", "m"));
}

// What must never be kept.

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

// Leniency.

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

// Properties.

/// Logs that must not pass: with a finding that is at least high, or with a run that failed.
const BAD: &[&str] = &[
    r#"{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "t"}}, "results": [{"level": "error", "message": {"text": "m"}}]}]}"#,
    r#"{"runs": [{"results": [{"ruleId": "A"}, {"ruleId": "A", "kind": "pass"}], "tool": {"driver": {"name": "t", "rules": [{"id": "A", "properties": {"security-severity": "9.1"}}]}}}], "version": "2.1.0"}"#,
    "{\n \"version\": \"2.1.0\",\n \"runs\": [\n  {\"results\": [], \"invocations\": [{\"executionSuccessful\": false}], \"tool\": {\"driver\": {\"name\": \"t\"}}}\n ]\n}\n",
    r#"{"version": "2.1.0", "runs": [{"tool": {"driver": {}}, "results": []}, {"tool": {"driver": {}}, "results": null}]}"#,
];

fn is_clean(read: &Read) -> bool {
    match &read.parsed {
        Ok(parsed) => {
            let ReportTotals::Scan { active, .. } = parsed.report.totals() else { return false };
            parsed.health == Health::Complete && active.critical + active.high + active.unknown == 0
        }
        Err(_) => false,
    }
}

#[test]
fn a_bad_log_cut_anywhere_is_never_clean() {
    for text in BAD {
        assert!(!is_clean(&read(text)), "{text}");
        for end in 0..text.trim_end().len() {
            let read = read(&text.as_bytes()[..end]);
            assert_eq!(read.error(), Code::CutOff, "cut at byte {end}");
        }
    }
}

#[test]
fn what_was_found_before_the_cut_is_not_lost() {
    let text = BAD[1];
    let end = text.find("], \"version\"").unwrap();
    let partial = read(&text.as_bytes()[..end]).parsed.unwrap_err().partial.unwrap();
    let ReportTotals::Scan { active, .. } = partial.totals() else { panic!() };
    assert_eq!(active.critical, 1);
    // The rules stand behind the cut: nobody knows how bad the finding is.
    let end = text.find("\"tool\"").unwrap();
    let partial = read(&text.as_bytes()[..end]).parsed.unwrap_err().partial.unwrap();
    let ReportTotals::Scan { active, .. } = partial.totals() else { panic!() };
    assert_eq!(active.unknown, 1);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(!is_clean(&read(bytes)));
    }

    #[test]
    fn no_mutation_panics(
        which in 0..BAD.len(),
        edits in proptest::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), 0..4_u8), 1..5),
    ) {
        let mut bytes = BAD[which].as_bytes().to_vec();
        for (from, to, what) in edits {
            if bytes.is_empty() {
                break;
            }
            let (from, to) = (from.index(bytes.len()), to.index(bytes.len()));
            match what {
                0 => bytes.swap(from, to),
                1 => { bytes.remove(from); }
                2 => bytes.insert(from, bytes[to]),
                _ => { let piece = bytes[from.min(to)..from.max(to)].to_vec(); bytes.splice(from..from, piece); }
            }
        }
        let read = read(&bytes);
        if let Ok(parsed) = &read.parsed {
            prop_assert!(parsed.report.totals() == parsed.report.totals());
        }
    }
}

#[test]
fn results_that_are_gone_are_counted_and_said() {
    let read = read(log(
        r#""results": [{"baselineState": "absent"}, {"baselineState": "absent"}, {"baselineState": "new"}]"#,
    ));
    assert_eq!(totals(&read).0.total(), 1);
    assert!(read.warnings.iter().any(|warning| {
        warning.code == Code::GoneResults && warning.message.raw().ends_with("do not count: 2")
    }));
}

#[test]
fn a_notification_that_cannot_be_understood_is_never_taken_for_a_small_one() {
    let with = |notification: &str| {
        read(log(&format!(
            r#""results": [], "invocations": [{{"executionSuccessful": true, "toolExecutionNotifications": [{notification}]}}]"#
        )))
        .health()
    };
    for harmless in [
        r#"{"level": "warning"}"#,
        r#"{"level": "note"}"#,
        r#"{"level": "none"}"#,
        r#"{"message": {"text": "m"}}"#,
    ] {
        assert_eq!(with(harmless), Health::Complete, "{harmless}");
    }
    assert_eq!(with(r#"{"level": "error"}"#), Health::Failed);
    for odd in [r#"{"level": "fatal"}"#, r#"{"level": 3}"#, r#"{"level": "Error"}"#] {
        assert_eq!(with(odd), Health::Failed, "{odd}");
    }
    for unread in [r#""error""#, "7"] {
        assert_eq!(with(unread), Health::Degraded, "{unread}");
    }
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
