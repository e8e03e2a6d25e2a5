//! Check runs (gate.md b5, DECISIONS 36).

use super::client::{Client, RequestError, part};
use super::repository::repository_path;
use crate::model::Untrusted;
use http::Method;
use serde::{Deserialize, Serialize};

/// How many annotations one request takes; each request adds to those that are there.
pub const MAX_ANNOTATIONS: usize = 50;

/// The most characters of a summary or text.
pub const MAX_TEXT: usize = 65_535;

/// How many check runs of one commit are listed.
const MAX_LISTED: usize = 2_000;

/// A check run as GitHub has it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct CheckRun {
    /// Its number.
    pub id: u64,
    /// Its name; anybody's check may have ours.
    pub name: Untrusted,
    /// The commit that it stands on.
    pub head_sha: String,
    /// What its writer keeps in it; ours holds the digest of what it says.
    #[serde(default)]
    pub external_id: Option<String>,
    /// `queued`, `in_progress`, `completed`, and words that only GitHub Actions may write.
    pub status: String,
    /// How it ended, if it has.
    #[serde(default)]
    pub conclusion: Option<String>,
    /// When it ended, if it has.
    #[serde(default)]
    pub completed_at: Option<String>,
    /// The App that wrote it.
    #[serde(default)]
    pub app: Option<CheckApp>,
    /// What it says.
    pub output: CheckOutput,
}

/// The App of a check run.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct CheckApp {
    /// Its number.
    pub id: u64,
    /// Its name in addresses.
    #[serde(default)]
    pub slug: Option<String>,
}

/// What a check run says, as it is read back.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct CheckOutput {
    /// Its title.
    #[serde(default)]
    pub title: Option<String>,
    /// Its page.
    #[serde(default)]
    pub summary: Option<String>,
    /// How many annotations it has.
    #[serde(default)]
    pub annotations_count: u64,
}

/// What is written: a new check run, or a change of one. What is `None` stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct CheckWrite {
    /// Its name; needed for a new one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The commit; needed for a new one, and never of a merge commit (gate.md b1).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub head_sha: Option<String>,
    /// Where the button "Details" leads.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub details_url: Option<String>,
    /// What we keep in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// How far it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<CheckStatus>,
    /// How it ended; makes it completed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conclusion: Option<Conclusion>,
    /// When it ended, as `2026-01-31T12:00:00Z`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub completed_at: Option<String>,
    /// What it says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<Output>,
    /// Buttons; three at most. GitHub tells the App alone when one is pressed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub actions: Vec<Button>,
}

/// How far a check run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckStatus {
    /// Not begun.
    Queued,
    /// Waiting for something.
    InProgress,
    /// Ended.
    Completed,
}

/// How a check run ends. `neutral` and `skipped` are left out: they satisfy a required check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Conclusion {
    /// The change is ready.
    Success,
    /// The change needs work.
    Failure,
    /// A person has to do something, or nobody can say.
    ActionRequired,
}

impl Conclusion {
    /// GitHub's word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failure => "failure",
            Self::ActionRequired => "action_required",
        }
    }
}

/// What a check run is to say.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Output {
    /// One line.
    pub title: String,
    /// The page, as Markdown; at most [`MAX_TEXT`] characters.
    pub summary: String,
    /// A second page; at most [`MAX_TEXT`] characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// At most [`MAX_ANNOTATIONS`] a request, added to those that are there.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub annotations: Vec<Annotation>,
}

/// A remark on lines of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Annotation {
    /// From the root of the repository.
    pub path: String,
    /// The first line.
    pub start_line: u32,
    /// The last line.
    pub end_line: u32,
    /// How it is coloured.
    pub annotation_level: Level,
    /// What it says; at most 64 KiB.
    pub message: String,
    /// One line above; at most 255 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Behind a fold; at most 64 KiB.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub raw_details: Option<String>,
}

/// How a remark is coloured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Worth knowing.
    Notice,
    /// Worth looking at.
    Warning,
    /// Has to be repaired.
    Failure,
}

/// A button.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Button {
    /// At most 20 characters.
    pub label: String,
    /// At most 40 characters.
    pub description: String,
    /// At most 20 characters; comes back when the button is pressed.
    pub identifier: String,
}

#[derive(Deserialize)]
struct Page {
    total_count: usize,
    check_runs: Vec<CheckRun>,
}

impl Client {
    /// All check runs of a commit that have a name, of one App or of all; also those that newer ones of the same
    /// name hide.
    ///
    /// # Errors
    /// As every request, and when the list is not whole.
    pub async fn check_runs(
        &self,
        repository: &str,
        sha: &str,
        name: &str,
        app: Option<u64>,
    ) -> Result<Vec<CheckRun>, RequestError> {
        let app = app.map_or(String::new(), |app| format!("&app_id={app}"));
        let path = format!(
            "{}/commits/{}/check-runs?filter=all&check_name={}{app}",
            repository_path(repository)?,
            part(sha),
            part(name)
        );
        self.list(&path, MAX_LISTED, |page: Page| (page.check_runs, Some(page.total_count))).await
    }

    /// Makes a check run. It is sent once: after an error look for it by its `external_id` before it is sent
    /// again.
    ///
    /// # Errors
    /// As every request.
    pub async fn create_check_run(
        &self,
        repository: &str,
        check: &CheckWrite,
    ) -> Result<CheckRun, RequestError> {
        self.write(Method::POST, &format!("{}/check-runs", repository_path(repository)?), check).await
    }

    /// Changes a check run of the same App. Annotations are added.
    ///
    /// # Errors
    /// As every request.
    pub async fn update_check_run(
        &self,
        repository: &str,
        id: u64,
        check: &CheckWrite,
    ) -> Result<CheckRun, RequestError> {
        let path = format!("{}/check-runs/{id}", repository_path(repository)?);
        self.write(Method::PATCH, &path, check).await
    }
}
