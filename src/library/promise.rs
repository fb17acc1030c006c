//! A video that is known before its bytes are in place.
//!
//! The record is written first. After a crash the next start then finds the file with the title
//! its uploader gave it and the answer the uploader is owed, or a record without a file, which is
//! shown nowhere and forgotten in time.

use std::sync::Arc;

use super::answers::Turn;
use super::names;
use super::record::{Look, Place, Verdict, VideoRecord, new_id};
use super::shelf::Shelf;
use super::{Source, Video};
use crate::clock::SharedClock;
use crate::media::Facts;
use crate::storage::StorageError;
use crate::timeline::VideoId;

/// So many names are tried for a file before it gets one of its own.
const MOST_NAMES: usize = 100;

/// A file that was received whole and is to be kept.
#[derive(Debug)]
pub(super) struct Arrival {
    pub file_name: String,
    pub title: String,
    /// Whether its uploader gave it the title.
    pub titled: bool,
    pub facts: Box<Facts>,
    /// The right to answer its idempotency key.
    pub turn: Option<Turn>,
    /// How its bytes look and begin.
    pub look: Look,
    pub head: String,
}

impl Arrival {
    /// The file its uploader calls `file_name`, with the title that was typed, if one was.
    pub fn new(
        (file_name, typed): (String, Option<String>),
        facts: Box<Facts>,
        (look, head): (Look, String),
        turn: Option<Turn>,
    ) -> Self {
        let typed = typed.as_deref().and_then(names::title);
        Self {
            titled: typed.is_some(),
            title: typed.unwrap_or_else(|| names::title_of_file(&file_name)),
            file_name,
            facts,
            turn,
            look,
            head,
        }
    }

    /// Safe names for it, the nicest first, the last one surely free.
    pub fn possible_names(&self) -> Vec<String> {
        let stem = names::safe_stem(&self.file_name);
        let given = names::ending(&self.file_name).unwrap_or("mp4");
        let ending = self.facts.fitting_ending(given);
        let mut possible = vec![format!("{stem}.{ending}")];
        possible.extend((2..=MOST_NAMES).map(|n| format!("{stem}-{n}.{ending}")));
        possible.push(format!("{}.{ending}", new_id()));
        possible
    }
}

/// A promise that is to be fulfilled or retracted.
pub(super) struct Promise<'a> {
    shelf: &'a Shelf,
    id: VideoId,
    place: Place,
}

impl<'a> Promise<'a> {
    /// Promises that `arrival` will be at `key` of `source`; none if that name is taken.
    ///
    /// # Errors
    /// Why the disk did not take the promise.
    pub async fn make(
        shelf: &'a Shelf,
        clock: &SharedClock,
        arrival: &Arrival,
        (source, key): (Source, String),
        notice: Option<&str>,
    ) -> Result<Option<Self>, StorageError> {
        let place = Place { source, key };
        if !shelf.state().claim(&place) {
            return Ok(None);
        }
        let promise = Self {
            shelf,
            id: new_id(),
            place,
        };
        let now = clock.now();
        let verdict = Verdict::Facts(arrival.facts.clone());
        let (place, head) = (promise.place.clone(), arrival.head.clone());
        let record = VideoRecord {
            title: arrival.title.clone(),
            titled: arrival.titled,
            ..VideoRecord::new(place, arrival.look, head, verdict, now.get())
        };
        let turn = arrival.turn.as_ref();
        let answer = turn.map(|turn| turn.records(&promise.id, notice, now));
        let promised = shelf
            .promise(&promise.id, record, answer.unwrap_or_default())
            .await;
        if promised.is_err() {
            turn.map(Turn::no_records);
        }
        promised.map(|()| Some(promise))
    }

    /// Its bytes are in place and look like `look`: tells all.
    ///
    /// # Errors
    /// Why the disk took nothing; the promise still stands then.
    pub async fn fulfil(&self, look: Look) -> Result<Arc<Video>, StorageError> {
        self.shelf.fulfil(&self.id, look).await
    }

    /// Takes the promise back, and the answer to `arrival` with it.
    pub async fn retract(self, arrival: &Arrival) {
        let answer = arrival.turn.as_ref().map(Turn::no_records);
        if let Err(error) = self
            .shelf
            .retract(&self.id, answer.unwrap_or_default())
            .await
        {
            // Harmless: a record without its file is shown nowhere, and forgotten in time.
            tracing::warn!(%error, "the record of a refused upload could not be removed");
        }
    }
}

impl Drop for Promise<'_> {
    fn drop(&mut self) {
        self.shelf.state().unclaim(&self.place);
    }
}
