//! What an istanbul report mostly consists of, as `JSON.stringify` writes it: numbered places and numbered counts.
//!
//! They are read from the window at one go. Whatever is not plain is left to the reader of any JSON, which gives the
//! same answer for what is.

use crate::formats::coverage::digits::number;
use std::num::NonZeroU32;

/// The first line of `{"start":{"line":1,"column":0},"end":{"line":1,"column":9}}`, and how many bytes that is.
pub(super) fn place(text: &[u8]) -> Option<(NonZeroU32, usize)> {
    let rest = text.strip_prefix(b"{\"start\":{\"line\":")?;
    let (line, rest) = number(rest)?;
    let rest = rest.strip_prefix(b",\"column\":")?;
    let (_, rest) = number(rest)?;
    let rest = rest.strip_prefix(b"},\"end\":{\"line\":")?;
    let (_, rest) = number(rest)?;
    let rest = rest.strip_prefix(b",\"column\":")?;
    let (_, rest) = number(rest)?;
    let rest = rest.strip_prefix(b"}}")?;
    Some((NonZeroU32::new(u32::try_from(line).ok()?)?, text.len() - rest.len()))
}

/// Takes entries `"7":{"start":…},` from the beginning of a text; how many bytes they are.
pub(super) fn places(text: &[u8], mut take: impl FnMut(u32, NonZeroU32)) -> usize {
    entries(text, |key, text| {
        let (line, length) = place(text)?;
        let rest = text.get(length..)?.strip_prefix(b",")?;
        take(key, line);
        Some(rest)
    })
}

/// Takes entries `"7":12,` from the beginning of a text; how many bytes they are.
pub(super) fn counts(text: &[u8], mut take: impl FnMut(u32, u64)) -> usize {
    entries(text, |key, text| {
        let (count, rest) = number(text)?;
        let rest = rest.strip_prefix(b",")?;
        take(key, count);
        Some(rest)
    })
}

/// Calls `take` with the key and what stands behind it, until it gives no rest; how many bytes it took.
fn entries<'t>(text: &'t [u8], mut take: impl FnMut(u32, &'t [u8]) -> Option<&'t [u8]>) -> usize {
    let mut rest = text;
    let mut next = |text: &'t [u8]| {
        let (key, text) = number(text.strip_prefix(b"\"")?)?;
        take(u32::try_from(key).ok()?, text.strip_prefix(b"\":")?)
    };
    while let Some(behind) = next(rest) {
        rest = behind;
    }
    text.len() - rest.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_entries_are_taken_up_to_the_first_that_is_not() {
        let one = "{\"start\":{\"line\":12,\"column\":0},\"end\":{\"line\":14,\"column\":3}}";
        let mut taken = Vec::new();
        let text = format!("\"0\":{one},\"1\":{one},\"2\":{one}}}");
        let bytes = places(text.as_bytes(), |key, line| taken.push((key, line.get())));
        assert_eq!((bytes, taken), (2 * (one.len() + 5), vec![(0, 12), (1, 12)]), "the last has no comma");
        let mut taken = Vec::new();
        assert_eq!(counts(b"\"0\":12,\"7\":0,\"8\":-1,", |key, count| taken.push((key, count))), 13);
        assert_eq!(taken, [(0, 12), (7, 0)]);
    }

    #[test]
    fn what_is_not_plain_is_left() {
        let place_of = |line: &str, column: &str| {
            place(
                format!("{{\"start\":{{\"line\":{line},\"column\":0}},\"end\":{{\"line\":3,\"column\":{column}}}}},")
                    .as_bytes(),
            )
        };
        assert!(place_of("1", "9").is_some());
        for (line, column) in [
            ("0", "9"),
            ("01", "9"),
            ("1", "null"),
            ("-1", "9"),
            ("1.0", "9"),
            ("4294967296", "9"),
            (" 1", "9"),
        ] {
            assert_eq!(place_of(line, column), None, "{line} {column}");
        }
        for text in ["", "\"0\":1", "\"00\":1,", "\"x\":1,", "\"0\": 1,", "\"0\":1 ,", "\"4294967296\":1,"] {
            assert_eq!(counts(text.as_bytes(), |_, _| ()), 0, "{text}");
        }
    }
}
