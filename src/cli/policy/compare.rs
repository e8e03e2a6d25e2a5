//! `tollgate policy diff`: what differs between two policies.

use super::{Format, diagnostic_of, wrong};
use crate::cli::judging::today;
use crate::cli::policies::parse_date;
use crate::cli::{ExitStatus, output};
use crate::diagnostic::Diagnostic;
use crate::io::ci::{self, Environment};
use crate::io::git::{self, Run};
use crate::io::policy::{self as files, Judged, PolicyText, Wanted};
use crate::model::Date;
use crate::policy::{self, Layers, OrgPolicy, PolicyFile, RepoFacts};
use crate::render;
use crate::wire;
use std::path::{Path, PathBuf};

/// Arguments of `tollgate policy diff`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Exits 0 whatever differs.

Examples:
  tollgate policy diff main                        # this folder's policy against that of main
  tollgate policy diff old.yml new.yml
  tollgate policy diff ../policy@v3 ../policy@v4   # an organisation's, for a repository without a file
  tollgate policy diff ../policy@v3 ../policy@v4 --policy tollgate.yml --repo-facts facts.json")]
pub(in crate::cli) struct Arguments {
    /// A policy file, a revision of this repository, or an organisation's policy (a folder, or CLONE@REVISION)
    #[arg(value_name = "BEFORE")]
    before: String,
    /// The same for the other side [default: the policy file of this folder]
    #[arg(value_name = "AFTER")]
    after: Option<String>,
    /// The organisation's policy under two files of repositories
    #[arg(long, value_name = "DIR|CLONE@REVISION")]
    org_policy: Option<String>,
    /// The file of the repository over two organisations' policies
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// The repository's name, topics and custom properties, as GitHub's API gives them (JSON)
    #[arg(long, value_name = "FILE")]
    repo_facts: Option<PathBuf>,
    /// The day that waivers and dates are judged by [default: today, in UTC]
    #[arg(long, value_name = "DATE", value_parser = parse_date)]
    as_of: Option<Date>,
    /// What to print
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// Runs it.
pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitStatus> {
    let found = compare(arguments).map_err(|errors| wrong(&errors))?;
    output::print(&match arguments.format {
        Format::Text => render::policy::changes(&found, output::style()),
        Format::Json => String::from_utf8(wire::policy::write_changes(&found))?,
    })?;
    Ok(ExitStatus::Passed)
}

/// One side of the comparison.
enum Side {
    Organisation(Box<OrgPolicy>),
    File(Box<PolicyFile>),
    /// A revision without a policy.
    Nothing,
}

fn compare(arguments: &Arguments) -> Result<Vec<crate::model::PolicyChange>, Vec<Diagnostic>> {
    let one = |error: Box<Diagnostic>| vec![*error];
    let run = Run::default();
    let judged = Judged { repository: None, dir: Path::new("."), run: &run, tip: None };
    let mut facts = ci::facts_of(&Environment::new(std::env::vars_os())).map_err(one)?;
    if let Some(path) = &arguments.repo_facts {
        facts = files::read_facts(path, &judged).map_err(|error| vec![diagnostic_of(error)])?;
    }
    let organisation =
        arguments.org_policy.as_deref().map(|named| organisation(named, &judged)).transpose()?;
    let file = arguments.policy.as_deref().map(file_at).transpose()?;
    let today = arguments.as_of.or_else(today);
    let before = side(&arguments.before, &judged)?;
    let after = match &arguments.after {
        Some(named) => side(named, &judged)?,
        None => {
            let found = files::in_folder(Path::new(".")).map_err(|error| vec![diagnostic_of(error)])?;
            found.map_or(Ok(Side::Nothing), |text| parsed(&text).map(|file| Side::File(Box::new(file))))?
        }
    };
    let [before, after] = [&before, &after].map(|side| {
        let (organisation, file) = match side {
            Side::Organisation(policy) => (Some(&**policy), file.as_ref()),
            Side::File(file) => (organisation.as_ref(), Some(&**file)),
            Side::Nothing => (organisation.as_ref(), None),
        };
        let facts = known(&facts, organisation);
        Layers { organisation, facts, file, source: "", today, branch: None }
    });
    policy::differences(&before, &after)
}

/// The facts, with a repository that nothing selects where they are not known.
fn known(facts: &RepoFacts, organisation: Option<&OrgPolicy>) -> RepoFacts {
    match organisation {
        Some(_) => RepoFacts {
            name: facts.name.clone().or_else(|| Some(String::new())),
            topics: facts.topics.clone().or_else(|| Some(Default::default())),
            properties: facts.properties.clone().or_else(|| Some(Default::default())),
        },
        None => facts.clone(),
    }
}

fn side(named: &str, judged: &Judged<'_>) -> Result<Side, Vec<Diagnostic>> {
    let path = Path::new(named);
    if path.is_file() {
        return file_at(path).map(|file| Side::File(Box::new(file)));
    }
    let is_clone = named.rsplit_once('@').is_some_and(|(clone, _)| Path::new(clone).is_dir());
    if path.is_dir() || is_clone {
        return organisation(named, judged).map(|policy| Side::Organisation(Box::new(policy)));
    }
    let repository = git::open(Path::new(".")).map_err(|error| vec![*error])?;
    let found = files::at_revision(&repository, named).map_err(|error| vec![diagnostic_of(error)])?;
    match found {
        Some(text) => parsed(&text).map(|file| Side::File(Box::new(file))),
        None => Ok(Side::Nothing),
    }
}

fn organisation(named: &str, judged: &Judged<'_>) -> Result<OrgPolicy, Vec<Diagnostic>> {
    let read = files::read_organisation(named, &Wanted::All, judged);
    read.map_err(|error| vec![diagnostic_of(error)])?.parse()
}

fn file_at(path: &Path) -> Result<PolicyFile, Vec<Diagnostic>> {
    parsed(&files::named(path).map_err(|error| vec![*error])?)
}

fn parsed(text: &PolicyText) -> Result<PolicyFile, Vec<Diagnostic>> {
    policy::parse_committed(&text.text, text.file.raw(), &text.commit)
}
