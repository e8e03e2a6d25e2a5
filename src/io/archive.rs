//! Zip archives that somebody else made, read in memory (gate.md b4, T4).
//!
//! Nothing is ever written to a disk. What an archive declares of itself is not believed: bytes are counted as
//! they are inflated. An archive with one bad entry is refused as a whole, so that what is left of it cannot
//! pass for all of it.

use crate::model::RepoPath;
use std::collections::BTreeSet;
use std::io::{Cursor, Read as _};
use zip::{CompressionMethod, ZipArchive};

/// The largest archive that is opened, in bytes.
pub const MAX_COMPRESSED: usize = 50 << 20;

/// The largest entry, inflated, in bytes.
pub const MAX_ENTRY: u64 = 64 << 20;

/// How many times its compressed size an entry may grow; small entries may grow more.
const MAX_RATIO: u64 = 200;

/// Below this size, in bytes, the ratio says nothing: a page of zeros compresses well.
const SMALL: u64 = 1 << 20;

/// The deepest path inside of an archive.
const MAX_DEPTH: usize = 32;

/// What all archives of a run may hold together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Files that are left.
    pub entries: usize,
    /// Inflated bytes that are left.
    pub bytes: u64,
}

impl Default for Budget {
    fn default() -> Self {
        Self { entries: 5_000, bytes: 500 << 20 }
    }
}

/// One file of an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unpacked {
    /// Its path in the archive.
    pub path: RepoPath,
    /// Its content.
    pub bytes: Vec<u8>,
}

/// Why an archive is refused.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// No zip archive, or a damaged one.
    #[error("it is no whole zip archive: {0}")]
    Damaged(#[from] zip::result::ZipError),
    /// Its compressed size.
    #[error("it is larger than {} MiB", MAX_COMPRESSED >> 20)]
    TooLarge,
    /// The budget's entries.
    #[error("the archives hold too many files; 5,000 are read")]
    TooManyEntries,
    /// An entry, or all of them, inflated.
    #[error("a file in it is too large when it is inflated")]
    TooManyBytes,
    /// An entry that grows as no report does.
    #[error("a file in it grows more than {MAX_RATIO}-fold: a decompression bomb")]
    Bomb,
    /// Absolute, with `..`, not UTF-8, too deep.
    #[error("the name of a file in it cannot be used: {0}")]
    BadName(String),
    /// Two files of one name.
    #[error("two files in it have the same name")]
    Duplicate,
    /// A symlink or a device.
    #[error("an entry in it is a symlink or no regular file")]
    NotRegular,
    /// With a password.
    #[error("a file in it is encrypted")]
    Encrypted,
    /// Not `stored` or `deflate`.
    #[error("a file in it is packed by a method that is not read")]
    Method,
}

/// Reads all regular files of an archive. Folders are passed over.
///
/// # Errors
/// For an archive that is damaged, breaks a limit, or holds anything but plain files with plain names.
pub fn unpack(archive: &[u8], budget: &mut Budget) -> Result<Vec<Unpacked>, ArchiveError> {
    if archive.len() > MAX_COMPRESSED {
        return Err(ArchiveError::TooLarge);
    }
    // Counted before the reader makes a table of them: headers of the central directory begin with these bytes.
    if memchr::memmem::find_iter(archive, b"PK\x01\x02").count() > 2 * Budget::default().entries {
        return Err(ArchiveError::TooManyEntries);
    }
    let mut archive = ZipArchive::new(Cursor::new(archive))?;
    if archive.has_duplicate_names() {
        return Err(ArchiveError::Duplicate);
    }
    let mut names = BTreeSet::new();
    let mut files = Vec::new();
    for index in 0..archive.len() {
        let entry = archive.by_index_raw(index)?;
        if entry.encrypted() {
            return Err(ArchiveError::Encrypted);
        }
        if entry.is_dir() {
            continue;
        }
        let kind = entry.unix_mode().map_or(0, |mode| mode & 0o170_000);
        if entry.is_symlink() || !matches!(kind, 0 | 0o100_000) {
            return Err(ArchiveError::NotRegular);
        }
        if !matches!(entry.compression(), CompressionMethod::Stored | CompressionMethod::Deflated) {
            return Err(ArchiveError::Method);
        }
        let path = path(entry.name_raw())?;
        if !names.insert(path.as_str().to_lowercase()) {
            return Err(ArchiveError::Duplicate);
        }
        budget.entries = budget.entries.checked_sub(1).ok_or(ArchiveError::TooManyEntries)?;
        let compressed = entry.compressed_size();
        drop(entry);
        let limit = MAX_ENTRY.min(budget.bytes);
        let mut bytes = Vec::new();
        archive
            .by_index(index)?
            .take(limit.saturating_add(1))
            .read_to_end(&mut bytes)
            .map_err(zip::result::ZipError::from)?;
        let size = bytes.len() as u64;
        if size > SMALL && size > compressed.saturating_mul(MAX_RATIO) {
            return Err(ArchiveError::Bomb);
        }
        if size > limit {
            return Err(ArchiveError::TooManyBytes);
        }
        budget.bytes -= size;
        files.push(Unpacked { path, bytes });
    }
    Ok(files)
}

fn path(name: &[u8]) -> Result<RepoPath, ArchiveError> {
    let bad = |why: &str| ArchiveError::BadName(why.to_owned());
    let name = std::str::from_utf8(name).map_err(|_| bad("it is not UTF-8"))?;
    if name.contains('\\') || name.chars().any(char::is_control) {
        return Err(bad("it holds a backslash or a control character"));
    }
    if name.split('/').count() > MAX_DEPTH {
        return Err(bad("it is too deep"));
    }
    RepoPath::new(name).map_err(|error| bad(&error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;
    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, bytes) in files {
            writer.start_file(*name, SimpleFileOptions::default()).unwrap();
            writer.write_all(bytes).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    fn refused(bytes: &[u8]) -> String {
        unpack(bytes, &mut Budget::default()).unwrap_err().to_string()
    }

    /// The same archive with other bytes in it.
    fn replaced(mut bytes: Vec<u8>, from: &[u8], to: &[u8]) -> Vec<u8> {
        assert_eq!(from.len(), to.len());
        let places: Vec<usize> = memchr::memmem::find_iter(&bytes, from).collect();
        assert!(!places.is_empty());
        for at in places {
            bytes[at..at + to.len()].copy_from_slice(to);
        }
        bytes
    }

    #[test]
    fn files_are_read_with_their_paths() {
        let bytes = archive(&[("a/junit.xml", b"<x/>"), ("lcov.info", b"TN:")]);
        let mut budget = Budget::default();
        let files = unpack(&bytes, &mut budget).unwrap();
        let names: Vec<&str> = files.iter().map(|file| file.path.as_str()).collect();
        assert_eq!(names, ["a/junit.xml", "lcov.info"]);
        assert_eq!(files[0].bytes, b"<x/>");
        assert_eq!(budget.entries, Budget::default().entries - 2);
        assert_eq!(budget.bytes, Budget::default().bytes - 7);
    }

    #[test]
    fn t11_a_name_cannot_lead_out_of_the_archive() {
        for name in ["../evil", "/etc/passwd", "a/../../evil", "C:/evil", "a\\..\\evil", "a\u{1b}[2J"] {
            assert!(refused(&archive(&[(name, b"x")])).contains("name"), "{name}");
        }
        let deep = format!("{}x", "a/".repeat(40));
        assert!(refused(&archive(&[(&deep, b"x")])).contains("too deep"));
    }

    #[test]
    fn t12_a_symlink_is_refused_with_its_archive() {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        writer.start_file("ok.xml", SimpleFileOptions::default()).unwrap();
        writer.add_symlink("junit.xml", "/proc/self/environ", SimpleFileOptions::default()).unwrap();
        assert!(refused(&writer.finish().unwrap().into_inner()).contains("symlink"));
    }

    #[test]
    fn a_bomb_is_stopped_while_it_grows() {
        let zeros = vec![0; 8 << 20];
        assert!(refused(&archive(&[("junit.xml", &zeros)])).contains("bomb"));
        let mut small = Budget { entries: 5, bytes: 10 };
        assert!(unpack(&archive(&[("a", b"0123456789ab")]), &mut small).is_err());
    }

    #[test]
    fn the_5001st_file_is_too_many() {
        let names: Vec<String> = (0..5_001).map(|n| format!("{n}.xml")).collect();
        let files: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), b"x".as_slice())).collect();
        assert!(refused(&archive(&files)).contains("too many files"));
        let mut few = Budget { entries: 3, ..Budget::default() };
        assert!(unpack(&archive(&files[..4]), &mut few).is_err());
    }

    #[test]
    fn two_files_of_one_name_are_refused() {
        let twice = replaced(archive(&[("a.xml", b"1"), ("b.xml", b"2")]), b"b.xml", b"a.xml");
        assert!(refused(&twice).contains("same name"));
        assert!(refused(&archive(&[("a.xml", b"1"), ("A.xml", b"2")])).contains("same name"));
    }

    #[test]
    fn an_encrypted_file_is_refused() {
        let mut bytes = archive(&[("a.xml", b"1")]);
        // Bit 0 of the flags: 6 bytes into a local header, 8 into a central one.
        for (signature, at) in [(b"PK\x03\x04", 6), (b"PK\x01\x02", 8)] {
            let header = memchr::memmem::find(&bytes, signature).unwrap();
            bytes[header + at] |= 1;
        }
        assert!(refused(&bytes).contains("encrypted"));
    }

    #[test]
    fn what_is_cut_damaged_or_no_archive_is_refused() {
        let bytes = archive(&[("a.xml", b"some content that is long enough")]);
        for end in 0..bytes.len() {
            assert!(unpack(&bytes[..end], &mut Budget::default()).is_err(), "{end}");
        }
        assert!(refused(b"<testsuite/>").contains("zip"));
        let mut wrong = archive(&[("a.xml", b"1")]);
        let data = memchr::memmem::find(&wrong, b"a.xml").unwrap() + 5;
        wrong[data] ^= 0xff;
        assert!(unpack(&wrong, &mut Budget::default()).is_err());
    }
}
