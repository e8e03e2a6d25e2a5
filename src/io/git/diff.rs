//! The change: which lines of which files the head adds to its merge base (coverage.md b.8).
//!
//! Files and renames (at 50 %) come from libgit2's tree diff. Lines come from a patience diff without context
//! per file, as numbers, never as text: an added line `++ x` or a path with ` b/` in it cannot be misread.
//! Attributes do not decide what is text: a pull request could hide its lines with `*.rs -diff`. A file is
//! binary if one of its first 8,000 bytes is NUL, as for git.

use super::files::{Side, SizedBlob};
use super::lines::{ChangedLines, Lines, MAX_FILE, MAX_LINES, Pair, blob_up_to, compare_all, lines_of};
use super::marks::{Moves, Texts};
use super::{Base, Repository, Run, RunKind};
use crate::compare::is_sensitive;
use crate::diagnostic::{Code, Diagnostic, Origin, Weight};
use crate::io::beneath::read_beneath;
use crate::model::{Diff, DiffFile, DiffState, FileChange, LineMarks, LineRanges, RepoPath};
use crate::paths::count_lines;
use git2::{Delta, DiffDelta, DiffFindOptions, DiffOptions, FileMode, Patch};
use std::collections::BTreeMap;
use std::path::Path;

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
    /// How many lines changed files have at the head, where they were compared.
    pub line_counts: BTreeMap<RepoPath, u32>,
    /// Files that were not compared, and other notes.
    pub diagnostics: Vec<Diagnostic>,
}

/// What a comparison is made of beside the change itself.
#[derive(Default)]
pub(super) struct Notes {
    pub(super) line_counts: BTreeMap<RepoPath, u32>,
    pub(super) diagnostics: Vec<Diagnostic>,
}

/// What a commit is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Until<'c> {
    /// What is judged.
    Head(Side),
    /// Another commit.
    Commit(&'c str),
}

/// Computes the change against the merge base.
///
/// On a laptop uncommitted changes of tracked files belong to it, because the tests ran on them; in CI the
/// commit alone counts. Without a base there is no change to judge; the default branch itself has none
/// (DECISIONS 4).
pub fn changes(repository: &Repository, base: &Base, run: &Run) -> Changes {
    let mut notes = Notes::default();
    let side = match repository.side(run) {
        Ok(side) => side,
        Err(diagnostic) => {
            notes.diagnostics.push(*diagnostic);
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
        Base::Known(point) => match repository.diff(Some(&point.merge_base), Until::Head(side), &mut notes) {
            Ok(diff) => DiffState::Known(diff),
            Err(diagnostic) => unavailable(&diagnostic),
        },
    };
    let Notes { line_counts, diagnostics } = notes;
    Changes { diff, side, line_counts, diagnostics }
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
            // Below DIR alone: to look at each file of a large repository takes longer than all the rest.
            if !self.prefix.is_empty() {
                options.disable_pathspec_match(true).pathspec(self.prefix.trim_end_matches('/'));
            }
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

    /// What happened between two commits, or between one and what is judged.
    ///
    /// # Errors
    /// `git-failed` when one of them is not here or cannot be read.
    pub fn drift(&self, from: &str, to: Option<&str>, side: Side) -> Result<Diff, Box<Diagnostic>> {
        let until = to.map_or(Until::Head(side), Until::Commit);
        self.diff(Some(from), until, &mut Notes::default())
    }

    /// The change since a commit; since nothing at all if none is named.
    pub(super) fn diff(
        &self,
        since: Option<&str>,
        until: Until<'_>,
        notes: &mut Notes,
    ) -> Result<Diff, Box<Diagnostic>> {
        let compare = || -> Result<git2::Diff<'_>, git2::Error> {
            let tree = |commit: &str| self.git.find_commit(self.id_of(commit)?)?.tree();
            let old = since.map(tree).transpose()?;
            let mut options = DiffOptions::new();
            options
                .context_lines(0)
                .interhunk_lines(0)
                .patience(true)
                .force_text(true)
                .include_typechange(true)
                .ignore_submodules(false)
                .max_size(-1);
            let mut diff = match until {
                Until::Head(Side::Commit) => {
                    let new = self.git.head()?.peel_to_tree()?;
                    self.git.diff_tree_to_tree(old.as_ref(), Some(&new), Some(&mut options))?
                }
                Until::Commit(commit) => {
                    self.git.diff_tree_to_tree(old.as_ref(), Some(&tree(commit)?), Some(&mut options))?
                }
                Until::Head(Side::WorkingTree) => {
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
        let mut compared = compare_all(&self.git, &self.pairs(&diff));
        for (index, delta) in diff.deltas().enumerate() {
            if self.concerns(&delta) {
                let compared = compared.remove(&index);
                let lines = |path: &RepoPath| {
                    compared.unwrap_or_else(|| self.changed_lines(&diff, index, &delta, path))
                };
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
        notes: &mut Notes,
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
            mode if is_regular(mode) && change != FileChange::NotText => lines(&path)?,
            _ => Lines::NotText,
        };
        let mut note = |message: String| {
            let origin = Origin::file(path.as_str());
            notes.diagnostics.push(Diagnostic::new(Code::TextCut, Weight::Warning, message, origin));
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
        let ChangedLines { added, removed, respaced, mut texts, count } = changed;
        notes.line_counts.extend(count.map(|count| (path.clone(), count)));
        texts.of_file(&path, added.lines().next());
        let exclusions = std::mem::take(&mut texts.exclusions);
        moves.take(path.clone(), old_path.clone().unwrap_or_else(|| path.clone()), texts);
        let marks = LineMarks { respaced, exclusions, ..LineMarks::default() };
        found.files.insert(path, DiffFile { change, old_path, added, removed, marks });
        Ok(())
    }

    /// What the lines of a file say that is gone.
    fn texts_of_deleted(&self, delta: &DiffDelta<'_>, path: &RepoPath) -> Result<Texts, git2::Error> {
        let mut texts = Texts::of(path);
        let old = delta.old_file();
        if is_regular(old.mode()) && !old.id().is_zero() {
            let blob = blob_up_to(&self.git, old.id(), MAX_FILE)?;
            let text = blob.text().filter(|text| count_lines(text) <= MAX_LINES).unwrap_or_default();
            for (number, line) in (1..).zip(text.split(|byte| *byte == b'\n')) {
                texts.remove(number, line);
            }
        }
        texts.of_file(path, None);
        Ok(texts)
    }

    /// The files whose two states both lie in the object database.
    fn pairs(&self, diff: &git2::Diff<'_>) -> Vec<Pair> {
        let mut pairs = Vec::new();
        for (index, delta) in diff.deltas().enumerate() {
            let (old, new) = (delta.old_file(), delta.new_file());
            let is_compared = match delta.status() {
                Delta::Added | Delta::Copied | Delta::Modified | Delta::Renamed | Delta::Typechange => {
                    is_regular(new.mode()) && !new.id().is_zero() && old.id() != new.id()
                }
                Delta::Deleted
                | Delta::Untracked
                | Delta::Conflicted
                | Delta::Unreadable
                | Delta::Unmodified
                | Delta::Ignored => false,
            };
            // What a symlink or submodule was has no lines.
            let old = (is_regular(old.mode()) && !old.id().is_zero()).then(|| old.id());
            let id = new.id();
            if let (true, Named::Below(path)) = (is_compared, Named::of(new, &self.prefix)) {
                pairs.push(Pair { index, path, old, new: id });
            }
        }
        pairs
    }

    /// The lines of a file that is the same on both sides, or lies in the working tree.
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
        let old_blob = match is_regular(old.mode()) && !old.id().is_zero() {
            true => blob_up_to(&self.git, old.id(), MAX_FILE)?,
            false => SizedBlob::Empty,
        };
        let old_text = old_blob.text().unwrap_or_default();
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
}

const fn is_regular(mode: FileMode) -> bool {
    matches!(mode, FileMode::Blob | FileMode::BlobExecutable | FileMode::BlobGroupWritable)
}

/// False if new and deleted files are too many to compare each with each, as for git: then only files that
/// moved without a change are renames, and others are new.
fn renames_can_be_compared(diff: &git2::Diff<'_>) -> bool {
    let count = |status: Delta| diff.deltas().filter(|delta| delta.status() == status).count();
    count(Delta::Added).saturating_mul(count(Delta::Deleted)) <= RENAME_LIMIT * RENAME_LIMIT
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
