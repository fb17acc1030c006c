//! Subtitle files beside videos: of which videos they may not be what they were.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::Source;
use super::record::{Look, Place};
use super::state::State;
use crate::timeline::VideoId;

/// Tells one listener of which videos the subtitle files may have changed. No video is told of
/// twice before the listener asks.
#[derive(Debug, Default)]
pub(super) struct TextNews {
    videos: Mutex<HashSet<VideoId>>,
    news: Notify,
}

impl TextNews {
    pub fn add(&self, videos: impl IntoIterator<Item = VideoId>) {
        let mut all = self.videos();
        all.extend(videos);
        if !all.is_empty() {
            self.news.notify_one();
        }
    }

    /// The videos at `places` came, or are others than before.
    pub fn add_at(&self, places: &[Place], state: &State) {
        self.add(
            places
                .iter()
                .filter_map(|place| state.id_at(place).cloned()),
        );
    }

    /// Waits until there are some.
    pub async fn next(&self) -> HashSet<VideoId> {
        loop {
            let videos = std::mem::take(&mut *self.videos());
            if !videos.is_empty() {
                return videos;
            }
            self.news.notified().await;
        }
    }

    fn videos(&self) -> MutexGuard<'_, HashSet<VideoId>> {
        self.videos.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The subtitle files in folders.
#[derive(Debug, Default)]
pub(super) struct Texts {
    /// How each looked when everything was looked through last.
    seen: HashMap<Place, Look>,
    /// Those that changed since they were asked for.
    changed: HashSet<Place>,
}

impl Texts {
    /// The file at `place` came, changed or went.
    pub fn change(&mut self, place: Place) {
        self.changed.insert(place);
    }

    /// Whether nothing has changed.
    pub fn is_empty(&self) -> bool {
        self.changed.is_empty()
    }

    /// Takes all the files there are in the folder of `source`.
    pub fn compare(&mut self, source: Source, found: Vec<(String, Look)>) {
        let mut gone: HashMap<Place, Look> =
            self.seen.extract_if(|p, _| p.source == source).collect();
        for (key, look) in found {
            let place = Place { source, key };
            if gone.remove(&place) != Some(look) {
                self.changed.insert(place.clone());
            }
            self.seen.insert(place, look);
        }
        self.changed.extend(gone.into_keys());
    }

    /// The videos whose names the changed files have; a second call answers what changed since.
    pub fn take(&mut self, state: &State) -> Vec<VideoId> {
        let changed = std::mem::take(&mut self.changed);
        if changed.is_empty() {
            return Vec::new();
        }
        let names: HashSet<(Source, &str)> = changed
            .iter()
            .flat_map(|Place { source, key }| {
                // `film` and `film.pt` of `film.pt.srt`: a video may have dots in its name.
                let name_at = key.rfind('/').map_or(0, |at| at + 1);
                let dots = key[name_at..].match_indices('.');
                dots.map(move |(at, _)| (*source, &key[..name_at + at]))
            })
            .collect();
        let is_named = |Place { source, key }: &Place| {
            let stem = key.rsplit_once('.').map_or(key.as_str(), |(stem, _)| stem);
            names.contains(&(*source, stem)) || names.contains(&(*source, key))
        };
        let videos = state.entries();
        videos
            .filter(|(_, entry)| is_named(&entry.record.place))
            .map(|(id, _)| id.clone())
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::library::record::{Verdict, VideoRecord};
    use crate::library::state::Entry;

    fn look(modified_ms: i64) -> Look {
        Look {
            size_bytes: 5,
            modified_ms,
        }
    }

    fn place(key: &str) -> Place {
        Place {
            source: Source::Uploads,
            key: key.to_owned(),
        }
    }

    /// Videos called `keys`; the id of each is its number.
    fn library(keys: &[&str]) -> State {
        let mut state = State::default();
        for (nth, key) in keys.iter().enumerate() {
            let id = VideoId::new(&format!("v{nth}")).unwrap();
            let fault = Verdict::Fault("no video".to_owned());
            let record = VideoRecord::new(place(key), look(0), String::new(), fault, 0);
            state.put(&id, Entry::new(&id, record, true));
        }
        state
    }

    fn taken(texts: &mut Texts, state: &State) -> Vec<String> {
        let mut videos: Vec<_> = texts.take(state).iter().map(VideoId::to_string).collect();
        videos.sort();
        videos
    }

    #[test]
    fn a_file_is_about_the_videos_it_is_named_after() {
        let state = library(&["x/film.mkv", "x/film.part2.mp4", "film.mkv", "x/other.mp4"]);
        let mut texts = Texts::default();
        for (text, videos) in [
            ("x/film.srt", &["v0"][..]),
            ("x/film.en.srt", &["v0"]),
            ("x/film.mkv.en.srt", &["v0"]),
            ("x/film.part2.en.srt", &["v0", "v1"]),
            ("film.en.srt", &["v2"]),
            ("y/film.srt", &[]),
            ("x/fil.srt", &[]),
        ] {
            texts.change(place(text));
            assert_eq!(taken(&mut texts, &state), videos, "{text}");
            assert!(texts.is_empty());
        }
    }

    #[test]
    fn looking_through_everything_finds_what_came_changed_and_went() {
        let state = library(&["a.mp4", "b.mp4", "c.mp4", "d.mp4"]);
        let mut texts = Texts::default();
        let found = |files: &[(&str, i64)]| {
            let files = files.iter();
            files
                .map(|(key, ms)| ((*key).to_owned(), look(*ms)))
                .collect()
        };
        texts.compare(
            Source::Uploads,
            found(&[("a.srt", 1), ("b.srt", 1), ("c.srt", 1)]),
        );
        assert_eq!(taken(&mut texts, &state), ["v0", "v1", "v2"]);
        texts.compare(
            Source::Uploads,
            found(&[("a.srt", 1), ("b.srt", 2), ("d.srt", 1)]),
        );
        texts.compare(Source::Static, found(&[("a.srt", 9)]));
        assert_eq!(taken(&mut texts, &state), ["v1", "v2", "v3"]);
        texts.compare(
            Source::Uploads,
            found(&[("a.srt", 1), ("b.srt", 2), ("d.srt", 1)]),
        );
        assert!(texts.is_empty());
    }
}
