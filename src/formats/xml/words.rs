//! Short stretches of a document, eight bytes at a time: most names, values and gaps between tags are shorter than what a
//! call of a vectorized search is worth.

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = 0x8080_8080_8080_8080;

/// How many bytes at the beginning are letters or of another alphabet (0x40 and above): no sign of XML and no space is.
#[inline]
pub(super) fn letters(bytes: &[u8]) -> usize {
    // The two highest bits are both 0 in what is below.
    leading(bytes, |word| !(word | word << 1) & HIGHS, |byte| byte < 0x40)
}

/// Where the first of two bytes stands; the length if none does.
#[inline]
pub(super) fn find_either(bytes: &[u8], one: u8, other: u8) -> usize {
    let (ones, others) = (ONES * u64::from(one), ONES * u64::from(other));
    leading(bytes, |word| zeros(word ^ ones) | zeros(word ^ others), |byte| byte == one || byte == other)
}

/// How many bytes at the beginning are neither control characters nor `&`.
#[inline]
pub(super) fn calm(bytes: &[u8]) -> usize {
    let ampersands = ONES * u64::from(b'&');
    leading(
        bytes,
        |word| word.wrapping_sub(ONES * 0x20) & !word & HIGHS | zeros(word ^ ampersands),
        |byte| byte < 0x20 || byte == b'&',
    )
}

/// The highest bit of each byte that is zero; right up to the first, which is all that is looked at.
const fn zeros(word: u64) -> u64 {
    word.wrapping_sub(ONES) & !word & HIGHS
}

/// How many bytes stand before the first that stops.
#[inline]
fn leading(bytes: &[u8], stops: impl Fn(u64) -> u64, stop: impl Fn(u8) -> bool) -> usize {
    let mut rest = bytes;
    while let Some((word, behind)) = rest.split_first_chunk() {
        let hit = stops(u64::from_le_bytes(*word));
        if hit != 0 {
            return bytes.len() - rest.len() + (hit.trailing_zeros() / 8) as usize;
        }
        rest = behind;
    }
    let before = bytes.len() - rest.len();
    before + rest.iter().position(|byte| stop(*byte)).unwrap_or(rest.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn first(bytes: &[u8], stop: impl Fn(u8) -> bool) -> usize {
        bytes.iter().position(|byte| stop(*byte)).unwrap_or(bytes.len())
    }

    proptest! {
        #[test]
        fn words_find_what_bytes_do(bytes in prop::collection::vec(any::<u8>(), 0..40), calm_bytes in "[ -~é]{0,40}") {
            for bytes in [&bytes[..], calm_bytes.as_bytes()] {
                prop_assert_eq!(letters(bytes), first(bytes, |byte| byte < 0x40));
                prop_assert_eq!(find_either(bytes, b'"', b'<'), first(bytes, |byte| byte == b'"' || byte == b'<'));
                prop_assert_eq!(calm(bytes), first(bytes, |byte| byte < 0x20 || byte == b'&'));
            }
        }
    }
}
