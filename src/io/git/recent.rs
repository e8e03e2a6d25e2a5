//! The lines that changed lately, for a first bar of the coverage of changed lines.

use super::diff::{Notes, Until};
use super::{Repository, Side};
use crate::diagnostic::Diagnostic;
use crate::model::{Diff, DiffState};

/// Commits that are looked at on the way back; a history with more in the window is dated by those.
const MAX_COMMITS: usize = 200_000;

impl Repository {
    /// The lines of today's files that are younger than a moment (seconds since 1970, UTC): those that differ from
    /// the last commit before it, on the branch's own line of commits.
    ///
    /// This dates lines as `git blame` does (a line is as old as the commit that last changed it) in one comparison
    /// instead of one walk per file; only a line that was changed and changed back since counts as old here.
    ///
    /// # Errors
    /// In words: the clone ends before that moment, or git cannot read it.
    pub fn lines_since(&self, moment: i64, side: Side) -> Result<DiffState, String> {
        let said = |error: Box<Diagnostic>| error.message.raw().to_owned();
        let mut commit = self.head_commit().map_err(said)?.ok_or("there is no commit yet")?;
        let mut before = None;
        for _ in 0..MAX_COMMITS {
            if commit.time().seconds() < moment {
                before = Some(commit.id().to_string());
                break;
            }
            commit = match commit.parent(0) {
                Ok(parent) => parent,
                // In a shallow clone the first parent is named and not there.
                Err(_) if commit.parent_count() > 0 || self.git.is_shallow() => {
                    return Err("the clone is shallow, so lines cannot be dated".to_owned());
                }
                Err(_) => break,
            };
        }
        let until = Until::Head(side);
        let diff: Diff = self.diff(before.as_deref(), until, &mut Notes::default()).map_err(said)?;
        Ok(DiffState::Known(diff))
    }
}
