//! Facts beside the rules: what became of the tests, the findings and the coverage of the base, and what the base
//! is. Tests that are gone or skipped are always named, whatever the policy asks (people.md 3.3).

use crate::compare::{
    Evidence, FlakyCase, Metric, Occasion, Partials, TestChanges, coverage_drop, scan_changes,
};
use crate::diagnostic::Code;
use crate::model::{Finding, Note, RepoPath, TestId, Untrusted};

/// All facts, in the order in which they are shown. What a rule of the policy says aloud is not said again.
pub(super) fn notes(
    evidence: &Evidence<'_>,
    is_excluded: &dyn Fn(&RepoPath) -> bool,
    is_loud: &dyn Fn(&str) -> bool,
) -> Vec<Note> {
    let mut notes = Vec::new();
    notes.extend(base(evidence));
    notes.extend(carried(evidence));
    if let Some(changes) = &evidence.test_changes {
        tests(&mut notes, changes, evidence);
    }
    if !is_loud("tests.flaky") {
        notes.extend(flaky(&evidence.flaky));
    }
    scans(&mut notes, evidence);
    notes.extend(indirect(evidence, is_excluded));
    notes
}

/// Which commit the evidence of the base is of, or that there is none.
fn base(evidence: &Evidence<'_>) -> Option<Note> {
    let side = evidence.base_side;
    if evidence.occasion != Occasion::Change {
        return None;
    }
    if side.snapshot.is_none() {
        let why = side.why_absent();
        let text = format!("there is no evidence of the base to compare with{why}");
        return Some(note("no-base-snapshot", text, []));
    }
    let commits = side.distance;
    (commits > 0).then(|| {
        let commits = of(commits, "commit", "commits");
        let text = format!("the evidence of the base is {commits} older than the change's own base");
        note("base-distance", text, [Untrusted::new(side.place())])
    })
}

/// Reports of the base that stand for those of a job that did not run.
fn carried(evidence: &Evidence<'_>) -> Option<Note> {
    let names = evidence.head.reports.iter().filter_map(|report| {
        let said = report.warnings.iter().find(|warning| warning.code == Code::CarriedReport)?;
        Some(Untrusted::new(format!("{} ({})", report.file.raw(), said.message.raw())))
    });
    let names: Vec<Untrusted> = names.collect();
    let text = of(
        names.len() as u64,
        "report did not come, because the change cannot concern it: what it said on the base counts",
        "reports did not come, because the change cannot concern them: what they said on the base counts",
    );
    (!names.is_empty()).then(|| note("reports-carried", text, names))
}

fn tests(notes: &mut Vec<Note>, changes: &TestChanges<'_>, evidence: &Evidence<'_>) {
    let mut add = |count: u64, kind, (one, many): (&str, &str), names: Vec<Untrusted>| {
        if count > 0 {
            notes.push(note(kind, of(count, one, many), names));
        }
    };
    let fixed = changes.fixed.iter().map(|id| id.display()).collect();
    add(
        changes.fixed.len() as u64,
        "tests-fixed",
        ("test failed on the base and passes now", "tests failed on the base and pass now"),
        fixed,
    );
    // Those that are not counted are listed with their proof.
    let before = changes.failing_before.saturating_sub(evidence.failures.not_counted.len() as u64);
    let words = match evidence.occasion {
        Occasion::Change => (
            "test failed on the base too, and counts: it fails otherwise here, or the change touches it",
            "tests failed on the base too, and count: they fail otherwise here, or the change touches them",
        ),
        Occasion::Absolute => ("test failed in the run before too", "tests failed in the run before too"),
    };
    add(before, "tests-failing-before", words, Vec::new());
    let removed = changes.removed.iter().map(|removed| match removed.perhaps {
        Some(id) => Untrusted::new(format!("{} ({})", removed.id.display().raw(), perhaps(removed.id, id))),
        None => removed.id.display(),
    });
    add(
        changes.removed_count(),
        "tests-removed",
        ("test of the base is gone", "tests of the base are gone"),
        removed.collect(),
    );
    let skipped = changes.newly_skipped.iter().map(|case| case.id.display()).collect();
    add(
        changes.newly_skipped.len() as u64,
        "tests-newly-skipped",
        ("test ran on the base and is skipped now", "tests ran on the base and are skipped now"),
        skipped,
    );
    add(changes.added, "tests-added", ("test is new", "tests are new"), Vec::new());
}

/// Where a test of the same name is new: `perhaps moved to tests/b.rs`.
fn perhaps(was: &TestId, is: &TestId) -> String {
    match is.file.raw() {
        file if !file.is_empty() && is.file != was.file => format!("perhaps moved to {file}"),
        _ => format!("perhaps now {}", is.display().raw()),
    }
}

fn flaky(cases: &[FlakyCase<'_>]) -> Option<Note> {
    let names = cases.iter().map(|flaky| {
        let name = flaky.case.id.display();
        match &flaky.known {
            Some(known) => Untrusted::new(format!("{} ({})", name.raw(), known.proof.raw())),
            None => name,
        }
    });
    let count = cases.len() as u64;
    let text =
        of(count, "test passed only when it was run again", "tests passed only when they were run again");
    (count > 0).then(|| note("tests-flaky", text, names))
}

/// Findings of the base that are no longer reported or are of another severity, and scanners of another version: then
/// a finding may be new because of the scanner.
fn scans(notes: &mut Vec<Note>, evidence: &Evidence<'_>) {
    let Some(base) = evidence.base else { return };
    let changes = scan_changes(evidence.head, base);
    let branch = evidence.base_side.branch();
    let mut add = |kind, (one, many): (&str, &str), names: Vec<Untrusted>| {
        let count = names.len() as u64;
        if count > 0 {
            notes.push(note(kind, of(count, one, many), names));
        }
    };
    add(
        "findings-gone",
        ("finding of the base is no longer reported", "findings of the base are no longer reported"),
        changes.gone.iter().map(|finding| Untrusted::new(named(finding))).collect(),
    );
    let regraded = changes.regraded.iter().map(|(finding, was)| {
        let (was, is) = (was.word(), finding.severity.word());
        Untrusted::new(format!("{} ({was} on {branch}, {is} here)", named(finding)))
    });
    add(
        "findings-regraded",
        ("finding of the base has another severity here", "findings of the base have another severity here"),
        regraded.collect(),
    );
    let versions = changes.versions.iter().map(|(name, was, is)| {
        Untrusted::new(format!("{} ({} on {branch}, {} here)", name.raw(), was.raw(), is.raw()))
    });
    add(
        "scanner-version",
        (
            "scanner is of another version than on the base, so findings may be new because of it",
            "scanners are of other versions than on the base, so findings may be new because of them",
        ),
        versions.collect(),
    );
    let databases = changes.databases.iter().map(|(name, was, is)| {
        Untrusted::new(format!("{} ({} on {branch}, {} here)", name.raw(), was.raw(), is.raw()))
    });
    add(
        "scanner-database",
        (
            "scanner has another vulnerability database than on the base, so findings may be new because of it",
            "scanners have other vulnerability databases than on the base, so findings may be new because of them",
        ),
        databases.collect(),
    );
}

/// `rule in src/a.rs`, `advisory in package`.
fn named(finding: &Finding) -> String {
    let package = finding.package.as_ref().map(|package| &package.name);
    match package.or(finding.place.as_ref().map(|place| &place.file)) {
        Some(place) => format!("{} in {}", finding.rule.raw(), place.raw()),
        None => finding.rule.raw().to_owned(),
    }
}

/// Lines that the change does not touch and that ran on the base and do not now, or the other way round. Listed,
/// never counted.
fn indirect(evidence: &Evidence<'_>, is_excluded: &dyn Fn(&RepoPath) -> bool) -> Option<Note> {
    evidence.diff()?;
    let drop = coverage_drop(evidence, Metric::Line, Partials::Covered, |path| !is_excluded(path)).ok()?;
    let lost: u64 = drop.indirect.iter().map(|file| file.lost.len()).sum();
    let gained: u64 = drop.indirect.iter().map(|file| file.gained.len()).sum();
    let names = drop.indirect.iter().map(|file| {
        let parts = [(&file.lost, "no longer run"), (&file.gained, "run now")];
        let parts = parts.into_iter().filter(|(lines, _)| !lines.is_empty());
        let words: Vec<String> = parts.map(|(lines, word)| format!("{} {word}", lines.len())).collect();
        Untrusted::new(format!("{} ({})", file.path.as_str(), words.join(", ")))
    });
    let text = match (lost, gained) {
        (0, 0) => return None,
        (1, 0) => "1 line that the change does not touch no longer runs".to_owned(),
        (lost, 0) => format!("{lost} lines that the change does not touch no longer run"),
        (0, 1) => "1 line that the change does not touch runs now".to_owned(),
        (0, gained) => format!("{gained} lines that the change does not touch run now"),
        (lost, gained) => {
            format!("of the lines that the change does not touch, {lost} no longer run and {gained} run now")
        }
    };
    Some(note("coverage-indirect", text, names))
}

fn note(kind: &'static str, text: String, names: impl IntoIterator<Item = Untrusted>) -> Note {
    Note { kind, text, names: names.into_iter().take(Note::MOST_NAMES).collect() }
}

/// `1 test is new`, `2 tests are new`.
fn of(count: u64, one: &str, many: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {many}") }
}
