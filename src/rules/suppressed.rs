//! Findings that the reports themselves hide: how many there are, and which of them the change hides in its own
//! source.

use super::Scope;
use super::narrowing::in_scope;
use crate::compare::Evidence;
use crate::model::{Detail, Finding, RepoPath, ScanClass, Untrusted};

/// What the reports themselves hide.
pub(super) struct Hidden {
    /// How many findings, kept or not.
    count: u64,
    /// Those that a comment in a line of the change hides.
    by_change: Vec<Vec<Untrusted>>,
}

impl Hidden {
    /// Looks for suppressed findings in the scope, of one class alone if it is named.
    pub(super) fn find(evidence: &Evidence<'_>, scope: &Scope<'_>, class: Option<ScanClass>) -> Self {
        let scans = &evidence.head.scans;
        let is_wanted = |finding: &Finding| class.is_none_or(|class| finding.is_about(class));
        let count = match class {
            None => scans.iter().map(|scan| scan.suppressed).fold(0_u64, u64::saturating_add),
            Some(_) => {
                let all = scans.iter().flat_map(|scan| &scan.findings);
                all.filter(|finding| finding.suppression.is_some() && is_wanted(finding)).count() as u64
            }
        };
        let mut by_change = Vec::new();
        for scan in scans {
            let suppressed =
                scan.findings.iter().filter(|finding| is_wanted(finding) && in_scope(finding, scope));
            for finding in suppressed.filter(|finding| hidden_by_change(finding, evidence)) {
                let place = finding.place.as_ref();
                let line =
                    place.and_then(|place| place.line).map_or(String::new(), |line| format!(":{line}"));
                let file = place.map_or("", |place| place.file.raw());
                let reason = finding.suppression.as_ref().map(|it| it.reason.clone()).unwrap_or_default();
                by_change.push(vec![
                    finding.severity.word().into(),
                    finding.rule.clone(),
                    format!("{file}{line}").into(),
                    reason,
                ]);
            }
        }
        by_change.sort();
        Self { count: if scope.whole { count } else { 0 }, by_change }
    }

    /// `, 2 suppressed (1 by this change)`, or nothing.
    pub(super) fn text(&self) -> String {
        match (self.count, self.by_change.len()) {
            (0, 0) => String::new(),
            (count, 0) => format!(", {count} suppressed"),
            (count, own) => format!(", {} suppressed ({own} by this change)", count.max(own as u64)),
        }
    }

    /// What the change itself hides, as a table.
    pub(super) fn detail(&self) -> Option<Detail> {
        const MOST_ROWS: usize = 500;
        if self.by_change.is_empty() {
            return None;
        }
        let mut rows: Vec<Vec<Untrusted>> =
            vec![vec!["Severity".into(), "Rule".into(), "Place".into(), "Reason given".into()]];
        rows.extend(self.by_change.iter().take(MOST_ROWS).cloned());
        let title =
            format!("Findings that this change suppresses in its own source ({})", self.by_change.len());
        Some(Detail { title, rows, text: Untrusted::default() })
    }
}

/// True if a comment hides the finding and the change wrote its line or the one above, where the comment stands.
fn hidden_by_change(finding: &Finding, evidence: &Evidence<'_>) -> bool {
    let in_source = finding.suppression.as_ref().is_some_and(|suppression| suppression.by == "in-source");
    let place = finding.place.as_ref().filter(|_| in_source);
    let path = place.and_then(|place| Some((RepoPath::new(place.file.raw()).ok()?, place.line?.get())));
    let Some(((path, line), diff)) = path.zip(evidence.diff()) else { return false };
    diff.files
        .get(&path)
        .is_some_and(|file| file.added.contains(line) || line > 1 && file.added.contains(line - 1))
}

#[cfg(test)]
mod tests {
    use super::super::sample::{Sample, finding, scan};
    use crate::model::Severity::High;
    use crate::model::Suppression;

    #[test]
    fn what_the_change_hides_in_its_own_source_is_named() {
        let hidden = |by: &str| {
            let mut finding = finding("r", High);
            finding.suppression =
                Some(Box::new(Suppression { by: by.to_owned(), reason: "trust me".into() }));
            finding
        };
        // The finding stands on line 3; a comment may stand above it.
        for (lines, by, text) in [
            (&[2][..], "in-source", "0 findings, 1 suppressed (1 by this change)"),
            (&[3], "in-source", "0 findings, 1 suppressed (1 by this change)"),
            (&[5], "in-source", "0 findings, 1 suppressed"),
            (&[3], "external", "0 findings, 1 suppressed"),
        ] {
            let sample = Sample::of(scan(vec![hidden(by)])).changing("src/a.rs", lines.iter().copied());
            let judgement = sample.judge("scan.all", &[]);
            assert_eq!(judgement.measured_text, text);
            let named = judgement.details.first().map(|detail| detail.rows[1][3].raw());
            assert_eq!(named, text.contains("change").then_some("trust me"));
        }
    }
}
