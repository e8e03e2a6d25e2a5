//! `scan.licenses`: the change brings no licence that the policy does not want.

use super::limits::{self, CRITICAL, HIGH, INFO, LOW, Limits, MEDIUM, UNKNOWN_AS};
use super::narrowing::{Narrowing, Selected};
use super::newness::{COUNT, Newness, WITHOUT_BASE};
use super::{Direction, Field, FieldKind, Globs, Judgement, Rule, RuleSpec, Scope, Settings, doubt};
use crate::compare::{CountedFinding, Evidence};
use crate::model::{Kind, Measured, OutcomeKind, ScanClass};

pub(super) const SPEC: RuleSpec = RuleSpec::of::<ScanLicenses>(
    "scan.licenses",
    "Licences",
    "licences",
    Some(Kind::Scan),
    "How many licences of each severity the change may bring in, as a scanner of licences rates them. A scanner \
     that looks at licences must have run.",
)
.by_path();

const fn names(key: &'static str, doc: &'static str) -> Field {
    Field { key, kind: FieldKind::Globs, direction: Direction::Unordered, default: None, doc }
}

struct ScanLicenses {
    limits: Limits,
    allow: Globs,
    deny: Globs,
    newness: Newness,
}

impl Rule for ScanLicenses {
    const FIELDS: &'static [Field] = &[
        CRITICAL,
        HIGH,
        MEDIUM,
        LOW,
        INFO,
        UNKNOWN_AS,
        names("allow", "licences that never count, by their SPDX id; `*` stands for any text"),
        names("deny", "licences of which none may be there, whatever their severity; stronger than `allow`"),
        COUNT,
        WITHOUT_BASE,
    ];

    fn read(settings: &Settings) -> Self {
        Self {
            limits: Limits::read(settings),
            allow: Globs::new(settings.globs("allow")).unwrap_or_default(),
            deny: Globs::new(settings.globs("deny")).unwrap_or_default(),
            newness: Newness::read(settings),
        }
    }

    fn judge(&self, evidence: &Evidence<'_>, scope: &Scope<'_>) -> Judgement {
        let required = self.limits.required_text(self.newness.required_word());
        if let Some(judgement) = doubt::absent(evidence, scope, Kind::Scan, &required) {
            return judgement;
        }
        let scans = &evidence.head.scans;
        let (basis, reported) = self.newness.reported(evidence);
        let narrowing = Narrowing::of(ScanClass::License);
        let Selected { mut findings, not_kept, lifted } = narrowing.select(SPEC.id, reported, scans, scope);
        let is_denied =
            |finding: &CountedFinding<'_>| self.deny.is_match_text(finding.main.finding.rule.raw());
        findings.retain(|finding| {
            is_denied(finding) || !self.allow.is_match_text(finding.main.finding.rule.raw())
        });
        let (denied, rated): (Vec<_>, Vec<_>) = findings.into_iter().partition(is_denied);
        let counted = Limits::count(rated, &not_kept);
        let excess = self.limits.excess(&counted.counts).saturating_add(denied.len() as u64);
        let total = counted.counts.total() + denied.len() as u64;
        let mut text = basis.counted(total, "licence", "licences");
        let mut parts = Vec::new();
        parts.extend((!denied.is_empty()).then(|| format!("{} denied", denied.len())));
        parts.extend((counted.counts.total() > 0).then(|| limits::by_severity(&counted.counts)));
        if !parts.is_empty() {
            text.push_str(&format!(" ({})", parts.join(", ")));
        }
        text.push_str(&limits::lifted_text(&lifted));
        let mut judgement = Judgement::new(OutcomeKind::Met, Measured::Count(excess), text, required);
        judgement.details.extend(limits::table("Denied licences", &denied, |_| (), denied.len() as u64));
        judgement.details.extend(self.limits.detail("Licences", &counted));
        (judgement.not_counted, judgement.used) = (lifted.not_counted, lifted.used);
        if self.limits.is_open() && self.deny.is_empty() {
            judgement.kind = OutcomeKind::NotJudged;
            judgement.reason = "no limit is set".into();
        } else if excess > 0 {
            judgement.kind = OutcomeKind::NotMet;
            let action = || "Replace 1 dependency whose licence is denied.".to_owned();
            judgement.steps = denied.iter().take(20).map(|it| limits::step(SPEC.id, action(), it)).collect();
            if self.limits.excess(&counted.counts) > 0 {
                judgement.steps.extend(self.limits.steps(SPEC.id, &counted, basis.word()));
            }
        }
        self.newness.conclude(judgement, basis, &narrowing, evidence, scope)
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::{Sample, finding, scan};
    use super::*;
    use crate::model::Severity::{High, Low};
    use crate::model::{Finding, ScanClasses, Severity, Snapshot};

    fn license(id: &str, severity: Severity) -> Finding {
        Finding { class: ScanClass::License, ..finding(id, severity) }
    }

    fn trivy(findings: Vec<Finding>) -> Snapshot {
        let mut head = scan(findings);
        head.scans[0].looked_for = ScanClasses::of(&[ScanClass::License]);
        head
    }

    fn kind(findings: Vec<Finding>, fields: &[(&str, &str)]) -> OutcomeKind {
        Sample::of(trivy(findings)).against(trivy(vec![])).judge("scan.licenses", fields).kind
    }

    #[test]
    fn licences_are_limited_by_severity() {
        assert_eq!(kind(vec![license("MIT", Low)], &[]), OutcomeKind::Met);
        assert_eq!(kind(vec![license("AGPL-3.0", High)], &[]), OutcomeKind::NotMet);
        assert_eq!(kind(vec![license("AGPL-3.0", High)], &[("high", "1")]), OutcomeKind::Met);
        assert_eq!(kind(vec![finding("other", High)], &[]), OutcomeKind::Met);
    }

    #[test]
    fn allowed_licences_never_count_and_denied_ones_always_do() {
        assert_eq!(kind(vec![license("MPL-2.0", High)], &[("allow", "MPL-*")]), OutcomeKind::Met);
        assert_eq!(kind(vec![license("MIT", Low)], &[("deny", "MIT")]), OutcomeKind::NotMet);
        assert_eq!(kind(vec![license("MIT", Low)], &[("deny", "MIT"), ("allow", "*")]), OutcomeKind::NotMet);
    }

    #[test]
    fn licences_of_the_base_are_not_new() {
        let sample = Sample::of(trivy(vec![license("AGPL-3.0", High)]));
        let sample = sample.against(trivy(vec![license("AGPL-3.0", High)]));
        assert_eq!(sample.judge("scan.licenses", &[]).kind, OutcomeKind::Met);
        assert_eq!(sample.judge("scan.licenses", &[("count", "all")]).kind, OutcomeKind::NotMet);
    }

    #[test]
    fn without_a_scanner_of_licences_nobody_knows() {
        let sample = Sample::of(scan(vec![])).against(scan(vec![]));
        assert_eq!(sample.judge("scan.licenses", &[]).kind, OutcomeKind::NotMeasured);
        assert_eq!(Sample::default().judge("scan.licenses", &[]).kind, OutcomeKind::NotMeasured);
    }
}
