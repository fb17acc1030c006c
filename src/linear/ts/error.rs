//! What cannot become a transport stream.

/// Why a segment could not be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TsError {
    /// The bytes of the picture or of the sound are not those of a prepared video.
    #[error("a segment cannot be joined to the stream: {0}")]
    Malformed(String),
    /// The sound at hand does not last as long as the picture.
    #[error("a segment cannot be joined to the stream: {0} frames of its sound are missing")]
    NoSound(u64),
}
