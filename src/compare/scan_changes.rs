//! What became of the findings of the base, beside those that are new: no longer reported, of another severity,
//! and whether the scanners are the same at all (security.md b6).
//!
//! Nothing is judged by it, so it says only what is certain: a finding that could be another one is left out.

use crate::model::{Finding, FindingId, Health, Scan, Severity, Snapshot, Untrusted};
use std::collections::{HashMap, HashSet};

/// The findings and scanners of both sides.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct ScanChanges<'e> {
    /// Findings of the base of which the head has no trace. That they are gone is no proof that they are fixed.
    pub gone: Vec<&'e Finding>,
    /// Findings of both sides, with the severity on the base and the one now.
    pub regraded: Vec<(&'e Finding, Severity)>,
    /// Scanners whose version differs: name, version on the base, version now.
    pub versions: Vec<(&'e Untrusted, &'e Untrusted, &'e Untrusted)>,
    /// Scanners whose vulnerability database differs: name, database on the base, database now.
    pub databases: Vec<(&'e Untrusted, &'e Untrusted, &'e Untrusted)>,
}

/// Compares the scanners that came to a good end on both sides.
pub fn scan_changes<'e>(head: &'e Snapshot, base: &'e Snapshot) -> ScanChanges<'e> {
    let mut changes = ScanChanges::default();
    for before in base.scans.iter().filter(|scan| scan.health == Health::Complete) {
        let is_same = |scan: &&Scan| scan.tool.name == before.tool.name && scan.category == before.category;
        let now: Vec<&Scan> = head.scans.iter().filter(is_same).collect();
        // What was only counted, or not looked for to the end, could be anything.
        if now.is_empty()
            || now.iter().any(|scan| scan.health != Health::Complete || scan.not_kept.total() > 0)
        {
            continue;
        }
        let findings: Vec<&Finding> = now.iter().flat_map(|scan| &scan.findings).collect();
        let known: HashSet<FindingId> = findings.iter().flat_map(|finding| ids(finding)).collect();
        let is_active = |finding: &&Finding| finding.suppression.is_none();
        let gone = before.findings.iter().filter(is_active);
        changes.gone.extend(
            gone.filter(|finding| {
                ids(finding).next().is_some() && ids(finding).all(|id| !known.contains(&id))
            }),
        );
        regraded(&mut changes.regraded, &before.findings, &findings);
        let name = &before.tool.name;
        for (of, into) in [
            (version as fn(&Scan) -> &Untrusted, &mut changes.versions),
            (database as fn(&Scan) -> &Untrusted, &mut changes.databases),
        ] {
            let was = of(before);
            let other = now.iter().map(|scan| of(scan)).find(|is| *is != was && !is.is_empty());
            into.extend(other.filter(|_| !was.is_empty()).map(|is| (name, was, is)));
        }
    }
    changes.gone.sort();
    changes.gone.dedup();
    changes.versions.dedup();
    changes.databases.dedup();
    changes
}

fn version(scan: &Scan) -> &Untrusted {
    &scan.tool.version
}

fn database(scan: &Scan) -> &Untrusted {
    &scan.tool.database
}

/// Findings whose strongest identity stands once on each side, with another severity.
fn regraded<'e>(into: &mut Vec<(&'e Finding, Severity)>, before: &'e [Finding], now: &[&'e Finding]) {
    let mut severities: HashMap<(&str, FindingId), Option<Severity>> = HashMap::new();
    for finding in before {
        let Some(key) = key(finding) else { continue };
        let severity = finding.severity;
        severities.entry(key).and_modify(|once| *once = None).or_insert(Some(severity));
    }
    let mut seen: HashMap<(&str, FindingId), u64> = HashMap::new();
    for finding in now {
        if let Some(key) = key(finding) {
            *seen.entry(key).or_default() += 1;
        }
    }
    for &finding in now {
        let Some(key) = key(finding).filter(|key| seen.get(key) == Some(&1)) else { continue };
        if let Some(Some(was)) = severities.get(&key)
            && *was != finding.severity
        {
            into.push((finding, *was));
        }
    }
}

fn key(finding: &Finding) -> Option<(&str, FindingId)> {
    Some((finding.place.as_ref().map_or("", |place| place.file.raw()), ids(finding).next()?))
}

fn ids(finding: &Finding) -> impl Iterator<Item = FindingId> {
    let [fingerprint, snippet, message] = finding.identities;
    [fingerprint, finding.line, snippet, message].into_iter().filter(|id| id.is_there())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ScanClass, ScanClasses, SeverityCounts, Tool, Traits};

    fn finding(rule: &str, severity: Severity, identities: [u64; 3]) -> Finding {
        Finding {
            severity,
            severity_source: Untrusted::default(),
            class: ScanClass::Source,
            rule: rule.into(),
            aliases: Box::default(),
            message: Untrusted::default(),
            place: None,
            package: None,
            suppression: None,
            identities: identities.map(FindingId),
            line: FindingId::ABSENT,
            traits: Traits::default(),
        }
    }

    fn snapshot(version: &str, findings: Vec<Finding>) -> Snapshot {
        let scan = Scan {
            tool: Tool {
                name: "t".into(),
                version: version.into(),
                database: format!("db {version}").into(),
            },
            category: Untrusted::default(),
            health: Health::Complete,
            health_reason: Untrusted::default(),
            looked_for: ScanClasses::NONE,
            active: SeverityCounts::default(),
            suppressed: 0,
            findings,
            not_kept: SeverityCounts::default(),
        };
        Snapshot { scans: vec![scan], ..Snapshot::default() }
    }

    use Severity::{High, Medium};

    #[test]
    fn findings_without_a_trace_are_gone_and_others_may_be_regraded() {
        let base = snapshot("1", vec![finding("a", High, [1, 2, 3]), finding("b", Medium, [4, 5, 6])]);
        let head = snapshot("2", vec![finding("b", High, [4, 5, 6])]);
        let changes = scan_changes(&head, &base);
        assert_eq!(changes.gone.iter().map(|finding| finding.rule.raw()).collect::<Vec<_>>(), ["a"]);
        assert_eq!(changes.regraded.iter().map(|(_, was)| *was).collect::<Vec<_>>(), [Medium]);
        assert_eq!(
            changes.versions.iter().map(|(_, was, is)| (was.raw(), is.raw())).collect::<Vec<_>>(),
            [("1", "2")]
        );
        assert_eq!(
            changes.databases.iter().map(|(_, was, is)| (was.raw(), is.raw())).collect::<Vec<_>>(),
            [("db 1", "db 2")]
        );
    }

    #[test]
    fn a_finding_that_could_be_another_one_is_left_out() {
        // The head has one that shares a weaker identity, and two of one identity.
        let base = snapshot("1", vec![finding("a", High, [1, 2, 3]), finding("b", Medium, [4, 0, 0])]);
        let twice = || finding("b", High, [4, 0, 0]);
        let head = snapshot("1", vec![finding("a", High, [9, 8, 3]), twice(), twice()]);
        assert_eq!(scan_changes(&head, &base), ScanChanges::default());
    }

    #[test]
    fn a_scan_that_did_not_end_well_or_lost_findings_tells_nothing() {
        let base = snapshot("1", vec![finding("a", High, [1, 2, 3])]);
        let mut failed = snapshot("2", Vec::new());
        failed.scans[0].health = Health::Failed;
        let mut cut = snapshot("2", Vec::new());
        cut.scans[0].not_kept.high = 1;
        for head in [failed, cut, Snapshot::default()] {
            assert_eq!(scan_changes(&head, &base), ScanChanges::default());
        }
    }
}
