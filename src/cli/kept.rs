//! The records that a service keeps, read beside it: one chain for each repository.

use super::exit::{PublishFailed, WrongUse};
use super::{output, serve};
use crate::io::ci::Environment;
use crate::io::github::Network;
use crate::records::chain::Stored;
use crate::server::configuration::StorePlace;
use crate::server::store::{RecordQuery, Store, entry};
use secrecy::SecretString;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::runtime::Runtime;

/// So many records are listed at once.
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
    /// The repositories of which there are records, by name.
    pub(super) fn repositories(&self) -> anyhow::Result<Vec<String>> {
        let (mut names, mut after) = (Vec::new(), String::new());
        loop {
            let batch = self.runtime.block_on(self.store.latest(&after, BATCH)).map_err(failed)?;
            let Some(last) = batch.last() else { return Ok(names) };
            after.clone_from(&last.what.repository);
            let is_last = batch.len() < BATCH as usize;
            names.extend(batch.into_iter().map(|record| record.what.repository));
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
        let (mut ids, mut before) = (Vec::new(), None);
        loop {
            let query = RecordQuery {
                repository: Some(repository.to_owned()),
                before,
                limit: BATCH,
                ..RecordQuery::default()
            };
            let batch = self.runtime.block_on(self.store.records(query)).map_err(failed)?;
            let is_last = batch.len() < BATCH as usize;
            before = batch.last().map(|record| record.id);
            ids.extend(batch.into_iter().map(|record| record.id));
            if is_last {
                break;
            }
        }
        ids.reverse();
        Ok(ids.into_iter().map(move |id| -> anyhow::Result<Stored> {
            let record = self.runtime.block_on(self.store.record(id)).map_err(failed)?;
            let record = record.ok_or_else(|| PublishFailed(format!("error: record {id} is gone")))?;
            let entry = entry(record.number, record.previous, &record.what);
            Ok(Stored { entry, hash: record.hash, record: Some(record.what.body) })
        }))
    }
}

fn failed(error: crate::server::store::StoreError) -> PublishFailed {
    PublishFailed(format!("error: {error}"))
}
