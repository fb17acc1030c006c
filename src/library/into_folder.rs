//! Keeps an upload in the folder of uploads.

use std::io;
use std::path::Path;

use super::Source;
use super::promise::{Arrival, Promise};
use super::refusal::UploadError;
use super::request::Uploaded;
use super::shelf::Shelf;
use crate::clock::SharedClock;
use crate::storage::{SpoolFile, StorageError};

/// Moves `arrival` to a free name in `dir` and into the catalogue.
///
/// # Errors
/// Why it could not be kept; nothing of it is left then.
pub(super) async fn keep(
    shelf: &Shelf,
    clock: &SharedClock,
    dir: &Path,
    arrival: &Arrival,
    mut spool: SpoolFile,
    notice: Option<&str>,
) -> Result<Uploaded, UploadError> {
    for name in arrival.possible_names() {
        let destination = dir.join(&name);
        let place = (Source::Uploads, name);
        let Some(promise) = Promise::make(shelf, clock, arrival, place, notice).await? else {
            continue;
        };
        match spool.keep_as(&destination).await {
            Ok(()) => {
                let video = promise.fulfil(arrival.look).await?;
                let notice = notice.map(str::to_owned);
                return Ok(Uploaded { video, notice });
            }
            Err((back, error)) => {
                spool = back;
                promise.retract(arrival).await;
                if !is_taken(&error) {
                    return Err(error.into());
                }
            }
        }
    }
    Err(UploadError::internal(io::Error::other(
        "every name for the file is taken",
    )))
}

fn is_taken(error: &StorageError) -> bool {
    matches!(error, StorageError::Io { source, .. } if source.kind() == io::ErrorKind::AlreadyExists)
}
