//! What the text of changed lines says: which differ in white space alone, which were only moved, and which take
//! code out of the coverage.

use crate::compare::Watch;
use crate::model::{Diff, Exclusion, RepoPath};
use foldhash::fast::RandomState;
use siphasher::sip::SipHasher13;
use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
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
    /// What of the lines takes code out of the coverage.
    watch: Watch,
    /// What the lines say that are gone in this place.
    here: HashSet<u64, RandomState>,
    /// True if somewhere a new line says the same as one that is gone in the same place, white space apart.
    pub(super) has_twins: bool,
    /// Lines that take code out of the coverage.
    pub(super) exclusions: Vec<Exclusion>,
}

impl Texts {
    /// Nothing yet of a file.
    pub(super) fn of(path: &RepoPath) -> Self {
        Self { watch: Watch::of(path), ..Self::default() }
    }

    /// Another place of the file begins, with lines between that did not change.
    pub(super) fn begin_place(&mut self) {
        self.here.clear();
    }

    pub(super) fn add(&mut self, number: u32, line: &[u8]) {
        let Print { text, says_something } = fingerprint(line);
        self.has_twins |= self.here.contains(&text);
        self.added.extend(says_something.then_some((number, text)));
        let marker = match self.watch.marker(line) {
            None if self.watch.is_setting(line) => Some("settings of the coverage"),
            marker => marker,
        };
        self.exclude(number, marker);
    }

    pub(super) fn remove(&mut self, number: u32, line: &[u8]) {
        let Print { text, says_something } = fingerprint(line);
        self.here.insert(text);
        self.removed.extend(says_something.then_some((number, text)));
        if self.watch.is_setting(line) && !self.exclusions.iter().any(|exclusion| exclusion.line == 0) {
            self.exclude(0, Some("settings of the coverage"));
        }
    }

    /// A file of settings counts as a whole.
    pub(super) fn of_file(&mut self, path: &RepoPath, first_added: Option<u32>) {
        if Watch::is_settings(path) {
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
}

/// A line without its white space.
struct Print {
    text: u64,
    /// False for a line without a letter or digit: a brace alone is everywhere.
    says_something: bool,
}

fn fingerprint(line: &[u8]) -> Print {
    let mut hasher = SipHasher13::new();
    let mut says_something = false;
    for word in line.split(u8::is_ascii_whitespace) {
        says_something |= word.iter().any(|byte| byte.is_ascii_alphanumeric() || !byte.is_ascii());
        hasher.write(word);
    }
    Print { text: hasher.finish(), says_something }
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
        texts.here = HashSet::default();
        self.files.push((path, base_path, texts));
    }

    /// Finds for added lines the removed ones that say the same, each once: first in the file itself, then
    /// anywhere. A block that moved stays together.
    pub(super) fn find(mut self, diff: &mut Diff) {
        if self.lines > MOST_LINES {
            return;
        }
        self.files.sort_by(|left, right| left.0.cmp(&right.0));
        let prints = self.files.iter().flat_map(|(_, _, texts)| &texts.added).map(|(_, print)| *print);
        // What no line says any more, none will claim.
        let said: HashSet<u64, RandomState> = prints.collect();
        let mut elsewhere = Gone::default();
        let mut found = Vec::new();
        for (index, (_, _, texts)) in self.files.iter().enumerate() {
            let mut here = Gone::default();
            let removed = texts.removed.iter().filter(|(_, print)| said.contains(print));
            removed.for_each(|(line, print)| here.put(*print, index, *line));
            let mut left = Vec::new();
            found.push((here.claim(&texts.added, &mut left), left));
            here.pour_into(&mut elsewhere);
        }
        for (matched, left) in &mut found {
            let added = std::mem::take(left);
            matched.extend(elsewhere.claim(&added, left));
        }
        for ((path, _, _), (matched, _)) in self.files.iter().zip(found) {
            let Some(file) = diff.files.get_mut(path) else { continue };
            let mut moved: BTreeMap<RepoPath, Vec<(u32, u32)>> = BTreeMap::new();
            for MovedLine { from, line, old_line } in matched {
                if let Some((_, base_path, _)) = self.files.get(from) {
                    moved.entry(base_path.clone()).or_default().push((line, old_line));
                }
            }
            moved.values_mut().for_each(|lines| lines.sort_unstable());
            file.marks.moved = moved;
        }
    }
}

/// An added line, and the removed one that says the same.
struct MovedLine {
    /// Place of the file that it is gone from.
    from: usize,
    line: u32,
    old_line: u32,
}

/// Lines that are gone and that no added line has claimed, by what they say; in the order of files and lines.
#[derive(Default)]
struct Gone(HashMap<u64, VecDeque<(usize, u32)>, RandomState>);

impl Gone {
    fn put(&mut self, print: u64, file: usize, line: u32) {
        self.0.entry(print).or_default().push_back((file, line));
    }

    /// For each added line the removed one that it takes; those that find none go to `left`.
    fn claim(&mut self, added: &[(u32, u64)], left: &mut Vec<(u32, u64)>) -> Vec<MovedLine> {
        let mut found = Vec::new();
        let mut last: Option<(usize, u32)> = None;
        for &(line, print) in added {
            let follows =
                |(file, old): &(usize, u32)| last.is_some_and(|last| last.0 == *file && last.1 < *old);
            let taken = self.0.get_mut(&print).and_then(|twins| {
                let at = twins.iter().take(MOST_TWINS).position(follows).unwrap_or(0);
                twins.remove(at)
            });
            match taken {
                Some((from, old_line)) => {
                    last = Some((from, old_line));
                    found.push(MovedLine { from, line, old_line });
                }
                None => left.push((line, print)),
            }
        }
        found
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
            let mut texts = Texts::of(&path(name));
            for (number, line) in (1..).zip(*removed) {
                texts.remove(number, line.as_bytes());
            }
            for (number, line) in (1..).zip(*added) {
                texts.add(number, line.as_bytes());
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
