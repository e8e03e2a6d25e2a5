//! The change: which lines of which files the head adds to its merge base (coverage.md b.8).
//!
//! Files and renames (at 50 %) come from libgit2's tree diff. Lines come from a patience diff without context
//! per file, as numbers, never as text: an added line `++ x` or a path with ` b/` in it cannot be misread.
//! Attributes do not decide what is text: a pull request could hide its lines with `*.rs -diff`. A file is
//! binary if one of its first 8,000 bytes is NUL, as for git.

use super::files::{Side, SizedBlob, count_lines, lines_ended};
use super::marks::{Moves, Texts};
use super::{Base, Repository, Run, RunKind};
use crate::compare::is_sensitive;
use crate::diagnostic::{Code, Diagnostic, Origin, Weight};
use crate::io::beneath::read_beneath;
use crate::model::{Diff, DiffFile, DiffState, FileChange, LineMarks, LineRanges, RepoPath};
use git2::{Delta, DiffDelta, DiffFindOptions, DiffOptions, FileMode, Oid, Patch};
use std::path::Path;

/// A text file above this size, in bytes, is not compared line by line.
const MAX_FILE: u64 = 20 << 20;
/// A text file with more lines is not compared line by line: made to be slow, it would take minutes.
const MAX_LINES: u32 = 200_000;
/// More changed files than this are no change that a person made; nothing is judged by it.
const MAX_FILES: usize = 300_000;
/// How many sources are tried for each rename; git's own default.
const RENAME_LIMIT: usize = 1_000;

/// The change and what it was taken from.
#[derive(Clone, Debug)]
pub struct Changes {
    /// The change, or why there is none.
    pub diff: DiffState,
    /// Whether the working tree was compared (a laptop with uncommitted changes) or the head's commit.
    pub side: Side,
    /// Files that were not compared, and other notes.
    pub diagnostics: Vec<Diagnostic>,
}

/// Computes the change against the merge base.
///
/// On a laptop uncommitted changes of tracked files belong to it, because the tests ran on them; in CI the
/// commit alone counts. Without a base there is no change to judge; the default branch itself has none
/// (DECISIONS 4).
pub fn changes(repository: &Repository, base: &Base, run: &Run) -> Changes {
    let mut diagnostics = Vec::new();
    let side = match repository.side(run) {
        Ok(side) => side,
        Err(diagnostic) => {
            diagnostics.push(*diagnostic);
            Side::Commit
        }
    };
    let diff = match base {
        Base::None => DiffState::NoBase,
        Base::Unavailable(diagnostic) => unavailable(diagnostic),
        Base::Known(point)
            if point.merge_base == repository.head_id() && side == Side::Commit && !run.judges_a_change() =>
        {
            DiffState::NoBase
        }
        Base::Known(point) => match repository.diff(Some(&point.merge_base), side, &mut diagnostics) {
            Ok(diff) => DiffState::Known(diff),
            Err(diagnostic) => unavailable(&diagnostic),
        },
    };
    Changes { diff, side, diagnostics }
}

fn unavailable(diagnostic: &Diagnostic) -> DiffState {
    DiffState::Unavailable { reason: diagnostic.message.clone(), help: diagnostic.help.raw().to_owned() }
}

impl Repository {
    fn head_id(&self) -> String {
        self.git.head().ok().and_then(|head| head.target()).map(|id| self.name_of(id)).unwrap_or_default()
    }

    /// Whether the working tree differs from the head's commit and counts.
    fn side(&self, run: &Run) -> Result<Side, Box<Diagnostic>> {
        if run.kind != RunKind::Local || self.git.is_bare() {
            return Ok(Side::Commit);
        }
        let Some(head) = self.head_commit()? else { return Ok(Side::WorkingTree) };
        let dirty = || -> Result<bool, git2::Error> {
            let mut options = DiffOptions::new();
            options.ignore_submodules(true).include_typechange(true);
            let diff = self.git.diff_tree_to_workdir_with_index(Some(&head.tree()?), Some(&mut options))?;
            Ok(diff.deltas().any(|delta| self.concerns(&delta)))
        };
        match dirty() {
            Ok(true) => Ok(Side::WorkingTree),
            Ok(false) => Ok(Side::Commit),
            Err(error) => Err(self.failed("the working tree cannot be compared", &error)),
        }
    }

    /// True if one of the two paths lies below DIR.
    fn concerns(&self, delta: &DiffDelta<'_>) -> bool {
        let below = |file: git2::DiffFile<'_>| {
            file.path_bytes().is_some_and(|path| path.starts_with(self.prefix.as_bytes()))
        };
        below(delta.old_file()) || below(delta.new_file())
    }

    /// The change since a commit; since nothing at all if none is named.
    pub(super) fn diff(
        &self,
        since: Option<&str>,
        side: Side,
        notes: &mut Vec<Diagnostic>,
    ) -> Result<Diff, Box<Diagnostic>> {
        let compare = || -> Result<git2::Diff<'_>, git2::Error> {
            let old = match since {
                Some(commit) => Some(self.git.find_commit(self.id_of(commit)?)?.tree()?),
                None => None,
            };
            let mut options = DiffOptions::new();
            options
                .context_lines(0)
                .interhunk_lines(0)
                .patience(true)
                .force_text(true)
                .include_typechange(true)
                .ignore_submodules(false)
                .max_size(-1);
            let mut diff = match side {
                Side::Commit => {
                    let new = self.git.head()?.peel_to_tree()?;
                    self.git.diff_tree_to_tree(old.as_ref(), Some(&new), Some(&mut options))?
                }
                Side::WorkingTree => {
                    options.ignore_submodules(true);
                    self.git.diff_tree_to_workdir_with_index(old.as_ref(), Some(&mut options))?
                }
            };
            if diff.deltas().len() <= MAX_FILES {
                let mut find = DiffFindOptions::new();
                find.renames(true).rename_threshold(50).rename_limit(RENAME_LIMIT);
                find.exact_match_only(!renames_can_be_compared(&diff));
                diff.find_similar(Some(&mut find))?;
            }
            Ok(diff)
        };
        let diff = compare().map_err(|error| self.failed("the change cannot be computed", &error))?;
        if diff.deltas().len() > MAX_FILES {
            let message = format!("the change touches more than {MAX_FILES} files");
            return Err(Box::new(Diagnostic::new(
                Code::TooManyFiles,
                Weight::Error,
                message,
                Origin::default(),
            )));
        }
        let mut found = Diff { base: since.map(str::to_owned), ..Diff::default() };
        let mut moves = Moves::default();
        for (index, delta) in diff.deltas().enumerate() {
            if self.concerns(&delta) {
                let lines = |path: &RepoPath| self.changed_lines(&diff, index, &delta, path);
                self.take(&delta, lines, &mut found, &mut moves, notes)
                    .map_err(|error| self.failed("a changed file cannot be read", &error))?;
            } else {
                let paths = [delta.old_file(), delta.new_file()].map(|file| Named::of(file, "").below());
                found.sensitive_elsewhere.extend(paths.into_iter().flatten().filter(is_sensitive));
            }
        }
        moves.find(&mut found);
        Ok(found)
    }

    /// Takes one changed file into the diff.
    fn take(
        &self,
        delta: &DiffDelta<'_>,
        lines: impl FnOnce(&RepoPath) -> Result<Lines, git2::Error>,
        found: &mut Diff,
        moves: &mut Moves,
        notes: &mut Vec<Diagnostic>,
    ) -> Result<(), git2::Error> {
        let old = Named::of(delta.old_file(), &self.prefix);
        let new = Named::of(delta.new_file(), &self.prefix);
        let change = match delta.status() {
            Delta::Added | Delta::Copied | Delta::Untracked => FileChange::Added,
            Delta::Deleted => FileChange::Deleted,
            Delta::Renamed => FileChange::Renamed,
            Delta::Modified | Delta::Typechange => FileChange::Modified,
            // Conflicted: the two sides of an unfinished merge; unreadable: no permission.
            Delta::Conflicted | Delta::Unreadable => FileChange::NotText,
            Delta::Unmodified | Delta::Ignored => return Ok(()),
        };
        let (path, old_path, change) = match (change, old, new) {
            (FileChange::Deleted, Named::Below(old), _)
            | (FileChange::Renamed, Named::Below(old), Named::Elsewhere) => {
                let texts = self.texts_of_deleted(delta, &old)?;
                let marks = LineMarks { exclusions: texts.exclusions.clone(), ..LineMarks::default() };
                found.files.entry(old.clone()).or_insert(DiffFile {
                    change: FileChange::Deleted,
                    old_path: None,
                    added: LineRanges::default(),
                    removed: LineRanges::default(),
                    marks,
                });
                moves.take(old.clone(), old, texts);
                return Ok(());
            }
            (FileChange::Renamed, old, Named::Below(new)) => (new, old.below(), FileChange::Renamed),
            (change, _, Named::Below(new)) => (new, None, change),
            (_, Named::Unreadable, _) | (_, _, Named::Unreadable) => {
                found.unreadable_paths += 1;
                return Ok(());
            }
            _ => return Ok(()),
        };
        let lines = match delta.new_file().mode() {
            FileMode::Blob | FileMode::BlobExecutable | FileMode::BlobGroupWritable
                if change != FileChange::NotText =>
            {
                lines(&path)?
            }
            _ => Lines::NotText,
        };
        let mut note = |message: String| {
            let origin = Origin::file(path.as_str());
            notes.push(Diagnostic::new(Code::TextCut, Weight::Warning, message, origin));
        };
        let (change, changed) = match lines {
            Lines::Exact(changed) => (change, changed),
            Lines::Between(changed) => {
                note(format!(
                    "the file has more than {MAX_LINES} lines: all between the first and the last change count as changed"
                ));
                (change, changed)
            }
            Lines::NotText => (FileChange::NotText, ChangedLines::default()),
            Lines::TooLarge => {
                note(format!(
                    "the file is larger than {} MiB, so its lines are not compared",
                    MAX_FILE >> 20
                ));
                (FileChange::NotText, ChangedLines::default())
            }
        };
        let ChangedLines { added, removed, respaced, mut texts } = changed;
        texts.of_file(&path, added.lines().next());
        let exclusions = std::mem::take(&mut texts.exclusions);
        moves.take(path.clone(), old_path.clone().unwrap_or_else(|| path.clone()), texts);
        let marks = LineMarks { respaced, exclusions, ..LineMarks::default() };
        found.files.insert(path, DiffFile { change, old_path, added, removed, marks });
        Ok(())
    }

    /// What the lines of a file say that is gone.
    fn texts_of_deleted(&self, delta: &DiffDelta<'_>, path: &RepoPath) -> Result<Texts, git2::Error> {
        let mut texts = Texts::default();
        let old = delta.old_file();
        let is_text =
            matches!(old.mode(), FileMode::Blob | FileMode::BlobExecutable | FileMode::BlobGroupWritable);
        if is_text && !old.id().is_zero() {
            let blob = self.sized_blob(old.id())?;
            let text = blob.text().filter(|text| count_lines(text) <= MAX_LINES).unwrap_or_default();
            for (number, line) in (1..).zip(text.split(|byte| *byte == b'\n')) {
                texts.remove(path, number, line);
            }
        }
        texts.of_file(path, None);
        Ok(texts)
    }

    fn changed_lines(
        &self,
        diff: &git2::Diff<'_>,
        index: usize,
        delta: &DiffDelta<'_>,
        path: &RepoPath,
    ) -> Result<Lines, git2::Error> {
        let (old, new) = (delta.old_file(), delta.new_file());
        if old.exists() && old.id() == new.id() {
            return Ok(Lines::Exact(ChangedLines::default()));
        }
        let old_blob = match old.mode() {
            FileMode::Blob | FileMode::BlobExecutable | FileMode::BlobGroupWritable
                if !old.id().is_zero() =>
            {
                self.sized_blob(old.id())?
            }
            // What a symlink or submodule was has no lines: all of the new file is added.
            _ => SizedBlob::Empty,
        };
        // The same for what was binary, or too large to compare.
        let old_text = old_blob.text().unwrap_or_default();
        let in_database = !new.id().is_zero() && self.git.odb()?.exists(new.id());
        if in_database {
            let new_blob = self.sized_blob(new.id())?;
            let Some(new_text) = new_blob.text() else {
                return Ok(if new_blob.is_large() { Lines::TooLarge } else { Lines::NotText });
            };
            if count_lines(old_text).max(count_lines(new_text)) > MAX_LINES {
                return Ok(Lines::Between(ChangedLines {
                    added: lines_between(old_text, new_text),
                    removed: lines_between(new_text, old_text),
                    ..ChangedLines::default()
                }));
            }
            let mut patch =
                Patch::from_buffers(old_text, None, new_text, None, Some(&mut options_of_lines()))?;
            let mut changed = lines_of(&mut patch, path)?;
            changed.find_respaced(old_text, new_text)?;
            return Ok(Lines::Exact(changed));
        }
        // A file of the working tree goes through git's filters (line ends) inside of libgit2.
        let on_disk = new.path().map(|path| self.git.workdir().unwrap_or(Path::new("")).join(path));
        let disk = on_disk.map_or(SizedBlob::Empty, |path| SizedBlob::of_file(&path, MAX_FILE));
        if disk.text().is_none() {
            return Ok(if disk.is_large() { Lines::TooLarge } else { Lines::NotText });
        }
        match Patch::from_diff(diff, index)? {
            Some(mut patch) => {
                let mut changed = lines_of(&mut patch, path)?;
                if changed.texts.has_twins
                    && let Ok(text) = read_beneath(&self.dir, Path::new(path.as_str()), MAX_FILE)
                {
                    changed.find_respaced(old_text, &text)?;
                }
                Ok(Lines::Exact(changed))
            }
            None => Ok(Lines::NotText),
        }
    }

    fn sized_blob(&self, id: Oid) -> Result<SizedBlob<'_>, git2::Error> {
        self.blob_up_to(id, MAX_FILE)
    }
}

/// False if new and deleted files are too many to compare each with each, as for git: then only files that
/// moved without a change are renames, and others are new.
fn renames_can_be_compared(diff: &git2::Diff<'_>) -> bool {
    let count = |status: Delta| diff.deltas().filter(|delta| delta.status() == status).count();
    count(Delta::Added).saturating_mul(count(Delta::Deleted)) <= RENAME_LIMIT * RENAME_LIMIT
}

/// The lines that a patch adds and removes, by their numbers.
fn lines_of(patch: &mut Patch<'_>, path: &RepoPath) -> Result<ChangedLines, git2::Error> {
    let mut changed = ChangedLines::default();
    for hunk in 0..patch.num_hunks() {
        changed.texts.begin_place();
        for line in 0..patch.num_lines_in_hunk(hunk)? {
            let line = patch.line_in_hunk(hunk, line)?;
            match (line.origin_value(), line.new_lineno(), line.old_lineno()) {
                (git2::DiffLineType::Addition, Some(number), _) => {
                    changed.added.push(number);
                    changed.texts.add(path, number, line.content());
                }
                (git2::DiffLineType::Deletion, _, Some(number)) => {
                    changed.removed.push(number);
                    changed.texts.remove(path, number, line.content());
                }
                _ => {}
            }
        }
    }
    Ok(changed)
}

/// All lines between the first and the last difference: never fewer than a real comparison would name.
fn lines_between(old: &[u8], new: &[u8]) -> LineRanges {
    let same_at = |a: &[u8], b: &[u8]| a.iter().zip(b).take_while(|(a, b)| a == b).count();
    let start = same_at(old, new);
    if start == new.len() && start == old.len() {
        return LineRanges::default();
    }
    let first = 1 + lines_ended(new.get(..start).unwrap_or_default());
    let (old_rest, new_rest) = (old.get(start..).unwrap_or_default(), new.get(start..).unwrap_or_default());
    let tail = old_rest.iter().rev().zip(new_rest.iter().rev()).take_while(|(a, b)| a == b).count();
    let middle = new_rest.get(..new_rest.len() - tail).unwrap_or_default();
    // The last byte that differs may be the line end itself, or stand in the line that the tail completes.
    let last = (first + lines_ended(middle)).min(count_lines(new));
    (first..=last).collect()
}

/// Lines of the head that are new, and lines of the base that are gone.
#[derive(Default)]
struct ChangedLines {
    added: LineRanges,
    removed: LineRanges,
    respaced: LineRanges,
    texts: Texts,
}

impl ChangedLines {
    /// Compares once more without white space, if that can make a difference.
    fn find_respaced(&mut self, old: &[u8], new: &[u8]) -> Result<(), git2::Error> {
        if !self.texts.has_twins {
            return Ok(());
        }
        let mut options = options_of_lines();
        options.ignore_whitespace(true);
        let patch = Patch::from_buffers(old, None, new, None, Some(&mut options))?;
        let mut still_added = LineRanges::default();
        for hunk in 0..patch.num_hunks() {
            for line in 0..patch.num_lines_in_hunk(hunk)? {
                let line = patch.line_in_hunk(hunk, line)?;
                if let (git2::DiffLineType::Addition, Some(number)) = (line.origin_value(), line.new_lineno())
                {
                    still_added.push(number);
                }
            }
        }
        self.respaced = self.added.lines().filter(|line| !still_added.contains(*line)).collect();
        Ok(())
    }
}

/// How the lines of two states of a file are compared.
fn options_of_lines() -> DiffOptions {
    let mut options = DiffOptions::new();
    options.context_lines(0).interhunk_lines(0).patience(true).force_text(true).max_size(-1);
    options
}

/// What became of the lines of one file.
enum Lines {
    Exact(ChangedLines),
    /// Not compared line by line; everything between the first and last difference.
    Between(ChangedLines),
    NotText,
    TooLarge,
}

/// A side's path, seen from DIR.
enum Named {
    Below(RepoPath),
    Elsewhere,
    Unreadable,
}

impl Named {
    fn of(file: git2::DiffFile<'_>, prefix: &str) -> Self {
        let Some(path) = file.path_bytes() else { return Self::Elsewhere };
        let Some(path) = path.strip_prefix(prefix.as_bytes()) else { return Self::Elsewhere };
        match std::str::from_utf8(path).ok().and_then(|path| RepoPath::new(path).ok()) {
            Some(path) => Self::Below(path),
            None => Self::Unreadable,
        }
    }

    fn below(self) -> Option<RepoPath> {
        match self {
            Self::Below(path) => Some(path),
            Self::Elsewhere | Self::Unreadable => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_lines_between_two_changes_are_those_a_reader_would_name() {
        let between = |old: &str, new: &str| lines_between(old.as_bytes(), new.as_bytes()).ranges().to_vec();
        assert_eq!(between("1\n2\n3\n4\n", "1\nx\n3\ny\n"), [(2, 4)]);
        assert_eq!(between("", "1\n2\n"), [(1, 2)]);
        assert_eq!(between("1\n2\n", ""), []);
        assert_eq!(between("a\n", "a\n"), []);
        assert_eq!(between("1\n2", "1\n2\n"), [(2, 2)]);
    }

    proptest! {
        #[test]
        fn the_lines_between_hold_every_line_that_a_comparison_names(
            old in "([ab]?\n){0,8}[ab]?",
            new in "([ab]?\n){0,8}[ab]?",
        ) {
            let mut options = DiffOptions::new();
            options.context_lines(0).patience(true);
            let mut patch =
                Patch::from_buffers(old.as_bytes(), None, new.as_bytes(), None, Some(&mut options)).unwrap();
            let exact = lines_of(&mut patch, &RepoPath::new("a").unwrap()).unwrap().added;
            let between = lines_between(old.as_bytes(), new.as_bytes());
            // Where equal lines repeat, a comparison may name another of them; the number never falls.
            prop_assert!(between.len() >= exact.len(), "{old:?} {new:?} {between:?} {exact:?}");
            prop_assert!(between.lines().all(|line| line <= count_lines(new.as_bytes())));
        }
    }
}
