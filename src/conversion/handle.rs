//! The handle through which the rest of the house has videos converted.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, watch};

use super::book::{Book, Expired, Note, Token};
use super::folders::{FolderError, Folders, VersionOf};
use super::job::{JobRecord, Jobs, Step, Task};
use crate::clock::SharedClock;
use crate::config::Config;
use crate::library::{Bytes, Library, Rendition, Video};
use crate::media::Progress;
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

/// A job somebody works on; it is given back when its worker was not heard of for long.
#[derive(Debug, Clone, PartialEq)]
pub struct Lease {
    pub(super) task: Task,
    pub(super) token: Token,
}

impl Lease {
    /// Which video is worked on.
    pub fn video(&self) -> &VideoId {
        &self.task.video.id
    }

    /// All that is known of it.
    pub fn source(&self) -> &Video {
        &self.task.video
    }

    /// What a worker elsewhere shows to speak for the job: nobody can guess it.
    pub fn name(&self) -> String {
        format!("{}.{:016x}", self.video(), self.token.0)
    }

    /// What is made of it.
    pub fn step(&self) -> Step {
        self.task.step
    }
}

/// A lease whose record is on its way to the disk. If nobody waits for it any more, the job is
/// there for others at once, and not only when the lease would have run out.
struct Unbegun<'c> {
    conversion: &'c Conversion,
    lease: Option<Lease>,
}

impl Unbegun<'_> {
    fn taken(mut self) -> Lease {
        self.lease.take().expect("it is taken once")
    }
}

impl Drop for Unbegun<'_> {
    fn drop(&mut self) {
        let Some(lease) = self.lease.take() else {
            return;
        };
        let conversion = self.conversion;
        // The record may come to the disk and say once too often that the job was broken off. It
        // is put right when the job is begun again.
        let _note = conversion.book().returned(lease.video(), lease.token);
        conversion.tell();
        conversion.0.news.notify_waiters();
    }
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
        self.tell();
        self.0.news.notify_waiters();
        Ok(true)
    }

    /// Waits for a job that `worker` may have.
    ///
    /// It is never given twice, and not lost if nobody waits any more.
    pub async fn next(&self, worker: &str, may: impl Fn(&VideoId, Step) -> bool) -> Lease {
        loop {
            let news = self.0.news.notified();
            tokio::pin!(news);
            news.as_mut().enable();
            match self.lease(worker, &may).await {
                Ok(Some(lease)) => return lease,
                Ok(None) => {}
                Err(error) => tracing::error!(%error, "a job could not be begun"),
            }
            let now_ms = self.now_ms();
            let due_ms = self.book().next_due_ms(now_ms);
            let wait = due_ms.map(|ms| u64::try_from(ms - now_ms).unwrap_or(0).max(100));
            match wait {
                Some(ms) => {
                    let _due = tokio::time::timeout(Duration::from_millis(ms), news).await;
                }
                None => news.await,
            }
        }
    }

    /// A job that `worker` may have, if there is one.
    ///
    /// # Errors
    /// [`ConversionError::Storage`] if the disk took nothing.
    pub async fn lease(
        &self,
        worker: &str,
        may: impl Fn(&VideoId, Step) -> bool,
    ) -> Result<Option<Lease>, ConversionError> {
        let token = Token(rand::random());
        let leased = self.book().lease(token, worker, may, self.now_ms());
        self.begun(token, leased).await
    }

    /// The job of `video` for `worker`, who has its version already: whoever works on it may stop.
    ///
    /// # Errors
    /// [`ConversionError::Storage`] if the disk took nothing.
    pub async fn take(
        &self,
        worker: &str,
        video: &VideoId,
    ) -> Result<Option<Lease>, ConversionError> {
        let token = Token(rand::random());
        let leased = self.book().take(token, worker, video, self.now_ms());
        self.begun(token, leased).await
    }

    async fn begun(
        &self,
        token: Token,
        leased: Option<(Task, Note)>,
    ) -> Result<Option<Lease>, ConversionError> {
        let Some((task, note)) = leased else {
            return Ok(None);
        };
        let unbegun = Unbegun {
            conversion: self,
            lease: Some(Lease { task, token }),
        };
        let written = self.write(vec![note]).await;
        let lease = unbegun.taken();
        if let Err(error) = written {
            let _unwritten = self.book().returned(lease.video(), token);
            return Err(error.into());
        }
        self.tell();
        Ok(Some(lease))
    }

    /// The lease called `name`.
    ///
    /// # Errors
    /// [`ConversionError::Expired`] if it has run out, or never was.
    pub fn lease_named(&self, name: &str) -> Result<Lease, ConversionError> {
        let (video, token) = name.rsplit_once('.').ok_or(ConversionError::Expired)?;
        let video = VideoId::new(video).map_err(|_| ConversionError::Expired)?;
        let token = u64::from_str_radix(token, 16).map_err(|_| ConversionError::Expired)?;
        let token = Token(token);
        let task = self.book().task(&video, token)?;
        Ok(Lease { task, token })
    }

    /// The leaseholder is alive and has come so far.
    ///
    /// # Errors
    /// [`ConversionError::Expired`] if it no longer holds the job.
    pub fn heard(&self, lease: &Lease, progress: Option<Progress>) -> Result<(), ConversionError> {
        let now_ms = self.now_ms();
        self.book()
            .heard(lease.video(), lease.token, progress, now_ms)?;
        self.0.progressed.notify_one();
        Ok(())
    }

    /// The version lies in its folder, durably: has the library take it.
    pub(super) async fn done(
        &self,
        lease: &Lease,
        rendition: Rendition,
    ) -> Result<(), ConversionError> {
        let bytes = self.bytes_of(lease)?;
        let library = &self.0.library;
        library.adopt(lease.video(), bytes, rendition).await?;
        let note = self.book().done(lease.video(), lease.token)?;
        self.write(vec![note]).await?;
        Ok(())
    }

    /// Reading all of the video showed that it is broken: takes it off the air for good.
    ///
    /// # Errors
    /// [`ConversionError::Expired`] if the job is somebody else's; why the disk took nothing.
    pub async fn unfit(&self, lease: &Lease, reason: String) -> Result<(), ConversionError> {
        let bytes = self.bytes_of(lease)?;
        let library = &self.0.library;
        library.quarantine(lease.video(), bytes, reason).await?;
        let note = self.book().done(lease.video(), lease.token)?;
        self.write(vec![note]).await?;
        Ok(())
    }

    /// The job failed for a reason, with a few lines of details, though the video may be all right.
    ///
    /// # Errors
    /// [`ConversionError::Expired`] if the job is somebody else's; why the disk took nothing.
    pub async fn failed(
        &self,
        lease: &Lease,
        why: (String, Vec<String>),
    ) -> Result<(), ConversionError> {
        let now_ms = self.now_ms();
        let note = self
            .book()
            .failed(lease.video(), lease.token, why, now_ms)?;
        let written = self.write(vec![note]).await;
        self.tell();
        self.0.news.notify_waiters();
        Ok(written?)
    }

    /// The worker stops before the job is done.
    ///
    /// # Errors
    /// [`ConversionError::Expired`] if the job is somebody else's; why the disk took nothing.
    pub async fn give_back(&self, lease: &Lease) -> Result<(), ConversionError> {
        let note = self.book().returned(lease.video(), lease.token)?;
        let written = self.write(vec![note]).await;
        self.tell();
        self.0.news.notify_waiters();
        Ok(written?)
    }

    /// What the job is about, if it is still the leaseholder's.
    fn bytes_of(&self, lease: &Lease) -> Result<Bytes, Expired> {
        let task = self.book().task(lease.video(), lease.token)?;
        Ok(Bytes::of(&task.video))
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

    async fn learn(&self) {
        let catalogue = self.0.library.snapshot();
        let stale = self.book().learn(&catalogue);
        if !stale.is_empty()
            && let Err(error) = self.write(stale).await
        {
            tracing::warn!(%error, "what was kept of jobs that are done could not be removed");
        }
        self.tell();
        self.0.news.notify_waiters();
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
    fn tell(&self) {
        self.0.told.send_if_modified(|told| {
            let jobs = self.book().jobs();
            let is_new = **told != jobs;
            *told = Arc::new(jobs);
            is_new
        });
    }

    fn now_ms(&self) -> i64 {
        self.0.clock.now().get()
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        // Nothing in this room panics half-way through a change of it.
        self.0.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn write(&self, notes: Vec<Note>) -> Result<(), StorageError> {
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
