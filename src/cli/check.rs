//! `tollgate check`: gather → read → judge → print.

use super::exit::WrongUse;
use super::files::Files;
use super::judging::{self, Judged, Question};
use super::policies::PolicyOptions;
use super::{ExitStatus, output};
use crate::diagnostic::Diagnostic;
use crate::formats::Source;
use crate::io::ci::{self, Environment};
use crate::io::git::RunKind;
use crate::io::jobs;
use crate::model::{Kind, Verdict};
use crate::render;
use crate::render::summary::Page;
use crate::wire;
use crate::wire::verdict::VerdictRecord;
use clap::ValueEnum;
use std::path::PathBuf;
use std::sync::Arc;

/// Arguments of `tollgate check`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Without a policy, reports are found by their content and the built-in policy judges: no failing test, at least \
one test, no new finding of severity high or above. `.github/tollgate.yml` says more.

Examples:
  tollgate check                                   # judge what is in this directory
  tollgate check --base origin/main                # the change since the merge base
  tollgate check --report coverage=out/lcov.info   # another place for a kind of report
  tollgate check --format json > verdict.json
  tollgate check --context tollgate-context.gz     # as CI judged, on a laptop
  tollgate check --write-html verdict.html --write-junit gate.xml")]
pub(super) struct Arguments {
    /// The directory to judge: root of policy, paths and globs
    #[arg(default_value = ".", value_name = "DIR")]
    dir: PathBuf,
    #[command(flatten)]
    policy: PolicyOptions,
    /// Read the reports of a kind (tests, coverage, scan) from here; may be repeated
    #[arg(long = "report", value_name = "KIND=GLOB", value_parser = parse_report)]
    reports: Vec<(Kind, String)>,
    /// The branch or commit that the change is compared with [default: the remote's default branch]
    #[arg(long, value_name = "REF-OR-SHA")]
    base: Option<String>,
    /// How the CI jobs or steps ended: toJSON(needs), toJSON(steps), or the API's list of jobs
    #[arg(long, value_name = "FILE")]
    jobs: Option<PathBuf>,
    /// The base's evidence, written there by --save-snapshot
    #[arg(long, value_name = "FILE")]
    base_snapshot: Option<PathBuf>,
    /// By what CI judged (written there by --save-context), for the same verdict on a laptop
    #[arg(long, value_name = "FILE", conflicts_with_all = ["policy", "org_policy", "repo_facts", "base_snapshot"])]
    context: Option<PathBuf>,
    /// Also write by what this judges, for --context: the policies and the base's evidence, no secret and no person
    #[arg(long, value_name = "FILE")]
    save_context: Option<PathBuf>,
    /// What to print
    #[arg(long, value_enum, default_value_t = OutputFormat::Text)]
    format: OutputFormat,
    /// Also write all evidence of this commit, for --base-snapshot of later changes
    #[arg(long, value_name = "FILE")]
    save_snapshot: Option<PathBuf>,
    /// The largest report that is read, in bytes
    #[arg(long, value_name = "N", default_value_t = Source::DEFAULT_MAX_BYTES)]
    max_report_bytes: u64,
    #[command(flatten)]
    files: Files,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum OutputFormat {
    /// For people, in a terminal or a log
    Text,
    /// The summary as Markdown
    Markdown,
    /// The verdict as JSON, and nothing else
    Json,
}

/// `KIND=GLOB`.
pub(super) fn parse_report(text: &str) -> Result<(Kind, String), String> {
    let (kind, glob) = text.split_once('=').ok_or("expected KIND=GLOB, such as tests=out/junit.xml")?;
    let kind = [Kind::Tests, Kind::Coverage, Kind::Scan]
        .into_iter()
        .find(|known| known.word() == kind)
        .ok_or_else(|| format!("`{kind}` is no kind of report; write tests, coverage or scan"))?;
    Ok((kind, glob.to_owned()))
}

impl Arguments {
    /// The files that this run writes; one left from the last run is no report.
    fn written(&self) -> Vec<PathBuf> {
        let others =
            [&self.save_snapshot, &self.base_snapshot, &self.jobs, &self.context, &self.save_context];
        let others = others.into_iter().flatten();
        self.files.paths().chain(others).cloned().collect()
    }
}

/// Runs it.
pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitStatus> {
    let environment = Environment::new(std::env::vars_os());
    let wrong_use = |error: Box<Diagnostic>| WrongUse(output::diagnostics(&[*error]));
    let run = ci::run_of(&environment).map_err(wrong_use)?;
    let is_alone = run.kind == RunKind::Local && arguments.context.is_none();
    let context = arguments.context.as_deref();
    let context = context.map(|path| judging::context::read(path, &arguments.dir, &run)).transpose()?;
    let judged = judging::answer(Question {
        policy: PolicyOptions { context: context.map(Arc::new), ..arguments.policy.clone() },
        facts: ci::facts_of(&environment).map_err(wrong_use)?,
        proposer: ci::proposer_of(&environment).map_err(wrong_use)?,
        reports: arguments.reports.clone(),
        base: arguments.base.clone(),
        jobs: arguments.jobs.as_deref().map(jobs::read).transpose().map_err(wrong_use)?,
        base_snapshot: arguments.base_snapshot.clone(),
        written: arguments.written(),
        max_report_bytes: arguments.max_report_bytes,
        keeps_everything: arguments.save_snapshot.is_some() || arguments.files.lists_tests(),
        ..Question::new(arguments.dir.clone(), run)
    })?;
    let Judged { head, verdict, author, .. } = &judged;
    arguments.files.write(head, verdict, author.as_ref(), &environment)?;
    if let Some(path) = &arguments.save_snapshot {
        output::write_file(path, &wire::snapshot::write(head))?;
    }
    if let Some(path) = &arguments.save_context {
        output::write_file(path, &wire::context::write(&judged.context()))?;
    }
    let text = match arguments.format {
        OutputFormat::Text => render::terminal::render(verdict, output::style()),
        OutputFormat::Markdown => render::summary::render(verdict, Page::JOB_SUMMARY),
        OutputFormat::Json => json(verdict)?,
    };
    output::print(&text)?;
    let lacks = judged.lacks();
    if is_alone && !lacks.is_empty() && arguments.format == OutputFormat::Text {
        output::note(&format!(
            "note: judged without {}, so CI may say otherwise; `--context FILE` has what CI judged by\n",
            lacks.join(", ")
        ));
    }
    Ok(verdict.kind.into())
}

fn json(verdict: &Verdict) -> anyhow::Result<String> {
    Ok(String::from_utf8(wire::verdict::write(&VerdictRecord::from(verdict)))?)
}
