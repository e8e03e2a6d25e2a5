//! The reports that a policy asks for: found, opened, read apart.

use super::gather::Gathered;
use super::question::Question;
use crate::cli::exit::WrongUse;
use crate::diagnostic::{Code, Diagnostic, Origin, Weight};
use crate::formats::Source;
use crate::gate::{ReportSource, find_lines, find_stale};
use crate::io::git::{self, Repository};
use crate::io::isolated::{self, FileToRead};
use crate::io::reports::{self, Found, Packed, Search};
use crate::model::{Kind, ScanClasses, Snapshot};
use crate::policy::{Absent, Globs, Policy, ReportEntry};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// The evidence that a policy asks for, and what was odd about finding it.
pub(super) struct Looked {
    pub(super) evidence: Evidence,
    pub(super) found: Vec<Diagnostic>,
}

/// Looks for what a policy asks for.
pub(super) fn look(
    question: &Question,
    policy: &Policy,
    repository: Option<&Repository>,
    packed: Option<Arc<Vec<Packed>>>,
) -> Looked {
    let mut found = Vec::new();
    let (evidence, is_missing, place) = match packed {
        Some(files) => {
            let is_missing = reports::choose(&files, &policy.reports, &mut found).is_empty();
            (Evidence::Packed(files), is_missing, "artifacts")
        }
        None => {
            let files = find(question, policy, repository, &mut found);
            let is_missing = files.reports.is_empty();
            (Evidence::Files(files), is_missing, "directory")
        }
    };
    if is_missing && policy.reports.is_empty() {
        let message = format!("no report was found in the {place}");
        found.push(Diagnostic::new(Code::NoReport, Weight::Error, message, Origin::default()));
    }
    Looked { evidence, found }
}

/// The reports of the directory.
fn find(
    question: &Question,
    policy: &Policy,
    repository: Option<&Repository>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Found {
    let tracking = match repository {
        Some(repository) => repository.tracking().map_err(|error| diagnostics.push(*error)).ok(),
        None => Some(git::Tracking::nothing()),
    };
    let search = Search {
        dir: &question.dir,
        entries: &policy.reports,
        tracking: tracking.as_ref(),
        not_before: None,
        written: &question.written,
    };
    let found = reports::find(&search);
    diagnostics.extend(found.diagnostics.iter().cloned());
    found
}

/// Where the reports are.
pub(super) enum Evidence {
    /// Files of the directory.
    Files(Found),
    /// Files of artifacts, in memory.
    Packed(Arc<Vec<Packed>>),
}

impl Evidence {
    /// The reports, each opened when its turn comes.
    pub(super) fn sources<'e>(
        &'e self,
        policy: &'e Policy,
        max_bytes: u64,
    ) -> Box<dyn Iterator<Item = ReportSource<'e>> + Send + 'e> {
        match self {
            Self::Files(found) => Box::new(found.reports.iter().map(move |report| {
                ReportSource {
                    file: report.shown.clone(),
                    entry: report.entry.clone(),
                    kind: report.kind,
                    format: report.format,
                    classes: classes_of(policy, &report.entry),
                    source: reports::open(report)
                        .map(|file| Source::new(file, max_bytes).within(reports::folder(report, max_bytes)))
                        .map_err(|error| *error),
                }
            })),
            Self::Packed(files) => {
                // What there was to say about them is said since they were looked for.
                let chosen = reports::choose(files, &policy.reports, &mut Vec::new());
                Box::new(chosen.into_iter().map(move |report| ReportSource {
                    file: report.file.shown.clone(),
                    entry: report.entry.to_owned(),
                    kind: report.kind,
                    format: report.format,
                    classes: classes_of(policy, report.entry),
                    source: Ok(
                        Source::new(report.file.bytes.as_slice(), max_bytes).within(reports::packed_folder(
                            files,
                            report.file,
                            max_bytes,
                        )),
                    ),
                }))
            }
        }
    }
}

/// What an entry of the policy says that its scanners look for.
fn classes_of(policy: &Policy, entry: &str) -> ScanClasses {
    policy.reports.get(entry).map_or(ScanClasses::NONE, |entry| entry.classes)
}

/// Reads the reports in a process of its own. What the findings' lines hold is added to its answer: it has no files.
pub(super) fn read_apart(
    reader: &Path,
    gathered: &Gathered,
    evidence: &Evidence,
    policy: &Policy,
) -> Result<Snapshot, Box<Diagnostic>> {
    let Evidence::Packed(files) = evidence else { return Ok(Snapshot::default()) };
    let chosen = reports::choose(files, &policy.reports, &mut Vec::new());
    let others: Vec<Vec<(&str, &[u8])>> =
        chosen.iter().map(|report| reports::named_beside(files, report.file)).collect();
    let files: Vec<FileToRead<'_>> = chosen
        .iter()
        .zip(&others)
        .map(|(report, others)| FileToRead {
            shown: &report.file.shown,
            entry: report.entry,
            kind: report.kind,
            format: report.format,
            classes: classes_of(policy, report.entry),
            bytes: &report.file.bytes,
            others,
        })
        .collect();
    let mut snapshot = isolated::read(reader, &files, &gathered.ground, gathered.commit.clone())?;
    find_lines(&mut snapshot, &gathered.ground);
    find_stale(&mut snapshot, &gathered.ground);
    Ok(snapshot)
}

/// `--report` replaces the policy's entries of the same kind: the user knows better where the files are.
pub(super) fn with_named_reports(mut policy: Policy, named: &[(Kind, String)]) -> anyhow::Result<Policy> {
    policy.reports.retain(|_, entry| named.iter().all(|(kind, _)| *kind != entry.kind));
    policy.reports.extend(named_reports(named)?);
    Ok(policy)
}

/// The contract that `--report` makes.
fn named_reports(named: &[(Kind, String)]) -> anyhow::Result<BTreeMap<String, ReportEntry>> {
    let mut entries = BTreeMap::new();
    for (index, (kind, glob)) in named.iter().enumerate() {
        let path = Globs::new(std::slice::from_ref(glob)).map_err(|error| {
            WrongUse(format!(
                "error[{}]: `{glob}` is no glob: {error}\n  = help: {}",
                Code::BadGlob,
                Code::BadGlob.help()
            ))
        })?;
        let entry = ReportEntry {
            kind: *kind,
            path,
            format: None,
            workflow: Globs::none(),
            artifact: Globs::none(),
            at_least: 1,
            shards: None,
            when: Globs::none(),
            absent: Absent::Required,
            tracked: true,
            classes: ScanClasses::NONE,
            origin: Origin::file("--report"),
        };
        entries.insert(format!("--report {} {}", kind.word(), index + 1), entry);
    }
    Ok(entries)
}

/// The reports of a directory, by the globs that are named and by content, without a policy.
///
/// # Errors
/// [`WrongUse`] for a glob that cannot be used.
pub(in crate::cli) fn find_without_policy(dir: &Path, named: &[(Kind, String)]) -> anyhow::Result<Found> {
    let entries = named_reports(named)?;
    let tracking = match git::open(dir) {
        Ok(repository) => repository.tracking(),
        Err(_) => Ok(git::Tracking::nothing()),
    };
    let (tracking, problem) = match tracking {
        Ok(tracking) => (Some(tracking), None),
        Err(problem) => (None, Some(*problem)),
    };
    let search =
        Search { dir, entries: &entries, tracking: tracking.as_ref(), not_before: None, written: &[] };
    let mut found = reports::find(&search);
    found.diagnostics.extend(problem);
    Ok(found)
}
