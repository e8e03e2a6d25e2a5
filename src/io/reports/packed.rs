//! Reports that come out of artifacts: the same contract and the same search by content, over bytes in memory.

use super::Formats;
use super::content::{MAX_STRAYS, kind_by_name};
use crate::diagnostic::{Code, Diagnostic, Origin, Weight};
use crate::formats::{self, Detected, Folder, Format, Source};
use crate::model::{Kind, RepoPath, Untrusted};
use crate::policy::{Absent, Globs, ReportEntry};
use memchr::memmem;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::io::Cursor;
use std::sync::Arc;

/// A file of an artifact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packed {
    /// The artifact and the path, as people see it.
    pub shown: Untrusted,
    /// The artifact's name.
    pub artifact: String,
    /// The file of the workflow whose run uploaded it; empty if nothing tells it.
    pub workflow: String,
    /// The commit that was tested, as the artifact's manifest claims; `None` without one.
    pub tested: Option<String>,
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

/// Opens other files of the folder of an artifact that a report lies in.
pub fn packed_folder(files: &Arc<Vec<Packed>>, report: &Packed, max_bytes: u64) -> Box<Folder> {
    let (files, shown, path, run) =
        (Arc::clone(files), report.shown.clone(), report.path.clone(), report.run);
    Box::new(move |name| {
        let report = files.iter().find(|file| file.shown == shown && file.path == path && file.run == run);
        let is_here = |file: &&Packed| {
            report.is_some_and(|report| is_beside(file, report)) && file.path.file_name() == name
        };
        let file = files.iter().find(is_here).ok_or("there is no such file in the artifact")?;
        Ok(Source::new(Cursor::new(file.bytes.clone()), max_bytes))
    })
}

/// The files of a report's folder that it may name as parts of itself (SARIF's external properties), each with its
/// name: a bare name that stands in the report. What a report writes in another way, or what is too much, is not had,
/// and a report that needs it is not whole.
pub fn named_beside<'p>(files: &'p [Packed], report: &'p Packed) -> Vec<(&'p str, &'p [u8])> {
    const MOST_FILES: usize = 16;
    const MOST_BYTES: usize = 64 << 20;
    if memmem::find(&report.bytes, b"externalPropertyFileReferences").is_none() {
        return Vec::new();
    }
    let mut room = MOST_BYTES;
    let named = files.iter().filter(|file| is_beside(file, report)).filter_map(|file| {
        let name = file.path.file_name();
        let is_named = file.path != report.path && memmem::find(&report.bytes, name.as_bytes()).is_some();
        is_named.then_some((name, file.bytes.as_slice()))
    });
    let fitting = named.filter(|(_, bytes)| {
        let fits = bytes.len() <= room;
        room -= if fits { bytes.len() } else { 0 };
        fits
    });
    fitting.take(MOST_FILES).collect()
}

/// True if both lie in one folder of one artifact. Another run may have one of the same name, and may be the change's
/// own: its files are never parts of a scanner's report.
fn is_beside(file: &Packed, report: &Packed) -> bool {
    let folder_of = |text: &str| text.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
    let folders = |packed: &Packed| (folder_of(packed.shown.raw()), folder_of(packed.path.as_str()));
    file.run == report.run && folders(file) == folders(report)
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
        let named_here: Vec<(&String, &ReportEntry)> =
            entries.iter().filter(|(_, entry)| entry.path.is_match(&file.path)).collect();
        let matching: Vec<(&String, &ReportEntry)> =
            named_here.iter().copied().filter(|(_, entry)| comes_from(file, entry)).collect();
        if let ([(name, entry), ..], []) = (named_here.as_slice(), matching.as_slice()) {
            diagnostics.push(other_origin(file, name, entry));
            continue;
        }
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

/// True if the file comes from where the entry says. What nothing tells is not where the entry says.
fn comes_from(file: &Packed, entry: &ReportEntry) -> bool {
    let fits = |globs: &Globs, name: &str| globs.is_empty() || globs.is_match_text(name);
    // A workflow goes by its file, which GitHub says; its name is what the change writes there.
    let name = file.workflow.rsplit('/').next().unwrap_or_default();
    fits(&entry.artifact, &file.artifact)
        && (fits(&entry.workflow, name) || fits(&entry.workflow, &file.workflow))
}

fn other_origin(file: &Packed, name: &str, entry: &ReportEntry) -> Diagnostic {
    let mut asks = Vec::new();
    if !entry.artifact.is_empty() {
        asks.push(format!("the artifact {}", entry.artifact.patterns().join(", ")));
    }
    if !entry.workflow.is_empty() {
        asks.push(format!("the workflow {}", entry.workflow.patterns().join(", ")));
    }
    let workflow = match file.workflow.as_str() {
        "" => "a workflow that nothing tells".to_owned(),
        name => format!("the workflow {name}"),
    };
    let message =
        format!("it is from {workflow} and does not count: `{name}` asks for {}", asks.join(" and "));
    Diagnostic::new(Code::OtherOrigin, Weight::Warning, message, Origin::file(file.shown.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ScanClasses;

    const LCOV: &str = "TN:\nSF:a.c\nDA:1,1\nend_of_record\n";

    fn packed(artifact: &str, workflow: &str) -> Packed {
        Packed {
            shown: Untrusted::new(format!("{artifact}/lcov.info")),
            artifact: artifact.to_owned(),
            workflow: workflow.to_owned(),
            tested: None,
            path: RepoPath::new("lcov.info").unwrap(),
            bytes: LCOV.as_bytes().to_vec(),
            run: 1,
        }
    }

    fn entry(workflow: &str, artifact: &str) -> ReportEntry {
        let globs = |text: &str| match text {
            "" => Globs::none(),
            text => Globs::new([text]).unwrap(),
        };
        ReportEntry {
            kind: Kind::Coverage,
            path: Globs::new(["lcov.info"]).unwrap(),
            format: None,
            workflow: globs(workflow),
            artifact: globs(artifact),
            at_least: 1,
            shards: None,
            when: Globs::none(),
            absent: Absent::Required,
            tracked: false,
            classes: ScanClasses::NONE,
            origin: Origin::file("policy"),
        }
    }

    /// The entry that each artifact is for, and the codes of what there is to say.
    fn chosen(files: &[Packed], entries: &[(&str, ReportEntry)]) -> (Vec<(String, String)>, Vec<Code>) {
        let entries = entries.iter().map(|(name, entry)| ((*name).to_owned(), entry.clone())).collect();
        let mut notes = Vec::new();
        let chosen = choose(files, &entries, &mut notes);
        let names = chosen.iter().map(|report| (report.file.artifact.clone(), report.entry.to_owned()));
        (names.collect(), notes.iter().map(|note| note.code).collect())
    }

    fn pair(artifact: &str, entry: &str) -> (String, String) {
        (artifact.to_owned(), entry.to_owned())
    }

    #[test]
    fn parts_of_a_report_come_from_its_own_run_and_folder() {
        let file = |run: u64, path: &str, text: &str| Packed {
            shown: Untrusted::new(format!("scan/{path}")),
            path: RepoPath::new(path).unwrap(),
            bytes: text.as_bytes().to_vec(),
            run,
            ..packed("scan", "scan.yml")
        };
        let report =
            r#"{"externalPropertyFileReferences": {"results": [{"location": {"uri": "part.json"}}]}}"#;
        // The change's own workflow uploads an artifact of the same name, before and after the scanner's.
        let files = vec![
            file(2, "out/part.json", "another run's"),
            file(2, "out/s.sarif", report),
            file(1, "out/s.sarif", report),
            file(1, "out/part.json", "its own"),
            file(1, "part.json", "another folder's"),
            file(3, "out/part.json", "another run's"),
        ];
        let report = &files[2];
        assert_eq!(named_beside(&files, report), [("part.json", b"its own".as_slice())]);
        let folder = packed_folder(&Arc::new(files.clone()), report, 1_000);
        let head = folder("part.json").unwrap().head().unwrap();
        assert_eq!(head.text(), "its own");
        let without = vec![file(2, "out/part.json", "another run's"), report.clone()];
        assert_eq!(named_beside(&without, report), []);
        assert!(packed_folder(&Arc::new(without.clone()), report, 1_000)("part.json").is_err());
    }

    #[test]
    fn entries_of_one_glob_are_told_apart_by_the_artifact() {
        let files = [packed("cov-linux", "ci.yml"), packed("cov-mac", "ci.yml"), packed("old", "ci.yml")];
        let entries = [("linux", entry("", "cov-linux")), ("mac", entry("", "*-mac"))];
        let (chosen, codes) = chosen(&files, &entries);
        assert_eq!(chosen, [pair("cov-linux", "linux"), pair("cov-mac", "mac")]);
        assert_eq!(codes, [Code::OtherOrigin], "that of the third artifact is said and not read");
    }

    #[test]
    fn a_workflow_goes_by_its_file_and_one_that_nothing_tells_is_another() {
        let path = ".github/workflows/ci.yml";
        for wanted in ["ci.yml", path, "c*.yml"] {
            let (chosen, _) = chosen(&[packed("a", path)], &[("unit", entry(wanted, ""))]);
            assert_eq!(chosen, [pair("a", "unit")], "{wanted}");
        }
        for other in [".github/workflows/evil.yml", "", "ci.yml/x"] {
            let (chosen, codes) = chosen(&[packed("a", other)], &[("unit", entry("ci.yml", ""))]);
            assert_eq!(chosen, [], "{other}");
            assert_eq!(codes, [Code::OtherOrigin, Code::GlobMatchedNothing], "{other}");
        }
    }
}
