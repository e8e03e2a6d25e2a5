//! The files of a repository that say how it works: workflows, CODEOWNERS, CONTRIBUTING, manifests.

use super::beneath::read_beneath;
use super::policy::PLACES;
use crate::diagnostic::{Code, Diagnostic, Origin, Weight};
use crate::metrics::CODE_OWNERS_PLACES;
use crate::setup::{MANIFESTS, TextFile};
use std::collections::BTreeMap;
use std::path::Path;

/// The largest of these files that is read, in bytes.
const LIMIT: u64 = 1 << 20;
/// How many workflow files are read.
const MAX_WORKFLOWS: usize = 200;
const WORKFLOWS: &str = ".github/workflows";
const CONTRIBUTING: [&str; 9] = [
    "CONTRIBUTING.md",
    ".github/CONTRIBUTING.md",
    "docs/CONTRIBUTING.md",
    "CONTRIBUTING",
    "CONTRIBUTING.rst",
    "CONTRIBUTING.adoc",
    "CONTRIBUTING.txt",
    "contributing.md",
    "docs/contributing.md",
];

/// What was found.
#[derive(Debug, Default)]
pub struct SetupFiles {
    /// The workflow files, sorted.
    pub workflows: Vec<TextFile>,
    /// CODEOWNERS.
    pub codeowners: Option<TextFile>,
    /// CONTRIBUTING.
    pub contributing: Option<TextFile>,
    /// Manifests at the root.
    pub manifests: BTreeMap<String, String>,
    /// A policy that is there already.
    pub policy: Option<&'static str>,
    /// Files that could not be read.
    pub diagnostics: Vec<Diagnostic>,
}

/// Reads them below `dir`, without following a symlink.
pub fn files(dir: &Path) -> SetupFiles {
    let mut files = SetupFiles::default();
    for name in workflow_names(dir, &mut files.diagnostics) {
        files.workflows.extend(read(dir, &name, &mut files.diagnostics));
    }
    files.codeowners =
        CODE_OWNERS_PLACES.into_iter().find_map(|name| read(dir, name, &mut files.diagnostics));
    files.contributing = CONTRIBUTING.into_iter().find_map(|name| read(dir, name, &mut files.diagnostics));
    for name in MANIFESTS {
        if let Some(file) = read(dir, name, &mut files.diagnostics) {
            files.manifests.insert(file.name, file.text);
        }
    }
    let is_there = |name: &&str| std::fs::symlink_metadata(dir.join(name)).is_ok();
    files.policy = PLACES.into_iter().find(is_there);
    files
}

fn workflow_names(dir: &Path, diagnostics: &mut Vec<Diagnostic>) -> Vec<String> {
    let entries = match std::fs::read_dir(dir.join(WORKFLOWS)) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Vec::new(),
        Err(error) => {
            diagnostics.push(unreadable(WORKFLOWS, &error.to_string()));
            return Vec::new();
        }
    };
    let mut names = Vec::new();
    for entry in entries {
        match entry {
            Ok(entry) => names.extend(entry.file_name().to_str().map(|name| format!("{WORKFLOWS}/{name}"))),
            Err(error) => diagnostics.push(unreadable(WORKFLOWS, &error.to_string())),
        }
    }
    names.retain(|name| name.ends_with(".yml") || name.ends_with(".yaml"));
    names.sort();
    if names.len() > MAX_WORKFLOWS {
        let why = format!("it holds {} files, and {MAX_WORKFLOWS} are read", names.len());
        diagnostics.push(unreadable(WORKFLOWS, &why));
        names.truncate(MAX_WORKFLOWS);
    }
    names
}

fn read(dir: &Path, name: &str, diagnostics: &mut Vec<Diagnostic>) -> Option<TextFile> {
    let why = match read_beneath(dir, Path::new(name), LIMIT) {
        Ok(bytes) => match String::from_utf8(bytes) {
            Ok(text) => return Some(TextFile { name: name.to_owned(), text }),
            Err(_) => "it is not valid UTF-8".to_owned(),
        },
        Err(error) if error.is_absent() => return None,
        Err(error) => error.to_string(),
    };
    diagnostics.push(unreadable(name, &why));
    None
}

fn unreadable(name: &str, why: &str) -> Diagnostic {
    let message = format!("`{name}` is left out: {why}");
    Diagnostic::new(Code::UnreadableFile, Weight::Warning, message, Origin::file(name))
}
