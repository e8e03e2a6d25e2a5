//! What a report is about, and whether it can be trusted as a whole.

use serde::{Deserialize, Serialize};

/// What a report is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Test results.
    Tests,
    /// Code coverage.
    Coverage,
    /// Findings of a scanner.
    Scan,
}

impl Kind {
    /// The word used in policies, JSON and text: `tests`, `coverage`, `scan`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Tests => "tests",
            Self::Coverage => "coverage",
            Self::Scan => "scan",
        }
    }
}

/// Whether a report is whole. Only `Complete` can take part in a pass (invariant 1).
///
/// Ordered from best to worst, so that the health of many is their maximum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Health {
    /// Read to its end and consistent; failing tests and findings are no defect of a report.
    Complete,
    /// Read to its end, but something in it is unknown, contradictory or was lost in a repair. Its failures
    /// count, its passes do not.
    Degraded,
    /// The tool says of itself that it did not finish (SARIF: Appendix I).
    Failed,
    /// Well-formed and without content: zero cases, zero line records, no `results`.
    Empty,
    /// Cut off, malformed, too large or of no known format.
    Invalid,
    /// Announced (by the policy or a manifest) and not there.
    Missing,
}

impl Health {
    /// The word used in JSON and text.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Degraded => "degraded",
            Self::Failed => "failed",
            Self::Empty => "empty",
            Self::Invalid => "invalid",
            Self::Missing => "missing",
        }
    }

    /// The worse of two.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        self.max(other)
    }
}
