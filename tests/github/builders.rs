//! Pull requests and runs, said in one line.

use super::state::{HeadState, JobState, MergedState, Merging, PullState, Repo, RunState, WHEN};
use super::{GitHub, REPOSITORY};

/// A pull request while it is set up.
pub(crate) struct Pull<'g> {
    github: &'g GitHub,
    number: u64,
}

impl<'g> Pull<'g> {
    pub(super) fn new(github: &'g GitHub, number: u64) -> Self {
        let mut state = github.shared.lock();
        let repo = state.repo_mut(REPOSITORY);
        if !repo.pulls.contains_key(&number) {
            let base = repo.tip("main").unwrap();
            let sha = repo.commit(Some(&base), &[]);
            let head = HeadState { branch: format!("change-{number}"), sha, fork: None, gone: false };
            let pull = PullState {
                number,
                title: format!("Change {number}"),
                author: "mona".to_owned(),
                association: "MEMBER".to_owned(),
                state: "open",
                merged: None,
                updated: WHEN.to_owned(),
                mergeable: Some(true),
                head,
                base: "main".to_owned(),
            };
            repo.pulls.insert(number, pull);
            place(repo, number);
        }
        drop(state);
        Self { github, number }
    }

    fn set(self, change: impl FnOnce(&mut PullState)) -> Self {
        let mut state = self.github.shared.lock();
        let repo = state.repo_mut(REPOSITORY);
        change(repo.pulls.get_mut(&self.number).unwrap());
        place(repo, self.number);
        drop(state);
        self
    }

    /// Comes from the fork of a stranger.
    pub(crate) fn of_fork(self, owner: &str) -> Self {
        self.set(|pull| {
            pull.head.fork = Some(owner.to_owned());
            pull.author = owner.to_owned();
            pull.association = "FIRST_TIME_CONTRIBUTOR".to_owned();
        })
    }

    /// The name of its branch.
    pub(crate) fn branch(self, name: &str) -> Self {
        self.set(|pull| pull.head.branch = name.to_owned())
    }

    /// The branch that it goes to; its head stays.
    pub(crate) fn base(self, branch: &str) -> Self {
        self.set(|pull| pull.base = branch.to_owned())
    }

    /// Its title.
    pub(crate) fn title(self, title: &str) -> Self {
        self.set(|pull| pull.title = title.to_owned())
    }

    /// Its author.
    pub(crate) fn author(self, login: &str, association: &str) -> Self {
        self.set(|pull| {
            pull.author = login.to_owned();
            pull.association = association.to_owned();
        })
    }

    /// Commits files on top of the base; an empty text takes a file away.
    pub(crate) fn changes(self, files: &[(&str, &str)]) -> Self {
        let mut state = self.github.shared.lock();
        let repo = state.repo_mut(REPOSITORY);
        let base = repo.pulls[&self.number].base.clone();
        let base = repo.tip(&base).unwrap();
        let sha = repo.commit(Some(&base), files);
        drop(state);
        self.set(|pull| pull.head.sha = sha)
    }

    /// Commits files on top of what was proposed: a push.
    pub(crate) fn pushes(self, files: &[(&str, &str)]) -> Self {
        let mut state = self.github.shared.lock();
        let repo = state.repo_mut(REPOSITORY);
        let head = repo.pulls[&self.number].head.sha.clone();
        let sha = repo.commit(Some(&head), files);
        drop(state);
        self.set(|pull| pull.head.sha = sha)
    }

    /// Proposes a commit that is there already.
    pub(crate) fn head(self, sha: &str) -> Self {
        self.set(|pull| pull.head.sha = sha.to_owned())
    }

    /// The fork is gone.
    pub(crate) fn fork_deleted(self) -> Self {
        self.set(|pull| pull.head.gone = true)
    }

    /// Cannot be merged.
    pub(crate) fn conflicting(self) -> Self {
        self.set(|pull| pull.mergeable = Some(false))
    }

    /// Closed without being merged.
    pub(crate) fn closed(self) -> Self {
        self.set(|pull| pull.state = "closed")
    }

    /// Closed or changed in another way at a time.
    pub(crate) fn updated(self, at: &str) -> Self {
        self.set(|pull| pull.updated = at.to_owned())
    }

    /// Merged.
    pub(crate) fn merged(self) -> Self {
        self.merged_at(Merging::Commit, WHEN)
    }

    /// Merged in some way at a time.
    pub(crate) fn merged_at(self, merging: Merging, at: &str) -> Self {
        let mut state = self.github.shared.lock();
        let repo = state.repo_mut(REPOSITORY);
        let (branch, head) = {
            let pull = &repo.pulls[&self.number];
            (pull.base.clone(), pull.head.sha.clone())
        };
        let base = repo.tip(&branch).unwrap();
        let commit = repo.merge(&branch, &head, merging);
        drop(state);
        self.set(|pull| {
            pull.state = "closed";
            pull.merged = Some(MergedState { at: at.to_owned(), commit, base });
            pull.updated = at.to_owned();
        })
    }

    /// Merged by the merge queue at a time: the branch goes on to the commit of the group.
    pub(crate) fn merged_by_queue(self, group: &str, at: &str) -> Self {
        let mut state = self.github.shared.lock();
        let repo = state.repo_mut(REPOSITORY);
        let branch = repo.pulls[&self.number].base.clone();
        let base = repo.tip(&branch).unwrap();
        repo.point(&format!("refs/heads/{branch}"), group);
        drop(state);
        self.set(|pull| {
            pull.state = "closed";
            pull.merged = Some(MergedState { at: at.to_owned(), commit: group.to_owned(), base });
            pull.updated = at.to_owned();
        })
    }

    /// Its head commit.
    pub(crate) fn head_sha(&self) -> String {
        self.github.shared.lock().repo(REPOSITORY).pulls[&self.number].head.sha.clone()
    }
}

/// Puts the references where GitHub has them.
fn place(repo: &mut Repo, number: u64) {
    let head = repo.pulls[&number].head.clone();
    repo.point(&format!("refs/pull/{number}/head"), &head.sha);
    if head.fork.is_none() {
        repo.point(&format!("refs/heads/{}", head.branch), &head.sha);
    }
}

/// A run while it is set up.
pub(crate) struct Run<'g> {
    github: &'g GitHub,
    id: u64,
}

impl<'g> Run<'g> {
    pub(super) fn new(github: &'g GitHub, id: u64) -> Self {
        let mut state = github.shared.lock();
        let repo = state.repo_mut(REPOSITORY);
        if !repo.runs.contains_key(&id) {
            let sha = repo.tip("main").unwrap();
            let head = HeadState { branch: "main".to_owned(), sha, fork: None, gone: false };
            let run = RunState {
                id,
                workflow: ".github/workflows/ci.yml".to_owned(),
                name: "CI".to_owned(),
                event: "pull_request".to_owned(),
                status: "queued",
                conclusion: None,
                attempt: 1,
                head,
                jobs: Vec::new(),
            };
            repo.runs.insert(id, run);
        }
        drop(state);
        Self { github, id }
    }

    fn set(self, change: impl FnOnce(&mut RunState)) -> Self {
        let mut state = self.github.shared.lock();
        change(state.repo_mut(REPOSITORY).runs.get_mut(&self.id).unwrap());
        drop(state);
        self
    }

    /// Runs for the head of a pull request.
    pub(crate) fn of_pull(self, number: u64) -> Self {
        let head = self.github.shared.lock().repo(REPOSITORY).pulls[&number].head.clone();
        self.set(|run| run.head = head)
    }

    /// Runs for a branch of the repository.
    pub(crate) fn of_branch(self, branch: &str) -> Self {
        let sha = self.github.shared.lock().repo(REPOSITORY).tip(branch).unwrap();
        let head = HeadState { branch: branch.to_owned(), sha, fork: None, gone: false };
        self.set(|run| {
            run.head = head;
            run.event = "push".to_owned();
        })
    }

    /// The workflow's file.
    pub(crate) fn workflow(self, path: &str) -> Self {
        self.set(|run| run.workflow = path.to_owned())
    }

    /// The workflow's name, which anybody can take.
    pub(crate) fn named(self, name: &str) -> Self {
        self.set(|run| run.name = name.to_owned())
    }

    /// The event that started it.
    pub(crate) fn event(self, event: &str) -> Self {
        self.set(|run| run.event = event.to_owned())
    }

    /// Which attempt this is; jobs that follow belong to it.
    pub(crate) fn attempt(self, attempt: u64) -> Self {
        self.set(|run| run.attempt = attempt)
    }

    /// A job, and how it ended.
    pub(crate) fn job(self, name: &str, conclusion: &str) -> Self {
        let id = self.github.shared.lock().new_id();
        self.set(|run| {
            let (name, conclusion) = (name.to_owned(), conclusion.to_owned());
            run.jobs.push(JobState { id, name, attempt: run.attempt, conclusion, never_started: false });
        })
    }

    /// A job that no runner took.
    pub(crate) fn job_without_runner(self, name: &str) -> Self {
        let run = self.job(name, "cancelled");
        run.set(|run| run.jobs.last_mut().unwrap().never_started = true)
    }

    /// An artifact.
    pub(crate) fn artifact(self, name: &str, bytes: &[u8]) -> Self {
        self.github.add_artifact(self.id, name, bytes);
        self
    }

    /// It runs.
    pub(crate) fn in_progress(self) -> Self {
        self.set(|run| {
            run.status = "in_progress";
            run.conclusion = None;
        })
    }

    /// It ended.
    pub(crate) fn completed(self, conclusion: &str) -> Self {
        self.set(|run| {
            run.status = "completed";
            run.conclusion = Some(conclusion.to_owned());
        })
    }

    /// A maintainer has to approve it.
    pub(crate) fn awaits_approval(self) -> Self {
        self.completed("action_required")
    }
}
