//! The search by content: for kinds that no entry of the contract names.

use super::walk::{Bounds, Links, Thing, What, git_bytes, shown, walk};
use super::{Formats, Found, FoundReport, Search};
use crate::diagnostic::{Code, Diagnostic, Origin, Weight};
use crate::formats::{Detected, Format, Source};
use crate::io::beneath::open_beneath;
use crate::io::git::{self, Tracking};
use crate::model::{Kind, Untrusted};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

const BOUNDS: Bounds = Bounds { depth: 32, entries: 200_000 };
/// How many files are opened to look at their content.
const MAX_CANDIDATES: usize = 20_000;
/// The same where only strays are looked for: they are notes.
const MAX_STRAY_CANDIDATES: usize = 2_000;
/// How many strays are named.
pub(super) const MAX_STRAYS: usize = 20;
/// Nested repositories whose index is read.
const MAX_NESTED: usize = 200;

/// Extensions of files that are looked into though they are not called like a report.
const EXTENSIONS: [&str; 14] = [
    "xml",
    "json",
    "sarif",
    "info",
    "lcov",
    "out",
    "trx",
    "tap",
    "ndjson",
    "jsonl",
    "txt",
    "cov",
    "coverprofile",
    "dat",
];

/// Folders that hold no reports of this project.
const FOREIGN: [&str; 24] = [
    ".git",
    ".hg",
    ".svn",
    "node_modules",
    "bower_components",
    "vendor",
    ".venv",
    "venv",
    "site-packages",
    "Pods",
    "Carthage",
    "_deps",
    ".cargo",
    ".rustup",
    ".gradle",
    ".m2",
    ".npm",
    ".yarn",
    ".pnpm-store",
    ".cache",
    ".terraform",
    "__pycache__",
    "CMakeFiles",
    ".fingerprint",
];

/// Folders in which tools put reports; one that is a symlink out of DIR is worth a word.
const REPORT_FOLDERS: [&str; 8] =
    ["bazel-testlogs", "test-results", "test-reports", "reports", "coverage", "build", "target", "out"];

pub(super) fn find(search: &Search<'_>, formats: &Formats, root: &Arc<Path>, found: &mut Found) {
    let named: BTreeSet<Kind> = search.entries.values().map(|entry| entry.kind).collect();
    let strays_only = [Kind::Tests, Kind::Coverage, Kind::Scan].iter().all(|kind| named.contains(kind));
    let Some(tracking) = search.tracking else {
        if !strays_only {
            let message = "what git tracks is not known, so reports cannot be told from fixtures";
            let help = "name the reports in the policy (`reports:`), or let git read the repository";
            found.diagnostics.push(
                Diagnostic::new(Code::GitFailed, Weight::Error, message, Origin::default()).with_help(help),
            );
        }
        return;
    };
    let already: BTreeSet<PathBuf> = found.reports.iter().map(|report| report.path.clone()).collect();
    let limit = if strays_only { MAX_STRAY_CANDIDATES } else { MAX_CANDIDATES };
    let nested = RefCell::new(Nested::default());
    let mut candidates = 0_usize;
    let mut too_many = false;
    let mut strays = Vec::new();
    let mut taken = Vec::new();
    let walked = walk(
        root,
        Path::new(""),
        BOUNDS,
        Links::Leave,
        |folder| {
            let enter = !is_foreign(folder);
            if enter {
                nested.borrow_mut().look_at(root, folder);
            }
            enter
        },
        |thing| {
            let Some(candidate) = Candidate::of(&thing, formats) else { return true };
            // A link inside of DIR: what it points to is found in its own place.
            let is_link = matches!(&thing.what, What::File { real } if *real != thing.path);
            let bytes = git_bytes(&thing.path);
            if is_link
                || already.contains(&thing.path)
                || tracking.contains(&bytes)
                || nested.borrow().tracks(&thing.path)
            {
                return true;
            }
            candidates += 1;
            if candidates > limit {
                too_many = true;
                return false;
            }
            match candidate.report(&thing, formats, root) {
                Some(report) if report.kind.is_some_and(|kind| named.contains(&kind)) => strays.push(report),
                Some(report) => taken.push(report),
                None => {}
            }
            true
        },
    );
    found.reports.extend(taken);
    let weight = if strays_only { Weight::Note } else { Weight::Error };
    walked.diagnostics(weight, BOUNDS, &mut found.diagnostics);
    if too_many {
        let message =
            format!("more than {limit} files look like reports by their names, and were not all opened");
        found.diagnostics.push(Diagnostic::new(Code::TooManyFiles, weight, message, Origin::default()));
    }
    found.diagnostics.append(&mut nested.into_inner().problems);
    say_outside(walked.outside.iter().filter(|folder| is_report_folder(folder)), &mut found.diagnostics);
    say_strays(&strays, found);
}

fn say_strays(strays: &[FoundReport], found: &mut Found) {
    for stray in strays.iter().take(MAX_STRAYS) {
        let kind = stray.kind.map_or("", Kind::word);
        let message = format!("looks like a report about {kind}, and no entry of `reports:` names it");
        let origin = Origin::file(stray.shown.clone());
        found.diagnostics.push(Diagnostic::new(Code::StrayReport, Weight::Note, message, origin));
    }
    if strays.len() > MAX_STRAYS {
        let message = format!("{} more such files are not listed", strays.len() - MAX_STRAYS);
        found.diagnostics.push(Diagnostic::new(Code::StrayReport, Weight::Note, message, Origin::default()));
    }
}

/// Why a file is looked at.
struct Candidate {
    /// The formats that name their reports like this.
    called: Vec<&'static Format>,
}

impl Candidate {
    fn of(thing: &Thing, formats: &Formats) -> Option<Self> {
        let called = formats.called(thing.path.file_name()?);
        if !called.is_empty() {
            return Some(Self { called });
        }
        let extension = thing.path.extension()?.to_str()?;
        let by_extension = EXTENSIONS.iter().any(|known| extension.eq_ignore_ascii_case(known));
        let is_file = matches!(thing.what, What::File { .. });
        (by_extension && is_file).then_some(Self { called })
    }

    /// The report, or `None` for a file that is none.
    fn report(&self, thing: &Thing, formats: &Formats, root: &Arc<Path>) -> Option<FoundReport> {
        let shown = Untrusted::from(shown(&thing.path));
        let kind_by_name = kind_by_name(&self.called);
        let report = |format: Option<&'static Format>, refused: Option<Box<Diagnostic>>| FoundReport {
            root: Arc::clone(root),
            path: thing.path.clone(),
            shown: shown.clone(),
            entry: String::new(),
            format,
            kind: format.map(|format| format.kind).or(kind_by_name),
            refused,
        };
        let refused = refusal(&thing.what, &shown);
        if refused.is_some() {
            return (!self.called.is_empty()).then(|| report(None, refused));
        }
        match sniff(root, &thing.path, formats) {
            Ok(Detected::One(format)) => Some(report(Some(format), None)),
            Ok(Detected::Ambiguous(_)) => Some(report(None, None)),
            Ok(Detected::Unknown) => (!self.called.is_empty()).then(|| report(None, None)),
            Err(diagnostic) => (!self.called.is_empty()).then(|| report(None, Some(diagnostic))),
        }
    }
}

/// The kind that all formats of a name agree on.
pub(super) fn kind_by_name(called: &[&'static Format]) -> Option<Kind> {
    match called {
        [first, rest @ ..] if rest.iter().all(|format| format.kind == first.kind) => Some(first.kind),
        _ => None,
    }
}

/// Why a thing that is called like a report cannot be one.
pub(super) fn refusal(what: &What, shown: &Untrusted) -> Option<Box<Diagnostic>> {
    let (code, message) = match what {
        What::File { .. } => return None,
        What::Outside => {
            (Code::SymlinkOutside, "the file is a symlink that leads out of the directory, or nowhere")
        }
        What::Other => (Code::NotRegular, "the report is a pipe, socket or device"),
    };
    Some(Box::new(Diagnostic::new(code, Weight::Error, message, Origin::file(shown.clone()))))
}

/// Which format claims the file.
pub(super) fn sniff(root: &Path, path: &Path, formats: &Formats) -> Result<Detected, Box<Diagnostic>> {
    let failed = |code: Code, why: String| {
        let message = format!("the report cannot be opened: {why}");
        Box::new(Diagnostic::new(code, Weight::Error, message, Origin::file(shown(path))))
    };
    let file = open_beneath(root, path).map_err(|error| failed(error.code(), error.to_string()))?;
    let head = Source::new(file, u64::MAX).head().map_err(|error| failed(error.code, error.message))?;
    Ok((formats.detect)(&head))
}

/// True for a folder that is not looked into by content.
pub(super) fn is_foreign(folder: &Path) -> bool {
    let Some(name) = folder.file_name().and_then(|name| name.to_str()) else { return false };
    if FOREIGN.contains(&name) {
        return true;
    }
    let parent = folder.parent().unwrap_or(Path::new(""));
    let below_target = parent.components().any(|part| part.as_os_str() == "target");
    let profile = parent.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    below_target
        && (matches!(name, "deps" | "incremental")
            || (name == "build" && matches!(profile, "debug" | "release"))
            || (name == "pkg" && profile == "mod"))
}

/// Names symlinked folders that lead out of DIR; the first few.
pub(super) fn say_outside<'p>(folders: impl Iterator<Item = &'p PathBuf>, into: &mut Vec<Diagnostic>) {
    for folder in folders.take(MAX_STRAYS) {
        let message = "the folder is a symlink that leads out of the directory, so it is not searched";
        let diagnostic =
            Diagnostic::new(Code::SymlinkOutside, Weight::Warning, message, Origin::file(shown(folder)))
                .with_help("copy the reports into the directory, or run `tollgate check` where they are");
        if !into.contains(&diagnostic) {
            into.push(diagnostic);
        }
    }
}

/// True for a folder that tools put reports into.
pub(super) fn is_report_folder(folder: &Path) -> bool {
    folder.file_name().and_then(|name| name.to_str()).is_some_and(|name| REPORT_FOLDERS.contains(&name))
}

/// Repositories inside of DIR (submodules, checkouts of others): what they track are their fixtures.
#[derive(Default)]
struct Nested {
    tracking: BTreeMap<PathBuf, Option<Tracking>>,
    problems: Vec<Diagnostic>,
}

impl Nested {
    fn look_at(&mut self, root: &Path, folder: &Path) {
        let full = root.join(folder);
        if std::fs::symlink_metadata(full.join(".git")).is_err() || self.tracking.len() >= MAX_NESTED {
            return;
        }
        let tracking = git::open(&full).and_then(|repository| repository.tracking());
        let tracking = match tracking {
            Ok(tracking) => Some(tracking),
            Err(mut diagnostic) => {
                diagnostic.weight = Weight::Warning;
                self.problems.push(*diagnostic);
                None
            }
        };
        self.tracking.insert(folder.to_owned(), tracking);
    }

    /// True if a nested repository tracks the file, or cannot say.
    fn tracks(&self, path: &Path) -> bool {
        if self.tracking.is_empty() {
            return false;
        }
        path.ancestors().skip(1).any(|folder| match self.tracking.get(folder) {
            None => false,
            Some(None) => true,
            Some(Some(tracking)) => {
                path.strip_prefix(folder).is_ok_and(|below| tracking.contains(&git_bytes(below)))
            }
        })
    }
}
