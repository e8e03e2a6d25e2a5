//! Snapshots for people: the text of `tollgate snapshot`.

use super::escape::SHORT;
use super::inspect;
use super::terminal::{Page, Style};
use super::words::grouped;
use crate::compare::Evidence;
use crate::model::{Ratio, Snapshot, TestTotals, Untrusted};

/// At most so many names are listed per kind of difference.
const MOST_NAMES: usize = 50;

/// The commit, and what was read from each file.
pub fn show(snapshot: &Snapshot, style: Style) -> String {
    let mut page = Page::new(style);
    let commit = snapshot.commit.as_deref().unwrap_or("no commit");
    let commit = page.own(commit);
    page.wrapped("", 2, &format!("snapshot of {commit}"));
    if let Some(run) = &snapshot.tests {
        page.wrapped("  ", 4, &tests_text(&run.totals));
    }
    if let Some(coverage) = &snapshot.coverage {
        let files = grouped(coverage.files.len() as u64);
        let lines = share(coverage.totals(|_| true).lines);
        page.wrapped("  ", 4, &format!("{files} covered files, {lines}"));
    }
    if !snapshot.scans.is_empty() {
        let findings = snapshot.scans.iter().map(|scan| scan.active.total()).sum();
        let scans = grouped(snapshot.scans.len() as u64);
        page.wrapped("  ", 4, &format!("{scans} scans, {} active findings", grouped(findings)));
    }
    let mut text = page.finish();
    text.push('\n');
    text.push_str(&inspect::render(&snapshot.reports, &[], style));
    text
}

/// What became of the tests, the coverage and the findings of a base.
pub fn diff(evidence: &Evidence<'_>, style: Style) -> String {
    let mut page = Page::new(style);
    if let Some(changes) = &evidence.test_changes {
        let unnamed = changes.removed_unnamed;
        let removed: Vec<Untrusted> = changes.removed.iter().map(|removed| removed.id.display()).collect();
        names(&mut page, "removed tests", &removed, unnamed);
        let skipped: Vec<Untrusted> = changes.newly_skipped.iter().map(|case| case.id.display()).collect();
        names(&mut page, "newly skipped tests", &skipped, 0);
        let fixed: Vec<Untrusted> = changes.fixed.iter().map(|id| id.display()).collect();
        names(&mut page, "fixed tests", &fixed, 0);
        let (added, new, before) = (changes.added, changes.newly_failing, changes.failing_before);
        let counts = format!(
            "tests: {} added, {} newly failing, {} failing before",
            grouped(added),
            grouped(new),
            grouped(before)
        );
        page.wrapped("", 2, &counts);
        if !(changes.head_is_whole && changes.base_is_whole) {
            page.wrapped("  ", 4, "one of the two keeps not all names, so more may differ");
        }
    }
    let lines =
        |snapshot: &Snapshot| share(snapshot.coverage.as_ref().and_then(|c| c.totals(|_| true).lines));
    if let Some(base) = evidence.base {
        page.wrapped("", 2, &format!("coverage: {} before, {} now", lines(base), lines(evidence.head)));
    }
    if let Some(findings) = &evidence.new_findings {
        let (new, existing) =
            (findings.new.len() as u64 + findings.new_not_kept.total(), findings.existing.len() as u64);
        let text = format!("findings: {} new, {} in both", grouped(new), grouped(existing));
        page.wrapped("", 2, &text);
    }
    page.finish()
}

fn names(page: &mut Page, what: &str, tests: &[Untrusted], unnamed: u64) {
    let all = unnamed.saturating_add(tests.len() as u64);
    if all == 0 {
        return;
    }
    page.wrapped("", 2, &format!("{what}: {}", grouped(all)));
    for test in tests.iter().take(MOST_NAMES) {
        let test = page.text(test, SHORT);
        page.wrapped("  ", 4, &test);
    }
    let more = all.saturating_sub(tests.len().min(MOST_NAMES) as u64);
    if more > 0 {
        page.wrapped("  ", 4, &format!("and {} more", grouped(more)));
    }
}

fn tests_text(totals: &TestTotals) -> String {
    format!(
        "{} tests: {} passed, {} failed, {} skipped",
        grouped(totals.tests),
        grouped(totals.passed),
        grouped(totals.bad()),
        grouped(totals.skipped)
    )
}

fn share(lines: Option<Ratio>) -> String {
    match lines {
        Some(lines) => format!("lines {}", lines.text_against(None)),
        None => "no lines".to_owned(),
    }
}
