//! The house stays as it is drawn: imports point down, formats and rules are registered.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The floors from the lowest up. A file may import its own room and what stands before it.
const FLOORS: &[&str] = &[
    "model",
    "diagnostic",
    "formats",
    "paths",
    "merge",
    "compare",
    "rules",
    "policy",
    "evaluate",
    "metrics",
    "setup",
    "records",
    "render",
    "wire",
    "gate",
    "io",
    "server",
    "cli",
];

/// `model` and `diagnostic` are one floor: a report's row carries its diagnostics, and their text is `Untrusted`.
const SAME_FLOOR: &[(&str, &str)] = &[("model", "diagnostic"), ("diagnostic", "model")];

/// Rooms whose files stand side by side: none may import another of the same room.
const SIBLINGS: &[&str] = &["formats/tests", "formats/coverage", "formats/scans", "rules"];

/// What makes a file of such a room a member of it; files without are shared by the members.
const MEMBERS: &[&str] = &["const FORMAT: Format", "const SPEC: RuleSpec"];

fn source_files() -> Vec<(String, String)> {
    fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
        let mut entries: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        entries.sort();
        for path in entries {
            if path.is_dir() {
                walk(&path, files);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    walk(&root, &mut files);
    let relative = |path: &PathBuf| path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
    files.iter().map(|path| (relative(path), fs::read_to_string(path).unwrap())).collect()
}

fn room(path: &str) -> &str {
    path.split('/').next().unwrap().trim_end_matches(".rs")
}

/// The rooms that a file names as `crate::room`, in `use` lines and in paths, tests aside.
fn imports(text: &str) -> Vec<String> {
    let code = text.split("#[cfg(test)]").next().unwrap();
    let mut rooms = Vec::new();
    for (_, tail) in code.match_indices("crate::").map(|(at, found)| (at, &code[at + found.len()..])) {
        if let Some(group) = tail.strip_prefix('{') {
            let group = group.split('}').next().unwrap();
            rooms.extend(group.split(',').map(|part| part.trim().split("::").next().unwrap().to_owned()));
        } else {
            rooms.push(tail.chars().take_while(|c| c.is_ascii_lowercase() || *c == '_').collect());
        }
    }
    rooms
}

#[test]
fn imports_only_point_down() {
    let level = |room: &str| FLOORS.iter().position(|floor| *floor == room);
    let mut wrong = Vec::new();
    for (path, text) in source_files() {
        let own = room(&path);
        if matches!(own, "lib" | "main") {
            continue;
        }
        let own_level = level(own).unwrap_or_else(|| panic!("src/{path}: `{own}` is no floor of the house"));
        for other in imports(&text) {
            let Some(other_level) = level(&other) else { continue };
            if other_level > own_level && !SAME_FLOOR.contains(&(own, other.as_str())) {
                wrong.push(format!("src/{path} imports `{other}`, which stands above it"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn siblings_never_import_each_other() {
    let mut wrong = Vec::new();
    let files = source_files();
    for folder in SIBLINGS {
        let module = folder.replace('/', "::");
        let names: Vec<String> = files
            .iter()
            .filter(|(_, text)| MEMBERS.iter().any(|marker| text.contains(marker)))
            .filter_map(|(path, _)| path.strip_prefix(&format!("{folder}/")))
            .map(|name| name.split('/').next().unwrap().trim_end_matches(".rs").to_owned())
            .collect();
        for (path, text) in &files {
            let Some(own) = path.strip_prefix(&format!("{folder}/")) else { continue };
            let own = own.split('/').next().unwrap().trim_end_matches(".rs");
            if own == "mod" {
                continue;
            }
            let code = text.split("#[cfg(test)]").next().unwrap();
            for name in names.iter().filter(|name| *name != own) {
                // In a file of the room itself `super` is the room; deeper files reach it by its full path.
                let by_super = path.matches('/').count() == folder.matches('/').count() + 1;
                let found = code.contains(&format!("crate::{module}::{name}::"))
                    || by_super && code.contains(&format!("use super::{name}"));
                if found {
                    wrong.push(format!("src/{path} imports its sibling `{name}`"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_format_and_every_rule_is_registered() {
    let files: BTreeMap<String, String> = source_files().into_iter().collect();
    let mut wrong = Vec::new();
    for (folder, marker) in [
        ("formats/tests", "pub const FORMAT: Format"),
        ("formats/coverage", "pub const FORMAT: Format"),
        ("formats/scans", "pub const FORMAT: Format"),
        ("rules", "pub const SPEC: RuleSpec"),
    ] {
        let list = &files[&format!("{folder}/mod.rs")];
        let constant = marker.split_whitespace().nth(2).unwrap().trim_end_matches(':');
        for (path, text) in &files {
            let Some(name) = path.strip_prefix(&format!("{folder}/")) else { continue };
            let declares = text.contains(marker)
                || text.contains(&marker.replace("pub const", "pub(crate) const"))
                || text.contains(&marker.replace("pub const", "pub(super) const"));
            let module = name.trim_end_matches(".rs").trim_end_matches("/mod");
            if declares && !list.contains(&format!("&{}::{constant}", module.replace('/', "::"))) {
                wrong.push(format!("src/{path} is not listed in src/{folder}/mod.rs"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_dependency_says_why() {
    let manifest = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml")).unwrap();
    let mut section = "";
    let mut commented = false;
    for line in manifest.lines() {
        if line.starts_with('[') {
            section = line;
        } else if line.starts_with('#') {
            commented = true;
        } else if line.is_empty() {
            commented = false;
        } else if section.ends_with("dependencies]") {
            // `serde_json` stands directly below `serde` and shares its line.
            assert!(commented, "{line}: no line above it says why");
        }
    }
}

/// A snapshot that waits to be looked at is no test.
#[test]
fn no_snapshot_waits_to_be_accepted() {
    let mut open = vec![
        Path::new(env!("CARGO_MANIFEST_DIR")).join("src"),
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests"),
    ];
    let mut waiting = Vec::new();
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let is_built = path.ends_with("fuzz/target") || path.ends_with("bench/target");
            if path.is_dir() && !path.is_symlink() && !is_built {
                open.push(path);
            } else if path.to_string_lossy().ends_with(".snap.new") {
                waiting.push(path);
            }
        }
    }
    assert!(waiting.is_empty(), "{waiting:?}");
}
