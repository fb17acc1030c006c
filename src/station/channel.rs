//! The task of one channel: sleeps until something is due and has it done.

use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use futures::future::Fuse;
use tokio::sync::watch;

use super::drift::Drift;
use super::persist;
use super::state::{ChannelState, Input, Snapshot};
use crate::clock::SharedClock;
use crate::library::Catalogue;
use crate::storage::{Records, StorageError, Tree};
use crate::timeline::{Plan, UnixMs};

/// The longest sleep: after the machine was suspended, the channel is right again within this.
const LONGEST_SLEEP: Duration = Duration::from_secs(30);

/// The station's only channel, as its records and events call it.
const CHANNEL: &str = "main";

/// All a channel holds on to.
pub(super) struct Channel {
    pub state: ChannelState,
    pub records: Records,
    pub clock: SharedClock,
    pub catalogues: watch::Receiver<Arc<Catalogue>>,
    pub snapshots: watch::Sender<Arc<Snapshot>>,
    pub drift: watch::Sender<Drift>,
}

impl Channel {
    /// Runs the channel until `shutdown` is true or its sender is gone.
    pub async fn run(mut self, mut shutdown: watch::Receiver<bool>) {
        let mut saving = std::pin::pin!(Fuse::terminated());
        let mut input = Input::Woke;
        loop {
            if let Some(plan) = self.take(input) {
                saving.set(save(self.records.clone(), plan).fuse());
            }
            let deadline = self.state.deadline();
            input = tokio::select! {
                changed = self.catalogues.changed() => match changed {
                    Ok(()) => Input::Catalogue(self.catalogues.borrow_and_update().clone()),
                    Err(_) => return,
                },
                saved = &mut saving => saved_or_not(saved),
                () = sleep_until(deadline, &self.clock) => Input::Woke,
                _ = shutdown.wait_for(|stop| *stop) => return,
            };
        }
    }

    /// Puts the newest catalogue into the plan and the plan on disk, before anybody is told.
    pub async fn begin(&mut self) {
        let mut input = Input::Woke;
        while let Some(plan) = self.take(input) {
            input = saved_or_not(save(self.records.clone(), plan).await);
        }
    }

    /// Has the channel take note of `input`, tells what there is to tell, and answers a plan that
    /// must be saved.
    fn take(&mut self, input: Input) -> Option<Arc<Plan>> {
        let step = self.state.handle(self.clock.now(), input);
        if let Some(late) = step.late {
            self.drift.send_modify(|drift| drift.record(late));
        }
        if let Some(snapshot) = step.publish {
            self.snapshots.send_replace(snapshot);
        }
        step.save
    }
}

/// The plan kept in `records`; never on the air if there is none, or none that can be read.
///
/// # Errors
/// [`StorageError`] if the records cannot be read.
pub(super) fn load(records: &Records) -> Result<Plan, StorageError> {
    let Some(record) = records.get(Tree::Plans, CHANNEL.as_bytes())? else {
        return Ok(Plan::default());
    };
    Ok(persist::decode(&record).unwrap_or_else(|error| {
        tracing::error!(%error, "the kept plan cannot be used: the channel starts a new one");
        Plan::default()
    }))
}

async fn save(records: Records, plan: Arc<Plan>) -> Result<(), StorageError> {
    let record = persist::encode(&plan);
    records
        .write(move |txn| txn.put(Tree::Plans, CHANNEL.as_bytes(), &record))
        .await?
}

fn saved_or_not(outcome: Result<(), StorageError>) -> Input {
    match outcome {
        Ok(()) => Input::Saved,
        Err(error) => {
            tracing::error!(%error, "the plan could not be kept: trying again soon");
            Input::NotSaved
        }
    }
}

async fn sleep_until(deadline: Option<UnixMs>, clock: &SharedClock) {
    match deadline {
        Some(deadline) => {
            let ahead = deadline.since(clock.now()).to_std();
            tokio::time::sleep(ahead.min(LONGEST_SLEEP)).await;
        }
        None => std::future::pending().await,
    }
}
