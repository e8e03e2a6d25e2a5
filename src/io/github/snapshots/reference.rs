//! Snapshots as files below one git reference, through the Git Data API. Opt-in: writing takes `contents: write`, so
//! it belongs into a job that runs no project code.

use crate::io::github::client::{Client, RequestError, parts};
use crate::io::github::objects::{Commit, TreeEntry};
use crate::io::github::repository::repository_path;
use http::Method;
use serde::Serialize;

/// The reference, without `refs/`.
pub const REFERENCE: &str = "tollgate/snapshots";

/// How many snapshots it keeps if nobody says otherwise.
pub const KEPT: usize = 20;

/// A file below the reference: `<number>-<commit>.json.gz`.
pub(super) struct StoredFile {
    /// Counts up; the newest has the highest.
    pub(super) number: u64,
    /// The commit that it is of.
    pub(super) commit: String,
    /// The file.
    pub(super) entry: TreeEntry,
}

/// The commit of the reference and its files; `None` if there is no such reference.
pub(super) async fn stored(
    client: &Client,
    repository: &str,
) -> Result<Option<(String, Vec<StoredFile>)>, RequestError> {
    let Some(at) = client.reference(repository, REFERENCE).await? else { return Ok(None) };
    let commit = client.commit(repository, &at).await?;
    let tree = client.tree(repository, &commit.tree, false).await?;
    let files = tree.entries.into_iter().filter_map(|entry| {
        let (number, commit) = entry.path.strip_suffix(".json.gz")?.split_once('-')?;
        let is_commit = matches!(commit.len(), 40 | 64) && commit.bytes().all(|b| b.is_ascii_hexdigit());
        let number = number.parse().ok().filter(|_| is_commit && entry.kind == "blob")?;
        Some(StoredFile { number, commit: commit.to_owned(), entry })
    });
    Ok(Some((at, files.collect())))
}

/// Stores a snapshot, forgets all but the newest `keep`, and gives how many there are.
pub(super) async fn store(
    client: &Client,
    repository: &str,
    commit: &str,
    bytes: &[u8],
    keep: usize,
) -> Result<usize, RequestError> {
    let before = stored(client, repository).await?;
    let exists = before.is_some();
    let mut files = before.map(|(_, files)| files).unwrap_or_default();
    let number = files.iter().map(|file| file.number).max().unwrap_or(0).saturating_add(1);
    files.retain(|file| file.commit != commit);
    files.sort_by_key(|file| file.number);
    files.drain(..(files.len() + 1).saturating_sub(keep.max(1)));
    let sha = client.create_blob(repository, bytes).await?;
    let path = format!("{number:010}-{commit}.json.gz");
    let mut entries: Vec<TreeEntry> = files.into_iter().map(|file| file.entry).collect();
    entries.push(TreeEntry { path, mode: "100644".to_owned(), kind: "blob".to_owned(), sha, size: None });
    let tree = client.create_tree(repository, None, &entries).await?;
    let new = client
        .create_commit(repository, "Snapshots of the default branch", &Commit { tree, parents: Vec::new() })
        .await?;
    if exists {
        let path = format!("{}/git/refs/{}", repository_path(repository)?, parts(REFERENCE));
        let moved = Replaced { sha: &new, force: true };
        client.write::<serde::de::IgnoredAny>(Method::PATCH, &path, &moved).await?;
    } else {
        client.create_reference(repository, &format!("refs/{REFERENCE}"), &new).await?;
    }
    Ok(entries.len())
}

/// The reference is replaced, not moved on: its commits have no parents.
#[derive(Serialize)]
struct Replaced<'r> {
    sha: &'r str,
    force: bool,
}
