//! Exit codes: a documented enum, never a count (DECISIONS 27).

use crate::model::VerdictKind;
use std::process::ExitCode;

/// The lines below `--help`.
pub(super) const HELP: &str = "\
Exit codes:
  0  passed
  1  needs changes
  2  wrong use, or a policy that cannot be used
  3  no verdict: something required could not be measured
  4  publishing or storing failed
  70 a bug of Tollgate";

/// How the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExitStatus {
    /// The verdict is `passed`; or the program did what it was asked for.
    Passed = 0,
    /// The verdict is `needs-changes`.
    NeedsChanges = 1,
    /// The arguments or the policy are wrong.
    WrongUse = 2,
    /// The verdict is `no-verdict`; or a report is not complete (`inspect`).
    NoVerdict = 3,
    /// What was to be published or stored was not.
    PublishFailed = 4,
    /// A bug of Tollgate's own.
    Bug = 70,
}

impl From<ExitStatus> for ExitCode {
    fn from(status: ExitStatus) -> Self {
        Self::from(status as u8)
    }
}

impl From<VerdictKind> for ExitStatus {
    fn from(verdict: VerdictKind) -> Self {
        match verdict {
            VerdictKind::Passed => Self::Passed,
            VerdictKind::NeedsChanges => Self::NeedsChanges,
            VerdictKind::NoVerdict => Self::NoVerdict,
        }
    }
}

/// Wrong use or a wrong policy, with all that has to be said about it.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct WrongUse(pub(super) String);

/// The check could not be made or posted; nothing of the change is to blame.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct PublishFailed(pub(super) String);

/// A reader that went away (`tollgate check | head`) is nobody's mistake; everything else that is not wrong use
/// is ours or the machine's.
pub(super) fn of_error(error: &anyhow::Error) -> ExitStatus {
    if error.is::<WrongUse>() {
        ExitStatus::WrongUse
    } else if error.is::<PublishFailed>() {
        ExitStatus::PublishFailed
    } else {
        ExitStatus::Bug
    }
}
