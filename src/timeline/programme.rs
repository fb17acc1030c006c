//! What can be scheduled.

use std::fmt;
use std::sync::Arc;

use super::{DurationMs, TimelineError};

/// The longest programme that can be scheduled: thirty days.
const LONGEST_MS: u64 = 30 * 24 * 3_600_000;

/// A video's name for machines: random, stable, never all digits.
///
/// Invariant: 1–64 ASCII letters, digits, `-` or `_`, with at least one that is no digit, so it
/// is never taken for a position in a list and is safe in URLs, file names and keys.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VideoId(Arc<str>);

impl VideoId {
    /// Takes `text` as an id.
    ///
    /// # Errors
    /// [`TimelineError::VideoId`] if it breaks the invariant.
    pub fn new(text: &str) -> Result<Self, TimelineError> {
        let letters = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        let fits = (1..=64).contains(&text.len())
            && text.bytes().all(letters)
            && !text.bytes().all(|b| b.is_ascii_digit());
        if fits {
            Ok(Self(text.into()))
        } else {
            Err(TimelineError::VideoId(text.chars().take(80).collect()))
        }
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for VideoId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One video with the length of its picture: what a playlist is made of.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Programme {
    video: VideoId,
    duration: DurationMs,
}

impl Programme {
    /// `video` for `duration`, 1 ms to 30 days.
    ///
    /// # Errors
    /// [`TimelineError::Duration`] outside that range.
    pub fn new(video: VideoId, duration: DurationMs) -> Result<Self, TimelineError> {
        if (1..=LONGEST_MS).contains(&duration.get()) {
            Ok(Self { video, duration })
        } else {
            Err(TimelineError::Duration(duration.get()))
        }
    }

    /// Which video.
    pub fn video(&self) -> &VideoId {
        &self.video
    }

    /// The length of its video track.
    pub fn duration(&self) -> DurationMs {
        self.duration
    }
}
