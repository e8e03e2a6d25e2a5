//! Advisories of packages (security.md d11).

use super::*;

/// One result of a tool, with its rule.
fn advisory(tool: &str, rule: &str, result: &str) -> Read {
    read(format!(
        r#"{{"version": "2.1.0", "runs": [{{"results": [{result}], "tool": {{"driver": {{"name": "{tool}", "rules": [{rule}]}}}}}}]}}"#
    ))
}

/// Rule, other ids, package and version of the finding.
fn package_of(read: &Read) -> (String, Vec<String>, Option<[String; 3]>) {
    let finding = read.finding();
    let package = finding.package.as_ref().map(|package| {
        [&package.ecosystem, &package.name, &package.version].map(|text| text.raw().to_owned())
    });
    let aliases = finding.aliases.iter().map(|alias| alias.raw().to_owned()).collect();
    (finding.rule.raw().to_owned(), aliases, package)
}

#[test]
fn scanners_of_dependencies_name_the_package_as_they_do() {
    let trivy = advisory(
        "Trivy",
        r#"{"id": "CVE-2020-1", "properties": {"tags": ["vulnerability", "security", "HIGH"]}}"#,
        r#"{"ruleId": "CVE-2020-1", "message": {"text": "Package: lodash\nInstalled Version: 4.17.4\nVulnerability CVE-2020-1\nSeverity: HIGH\nFixed Version: 4.17.21\nLink: x"}}"#,
    );
    let package = |ecosystem: &str| Some([ecosystem, "lodash", "4.17.4"].map(str::to_owned));
    assert_eq!(package_of(&trivy), ("CVE-2020-1".to_owned(), vec![], package("")));
    assert_eq!(trivy.finding().traits.fix, Some(true));
    let grype = advisory(
        "grype",
        r#"{"id": "GHSA-1-lodash"}"#,
        r#"{"ruleId": "GHSA-1-lodash", "message": {"text": "A high vulnerability in npm package: lodash, version 4.17.4 was found at: /package-lock.json"}}"#,
    );
    assert_eq!(package_of(&grype), ("GHSA-1".to_owned(), vec![], package("npm")));
    let osv = advisory(
        "osv-scanner",
        r#"{"id": "CVE-2020-1", "deprecatedIds": ["CVE-2020-1", "GHSA-1"]}"#,
        r#"{"ruleId": "CVE-2020-1", "message": {"text": "Package 'lodash@4.17.4' is vulnerable to 'CVE-2020-1' (also known as 'GHSA-1')."}}"#,
    );
    assert_eq!(package_of(&osv), ("CVE-2020-1".to_owned(), vec!["GHSA-1".to_owned()], package("")));
    let snyk = advisory(
        "Snyk Open Source",
        r#"{"id": "SNYK-JS-1", "fullDescription": {"text": "(CVE-2020-1) lodash@4.17.4"}, "properties": {"tags": ["security", "CWE-1", "npm"]}}"#,
        r#"{"ruleId": "SNYK-JS-1", "message": {"text": "This file introduces a vulnerable lodash package with a high severity vulnerability."}, "locations": [{"logicalLocations": [{"fullyQualifiedName": "lodash@4.17.4"}]}]}"#,
    );
    assert_eq!(package_of(&snyk), ("SNYK-JS-1".to_owned(), vec!["CVE-2020-1".to_owned()], package("npm")));
    // Under the CVE, or under an alias that is one, all but Grype's GHSA are the same finding of the next commit too.
    let cve = trivy.finding().identities[1];
    assert_eq!((osv.finding().identities[1], snyk.finding().identities[1]), (cve, cve));
}

#[test]
fn what_is_certain_about_a_package_is_taken_and_nothing_else() {
    let words =
        r#""message": {"text": "Package: lodash\nInstalled Version: 4\nVulnerability CVE-2020-1\nx"}"#;
    let of_another = advisory("CodeQL", "", &format!(r#"{{"ruleId": "CVE-2020-1", {words}}}"#));
    assert_eq!(of_another.finding().package, None, "these are Trivy's words");
    let purl =
        r#"{"ruleId": "CVE-2020-1", "message": {"text": "m"}, "properties": {"purl": "pkg:npm/lodash@4"}}"#;
    let by_purl = advisory("anything", "", purl);
    assert_eq!(by_purl.finding().class, ScanClass::Dependency);
    assert_eq!(by_purl.finding().package.as_ref().unwrap().name.raw(), "lodash");
    let no_advisory = advisory("anything", "", &purl.replace("CVE-2020-1", "unused-import"));
    assert_eq!((no_advisory.finding().class, &no_advisory.finding().package), (ScanClass::Source, &None));
    let called = r#"{"ruleId": "GO-2026-1", "message": {"text": "Your code calls vulnerable functions in 1 package (html/template)."}}"#;
    assert_eq!(
        advisory("govulncheck", "", called).finding().package,
        None,
        "it names packages, not the module"
    );
}
