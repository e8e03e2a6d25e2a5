//! Coverage beside that of the base (coverage.md b.9, b.10).
//!
//! The base is adjusted: lines that the change removes are no loss. What the change did is told apart from what
//! happened to lines that it does not touch (indirect changes), which are mostly tests that do not always do the
//! same.
//!
//! Where the base's evidence is older than the merge base, it is brought there through what happened between: lines
//! get the numbers that they have at the merge base, and lines that came since count on neither side.

use super::{Drift, Evidence, Partials};
use crate::model::{
    Coverage, Diff, DiffFile, DiffState, FileChange, FileCoverage, LineRanges, Ratio, RepoPath, Untrusted,
};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::num::NonZeroU32;

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Metric {
    /// Lines.
    Line,
    /// Branches, at the line where they stand.
    Branch,
    /// Functions, at their first line.
    Function,
}

/// Lines of one file that the change does not touch and whose state differs from the base; numbers of the head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndirectFile<'e> {
    /// The file at the head.
    pub path: &'e RepoPath,
    /// Lines that ran on the base and did not run now.
    pub lost: LineRanges,
    /// Lines that run now and did not on the base.
    pub gained: LineRanges,
    /// Lines that ran as a whole on the base and run in part now.
    pub halved: LineRanges,
}

/// Coverage of both sides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CoverageDrop<'e> {
    /// The base without the lines that the change removes.
    pub base: Ratio,
    /// The base with what the change adds: untouched lines are as they were there. `None` without a diff.
    pub direct: Option<Ratio>,
    /// The head as it was measured.
    pub head: Ratio,
    /// Files with untouched lines whose state differs, by path; lines only, whatever the metric.
    pub indirect: Vec<IndirectFile<'e>>,
    /// Files that the base measures, the change does not touch and no report of the head measures.
    pub vanished: Vec<&'e RepoPath>,
}

/// Why there is nothing to compare.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoDrop {
    /// There is no coverage of a base.
    NoBase,
    /// There is, and no figure can be right.
    NotMeasured(Untrusted),
}

/// Compares the files that `wanted` accepts, by their paths at the head.
///
/// # Errors
/// Says why the two sides cannot be compared.
pub fn coverage_drop<'e>(
    evidence: &Evidence<'e>,
    metric: Metric,
    partials: Partials,
    wanted: impl Fn(&RepoPath) -> bool,
) -> Result<CoverageDrop<'e>, NoDrop> {
    let Some(base) = evidence.base.and_then(|base| base.coverage.as_ref()) else {
        return Err(NoDrop::NoBase);
    };
    let Some(head) = evidence.head.coverage.as_ref() else { return Err(NoDrop::NoBase) };
    let (diff, drift) = match (evidence.diff, &evidence.base_side.drift) {
        (DiffState::Unavailable { reason, .. }, _) => return Err(NoDrop::NotMeasured(reason.clone())),
        (_, Drift::Unknown(why)) => return Err(NoDrop::NotMeasured((*why).into())),
        (DiffState::Known(diff), Drift::Known(drift)) => (Some(diff), Some(*drift)),
        (DiffState::Known(diff), Drift::None) => (Some(diff), None),
        // Nothing is changed against a base, but something since the evidence was made.
        (DiffState::NoBase, Drift::Known(since)) => (Some(*since), None),
        (DiffState::NoBase, Drift::None) => (None, None),
    };
    if evidence.base.is_some_and(|base| base.commit.is_none()) && diff.is_some_and(|diff| diff.base.is_some())
    {
        return Err(NoDrop::NotMeasured(
            "the evidence of the base does not say of which commit it is".into(),
        ));
    }
    if let Some(stale) = head.stale.iter().find(|path| wanted(path)) {
        return Err(not_of_this_state(stale));
    }
    let mut sides = Sides::default();
    let mut direct = Ratio::default();
    let moved = moved(diff);
    let drifted = Drifted { since: drift, moved: self::moved(drift) };
    for (path, file) in &base.files {
        let is_unusable = is_unusable(base, path, file);
        let Some(Brought { path, file, is_exact }) = drifted.bring(path, file) else { continue };
        let change = change_of(path, diff, &moved);
        let at_head = change.map_or(path, |(path, _)| path);
        if !wanted(at_head) {
            continue;
        }
        let change = change.map(|(_, change)| change);
        if change.is_some() && (is_unusable || !is_exact) {
            return Err(not_of_this_state(path));
        }
        let stays = ratio_of(&file, metric, partials, |line| !is_removed(change, line));
        add(&mut sides.base, stays);
        add(&mut direct, stays);
        if change.is_some_and(|change| change.change == FileChange::Deleted) {
            continue;
        }
        match head.files.get(at_head) {
            Some(now) if is_exact => sides.compare(at_head, &file, now, change),
            Some(_) => {}
            None if change.is_none() => sides.vanished.push(path),
            None if change.is_some_and(|change| !change.added.is_empty()) => {
                let path = at_head.as_str();
                let reason = format!("{path} is measured at the base and by no report of the change");
                return Err(NoDrop::NotMeasured(reason.into()));
            }
            None => {}
        }
    }
    for (path, file) in head.files.iter().filter(|(path, _)| wanted(path)) {
        let change = diff.and_then(|diff| diff.files.get(path));
        let came_since = drifted.came_since(path, change);
        add(&mut sides.head, ratio_of(file, metric, partials, |line| !came_since(line)));
        let Some(change) = change else { continue };
        let differs = !change.added.is_empty() || change.change == FileChange::NotText;
        if differs && (change.change == FileChange::NotText || is_unusable(head, path, file)) {
            return Err(not_of_this_state(path));
        }
        add(&mut direct, ratio_of(file, metric, partials, |line| change.added.contains(line)));
    }
    let Sides { base, head, indirect, vanished } = sides;
    Ok(CoverageDrop { base, direct: diff.map(|_| direct), head, indirect, vanished })
}

#[derive(Default)]
struct Sides<'e> {
    base: Ratio,
    head: Ratio,
    indirect: Vec<IndirectFile<'e>>,
    vanished: Vec<&'e RepoPath>,
}

impl<'e> Sides<'e> {
    /// Goes through the lines of a file that both sides have.
    fn compare(
        &mut self,
        path: &'e RepoPath,
        before: &FileCoverage,
        now: &FileCoverage,
        change: Option<&DiffFile>,
    ) {
        let mut file = IndirectFile {
            path,
            lost: LineRanges::default(),
            gained: LineRanges::default(),
            halved: LineRanges::default(),
        };
        let (partial_before, partial_now) = (before.partial_lines(), now.partial_lines());
        for hit in before.lines.iter() {
            let line = match change {
                None => Some(hit.line),
                Some(change) => line_at_head(hit.line, change),
            };
            let Some(line) = line else { continue };
            match (hit.hits > 0, now.lines.get(line)) {
                (true, Some(0)) => file.lost.push(line.get()),
                (false, Some(hits)) if hits > 0 => file.gained.push(line.get()),
                (true, Some(_))
                    if partial_before.binary_search(&hit.line.get()).is_err()
                        && partial_now.binary_search(&line.get()).is_ok() =>
                {
                    file.halved.push(line.get());
                }
                (_, Some(_) | None) => {}
            }
        }
        if !(file.lost.is_empty() && file.gained.is_empty() && file.halved.is_empty()) {
            self.indirect.push(file);
        }
    }
}

/// The base's evidence on its way to the merge base.
struct Drifted<'d> {
    since: Option<&'d Diff>,
    moved: BTreeMap<&'d RepoPath, (&'d RepoPath, &'d DiffFile)>,
}

/// A file of the base as it is at the merge base.
struct Brought<'e> {
    path: &'e RepoPath,
    file: Cow<'e, FileCoverage>,
    /// False if its lines could not be brought there.
    is_exact: bool,
}

impl<'e> Drifted<'e> {
    /// `None` for a file that is gone.
    fn bring(&self, path: &'e RepoPath, file: &'e FileCoverage) -> Option<Brought<'e>> {
        let Some((path, change)) = change_of(path, self.since, &self.moved) else {
            return Some(Brought { path, file: Cow::Borrowed(file), is_exact: true });
        };
        match change.change {
            FileChange::Deleted => None,
            FileChange::NotText => Some(Brought { path, file: Cow::Borrowed(file), is_exact: false }),
            FileChange::Added | FileChange::Modified | FileChange::Renamed => {
                let file = file.renumbered(|line| line_at_head(line, change));
                Some(Brought { path, file: Cow::Owned(file), is_exact: true })
            }
        }
    }

    /// True for the lines of the head that the change does not touch and that came after the base's evidence.
    fn came_since(&self, path: &RepoPath, change: Option<&'e DiffFile>) -> impl Fn(u32) -> bool {
        let before = change.and_then(|change| change.old_path.as_ref()).unwrap_or(path);
        let since = self.since.and_then(|since| since.files.get(before)).map(|since| &since.added);
        move |line| {
            let Some(since) = since.filter(|_| change.is_none_or(|change| !change.added.contains(line)))
            else {
                return false;
            };
            let before = match (change, NonZeroU32::new(line)) {
                (Some(change), Some(line)) => line_before(line, change).map_or(0, NonZeroU32::get),
                (None, _) | (_, None) => line,
            };
            since.contains(before)
        }
    }
}

/// Old path → the file at the head.
fn moved(diff: Option<&Diff>) -> BTreeMap<&RepoPath, (&RepoPath, &DiffFile)> {
    let files = diff.into_iter().flat_map(|diff| &diff.files);
    files.filter_map(|(path, file)| Some((file.old_path.as_ref()?, (path, file)))).collect()
}

/// What the change does to a file of the base, and its path at the head.
fn change_of<'d>(
    path: &RepoPath,
    diff: Option<&'d Diff>,
    moved: &BTreeMap<&RepoPath, (&'d RepoPath, &'d DiffFile)>,
) -> Option<(&'d RepoPath, &'d DiffFile)> {
    if let Some(&found) = moved.get(path) {
        return Some(found);
    }
    let (path, file) = diff?.files.get_key_value(path)?;
    // A new file that took the path of one that moved away is another file.
    (file.old_path.is_none()).then_some((path, file))
}

fn is_removed(change: Option<&DiffFile>, line: u32) -> bool {
    match change {
        None => false,
        Some(change) if change.change == FileChange::Deleted => true,
        Some(change) => change.removed.contains(line),
    }
}

/// True if the records of the file are of another state of it, or it has totals and no lines.
fn is_unusable(side: &Coverage, path: &RepoPath, file: &FileCoverage) -> bool {
    side.stale.contains(path) || (file.lines.is_empty() && file.summary.is_some())
}

fn not_of_this_state(path: &RepoPath) -> NoDrop {
    let path = path.as_str();
    NoDrop::NotMeasured(
        format!("the coverage of {path} is of another state of the file, or has no lines").into(),
    )
}

/// The file's records at the lines that `counts` accepts. Totals without records count only as a whole.
fn ratio_of(file: &FileCoverage, metric: Metric, partials: Partials, counts: impl Fn(u32) -> bool) -> Ratio {
    let mut ratio = Ratio::default();
    let mut count = |line: u32, part: u64, whole: u64| {
        if counts(line) {
            add(&mut ratio, Ratio { part, whole });
        }
    };
    match metric {
        Metric::Line => {
            let uncovered = match partials {
                Partials::Covered => Vec::new(),
                Partials::Uncovered => file.partial_lines(),
            };
            file.lines.iter().for_each(|hit| {
                let covered = hit.hits > 0 && uncovered.binary_search(&hit.line.get()).is_err();
                count(hit.line.get(), u64::from(covered), 1);
            });
        }
        Metric::Branch => {
            let lines = file.branches.per_line();
            lines.for_each(|line| count(line.line, u64::from(line.taken), u64::from(line.total)));
        }
        Metric::Function => {
            let functions = file.functions.iter();
            functions.for_each(|function| count(function.line, u64::from(function.calls > 0), 1));
        }
    }
    // Line 0 stands for the file as a whole; it is never removed and never added.
    if ratio.whole == 0 && counts(0) {
        let totals = file.totals();
        let stated = match metric {
            Metric::Line => totals.lines.filter(|_| file.lines.is_empty()),
            Metric::Branch => totals.branches.filter(|_| file.branches.is_empty()),
            Metric::Function => totals.functions.filter(|_| file.functions.is_empty()),
        };
        return stated.unwrap_or_default();
    }
    ratio
}

fn add(to: &mut Ratio, more: Ratio) {
    to.part = to.part.saturating_add(more.part);
    to.whole = to.whole.saturating_add(more.whole);
}

/// Where an untouched line of the base stands at the head: the n-th untouched line of one side is the n-th of the
/// other. `None` for a line that the change removes.
fn line_at_head(line: NonZeroU32, change: &DiffFile) -> Option<NonZeroU32> {
    line_across(line, &change.removed, &change.added)
}

/// Where an untouched line of the head stood at the base. `None` for a line that the change adds.
fn line_before(line: NonZeroU32, change: &DiffFile) -> Option<NonZeroU32> {
    line_across(line, &change.added, &change.removed)
}

/// The line of the other side, by what only this side has and what only the other has.
fn line_across(line: NonZeroU32, only_here: &LineRanges, only_there: &LineRanges) -> Option<NonZeroU32> {
    let mut rank = line.get();
    for &(first, last) in only_here.ranges().iter().take_while(|(first, _)| *first <= line.get()) {
        if line.get() <= last {
            return None;
        }
        rank = rank.checked_sub(last - first + 1)?;
    }
    let mut at = rank;
    for &(first, last) in only_there.ranges() {
        if first > at {
            break;
        }
        at = at.checked_add(last - first + 1)?;
    }
    NonZeroU32::new(at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::LineMarks;

    fn change(added: &[u32], removed: &[u32]) -> DiffFile {
        DiffFile {
            change: FileChange::Modified,
            old_path: None,
            added: added.iter().copied().collect(),
            removed: removed.iter().copied().collect(),
            marks: LineMarks::default(),
        }
    }

    #[test]
    fn an_untouched_line_moves_with_what_is_added_and_removed_above_it() {
        let at = |line: u32, change: &DiffFile| {
            line_at_head(NonZeroU32::new(line).unwrap(), change).map(NonZeroU32::get)
        };
        let inserted = change(&[1, 2], &[]);
        assert_eq!([at(1, &inserted), at(5, &inserted)], [Some(3), Some(7)]);
        let replaced = change(&[3], &[3, 4]);
        assert_eq!([at(2, &replaced), at(3, &replaced), at(5, &replaced)], [Some(2), None, Some(4)]);
        let back = |line: u32, change: &DiffFile| {
            line_before(NonZeroU32::new(line).unwrap(), change).map(NonZeroU32::get)
        };
        assert_eq!([back(2, &replaced), back(3, &replaced), back(4, &replaced)], [Some(2), None, Some(5)]);
        let below = change(&[9], &[]);
        assert_eq!([at(8, &below), at(9, &below)], [Some(8), Some(10)]);
    }
}
