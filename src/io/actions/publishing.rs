//! What the stage `publish` needs to know: which run, with which token, and who confirms.

use super::event::event;
use super::{bad_input, base_evidence, problem, run_page};
use crate::diagnostic::{Code, Diagnostic};
use crate::io::attestation::{Authorities, MAX_AUTHORITIES, Refusal};
use crate::io::beneath::read_named;
use crate::io::ci::Environment;
use crate::io::github::{Api, Place};
use crate::policy::Globs;
use secrecy::SecretString;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Names of the artifacts that hold reports, where nobody names others: those that `collect` makes.
const ARTIFACTS: &str = "tollgate-reports-*";

/// The verdict as JSON, in the workspace.
pub const VERDICT_FILE: &str = "tollgate-verdict.json";

/// A publication.
#[derive(Debug)]
pub struct Publishing {
    /// `owner/name`.
    pub repository: String,
    /// A run of the commit that is judged.
    pub run: u64,
    /// The commit, where the event says it; else the run is asked.
    pub head: Option<String>,
    /// The API.
    pub api: Api,
    /// The token, which can write checks.
    pub token: SecretString,
    /// Names of the artifacts that hold reports.
    pub artifacts: Globs,
    /// A maintainer who asks for the evidence to be confirmed; the permission is still to be looked at.
    pub confirmed_by: Option<String>,
    /// Where the evidence of the base is looked for.
    pub base_evidence: Option<Place>,
    /// A token for the organisation's policy, which then must be there.
    pub organisation_token: Option<SecretString>,
    /// Whose signatures make evidence attested; `None` for those that are built in.
    pub authorities: Option<Arc<Authorities>>,
    /// Where the verdict is written as JSON.
    pub record: Option<PathBuf>,
    /// Judge, and post nothing.
    pub trial: bool,
    /// Where a person can read on.
    pub run_page: Option<String>,
    /// Where the runner reads outputs from.
    pub output: Option<PathBuf>,
}

impl Publishing {
    /// A publication by these words; `artifacts` holds one glob a line.
    ///
    /// # Errors
    /// `bad-input` names the word that cannot be used, and never its value: a token may stand in it.
    pub fn new(
        repository: &str,
        run: u64,
        api: &str,
        token: &str,
        artifacts: &str,
    ) -> Result<Self, Box<Diagnostic>> {
        let bad = |message: &str| Box::new(bad_input(message));
        let api = Api::new(api).ok_or_else(|| bad("the address of GitHub's API is no https:// address"))?;
        if token.is_empty() || !token.chars().all(|c| c.is_ascii_graphic()) {
            return Err(bad("there is no token, or it is none; publishing needs `checks: write`"));
        }
        let lines: Vec<&str> = artifacts.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        let names = if lines.is_empty() { vec![ARTIFACTS] } else { lines };
        let artifacts = Globs::new(names).map_err(|_| bad("`artifacts` holds what is no glob"))?;
        Ok(Self {
            repository: repository.to_owned(),
            run,
            head: None,
            api,
            token: SecretString::from(token),
            artifacts,
            confirmed_by: None,
            base_evidence: Some(Place::Artifacts),
            organisation_token: None,
            authorities: None,
            record: None,
            trial: false,
            run_page: None,
            output: None,
        })
    }
}

/// The publication that the event and the inputs ask for.
///
/// # Errors
/// `bad-event` and `bad-input`, as [`super::read`].
pub fn publishing(environment: &Environment) -> Result<Publishing, Box<Diagnostic>> {
    let event = event(environment)?;
    let (run, head) = match event.workflow_run() {
        Some((run, head)) => (run, Some(head.to_owned())),
        None if event.name == "workflow_run" => {
            return Err(problem(Code::BadEvent, "the event file says nothing of a `workflow_run`", ""));
        }
        None => (run_by_hand(environment)?, None),
    };
    for name in ["policy", "org-policy", "needs", "steps", "reports"] {
        if environment.input(name).is_some() {
            let message = format!("the stage `publish` does nothing with the input `{name}`");
            return Err(Box::new(bad_input(&message).with_help("leave it out")));
        }
    }
    let api = environment.input("github-api-url").or_else(|| environment.get("GITHUB_API_URL"));
    let publishing = Publishing::new(
        environment.get("GITHUB_REPOSITORY").unwrap_or_default(),
        run,
        api.unwrap_or_default(),
        environment.input("github-token").unwrap_or_default(),
        environment.input("artifacts").unwrap_or_default(),
    )?;
    let page = run_page(environment);
    let authorities = environment.input("trusted-root").filter(|text| !text.trim().is_empty());
    let authorities = authorities.map(|text| trusted_root(text.as_bytes(), "trusted-root")).transpose()?;
    Ok(Publishing {
        head,
        confirmed_by: event.confirmed_by().map(str::to_owned),
        base_evidence: base_evidence(environment.input("base-snapshot").unwrap_or_default())?,
        organisation_token: environment
            .input("org-policy-token")
            .filter(|token| !token.is_empty())
            .map(SecretString::from),
        authorities,
        run_page: (!page.is_empty()).then_some(page),
        output: environment.get("GITHUB_OUTPUT").map(PathBuf::from),
        record: environment.get("GITHUB_WORKSPACE").map(|workspace| Path::new(workspace).join(VERDICT_FILE)),
        ..publishing
    })
}

/// Whose signatures a file says are believed.
///
/// # Errors
/// `bad-input` for a file that cannot be read, or holds no trusted root.
pub fn trusted_root_file(file: &Path) -> Result<Arc<Authorities>, Box<Diagnostic>> {
    let text = read_named(file, MAX_AUTHORITIES as u64)
        .map_err(|error| Box::new(bad_input(&format!("{} cannot be read: {error}", file.display()))))?;
    trusted_root(&text, &file.display().to_string())
}

fn trusted_root(text: &[u8], place: &str) -> Result<Arc<Authorities>, Box<Diagnostic>> {
    let refused = |refusal: Refusal| {
        let help = "`gh attestation trusted-root` prints one; leave it out for Sigstore's and GitHub's own";
        Box::new(bad_input(&format!("`{place}` holds no trusted root: {refusal}")).with_help(help))
    };
    Authorities::read(text).map(Arc::new).map_err(refused)
}

/// The run that a maintainer names; not the workflow's own, which the input holds if nobody names one.
fn run_by_hand(environment: &Environment) -> Result<u64, Box<Diagnostic>> {
    let named = environment.input("run-id").filter(|run| Some(*run) != environment.get("GITHUB_RUN_ID"));
    let run = named.and_then(|run| run.parse().ok());
    run.ok_or_else(|| {
        let help = "add `run-id: ${{ inputs.run-id }}`, and give the workflow an input of that name";
        Box::new(bad_input("`run-id` does not name the run whose commit is judged").with_help(help))
    })
}
