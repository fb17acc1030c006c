//! The sled tree on disk: opened only if every pair reads, changed one durable batch at a time.

use std::fs::File;
use std::io;
use std::ops::Bound;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::thread;

use super::layout::{Changes, SEAL_KEY};
use super::seal::{FORMAT, Seal};
use crate::storage::StorageError;

/// Records are small; this keeps the recently used ones at hand.
const CACHE_BYTES: u64 = 32 * 1024 * 1024;
/// How often to ask for the files of a store this process has just closed: sled's own threads hold
/// them for some microseconds more. (The committer cannot sleep shortly, see `IDLE_SLACK_NS`.)
const LOCK_TRIES: u32 = 100_000;

/// An open sled tree.
pub(super) struct Store {
    db: sled::Db,
    /// A handle of our own on sled's log, to sync it.
    log: File,
    path: PathBuf,
}

/// Why a store was not opened.
#[derive(Debug)]
pub(super) enum Unopened {
    /// What is there is not whole.
    Damaged(String),
    /// What is there may well be whole, but cannot be used.
    Unusable(StorageError),
}

impl Store {
    /// Opens the store at `path`, reads every pair and compares them with the seal.
    pub(super) fn open(path: &Path) -> Result<(Self, Seal), Unopened> {
        let opened = catch_unwind(AssertUnwindSafe(|| {
            let store = Self::start(path)?;
            let seal = store.verify()?;
            Ok((store, seal))
        }));
        opened.unwrap_or_else(|panic| {
            let said = panic
                .downcast_ref::<String>()
                .map(String::as_str)
                .or_else(|| panic.downcast_ref::<&str>().copied());
            let said = said.unwrap_or("no reason given");
            Err(Unopened::Damaged(format!("reading them panicked: {said}")))
        })
    }

    /// Creates an empty, sealed store at `path`, where nothing is yet.
    pub(super) fn create(path: &Path) -> Result<Self, StorageError> {
        let store = match Self::start(path) {
            Ok(store) => store,
            Err(Unopened::Unusable(error)) => return Err(error),
            Err(Unopened::Damaged(reason)) => return Err(StorageError::Records(reason)),
        };
        store.apply(&Changes::new(), Seal::EMPTY)?;
        Ok(store)
    }

    fn start(path: &Path) -> Result<Self, Unopened> {
        let config = sled::Config::new()
            .path(path)
            .cache_capacity(CACHE_BYTES)
            // Its flusher would wake an idle process several times a second.
            .flush_every_ms(None);
        let mut tries = 0;
        let db = loop {
            match config.clone().open() {
                Err(error) if is_locked(&error) && tries < LOCK_TRIES => {
                    tries += 1;
                    thread::yield_now();
                }
                opened => break opened.map_err(|error| unopened(path, error))?,
            }
        };
        let log = File::open(path.join("db"))
            .map_err(StorageError::io("open", path))
            .map_err(Unopened::Unusable)?;
        let path = path.to_owned();
        Ok(Self { db, log, path })
    }

    fn verify(&self) -> Result<Seal, Unopened> {
        let damaged = |error: sled::Error| Unopened::Damaged(error.to_string());
        let sealed = self.db.get(SEAL_KEY).map_err(damaged)?;
        let Some(sealed) = sealed else {
            return Err(Unopened::Damaged("their seal is missing".to_owned()));
        };
        match Seal::format_of(&sealed) {
            Some(found) if found > FORMAT => {
                return Err(Unopened::Unusable(StorageError::TooNew {
                    dir: self.path.clone(),
                    found,
                    known: FORMAT,
                }));
            }
            _ => {}
        }
        let seal = Seal::from_bytes(&sealed)
            .ok_or_else(|| Unopened::Damaged("their seal is broken".to_owned()))?;
        let mut found = Seal {
            commit: seal.commit,
            ..Seal::EMPTY
        };
        for pair in self.db.range(..SEAL_KEY) {
            let (key, value) = pair.map_err(damaged)?;
            found.add(&key, &value);
        }
        if found == seal {
            Ok(seal)
        } else {
            Err(Unopened::Damaged(format!(
                "{} pairs were found where {} were sealed, or their bytes differ",
                found.pairs, seal.pairs
            )))
        }
    }

    /// The value of `key`.
    pub(super) fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StorageError> {
        let value = self.db.get(key).map_err(|error| self.failed(error))?;
        Ok(value.map(|value| value.to_vec()))
    }

    /// The pairs from `from` on, in order of key, the seal's included.
    pub(super) fn range(
        &self,
        from: Bound<&[u8]>,
    ) -> impl Iterator<Item = Result<(sled::IVec, sled::IVec), StorageError>> {
        let pairs = self.db.range::<&[u8], _>((from, Bound::Unbounded));
        pairs.map(|pair| pair.map_err(|error| self.failed(error)))
    }

    /// Applies `changes` and `seal` in one batch, which is on disk when this returns.
    ///
    /// After an error the store is not to be used any more; opened anew, it holds either all of the
    /// batch or nothing.
    pub(super) fn apply(&self, changes: &Changes, seal: Seal) -> Result<(), StorageError> {
        let mut batch = sled::Batch::default();
        for (key, value) in changes {
            match value {
                Some(value) => batch.insert(key.as_slice(), value.as_slice()),
                None => batch.remove(key.as_slice()),
            }
        }
        batch.insert(SEAL_KEY, &seal.to_bytes());
        self.db
            .apply_batch(batch)
            .and_then(|()| self.db.flush())
            .map_err(|error| self.failed(error))?;
        // sled only starts the writing (`sync_file_range`), which leaves it in the disk's cache.
        self.log
            .sync_data()
            .map_err(StorageError::io("sync", &self.path))
    }

    fn failed(&self, error: sled::Error) -> StorageError {
        match error {
            sled::Error::Io(error) => StorageError::io("use the records in", &self.path)(error),
            other => StorageError::Records(other.to_string()),
        }
    }
}

fn is_locked(error: &sled::Error) -> bool {
    matches!(error, sled::Error::Io(error) if error.to_string().contains("could not acquire lock"))
}

/// What the machine lacks is no damage.
fn unopened(path: &Path, error: sled::Error) -> Unopened {
    use io::ErrorKind as Kind;
    match error {
        sled::Error::Io(error)
            if is_shortage(&error)
                || matches!(
                    error.kind(),
                    Kind::PermissionDenied
                        | Kind::StorageFull
                        | Kind::QuotaExceeded
                        | Kind::ReadOnlyFilesystem
                        | Kind::OutOfMemory
                ) =>
        {
            Unopened::Unusable(StorageError::io("open the records in", path)(error))
        }
        error if is_locked(&error) => Unopened::Unusable(StorageError::InUse(path.to_owned())),
        error => Unopened::Damaged(error.to_string()),
    }
}

/// Too many open files, here or on the whole machine.
fn is_shortage(error: &io::Error) -> bool {
    use rustix::io::Errno;
    let code = error.raw_os_error();
    code == Some(Errno::MFILE.raw_os_error()) || code == Some(Errno::NFILE.raw_os_error())
}
