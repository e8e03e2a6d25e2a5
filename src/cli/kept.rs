//! The records that a service keeps, read beside it: one chain for each repository.

use super::exit::{PublishFailed, WrongUse};
use super::{output, serve};
use crate::io::ci::Environment;
use crate::io::github::Network;
use crate::records::chain::Stored;
use crate::server::configuration::StorePlace;
use crate::server::store::{Store, places, stored};
use secrecy::SecretString;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::runtime::Runtime;

/// So many repositories are listed at once.
const BATCH: u32 = 500;

/// Which service.
#[derive(Debug, clap::Args)]
#[group(multiple = false)]
pub(super) struct Service {
    /// The folder of a service's embedded store instead
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// The PostgreSQL of a service instead; its password may stand in TOLLGATE_DATABASE_PASSWORD
    #[arg(long, value_name = "URL")]
    database: Option<String>,
}

/// The store of a service.
pub(super) struct Kept {
    runtime: Runtime,
    store: Arc<dyn Store>,
}

impl Service {
    /// Opens the store; `None` if no service was named.
    pub(super) fn open(&self) -> anyhow::Result<Option<Kept>> {
        let environment = Environment::new(std::env::vars_os());
        let place = match (&self.data, &self.database) {
            (Some(folder), _) => StorePlace::Folder(folder.clone()),
            (None, Some(address)) => {
                let password = environment.get("TOLLGATE_DATABASE_PASSWORD").map(SecretString::from);
                StorePlace::Database(address.clone(), password)
            }
            (None, None) => return Ok(None),
        };
        let network = Network::new(&environment).map_err(|error| WrongUse(output::diagnostics(&[*error])))?;
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let store = runtime.block_on(serve::open_beside(&place, &network))?;
        Ok(Some(Kept { runtime, store }))
    }
}

impl Kept {
    /// The repositories that have a chain, by name.
    pub(super) fn repositories(&self) -> anyhow::Result<Vec<String>> {
        let (mut names, mut after) = (Vec::new(), String::new());
        loop {
            let batch = self.runtime.block_on(self.store.chains(&after, BATCH)).map_err(failed)?;
            let Some(last) = batch.last() else { return Ok(names) };
            after.clone_from(last);
            let is_last = batch.len() < BATCH as usize;
            names.extend(batch);
            if is_last {
                return Ok(names);
            }
        }
    }

    /// The chain of a repository from its first entry on, one record at a time.
    pub(super) fn chain(
        &self,
        repository: &str,
    ) -> anyhow::Result<impl Iterator<Item = anyhow::Result<Stored>> + '_> {
        let places = self.runtime.block_on(places(&*self.store, repository)).map_err(failed)?;
        Ok(places.into_iter().map(move |place| -> anyhow::Result<Stored> {
            let stored = self.runtime.block_on(stored(&*self.store, place)).map_err(failed)?;
            let gone =
                "error: a record was removed while the chain was read (`keep-records-days`): try again";
            Ok(stored.ok_or_else(|| PublishFailed(gone.to_owned()))?)
        }))
    }
}

fn failed(error: crate::server::store::StoreError) -> PublishFailed {
    PublishFailed(format!("error: {error}"))
}
