//! What the library knows, in memory: its records and where to find each.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use super::record::{Look, Place, Verdict, VideoRecord};
use super::{Source, Video};
use crate::timeline::VideoId;

/// A video the library knows.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub record: VideoRecord,
    /// Whether its bytes are where the record says.
    pub present: bool,
    pub video: Arc<Video>,
}

impl Entry {
    pub fn new(id: &VideoId, record: VideoRecord, present: bool) -> Self {
        let video = Arc::new(record.video(id.clone()));
        Self {
            record,
            present,
            video,
        }
    }

    /// What tells its file from others, whatever it is called.
    fn likeness(&self) -> Likeness {
        (self.record.look.size_bytes, self.record.head.clone())
    }
}

type Likeness = (u64, String);

/// How a file that was seen stands to what is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// It is in the library as it is.
    Known,
    /// It was in the library as it is, and is back.
    Back,
    /// It is new, or not what it was.
    Unknown,
    /// An upload is putting it there.
    Claimed,
}

/// Everything known, with its indices.
#[derive(Debug, Default)]
pub(super) struct State {
    entries: HashMap<VideoId, Entry>,
    by_place: HashMap<Place, VideoId>,
    /// Those whose file is gone or seems to be: it may turn up under another name.
    strays: HashMap<Likeness, BTreeSet<VideoId>>,
    claimed: HashSet<Place>,
    present: usize,
}

impl State {
    pub fn get(&self, id: &VideoId) -> Option<&Entry> {
        self.entries.get(id)
    }

    pub fn id_at(&self, place: &Place) -> Option<&VideoId> {
        self.by_place.get(place)
    }

    pub fn at(&self, place: &Place) -> Option<&Entry> {
        self.entries.get(self.by_place.get(place)?)
    }

    pub fn entries(&self) -> impl Iterator<Item = (&VideoId, &Entry)> {
        self.entries.iter()
    }

    /// How many videos have their bytes.
    pub fn present(&self) -> usize {
        self.present
    }

    /// Where the bytes of the videos of `source` should be; what is being uploaded is not among
    /// them, but what an upload of an earlier process promised and never kept.
    pub fn places(&self, source: Source) -> Vec<Place> {
        let records = self.entries.values().map(|entry| &entry.record);
        let expected = |record: &&VideoRecord| {
            let place = &record.place;
            place.source == source
                && record.absent_since_ms.is_none()
                && !self.claimed.contains(place)
        };
        records
            .filter(expected)
            .map(|record| record.place.clone())
            .collect()
    }

    pub fn standing(&self, place: &Place, look: &Look) -> Standing {
        if self.claimed.contains(place) {
            return Standing::Claimed;
        }
        match self.at(place) {
            Some(entry) if entry.record.holds_for(look) => match entry.present {
                true => Standing::Known,
                false => Standing::Back,
            },
            _ => Standing::Unknown,
        }
    }

    /// Puts `entry` in the place of what was known as `id`, which is returned.
    pub fn put(&mut self, id: &VideoId, entry: Entry) -> Option<Entry> {
        let before = self.remove(id);
        self.by_place.insert(entry.record.place.clone(), id.clone());
        if entry.present {
            self.present += 1;
        } else {
            self.add_stray(entry.likeness(), id.clone());
        }
        self.entries.insert(id.clone(), entry);
        before
    }

    /// Forgets what was known as `id`, and returns it.
    pub fn remove(&mut self, id: &VideoId) -> Option<Entry> {
        let entry = self.entries.remove(id)?;
        if self.by_place.get(&entry.record.place) == Some(id) {
            self.by_place.remove(&entry.record.place);
        }
        self.drop_stray(&entry.likeness(), id);
        self.present -= usize::from(entry.present);
        Some(entry)
    }

    /// Notes that the file at `place` seems to be gone.
    pub fn suspect(&mut self, place: &Place) {
        let Some(id) = self.by_place.get(place).cloned() else {
            return;
        };
        if let Some(likeness) = self.entries.get(&id).map(Entry::likeness) {
            self.add_stray(likeness, id);
        }
    }

    /// Notes that the file at `place` is there after all.
    pub fn acquit(&mut self, place: &Place) {
        let Some(id) = self.by_place.get(place).cloned() else {
            return;
        };
        if let Some(entry) = self.entries.get(&id).filter(|entry| entry.present) {
            self.drop_stray(&entry.likeness(), &id);
        }
    }

    /// The video whose file is gone, or seems to be, and was like the one at `place`; of several,
    /// the one most like it.
    pub fn stray(&self, place: &Place, look: &Look, head: &str) -> Option<&VideoId> {
        let strays = self.strays.get(&(look.size_bytes, head.to_owned()))?;
        strays.iter().min_by_key(|id| {
            let record = self.entries.get(*id).map(|entry| &entry.record);
            let differs = record.is_none_or(|r| r.look != *look);
            (
                record.is_none_or(|r| !r.place.is_called_like(place)),
                differs,
            )
        })
    }

    /// What was found out about a file that was moved: unchanged, it need not be probed again.
    pub fn verdict_of_stray(&self, place: &Place, look: &Look, head: &str) -> Option<Verdict> {
        let entry = self.get(self.stray(place, look, head)?)?;
        let holds = entry.record.holds_for(look);
        holds.then(|| entry.record.verdict.clone())
    }

    fn add_stray(&mut self, likeness: Likeness, id: VideoId) {
        self.strays.entry(likeness).or_default().insert(id);
    }

    fn drop_stray(&mut self, likeness: &Likeness, id: &VideoId) {
        if let Some(strays) = self.strays.get_mut(likeness) {
            strays.remove(id);
            if strays.is_empty() {
                self.strays.remove(likeness);
            }
        }
    }

    /// Keeps `place` for one upload; false if it is taken.
    pub fn claim(&mut self, place: &Place) -> bool {
        !self.by_place.contains_key(place) && self.claimed.insert(place.clone())
    }

    pub fn unclaim(&mut self, place: &Place) {
        self.claimed.remove(place);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::library::record::new_id;

    fn place(key: &str) -> Place {
        Place {
            source: Source::Uploads,
            key: key.to_owned(),
        }
    }

    fn entry(id: &VideoId, key: &str, size_bytes: u64, present: bool) -> Entry {
        let look = Look {
            size_bytes,
            modified_ms: 1,
        };
        let fault = Verdict::Fault("no video".to_owned());
        Entry::new(
            id,
            VideoRecord::new(place(key), look, "head".into(), fault, 0),
            present,
        )
    }

    #[test]
    fn a_file_stands_as_it_looks() {
        let mut state = State::default();
        let id = new_id();
        state.put(&id, entry(&id, "a.mp4", 5, true));
        let look = Look {
            size_bytes: 5,
            modified_ms: 1,
        };
        assert_eq!(state.standing(&place("a.mp4"), &look), Standing::Known);
        assert_eq!(state.standing(&place("b.mp4"), &look), Standing::Unknown);
        let grown = Look {
            size_bytes: 6,
            ..look
        };
        assert_eq!(state.standing(&place("a.mp4"), &grown), Standing::Unknown);
        state.put(&id, entry(&id, "a.mp4", 5, false));
        assert_eq!(state.standing(&place("a.mp4"), &look), Standing::Back);
        assert!(state.claim(&place("b.mp4")));
        assert_eq!(state.standing(&place("b.mp4"), &look), Standing::Claimed);
        assert!(!state.claim(&place("b.mp4")), "claimed already");
        assert!(!state.claim(&place("a.mp4")), "its record still stands");
    }

    #[test]
    fn a_stray_is_known_again_until_it_is_found() {
        let mut state = State::default();
        let id = new_id();
        state.put(&id, entry(&id, "a.mp4", 5, true));
        let look = Look {
            size_bytes: 5,
            modified_ms: 1,
        };
        assert_eq!(state.stray(&place("b.mp4"), &look, "head"), None);
        state.suspect(&place("a.mp4"));
        assert_eq!(state.stray(&place("b.mp4"), &look, "head"), Some(&id));
        assert!(
            state
                .verdict_of_stray(&place("b.mp4"), &look, "head")
                .is_some()
        );
        let touched = Look {
            modified_ms: 2,
            ..look
        };
        assert_eq!(
            state.verdict_of_stray(&place("b.mp4"), &touched, "head"),
            None,
            "to be probed again"
        );
        state.acquit(&place("a.mp4"));
        assert_eq!(state.stray(&place("b.mp4"), &look, "head"), None);
        state.put(&id, entry(&id, "a.mp4", 5, false));
        assert_eq!(state.stray(&place("b.mp4"), &look, "head"), Some(&id));
        state.put(&id, entry(&id, "b.mp4", 5, true));
        assert_eq!(state.stray(&place("b.mp4"), &look, "head"), None);
        assert!(state.at(&place("a.mp4")).is_none());
        assert_eq!(state.present(), 1);
        assert_eq!(state.places(Source::Uploads), [place("b.mp4")]);
    }

    #[test]
    fn of_equal_strays_the_one_of_the_same_name_is_known_again() {
        let mut state = State::default();
        let (a, b) = (new_id(), new_id());
        state.put(&a, entry(&a, "x/a.mp4", 5, false));
        state.put(&b, entry(&b, "x/b.mp4", 5, false));
        let look = Look {
            size_bytes: 5,
            modified_ms: 1,
        };
        assert_eq!(state.stray(&place("y/a.mp4"), &look, "head"), Some(&a));
        assert_eq!(state.stray(&place("y/b.mp4"), &look, "head"), Some(&b));
        state.put(&a, entry(&a, "y/a.mp4", 5, true));
        assert_eq!(state.stray(&place("y/c.mp4"), &look, "head"), Some(&b));
    }
}
