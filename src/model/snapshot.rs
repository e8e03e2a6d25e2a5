//! All reports of one commit, merged.

use super::{
    BuildJobs, CoverageTotals, FileCoverage, Health, Kind, RepoPath, Scan, SeverityCounts, TestHistory,
    TestRun, TestTotals, Untrusted,
};
use crate::diagnostic::Diagnostic;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What was read from one file; the row that `reports[]` of the verdict and `inspect` show.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ReportRead {
    /// The file, as it is shown to people: relative to the root of the check.
    pub file: Untrusted,
    /// The entry of the policy's `reports:` that asked for it; empty if it was found by its content.
    pub entry: String,
    /// What it is about; `None` for a file that no format claims and no entry names.
    pub kind: Option<Kind>,
    /// Id of the format; empty if none was recognised.
    pub format: String,
    /// Whether it is whole.
    pub health: Health,
    /// Its totals.
    pub totals: ReportTotals,
    /// Everything that is wrong or odd with it, in the order of the file.
    pub warnings: Vec<Diagnostic>,
}

/// Totals of one report, by kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReportTotals {
    /// The file could not be read far enough.
    #[default]
    None,
    /// Counts of test cases.
    Tests(TestTotals),
    /// Lines, branches, functions.
    Coverage(CoverageTotals),
    /// Active findings per severity, and suppressed ones.
    Scan {
        /// Findings that count.
        active: SeverityCounts,
        /// Findings that the report itself suppresses.
        suppressed: u64,
    },
}

// Only for a stable order of rows: file, entry and health already tell rows apart in practice.
impl PartialOrd for ReportTotals {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for ReportTotals {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.sort_key().cmp(&other.sort_key())
    }
}

impl ReportTotals {
    fn sort_key(&self) -> [u64; 7] {
        match self {
            Self::None => [0; 7],
            Self::Tests(t) => [1, t.tests, t.passed, t.failed, t.errored, t.skipped, t.container_failures],
            Self::Coverage(c) => {
                let pair = |ratio: Option<super::Ratio>| ratio.map_or((0, 0), |r| (r.part, r.whole));
                let (lines, branches, functions) = (pair(c.lines), pair(c.branches), pair(c.functions));
                [2, lines.0, lines.1, branches.0, branches.1, functions.0, functions.1]
            }
            Self::Scan { active, suppressed } => [
                3,
                active.critical,
                active.high,
                active.medium,
                active.low,
                active.info + active.unknown,
                *suppressed,
            ],
        }
    }
}

/// How the paths of coverage reports were brought to paths of the repository (coverage.md b.7).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct PathResolution {
    /// Files whose path is a tracked file.
    pub resolved: u64,
    /// Paths that could be several tracked files; listed, never guessed. Sorted, capped.
    pub ambiguous: Vec<Untrusted>,
    /// Paths that no tracked file matches (system headers, dependencies, generated files). Sorted, capped.
    pub outside: Vec<Untrusted>,
    /// All ambiguous paths, also those beyond the cap.
    pub ambiguous_count: u64,
    /// All outside paths, also those beyond the cap.
    pub outside_count: u64,
    /// Outside paths that are neither code of toolchains and dependencies nor left out by the policy.
    #[serde(default)]
    pub unexplained: u64,
}

impl PathResolution {
    /// How many ambiguous and how many outside paths are listed.
    pub const MOST_LISTED: usize = 1_000;

    /// True if fewer than half of the paths that should be files of the repository are: then the report was written
    /// somewhere else, and what it says is about nothing that is judged.
    pub const fn is_too_little(&self) -> bool {
        let lost = self.ambiguous_count.saturating_add(self.unexplained);
        lost > self.resolved
    }

    /// `37 of 40 paths are files of the repository, 1 could be several, 2 are none`
    pub fn text(&self) -> String {
        let all = self.resolved.saturating_add(self.ambiguous_count).saturating_add(self.outside_count);
        let mut text = format!("{} of {all} paths are files of the repository", self.resolved);
        if self.ambiguous_count > 0 {
            text.push_str(&format!(", {} could be several", self.ambiguous_count));
        }
        if self.outside_count > 0 {
            text.push_str(&format!(", {} are none", self.outside_count));
        }
        text
    }

    /// Sorts the lists, each path once, and cuts them; the counts stay.
    pub fn cap(&mut self) {
        for list in [&mut self.ambiguous, &mut self.outside] {
            list.sort();
            list.dedup();
            list.truncate(Self::MOST_LISTED);
        }
    }
}

/// Coverage of a commit, under the paths of its tree.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Coverage {
    /// Tracked file → coverage.
    pub files: BTreeMap<RepoPath, FileCoverage>,
    /// How the report's paths were resolved.
    pub paths: PathResolution,
    /// Files whose report has a line beyond the end of the tracked file: the report is of another state.
    pub stale: Vec<RepoPath>,
}

impl Coverage {
    /// True if a file has a record of a branch, or of a function.
    pub fn has_records(&self, of_branches: bool) -> bool {
        self.files
            .values()
            .any(|file| if of_branches { !file.branches.is_empty() } else { !file.functions.is_empty() })
    }

    /// Totals over the tracked files that `wanted` accepts.
    pub fn totals(&self, wanted: impl Fn(&RepoPath) -> bool) -> CoverageTotals {
        let mut totals = CoverageTotals::default();
        for (path, file) in &self.files {
            if wanted(path) {
                totals.add(&file.totals());
            }
        }
        totals
    }
}

/// All evidence of one commit that reports give. `None` for a kind of which no report was read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Snapshot {
    /// The commit, in full hexadecimal; `None` outside of a repository.
    pub commit: Option<String>,
    /// Every file that was read, sorted.
    pub reports: Vec<ReportRead>,
    /// Test results of all executions.
    pub tests: Option<TestRun>,
    /// Coverage of all shards.
    pub coverage: Option<Coverage>,
    /// Runs of scanners, sorted by tool, category and content.
    pub scans: Vec<Scan>,
    /// CI jobs, where they are known.
    pub jobs: Option<BuildJobs>,
    /// The last runs of the default branch, with this one; `None` for the snapshot of a change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub history: Option<TestHistory>,
    /// By entry of the policy's `reports:`, for those that a later change may leave out (`absent: carried`): what their
    /// reports say by themselves, and of which commit.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parts: BTreeMap<String, Snapshot>,
}

impl Snapshot {
    /// The reports of one kind.
    pub fn reports_of(&self, kind: Kind) -> impl Iterator<Item = &ReportRead> {
        self.reports.iter().filter(move |report| report.kind == Some(kind))
    }

    /// The worst health among the reports of one kind; `None` if there is no report of it.
    pub fn health_of(&self, kind: Kind) -> Option<Health> {
        self.reports_of(kind).map(|report| report.health).max()
    }
}
