//! Whether the change touches a test: its file, where that is known, and else whatever could be it (DECISIONS 11).

use crate::model::{Diff, RepoPath, TestId};
use std::collections::BTreeSet;

/// What a change touches, as far as tests go.
pub(super) struct Touched<'d> {
    /// Every path of the change, old and new.
    paths: BTreeSet<&'d str>,
    /// Their file names without extension, in lower case.
    stems: BTreeSet<String>,
    /// True if one of them looks like the file of a test.
    a_test_file: bool,
    /// True if the change has paths that cannot be read.
    unreadable: bool,
}

impl<'d> Touched<'d> {
    pub(super) fn by(diff: &'d Diff) -> Self {
        let old = diff.files.values().filter_map(|file| file.old_path.as_ref());
        let paths: BTreeSet<&str> = diff.files.keys().chain(old).map(RepoPath::as_str).collect();
        Self {
            stems: paths.iter().map(|path| stem(path).to_lowercase()).collect(),
            a_test_file: paths.iter().any(|path| looks_like_a_test(path)),
            unreadable: diff.unreadable_paths > 0,
            paths,
        }
    }

    /// True if the change touches the test. `failed_in` is where the base's report says that it failed. Where
    /// neither that nor the identity names the file of a test, any test file of the change could be it, and any
    /// file that the test is named after.
    pub(super) fn test(&self, id: &TestId, failed_in: &str) -> bool {
        let mut known = false;
        for file in [id.file.raw(), failed_in] {
            let Ok(path) = RepoPath::new(file) else { continue };
            // A test often fails in the file that it tests.
            known |= file == id.file.raw() || looks_like_a_test(file);
            // A report may name the file from a folder below the root.
            if self.paths.iter().any(|touched| is_path_or_its_end(touched, path.as_str())) {
                return true;
            }
        }
        self.unreadable || (!known && (self.a_test_file || self.is_named_after_a_touched_file(id)))
    }

    fn is_named_after_a_touched_file(&self, id: &TestId) -> bool {
        [&id.suite, &id.class, &id.name].into_iter().any(|part| {
            let words = part.raw().split(|c: char| !c.is_alphanumeric() && c != '_' && c != '-');
            words.filter(|word| !word.is_empty()).any(|word| self.stems.contains(&word.to_lowercase()))
        })
    }
}

fn is_path_or_its_end(path: &str, end: &str) -> bool {
    path.strip_suffix(end).is_some_and(|before| before.is_empty() || before.ends_with('/'))
}

fn stem(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.split('.').find(|part| !part.is_empty()).unwrap_or(name)
}

/// True if a folder or the file's name has one of the words that people give to tests.
fn looks_like_a_test(path: &str) -> bool {
    const WORDS: [&str; 6] = ["test", "tests", "spec", "specs", "feature", "features"];
    let mut word = String::new();
    let mut was_small = false;
    for c in path.chars().chain(['/']) {
        let is_letter = c.is_alphabetic();
        // `FooTest` and `testFoo` are two words each.
        if !is_letter || (c.is_uppercase() && was_small) {
            if WORDS.contains(&word.to_lowercase().as_str()) {
                return true;
            }
            word.clear();
        }
        if is_letter {
            word.push(c);
        }
        was_small = c.is_lowercase();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{DiffFile, FileChange, LineMarks, LineRanges};

    fn diff(paths: &[(&str, Option<&str>)]) -> Diff {
        let path = |text: &str| RepoPath::new(text).unwrap();
        let file = |old: Option<&str>| DiffFile {
            change: if old.is_some() { FileChange::Renamed } else { FileChange::Modified },
            old_path: old.map(path),
            added: LineRanges::default(),
            removed: LineRanges::default(),
            marks: LineMarks::default(),
        };
        Diff { files: paths.iter().map(|(new, old)| (path(new), file(*old))).collect(), ..Diff::default() }
    }

    fn id(class: &str, name: &str) -> TestId {
        TestId { class: class.into(), name: name.into(), ..TestId::default() }
    }

    #[test]
    fn a_known_file_is_touched_by_its_path_its_old_path_and_its_end() {
        let id = id("", "t");
        for (change, old, file) in [
            ("tests/a.rs", None, "tests/a.rs"),
            ("tests/b.rs", Some("tests/a.rs"), "tests/a.rs"),
            ("core/tests/a.rs", None, "tests/a.rs"),
        ] {
            let diff = diff(&[(change, old)]);
            assert!(Touched::by(&diff).test(&id, file), "{change}");
        }
        let other = diff(&[("tests/aa.rs", None), ("src/lib.rs", None)]);
        assert!(!Touched::by(&other).test(&id, "tests/a.rs"));
    }

    #[test]
    fn where_the_file_is_not_known_any_test_file_could_be_it() {
        let id = id("com.acme.Money", "rounds");
        for path in [
            "tests/x.py",
            "src/MoneyTest.java",
            "a/test_b.py",
            "pkg/a_test.go",
            "e2e/login.spec.ts",
            "spec/a.rb",
        ] {
            assert!(Touched::by(&diff(&[(path, None)])).test(&id, ""), "{path}");
        }
        for path in ["src/lib.rs", "README.md", "src/latest.rs", "contest/a.py", "src/attestation.go"] {
            assert!(!Touched::by(&diff(&[(path, None)])).test(&id, "/abs/x"), "{path}");
        }
    }

    #[test]
    fn a_test_may_be_named_after_the_file_that_holds_it() {
        let touched = diff(&[("src/money.rs", None)]);
        assert!(Touched::by(&touched).test(&id("payments", "money::tests::rounds"), "src/lib.rs"));
        assert!(!Touched::by(&touched).test(&id("payments", "ledger::tests::rounds"), ""));
    }

    #[test]
    fn paths_that_cannot_be_read_could_be_any_file() {
        let diff = Diff { unreadable_paths: 1, ..Diff::default() };
        assert!(Touched::by(&diff).test(&id("", "t"), "tests/a.rs"));
    }
}
