//! Times as tools write them.

use std::time::Duration;

/// A time as a tool wrote it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Time {
    /// It can be read.
    Known(Duration),
    /// Nothing is written.
    Absent,
    /// Something is written that is no time, or could mean two.
    Unclear,
}

/// Reads seconds: `1.5`, `4.5e-05`, `1,024.12` (Surefire), `0,160` (a decimal comma), `80.8us`, `1,234.56s`.
///
/// A comma before exactly three digits is a thousands separator only if a dot or another comma follows;
/// `1,234` alone could be either and is unclear. Negative, infinite and absurdly large times are unclear.
pub(super) fn seconds(text: &str) -> Time {
    let text = text.trim();
    if text.is_empty() {
        return Time::Absent;
    }
    if let Some(time) = plain_seconds(text.as_bytes()) {
        return Time::Known(time);
    }
    let unit_at = text.bytes().position(|byte| !matches!(byte, b'0'..=b'9' | b'.' | b',' | b'+'));
    let (number, rest) = text.split_at_checked(unit_at.unwrap_or(text.len())).unwrap_or((text, ""));
    let read = || {
        let (exponent, unit) = exponent(rest)?;
        let scale = unit_scale(unit)?;
        let (digits, decimals) = number_parts(number.strip_prefix('+').unwrap_or(number))?;
        nanoseconds(&digits, exponent.checked_sub(decimals)?, scale)
    };
    read().map_or(Time::Unclear, Time::Known)
}

/// The common form, digits with at most one dot, without a detour.
pub(super) fn plain_seconds(text: &[u8]) -> Option<Duration> {
    let mut seconds = 0_u64;
    let mut nanos = 0_u32;
    let mut unit = None;
    for byte in text {
        match (byte, &mut unit) {
            (b'0'..=b'9', None) => seconds = seconds.checked_mul(10)?.checked_add(u64::from(byte - b'0'))?,
            (b'0'..=b'9', Some(unit)) => {
                nanos += *unit * u32::from(byte - b'0');
                *unit /= 10;
            }
            (b'.', None) if text.len() > 1 => unit = Some(100_000_000_u32),
            _ => return None,
        }
    }
    (seconds <= LONGEST && !text.is_empty()).then(|| Duration::new(seconds, nanos))
}

/// Reads a .NET time span: `00:01:02.1234567`, `1.02:03:04`.
pub(super) fn time_span(text: &str) -> Time {
    let text = text.trim();
    if text.is_empty() {
        return Time::Absent;
    }
    let read = || {
        let (hours, rest) = text.split_once(':')?;
        let (minutes, seconds) = rest.split_once(':')?;
        let (days, hours) = hours.split_once('.').unwrap_or(("0", hours));
        let number = |text: &str| text.parse::<u32>().ok();
        let minutes =
            u64::from(number(days)?) * 1_440 + u64::from(number(hours)?) * 60 + u64::from(number(minutes)?);
        plain_seconds(seconds.as_bytes())?.checked_add(Duration::from_secs(minutes.checked_mul(60)?))
    };
    read().map_or(Time::Unclear, Time::Known)
}

/// An exponent at the beginning (`e-05`), and the text behind it.
fn exponent(text: &str) -> Option<(i32, &str)> {
    let Some(body) = text.strip_prefix(['e', 'E']) else { return Some((0, text)) };
    let end = body.bytes().skip(1).position(|byte| !byte.is_ascii_digit()).map_or(body.len(), |end| end + 1);
    let (number, unit) = body.split_at_checked(end)?;
    Some((number.parse().ok()?, unit))
}

/// Nanoseconds in the unit, and how many powers of ten they stand for.
fn unit_scale(unit: &str) -> Option<u128> {
    match unit.trim() {
        "" | "s" | "sec" | "secs" | "second" | "seconds" => Some(1_000_000_000),
        "ms" => Some(1_000_000),
        "us" | "\u{b5}s" | "\u{3bc}s" => Some(1_000),
        "ns" => Some(1),
        "m" | "min" => Some(60_000_000_000),
        "h" => Some(3_600_000_000_000),
        _ => None,
    }
}

/// The digits without separators, and how many of them stand behind the decimal mark.
fn number_parts(number: &str) -> Option<(String, i32)> {
    if !number.bytes().any(|byte| byte.is_ascii_digit()) || number.contains('+') {
        return None;
    }
    let commas = number.matches(',').count();
    let dots = number.matches('.').count();
    let last = number.rfind([',', '.']);
    let behind = last.map_or(0, |last| number.len() - last - 1);
    let decimal = match (commas, dots) {
        (0, 0) => None,
        // `1,234` could be either; a group never begins with a lone 0.
        (1, 0) if behind == 3 && !number.starts_with(['0', ',']) => return None,
        (0 | 1, 1) | (1, 0) => last,
        (_, 0) => None,
        // The mark that stands alone and last is the decimal one.
        (_, 1) if number.rfind('.') == last => last,
        (1, _) if number.rfind(',') == last => last,
        _ => return None,
    };
    let whole = number.get(..decimal.unwrap_or(number.len()))?;
    let fraction = decimal.and_then(|at| number.get(at + 1..)).unwrap_or_default();
    let mut groups = whole.split([',', '.']);
    let first = groups.next().unwrap_or_default();
    let mut digits = first.to_owned();
    for group in groups {
        if group.len() != 3 || first.is_empty() || first.len() > 3 {
            return None;
        }
        digits.push_str(group);
    }
    digits.push_str(fraction);
    Some((digits, i32::try_from(fraction.len()).ok()?))
}

/// `digits` times ten to the `exponent`, in units of `scale` nanoseconds.
fn nanoseconds(digits: &str, mut exponent: i32, scale: u128) -> Option<Duration> {
    let digits = digits.trim_start_matches('0');
    // More than 20 digits are more than nanoseconds can say.
    let kept = digits.get(..20).unwrap_or(digits);
    exponent = exponent.checked_add(i32::try_from(digits.len() - kept.len()).ok()?)?;
    let value = if kept.is_empty() { 0 } else { kept.parse::<u128>().ok()? };
    let value = value.checked_mul(scale)?;
    let factor = 10_u128.checked_pow(exponent.unsigned_abs());
    let nanos = match (value, exponent) {
        (0, _) => 0,
        (_, 0..) => value.checked_mul(factor?)?,
        (_, _) => factor.map_or(0, |factor| value / factor),
    };
    let seconds = u64::try_from(nanos / 1_000_000_000).ok().filter(|seconds| *seconds <= LONGEST)?;
    let rest = u32::try_from(nanos % 1_000_000_000).ok()?;
    Some(Duration::new(seconds, rest))
}

/// No test takes a hundred years: such a figure is a wrong unit or a placeholder.
const LONGEST: u64 = 100 * 366 * 24 * 3_600;

#[cfg(test)]
mod tests {
    use super::{Time, seconds, time_span};
    use std::time::Duration;

    #[test]
    fn times_of_real_tools_are_read_exactly() {
        for (text, nanos) in [
            ("1.5", 1_500_000_000),
            ("0", 0),
            ("0.001", 1_000_000),
            (".5", 500_000_000),
            ("3.", 3_000_000_000),
            ("4.5e-05", 45_000),
            ("1E2", 100_000_000_000),
            ("1e-300", 0),
            ("1,024.12", 1_024_120_000_000),
            ("1,234,567", 1_234_567_000_000_000),
            ("1,234,567.5", 1_234_567_500_000_000),
            ("0,160", 160_000_000),
            ("0,16", 160_000_000),
            ("12,5", 12_500_000_000),
            ("1.234,5", 1_234_500_000_000),
            ("80.803us", 80_803),
            ("1,234.56s", 1_234_560_000_000),
            ("15 ms", 15_000_000),
            ("2m", 120_000_000_000),
            ("0.12345678901234567890123", 123_456_789),
            (" 7 ", 7_000_000_000),
        ] {
            assert_eq!(seconds(text), Time::Known(Duration::from_nanos(nanos)), "{text}");
        }
    }

    #[test]
    fn time_spans_of_dotnet_are_read() {
        for (text, millis) in [("00:00:00.1618538", 161), ("00:01:02", 62_000), ("1.01:00:00.5", 90_000_500)]
        {
            let Time::Known(time) = time_span(text) else { panic!("{text}") };
            assert_eq!(time.as_millis(), millis, "{text}");
        }
        for text in ["12", "-00:00:01", "a:b:c", "00:00"] {
            assert_eq!(time_span(text), Time::Unclear, "{text}");
        }
    }

    #[test]
    fn what_is_no_time_or_could_be_two_is_unclear() {
        for text in [
            "1,234",
            "12,345",
            "-1",
            "-0.5",
            "NaN",
            "nan",
            "inf",
            "1e300",
            "1e99999999999",
            "$TIME",
            "1..2",
            ",",
            ".",
            "1,23,4",
            "1.2.3",
            "99999999999999999999",
            "+",
            "e5",
            "1 parsec",
            "1,0234.5",
        ] {
            assert_eq!(seconds(text), Time::Unclear, "{text}");
        }
        assert_eq!(seconds("  "), Time::Absent);
    }
}
