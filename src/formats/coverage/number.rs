//! Numbers as coverage tools write them.

use siphasher::sip::SipHasher13;
use std::hash::Hasher as _;
use std::num::NonZeroU32;

/// How often something ran, as far as the text says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Count {
    /// A count.
    Hits(u64),
    /// One that no tool can mean: beyond 64 bits, where their largest value stands for it, or with a fraction, which is
    /// cut off.
    Rounded(u64),
    /// Below zero: gcc bug 67937 and overflowing counters. Nothing that could count as covered.
    Negative,
    /// No number.
    Unreadable,
}

/// Reads a count: digits, or a decimal with fraction and exponent (`1.5e+20`), as LCOV's Perl tools write.
pub(super) fn count(text: &[u8]) -> Count {
    if let Some(hits) = digits(text) {
        return if hits == u64::MAX && !is_largest(text) { Count::Rounded(hits) } else { Count::Hits(hits) };
    }
    let text = text.trim_ascii();
    let (negative, text) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        text => (false, text),
    };
    match decimal(text) {
        None => Count::Unreadable,
        Some((value, _)) if negative && value > 0 => Count::Negative,
        Some((value, true)) => Count::Hits(value),
        Some((value, false)) => Count::Rounded(value),
    }
}

/// True for the largest number of 64 bits.
fn is_largest(digits: &[u8]) -> bool {
    let zeros = digits.iter().take_while(|byte| **byte == b'0').count();
    digits.get(zeros..) == Some(b"18446744073709551615")
}

/// Plain digits as a number, saturating; `None` for anything else or nothing.
pub(super) fn digits(text: &[u8]) -> Option<u64> {
    let mut value = 0_u64;
    for byte in text {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        value = value.saturating_mul(10).saturating_add(u64::from(digit));
    }
    (!text.is_empty()).then_some(value)
}

/// Digits with an optional fraction and exponent, rounded towards zero and saturating, without a float; and whether it
/// is exactly that.
fn decimal(text: &[u8]) -> Option<(u64, bool)> {
    let (mantissa, exponent) = match text.iter().position(|byte| matches!(byte, b'e' | b'E')) {
        Some(at) => {
            let exponent = text.get(at + 1..)?;
            let (sign, exponent) = match exponent {
                [b'-', rest @ ..] => (-1, rest),
                [b'+', rest @ ..] => (1, rest),
                rest => (1, rest),
            };
            // Far beyond 64 bits in either direction a larger exponent makes no difference.
            let size = i64::try_from(digits(exponent)?.min(10_000)).ok()?;
            (text.get(..at)?, sign * size)
        }
        None => (text, 0),
    };
    let point = mantissa.iter().position(|&byte| byte == b'.').unwrap_or(mantissa.len());
    let (whole, fraction) = (mantissa.get(..point)?, mantissa.get(point + 1..).unwrap_or_default());
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let mut value = 0_u128;
    let mut scale = exponent;
    let mut is_exact = true;
    for (index, byte) in whole.iter().chain(fraction).enumerate() {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        let in_fraction = index >= whole.len();
        if value < u128::MAX / 100 {
            value = value * 10 + u128::from(digit);
            scale -= i64::from(in_fraction);
        } else {
            scale += i64::from(!in_fraction);
            is_exact &= digit == 0;
        }
    }
    while scale > 0 && value != 0 && value <= u128::from(u64::MAX) {
        value *= 10;
        scale -= 1;
    }
    while scale < 0 && value != 0 {
        is_exact &= value.is_multiple_of(10);
        value /= 10;
        scale += 1;
    }
    Some(u64::try_from(value).map_or((u64::MAX, false), |value| (value, is_exact)))
}

/// Which line a record is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LineNumber {
    /// A line of the file.
    Line(NonZeroU32),
    /// 0, negative, `undefined`, `NaN` or `null`: code that the compiler made, without a line of its own.
    NoLine,
    /// No number, or one that no file has.
    Unreadable,
}

/// Reads a line number.
pub(super) fn line_number(text: &[u8]) -> LineNumber {
    let text = text.trim_ascii();
    if let Some(number) = digits(text) {
        return match u32::try_from(number).map(NonZeroU32::new) {
            Ok(Some(line)) => LineNumber::Line(line),
            Ok(None) => LineNumber::NoLine,
            Err(_) => LineNumber::Unreadable,
        };
    }
    match text {
        b"undefined" | b"NaN" | b"null" => LineNumber::NoLine,
        [b'-', rest @ ..] if digits(rest).is_some() => LineNumber::NoLine,
        _ => LineNumber::Unreadable,
    }
}

/// Identity within its line of a branch that two numbers name: of LCOV block and branch, of istanbul branch and
/// arm. The highest bit is set in identities of branches that have other names; blocks never come near it.
pub(super) fn numbered_branch(block: u32, branch: u32) -> u64 {
    u64::from(block & (u32::MAX >> 1)) << 32 | u64::from(branch)
}

/// Identity within its lines of what stands at a place: first line, column, last line, column.
pub(super) fn place_branch(place: [u32; 4]) -> u64 {
    let mut hasher = SipHasher13::new();
    place.iter().for_each(|number| hasher.write_u32(*number));
    named_branch(hasher.finish())
}

/// A number that only tells things apart; 0 if it is none.
pub(super) fn small(text: &[u8]) -> u32 {
    digits(text).and_then(|number| u32::try_from(number).ok()).unwrap_or_default()
}

/// Identity within its line of a branch with another name, from a hash of that.
pub(super) fn named_branch(hash: u64) -> u64 {
    hash | 1 << 63
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_read_in_every_form_that_tools_write() {
        for (text, expected) in [
            ("0", Count::Hits(0)),
            ("18446744073709551615", Count::Hits(u64::MAX)),
            ("0018446744073709551615", Count::Hits(u64::MAX)),
            ("18446744073709551616", Count::Rounded(u64::MAX)),
            ("99999999999999999999", Count::Rounded(u64::MAX)),
            ("1.5e+3", Count::Hits(1500)),
            ("1.5e+20", Count::Rounded(u64::MAX)),
            ("1E2", Count::Hits(100)),
            ("2.0", Count::Hits(2)),
            ("1.5", Count::Rounded(1)),
            (".5", Count::Rounded(0)),
            ("12345e-3", Count::Rounded(12)),
            ("12000e-3", Count::Hits(12)),
            ("1e-400", Count::Rounded(0)),
            ("1e99999999999999999999", Count::Rounded(u64::MAX)),
            ("0e99999", Count::Hits(0)),
            (" 3 ", Count::Hits(3)),
            ("+3", Count::Hits(3)),
            ("-3", Count::Negative),
            ("-1.5e3", Count::Negative),
            ("-0", Count::Hits(0)),
            ("", Count::Unreadable),
            (".", Count::Unreadable),
            ("-", Count::Unreadable),
            ("1e", Count::Unreadable),
            ("NaN", Count::Unreadable),
            ("inf", Count::Unreadable),
            ("0x10", Count::Unreadable),
            ("1 2", Count::Unreadable),
        ] {
            assert_eq!(count(text.as_bytes()), expected, "{text}");
        }
    }

    #[test]
    fn a_number_of_a_million_digits_is_only_large() {
        let mut text = "9".repeat(1_000_000);
        assert_eq!(count(text.as_bytes()), Count::Rounded(u64::MAX));
        text.insert(1, '.');
        assert_eq!(count(text.as_bytes()), Count::Rounded(9));
    }

    #[test]
    fn line_numbers_that_name_no_line_are_told_from_nonsense() {
        assert!(matches!(line_number(b"4294967295"), LineNumber::Line(line) if line.get() == u32::MAX));
        for text in ["0", "-1", "undefined", "NaN"] {
            assert_eq!(line_number(text.as_bytes()), LineNumber::NoLine, "{text}");
        }
        for text in ["4294967296", "x", "", "1.5", "--1"] {
            assert_eq!(line_number(text.as_bytes()), LineNumber::Unreadable, "{text}");
        }
    }
}
