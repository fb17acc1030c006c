//! The keeper of what the library knows: on disk first, then told to all.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use super::record::{Look, Place, Preparation, Verdict, VideoRecord, new_id};
use super::state::{Entry, Standing, State};
use super::{Catalogue, Source, Video};
use crate::clock::SharedClock;
use crate::storage::{Records, StorageError, Tree};
use crate::timeline::{DurationMs, VideoId};

/// More videos than this are not taken in.
const MOST_VIDEOS: usize = 200_000;
/// A video whose bytes are gone keeps its name, title and votes for so long: thirty days.
const REMEMBERED: DurationMs = DurationMs::new(30 * 24 * 3_600_000);

/// What was learned about a place.
#[derive(Debug, Clone)]
pub(super) enum Change {
    /// A file is there, and this is what it is.
    Judged {
        place: Place,
        look: Look,
        head: String,
        verdict: Verdict,
        /// When it was first seen, in channel time.
        seen_ms: i64,
    },
    /// A known file is there again.
    Back(Place),
    /// A known file is no longer there.
    Gone(Place),
    /// A video was prepared for the air, or found unfit for it.
    Prepared(VideoId, Preparation),
    /// There are other subtitle files for a video.
    Texts(VideoId, u64),
}

/// A record to be written in the same step as a change, such as the answer to an upload.
#[derive(Debug, Clone)]
pub(super) struct SideRecord {
    pub tree: Tree,
    pub key: Vec<u8>,
    /// None removes it.
    pub value: Option<Vec<u8>>,
}

/// Keeps the library's records and publishes its catalogue.
pub(super) struct Shelf {
    records: Records,
    clock: SharedClock,
    /// Held from the first look at what is known to the last word about its change, so that
    /// changes neither mix nor overtake each other.
    changing: tokio::sync::Mutex<()>,
    state: Mutex<State>,
    published: watch::Sender<Arc<Catalogue>>,
}

impl Shelf {
    /// Reads what is known; videos in folders count as absent until they are seen. Blocks.
    pub fn open(
        records: Records,
        clock: SharedClock,
        with_bucket: bool,
    ) -> Result<Self, StorageError> {
        let mut state = State::default();
        for known in known_videos(&records) {
            let (id, record) = known?;
            let in_bucket = record.place.source == Source::Bucket;
            let present = in_bucket && with_bucket && record.absent_since_ms.is_none();
            state.put(&id, Entry::new(&id, record, present));
        }
        Ok(Self {
            records,
            clock,
            changing: tokio::sync::Mutex::default(),
            state: Mutex::new(state),
            published: watch::Sender::default(),
        })
    }

    /// The newest catalogue and all later ones.
    pub fn subscribe(&self) -> watch::Receiver<Arc<Catalogue>> {
        self.published.subscribe()
    }

    /// Looks at what is known, briefly.
    pub fn state(&self) -> MutexGuard<'_, State> {
        // Nothing in this room panics half-way through a change of it.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How a file that was seen stands to what is known.
    pub fn standing(&self, place: &Place, look: &Look) -> Standing {
        self.state().standing(place, look)
    }

    /// Makes `changes` durable in one step, then publishes them in one step.
    ///
    /// # Errors
    /// Why the disk took nothing; nothing has changed then.
    pub async fn apply(&self, changes: Vec<Change>) -> Result<(), StorageError> {
        let _turn = self.changing.lock().await;
        let now_ms = self.clock.now().get();
        let mut left_out = 0;
        let mut undo = Vec::new();
        let mut changed = Vec::new();
        {
            let mut state = self.state();
            for change in changes {
                match plan(&state, change, now_ms) {
                    Err(Full) => left_out += 1,
                    Ok(Some((id, entry))) => {
                        let before = state.put(&id, entry);
                        undo.push((id.clone(), before));
                        changed.push(id);
                    }
                    Ok(None) => {}
                }
            }
        }
        if left_out > 0 {
            tracing::warn!(
                "the library is full with {MOST_VIDEOS} videos; {left_out} were left out"
            );
        }
        let written = self.write(&changed, Vec::new()).await;
        if written.is_err() {
            self.undo(undo);
        } else if !changed.is_empty() {
            self.publish();
        }
        written
    }

    /// Makes a video known, and `side` with it, before its bytes are in place; nobody is told.
    ///
    /// # Errors
    /// Why the disk took nothing; nothing has changed then.
    pub async fn promise(
        &self,
        id: &VideoId,
        record: VideoRecord,
        side: Vec<SideRecord>,
    ) -> Result<(), StorageError> {
        let _turn = self.changing.lock().await;
        self.state().put(id, Entry::new(id, record, false));
        let written = self.write(std::slice::from_ref(id), side).await;
        if written.is_err() {
            self.state().remove(id);
        }
        written
    }

    /// Tells all of the promised video `id`, whose bytes are in place and look like `look`.
    ///
    /// # Errors
    /// Why the disk took nothing; the video stays a promise then.
    pub async fn fulfil(&self, id: &VideoId, look: Look) -> Result<Arc<Video>, StorageError> {
        let _turn = self.changing.lock().await;
        let promised = self.state().get(id).cloned();
        let mut entry = promised.expect("a promise is only removed by its own upload");
        if entry.record.look != look || entry.record.absent_since_ms.is_some() {
            entry.record.look = look;
            entry.record.absent_since_ms = None;
            self.state()
                .put(id, Entry::new(id, entry.record.clone(), false));
            self.write(std::slice::from_ref(id), Vec::new()).await?;
        }
        let entry = Entry::new(id, entry.record, true);
        let video = Arc::clone(&entry.video);
        self.state().put(id, entry);
        self.publish();
        Ok(video)
    }

    /// Takes the promise of `id` back, and `side` with it.
    pub async fn retract(&self, id: &VideoId, side: Vec<SideRecord>) -> Result<(), StorageError> {
        let _turn = self.changing.lock().await;
        self.state().remove(id);
        self.write(std::slice::from_ref(id), side).await
    }

    /// Forgets videos whose bytes have been gone for long.
    ///
    /// # Errors
    /// Why the disk took nothing; they stay known then.
    pub async fn forget_the_lost(&self) -> Result<(), StorageError> {
        let _turn = self.changing.lock().await;
        let before_ms = self.clock.now().minus(REMEMBERED).get();
        let lost: Vec<VideoId> = {
            let state = self.state();
            let long_gone = |entry: &Entry| {
                !entry.present
                    && entry
                        .record
                        .absent_since_ms
                        .is_some_and(|ms| ms < before_ms)
            };
            let lost = state.entries().filter(|(_, entry)| long_gone(entry));
            lost.map(|(id, _)| id.clone()).collect()
        };
        if lost.is_empty() {
            return Ok(());
        }
        let undo = lost
            .iter()
            .map(|id| (id.clone(), self.state().remove(id)))
            .collect();
        let written = self.write(&lost, Vec::new()).await;
        if written.is_err() {
            self.undo(undo);
        }
        written
    }

    /// Tells all what is known now, if nobody has been told yet.
    pub async fn publish_first(&self) {
        let _turn = self.changing.lock().await;
        if self.published.borrow().revision() == 0 {
            self.publish();
        }
    }

    /// Writes down what is known of `ids`, and `side`.
    async fn write(&self, ids: &[VideoId], side: Vec<SideRecord>) -> Result<(), StorageError> {
        let mut all = side;
        {
            let state = self.state();
            all.extend(ids.iter().map(|id| SideRecord {
                tree: Tree::Videos,
                key: id.as_str().into(),
                value: state.get(id).map(|entry| {
                    serde_json::to_vec(&entry.record).expect("a record is plain data")
                }),
            }));
        }
        if all.is_empty() {
            return Ok(());
        }
        let written = self.records.write(move |txn| {
            all.into_iter().try_for_each(|record| match record.value {
                Some(value) => txn.put(record.tree, &record.key, &value),
                None => txn.delete(record.tree, &record.key),
            })
        });
        written.await?
    }

    fn undo(&self, steps: Vec<(VideoId, Option<Entry>)>) {
        let mut state = self.state();
        for (id, before) in steps.into_iter().rev() {
            match before {
                Some(entry) => state.put(&id, entry),
                None => state.remove(&id),
            };
        }
    }

    fn publish(&self) {
        let state = self.state();
        let present = state.entries().filter(|(_, entry)| entry.present);
        let videos = present.map(|(_, entry)| Arc::clone(&entry.video));
        let revision = self.published.borrow().revision() + 1;
        let catalogue = Catalogue::new(videos, revision);
        drop(state);
        self.published.send_replace(Arc::new(catalogue));
    }
}

/// The videos in the records of a station that does not run; those whose bytes are known to be
/// away are left out.
///
/// # Errors
/// [`StorageError`] if the records fail.
pub fn kept(records: &Records) -> Result<Vec<Video>, StorageError> {
    let mut videos = Vec::new();
    for known in known_videos(records) {
        let (id, record) = known?;
        if record.absent_since_ms.is_none() {
            videos.push(record.video(id));
        }
    }
    Ok(videos)
}

/// What is known of each video; what cannot be read is left out.
fn known_videos(
    records: &Records,
) -> impl Iterator<Item = Result<(VideoId, VideoRecord), StorageError>> {
    records.scan(Tree::Videos, b"").filter_map(|record| {
        let (key, value) = match record {
            Ok(record) => record,
            Err(error) => return Some(Err(error)),
        };
        let id = std::str::from_utf8(&key).ok();
        let id = id.and_then(|text| VideoId::new(text).ok());
        match (id, serde_json::from_slice(&value)) {
            (Some(id), Ok(record)) => Some(Ok((id, record))),
            _ => {
                tracing::warn!(key = %key.escape_ascii(), "a video's record cannot be read; it is left out");
                None
            }
        }
    })
}

/// The library takes no more videos.
struct Full;

/// What a change makes of what is known; none if nothing.
fn plan(state: &State, change: Change, now_ms: i64) -> Result<Option<(VideoId, Entry)>, Full> {
    match change {
        Change::Judged {
            place,
            look,
            head,
            verdict,
            seen_ms,
        } => {
            let known = state
                .id_at(&place)
                .or_else(|| state.stray(&place, &look, &head))
                .cloned();
            let newly_there = known
                .as_ref()
                .and_then(|id| state.get(id))
                .is_none_or(|e| !e.present);
            if newly_there && state.present() >= MOST_VIDEOS {
                return Err(Full);
            }
            let id = known.unwrap_or_else(new_id);
            let judged = VideoRecord::new(place, look, head, verdict, seen_ms);
            let record = match state.get(&id) {
                Some(before) => VideoRecord {
                    look: judged.look,
                    head: judged.head,
                    verdict: judged.verdict,
                    probe_version: judged.probe_version,
                    absent_since_ms: None,
                    ..before.record.clone().moved_to(judged.place)
                },
                None => judged,
            };
            let entry = Entry::new(&id, record, true);
            Ok(Some((id, entry)))
        }
        Change::Back(place) => {
            let Some((id, mut record)) = known(state, &place) else {
                return Ok(None);
            };
            if state.present() >= MOST_VIDEOS {
                return Err(Full);
            }
            record.absent_since_ms = None;
            let entry = Entry::new(&id, record, true);
            Ok(Some((id, entry)))
        }
        Change::Gone(place) => {
            let Some((id, mut record)) = known(state, &place) else {
                return Ok(None);
            };
            // A promise of an upload is not there yet; one of a crashed upload never will be.
            record.absent_since_ms.get_or_insert(now_ms);
            let entry = Entry::new(&id, record, false);
            Ok(Some((id, entry)))
        }
        Change::Prepared(id, preparation) => Ok(prepared(state, id, preparation)),
        Change::Texts(id, texts) => Ok(state.get(&id).and_then(|entry| {
            let mut record = entry.record.clone();
            let is_new = std::mem::replace(&mut record.texts, texts) != texts;
            is_new.then(|| (id.clone(), Entry::new(&id, record, entry.present)))
        })),
    }
}

/// What was made of bytes that are no longer the video's is of no use.
fn prepared(state: &State, id: VideoId, preparation: Preparation) -> Option<(VideoId, Entry)> {
    let entry = state.get(&id)?;
    if entry.record.look != preparation.look {
        return None;
    }
    let mut record = entry.record.clone();
    record.take(preparation);
    let entry = Entry::new(&id, record, entry.present);
    Some((id, entry))
}

fn known(state: &State, place: &Place) -> Option<(VideoId, VideoRecord)> {
    let id = state.id_at(place)?;
    let entry = state.get(id)?;
    Some((id.clone(), entry.record.clone()))
}

#[cfg(test)]
mod tests;
