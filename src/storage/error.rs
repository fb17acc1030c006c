//! What can go wrong with records and objects, in sentences.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Why records or objects could not be read or kept; cheap to clone, as one failed batch answers
/// many callers.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StorageError {
    /// Another process has the records open.
    #[error(
        "the records in {0} are in use by another OnAir; stop it first, or give this one a \
         data directory of its own (ONAIR_DATA_DIR)"
    )]
    InUse(PathBuf),
    /// A newer OnAir wrote the records.
    #[error(
        "the records in {dir} were written by a newer OnAir (format {found}; this one knows up \
         to {known}): start that version again, or restore an older copy"
    )]
    TooNew {
        /// Where the records are.
        dir: PathBuf,
        /// Their format.
        found: u32,
        /// The newest format this version reads.
        known: u32,
    },
    /// A key or value outside its bounds; nothing of that write was kept.
    #[error("a {what} of {size_bytes} bytes is outside its bounds (at most {max_bytes})")]
    Size {
        /// `key` or `value`.
        what: &'static str,
        /// Its size.
        size_bytes: usize,
        /// The largest allowed.
        max_bytes: usize,
    },
    /// Too little free space to write safely; nothing was written.
    #[error("the disk that holds {dir} is full ({free_bytes} bytes free): nothing was written")]
    DiskFull {
        /// Where the write was to go.
        dir: PathBuf,
        /// What was left.
        free_bytes: u64,
    },
    /// The records could not be read or written.
    #[error("the records failed: {0}")]
    Records(String),
    /// A record does not read as what it should be.
    #[error("a record in {0} is damaged")]
    Damaged(&'static str),
    /// The code of a write panicked; nothing of it was kept.
    #[error("a write to the records failed inside; nothing of it was kept")]
    Panicked,
    /// The records are closed, as the station is shutting down.
    #[error("the records are closed")]
    Closed,
    /// The records have been too busy for too long to take a write; nothing was written.
    #[error("the records are too busy; nothing was written, try again")]
    Busy,
    /// The operating system refused.
    #[error("cannot {what} {path}: {source}")]
    Io {
        /// What was tried, as a verb.
        what: &'static str,
        /// On what.
        path: PathBuf,
        /// Why not.
        #[source]
        source: Arc<io::Error>,
    },
    /// A key no object can have.
    #[error("{0:?} is not a name an object can have")]
    Key(String),
    /// There is no such object.
    #[error("there is no object {0:?}")]
    NotFound(String),
    /// The object is not what it was.
    #[error("the object {0:?} has changed")]
    Changed(String),
    /// The bucket refuses these credentials.
    #[error(
        "the bucket {bucket} refuses these credentials (check AWS_ACCESS_KEY_ID, \
         AWS_SECRET_ACCESS_KEY and AWS_REGION): {reason}"
    )]
    Refused {
        /// Which bucket.
        bucket: String,
        /// What it said.
        reason: String,
    },
    /// The bucket cannot be reached or failed.
    #[error("the bucket {bucket} failed: {reason}")]
    Bucket {
        /// Which bucket.
        bucket: String,
        /// What happened.
        reason: String,
    },
}

impl StorageError {
    /// Wraps an error of the operating system: tried to `what` `path`.
    pub(super) fn io(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io {
            what,
            path,
            source: Arc::new(source),
        }
    }

    /// Whether a lack of space is the cause.
    pub fn is_disk_full(&self) -> bool {
        match self {
            Self::DiskFull { .. } => true,
            Self::Io { source, .. } => matches!(
                source.kind(),
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
            ),
            _ => false,
        }
    }
}
