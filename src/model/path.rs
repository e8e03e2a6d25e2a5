//! A path inside the repository.

use serde::{Deserialize, Serialize};

/// A file's path from the root of the repository, with `/`, as git writes it.
///
/// Never empty, never absolute, no `.` or `..` or empty component, no backslash-only trick: it cannot name
/// anything outside of the tree. Case counts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RepoPath(Box<str>);

/// Why a text is no path inside the repository. The fault is the text's author's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RepoPathError {
    /// Nothing, or only slashes.
    #[error("the path is empty")]
    Empty,
    /// Starts at a root or a drive.
    #[error("the path is absolute")]
    Absolute,
    /// Holds `..`, `.` or an empty component.
    #[error("the path leaves its folder or is not normalised")]
    NotNormalised,
    /// Holds a NUL byte.
    #[error("the path holds a NUL byte")]
    Nul,
}

impl RepoPath {
    /// Accepts a path that is already relative and normalised.
    ///
    /// # Errors
    /// Says which rule the text breaks.
    pub fn new(text: &str) -> Result<Self, RepoPathError> {
        let bytes = text.as_bytes();
        if bytes.is_empty() {
            return Err(RepoPathError::Empty);
        }
        if bytes.contains(&0) {
            return Err(RepoPathError::Nul);
        }
        let drive = matches!(bytes, [letter, b':', ..] if letter.is_ascii_alphabetic());
        if bytes.first() == Some(&b'/') || drive {
            return Err(RepoPathError::Absolute);
        }
        if text.split('/').any(|part| matches!(part, "" | "." | "..")) {
            return Err(RepoPathError::NotNormalised);
        }
        Ok(Self(text.into()))
    }

    /// The path as git writes it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// True if the path is this one, or this one below a folder.
    pub fn ends_with(&self, end: &Self) -> bool {
        let before = self.as_str().strip_suffix(end.as_str());
        before.is_some_and(|before| before.is_empty() || before.ends_with('/'))
    }

    /// The last component.
    pub fn file_name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }

    /// What follows the last dot of the file name, if it has one that is not its first character.
    pub fn extension(&self) -> Option<&str> {
        match self.file_name().rsplit_once('.') {
            Some((stem, extension)) if !stem.is_empty() => Some(extension),
            _ => None,
        }
    }
}

impl TryFrom<String> for RepoPath {
    type Error = RepoPathError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::new(&text)
    }
}

impl From<RepoPath> for String {
    fn from(path: RepoPath) -> Self {
        path.0.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_that_leaves_the_tree_cannot_be_built() {
        for text in ["", "/", "/etc/passwd", "../x", "a/../../b", "a//b", "./a", "C:/x", "a/.", "a\0b"] {
            assert!(RepoPath::new(text).is_err(), "{text:?} was accepted");
        }
    }

    #[test]
    fn odd_names_that_git_allows_are_kept() {
        for text in ["a b/c d.rs", "caf\u{e9}/x", "a\\b", "...", "-x", "a/..b"] {
            assert_eq!(RepoPath::new(text).map(String::from), Ok(text.to_owned()));
        }
    }
}
