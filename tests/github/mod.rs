//! A GitHub of the tests' own, on loopback: it has state, and everything that is asked and answered is held against
//! GitHub's own description of its API (`tests/github/fetch` gets it; without it the tests say so).
//!
//! Tests read like a chat:
//!
//! ```text
//! let github = GitHub::start();
//! github.commit("main", &[("src/a.py", "a = 1\n")]);
//! let head = github.pull(7).of_fork("eve").changes(&[("src/a.py", "a = 2\n")]).head_sha();
//! github.run(77).of_pull(7).job("test", "success").artifact("reports-a1", &zip(&[("junit.xml", XML)])).completed("success");
//! …
//! assert_eq!(github.checks(&head).len(), 1);
//! ```

mod answers;
mod builders;
mod reaching;
mod server;
mod spec;
mod standalone;
mod state;
mod tests;

pub(crate) use builders::{Pull, Run};
pub(crate) use server::{Asked, Fault};
pub(crate) use state::{Check, Merging};

use serde_json::{Value, json};
use server::Shared;
use sha2::{Digest as _, Sha256};
use state::{Artifact, State, Token};
use std::collections::BTreeMap;
use std::io::{Cursor, Write as _};

/// The token of a job, by the App "GitHub Actions"; it may do everything unless [`GitHub::token`] says otherwise.
pub(crate) const TOKEN: &str = "ghs_actionsactionsactionsactionsactionsac";

/// The number of the App that every job's token belongs to.
pub(crate) const ACTIONS_APP: u64 = 15_368;

/// The repository that everything is about unless another is named.
pub(crate) const REPOSITORY: &str = "acme/payments";

/// A running GitHub. When it goes away it fails the test if anything that was asked or answered was not as GitHub
/// describes it.
pub(crate) struct GitHub {
    shared: Shared,
    url: String,
}

impl Drop for GitHub {
    fn drop(&mut self) {
        let wrong = std::mem::take(&mut self.shared.lock().wrong);
        if !std::thread::panicking() {
            assert!(wrong.is_empty(), "not as GitHub describes its API:\n{}", wrong.join("\n"));
        }
    }
}

impl GitHub {
    /// github.com.
    pub(crate) fn start() -> Self {
        Self::of(State::new("", "api.github.com"))
    }

    /// GitHub Enterprise Server: another base path, and no rate limits.
    pub(crate) fn enterprise() -> Self {
        Self::of(State::new("/api/v3", "ghes-3.19"))
    }

    fn of(state: State) -> Self {
        let prefix = state.prefix;
        let shared = Shared::new(state);
        let (api, store) = (shared.listen(false), shared.listen(true));
        {
            let mut state = shared.lock();
            // Another host name is another origin, as GitHub's stores are.
            state.store = format!("http://localhost:{store}");
            state.url = format!("http://127.0.0.1:{api}{prefix}");
            state.tokens.insert(TOKEN.to_owned(), Token::of_app(ACTIONS_APP));
        }
        let github = Self { url: format!("http://127.0.0.1:{api}{prefix}"), shared };
        github.repository(REPOSITORY);
        github
    }

    /// The address of the API, for `github-api-url`.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Makes a repository, if it is not there yet.
    pub(crate) fn repository(&self, full_name: &str) -> &Self {
        self.shared.lock().repo_or_new(full_name);
        self
    }

    /// Hides a repository from every token but this one.
    pub(crate) fn seen_only_by(&self, full_name: &str, token: &str) -> &Self {
        self.shared.lock().repo_or_new(full_name).seen_by = Some([token.to_owned()].into());
        self
    }

    /// What GitHub says of the repository: `private`, `topics` and the like.
    pub(crate) fn repository_says(&self, full_name: &str, facts: Value) -> &Self {
        self.shared.lock().repo_or_new(full_name).facts = facts;
        self
    }

    /// Commits files on top of a branch (an empty text takes a file away) and gives the commit.
    pub(crate) fn commit(&self, branch: &str, files: &[(&str, &str)]) -> String {
        self.commit_in(REPOSITORY, branch, files)
    }

    /// The same in another repository.
    pub(crate) fn commit_in(&self, full_name: &str, branch: &str, files: &[(&str, &str)]) -> String {
        let mut state = self.shared.lock();
        let repo = state.repo_or_new(full_name);
        let parent = repo.tip(branch);
        let commit = repo.commit(parent.as_deref(), files);
        repo.point(&format!("refs/heads/{branch}"), &commit);
        commit
    }

    /// The folder of the repository, for a clone of it.
    pub(crate) fn folder(&self) -> std::path::PathBuf {
        self.shared.lock().repo(REPOSITORY).git.path().to_owned()
    }

    /// Makes a branch where another one stands.
    pub(crate) fn branch(&self, name: &str, from: &str) -> &Self {
        let mut state = self.shared.lock();
        let repo = state.repo_mut(REPOSITORY);
        let tip = repo.tip(from).unwrap();
        repo.point(&format!("refs/heads/{name}"), &tip);
        drop(state);
        self
    }

    /// The commit at the tip of a branch.
    pub(crate) fn commit_of(&self, branch: &str) -> String {
        self.shared.lock().repo(REPOSITORY).tip(branch).unwrap()
    }

    /// A merge of a commit into another, on no branch: what the run of a pull request tests.
    pub(crate) fn test_merge(&self, base: &str, head: &str) -> String {
        self.shared.lock().repo(REPOSITORY).test_merge(base, head)
    }

    /// A group of the merge queue: a commit on top of another, on a branch that GitHub alone writes.
    pub(crate) fn group(&self, branch: &str, base: &str, files: &[(&str, &str)]) -> String {
        let mut state = self.shared.lock();
        let repo = state.repo_mut(REPOSITORY);
        let commit = repo.commit(Some(base), files);
        repo.point(&format!("refs/heads/{branch}"), &commit);
        commit
    }

    /// A pull request of this number, made with an empty change if there is none.
    pub(crate) fn pull(&self, number: u64) -> Pull<'_> {
        Pull::new(self, number)
    }

    /// A run of this number: `.github/workflows/ci.yml` for `pull_request`, queued, if there is none.
    pub(crate) fn run(&self, id: u64) -> Run<'_> {
        Run::new(self, id)
    }

    /// What a person may do: `admin`, `write`, `read` or `none`.
    pub(crate) fn permission(&self, login: &str, permission: &str) -> &Self {
        self.shared.lock().repo_mut(REPOSITORY).permissions.insert(login.to_owned(), permission.to_owned());
        self
    }

    /// Narrows what a token may do: `&[("checks", "write")]`. A token that is not known yet is a person's.
    pub(crate) fn token(&self, token: &str, permissions: &[(&str, &str)]) -> &Self {
        let permissions: BTreeMap<String, String> =
            permissions.iter().map(|(name, level)| ((*name).to_owned(), (*level).to_owned())).collect();
        let mut state = self.shared.lock();
        let known = state.tokens.entry(token.to_owned()).or_insert_with(|| Token::of_app(0));
        known.permissions = Some(permissions);
        self
    }

    /// A token is no longer good, as after an hour.
    pub(crate) fn token_expires(&self, token: &str) -> &Self {
        self.shared.lock().tokens.remove(token);
        self
    }

    /// An App whose public key is known (PKCS 1, DER), installed in the repository.
    pub(crate) fn app(&self, id: u64, public_key: &[u8], installation: u64) -> &Self {
        let mut state = self.shared.lock();
        state.apps.insert(id, public_key.to_owned());
        state.installations.insert(installation, (id, REPOSITORY.to_owned()));
        self
    }

    /// An event was delivered to the hook of the App, and this was answered.
    pub(crate) fn delivered(&self, id: u64, event: &str, status: u16) -> &Self {
        self.delivered_at(id, event, status, &format!("2026-01-01T00:00:{:02}Z", id % 60))
    }

    /// The same at a time.
    pub(crate) fn delivered_at(&self, id: u64, event: &str, status: u16, at: &str) -> &Self {
        self.shared.lock().deliveries.insert(0, (id, event.to_owned(), status, at.to_owned()));
        self
    }

    /// The events that the App's hook gets.
    pub(crate) fn app_gets(&self, events: &[&'static str]) -> &Self {
        self.shared.lock().app_events = events.to_vec();
        self
    }

    /// From now on every request whose path has this part ends like this, until it recovers.
    pub(crate) fn fails_for(&self, part: &str, fault: Fault) -> &Self {
        self.shared.lock().outage_of = Some((part.to_owned(), fault));
        self
    }

    /// Answers every request with an error, or none, until it [recovers](Self::recovers).
    pub(crate) fn fails(&self, fault: Option<Fault>) -> &Self {
        self.shared.lock().outage = fault;
        self
    }

    /// Somebody else's check, as any job can write one.
    pub(crate) fn foreign_check(&self, sha: &str, name: &str, app: u64, conclusion: &str) -> &Self {
        let mut state = self.shared.lock();
        let id = state.new_id();
        state.repo_mut(REPOSITORY).checks.push(Check {
            id,
            app,
            name: name.to_owned(),
            head_sha: sha.to_owned(),
            status: "completed".to_owned(),
            conclusion: Some(conclusion.to_owned()),
            completed_at: Some(state::WHEN.to_owned()),
            ..Check::default()
        });
        self
    }

    /// The checks on a commit ended at a time.
    pub(crate) fn checks_ended(&self, sha: &str, at: &str) -> &Self {
        let mut state = self.shared.lock();
        let checks = state.repo_mut(REPOSITORY).checks.iter_mut();
        checks
            .filter(|check| check.head_sha == sha)
            .for_each(|check| check.completed_at = Some(at.to_owned()));
        self
    }

    /// The checks on a commit, oldest first.
    pub(crate) fn checks(&self, sha: &str) -> Vec<Check> {
        let state = self.shared.lock();
        state.repo(REPOSITORY).checks.iter().filter(|check| check.head_sha == sha).cloned().collect()
    }

    /// The texts of the comments on a pull request.
    pub(crate) fn comments(&self, number: u64) -> Vec<String> {
        let state = self.shared.lock();
        let comments = state.repo(REPOSITORY).comments.iter();
        comments.filter(|comment| comment.issue == number).map(|comment| comment.body.clone()).collect()
    }

    /// Somebody's App writes a comment.
    pub(crate) fn comments_as(&self, number: u64, app: u64, body: &str) -> &Self {
        let mut state = self.shared.lock();
        let comment = state::CommentState { id: state.new_id(), issue: number, app, body: body.to_owned() };
        state.repo_mut(REPOSITORY).comments.push(comment);
        self
    }

    /// Somebody pushes to a pull request before request number `number` is answered.
    pub(crate) fn pushes_at(&self, number: usize, pull: u64) -> &Self {
        let sha = {
            let mut state = self.shared.lock();
            let repo = state.repo_mut(REPOSITORY);
            let head = repo.pulls[&pull].head.sha.clone();
            repo.commit(Some(&head), &[("pushed.txt", "x\n")])
        };
        self.shared.lock().pushes.insert(number, (pull, sha));
        self
    }

    /// The rules of rulesets on the default branch, as `GET …/rules/branches/main` gives them.
    pub(crate) fn branch_rules(&self, rules: Value) -> &Self {
        self.shared.lock().repo_mut(REPOSITORY).rules = rules;
        self
    }

    /// Settings of the repository, by the last part of their path: `workflow`, `permissions`, `protection`,
    /// `fork-pr-workflows-private-repos`.
    pub(crate) fn settings(&self, settings: Value) -> &Self {
        self.shared.lock().repo_mut(REPOSITORY).settings = settings;
        self
    }

    /// What is left of the rate limit, and in how many seconds it is whole again.
    pub(crate) fn rate_limit(&self, remaining: u64, resets_in: u64) -> &Self {
        self.shared.lock().rate = Some(state::Rate { remaining, reset: state::now() + resets_in });
        self
    }

    /// Everything that was asked so far.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.shared.lock().asked.clone()
    }

    /// What was asked, as `GET /repos/…`, without the queries.
    pub(crate) fn calls(&self) -> Vec<String> {
        self.asked().iter().map(|asked| format!("{} {}", asked.method, asked.path)).collect()
    }

    /// Forgets what was asked; the next request is number 1 again.
    pub(crate) fn forget_calls(&self) -> &Self {
        self.shared.lock().asked.clear();
        self
    }

    /// Lets request number `number` (from 1) fail.
    pub(crate) fn fails_at(&self, number: usize, fault: Fault) -> &Self {
        self.shared.lock().faults.insert(number, fault);
        self
    }

    /// Everything works again.
    pub(crate) fn recovers(&self) -> &Self {
        let mut state = self.shared.lock();
        state.faults.clear();
        state.outage = None;
        state.outage_of = None;
        drop(state);
        self
    }

    /// What a `workflow_run` event says of a run, for `GITHUB_EVENT_PATH`.
    pub(crate) fn workflow_run_event(&self, run: u64) -> String {
        let state = self.shared.lock();
        let repo = state.repo(REPOSITORY);
        let run = answers::actions::run_json(&state, repo, &repo.runs[&run]);
        json!({"action": "completed", "workflow_run": run, "repository": answers::repositories::repository_json(&state, repo)})
            .to_string()
    }

    /// The artifact of a run by its name.
    pub(crate) fn artifact_expires(&self, name: &str) -> &Self {
        let mut state = self.shared.lock();
        for artifact in state.repo_mut(REPOSITORY).artifacts.values_mut().filter(|a| a.name == name) {
            artifact.expired = true;
        }
        self
    }

    /// The number of the repository.
    pub(crate) fn repository_id(&self) -> u64 {
        self.shared.lock().repo(REPOSITORY).id
    }

    /// The SHA-256 of the newest artifact of this name.
    pub(crate) fn artifact_digest(&self, name: &str) -> [u8; 32] {
        let state = self.shared.lock();
        let mut named = state.repo(REPOSITORY).artifacts.values().filter(|artifact| artifact.name == name);
        Sha256::digest(&named.next_back().unwrap().bytes).into()
    }

    /// Keeps a bundle about a digest; null for one that GitHub keeps at another address.
    pub(crate) fn keeps_attestation(&self, digest: &[u8; 32], bundle: Value) -> &Self {
        let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        let mut state = self.shared.lock();
        let kept = &mut state.repo_mut(REPOSITORY).attestations;
        kept.entry(format!("sha256:{digest}")).or_default().push(bundle);
        drop(state);
        self
    }

    fn add_artifact(&self, run: u64, name: &str, bytes: &[u8]) {
        let mut state = self.shared.lock();
        let id = state.new_id();
        let artifact = Artifact { id, run, name: name.to_owned(), bytes: bytes.to_owned(), expired: false };
        state.repo_mut(REPOSITORY).artifacts.insert(id, artifact);
    }
}

/// A zip archive with these texts.
pub(crate) fn zip(files: &[(&str, &str)]) -> Vec<u8> {
    let files: Vec<(&str, &[u8])> = files.iter().map(|(name, text)| (*name, text.as_bytes())).collect();
    zip_of(&files)
}

/// A zip archive with these files.
pub(crate) fn zip_of(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        writer.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}
