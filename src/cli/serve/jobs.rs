//! `tollgate serve jobs`: what was given up, and another try.

use super::{open_beside, store_failed};
use crate::cli::{ExitStatus, output};
use crate::io::github::Network;
use crate::model::Moment;
use crate::render::escape::log_line;
use crate::server::configuration::Configuration;
use crate::server::store::DeadJob;

/// So many are listed.
const MOST: u32 = 1_000;

/// Arguments of `tollgate serve jobs`.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Try one of them again, or `all`
    #[arg(long, value_name = "NUMBER|all", value_parser = parse_retry)]
    retry: Option<Retry>,
}

#[derive(Clone, Copy, Debug)]
enum Retry {
    All,
    One(i64),
}

fn parse_retry(text: &str) -> Result<Retry, String> {
    match text {
        "all" => Ok(Retry::All),
        number => number.parse().map(Retry::One).map_err(|_| "expected a job's number, or `all`".to_owned()),
    }
}

/// Runs the subcommand; it works while the service runs.
pub(super) async fn run(
    arguments: &Arguments,
    configuration: &Configuration,
    network: &Network,
) -> anyhow::Result<ExitStatus> {
    let store = open_beside(&configuration.store, network).await?;
    let failed = |error| store_failed(&error, &configuration.store);
    let text = match arguments.retry {
        Some(retry) => {
            let job = match retry {
                Retry::All => None,
                Retry::One(number) => Some(number),
            };
            let count = store.revive(job, store.clock().now()).await.map_err(failed)?;
            format!("{count} jobs are tried again\n")
        }
        None => listing(&store.dead_jobs(MOST).await.map_err(failed)?),
    };
    output::print(&text)?;
    Ok(ExitStatus::Passed)
}

fn listing(jobs: &[DeadJob]) -> String {
    if jobs.is_empty() {
        return "no job was given up\n".to_owned();
    }
    let mut text = String::new();
    for job in jobs {
        let seconds = u64::try_from(job.died.0 / 1_000).unwrap_or_default();
        let died = Moment::from_seconds(seconds).rfc3339().unwrap_or_default();
        text.push_str(&log_line(&format!(
            "{}  {died}  {} {} {}  tried {} times: {}",
            job.id, job.kind, job.repository, job.subject, job.attempts, job.problem
        )));
        text.push('\n');
    }
    text
}
