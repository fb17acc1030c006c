//! The handle through which the rest of the house has videos converted.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, watch};

use super::book::{Book, Expired, Note};
use super::folders::{FolderError, Folders, VersionOf};
use super::job::{JobRecord, Jobs};
use crate::clock::SharedClock;
use crate::config::Config;
use crate::library::Library;
use crate::storage::{Records, StorageError, Tree};
use crate::timeline::VideoId;

/// Progress is told to people this often.
const TELL_EVERY: Duration = Duration::from_millis(500);
/// Versions nobody needs are looked for this often.
const SWEEP_EVERY: Duration = Duration::from_secs(3600);

/// Why there is no converting.
#[derive(Debug, thiserror::Error)]
pub enum ConversionError {
    /// Records or folders cannot be used.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The folder for versions cannot be used.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// Somebody else has the job, or nobody needs it any more.
    #[error("this job is no longer yours")]
    Expired,
    /// Subtitle files cannot be looked for or kept.
    #[error("the subtitle files cannot be used: {0}")]
    Texts(#[source] std::io::Error),
    /// What came from elsewhere is not what it should be.
    #[error("{0}")]
    Refused(String),
}

impl From<Expired> for ConversionError {
    fn from(Expired: Expired) -> Self {
        Self::Expired
    }
}

/// Says which prepared versions the plan may still show.
pub type InUse = Box<dyn Fn() -> HashSet<VersionOf> + Send + Sync>;

/// The jobs of one station; cheap to clone.
#[derive(Clone)]
pub struct Conversion(Arc<Inner>);

struct Inner {
    book: Mutex<Book>,
    records: Records,
    clock: SharedClock,
    library: Library,
    folders: Folders,
    in_use: InUse,
    /// There may be something to do.
    news: Notify,
    told: watch::Sender<Arc<Jobs>>,
    /// How far running jobs are has changed since it was told.
    progressed: Notify,
}

impl Conversion {
    /// Takes up the jobs there are; nobody works on them yet.
    ///
    /// # Errors
    /// [`ConversionError`] if what was kept of jobs cannot be read, or the folder for versions not
    /// be used.
    pub(super) async fn open(
        config: &Config,
        (records, clock): (Records, SharedClock),
        library: &Library,
        in_use: InUse,
        shutdown: watch::Receiver<bool>,
    ) -> Result<Self, ConversionError> {
        let folders = Folders::open(&config.prepared_dir)?;
        let inner = Inner {
            book: Mutex::new(Book::new(kept(&records)?)),
            records,
            clock,
            library: library.clone(),
            folders,
            in_use,
            news: Notify::new(),
            told: watch::Sender::default(),
            progressed: Notify::new(),
        };
        let conversion = Self(Arc::new(inner));
        conversion.learn().await;
        tokio::spawn(conversion.clone().follow(shutdown.clone()));
        tokio::spawn(conversion.clone().tell_progress(shutdown.clone()));
        tokio::spawn(conversion.clone().sweep_regularly(shutdown));
        Ok(conversion)
    }

    /// The jobs there are, and all later states; a slow reader gets the newest.
    pub fn subscribe(&self) -> watch::Receiver<Arc<Jobs>> {
        self.0.told.subscribe()
    }

    /// Has a failed job tried again; false if there is none of `video`.
    ///
    /// # Errors
    /// [`ConversionError::Storage`] if the disk took nothing.
    pub async fn retry(&self, video: &VideoId) -> Result<bool, ConversionError> {
        let Some(note) = self.book().retry(video) else {
            return Ok(false);
        };
        self.write(vec![note]).await?;
        self.changed();
        Ok(true)
    }

    pub(super) fn library(&self) -> &Library {
        &self.0.library
    }

    pub(super) fn folders(&self) -> &Folders {
        &self.0.folders
    }

    /// Goes along with the library.
    async fn follow(self, mut shutdown: watch::Receiver<bool>) {
        let mut catalogues = self.0.library.subscribe();
        loop {
            tokio::select! {
                changed = catalogues.changed() => if changed.is_err() { return },
                _ = shutdown.wait_for(|stop| *stop) => return,
            }
            catalogues.mark_unchanged();
            self.learn().await;
        }
    }

    /// Takes note of what the library has now.
    pub(super) async fn learn(&self) {
        let catalogue = self.0.library.snapshot();
        let stale = self.book().learn(&catalogue);
        if !stale.is_empty()
            && let Err(error) = self.write(stale).await
        {
            tracing::warn!(%error, "what was kept of jobs that are done could not be removed");
        }
        self.changed();
    }

    /// Tells how far running jobs are, a few times a second at most.
    async fn tell_progress(self, mut shutdown: watch::Receiver<bool>) {
        loop {
            tokio::select! {
                () = self.0.progressed.notified() => {}
                _ = shutdown.wait_for(|stop| *stop) => return,
            }
            self.tell();
            tokio::time::sleep(TELL_EVERY).await;
        }
    }

    async fn sweep_regularly(self, mut shutdown: watch::Receiver<bool>) {
        loop {
            let conversion = self.clone();
            let swept = tokio::task::spawn_blocking(move || conversion.sweep()).await;
            if let Ok(swept @ 1..) = swept {
                tracing::info!("removed {swept} versions of videos that nobody needs");
            }
            let pause = tokio::time::sleep(SWEEP_EVERY);
            tokio::select! {
                () = pause => {}
                _ = shutdown.wait_for(|stop| *stop) => return,
            }
        }
    }

    fn sweep(&self) -> usize {
        // A version is in the book before it has a folder and until the library knows of it. So
        // what is found now, and then is in neither, is in nobody's hands.
        let found = self.0.folders.found();
        let mut needed = self.book().versions_under_way();
        needed.extend(self.0.library.renditions());
        needed.extend((self.0.in_use)());
        self.0.folders.sweep(found, &needed)
    }

    /// Tells how things stand. Looked at inside, so that of two who tell at once none has the last
    /// word with what is no longer so.
    pub(super) fn tell(&self) {
        self.0.told.send_if_modified(|told| {
            let jobs = self.book().jobs();
            let is_new = **told != jobs;
            *told = Arc::new(jobs);
            is_new
        });
    }

    /// Tells how things stand, also those who wait for something to do.
    pub(super) fn changed(&self) {
        self.tell();
        self.0.news.notify_waiters();
    }

    /// There may be something to do.
    pub(super) fn news(&self) -> &Notify {
        &self.0.news
    }

    /// Running jobs have come further, which is told in a moment.
    pub(super) fn progressed(&self) {
        self.0.progressed.notify_one();
    }

    pub(super) fn now_ms(&self) -> i64 {
        self.0.clock.now().get()
    }

    pub(super) fn book(&self) -> MutexGuard<'_, Book> {
        // Nothing in this room panics half-way through a change of it.
        self.0.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) async fn write(&self, notes: Vec<Note>) -> Result<(), StorageError> {
        let notes: Vec<_> = notes
            .into_iter()
            .map(|(id, record)| {
                let json = |r: JobRecord| serde_json::to_vec(&r).expect("a record is plain data");
                (id, record.map(json))
            })
            .collect();
        let written = self.0.records.write(move |txn| {
            notes.into_iter().try_for_each(|(id, record)| match record {
                Some(record) => txn.put(Tree::Jobs, id.as_str().as_bytes(), &record),
                None => txn.delete(Tree::Jobs, id.as_str().as_bytes()),
            })
        });
        written.await?
    }
}

/// Forgets the failures of `video`'s job in the records of a station that does not run; false if
/// there were none.
///
/// # Errors
/// [`StorageError`] if the records fail.
pub async fn forget(records: &Records, video: &VideoId) -> Result<bool, StorageError> {
    let key = video.as_str().as_bytes().to_vec();
    if records.get(Tree::Jobs, &key)?.is_none() {
        return Ok(false);
    }
    let written = records.write(move |txn| txn.delete(Tree::Jobs, &key));
    written.await??;
    Ok(true)
}

/// What was kept of jobs; what cannot be read is left out, as it only counts failures.
fn kept(records: &Records) -> Result<HashMap<VideoId, JobRecord>, StorageError> {
    let mut jobs = HashMap::new();
    for record in records.scan(Tree::Jobs, b"") {
        let (key, value) = record?;
        let id = std::str::from_utf8(&key)
            .ok()
            .and_then(|t| VideoId::new(t).ok());
        match (id, serde_json::from_slice(&value)) {
            (Some(id), Ok(record)) => {
                jobs.insert(id, record);
            }
            _ => tracing::warn!(key = %key.escape_ascii(), "a job's record cannot be read"),
        }
    }
    Ok(jobs)
}
