//! The lines of one changed file: two states of it in, the numbers of the lines that differ out.
//!
//! The states are blobs of the object database, and each pair stands by itself: of a large change they are compared
//! on several cores.

use super::files::SizedBlob;
use super::marks::Texts;
use super::rebuilt::STAND_IN;
use crate::model::{LineRanges, RepoPath};
use crate::paths::{count_lines, lines_ended};
use git2::{DiffOptions, Oid, Patch};
use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A text file above this size, in bytes, is not compared line by line.
pub(super) const MAX_FILE: u64 = 20 << 20;
/// A text file with more lines is not compared line by line: made to be slow, it would take minutes.
pub(super) const MAX_LINES: u32 = 200_000;
/// So many files are compared faster by one core than another opens the repository.
const MOST_ALONE: usize = 128;
/// How many cores take part at most, and how many files each takes at a time.
const MOST_AT_ONCE: usize = 4;
const AT_A_TIME: usize = 16;

/// Two states of a file.
pub(super) struct Pair {
    /// The place of the file in the change.
    pub(super) index: usize,
    /// The file at the head.
    pub(super) path: RepoPath,
    /// Its blob at the base; `None` where all lines of the head are new.
    pub(super) old: Option<Oid>,
    /// Its blob at the head.
    pub(super) new: Oid,
}

/// What became of the lines of each file, by its place in the change.
pub(super) type Compared = BTreeMap<usize, Result<Lines, git2::Error>>;

/// Compares all pairs, on several cores if there are many.
pub(super) fn compare_all(git: &git2::Repository, pairs: &[Pair]) -> Compared {
    let next = AtomicUsize::new(0);
    let work = |git: &git2::Repository| {
        let mut done = Vec::new();
        loop {
            let first = next.fetch_add(AT_A_TIME, Ordering::Relaxed);
            let Some(pairs) = pairs.get(first..).filter(|rest| !rest.is_empty()) else { return done };
            done.extend(pairs.iter().take(AT_A_TIME).map(|pair| (pair.index, compare(git, pair))));
        }
    };
    let helpers = match pairs.len() {
        0..MOST_ALONE => 0,
        _ => std::thread::available_parallelism().map_or(1, NonZeroUsize::get).min(MOST_AT_ONCE) - 1,
    };
    if helpers > 0 {
        keep_freed_memory();
    }
    let place = git.path();
    std::thread::scope(|scope| {
        let help = || {
            // One that cannot open the repository leaves its share to the others.
            git2::Repository::open(place).map_or_else(|_| Vec::new(), |git| work(&git))
        };
        let helpers: Vec<_> = (0..helpers).map(|_| scope.spawn(help)).collect();
        let mut done = work(git);
        for helper in helpers {
            match helper.join() {
                Ok(theirs) => done.extend(theirs),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        done.into_iter().collect()
    })
}

/// Lets the allocator keep what is freed. glibc gives each large buffer back to the system and asks for it anew, so that
/// each file of a large change pays for fresh pages, until a buffer was freed that is larger than those to come
/// (mallopt(3), `M_MMAP_THRESHOLD`). The buffer is never written to, so it takes no memory.
fn keep_freed_memory() {
    const LARGE: usize = 16 << 20;
    drop(std::hint::black_box(Vec::<u8>::with_capacity(LARGE)));
}

fn compare(git: &git2::Repository, pair: &Pair) -> Result<Lines, git2::Error> {
    let old_blob = pair.old.map_or(Ok(SizedBlob::Empty), |id| blob_up_to(git, id, MAX_FILE))?;
    // What was binary, or too large to compare, has no lines: all of the new file is added.
    let old_text = old_blob.text().unwrap_or_default();
    let new_blob = blob_up_to(git, pair.new, MAX_FILE)?;
    let Some(new_text) = new_blob.text() else {
        return Ok(if new_blob.is_large() { Lines::TooLarge } else { Lines::NotText });
    };
    let count = count_lines(new_text);
    let is_long = count_lines(old_text).max(count) > MAX_LINES;
    let mut changed = if is_long {
        ChangedLines {
            added: lines_between(old_text, new_text),
            removed: lines_between(new_text, old_text),
            ..ChangedLines::default()
        }
    } else if old_text.is_empty() {
        all_new(new_text, &pair.path)
    } else {
        let options = &mut options_of_lines();
        // Of buffers libgit2 computes the ids first, which takes as long as the comparison. For a name it looks up
        // attributes, which decide nothing here; without one it looks up those of a file called `file`.
        let no_name = Some(Path::new(""));
        let mut patch = match (&old_blob, &new_blob) {
            (SizedBlob::Blob(old), SizedBlob::Blob(new)) => {
                Patch::from_blobs(old, no_name, new, no_name, Some(options))?
            }
            _ => Patch::from_buffers(old_text, None, new_text, None, Some(options))?,
        };
        let mut changed = lines_of(&mut patch, &pair.path)?;
        changed.find_respaced(old_text, new_text)?;
        changed
    };
    changed.count = Some(count);
    Ok(if is_long { Lines::Between(changed) } else { Lines::Exact(changed) })
}

/// The lines of a file that had none before.
fn all_new(text: &[u8], path: &RepoPath) -> ChangedLines {
    let mut changed = ChangedLines { texts: Texts::of(path), ..ChangedLines::default() };
    changed.texts.begin_place();
    for (number, line) in (1..=count_lines(text)).zip(text.split(|byte| *byte == b'\n')) {
        changed.added.push(number);
        changed.texts.add(number, line);
    }
    changed
}

/// A blob, unless it is larger than `limit` bytes: its size is known before it is unpacked.
pub(super) fn blob_up_to(git: &git2::Repository, id: Oid, limit: u64) -> Result<SizedBlob<'_>, git2::Error> {
    let (size, _) = git.odb()?.read_header(id)?;
    if size as u64 > limit {
        return Ok(SizedBlob::Large);
    }
    let blob = git.find_blob(id)?;
    // Binary either way: whoever writes such a file gains nothing.
    Ok(if blob.content().starts_with(STAND_IN) { SizedBlob::Large } else { SizedBlob::Blob(blob) })
}

/// The lines that a patch adds and removes, by their numbers.
pub(super) fn lines_of(patch: &mut Patch<'_>, path: &RepoPath) -> Result<ChangedLines, git2::Error> {
    let mut changed = ChangedLines { texts: Texts::of(path), ..ChangedLines::default() };
    for hunk in 0..patch.num_hunks() {
        changed.texts.begin_place();
        for line in 0..patch.num_lines_in_hunk(hunk)? {
            let line = patch.line_in_hunk(hunk, line)?;
            match (line.origin_value(), line.new_lineno(), line.old_lineno()) {
                (git2::DiffLineType::Addition, Some(number), _) => {
                    changed.added.push(number);
                    changed.texts.add(number, line.content());
                }
                (git2::DiffLineType::Deletion, _, Some(number)) => {
                    changed.removed.push(number);
                    changed.texts.remove(number, line.content());
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
pub(super) struct ChangedLines {
    pub(super) added: LineRanges,
    pub(super) removed: LineRanges,
    pub(super) respaced: LineRanges,
    pub(super) texts: Texts,
    /// How many lines the file has at the head, where all of it was at hand.
    pub(super) count: Option<u32>,
}

impl ChangedLines {
    /// Compares once more without white space, if that can make a difference.
    pub(super) fn find_respaced(&mut self, old: &[u8], new: &[u8]) -> Result<(), git2::Error> {
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
pub(super) enum Lines {
    Exact(ChangedLines),
    /// Not compared line by line; everything between the first and last difference.
    Between(ChangedLines),
    NotText,
    TooLarge,
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
