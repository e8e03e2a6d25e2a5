//! What a change does to the tree, against its merge base.

use super::{RepoPath, Untrusted};
use std::collections::{BTreeMap, BTreeSet};

/// Sorted, non-overlapping ranges of 1-based lines, both ends inclusive.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LineRanges(Vec<(u32, u32)>);

impl LineRanges {
    /// Adds a line that is not below the last one added; neighbours grow into one range.
    pub fn push(&mut self, line: u32) {
        match self.0.last_mut() {
            Some(last) if line <= last.1 => {}
            Some(last) if line == last.1 + 1 => last.1 = line,
            _ => self.0.push((line, line)),
        }
    }

    /// True if `line` lies in a range.
    pub fn contains(&self, line: u32) -> bool {
        let after = self.0.partition_point(|range| range.0 <= line);
        after.checked_sub(1).and_then(|index| self.0.get(index)).is_some_and(|range| line <= range.1)
    }

    /// All lines in ascending order.
    pub fn lines(&self) -> impl Iterator<Item = u32> + '_ {
        self.0.iter().flat_map(|&(first, last)| first..=last)
    }

    /// The ranges themselves.
    pub fn ranges(&self) -> &[(u32, u32)] {
        &self.0
    }

    /// `41-46, 52, 58-59`, at most `most` ranges.
    pub fn text(&self, most: usize) -> String {
        let range = |&(first, last): &(u32, u32)| {
            if first == last { first.to_string() } else { format!("{first}-{last}") }
        };
        let mut shown: Vec<String> = self.0.iter().take(most).map(range).collect();
        match self.0.len().saturating_sub(most) {
            0 => {}
            1 => shown.push("and 1 more range".to_owned()),
            more => shown.push(format!("and {more} more ranges")),
        }
        shown.join(", ")
    }

    /// How many lines there are.
    pub fn len(&self) -> u64 {
        self.0.iter().map(|&(first, last)| u64::from(last - first) + 1).sum()
    }

    /// True if there is no line.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<u32> for LineRanges {
    fn from_iter<I: IntoIterator<Item = u32>>(lines: I) -> Self {
        let mut ranges = Self::default();
        for line in lines {
            ranges.push(line);
        }
        ranges
    }
}

/// What happened to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FileChange {
    /// New.
    Added,
    /// Changed in place (a change of mode alone is one without added lines).
    Modified,
    /// Moved, with or without changes (similarity of at least 50 %).
    Renamed,
    /// Gone.
    Deleted,
    /// Not text: a binary file, a symlink or a submodule. It has no lines to cover.
    NotText,
}

/// One changed file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiffFile {
    /// What happened.
    pub change: FileChange,
    /// Path at the base, if it differs.
    pub old_path: Option<RepoPath>,
    /// Lines of the head that the change added or modified.
    pub added: LineRanges,
    /// Lines of the base that the change removed or modified. Of a deleted file all are gone, and none is listed.
    pub removed: LineRanges,
    /// What the text of the added lines says.
    pub marks: LineMarks,
}

/// What the text of added lines says, beside their numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LineMarks {
    /// Lines that a comparison without white space (`git diff -w`) would not add.
    pub respaced: LineRanges,
    /// Lines that the change took away elsewhere, white space apart: path at the base → (line of the head, line
    /// of the base), ascending. No line of the base stands for two of the head.
    pub moved: BTreeMap<RepoPath, Vec<(u32, u32)>>,
    /// Lines that leave code out of the coverage, or that set up what is measured.
    pub exclusions: Vec<Exclusion>,
}

/// An added line that decides what the coverage counts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Exclusion {
    /// The line of the head, 1-based; 0 where a whole file is meant.
    pub line: u32,
    /// The marker, in a word of ours: `pragma: no cover`.
    pub marker: &'static str,
}

/// A whole change: path at the head (at the base for deleted files) → what happened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diff {
    /// The changed files.
    pub files: BTreeMap<RepoPath, DiffFile>,
    /// The commit that it was taken against, in full hexadecimal, where it is known.
    pub base: Option<String>,
    /// Paths that are no valid UTF-8 and so cannot be matched with a report; how many.
    pub unreadable_paths: u64,
    /// Changed files outside of the judged directory that say how evidence is made, by their path from the
    /// repository's root.
    pub sensitive_elsewhere: BTreeSet<RepoPath>,
}

/// Whether there is a diff to judge changed lines by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DiffState {
    /// There is no base: the default branch itself, or a laptop without a remote. Rules about the change are
    /// not judged.
    NoBase,
    /// There should be one and it cannot be computed (shallow clone, unknown reference): not measured.
    Unavailable {
        /// What is wrong.
        reason: Untrusted,
        /// What to do about it.
        help: String,
    },
    /// The change.
    Known(Diff),
}

impl DiffState {
    /// The diff, if there is one.
    pub const fn known(&self) -> Option<&Diff> {
        match self {
            Self::Known(diff) => Some(diff),
            Self::NoBase | Self::Unavailable { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbouring_lines_become_one_range() {
        let ranges: LineRanges = [3, 4, 5, 9].into_iter().collect();
        assert_eq!(ranges.ranges(), [(3, 5), (9, 9)]);
        assert_eq!(ranges.len(), 4);
        assert!(ranges.contains(4) && ranges.contains(9));
        assert!(!ranges.contains(2) && !ranges.contains(6) && !ranges.contains(10));
    }
}
