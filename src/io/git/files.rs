//! The files of the commit: which there are, how long they are, and what a small one says.

use super::Repository;
use super::lines::blob_up_to;
use crate::diagnostic::{Code, Diagnostic, Origin, Weight};
use crate::io::beneath::{OpenError, open_beneath, read_beneath};
use crate::model::RepoPath;
use crate::paths::count_lines;
use git2::{ErrorCode, ObjectType};
use std::io::Read as _;
use std::path::Path;

/// More files than this are no tree that a person made (git can name the same folder a million times).
const MAX_FILES: usize = 3_000_000;
/// The longest file whose lines are counted, in bytes.
const MAX_COUNTED: u64 = 64 << 20;
/// The longest source file that is read whole, in bytes.
const MAX_SOURCE: u64 = 4 << 20;
/// The longest `go.mod` that is read, in bytes.
const MAX_GO_MOD: u64 = 1 << 20;

/// Which state of the files is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The head's commit.
    Commit,
    /// The working tree, because tracked files in it differ from the head's commit.
    WorkingTree,
}

/// The tracked files below DIR.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrackedFiles {
    /// Regular files, sorted.
    pub files: Vec<RepoPath>,
    /// How many paths are no valid UTF-8 (or no path on every system) and so cannot be matched.
    pub unreadable: u64,
}

/// A Go module of the repository.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct GoModule {
    /// Folder of its `go.mod` below DIR; empty for DIR itself.
    pub folder: String,
    /// The module's path, as its packages begin.
    pub name: String,
}

/// A file of a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CommittedFile {
    /// There is none.
    Absent,
    /// Its bytes.
    Bytes(Vec<u8>),
    /// It is larger than was asked for.
    TooLarge,
    /// A symlink, folder or submodule.
    NotRegular,
}

/// Tells tracked files from others, for the search for reports.
pub struct Tracking {
    index: Option<git2::Index>,
    /// Where the repository has no index that can be read: the paths of the head's commit, sorted.
    listed: Vec<Vec<u8>>,
    prefix: Vec<u8>,
}

impl std::fmt::Debug for Tracking {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tracking").finish_non_exhaustive()
    }
}

impl Tracking {
    /// Nothing is tracked: outside of a repository.
    pub const fn nothing() -> Self {
        Self { index: None, listed: Vec::new(), prefix: Vec::new() }
    }

    /// True if git tracks the file with this path below DIR (with `/`).
    pub fn contains(&self, path: &[u8]) -> bool {
        let mut full = self.prefix.clone();
        full.extend_from_slice(path);
        match &self.index {
            Some(index) => index_has(index, &full),
            None => self.listed.binary_search(&full).is_ok(),
        }
    }
}

#[cfg(unix)]
fn index_has(index: &git2::Index, path: &[u8]) -> bool {
    use std::os::unix::ffi::OsStrExt as _;
    let path = Path::new(std::ffi::OsStr::from_bytes(path));
    // Stages 1 to 3 are the sides of an unfinished merge.
    (0..=3).any(|stage| index.get_path(path, stage).is_some())
}

#[cfg(not(unix))]
fn index_has(index: &git2::Index, path: &[u8]) -> bool {
    let path = String::from_utf8_lossy(path);
    (0..=3).any(|stage| index.get_path(Path::new(&*path), stage).is_some())
}

impl Repository {
    /// What git tracks, from the index; from the head's commit where there is no index that can be read.
    ///
    /// # Errors
    /// `git-failed` when neither can be read.
    pub fn tracking(&self) -> Result<Tracking, Box<Diagnostic>> {
        let prefix = self.prefix.clone().into_bytes();
        if !self.git.is_bare()
            && let Ok(index) = self.git.index()
        {
            return Ok(Tracking { index: Some(index), listed: Vec::new(), prefix });
        }
        let mut listed = Vec::new();
        self.walk(&mut |path, _| listed.push(path.to_vec()))?;
        listed.sort();
        Ok(Tracking { index: None, listed, prefix })
    }

    /// The tracked regular files below DIR, of the head's commit or (with uncommitted changes) of the index.
    ///
    /// # Errors
    /// `git-failed` when they cannot be read, `too-many-files` for a tree that no person made.
    pub fn tracked_files(&self, side: Side) -> Result<TrackedFiles, Box<Diagnostic>> {
        let mut tracked = TrackedFiles::default();
        let prefix = self.prefix.as_bytes();
        let mut take = |path: &[u8], mode: i32| {
            let Some(path) = path.strip_prefix(prefix) else { return };
            if !is_regular(mode) {
                return;
            }
            match std::str::from_utf8(path).ok().and_then(|path| RepoPath::new(path).ok()) {
                Some(path) => tracked.files.push(path),
                None => tracked.unreadable += 1,
            }
        };
        match side {
            Side::Commit => self.walk(&mut take)?,
            Side::WorkingTree => {
                let index =
                    self.git.index().map_err(|error| self.failed("the index cannot be read", &error))?;
                for entry in index.iter() {
                    take(&entry.path, i32::try_from(entry.mode).unwrap_or(0));
                }
            }
        }
        tracked.files.sort();
        tracked.files.dedup();
        Ok(tracked)
    }

    /// How many lines a tracked file has: its line feeds, and one more if text follows the last. `None` if there
    /// is no such file, it is a symlink, or longer than 64 MiB.
    pub fn line_count(&self, side: Side, path: &RepoPath) -> Option<u32> {
        let lines = match side {
            Side::Commit => match self.blob_at_head(path, MAX_COUNTED)? {
                SizedBlob::Empty => 0,
                SizedBlob::Large => return None,
                SizedBlob::Blob(blob) => count_lines(blob.content()),
                SizedBlob::Bytes(bytes) => count_lines(&bytes),
            },
            Side::WorkingTree => {
                let bytes = read_beneath(&self.dir, Path::new(path.as_str()), MAX_COUNTED).ok()?;
                count_lines(&bytes)
            }
        };
        Some(lines)
    }

    /// The bytes of a tracked file. `None` if there is no such file, it is a symlink, or longer than 4 MiB.
    pub fn source(&self, side: Side, path: &RepoPath) -> Option<Vec<u8>> {
        match side {
            Side::Commit => match self.blob_at_head(path, MAX_SOURCE)? {
                SizedBlob::Empty => Some(Vec::new()),
                SizedBlob::Large => None,
                SizedBlob::Blob(blob) => Some(blob.content().to_vec()),
                SizedBlob::Bytes(bytes) => Some(bytes),
            },
            Side::WorkingTree => read_beneath(&self.dir, Path::new(path.as_str()), MAX_SOURCE).ok(),
        }
    }

    /// The Go modules among the tracked files, for paths such as `example.com/mod/pkg/file.go`.
    pub fn go_modules(&self, side: Side, tracked: &TrackedFiles) -> Vec<GoModule> {
        let mut modules = Vec::new();
        for path in tracked.files.iter().filter(|path| path.file_name() == "go.mod") {
            let bytes = match side {
                Side::Commit => match self.blob_at_head(path, MAX_GO_MOD) {
                    Some(SizedBlob::Blob(blob)) => blob.content().to_vec(),
                    _ => continue,
                },
                Side::WorkingTree => match read_beneath(&self.dir, Path::new(path.as_str()), MAX_GO_MOD) {
                    Ok(bytes) => bytes,
                    Err(_) => continue,
                },
            };
            if let Some(name) = module_name(&String::from_utf8_lossy(&bytes)) {
                let folder = path.as_str().strip_suffix("go.mod").unwrap_or_default().trim_end_matches('/');
                modules.push(GoModule { folder: folder.to_owned(), name });
            }
        }
        modules.sort();
        modules
    }

    /// Reads a file below DIR as it is in a commit (full hexadecimal).
    ///
    /// # Errors
    /// `git-failed` when the commit or the file's bytes cannot be read: that is not "no such file".
    pub fn file_at(&self, commit: &str, path: &str, limit: u64) -> Result<CommittedFile, Box<Diagnostic>> {
        self.file_of_root_at(commit, &format!("{}{path}", self.prefix), limit)
    }

    /// The same by a path from the repository's root, whatever DIR is.
    pub(super) fn file_of_root_at(
        &self,
        commit: &str,
        path: &str,
        limit: u64,
    ) -> Result<CommittedFile, Box<Diagnostic>> {
        let read = || -> Result<CommittedFile, git2::Error> {
            let tree = self.git.find_commit(self.id_of(commit)?)?.tree()?;
            let entry = match tree.get_path(Path::new(path)) {
                Ok(entry) => entry,
                Err(error) if error.code() == ErrorCode::NotFound && self.is_absent(&tree, path)? => {
                    return Ok(CommittedFile::Absent);
                }
                Err(error) => return Err(error),
            };
            if entry.kind() != Some(ObjectType::Blob) || !is_regular(entry.filemode_raw()) {
                return Ok(CommittedFile::NotRegular);
            }
            Ok(match blob_up_to(&self.git, entry.id(), limit)? {
                SizedBlob::Empty => CommittedFile::Bytes(Vec::new()),
                SizedBlob::Blob(blob) => CommittedFile::Bytes(blob.content().to_vec()),
                SizedBlob::Bytes(bytes) => CommittedFile::Bytes(bytes),
                SizedBlob::Large => CommittedFile::TooLarge,
            })
        };
        read().map_err(|error| self.failed(&format!("`{path}` of {commit} cannot be read"), &error))
    }

    /// Tells a path that is not there from a folder whose object is missing (a partial clone): both are "not
    /// found" for libgit2, and only the first means that there is no file.
    fn is_absent(&self, tree: &git2::Tree<'_>, path: &str) -> Result<bool, git2::Error> {
        let mut tree = tree.clone();
        for name in path.split('/') {
            let Some((kind, id)) = tree.get_name(name).map(|entry| (entry.kind(), entry.id())) else {
                return Ok(true);
            };
            if kind != Some(ObjectType::Tree) {
                return Ok(true);
            }
            tree = self.git.find_tree(id)?;
        }
        Ok(false)
    }

    /// True if a commit has a regular file or symlink of this path from the repository's root. Its bytes need not be
    /// here.
    pub fn has_file(&self, commit: &str, path: &str) -> bool {
        let tree =
            self.id_of(commit).and_then(|id| self.git.find_commit(id)).and_then(|commit| commit.tree());
        let entry = tree.and_then(|tree| tree.get_path(Path::new(path)));
        entry.is_ok_and(|entry| entry.kind() == Some(ObjectType::Blob))
    }

    fn blob_at_head(&self, path: &RepoPath, limit: u64) -> Option<SizedBlob<'_>> {
        let tree = self.git.head().ok()?.peel_to_tree().ok()?;
        let entry = tree.get_path(Path::new(&format!("{}{}", self.prefix, path.as_str()))).ok()?;
        if !is_regular(entry.filemode_raw()) {
            return None;
        }
        blob_up_to(&self.git, entry.id(), limit).ok()
    }

    /// Calls `take` with the path from the repository's root and the mode of every entry of the head's commit
    /// that is no folder.
    fn walk(&self, take: &mut dyn FnMut(&[u8], i32)) -> Result<(), Box<Diagnostic>> {
        let Some(head) = self.head_commit()? else { return Ok(()) };
        let mut walk = || -> Result<bool, git2::Error> {
            let mut open = vec![(Vec::new(), head.tree_id())];
            let mut seen = 0_usize;
            while let Some((folder, id)) = open.pop() {
                let tree = self.git.find_tree(id)?;
                for entry in tree.iter() {
                    seen += 1;
                    if seen > MAX_FILES {
                        return Ok(false);
                    }
                    let mut path = folder.clone();
                    path.extend_from_slice(entry.name_bytes());
                    if entry.kind() == Some(ObjectType::Tree) {
                        path.push(b'/');
                        // Only folders that lead to DIR or lie in it.
                        let prefix = self.prefix.as_bytes();
                        if prefix.starts_with(&path) || path.starts_with(prefix) {
                            open.push((path, entry.id()));
                        }
                    } else {
                        take(&path, entry.filemode_raw());
                    }
                }
            }
            Ok(true)
        };
        match walk() {
            Ok(true) => Ok(()),
            Ok(false) => {
                let message = format!("the commit holds more than {MAX_FILES} files");
                Err(Box::new(Diagnostic::new(Code::TooManyFiles, Weight::Error, message, Origin::default())))
            }
            Err(error) => Err(self.failed("the files of the commit cannot be listed", &error)),
        }
    }
}

/// A file's content, if it is not too large.
pub(super) enum SizedBlob<'r> {
    Empty,
    Large,
    Blob(git2::Blob<'r>),
    Bytes(Vec<u8>),
}

impl SizedBlob<'_> {
    /// The beginning of a file of the working tree: enough to tell text from binary.
    pub(super) fn of_file(path: &Path, limit: u64) -> Self {
        let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else { return Self::Empty };
        let file = match open_beneath(folder, Path::new(name)) {
            Ok(file) => file,
            Err(OpenError::Symlink | OpenError::NotRegular) => return Self::Bytes(vec![0]),
            Err(_) => return Self::Empty,
        };
        match file.metadata() {
            Ok(metadata) if metadata.len() > limit => return Self::Large,
            Ok(_) => {}
            Err(_) => return Self::Empty,
        }
        let mut bytes = Vec::new();
        match file.take(8_000).read_to_end(&mut bytes) {
            Ok(_) => Self::Bytes(bytes),
            Err(_) => Self::Empty,
        }
    }

    pub(super) const fn is_large(&self) -> bool {
        matches!(self, Self::Large)
    }

    /// The bytes, unless they are too many or binary.
    pub(super) fn text(&self) -> Option<&[u8]> {
        let bytes = match self {
            Self::Empty => &[],
            Self::Large => return None,
            Self::Blob(blob) => blob.content(),
            Self::Bytes(bytes) => bytes,
        };
        let first = bytes.get(..8_000).unwrap_or(bytes);
        memchr::memchr(0, first).is_none().then_some(bytes)
    }
}

/// True for the modes of regular files, executable or not.
const fn is_regular(mode: i32) -> bool {
    mode & 0o170_000 == 0o100_000
}

/// The module's path in a `go.mod` (https://go.dev/ref/mod#go-mod-file-module).
fn module_name(text: &str) -> Option<String> {
    let mut lines = text.lines().map(|line| line.split("//").next().unwrap_or(line).trim());
    let rest = lines.find_map(|line| {
        let rest = line.strip_prefix("module")?;
        (rest.is_empty() || rest.starts_with([' ', '\t', '(', '"', '`'])).then_some(rest.trim())
    })?;
    let name = if rest == "(" { lines.find(|line| !line.is_empty())? } else { rest };
    let name = name.trim_matches(['"', '`']);
    (!name.is_empty() && name != ")").then(|| name.to_owned())
}
