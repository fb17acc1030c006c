//! The JSON shapes of the HTTP interface (events have theirs in `audience`).

use rocket::serde::Serialize;

use crate::audience::{Counts, Vote};
use crate::library::{CaptionsLink, Source, Uploaded, Video};
use crate::timeline::{DurationMs, UnixMs};

/// A video in the schedule.
#[derive(Serialize)]
#[serde(crate = "rocket::serde")]
pub(super) struct ScheduledVideo<'v> {
    pub index: usize,
    pub id: &'v str,
    pub title: &'v str,
    pub url: String,
    pub duration_ms: u64,
    pub likes: u64,
    pub dislikes: u64,
    pub source: Source,
    pub poster: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub captions: Vec<CaptionsLink>,
}

impl<'v> ScheduledVideo<'v> {
    pub fn new(index: usize, video: &'v Video, counts: Counts) -> Self {
        Self {
            index,
            id: video.id.as_str(),
            title: &video.title,
            url: video.url(),
            duration_ms: video.duration().map_or(0, DurationMs::get),
            likes: counts.likes,
            dislikes: counts.dislikes,
            source: video.source,
            poster: video.poster_url(),
            captions: video.captions(video.version()),
        }
    }
}

/// `GET /videos`.
#[derive(Serialize)]
#[serde(crate = "rocket::serde")]
pub(super) struct Videos<'v> {
    pub videos: Vec<ScheduledVideo<'v>>,
    pub current_index: Option<usize>,
}

/// A video of the library, whatever its state.
#[derive(Serialize)]
#[serde(crate = "rocket::serde")]
pub(super) struct LibraryVideo {
    pub id: String,
    pub title: String,
    pub url: String,
    pub source: Source,
    pub state: &'static str,
    pub reason: Option<String>,
    pub duration_ms: Option<u64>,
    pub size_bytes: u64,
    pub width: Option<u32>,
    pub height: Option<u32>,
    pub video_codec: Option<String>,
    pub audio_codec: Option<String>,
    pub added_ms: i64,
    pub on_air_at_ms: Option<i64>,
    /// `original`, `quick`, `floor` or `house`: what is scheduled from now on.
    pub version: &'static str,
    /// `floor` or `house`: what the endless stream shows from now on.
    pub stream: Option<&'static str>,
    pub poster: Option<String>,
    pub previews: Option<String>,
    pub captions: Vec<CaptionsLink>,
}

impl LibraryVideo {
    pub fn new(video: &Video, on_air_at: Option<UnixMs>) -> Self {
        let facts = video.facts.as_ref();
        Self {
            id: video.id.to_string(),
            title: video.title.clone(),
            url: video.url(),
            source: video.source,
            state: video.state.as_str(),
            reason: video.state.reason().map(str::to_owned),
            duration_ms: video.duration().map(DurationMs::get),
            size_bytes: video.size_bytes,
            width: facts.map(|f| f.width),
            height: facts.map(|f| f.height),
            video_codec: facts.map(|f| f.video_codec.clone()),
            audio_codec: facts
                .and_then(|f| f.audio.as_ref())
                .map(|a| a.codec.clone()),
            added_ms: video.added_ms,
            on_air_at_ms: on_air_at.map(UnixMs::get),
            version: match &video.rendition {
                None => "original",
                Some(made) => made.grade.as_str(),
            },
            stream: video.stream().map(|shown| shown.grade.as_str()),
            poster: video.poster_url(),
            previews: video.previews_url(),
            captions: video.captions(video.version()),
        }
    }
}

/// `POST /uploads`: the video as the library has it, and what to tell whoever sent it.
#[derive(Serialize)]
#[serde(crate = "rocket::serde")]
pub(super) struct UploadAnswer {
    pub success: bool,
    pub message: String,
    #[serde(flatten)]
    pub video: LibraryVideo,
    pub notice: Option<String>,
}

impl UploadAnswer {
    pub fn new(uploaded: &Uploaded, on_air_at: Option<UnixMs>) -> Self {
        let message = match uploaded.video.state.reason() {
            None => "The video is in the library and will be on the air.".to_owned(),
            Some(reason) => {
                format!("The video is kept and will be on the air once it is converted: {reason}.")
            }
        };
        Self {
            success: true,
            message,
            video: LibraryVideo::new(&uploaded.video, on_air_at),
            notice: uploaded.notice.clone(),
        }
    }
}

/// `GET /library`.
#[derive(Serialize)]
#[serde(crate = "rocket::serde")]
pub(super) struct LibraryListing {
    pub videos: Vec<LibraryVideo>,
    pub revision: u64,
    pub server_time_ms: i64,
}

/// `POST /like/{index}` and `POST /dislike/{index}`.
#[derive(Serialize)]
#[serde(crate = "rocket::serde")]
pub(super) struct Voted {
    pub success: bool,
    pub likes: u64,
    pub dislikes: u64,
    pub vote: Option<&'static str>,
}

impl Voted {
    pub fn new(counts: Counts, vote: Option<Vote>) -> Self {
        Self {
            success: true,
            likes: counts.likes,
            dislikes: counts.dislikes,
            vote: vote.map(vote_name),
        }
    }
}

/// A vote's name in JSON.
pub(super) fn vote_name(vote: Vote) -> &'static str {
    match vote {
        Vote::Like => "like",
        Vote::Dislike => "dislike",
    }
}

/// `GET /clock`: when the request arrived and when the answer left, in channel time with
/// microseconds as fractions, so that a browser can tell its own clock's offset.
#[derive(Serialize)]
#[serde(crate = "rocket::serde")]
pub(super) struct ClockReading {
    pub received_ms: f64,
    pub sent_ms: f64,
}
