//! Verdict records in a directory, as `check --write-json` and the service leave them.

use crate::diagnostic::{Code, Diagnostic, Origin, Weight};
use crate::io::beneath::read_beneath;
use crate::wire::ReadError;
use crate::wire::verdict::{self, VerdictRecord};
use std::path::{Path, PathBuf};

/// The largest record that is read, in bytes.
const MOST_BYTES: u64 = 64 << 20;
/// How deep folders are searched.
const MOST_DEPTH: usize = 12;

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
    let mut open = vec![(PathBuf::new(), 0)];
    while let Some((folder, depth)) = open.pop() {
        let failed = |error: std::io::Error| {
            let message = format!("the folder of records cannot be listed: {error}");
            let place = dir.join(&folder);
            Box::new(Diagnostic::new(
                Code::UnreadableFile,
                Weight::Error,
                message,
                Origin::file(&*place.to_string_lossy()),
            ))
        };
        let mut entries = Vec::new();
        for entry in std::fs::read_dir(dir.join(&folder)).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            entries.push((entry.file_name(), entry.file_type().map_err(failed)?));
        }
        entries.sort_by(|left, right| left.0.cmp(&right.0));
        let mut folders = Vec::new();
        for (name, kind) in entries {
            let path = folder.join(&name);
            if kind.is_dir() && depth < MOST_DEPTH {
                folders.push((path, depth + 1));
            } else if kind.is_file() && path.extension().is_some_and(|extension| extension == "json") {
                read_one(dir, &path, &mut rest, take);
            }
        }
        open.extend(folders.into_iter().rev());
    }
    Ok(rest)
}

fn read_one(dir: &Path, path: &Path, rest: &mut Rest, take: &mut dyn FnMut(VerdictRecord)) {
    let mut problem = |message: String| {
        let origin = Origin::file(&*dir.join(path).to_string_lossy());
        let help = "remove the file, or write the record anew with `tollgate check --write-json`";
        let diagnostic = Diagnostic::new(Code::BadExport, Weight::Warning, message, origin);
        rest.diagnostics.push(diagnostic.with_help(help));
    };
    match read_beneath(dir, path, MOST_BYTES) {
        Ok(bytes) => match verdict::read(&bytes) {
            Ok(record) => {
                rest.read += 1;
                take(record);
            }
            Err(ReadError::OtherSchema { .. }) => rest.others += 1,
            Err(error) => problem(format!("the record cannot be read and is not counted: {error}")),
        },
        Err(error) => problem(format!("the record cannot be read and is not counted: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::fixtures;

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
