//! What every rule about reports does first and last: say that there is no report, and refuse to call
//! anything met while the evidence has problems.

use super::{Judgement, Scope};
use crate::compare::Evidence;
use crate::model::{Health, Kind, Measured, OutcomeKind, Scan, Severity, Untrusted};

/// The judgement of a rule whose kind of report is absent; `None` if there is one to look at.
///
/// If only the built-in policy asks, the rule does not apply; if a file names the rule or announces the
/// report, its evidence is missing (DECISIONS 18).
pub(super) fn absent(
    evidence: &Evidence<'_>,
    scope: &Scope<'_>,
    kind: Kind,
    required: &str,
) -> Option<Judgement> {
    let there = match kind {
        Kind::Tests => evidence.head.tests.is_some(),
        Kind::Coverage => evidence.head.coverage.is_some(),
        Kind::Scan => !evidence.head.scans.is_empty(),
    };
    if there {
        return None;
    }
    let what = match kind {
        Kind::Tests => "no report of tests",
        Kind::Coverage => "no coverage report",
        Kind::Scan => "no report of a scanner",
    };
    let problems = evidence.problems(kind);
    let optional = evidence.contract.iter().any(|state| state.kind == kind)
        && evidence.contract.iter().filter(|state| state.kind == kind).all(|state| state.optional);
    let outcome = match () {
        () if !problems.is_empty() => OutcomeKind::NotMeasured,
        // The policy itself says that the report may be absent.
        () if optional && !scope.pinned => OutcomeKind::NotJudged,
        () if scope.named || evidence.has(kind) => OutcomeKind::NotMeasured,
        () => OutcomeKind::NotJudged,
    };
    let reason =
        if problems.is_empty() { Untrusted::new(format!("{what} was found")) } else { joined(&problems) };
    Some(Judgement::new(outcome, Measured::Nothing, "", required).because(reason).before_measuring())
}

/// Turns "met" and "not judged" into "not measured" while the evidence of the kind has problems.
pub(super) fn settle(
    judgement: Judgement,
    evidence: &Evidence<'_>,
    scope: &Scope<'_>,
    kind: Kind,
) -> Judgement {
    match judgement.kind {
        OutcomeKind::NotMet | OutcomeKind::NotMeasured | OutcomeKind::Waived => judgement,
        OutcomeKind::Met | OutcomeKind::NotJudged => unless(judgement, &problems(evidence, scope, kind)),
    }
}

/// The same, and for "not met" too: more of the evidence could have turned the failure into a pass.
pub(super) fn settle_share(
    judgement: Judgement,
    evidence: &Evidence<'_>,
    scope: &Scope<'_>,
    kind: Kind,
) -> Judgement {
    match judgement.kind {
        OutcomeKind::NotMet => unless(judgement, &evidence.problems(kind)),
        _ => settle(judgement, evidence, scope, kind),
    }
}

/// Not measured, for these reasons, if there are any.
fn unless(mut judgement: Judgement, problems: &[Untrusted]) -> Judgement {
    if !problems.is_empty() {
        judgement.kind = OutcomeKind::NotMeasured;
        judgement.reason = joined(problems);
        judgement.steps.clear();
        judgement.uncovered.clear();
    }
    judgement
}

fn problems(evidence: &Evidence<'_>, scope: &Scope<'_>, kind: Kind) -> Vec<Untrusted> {
    let mut problems = evidence.problems(kind);
    if kind == Kind::Scan {
        problems.extend(evidence.head.scans.iter().filter(|scan| scan.health != Health::Complete).map(
            |scan| {
                let why = match scan.health_reason.raw() {
                    "" => String::new(),
                    reason => format!(": {reason}"),
                };
                Untrusted::new(format!("the run of {} is {}{why}", scan.tool.name.raw(), scan.health.word()))
            },
        ));
    }
    if kind == Kind::Scan && evidence.head.scans.iter().any(has_lost_findings) {
        problems.push("a scan counts more findings than it holds".into());
    }
    problems.extend(scope.doubts.iter().cloned());
    problems
}

/// True if a scan counts findings that are neither kept nor counted as not kept.
fn has_lost_findings(scan: &Scan) -> bool {
    let mut held = scan.not_kept;
    for finding in scan.findings.iter().filter(|finding| finding.suppression.is_none()) {
        let bucket = held.get_mut(finding.severity);
        *bucket = bucket.saturating_add(1);
    }
    Severity::ALL.iter().any(|&severity| scan.active.get(severity) > held.get(severity))
}

/// The first reasons, and how many more there are.
pub(super) fn joined(reasons: &[Untrusted]) -> Untrusted {
    const SHOWN: usize = 3;
    let mut text: Vec<&str> = Vec::new();
    for reason in reasons {
        if !text.contains(&reason.raw()) {
            text.push(reason.raw());
        }
    }
    let more = text.len().saturating_sub(SHOWN);
    text.truncate(SHOWN);
    let mut joined = text.join("; ");
    if more > 0 {
        joined.push_str(&format!("; and {more} more"));
    }
    Untrusted::new(joined)
}
