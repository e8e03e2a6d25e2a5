//! The policy that judges, and the one that the change proposes.

use super::exit::WrongUse;
use super::judging::today;
use super::output;
use crate::diagnostic::{Code, Diagnostic, Origin, Weight};
use crate::io::git::{Base, Repository, Run, default_branch_tip};
use crate::io::github::OrganisationRequest;
use crate::io::policy::{
    self as files, Judged, OrgBeside, OrgFile, OrgFiles, PolicyError, PolicyText, Proposed, Wanted,
};
use crate::model::{Date, PolicyChange, ScanClasses, Teams, Untrusted, VerdictKind};
use crate::policy::{
    self, Absent, BesideKind, Globs, Layers, OrgPolicy, Policy, PolicyFile, RepoFacts, ReportEntry,
    differences,
};
use crate::wire::context::{BesideWord, Context, OrganisationBeside, OrganisationFile};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where the policy comes from, and the day that it is read for.
#[derive(Clone, Debug, Default, clap::Args)]
pub(super) struct PolicyOptions {
    /// Judge by this policy instead of the repository's
    #[arg(long, value_name = "FILE")]
    pub(super) policy: Option<PathBuf>,
    /// The organisation's policy: a folder with `org.yml`, or a revision of a clone
    #[arg(long, value_name = "DIR|CLONE@REVISION")]
    pub(super) org_policy: Option<String>,
    /// The repository's name, topics and custom properties, as GitHub's API gives them (JSON)
    #[arg(long, value_name = "FILE")]
    pub(super) repo_facts: Option<PathBuf>,
    /// The day that waivers and dates of the policy are judged by, such as 2027-01-31 [default: today, in UTC]
    #[arg(long, value_name = "DATE", value_parser = parse_date)]
    pub(super) as_of: Option<Date>,
    /// A policy that stands in no file yet, and replaces every other.
    #[arg(skip)]
    pub(super) proposed: Option<PolicyText>,
    /// By what CI judged, in place of what can be found here.
    #[arg(skip)]
    pub(super) context: Option<Arc<Context>>,
    /// Where the organisation's policy comes from if nobody names a place.
    #[arg(skip)]
    pub(super) elsewhere: Elsewhere,
}

/// Where an organisation's policy comes from that nobody names.
#[derive(Clone, Debug, Default)]
pub(super) enum Elsewhere {
    /// From nowhere: this is a laptop, or another CI.
    #[default]
    Nowhere,
    /// It was fetched already, if there is one that can be seen.
    Fetched(Option<OrgFiles>),
    /// From GitHub.
    GitHub(OrganisationRequest),
}

pub(super) fn parse_date(text: &str) -> Result<Date, String> {
    Date::parse(text).map_err(|error| error.to_string())
}

/// What the policy is for.
pub(super) struct Setting<'s> {
    /// The repository, or why there is none.
    pub(super) repository: Result<&'s Repository, &'s Diagnostic>,
    /// The directory to judge.
    pub(super) dir: &'s Path,
    /// What the head is compared with.
    pub(super) base: &'s Base,
    /// What CI says of the run.
    pub(super) run: &'s Run,
    /// What CI says of the repository.
    pub(super) facts: RepoFacts,
}

/// The policies of a run.
pub(super) struct Policies {
    /// The one that judges.
    pub(super) judging: Policy,
    /// What the change would make of it.
    pub(super) proposed: Option<ProposedPolicy>,
    /// True if no organisation's policy was read and none was asked for.
    pub(super) is_alone: bool,
    /// Members of the organisation's teams, as far as its policy says.
    pub(super) teams: Teams,
    /// What they were made from, for a context.
    pub(super) sources: Sources,
}

/// The texts and facts that policies are made from.
#[derive(Clone, Debug, Default)]
pub(super) struct Sources {
    /// The repository's file that judges.
    pub(super) file: Option<PolicyText>,
    /// The organisation's files.
    pub(super) organisation: Option<OrgFiles>,
    /// What is known of the repository.
    pub(super) facts: RepoFacts,
    /// The branch whose requirements hold.
    pub(super) branch: Option<String>,
}

/// What the change would make of the policy; judged as a dry run, never used.
pub(super) struct ProposedPolicy {
    /// The file; empty if the change removes it.
    pub(super) file: Untrusted,
    /// The policy, or what is wrong with it.
    pub(super) policy: Result<Box<Policy>, Vec<Diagnostic>>,
    /// What differs from the policy that judges.
    pub(super) changes: Vec<PolicyChange>,
}

/// Finds and resolves the policies. One with mistakes is wrong use; one that has to judge and cannot be read
/// leaves the built-in policy and an error, with which nothing passes.
pub(super) fn find(
    options: &PolicyOptions,
    setting: Setting<'_>,
    diagnostics: &mut Vec<Diagnostic>,
) -> anyhow::Result<Policies> {
    if let Some(text) = &options.proposed {
        let file = parse(text).map_err(|errors| wrong(&errors))?;
        let today = options.as_of.or_else(today);
        let layers = Layers { file: Some(&file), source: &source_of(text), today, ..Layers::default() };
        let judging = policy::resolve_layers(&layers).map_err(|errors| wrong(&errors))?;
        return Ok(Policies {
            judging,
            proposed: None,
            is_alone: false,
            teams: Teams::default(),
            sources: Sources::default(),
        });
    }
    let find = |own_branches: &Globs| match &options.context {
        Some(context) => files::beside_working_tree(setting.dir, file_of_context(context)),
        None => files::find(
            setting.repository,
            setting.dir,
            options.policy.as_deref(),
            setting.base,
            setting.run,
            own_branches,
        ),
    };
    let found = find(&Globs::none());
    let extends = found.as_ref().ok().and_then(|found| extended_by(found.judging.as_ref()?));
    let read = match &options.context {
        Some(context) => Some(of_context(context)?),
        None => organisation(options, &setting, extends.as_deref(), diagnostics)?,
    };
    let Some((organisation, files_of, facts)) = read else {
        return Ok(Policies {
            judging: policy::resolve(None, ""),
            proposed: None,
            is_alone: false,
            teams: Teams::default(),
            sources: Sources::default(),
        });
    };
    // Whether a release branch's own file judges is for the organisation to say.
    let own_branches = organisation.as_ref().map(|organisation| &organisation.limits.own_branches);
    let found = match own_branches.filter(|globs| !globs.is_empty()) {
        Some(globs) => find(globs),
        None => found,
    };
    let found = match found {
        Ok(found) => found,
        Err(PolicyError::Wrong(error)) => return Err(wrong(&[*error])),
        Err(PolicyError::Unreadable(error)) => {
            diagnostics.push(*error);
            // What the organisation asks for is shown all the same.
            let layers = Layers { organisation: organisation.as_ref(), facts, ..Layers::default() };
            let judging = policy::resolve_layers(&layers).map_err(|errors| wrong(&errors))?;
            let is_alone = organisation.is_none();
            let teams = organisation.map(|organisation| organisation.teams).unwrap_or_default();
            return Ok(Policies { judging, proposed: None, is_alone, teams, sources: Sources::default() });
        }
    };
    diagnostics.extend(found.diagnostics);
    let today = options.as_of.or_else(today);
    let branch = match &options.context {
        Some(context) => context.branch.as_deref(),
        None => setting.run.target_branch(setting.base),
    };
    let organisation_alone = Layers {
        organisation: organisation.as_ref(),
        facts: facts.clone(),
        branch,
        today,
        ..Layers::default()
    };
    let resolve = |file: Option<(&PolicyFile, &PolicyText)>| {
        let source = file.map(|(_, text)| source_of(text)).unwrap_or_default();
        let file = file.map(|(file, _)| file);
        policy::resolve_layers(&Layers { source: &source, file, ..organisation_alone.clone() })
    };
    let file = found.judging.as_ref().map(parse).transpose().map_err(|errors| wrong(&errors))?;
    let judging = resolve(file.as_ref().zip(found.judging.as_ref())).map_err(|errors| wrong(&errors))?;
    let is_extended = file.as_ref().is_some_and(|file| file.extends.is_some());
    let with_changes = |new: Option<(&PolicyFile, &PolicyText)>| {
        let policy = Box::new(resolve(new)?);
        let before = Layers { file: file.as_ref(), ..organisation_alone.clone() };
        let after = Layers { file: new.map(|(file, _)| file), ..organisation_alone.clone() };
        let changes = differences(&before, &after)?;
        Ok((policy, changes))
    };
    let proposed = match &found.proposed {
        Proposed::Same => None,
        Proposed::Removed => Some((Untrusted::default(), with_changes(None))),
        Proposed::Text(text) => {
            let policy = parse(text).and_then(|file| with_changes(Some((&file, text))));
            Some((text.file.clone(), policy))
        }
    };
    let proposed = proposed.map(|(file, policy)| match policy {
        Ok((policy, changes)) => ProposedPolicy { file, policy: Ok(policy), changes },
        Err(mistakes) => ProposedPolicy { file, policy: Err(mistakes), changes: Vec::new() },
    });
    let is_alone = organisation.is_none() && !is_extended;
    let teams = organisation.map(|organisation| organisation.teams).unwrap_or_default();
    let sources = Sources {
        file: found.judging.clone(),
        organisation: files_of,
        facts,
        branch: branch.map(str::to_owned),
    };
    Ok(Policies { judging, proposed, is_alone, teams, sources })
}

/// An organisation's policy with its texts, and what is known of the repository.
type Organisation = (Option<OrgPolicy>, Option<OrgFiles>, RepoFacts);

/// The same from a context.
fn of_context(context: &Context) -> anyhow::Result<Organisation> {
    let facts = RepoFacts {
        name: context.name.clone(),
        topics: context.topics.clone(),
        properties: context.properties.clone(),
    };
    let Some(source) = &context.organisation else { return Ok((None, None, facts)) };
    let file = |file: &OrganisationFile| OrgFile {
        path: file.path.clone(),
        name: file.name.clone(),
        commit: file.commit.clone(),
        text: file.text.clone(),
    };
    let beside = |file: &OrganisationBeside| OrgBeside {
        kind: match file.kind {
            BesideWord::Vex => BesideKind::Vex,
            BesideWord::Kev => BesideKind::Kev,
            BesideWord::Epss => BesideKind::Epss,
        },
        path: file.path.clone(),
        name: file.name.clone(),
        bytes: file.text.clone().into_bytes(),
    };
    let read = OrgFiles {
        files: source.files.iter().map(file).collect(),
        beside: source.beside.iter().map(beside).collect(),
        source: source.source.clone(),
        repository: source.repository.clone(),
        teams: None,
    };
    let mut policy = parse_organisation(&read)?;
    if let Some(owners) = &mut policy.limits.waiver_owners {
        owners.extend(source.waiver_owners.iter().cloned());
    }
    Ok((Some(policy), Some(read), facts))
}

fn file_of_context(context: &Context) -> Option<PolicyText> {
    context.policy.as_ref().map(|source| PolicyText {
        file: source.file.as_str().into(),
        text: source.text.clone(),
        read_from: source.read_from.as_str().into(),
        commit: source.commit.clone(),
    })
}

/// An organisation's policy, if one is asked for, and what is known of the repository; `None` if it cannot be read,
/// and why stands among the diagnostics.
fn organisation(
    options: &PolicyOptions,
    setting: &Setting<'_>,
    extends: Option<&str>,
    diagnostics: &mut Vec<Diagnostic>,
) -> anyhow::Result<Option<Organisation>> {
    let repository = setting.repository.ok();
    // A default branch that cannot be found leaves nothing that could be trusted, and the search for the
    // repository's own policy says so.
    let tip = repository.and_then(|repository| {
        default_branch_tip(repository, setting.base, setting.run).ok().flatten().map(|(tip, _)| tip)
    });
    let judged = Judged { repository, dir: setting.dir, run: setting.run, tip: tip.as_deref() };
    let mut facts = setting.facts.clone();
    if let Some(file) = &options.repo_facts {
        match files::read_facts(file, &judged) {
            Ok(read) => {
                facts = RepoFacts {
                    name: read.name.or(facts.name),
                    topics: read.topics.or(facts.topics),
                    properties: read.properties.or(facts.properties),
                };
            }
            Err(PolicyError::Wrong(error) | PolicyError::Unreadable(error)) => return Err(wrong(&[*error])),
        }
    }
    let Some(named) = &options.org_policy else {
        let fetched = match &options.elsewhere {
            Elsewhere::Nowhere => Ok(None),
            Elsewhere::Fetched(files) => Ok(files.clone()),
            Elsewhere::GitHub(request) => request.fetch(extends),
        };
        return match fetched {
            Ok(files) => Ok(Some((files.as_ref().map(parse_organisation).transpose()?, files, facts))),
            Err(problem) => {
                diagnostics.push(*problem);
                Ok(None)
            }
        };
    };
    if facts.name.is_none() {
        let project = repository.and_then(|repository| Some(repository.head().ok()?.project));
        facts.name = project.map(|project| project.raw().to_owned()).filter(|name| !name.is_empty());
    }
    let wanted = facts.name.clone().map_or(Wanted::All, Wanted::Of);
    match files::read_organisation(named, &wanted, &judged) {
        Ok(read) => Ok(Some((Some(parse_organisation(&read)?), Some(read), facts))),
        Err(PolicyError::Wrong(error)) => Err(wrong(&[*error])),
        Err(PolicyError::Unreadable(error)) => {
            diagnostics.push(*error);
            Ok(None)
        }
    }
}

/// The repository that a policy extends. A policy with mistakes is told where it is read in full.
fn extended_by(text: &PolicyText) -> Option<String> {
    parse(text).ok()?.extends.map(|(repository, _)| repository)
}

fn parse_organisation(read: &OrgFiles) -> anyhow::Result<OrgPolicy> {
    read.parse().map_err(|errors| wrong(&errors))
}

/// A policy file that the user names, and how it is called.
///
/// # Errors
/// [`WrongUse`] if it cannot be read or has mistakes.
pub(super) fn named_file(path: &Path) -> anyhow::Result<(PolicyFile, String)> {
    let text = files::named(path).map_err(|error| wrong(&[*error]))?;
    let file = parse(&text).map_err(|errors| wrong(&errors))?;
    Ok((file, source_of(&text)))
}

/// The whole policy of an organisation, for every repository.
///
/// # Errors
/// [`WrongUse`] if it cannot be read or has mistakes: it is never "no policy".
pub(super) fn named_organisation(named: &str) -> anyhow::Result<OrgPolicy> {
    let run = Run::default();
    let judged = Judged { repository: None, dir: Path::new("."), run: &run, tip: None };
    match files::read_organisation(named, &Wanted::All, &judged) {
        Ok(read) => parse_organisation(&read),
        Err(PolicyError::Wrong(error) | PolicyError::Unreadable(error)) => Err(wrong(&[*error])),
    }
}

fn wrong(errors: &[Diagnostic]) -> anyhow::Error {
    WrongUse(output::diagnostics(errors)).into()
}

fn parse(text: &PolicyText) -> Result<PolicyFile, Vec<Diagnostic>> {
    policy::parse_committed(&text.text, text.file.raw(), &text.commit)
}

fn source_of(text: &PolicyText) -> String {
    match text.read_from.raw() {
        "" => text.file.raw().to_owned(),
        from => format!("{} ({from})", text.file.raw()),
    }
}

/// One line about the proposed policy, with the verdict that it would give.
pub(super) fn note(proposed: &ProposedPolicy, verdict: VerdictKind) -> Diagnostic {
    let file = &proposed.file;
    let message = match &proposed.policy {
        Err(mistakes) => {
            let noun = if mistakes.len() == 1 { "mistake" } else { "mistakes" };
            format!("this change proposes a policy with {} {noun}", mistakes.len())
        }
        Ok(_) if file.is_empty() => {
            format!("this change removes the policy; without it the verdict would be {}", verdict.word())
        }
        Ok(_) => {
            format!("this change proposes another policy; under it the verdict would be {}", verdict.word())
        }
    };
    Diagnostic::new(Code::PolicyDiffers, Weight::Warning, message, Origin::file(file.clone()))
}

/// Reads what the change announces beside what the policy in force asks for (DECISIONS 9): another place for a
/// report must not lose it. Kinds, counts and rules stay those of the policy in force, and asking for less is said.
pub(super) fn adopt_globs(policy: &mut Policy, proposed: &Policy, diagnostics: &mut Vec<Diagnostic>) {
    let asked = policy.reports.clone();
    for (name, entry) in &asked {
        let new = proposed.reports.get(name).filter(|new| new.kind == entry.kind);
        let at_least = new.map_or(0, |new| if new.absent != Absent::Required { 0 } else { new.at_least });
        if entry.absent == Absent::Required && at_least < entry.at_least {
            let message = format!(
                "this change asks for fewer reports of `{name}` ({} -> {at_least}), and until it is merged {} must come",
                entry.at_least, entry.at_least
            );
            let help = "let the job still write them, or merge the change of `reports:` alone and first; an owner decides";
            let note = Diagnostic::new(Code::PolicyDiffers, Weight::Warning, message, entry.origin.clone());
            diagnostics.push(note.with_help(help));
        }
        let Some(new) = new else { continue };
        let both: BTreeSet<&String> = entry.path.patterns().iter().chain(new.path.patterns()).collect();
        if let (Ok(path), Some(entry)) = (Globs::new(both), policy.reports.get_mut(name)) {
            entry.path = path;
        }
    }
    for (name, new) in &proposed.reports {
        // For a kind that no entry names, everything is found by content already.
        let is_new = asked.get(name).is_none_or(|entry| entry.kind != new.kind);
        if is_new && asked.values().any(|entry| entry.kind == new.kind) {
            // What the change says of its own reports proves nothing.
            let classes = ScanClasses::NONE;
            let entry =
                ReportEntry { absent: Absent::Optional, at_least: 1, tracked: false, classes, ..new.clone() };
            policy.reports.insert(format!("{name} (proposed)"), entry);
        }
    }
}
