//! Report files that belong together, and the glob that names them.

use crate::model::{CoverageTotals, Health, Kind, Ratio, RepoPath, ReportRead, ReportTotals, SeverityCounts};
use crate::policy::Globs;
use std::collections::BTreeMap;

/// More files than this are never listed one by one.
const MOST_LISTED: usize = 20;

/// Report files of one kind and format.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// What they are about.
    pub kind: Kind,
    /// Id of the format; empty if none was recognised.
    pub format: String,
    /// The files, sorted, as paths from the root.
    pub files: Vec<String>,
    /// Globs that name them and no other report.
    pub globs: Vec<String>,
    /// The worst health.
    pub health: Health,
    /// What they say together.
    pub figures: Figures,
}

/// The totals of a group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Cases of tests.
    pub cases: u64,
    /// Cases and containers that failed, or whose end is not known.
    pub failed: u64,
    /// Covered lines of all lines.
    pub lines: Ratio,
    /// Active findings.
    pub findings: SeverityCounts,
}

impl Figures {
    fn add(&mut self, totals: &ReportTotals) {
        match totals {
            ReportTotals::None => {}
            ReportTotals::Tests(tests) => {
                self.cases = self.cases.saturating_add(tests.tests);
                let bad = [tests.failed, tests.errored, tests.unknown, tests.container_failures];
                self.failed = bad.into_iter().fold(self.failed, u64::saturating_add);
            }
            ReportTotals::Coverage(CoverageTotals { lines, .. }) => {
                let lines = lines.unwrap_or_default();
                self.lines.part = self.lines.part.saturating_add(lines.part);
                self.lines.whole = self.lines.whole.saturating_add(lines.whole);
            }
            ReportTotals::Scan { active, .. } => self.findings.add(active),
        }
    }
}

/// The reports by kind and format, in the order in which people read them, and those that have no kind or whose
/// name no policy can hold.
pub(super) fn groups(reports: &[ReportRead]) -> (Vec<Group>, Vec<&ReportRead>) {
    let mut by_kind: BTreeMap<(Kind, &str), Vec<&ReportRead>> = BTreeMap::new();
    let mut left = Vec::new();
    for report in reports {
        let file = report.file.raw();
        let can_be_named = RepoPath::new(file).is_ok() && !file.chars().any(char::is_control);
        match report.kind.filter(|_| can_be_named) {
            Some(kind) => by_kind.entry((kind, report.format.as_str())).or_default().push(report),
            None => left.push(report),
        }
    }
    let mut groups = Vec::new();
    for ((kind, format), members) in by_kind {
        let mut files: Vec<String> = members.iter().map(|report| report.file.raw().to_owned()).collect();
        files.sort();
        files.dedup();
        let mut figures = Figures::default();
        for report in &members {
            figures.add(&report.totals);
        }
        let health = members.iter().map(|report| report.health).max().unwrap_or(Health::Missing);
        let is_ours = |path: &RepoPath| files.iter().any(|file| file == path.as_str());
        let foreign: Vec<RepoPath> = reports
            .iter()
            .filter_map(|report| RepoPath::new(report.file.raw()).ok())
            .filter(|path| !is_ours(path))
            .collect();
        let globs = globs_for(&files, &foreign);
        groups.push(Group { kind, format: format.to_owned(), files, globs, health, figures });
    }
    (groups, left)
}

/// Globs that match the files and none of the foreign ones: one that says what they have in common, else one
/// per folder, else the files themselves.
fn globs_for(files: &[String], foreign: &[RepoPath]) -> Vec<String> {
    let literal: Vec<String> = files.iter().map(|file| escaped(file)).collect();
    if files.len() == 1 {
        return literal;
    }
    let holds = |globs: &[String]| {
        let paths: Vec<RepoPath> = files.iter().filter_map(|file| RepoPath::new(file).ok()).collect();
        Globs::new(globs).is_ok_and(|compiled| {
            paths.iter().all(|path| compiled.is_match(path))
                && !foreign.iter().any(|path| compiled.is_match(path))
        })
    };
    let common = common_glob(files);
    if let Some(glob) = common.filter(|glob| holds(std::slice::from_ref(glob))) {
        return vec![glob];
    }
    let mut folders: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for file in files {
        let folder = file.rsplit_once('/').map_or("", |(folder, _)| folder);
        folders.entry(folder).or_default().push(file.clone());
    }
    let by_folder: Vec<String> = folders
        .values()
        .filter_map(|files| match files.as_slice() {
            [file] => Some(escaped(file)),
            files => common_glob(files),
        })
        .collect();
    if by_folder.len() == folders.len() && by_folder.len() <= MOST_LISTED && holds(&by_folder) {
        return by_folder;
    }
    literal
}

/// `reports/TEST-*.xml`, `**/target/surefire-reports/TEST-*.xml`; `None` if the names have no ending in common.
fn common_glob(files: &[String]) -> Option<String> {
    let split: Vec<(&str, &str)> =
        files.iter().map(|file| file.rsplit_once('/').unwrap_or(("", file))).collect();
    let names: Vec<&str> = split.iter().map(|(_, name)| *name).collect();
    let name = common_name(&names)?;
    let folders: Vec<Vec<&str>> =
        split.iter().map(|(folder, _)| folder.split('/').filter(|part| !part.is_empty()).collect()).collect();
    let first = folders.first()?;
    if folders.iter().all(|folder| folder == first) {
        let folder: String = first.iter().map(|part| format!("{}/", escaped(part))).collect();
        return Some(format!("{folder}{name}"));
    }
    let same = |from_end: usize| {
        let part = first.iter().rev().nth(from_end)?;
        folders.iter().all(|folder| folder.iter().rev().nth(from_end) == Some(part)).then_some(*part)
    };
    let mut tail: Vec<String> = (0..first.len()).map_while(same).map(escaped).collect();
    tail.reverse();
    tail.push(name);
    Some(format!("**/{}", tail.join("/")))
}

/// What names have in common: the beginning, `*`, and an ending that holds their extension.
fn common_name(names: &[&str]) -> Option<String> {
    let first = *names.first()?;
    if names.iter().all(|name| *name == first) {
        return Some(escaped(first));
    }
    let shortest = names.iter().map(|name| name.chars().count()).min()?;
    let agrees = |backwards: bool, index: usize| {
        let at = |name: &str| if backwards { name.chars().rev().nth(index) } else { name.chars().nth(index) };
        names.iter().all(|name| at(name) == at(first))
    };
    let mut end = (0..shortest).take_while(|&index| agrees(true, index)).count();
    let suffix: String = first.chars().skip(first.chars().count() - end).collect();
    // Only from a dot on: `-1.xml` and `-21.xml` have no `1` in common that means something.
    let suffix = suffix.find('.').and_then(|dot| suffix.get(dot..)).map(str::to_owned)?;
    end = suffix.chars().count();
    let start = (0..shortest - end).take_while(|&index| agrees(false, index)).count();
    let prefix: String = first.chars().take(start).collect();
    // Up to a separator: two test classes of one first letter are no family.
    let cut = prefix.rfind(['-', '_', '.']).map_or(0, |at| at + 1);
    Some(format!("{}*{}", escaped(prefix.get(..cut)?), escaped(&suffix)))
}

/// A path as a glob that matches it alone.
fn escaped(text: &str) -> String {
    let mut glob = String::new();
    for c in text.chars() {
        match c {
            '*' | '?' | '[' | ']' | '{' | '}' | '\\' => glob.extend(['\\', c]),
            c => glob.push(c),
        }
    }
    glob
}

#[cfg(test)]
mod tests {
    use super::*;

    fn globs(files: &[&str], foreign: &[&str]) -> Vec<String> {
        let files: Vec<String> = files.iter().map(|file| (*file).to_owned()).collect();
        let foreign: Vec<RepoPath> = foreign.iter().map(|file| RepoPath::new(file).unwrap()).collect();
        globs_for(&files, &foreign)
    }

    #[test]
    fn files_of_one_folder_share_a_glob() {
        assert_eq!(globs(&["r/TEST-a.xml", "r/TEST-b.xml"], &["r/other.xml"]), ["r/TEST-*.xml"]);
        assert_eq!(globs(&["r/a.xml", "r/b.xml"], &[]), ["r/*.xml"]);
    }

    #[test]
    fn modules_share_the_folder_below_them() {
        let files = ["a/target/surefire-reports/TEST-x.xml", "b/c/target/surefire-reports/TEST-y.xml"];
        assert_eq!(globs(&files, &[]), ["**/target/surefire-reports/TEST-*.xml"]);
        assert_eq!(globs(&["lcov.info", "web/lcov.info"], &[]), ["**/lcov.info"]);
    }

    #[test]
    fn a_glob_never_takes_in_another_report() {
        assert_eq!(globs(&["r/a.xml", "r/b.xml"], &["r/coverage.xml"]), ["r/a.xml", "r/b.xml"]);
    }

    #[test]
    fn a_name_that_looks_like_a_glob_is_taken_literally() {
        let glob = globs(&["r/[a]*{b}.xml"], &[]);
        let compiled = Globs::new(&glob).unwrap();
        assert!(compiled.is_match(&RepoPath::new("r/[a]*{b}.xml").unwrap()));
        assert!(!compiled.is_match(&RepoPath::new("r/aXb.xml").unwrap()));
    }
}
