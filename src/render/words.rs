//! The words that all outputs share, made from enums and numbers: title, headline, last line, marks.

use super::escape::one_line;
use crate::diagnostic::Code;
use crate::model::{Measured, Mode, Outcome, OutcomeKind, Percent, ReportRead, Step, Verdict, VerdictKind};

/// How many rows came out which way. Every row is in exactly one count, so they add up to `rows`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    /// Rows of the table.
    pub(super) rows: usize,
    /// Met, and enforced or warned about.
    pub(super) met: usize,
    /// Enforced and not met.
    pub(super) not_met: usize,
    /// Enforced and not measured.
    pub(super) not_measured: usize,
    /// Do not apply here.
    pub(super) not_judged: usize,
    /// Lifted by a waiver.
    pub(super) waived: usize,
    /// Not met or not measured, and only warned about.
    pub(super) warned: usize,
    /// Shown for information, however they came out.
    pub(super) informed: usize,
}

/// Counts the rows.
pub(super) fn tally(verdict: &Verdict) -> Tally {
    let mut tally = Tally::default();
    for outcome in verdict.rows() {
        tally.rows += 1;
        let count = match (outcome.mode, outcome.kind) {
            (Mode::Off | Mode::Info, _) => &mut tally.informed,
            (_, OutcomeKind::Met) => &mut tally.met,
            (_, OutcomeKind::NotJudged) => &mut tally.not_judged,
            (_, OutcomeKind::Waived) => &mut tally.waived,
            (Mode::Enforce, OutcomeKind::NotMet) => &mut tally.not_met,
            (Mode::Enforce, OutcomeKind::NotMeasured) => &mut tally.not_measured,
            (Mode::Warn, OutcomeKind::NotMet | OutcomeKind::NotMeasured) => &mut tally.warned,
        };
        *count += 1;
    }
    tally
}

/// The verdict in one sentence, without its first word: `2 of 4 criteria are not met`.
///
/// `criteria` is what the sentence calls them.
pub(super) fn sentence(verdict: &Verdict, criteria: &str) -> String {
    let tally = tally(verdict);
    let mut parts = Vec::new();
    let of_rows = |count: usize, verb: &str| {
        let (one, many) = match verb {
            "be" => ("is", "are"),
            other => (other, other),
        };
        // The verb follows the number of rows that it speaks of: "1 of 4 criteria is not met".
        format!("{count} of {} {criteria} {}", tally.rows, if count == 1 { one } else { many })
    };
    match verdict.kind {
        VerdictKind::Passed if tally.rows == 0 => return format!("no {criteria} are in force"),
        VerdictKind::Passed => parts.push(format!("{} met", of_rows(tally.met, "be"))),
        VerdictKind::NeedsChanges if tally.not_met == 0 => return "the problems listed say why".to_owned(),
        VerdictKind::NeedsChanges => {
            parts.push(format!("{} not met", of_rows(tally.not_met, "be")));
            if tally.not_measured > 0 {
                parts.push(format!("{} could not be measured", tally.not_measured));
            }
        }
        VerdictKind::NoVerdict if tally.not_measured == 0 => return "the problems listed say why".to_owned(),
        VerdictKind::NoVerdict => parts.push(of_rows(tally.not_measured, "could not be measured")),
    }
    if verdict.kind == VerdictKind::Passed {
        let asides = [
            (tally.waived, "waived", "waived"),
            (tally.not_judged, "does not apply", "do not apply"),
            (tally.warned, "only warns", "only warn"),
            (tally.informed, "for information", "for information"),
        ];
        for (count, one, many) in asides {
            match count {
                0 => {}
                1 => parts.push(format!("1 {one}")),
                count => parts.push(format!("{count} {many}")),
            }
        }
    }
    parts.join(", ")
}

/// The verdict in words, as a sentence begins.
pub(super) const fn verdict_words(kind: VerdictKind) -> &'static str {
    match kind {
        VerdictKind::Passed => "Passed",
        VerdictKind::NeedsChanges => "Needs changes",
        VerdictKind::NoVerdict => "No verdict",
    }
}

/// What a verdict that is none of the gate begins with.
const PREVIEW: &str = "Preview, not the gate";

/// What a verdict begins with that came after the merge.
const AFTERWARDS: &str = "Merged already";

/// What stands before the words of a verdict: that it is none of the gate, or that it came after the merge.
pub(super) fn before_words(verdict: &Verdict) -> String {
    let said = [(verdict.is_preview(), PREVIEW), (verdict.is_afterwards(), AFTERWARDS)];
    said.iter().filter(|(is_so, _)| *is_so).map(|(_, words)| format!("{words}. ")).collect()
}

/// The words that a title begins with.
fn opening(verdict: &Verdict) -> String {
    format!("{}{}", before_words(verdict), verdict_words(verdict.kind))
}

/// The title of the check, one line for the merge box: enums, numbers and words of ours only (T18).
///
/// `Needs changes: coverage of changed lines 57.1% (need 80%); tests: 1 new failure`
pub fn title(verdict: &Verdict) -> String {
    let words = opening(verdict);
    let not_yours = match verdict.from_elsewhere() {
        0 => String::new(),
        1 => " (1 failure is not from this change)".to_owned(),
        many => format!(" ({many} failures are not from this change)"),
    };
    match verdict.kind {
        VerdictKind::Passed => format!("{words}: {}{not_yours}", sentence(verdict, "criteria")),
        VerdictKind::NeedsChanges | VerdictKind::NoVerdict => {
            /// More than these do not fit into the merge box.
            const MOST: usize = 3;
            let blocking: Vec<&Outcome> = verdict.rows().filter(|outcome| outcome.blocks()).collect();
            if blocking.is_empty() {
                return format!("{words}: {}", sentence(verdict, "criteria"));
            }
            let mut named: Vec<String> =
                blocking.iter().take(MOST).map(|outcome| shortfall(outcome)).collect();
            if let more @ 1.. = blocking.len().saturating_sub(MOST) {
                named.push(format!("{more} more"));
            }
            let owners = if verdict.is_for_owners_alone() { "; the owners need to act" } else { "" };
            format!("{words}: {}{owners}{not_yours}", named.join("; "))
        }
    }
}

/// What one row falls short of: `coverage of changed lines 57.1% (need 80%)`.
fn shortfall(outcome: &Outcome) -> String {
    let name = lower_first(outcome.title);
    match (outcome.kind, outcome.measured) {
        (OutcomeKind::NotMeasured, _) | (_, Measured::Nothing) => format!("{name} not measured"),
        (_, Measured::Share(ratio)) => {
            let bar = bar_of(outcome);
            let need = bar.map_or(String::new(), |bar| format!(" (need {bar})"));
            format!("{name} {}{need}", ratio.text_against(bar))
        }
        (_, Measured::Count(_) | Measured::Findings(_)) => {
            let clause = outcome.measured_text.split(", ").next().unwrap_or_default();
            format!("{name}: {clause}")
        }
    }
}

/// The percentage that a share has to reach, if its requirement has one.
pub(super) fn bar_of(outcome: &Outcome) -> Option<Percent> {
    let field = outcome.required.iter().find(|field| field.field == "min")?;
    // A bar that is no percentage only costs the words "need …"; the verdict does not rest on it.
    Percent::parse(&field.value).ok()
}

/// `Coverage` → `coverage`; words that are all capitals stay.
pub(super) fn lower_first(text: &str) -> String {
    let mut characters = text.chars();
    match (characters.next(), characters.next()) {
        (Some(first), Some(second)) if !second.is_uppercase() => {
            first.to_lowercase().chain(text.chars().skip(1)).collect()
        }
        _ => text.to_owned(),
    }
}

/// `there is` → `There is`.
pub(super) fn capitalized(text: &str) -> String {
    let mut characters = text.chars();
    match characters.next() {
        Some(first) => first.to_uppercase().chain(characters).collect(),
        None => String::new(),
    }
}

/// `1 file`, `2 files`.
pub(super) fn count_of(count: usize, one: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{} {one}s", grouped(count as u64)) }
}

/// `1,284`
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// What stands above the failures that are not counted.
pub(super) fn not_counted_heading(verdict: &Verdict) -> &'static str {
    if verdict.from_elsewhere() == verdict.not_counted.len() {
        "Not counted: these failures are not from this change"
    } else {
        "Not counted"
    }
}

/// The steps for the contributor and those for the owners.
pub(super) fn steps_by_reader(verdict: &Verdict) -> (Vec<&Step>, Vec<&Step>) {
    verdict.steps.iter().partition(|step| !step.for_owners)
}

/// True if the step belongs to a rule that holds the change back; else it only warns.
pub(super) fn is_blocking(verdict: &Verdict, step: &Step) -> bool {
    verdict.rows().any(|outcome| outcome.rule == step.rule && outcome.blocks())
}

/// The step in one line of plain characters: `Fix 1 new test failure: refund_rounds: expected 10.02, got 10.03`.
/// Nothing in it is escaped for an output yet.
pub(super) fn step_line(step: &Step, max: usize) -> crate::model::Untrusted {
    let mut line = step.action.trim_end_matches('.').to_owned();
    for part in [one_line(&step.subject, max), one_line(&step.detail, max)] {
        if !part.is_empty() {
            line.push_str(": ");
            line.push_str(&part);
        }
    }
    crate::model::Untrusted::new(line)
}

/// `src/a.rs:7`, `src/a.rs`, or nothing without a file; the parts as `show` makes them.
pub(super) fn origin_text(file: &str, line: u32, column: u32) -> String {
    match (line, column) {
        (0, _) => file.to_owned(),
        (line, 0) => format!("{file}:{line}"),
        (line, column) => format!("{file}:{line}:{column}"),
    }
}

/// What became of a report: whether it could be read, or that what it said on the base stands for it.
pub(super) fn state_of(report: &ReportRead) -> &'static str {
    let is_carried = report.warnings.iter().any(|warning| warning.code == Code::CarriedReport);
    if is_carried { "not run: unaffected" } else { report.health.word() }
}

/// Every problem worth showing, heaviest first: those of the verdict, then those of each report, whose file is
/// put in where the problem does not name it. Notes are left to `inspect` and the JSON.
pub(super) fn problems(verdict: &Verdict) -> Vec<crate::diagnostic::Diagnostic> {
    use crate::diagnostic::Weight;
    let mut problems = verdict.diagnostics.clone();
    for report in &verdict.reports {
        for warning in &report.warnings {
            let mut warning = warning.clone();
            if warning.origin.file.is_empty() {
                warning.origin.file = report.file.clone();
            }
            problems.push(warning);
        }
    }
    problems.retain(|problem| problem.weight > Weight::Note);
    problems.sort_by_key(|problem| std::cmp::Reverse(problem.weight));
    problems.dedup();
    problems
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::fixtures;
    use proptest::prelude::*;

    const MODES: [Mode; 4] = [Mode::Off, Mode::Info, Mode::Warn, Mode::Enforce];
    const KINDS: [OutcomeKind; 5] = [
        OutcomeKind::Met,
        OutcomeKind::NotMet,
        OutcomeKind::NotJudged,
        OutcomeKind::NotMeasured,
        OutcomeKind::Waived,
    ];

    #[test]
    fn a_pass_counts_every_row_that_is_not_met() {
        let mut verdict = fixtures::mixed();
        verdict.kind = VerdictKind::Passed;
        verdict.outcomes.retain(|outcome| !outcome.blocks());
        assert_eq!(
            sentence(&verdict, "criteria"),
            "1 of 5 criteria is met, 1 waived, 1 does not apply, 1 only warns, 1 for information"
        );
    }

    #[test]
    fn what_could_not_be_measured_stands_beside_what_is_not_met() {
        let mut verdict = fixtures::failing();
        verdict.outcomes[2].kind = OutcomeKind::NotMeasured;
        assert_eq!(sentence(&verdict, "criteria"), "1 of 4 criteria is not met, 1 could not be measured");
    }

    #[test]
    fn without_rows_the_problems_say_why() {
        let mut verdict = fixtures::no_verdict();
        verdict.outcomes.clear();
        assert_eq!(title(&verdict), "No verdict: the problems listed say why");
        verdict.kind = VerdictKind::Passed;
        assert_eq!(title(&verdict), "Passed: no criteria are in force");
    }

    #[test]
    fn a_rounded_share_never_equals_the_bar_it_misses() {
        let mut verdict = fixtures::failing();
        verdict.outcomes = vec![fixtures::coverage(OutcomeKind::NotMet, 79_999, 100_000)];
        assert_eq!(title(&verdict), "Needs changes: coverage of changed lines 79.9% (need 80%)");
    }

    #[test]
    fn large_numbers_are_grouped() {
        assert_eq!(grouped(1_234_567), "1,234,567");
        assert_eq!(grouped(999), "999");
        assert_eq!(count_of(1_000, "file"), "1,000 files");
    }

    proptest! {
        #[test]
        fn every_row_is_counted_once(rows in prop::collection::vec((0_usize..4, 0_usize..5, any::<bool>()), 0..12)) {
            let mut verdict = fixtures::passing();
            let row = verdict.outcomes[0].clone();
            verdict.outcomes = rows
                .iter()
                .map(|&(mode, kind, guard)| Outcome { mode: MODES[mode], kind: KINDS[kind], guard, ..row.clone() })
                .collect();
            let tally = tally(&verdict);
            let sum = tally.met + tally.not_met + tally.not_measured + tally.not_judged + tally.waived
                + tally.warned + tally.informed;
            prop_assert_eq!(tally.rows, sum);
            prop_assert_eq!(tally.rows, verdict.rows().count());
            prop_assert_eq!(tally.not_met + tally.not_measured, verdict.rows().filter(|row| row.blocks()).count());
        }
    }
}
