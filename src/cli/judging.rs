//! From a question to its answer: gather → read → judge. `check` and `action` share it.

use super::base::BaseEvidence;
use super::exit::WrongUse;
use super::output;
use super::policies::{self, Policies, PolicyOptions, ProposedPolicy, Setting};
use crate::compare::{self, ChangedLine, Occasion, Ran};
use crate::diagnostic::{Code, Diagnostic, Origin, Weight};
use crate::formats::Source;
use crate::gate::{self, Case, Ground, Keep, Reading, ReportSource, Texts};
use crate::io::git::{self, Base, Changes, Repository, Run, Side};
use crate::io::github::{Fetched, Snapshots};
use crate::io::isolated::{self, FileToRead};
use crate::io::policy as io_policy;
use crate::io::reports::{self, Found, Packed, Search};
use crate::model::{
    BuildJobs, Confirmation, Date, Diff, DiffState, Graded, HeaderFact, Kind, Moment, Note, Proposal,
    Provenance, RepoPath, Snapshot, Untrusted, Verdict, VerdictKind,
};
use crate::paths::{GoModule, Tree};
use crate::policy::{Absent, Globs, Policy, RepoFacts, ReportEntry};
use crate::render::explain::CountedLine;
use std::collections::BTreeMap;
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

/// The one line that the first pull request of somebody gets when it passes (`summary: { thanks: false }`: none).
const FIRST_PASS: &str = "the first pull request of its author here, and it passes: thank you";

/// How many reports are read at once at most: each may take some 20 MiB while it is read.
const MOST_AT_ONCE: NonZeroUsize = NonZeroUsize::MIN.saturating_add(3);

/// What is to be judged, and by what.
pub(super) struct Question {
    /// The directory to judge.
    pub(super) dir: PathBuf,
    /// What CI says of the run.
    pub(super) run: Run,
    /// Where the policy comes from.
    pub(super) policy: PolicyOptions,
    /// What CI says of the repository.
    pub(super) facts: RepoFacts,
    /// Globs that replace the policy's, by kind.
    pub(super) reports: Vec<(Kind, String)>,
    /// The branch or commit to compare with, if it was named.
    pub(super) base: Option<String>,
    /// How the CI jobs or steps ended.
    pub(super) jobs: Option<BuildJobs>,
    /// A file with the base's evidence.
    pub(super) base_snapshot: Option<PathBuf>,
    /// Where the base's evidence is looked for if no file is given.
    pub(super) snapshots: Option<Snapshots>,
    /// Files that this run reads or writes and that are no reports.
    pub(super) written: Vec<PathBuf>,
    /// Other names of the workspace that paths in reports may begin with.
    pub(super) workspaces: Vec<String>,
    /// What other jobs uploaded, to be judged instead of the reports of the directory.
    pub(super) artifacts: Option<Fetched>,
    /// The largest report that is read, in bytes.
    pub(super) max_report_bytes: u64,
    /// True if the evidence is kept for later comparisons.
    pub(super) keeps_everything: bool,
    /// What the second stage knows beside it.
    pub(super) second_stage: Option<SecondStage>,
}

/// A change that was put together from git objects, and what is known of where its evidence comes from.
pub(super) struct SecondStage {
    /// The change, the base and the policy.
    pub(super) repository: Repository,
    /// The program whose process reads the reports: this one.
    pub(super) reader: PathBuf,
    /// Reasons to trust the evidence less than the change alone gives.
    pub(super) lowered: Vec<Graded>,
    /// A maintainer who stands for the evidence.
    pub(super) confirmed: Option<Confirmation>,
    /// Problems that were found on the way.
    pub(super) diagnostics: Vec<Diagnostic>,
}

impl Question {
    /// A directory as it stands, with nothing named.
    pub(super) fn new(dir: PathBuf, run: Run) -> Self {
        Self {
            dir,
            run,
            policy: PolicyOptions::default(),
            facts: RepoFacts::default(),
            reports: Vec::new(),
            base: None,
            jobs: None,
            base_snapshot: None,
            snapshots: None,
            written: Vec::new(),
            workspaces: Vec::new(),
            artifacts: None,
            max_report_bytes: Source::DEFAULT_MAX_BYTES,
            keeps_everything: false,
            second_stage: None,
        }
    }
}

/// A judgement with what it was made from.
pub(super) struct Judged {
    gathered: Gathered,
    /// The evidence of the head.
    pub(super) head: Snapshot,
    /// The judgement.
    pub(super) verdict: Verdict,
}

/// Gathers, reads and judges, and writes nothing.
///
/// # Errors
/// [`WrongUse`] for a question that cannot be asked: no directory, a base that does not exist, a policy with
/// mistakes, a damaged snapshot.
pub(super) fn answer(question: Question) -> anyhow::Result<Judged> {
    let (max_bytes, keeps_everything) = (question.max_report_bytes, question.keeps_everything);
    let is_first = question.run.is_first;
    let mut gathered = gather(question)?;
    let keep =
        if keeps_everything || gathered.base.snapshot.is_some() { Keep::Everything } else { Keep::Failures };
    let alone = Reading::keeping(keep);
    let reading = Reading {
        with_repeats: alone.with_repeats || gathered.any_policy(Policy::asks_for_repeats),
        with_places: alone.with_places || gathered.any_policy(Policy::narrows_tests),
        at_once: std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN).min(MOST_AT_ONCE),
        ..alone
    };
    let mut head = match &gathered.reader {
        Some(reader) => {
            read_apart(reader, &gathered, &gathered.evidence, &gathered.policy).unwrap_or_else(|error| {
                gathered.diagnostics.push(*error);
                Snapshot { commit: gathered.commit.clone(), ..Snapshot::default() }
            })
        }
        None => gate::read(
            gathered.evidence.sources(&gathered.policy, max_bytes),
            &gathered.ground,
            gathered.commit.clone(),
            gathered.jobs.clone(),
            reading,
        ),
    };
    head.jobs.clone_from(&gathered.jobs);
    let judged_by = |policy: &Policy, head: &Snapshot, found: &[Diagnostic]| {
        gate::judge(Case {
            head,
            base: gathered.base.side(),
            diff: &gathered.diff,
            occasion: gathered.occasion,
            policy,
            provenance: gathered.provenance.as_ref(),
            header: gathered.header.clone(),
            diagnostics: gathered.diagnostics.iter().chain(found).cloned().collect(),
        })
    };
    let mut verdict = judged_by(&gathered.policy, &head, &gathered.found);
    if is_first && gathered.policy.thanks && verdict.kind == VerdictKind::Passed {
        verdict.notes.push(Note { kind: "first-pass", text: FIRST_PASS.to_owned(), names: Vec::new() });
    }
    if let Some((proposed, looked)) = &gathered.proposed {
        let tried = match (&proposed.policy, looked) {
            (Ok(policy), Some(looked)) => {
                let mut found = looked.found.clone();
                let (commit, jobs) = (gathered.commit.clone(), gathered.jobs.clone());
                let mut head = match &gathered.reader {
                    Some(reader) => {
                        read_apart(reader, &gathered, &looked.evidence, policy).unwrap_or_else(|error| {
                            found.push(*error);
                            Snapshot { commit, ..Snapshot::default() }
                        })
                    }
                    None => {
                        let sources = looked.evidence.sources(policy, max_bytes);
                        gate::read(sources, &gathered.ground, commit, jobs.clone(), reading)
                    }
                };
                head.jobs = jobs;
                judged_by(policy, &head, &found)
            }
            _ => verdict.clone(),
        };
        verdict.diagnostics.push(policies::note(proposed, tried.kind));
        verdict.proposal = Some(Proposal {
            file: proposed.file.clone(),
            changes: proposed.changes.clone(),
            verdict: Box::new(tried),
            mistakes: proposed.policy.as_ref().err().cloned().unwrap_or_default(),
        });
    }
    gate::remember(&mut head, gathered.base.snapshot.as_ref(), gathered.occasion);
    Ok(Judged { gathered, head, verdict })
}

impl Judged {
    /// The change, if it is known.
    pub(super) fn diff(&self) -> Option<&Diff> {
        self.gathered.diff.known()
    }

    /// The policy that judged.
    pub(super) fn policy(&self) -> &Policy {
        &self.gathered.policy
    }

    /// Every changed line that counts, with what each report says of it. The reports are read once more, each
    /// alone: the snapshot keeps what they say together.
    pub(super) fn counted_lines(&self) -> Vec<CountedLine> {
        let gathered = &self.gathered;
        let excluded = |path: &RepoPath| gathered.policy.excludes(path);
        let diff = &gathered.diff;
        let base = gathered.base.side();
        let evidence = compare::evidence(&self.head, &base, gathered.occasion, diff, &[], &excluded);
        let mut counted: Vec<CountedLine> = Vec::new();
        for file in evidence.changed.iter().flat_map(|changed| &changed.files) {
            let lines = file.lines.iter().filter(|line| line.ran.is_some());
            counted.extend(lines.map(|line| CountedLine {
                file: file.path.clone(),
                line: line.line,
                notes: notes_of(line),
                hits: Vec::new(),
            }));
        }
        counted.sort();
        for source in gathered.evidence.sources(&gathered.policy, Source::DEFAULT_MAX_BYTES) {
            let report = source.file.clone();
            let alone = gate::read([source], &gathered.ground, None, None, Reading::keeping(Keep::Totals));
            let Some(coverage) = alone.coverage else { continue };
            for counted in &mut counted {
                let lines = coverage.files.get(&counted.file).map(|file| &file.lines);
                let line = NonZeroU32::new(counted.line);
                if let Some(hits) = lines.zip(line).and_then(|(lines, line)| lines.get(line)) {
                    counted.hits.push((report.clone(), hits));
                }
            }
        }
        counted
    }
}

/// What else is known of a line that counts.
fn notes_of(line: &ChangedLine) -> Vec<&'static str> {
    let notes = [
        (line.ran == Some(Ran::Partly), "in part"),
        (line.respaced, "only white space differs"),
        (line.uncovered_before, "moved, and uncovered before"),
    ];
    notes.into_iter().filter(|(holds, _)| *holds).map(|(_, note)| note).collect()
}

/// Everything that is judged, before anything is read or judged.
struct Gathered {
    policy: Policy,
    /// What the change would make of the policy, with the evidence that it would ask for.
    proposed: Option<(ProposedPolicy, Option<Looked>)>,
    evidence: Evidence,
    ground: Ground,
    commit: Option<String>,
    diff: DiffState,
    occasion: Occasion,
    base: BaseEvidence,
    jobs: Option<BuildJobs>,
    header: Vec<HeaderFact>,
    diagnostics: Vec<Diagnostic>,
    /// Where the evidence comes from, if more is known than the change.
    provenance: Option<Provenance>,
    /// The program whose process reads the reports; `None` reads them here.
    reader: Option<PathBuf>,
    /// What was odd about finding the evidence.
    found: Vec<Diagnostic>,
}

/// The evidence that a policy asks for, and what was odd about finding it.
struct Looked {
    evidence: Evidence,
    found: Vec<Diagnostic>,
}

impl Gathered {
    /// True for one of the policies that judge.
    fn any_policy(&self, asks: fn(&Policy) -> bool) -> bool {
        let proposed = self
            .proposed
            .as_ref()
            .and_then(|(proposed, _)| proposed.policy.as_ref().ok().map(|policy| &**policy));
        asks(&self.policy) || proposed.is_some_and(asks)
    }
}

fn gather(mut question: Question) -> anyhow::Result<Gathered> {
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
    let (reader, lowered, confirmed) = match &second {
        Some(second) => {
            diagnostics.extend(second.diagnostics.iter().cloned());
            (Some(second.reader.clone()), second.lowered.clone(), second.confirmed.clone())
        }
        None => (None, Vec::new(), None),
    };
    let repository = second.map_or_else(|| git::open(dir), |second| Ok(second.repository));
    let base = base_of(repository.as_ref().map_err(|error| &**error), question.base.as_deref(), run)?;
    let setting = Setting {
        repository: repository.as_ref().map_err(|error| &**error),
        dir,
        base: &base,
        run,
        facts: question.facts.clone(),
    };
    let Policies { judging: policy, proposed, is_alone } =
        policies::find(&question.policy, setting, &mut diagnostics)?;
    let mut policy = with_named_reports(policy, &question.reports)?;
    for beside in policy.beside.clone() {
        let repository = repository.as_ref().map_err(|error| &**error);
        let bytes = io_policy::read_beside(repository, dir, &base, run, &beside.path, beside.most_bytes());
        let taken = bytes.map_err(|error| *error).and_then(|bytes| policy.take_beside(&beside, &bytes));
        diagnostics.extend(taken.err());
    }
    let mut proposed = proposed;
    if let Some(ProposedPolicy { policy: Ok(proposed), .. }) = &mut proposed {
        **proposed = with_named_reports((**proposed).clone(), &question.reports)?;
        policies::adopt_globs(&mut policy, proposed, &mut diagnostics);
    }

    let changes = match &repository {
        Ok(repository) => git::changes(repository, &base, run),
        Err(_) => Changes { diff: without_repository(&base), side: Side::Commit, diagnostics: Vec::new() },
    };
    diagnostics.extend(changes.diagnostics.iter().cloned());
    if let (Err(error), false) = (&repository, question.base.is_none() && !run.judges_a_change()) {
        diagnostics.push((**error).clone());
    }
    let packed = question.artifacts.take().map(|fetched| {
        diagnostics.extend(fetched.diagnostics);
        Arc::new(fetched.files)
    });
    let look = |policy: &Policy| look(&question, policy, repository.as_ref().ok(), packed.clone());
    let Looked { evidence, found } = look(&policy);
    let proposed = proposed.map(|proposed| {
        let looked = proposed.policy.as_ref().ok().map(|policy| look(policy));
        (proposed, looked)
    });

    let mut ground = match &repository {
        Ok(repository) => ground_of(repository, changes.side, &changes.diff, &mut diagnostics),
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
    let header = header(&head, &base, changes.side, &policy, is_alone);
    let given = question.base_snapshot.as_deref().map(super::snapshot::read).transpose()?;
    let (clone, head_commit) = (repository.as_ref().ok(), head.commit.as_deref());
    let base_evidence = match &question.snapshots {
        Some(snapshots) if given.is_none() => {
            BaseEvidence::found(snapshots, clone, &base, head_commit, &mut diagnostics)
        }
        _ => BaseEvidence::given(given, clone, &base, head_commit, &mut diagnostics),
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
    let side = changes.side;
    ground.texts =
        repository.ok().map(|repository| Texts(Box::new(move |path| repository.source(side, path))));
    Ok(Gathered {
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
        ground,
        header,
        diagnostics,
        found,
    })
}

/// Reads the reports in a process of its own.
fn read_apart(
    reader: &Path,
    gathered: &Gathered,
    evidence: &Evidence,
    policy: &Policy,
) -> Result<Snapshot, Box<Diagnostic>> {
    let Evidence::Packed(files) = evidence else { return Ok(Snapshot::default()) };
    let chosen = reports::choose(files, &policy.reports, &mut Vec::new());
    let files: Vec<FileToRead<'_>> = chosen
        .iter()
        .map(|report| FileToRead {
            shown: &report.file.shown,
            entry: report.entry,
            kind: report.kind,
            format: report.format,
            bytes: &report.file.bytes,
        })
        .collect();
    isolated::read(reader, &files, &gathered.ground, gathered.commit.clone())
}

/// Looks for what a policy asks for.
fn look(
    question: &Question,
    policy: &Policy,
    repository: Option<&Repository>,
    packed: Option<Arc<Vec<Packed>>>,
) -> Looked {
    let mut found = Vec::new();
    let (evidence, is_missing, place) = match packed {
        Some(files) => {
            let is_missing = reports::choose(&files, &policy.reports, &mut found).is_empty();
            (Evidence::Packed(files), is_missing, "artifacts")
        }
        None => {
            let files = find(question, policy, repository, &mut found);
            let is_missing = files.reports.is_empty();
            (Evidence::Files(files), is_missing, "directory")
        }
    };
    if is_missing && policy.reports.is_empty() {
        let message = format!("no report was found in the {place}");
        found.push(Diagnostic::new(Code::NoReport, Weight::Error, message, Origin::default()));
    }
    Looked { evidence, found }
}

/// The reports of the directory.
fn find(
    question: &Question,
    policy: &Policy,
    repository: Option<&Repository>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Found {
    let tracking = match repository {
        Some(repository) => repository.tracking().map_err(|error| diagnostics.push(*error)).ok(),
        None => Some(git::Tracking::nothing()),
    };
    let search = Search {
        dir: &question.dir,
        entries: &policy.reports,
        tracking: tracking.as_ref(),
        not_before: None,
        written: &question.written,
    };
    let found = reports::find(&search);
    diagnostics.extend(found.diagnostics.iter().cloned());
    found
}

/// Where the reports are.
enum Evidence {
    /// Files of the directory.
    Files(Found),
    /// Files of artifacts, in memory.
    Packed(Arc<Vec<Packed>>),
}

impl Evidence {
    /// The reports, each opened when its turn comes.
    fn sources<'e>(
        &'e self,
        policy: &'e Policy,
        max_bytes: u64,
    ) -> Box<dyn Iterator<Item = ReportSource<'e>> + Send + 'e> {
        match self {
            Self::Files(found) => {
                Box::new(
                    found.reports.iter().map(move |report| ReportSource {
                        file: report.shown.clone(),
                        entry: report.entry.clone(),
                        kind: report.kind,
                        format: report.format,
                        source: reports::open(report)
                            .map(|file| Source::new(file, max_bytes))
                            .map_err(|error| *error),
                    }),
                )
            }
            Self::Packed(files) => {
                // What there was to say about them is said since they were looked for.
                let chosen = reports::choose(files, &policy.reports, &mut Vec::new());
                Box::new(chosen.into_iter().map(move |report| ReportSource {
                    file: report.file.shown.clone(),
                    entry: report.entry.to_owned(),
                    kind: report.kind,
                    format: report.format,
                    source: Ok(Source::new(report.file.bytes.as_slice(), max_bytes)),
                }))
            }
        }
    }
}

pub(super) fn base_of(
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

fn without_repository(base: &Base) -> DiffState {
    match base {
        Base::Unavailable(error) => {
            DiffState::Unavailable { reason: error.message.clone(), help: error.help.raw().to_owned() }
        }
        Base::None | Base::Known(_) => DiffState::NoBase,
    }
}

/// Today in UTC: the only clock of a verdict (DECISIONS 21).
pub(super) fn today() -> Option<Date> {
    Date::from_unix_seconds(now()?.seconds())
}

/// This moment.
pub(super) fn now() -> Option<Moment> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).ok()?;
    Some(Moment::from_seconds(now.as_secs()))
}

/// `--report` replaces the policy's entries of the same kind: the user knows better where the files are.
fn with_named_reports(mut policy: Policy, named: &[(Kind, String)]) -> anyhow::Result<Policy> {
    policy.reports.retain(|_, entry| named.iter().all(|(kind, _)| *kind != entry.kind));
    policy.reports.extend(named_reports(named)?);
    Ok(policy)
}

/// The contract that `--report` makes.
fn named_reports(named: &[(Kind, String)]) -> anyhow::Result<BTreeMap<String, ReportEntry>> {
    let mut entries = BTreeMap::new();
    for (index, (kind, glob)) in named.iter().enumerate() {
        let path = Globs::new(std::slice::from_ref(glob)).map_err(|error| {
            WrongUse(format!(
                "error[{}]: `{glob}` is no glob: {error}\n  = help: {}",
                Code::BadGlob,
                Code::BadGlob.help()
            ))
        })?;
        let entry = ReportEntry {
            kind: *kind,
            path,
            format: None,
            at_least: 1,
            shards: None,
            when: Globs::none(),
            absent: Absent::Required,
            tracked: true,
            origin: Origin::file("--report"),
        };
        entries.insert(format!("--report {} {}", kind.word(), index + 1), entry);
    }
    Ok(entries)
}

/// The reports of a directory, by the globs that are named and by content, without a policy.
///
/// # Errors
/// [`WrongUse`] for a glob that cannot be used.
pub(super) fn find_without_policy(dir: &Path, named: &[(Kind, String)]) -> anyhow::Result<Found> {
    let entries = named_reports(named)?;
    let tracking = match git::open(dir) {
        Ok(repository) => repository.tracking(),
        Err(_) => Ok(git::Tracking::nothing()),
    };
    let (tracking, problem) = match tracking {
        Ok(tracking) => (Some(tracking), None),
        Err(problem) => (None, Some(*problem)),
    };
    let search =
        Search { dir, entries: &entries, tracking: tracking.as_ref(), not_before: None, written: &[] };
    let mut found = reports::find(&search);
    found.diagnostics.extend(problem);
    Ok(found)
}

/// The tracked files, with the number of lines of those that the change touches: only there can a report of
/// another state of the file make a figure wrong.
fn ground_of(
    repository: &Repository,
    side: Side,
    diff: &DiffState,
    diagnostics: &mut Vec<Diagnostic>,
) -> Ground {
    let tracked = match repository.tracked_files(side) {
        Ok(tracked) => tracked,
        Err(error) => {
            diagnostics.push(*error);
            return Ground::default();
        }
    };
    let modules = repository.go_modules(side, &tracked);
    let is_changed = |path: &RepoPath| diff.known().is_some_and(|diff| diff.files.contains_key(path));
    let files = tracked.files.into_iter().map(|path| {
        let lines = if is_changed(&path) { repository.line_count(side, &path) } else { None };
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
