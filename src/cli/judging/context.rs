//! By what CI judged: written beside the verdict, and taken in place of what a laptop can find.

use super::gather::Gathered;
use crate::cli::exit::WrongUse;
use crate::cli::output;
use crate::diagnostic::{Code, Diagnostic, Origin, Weight};
use crate::io::beneath::read_named;
use crate::io::git::{Base, Repository, Run, open};
use crate::io::policy::{Judged, OrgFiles, PolicyError};
use crate::model::Handle;
use crate::policy::BesideKind;
use crate::wire;
use crate::wire::context::{
    BaseCommit, BesideWord, Context, OrganisationBeside, OrganisationFile, OrganisationSource, PolicySource,
};
use std::collections::BTreeSet;
use std::path::Path;

/// The largest context that is read, in bytes.
const LIMIT: u64 = 256 << 20;

/// Reads `--context FILE`. Where a change is judged it must not lie in the checkout, where the change could have
/// written it.
///
/// # Errors
/// [`WrongUse`] if it cannot be read, is damaged, or is not to be trusted.
pub(in crate::cli) fn read(path: &Path, dir: &Path, run: &Run) -> anyhow::Result<Context> {
    let repository = open(dir).ok();
    let judged = Judged { repository: repository.as_ref(), dir, run, tip: None };
    let wrong = |error: &Diagnostic| WrongUse(output::diagnostics(std::slice::from_ref(error)));
    judged.refuse_own(path, "the context").map_err(|error| match error {
        PolicyError::Wrong(error) | PolicyError::Unreadable(error) => wrong(&error),
    })?;
    let bad = |message: String| {
        let origin = Origin::file(&*path.to_string_lossy());
        let help = "take the file that `tollgate check --save-context` wrote in CI";
        wrong(&Diagnostic::new(Code::BadSnapshot, Weight::Error, message, origin).with_help(help))
    };
    let bytes =
        read_named(path, LIMIT).map_err(|error| bad(format!("the context cannot be read: {error}")))?;
    Ok(wire::context::read(&bytes).map_err(|error| bad(format!("the context cannot be read: {error}")))?)
}

/// The commit that CI compared with, if it is in this clone; else says how it gets there.
pub(super) fn base_of_context(
    context: &Context,
    repository: Option<&Repository>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<String> {
    let base = context.base.as_ref()?;
    if repository.is_some_and(|repository| repository.revision(&base.merge_base).is_ok()) {
        return Some(base.merge_base.clone());
    }
    let short: String = base.merge_base.chars().take(7).collect();
    let message = format!("CI compared with {short} of {}, which is not in this clone", base.name);
    diagnostics.push(
        Diagnostic::new(Code::ContextDiffers, Weight::Warning, message, Origin::default())
            .with_help("run `git fetch` (`git fetch --unshallow` in a shallow clone)"),
    );
    None
}

/// What is not as it was in CI, though its context is here.
pub(super) fn differences(
    context: &Context,
    head: Option<&str>,
    knows_jobs: bool,
    diagnostics: &mut Vec<Diagnostic>,
) {
    let mut note = |message: String, help: &str| {
        let note = Diagnostic::new(Code::ContextDiffers, Weight::Warning, message, Origin::default());
        diagnostics.push(if help.is_empty() { note } else { note.with_help(help) });
    };
    let short = |commit: &str| commit.chars().take(7).collect::<String>();
    if let (Some(there), Some(here)) = (context.commit.as_deref(), head)
        && there != here
    {
        note(format!("the context is of {}, and {} is judged here", short(there), short(here)), "");
    }
    let own = env!("CARGO_PKG_VERSION");
    if context.tollgate != own {
        let help = "use the same version as CI";
        note(format!("CI judged with Tollgate {}, and this is {own}", context.tollgate), help);
    }
    if context.knew_jobs && !knows_jobs {
        note("CI knew how its jobs ended, and here nobody does".to_owned(), "give them with `--jobs FILE`");
    }
}

/// By what this judgement was made.
pub(super) fn context_of(gathered: &Gathered) -> Context {
    let sources = &gathered.sources;
    let policy = sources.file.as_ref().map(|text| PolicySource {
        file: text.file.raw().to_owned(),
        text: text.text.clone(),
        read_from: text.read_from.raw().to_owned(),
        commit: text.commit.clone(),
    });
    let base = match &gathered.point {
        Base::Known(point) => {
            Some(BaseCommit { name: point.name.raw().to_owned(), merge_base: point.merge_base.clone() })
        }
        Base::None | Base::Unavailable(_) => None,
    };
    Context {
        tollgate: env!("CARGO_PKG_VERSION").to_owned(),
        commit: gathered.commit.clone(),
        base,
        branch: sources.branch.clone(),
        policy,
        organisation: sources.organisation.as_ref().map(|files| organisation(files, gathered)),
        name: sources.facts.name.clone(),
        topics: sources.facts.topics.clone(),
        properties: sources.facts.properties.clone(),
        beside: gathered.beside.clone(),
        knew_jobs: gathered.jobs.is_some(),
        snapshot: gathered.base.snapshot.clone(),
    }
}

/// The organisation's files without its teams: of these only who owns a waiver here, and is named by it anyway.
fn organisation(files: &OrgFiles, gathered: &Gathered) -> OrganisationSource {
    let limits = files.parse().ok().and_then(|policy| policy.limits.waiver_owners);
    let mut allowed = BTreeSet::new();
    for owner in gathered.policy.exemptions.iter().map(|exemption| &exemption.owner) {
        let member = |team: &String| match (Handle::parse(owner), Handle::parse(team)) {
            (Some(Handle::Login(login)), Some(Handle::Team(team))) => gathered.teams.holds(&team, &login),
            _ => false,
        };
        if limits.iter().flatten().any(member) {
            allowed.insert(owner.clone());
        }
    }
    OrganisationSource {
        source: files.source.clone(),
        repository: files.repository.clone(),
        files: files
            .files
            .iter()
            .map(|file| OrganisationFile {
                path: file.path.clone(),
                name: file.name.clone(),
                commit: file.commit.clone(),
                text: file.text.clone(),
            })
            .collect(),
        beside: files
            .beside
            .iter()
            // What is no text is no such file either, and reading it has said so.
            .filter_map(|file| {
                let kind = match file.kind {
                    BesideKind::Vex => BesideWord::Vex,
                    BesideKind::Kev => BesideWord::Kev,
                    BesideKind::Epss => BesideWord::Epss,
                };
                let text = std::str::from_utf8(&file.bytes).ok()?.to_owned();
                Some(OrganisationBeside { kind, path: file.path.clone(), name: file.name.clone(), text })
            })
            .collect(),
        waiver_owners: allowed,
    }
}
