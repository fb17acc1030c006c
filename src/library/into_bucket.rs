//! Keeps an upload in the bucket.

use std::path::Path;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::timeout;

use super::Source;
use super::promise::{Arrival, Promise};
use super::record::Look;
use super::request::Uploaded;
use super::shelf::Shelf;
use crate::clock::SharedClock;
use crate::storage::{Bucket, ObjectFact, StorageError};

/// Objects of ours lie in this folder of the bucket.
const FOLDER: &str = "uploads";
/// A bucket that takes nothing for so long is given up.
const STALLED: Duration = Duration::from_secs(60);
/// So long it may take to say whether a name is free, or to remove what is not needed.
const BRIEFLY: Duration = Duration::from_secs(30);

/// Where the bytes are that go to their place in the bucket.
pub(super) enum Bytes<'a> {
    /// In a file on this machine.
    File(&'a Path),
    /// In the bucket already, under another key.
    Object(&'a str),
}

/// Puts `arrival` into `bucket` in parts, and into the catalogue.
///
/// # Errors
/// Why the bucket did not take it; nothing of it is known then.
pub(super) async fn keep(
    shelf: &Shelf,
    clock: &SharedClock,
    bucket: &Bucket,
    arrival: &Arrival,
    bytes: &Bytes<'_>,
) -> Result<Uploaded, StorageError> {
    for name in arrival.possible_names() {
        let key = format!("{FOLDER}/{name}");
        if !is_free(bucket, &key).await? {
            continue;
        }
        let place = (Source::Bucket, key.clone());
        let Some(promise) = Promise::make(shelf, clock, arrival, place, None).await? else {
            continue;
        };
        let kept = match put(bucket, &key, arrival, bytes).await {
            Ok(fact) => promise.fulfil(Look::from(&fact)).await,
            Err(error) => Err(error),
        };
        match kept {
            Ok(video) => {
                return Ok(Uploaded {
                    video,
                    notice: None,
                });
            }
            Err(error) => {
                promise.retract(arrival).await;
                remove(bucket, &key).await;
                return Err(error);
            }
        }
    }
    Err(StorageError::Key(arrival.file_name.clone()))
}

async fn is_free(bucket: &Bucket, key: &str) -> Result<bool, StorageError> {
    let head = timeout(BRIEFLY, bucket.head(key)).await;
    match head.unwrap_or_else(|_| Err(silent(bucket))) {
        Ok(_) => Ok(false),
        Err(StorageError::NotFound(_)) => Ok(true),
        Err(error) => Err(error),
    }
}

/// Puts the file for as long as the bucket keeps taking it.
async fn put(
    bucket: &Bucket,
    key: &str,
    arrival: &Arrival,
    bytes: &Bytes<'_>,
) -> Result<ObjectFact, StorageError> {
    let path = match bytes {
        Bytes::File(path) => path,
        Bytes::Object(from) => return bucket.copy(from, key).await,
    };
    let (progress, mut progressed) = watch::channel(());
    let media_type = arrival.facts.media_type();
    let putting = bucket.put_file(key, path, media_type, move |_| {
        progress.send_replace(());
    });
    let stalled = async { while let Ok(Ok(())) = timeout(STALLED, progressed.changed()).await {} };
    tokio::select! {
        put = putting => put,
        () = stalled => Err(silent(bucket)),
    }
}

/// What was put although the answer did not come would else be found there as another video.
async fn remove(bucket: &Bucket, key: &str) {
    if let Ok(Err(error)) = timeout(BRIEFLY, bucket.delete(key)).await {
        tracing::debug!(%error, "the remains of an upload in the bucket could not be removed");
    }
}

fn silent(bucket: &Bucket) -> StorageError {
    StorageError::Bucket {
        bucket: bucket.name().to_owned(),
        reason: "it does not answer".to_owned(),
    }
}
