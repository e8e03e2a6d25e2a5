//! No scanner's report turns clean by being cut, damaged or mixed up.

use super::FORMATS;
use super::testing::{Read, read, read_as};
use crate::formats::Format;
use crate::model::{Health, Severity};
use proptest::prelude::*;

/// For each format a report with a finding that must not pass.
const BAD: &[(&str, &str)] = &[
    (
        "bandit",
        r#"{"errors": [], "generated_at": "2026", "metrics": {"_totals": {"loc": 3}}, "results": [{"test_id": "B602", "filename": "./a.py", "line_number": 3, "issue_severity": "HIGH", "issue_text": "t", "code": "3 x()\n"}]}"#,
    ),
    (
        "brakeman",
        r#"{"scan_info": {"brakeman_version": "6"}, "warnings": [{"check_name": "SQL", "fingerprint": "f", "message": "m", "file": "a.rb", "line": 3, "confidence": "High"}], "errors": []}"#,
    ),
    (
        "bundler-audit",
        r#"{"version": "0.9.1", "created_at": "2026", "results": [{"type": "unpatched_gem", "gem": {"name": "rack", "version": "1"}, "advisory": {"id": "CVE-1", "criticality": "high"}}]}"#,
    ),
    (
        "cargo-audit",
        r#"{"database": {}, "lockfile": {"dependency-count": 9}, "vulnerabilities": {"found": true, "count": 1, "list": [{"advisory": {"id": "RUSTSEC-1", "title": "t"}, "package": {"name": "p", "version": "1"}}]}, "warnings": {}}"#,
    ),
    (
        "checkov",
        r#"{"check_type": "terraform", "results": {"failed_checks": [{"check_id": "CKV_1", "check_name": "n", "file_path": "/a.tf", "file_line_range": [3, 4], "resource": "r", "severity": "CRITICAL"}], "parsing_errors": []}, "summary": {"failed": 1}}"#,
    ),
    (
        "composer-audit",
        r#"{"advisories": {"a/b": [{"advisoryId": "PKSA-1", "title": "t", "severity": "high"}]}, "abandoned": []}"#,
    ),
    (
        "cyclonedx",
        r#"{"bomFormat": "CycloneDX", "vulnerabilities": [{"id": "CVE-1", "ratings": [{"severity": "high"}], "affects": [{"ref": "r"}]}]}"#,
    ),
    (
        "cyclonedx",
        r#"<bom xmlns="http://cyclonedx.org/schema/bom/1.4"><vulnerabilities><vulnerability><id>CVE-1</id><ratings><rating><severity>high</severity></rating></ratings></vulnerability></vulnerabilities></bom>"#,
    ),
    (
        "dependabot",
        r#"{"data": {"repository": {"vulnerabilityAlerts": {"nodes": [{"state": "OPEN", "securityVulnerability": {"severity": "HIGH", "package": {"name": "p"}, "advisory": {"ghsaId": "GHSA-1"}}}]}}}}"#,
    ),
    (
        "dependency-check",
        r#"<analysis xmlns="https://jeremylong.github.io/DependencyCheck/dependency-check.2.5.xsd"><dependencies><dependency><fileName>a</fileName><vulnerabilities><vulnerability><name>CVE-1</name><severity>HIGH</severity></vulnerability></vulnerabilities></dependency></dependencies></analysis>"#,
    ),
    (
        "gitlab",
        r#"{"version": "15", "scan": {"scanner": {"name": "s"}, "type": "sast", "status": "success"}, "vulnerabilities": [{"name": "n", "severity": "High", "identifiers": [{"name": "r"}], "location": {"file": "a", "start_line": 3}}]}"#,
    ),
    ("gitleaks", r#"[{"RuleID": "aws", "Description": "d", "StartLine": 3, "Secret": "s", "File": "a"}]"#),
    (
        "gosec",
        r#"{"Golang errors": {}, "Issues": [{"severity": "HIGH", "rule_id": "G1", "details": "d", "file": "a.go", "line": "3", "code": "x"}], "Stats": {"files": 1, "found": 1}}"#,
    ),
    (
        "govulncheck",
        r#"{"config": {"protocol_version": "v1.0.0", "scanner_name": "govulncheck"}}{"finding": {"osv": "GO-1", "trace": [{"module": "m", "function": "F"}]}}"#,
    ),
    (
        "grype",
        r#"{"matches": [{"vulnerability": {"id": "CVE-1", "severity": "High"}, "artifact": {"name": "p", "version": "1"}}], "descriptor": {"name": "grype"}}"#,
    ),
    (
        "npm-audit",
        r#"{"auditReportVersion": 2, "vulnerabilities": {"p": {"via": [{"source": 1, "name": "p", "severity": "high", "url": "u"}]}}, "metadata": {"vulnerabilities": {"total": 1}}}"#,
    ),
    (
        "npm-audit",
        r#"{"advisories": {"1": {"id": 1, "module_name": "p", "severity": "high", "title": "t"}}, "metadata": {"vulnerabilities": {"high": 1}}}"#,
    ),
    (
        "osv",
        r#"{"results": [{"source": {"path": "a"}, "packages": [{"package": {"name": "p"}, "groups": [{"ids": ["GHSA-1"], "max_severity": "9.1"}]}]}]}"#,
    ),
    (
        "pip-audit",
        r#"{"dependencies": [{"name": "p", "version": "1", "vulns": [{"id": "PYSEC-1"}]}], "fixes": []}"#,
    ),
    (
        "sarif",
        r#"{"version": "2.1.0", "runs": [{"results": [{"level": "error", "message": {"text": "m"}}], "tool": {"driver": {"name": "t"}}}]}"#,
    ),
    (
        "semgrep",
        r#"{"version": "1", "results": [{"check_id": "r", "path": "a", "start": {"line": 3}, "extra": {"severity": "ERROR", "message": "m"}}], "errors": [], "paths": {"scanned": ["a"]}}"#,
    ),
    (
        "snyk",
        r#"{"vulnerabilities": [{"id": "SNYK-1", "severity": "high", "packageName": "p", "version": "1"}], "ok": false, "dependencyCount": 3}"#,
    ),
    (
        "trivy",
        r#"{"SchemaVersion": 2, "ArtifactName": "a", "Results": [{"Target": "t", "Vulnerabilities": [{"VulnerabilityID": "CVE-1", "PkgName": "p", "Severity": "CRITICAL"}]}]}"#,
    ),
    (
        "trufflehog",
        r#"{"SourceMetadata":{"Data":{"Git":{"file":"a","line":3}}},"DetectorName":"AWS","Verified":true,"Raw":"s"}"#,
    ),
    (
        "yarn-audit",
        "{\"type\":\"auditAdvisory\",\"data\":{\"advisory\":{\"id\":1,\"module_name\":\"p\",\"severity\":\"high\"}}}\n{\"type\":\"auditSummary\",\"data\":{\"vulnerabilities\":{\"high\":1}}}\n",
    ),
];

fn format(id: &str) -> &'static Format {
    FORMATS.iter().find(|format| format.id == id).unwrap()
}

/// True if a gate could pass on what was read; what was read before an error still counts.
fn is_clean(read: &Read) -> bool {
    read.parsed.is_ok() && read.is_clean()
}

#[test]
fn every_format_is_here_and_exactly_one_claims_each_report() {
    for format in FORMATS {
        assert!(BAD.iter().any(|(id, _)| *id == format.id), "{} has no report here", format.id);
    }
    for (id, text) in BAD {
        let read = read(format(id), text);
        assert_eq!(read.health(), Health::Complete, "{id}");
        assert!(!is_clean(&read), "{id}");
        assert!(read.findings()[0].identities.iter().any(|id| id.is_there()), "{id}");
    }
}

#[test]
fn a_report_that_is_cut_anywhere_is_never_clean() {
    for (id, text) in BAD {
        for end in 0..text.len() {
            let read = read_as(format(id), &text.as_bytes()[..end]);
            assert!(!is_clean(&read), "{id} cut at byte {end}");
        }
    }
}

#[test]
fn a_report_in_another_encoding_says_the_same() {
    for (id, text) in BAD {
        let utf_16: Vec<u8> =
            std::iter::once(0xfeff).chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
        let marked = [b"\xef\xbb\xbf", text.as_bytes()].concat();
        let plain = read_as(format(id), text.as_bytes()).severities();
        for bytes in [utf_16, marked] {
            assert_eq!(read_as(format(id), &bytes).severities(), plain, "{id}");
        }
    }
}

#[test]
fn every_array_that_becomes_null_is_never_clean_unless_nothing_was_in_it() {
    for (id, text) in BAD.iter().filter(|(_, text)| !text.starts_with('<')) {
        for (at, _) in text.match_indices("[{") {
            let mut depth = 0_i32;
            let end = text.split_at(at).1.find(|c| {
                depth += i32::from(c == '[') - i32::from(c == ']');
                depth == 0
            });
            let end = at + end.unwrap() + 1;
            let damaged = format!("{}null{}", text.split_at(at).0, text.split_at(end).1);
            let read = read_as(format(id), damaged.as_bytes());
            let allowed =
                matches!(*id, "gitleaks" | "gosec" | "cyclonedx" | "trivy") && at > 0 || *id == "gitleaks";
            assert!(!is_clean(&read) || allowed, "{id}: {damaged}");
        }
    }
}

/// A JSON text with each of its strings in turn as another word: what it was, and the text. Keys stay.
fn with_another_word(text: &str, word: &str) -> Vec<(String, String)> {
    // Every second piece between quotes stands inside of them.
    let pieces: Vec<&str> = text.split('"').collect();
    let is_value = |at: &usize| {
        at % 2 == 1 && pieces.get(at + 1).is_some_and(|next| !next.trim_start().starts_with(':'))
    };
    let changed = |at: usize| {
        let mut others: Vec<String> = pieces.iter().map(|piece| (*piece).to_owned()).collect();
        others[at] = format!("\u{1}{word}\u{1}");
        others.join("\"").replace("\"\u{1}", "").replace("\u{1}\"", "")
    };
    (0..pieces.len()).filter(is_value).map(|at| (pieces[at].to_owned(), changed(at))).collect()
}

/// A report in a tongue that nobody knows says nothing good: any of its words may be the one that says how it went.
#[test]
fn a_report_of_which_a_word_is_another_one_is_never_clean() {
    const WORDS: &[&str] =
        &["\"xyzzy\"", "\"\"", "\"pass\"", "\"PASSED\"", "\"ok\"", "null", "7", "true", "{}", "[]"];
    let of_json = |text: &str| !text.starts_with('<') && !text.contains('\\');
    let mut changed = 0;
    for (id, text) in BAD.iter().filter(|(_, text)| of_json(text)) {
        for word in WORDS {
            for (said, damaged) in with_another_word(text, word) {
                changed += 1;
                let read = read_as(format(id), damaged.as_bytes());
                // A result without a level has the level `warning` (§3.27.10), and still counts.
                let by_default = *id == "sarif"
                    && *word == "null"
                    && read.parsed.is_ok()
                    && read.severities() == [Severity::Medium];
                assert!(!is_clean(&read) || by_default, "{id}: \"{said}\" became {word}: {damaged}");
            }
        }
    }
    assert!(changed > 1_000, "{changed} reports");
}

/// Of a format that has versions, another one is never read as the known one: it is refused, not trusted, or its
/// findings still count.
#[test]
fn a_report_of_another_version_is_never_clean() {
    for (id, known, other) in [
        ("sarif", r#""version": "2.1.0""#, r#""version": "3.0.0""#),
        ("sarif", r#""version": "2.1.0""#, r#""version": "1.0.0""#),
        ("sarif", r#""version": "2.1.0""#, r#""version": 2"#),
        ("trivy", r#""SchemaVersion": 2"#, r#""SchemaVersion": 3"#),
        ("npm-audit", r#""auditReportVersion": 2"#, r#""auditReportVersion": 3"#),
    ] {
        let clean: &[&str] = match id {
            "sarif" => {
                &[r#"{"version": "2.1.0", "runs": [{"results": [], "tool": {"driver": {"name": "t"}}}]}"#]
            }
            "trivy" => &[
                r#"{"SchemaVersion": 2, "ArtifactName": "a", "Results": [{"Target": "t", "Class": "lang-pkgs", "Type": "npm"}]}"#,
            ],
            _ => &[
                r#"{"auditReportVersion": 2, "vulnerabilities": {}, "metadata": {"vulnerabilities": {"total": 0}}}"#,
            ],
        };
        let bad = BAD.iter().filter(|(its, text)| *its == id && text.contains(known)).map(|(_, text)| *text);
        for text in bad.chain(clean.iter().copied()) {
            let changed = text.replace(known, other);
            assert_ne!(changed, text);
            assert!(!is_clean(&read_as(format(id), changed.as_bytes())), "{changed}");
        }
    }
}

/// A clean report of each format that states something of itself, with the place of what it states as `@`.
const STATED: &[(&str, &str)] = &[
    (
        "bandit",
        r#"{"errors": [], "generated_at": "2026", "metrics": {"_totals": {"loc": @}}, "results": []}"#,
    ),
    ("bandit", r#"{"errors": @, "generated_at": "2026", "metrics": {"_totals": {"loc": 3}}, "results": []}"#),
    ("brakeman", r#"{"scan_info": {"brakeman_version": "6"}, "warnings": [], "errors": @}"#),
    (
        "cargo-audit",
        r#"{"database": {}, "lockfile": {"dependency-count": @}, "vulnerabilities": {"count": 0, "list": []}}"#,
    ),
    (
        "cargo-audit",
        r#"{"database": {}, "lockfile": {"dependency-count": 1}, "vulnerabilities": {"count": @, "list": []}}"#,
    ),
    (
        "checkov",
        r#"{"check_type": "terraform", "results": {"failed_checks": [], "parsing_errors": @}, "summary": {"failed": 0}}"#,
    ),
    ("checkov", r#"{"check_type": "terraform", "results": {"failed_checks": []}, "summary": {"failed": @}}"#),
    (
        "checkov",
        r#"{"check_type": "terraform", "results": {"failed_checks": []}, "summary": {"parsing_errors": @}}"#,
    ),
    ("dependabot", r#"{"data": {"repository": {"vulnerabilityAlerts": {"nodes": [], "totalCount": @}}}}"#),
    (
        "dependabot",
        r#"{"data": {"repository": {"vulnerabilityAlerts": {"nodes": [], "pageInfo": {"hasNextPage": @}}}}}"#,
    ),
    (
        "gitlab",
        r#"{"version": "15", "scan": {"scanner": {"name": "s"}, "messages": @, "status": "success"}, "vulnerabilities": []}"#,
    ),
    ("gosec", r#"{"Golang errors": @, "Issues": [], "Stats": {"files": 1, "found": 0}}"#),
    ("gosec", r#"{"Golang errors": {}, "Issues": [], "Stats": {"files": @, "found": 0}}"#),
    ("gosec", r#"{"Golang errors": {}, "Issues": [], "Stats": {"files": 1, "found": @}}"#),
    (
        "npm-audit",
        r#"{"auditReportVersion": 2, "vulnerabilities": {}, "metadata": {"vulnerabilities": {"total": @}}}"#,
    ),
    (
        "npm-audit",
        r#"{"auditReportVersion": 2, "vulnerabilities": {}, "metadata": {"vulnerabilities": {"high": @}}}"#,
    ),
    (
        "sarif",
        r#"{"version": "2.1.0", "runs": [{"results": [], "invocations": @, "tool": {"driver": {"name": "t"}}}]}"#,
    ),
    (
        "sarif",
        r#"{"version": "2.1.0", "runs": [{"results": [], "invocations": [{"executionSuccessful": true, "toolExecutionNotifications": @}], "tool": {"driver": {"name": "t"}}}]}"#,
    ),
    ("semgrep", r#"{"version": "1", "results": [], "errors": @, "paths": {"scanned": ["a"]}}"#),
    ("snyk", r#"{"vulnerabilities": [], "ok": true, "dependencyCount": @}"#),
    ("yarn-audit", r#"{"type":"auditSummary","data":{"vulnerabilities":{"high":@},"audit":1}}"#),
];

#[test]
fn what_a_report_states_of_itself_and_nobody_can_read_is_never_taken_for_nothing() {
    for (id, text) in STATED {
        for value in ["\"0\"", "-1", "0.5", "true", "1e400", "{\"a\": 1}", "\"\""] {
            // A map of packages is what gosec states.
            if *id == "gosec" && text.contains("errors\": @") && value.starts_with('{') {
                continue;
            }
            let text = text.replace('@', value);
            assert!(!is_clean(&read_as(format(id), text.as_bytes())), "{id}: {text}");
        }
        let [clean, other] =
            ["0", "[]"].map(|value| read_as(format(id), text.replace('@', value).as_bytes()));
        let no_page = read_as(format(id), text.replace('@', "false").as_bytes());
        let some = read_as(format(id), text.replace('@', "7").as_bytes());
        let map = read_as(format(id), text.replace('@', "{}").as_bytes());
        let any = [&clean, &other, &no_page, &some, &map].into_iter().any(is_clean);
        assert!(any, "{id}: no value of it is clean: {text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn no_damage_panics(
        which in 0..BAD.len(),
        edits in proptest::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), 0..5_u8), 1..6),
    ) {
        let (id, text) = BAD[which];
        let mut bytes = text.as_bytes().to_vec();
        for (from, to, what) in edits {
            if bytes.is_empty() {
                break;
            }
            let (from, to) = (from.index(bytes.len()), to.index(bytes.len()));
            match what {
                0 => bytes.swap(from, to),
                1 => { bytes.remove(from); }
                2 => bytes.insert(from, bytes[to]),
                3 => { let piece = bytes[from.min(to)..from.max(to)].to_vec(); bytes.splice(from..from, piece); }
                _ => { bytes.splice(from.min(to)..from.max(to), *b"null"); }
            }
        }
        let read = read_as(format(id), &bytes);
        if let Err(error) = &read.parsed {
            prop_assert!(!error.message.is_empty());
        }
    }

    #[test]
    fn any_report_read_as_any_format_panics_nowhere_and_never_passes(which in 0..BAD.len(), other in 0..FORMATS.len()) {
        let (id, text) = BAD[which];
        let wrong = FORMATS[other];
        let read = read_as(wrong, text.as_bytes());
        if wrong.id != id {
            prop_assert!(!is_clean(&read), "{} read as {}", id, wrong.id);
        }
    }
}
