//! What the caller of a conversion decides.

use std::path::PathBuf;

use super::SubtitleOrigin;

/// How a video is to be prepared.
#[derive(Debug, Clone, Default)]
pub struct PrepareOptions {
    /// How many threads each part of the work may use; 0 for as many as there are processors.
    pub threads: usize,
    /// How far the work stands back behind everything else on the machine, from 0 to 19.
    pub niceness: i32,
    /// Text tracks that came beside the video or were uploaded for it.
    pub subtitles: Vec<SubtitleFile>,
    /// How much of the house format is made.
    pub extent: Extent,
}

/// How much of the house format is made of a video.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Extent {
    /// Every rung it is large enough for, and stills.
    #[default]
    Whole,
    /// The lowest rung and the sound, as a video has them that is too small for more: it joins with all
    /// others, and is there many times sooner.
    Floor,
}

/// A text track in a file of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubtitleFile {
    /// Where it lies.
    pub path: PathBuf,
    /// BCP 47, such as `en` or `pt-BR`; `und` if nobody knows.
    pub language: String,
    /// What viewers choose it by; none for the language's own name.
    pub label: Option<String>,
    /// Whether it was found beside the video or uploaded.
    pub origin: SubtitleOrigin,
}
