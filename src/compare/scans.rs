//! Findings, told apart by whether the base has them (security.md b6).
//!
//! Findings of one tool, category and file are compared as multisets, in passes from the strongest identity
//! to the weakest: n equal findings on the base cover n on the head. A file that the change renames is
//! compared with its old path.

use super::vulnerabilities::{self, Reported};
use crate::model::{DiffState, FileChange, Finding, FindingId, RepoPath, Scan, SeverityCounts, Snapshot};
use std::collections::HashMap;

/// The active findings of the head against those of the base.
#[derive(Debug, Default)]
pub struct NewFindings<'e> {
    /// Findings that the base does not have.
    pub new: Vec<Reported<'e>>,
    /// Findings that were only counted cannot be compared and are new.
    pub new_not_kept: SeverityCounts,
    /// Findings that the base has too.
    pub existing: Vec<Reported<'e>>,
    /// Tools of the head that the base has no run of; their findings are new for lack of a comparison, unless
    /// another tool reported the same vulnerability there.
    pub tools_without_base: Vec<&'e Scan>,
}

/// Compares. `None` if the base is not known or has no scan.
pub(super) fn new_findings<'e>(
    head: &'e Snapshot,
    base: Option<&'e Snapshot>,
    diff: &'e DiffState,
) -> Option<NewFindings<'e>> {
    let base = base.filter(|base| !base.scans.is_empty())?;
    let mut result = NewFindings::default();
    let mut known = Known::default();
    for scan in &base.scans {
        for finding in active(scan) {
            known.add(scan, finding);
        }
    }
    let mut open: Vec<Candidate<'e>> = Vec::new();
    for scan in &head.scans {
        if !base.scans.iter().any(|other| same_tool(scan, other)) {
            result.tools_without_base.push(scan);
        }
        open.extend(active(scan).map(|finding| Candidate::new(scan, finding, diff)));
        result.new_not_kept.add(&scan.not_kept);
    }
    // All of one rank before any of the next: an unchanged finding must not lose its twin to one that only
    // resembles it.
    for rank in 0..RANKS {
        open.retain(|candidate| {
            let is_known = known.take(candidate, rank);
            if is_known {
                result.existing.push(candidate.reported());
            }
            !is_known
        });
    }
    result.new = open.iter().map(Candidate::reported).collect();
    known_by_another_tool(base, &mut result);
    result.new.sort_unstable();
    result.existing.sort_unstable();
    Some(result)
}

/// A vulnerability that another tool reported at the base is not new because one more tool reports it: as many of
/// a tool's reports of it are known as one tool of the base has.
fn known_by_another_tool<'e>(base: &'e Snapshot, result: &mut NewFindings<'e>) {
    let at_base =
        base.scans.iter().flat_map(|scan| active(scan).map(|finding| Reported { finding, tool: &scan.tool }));
    let mut all: Vec<Reported<'e>> = at_base.collect();
    let at_base = all.len();
    all.extend(&result.existing);
    let existing = all.len();
    all.extend(&result.new);
    let groups = vulnerabilities::groups(&all);
    let mut of_base: HashMap<usize, HashMap<&str, u64>> = HashMap::new();
    let mut of_head: HashMap<(usize, &str), u64> = HashMap::new();
    let mut new = Vec::new();
    for (index, (reported, group)) in all.iter().zip(&groups).enumerate() {
        let tool = reported.tool.name.raw();
        let Some(group) = *group else {
            new.extend((index >= existing).then_some(*reported));
            continue;
        };
        if index < at_base {
            *of_base.entry(group).or_default().entry(tool).or_default() += 1;
            continue;
        }
        let seen = of_head.entry((group, tool)).or_default();
        let most = of_base.get(&group).and_then(|tools| tools.values().max());
        if index < existing {
            *seen += 1;
        } else if most.is_some_and(|most| *seen < *most) {
            *seen += 1;
            result.existing.push(*reported);
        } else {
            new.push(*reported);
        }
    }
    result.new = new;
}

/// Identities from the strongest: the tool's fingerprint, the line, the text of the place, the message.
const RANKS: usize = 4;

fn identities(finding: &Finding) -> [FindingId; RANKS] {
    let [fingerprint, snippet, message] = finding.identities;
    [fingerprint, finding.line, snippet, message]
}

fn active(scan: &Scan) -> impl Iterator<Item = &Finding> {
    scan.findings.iter().filter(|finding| finding.suppression.is_none())
}

/// True if both are by one scanner, of one category.
pub fn same_tool(left: &Scan, right: &Scan) -> bool {
    left.tool.name == right.tool.name && left.category == right.category
}

/// A finding of the head that looks for its twin.
struct Candidate<'e> {
    scan: &'e Scan,
    finding: &'e Finding,
    /// Its file's path at the base.
    file: &'e str,
    /// True if it stands on a line that the change did not add or modify.
    on_old_line: bool,
}

impl<'e> Candidate<'e> {
    fn new(scan: &'e Scan, finding: &'e Finding, diff: &'e DiffState) -> Self {
        let place = finding.place.as_ref();
        let path = place.and_then(|place| RepoPath::new(place.file.raw()).ok());
        let changed = path.as_ref().zip(diff.known()).map(|(path, diff)| diff.files.get(path));
        let line = place.and_then(|place| place.line);
        let on_old_line = match (changed, line) {
            (Some(None), _) => true,
            (Some(Some(file)), Some(line)) => !file.added.contains(line.get()),
            (Some(Some(_)), None) | (None, _) => false,
        };
        let renamed_from = changed
            .flatten()
            .filter(|file| file.change == FileChange::Renamed)
            .and_then(|file| file.old_path.as_ref())
            .map(RepoPath::as_str);
        Self { scan, finding, file: renamed_from.unwrap_or_else(|| file_of(finding)), on_old_line }
    }

    const fn reported(&self) -> Reported<'e> {
        Reported { finding: self.finding, tool: &self.scan.tool }
    }
}

fn file_of(finding: &Finding) -> &str {
    finding.place.as_ref().map_or("", |place| place.file.raw())
}

/// Tool, category, file, rank, identity, and for the weakest rank which stronger ones the finding has.
type Key<'e> = (&'e str, &'e str, &'e str, usize, FindingId, [bool; RANKS - 1]);

/// The base's findings under each of their identities; taking one takes it under all of them.
#[derive(Default)]
struct Known<'e> {
    by_key: HashMap<Key<'e>, Vec<usize>>,
    taken: Vec<bool>,
}

impl<'e> Known<'e> {
    fn add(&mut self, scan: &'e Scan, finding: &'e Finding) {
        let index = self.taken.len();
        self.taken.push(false);
        for (rank, id) in identities(finding).into_iter().enumerate().filter(|(_, id)| id.is_there()) {
            let stronger = if rank + 1 == RANKS { stronger(finding) } else { NONE };
            let key = (scan.tool.name.raw(), scan.category.raw(), file_of(finding), rank, id, stronger);
            self.by_key.entry(key).or_default().push(index);
        }
    }

    fn take(&mut self, candidate: &Candidate<'e>, rank: usize) -> bool {
        let Some(id) = identities(candidate.finding).get(rank).copied().filter(|id| id.is_there()) else {
            return false;
        };
        let mut pop = |stronger: [bool; RANKS - 1]| {
            let tool = &candidate.scan.tool.name;
            let key = (tool.raw(), candidate.scan.category.raw(), candidate.file, rank, id, stronger);
            let stack = self.by_key.get_mut(&key)?;
            while let Some(index) = stack.pop() {
                if let Some(taken) = self.taken.get_mut(index).filter(|taken| !**taken) {
                    *taken = true;
                    return Some(());
                }
            }
            None
        };
        if rank + 1 < RANKS {
            return pop(NONE).is_some();
        }
        // Rule, file and message alone are enough where nothing stronger can be compared, and on a line that
        // the change did not touch; else a new finding could hide behind one that the change removes.
        let own = stronger(candidate.finding);
        let all = (0..8_u8).map(|bits| [bits & 4 != 0, bits & 2 != 0, bits & 1 != 0]);
        all.filter(|its| candidate.on_old_line || !own.iter().zip(its).any(|(own, its)| *own && *its))
            .any(|its| pop(its).is_some())
    }
}

const NONE: [bool; RANKS - 1] = [false; RANKS - 1];

fn stronger(finding: &Finding) -> [bool; RANKS - 1] {
    let [fingerprint, line, snippet, _] = identities(finding);
    [fingerprint, line, snippet].map(FindingId::is_there)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{
        Diff, DiffFile, Health, LineMarks, LineRanges, Place, ScanClass, ScanClasses, Severity, Suppression,
        Tool, Traits, Untrusted,
    };
    use std::num::NonZeroU32;

    fn finding(file: &str, line: u32, identities: [u64; 3]) -> Finding {
        Finding {
            severity: Severity::High,
            severity_source: Untrusted::default(),
            class: ScanClass::Source,
            rule: "r".into(),
            aliases: Box::default(),
            message: Untrusted::default(),
            place: Some(Place { file: file.into(), line: NonZeroU32::new(line) }),
            package: None,
            suppression: None,
            identities: identities.map(FindingId),
            line: FindingId::ABSENT,
            traits: Traits::default(),
        }
    }

    fn scan(tool: &str, findings: Vec<Finding>) -> Scan {
        let mut active = SeverityCounts::default();
        findings.iter().for_each(|finding| active.count(finding.severity));
        Scan {
            tool: Tool { name: tool.into(), ..Tool::default() },
            category: Untrusted::default(),
            health: Health::Complete,
            health_reason: Untrusted::default(),
            looked_for: ScanClasses::NONE,
            active,
            suppressed: 0,
            findings,
            not_kept: SeverityCounts::default(),
        }
    }

    fn snapshot(findings: Vec<Finding>) -> Snapshot {
        Snapshot { scans: vec![scan("t", findings)], ..Snapshot::default() }
    }

    fn changed(path: &str, old: Option<&str>, lines: &[u32]) -> DiffState {
        let path = RepoPath::new(path).unwrap();
        let file = DiffFile {
            change: if old.is_some() { FileChange::Renamed } else { FileChange::Modified },
            old_path: old.map(|old| RepoPath::new(old).unwrap()),
            added: lines.iter().copied().collect::<LineRanges>(),
            removed: LineRanges::default(),
            marks: LineMarks::default(),
        };
        DiffState::Known(Diff { files: [(path, file)].into(), ..Diff::default() })
    }

    fn new_lines(head: Vec<Finding>, base: Vec<Finding>, diff: &DiffState) -> Vec<u32> {
        let (head, base) = (snapshot(head), snapshot(base));
        let new = new_findings(&head, Some(&base), diff).unwrap();
        assert_eq!(
            (new.new.len() + new.existing.len()) as u64 + new.new_not_kept.total(),
            head.scans[0].active.total()
        );
        new.new.iter().filter_map(|new| Some(new.finding.place.as_ref()?.line?.get())).collect()
    }

    #[test]
    fn a_finding_whose_line_moved_is_not_new() {
        let diff = changed("a", None, &[1]);
        let head = vec![finding("a", 9, [1, 2, 3])];
        assert!(new_lines(head, vec![finding("a", 4, [1, 2, 3])], &diff).is_empty());
    }

    #[test]
    fn a_line_that_is_indented_anew_is_known_though_the_tools_fingerprint_is_another() {
        let diff = changed("a", None, &[1, 2, 3]);
        let on_line = |line: u64, fingerprint: u64| {
            let line = FindingId(line);
            vec![Finding { line, ..finding("a", 2, [fingerprint, fingerprint, 3]) }]
        };
        assert!(new_lines(on_line(7, 1), on_line(7, 2), &diff).is_empty());
        assert_eq!(new_lines(on_line(7, 1), on_line(8, 2), &diff), [2]);
    }

    #[test]
    fn each_finding_of_the_base_covers_one_of_the_head() {
        let diff = changed("a", None, &[]);
        let head = vec![finding("a", 1, [1, 2, 3]), finding("a", 2, [1, 2, 3]), finding("a", 3, [1, 2, 3])];
        let base = vec![finding("a", 1, [1, 2, 3]), finding("a", 2, [1, 2, 3])];
        assert_eq!(new_lines(head, base, &diff).len(), 1);
    }

    #[test]
    fn the_strongest_match_is_made_first() {
        // The head's first finding resembles the base's only; its second is the base's own.
        let diff = changed("a", None, &[]);
        let head = vec![finding("a", 1, [8, 0, 3]), finding("a", 2, [1, 0, 3])];
        assert_eq!(new_lines(head, vec![finding("a", 2, [1, 0, 3])], &diff), [1]);
    }

    #[test]
    fn on_a_changed_line_a_message_alone_does_not_make_two_findings_the_same() {
        let head = || vec![finding("a", 5, [8, 9, 3])];
        let base = || vec![finding("a", 7, [1, 2, 3])];
        assert_eq!(new_lines(head(), base(), &changed("a", None, &[5])), [5]);
        // The line itself did not change: what the fingerprint looks at beside it did.
        assert!(new_lines(head(), base(), &changed("a", None, &[6])).is_empty());
        assert!(new_lines(head(), base(), &changed("b", None, &[5])).is_empty());
        // Without a diff nobody can say so.
        assert_eq!(new_lines(head(), base(), &DiffState::NoBase), [5]);
    }

    #[test]
    fn where_nothing_stronger_can_be_compared_the_message_decides() {
        let diff = changed("a", None, &[5]);
        assert!(
            new_lines(vec![finding("a", 5, [0, 0, 3])], vec![finding("a", 7, [1, 2, 3])], &diff).is_empty()
        );
        assert!(
            new_lines(vec![finding("a", 5, [8, 0, 3])], vec![finding("a", 7, [0, 2, 3])], &diff).is_empty()
        );
    }

    #[test]
    fn a_missing_identity_is_never_equal_to_another() {
        let diff = changed("a", None, &[5]);
        assert_eq!(new_lines(vec![finding("a", 5, [0, 0, 3])], vec![finding("a", 5, [0, 0, 4])], &diff), [5]);
    }

    #[test]
    fn a_renamed_file_is_compared_with_its_old_path() {
        let head = || vec![finding("new", 5, [1, 2, 3])];
        let base = || vec![finding("old", 5, [1, 2, 3])];
        assert!(new_lines(head(), base(), &changed("new", Some("old"), &[])).is_empty());
        assert_eq!(new_lines(head(), base(), &changed("new", None, &[])), [5]);
    }

    #[test]
    fn a_finding_that_the_base_suppresses_is_new_once_it_is_active() {
        let mut suppressed = finding("a", 1, [1, 2, 3]);
        suppressed.suppression = Some(Box::new(Suppression { by: "in-source".into(), reason: "".into() }));
        let (head, base) = (snapshot(vec![finding("a", 1, [1, 2, 3])]), snapshot(vec![suppressed]));
        let diff = DiffState::NoBase;
        assert_eq!(new_findings(&head, Some(&base), &diff).unwrap().new.len(), 1);
    }

    #[test]
    fn another_tool_does_not_cover_a_finding() {
        let head = snapshot(vec![finding("a", 1, [1, 2, 3])]);
        let base =
            Snapshot { scans: vec![scan("other", vec![finding("a", 1, [1, 2, 3])])], ..Snapshot::default() };
        let diff = DiffState::NoBase;
        let new = new_findings(&head, Some(&base), &diff).unwrap();
        assert_eq!((new.new.len(), new.tools_without_base.len()), (1, 1));
        assert!(new_findings(&head, Some(&Snapshot::default()), &diff).is_none());
    }
}
