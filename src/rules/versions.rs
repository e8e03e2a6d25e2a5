//! Ranges of versions in waivers: `>=1.2, <1.4.1`.

use std::cmp::Ordering;
use std::fmt;

/// Comparisons that must all hold. Only plain versions (numbers between dots) can be compared; what has another
/// form is in no range, so that it counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VersionRange(Vec<(Comparison, Vec<u64>)>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Comparison {
    AtLeast,
    Above,
    AtMost,
    Below,
    Exactly,
}

const COMPARISONS: [(&str, Comparison); 5] = [
    (">=", Comparison::AtLeast),
    ("<=", Comparison::AtMost),
    (">", Comparison::Above),
    ("<", Comparison::Below),
    ("=", Comparison::Exactly),
];

impl VersionRange {
    /// Reads a range; `None` if it is none. A version without a comparison is that version alone.
    pub fn parse(text: &str) -> Option<Self> {
        let read = |part: &str| {
            let part = part.trim();
            let compared = COMPARISONS
                .into_iter()
                .find_map(|(sign, comparison)| Some((comparison, part.strip_prefix(sign)?)));
            let (comparison, version) = compared.unwrap_or((Comparison::Exactly, part));
            Some((comparison, numbers(version.trim())?))
        };
        text.split(',').map(read).collect::<Option<Vec<_>>>().map(Self)
    }

    /// True if the version is in the range.
    pub fn holds(&self, version: &str) -> bool {
        let Some(version) = numbers(version) else { return false };
        self.0.iter().all(|(comparison, bound)| {
            let order = compare(&version, bound);
            match comparison {
                Comparison::AtLeast => order != Ordering::Less,
                Comparison::Above => order == Ordering::Greater,
                Comparison::AtMost => order != Ordering::Greater,
                Comparison::Below => order == Ordering::Less,
                Comparison::Exactly => order == Ordering::Equal,
            }
        })
    }
}

impl fmt::Display for VersionRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = self.0.iter().map(|(comparison, version)| {
            let sign = COMPARISONS.iter().find(|(_, known)| known == comparison).map_or("", |(sign, _)| sign);
            let version: Vec<String> = version.iter().map(u64::to_string).collect();
            format!("{sign}{}", version.join("."))
        });
        f.write_str(&parts.collect::<Vec<_>>().join(", "))
    }
}

/// `v1.2.3` as numbers; `None` for anything with letters: a pre-release is no release.
fn numbers(version: &str) -> Option<Vec<u64>> {
    let version = version.strip_prefix('v').unwrap_or(version);
    let number = |part: &str| {
        let plain = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if plain { part.parse().ok() } else { None }
    };
    version.split('.').map(number).collect()
}

/// Missing numbers are 0: `1.2` is `1.2.0`.
fn compare(left: &[u64], right: &[u64]) -> Ordering {
    let at = |numbers: &[u64], index: usize| numbers.get(index).copied().unwrap_or(0);
    let length = left.len().max(right.len());
    (0..length)
        .map(|index| at(left, index).cmp(&at(right, index)))
        .find(|order| order.is_ne())
        .unwrap_or(Ordering::Equal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_number_by_number() {
        let range = VersionRange::parse(">=1.2, <1.10.1").unwrap();
        for (version, inside) in [
            ("1.2", true),
            ("1.2.0", true),
            ("v1.9.9", true),
            ("1.10", true),
            ("1.10.1", false),
            ("1.1.9", false),
            ("2", false),
        ] {
            assert_eq!(range.holds(version), inside, "{version}");
        }
        assert_eq!(range.to_string(), ">=1.2, <1.10.1");
        assert!(VersionRange::parse("1.2.3").unwrap().holds("1.2.3"));
    }

    #[test]
    fn what_is_no_plain_version_is_in_no_range() {
        let range = VersionRange::parse(">=0").unwrap();
        for version in ["", "1.2-rc1", "1.0.0+build", "latest", "1..2", "99999999999999999999"] {
            assert!(!range.holds(version), "{version}");
        }
        for text in ["", ">=", "~1.2", "^1", "1.x", ">=1,", "> = 1"] {
            assert_eq!(VersionRange::parse(text), None, "{text}");
        }
    }
}
