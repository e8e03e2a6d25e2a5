//! Rules: one requirement each, one file each.
//!
//! A rule is a type that is read from its policy table ([`Rule::read`]) and judges the evidence
//! ([`Rule::judge`]). [`RuleSpec::of`] makes its entry in [`RULES`]; loading, the JSON schema, `explain` and the
//! reference table of the docs all come from that list. A field says which direction is stricter, so floors and
//! locks work for every rule without code of its own.
//!
//! Adding a rule is a file and two adjacent lines here: `mod x;` and `&x::SPEC,`.

mod build_jobs;
mod change_sensitive;
mod coverage_changed;
mod coverage_drop;
mod coverage_total;
mod evidence_grade;
mod evidence_reports;
mod scan_all;
mod scan_exploited;
mod scan_licenses;
mod scan_new;
mod scan_secrets;
mod tests_duration;
mod tests_executed;
mod tests_failed;
mod tests_flaky;
mod tests_removed;
mod tests_skipped;

mod allowance;
mod doubt;
mod failing_tests;
mod feeds;
mod globs;
mod lift;
mod limits;
mod narrowing;
mod newness;
mod provenance;
mod reproduce;
mod searched;
mod suppressed;
mod test_scope;
mod uncovered;
mod value;
mod vanished;
mod versions;
mod vex;
mod words;

#[cfg(test)]
pub(crate) mod arbitrary;
#[cfg(test)]
pub(crate) mod sample;

pub use build_jobs::{EXPLAINED_BY_RED, unexplained_jobs};
pub use evidence_grade::wants_attested;
pub use feeds::{EpssScores, Feeds, Kev};
pub use globs::{GlobError, Globs};
pub use lift::{Covered, Pattern, Quarantined, Waiver};
pub use narrowing::NARROWING_FIELDS;
pub use reproduce::{Placeholders, Reproduce};
pub use tests_failed::retries;
pub(crate) use value::some_of;
pub use value::{Direction, Field, FieldKind, Setting, Settings, Value, Words};
pub use versions::VersionRange;
pub use vex::{Statements, VexPackage, VexStatement};

use crate::compare::{Evidence, Metric, Partials};
use crate::diagnostic::Origin;
use crate::model::{
    Detail, Figures, Kind, Measured, NotCounted, OutcomeKind, Replay, RepoPath, Step, TestTotals, Uncovered,
    Untrusted,
};
use std::collections::BTreeSet;

/// All rules, in the order of the table that people see.
pub const RULES: &[&RuleSpec] = &[
    &build_jobs::SPEC,
    &tests_failed::SPEC,
    &tests_executed::SPEC,
    &tests_skipped::SPEC,
    &tests_removed::SPEC,
    &tests_flaky::SPEC,
    &tests_duration::SPEC,
    &coverage_changed::SPEC,
    &coverage_total::SPEC,
    &coverage_drop::SPEC,
    &scan_new::SPEC,
    &scan_all::SPEC,
    &scan_secrets::SPEC,
    &scan_exploited::SPEC,
    &scan_licenses::SPEC,
    &evidence_reports::SPEC,
    &evidence_grade::SPEC,
    &change_sensitive::SPEC,
];

/// The rule with this id.
pub fn by_id(id: &str) -> Option<&'static RuleSpec> {
    RULES.iter().copied().find(|rule| rule.id == id)
}

/// One requirement, read from its settings.
pub trait Rule {
    /// Its fields, in the order of the docs.
    const FIELDS: &'static [Field];

    /// Reads the settings in force; every field without a value has its default there.
    fn read(settings: &Settings) -> Self;

    /// Judges. Never panics; says "not measured" rather than guess.
    fn judge(&self, evidence: &Evidence<'_>, scope: &Scope<'_>) -> Judgement;

    /// Judges what was measured before, perhaps under other settings; `None` if the figures do not say. The
    /// default serves rules that keep no figures.
    fn replay(&self, _: &Replay) -> Option<Replayed> {
        None
    }
}

/// What of the evidence a rule looks at: everything, or the files of a path overlay.
#[derive(Clone, Copy)]
pub struct Scope<'s> {
    /// True if the file belongs to the scope.
    pub wanted: &'s dyn Fn(&RepoPath) -> bool,
    /// True if a test belongs to the scope: its file, if it has one, its suite and its class.
    pub test: &'s dyn Fn(Option<&RepoPath>, &str, &str) -> bool,
    /// True for the rule itself, false for an overlay.
    pub whole: bool,
    /// True if a file of somebody's policy names the rule; false if only the built-in policy does.
    pub named: bool,
    /// Why nothing that a report says can be called met, although the reports look whole: jobs that failed,
    /// were cancelled or skipped, and that no failing test explains (DECISIONS 15).
    pub doubts: &'s [Untrusted],
    /// True if failing tests make the verdict red by themselves.
    pub failures_block: bool,
    /// The commands of the policy that reproduce a failure.
    pub reproduce: &'s Reproduce,
    /// The waivers in force for the rule that say what they cover.
    pub waivers: &'s [&'s Waiver],
    /// What the owners state about vulnerabilities.
    pub vex: &'s Statements<'s>,
    /// Dated copies of the lists of exploited vulnerabilities.
    pub feeds: &'s Feeds,
    /// The quarantined tests.
    pub quarantine: &'s [&'s Quarantined],
    /// True if the organisation pins the rule by a floor or a lock: then no entry of the repository can make it
    /// not apply.
    pub pinned: bool,
}

/// What a rule says.
#[derive(Clone, Debug)]
pub struct Judgement {
    /// How it came out.
    pub kind: OutcomeKind,
    /// What was measured.
    pub measured: Measured,
    /// The measurement in words of ours and numbers only.
    pub measured_text: String,
    /// The requirement in words of ours and numbers only.
    pub required_text: String,
    /// Why it is not judged or not measured.
    pub reason: Untrusted,
    /// What to do about it, most important first.
    pub steps: Vec<Step>,
    /// Material to fold away.
    pub details: Vec<Detail>,
    /// Failures that are not from the change.
    pub not_counted: Vec<NotCounted>,
    /// Uncovered lines, for annotations.
    pub uncovered: Vec<Uncovered>,
    /// Origins of the waivers and quarantine entries that something in the evidence fits.
    pub used: BTreeSet<Origin>,
    /// What the rule measured, for [`Rule::replay`]; `None` if it keeps nothing.
    pub figures: Option<Figures>,
}

/// What a rule says of figures that were measured before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Replayed {
    /// How it comes out, before what the evidence leaves in doubt.
    pub kind: OutcomeKind,
    /// How much is missing from the bar, in the rule's own unit; 0 if nothing is.
    pub short: u64,
}

impl Replayed {
    pub(crate) const MET: Self = Self::of(OutcomeKind::Met);
    pub(crate) const NOT_JUDGED: Self = Self::of(OutcomeKind::NotJudged);
    pub(crate) const NOT_MEASURED: Self = Self::of(OutcomeKind::NotMeasured);

    const fn of(kind: OutcomeKind) -> Self {
        Self { kind, short: 0 }
    }

    pub(crate) const fn not_met(short: u64) -> Self {
        Self { kind: OutcomeKind::NotMet, short }
    }

    /// Not met if the number is above the limit.
    pub(crate) const fn at_most(number: u64, limit: u64) -> Self {
        if number > limit { Self::not_met(number - limit) } else { Self::MET }
    }
}

impl Judgement {
    /// A judgement without steps and details.
    pub fn new(
        kind: OutcomeKind,
        measured: Measured,
        measured_text: impl Into<String>,
        required_text: impl Into<String>,
    ) -> Self {
        Self {
            kind,
            measured,
            measured_text: measured_text.into(),
            required_text: required_text.into(),
            reason: Untrusted::default(),
            steps: Vec::new(),
            details: Vec::new(),
            not_counted: Vec::new(),
            uncovered: Vec::new(),
            used: BTreeSet::new(),
            figures: None,
        }
    }

    /// The same with what was measured.
    #[must_use]
    pub(crate) fn measuring(mut self, figures: &[(&str, u64)]) -> Self {
        self.figures = Some(figures.iter().map(|(name, number)| ((*name).to_owned(), *number)).collect());
        self
    }

    /// The same, marked as an outcome that no setting of the rule changes.
    #[must_use]
    pub(crate) fn before_measuring(mut self) -> Self {
        self.figures = Some(Figures::new());
        self
    }

    /// The same with a reason.
    #[must_use]
    pub fn because(mut self, reason: impl Into<Untrusted>) -> Self {
        self.reason = reason.into();
        self
    }
}

/// What the rules about coverage count.
const METRIC: Field = Field {
    key: "metric",
    kind: FieldKind::Word(&["line", "branch", "function"]),
    direction: Direction::Unordered,
    default: Some("line"),
    doc: "what is counted: `line`, `branch` or `function`",
};

/// What the rules about coverage make of lines that ran in part.
const PARTIALS: Field = Field {
    key: "partials",
    kind: FieldKind::Word(&["covered", "uncovered"]),
    direction: Direction::Ordered,
    default: Some("covered"),
    doc: "what a line is that ran and of which a branch or another part did not, where the metric is `line`: \
          `covered` or `uncovered`",
};

fn metric_of(settings: &Settings) -> Metric {
    match settings.word("metric") {
        Some("branch") => Metric::Branch,
        Some("function") => Metric::Function,
        _ => Metric::Line,
    }
}

fn partials_of(settings: &Settings) -> Partials {
    match settings.word("partials") {
        Some("uncovered") => Partials::Uncovered,
        _ => Partials::Covered,
    }
}

/// Everything that is known of a rule without a policy.
pub struct RuleSpec {
    /// Id as written in policies: `coverage.changed`.
    pub id: &'static str,
    /// The row's name for people: `Coverage of changed lines`.
    pub title: &'static str,
    /// A short name for the terminal: `coverage`.
    pub short: &'static str,
    /// What it requires, in one or two plain sentences, for the docs and `explain`.
    pub doc: &'static str,
    /// The kind of report that it needs; `None` if it needs none in particular.
    pub kind: Option<Kind>,
    /// True if its row is shown only when it is not met (DECISIONS 29).
    pub guard: bool,
    /// True if it judges files, so that it may stand under `paths:`.
    pub by_path: bool,
    /// True if a waiver can lift it (what says whether there is evidence cannot be lifted, DECISIONS 15 and 21).
    pub waivable: bool,
    /// How much a report of tests has to do with it not being met; `None` if no single report does.
    pub weight_of_tests: Option<fn(&TestTotals) -> u64>,
    /// Its fields, beside `mode`, which every rule has.
    pub fields: &'static [Field],
    /// Reads and judges.
    pub judge: fn(&Settings, &Evidence<'_>, &Scope<'_>) -> Judgement,
    /// Reads and judges figures that were measured before.
    pub replay: fn(&Settings, &Replay) -> Option<Replayed>,
}

impl RuleSpec {
    /// The entry of a rule type.
    pub const fn of<R: Rule>(
        id: &'static str,
        title: &'static str,
        short: &'static str,
        kind: Option<Kind>,
        doc: &'static str,
    ) -> Self {
        Self {
            id,
            title,
            short,
            doc,
            kind,
            guard: false,
            by_path: false,
            waivable: true,
            weight_of_tests: None,
            fields: R::FIELDS,
            judge: |settings, evidence, scope| R::read(settings).judge(evidence, scope),
            replay: |settings, replay| R::read(settings).replay(replay),
        }
    }

    /// The same for a guard: a row that is shown only when it is not met.
    #[must_use]
    pub const fn guard(mut self) -> Self {
        self.guard = true;
        self
    }

    /// The same for a rule that says whether there is evidence at all.
    #[must_use]
    pub const fn not_waivable(mut self) -> Self {
        self.waivable = false;
        self
    }

    /// The same for a rule that counts this of each report of tests, so that its row names the reports that decided.
    #[must_use]
    pub const fn counting(mut self, weight: fn(&TestTotals) -> u64) -> Self {
        self.weight_of_tests = Some(weight);
        self
    }

    /// The same for a rule that judges files.
    #[must_use]
    pub const fn by_path(mut self) -> Self {
        self.by_path = true;
        self
    }

    /// The field with this key.
    pub fn field(&self, key: &str) -> Option<&'static Field> {
        self.fields.iter().find(|field| field.key == key)
    }
}

impl std::fmt::Debug for RuleSpec {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RuleSpec").field("id", &self.id).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_rule_has_an_id_of_its_own_and_says_what_it_requires() {
        let ids: BTreeSet<&str> = RULES.iter().map(|rule| rule.id).collect();
        assert_eq!(ids.len(), RULES.len(), "an id stands twice");
        for rule in RULES {
            assert!(
                rule.doc.ends_with('.') && !rule.title.is_empty() && !rule.short.is_empty(),
                "{}",
                rule.id
            );
            assert_eq!(by_id(rule.id).map(|found| found.title), Some(rule.title));
        }
    }

    #[test]
    fn every_field_has_a_key_of_its_own_and_a_description_without_a_full_stop() {
        for rule in RULES {
            let keys: BTreeSet<&str> = rule.fields.iter().map(|field| field.key).collect();
            assert_eq!(keys.len(), rule.fields.len(), "{}: a key stands twice", rule.id);
            assert!(!keys.contains("mode"), "{}: every rule has a mode anyway", rule.id);
            for field in rule.fields {
                assert!(!field.doc.is_empty() && !field.doc.ends_with('.'), "{}.{}", rule.id, field.key);
            }
        }
    }

    #[test]
    fn a_field_out_of_force_is_the_laxest() {
        let field = by_id("coverage.total").unwrap().field("min").unwrap();
        let percent = |text: &str| field.kind.read(text).unwrap();
        use std::cmp::Ordering::{Equal, Greater, Less};
        assert_eq!(field.strictness(Some(&percent("80")), None), Some(Greater));
        assert_eq!(field.strictness(None, Some(&percent("0"))), Some(Less));
        assert_eq!(field.strictness(Some(&percent("80")), Some(&percent("80.0"))), Some(Equal));
        let metric = by_id("coverage.total").unwrap().field("metric").unwrap();
        let word = |text: &str| metric.kind.read(text).unwrap();
        assert_eq!(metric.strictness(Some(&word("line")), Some(&word("branch"))), None);
    }

    #[test]
    fn of_the_first_and_the_last_run_neither_is_stricter_and_asking_for_both_is_asking_for_all() {
        let field = by_id("tests.failed").unwrap().field("retries").unwrap();
        let word = |text: &str| field.kind.read(text).unwrap();
        use std::cmp::Ordering::{Greater, Less};
        assert_eq!(field.strictness(Some(&word("last")), Some(&word("any-pass"))), Some(Greater));
        assert_eq!(field.strictness(Some(&word("first")), Some(&word("all-pass"))), Some(Less));
        assert_eq!(field.strictness(Some(&word("first")), Some(&word("last"))), None);
        assert_eq!(field.both(&word("first"), &word("last")), word("all-pass"));
        assert_eq!(field.both(&word("any-pass"), &word("last")), word("last"));
    }
}
