//! A file that is being received: it becomes visible whole, or leaves nothing behind.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use rand::RngExt;

use super::blocking;
use super::disk::{durable_rename, sync_parent};
use crate::storage::StorageError;

/// What every spool file's name starts with; such files are never scanned or served.
const PREFIX: &str = ".onair-spool-";
/// And that of one which outlives its connection, and the process.
const LASTING_PREFIX: &str = ".onair-part-";

/// Small pieces are gathered to this size before one blocking write.
const GATHER_BYTES: usize = 256 * 1024;

/// Dirty pages are written back this often, so the last sync of a large file is short.
const SYNC_EVERY_BYTES: u64 = 64 * 1024 * 1024;

/// A hidden file beside its destination; dropped without [`SpoolFile::keep_as`] it is removed,
/// unless it is a lasting one.
#[derive(Debug)]
pub struct SpoolFile {
    file: Arc<File>,
    path: PathBuf,
    lasts: bool,
    gathered: BytesMut,
    received_bytes: u64,
    unsynced_bytes: u64,
}

impl SpoolFile {
    /// Creates an empty one in `dir`.
    ///
    /// # Errors
    /// [`StorageError::Io`] if `dir` refuses.
    pub async fn create(dir: &Path) -> Result<Self, StorageError> {
        let name = format!("{PREFIX}{:032x}", rand::rng().random::<u128>());
        let path = dir.join(name);
        blocking(move || {
            let file = OpenOptions::new()
                .write(true)
                .create_new(true)
                .open(&path)
                .map_err(StorageError::io("create", &path))?;
            Ok(Self {
                file: Arc::new(file),
                path,
                lasts: false,
                gathered: BytesMut::new(),
                received_bytes: 0,
                unsynced_bytes: 0,
            })
        })
        .await
    }

    /// Opens the one called `name` in `dir`, which stays when it is dropped, to go on after its
    /// first `received_bytes`; what lies behind them is thrown away. Nothing there is an empty one.
    ///
    /// # Errors
    /// [`StorageError::Io`] if `dir` refuses or the file is shorter.
    pub async fn lasting(
        dir: &Path,
        name: &str,
        received_bytes: u64,
    ) -> Result<Self, StorageError> {
        let path = Self::lasting_path(dir, name);
        blocking(move || {
            let opened = || -> io::Result<File> {
                let mut file = OpenOptions::new()
                    .write(true)
                    .create(true)
                    .truncate(false)
                    .open(&path)?;
                if file.metadata()?.len() < received_bytes {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
                file.set_len(received_bytes)?;
                file.seek(SeekFrom::End(0))?;
                Ok(file)
            };
            let file = opened().map_err(StorageError::io("open", &path))?;
            if received_bytes == 0 {
                // Else its bytes would outlive a power cut, but not its name.
                sync_parent(&path)?;
            }
            Ok(Self {
                file: Arc::new(file),
                path,
                lasts: true,
                gathered: BytesMut::new(),
                received_bytes,
                unsynced_bytes: 0,
            })
        })
        .await
    }

    /// Where the lasting one called `name` in `dir` lies.
    pub fn lasting_path(dir: &Path, name: &str) -> PathBuf {
        dir.join(format!("{LASTING_PREFIX}{name}"))
    }

    /// The names of the lasting ones in `dir` and how many bytes each holds, which are on disk
    /// then whoever wrote them. Blocks.
    ///
    /// # Errors
    /// [`StorageError::Io`] if `dir` cannot be read or a file not synced.
    pub fn lasting_in(dir: &Path) -> Result<Vec<(String, u64)>, StorageError> {
        let mut found = Vec::new();
        for entry in fs::read_dir(dir).map_err(StorageError::io("read", dir))? {
            let path = entry.map_err(StorageError::io("read", dir))?.path();
            let name = path.file_name().and_then(|name| name.to_str());
            let Some(name) = name.and_then(|name| name.strip_prefix(LASTING_PREFIX)) else {
                continue;
            };
            let synced = File::open(&path).and_then(|file| {
                file.sync_data()?;
                file.metadata()
            });
            let facts = synced.map_err(StorageError::io("sync", &path))?;
            found.push((name.to_owned(), facts.len()));
        }
        Ok(found)
    }

    /// Whether `file_name` is that of a spool file.
    pub fn is_spool_name(file_name: &str) -> bool {
        file_name.starts_with(PREFIX)
    }

    /// Removes what earlier processes left in `dir` and returns how many files that were; call it
    /// before the first upload. Blocks.
    ///
    /// # Errors
    /// [`StorageError::Io`] if `dir` cannot be read or a file not removed.
    pub fn sweep(dir: &Path) -> Result<usize, StorageError> {
        let mut swept = 0;
        for entry in fs::read_dir(dir).map_err(StorageError::io("read", dir))? {
            let entry = entry.map_err(StorageError::io("read", dir))?;
            if entry.file_name().to_str().is_some_and(Self::is_spool_name) {
                let path = entry.path();
                fs::remove_file(&path).map_err(StorageError::io("remove", &path))?;
                swept += 1;
            }
        }
        Ok(swept)
    }

    /// Where it lies, for probing; complete only after [`SpoolFile::sync`].
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// How many bytes were received.
    pub fn received_bytes(&self) -> u64 {
        self.received_bytes
    }

    /// Appends `chunk`; holds at most 256 KiB beside it.
    ///
    /// # Errors
    /// [`StorageError::Io`], as when the disk is full.
    pub async fn write(&mut self, chunk: Bytes) -> Result<(), StorageError> {
        self.received_bytes += chunk.len() as u64;
        if self.gathered.len() + chunk.len() < GATHER_BYTES {
            self.gathered.extend_from_slice(&chunk);
            return Ok(());
        }
        let gathered = self.gathered.split().freeze();
        self.append([gathered, chunk]).await
    }

    /// Makes everything received durable.
    ///
    /// # Errors
    /// [`StorageError::Io`], as when the disk is full.
    pub async fn sync(&mut self) -> Result<(), StorageError> {
        let gathered = self.gathered.split().freeze();
        self.append([gathered, Bytes::new()]).await?;
        let (file, path) = (Arc::clone(&self.file), self.path.clone());
        blocking(move || file.sync_all().map_err(StorageError::io("sync", &path))).await
    }

    /// Moves it to `destination` on the same file system, durably and without replacing anything.
    ///
    /// # Errors
    /// [`StorageError::Io`], of kind `AlreadyExists` if the name is taken: then the spool file
    /// comes back beside the error, to be kept under another name.
    pub async fn keep_as(mut self, destination: &Path) -> Result<(), (Self, StorageError)> {
        if let Err(error) = self.sync().await {
            return Err((self, error));
        }
        let (from, to) = (self.path.clone(), destination.to_owned());
        match blocking(move || durable_rename(&from, &to)).await {
            Ok(()) => {
                self.path = PathBuf::new();
                Ok(())
            }
            Err(error) => Err((self, error)),
        }
    }

    /// Throws away all but the first `bytes`, durably.
    ///
    /// # Errors
    /// [`StorageError::Io`] if the disk refuses.
    pub async fn cut_to(&mut self, bytes: u64) -> Result<(), StorageError> {
        self.gathered.clear();
        let (file, path) = (Arc::clone(&self.file), self.path.clone());
        let cut = blocking(move || {
            let cut = || -> io::Result<()> {
                file.set_len(bytes)?;
                (&*file).seek(SeekFrom::End(0))?;
                file.sync_all()
            };
            cut().map_err(StorageError::io("shorten", &path))
        });
        cut.await?;
        self.received_bytes = bytes;
        Ok(())
    }

    /// How many bytes are in the file itself, which after a failed write may be fewer than were
    /// received.
    ///
    /// # Errors
    /// [`StorageError::Io`] if the file cannot be looked at.
    pub async fn written_bytes(&self) -> Result<u64, StorageError> {
        let (file, path) = (Arc::clone(&self.file), self.path.clone());
        blocking(move || {
            let facts = file
                .metadata()
                .map_err(StorageError::io("look at", &path))?;
            Ok(facts.len())
        })
        .await
    }

    async fn append(&mut self, pieces: [Bytes; 2]) -> Result<(), StorageError> {
        let len: u64 = pieces.iter().map(|piece| piece.len() as u64).sum();
        if len == 0 {
            return Ok(());
        }
        self.unsynced_bytes += len;
        let write_back = self.unsynced_bytes >= SYNC_EVERY_BYTES;
        if write_back {
            self.unsynced_bytes = 0;
        }
        let (file, path) = (Arc::clone(&self.file), self.path.clone());
        blocking(move || {
            let write = || -> io::Result<()> {
                for piece in &pieces {
                    (&*file).write_all(piece)?;
                }
                if write_back { file.sync_data() } else { Ok(()) }
            };
            write().map_err(StorageError::io("write", &path))
        })
        .await
    }
}

impl Drop for SpoolFile {
    fn drop(&mut self) {
        if self.lasts || self.path.as_os_str().is_empty() {
            return;
        }
        if fs::remove_file(&self.path).is_ok() {
            // Best effort: what a power cut brings back, the next start sweeps.
            let _ = sync_parent(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(dir: &Path) -> Vec<String> {
        fs::read_dir(dir)
            .unwrap()
            .map(|e| e.unwrap().file_name().into_string().unwrap())
            .collect()
    }

    #[tokio::test]
    async fn what_was_written_is_kept_byte_for_byte() {
        let dir = tempfile::tempdir().unwrap();
        let mut spool = SpoolFile::create(dir.path()).await.unwrap();
        let mut want = Vec::new();
        for (i, len) in [1, 70_000, GATHER_BYTES, 3, GATHER_BYTES * 2, 0, 9]
            .into_iter()
            .enumerate()
        {
            let chunk = vec![i as u8 + 1; len];
            want.extend_from_slice(&chunk);
            spool.write(chunk.into()).await.unwrap();
        }
        assert_eq!(spool.received_bytes(), want.len() as u64);
        let kept = dir.path().join("kept.mp4");
        spool.keep_as(&kept).await.unwrap();
        assert_eq!(fs::read(&kept).unwrap(), want);
        assert_eq!(names(dir.path()), ["kept.mp4"]);
    }

    #[tokio::test]
    async fn a_dropped_one_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let mut spool = SpoolFile::create(dir.path()).await.unwrap();
        spool.write(Bytes::from_static(b"half")).await.unwrap();
        assert!(SpoolFile::is_spool_name(&names(dir.path())[0]));
        drop(spool);
        assert!(names(dir.path()).is_empty());
    }

    #[tokio::test]
    async fn a_taken_name_gives_the_file_back() {
        let dir = tempfile::tempdir().unwrap();
        let taken = dir.path().join("taken.mp4");
        fs::write(&taken, b"old").unwrap();
        let mut spool = SpoolFile::create(dir.path()).await.unwrap();
        spool.write(Bytes::from_static(b"new")).await.unwrap();
        let (spool, error) = spool.keep_as(&taken).await.unwrap_err();
        assert!(error.to_string().contains("taken.mp4"), "{error}");
        assert_eq!(fs::read(&taken).unwrap(), b"old");
        let free = dir.path().join("free.mp4");
        spool.keep_as(&free).await.unwrap();
        assert_eq!(fs::read(&free).unwrap(), b"new");
    }

    #[tokio::test]
    async fn a_lasting_one_goes_on_where_it_was_left() {
        let dir = tempfile::tempdir().unwrap();
        let open = |at| SpoolFile::lasting(dir.path(), "a", at);
        let mut spool = open(0).await.unwrap();
        spool.write(Bytes::from_static(b"half")).await.unwrap();
        spool.sync().await.unwrap();
        drop(spool);
        assert_eq!(SpoolFile::sweep(dir.path()).unwrap(), 0);
        let found = SpoolFile::lasting_in(dir.path()).unwrap();
        assert_eq!(found, [("a".to_owned(), 4)]);
        assert!(open(5).await.is_err(), "bytes that were never there");

        let mut spool = open(3).await.unwrap();
        spool.write(Bytes::from_static(b"ted")).await.unwrap();
        spool.sync().await.unwrap();
        spool.cut_to(5).await.unwrap();
        spool.write(Bytes::from_static(b"!")).await.unwrap();
        assert_eq!(spool.received_bytes(), 6);
        let kept = dir.path().join("kept.mp4");
        spool.keep_as(&kept).await.unwrap();
        assert_eq!(fs::read(&kept).unwrap(), b"halte!");
        assert_eq!(names(dir.path()), ["kept.mp4"]);
    }

    #[tokio::test]
    async fn remains_of_a_dead_process_are_swept_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        std::mem::forget(SpoolFile::create(dir.path()).await.unwrap());
        fs::write(dir.path().join("film.mp4"), b"x").unwrap();
        assert_eq!(SpoolFile::sweep(dir.path()).unwrap(), 1);
        assert_eq!(names(dir.path()), ["film.mp4"]);
    }
}
