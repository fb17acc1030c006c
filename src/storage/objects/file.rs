//! A file on local disk, read in ranges.

use std::fs::{File, Metadata};
use std::io;
use std::ops::Range;
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use futures::Stream;
use rustix::buffer::spare_capacity;
use rustix::fs::{CWD, Mode, OFlags, openat};
use rustix::io::{Errno, pread};

use super::blocking;
use crate::storage::StorageError;

/// What one blocking call reads: large, as each call costs a trip to the blocking pool, and small
/// enough that a slow viewer holds little memory.
const CHUNK_BYTES: u64 = 512 * 1024;

/// Reading, and without waiting for a writer if it is a FIFO.
const OPEN: OFlags = OFlags::RDONLY
    .union(OFlags::CLOEXEC)
    .union(OFlags::NONBLOCK);

/// A regular file opened for reading, with the facts it had then.
#[derive(Debug, Clone)]
pub struct LocalFile {
    file: Arc<File>,
    path: PathBuf,
    size_bytes: u64,
    modified_ms: i64,
    etag: String,
}

impl LocalFile {
    /// Opens the regular file at `path`.
    ///
    /// # Errors
    /// [`StorageError::NotFound`] if nothing or no regular file is there, else
    /// [`StorageError::Io`].
    pub async fn open(path: &Path) -> Result<Self, StorageError> {
        let path = path.to_owned();
        blocking(move || Self::open_blocking(&path)).await
    }

    /// As [`LocalFile::open`], on the calling thread.
    ///
    /// # Errors
    /// As [`LocalFile::open`].
    pub fn open_blocking(path: &Path) -> Result<Self, StorageError> {
        Self::take(openat(CWD, path, OPEN, Mode::empty()), path)
    }

    /// Opens the regular file whose path below `root` is `key`, `/`-separated. No symbolic link
    /// below `root` is followed, so nothing outside can be reached, whatever happens meanwhile.
    ///
    /// # Errors
    /// As [`LocalFile::open`]; a link is [`StorageError::NotFound`].
    pub async fn open_below(root: &Path, key: &str) -> Result<Self, StorageError> {
        let (root, key) = (root.to_owned(), key.to_owned());
        blocking(move || {
            let path = root.join(&key);
            Self::take(walk(&root, &key), &path)
        })
        .await
    }

    /// Takes what was opened as `path`, if it is a regular file.
    fn take(opened: Result<OwnedFd, Errno>, path: &Path) -> Result<Self, StorageError> {
        let absent = || StorageError::NotFound(path.display().to_string());
        let file = match opened {
            Ok(fd) => File::from(fd),
            Err(errno) if is_absence(errno) => return Err(absent()),
            Err(errno) => return Err(StorageError::io("open", path)(errno.into())),
        };
        let facts = file.metadata().map_err(StorageError::io("look at", path))?;
        if !facts.is_file() {
            return Err(absent());
        }
        Ok(Self {
            file: Arc::new(file),
            path: path.to_owned(),
            size_bytes: facts.len(),
            modified_ms: modified_ms(&facts),
            etag: strong_etag(&facts),
        })
    }

    /// Its size in bytes.
    pub fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    /// When it last changed, in milliseconds since the Unix epoch.
    pub fn modified_ms(&self) -> i64 {
        self.modified_ms
    }

    /// A strong validator with its quotes (RFC 9110 §8.8.3): other bytes, another tag.
    pub fn etag(&self) -> &str {
        &self.etag
    }

    /// The bytes of `range` (clamped to the size) in chunks of up to 512 KiB, one blocking call
    /// each; at most one chunk is held. A file that shrank meanwhile ends in an `UnexpectedEof`.
    pub fn read_range(
        &self,
        range: Range<u64>,
    ) -> impl Stream<Item = Result<Bytes, io::Error>> + Send + 'static {
        let file = Arc::clone(&self.file);
        let left = range.start..range.end.min(self.size_bytes);
        futures::stream::try_unfold((file, left), |(file, left)| async move {
            if left.is_empty() {
                return Ok(None);
            }
            let (at_byte, len) = (left.start, CHUNK_BYTES.min(left.end - left.start));
            let source = Arc::clone(&file);
            let chunk = tokio::task::spawn_blocking(move || read_exactly(&source, at_byte, len))
                .await
                .map_err(io::Error::other)??;
            Ok(Some((chunk, (file, at_byte + len..left.end))))
        })
    }

    /// Where it was opened.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// Exactly `len` bytes from `at_byte`, into memory that is not cleared first.
pub(super) fn read_exactly(file: &File, at_byte: u64, len: u64) -> io::Result<Bytes> {
    let wanted = usize::try_from(len).map_err(io::Error::other)?;
    let mut chunk = Vec::with_capacity(wanted);
    while chunk.len() < wanted {
        let next_byte = at_byte + chunk.len() as u64;
        match pread(file, spare_capacity(&mut chunk), next_byte) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    // The allocator may have given more room than was asked for.
    chunk.truncate(wanted);
    Ok(chunk.into())
}

/// Opens `key` below `root`, one name after the other, none of them a link.
fn walk(root: &Path, key: &str) -> Result<OwnedFd, Errno> {
    let parts: Vec<&str> = key.split('/').collect();
    let Some((name, folders)) = parts.split_last() else {
        return Err(Errno::NOENT);
    };
    if parts.iter().any(|part| matches!(*part, "" | "." | "..")) {
        return Err(Errno::NOENT);
    }
    let folder = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let mut at = openat(CWD, root, folder, Mode::empty())?;
    for part in folders {
        at = openat(&at, *part, folder | OFlags::NOFOLLOW, Mode::empty())?;
    }
    openat(&at, *name, OPEN | OFlags::NOFOLLOW, Mode::empty())
}

fn is_absence(errno: Errno) -> bool {
    matches!(
        errno,
        Errno::NOENT
            | Errno::NOTDIR
            | Errno::NAMETOOLONG
            | Errno::LOOP
            | Errno::INVAL
            | Errno::NXIO
    )
}

fn modified_ms(facts: &Metadata) -> i64 {
    facts
        .mtime()
        .saturating_mul(1000)
        .saturating_add(facts.mtime_nsec() / 1_000_000)
}

/// Size, time of change to the nanosecond and inode: a replaced, appended or rewritten file gets
/// another tag.
fn strong_etag(facts: &Metadata) -> String {
    format!(
        "\"{:x}-{:x}-{:x}{:08x}\"",
        facts.len(),
        facts.ino(),
        facts.mtime(),
        facts.mtime_nsec()
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::TryStreamExt;
    use std::fs;

    async fn read(file: &LocalFile, range: Range<u64>) -> io::Result<Vec<u8>> {
        let chunks: Vec<Bytes> = file.read_range(range).try_collect().await?;
        Ok(chunks.concat())
    }

    fn patterned(len: usize) -> Vec<u8> {
        (0..len).map(|i| (i * 31 % 251) as u8).collect()
    }

    #[tokio::test]
    async fn ranges_read_back_exactly_across_chunks() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("v.mp4");
        let bytes = patterned(3 * CHUNK_BYTES as usize + 17);
        fs::write(&path, &bytes).unwrap();
        let file = LocalFile::open(&path).await.unwrap();
        let size = file.size_bytes();
        assert_eq!(size, bytes.len() as u64);
        let edge = CHUNK_BYTES;
        for range in [
            0..size,
            0..0,
            0..1,
            size - 1..size,
            edge - 1..edge + 1,
            edge..2 * edge,
            5..3 * edge + 2,
            10..size + 500,
            size..size + 1,
        ] {
            let want = &bytes[(range.start.min(size)) as usize..range.end.min(size) as usize];
            assert_eq!(read(&file, range.clone()).await.unwrap(), want, "{range:?}");
        }
    }

    #[tokio::test]
    async fn chunks_are_large() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("v.mp4");
        fs::write(&path, patterned(2 * CHUNK_BYTES as usize)).unwrap();
        let file = LocalFile::open(&path).await.unwrap();
        let chunks: Vec<Bytes> = file.read_range(0..u64::MAX).try_collect().await.unwrap();
        assert_eq!(chunks.len(), 2);
        assert!(chunks.iter().all(|c| c.len() as u64 == CHUNK_BYTES));
    }

    #[tokio::test]
    async fn a_file_that_shrinks_is_an_error_not_a_short_answer() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("v.mp4");
        fs::write(&path, patterned(1000)).unwrap();
        let file = LocalFile::open(&path).await.unwrap();
        fs::OpenOptions::new()
            .write(true)
            .open(&path)
            .unwrap()
            .set_len(10)
            .unwrap();
        let error = read(&file, 0..1000).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    }

    #[tokio::test]
    async fn a_replaced_file_has_another_etag_and_the_same_file_the_same() {
        let dir = tempfile::tempdir().unwrap();
        let (path, other) = (dir.path().join("v.mp4"), dir.path().join("w.mp4"));
        fs::write(&path, b"same size").unwrap();
        fs::write(&other, b"size same").unwrap();
        let first = LocalFile::open(&path).await.unwrap();
        assert_eq!(first.etag(), LocalFile::open(&path).await.unwrap().etag());
        fs::rename(&other, &path).unwrap();
        assert_ne!(first.etag(), LocalFile::open(&path).await.unwrap().etag());
        assert!(first.etag().starts_with('"') && first.etag().ends_with('"'));
    }

    #[tokio::test]
    async fn what_is_no_regular_file_is_not_found() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("plain"), b"x").unwrap();
        for path in [
            dir.path().to_owned(),
            dir.path().join("absent"),
            dir.path().join("plain/below"),
            dir.path().join("x".repeat(300)),
        ] {
            let error = LocalFile::open(&path).await.unwrap_err();
            assert!(matches!(error, StorageError::NotFound(_)), "{error:?}");
        }
    }

    #[tokio::test]
    async fn no_key_leads_out_of_its_root() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("root");
        fs::create_dir_all(root.join("deep/er")).unwrap();
        fs::write(dir.path().join("secret"), b"secret").unwrap();
        fs::write(root.join("deep/er/#1 ü.mp4"), b"bytes").unwrap();
        std::os::unix::fs::symlink(dir.path().join("secret"), root.join("link.mp4")).unwrap();
        std::os::unix::fs::symlink(dir.path(), root.join("folder")).unwrap();
        let fifo = root.join("fifo");
        rustix::fs::mkfifoat(CWD, &fifo, Mode::RUSR | Mode::WUSR).unwrap();

        let inside = LocalFile::open_below(&root, "deep/er/#1 ü.mp4")
            .await
            .unwrap();
        assert_eq!(inside.size_bytes(), 5);
        for key in [
            "",
            ".",
            "..",
            "../secret",
            "deep/../../secret",
            "/deep/er/#1 ü.mp4",
            "deep//er",
            "deep/er",
            "link.mp4",
            "folder/secret",
            "fifo",
            "absent\0.mp4",
        ] {
            let error = LocalFile::open_below(&root, key).await.unwrap_err();
            assert!(
                matches!(error, StorageError::NotFound(_)),
                "{key:?}: {error:?}"
            );
        }
    }
}
