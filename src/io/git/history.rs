//! The merged contributions of a history.
//!
//! It is walked once, the oldest commit of the branch first: what a merge brings in is what was not there before it.
//! No diff is made unless CODEOWNERS tells paths apart, and then trees are compared by their ids alone ([`owners`]).
//!
//! [`owners`]: super::OwnersThen

use super::Repository;
use crate::diagnostic::Diagnostic;
use crate::metrics::{Mailbox, Merge, People, Unit, Window, merge_of};
use crate::model::Untrusted;
use git2::{Commit, Oid};
use std::collections::HashSet;

/// The longest title that is kept, in characters.
const MOST_TITLE: usize = 300;
/// The largest CODEOWNERS, policy or `.mailmap` that is read, in bytes.
pub(super) const MOST_BYTES: u64 = 3 << 20;

/// One merged contribution as the history has it.
#[derive(Clone, Debug)]
pub struct Found {
    /// When it was merged, in seconds since 1970.
    pub at: u64,
    /// Number of the pull request, where the message says it.
    pub number: Option<u64>,
    /// The login that the message names.
    pub login: Option<String>,
    /// Its title.
    pub title: Untrusted,
    /// The author's place in [`History::people`].
    pub author: usize,
    pub(super) commit: Oid,
}

/// What a walk found in its window.
#[derive(Debug, Default)]
pub struct History {
    /// Merged contributions, the oldest first.
    pub found: Vec<Found>,
    /// The authors.
    pub people: People,
    /// When commits came without a pull request, in seconds since 1970.
    pub direct: Vec<u64>,
    /// When the oldest commit of a shallow clone was made; `None` for a whole history.
    pub cut_at: Option<u64>,
    /// How many commits were walked.
    pub walked: u64,
}

/// What a walk looks for.
#[derive(Debug)]
pub struct HistoryQuery<'a> {
    /// What counts as a contribution.
    pub unit: Unit,
    /// When.
    pub window: Window,
    /// Names of programs.
    pub bots: &'a [String],
}

struct Walk<'r, 'w> {
    repository: &'r Repository,
    wanted: &'w HistoryQuery<'w>,
    mailmap: git2::Mailmap,
    branch: String,
    seen: HashSet<Oid>,
    numbers: HashSet<u64>,
    history: History,
    progress: &'w mut dyn FnMut(u64),
}

impl Repository {
    /// Walks the history of the head. `progress` is told now and then how many commits were walked.
    ///
    /// # Errors
    /// `git-failed` when an object cannot be read: a part of a history is no history.
    pub fn history(
        &self,
        wanted: &HistoryQuery<'_>,
        progress: &mut dyn FnMut(u64),
    ) -> Result<History, Box<Diagnostic>> {
        let failed = |error: git2::Error| self.failed("the history cannot be walked", &error);
        let Some(head) = self.head_commit()? else { return Ok(History::default()) };
        let mut walk = Walk {
            repository: self,
            wanted,
            mailmap: self.git.mailmap().map_err(failed)?,
            branch: self.head()?.branch.map_or_else(|| "main".to_owned(), |branch| branch.raw().to_owned()),
            seen: HashSet::new(),
            numbers: HashSet::new(),
            history: History { people: People::new(wanted.bots), ..History::default() },
            progress,
        };
        match wanted.unit {
            Unit::PullRequests | Unit::PassedPullRequests => walk.pull_requests(head.id()),
            Unit::Commits => walk.commits(head.id()),
        }
        .map_err(failed)?;
        let mut history = walk.history;
        self.link_people(&mut history.people);
        if !self.git.is_shallow() {
            history.cut_at = None;
        }
        Ok(history)
    }

    /// The addresses that `.mailmap` of the working tree (or of a bare repository's head) ties together.
    fn link_people(&self, people: &mut People) {
        let text = match self.git.workdir() {
            Some(dir) => crate::io::beneath::read_beneath(dir, ".mailmap".as_ref(), MOST_BYTES).ok(),
            None => self.git.head().ok().and_then(|head| head.peel_to_tree().ok()).and_then(|tree| {
                let entry = tree.get_name(".mailmap").map(|entry| entry.id())?;
                Some(self.git.find_blob(entry).ok()?.content().to_vec())
            }),
        };
        for line in String::from_utf8_lossy(&text.unwrap_or_default()).lines() {
            let line = line.split('#').next().unwrap_or_default();
            let emails: Vec<&str> = line
                .split('<')
                .skip(1)
                .filter_map(|part| part.split_once('>').map(|(email, _)| email))
                .collect();
            people.link(&emails);
        }
    }
}

impl Walk<'_, '_> {
    fn step(&mut self) {
        self.history.walked += 1;
        if self.history.walked.is_multiple_of(1_000) {
            (self.progress)(self.history.walked);
        }
    }

    /// The branch from `tip` down to the first commit that was seen, the newest first.
    fn chain(&mut self, tip: Oid) -> Result<Vec<Oid>, git2::Error> {
        let mut chain = Vec::new();
        let mut next = Some(tip);
        while let Some(id) = next.filter(|id| self.seen.insert(*id)) {
            self.step();
            chain.push(id);
            let commit = self.repository.git.find_commit(id)?;
            next = commit.parent_ids().next();
            if next.is_none() {
                self.history.cut_at = Some(seconds(&commit));
            }
        }
        Ok(chain)
    }

    fn pull_requests(&mut self, head: Oid) -> Result<(), git2::Error> {
        let mut open = vec![self.chain(head)?];
        while let Some(chain) = open.last_mut() {
            let Some(id) = chain.pop() else {
                open.pop();
                continue;
            };
            let commit = self.repository.git.find_commit(id)?;
            let others: Vec<Oid> = commit.parent_ids().skip(1).collect();
            let message = String::from_utf8_lossy(commit.message_raw_bytes()).into_owned();
            match merge_of(&message, !others.is_empty(), &self.branch) {
                Merge::OwnBranch => {
                    for other in others {
                        open.push(self.chain(other)?);
                    }
                }
                Merge::Direct => {
                    if self.wanted.window.holds(seconds(&commit)) {
                        self.history.direct.push(seconds(&commit));
                    }
                }
                Merge::PullRequest { number, login, title } => {
                    let first = if others.is_empty() { Some(id) } else { self.first_of(others)? };
                    let is_new = number.is_none_or(|number| self.numbers.insert(number));
                    if let (Some(first), true) = (first, is_new) {
                        let first = self.repository.git.find_commit(first)?;
                        self.take(&commit, &first, number, login, title)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// The oldest commit that is no merge among those that the parents bring in; `None` if they bring nothing.
    fn first_of(&mut self, mut open: Vec<Oid>) -> Result<Option<Oid>, git2::Error> {
        let mut oldest: Option<(u64, Oid)> = None;
        while let Some(id) = open.pop() {
            if !self.seen.insert(id) {
                continue;
            }
            self.step();
            let commit = self.repository.git.find_commit(id)?;
            if commit.parent_count() < 2 {
                let at = seconds(&commit);
                // Of two of one second the one found later lies deeper.
                if oldest.is_none_or(|(time, _)| at <= time) {
                    oldest = Some((at, id));
                }
            }
            open.extend(commit.parent_ids());
        }
        Ok(oldest.map(|(_, id)| id))
    }

    fn commits(&mut self, head: Oid) -> Result<(), git2::Error> {
        let mut open = vec![head];
        while let Some(id) = open.pop() {
            if !self.seen.insert(id) {
                continue;
            }
            self.step();
            let commit = self.repository.git.find_commit(id)?;
            let at = seconds(&commit);
            if commit.parent_count() == 0 {
                self.history.cut_at = Some(self.history.cut_at.map_or(at, |oldest| oldest.min(at)));
            }
            open.extend(commit.parent_ids());
            if commit.parent_count() < 2 {
                let message = String::from_utf8_lossy(commit.message_raw_bytes()).into_owned();
                self.take(&commit, &commit, None, None, message.lines().next().unwrap_or_default())?;
            }
        }
        self.history.found.sort_by_key(|found| found.at);
        Ok(())
    }

    /// Keeps a contribution that lies in the window.
    fn take(
        &mut self,
        commit: &Commit<'_>,
        first: &Commit<'_>,
        number: Option<u64>,
        login: Option<&str>,
        title: &str,
    ) -> Result<(), git2::Error> {
        let at = seconds(commit);
        if !self.wanted.window.holds(at) {
            return Ok(());
        }
        let proper = first.author_with_mailmap(&self.mailmap)?;
        let name = String::from_utf8_lossy(proper.name_bytes());
        let email = String::from_utf8_lossy(proper.email_bytes());
        let author = first.author();
        let written = String::from_utf8_lossy(author.email_bytes());
        let mailbox = Mailbox { name: &name, email: &email, written_email: &written };
        self.history.found.push(Found {
            at,
            number,
            login: login.map(str::to_lowercase),
            title: title.chars().take(MOST_TITLE).collect::<String>().into(),
            author: self.history.people.learn(mailbox),
            commit: commit.id(),
        });
        Ok(())
    }
}

/// When a commit was made, in seconds since 1970; a time before that is 1970.
fn seconds(commit: &Commit<'_>) -> u64 {
    u64::try_from(commit.time().seconds()).unwrap_or_default()
}
