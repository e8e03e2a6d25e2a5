//! The package of an advisory, where a scanner of dependencies names it in a place of its own.
//!
//! SARIF has no property for it. What is read here is what the scanners write today, each recognised by its whole
//! form; where the form does not fit, the finding has no package and stays apart from those of other tools.

use crate::model::purl_parts;

/// Who names a package in this way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    Trivy,
    Grype,
    OsvScanner,
    Snyk,
    /// A package URL, which means the same whoever writes it.
    Purl,
}

impl Way {
    /// True if a tool of this name writes in this way.
    pub(super) fn is_of(self, tool: &str) -> bool {
        let part = match self {
            Self::Trivy => "trivy",
            Self::Grype => "grype",
            Self::OsvScanner => "osv",
            Self::Snyk => "snyk",
            Self::Purl => "",
        };
        tool.to_ascii_lowercase().contains(part)
    }
}

/// A package as a result names it. Empty text means that it does not say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Named<'r> {
    pub(super) way: Way,
    pub(super) name: &'r str,
    pub(super) version: &'r str,
    pub(super) ecosystem: &'r str,
    /// True if the result names a version without the vulnerability.
    pub(super) has_fix: bool,
}

/// The package that a result names: in its message, in the first of its logical locations, or in its properties.
pub(super) fn named<'r>(message: &'r str, logical: &'r str, purl: &'r str) -> Option<Named<'r>> {
    let found = of_purl(purl)
        .or_else(|| of_purl(logical))
        .or_else(|| of_trivy(message))
        .or_else(|| of_osv_scanner(message))
        .or_else(|| of_grype(message))
        .or_else(|| of_snyk(message, logical))?;
    let is_plain = |text: &str| text.len() <= 512 && !text.contains(char::is_whitespace);
    (!found.name.is_empty() && is_plain(found.name) && is_plain(found.version)).then_some(found)
}

const NOTHING: Named<'static> =
    Named { way: Way::Purl, name: "", version: "", ecosystem: "", has_fix: false };

/// `pkg:npm/%40acme/web@1.0.0?…`; dependency-check writes it as a logical location.
fn of_purl(text: &str) -> Option<Named<'_>> {
    let (ecosystem, name, version) = purl_parts(text)?;
    // An escaped name would have to be decoded; npm's scopes are the ones that have one.
    (!name.contains('%')).then_some(Named { name, version, ecosystem, ..NOTHING })
}

/// `Package: lodash\nInstalled Version: 4.17.4\nVulnerability CVE-…\nSeverity: HIGH\nFixed Version: 4.17.21\nLink: …`
fn of_trivy(message: &str) -> Option<Named<'_>> {
    let mut lines = message.lines();
    let name = lines.next()?.strip_prefix("Package: ")?;
    let version = lines.next()?.strip_prefix("Installed Version: ")?;
    lines.next()?.strip_prefix("Vulnerability ")?;
    let fixed = lines.find_map(|line| line.strip_prefix("Fixed Version: "));
    Some(Named {
        way: Way::Trivy,
        name,
        version,
        has_fix: fixed.is_some_and(|fixed| !fixed.is_empty()),
        ..NOTHING
    })
}

/// `Package 'lodash@4.17.4' is vulnerable to 'CVE-…' (also known as 'GHSA-…').`
fn of_osv_scanner(message: &str) -> Option<Named<'_>> {
    let (package, _) = message.strip_prefix("Package '")?.split_once("' is vulnerable to '")?;
    let (name, version) = package.rsplit_once('@')?;
    Some(Named { way: Way::OsvScanner, name, version, ..NOTHING })
}

/// `A high vulnerability in npm package: lodash, version 4.17.4 was found at: /package-lock.json`, and of older ones
/// `The path /a.jar reports log4j at version 1.2  which would result in a vulnerable (java-archive) package installed`.
fn of_grype(message: &str) -> Option<Named<'_>> {
    if let Some((_, rest)) = message.strip_prefix("A ").and_then(|rest| rest.split_once(" vulnerability in "))
    {
        let (ecosystem, rest) = rest.split_once(" package: ")?;
        let (name, rest) = rest.split_once(", version ")?;
        let (version, _) = rest.split_once(" was found")?;
        return Some(Named { way: Way::Grype, name, version, ecosystem, ..NOTHING });
    }
    let (before, after) =
        message.strip_prefix("The path ")?.split_once(" which would result in a vulnerable (")?;
    let (ecosystem, _) = after.split_once(") package installed")?;
    let (before, version) = before.rsplit_once(" at version ")?;
    let (_, name) = before.rsplit_once(" reports ")?;
    Some(Named { way: Way::Grype, name, version: version.trim(), ecosystem, ..NOTHING })
}

/// `This file introduces a vulnerable lodash package with a high severity vulnerability.`, and `lodash@4.17.4` as the
/// logical location.
fn of_snyk<'r>(message: &'r str, logical: &'r str) -> Option<Named<'r>> {
    let (package, _) =
        message.strip_prefix("This file introduces a vulnerable ")?.split_once(" package with a ")?;
    let version = logical.strip_prefix(package).and_then(|rest| rest.strip_prefix('@'));
    Some(Named { way: Way::Snyk, name: package, version: version.unwrap_or_default(), ..NOTHING })
}

/// True for an id of an advisory: `CVE-2026-1`, `GHSA-…`, `SNYK-JS-…`.
pub(super) fn is_advisory(id: &str) -> bool {
    const PREFIXES: &[&str] = &[
        "CVE-", "GHSA-", "RUSTSEC-", "GO-", "PYSEC-", "OSV-", "SNYK-", "MAL-", "DSA-", "DLA-", "USN-",
        "ALSA-", "RHSA-", "ELSA-", "ALAS", "GMS-", "DEBIAN-", "UBUNTU-",
    ];
    PREFIXES.iter().any(|prefix| id.starts_with(prefix))
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b':' | b'.'))
}

/// The ids in `(CVE-2020-8203, CVE-…) lodash@4.17.15`, as Snyk describes its rules.
pub(super) fn ids_in_parentheses(text: &str) -> impl Iterator<Item = &str> {
    let inside = text.strip_prefix('(').and_then(|rest| rest.split_once(')'));
    inside.into_iter().flat_map(|(ids, _)| ids.split(", ")).filter(|id| is_advisory(id))
}

/// The manager of packages that a tag names, as Snyk tags its rules.
pub(super) fn ecosystem_of_tag(tag: &str) -> Option<&'static str> {
    const TAGS: &[&str] = &[
        "npm",
        "yarn",
        "pnpm",
        "pip",
        "pipenv",
        "poetry",
        "maven",
        "gradle",
        "sbt",
        "rubygems",
        "gomodules",
        "nuget",
        "composer",
        "cocoapods",
        "hex",
        "swift",
        "deb",
        "rpm",
        "apk",
    ];
    TAGS.iter().find(|known| **known == tag).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_scanner_names_the_package_in_its_own_way() {
        let grype =
            "A high vulnerability in npm package: lodash, version 4.17.4 was found at: /package-lock.json";
        let old = "The path /a reports b/c.jar reports log4j at version 1.2  which would result in a vulnerable (java-archive) package installed";
        let trivy = "Package: lodash\nInstalled Version: 4.17.4\nVulnerability CVE-2020-1\nSeverity: HIGH\nFixed Version: 4.17.21\nLink: x";
        let unfixed = "Package: lodash\nInstalled Version: 4.17.4\nVulnerability CVE-2020-1\nSeverity: HIGH\nFixed Version: \nLink: x";
        let osv = "Package '@acme/web@1.0' is vulnerable to 'CVE-2020-1' (also known as 'GHSA-1').";
        let snyk = "This file introduces a vulnerable lodash package with a high severity vulnerability.";
        for (message, logical, purl, wanted) in [
            (grype, "", "", (Way::Grype, "lodash", "4.17.4", "npm", false)),
            (old, "", "", (Way::Grype, "log4j", "1.2", "java-archive", false)),
            (trivy, "", "", (Way::Trivy, "lodash", "4.17.4", "", true)),
            (unfixed, "", "", (Way::Trivy, "lodash", "4.17.4", "", false)),
            (osv, "", "", (Way::OsvScanner, "@acme/web", "1.0", "", false)),
            (snyk, "lodash@4.17.15", "", (Way::Snyk, "lodash", "4.17.15", "", false)),
            (snyk, "", "", (Way::Snyk, "lodash", "", "", false)),
            ("m", "pkg:maven/org.x/core@1.0?type=jar", "", (Way::Purl, "org.x/core", "1.0", "maven", false)),
            ("m", "main", "pkg:pypi/requests@2.0", (Way::Purl, "requests", "2.0", "pypi", false)),
        ] {
            let found = named(message, logical, purl).unwrap();
            assert_eq!(
                (found.way, found.name, found.version, found.ecosystem, found.has_fix),
                wanted,
                "{message}"
            );
        }
    }

    #[test]
    fn what_does_not_fit_the_form_names_nothing() {
        for message in [
            "Package: lodash",
            "Package: two words\nInstalled Version: 1\nVulnerability CVE-1",
            "Artifact: a\nType: dockerfile\nVulnerability DS002",
            "Package 'lodash' is vulnerable to 'CVE-1'.",
            "A high vulnerability in the way that a package: x",
            "Your code calls vulnerable functions in 1 package (html/template).",
            "",
        ] {
            assert_eq!(named(message, "main", ""), None, "{message}");
        }
        assert_eq!(named("", "pkg:npm/%40acme/web@1", ""), None);
        assert_eq!(named("", "lodash@1.0", ""), None, "any symbol may look so");
    }

    #[test]
    fn ids_are_known_by_their_form() {
        assert!(is_advisory("CVE-2020-8203") && is_advisory("SNYK-JS-LODASH-450202"));
        assert!(!is_advisory("CWE-79") && !is_advisory("CVE-1 x") && !is_advisory("security"));
        let ids: Vec<&str> = ids_in_parentheses("(CVE-2020-1, CVE-2020-2) lodash@4").collect();
        assert_eq!(ids, ["CVE-2020-1", "CVE-2020-2"]);
        assert_eq!(ids_in_parentheses("lodash@4.17.15 (CVE-1)").count(), 0);
    }
}
