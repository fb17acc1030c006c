//! One write under way.

use super::layout::{
    Changes, MAX_KEY_BYTES, MAX_VALUE_BYTES, MAX_WRITE_BYTES, Tree, pair_key, pairs, value,
};
use super::store::Store;
use crate::storage::StorageError;

/// What is to happen once a write is on disk.
pub(super) type AfterCommit = Box<dyn FnOnce() + Send>;

/// One write under way: its reads see what it and earlier writes of the same batch changed.
pub struct Txn<'a> {
    store: &'a Store,
    /// What earlier writes of the batch changed.
    earlier: &'a Changes,
    own: Changes,
    put_bytes: usize,
    refusal: Option<StorageError>,
    after_commit: Vec<AfterCommit>,
}

/// What a write leaves: all of it, or why nothing.
pub(super) type Written = Result<(Changes, Vec<AfterCommit>), StorageError>;

impl<'a> Txn<'a> {
    pub(super) fn new(store: &'a Store, earlier: &'a Changes) -> Self {
        Self {
            store,
            earlier,
            own: Changes::new(),
            put_bytes: 0,
            refusal: None,
            after_commit: Vec::new(),
        }
    }

    /// The value of `key`, as this and earlier writes of the same batch left it.
    ///
    /// # Errors
    /// [`StorageError::Records`] if the disk fails.
    pub fn get(&mut self, tree: Tree, key: &[u8]) -> Result<Option<Vec<u8>>, StorageError> {
        let pair_key = pair_key(tree, key);
        let found = self.pair(&pair_key).and_then(|head| match head {
            Some(head) => value(tree, &pair_key, &head, |key| self.pair(key)).map(Some),
            None => Ok(None),
        });
        self.noted(found)
    }

    /// Keeps `value` under `key`. After a refusal nothing of this write is kept.
    ///
    /// # Errors
    /// [`StorageError::Size`].
    pub fn put(&mut self, tree: Tree, key: &[u8], value: &[u8]) -> Result<(), StorageError> {
        self.put_bytes = self.put_bytes.saturating_add(value.len());
        let fits = within("value", value.len(), MAX_VALUE_BYTES)
            .and_then(|()| within("write", self.put_bytes, MAX_WRITE_BYTES));
        self.noted(fits)?;
        self.set(tree, key, Some(value))
    }

    /// Forgets `key`. After a refusal nothing of this write is kept.
    ///
    /// # Errors
    /// [`StorageError::Size`].
    pub fn delete(&mut self, tree: Tree, key: &[u8]) -> Result<(), StorageError> {
        self.set(tree, key, None)
    }

    /// Has `done` run on the committer's thread, in the order of writes, once this write is on
    /// disk; it must be quick and must not write records itself.
    pub fn after_commit(&mut self, done: impl FnOnce() + Send + 'static) {
        self.after_commit.push(Box::new(done));
    }

    /// Makes this write come to nothing, for `reason`.
    pub(super) fn refuse(&mut self, reason: StorageError) {
        self.refusal.get_or_insert(reason);
    }

    pub(super) fn finish(self) -> Written {
        match self.refusal {
            Some(reason) => Err(reason),
            None => Ok((self.own, self.after_commit)),
        }
    }

    fn set(&mut self, tree: Tree, key: &[u8], value: Option<&[u8]>) -> Result<(), StorageError> {
        let fits = within("key", key.len(), MAX_KEY_BYTES);
        self.noted(fits)?;
        let pair_key = pair_key(tree, key);
        let old = self.pair(&pair_key);
        let old = self.noted(old)?;
        self.own.extend(pairs(pair_key, old.as_deref(), value));
        Ok(())
    }

    fn pair(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StorageError> {
        match self.own.get(key).or_else(|| self.earlier.get(key)) {
            Some(changed) => Ok(changed.clone()),
            None => self.store.get(key),
        }
    }

    /// A caller may drop an error; the write it spoilt must come to nothing all the same.
    fn noted<T>(&mut self, result: Result<T, StorageError>) -> Result<T, StorageError> {
        result.inspect_err(|error| self.refuse(error.clone()))
    }
}

fn within(what: &'static str, size_bytes: usize, max_bytes: usize) -> Result<(), StorageError> {
    if size_bytes <= max_bytes {
        Ok(())
    } else {
        Err(StorageError::Size {
            what,
            size_bytes,
            max_bytes,
        })
    }
}
