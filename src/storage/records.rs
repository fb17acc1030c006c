//! Small facts that survive `kill -9` once acknowledged.
//!
//! One thread takes all writes, as many as wait, and answers them when the disk has them (see
//! `committer`). Reads go past it and see only what is durable (`view`). At the start every record
//! is read and compared with a seal; damaged ones are set aside and restored from the last export
//! (`opening`).

mod committer;
mod export;
mod layout;
mod mark;
mod opening;
mod seal;
mod store;
mod txn;
mod view;

use std::num::NonZeroU64;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use super::StorageError;
use committer::{Answer, Committer, Order, Work};
use view::{As, Record, Shared};

pub use layout::{MAX_KEY_BYTES, MAX_VALUE_BYTES, Tree};
pub use opening::Recovery;
pub use txn::Txn;

/// Writes that may wait for the committer; further ones wait for a place.
const MAX_WAITING: usize = 4096;
/// How long a write waits for a place before it is refused.
const PLACE_TIMEOUT: Duration = Duration::from_secs(10);
/// Space that records leave free on their disk.
const MIN_FREE_BYTES: u64 = 16 * 1024 * 1024;
/// The threads sled starts look for work once a second, each, for ever. They inherit this slack
/// from the thread that starts them, and so look three times a minute; new work wakes them at
/// once all the same. Not longer: a timed wait inside sled may last this much longer than asked.
const IDLE_SLACK_NS: NonZeroU64 = NonZeroU64::new(20_000_000_000).expect("20 s is not zero");

/// The records of one station; cheap to clone.
#[derive(Clone)]
pub struct Records(Arc<Inner>);

struct Inner {
    dir: PathBuf,
    shared: Arc<Shared>,
    orders: mpsc::Sender<Order>,
    places: Arc<Semaphore>,
    committer: Mutex<Option<JoinHandle<()>>>,
}

impl Records {
    /// Opens the records kept in the directory `dir` (created if absent). Blocks.
    ///
    /// # Errors
    /// [`StorageError::InUse`] or [`StorageError::TooNew`], which only an operator can help, or
    /// [`StorageError::Io`]. Damage is no error but a [`Recovery`].
    pub fn open(dir: &Path) -> Result<(Self, Recovery), StorageError> {
        Self::open_leaving(dir, MIN_FREE_BYTES)
    }

    fn open_leaving(dir: &Path, min_free_bytes: u64) -> Result<(Self, Recovery), StorageError> {
        let (orders, queue) = mpsc::channel();
        let (opened_sender, opened) = mpsc::sync_channel(1);
        let place = dir.to_owned();
        let committer = thread::Builder::new()
            .name("onair-records".to_owned())
            .spawn(move || {
                // Where this cannot be had, idling costs a little more.
                let _ = rustix::thread::set_current_timer_slack(Some(IDLE_SLACK_NS));
                commit_orders(&place, min_free_bytes, &opened_sender, &queue);
            })
            .map_err(StorageError::io("start the committer of", dir))?;
        let (shared, recovery) = opened.recv().unwrap_or(Err(StorageError::Panicked))?;
        let inner = Inner {
            dir: dir.to_owned(),
            shared,
            orders,
            places: Arc::new(Semaphore::new(MAX_WAITING)),
            committer: Mutex::new(Some(committer)),
        };
        Ok((Self(Arc::new(inner)), recovery))
    }

    /// Fills the directory `dir`, which must hold no records, from the export at `from`; returns
    /// how many records that were. Blocks.
    ///
    /// # Errors
    /// [`StorageError::Records`] if there are records or the export is damaged, else as
    /// [`Records::open`].
    pub fn import(dir: &Path, from: &Path) -> Result<u64, StorageError> {
        opening::import(dir, from)
    }

    /// The durable value of `key`.
    ///
    /// # Errors
    /// [`StorageError::Records`] if the disk fails.
    pub fn get(&self, tree: Tree, key: &[u8]) -> Result<Option<Vec<u8>>, StorageError> {
        self.0.shared.read().get(tree, key)
    }

    /// The durable records whose key starts with `prefix`, in order of key, as `(key, value)`;
    /// what is written meanwhile may or may not be among them. After an error it ends.
    pub fn scan(
        &self,
        tree: Tree,
        prefix: &[u8],
    ) -> impl Iterator<Item = Result<Record, StorageError>> + Send + 'static {
        let (shared, prefix) = (Arc::clone(&self.0.shared), prefix.to_vec());
        let mut after: Option<Vec<u8>> = None;
        let mut ended = false;
        let pages = std::iter::from_fn(move || {
            if ended {
                return None;
            }
            let page = shared
                .read()
                .page(tree, &prefix, after.as_deref(), As::OfNow);
            match &page {
                Ok(records) => after = Some(records.last()?.0.clone()),
                Err(_) => ended = true,
            }
            Some(page)
        });
        pages.flat_map(|page| match page {
            Ok(records) => records.into_iter().map(Ok).collect(),
            Err(error) => vec![Err(error)],
        })
    }

    /// Runs `f` on the committer's thread and answers once what it wrote is on disk; all of it is
    /// kept or none.
    ///
    /// Dropping the future before it answers leaves open whether the write is kept.
    ///
    /// # Errors
    /// What `f` was refused (sizes), or why the disk took nothing.
    pub async fn write<T: Send + 'static>(
        &self,
        f: impl FnOnce(&mut Txn<'_>) -> T + Send + 'static,
    ) -> Result<T, StorageError> {
        let place = self.place().await?;
        let (sender, answer) = oneshot::channel();
        let work: Work = Box::new(move |txn| -> Answer {
            let value = txn.and_then(|txn| {
                let run = catch_unwind(AssertUnwindSafe(|| f(txn)));
                run.map_err(|_| txn.refuse(StorageError::Panicked)).ok()
            });
            Box::new(move |outcome| {
                let value = outcome.and_then(|()| value.ok_or(StorageError::Panicked));
                // A caller that went away has no use for it.
                let _ = sender.send(value);
            })
        });
        let order = Order::Write(work, place);
        self.0
            .orders
            .send(order)
            .map_err(|_| StorageError::Closed)?;
        answer.await.unwrap_or(Err(StorageError::Closed))
    }

    /// Where [`Records::open`] looks for an export to restore from.
    pub fn export_path(&self) -> PathBuf {
        opening::export_path(&self.0.dir)
    }

    /// Writes all records, as they are at one instant, to the plain file `path`, replacing it
    /// whole; returns how many. Writes go on meanwhile. Blocks.
    ///
    /// # Errors
    /// [`StorageError::Io`], [`StorageError::Busy`] while another export runs or if too much
    /// changes meanwhile, or why the records cannot be read.
    pub fn export(&self, path: &Path) -> Result<u64, StorageError> {
        export::write(&self.0.shared, path)
    }

    /// Finishes what was asked, closes the records and lets another process have them; again is
    /// fine. Blocks.
    pub fn close(&self) {
        self.0.close();
    }

    async fn place(&self) -> Result<OwnedSemaphorePermit, StorageError> {
        let places = Arc::clone(&self.0.places);
        if let Ok(place) = Arc::clone(&places).try_acquire_owned() {
            return Ok(place);
        }
        match tokio::time::timeout(PLACE_TIMEOUT, places.acquire_owned()).await {
            Ok(place) => place.map_err(|_| StorageError::Closed),
            Err(_) => Err(StorageError::Busy),
        }
    }
}

impl Inner {
    fn close(&self) {
        self.places.close();
        // Err means that the committer is gone already.
        let _ = self.orders.send(Order::Close);
        let mut committer = self
            .committer
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        // The last handle may be dropped by a write, on the committer's own thread.
        if let Some(thread) = committer.take()
            && thread.thread().id() != thread::current().id()
            && thread.join().is_err()
        {
            tracing::error!("the committer of the records panicked");
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.close();
    }
}

/// The committer's thread: opens the records, tells how that went, and works.
fn commit_orders(
    dir: &Path,
    min_free_bytes: u64,
    opened: &mpsc::SyncSender<Result<(Arc<Shared>, Recovery), StorageError>>,
    queue: &mpsc::Receiver<Order>,
) {
    let found = match opening::open(dir) {
        Ok(found) => found,
        Err(error) => {
            // The opener waits for exactly this.
            let _ = opened.send(Err(error));
            return;
        }
    };
    let shared = Arc::new(Shared::new(found.store, found.seal.commit));
    let committer = Committer {
        shared: Arc::clone(&shared),
        path: found.path,
        seal: found.seal,
        mark: found.mark,
        min_free_bytes,
        broken: false,
    };
    let _ = opened.send(Ok((shared, found.recovery)));
    committer.run(queue);
    drop(found.lock);
}

#[cfg(test)]
mod tests;
