//! The one thread that writes: sled acknowledges before it writes, and two flushes at once can
//! block each other for good, so all writes pass through here and one flush answers many.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::Receiver;

use tokio::sync::OwnedSemaphorePermit;

use super::layout::Changes;
use super::mark::Mark;
use super::seal::{FORMAT, Seal};
use super::store::{Store, Unopened};
use super::txn::{AfterCommit, Txn};
use super::view::Shared;
use crate::storage::{StorageError, free_bytes};

/// No more writes, or bytes, than this in one batch, so that none waits long.
const MAX_BATCH_WRITES: usize = 1024;
const MAX_BATCH_BYTES: usize = 4 * 1024 * 1024;

/// Tells a caller what became of its write.
pub(super) type Answer = Box<dyn FnOnce(Result<(), StorageError>) + Send>;
/// Runs a write, unless there is nothing to run it on, and gives what answers its caller.
pub(super) type Work = Box<dyn FnOnce(Option<&mut Txn<'_>>) -> Answer + Send>;

/// What the committer is told.
pub(super) enum Order {
    /// A write, with its place in the queue.
    Write(Work, OwnedSemaphorePermit),
    /// Finish what is queued, then stop.
    Close,
}

pub(super) struct Committer {
    pub(super) shared: Arc<Shared>,
    /// Where the store is.
    pub(super) path: PathBuf,
    /// The seal of what is durable.
    pub(super) seal: Seal,
    pub(super) mark: Mark,
    /// Space that writes leave free.
    pub(super) min_free_bytes: u64,
    /// A batch failed: the store must be rid of what may have got through.
    pub(super) broken: bool,
}

/// Writes that go to the disk together.
#[derive(Default)]
struct Batch {
    changes: Changes,
    size_bytes: usize,
    after_commit: Vec<AfterCommit>,
    /// With the places in the queue, which are free once answered.
    answers: Vec<(Answer, OwnedSemaphorePermit)>,
    /// A write could not read what it wanted.
    unreadable: bool,
}

/// A batch against what is durable: only what really changes.
struct Difference {
    undo: Changes,
    changes: Changes,
    seal: Seal,
}

impl Committer {
    /// Works until told to close, and then does what is still queued.
    pub(super) fn run(mut self, orders: &Receiver<Order>) {
        let mut open = true;
        loop {
            let order = match open {
                true => orders.recv().ok(),
                false => orders.try_recv().ok(),
            };
            match order {
                Some(Order::Write(work, place)) => open &= self.batch(work, place, orders),
                Some(Order::Close) => open = false,
                None => break,
            }
        }
        drop_store(self.shared.change().store.take());
    }

    /// Does one batch that begins with `first`; false if told to close meanwhile.
    fn batch(
        &mut self,
        first: Work,
        place: OwnedSemaphorePermit,
        orders: &Receiver<Order>,
    ) -> bool {
        let store = match self.usable_store() {
            Ok(store) => store,
            Err(error) => {
                first(None)(Err(error));
                return true;
            }
        };
        let mut open = true;
        let mut batch = Batch::default();
        batch.take(first, place, &store);
        while open && batch.has_room() {
            match orders.try_recv() {
                Ok(Order::Write(work, place)) => batch.take(work, place, &store),
                Ok(Order::Close) => open = false,
                Err(_) => break,
            }
        }
        drop(store);
        if batch.unreadable {
            self.fail();
        }
        let outcome = self.commit(std::mem::take(&mut batch.changes), batch.size_bytes);
        batch.finish(&outcome);
        open
    }

    /// Makes `changes` durable, all or none.
    fn commit(&mut self, changes: Changes, size_bytes: usize) -> Result<(), StorageError> {
        if changes.is_empty() {
            return Ok(());
        }
        let store = Arc::clone(self.shared.read().store()?);
        let difference = match difference(&store, self.seal, changes) {
            Ok(difference) => difference,
            Err(error) => {
                drop(store);
                self.fail();
                return Err(error);
            }
        };
        if difference.changes.is_empty() {
            return Ok(());
        }
        self.require_space(size_bytes)?;
        self.shared.change().publish(difference.undo);
        match apply(&store, &difference.changes, difference.seal) {
            Ok(()) => {
                self.seal = difference.seal;
                self.shared.change().settle(self.seal.commit);
                self.mark.write(self.seal.commit);
                Ok(())
            }
            Err(error) => {
                drop(store);
                self.fail();
                Err(error)
            }
        }
    }

    fn usable_store(&mut self) -> Result<Arc<Store>, StorageError> {
        if self.broken {
            self.mend()?;
        }
        self.shared.read().store().cloned()
    }

    /// After a failed batch sled refuses even to read. So it is opened anew at once; readers go on
    /// seeing what was before the batch, as long as the undo stays published.
    fn fail(&mut self) {
        self.broken = true;
        if let Err(error) = self.reopen() {
            tracing::error!(%error, "after a failed write the records do not open again");
        }
    }

    /// Takes back what of a failed batch got through.
    fn mend(&mut self) -> Result<(), StorageError> {
        self.require_space(MAX_BATCH_BYTES)?;
        if self.shared.read().store.is_none() {
            self.reopen()?;
        }
        let (store, undo) = {
            let view = self.shared.read();
            (Arc::clone(view.store()?), view.undo.clone())
        };
        let difference = difference(&store, self.seal, undo)?;
        if !difference.changes.is_empty() {
            if let Err(error) = apply(&store, &difference.changes, difference.seal) {
                drop(store);
                self.fail();
                return Err(error);
            }
            self.seal = difference.seal;
        }
        self.shared.change().settle(self.seal.commit);
        self.mark.write(self.seal.commit);
        self.broken = false;
        Ok(())
    }

    fn reopen(&mut self) -> Result<(), StorageError> {
        let mut view = self.shared.change();
        drop_store(view.store.take());
        let (store, seal) = Store::open(&self.path).map_err(|unopened| match unopened {
            Unopened::Damaged(reason) => StorageError::Records(reason),
            Unopened::Unusable(error) => error,
        })?;
        view.store = Some(Arc::new(store));
        self.seal = seal;
        Ok(())
    }

    fn require_space(&self, size_bytes: usize) -> Result<(), StorageError> {
        let free_bytes = free_bytes(&self.path)?;
        // sled writes a page anew for what changes in it.
        let wanted_bytes = (size_bytes as u64).saturating_mul(8);
        if free_bytes >= self.min_free_bytes.saturating_add(wanted_bytes) {
            Ok(())
        } else {
            Err(StorageError::DiskFull {
                dir: self.path.clone(),
                free_bytes,
            })
        }
    }
}

impl Batch {
    /// Runs `work` on top of the writes taken before.
    fn take(&mut self, work: Work, place: OwnedSemaphorePermit, store: &Store) {
        let mut txn = Txn::new(store, &self.changes);
        let answer = work(Some(&mut txn));
        match txn.finish() {
            Ok((changes, after_commit)) => {
                let size = |(key, value): (&Vec<u8>, &Option<Vec<u8>>)| {
                    key.len() + value.as_ref().map_or(0, Vec::len)
                };
                self.size_bytes += changes.iter().map(size).sum::<usize>();
                self.changes.extend(changes);
                self.after_commit.extend(after_commit);
                self.answers.push((answer, place));
            }
            Err(refusal) => {
                self.unreadable |=
                    matches!(refusal, StorageError::Records(_) | StorageError::Io { .. });
                answer(Err(refusal));
            }
        }
    }

    fn has_room(&self) -> bool {
        self.answers.len() < MAX_BATCH_WRITES && self.size_bytes < MAX_BATCH_BYTES
    }

    fn finish(self, outcome: &Result<(), StorageError>) {
        if outcome.is_ok() {
            for done in self.after_commit {
                if catch_unwind(AssertUnwindSafe(done)).is_err() {
                    tracing::error!("what was to follow a write panicked");
                }
            }
        }
        for (answer, _place) in self.answers {
            answer(outcome.clone());
        }
    }
}

/// What of `wanted` differs from `store`, whose seal is `seal`.
fn difference(store: &Store, mut seal: Seal, wanted: Changes) -> Result<Difference, StorageError> {
    let mut undo = Changes::new();
    let mut changes = Changes::new();
    for (key, new) in wanted {
        let old = store.get(&key)?;
        if old == new {
            continue;
        }
        if let Some(old) = &old {
            seal.remove(&key, old);
        }
        if let Some(new) = &new {
            seal.add(&key, new);
        }
        undo.insert(key.clone(), old);
        changes.insert(key, new);
    }
    seal.format = FORMAT;
    seal.commit += 1;
    Ok(Difference {
        undo,
        changes,
        seal,
    })
}

/// sled reports some failures by panicking.
fn apply(store: &Store, changes: &Changes, seal: Seal) -> Result<(), StorageError> {
    catch_unwind(AssertUnwindSafe(|| store.apply(changes, seal)))
        .unwrap_or_else(|_| Err(StorageError::Records("writing them panicked".to_owned())))
}

/// Dropping sled may write a last time; nothing acknowledged depends on it.
fn drop_store(store: Option<Arc<Store>>) {
    if catch_unwind(AssertUnwindSafe(|| drop(store))).is_err() {
        tracing::warn!("the records did not close cleanly; nothing acknowledged is lost");
    }
}
