//! How far a conversion is.

use serde::{Deserialize, Serialize};

/// What is being done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// The first playable version is being made.
    Quick,
    /// Its loudness is being measured.
    Measure,
    /// All rungs are being encoded.
    Encode,
    /// What came out is being checked.
    Verify,
    /// Poster and preview pictures are being made.
    Stills,
    /// Text tracks are being made.
    Subtitles,
}

/// How far a stage is.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// What is being done.
    pub stage: Stage,
    /// How much of it is done, of a thousand.
    pub done_permille: u16,
    /// Seconds of video per second of work, once known.
    pub speed: Option<f32>,
    /// Seconds until this stage is done, once they can be guessed.
    pub left_s: Option<u32>,
}
