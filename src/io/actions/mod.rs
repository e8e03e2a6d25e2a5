//! GitHub Actions around us: inputs, event, workspace, and the files that the runner reads back.
//!
//! The environment comes in as a list of variables (the command line reads it), so everything here is tested
//! without one. Nothing is ever written to `GITHUB_ENV` or `GITHUB_PATH`, and the outputs are words and numbers
//! of ours (gate.md T20).

mod event;
mod files;
#[cfg(test)]
mod tests;

pub use event::{Event, Stage, event};
pub use files::{Output, SUMMARY_LIMIT, append_summary, write_outputs};

use super::ci::Environment;
use super::git::Run;
use crate::diagnostic::{Code, Diagnostic, Origin, Weight};
use crate::model::RepoPath;
use std::path::{Path, PathBuf};

/// The inputs of `action.yml`, with their defaults as the file states them. A test holds the two together.
pub const INPUTS: [(&str, &str); 11] = [
    ("policy", ""),
    ("org-policy", ""),
    ("reports", ""),
    ("working-directory", "."),
    ("needs", ""),
    ("steps", ""),
    ("artifacts", ""),
    ("run-id", "${{ github.run_id }}"),
    ("github-token", "${{ github.token }}"),
    ("github-api-url", "${{ github.api_url }}"),
    ("stage", "auto"),
];

/// The outputs of `action.yml`.
pub const OUTPUTS: [&str; 3] = ["verdict", "rules-not-met", "json"];

/// The run as GitHub Actions describes it.
#[derive(Clone, Debug)]
pub struct Actions {
    /// What to do.
    pub stage: Stage,
    /// What is judged, for finding base and policy.
    pub run: Run,
    /// The directory to check.
    pub dir: PathBuf,
    /// Folders that paths in reports may begin with and that all mean the workspace: reports are often written
    /// on the host (`/home/runner/work/r/r`), while a container sees `/github/workspace`.
    pub workspaces: Vec<String>,
    /// Globs of `reports`, one a line: `tests=**/junit.xml`.
    pub reports: Vec<String>,
    /// Where the runner reads outputs and the summary from.
    pub output: Option<PathBuf>,
    /// See `output`.
    pub summary: Option<PathBuf>,
}

/// Reads what GitHub Actions says of the run.
///
/// # Errors
/// `bad-input` for an input that cannot be used, `bad-event` for an event that is missing, unreadable or one
/// that must not be judged (`pull_request_target`).
pub fn read(environment: &Environment) -> Result<Actions, Box<Diagnostic>> {
    let event = event(environment)?;
    let stage = event::stage(environment, &event)?;
    let workspace = environment.get("GITHUB_WORKSPACE").map_or_else(|| PathBuf::from("."), PathBuf::from);
    let dir = directory(&workspace, environment.input("working-directory").unwrap_or("."))?;
    let lines = environment.input("reports").unwrap_or_default().lines().map(str::trim);
    Ok(Actions {
        stage,
        run: event.run(environment),
        dir,
        workspaces: workspaces(environment),
        reports: lines.filter(|line| !line.is_empty()).map(str::to_owned).collect(),
        output: environment.get("GITHUB_OUTPUT").map(PathBuf::from),
        summary: environment.get("GITHUB_STEP_SUMMARY").map(PathBuf::from),
    })
}

/// The directory to check, inside of the workspace.
fn directory(workspace: &Path, below: &str) -> Result<PathBuf, Box<Diagnostic>> {
    let below = below.trim_start_matches("./").trim_end_matches('/');
    if below.is_empty() || below == "." {
        return Ok(workspace.to_owned());
    }
    match RepoPath::new(below) {
        Ok(below) => Ok(workspace.join(below.as_str())),
        Err(error) => {
            let message = format!("the input `working-directory` cannot be used: {error}");
            Err(problem(Code::BadInput, message, "action.yml"))
        }
    }
}

/// All names that the workspace goes by.
fn workspaces(environment: &Environment) -> Vec<String> {
    let mut names: Vec<String> =
        ["GITHUB_WORKSPACE"].iter().filter_map(|name| environment.get(name)).map(str::to_owned).collect();
    names.push("/github/workspace".to_owned());
    let repository = environment.get("GITHUB_REPOSITORY").and_then(|name| name.rsplit('/').next());
    if let Some(repository) = repository {
        // The host's folder: RUNNER_WORKSPACE is its parent, also inside of a container.
        if let Some(parent) = environment.get("RUNNER_WORKSPACE") {
            let separator = if parent.contains('\\') { '\\' } else { '/' };
            names.push(format!("{}{separator}{repository}", parent.trim_end_matches(['/', '\\'])));
        }
        for parent in ["/home/runner/work", "/Users/runner/work", "/__w"] {
            names.push(format!("{parent}/{repository}/{repository}"));
        }
        names.push(format!("D:\\a\\{repository}\\{repository}"));
    }
    let mut seen = std::collections::BTreeSet::new();
    names.retain(|name| seen.insert(name.clone()));
    names
}

fn problem(code: Code, message: impl Into<String>, file: &str) -> Box<Diagnostic> {
    Box::new(Diagnostic::new(code, Weight::Error, message.into(), Origin::file(file)))
}
