//! Why a resumable upload does not go on, in words for the uploader.

use crate::library::refusal::UploadError;
use crate::storage::StorageError;

/// Why a resumable upload does not go on; each reads as a sentence for the uploader.
#[derive(Debug, thiserror::Error)]
pub enum ResumableError {
    /// 404: nothing is known of it.
    #[error("there is no such upload")]
    Unknown,
    /// 410: it was left alone for too long.
    #[error("this upload was left alone for too long, and what had come of it was removed")]
    Expired,
    /// 409: the bytes do not go on where those before them ended.
    #[error("the upload goes on at byte {received_bytes}, not where this request begins")]
    Offset {
        /// Where it goes on.
        received_bytes: u64,
    },
    /// 423: another connection is at it and does not let go.
    #[error("another connection is sending this very upload")]
    Busy,
    /// 409: it cannot be taken back any more.
    #[error("the upload has ended, and its video is in the library")]
    Stored,
    /// 409: it cannot go straight to the bucket.
    #[error("this file cannot go straight to the bucket; send it to this server")]
    NotDirect,
    /// 409: what is in the bucket is not what was announced.
    #[error("the parts in the bucket are not the whole file that was announced; send it again")]
    Parts,
    /// 413: there is more of it than was announced.
    #[error(
        "the request goes on behind the end of the file, which was announced with {size_bytes} bytes"
    )]
    TooMuch {
        /// What was announced.
        size_bytes: u64,
    },
    /// Whatever else keeps uploads from being taken.
    #[error(transparent)]
    Upload(#[from] UploadError),
}

impl ResumableError {
    /// The HTTP status this error answers with.
    pub fn status(&self) -> u16 {
        match self {
            Self::Unknown => 404,
            Self::Expired => 410,
            Self::Offset { .. } | Self::Stored | Self::NotDirect | Self::Parts => 409,
            Self::Busy => 423,
            Self::TooMuch { .. } => 413,
            Self::Upload(error) => error.status(),
        }
    }
}

impl From<StorageError> for ResumableError {
    fn from(error: StorageError) -> Self {
        Self::Upload(error.into())
    }
}
