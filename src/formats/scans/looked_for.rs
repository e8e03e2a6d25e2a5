//! What reports say that they looked for, over all formats: the classes that a report without findings may stand for.

use super::FORMATS;
use super::testing::read_as;

const SARIF: &str = r#"{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "@"}}, "results": []}]}"#;

/// Format, a report without findings, and the classes that it stands for.
const CLEAN: &[(&str, &str, &str)] = &[
    (
        "bandit",
        r#"{"errors": [], "generated_at": "x", "metrics": {"_totals": {"loc": 3}}, "results": []}"#,
        "source",
    ),
    ("gosec", r#"{"Golang errors": {}, "Issues": [], "Stats": {"files": 1}}"#, "source"),
    ("brakeman", r#"{"scan_info": {}, "warnings": [], "errors": []}"#, "source"),
    ("semgrep", r#"{"errors": [], "results": [], "paths": {"scanned": ["a"]}, "version": "1"}"#, "source"),
    ("gitleaks", "[]", "secret"),
    ("npm-audit", r#"{"auditReportVersion": 2, "vulnerabilities": {}, "metadata": {}}"#, "dependency"),
    ("grype", r#"{"matches": [], "source": {"type": "directory", "target": "."}}"#, "dependency"),
    ("grype", r#"{"matches": [], "source": {"type": "image", "target": {}}}"#, "dependency, container"),
    (
        "trivy",
        r#"{"SchemaVersion": 2, "Results": [{"Target": "Cargo.lock", "Class": "lang-pkgs"}]}"#,
        "dependency",
    ),
    (
        "trivy",
        r#"{"SchemaVersion": 2, "Results": [{"Target": "main.tf", "Class": "config"}]}"#,
        "infrastructure",
    ),
    (
        "trivy",
        r#"{"SchemaVersion": 2, "Results": [{"Target": "alpine", "Class": "os-pkgs"}], "ArtifactType": "container_image"}"#,
        "dependency, container",
    ),
    // Packages are listed for their licences too.
    (
        "trivy",
        r#"{"SchemaVersion": 2, "Results": [{"Target": "a", "Class": "lang-pkgs"}, {"Target": "b", "Class": "license"}]}"#,
        "license",
    ),
    ("trivy", r#"{"SchemaVersion": 2, "Results": [{"Target": "a", "Class": "custom"}]}"#, ""),
    ("osv", r#"{"results": []}"#, "dependency"),
    (
        "osv",
        r#"{"results": [], "experimental_config": {"licenses": {"summary": false, "allowlist": ["MIT"]}}}"#,
        "dependency, license",
    ),
    (
        "osv",
        r#"{"results": [], "experimental_config": {"licenses": {"summary": true, "allowlist": null}}}"#,
        "dependency",
    ),
    ("osv", r#"{"results": [], "image_metadata": {"os": "Debian"}}"#, "dependency, container"),
    ("snyk", r#"{"vulnerabilities": [], "ok": true, "dependencyCount": 3}"#, "dependency"),
    (
        "snyk",
        r#"{"vulnerabilities": [], "ok": true, "dependencyCount": 3, "docker": {}}"#,
        "dependency, container",
    ),
    (
        "snyk",
        r#"{"vulnerabilities": [], "ok": true, "dependencyCount": 3, "licensesPolicy": {"severities": {}, "orgLicenseRules": {"GPL-3.0": {"severity": "high"}}}}"#,
        "dependency, license",
    ),
    (
        "snyk",
        r#"{"vulnerabilities": [], "ok": true, "dependencyCount": 3, "licensesPolicy": {"severities": {}, "orgLicenseRules": {}}}"#,
        "dependency",
    ),
    ("snyk", r#"{"infrastructureAsCodeIssues": [], "ok": true}"#, "infrastructure"),
    ("checkov", r#"{"check_type": "terraform", "results": {"failed_checks": []}}"#, "infrastructure"),
    (
        "checkov",
        r#"[{"check_type": "dockerfile", "results": {"failed_checks": []}}, {"check_type": "secrets", "results": {"failed_checks": []}}]"#,
        "secret, infrastructure",
    ),
    (
        "gitlab",
        r#"{"version": "15", "vulnerabilities": [], "scan": {"type": "container_scanning"}}"#,
        "container",
    ),
    ("gitlab", r#"{"version": "15", "vulnerabilities": [], "scan": {"type": "secret_detection"}}"#, "secret"),
    ("gitlab", r#"{"version": "15", "vulnerabilities": [], "scan": {"type": "else"}}"#, ""),
    ("cyclonedx", r#"{"bomFormat": "CycloneDX", "vulnerabilities": []}"#, "dependency"),
    (
        "cyclonedx",
        r#"{"bomFormat": "CycloneDX", "vulnerabilities": [], "metadata": {"component": {"type": "container"}}}"#,
        "dependency, container",
    ),
];

fn looked_for(format: &str, text: &str) -> String {
    let format = FORMATS.iter().find(|known| known.id == format).unwrap();
    read_as(format, text.as_bytes()).scan().looked_for.words()
}

#[test]
fn a_report_without_findings_stands_for_what_it_says_or_what_its_tool_is_for() {
    for (format, text, classes) in CLEAN {
        assert_eq!(looked_for(format, text), *classes, "{format}: {text}");
    }
    for (tool, classes) in [("CodeQL", "source"), ("gitleaks", "secret"), ("acme", ""), ("Trivy", "")] {
        assert_eq!(looked_for("sarif", &SARIF.replace('@', tool)), classes, "{tool}");
    }
}

#[test]
fn what_was_found_was_looked_for_and_a_guess_proves_nothing() {
    let run = |tool: &str, tag: &str| {
        format!(
            r#"{{"version": "2.1.0", "runs": [{{"tool": {{"driver": {{"name": "{tool}", "rules": [{{"id": "r", "properties": {{"tags": ["{tag}"]}}}}]}}}}, "results": [{{"ruleId": "r"}}]}}]}}"#
        )
    };
    assert_eq!(looked_for("sarif", &run("acme", "x")), "");
    assert_eq!(looked_for("sarif", &run("acme", "secret")), "secret");
    assert_eq!(looked_for("sarif", &run("Trivy", "vulnerability")), "dependency");
    let secret = r#"{"SchemaVersion": 2, "Results": [{"Target": "a", "Secrets": [{"RuleID": "aws", "Severity": "HIGH"}]}]}"#;
    assert_eq!(looked_for("trivy", secret), "secret");
    // Bandit's rules about passwords do not make it a scanner of secrets.
    let password = r#"{"errors": [], "generated_at": "x", "metrics": {}, "results": [{"test_id": "B105", "issue_severity": "LOW", "filename": "a.py", "line_number": 1}]}"#;
    assert_eq!(looked_for("bandit", password), "source");
}

#[test]
fn packages_of_an_image_are_about_the_image_too() {
    let vulnerable =
        r#""Vulnerabilities": [{"VulnerabilityID": "CVE-1", "PkgName": "p", "Severity": "HIGH"}]"#;
    let report = |kind: &str| {
        let text = format!(
            r#"{{"SchemaVersion": 2, "Results": [{{"Target": "t", {vulnerable}}}], "ArtifactType": "{kind}"}}"#
        );
        let format = FORMATS.iter().find(|known| known.id == "trivy").unwrap();
        let read = read_as(format, text.as_bytes());
        read.findings()[0].traits.also.words()
    };
    assert_eq!(report("container_image"), "container");
    assert_eq!(report("filesystem"), "");
    let sarif = r#"{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "Trivy", "rules": [{"id": "CVE-2026-1", "properties": {"tags": ["vulnerability"]}}]}}, "results": [{"ruleId": "CVE-2026-1"}], "properties": {"imageName": "app:1"}}]}"#;
    assert_eq!(looked_for("sarif", sarif), "dependency, container");
}
