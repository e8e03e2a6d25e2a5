//! `scan.secrets`: the change adds no secret.

use super::allowance::{Allowance, MAX, Words};
use super::limits;
use super::narrowing::{Narrowing, Selected};
use super::newness::{COUNT, WITHOUT_BASE};
use super::suppressed::Hidden;
use super::{Direction, Field, FieldKind, Judgement, Rule, RuleSpec, Scope, Settings, doubt};
use crate::compare::Evidence;
use crate::model::{Kind, Measured, OutcomeKind, ScanClass};

pub(super) const SPEC: RuleSpec = RuleSpec::of::<ScanSecrets>(
    "scan.secrets",
    "Secrets",
    "secrets",
    Some(Kind::Scan),
    "How many secrets the change may add, whatever their severity. A scanner that looks for secrets must have run.",
)
.by_path();

struct ScanSecrets {
    allowance: Allowance,
    verified_only: bool,
}

impl Rule for ScanSecrets {
    const FIELDS: &'static [Field] = &[
        Field {
            key: MAX,
            kind: FieldKind::Count,
            direction: Direction::Max,
            default: Some("0"),
            doc: "the largest number of secrets, a whole number",
        },
        Field {
            key: "verified",
            kind: FieldKind::Word(&["only", "any"]),
            direction: Direction::Ordered,
            default: Some("any"),
            doc: "`only` does not count secrets that the scanner tried and found not to work",
        },
        COUNT,
        WITHOUT_BASE,
    ];

    fn read(settings: &Settings) -> Self {
        Self {
            allowance: Allowance::read(settings),
            verified_only: settings.word("verified") == Some("only"),
        }
    }

    fn judge(&self, evidence: &Evidence<'_>, scope: &Scope<'_>) -> Judgement {
        let required = self.allowance.required("");
        if let Some(judgement) = doubt::absent(evidence, scope, Kind::Scan, &required) {
            return judgement;
        }
        let scans = &evidence.head.scans;
        let hidden = Hidden::find(evidence, scope, Some(ScanClass::Secret));
        let (basis, reported) = self.allowance.reported(evidence);
        let narrowing = Narrowing::of(ScanClass::Secret);
        let Selected { mut findings, not_kept, mut lifted } =
            narrowing.select(SPEC.id, reported, scans, scope);
        if self.verified_only {
            findings.retain(|finding| {
                let is_dead = finding.main.finding.traits.verified == Some(false);
                if is_dead {
                    let proof = format!("it does not work, says {}", finding.main.tool.name.raw());
                    lifted.list_finding(SPEC.id, finding, "not-verified", proof.into());
                }
                !is_dead
            });
        }
        let total = findings.len() as u64;
        let mut text = basis.counted(total, "secret", "secrets");
        text.push_str(&limits::lifted_text(&lifted));
        text.push_str(&hidden.text());
        let mut judgement = Judgement::new(OutcomeKind::Met, Measured::Count(total), text, required);
        judgement.details.extend(limits::table("Secrets", &findings, |_| (), total));
        judgement.details.extend(hidden.detail());
        (judgement.not_counted, judgement.used) = (lifted.not_counted, lifted.used);
        self.allowance.weigh(
            &mut judgement,
            &findings,
            &not_kept,
            &Words {
                rule: SPEC.id,
                action: "Revoke 1 secret, then remove it from the source and its history.",
                may_be: "a secret",
            },
        );
        self.allowance.newness.conclude(judgement, basis, &narrowing, evidence, scope)
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::{Sample, finding, scan};
    use super::*;
    use crate::model::{Finding, ScanClasses, Severity, Snapshot, Traits};

    fn secret(rule: &str) -> Finding {
        Finding { class: ScanClass::Secret, ..finding(rule, Severity::Unknown) }
    }

    fn gitleaks(findings: Vec<Finding>) -> Snapshot {
        let mut head = scan(findings);
        head.scans[0].tool.name = "gitleaks".into();
        head.scans[0].looked_for = ScanClasses::of(&[ScanClass::Secret]);
        head
    }

    #[test]
    fn a_change_without_a_new_secret_is_met() {
        let sample = Sample::of(gitleaks(vec![secret("a")])).against(gitleaks(vec![secret("a")]));
        let judgement = sample.judge("scan.secrets", &[]);
        assert_eq!((judgement.kind, judgement.measured_text.as_str()), (OutcomeKind::Met, "0 new secrets"));
        assert_eq!(judgement.required_text, "at most 0 new");
        assert_eq!(sample.judge("scan.secrets", &[("count", "all")]).kind, OutcomeKind::NotMet);
    }

    #[test]
    fn as_many_as_allowed_are_met_and_one_more_is_not() {
        let sample = Sample::of(gitleaks(vec![secret("a"), secret("b")])).against(gitleaks(vec![]));
        assert_eq!(sample.judge("scan.secrets", &[("max", "2")]).kind, OutcomeKind::Met);
        let judgement = sample.judge("scan.secrets", &[("max", "1")]);
        assert_eq!(judgement.kind, OutcomeKind::NotMet);
        assert_eq!(judgement.steps.len(), 2);
    }

    #[test]
    fn other_findings_are_no_secrets() {
        let sample = Sample::of(gitleaks(vec![finding("a", Severity::Critical)])).against(gitleaks(vec![]));
        assert_eq!(sample.judge("scan.secrets", &[]).kind, OutcomeKind::Met);
    }

    #[test]
    fn only_a_secret_that_was_tried_in_vain_may_be_left_out() {
        for (verified, wanted) in
            [(None, OutcomeKind::NotMet), (Some(true), OutcomeKind::NotMet), (Some(false), OutcomeKind::Met)]
        {
            let traits = Traits { verified, ..Traits::default() };
            let sample = Sample::of(gitleaks(vec![Finding { traits, ..secret("a") }]));
            let sample = sample.against(gitleaks(vec![]));
            assert_eq!(sample.judge("scan.secrets", &[("verified", "only")]).kind, wanted, "{verified:?}");
            assert_eq!(sample.judge("scan.secrets", &[]).kind, OutcomeKind::NotMet);
        }
    }

    #[test]
    fn without_a_scanner_of_secrets_nobody_knows() {
        let sample = Sample::of(scan(vec![])).against(scan(vec![]));
        let judgement = sample.judge("scan.secrets", &[]);
        assert_eq!(judgement.kind, OutcomeKind::NotMeasured);
        assert_eq!(
            judgement.reason.raw(),
            "no report says that it looked for secrets; if one did, state `class: [secret]` in its entry of `reports:`"
        );
        assert_eq!(Sample::default().judge("scan.secrets", &[]).kind, OutcomeKind::NotMeasured);
    }

    #[test]
    fn what_is_only_counted_may_be_a_secret() {
        let mut head = gitleaks(vec![]);
        (head.scans[0].not_kept.low, head.scans[0].active.low) = (1, 1);
        let sample = Sample::of(head).against(gitleaks(vec![]));
        assert_eq!(sample.judge("scan.secrets", &[]).kind, OutcomeKind::NotMeasured);
    }

    #[test]
    fn without_a_base_a_secret_may_be_old_unless_the_policy_says_otherwise() {
        let sample = Sample::of(gitleaks(vec![secret("a")])).without_base();
        assert_eq!(sample.judge("scan.secrets", &[]).kind, OutcomeKind::NotMeasured);
        assert_eq!(sample.judge("scan.secrets", &[("without-base", "absolute")]).kind, OutcomeKind::NotMet);
        let clean = Sample::of(gitleaks(vec![])).without_base();
        assert_eq!(clean.judge("scan.secrets", &[]).kind, OutcomeKind::Met);
    }
}
