//! What the rules about scans share: which findings a rule looks at, counted once, and without what is lifted.

#[cfg(test)]
mod tests;

use super::lift::Lifted;
use super::searched::Searched;
use super::{Direction, Field, FieldKind, Globs, Judgement, Scope, Settings};
use crate::compare::{self, CountedFinding, Evidence, Reported, count_once};
use crate::model::{
    Finding, Kind, Measured, OutcomeKind, RepoPath, Scan, ScanClass, ScanClasses, Severity, SeverityCounts,
    Traits, Untrusted,
};

/// What a rule looks at, by what reports say of the findings.
pub(super) struct Narrowing {
    classes: ScanClasses,
    searched: Searched,
    /// True if the policy names the classes: a scanner that does not say what it looks for may look for these.
    by_policy: bool,
    tools: Globs,
    fix_only: bool,
    reachable_only: bool,
    without_development: bool,
}

const CLASSES: &[&str] = &["source", "dependency", "secret", "infrastructure", "container", "license"];

pub(super) const CLASS: Field = Field {
    key: "class",
    kind: FieldKind::Words(CLASSES),
    direction: Direction::Ordered,
    default: Some("all"),
    doc: "which findings count by what they are about; for each class that is named, a scanner that looks for it must \
          have left a report; `all` counts everything and names none",
};
pub(super) const TOOL: Field = Field {
    key: "tool",
    kind: FieldKind::Globs,
    direction: Direction::Unordered,
    default: None,
    doc: "the names of the only scanners whose findings count, as their reports give them, in any case; `*` stands for any text; one of them must have left a report",
};
pub(super) const FIX_AVAILABLE: Field = Field {
    key: "fix-available",
    kind: FieldKind::Word(&["only", "any"]),
    direction: Direction::Ordered,
    default: Some("any"),
    doc: "`only` does not count findings for which every report says that no fix exists",
};
pub(super) const REACHABLE: Field = Field {
    key: "reachable",
    kind: FieldKind::Word(&["only", "any"]),
    direction: Direction::Ordered,
    default: Some("any"),
    doc: "`only` does not count findings of which every report says that the code cannot reach them",
};
pub(super) const DEV_DEPENDENCY: Field = Field {
    key: "dev-dependency",
    kind: FieldKind::Word(&["ignore", "count"]),
    direction: Direction::Ordered,
    default: Some("count"),
    doc: "`ignore` does not count findings that every report puts into a dependency of the development alone",
};

/// The fields that narrow what a rule looks at; people are told of them where somebody sets one.
pub const NARROWING_FIELDS: &[&str] =
    &[CLASS.key, TOOL.key, FIX_AVAILABLE.key, REACHABLE.key, DEV_DEPENDENCY.key];

/// What a rule has to count.
pub(super) struct Selected<'f> {
    /// The findings that count, each once, worst first.
    pub(super) findings: Vec<CountedFinding<'f>>,
    /// Those of which only the severity is known.
    pub(super) not_kept: SeverityCounts,
    /// What was lifted.
    pub(super) lifted: Lifted,
}

impl Narrowing {
    pub(super) fn read(settings: &Settings) -> Self {
        let words = settings.words(CLASS.key);
        let of = |words: &[&str]| -> ScanClasses {
            ScanClass::ALL.into_iter().filter(|class| words.contains(&class.word())).collect()
        };
        // Scanners write their names as they like: `Trivy`, `trivy`.
        let patterns: Vec<String> =
            settings.globs(TOOL.key).iter().map(|pattern| pattern.to_lowercase()).collect();
        Self {
            classes: words.map_or(ScanClasses::NONE, |words| of(&words.counted)),
            searched: Searched::Each(words.map_or(ScanClasses::NONE, |words| of(&words.named))),
            by_policy: true,
            // The policy's reader has compiled them before; should one not compile, no tool is left out.
            tools: Globs::new(&patterns).unwrap_or_default(),
            fix_only: settings.word(FIX_AVAILABLE.key) == Some("only"),
            reachable_only: settings.word(REACHABLE.key) == Some("only"),
            without_development: settings.word(DEV_DEPENDENCY.key) == Some("ignore"),
        }
    }

    /// Findings of one class alone, whatever tool reports them; one must have looked for them.
    pub(super) fn of(class: ScanClass) -> Self {
        let classes = ScanClasses::of(&[class]);
        Self::all(classes, Searched::Each(classes))
    }

    /// The same for several classes, of which a tool must have looked for any.
    pub(super) fn of_any(classes: &[ScanClass]) -> Self {
        let classes = ScanClasses::of(classes);
        Self::all(classes, Searched::Any(classes))
    }

    fn all(classes: ScanClasses, searched: Searched) -> Self {
        Self {
            classes,
            searched,
            by_policy: false,
            tools: Globs::none(),
            fix_only: false,
            reachable_only: false,
            without_development: false,
        }
    }

    fn wants_tool(&self, name: &Untrusted) -> bool {
        self.tools.is_empty() || self.tools.is_match_text(&name.raw().to_lowercase())
    }

    /// True if the rule counts what this scanner looks for. One that is known to look for other things alone does
    /// not matter to it.
    pub(super) fn relies_on(&self, scan: &Scan) -> bool {
        let asked = self.searched.classes();
        let looks_for_it = asked.is_empty()
            || asked.iter().any(|class| scan.looked_for.has(class))
            || self.by_policy && scan.looked_for.is_empty();
        looks_for_it && self.wants_tool(&scan.tool.name)
    }

    /// The judgement of a rule that counts the findings of scanners of which none left a report: a name that nobody
    /// has must not make a rule that everything meets.
    pub(super) fn absent_tools(
        &self,
        evidence: &Evidence<'_>,
        scope: &Scope<'_>,
        required: &str,
    ) -> Option<Judgement> {
        let scans = &evidence.head.scans;
        if scans.iter().any(|scan| self.wants_tool(&scan.tool.name)) {
            return None;
        }
        let may_be_absent = evidence
            .contract
            .iter()
            .any(|entry| entry.kind == Kind::Scan && entry.optional && entry.arrived == 0);
        let outcome = if may_be_absent && !scope.pinned && evidence.problems(Kind::Scan).is_empty() {
            OutcomeKind::NotJudged
        } else {
            OutcomeKind::NotMeasured
        };
        let mut there: Vec<&str> = scans.iter().map(|scan| scan.tool.name.raw()).collect();
        there.sort_unstable();
        there.dedup();
        let reason = format!(
            "no scanner that `tool` names left a report; there are reports of {}",
            there.iter().take(5).copied().collect::<Vec<_>>().join(", ")
        );
        Some(
            Judgement::new(outcome, Measured::Nothing, "", required)
                .because(Untrusted::new(reason))
                .before_measuring(),
        )
    }

    /// Turns "met" into what holds where no scanner looked for what the rule is about: a report that has no finding
    /// does not say what it was made for.
    pub(super) fn settle(
        &self,
        judgement: Judgement,
        evidence: &Evidence<'_>,
        scope: &Scope<'_>,
    ) -> Judgement {
        let scans = evidence.head.scans.iter().filter(|scan| self.wants_tool(&scan.tool.name));
        self.searched.settle(judgement, scans, evidence, scope)
    }

    fn wants(&self, reported: &Reported<'_>, scope: &Scope<'_>) -> bool {
        self.classes.iter().any(|class| reported.finding.is_about(class))
            && self.wants_tool(&reported.tool.name)
            && in_scope(reported.finding, scope)
    }

    /// The findings that count among `reported`, and what was not kept of these scans.
    pub(super) fn select<'f>(
        &self,
        rule: &'static str,
        reported: impl IntoIterator<Item = Reported<'f>>,
        scans: &[Scan],
        scope: &Scope<'_>,
    ) -> Selected<'f> {
        let wanted = reported.into_iter().filter(|reported| self.wants(reported, scope));
        let mut lifted = Lifted::default();
        let mut findings = count_once(wanted);
        findings.retain(|finding| {
            if let Some((cause, proof)) = self.excuse(finding) {
                lifted.list_finding(rule, finding, cause, Untrusted::new(proof));
                return false;
            }
            if let Some(statement) = scope.vex.hiding(finding) {
                lifted.vex(rule, finding, statement);
                return false;
            }
            !lifted.finding(rule, finding, scope)
        });
        // Whose class is not known may be of any; without a place they belong to no overlay.
        let mut not_kept = SeverityCounts::default();
        for scan in scans.iter().filter(|scan| scope.whole && self.wants_tool(&scan.tool.name)) {
            not_kept.add(&scan.not_kept);
        }
        Selected { findings, not_kept, lifted }
    }

    /// Why a finding does not count by what its reports say of it. One that does not say it keeps it counted.
    fn excuse(&self, finding: &CountedFinding<'_>) -> Option<(&'static str, String)> {
        let all = |of: fn(&Traits) -> bool| finding.reports().all(|reported| of(&reported.finding.traits));
        let who = || finding.main.tool.name.raw();
        match () {
            () if self.fix_only && all(|traits| traits.fix == Some(false)) => {
                Some(("no-fix", format!("no fixed version exists, says {}", who())))
            }
            () if self.reachable_only && all(|traits| traits.reachable == Some(false)) => {
                Some(("unreachable", format!("the code cannot reach it, says {}", who())))
            }
            () if self.without_development && all(|traits| traits.development == Some(true)) => {
                Some(("dev-dependency", format!("needed for the development alone, says {}", who())))
            }
            () => None,
        }
    }
}

/// A package by the ecosystem and name that tools agree on.
pub(super) fn identity_of_package(ecosystem: &str, name: &str) -> (String, String) {
    let ecosystem = compare::ecosystem(ecosystem);
    (ecosystem.to_owned(), compare::package_name(name, ecosystem))
}

/// True if the finding belongs to the scope. A finding without a place in the repository belongs to the rule
/// itself and to no overlay.
pub(super) fn in_scope(finding: &Finding, scope: &Scope<'_>) -> bool {
    let path = finding.place.as_ref().map(|place| RepoPath::new(place.file.raw()));
    match path {
        Some(Ok(path)) => (scope.wanted)(&path),
        Some(Err(_)) | None => scope.whole,
    }
}

/// The active findings of all scans.
pub(super) fn active(scans: &[Scan]) -> impl Iterator<Item = Reported<'_>> {
    let all = scans.iter().flat_map(|scan| scan.findings.iter().map(move |finding| (scan, finding)));
    all.filter(|(_, finding)| finding.suppression.is_none())
        .map(|(scan, finding)| Reported { finding, tool: &scan.tool })
}

/// The severities that findings are counted by.
pub(super) fn severities(findings: &[CountedFinding<'_>]) -> SeverityCounts {
    let mut counts = SeverityCounts::default();
    findings.iter().map(CountedFinding::severity).for_each(|severity: Severity| counts.count(severity));
    counts
}
