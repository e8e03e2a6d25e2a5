//! GitHub Actions around us: inputs, event, workspace, and the files that the runner reads back.
//!
//! The environment comes in as a list of variables (the command line reads it), so everything here is tested
//! without one. Nothing is ever written to `GITHUB_ENV` or `GITHUB_PATH`, and the outputs are words and numbers
//! of ours (gate.md T20).

mod event;
mod files;
mod publishing;
#[cfg(test)]
mod tests;

pub use event::{Event, Stage, event};
pub use files::{Output, SUMMARY_LIMIT, append_summary, replace_file, summary_room, write_outputs};
pub use publishing::{Publishing, VERDICT_FILE, publishing, trusted_root_file};

use super::ci::Environment;
use super::git::Run;
use super::github::{Network, OrganisationRequest, Place as SnapshotPlace, Request, Snapshots};
use crate::diagnostic::{Code, Diagnostic, Origin, Weight};
use crate::model::{BuildJobs, Proposer, RepoPath};
use crate::policy::RepoFacts;
use std::path::{Path, PathBuf};

/// The inputs of `action.yml`, with their defaults as the file states them. A test holds the two together.
pub const INPUTS: [(&str, &str); 14] = [
    ("policy", ""),
    ("org-policy", ""),
    ("org-policy-token", ""),
    ("reports", ""),
    ("working-directory", "."),
    ("needs", ""),
    ("steps", ""),
    ("artifacts", ""),
    ("base-snapshot", "artifact"),
    ("run-id", "${{ github.run_id }}"),
    ("github-token", "${{ github.token }}"),
    ("github-api-url", "${{ github.api_url }}"),
    ("trusted-root", ""),
    ("stage", "auto"),
];

/// The outputs of `action.yml`.
pub const OUTPUTS: [&str; 6] = ["verdict", "rules-not-met", "json", "snapshot", "context", "collected"];

/// The run as GitHub Actions describes it.
#[derive(Clone, Debug)]
pub struct Actions {
    /// What is judged, for finding base and policy.
    pub run: Run,
    /// The checkout.
    pub workspace: PathBuf,
    /// The directory to check, in the workspace.
    pub dir: PathBuf,
    /// The input `policy`, below the workspace.
    pub policy: Option<PathBuf>,
    /// The input `org-policy`: a folder, or a revision of a clone; relative to the workspace.
    pub org_policy: Option<String>,
    /// Where else the organisation's policy is looked for; `None` where there is no token, or a place is named.
    pub organisation: Option<OrganisationRequest>,
    /// What the event says of the repository.
    pub facts: RepoFacts,
    /// What the event says of who proposes the change.
    pub proposer: Option<Proposer>,
    /// Folders that paths in reports may begin with and that all mean the workspace: reports are often written
    /// on the host (`/home/runner/work/r/r`), while a container sees `/github/workspace`.
    pub workspaces: Vec<String>,
    /// Globs of `reports`, one a line: `tests=**/junit.xml`.
    pub reports: Vec<String>,
    /// How the jobs before this one and the steps of this one ended, from `needs` and `steps`; `None` if neither
    /// is given.
    pub jobs: Option<BuildJobs>,
    /// What other jobs uploaded and this one is to judge; `None` if the directory is judged.
    pub artifacts: Option<Request>,
    /// Where the evidence of the base is looked for; `None` if nobody wants it or there is no token.
    pub snapshots: Option<Snapshots>,
    /// True for a push to the default branch, whose evidence is kept for later changes.
    pub keeps_snapshot: bool,
    /// Where a person can read on: the run's page; empty if the runner does not say.
    pub run_page: String,
    /// Where the runner reads outputs and the summary from.
    pub output: Option<PathBuf>,
    /// See `output`.
    pub summary: Option<PathBuf>,
}

/// What the event and the input `stage` ask for.
///
/// # Errors
/// As [`read`], and `bad-input` for a stage that is not one of the event's.
pub fn stage(environment: &Environment) -> Result<Stage, Box<Diagnostic>> {
    event::stage(environment, &event(environment)?)
}

/// Reads what GitHub Actions says of the run.
///
/// # Errors
/// `bad-input` for an input that cannot be used, `bad-event` for an event that is missing, unreadable or one
/// that must not be judged (`pull_request_target`).
pub fn read(environment: &Environment) -> Result<Actions, Box<Diagnostic>> {
    let event = event(environment)?;
    let workspace = environment.get("GITHUB_WORKSPACE").map_or_else(|| PathBuf::from("."), PathBuf::from);
    let dir = directory(&workspace, environment.input("working-directory").unwrap_or("."))?;
    let lines = environment.input("reports").unwrap_or_default().lines().map(str::trim);
    Ok(Actions {
        run: event.run(environment),
        policy: environment.input("policy").map(|file| workspace.join(file)),
        org_policy: environment.input("org-policy").map(|place| below(&workspace, place)),
        organisation: organisation(environment)?,
        facts: event.facts(environment)?,
        proposer: event.proposer(),
        jobs: jobs(environment)?,
        artifacts: artifacts(environment)?,
        snapshots: snapshots(environment, &event)?,
        keeps_snapshot: is_default_push(environment, &event),
        run_page: run_page(environment),
        workspace,
        dir,
        workspaces: workspaces(environment),
        reports: lines.filter(|line| !line.is_empty()).map(str::to_owned).collect(),
        output: environment.get("GITHUB_OUTPUT").map(PathBuf::from),
        summary: environment.get("GITHUB_STEP_SUMMARY").map(PathBuf::from),
    })
}

/// A place as the input names it, below the workspace unless it is absolute.
fn below(workspace: &Path, place: &str) -> String {
    workspace.join(place).to_string_lossy().into_owned()
}

/// `needs` and `steps` together: both are evidence, and neither hides the other.
fn jobs(environment: &Environment) -> Result<Option<BuildJobs>, Box<Diagnostic>> {
    let mut all: Option<BuildJobs> = None;
    for input in ["needs", "steps"] {
        let Some(text) = environment.input(input) else { continue };
        let read = super::jobs::parse(text.as_bytes(), &format!("the input `{input}`"))?;
        let all = all.get_or_insert_default();
        all.jobs.extend(read.jobs);
        all.jobs.sort();
    }
    Ok(all)
}

/// The artifacts that the input asks for.
fn artifacts(environment: &Environment) -> Result<Option<Request>, Box<Diagnostic>> {
    let Some(names) = environment.input("artifacts") else { return Ok(None) };
    if environment.input("needs").is_none() {
        let message = "`artifacts` without `needs`: a job that died before its upload would not be missed";
        let help = "add `needs: ${{ toJSON(needs) }}`";
        return Err(Box::new(bad_input(message).with_help(help)));
    }
    let input = |name: &str, variable: &str| {
        environment.input(name).or_else(|| environment.get(variable)).unwrap_or_default().to_owned()
    };
    let request = Request::new(
        &input("github-api-url", "GITHUB_API_URL"),
        &input("github-token", ""),
        environment.get("GITHUB_REPOSITORY").unwrap_or_default(),
        &input("run-id", "GITHUB_RUN_ID"),
        names,
    );
    let network = Network::new(environment)?;
    let request = request.map_err(|why| bad_input(&format!("artifacts cannot be fetched: {why}")))?;
    // `acme/app/.github/workflows/ci.yml@refs/heads/main`; it is that of this run and no other.
    let is_own = environment.input("run-id").is_none_or(|run| environment.get("GITHUB_RUN_ID") == Some(run));
    let workflow = environment.get("GITHUB_WORKFLOW_REF").filter(|_| is_own).unwrap_or_default();
    let file = workflow.split_once('@').map_or(workflow, |(file, _)| file);
    let file = file.splitn(3, '/').nth(2).unwrap_or_default();
    Ok(Some(request.of_workflow(file).through(network)))
}

/// A push to the default branch of our own repository.
fn is_default_push(environment: &Environment, event: &Event) -> bool {
    let branch = event.default_branch();
    event.name == "push"
        && environment.get("GITHUB_REF_TYPE").is_none_or(|of| of == "branch")
        && branch.is_some_and(|branch| environment.get("GITHUB_REF_NAME") == Some(branch))
}

/// Where the snapshots are, by the input `base-snapshot`. Without a token or an API there is nowhere to look, and the
/// verdict says that there is no evidence of the base.
fn snapshots(environment: &Environment, event: &Event) -> Result<Option<Snapshots>, Box<Diagnostic>> {
    let Some(place) = base_evidence(environment.input("base-snapshot").unwrap_or("artifact"))? else {
        return Ok(None);
    };
    let api = environment.input("github-api-url").or_else(|| environment.get("GITHUB_API_URL"));
    let token = environment.input("github-token").filter(|token| !token.is_empty());
    let needed = api.zip(token).zip(environment.get("GITHUB_REPOSITORY")).zip(event.default_branch());
    let Some((((api, token), repository), branch)) = needed else { return Ok(None) };
    let snapshots = Snapshots::new(api, token, repository, branch, place)
        .map_err(|why| bad_input(&format!("the evidence of the base cannot be looked for: {why}")))?;
    Ok(Some(snapshots.through(Network::new(environment)?)))
}

/// Where the evidence of the base is looked for, by its word.
///
/// # Errors
/// `bad-input` for any other word.
pub fn base_evidence(word: &str) -> Result<Option<SnapshotPlace>, Box<Diagnostic>> {
    match word {
        "" | "artifact" => Ok(Some(SnapshotPlace::Artifacts)),
        "reference" => Ok(Some(SnapshotPlace::Reference)),
        "none" => Ok(None),
        _ => {
            let help = "write `artifact`, `reference` or `none`";
            Err(Box::new(bad_input("the input `base-snapshot` is not known").with_help(help)))
        }
    }
}

/// Where the organisation's policy is looked for, unless `org-policy` names a place. A token of its own says that
/// it must be there.
fn organisation(environment: &Environment) -> Result<Option<OrganisationRequest>, Box<Diagnostic>> {
    let given = |name: &str| environment.input(name).filter(|value| !value.is_empty());
    let own = given("org-policy-token");
    if given("org-policy").is_some() {
        if own.is_some() {
            let help = "name the place, or give the token; not both";
            return Err(Box::new(
                bad_input("`org-policy` and `org-policy-token` are both given").with_help(help),
            ));
        }
        return Ok(None);
    }
    let api = given("github-api-url").or_else(|| environment.get("GITHUB_API_URL"));
    let needed = api.zip(own.or_else(|| given("github-token"))).zip(environment.get("GITHUB_REPOSITORY"));
    let Some(((api, token), repository)) = needed else { return Ok(None) };
    let request = OrganisationRequest::new(api, token, Network::new(environment)?, repository, own.is_some());
    let request =
        request.map_err(|why| bad_input(&format!("the organisation's policy cannot be looked for: {why}")));
    Ok(Some(request?))
}

/// The page of the run, from what the runner says of itself.
fn run_page(environment: &Environment) -> String {
    let get = |name: &str| environment.get(name);
    match (get("GITHUB_SERVER_URL"), get("GITHUB_REPOSITORY"), get("GITHUB_RUN_ID")) {
        (Some(server), Some(repository), Some(run)) => format!("{server}/{repository}/actions/runs/{run}"),
        _ => String::new(),
    }
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
        names.extend(runner_workspaces(repository));
    }
    let mut seen = std::collections::BTreeSet::new();
    names.retain(|name| seen.insert(name.clone()));
    names
}

/// Where GitHub's own runners check a repository of this name out.
pub fn runner_workspaces(repository: &str) -> Vec<String> {
    let posix = ["/home/runner/work", "/Users/runner/work", "/__w"];
    let mut names: Vec<String> =
        posix.iter().map(|parent| format!("{parent}/{repository}/{repository}")).collect();
    names.push(format!("D:\\a\\{repository}\\{repository}"));
    names.push("/github/workspace".to_owned());
    names
}

/// `bad-input`, for an input that only its user can tell to be wrong.
pub fn bad_input(message: &str) -> Diagnostic {
    *problem(Code::BadInput, message, "action.yml")
}

fn problem(code: Code, message: impl Into<String>, file: &str) -> Box<Diagnostic> {
    Box::new(Diagnostic::new(code, Weight::Error, message.into(), Origin::file(file)))
}
