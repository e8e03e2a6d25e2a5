//! Finds report files below DIR (DECISIONS 7, 8).
//!
//! Two searches. *By contract*: for every entry of the policy's `reports:` (or `--report KIND=GLOB`) the files
//! that its globs match, whatever `.gitignore` says. *By content*: for each kind that no entry names, every file
//! that a format claims, and every file that is called like a report though none does. What the second search
//! finds of a kind that the contract names is a stray: said, not read.
//!
//! Both walk in sorted order within fixed bounds; a search that is cut is an error, so that nothing passes on
//! what happened to be found. Symlinks are followed only to what lies in DIR. Git-tracked files are fixtures, not
//! reports, unless an entry says `tracked: true`.
//!
//! Not looked into by content: `.git`, `.hg`, `.svn`; installed dependencies (`node_modules`,
//! `bower_components`, `vendor`, `.venv`, `venv`, `site-packages`, `Pods`, `Carthage`, `_deps`); caches (`.cargo`,
//! `.rustup`, `.gradle`, `.m2`, `.npm`, `.yarn`, `.pnpm-store`, `.cache`, `.terraform`, `__pycache__`,
//! `CMakeFiles`); and below a `target` folder Cargo's `deps`, `incremental`, `.fingerprint` and
//! `debug/build`, `release/build`. A glob that names such a folder outright is followed into it, never into
//! `.git`.

mod content;
mod contract;
mod packed;
#[cfg(test)]
mod tests;
mod walk;

pub use packed::{Packed, PackedReport, choose, named_beside, packed_folder};

use super::beneath::open_beneath;
use super::git::Tracking;
use crate::diagnostic::{Code, Diagnostic, Origin, Weight};
use crate::formats::{self, Detected, Folder, Format, Head, Names, Source};
use crate::model::{Kind, Untrusted};
use crate::policy::ReportEntry;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

/// What to search, and where.
#[derive(Clone, Copy, Debug)]
pub struct Search<'a> {
    /// DIR of `check DIR`.
    pub dir: &'a Path,
    /// The contract; empty means that everything is found by content.
    pub entries: &'a BTreeMap<String, ReportEntry>,
    /// What git tracks; `None` if that cannot be told, which no search by content can do without.
    pub tracking: Option<&'a Tracking>,
    /// Files that this run writes (`--write-json` and its like), as given: one left from the last run is no
    /// report.
    pub written: &'a [PathBuf],
    /// When the job began, if known: older files are left from an earlier run.
    pub not_before: Option<SystemTime>,
}

/// A file that is evidence, or should be.
#[derive(Clone, Debug)]
pub struct FoundReport {
    /// DIR, absolute and without symlinks.
    root: Arc<Path>,
    /// Path below DIR, without symlinks.
    pub path: PathBuf,
    /// The path as people know it: below DIR, with `/`.
    pub shown: Untrusted,
    /// Name of the contract's entry; empty if the file was found by its content.
    pub entry: String,
    /// The format, where the entry names it or the content shows it; else reading the file decides.
    pub format: Option<&'static Format>,
    /// What it is about: by entry, by format, or by its name; `None` if nothing tells.
    pub kind: Option<Kind>,
    /// Why the file is not read though it is called like a report: it leaves DIR, is no regular file, or is
    /// older than the job. Such a report has failed.
    pub refused: Option<Box<Diagnostic>>,
}

/// Everything that was found.
#[derive(Debug, Default)]
pub struct Found {
    /// The reports, by entry and path.
    pub reports: Vec<FoundReport>,
    /// Problems of the search; see [`Found::is_whole`].
    pub diagnostics: Vec<Diagnostic>,
}

impl Found {
    /// False if reports may be missing from the list (a diagnostic is an error): then nothing may pass.
    pub fn is_whole(&self) -> bool {
        self.diagnostics.iter().all(|diagnostic| diagnostic.weight < Weight::Error)
    }
}

/// Finds the reports.
pub fn find(search: &Search<'_>) -> Found {
    find_among(search, &Formats::new(formats::all(), formats::detect))
}

/// Opens a found file for reading.
///
/// # Errors
/// What was already wrong when it was found, or a diagnostic of what changed since: a symlink in its path, no
/// regular file, no permission.
pub fn open(report: &FoundReport) -> Result<File, Box<Diagnostic>> {
    if let Some(refused) = &report.refused {
        return Err(refused.clone());
    }
    open_beneath(&report.root, &report.path).map_err(|error| {
        let message = format!("the report cannot be opened: {error}");
        let origin = Origin::file(report.shown.clone());
        Box::new(Diagnostic::new(error.code(), Weight::Error, message, origin))
    })
}

/// Opens other files of the folder that a found file lies in, as the file itself is opened.
pub fn folder(report: &FoundReport, max_bytes: u64) -> Box<Folder> {
    folder_below(Arc::clone(&report.root), report.path.clone(), max_bytes)
}

/// The same for a file that the user names.
pub fn folder_of(file: &Path, max_bytes: u64) -> Option<Box<Folder>> {
    let name = file.file_name()?;
    let parent = file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    Some(folder_below(parent.into(), name.into(), max_bytes))
}

fn folder_below(root: Arc<Path>, path: PathBuf, max_bytes: u64) -> Box<Folder> {
    Box::new(move |name| {
        let file = open_beneath(&root, &path.with_file_name(name)).map_err(|error| error.to_string())?;
        Ok(Source::new(file, max_bytes))
    })
}

/// The formats that the search asks; tests bring their own.
struct Formats {
    names: Names,
    detect: fn(&Head) -> Detected,
}

impl Formats {
    fn new(all: impl Iterator<Item = &'static Format>, detect: fn(&Head) -> Detected) -> Self {
        Self { names: Names::of(all), detect }
    }

    /// The formats whose default globs match a file's name.
    fn called(&self, name: &OsStr) -> Vec<&'static Format> {
        self.names.called(name.as_encoded_bytes())
    }
}

fn find_among(search: &Search<'_>, formats: &Formats) -> Found {
    let mut found = Found::default();
    let root = match search.dir.canonicalize() {
        Ok(root) if root.is_dir() => root,
        Ok(_) => {
            found.diagnostics.push(unusable(search.dir, "it is no directory"));
            return found;
        }
        Err(error) => {
            found.diagnostics.push(unusable(search.dir, &error.to_string()));
            return found;
        }
    };
    let root: Arc<Path> = root.into();
    contract::find(search, formats, &root, &mut found);
    content::find(search, formats, &root, &mut found);
    if let Some(not_before) = search.not_before {
        for report in &mut found.reports {
            refuse_if_older(report, not_before);
        }
    }
    let written: Vec<PathBuf> = search.written.iter().filter_map(|path| path.canonicalize().ok()).collect();
    found.reports.retain(|report| !written.contains(&report.root.join(&report.path)));
    found.reports.sort_by(|a, b| (&a.entry, &a.path).cmp(&(&b.entry, &b.path)));
    found.diagnostics.sort();
    found
}

fn unusable(dir: &Path, why: &str) -> Diagnostic {
    let dir = dir.to_string_lossy();
    let message = format!("the directory `{dir}` cannot be searched: {why}");
    Diagnostic::new(Code::UnreadableFile, Weight::Error, message, Origin::file(&*dir))
}

fn refuse_if_older(report: &mut FoundReport, not_before: SystemTime) {
    if report.refused.is_some() {
        return;
    }
    let modified =
        open_beneath(&report.root, &report.path).ok().and_then(|file| file.metadata().ok()?.modified().ok());
    if modified.is_some_and(|modified| modified < not_before) {
        let message = "the report is older than the job: it is left from an earlier run";
        let origin = Origin::file(report.shown.clone());
        report.refused = Some(Box::new(Diagnostic::new(Code::StaleReport, Weight::Error, message, origin)));
    }
}
