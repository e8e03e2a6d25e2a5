//! `tollgate serve --replay 7d`: what this program would say of what was judged before, and nothing is posted.

use super::{open_beside, store_failed};
use crate::cli::{ExitStatus, output};
use crate::io::github::{Client, Identity, Network, Tape};
use crate::render::escape::log_line;
use crate::server::configuration::Configuration;
use crate::server::evaluation::{Evaluation, Target, Trust, evaluate};
use crate::server::store::{Record, RecordQuery, Store};
use crate::server::worker::{self, JudgeChange, evidence_key};
use std::sync::Arc;
use std::time::Duration;

/// Records that are read in one step.
const PAGE: u32 = 50;

/// What came of it.
#[derive(Default)]
struct Replayed {
    same: u64,
    /// The verdict stays, and not every byte of its record.
    reworded: Vec<String>,
    flips: Vec<String>,
    without_evidence: u64,
    failed: Vec<String>,
}

/// Judges what the store keeps of the last days once more.
pub(super) async fn run(
    days: u32,
    configuration: &Configuration,
    network: &Network,
    judge: JudgeChange,
) -> anyhow::Result<ExitStatus> {
    let store = open_beside(&configuration.store, network).await?;
    let failed = |error| store_failed(&error, &configuration.store);
    let scratch = tempfile::tempdir()?;
    let client = Client::new(configuration.api.clone(), Identity::nobody(), network)?;
    let since = store.clock().now().before(Duration::from_secs(u64::from(days) * 24 * 3_600));
    let mut replayed = Replayed::default();
    let mut query = RecordQuery { since: Some(since), limit: PAGE, ..RecordQuery::default() };
    loop {
        let page = store.records(query.clone()).await.map_err(failed)?;
        let Some(last) = page.last() else { break };
        query.before = Some(last.id);
        for record in &page {
            let tape = match evidence_key(&record.what) {
                Some(key) => store.evidence(&key).await.map_err(failed)?,
                None => None,
            };
            let Some(tape) = tape.as_deref().and_then(Tape::read) else {
                replayed.without_evidence += 1;
                continue;
            };
            let confirmed = confirmed(&store, record).await.map_err(failed)?;
            let commit = store.commit(&record.what.repository, &record.what.sha).await.map_err(failed)?;
            let target = Target {
                merged_by: commit.and_then(|commit| commit.merged_by),
                confirmed_by: confirmed.map(|login| login.as_str().into()),
                as_of: worker::day(record.what.decided),
                trust: Trust { authorities: configuration.authorities.clone(), reader: None },
                ..Target::new(&record.what.repository, &record.what.sha, configuration.artifacts.clone())
            };
            let repository = record.what.repository.clone();
            let judge = |question: crate::server::evaluation::Question<'_>| judge(question, &repository);
            let evaluated = tape.along(evaluate(&client, &target, scratch.path(), &judge)).await;
            replayed.add(record, evaluated.map_err(|error| error.to_string()));
        }
    }
    output::print(&replayed.text())?;
    Ok(if replayed.flips.is_empty() { ExitStatus::Passed } else { ExitStatus::NeedsChanges })
}

/// Who stood for the evidence when the verdict was given.
async fn confirmed(
    store: &Arc<dyn Store>,
    record: &Record,
) -> Result<Option<String>, crate::server::store::StoreError> {
    let confirmed = store.confirmed(&record.what.repository, &record.what.sha).await?;
    Ok(confirmed.filter(|confirmed| confirmed.at <= record.what.decided).map(|confirmed| confirmed.login))
}

impl Replayed {
    fn add(&mut self, record: &Record, evaluated: Result<Evaluation, String>) {
        let before = &record.what.kind;
        let place = format!("{} {}", record.what.repository, record.what.sha);
        match evaluated {
            Ok(Evaluation::Judged(judged)) => {
                let now = judged.judgement.verdict.kind.word();
                let what = &record.what;
                if worker::record(&what.repository, &what.sha, &judged, what.decided) == *what {
                    self.same += 1;
                } else if now == before {
                    self.reworded.push(place);
                } else {
                    self.flips.push(format!("{place}  {before} -> {now}"));
                }
            }
            Ok(_) => self.failed.push(format!("{place}  is not judged any more")),
            Err(error) => self.failed.push(format!("{place}  {error}")),
        }
    }

    fn text(&self) -> String {
        let mut text = String::new();
        let parts = [
            ("other verdicts", &self.flips),
            ("the same verdict with other details", &self.reworded),
            ("not judged", &self.failed),
        ];
        for (title, lines) in parts {
            if !lines.is_empty() {
                text.push_str(&format!("{title}:\n"));
            }
            for line in lines {
                text.push_str(&format!("  {}\n", log_line(line)));
            }
        }
        text.push_str(&format!(
            "{} verdicts stay byte for byte, {} with other details, {} change, {} cannot be judged again; of {} no \
             evidence is kept\n",
            self.same,
            self.reworded.len(),
            self.flips.len(),
            self.failed.len(),
            self.without_evidence
        ));
        text
    }
}
