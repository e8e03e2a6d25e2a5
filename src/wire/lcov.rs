//! Merged coverage as an LCOV tracefile, written with the `lcov` crate.

use crate::model::{Coverage, FileCoverage, RepoPath};
use lcov::Record;
use std::fmt::Write as _;
use std::path::PathBuf;

/// The tracefile (lcov's geninfo.rst, "TRACEFILE FORMAT") of all files that have lines.
///
/// A path with a line feed cannot be written in the format; such a file is left out, and a comment says so.
pub fn tracefile(coverage: &Coverage) -> String {
    let mut text = String::new();
    for (path, file) in &coverage.files {
        if path.as_str().contains(['\n', '\r']) {
            text.push_str("# a file whose path has a line feed cannot be written in this format\n");
            continue;
        }
        for record in records(path, file) {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{record}");
        }
    }
    text
}

fn records(path: &RepoPath, file: &FileCoverage) -> Vec<Record> {
    let mut records = vec![
        Record::TestName { name: String::new() },
        Record::SourceFile { path: PathBuf::from(path.as_str()) },
    ];
    functions(file, &mut records);
    branches(file, &mut records);
    lines(file, &mut records);
    records.push(Record::EndOfRecord);
    records
}

fn functions(file: &FileCoverage, records: &mut Vec<Record>) {
    if file.functions.is_empty() {
        return;
    }
    // A name with a line feed would begin a record of its own.
    let name = |text: &str| text.replace(['\n', '\r'], " ");
    for function in file.functions.iter() {
        let name = name(function.raw_name());
        records.push(Record::FunctionName { name, start_line: function.line });
    }
    for function in file.functions.iter() {
        records.push(Record::FunctionData { name: name(function.raw_name()), count: function.calls });
    }
    let ratio = file.functions.ratio();
    records.push(Record::FunctionsFound { found: narrow(ratio.whole) });
    records.push(Record::FunctionsHit { hit: narrow(ratio.part) });
}

/// Branches without the tools' own names for them: per line the taken ones first, numbered from 0.
fn branches(file: &FileCoverage, records: &mut Vec<Record>) {
    let ratio = file.branches.ratio();
    if ratio.whole == 0 {
        return;
    }
    for line in file.branches.per_line() {
        for branch in 0..line.total {
            let taken = Some(u64::from(branch < line.taken));
            records.push(Record::BranchData { line: line.line, block: 0, branch, taken });
        }
    }
    records.push(Record::BranchesFound { found: narrow(ratio.whole) });
    records.push(Record::BranchesHit { hit: narrow(ratio.part) });
}

fn lines(file: &FileCoverage, records: &mut Vec<Record>) {
    for line in file.lines.iter() {
        records.push(Record::LineData { line: line.line.get(), count: line.hits, checksum: None });
    }
    let ratio = file.lines.ratio();
    records.push(Record::LinesFound { found: narrow(ratio.whole) });
    records.push(Record::LinesHit { hit: narrow(ratio.part) });
}

fn narrow(count: u64) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
