//! Every file of a corpus of real reports, held against its manifest. Runs where `TOLLGATE_CORPUS` names one.

use crate::formats::{Context, Detected, Report, Source, detect};
use crate::model::TestTotals;
use std::path::Path;

/// Formats of the manifest's folders that are read so far.
const FOLDERS: &[&str] = &[
    "junit",
    "trx",
    "nunit2",
    "nunit3",
    "xunit",
    "go-test2json",
    "tap",
    "libtest-json",
    "dart-json",
    "mocha-json",
    "rspec-json",
    "ctrf",
    "cucumber-json",
];

/// Files where our figure and the manifest's differ, and why ours is right.
const DIFFERENCES: &[(&str, [u64; 5], &str)] = &[];

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "the corpus lies outside of the repository and is read by tests only"
)]
fn every_file_of_the_corpus_counts_as_its_manifest_says() {
    let Ok(root) = std::env::var("TOLLGATE_CORPUS") else { return };
    let root = Path::new(&root).join("tests");
    let manifest = std::fs::read_to_string(root.join("MANIFEST.tsv")).expect("a manifest");
    let mut wrong = Vec::new();
    let mut checked = 0;
    for line in manifest.lines().skip(1) {
        let fields: Vec<&str> = line.split('\t').collect();
        let (path, stated, independent) = (fields[0], fields[5], fields[7]);
        if !FOLDERS.iter().any(|folder| path.starts_with(&format!("{folder}/"))) {
            continue;
        }
        checked += 1;
        let bytes = std::fs::read(root.join(path)).expect("a file of the manifest");
        let (shown, totals) = outcome(&bytes);
        let agrees = match (totals, DIFFERENCES.iter().find(|row| row.0 == path)) {
            (Some(totals), Some((_, ours, _))) => totals == *ours,
            (totals, _) => agrees(totals, independent, stated),
        };
        if !agrees {
            wrong.push(format!("{path}: {shown}; independent count {independent}, stated {stated}"));
        }
        if std::env::var("TOLLGATE_CORPUS_SHOW").is_ok() {
            println!("{path}: {shown}");
        }
    }
    assert!(wrong.is_empty(), "{} of {checked} differ:\n{}", wrong.len(), wrong.join("\n"));
}

/// What we read: in words, and as `tests passed failed errored skipped` if the file is a report.
fn outcome(bytes: &[u8]) -> (String, Option<[u64; 5]>) {
    let mut source = Source::from_bytes(bytes);
    let mut context = Context::default();
    let format = match source.head().map(|head| detect(&head)) {
        Ok(Detected::One(format)) => format,
        other => return (format!("{other:?}"), None),
    };
    match (format.parse)(&mut source, &mut context) {
        Ok(parsed) => {
            let Report::Tests(run) = parsed.report else { return ("no tests".to_owned(), None) };
            let TestTotals { tests, passed, failed, errored, skipped, .. } = run.totals;
            let warnings: Vec<String> =
                context.take_warnings().iter().map(|warning| warning.message.raw().to_owned()).collect();
            let shown = format!(
                "{tests} {passed} {failed} {errored} {skipped} ({}, {}, flaky {}, containers {}, unknown {}) {warnings:?}",
                format.id,
                parsed.health.word(),
                run.totals.flaky,
                run.totals.container_failures,
                run.totals.unknown,
            );
            (shown, Some([tests, passed, failed, errored, skipped]))
        }
        Err(error) => (format!("{}: {error}", error.code), None),
    }
}

/// The independent count decides; where there is none, what the source of the file states.
fn agrees(totals: Option<[u64; 5]>, independent: &str, stated: &str) -> bool {
    let figures = |text: &str| -> Vec<Option<u64>> {
        text.split_whitespace().take(5).map(|word| word.parse().ok()).collect()
    };
    let independent_figures = figures(independent);
    if let [Some(tests), Some(passed), Some(failed), Some(errored), Some(skipped)] = independent_figures[..] {
        return totals == Some([tests, passed, failed, errored, skipped]);
    }
    if independent.contains("unparseable") || independent.contains("n/a") {
        return totals.is_none();
    }
    let Some(totals) = totals else { return false };
    figures(stated).iter().zip(totals).all(|(stated, ours)| stated.is_none_or(|stated| stated == ours))
}
