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
use super::presence::{Presence, Viewers};
use super::{Changes, Likes};
use crate::clock::SharedClock;
use crate::station::Snapshot;
use crate::timeline::{UnixMs, VideoId};

/// A silent stream says what is on this often, which also finds viewers who have vanished.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

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

    /// One viewer's stream: a snapshot at once, then every change, and a snapshot whenever it has
    /// been silent for 15 s. It ends when the station closes. Who is `watching` counts as a viewer
    /// as long as the stream is held.
    pub fn stream(&self, watching: bool) -> impl Stream<Item = Bytes> + Send + use<> {
        let shared = self.shared.clone();
        let reader = Reader {
            newest: shared.newest.subscribe(),
            closed: shared.closed.clone(),
            seen: None,
            _presence: watching.then(|| shared.viewers.join()),
            shared,
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
            if voted.len() > VOTES_AT_ONCE {
                shared.push_snapshot();
            } else {
                voted.iter().for_each(|id| shared.push_votes(id));
            }
            let watching = *viewers.borrow_and_update();
            if watching != said_viewers {
                said_viewers = watching;
                shared.push("viewers", &ViewersPayload { viewers: watching });
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
        self.publish(frames, frame);
    }

    fn push_votes(&self, id: &VideoId) {
        let counts = self.likes.counts(id);
        let votes = VotesPayload {
            id: id.to_string(),
            likes: counts.likes,
            dislikes: counts.dislikes,
        };
        self.push("votes", &votes);
    }

    fn push(&self, event: &str, payload: &impl Serialize) {
        let mut frames = self.lock();
        frames.seq += 1;
        // The old snapshot tells of the state before this change.
        frames.snapshot = None;
        let frame = encode(&self.epoch, frames.seq, event, payload);
        self.publish(frames, frame);
    }

    fn publish(&self, mut frames: MutexGuard<'_, Frames>, frame: Bytes) {
        if frames.recent.len() == FRAMES_KEPT {
            frames.recent.pop_front();
        }
        frames.recent.push_back(frame);
        let seq = frames.seq;
        drop(frames);
        self.newest.send_replace(seq);
    }
}

/// One viewer's place in the stream.
struct Reader {
    shared: Arc<Shared>,
    newest: watch::Receiver<u64>,
    closed: watch::Receiver<bool>,
    /// The newest frame this viewer has; none before the first snapshot.
    seen: Option<u64>,
    _presence: Option<Presence>,
}

impl Reader {
    async fn next(mut self) -> Option<(Bytes, Self)> {
        if self.seen.is_some() {
            tokio::select! {
                biased;
                _ = self.closed.wait_for(|closed| *closed) => return None,
                changed = timeout(KEEP_ALIVE, self.newest.changed()) => match changed {
                    Ok(Err(_)) => return None,
                    // Nothing new for a while: a fresh snapshot keeps the connection and the clock true.
                    Err(_) => self.seen = None,
                    Ok(Ok(())) => {}
                }
            }
        }
        let bytes = self.take();
        self.shared.viewers.count_delivery();
        Some((bytes, self))
    }

    /// All this viewer has not seen: the deltas if they are still kept, else a snapshot.
    fn take(&mut self) -> Bytes {
        self.newest.borrow_and_update();
        let mut frames = self.shared.lock();
        let seen = self.seen.replace(frames.seq);
        let missed = seen.map(|seen| usize::try_from(frames.seq - seen).unwrap_or(usize::MAX));
        match missed {
            Some(1) => frames.recent.back().cloned(),
            Some(missed) if (2..=frames.recent.len()).contains(&missed) => {
                let from = frames.recent.len() - missed;
                Some(frames.recent.range(from..).flatten().copied().collect())
            }
            _ => None,
        }
        .unwrap_or_else(|| self.shared.snapshot(&mut frames))
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
