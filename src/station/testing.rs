//! Catalogues in a line of text.

use std::sync::Arc;

use crate::library::{Catalogue, Source, Video, VideoState};
use crate::media::Facts;
use crate::timeline::VideoId;

/// A catalogue from words like `a:250`, a video and its duration in milliseconds (1,000 if not
/// given), in that order; `a?` is a video that waits for conversion.
pub(super) fn catalogue(words: &str) -> Arc<Catalogue> {
    let videos = words.split_whitespace().enumerate().map(|(place, word)| {
        let (id, ms) = word.split_once(':').unwrap_or((word, "1000"));
        let (id, state) = match id.strip_suffix('?') {
            Some(id) => (id, waiting()),
            None => (id, VideoState::Ready),
        };
        Arc::new(Video {
            id: VideoId::new(id).unwrap(),
            title: id.to_uppercase(),
            source: Source::Static,
            key: format!("{place:04}-{id}.mp4"),
            size_bytes: 1,
            modified_ms: 0,
            added_ms: 0,
            facts: Some(facts(ms.parse().unwrap())),
            state,
            rendition: None,
            floor: None,
            texts: 0,
            versions_made: 0,
        })
    });
    Arc::new(Catalogue::new(videos, 0))
}

fn waiting() -> VideoState {
    VideoState::Waiting {
        reason: "it has to be converted first".to_owned(),
    }
}

fn facts(duration_ms: u64) -> Facts {
    Facts {
        container: "mp4".to_owned(),
        duration_ms,
        start_ms: 0,
        width: 320,
        height: 180,
        rotation_degrees: 0,
        frames_per_s: Some(25.0),
        video_codec: "h264".to_owned(),
        video_profile: None,
        pixel_format: None,
        interlaced: false,
        indexed: true,
        audio: None,
    }
}
