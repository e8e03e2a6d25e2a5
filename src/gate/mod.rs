//! The order of things, in two pure functions: [`read`] and [`judge`].
//!
//! `read` turns opened files into a [`Snapshot`](crate::model::Snapshot): detect → parse → paths → merge; [`carry`] adds what the base's
//! reports say where the policy lets them stand for those of a change. `judge` turns a snapshot, a
//! base, a diff and a policy into a [`Verdict`](crate::model::Verdict): compare → evaluate. Both are synchronous and total: no clock,
//! no environment, no panic on any input; the same inputs give the same bytes in any order of the files.

mod carry;
mod choose;
mod judge;
mod places;
mod read;
mod sources;

pub use carry::carry;
pub use judge::{Case, judge, remember};
pub use places::{find_lines, find_stale};
pub use read::{read, read_coverage};
pub use sources::{Ground, Keep, Reading, ReportSource, Text, Texts};
