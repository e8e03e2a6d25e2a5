//! Head, base and diff become the evidence that rules may look at.
//!
//! Nothing here judges. What the head alone says can never excuse the head: every entry of
//! [`NotCounted`](crate::model::NotCounted) has its proof in the base snapshot.

mod base;
mod changes;
mod coverage;
mod coverage_drop;
mod dependencies;
mod exclusions;
mod provenance;
mod scan_changes;
mod scans;
mod tests;
mod touched;
mod vulnerabilities;

pub use base::{BaseSide, Drift};
pub use changes::{RemovedTest, TestChanges};
pub use coverage::{
    ChangedFile, ChangedLine, ChangedLines, Counted, Counting, Moved, Partials, Ran, Respaced,
};
pub use coverage_drop::{CoverageDrop, IndirectFile, Metric, NoDrop, coverage_drop};
pub use exclusions::Watch;
pub use provenance::{attestable, is_sensitive, of_change, raise_attested, raise_isolated};
pub use scan_changes::{ScanChanges, scan_changes};
pub use scans::{NewFindings, same_tool};
pub use tests::{CountedFailures, FlakyCase};
pub use vulnerabilities::{CountedFinding, Reported, count_once, ecosystem, package_name};

use crate::model::{
    BuildJobs, Diff, DiffState, Finding, Health, Kind, NotCounted, Provenance, RepoPath, ReportRead, Retries,
    ScanClasses, Snapshot, TestId, Untrusted,
};
pub(crate) use dependencies::Dependencies;
use std::collections::BTreeMap;

/// What is judged: a change, or a commit by itself (DECISIONS 4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Occasion {
    /// A pull request or merge group: failures that the base has too are not counted.
    Change,
    /// The default branch, or a laptop without a base: judged absolutely.
    Absolute,
}

/// How many files an entry of the policy's `reports:` asked for, and what came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContractState {
    /// Name of the entry.
    pub entry: String,
    /// What its reports are about.
    pub kind: Kind,
    /// How many files must arrive at least.
    pub at_least: u64,
    /// How many arrived, whatever their health.
    pub arrived: u64,
    /// True if the entry may be absent.
    pub optional: bool,
    /// What it says that its scanners look for.
    pub classes: ScanClasses,
    /// The shards, if the entry counts them.
    pub shards: Option<ShardState>,
}

/// The shards of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShardState {
    /// How many must come; `None` if the jobs that write them are not known.
    pub wanted: Option<u64>,
    /// How many came.
    pub came: u64,
}

impl ContractState {
    /// True if fewer files came than must. An optional entry is short only if some of its files came.
    pub fn is_short(&self) -> bool {
        let may_be_absent = self.optional && self.arrived == 0;
        let lacks_shards =
            self.shards.is_some_and(|shards| shards.wanted.is_none_or(|wanted| shards.came < wanted));
        (self.arrived < self.at_least || lacks_shards) && !may_be_absent
    }

    /// What is missing, in words.
    pub fn shortage(&self) -> String {
        match self.arrived {
            0 => format!("no file matched the entry `{}`", self.entry),
            _ if self.arrived >= self.at_least => match self.shards {
                Some(ShardState { wanted: Some(wanted), came }) => {
                    format!("{came} of {wanted} shards of the entry `{}` came", self.entry)
                }
                _ => format!(
                    "nobody knows how many shards of the entry `{}` must come: give the API's list of jobs with `--jobs`, or write the number",
                    self.entry
                ),
            },
            arrived => format!("{arrived} of {} files of the entry `{}` came", self.at_least, self.entry),
        }
    }
}

/// Everything that rules may see. Built by [`evidence`].
#[derive(Debug)]
pub struct Evidence<'e> {
    /// The commit that is judged.
    pub head: &'e Snapshot,
    /// The merge base, if its snapshot is known.
    pub base: Option<&'e Snapshot>,
    /// What the base is called, and why it has no snapshot if it has none.
    pub base_side: &'e BaseSide<'e>,
    /// What is judged.
    pub occasion: Occasion,
    /// The change.
    pub diff: &'e DiffState,
    /// What the policy asked for and what came.
    pub contract: &'e [ContractState],
    /// The CI jobs, where they are known.
    pub jobs: Option<&'e BuildJobs>,
    /// Test failures, told apart by whose they are.
    pub failures: CountedFailures<'e>,
    /// Of failures that count: in how many of the last runs of the base's branch they were seen too.
    pub failure_figures: BTreeMap<&'e TestId, String>,
    /// Tests that passed only when they were run again.
    pub flaky: Vec<FlakyCase<'e>>,
    /// The tests beside those of the base; `None` if one of the two sides has no test results.
    pub test_changes: Option<TestChanges<'e>>,
    /// Coverage of the changed lines; `None` without coverage or without a diff.
    pub changed: Option<ChangedLines<'e>>,
    /// What the change does to the dependencies; `None` where nobody can say.
    pub(crate) dependencies: Option<Dependencies<'e>>,
    /// Findings, told apart by whether the base has them; `None` if the base has no snapshot of scans.
    pub new_findings: Option<NewFindings<'e>>,
    /// Where the evidence comes from, and how strong it is.
    pub provenance: Provenance,
}

impl<'e> Evidence<'e> {
    /// Counts the failures again for a policy that takes repeated tests in these ways: a test of the base that
    /// passes in one of them excuses no test of the head that does not.
    pub fn recount_failures(&mut self, retries: &[Retries]) {
        let run = self.head.tests.as_ref();
        self.failures = tests::count(run, self.base_side, self.occasion, self.diff, retries);
        self.failure_figures = tests::figures(&self.failures, self.base_side, self.occasion, self.diff);
    }

    /// The change, if it is known.
    pub const fn diff(&self) -> Option<&'e Diff> {
        self.diff.known()
    }

    /// Why the reports of a kind are not enough to call anything met: every report that is not complete, and
    /// every announced one that did not come. Empty if all is well.
    pub fn problems(&self, kind: Kind) -> Vec<Untrusted> {
        let mut problems = Vec::new();
        for state in self.contract.iter().filter(|state| state.kind == kind) {
            if state.is_short() {
                problems.push(Untrusted::new(state.shortage()));
            }
        }
        for report in self.head.reports_of(kind) {
            if self.is_broken(report) {
                let why = report.warnings.iter().max_by_key(|warning| warning.weight);
                let why = why.map_or(String::new(), |warning| format!(": {}", warning.message.raw()));
                problems.push(Untrusted::new(format!(
                    "{} is {}{why}",
                    report.file.raw(),
                    report.health.word()
                )));
            }
        }
        problems
    }

    /// True if a report keeps its kind from being called met. A missing one is told by the entry of the
    /// contract that asked for it, which knows how many files must come and whether they may be absent.
    pub fn is_broken(&self, report: &ReportRead) -> bool {
        match report.health {
            Health::Complete => false,
            Health::Missing => !self.contract.iter().any(|state| state.entry == report.entry),
            Health::Degraded | Health::Failed | Health::Empty | Health::Invalid => true,
        }
    }

    /// The proof that an advisory is not from the change, because it leaves the dependencies as they are; `None`
    /// if there is none.
    pub fn ambient(&self, rule: &'static str, finding: &Finding) -> Option<NotCounted> {
        self.dependencies.as_ref()?.ambient(rule, finding)
    }

    /// True if at least one file of the kind was read or announced.
    pub fn has(&self, kind: Kind) -> bool {
        self.head.reports_of(kind).next().is_some() || self.contract.iter().any(|state| state.kind == kind)
    }
}

/// Compares. Total: any snapshot, base and diff give evidence.
pub fn evidence<'e>(
    head: &'e Snapshot,
    base: &'e BaseSide<'e>,
    occasion: Occasion,
    diff: &'e DiffState,
    contract: &'e [ContractState],
    is_excluded: &dyn Fn(&RepoPath) -> bool,
) -> Evidence<'e> {
    let run = head.tests.as_ref();
    let failures = tests::count(run, base, occasion, diff, &[]);
    Evidence {
        head,
        base: base.snapshot,
        base_side: base,
        occasion,
        diff,
        contract,
        jobs: head.jobs.as_ref(),
        failure_figures: tests::figures(&failures, base, occasion, diff),
        failures,
        flaky: tests::flaky(run, base, occasion, diff),
        test_changes: changes::changes(head, base.snapshot, diff),
        changed: coverage::changed(head, base.snapshot, diff, is_excluded),
        dependencies: Dependencies::of(base, occasion, diff),
        new_findings: scans::new_findings(head, base.snapshot, diff),
        provenance: of_change(occasion, diff),
    }
}
