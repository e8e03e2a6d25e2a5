//! CVSS vectors (security.md b9): for tools that give a vector and no severity.

use super::severity::{Score, score};
use crate::model::Severity;
use std::str::FromStr as _;

/// The severity of a vector and what to show of it (`CVSS 3.1 8.2`); `None` if it cannot be scored.
///
/// Version 2 has no critical band of its own; the bands of version 3 are used, as OSV does.
pub(in crate::formats::scans) fn vector_severity(vector: &str) -> Option<(Severity, String)> {
    let vector = vector.trim().trim_start_matches('(').trim_end_matches(')');
    let version = match vector.strip_prefix("CVSS:") {
        Some(rest) => rest.split_once('/').map_or(rest, |(version, _)| version),
        None => "2.0",
    };
    // Without one of these the crate's score would be wrong, not an error.
    let required: &[&str] = match version {
        "2.0" => &["AV", "AC", "Au", "C", "I", "A"],
        "3.0" | "3.1" => &["AV", "AC", "PR", "UI", "S", "C", "I", "A"],
        "4.0" => &["AV", "AC", "AT", "PR", "UI", "VC", "VI", "VA", "SC", "SI", "SA"],
        _ => return None,
    };
    let names: Vec<&str> =
        vector.split('/').filter_map(|part| part.split_once(':')).map(|part| part.0).collect();
    if !required.iter().all(|name| names.contains(name)) {
        return None;
    }
    let value = cvss::Cvss::from_str(vector).ok()?.score();
    let text = format!("{value:.1}");
    let severity = match score(&text) {
        Score::Band(severity) => severity,
        Score::Zero => Severity::Info,
        Score::Outside | Score::NotANumber => return None,
    };
    Some((severity, format!("CVSS {version} {text}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn vectors_of_all_versions_are_scored() {
        for (vector, severity, shown) in [
            ("AV:N/AC:L/Au:N/C:N/I:N/A:P", Severity::Medium, "CVSS 2.0 5.0"),
            ("(AV:N/AC:L/Au:N/C:C/I:C/A:C)", Severity::Critical, "CVSS 2.0 10.0"),
            ("CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:L", Severity::Medium, "CVSS 3.0 5.3"),
            ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", Severity::Critical, "CVSS 3.1 9.8"),
            ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N", Severity::Info, "CVSS 3.1 0.0"),
            (
                "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N",
                Severity::Critical,
                "CVSS 4.0 9.3",
            ),
        ] {
            assert_eq!(vector_severity(vector), Some((severity, shown.to_owned())), "{vector}");
        }
    }

    #[test]
    fn what_is_no_whole_vector_is_not_scored() {
        for vector in [
            "",
            "7.5",
            "CVSS:3.1/AV:N",
            "CVSS:4.0/AV:N/AC:L",
            "CVSS:9.9/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:L",
            "CVSS:3.1/AV:Q/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:L",
            "AV:N/AC:L/Au:N/C:N/I:N",
        ] {
            assert_eq!(vector_severity(vector), None, "{vector}");
        }
    }

    proptest! {
        #[test]
        fn no_vector_panics(
            version in prop::sample::select(&["", "CVSS:3.0/", "CVSS:3.1/", "CVSS:4.0/"][..]),
            values in proptest::collection::vec(prop::sample::select(&b"NLAPHUCRXSMOFWTGYDEI"[..]), 40),
            order in proptest::collection::vec(any::<prop::sample::Index>(), 0..6),
        ) {
            const NAMES: &[&str] = &["AV", "AC", "Au", "AT", "PR", "UI", "S", "C", "I", "A", "VC", "VI", "VA", "SC", "SI", "SA", "E", "RL", "RC", "CR", "IR", "AR", "MAV", "MAC", "MAT", "MPR", "MUI", "MS", "MVC", "MSA"];
            let of_version: &[&str] = match version {
                "" => &["AV", "AC", "Au", "C", "I", "A"],
                "CVSS:4.0/" => &["AV", "AC", "AT", "PR", "UI", "VC", "VI", "VA", "SC", "SI", "SA"],
                _ => &["AV", "AC", "PR", "UI", "S", "C", "I", "A"],
            };
            let names = of_version.iter().copied().chain(order.iter().map(|index| NAMES[index.index(NAMES.len())]));
            let parts: Vec<String> =
                names.zip(&values).map(|(name, value)| format!("{name}:{}", char::from(*value))).collect();
            let _ = vector_severity(&format!("{version}{}", parts.join("/")));
        }
    }
}
