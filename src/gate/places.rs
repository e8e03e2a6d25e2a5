//! The places that reports name, as files and lines of the repository.

use super::sources::Ground;
use crate::diagnostic::{Code, Diagnostic, Origin, Weight};
use crate::formats::frames::frames;
use crate::formats::scans::add_line_hashes;
use crate::merge;
use crate::model::{
    Coverage, Health, Kind, PathResolution, Place, RepoPath, ReportRead, ReportTotals, Scan, Snapshot,
    TestCase, Untrusted,
};
use crate::paths::{self, Tree};
use std::num::NonZeroU32;

/// So many bytes of tracked files are looked at for the lines of findings.
const MOST_SOURCE_BYTES: u64 = 256 << 20;

/// Gives each finding the hash of its line in the commit that is judged, so that it is still known when it moves.
///
/// It stands apart from the reading: where a stranger's reports are read in a process of their own, the texts of the
/// commit are not in that process, and whoever has them does this with its answer. Both ways give the same snapshot.
pub fn find_lines(snapshot: &mut Snapshot, ground: &Ground) {
    let Some(texts) = &ground.texts else { return };
    let mut bytes_left = MOST_SOURCE_BYTES;
    let left_out = add_line_hashes(&mut snapshot.scans, &mut bytes_left, |path| (texts.0)(path));
    // Two scans may have differed by nothing but the hash that one of them brought along.
    snapshot.scans = merge::merge_scans(vec![std::mem::take(&mut snapshot.scans)]);
    let row = snapshot.reports.iter_mut().find(|row| matches!(row.totals, ReportTotals::Scan { .. }));
    if let Some(row) = row.filter(|_| left_out > 0) {
        let message = format!(
            "{left_out} findings of the scans are compared without the text of their line: the files with findings are too large"
        );
        let origin = Origin::file(row.file.clone());
        row.warnings.push(Diagnostic::new(Code::FindingsCut, Weight::Warning, message, origin));
    }
}

/// Brings the places of findings to tracked files.
pub(super) fn find_files(scans: &mut [Scan], ground: &Ground) {
    for finding in scans.iter_mut().flat_map(|scan| &mut scan.findings) {
        resolve(&mut finding.place, ground);
    }
}

/// Says which paths of a report are no tracked file. A report of which most paths are lost says nothing about what
/// is judged: it cannot take part in a pass.
pub(super) fn say_paths(row: &mut ReportRead, paths: &PathResolution) {
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

/// Names the files of which a report measures another state: it has a line that they do not have. No figure that
/// rests on them can be right, and the rules do not give one.
pub(super) fn say_stale(row: &mut ReportRead, coverage: &Coverage, tree: &Tree) {
    let beyond = |path: &RepoPath| Some((coverage.files.get(path)?.lines.last()?, tree.line_count(path)?));
    let Some(first) = coverage.stale.first() else { return };
    let Some((line, count)) = beyond(first) else { return };
    let others = coverage.stale.len() - 1;
    row.warnings.push(stale(first, line, count, others, Origin::file(row.file.clone())));
}

/// Looks for such lines in files whose number of lines nobody had to know so far, as far as a line number is striking:
/// to look into all files of a repository would take longer than the comparison of a change.
///
/// It stands apart for the reason that [`find_lines`] does.
pub fn find_stale(snapshot: &mut Snapshot, ground: &Ground) {
    /// Few files of source have more lines than this.
    const STRIKING: u32 = 1_000;
    let (Some(texts), Some(tree)) = (&ground.texts, &ground.tree) else { return };
    let Some(coverage) = &mut snapshot.coverage else { return };
    let mut bytes_left = MOST_SOURCE_BYTES;
    let mut found = Vec::new();
    for (path, file) in &coverage.files {
        let Some(last) = file.lines.last().filter(|last| *last > STRIKING) else { continue };
        if tree.line_count(path).is_some() || bytes_left == 0 {
            continue;
        }
        let Some(text) = (texts.0)(path) else { continue };
        bytes_left = bytes_left.saturating_sub(text.len() as u64);
        let count = paths::count_lines(&text);
        if last > count {
            found.push((path.clone(), last, count));
        }
    }
    let Some((first, last, count)) = found.first() else { return };
    // Which of several reports has the line is not known any more; the file is the place.
    let warning = stale(first, *last, *count, found.len() - 1, Origin::file(first.as_str()));
    if let Some(row) = snapshot.reports.iter_mut().find(|row| row.kind == Some(Kind::Coverage)) {
        row.warnings.push(warning);
    }
    coverage.stale.extend(found.into_iter().map(|(path, ..)| path));
    coverage.stale.sort();
    coverage.stale.dedup();
}

fn stale(path: &RepoPath, line: u32, count: u32, others: usize, origin: Origin) -> Diagnostic {
    let lines = if count == 1 { "1 line".to_owned() } else { format!("{count} lines") };
    let path = path.as_str();
    let mut message = format!("line {line} of {path} is measured, and the file has {lines}");
    match others {
        0 => {}
        1 => message.push_str("; 1 other file is of another state too"),
        many => message.push_str(&format!("; {many} other files are of another state too")),
    }
    Diagnostic::new(Code::StaleCoverage, Weight::Warning, message, origin)
}

/// A report that says of itself that it measures another commit cannot take part in a pass: its lines are of other
/// files.
pub(super) fn say_other_commit(row: &mut ReportRead, measured: Option<&Untrusted>, commit: Option<&str>) {
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

pub(super) fn resolve_file(file: &mut Untrusted, ground: &Ground) -> Option<RepoPath> {
    let tree = ground.tree.as_ref().filter(|_| !file.is_empty())?;
    let path = paths::resolve_place(file.raw(), tree, &ground.hints())?;
    *file = path.as_str().into();
    Some(path)
}

/// Where a test failed: what the report says, if that is a tracked file; else the first tracked file that its
/// stack trace names. A report that gives the file alone gets the line from the trace.
pub(super) fn find_failure(case: &mut TestCase, ground: &Ground) {
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

#[cfg(test)]
mod tests {
    use super::{Ground, Tree, find_failure};
    use crate::model::{Place, RepoPath, TestCase, TestId, TestStatus, Untrusted};
    use crate::paths::GoModule;
    use std::num::NonZeroU32;

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
