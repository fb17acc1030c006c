//! A version of a video made for the air.

use serde::{Deserialize, Serialize};

use crate::media;
use crate::timeline::{DurationMs, Version};

/// How good a version is; better ones take the place of others at a later airing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Grade {
    /// Made fast, so that the video can be on the air at once.
    Quick,
    /// The lowest rung of the house format: joins with all others in the endless stream.
    Floor,
    /// The house format: every rung, loudness, stills.
    House,
}

/// A track of subtitles that viewers can choose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Captions {
    /// The file's name in the version's folder.
    pub file: String,
    /// BCP 47, such as `pt-BR`.
    pub language: String,
    /// What people call it.
    pub label: String,
}

impl Grade {
    /// The name used in JSON and in records.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Quick => "quick",
            Self::Floor => "floor",
            Self::House => "house",
        }
    }
}

/// What is known of a version of a video that was made here; its files lie in a folder of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rendition {
    /// Its number, from 1; a number is never used twice for one video.
    pub version: u32,
    /// How good it is.
    pub grade: Grade,
    /// Which generation of the house format it is of.
    pub recipe: u32,
    /// How long its picture lasts, in milliseconds; at least 1.
    pub duration_ms: u64,
    /// The size of what browsers play.
    pub size_bytes: u64,
    /// Whether its picture is no larger than the lowest rung.
    #[serde(default)]
    pub small: bool,
    /// Whether it has a poster and stills for previews.
    #[serde(default)]
    pub stills: bool,
    /// Which subtitle files it was made with: equal numbers, equal files; 0 for none.
    #[serde(default)]
    pub texts: u64,
    /// Its subtitles; at most a few dozen.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub captions: Vec<Captions>,
}

impl Rendition {
    /// The file browsers play.
    pub const PROGRAMME: &str = "programme.mp4";
    /// The still shown where the video is not playing.
    pub const POSTER: &str = "poster.jpg";
    /// Where the stills for previews are, as WebVTT.
    pub const PREVIEWS: &str = "sprite.vtt";

    /// Which version of the video it is.
    pub fn version(&self) -> Version {
        Version::new(self.version)
    }

    /// Whether it is in the one format whose programmes join in the endless stream.
    pub fn joins(&self) -> bool {
        self.grade >= Grade::Floor && self.recipe == media::RECIPE
    }

    /// How long a programme of it lasts.
    pub fn duration(&self) -> DurationMs {
        DurationMs::new(self.duration_ms)
    }
}

/// A track of subtitles as viewers are told of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CaptionsLink {
    /// BCP 47, such as `pt-BR`.
    pub language: String,
    /// What people call it.
    pub label: String,
    /// Its path on this server.
    pub url: String,
}
