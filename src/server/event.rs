//! What a webhook says, as far as it matters here. Lenient: GitHub adds fields, actions and events; what is unknown asks
//! for nothing. Names and branches in it are chosen by anybody, and decide nothing: what is acted upon is read again by
//! its number or commit (T30, T31).

use serde::Deserialize;

/// An event.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Event {
    /// What happened: `opened`, `completed`; some events have none.
    #[serde(default)]
    pub action: Option<String>,
    /// The repository that the event is about.
    #[serde(default)]
    pub repository: Option<EventRepository>,
    /// The installation of the App that gets it.
    #[serde(default)]
    pub installation: Option<Numbered>,
    /// Who did it. GitHub says so, not the person.
    #[serde(default)]
    pub sender: Option<Sender>,
    /// `pull_request`.
    #[serde(default)]
    pub pull_request: Option<EventPull>,
    /// What was edited in it.
    #[serde(default)]
    pub changes: Option<Changes>,
    /// `workflow_run`.
    #[serde(default)]
    pub workflow_run: Option<EventRun>,
    /// `check_run`.
    #[serde(default)]
    pub check_run: Option<EventCheck>,
    /// The button that was pressed on a check.
    #[serde(default)]
    pub requested_action: Option<RequestedAction>,
    /// `check_suite`.
    #[serde(default)]
    pub check_suite: Option<EventCheck>,
    /// `merge_group`.
    #[serde(default)]
    pub merge_group: Option<Headed>,
    /// `push`: the reference.
    #[serde(default, rename = "ref")]
    pub reference: Option<String>,
    /// `push`: its commits.
    #[serde(default)]
    pub commits: Vec<PushedCommit>,
}

/// A repository.
#[derive(Clone, Debug, Deserialize)]
pub struct EventRepository {
    /// `owner/name`.
    pub full_name: String,
    /// The branch whose policy judges.
    #[serde(default)]
    pub default_branch: Option<String>,
}

/// Something with a number.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Numbered {
    /// The number.
    pub id: u64,
}

/// An account.
#[derive(Clone, Debug, Deserialize)]
pub struct Sender {
    /// Its name.
    pub login: String,
}

/// Something that stands on a commit.
#[derive(Clone, Debug, Deserialize)]
pub struct Headed {
    /// The commit.
    pub head_sha: String,
}

/// A pull request.
#[derive(Clone, Debug, Deserialize)]
pub struct EventPull {
    /// Its number.
    pub number: u64,
    /// Its head.
    pub head: EventSide,
}

/// The head of a pull request.
#[derive(Clone, Debug, Deserialize)]
pub struct EventSide {
    /// The commit.
    pub sha: String,
}

/// What was edited in a pull request.
#[derive(Clone, Debug, Deserialize)]
pub struct Changes {
    /// The branch that it goes to.
    #[serde(default)]
    pub base: Option<serde::de::IgnoredAny>,
}

/// A run of a workflow.
#[derive(Clone, Debug, Deserialize)]
pub struct EventRun {
    /// The commit.
    pub head_sha: String,
    /// The event that started it.
    pub event: String,
}

/// A check run or suite.
#[derive(Clone, Debug, Deserialize)]
pub struct EventCheck {
    /// The commit.
    pub head_sha: String,
    /// The App that made it.
    #[serde(default)]
    pub app: Option<Numbered>,
}

/// A button.
#[derive(Clone, Debug, Deserialize)]
pub struct RequestedAction {
    /// What we called it.
    pub identifier: String,
}

/// A commit of a push.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct PushedCommit {
    /// Files that it adds.
    #[serde(default)]
    pub added: Vec<String>,
    /// Files that it takes away.
    #[serde(default)]
    pub removed: Vec<String>,
    /// Files that it changes.
    #[serde(default)]
    pub modified: Vec<String>,
}
