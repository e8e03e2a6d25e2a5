//! Every changed line that counts, for `explain`.

use super::Judged;
use crate::compare::{self, ChangedLine, Ran};
use crate::formats::Source;
use crate::gate::{self, Keep, Reading};
use crate::model::RepoPath;
use crate::render::explain::CountedLine;
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
        let mut counted: Vec<CountedLine> = Vec::new();
        for file in evidence.changed.iter().flat_map(|changed| &changed.files) {
            let lines = file.lines.iter().filter(|line| line.ran.is_some());
            counted.extend(lines.map(|line| CountedLine {
                file: file.path.clone(),
                line: line.line,
                notes: notes_of(line),
                hits: Vec::new(),
            }));
        }
        counted.sort();
        for source in gathered.evidence.sources(&gathered.policy, Source::DEFAULT_MAX_BYTES) {
            let report = source.file.clone();
            let alone = gate::read([source], &gathered.ground, None, None, Reading::keeping(Keep::Totals));
            let Some(coverage) = alone.coverage else { continue };
            for counted in &mut counted {
                let lines = coverage.files.get(&counted.file).map(|file| &file.lines);
                let line = NonZeroU32::new(counted.line);
                if let Some(hits) = lines.zip(line).and_then(|(lines, line)| lines.get(line)) {
                    counted.hits.push((report.clone(), hits));
                }
            }
        }
        counted
    }
}

/// What else is known of a line that counts.
fn notes_of(line: &ChangedLine) -> Vec<&'static str> {
    let notes = [
        (line.ran == Some(Ran::Partly), "in part"),
        (line.respaced, "only white space differs"),
        (line.uncovered_before, "moved, and uncovered before"),
    ];
    notes.into_iter().filter(|(holds, _)| *holds).map(|(_, note)| note).collect()
}
