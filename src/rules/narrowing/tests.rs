use super::*;
use crate::model::OutcomeKind::{Met, NotMet};
use crate::model::Severity::{Critical, High, Low};
use crate::model::{FindingId, Package, Snapshot};
use crate::rules::sample::{Sample, finding, scan};
use crate::rules::{Covered, VersionRange};

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
        [kind(head.clone(), &[("tool", tool)]), Sample::of(head).judge("scan.new", &[("tool", tool)]).kind]
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
    let head = || looking_for(&[ScanClass::Source, ScanClass::Secret], vec![of_class(ScanClass::Dependency)]);
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
