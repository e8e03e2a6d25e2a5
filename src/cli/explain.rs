//! `tollgate explain`: why a requirement is what it is, and what it measures here.

use super::exit::WrongUse;
use super::{ExitStatus, check, output};
use crate::render;
use crate::rules::{self, RULES};
use std::path::PathBuf;

/// Arguments of `tollgate explain`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Exits 0 whatever is measured: `check` judges.

Examples:
  tollgate explain                     # every requirement in force
  tollgate explain coverage.changed    # and every counted line, with what each report says of it")]
pub(super) struct Arguments {
    /// The rule [default: all in force]
    #[arg(value_name = "RULE")]
    rule: Option<String>,
    /// The directory to judge: root of policy, paths and globs
    #[arg(long, default_value = ".", value_name = "DIR")]
    pub(super) dir: PathBuf,
    /// Judge by this policy instead of the repository's
    #[arg(long, value_name = "FILE")]
    pub(super) policy: Option<PathBuf>,
    /// The branch or commit that the change is compared with [default: the remote's default branch]
    #[arg(long, value_name = "REF-OR-SHA")]
    pub(super) base: Option<String>,
    /// The base's evidence, written there by --save-snapshot
    #[arg(long, value_name = "FILE")]
    pub(super) base_snapshot: Option<PathBuf>,
    /// How the CI jobs or steps ended: toJSON(needs), toJSON(steps), or the API's list of jobs
    #[arg(long, value_name = "FILE")]
    pub(super) jobs: Option<PathBuf>,
}

/// Runs it.
pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitStatus> {
    let rule = match &arguments.rule {
        Some(id) => Some(rules::by_id(id).ok_or_else(|| {
            let ids: Vec<&str> = RULES.iter().map(|rule| rule.id).collect();
            WrongUse(format!("error: no rule is called `{id}`\n  = help: there are {}", ids.join(", ")))
        })?),
        None => None,
    };
    let judged = check::judge(&check::Arguments::of(arguments))?;
    let lines = match rule {
        Some(rule) if rule.id == "coverage.changed" => judged.counted_lines(),
        _ => Vec::new(),
    };
    output::print(&render::explain::render(&judged.verdict, rule, &lines, output::style()))?;
    Ok(ExitStatus::Passed)
}
