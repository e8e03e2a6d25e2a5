//! Digits of reports that have millions of numbers, eight bytes at a time.

/// The first eight bytes of sixteen.
#[expect(clippy::cast_possible_truncation, reason = "the other half is looked at after a shift")]
pub(super) const fn low_half(word: u128) -> u64 {
    word as u64
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
pub(super) const fn short_digits(text: u64) -> Option<(u64, u32)> {
    let digits = text ^ ZEROS;
    let bits = no_digits(digits).trailing_zeros() & !7;
    match bits {
        0 => Some((0, 0)),
        64 => None,
        _ => Some((value(digits, bits), bits)),
    }
}

/// Eight bytes `0`.
pub(super) const ZEROS: u64 = u64::from_le_bytes([b'0'; 8]);

/// The highest bit of each byte that is above nine. Right up to the first that is no ASCII character, and for that.
#[inline]
pub(super) const fn no_digits(digits: u64) -> u64 {
    (digits.wrapping_add(0x7676_7676_7676_7676) | digits) & 0x8080_8080_8080_8080
}

/// The same of sixteen bytes, a bit for each byte.
#[inline]
pub(super) fn no_digits_of_sixteen(digits: u128) -> u32 {
    let packed = |half: u64| {
        // The eight highest bits come together in the highest byte.
        let [.., highest] = (no_digits(half) >> 7).wrapping_mul(0x0102_0408_1020_4080).to_le_bytes();
        u32::from(highest)
    };
    packed(low_half(digits)) | packed(low_half(digits >> 64)) << 8
}

/// True if the first `bits` bits are a plain number of one to four digits.
#[inline]
pub(super) const fn is_short(digits: u64, bits: u32) -> bool {
    let leading_zero = (digits & 0xff == 0) & (bits > 8);
    (bits.wrapping_sub(8) <= 24) & !leading_zero
}

/// Two numbers of one to four digits each, given by their digits (from 0 to 9) and how many bits those are.
#[inline]
pub(super) fn two_values((first, first_bits): (u64, u32), (second, second_bits): (u64, u32)) -> (u32, u32) {
    // Each in its half of a word, with zeros before the digits; then pairs of them, and pairs of these, are brought
    // together in both halves at once. What runs over from the first half is not looked at.
    let ones = (first << (64 - first_bits)) >> 32 | second << (64 - second_bits);
    let tens = (ones.wrapping_mul(2561) >> 8) & 0x00ff_00ff_00ff_00ff;
    let [a, b, _, _, c, d, _, _] = (tens.wrapping_mul(6_553_601) >> 16).to_le_bytes();
    (u16::from_le_bytes([a, b]).into(), u16::from_le_bytes([c, d]).into())
}

/// The number whose digits (from 0 to 9) are the first `bits` bits: 8 to 56, a multiple of 8.
#[inline]
const fn value(digits: u64, bits: u32) -> u64 {
    // Zeros move in before the digits; then pairs of them, and pairs of these, are brought together.
    let ones = digits << (64 - bits);
    let tens = (ones.wrapping_mul(2561) >> 8) & 0x00ff_00ff_00ff_00ff;
    let thousands = (tens.wrapping_mul(6_553_601) >> 16) & 0x0000_ffff_0000_ffff;
    thousands.wrapping_mul(42_949_672_960_001) >> 32
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

    proptest! {
        #[test]
        fn two_short_numbers_are_read_at_once(first in 0_u32..10_000, second in 0_u32..10_000, behind in any::<[u8; 4]>()) {
            let word = |number: u32| {
                let text = number.to_string();
                let mut bytes = [behind[0], behind[1], behind[2], behind[3], behind[0], 0xff, 0, behind[1]];
                bytes[..text.len()].copy_from_slice(text.as_bytes());
                (u64::from_le_bytes(bytes) ^ ZEROS, 8 * u32::try_from(text.len()).unwrap())
            };
            let (one, two) = (word(first), word(second));
            prop_assert!(is_short(one.0, one.1) && is_short(two.0, two.1));
            prop_assert_eq!(two_values(one, two), (first, second));
        }
    }

    #[test]
    fn what_is_not_short_is_told() {
        let of = |text: [u8; 8], digits: u32| is_short(u64::from_le_bytes(text) ^ ZEROS, 8 * digits);
        assert!(of(*b"0,      ", 1) && of(*b"1000,   ", 4));
        assert!(!of(*b",       ", 0) && !of(*b"10000,  ", 5) && !of(*b"01,     ", 2));
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
}
