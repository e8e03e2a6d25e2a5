//! Whether a rule counts what is new or everything, and what it says without a base to compare with.

use super::narrowing::{self, Narrowing};
use super::words::counted;
use super::{Direction, Field, FieldKind, Judgement, Scope, Settings, doubt, vanished};
use crate::compare::{Evidence, Reported};
use crate::model::{Kind, OutcomeKind};

pub(super) const COUNT: Field = Field {
    key: "count",
    kind: FieldKind::Word(&["new", "all"]),
    direction: Direction::Ordered,
    default: Some("new"),
    doc: "`new` counts what the base does not have, `all` everything",
};
pub(super) const WITHOUT_BASE: Field = Field {
    key: "without-base",
    kind: FieldKind::Word(&["absolute", "not-measured"]),
    direction: Direction::Ordered,
    default: Some("not-measured"),
    doc: "what happens when there are no scans of a base to compare with: `absolute` counts every finding as new, \
          `not-measured` gives no verdict",
};

/// What a rule counts.
pub(super) struct Newness {
    all: bool,
    absolute_without_base: bool,
}

/// What the counted findings are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Basis {
    /// Those that the base does not have.
    New,
    /// All, as the policy wants it.
    All,
    /// All, because there is no base to compare with.
    NoBase,
}

impl Basis {
    /// `new ` before the name of what is counted, or nothing.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::New => "new ",
            Self::All | Self::NoBase => "",
        }
    }

    /// `2 new secrets`.
    pub(super) fn counted(self, count: u64, one: &str, many: &str) -> String {
        counted(count, &format!("{}{one}", self.word()), &format!("{}{many}", self.word()))
    }
}

impl Newness {
    pub(super) fn read(settings: &Settings) -> Self {
        Self {
            all: settings.word(COUNT.key) == Some("all"),
            absolute_without_base: settings.word(WITHOUT_BASE.key) == Some("absolute"),
        }
    }

    /// The findings to count.
    pub(super) fn reported<'e>(&self, evidence: &'e Evidence<'e>) -> (Basis, Vec<Reported<'e>>) {
        match &evidence.new_findings {
            Some(new) if !self.all => (Basis::New, new.new.clone()),
            _ if self.all => (Basis::All, narrowing::active(&evidence.head.scans).collect()),
            _ => (Basis::NoBase, narrowing::active(&evidence.head.scans).collect()),
        }
    }

    /// The word before what the rule requires.
    pub(super) const fn required_word(&self) -> &'static str {
        if self.all { "" } else { "new " }
    }

    /// What holds in the end, when a rule has counted: whether somebody looked for it, whether there is a base to
    /// compare with, whether the evidence is whole, and whether a scanner of the base is missing.
    pub(super) fn conclude(
        &self,
        judgement: Judgement,
        basis: Basis,
        narrowing: &Narrowing,
        evidence: &Evidence<'_>,
        scope: &Scope<'_>,
    ) -> Judgement {
        let judgement = narrowing.settle(judgement, evidence, scope);
        let judgement = self.settle(judgement, basis, scope);
        let judgement = doubt::settle(judgement, evidence, scope, Kind::Scan);
        vanished::settle(judgement, evidence, scope, |scan| narrowing.relies_on(scan))
    }

    /// Turns "not met" into what holds without a base: what is within the limit when everything counts as new is
    /// within it for certain, what is above it may be old (DECISIONS 18, 20).
    fn settle(&self, mut judgement: Judgement, basis: Basis, scope: &Scope<'_>) -> Judgement {
        if basis != Basis::NoBase {
            return judgement;
        }
        judgement.measured_text.push_str(", no base to compare with");
        if judgement.kind != OutcomeKind::NotMet || self.absolute_without_base {
            return judgement;
        }
        judgement.kind = if scope.named { OutcomeKind::NotMeasured } else { OutcomeKind::NotJudged };
        judgement.steps.clear();
        judgement.because("there is no scan of the base, so nobody can say which findings are new")
    }
}
