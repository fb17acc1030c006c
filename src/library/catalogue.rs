//! What the library holds at one moment.

use std::collections::HashMap;
use std::sync::Arc;

use super::{Source, Video};
use crate::timeline::VideoId;

/// An immutable snapshot of the library, in the channel's order: videos that come with the station
/// by name, then all others by arrival.
#[derive(Debug, Default)]
pub struct Catalogue {
    videos: Vec<Arc<Video>>,
    scheduled: Vec<Arc<Video>>,
    positions: HashMap<VideoId, usize>,
    by_id: HashMap<VideoId, usize>,
    by_place: HashMap<(Source, String), usize>,
    revision: u64,
}

impl Catalogue {
    /// Puts `videos` into the channel's order; `revision` tells snapshots of one library apart.
    pub fn new(videos: impl IntoIterator<Item = Arc<Video>>, revision: u64) -> Self {
        let mut videos: Vec<_> = videos.into_iter().collect();
        videos.sort_by(|a, b| place_in_order(a).cmp(&place_in_order(b)));
        let ready = videos.iter().filter(|v| v.is_ready());
        let scheduled: Vec<_> = ready.cloned().collect();
        let positions = scheduled.iter().map(|v| v.id.clone()).zip(0..).collect();
        let by_id = videos.iter().map(|v| v.id.clone()).zip(0..).collect();
        let place = |v: &Arc<Video>| (v.source, v.key.clone());
        let by_place = videos.iter().map(place).zip(0..).collect();
        Self {
            videos,
            scheduled,
            positions,
            by_id,
            by_place,
            revision,
        }
    }

    /// Every video, whatever its state, in the channel's order.
    pub fn videos(&self) -> &[Arc<Video>] {
        &self.videos
    }

    /// The videos that can be on the air, in the channel's order.
    pub fn scheduled(&self) -> &[Arc<Video>] {
        &self.scheduled
    }

    /// Where `id` stands among the scheduled videos, from 0.
    pub fn position(&self, id: &VideoId) -> Option<usize> {
        self.positions.get(id).copied()
    }

    /// The video called `id`.
    pub fn get(&self, id: &VideoId) -> Option<&Arc<Video>> {
        self.by_id.get(id).map(|&at| &self.videos[at])
    }

    /// The video whose bytes are at `key` below the root of `source`.
    pub fn find(&self, source: Source, key: &str) -> Option<&Arc<Video>> {
        let place = (source, key.to_owned());
        self.by_place.get(&place).map(|&at| &self.videos[at])
    }

    /// Grows with every change of the library.
    pub fn revision(&self) -> u64 {
        self.revision
    }
}

/// What the channel's order compares.
fn place_in_order(video: &Video) -> (bool, i64, &str, Source) {
    match video.source {
        Source::Static => (false, 0, &video.key, video.source),
        _ => (true, video.added_ms, &video.key, video.source),
    }
}
