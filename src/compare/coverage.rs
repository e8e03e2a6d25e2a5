//! Coverage of the lines that the change adds or modifies (coverage.md b.8).

use crate::model::{DiffState, FileChange, FileCoverage, LineRanges, Ratio, RepoPath, Snapshot};
use std::collections::BTreeSet;
use std::num::NonZeroU32;

/// The changed lines of one file that can be covered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangedFile<'e> {
    /// The file at the head.
    pub path: &'e RepoPath,
    /// Changed lines that ran.
    pub covered: LineRanges,
    /// Changed lines that did not.
    pub missed: LineRanges,
}

/// Coverage of all changed lines.
#[derive(Debug, Default)]
pub struct ChangedLines<'e> {
    /// Files with at least one changed line that can be covered, by path.
    pub files: Vec<ChangedFile<'e>>,
    /// Changed files that have the extension of a measured file and that no report measures (DECISIONS 12).
    pub unmeasured: Vec<&'e RepoPath>,
    /// Changed files whose report is of another state of the file, or has totals and no lines: no figure about
    /// their lines can be right.
    pub unusable: Vec<&'e RepoPath>,
}

impl ChangedLines<'_> {
    /// Covered changed lines of all changed lines that can be covered, over the files that `wanted` accepts.
    pub fn ratio(&self, wanted: impl Fn(&RepoPath) -> bool) -> Ratio {
        let mut ratio = Ratio::default();
        for file in self.files.iter().filter(|file| wanted(file.path)) {
            ratio.part += file.covered.len();
            ratio.whole += file.covered.len() + file.missed.len();
        }
        ratio
    }
}

/// Joins the diff with the head's coverage. `None` if one of the two is not there.
pub(super) fn changed<'e>(
    head: &'e Snapshot,
    diff: &'e DiffState,
    is_excluded: &dyn Fn(&RepoPath) -> bool,
) -> Option<ChangedLines<'e>> {
    let coverage = head.coverage.as_ref()?;
    let diff = diff.known()?;
    let measured_extensions: BTreeSet<&str> = coverage.files.keys().filter_map(RepoPath::extension).collect();
    let mut changed = ChangedLines::default();
    for (path, file) in &diff.files {
        if file.change == FileChange::Deleted || is_excluded(path) {
            continue;
        }
        if file.change == FileChange::NotText {
            // A source file made to look binary has changed lines that nobody can see.
            if coverage.files.contains_key(path) {
                changed.unusable.push(path);
            }
            continue;
        }
        if file.added.is_empty() {
            continue;
        }
        match coverage.files.get(path) {
            Some(measured) if measured.lines.is_empty() && measured.summary.is_some() => {
                changed.unusable.push(path);
            }
            Some(_) if coverage.stale.contains(path) => changed.unusable.push(path),
            Some(measured) => {
                let (covered, missed) = split(measured, &file.added);
                if !covered.is_empty() || !missed.is_empty() {
                    changed.files.push(ChangedFile { path, covered, missed });
                }
            }
            None if path.extension().is_some_and(|extension| measured_extensions.contains(extension)) => {
                changed.unmeasured.push(path);
            }
            None => {}
        }
    }
    Some(changed)
}

fn split(measured: &FileCoverage, added: &LineRanges) -> (LineRanges, LineRanges) {
    let mut covered = LineRanges::default();
    let mut missed = LineRanges::default();
    for line in added.lines() {
        match NonZeroU32::new(line).and_then(|line| measured.lines.get(line)) {
            Some(0) => missed.push(line),
            Some(_) => covered.push(line),
            None => {}
        }
    }
    (covered, missed)
}
