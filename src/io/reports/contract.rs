//! The search by contract: the files that `reports:` names.

use super::content::{is_foreign, is_report_folder, refusal, say_outside, sniff};
use super::walk::{Bounds, Links, Target, What, git_bytes, resolve, shown, walk};
use super::{Formats, Found, FoundReport, Search};
use crate::diagnostic::{Code, Diagnostic, Origin, Weight};
use crate::formats::{self, Detected};
use crate::model::Untrusted;
use crate::policy::{Absent, ReportEntry};
use globset::{GlobBuilder, GlobMatcher};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

const BOUNDS: Bounds = Bounds { depth: 64, entries: 1_000_000 };
/// More files than this in one contract are a mistaken glob.
const MAX_MATCHES: usize = 100_000;

pub(super) fn find(search: &Search<'_>, formats: &Formats, root: &Arc<Path>, found: &mut Found) {
    // Real path → the entries that name it, each with the path as it is written.
    let mut matched: BTreeMap<PathBuf, Vec<Match<'_>>> = BTreeMap::new();
    for (name, entry) in search.entries {
        for text in entry.path.patterns() {
            let glob = match Pattern::new(text) {
                Ok(glob) => glob,
                Err(why) => {
                    let message = format!("the glob `{text}` of `{name}` cannot be used: {why}");
                    found.diagnostics.push(Diagnostic::new(
                        Code::BadGlob,
                        Weight::Error,
                        message,
                        entry.origin.clone(),
                    ));
                    continue;
                }
            };
            let counts = glob.find(search, root, name, entry, &mut matched, &mut found.diagnostics);
            counts.say(text, name, entry, &mut found.diagnostics);
            if matched.len() > MAX_MATCHES {
                let message = format!("the globs of `reports:` match more than {MAX_MATCHES} files");
                found.diagnostics.push(
                    Diagnostic::new(Code::TooManyFiles, Weight::Error, message, entry.origin.clone())
                        .with_help("narrow the globs"),
                );
                return;
            }
        }
    }
    hold_to_artifacts(search, &mut matched, &mut found.diagnostics);
    for (path, mut matches) in matched {
        let chosen = choose(&path, &mut matches, formats, root);
        let shown = Untrusted::from(shown(&chosen.written));
        let format = chosen.entry.format.as_deref().and_then(formats::by_id);
        let refused = refusal(&chosen.what, &shown);
        let (entry, kind) = (chosen.name.to_owned(), Some(chosen.entry.kind));
        found.reports.push(FoundReport { root: Arc::clone(root), path, shown, entry, format, kind, refused });
    }
}

/// Nothing in a directory tells which workflow wrote a file. Which artifact it came in is told where some of an entry's
/// files lie in a folder of such a name, as downloads of several artifacts do: then the others do not count.
fn hold_to_artifacts(
    search: &Search<'_>,
    matched: &mut BTreeMap<PathBuf, Vec<Match<'_>>>,
    diagnostics: &mut Vec<Diagnostic>,
) {
    let is_narrowed = |entry: &ReportEntry| !(entry.artifact.is_empty() && entry.workflow.is_empty());
    for (name, entry) in search.entries.iter().filter(|(_, entry)| is_narrowed(entry)) {
        let of_entry = |one: &Match<'_>| one.name == name;
        let in_folder = |one: &Match<'_>| {
            let folders = one.written.parent().unwrap_or(Path::new("")).components();
            folders
                .filter_map(|part| part.as_os_str().to_str())
                .any(|part| entry.artifact.is_match_text(part))
        };
        let all = matched.values().flatten().filter(|one| of_entry(one)).count();
        let told = matched.values().flatten().any(|one| of_entry(one) && in_folder(one));
        if told {
            for matches in matched.values_mut() {
                matches.retain(|one| !of_entry(one) || in_folder(one));
            }
        }
        let left = matched.values().flatten().filter(|one| of_entry(one)).count();
        if all > left {
            let message = format!(
                "{} of {all} files of `{name}` lie in no folder that is called like its artifact, and do not count",
                all - left
            );
            diagnostics.push(Diagnostic::new(
                Code::OtherOrigin,
                Weight::Warning,
                message,
                entry.origin.clone(),
            ));
        }
        if left > 0 && (!told || !entry.workflow.is_empty()) {
            let what = if told { "workflow" } else { "artifact or workflow" };
            let message = format!(
                "nothing in a directory tells from which {what} a report comes: those of `{name}` are taken by their path"
            );
            let note = Diagnostic::new(Code::OtherOrigin, Weight::Note, message, entry.origin.clone());
            diagnostics
                .push(note.with_help("in a gate job over artifacts, and in the second stage, it is told"));
        }
    }
    matched.retain(|_, matches| !matches.is_empty());
    for matches in matched.values() {
        if let [first, second, ..] = matches.as_slice()
            && matches.iter().any(|one| is_narrowed(one.entry))
            && matches.iter().all(|one| one.entry.kind == first.entry.kind)
        {
            let message = format!(
                "it could be a report of `{}` or of `{}`: only the artifact or workflow tells them apart, and nothing here does",
                first.name, second.name
            );
            let origin = Origin::file(shown(&first.written));
            diagnostics.push(Diagnostic::new(Code::UnknownOrigin, Weight::Error, message, origin));
        }
    }
}

/// One entry that names a file.
struct Match<'a> {
    name: &'a str,
    entry: &'a ReportEntry,
    written: PathBuf,
    what: What,
}

/// Which of several entries gets the file: the one of its kind, else the first by name. A file is evidence
/// once.
fn choose<'m, 'a>(
    path: &Path,
    matches: &'m mut Vec<Match<'a>>,
    formats: &Formats,
    root: &Path,
) -> &'m Match<'a> {
    matches.sort_by(|a, b| (a.name, &a.written).cmp(&(b.name, &b.written)));
    let several_kinds =
        matches.iter().any(|one| Some(one.entry.kind) != matches.first().map(|m| m.entry.kind));
    let mut at = 0;
    if several_kinds && let Ok(Detected::One(format)) = sniff(root, path, formats) {
        at = matches.iter().position(|one| one.entry.kind == format.kind).unwrap_or(0);
    }
    matches.swap(0, at);
    #[expect(clippy::indexing_slicing, reason = "an entry of the map is made with its first match")]
    &matches[0]
}

/// How many files a glob matched.
#[derive(Default)]
struct Counts {
    taken: u64,
    tracked: u64,
    folders: u64,
}

impl Counts {
    /// Says it when a glob matched nothing, with the likely reason.
    fn say(&self, glob: &str, name: &str, entry: &ReportEntry, diagnostics: &mut Vec<Diagnostic>) {
        if self.taken > 0 {
            return;
        }
        // Whether it is due is not known here; where it is, the entry is short.
        let weight = match entry.absent {
            Absent::Required if entry.when.is_empty() => Weight::Warning,
            Absent::Required | Absent::Optional | Absent::Carried => Weight::Note,
        };
        let message = format!("the glob `{glob}` of `{name}` matches no file");
        let mut diagnostic = Diagnostic::new(Code::GlobMatchedNothing, weight, message, entry.origin.clone());
        if self.tracked > 0 {
            diagnostic = diagnostic.with_help(format!(
                "{} matching files are tracked by git and so are no fresh reports; `tracked: true` reads them",
                self.tracked
            ));
        } else if self.folders > 0 {
            diagnostic =
                diagnostic.with_help(format!("it is a folder: write `{}/**`", glob.trim_end_matches('/')));
        } else if !entry.when.is_empty() {
            diagnostic = diagnostic.with_help(
                "nothing to do where the change touches no file of its `when`; else correct the glob",
            );
        }
        diagnostics.push(diagnostic);
    }
}

/// A glob, with the folder that it names outright.
struct Pattern {
    /// The folder where the walk begins.
    start: PathBuf,
    /// The whole path, if there is no wildcard at all.
    literal: Option<PathBuf>,
    matcher: GlobMatcher,
    /// How many components a match has; `None` for a glob with `**`.
    components: Option<usize>,
}

impl Pattern {
    fn new(text: &str) -> Result<Self, String> {
        let text = text.trim_start_matches("./");
        if text.is_empty() {
            return Err("it is empty".to_owned());
        }
        let drive = matches!(text.as_bytes(), [letter, b':', ..] if letter.is_ascii_alphabetic());
        if text.starts_with('/') || drive {
            return Err("it is absolute; globs begin at the directory that is checked".to_owned());
        }
        if text.split('/').any(|part| part == "..") {
            return Err("`..` leaves the directory that is checked".to_owned());
        }
        let glob = GlobBuilder::new(text)
            .literal_separator(true)
            .backslash_escape(true)
            .build()
            .map_err(|error| error.kind().to_string())?;
        let parts: Vec<&str> = text.split('/').filter(|part| *part != ".").collect();
        let wild = |part: &&str| part.contains(['*', '?', '[', '{', '\\']);
        let fixed: Vec<&str> = parts.iter().copied().take_while(|part| !wild(part)).collect();
        let literal = (fixed.len() == parts.len()).then(|| fixed.iter().collect());
        // A brace may hold slashes, so then the number of components says nothing.
        let components = (!text.contains("**") && !text.contains('{')).then_some(parts.len());
        Ok(Self { start: fixed.iter().collect(), literal, matcher: glob.compile_matcher(), components })
    }

    fn find<'a>(
        &self,
        search: &Search<'_>,
        root: &Path,
        name: &'a str,
        entry: &'a ReportEntry,
        matched: &mut BTreeMap<PathBuf, Vec<Match<'a>>>,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Counts {
        let mut counts = Counts::default();
        let mut take = |written: PathBuf, what: What| {
            let real = match &what {
                What::File { real } => real.clone(),
                What::Outside | What::Other => written.clone(),
            };
            if inside_git(&real) {
                return;
            }
            let is_tracked =
                |path: &Path| search.tracking.is_some_and(|tracking| tracking.contains(&git_bytes(path)));
            if !entry.tracked && (is_tracked(&real) || is_tracked(&written)) {
                counts.tracked += 1;
                return;
            }
            counts.taken += 1;
            let matches = matched.entry(real).or_default();
            if !matches.iter().any(|one| one.name == name) {
                matches.push(Match { name, entry, written, what });
            }
        };
        if let Some(path) = &self.literal {
            match resolve(root, path) {
                Target::Thing(What::Outside) if std::fs::symlink_metadata(root.join(path)).is_err() => {}
                Target::Thing(what) => take(path.clone(), what),
                Target::OutsideFolder => take(path.clone(), What::Outside),
                Target::Folder(_) => counts.folders += 1,
            }
            return counts;
        }
        let start = match self.start_of_walk(root) {
            Start::Folder => self.start.clone(),
            Start::Nowhere => return counts,
            Start::Outside => {
                take(self.start.clone(), What::Outside);
                return counts;
            }
        };
        let depth = start.components().count();
        let deepest = self.components.map(|components| components.saturating_sub(depth + 1));
        let bounds =
            Bounds { depth: deepest.map_or(BOUNDS.depth, |deepest| deepest.min(BOUNDS.depth)), ..BOUNDS };
        let walked = walk(
            root,
            &start,
            bounds,
            Links::Follow,
            |folder| {
                let too_deep =
                    self.components.is_some_and(|components| folder.components().count() >= components);
                !too_deep && !is_foreign(folder)
            },
            |thing| {
                if self.matcher.is_match(&thing.path) {
                    take(thing.path, thing.what);
                }
                true
            },
        );
        // With `**` any link may hide a match; only those that are called like a folder of reports are said.
        let hides = |folder: &&PathBuf| self.components.is_some() || is_report_folder(folder);
        say_outside(walked.outside.iter().filter(hides), diagnostics);
        walked.diagnostics(Weight::Error, bounds, diagnostics);
        counts
    }

    fn start_of_walk(&self, root: &Path) -> Start {
        if inside_git(&self.start) {
            return Start::Nowhere;
        }
        if self.start.as_os_str().is_empty() {
            return Start::Folder;
        }
        match resolve(root, &self.start) {
            Target::Folder(_) => Start::Folder,
            Target::OutsideFolder => Start::Outside,
            Target::Thing(_) => Start::Nowhere,
        }
    }
}

/// True below a `.git`: what lies there is git's, tokens among it.
fn inside_git(path: &Path) -> bool {
    path.components().any(|part| part.as_os_str() == ".git")
}

/// Where the walk of a glob begins.
enum Start {
    Folder,
    Nowhere,
    Outside,
}
