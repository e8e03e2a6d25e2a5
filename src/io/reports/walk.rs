//! Walks folders in sorted order, within bounds, without leaving the root.

use crate::diagnostic::{Code, Diagnostic, Origin, Weight};
use std::ffi::OsString;
use std::fs::FileType;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// How far a walk goes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    /// Folders below the one where the walk begins.
    pub(super) depth: usize,
    /// Entries of folders that are looked at.
    pub(super) entries: usize,
}

/// One thing in a folder that is no folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Thing {
    /// Path below the root as it is written, links included.
    pub(super) path: PathBuf,
    /// What it is.
    pub(super) what: What,
}

/// What a thing is, symlinks followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// A regular file; its path below the root without symlinks.
    File { real: PathBuf },
    /// A symlink to something outside of the root, or to nothing.
    Outside,
    /// A pipe, socket or device.
    Other,
}

/// Whether symlinked folders (inside of the root) are walked too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Links {
    /// They are: somebody named them.
    Follow,
    /// They are not: what they point to is found in its own place.
    Leave,
}

/// What a walk could not do.
#[derive(Debug, Default)]
pub(super) struct Walked {
    /// True if a bound cut the walk.
    pub(super) cut: bool,
    /// Folders that could not be read, by their path below the root.
    pub(super) unreadable: Vec<(PathBuf, String)>,
    /// Symlinked folders that lead out of the root.
    pub(super) outside: Vec<PathBuf>,
}

/// Walks from `start` below `root` (which has no symlinks) and hands every thing to `take`. `enter` says whether
/// to go into a folder, by its path below the root. Stops when `take` gives `false`.
pub(super) fn walk(
    root: &Path,
    start: &Path,
    bounds: Bounds,
    links: Links,
    mut enter: impl FnMut(&Path) -> bool,
    mut take: impl FnMut(Thing) -> bool,
) -> Walked {
    let mut walked = Walked::default();
    let mut looked_at = 0_usize;
    let Target::Folder(real) = resolve(root, start) else { return walked };
    let mut open = vec![Folder { path: start.to_owned(), real, depth: 0 }];
    while let Some(folder) = open.pop() {
        let names = match names_in(root, &folder, bounds.entries - looked_at, &mut walked) {
            Some(names) => names,
            None if walked.cut => return walked,
            None => continue,
        };
        looked_at += names.len();
        let mut folders = Vec::new();
        for (name, file_type) in names {
            let (path, real) = (folder.path.join(&name), folder.real.join(&name));
            let target = if file_type.is_symlink() {
                resolve(root, &path)
            } else if file_type.is_dir() {
                Target::Folder(real.clone())
            } else if file_type.is_file() {
                Target::Thing(What::File { real: real.clone() })
            } else {
                Target::Thing(What::Other)
            };
            match target {
                Target::Folder(target) => {
                    let is_link = target != real;
                    let loops = is_link && folder.real.starts_with(&target);
                    if (!is_link || links == Links::Follow) && !loops && enter(&path) {
                        folders.push(Folder { path, real: target, depth: folder.depth + 1 });
                    }
                }
                Target::OutsideFolder => walked.outside.push(path),
                Target::Thing(what) => {
                    if !take(Thing { path, what }) {
                        return walked;
                    }
                }
            }
        }
        if !folders.is_empty() && folder.depth >= bounds.depth {
            walked.cut = true;
            continue;
        }
        // The last one pushed is the first one walked.
        open.extend(folders.into_iter().rev());
    }
    walked
}

/// A folder that is still to be walked.
struct Folder {
    /// Below the root, as it was reached.
    path: PathBuf,
    /// Below the root, without symlinks.
    real: PathBuf,
    /// Folders between it and the start.
    depth: usize,
}

/// The names in a folder, sorted; `None` if it cannot be read, or holds more than `most` (then the walk is cut).
fn names_in(
    root: &Path,
    folder: &Folder,
    most: usize,
    walked: &mut Walked,
) -> Option<Vec<(OsString, FileType)>> {
    let mut names = Vec::new();
    let entries = match std::fs::read_dir(root.join(&folder.path)) {
        Ok(entries) => entries,
        // A folder that went away while we walk holds no report.
        Err(error) if error.kind() == ErrorKind::NotFound && folder.depth > 0 => return None,
        Err(error) => {
            walked.unreadable.push((folder.path.clone(), error.to_string()));
            return None;
        }
    };
    for (count, entry) in entries.enumerate() {
        if count >= most {
            walked.cut = true;
            return None;
        }
        match entry.and_then(|entry| Ok((entry.file_name(), entry.file_type()?))) {
            Ok(named) => names.push(named),
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => walked.unreadable.push((folder.path.clone(), error.to_string())),
        }
    }
    names.sort_by(|a, b| a.0.cmp(&b.0));
    Some(names)
}

/// Where a symlink leads.
pub(super) enum Target {
    Folder(PathBuf),
    OutsideFolder,
    Thing(What),
}

/// Follows a path below the root to what it names.
pub(super) fn resolve(root: &Path, path: &Path) -> Target {
    let Ok(real) = root.join(path).canonicalize() else { return Target::Thing(What::Outside) };
    let metadata = std::fs::symlink_metadata(&real);
    let is_folder = metadata.as_ref().is_ok_and(std::fs::Metadata::is_dir);
    match real.strip_prefix(root) {
        Ok(below) if is_folder => Target::Folder(below.to_owned()),
        Ok(below) => Target::Thing(match metadata {
            Ok(metadata) if !metadata.is_file() => What::Other,
            // If it cannot be looked at, opening it will say why.
            Ok(_) | Err(_) => What::File { real: below.to_owned() },
        }),
        Err(_) if is_folder => Target::OutsideFolder,
        Err(_) => Target::Thing(What::Outside),
    }
}

impl Walked {
    /// Says what could not be done; `weight` is that of a cut.
    pub(super) fn diagnostics(&self, weight: Weight, bounds: Bounds, into: &mut Vec<Diagnostic>) {
        if self.cut {
            let message = format!(
                "the search for reports was stopped after {} files or {} nested folders",
                bounds.entries, bounds.depth
            );
            into.push(Diagnostic::new(Code::TooManyFiles, weight, message, Origin::default()));
        }
        for (path, why) in self.unreadable.iter().take(20) {
            let message = format!("the folder cannot be searched for reports: {why}");
            let whole = path.as_os_str().is_empty();
            let weight = if whole { Weight::Error } else { Weight::Warning };
            let origin = Origin::file(shown(path));
            into.push(
                Diagnostic::new(Code::UnreadableFile, weight, message, origin)
                    .with_help("check that the folder may be read"),
            );
        }
    }
}

/// A path below the root as people know it: with `/`, and with a mark for bytes that are no text.
pub(super) fn shown(path: &Path) -> String {
    let parts: Vec<_> = path.components().map(|part| part.as_os_str().to_string_lossy()).collect();
    parts.join("/")
}

/// A path below the root as git writes it.
#[cfg(unix)]
pub(super) fn git_bytes(path: &Path) -> Vec<u8> {
    use std::os::unix::ffi::OsStrExt as _;
    path.as_os_str().as_bytes().to_vec()
}

/// A path below the root as git writes it.
#[cfg(not(unix))]
pub(super) fn git_bytes(path: &Path) -> Vec<u8> {
    shown(path).into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn walked(root: &Path, bounds: Bounds) -> (Walked, Vec<String>) {
        let mut seen = Vec::new();
        let take = |thing: Thing| {
            seen.push(shown(&thing.path));
            true
        };
        let walked = walk(root, Path::new(""), bounds, Links::Leave, |_| true, take);
        (walked, seen)
    }

    #[test]
    fn a_walk_that_reaches_a_bound_says_so() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(dir.path().join("a/b/c")).unwrap();
        for name in ["a/1", "a/b/2", "a/b/c/3"] {
            std::fs::write(dir.path().join(name), "").unwrap();
        }
        let root = dir.path().canonicalize().unwrap();
        let (whole, seen) = walked(&root, Bounds { depth: 3, entries: 6 });
        assert!(!whole.cut);
        assert_eq!(seen, ["a/1", "a/b/2", "a/b/c/3"]);
        let (cut, seen) = walked(&root, Bounds { depth: 2, entries: 6 });
        assert!(cut.cut);
        assert_eq!(seen, ["a/1", "a/b/2"]);
        let (cut, _) = walked(&root, Bounds { depth: 3, entries: 5 });
        assert!(cut.cut);
        let mut diagnostics = Vec::new();
        cut.diagnostics(Weight::Error, Bounds { depth: 3, entries: 5 }, &mut diagnostics);
        assert_eq!(diagnostics.first().map(|diagnostic| diagnostic.code), Some(Code::TooManyFiles));
    }
}
