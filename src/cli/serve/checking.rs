//! `tollgate serve --check`: everything that can be found out before it serves.

use super::{open_beside, store_failed};
use crate::cli::exit::PublishFailed;
use crate::cli::{ExitStatus, output};
use crate::diagnostic::{Code, Diagnostic, Origin, Weight};
use crate::io::github::{App, Network};
use crate::server::configuration::{Configuration, StorePlace};
use crate::server::installations::{Installations, PERMISSIONS};
use crate::server::sweep::EVENTS;
use std::sync::Arc;

/// Checks the store and the App, and says what it found.
pub(super) async fn run(configuration: &Configuration, network: &Network) -> anyhow::Result<ExitStatus> {
    let mut text = "ok    the settings can be used\n".to_owned();
    text.push_str(&match configuration.keep_records {
        Some(days) => format!("ok    verdicts are kept for {days} days, and older ones are removed\n"),
        None => "ok    verdicts are kept without end\n".to_owned(),
    });
    let is_new = matches!(&configuration.store, StorePlace::Folder(folder)
        if !folder.join("tollgate.sqlite").exists());
    if is_new {
        text.push_str("ok    the store is not there yet, and is made when the service starts\n");
    } else {
        let store = open_beside(&configuration.store, network).await?;
        store.ready().await.map_err(|error| store_failed(&error, &configuration.store))?;
        text.push_str("ok    the store can be written to\n");
    }
    let app = Arc::clone(&configuration.app);
    let installations = Installations::new(configuration.api.clone(), app, network.clone())?;
    let app = installations.as_app().app().await.map_err(|error| {
        let message = format!("the App cannot be asked: {error}");
        PublishFailed(output::diagnostics(&[problem(message)]))
    })?;
    let problems = differences(&app, configuration.app.id());
    if problems.is_empty() {
        text.push_str("ok    the App has the permissions and events that it needs\n");
        output::print(&text)?;
        return Ok(ExitStatus::Passed);
    }
    output::print(&text)?;
    Err(PublishFailed(output::diagnostics(&problems)).into())
}

/// What the App lacks, and what it has and does not need.
fn differences(app: &App, id: u64) -> Vec<Diagnostic> {
    let mut problems = Vec::new();
    if app.id != id {
        problems.push(problem(format!("the key belongs to App {}, not {id}", app.id)));
    }
    for (name, level) in PERMISSIONS {
        let has = app.permissions.get(name).map(String::as_str);
        let is_enough = has == Some(level) || has == Some("write") || has == Some("admin");
        // `metadata` comes with every App.
        if !is_enough && name != "metadata" {
            problems.push(problem(format!("the App lacks the permission `{name}: {level}`")));
        }
    }
    for event in EVENTS.iter().filter(|event| !event.starts_with("installation")) {
        if !app.events.iter().any(|has| has == event) {
            problems.push(problem(format!("the App does not get the event `{event}`")));
        }
    }
    problems
}

fn problem(message: String) -> Diagnostic {
    Diagnostic::new(Code::AppUnusable, Weight::Error, message, Origin::default())
}
