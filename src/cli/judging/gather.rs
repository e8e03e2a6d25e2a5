//! Everything that a judgement is made from, before anything is read or judged.

use super::author::{Change, author_of_change};
use super::context::{base_of_context, differences};
use super::evidence::{Evidence, Looked, look, with_named_reports};
use super::question::{Question, SecondStage};
use crate::cli::base::{BaseEvidence, name_of};
use crate::cli::exit::WrongUse;
use crate::cli::output;
use crate::cli::policies::{self, Policies, ProposedPolicy, Setting, Sources};
use crate::compare::{self, Occasion};
use crate::diagnostic::{Code, Diagnostic, Origin, Weight};
use crate::gate::{Ground, Text, Texts};
use crate::io::git::{self, Base, Changes, Repository, Run, Side};
use crate::io::github;
use crate::io::policy as io_policy;
use crate::io::reports::Packed;
use crate::model::{Author, BuildJobs, DiffState, HeaderFact, Kind, Provenance, RepoPath, Teams, Untrusted};
use crate::paths::{GoModule, Tree};
use crate::policy::{Policy, SnapshotStore};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Everything that is judged, before anything is read or judged.
pub(super) struct Gathered {
    pub(super) policy: Policy,
    /// What the change would make of the policy, with the evidence that it would ask for.
    pub(super) proposed: Option<(ProposedPolicy, Option<Looked>)>,
    pub(super) evidence: Evidence,
    /// Those of its files that workflows uploaded which run nothing of the change.
    pub(super) isolated: BTreeSet<Untrusted>,
    /// The artifacts that its files came in, by the run that uploaded them and their name.
    pub(super) uploads: BTreeMap<Untrusted, BTreeSet<(u64, String)>>,
    pub(super) ground: Ground,
    pub(super) commit: Option<String>,
    pub(super) diff: DiffState,
    pub(super) occasion: Occasion,
    pub(super) base: BaseEvidence,
    pub(super) jobs: Option<BuildJobs>,
    pub(super) header: Vec<HeaderFact>,
    pub(super) diagnostics: Vec<Diagnostic>,
    /// What the policies were made from.
    pub(super) sources: Sources,
    /// Members of the organisation's teams.
    pub(super) teams: Teams,
    /// Files that the policy names, as far as they are text.
    pub(super) beside: BTreeMap<String, String>,
    /// What the head is compared with.
    pub(super) point: Base,
    /// Who proposes the change.
    pub(super) author: Option<Author>,
    /// Where the evidence comes from, if more is known than the change.
    pub(super) provenance: Option<Provenance>,
    /// The program whose process reads the reports; `None` reads them here.
    pub(super) reader: Option<PathBuf>,
    /// What was odd about finding the evidence.
    pub(super) found: Vec<Diagnostic>,
}

impl Gathered {
    /// True for one of the policies that judge.
    pub(super) fn any_policy(&self, asks: fn(&Policy) -> bool) -> bool {
        let proposed = self
            .proposed
            .as_ref()
            .and_then(|(proposed, _)| proposed.policy.as_ref().ok().map(|policy| &**policy));
        asks(&self.policy) || proposed.is_some_and(asks)
    }
}

pub(super) fn gather(mut question: Question) -> anyhow::Result<Gathered> {
    let dir = question.dir.as_path();
    if !dir.is_dir() {
        let message = format!(
            "error: `{}` is no directory\n  = help: `check` judges a directory; `tollgate inspect` reads single files",
            dir.display()
        );
        return Err(WrongUse(message).into());
    }
    let mut diagnostics = Vec::new();
    let run = &question.run;
    let second = question.second_stage.take();
    let (reader, lowered, workflows, confirmed, looked_up, since, repository) = match second {
        Some(second) => {
            diagnostics.extend(second.diagnostics.iter().cloned());
            let SecondStage { reader, lowered, workflows, confirmed, base, since, repository, .. } = second;
            (Some(reader), lowered, workflows, confirmed, base, since, Ok(repository))
        }
        None => (None, Vec::new(), BTreeMap::new(), None, None, None, git::open(dir)),
    };
    let context = question.policy.context.clone();
    let of_context = match &context {
        Some(context) if question.base.is_none() => {
            base_of_context(context, repository.as_ref().ok(), &mut diagnostics)
        }
        _ => None,
    };
    let named = question.base.as_deref().or(of_context.as_deref());
    let mut base = base_of(repository.as_ref().map_err(|error| &**error), named, run)?;
    if let (Some(_), Some(context), Base::Known(point)) = (&of_context, &context, &mut base) {
        point.name = context.base.as_ref().map(|base| base.name.as_str().into()).unwrap_or_default();
    }
    let setting = Setting {
        repository: repository.as_ref().map_err(|error| &**error),
        dir,
        base: &base,
        run,
        facts: question.facts.clone(),
    };
    let Policies { judging: policy, proposed, is_alone, teams, sources } =
        policies::find(&question.policy, setting, &mut diagnostics)?;
    let mut policy = with_named_reports(policy, &question.reports)?;
    let mut kept = BTreeMap::new();
    for beside in policy.beside.clone() {
        let repository = repository.as_ref().map_err(|error| &**error);
        let name = beside.path.as_str();
        let bytes = match context.as_ref().and_then(|context| context.beside.get(name)) {
            Some(text) => Ok(text.clone().into_bytes()),
            None => io_policy::read_beside(repository, dir, &base, run, &beside.path, beside.most_bytes()),
        };
        // What is no text is no such file either, and reading it has said so.
        if let Some(text) = bytes.as_ref().ok().and_then(|bytes| std::str::from_utf8(bytes).ok()) {
            kept.insert(name.to_owned(), text.to_owned());
        }
        let taken = bytes.map_err(|error| *error).and_then(|bytes| policy.take_beside(&beside, &bytes));
        match taken {
            Ok(notes) => diagnostics.extend(notes),
            Err(error) => diagnostics.push(error),
        }
    }
    let mut proposed = proposed;
    // What the proposed policy names and the change does not bring bears on the dry run alone.
    let mut not_had = Vec::new();
    if let Some(ProposedPolicy { policy: Ok(proposed), .. }) = &mut proposed {
        **proposed = with_named_reports((**proposed).clone(), &question.reports)?;
        for beside in proposed.beside.clone() {
            let repository = repository.as_ref().ok();
            let bytes = io_policy::read_beside_proposed(repository, dir, &beside.path, beside.most_bytes());
            let taken = bytes.map_err(|error| *error).and_then(|bytes| proposed.take_beside(&beside, &bytes));
            match taken {
                Ok(notes) => not_had.extend(notes),
                Err(error) => not_had.push(error),
            }
        }
        policies::adopt_globs(&mut policy, proposed, &mut diagnostics);
    }

    let changes = match &repository {
        Ok(repository) => git::changes(repository, &base, run),
        Err(_) => Changes {
            diff: without_repository(&base),
            side: Side::Commit,
            line_counts: BTreeMap::new(),
            diagnostics: Vec::new(),
        },
    };
    diagnostics.extend(changes.diagnostics.iter().cloned());
    if let (Err(error), false) = (&repository, question.base.is_none() && !run.judges_a_change()) {
        diagnostics.push((**error).clone());
    }
    let mut isolated = BTreeSet::new();
    let mut uploads: BTreeMap<Untrusted, BTreeSet<(u64, String)>> = BTreeMap::new();
    let packed = question.artifacts.take().map(|fetched| {
        isolated = isolated_files(&fetched.files, &workflows, &policy);
        for file in &fetched.files {
            uploads.entry(file.shown.clone()).or_default().insert((file.run, file.artifact.clone()));
        }
        diagnostics.extend(fetched.diagnostics);
        Arc::new(fetched.files)
    });
    let look = |policy: &Policy| look(&question, policy, repository.as_ref().ok(), packed.clone());
    let Looked { evidence, found } = look(&policy);
    let proposed = proposed.map(|proposed| {
        let mut looked = proposed.policy.as_ref().ok().map(|policy| look(policy));
        if let Some(looked) = &mut looked {
            looked.found.append(&mut not_had);
        }
        (proposed, looked)
    });

    let mut ground = match &repository {
        Ok(repository) => ground_of(repository, &changes, &mut diagnostics),
        Err(_) => Ground::default(),
    };
    ground.path_rules.clone_from(&policy.path_rules);
    ground.workspaces.extend(question.workspaces.iter().map(|name| name.replace('\\', "/")));
    ground.workspaces.extend(dir.canonicalize().ok().map(|dir| dir.to_string_lossy().replace('\\', "/")));
    let head = match &repository {
        Ok(repository) => repository.head().unwrap_or_else(|error| {
            diagnostics.push(*error);
            git::Head::default()
        }),
        Err(_) => git::Head { project: directory_name(dir), ..git::Head::default() },
    };
    if let (Some(files), Some(commit), None) = (&packed, head.commit.as_deref(), &reader) {
        diagnostics.extend(of_other_commits(files, commit));
    }
    let mut header = header(&head, &base, changes.side, &policy, is_alone);
    if policy.gate.is_elsewhere() && reader.is_none() {
        header.push(HeaderFact {
            key: "preview",
            value: format!("not the gate: `gate: {}`", policy.gate.word()).into(),
        });
    }
    let given = question.base_snapshot.as_deref().map(crate::cli::snapshot::read).transpose()?;
    let given = given.or_else(|| context.as_ref()?.snapshot.clone());
    if let Some(context) = &context {
        differences(context, head.commit.as_deref(), question.jobs.is_some(), &mut diagnostics);
    }
    let (clone, head_commit) = (repository.as_ref().ok(), head.commit.as_deref());
    // Where the default branch's policy says where they are, that holds; without a token there is nothing to ask.
    let snapshots = question.snapshots.take().and_then(|snapshots| match policy.base_snapshot.from {
        None => Some(snapshots),
        Some(SnapshotStore::Artifact) => Some(snapshots.at(github::Place::Artifacts)),
        Some(SnapshotStore::Reference) => Some(snapshots.at(github::Place::Reference)),
        Some(SnapshotStore::Nowhere) => None,
    });
    let base_evidence = match (&snapshots, looked_up) {
        (_, Some(found)) => BaseEvidence::answered(found, name_of(&base), &mut diagnostics),
        (Some(snapshots), None) if given.is_none() => {
            BaseEvidence::found(snapshots, clone, &base, head_commit, &mut diagnostics)
        }
        _ => BaseEvidence::given(given, clone, &base, head_commit, &mut diagnostics),
    };
    let base_evidence = match since {
        Some(since) => base_evidence.with_known_drift(since),
        None => base_evidence.with_drift(clone, &base, changes.side),
    };
    let occasion = if matches!(base, Base::None) { Occasion::Absolute } else { Occasion::Change };
    let provenance = reader.is_some().then(|| {
        let mut provenance = compare::of_change(occasion, &changes.diff);
        for graded in &lowered {
            for kind in [Kind::Tests, Kind::Coverage, Kind::Scan] {
                provenance.lower(kind, graded);
            }
        }
        Provenance { confirmed, ..provenance }
    });
    let author = question.proposer.as_ref().map(|proposer| {
        let of =
            Change { repository: repository.as_ref().ok(), base: &base, run, diff: changes.diff.known() };
        author_of_change(proposer, &of, &policy, &teams, &mut diagnostics)
    });
    let side = changes.side;
    ground.texts = repository.ok().map(|repository| {
        Texts(Box::new(move |path| match repository.length_of_unfetched(path) {
            Some(length) => Some(Text::Length(length)),
            None => repository.source(side, path).map(Text::Whole),
        }))
    });
    Ok(Gathered {
        author,
        sources,
        teams,
        beside: kept,
        point: base,
        occasion,
        provenance,
        reader,
        base: base_evidence,
        jobs: question.jobs,
        commit: head.commit,
        diff: changes.diff,
        policy,
        proposed,
        evidence,
        isolated,
        uploads,
        ground,
        header,
        diagnostics,
        found,
    })
}

/// Files that only workflows uploaded which, by the policy, run nothing of the change. A name that another run uploaded
/// too is none of them.
fn isolated_files(
    files: &[Packed],
    workflows: &BTreeMap<u64, String>,
    policy: &Policy,
) -> BTreeSet<Untrusted> {
    let is_isolated = |file: &Packed| {
        let workflow = workflows.get(&file.run);
        workflow.is_some_and(|of| policy.publish.isolated.iter().any(|path| path.as_str() == of))
    };
    let (isolated, others): (Vec<&Packed>, Vec<&Packed>) = files.iter().partition(|file| is_isolated(file));
    let mut names: BTreeSet<Untrusted> = isolated.into_iter().map(|file| file.shown.clone()).collect();
    for file in others {
        names.remove(&file.shown);
    }
    names
}

pub(in crate::cli) fn base_of(
    repository: Result<&Repository, &Diagnostic>,
    named: Option<&str>,
    run: &Run,
) -> anyhow::Result<Base> {
    match repository {
        Ok(repository) => git::find_base(repository, named, run)
            .map_err(|error| WrongUse(output::diagnostics(std::slice::from_ref(&*error.0))).into()),
        Err(error) if named.is_some() || run.judges_a_change() || error.weight == Weight::Error => {
            Ok(Base::Unavailable(Box::new(error.clone())))
        }
        Err(_) => Ok(Base::None),
    }
}

/// The artifacts whose manifest says that another commit was tested: what is in them says nothing about this one. The
/// second stage holds them against the change before, where a merge of it may have been tested.
fn of_other_commits(files: &[Packed], commit: &str) -> Vec<Diagnostic> {
    let others = files.iter().filter_map(|file| {
        let tested = file.tested.as_deref().filter(|tested| *tested != commit)?;
        Some((file.artifact.as_str(), tested))
    });
    let short = |commit: &str| commit.chars().take(7).collect::<String>();
    let said = |(artifact, tested): (&str, &str)| {
        let message = format!("its reports are of commit {}, and {} is judged", short(tested), short(commit));
        let help = "check out the commit that the legs tested, or let them run again";
        Diagnostic::new(Code::BadArtifact, Weight::Error, message, Origin::file(artifact)).with_help(help)
    };
    others.collect::<BTreeSet<_>>().into_iter().map(said).collect()
}

fn without_repository(base: &Base) -> DiffState {
    match base {
        Base::Unavailable(error) => {
            DiffState::Unavailable { reason: error.message.clone(), help: error.help.raw().to_owned() }
        }
        Base::None | Base::Known(_) => DiffState::NoBase,
    }
}

/// The tracked files, with the number of lines of those that the change touches: only there can a report of
/// another state of the file make a figure wrong.
fn ground_of(repository: &Repository, changes: &Changes, diagnostics: &mut Vec<Diagnostic>) -> Ground {
    let (side, diff) = (changes.side, changes.diff.known());
    let tracked = match repository.tracked_files(side) {
        Ok(tracked) => tracked,
        Err(error) => {
            diagnostics.push(*error);
            return Ground::default();
        }
    };
    let modules = repository.go_modules(side, &tracked);
    let files = tracked.files.into_iter().map(|path| {
        let lines = match changes.line_counts.get(&path) {
            Some(count) => Some(*count),
            None if diff.is_some_and(|diff| diff.files.contains_key(&path)) => {
                repository.line_count(side, &path)
            }
            None => None,
        };
        (path, lines)
    });
    Ground {
        tree: Some(Tree::new(files)),
        modules: modules
            .into_iter()
            .map(|module| GoModule { folder: RepoPath::new(&module.folder).ok(), name: module.name })
            .collect(),
        workspaces: Vec::new(),
        texts: None,
        path_rules: Vec::new(),
    }
}

fn directory_name(dir: &Path) -> Untrusted {
    let absolute = dir.canonicalize().unwrap_or_else(|_| dir.to_owned());
    Untrusted::new(absolute.file_name().unwrap_or_default().to_string_lossy())
}

/// Facts for the header, under the keys that `render` knows.
fn header(head: &git::Head, base: &Base, side: Side, policy: &Policy, is_alone: bool) -> Vec<HeaderFact> {
    let short = |commit: &str| commit.chars().take(7).collect::<String>();
    let mut facts = vec![HeaderFact { key: "project", value: head.project.clone() }];
    let mut fact = |key, value: String| {
        if !value.is_empty() {
            facts.push(HeaderFact { key, value: value.into() });
        }
    };
    let mut commit = head.commit.as_deref().map(short).unwrap_or_default();
    if side == Side::WorkingTree {
        commit.push_str(" with uncommitted changes");
    }
    fact("head", commit);
    if let Base::Known(point) = base {
        fact("base", format!("{} {}", point.name.raw(), short(&point.merge_base)));
    }
    fact("policy", policy.sources.join(" + "));
    if is_alone {
        fact("organisation", "no organisation policy read: floors are not in force here".to_owned());
    }
    fact("owners", policy.owners.join(", "));
    facts
}
