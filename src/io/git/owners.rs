//! Who owned what a contribution touched, when it was merged.

use super::history::{Found, MOST_BYTES};
use super::lines::blob_up_to;
use super::{CommittedFile, Repository};
use crate::diagnostic::{Code, Diagnostic, Origin, Weight};
use crate::metrics::{CODE_OWNERS_PLACES, CodeOwners, Handle, Owners};
use crate::policy;
use git2::{Oid, Tree, TreeEntry};
use std::cmp::Ordering;
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::rc::Rc;

/// Changed paths of one contribution that are looked at.
const MOST_PATHS: usize = 200_000;
/// Root trees that are kept.
const MOST_RECENT: usize = 8;

/// An entry of a tree: object and mode.
type Side = (Oid, i32);

/// Reads the owners that held when a contribution was merged; equal files are read once.
pub struct OwnersThen<'r> {
    repository: &'r Repository,
    today: Vec<Handle>,
    by_tree: HashMap<Vec<Option<Oid>>, Rc<Owners>>,
    /// The root trees that were read last: of two commits in a row the second one's parent is the first.
    recent: VecDeque<(Oid, Tree<'r>)>,
    files: HashMap<Oid, Option<Rc<CodeOwners>>>,
    policies: HashMap<Oid, Option<Vec<Handle>>>,
    /// CODEOWNERS files that could not be read, by their place.
    unread: BTreeSet<&'static str>,
}

impl std::fmt::Debug for OwnersThen<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OwnersThen").field("repository", self.repository).finish_non_exhaustive()
    }
}

impl<'r> OwnersThen<'r> {
    /// `today` are the owners where the policy of the time named none.
    pub fn new(repository: &'r Repository, today: Vec<Handle>) -> Self {
        let (by_tree, files, policies) = (HashMap::new(), HashMap::new(), HashMap::new());
        Self { repository, today, by_tree, recent: VecDeque::new(), files, policies, unread: BTreeSet::new() }
    }

    /// The owners at the parent of the contribution: a change cannot make its own author an owner.
    ///
    /// # Errors
    /// `git-failed` when an object cannot be read.
    pub fn of(&mut self, found: &Found) -> Result<Rc<Owners>, Box<Diagnostic>> {
        let repository = self.repository;
        let failed = |error: git2::Error| repository.failed("the owners of the time cannot be read", &error);
        let tree = self.parent_tree(found.commit).map_err(failed)?;
        let policy_root = match &tree {
            Some(tree) => self.repository.below(tree, &self.repository.prefix).map_err(failed)?,
            None => None,
        };
        let id = |tree: &Option<Tree<'_>>, name| Some(tree.as_ref()?.get_name(name)?.id());
        let mut key: Vec<Option<Oid>> =
            [".github", "CODEOWNERS", "docs", ".gitlab"].into_iter().map(|name| id(&tree, name)).collect();
        key.extend([".github", "tollgate.yml"].into_iter().map(|name| id(&policy_root, name)));
        if let Some(owners) = self.by_tree.get(&key) {
            return Ok(Rc::clone(owners));
        }
        let owners = Rc::new(self.read(tree.as_ref(), policy_root.as_ref()).map_err(failed)?);
        self.by_tree.insert(key, Rc::clone(&owners));
        Ok(owners)
    }

    /// The paths that a contribution changed against its first parent, from the root of the repository.
    ///
    /// # Errors
    /// `git-failed` when an object cannot be read.
    pub fn changed_paths(&mut self, found: &Found) -> Result<Vec<String>, Box<Diagnostic>> {
        let repository = self.repository;
        let mut changed = || -> Result<Vec<String>, git2::Error> {
            let old = self.parent_tree(found.commit)?;
            let new = self.tree_of(found.commit)?;
            repository.tree_changes(old, Some(new))
        };
        changed().map_err(|error| repository.failed("a change cannot be read", &error))
    }

    fn parent_tree(&mut self, commit: Oid) -> Result<Option<Tree<'r>>, git2::Error> {
        match self.repository.git.find_commit(commit)?.parent_ids().next() {
            Some(parent) => self.tree_of(parent).map(Some),
            None => Ok(None),
        }
    }

    fn tree_of(&mut self, commit: Oid) -> Result<Tree<'r>, git2::Error> {
        let id = self.repository.git.find_commit(commit)?.tree_id();
        if let Some((_, tree)) = self.recent.iter().find(|(known, _)| *known == id) {
            return Ok(tree.clone());
        }
        let tree = self.repository.git.find_tree(id)?;
        self.recent.push_front((id, tree.clone()));
        self.recent.truncate(MOST_RECENT);
        Ok(tree)
    }

    fn read(
        &mut self,
        tree: Option<&Tree<'_>>,
        policy_root: Option<&Tree<'_>>,
    ) -> Result<Owners, git2::Error> {
        let mut owners = Owners { policy: self.today.clone(), code_owners: None };
        for place in crate::io::policy::PLACES {
            let Some((id, bytes)) = self.repository.small_file(policy_root, place)? else { continue };
            let named = self.policies.entry(id).or_insert_with(|| {
                let text = String::from_utf8(bytes).ok()?;
                let file = policy::parse(&text, place).ok()?;
                let handles: Vec<Handle> =
                    file.owners.iter().filter_map(|owner| Handle::parse(owner)).collect();
                (!handles.is_empty()).then_some(handles)
            });
            if let Some(named) = named {
                owners.policy.clone_from(named);
            }
            break;
        }
        for place in CODE_OWNERS_PLACES {
            let Some((id, bytes)) = self.repository.small_file(tree, place)? else { continue };
            let file = self
                .files
                .entry(id)
                .or_insert_with(|| CodeOwners::parse(&String::from_utf8_lossy(&bytes)).map(Rc::new));
            if file.is_none() {
                self.unread.insert(place);
            }
            owners.code_owners.clone_from(file);
            break;
        }
        Ok(owners)
    }

    /// Places of CODEOWNERS files that are too large to be read.
    pub fn unread(&self) -> impl Iterator<Item = &'static str> {
        self.unread.iter().copied()
    }
}

impl Repository {
    /// CODEOWNERS of a commit, for the whole repository; `None` if it has none.
    ///
    /// # Errors
    /// It is too large, no regular file or no UTF-8, or git fails.
    pub fn code_owners_at(&self, commit: &str) -> Result<Option<CodeOwners>, Box<Diagnostic>> {
        for place in CODE_OWNERS_PLACES {
            let unread = |why: &str| {
                let message = format!("CODEOWNERS {why}, so nobody counts as its owner");
                Box::new(Diagnostic::new(Code::BadExport, Weight::Warning, message, Origin::file(place)))
            };
            return match self.file_of_root_at(commit, place, MOST_BYTES)? {
                CommittedFile::Absent => continue,
                CommittedFile::NotRegular => Err(unread("is no regular file")),
                CommittedFile::TooLarge => Err(unread("is too large to be read")),
                CommittedFile::Bytes(bytes) => {
                    let text = String::from_utf8(bytes).map_err(|_| unread("is not UTF-8"))?;
                    CodeOwners::parse(&text).map(Some).ok_or_else(|| unread("is too large to be read"))
                }
            };
        }
        Ok(None)
    }

    /// True if a path is below DIR.
    pub fn is_below(&self, path: &str) -> bool {
        path.starts_with(&self.prefix)
    }

    /// The folder of a tree, of which every name ends with `/`.
    fn below<'r>(&'r self, tree: &Tree<'r>, folder: &str) -> Result<Option<Tree<'r>>, git2::Error> {
        let mut tree = tree.clone();
        for name in folder.split_terminator('/') {
            let id = tree.get_name(name).filter(|entry| entry.kind() == Some(git2::ObjectType::Tree));
            let Some(id) = id.map(|entry| entry.id()) else { return Ok(None) };
            tree = self.git.find_tree(id)?;
        }
        Ok(Some(tree))
    }

    /// A regular file of at most [`MOST_BYTES`].
    fn small_file(&self, tree: Option<&Tree<'_>>, path: &str) -> Result<Option<(Oid, Vec<u8>)>, git2::Error> {
        let Some(tree) = tree else { return Ok(None) };
        let (folder, name) = path.rsplit_once('/').map_or(("", path), |(folder, name)| (folder, name));
        let Some(tree) = self.below(tree, folder)? else { return Ok(None) };
        let Some(entry) = tree.get_name(name).filter(|entry| entry.filemode_raw() & 0o170_000 == 0o100_000)
        else {
            return Ok(None);
        };
        match blob_up_to(&self.git, entry.id(), MOST_BYTES)?.text() {
            Some(bytes) => Ok(Some((entry.id(), bytes.to_vec()))),
            None => Ok(None),
        }
    }

    fn tree_changes<'r>(
        &'r self,
        old: Option<Tree<'r>>,
        new: Option<Tree<'r>>,
    ) -> Result<Vec<String>, git2::Error> {
        let mut paths = Vec::new();
        let mut open = vec![(String::new(), old, new)];
        while let Some((folder, old, new)) = open.pop() {
            if paths.len() >= MOST_PATHS {
                break;
            }
            let changed = entries_changed(old.as_ref(), new.as_ref());
            for (name, before, after) in changed {
                let path = format!("{folder}{}", String::from_utf8_lossy(&name));
                let tree = |side: Option<Side>| match side {
                    Some((id, 0o040_000)) => self.git.find_tree(id).map(Some),
                    _ => Ok(None),
                };
                let is_file = |side: Option<Side>| side.is_some_and(|(_, mode)| mode != 0o040_000);
                if is_file(before) || is_file(after) {
                    paths.push(path.clone());
                }
                let (before, after) = (tree(before)?, tree(after)?);
                if before.is_some() || after.is_some() {
                    open.push((format!("{path}/"), before, after));
                }
            }
        }
        Ok(paths)
    }
}

/// An entry's name, and what it was and is, of those that differ.
type Changed = (Vec<u8>, Option<Side>, Option<Side>);

/// Both trees are in git's order, so one walk along them finds what differs; most entries are only looked at.
fn entries_changed(old: Option<&Tree<'_>>, new: Option<&Tree<'_>>) -> Vec<Changed> {
    let side = |entry: &TreeEntry<'_>| (entry.id(), entry.filemode_raw());
    let mut changed = Vec::new();
    let (mut at_old, mut at_new) = (0, 0);
    loop {
        let before = old.and_then(|tree| tree.get(at_old));
        let after = new.and_then(|tree| tree.get(at_new));
        let order = match (&before, &after) {
            (None, None) => return changed,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(before), Some(after)) => in_order(before, after),
        };
        at_old += usize::from(order.is_le());
        at_new += usize::from(order.is_ge());
        let before = before.filter(|_| order.is_le());
        let after = after.filter(|_| order.is_ge());
        let sides = (before.as_ref().map(side), after.as_ref().map(side));
        if sides.0 != sides.1
            && let Some(entry) = before.as_ref().or(after.as_ref())
        {
            changed.push((entry.name_bytes().to_vec(), sides.0, sides.1));
        }
    }
}

/// Git sorts a folder as if its name ended with `/`.
fn in_order(left: &TreeEntry<'_>, right: &TreeEntry<'_>) -> Ordering {
    let (one, other) = (left.name_bytes(), right.name_bytes());
    if one == other && left.filemode_raw() == right.filemode_raw() {
        return Ordering::Equal;
    }
    let end = |entry: &TreeEntry<'_>| (entry.filemode_raw() == 0o040_000).then_some(&b'/');
    one.iter().chain(end(left)).cmp(other.iter().chain(end(right)))
}

#[cfg(test)]
mod tests {
    use crate::io::git::{HistoryQuery, OwnersThen, open};
    use crate::io::testing::Repo;
    use crate::metrics::{Unit, Window};
    use crate::model::Date;

    /// The paths that the last commit changed, sorted.
    fn changed(repo: &Repo) -> Vec<String> {
        let repository = open(repo.path()).unwrap();
        let day = |text: &str| Date::parse(text).unwrap();
        let window = Window { from: day("2025-01-01"), until: day("2027-01-01") };
        let query = HistoryQuery { unit: Unit::Commits, window, bots: &[] };
        let history = repository.history(&query, &mut |_| {}).unwrap();
        let last = history.found.iter().find(|found| found.title.raw() == "last").unwrap();
        let mut paths = OwnersThen::new(&repository, Vec::new()).changed_paths(last).unwrap();
        paths.sort();
        paths
    }

    #[test]
    fn what_git_calls_changed_is_changed() {
        let repo = Repo::new();
        for path in ["a/x", "a/deep/y", "a.b", "a-c", "same/z", "gone/one", "gone/two", "turns"] {
            repo.write(path, "1");
        }
        repo.commit("first");
        repo.write("a/x", "2");
        repo.write("a.b", "2");
        repo.write("new/file", "1");
        repo.git(&["rm", "-q", "-r", "gone", "turns"]);
        // A file that becomes a folder stands elsewhere in git's order.
        repo.write("turns/into", "1");
        repo.commit("last");
        let mut by_git: Vec<String> = repo
            .git(&["diff", "--name-only", "--no-renames", "HEAD~1", "HEAD"])
            .lines()
            .map(str::to_owned)
            .collect();
        by_git.sort();
        assert_eq!(changed(&repo), by_git);
        assert_eq!(by_git, ["a.b", "a/x", "gone/one", "gone/two", "new/file", "turns", "turns/into"]);
    }

    /// What CODEOWNERS of the last commit is, as seen from a folder below the root.
    fn code_owners(repo: &Repo) -> Result<bool, String> {
        repo.write("below/a", "1");
        let commit = repo.commit("last");
        let repository = open(&repo.path().join("below")).unwrap();
        let found = repository.code_owners_at(commit.trim());
        found.map(|found| found.is_some()).map_err(|problem| problem.message.raw().to_owned())
    }

    #[test]
    fn code_owners_are_of_the_whole_repository() {
        assert_eq!(code_owners(&Repo::new()), Ok(false));
        let repo = Repo::new();
        repo.write(".github/CODEOWNERS", "* @acme/payments");
        assert_eq!(code_owners(&repo), Ok(true));
    }

    #[test]
    fn code_owners_that_cannot_be_read_are_not_taken_for_none() {
        let why = |write: &dyn Fn(&Repo)| {
            let repo = Repo::new();
            write(&repo);
            code_owners(&repo).unwrap_err()
        };
        let large = vec![b'#'; usize::try_from(super::MOST_BYTES).unwrap() + 1];
        assert_eq!(
            why(&|repo| drop(repo.write("CODEOWNERS", &large))),
            "CODEOWNERS is too large to be read, so nobody counts as its owner"
        );
        assert_eq!(
            why(&|repo| drop(repo.write("docs/CODEOWNERS", b"* @\xff"))),
            "CODEOWNERS is not UTF-8, so nobody counts as its owner"
        );
        assert_eq!(
            why(&|repo| drop(repo.write("CODEOWNERS/one", "1"))),
            "CODEOWNERS is no regular file, so nobody counts as its owner"
        );
    }
}
