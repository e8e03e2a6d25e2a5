//! Globs of the policy, compiled.

use crate::model::RepoPath;
use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

/// Globs that are matched together. `*` does not cross `/`, `**` does; matching takes linear time.
#[derive(Clone, Debug)]
pub struct Globs {
    patterns: Vec<String>,
    set: GlobSet,
}

/// Why a glob cannot be used. The fault is the policy author's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GlobError {
    /// No text.
    #[error("a glob is empty")]
    Empty,
    /// Longer than any path.
    #[error("a glob is longer than 1024 bytes")]
    TooLong,
    /// Starts at `/`, or has `.` or `..` as a part: no path of the repository looks like this.
    #[error("the glob `{0}` can match nothing: paths begin at the root, without `/`, `./` or `..`")]
    NotRelative(String),
    /// Ends with `/`.
    #[error("the glob `{0}` names a folder, and only files are matched")]
    Folder(String),
    /// Not a glob.
    #[error("`{0}` is no glob: {1}")]
    Syntax(String, String),
}

impl GlobError {
    /// How to fix it.
    pub fn help(&self) -> String {
        match self {
            Self::Folder(glob) => format!("write `{glob}**` for everything below it"),
            _ => "`*` does not cross `/`, `**` does: `src/**/*.rs`".to_owned(),
        }
    }
}

impl Globs {
    /// Compiles. Each pattern is a glob from the root of the repository.
    ///
    /// # Errors
    /// Names the first pattern that cannot be used.
    pub fn new<S: AsRef<str>>(patterns: impl IntoIterator<Item = S>) -> Result<Self, GlobError> {
        let mut kept = Vec::new();
        let mut builder = GlobSetBuilder::new();
        for pattern in patterns {
            let pattern = pattern.as_ref();
            check(pattern)?;
            builder.add(compile(pattern)?);
            kept.push(pattern.to_owned());
        }
        let set =
            builder.build().map_err(|error| GlobError::Syntax(kept.join(", "), error.kind().to_string()))?;
        Ok(Self { patterns: kept, set })
    }

    /// No glob: matches nothing.
    pub fn none() -> Self {
        Self { patterns: Vec::new(), set: GlobSet::empty() }
    }

    /// The globs as written.
    pub fn patterns(&self) -> &[String] {
        &self.patterns
    }

    /// True if there is no glob.
    pub fn is_empty(&self) -> bool {
        self.patterns.is_empty()
    }

    /// True if a glob matches the path.
    pub fn is_match(&self, path: &RepoPath) -> bool {
        self.set.is_match(path.as_str())
    }

    /// True if a glob matches a text that is no path, such as a job's name.
    pub fn is_match_text(&self, text: &str) -> bool {
        self.set.is_match(text)
    }

    /// The places, in [`Globs::patterns`], of all globs that match the path.
    pub fn matches(&self, path: &RepoPath) -> Vec<usize> {
        self.set.matches(path.as_str())
    }
}

impl Default for Globs {
    fn default() -> Self {
        Self::none()
    }
}

impl PartialEq for Globs {
    fn eq(&self, other: &Self) -> bool {
        self.patterns == other.patterns
    }
}

impl Eq for Globs {}

fn check(pattern: &str) -> Result<(), GlobError> {
    if pattern.is_empty() {
        return Err(GlobError::Empty);
    }
    if pattern.len() > 1024 {
        return Err(GlobError::TooLong);
    }
    if pattern.starts_with('/') || pattern.split('/').any(|part| matches!(part, "." | "..")) {
        return Err(GlobError::NotRelative(pattern.to_owned()));
    }
    if pattern.ends_with('/') {
        return Err(GlobError::Folder(pattern.to_owned()));
    }
    Ok(())
}

fn compile(pattern: &str) -> Result<globset::Glob, GlobError> {
    // Backslashes escape on every platform, so that a policy means the same everywhere.
    GlobBuilder::new(pattern)
        .literal_separator(true)
        .backslash_escape(true)
        .build()
        .map_err(|error| GlobError::Syntax(pattern.to_owned(), error.kind().to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(glob: &str, path: &str) -> bool {
        Globs::new([glob]).unwrap().is_match(&RepoPath::new(path).unwrap())
    }

    #[test]
    fn a_star_stays_within_its_folder() {
        assert!(matches("src/*.rs", "src/lib.rs"));
        assert!(!matches("src/*.rs", "src/a/lib.rs"));
        assert!(matches("src/**/*.rs", "src/a/b/lib.rs"));
        assert!(matches("**/junit*.xml", "junit.xml"));
        assert!(matches("lcov.info", "lcov.info"));
        assert!(!matches("lcov.info", "a/lcov.info"));
    }

    #[test]
    fn a_glob_that_could_never_match_is_an_error() {
        for glob in ["", "/src/**", "./x", "../x", "a/../b", "src/", "[", "{a"] {
            assert!(Globs::new([glob]).is_err(), "{glob:?} was accepted");
        }
    }

    #[test]
    fn no_glob_matches_nothing() {
        assert!(!Globs::none().is_match(&RepoPath::new("a").unwrap()));
    }
}
