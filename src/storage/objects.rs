//! Videos as bytes: on local disk, or in an S3-compatible bucket.

mod bucket;
mod disk;
mod file;
mod incoming;
mod put;
mod refusal;
mod spool;

use super::StorageError;

pub use bucket::{Bucket, ObjectFact, install_crypto};
pub(super) use disk::sync_parent;
pub use disk::{create_dir_durably, durable_remove, durable_rename, free_bytes, sync_dir};
pub use file::LocalFile;
pub use spool::SpoolFile;

/// Runs `work`, which blocks, where that harms nobody.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StorageError> + Send + 'static,
) -> Result<T, StorageError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|_| StorageError::Panicked)?
}
