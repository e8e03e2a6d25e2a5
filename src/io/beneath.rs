//! Opens files below a directory so that no symlink can lead out of it (gate.md T12).

use crate::diagnostic::Code;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Component, Path};

/// Why a file below a directory was not opened. The fault lies with whoever made the file, or the disk.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// A component of the path is a symlink (it was none when the file was found, or it leads outside).
    #[error("it is reached through a symlink")]
    Symlink,
    /// A directory, pipe, socket or device.
    #[error("it is not a regular file")]
    NotRegular,
    /// Absolute, or with `..`.
    #[error("its path leaves the directory")]
    Outside,
    /// Larger than the reader allows.
    #[error("it is larger than {limit} bytes")]
    TooLarge {
        /// The limit in bytes.
        limit: u64,
    },
    /// Anything the system says.
    #[error("{0}")]
    System(#[from] io::Error),
}

impl OpenError {
    /// The code of the diagnostic.
    pub const fn code(&self) -> Code {
        match self {
            Self::Symlink | Self::Outside => Code::SymlinkOutside,
            Self::NotRegular => Code::NotRegular,
            Self::TooLarge { .. } => Code::ReportTooLarge,
            Self::System(_) => Code::UnreadableFile,
        }
    }

    /// True if there is no such file.
    pub fn is_absent(&self) -> bool {
        matches!(self, Self::System(error) if error.kind() == io::ErrorKind::NotFound)
    }
}

/// Opens a regular file below `root` for reading. No component of `relative` may be a symlink; a pipe is
/// refused without waiting for a writer.
///
/// # Errors
/// When the path leaves `root`, goes through a symlink, or names no regular file that can be read.
pub fn open_beneath(root: &Path, relative: &Path) -> Result<File, OpenError> {
    let mut names = Vec::new();
    for component in relative.components() {
        match component {
            Component::Normal(name) => names.push(name),
            Component::CurDir => {}
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => {
                return Err(OpenError::Outside);
            }
        }
    }
    let Some((last, folders)) = names.split_last() else { return Err(OpenError::NotRegular) };
    let file = system::open(root, folders, last)?;
    if file.metadata()?.is_file() { Ok(file) } else { Err(OpenError::NotRegular) }
}

/// Reads a whole small file below `root`, like [`open_beneath`].
///
/// # Errors
/// As [`open_beneath`], and when the file is larger than `limit` bytes.
pub fn read_beneath(root: &Path, relative: &Path, limit: u64) -> Result<Vec<u8>, OpenError> {
    read_limited(open_beneath(root, relative)?, limit)
}

/// Reads a file that the user named (symlinks are theirs to follow), at most `limit` bytes.
///
/// # Errors
/// When the file cannot be read or is larger than `limit` bytes.
pub fn read_named(path: &Path, limit: u64) -> Result<Vec<u8>, OpenError> {
    if std::fs::metadata(path)?.is_dir() {
        return Err(OpenError::NotRegular);
    }
    read_limited(File::open(path)?, limit)
}

fn read_limited(file: File, limit: u64) -> Result<Vec<u8>, OpenError> {
    let mut bytes = Vec::new();
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        return Err(OpenError::TooLarge { limit });
    }
    Ok(bytes)
}

#[cfg(unix)]
mod system {
    use super::OpenError;
    use rustix::fs::{Mode, OFlags, open as open_at_cwd, openat};
    use rustix::io::Errno;
    use std::ffi::OsStr;
    use std::fs::File;
    use std::path::Path;

    pub(super) fn open(root: &Path, folders: &[&OsStr], last: &OsStr) -> Result<File, OpenError> {
        let folder = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let mut at = open_at_cwd(root, folder, Mode::empty()).map_err(std::io::Error::from)?;
        for name in folders {
            // Opening a symlink with O_DIRECTORY | O_NOFOLLOW gives ENOTDIR on Linux and ELOOP elsewhere.
            at = openat(&at, *name, folder | OFlags::NOFOLLOW, Mode::empty()).map_err(
                |error| match error {
                    Errno::LOOP | Errno::NOTDIR => OpenError::Symlink,
                    other => OpenError::System(other.into()),
                },
            )?;
        }
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let file = openat(&at, last, flags, Mode::empty()).map_err(|error| match error {
            Errno::LOOP | Errno::MLINK => OpenError::Symlink,
            // A socket, or a device without a driver.
            Errno::NXIO | Errno::OPNOTSUPP => OpenError::NotRegular,
            other => OpenError::System(other.into()),
        })?;
        Ok(File::from(file))
    }
}

#[cfg(not(unix))]
mod system {
    use super::OpenError;
    use std::ffi::OsStr;
    use std::fs::File;
    use std::path::Path;

    /// Without `openat` each component is looked at before the file is opened; a link that is put in between
    /// by a program running at the same time is not noticed.
    pub(super) fn open(root: &Path, folders: &[&OsStr], last: &OsStr) -> Result<File, OpenError> {
        let mut path = root.to_owned();
        for name in folders.iter().copied().chain([last]) {
            path.push(name);
            if std::fs::symlink_metadata(&path)?.file_type().is_symlink() {
                return Err(OpenError::Symlink);
            }
        }
        if !std::fs::symlink_metadata(&path)?.is_file() {
            return Err(OpenError::NotRegular);
        }
        Ok(File::open(&path)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_out_of_the_directory_is_not_opened() {
        let dir = tempfile::tempdir().unwrap();
        for path in ["../x", "/etc/hostname", "a/../../x"] {
            assert!(matches!(open_beneath(dir.path(), Path::new(path)), Err(OpenError::Outside)), "{path}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_symlink_in_any_component_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        std::fs::create_dir(root.join("real")).unwrap();
        std::fs::write(root.join("real/report.xml"), "<a/>").unwrap();
        std::os::unix::fs::symlink("real", root.join("folder")).unwrap();
        std::os::unix::fs::symlink("real/report.xml", root.join("report.xml")).unwrap();
        assert!(open_beneath(root, Path::new("real/report.xml")).is_ok());
        assert!(matches!(open_beneath(root, Path::new("folder/report.xml")), Err(OpenError::Symlink)));
        assert!(matches!(open_beneath(root, Path::new("report.xml")), Err(OpenError::Symlink)));
    }

    #[cfg(unix)]
    #[test]
    fn a_pipe_is_refused_without_waiting_for_its_writer() {
        let dir = tempfile::tempdir().unwrap();
        let made = std::process::Command::new("mkfifo").arg(dir.path().join("junit.xml")).status().unwrap();
        assert!(made.success());
        let opened = open_beneath(dir.path(), Path::new("junit.xml"));
        assert!(matches!(opened, Err(OpenError::NotRegular)));
    }

    #[test]
    fn a_file_over_the_limit_is_refused_and_one_at_the_limit_is_read() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("f"), "12345").unwrap();
        assert_eq!(read_beneath(dir.path(), Path::new("f"), 5).unwrap(), b"12345");
        let refused = read_beneath(dir.path(), Path::new("f"), 4);
        assert!(matches!(refused, Err(OpenError::TooLarge { limit: 4 })));
    }
}
