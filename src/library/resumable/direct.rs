//! Uploads whose bytes go to the bucket and never through this server.

use std::time::Duration;

use tokio::time::timeout;

use super::ending::Progress;
use super::entry::Entry;
use super::error::ResumableError;
use super::receiving::Whole;
use super::record::{Direct, Kept, NewResumable, ResumableId};
use super::table::{Resumables, Standing, Table};
use crate::library::names;
use crate::storage::{Bucket, StorageError};

/// Objects on their way in lie in this folder of the bucket; having no ending, none of them is
/// taken for a video.
const FOLDER: &str = "incoming";
/// Stores take no more in one copy.
const MOST_BYTES: u64 = 5 * 1024 * 1024 * 1024;
/// Stores take no smaller parts, except as the last; small ones cost little to send again.
const PART_BYTES: u64 = 16 * 1024 * 1024;
/// A signed address is good for so long; there is always another.
const ADDRESS_LASTS_S: u64 = 3600;
/// So long the store may take to forget what is not needed.
const LONGEST_REMOVAL: Duration = Duration::from_secs(30);

/// How an upload is to be sent to the bucket.
#[derive(Debug, Clone)]
pub struct DirectOffer {
    /// How far it has come: nowhere.
    pub standing: Standing,
    /// How many bytes each part has, except the last.
    pub part_bytes: u64,
    /// How many parts there are.
    pub parts: u32,
}

impl Resumables {
    /// Announces an upload that goes straight to the bucket.
    ///
    /// # Errors
    /// [`ResumableError::NotDirect`] if it must be sent to this server instead; else why it is
    /// not taken at all.
    pub async fn create_direct(&self, new: NewResumable) -> Result<DirectOffer, ResumableError> {
        let table = &self.0;
        table.check(&new)?;
        let bucket = table.bucket()?;
        if new.size_bytes > MOST_BYTES {
            return Err(ResumableError::NotDirect);
        }
        table.make_room().await?;
        let id = ResumableId::random();
        let key = format!("{FOLDER}/{}", id.as_str());
        let media_type = names::media_type(&new.file_name);
        let parts = bucket.begin_parts(&key, media_type).await?;
        let mut kept = Kept::new(new, table.clock.now());
        kept.direct = Some(Direct {
            key,
            parts,
            is_joined: false,
        });
        let parts = parts_of(kept.size_bytes);
        let standing = table.insert(id, kept).await?;
        Ok(DirectOffer {
            standing,
            part_bytes: PART_BYTES,
            parts,
        })
    }

    /// An address to which part `number` (from 1 on) of the upload `id` is to be put.
    ///
    /// # Errors
    /// [`ResumableError`] if there is no such part, or it cannot be signed.
    pub async fn part_address(
        &self,
        id: &ResumableId,
        number: u32,
    ) -> Result<String, ResumableError> {
        let table = &self.0;
        let (entry, direct) = table.find_direct(id)?;
        if direct.is_joined || !(1..=parts_of(entry.kept().size_bytes)).contains(&number) {
            return Err(ResumableError::Unknown);
        }
        table.note_activity(&entry).await?;
        let bucket = table.bucket()?;
        let address = bucket.presigned_part(&direct.key, &direct.parts, number, ADDRESS_LASTS_S);
        Ok(address.await?)
    }

    /// All parts are in the bucket, which calls them `etags`: has the video examined and kept, and
    /// waits for that no longer than `patience`. Once more is harmless.
    ///
    /// # Errors
    /// [`ResumableError`] if the parts are not the file that was announced, or it is no video.
    pub async fn join(
        &self,
        id: &ResumableId,
        etags: Vec<String>,
        patience: Duration,
    ) -> Result<Progress, ResumableError> {
        let table = &self.0;
        let (entry, _) = table.find_direct(id)?;
        if entry.is_whole() {
            return self.result(id, patience).await;
        }
        let turn = entry.take_over().await?;
        if entry.is_whole() {
            drop(turn);
            return self.result(id, patience).await;
        }
        let room = table.intake.room(0).await?;
        table.join(&entry, etags).await?;
        self.finish(Whole { turn, room }, patience).await
    }
}

impl Table {
    /// The bucket that takes uploads directly.
    fn bucket(&self) -> Result<&Bucket, ResumableError> {
        let bucket = self.intake.bucket.as_ref();
        bucket.ok_or(ResumableError::NotDirect)
    }

    fn find_direct(
        &self,
        id: &ResumableId,
    ) -> Result<(std::sync::Arc<Entry>, Direct), ResumableError> {
        let entry = self.find(id)?;
        let direct = entry.kept().direct.ok_or(ResumableError::Unknown)?;
        Ok((entry, direct))
    }

    async fn join(&self, entry: &Entry, etags: Vec<String>) -> Result<(), ResumableError> {
        let kept = entry.kept();
        let Some(direct) = kept.direct.clone() else {
            return Err(ResumableError::Unknown);
        };
        let expected = usize::try_from(parts_of(kept.size_bytes)).unwrap_or(usize::MAX);
        if etags.len() != expected {
            return Err(ResumableError::Parts);
        }
        let bucket = self.bucket()?;
        let joined = bucket.join_parts(&direct.key, &direct.parts, etags).await;
        // The store may have joined them before, and the answer was lost.
        let fact = match bucket.head(&direct.key).await {
            Ok(fact) => fact,
            Err(StorageError::NotFound(_)) => {
                tracing::info!(error = ?joined.err(), "the parts of an upload could not be joined");
                return Err(ResumableError::Parts);
            }
            Err(error) => return Err(error.into()),
        };
        if fact.size_bytes != kept.size_bytes {
            self.forget(entry).await?;
            return Err(ResumableError::Parts);
        }
        let direct = Some(Direct {
            is_joined: true,
            ..direct
        });
        let whole = Kept {
            direct,
            is_whole: true,
            ..kept
        };
        self.keep(entry, whole).await?;
        entry.set_received_bytes(fact.size_bytes);
        Ok(())
    }

    /// Removes what is in the bucket of an upload that has ended.
    pub async fn remove_objects(&self, direct: &Direct) {
        let Ok(bucket) = self.bucket() else { return };
        let removing = async {
            let deleted = bucket.delete(&direct.key).await;
            if direct.is_joined {
                return deleted;
            }
            // They may have been joined all the same: then there is nothing to drop.
            if let Err(error) = bucket.drop_parts(&direct.key, &direct.parts).await {
                tracing::debug!(%error, "the parts of an upload are not dropped");
            }
            deleted
        };
        let removed = timeout(LONGEST_REMOVAL, removing).await;
        if !matches!(removed, Ok(Ok(()))) {
            tracing::warn!(
                key = direct.key,
                "what is left of an upload in the bucket could not be removed"
            );
        }
    }

    /// Removes objects that no upload known here will take, as a crash at the wrong moment or
    /// another station's end leaves them.
    pub async fn sweep_objects(&self) -> Result<(), StorageError> {
        use futures::TryStreamExt;

        let Some(bucket) = &self.intake.bucket else {
            return Ok(());
        };
        let objects = bucket.list(FOLDER);
        futures::pin_mut!(objects);
        while let Some(object) = objects.try_next().await? {
            let name = object.key.rsplit('/').next().and_then(ResumableId::new);
            let Some(id) = name else { continue };
            let is_awaited = self
                .entry(&id)
                .is_some_and(|entry| entry.kept().end.is_none());
            let modified = crate::timeline::UnixMs::new(object.modified_ms);
            if !is_awaited && self.clock.now().since(modified) >= self.kept_for {
                bucket.delete(&object.key).await?;
            }
        }
        Ok(())
    }
}

/// How many parts a file of `size_bytes` has.
fn parts_of(size_bytes: u64) -> u32 {
    u32::try_from(size_bytes.div_ceil(PART_BYTES)).unwrap_or(u32::MAX)
}
