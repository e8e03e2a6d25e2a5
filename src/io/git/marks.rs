//! What the text of changed lines says: which differ in white space alone, which were only moved, and which take
//! code out of the coverage.

use crate::compare::{is_setting, is_settings, marker};
use crate::model::{Diff, Exclusion, RepoPath};
use siphasher::sip::SipHasher13;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::hash::Hasher as _;

/// Above so many changed lines nobody moved them by hand: none is looked for elsewhere, so all count as new.
const MOST_LINES: usize = 4_000_000;
/// How many lines of the same text are looked at to find the one that continues a moved block.
const MOST_TWINS: usize = 64;
/// The most markers that are listed of one file.
const MOST_EXCLUSIONS: usize = 200;

/// The changed lines of one file by what they say.
#[derive(Default)]
pub(super) struct Texts {
    /// Lines of the head, and a fingerprint of what each says; none for lines without a letter or digit.
    added: Vec<(u32, u64)>,
    /// The same for lines of the base.
    removed: Vec<(u32, u64)>,
    /// True if a line without a letter or digit is new, and if one is gone.
    braces: (bool, bool),
    /// Lines that take code out of the coverage.
    pub(super) exclusions: Vec<Exclusion>,
}

impl Texts {
    pub(super) fn add(&mut self, path: &RepoPath, number: u32, line: &[u8]) {
        let print = fingerprint(line);
        self.braces.0 |= print.is_none();
        self.added.extend(print.map(|print| (number, print)));
        let marker = match marker(path, line) {
            None if is_setting(path, line) => Some("settings of the coverage"),
            marker => marker,
        };
        self.exclude(number, marker);
    }

    pub(super) fn remove(&mut self, path: &RepoPath, number: u32, line: &[u8]) {
        let print = fingerprint(line);
        self.braces.1 |= print.is_none();
        self.removed.extend(print.map(|print| (number, print)));
        let was_setting = is_setting(path, line);
        if was_setting && !self.exclusions.iter().any(|exclusion| exclusion.line == 0) {
            self.exclude(0, Some("settings of the coverage"));
        }
    }

    /// A file of settings counts as a whole.
    pub(super) fn of_file(&mut self, path: &RepoPath, first_added: Option<u32>) {
        if is_settings(path) {
            self.exclusions.clear();
            self.exclude(first_added.unwrap_or(0), Some("settings of the coverage"));
        }
    }

    fn exclude(&mut self, line: u32, marker: Option<&'static str>) {
        if let Some(marker) = marker
            && self.exclusions.len() < MOST_EXCLUSIONS
        {
            self.exclusions.push(Exclusion { line, marker });
        }
    }

    /// True if a line that is gone may say the same as one that is new, white space apart.
    pub(super) fn have_twins(&self) -> bool {
        if self.braces == (true, true) {
            return true;
        }
        let mut gone: Vec<u64> = self.removed.iter().map(|(_, print)| *print).collect();
        gone.sort_unstable();
        self.added.iter().any(|(_, print)| gone.binary_search(print).is_ok())
    }
}

/// A line without its white space; `None` if it says nothing: a brace alone is everywhere.
fn fingerprint(line: &[u8]) -> Option<u64> {
    let mut hasher = SipHasher13::new();
    let mut says_something = false;
    for word in line.split(u8::is_ascii_whitespace) {
        says_something |= word.iter().any(|byte| byte.is_ascii_alphanumeric() || !byte.is_ascii());
        hasher.write(word);
    }
    says_something.then(|| hasher.finish())
}

/// The texts of a whole change.
#[derive(Default)]
pub(super) struct Moves {
    files: Vec<(RepoPath, RepoPath, Texts)>,
    lines: usize,
}

impl Moves {
    /// Takes the lines of a file: its path at the head and at the base.
    pub(super) fn take(&mut self, path: RepoPath, base_path: RepoPath, mut texts: Texts) {
        self.lines = self.lines.saturating_add(texts.added.len() + texts.removed.len());
        if self.lines > MOST_LINES {
            self.files.clear();
            return;
        }
        texts.exclusions = Vec::new();
        self.files.push((path, base_path, texts));
    }

    /// Finds for added lines the removed ones that say the same, each once: first in the file itself, then
    /// anywhere. A block that moved stays together.
    pub(super) fn find(mut self, diff: &mut Diff) {
        if self.lines > MOST_LINES {
            return;
        }
        self.files.sort_by(|left, right| left.0.cmp(&right.0));
        let mut elsewhere = Gone::default();
        let mut open: Vec<(usize, Vec<(u32, u64)>)> = Vec::new();
        let mut found: Vec<Vec<(usize, u32, u32)>> = vec![Vec::new(); self.files.len()];
        for (index, (_, _, texts)) in self.files.iter().enumerate() {
            let mut here = Gone::default();
            texts.removed.iter().for_each(|(line, print)| here.put(*print, index, *line));
            let (matched, left) = here.claim(&texts.added);
            found[index].extend(matched);
            if !left.is_empty() {
                open.push((index, left));
            }
            here.pour_into(&mut elsewhere);
        }
        for (index, added) in open {
            found[index].extend(elsewhere.claim(&added).0);
        }
        for ((path, _, _), matched) in self.files.iter().zip(found) {
            let Some(file) = diff.files.get_mut(path) else { continue };
            let mut moved: BTreeMap<RepoPath, Vec<(u32, u32)>> = BTreeMap::new();
            for (from, line, old_line) in matched {
                if let Some((_, base_path, _)) = self.files.get(from) {
                    moved.entry(base_path.clone()).or_default().push((line, old_line));
                }
            }
            moved.values_mut().for_each(|lines| lines.sort_unstable());
            file.marks.moved = moved;
        }
    }
}

/// Lines that are gone and that no added line has claimed, by what they say; in the order of files and lines.
#[derive(Default)]
struct Gone(HashMap<u64, VecDeque<(usize, u32)>>);

impl Gone {
    fn put(&mut self, print: u64, file: usize, line: u32) {
        self.0.entry(print).or_default().push_back((file, line));
    }

    /// For each added line the removed one that it takes (its file and both lines), and those that find none.
    fn claim(&mut self, added: &[(u32, u64)]) -> (Vec<(usize, u32, u32)>, Vec<(u32, u64)>) {
        let (mut found, mut left) = (Vec::new(), Vec::new());
        let mut last: Option<(usize, u32)> = None;
        for &(line, print) in added {
            let twins = self.0.get_mut(&print).filter(|twins| !twins.is_empty());
            let Some(twins) = twins else {
                left.push((line, print));
                continue;
            };
            let follows =
                |(file, old): &(usize, u32)| last.is_some_and(|last| last.0 == *file && last.1 < *old);
            let at = twins.iter().take(MOST_TWINS).position(follows).unwrap_or(0);
            if let Some((file, old_line)) = twins.remove(at) {
                last = Some((file, old_line));
                found.push((file, line, old_line));
            }
        }
        (found, left)
    }

    fn pour_into(self, all: &mut Self) {
        for (print, lines) in self.0 {
            all.0.entry(print).or_default().extend(lines);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{DiffFile, FileChange, LineMarks, LineRanges};

    fn path(text: &str) -> RepoPath {
        RepoPath::new(text).unwrap()
    }

    /// Files with the lines that they remove and add, numbered from 1; what of the file `of` moved.
    fn moved(files: &[(&str, &[&str], &[&str])], of: &str) -> Vec<(String, u32, u32)> {
        let (mut moves, mut diff) = (Moves::default(), Diff::default());
        for (name, removed, added) in files {
            let mut texts = Texts::default();
            for (number, line) in (1..).zip(*removed) {
                texts.remove(&path(name), number, line.as_bytes());
            }
            for (number, line) in (1..).zip(*added) {
                texts.add(&path(name), number, line.as_bytes());
            }
            moves.take(path(name), path(name), texts);
            let (added, removed) = (LineRanges::default(), LineRanges::default());
            let (change, marks) = (FileChange::Modified, LineMarks::default());
            diff.files.insert(path(name), DiffFile { change, old_path: None, added, removed, marks });
        }
        moves.find(&mut diff);
        let moved = &diff.files[&path(of)].marks.moved;
        let lines = |(from, lines): (&RepoPath, &Vec<(u32, u32)>)| {
            lines.iter().map(|(line, old)| (from.as_str().to_owned(), *line, *old)).collect::<Vec<_>>()
        };
        moved.iter().flat_map(lines).collect()
    }

    #[test]
    fn a_line_that_was_indented_or_moved_is_found_once() {
        let found = moved(&[("a.rs", &["let x = 1;", "}"], &["  let  x = 1;", "let x = 1;", "}"])], "a.rs");
        assert_eq!(found, [("a.rs".to_owned(), 1, 1)]);
        let files: &[(&str, &[&str], &[&str])] =
            &[("a.rs", &[], &["f();", "g();"]), ("b.rs", &["g();", "f();", "g();"], &[])];
        let from_b = |line, old| ("b.rs".to_owned(), line, old);
        assert_eq!(moved(files, "a.rs"), [from_b(1, 2), from_b(2, 3)], "the block stays together");
    }

    #[test]
    fn a_line_of_the_file_itself_comes_before_one_of_another() {
        let files: &[(&str, &[&str], &[&str])] =
            &[("a.rs", &[], &["f();"]), ("b.rs", &["f();"], &["f( );"]), ("c.rs", &["f();"], &[])];
        assert_eq!(moved(files, "b.rs"), [("b.rs".to_owned(), 1, 1)]);
        assert_eq!(moved(files, "a.rs"), [("c.rs".to_owned(), 1, 1)]);
    }
}
