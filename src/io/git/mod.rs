//! The repository: its head, its base, the change between them, and the files of the commit.
//!
//! libgit2 reads everything as objects; no text of a diff is parsed and no program is started. A repository of
//! another user is not opened (DECISIONS 31): its configuration could run programs for other tools, and the
//! switch that turns the check off is unsafe. All paths are relative to DIR of `check DIR` (DECISIONS 5), which
//! may lie below the repository's root.

mod ancestry;
mod base;
mod diff;
mod files;
mod folders;
mod history;
mod lines;
mod marks;
mod owners;
mod rebuilt;
mod recent;
#[cfg(test)]
mod tests;

pub use ancestry::Ancestry;
pub use base::{Base, BasePoint, Run, RunKind, UnknownBase, default_branch_tip, find_base};
pub use diff::{Changes, changes};
pub use files::{CommittedFile, GoModule, Side, TrackedFiles, Tracking};
pub use history::{Found, History, HistoryQuery};
pub use owners::OwnersThen;
pub use rebuilt::{ListedCommit, ListedFile, MAX_BLOB, Sides, Wanted, rebuild, wanted};

use crate::diagnostic::{Code, Diagnostic, Origin, Weight};
use crate::model::Untrusted;
use git2::Oid;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// An open repository, seen from DIR.
pub struct Repository {
    git: git2::Repository,
    /// DIR below the repository's root, with `/` at its end; empty if it is the root.
    prefix: String,
    /// DIR itself.
    dir: PathBuf,
    /// Of a repository that was put together from an API's listing: the ids that its commits have there, and
    /// those that they have here.
    known_as: BTreeMap<String, Oid>,
    /// How many bytes the files of its head have that were not fetched.
    unfetched: BTreeMap<String, u64>,
}

impl std::fmt::Debug for Repository {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Repository").field("dir", &self.dir).field("prefix", &self.prefix).finish()
    }
}

/// The commit that is judged, for the header.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// The commit in full hexadecimal; `None` before the first commit.
    pub commit: Option<String>,
    /// The branch; `None` on a detached head.
    pub branch: Option<Untrusted>,
    /// Name of the project: the remote's, else the directory's.
    pub project: Untrusted,
}

/// Opens the repository that DIR lies in.
///
/// # Errors
/// `no-repository` (a note), `foreign-repository` with the exact command to allow it, or `git-failed`.
pub fn open(dir: &Path) -> Result<Repository, Box<Diagnostic>> {
    // Hashing every object again costs a third of the time of a diff; the repository is ours and was checked
    // when it was fetched (performance.md 0.8).
    git2::opts::strict_hash_verification(false);
    let dir = dir.canonicalize().map_err(|error| {
        let message = format!("the directory cannot be opened: {error}");
        problem(Code::UnreadableFile, Weight::Error, message, dir)
    })?;
    let no_ceiling: [&Path; 0] = [];
    let git = git2::Repository::open_ext(&dir, git2::RepositoryOpenFlags::empty(), no_ceiling)
        .map_err(|error| refused(&error, &dir))?;
    let prefix = match git.workdir() {
        None => String::new(),
        Some(workdir) => {
            let workdir = workdir.canonicalize().unwrap_or_else(|_| workdir.to_owned());
            match dir.strip_prefix(&workdir) {
                Err(_) => String::new(),
                Ok(below) => prefix_of(below).ok_or_else(|| {
                    let message = "the directory's name is not valid UTF-8, so its files cannot be matched";
                    problem(Code::GitFailed, Weight::Error, message.to_owned(), &dir)
                })?,
            }
        }
    };
    Ok(Repository { git, prefix, dir, known_as: BTreeMap::new(), unfetched: BTreeMap::new() })
}

impl Repository {
    /// The commit that is judged.
    ///
    /// # Errors
    /// `git-failed` when the head exists and cannot be read.
    pub fn head(&self) -> Result<Head, Box<Diagnostic>> {
        let branch = match self.git.find_reference("HEAD") {
            Ok(head) => head
                .symbolic_target_bytes()
                .and_then(|target| target.strip_prefix(b"refs/heads/".as_slice()))
                .map(|name| Untrusted::new(String::from_utf8_lossy(name))),
            Err(_) => None,
        };
        let commit = self.head_commit()?.map(|commit| self.name_of(commit.id()));
        Ok(Head { commit, branch, project: self.project_name() })
    }

    /// DIR below the repository's root, with `/` at its end; empty if it is the root. Put before a path of this
    /// room it gives the path that the whole repository knows.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// DIR, absolute and without symlinks.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// True if the repository was put together from an API's listing, and has no working tree.
    pub fn is_rebuilt(&self) -> bool {
        !self.known_as.is_empty()
    }

    /// The id by which the world knows a commit, in full hexadecimal.
    fn name_of(&self, id: Oid) -> String {
        let known = self.known_as.iter().find(|(_, own)| **own == id);
        known.map_or_else(|| id.to_string(), |(name, _)| name.clone())
    }

    /// The id that a commit has here.
    fn id_of(&self, name: &str) -> Result<Oid, git2::Error> {
        self.known_as.get(name).map_or_else(|| Oid::from_str(name), |own| Ok(*own))
    }

    /// The head's commit; `None` before the first commit.
    fn head_commit(&self) -> Result<Option<git2::Commit<'_>>, Box<Diagnostic>> {
        let head = match self.git.head() {
            Ok(head) => head,
            Err(error) if error.code() == git2::ErrorCode::UnbornBranch => return Ok(None),
            Err(error) => return Err(self.failed("the head cannot be read", &error)),
        };
        head.peel_to_commit()
            .map(Some)
            .map_err(|error| self.failed("the head's commit cannot be read", &error))
    }

    /// `owner/name` of the remote, else the name of the project alone.
    pub fn full_name(&self) -> Untrusted {
        let url = self.git.find_remote("origin").ok().map(|remote| remote.url_bytes().to_vec());
        let from_url = url.as_deref().map(String::from_utf8_lossy).and_then(|url| full_name_of_url(&url));
        from_url.map_or_else(|| self.project_name(), Untrusted::new)
    }

    fn project_name(&self) -> Untrusted {
        let url = self.git.find_remote("origin").ok().map(|remote| remote.url_bytes().to_vec());
        let from_url = url.as_deref().map(String::from_utf8_lossy).and_then(|url| name_of_url(&url));
        let folder = self.git.workdir().unwrap_or_else(|| self.git.path());
        let from_folder = || folder.file_name().map(|name| name.to_string_lossy().into_owned());
        Untrusted::new(from_url.or_else(from_folder).unwrap_or_default())
    }

    fn failed(&self, what: &str, error: &git2::Error) -> Box<Diagnostic> {
        let message = format!("{what}: {}", error.message());
        problem(Code::GitFailed, Weight::Error, message, &self.dir)
    }
}

fn problem(code: Code, weight: Weight, message: String, at: &Path) -> Box<Diagnostic> {
    Box::new(Diagnostic::new(code, weight, message, Origin::file(&*at.to_string_lossy())))
}

/// Why libgit2 did not open a repository.
fn refused(error: &git2::Error, dir: &Path) -> Box<Diagnostic> {
    match error.code() {
        git2::ErrorCode::NotFound => {
            let message = "this is no git repository, so there are no changed lines to judge".to_owned();
            problem(Code::NoRepository, Weight::Note, message, dir)
        }
        git2::ErrorCode::Owner => {
            let owned = repository_above(dir);
            let message = "the repository belongs to another user, so git refuses to read it".to_owned();
            let help = format!(
                "run `git config --global --add safe.directory {}`",
                shell_word(&owned.to_string_lossy())
            );
            let mut diagnostic = problem(Code::ForeignRepository, Weight::Error, message, &owned);
            diagnostic.help = help.into();
            diagnostic
        }
        _ => {
            let message = format!("the repository cannot be opened: {}", error.message());
            let mut diagnostic = problem(Code::GitFailed, Weight::Error, message, dir);
            if error.message().contains("unsupported extension name") {
                diagnostic.help =
                    "clone without `--filter` (in actions/checkout: without `filter` and `sparse-checkout`)"
                        .into();
            }
            diagnostic
        }
    }
}

/// The directory that `safe.directory` must name: the nearest one with a `.git`, else (bare) the one itself.
fn repository_above(dir: &Path) -> PathBuf {
    let has_git = |at: &&Path| std::fs::symlink_metadata(at.join(".git")).is_ok();
    dir.ancestors().find(has_git).unwrap_or(dir).to_owned()
}

/// A path as one word of a POSIX shell.
fn shell_word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+@:,=".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// A path below the root with `/` at its end; `None` if it is not UTF-8.
fn prefix_of(below: &Path) -> Option<String> {
    let mut prefix = String::new();
    for component in below.components() {
        prefix.push_str(component.as_os_str().to_str()?);
        prefix.push('/');
    }
    Some(prefix)
}

/// The last two components of a remote's address, if it is one of a forge; a path of this machine has no owner.
fn full_name_of_url(url: &str) -> Option<String> {
    let name = name_of_url(url)?;
    let is_remote = url.contains("://") && !url.starts_with("file:") || url.contains('@');
    let path = url.split(['?', '#']).next().unwrap_or(url).trim_end_matches('/');
    let (owner, _) = path.rsplit_once(['/', ':'])?;
    let owner =
        owner.rsplit(['/', ':']).next().filter(|owner| !owner.is_empty() && !owner.contains(['@', '.']))?;
    is_remote.then(|| format!("{owner}/{name}"))
}

/// The last component of a remote's address without `.git`. The rest may hold a token and is dropped.
fn name_of_url(url: &str) -> Option<String> {
    let path = url.split(['?', '#']).next().unwrap_or(url).trim_end_matches('/');
    let name = path.rsplit(['/', ':', '\\']).next().unwrap_or(path);
    let name = name.strip_suffix(".git").unwrap_or(name);
    (!name.is_empty() && !name.contains('@')).then(|| name.to_owned())
}
