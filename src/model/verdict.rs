//! The verdict and everything that is shown of it.

use super::{Proposal, ReportRead, Untrusted};
use crate::diagnostic::{Diagnostic, Origin};
use std::collections::BTreeMap;
use std::num::NonZeroU32;

/// What the gate says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum VerdictKind {
    /// Every enforced rule is met, waived or does not apply.
    Passed,
    /// Something enforced could not be measured: nobody can say.
    NoVerdict,
    /// An enforced rule is not met.
    NeedsChanges,
}

impl VerdictKind {
    /// The word used in JSON, action outputs and text.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::NoVerdict => "no-verdict",
            Self::NeedsChanges => "needs-changes",
        }
    }
}

/// What a rule may do to the verdict. Ordered from laxest to strictest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mode {
    /// Not shown (its measurement still stands in the JSON).
    Off,
    /// Shown, never judged aloud.
    Info,
    /// Says "would need changes"; does not move the verdict.
    Warn,
    /// Moves the verdict.
    Enforce,
}

impl Mode {
    /// The word used in policies, JSON and text.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Enforce => "enforce",
        }
    }
}

/// How one rule came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum OutcomeKind {
    /// The requirement is fulfilled.
    Met,
    /// It is not.
    NotMet,
    /// It does not apply here; the reason says why.
    NotJudged,
    /// The evidence is missing, unreadable or contradictory; the reason says which.
    NotMeasured,
    /// Not met, and a waiver of the owners lifts it.
    Waived,
}

impl OutcomeKind {
    /// The word used in JSON and text.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Met => "met",
            Self::NotMet => "not-met",
            Self::NotJudged => "not-judged",
            Self::NotMeasured => "not-measured",
            Self::Waived => "waived",
        }
    }
}

/// The number that a rule measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measured {
    /// Nothing could be measured.
    Nothing,
    /// A plain count (failures, findings).
    Count(u64),
    /// A share, kept exact.
    Share(super::Ratio),
    /// Findings per severity, so that another bar can be replayed (DECISIONS 26); as one number, their sum.
    Findings(super::SeverityCounts),
}

/// One field of a requirement, as the policy in force says it: `min` = `80%`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requirement {
    /// The field's key in the policy.
    pub field: &'static str,
    /// Its value as text; numbers without a unit, percentages with `%`.
    pub value: String,
    /// Where the value was set.
    pub origin: Origin,
}

/// Named numbers that a rule compares with its settings.
pub type Figures = BTreeMap<String, u64>;

/// What a rule measured, kept so that other settings can be tried on it later (DECISIONS 26).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Replay {
    /// What the rule measured: empty if it came to its outcome before it measured anything, and whatever its
    /// settings; `None` if the rule keeps no figures.
    pub figures: Option<Figures>,
    /// True if a file of somebody's policy names the rule.
    pub named: bool,
    /// True if nothing is called met or not judged on this evidence, whatever the bar.
    pub doubts_met: bool,
    /// True if nothing is called not met on this evidence, whatever the bar.
    pub doubts_not_met: bool,
    /// How it comes out if a file names it and none did, or the other way round; `None` if it is all the same.
    pub if_named_otherwise: Option<OutcomeKind>,
}

/// How one rule (or one scope of it) came out, with all that a row, a step and the JSON show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Id of the rule: `coverage.changed`.
    pub rule: &'static str,
    /// The row's name for people: `Coverage of changed lines`.
    pub title: &'static str,
    /// A short name for the terminal: `coverage`; rows that share it are shown with their id instead.
    pub short: &'static str,
    /// The globs of a path overlay; empty for the rule itself.
    pub scope: String,
    /// What it may do to the verdict.
    pub mode: Mode,
    /// How it came out.
    pub kind: OutcomeKind,
    /// What was measured.
    pub measured: Measured,
    /// The measurement in words of ours and numbers only: `1 new failure, 1283 passed`.
    pub measured_text: String,
    /// The requirement in words of ours and numbers only: `at least 80%`.
    pub required_text: String,
    /// The fields of the requirement.
    pub required: Vec<Requirement>,
    /// Where the rule was set (the field that decides, or the rule's own line).
    pub origin: Origin,
    /// Why it is not judged or not measured; may quote a report.
    pub reason: Untrusted,
    /// True if the row is a guard that is shown only when it is not met (DECISIONS 29).
    pub guard: bool,
    /// What other settings can be tried on.
    pub replay: Replay,
}

impl Outcome {
    /// True if the rule keeps the verdict from `passed`.
    pub fn blocks(&self) -> bool {
        self.mode == Mode::Enforce && matches!(self.kind, OutcomeKind::NotMet | OutcomeKind::NotMeasured)
    }
}

/// One thing to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The rule that asks for it.
    pub rule: &'static str,
    /// What to do, in words of ours: `Fix 1 test failure.`
    pub action: String,
    /// What it is about: a test's name, a finding, ranges of lines.
    pub subject: Untrusted,
    /// The file, if one is known; a path as shown to people.
    pub file: Untrusted,
    /// The line in it.
    pub line: Option<NonZeroU32>,
    /// More words: expected and got, the first line of the message, "5 of them are enough".
    pub detail: Untrusted,
    /// A command that reproduces it, safe to copy; empty if there is none.
    pub run: String,
    /// True if the owners must act, not the contributor.
    pub for_owners: bool,
}

/// Uncovered changed lines that stand close together in one file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Uncovered {
    /// The rule that asks for them.
    pub rule: &'static str,
    /// The file, a path as shown to people.
    pub file: Untrusted,
    /// The first uncovered line.
    pub first: NonZeroU32,
    /// The last uncovered line; what lies between is uncovered or no code.
    pub last: NonZeroU32,
}

/// A failure that exists without the change, with its proof.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct NotCounted {
    /// The rules that do not count it; one at least, in the order of the rules.
    pub rules: Vec<&'static str>,
    /// The test or finding.
    pub what: Untrusted,
    /// One of [`NotCounted::CAUSES`].
    pub cause: &'static str,
    /// How we know.
    pub proof: Untrusted,
}

impl NotCounted {
    /// Why something is not counted.
    pub const CAUSES: [&str; 10] = [
        "broken-base",
        "known-flaky",
        "ambient-advisory",
        "quarantined",
        "waived",
        "vex",
        "no-fix",
        "unreachable",
        "dev-dependency",
        "not-verified",
    ];

    /// The cause in words, and the rules where there are several: `ambient advisory (scan.new, scan.all)`.
    pub fn why(&self) -> String {
        let cause = self.cause.replace('-', " ");
        match self.rules.as_slice() {
            [] | [_] => cause,
            several => format!("{cause} ({})", several.join(", ")),
        }
    }

    /// True if the failure is proven to exist without the change; a waived or quarantined one may be from it.
    pub fn is_from_elsewhere(&self) -> bool {
        matches!(self.cause, "broken-base" | "known-flaky" | "ambient-advisory")
    }
}

/// A fact beside the rules that people should read: what became of tests and findings of the base, what the base
/// is. Nothing is judged by it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// What it is about: `tests-fixed`.
    pub kind: &'static str,
    /// The fact, in words of ours and numbers: `2 tests failed on the base and pass now`.
    pub text: String,
    /// What it is about by name, as far as it is listed; at most [`Note::MOST_NAMES`].
    pub names: Vec<Untrusted>,
}

impl Note {
    /// How many names a note carries.
    pub const MOST_NAMES: usize = 20;
}

/// Material that is folded away below the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Detail {
    /// What it is, in words of ours: `Changed lines without a test (9)`.
    pub title: String,
    /// Rows of a table, the first being the header; empty if `text` holds the material.
    pub rows: Vec<Vec<Untrusted>>,
    /// Text as a report has it; empty if `rows` holds the material.
    pub text: Untrusted,
}

/// One fact of the header: `policy` → `.github/tollgate.yml (read from main)`.
///
/// The keys `project`, `head` (the commit, short) and `base` (`main a1b2c3d`) make the first line of the
/// terminal; `owners` is who acts where the owners must. Every other key is a line of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeaderFact {
    /// A word of ours.
    pub key: &'static str,
    /// The fact.
    pub value: Untrusted,
}

/// The one value that every output is rendered from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// What the gate says.
    pub kind: VerdictKind,
    /// What was judged: project, commit, base, policy.
    pub header: Vec<HeaderFact>,
    /// Every rule, in the order of the table (also those that are off, for the JSON).
    pub outcomes: Vec<Outcome>,
    /// Failures that are not from the change.
    pub not_counted: Vec<NotCounted>,
    /// What to do, most blocking first.
    pub steps: Vec<Step>,
    /// Facts beside the rules.
    pub notes: Vec<Note>,
    /// Folded material.
    pub details: Vec<Detail>,
    /// Where uncovered changed lines stand, for annotations.
    pub uncovered: Vec<Uncovered>,
    /// Every file that was read.
    pub reports: Vec<ReportRead>,
    /// Problems of policy, paths and discovery.
    pub diagnostics: Vec<Diagnostic>,
    /// What the change would make of the policy; `None` if it leaves it as it is.
    pub proposal: Option<Proposal>,
}

impl Verdict {
    /// The value of a fact of the header.
    pub fn fact(&self, key: &str) -> Option<&Untrusted> {
        self.header.iter().find(|fact| fact.key == key).map(|fact| &fact.value)
    }

    /// True if another stage gives the verdict that counts (`gate:` of the policy).
    pub fn is_preview(&self) -> bool {
        self.fact("preview").is_some()
    }

    /// True if the change was merged before it was judged.
    pub fn is_afterwards(&self) -> bool {
        self.fact("merged").is_some()
    }

    /// How many of the failures that are not counted are proven to exist without the change.
    pub fn from_elsewhere(&self) -> usize {
        self.not_counted.iter().filter(|excused| excused.is_from_elsewhere()).count()
    }

    /// True if there is no verdict and only the owners have something to do.
    pub fn is_for_owners_alone(&self) -> bool {
        self.kind == VerdictKind::NoVerdict
            && !self.steps.is_empty()
            && self.steps.iter().all(|step| step.for_owners)
    }

    /// The same, and it is proven that the change is not the cause: jobs and reports are the owners' only where the
    /// base or the CI itself shows why.
    pub fn is_not_because_of_the_change(&self) -> bool {
        let is_proven = |step: &Step| matches!(step.rule, "build.jobs" | "evidence.reports");
        self.is_for_owners_alone() && self.steps.iter().all(is_proven)
    }

    /// The outcomes that are shown as rows: rules in force, and guards only when they are not met.
    pub fn rows(&self) -> impl Iterator<Item = &Outcome> {
        self.outcomes.iter().filter(|outcome| {
            let quiet = matches!(outcome.kind, OutcomeKind::Met | OutcomeKind::NotJudged);
            outcome.mode != Mode::Off && !(outcome.guard && quiet)
        })
    }
}
