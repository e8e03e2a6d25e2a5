//! `scan.new`: the change adds no finding that the base does not have.

use super::limits::{self, CRITICAL, HIGH, INFO, LOW, Limits, MEDIUM, UNKNOWN_AS};
use super::narrowing::{self, CLASS, DEV_DEPENDENCY, FIX_AVAILABLE, Narrowing, REACHABLE, Selected, TOOL};
use super::newness::WITHOUT_BASE;
use super::suppressed::Hidden;
use super::{Field, Judgement, Replayed, Rule, RuleSpec, Scope, Settings, doubt, vanished};
use crate::compare::{Evidence, NewFindings};
use crate::model::{Kind, Measured, NotCounted, OutcomeKind, Replay, Scan, Untrusted};

pub(super) const SPEC: RuleSpec = RuleSpec::of::<ScanNew>(
    "scan.new",
    "Security findings",
    "security",
    Some(Kind::Scan),
    "How many new findings of each severity the change may add. A finding is new if the base's scans do not have \
     it; suppressed findings do not count, and neither does an advisory about dependencies that the change leaves as \
     they are.",
)
.by_path();

struct ScanNew {
    limits: Limits,
    narrowing: Narrowing,
    absolute_without_base: bool,
}

impl Rule for ScanNew {
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
        WITHOUT_BASE,
    ];

    fn read(settings: &Settings) -> Self {
        Self {
            limits: Limits::read(settings),
            narrowing: Narrowing::read(settings),
            absolute_without_base: settings.word("without-base") == Some("absolute"),
        }
    }

    fn judge(&self, evidence: &Evidence<'_>, scope: &Scope<'_>) -> Judgement {
        let required = self.limits.required_text("new ");
        let relies_on = |scan: &Scan| self.narrowing.relies_on(scan);
        if let Some(judgement) = vanished::judgement(evidence, scope, &required, relies_on) {
            return judgement;
        }
        if let Some(judgement) = doubt::absent(evidence, scope, Kind::Scan, &required) {
            return judgement;
        }
        if let Some(judgement) = self.narrowing.absent_tools(evidence, scope, &required) {
            return judgement;
        }
        let judgement = match &evidence.new_findings {
            Some(new) => self.judge_new(new, evidence, scope, required),
            None => self.judge_all(evidence, scope, required),
        };
        doubt::settle(self.narrowing.settle(judgement, evidence, scope), evidence, scope, Kind::Scan)
    }

    fn replay(&self, replay: &Replay) -> Option<Replayed> {
        let figures = replay.figures.as_ref()?;
        let replayed = self.limits.replay(figures)?;
        if *figures.get("compared")? > 0 || replayed.kind != OutcomeKind::NotMet || self.absolute_without_base
        {
            return Some(replayed);
        }
        Some(if replay.named { Replayed::NOT_MEASURED } else { Replayed::NOT_JUDGED })
    }
}

impl ScanNew {
    fn judge_new(
        &self,
        new: &NewFindings<'_>,
        evidence: &Evidence<'_>,
        scope: &Scope<'_>,
        required: String,
    ) -> Judgement {
        let scans = &evidence.head.scans;
        let hidden = Hidden::find(evidence, scope, None);
        let mut selected = self.narrowing.select(SPEC.id, new.new.iter().copied(), scans, scope);
        lift_ambient(&mut selected, evidence);
        let Selected { findings, not_kept, mut lifted } = selected;
        let existing = self.narrowing.select(SPEC.id, new.existing.iter().copied(), &[], scope);
        // A waiver of what the base has too is in use, though nothing is new.
        lifted.used.extend(existing.lifted.used);
        let counted = Limits::count(findings, &not_kept);
        let excess = self.limits.excess(&counted.counts);
        let total = counted.counts.total();
        let mut text = format!("{total} new");
        let mut more = Vec::new();
        if total > 0 {
            more.push(limits::by_severity(&counted.counts));
        }
        let existing = existing.findings.len() as u64 + existing.lifted.count;
        if scope.whole && existing > 0 {
            more.push(format!("{existing} already on the base"));
        }
        if !more.is_empty() {
            text.push_str(&format!(" ({})", more.join("; ")));
        }
        text.push_str(&limits::lifted_text(&lifted));
        text.push_str(&hidden.text());
        let mut judgement = Judgement::new(OutcomeKind::Met, Measured::Count(excess), text, required);
        judgement.figures = Some(limits::figures(&counted.counts, true));
        judgement.details.extend(self.limits.detail("New findings", &counted));
        judgement.details.extend(hidden.detail());
        (judgement.not_counted, judgement.used) = (lifted.not_counted, lifted.used);
        if self.limits.is_open() {
            judgement.kind = OutcomeKind::NotJudged;
            judgement.reason = "no limit is set".into();
        } else if excess > 0 {
            judgement.kind = OutcomeKind::NotMet;
            judgement.steps = self.limits.steps(SPEC.id, &counted, "new ");
            if !new.tools_without_base.is_empty() {
                let names: Vec<&str> =
                    new.tools_without_base.iter().map(|scan| scan.tool.name.raw()).collect();
                let text =
                    format!("the base has no scan by {}, so all its findings count as new", names.join(", "));
                judgement.reason = Untrusted::new(text);
            }
        }
        judgement
    }

    /// Without a base. What is within the limits when everything counts as new is within them for certain.
    fn judge_all(&self, evidence: &Evidence<'_>, scope: &Scope<'_>, required: String) -> Judgement {
        let scans = &evidence.head.scans;
        let hidden = Hidden::find(evidence, scope, None);
        let mut selected = self.narrowing.select(SPEC.id, narrowing::active(scans), scans, scope);
        lift_ambient(&mut selected, evidence);
        let Selected { findings, not_kept, lifted } = selected;
        let counted = Limits::count(findings, &not_kept);
        let excess = self.limits.excess(&counted.counts);
        let mut text = limits::findings_text(counted.counts.total(), "");
        if counted.counts.total() > 0 {
            text.push_str(&format!(" ({})", limits::by_severity(&counted.counts)));
        }
        text.push_str(&limits::lifted_text(&lifted));
        text.push_str(&hidden.text());
        text.push_str(", no base to compare with");
        let mut judgement = Judgement::new(OutcomeKind::Met, Measured::Count(excess), text, required);
        judgement.figures = Some(limits::figures(&counted.counts, false));
        judgement.details.extend(self.limits.detail("Findings", &counted));
        judgement.details.extend(hidden.detail());
        (judgement.not_counted, judgement.used) = (lifted.not_counted, lifted.used);
        if self.limits.is_open() {
            judgement.kind = OutcomeKind::NotJudged;
            return judgement.because("no limit is set");
        }
        if excess == 0 {
            return judgement;
        }
        if self.absolute_without_base {
            judgement.kind = OutcomeKind::NotMet;
            judgement.steps = self.limits.steps(SPEC.id, &counted, "");
            return judgement;
        }
        // Asked for by a file, it is missing evidence; asked for by the built-in policy alone, it does not
        // apply (DECISIONS 18, 20).
        judgement.kind = if scope.named { OutcomeKind::NotMeasured } else { OutcomeKind::NotJudged };
        judgement.because("there is no scan of the base, so nobody can say which findings are new")
    }
}

/// Leaves out advisories about dependencies that the change leaves as they are; every report of one must be proven.
fn lift_ambient(selected: &mut Selected<'_>, evidence: &Evidence<'_>) {
    let Selected { findings, lifted, .. } = selected;
    findings.retain(|finding| {
        let proofs = finding.reports().map(|reported| evidence.ambient(SPEC.id, reported.finding));
        let proofs: Option<Vec<NotCounted>> = proofs.collect();
        let Some(excused) = proofs.and_then(|proofs| proofs.into_iter().next()) else { return true };
        lifted.list_finding(SPEC.id, finding, excused.cause, excused.proof);
        false
    });
}

#[cfg(test)]
mod tests {
    use super::super::sample::{Sample, finding, report, scan};
    use super::*;
    use crate::model::Health;
    use crate::model::Severity::{Critical, High, Low};

    #[test]
    fn findings_of_the_base_are_not_new() {
        let base = scan(vec![finding("a", High), finding("b", Low)]);
        let judgement = Sample::of(scan(vec![finding("a", High)])).against(base).judge("scan.new", &[]);
        assert_eq!(judgement.kind, OutcomeKind::Met);
        assert_eq!(judgement.measured_text, "0 new (1 already on the base)");
        assert_eq!(judgement.required_text, "0 new at high or above");
    }

    #[test]
    fn a_new_finding_is_not_met_and_the_worst_comes_first() {
        let head =
            scan(vec![finding("a", High), finding("b", High), finding("c", Critical), finding("d", Low)]);
        let judgement = Sample::of(head).against(scan(vec![finding("a", High)])).judge("scan.new", &[]);
        assert_eq!(judgement.kind, OutcomeKind::NotMet);
        assert_eq!(judgement.measured, Measured::Count(2));
        assert_eq!(judgement.measured_text, "3 new (1 critical, 1 high, 1 low; 1 already on the base)");
        let rules: Vec<&str> = judgement.steps.iter().map(|step| step.subject.raw()).collect();
        assert_eq!(rules, ["c", "b"]);
    }

    #[test]
    fn as_many_as_allowed_are_met_and_one_more_is_not() {
        let sample = Sample::of(scan(vec![finding("a", High)])).against(scan(vec![]));
        assert_eq!(sample.judge("scan.new", &[("high", "1")]).kind, OutcomeKind::Met);
        assert_eq!(sample.judge("scan.new", &[("high", "0")]).kind, OutcomeKind::NotMet);
    }

    #[test]
    fn without_a_base_the_policy_decides() {
        let sample = Sample::of(scan(vec![finding("a", High)])).without_base();
        assert_eq!(sample.judge("scan.new", &[]).kind, OutcomeKind::NotMeasured);
        assert_eq!(sample.judge_unnamed("scan.new").kind, OutcomeKind::NotJudged);
        assert_eq!(sample.judge("scan.new", &[("without-base", "absolute")]).kind, OutcomeKind::NotMet);
    }

    #[test]
    fn without_a_base_a_clean_scan_has_no_new_finding_for_certain() {
        let judgement = Sample::of(scan(vec![])).without_base().judge("scan.new", &[]);
        assert_eq!(judgement.kind, OutcomeKind::Met);
        assert_eq!(judgement.measured_text, "0 findings, no base to compare with");
    }

    #[test]
    fn a_change_cannot_pass_by_removing_its_scanner() {
        let sample = Sample::default().against(scan(vec![finding("a", High)]));
        let judgement = sample.judge_unnamed("scan.new");
        assert_eq!(judgement.kind, OutcomeKind::NotMeasured);
        assert_eq!(judgement.reason.raw(), "the base has a scan by scanner and the change has none");
    }

    #[test]
    fn a_broken_report_is_never_a_pass() {
        let mut head = scan(vec![]);
        head.reports.push(report("cut.sarif", Kind::Scan, Health::Invalid));
        assert_eq!(
            Sample::of(head).against(scan(vec![])).judge("scan.new", &[]).kind,
            OutcomeKind::NotMeasured
        );
        assert_eq!(Sample::default().judge("scan.new", &[]).kind, OutcomeKind::NotMeasured);
        assert_eq!(Sample::default().judge_unnamed("scan.new").kind, OutcomeKind::NotJudged);
    }
}
