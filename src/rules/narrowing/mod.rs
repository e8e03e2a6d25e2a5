//! What the rules about scans share: which findings a rule looks at, counted once, and without what is lifted.

use super::lift::Lifted;
use super::searched::Searched;
use super::{Direction, Field, FieldKind, Globs, Judgement, Scope, Settings, vex};
use crate::compare::{self, CountedFinding, Evidence, Reported, count_once};
use crate::model::{
    Detail, Finding, Kind, Measured, OutcomeKind, RepoPath, Scan, ScanClass, ScanClasses, Severity,
    SeverityCounts, Traits, Untrusted,
};

/// What a rule looks at, by what reports say of the findings.
pub(super) struct Narrowing {
    classes: ScanClasses,
    searched: Searched,
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
            tools: Globs::none(),
            fix_only: false,
            reachable_only: false,
            without_development: false,
        }
    }

    fn wants_tool(&self, name: &Untrusted) -> bool {
        self.tools.is_empty() || self.tools.is_match_text(&name.raw().to_lowercase())
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
            if let Some(statement) = vex::hiding(scope.vex, finding) {
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
fn in_scope(finding: &Finding, scope: &Scope<'_>) -> bool {
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

/// What the reports themselves hide.
pub(super) struct Hidden {
    /// How many findings, kept or not.
    count: u64,
    /// Those that a comment in a line of the change hides.
    by_change: Vec<Vec<Untrusted>>,
}

impl Hidden {
    /// Looks for suppressed findings in the scope, of one class alone if it is named.
    pub(super) fn find(evidence: &Evidence<'_>, scope: &Scope<'_>, class: Option<ScanClass>) -> Self {
        let scans = &evidence.head.scans;
        let is_wanted = |finding: &Finding| class.is_none_or(|class| finding.is_about(class));
        let count = match class {
            None => scans.iter().map(|scan| scan.suppressed).fold(0_u64, u64::saturating_add),
            Some(_) => {
                let all = scans.iter().flat_map(|scan| &scan.findings);
                all.filter(|finding| finding.suppression.is_some() && is_wanted(finding)).count() as u64
            }
        };
        let mut by_change = Vec::new();
        for scan in scans {
            let suppressed =
                scan.findings.iter().filter(|finding| is_wanted(finding) && in_scope(finding, scope));
            for finding in suppressed.filter(|finding| hidden_by_change(finding, evidence)) {
                let place = finding.place.as_ref();
                let line =
                    place.and_then(|place| place.line).map_or(String::new(), |line| format!(":{line}"));
                let file = place.map_or("", |place| place.file.raw());
                let reason = finding.suppression.as_ref().map(|it| it.reason.clone()).unwrap_or_default();
                by_change.push(vec![
                    finding.severity.word().into(),
                    finding.rule.clone(),
                    format!("{file}{line}").into(),
                    reason,
                ]);
            }
        }
        by_change.sort();
        Self { count: if scope.whole { count } else { 0 }, by_change }
    }

    /// `, 2 suppressed (1 by this change)`, or nothing.
    pub(super) fn text(&self) -> String {
        match (self.count, self.by_change.len()) {
            (0, 0) => String::new(),
            (count, 0) => format!(", {count} suppressed"),
            (count, own) => format!(", {} suppressed ({own} by this change)", count.max(own as u64)),
        }
    }

    /// What the change itself hides, as a table.
    pub(super) fn detail(&self) -> Option<Detail> {
        const MOST_ROWS: usize = 500;
        if self.by_change.is_empty() {
            return None;
        }
        let mut rows: Vec<Vec<Untrusted>> =
            vec![vec!["Severity".into(), "Rule".into(), "Place".into(), "Reason given".into()]];
        rows.extend(self.by_change.iter().take(MOST_ROWS).cloned());
        let title =
            format!("Findings that this change suppresses in its own source ({})", self.by_change.len());
        Some(Detail { title, rows, text: Untrusted::default() })
    }
}

/// True if a comment hides the finding and the change wrote its line or the one above, where the comment stands.
fn hidden_by_change(finding: &Finding, evidence: &Evidence<'_>) -> bool {
    let in_source = finding.suppression.as_ref().is_some_and(|suppression| suppression.by == "in-source");
    let place = finding.place.as_ref().filter(|_| in_source);
    let path = place.and_then(|place| Some((RepoPath::new(place.file.raw()).ok()?, place.line?.get())));
    let Some(((path, line), diff)) = path.zip(evidence.diff()) else { return false };
    diff.files
        .get(&path)
        .is_some_and(|file| file.added.contains(line) || line > 1 && file.added.contains(line - 1))
}

/// The severities that findings are counted by.
pub(super) fn severities(findings: &[CountedFinding<'_>]) -> SeverityCounts {
    let mut counts = SeverityCounts::default();
    findings.iter().map(CountedFinding::severity).for_each(|severity: Severity| counts.count(severity));
    counts
}

#[cfg(test)]
mod tests {
    use super::super::sample::{Sample, finding, scan};
    use super::super::{Covered, VersionRange};
    use super::*;
    use crate::model::OutcomeKind::{Met, NotMet};
    use crate::model::Severity::{Critical, High, Low};
    use crate::model::{FindingId, Package, Snapshot, Suppression};

    fn of_class(class: ScanClass) -> Finding {
        Finding { class, ..finding("r", High) }
    }

    fn with(traits: Traits) -> Finding {
        Finding { traits, ..finding("r", High) }
    }

    fn kind(head: Snapshot, fields: &[(&str, &str)]) -> OutcomeKind {
        Sample::of(head).judge("scan.all", fields).kind
    }

    fn advisory(rule: &str, alias: &str, version: &str, severity: Severity) -> Finding {
        let package = Package { ecosystem: "npm".into(), name: "p".into(), version: version.into() };
        Finding {
            class: ScanClass::Dependency,
            aliases: Box::new([alias.into()]),
            package: Some(Box::new(package)),
            ..finding(rule, severity)
        }
    }

    /// Two tools with one finding each.
    fn two_tools(first: Finding, second: Finding) -> Snapshot {
        let (mut head, mut other) = (scan(vec![first]), scan(vec![second]));
        other.scans[0].tool.name = "other".into();
        head.scans.append(&mut other.scans);
        head
    }

    #[test]
    fn a_tool_is_known_in_any_case_and_one_that_left_no_report_is_no_pass() {
        let named = |tool: &str| {
            let mut head = scan(vec![finding("r", High)]);
            head.scans[0].tool.name = "Trivy".into();
            [
                kind(head.clone(), &[("tool", tool)]),
                Sample::of(head).judge("scan.new", &[("tool", tool)]).kind,
            ]
        };
        assert_eq!(named("trivy")[0], NotMet);
        assert_eq!(named("TRI*")[0], NotMet);
        assert_eq!(named("grype"), [OutcomeKind::NotMeasured; 2]);
        let mut clean = scan(vec![]);
        clean.scans[0].tool.name = "Trivy".into();
        assert_eq!(kind(clean.clone(), &[("tool", "trivy")]), Met);
        let judgement = Sample::of(clean).judge("scan.all", &[("tool", "grype")]);
        assert_eq!(
            judgement.reason.raw(),
            "no scanner that `tool` names left a report; there are reports of Trivy"
        );
    }

    #[test]
    fn only_the_named_classes_count() {
        let head =
            || looking_for(&[ScanClass::Source, ScanClass::Secret], vec![of_class(ScanClass::Dependency)]);
        assert_eq!(kind(head(), &[]), NotMet);
        assert_eq!(kind(head(), &[("class", "dependency, container")]), NotMet);
        assert_eq!(kind(head(), &[("class", "source, secret")]), Met);
    }

    fn looking_for(classes: &[ScanClass], findings: Vec<Finding>) -> Snapshot {
        let mut head = scan(findings);
        head.scans[0].looked_for = ScanClasses::of(classes);
        head
    }

    #[test]
    fn a_clean_report_is_no_pass_for_what_nobody_looked_for() {
        let source = || looking_for(&[ScanClass::Source], vec![]);
        for rule in ["scan.all", "scan.new"] {
            let kind = |class: &str| Sample::of(source()).judge(rule, &[("class", class)]).kind;
            assert_eq!(kind("source"), Met);
            assert_eq!(kind("all"), Met);
            assert_eq!(kind("container"), OutcomeKind::NotMeasured);
            // Each class that is named, also beside `all`.
            assert_eq!(kind("source, container"), OutcomeKind::NotMeasured);
            assert_eq!(kind("all, container"), OutcomeKind::NotMeasured);
        }
        let judgement = Sample::of(source()).judge("scan.all", &[("class", "container, secret")]);
        assert_eq!(
            judgement.reason.raw(),
            "no report says that it looked for secrets and for vulnerabilities in container images; if one did, \
             state `class: [secret, container]` in its entry of `reports:`"
        );
        // Another tool's report does not stand for the one that is named.
        let mut two = source();
        let mut other = looking_for(&[ScanClass::Container], vec![]);
        other.scans[0].tool.name = "other".into();
        two.scans.append(&mut other.scans);
        assert_eq!(kind(two.clone(), &[("class", "container")]), Met);
        assert_eq!(kind(two, &[("class", "container"), ("tool", "scanner")]), OutcomeKind::NotMeasured);
    }

    #[test]
    fn what_is_found_is_counted_though_another_class_was_not_looked_for() {
        let head = looking_for(&[ScanClass::Source], vec![finding("r", High)]);
        assert_eq!(kind(head, &[("class", "source, container")]), NotMet);
    }

    #[test]
    fn a_scanner_that_the_policy_lets_be_absent_is_not_asked_for() {
        let judge = |classes: &[ScanClass], pinned: bool| {
            let mut sample = Sample::of(looking_for(&[ScanClass::Source], vec![]));
            sample = sample.asking("image", Kind::Scan, 1, 0);
            sample.contract[0].optional = true;
            sample.contract[0].classes = ScanClasses::of(classes);
            sample.pinned = pinned;
            ["container", "source, container"].map(|class| sample.judge("scan.all", &[("class", class)]).kind)
        };
        assert_eq!(judge(&[ScanClass::Container], false), [OutcomeKind::NotJudged, Met]);
        assert_eq!(judge(&[], false), [OutcomeKind::NotJudged, Met]);
        assert_eq!(judge(&[ScanClass::Secret], false), [OutcomeKind::NotMeasured; 2]);
        assert_eq!(judge(&[ScanClass::Container], true), [OutcomeKind::NotMeasured; 2]);
    }

    #[test]
    fn a_package_of_an_image_is_about_both() {
        let mut found = of_class(ScanClass::Dependency);
        found.traits.also = ScanClasses::of(&[ScanClass::Container]);
        for class in ["dependency", "container", "all"] {
            assert_eq!(kind(scan(vec![found.clone()]), &[("class", class)]), NotMet, "{class}");
        }
    }

    #[test]
    fn what_the_policy_states_of_a_scanner_counts_for_its_findings() {
        let stated = |class: ScanClass, states: &[ScanClass]| {
            let mut head = looking_for(&[], vec![of_class(class)]);
            head.scans[0].state(ScanClasses::of(states));
            head
        };
        // What nobody knows is taken for source code.
        let guessed = stated(ScanClass::Source, &[ScanClass::Infrastructure]);
        assert_eq!(kind(guessed, &[("class", "infrastructure")]), NotMet);
        let known = stated(ScanClass::Secret, &[ScanClass::Secret, ScanClass::Infrastructure]);
        assert_eq!(kind(known, &[("class", "infrastructure")]), Met);
        let image = stated(ScanClass::Dependency, &[ScanClass::Dependency, ScanClass::Container]);
        assert_eq!(kind(image, &[("class", "container")]), NotMet);
    }

    #[test]
    fn only_the_named_tools_count() {
        assert_eq!(kind(scan(vec![finding("r", High)]), &[("tool", "scan*")]), NotMet);
        let beside_another = |mut head: Snapshot| {
            let mut other = scan(vec![]);
            other.scans[0].tool.name = "other".into();
            head.scans.append(&mut other.scans);
            head
        };
        assert_eq!(kind(beside_another(scan(vec![finding("r", High)])), &[("tool", "other")]), Met);
        let mut cut = scan(vec![]);
        cut.scans[0].not_kept.high = 1;
        cut.scans[0].active.high = 1;
        let cut = beside_another(cut);
        assert_eq!(kind(cut.clone(), &[("tool", "other")]), Met);
        assert_eq!(kind(cut, &[("class", "license")]), NotMet, "what is only counted may be of any class");
    }

    #[test]
    fn conditions_leave_out_only_what_the_report_denies() {
        for (field, lax, of) in [
            ("fix-available", "only", (|said| Traits { fix: said, ..Traits::default() }) as fn(_) -> _),
            ("reachable", "only", |said| Traits { reachable: said, ..Traits::default() }),
            ("dev-dependency", "ignore", |said: Option<bool>| Traits {
                development: said.map(|said| !said),
                ..Traits::default()
            }),
        ] {
            for (said, wanted) in [(None, NotMet), (Some(true), NotMet), (Some(false), Met)] {
                assert_eq!(kind(scan(vec![with(of(said))]), &[(field, lax)]), wanted, "{field} {said:?}");
                assert_eq!(kind(scan(vec![with(of(said))]), &[]), NotMet, "{field} {said:?}");
            }
        }
    }

    #[test]
    fn what_a_condition_leaves_out_is_listed() {
        let head = scan(vec![with(Traits { fix: Some(false), ..Traits::default() })]);
        let judgement = Sample::of(head).judge("scan.all", &[("fix-available", "only")]);
        assert_eq!(judgement.measured_text, "0 findings, 1 not counted");
        let listed = &judgement.not_counted[0];
        assert_eq!((listed.cause, listed.proof.raw()), ("no-fix", "no fixed version exists, says scanner"));
    }

    #[test]
    fn a_vulnerability_of_two_tools_counts_once_and_both_say_how_bad_it_is() {
        let mut worse = advisory("GHSA-1", "CVE-1", "1.0", Critical);
        worse.severity_source = "ghsa CRITICAL".into();
        let mut other = advisory("CVE-1", "x", "1.0", High);
        other.severity_source = "nvd High".into();
        let judgement = Sample::of(two_tools(worse, other)).judge("scan.all", &[]);
        assert_eq!(judgement.measured_text, "1 finding (1 critical)");
        let row: Vec<&str> = judgement.details[0].rows[1].iter().map(Untrusted::raw).collect();
        assert_eq!(row[..2], ["critical", "GHSA-1 in p 1.0"]);
        assert_eq!(row[4], "scanner: ghsa CRITICAL (critical); other: nvd High (high)");
    }

    #[test]
    fn a_waiver_by_any_alias_covers_all_reports_of_a_vulnerability_but_not_a_worse_severity() {
        let head = || two_tools(advisory("GHSA-1", "CVE-1", "1.0", Low), advisory("CVE-1", "x", "1.0", High));
        let waived = |covered: Covered| {
            let sample = Sample::of(head()).waiving("scan.all", covered);
            sample.judge("scan.all", &[]).kind
        };
        assert_eq!(waived(Covered { id: Some("GHSA-1".into()), ..Covered::default() }), Met);
        let to_medium = Some(Severity::Medium);
        let covered = Covered { id: Some("CVE-1".into()), severity: to_medium, ..Covered::default() };
        assert_eq!(waived(covered), NotMet);
    }

    #[test]
    fn a_waiver_may_be_bound_to_versions() {
        for (version, wanted) in [("1.0", Met), ("1.4.1", NotMet), ("1.0-rc1", NotMet), ("", NotMet)] {
            let head = scan(vec![advisory("CVE-1", "x", version, High)]);
            let versions = VersionRange::parse(">=1.0, <1.4.1");
            let covered = Covered { id: Some("CVE-1".into()), versions, ..Covered::default() };
            let judgement = Sample::of(head).waiving("scan.all", covered).judge("scan.all", &[]);
            assert_eq!(judgement.kind, wanted, "{version}");
        }
    }

    #[test]
    fn why_a_range_fits_nothing_is_known_where_the_report_gives_no_version() {
        let lacking = |version: &str, id: &str| {
            let head = scan(vec![advisory("CVE-1", "x", version, High)]);
            let versions = VersionRange::parse(">=1.0");
            let covered = Covered { id: Some(id.into()), versions, ..Covered::default() };
            let sample = Sample::of(head).waiving("scan.all", covered);
            let findings = count_once(active(&sample.head.scans));
            sample.waivers[0].lacks_version_of(&findings).map(|tool| tool.raw().to_owned())
        };
        assert_eq!(lacking("", "CVE-1").as_deref(), Some("scanner"));
        assert_eq!(lacking("0.9", "CVE-1"), None);
        assert_eq!(lacking("", "CVE-2"), None);
    }

    #[test]
    fn a_waiver_may_name_the_fingerprint_that_the_table_shows() {
        let mut second = finding("r", High);
        second.identities = [FindingId(1), FindingId(2), FindingId(3)];
        let head = scan(vec![finding("r", High), second]);
        let all = Sample::of(head.clone()).judge("scan.all", &[]);
        let shown = all.details[0].rows[1][5].raw().to_owned();
        let covered = Covered { fingerprint: Some(shown), ..Covered::default() };
        let judgement = Sample::of(head).waiving("scan.all", covered).judge("scan.all", &[]);
        assert_eq!(judgement.measured_text, "1 finding (1 high), 1 not counted");
    }

    #[test]
    fn what_the_change_hides_in_its_own_source_is_named() {
        let hidden = |by: &str| {
            let mut finding = finding("r", High);
            finding.suppression =
                Some(Box::new(Suppression { by: by.to_owned(), reason: "trust me".into() }));
            finding
        };
        // The finding stands on line 3; a comment may stand above it.
        for (lines, by, text) in [
            (&[2][..], "in-source", "0 findings, 1 suppressed (1 by this change)"),
            (&[3], "in-source", "0 findings, 1 suppressed (1 by this change)"),
            (&[5], "in-source", "0 findings, 1 suppressed"),
            (&[3], "external", "0 findings, 1 suppressed"),
        ] {
            let sample = Sample::of(scan(vec![hidden(by)])).changing("src/a.rs", lines.iter().copied());
            let judgement = sample.judge("scan.all", &[]);
            assert_eq!(judgement.measured_text, text);
            let named = judgement.details.first().map(|detail| detail.rows[1][3].raw());
            assert_eq!(named, text.contains("change").then_some("trust me"));
        }
    }
}
