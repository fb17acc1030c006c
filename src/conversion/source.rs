//! The bytes a version is made of, as a file on this machine.

use std::io;
use std::path::{Path, PathBuf};

use futures::{TryStreamExt, pin_mut};
use tokio::io::AsyncWriteExt;

use crate::library::{Library, Video};
use crate::storage::{Bucket, StorageError, free_bytes};

/// Where a copy is kept while a version is made of it, in the version's own folder.
const COPY: &str = "source.part";
/// One request to the bucket brings so much.
const PIECE_BYTES: u64 = 64 * 1024 * 1024;

/// Why the bytes are not at hand; worth trying again.
#[derive(Debug, thiserror::Error)]
pub(super) enum SourceError {
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error("the video's file cannot be copied here: {0}")]
    Io(#[from] io::Error),
    #[error(
        "there is too little space on the disk: {needed_bytes} bytes are needed beside what is kept free"
    )]
    NoSpace { needed_bytes: u64 },
    #[error("the video is in a bucket that is not configured any more")]
    NoBucket,
}

/// A file to read; a copy goes when this is dropped.
#[derive(Debug)]
pub(super) struct SourceFile {
    path: PathBuf,
    copied: bool,
}

impl SourceFile {
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for SourceFile {
    fn drop(&mut self) {
        if self.copied {
            // If it stays, the sweep takes it with its folder, or the next try does.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// Where videos come from.
#[derive(Clone)]
pub(super) struct Sources {
    pub library: Library,
    pub bucket: Option<Bucket>,
    pub min_free_bytes: u64,
}

impl Sources {
    /// `video`'s own file, or a copy of what is in the bucket made in `dir`.
    pub async fn fetch(&self, video: &Video, dir: &Path) -> Result<SourceFile, SourceError> {
        // Its versions together are seldom larger than what they are made of.
        self.check_space(dir, video.size_bytes)?;
        if let Some(path) = self.library.local_path(video) {
            return Ok(SourceFile {
                path,
                copied: false,
            });
        }
        let bucket = self.bucket.as_ref().ok_or(SourceError::NoBucket)?;
        self.check_space(dir, video.size_bytes.saturating_mul(2))?;
        let source = SourceFile {
            path: dir.join(COPY),
            copied: true,
        };
        let mut file = tokio::fs::File::create(&source.path).await?;
        let mut at = 0;
        while at < video.size_bytes {
            let end = video.size_bytes.min(at + PIECE_BYTES);
            let bytes = bucket.get_range(&video.key, at..end, None).await?;
            pin_mut!(bytes);
            while let Some(chunk) = bytes.try_next().await? {
                file.write_all(&chunk).await?;
            }
            at = end;
        }
        file.flush().await?;
        Ok(source)
    }

    fn check_space(&self, dir: &Path, needed_bytes: u64) -> Result<(), SourceError> {
        let free = free_bytes(dir)?;
        if free < self.min_free_bytes.saturating_add(needed_bytes) {
            return Err(SourceError::NoSpace { needed_bytes });
        }
        Ok(())
    }
}
