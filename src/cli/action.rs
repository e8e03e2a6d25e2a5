//! `tollgate action`: what `action.yml` runs (issue of the first stage; gate.md T18–T20, DECISIONS 29, 38).
//!
//! Everything comes from the environment. What a person reads is written first to the runner's files, so that a
//! job that ends here with an error has said why; the log ends with the verdict and with where to read on.

use super::check::parse_report;
use super::exit::WrongUse;
use super::judging::{self, Judged, Question};
use super::policies::{Elsewhere, PolicyOptions};
use super::{ExitStatus, output, publish};
use crate::diagnostic::Diagnostic;
use crate::formats::Source;
use crate::io::actions::{self, Actions, Output, Stage, VERDICT_FILE};
use crate::io::ci::Environment;
use crate::io::collect;
use crate::io::git::RunKind;
use crate::io::github;
use crate::io::jobs;
use crate::model::{JobReports, Kind, Mode, OutcomeKind, Untrusted, Verdict, VerdictKind};
use crate::render;
use crate::render::escape::{log_line, markdown_fence, workflow_command_data};
use crate::render::summary::Page;
use crate::render::terminal::Style;
use crate::wire;
use std::path::{Path, PathBuf};

/// The evidence of a push to the default branch, in the workspace.
const SNAPSHOT_FILE: &str = "tollgate-snapshot.json.gz";

/// By what it was judged, in the workspace.
const CONTEXT_FILE: &str = "tollgate-context.json.gz";

/// What a check in the pull request's own run is worth (DECISIONS 38).
const NOT_FORGERY_PROOF: &str = "This check is not forgery-proof: it runs in the pull request's own workflow, \
     which the pull request can edit.";

/// Runs it.
pub(super) fn run() -> anyhow::Result<ExitStatus> {
    let environment = Environment::new(std::env::vars_os());
    act(&environment).inspect_err(|error| say_failure(&environment, error))
}

fn act(environment: &Environment) -> anyhow::Result<ExitStatus> {
    let wrong = |error: Box<Diagnostic>| wrong_use(&error);
    match actions::stage(environment).map_err(wrong)? {
        Stage::Check => judge(&actions::read(environment).map_err(wrong)?),
        Stage::Collect => collect(&actions::read(environment).map_err(wrong)?, environment),
        Stage::Publish => publish::publish(environment, &actions::publishing(environment).map_err(wrong)?),
    }
}

fn judge(actions: &Actions) -> anyhow::Result<ExitStatus> {
    let verdict_file = actions.workspace.join(VERDICT_FILE);
    let judged = judging::answer(question(actions, &verdict_file)?)?;
    let problems = write_files(actions, &judged, &verdict_file);
    let verdict = &judged.verdict;
    output::print(&log(verdict, actions, &problems))?;
    match verdict.kind {
        // A pass that nobody can read is none.
        VerdictKind::Passed if !problems.is_empty() => Ok(ExitStatus::WrongUse),
        kind => Ok(kind.into()),
    }
}

fn wrong_use(error: &Diagnostic) -> WrongUse {
    WrongUse(output::diagnostics(std::slice::from_ref(error)))
}

/// Packs the reports and says where they are. Whatever they say: the job that judges them says it.
fn collect(actions: &Actions, environment: &Environment) -> anyhow::Result<ExitStatus> {
    let found = judging::find_without_policy(&actions.dir, &named_reports(actions)?)?;
    let steps = environment.input("steps");
    let collected = collect::collect(&found, &actions.workspace, &actions.dir, steps, environment)
        .map_err(|error| wrong_use(&error))?;
    if let Some(path) = &actions.output {
        let output = Output { name: "collected", value: collected.folder.clone() };
        actions::write_outputs(path, &[output]).map_err(|error| wrong_use(&error))?;
    }
    let mut text = String::new();
    if collected.files == 0 {
        text.push_str("::warning title=Tollgate::no report was found; the job that judges will miss it\n");
    }
    text.push_str(&output::diagnostics(&collected.left_out));
    let (files, bytes, left_out) = (collected.files, collected.bytes, collected.left_out.len());
    let summary =
        format!("packed {files} reports ({bytes} bytes) into {}, left out {left_out}", collected.folder);
    text.push_str(&log_line(&summary));
    text.push_str("\nupload that folder with actions/upload-artifact\n");
    output::print(&text)?;
    Ok(ExitStatus::Passed)
}

/// The input `reports`.
fn named_reports(actions: &Actions) -> anyhow::Result<Vec<(Kind, String)>> {
    let mut reports = Vec::new();
    for line in &actions.reports {
        let report = parse_report(line).map_err(|why| {
            wrong_use(&actions::bad_input(&format!("a line of the input `reports` cannot be used: {why}")))
        })?;
        reports.push(report);
    }
    Ok(reports)
}

fn question(actions: &Actions, verdict_file: &Path) -> anyhow::Result<Question> {
    let artifacts = actions.artifacts.as_ref().map(github::fetch);
    let mut jobs = actions.jobs.clone();
    if let Some(fetched) = &artifacts {
        let known = jobs.get_or_insert_default();
        known.jobs = jobs::joined(std::mem::take(&mut known.jobs), fetched.listed.as_deref(), &fetched.legs);
        // The steps of this job wrote none of the reports that it judges here.
        for step in known.jobs.iter_mut().filter(|job| job.reports == JobReports::All) {
            step.reports = JobReports::Unknown;
        }
        known.jobs.extend(fetched.jobs.jobs.iter().cloned());
        known.jobs.sort();
        // Steps of legs stand among the jobs now.
        known.each_leg = false;
    }
    Ok(Question {
        dir: actions.dir.clone(),
        run: actions.run.clone(),
        policy: PolicyOptions {
            policy: actions.policy.clone(),
            org_policy: actions.org_policy.clone(),
            elsewhere: actions.organisation.clone().map_or(Elsewhere::Nowhere, Elsewhere::GitHub),
            ..PolicyOptions::default()
        },
        facts: actions.facts.clone(),
        proposer: actions.proposer.clone(),
        reports: named_reports(actions)?,
        base: None,
        jobs,
        base_snapshot: None,
        snapshots: actions.snapshots.clone(),
        written: [
            verdict_file,
            &actions.workspace.join(SNAPSHOT_FILE),
            &actions.workspace.join(CONTEXT_FILE),
        ]
        .map(PathBuf::from)
        .to_vec(),
        workspaces: actions.workspaces.clone(),
        artifacts,
        max_report_bytes: Source::DEFAULT_MAX_BYTES,
        keeps_everything: actions.keeps_snapshot,
        second_stage: None,
    })
}

/// Writes outputs, summary and JSON; gives what could not be written.
fn write_files(actions: &Actions, judged: &Judged, verdict_file: &Path) -> Vec<Diagnostic> {
    let Judged { verdict, head, author, .. } = judged;
    let author = author.as_ref();
    let environment = Environment::new(std::env::vars_os());
    let json = wire::verdict::write(&super::occasion::record(verdict, author, &environment));
    let json = actions::replace_file(verdict_file, &json);
    let mut outputs = vec![
        Output { name: "verdict", value: verdict.kind.word().to_owned() },
        Output { name: "rules-not-met", value: not_met(verdict).to_string() },
    ];
    if json.is_ok() {
        outputs.push(Output { name: "json", value: VERDICT_FILE.to_owned() });
    }
    let snapshot = if actions.keeps_snapshot {
        actions::replace_file(&actions.workspace.join(SNAPSHOT_FILE), &wire::snapshot::write(head))
    } else {
        Ok(())
    };
    if actions.keeps_snapshot && snapshot.is_ok() {
        outputs.push(Output { name: "snapshot", value: SNAPSHOT_FILE.to_owned() });
    }
    let context = actions::replace_file(
        &actions.workspace.join(CONTEXT_FILE),
        &wire::context::write(&judged.context()),
    );
    if context.is_ok() {
        outputs.push(Output { name: "context", value: CONTEXT_FILE.to_owned() });
    }
    let outputs = match &actions.output {
        Some(path) => actions::write_outputs(path, &outputs),
        None => Ok(()),
    };
    let summary = match &actions.summary {
        Some(path) => {
            let note = if actions.run.kind == RunKind::Branch { "" } else { NOT_FORGERY_PROOF };
            let page = Page { budget_bytes: actions::summary_room(path), note };
            actions::append_summary(path, &render::summary::render(verdict, page))
        }
        None => Ok(()),
    };
    [json, snapshot, context, outputs, summary]
        .into_iter()
        .filter_map(Result::err)
        .map(|error| *error)
        .collect()
}

/// Enforced rules that are not met.
fn not_met(verdict: &Verdict) -> usize {
    let rows = verdict.rows();
    rows.filter(|row| row.mode == Mode::Enforce && row.kind == OutcomeKind::NotMet).count()
}

/// Annotations, what could not be written, and the page whose last lines are the steps and the verdict.
fn log(verdict: &Verdict, actions: &Actions, problems: &[Diagnostic]) -> String {
    let mut text = render::annotations::render(verdict).join("\n");
    text.push_str("\n\n");
    text.push_str(&output::diagnostics(problems));
    text.push_str(&render::terminal::render(verdict, Style::PLAIN));
    let place = if actions.run_page.is_empty() { "the summary of this job" } else { &actions.run_page };
    text.push_str(&log_line(&format!("read on: {place} (summary), {VERDICT_FILE} (record)")));
    text.push('\n');
    text
}

/// Says in the runner's places that there is no verdict, as far as they can be written; the problem itself is
/// printed by the caller.
fn say_failure(environment: &Environment, error: &anyhow::Error) {
    let text = if error.is::<WrongUse>() { error.to_string() } else { format!("error: {error:#}") };
    let first = text.lines().next().unwrap_or_default();
    let message = workflow_command_data(&Untrusted::from(format!("No verdict: {first}")), 800);
    let mut problems = Vec::new();
    if let Some(path) = environment.get("GITHUB_OUTPUT") {
        let verdict = Output { name: "verdict", value: VerdictKind::NoVerdict.word().to_owned() };
        problems.extend(actions::write_outputs(Path::new(path), &[verdict]).err());
    }
    if let Some(path) = environment.get("GITHUB_STEP_SUMMARY") {
        let page = format!(
            "### ⚠️ No verdict: Tollgate could not judge\n\n{}\n",
            markdown_fence(&Untrusted::from(text), 4_000, 60)
        );
        problems.extend(actions::append_summary(Path::new(path), &page).err());
    }
    let problems: Vec<Diagnostic> = problems.into_iter().map(|problem| *problem).collect();
    if output::print(&format!("::error title=Tollgate::{message}\n")).is_err() {
        // Nobody is listening.
    }
    output::note(&output::diagnostics(&problems));
}
