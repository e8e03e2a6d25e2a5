//! What is known of scanners by the names that their runs give (SARIF 2.1.0 §3.19.8): the format itself has no word
//! for what a run looked for.

use crate::model::{ScanClass, ScanClasses};

/// Scanners whose findings are about one class of things, by a part of their name.
const NAMES: &[(&str, ScanClass)] = &[
    ("gitleaks", ScanClass::Secret),
    ("trufflehog", ScanClass::Secret),
    ("ggshield", ScanClass::Secret),
    ("gitguardian", ScanClass::Secret),
    ("noseyparker", ScanClass::Secret),
    ("kingfisher", ScanClass::Secret),
    ("secret", ScanClass::Secret),
    ("trivy", ScanClass::Dependency),
    ("grype", ScanClass::Dependency),
    ("osv-scanner", ScanClass::Dependency),
    ("govulncheck", ScanClass::Dependency),
    ("dependency-check", ScanClass::Dependency),
    ("cargo-audit", ScanClass::Dependency),
    ("pip-audit", ScanClass::Dependency),
    ("docker scout", ScanClass::Dependency),
    ("snyk container", ScanClass::Dependency),
    ("open source", ScanClass::Dependency),
    ("checkov", ScanClass::Infrastructure),
    ("tfsec", ScanClass::Infrastructure),
    ("kics", ScanClass::Infrastructure),
    ("terrascan", ScanClass::Infrastructure),
    ("hadolint", ScanClass::Infrastructure),
    ("kubescape", ScanClass::Infrastructure),
    ("kube-linter", ScanClass::Infrastructure),
    ("cfn-lint", ScanClass::Infrastructure),
    ("snyk iac", ScanClass::Infrastructure),
];

/// Scanners of source code, by the words of their name. For all others source code is a guess, which proves nothing.
const OF_SOURCE: &[&str] = &[
    "bandit",
    "bearer",
    "brakeman",
    "checkmarx",
    "clang tidy",
    "clippy",
    "codeql",
    "coverity",
    "cppcheck",
    "detekt",
    "devskim",
    "eslint",
    "find security bugs",
    "findsecbugs",
    "flawfinder",
    "fortify",
    "golangci lint",
    "gosec",
    "infer",
    "mobsfscan",
    "njsscan",
    "nodejsscan",
    "opengrep",
    "phpstan",
    "pmd",
    "psalm",
    "psscriptanalyzer",
    "pylint",
    "rubocop",
    "ruff",
    "security code scan",
    "securitycodescan",
    "semgrep",
    "shellcheck",
    "snykcode",
    "snyk code",
    "sobelow",
    "sonarcloud",
    "sonarlint",
    "sonarqube",
    "spotbugs",
    "staticcheck",
    "swiftlint",
    "veracode",
];

/// What a scanner's findings are about, by its name; source code if nothing is known of it.
pub(super) fn class_of_tool(name: &str) -> ScanClass {
    let name = name.to_ascii_lowercase();
    NAMES.iter().find(|(part, _)| name.contains(part)).map_or(ScanClass::Source, |row| row.1)
}

/// What a scanner looks for in each of its runs, by its name; nothing if that depends on how it is called.
pub(super) fn looked_for_by_tool(name: &str) -> ScanClasses {
    let name = name.to_ascii_lowercase();
    if name.contains("trivy") {
        return ScanClasses::NONE;
    }
    if let Some((part, class)) = NAMES.iter().find(|(part, _)| name.contains(part)) {
        let of_image = if *part == "snyk container" { &[ScanClass::Container][..] } else { &[] };
        return ScanClasses::of(&[*class]).with(ScanClasses::of(of_image));
    }
    let words: Vec<&str> = name.split(|c: char| !c.is_ascii_alphanumeric()).collect();
    let is_there = |tool: &&&str| {
        let tool: Vec<&str> = tool.split(' ').collect();
        words.windows(tool.len()).any(|some| some == tool)
    };
    match OF_SOURCE.iter().find(is_there) {
        Some(_) => ScanClasses::of(&[ScanClass::Source]),
        None => ScanClasses::NONE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_tool_looks_for_is_known_by_the_words_of_its_name() {
        for (name, classes) in [
            ("CodeQL", "source"),
            ("Semgrep OSS", "source"),
            ("golangci-lint", "source"),
            ("PMD", "source"),
            ("gitleaks", "secret"),
            ("GitHub Secret Scanning", "secret"),
            ("Grype", "dependency"),
            ("Snyk Container", "dependency, container"),
            ("Snyk Open Source", "dependency"),
            ("Checkov", "infrastructure"),
            ("Trivy", ""),
            ("aquasecurity/trivy", ""),
            ("inferno", ""),
            ("acme-scan", ""),
            ("", ""),
        ] {
            assert_eq!(looked_for_by_tool(name).words(), classes, "{name}");
        }
    }
}
