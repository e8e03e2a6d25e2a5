//! `tollgate snapshot`: what stands in the files that `check --save-snapshot` writes.

use super::exit::WrongUse;
use super::{ExitStatus, output};
use crate::compare::{self, BaseSide, Occasion};
use crate::diagnostic::{Code, Diagnostic, Origin, Weight};
use crate::io::beneath::read_named;
use crate::io::ci::Environment;
use crate::io::github::{KEPT, Network, Place, REFERENCE, Snapshots};
use crate::io::policy::{PolicyError, in_folder};
use crate::model::{DiffState, Snapshot};
use crate::policy;
use crate::render;
use crate::wire;
use clap::{Subcommand, ValueEnum};
use std::path::{Path, PathBuf};

/// The largest snapshot that is read, in bytes.
const MAX_SNAPSHOT: u64 = 256 << 20;

/// Arguments of `tollgate snapshot`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  tollgate check --save-snapshot base.snapshot       # on the base
  tollgate snapshot show base.snapshot
  tollgate snapshot diff base.snapshot head.snapshot # what became of tests, coverage and findings")]
pub(super) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Show what a snapshot holds
    Show {
        /// The snapshot
        file: PathBuf,
        /// How to print
        #[arg(long, value_enum, default_value_t = OutputFormat::Text)]
        format: OutputFormat,
    },
    /// Store a snapshot below the reference refs/tollgate/snapshots of a repository on GitHub
    ///
    /// Takes the repository from GITHUB_REPOSITORY, the API from GITHUB_API_URL, and from GITHUB_TOKEN a token with
    /// `contents: write`. Run it in a job that runs no code of the project.
    Store {
        /// The snapshot
        file: PathBuf,
        /// How many snapshots are kept; older ones are forgotten [default: the policy's `base-snapshot: { keep }`, else 20]
        #[arg(long, value_name = "N")]
        keep: Option<usize>,
    },
    /// Show what became of the tests, the coverage and the findings of a base
    Diff {
        /// The snapshot of the base
        base: PathBuf,
        /// The snapshot of a later commit
        head: PathBuf,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum OutputFormat {
    /// For people
    Text,
    /// `tollgate.snapshot/1`, not packed
    Json,
}

/// Runs it.
pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitStatus> {
    let text = match &arguments.what {
        What::Show { file, format: OutputFormat::Text } => {
            render::snapshot::show(&read(file)?, output::style())
        }
        What::Show { file, format: OutputFormat::Json } => {
            String::from_utf8(wire::snapshot::write_plain(&read(file)?))?
        }
        What::Store { file, keep } => {
            let keep = match keep {
                Some(keep) => *keep,
                None => kept_by_policy()?,
            };
            return store(&read(file)?, keep);
        }
        What::Diff { base, head } => {
            let (base, head) = (read(base)?, read(head)?);
            let side = BaseSide::of(Some(&base));
            let diff = DiffState::NoBase;
            let all = |_: &_| false;
            let evidence = compare::evidence(&head, &side, Occasion::Absolute, &diff, &[], &all);
            render::snapshot::diff(&evidence, output::style())
        }
    };
    output::print(&text)?;
    Ok(ExitStatus::Passed)
}

/// How many snapshots the policy of the directory keeps: what stores them runs on the default branch.
fn kept_by_policy() -> anyhow::Result<usize> {
    let wrong = |errors: &[Diagnostic]| WrongUse(output::diagnostics(errors));
    let text = in_folder(Path::new(".")).map_err(|error| match error {
        PolicyError::Wrong(error) | PolicyError::Unreadable(error) => wrong(&[*error]),
    })?;
    let Some(text) = text else { return Ok(KEPT) };
    let file = policy::parse(&text.text, text.file.raw()).map_err(|errors| wrong(&errors))?;
    Ok(file.base_snapshot.keep.map_or(KEPT, |keep| usize::try_from(keep).unwrap_or(usize::MAX)))
}

/// Stores it where changes with the input `base-snapshot: reference` look for it.
fn store(snapshot: &Snapshot, keep: usize) -> anyhow::Result<ExitStatus> {
    let environment = Environment::new(std::env::vars_os());
    let get = |name: &str| environment.get(name).unwrap_or_default();
    let (api, token, repository) = (get("GITHUB_API_URL"), get("GITHUB_TOKEN"), get("GITHUB_REPOSITORY"));
    let wrong_use = |why: &str| WrongUse(format!("error: the snapshot cannot be stored: {why}"));
    let problem = |problem: Box<Diagnostic>| WrongUse(output::diagnostics(&[*problem]));
    let snapshots = Snapshots::new(api, token, repository, "", Place::Reference).map_err(wrong_use)?;
    let network = Network::new(&environment).map_err(problem)?;
    match snapshots.through(network).store(snapshot, keep) {
        Ok(kept) => {
            output::print(&format!("stored below refs/{REFERENCE}, which keeps {kept} of at most {keep}\n"))?;
            Ok(ExitStatus::Passed)
        }
        Err(problem) => {
            output::note(&output::diagnostics(&[*problem]));
            Ok(ExitStatus::PublishFailed)
        }
    }
}

/// Reads a snapshot; one that cannot be read is wrong use.
pub(super) fn read(path: &Path) -> anyhow::Result<Snapshot> {
    let wrong = |why: String| {
        let origin = Origin::file(path.to_string_lossy().as_ref());
        WrongUse(output::diagnostics(&[Diagnostic::new(Code::BadSnapshot, Weight::Error, why, origin)]))
    };
    let bytes = read_named(path, MAX_SNAPSHOT)
        .map_err(|error| wrong(format!("the snapshot cannot be read: {error}")))?;
    Ok(wire::snapshot::read(&bytes).map_err(|error| wrong(error.to_string()))?)
}
