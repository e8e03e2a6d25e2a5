//! GitHub's `primaryLocationLineHash`: what a line of source is compared by (security.md b6).
//!
//! Written from its description; bit for bit the same as codeql-action's, so that a report that carries it and
//! one that does not can be compared.

use super::findings::{identity, line_identity, text_hash};
use crate::model::{Finding, RepoPath, Scan, ScanClass};
use std::collections::{BTreeMap, HashMap, VecDeque};

/// How many UTF-16 units one hash covers, from the first of its line on.
const BLOCK: usize = 100;
/// What stands for the end of the file.
const END: u16 = 0xffff;

/// The hash of every line of a text, with `:n` for the n-th line of that hash: `54703d4cd895b18:1`.
///
/// Space and tab do not count, every line end is one line feed. What is no UTF-8 counts as U+FFFD; a byte
/// order mark counts as it is.
pub fn line_hashes(text: &[u8]) -> Vec<String> {
    let mut seen: HashMap<u64, u64> = HashMap::new();
    let mut hashes = Vec::new();
    hash_lines(text, |_| true, |hash| hashes.push(hash.block));
    let numbered = hashes.into_iter().map(|hash| {
        let count = seen.entry(hash).or_default();
        *count += 1;
        format!("{hash:x}:{count}")
    });
    numbered.collect()
}

/// Gives findings in source files the hash of their line, so that they are still known when they move, are
/// indented anew, or their line ends change. `text` gives a tracked file of the scanned commit, whole.
///
/// No more than `bytes_left` are looked at, which is lowered; the findings that are left out are counted in what
/// comes back. One file is held at a time.
pub fn add_line_hashes(
    scans: &mut [Scan],
    bytes_left: &mut u64,
    mut text: impl FnMut(&RepoPath) -> Option<Vec<u8>>,
) -> u64 {
    let mut by_file: BTreeMap<RepoPath, Vec<(u32, &mut Finding)>> = BTreeMap::new();
    for finding in scans.iter_mut().flat_map(|scan| &mut scan.findings) {
        // A secret's line is the secret; an advisory's is that of its package in a lockfile.
        if !matches!(finding.class, ScanClass::Source | ScanClass::Infrastructure) {
            continue;
        }
        let place = finding.place.as_ref();
        let place = place.and_then(|place| Some((RepoPath::new(place.file.raw()).ok()?, place.line?.get())));
        if let Some((path, line)) = place {
            by_file.entry(path).or_default().push((line, finding));
        }
    }
    let mut left_out = 0;
    for (path, mut findings) in by_file {
        if *bytes_left == 0 {
            left_out += findings.len() as u64;
            continue;
        }
        let Some(text) = text(&path) else { continue };
        *bytes_left = bytes_left.saturating_sub(text.len() as u64);
        findings.sort_by_key(|(line, _)| *line);
        let lines: Vec<u32> = findings.iter().map(|(line, _)| *line).collect();
        let mut hashes: HashMap<u32, LineHash> = HashMap::new();
        let is_wanted = |line| lines.binary_search(&line).is_ok();
        hash_lines(&text, is_wanted, |hash| {
            hashes.insert(hash.line, hash);
        });
        for (line, finding) in findings {
            let Some(hash) = hashes.get(&line) else { continue };
            let rule = finding.rule.raw();
            // Without `:n`: equal lines are told apart by counting them.
            finding.line = identity(rule, line_identity(&format!("{:x}", hash.block)));
            let [_, snippet, _] = &mut finding.identities;
            if !snippet.is_there() {
                *snippet = identity(rule, text_hash(&format!("alone {:x}", hash.alone)));
            }
        }
    }
    left_out
}

/// The hashes of one line.
struct LineHash {
    line: u32,
    /// Of the first units from its beginning on, as GitHub does it.
    block: u64,
    units: usize,
    /// Of its own units alone.
    alone: u64,
}

fn roll(hash: u64, unit: u16) -> u64 {
    hash.wrapping_mul(37).wrapping_add(u64::from(unit))
}

impl LineHash {
    fn push(&mut self, unit: u16) {
        self.block = roll(self.block, unit);
        self.units += 1;
    }
}

/// Calls `done` for each wanted line, in their order.
fn hash_lines(text: &[u8], is_wanted: impl Fn(u32) -> bool, mut done: impl FnMut(LineHash)) {
    let text = String::from_utf8_lossy(text);
    let mut open: VecDeque<LineHash> = VecDeque::new();
    let (mut line, mut at_line_start, mut behind_return) = (0_u32, true, false);
    // The end of the file is a unit of its own.
    for unit in text.encode_utf16().chain(std::iter::once(END)) {
        let (space, line_feed, carriage_return) = (0x20, 0x0a, 0x0d);
        if unit == space || unit == 0x09 || behind_return && unit == line_feed {
            behind_return = false;
            continue;
        }
        behind_return = unit == carriage_return;
        let unit = if behind_return { line_feed } else { unit };
        if at_line_start {
            line = line.saturating_add(1);
            if is_wanted(line) {
                open.push_back(LineHash { line, block: 0, units: 0, alone: 0 });
            }
        }
        at_line_start = unit == line_feed;
        open.iter_mut().filter(|open| open.units < BLOCK).for_each(|open| open.push(unit));
        if let Some(this) = open.back_mut().filter(|open| open.line == line && !at_line_start && unit != END)
        {
            this.alone = roll(this.alone, unit);
        }
        // Lines that began earlier have more units: the first is always the first to be full.
        let is_done = |first: &LineHash| first.units == BLOCK && (first.line != line || at_line_start);
        while open.front().is_some_and(is_done)
            && let Some(full) = open.pop_front()
        {
            done(full);
        }
    }
    for mut rest in open {
        while rest.units < BLOCK {
            rest.push(0);
        }
        done(rest);
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::read;
    use super::*;
    use crate::model::FindingId;

    #[test]
    fn lines_are_hashed_as_github_hashes_them() {
        assert_eq!(
            line_hashes(b"fn main() {\n    run();\n}\n"),
            ["622d3c8703b71ec8:1", "14d37f434209c555:1", "32dce9ccfdbc9d3e:1", "c129715d7a2bc9a3:1"]
        );
        assert_eq!(line_hashes(b"fnmain(){\r\nrun();\r\n}\r\n"), line_hashes(b"fn main() {\n\trun();\n}\n"));
        // A space between them makes two line ends of one.
        assert_eq!(line_hashes(b"a\r\nb").len(), 2);
        assert_eq!(line_hashes(b"a\r \nb").len(), 3);
    }

    #[test]
    fn equal_blocks_are_numbered() {
        let line = format!("{}\n", "x".repeat(150));
        let hashes = line_hashes(line.repeat(3).as_bytes());
        let counts: Vec<_> = hashes.iter().map(|hash| hash.rsplit(':').next().unwrap()).collect();
        assert_eq!(counts, ["1", "2", "3", "1"]);
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "the corpus stands outside of the repository")]
    fn the_vectors_of_the_corpus_agree() {
        let Ok(corpus) = std::env::var("TOLLGATE_CORPUS") else { return };
        let file = std::path::Path::new(&corpus).join("security/fingerprint-vectors.json");
        let vectors: Vec<serde_json::Value> = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
        assert!(!vectors.is_empty());
        for vector in vectors {
            let wanted: Vec<&str> =
                vector["hashes"].as_array().unwrap().iter().map(|hash| hash.as_str().unwrap()).collect();
            assert_eq!(line_hashes(vector["input"].as_str().unwrap().as_bytes()), wanted, "{vector}");
        }
    }

    fn report(line: u32, more: &str) -> Vec<Scan> {
        let text = format!(
            r#"{{"version": "2.1.0", "runs": [{{"tool": {{"driver": {{"name": "t"}}}}, "results": [{{"ruleId": "r", "locations": [{{"physicalLocation": {{"artifactLocation": {{"uri": "a.rs"}}, "region": {{"startLine": {line}}}}}}}]{more}}}]}}]}}"#
        );
        vec![read(&super::super::sarif::FORMAT, &text).scan().clone()]
    }

    fn hash_in(mut scans: Vec<Scan>, text: &str) -> FindingId {
        let mut bytes_left = 1_000;
        let left_out = add_line_hashes(&mut scans, &mut bytes_left, |path| {
            (path.as_str() == "a.rs").then(|| text.as_bytes().to_vec())
        });
        assert_eq!((left_out, bytes_left), (0, 1_000 - text.len() as u64));
        scans[0].findings[0].line
    }

    #[test]
    fn a_finding_is_known_by_its_line_wherever_it_stands() {
        let here = hash_in(report(1, ""), "bad();\nend\n");
        assert!(here.is_there());
        assert_eq!(hash_in(report(3, ""), "new\nlines\n  bad();\nend\n"), here);
        assert_eq!(hash_in(report(3, ""), "new\r\nlines\r\n\tbad();\r\nend\r\n"), here);
        assert_ne!(hash_in(report(1, ""), "worse();\nend\n"), here);
        assert_eq!(hash_in(report(9, ""), "bad();\n"), FindingId::ABSENT);
    }

    #[test]
    fn a_report_that_carries_the_hash_and_one_that_does_not_are_the_same() {
        let text = "bad();\nend\n";
        let hash = line_hashes(text.as_bytes())[0].clone();
        let own = report(1, &format!(r#", "partialFingerprints": {{"primaryLocationLineHash": "{hash}"}}"#));
        assert!(own[0].findings[0].line.is_there());
        assert_eq!(own[0].findings[0].line, hash_in(report(1, ""), text));
    }

    #[test]
    fn what_is_beyond_the_limit_is_counted() {
        let mut bytes_left = 0;
        let mut scans = report(1, "");
        assert_eq!(add_line_hashes(&mut scans, &mut bytes_left, |_| panic!("no file is opened")), 1);
        assert_eq!(scans[0].findings[0].line, FindingId::ABSENT);
    }
}
