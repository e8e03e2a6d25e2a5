//! The places that reports name, as files and lines of the repository.

use super::sources::{Ground, Text};
use crate::diagnostic::{Code, Diagnostic, Origin, Weight};
use crate::formats::frames::frames;
use crate::formats::scans::add_line_hashes;
use crate::merge;
use crate::model::{
    Coverage, Health, Kind, PathResolution, Place, RepoPath, ReportRead, ReportTotals, Scan, Snapshot,
    TestCase, Untrusted,
};
use crate::paths::{self, Tree};
use std::cmp::Reverse;
use std::fmt;
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
    let left_out = add_line_hashes(&mut snapshot.scans, &mut bytes_left, |path| match (texts.0)(path)? {
        Text::Whole(text) => Some(text),
        Text::Length(_) => None,
    });
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
    row.warnings.push(stale(first, line, Extent::Lines(count), others, Origin::file(row.file.clone())));
}

/// How far a file reaches.
#[derive(Clone, Copy, Debug)]
enum Extent {
    /// So many lines.
    Lines(u32),
    /// So many bytes, of which each may be a line.
    Bytes(u64),
}

impl Extent {
    /// The last line that the file can have. Line 1 of an empty file is none, and yet Python runs something there.
    fn last_line(self) -> u64 {
        match self {
            Self::Lines(count) => u64::from(count),
            Self::Bytes(count) => count,
        }
        .max(1)
    }
}

impl fmt::Display for Extent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (count, what) = match *self {
            Self::Lines(count) => (u64::from(count), "line"),
            Self::Bytes(count) => (count, "byte"),
        };
        write!(f, "{count} {what}{}", if count == 1 { "" } else { "s" })
    }
}

/// Looks for such lines in files whose number of lines nobody had to know so far: those that the change does not touch.
///
/// The files with the highest lines come first. To look into all files of a large repository would take longer than the
/// comparison of a change, so the looking ends after so many bytes; where a line number is striking it goes on. Of a file
/// that was not fetched its length is held against the line.
///
/// It stands apart for the reason that [`find_lines`] does.
pub fn find_stale(snapshot: &mut Snapshot, ground: &Ground) {
    /// Few files of source have more lines than this.
    const STRIKING: u32 = 1_000;
    /// So many bytes are looked at where no line is striking.
    const MOST_ELSEWHERE: u64 = 16 << 20;
    let (Some(texts), Some(tree)) = (&ground.texts, &ground.tree) else { return };
    let Some(coverage) = &mut snapshot.coverage else { return };
    let not_counted = coverage.files.iter().filter(|(path, _)| tree.line_count(path).is_none());
    let mut measured: Vec<(u32, &RepoPath)> =
        not_counted.filter_map(|(path, file)| Some((file.lines.last()?, path))).collect();
    measured.sort_by_key(|(last, path)| (Reverse(*last), *path));
    let (mut bytes, mut left_out) = (0_u64, 0_u64);
    let mut found = Vec::new();
    for (last, path) in measured {
        let is_striking = last > STRIKING;
        let known = if bytes > if is_striking { MOST_SOURCE_BYTES } else { MOST_ELSEWHERE } {
            None
        } else {
            (texts.0)(path)
        };
        let extent = match known {
            Some(Text::Whole(text)) => {
                bytes = bytes.saturating_add(text.len() as u64);
                Extent::Lines(paths::count_lines(&text))
            }
            Some(Text::Length(length)) => Extent::Bytes(length),
            None => {
                left_out += u64::from(is_striking);
                continue;
            }
        };
        if u64::from(last) > extent.last_line() {
            found.push((path.clone(), last, extent));
        }
    }
    let row = snapshot.reports.iter_mut().find(|row| row.kind == Some(Kind::Coverage));
    if let Some(row) = row {
        // Which of several reports has the line is not known any more; the file is the place.
        if let Some((first, last, extent)) = found.first() {
            let origin = Origin::file(first.as_str());
            row.warnings.push(stale(first, *last, *extent, found.len() - 1, origin));
        }
        if left_out > 0 {
            let files = if left_out == 1 { "1 file is".to_owned() } else { format!("{left_out} files are") };
            let message = format!("{files} too large to look for the line above {STRIKING} that is measured");
            let origin = Origin::file(row.file.clone());
            row.warnings.push(Diagnostic::new(Code::StaleCoverage, Weight::Note, message, origin));
        }
    }
    coverage.stale.extend(found.into_iter().map(|(path, ..)| path));
    coverage.stale.sort();
    coverage.stale.dedup();
}

fn stale(path: &RepoPath, line: u32, extent: Extent, others: usize, origin: Origin) -> Diagnostic {
    let mut message = format!("line {line} of {} is measured, and the file has {extent}", path.as_str());
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
    use super::super::sources::Texts;
    use super::{Ground, Text, Tree, find_failure, find_stale};
    use crate::model::{
        Coverage, FileCoverage, Health, Kind, Place, RepoPath, ReportRead, ReportTotals, Snapshot, TestCase,
        TestId, TestStatus, Untrusted,
    };
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

    /// What is found over files of which a line is measured, where `text` is what is known of each file: the files,
    /// and what is said.
    fn stale_of(
        measured: &[(&str, u32)],
        text: impl Fn(&str) -> Option<Text> + Send + 'static,
    ) -> (Vec<String>, Vec<String>) {
        let path = |file: &str| RepoPath::new(file).unwrap();
        let mut coverage = Coverage::default();
        for (file, line) in measured {
            let mut of = FileCoverage::default();
            of.lines.add(NonZeroU32::new(*line).unwrap(), 1);
            coverage.files.insert(path(file), of);
        }
        let tree = Tree::new(measured.iter().map(|(file, _)| (path(file), None)));
        let texts = Texts(Box::new(move |path| text(path.as_str())));
        let ground = Ground { tree: Some(tree), texts: Some(texts), ..Ground::default() };
        let row = ReportRead {
            file: "lcov.info".into(),
            entry: String::new(),
            kind: Some(Kind::Coverage),
            format: "lcov".to_owned(),
            health: Health::Complete,
            totals: ReportTotals::None,
            warnings: Vec::new(),
        };
        let mut snapshot = Snapshot { reports: vec![row], coverage: Some(coverage), ..Snapshot::default() };
        find_stale(&mut snapshot, &ground);
        let said = snapshot.reports[0].warnings.iter().map(|warning| warning.message.raw().to_owned());
        let files = snapshot.coverage.unwrap().stale;
        (files.iter().map(|file| file.as_str().to_owned()).collect(), said.collect())
    }

    #[test]
    fn a_line_beyond_its_file_is_found_also_where_the_change_does_not_touch_the_file() {
        let lines = |file: &str| Some(Text::Whole(b"x\n".repeat(if file == "empty" { 0 } else { 3 })));
        assert_eq!(stale_of(&[("a", 3), ("b", 1), ("empty", 1)], lines), (vec![], vec![]));
        assert_eq!(
            stale_of(&[("a", 4), ("b", 5), ("c", 3)], lines),
            (
                vec!["a".to_owned(), "b".to_owned()],
                vec![
                    "line 5 of b is measured, and the file has 3 lines; 1 other file is of another state too"
                        .to_owned()
                ]
            )
        );
    }

    #[test]
    fn a_file_that_was_not_fetched_has_no_more_lines_than_bytes() {
        let length = |_: &str| Some(Text::Length(6));
        assert_eq!(stale_of(&[("a", 6)], length), (vec![], vec![]));
        let (files, said) = stale_of(&[("a", 7)], length);
        assert_eq!(files, ["a"]);
        assert_eq!(said, ["line 7 of a is measured, and the file has 6 bytes"]);
        assert_eq!(stale_of(&[("a", 7)], |_| None), (vec![], vec![]));
        let (files, said) = stale_of(&[("a", 1_001)], |_| None);
        assert_eq!(files, [""; 0]);
        assert_eq!(said, ["1 file is too large to look for the line above 1000 that is measured"]);
    }

    #[test]
    fn beyond_sixteen_mebibytes_only_striking_lines_are_looked_for() {
        let large = |_: &str| Some(Text::Whole(vec![b'x'; 17 << 20]));
        assert_eq!(stale_of(&[("a", 1_000), ("b", 2_000), ("c", 3_000)], large).0, ["b", "c"]);
        assert_eq!(stale_of(&[("a", 900), ("b", 800)], large).0, ["a"]);
    }
}
