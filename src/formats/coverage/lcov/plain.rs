//! The lines that a tracefile mostly consists of, in their plain form: `DA:<digits>,<digits>`,
//! `BRDA:<digits>,<digits>,<digits>,<digits or ->`, `FN:<digits>,<name>` and `FNDA:<digits>,<name>`.
//!
//! They are read from the window at one go, without looking for the line's end first. Whatever is not plain is
//! left to the parser of any line, which gives the same answer for what is.

use super::record::Record;
use crate::formats::coverage::digits::{
    ZEROS, is_short, low_half, no_digits, no_digits_of_sixteen, number, short_digits, two_values,
};
use crate::formats::coverage::number::numbered_branch;
use crate::model::FileCoverage;
use std::num::NonZeroU32;

/// Takes plain lines from the beginning of `window` into `record`. Returns how many bytes and lines they were.
pub(super) fn take(window: &[u8], record: &mut Record) -> (usize, u64) {
    let (mut at, mut lines) = (0, 0);
    loop {
        let rest = window.get(at..).unwrap_or_default();
        let length = match rest {
            [b'D', b'A', b':', fields @ ..] => {
                let (bytes, count) = short_lines(rest, &mut record.file);
                if count > 0 {
                    at += bytes;
                    lines += count;
                    continue;
                }
                line(fields, &mut record.file).map(|length| length + 3)
            }
            [b'B', b'R', b'D', b'A', b':', fields @ ..] => {
                branch(fields, &mut record.file).map(|length| length + 5)
            }
            [b'F', b'N', ..] => function(rest, record),
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
        let Some((line, hits, length)) = two_in_eight(low_half(fields)).or_else(|| two_fields(fields)) else {
            break;
        };
        if !lines.push(line, hits) {
            break;
        }
        let Some(next) = rest.get(3 + length as usize..) else { break };
        rest = next;
        count += 1;
    }
    (window.len() - rest.len(), count)
}

/// Two plain numbers of at most four digits and their ends, if all of it are at most eight bytes; and how many bytes.
#[inline]
fn two_in_eight(text: u64) -> Option<(u32, u32, u32)> {
    let digits = text ^ ZEROS;
    let others = no_digits(digits);
    let behind = others & others.wrapping_sub(1);
    if behind == 0 {
        return None;
    }
    let (comma, newline) = (others.trailing_zeros() & !7, behind.trailing_zeros() & !7);
    // All at one go, as each of them nearly always holds.
    let ends = ((text >> comma) & 0xff == u64::from(b',')) & ((text >> newline) & 0xff == u64::from(b'\n'));
    let (second, bits) = (digits >> (comma + 8), newline - comma - 8);
    if !(ends & is_short(digits, comma) & is_short(second, bits)) {
        return None;
    }
    let (line, hits) = two_values((digits, comma), (second, bits));
    Some((line, hits, newline / 8 + 1))
}

/// The same of at most seven digits each.
fn two_fields(text: u128) -> Option<(u32, u32, u32)> {
    let (line, length) = short_field(low_half(text), b',')?;
    // Both are at most 7, so that all of it lies in the 16 bytes.
    let (hits, more) = short_field(low_half(text >> (8 * (length + 1))), b'\n')?;
    Some((line, hits, length + 1 + more + 1))
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

/// `FN` without a last line, or `FNDA`: how many bytes the line has.
fn function(text: &[u8], record: &mut Record) -> Option<usize> {
    const LONGEST: usize = 1024;
    let (has_calls, fields) = match text {
        [b'F', b'N', b':', fields @ ..] => (false, fields),
        [b'F', b'N', b'D', b'A', b':', fields @ ..] => (true, fields),
        _ => return None,
    };
    let (first, rest) = number(fields)?;
    let rest = rest.strip_prefix(b",")?;
    // A NUL byte is the other parser's to refuse.
    let end = memchr::memchr2(b'\n', 0, rest).filter(|end| *end <= LONGEST)?;
    let (name, behind) = rest.split_at_checked(end)?;
    let behind = behind.strip_prefix(b"\n")?;
    if name.ends_with(b"\r") {
        return None;
    }
    if has_calls {
        record.calls(name, first);
    } else if name.first().is_some_and(u8::is_ascii_digit) {
        return None;
    } else {
        record.function(name, u32::try_from(first).ok().filter(|line| *line > 0)?);
    }
    Some(text.len() - behind.len())
}

/// The four numbers of a branch if all have at most four digits and are in 16 bytes with the line's end, and how many bytes they are.
#[inline]
fn short_branch(fields: &[u8]) -> Option<([u32; 4], usize)> {
    let text = u128::from_le_bytes(*fields.first_chunk()?);
    let digits = text ^ (u128::from(ZEROS) << 64 | u128::from(ZEROS));
    let mut others = no_digits_of_sixteen(digits);
    let mut next = || {
        let at = others.trailing_zeros();
        others &= others.wrapping_sub(1);
        at
    };
    let ends = [next(), next(), next(), next()];
    let field = |start: u32, end: u32, mark: u8| {
        let bits = 8 * end.checked_sub(start)?;
        if end > 15 || (text >> (8 * end)) & 0xff != u128::from(mark) {
            return None;
        }
        let digits = low_half(digits >> (8 * start));
        is_short(digits, bits).then_some((digits, bits))
    };
    let line = field(0, ends[0], b',')?;
    let block = field(ends[0] + 1, ends[1], b',')?;
    let branch = field(ends[1] + 1, ends[2], b',')?;
    let start = ends[2] + 1;
    let not_reached =
        start == ends[3] && start < 15 && (text >> (8 * start)) & 0xffff == u128::from(NOT_REACHED);
    let (taken, length) = match not_reached {
        true => ((0, 8), start as usize + 2),
        false => (field(start, ends[3], b'\n')?, ends[3] as usize + 1),
    };
    let ((line, block), (branch, taken)) = (two_values(line, block), two_values(branch, taken));
    Some(([line, block, branch, taken], length))
}

/// `-` and the line's end.
const NOT_REACHED: u16 = u16::from_le_bytes(*b"-\n");

fn newline(rest: &[u8]) -> Option<&[u8]> {
    match rest {
        [b'\n', rest @ ..] | [b'\r', b'\n', rest @ ..] => Some(rest),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_taken_up_to_the_first_that_is_not_plain() {
        let mut record = Record::default();
        let text = b"DA:1,5\nDA:2,0\r\nBRDA:2,0,1,-\nDA:3,1,abc\nDA:4,1\n";
        assert_eq!(take(text, &mut record), (28, 3));
        assert_eq!((record.file.lines.len(), record.file.branches.len()), (2, 1));
        assert_eq!(take(b"DA:1,5", &mut record), (0, 0), "the end of the line may still come");
    }

    /// The same file with lines so far apart from its end that each can be taken at one go.
    fn with_room(text: &str) -> (FileCoverage, usize) {
        let mut record = Record::default();
        let (bytes, _) = take(format!("{text}TN:{}", " ".repeat(64)).as_bytes(), &mut record);
        (record.take_file(), bytes)
    }

    #[test]
    fn short_and_long_numbers_far_from_the_end_and_near_to_it_are_the_same() {
        for text in [
            "DA:1,0\nDA:2,7\nDA:30,9999999\nDA:31,10000000\nDA:70000,1\nDA:9999999,2\nDA:10000000,3\n",
            "DA:5,1\nDA:4,1\nDA:5,65534\nDA:5,1\nDA:6,65535\nDA:7,18446744073709551\n",
            "BRDA:1,0,0,-\nBRDA:1,0,1,0\nBRDA:2,12345678,3,9\nBRDA:3,1234567,1234567,1234567\n",
        ] {
            let mut near = Record::default();
            assert_eq!(take(text.as_bytes(), &mut near).0, text.len(), "{text}");
            assert_eq!(with_room(text), (near.take_file(), text.len()), "{text}");
        }
        for text in ["DA:01,1\n", "DA:0,1\n", "DA:1,01\n", "DA:,1\n", "DA:1,\n", "DA:1,1 \n", "BRDA:1,0,,1\n"]
        {
            assert_eq!(with_room(text), (FileCoverage::default(), 0), "{text}");
        }
    }

    #[test]
    fn functions_are_taken_where_only_one_thing_can_be_meant() {
        let taken = |text: &str| {
            let mut record = Record::default();
            let (bytes, _) = take(text.as_bytes(), &mut record);
            let file = record.take_file();
            let functions = file.functions.iter().map(|one| (one.line, one.raw_name().to_owned(), one.calls));
            (bytes, functions.collect::<Vec<_>>())
        };
        let text = "FN:3,f\nFN:9,std::map<int, char>\nFNDA:2,f\nFNDA:0,std::map<int, char>\n";
        let expected = vec![(3, "f".to_owned(), 2), (9, "std::map<int, char>".to_owned(), 0)];
        assert_eq!(taken(text), (text.len(), expected));
        for text in [
            "FN:3,7,f\n",
            "FN:0,f\n",
            "FN:-1,f\n",
            "FN:3,f\r\n",
            "FN:3,f",
            "FN:3\n",
            "FN:3,f\0\n",
            "FNA:0,1,f\n",
            "FNF:2\n",
        ] {
            assert_eq!(taken(text), (0, Vec::new()), "{text}");
        }
    }
}
