//! What `scan.new` and `scan.all` share: a limit per severity, and findings counted against it.

use super::lift::Lifted;
use super::words::{counted, first_line};
use super::{Direction, Field, FieldKind, Scope, Settings};
use crate::model::{Detail, Finding, RepoPath, Scan, Severity, SeverityCounts, Step, Untrusted};

const MOST_STEPS: usize = 20;
const MOST_ROWS: usize = 500;

const fn limit(key: &'static str, default: Option<&'static str>, doc: &'static str) -> Field {
    Field { key, kind: FieldKind::Count, direction: Direction::Max, default, doc }
}

/// The fields of both rules.
pub(super) const CRITICAL: Field = limit(
    "critical",
    Some("0"),
    "the largest number of critical findings; the limit of `high` bounds them too",
);
pub(super) const HIGH: Field =
    limit("high", Some("0"), "the largest number of high findings; the limit of `medium` bounds them too");
pub(super) const MEDIUM: Field =
    limit("medium", None, "the largest number of medium findings; the limit of `low` bounds them too");
pub(super) const LOW: Field =
    limit("low", None, "the largest number of low findings; the limit of `info` bounds them too");
pub(super) const INFO: Field = limit("info", None, "the largest number of findings without a stated risk");
pub(super) const UNKNOWN_AS: Field = Field {
    key: "unknown-as",
    kind: FieldKind::Word(&["info", "low", "medium", "high", "critical"]),
    direction: Direction::Ordered,
    default: Some("high"),
    doc: "the worst severity that a finding of unknown severity may have; it must fit the limits of this and of all \
          lower severities",
};

/// The severities that a limit can stand for, worst first.
const LIMITED: [Severity; 5] =
    [Severity::Critical, Severity::High, Severity::Medium, Severity::Low, Severity::Info];

/// A limit per severity.
pub(super) struct Limits {
    /// In the order of [`LIMITED`]; `None` is no limit.
    by_severity: [Option<u64>; 5],
    unknown_as: Severity,
}

/// Findings, counted.
#[derive(Default)]
pub(super) struct Counted<'f> {
    /// Per severity, kept or not.
    pub(super) counts: SeverityCounts,
    /// The findings that are kept whole.
    pub(super) findings: Vec<&'f Finding>,
}

impl Limits {
    /// A limit bounds all worse severities too: nobody who limits high findings means to let critical ones
    /// pass. With the smallest limit in force, naming another one can only make the rule stricter.
    pub(super) fn read(settings: &Settings) -> Self {
        let mut by_severity = LIMITED.map(|severity| settings.count(severity.word()));
        let mut lower = None;
        for limit in by_severity.iter_mut().rev() {
            lower = limit.iter().copied().chain(lower).min();
            *limit = lower;
        }
        let unknown_as = settings.word("unknown-as").unwrap_or("critical");
        let unknown_as = LIMITED.into_iter().find(|severity| severity.word() == unknown_as);
        Self { by_severity, unknown_as: unknown_as.unwrap_or(Severity::Critical) }
    }

    /// True if nothing is limited.
    pub(super) fn is_open(&self) -> bool {
        self.by_severity.iter().all(Option::is_none)
    }

    fn of(&self, severity: Severity) -> Option<u64> {
        let index = LIMITED.iter().position(|limited| *limited == severity)?;
        self.by_severity.get(index).copied().flatten()
    }

    /// How many findings are above the limits.
    pub(super) fn excess(&self, counts: &SeverityCounts) -> u64 {
        let over = LIMITED.iter().map(|&severity| self.over(severity, counts.get(severity)));
        over.fold(0, u64::saturating_add).saturating_add(self.unknown_over(counts))
    }

    fn over(&self, severity: Severity, count: u64) -> u64 {
        self.of(severity).map_or(0, |limit| count.saturating_sub(limit))
    }

    /// How many findings of unknown severity are too many. They may be of any severity up to `unknown-as`, so
    /// they are held against each of these limits; a worse `unknown-as` can then only find more.
    fn unknown_over(&self, counts: &SeverityCounts) -> u64 {
        let more = |severity: Severity| {
            let known = counts.get(severity);
            let with_unknown = self.over(severity, known.saturating_add(counts.unknown));
            with_unknown.saturating_sub(self.over(severity, known))
        };
        LIMITED.into_iter().filter(|severity| *severity >= self.unknown_as).map(more).max().unwrap_or(0)
    }

    /// What a severity is sorted as.
    fn counts_as(&self, severity: Severity) -> Severity {
        if severity == Severity::Unknown { self.unknown_as } else { severity }
    }

    /// Counts findings and those that were not kept.
    pub(super) fn count<'f>(
        findings: impl IntoIterator<Item = &'f Finding>,
        not_kept: &SeverityCounts,
    ) -> Counted<'f> {
        let mut counted = Counted::default();
        for finding in findings {
            counted.counts.count(finding.severity);
            counted.findings.push(finding);
        }
        counted.counts.add(not_kept);
        counted
    }

    /// The requirement: `0 new at high or above`.
    pub(super) fn required_text(&self, new: &str) -> String {
        let limits: Vec<(Severity, u64)> =
            LIMITED.iter().filter_map(|&severity| Some((severity, self.of(severity)?))).collect();
        match limits.as_slice() {
            [] => "no limit".to_owned(),
            [(severity, 0)] => format!("0 {new}{}", severity.word()),
            [.., (severity, 0)] if limits.iter().all(|(_, limit)| *limit == 0) => {
                format!("0 {new}at {} or above", severity.word())
            }
            _ => {
                let parts: Vec<String> =
                    limits.iter().map(|(severity, limit)| format!("{limit} {}", severity.word())).collect();
                format!("at most {new}{}", parts.join(", "))
            }
        }
    }

    /// A step per finding of a severity that is above its limit, worst first.
    pub(super) fn steps(&self, rule: &'static str, counted: &Counted<'_>, new: &str) -> Vec<Step> {
        let mut over: Vec<&Finding> = counted
            .findings
            .iter()
            .copied()
            .filter(|finding| self.is_over(finding.severity, &counted.counts))
            .collect();
        over.sort_by_key(|finding| (self.counts_as(finding.severity), *finding));
        let mut steps: Vec<Step> =
            over.iter().take(MOST_STEPS).map(|finding| self.step(rule, finding, new)).collect();
        if steps.is_empty() {
            let excess = self.excess(&counted.counts);
            steps.push(Step {
                rule,
                action: format!("Fix {}.", super::words::counted(excess, "finding", "findings")),
                subject: Untrusted::default(),
                file: Untrusted::default(),
                line: None,
                detail: "the reports hold more findings than are kept whole".into(),
                run: String::new(),
                for_owners: false,
            });
        }
        steps
    }

    fn is_over(&self, severity: Severity, counts: &SeverityCounts) -> bool {
        match severity {
            Severity::Unknown => self.unknown_over(counts) > 0,
            severity => self.over(severity, counts.get(severity)) > 0,
        }
    }

    fn step(&self, rule: &'static str, finding: &Finding, new: &str) -> Step {
        let severity = match finding.severity {
            Severity::Unknown => {
                format!("finding of unknown severity (counted as {})", self.unknown_as.word())
            }
            severity => format!("{} finding", severity.word()),
        };
        let subject = match &finding.package {
            Some(package) => {
                format!("{} in {} {}", finding.rule.raw(), package.name.raw(), package.version.raw())
            }
            None => finding.rule.raw().to_owned(),
        };
        let place = finding.place.as_ref();
        Step {
            rule,
            action: format!("Fix 1 {new}{severity}."),
            subject: Untrusted::new(subject.trim()),
            file: place.map(|place| place.file.clone()).unwrap_or_default(),
            line: place.and_then(|place| place.line),
            detail: Untrusted::new(first_line(finding.message.raw(), 200)),
            run: String::new(),
            for_owners: false,
        }
    }

    /// The findings as a table, worst first.
    pub(super) fn detail(&self, title: &str, counted: &Counted<'_>) -> Option<Detail> {
        if counted.findings.is_empty() {
            return None;
        }
        let mut findings = counted.findings.clone();
        findings.sort_by_key(|finding| (self.counts_as(finding.severity), *finding));
        let mut rows: Vec<Vec<Untrusted>> =
            vec![vec!["Severity".into(), "Rule".into(), "Place".into(), "Message".into()]];
        rows.extend(findings.into_iter().take(MOST_ROWS).map(|finding| {
            let place = finding.place.as_ref().map_or(String::new(), |place| match place.line {
                Some(line) => format!("{}:{line}", place.file.raw()),
                None => place.file.raw().to_owned(),
            });
            vec![
                finding.severity.word().into(),
                finding.rule.clone(),
                place.into(),
                first_line(finding.message.raw(), 200).into(),
            ]
        }));
        let shown = rows.len() as u64 - 1;
        let total = counted.counts.total();
        let title = if shown == total {
            format!("{title} ({total})")
        } else {
            format!("{title} ({shown} of {total})")
        };
        Some(Detail { title, rows, text: Untrusted::default() })
    }
}

/// `1 critical, 2 high`, without the severities that have none; empty if there is none at all.
pub(super) fn by_severity(counts: &SeverityCounts) -> String {
    let parts: Vec<String> = Severity::ALL
        .into_iter()
        .filter(|&severity| counts.get(severity) > 0)
        .map(|severity| format!("{} {}", counts.get(severity), severity.word()))
        .collect();
    parts.join(", ")
}

/// True if the finding belongs to the scope. A finding without a place in the repository belongs to the rule
/// itself and to no overlay.
pub(super) fn in_scope(finding: &Finding, scope: &Scope<'_>) -> bool {
    let path = finding.place.as_ref().map(|place| RepoPath::new(place.file.raw()));
    match path {
        Some(Ok(path)) => (scope.wanted)(&path),
        Some(Err(_)) | None => scope.whole,
    }
}

/// The findings without those that a waiver covers, which are listed in `lifted`.
pub(super) fn counting<'f>(
    findings: impl IntoIterator<Item = &'f Finding>,
    rule: &'static str,
    scope: &Scope<'_>,
    lifted: &mut Lifted,
) -> Vec<&'f Finding> {
    findings.into_iter().filter(|finding| !lifted.finding(rule, finding, scope)).collect()
}

/// The active findings of a scope over all scans, and how many of them were not kept (which belong to the rule
/// itself and to no overlay).
pub(super) fn active<'f>(scans: &'f [Scan], scope: &Scope<'_>) -> (Vec<&'f Finding>, SeverityCounts) {
    let findings = scans.iter().flat_map(|scan| &scan.findings);
    let findings =
        findings.filter(|finding| finding.suppression.is_none() && in_scope(finding, scope)).collect();
    let mut not_kept = SeverityCounts::default();
    for scan in scans.iter().filter(|_| scope.whole) {
        not_kept.add(&scan.not_kept);
    }
    (findings, not_kept)
}

/// `, 1 not counted`, or nothing.
pub(super) fn lifted_text(lifted: &Lifted) -> String {
    match lifted.not_counted.len() {
        0 => String::new(),
        count => format!(", {count} not counted"),
    }
}

/// `, 2 suppressed`, or nothing.
pub(super) fn suppressed_text(scans: &[Scan], scope: &Scope<'_>) -> String {
    let suppressed = scans.iter().map(|scan| scan.suppressed).fold(0_u64, u64::saturating_add);
    if scope.whole && suppressed > 0 { format!(", {suppressed} suppressed") } else { String::new() }
}

/// The number of findings, in words.
pub(super) fn findings_text(count: u64, new: &str) -> String {
    counted(count, &format!("{new}finding"), &format!("{new}findings"))
}
