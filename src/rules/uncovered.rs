//! Uncovered changed lines for people: steps, tables, and the groups that annotations stand on.

use super::Scope;
use super::words::{counted, of_metric};
use crate::compare::{ChangedFile, ChangedLines, Counted, Metric};
use crate::model::{
    Coverage, Detail, FileCoverage, LineRanges, Percent, Ratio, RepoPath, Step, Uncovered, Untrusted,
};
use std::num::NonZeroU32;

const MOST_STEPS: usize = 5;
const MOST_ROWS: usize = 500;
const MOST_RANGES: usize = 40;
/// Groups grow over so many lines that are no code (blank lines, comments, braces).
const WIDEST_GAP: u32 = 3;
/// More groups than any output has room for.
const MOST_GROUPS: usize = 200;

/// One step per file, those with most to do first.
pub(super) fn steps(
    rule: &'static str,
    files: &[(&ChangedFile<'_>, Counted)],
    ratio: Ratio,
    min: Percent,
    metric: Metric,
    scope: &Scope<'_>,
) -> Vec<Step> {
    let missing = |counted: &Counted| counted.ratio.whole.saturating_sub(counted.ratio.part);
    let mut files: Vec<_> = files.iter().filter(|(_, counted)| missing(counted) > 0).collect();
    files.sort_by_key(|(file, counted)| (std::cmp::Reverse(missing(counted)), file.path));
    let missed = ratio.whole - ratio.part.min(ratio.whole);
    let short = ratio.shortfall(min);
    let them = if files.len() == 1 { "them".to_owned() } else { format!("all {missed}") };
    let enough = match short {
        short if short == missed => format!("all of them are needed to reach {min}"),
        1 => format!("1 of {them} is enough to reach {min}"),
        short => format!("{short} of {them} are enough to reach {min}"),
    };
    let run = scope.reproduce.coverage.clone().unwrap_or_default();
    let (one, many) = of_metric(metric);
    let (one, many) = (format!("more changed {one}"), format!("more changed {many}"));
    files
        .into_iter()
        .take(MOST_STEPS)
        .enumerate()
        .map(|(index, (file, counts))| Step {
            rule,
            action: format!("Test {}.", counted(missing(counts), &one, &many)),
            subject: Untrusted::new(counts.missed.text(MOST_RANGES)),
            file: Untrusted::new(file.path.as_str()),
            line: counts.missed.lines().next().and_then(NonZeroU32::new),
            detail: Untrusted::new(if index == 0 { enough.as_str() } else { "" }),
            run: run.clone(),
            for_owners: false,
        })
        .collect()
}

/// Every changed file with its share and the lines that are not covered.
pub(super) fn detail(files: &[(&ChangedFile<'_>, Counted)], metric: Metric) -> Option<Detail> {
    let mut rows = vec![vec!["File".into(), "Covered".into(), "Not covered".into()]];
    let mut missed = 0_u64;
    let mut judged = files.iter().filter(|(_, counted)| counted.ratio.whole > 0).peekable();
    judged.peek()?;
    for (file, counted) in judged {
        let Ratio { part, whole } = counted.ratio;
        missed = missed.saturating_add(whole.saturating_sub(part));
        if rows.len() <= MOST_ROWS {
            let share = format!("{} ({part} of {whole})", counted.ratio.text_against(None));
            let lines = counted.missed.text(MOST_RANGES);
            rows.push(vec![Untrusted::new(file.path.as_str()), share.into(), lines.into()]);
        }
    }
    let title = match (missed, metric) {
        (0, _) => format!("Changed files, all covered ({})", rows.len() - 1),
        (missed, Metric::Line) => format!("Changed lines without a test ({missed})"),
        (missed, Metric::Branch) => format!("Changed branches that no test took ({missed})"),
        (missed, Metric::Function) => format!("Changed functions that no test called ({missed})"),
    };
    Some(Detail { title, rows, text: Untrusted::default() })
}

/// Changed source files that no report measures.
pub(super) fn unmeasured_detail(changed: &ChangedLines<'_>, scope: &Scope<'_>) -> Option<Detail> {
    let paths: Vec<&RepoPath> =
        changed.unmeasured.iter().copied().filter(|path| (scope.wanted)(path)).collect();
    let mut rows = vec![vec!["File".into()]];
    rows.extend(paths.iter().take(MOST_ROWS).map(|path| vec![Untrusted::new(path.as_str())]));
    let title = format!("Changed files that no report measures ({})", paths.len());
    (!paths.is_empty()).then(|| Detail { title, rows, text: Untrusted::default() })
}

/// Markers and settings of the change that decide what is measured at all. They stand with the rule itself, whatever
/// paths it judges.
pub(super) fn exclusions_detail(changed: &ChangedLines<'_>, scope: &Scope<'_>) -> Option<Detail> {
    let mut rows = vec![vec!["File".into(), "Line".into(), "What".into()]];
    for (path, exclusion) in changed.exclusions.iter().take(MOST_ROWS) {
        let line = match exclusion.line {
            0 => "gone".to_owned(),
            line => line.to_string(),
        };
        rows.push(vec![path.as_str().into(), line.into(), exclusion.marker.into()]);
    }
    let title =
        format!("Lines of the change that take code out of the coverage ({})", changed.exclusions.len());
    (scope.whole && rows.len() > 1).then(|| Detail { title, rows, text: Untrusted::default() })
}

/// Uncovered changed lines that stand close together, each group in one file.
pub(super) fn groups(
    rule: &'static str,
    files: &[(&ChangedFile<'_>, Counted)],
    coverage: &Coverage,
) -> Vec<Uncovered> {
    let mut groups = Vec::new();
    for (file, counted) in files {
        let measured = coverage.files.get(file.path);
        for (first, last) in grouped(&counted.missed, measured) {
            if let (Some(first), Some(last)) = (NonZeroU32::new(first), NonZeroU32::new(last))
                && groups.len() < MOST_GROUPS
            {
                groups.push(Uncovered { rule, file: file.path.as_str().into(), first, last });
            }
        }
    }
    groups
}

fn grouped(missed: &LineRanges, measured: Option<&FileCoverage>) -> Vec<(u32, u32)> {
    let is_code = |line: u32| {
        measured.is_some_and(|file| NonZeroU32::new(line).is_some_and(|line| file.lines.get(line).is_some()))
    };
    let mut groups: Vec<(u32, u32)> = Vec::new();
    for &(first, last) in missed.ranges() {
        match groups.last_mut() {
            Some(group) if first - group.1 - 1 <= WIDEST_GAP && !(group.1 + 1..first).any(is_code) => {
                group.1 = last;
            }
            Some(_) | None => groups.push((first, last)),
        }
    }
    groups
}
