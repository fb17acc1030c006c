//! Opens the records of a directory: whole, or set aside and restored, but never lost.
//!
//! In the directory: `store/` (sled's), `lock`, `mark`, `export.jsonl` (the last export), and what
//! was set aside (`…-damaged-1`, …). A store comes into being as `store-new/` and is
//! renamed when it is complete, so `store/` without a seal is damage and not a first start.

use std::fmt;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

use super::export::{self, Unread};
use super::layout::{Changes, pair_key, pairs};
use super::mark::Mark;
use super::seal::Seal;
use super::store::{Store, Unopened};
use crate::storage::objects::sync_parent;
use crate::storage::{StorageError, create_dir_durably};

/// So many bytes of an export are put into the new store at a time.
const RESTORE_BATCH_BYTES: usize = 1024 * 1024;
/// More damaged ones are not kept apart by number.
const MOST_SET_ASIDE: u32 = 10_000;

/// How the records were found; all but the first two are to be said loudly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recovery {
    /// There were none.
    Fresh,
    /// They were there, and every one reads.
    Opened,
    /// They are whole, but the last writes are missing: the end of the log is gone.
    Shortened {
        /// How many batches of writes are missing.
        batches: u64,
    },
    /// They were gone, and came back from the last export.
    Restored {
        /// How many there are now.
        records: u64,
    },
    /// They were damaged and have been moved aside; nothing was deleted.
    SetAside {
        /// Where the damaged ones are now.
        path: PathBuf,
        /// What was wrong with them.
        reason: String,
        /// How many records the last export gave back, if there was one.
        restored: Option<u64>,
    },
}

impl fmt::Display for Recovery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fresh => f.write_str("there were no records yet"),
            Self::Opened => f.write_str("all records are there"),
            Self::Shortened { batches } => write!(
                f,
                "the records have lost their end: what the last {batches} batches of writes \
                 changed is as it was before"
            ),
            Self::Restored { records } => write!(
                f,
                "the records were gone; {records} came back from the last export"
            ),
            Self::SetAside {
                path,
                reason,
                restored,
            } => {
                let path = path.display();
                write!(
                    f,
                    "the records were damaged ({reason}) and are now in {path}; "
                )?;
                match restored {
                    Some(records) => write!(f, "{records} came back from the last export"),
                    None => f.write_str("there was no export to restore them from"),
                }
            }
        }
    }
}

/// An open store and what keeps others out of it.
pub(super) struct Opened {
    pub(super) store: Store,
    pub(super) seal: Seal,
    pub(super) recovery: Recovery,
    pub(super) path: PathBuf,
    pub(super) mark: Mark,
    /// Held as long as the store is open; the system releases it even after `kill -9`.
    pub(super) lock: File,
}

/// Where things are.
struct Places {
    records: PathBuf,
    unfinished: PathBuf,
    export: PathBuf,
}

/// Where the last export of the records in `dir` lies.
pub(super) fn export_path(dir: &Path) -> PathBuf {
    dir.join("export.jsonl")
}

/// Opens the records kept in `dir`.
pub(super) fn open(dir: &Path) -> Result<Opened, StorageError> {
    create_dir_durably(dir)?;
    let lock = lock(dir)?;
    let places = Places {
        records: dir.join("store"),
        unfinished: dir.join("store-new"),
        export: export_path(dir),
    };
    let mark = Mark::open(&dir.join("mark"))?;
    let (store, seal, mut recovery) = places.open()?;
    let batches = mark.read().unwrap_or(0).saturating_sub(seal.commit);
    if recovery == Recovery::Opened && batches > 0 {
        recovery = Recovery::Shortened { batches };
    }
    mark.write(seal.commit);
    Ok(Opened {
        store,
        seal,
        recovery,
        mark,
        path: places.records,
        lock,
    })
}

/// Fills `dir`, which holds no records yet, from the export at `from`.
pub(super) fn import(dir: &Path, from: &Path) -> Result<u64, StorageError> {
    create_dir_durably(dir)?;
    let _lock = lock(dir)?;
    let places = Places {
        records: dir.join("store"),
        unfinished: dir.join("store-new"),
        export: from.to_owned(),
    };
    if places.records.exists() {
        let reason = format!("{} holds records already", dir.display());
        return Err(StorageError::Records(reason));
    }
    match places.rebuild() {
        Ok((_, _, restored)) => Ok(restored.unwrap_or(0)),
        Err(Unread::Unusable(error)) => Err(error),
        Err(Unread::Damaged(reason)) => Err(StorageError::Records(reason)),
    }
}

fn lock(dir: &Path) -> Result<File, StorageError> {
    let path = dir.join("lock");
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(StorageError::io("open", &path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StorageError::InUse(dir.to_owned())),
        Err(TryLockError::Error(error)) => Err(StorageError::io("lock", &path)(error)),
    }
}

impl Places {
    fn open(&self) -> Result<(Store, Seal, Recovery), StorageError> {
        let damage = match self.records.exists() {
            false => None,
            true => match self.open_trusted() {
                Ok((store, seal)) => return Ok((store, seal, Recovery::Opened)),
                Err(Unopened::Unusable(error)) => return Err(error),
                Err(Unopened::Damaged(reason)) => Some((set_aside(&self.records)?, reason)),
            },
        };
        let (rebuilt, damage) = match self.rebuild() {
            Ok(rebuilt) => (rebuilt, damage),
            Err(Unread::Unusable(error)) => return Err(error),
            Err(Unread::Damaged(unread)) => {
                let export = set_aside(&self.export)?;
                let damage = match damage {
                    Some((path, reason)) => (path, format!("{reason}; {unread}")),
                    None => (export, unread),
                };
                match self.rebuild() {
                    Ok(rebuilt) => (rebuilt, Some(damage)),
                    Err(Unread::Unusable(error)) => return Err(error),
                    Err(Unread::Damaged(reason)) => return Err(StorageError::Records(reason)),
                }
            }
        };
        let (store, seal, restored) = rebuilt;
        let recovery = match (damage, restored) {
            (Some((path, reason)), restored) => Recovery::SetAside {
                path,
                reason,
                restored,
            },
            (None, Some(records)) => Recovery::Restored { records },
            (None, None) => Recovery::Fresh,
        };
        Ok((store, seal, recovery))
    }

    /// The store, if it reads whole and is no older than its own export.
    fn open_trusted(&self) -> Result<(Store, Seal), Unopened> {
        let (store, seal) = Store::open(&self.records)?;
        match export::commit_of(&self.export) {
            Ok(commit) if commit > seal.commit => Err(Unopened::Damaged(format!(
                "they end at write {} and their export at {commit}",
                seal.commit
            ))),
            // An unreadable export is no reason to doubt the records.
            _ => Ok((store, seal)),
        }
    }

    /// A new store in its place, from the export if there is one.
    fn rebuild(&self) -> Result<(Store, Seal, Option<u64>), Unread> {
        if self.unfinished.exists() {
            fs::remove_dir_all(&self.unfinished)
                .map_err(StorageError::io("remove", &self.unfinished))?;
        }
        let store = Store::create(&self.unfinished)?;
        let restored = match self.export.exists() {
            true => Some(restore(&store, &self.export)?),
            false => None,
        };
        drop(store);
        sync_all_below(&self.unfinished)?;
        fs::rename(&self.unfinished, &self.records)
            .map_err(StorageError::io("rename", &self.unfinished))?;
        sync_parent(&self.records)?;
        match Store::open(&self.records) {
            Ok((store, seal)) => Ok((store, seal, restored)),
            Err(Unopened::Unusable(error)) => Err(error.into()),
            Err(Unopened::Damaged(reason)) => Err(StorageError::Records(reason).into()),
        }
    }
}

/// Puts all of the export at `from` into the empty `store`.
fn restore(store: &Store, from: &Path) -> Result<u64, Unread> {
    let mut seal = Seal::EMPTY;
    let mut changes = Changes::new();
    let mut size_bytes = 0;
    let (commit, records) = export::read(from, |tree, key, value| {
        size_bytes += key.len() + value.len();
        changes.extend(pairs(pair_key(tree, &key), None, Some(&value)));
        if size_bytes >= RESTORE_BATCH_BYTES {
            size_bytes = 0;
            put_pairs(store, &mut seal, std::mem::take(&mut changes))?;
        }
        Ok(())
    })?;
    // The number goes on from the export's, so that the next start sees it is no older.
    seal.commit += commit;
    put_pairs(store, &mut seal, changes)?;
    Ok(records)
}

fn put_pairs(store: &Store, seal: &mut Seal, changes: Changes) -> Result<(), StorageError> {
    for (key, value) in &changes {
        if let Some(value) = value {
            seal.add(key, value);
        }
    }
    seal.commit += 1;
    store.apply(&changes, *seal)
}

/// Moves `path` out of the way under a name that tells why, and returns that.
fn set_aside(path: &Path) -> Result<PathBuf, StorageError> {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let ending = path
        .extension()
        .map(|ending| format!(".{}", ending.to_string_lossy()))
        .unwrap_or_default();
    let aside = (1..MOST_SET_ASIDE)
        .map(|number| path.with_file_name(format!("{stem}-damaged-{number}{ending}")))
        .find(|aside| !aside.exists())
        .ok_or_else(|| {
            let reason = format!("too many damaged ones lie beside {}", path.display());
            StorageError::Records(reason)
        })?;
    fs::rename(path, &aside).map_err(StorageError::io("set aside", path))?;
    sync_parent(path)?;
    Ok(aside)
}

/// Makes every file and directory below `dir` durable: sled syncs only its log.
fn sync_all_below(dir: &Path) -> Result<(), StorageError> {
    let failed = StorageError::io;
    for entry in fs::read_dir(dir).map_err(failed("read", dir))? {
        let path = entry.map_err(failed("read", dir))?.path();
        if path.is_dir() {
            sync_all_below(&path)?;
        } else {
            let file = File::open(&path).and_then(|file| file.sync_all());
            file.map_err(failed("sync", &path))?;
        }
    }
    let dir_file = File::open(dir).and_then(|dir| dir.sync_all());
    dir_file.map_err(failed("sync", dir))
}
