//! Findings of one run, counted without a limit and kept within bounds.

use crate::formats::Context;
use crate::model::{Finding, Health, Scan, ScanClasses, Severity, SeverityCounts, Tool, Untrusted};

/// Collects the findings of one run.
///
/// Everything is counted. Up to [`Collector::MOST`] findings of a file are kept, worst first, so that they can
/// be compared and pointed at; of those the first few keep their message.
#[derive(Debug, Default)]
pub(in crate::formats::scans) struct Collector {
    active: SeverityCounts,
    suppressed: u64,
    kept: Vec<Finding>,
    hidden: Vec<Finding>,
    not_kept: SeverityCounts,
}

impl Collector {
    /// The most active findings of a run that are kept.
    pub(in crate::formats::scans) const MOST: usize = 50_000;
    /// The most suppressed findings of a run that are kept.
    pub(in crate::formats::scans) const MOST_SUPPRESSED: usize = 500;

    /// Makes room for this many findings and no more: growing step by step would take twice the memory.
    pub(in crate::formats::scans) fn reserve(&mut self, findings: usize) {
        self.kept.reserve_exact(findings.min(Self::MOST));
    }

    /// Counts a finding, and keeps it if there is room.
    pub(in crate::formats::scans) fn add(&mut self, finding: Finding) {
        if finding.suppression.is_some() {
            self.suppressed += 1;
            if self.hidden.len() < Self::MOST_SUPPRESSED {
                self.hidden.push(finding);
            }
            return;
        }
        self.active.count(finding.severity);
        if self.kept.len() < Self::MOST {
            self.kept.push(finding);
        } else {
            self.not_kept.count(finding.severity);
        }
    }

    /// Counts findings of which nothing is known but their severity.
    pub(in crate::formats::scans) fn add_unseen(&mut self, severity: Severity, count: u64) {
        *self.active.get_mut(severity) += count;
        *self.not_kept.get_mut(severity) += count;
    }

    /// Counts suppressed findings that are not listed.
    pub(in crate::formats::scans) fn add_unseen_suppressed(&mut self, count: u64) {
        self.suppressed += count;
    }

    /// Active findings that were counted and not kept.
    pub(in crate::formats::scans) fn not_kept(&self) -> &SeverityCounts {
        &self.not_kept
    }

    /// All findings, active and suppressed.
    pub(in crate::formats::scans) fn count(&self) -> u64 {
        self.active.total() + self.suppressed
    }

    /// How many findings of each list are kept so far.
    pub(in crate::formats::scans) fn mark(&self) -> (usize, usize) {
        (self.kept.len(), self.hidden.len())
    }

    /// The findings that were kept since a mark.
    pub(in crate::formats::scans) fn since(
        &mut self,
        (kept, hidden): (usize, usize),
    ) -> impl Iterator<Item = &mut Finding> {
        self.kept.iter_mut().skip(kept).chain(self.hidden.iter_mut().skip(hidden))
    }

    /// The run as a whole. Without identities (`inspect`), only the counts stay.
    pub(in crate::formats::scans) fn finish(
        mut self,
        context: &Context,
        tool: Tool,
        category: Untrusted,
        health: Health,
        health_reason: Untrusted,
        looked_for: ScanClasses,
    ) -> Scan {
        if context.keep_identities {
            let order = |left: &Finding, right: &Finding| rank(left).cmp(&rank(right)).then(left.cmp(right));
            self.kept.sort_unstable_by(order);
            self.hidden.sort_unstable_by(order);
            for finding in self.kept.iter_mut().skip(context.max_kept) {
                finding.message = Untrusted::default();
            }
            self.kept.append(&mut self.hidden);
        } else {
            self.kept = Vec::new();
            self.not_kept = self.active;
        }
        Scan {
            tool,
            category,
            health,
            health_reason,
            looked_for,
            active: self.active,
            suppressed: self.suppressed,
            findings: self.kept,
            not_kept: self.not_kept,
        }
    }
}

/// Where a finding stands when only some can be shown: an unknown severity may be as bad as a high one.
fn rank(finding: &Finding) -> u8 {
    match finding.severity {
        Severity::Critical => 0,
        Severity::High => 1,
        Severity::Unknown => 2,
        Severity::Medium => 3,
        Severity::Low => 4,
        Severity::Info => 5,
    }
}
