//! The stream every viewer reads: frames encoded once and shared by all.
//!
//! A frame is either an `on-air` snapshot, which stands on its own, or a small delta (`votes`,
//! `viewers`). The last few frames are kept; a reader that fell behind them, or that comes back
//! with a `Last-Event-ID`, gets a fresh snapshot instead. So nobody has a queue, and nobody misses
//! anything in silence.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures::Stream;
use serde::Serialize;
use tokio::sync::watch;
use tokio::time::timeout;

use super::payload::{OnAirPayload, ViewersPayload, VotesPayload, items};
use super::place::Place;
use super::presence::Viewers;
use super::{Changes, Likes};
use crate::clock::SharedClock;
use crate::station::Snapshot;
use crate::timeline::{UnixMs, VideoId};

/// A silent stream says what is on this often, which also finds viewers who have vanished.
pub const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// A snapshot is written anew once it is this old.
const SNAPSHOT_AGE_US: i64 = 1_000_000;

/// How many frames are kept for readers that are a little behind.
const FRAMES_KEPT: usize = 16;

/// Deltas go out at most this often.
const COALESCE: Duration = Duration::from_millis(400);

/// If more videos than this were voted on at once, a snapshot says it all in one frame.
const VOTES_AT_ONCE: usize = FRAMES_KEPT / 2;

/// How long the browser's own client waits before it reconnects; ours has a back-off of its own.
const RETRY_MS: u32 = 2000;

/// Writes what viewers are told and hands it to each of them.
#[derive(Clone)]
pub struct Events {
    shared: Arc<Shared>,
}

struct Shared {
    channel: &'static str,
    epoch: String,
    clock: SharedClock,
    station: watch::Receiver<Arc<Snapshot>>,
    likes: Likes,
    viewers: Viewers,
    frames: Mutex<Frames>,
    /// The newest frame's number; readers wait on it.
    newest: watch::Sender<u64>,
    closed: watch::Receiver<bool>,
}

/// The newest frames, under one lock held only to copy a few pointers or write one snapshot.
struct Frames {
    seq: u64,
    recent: VecDeque<Bytes>,
    snapshot: Option<(i64, Bytes)>,
}

impl Frames {
    fn push(&mut self, frame: Bytes) {
        self.seq += 1;
        self.keep(frame);
    }

    fn keep(&mut self, frame: Bytes) {
        if self.recent.len() == FRAMES_KEPT {
            self.recent.pop_front();
        }
        self.recent.push_back(frame);
    }
}

impl Events {
    /// Speaks for `station` in a run named `epoch` until `closed` turns true.
    pub fn start(
        epoch: String,
        clock: SharedClock,
        station: watch::Receiver<Arc<Snapshot>>,
        likes: Likes,
        closed: watch::Receiver<bool>,
    ) -> Self {
        let frames = Frames {
            seq: 1,
            recent: VecDeque::with_capacity(FRAMES_KEPT),
            snapshot: None,
        };
        let events = Self {
            shared: Arc::new(Shared {
                channel: "main",
                epoch,
                clock,
                station,
                likes,
                viewers: Viewers::default(),
                frames: Mutex::new(frames),
                newest: watch::Sender::new(1),
                closed,
            }),
        };
        tokio::spawn(events.clone().announce_programmes());
        let votes = events.shared.likes.changes();
        tokio::spawn(events.clone().announce_deltas(votes));
        events
    }

    /// How many are watching.
    pub fn viewers(&self) -> usize {
        self.shared.viewers.count()
    }

    /// How many frames have been handed to viewers since the start.
    pub fn delivered(&self) -> u64 {
        self.shared.viewers.delivered()
    }

    /// What is on now, as the stream would say it.
    pub fn payload(&self) -> OnAirPayload {
        let seq = self.shared.lock().seq;
        self.shared.payload(seq, self.shared.clock.now_us())
    }

    /// Where somebody begins who has heard nothing yet. Who is `watching` counts as a viewer as long as
    /// the place is held.
    pub fn newcomer(&self, watching: bool) -> Place {
        Place::new(watching.then(|| self.shared.viewers.join()))
    }

    /// What is new for whoever is at `place`, who has heard it from then on: the frames since, if they are
    /// still kept, else a snapshot; nothing if there is nothing new. Never waits.
    pub fn take(&self, place: &mut Place) -> Option<Bytes> {
        let bytes = self.shared.take(place)?;
        self.shared.viewers.count_delivery();
        Some(bytes)
    }

    /// The newest frame's number, which grows whenever there is something to [`take`](Self::take).
    pub fn newest(&self) -> watch::Receiver<u64> {
        self.shared.newest.subscribe()
    }

    /// Turns true when the station closes and every stream is to end.
    pub fn closed(&self) -> watch::Receiver<bool> {
        self.shared.closed.clone()
    }

    /// One viewer's stream: a snapshot at once, then every change, and a snapshot whenever it has
    /// been silent for 15 s. It ends when the station closes. Who is `watching` counts as a viewer
    /// as long as the stream is held.
    pub fn stream(&self, watching: bool) -> impl Stream<Item = Bytes> + Send + use<> {
        let reader = Reader {
            newest: self.newest(),
            closed: self.closed(),
            place: self.newcomer(watching),
            events: self.clone(),
        };
        futures::stream::unfold(reader, Reader::next)
    }

    /// Says at once when another programme is on or announced.
    async fn announce_programmes(self) {
        let mut station = self.shared.station.clone();
        while station.changed().await.is_ok() {
            station.borrow_and_update();
            self.shared.push_snapshot();
        }
    }

    /// Says who is watching and how they voted, a few times a second at the most.
    async fn announce_deltas(self, mut votes: Changes) {
        let shared = self.shared;
        let mut viewers = shared.viewers.subscribe();
        let mut closed = shared.closed.clone();
        let mut said_viewers = 0;
        loop {
            let voted = tokio::select! {
                changed = viewers.changed() => match changed {
                    Ok(()) => Vec::new(),
                    Err(_) => return,
                },
                voted = votes.next() => voted,
                _ = closed.wait_for(|closed| *closed) => return,
            };
            let watching = *viewers.borrow_and_update();
            let viewers_changed = watching != said_viewers;
            said_viewers = watching;
            if voted.len() > VOTES_AT_ONCE {
                shared.push_snapshot();
            } else {
                shared.push_deltas(&voted, viewers_changed.then_some(watching));
            }
            tokio::time::sleep(COALESCE).await;
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Frames> {
        // A panic while the lock was held cannot leave the frames half-written: they are replaced whole.
        self.frames.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn payload(&self, seq: u64, now_us: i64) -> OnAirPayload {
        let snapshot = self.station.borrow().clone();
        let now = UnixMs::new(now_us.div_euclid(1000));
        let (current, next) = items(&snapshot, &self.likes, now);
        OnAirPayload {
            channel: self.channel,
            epoch: self.epoch.clone(),
            seq,
            server_time_ms: now.get(),
            current,
            next,
            total: snapshot.catalogue.scheduled().len(),
            revision: snapshot.catalogue.revision(),
            viewers: self.viewers.count(),
        }
    }

    /// The newest snapshot, written anew if it is over a second old.
    fn snapshot(&self, frames: &mut Frames) -> Bytes {
        let now_us = self.clock.now_us();
        match &frames.snapshot {
            Some((written_us, frame)) if now_us - written_us < SNAPSHOT_AGE_US => frame.clone(),
            _ => self.write_snapshot(frames, now_us),
        }
    }

    fn write_snapshot(&self, frames: &mut Frames, now_us: i64) -> Bytes {
        let payload = self.payload(frames.seq, now_us);
        let frame = encode(&self.epoch, frames.seq, "on-air", &payload);
        // One written while nobody watched would tell the first viewer so.
        frames.snapshot = (payload.viewers > 0).then(|| (now_us, frame.clone()));
        frame
    }

    fn push_snapshot(&self) {
        let mut frames = self.lock();
        frames.seq += 1;
        let frame = self.write_snapshot(&mut frames, self.clock.now_us());
        frames.keep(frame);
        self.publish(frames);
    }

    /// Everything at once, so that every viewer is written to once.
    fn push_deltas(&self, voted: &[VideoId], watching: Option<usize>) {
        let mut frames = self.lock();
        for id in voted {
            let counts = self.likes.counts(id);
            let votes = VotesPayload {
                id: id.to_string(),
                likes: counts.likes,
                dislikes: counts.dislikes,
            };
            let frame = encode(&self.epoch, frames.seq + 1, "votes", &votes);
            frames.push(frame);
        }
        if let Some(viewers) = watching {
            let viewers = ViewersPayload { viewers };
            let frame = encode(&self.epoch, frames.seq + 1, "viewers", &viewers);
            frames.push(frame);
        }
        // The old snapshot tells of the state before this.
        frames.snapshot = None;
        self.publish(frames);
    }

    /// Wakes everyone who waits.
    fn publish(&self, frames: MutexGuard<'_, Frames>) {
        let seq = frames.seq;
        drop(frames);
        self.newest.send_replace(seq);
    }

    fn take(&self, place: &mut Place) -> Option<Bytes> {
        let mut frames = self.lock();
        let missed = match place.reach(frames.seq) {
            Some(0) => return None,
            missed => missed.and_then(|missed| usize::try_from(missed).ok()),
        };
        let kept = missed.filter(|missed| *missed <= frames.recent.len());
        Some(match kept {
            Some(1) => frames.recent.back().expect("one is kept").clone(),
            Some(missed) => {
                let from = frames.recent.len() - missed;
                frames.recent.range(from..).flatten().copied().collect()
            }
            None => self.snapshot(&mut frames),
        })
    }
}

/// One viewer who waits for what is new.
struct Reader {
    events: Events,
    newest: watch::Receiver<u64>,
    closed: watch::Receiver<bool>,
    place: Place,
}

impl Reader {
    async fn next(mut self) -> Option<(Bytes, Self)> {
        loop {
            self.newest.borrow_and_update();
            if let Some(bytes) = self.events.take(&mut self.place) {
                return Some((bytes, self));
            }
            tokio::select! {
                biased;
                _ = self.closed.wait_for(|closed| *closed) => return None,
                changed = timeout(KEEP_ALIVE, self.newest.changed()) => match changed {
                    Ok(Err(_)) => return None,
                    // Nothing new for a while: a fresh snapshot keeps the connection and the clock true.
                    Err(_) => self.place.forget(),
                    Ok(Ok(())) => {}
                }
            }
        }
    }
}

/// One event in the format of a `text/event-stream` (HTML, §9.2.5).
fn encode(epoch: &str, seq: u64, event: &str, payload: &impl Serialize) -> Bytes {
    let data =
        serde_json::to_string(payload).expect("payloads are plain structs of text and numbers");
    let mut frame = String::with_capacity(data.len() + 80);
    if event == "on-air" {
        writeln!(frame, "retry: {RETRY_MS}").expect("writing to a String cannot fail");
    }
    write!(frame, "id: {epoch}-{seq}\nevent: {event}\ndata: {data}\n\n")
        .expect("writing to a String cannot fail");
    Bytes::from(frame)
}
