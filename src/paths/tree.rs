//! The tracked files of a commit, found by path or by how their path ends.

use crate::model::RepoPath;
use std::cmp::Ordering;
use std::collections::HashSet;
use std::sync::OnceLock;

/// How many lines a file has: its line feeds, and one more if text follows the last; saturating.
pub fn count_lines(bytes: &[u8]) -> u32 {
    let open = u32::from(bytes.last().is_some_and(|last| *last != b'\n'));
    lines_ended(bytes).saturating_add(open)
}

/// Line feeds; saturating.
pub fn lines_ended(bytes: &[u8]) -> u32 {
    u32::try_from(memchr::memchr_iter(b'\n', bytes).count()).unwrap_or(u32::MAX)
}

/// The tracked files of one commit.
#[derive(Debug, Default)]
pub struct Tree {
    /// Sorted by path, each once, with the number of its lines where that is known.
    files: Vec<(RepoPath, Option<u32>)>,
    /// Indices of `files`, sorted by the path read backwards: files that end alike stand together.
    by_ending: Vec<u32>,
    /// Paths in lower case, for saying that only the case differs.
    folded: OnceLock<HashSet<String>>,
}

impl Tree {
    /// A tree of these files, each with the number of its lines (of the blob, a last line without a newline
    /// counts) where it is known. Files beyond 2³² are left out; git holds fewer.
    pub fn new(files: impl IntoIterator<Item = (RepoPath, Option<u32>)>) -> Self {
        let mut files: Vec<_> = files.into_iter().collect();
        files.sort();
        files.dedup_by(|later, first| later.0 == first.0);
        let mut by_ending: Vec<u32> = (0..u32::try_from(files.len()).unwrap_or(u32::MAX)).collect();
        let path = |index: &u32| files.get(*index as usize).map_or("", |file| file.0.as_str());
        by_ending.sort_by(|left, right| path(left).bytes().rev().cmp(path(right).bytes().rev()));
        Self { files, by_ending, folded: OnceLock::new() }
    }

    /// True if this file is tracked. Case counts.
    pub fn contains(&self, path: &str) -> bool {
        self.find(path).is_some()
    }

    /// How many lines a tracked file has; `None` if it is not tracked or the number is not known.
    pub fn line_count(&self, path: &RepoPath) -> Option<u32> {
        self.find(path.as_str())?.1
    }

    /// All files, by path.
    pub fn files(&self) -> impl Iterator<Item = &RepoPath> {
        self.files.iter().map(|file| &file.0)
    }

    /// The tracked file with this path.
    pub(super) fn get(&self, path: &str) -> Option<&RepoPath> {
        self.find(path).map(|file| &file.0)
    }

    /// The files whose path is `ending` or ends with a slash and `ending`.
    pub(super) fn ending_with(&self, ending: &str) -> impl Iterator<Item = &RepoPath> {
        // `ending` sorts before everything that ends with it, and what ends with a slash and `ending` stands
        // together.
        let start = self.by_ending.partition_point(|&index| {
            self.path(index).bytes().rev().cmp(ending.bytes().rev().chain([b'/'])) == Ordering::Less
        });
        let below = self.by_ending.get(start..).unwrap_or_default().iter().map_while(move |&index| {
            let file = self.files.get(index as usize).map(|file| &file.0)?;
            file.as_str().strip_suffix(ending)?.ends_with('/').then_some(file)
        });
        self.get(ending).into_iter().chain(below)
    }

    /// True if a file is tracked under this path with other upper and lower case.
    pub(super) fn contains_in_other_case(&self, path: &str) -> bool {
        let folded =
            self.folded.get_or_init(|| self.files().map(|file| file.as_str().to_lowercase()).collect());
        folded.contains(&path.to_lowercase())
    }

    fn find(&self, path: &str) -> Option<&(RepoPath, Option<u32>)> {
        let index = self.files.binary_search_by(|file| file.0.as_str().cmp(path)).ok()?;
        self.files.get(index)
    }

    fn path(&self, index: u32) -> &str {
        self.files.get(index as usize).map_or("", |file| file.0.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(paths: &[&str]) -> Tree {
        Tree::new(paths.iter().map(|path| (RepoPath::new(path).unwrap(), Some(3))))
    }

    fn ending(tree: &Tree, ending: &str) -> Vec<String> {
        let mut found: Vec<_> = tree.ending_with(ending).map(|file| file.as_str().to_owned()).collect();
        found.sort();
        found
    }

    #[test]
    fn files_are_found_by_whole_components_of_their_ending() {
        let tree = tree(&["lib.rs", "a/lib.rs", "a/mylib.rs", "b/a/lib.rs", "b/lib.rs.in", "ba/lib.rs"]);
        assert_eq!(ending(&tree, "lib.rs"), ["a/lib.rs", "b/a/lib.rs", "ba/lib.rs", "lib.rs"]);
        assert_eq!(ending(&tree, "a/lib.rs"), ["a/lib.rs", "b/a/lib.rs"]);
        assert!(ending(&tree, "c/lib.rs").is_empty());
        assert!(ending(&tree, "LIB.rs").is_empty());
    }

    #[test]
    fn a_tree_knows_its_files_and_their_lines() {
        let tree = tree(&["b", "a", "a"]);
        assert_eq!(tree.files().map(RepoPath::as_str).collect::<Vec<_>>(), ["a", "b"]);
        assert!(tree.contains("a") && !tree.contains("c") && !tree.contains(""));
        assert_eq!(tree.line_count(&RepoPath::new("a").unwrap()), Some(3));
        assert!(tree.contains_in_other_case("A"));
    }
}
