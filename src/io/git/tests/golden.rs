//! The golden cases of patch coverage, where the corpus is at hand.

use super::{change_against, in_ci};
use crate::io::git::{Base, find_base, open};
use crate::io::testing::git;
use crate::model::{FileChange, RepoPath};
use std::path::Path;

#[test]
fn the_golden_cases_give_the_lines_of_their_diffs() {
    let Some(corpus) = std::env::var_os("TOLLGATE_CORPUS") else { return };
    let mut cases = 0;
    for case in std::fs::read_dir(Path::new(&corpus).join("golden")).unwrap() {
        let case = case.unwrap().path();
        if !case.join("repo.bundle").exists() {
            continue;
        }
        let dir = tempfile::tempdir().unwrap();
        let bundle = case.join("repo.bundle");
        let clone = dir.path().join("clone");
        git(dir.path(), &["clone", "-q", bundle.to_str().unwrap(), clone.to_str().unwrap()]);
        let expected: serde_json::Value =
            serde_json::from_slice(&std::fs::read(case.join("expected.json")).unwrap()).unwrap();
        let text = |key: &str| expected.get(key).unwrap().as_str().unwrap().to_owned();
        git(&clone, &["checkout", "-q", &text("head")]);
        let repository = open(&clone).unwrap();
        let Base::Known(point) = find_base(&repository, Some(&text("base")), &in_ci()).unwrap() else {
            panic!("{}: no base", case.display())
        };
        assert_eq!(point.merge_base, text("merge_base"), "{}", case.display());
        let diff = change_against(&repository, &Base::Known(point), &in_ci());
        let wanted = added_in_patch(&std::fs::read(case.join("changed.diff")).unwrap());
        let mut have: Vec<(String, u32)> = Vec::new();
        for (path, file) in &diff.files {
            have.extend(file.added.lines().map(|line| (path.as_str().to_owned(), line)));
        }
        // The patch shows a symlink's target and a submodule's commit as a line; for us they have none.
        let wanted: Vec<(String, u32)> = wanted
            .into_iter()
            .filter(|(path, _)| {
                let of = diff.files.get(&RepoPath::new(path).unwrap());
                of.is_none_or(|file| file.change != FileChange::NotText)
            })
            .collect();
        assert_eq!(have, wanted, "{}", case.display());
        cases += 1;
    }
    assert!(cases > 10, "only {cases} golden cases were found");
}

/// The added lines of a `git diff -U0`, counted by its hunk headers, sorted by path.
fn added_in_patch(patch: &[u8]) -> Vec<(String, u32)> {
    let text = String::from_utf8_lossy(patch);
    let mut added = Vec::new();
    let mut path = String::new();
    let (mut left, mut next) = ((0_u32, 0_u32), 0);
    let count = |text: &str| -> (u32, u32) {
        let (start, length) = text.split_once(',').unwrap_or((text, "1"));
        (start.parse().unwrap(), length.parse().unwrap())
    };
    for line in text.split('\n') {
        if left.0 > 0 && line.starts_with('-') {
            left.0 -= 1;
        } else if left.1 > 0 && line.starts_with('+') {
            left.1 -= 1;
            added.push((path.clone(), next));
            next += 1;
        } else if let Some(hunk) = line.strip_prefix("@@ -") {
            let mut parts = hunk.split(' ');
            let old = count(parts.next().unwrap());
            let new = count(parts.next().unwrap().trim_start_matches('+'));
            left = (old.1, new.1);
            next = new.0;
        } else if let Some(name) = line.strip_prefix("+++ ") {
            let name = name.trim_end_matches('\t');
            let quoted = name.strip_prefix('"').and_then(|name| name.strip_suffix('"'));
            let name = quoted.map_or_else(|| name.to_owned(), unquoted);
            path = name.strip_prefix("b/").unwrap_or(&name).to_owned();
        }
    }
    added.sort();
    added
}

/// Undoes git's quoting of a path.
fn unquoted(name: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = name.as_bytes().iter().copied().peekable();
    while let Some(byte) = rest.next() {
        match (byte, rest.peek().copied()) {
            (b'\\', Some(b'0'..=b'3')) => {
                let digits: Vec<u8> = rest.by_ref().take(3).collect();
                bytes.push(u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 8).unwrap());
            }
            (b'\\', Some(next)) => {
                rest.next();
                bytes.push(match next {
                    b't' => b'\t',
                    b'n' => b'\n',
                    other => other,
                });
            }
            _ => bytes.push(byte),
        }
    }
    String::from_utf8(bytes).unwrap()
}
