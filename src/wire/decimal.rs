//! Numbers with at most two decimals, without a float on the way.

use serde::de::Error as _;
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;
use std::fmt;

/// A number from 0 with at most two decimals: `57.14`, `80`. Printed from hundredths, read from its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Decimal {
    hundredths: u128,
}

impl Decimal {
    /// A whole number.
    pub const fn whole(number: u64) -> Self {
        // 2^64 · 100 fits into 128 bits.
        Self { hundredths: number as u128 * 100 }
    }

    /// From hundredths: 5,714 is 57.14.
    pub const fn from_hundredths(hundredths: u64) -> Self {
        Self { hundredths: hundredths as u128 }
    }

    /// In hundredths.
    pub const fn hundredths(self) -> u128 {
        self.hundredths
    }

    /// Reads `57.14`, `57.1` or `57`; `None` for anything else (signs, exponents, a third decimal).
    pub fn parse(text: &str) -> Option<Self> {
        let (units, decimals) = text.split_once('.').unwrap_or((text, "0"));
        let is_number = |digits: &str| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
        if !is_number(units) || !is_number(decimals) || units.len() > 20 || decimals.len() > 2 {
            return None;
        }
        // Twenty digits and two more fit into 128 bits.
        let hundredths = format!("{units}{decimals:0<2}").parse().ok()?;
        Some(Self { hundredths })
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (units, rest) = (self.hundredths / 100, self.hundredths % 100);
        match rest {
            0 => write!(f, "{units}"),
            _ if rest % 10 == 0 => write!(f, "{units}.{}", rest / 10),
            _ => write!(f, "{units}.{rest:02}"),
        }
    }
}

impl Serialize for Decimal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        RawValue::from_string(self.to_string()).map_err(S::Error::custom)?.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Decimal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        Self::parse(raw.get()).ok_or_else(|| D::Error::custom("expected a number with at most 2 decimals"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_decimal_is_printed_as_people_write_it() {
        for text in ["0", "57.14", "80", "72.5", "0.05", "18446744073709551615"] {
            assert_eq!(Decimal::parse(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_is_no_plain_decimal_is_refused() {
        for text in ["", "-1", "1e2", "1.", ".5", "1.234", "NaN", "\"1\"", "1 ", "999999999999999999999"] {
            assert_eq!(Decimal::parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_decimal_survives_json(hundredths in any::<u64>()) {
            let decimal = Decimal::from_hundredths(hundredths);
            let json = serde_json::to_string(&decimal).unwrap();
            prop_assert_eq!(serde_json::from_str::<Decimal>(&json).unwrap(), decimal);
        }
    }
}
