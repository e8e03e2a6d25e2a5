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
        let (bytes, count) = short_lines(window.get(at..).unwrap_or_default(), file);
        at += bytes;
        lines += count;
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

/// Takes `DA` with short numbers and in order, which nearly all lines of a large tracefile are: each from one load
/// of 16 bytes.
fn short_lines(window: &[u8], file: &mut FileCoverage) -> (usize, u64) {
    let Some(mut lines) = file.lines.in_order() else { return (0, 0) };
    let (mut rest, mut count) = (window, 0);
    while let Some((b"DA:", fields)) = rest.split_first_chunk::<3>() {
        let Some(fields) = fields.first_chunk::<16>() else { break };
        let fields = u128::from_le_bytes(*fields);
        let Some((line, length)) = short_field(low_half(fields), b',') else { break };
        let fields = low_half(fields >> (8 * (length + 1)));
        let Some((hits, more)) = short_field(fields, b'\n') else { break };
        if !lines.push(line, hits) {
            break;
        }
        // Both are at most 7, so that all of it lies in what was loaded.
        let Some(next) = rest.get(3 + length as usize + 1 + more as usize + 1..) else { break };
        rest = next;
        count += 1;
    }
    (window.len() - rest.len(), count)
}

#[expect(clippy::cast_possible_truncation, reason = "the other half is looked at after a shift")]
const fn low_half(word: u128) -> u64 {
    word as u64
}

/// A plain number of at most seven digits with `end` behind it, and how many digits it has.
#[inline]
fn short_field(text: u64, end: u8) -> Option<(u32, u32)> {
    let (value, bits) = short_digits(text)?;
    let has_end = (text >> bits) & 0xff == u64::from(end);
    let leading_zero = bits > 8 && text & 0xff == u64::from(b'0');
    if bits == 0 || leading_zero || !has_end {
        return None;
    }
    Some((u32::try_from(value).ok()?, bits / 8))
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
    if let Some((ids, length)) = short_branch(fields) {
        let [line, block, branch, taken] = ids;
        let line = NonZeroU32::new(line)?;
        file.branches.add(line.get(), numbered_branch(block, branch), taken > 0);
        return Some(length);
    }
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

/// The four numbers of a branch if all are short, and how many bytes they are with the line's end.
#[inline]
fn short_branch(fields: &[u8]) -> Option<([u32; 4], usize)> {
    let mut rest = fields;
    let mut next = |end: u8| {
        let (value, length) = short_field(u64::from_le_bytes(*rest.first_chunk()?), end)?;
        rest = rest.get(length as usize + 1..)?;
        Some(value)
    };
    let (line, block, branch) = (next(b',')?, next(b',')?, next(b',')?);
    let taken = match rest {
        [b'-', b'\n', after @ ..] => {
            rest = after;
            0
        }
        _ => {
            let (value, length) = short_field(u64::from_le_bytes(*rest.first_chunk()?), b'\n')?;
            rest = rest.get(length as usize + 1..)?;
            value
        }
    };
    Some(([line, block, branch, taken], fields.len() - rest.len()))
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

/// Up to seven digits. `None` if there are more digits or fewer bytes.
fn short_number(text: &[u8]) -> Option<(u64, usize)> {
    let (value, bits) = short_digits(u64::from_le_bytes(*text.first_chunk()?))?;
    Some((value, (bits / 8) as usize))
}

/// Up to seven digits of eight bytes, and how many bits they take; `None` if all eight are digits.
///
/// All at one go: how many digits a number has cannot be foretold, and a loop over them costs a wrong guess each
/// time.
#[inline]
const fn short_digits(text: u64) -> Option<(u64, u32)> {
    let digits = text ^ 0x3030_3030_3030_3030;
    // The highest bit is set in the first byte that is above nine, and clear in all before it.
    let others = (digits.wrapping_add(0x7676_7676_7676_7676) | digits) & 0x8080_8080_8080_8080;
    let bits = others.trailing_zeros() & !7;
    match bits {
        0 => return Some((0, 0)),
        64 => return None,
        _ => {}
    }
    // Zeros move in before the digits; then pairs of them, and pairs of these, are brought together.
    let ones = digits << (64 - bits);
    let tens = (ones.wrapping_mul(2561) >> 8) & 0x00ff_00ff_00ff_00ff;
    let thousands = (tens.wrapping_mul(6_553_601) >> 16) & 0x0000_ffff_0000_ffff;
    Some((thousands.wrapping_mul(42_949_672_960_001) >> 32, bits))
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

    /// The same file with lines so far apart from its end that each can be taken at one go.
    fn with_room(text: &str) -> (FileCoverage, usize) {
        let mut file = FileCoverage::default();
        let (bytes, _) = take(format!("{text}TN:{}", " ".repeat(64)).as_bytes(), &mut file);
        (file, bytes)
    }

    #[test]
    fn short_and_long_numbers_far_from_the_end_and_near_to_it_are_the_same() {
        for text in [
            "DA:1,0\nDA:2,7\nDA:30,9999999\nDA:31,10000000\nDA:70000,1\nDA:9999999,2\nDA:10000000,3\n",
            "DA:5,1\nDA:4,1\nDA:5,65534\nDA:5,1\nDA:6,65535\nDA:7,18446744073709551\n",
            "BRDA:1,0,0,-\nBRDA:1,0,1,0\nBRDA:2,12345678,3,9\nBRDA:3,1234567,1234567,1234567\n",
        ] {
            let mut near = FileCoverage::default();
            assert_eq!(take(text.as_bytes(), &mut near).0, text.len(), "{text}");
            assert_eq!(with_room(text), (near, text.len()), "{text}");
        }
        for text in ["DA:01,1\n", "DA:0,1\n", "DA:1,01\n", "DA:,1\n", "DA:1,\n", "DA:1,1 \n", "BRDA:1,0,,1\n"]
        {
            assert_eq!(with_room(text), (FileCoverage::default(), 0), "{text}");
        }
    }
}
