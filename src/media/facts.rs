//! What probing found out about a video.

use serde::{Deserialize, Serialize};

use super::kinds;
use crate::timeline::DurationMs;

/// What is known of a file with a picture; names of codecs and formats are `ffprobe`'s.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Facts {
    /// The container: `mp4`, `webm`, `matroska`, `ogg`, `avi` or another of `ffprobe`'s names.
    pub container: String,
    /// When the last picture ends, in milliseconds on the file's own time line; at least 1.
    pub duration_ms: u64,
    /// When the first picture is shown, in milliseconds on the file's own time line.
    pub start_ms: i64,
    /// Whether the file says where in it each moment is, so that a player can join in the middle.
    pub indexed: bool,
    /// Width as seen, in pixels: after rotation and with square pixels.
    pub width: u32,
    /// Height as seen, in pixels.
    pub height: u32,
    /// Clockwise turn a player must apply, in degrees: 0, 90, 180 or 270.
    pub rotation_degrees: u16,
    /// Frames per second, on average, where known.
    pub frames_per_s: Option<f64>,
    /// The picture's codec, such as `h264`.
    pub video_codec: String,
    /// The codec's profile, such as `High`.
    pub video_profile: Option<String>,
    /// The layout of its pixels, such as `yuv420p`.
    pub pixel_format: Option<String>,
    /// Whether each picture is made of two half-pictures, as in old television.
    pub interlaced: bool,
    /// The sound, if there is any: of several tracks the one browsers play.
    pub audio: Option<Audio>,
}

/// The sound track of a video.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Audio {
    /// Its codec, such as `aac`.
    pub codec: String,
    /// The codec's profile, such as `LC`.
    pub profile: Option<String>,
    /// How many channels it has.
    pub channels: u32,
    /// Samples per second and channel.
    pub sample_rate_hz: u32,
}

impl Facts {
    /// How long a programme of this video lasts.
    pub fn duration(&self) -> DurationMs {
        DurationMs::new(self.duration_ms)
    }

    /// The ending a file of this container is called by: `given` if that will do.
    pub fn fitting_ending<'a>(&self, given: &'a str) -> &'a str {
        kinds::fitting_ending(&self.container, given)
    }

    /// The media type (RFC 6838) of the container.
    pub fn media_type(&self) -> &'static str {
        match self.container.as_str() {
            "mpegts" => "video/mp2t",
            container => kinds::media_type("", Some(container)),
        }
    }
}
