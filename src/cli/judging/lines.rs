//! Every changed line that counts, for `explain`.

use super::Judged;
use crate::compare::{self, ChangedLine, Ran};
use crate::formats::Source;
use crate::gate::{self, Keep, Reading};
use crate::model::{FileCoverage, Ratio, RepoPath, Untrusted};
use crate::render::explain::{CountedLine, Said};
use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;

impl Judged {
    /// Every changed line that counts, with what each report says of it. The reports are read once more, each
    /// alone: the snapshot keeps what they say together.
    pub(in crate::cli) fn counted_lines(&self) -> Vec<CountedLine> {
        let gathered = &self.gathered;
        let excluded = |path: &RepoPath| gathered.policy.excludes(path);
        let diff = &gathered.diff;
        let base = gathered.base.side();
        let evidence = compare::evidence(&self.head, &base, gathered.occasion, diff, &[], &excluded);
        let metrics = self.metrics();
        let mut counted: Vec<CountedLine> = Vec::new();
        for file in evidence.changed.iter().flat_map(|changed| &changed.files) {
            let lines = file.lines.iter().filter(|line| metrics.iter().any(|metric| counts(line, metric)));
            counted.extend(lines.map(|line| CountedLine {
                file: file.path.clone(),
                line: line.line,
                notes: notes_of(line),
                said: Vec::new(),
            }));
        }
        counted.sort();
        for source in gathered.evidence.sources(&gathered.policy, Source::DEFAULT_MAX_BYTES) {
            let report = source.file.clone();
            let alone = gate::read([source], &gathered.ground, None, None, Reading::keeping(Keep::Totals));
            let Some(coverage) = alone.coverage else { continue };
            for lines in counted.chunk_by_mut(|one, next| one.file == next.file) {
                let path = lines.first().map(|line| &line.file);
                if let Some(file) = path.and_then(|path| coverage.files.get(path)) {
                    note_what_is_said(&report, file, lines);
                }
            }
        }
        counted
    }

    /// What the rule counts, for all files or some.
    fn metrics(&self) -> BTreeSet<&str> {
        let outcomes = self.verdict.outcomes.iter().filter(|outcome| outcome.rule == "coverage.changed");
        let required = outcomes.flat_map(|outcome| &outcome.required);
        let metrics = required.filter(|required| required.field == "metric");
        let metrics: BTreeSet<&str> = metrics.map(|required| required.value.as_str()).collect();
        if metrics.is_empty() { BTreeSet::from(["line"]) } else { metrics }
    }
}

/// True if something of the line is counted by a metric.
fn counts(line: &ChangedLine, metric: &str) -> bool {
    match metric {
        "branch" => line.branches.whole > 0,
        "function" => line.functions.whole > 0,
        _ => line.ran.is_some(),
    }
}

/// Adds what a report says of the lines of a file.
fn note_what_is_said(report: &Untrusted, file: &FileCoverage, lines: &mut [CountedLine]) {
    let branches: BTreeMap<u32, (u32, u32)> =
        file.branches.per_line().map(|found| (found.line, (found.taken, found.total))).collect();
    let functions: BTreeSet<u32> = file.functions.iter().map(|function| function.line).collect();
    for line in lines {
        let hits = NonZeroU32::new(line.line).and_then(|number| file.lines.get(number));
        let branches = branches.get(&line.line).copied();
        if hits.is_some() || branches.is_some() || functions.contains(&line.line) {
            line.said.push(Said { report: report.clone(), hits, branches });
        }
    }
}

/// What else is known of a line that counts.
fn notes_of(line: &ChangedLine) -> Vec<String> {
    let notes = [
        (line.ran == Some(Ran::Partly), "in part"),
        (line.respaced, "only white space differs"),
        (line.uncovered_before, "moved, and uncovered before"),
    ];
    let mut notes: Vec<String> =
        notes.into_iter().filter(|(holds, _)| *holds).map(|(_, note)| note.to_owned()).collect();
    let Ratio { part, whole } = line.functions;
    if whole > 0 {
        notes.push(format!("{part} of {whole} functions called"));
    }
    notes
}
