//! The order of things, in two pure functions: [`read`] and [`judge`].
//!
//! `read` turns opened files into a [`Snapshot`]: detect → parse → paths → merge. `judge` turns a snapshot, a
//! base, a diff and a policy into a [`Verdict`]: compare → evaluate. Both are synchronous and total: no clock,
//! no environment, no panic on any input; the same inputs give the same bytes in any order of the files.

use crate::compare::{self, BaseSide, Occasion};
use crate::diagnostic::{Code, Diagnostic, Origin, Weight};
use crate::evaluate::evaluate;
use crate::formats::frames::frames;
use crate::formats::scans::add_line_hashes;
use crate::formats::{self, Context, Detected, Format, Head, ParseError, Parsed, Report, Source};
use crate::merge;
use crate::model::{
    BuildJobs, CoverageReport, DiffState, HeaderFact, Health, Kind, PathResolution, Place, Provenance,
    RepoPath, ReportRead, ReportTotals, Scan, Snapshot, TestCase, TestHistory, Untrusted, Verdict,
};
use crate::paths::{self, GoModule, PathHints, PathRule, Tree};
use crate::policy::Policy;
use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::{Mutex, PoisonError};

/// One file to read, opened by `io`.
pub struct ReportSource<'r> {
    /// The file as it is shown to people: relative to the root of the check, with `/`.
    pub file: Untrusted,
    /// The entry of the policy's `reports:` that asked for it; empty if it was found by its content.
    pub entry: String,
    /// The kind that the entry announces.
    pub kind: Option<Kind>,
    /// The format that the entry names; `None` lets the content decide.
    pub format: Option<&'static Format>,
    /// The bytes, or why they could not be opened.
    pub source: Result<Source<'r>, Diagnostic>,
}

impl std::fmt::Debug for ReportSource<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ReportSource").field("file", &self.file).finish_non_exhaustive()
    }
}

/// What the paths of reports are held against.
#[derive(Debug, Default)]
pub struct Ground {
    /// The tracked files of the commit; `None` outside of a repository.
    pub tree: Option<Tree>,
    /// The Go modules of the tree.
    pub modules: Vec<GoModule>,
    /// Absolute folders in which the commit is checked out, with `/`.
    pub workspaces: Vec<String>,
    /// What the tracked files hold, for findings that are known by their line; `None` outside of a repository.
    pub texts: Option<Texts>,
    /// The policy's rules for paths.
    pub path_rules: Vec<PathRule>,
}

/// Gives the bytes of a tracked file of the commit that is judged; `None` for one that cannot be had or is too
/// large to be source.
pub struct Texts(pub Box<TextOf>);

/// The bytes of a file of the tree.
type TextOf = dyn Fn(&RepoPath) -> Option<Vec<u8>> + Send;

impl std::fmt::Debug for Texts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Texts")
    }
}

/// What is kept of the reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// Totals alone (`inspect`).
    Totals,
    /// What a verdict needs: failures and findings too.
    Failures,
    /// Identities of passed tests too, for a later comparison with this snapshot.
    Everything,
}

/// How reports are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// What is kept of them.
    pub keep: Keep,
    /// True if a policy asks how the runs of a test ended that a report holds several times.
    pub with_repeats: bool,
    /// True if a policy asks for counts of tests by suite or file.
    pub with_places: bool,
    /// How many reports are read at once. The snapshot is the same for any number.
    pub at_once: NonZeroUsize,
}

impl Reading {
    /// One report after the other, and what `keep` needs; for a later comparison, everything is needed.
    pub const fn keeping(keep: Keep) -> Self {
        let all = matches!(keep, Keep::Everything);
        Self { keep, with_repeats: all, with_places: all, at_once: NonZeroUsize::MIN }
    }
}

/// Reads all files into the snapshot of one commit.
///
/// A file that cannot be read never disappears: it stands in `reports` with its health and a diagnostic, and
/// what was read before the damage still counts as failures.
pub fn read<'r>(
    sources: impl IntoIterator<Item = ReportSource<'r>, IntoIter: Send>,
    ground: &Ground,
    commit: Option<String>,
    jobs: Option<BuildJobs>,
    reading: Reading,
) -> Snapshot {
    let sources = Mutex::new(sources.into_iter().enumerate());
    // A helper that panicked while it took a source has left nothing behind that the others could trip over.
    let next = || sources.lock().unwrap_or_else(PoisonError::into_inner).next();
    let parts = std::thread::scope(|scope| {
        let work = || read_parts(&next, reading);
        let helpers: Vec<_> = (1..reading.at_once.get()).map(|_| scope.spawn(work)).collect();
        let mut parts = work();
        for helper in helpers {
            match helper.join() {
                Ok(others) => parts.add(others),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        parts
    });
    parts.into_snapshot(ground, commit, jobs)
}

/// Reads one source after the other for as long as there are any.
fn read_parts<'r>(next: &dyn Fn() -> Option<(usize, ReportSource<'r>)>, reading: Reading) -> Parts {
    let mut parts = Parts::default();
    while let Some((place, source)) = next() {
        let (row, report) = read_one(source, reading);
        match report {
            Some(Report::Tests(run)) => parts.tests.add(run),
            Some(Report::Coverage(report)) => parts.coverage.push((place, report)),
            Some(Report::Scan(scans)) => parts.scans.push((place, scans)),
            None => {}
        }
        parts.reports.push((place, row));
    }
    parts
}

/// Reads one report of coverage by itself, under the paths that it writes: its row, and what it says if it is one.
pub fn read_coverage(source: ReportSource<'_>) -> (ReportRead, Option<CoverageReport>) {
    match read_one(source, Reading::keeping(Keep::Totals)) {
        (row, Some(Report::Coverage(report))) => (row, Some(report)),
        (row, Some(Report::Tests(_) | Report::Scan(_)) | None) => (row, None),
    }
}

impl Ground {
    /// What is known for the paths of a report.
    fn hints_of<'g>(&'g self, report: &'g str) -> PathHints<'g> {
        PathHints { report, workspaces: &self.workspaces, modules: &self.modules, rules: &self.path_rules }
    }

    /// What is known for paths that stand in no report of coverage.
    fn hints(&self) -> PathHints<'_> {
        self.hints_of("")
    }
}

/// What was read, with the places of the sources where their order shows.
#[derive(Default)]
struct Parts {
    reports: Vec<(usize, ReportRead)>,
    tests: merge::MergedTests,
    coverage: Vec<(usize, CoverageReport)>,
    scans: Vec<(usize, Vec<Scan>)>,
}

impl Parts {
    fn add(&mut self, other: Self) {
        self.reports.extend(other.reports);
        self.tests.extend(other.tests);
        self.coverage.extend(other.coverage);
        self.scans.extend(other.scans);
    }

    fn into_snapshot(mut self, ground: &Ground, commit: Option<String>, jobs: Option<BuildJobs>) -> Snapshot {
        // In the order of the sources again, in which every place is that of its row.
        self.reports.sort_by_key(|(place, _)| *place);
        self.coverage.sort_by_key(|(place, _)| *place);
        self.scans.sort_by_key(|(place, _)| *place);
        let mut reports: Vec<ReportRead> = self.reports.into_iter().map(|(_, row)| row).collect();
        let mut bytes_left = MOST_SOURCE_BYTES;
        for (place, scans) in &mut self.scans {
            if let Some(row) = reports.get_mut(*place) {
                find_lines(scans, ground, &mut bytes_left, row);
            }
        }
        let coverage = self.coverage.into_iter().map(|(index, report)| {
            let row = reports.get_mut(index);
            let file = row.as_ref().map(|row| row.file.clone()).unwrap_or_default();
            let hints = ground.hints_of(file.raw());
            let measured = report.commit.clone();
            let coverage = paths::resolve(report, ground.tree.as_ref(), &hints);
            if let Some(row) = row.filter(|_| ground.tree.is_some()) {
                say_paths(row, &coverage.paths);
                say_other_commit(row, measured.as_ref(), commit.as_deref());
            }
            coverage
        });
        let coverage = merge::merge_coverage(coverage);
        reports.sort();
        let mut tests = self.tests.finish();
        for case in tests.iter_mut().flat_map(|run| &mut run.cases) {
            find_failure(case, ground);
        }
        for group in tests.iter_mut().flat_map(|run| &mut run.groups) {
            resolve_file(&mut group.file, ground);
        }
        let scans = merge::merge_scans(self.scans.into_iter().map(|(_, scans)| scans).collect());
        Snapshot { commit, reports, tests, coverage, scans, jobs, history: None }
    }
}

/// So many bytes of tracked files are looked at for the lines of findings.
const MOST_SOURCE_BYTES: u64 = 256 << 20;

/// Brings the places of findings to tracked files, and gives each the hash of its line there.
fn find_lines(scans: &mut [Scan], ground: &Ground, bytes_left: &mut u64, row: &mut ReportRead) {
    for finding in scans.iter_mut().flat_map(|scan| &mut scan.findings) {
        resolve(&mut finding.place, ground);
    }
    let Some(texts) = &ground.texts else { return };
    let left_out = add_line_hashes(scans, bytes_left, |path| (texts.0)(path));
    if left_out > 0 {
        let message = format!(
            "{left_out} findings are compared without the text of their line: the files with findings are too large"
        );
        let origin = Origin::file(row.file.clone());
        row.warnings.push(Diagnostic::new(Code::FindingsCut, Weight::Warning, message, origin));
    }
}

/// Says which paths of a report are no tracked file. A report of which most paths are lost says nothing about what
/// is judged: it cannot take part in a pass.
fn say_paths(row: &mut ReportRead, paths: &PathResolution) {
    const SHOWN: usize = 3;
    let weight = if paths.is_too_little() { Weight::Warning } else { Weight::Note };
    if weight == Weight::Note && paths.ambiguous_count == 0 && paths.unexplained == 0 {
        return;
    }
    let mut message = paths.text();
    let lost: Vec<&str> = paths.ambiguous.iter().chain(&paths.outside).map(Untrusted::raw).collect();
    let first: Vec<&str> = lost.iter().take(SHOWN).copied().collect();
    message.push_str(&format!(": {}", first.join(", ")));
    if lost.len() > SHOWN {
        message.push_str(", ...");
    }
    if weight == Weight::Warning {
        row.health = row.health.and(Health::Degraded);
    }
    row.warnings.push(Diagnostic::new(
        Code::UnresolvedPaths,
        weight,
        message,
        Origin::file(row.file.clone()),
    ));
}

/// A report that says of itself that it measures another commit cannot take part in a pass: its lines are of other
/// files.
fn say_other_commit(row: &mut ReportRead, measured: Option<&Untrusted>, commit: Option<&str>) {
    let (Some(measured), Some(commit)) = (measured, commit) else { return };
    if commit.starts_with(&measured.raw().to_ascii_lowercase()) {
        return;
    }
    let message = format!("it measures commit {}, and {commit} is judged", measured.raw());
    row.health = row.health.and(Health::Degraded);
    let origin = Origin::file(row.file.clone());
    row.warnings.push(Diagnostic::new(Code::StaleCoverage, Weight::Warning, message, origin));
}

/// A place that names a tracked file is named by its path in the repository; any other stays as it was written
/// and is shown without being trusted.
fn resolve(place: &mut Option<Place>, ground: &Ground) -> Option<RepoPath> {
    resolve_file(&mut place.as_mut()?.file, ground)
}

fn resolve_file(file: &mut Untrusted, ground: &Ground) -> Option<RepoPath> {
    let tree = ground.tree.as_ref().filter(|_| !file.is_empty())?;
    let path = paths::resolve_place(file.raw(), tree, &ground.hints())?;
    *file = path.as_str().into();
    Some(path)
}

/// Where a test failed: what the report says, if that is a tracked file; else the first tracked file that its
/// stack trace names. A report that gives the file alone gets the line from the trace.
fn find_failure(case: &mut TestCase, ground: &Ground) {
    let known = resolve(&mut case.place, ground);
    let has_line = case.place.as_ref().is_some_and(|place| place.line.is_some());
    let Some(tree) = ground.tree.as_ref().filter(|_| case.status.is_bad() && !(known.is_some() && has_line))
    else {
        return;
    };
    for frame in frames(case.message.raw()) {
        let Some(path) = paths::resolve_place(&frame.file, tree, &ground.hints()) else { continue };
        if known.as_ref().is_none_or(|known| *known == path) {
            case.place = Some(Place { file: path.as_str().into(), line: NonZeroU32::new(frame.line) });
            return;
        }
    }
}

/// Reads one file: its row, and what it says.
fn read_one(report: ReportSource<'_>, reading: Reading) -> (ReportRead, Option<Report>) {
    let mut row = ReportRead {
        file: report.file,
        entry: report.entry,
        kind: report.kind,
        format: String::new(),
        health: Health::Invalid,
        totals: ReportTotals::None,
        warnings: Vec::new(),
    };
    let mut source = match report.source {
        Ok(source) => source,
        Err(diagnostic) => {
            row.warnings.push(diagnostic);
            return (row, None);
        }
    };
    let format = match choose_format(&mut source, report.format, report.kind) {
        Ok(format) => format,
        Err(choice) => {
            row.format = choice.format.map_or(String::new(), |format| format.id.to_owned());
            row.kind = row.kind.or(choice.format.map(|format| format.kind));
            row.health = if choice.code == Code::EmptyFile { Health::Empty } else { Health::Invalid };
            row.warnings.push(Diagnostic::new(
                choice.code,
                Weight::Error,
                choice.message,
                Origin::file(row.file.clone()),
            ));
            return (row, None);
        }
    };
    format.id.clone_into(&mut row.format);
    row.kind = Some(format.kind);
    let mut context = Context::default();
    context.keep_identities = reading.keep != Keep::Totals;
    context.keep_passed = reading.keep == Keep::Everything;
    context.keep_repeats = reading.with_repeats;
    context.keep_places = reading.with_places;
    let parsed = (format.parse)(&mut source, &mut context);
    row.warnings = context.take_warnings();
    for warning in &mut row.warnings {
        warning.origin.file = row.file.clone();
    }
    let report = match parsed {
        Ok(Parsed { report, health }) => {
            row.health = health;
            Some(report)
        }
        Err(error) => {
            row.health = if error.code == Code::EmptyFile { Health::Empty } else { Health::Invalid };
            row.warnings.push(diagnostic_of(&error, &row.file));
            error.partial.map(|partial| *partial)
        }
    };
    if let Some(report) = &report {
        row.totals = report.totals();
    }
    let is_announced = !row.entry.is_empty() || reading.keep == Keep::Totals;
    if !is_announced && row.warnings.iter().any(|warning| warning.code == Code::NotAScan) {
        return (no_report(row), None);
    }
    (row, report)
}

/// A bill of materials that nobody announced as a scan is none: it is named, and stands for no report of any kind.
fn no_report(mut row: ReportRead) -> ReportRead {
    row.kind = None;
    row.health = Health::Complete;
    row.totals = ReportTotals::None;
    row.warnings.retain(|warning| warning.code == Code::NotAScan);
    row.warnings.iter_mut().for_each(|warning| warning.weight = Weight::Note);
    row
}

fn diagnostic_of(error: &ParseError, file: &Untrusted) -> Diagnostic {
    let position = error.position;
    let origin = Origin::at(file.clone(), position.line_u32(), position.column_u32());
    Diagnostic::new(error.code, Weight::Error, error.message.as_str(), origin)
}

/// Why no parser was chosen.
struct NoFormat {
    code: Code,
    message: String,
    /// The format that the entry names or the content shows, where that much is known.
    format: Option<&'static Format>,
}

fn choose_format(
    source: &mut Source<'_>,
    named: Option<&'static Format>,
    announced: Option<Kind>,
) -> Result<&'static Format, NoFormat> {
    let head = source.head().map_err(|error| NoFormat {
        code: error.code,
        message: error.message,
        format: named,
    })?;
    if head.text().is_empty() && source.at_end() {
        return Err(NoFormat {
            code: Code::EmptyFile,
            message: "the file holds nothing".to_owned(),
            format: named,
        });
    }
    match (named, detected(&head)) {
        // The entry's word stands where content cannot decide; where content decides otherwise, it is wrong.
        (Some(named), Ok(found)) if found.id != named.id => Err(NoFormat {
            code: Code::WrongFormat,
            message: format!("the policy calls the file {}, and its content is {}", named.id, found.id),
            format: Some(named),
        }),
        (Some(named), _) => Ok(named),
        (None, Ok(found)) if announced.is_some_and(|kind| kind != found.kind) => Err(NoFormat {
            code: Code::WrongFormat,
            message: format!(
                "the policy expects {} here, and the file is {} ({})",
                announced.map_or("something else", Kind::word),
                found.name,
                found.kind.word()
            ),
            format: None,
        }),
        (None, found) => found,
    }
}

fn detected(head: &Head) -> Result<&'static Format, NoFormat> {
    match formats::detect(head) {
        Detected::One(format) => Ok(format),
        Detected::Unknown => Err(NoFormat {
            code: Code::UnknownFormat,
            message: "no format that Tollgate reads begins like this file".to_owned(),
            format: None,
        }),
        Detected::Ambiguous(ids) => Err(NoFormat {
            code: Code::AmbiguousFormat,
            message: format!("the file could be any of {}", ids.join(", ")),
            format: None,
        }),
    }
}

/// Everything that a judgement is made from.
#[derive(Debug)]
pub struct Case<'j> {
    /// The commit that is judged.
    pub head: &'j Snapshot,
    /// The merge base's snapshot, if it is known, and what people call the base.
    pub base: BaseSide<'j>,
    /// The change.
    pub diff: &'j DiffState,
    /// A change, or a commit by itself.
    pub occasion: Occasion,
    /// The policy in force.
    pub policy: &'j Policy,
    /// Where the evidence comes from; `None` where nothing is known but the change.
    pub provenance: Option<&'j Provenance>,
    /// What the header of every output says.
    pub header: Vec<HeaderFact>,
    /// Problems that were found on the way here.
    pub diagnostics: Vec<Diagnostic>,
}

/// Judges.
pub fn judge(case: Case<'_>) -> Verdict {
    let contract = case.policy.contract(case.head, case.diff);
    let is_excluded = |path: &RepoPath| case.policy.excludes(path);
    let mut evidence =
        compare::evidence(case.head, &case.base, case.occasion, case.diff, &contract, &is_excluded);
    if let Some(provenance) = case.provenance {
        evidence.provenance = provenance.clone();
    }
    evidence.recount_failures(&case.policy.retries());
    evaluate(case.policy, &evidence, case.header, case.diagnostics)
}

/// Gives the snapshot of a run of the default branch the history of the snapshot before it. A change has no history:
/// nothing that it says can become proof for another one (DECISIONS 4).
pub fn remember(head: &mut Snapshot, before: Option<&Snapshot>, occasion: Occasion) {
    head.history = match occasion {
        Occasion::Absolute => {
            let before = before.and_then(|before| before.history.as_ref());
            TestHistory::after(before, head.commit.as_deref(), head.tests.as_ref())
        }
        Occasion::Change => None,
    };
}

#[cfg(test)]
mod tests {
    use super::{Ground, Keep, Reading, ReportSource, find_failure, read};
    use crate::formats::Source;
    use crate::model::{Place, RepoPath, TestCase, TestId, TestStatus, Untrusted};
    use crate::paths::{GoModule, Tree};
    use std::num::{NonZeroU32, NonZeroUsize};

    fn place_of(place: Option<(&str, u32)>, message: &str) -> Option<(String, u32)> {
        let files = ["src/lib.rs", "tests/a_test.py", "money/money_test.go", "lib/src/org/acme/Bar.java"];
        let tree = Tree::new(files.iter().map(|file| (RepoPath::new(file).unwrap(), None)));
        let modules = vec![GoModule { folder: None, name: "example.com/m".to_owned() }];
        let ground = Ground { tree: Some(tree), modules, ..Ground::default() };
        let mut case = TestCase {
            id: TestId::default(),
            status: TestStatus::Failed,
            flaky: false,
            duration: None,
            place: place.map(|(file, line)| Place { file: file.into(), line: NonZeroU32::new(line) }),
            message: message.into(),
            expected: None,
            got: None,
            repeated: None,
        };
        find_failure(&mut case, &ground);
        let shown = |file: &Untrusted| file.raw().to_owned();
        case.place.map(|place| (shown(&place.file), place.line.map_or(0, NonZeroU32::get)))
    }

    fn at(file: &str, line: u32) -> Option<(String, u32)> {
        Some((file.to_owned(), line))
    }

    #[test]
    fn reports_that_are_read_at_once_give_the_same_snapshot() {
        let junit = |number: usize| {
            let failing = if number.is_multiple_of(3) { "<failure message='m'/>" } else { "" };
            format!(
                "<testsuite name='s{}'><testcase name='t{number}' time='0.1'>{failing}</testcase></testsuite>",
                number % 7
            )
        };
        let lcov = |number: usize| format!("SF:a{}.py\nDA:1,{number}\nend_of_record\n", number % 5);
        let texts: Vec<String> =
            (0..60).map(|number| if number % 4 == 0 { lcov(number) } else { junit(number) }).collect();
        let snapshot = |at_once| {
            let sources = texts.iter().enumerate().map(|(number, text)| ReportSource {
                file: format!("{number}").into(),
                entry: String::new(),
                kind: None,
                format: None,
                source: Ok(Source::from_bytes(text.as_bytes())),
            });
            let reading = Reading {
                keep: Keep::Everything,
                with_repeats: true,
                with_places: true,
                at_once: NonZeroUsize::new(at_once).unwrap(),
            };
            read(sources, &Ground::default(), None, None, reading)
        };
        let alone = snapshot(1);
        assert_eq!(alone.reports.len(), 60);
        assert_eq!(alone, snapshot(2));
        assert_eq!(alone, snapshot(7));
    }

    #[test]
    fn a_failure_stands_where_the_report_says_if_that_is_a_tracked_file() {
        assert_eq!(place_of(Some(("/app/src/lib.rs", 3)), "at tests/a_test.py:9"), at("src/lib.rs", 3));
        assert_eq!(
            place_of(Some(("example.com/m/money/money_test.go", 3)), ""),
            at("money/money_test.go", 3)
        );
    }

    #[test]
    fn else_it_stands_in_the_first_tracked_file_of_the_trace() {
        let trace = "at /usr/lib/x.py:1\n  File \"/ci/tests/a_test.py\", line 9, in f\nsrc/lib.rs:1:1";
        assert_eq!(place_of(None, trace), at("tests/a_test.py", 9));
        assert_eq!(place_of(Some(("unknown.rs", 3)), trace), at("tests/a_test.py", 9));
        assert_eq!(
            place_of(None, "\tat org.acme.Bar.test(Bar.java:12)"),
            at("lib/src/org/acme/Bar.java", 12)
        );
    }

    #[test]
    fn a_file_without_a_line_gets_the_line_of_its_own_frame_only() {
        assert_eq!(
            place_of(Some(("src/lib.rs", 0)), "tests/a_test.py:9\nsrc/lib.rs:7:5"),
            at("src/lib.rs", 7)
        );
        assert_eq!(place_of(Some(("src/lib.rs", 0)), "tests/a_test.py:9"), at("src/lib.rs", 0));
    }

    #[test]
    fn a_trace_without_a_tracked_file_says_nothing() {
        assert_eq!(place_of(None, "boom at x.rs:3"), None);
        assert_eq!(place_of(Some(("gone.rs", 3)), "boom"), at("gone.rs", 3));
    }
}
