//! Verdict records in a directory, as `check --write-json` and the service leave them.
//!
//! A directory of one repository holds its records (`*.json`) at any depth. A directory of many holds one folder
//! per repository (`payments/` or `acme/payments/`): the folder that directly holds the records, or an empty one,
//! is the repository and its path below the directory is its name. A service's store can be written out in the
//! same form; [`walk`] is the one way in.

use super::beneath::read_beneath;
use crate::diagnostic::{Code, Diagnostic, Origin, Weight};
use crate::wire::ReadError;
use crate::wire::verdict::{self, VerdictRecord};
use std::path::{Path, PathBuf};

/// The largest record that is read, in bytes.
const LIMIT: u64 = 64 << 20;
/// More files than this are not looked at.
const MAX_FILES: usize = 1_000_000;
/// How deep folders are followed.
const MAX_DEPTH: usize = 12;

/// Whose records a directory holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// One repository's.
    One,
    /// Those of many, one folder each.
    Many,
}

/// A record's bytes, and where they stand.
#[derive(Debug)]
pub struct RecordFile {
    /// The repository; empty in a directory of one.
    pub repository: String,
    /// The path below the directory, with `/`.
    pub file: String,
    /// The bytes, or why they could not be read.
    pub bytes: Result<Vec<u8>, Box<Diagnostic>>,
}

/// What was walked.
#[derive(Debug, Default)]
pub struct Walked {
    /// The repositories, sorted, also those without a record.
    pub repositories: Vec<String>,
    /// Folders that could not be searched, and a walk that was cut.
    pub diagnostics: Vec<Diagnostic>,
}

/// What a directory held beside the records.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rest {
    /// How many records were read.
    pub read: u64,
    /// JSON files of another schema.
    pub others: u64,
    /// Records that cannot be read.
    pub diagnostics: Vec<Diagnostic>,
}

/// Reads every record below `dir`, in the order of their paths; symlinks are not followed.
///
/// # Errors
/// `unreadable-file` when the directory or a folder in it cannot be listed: a part of the records gives wrong figures.
pub fn each(dir: &Path, take: &mut dyn FnMut(VerdictRecord)) -> Result<Rest, Box<Diagnostic>> {
    let mut rest = Rest::default();
    let walked = walk(dir, Layout::One, |record| {
        let mut problem = |message: String| {
            let origin = Origin::file(&*dir.join(&record.file).to_string_lossy());
            let help = "remove the file, or write the record anew with `tollgate check --write-json`";
            let diagnostic = Diagnostic::new(Code::BadExport, Weight::Warning, message, origin);
            rest.diagnostics.push(diagnostic.with_help(help));
        };
        match record.bytes {
            Ok(bytes) => match verdict::read(&bytes) {
                Ok(read) => {
                    rest.read += 1;
                    take(read);
                }
                Err(ReadError::OtherSchema { .. }) => rest.others += 1,
                Err(error) => problem(format!("the record cannot be read and is not counted: {error}")),
            },
            Err(error) => problem(error.message.raw().to_owned()),
        }
    })?;
    rest.diagnostics.extend(walked.diagnostics);
    Ok(rest)
}

/// Hands every record to `take`, in the order of their paths, one at a time.
///
/// # Errors
/// The directory itself cannot be searched.
pub fn walk(dir: &Path, layout: Layout, mut take: impl FnMut(RecordFile)) -> Result<Walked, Box<Diagnostic>> {
    let root = dir
        .canonicalize()
        .map_err(|error| problem(&dir.to_string_lossy(), &error.to_string(), Weight::Error))?;
    let mut walked = Walked::default();
    let mut files = 0_usize;
    let mut open = vec![(PathBuf::new(), 0_usize)];
    while let Some((folder, depth)) = open.pop() {
        let Entries { records, mut folders } = match entries(&root, &folder) {
            Ok(entries) => entries,
            // A part of the records gives wrong figures.
            Err(error) => {
                let place = root.join(&folder);
                return Err(problem(&place.to_string_lossy(), &error.to_string(), Weight::Error));
            }
        };
        let is_root = folder.as_os_str().is_empty();
        let repository = if layout == Layout::Many { shown(&folder) } else { String::new() };
        if layout == Layout::Many && !is_root && (!records.is_empty() || folders.is_empty()) {
            walked.repositories.push(repository.clone());
        }
        if layout == Layout::Many && is_root && !records.is_empty() {
            let why =
                "records stand beside the folders of the repositories: they belong to none and are left out";
            walked.diagnostics.push(*problem(".", why, Weight::Warning));
        } else {
            for name in records {
                files += 1;
                if files > MAX_FILES {
                    let why = format!("it holds more than {MAX_FILES} records: the rest is left out");
                    walked.diagnostics.push(*problem(".", &why, Weight::Warning));
                    walked.repositories.sort();
                    return Ok(walked);
                }
                let path = folder.join(name);
                let file = shown(&path);
                let bytes = read_beneath(&root, &path, LIMIT)
                    .map_err(|error| problem(&file, &error.to_string(), Weight::Warning));
                take(RecordFile { repository: repository.clone(), file, bytes });
            }
        }
        if depth == MAX_DEPTH && !folders.is_empty() {
            walked.diagnostics.push(*problem(&shown(&folder), "folders nest too deep", Weight::Warning));
            continue;
        }
        // The last one pushed is the first one walked.
        folders.reverse();
        open.extend(folders.into_iter().map(|name| (folder.join(name), depth + 1)));
    }
    walked.repositories.sort();
    Ok(walked)
}

/// What a folder holds, sorted by name.
struct Entries {
    records: Vec<String>,
    folders: Vec<String>,
}

fn entries(root: &Path, folder: &Path) -> std::io::Result<Entries> {
    let mut entries = Entries { records: Vec::new(), folders: Vec::new() };
    for entry in std::fs::read_dir(root.join(folder))? {
        let entry = entry?;
        // Symlinks are neither: nothing outside of the directory is read.
        let kind = entry.file_type()?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if kind.is_dir() && !name.starts_with('.') {
            entries.folders.push(name);
        } else if kind.is_file() && name.ends_with(".json") {
            entries.records.push(name);
        }
    }
    entries.records.sort();
    entries.folders.sort();
    Ok(entries)
}

fn shown(path: &Path) -> String {
    let parts: Vec<_> = path.components().map(|part| part.as_os_str().to_string_lossy()).collect();
    parts.join("/")
}

fn problem(file: &str, why: &str, weight: Weight) -> Box<Diagnostic> {
    let message = format!("the records cannot be read: {why}");
    let help = "name a directory of verdict records (`tollgate check --write-json`)";
    Box::new(Diagnostic::new(Code::UnreadableFile, weight, message, Origin::file(file)).with_help(help))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::fixtures;

    fn seen(layout: Layout) -> (Vec<(String, String)>, Walked) {
        let dir = tempfile::tempdir().unwrap();
        for (name, text) in
            [("b/1.json", "x"), ("acme/a/2.json", "y"), ("acme/empty/.keep", ""), ("b/notes.txt", "")]
        {
            let path = dir.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let mut files = Vec::new();
        let walked = walk(dir.path(), layout, |file| {
            assert!(file.bytes.is_ok());
            files.push((file.repository, file.file));
        });
        (files, walked.unwrap())
    }

    #[test]
    fn a_folder_of_records_is_a_repository_and_an_empty_one_too() {
        let (files, walked) = seen(Layout::Many);
        let named = |repository: &str, file: &str| (repository.to_owned(), file.to_owned());
        assert_eq!(files, [named("acme/a", "acme/a/2.json"), named("b", "b/1.json")]);
        assert_eq!(walked.repositories, ["acme/a", "acme/empty", "b"]);
    }

    #[test]
    fn a_directory_of_one_repository_is_read_at_any_depth() {
        let (files, walked) = seen(Layout::One);
        assert_eq!(files.len(), 2);
        assert!(files.iter().all(|(repository, _)| repository.is_empty()) && walked.repositories.is_empty());
    }

    #[test]
    fn a_directory_that_is_not_there_is_an_error() {
        assert!(walk(Path::new("/nowhere/at/all"), Layout::One, |_| {}).is_err());
    }

    #[test]
    fn records_are_read_in_their_order_and_what_is_none_is_said() {
        let dir = tempfile::tempdir().unwrap();
        let write = |name: &str, bytes: &[u8]| {
            let path = dir.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes).unwrap();
        };
        let record = |verdict: &crate::model::Verdict| verdict::write(&VerdictRecord::from(verdict));
        write("b/2.json", &record(&fixtures::passing()));
        write("a/1.json", &record(&fixtures::failing()));
        write("other.json", br#"{"schema": "tollgate.snapshot/1"}"#);
        write("damaged.json", b"{");
        write("notes.txt", b"nothing");
        let mut read = Vec::new();
        let rest = each(dir.path(), &mut |record| read.push(record.verdict)).unwrap();
        use crate::wire::verdict::VerdictWord::{NeedsChanges, Passed};
        assert_eq!(read, [NeedsChanges, Passed]);
        assert_eq!((rest.read, rest.others, rest.diagnostics.len()), (2, 1, 1));
        assert!(each(&dir.path().join("absent"), &mut |_| {}).is_err());
    }
}
