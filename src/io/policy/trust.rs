//! Which files may bear on the judgement of a change: never those that the change itself can write.

use super::PolicyError;
use crate::diagnostic::{Code, Diagnostic, Origin, Weight};
use crate::io::git::{Repository, Run};
use std::path::{Component, Path, PathBuf};

/// What is judged, for telling its files from others.
#[derive(Clone, Copy, Debug)]
pub struct Judged<'j> {
    /// The repository, if there is one.
    pub repository: Option<&'j Repository>,
    /// The directory to judge.
    pub dir: &'j Path,
    /// What CI says of the run.
    pub run: &'j Run,
    /// The tip of the default branch, in full hexadecimal, if it is known.
    pub tip: Option<&'j str>,
}

impl Judged<'_> {
    /// Refuses a path of the checkout where a change is judged: its files are the change's own. A clone of another
    /// repository inside of the checkout has a `.git` folder, which no change can bring; a submodule has none.
    ///
    /// # Errors
    /// `policy-from-head`.
    pub fn refuse_own(&self, path: &Path, what: &str) -> Result<(), PolicyError> {
        if !self.run.judges_a_change() {
            return Ok(());
        }
        let root = self.repository.and_then(Repository::root);
        let root = root.unwrap_or_else(|| self.dir.canonicalize().unwrap_or_else(|_| self.dir.to_owned()));
        let written = without_dots(&std::path::absolute(path).unwrap_or_else(|_| path.to_owned()));
        // A link of the change may point anywhere, and a folder may be reached by another name.
        let real = path.canonicalize().unwrap_or_else(|_| written.clone());
        if [written, real].iter().all(|path| !path.starts_with(&root) || is_in_clone(path, &root)) {
            return Ok(());
        }
        let message = format!("{what} lies in the checkout, where the change could have written it");
        let at = Origin::file(&*path.to_string_lossy());
        Err(PolicyError::Wrong(Box::new(Diagnostic::new(Code::PolicyFromHead, Weight::Error, message, at))))
    }

    /// Refuses a commit of the judged repository that is not on its default branch.
    ///
    /// # Errors
    /// `policy-from-head`.
    pub(super) fn refuse_own_commit(
        &self,
        clone: &Repository,
        commit: &str,
        name: &str,
    ) -> Result<(), PolicyError> {
        let is_own = self.repository.is_some_and(|judged| judged.is_same_as(clone));
        if !self.run.judges_a_change() || !is_own {
            return Ok(());
        }
        if self.tip.is_some_and(|tip| clone.is_in_history(commit, tip)) {
            return Ok(());
        }
        let message =
            format!("`{name}` is no commit of the default branch, so the change could have made it");
        let at = Origin::file(&*clone.dir().to_string_lossy());
        let error = Diagnostic::new(Code::PolicyFromHead, Weight::Error, message, at);
        Err(PolicyError::Wrong(Box::new(
            error.with_help("name a revision of the default branch, and fetch its history: `fetch-depth: 0`"),
        )))
    }
}

/// True if the path lies in a clone that lies in `root`.
fn is_in_clone(path: &Path, root: &Path) -> bool {
    let inside = path.ancestors().take_while(|folder| *folder != root && folder.starts_with(root));
    inside
        .into_iter()
        .any(|folder| std::fs::symlink_metadata(folder.join(".git")).is_ok_and(|metadata| metadata.is_dir()))
}

/// The path without `.` and `..`, as it is written.
fn without_dots(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir => {
                plain.pop();
            }
            Component::CurDir => {}
            other => plain.push(other),
        }
    }
    plain
}
