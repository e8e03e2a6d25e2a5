//! Steps of scenarios, as all Cucumber formats know them.

use crate::model::TestStatus;

/// How bad a step is; the worst of a scenario decides. Steps behind a failed one are skipped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Step {
    /// No step at all.
    #[default]
    None,
    Passed,
    Skipped,
    /// Its author says that it is still to be written.
    Pending,
    /// We do not know the word.
    Unknown,
    /// There is no code for it, or too much of it, or no result.
    Undefined,
    Failed,
}

impl Step {
    /// Reads a status, in either case of letters.
    pub(super) fn of(word: &str) -> Self {
        match word.to_ascii_lowercase().as_str() {
            "passed" => Self::Passed,
            "skipped" => Self::Skipped,
            "pending" => Self::Pending,
            "undefined" | "ambiguous" | "missing" => Self::Undefined,
            "failed" => Self::Failed,
            _ => Self::Unknown,
        }
    }

    /// How a scenario ends whose worst step this is.
    pub(super) const fn status(self) -> TestStatus {
        match self {
            Self::Passed => TestStatus::Passed,
            Self::None | Self::Skipped | Self::Pending => TestStatus::Skipped,
            Self::Unknown => TestStatus::Unknown,
            Self::Undefined => TestStatus::Errored,
            Self::Failed => TestStatus::Failed,
        }
    }
}
