//! A change from git objects, by the API: trees and blobs by their ids, within bounds (DECISIONS 34).

use super::client::{Client, RequestError};
use super::objects::TreeEntry;
use crate::diagnostic::{Code, Diagnostic, Origin, Weight};
use crate::io::git::{self, ListedCommit, ListedFile, MAX_BLOB, Repository, Sides};
use crate::io::policy;
use crate::metrics::CODE_OWNERS_PLACES;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// More files than this are not listed.
const MAX_ENTRIES: usize = 500_000;

/// The most requests for trees that GitHub gives only in parts.
const MAX_TREES: usize = 500;

/// The most blobs of a change; GitHub itself shows no larger one.
const MAX_BLOBS: usize = 3_000;

/// The most bytes of all blobs of a change.
const MAX_BYTES: u64 = 200 << 20;

/// Blobs that are fetched at the same time.
const AT_ONCE: usize = 8;

/// Which commits make the change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The default branch, whose policy judges.
    pub default_branch: String,
    /// Its tip, in full hexadecimal.
    pub default_tip: String,
    /// The branch that the change goes to.
    pub base_branch: String,
    /// Its tip.
    pub base_tip: String,
    /// Where the change begins.
    pub merge_base: String,
    /// The commit whose tree was tested: the head, or the merge commit that CI made of it.
    pub tested: String,
    /// The head of the change, by which the tested tree goes.
    pub head: String,
}

/// Why there is no change to judge.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    /// A request failed.
    #[error("the change cannot be fetched: {0}")]
    Request(#[from] RequestError),
    /// The change is beyond a bound.
    #[error("the change is too large to be judged through the API: {0}")]
    TooLarge(&'static str),
    /// The objects do not fit together.
    #[error("{}", .0.message.raw())]
    Objects(Box<Diagnostic>),
}

impl ChangeError {
    /// The problem with its code.
    pub fn diagnostic(self) -> Diagnostic {
        let code = match &self {
            Self::Request(_) => Code::GithubFailed,
            Self::TooLarge(_) => Code::TooManyFiles,
            Self::Objects(diagnostic) => return (**diagnostic).clone(),
        };
        Diagnostic::new(code, Weight::Error, self.to_string(), Origin::default())
    }
}

/// Fetches a change into a bare repository below `dir`, which must be empty.
///
/// # Errors
/// See [`ChangeError`]. What is missing is never taken for unchanged.
pub async fn fetch_change(
    client: &Client,
    repository: &str,
    change: &Change,
    dir: &Path,
) -> Result<Repository, ChangeError> {
    let base = listed(client, repository, &change.merge_base).await?;
    let mut head = listed(client, repository, &change.tested).await?;
    head.commit.clone_from(&change.head);
    let wanted = git::wanted(&base, &head, &|path| is_read_from_the_head(path));
    let mut ids = wanted.blobs.clone();
    let tip = if change.default_tip == change.merge_base {
        let files = base.entries.iter().filter(|file| is_read_from_the_base(&file.path));
        ids.extend(files.map(|file| file.id.clone()));
        base.clone()
    } else {
        let tip = tip(client, repository, &change.default_tip).await?;
        ids.extend(tip.entries.iter().map(|file| file.id.clone()));
        tip
    };
    let sizes = base.entries.iter().chain(&head.entries).filter(|file| ids.contains(&file.id));
    let known: BTreeMap<&str, u64> = sizes.map(|file| (file.id.as_str(), file.size.unwrap_or(0))).collect();
    if ids.len() > MAX_BLOBS {
        return Err(ChangeError::TooLarge("it touches more than 3,000 files"));
    }
    if known.values().sum::<u64>() > MAX_BYTES {
        return Err(ChangeError::TooLarge("its files have more than 200 MiB"));
    }
    let blobs = blobs(client, repository, &ids).await?;
    let sides = Sides {
        url: &format!("{}/{repository}", client.api().base()),
        default_branch: &change.default_branch,
        default_tip: &tip,
        base_branch: &change.base_branch,
        base_tip: &change.base_tip,
        base: &base,
        head: &head,
        blobs: &blobs,
        too_large: &wanted.too_large,
    };
    git::rebuild(dir, &sides).map_err(ChangeError::Objects)
}

/// Files of the head that are read although the change does not touch them.
fn is_read_from_the_head(path: &str) -> bool {
    path == "go.mod" || path.ends_with("/go.mod") || is_read_from_the_base(path)
}

/// Files that are read from the default branch.
fn is_read_from_the_base(path: &str) -> bool {
    policy::PLACES.contains(&path) || CODE_OWNERS_PLACES.contains(&path)
}

/// A commit with all its files.
async fn listed(client: &Client, repository: &str, sha: &str) -> Result<ListedCommit, ChangeError> {
    let tree = client.commit(repository, sha).await?.tree;
    let mut entries = Vec::new();
    let mut open = vec![(String::new(), tree.clone())];
    let mut asked = 0;
    while let Some((folder, id)) = open.pop() {
        asked += 1;
        if asked > MAX_TREES {
            return Err(ChangeError::TooLarge("GitHub does not list its files in 500 requests"));
        }
        let whole = client.tree(repository, &id, true).await?;
        if whole.truncated {
            // One level at a time: the files here, and each folder by itself.
            let level = client.tree(repository, &id, false).await?;
            if level.truncated {
                return Err(ChangeError::TooLarge("a folder has more files than GitHub lists"));
            }
            for entry in level.entries {
                let path = format!("{folder}{}", entry.path);
                match entry.kind.as_str() {
                    "tree" => open.push((format!("{path}/"), entry.sha)),
                    _ => entries.push(file(path, &entry)?),
                }
            }
        } else {
            for entry in whole.entries.iter().filter(|entry| entry.kind != "tree") {
                entries.push(file(format!("{folder}{}", entry.path), entry)?);
            }
        }
        if entries.len() > MAX_ENTRIES {
            return Err(ChangeError::TooLarge("the repository has more than 500,000 files"));
        }
    }
    entries.sort();
    Ok(ListedCommit { commit: sha.to_owned(), tree, entries })
}

/// A commit with the few files that are read from it.
async fn tip(client: &Client, repository: &str, sha: &str) -> Result<ListedCommit, ChangeError> {
    let tree = client.commit(repository, sha).await?.tree;
    let root = client.tree(repository, &tree, false).await?;
    let mut entries = Vec::new();
    let mut take = |folder: &str, level: &super::objects::Tree| -> Result<(), ChangeError> {
        if level.truncated {
            return Err(ChangeError::TooLarge("a folder has more files than GitHub lists"));
        }
        for entry in level.entries.iter().filter(|entry| entry.kind == "blob") {
            let path = format!("{folder}{}", entry.path);
            if is_read_from_the_base(&path) {
                entries.push(file(path, entry)?);
            }
        }
        Ok(())
    };
    take("", &root)?;
    let is_read = |name: &str| {
        let below = format!("{name}/");
        policy::PLACES.iter().chain(&CODE_OWNERS_PLACES).any(|place| place.starts_with(&below))
    };
    for folder in root.entries.iter().filter(|entry| entry.kind == "tree" && is_read(&entry.path)) {
        take(&format!("{}/", folder.path), &client.tree(repository, &folder.sha, false).await?)?;
    }
    Ok(ListedCommit { commit: sha.to_owned(), tree, entries })
}

fn file(path: String, entry: &TreeEntry) -> Result<ListedFile, ChangeError> {
    let mode = u32::from_str_radix(&entry.mode, 8)
        .map_err(|_| RequestError::Malformed("a tree with a mode that is no number"))?;
    Ok(ListedFile { path, mode, id: entry.sha.clone(), size: entry.size })
}

/// The bytes of all these blobs, a few at a time.
async fn blobs(
    client: &Client,
    repository: &str,
    ids: &BTreeSet<String>,
) -> Result<BTreeMap<String, Vec<u8>>, ChangeError> {
    let ids: Vec<&String> = ids.iter().collect();
    let mut fetched = BTreeMap::new();
    for some in ids.chunks(AT_ONCE) {
        let most = usize::try_from(MAX_BLOB).unwrap_or(usize::MAX);
        let requests = some.iter().map(|id| client.blob(repository, id, most));
        for (id, bytes) in some.iter().zip(futures_util::future::join_all(requests).await) {
            fetched.insert((*id).clone(), bytes?);
        }
    }
    Ok(fetched)
}
