//! `tollgate fleet`: what the recorded verdicts of many repositories say together.

use super::recorded::{self, Read};
use super::{ExitStatus, output};
use crate::io::records::Layout;
use crate::model::Date;
use crate::records::{Fleet, Window, fleet};
use crate::render::fleet::{self as page, Extent};
use crate::wire;
use crate::wire::recorded::Keep;
use clap::Subcommand;
use std::path::PathBuf;

/// Arguments of `tollgate fleet`.
#[derive(Debug, clap::Args)]
#[command(after_help = LAYOUT)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Which repositories need somebody, and how verdicts come out for owners and for external contributors
    Report(Report),
    /// Repositories that are silent, below a floor, or live by an exception that ends; exits 1 if there is one
    Audit(Audit),
}

const LAYOUT: &str = "\
The directory holds one folder per repository (`payments/` or `acme/payments/`), and in it the files of `tollgate \
check --write-json`. An empty folder is a silent repository. No person is named and no team is ranked; rates of \
fewer than 5 pull requests are not given.

Examples:
  tollgate fleet report fleet --since 30d --html fleet.html
  tollgate fleet report fleet --format json
  tollgate fleet audit fleet";

#[derive(Debug, clap::Args)]
struct Where {
    /// The directory with one folder of records per repository
    #[arg(value_name = "DIR")]
    records: PathBuf,
    /// The days that are looked at
    #[arg(long, value_name = "DAYS", default_value = "7d", value_parser = recorded::parse_days)]
    since: u32,
    /// The last of these days [default: today, in UTC]
    #[arg(long, value_name = "DATE", value_parser = super::policies::parse_date)]
    as_of: Option<Date>,
}

#[derive(Debug, clap::Args)]
#[command(after_help = LAYOUT)]
struct Report {
    #[command(flatten)]
    place: Where,
    /// How to print it; JSON holds every repository
    #[arg(long, value_enum, default_value_t = OutputFormat::Text)]
    format: OutputFormat,
    /// Name every repository that needs attention
    #[arg(long)]
    all: bool,
    /// Also write one row per repository
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
    /// Also write one static page
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
#[command(after_help = LAYOUT)]
struct Audit {
    #[command(flatten)]
    place: Where,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum OutputFormat {
    /// For people
    Text,
    /// One row per repository
    Csv,
    /// `tollgate.fleet/1`
    Json,
}

/// Runs it.
pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitStatus> {
    match &arguments.command {
        Command::Report(report) => {
            let fleet = read(&report.place)?;
            if let Some(path) = &report.csv {
                output::write_file(path, page::csv(&fleet).as_bytes())?;
            }
            if let Some(path) = &report.html {
                output::write_file(path, page::html(&fleet).as_bytes())?;
            }
            let extent = if report.all { Extent::All } else { Extent::Short };
            output::print(&match report.format {
                OutputFormat::Text => page::text(&fleet, extent, output::style()),
                OutputFormat::Csv => page::csv(&fleet),
                OutputFormat::Json => String::from_utf8(wire::fleet::write(&fleet))?,
            })?;
            Ok(ExitStatus::Passed)
        }
        Command::Audit(audit) => {
            let fleet = read(&audit.place)?;
            output::print(&page::audit(&fleet, output::style()))?;
            let is_clean = page::findings(&fleet).next().is_none();
            Ok(if is_clean { ExitStatus::Passed } else { ExitStatus::NeedsChanges })
        }
    }
}

fn read(place: &Where) -> anyhow::Result<Fleet> {
    let today = place.as_of.or_else(super::judging::today);
    let today = today.ok_or_else(|| anyhow::anyhow!("today's date is not known: name it with --as-of"))?;
    let Read { records, repositories } = recorded::read(&place.records, Layout::Many, Keep::Verdict, None)?;
    Ok(fleet(&records, &repositories, Window { today, days: place.since }))
}
