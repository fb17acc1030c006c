//! Directories that survive a power cut, and the room that is left on a disk.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, RenameFlags, renameat_with, statvfs};
use rustix::io::Errno;

use crate::storage::StorageError;

/// Moves `from` to `to` on the same file system so that it is wholly there after a power cut, and
/// never replaces a file: syncs the file, renames, syncs both directories. Blocks.
///
/// # Errors
/// [`StorageError::Io`]; of kind `AlreadyExists` if `to` is taken, `CrossesDevices` if it lies on
/// another file system.
pub fn durable_rename(from: &Path, to: &Path) -> Result<(), StorageError> {
    File::open(from)
        .and_then(|file| file.sync_all())
        .map_err(StorageError::io("sync", from))?;
    match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        // Network file systems do not know how.
        Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => rename_reserving(from, to),
        renamed => renamed.map_err(io::Error::from),
    }
    .map_err(StorageError::io("move a file to", to))?;
    sync_parent(to)?;
    if parent(from) == parent(to) {
        Ok(())
    } else {
        sync_parent(from)
    }
}

/// Takes the name `to` with an empty file, which only one can, and then puts `from` in its place.
fn rename_reserving(from: &Path, to: &Path) -> io::Result<()> {
    File::create_new(to)?;
    fs::rename(from, to).inspect_err(|_| {
        // Only the name that was just reserved.
        let _ = fs::remove_file(to);
    })
}

/// Removes the file `path` so that it stays removed after a power cut; nothing there is fine.
/// Blocks.
///
/// # Errors
/// [`StorageError::Io`] if the file or its directory refuses.
pub fn durable_remove(path: &Path) -> Result<(), StorageError> {
    match fs::remove_file(path) {
        Ok(()) => sync_parent(path),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(StorageError::io("remove", path)(error)),
    }
}

/// Creates `dir`, with what lies above it, so that it is there after a power cut. Blocks.
///
/// # Errors
/// [`StorageError::Io`] if it cannot be created.
pub fn create_dir_durably(dir: &Path) -> Result<(), StorageError> {
    if dir.is_dir() {
        return Ok(());
    }
    let above = parent(dir);
    if above != dir {
        create_dir_durably(&above)?;
    }
    match fs::create_dir(dir) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            return Err(StorageError::io("create", dir)(error));
        }
        _ => {}
    }
    sync_parent(dir)
}

/// Makes the files in `dir`, which has no folders in it, and their names durable. Blocks.
///
/// # Errors
/// [`StorageError::Io`] if one of them refuses.
pub fn sync_dir(dir: &Path) -> Result<(), StorageError> {
    let failed = || StorageError::io("sync", dir);
    for entry in fs::read_dir(dir).map_err(failed())? {
        let path = entry.map_err(failed())?.path();
        File::open(&path)
            .and_then(|file| file.sync_all())
            .map_err(StorageError::io("sync", &path))?;
    }
    sync_parent(&dir.join("any"))?;
    sync_parent(dir)
}

/// How many bytes an unprivileged process may still write on the file system that holds `dir`.
///
/// # Errors
/// [`StorageError::Io`] if `dir` cannot be looked at.
pub fn free_bytes(dir: &Path) -> Result<u64, StorageError> {
    let facts = statvfs(dir)
        .map_err(io::Error::from)
        .map_err(StorageError::io("look at the space of", dir))?;
    Ok(facts.f_bavail.saturating_mul(facts.f_frsize))
}

/// Makes the entry of `path` in its directory durable.
pub(in crate::storage) fn sync_parent(path: &Path) -> Result<(), StorageError> {
    let dir = parent(path);
    match File::open(&dir).and_then(|dir| dir.sync_all()) {
        // Some file systems do not sync directories, as they keep no state of them here.
        Err(error) if error.raw_os_error() == Some(Errno::INVAL.raw_os_error()) => Ok(()),
        synced => synced.map_err(StorageError::io("sync", &dir)),
    }
}

/// The directory that holds `path`; `.` for a bare name.
fn parent(path: &Path) -> PathBuf {
    match path.parent() {
        Some(dir) if dir.as_os_str().is_empty() => PathBuf::from("."),
        Some(dir) => dir.to_owned(),
        None => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_durable_rename_moves_and_never_replaces() {
        let dir = tempfile::tempdir().unwrap();
        let (from, to) = (dir.path().join("a"), dir.path().join("b"));
        fs::write(&from, b"one").unwrap();
        durable_rename(&from, &to).unwrap();
        assert_eq!(fs::read(&to).unwrap(), b"one");
        assert!(!from.exists());

        fs::write(&from, b"two").unwrap();
        let refused = durable_rename(&from, &to).unwrap_err();
        let StorageError::Io { source, .. } = refused else {
            panic!("{refused:?}")
        };
        assert_eq!(source.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&to).unwrap(), b"one");
        assert_eq!(fs::read(&from).unwrap(), b"two");
    }

    #[test]
    fn without_the_systems_help_nothing_is_replaced_either() {
        let dir = tempfile::tempdir().unwrap();
        let (from, to) = (dir.path().join("a"), dir.path().join("b"));
        fs::write(&from, b"one").unwrap();
        rename_reserving(&from, &to).unwrap();
        assert_eq!(fs::read(&to).unwrap(), b"one");
        fs::write(&from, b"two").unwrap();
        let refused = rename_reserving(&from, &to).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&to).unwrap(), b"one");
        fs::remove_file(&from).unwrap();
        let free = dir.path().join("c");
        assert!(rename_reserving(&from, &free).is_err());
        assert!(!free.exists());
    }

    #[test]
    fn removing_twice_is_fine() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        fs::write(&path, b"x").unwrap();
        durable_remove(&path).unwrap();
        durable_remove(&path).unwrap();
        assert!(!path.exists());
    }

    #[test]
    fn directories_are_created_with_all_above_them() {
        let dir = tempfile::tempdir().unwrap();
        let deep = dir.path().join("a/b/c");
        create_dir_durably(&deep).unwrap();
        create_dir_durably(&deep).unwrap();
        assert!(deep.is_dir());
    }

    #[test]
    fn free_space_is_a_plausible_number() {
        let dir = tempfile::tempdir().unwrap();
        assert!(free_bytes(dir.path()).unwrap() > 0);
        assert!(free_bytes(&dir.path().join("absent")).is_err());
    }
}
