//! All resumable uploads.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::entry::Entry;
use super::error::ResumableError;
use super::record::{End, Kept, NewResumable, ResumableId};
use crate::clock::SharedClock;
use crate::library::intake::Intake;
use crate::library::names;
use crate::library::refusal::UploadError;
use crate::storage::{Records, SpoolFile, StorageError, Tree, durable_remove};
use crate::timeline::{DurationMs, UnixMs};

/// So many may be unfinished …
const MOST_UNFINISHED: usize = 1000;
/// … unless one of them has been left alone for so long: then it makes room.
const MAKES_ROOM_AFTER: DurationMs = DurationMs::new(3_600_000);
/// When somebody went on with it is noted this often.
pub(super) const NOTE_ACTIVITY_EVERY: DurationMs = DurationMs::new(60_000);
/// So many are known at all.
const MOST_KNOWN: usize = 10_000;

/// The resumable uploads; cheap to clone.
#[derive(Clone)]
pub struct Resumables(pub(super) Arc<Table>);

pub(super) struct Table {
    pub intake: Arc<Intake>,
    pub clock: SharedClock,
    /// So long an upload may be left alone.
    pub kept_for: DurationMs,
    /// Something has come that will expire.
    pub changed: Notify,
    records: Records,
    entries: Mutex<HashMap<ResumableId, Arc<Entry>>>,
}

/// How far an upload has come.
#[derive(Debug, Clone)]
pub struct Standing {
    /// Its name.
    pub id: ResumableId,
    /// How many bytes are on disk.
    pub received_bytes: u64,
    /// How many there will be.
    pub size_bytes: u64,
    /// What the client said of it.
    pub metadata: String,
    /// When it is given up, unless more comes or it has ended.
    pub expires: Option<UnixMs>,
}

impl Resumables {
    /// Reads what is known of uploads under way; `intake` takes in those that end. Blocks.
    ///
    /// # Errors
    /// [`StorageError`] if records or files cannot be read.
    pub(in crate::library) fn open(
        records: Records,
        clock: SharedClock,
        intake: Arc<Intake>,
        kept_for: DurationMs,
    ) -> Result<Self, StorageError> {
        let dir = intake.uploads_dir.clone();
        let mut files: HashMap<_, _> = SpoolFile::lasting_in(&dir)?.into_iter().collect();
        let mut entries = HashMap::new();
        for record in records.scan(Tree::Resumables, b"") {
            let (key, value) = record?;
            let id = str::from_utf8(&key).ok().and_then(ResumableId::new);
            let kept = serde_json::from_slice::<Kept>(&value).ok();
            let (Some(id), Some(kept)) = (id, kept) else {
                continue;
            };
            let received_bytes = match &kept.end {
                Some(End::Stored | End::Refused { .. }) => kept.size_bytes,
                Some(End::Expired) => 0,
                None if kept.is_whole => {
                    files.remove(id.as_str());
                    kept.size_bytes
                }
                None if kept.direct.is_some() => 0,
                None => {
                    let file_bytes = files.remove(id.as_str()).unwrap_or(0);
                    file_bytes
                        .min(kept.checked_bytes.unwrap_or(u64::MAX))
                        .min(kept.size_bytes)
                }
            };
            let entry = Entry::new(id.clone(), kept, received_bytes);
            entries.insert(id, Arc::new(entry));
        }
        for name in files.into_keys() {
            durable_remove(&SpoolFile::lasting_path(&dir, &name))?;
        }
        Ok(Self(Arc::new(Table {
            intake,
            clock,
            kept_for,
            changed: Notify::new(),
            records,
            entries: Mutex::new(entries),
        })))
    }

    /// Announces an upload, or finds the one announced before under the same client's key.
    ///
    /// # Errors
    /// [`ResumableError::Upload`] if what is announced already shows that it cannot be taken.
    pub async fn create(&self, new: NewResumable) -> Result<Standing, ResumableError> {
        let table = &self.0;
        table.check(&new)?;
        if let Some(entry) = table.announced_before(&new) {
            return Ok(table.standing(&entry));
        }
        table.intake.check_disk_for(new.size_bytes).await?;
        table.make_room().await?;
        let kept = Kept::new(new, table.clock.now());
        table.insert(ResumableId::random(), kept).await
    }

    /// How far the upload `id` has come. A connection that is sending it lets go, so that this is
    /// where the next one goes on.
    ///
    /// # Errors
    /// [`ResumableError`] if it is not known, expired or busy.
    pub async fn look(&self, id: &ResumableId) -> Result<Standing, ResumableError> {
        let entry = self.0.find_here(id)?;
        if !entry.is_whole() {
            entry.take_over().await?;
        }
        Ok(self.0.standing(&entry))
    }

    /// Ends the upload `id` and removes what has come of it.
    ///
    /// # Errors
    /// [`ResumableError::Stored`] if its video is in the library; that it is not known, or busy.
    pub async fn remove(&self, id: &ResumableId) -> Result<(), ResumableError> {
        let entry = self.0.find(id)?;
        let turn = entry.take_over().await?;
        if entry.kept().end == Some(End::Stored) {
            return Err(ResumableError::Stored);
        }
        self.0.forget(&turn.entry).await?;
        Ok(())
    }
}

impl Table {
    /// The upload `id`, if it has not expired.
    pub fn find(&self, id: &ResumableId) -> Result<Arc<Entry>, ResumableError> {
        let entry = self.entries().get(id).cloned();
        let entry = entry.ok_or(ResumableError::Unknown)?;
        match self.is_expired(&entry) {
            true => Err(ResumableError::Expired),
            false => Ok(entry),
        }
    }

    /// The upload `id`, if it has not expired and its bytes come through this server.
    pub fn find_here(&self, id: &ResumableId) -> Result<Arc<Entry>, ResumableError> {
        let entry = self.find(id)?;
        match entry.kept().direct {
            Some(_) => Err(ResumableError::Unknown),
            None => Ok(entry),
        }
    }

    /// The upload `id`, expired or not.
    pub fn entry(&self, id: &ResumableId) -> Option<Arc<Entry>> {
        self.entries().get(id).cloned()
    }

    /// Whether what is announced already shows that it cannot be taken.
    pub fn check(&self, new: &NewResumable) -> Result<(), ResumableError> {
        if names::ending(&new.file_name).is_none() {
            return Err(UploadError::wrong_type(&new.file_name).into());
        }
        if new.size_bytes == 0 {
            return Err(UploadError::Empty.into());
        }
        let limit_bytes = self.intake.max_upload_bytes;
        if new.size_bytes > limit_bytes {
            return Err(UploadError::TooLarge { limit_bytes }.into());
        }
        Ok(())
    }

    /// Knows one more upload.
    pub async fn insert(&self, id: ResumableId, kept: Kept) -> Result<Standing, ResumableError> {
        self.write(&id, Some(&kept)).await?;
        let entry = Arc::new(Entry::new(id.clone(), kept, 0));
        self.entries().insert(id, Arc::clone(&entry));
        self.changed.notify_one();
        Ok(self.standing(&entry))
    }

    /// Notes that somebody goes on with it.
    pub async fn note_activity(&self, entry: &Entry) -> Result<(), StorageError> {
        let (kept, now) = (entry.kept(), self.clock.now());
        if kept.idle(now) < NOTE_ACTIVITY_EVERY {
            return Ok(());
        }
        let active_ms = now.get();
        self.keep(entry, Kept { active_ms, ..kept }).await
    }

    pub fn is_expired(&self, entry: &Arc<Entry>) -> bool {
        let kept = entry.kept();
        match kept.end {
            Some(End::Expired) => true,
            Some(End::Stored | End::Refused { .. }) => false,
            // Its client has done all it can.
            None if entry.is_whole() => false,
            // One that is worked on just now has not been left alone.
            None => kept.idle(self.clock.now()) >= self.kept_for && entry.try_turn().is_some(),
        }
    }

    pub fn standing(&self, entry: &Entry) -> Standing {
        let kept = entry.kept();
        let expires = UnixMs::new(kept.active_ms).plus(self.kept_for);
        Standing {
            id: entry.id.clone(),
            received_bytes: entry.received_bytes(),
            size_bytes: kept.size_bytes,
            metadata: kept.metadata,
            expires: kept.end.is_none().then_some(expires),
        }
    }

    /// Where the bytes of `id` lie.
    pub fn path(&self, id: &ResumableId) -> PathBuf {
        SpoolFile::lasting_path(&self.intake.uploads_dir, id.as_str())
    }

    /// Makes `kept` what is known of `entry`.
    pub async fn keep(&self, entry: &Entry, kept: Kept) -> Result<(), StorageError> {
        self.write(&entry.id, Some(&kept)).await?;
        entry.set_kept(kept);
        Ok(())
    }

    /// Notes how `entry` ended; its bytes are not needed any more.
    pub async fn end(&self, entry: &Entry, end: End) -> Result<(), StorageError> {
        let kept = Kept {
            end: Some(end),
            checked_bytes: None,
            ..entry.kept()
        };
        self.keep(entry, kept).await?;
        self.remove_bytes(entry).await
    }

    /// Removes all there is of `entry`.
    pub async fn forget(&self, entry: &Entry) -> Result<(), StorageError> {
        self.entries().remove(&entry.id);
        self.write(&entry.id, None).await?;
        self.remove_bytes(entry).await
    }

    pub fn all(&self) -> Vec<Arc<Entry>> {
        self.entries().values().cloned().collect()
    }

    async fn remove_bytes(&self, entry: &Entry) -> Result<(), StorageError> {
        if let Some(direct) = entry.kept().direct {
            self.remove_objects(&direct).await;
            return Ok(());
        }
        let path = self.path(&entry.id);
        let removed = tokio::task::spawn_blocking(move || durable_remove(&path)).await;
        removed.unwrap_or(Err(StorageError::Panicked))
    }

    async fn write(&self, id: &ResumableId, kept: Option<&Kept>) -> Result<(), StorageError> {
        let key = id.as_str().as_bytes().to_vec();
        let value = kept.map(|kept| serde_json::to_vec(kept).expect("it is plain data"));
        let written = self.records.write(move |txn| match value {
            Some(value) => txn.put(Tree::Resumables, &key, &value),
            None => txn.delete(Tree::Resumables, &key),
        });
        written.await?
    }

    fn announced_before(&self, new: &NewResumable) -> Option<Arc<Entry>> {
        let key = new.client_key.as_ref()?;
        let is_it = |entry: &&Arc<Entry>| {
            let kept = entry.kept();
            kept.client_key.as_ref() == Some(key)
                && kept.direct.is_none()
                && !matches!(kept.end, Some(End::Refused { .. }))
                && kept.file_name == new.file_name
                && kept.size_bytes == new.size_bytes
        };
        let found = self.entries().values().find(is_it).cloned();
        found.filter(|entry| !self.is_expired(entry))
    }

    /// Sees to it that one more may be known.
    pub async fn make_room(&self) -> Result<(), ResumableError> {
        let all = self.all();
        let oldest = |among: &mut dyn Iterator<Item = &Arc<Entry>>| {
            among.min_by_key(|entry| entry.kept().active_ms).cloned()
        };
        let (ended, open): (Vec<_>, Vec<_>) = all
            .iter()
            .cloned()
            .partition(|entry| entry.kept().end.is_some());
        if all.len() >= MOST_KNOWN
            && let Some(entry) = oldest(&mut ended.iter())
        {
            self.forget(&entry).await?;
        }
        if open.len() >= MOST_UNFINISHED {
            let idle = oldest(&mut open.iter().filter(|entry| {
                entry.kept().idle(self.clock.now()) >= MAKES_ROOM_AFTER
                    && entry.try_turn().is_some()
            }));
            let limit = MOST_UNFINISHED;
            let idle = idle.ok_or(UploadError::TooMany { limit })?;
            self.end(&idle, End::Expired).await?;
        }
        Ok(())
    }

    fn entries(&self) -> MutexGuard<'_, HashMap<ResumableId, Arc<Entry>>> {
        // Nothing here panics half-way through a change.
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
