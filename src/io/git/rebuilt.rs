//! Two commits rebuilt from what an API lists of them, so that the second stage takes the change from git objects
//! with the very code of the first (DECISIONS 34): no checkout, no text of a patch.
//!
//! The listing is held against the id of the commit's tree: an entry that the API left out, cut or changed gives
//! another id. Blobs are written under the id of their bytes. Only blobs that the change touches have to be there.

use super::{Repository, open};
use crate::diagnostic::{Code, Diagnostic, Origin, Weight};
use crate::model::RepoPath;
use git2::{ObjectType, Oid, Signature, Time};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// The largest blob that is fetched for a comparison, in bytes; the first stage compares no larger one either.
pub const MAX_BLOB: u64 = 20 << 20;

/// Begins a blob that stands for one that is too large to be fetched.
pub(super) const STAND_IN: &[u8] = b"\0tollgate: too large to be fetched: ";

/// One entry of a commit's tree: a file, a symlink or a submodule, never a folder.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ListedFile {
    /// From the repository's root, with `/`.
    pub path: String,
    /// `100644`, `100755`, `120000` or `160000`, octal.
    pub mode: u32,
    /// The object's id, in full hexadecimal.
    pub id: String,
    /// Its size in bytes, where the API says it.
    pub size: Option<u64>,
}

/// A commit as an API tells it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListedCommit {
    /// The commit's id, in full hexadecimal.
    pub commit: String,
    /// The id of its tree.
    pub tree: String,
    /// Every entry of the tree.
    pub entries: Vec<ListedFile>,
}

impl ListedCommit {
    fn by_path(&self) -> BTreeMap<&str, &ListedFile> {
        self.entries.iter().map(|entry| (entry.path.as_str(), entry)).collect()
    }

    /// The entry of a path.
    pub fn entry(&self, path: &str) -> Option<&ListedFile> {
        self.entries.iter().find(|entry| entry.path == path)
    }
}

/// What of two commits has to be fetched before they can be compared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Ids of the blobs, each once.
    pub blobs: BTreeSet<String>,
    /// Ids of the blobs of changed files that are too large to compare; their files have no lines.
    pub too_large: BTreeSet<String>,
}

/// The blobs of the paths that differ, and those of the head whose path `also` names.
pub fn wanted(base: &ListedCommit, head: &ListedCommit, also: &dyn Fn(&str) -> bool) -> Wanted {
    let mut wanted = Wanted::default();
    let (old, new) = (base.by_path(), head.by_path());
    let paths: BTreeSet<&str> = old.keys().chain(new.keys()).copied().collect();
    for path in paths {
        let (before, after) = (old.get(path), new.get(path));
        let is_changed =
            before.map(|entry| (&entry.id, entry.mode)) != after.map(|entry| (&entry.id, entry.mode));
        if !is_changed && !also(path) {
            continue;
        }
        for entry in before.into_iter().chain(after).filter(|entry| is_blob(entry.mode)) {
            if entry.size.is_none_or(|size| size <= MAX_BLOB) {
                wanted.blobs.insert(entry.id.clone());
            } else if is_changed {
                wanted.too_large.insert(entry.id.clone());
            }
        }
    }
    wanted
}

/// The commits of a change, as an API tells them.
#[derive(Clone, Debug)]
pub struct Sides<'s> {
    /// The repository's page, for its name.
    pub url: &'s str,
    /// The default branch.
    pub default_branch: &'s str,
    /// The tip of the default branch. Only the files that are read from it have to be listed: its policy.
    pub default_tip: &'s ListedCommit,
    /// The branch that the change goes to.
    pub base_branch: &'s str,
    /// Its tip, in full hexadecimal.
    pub base_tip: &'s str,
    /// Where the change begins.
    pub base: &'s ListedCommit,
    /// The tree that was tested, under the id of the change's head.
    pub head: &'s ListedCommit,
    /// The bytes of blobs, by their id.
    pub blobs: &'s BTreeMap<String, Vec<u8>>,
    /// Ids of blobs that are too large to compare, and were not fetched.
    pub too_large: &'s BTreeSet<String>,
}

/// Puts a repository together below `dir`, which must be empty: a bare clone with a detached head and the
/// branches of `origin`. Its commits go by the ids that they have at the API.
///
/// # Errors
/// `git-failed` if the listing of a commit is not whole, a blob is not the one that was asked for, or the
/// repository cannot be written.
pub fn rebuild(dir: &Path, sides: &Sides<'_>) -> Result<Repository, Box<Diagnostic>> {
    // Objects that the change does not touch are named by the trees and never fetched.
    git2::opts::strict_object_creation(false);
    let known_as = write(dir, sides).map_err(|why| {
        let message = format!("the change cannot be put together from GitHub's objects: {why}");
        Box::new(Diagnostic::new(Code::GitFailed, Weight::Error, message, Origin::default()))
    })?;
    let files = sides.head.entries.iter();
    let unfetched = files.filter(|file| is_file(file.mode) && !sides.blobs.contains_key(&file.id));
    let unfetched = unfetched.filter_map(|file| Some((file.path.clone(), file.size?))).collect();
    Ok(Repository { known_as, unfetched, ..open(dir)? })
}

impl Repository {
    /// How many bytes a file of the head has, if it was not fetched because the change does not touch it.
    pub fn length_of_unfetched(&self, path: &RepoPath) -> Option<u64> {
        self.unfetched.get(path.as_str()).copied()
    }
}

/// Writes all commits; gives their ids.
fn write(dir: &Path, sides: &Sides<'_>) -> Result<BTreeMap<String, Oid>, WriteError> {
    let git = git2::Repository::init_bare(dir)?;
    git.remote("origin", sides.url)?;
    let odb = git.odb()?;
    for (id, bytes) in sides.blobs {
        if odb.write(ObjectType::Blob, bytes)?.to_string() != *id {
            return Err(WriteError::OtherBlob(id.clone()));
        }
    }
    // Of a blob that was not fetched its id is all that is known, and enough to tell that a file changed.
    let mut stand_ins = BTreeMap::new();
    for id in sides.too_large {
        let stand_in = odb.write(ObjectType::Blob, &[STAND_IN, id.as_bytes()].concat())?;
        stand_ins.insert(id.as_str(), stand_in);
    }
    let whole = |listed: &ListedCommit| -> Result<Oid, WriteError> {
        let whole = tree(&git, &listed.entries, &BTreeMap::new())?;
        if whole.to_string() != listed.tree {
            return Err(WriteError::NotWhole(listed.commit.clone()));
        }
        if stand_ins.is_empty() { Ok(whole) } else { tree(&git, &listed.entries, &stand_ins) }
    };
    let commit = |name: &str, tree: Oid, parent: Option<Oid>| -> Result<Oid, git2::Error> {
        let who = Signature::new("tollgate", "tollgate@localhost", &Time::new(0, 0))?;
        let parent = parent.map(|id| git.find_commit(id)).transpose()?;
        let parents: Vec<&git2::Commit<'_>> = parent.iter().collect();
        git.commit(None, &who, &who, name, &git.find_tree(tree)?, &parents)
    };
    let base_tree = whole(sides.base)?;
    let base = commit(&sides.base.commit, base_tree, None)?;
    let head = commit(&sides.head.commit, whole(sides.head)?, Some(base))?;
    let mut known_as = BTreeMap::from([(sides.base.commit.clone(), base), (sides.head.commit.clone(), head)]);
    git.set_head_detached(head)?;
    let mut branch = |name: &str, tip: &str, files: Option<Oid>| -> Result<(), WriteError> {
        let id = match known_as.get(tip) {
            Some(known) => *known,
            None => commit(tip, files.unwrap_or(base_tree), Some(base))?,
        };
        known_as.insert(tip.to_owned(), id);
        git.reference(&format!("refs/remotes/origin/{name}"), id, true, "")?;
        Ok(())
    };
    // The default branch is the one whose files are read; where both are one branch, it is that.
    if sides.base_branch != sides.default_branch {
        branch(sides.base_branch, sides.base_tip, None)?;
    }
    let tip_files = if sides.default_tip.commit == sides.base.commit {
        None
    } else {
        Some(tree(&git, &sides.default_tip.entries, &BTreeMap::new())?)
    };
    branch(sides.default_branch, &sides.default_tip.commit, tip_files)?;
    Ok(known_as)
}

/// Why the repository could not be written.
#[derive(Debug, thiserror::Error)]
enum WriteError {
    #[error("{}", .0.message())]
    Git(#[from] git2::Error),
    #[error("the blob {0} came with other bytes")]
    OtherBlob(String),
    #[error("the files of {0} are not listed whole (or one has a name that is not UTF-8)")]
    NotWhole(String),
    #[error("the entry `{0}` has no name that a tree can hold")]
    BadEntry(String),
}

/// Writes the tree of these entries and all its folders; gives its id. `stand_ins` replace blobs by others.
fn tree(
    git: &git2::Repository,
    entries: &[ListedFile],
    stand_ins: &BTreeMap<&str, Oid>,
) -> Result<Oid, WriteError> {
    /// The entries of one folder: name → mode and id.
    type Folder<'e> = BTreeMap<&'e str, (i32, Oid)>;
    let mut folders: BTreeMap<&str, Folder<'_>> = BTreeMap::from([("", Folder::new())]);
    for entry in entries {
        let bad = || WriteError::BadEntry(entry.path.chars().take(200).collect());
        let (folder, name) = entry.path.rsplit_once('/').unwrap_or(("", &entry.path));
        let id = match stand_ins.get(entry.id.as_str()) {
            Some(stand_in) => *stand_in,
            None => Oid::from_str(&entry.id)?,
        };
        let mode = i32::try_from(entry.mode).map_err(|_| bad())?;
        if name.is_empty() || folders.entry(folder).or_default().insert(name, (mode, id)).is_some() {
            return Err(bad());
        }
        // Folders that hold only folders.
        let mut above = folder;
        while let Some((parent, _)) = above.rsplit_once('/') {
            folders.entry(parent).or_default();
            above = parent;
        }
    }
    // The deepest first: a folder's id is known before its parent is written.
    let mut order: Vec<&str> = folders.keys().copied().collect();
    let depth = |folder: &str| if folder.is_empty() { 0 } else { 1 + folder.matches('/').count() };
    order.sort_by_key(|folder| std::cmp::Reverse(depth(folder)));
    for folder in order {
        let Some(content) = folders.remove(folder) else { continue };
        let mut builder = git.treebuilder(None)?;
        for (name, (mode, id)) in content {
            builder.insert(name, id, mode)?;
        }
        let id = builder.write()?;
        if folder.is_empty() {
            return Ok(id);
        }
        let (parent, name) = folder.rsplit_once('/').unwrap_or(("", folder));
        folders.entry(parent).or_default().insert(name, (0o040_000, id));
    }
    Err(WriteError::BadEntry(String::new()))
}

/// True for the modes of files and symlinks; a submodule has no blob.
const fn is_file(mode: u32) -> bool {
    mode & 0o170_000 == 0o100_000
}

const fn is_blob(mode: u32) -> bool {
    matches!(mode & 0o170_000, 0o100_000 | 0o120_000)
}
