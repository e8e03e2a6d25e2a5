//! `tollgate.verdict/1`: the record of one verdict, from which every other tool reads.
//!
//! The schema is published as `schema/verdict-1.json`.

mod attempt;
mod restored;

pub use attempt::{attempt, newest};
pub use restored::restored;

use super::report::{PlaceRecord, ProblemRecord, ReportRecord};
use super::{Decimal, ReadError, check_envelope};
use crate::model::{
    Detail, Measured, Mode, NotCounted, Note, Outcome, OutcomeKind, PolicyChange, Proposal, Replay,
    Requirement, SeverityCounts, Step, Untrusted, Verdict, VerdictKind,
};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// The schema's id.
pub const SCHEMA: &str = "tollgate.verdict/1";

/// The published JSON Schema (2020-12).
pub const JSON_SCHEMA: &str = include_str!("../schema/verdict-1.json");

/// No honest record is larger.
const MOST_BYTES: usize = 64 * 1024 * 1024;

/// A verdict as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct VerdictRecord {
    /// Always [`SCHEMA`].
    pub schema: String,
    /// What the gate says.
    pub verdict: VerdictWord,
    /// Whose change it is; not part of the digest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<Context>,
    /// When it was decided, RFC 3339 in UTC; not part of the digest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decided_at: Option<String>,
    /// What was judged: project, commit, base, policy.
    pub header: Vec<FactRecord>,
    /// Every rule, also those that are off.
    pub outcomes: Vec<OutcomeRecord>,
    /// Failures that are not from the change.
    pub not_counted: Vec<NotCountedRecord>,
    /// What to do, most blocking first.
    pub steps: Vec<StepRecord>,
    /// Facts beside the rules: what became of tests and findings of the base, what the base is.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<NoteRecord>,
    /// Material behind the outcomes: lines without a test, output of failing tests.
    pub details: Vec<DetailRecord>,
    /// Every file that was read.
    pub reports: Vec<ReportRecord>,
    /// Problems of policy, paths and discovery.
    pub diagnostics: Vec<ProblemRecord>,
    /// What the change would make of the policy; absent if it leaves it as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proposal: Option<ProposalRecord>,
}

/// The policy that the change proposes, tried out beside the verdict and never used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ProposalRecord {
    /// The file; null if the change removes the policy.
    pub file: Option<Untrusted>,
    /// The verdict under it; null if it has mistakes.
    pub verdict: Option<VerdictWord>,
    /// What differs from the policy in force.
    pub changes: Vec<ChangeRecord>,
    /// Every rule under it.
    pub outcomes: Vec<OutcomeRecord>,
    /// What is wrong with it.
    pub mistakes: Vec<ProblemRecord>,
}

/// One difference between two policies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ChangeRecord {
    /// `laxer`, `stricter` or `other`.
    pub effect: String,
    /// The value: `coverage.changed.min`.
    pub what: String,
    /// The paths or the day that it is for; null for the rule itself.
    pub scope: Option<String>,
    /// Its value in force; null if there is none.
    pub before: Option<String>,
    /// Its proposed value; null if there is none.
    pub after: Option<String>,
    /// Where it stands.
    pub origin: PlaceRecord,
}

impl From<&PolicyChange> for ChangeRecord {
    fn from(change: &PolicyChange) -> Self {
        let said = |text: &String| (!text.is_empty()).then(|| text.clone());
        Self {
            effect: change.effect.word().to_owned(),
            what: change.what.clone(),
            scope: said(&change.scope),
            before: said(&change.before),
            after: said(&change.after),
            origin: PlaceRecord::from(&change.origin),
        }
    }
}

/// Facts about the occasion that do not bear on the verdict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Context {
    /// `owner/name`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repo: Option<String>,
    /// Number of the pull request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pull_request: Option<u64>,
    /// Who proposes the change, as a class and without a name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author: Option<Author>,
}

/// Class of an author, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Author {
    /// `owner`, `external`, `bot` or `unknown`.
    pub class: String,
    /// The signal that decided: `permission=read; not in owners`.
    pub why: String,
}

impl From<&crate::model::Author> for Author {
    fn from(author: &crate::model::Author) -> Self {
        Self { class: author.class.word().to_owned(), why: author.why.clone() }
    }
}

/// What the gate says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the words of `VerdictKind`, where their meaning stands")]
pub enum VerdictWord {
    Passed,
    NeedsChanges,
    NoVerdict,
}

/// How a rule came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the words of `OutcomeKind`, where their meaning stands")]
pub enum OutcomeWord {
    Met,
    NotMet,
    NotJudged,
    NotMeasured,
    Waived,
}

/// What a rule may do to the verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the words of `Mode`, where their meaning stands")]
pub enum ModeWord {
    Off,
    Info,
    Warn,
    Enforce,
}

/// One fact of the header.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct FactRecord {
    /// `project`, `head`, `base`, `policy`, `owners`, …
    pub key: String,
    /// The fact.
    pub value: Untrusted,
}

/// How one rule, or one scope of it, came out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct OutcomeRecord {
    /// Id of the rule.
    pub rule: String,
    /// Globs of a path overlay; null for the rule itself.
    pub scope: Option<String>,
    /// What it may do to the verdict.
    pub mode: ModeWord,
    /// How it came out.
    pub outcome: OutcomeWord,
    /// A count, or a share in percent rounded down to hundredths; null if nothing was measured.
    pub measured: Option<Decimal>,
    /// Of a share: how many are covered, exactly.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub covered: Option<u64>,
    /// Of a share: how many there are, exactly.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<u64>,
    /// Of findings: how many per severity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by_severity: Option<SeverityCounts>,
    /// The measurement in words.
    pub measured_text: String,
    /// The requirement: field → value, as the policy in force says it.
    pub required: BTreeMap<String, Value>,
    /// The requirement in words.
    pub required_text: String,
    /// Where the rule was set.
    pub origin: PlaceRecord,
    /// Where each field of the requirement was set.
    pub origins: BTreeMap<String, PlaceRecord>,
    /// What to do first about an outcome that is not met or not measured; null if nothing.
    pub help: Option<Untrusted>,
    /// Why it is not judged or not measured; null if there is nothing to say.
    pub reason: Option<Untrusted>,
    /// What other settings can be tried on; absent in records of versions that did not keep it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replay: Option<ReplayRecord>,
}

/// What a rule measured, so that other settings can be tried on it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ReplayRecord {
    /// Named numbers; empty if the outcome holds under any setting; null if the rule keeps none.
    pub figures: Option<BTreeMap<String, u64>>,
    /// True if a file of somebody's policy names the rule.
    pub named: bool,
    /// True if nothing is called met on this evidence, whatever the bar.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub doubts_met: bool,
    /// True if nothing is called not met on this evidence, whatever the bar.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub doubts_not_met: bool,
    /// How it comes out if the rule is named and was not, or the other way round; absent if the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub if_named_otherwise: Option<OutcomeWord>,
}

impl From<&Replay> for ReplayRecord {
    fn from(replay: &Replay) -> Self {
        Self {
            figures: replay.figures.clone(),
            named: replay.named,
            doubts_met: replay.doubts_met,
            doubts_not_met: replay.doubts_not_met,
            if_named_otherwise: replay.if_named_otherwise.map(outcome_word),
        }
    }
}

const fn outcome_word(kind: OutcomeKind) -> OutcomeWord {
    match kind {
        OutcomeKind::Met => OutcomeWord::Met,
        OutcomeKind::NotMet => OutcomeWord::NotMet,
        OutcomeKind::NotJudged => OutcomeWord::NotJudged,
        OutcomeKind::NotMeasured => OutcomeWord::NotMeasured,
        OutcomeKind::Waived => OutcomeWord::Waived,
    }
}

/// A value of a requirement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A count or a percentage.
    Number(Decimal),
    /// Yes or no.
    Flag(bool),
    /// A word, or anything else.
    Text(String),
}

impl Value {
    fn of(text: &str) -> Self {
        match text {
            "true" => Self::Flag(true),
            "false" => Self::Flag(false),
            _ => Decimal::parse(text.strip_suffix('%').unwrap_or(text))
                .map_or_else(|| Self::Text(text.to_owned()), Self::Number),
        }
    }
}

// By hand for the same reason as `Totals`: an untagged enum would say nothing useful in its errors, and a
// number must not pass through a float.
impl Serialize for Value {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Number(number) => number.serialize(serializer),
            Self::Flag(flag) => serializer.serialize_bool(*flag),
            Self::Text(text) => serializer.serialize_str(text),
        }
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error as _;
        let raw = Box::<serde_json::value::RawValue>::deserialize(deserializer)?;
        match raw.get() {
            "true" => Ok(Self::Flag(true)),
            "false" => Ok(Self::Flag(false)),
            text if text.starts_with('"') => {
                serde_json::from_str(text).map(Self::Text).map_err(D::Error::custom)
            }
            text => Decimal::parse(text)
                .map(Self::Number)
                .ok_or_else(|| D::Error::custom("expected a number, a word, true or false")),
        }
    }
}

/// A failure that exists without the change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct NotCountedRecord {
    /// The rule that does not count it.
    pub rule: String,
    /// Other rules that do not count it either.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub other_rules: Vec<String>,
    /// The test or finding.
    pub what: Untrusted,
    /// `broken-base`, `known-flaky`, `ambient-advisory`, `quarantined`, `waived`, `vex` …
    pub cause: String,
    /// How we know.
    pub proof: Untrusted,
}

/// One thing to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct StepRecord {
    /// The rule that asks for it.
    pub rule: String,
    /// Who acts.
    pub by: Actor,
    /// What to do.
    pub text: String,
    /// What it is about; null if nothing in particular.
    pub subject: Option<Untrusted>,
    /// The file; null if none is known.
    pub file: Option<Untrusted>,
    /// 1-based; null if unknown.
    pub line: Option<std::num::NonZeroU32>,
    /// More words; null if there are none.
    pub detail: Option<Untrusted>,
    /// A command that reproduces it; null if there is none.
    pub run: Option<String>,
}

/// Who has to act.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Actor {
    /// Whoever proposes the change.
    Contributor,
    /// Whoever owns the repository.
    Owners,
}

/// A fact by which nothing is judged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct NoteRecord {
    /// What it is about: `tests-fixed`, `tests-removed`, `base-distance`, …
    pub kind: String,
    /// The fact in words.
    pub text: String,
    /// The first of what it is about, by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<Untrusted>,
}

/// Material behind an outcome.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct DetailRecord {
    /// What it is.
    pub title: String,
    /// A table, its first row being the header; absent if there is none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rows: Vec<Vec<Untrusted>>,
    /// Text of a report; null if there is none.
    pub text: Option<Untrusted>,
}

impl From<&Verdict> for VerdictRecord {
    fn from(verdict: &Verdict) -> Self {
        Self {
            schema: SCHEMA.to_owned(),
            verdict: verdict_word(verdict.kind),
            context: None,
            decided_at: None,
            header: verdict
                .header
                .iter()
                .map(|fact| FactRecord { key: fact.key.to_owned(), value: fact.value.clone() })
                .collect(),
            outcomes: verdict
                .outcomes
                .iter()
                .map(|outcome| outcome_record(outcome, &verdict.steps))
                .collect(),
            not_counted: verdict.not_counted.iter().map(not_counted_record).collect(),
            steps: verdict.steps.iter().map(step_record).collect(),
            notes: verdict.notes.iter().map(note_record).collect(),
            details: verdict.details.iter().map(detail_record).collect(),
            reports: verdict.reports.iter().map(ReportRecord::from).collect(),
            diagnostics: verdict.diagnostics.iter().map(ProblemRecord::from).collect(),
            proposal: verdict.proposal.as_ref().map(proposal_record),
        }
    }
}

fn proposal_record(proposal: &Proposal) -> ProposalRecord {
    let tried = Some(&proposal.verdict).filter(|_| proposal.mistakes.is_empty());
    ProposalRecord {
        file: said(&proposal.file),
        verdict: tried.map(|verdict| verdict_word(verdict.kind)),
        changes: proposal.changes.iter().map(ChangeRecord::from).collect(),
        outcomes: tried.map_or_else(Vec::new, |verdict| {
            verdict.outcomes.iter().map(|outcome| outcome_record(outcome, &verdict.steps)).collect()
        }),
        mistakes: proposal.mistakes.iter().map(ProblemRecord::from).collect(),
    }
}

const fn verdict_word(kind: VerdictKind) -> VerdictWord {
    match kind {
        VerdictKind::Passed => VerdictWord::Passed,
        VerdictKind::NeedsChanges => VerdictWord::NeedsChanges,
        VerdictKind::NoVerdict => VerdictWord::NoVerdict,
    }
}

/// The record's bytes: always the same for the same record.
pub fn write(record: &VerdictRecord) -> Vec<u8> {
    super::pretty(record)
}

/// Reads a record. Unknown fields are those of a later minor version and are left out.
///
/// # Errors
/// Says whether the file is too large, of another schema, or damaged.
pub fn read(bytes: &[u8]) -> Result<VerdictRecord, ReadError> {
    check_envelope(bytes, SCHEMA, MOST_BYTES)?;
    serde_json::from_slice(bytes).map_err(|source| ReadError::Malformed { schema: SCHEMA, source })
}

/// SHA-256 of the record without its context and time, in hexadecimal: equal judgements have equal digests.
pub fn digest(record: &VerdictRecord) -> String {
    let bare = VerdictRecord { context: None, decided_at: None, ..record.clone() };
    let mut hex = String::with_capacity(64);
    for byte in Sha256::digest(write(&bare)) {
        let _infallible = write!(hex, "{byte:02x}");
    }
    hex
}

fn outcome_record(outcome: &Outcome, steps: &[Step]) -> OutcomeRecord {
    let (measured, share, by_severity) = match outcome.measured {
        Measured::Nothing => (None, None, None),
        Measured::Count(count) => (Some(Decimal::whole(count)), None, None),
        Measured::Findings(counts) => (Some(Decimal::whole(counts.total())), None, Some(counts)),
        Measured::Share(ratio) => {
            let percent = ratio.percent();
            let decimal = percent.map(|percent| Decimal::from_hundredths(u64::from(percent.hundredths())));
            (decimal, Some(ratio), None)
        }
    };
    OutcomeRecord {
        rule: outcome.rule.to_owned(),
        scope: (!outcome.scope.is_empty()).then(|| outcome.scope.clone()),
        mode: match outcome.mode {
            Mode::Off => ModeWord::Off,
            Mode::Info => ModeWord::Info,
            Mode::Warn => ModeWord::Warn,
            Mode::Enforce => ModeWord::Enforce,
        },
        outcome: outcome_word(outcome.kind),
        measured,
        covered: share.map(|ratio| ratio.part),
        of: share.map(|ratio| ratio.whole),
        by_severity,
        measured_text: outcome.measured_text.clone(),
        required: required(&outcome.required, |field| Value::of(&field.value)),
        required_text: outcome.required_text.clone(),
        origin: PlaceRecord::from(&outcome.origin),
        origins: required(&outcome.required, |field| PlaceRecord::from(&field.origin)),
        help: help(outcome, steps),
        reason: said(&outcome.reason),
        replay: Some(ReplayRecord::from(&outcome.replay)),
    }
}

fn required<T>(fields: &[Requirement], value: impl Fn(&Requirement) -> T) -> BTreeMap<String, T> {
    fields.iter().map(|field| (field.field.to_owned(), value(field))).collect()
}

/// The first step that the rule asks for, in one sentence.
fn help(outcome: &Outcome, steps: &[Step]) -> Option<Untrusted> {
    if !matches!(outcome.kind, OutcomeKind::NotMet | OutcomeKind::NotMeasured) {
        return None;
    }
    let step = steps.iter().find(|step| step.rule == outcome.rule)?;
    let mut text = step.action.clone();
    if !step.subject.is_empty() {
        let _infallible = write!(text, " {}", step.subject.raw());
    }
    if !step.file.is_empty() {
        let line = step.line.map_or(String::new(), |line| format!(":{line}"));
        let _infallible = write!(text, " ({}{line})", step.file.raw());
    }
    if !step.detail.is_empty() {
        let _infallible = write!(text, ": {}", step.detail.raw());
    }
    Some(Untrusted::new(text))
}

fn not_counted_record(excused: &NotCounted) -> NotCountedRecord {
    let mut rules = excused.rules.iter().map(|rule| (*rule).to_owned());
    NotCountedRecord {
        rule: rules.next().unwrap_or_default(),
        other_rules: rules.collect(),
        what: excused.what.clone(),
        cause: excused.cause.to_owned(),
        proof: excused.proof.clone(),
    }
}

fn step_record(step: &Step) -> StepRecord {
    StepRecord {
        rule: step.rule.to_owned(),
        by: if step.for_owners { Actor::Owners } else { Actor::Contributor },
        text: step.action.clone(),
        subject: said(&step.subject),
        file: said(&step.file),
        line: step.line,
        detail: said(&step.detail),
        run: (!step.run.is_empty()).then(|| step.run.clone()),
    }
}

fn note_record(note: &Note) -> NoteRecord {
    NoteRecord { kind: note.kind.to_owned(), text: note.text.clone(), names: note.names.clone() }
}

fn detail_record(detail: &Detail) -> DetailRecord {
    DetailRecord { title: detail.title.clone(), rows: detail.rows.clone(), text: said(&detail.text) }
}

/// Empty text means that there is none.
fn said(text: &Untrusted) -> Option<Untrusted> {
    (!text.is_empty()).then(|| text.clone())
}

#[cfg(test)]
mod tests;
