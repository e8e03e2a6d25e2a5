//! Places and identities (security.md b5, b6).

use super::*;

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
