//! Records and objects: the only room that knows sled and object_store.
//!
//! *Records* are small facts (the catalogue, the plan, votes) that survive `kill -9` once
//! acknowledged; *objects* are videos, on local disk or in an S3-compatible bucket.

mod error;
mod objects;
mod records;

pub use error::StorageError;
pub use objects::{
    Bucket, LocalFile, ObjectFact, SpoolFile, create_dir_durably, durable_remove, durable_rename,
    free_bytes, install_crypto, sync_dir,
};
pub use records::{MAX_KEY_BYTES, MAX_VALUE_BYTES, Records, Recovery, Tree, Txn};
