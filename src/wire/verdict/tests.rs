use super::*;
use crate::model::fixtures;
use crate::wire::schema_check::complaints;

fn all() -> Vec<VerdictRecord> {
    let verdicts = [
        fixtures::passing(),
        fixtures::failing(),
        fixtures::not_your_fault(),
        fixtures::no_verdict(),
        fixtures::mixed(),
        fixtures::hostile("</details>\u{202e}\0\"\\ @org"),
    ];
    verdicts.iter().map(VerdictRecord::from).collect()
}

#[test]
fn a_failing_verdict_has_these_bytes() {
    let json = String::from_utf8(write(&VerdictRecord::from(&fixtures::failing()))).unwrap();
    insta::assert_snapshot!(json);
}

#[test]
fn every_record_fits_the_published_schema() {
    for mut record in all() {
        assert_eq!(complaints(JSON_SCHEMA, &write(&record)), Vec::<String>::new());
        record.decided_at = Some("2026-11-22T08:03:11Z".into());
        let author = Author { class: "external".into(), why: "permission=read".into() };
        record.context =
            Some(Context { repo: Some("acme/x".into()), pull_request: Some(431), author: Some(author) });
        assert_eq!(complaints(JSON_SCHEMA, &write(&record)), Vec::<String>::new());
    }
}

#[test]
fn the_schema_refuses_what_is_no_verdict() {
    let record = String::from_utf8(write(&VerdictRecord::from(&fixtures::failing()))).unwrap();
    for (old, new) in [
        ("\"needs-changes\"", "\"failed\""),
        ("tollgate.verdict/1", "tollgate.verdict/2"),
        ("\"measured\": 57.14", "\"measured\": \"57.14\""),
        ("\"steps\"", "\"step\""),
        ("\"by\": \"contributor\"", "\"by\": \"me\""),
        ("\"line\": 88", "\"line\": 0"),
    ] {
        let changed = record.replacen(old, new, 1);
        assert_ne!(changed, record, "{old}");
        assert!(!complaints(JSON_SCHEMA, changed.as_bytes()).is_empty(), "{new} was accepted");
    }
}

#[test]
fn a_record_is_read_as_it_was_written() {
    for record in all() {
        let bytes = write(&record);
        let back = read(&bytes).unwrap();
        assert_eq!(back, record);
        assert_eq!(write(&back), bytes);
    }
}

#[test]
fn time_and_context_do_not_change_the_digest() {
    let record = VerdictRecord::from(&fixtures::failing());
    let mut later = record.clone();
    later.decided_at = Some("2026-11-22T08:03:11Z".into());
    later.context = Some(Context { repo: Some("acme/x".into()), pull_request: None, author: None });
    assert_eq!(digest(&later), digest(&record));
    assert_ne!(digest(&VerdictRecord::from(&fixtures::passing())), digest(&record));
}

#[test]
fn fields_of_a_later_minor_version_are_left_out() {
    let record = VerdictRecord::from(&fixtures::passing());
    let json = String::from_utf8(write(&record)).unwrap();
    let later = json.replacen('{', "{ \"attempt\": 2,", 1);
    assert_eq!(read(later.as_bytes()).unwrap(), record);
}

#[test]
fn a_share_keeps_its_exact_parts() {
    let mut verdict = fixtures::passing();
    verdict.outcomes[2] = fixtures::coverage(OutcomeKind::NotMet, 2, 3);
    let json = String::from_utf8(write(&VerdictRecord::from(&verdict))).unwrap();
    assert!(json.contains("\"measured\": 66.66,\n      \"covered\": 2,\n      \"of\": 3,"), "{json}");
}
