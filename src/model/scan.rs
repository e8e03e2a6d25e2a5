//! Findings of scanners, on one severity scale.

use super::{Health, Place, ScanClass, ScanClasses, Untrusted};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::num::NonZeroU32;

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

/// The scanner that wrote the report.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Tool {
    /// Its name; empty if the report gives none.
    pub name: Untrusted,
    /// Its version; empty if the report gives none.
    pub version: Untrusted,
    /// Its vulnerability database, by the day and time that it was made; empty if the report gives none.
    #[serde(default, skip_serializing_if = "Untrusted::is_empty")]
    pub database: Untrusted,
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

    const fn absent() -> Self {
        Self::ABSENT
    }

    const fn is_absent(&self) -> bool {
        !self.is_there()
    }
}

/// What a report says of a finding beside its severity. `None` wherever it says nothing, which is never taken for
/// the better of the two.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct Traits {
    /// Whether a version without it exists.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fix: Option<bool>,
    /// Whether the code can reach it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reachable: Option<bool>,
    /// Whether it is in a dependency of the development alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub development: Option<bool>,
    /// Whether it is known to be exploited (CISA's KEV catalogue).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exploited: Option<bool>,
    /// For a secret: whether the scanner has seen that it works.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verified: Option<bool>,
    /// Probability that it will be exploited within 30 days (EPSS).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub epss: Option<Epss>,
    /// What it is about beside its class: a vulnerable package inside of a container image is about both.
    #[serde(skip_serializing_if = "ScanClasses::is_empty")]
    pub also: ScanClasses,
}

impl Traits {
    /// True if the report says nothing of all that.
    pub fn is_silent(&self) -> bool {
        *self == Self::default()
    }
}

/// A probability in hundred-thousandths, from 0 to 100,000: EPSS is published with five decimals.
///
/// It is held as one more than it is: where a finding has none, that takes no room.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Epss(NonZeroU32);

impl Epss {
    /// Certainty.
    pub const ONE: Self = Self::of(100_000);

    /// So many hundred-thousandths.
    pub const fn of(hundred_thousandths: u32) -> Self {
        Self(NonZeroU32::MIN.saturating_add(hundred_thousandths))
    }

    /// The hundred-thousandths.
    pub const fn hundred_thousandths(self) -> u32 {
        self.0.get() - 1
    }

    /// Reads a decimal number from 0 to 1, of which digits beyond the fifth are cut: `0.97532`, `1`, `9.1e-4`.
    /// `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let (digits, exponent) = match text.split_once(['e', 'E']) {
            Some((digits, exponent)) => (digits, exponent.parse::<i32>().ok()?),
            None => (text, 0),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        if whole.is_empty() || !whole.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        // Where the point stands once the exponent has moved it.
        let point = i64::try_from(whole.len()).ok()? + i64::from(exponent);
        let mut value = 0_u64;
        for (index, digit) in whole.bytes().chain(fraction.bytes()).enumerate() {
            let place = point + 5 - i64::try_from(index).ok()? - 1;
            let digit = u64::from(digit - b'0');
            if digit == 0 || place < 0 {
                continue;
            }
            let power = 10_u64.checked_pow(u32::try_from(place).ok()?)?;
            value = value.checked_add(digit.checked_mul(power)?)?;
        }
        let value = Self::of(u32::try_from(value).ok()?);
        (value <= Self::ONE).then_some(value)
    }
}

/// `97.532%`, exact.
impl std::fmt::Display for Epss {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let value = self.hundred_thousandths();
        write!(f, "{}.{:03}%", value / 1_000, value % 1_000)
    }
}

impl std::fmt::Debug for Epss {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Epss({})", self.hundred_thousandths())
    }
}

impl Serialize for Epss {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u32(self.hundred_thousandths())
    }
}

impl<'de> Deserialize<'de> for Epss {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        u32::deserialize(deserializer).map(Self::of)
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
    pub aliases: Box<[Untrusted]>,
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
    /// The identity by the text of its line and what follows it, whatever the white space (GitHub's
    /// `primaryLocationLineHash`); it stands between the tool's fingerprint and the text of the place. Absent
    /// where the tracked file was not at hand.
    #[serde(default = "FindingId::absent", skip_serializing_if = "FindingId::is_absent")]
    pub line: FindingId,
    /// What the report says of it beside that.
    #[serde(default, skip_serializing_if = "Traits::is_silent")]
    pub traits: Traits,
}

impl Finding {
    /// True if it is about this class of things.
    pub const fn is_about(&self, class: ScanClass) -> bool {
        self.class as u8 == class as u8 || self.traits.also.has(class)
    }
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
    /// What the run is known to have looked for: by what its report says, by the only thing that its scanner can do,
    /// by what it found, or by what the policy says of its reports. Without that, finding nothing proves nothing.
    #[serde(default, skip_serializing_if = "ScanClasses::is_empty")]
    pub looked_for: ScanClasses,
    /// Active findings per severity, whatever is kept of them.
    pub active: SeverityCounts,
    /// Suppressed findings, which do not count.
    pub suppressed: u64,
    /// Active findings, worst first, then suppressed ones. Beyond a first cap they have no message any more.
    pub findings: Vec<Finding>,
    /// Active findings that were counted but are not in `findings`, per severity, because of a second cap.
    pub not_kept: SeverityCounts,
}

impl Scan {
    /// Takes the word of those who know the scanner for what it looks for. A finding whose own class is none of these is
    /// about all of them too, as its class may be a guess; a dependency is also about the image that is scanned.
    pub fn state(&mut self, classes: ScanClasses) {
        self.looked_for = self.looked_for.with(classes);
        let of_image = ScanClasses::of(&[ScanClass::Container]);
        for finding in &mut self.findings {
            if !classes.has(finding.class) {
                finding.traits.also = finding.traits.also.with(classes);
            } else if classes.has(ScanClass::Container) && finding.class == ScanClass::Dependency {
                finding.traits.also = finding.traits.also.with(of_image);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Epss;

    #[test]
    fn a_probability_is_read_digit_by_digit() {
        for (text, value) in [
            ("0.97532", Some(97_532)),
            ("0.975329", Some(97_532)),
            ("1", Some(100_000)),
            ("1.00000", Some(100_000)),
            ("0", Some(0)),
            ("9.1e-4", Some(91)),
            ("1e-9", Some(0)),
            ("5.0E-1", Some(50_000)),
            ("1.1", None),
            ("10e0", None),
            ("1e99", None),
            ("-0.1", None),
            (".5", None),
            ("0,5", None),
            ("", None),
            ("nan", None),
        ] {
            assert_eq!(Epss::parse(text), value.map(Epss::of), "{text}");
        }
        assert_eq!(Epss::of(97_532).to_string(), "97.532%");
        assert_eq!(Epss::of(91).to_string(), "0.091%");
    }
}
