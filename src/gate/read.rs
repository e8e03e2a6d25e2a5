//! Files into the snapshot of one commit.

use super::choose::choose_format;
use super::places::{
    find_failure, find_files, find_lines, find_stale, resolve_file, say_other_commit, say_paths, say_stale,
};
use super::sources::{Ground, Keep, Reading, ReportSource};
use crate::diagnostic::{Code, Diagnostic, Origin, Weight};
use crate::formats::{Context, ParseError, Parsed, Report};
use crate::merge;
use crate::model::{BuildJobs, CoverageReport, Health, ReportRead, ReportTotals, Scan, Snapshot, Untrusted};
use crate::paths;
use std::sync::{Mutex, PoisonError};

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
    let sources = sources.into_iter();
    // Nobody helps with one report.
    let helpers = reading.at_once.get().min(sources.size_hint().1.unwrap_or(usize::MAX));
    let sources = Mutex::new(sources.enumerate());
    // A helper that panicked while it took a source has left nothing behind that the others could trip over.
    let next = || sources.lock().unwrap_or_else(PoisonError::into_inner).next();
    let parts = std::thread::scope(|scope| {
        let work = || read_parts(&next, reading);
        let helpers: Vec<_> = (1..helpers).map(|_| scope.spawn(work)).collect();
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
        for (_, scans) in &mut self.scans {
            find_files(scans, ground);
        }
        let coverage = self.coverage.into_iter().map(|(index, report)| {
            let row = reports.get_mut(index);
            let file = row.as_ref().map(|row| row.file.clone()).unwrap_or_default();
            let hints = ground.hints_of(file.raw());
            let measured = report.commit.clone();
            let coverage = paths::resolve(report, ground.tree.as_ref(), &hints);
            if let (Some(row), Some(tree)) = (row, &ground.tree) {
                say_paths(row, &coverage.paths);
                say_stale(row, &coverage, tree);
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
        let mut snapshot = Snapshot { commit, reports, tests, coverage, scans, jobs, ..Snapshot::default() };
        find_lines(&mut snapshot, ground);
        find_stale(&mut snapshot, ground);
        snapshot
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
    let report_classes = report.classes;
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
    let mut report = report;
    if let Some(Report::Scan(scans)) = &mut report {
        scans.iter_mut().for_each(|scan| scan.state(report_classes));
    }
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

#[cfg(test)]
mod tests {
    use super::{Ground, Keep, Reading, ReportSource, read};
    use crate::formats::Source;
    use crate::model::ScanClasses;
    use std::num::NonZeroUsize;

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
                classes: ScanClasses::NONE,
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
}
