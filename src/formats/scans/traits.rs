//! What reports say of a finding beside its severity, over all formats that say it.

use super::FORMATS;
use super::testing::read_as;
use crate::model::{Epss, ScanClasses, Traits};

const NOTHING: Traits = Traits {
    fix: None,
    reachable: None,
    development: None,
    exploited: None,
    verified: None,
    epss: None,
    also: ScanClasses::NONE,
};

const fn fix(there: bool) -> Traits {
    Traits { fix: Some(there), ..NOTHING }
}

const fn reachable(is: bool) -> Traits {
    Traits { reachable: Some(is), ..NOTHING }
}

const fn verified(is: bool) -> Traits {
    Traits { verified: Some(is), ..NOTHING }
}

/// Texts in place of the `@`, and what the report then says.
type Values = &'static [(&'static str, Traits)];
/// Format, a report and its values.
type Row = (&'static str, &'static str, Values);

/// Format, a report with one finding, `@` in it, and what it says for each text in place of the `@`.
const SAID: &[Row] = &[
    (
        "trivy",
        r#"{"SchemaVersion": 2, "Results": [{"Target": "t", "Vulnerabilities": [{"VulnerabilityID": "CVE-1", "PkgName": "p", @}]}]}"#,
        &[
            (r#""FixedVersion": "1.2""#, fix(true)),
            (r#""Status": "affected""#, fix(false)),
            (r#""Status": "will_not_fix", "FixedVersion": """#, fix(false)),
            (r#""Status": "under_investigation""#, NOTHING),
            (r#""x": 1"#, NOTHING),
        ],
    ),
    (
        "grype",
        r#"{"matches": [{"vulnerability": {"id": "GHSA-1", "severity": "High", @}, "artifact": {"name": "p"}, "relatedVulnerabilities": []}]}"#,
        &[
            (r#""fix": {"state": "fixed"}"#, fix(true)),
            (r#""fix": {"state": "wont-fix"}"#, fix(false)),
            (r#""fix": {"state": "unknown"}"#, NOTHING),
            (
                r#""epss": [{"epss": 0.1, "percentile": 0.9}, {"epss": 0.97532}]"#,
                Traits { epss: Some(Epss::of(97_532)), ..NOTHING },
            ),
            (r#""knownExploited": [{"cve": "CVE-1"}]"#, Traits { exploited: Some(true), ..NOTHING }),
            (r#""knownExploited": []"#, NOTHING),
        ],
    ),
    (
        "grype",
        r#"{"matches": [{"vulnerability": {"id": "GHSA-1", "severity": "High"}, "artifact": {"name": "p"}, "relatedVulnerabilities": [{"id": "CVE-1", @}]}]}"#,
        &[
            (r#""epss": [{"epss": 0.5}]"#, Traits { epss: Some(Epss::of(50_000)), ..NOTHING }),
            (r#""knownExploited": [{"cve": "CVE-1"}]"#, Traits { exploited: Some(true), ..NOTHING }),
        ],
    ),
    (
        "osv",
        r#"{"results": [{"packages": [{"package": {"name": "My_Pkg", "version": "1", "ecosystem": "PyPI"}, "groups": [{"ids": ["PYSEC-1"]}], "vulnerabilities": [{"id": "PYSEC-1", "affected": [@]}]}]}]}"#,
        &[
            (
                r#"{"package": {"name": "my-pkg", "ecosystem": "PyPI"}, "ranges": [{"events": [{"introduced": "0"}, {"fixed": "2"}]}]}"#,
                fix(true),
            ),
            (
                r#"{"package": {"name": "my-pkg", "ecosystem": "PyPI"}, "ranges": [{"events": [{"introduced": "0"}]}]}"#,
                fix(false),
            ),
            (
                r#"{"package": {"name": "my-pkg", "ecosystem": "PyPI"}, "ranges": [{"events": [{"introduced": "0"}, {"last_affected": "2"}]}]}"#,
                NOTHING,
            ),
            (
                r#"{"package": {"name": "other", "ecosystem": "PyPI"}, "ranges": [{"events": [{"fixed": "2"}]}]}"#,
                NOTHING,
            ),
            (r#"{"package": {"name": "my-pkg", "ecosystem": "PyPI"}, "versions": ["1"]}"#, NOTHING),
        ],
    ),
    (
        "osv",
        r#"{"results": [{"packages": [{"package": {"name": "p", "ecosystem": "Debian:12"}, "groups": [{"ids": ["A"]}], "vulnerabilities": [{"id": "A", "affected": [@]}]}]}]}"#,
        &[(
            r#"{"package": {"name": "p", "ecosystem": "Debian:12"}, "ranges": [{"events": [{"introduced": "0"}]}]}, {"package": {"name": "p", "ecosystem": "Debian:13"}, "ranges": [{"events": [{"fixed": "2"}]}]}"#,
            fix(false),
        )],
    ),
    (
        "osv",
        r#"{"results": [{"packages": [{"package": {"name": "p", "ecosystem": "Go"}, @, "vulnerabilities": [{"id": "GO-1"}]}]}]}"#,
        &[
            (
                r#""groups": [{"ids": ["GO-1"], "experimental_analysis": {"GO-1": {"called": false, "unimportant": false}}}]"#,
                reachable(false),
            ),
            (
                r#""groups": [{"ids": ["GO-1"], "experimentalAnalysis": {"GO-1": {"called": false}, "GO-2": {"called": true}}}]"#,
                reachable(true),
            ),
            (
                r#""groups": [{"ids": ["GO-1"], "experimental_analysis": {"GO-1": {"called": false, "unimportant": true}}}]"#,
                NOTHING,
            ),
            (r#""dependency_groups": ["dev"], "groups": []"#, Traits { development: Some(true), ..NOTHING }),
            (r#""dependency_groups": ["dev", "optional"], "groups": []"#, NOTHING),
        ],
    ),
    (
        "cargo-audit",
        r#"{"database": {}, "lockfile": {}, "vulnerabilities": {"list": [{"advisory": {"id": "RUSTSEC-1"}, "package": {"name": "p"}, "versions": {"patched": @}}]}}"#,
        &[(r#"[">=1"]"#, fix(true)), ("[]", fix(false)), ("null", NOTHING)],
    ),
    (
        "pip-audit",
        r#"{"dependencies": [{"name": "p", "version": "1", "vulns": [{"id": "PYSEC-1", "fix_versions": @}]}], "fixes": []}"#,
        &[(r#"["2"]"#, fix(true)), ("[]", fix(false)), ("null", NOTHING)],
    ),
    (
        "npm-audit",
        r#"{"auditReportVersion": 2, "vulnerabilities": {"p": {"via": [{"source": 1, "name": "p", "severity": "high", "url": "u"}], "fixAvailable": @}}}"#,
        &[("true", fix(true)), (r#"{"name": "p"}"#, fix(true)), ("false", fix(false)), ("7", NOTHING)],
    ),
    (
        "npm-audit",
        r#"{"advisories": {"1": {"id": 1, "module_name": "p", "severity": "high", "patched_versions": "@"}}, "metadata": {}}"#,
        &[(">=1.2", fix(true)), ("<0.0.0", fix(false)), ("", NOTHING)],
    ),
    (
        "bundler-audit",
        r#"{"version": "0.9.1", "created_at": "2026", "results": [{"gem": {"name": "rack"}, "advisory": {"id": "CVE-1", "patched_versions": @}}]}"#,
        &[(r#"["~> 2"]"#, fix(true)), ("[]", fix(false))],
    ),
    (
        "snyk",
        r#"{"vulnerabilities": [{"id": "SNYK-1", "severity": "high", "packageName": "p", @}], "dependencyCount": 3}"#,
        &[
            (r#""isUpgradable": false, "isPatchable": false, "fixedIn": []"#, fix(false)),
            (r#""isUpgradable": false, "fixedIn": ["2"]"#, fix(true)),
            (r#""isPatchable": true, "fixedIn": []"#, fix(true)),
            (r#""epssDetails": {"probability": "0.00091"}"#, Traits { epss: Some(Epss::of(91)), ..NOTHING }),
        ],
    ),
    (
        "cyclonedx",
        r#"{"bomFormat": "CycloneDX", "vulnerabilities": [{"id": "CVE-1", "ratings": [{"severity": "low"}, @]}]}"#,
        &[
            (
                r#"{"source": {"name": "FIRST", "url": "https://www.first.org/epss/"}, "score": 0.03, "method": "other"}"#,
                Traits { epss: Some(Epss::of(3_000)), ..NOTHING },
            ),
            (
                r#"{"source": {"name": "CISA KEV Catalog"}, "score": 1, "method": "other"}"#,
                Traits { exploited: Some(true), ..NOTHING },
            ),
            (r#"{"source": {"name": "NVD"}, "score": 3, "method": "CVSSv31"}"#, NOTHING),
        ],
    ),
    (
        "cyclonedx",
        r#"<bom xmlns="http://cyclonedx.org/schema/bom/1.5"><vulnerabilities><vulnerability><id>CVE-1</id><ratings>@</ratings></vulnerability></vulnerabilities></bom>"#,
        &[(
            "<rating><source><name>FIRST</name></source><score>0.03</score><method>other</method></rating>",
            Traits { epss: Some(Epss::of(3_000)), ..NOTHING },
        )],
    ),
    (
        "dependency-check",
        r#"{"reportSchema": "1.1", "scanInfo": {}, "dependencies": [{"fileName": "a.jar", "vulnerabilities": [{"name": "CVE-1", @, "severity": "HIGH"}]}]}"#,
        &[
            (
                r#""knownExploitedVulnerability": {"DateAdded": "2026-01-01"}"#,
                Traits { exploited: Some(true), ..NOTHING },
            ),
            (r#""source": "NVD""#, NOTHING),
        ],
    ),
    (
        "dependency-check",
        r#"<analysis xmlns="https://jeremylong.github.io/DependencyCheck/dependency-check.4.1.xsd"><dependencies><dependency><fileName>a.jar</fileName><vulnerabilities><vulnerability><name>CVE-1</name>@</vulnerability></vulnerabilities></dependency></dependencies></analysis>"#,
        &[
            (
                "<knownExploitedVulnerability><name>n</name></knownExploitedVulnerability>",
                Traits { exploited: Some(true), ..NOTHING },
            ),
            ("<severity>HIGH</severity>", NOTHING),
        ],
    ),
    (
        "dependabot",
        r#"[{"state": "open", "dependency": {"package": {"name": "p"}}, "security_advisory": {"ghsa_id": "GHSA-1", "epss": @}}]"#,
        &[
            (r#"{"percentage": 0.00045, "percentile": 0.1}"#, Traits { epss: Some(Epss::of(45)), ..NOTHING }),
            (r#"[{"percentage": 0.5}]"#, Traits { epss: Some(Epss::of(50_000)), ..NOTHING }),
            ("null", NOTHING),
        ],
    ),
    (
        "dependabot",
        r#"[{"state": "open", "dependency": {"package": {"name": "p"}, @}, "security_advisory": {"ghsa_id": "GHSA-1"}}]"#,
        &[
            (r#""scope": "development""#, Traits { development: Some(true), ..NOTHING }),
            (r#""scope": "runtime""#, Traits { development: Some(false), ..NOTHING }),
            (r#""scope": null"#, NOTHING),
        ],
    ),
    (
        "dependabot",
        r#"[{"state": "open", "dependency": {}, "security_advisory": {"ghsa_id": "GHSA-1"}, "security_vulnerability": {"package": {"name": "p"}, "first_patched_version": @}}]"#,
        &[(r#"{"identifier": "2"}"#, fix(true)), ("null", fix(false))],
    ),
    (
        "govulncheck",
        r#"{"config": {"protocol_version": "v1.0.0", "scan_level": "symbol"}}{"finding": {"osv": "GO-1", "trace": [{"module": "m"@}]}}"#,
        &[
            (r#", "function": "F""#, reachable(true)),
            (r#", "package": "q""#, reachable(false)),
            ("", reachable(false)),
        ],
    ),
    (
        "govulncheck",
        r#"{"config": {"protocol_version": "v1.0.0", "scan_level": "module"}}{"finding": {"osv": "GO-1", "trace": [{"module": "m"}]@}}"#,
        &[("", NOTHING), (r#", "fixed_version": "v1.2""#, fix(true))],
    ),
    (
        "semgrep",
        r#"{"version": "1", "results": [{"check_id": "r", "path": "a", "extra": {"severity": "ERROR", @}}], "errors": [], "paths": {"scanned": ["a"]}}"#,
        &[
            (r#""sca_info": {"reachable": false}"#, reachable(false)),
            (r#""sca_info": {"reachable": true}"#, reachable(true)),
            (r#""validation_state": "CONFIRMED_VALID""#, verified(true)),
            (r#""validation_state": "CONFIRMED_INVALID""#, verified(false)),
            (r#""validation_state": "VALIDATION_ERROR""#, NOTHING),
        ],
    ),
    (
        "trufflehog",
        r#"{"SourceMetadata":{"Data":{"Git":{"file":"a","line":3}}},"DetectorName":"AWS","Verified":@,"Raw":"s"}"#,
        &[
            ("true", verified(true)),
            ("false", verified(false)),
            (r#"false,"VerificationError":"i/o timeout""#, NOTHING),
            ("null", NOTHING),
        ],
    ),
];

#[test]
fn what_a_report_says_of_a_finding_is_read_and_nothing_is_guessed() {
    for (id, text, said) in SAID {
        let format = FORMATS.iter().find(|format| format.id == *id).unwrap();
        for (value, wanted) in *said {
            let read = read_as(format, text.replace('@', value).as_bytes());
            assert_eq!(read.findings().len(), 1, "{id}: {value}");
            assert_eq!(read.findings()[0].traits, *wanted, "{id}: {value}");
        }
    }
}

/// Format, a report, and the day and time of the vulnerability database that it names.
const DATABASES: &[(&str, &str, &str)] = &[
    (
        "grype",
        r#"{"matches": [], "descriptor": {"db": {"status": {"built": "2026-11-20T01:00:00Z"}}}}"#,
        "2026-11-20T01:00:00Z",
    ),
    (
        "trivy",
        r#"{"SchemaVersion": 2, "Trivy": {"Version": "0.70.0", "VulnerabilityDB": {"Version": 2, "UpdatedAt": "2026-11-20T00:00:00Z"}}, "Results": []}"#,
        "2026-11-20T00:00:00Z",
    ),
    (
        "trivy",
        r#"{"SchemaVersion": 2, "Trivy": {"Server": {"VulnerabilityDB": {"UpdatedAt": "2026-11-19T00:00:00Z"}}}, "Results": []}"#,
        "2026-11-19T00:00:00Z",
    ),
    ("trivy", r#"{"SchemaVersion": 2, "Trivy": {"Version": "0.69.0"}, "Results": []}"#, ""),
    (
        "dependency-check",
        r#"{"reportSchema": "1.1", "scanInfo": {"engineVersion": "9.0", "dataSource": [{"name": "NVD API Last Checked", "timestamp": "2026-11-20T09:00:00Z"}, {"name": "NVD API Last Modified", "timestamp": "2026-11-20T08:15:00Z"}]}, "dependencies": []}"#,
        "2026-11-20T08:15:00Z",
    ),
    (
        "dependency-check",
        r#"<?xml version="1.0"?><analysis xmlns="https://jeremylong.github.io/DependencyCheck/dependency-check.2.5.xsd"><scanInfo><engineVersion>9.0</engineVersion><dataSource><name>NVD CVE Checked</name><timestamp>2026-11-20T09:00:00</timestamp></dataSource></scanInfo><dependencies></dependencies></analysis>"#,
        "2026-11-20T09:00:00",
    ),
];

#[test]
fn the_vulnerability_database_is_named_where_the_report_names_it() {
    for (format, text, database) in DATABASES {
        let known = FORMATS.iter().find(|known| known.id == *format).unwrap();
        assert_eq!(read_as(known, text.as_bytes()).scan().tool.database.raw(), *database, "{format}: {text}");
    }
}
