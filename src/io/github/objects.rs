//! Files and git objects, by the API (DECISIONS 34).

use super::client::{Client, MAX_JSON, RequestError, part, parts};
use super::repository::repository_path;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::Method;
use serde::{Deserialize, Serialize};

/// A file of a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileContent {
    /// The blob.
    pub sha: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// A commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    /// Its tree.
    pub tree: String,
    /// Its parents, in order.
    pub parents: Vec<String>,
}

/// A tree.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Tree {
    /// Its object.
    pub sha: String,
    /// What it holds; with `recursive` also what its trees hold, by their paths from here.
    #[serde(rename = "tree")]
    pub entries: Vec<TreeEntry>,
    /// True if GitHub left entries out: then the tree has to be walked level by level.
    pub truncated: bool,
}

/// One entry of a tree.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct TreeEntry {
    /// Its path from the tree; any bytes that are UTF-8.
    pub path: String,
    /// As git writes it: `100644`, `100755`, `120000` (a symlink), `160000` (a submodule), `040000` (a tree).
    pub mode: String,
    /// `blob`, `tree` or `commit`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The object.
    pub sha: String,
    /// Bytes of a blob.
    #[serde(default, skip_serializing)]
    pub size: Option<u64>,
}

#[derive(Deserialize)]
struct Contents {
    sha: String,
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    encoding: Option<String>,
    #[serde(default)]
    content: Option<String>,
}

#[derive(Deserialize)]
struct Blob {
    content: String,
    encoding: String,
}

#[derive(Deserialize)]
struct Object {
    sha: String,
}

#[derive(Deserialize)]
struct GitCommit {
    tree: Object,
    parents: Vec<Object>,
}

#[derive(Deserialize)]
struct Reference {
    object: Object,
}

#[derive(Deserialize)]
struct Comparison {
    base_commit: Object,
    merge_base_commit: Object,
}

/// Where two commits part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compared {
    /// The first of the two: of a branch, its tip at this moment.
    pub base: String,
    /// The commit where they part.
    pub merge_base: String,
}

#[derive(Serialize)]
struct NewBlob {
    content: String,
    encoding: &'static str,
}

#[derive(Serialize)]
struct NewTree<'t> {
    #[serde(skip_serializing_if = "Option::is_none")]
    base_tree: Option<&'t str>,
    tree: &'t [TreeEntry],
}

#[derive(Serialize)]
struct NewCommit<'c> {
    message: &'c str,
    tree: &'c str,
    parents: &'c [String],
}

#[derive(Serialize)]
struct NewReference<'r> {
    #[serde(rename = "ref")]
    name: &'r str,
    sha: &'r str,
}

#[derive(Serialize)]
struct MovedReference<'r> {
    sha: &'r str,
    force: bool,
}

impl Client {
    /// A file at a commit or branch, of at most `most` bytes; `None` if there is no such file there.
    ///
    /// # Errors
    /// As every request, for what is no regular file, and for one that is larger.
    pub async fn content(
        &self,
        repository: &str,
        path: &str,
        at: &str,
        most: usize,
    ) -> Result<Option<FileContent>, RequestError> {
        let path = format!("{}/contents/{}?ref={}", repository_path(repository)?, parts(path), part(at));
        // In base64 with line ends, and the object around it.
        let Some(content): Option<Contents> = self.json_if_there(&path, most * 3 / 2 + (64 << 10)).await?
        else {
            return Ok(None);
        };
        if content.kind != "file" {
            return Err(RequestError::Malformed("it is no regular file"));
        }
        if content.encoding.as_deref() != Some("base64") {
            // GitHub gives no content of files above 1 MB here.
            return Err(RequestError::TooLarge(most));
        }
        let bytes = decoded(content.content.as_deref().unwrap_or_default())?;
        if bytes.len() > most {
            return Err(RequestError::TooLarge(most));
        }
        Ok(Some(FileContent { sha: content.sha, bytes }))
    }

    /// A commit.
    ///
    /// # Errors
    /// As every request.
    pub async fn commit(&self, repository: &str, sha: &str) -> Result<Commit, RequestError> {
        let path = format!("{}/git/commits/{}", repository_path(repository)?, part(sha));
        let commit: GitCommit = self.json(&path).await?;
        let parents = commit.parents.into_iter().map(|parent| parent.sha).collect();
        Ok(Commit { tree: commit.tree.sha, parents })
    }

    /// A tree of a tree, commit or branch. A recursive one may have to be walked instead; see [`Tree`].
    ///
    /// # Errors
    /// As every request, and for an answer above 32 MiB.
    pub async fn tree(&self, repository: &str, of: &str, recursive: bool) -> Result<Tree, RequestError> {
        let recursive = if recursive { "?recursive=1" } else { "" };
        let path = format!("{}/git/trees/{}{recursive}", repository_path(repository)?, part(of));
        // GitHub cuts a recursive tree at 100,000 entries or 7 MB.
        let tree = self.json_if_there(&path, 32 << 20).await?;
        tree.ok_or(RequestError::Status(404))
    }

    /// The bytes of a blob, at most `most`.
    ///
    /// # Errors
    /// As every request, and for a larger one.
    pub async fn blob(&self, repository: &str, sha: &str, most: usize) -> Result<Vec<u8>, RequestError> {
        let path = format!("{}/git/blobs/{}", repository_path(repository)?, part(sha));
        let blob: Option<Blob> = self.json_if_there(&path, most * 3 / 2 + (64 << 10)).await?;
        let blob = blob.ok_or(RequestError::Status(404))?;
        let bytes = match blob.encoding.as_str() {
            "base64" => decoded(&blob.content)?,
            "utf-8" => blob.content.into_bytes(),
            _ => return Err(RequestError::Malformed("a blob in an encoding that nobody knows")),
        };
        if bytes.len() > most {
            return Err(RequestError::TooLarge(most));
        }
        Ok(bytes)
    }

    /// Where two commits or branches part.
    ///
    /// # Errors
    /// As every request; 404 for commits that have nothing in common.
    pub async fn compared(&self, repository: &str, base: &str, head: &str) -> Result<Compared, RequestError> {
        // The page is as small as it can be: only the merge base is asked for.
        let (base, head) = (part(base), part(head));
        let path = format!("{}/compare/{base}...{head}?per_page=1", repository_path(repository)?);
        let comparison: Option<Comparison> = self.json_if_there(&path, 32 << 20).await?;
        let comparison = comparison.ok_or(RequestError::Status(404))?;
        Ok(Compared { base: comparison.base_commit.sha, merge_base: comparison.merge_base_commit.sha })
    }

    /// What a reference such as `heads/main` points at; `None` if there is none.
    ///
    /// # Errors
    /// As every request.
    pub async fn reference(&self, repository: &str, name: &str) -> Result<Option<String>, RequestError> {
        let path = format!("{}/git/ref/{}", repository_path(repository)?, parts(name));
        let reference: Option<Reference> = self.json_if_there(&path, MAX_JSON).await?;
        Ok(reference.map(|reference| reference.object.sha))
    }

    /// Stores a blob and gives its object.
    ///
    /// # Errors
    /// As every request.
    pub async fn create_blob(&self, repository: &str, bytes: &[u8]) -> Result<String, RequestError> {
        let blob = NewBlob { content: BASE64_STANDARD.encode(bytes), encoding: "base64" };
        let path = format!("{}/git/blobs", repository_path(repository)?);
        Ok(self.write::<Object>(Method::POST, &path, &blob).await?.sha)
    }

    /// Stores a tree and gives its object.
    ///
    /// # Errors
    /// As every request.
    pub async fn create_tree(
        &self,
        repository: &str,
        base: Option<&str>,
        entries: &[TreeEntry],
    ) -> Result<String, RequestError> {
        let tree = NewTree { base_tree: base, tree: entries };
        let path = format!("{}/git/trees", repository_path(repository)?);
        Ok(self.write::<Object>(Method::POST, &path, &tree).await?.sha)
    }

    /// Stores a commit and gives its object.
    ///
    /// # Errors
    /// As every request.
    pub async fn create_commit(
        &self,
        repository: &str,
        message: &str,
        commit: &Commit,
    ) -> Result<String, RequestError> {
        let new = NewCommit { message, tree: &commit.tree, parents: &commit.parents };
        let path = format!("{}/git/commits", repository_path(repository)?);
        Ok(self.write::<Object>(Method::POST, &path, &new).await?.sha)
    }

    /// Makes a reference such as `refs/tollgate/snapshots`.
    ///
    /// # Errors
    /// As every request; 422 if it exists.
    pub async fn create_reference(
        &self,
        repository: &str,
        name: &str,
        sha: &str,
    ) -> Result<(), RequestError> {
        let path = format!("{}/git/refs", repository_path(repository)?);
        self.write::<Reference>(Method::POST, &path, &NewReference { name, sha }).await?;
        Ok(())
    }

    /// Moves a reference such as `tollgate/snapshots` forward; never back or aside.
    ///
    /// # Errors
    /// As every request; 422 if it is no step forward.
    pub async fn move_reference(&self, repository: &str, name: &str, sha: &str) -> Result<(), RequestError> {
        let path = format!("{}/git/refs/{}", repository_path(repository)?, parts(name));
        self.write::<Reference>(Method::PATCH, &path, &MovedReference { sha, force: false }).await?;
        Ok(())
    }
}

/// Base64 with line ends, as GitHub writes it.
fn decoded(text: &str) -> Result<Vec<u8>, RequestError> {
    let text: String = text.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    BASE64_STANDARD.decode(text).map_err(|_| RequestError::Malformed("a file that is no base64"))
}
