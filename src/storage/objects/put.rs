//! A file put into a bucket, in parts, with bounded memory.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use futures::TryStreamExt;
use futures::stream::FuturesUnordered;
use object_store::path::Path as ObjectPath;
use object_store::{
    Attribute, Attributes, MultipartUpload, ObjectStore, PutMultipartOptions, PutOptions,
};

use super::blocking;
use super::bucket::{Bucket, ObjectFact, object_path};
use super::file::read_exactly;
use super::refusal::Tried;
use crate::storage::StorageError;

/// The smallest part sent (AWS takes no less than 5 MiB, except as the last).
const PART_BYTES: u64 = 8 * 1024 * 1024;
/// AWS takes at most 10,000 parts.
const MOST_PARTS: u64 = 9_000;
/// Parts on their way at once: two keep a connection busy while the next is read.
const PARTS_AT_ONCE: usize = 2;

impl Bucket {
    /// Puts the file at `path` under `key`, replacing what was there, and tells `progress` how
    /// many bytes the store has taken; holds two parts of 8 MiB (more only above 70 GiB).
    ///
    /// On failure, or when the future is dropped, what was sent is thrown away.
    ///
    /// # Errors
    /// [`StorageError::Io`] if the file cannot be read, else as [`Bucket::check`].
    pub async fn put_file(
        &self,
        key: &str,
        path: &Path,
        content_type: &str,
        mut progress: impl FnMut(u64) + Send,
    ) -> Result<ObjectFact, StorageError> {
        let target = object_path(key)?;
        let file = Source::open(path).await?;
        let attributes = Attributes::from_iter([(Attribute::ContentType, content_type.to_owned())]);
        if file.size_bytes <= PART_BYTES {
            let whole = file.part(0, file.size_bytes).await?;
            let options = PutOptions::from(attributes);
            let put = self.writer.put_opts(&target, whole.into(), options).await;
            put.map_err(|error| self.failure(Tried::Object(key), error))?;
            progress(file.size_bytes);
        } else {
            self.put_parts(key, &target, &file, attributes, &mut progress)
                .await?;
        }
        let kept = self.head(key).await?;
        if kept.size_bytes == file.size_bytes {
            Ok(kept)
        } else {
            Err(StorageError::Changed(key.to_owned()))
        }
    }

    async fn put_parts(
        &self,
        key: &str,
        target: &ObjectPath,
        file: &Source,
        attributes: Attributes,
        progress: &mut (impl FnMut(u64) + Send),
    ) -> Result<(), StorageError> {
        let failed = |error| self.failure(Tried::Object(key), error);
        let options = PutMultipartOptions::from(attributes);
        let upload = self.writer.put_multipart_opts(target, options).await;
        let mut upload = Unfinished(Some(upload.map_err(failed)?));
        let part_bytes = part_bytes(file.size_bytes);
        let mut under_way = FuturesUnordered::new();
        let (mut read_bytes, mut sent_bytes) = (0, 0);
        while read_bytes < file.size_bytes || !under_way.is_empty() {
            if read_bytes < file.size_bytes && under_way.len() < PARTS_AT_ONCE {
                let len = part_bytes.min(file.size_bytes - read_bytes);
                let part = file.part(read_bytes, len).await?;
                read_bytes += len;
                let sending = upload.get().put_part(part.into());
                under_way.push(async move { sending.await.map(|()| len) });
            } else if let Some(len) = under_way.try_next().await.map_err(failed)? {
                sent_bytes += len;
                progress(sent_bytes);
            }
        }
        match upload.get().complete().await {
            Ok(_) => {}
            // The answer may have been lost after the store had done it.
            Err(error) => match self.head(key).await {
                Ok(kept) if kept.size_bytes == file.size_bytes => {}
                _ => return Err(failed(error)),
            },
        }
        upload.0 = None;
        Ok(())
    }
}

/// So many bytes a part that the parts stay within their number.
fn part_bytes(size_bytes: u64) -> u64 {
    let mib = 1024 * 1024;
    let least = size_bytes.div_ceil(MOST_PARTS).next_multiple_of(mib);
    least.max(PART_BYTES)
}

/// A multipart upload that is thrown away unless it was completed: stores keep, and bill, the parts
/// of forgotten ones.
struct Unfinished(Option<Box<dyn MultipartUpload>>);

impl Unfinished {
    fn get(&mut self) -> &mut dyn MultipartUpload {
        self.0
            .as_deref_mut()
            .expect("the upload is taken only when it is over")
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        let (Some(mut upload), Ok(runtime)) =
            (self.0.take(), tokio::runtime::Handle::try_current())
        else {
            return;
        };
        // Bounded by the client's time-outs and retries.
        runtime.spawn(async move {
            if let Err(error) = upload.abort().await {
                tracing::warn!(%error, "an unfinished upload stays in the bucket until its \
                    life-cycle rule removes it");
            }
        });
    }
}

/// The file being sent.
struct Source {
    file: Arc<File>,
    path: Arc<Path>,
    size_bytes: u64,
}

impl Source {
    async fn open(path: &Path) -> Result<Self, StorageError> {
        let path: Arc<Path> = path.into();
        blocking(move || {
            let file = File::open(&path).map_err(StorageError::io("open", &path))?;
            let facts = file
                .metadata()
                .map_err(StorageError::io("look at", &path))?;
            Ok(Self {
                file: Arc::new(file),
                size_bytes: facts.len(),
                path,
            })
        })
        .await
    }

    /// `len` bytes from `at_byte`.
    async fn part(&self, at_byte: u64, len: u64) -> Result<Bytes, StorageError> {
        let (file, path) = (Arc::clone(&self.file), Arc::clone(&self.path));
        blocking(move || read_exactly(&file, at_byte, len).map_err(StorageError::io("read", &path)))
            .await
    }
}
