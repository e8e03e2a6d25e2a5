//! `evidence.reports`: everything that was announced came, and all that came is whole.

use super::words::counted;
use super::{Field, Judgement, Rule, RuleSpec, Scope, Settings, doubt};
use crate::compare::{ContractState, Evidence, Occasion};
use crate::diagnostic::Code;
use crate::model::{Health, JobFate, Kind, Measured, OutcomeKind, ReportRead, Step, Untrusted};

pub(super) const SPEC: RuleSpec = RuleSpec::of::<EvidenceReports>(
    "evidence.reports",
    "Reports",
    "reports",
    None,
    "Every report that the policy announces must arrive, and every report that arrives must be whole. A report that \
     is missing, empty, cut off, unreadable or contradictory gives no verdict.",
)
.guard()
.not_waivable();

const MOST_STEPS: usize = 10;

struct EvidenceReports;

impl Rule for EvidenceReports {
    const FIELDS: &'static [Field] = &[];

    fn read(_: &Settings) -> Self {
        Self
    }

    fn judge(&self, evidence: &Evidence<'_>, _: &Scope<'_>) -> Judgement {
        let required = "every report whole";
        let reports = &evidence.head.reports;
        let broken: Vec<&ReportRead> = reports.iter().filter(|report| evidence.is_broken(report)).collect();
        // What is whole and of no kind is no report, such as a bill of materials.
        let reports =
            || reports.iter().filter(|report| report.kind.is_some() || report.health != Health::Complete);
        let whole = reports().filter(|report| report.health == Health::Complete).count() as u64;
        let came = reports().filter(|report| report.health != Health::Missing).count() as u64;
        let text = format!("{whole} of {} whole", counted(came, "report", "reports"));
        let mut judgement = Judgement::new(OutcomeKind::Met, Measured::Count(whole), text, required);
        let mut problems = missing(evidence);
        problems.extend(broken.iter().map(|report| problem(report)));
        problems.extend(lost(evidence));
        if came == 0 && problems.is_empty() {
            judgement.measured_text = "no report".to_owned();
            judgement.kind = OutcomeKind::NotMeasured;
            judgement.steps.push(step(
                "Let the tests write a report.",
                Untrusted::default(),
                Code::NoReport.help(),
            ));
            return judgement.because("no report was found");
        }
        if problems.is_empty() {
            return judgement;
        }
        judgement.kind = OutcomeKind::NotMeasured;
        judgement.reason = doubt::joined(&problems);
        judgement.steps.extend(missing_steps(evidence));
        judgement.steps.extend(broken.iter().map(|report| broken_step(report)));
        judgement.steps.truncate(MOST_STEPS);
        judgement
    }
}

fn problem(report: &ReportRead) -> Untrusted {
    let why = report.warnings.iter().max_by_key(|warning| warning.weight);
    let why = why.map_or(String::new(), |warning| format!(": {}", warning.message.raw()));
    Untrusted::new(format!("{} is {}{why}", report.file.raw(), report.health.word()))
}

/// Entries of the contract that did not get what they asked for, of every kind.
fn missing(evidence: &Evidence<'_>) -> Vec<Untrusted> {
    evidence
        .contract
        .iter()
        .filter(|state| state.is_short())
        .map(|state| Untrusted::new(state.shortage()))
        .collect()
}

/// Kinds that the base has reports of and the change has none, although nothing says that they may be absent.
fn lost(evidence: &Evidence<'_>) -> Vec<Untrusted> {
    let Some(base) = evidence.base else { return Vec::new() };
    let kinds = [
        (Kind::Tests, base.tests.is_some(), evidence.head.tests.is_some(), "test results"),
        (Kind::Coverage, base.coverage.is_some(), evidence.head.coverage.is_some(), "coverage"),
        (Kind::Scan, !base.scans.is_empty(), !evidence.head.scans.is_empty(), "scans"),
    ];
    kinds
        .into_iter()
        .filter(|(kind, at_base, at_head, _)| *at_base && !*at_head && !evidence.has(*kind))
        .map(|(.., what)| Untrusted::new(format!("the base has {what} and the change has none")))
        .collect()
}

/// A step per entry that is short. Where the base's own run came short of it too, the owners act; where a job never
/// came to write anything, its own step says what to do. Anything else has an unknown cause, and says so.
fn missing_steps(evidence: &Evidence<'_>) -> Vec<Step> {
    let jobs = evidence.jobs.map(|jobs| jobs.jobs.as_slice()).unwrap_or_default();
    let is_consequence = jobs.iter().any(|job| job.fate != JobFate::Ordinary);
    let short = evidence.contract.iter().filter(|state| state.is_short());
    let steps = short.filter_map(|state| {
        let subject = Untrusted::new(state.entry.as_str());
        if is_short_on_base(state, evidence) {
            let detail = format!("it is missing on {} too", evidence.base_side.place());
            let step = step("Let the job write the missing report.", subject, &detail);
            return Some(Step { for_owners: true, ..step });
        }
        let detail = format!("the cause is unknown; {}", Code::MissingReport.help());
        (!is_consequence).then(|| step("Let the job write the missing report.", subject, &detail))
    });
    steps.collect()
}

/// True if the base's run was asked for the entry and came short of it too.
fn is_short_on_base(state: &ContractState, evidence: &Evidence<'_>) -> bool {
    let base = evidence.base.filter(|_| evidence.occasion == Occasion::Change);
    base.is_some_and(|base| {
        let of_entry = base.reports.iter().filter(|report| report.entry == state.entry);
        let whole = of_entry.filter(|report| report.health == Health::Complete).count() as u64;
        whole < state.at_least
    })
}

fn broken_step(report: &ReportRead) -> Step {
    let worst = report.warnings.iter().max_by_key(|warning| warning.weight);
    let (message, help) = worst.map_or(("", ""), |warning| (warning.message.raw(), warning.help.raw()));
    let detail = match (message.is_empty(), help.is_empty()) {
        (false, false) => format!("{message}: {help}"),
        _ => format!("{message}{help}"),
    };
    let mut step = step("Let the job write the report anew.", Untrusted::default(), &detail);
    step.file = report.file.clone();
    step.line = worst.and_then(|warning| std::num::NonZeroU32::new(warning.origin.line));
    step
}

fn step(action: &str, subject: Untrusted, detail: &str) -> Step {
    Step {
        rule: SPEC.id,
        action: action.to_owned(),
        subject,
        file: Untrusted::default(),
        line: None,
        detail: Untrusted::new(detail),
        run: String::new(),
        for_owners: false,
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::{Sample, report, tests};
    use super::*;
    use crate::model::TestStatus::Passed;

    fn green() -> Sample {
        Sample::of(tests(&[("a", Passed)]))
    }

    #[test]
    fn whole_reports_meet_the_rule() {
        let judgement = green().asking("unit", Kind::Tests, 1, 1).judge("evidence.reports", &[]);
        assert_eq!(judgement.kind, OutcomeKind::Met);
        assert_eq!(judgement.measured_text, "1 of 1 report whole");
    }

    #[test]
    fn an_announced_report_that_did_not_come_gives_no_verdict() {
        let judgement = green().asking("unit", Kind::Tests, 3, 1).judge("evidence.reports", &[]);
        assert_eq!(judgement.kind, OutcomeKind::NotMeasured);
        assert_eq!(judgement.reason.raw(), "1 of 3 files of the entry `unit` came");
        assert_eq!(judgement.steps[0].subject.raw(), "unit");
        let judgement = green().asking("cov", Kind::Coverage, 1, 0).judge("evidence.reports", &[]);
        assert_eq!(judgement.reason.raw(), "no file matched the entry `cov`");
    }

    #[test]
    fn exactly_as_many_files_as_asked_for_are_enough() {
        let sample = green().asking("unit", Kind::Tests, 2, 2);
        assert_eq!(sample.judge("evidence.reports", &[]).kind, OutcomeKind::Met);
    }

    #[test]
    fn any_report_that_is_not_whole_gives_no_verdict() {
        for health in [Health::Degraded, Health::Failed, Health::Empty, Health::Invalid, Health::Missing] {
            let mut sample = green();
            sample.head.reports.push(report("b.info", Kind::Coverage, health));
            let judgement = sample.judge("evidence.reports", &[]);
            assert_eq!(judgement.kind, OutcomeKind::NotMeasured, "{health:?}");
        }
    }

    #[test]
    fn no_report_at_all_gives_no_verdict() {
        assert_eq!(Sample::default().judge_unnamed("evidence.reports").kind, OutcomeKind::NotMeasured);
        let mut optional = Sample::default().asking("unit", Kind::Tests, 1, 0);
        optional.contract[0].optional = true;
        assert_eq!(optional.judge("evidence.reports", &[]).kind, OutcomeKind::NotMeasured);
    }

    #[test]
    fn a_bill_of_materials_alone_is_no_report() {
        let mut sample = Sample::default();
        sample.head.reports.push(report("bom.cdx.json", Kind::Scan, Health::Complete));
        sample.head.reports[0].kind = None;
        assert_eq!(sample.judge("evidence.reports", &[]).kind, OutcomeKind::NotMeasured);
        sample.head = green().head;
        sample.head.reports.push(report("bom.cdx.json", Kind::Scan, Health::Complete));
        sample.head.reports[1].kind = None;
        assert_eq!(sample.judge("evidence.reports", &[]).measured_text, "1 of 1 report whole");
    }

    #[test]
    fn an_optional_entry_may_be_absent_beside_others() {
        let mut sample = green().asking("cov", Kind::Coverage, 2, 0);
        sample.contract[0].optional = true;
        assert_eq!(sample.judge("evidence.reports", &[]).kind, OutcomeKind::Met);
        sample.contract[0].arrived = 1;
        assert_eq!(sample.judge("evidence.reports", &[]).kind, OutcomeKind::NotMeasured);
    }

    #[test]
    fn a_change_cannot_pass_by_removing_a_kind_of_report() {
        let judgement = Sample::of(super::super::sample::scan(vec![]))
            .against(tests(&[("a", Passed)]))
            .judge_unnamed("evidence.reports");
        assert_eq!(judgement.kind, OutcomeKind::NotMeasured);
        assert_eq!(judgement.reason.raw(), "the base has test results and the change has none");
    }
}
