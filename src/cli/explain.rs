//! `tollgate explain`: why a requirement is what it is, and what it measures here.

use super::exit::WrongUse;
use super::judging::{self, Question};
use super::policies::PolicyOptions;
use super::{ExitStatus, output, recorded};
use crate::diagnostic::Diagnostic;
use crate::io::ci::{self, Environment};
use crate::io::jobs;
use crate::io::records::Layout;
use crate::records::lately;
use crate::render;
use crate::rules::{self, RULES};
use crate::wire::recorded::Keep;
use std::path::PathBuf;

/// Arguments of `tollgate explain`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Exits 0 whatever is measured: `check` judges.

Examples:
  tollgate explain                     # every requirement in force
  tollgate explain coverage.changed    # and every counted line, with what each report says of it
  tollgate explain tests.failed --records verdicts   # and how it came out lately")]
pub(super) struct Arguments {
    /// The rule [default: all in force]
    #[arg(value_name = "RULE")]
    rule: Option<String>,
    /// The directory to judge: root of policy, paths and globs
    #[arg(long, default_value = ".", value_name = "DIR")]
    dir: PathBuf,
    #[command(flatten)]
    policy: PolicyOptions,
    /// The branch or commit that the change is compared with [default: the remote's default branch]
    #[arg(long, value_name = "REF-OR-SHA")]
    base: Option<String>,
    /// The base's evidence, written there by --save-snapshot
    #[arg(long, value_name = "FILE")]
    base_snapshot: Option<PathBuf>,
    /// Recorded verdicts of the repository (tollgate.verdict/1): says how the rule came out in the last 90 days
    #[arg(long, value_name = "DIR", requires = "rule")]
    records: Option<PathBuf>,
    /// How the CI jobs or steps ended: toJSON(needs), toJSON(steps), or the API's list of jobs
    #[arg(long, value_name = "FILE")]
    jobs: Option<PathBuf>,
}

/// How far back `--records` looks, in days.
const LATELY_DAYS: u32 = 90;

/// Runs it.
pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitStatus> {
    let rule = match &arguments.rule {
        Some(id) => Some(rules::by_id(id).ok_or_else(|| {
            let ids: Vec<&str> = RULES.iter().map(|rule| rule.id).collect();
            WrongUse(format!("error: no rule is called `{id}`\n  = help: there are {}", ids.join(", ")))
        })?),
        None => None,
    };
    let environment = Environment::new(std::env::vars_os());
    let wrong_use = |error: Box<Diagnostic>| WrongUse(output::diagnostics(&[*error]));
    let run = ci::run_of(&environment).map_err(wrong_use)?;
    let judged = judging::answer(Question {
        policy: arguments.policy.clone(),
        facts: ci::facts_of(&environment).map_err(wrong_use)?,
        base: arguments.base.clone(),
        base_snapshot: arguments.base_snapshot.clone(),
        jobs: arguments.jobs.as_deref().map(jobs::read).transpose().map_err(wrong_use)?,
        ..Question::new(arguments.dir.clone(), run)
    })?;
    let text = match rule {
        None => render::explain::render(&judged.verdict, judged.policy(), output::style()),
        Some(rule) => {
            let lines = if rule.id == "coverage.changed" { judged.counted_lines() } else { Vec::new() };
            let lately = arguments.records.as_deref().map(|dir| {
                let today = arguments.policy.as_of.or_else(judging::today);
                let window = today.map(|today| (LATELY_DAYS, today));
                let read = recorded::read(dir, Layout::One, Keep::Outcomes, window)?;
                anyhow::Ok(lately(&read.records, rule.id))
            });
            let lately = lately.transpose()?;
            let lately = lately.as_ref().map(|lately| (LATELY_DAYS, lately));
            render::explain::render_rule(
                &judged.verdict,
                judged.policy(),
                rule,
                &lines,
                lately,
                output::style(),
            )
        }
    };
    output::print(&text)?;
    Ok(ExitStatus::Passed)
}
