//! `tollgate policy validate`: everything that is wrong with policy files.

use super::{diagnostic_of, wrong};
use crate::cli::judging::today;
use crate::cli::policies::parse_date;
use crate::cli::{ExitStatus, output};
use crate::diagnostic::{Code, Diagnostic, Origin, Weight};
use crate::io::git::Run;
use crate::io::policy::{self as files, Judged, PolicyText, Wanted};
use crate::model::Date;
use crate::policy::{self, Layers, OrgPolicy, RepoFacts};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// Arguments of `tollgate policy validate`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  tollgate policy validate                                   # this repository's policy
  tollgate policy validate . --org-policy ../policy          # under the organisation's
  tollgate policy validate ../policy                         # all files of an organisation
  tollgate policy validate ../policy --repositories all.json # and the names in them")]
pub(in crate::cli) struct Arguments {
    /// Policy files, folders of repositories, or folders with an `org.yml`
    #[arg(default_value = ".", value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// The organisation's policy that the repositories' are laid under
    #[arg(long, value_name = "DIR|CLONE@REVISION")]
    org_policy: Option<String>,
    /// The organisation's repositories, as GitHub's API lists them (JSON): names in the policy are held against it
    #[arg(long, value_name = "FILE")]
    repositories: Option<PathBuf>,
    /// The day that waivers and dates are judged by [default: today, in UTC]
    #[arg(long, value_name = "DATE", value_parser = parse_date)]
    as_of: Option<Date>,
}

/// Runs it.
pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitStatus> {
    let organisation = arguments.org_policy.as_deref().map(read_organisation).transpose();
    let organisation = organisation.map_err(|errors| wrong(&errors))?;
    let repositories = arguments.repositories.as_deref().map(read_repositories).transpose();
    let repositories = repositories.map_err(|errors| wrong(&errors))?;
    let today = arguments.as_of.or_else(today);
    let mut text = String::new();
    let mut errors = Vec::new();
    for path in &arguments.paths {
        let found = match organisation_at(path) {
            Some(folder) => of_organisation(&folder, repositories.as_deref(), today),
            None => of_repository(path, organisation.as_ref(), today),
        };
        match found {
            Ok((what, notes)) => {
                text.push_str(&output::diagnostics(&notes));
                writeln!(text, "{what}: valid")?;
            }
            Err(mut found) => errors.append(&mut found),
        }
    }
    output::print(&text)?;
    if errors.is_empty() { Ok(ExitStatus::Passed) } else { Err(wrong(&errors)) }
}

/// What was read, and what is worth a look although it is valid; or the mistakes.
type Found = Result<(String, Vec<Diagnostic>), Vec<Diagnostic>>;

/// The folder of the organisation's policy that the path belongs to, if it does.
fn organisation_at(path: &Path) -> Option<PathBuf> {
    let holds = |folder: &Path| folder.join("org.yml").is_file() || folder.join("tollgate/org.yml").is_file();
    if path.is_dir() {
        return holds(path).then(|| path.to_owned());
    }
    let folder = path.parent()?;
    let name = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let root = match name {
        "groups" | "repos" => folder.parent()?,
        _ if path.file_name().is_some_and(|name| name == "org.yml") => folder,
        _ => return None,
    };
    let root = if root.as_os_str().is_empty() { Path::new(".") } else { root };
    holds(root).then(|| root.to_owned())
}

fn read_organisation(named: &str) -> Result<OrgPolicy, Vec<Diagnostic>> {
    // Nothing is judged here, so nothing is distrusted.
    let run = Run::default();
    let judged = Judged { repository: None, dir: Path::new("."), run: &run, tip: None };
    let read = files::read_organisation(named, &Wanted::All, &judged);
    read.map_err(|error| vec![diagnostic_of(error)])?.parse()
}

fn read_repositories(path: &Path) -> Result<Vec<RepoFacts>, Vec<Diagnostic>> {
    let run = Run::default();
    let judged = Judged { repository: None, dir: Path::new("."), run: &run, tip: None };
    files::read_repositories(path, &judged).map_err(|error| vec![diagnostic_of(error)])
}

fn of_organisation(folder: &Path, repositories: Option<&[RepoFacts]>, today: Option<Date>) -> Found {
    let shown = folder.to_string_lossy().into_owned();
    let policy = read_organisation(&shown)?;
    let mut errors = policy::contradictions(&policy);
    let mut notes = ended(&policy, today);
    let what = match repositories {
        None => format!("{shown} ({})", parts(&policy)),
        Some(repositories) => {
            notes.extend(unknown_names(&policy, repositories));
            for facts in repositories {
                let layers =
                    Layers { organisation: Some(&policy), facts: facts.clone(), today, ..Layers::default() };
                match policy::resolve_layers(&layers) {
                    Ok(resolved) => notes.extend(resolved.diagnostics),
                    Err(found) => errors.extend(found),
                }
            }
            format!("{shown} ({}, for {} repositories)", parts(&policy), repositories.len())
        }
    };
    for list in [&mut errors, &mut notes] {
        list.sort();
        list.dedup();
    }
    if errors.is_empty() { Ok((what, notes)) } else { Err(errors) }
}

fn parts(policy: &OrgPolicy) -> String {
    let count =
        |count: usize, one: &str, many: &str| format!("{count} {}", if count == 1 { one } else { many });
    let groups = count(policy.groups.len(), "group", "groups");
    let files = count(policy.repositories.len(), "file for one repository", "files for one repository");
    let waivers = count(policy.waivers.len(), "waiver", "waivers");
    format!("{groups}, {files}, {waivers}")
}

/// Waivers of the organisation that are over: they lift nothing and can go.
fn ended(policy: &OrgPolicy, today: Option<Date>) -> Vec<Diagnostic> {
    let over =
        policy.waivers.iter().filter(|waiver| today.is_some_and(|today| today > waiver.waiver.expires));
    let note = |waiver: &policy::OrgWaiver| {
        let message = format!("the waiver ended on {}", waiver.waiver.expires);
        Diagnostic::new(Code::WaiverExpired, Weight::Warning, message, waiver.waiver.origin.clone())
            .with_help("remove it, or renew it with a new reason")
    };
    over.map(note).collect()
}

/// What the policy names and no repository of the list is.
fn unknown_names(policy: &OrgPolicy, repositories: &[RepoFacts]) -> Vec<Diagnostic> {
    let mut unknown = Vec::new();
    let mut note = |what: String, origin: Origin| {
        let help = "correct the name, or remove it";
        unknown.push(Diagnostic::new(Code::UnknownRepository, Weight::Warning, what, origin).with_help(help));
    };
    let names = || repositories.iter().filter_map(|facts| facts.name.as_deref());
    for name in policy.repositories.keys() {
        if !names().any(|known| known.eq_ignore_ascii_case(name)) {
            let origin = Origin::file(format!("{}/repos/{name}.yml", policy.source));
            note(format!("no repository is called `{name}`"), origin);
        }
    }
    for waiver in &policy.waivers {
        if !names().any(|known| waiver.is_for(known)) {
            let globs = waiver.repo.patterns().join(", ");
            note(
                format!("the waiver is for `{globs}`, and no repository is called so"),
                waiver.waiver.origin.clone(),
            );
        }
    }
    for group in &policy.groups {
        if !repositories.iter().any(|facts| group.select.selects(facts) != Ok(false)) {
            note("the group selects no repository".to_owned(), group.select.origin.clone());
        }
    }
    unknown
}

fn of_repository(path: &Path, organisation: Option<&OrgPolicy>, today: Option<Date>) -> Found {
    let one = |error| vec![diagnostic_of(error)];
    let text = if path.is_dir() {
        let found = files::in_folder(path).map_err(one)?;
        found.map(|found| PolicyText {
            file: path.join(found.file.raw()).to_string_lossy().into_owned().into(),
            ..found
        })
    } else {
        Some(files::named(path).map_err(|error| vec![*error])?)
    };
    let Some(text) = text else {
        let message = format!("`{}` holds no policy", path.display());
        let error = Diagnostic::new(Code::NoPolicy, Weight::Error, message, Origin::default());
        return Err(vec![error]);
    };
    let file = policy::parse(&text.text, text.file.raw())?;
    let layers = Layers {
        organisation,
        facts: RepoFacts::default(),
        file: Some(&file),
        source: text.file.raw(),
        branch: None,
        today,
    };
    let policy = policy::resolve_layers(&layers)?;
    // Without the organisation or the repository's facts nobody can say more, and that is no mistake of the file.
    let unknown = [Code::FactsMissing, Code::NoOrganisationPolicy];
    let notes = policy.diagnostics.into_iter().filter(|note| !unknown.contains(&note.code));
    Ok((text.file.raw().to_owned(), notes.collect()))
}
