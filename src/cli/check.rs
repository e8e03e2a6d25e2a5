//! `tollgate check`: gather → read → judge → print.

use super::exit::WrongUse;
use super::{ExitStatus, output};
use crate::compare::{self, Occasion};
use crate::diagnostic::{Code, Diagnostic, Origin, Weight};
use crate::formats::Source;
use crate::gate::{self, Case, Ground, Keep, ReportSource};
use crate::io::ci::{self, Environment};
use crate::io::git::{self, Base, Changes, Repository, Run, Side};
use crate::io::jobs;
use crate::io::policy::{self as policy_files, PolicyError, PolicyFiles, PolicyText, Proposed};
use crate::io::reports::{self, Found, Search};
use crate::model::{
    BuildJobs, Date, DiffState, HeaderFact, Kind, RepoPath, Snapshot, Untrusted, Verdict, VerdictKind,
};
use crate::paths::{GoModule, Tree};
use crate::policy::{self, Absent, Globs, Layers, Policy, PolicyFile, ReportEntry};
use crate::render;
use crate::render::explain::CountedLine;
use crate::render::summary::Page;
use crate::wire;
use crate::wire::verdict::VerdictRecord;
use clap::ValueEnum;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// Arguments of `tollgate check`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Without a policy, reports are found by their content and the built-in policy judges: no failing test, at least \
one test, no new finding of severity high or above. `.github/tollgate.yml` says more.

Examples:
  tollgate check                                   # judge what is in this directory
  tollgate check --base origin/main                # the change since the merge base
  tollgate check --report coverage=out/lcov.info   # another place for a kind of report
  tollgate check --format json > verdict.json")]
pub(super) struct Arguments {
    /// The directory to judge: root of policy, paths and globs
    #[arg(default_value = ".", value_name = "DIR")]
    dir: PathBuf,
    /// Judge by this policy instead of the repository's
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// Read the reports of a kind (tests, coverage, scan) from here; may be repeated
    #[arg(long = "report", value_name = "KIND=GLOB", value_parser = parse_report)]
    reports: Vec<(Kind, String)>,
    /// The day that waivers and dates of the policy are judged by, such as 2027-01-31 [default: today, in UTC]
    #[arg(long, value_name = "DATE", value_parser = parse_date)]
    as_of: Option<Date>,
    /// The branch or commit that the change is compared with [default: the remote's default branch]
    #[arg(long, value_name = "REF-OR-SHA")]
    base: Option<String>,
    /// How the CI jobs or steps ended: toJSON(needs), toJSON(steps), or the API's list of jobs
    #[arg(long, value_name = "FILE")]
    jobs: Option<PathBuf>,
    /// The base's evidence, written there by --save-snapshot
    #[arg(long, value_name = "FILE")]
    base_snapshot: Option<PathBuf>,
    /// What to print
    #[arg(long, value_enum, default_value_t = OutputFormat::Text)]
    format: OutputFormat,
    /// Also write the Markdown summary to a file
    #[arg(long, value_name = "FILE")]
    write_summary: Option<PathBuf>,
    /// Also write the verdict as JSON (tollgate.verdict/1) to a file
    #[arg(long, value_name = "FILE")]
    write_json: Option<PathBuf>,
    /// Also write the merged coverage as an LCOV tracefile
    #[arg(long, value_name = "FILE")]
    write_lcov: Option<PathBuf>,
    /// Also write all evidence of this commit, for --base-snapshot of later changes
    #[arg(long, value_name = "FILE")]
    save_snapshot: Option<PathBuf>,
    /// The largest report that is read, in bytes
    #[arg(long, value_name = "N", default_value_t = Source::DEFAULT_MAX_BYTES)]
    max_report_bytes: u64,
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

fn parse_date(text: &str) -> Result<Date, String> {
    Date::parse(text).map_err(|error| error.to_string())
}

fn parse_report(text: &str) -> Result<(Kind, String), String> {
    let (kind, glob) = text.split_once('=').ok_or("expected KIND=GLOB, such as tests=out/junit.xml")?;
    let kind = [Kind::Tests, Kind::Coverage, Kind::Scan]
        .into_iter()
        .find(|known| known.word() == kind)
        .ok_or_else(|| format!("`{kind}` is no kind of report; write tests, coverage or scan"))?;
    Ok((kind, glob.to_owned()))
}

impl Arguments {
    /// What `check` takes, for a judgement that is only explained.
    pub(super) fn of(explain: &super::explain::Arguments) -> Self {
        let mut arguments = Self::judging(explain.dir.clone());
        arguments.policy.clone_from(&explain.policy);
        arguments.base.clone_from(&explain.base);
        arguments.base_snapshot.clone_from(&explain.base_snapshot);
        arguments.jobs.clone_from(&explain.jobs);
        arguments
    }

    fn judging(dir: PathBuf) -> Self {
        Self {
            dir,
            policy: None,
            reports: Vec::new(),
            as_of: None,
            base: None,
            jobs: None,
            base_snapshot: None,
            format: OutputFormat::Text,
            write_summary: None,
            write_json: None,
            write_lcov: None,
            save_snapshot: None,
            max_report_bytes: Source::DEFAULT_MAX_BYTES,
        }
    }

    /// The files that this run writes; one left from the last run is no report.
    fn written(&self) -> Vec<PathBuf> {
        let files = [&self.write_summary, &self.write_json, &self.write_lcov, &self.save_snapshot];
        files.into_iter().chain([&self.base_snapshot, &self.jobs]).flatten().cloned().collect()
    }
}

/// Runs it.
pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitStatus> {
    let Judged { gathered: _, head, verdict } = judge(arguments)?;
    write_files(arguments, &head, &verdict)?;
    let text = match arguments.format {
        OutputFormat::Text => render::terminal::render(&verdict, output::style()),
        OutputFormat::Markdown => render::summary::render(&verdict, Page::JOB_SUMMARY),
        OutputFormat::Json => json(&verdict)?,
    };
    output::print(&text)?;
    Ok(match verdict.kind {
        VerdictKind::Passed => ExitStatus::Passed,
        VerdictKind::NeedsChanges => ExitStatus::NeedsChanges,
        VerdictKind::NoVerdict => ExitStatus::NoVerdict,
    })
}

/// A judgement with what it was made from.
pub(super) struct Judged {
    gathered: Gathered,
    head: Snapshot,
    /// The judgement.
    pub(super) verdict: Verdict,
}

/// Gathers, reads and judges, and writes nothing.
pub(super) fn judge(arguments: &Arguments) -> anyhow::Result<Judged> {
    let gathered = gather(arguments)?;
    let keep = if arguments.save_snapshot.is_some() || gathered.base.is_some() {
        Keep::Everything
    } else {
        Keep::Failures
    };
    let head = gate::read(
        gathered.sources(arguments.max_report_bytes),
        &gathered.ground,
        gathered.commit.clone(),
        gathered.jobs.clone(),
        keep,
    );
    let judged_by = |policy: &Policy| {
        gate::judge(Case {
            head: &head,
            base: gathered.base.as_ref(),
            diff: &gathered.diff,
            occasion: gathered.occasion,
            policy,
            header: gathered.header.clone(),
            diagnostics: gathered.diagnostics.clone(),
        })
    };
    let mut verdict = judged_by(&gathered.policy);
    if let Some(proposed) = &gathered.proposed {
        verdict.diagnostics.push(dry_run(proposed, |policy| judged_by(policy).kind));
    }
    Ok(Judged { gathered, head, verdict })
}

impl Judged {
    /// Every changed line that counts, with what each report says of it. The reports are read once more, each
    /// alone: the snapshot keeps what they say together.
    pub(super) fn counted_lines(&self) -> Vec<CountedLine> {
        let gathered = &self.gathered;
        let excluded = |path: &RepoPath| gathered.policy.excludes(path);
        let diff = &gathered.diff;
        let evidence = compare::evidence(&self.head, None, gathered.occasion, diff, &[], &excluded);
        let mut counted: Vec<CountedLine> = Vec::new();
        for file in evidence.changed.iter().flat_map(|changed| &changed.files) {
            let lines = file.covered.lines().chain(file.missed.lines());
            counted.extend(lines.map(|line| CountedLine { file: file.path.clone(), line, hits: Vec::new() }));
        }
        counted.sort();
        for source in gathered.sources(Source::DEFAULT_MAX_BYTES) {
            let report = source.file.clone();
            let alone = gate::read([source], &gathered.ground, None, None, Keep::Totals);
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

fn json(verdict: &Verdict) -> anyhow::Result<String> {
    Ok(String::from_utf8(wire::verdict::write(&VerdictRecord::from(verdict)))?)
}

/// Everything that is judged, before anything is read or judged.
struct Gathered {
    policy: Policy,
    proposed: Option<ProposedPolicy>,
    found: Found,
    ground: Ground,
    commit: Option<String>,
    diff: DiffState,
    occasion: Occasion,
    base: Option<Snapshot>,
    jobs: Option<BuildJobs>,
    header: Vec<HeaderFact>,
    diagnostics: Vec<Diagnostic>,
}

/// What the change would make of the policy; judged as a dry run, never used.
enum ProposedPolicy {
    /// The file that judges is gone.
    Removed,
    /// A file with mistakes, and how many.
    Broken(Untrusted, usize),
    /// Another policy.
    Policy(Untrusted, Box<Policy>),
}

fn gather(arguments: &Arguments) -> anyhow::Result<Gathered> {
    if !arguments.dir.is_dir() {
        let message = format!(
            "error: `{}` is no directory\n  = help: `check` judges a directory; `tollgate inspect` reads single files",
            arguments.dir.display()
        );
        return Err(WrongUse(message).into());
    }
    let mut diagnostics = Vec::new();
    let environment = Environment::new(std::env::vars_os());
    let run = ci::run_of(&environment).map_err(|error| WrongUse(output::diagnostics(&[*error])))?;
    let repository = git::open(&arguments.dir);
    let base = base_of(repository.as_ref().map_err(|error| &**error), arguments, &run)?;
    let files = policy_files::find(
        repository.as_ref().map_err(|error| &**error),
        &arguments.dir,
        arguments.policy.as_deref(),
        &base,
        &run,
    );
    let (policy, proposed) = policies(files, arguments.as_of.or_else(today), &mut diagnostics)?;
    let policy = with_named_reports(policy, &arguments.reports)?;

    let changes = match &repository {
        Ok(repository) => git::changes(repository, &base, &run),
        Err(_) => Changes { diff: without_repository(&base), side: Side::Commit, diagnostics: Vec::new() },
    };
    diagnostics.extend(changes.diagnostics.iter().cloned());
    if let (Err(error), false) = (&repository, arguments.base.is_none() && !run.judges_a_change()) {
        diagnostics.push((**error).clone());
    }
    let tracking = match &repository {
        Ok(repository) => repository.tracking().map_err(|error| diagnostics.push(*error)).ok(),
        Err(_) => Some(git::Tracking::nothing()),
    };
    let written = arguments.written();
    let search = Search {
        dir: &arguments.dir,
        entries: &policy.reports,
        tracking: tracking.as_ref(),
        not_before: None,
        written: &written,
    };
    let found = reports::find(&search);
    diagnostics.extend(found.diagnostics.iter().cloned());
    if found.reports.is_empty() && policy.reports.is_empty() {
        let message = "no report was found in the directory";
        diagnostics.push(Diagnostic::new(Code::NoReport, Weight::Error, message, Origin::default()));
    }

    let mut ground = match &repository {
        Ok(repository) => ground_of(repository, changes.side, &changes.diff, &mut diagnostics),
        Err(_) => Ground::default(),
    };
    ground
        .workspaces
        .extend(arguments.dir.canonicalize().ok().map(|dir| dir.to_string_lossy().replace('\\', "/")));
    let head = match &repository {
        Ok(repository) => repository.head().unwrap_or_else(|error| {
            diagnostics.push(*error);
            git::Head::default()
        }),
        Err(_) => git::Head { project: directory_name(&arguments.dir), ..git::Head::default() },
    };
    let header = header(&head, &base, changes.side, &policy);
    Ok(Gathered {
        occasion: if matches!(base, Base::None) { Occasion::Absolute } else { Occasion::Change },
        base: arguments.base_snapshot.as_deref().map(super::snapshot::read).transpose()?,
        jobs: arguments.jobs.as_deref().map(read_jobs).transpose()?,
        commit: head.commit,
        diff: changes.diff,
        policy,
        proposed,
        found,
        ground,
        header,
        diagnostics,
    })
}

impl Gathered {
    /// The reports, each opened when its turn comes.
    fn sources(&self, max_bytes: u64) -> impl Iterator<Item = ReportSource<'static>> {
        self.found.reports.iter().map(move |report| ReportSource {
            file: report.shown.clone(),
            entry: report.entry.clone(),
            kind: report.kind,
            format: report.format,
            source: reports::open(report).map(|file| Source::new(file, max_bytes)).map_err(|error| *error),
        })
    }
}

fn base_of(
    repository: Result<&Repository, &Diagnostic>,
    arguments: &Arguments,
    run: &Run,
) -> anyhow::Result<Base> {
    match repository {
        Ok(repository) => git::find_base(repository, arguments.base.as_deref(), run)
            .map_err(|error| WrongUse(output::diagnostics(std::slice::from_ref(&*error.0))).into()),
        Err(error) if arguments.base.is_some() || run.judges_a_change() || error.weight == Weight::Error => {
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

/// The policy that judges and the one that the change proposes. A policy with mistakes is wrong use; one that
/// has to judge and cannot be read leaves the built-in policy and an error, with which nothing passes.
fn policies(
    files: Result<PolicyFiles, PolicyError>,
    today: Option<Date>,
    diagnostics: &mut Vec<Diagnostic>,
) -> anyhow::Result<(Policy, Option<ProposedPolicy>)> {
    let files = match files {
        Ok(files) => files,
        Err(PolicyError::Wrong(error)) => return Err(WrongUse(output::diagnostics(&[*error])).into()),
        Err(PolicyError::Unreadable(error)) => {
            diagnostics.push(*error);
            return Ok((policy::resolve(None, ""), None));
        }
    };
    diagnostics.extend(files.diagnostics);
    let judging = match &files.judging {
        Some(text) => {
            let file = parse(text).map_err(|errors| WrongUse(output::diagnostics(&errors)))?;
            resolve(&file, text, today).map_err(|errors| WrongUse(output::diagnostics(&errors)))?
        }
        None => policy::resolve(None, ""),
    };
    let proposed = match files.proposed {
        Proposed::Same => None,
        Proposed::Removed => Some(ProposedPolicy::Removed),
        Proposed::Text(text) => Some(match parse(&text).and_then(|file| resolve(&file, &text, today)) {
            Ok(policy) => ProposedPolicy::Policy(text.file, Box::new(policy)),
            Err(errors) => ProposedPolicy::Broken(text.file, errors.len()),
        }),
    };
    Ok((judging, proposed))
}

fn parse(text: &PolicyText) -> Result<PolicyFile, Vec<Diagnostic>> {
    policy::parse(&text.text, text.file.raw())
}

fn resolve(file: &PolicyFile, text: &PolicyText, today: Option<Date>) -> Result<Policy, Vec<Diagnostic>> {
    let source = source_of(text);
    policy::resolve_layers(&Layers { file: Some(file), source: &source, today, ..Layers::default() })
}

/// Today in UTC: the only clock of a verdict (DECISIONS 21).
fn today() -> Option<Date> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).ok()?;
    Date::from_unix_seconds(now.as_secs())
}

fn source_of(text: &PolicyText) -> String {
    match text.read_from.raw() {
        "" => text.file.raw().to_owned(),
        from => format!("{} ({from})", text.file.raw()),
    }
}

/// What the proposed policy would say, as a note or a warning of the verdict.
fn dry_run(proposed: &ProposedPolicy, judge: impl Fn(&Policy) -> VerdictKind) -> Diagnostic {
    let (file, message) = match proposed {
        ProposedPolicy::Removed => (Untrusted::default(), "this change removes the policy".to_owned()),
        ProposedPolicy::Broken(file, mistakes) => (
            file.clone(),
            format!(
                "this change proposes a policy with {mistakes} mistakes; `tollgate check --policy` lists them"
            ),
        ),
        ProposedPolicy::Policy(file, policy) => (
            file.clone(),
            format!(
                "this change proposes another policy; under it the verdict would be {}",
                judge(policy).word()
            ),
        ),
    };
    Diagnostic::new(Code::PolicyDiffers, Weight::Warning, message, Origin::file(file))
}

/// `--report` replaces the policy's entries of the same kind: the user knows better where the files are.
fn with_named_reports(mut policy: Policy, named: &[(Kind, String)]) -> anyhow::Result<Policy> {
    policy.reports.retain(|_, entry| named.iter().all(|(kind, _)| *kind != entry.kind));
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
            absent: Absent::Required,
            tracked: true,
            origin: Origin::file("--report"),
        };
        policy.reports.insert(format!("--report {} {}", kind.word(), index + 1), entry);
    }
    Ok(policy)
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
    }
}

fn directory_name(dir: &Path) -> Untrusted {
    let absolute = dir.canonicalize().unwrap_or_else(|_| dir.to_owned());
    Untrusted::new(absolute.file_name().unwrap_or_default().to_string_lossy())
}

/// Facts for the header, under the keys that `render` knows.
fn header(head: &git::Head, base: &Base, side: Side, policy: &Policy) -> Vec<HeaderFact> {
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
    fact("owners", policy.owners.join(", "));
    facts
}

fn read_jobs(path: &Path) -> anyhow::Result<BuildJobs> {
    Ok(jobs::read(path).map_err(|error| WrongUse(output::diagnostics(&[*error])))?)
}

fn write_files(arguments: &Arguments, head: &Snapshot, verdict: &Verdict) -> anyhow::Result<()> {
    if let Some(path) = &arguments.write_summary {
        output::write_file(path, render::summary::render(verdict, Page::JOB_SUMMARY).as_bytes())?;
    }
    if let Some(path) = &arguments.write_json {
        output::write_file(path, &wire::verdict::write(&VerdictRecord::from(verdict)))?;
    }
    if let Some(path) = &arguments.write_lcov {
        let coverage = head.coverage.as_ref().map(wire::lcov::tracefile).unwrap_or_default();
        output::write_file(path, coverage.as_bytes())?;
    }
    if let Some(path) = &arguments.save_snapshot {
        output::write_file(path, &wire::snapshot::write(head))?;
    }
    Ok(())
}
