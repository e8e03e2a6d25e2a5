//! The command line: one file per subcommand.
//!
//! Each subcommand gathers (through `io`), calls the pure core, and writes what it was asked for. Text for
//! people goes to standard output; problems of use go to standard error.
#![expect(clippy::disallowed_methods, reason = "one of the rooms that may touch files and the environment")]

mod action;
mod base;
mod check;
mod doctor;
mod exit;
mod explain;
mod files;
mod fleet;
mod init;
mod inspect;
mod judging;
mod kept;
mod later;
mod list;
mod manual;
mod metrics;
mod occasion;
mod output;
mod policies;
mod policy;
mod portal_feed;
mod progress;
mod proposer;
mod publish;
mod read;
mod recorded;
mod records;
mod serve;
mod simulate;
mod snapshot;

pub use exit::ExitStatus;

use clap::{Parser, Subcommand};
use later::Later;
use std::process::ExitCode;

/// Judges test results, coverage, scans and CI jobs by your policy, and says what to do.
#[derive(Debug, Parser)]
#[command(name = "tollgate", version, max_term_width = 100, after_help = exit::HELP)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Find the reports, judge them, and print the verdict
    Check(Later<Box<check::Arguments>>),
    /// Show what Tollgate reads from each file, without judging
    Inspect(Later<inspect::Arguments>),
    /// Show every requirement in force: its value, the file and line that set it, and what is measured here
    Explain(Later<explain::Arguments>),
    /// Say what the recorded verdicts of many repositories show together
    Fleet(Later<fleet::Arguments>),
    /// Replay recorded verdicts under another policy
    Simulate(Later<simulate::Arguments>),
    /// Propose a first policy from today's reports, or convert the settings of another tool
    Init(Later<init::Arguments>),
    /// Check, show and compare policies, and print their schemas
    #[command(subcommand)]
    Policy(Later<Box<policy::Command>>),
    /// Show or compare the evidence that `check --save-snapshot` wrote
    Snapshot(Later<snapshot::Arguments>),
    /// Show the innersource share of a repository or of a folder of them, and how contributors fare at the gate
    Metrics(Later<metrics::Arguments>),
    /// Write repos.json for the InnerSource portal, with activity scores and the health of the gates
    PortalFeed(Later<portal_feed::Arguments>),
    /// Verify and export the chain of recorded verdicts
    Records(Later<records::Arguments>),
    /// Judge a pull request by the artifacts of its runs, and post one check
    Publish(Later<publish::Arguments>),
    /// Serve an organisation: judge every pull request for which GitHub sends an event, and post the checks
    Serve(Later<Box<serve::Arguments>>),
    /// Say what of the set-up lets a change past the gate, or keeps the gate from answering
    Doctor(Later<doctor::Arguments>),
    /// Judge as the GitHub Action that `action.yml` describes: everything is read from the environment
    #[command(hide = true)]
    Action,
    /// Read reports for another process of ours, in a confinement
    #[command(hide = true, name = crate::io::isolated::SUBCOMMAND)]
    Read,
    /// List the report formats that are read
    #[command(after_help = "Examples:\n  tollgate formats | grep -A2 coverage")]
    Formats,
    /// List the rules of a policy, with their fields and defaults
    #[command(
        after_help = "Examples:\n  tollgate rules | less\n  tollgate explain coverage.changed    # one rule, as it holds here"
    )]
    Rules,
    /// Print rules and formats as Markdown, as in examples/docs/reference.md
    #[command(hide = true)]
    Reference,
    /// Print the completions of a shell
    Completions(Later<manual::Completions>),
    /// Print the manual page, or write those of all commands
    Man(Later<manual::Man>),
}

/// Runs the program with the process's own arguments.
pub fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and version are no errors; clap prints them to standard output itself.
            let wrong_use = error.use_stderr();
            return match error.print() {
                Ok(()) if !wrong_use => ExitStatus::Passed.into(),
                _ => ExitStatus::WrongUse.into(),
            };
        }
    };
    let status = match arguments.command {
        Command::Check(Later(arguments)) => check::run(&arguments),
        Command::Inspect(Later(arguments)) => inspect::run(&arguments),
        Command::Explain(Later(arguments)) => explain::run(&arguments),
        Command::Fleet(Later(arguments)) => fleet::run(&arguments),
        Command::Simulate(Later(arguments)) => simulate::run(&arguments),
        Command::Init(Later(arguments)) => init::run(&arguments),
        Command::Policy(Later(command)) => policy::run(&command),
        Command::Snapshot(Later(arguments)) => snapshot::run(&arguments),
        Command::Metrics(Later(arguments)) => metrics::run(&arguments),
        Command::PortalFeed(Later(arguments)) => portal_feed::run(&arguments),
        Command::Records(Later(arguments)) => records::run(&arguments),
        Command::Publish(Later(arguments)) => publish::run(&arguments),
        Command::Serve(Later(arguments)) => serve::run(&arguments),
        Command::Doctor(Later(arguments)) => doctor::run(&arguments),
        Command::Action => action::run(),
        Command::Read => read::run(),
        Command::Formats => list::formats(),
        Command::Rules => list::rules(),
        Command::Reference => list::reference(),
        Command::Completions(Later(arguments)) => manual::completions(&arguments),
        Command::Man(Later(arguments)) => manual::man(&arguments),
    };
    match status {
        Ok(status) => status.into(),
        Err(error) => {
            let status = exit::of_error(&error);
            output::complain(&error);
            status.into()
        }
    }
}
