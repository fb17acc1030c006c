//! Objects that others put into the bucket part by part, at addresses signed here.

use std::time::Duration;

use object_store::multipart::{MultipartStore, PartId};
use object_store::signer::{Method, SignedUrlOptions, Signer};
use object_store::{Attribute, Attributes, ObjectStoreExt, PutMultipartOptions};

use super::bucket::{Bucket, ObjectFact, object_path};
use super::refusal::Tried;
use crate::storage::StorageError;

impl Bucket {
    /// Prepares for parts of an object `key` and returns what the store calls them together.
    ///
    /// # Errors
    /// [`StorageError::Key`], or as [`Bucket::check`].
    pub async fn begin_parts(&self, key: &str, media_type: &str) -> Result<String, StorageError> {
        let path = object_path(key)?;
        let attributes = Attributes::from_iter([(Attribute::ContentType, media_type.to_owned())]);
        let options = PutMultipartOptions::from(attributes);
        let begun = self.writer.create_multipart_opts(&path, options).await;
        begun.map_err(|error| self.failure(Tried::Object(key), error))
    }

    /// An address to which anyone can put part `number` (from 1 on) for `expires_s` seconds.
    ///
    /// # Errors
    /// [`StorageError::Key`], or [`StorageError::Bucket`] if it cannot be signed.
    pub async fn presigned_part(
        &self,
        key: &str,
        parts: &str,
        number: u32,
        expires_s: u64,
    ) -> Result<String, StorageError> {
        let path = object_path(key)?;
        let options = SignedUrlOptions::new().with_query([
            ("partNumber", number.to_string()),
            ("uploadId", parts.to_owned()),
        ]);
        let expires_in = Duration::from_secs(expires_s);
        let signed = self
            .writer
            .signed_url_opts(Method::PUT, &path, expires_in, &options)
            .await;
        signed
            .map(String::from)
            .map_err(|error| self.failure(Tried::Object(key), error))
    }

    /// Makes the parts, which the store called `etags`, one object.
    ///
    /// # Errors
    /// As [`Bucket::check`], also if a part is missing.
    pub async fn join_parts(
        &self,
        key: &str,
        parts: &str,
        etags: Vec<String>,
    ) -> Result<(), StorageError> {
        let path = object_path(key)?;
        let etags = etags.into_iter().map(|content_id| PartId { content_id });
        let joined = self
            .writer
            .complete_multipart(&path, &parts.to_owned(), etags.collect())
            .await;
        joined
            .map(drop)
            .map_err(|error| self.failure(Tried::Object(key), error))
    }

    /// Throws away parts that will not be joined.
    ///
    /// # Errors
    /// As [`Bucket::check`].
    pub async fn drop_parts(&self, key: &str, parts: &str) -> Result<(), StorageError> {
        let path = object_path(key)?;
        match self.writer.abort_multipart(&path, &parts.to_owned()).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(self.failure(Tried::Object(key), error)),
        }
    }

    /// Copies the object `from` to `to` within the store.
    ///
    /// # Errors
    /// [`StorageError::NotFound`], or as [`Bucket::check`].
    pub async fn copy(&self, from: &str, to: &str) -> Result<ObjectFact, StorageError> {
        let copied = self
            .writer
            .copy(&object_path(from)?, &object_path(to)?)
            .await;
        copied.map_err(|error| self.failure(Tried::Object(from), error))?;
        self.head(to).await
    }
}
