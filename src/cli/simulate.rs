//! `tollgate simulate`: replays recorded verdicts under another policy.

use super::exit::WrongUse;
use super::recorded::{self, Read};
use super::{ExitStatus, output, policies};
use crate::io::records::Layout;
use crate::model::Date;
use crate::policy::{self, Layers};
use crate::records::{Change, FieldChange, Organisation, simulate};
use crate::render;
use crate::wire::recorded::Keep;
use std::path::PathBuf;

/// Arguments of `tollgate simulate`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Records are the files of `tollgate check --write-json`, one directory for one repository; with --fleet one folder \
per repository. Of each pull request the last verdict is replayed. Figures that a record does not keep are never \
guessed: such records are left out and counted. Waivers, quarantine and `reports:` are replayed as they were.

Examples:
  tollgate simulate --records verdicts coverage.changed.min=90 scan.new.medium=0
  tollgate simulate --records verdicts --policy next.yml
  tollgate simulate --records fleet --fleet --org-policy ../policy > summary.md
  tollgate simulate --records fleet --fleet coverage.changed.min=85 > summary.md")]
pub(super) struct Arguments {
    /// The directory with the records
    #[arg(long, value_name = "DIR")]
    records: PathBuf,
    /// The repository's policy as it would be
    #[arg(long, value_name = "FILE", conflicts_with = "changes")]
    policy: Option<PathBuf>,
    /// The organisation's policy as it would be: a folder with `org.yml`, or a revision of a clone
    #[arg(long, value_name = "DIR|CLONE@REVISION", conflicts_with = "changes")]
    org_policy: Option<String>,
    /// One folder per repository: print the summary of a policy pull request, as Markdown
    #[arg(long)]
    fleet: bool,
    /// Only verdicts of the last days
    #[arg(long, value_name = "DAYS", value_parser = recorded::parse_days)]
    since: Option<u32>,
    /// The day from which --since counts back, and by which the policy is resolved [default: today, in UTC]
    #[arg(long, value_name = "DATE", value_parser = policies::parse_date)]
    as_of: Option<Date>,
    /// What would be written into the policy: a field of a rule, or its mode
    #[arg(value_name = "RULE.FIELD=VALUE", value_parser = FieldChange::parse, required_unless_present_any = ["policy", "org_policy"])]
    changes: Vec<FieldChange>,
}

/// Runs it.
pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitStatus> {
    let today = arguments.as_of.or_else(super::judging::today);
    let organisation = arguments.org_policy.as_deref().map(policies::named_organisation).transpose()?;
    let change = match (&arguments.policy, organisation) {
        (None, Some(policy)) => Change::Organisation(Box::new(Organisation { policy, today })),
        (Some(path), organisation) => {
            let (file, source) = policies::named_file(path)?;
            let layers = Layers {
                organisation: organisation.as_ref(),
                file: Some(&file),
                source: &source,
                today,
                ..Layers::default()
            };
            let policy =
                policy::resolve_layers(&layers).map_err(|errors| WrongUse(output::diagnostics(&errors)))?;
            Change::Policy(Box::new(policy))
        }
        (None, None) => Change::Fields(arguments.changes.clone()),
    };
    let layout = if arguments.fleet { Layout::Many } else { Layout::One };
    let window = arguments.since.zip(today);
    let Read { records, repositories } = recorded::read(&arguments.records, layout, Keep::Outcomes, window)?;
    let simulation = simulate(&records, &change);
    let text = if arguments.fleet {
        render::simulate::fleet_summary(&simulation, repositories.len(), simulation.days)
    } else {
        render::simulate::text(&simulation, output::style())
    };
    output::print(&text)?;
    Ok(ExitStatus::Passed)
}
