//! `tollgate.snapshot/1`: all evidence of one commit, as the base of later verdicts.

use super::{ReadError, check_envelope};
use crate::model::{PassedTests, Ratio, ReportTotals, SeverityCounts, Snapshot, TestHistory, TestTotals};
use flate2::{Compression, GzBuilder};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::io::{Read as _, Write as _};

/// The schema's id.
pub const SCHEMA: &str = "tollgate.snapshot/1";

/// No honest snapshot is larger: a million lines with hits take 10 MB.
pub const MOST_BYTES: usize = 256 * 1024 * 1024;

/// No honest snapshot unpacks to more than so many times its size.
const MOST_GROWTH: usize = 200;

/// Below this size, in bytes, growth is no matter.
const SMALL: usize = 1 << 20;

/// No honest count is larger; sums of many stay far from the end of 64 bits.
const MOST_COUNT: u64 = 1 << 48;

#[derive(Serialize)]
struct Written<'s> {
    schema: &'static str,
    snapshot: &'s Snapshot,
}

#[derive(Deserialize)]
struct Stored {
    snapshot: Snapshot,
}

/// Compact JSON, packed with gzip: always the same bytes for the same snapshot, without a time or a name in them.
pub fn write(snapshot: &Snapshot) -> Vec<u8> {
    packed(write_plain(snapshot))
}

/// Packs without a time or a name.
pub(super) fn packed(plain: Vec<u8>) -> Vec<u8> {
    let mut packer = GzBuilder::new().mtime(0).write(Vec::new(), Compression::default());
    // Writing into memory does not fail; if it ever did, the plain form is as good.
    match packer.write_all(&plain).and_then(|()| packer.finish()) {
        Ok(packed) => packed,
        Err(_) => plain,
    }
}

/// The same without packing, for people and tools.
pub fn write_plain(snapshot: &Snapshot) -> Vec<u8> {
    serde_json::to_vec(&Written { schema: SCHEMA, snapshot }).unwrap_or_else(super::unserializable)
}

/// The JSON of a file that may be packed.
pub(super) fn unpacked(bytes: &[u8]) -> Result<Cow<'_, [u8]>, ReadError> {
    if !bytes.starts_with(&[0x1f, 0x8b]) {
        return Ok(Cow::Borrowed(bytes));
    }
    let most = bytes.len().saturating_mul(MOST_GROWTH).clamp(SMALL, MOST_BYTES);
    let mut rest = bytes;
    let mut plain = Vec::new();
    let mut packed = flate2::bufread::GzDecoder::new(&mut rest).take(most as u64 + 1);
    packed.read_to_end(&mut plain).map_err(|error| ReadError::Packed { what: error.to_string() })?;
    if plain.len() > most {
        return Err(ReadError::Packed { what: format!("it grows to more than {most} bytes") });
    }
    if !rest.is_empty() {
        return Err(ReadError::Packed { what: "something stands behind its end".to_owned() });
    }
    Ok(Cow::Owned(plain))
}

/// Reads a snapshot, packed or plain, that somebody may have damaged or forged: nothing in it is trusted to be in order.
///
/// # Errors
/// Says whether the file is too large, of another schema, damaged, or contradicts itself.
pub fn read(bytes: &[u8]) -> Result<Snapshot, ReadError> {
    if bytes.len() > MOST_BYTES {
        return Err(ReadError::TooLarge { bytes: bytes.len(), most: MOST_BYTES });
    }
    let bytes = unpacked(bytes)?;
    check_envelope(&bytes, SCHEMA, MOST_BYTES)?;
    let stored: Stored =
        serde_json::from_slice(&bytes).map_err(|source| ReadError::Malformed { schema: SCHEMA, source })?;
    match contradiction(&stored.snapshot) {
        None => Ok(stored.snapshot),
        Some(what) => Err(ReadError::Contradiction { what }),
    }
}

/// What no writer of ours would have written.
pub(super) fn contradiction(snapshot: &Snapshot) -> Option<&'static str> {
    for part in snapshot.parts.values() {
        if !part.parts.is_empty() {
            return Some("a part has parts of its own");
        }
        if let Some(problem) = contradiction(part) {
            return Some(problem);
        }
    }
    let is_commit = |id: &String| matches!(id.len(), 40 | 64) && id.bytes().all(|b| b.is_ascii_hexdigit());
    if !snapshot.commit.as_ref().is_none_or(is_commit) {
        return Some("the commit is no full hexadecimal id");
    }
    for report in &snapshot.reports {
        let problem = match &report.totals {
            ReportTotals::None => None,
            ReportTotals::Tests(totals) => test_totals(totals),
            ReportTotals::Coverage(totals) => ratios(&[totals.lines, totals.branches, totals.functions]),
            ReportTotals::Scan { active, suppressed } => severities(active, *suppressed),
        };
        if problem.is_some() {
            return problem;
        }
    }
    if let Some(run) = &snapshot.tests {
        if let PassedTests::Hashes(hashes) = &run.passed
            && !hashes.is_sorted_by(|left, right| left < right)
        {
            return Some("hashes of passed tests are not in order");
        }
        let times = run.cases.iter().filter_map(|case| case.duration).chain(run.duration);
        let times = times.chain(run.groups.iter().filter_map(|group| group.duration));
        if times.into_iter().any(|time| time.as_secs() > MOST_COUNT) {
            return Some("a time is too long");
        }
        if run.not_kept.max(run.untimed) > MOST_COUNT {
            return Some("a count is too large");
        }
        let totals = std::iter::once(&run.totals).chain(run.groups.iter().map(|group| &group.totals));
        if let Some(problem) = totals.filter_map(test_totals).next() {
            return Some(problem);
        }
    }
    if let Some(problem) = snapshot.history.as_ref().and_then(history) {
        return Some(problem);
    }
    if let Some(coverage) = &snapshot.coverage {
        if coverage.paths.resolved.max(coverage.paths.ambiguous_count).max(coverage.paths.outside_count)
            > MOST_COUNT
        {
            return Some("a count is too large");
        }
        for file in coverage.files.values() {
            if let Some(summary) = &file.summary
                && let Some(problem) = ratios(&[summary.lines, summary.branches, summary.functions])
            {
                return Some(problem);
            }
            if file.branches.per_line().any(|line| line.taken > line.total) {
                return Some("more branches are taken than there are");
            }
        }
    }
    snapshot
        .scans
        .iter()
        .find_map(|scan| severities(&scan.active, scan.suppressed).or_else(|| severities(&scan.not_kept, 0)))
}

fn history(history: &TestHistory) -> Option<&'static str> {
    let runs = history.commits.len();
    let is_commit = |id: &String| id.len() <= 64 && id.bytes().all(|b| b.is_ascii_hexdigit());
    let failures = || history.tests.iter().flat_map(|test| &test.failures);
    match () {
        () if runs > TestHistory::MOST_RUNS || failures().count() > TestHistory::MOST_FAILURES => {
            Some("the history is longer than any that is written")
        }
        () if !history.commits.iter().all(is_commit) => Some("a commit of the history is no hexadecimal id"),
        () if !history.tests.is_sorted_by(|left, right| left.id < right.id)
            || !history.tests.iter().all(|test| test.failures.is_sorted()) =>
        {
            Some("the history is not in order")
        }
        () if failures().any(|failure| failure.run as usize >= runs) => {
            Some("the history tells of a run that it does not have")
        }
        () => None,
    }
}

fn test_totals(totals: &TestTotals) -> Option<&'static str> {
    let &TestTotals { tests, passed, failed, errored, skipped, flaky, unknown, container_failures } = totals;
    let counts = [tests, passed, failed, errored, skipped, flaky, unknown, container_failures];
    if counts.iter().any(|&count| count > MOST_COUNT) {
        return Some("a count is too large");
    }
    (tests != passed + failed + errored + skipped + unknown).then_some("totals of tests do not add up")
}

fn severities(counts: &SeverityCounts, suppressed: u64) -> Option<&'static str> {
    let &SeverityCounts { critical, high, medium, low, info, unknown } = counts;
    let is_large =
        [critical, high, medium, low, info, unknown, suppressed].iter().any(|&count| count > MOST_COUNT);
    is_large.then_some("a count is too large")
}

fn ratios(ratios: &[Option<Ratio>]) -> Option<&'static str> {
    ratios.iter().flatten().find_map(|ratio| match ratio {
        ratio if ratio.whole > MOST_COUNT => Some("a count is too large"),
        ratio if ratio.part > ratio.whole => Some("more is covered than there is"),
        _ => None,
    })
}

#[cfg(test)]
mod tests;
