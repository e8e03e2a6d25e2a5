//! What findings are about, and what scanners look for.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// What kind of thing a finding is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ScanClass {
    /// Source code.
    Source,
    /// A dependency with an advisory.
    Dependency,
    /// A secret in the tree or its history.
    Secret,
    /// Infrastructure as code.
    Infrastructure,
    /// A container image.
    Container,
    /// A licence.
    License,
}

impl ScanClass {
    /// All classes.
    pub const ALL: [Self; 6] =
        [Self::Source, Self::Dependency, Self::Secret, Self::Infrastructure, Self::Container, Self::License];

    /// The word used in policies.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Dependency => "dependency",
            Self::Secret => "secret",
            Self::Infrastructure => "infrastructure",
            Self::Container => "container",
            Self::License => "license",
        }
    }

    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// Some classes. Written as the list of their words.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ScanClasses(u8);

impl ScanClasses {
    /// No class.
    pub const NONE: Self = Self(0);

    /// These classes.
    pub const fn of(classes: &[ScanClass]) -> Self {
        let (mut all, mut rest) = (0, classes);
        while let [first, others @ ..] = rest {
            all |= first.bit();
            rest = others;
        }
        Self(all)
    }

    /// True if the class is one of them.
    pub const fn has(self, class: ScanClass) -> bool {
        self.0 & class.bit() != 0
    }

    /// True if there is none.
    pub const fn is_empty(&self) -> bool {
        self.0 == 0
    }

    /// Those of both.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Those that the other has not.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// The classes, in their order.
    pub fn iter(self) -> impl Iterator<Item = ScanClass> {
        ScanClass::ALL.into_iter().filter(move |class| self.has(*class))
    }

    /// `dependency, container`.
    pub fn words(self) -> String {
        let words: Vec<&str> = self.iter().map(ScanClass::word).collect();
        words.join(", ")
    }
}

impl FromIterator<ScanClass> for ScanClasses {
    fn from_iter<I: IntoIterator<Item = ScanClass>>(classes: I) -> Self {
        classes.into_iter().fold(Self::NONE, |all, class| all.with(Self::of(&[class])))
    }
}

impl fmt::Debug for ScanClasses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}]", self.words())
    }
}

impl Serialize for ScanClasses {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'de> Deserialize<'de> for ScanClasses {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Vec::<ScanClass>::deserialize(deserializer)?.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_classes_are_written_as_a_list_of_words() {
        let some = ScanClasses::of(&[ScanClass::Container, ScanClass::Dependency]);
        assert_eq!(serde_json::to_string(&some).unwrap(), r#"["dependency","container"]"#);
        assert_eq!(serde_json::from_str::<ScanClasses>(r#"["container","dependency"]"#).unwrap(), some);
        assert!(serde_json::from_str::<ScanClasses>(r#"["else"]"#).is_err());
        assert_eq!(some.without(ScanClasses::of(&[ScanClass::Container])).words(), "dependency");
        assert_eq!(ScanClass::ALL.into_iter().collect::<ScanClasses>().iter().count(), 6);
    }
}
