//! From a stored verdict to what is kept of it for replay and for the fleet.

use super::ReadError;
use super::verdict::{Author, ModeWord, OutcomeRecord, OutcomeWord, Value, VerdictRecord, VerdictWord};
use crate::diagnostic::{Code, Origin, Weight};
use crate::model::{AuthorClass, Date, Mode, Moment, OutcomeKind, Replay, Untrusted, VerdictKind};
use crate::policy::BUILT_IN;
use crate::records::{Lifted, Point, Recorded, RecordedOutcome};
use crate::rules::{self, FieldKind, NARROWING_FIELDS, RuleSpec, Setting, Settings};
use std::collections::BTreeSet;

/// More outcomes than this no policy has.
const MOST_OUTCOMES: usize = 2_000;
/// So many failures of the base and exceptions are kept of one verdict.
const MOST_LISTED: usize = 100;
/// Texts are kept up to here, in characters.
const LONGEST: usize = 200;

/// What is kept of the outcomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// Settings and figures, for a replay.
    Outcomes,
    /// Nothing but what they came to.
    Verdict,
}

/// Reads a stored verdict.
///
/// # Errors
/// See [`super::verdict::read`]; and a record whose moment or class cannot be, or with more outcomes than any
/// policy has.
pub fn read(bytes: &[u8], repository: &str, file: &str, keep: Keep) -> Result<Recorded, ReadError> {
    recorded(&super::verdict::read(bytes)?, repository, file, keep)
}

/// What a stored verdict measured, for a trend.
pub fn point(record: &VerdictRecord, decided: Moment) -> Point {
    let measured = |rule: &str| {
        let outcome =
            record.outcomes.iter().find(|outcome| outcome.rule == rule && outcome.scope.is_none())?;
        u64::try_from(outcome.measured?.hundredths()).ok()
    };
    Point {
        decided,
        coverage: measured("coverage.total"),
        tests: measured("tests.executed").map(|hundredths| hundredths / 100),
        findings: measured("scan.all").map(|hundredths| hundredths / 100),
    }
}

fn recorded(record: &VerdictRecord, repository: &str, file: &str, keep: Keep) -> Result<Recorded, ReadError> {
    let wrong = |what: &'static str| ReadError::Contradiction { what };
    let decided = record.decided_at.as_deref().map(|text| {
        Moment::parse(text).ok_or(wrong("`decided-at` is no moment, such as 2026-11-22T08:03:11Z"))
    });
    let context = record.context.as_ref();
    let class = context.and_then(|context| context.author.as_ref()).map(class_of).transpose()?;
    if record.outcomes.len() > MOST_OUTCOMES {
        return Err(wrong("more outcomes than any policy has"));
    }
    let fact = |key: &str| record.header.iter().find(|fact| fact.key == key).map(|fact| fact.value.clone());
    let has_errors = record.diagnostics.iter().any(|problem| problem.weight == Weight::Error);
    let outcomes: Vec<RecordedOutcome> = record.outcomes.iter().map(outcome_of).collect();
    let mut recorded = Recorded {
        repository: repository.to_owned(),
        file: file.into(),
        pull_request: context.and_then(|context| context.pull_request),
        decided: decided.transpose()?,
        class: class.unwrap_or(AuthorClass::UnknownIdentity),
        kind: match record.verdict {
            VerdictWord::Passed => VerdictKind::Passed,
            VerdictWord::NeedsChanges => VerdictKind::NeedsChanges,
            VerdictWord::NoVerdict => VerdictKind::NoVerdict,
        },
        has_errors,
        contradicts_itself: false,
        outcomes,
        owners: fact("owners").map(|owners| teams(&owners)).unwrap_or_default(),
        policy: fact("policy").map(|policy| cut(&policy)).unwrap_or_default(),
        broken_base: broken_base(record),
        lifted: lifted(record),
        not_measured: not_measured(record),
        below_floor: below_floor(record),
    };
    recorded.contradicts_itself = recorded.verdict_of_outcomes() != recorded.kind;
    if keep == Keep::Verdict {
        recorded.outcomes = Vec::new();
    }
    Ok(recorded)
}

fn class_of(author: &Author) -> Result<AuthorClass, ReadError> {
    AuthorClass::parse(&author.class).ok_or(ReadError::Contradiction {
        what: "the author's class is none of owner, external, bot, unknown",
    })
}

fn outcome_of(outcome: &OutcomeRecord) -> RecordedOutcome {
    let spec = rules::by_id(&outcome.rule);
    RecordedOutcome {
        id: outcome.rule.clone(),
        spec,
        scope: outcome.scope.clone().unwrap_or_default(),
        mode: match outcome.mode {
            ModeWord::Off => Mode::Off,
            ModeWord::Info => Mode::Info,
            ModeWord::Warn => Mode::Warn,
            ModeWord::Enforce => Mode::Enforce,
        },
        kind: kind_of(outcome.outcome),
        settings: spec.and_then(|spec| settings_of(spec, outcome)),
        replay: outcome.replay.as_ref().map(|replay| Replay {
            figures: replay.figures.clone(),
            named: replay.named,
            doubts_met: replay.doubts_met,
            doubts_not_met: replay.doubts_not_met,
            if_named_otherwise: replay.if_named_otherwise.map(kind_of),
        }),
        origin: origin_of(outcome.origin.file.as_ref(), outcome.origin.line),
    }
}

const fn kind_of(word: OutcomeWord) -> OutcomeKind {
    match word {
        OutcomeWord::Met => OutcomeKind::Met,
        OutcomeWord::NotMet => OutcomeKind::NotMet,
        OutcomeWord::NotJudged => OutcomeKind::NotJudged,
        OutcomeWord::NotMeasured => OutcomeKind::NotMeasured,
        OutcomeWord::Waived => OutcomeKind::Waived,
    }
}

fn origin_of(file: Option<&Untrusted>, line: Option<u32>) -> Origin {
    Origin::at(file.cloned().unwrap_or_default(), line.unwrap_or(0), 0)
}

/// The fields as the rule reads them; `None` if one of them cannot be read.
fn settings_of(spec: &RuleSpec, outcome: &OutcomeRecord) -> Option<Settings> {
    let mut settings = Settings::default();
    for (key, value) in &outcome.required {
        let field = spec.field(key)?;
        let text = match value {
            Value::Number(number) => number.to_string(),
            Value::Flag(flag) => flag.to_string(),
            Value::Text(text) => text.clone(),
        };
        let value = match field.kind {
            FieldKind::Globs if text.is_empty() => rules::Value::Globs(Vec::new()),
            FieldKind::Globs => rules::Value::Globs(text.split(", ").map(str::to_owned).collect()),
            kind => kind.read(&text).ok()?,
        };
        let origin = outcome.origins.get(key);
        let origin = origin.map_or_else(Origin::default, |place| origin_of(place.file.as_ref(), place.line));
        settings.set(field.key, Setting { value, origin });
    }
    // What narrows a rule stands in a record only where a file sets it.
    for field in spec.fields.iter().filter(|field| NARROWING_FIELDS.contains(&field.key)) {
        if let (None, Some(default)) = (settings.get(field.key), field.default) {
            let value = field.kind.read(default).ok()?;
            settings.set(field.key, Setting { value, origin: Origin::file(BUILT_IN) });
        }
    }
    Some(settings)
}

/// The teams among the owners: `@org/team`. A person is never kept.
fn teams(owners: &Untrusted) -> Untrusted {
    let teams: Vec<&str> =
        owners.raw().split([',', ' ']).filter(|name| name.starts_with('@') && name.contains('/')).collect();
    cut(&Untrusted::new(teams.join(", ")))
}

fn broken_base(record: &VerdictRecord) -> Vec<Untrusted> {
    let broken = record.not_counted.iter().filter(|excused| excused.cause == "broken-base");
    let tests: BTreeSet<Untrusted> = broken.map(|excused| cut(&excused.what)).collect();
    tests.into_iter().take(MOST_LISTED).collect()
}

fn lifted(record: &VerdictRecord) -> Vec<Lifted> {
    let excused = record
        .not_counted
        .iter()
        .filter(|excused| matches!(excused.cause.as_str(), "waived" | "quarantined"))
        .filter_map(|excused| Some((excused, until(excused.proof.raw())?)))
        .flat_map(|(excused, until)| {
            let rules = std::iter::once(&excused.rule).chain(&excused.other_rules);
            rules.map(move |rule| Lifted { rule: rule.clone(), until, what: cut(&excused.what) })
        });
    let waived = record.outcomes.iter().filter(|outcome| outcome.outcome == OutcomeWord::Waived);
    let waived = waived.filter_map(|outcome| {
        let until = until(outcome.reason.as_ref()?.raw())?;
        Some(Lifted { rule: outcome.rule.clone(), until, what: Untrusted::default() })
    });
    let all: BTreeSet<Lifted> = excused.chain(waived).collect();
    all.into_iter().take(MOST_LISTED).collect()
}

/// The day in `… by @acme/core until 2027-01-15: flaky`.
fn until(text: &str) -> Option<Date> {
    text.match_indices(" until ").find_map(|(at, found)| {
        let day = text.get(at + found.len()..)?;
        Date::parse(day.get(..10)?).ok()
    })
}

fn not_measured(record: &VerdictRecord) -> Vec<(String, Untrusted)> {
    let enforced = record
        .outcomes
        .iter()
        .filter(|outcome| outcome.mode == ModeWord::Enforce && outcome.outcome == OutcomeWord::NotMeasured);
    let mut reasons: Vec<(String, Untrusted)> = enforced
        .map(|outcome| (outcome.rule.clone(), outcome.reason.as_ref().map(cut).unwrap_or_default()))
        .take(MOST_LISTED)
        .collect();
    if reasons.is_empty() {
        // Nothing was measured in vain: a problem of policy or discovery stands behind the verdict.
        let error = record.diagnostics.iter().find(|problem| problem.weight == Weight::Error);
        reasons.extend(error.map(|problem| (problem.code.clone(), cut(&problem.message))));
    }
    reasons
}

fn below_floor(record: &VerdictRecord) -> Vec<Untrusted> {
    let code = Code::BelowFloor.id();
    let below = record.diagnostics.iter().filter(|problem| problem.code == code);
    below.take(MOST_LISTED).map(|problem| cut(&problem.message)).collect()
}

fn cut(text: &Untrusted) -> Untrusted {
    match text.raw().char_indices().nth(LONGEST) {
        None => text.clone(),
        Some((end, _)) => Untrusted::new(text.raw().get(..end).unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::fixtures;
    use crate::wire::verdict::{Context, write};

    fn record() -> VerdictRecord {
        let mut record = VerdictRecord::from(&fixtures::failing());
        record.decided_at = Some("2026-11-22T08:03:11Z".to_owned());
        let author = Author { class: "external".to_owned(), why: "not in owners".to_owned() };
        record.context = Some(Context { repo: None, pull_request: Some(431), author: Some(author) });
        record
    }

    #[test]
    fn a_record_keeps_what_replay_and_fleet_need() {
        let read = read(&write(&record()), "payments", "1.json", Keep::Outcomes).unwrap();
        assert_eq!(
            (read.repository.as_str(), read.pull_request, read.class),
            ("payments", Some(431), AuthorClass::External)
        );
        assert_eq!(read.kind, VerdictKind::NeedsChanges);
        assert!(!read.contradicts_itself);
        let coverage = read.outcomes.iter().find(|outcome| outcome.id == "coverage.changed").unwrap();
        let min = coverage.settings.as_ref().unwrap().percent("min").unwrap();
        assert_eq!(min.hundredths(), 8_000);
        assert!(super::read(&write(&record()), "", "", Keep::Verdict).unwrap().outcomes.is_empty());
    }

    #[test]
    fn a_record_that_cannot_be_is_refused() {
        let mut wrong = record();
        wrong.decided_at = Some("yesterday".to_owned());
        assert!(read(&write(&wrong), "", "", Keep::Verdict).unwrap_err().to_string().contains("decided-at"));
        let mut wrong = record();
        wrong.context.as_mut().unwrap().author.as_mut().unwrap().class = "friend".to_owned();
        assert!(read(&write(&wrong), "", "", Keep::Verdict).is_err());
        assert!(read(b"{}", "", "", Keep::Verdict).is_err());
        assert!(read(b"", "", "", Keep::Verdict).is_err());
    }

    #[test]
    fn a_verdict_that_its_outcomes_do_not_give_contradicts_itself() {
        let mut wrong = record();
        wrong.verdict = VerdictWord::Passed;
        assert!(read(&write(&wrong), "", "", Keep::Verdict).unwrap().contradicts_itself);
    }

    #[test]
    fn teams_are_kept_and_persons_are_not() {
        assert_eq!(teams(&"@acme/core, @lead @acme/web".into()).raw(), "@acme/core, @acme/web");
    }

    #[test]
    fn the_end_of_an_exception_is_read_from_its_words() {
        assert_eq!(until("waived by @a/b until 2027-01-15: until then"), Date::parse("2027-01-15").ok());
        assert_eq!(until("until never"), None);
    }
}
