//! GitHub's `primaryLocationLineHash`: what a line of source is compared by (security.md b6).
//!
//! Written from its description; bit for bit the same as codeql-action's, so that a report that carries it and
//! one that does not can be compared.

use super::findings::{identity, text_hash};
use crate::model::{RepoPath, Scan, ScanClass};
use std::collections::HashMap;

/// How many UTF-16 units one hash covers, from the first of its line on.
const BLOCK: usize = 100;

/// The hash of every line of a text, with `:n` for the n-th line of that hash: `54703d4cd895b18:1`.
///
/// Space and tab do not count, every line end is one line feed. What is no UTF-8 counts as U+FFFD; a byte
/// order mark counts as it is.
pub fn line_hashes(text: &[u8]) -> Vec<String> {
    let mut seen: HashMap<u64, u64> = HashMap::new();
    let numbered = raw_hashes(text).into_iter().map(|hash| {
        let count = seen.entry(hash).or_default();
        *count += 1;
        format!("{hash:x}:{count}")
    });
    numbered.collect()
}

/// Gives findings whose report shows neither a fingerprint nor a piece of source the hash of their line, so that
/// they are still known when they move. `source` gives a tracked file of the scanned commit.
pub fn add_line_hashes(scans: &mut [Scan], mut source: impl FnMut(&RepoPath) -> Option<Vec<u8>>) {
    let mut files: HashMap<RepoPath, Vec<u64>> = HashMap::new();
    for finding in scans.iter_mut().flat_map(|scan| &mut scan.findings) {
        let [fingerprint, snippet, _] = &mut finding.identities;
        // A secret's line is the secret.
        let wanted = matches!(finding.class, ScanClass::Source | ScanClass::Infrastructure);
        if !wanted || fingerprint.is_there() || snippet.is_there() {
            continue;
        }
        let place = finding.place.as_ref();
        let Some((path, line)) =
            place.and_then(|place| Some((RepoPath::new(place.file.raw()).ok()?, place.line?)))
        else {
            continue;
        };
        let hashes = files
            .entry(path)
            .or_insert_with_key(|path| source(path).map_or_else(Vec::new, |text| raw_hashes(&text)));
        let index = usize::try_from(line.get() - 1).unwrap_or(usize::MAX);
        if let Some(hash) = hashes.get(index) {
            // Without `:n`: equal lines are told apart by counting them.
            *snippet = identity(finding.rule.raw(), text_hash(&format!("line {hash:x}")));
        }
    }
}

fn raw_hashes(text: &[u8]) -> Vec<u64> {
    let text = String::from_utf8_lossy(text);
    let mut units: Vec<u16> = Vec::with_capacity(text.len());
    let mut line_starts = Vec::new();
    let (mut at_line_start, mut behind_return) = (true, false);
    // The end of the file is a unit of its own.
    for unit in text.encode_utf16().chain(std::iter::once(0xffff)) {
        let (space, line_feed, carriage_return) = (0x20, 0x0a, 0x0d);
        if unit == space || unit == 0x09 || behind_return && unit == line_feed {
            behind_return = false;
            continue;
        }
        behind_return = unit == carriage_return;
        let unit = if behind_return { line_feed } else { unit };
        if at_line_start {
            line_starts.push(units.len());
        }
        at_line_start = unit == line_feed;
        units.push(unit);
    }
    let of_line = |start: &usize| {
        let rest = units.get(*start..).unwrap_or_default().iter().copied();
        let block = rest.chain(std::iter::repeat(0)).take(BLOCK);
        block.fold(0_u64, |hash, unit| hash.wrapping_mul(37).wrapping_add(u64::from(unit)))
    };
    line_starts.iter().map(of_line).collect()
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

    #[test]
    fn a_finding_without_fingerprint_and_snippet_gets_the_hash_of_its_line() {
        let report = |line: u32| {
            let text = format!(
                r#"{{"version": "2.1.0", "runs": [{{"tool": {{"driver": {{"name": "t"}}}}, "results": [{{"ruleId": "r", "locations": [{{"physicalLocation": {{"artifactLocation": {{"uri": "a.rs"}}, "region": {{"startLine": {line}}}}}}}]}}]}}]}}"#
            );
            vec![read(&super::super::sarif::FORMAT, &text).scan().clone()]
        };
        let with = |mut scans: Vec<Scan>, text: &str| {
            add_line_hashes(&mut scans, |path| (path.as_str() == "a.rs").then(|| text.as_bytes().to_vec()));
            scans[0].findings[0].identities[1]
        };
        let here = with(report(1), "bad();\nend\n");
        assert!(here.is_there());
        assert_eq!(with(report(3), "new\nlines\n  bad();\nend\n"), here);
        assert_ne!(with(report(1), "worse();\nend\n"), here);
        assert_eq!(with(report(9), "bad();\n"), FindingId::ABSENT);
    }
}
