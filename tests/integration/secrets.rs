//! A secret that a scanner found, and the people whom a report names, never leave the reader: not in any output, not
//! in a stored snapshot, not in the words about a broken file.

use crate::program::Place;
use tollgate::compare::{BaseSide, Occasion};
use tollgate::formats::Source;
use tollgate::gate::{self, Ground, Keep, Reading, ReportSource};
use tollgate::model::{DiffState, Snapshot, Untrusted, Verdict};
use tollgate::render::summary::Page;
use tollgate::render::terminal::Style;
use tollgate::{policy, render, wire};

/// What may be seen nowhere: the secret plain, as base64, and the part of it that a tool might take for harmless; the
/// people.
const MARKS: [&str; 6] =
    ["MARKEDs3cr3t", "TUFSS0VEczNjcjN0", "s3cr3t", "Ada Markfield", "markfield", "ada@example.invalid"];

/// File name and report. `S` stands for the secret, `B` for its base64, `A` and `M` for author and mail.
const REPORTS: &[(&str, &str)] = &[
    (
        "gitleaks.json",
        r#"[{"RuleID": "aws", "Description": "AWS key", "StartLine": 3, "EndLine": 3, "Match": "key = «S»", "Secret": "«S»", "File": "a.env", "Line": "key = «S»", "Commit": "c0ffee", "Entropy": 3.1, "Author": "«A»", "Email": "«M»", "Date": "2026-01-01", "Message": "add «S»", "Tags": ["«A»"], "Fingerprint": "c0ffee:a.env:aws:3", "Link": "https://e.invalid/«S»"}]"#,
    ),
    (
        "gitleaks7.json",
        r#"[{"line": "key = «S»", "lineNumber": 3, "offender": "«S»", "offenderEntropy": -1, "commit": "c0ffee", "repo": "r", "rule": "AWS", "commitMessage": "«S»", "author": "«A»", "email": "«M»", "file": "a.env", "date": "2026", "tags": "key"}]"#,
    ),
    (
        "trufflehog.json",
        r#"{"SourceMetadata":{"Data":{"Git":{"commit":"c0ffee","file":"a.env","email":"«A» <«M»>","repository":"https://u:«S»@e.invalid/r","line":3}}},"SourceName":"t","DetectorName":"AWS","Verified":true,"Raw":"«B»","RawV2":"«S»","Redacted":"«S»","ExtraData":{"account":"«S»","user":"«A»"},"VerificationError":"tried «S»"}"#,
    ),
    (
        "trufflehog2.json",
        r#"{"branch": "main", "commit": "«A» adds «S»", "commitHash": "c0ffee", "date": "2026-01-01", "diff": "+key = «S»", "path": "a.env", "printDiff": "«S»", "reason": "High Entropy", "stringsFound": ["«S»"]}"#,
    ),
    (
        "gl-secret-detection-report.json",
        r#"{"version": "15.0.0", "scan": {"type": "secret_detection", "status": "success", "scanner": {"name": "Gitleaks"}}, "vulnerabilities": [{"name": "AWS key", "message": "AWS key detected", "description": "found «S»", "raw_source_code_extract": "«S»", "severity": "Critical", "identifiers": [{"type": "gitleaks_rule_id", "name": "Gitleaks rule ID AWS", "value": "AWS"}], "location": {"file": "a.env", "start_line": 3, "commit": {"author": "«A»", "message": "«S»", "date": "2026", "sha": "c0ffee"}}}]}"#,
    ),
    (
        "gl-secret-detection-early.json",
        r#"{"version": "15.0.0", "vulnerabilities": [{"category": "secret_detection", "name": "AWS key", "raw_source_code_extract": "«S»", "severity": "Critical", "identifiers": [{"value": "AWS", "name": "AWS"}], "location": {"file": "a.env", "start_line": 3, "commit": {"author": "«A»"}}}], "scan": {"type": "secret_detection", "status": "success", "scanner": {"name": "Gitleaks"}}}"#,
    ),
    (
        "semgrep.json",
        r#"{"version": "1.1", "errors": [], "paths": {"scanned": ["a.py"]}, "results": [{"check_id": "generic.secrets.security.detected-key", "path": "a.py", "start": {"line": 3, "col": 1}, "end": {"line": 3, "col": 9}, "extra": {"severity": "ERROR", "message": "the key «S» is in the source", "lines": "key = '«S»'", "fingerprint": "f1", "metavars": {"$X": {"abstract_content": "«S»"}}, "validation_state": "CONFIRMED_VALID", "metadata": {"author": "«A» «M»"}}}, {"check_id": "acme.hardcoded-password", "path": "b.py", "start": {"line": 4}, "extra": {"severity": "ERROR", "message": "password '«S»'", "lines": "p = '«S»'"}}]}"#,
    ),
    (
        "bandit.json",
        r#"{"errors": [], "generated_at": "2026", "metrics": {"_totals": {"loc": 3}}, "results": [{"test_id": "B105", "test_name": "hardcoded_password_string", "filename": "./a.py", "line_number": 3, "issue_severity": "HIGH", "issue_confidence": "MEDIUM", "issue_text": "Possible hardcoded password: '«S»'", "code": "3 p = '«S»'\n"}]}"#,
    ),
    (
        "bandit.sarif",
        r#"{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "Bandit", "rules": [{"id": "B105", "name": "hardcoded_password_string"}]}}, "results": [{"ruleId": "B105", "ruleIndex": 0, "level": "error", "message": {"text": "Possible hardcoded password: '«S»'"}, "locations": [{"physicalLocation": {"artifactLocation": {"uri": "a.py"}, "region": {"startLine": 3, "snippet": {"text": "p = '«S»'"}}, "contextRegion": {"snippet": {"text": "p = '«S»'"}}}}], "properties": {"issue_text": "«S»"}}]}]}"#,
    ),
    (
        "gitleaks.sarif",
        r#"{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "gitleaks", "rules": [{"id": "aws", "shortDescription": {"text": "AWS key"}}]}}, "results": [{"ruleId": "aws", "level": "error", "message": {"text": "aws has detected secret «S» for file a.env."}, "locations": [{"physicalLocation": {"artifactLocation": {"uri": "a.env"}, "region": {"startLine": 3, "snippet": {"text": "«S»"}}}, "logicalLocations": [{"fullyQualifiedName": "«S»"}]}], "partialFingerprints": {"commitSha": "c0ffee", "email": "«M»", "author": "«A»", "date": "2026", "commitMessage": "«S»"}, "suppressions": [], "codeFlows": [{"message": {"text": "«S»"}}]}]}]}"#,
    ),
    (
        "tagged.sarif",
        r#"{"version": "2.1.0", "runs": [{"results": [{"ruleId": "X1", "level": "error", "message": {"id": "m", "arguments": ["«S»"]}, "locations": [{"physicalLocation": {"artifactLocation": {"uri": "a.env"}, "region": {"startLine": 3, "snippet": {"text": "«S»"}}}}]}], "tool": {"driver": {"name": "t", "rules": [{"id": "X1", "messageStrings": {"m": {"text": "found {0}"}}, "properties": {"tags": ["secret"]}}]}}}]}"#,
    ),
    (
        "eslint.sarif",
        r#"{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "ESLint"}}, "results": [{"ruleId": "no-secrets/no-secrets", "level": "error", "message": {"text": "Found a string with entropy 4.3 : \"«S»\""}, "locations": [{"physicalLocation": {"artifactLocation": {"uri": "a.js"}, "region": {"startLine": 3}}}]}]}]}"#,
    ),
    (
        "trivy.json",
        r#"{"SchemaVersion": 2, "ArtifactName": ".", "Results": [{"Target": "a.env", "Class": "secret", "Secrets": [{"RuleID": "aws", "Category": "AWS", "Severity": "CRITICAL", "Title": "AWS key", "StartLine": 3, "EndLine": 3, "Match": "key = «S»", "Code": {"Lines": [{"Number": 3, "Content": "key = «S»"}]}, "Layer": {"CreatedBy": "«A»"}}]}]}"#,
    ),
    (
        "trivy.sarif",
        r#"{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "Trivy", "rules": [{"id": "aws", "name": "Secret", "shortDescription": {"text": "AWS key"}, "properties": {"tags": ["secret", "security", "CRITICAL"]}}]}}, "results": [{"ruleId": "aws", "ruleIndex": 0, "level": "error", "message": {"text": "Artifact: a.env\nType: \nSecret AWS key\nSeverity: CRITICAL\nMatch: key = «S»"}, "locations": [{"physicalLocation": {"artifactLocation": {"uri": "a.env"}, "region": {"startLine": 3}}, "message": {"text": "«S»"}}]}]}]}"#,
    ),
    (
        "checkov.json",
        r#"{"check_type": "secrets", "results": {"failed_checks": [{"check_id": "CKV_SECRET_2", "check_name": "AWS Access Key", "file_path": "/a.env", "file_line_range": [3, 4], "resource": "f00", "severity": "CRITICAL", "code_block": [[3, "key = «S»\n"]], "evaluations": {"x": "«S»"}, "vulnerability_details": "«A»"}], "parsing_errors": []}, "summary": {"failed": 1}}"#,
    ),
    (
        "gosec.json",
        r#"{"Golang errors": {}, "Issues": [{"severity": "HIGH", "confidence": "LOW", "rule_id": "G101", "details": "Potential hardcoded credentials: «S»", "file": "/w/a.go", "code": "3: k := \"«S»\"\n", "line": "3", "column": "1"}], "Stats": {"files": 1, "lines": 3, "found": 1}}"#,
    ),
    (
        "ggshield.sarif",
        r#"{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "ggshield"}}, "results": [{"ruleId": "AWS Keys", "level": "error", "message": {"text": "Secret detected: AWS Keys.\nMatches:\n- client_id: «S»", "markdown": "«S»"}, "locations": [{"physicalLocation": {"artifactLocation": {"uri": "a.env"}, "region": {"startLine": 3}}, "message": {"text": "«S»"}}], "hostedViewerUri": "https://e.invalid/«S»"}]}]}"#,
    ),
];

const POLICY: &str = "version: 1
rules:
  scan.secrets: { max: 0 }
  scan.all: { critical: 0, high: 0, medium: 0, low: 0, info: 0, unknown-as: high }
";

fn marked(report: &str) -> String {
    [("«S»", MARKS[0]), ("«B»", MARKS[1]), ("«A»", MARKS[3]), ("«M»", MARKS[5])]
        .iter()
        .fold(report.to_owned(), |text, (from, to)| text.replace(from, to))
}

#[track_caller]
fn holds_none(what: &str, text: &str) {
    for mark in MARKS {
        if let Some(at) = text.find(mark) {
            let begin = text.floor_char_boundary(at.saturating_sub(80));
            panic!("{what} shows {mark}: …{}", &text[begin..at + mark.len()]);
        }
    }
}

fn snapshot(file: &str, bytes: &[u8]) -> Snapshot {
    let source = ReportSource {
        file: Untrusted::from(file),
        entry: String::new(),
        kind: None,
        format: None,
        classes: tollgate::model::ScanClasses::NONE,
        source: Ok(Source::from_bytes(bytes)),
    };
    gate::read([source], &Ground::default(), None, None, Reading::keeping(Keep::Everything))
}

fn verdict(head: &Snapshot) -> Verdict {
    let file = policy::parse(POLICY, "p.yml").unwrap_or_else(|errors| panic!("{errors:?}"));
    gate::judge(gate::Case {
        head,
        base: BaseSide::default(),
        diff: &DiffState::NoBase,
        occasion: Occasion::Absolute,
        policy: &policy::resolve(Some(&file), "p.yml"),
        provenance: None,
        header: Vec::new(),
        diagnostics: Vec::new(),
    })
}

/// Everything that can be made of a snapshot and its verdict.
fn everything(head: &Snapshot) -> Vec<(&'static str, String)> {
    let verdict = verdict(head);
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let check = render::check_run::render(&verdict, "", "", &|_, _| true);
    vec![
        ("the terminal", render::terminal::render(&verdict, Style::PLAIN)),
        ("the summary", render::summary::render(&verdict, Page::JOB_SUMMARY)),
        ("the page", render::html::render(&verdict)),
        ("JUnit", render::junit::render(&verdict)),
        ("the code quality report", render::code_quality::render(&verdict)),
        ("the annotations", render::annotations::render(&verdict).join("\n")),
        ("the check", format!("{check:?}")),
        ("the record", text(wire::verdict::write(&wire::verdict::VerdictRecord::from(&verdict)))),
        ("the snapshot", text(wire::snapshot::write_plain(head))),
        ("the list of reports", text(wire::inspect::write(&head.reports))),
        ("everything in memory", format!("{head:?} {verdict:?}")),
    ]
}

#[test]
fn no_output_shows_a_secret_or_a_person() {
    for (name, report) in REPORTS {
        let head = snapshot(name, marked(report).as_bytes());
        assert!(!head.scans.is_empty(), "{name} is read: {:?}", head.reports);
        assert!(head.scans.iter().any(|scan| !scan.findings.is_empty()), "{name} has a finding");
        for (what, text) in everything(&head) {
            holds_none(&format!("{what} of {name}"), &text);
        }
    }
}

#[test]
fn no_word_about_a_broken_file_shows_one_either() {
    for (name, report) in REPORTS {
        let whole = marked(report);
        // At every byte of the secret, and around it.
        let secrets = whole.match_indices(MARKS[0]).flat_map(|(at, _)| at.saturating_sub(2)..at + 15);
        let ends: Vec<usize> =
            secrets.chain((0..whole.len()).step_by(23)).filter(|end| whole.is_char_boundary(*end)).collect();
        for end in ends {
            let head = snapshot(name, &whole.as_bytes()[..end]);
            for (what, text) in everything(&head) {
                holds_none(&format!("{what} of {name} cut at {end}"), &text);
            }
        }
        for (from, to) in [
            ("\"«S»\"", "«S»"),
            ("\"«S»\"", "{\"«S»\": 1}"),
            ("\"«S»\"", "[\"«S»\"]"),
            ("«S»\"", "«S»\u{1}\""),
        ] {
            let head = snapshot(name, marked(&report.replace(from, to)).as_bytes());
            for (what, text) in everything(&head) {
                holds_none(&format!("{what} of {name} with {to}"), &text);
            }
        }
    }
}

#[test]
fn two_secrets_are_two_findings_and_the_same_one_is_the_same() {
    let identities = |secret: &str| {
        let report = REPORTS[0].1.replace("«S»", secret).replace("«A»", "a").replace("«M»", "m");
        snapshot("gitleaks.json", report.as_bytes()).scans[0].findings[0].identities
    };
    assert_eq!(identities("one"), identities("one"));
    assert_ne!(identities("one"), identities("two"));
}

#[test]
fn the_program_writes_none_anywhere() {
    let place = Place::new();
    for (name, report) in REPORTS {
        place.file(&format!("reports/{name}"), marked(report));
    }
    place.file("reports/broken.sarif", &marked(REPORTS[9].1)[..600]);
    place.file("tollgate.yml", POLICY);
    place.file("out/.keep", "");
    let files = [
        "--write-summary=out/summary.md",
        "--write-json=out/verdict.json",
        "--write-html=out/verdict.html",
        "--write-badge=out/badge.svg",
        "--write-junit=out/gate.xml",
        "--write-code-quality=out/quality.json",
        "--write-ctrf=out/ctrf.json",
        "--save-snapshot=out/snapshot",
    ];
    let run = place.tollgate(&[["check"].as_slice(), files.as_slice()].concat()).exits(1);
    holds_none("check", &run.all());
    for format in ["json", "markdown"] {
        holds_none(format, &place.tollgate(&["check", "--format", format]).exits(1).all());
    }
    for file in std::fs::read_dir(place.path().join("out")).unwrap() {
        let path = file.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        let is_snapshot = path.ends_with("snapshot");
        let text = if is_snapshot {
            format!("{:?}", wire::snapshot::read(&bytes).unwrap())
        } else {
            String::from_utf8_lossy(&bytes).into_owned()
        };
        holds_none(&path.display().to_string(), &text);
    }
    for arguments in [
        ["inspect", "reports", "--format=text"].as_slice(),
        &["inspect", "reports", "--format=json"],
        &["explain"],
        &["snapshot", "show", "out/snapshot"],
        &["fleet", "out"],
        &["init", "--print"],
    ] {
        holds_none(&format!("{arguments:?}"), &place.tollgate(arguments).all());
    }
}
