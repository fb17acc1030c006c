//! The counts in memory, and who must be told when they change.

use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;
use std::sync::{Arc, PoisonError, RwLock};

use tokio::sync::watch;

use super::Counts;
use crate::timeline::VideoId;

/// Counts are held for at most so many videos.
pub(super) const MAX_VIDEOS: usize = 100_000;

/// The counts in memory.
pub(super) struct Board {
    tallies: RwLock<Tallies>,
    /// Grows with every change of counts.
    revision: watch::Sender<u64>,
}

#[derive(Default)]
struct Tallies {
    /// Each video's counts, and the revision that made them.
    videos: HashMap<VideoId, (Counts, u64)>,
    /// Each video once, by that revision.
    changed: BTreeMap<u64, VideoId>,
    revision: u64,
}

/// The videos whose counts changed, each named once however often that was.
pub struct Changes {
    board: Arc<Board>,
    revision: watch::Receiver<u64>,
    seen: u64,
}

impl Board {
    pub(super) fn new(counted: impl IntoIterator<Item = (VideoId, Counts)>) -> Self {
        let unchanged = counted
            .into_iter()
            .map(|(video, counts)| (video, (counts, 0)));
        let tallies = Tallies {
            videos: unchanged.collect(),
            ..Tallies::default()
        };
        Self {
            tallies: RwLock::new(tallies),
            revision: watch::Sender::new(0),
        }
    }

    pub(super) fn counts(&self, video: &VideoId) -> Counts {
        let counts = |tallies: &Tallies| tallies.videos.get(video).map(|(counts, _)| *counts);
        self.read(counts).unwrap_or_default()
    }

    /// The changes from now on.
    pub(super) fn changes(self: &Arc<Self>) -> Changes {
        let revision = self.revision.subscribe();
        let seen = *revision.borrow();
        Changes {
            board: Arc::clone(self),
            revision,
            seen,
        }
    }

    /// Whether votes for `video` have a place.
    pub(super) fn takes(&self, video: &VideoId) -> bool {
        self.read(|tallies| tallies.videos.contains_key(video) || tallies.videos.len() < MAX_VIDEOS)
    }

    /// To be called in the order in which the counts become durable.
    pub(super) fn set(&self, video: VideoId, counts: Counts) {
        let mut tallies = self.tallies.write().unwrap_or_else(PoisonError::into_inner);
        tallies.revision += 1;
        let revision = tallies.revision;
        let before = tallies.videos.insert(video.clone(), (counts, revision));
        if let Some((_, last)) = before {
            tallies.changed.remove(&last);
        }
        tallies.changed.insert(revision, video);
        drop(tallies);
        self.revision.send_replace(revision);
    }

    fn read<T>(&self, look: impl FnOnce(&Tallies) -> T) -> T {
        look(&self.tallies.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Changes {
    /// Waits until some counts have changed since the last call and names those videos, in the
    /// order of their last change. May be dropped while it waits; nothing is missed.
    pub async fn next(&mut self) -> Vec<VideoId> {
        let seen = self.seen;
        let changed = self.revision.wait_for(|revision| *revision > seen);
        if changed.await.is_err() {
            // Cannot be: the sender lives as long as the board this holds.
            return std::future::pending().await;
        }
        self.board.read(|tallies| {
            self.seen = tallies.revision;
            let newer = (Bound::Excluded(seen), Bound::Unbounded);
            tallies
                .changed
                .range(newer)
                .map(|(_, v)| v.clone())
                .collect()
        })
    }
}
