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

/// Which of a video's versions: 0 is the file as it came, others were made from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Version(u32);

impl Version {
    /// The file as it came.
    pub const ORIGINAL: Self = Self(0);

    /// The version numbered `number`.
    pub const fn new(number: u32) -> Self {
        Self(number)
    }

    /// The version's number.
    pub const fn get(self) -> u32 {
        self.0
    }
}

/// One version of a video with the length of its picture: what a playlist is made of.
///
/// A better version of a video is another programme, so it takes its turn at a boundary like any
/// other edit and never changes what is on the air.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Programme {
    video: VideoId,
    version: Version,
    duration: DurationMs,
    stream: Option<Version>,
}

impl Programme {
    /// `video` as it came, for `duration`, 1 ms to 30 days.
    ///
    /// # Errors
    /// [`TimelineError::Duration`] outside that range.
    pub fn new(video: VideoId, duration: DurationMs) -> Result<Self, TimelineError> {
        Self::of_version(video, Version::ORIGINAL, duration)
    }

    /// `version` of `video`, for `duration`, 1 ms to 30 days.
    ///
    /// # Errors
    /// [`TimelineError::Duration`] outside that range.
    pub fn of_version(
        video: VideoId,
        version: Version,
        duration: DurationMs,
    ) -> Result<Self, TimelineError> {
        if (1..=LONGEST_MS).contains(&duration.get()) {
            Ok(Self {
                video,
                version,
                duration,
                stream: None,
            })
        } else {
            Err(TimelineError::Duration(duration.get()))
        }
    }

    /// The same, in the one format whose programmes join in the endless stream.
    #[must_use]
    pub fn seamless(self) -> Self {
        let version = self.version;
        self.streamed_as(version)
    }

    /// The same, shown in the endless stream as `version`: one that lasts as long and is in the
    /// format whose programmes join.
    #[must_use]
    pub fn streamed_as(self, version: Version) -> Self {
        Self {
            stream: Some(version),
            ..self
        }
    }

    /// Which of the video's versions the endless stream shows; none if it shows none.
    pub fn stream(&self) -> Option<Version> {
        self.stream
    }

    /// Whether the endless stream shows it.
    pub fn is_seamless(&self) -> bool {
        self.stream.is_some()
    }

    /// Whether the endless stream shows this very version, and not a lesser one that was made for
    /// the stream.
    pub fn streams_as_it_is(&self) -> bool {
        self.stream == Some(self.version)
    }

    /// Which video.
    pub fn video(&self) -> &VideoId {
        &self.video
    }

    /// Which of the video's versions.
    pub fn version(&self) -> Version {
        self.version
    }

    /// The length of its video track.
    pub fn duration(&self) -> DurationMs {
        self.duration
    }
}
