//! `tollgate init`: a first policy from today's reports, or from the settings of other tools.

use super::exit::WrongUse;
use super::judging::{self, Judged, Question};
use super::policies::PolicyOptions;
use super::{ExitStatus, output};
use crate::compare::{self, BaseSide, Counted, Counting, Occasion};
use crate::diagnostic::Diagnostic;
use crate::io::beneath::read_named;
use crate::io::ci::{self, Environment};
use crate::io::git::{self, Run, Side};
use crate::io::policy::PolicyText;
use crate::io::setup::{self as files, SetupFiles};
use crate::model::{Date, Kind, Measured, Ratio};
use crate::policy;
use crate::render::setup::{self as page, Shown, Written};
use crate::setup::{self, Facts, POLICY_PLACE, RECENT_DAYS, Recent, TextFile};
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// The largest file of `--from`, in bytes.
const LIMIT: u64 = 1 << 20;

/// Arguments of `tollgate init`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Looks at the reports in the working tree, the workflow files and CODEOWNERS, and proposes a policy that the \
repository would pass today. Nothing is written without --write, and a policy that exists is never changed.

Exits 3 if there is no report to propose anything from.

Examples:
  tollgate init                            # see the proposal
  tollgate init --write                    # write .github/tollgate.yml
  tollgate init --diff | git apply         # the policy, and the step of the workflow
  tollgate init --from codecov.yml         # convert the settings of another tool
  tollgate init --from .github/workflows/ci.yml")]
pub(super) struct Arguments {
    /// The repository
    #[arg(default_value = ".", value_name = "DIR")]
    dir: PathBuf,
    /// Write the policy to .github/tollgate.yml
    #[arg(long)]
    write: bool,
    /// Print the policy and the step of the workflow as a diff
    #[arg(long, conflicts_with = "write")]
    diff: bool,
    /// Convert a workflow with report actions, or a codecov.yml, instead of looking at reports
    #[arg(long, value_name = "FILE", conflicts_with = "diff")]
    from: Option<PathBuf>,
    /// The day from which 90 days are counted back [default: today, in UTC]
    #[arg(long, value_name = "DATE", value_parser = super::policies::parse_date)]
    as_of: Option<Date>,
}

/// Runs it.
pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitStatus> {
    let dir = arguments.dir.as_path();
    if !dir.is_dir() {
        let message =
            format!("error: `{}` is no directory\n  = help: name the repository's root", dir.display());
        return Err(WrongUse(message).into());
    }
    let found = files::files(dir);
    if let (Some(place), true) = (found.policy, arguments.write) {
        let message = format!(
            "error: there is a policy already: {place}\n  = help: it is never overwritten; `tollgate explain` says what it requires"
        );
        return Err(WrongUse(message).into());
    }
    match &arguments.from {
        Some(file) => convert(arguments, file, &found),
        None => propose(arguments, &found),
    }
}

fn propose(arguments: &Arguments, found: &SetupFiles) -> anyhow::Result<ExitStatus> {
    let dir = arguments.dir.as_path();
    let environment = Environment::new(std::env::vars_os());
    let run = ci::run_of(&environment).map_err(|error| WrongUse(output::diagnostics(&[*error])))?;
    // Whatever policy is there, the reports are found by their content.
    let today = judge(dir, &run, "version: 1\n", arguments.as_of)?;
    let facts = Facts {
        head: &today.head,
        failed: failures(&today),
        recent: recent(&today, dir, arguments.as_of),
        workflows: &found.workflows,
        codeowners: found.codeowners.as_ref(),
        contributing: found.contributing.as_ref(),
        manifests: &found.manifests,
    };
    let proposal = setup::propose(&facts);
    if arguments.diff {
        output::print(&page::patches(&proposal, found.policy.is_none(), output::style()))?;
        return Ok(if proposal.policy.is_empty() { ExitStatus::NoVerdict } else { ExitStatus::Passed });
    }
    let verdict = if proposal.policy.is_empty() {
        None
    } else {
        Some(judge(dir, &run, &proposal.policy, arguments.as_of)?.verdict.kind)
    };
    let written = written(arguments, found, &proposal.policy)?;
    let shown = Shown {
        workflows: found.workflows.len(),
        codeowners: found.codeowners.is_some(),
        written,
        verdict,
        diagnostics: &found.diagnostics,
    };
    output::print(&page::proposal(&proposal, &shown, output::style()))?;
    Ok(if proposal.policy.is_empty() { ExitStatus::NoVerdict } else { ExitStatus::Passed })
}

fn convert(arguments: &Arguments, file: &Path, found: &SetupFiles) -> anyhow::Result<ExitStatus> {
    let name = file.to_string_lossy().into_owned();
    let refuse = |line: usize, why: &str| {
        let place = if line == 0 { name.clone() } else { format!("{name}:{line}") };
        WrongUse(format!(
            "error: `{place}` cannot be converted: {why}\n  = help: name a workflow with report actions, or a codecov.yml"
        ))
    };
    let bytes = read_named(file, LIMIT).map_err(|error| refuse(0, &error.to_string()))?;
    let text = String::from_utf8(bytes).map_err(|_| refuse(0, "it is not valid UTF-8"))?;
    let conversion = setup::convert(&TextFile { name: name.clone(), text })
        .map_err(|error| refuse(error.line, &error.why))?;
    let written = written(arguments, found, &conversion.policy)?;
    output::print(&page::conversion(&conversion, &name, written, output::style()))?;
    Ok(if conversion.policy.is_empty() { ExitStatus::NoVerdict } else { ExitStatus::Passed })
}

/// Judges the directory by a policy that stands in no file.
fn judge(dir: &Path, run: &Run, policy: &str, as_of: Option<Date>) -> anyhow::Result<Judged> {
    let proposed = Some(PolicyText {
        file: POLICY_PLACE.into(),
        text: policy.to_owned(),
        read_from: "proposed".into(),
        commit: String::new(),
    });
    let policy = PolicyOptions { proposed, as_of, ..PolicyOptions::default() };
    judging::answer(Question { policy, ..Question::new(dir.to_owned(), run.clone()) })
}

fn failures(today: &Judged) -> u64 {
    let outcome = today.verdict.outcomes.iter().find(|outcome| outcome.rule == "tests.failed");
    match outcome.map(|outcome| outcome.measured) {
        Some(Measured::Count(count)) => count,
        _ => 0,
    }
}

/// How well the lines of the last months are covered.
fn recent(today: &Judged, dir: &Path, as_of: Option<Date>) -> Recent {
    if today.head.reports_of(Kind::Coverage).next().is_none() {
        return Recent::Unknown("there is no coverage".to_owned());
    }
    let Some(day) = as_of.or_else(judging::today) else {
        return Recent::Unknown("today's date is not known".to_owned());
    };
    let moment = (i64::from(day.days()) - i64::from(RECENT_DAYS)) * 86_400;
    let lines = git::open(dir)
        .map_err(|error: Box<Diagnostic>| error.message.raw().to_owned())
        .and_then(|repository| repository.lines_since(moment, Side::WorkingTree));
    match lines {
        Ok(diff) => {
            let base = BaseSide::default();
            let evidence = compare::evidence(&today.head, &base, Occasion::Change, &diff, &[], &|_| false);
            match &evidence.changed {
                Some(changed) => {
                    let counted = changed.count(&Counting::LINES, |_| true);
                    let add = |sum: Ratio, (_, counted): &(_, Counted)| Ratio {
                        part: sum.part + counted.ratio.part,
                        whole: sum.whole + counted.ratio.whole,
                    };
                    Recent::Share(counted.iter().fold(Ratio::default(), add))
                }
                None => Recent::Unknown("the lines could not be joined with the coverage".to_owned()),
            }
        }
        Err(why) => Recent::Unknown(why),
    }
}

/// Writes the policy if that is asked for.
fn written(arguments: &Arguments, found: &SetupFiles, text: &str) -> anyhow::Result<Written> {
    if let Some(place) = found.policy {
        return Ok(Written::Exists(place));
    }
    if !arguments.write || text.is_empty() {
        return Ok(Written::No);
    }
    if let Err(errors) = policy::parse(text, POLICY_PLACE) {
        // A file that the next run would refuse is never written; that it could be is a bug of ours.
        anyhow::bail!("the proposed policy is not valid:\n{}", output::diagnostics(&errors));
    }
    let path = arguments.dir.join(POLICY_PLACE);
    let write = || -> std::io::Result<()> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        // Never over a file that appeared meanwhile.
        OpenOptions::new().write(true).create_new(true).open(&path)?.write_all(text.as_bytes())
    };
    write().map_err(|error| {
        WrongUse(format!(
            "error: failed to write {}: {error}\n  = help: check that the folder may be written",
            path.display()
        ))
    })?;
    Ok(Written::Yes)
}
