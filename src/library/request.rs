//! What an upload brings with it, and what comes of it.

use std::sync::Arc;

use super::Video;

/// What is known of an upload before its first byte.
#[derive(Debug, Clone, Default)]
pub struct UploadRequest {
    /// The file's name on the uploader's machine.
    pub file_name: String,
    /// The title the uploader typed.
    pub title: Option<String>,
    /// The size of the request's body, if it was announced.
    pub content_length: Option<u64>,
    /// What the client calls this upload, so that sending it again returns the first answer.
    pub idempotency_key: Option<String>,
}

/// A finished upload.
#[derive(Debug, Clone)]
pub struct Uploaded {
    /// The video, durably stored and in the catalogue.
    pub video: Arc<Video>,
    /// Something the uploader should know, such as that the bucket could not be reached.
    pub notice: Option<String>,
}
