//! `tollgate doctor`: gather → examine → print.

use super::exit::WrongUse;
use super::{ExitStatus, output};
use crate::diagnostic::{Diagnostic, Origin};
use crate::io::ci::Environment;
use crate::io::github::{Api, Client, Network, SetUpFiles};
use crate::io::policy::PolicyError;
use crate::io::{git, policy as io_policy, setup as io_setup};
use crate::model::{Grade, Mode};
use crate::policy::{self, GatePlace, RuleEntry};
use crate::render;
use crate::rules::Value;
use crate::setup::doctor::{self, Examined, GitHubFacts, PolicyProblem, SetUp};
use crate::setup::{Place, TextFile};
use crate::wire;
use secrecy::SecretString;
use std::path::{Path, PathBuf};

/// Arguments of `tollgate doctor`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
With a token in GITHUB_TOKEN the workflows and the policy of the default branch are examined, and the settings that the \
token may see; the settings of rules and of Actions need a token of somebody who administers the repository \
(`administration: read`). What could not be looked at is listed and is never taken for well.

Exit codes: 0 nothing to mend, 1 problems, 3 no problem, and something could not be looked at.

Examples:
  GITHUB_TOKEN=$(gh auth token) tollgate doctor
  tollgate doctor --repository acme/payments --json
  tollgate doctor --offline                          # the workflow files of this folder alone")]
pub(super) struct Arguments {
    /// The folder whose files are examined without GitHub, and whose remote names the repository
    #[arg(default_value = ".")]
    dir: PathBuf,
    /// The repository [default: GITHUB_REPOSITORY, else the remote of the folder]
    #[arg(long, value_name = "OWNER/NAME")]
    repository: Option<String>,
    /// Examine the files of the folder, and ask nobody
    #[arg(long, conflicts_with = "repository")]
    offline: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Runs the subcommand.
pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitStatus> {
    let environment = Environment::new(std::env::vars_os());
    let gathered = if arguments.offline { offline(&arguments.dir) } else { online(arguments, &environment)? };
    let examined = doctor::examine(&SetUp {
        workflows: &gathered.files.workflows,
        gate: gathered.gate,
        wants_attested: gathered.wants_attested,
        policy_problem: gathered.policy_problem.as_ref(),
        github: gathered.github.as_ref(),
    });
    if arguments.json {
        output::print_bytes(&wire::doctor::write(&examined, gathered.repository.as_deref()))?;
    } else {
        output::note(&gathered.problems);
        output::print(&render::doctor::render(&examined, &gathered.title, output::style()))?;
    }
    Ok(status(&examined))
}

fn status(examined: &Examined) -> ExitStatus {
    if examined.problems() > 0 {
        ExitStatus::NeedsChanges
    } else if !examined.unseen.is_empty() {
        ExitStatus::NoVerdict
    } else {
        ExitStatus::Passed
    }
}

/// What is examined.
struct Gathered {
    files: SetUpFiles,
    gate: Option<GatePlace>,
    wants_attested: bool,
    policy_problem: Option<PolicyProblem>,
    github: Option<GitHubFacts>,
    repository: Option<String>,
    title: String,
    /// Files of the folder that could not be read.
    problems: String,
}

fn offline(dir: &Path) -> Gathered {
    let found = io_setup::files(dir);
    let (policy, unreadable) = match io_policy::in_folder(dir) {
        Ok(policy) => (policy, None),
        Err(PolicyError::Wrong(error) | PolicyError::Unreadable(error)) => (None, Some(problem(&error))),
    };
    let policy = policy.map(|policy| TextFile { name: policy.file.raw().to_owned(), text: policy.text });
    let files = SetUpFiles { workflows: found.workflows, policy, commit: String::new() };
    let OfPolicy { gate, wants_attested, problem, .. } = of_policy(&files);
    Gathered {
        gate,
        wants_attested,
        policy_problem: unreadable.or(problem),
        github: None,
        repository: None,
        title: format!("the files of {}", dir.display()),
        problems: output::diagnostics(&found.diagnostics),
        files,
    }
}

fn online(arguments: &Arguments, environment: &Environment) -> anyhow::Result<Gathered> {
    let named =
        arguments.repository.clone().or_else(|| environment.get("GITHUB_REPOSITORY").map(str::to_owned));
    let repository =
        named.or_else(|| git::open(&arguments.dir).ok()?.remote_repository()).ok_or_else(|| {
            wrong(
                "no repository is named, and the folder has no remote at GitHub",
                "add --repository OWNER/NAME, or --offline",
            )
        })?;
    let address = environment.get("GITHUB_API_URL").unwrap_or("https://api.github.com");
    let api =
        Api::new(address).ok_or_else(|| wrong("GITHUB_API_URL is no https:// address", "correct it"))?;
    let token = environment.get("GITHUB_TOKEN").filter(|token| !token.is_empty());
    let token =
        token.ok_or_else(|| wrong("there is no token in GITHUB_TOKEN", "set one, or add --offline"))?;
    let network = Network::new(environment).map_err(|error| WrongUse(output::diagnostics(&[*error])))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(gather(api, &SecretString::from(token), &network, &repository))
}

async fn gather(api: Api, token: &SecretString, network: &Network, name: &str) -> anyhow::Result<Gathered> {
    let failed = |error: &dyn std::fmt::Display| {
        wrong(&format!("`{name}` cannot be read: {error}"), "check the name, the token and GITHUB_API_URL")
    };
    let client = Client::new(api, token, network).map_err(|error| failed(&error))?;
    let repository = client.repository(name).await.map_err(|error| failed(&error))?;
    let repository = repository.ok_or_else(|| failed(&"it does not exist, or the token may not see it"))?;
    let files =
        client.set_up_files(name, &repository.default_branch).await.map_err(|error| failed(&error))?;
    let OfPolicy { gate, wants_attested, extends, problem } = of_policy(&files);
    let second_stages = doctor::second_stages(&files.workflows);
    let github = client.examined(&repository, extends.as_deref(), &second_stages).await;
    let commit: String = files.commit.chars().take(7).collect();
    Ok(Gathered {
        gate,
        wants_attested,
        policy_problem: problem,
        github: Some(github),
        title: format!("{name}, {} at {commit}", repository.default_branch),
        repository: Some(name.to_owned()),
        problems: String::new(),
        files,
    })
}

/// What a policy says of where it stands.
#[derive(Default)]
struct OfPolicy {
    /// Where the verdict is given.
    gate: Option<GatePlace>,
    /// True if it asks for attested evidence.
    wants_attested: bool,
    /// What it extends.
    extends: Option<String>,
    /// Its first mistake; then it says nothing.
    problem: Option<PolicyProblem>,
}

fn of_policy(files: &SetUpFiles) -> OfPolicy {
    let Some(file) = &files.policy else { return OfPolicy::default() };
    match policy::parse_committed(&file.text, &file.name, &files.commit) {
        Ok(parsed) => OfPolicy {
            gate: parsed.gate,
            wants_attested: wants_attested(&parsed.rules),
            extends: parsed.extends.map(|(repository, _)| repository),
            problem: None,
        },
        Err(errors) => OfPolicy { problem: errors.first().map(problem), ..OfPolicy::default() },
    }
}

/// True if a field of `evidence.grade` has an A, in a mode that is shown.
fn wants_attested(rules: &[RuleEntry]) -> bool {
    let of_grade = rules.iter().filter(|rule| rule.spec.id == "evidence.grade");
    let shown = of_grade.filter(|rule| rule.mode.as_ref().is_none_or(|(mode, _)| *mode != Mode::Off));
    shown
        .flat_map(|rule| &rule.fields)
        .any(|(_, setting)| setting.value == Value::Word(Grade::Attested.letter()))
}

fn problem(error: &Diagnostic) -> PolicyProblem {
    let Origin { file, line, .. } = &error.origin;
    let place = (!file.is_empty()).then(|| Place {
        file: file.raw().to_owned(),
        line: usize::try_from(*line).unwrap_or(usize::MAX).max(1),
    });
    PolicyProblem { what: error.message.raw().to_owned(), place }
}

fn wrong(what: &str, help: &str) -> anyhow::Error {
    WrongUse(format!("error: {what}\n  = help: {help}")).into()
}
