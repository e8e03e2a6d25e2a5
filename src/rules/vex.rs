//! What the owners state about vulnerabilities: VEX, from the base or the organisation only (security.md b9).

use super::narrowing::identity_of_package;
use crate::compare::CountedFinding;
use crate::diagnostic::Origin;

/// What a document states of a vulnerability in some packages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VexStatement {
    /// All ids of the vulnerability.
    pub ids: Vec<String>,
    /// The packages that it is about; never empty.
    pub packages: Vec<VexPackage>,
    /// Why the vulnerability does not count: `not_affected: vulnerable_code_not_present`; `None` for a statement
    /// that it does, or that nobody knows yet.
    pub hides: Option<String>,
    /// When it was stated, as RFC 3339 in UTC; empty if the document does not say.
    pub stated: String,
    /// Who states it.
    pub author: String,
    /// The document.
    pub origin: Origin,
}

/// A package by its package URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VexPackage {
    /// Type of the URL: `npm`, `cargo`, `pypi`, `golang` …
    pub ecosystem: String,
    /// Name, with its namespace before a slash.
    pub name: String,
    /// The only version that is meant; empty for all.
    pub version: String,
}

impl VexPackage {
    /// Reads `pkg:type/namespace/name@version?qualifiers#path`; `None` for what is no package URL.
    pub fn of_purl(purl: &str) -> Option<Self> {
        let rest = purl.strip_prefix("pkg:")?.trim_start_matches('/');
        let rest = rest.split(['?', '#']).next()?;
        let (ecosystem, rest) = rest.split_once('/')?;
        // The `@` of an npm scope stands at the beginning, and is written `%40` by the book.
        let (name, version) = match rest.rsplit_once('@') {
            Some((name, version)) if !name.is_empty() => (name, version),
            _ => (rest, ""),
        };
        let decode = |text: &str| text.replace("%40", "@").replace("%2F", "/").replace("%2f", "/");
        let package = Self {
            ecosystem: ecosystem.to_ascii_lowercase(),
            name: decode(name.trim_matches('/')),
            version: decode(version),
        };
        (!package.name.is_empty()).then_some(package)
    }
}

impl VexStatement {
    fn is_about(&self, finding: &CountedFinding<'_>) -> bool {
        let ids = finding.ids();
        self.ids.iter().any(|id| ids.iter().any(|its| its.eq_ignore_ascii_case(id)))
            && self.packages.iter().any(|package| package.is_of(finding))
    }
}

impl VexPackage {
    /// Every report that names the package must name this one: what hides a vulnerability in one package hides
    /// none in another.
    fn is_of(&self, finding: &CountedFinding<'_>) -> bool {
        let mut packages =
            finding.reports().filter_map(|report| report.finding.package.as_deref()).peekable();
        packages.peek().is_some()
            && packages.all(|package| {
                let its = identity_of_package(package.ecosystem.raw(), package.name.raw());
                let ours = identity_of_package(&self.ecosystem, &self.name);
                let same_ecosystem = its.0.is_empty() || its.0 == ours.0;
                let same_version = self.version.is_empty() || self.version == package.version.raw();
                same_ecosystem && its.1 == ours.1 && same_version
            })
    }
}

/// The statement that hides a finding. Of several about it the newest counts; where they contradict each other and
/// none is newer for certain, the finding counts.
pub(super) fn hiding<'v>(
    statements: &'v [VexStatement],
    finding: &CountedFinding<'_>,
) -> Option<&'v VexStatement> {
    let about = || statements.iter().filter(|statement| statement.is_about(finding));
    let hiding = about()
        .filter(|statement| statement.hides.is_some())
        .max_by(|left, right| left.stated.cmp(&right.stated).then_with(|| right.origin.cmp(&left.origin)))?;
    let is_older = |other: &VexStatement| {
        let comparable = [&other.stated, &hiding.stated].iter().all(|time| time.ends_with('Z'));
        comparable && other.stated < hiding.stated
    };
    let contradicted = about().any(|statement| statement.hides.is_none() && !is_older(statement));
    (!contradicted).then_some(hiding)
}

#[cfg(test)]
mod tests {
    use super::super::sample::{Sample, finding, scan};
    use super::*;
    use crate::model::{Finding, OutcomeKind, Package, ScanClass, Severity};

    fn advisory(package: (&str, &str, &str)) -> Finding {
        let (ecosystem, name, version) = package;
        let package = Package { ecosystem: ecosystem.into(), name: name.into(), version: version.into() };
        Finding {
            class: ScanClass::Dependency,
            aliases: Box::new(["CVE-2026-1".into()]),
            package: Some(Box::new(package)),
            ..finding("GHSA-1", Severity::High)
        }
    }

    fn statement(purl: &str, hides: Option<&str>, stated: &str) -> VexStatement {
        VexStatement {
            ids: vec!["cve-2026-1".to_owned()],
            packages: vec![VexPackage::of_purl(purl).unwrap()],
            hides: hides.map(str::to_owned),
            stated: stated.to_owned(),
            author: "Acme".to_owned(),
            origin: Origin::file("vex.json"),
        }
    }

    fn judged(found: Finding, statements: Vec<VexStatement>) -> OutcomeKind {
        let mut sample = Sample::of(scan(vec![found]));
        sample.vex = statements;
        sample.judge("scan.all", &[]).kind
    }

    const NOT_AFFECTED: Option<&str> = Some("not_affected: not reachable");

    #[test]
    fn a_statement_hides_the_vulnerability_by_any_id_and_is_listed() {
        let mut sample = Sample::of(scan(vec![advisory(("npm", "p", "1.0"))]));
        sample.vex = vec![statement("pkg:npm/p", NOT_AFFECTED, "2026-01-01T00:00:00Z")];
        let judgement = sample.judge("scan.all", &[]);
        assert_eq!(judgement.kind, OutcomeKind::Met);
        assert_eq!(judgement.measured_text, "0 findings, 1 not counted");
        let listed = &judgement.not_counted[0];
        assert_eq!(
            (listed.cause, listed.proof.raw()),
            ("vex", "not_affected: not reachable, states Acme in vex.json")
        );
        assert!(judgement.used.contains(&Origin::file("vex.json")));
    }

    #[test]
    fn a_statement_about_another_package_or_version_hides_nothing() {
        for (found, purl, wanted) in [
            (("npm", "p", "1.0"), "pkg:npm/p@1.0", OutcomeKind::Met),
            (("npm", "p", "1.1"), "pkg:npm/p@1.0", OutcomeKind::NotMet),
            // npm's audit does not say the version: it may be another one.
            (("npm", "p", ""), "pkg:npm/p@1.0", OutcomeKind::NotMet),
            (("npm", "q", "1.0"), "pkg:npm/p", OutcomeKind::NotMet),
            (("pypi", "p", "1.0"), "pkg:npm/p", OutcomeKind::NotMet),
            (("npm", "@s/p", "1.0"), "pkg:npm/%40s/p@1.0", OutcomeKind::Met),
            (("gomod", "example.com/m", "v1"), "pkg:golang/example.com/m@v1", OutcomeKind::Met),
            (("jar", "org.acme:core", "1"), "pkg:maven/org.acme/core@1?type=jar", OutcomeKind::Met),
        ] {
            let statement = statement(purl, NOT_AFFECTED, "2026-01-01T00:00:00Z");
            assert_eq!(judged(advisory(found), vec![statement]), wanted, "{found:?} {purl}");
        }
        let mut without = advisory(("npm", "p", "1"));
        without.package = None;
        let statement = statement("pkg:npm/p", NOT_AFFECTED, "2026-01-01T00:00:00Z");
        assert_eq!(judged(without, vec![statement]), OutcomeKind::NotMet);
    }

    #[test]
    fn of_several_statements_the_newest_counts_and_a_contradiction_hides_nothing() {
        let hides = |stated| statement("pkg:npm/p", NOT_AFFECTED, stated);
        let counts = |stated| statement("pkg:npm/p", None, stated);
        for (statements, wanted) in [
            (vec![counts("2026-01-01T00:00:00Z"), hides("2026-02-01T00:00:00Z")], OutcomeKind::Met),
            (vec![counts("2026-02-01T00:00:00Z"), hides("2026-01-01T00:00:00Z")], OutcomeKind::NotMet),
            (vec![counts("2026-01-01T00:00:00Z"), hides("2026-01-01T00:00:00Z")], OutcomeKind::NotMet),
            (vec![counts(""), hides("2026-01-01T00:00:00Z")], OutcomeKind::NotMet),
            (vec![counts("2026-01-01T00:00:00+01:00"), hides("2026-02-01T00:00:00Z")], OutcomeKind::NotMet),
        ] {
            assert_eq!(judged(advisory(("npm", "p", "1")), statements.clone()), wanted, "{statements:?}");
        }
    }

    #[test]
    fn what_is_no_package_url_is_no_package() {
        for text in ["", "p", "pkg:", "pkg:npm", "pkg:npm/", "https://example.com/p"] {
            assert_eq!(VexPackage::of_purl(text), None, "{text}");
        }
    }
}
