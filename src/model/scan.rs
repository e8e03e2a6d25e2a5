//! Findings of scanners, on one severity scale.

use super::{Health, Place, Untrusted};
use serde::{Deserialize, Serialize};

/// How bad a finding is, on the one scale that all tools are brought to.
///
/// `Unknown` is a bucket of its own; the policy says what it counts as (`unknown-as`). Ordered from worst to
/// least, `Unknown` last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// CVSS from 9.0.
    Critical,
    /// CVSS from 7.0; SARIF level `error` without a number.
    High,
    /// CVSS from 4.0; SARIF level `warning` without a number.
    Medium,
    /// CVSS above 0; SARIF level `note` without a number.
    Low,
    /// No risk stated: SARIF level `none`.
    Info,
    /// The report gives no severity that we know.
    Unknown,
}

impl Severity {
    /// All of them, worst first, `Unknown` last.
    pub const ALL: [Self; 6] =
        [Self::Critical, Self::High, Self::Medium, Self::Low, Self::Info, Self::Unknown];

    /// The word used in policies, JSON and text.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::High => "high",
            Self::Medium => "medium",
            Self::Low => "low",
            Self::Info => "info",
            Self::Unknown => "unknown",
        }
    }
}

/// A count per severity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct SeverityCounts {
    /// Findings of this severity.
    pub critical: u64,
    /// Findings of this severity.
    pub high: u64,
    /// Findings of this severity.
    pub medium: u64,
    /// Findings of this severity.
    pub low: u64,
    /// Findings of this severity.
    pub info: u64,
    /// Findings without a severity that we know.
    pub unknown: u64,
}

impl SeverityCounts {
    /// The count of one severity.
    pub const fn get(&self, severity: Severity) -> u64 {
        match severity {
            Severity::Critical => self.critical,
            Severity::High => self.high,
            Severity::Medium => self.medium,
            Severity::Low => self.low,
            Severity::Info => self.info,
            Severity::Unknown => self.unknown,
        }
    }

    /// The count of one severity, to change it.
    pub const fn get_mut(&mut self, severity: Severity) -> &mut u64 {
        match severity {
            Severity::Critical => &mut self.critical,
            Severity::High => &mut self.high,
            Severity::Medium => &mut self.medium,
            Severity::Low => &mut self.low,
            Severity::Info => &mut self.info,
            Severity::Unknown => &mut self.unknown,
        }
    }

    /// Counts one finding.
    pub const fn count(&mut self, severity: Severity) {
        *self.get_mut(severity) = self.get(severity).saturating_add(1);
    }

    /// All findings.
    pub fn total(&self) -> u64 {
        Severity::ALL.iter().map(|&severity| self.get(severity)).fold(0, u64::saturating_add)
    }

    /// Adds the counts of another scan.
    pub fn add(&mut self, other: &Self) {
        for severity in Severity::ALL {
            *self.get_mut(severity) = self.get(severity).saturating_add(other.get(severity));
        }
    }
}

/// What kind of thing a finding is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ScanClass {
    /// Source code.
    Source,
    /// A dependency with an advisory.
    Dependency,
    /// A secret in the tree or its history.
    Secret,
    /// Infrastructure as code.
    Infrastructure,
    /// A container image.
    Container,
    /// A licence.
    License,
}

/// The scanner that wrote the report.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Tool {
    /// Its name; empty if the report gives none.
    pub name: Untrusted,
    /// Its version; empty if the report gives none.
    pub version: Untrusted,
}

/// A package with an advisory.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Package {
    /// Ecosystem (`npm`, `cargo`, `pypi` …), lower case; empty if unknown.
    pub ecosystem: Untrusted,
    /// Name of the package.
    pub name: Untrusted,
    /// Installed version; empty if unknown.
    pub version: Untrusted,
}

/// Why a finding does not count, as the report itself says it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Suppression {
    /// `in-source`, `external`, `vex`, `ignore-file` …: a word of ours.
    pub by: String,
    /// The justification that somebody gave; free text.
    pub reason: Untrusted,
}

/// A 64-bit identity of a finding within its file; it survives moved lines and does not hold the path, so that
/// a renamed file can be followed.
///
/// Compared as multisets: two equal findings on the head are covered by two on the base, not by one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FindingId(pub u64);

impl FindingId {
    /// The report does not say enough for an identity of this rank. Never equal to anything.
    pub const ABSENT: Self = Self(0);

    /// True if there is an identity.
    pub const fn is_there(self) -> bool {
        self.0 != Self::ABSENT.0
    }
}

/// One finding, brought to our words.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// Where the severity comes from: `security-severity 8.2`, `level error`, `trivy/ghsa HIGH`.
    pub severity_source: Untrusted,
    /// What it is about.
    pub class: ScanClass,
    /// The tool's rule or the advisory's id.
    pub rule: Untrusted,
    /// Other ids of the same advisory (CVE, GHSA, RUSTSEC …); sorted.
    pub aliases: Vec<Untrusted>,
    /// What the tool says, cut to a stated length; never a secret's value. Empty beyond the cap of texts.
    pub message: Untrusted,
    /// Where: a path from the root of the repository where the report says enough, else as the tool wrote it.
    pub place: Option<Place>,
    /// The package, for advisories.
    pub package: Option<Box<Package>>,
    /// `Some` if the report itself says that it does not count; such findings are listed and not judged.
    pub suppression: Option<Box<Suppression>>,
    /// Identities by rank, strongest first: the tool's fingerprint; the text of the place; the message without
    /// its numbers. Each holds the rule; the path stands in `place` (security.md b6).
    pub identities: [FindingId; 3],
}

/// What one run of one scanner says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Scan {
    /// Which scanner.
    pub tool: Tool,
    /// Category of the run (SARIF `automationDetails.id` without the run's own part); empty if none.
    pub category: Untrusted,
    /// Whether the run itself finished (security.md b1).
    pub health: Health,
    /// The tool's own words for a health that is not `complete`; empty otherwise.
    pub health_reason: Untrusted,
    /// Active findings per severity, whatever is kept of them.
    pub active: SeverityCounts,
    /// Suppressed findings, which do not count.
    pub suppressed: u64,
    /// Active findings, worst first, then suppressed ones. Beyond a first cap they have no message any more.
    pub findings: Vec<Finding>,
    /// Active findings that were counted but are not in `findings`, per severity, because of a second cap.
    pub not_kept: SeverityCounts,
}
