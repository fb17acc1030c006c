//! What readers see: the durable state, also while a batch is on its way to the disk.
//!
//! sled shows a batch to readers before it is durable. So the committer first publishes what the
//! batch is about to change as it was; readers look there first. An export that runs meanwhile
//! collects the same for all batches since it began, and so writes the state of one instant.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use super::layout::{Changes, Tree, is_in_pieces, pair_key, value};
use super::store::Store;
use crate::storage::StorageError;

/// A scan reads so many pairs at a time, and holds no lock in between.
const PAGE_PAIRS: usize = 256;
/// What an export may remember of older values before it gives up.
const MAX_EXPORT_BYTES: usize = 64 * 1024 * 1024;

/// A record, as key and value.
pub(super) type Record = (Vec<u8>, Vec<u8>);

/// Pairs of a page, by key.
type Heads = BTreeMap<Vec<u8>, Vec<u8>>;

/// What committer, readers and export share.
pub(super) struct Shared(RwLock<View>);

pub(super) struct View {
    /// Gone once closed, or while it is opened anew.
    pub(super) store: Option<Arc<Store>>,
    /// What the batch that is not yet durable replaces.
    pub(super) undo: Changes,
    /// The number of the last durable batch.
    pub(super) commit: u64,
    /// What the running export needs of the past.
    past: Option<Past>,
}

#[derive(Default)]
struct Past {
    changes: Changes,
    size_bytes: usize,
}

/// Which instant to read.
#[derive(Clone, Copy)]
pub(super) enum As {
    /// The durable state.
    OfNow,
    /// The durable state when the running export began.
    OfExport,
}

impl Shared {
    pub(super) fn new(store: Store, commit: u64) -> Self {
        Self(RwLock::new(View {
            store: Some(Arc::new(store)),
            undo: Changes::new(),
            commit,
            past: None,
        }))
    }

    /// Nothing that can panic half-way through a change runs under the lock.
    pub(super) fn read(&self) -> RwLockReadGuard<'_, View> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn change(&self) -> RwLockWriteGuard<'_, View> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl View {
    /// Takes note that a batch is about to replace what `undo` holds.
    pub(super) fn publish(&mut self, undo: Changes) {
        if let Some(past) = &mut self.past {
            past.remember(&undo);
        }
        self.undo = undo;
    }

    /// Takes note that the batch is durable, as number `commit`.
    pub(super) fn settle(&mut self, commit: u64) {
        self.undo = Changes::new();
        self.commit = commit;
    }

    /// Starts to remember for an export and returns the number of its state.
    pub(super) fn begin_export(&mut self) -> Result<u64, StorageError> {
        if self.past.is_some() {
            return Err(StorageError::Busy);
        }
        let mut past = Past::default();
        past.remember(&self.undo);
        self.past = Some(past);
        Ok(self.commit)
    }

    pub(super) fn end_export(&mut self) {
        self.past = None;
    }

    /// The value of `key`.
    pub(super) fn get(&self, tree: Tree, key: &[u8]) -> Result<Option<Vec<u8>>, StorageError> {
        let pair_key = pair_key(tree, key);
        let get = |key: &[u8]| self.pair(&self.undo, key);
        match get(&pair_key)? {
            Some(head) => value(tree, &pair_key, &head, get).map(Some),
            None => Ok(None),
        }
    }

    /// The next records of `tree` whose key starts with `prefix`, after `after` if it is given;
    /// none if there are no more.
    pub(super) fn page(
        &self,
        tree: Tree,
        prefix: &[u8],
        after: Option<&[u8]>,
        instant: As,
    ) -> Result<Vec<Record>, StorageError> {
        let past = match (instant, &self.past) {
            (As::OfNow, _) => &self.undo,
            (As::OfExport, Some(past)) if past.size_bytes <= MAX_EXPORT_BYTES => &past.changes,
            (As::OfExport, _) => return Err(StorageError::Busy),
        };
        let prefix = pair_key(tree, prefix);
        let mut after = after.map(|key| pair_key(tree, key));
        let heads = loop {
            let (heads, last) = self.heads(past, &prefix, after.as_deref())?;
            if !heads.is_empty() || last.is_none() {
                break heads;
            }
            after = last;
        };
        let get = |key: &[u8]| self.pair(past, key);
        let records = heads.into_iter().map(|(key, head)| {
            let value = value(tree, &key, &head, get)?;
            Ok((key[1..].to_vec(), value))
        });
        records.collect()
    }

    /// The next pairs whose key starts with `prefix`, as they were before the changes in `past`,
    /// and the last key looked at unless there are no more.
    fn heads(
        &self,
        past: &Changes,
        prefix: &[u8],
        after: Option<&[u8]>,
    ) -> Result<(Heads, Option<Vec<u8>>), StorageError> {
        let from = after.map_or(Bound::Included(prefix), Bound::Excluded);
        let mut heads = Heads::new();
        let mut last = None;
        for pair in self.store()?.range(from) {
            let (key, head) = pair?;
            if !key.starts_with(prefix) {
                break;
            }
            // A value in pieces may be long: one a page.
            let full = heads.len() + 1 == PAGE_PAIRS || is_in_pieces(&head);
            heads.insert(key.to_vec(), head.to_vec());
            if full {
                last = Some(key.to_vec());
                break;
            }
        }
        let to = last.as_deref().map_or(Bound::Unbounded, Bound::Included);
        let replaced = past.range::<[u8], _>((from, to));
        for (key, head) in replaced.take_while(|(key, _)| key.starts_with(prefix)) {
            match head {
                Some(head) => heads.insert(key.clone(), head.clone()),
                None => heads.remove(key),
            };
        }
        Ok((heads, last))
    }

    /// A pair of the store, as it was before the changes in `past`.
    fn pair(&self, past: &Changes, key: &[u8]) -> Result<Option<Vec<u8>>, StorageError> {
        match past.get(key) {
            Some(old) => Ok(old.clone()),
            None => self.store()?.get(key),
        }
    }

    pub(super) fn store(&self) -> Result<&Arc<Store>, StorageError> {
        self.store.as_ref().ok_or(StorageError::Closed)
    }
}

impl Past {
    fn remember(&mut self, undo: &Changes) {
        // One that is already too large is of no use; it only waits to be noticed.
        if self.size_bytes > MAX_EXPORT_BYTES {
            return;
        }
        for (key, old) in undo {
            if !self.changes.contains_key(key) {
                self.size_bytes += key.len() + old.as_ref().map_or(0, Vec::len);
                self.changes.insert(key.clone(), old.clone());
            }
        }
    }
}
