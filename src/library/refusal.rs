//! Why an upload is not taken, in words for the uploader.

use super::names;
use crate::media::bytes_in_words;
use crate::storage::StorageError;

/// Why an upload was not taken; each reads as a sentence for the uploader.
#[derive(Debug, thiserror::Error)]
pub enum UploadError {
    /// 413: the file is larger than the limit.
    #[error("the file is larger than the limit of {} ({limit_bytes} bytes)", bytes_in_words(*.limit_bytes))]
    TooLarge {
        /// The limit in bytes.
        limit_bytes: u64,
    },
    /// 507: the disk is nearly full.
    #[error("there is not enough space left on the server for this file")]
    DiskFull,
    /// 429: too many uploads are under way.
    #[error(
        "{limit} uploads are under way already, and more are not taken at once; try again in a \
         moment"
    )]
    TooMany {
        /// How many may be under way at once.
        limit: usize,
    },
    /// 409: an upload with the same idempotency key is under way.
    #[error("this very upload is under way already; wait for its end")]
    UnderWay,
    /// 415: not a kind of file the station takes.
    #[error("{0}")]
    WrongType(String),
    /// 400: there is nothing in the file.
    #[error("the file is empty")]
    Empty,
    /// 422: the file is broken or no video.
    #[error("{0}")]
    Broken(String),
    /// 500: the server could not store the file.
    #[error("the server could not store the file; nothing was kept, please try again")]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl UploadError {
    pub(super) fn internal(error: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::Internal(Box::new(error))
    }

    pub(super) fn over() -> Self {
        Self::Internal("the upload was refused before".into())
    }

    pub(super) fn wrong_type(file_name: &str) -> Self {
        let name = names::title(file_name).unwrap_or_else(|| "a file without a name".to_owned());
        let endings = names::ENDINGS.join(", ");
        Self::WrongType(format!(
            "“{name}” is not named like a video this station takes ({endings})"
        ))
    }

    /// The HTTP status this error answers with.
    pub fn status(&self) -> u16 {
        match self {
            Self::TooLarge { .. } => 413,
            Self::DiskFull => 507,
            Self::TooMany { .. } => 429,
            Self::UnderWay => 409,
            Self::WrongType(_) => 415,
            Self::Empty => 400,
            Self::Broken(_) => 422,
            Self::Internal(_) => 500,
        }
    }
}

impl From<StorageError> for UploadError {
    fn from(error: StorageError) -> Self {
        if error.is_disk_full() {
            Self::DiskFull
        } else {
            Self::internal(error)
        }
    }
}
