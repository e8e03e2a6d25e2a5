//! Policy × evidence → verdict. Pure and total.

use crate::compare::{Evidence, Reported, count_once};
use crate::diagnostic::{Code, Diagnostic, Origin, Weight};
use crate::model::{
    Detail, HeaderFact, Kind, Mode, NotCounted, Outcome, OutcomeKind, RepoPath, ReportRead, ReportTotals,
    Requirement, Step, Uncovered, Untrusted, Verdict, VerdictKind,
};
use crate::policy::{BUILT_IN, MOST_LAXER_OVERLAYS, Overlay, Policy, RuleInForce};
use crate::rules::{
    Field, Judgement, NARROWING_FIELDS, Quarantined, Scope, Setting, Statements, Waiver, unexplained_jobs,
};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

mod notes;
#[cfg(test)]
pub(crate) mod properties;
mod record;
#[cfg(test)]
mod tests;

/// Judges the evidence by the policy.
///
/// Every rule is measured, whatever its mode, so that the record can be replayed under another policy; only
/// enforced rules move the verdict. `header` and `diagnostics` go into the verdict as they are.
pub fn evaluate(
    policy: &Policy,
    evidence: &Evidence<'_>,
    header: Vec<HeaderFact>,
    diagnostics: Vec<Diagnostic>,
) -> Verdict {
    let judged = judge_all(policy, evidence);
    let outcomes: Vec<Outcome> = judged.iter().map(|judged| judged.outcome.clone()).collect();
    let mut diagnostics = diagnostics;
    diagnostics.extend(policy_diagnostics(policy, evidence, &judged));
    let is_loud = |id: &str| policy.rules.iter().any(|rule| rule.spec.id == id && rule.mode >= Mode::Warn);
    Verdict {
        kind: verdict_kind(&outcomes, &diagnostics),
        header,
        not_counted: not_counted(&judged),
        steps: steps(&judged),
        uncovered: uncovered(&judged),
        notes: notes::notes(evidence, &|path| policy.excludes(path), &is_loud),
        details: details(&judged),
        outcomes,
        reports: evidence.head.reports.clone(),
        diagnostics,
        proposal: None,
    }
}

/// The verdict of the outcomes: a failure beats everything, and what could not be measured never passes.
///
/// A diagnostic of weight `Error` is evidence or policy that could not be had: then nothing passes either.
fn verdict_kind(outcomes: &[Outcome], diagnostics: &[Diagnostic]) -> VerdictKind {
    let enforced = |kind| outcomes.iter().any(|outcome| outcome.blocks() && outcome.kind == kind);
    match () {
        () if enforced(OutcomeKind::NotMet) => VerdictKind::NeedsChanges,
        () if enforced(OutcomeKind::NotMeasured) => VerdictKind::NoVerdict,
        () if diagnostics.iter().any(|diagnostic| diagnostic.weight == Weight::Error) => {
            VerdictKind::NoVerdict
        }
        () => VerdictKind::Passed,
    }
}

/// One outcome with the material of its judgement.
struct Judged {
    outcome: Outcome,
    steps: Vec<Step>,
    details: Vec<Detail>,
    not_counted: Vec<NotCounted>,
    uncovered: Vec<Uncovered>,
    used: BTreeSet<Origin>,
}

fn judge_all(policy: &Policy, evidence: &Evidence<'_>) -> Vec<Judged> {
    // Without any doubt: a test that fails in a whole report fails.
    let failures = policy.rules.iter().filter(|rule| rule.spec.id == "tests.failed");
    let failures = judge_rules(failures, policy, evidence, &[], false);
    let failures_block =
        failures.iter().any(|judged| judged.outcome.blocks() && judged.outcome.kind == OutcomeKind::NotMet);
    let doubts = doubts(policy, evidence, failures_block);
    judge_rules(policy.rules.iter(), policy, evidence, &doubts, failures_block)
}

fn judge_rules<'p>(
    rules: impl Iterator<Item = &'p RuleInForce>,
    policy: &'p Policy,
    evidence: &Evidence<'_>,
    doubts: &[Untrusted],
    failures_block: bool,
) -> Vec<Judged> {
    let quarantine: Vec<&Quarantined> = policy.quarantine.iter().collect();
    let (stated, nothing_stated) = (Statements::new(&policy.vex), Statements::default());
    let mut judged = Vec::new();
    for rule in rules {
        let id = rule.spec.id;
        let of_rule = |waiver: &&Waiver| waiver.rule == id && waiver.what.is_some();
        let waivers: Vec<&Waiver> = policy.waivers.iter().filter(of_rule).collect();
        let is_measured =
            |path: &RepoPath| !(rule.spec.kind == Some(Kind::Coverage) && policy.excludes(path));
        // Where the organisation lets nobody waive a rule, nothing that the repository states lifts it.
        let is_waivable = rule.pin.as_ref().is_none_or(|pin| pin.waivable);
        let every_test = |_: Option<&RepoPath>, _: &str, _: &str| true;
        let scope = Scope {
            wanted: &is_measured,
            test: &every_test,
            whole: true,
            named: rule.named,
            doubts,
            failures_block,
            reproduce: &policy.reproduce,
            waivers: &waivers,
            quarantine: &quarantine,
            vex: if is_waivable { &stated } else { &nothing_stated },
            feeds: &policy.feeds,
            pinned: rule.pin.is_some(),
        };
        judged.push(judge_released(policy, rule, evidence, &scope));
        for preview in policy.previews.iter().filter(|preview| preview.rule.spec.id == id) {
            judged.push(judge(&preview.rule, format!("from {}", preview.from), evidence, &scope));
        }
        for overlay in &policy.overlays {
            for overlaid in overlay.rules.iter().filter(|overlaid| overlaid.spec.id == id) {
                let wanted = |path: &RepoPath| is_measured(path) && overlay.globs.is_match(path);
                let test =
                    |path: Option<&RepoPath>, suite: &str, class: &str| overlay.fits_test(path, suite, class);
                let scope = Scope { wanted: &wanted, test: &test, whole: false, named: true, ..scope };
                let outcome = judge(overlaid, overlay.scope(), evidence, &scope);
                judged.push(waive(outcome, policy));
            }
        }
    }
    judged
}

/// The rule itself. The files of laxer overlays leave it (DECISIONS 22), which is a relief: where the rule is not met
/// without all of them, it is enough that it is met without some of them, or with all. Otherwise raising an
/// overlay's bar above the rule's own, with which its files come back, could turn a failure into a pass.
///
/// A relief lets no more pass than the bar that gives it: whatever part of the released files is taken back, all of it
/// together still reaches the laxest bar among the rule and the entries that are taken back. Otherwise raising the
/// rule's own bar above an entry's, with which the entry becomes a relief, could turn a failure into a pass: what is
/// left may be too little to be judged, and counts would add up.
fn judge_released(policy: &Policy, rule: &RuleInForce, evidence: &Evidence<'_>, scope: &Scope<'_>) -> Judged {
    let laxer = laxer_overlays(policy, rule);
    let without = |rule: &RuleInForce, released: u32| {
        let left = |path: &RepoPath| {
            let mut overlays = laxer.iter().enumerate().filter(|(place, _)| released >> place & 1 == 1);
            policy.may_relax(path) && overlays.any(|(_, overlay)| overlay.globs.is_match(path))
        };
        let wanted = |path: &RepoPath| (scope.wanted)(path) && !left(path);
        let test = |path: Option<&RepoPath>, suite: &str, class: &str| {
            let mut overlays = laxer.iter().enumerate().filter(|(place, _)| released >> place & 1 == 1);
            let leaves = policy.may_relax_test(path)
                && overlays.any(|(_, overlay)| overlay.fits_test(path, suite, class));
            (scope.test)(path, suite, class) && !leaves
        };
        let scope = Scope { wanted: &wanted, test: &test, ..*scope };
        waive(judge(rule, String::new(), evidence, &scope), policy)
    };
    let is_open =
        |judged: &Judged| matches!(judged.outcome.kind, OutcomeKind::NotMet | OutcomeKind::NotMeasured);
    let relieved = |released: u32| {
        let judged = without(rule, released);
        if is_open(&judged) {
            return judged;
        }
        let some = (0..released).rev().filter(|still| still & released == *still);
        let together = some.filter_map(|still| {
            let back = released & !still;
            let overlays = laxer.iter().enumerate().filter(|(place, _)| back >> place & 1 == 1);
            let laxest = overlays.fold(rule.clone(), |rule, (_, overlay)| laxest_of(rule, overlay));
            // A bar that is not enforced lets everything pass.
            (laxest.mode == rule.mode).then(|| without(&laxest, still))
        });
        let mut together = together.filter(is_open);
        match together.next() {
            Some(mut judged) => {
                if judged.outcome.reason.is_empty() {
                    judged.outcome.reason = TOGETHER.into();
                }
                judged
            }
            None => judged,
        }
    };
    let all = (1_u32 << laxer.len()) - 1;
    let judged = relieved(all);
    if !is_open(&judged) {
        return judged;
    }
    (0..all).rev().map(relieved).find(|other| !is_open(other)).unwrap_or(judged)
}

/// Why a rule is not met although each part of the change is.
const TOGETHER: &str = "all paths together must reach the laxest bar that an entry of `paths` gives";

/// Per field, and in its mode, the laxer of a rule and what an overlay asks for it. Fields without an order stay.
fn laxest_of(mut rule: RuleInForce, overlay: &Overlay) -> RuleInForce {
    for overlaid in overlay.rules.iter().filter(|overlaid| overlaid.spec.id == rule.spec.id) {
        rule.mode = rule.mode.min(overlaid.mode);
        for field in rule.spec.fields {
            let (own, other) = (rule.settings.get(field.key), overlaid.settings.get(field.key));
            let [own_value, other_value] = [own, other].map(|setting| setting.map(|setting| &setting.value));
            let laxest = field.laxest(own_value, other_value);
            if laxest.as_ref() == own_value {
                continue;
            }
            match laxest.zip(other) {
                Some((value, Setting { origin, .. })) => {
                    rule.settings.set(field.key, Setting { value, origin: origin.clone() });
                }
                None => rule.settings.remove(field.key),
            }
        }
    }
    rule
}

/// Lifts a rule that is not met if a waiver of the owners covers it as a whole. What is not measured stays so.
fn waive(mut judged: Judged, policy: &Policy) -> Judged {
    let outcome = &mut judged.outcome;
    let mut waivers =
        policy.waivers.iter().filter(|waiver| waiver.rule == outcome.rule && waiver.what.is_none());
    let Some(waiver) = waivers.next() else { return judged };
    judged.used.insert(waiver.origin.clone());
    if outcome.kind == OutcomeKind::NotMet {
        outcome.kind = OutcomeKind::Waived;
        outcome.reason =
            Untrusted::new(format!("waived by {} until {}: {}", waiver.owner, waiver.expires, waiver.reason));
        judged.steps.clear();
        judged.uncovered.clear();
    }
    judged
}

/// The policy's own diagnostics, and the waivers and quarantine entries that nothing in the evidence fits.
fn policy_diagnostics(policy: &Policy, evidence: &Evidence<'_>, judged: &[Judged]) -> Vec<Diagnostic> {
    let used: BTreeSet<&Origin> = judged.iter().flat_map(|judged| &judged.used).collect();
    let waivers = policy.waivers.iter().map(|waiver| ("waiver", &waiver.origin));
    let entries = waivers.chain(policy.quarantine.iter().map(|entry| ("quarantine entry", &entry.origin)));
    // An organisation's documents are for all of its repositories: most of them fit nothing in most of these.
    let is_own = |origin: &&Origin| policy.beside.iter().any(|own| own.path.as_str() == origin.file.raw());
    let documents: BTreeSet<&Origin> =
        policy.vex.iter().map(|statement| &statement.origin).filter(is_own).collect();
    let entries = entries.chain(documents.into_iter().map(|origin| ("VEX document", origin)));
    let without_version = without_version(policy, evidence, &used);
    let unused = entries.filter(|(_, origin)| !used.contains(origin)).map(|(what, origin)| {
        let message = match without_version.get(origin) {
            Some(tool) => format!(
                "this {what} fits but for its versions: the report of {} does not say which one is installed",
                tool.raw()
            ),
            None => format!("nothing in the reports fits this {what}"),
        };
        Diagnostic::new(Code::WaiverUnused, Weight::Note, message, origin.clone())
    });
    policy.diagnostics.iter().cloned().chain(unused).collect()
}

/// The waivers that nothing fits because a report gives no installed version, each with its tool.
fn without_version<'e>(
    policy: &'e Policy,
    evidence: &'e Evidence<'_>,
    used: &BTreeSet<&Origin>,
) -> BTreeMap<&'e Origin, &'e Untrusted> {
    let unused: Vec<&Waiver> =
        policy.waivers.iter().filter(|waiver| !used.contains(&waiver.origin)).collect();
    if unused.is_empty() {
        return BTreeMap::new();
    }
    let scans = evidence.head.scans.iter();
    let all = scans.flat_map(|scan| {
        let active = scan.findings.iter().filter(|finding| finding.suppression.is_none());
        active.map(|finding| Reported { finding, tool: &scan.tool })
    });
    let findings = count_once(all);
    let lacking = unused.into_iter().filter_map(|waiver| {
        let tool = waiver.lacks_version_of(&findings)?;
        Some((&waiver.origin, tool))
    });
    lacking.collect()
}

/// The jobs that nothing explains, as reasons to believe no report (DECISIONS 15). Only an enforced rule moves
/// the verdict, and this moves it.
fn doubts(policy: &Policy, evidence: &Evidence<'_>, failures_block: bool) -> Vec<Untrusted> {
    let rule = policy.rules.iter().find(|rule| rule.spec.id == "build.jobs");
    match rule {
        Some(rule) if rule.mode == Mode::Enforce => {
            unexplained_jobs(&rule.settings, evidence, failures_block)
        }
        _ => Vec::new(),
    }
}

/// The overlays whose files leave the rule itself, because they ask for less there (DECISIONS 22).
fn laxer_overlays<'p>(policy: &'p Policy, rule: &RuleInForce) -> Vec<&'p Overlay> {
    let is_laxer = |overlay: &&Overlay| {
        let mut same = overlay.rules.iter().filter(|overlaid| overlaid.spec.id == rule.spec.id);
        same.any(|overlaid| overlaid.asks_for_less_than(rule))
    };
    policy.overlays.iter().filter(is_laxer).take(MOST_LAXER_OVERLAYS).collect()
}

fn judge(rule: &RuleInForce, scope_text: String, evidence: &Evidence<'_>, scope: &Scope<'_>) -> Judged {
    let judgement = (rule.spec.judge)(&rule.settings, evidence, scope);
    let judgement = never_met_on_problems(judgement, rule, evidence, scope);
    let replay = record::replay(rule, &judgement, evidence, scope);
    let reason = match (judgement.kind, rule.mode) {
        (OutcomeKind::NotMet, mode) if judgement.reason.is_empty() => {
            let would = (mode == Mode::Warn).then(|| Untrusted::from("would need changes"));
            let reports = deciding_reports(rule, evidence);
            let parts: Vec<String> =
                would.into_iter().chain(reports).map(|part| part.raw().to_owned()).collect();
            Untrusted::new(parts.join(", "))
        }
        _ => judgement.reason,
    };
    let would_be = rule.mode == Mode::Warn && judgement.kind == OutcomeKind::NotMet;
    let is_loud = matches!(rule.mode, Mode::Enforce | Mode::Warn);
    let mut steps = if is_loud { judgement.steps } else { Vec::new() };
    for step in steps.iter_mut().filter(|_| would_be) {
        step.action = format!("Would need changes: {}", lower_first(&step.action));
    }
    let is_shown = rule.mode != Mode::Off;
    Judged {
        outcome: Outcome {
            rule: rule.spec.id,
            title: rule.spec.title,
            short: rule.spec.short,
            scope: scope_text,
            mode: rule.mode,
            kind: judgement.kind,
            measured: judgement.measured,
            measured_text: judgement.measured_text,
            required_text: judgement.required_text,
            required: requirements(rule),
            origin: rule.deciding_origin(),
            reason,
            guard: rule.spec.guard,
            replay,
        },
        steps,
        details: if is_shown { judgement.details } else { Vec::new() },
        not_counted: if is_shown { judgement.not_counted } else { Vec::new() },
        uncovered: if is_loud { judgement.uncovered } else { Vec::new() },
        used: judgement.used,
    }
}

/// The reports of tests that decided that a rule is not met, in words; `None` if it is not for reports of tests.
fn deciding_reports(rule: &RuleInForce, evidence: &Evidence<'_>) -> Option<Untrusted> {
    const SHOWN: usize = 2;
    let weight = rule.spec.weight_of_tests?;
    let weight = |report: &ReportRead| match &report.totals {
        ReportTotals::Tests(totals) => weight(totals),
        ReportTotals::None | ReportTotals::Coverage(_) | ReportTotals::Scan { .. } => 0,
    };
    let mut reports: Vec<&ReportRead> =
        evidence.head.reports_of(Kind::Tests).filter(|report| weight(report) > 0).collect();
    reports.sort_by_key(|report| Reverse(weight(report)));
    let more = reports.len().saturating_sub(SHOWN);
    let names: Vec<&str> = reports.iter().take(SHOWN).map(|report| report.file.raw()).collect();
    let names = match (names.as_slice(), more) {
        ([], _) => return None,
        (names, 0) => names.join(" and "),
        (names, more) => format!("{} and {more} more", names.join(", ")),
    };
    Some(Untrusted::new(format!("in {names}")))
}

/// The net below every rule: whatever a rule says, nothing is met on evidence with problems (invariant 1).
fn never_met_on_problems(
    mut judgement: Judgement,
    rule: &RuleInForce,
    evidence: &Evidence<'_>,
    scope: &Scope<'_>,
) -> Judgement {
    let Some(kind) = rule.spec.kind.filter(|_| judgement.kind == OutcomeKind::Met) else { return judgement };
    let problem = evidence.problems(kind).into_iter().next().or_else(|| scope.doubts.first().cloned());
    if let Some(problem) = problem {
        judgement.kind = OutcomeKind::NotMeasured;
        judgement.reason = problem;
    }
    judgement
}

fn requirements(rule: &RuleInForce) -> Vec<Requirement> {
    let fields = rule.spec.fields.iter().filter_map(|field| Some((field, rule.settings.get(field.key)?)));
    // What narrows a rule is worth a word only where a file does it.
    let is_told = |field: &Field, setting: &Setting| {
        !NARROWING_FIELDS.contains(&field.key) || setting.origin.file.raw() != BUILT_IN
    };
    fields
        .filter(|(field, setting)| is_told(field, setting))
        .map(|(field, setting)| Requirement {
            field: field.key,
            value: setting.value.to_string(),
            origin: setting.origin.clone(),
        })
        .collect()
}

/// What to do: enforced failures first, then what could not be measured, then what would need changes.
fn steps(judged: &[Judged]) -> Vec<Step> {
    let rank = |outcome: &Outcome| match (outcome.mode, outcome.kind) {
        (Mode::Enforce, OutcomeKind::NotMet) => 0_u8,
        (Mode::Enforce, OutcomeKind::NotMeasured) => 1,
        (Mode::Enforce, _) => 2,
        (_, OutcomeKind::NotMet) => 3,
        _ => 4,
    };
    // If the build itself failed, what is missing is only the consequence: one step, not two.
    let is_build = |judged: &Judged| judged.outcome.rule == "build.jobs" && judged.outcome.blocks();
    let build_failed =
        judged.iter().any(|judged| is_build(judged) && judged.outcome.kind == OutcomeKind::NotMet);
    let mut ordered: Vec<&Judged> = judged
        .iter()
        .filter(|judged| !(build_failed && judged.outcome.kind == OutcomeKind::NotMeasured))
        .collect();
    ordered.sort_by_key(|judged| rank(&judged.outcome));
    let mut seen = BTreeSet::new();
    let mut steps = Vec::new();
    for step in ordered.into_iter().flat_map(|judged| &judged.steps) {
        // Two rules that ask for the same repair ask once; steps about nothing in particular differ by rule.
        let is_about = !step.file.is_empty() || !step.subject.is_empty();
        let rule = if is_about { "" } else { step.rule };
        let what = (rule, step.file.clone(), step.line, step.subject.clone(), step.detail.clone());
        if seen.insert(what) {
            steps.push(step.clone());
        }
    }
    steps
}

fn details(judged: &[Judged]) -> Vec<Detail> {
    let mut details: Vec<Detail> = Vec::new();
    for detail in judged.iter().flat_map(|judged| &judged.details) {
        if !details.contains(detail) {
            details.push(detail.clone());
        }
    }
    details
}

fn not_counted(judged: &[Judged]) -> Vec<NotCounted> {
    // What several rules do not count for the same reason is one failure.
    let mut once: BTreeMap<(&Untrusted, &str, &Untrusted), NotCounted> = BTreeMap::new();
    for excused in judged.iter().flat_map(|judged| &judged.not_counted) {
        let key = (&excused.what, excused.cause, &excused.proof);
        let listed = once.entry(key).or_insert_with(|| NotCounted { rules: Vec::new(), ..excused.clone() });
        listed.rules.extend(excused.rules.iter().copied());
        listed.rules.dedup();
    }
    let mut all: Vec<NotCounted> = once.into_values().collect();
    all.sort();
    all
}

fn uncovered(judged: &[Judged]) -> Vec<Uncovered> {
    let all: BTreeSet<&Uncovered> = judged.iter().flat_map(|judged| &judged.uncovered).collect();
    all.into_iter().cloned().collect()
}

/// The text with its first letter in lower case, to stand behind a colon.
fn lower_first(text: &str) -> String {
    let mut letters = text.chars();
    match letters.next() {
        Some(first) => first.to_lowercase().chain(letters).collect(),
        None => String::new(),
    }
}
