//! One resumable upload, and whose turn it is to work on it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard, watch};
use tokio::time::timeout;

use super::error::ResumableError;
use super::record::{Kept, ResumableId};

/// So long a newcomer waits for the connection before it to let go, which takes one write.
const LONGEST_HANDOVER: Duration = Duration::from_secs(5);

/// One resumable upload.
pub(super) struct Entry {
    pub id: ResumableId,
    kept: Mutex<Kept>,
    received_bytes: AtomicU64,
    turns: Arc<AsyncMutex<()>>,
    /// How many have wanted a turn at receiving so far: the last one gets it.
    wanted: watch::Sender<u64>,
}

impl Entry {
    pub fn new(id: ResumableId, kept: Kept, received_bytes: u64) -> Self {
        Self {
            id,
            kept: Mutex::new(kept),
            received_bytes: AtomicU64::new(received_bytes),
            turns: Arc::default(),
            wanted: watch::Sender::new(0),
        }
    }

    /// What is on disk of it.
    pub fn kept(&self) -> Kept {
        self.kept
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// `kept` is on disk now.
    pub fn set_kept(&self, kept: Kept) {
        *self.kept.lock().unwrap_or_else(PoisonError::into_inner) = kept;
    }

    /// How many bytes are on disk.
    pub fn received_bytes(&self) -> u64 {
        self.received_bytes.load(Ordering::Acquire)
    }

    /// `bytes` are on disk now.
    pub fn set_received_bytes(&self, bytes: u64) {
        self.received_bytes.store(bytes, Ordering::Release);
    }

    /// Whether every byte has come.
    pub fn is_whole(&self) -> bool {
        self.received_bytes() == self.kept().size_bytes
    }

    /// A turn at it. Whoever is receiving lets go: a client that comes back must not wait until
    /// the server notices that the connection before is dead.
    pub async fn take_over(self: &Arc<Self>) -> Result<EntryTurn, ResumableError> {
        let mut mine = 0;
        self.wanted.send_modify(|wanted| {
            *wanted += 1;
            mine = *wanted;
        });
        let turn = timeout(LONGEST_HANDOVER, Arc::clone(&self.turns).lock_owned()).await;
        let turn = turn.map_err(|_| ResumableError::Busy)?;
        Ok(self.turn(turn, mine))
    }

    /// A turn at it once nobody is; disturbs nobody.
    pub async fn wait(self: &Arc<Self>) -> EntryTurn {
        let turn = Arc::clone(&self.turns).lock_owned().await;
        self.turn(turn, u64::MAX)
    }

    /// A turn at it if nobody is.
    pub fn try_turn(self: &Arc<Self>) -> Option<EntryTurn> {
        let turn = Arc::clone(&self.turns).try_lock_owned().ok()?;
        Some(self.turn(turn, u64::MAX))
    }

    fn turn(self: &Arc<Self>, turn: OwnedMutexGuard<()>, mine: u64) -> EntryTurn {
        EntryTurn {
            entry: Arc::clone(self),
            _turn: turn,
            wanted: self.wanted.subscribe(),
            mine,
        }
    }
}

/// The right to work on an upload; nobody else does while it lives.
pub(super) struct EntryTurn {
    pub entry: Arc<Entry>,
    _turn: OwnedMutexGuard<()>,
    wanted: watch::Receiver<u64>,
    mine: u64,
}

impl EntryTurn {
    /// Waits until somebody who came later wants it.
    pub async fn taken_over(&mut self) {
        let mine = self.mine;
        // Never an error: the entry, which this holds, has the sender.
        let _ = self.wanted.wait_for(|wanted| *wanted > mine).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::library::resumable::record::NewResumable;
    use crate::timeline::UnixMs;

    fn entry() -> Arc<Entry> {
        let new = NewResumable {
            file_name: "a.mp4".to_owned(),
            title: None,
            metadata: String::new(),
            size_bytes: 10,
            client_key: None,
        };
        let kept = Kept::new(new, UnixMs::new(0));
        Arc::new(Entry::new(ResumableId::random(), kept, 0))
    }

    #[tokio::test]
    async fn the_last_who_comes_gets_it_and_the_others_let_go() {
        let entry = entry();
        let mut first = entry.take_over().await.unwrap();
        let lets_go = async {
            first.taken_over().await;
            drop(first);
        };
        let second = async {
            let mut second = entry.take_over().await.unwrap();
            second.taken_over().await;
        };
        let third = async {
            tokio::task::yield_now().await;
            entry.take_over().await.unwrap()
        };
        let ((), (), _third) = tokio::join!(lets_go, second, third);
        assert!(entry.try_turn().is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn who_does_not_let_go_makes_it_busy() {
        let entry = entry();
        let _first = entry.take_over().await.unwrap();
        let second = entry.take_over().await;
        assert!(matches!(second, Err(ResumableError::Busy)));
    }
}
