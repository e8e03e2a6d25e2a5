//! Reports that come out of artifacts: the same contract and the same search by content, over bytes in memory.

use super::Formats;
use super::content::{MAX_STRAYS, kind_by_name};
use crate::diagnostic::{Code, Diagnostic, Origin, Weight};
use crate::formats::{self, Detected, Format, Source};
use crate::model::{Kind, RepoPath, Untrusted};
use crate::policy::{Absent, ReportEntry};
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;

/// A file of an artifact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packed {
    /// The artifact and the path, as people see it.
    pub shown: Untrusted,
    /// Its path: where it stood in the workspace, or stands in the artifact. Globs are held against it.
    pub path: RepoPath,
    /// Its content.
    pub bytes: Vec<u8>,
    /// The run that uploaded it.
    pub run: u64,
}

/// A file of an artifact that is evidence.
#[derive(Clone, Copy, Debug)]
pub struct PackedReport<'p> {
    /// The file.
    pub file: &'p Packed,
    /// As in [`super::FoundReport`].
    pub entry: &'p str,
    /// As in [`super::FoundReport`].
    pub format: Option<&'static Format>,
    /// As in [`super::FoundReport`].
    pub kind: Option<Kind>,
}

/// Chooses the reports among the files of artifacts. What looks like a report of a kind that the contract names,
/// and is not named, is a stray: said, not read.
pub fn choose<'p>(
    files: &'p [Packed],
    entries: &'p BTreeMap<String, ReportEntry>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<PackedReport<'p>> {
    let formats = Formats::new(formats::all(), formats::detect);
    let named: BTreeSet<Kind> = entries.values().map(|entry| entry.kind).collect();
    let mut strays = 0;
    let mut reports = Vec::new();
    for file in files {
        let detected = Source::from_bytes(&file.bytes).head().map(|head| (formats.detect)(&head));
        let detected = match detected {
            Ok(Detected::One(format)) => Some(format),
            Ok(Detected::Ambiguous(_) | Detected::Unknown) | Err(_) => None,
        };
        let matching: Vec<(&String, &ReportEntry)> =
            entries.iter().filter(|(_, entry)| entry.path.is_match(&file.path)).collect();
        let of_kind = |kind: Kind| matching.iter().find(|(_, entry)| entry.kind == kind);
        let entry = detected.and_then(|format| of_kind(format.kind)).or(matching.first());
        if let Some((name, entry)) = entry {
            let format = entry.format.as_deref().and_then(formats::by_id);
            reports.push(PackedReport { file, entry: name, format, kind: Some(entry.kind) });
            continue;
        }
        let name = file.path.as_str().rsplit('/').next().unwrap_or_default();
        let called = formats.called(OsStr::new(name));
        if detected.is_none() && called.is_empty() {
            continue;
        }
        let kind = detected.map(|format| format.kind).or(kind_by_name(&called));
        if kind.is_some_and(|kind| named.contains(&kind)) {
            strays += 1;
            if strays <= MAX_STRAYS {
                let kind = kind.map_or("", Kind::word);
                let message =
                    format!("looks like a report about {kind}, and no entry of `reports:` names it");
                let origin = Origin::file(file.shown.clone());
                diagnostics.push(Diagnostic::new(Code::StrayReport, Weight::Note, message, origin));
            }
        } else {
            reports.push(PackedReport { file, entry: "", format: detected, kind });
        }
    }
    for (name, entry) in entries {
        if reports.iter().all(|report| report.entry != name) {
            let weight = if entry.absent == Absent::Required { Weight::Warning } else { Weight::Note };
            let message = format!("the globs of `{name}` match no file of the artifacts");
            diagnostics.push(Diagnostic::new(
                Code::GlobMatchedNothing,
                weight,
                message,
                entry.origin.clone(),
            ));
        }
    }
    reports
}
