//! Scanners that the base has a report of and the change has none: nothing passes by removing its scanner.

use super::{Judgement, Scope, limits};
use crate::compare::{self, Evidence};
use crate::model::{Kind, Measured, OutcomeKind, Scan, SeverityCounts, Untrusted};

/// "Not measured" if a scan of the base that the rule relies on is missing here, unless the policy lets its report be
/// absent.
pub(super) fn judgement(
    evidence: &Evidence<'_>,
    scope: &Scope<'_>,
    required: &str,
    relies_on: impl Fn(&Scan) -> bool,
) -> Option<Judgement> {
    let missing = missing(evidence, scope, relies_on);
    let mut known = SeverityCounts::default();
    missing.iter().for_each(|scan| known.add(&scan.active));
    let what = match missing.len() {
        0 => return None,
        1 => "a scan is missing that the base has".to_owned(),
        count => format!("{count} scans are missing that the base has"),
    };
    let text = format!("{what} ({} there)", limits::findings_text(known.total(), ""));
    let judgement = Judgement::new(OutcomeKind::NotMeasured, Measured::Nothing, text, required);
    Some(judgement.because(reason(&missing, evidence)).before_measuring())
}

/// Turns "met" into "not measured" where a scan of the base is missing that the rule relies on, unless the policy
/// lets its report be absent.
pub(super) fn settle(
    mut judgement: Judgement,
    evidence: &Evidence<'_>,
    scope: &Scope<'_>,
    relies_on: impl Fn(&Scan) -> bool,
) -> Judgement {
    if judgement.kind != OutcomeKind::Met {
        return judgement;
    }
    let missing = missing(evidence, scope, relies_on);
    if missing.is_empty() {
        return judgement;
    }
    judgement.kind = OutcomeKind::NotMeasured;
    judgement.because(reason(&missing, evidence))
}

/// The scans of the base that are missed here. What is pinned for all is missed whatever a repository lets be absent.
fn missing<'e>(
    evidence: &Evidence<'e>,
    scope: &Scope<'_>,
    relies_on: impl Fn(&Scan) -> bool,
) -> Vec<&'e Scan> {
    let scans = evidence.base.into_iter().flat_map(|base| &base.scans);
    let is_there = |scan: &Scan| evidence.head.scans.iter().any(|head| compare::same_tool(head, scan));
    let is_missed = |scan: &Scan| !is_there(scan) && (scope.pinned || !may_be_absent(scan, evidence));
    scans.filter(|scan| is_missed(scan) && relies_on(scan)).collect()
}

/// True if every report of a scanner may be absent by the policy's word, or one that is absent and may be states all
/// that this scan looked for. An entry that states nothing may be of any scanner, so it excuses none.
fn may_be_absent(scan: &Scan, evidence: &Evidence<'_>) -> bool {
    let entries = || evidence.contract.iter().filter(|entry| entry.kind == Kind::Scan);
    let mut absent = entries().filter(|entry| entry.optional && entry.arrived == 0).peekable();
    if absent.peek().is_some() && entries().all(|entry| entry.optional) {
        return true;
    }
    let looked_for = scan.looked_for;
    !looked_for.is_empty() && absent.any(|entry| looked_for.without(entry.classes).is_empty())
}

fn reason(missing: &[&Scan], evidence: &Evidence<'_>) -> Untrusted {
    const SHOWN: usize = 3;
    let mut names: Vec<String> = missing
        .iter()
        .map(|scan| match scan.category.raw() {
            "" => scan.tool.name.raw().to_owned(),
            category => format!("{} ({category})", scan.tool.name.raw()),
        })
        .collect();
    names.sort();
    names.dedup();
    let more = names.len().saturating_sub(SHOWN);
    let end = match (names.len(), more) {
        (1, _) => "and the change has none".to_owned(),
        (_, 0) => "and the change has none of them".to_owned(),
        _ => format!("and {more} more, and the change has none of them"),
    };
    names.truncate(SHOWN);
    let scans = if names.len() == 1 { "a scan" } else { "scans" };
    // The way out, where the policy means one of these.
    let silent = evidence.contract.iter().find(|entry| {
        entry.kind == Kind::Scan && entry.optional && entry.arrived == 0 && entry.classes.is_empty()
    });
    let out = silent.map_or_else(String::new, |entry| {
        format!(
            "; `{}` of `reports:` may be absent, and does not say with `class` for what it stands",
            entry.entry
        )
    });
    Untrusted::new(format!("the base has {scans} by {} {end}{out}", names.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::super::sample::{Sample, finding, scan};
    use super::*;
    use crate::model::ScanClass::{Container, Dependency, License, Secret, Source};
    use crate::model::Severity::High;
    use crate::model::{Finding, ScanClass, ScanClasses, Snapshot};

    /// One whole run for each tool.
    fn scans(tools: &[(&str, &[ScanClass])]) -> Snapshot {
        let mut all = scan(vec![]);
        all.scans.clear();
        for (name, classes) in tools {
            let mut one = scan(vec![]);
            one.scans[0].tool.name = (*name).into();
            one.scans[0].looked_for = ScanClasses::of(classes);
            all.scans.append(&mut one.scans);
        }
        all
    }

    const BOTH: &[(&str, &[ScanClass])] =
        &[("one", &[Secret, License]), ("two", &[Secret, Dependency, License])];

    #[test]
    fn no_rule_is_met_while_a_scanner_of_the_base_is_missing() {
        for rule in ["scan.new", "scan.all", "scan.secrets", "scan.licenses", "scan.exploited"] {
            let kind = |head: &[(&str, &[ScanClass])]| {
                let judgement = Sample::of(scans(head)).against(scans(BOTH)).judge(rule, &[]);
                (judgement.kind, judgement.reason.raw().to_owned())
            };
            assert_eq!(kind(BOTH).0, OutcomeKind::Met, "{rule}");
            let reason = "the base has a scan by two and the change has none";
            let without = kind(&[("one", &[Secret, Dependency, License])]);
            assert_eq!(without, (OutcomeKind::NotMeasured, reason.to_owned()), "{rule}");
            // One more scanner is nobody's fault.
            let more = [BOTH, &[("three", &[Source])]].concat();
            assert_eq!(kind(&more).0, OutcomeKind::Met, "{rule}");
        }
    }

    #[test]
    fn a_rule_about_one_class_misses_only_those_that_looked_for_it() {
        let base = || scans(&[("gitleaks", &[Secret]), ("linter", &[]), ("codeql", &[Source])]);
        let kind = |head: &[(&str, &[ScanClass])], rule: &str| {
            Sample::of(scans(head)).against(base()).judge(rule, &[]).kind
        };
        assert_eq!(kind(&[("gitleaks", &[Secret])], "scan.secrets"), OutcomeKind::Met);
        assert_eq!(
            kind(&[("trufflehog", &[Secret]), ("codeql", &[Source])], "scan.secrets"),
            OutcomeKind::NotMeasured
        );
        assert_eq!(kind(&[("gitleaks", &[Secret])], "scan.all"), OutcomeKind::NotMeasured);
    }

    #[test]
    fn a_narrowed_rule_misses_only_what_it_looks_at() {
        let base = || scans(&[("trivy", &[Container]), ("linter", &[]), ("codeql", &[Source])]);
        for rule in ["scan.new", "scan.all"] {
            let kind = |gone: &str, fields: &[(&str, &str)]| {
                let mut head = base();
                head.scans.retain(|scan| scan.tool.name.raw() != gone);
                Sample::of(head).against(base()).judge(rule, fields).kind
            };
            assert_eq!(kind("codeql", &[]), OutcomeKind::NotMeasured);
            assert_eq!(kind("codeql", &[("tool", "trivy")]), OutcomeKind::Met);
            assert_eq!(kind("codeql", &[("class", "container")]), OutcomeKind::Met);
            assert_eq!(kind("trivy", &[("class", "source")]), OutcomeKind::Met);
            // What it looked for is not known.
            assert_eq!(kind("linter", &[("class", "source")]), OutcomeKind::NotMeasured);
        }
    }

    #[test]
    fn what_is_found_is_said_though_a_scanner_is_missing() {
        let mut head = scan(vec![Finding { class: Secret, ..finding("key", High) }]);
        head.scans[0].tool.name = "one".into();
        let sample = Sample::of(head).against(scans(BOTH));
        for rule in ["scan.all", "scan.secrets"] {
            let judgement = sample.judge(rule, &[]);
            assert_eq!((judgement.kind, judgement.steps.len()), (OutcomeKind::NotMet, 1), "{rule}");
        }
    }

    #[test]
    fn a_scanner_that_the_policy_lets_be_absent_is_not_missed() {
        let sample = |entries: &[(&[ScanClass], bool, u64)], pinned: bool| {
            let mut sample = Sample::of(scans(&[("one", &[Secret])]))
                .against(scans(&[("one", &[Secret]), ("two", &[Secret])]));
            for (index, (classes, optional, arrived)) in entries.iter().enumerate() {
                sample = sample.asking("entry", Kind::Scan, 1, *arrived);
                sample.contract[index].optional = *optional;
                sample.contract[index].classes = ScanClasses::of(classes);
            }
            sample.pinned = pinned;
            sample
        };
        let judge = |entries: &[(&[ScanClass], bool, u64)], pinned: bool| {
            let sample = sample(entries, pinned);
            let kinds = ["scan.secrets", "scan.all", "scan.new"].map(|rule| sample.judge(rule, &[]).kind);
            assert!(kinds.iter().all(|kind| *kind == kinds[0]), "{kinds:?}");
            kinds[0]
        };
        let one: (&[ScanClass], bool, u64) = (&[], false, 1);
        assert_eq!(judge(&[one, (&[Secret], true, 0)], false), OutcomeKind::Met);
        assert_eq!(judge(&[(&[], true, 1), (&[], true, 0)], false), OutcomeKind::Met);
        // It may be the report of another scanner.
        assert_eq!(judge(&[one, (&[], true, 0)], false), OutcomeKind::NotMeasured);
        assert_eq!(
            sample(&[one, (&[], true, 0)], false).judge("scan.new", &[]).reason.raw(),
            "the base has a scan by two and the change has none; `entry` of `reports:` may be absent, and does not \
             say with `class` for what it stands"
        );
        assert_eq!(judge(&[one, (&[Container], true, 0)], false), OutcomeKind::NotMeasured);
        assert_eq!(judge(&[one, (&[Secret], true, 1)], false), OutcomeKind::NotMeasured);
        assert_eq!(judge(&[one, (&[Secret], true, 0)], true), OutcomeKind::NotMeasured);
    }

    #[test]
    fn a_change_without_any_scan_is_not_judged_only_where_all_scans_may_be_absent() {
        let judge = |optional: &[bool], pinned: bool| {
            let base = scan(vec![finding("a", High)]);
            let mut sample = Sample::default().against(base);
            for (index, optional) in optional.iter().enumerate() {
                sample = sample.asking("entry", Kind::Scan, 1, 0);
                sample.contract[index].optional = *optional;
            }
            sample.pinned = pinned;
            sample.judge("scan.new", &[]).kind
        };
        assert_eq!(judge(&[true, true], false), OutcomeKind::NotJudged);
        assert_eq!(judge(&[true, true], true), OutcomeKind::NotMeasured);
        assert_eq!(judge(&[true, false], false), OutcomeKind::NotMeasured);
        assert_eq!(judge(&[], false), OutcomeKind::NotMeasured);
    }

    #[test]
    fn all_that_are_missing_are_named() {
        let judge = |base: &[(&str, &[ScanClass])]| {
            let head = scans(&[("here", &[Source])]);
            Sample::of(head).against(scans(base)).judge("scan.all", &[]).reason.raw().to_owned()
        };
        assert_eq!(
            judge(&[("b", &[]), ("a", &[])]),
            "the base has scans by a, b and the change has none of them"
        );
        let many: [(&str, &[ScanClass]); 5] = [("a", &[]), ("b", &[]), ("c", &[]), ("d", &[]), ("e", &[])];
        assert_eq!(judge(&many), "the base has scans by a, b, c and 2 more, and the change has none of them");
        let mut base = scans(&[("a", &[])]);
        base.scans[0].category = "python".into();
        let judgement = Sample::of(scans(&[("a", &[])])).against(base).judge("scan.all", &[]);
        assert_eq!(judgement.reason.raw(), "the base has a scan by a (python) and the change has none");
    }
}
