//! `tollgate policy`: what is asked for, without judging anything.

mod compare;
mod validate;

use super::exit::WrongUse;
use super::judging::base_of;
use super::policies::{self, PolicyOptions, Setting};
use super::{ExitStatus, output};
use crate::diagnostic::Diagnostic;
use crate::io::ci::{self, Environment};
use crate::io::git;
use crate::io::policy::PolicyError;
use crate::policy::Schema;
use crate::render;
use crate::wire;
use clap::{Subcommand, ValueEnum};
use std::path::PathBuf;

/// Subcommands of `tollgate policy`.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Check policy files, or all files of an organisation's folder, and say everything that is wrong
    Validate(validate::Arguments),
    /// Show the policy in force: every value with the file and line that set it
    Show(Box<Show>),
    /// Show what differs between two policies: what becomes stricter, and what laxer
    Diff(compare::Arguments),
    /// Print a JSON Schema of the policy files, for editors
    Schema {
        /// Which file
        #[arg(value_enum, default_value_t = Kind::Repository)]
        kind: Kind,
    },
}

/// Arguments of `tollgate policy show`.
#[derive(Debug, clap::Args)]
pub(super) struct Show {
    /// The directory whose policy is shown
    #[arg(default_value = ".", value_name = "DIR")]
    dir: PathBuf,
    #[command(flatten)]
    policy: PolicyOptions,
    /// The branch or commit that a change is compared with [default: the remote's default branch]
    #[arg(long, value_name = "REF-OR-SHA")]
    base: Option<String>,
    /// What to print
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// What to print.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people
    Text,
    /// For machines
    Json,
}

/// The files that have a schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Kind {
    /// `.github/tollgate.yml`
    Repository,
    /// `org.yml` of an organisation
    Organisation,
    /// `groups/*.yml` of an organisation
    Group,
    /// `repos/<name>.yml` of an organisation
    OrganisationRepository,
}

/// Runs one of them.
pub(super) fn run(command: &Command) -> anyhow::Result<ExitStatus> {
    match command {
        Command::Validate(arguments) => validate::run(arguments),
        Command::Show(arguments) => show(arguments),
        Command::Diff(arguments) => compare::run(arguments),
        Command::Schema { kind } => {
            let schema = match kind {
                Kind::Repository => Schema::Repository,
                Kind::Organisation => Schema::Organisation,
                Kind::Group => Schema::Group,
                Kind::OrganisationRepository => Schema::OrganisationRepository,
            };
            output::print(&schema.text())?;
            Ok(ExitStatus::Passed)
        }
    }
}

fn show(arguments: &Show) -> anyhow::Result<ExitStatus> {
    let environment = Environment::new(std::env::vars_os());
    let run = ci::run_of(&environment).map_err(|error| wrong(&[*error]))?;
    let repository = git::open(&arguments.dir);
    let repository = repository.as_ref().map_err(|error| &**error);
    let base = base_of(repository, arguments.base.as_deref(), &run)?;
    let setting = Setting {
        repository,
        dir: &arguments.dir,
        base: &base,
        run: &run,
        facts: ci::facts_of(&environment).map_err(|error| wrong(&[*error]))?,
    };
    let mut diagnostics = Vec::new();
    let mut policy = policies::find(&arguments.policy, setting, &mut diagnostics)?.judging;
    policy.diagnostics.splice(0..0, diagnostics);
    output::print(&match arguments.format {
        Format::Text => render::policy::show(&policy, output::style()),
        Format::Json => String::from_utf8(wire::policy::write(&policy))?,
    })?;
    Ok(ExitStatus::Passed)
}

fn wrong(errors: &[Diagnostic]) -> anyhow::Error {
    WrongUse(output::diagnostics(errors)).into()
}

fn diagnostic_of(error: PolicyError) -> Diagnostic {
    match error {
        PolicyError::Wrong(diagnostic) | PolicyError::Unreadable(diagnostic) => *diagnostic,
    }
}
