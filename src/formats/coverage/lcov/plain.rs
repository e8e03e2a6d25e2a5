//! The lines that a tracefile mostly consists of, in their plain form: `DA:<digits>,<digits>` and
//! `BRDA:<digits>,<digits>,<digits>,<digits or ->`.
//!
//! They are read from the window at one go, without looking for the line's end first. Whatever is not plain is
//! left to the parser of any line, which gives the same answer for what is.

use crate::formats::coverage::number::numbered_branch;
use crate::model::FileCoverage;
use std::num::NonZeroU32;

/// Takes plain lines from the beginning of `window` into `file`. Returns how many bytes and lines they were.
pub(super) fn take(window: &[u8], file: &mut FileCoverage) -> (usize, u64) {
    let (mut at, mut lines) = (0, 0);
    loop {
        let rest = window.get(at..).unwrap_or_default();
        let length = match rest {
            [b'D', b'A', b':', fields @ ..] => line(fields, file).map(|length| length + 3),
            [b'B', b'R', b'D', b'A', b':', fields @ ..] => branch(fields, file).map(|length| length + 5),
            _ => None,
        };
        let Some(length) = length else { return (at, lines) };
        at += length;
        lines += 1;
    }
}

fn line(fields: &[u8], file: &mut FileCoverage) -> Option<usize> {
    let (number, rest) = number(fields)?;
    let (b',', rest) = rest.split_first()? else { return None };
    let (hits, rest) = self::number(rest)?;
    let rest = newline(rest)?;
    file.lines.add(NonZeroU32::new(u32::try_from(number).ok()?)?, hits);
    Some(fields.len() - rest.len())
}

fn branch(fields: &[u8], file: &mut FileCoverage) -> Option<usize> {
    let (line, rest) = number(fields)?;
    let (b',', rest) = rest.split_first()? else { return None };
    let (block, rest) = number(rest)?;
    let (b',', rest) = rest.split_first()? else { return None };
    let (branch, rest) = number(rest)?;
    let (b',', rest) = rest.split_first()? else { return None };
    let (taken, rest) = match rest {
        [b'-', rest @ ..] => (0, rest),
        rest => number(rest)?,
    };
    let rest = newline(rest)?;
    let line = NonZeroU32::new(u32::try_from(line).ok()?)?;
    let id = numbered_branch(u32::try_from(block).ok()?, u32::try_from(branch).ok()?);
    file.branches.add(line.get(), id, taken > 0);
    Some(fields.len() - rest.len())
}

/// A number that its text alone can mean: no sign, no leading zero, at most 19 digits.
pub(super) fn number(text: &[u8]) -> Option<(u64, &[u8])> {
    let (value, length) = match short_number(text) {
        Some(short) => short,
        None => long_number(text),
    };
    let plain = (length == 1 || text.first() != Some(&b'0')) && (1..=19).contains(&length);
    if plain { Some((value, text.get(length..)?)) } else { None }
}

/// Up to seven digits, eight bytes at a time: how many digits a number has cannot be foretold, and a loop over
/// them costs a wrong guess each time. `None` if there are more digits or fewer bytes.
fn short_number(text: &[u8]) -> Option<(u64, usize)> {
    let digits = u64::from_le_bytes(*text.first_chunk()?) ^ 0x3030_3030_3030_3030;
    // The highest bit is set in the first byte that is above nine, and clear in all before it.
    let others = (digits.wrapping_add(0x7676_7676_7676_7676) | digits) & 0x8080_8080_8080_8080;
    let bits = others.trailing_zeros() & !7;
    if bits == 0 || bits == 64 {
        return (bits == 0).then_some((0, 0));
    }
    // Zeros move in before the digits; then pairs of them, and pairs of these, are brought together.
    let ones = digits << (64 - bits);
    let tens = (ones.wrapping_mul(2561) >> 8) & 0x00ff_00ff_00ff_00ff;
    let thousands = (tens.wrapping_mul(6_553_601) >> 16) & 0x0000_ffff_0000_ffff;
    Some((thousands.wrapping_mul(42_949_672_960_001) >> 32, (bits / 8) as usize))
}

fn long_number(text: &[u8]) -> (u64, usize) {
    let mut value = 0_u64;
    let mut length = 0;
    for byte in text {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            break;
        }
        // Beyond 19 digits the length refuses it; the value may be anything.
        value = value.wrapping_mul(10).wrapping_add(u64::from(digit));
        length += 1;
    }
    (value, length)
}

fn newline(rest: &[u8]) -> Option<&[u8]> {
    match rest {
        [b'\n', rest @ ..] | [b'\r', b'\n', rest @ ..] => Some(rest),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_number_is_what_its_digits_say(value in any::<u64>(), shift in 0_u32..64, rest in "[,\n\\-/:x\u{e9}]?[ -~]{0,9}") {
            let value = value >> shift;
            prop_assume!(!rest.starts_with(|c: char| c.is_ascii_digit()));
            let text = format!("{value}{rest}");
            let expected = (value.to_string().len() <= 19).then_some((value, rest.as_bytes()));
            prop_assert_eq!(number(text.as_bytes()), expected);
        }
    }

    #[test]
    fn what_is_no_plain_number_is_none() {
        for text in [
            "",
            "x",
            "-1",
            "00",
            "01,",
            "01234567,",
            "12345678901234567890",
            ",12345678",
            "/2345678",
            ":2345678",
        ] {
            assert_eq!(number(text.as_bytes()), None, "{text}");
        }
        assert_eq!(number(b"0,1234567"), Some((0, b",1234567".as_slice())));
    }

    #[test]
    fn lines_are_taken_up_to_the_first_that_is_not_plain() {
        let mut file = FileCoverage::default();
        let text = b"DA:1,5\nDA:2,0\r\nBRDA:2,0,1,-\nDA:3,1,abc\nDA:4,1\n";
        assert_eq!(take(text, &mut file), (28, 3));
        assert_eq!((file.lines.len(), file.branches.len()), (2, 1));
        assert_eq!(take(b"DA:1,5", &mut file), (0, 0), "the end of the line may still come");
    }
}
