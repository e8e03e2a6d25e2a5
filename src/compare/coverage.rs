//! Coverage of the lines that the change adds or modifies (coverage.md b.8).
//!
//! What counts is asked for each rule and each path anew ([`Counting`]): the lines are kept with all that is known
//! of them.

use super::Metric;
use crate::model::{
    Diff, DiffFile, DiffState, Exclusion, FileChange, FileCoverage, Health, Kind, LineRanges, Ratio,
    RepoPath, Snapshot,
};
use std::collections::BTreeSet;
use std::num::NonZeroU32;

/// The changed lines of one file that can be covered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangedFile<'e> {
    /// The file at the head.
    pub path: &'e RepoPath,
    /// Each line, ascending.
    pub lines: Vec<ChangedLine>,
}

/// One changed line that can be covered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChangedLine {
    /// The line of the head, 1-based.
    pub line: u32,
    /// Whether it ran; `None` if only a function or a branch is recorded there.
    pub ran: Option<Ran>,
    /// Branches that stand there.
    pub branches: Ratio,
    /// Functions that begin there.
    pub functions: Ratio,
    /// True if only its white space differs from the base.
    pub respaced: bool,
    /// True if the line was moved, white space apart, and the base's own report proves that it did not run there.
    pub uncovered_before: bool,
}

/// How much of a line ran.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ran {
    /// Nothing.
    No,
    /// A branch or another part of it did not.
    Partly,
    /// All that is known of it.
    Whole,
}

/// What counts of the changed lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counting {
    /// Lines, branches or functions.
    pub metric: Metric,
    /// Whether a line that ran in part is covered.
    pub partials: Partials,
    /// Whether lines count that differ in white space alone.
    pub respaced: Respaced,
    /// Whether lines count that were uncovered before they moved.
    pub moved: Moved,
}

/// What a line is that ran in part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Partials {
    /// Covered.
    Covered,
    /// Not covered.
    Uncovered,
}

/// What a line is that differs in white space alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Respaced {
    /// A changed line.
    Counted,
    /// No changed line.
    Ignored,
}

/// What a line is that did not run at the base, was moved, and does not run now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moved {
    /// Uncovered, as any other (strict).
    Counted,
    /// Not counted, because the change did not uncover it (net).
    Excused,
}

impl Counting {
    /// Lines, as most tools count them.
    pub const LINES: Self = Self {
        metric: Metric::Line,
        partials: Partials::Covered,
        respaced: Respaced::Counted,
        moved: Moved::Counted,
    };
}

/// What is counted of one file, or of all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counted {
    /// Covered of all that counts.
    pub ratio: Ratio,
    /// Lines that are covered.
    pub covered: LineRanges,
    /// Lines that are not, or that hold something that is not.
    pub missed: LineRanges,
    /// How many lines ran in part.
    pub partial: u64,
    /// How many uncovered lines do not count because they were uncovered before they moved.
    pub excused: u64,
}

impl ChangedFile<'_> {
    /// Counts the file's changed lines.
    pub fn count(&self, counting: &Counting) -> Counted {
        let mut counted = Counted::default();
        for line in &self.lines {
            if line.respaced && counting.respaced == Respaced::Ignored {
                continue;
            }
            counted.partial += u64::from(line.ran == Some(Ran::Partly));
            let ratio = line.share(counting);
            if ratio.whole == 0 {
                continue;
            }
            let is_missed = ratio.part < ratio.whole;
            if is_missed && line.uncovered_before && counting.moved == Moved::Excused {
                counted.excused += 1;
                continue;
            }
            counted.ratio.part += ratio.part;
            counted.ratio.whole += ratio.whole;
            let into = if is_missed { &mut counted.missed } else { &mut counted.covered };
            into.push(line.line);
        }
        counted
    }
}

impl ChangedLine {
    fn share(&self, counting: &Counting) -> Ratio {
        match (counting.metric, self.ran) {
            (Metric::Line, None) => Ratio::default(),
            (Metric::Line, Some(ran)) => {
                let covered =
                    ran == Ran::Whole || (ran == Ran::Partly && counting.partials == Partials::Covered);
                Ratio { part: u64::from(covered), whole: 1 }
            }
            (Metric::Branch, _) => self.branches,
            (Metric::Function, _) => self.functions,
        }
    }
}

/// Coverage of all changed lines.
#[derive(Debug, Default)]
pub struct ChangedLines<'e> {
    /// Files with at least one changed line of which a report says something, by path.
    pub files: Vec<ChangedFile<'e>>,
    /// Changed files that have the extension of a measured file and that no report measures (DECISIONS 12).
    pub unmeasured: Vec<&'e RepoPath>,
    /// Changed files whose report is of another state of the file, or has totals and no lines: no figure about
    /// their lines can be right.
    pub unusable: Vec<&'e RepoPath>,
    /// What the change adds that decides what is counted, by path.
    pub exclusions: Vec<(&'e RepoPath, &'e Exclusion)>,
}

impl ChangedLines<'_> {
    /// Counts the files that `wanted` accepts.
    pub fn count(
        &self,
        counting: &Counting,
        wanted: impl Fn(&RepoPath) -> bool,
    ) -> Vec<(&ChangedFile<'_>, Counted)> {
        let files = self.files.iter().filter(|file| wanted(file.path));
        files.map(|file| (file, file.count(counting))).collect()
    }
}

/// Joins the diff with the head's coverage. `None` if one of the two is not there.
pub(super) fn changed<'e>(
    head: &'e Snapshot,
    base: Option<&'e Snapshot>,
    diff: &'e DiffState,
    is_excluded: &dyn Fn(&RepoPath) -> bool,
) -> Option<ChangedLines<'e>> {
    let coverage = head.coverage.as_ref()?;
    let diff = diff.known()?;
    let base = base.filter(|base| is_of_base(base, diff));
    let measured_extensions: BTreeSet<&str> = coverage.files.keys().filter_map(RepoPath::extension).collect();
    let mut changed = ChangedLines::default();
    for (path, file) in &diff.files {
        changed.exclusions.extend(file.marks.exclusions.iter().map(|exclusion| (path, exclusion)));
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
                let lines = join(measured, file, base);
                if !lines.is_empty() {
                    changed.files.push(ChangedFile { path, lines });
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

/// True if the snapshot is whole and of the very commit that the change was compared with: only then are its lines
/// the lines of the diff, and a line without a hit is one that no test ran.
fn is_of_base(base: &Snapshot, diff: &Diff) -> bool {
    let is_whole = base.health_of(Kind::Coverage) == Some(Health::Complete);
    is_whole && base.commit.is_some() && base.commit == diff.base
}

fn join(measured: &FileCoverage, file: &DiffFile, base: Option<&Snapshot>) -> Vec<ChangedLine> {
    let partial = measured.partial_lines();
    let uncovered_before = uncovered_before(file, base);
    let mut branches = measured.branches.per_line().peekable();
    let mut functions = measured.functions.iter().peekable();
    let mut lines = Vec::new();
    for line in file.added.lines() {
        let ran = NonZeroU32::new(line).and_then(|line| measured.lines.get(line)).map(|hits| match hits {
            0 => Ran::No,
            _ if partial.binary_search(&line).is_ok() => Ran::Partly,
            _ => Ran::Whole,
        });
        let mut of_branches = Ratio::default();
        while let Some(found) = branches.next_if(|found| found.line <= line) {
            if found.line == line {
                of_branches = Ratio { part: found.taken.into(), whole: found.total.into() };
            }
        }
        let mut of_functions = Ratio::default();
        while let Some(function) = functions.next_if(|function| function.line <= line) {
            if function.line == line {
                of_functions.whole += 1;
                of_functions.part += u64::from(function.calls > 0);
            }
        }
        if ran.is_none() && of_branches.whole == 0 && of_functions.whole == 0 {
            continue;
        }
        lines.push(ChangedLine {
            line,
            ran,
            branches: of_branches,
            functions: of_functions,
            respaced: file.marks.respaced.contains(line),
            uncovered_before: uncovered_before.binary_search(&line).is_ok(),
        });
    }
    lines
}

/// Lines of the head that stood elsewhere at the base, where a report says that they did not run.
fn uncovered_before(file: &DiffFile, base: Option<&Snapshot>) -> Vec<u32> {
    let Some(coverage) = base.and_then(|base| base.coverage.as_ref()) else { return Vec::new() };
    let mut lines = Vec::new();
    for (from, moved) in &file.marks.moved {
        let Some(before) = coverage.files.get(from).filter(|_| !coverage.stale.contains(from)) else {
            continue;
        };
        let did_not_run = |old: u32| NonZeroU32::new(old).and_then(|old| before.lines.get(old)) == Some(0);
        lines.extend(moved.iter().filter(|(_, old)| did_not_run(*old)).map(|(line, _)| *line));
    }
    lines.sort_unstable();
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(line: u32, ran: Ran) -> ChangedLine {
        let (branches, functions) = (Ratio::default(), Ratio::default());
        ChangedLine { line, ran: Some(ran), branches, functions, respaced: false, uncovered_before: false }
    }

    fn counted(lines: &[ChangedLine], counting: Counting) -> (u64, u64) {
        let path = RepoPath::new("a.rs").unwrap();
        let ratio = ChangedFile { path: &path, lines: lines.to_vec() }.count(&counting).ratio;
        (ratio.part, ratio.whole)
    }

    #[test]
    fn a_line_that_ran_in_part_is_covered_unless_the_rule_says_otherwise() {
        let lines = [line(1, Ran::Whole), line(2, Ran::Partly), line(3, Ran::No)];
        assert_eq!(counted(&lines, Counting::LINES), (2, 3));
        let strict = Counting { partials: Partials::Uncovered, ..Counting::LINES };
        assert_eq!(counted(&lines, strict), (1, 3));
    }

    #[test]
    fn a_respaced_line_counts_unless_white_space_is_ignored() {
        let lines = [line(1, Ran::Whole), ChangedLine { respaced: true, ..line(2, Ran::No) }];
        assert_eq!(counted(&lines, Counting::LINES), (1, 2));
        assert_eq!(counted(&lines, Counting { respaced: Respaced::Ignored, ..Counting::LINES }), (1, 1));
    }

    #[test]
    fn only_what_was_and_is_uncovered_is_excused() {
        let moved = |line: ChangedLine| ChangedLine { uncovered_before: true, ..line };
        let lines = [moved(line(1, Ran::Whole)), moved(line(2, Ran::No)), line(3, Ran::No)];
        assert_eq!(counted(&lines, Counting::LINES), (1, 3));
        assert_eq!(counted(&lines, Counting { moved: Moved::Excused, ..Counting::LINES }), (1, 2));
    }

    #[test]
    fn branches_and_functions_are_those_of_the_changed_lines() {
        let branches = ChangedLine { branches: Ratio { part: 1, whole: 2 }, ..line(1, Ran::Partly) };
        let function = ChangedLine { functions: Ratio { part: 1, whole: 1 }, ran: None, ..line(2, Ran::No) };
        let lines = [branches, function];
        assert_eq!(counted(&lines, Counting::LINES), (1, 1));
        assert_eq!(counted(&lines, Counting { metric: Metric::Branch, ..Counting::LINES }), (1, 2));
        assert_eq!(counted(&lines, Counting { metric: Metric::Function, ..Counting::LINES }), (1, 1));
    }
}
