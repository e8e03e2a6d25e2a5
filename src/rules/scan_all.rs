//! `scan.all`: the findings of the commit, whether they are new or not.

use super::limits::{self, CRITICAL, HIGH, INFO, LOW, Limits, MEDIUM, UNKNOWN_AS};
use super::narrowing::{self, CLASS, DEV_DEPENDENCY, FIX_AVAILABLE, Narrowing, REACHABLE, Selected, TOOL};
use super::suppressed::Hidden;
use super::{Field, Judgement, Replayed, Rule, RuleSpec, Scope, Settings, doubt, vanished};
use crate::compare::Evidence;
use crate::model::{Kind, Measured, OutcomeKind, Replay};

pub(super) const SPEC: RuleSpec = RuleSpec::of::<ScanAll>(
    "scan.all",
    "All security findings",
    "security",
    Some(Kind::Scan),
    "How many findings of each severity the commit may have, new or old. Suppressed findings do not count.",
)
.by_path();

struct ScanAll {
    limits: Limits,
    narrowing: Narrowing,
}

impl Rule for ScanAll {
    const FIELDS: &'static [Field] = &[
        CRITICAL,
        HIGH,
        MEDIUM,
        LOW,
        INFO,
        UNKNOWN_AS,
        CLASS,
        TOOL,
        FIX_AVAILABLE,
        REACHABLE,
        DEV_DEPENDENCY,
    ];

    fn read(settings: &Settings) -> Self {
        Self { limits: Limits::read(settings), narrowing: Narrowing::read(settings) }
    }

    fn judge(&self, evidence: &Evidence<'_>, scope: &Scope<'_>) -> Judgement {
        let required = self.limits.required_text("");
        if let Some(judgement) = doubt::absent(evidence, scope, Kind::Scan, &required) {
            return judgement;
        }
        if let Some(judgement) = self.narrowing.absent_tools(evidence, scope, &required) {
            return judgement;
        }
        let scans = &evidence.head.scans;
        let hidden = Hidden::find(evidence, scope, None);
        let selected = self.narrowing.select(SPEC.id, narrowing::active(scans), scans, scope);
        let Selected { findings, not_kept, lifted } = selected;
        let counted = Limits::count(findings, &not_kept);
        let excess = self.limits.excess(&counted.counts);
        let mut text = limits::findings_text(counted.counts.total(), "");
        if counted.counts.total() > 0 {
            text.push_str(&format!(" ({})", limits::by_severity(&counted.counts)));
        }
        text.push_str(&limits::lifted_text(&lifted));
        text.push_str(&hidden.text());
        let mut judgement = Judgement::new(OutcomeKind::Met, Measured::Count(excess), text, required);
        judgement.figures = Some(limits::figures(&counted.counts, true));
        judgement.details.extend(self.limits.detail("Findings", &counted));
        judgement.details.extend(hidden.detail());
        (judgement.not_counted, judgement.used) = (lifted.not_counted, lifted.used);
        if self.limits.is_open() {
            judgement.kind = OutcomeKind::NotJudged;
            judgement.reason = "no limit is set".into();
        } else if excess > 0 {
            judgement.kind = OutcomeKind::NotMet;
            judgement.steps = self.limits.steps(SPEC.id, &counted, "");
        }
        let judgement = self.narrowing.settle(judgement, evidence, scope);
        let judgement = doubt::settle(judgement, evidence, scope, Kind::Scan);
        vanished::settle(judgement, evidence, scope, |scan| self.narrowing.relies_on(scan))
    }

    fn replay(&self, replay: &Replay) -> Option<Replayed> {
        self.limits.replay(replay.figures.as_ref()?)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Covered;
    use super::super::sample::{Sample, finding, scan};
    use super::*;
    use crate::model::Severity::{Critical, High, Low, Medium, Unknown};
    use crate::model::{Health, Suppression};

    #[test]
    fn a_clean_scan_is_met() {
        let judgement = Sample::of(scan(vec![])).judge("scan.all", &[]);
        assert_eq!(judgement.kind, OutcomeKind::Met);
        assert_eq!(judgement.measured_text, "0 findings");
        assert_eq!(judgement.required_text, "0 at high or above");
    }

    #[test]
    fn as_many_as_allowed_are_met_and_one_more_is_not() {
        let sample = Sample::of(scan(vec![finding("a", High), finding("b", High), finding("c", Low)]));
        assert_eq!(sample.judge("scan.all", &[("high", "2")]).kind, OutcomeKind::Met);
        let judgement = sample.judge("scan.all", &[("high", "1")]);
        assert_eq!(judgement.kind, OutcomeKind::NotMet);
        assert_eq!(judgement.measured, Measured::Count(1));
        assert_eq!(judgement.measured_text, "3 findings (2 high, 1 low)");
        assert_eq!(judgement.required_text, "at most 0 critical, 1 high");
        assert_eq!(judgement.steps.len(), 2);
        assert_eq!(judgement.steps[0].action, "Fix 1 high finding.");
    }

    #[test]
    fn unknown_severities_count_as_the_policy_says() {
        let sample = Sample::of(scan(vec![finding("a", Unknown)]));
        assert_eq!(sample.judge("scan.all", &[]).kind, OutcomeKind::NotMet);
        assert_eq!(sample.judge("scan.all", &[("unknown-as", "medium")]).kind, OutcomeKind::Met);
    }

    #[test]
    fn a_limit_bounds_worse_severities_too() {
        let judge =
            |findings, fields: &[(&str, &str)]| Sample::of(scan(findings)).judge("scan.all", fields).kind;
        let medium = [("critical", "9"), ("high", "9"), ("medium", "0")];
        assert_eq!(judge(vec![finding("a", Critical)], &medium), OutcomeKind::NotMet);
        assert_eq!(judge(vec![finding("a", Low)], &medium), OutcomeKind::Met);
        let required = Sample::of(scan(vec![])).judge("scan.all", &medium).required_text;
        assert_eq!(required, "0 at medium or above");
    }

    #[test]
    fn a_finding_of_unknown_severity_fits_every_limit_that_it_could_fall_under() {
        let sample = Sample::of(scan(vec![finding("a", Unknown), finding("b", Medium)]));
        let fields = [("critical", "5"), ("high", "5"), ("medium", "2")];
        assert_eq!(sample.judge("scan.all", &fields).kind, OutcomeKind::Met);
        let fields = [("critical", "5"), ("high", "5"), ("medium", "1")];
        let judgement = sample.judge("scan.all", &fields);
        assert_eq!((judgement.kind, judgement.measured), (OutcomeKind::NotMet, Measured::Count(1)));
        assert_eq!(judgement.steps[0].action, "Fix 1 finding of unknown severity (counted as high).");
    }

    #[test]
    fn suppressed_findings_are_said_and_do_not_count() {
        let mut suppressed = finding("a", Critical);
        suppressed.suppression =
            Some(Box::new(Suppression { by: "in-source".to_owned(), reason: "why".into() }));
        let judgement = Sample::of(scan(vec![suppressed])).judge("scan.all", &[]);
        assert_eq!(judgement.kind, OutcomeKind::Met);
        assert_eq!(judgement.measured_text, "0 findings, 1 suppressed");
    }

    #[test]
    fn a_waived_finding_is_listed_and_not_counted() {
        let covered =
            |id: &str, severity| Covered { id: Some(id.to_owned()), severity, ..Covered::default() };
        let sample = Sample::of(scan(vec![finding("CVE-1", High), finding("CVE-2", Critical)]));
        let judgement =
            sample.clone().waiving("scan.all", covered("CVE-1", Some(High))).judge("scan.all", &[]);
        assert_eq!((judgement.kind, judgement.measured), (OutcomeKind::NotMet, Measured::Count(1)));
        assert_eq!(judgement.measured_text, "1 finding (1 critical), 1 not counted");
        assert_eq!(judgement.not_counted[0].proof.raw(), "waived by @acme/sec until 2027-01-31: unreachable");
        let worse = sample.waiving("scan.all", covered("CVE-2", Some(High))).judge("scan.all", &[]);
        assert_eq!((worse.measured, worse.used.len()), (Measured::Count(2), 0));
    }

    #[test]
    fn findings_that_were_not_kept_count() {
        let mut head = scan(vec![]);
        head.scans[0].not_kept.high = 3;
        head.scans[0].active.high = 3;
        let judgement = Sample::of(head).judge("scan.all", &[]);
        assert_eq!(judgement.measured, Measured::Count(3));
        assert_eq!(judgement.steps[0].action, "Fix 3 findings.");
    }

    #[test]
    fn a_run_that_did_not_finish_or_contradicts_itself_proves_nothing() {
        let mut head = scan(vec![]);
        head.scans[0].health = Health::Failed;
        assert_eq!(Sample::of(head).judge("scan.all", &[]).kind, OutcomeKind::NotMeasured);
        let mut head = scan(vec![]);
        head.scans[0].active.high = 1;
        assert_eq!(Sample::of(head).judge("scan.all", &[]).kind, OutcomeKind::NotMeasured);
        assert_eq!(Sample::default().judge("scan.all", &[]).kind, OutcomeKind::NotMeasured);
    }
}
