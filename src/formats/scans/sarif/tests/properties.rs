//! A log that must not pass never does, wherever it is cut.

use super::*;

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
