//! What the owners state about vulnerabilities: VEX, from the base or the organisation only (security.md b9).

use super::narrowing::identity_of_package;
use crate::compare::CountedFinding;
use crate::diagnostic::Origin;
use crate::model::{Package, purl_package};
use std::collections::BTreeMap;

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
        let [ecosystem, name, version] = purl_package(purl)?;
        let package = Self {
            ecosystem: ecosystem.to_ascii_lowercase(),
            name: name.trim_matches('/').to_owned(),
            version,
        };
        (!package.name.is_empty()).then_some(package)
    }
}

/// What is stated, by vulnerability and package. A document may state a hundred thousand things and a report may have
/// as many findings, so none is held against all of the other.
#[derive(Default)]
pub struct Statements<'v> {
    /// By id of the vulnerability, in small letters.
    by_id: BTreeMap<String, BTreeMap<Key, Said<'v>>>,
}

/// A package: its name, its version (empty for all), its ecosystem (`None` where any may be meant).
type Key = (String, String, Option<String>);

/// What is stated of one vulnerability in one package.
#[derive(Clone, Copy, Default)]
struct Said<'v> {
    /// The newest statement that hides it.
    hides: Option<&'v VexStatement>,
    /// When it was last stated that it counts, as far as the times can be compared.
    counts: Option<&'v str>,
    /// True if it is also stated that it counts at a time that cannot be compared.
    counts_at_some_time: bool,
}

impl<'v> Statements<'v> {
    /// Brings statements into order.
    pub fn new(statements: &'v [VexStatement]) -> Self {
        let mut by_id: BTreeMap<String, BTreeMap<Key, Said<'v>>> = BTreeMap::new();
        for statement in statements {
            let said = Said::of(statement);
            for id in &statement.ids {
                let packages = by_id.entry(id.to_ascii_lowercase()).or_default();
                for package in &statement.packages {
                    let (ecosystem, name) = identity_of_package(&package.ecosystem, &package.name);
                    for ecosystem in [Some(ecosystem), None] {
                        let key = (name.clone(), package.version.clone(), ecosystem);
                        packages.entry(key).or_default().add(&said);
                    }
                }
            }
        }
        Self { by_id }
    }

    /// The statement that hides a finding. Of several about it the newest counts; where they contradict each other and
    /// none is newer for certain, the finding counts.
    pub(super) fn hiding(&self, finding: &CountedFinding<'_>) -> Option<&'v VexStatement> {
        if self.by_id.is_empty() {
            return None;
        }
        let ids = finding.ids().into_iter().map(str::to_ascii_lowercase);
        let about: Vec<_> = ids.filter_map(|id| self.by_id.get(&id)).collect();
        if about.is_empty() {
            return None;
        }
        let keys = keys(finding);
        let mut said = Said::default();
        for found in about.iter().flat_map(|packages| keys.iter().filter_map(|key| packages.get(key))) {
            said.add(found);
        }
        said.hiding()
    }
}

/// Under what statements about a finding's package are found. Every report that names the package must name this one:
/// what hides a vulnerability in one package hides none in another.
fn keys(finding: &CountedFinding<'_>) -> Vec<Key> {
    let packages: Vec<_> = finding.reports().filter_map(|report| report.finding.package.as_deref()).collect();
    let identity = |package: &Package| identity_of_package(package.ecosystem.raw(), package.name.raw());
    let mut identities: Vec<_> = packages.iter().map(|package| identity(package)).collect();
    identities.sort_unstable();
    identities.dedup();
    // An ecosystem that is not stated sorts first.
    let (ecosystem, name) = match identities.as_slice() {
        [(ecosystem, name)] => ((!ecosystem.is_empty()).then(|| ecosystem.clone()), name),
        [(none, name), (ecosystem, same)] if none.is_empty() && name == same => {
            (Some(ecosystem.clone()), name)
        }
        _ => return Vec::new(),
    };
    let mut versions = vec![""];
    if let Some(version) = packages.first().map(|package| package.version.raw())
        && packages.iter().all(|package| package.version.raw() == version)
    {
        versions.push(version);
        versions.dedup();
    }
    versions.into_iter().map(|version| (name.clone(), version.to_owned(), ecosystem.clone())).collect()
}

impl<'v> Said<'v> {
    fn of(statement: &'v VexStatement) -> Self {
        match statement.hides {
            Some(_) => Self { hides: Some(statement), ..Self::default() },
            None if is_comparable(&statement.stated) => {
                Self { counts: Some(&statement.stated), ..Self::default() }
            }
            None => Self { counts_at_some_time: true, ..Self::default() },
        }
    }

    fn add(&mut self, other: &Self) {
        let both = [self.hides, other.hides].into_iter().flatten();
        self.hides = both.max_by(|left, right| {
            left.stated.cmp(&right.stated).then_with(|| right.origin.cmp(&left.origin))
        });
        self.counts = self.counts.max(other.counts);
        self.counts_at_some_time |= other.counts_at_some_time;
    }

    fn hiding(&self) -> Option<&'v VexStatement> {
        let hides = self.hides?;
        let is_older = |time: &str| is_comparable(&hides.stated) && time < hides.stated.as_str();
        let contradicted = self.counts_at_some_time || self.counts.is_some_and(|time| !is_older(time));
        (!contradicted).then_some(hides)
    }
}

/// True for a time in UTC: such times are compared as they are written.
fn is_comparable(time: &str) -> bool {
    time.ends_with('Z')
}

#[cfg(test)]
mod tests {
    use super::super::sample::{Sample, finding, scan};
    use super::*;
    use crate::model::{Finding, OutcomeKind, ScanClass, Severity};

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
            (("deb", "openssl", "1"), "pkg:deb/debian/openssl@1?distro=debian-12", OutcomeKind::Met),
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
