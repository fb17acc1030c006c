//! Who is watching: counted while their stream is held, never asked.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::watch;

/// The number of viewers, and of frames handed to them.
#[derive(Clone)]
pub(super) struct Viewers {
    watching: Arc<watch::Sender<usize>>,
    delivered: Arc<AtomicU64>,
}

impl Default for Viewers {
    fn default() -> Self {
        Self {
            watching: Arc::new(watch::Sender::new(0)),
            delivered: Arc::default(),
        }
    }
}

/// A viewer's presence: counted until dropped, however their stream ends.
pub(super) struct Presence {
    watching: Arc<watch::Sender<usize>>,
}

impl Viewers {
    /// Counts one more viewer until the answer is dropped.
    pub(super) fn join(&self) -> Presence {
        self.watching.send_modify(|watching| *watching += 1);
        Presence {
            watching: self.watching.clone(),
        }
    }

    /// How many are watching.
    pub(super) fn count(&self) -> usize {
        *self.watching.borrow()
    }

    /// Tells when the number changes.
    pub(super) fn subscribe(&self) -> watch::Receiver<usize> {
        self.watching.subscribe()
    }

    /// Counts a frame handed to a viewer.
    pub(super) fn count_delivery(&self) {
        self.delivered.fetch_add(1, Ordering::Relaxed);
    }

    /// How many frames have been handed out.
    pub(super) fn delivered(&self) -> u64 {
        self.delivered.load(Ordering::Relaxed)
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        self.watching.send_modify(|watching| *watching -= 1);
    }
}
