//! What owners lift for a while: waivers of findings and tests, and quarantined tests.
//!
//! A lifted failure is listed with its proof and not counted; it never makes up for evidence that is missing,
//! and never for a failure of a container (DECISIONS 21).

use super::versions::VersionRange;
use super::vex::VexStatement;
use super::{Globs, Scope, limits};
use crate::compare::CountedFinding;
use crate::diagnostic::Origin;
use crate::model::{Date, Finding, NotCounted, RepoPath, Severity, TestCase, Untrusted};
use std::collections::BTreeSet;
use std::fmt;

/// How many lifted failures of a rule are listed; the others are counted.
const MOST_LISTED: usize = 1_000;

/// A waiver of the owners: one rule, or some findings or tests of it, until a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiver {
    /// The rule that it lifts.
    pub rule: &'static str,
    /// What it covers; `None` is the rule as a whole.
    pub what: Option<Covered>,
    /// Who answers for it.
    pub owner: String,
    /// Why.
    pub reason: String,
    /// The last day on which it holds, in UTC.
    pub expires: Date,
    /// Where it stands.
    pub origin: Origin,
}

/// What a waiver covers. Everything that is given must fit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Covered {
    /// The finding's rule, its advisory, or another id of the same advisory.
    pub id: Option<String>,
    /// Globs of the finding's file.
    pub path: Option<Globs>,
    /// The package of the advisory.
    pub package: Option<String>,
    /// The versions of the package that are covered.
    pub versions: Option<VersionRange>,
    /// The finding's fingerprint, as the table of findings shows it.
    pub fingerprint: Option<String>,
    /// The worst severity that is covered; a finding that becomes worse counts again.
    pub severity: Option<Severity>,
    /// The test's name.
    pub test: Option<Pattern>,
}

/// A test that is known to be unreliable, until a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quarantined {
    /// The test's name.
    pub test: Pattern,
    /// Who repairs it.
    pub owner: String,
    /// Why.
    pub reason: String,
    /// The last day on which it holds, in UTC.
    pub expires: Date,
    /// Where it stands.
    pub origin: Origin,
}

/// The whole name of a test as people see it; `*` stands for any text, so that everyone sees how far it goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern(String);

impl Pattern {
    /// A pattern as written.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The pattern as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// True if the whole name fits. Linear in the name for each part between stars.
    pub fn fits(&self, name: &str) -> bool {
        let mut parts = self.0.split('*');
        let first = parts.next().unwrap_or_default();
        let Some(mut rest) = name.strip_prefix(first) else { return false };
        let mut middle: Vec<&str> = parts.collect();
        let Some(last) = middle.pop() else { return rest.is_empty() };
        for part in middle {
            match rest.split_once(part) {
                Some((_, after)) => rest = after,
                None => return false,
            }
        }
        rest.ends_with(last)
    }
}

/// In words: `CVE-2026-1234, in Cargo.lock, at most high`.
impl fmt::Display for Covered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [
            self.id.clone(),
            self.package.as_ref().map(|package| format!("package {package}")),
            self.path.as_ref().map(|path| format!("in {}", path.patterns().join(" or "))),
            self.severity.map(|severity| format!("at most {}", severity.word())),
            self.test.as_ref().map(|test| test.as_str().to_owned()),
        ];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        f.write_str(&parts.join(", "))
    }
}

impl Covered {
    /// A finding is covered if what several tools say of it fits together: any of its ids, of its places, of its
    /// names of the package; but the worst of its severities.
    fn covers_finding(&self, finding: &CountedFinding<'_>) -> bool {
        let any = |fits: &dyn Fn(&Finding) -> bool| finding.reports().any(|reported| fits(reported.finding));
        let id = |id: &String| finding.ids().contains(&id.as_str());
        let path = |globs: &Globs| {
            any(&|finding| {
                let place = finding.place.as_ref().and_then(|place| RepoPath::new(place.file.raw()).ok());
                place.is_some_and(|path| globs.is_match(&path))
            })
        };
        let package = |name: &String| {
            any(&|finding| finding.package.as_ref().is_some_and(|package| package.name.raw() == name))
        };
        let versions = |range: &VersionRange| {
            let known = versions_of(finding);
            !known.is_empty() && known.iter().all(|version| range.holds(version))
        };
        let fingerprint =
            |wanted: &String| any(&|finding| limits::fingerprints(finding).any(|its| its == *wanted));
        // Severities are ordered from the worst; an unknown one could be any, so it is never covered by one.
        let severity = |worst: &Severity| {
            let fits = |severity: Severity| severity >= *worst && severity != Severity::Unknown;
            finding.reports().all(|reported| fits(reported.finding.severity))
        };
        self.test.is_none()
            && self.id.as_ref().is_none_or(id)
            && self.path.as_ref().is_none_or(path)
            && self.package.as_ref().is_none_or(package)
            && self.versions.as_ref().is_none_or(versions)
            && self.fingerprint.as_ref().is_none_or(fingerprint)
            && self.severity.as_ref().is_none_or(severity)
    }
}

/// The installed versions that reports give; empty text where one gives none.
fn versions_of<'e>(finding: &CountedFinding<'e>) -> Vec<&'e str> {
    let packages = finding.reports().filter_map(|reported| reported.finding.package.as_ref());
    packages.map(|package| package.version.raw()).collect()
}

impl Waiver {
    /// The tool that reports a finding which the waiver would cover if the report gave the installed version: a range
    /// holds no version that nobody knows.
    pub fn lacks_version_of<'e>(&self, findings: &[CountedFinding<'e>]) -> Option<&'e Untrusted> {
        let covered = self.what.as_ref().filter(|covered| covered.versions.is_some())?;
        let without_range = Covered { versions: None, ..covered.clone() };
        let mut fitting = findings.iter().filter(|finding| without_range.covers_finding(finding));
        let lacking =
            fitting.find(|finding| versions_of(finding).iter().any(|version| version.is_empty()))?;
        Some(&lacking.main.tool.name)
    }
}

/// What was lifted of a rule's failures.
#[derive(Debug, Default)]
pub(super) struct Lifted {
    /// The failures, each with its proof; the first of them, where there are very many.
    pub(super) not_counted: Vec<NotCounted>,
    /// How many there are.
    pub(super) count: u64,
    /// Origins of the waivers and quarantine entries that something fits, failing or not.
    pub(super) used: BTreeSet<Origin>,
}

impl Lifted {
    /// True if a waiver covers the finding, which is then listed.
    pub(super) fn finding(
        &mut self,
        rule: &'static str,
        finding: &CountedFinding<'_>,
        scope: &Scope<'_>,
    ) -> bool {
        let Some(waiver) = self.waiver_of(scope, |covered| covered.covers_finding(finding)) else {
            return false;
        };
        let proof = proof("waived", &waiver.owner, waiver.expires, &waiver.reason);
        self.list_finding(rule, finding, "waived", proof);
        true
    }

    /// Lists a finding that the owners' VEX hides.
    pub(super) fn vex(&mut self, rule: &'static str, finding: &CountedFinding<'_>, statement: &VexStatement) {
        self.used.insert(statement.origin.clone());
        let (why, author) = (statement.hides.as_deref().unwrap_or_default(), &statement.author);
        let proof = format!("{why}, states {author} in {}", statement.origin.file.raw());
        self.list_finding(rule, finding, "vex", Untrusted::new(proof));
    }

    /// Lists a finding that does not count.
    pub(super) fn list_finding(
        &mut self,
        rule: &'static str,
        finding: &CountedFinding<'_>,
        cause: &'static str,
        proof: Untrusted,
    ) {
        self.list(rule, limits::finding_name(finding.main.finding), cause, proof);
    }

    /// True if the failing test is quarantined or a waiver covers it; it is then listed.
    pub(super) fn test(&mut self, rule: &'static str, case: &TestCase, scope: &Scope<'_>) -> bool {
        let name = case.id.display();
        if let Some(entry) = scope.quarantine.iter().find(|entry| entry.test.fits(name.raw())) {
            self.used.insert(entry.origin.clone());
            self.list(
                rule,
                name,
                "quarantined",
                proof("quarantined", &entry.owner, entry.expires, &entry.reason),
            );
            return true;
        }
        let fits = |covered: &Covered| covered.test.as_ref().is_some_and(|test| test.fits(name.raw()));
        let Some(waiver) = self.waiver_of(scope, fits) else { return false };
        self.list(rule, name, "waived", proof("waived", &waiver.owner, waiver.expires, &waiver.reason));
        true
    }

    fn waiver_of<'s>(&mut self, scope: &Scope<'s>, fits: impl Fn(&Covered) -> bool) -> Option<&'s Waiver> {
        let mut waivers = scope.waivers.iter().copied();
        let waiver = waivers.find(|waiver| waiver.what.as_ref().is_some_and(&fits))?;
        self.used.insert(waiver.origin.clone());
        Some(waiver)
    }

    /// Marks every entry that fits one of these names as used: a quarantined test that passes is there too.
    pub(super) fn mark_tests<'n>(
        &mut self,
        names: impl IntoIterator<Item = &'n Untrusted>,
        scope: &Scope<'_>,
    ) {
        for name in names {
            let quarantined = scope.quarantine.iter().filter(|entry| entry.test.fits(name.raw()));
            self.used.extend(quarantined.map(|entry| entry.origin.clone()));
            let fits = |waiver: &&&Waiver| {
                let test = waiver.what.as_ref().and_then(|covered| covered.test.as_ref());
                test.is_some_and(|test| test.fits(name.raw()))
            };
            self.used.extend(scope.waivers.iter().filter(fits).map(|waiver| waiver.origin.clone()));
        }
    }

    /// Marks every entry as used: nobody can say which of them fit nothing.
    pub(super) fn mark_all(&mut self, scope: &Scope<'_>) {
        self.used.extend(scope.quarantine.iter().map(|entry| entry.origin.clone()));
        self.used.extend(scope.waivers.iter().map(|waiver| waiver.origin.clone()));
    }

    fn list(&mut self, rule: &'static str, what: Untrusted, cause: &'static str, proof: Untrusted) {
        self.count += 1;
        if self.not_counted.len() < MOST_LISTED {
            self.not_counted.push(NotCounted { rules: vec![rule], what, cause, proof });
        }
    }
}

/// `quarantined by @acme/core until 2027-01-15: flaky, #812`.
fn proof(how: &str, owner: &str, expires: Date, reason: &str) -> Untrusted {
    Untrusted::new(format!("{how} by {owner} until {expires}: {reason}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_without_a_star_is_the_whole_name() {
        assert!(Pattern::new("ledger::sync_eu").fits("ledger::sync_eu"));
        assert!(!Pattern::new("ledger::sync").fits("ledger::sync_eu"));
        assert!(!Pattern::new("sync_eu").fits("ledger::sync_eu"));
    }

    #[test]
    fn a_star_stands_for_any_text() {
        for (pattern, name, fits) in [
            ("ledger::*", "ledger::sync_eu", true),
            ("*sync*", "ledger::sync_eu", true),
            ("a*b*c", "a1b2c", true),
            ("a*b*c", "a1c2b", false),
            ("a*a", "a", false),
            ("*", "", true),
            ("a**b", "ab", true),
            ("ledger::*", "other::ledger::x", false),
        ] {
            assert_eq!(Pattern::new(pattern).fits(name), fits, "{pattern} {name}");
        }
    }
}
