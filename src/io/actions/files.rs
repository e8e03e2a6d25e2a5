//! The files that the runner reads back.

use super::problem;
use crate::diagnostic::{Code, Diagnostic};
use std::fmt::Write as _;
use std::fs::File;
use std::hash::{BuildHasher as _, RandomState};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// The runner drops a summary above this size, in bytes, and keeps the step green.
pub const SUMMARY_LIMIT: u64 = 1 << 20;

/// One output of the action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// Its name in `action.yml`.
    pub name: &'static str,
    /// Its value: a word, numbers, ids of rules or a path of ours.
    pub value: String,
}

/// Appends outputs to the file of `GITHUB_OUTPUT`. Every value stands between delimiters that nobody can guess,
/// so that a value with line ends cannot set another output.
///
/// # Errors
/// `output-not-written` when the file cannot be written; it must exist and be a regular file.
pub fn write_outputs(path: &Path, outputs: &[Output]) -> Result<(), Box<Diagnostic>> {
    let mut text = String::new();
    for (number, output) in outputs.iter().enumerate() {
        let delimiter = delimiter(number, &output.value);
        // Writing to a String cannot fail.
        let _infallible = writeln!(text, "{}<<{delimiter}\n{}\n{delimiter}", output.name, output.value);
    }
    append(path, &text)
}

/// Appends a page to the job summary.
///
/// # Errors
/// `output-not-written` when the file cannot be written, or the page is larger than the runner takes: it would
/// be dropped as a whole.
pub fn append_summary(path: &Path, page: &str) -> Result<(), Box<Diagnostic>> {
    // What an earlier part of this step wrote counts too. A file that cannot be asked cannot be written either.
    let before = std::fs::symlink_metadata(path).map_or(0, |metadata| metadata.len());
    let size = before.saturating_add(page.len() as u64);
    if size > SUMMARY_LIMIT {
        let message = format!("the summary has {size} bytes, and the runner takes {SUMMARY_LIMIT}");
        return Err(problem(Code::OutputNotWritten, message, &path.to_string_lossy()));
    }
    append(path, page)
}

/// How many bytes of a job summary are left: what an earlier part of this step wrote counts too.
pub fn summary_room(path: &Path) -> usize {
    // A file that cannot be asked cannot be written either, and then that is said.
    let before = std::fs::symlink_metadata(path).map_or(0, |metadata| metadata.len());
    usize::try_from(SUMMARY_LIMIT.saturating_sub(before)).unwrap_or(0)
}

/// Writes a file of ours into the workspace, in the place of whatever is there: a symlink that a test put there
/// is replaced, not followed.
///
/// # Errors
/// `output-not-written` when it cannot be written.
pub fn replace_file(path: &Path, bytes: &[u8]) -> Result<(), Box<Diagnostic>> {
    let mut name = path.as_os_str().to_owned();
    name.push(delimiter(0, ""));
    let part = PathBuf::from(name);
    let written = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&part)
        .and_then(|mut file| file.write_all(bytes))
        .and_then(|()| std::fs::rename(&part, path));
    written.map_err(|error| {
        // What is left of it is in nobody's way, and the error below is the one that counts.
        drop(std::fs::remove_file(&part));
        let message = format!("the file cannot be written: {error}");
        problem(Code::OutputNotWritten, message, &path.to_string_lossy())
    })
}

/// A line that no value holds.
fn delimiter(number: usize, value: &str) -> String {
    loop {
        // The keys of every `RandomState` come from the system's randomness.
        let (first, second) = (RandomState::new().hash_one(number), RandomState::new().hash_one(number));
        let delimiter = format!("tollgate_{first:016x}{second:016x}");
        if !value.contains(&delimiter) {
            return delimiter;
        }
    }
}

fn append(path: &Path, text: &str) -> Result<(), Box<Diagnostic>> {
    let written = open_to_append(path).and_then(|mut file| {
        if !file.metadata()?.is_file() {
            return Err(io::Error::other("it is no regular file"));
        }
        file.write_all(text.as_bytes())
    });
    written.map_err(|error| {
        let message = format!("the runner's file cannot be written: {error}");
        problem(Code::OutputNotWritten, message, &path.to_string_lossy())
    })
}

/// A step that ran before may have left a process that puts a symlink in the file's place.
#[cfg(unix)]
fn open_to_append(path: &Path) -> io::Result<File> {
    use rustix::fs::{Mode, OFlags, open};
    let flags = OFlags::WRONLY | OFlags::APPEND | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    Ok(File::from(open(path, flags, Mode::empty())?))
}

#[cfg(not(unix))]
fn open_to_append(path: &Path) -> io::Result<File> {
    std::fs::OpenOptions::new().append(true).open(path)
}
