//! Code coverage: per file a map of line → hits, branches, functions.

mod branches;
mod functions;
mod lines;
mod sorted;

pub use branches::{Branches, LineBranches};
pub use functions::{FunctionCalls, Functions};
pub use lines::{InOrder, LineHits, Lines};

use super::Ratio;
use super::Untrusted;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::num::NonZeroU32;

/// Totals that a report states without records to count them from: a summary-only report, or one metric of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Summary {
    /// Covered lines of all lines.
    pub lines: Option<Ratio>,
    /// Taken branches of all branches.
    pub branches: Option<Ratio>,
    /// Functions that ran, of all functions.
    pub functions: Option<Ratio>,
}

/// Coverage of one file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct FileCoverage {
    /// Lines and their hits.
    pub lines: Lines,
    /// Branches.
    pub branches: Branches,
    /// Functions and how often each was called.
    pub functions: Functions,
    /// What of a line can run by itself, where a format says it beside branches: blocks of Go, instructions of
    /// JaCoCo, statements of .NET. They make a line partial and count in no metric.
    #[serde(default, skip_serializing_if = "Branches::is_empty")]
    pub parts: Branches,
    /// Totals of metrics that have no records in the report; used per metric only while there are none, and
    /// never for changed lines.
    pub summary: Option<Box<Summary>>,
}

impl FileCoverage {
    /// The totals of the file; a metric without any record is `None` (DECISIONS 16).
    pub fn totals(&self) -> CoverageTotals {
        let summary = self.summary.as_deref().copied().unwrap_or_default();
        let or =
            |records: Ratio, stated: Option<Ratio>| if records.whole > 0 { Some(records) } else { stated };
        CoverageTotals {
            lines: or(self.lines.ratio(), summary.lines),
            branches: or(self.branches.ratio(), summary.branches),
            functions: or(self.functions.ratio(), summary.functions),
        }
    }

    /// The lines that ran and of which a branch or another part did not, ascending.
    pub fn partial_lines(&self) -> Vec<u32> {
        let short = |line: LineBranches| (line.taken < line.total).then_some(line.line);
        let mut lines: Vec<u32> =
            self.branches.per_line().chain(self.parts.per_line()).filter_map(short).collect();
        lines.sort_unstable();
        lines.dedup();
        lines.retain(|&line| {
            NonZeroU32::new(line).and_then(|line| self.lines.get(line)).is_some_and(|hits| hits > 0)
        });
        lines
    }

    /// Both together; the order does not matter and nothing is lost (invariant 4).
    pub fn merge(&mut self, other: &Self) {
        for hit in other.lines.iter() {
            self.lines.add(hit.line, hit.hits);
        }
        self.branches.merge(&other.branches);
        self.parts.merge(&other.parts);
        for function in other.functions.iter() {
            self.functions.add(function.line, function.raw_name(), function.calls);
        }
        self.summary = larger_summary(self.summary.take(), other.summary.clone());
    }

    /// The same with other numbers of lines; what has no number any more is gone. Totals without records stay.
    #[must_use]
    pub fn renumbered(&self, number: impl Fn(NonZeroU32) -> Option<NonZeroU32>) -> Self {
        let mut file = Self { summary: self.summary.clone(), ..Self::default() };
        for hit in self.lines.iter() {
            if let Some(line) = number(hit.line) {
                file.lines.add(line, hit.hits);
            }
        }
        // Line 0 stands for what has no place.
        let number = |line: u32| match NonZeroU32::new(line) {
            None => Some(0),
            Some(line) => number(line).map(NonZeroU32::get),
        };
        file.branches = self.branches.renumbered(number);
        file.parts = self.parts.renumbered(number);
        for function in self.functions.iter() {
            if let Some(line) = number(function.line) {
                file.functions.add(line, function.raw_name(), function.calls);
            }
        }
        file
    }

    /// Takes everything out, in no more memory than it needs, and keeps the room for the next file.
    #[must_use]
    pub fn take_settled(&mut self) -> Self {
        Self {
            lines: self.lines.take_settled(),
            branches: self.branches.take_settled(),
            parts: self.parts.take_settled(),
            functions: self.functions.take_settled(),
            summary: self.summary.take(),
        }
    }

    /// Gives back the memory that growing left over; call once a file is complete.
    pub fn shrink(&mut self) {
        self.lines.shrink();
        self.branches.shrink();
        self.parts.shrink();
        self.functions.settle();
    }
}

/// Of two summaries of one file: per metric the larger whole, then the larger part.
fn larger_summary(left: Option<Box<Summary>>, right: Option<Box<Summary>>) -> Option<Box<Summary>> {
    let (left, right) = match (left, right) {
        (Some(left), Some(right)) => (left, right),
        (left, right) => return left.or(right),
    };
    let larger = |a: Option<Ratio>, b: Option<Ratio>| match (a, b) {
        (Some(a), Some(b)) => Some(if (b.whole, b.part) > (a.whole, a.part) { b } else { a }),
        (a, b) => a.or(b),
    };
    Some(Box::new(Summary {
        lines: larger(left.lines, right.lines),
        branches: larger(left.branches, right.branches),
        functions: larger(left.functions, right.functions),
    }))
}

/// Totals per metric; `None` where the report has no record of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct CoverageTotals {
    /// Covered lines of all lines.
    pub lines: Option<Ratio>,
    /// Taken branches of all branches.
    pub branches: Option<Ratio>,
    /// Functions that ran, of all functions.
    pub functions: Option<Ratio>,
}

impl CoverageTotals {
    /// Adds the totals of another file.
    pub fn add(&mut self, other: &Self) {
        let sum = |a: Option<Ratio>, b: Option<Ratio>| match (a, b) {
            (Some(a), Some(b)) => {
                Some(Ratio { part: a.part.saturating_add(b.part), whole: a.whole.saturating_add(b.whole) })
            }
            (a, b) => a.or(b),
        };
        self.lines = sum(self.lines, other.lines);
        self.branches = sum(self.branches, other.branches);
        self.functions = sum(self.functions, other.functions);
    }
}

/// What one coverage report says, under the paths that the tool wrote.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CoverageReport {
    /// Path as written → coverage.
    pub files: BTreeMap<Untrusted, FileCoverage>,
    /// Folders that the report's paths may start from (Cobertura `<source>`), as written.
    pub roots: Vec<Untrusted>,
    /// The commit that was measured, where the report says it.
    pub commit: Option<Untrusted>,
}

impl CoverageReport {
    /// Totals over all files as the report has them, tracked or not.
    pub fn totals(&self) -> CoverageTotals {
        let mut totals = CoverageTotals::default();
        for file in self.files.values() {
            totals.add(&file.totals());
        }
        totals
    }
}
