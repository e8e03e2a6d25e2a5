//! Files of a revision that somebody names, for policies that are kept in a repository.

use super::Repository;
use super::files::SizedBlob;
use super::lines::blob_up_to;
use crate::diagnostic::{Code, Diagnostic, Origin, Weight};
use git2::{ErrorCode, ObjectType, Oid};
use std::path::Path;

/// Folders with more entries than this are no folder of policies.
const MOST_ENTRIES: usize = 20_000;

impl Repository {
    /// The commit that a revision names, in full hexadecimal: `v3`, `main`, `a1b2c3d`.
    ///
    /// # Errors
    /// `unknown-revision`: the clone holds no such commit. The user's fault.
    pub fn revision(&self, name: &str) -> Result<String, Box<Diagnostic>> {
        let candidates = [name.to_owned(), format!("refs/remotes/origin/{name}")];
        let found = candidates.iter().find_map(|candidate| {
            self.git.revparse_single(candidate).and_then(|object| object.peel_to_commit()).ok()
        });
        found.map(|commit| commit.id().to_string()).ok_or_else(|| {
            let message = format!("`{name}` names no commit of this repository");
            let at = Origin::file(&*self.dir.to_string_lossy());
            Box::new(Diagnostic::new(Code::UnknownRevision, Weight::Error, message, at))
        })
    }

    /// The names of what a folder below DIR holds in a commit, sorted; `None` if there is no such folder.
    /// `""` is DIR itself.
    ///
    /// # Errors
    /// `git-failed` when it cannot be read: that is not "no such folder".
    pub fn names_in(&self, commit: &str, folder: &str) -> Result<Option<Vec<String>>, Box<Diagnostic>> {
        let path = format!("{}{folder}", self.prefix);
        let path = path.trim_end_matches('/');
        let list = || -> Result<Option<Vec<String>>, git2::Error> {
            let mut tree = self.git.find_commit(Oid::from_str(commit)?)?.tree()?;
            for name in path.split('/').filter(|name| !name.is_empty()) {
                let Some((kind, id)) = tree.get_name(name).map(|entry| (entry.kind(), entry.id())) else {
                    return Ok(None);
                };
                if kind != Some(ObjectType::Tree) {
                    return Ok(None);
                }
                tree = self.git.find_tree(id)?;
            }
            let names = tree.iter().take(MOST_ENTRIES);
            let mut names: Vec<String> =
                names.map(|entry| String::from_utf8_lossy(entry.name_bytes()).into_owned()).collect();
            names.sort();
            Ok(Some(names))
        };
        list().map_err(|error| self.failed(&format!("`{path}` of {commit} cannot be listed"), &error))
    }

    /// `owner/name` of the remote, if its address is one of a server.
    pub fn remote_repository(&self) -> Option<String> {
        let remote = self.git.find_remote("origin").ok()?;
        repository_of_url(&String::from_utf8_lossy(remote.url_bytes()))
    }

    /// True if DIR is the root of the repository's own folder, with its `.git` in it: not a submodule, whose
    /// commit a change could move.
    pub fn is_own_clone(&self) -> bool {
        self.prefix.is_empty() && (self.git.is_bare() || self.dir.join(".git").is_dir())
    }

    /// The root of the working tree, absolute and without symlinks.
    pub fn root(&self) -> Option<std::path::PathBuf> {
        self.git.workdir().and_then(|workdir| workdir.canonicalize().ok())
    }

    /// True if both are the same repository, however they were opened.
    pub fn is_same_as(&self, other: &Self) -> bool {
        let common = |git: &git2::Repository| git.commondir().canonicalize().ok();
        common(&self.git).is_some_and(|own| Some(own) == common(&other.git))
    }

    /// True if the commit is `tip` or one of its ancestors, as far as the clone shows.
    pub fn is_in_history(&self, commit: &str, tip: &str) -> bool {
        let (Ok(commit), Ok(tip)) = (Oid::from_str(commit), Oid::from_str(tip)) else { return false };
        commit == tip || self.git.graph_descendant_of(tip, commit).unwrap_or(false)
    }

    /// True if the head's commit holds exactly these bytes under this path below DIR.
    pub fn head_holds(&self, path: &str, bytes: &[u8]) -> bool {
        let holds = || -> Result<bool, git2::Error> {
            let tree = self.git.head()?.peel_to_tree()?;
            let entry = match tree.get_path(Path::new(&format!("{}{path}", self.prefix))) {
                Ok(entry) => entry,
                Err(error) if error.code() == ErrorCode::NotFound => return Ok(false),
                Err(error) => return Err(error),
            };
            Ok(match blob_up_to(&self.git, entry.id(), bytes.len() as u64)? {
                SizedBlob::Blob(blob) => blob.content() == bytes,
                SizedBlob::Empty | SizedBlob::Large | SizedBlob::Bytes(_) => false,
            })
        };
        // What cannot be read is not said to be that commit's.
        holds().unwrap_or(false)
    }
}

/// The last two parts of an address with a host: `https://host/acme/.tollgate.git`, `git@host:acme/.tollgate`.
/// The rest may hold a token and is dropped.
fn repository_of_url(url: &str) -> Option<String> {
    let url = url.split(['?', '#']).next()?;
    let path = match url.split_once("://") {
        Some(("file", _)) => return None,
        Some((_, rest)) => rest.split_once('/')?.1,
        None => url.split_once(':').filter(|(host, _)| host.contains('@'))?.1,
    };
    let path = path.trim_matches('/');
    let path = path.strip_suffix(".git").unwrap_or(path);
    let (rest, name) = path.rsplit_once('/')?;
    let owner = rest.rsplit('/').next()?;
    let plain = |part: &str| !part.is_empty() && !part.contains('@');
    (plain(owner) && plain(name)).then(|| format!("{owner}/{name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_gives_owner_and_name_and_never_its_token() {
        for (url, expected) in [
            ("https://github.com/acme/.tollgate.git", Some("acme/.tollgate")),
            ("https://x:ghs_secret@github.com/acme/pay/", Some("acme/pay")),
            ("git@github.com:acme/.tollgate.git", Some("acme/.tollgate")),
            ("ssh://git@host:22/group/acme/pay.git", Some("acme/pay")),
            ("/srv/git/acme/pay.git", None),
            ("file:///srv/acme/pay", None),
            ("https://host/pay", None),
            ("", None),
        ] {
            assert_eq!(repository_of_url(url).as_deref(), expected, "{url}");
        }
    }
}
