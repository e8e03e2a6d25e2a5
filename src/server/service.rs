//! The service as a whole: one listener, the worker and the sweeps, until it is told to stop.

use super::configuration::Configuration;
use super::figures::Figures;
use super::health::{self, Health};
use super::installations::Installations;
use super::pages::{self, Access, Accounts, Pages};
use super::store::Store;
use super::sweep::Sweeper;
use super::webhook::{self, Receiver, Secrets};
use super::worker::{JudgeChange, Worker};
use crate::io::github::{Network, RequestError, SignIn};
use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tower_http::catch_panic::CatchPanicLayer;

/// How long jobs may take to end when the service stops; whoever comes next does the rest.
const MAX_STOPPING: Duration = Duration::from_secs(25);

/// Why the service ended.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// No client for GitHub can be made.
    #[error("GitHub cannot be asked: {0}")]
    Client(#[from] RequestError),
    /// The listener failed.
    #[error("the address cannot be served: {0}")]
    Listener(#[from] std::io::Error),
}

/// What the service is made of.
pub struct Parts {
    /// The settings.
    pub configuration: Configuration,
    /// The store.
    pub store: Arc<dyn Store>,
    /// How GitHub is reached.
    pub network: Network,
    /// Who judges.
    pub judge: JudgeChange,
    /// A folder of the process's own.
    pub scratch: PathBuf,
}

/// Serves until `stop`, and then ends what was begun.
///
/// # Errors
/// When it cannot begin, or the listener fails.
pub async fn serve(
    parts: Parts,
    listener: TcpListener,
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<(), ServeError> {
    let Parts { configuration, store, network, judge, scratch } = parts;
    let figures = Arc::new(Figures::default());
    let app = Arc::clone(&configuration.app);
    let access = access(&configuration, &network);
    let installations = Arc::new(Installations::new(configuration.api.clone(), app, network)?);
    let receiver = Receiver {
        store: Arc::clone(&store),
        secrets: Secrets::new(&configuration.webhook_secrets),
        app: configuration.app.id(),
        figures: Arc::clone(&figures),
    };
    let health = Health { store: Arc::clone(&store), figures: Arc::clone(&figures) };
    let pages = Pages::new(Arc::clone(&store), access);
    let routes = webhook::routes(Arc::new(receiver))
        .merge(health::routes(Arc::new(health)))
        .merge(pages::routes(Arc::new(pages)))
        // A bug in one answer is an answer, too, and ends nothing else.
        .layer(CatchPanicLayer::new());
    let worker = Worker {
        store: Arc::clone(&store),
        installations: Arc::clone(&installations),
        judge,
        figures: Arc::clone(&figures),
        at_once: configuration.workers,
        per_repository: configuration.per_repository,
        artifacts: configuration.artifacts.clone(),
        authorities: configuration.authorities.clone(),
        deadline: configuration.deadline,
        oldest_policy: configuration.oldest_policy,
        keeps_evidence: !configuration.keep_evidence.is_zero(),
        pages: configuration.public_url.clone(),
        scratch,
    };
    let sweeper = Sweeper {
        store,
        installations,
        figures,
        keep_evidence: configuration.keep_evidence,
        keep_records: configuration.keep_records,
    };
    let (tell, told) = watch::channel(false);
    let working = tokio::spawn(Arc::new(worker).run(told.clone()));
    let sweeping = tokio::spawn(Arc::new(sweeper).run(told.clone()));
    if let Ok(address) = listener.local_addr() {
        tracing::info!(%address, "listening");
    }
    let mut intake_stops = told;
    let serving = axum::serve(listener, routes)
        .with_graceful_shutdown(async move {
            // The other side lives as long as the service.
            drop(intake_stops.wait_for(|stopped| *stopped).await);
        })
        .into_future();
    let stopping = async move {
        stop.await;
        tracing::info!("stopping: no delivery is taken any more, and what was begun is ended");
        tell.send_replace(true);
        // Held until all have seen it.
        tell
    };
    let (served, tell) = tokio::join!(serving, stopping);
    let ended = async {
        drop(working.await);
        drop(sweeping.await);
    };
    if tokio::time::timeout(MAX_STOPPING, ended).await.is_err() {
        tracing::warn!("jobs that did not end in time are done again by who comes next");
    }
    drop(tell);
    Ok(served?)
}

/// Who may read the pages.
fn access(configuration: &Configuration, network: &Network) -> Access {
    if configuration.public_read {
        return Access::Public;
    }
    let (Some((client_id, client_secret)), Some(url)) = (&configuration.sign_in, &configuration.public_url)
    else {
        return Access::Closed;
    };
    let accounts = Accounts::new(SignIn {
        api: configuration.api.clone(),
        network: network.clone(),
        client_id: client_id.clone(),
        client_secret: client_secret.clone(),
        redirect: format!("{url}/signed-in"),
    });
    accounts.map_or(Access::Closed, |accounts| Access::Accounts(Box::new(accounts)))
}
