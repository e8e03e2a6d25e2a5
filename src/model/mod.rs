//! The nouns: what a report says, what a commit's evidence is, what a verdict holds.
//!
//! Pure data. Nothing here parses, judges, renders or touches the world; every other room builds on these
//! types, so each of them says its unit, its range and what absence means.

mod author;
mod coverage;
mod date;
mod diff;
#[cfg(test)]
pub(crate) mod fixtures;
mod health;
mod history;
mod jobs;
mod moment;
mod number;
mod path;
mod proposal;
mod provenance;
mod purl;
mod scan;
mod scan_class;
mod snapshot;
mod teams;
mod tests;
mod text;
mod verdict;

pub use author::{Author, AuthorClass, Proposer};
pub use coverage::{
    Branches, CoverageReport, CoverageTotals, FileCoverage, FunctionCalls, Functions, InOrder, LineBranches,
    LineHits, Lines, Summary,
};
pub use date::{Date, DateError};
pub use diff::{Diff, DiffFile, DiffState, Exclusion, FileChange, LineMarks, LineRanges};
pub use health::{Health, Kind};
pub use history::{PastFailure, TestHistory, UnreliableTest, failure_shape};
pub use jobs::{BuildJobs, Job, JobFate, JobReports, JobResult};
pub use moment::Moment;
pub use number::{Percent, PercentError, Ratio};
pub use path::{RepoPath, RepoPathError};
pub use proposal::{Effect, PolicyChange, Proposal};
pub use provenance::{Attestations, Confirmation, Grade, Graded, Provenance};
pub use purl::{decode_escapes, purl_package, purl_parts};
pub use scan::{
    Epss, Finding, FindingId, Package, Scan, Severity, SeverityCounts, Suppression, Tool, Traits,
};
pub use scan_class::{ScanClass, ScanClasses};
pub use snapshot::{Coverage, PathResolution, ReportRead, ReportTotals, Snapshot};
pub use teams::{Handle, Teams};
pub use tests::{
    ContainerFailure, PassedTests, Place, Repeated, Retries, TestCase, TestGroup, TestId, TestRun,
    TestStatus, TestTotals, add_durations,
};
pub use text::Untrusted;
pub use verdict::{
    Detail, Figures, HeaderFact, Measured, Mode, NotCounted, Note, Outcome, OutcomeKind, Replay, Requirement,
    Step, Uncovered, Verdict, VerdictKind,
};
