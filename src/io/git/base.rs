//! What the head is compared with (DECISIONS 1–4).

use super::Repository;
use crate::diagnostic::{Code, Diagnostic, Origin, Weight};
use crate::model::Untrusted;
use git2::{Commit, ErrorCode, Oid};
use std::collections::BTreeSet;

/// What kind of run this is. Read from the environment by the command line, never here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RunKind {
    /// A laptop, or a CI that says nothing.
    #[default]
    Local,
    /// CI judges a pull request.
    PullRequest,
    /// CI judges a group of the merge queue.
    MergeGroup,
    /// CI runs on a branch or tag.
    Branch,
}

/// What CI says of the run. Branch names and commits are claims of the event, used only to find objects in the
/// clone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Run {
    /// What kind of run.
    pub kind: RunKind,
    /// The branch that the change goes to (`GITHUB_BASE_REF`).
    pub base_branch: Option<String>,
    /// The branch that is judged itself, where a run is of one (`GITHUB_REF_NAME`).
    pub branch: Option<String>,
    /// The base's commit (event `pull_request.base.sha`, `merge_group.base_sha`).
    pub base_commit: Option<String>,
    /// The commit that CI made by merging the change into its base (`GITHUB_SHA` of `pull_request`).
    pub merge_commit: Option<String>,
    /// The default branch (event `repository.default_branch`).
    pub default_branch: Option<String>,
    /// True if the author has no merged pull request here yet, as the forge says: for one line of thanks, and for
    /// nothing else.
    pub is_first: bool,
}

impl Run {
    /// The branch whose requirements hold: the one that the change goes to, or the one that is judged.
    pub fn target_branch<'r>(&'r self, base: &'r Base) -> Option<&'r str> {
        let named = match base {
            Base::Known(point) => Some(point.name.raw()),
            Base::None | Base::Unavailable(_) => None,
        };
        self.base_branch.as_deref().or(self.branch.as_deref()).or(named)
    }

    /// True where a change is judged: there must be a base, and a working tree's policy never decides.
    pub const fn judges_a_change(&self) -> bool {
        matches!(self.kind, RunKind::PullRequest | RunKind::MergeGroup)
    }
}

/// The commit that the head is compared with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BasePoint {
    /// Its name for people: `main`, or as given.
    pub name: Untrusted,
    /// Tip of the base, in full hexadecimal.
    pub tip: String,
    /// Merge base of tip and head: where the change begins.
    pub merge_base: String,
}

/// Whether there is a base.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Base {
    /// There is none: no remote, the default branch itself, or no commit yet. The run is judged absolutely.
    None,
    /// There should be one and it cannot be found: rules about the change are not measured.
    Unavailable(Box<Diagnostic>),
    /// The base.
    Known(BasePoint),
}

/// `--base` names nothing in this repository: wrong use.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.message.raw())]
pub struct UnknownBase(pub Box<Diagnostic>);

/// Finds the base: `--base`, else what CI says of a pull request, else the remote's default branch.
///
/// # Errors
/// Only when `named` cannot be resolved; every other problem is [`Base::Unavailable`].
pub fn find_base(repository: &Repository, named: Option<&str>, run: &Run) -> Result<Base, UnknownBase> {
    let tip = match named {
        Some(name) => Some(repository.named_base(name)?),
        None => match repository.base_of_run(run) {
            Ok(tip) => tip,
            Err(diagnostic) => return Ok(Base::Unavailable(diagnostic)),
        },
    };
    Ok(repository.base_from_tip(tip).unwrap_or_else(Base::Unavailable))
}

/// The tip of the default branch, whose policy judges (DECISIONS 2), with its name for people. `None` if the
/// clone does not show a default branch.
///
/// # Errors
/// A diagnostic when CI names a default branch that the clone does not hold.
pub fn default_branch_tip(
    repository: &Repository,
    base: &Base,
    run: &Run,
) -> Result<Option<(String, Untrusted)>, Box<Diagnostic>> {
    repository.default_branch_tip(base, run)
}

/// A commit and its name for people.
struct Tip<'r> {
    name: Untrusted,
    commit: Commit<'r>,
}

impl Repository {
    fn named_base(&self, name: &str) -> Result<Tip<'_>, UnknownBase> {
        let candidates = [name.to_owned(), format!("refs/remotes/origin/{name}")];
        for candidate in candidates {
            let found = self.git.revparse_single(&candidate).and_then(|object| object.peel_to_commit());
            if let Ok(commit) = found {
                let name = name.strip_prefix("origin/").unwrap_or(name);
                return Ok(Tip { name: name.into(), commit });
            }
        }
        let message = format!("`--base {name}` names no commit of this repository");
        let mut diagnostic =
            Diagnostic::new(Code::UnknownRevision, Weight::Error, message, Origin::default());
        if self.git.is_shallow() {
            diagnostic = diagnostic.with_help(
                "fetch it first: `fetch-depth: 0` in actions/checkout, or `git fetch --unshallow`; or correct its name",
            );
        }
        Err(UnknownBase(Box::new(diagnostic)))
    }

    /// The base that CI or the remote names; `None` if nothing does.
    fn base_of_run(&self, run: &Run) -> Result<Option<Tip<'_>>, Box<Diagnostic>> {
        let head = self.head_commit()?;
        if run.kind == RunKind::PullRequest
            && let Some(head) = head.as_ref().filter(|head| self.is_merge_commit_of_ci(head, run))
        {
            return self.first_parent(head, run).map(Some);
        }
        if run.judges_a_change() {
            // The exact commit of a merge group comes first: its branch may have moved on since.
            let exact_first = run.kind == RunKind::MergeGroup;
            let by_commit = || run.base_commit.as_deref().and_then(|id| self.commit_by_id(id, run));
            let by_branch = || run.base_branch.as_deref().and_then(|branch| self.remote_branch(branch));
            let tip =
                if exact_first { by_commit().or_else(by_branch) } else { by_branch().or_else(by_commit) };
            return tip.map(Some).ok_or_else(|| self.base_is_not_here(run));
        }
        Ok(self.default_branch_of_remote(run))
    }

    /// True if CI made the head by merging the change into its base. A merge that a contributor made does not
    /// count: its first parent is the contributor's own commit.
    fn is_merge_commit_of_ci(&self, head: &Commit<'_>, run: &Run) -> bool {
        if head.parent_count() > 2 || (head.parent_count() < 2 && !self.is_cut(head)) {
            return false;
        }
        let id = head.id();
        let is_fetched_merge = |reference: &git2::Reference<'_>| {
            let of_a_pull_request = reference.name_bytes().starts_with(b"refs/remotes/pull/")
                && reference.name_bytes().ends_with(b"/merge");
            of_a_pull_request && reference.target() == Some(id)
        };
        let named = run.merge_commit.as_deref().is_some_and(|commit| commit == id.to_string());
        named
            || self
                .git
                .references_glob("refs/remotes/pull/*")
                .is_ok_and(|references| references.flatten().any(|reference| is_fetched_merge(&reference)))
    }

    fn first_parent(&self, head: &Commit<'_>, run: &Run) -> Result<Tip<'_>, Box<Diagnostic>> {
        let name = run.base_branch.as_deref().unwrap_or("the base").into();
        match head.parent_id(0).and_then(|id| self.git.find_commit(id)) {
            Ok(commit) => Ok(Tip { name, commit }),
            Err(error) if self.is_cut(head) || error.code() == ErrorCode::NotFound => {
                let message = "the clone holds the pull request's merge commit alone, without its base";
                Err(Box::new(
                    Diagnostic::new(Code::ShallowClone, Weight::Error, message, Origin::default())
                        .with_help("add `fetch-depth: 2` to actions/checkout"),
                ))
            }
            Err(error) => Err(self.failed("the merge commit's first parent cannot be read", &error)),
        }
    }

    fn base_is_not_here(&self, run: &Run) -> Box<Diagnostic> {
        let name = run.base_branch.as_deref().or(run.base_commit.as_deref()).unwrap_or("of the pull request");
        let message = format!("the base `{name}` is not in this clone");
        if self.git.is_shallow() {
            return self.shallow(message);
        }
        let help = "fetch the base branch first: `fetch-depth: 0` in actions/checkout, or `git fetch origin <branch>`";
        Box::new(
            Diagnostic::new(Code::UnknownRevision, Weight::Error, message, Origin::default()).with_help(help),
        )
    }

    fn commit_by_id(&self, id: &str, run: &Run) -> Option<Tip<'_>> {
        let commit = self.id_of(id).ok().and_then(|id| self.git.find_commit(id).ok())?;
        let name = run.base_branch.as_deref().map_or_else(|| short(commit.id()), str::to_owned);
        Some(Tip { name: name.into(), commit })
    }

    /// A branch of the remote, by its bare name.
    fn remote_branch(&self, branch: &str) -> Option<Tip<'_>> {
        let branch = branch.strip_prefix("refs/heads/").unwrap_or(branch);
        let remote = self.remote_name()?;
        let reference = self.git.find_reference(&format!("refs/remotes/{remote}/{branch}")).ok()?;
        let commit = reference.peel_to_commit().ok()?;
        Some(Tip { name: branch.into(), commit })
    }

    /// `origin`, else the only remote.
    fn remote_name(&self) -> Option<String> {
        let remotes = self.git.remotes().ok()?;
        let names: Vec<&str> = remotes.iter().filter_map(|name| name.ok().flatten()).collect();
        if names.contains(&"origin") {
            return Some("origin".to_owned());
        }
        match names.as_slice() {
            [only] => Some((*only).to_owned()),
            _ => None,
        }
    }

    /// What CI calls the default branch, else where the remote's HEAD points, else `main`, else `master`.
    fn default_branch_of_remote(&self, run: &Run) -> Option<Tip<'_>> {
        if let Some(tip) = run.default_branch.as_deref().and_then(|branch| self.remote_branch(branch)) {
            return Some(tip);
        }
        let remote = self.remote_name()?;
        let folder = format!("refs/remotes/{remote}/");
        if let Ok(head) = self.git.find_reference(&format!("{folder}HEAD")) {
            let branch = head
                .symbolic_target_bytes()
                .and_then(|target| target.strip_prefix(folder.as_bytes()))
                .and_then(|name| std::str::from_utf8(name).ok());
            if let Some(tip) = branch.and_then(|branch| self.remote_branch(branch)) {
                return Some(tip);
            }
        }
        ["main", "master"].into_iter().find_map(|branch| self.remote_branch(branch))
    }

    /// From the tip of the base to the base itself.
    fn base_from_tip(&self, tip: Option<Tip<'_>>) -> Result<Base, Box<Diagnostic>> {
        let (Some(tip), Some(head)) = (tip, self.head_commit()?) else { return Ok(Base::None) };
        let merge_base = match self.git.merge_base(tip.commit.id(), head.id()) {
            Ok(merge_base) => merge_base,
            Err(error) if error.code() == ErrorCode::NotFound && self.git.is_shallow() => {
                return Err(self.shallow(self.no_common_commit(&tip)));
            }
            Err(error) if error.code() == ErrorCode::NotFound => {
                let diagnostic = Diagnostic::new(
                    Code::NoBase,
                    Weight::Error,
                    self.no_common_commit(&tip),
                    Origin::default(),
                );
                return Err(Box::new(diagnostic.with_help("name another base with `--base`")));
            }
            Err(error) => return Err(self.failed("the merge base cannot be found", &error)),
        };
        if merge_base != tip.commit.id()
            && merge_base != head.id()
            && self.history_is_cut(&tip, &head, merge_base)?
        {
            let message = format!(
                "the history between the head and `{}` is cut, so the merge base is not certain",
                tip.name.raw()
            );
            return Err(self.shallow(message));
        }
        Ok(Base::Known(BasePoint {
            tip: self.name_of(tip.commit.id()),
            merge_base: self.name_of(merge_base),
            name: tip.name,
        }))
    }

    fn no_common_commit(&self, tip: &Tip<'_>) -> String {
        format!("the head and `{}` have no commit in common", tip.name.raw())
    }

    /// True if a commit between the merge base and the two tips lost its parents to a shallow clone: a nearer
    /// merge base may lie behind it.
    fn history_is_cut(
        &self,
        tip: &Tip<'_>,
        head: &Commit<'_>,
        merge_base: Oid,
    ) -> Result<bool, Box<Diagnostic>> {
        if !self.git.is_shallow() {
            return Ok(false);
        }
        let walked = || -> Result<bool, git2::Error> {
            let mut walk = self.git.revwalk()?;
            walk.push(tip.commit.id())?;
            walk.push(head.id())?;
            walk.hide(merge_base)?;
            for id in walk {
                if self.is_cut(&self.git.find_commit(id?)?) {
                    return Ok(true);
                }
            }
            Ok(false)
        };
        walked().map_err(|error| self.failed("the history cannot be walked", &error))
    }

    /// True if the commit has parents that a shallow clone left out.
    fn is_cut(&self, commit: &Commit<'_>) -> bool {
        let named: BTreeSet<&[u8]> = commit
            .raw_header_bytes()
            .split(|byte| *byte == b'\n')
            .filter_map(|line| line.strip_prefix(b"parent ".as_slice()))
            .collect();
        commit.parent_count() < named.len()
    }

    fn shallow(&self, message: String) -> Box<Diagnostic> {
        Box::new(
            Diagnostic::new(Code::ShallowClone, Weight::Error, message, Origin::default())
                .with_help("add `fetch-depth: 0` to actions/checkout, or run `git fetch --unshallow`"),
        )
    }

    fn default_branch_tip(
        &self,
        base: &Base,
        run: &Run,
    ) -> Result<Option<(String, Untrusted)>, Box<Diagnostic>> {
        if let Some(tip) = self.default_branch_of_remote(run) {
            // A guess (`main`, `master`) must not stand in for the branch that CI names.
            let is_named = run.default_branch.as_deref().is_none_or(|name| name == tip.name.raw());
            if is_named {
                return Ok(Some((self.name_of(tip.commit.id()), tip.name)));
            }
        }
        let goes_to_default = run.default_branch.is_none() || run.default_branch == run.base_branch;
        match base {
            Base::Known(point) if goes_to_default => Ok(Some((point.tip.clone(), point.name.clone()))),
            Base::Unavailable(diagnostic) if run.judges_a_change() => Err(diagnostic.clone()),
            Base::Known(_) if run.judges_a_change() => {
                let name = run.default_branch.as_deref().unwrap_or_default();
                let message =
                    format!("the default branch `{name}`, whose policy judges, is not in this clone");
                Err(self.shallow(message))
            }
            Base::Known(_) | Base::None | Base::Unavailable(_) => Ok(None),
        }
    }
}

/// The first seven digits of a commit.
fn short(id: Oid) -> String {
    id.to_string().chars().take(7).collect()
}
