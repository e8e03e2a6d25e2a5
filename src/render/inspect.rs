//! What was read from each file, for people: the text of `tollgate inspect`.

use super::escape::SHORT;
use super::terminal::{Page, Style, diagnostic};
use super::words::grouped;
use crate::model::{
    CoverageReport, CoverageTotals, FileCoverage, LineRanges, Ratio, ReportRead, ReportTotals, Severity,
    TestTotals,
};

/// At most so many ranges of lines are shown of one state of one file.
const MOST_RANGES: usize = 10_000;

/// One paragraph per file: name, format, health, totals, and everything odd with line and column. `lines` holds what
/// each report says of lines, where that was asked for.
pub fn render(reports: &[ReportRead], lines: &[CoverageReport], style: Style) -> String {
    let mut page = Page::new(style);
    for (index, report) in reports.iter().enumerate() {
        if index > 0 {
            page.blank();
        }
        let file = page.text(&report.file, SHORT);
        page.wrapped("", 2, &file);
        let format = match (report.format.as_str(), report.kind) {
            ("", None) => "unknown format".to_owned(),
            ("", Some(kind)) => format!("{}, unknown format", kind.word()),
            (format, None) => format.to_owned(),
            (format, Some(kind)) => format!("{} ({})", page.own(format), kind.word()),
        };
        page.wrapped("  ", 4, &format!("{format}: {}", report.health.word()));
        let totals = totals_text(&report.totals);
        page.wrapped("  ", 4, &totals);
        for warning in &report.warnings {
            diagnostic(&mut page, "  ", warning);
        }
        for (path, file) in lines.get(index).into_iter().flat_map(|report| &report.files) {
            let path = page.text(path, SHORT);
            page.wrapped("  ", 4, &format!("{path}   {}", coverage_text(&file.totals())));
            for (word, lines) in states(file) {
                if !lines.is_empty() {
                    page.wrapped("    ", 6, &format!("{word}: {}", lines.text(MOST_RANGES)));
                }
            }
        }
    }
    page.finish()
}

/// The lines of a file by what is known of them.
fn states(file: &FileCoverage) -> [(&'static str, LineRanges); 3] {
    let partial = file.partial_lines();
    let (mut covered, mut partly, mut missed) =
        (LineRanges::default(), LineRanges::default(), LineRanges::default());
    for hit in file.lines.iter() {
        let line = hit.line.get();
        let into = match hit.hits {
            0 => &mut missed,
            _ if partial.binary_search(&line).is_ok() => &mut partly,
            _ => &mut covered,
        };
        into.push(line);
    }
    [("ran", covered), ("ran in part", partly), ("did not run", missed)]
}

/// The totals in words: `1,287 tests: 1,283 passed, 1 failed, 3 skipped`. Empty if nothing could be read.
pub(super) fn totals_text(totals: &ReportTotals) -> String {
    match totals {
        ReportTotals::None => String::new(),
        ReportTotals::Tests(totals) => tests_text(totals),
        ReportTotals::Coverage(totals) => coverage_text(totals),
        ReportTotals::Scan { active, suppressed } => {
            let counts: Vec<String> = Severity::ALL
                .iter()
                .filter(|&&severity| active.get(severity) > 0)
                .map(|&severity| format!("{} {}", grouped(active.get(severity)), severity.word()))
                .collect();
            let mut text = match active.total() {
                0 => "no active finding".to_owned(),
                1 => format!("1 active finding: {}", counts.join(", ")),
                many => format!("{} active findings: {}", grouped(many), counts.join(", ")),
            };
            if *suppressed > 0 {
                text.push_str(&format!(", {} suppressed", grouped(*suppressed)));
            }
            text
        }
    }
}

fn tests_text(totals: &TestTotals) -> String {
    let noun = if totals.tests == 1 { "test" } else { "tests" };
    let mut text = format!("{} {noun}: {} passed", grouped(totals.tests), grouped(totals.passed));
    if totals.flaky > 0 {
        text.push_str(&format!(" ({} only when run again)", grouped(totals.flaky)));
    }
    // Failures are said even when there is none: it is what people look for.
    text.push_str(&format!(", {} failed", grouped(totals.failed)));
    let others = [(totals.errored, "errored"), (totals.skipped, "skipped"), (totals.unknown, "unknown")];
    for (count, word) in others.iter().filter(|(count, _)| *count > 0) {
        text.push_str(&format!(", {} {word}", grouped(*count)));
    }
    match totals.container_failures {
        0 => {}
        1 => text.push_str("; 1 failure outside of tests"),
        many => text.push_str(&format!("; {} failures outside of tests", grouped(many))),
    }
    text
}

fn coverage_text(totals: &CoverageTotals) -> String {
    let metric = |name: &str, ratio: Option<Ratio>| {
        ratio.map(|ratio| {
            format!(
                "{name} {} ({} of {})",
                ratio.text_against(None),
                grouped(ratio.part),
                grouped(ratio.whole)
            )
        })
    };
    let metrics = [
        metric("lines", totals.lines),
        metric("branches", totals.branches),
        metric("functions", totals.functions),
    ];
    let known: Vec<String> = metrics.into_iter().flatten().collect();
    if known.is_empty() { "no totals".to_owned() } else { known.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::{Code, Diagnostic, Origin, Weight};
    use crate::model::{Health, fixtures};

    #[test]
    fn every_file_says_what_was_read_and_what_was_odd() {
        let mut reports = fixtures::failing().reports;
        let mut broken = reports[0].clone();
        broken.file = "target/nextest/ci/\u{1b}[31mjunit.xml".into();
        broken.health = Health::Invalid;
        broken.totals = ReportTotals::Tests(TestTotals {
            tests: 2,
            passed: 1,
            errored: 1,
            container_failures: 1,
            ..TestTotals::default()
        });
        let origin = Origin::at("", 7, 12);
        broken.warnings =
            vec![Diagnostic::new(Code::CutOff, Weight::Error, "the file ends inside of a tag", origin)];
        reports.push(broken);
        let mut unknown = reports[0].clone();
        unknown.file = "notes.txt".into();
        (unknown.kind, unknown.format, unknown.totals) = (None, String::new(), ReportTotals::None);
        unknown.health = Health::Invalid;
        let origin = Origin::file("notes.txt");
        unknown.warnings =
            vec![Diagnostic::new(Code::UnknownFormat, Weight::Error, "no format claims the file", origin)];
        reports.push(unknown);
        insta::assert_snapshot!(render(&reports, &[], Style::PLAIN));
    }
}
