//! `tollgate serve`: the organisation's own check runner.

mod checking;
mod jobs;
mod replay;

use super::exit::{PublishFailed, WrongUse};
use super::{ExitStatus, output, publish};
use crate::io::ci::Environment;
use crate::io::github::Network;
use crate::server::configuration::{Configuration, LogStyle, SETTINGS, StorePlace};
use crate::server::service::{self, Parts};
use crate::server::store::{Postgres, Sqlite, Store};
use crate::server::worker::JudgeChange;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::net::TcpListener;

/// Arguments of `tollgate serve`.
#[derive(Debug, clap::Args)]
#[command(after_help = after_help())]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    /// A file of settings
    #[arg(long, value_name = "FILE", global = true)]
    config: Option<PathBuf>,
    /// The folder of the embedded store; made if it is not there
    #[arg(long, value_name = "DIR", global = true)]
    data: Option<String>,
    /// PostgreSQL instead, for more than one replica
    #[arg(long, value_name = "URL", global = true)]
    database: Option<String>,
    /// Show the pages to everybody who reaches them, without signing in
    #[arg(long)]
    public_read: bool,
    /// Judge what was judged in the last days once more, with this program, and list what changes; nothing is posted
    #[arg(long, value_name = "DAYS", value_parser = crate::cli::recorded::parse_days, conflicts_with = "check")]
    replay: Option<u32>,
    /// Check the settings, the store and the App, and do not serve
    #[arg(long)]
    check: bool,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// List the jobs that were given up, or try them again
    Jobs(jobs::Arguments),
}

/// The settings, below `--help`.
fn after_help() -> String {
    let mut text =
        "Settings, one a line in the file (`app-id: 12345`), or in the environment (`TOLLGATE_APP_ID`), \
                    which stands above the file:\n"
            .to_owned();
    for (name, default, meaning) in SETTINGS {
        let default = if default.is_empty() { String::new() } else { format!(" [default: {default}]") };
        let _infallible = writeln!(text, "  {name:<24} {meaning}{default}");
    }
    text.push_str(
        "\nSecrets may stand in TOLLGATE_PRIVATE_KEY, TOLLGATE_WEBHOOK_SECRET, TOLLGATE_CLIENT_SECRET and \
         TOLLGATE_DATABASE_PASSWORD themselves.\n\nExamples:\n  tollgate serve --config /etc/tollgate.yml --check\n  \
         tollgate serve --config /etc/tollgate.yml\n  tollgate serve jobs --config /etc/tollgate.yml --retry all",
    );
    text
}

/// Runs the subcommand.
pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitStatus> {
    let environment = Environment::new(std::env::vars_os());
    let public_read = arguments.public_read.then(|| "true".to_owned());
    let above = [("data", &arguments.data), ("database", &arguments.database), ("public-read", &public_read)];
    let above: Vec<(&str, &str)> =
        above.into_iter().filter_map(|(key, value)| Some((key, value.as_deref()?))).collect();
    let configuration = Configuration::read(arguments.config.as_deref(), &environment, &above)
        .map_err(|errors| WrongUse(output::diagnostics(&errors)))?;
    let network = Network::new(&environment).map_err(|error| WrongUse(output::diagnostics(&[*error])))?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    match (&arguments.command, arguments.replay) {
        (None, Some(days)) => {
            let judge = judge(std::env::current_exe()?);
            runtime.block_on(replay::run(days, &configuration, &network, judge))
        }
        (Some(Command::Jobs(arguments)), _) => {
            runtime.block_on(jobs::run(arguments, &configuration, &network))
        }
        (None, None) if arguments.check => runtime.block_on(checking::run(&configuration, &network)),
        (None, None) => runtime.block_on(serve(configuration, network)),
    }
}

/// A problem of the store, as the program's end.
fn store_failed(error: &crate::server::store::StoreError, place: &StorePlace) -> PublishFailed {
    PublishFailed(output::diagnostics(&[error.diagnostic(&format!("{place:?}"))]))
}

/// Opens the store for serving.
async fn open(place: &StorePlace, network: &Network) -> anyhow::Result<Arc<dyn Store>> {
    match place {
        StorePlace::Folder(folder) => {
            std::fs::create_dir_all(folder).map_err(|error| {
                PublishFailed(format!("the folder {} cannot be made: {error}", folder.display()))
            })?;
            let store = Sqlite::open(folder).map_err(|error| store_failed(&error, place))?;
            Ok(Arc::new(store))
        }
        StorePlace::Database(address, password) => {
            let store = Postgres::connect(address, password.as_ref(), &network.tls()?).await;
            Ok(Arc::new(store.map_err(|error| store_failed(&error, place))?))
        }
    }
}

/// Opens the store beside a service that may be running.
pub(super) async fn open_beside(place: &StorePlace, network: &Network) -> anyhow::Result<Arc<dyn Store>> {
    match place {
        StorePlace::Folder(folder) => {
            let store = Sqlite::beside(folder).map_err(|error| store_failed(&error, place))?;
            Ok(Arc::new(store))
        }
        StorePlace::Database(..) => open(place, network).await,
    }
}

async fn serve(configuration: Configuration, network: Network) -> anyhow::Result<ExitStatus> {
    log(configuration.log);
    let store = open(&configuration.store, &network).await?;
    let scratch = tempfile::tempdir()?;
    let listener = TcpListener::bind(configuration.listen)
        .await
        .map_err(|error| PublishFailed(format!("{} cannot be listened on: {error}", configuration.listen)))?;
    let parts = Parts {
        configuration,
        store,
        network,
        judge: judge(std::env::current_exe()?),
        scratch: scratch.path().to_owned(),
    };
    service::serve(parts, listener, stopped()).await.map_err(|error| PublishFailed(error.to_string()))?;
    Ok(ExitStatus::Passed)
}

/// Judges as `tollgate publish` does: the reports in a process of their own.
fn judge(reader: PathBuf) -> JudgeChange {
    Arc::new(move |question, repository| publish::judge(question, repository, Path::new(&reader)))
}

/// One line an event, on standard error. Only this program's own words, and warnings of others: what others say at
/// lower levels may hold addresses with a signature.
fn log(style: LogStyle) {
    use tracing_subscriber::filter::{LevelFilter, Targets};
    use tracing_subscriber::layer::SubscriberExt as _;
    use tracing_subscriber::util::SubscriberInitExt as _;
    let ours = Targets::new().with_target("tollgate", LevelFilter::INFO).with_default(LevelFilter::WARN);
    let registry = tracing_subscriber::registry().with(ours);
    match style {
        LogStyle::Json => {
            let layer =
                tracing_subscriber::fmt::layer().json().flatten_event(true).with_writer(std::io::stderr);
            registry.with(layer).init();
        }
        LogStyle::Text => {
            registry.with(tracing_subscriber::fmt::layer().with_writer(std::io::stderr)).init();
        }
    }
}

/// Ends when the operator or the machine says so.
async fn stopped() {
    let interrupt = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        match signal(SignalKind::terminate()) {
            Ok(mut terminate) => {
                tokio::select! {
                    _ = interrupt => {}
                    _ = terminate.recv() => {}
                }
            }
            Err(_) => drop(interrupt.await),
        }
    }
    #[cfg(not(unix))]
    drop(interrupt.await);
}
