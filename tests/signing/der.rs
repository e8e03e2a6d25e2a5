//! The few types of ASN.1 that certificates and time stamps are made of, in DER (X.690).

pub(super) const EC_PUBLIC_KEY: &str = "1.2.840.10045.2.1";
pub(super) const P256: &str = "1.2.840.10045.3.1.7";

/// A value behind its tag and length.
pub(super) fn wrapped(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut der = vec![tag];
    match content.len() {
        short @ 0..128 => der.push(u8::try_from(short).unwrap()),
        long => {
            let bytes = u16::try_from(long).unwrap().to_be_bytes();
            let bytes = if bytes[0] == 0 { &bytes[1..] } else { &bytes[..] };
            der.push(0x80 | u8::try_from(bytes.len()).unwrap());
            der.extend_from_slice(bytes);
        }
    }
    der.extend_from_slice(content);
    der
}

pub(super) fn sequence(parts: &[Vec<u8>]) -> Vec<u8> {
    wrapped(0x30, &parts.concat())
}

/// A set, in the order that DER asks for.
pub(super) fn set(parts: &[Vec<u8>]) -> Vec<u8> {
    let mut parts = parts.to_vec();
    parts.sort();
    wrapped(0x31, &parts.concat())
}

/// An explicit tag of the context.
pub(super) fn context(number: u8, content: &[u8]) -> Vec<u8> {
    wrapped(0xa0 | number, content)
}

pub(super) fn octets(content: &[u8]) -> Vec<u8> {
    wrapped(0x04, content)
}

pub(super) fn bits(unused: u8, content: &[u8]) -> Vec<u8> {
    wrapped(0x03, &[&[unused], content].concat())
}

pub(super) fn boolean(value: bool) -> Vec<u8> {
    wrapped(0x01, &[if value { 0xff } else { 0 }])
}

/// A number below 128.
pub(super) fn integer(value: u8) -> Vec<u8> {
    wrapped(0x02, &[value])
}

pub(super) fn utf8(text: &str) -> Vec<u8> {
    wrapped(0x0c, text.as_bytes())
}

/// A name of a common name alone.
pub(super) fn name(common: &str) -> Vec<u8> {
    sequence(&[set(&[sequence(&[object("2.5.4.3"), utf8(common)])])])
}

pub(super) fn ecdsa_with_sha256() -> Vec<u8> {
    sequence(&[object("1.2.840.10045.4.3.2")])
}

/// An object identifier from its dotted form.
pub(super) fn object(dotted: &str) -> Vec<u8> {
    let arcs: Vec<u64> = dotted.split('.').map(|arc| arc.parse().unwrap()).collect();
    let mut content = Vec::new();
    for arc in std::iter::once(arcs[0] * 40 + arcs[1]).chain(arcs[2..].iter().copied()) {
        let mut digits = vec![u8::try_from(arc & 0x7f).unwrap()];
        let mut rest = arc >> 7;
        while rest > 0 {
            digits.push(0x80 | u8::try_from(rest & 0x7f).unwrap());
            rest >>= 7;
        }
        content.extend(digits.into_iter().rev());
    }
    wrapped(0x06, &content)
}

/// Seconds since 1970 as `20260301120000Z`; times before 2050 in certificates may only stand as `UTCTime`, which leaves
/// out the century, and time stamps only as this: see [`utc_time`].
pub(super) fn generalized_time(at: u64) -> Vec<u8> {
    wrapped(0x18, calendar(at).as_bytes())
}

/// Seconds since 1970 as `260301120000Z`.
pub(super) fn utc_time(at: u64) -> Vec<u8> {
    wrapped(0x17, &calendar(at).as_bytes()[2..])
}

/// The date of the Gregorian calendar, in UTC.
fn calendar(at: u64) -> String {
    let (mut days, seconds) = (at / 86_400, at % 86_400);
    let is_leap =
        |year: u64| year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let mut year = 1970;
    while days >= 365 + u64::from(is_leap(year)) {
        days -= 365 + u64::from(is_leap(year));
        year += 1;
    }
    let lengths = [31, 28 + u64::from(is_leap(year)), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let mut month = 0;
    while days >= lengths[month] {
        days -= lengths[month];
        month += 1;
    }
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    format!("{year}{:02}{:02}{hour:02}{minute:02}{second:02}Z", month + 1, days + 1)
}
