//! The handle through which the rest of the house uses the station.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::channel::{Channel, load};
use super::state::{ChannelState, Rules};
use super::{Drift, Snapshot};
use crate::clock::SharedClock;
use crate::library::{Catalogue, Library};
use crate::storage::{Records, StorageError};
use crate::timeline::{Airing, OnAir, UnixMs, VideoId, guide, on_air};

/// How long a new video is waited for to be in the plan.
const SCHEDULING_LIMIT: Duration = Duration::from_secs(5);

/// Why the station cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StationError {
    /// The kept plan cannot be read.
    #[error("cannot read the kept plan: {0}")]
    Storage(#[from] StorageError),
}

/// A channel on the air; cheap to clone.
#[derive(Clone)]
pub struct Station {
    clock: SharedClock,
    snapshots: watch::Receiver<Arc<Snapshot>>,
    drift: watch::Receiver<Drift>,
}

impl Station {
    /// Puts the channel on the air where the kept plan says, and keeps it there until `shutdown`
    /// is true.
    ///
    /// # Errors
    /// [`StationError`] if the records cannot be read.
    pub async fn start(
        records: Records,
        clock: SharedClock,
        library: &Library,
        rules: Rules,
        shutdown: watch::Receiver<bool>,
    ) -> Result<Self, StationError> {
        Self::with_catalogues(records, clock, library.subscribe(), rules, shutdown).await
    }

    async fn with_catalogues(
        records: Records,
        clock: SharedClock,
        mut catalogues: watch::Receiver<Arc<Catalogue>>,
        rules: Rules,
        shutdown: watch::Receiver<bool>,
    ) -> Result<Self, StationError> {
        let catalogue = catalogues.borrow_and_update().clone();
        let state = ChannelState::new(load(&records)?, catalogue, rules, clock.now());
        let (snapshots, told) = watch::channel(state.told().clone());
        let (drift, drift_seen) = watch::channel(Drift::default());
        let mut channel = Channel {
            state,
            records,
            clock: clock.clone(),
            catalogues,
            snapshots,
            drift,
        };
        channel.begin().await;
        tokio::spawn(channel.run(shutdown));
        Ok(Self {
            clock,
            snapshots: told,
            drift: drift_seen,
        })
    }

    /// What viewers are told now and, each time it changes, from then on.
    pub fn subscribe(&self) -> watch::Receiver<Arc<Snapshot>> {
        self.snapshots.clone()
    }

    /// What viewers are told now.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.snapshots.borrow().clone()
    }

    /// What the channel shows now; `None` off air.
    pub fn on_air(&self) -> Option<OnAir> {
        on_air(&self.snapshot().plan, self.clock.now())
    }

    /// When `video` is on: the start of its airing that is on now, or else of the next one;
    /// `None` if the plan has none.
    pub fn starts_at(&self, video: &VideoId) -> Option<UnixMs> {
        let told = self.snapshot();
        let mut airings = airings_of_one_round(&told, self.clock.now());
        let airing = airings.find(|airing| airing.programme.video() == video)?;
        Some(airing.from)
    }

    /// When each video of the plan is on, as [`Station::starts_at`] says, in one walk.
    pub fn starts(&self) -> HashMap<VideoId, UnixMs> {
        let mut starts = HashMap::new();
        for airing in airings_of_one_round(&self.snapshot(), self.clock.now()) {
            let video = airing.programme.video().clone();
            starts.entry(video).or_insert(airing.from);
        }
        starts
    }

    /// When `video`, just added to the library, is on: waits a few seconds at most until the plan
    /// has it.
    pub async fn scheduled(&self, video: &VideoId) -> Option<UnixMs> {
        let mut snapshots = self.subscribe();
        let known = snapshots.wait_for(|told| told.catalogue.position(video).is_some());
        let _late_or_over = tokio::time::timeout(SCHEDULING_LIMIT, known).await;
        self.starts_at(video)
    }

    /// How punctual the channel has been.
    pub fn drift(&self) -> Drift {
        *self.drift.borrow()
    }
}

/// The airings from `now` until every programme of the last playlist had its turn.
fn airings_of_one_round(told: &Snapshot, now: UnixMs) -> impl Iterator<Item = Airing> {
    let end = told.plan.segments().last().map_or(now, |last| {
        let round = last.playlist().map(|playlist| playlist.round());
        last.from().max(now).plus(round.unwrap_or_default())
    });
    guide(&told.plan, now).take_while(move |airing| airing.from < end)
}

#[cfg(test)]
mod tests;
