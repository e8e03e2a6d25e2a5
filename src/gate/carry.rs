//! Reports that a change may leave out because it touches nothing that they are about (`absent: carried`).
//!
//! What the base's reports of such an entry said stands for them. It is never inferred: the base's evidence holds the
//! entry's part by itself and whole, everything that changed since that part was made is known, no changed file is one
//! that makes the reports due, and none is one that the part measures.

use crate::compare::{BaseSide, Drift};
use crate::diagnostic::{Code, Diagnostic, Origin, Weight};
use crate::merge::{merge_coverage, merge_scans, merge_tests};
use crate::model::{Diff, DiffState, Health, RepoPath, ReportRead, Snapshot};
use crate::policy::{Absent, Policy, ReportEntry};

/// Adds to the head what the base's reports say of entries that did not come and need not. Returns what there is to
/// say: an entry that could not be carried stays missing.
pub fn carry(head: &mut Snapshot, base: &BaseSide<'_>, diff: &DiffState, policy: &Policy) -> Vec<Diagnostic> {
    let mut notes = Vec::new();
    for (name, entry) in policy.reports.iter().filter(|(_, entry)| entry.absent == Absent::Carried) {
        let came = |report: &ReportRead| report.entry == *name && report.health != Health::Missing;
        if head.reports.iter().any(came) {
            continue;
        }
        match part_for(name, entry, base, diff) {
            Ok(None) => {}
            Ok(Some(part)) => add(head, name, part, base),
            Err(why) => {
                let message = format!(
                    "the reports of `{name}` did not come, and the base's cannot stand for them: {why}"
                );
                notes.push(Diagnostic::new(Code::NotCarried, Weight::Warning, message, entry.origin.clone()));
            }
        }
    }
    notes
}

/// The base's part of an entry; `None` if the change makes the reports due.
fn part_for<'e>(
    name: &str,
    entry: &ReportEntry,
    base: &BaseSide<'e>,
    diff: &DiffState,
) -> Result<Option<&'e Snapshot>, String> {
    let changes = changes(base, diff)?;
    if changes.iter().any(|diff| entry.is_due_by(diff)) {
        return Ok(None);
    }
    let Some(snapshot) = base.snapshot else {
        return Err(format!("there is no evidence of {}{}", base.branch(), base.why_absent()));
    };
    let Some(part) = snapshot.parts.get(name) else {
        return Err(format!("the evidence of {} holds no reports of `{name}` by themselves", base.place()));
    };
    if part.health_of(entry.kind) != Some(Health::Complete) {
        return Err(format!("those of {} are not whole", base.place()));
    }
    let measured =
        |path: &RepoPath| part.coverage.as_ref().is_some_and(|coverage| coverage.files.contains_key(path));
    let touched = changes.iter().flat_map(|diff| &diff.files);
    let mut paths = touched.flat_map(|(path, file)| [Some(path), file.old_path.as_ref()]).flatten();
    match paths.find(|path| measured(path)) {
        None => Ok(Some(part)),
        Some(path) => {
            let path = path.as_str();
            Err(format!("they measure {path}, which is changed and which `when` does not name"))
        }
    }
}

/// All that changed since the base's evidence was made.
fn changes<'d>(base: &BaseSide<'d>, diff: &'d DiffState) -> Result<Vec<&'d Diff>, String> {
    let diff = match diff {
        DiffState::Known(diff) => Some(diff),
        DiffState::NoBase => None,
        DiffState::Unavailable { reason, .. } => return Err(reason.raw().to_owned()),
    };
    match base.drift {
        Drift::None => Ok(diff.into_iter().collect()),
        Drift::Known(since) => Ok(diff.into_iter().chain([since]).collect()),
        Drift::Unknown(why) => Err(why.to_owned()),
    }
}

fn add(head: &mut Snapshot, name: &str, part: &Snapshot, base: &BaseSide<'_>) {
    let of = part
        .commit
        .as_deref()
        .map_or(String::new(), |commit| format!(" at {}", commit.get(..7).unwrap_or(commit)));
    let message = format!("not run: unaffected; this is what it said on {}{of}", base.branch());
    for report in &part.reports {
        let mut row = report.clone();
        row.entry = name.to_owned();
        row.warnings.push(Diagnostic::new(
            Code::CarriedReport,
            Weight::Note,
            message.as_str(),
            Origin::file(row.file.clone()),
        ));
        head.reports.push(row);
    }
    head.reports.sort();
    head.tests = merge_tests(head.tests.take().into_iter().chain(part.tests.clone()));
    head.coverage = merge_coverage(head.coverage.take().into_iter().chain(part.coverage.clone()));
    head.scans = merge_scans(vec![std::mem::take(&mut head.scans), part.scans.clone()]);
    head.parts.insert(name.to_owned(), part.clone());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{FileChange, Kind, TestStatus};
    use crate::policy::{parse, resolve};
    use crate::rules::sample::{Sample, coverage, report, tests};

    const POLICY: &str = "version: 1
reports:
  parser: { kind: coverage, path: \"parser.info\", absent: carried, when: { changed: [\"parser/**\"] } }
  rest: { kind: coverage, path: \"rest.info\" }
rules:
  coverage.total: { min: 60 }
  evidence.reports: {}
";

    fn policy() -> Policy {
        resolve(Some(&parse(POLICY, "tollgate.yml").unwrap()), "tollgate.yml")
    }

    fn of_entry(mut snapshot: Snapshot, entry: &str) -> Snapshot {
        snapshot.reports.iter_mut().for_each(|report| report.entry = entry.to_owned());
        snapshot
    }

    /// A change of `app.rs`, of which the base ran the parser's reports at its own commit.
    fn sample() -> Sample {
        let mut part = of_entry(coverage(&[("parser/a.rs", &[(1, 1), (2, 1)])]), "parser");
        part.commit = Some("b1".repeat(20));
        let mut base = of_entry(coverage(&[("app.rs", &[(1, 1)])]), "rest");
        base.parts.insert("parser".to_owned(), part);
        let head = of_entry(coverage(&[("app.rs", &[(1, 0), (2, 1)])]), "rest");
        Sample::of(head).against(base).changing("app.rs", [1])
    }

    fn carried(mut sample: Sample) -> (Snapshot, Vec<String>) {
        let mut head = std::mem::take(&mut sample.head);
        let notes = carry(&mut head, &sample.base_side(), &sample.diff, &policy());
        (head, notes.iter().map(|note| note.message.raw().to_owned()).collect())
    }

    fn refused(sample: Sample) -> String {
        let (head, notes) = carried(sample);
        assert_eq!(head.reports.len(), 1, "nothing stands for it: {notes:?}");
        notes.into_iter().next().unwrap_or_default()
    }

    #[test]
    fn the_bases_reports_stand_for_those_that_the_change_does_not_touch() {
        let (head, notes) = carried(sample());
        assert_eq!(notes, Vec::<String>::new());
        let lines = head.coverage.as_ref().unwrap().totals(|_| true).lines.unwrap();
        assert_eq!((lines.part, lines.whole), (3, 4));
        let row = head.reports.iter().find(|report| report.entry == "parser").unwrap();
        assert_eq!(
            row.warnings[0].message.raw(),
            "not run: unaffected; this is what it said on main at b1b1b1b"
        );
        let contract = policy().contract(&head, &sample().diff);
        assert!(contract.iter().all(|state| !state.is_short()), "{contract:?}");
        assert_eq!(head.parts["parser"].commit, sample().base.unwrap().parts["parser"].commit);
    }

    #[test]
    fn what_the_change_makes_due_must_come() {
        assert_eq!(
            refused(sample().changing("parser/b.rs", [1])),
            "",
            "the contract says that it is missing"
        );
        let (head, _) = carried(sample().changing("parser/b.rs", [1]));
        assert!(policy().contract(&head, &sample().diff).iter().any(|state| state.is_short()));
    }

    #[test]
    fn a_changed_file_that_the_reports_measure_is_never_taken_from_the_base() {
        let mut sample = sample();
        let part = sample.base.as_mut().unwrap().parts.get_mut("parser").unwrap();
        part.coverage = coverage(&[("app.rs", &[(1, 1)])]).coverage;
        assert!(
            refused(sample).ends_with("they measure app.rs, which is changed and which `when` does not name")
        );
    }

    #[test]
    fn a_file_that_moved_out_of_the_reports_counts_as_changed() {
        let mut sample = sample().changing("moved.rs", []);
        let DiffState::Known(diff) = &mut sample.diff else { unreachable!() };
        let file = diff.files.get_mut(&RepoPath::new("moved.rs").unwrap()).unwrap();
        file.change = FileChange::Renamed;
        file.old_path = RepoPath::new("parser/a.rs").ok();
        assert_eq!(refused(sample), "", "the glob matches where it was");
    }

    #[test]
    fn what_happened_since_the_evidence_counts_too() {
        assert_eq!(carried(sample().since_then("other.rs", [1], [])).1, Vec::<String>::new());
        assert_eq!(refused(sample().since_then("parser/a.rs", [1], [])), "");
        let unknown = Sample { since: Some(Err("the clone ends before it")), ..sample() };
        assert!(refused(unknown).ends_with(": the clone ends before it"));
    }

    #[test]
    fn without_whole_evidence_of_its_own_nothing_is_carried() {
        let mut none = sample();
        none.base = None;
        assert!(refused(none).ends_with("there is no evidence of main"));
        let mut other = sample();
        other.base.as_mut().unwrap().parts.clear();
        assert!(refused(other).ends_with("holds no reports of `parser` by themselves"));
        let mut broken = sample();
        let part = broken.base.as_mut().unwrap().parts.get_mut("parser").unwrap();
        part.reports.push(report("cut.info", Kind::Coverage, Health::Degraded));
        assert!(refused(broken).ends_with("are not whole"));
        let unavailable = DiffState::Unavailable { reason: "shallow".into(), help: String::new() };
        assert!(refused(Sample { diff: unavailable, ..sample() }).ends_with(": shallow"));
    }

    #[test]
    fn what_came_is_never_replaced() {
        let mut sample = sample();
        sample.head.reports[0].entry = "parser".to_owned();
        let (head, notes) = carried(sample);
        assert_eq!((head.reports.len(), notes.len()), (1, 0));
    }

    #[test]
    fn carried_tests_count_with_those_that_ran() {
        let policy = "version: 1
reports: { slow: { kind: tests, path: slow.xml, absent: carried, when: { changed: [\"slow/**\"] } } }
";
        let policy = resolve(Some(&parse(policy, "tollgate.yml").unwrap()), "tollgate.yml");
        let mut base = tests(&[("fast", TestStatus::Passed)]);
        let part = tests(&[("slow", TestStatus::Failed), ("slower", TestStatus::Passed)]);
        base.parts.insert("slow".to_owned(), of_entry(part, "slow"));
        let sample = Sample::of(tests(&[("fast", TestStatus::Passed)])).against(base).changing("a.rs", [1]);
        let mut head = sample.head.clone();
        assert!(carry(&mut head, &sample.base_side(), &sample.diff, &policy).is_empty());
        let totals = head.tests.unwrap().totals;
        assert_eq!(
            (totals.tests, totals.passed, totals.failed),
            (3, 2, 1),
            "a failure of the base is carried too"
        );
    }
}
