//! The event that started the run.

use super::problem;
use crate::diagnostic::{Code, Diagnostic};
use crate::io::beneath::read_named;
use crate::io::ci::Environment;
use crate::io::git::{Run, RunKind};
use crate::model::Proposer;
use crate::policy::RepoFacts;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;

/// The largest event file that is read, in bytes; GitHub caps payloads at 25 MB.
const LIMIT: u64 = 32 << 20;

/// What the action does (DECISIONS 32).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Judge the checkout.
    Check,
    /// Pack the reports of the checkout, for another job to judge.
    Collect,
    /// Judge the commit of another run by its artifacts, and post the check.
    Publish,
}

/// The parts of the event that are used; all else is passed over.
#[derive(Clone, Debug, Default)]
pub struct Event {
    /// `GITHUB_EVENT_NAME`.
    pub name: String,
    payload: Payload,
}

/// GitHub's webhook payloads `pull_request`, `merge_group` and `push`, as far as they are used.
#[derive(Clone, Debug, Default, Deserialize)]
struct Payload {
    pull_request: Option<PullRequest>,
    merge_group: Option<MergeGroup>,
    repository: Option<RepositoryOfEvent>,
    workflow_run: Option<WorkflowRunOfEvent>,
    #[serde(default)]
    inputs: Option<BTreeMap<String, serde_json::Value>>,
    sender: Option<Sender>,
}

#[derive(Clone, Debug, Deserialize)]
struct WorkflowRunOfEvent {
    id: u64,
    head_sha: String,
}

#[derive(Clone, Debug, Deserialize)]
struct Sender {
    login: String,
}

#[derive(Clone, Debug, Deserialize)]
struct PullRequest {
    number: Option<u64>,
    base: Side,
    head: Option<HeadSide>,
    user: Option<User>,
    author_association: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
struct Side {
    #[serde(rename = "ref")]
    branch: String,
    sha: String,
    repo: Option<Repo>,
}

/// The side of the change: its repository may be gone.
#[derive(Clone, Debug, Deserialize)]
struct HeadSide {
    repo: Option<Repo>,
}

#[derive(Clone, Debug, Deserialize)]
struct Repo {
    id: u64,
}

#[derive(Clone, Debug, Deserialize)]
struct User {
    login: String,
    #[serde(rename = "type")]
    kind: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
struct MergeGroup {
    base_ref: String,
    base_sha: String,
}

/// The repository that the change goes to, whoever proposes it.
#[derive(Clone, Debug, Deserialize)]
struct RepositoryOfEvent {
    default_branch: Option<String>,
    name: Option<serde_json::Value>,
    topics: Option<serde_json::Value>,
    custom_properties: Option<serde_json::Value>,
}

/// Events whose run judges a branch or tag as it is.
const BRANCH_EVENTS: [&str; 7] =
    ["push", "schedule", "workflow_dispatch", "repository_dispatch", "release", "create", "deployment"];

/// Reads the event that started the run.
///
/// # Errors
/// `bad-event` when it is missing, unreadable, unknown, or one that must not be judged (`pull_request_target`).
pub fn event(environment: &Environment) -> Result<Event, Box<Diagnostic>> {
    let Some(name) = environment.get("GITHUB_EVENT_NAME") else {
        return Err(problem(Code::BadEvent, "GITHUB_EVENT_NAME is not set", ""));
    };
    if name == "pull_request_target" {
        let message = "`pull_request_target` runs with the base's secrets and must not judge a fork's files";
        let mut diagnostic = problem(Code::BadEvent, message, "");
        diagnostic.help = "use `on: pull_request`: a read-only token is enough".into();
        return Err(diagnostic);
    }
    let known =
        ["pull_request", "merge_group", "workflow_run"].contains(&name) || BRANCH_EVENTS.contains(&name);
    if !known {
        return Err(problem(
            Code::BadEvent,
            format!("the event `{name}` is not one that a verdict is given for"),
            "",
        ));
    }
    let payload = match environment.get("GITHUB_EVENT_PATH") {
        Some(path) => payload(Path::new(path))?,
        None => Payload::default(),
    };
    let missing = (name == "pull_request" && payload.pull_request.is_none())
        || (name == "merge_group" && payload.merge_group.is_none());
    if missing {
        let file = environment.get("GITHUB_EVENT_PATH").unwrap_or_default();
        return Err(problem(Code::BadEvent, format!("the event file says nothing of a `{name}`"), file));
    }
    Ok(Event { name: name.to_owned(), payload })
}

fn payload(path: &Path) -> Result<Payload, Box<Diagnostic>> {
    let file = path.to_string_lossy();
    let bytes = read_named(path, LIMIT)
        .map_err(|error| problem(Code::BadEvent, format!("the event file cannot be read: {error}"), &file))?;
    serde_json::from_slice(&bytes).map_err(|error| {
        let mut diagnostic =
            problem(Code::BadEvent, format!("the event file cannot be read: {error}"), &file);
        diagnostic.origin.line = u32::try_from(error.line()).unwrap_or(u32::MAX);
        diagnostic.origin.column = u32::try_from(error.column()).unwrap_or(u32::MAX);
        diagnostic
    })
}

/// What to do: the input `stage`, or by the event.
pub(super) fn stage(environment: &Environment, event: &Event) -> Result<Stage, Box<Diagnostic>> {
    let refused = |message: &str, help: &str| {
        Err(Box::new((*problem(Code::BadInput, message, "action.yml")).with_help(help)))
    };
    match environment.input("stage").unwrap_or("auto") {
        "" | "auto" if event.name == "workflow_run" => Ok(Stage::Publish),
        "publish" if matches!(event.name.as_str(), "workflow_run" | "workflow_dispatch") => {
            Ok(Stage::Publish)
        }
        "publish" => refused(
            &format!("the stage `publish` does not run on `{}`", event.name),
            "run it in a workflow of its own, on `workflow_run` or `workflow_dispatch`",
        ),
        "check" if event.name == "workflow_run" => refused(
            "the stage `check` does not run on `workflow_run`",
            "leave `stage` out: the action publishes there",
        ),
        "" | "auto" | "check" => Ok(Stage::Check),
        "collect" => {
            match ["policy", "needs", "artifacts"].iter().find(|name| environment.input(name).is_some()) {
                Some(name) => refused(
                    &format!("the stage `collect` does nothing with the input `{name}`"),
                    "leave it out: the job that judges takes it",
                ),
                None => Ok(Stage::Collect),
            }
        }
        other => refused(
            &format!("the input `stage` is `{other}`, not `auto`, `check`, `collect` or `publish`"),
            "leave `stage` out: the event decides",
        ),
    }
}

impl Event {
    /// What the event says of the repository: its name, topics and custom properties, as far as they are there.
    ///
    /// # Errors
    /// `facts-missing` when one of them has another form than that of the API.
    pub fn facts(&self, environment: &Environment) -> Result<RepoFacts, Box<Diagnostic>> {
        let mut said = serde_json::Map::new();
        if let Some(RepositoryOfEvent { name, topics, custom_properties, .. }) = &self.payload.repository {
            let known = [("name", name), ("topics", topics), ("custom_properties", custom_properties)];
            said.extend(known.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value.clone()?))));
        }
        let text = serde_json::Value::Object(said).to_string();
        let file = environment.get("GITHUB_EVENT_PATH").unwrap_or_default();
        let facts = RepoFacts::parse(&text, file).map_err(Box::new)?;
        // The runner's own variable comes first: it names the repository that the job belongs to.
        let name = environment.get("GITHUB_REPOSITORY").and_then(|name| name.rsplit('/').next());
        Ok(RepoFacts { name: name.map(str::to_owned).or(facts.name), ..facts })
    }

    /// The run that ended, and the commit that it ran for.
    pub(super) fn workflow_run(&self) -> Option<(u64, &str)> {
        self.payload.workflow_run.as_ref().map(|run| (run.id, run.head_sha.as_str()))
    }

    /// Who asks by hand for the evidence to be confirmed: GitHub itself says who started the workflow.
    pub(super) fn confirmed_by(&self) -> Option<&str> {
        let asked = self.payload.inputs.as_ref()?.get("confirm")?;
        let yes = asked == &serde_json::Value::Bool(true) || asked.as_str() == Some("true");
        self.payload.sender.as_ref().map(|sender| sender.login.as_str()).filter(|_| yes)
    }

    /// The number of the pull request that is judged.
    pub fn pull_request(&self) -> Option<u64> {
        self.payload.pull_request.as_ref().and_then(|pull_request| pull_request.number)
    }

    /// Who proposes the change; `None` for a run of something else.
    pub fn proposer(&self) -> Option<Proposer> {
        let pull_request = self.payload.pull_request.as_ref()?;
        let user = pull_request.user.as_ref()?;
        let base = pull_request.base.repo.as_ref().map(|repo| repo.id);
        let head = pull_request.head.as_ref().map(|head| head.repo.as_ref().map(|repo| repo.id));
        Some(Proposer {
            login: user.login.as_str().into(),
            is_bot: user.kind.as_deref() == Some("Bot"),
            // Of a repository that is gone only so much is known: it is not this one.
            from_fork: base.zip(head).map(|(base, head)| head != Some(base)),
            permission: Err("nobody was asked with a token that may know".to_owned()),
        })
    }

    /// The default branch, as GitHub says.
    pub fn default_branch(&self) -> Option<&str> {
        self.payload.repository.as_ref()?.default_branch.as_deref()
    }

    /// The run, for finding base and policy.
    pub fn run(&self, environment: &Environment) -> Run {
        let default_branch = self.payload.repository.as_ref().and_then(|of| of.default_branch.clone());
        let base_branch = environment.get("GITHUB_BASE_REF").map(str::to_owned);
        match (self.name.as_str(), &self.payload.pull_request, &self.payload.merge_group) {
            ("pull_request", Some(pull_request), _) => Run {
                kind: RunKind::PullRequest,
                base_branch: base_branch.or_else(|| Some(pull_request.base.branch.clone())),
                branch: None,
                base_commit: Some(pull_request.base.sha.clone()),
                merge_commit: environment.get("GITHUB_SHA").map(str::to_owned),
                default_branch,
                is_first: matches!(
                    pull_request.author_association.as_deref(),
                    Some("FIRST_TIMER" | "FIRST_TIME_CONTRIBUTOR")
                ),
            },
            ("merge_group", _, Some(group)) => Run {
                kind: RunKind::MergeGroup,
                // The payload has the whole reference, and the default branch has its name alone.
                base_branch: Some(group.base_ref.trim_start_matches("refs/heads/").to_owned()),
                branch: None,
                base_commit: Some(group.base_sha.clone()),
                merge_commit: None,
                default_branch,
                is_first: false,
            },
            _ => {
                let is_branch = environment.get("GITHUB_REF_TYPE") == Some("branch");
                let branch = environment.get("GITHUB_REF_NAME").filter(|_| is_branch).map(str::to_owned);
                Run { kind: RunKind::Branch, branch, default_branch, ..Run::default() }
            }
        }
    }
}
