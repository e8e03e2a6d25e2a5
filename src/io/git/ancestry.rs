//! Whether one commit builds on another.

use super::Repository;
use crate::diagnostic::Diagnostic;
use git2::{ErrorCode, Oid};

/// How a commit stands to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ancestry {
    /// It is so many commits before the other; 0 if it is the other itself.
    Before(u64),
    /// It is none that the other builds on.
    Another,
    /// It is not in this clone, which may be shallow.
    NotHere,
}

impl Repository {
    /// How `commit` stands to `descendant`, both in full hexadecimal.
    ///
    /// # Errors
    /// `git-failed` when the history cannot be walked.
    pub fn ancestry(&self, commit: &str, descendant: &str) -> Result<Ancestry, Box<Diagnostic>> {
        let failed = |error: &git2::Error| self.failed("the history cannot be walked", error);
        let id = |text: &str| Oid::from_str(text).map_err(|error| failed(&error));
        let (commit, descendant) = (id(commit)?, id(descendant)?);
        if commit == descendant {
            return Ok(Ancestry::Before(0));
        }
        match self.git.find_commit(commit) {
            Ok(_) => {}
            Err(error) if error.code() == ErrorCode::NotFound => return Ok(Ancestry::NotHere),
            Err(error) => return Err(failed(&error)),
        }
        if !self.git.graph_descendant_of(descendant, commit).map_err(|error| failed(&error))? {
            // Behind the edge of a shallow clone the line may go on.
            return Ok(if self.git.is_shallow() { Ancestry::NotHere } else { Ancestry::Another });
        }
        let (ahead, _) = self.git.graph_ahead_behind(descendant, commit).map_err(|error| failed(&error))?;
        Ok(Ancestry::Before(ahead as u64))
    }
}
