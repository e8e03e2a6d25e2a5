//! A verdict that was stored, as it is shown again.

use super::{
    Actor, DetailRecord, ModeWord, NotCountedRecord, OutcomeRecord, OutcomeWord, StepRecord, VerdictRecord,
    VerdictWord,
};
use crate::diagnostic::{Code, Diagnostic, Origin};
use crate::model::{
    CoverageTotals, Detail, HeaderFact, Measured, Mode, NotCounted, Note, Outcome, OutcomeKind, Ratio,
    ReportRead, ReportTotals, Requirement, SeverityCounts, Step, Untrusted, Verdict, VerdictKind,
};
use crate::rules;
use crate::wire::report::{CoveredRecord, PlaceRecord, ProblemRecord, ReportRecord, Totals};

/// The facts of a header that people know.
const FACTS: [&str; 7] = ["project", "head", "base", "policy", "organisation", "owners", "merged"];
/// What stands for a word of another version.
const OTHER: &str = "other";

/// The verdict that a record tells of, for everything that shows one. What only a replay or an annotation needs is
/// left out, and so is a proposed policy.
pub fn restored(record: &VerdictRecord) -> Verdict {
    Verdict {
        kind: match record.verdict {
            VerdictWord::Passed => VerdictKind::Passed,
            VerdictWord::NeedsChanges => VerdictKind::NeedsChanges,
            VerdictWord::NoVerdict => VerdictKind::NoVerdict,
        },
        header: record
            .header
            .iter()
            .map(|fact| HeaderFact { key: known(&FACTS, &fact.key), value: fact.value.clone() })
            .collect(),
        outcomes: record.outcomes.iter().map(outcome).collect(),
        not_counted: record.not_counted.iter().map(not_counted).collect(),
        steps: record.steps.iter().map(step).collect(),
        notes: record
            .notes
            .iter()
            .map(|note| Note { kind: OTHER, text: note.text.clone(), names: note.names.clone() })
            .collect(),
        details: record.details.iter().map(detail).collect(),
        uncovered: Vec::new(),
        reports: record.reports.iter().map(report).collect(),
        diagnostics: record.diagnostics.iter().map(problem).collect(),
        proposal: None,
    }
}

fn known(words: &[&'static str], word: &str) -> &'static str {
    words.iter().find(|known| **known == word).copied().unwrap_or(OTHER)
}

fn outcome(record: &OutcomeRecord) -> Outcome {
    let spec = rules::by_id(&record.rule);
    let value = |value: &super::Value| match value {
        super::Value::Number(number) => number.to_string(),
        super::Value::Flag(flag) => flag.to_string(),
        super::Value::Text(text) => text.clone(),
    };
    let required = record.required.iter().filter_map(|(key, set)| {
        let field = spec?.field(key)?;
        let origin = record.origins.get(key).map(origin).unwrap_or_default();
        Some(Requirement { field: field.key, value: value(set), origin })
    });
    let count = || record.measured.and_then(|number| u64::try_from(number.hundredths() / 100).ok());
    Outcome {
        rule: spec.map_or(OTHER, |spec| spec.id),
        title: spec.map_or("A rule of another version", |spec| spec.title),
        short: spec.map_or(OTHER, |spec| spec.short),
        scope: record.scope.clone().unwrap_or_default(),
        mode: match record.mode {
            ModeWord::Off => Mode::Off,
            ModeWord::Info => Mode::Info,
            ModeWord::Warn => Mode::Warn,
            ModeWord::Enforce => Mode::Enforce,
        },
        kind: match record.outcome {
            OutcomeWord::Met => OutcomeKind::Met,
            OutcomeWord::NotMet => OutcomeKind::NotMet,
            OutcomeWord::NotJudged => OutcomeKind::NotJudged,
            OutcomeWord::NotMeasured => OutcomeKind::NotMeasured,
            OutcomeWord::Waived => OutcomeKind::Waived,
        },
        measured: match (record.covered, record.of, record.by_severity) {
            (Some(part), Some(whole), _) => Measured::Share(Ratio { part, whole }),
            (_, _, Some(counts)) => Measured::Findings(counts),
            _ => count().map_or(Measured::Nothing, Measured::Count),
        },
        measured_text: record.measured_text.clone(),
        required_text: record.required_text.clone(),
        required: required.collect(),
        origin: origin(&record.origin),
        reason: record.reason.clone().unwrap_or_default(),
        guard: spec.is_some_and(|spec| spec.guard),
        replay: crate::model::Replay::default(),
    }
}

fn origin(place: &PlaceRecord) -> Origin {
    let at = Origin::at(
        place.file.clone().unwrap_or_default(),
        place.line.unwrap_or(0),
        place.column.unwrap_or(0),
    );
    at.in_commit(place.commit.as_deref().unwrap_or_default())
}

fn rule_id(id: &str) -> &'static str {
    rules::by_id(id).map_or(OTHER, |spec| spec.id)
}

fn not_counted(record: &NotCountedRecord) -> NotCounted {
    NotCounted {
        rules: std::iter::once(&record.rule).chain(&record.other_rules).map(|rule| rule_id(rule)).collect(),
        what: record.what.clone(),
        cause: known(&NotCounted::CAUSES, &record.cause),
        proof: record.proof.clone(),
    }
}

fn step(record: &StepRecord) -> Step {
    Step {
        rule: rule_id(&record.rule),
        action: record.text.clone(),
        subject: record.subject.clone().unwrap_or_default(),
        file: record.file.clone().unwrap_or_default(),
        line: record.line,
        detail: record.detail.clone().unwrap_or_default(),
        run: record.run.clone().unwrap_or_default(),
        for_owners: record.by == Actor::Owners,
    }
}

fn detail(record: &DetailRecord) -> Detail {
    Detail {
        title: record.title.clone(),
        rows: record.rows.clone(),
        text: record.text.clone().unwrap_or_default(),
    }
}

fn report(record: &ReportRecord) -> ReportRead {
    let metric = |metric: Option<CoveredRecord>| metric.map(|of| Ratio { part: of.covered, whole: of.total });
    ReportRead {
        file: record.file.clone(),
        entry: record.entry.clone(),
        kind: record.kind,
        format: record.format.clone().unwrap_or_default(),
        health: record.health,
        totals: match &record.totals {
            None => ReportTotals::None,
            Some(Totals::Tests(totals)) => ReportTotals::Tests(*totals),
            Some(Totals::Coverage(totals)) => ReportTotals::Coverage(CoverageTotals {
                lines: metric(totals.lines),
                branches: metric(totals.branches),
                functions: metric(totals.functions),
            }),
            Some(Totals::Scan(scan)) => ReportTotals::Scan {
                active: SeverityCounts {
                    critical: scan.critical,
                    high: scan.high,
                    medium: scan.medium,
                    low: scan.low,
                    info: scan.info,
                    unknown: scan.unknown,
                },
                suppressed: scan.suppressed,
            },
        },
        warnings: record.warnings.iter().map(problem).collect(),
    }
}

fn problem(record: &ProblemRecord) -> Diagnostic {
    let place =
        PlaceRecord { file: record.file.clone(), line: record.line, column: record.column, commit: None };
    let (code, message) = match Code::try_from(record.code.clone()) {
        Ok(code) => (code, record.message.clone()),
        // Of a later version: its own code stands before its words.
        Err(_) => (Code::BadRecord, Untrusted::new(format!("{}: {}", record.code, record.message.raw()))),
    };
    Diagnostic { code, weight: record.weight, message, origin: origin(&place), help: record.help.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::fixtures;
    use crate::render;
    use crate::wire::verdict::{read, write};

    #[test]
    fn a_stored_verdict_is_shown_as_it_was_given() {
        for mut verdict in [
            fixtures::passing(),
            fixtures::failing(),
            fixtures::not_your_fault(),
            fixtures::no_verdict(),
            fixtures::mixed(),
            fixtures::hostile("<b>\u{202e}x"),
        ] {
            // The stories of the tests are shorter than what the rules say of themselves.
            for outcome in &mut verdict.outcomes {
                let spec = rules::by_id(outcome.rule).unwrap();
                (outcome.title, outcome.short, outcome.guard) = (spec.title, spec.short, spec.guard);
            }
            let again = restored(&read(&write(&VerdictRecord::from(&verdict))).unwrap());
            assert_eq!(render::html::render(&again), render::html::render(&verdict));
            assert_eq!(render::title(&again), render::title(&verdict));
        }
    }

    #[test]
    fn what_another_version_says_is_shown_in_words_that_fit() {
        let mut record = VerdictRecord::from(&fixtures::failing());
        record.outcomes[0].rule = "moon.phase".to_owned();
        record.header[0].key = "tide".to_owned();
        record.diagnostics = vec![ProblemRecord {
            code: "lunar".to_owned(),
            weight: crate::diagnostic::Weight::Error,
            message: "full".into(),
            file: None,
            line: None,
            column: None,
            help: Untrusted::default(),
        }];
        let page = render::html::render(&restored(&record));
        assert!(page.contains("A rule of another version") && page.contains("lunar: full"), "{page}");
    }
}
