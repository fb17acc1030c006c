//! What viewers are told, as JSON shapes (the fields of `docs/API.md`).

use serde::Serialize;

use crate::audience::Likes;
use crate::library::{CaptionsLink, Catalogue, Source};
use crate::station::Snapshot;
use crate::timeline::{Airing, UnixMs, on_air};

/// A programme on the air or announced.
#[derive(Debug, Clone, Serialize)]
pub struct Item {
    /// Its position in `/videos`; absent once the video has left the library.
    pub index: Option<usize>,
    /// The video's id.
    pub id: String,
    /// What people call it.
    pub title: String,
    /// Where its bytes are.
    pub url: String,
    /// How they are played.
    pub kind: &'static str,
    /// Where the video is kept.
    pub source: Option<Source>,
    /// Whether the endless stream has it too, as good as it is here.
    pub linear: bool,
    /// When it starts, in channel time; before now for what is on.
    pub started_at_ms: i64,
    /// When the next one starts: its own end, unless it is cut short.
    pub ends_at_ms: i64,
    /// The length of its picture.
    pub duration_ms: u64,
    /// How far in it is now; only what is on has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offset_ms: Option<u64>,
    /// Viewers who like it.
    pub likes: u64,
    /// Viewers who do not.
    pub dislikes: u64,
    /// A still of it.
    pub poster: Option<String>,
    /// Its subtitles.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub captions: Vec<CaptionsLink>,
}

/// What is on and what comes next: the data of an `on-air` event.
#[derive(Debug, Clone, Serialize)]
pub struct OnAirPayload {
    /// Which channel.
    pub channel: &'static str,
    /// The run of the server that speaks.
    pub epoch: String,
    /// Counts the changes within the epoch.
    pub seq: u64,
    /// Channel time when this was written.
    pub server_time_ms: i64,
    /// What is on; nothing when off air.
    pub current: Option<Item>,
    /// What comes next, where that is known.
    pub next: Option<Item>,
    /// How many videos are in the schedule.
    pub total: usize,
    /// Counts the changes of the library that the schedule has taken in; what a guide says stays true
    /// as long as it is the same.
    pub revision: u64,
    /// How many are watching.
    pub viewers: usize,
}

/// One video's votes: the data of a `votes` event.
#[derive(Debug, Clone, Serialize)]
pub struct VotesPayload {
    /// The video's id.
    pub id: String,
    /// Viewers who like it.
    pub likes: u64,
    /// Viewers who do not.
    pub dislikes: u64,
}

/// How many are watching: the data of a `viewers` event.
#[derive(Debug, Clone, Serialize)]
pub struct ViewersPayload {
    /// The number of connected viewers.
    pub viewers: usize,
}

/// The items on the air and next at `now`, by the one function that knows.
pub(super) fn items(
    snapshot: &Snapshot,
    likes: &Likes,
    now: UnixMs,
) -> (Option<Item>, Option<Item>) {
    let Some(moment) = on_air(&snapshot.plan, now) else {
        return (None, None);
    };
    let catalogue = &snapshot.catalogue;
    let current = Item {
        offset_ms: Some(moment.offset.get()),
        ..item(catalogue, likes, &moment.current)
    };
    let next = moment.next.map(|airing| item(catalogue, likes, &airing));
    (Some(current), next)
}

fn item(catalogue: &Catalogue, likes: &Likes, airing: &Airing) -> Item {
    let id = airing.programme.video();
    let video = catalogue.get(id);
    let counts = likes.counts(id);
    Item {
        index: catalogue.position(id),
        id: id.to_string(),
        title: video.map_or_else(|| id.to_string(), |v| v.title.clone()),
        url: video
            .map(|v| v.url_of(airing.programme.version()))
            .unwrap_or_default(),
        kind: "progressive",
        source: video.map(|v| v.source),
        linear: airing.programme.streams_as_it_is(),
        started_at_ms: airing.from.get(),
        ends_at_ms: airing.to.get(),
        duration_ms: airing.programme.duration().get(),
        offset_ms: None,
        likes: counts.likes,
        dislikes: counts.dislikes,
        poster: video.and_then(|v| v.poster_url()),
        captions: video
            .map(|v| v.captions(airing.programme.version()))
            .unwrap_or_default(),
    }
}
