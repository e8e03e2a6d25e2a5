//! What the fake GitHub knows.

use super::server::{Asked, Fault};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::time::{SystemTime, UNIX_EPOCH};

/// When everything happened.
pub(super) const WHEN: &str = "2026-01-02T03:04:05Z";

/// Requests an hour.
pub(super) const LIMIT: u64 = 5_000;

/// A time as GitHub writes it.
pub(super) fn written(seconds: u64) -> String {
    tollgate::model::Moment::from_seconds(seconds).rfc3339().unwrap()
}

pub(super) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

pub(super) struct State {
    /// Before every path: `/api/v3` on GHES.
    pub(super) prefix: &'static str,
    /// Which of GitHub's descriptions holds.
    pub(super) server: &'static str,
    pub(super) url: String,
    pub(super) store: String,
    pub(super) repos: BTreeMap<String, Repo>,
    pub(super) tokens: BTreeMap<String, Token>,
    /// App → public key.
    pub(super) apps: BTreeMap<u64, Vec<u8>>,
    /// Installation → App and repository.
    pub(super) installations: BTreeMap<u64, (u64, String)>,
    /// Newest first: number, event, what was answered, and when.
    pub(super) deliveries: Vec<(u64, String, u16, String)>,
    /// The events that the App's hook gets.
    pub(super) app_events: Vec<&'static str>,
    pub(super) rate: Option<Rate>,
    pub(super) asked: Vec<Asked>,
    pub(super) faults: BTreeMap<usize, Fault>,
    /// Happens to every request.
    pub(super) outage: Option<Fault>,
    /// What goes wrong with every request whose path has this part.
    pub(super) outage_of: Option<(String, Fault)>,
    /// By the number of a request: the pull request that moves on, and its new head.
    pub(super) pushes: BTreeMap<usize, (u64, String)>,
    /// What was not as GitHub describes it.
    pub(super) wrong: Vec<String>,
    next_id: u64,
}

/// What is left of the rate limit.
#[derive(Clone, Copy)]
pub(super) struct Rate {
    pub(super) remaining: u64,
    pub(super) reset: u64,
}

/// Who a token is.
#[derive(Clone)]
pub(super) struct Token {
    /// 0 for a person's.
    pub(super) app: u64,
    /// `None`: everything.
    pub(super) permissions: Option<BTreeMap<String, String>>,
}

impl Token {
    pub(super) fn of_app(app: u64) -> Self {
        Self { app, permissions: None }
    }

    /// Whether the token may do it; to read is less than to write.
    pub(super) fn may(&self, what: &str, level: &str) -> bool {
        let Some(permissions) = &self.permissions else { return true };
        let has = permissions.get(what).map(String::as_str);
        has == Some("write") || has == Some(level)
    }
}

pub(super) struct Repo {
    pub(super) id: u64,
    pub(super) full_name: String,
    pub(super) git: git2::Repository,
    pub(super) facts: Value,
    pub(super) pulls: BTreeMap<u64, PullState>,
    pub(super) runs: BTreeMap<u64, RunState>,
    pub(super) artifacts: BTreeMap<u64, Artifact>,
    /// Bundles by the digest that they are about: `sha256:…`; null for one that is kept elsewhere.
    pub(super) attestations: BTreeMap<String, Vec<Value>>,
    pub(super) checks: Vec<Check>,
    pub(super) comments: Vec<CommentState>,
    pub(super) permissions: BTreeMap<String, String>,
    pub(super) rules: Value,
    /// Settings of Actions and of the branch, by the last part of their path.
    pub(super) settings: Value,
    /// The tokens that see it; all of them if nobody says otherwise.
    pub(super) seen_by: Option<BTreeSet<String>>,
    clock: i64,
    _folder: tempfile::TempDir,
}

pub(super) struct PullState {
    pub(super) number: u64,
    pub(super) title: String,
    pub(super) author: String,
    pub(super) association: String,
    pub(super) state: &'static str,
    /// How and when it was merged.
    pub(super) merged: Option<MergedState>,
    /// When anything of it last changed.
    pub(super) updated: String,
    pub(super) mergeable: Option<bool>,
    pub(super) head: HeadState,
    pub(super) base: String,
}

/// How a pull request is merged.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Merging {
    /// By a commit with two parents.
    Commit,
    /// As one commit on top of the base.
    Squash,
    /// Each of its commits on top of the base.
    Rebase,
}

pub(super) struct MergedState {
    pub(super) at: String,
    pub(super) commit: String,
    /// Where the base stood before.
    pub(super) base: String,
}

#[derive(Clone)]
pub(super) struct HeadState {
    pub(super) branch: String,
    pub(super) sha: String,
    /// The owner of the fork; `None` for our repository.
    pub(super) fork: Option<String>,
    /// The fork is gone.
    pub(super) gone: bool,
}

pub(super) struct RunState {
    pub(super) id: u64,
    pub(super) workflow: String,
    pub(super) name: String,
    pub(super) event: String,
    pub(super) status: &'static str,
    pub(super) conclusion: Option<String>,
    pub(super) attempt: u64,
    pub(super) head: HeadState,
    pub(super) jobs: Vec<JobState>,
}

pub(super) struct JobState {
    pub(super) id: u64,
    pub(super) name: String,
    pub(super) attempt: u64,
    pub(super) conclusion: String,
    /// No runner took it.
    pub(super) never_started: bool,
}

pub(super) struct Artifact {
    pub(super) id: u64,
    pub(super) run: u64,
    pub(super) name: String,
    pub(super) bytes: Vec<u8>,
    pub(super) expired: bool,
}

/// A check run.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Check {
    pub(crate) id: u64,
    pub(crate) app: u64,
    pub(crate) name: String,
    pub(crate) head_sha: String,
    pub(crate) external_id: Option<String>,
    pub(crate) details_url: Option<String>,
    pub(crate) status: String,
    pub(crate) conclusion: Option<String>,
    pub(crate) completed_at: Option<String>,
    pub(crate) title: String,
    pub(crate) summary: String,
    pub(crate) text: Option<String>,
    pub(crate) annotations: Vec<Value>,
    pub(crate) actions: Vec<Value>,
}

pub(super) struct CommentState {
    pub(super) id: u64,
    pub(super) issue: u64,
    pub(super) app: u64,
    pub(super) body: String,
}

impl State {
    pub(super) fn new(prefix: &'static str, server: &'static str) -> Self {
        Self {
            prefix,
            server,
            url: String::new(),
            store: String::new(),
            repos: BTreeMap::new(),
            tokens: BTreeMap::new(),
            apps: BTreeMap::new(),
            installations: BTreeMap::new(),
            deliveries: Vec::new(),
            app_events: vec![
                "check_run",
                "check_suite",
                "merge_group",
                "pull_request",
                "push",
                "workflow_run",
            ],
            rate: None,
            asked: Vec::new(),
            faults: BTreeMap::new(),
            outage: None,
            outage_of: None,
            pushes: BTreeMap::new(),
            wrong: Vec::new(),
            next_id: 9_000,
        }
    }

    pub(super) fn new_id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }

    pub(super) fn repo(&self, full_name: &str) -> &Repo {
        &self.repos[full_name]
    }

    pub(super) fn repo_mut(&mut self, full_name: &str) -> &mut Repo {
        self.repos.get_mut(full_name).unwrap()
    }

    pub(super) fn repo_or_new(&mut self, full_name: &str) -> &mut Repo {
        if !self.repos.contains_key(full_name) {
            let id = self.new_id();
            self.repos.insert(full_name.to_owned(), Repo::new(id, full_name));
        }
        self.repo_mut(full_name)
    }
}

impl Repo {
    fn new(id: u64, full_name: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let git = git2::Repository::init_bare(folder.path()).unwrap();
        let mut repo = Self {
            id,
            full_name: full_name.to_owned(),
            git,
            facts: json!({}),
            pulls: BTreeMap::new(),
            runs: BTreeMap::new(),
            artifacts: BTreeMap::new(),
            attestations: BTreeMap::new(),
            checks: Vec::new(),
            comments: Vec::new(),
            permissions: BTreeMap::new(),
            rules: json!([]),
            settings: json!({}),
            seen_by: None,
            clock: 1_767_322_000,
            _folder: folder,
        };
        let first = repo.commit(None, &[("README.md", "# payments\n")]);
        repo.point("refs/heads/main", &first);
        repo.git.set_head("refs/heads/main").unwrap();
        repo
    }

    pub(super) fn owner(&self) -> &str {
        self.full_name.split('/').next().unwrap()
    }

    pub(super) fn name(&self) -> &str {
        self.full_name.split('/').nth(1).unwrap()
    }

    pub(super) fn tip(&self, branch: &str) -> Option<String> {
        let reference = self.git.find_reference(&format!("refs/heads/{branch}")).ok()?;
        reference.target().map(|target| target.to_string())
    }

    pub(super) fn point(&self, reference: &str, commit: &str) {
        let commit = git2::Oid::from_str(commit).unwrap();
        self.git.reference(reference, commit, true, "").unwrap();
    }

    /// Puts a change on top of a branch, as GitHub merges it, and gives the last commit of that.
    pub(super) fn merge(&mut self, branch: &str, head: &str, merging: Merging) -> String {
        self.clock += 60;
        let who = git2::Signature::new("A", "a@example.invalid", &git2::Time::new(self.clock, 0)).unwrap();
        let commit = |id: git2::Oid| self.git.find_commit(id).unwrap();
        let onto = git2::Oid::from_str(&self.tip(branch).unwrap()).unwrap();
        let head = git2::Oid::from_str(head).unwrap();
        let write = |mut index: git2::Index, parents: &[&git2::Commit<'_>]| {
            let tree = self.git.find_tree(index.write_tree_to(&self.git).unwrap()).unwrap();
            self.git.commit(None, &who, &who, "merged", &tree, parents).unwrap()
        };
        let merged = || self.git.merge_commits(&commit(onto), &commit(head), None).unwrap();
        let last = match merging {
            Merging::Commit => write(merged(), &[&commit(onto), &commit(head)]),
            Merging::Squash => write(merged(), &[&commit(onto)]),
            Merging::Rebase => {
                let mut walk = self.git.revwalk().unwrap();
                walk.push(head).unwrap();
                walk.hide(onto).unwrap();
                let mut commits: Vec<git2::Oid> = walk.map(Result::unwrap).collect();
                commits.reverse();
                commits.into_iter().fold(onto, |onto, picked| {
                    let onto = commit(onto);
                    write(self.git.cherrypick_commit(&commit(picked), &onto, 0, None).unwrap(), &[&onto])
                })
            }
        };
        self.point(&format!("refs/heads/{branch}"), &last.to_string());
        last.to_string()
    }

    /// A commit with two parents and the files of the second.
    pub(super) fn test_merge(&self, base: &str, head: &str) -> String {
        let commit = |sha: &str| self.git.find_commit(git2::Oid::from_str(sha).unwrap()).unwrap();
        let (base, head) = (commit(base), commit(head));
        let who = git2::Signature::new("A", "a@example.invalid", &git2::Time::new(self.clock, 0)).unwrap();
        let made = self.git.commit(None, &who, &who, "merge", &head.tree().unwrap(), &[&base, &head]);
        made.unwrap().to_string()
    }

    /// A commit on top of another; an empty text takes a file away.
    pub(super) fn commit(&mut self, parent: Option<&str>, files: &[(&str, &str)]) -> String {
        let parent = parent.map(|sha| self.git.find_commit(git2::Oid::from_str(sha).unwrap()).unwrap());
        let mut updates = git2::build::TreeUpdateBuilder::new();
        for (path, text) in files {
            if text.is_empty() {
                updates.remove(*path);
            } else {
                let blob = self.git.blob(text.as_bytes()).unwrap();
                updates.upsert(*path, blob, git2::FileMode::Blob);
            }
        }
        let empty = || self.git.find_tree(self.git.treebuilder(None).unwrap().write().unwrap()).unwrap();
        let base = parent.as_ref().map_or_else(empty, |parent| parent.tree().unwrap());
        let tree = self.git.find_tree(updates.create_updated(&self.git, &base).unwrap()).unwrap();
        self.clock += 60;
        let who = git2::Signature::new("A", "a@example.invalid", &git2::Time::new(self.clock, 0)).unwrap();
        let parents: Vec<&git2::Commit<'_>> = parent.iter().collect();
        self.git.commit(None, &who, &who, "change", &tree, &parents).unwrap().to_string()
    }
}
