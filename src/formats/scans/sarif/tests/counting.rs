//! What counts: kinds, suppressions, baselines (security.md b4).

use super::*;

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
