//! Words and scores of tools, brought to the one scale (security.md b3).

use crate::model::Severity;

/// The severity that a tool's word stands for, in any case; `None` for a word that we do not know.
pub(in crate::formats::scans) fn severity_word(word: &str) -> Option<Severity> {
    const WORDS: &[(&str, Severity)] = &[
        ("critical", Severity::Critical),
        ("high", Severity::High),
        ("important", Severity::High),
        ("medium", Severity::Medium),
        ("moderate", Severity::Medium),
        ("low", Severity::Low),
        ("minor", Severity::Low),
        ("info", Severity::Info),
        ("informational", Severity::Info),
        ("negligible", Severity::Info),
        ("none", Severity::Info),
        ("unknown", Severity::Unknown),
        ("undefined", Severity::Unknown),
        ("unspecified", Severity::Unknown),
        ("unassigned", Severity::Unknown),
    ];
    let word = word.trim();
    WORDS.iter().find(|(name, _)| word.eq_ignore_ascii_case(name)).map(|row| row.1)
}

/// What a text says as a CVSS score.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::formats::scans) enum Score {
    /// Above 0 and up to 10.
    Band(Severity),
    /// 0: no risk is stated.
    Zero,
    /// A number outside of 0 to 10.
    Outside,
    /// No number.
    NotANumber,
}

/// Reads a decimal number and puts it into its band: from 9 critical, from 7 high, from 4 medium, above 0 low.
///
/// The bands are half-open, so that 8.95 is high and 9.0 critical (Grype writes exactly that), and the digits
/// are compared as digits: no float decides.
pub(in crate::formats::scans) fn score(text: &str) -> Score {
    let text = text.trim();
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let is_digits = |digits: &str| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    if let Some(positive) = whole.strip_prefix('-') {
        return if is_digits(positive) && is_digits(fraction) { Score::Outside } else { Score::NotANumber };
    }
    if !is_digits(whole) || !is_digits(fraction) {
        return Score::NotANumber;
    }
    let has_fraction = fraction.bytes().any(|digit| digit != b'0');
    match whole.trim_start_matches('0') {
        "" if has_fraction => Score::Band(Severity::Low),
        "" => Score::Zero,
        "1" | "2" | "3" => Score::Band(Severity::Low),
        "4" | "5" | "6" => Score::Band(Severity::Medium),
        "7" | "8" => Score::Band(Severity::High),
        "9" => Score::Band(Severity::Critical),
        "10" if !has_fraction => Score::Band(Severity::Critical),
        _ => Score::Outside,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bands_are_half_open() {
        for (text, severity) in [
            ("9.0", Severity::Critical),
            ("10.0", Severity::Critical),
            ("10", Severity::Critical),
            ("8.99", Severity::High),
            ("8.95", Severity::High),
            ("7", Severity::High),
            ("6.9999", Severity::Medium),
            ("4.0", Severity::Medium),
            ("3.9", Severity::Low),
            ("0.01", Severity::Low),
            (" 07.50 ", Severity::High),
        ] {
            assert_eq!(score(text), Score::Band(severity), "{text}");
        }
    }

    #[test]
    fn what_is_no_score_is_told_apart() {
        assert_eq!(score("0.0"), Score::Zero);
        for text in ["10.1", "11", "98", "-1", "-3.5"] {
            assert_eq!(score(text), Score::Outside, "{text}");
        }
        for text in ["", "high", "7,5", "7.", ".5", "1e1", "7.5.0", "-", "-x"] {
            assert_eq!(score(text), Score::NotANumber, "{text}");
        }
    }

    #[test]
    fn words_are_known_in_any_case_and_unknown_ones_are_not_guessed() {
        assert_eq!(severity_word("MODERATE"), Some(Severity::Medium));
        assert_eq!(severity_word(" Negligible"), Some(Severity::Info));
        assert_eq!(severity_word("severe"), None);
        assert_eq!(severity_word(""), None);
    }
}
