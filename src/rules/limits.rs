//! What `scan.new` and `scan.all` share: a limit per severity, and findings counted against it.

use super::lift::Lifted;
use super::words::{counted, first_line};
use super::{Direction, Field, FieldKind, Replayed, Settings, narrowing};
use crate::compare::{CountedFinding, Reported};
use crate::model::{Detail, Figures, Finding, Severity, SeverityCounts, Step, Untrusted};

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
pub(super) struct Counted<'f> {
    /// Per severity, kept or not.
    pub(super) counts: SeverityCounts,
    /// The findings that are kept whole.
    pub(super) findings: Vec<CountedFinding<'f>>,
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

    /// Judges counts that were measured before.
    pub(super) fn replay(&self, figures: &Figures) -> Option<Replayed> {
        let mut counts = SeverityCounts::default();
        for severity in Severity::ALL {
            *counts.get_mut(severity) = *figures.get(severity.word())?;
        }
        Some(match self.excess(&counts) {
            _ if self.is_open() => Replayed::NOT_JUDGED,
            excess => Replayed::at_most(excess, 0),
        })
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
    pub(super) fn count<'f>(findings: Vec<CountedFinding<'f>>, not_kept: &SeverityCounts) -> Counted<'f> {
        let mut counts = narrowing::severities(&findings);
        counts.add(not_kept);
        Counted { counts, findings }
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
        let mut over: Vec<&CountedFinding<'_>> = counted
            .findings
            .iter()
            .filter(|finding| self.is_over(finding.severity(), &counted.counts))
            .collect();
        over.sort_by_key(|finding| (self.counts_as(finding.severity()), *finding));
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

    fn step(&self, rule: &'static str, finding: &CountedFinding<'_>, new: &str) -> Step {
        let severity = match finding.severity() {
            Severity::Unknown => {
                format!("finding of unknown severity (counted as {})", self.unknown_as.word())
            }
            severity => format!("{} finding", severity.word()),
        };
        step(rule, format!("Fix 1 {new}{severity}."), finding)
    }

    /// The findings as a table, worst first.
    pub(super) fn detail(&self, title: &str, counted: &Counted<'_>) -> Option<Detail> {
        let order = |finding: &CountedFinding<'_>| self.counts_as(finding.severity());
        table(title, &counted.findings, order, counted.counts.total())
    }
}

/// What to do about one finding.
pub(super) fn step(rule: &'static str, action: String, finding: &CountedFinding<'_>) -> Step {
    let main = finding.main.finding;
    let place = finding.reports().find_map(|reported| reported.finding.place.as_ref());
    let message = finding.reports().map(|reported| &reported.finding.message).find(|text| !text.is_empty());
    Step {
        rule,
        action,
        subject: finding_name(main),
        file: place.map(|place| place.file.clone()).unwrap_or_default(),
        line: place.and_then(|place| place.line),
        detail: Untrusted::new(message.map_or(String::new(), |text| first_line(text.raw(), 200))),
        run: String::new(),
        for_owners: false,
    }
}

/// `CVE-2026-1 in minimist 1.2.0`, or the rule alone.
pub(super) fn finding_name(finding: &Finding) -> Untrusted {
    let name = match &finding.package {
        Some(package) => {
            format!("{} in {} {}", finding.rule.raw(), package.name.raw(), package.version.raw())
        }
        None => finding.rule.raw().to_owned(),
    };
    Untrusted::new(name.trim())
}

/// Findings as a table, in this order, then by content. `total` counts those too that are not kept.
pub(super) fn table<K: Ord>(
    title: &str,
    findings: &[CountedFinding<'_>],
    order: impl Fn(&CountedFinding<'_>) -> K,
    total: u64,
) -> Option<Detail> {
    if findings.is_empty() {
        return None;
    }
    let mut findings: Vec<&CountedFinding<'_>> = findings.iter().collect();
    findings.sort_by_key(|finding| (order(finding), *finding));
    let heads = ["Severity", "Rule", "Place", "Message", "Severity by", "Fingerprint"];
    let mut rows: Vec<Vec<Untrusted>> = vec![heads.map(Untrusted::from).to_vec()];
    rows.extend(findings.into_iter().take(MOST_ROWS).map(row));
    let shown = rows.len() as u64 - 1;
    let title =
        if shown == total { format!("{title} ({total})") } else { format!("{title} ({shown} of {total})") };
    Some(Detail { title, rows, text: Untrusted::default() })
}

fn row(finding: &CountedFinding<'_>) -> Vec<Untrusted> {
    let step = step("", String::new(), finding);
    let place = match step.line {
        Some(line) => format!("{}:{line}", step.file.raw()),
        None => step.file.raw().to_owned(),
    };
    vec![
        finding.severity().word().into(),
        step.subject,
        place.into(),
        step.detail,
        severity_sources(finding),
        fingerprint(finding.main.finding).into(),
    ]
}

/// Who says how bad it is, each in its own words: `trivy: trivy/ghsa HIGH; grype: grype/nvd Medium (medium)`. Where
/// they disagree, what each stands for is said too.
fn severity_sources(finding: &CountedFinding<'_>) -> Untrusted {
    let disagree = finding.reports().any(|it| it.finding.severity != finding.severity());
    let parts = finding.reports().map(|reported| {
        let Reported { finding, tool } = reported;
        let stands_for = if disagree { format!(" ({})", finding.severity.word()) } else { String::new() };
        format!("{}: {}{stands_for}", tool.name.raw(), finding.severity_source.raw())
    });
    let parts: Vec<String> = parts.collect();
    Untrusted::new(parts.join("; "))
}

/// What a waiver can name a finding by, whatever line it stands on: its strongest identity.
pub(super) fn fingerprint(finding: &Finding) -> String {
    fingerprints(finding).next().unwrap_or_default()
}

/// The same for all identities of a finding, strongest first.
pub(super) fn fingerprints(finding: &Finding) -> impl Iterator<Item = String> {
    let [own, snippet, message] = finding.identities;
    let there = [own, finding.line, snippet, message].into_iter().filter(|id| id.is_there());
    there.map(|id| format!("{:016x}", id.0))
}

/// The counted findings by severity, and whether the base's are told apart from them.
pub(super) fn figures(counts: &SeverityCounts, compared: bool) -> Figures {
    let by_severity =
        Severity::ALL.iter().map(|&severity| (severity.word().to_owned(), counts.get(severity)));
    by_severity.chain([("compared".to_owned(), u64::from(compared))]).collect()
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

/// `, 1 not counted`, or nothing.
pub(super) fn lifted_text(lifted: &Lifted) -> String {
    match lifted.count {
        0 => String::new(),
        count => format!(", {count} not counted"),
    }
}

/// The number of findings, in words.
pub(super) fn findings_text(count: u64, new: &str) -> String {
    counted(count, &format!("{new}finding"), &format!("{new}findings"))
}
