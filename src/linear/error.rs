//! What cannot become part of the stream.

use crate::media::PackageError;

/// Why a segment could not be made.
#[derive(Debug, thiserror::Error)]
pub enum LinearError {
    /// The bytes of the picture or of the sound are not those of a prepared video.
    #[error("a segment cannot be joined to the stream: {0}")]
    Malformed(String),
    /// The sound at hand does not last as long as the picture.
    #[error("a segment cannot be joined to the stream: {0} frames of its sound are missing")]
    NoSound(usize),
}

impl From<PackageError> for LinearError {
    fn from(error: PackageError) -> Self {
        Self::Malformed(error.to_string())
    }
}
