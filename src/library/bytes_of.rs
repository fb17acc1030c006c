//! Which bytes something was made of.

use super::Video;
use super::record::Look;

/// The bytes of a video at one moment: what was made of them holds for no others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bytes(pub(super) Look);

impl Bytes {
    /// Those that `video` has.
    pub fn of(video: &Video) -> Self {
        Self(Look {
            size_bytes: video.size_bytes,
            modified_ms: video.modified_ms,
        })
    }
}
