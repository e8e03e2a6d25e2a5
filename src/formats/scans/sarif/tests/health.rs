//! Whether a run finished (security.md b1).

use super::*;

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
