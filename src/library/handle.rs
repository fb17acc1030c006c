//! The handle through which the rest of the house uses the library.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{oneshot, watch};

use super::answers::Answers;
use super::folders::Folders;
use super::intake::Intake;
use super::objects::Objects;
use super::prober::Prober;
use super::record::{Outcome, Place, Preparation};
use super::refusal::UploadError;
use super::rendition::Rendition;
use super::request::UploadRequest;
use super::resumable::{Resumables, sweep_until};
use super::roots::Roots;
use super::sample::Samples;
use super::shelf::{Change, Shelf};
use super::texts::TextNews;
use super::upload::{Begun, Upload};
use super::{Bytes, Catalogue, Source, Video};
use crate::clock::SharedClock;
use crate::config::Config;
use crate::media::{self, ProbeError};
use crate::storage::{
    Bucket, Records, SpoolFile, StorageError, create_dir_durably, durable_remove,
};
use crate::timeline::{DurationMs, VideoId};

/// The start waits so long for the first look through the folders; it goes on after that.
const LONGEST_FIRST_LOOK: Duration = Duration::from_secs(10);

/// Why the library cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum LibraryError {
    /// Videos cannot be looked into.
    #[error(transparent)]
    Probe(#[from] ProbeError),
    /// What is known of the videos cannot be read, or a folder not made.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// A folder cannot be used.
    #[error("cannot use the folder {path}: {error}")]
    Folder {
        /// Which folder.
        path: PathBuf,
        /// Why not.
        #[source]
        error: io::Error,
    },
    /// One folder lies in the other, so its videos would be found twice.
    #[error("the folders {0} and {1} must lie beside each other, not one in the other")]
    Nested(PathBuf, PathBuf),
}

/// Why a video stays.
#[derive(Debug, thiserror::Error)]
pub enum RemoveError {
    /// It lies in the folder of videos that come with the station, which is the operator's own.
    #[error("this video comes with the station; remove its file from the folder itself")]
    Static,
    /// It is in a bucket that is not configured.
    #[error("this video is in a bucket that is not configured any more")]
    NoBucket,
    /// Its file or its record refuses.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// The videos the station owns; cheap to clone.
#[derive(Clone)]
pub struct Library {
    published: watch::Receiver<Arc<Catalogue>>,
    shelf: Arc<Shelf>,
    intake: Arc<Intake>,
    text_news: Arc<TextNews>,
    resumables: Resumables,
    roots: Roots,
}

impl Library {
    /// Opens the library, looks through the folders and goes on watching them, and the bucket if
    /// there is one, until `shutdown` is true.
    ///
    /// What was known before is in the catalogue on return; new files too, unless looking into
    /// them takes long.
    ///
    /// # Errors
    /// [`LibraryError`] if nothing can be probed, recorded or found.
    pub async fn start(
        config: &Config,
        records: Records,
        clock: SharedClock,
        bucket: Option<Bucket>,
        shutdown: watch::Receiver<bool>,
    ) -> Result<Self, LibraryError> {
        media::check_installed()?;
        let uploads_dir = prepared(&config.uploads_dir)?;
        let roots = vec![
            (Source::Static, prepared(&config.static_dir)?),
            (Source::Uploads, uploads_dir.clone()),
        ];
        let roots = Roots::new(roots).map_err(|(a, b)| LibraryError::Nested(a, b))?;
        sweep(&uploads_dir)?;

        let shelf = Arc::new(Shelf::open(
            records.clone(),
            Arc::clone(&clock),
            bucket.is_some(),
        )?);
        let published = shelf.subscribe();
        let prober = Arc::new(Prober::default());
        let text_news = Arc::new(TextNews::default());
        let folders = Folders::new(
            roots.clone(),
            Arc::clone(&shelf),
            Arc::clone(&prober),
            (Arc::clone(&clock), Arc::clone(&text_news)),
        );
        let (tell_first, first) = oneshot::channel();
        tokio::spawn(folders.run(tell_first, shutdown.clone()));
        let mut looks_into_bucket = None;
        if let Some(bucket) = &bucket {
            let samples = Samples {
                dir: fresh_dir(&config.data_dir.join("samples"))?,
                bucket: bucket.clone(),
                prober: Arc::clone(&prober),
                min_free_bytes: config.min_free_bytes,
            };
            looks_into_bucket = Some(samples.clone());
            let every = Duration::from_secs(config.s3_scan_s);
            let objects = Objects {
                samples,
                shelf: Arc::clone(&shelf),
                clock: Arc::clone(&clock),
                every,
            };
            tokio::spawn(objects.run(shutdown.clone()));
        }
        if tokio::time::timeout(LONGEST_FIRST_LOOK, first)
            .await
            .is_err()
        {
            tracing::info!(
                "there are many new videos; looking into them goes on while the channel runs"
            );
        }
        let answers = Answers::open(&records)?;
        let intake = Arc::new(Intake::new(
            config,
            uploads_dir,
            (Arc::clone(&shelf), answers),
            (prober, Arc::clone(&clock)),
            (bucket, looks_into_bucket),
        ));
        let kept_for = DurationMs::new(config.upload_keep_s * 1000);
        let resumables = Resumables::open(records, clock, Arc::clone(&intake), kept_for)?;
        tokio::spawn(sweep_until(resumables.clone(), shutdown));
        let left = resumables.clone();
        tokio::spawn(async move { left.finish_what_was_left().await });
        Ok(Self {
            published,
            shelf,
            intake,
            text_news,
            resumables,
            roots,
        })
    }

    /// What the library holds now.
    pub fn snapshot(&self) -> Arc<Catalogue> {
        self.published.borrow().clone()
    }

    /// Every later state of the library; a slow reader gets the newest.
    pub fn subscribe(&self) -> watch::Receiver<Arc<Catalogue>> {
        self.published.clone()
    }

    /// Where `video`'s bytes are on this machine; none if they are in the bucket.
    pub fn local_path(&self, video: &Video) -> Option<PathBuf> {
        self.roots.path_of(video.source, &video.key)
    }

    /// Starts taking in a video; waits while an upload with the same idempotency key is under way.
    ///
    /// # Errors
    /// [`UploadError`] if the request already shows that it cannot be taken.
    pub async fn begin_upload(&self, request: UploadRequest) -> Result<Begun, UploadError> {
        Upload::begin(Arc::clone(&self.intake), request).await
    }

    /// The uploads that go on where a connection broke.
    pub fn resumables(&self) -> &Resumables {
        &self.resumables
    }

    /// Makes `rendition`, whose files are in place and durable, the version of `video` that is
    /// scheduled from now on; nothing happens if `bytes` are no longer the video's.
    ///
    /// # Errors
    /// Why the disk took nothing; nothing has changed then.
    pub async fn adopt(
        &self,
        video: &VideoId,
        bytes: Bytes,
        rendition: Rendition,
    ) -> Result<(), StorageError> {
        self.note(video, bytes, Outcome::Ready(rendition)).await
    }

    /// Takes `video` off the air for good, as reading all of `bytes` showed `reason`.
    ///
    /// # Errors
    /// Why the disk took nothing; nothing has changed then.
    pub async fn quarantine(
        &self,
        video: &VideoId,
        bytes: Bytes,
        reason: String,
    ) -> Result<(), StorageError> {
        self.note(video, bytes, Outcome::Unfit(reason)).await
    }

    /// Waits until the subtitle files beside some videos may have changed, also before the start,
    /// and answers which; for one listener.
    pub async fn changed_texts(&self) -> HashSet<VideoId> {
        self.text_news.next().await
    }

    /// Takes note of which subtitle files there are for videos now: equal numbers, equal files.
    ///
    /// # Errors
    /// Why the disk took nothing; nothing has changed then.
    pub async fn note_texts(&self, texts: Vec<(VideoId, u64)>) -> Result<(), StorageError> {
        let changes = texts.into_iter();
        let changes = changes.map(|(video, number)| Change::Texts(video, number));
        self.shelf.apply(changes.collect()).await
    }

    async fn note(
        &self,
        video: &VideoId,
        Bytes(look): Bytes,
        outcome: Outcome,
    ) -> Result<(), StorageError> {
        let preparation = Preparation { look, outcome };
        let change = Change::Prepared(video.clone(), preparation);
        self.shelf.apply(vec![change]).await
    }

    /// Takes a video out of the library and removes its file, of which nothing is left; false if
    /// there is no such video.
    ///
    /// # Errors
    /// [`RemoveError`] if it came with the station, or its file cannot be removed.
    pub async fn remove(&self, video: &VideoId) -> Result<bool, RemoveError> {
        let Some(found) = self.snapshot().get(video).cloned() else {
            return Ok(false);
        };
        match (found.source, self.local_path(&found)) {
            (Source::Static, _) => return Err(RemoveError::Static),
            (Source::Bucket, _) => {
                let bucket = self.intake.bucket.as_ref().ok_or(RemoveError::NoBucket)?;
                bucket.delete(&found.key).await?;
            }
            (Source::Uploads, path) => {
                let path = path.ok_or(RemoveError::Static)?;
                let removed = tokio::task::spawn_blocking(move || durable_remove(&path)).await;
                removed.map_err(|_| StorageError::Panicked)??;
            }
        }
        let place = Place {
            source: found.source,
            key: found.key.clone(),
        };
        self.shelf.apply(vec![Change::Gone(place)]).await?;
        Ok(true)
    }

    /// The made version of every video that has one, also of those whose bytes are away for now.
    pub fn renditions(&self) -> Vec<(VideoId, u32)> {
        let state = self.shelf.state();
        let made = state.entries().flat_map(|(id, entry)| {
            let made = [&entry.video.rendition, &entry.video.floor];
            let made = made.into_iter().flatten();
            made.map(|rendition| (id.clone(), rendition.version))
        });
        made.collect()
    }

    /// How many files have been looked into since the start.
    pub fn probes(&self) -> u64 {
        self.intake.prober.probes()
    }
}

/// `dir` as it really is called, made if it was not there.
fn prepared(dir: &Path) -> Result<PathBuf, LibraryError> {
    create_dir_durably(dir)?;
    dir.canonicalize().map_err(|error| LibraryError::Folder {
        path: dir.to_owned(),
        error,
    })
}

fn sweep(uploads_dir: &Path) -> Result<(), StorageError> {
    let swept = SpoolFile::sweep(uploads_dir)?;
    if swept > 0 {
        tracing::info!("removed what {swept} broken uploads had left");
    }
    Ok(())
}

/// An empty folder at `dir`; nothing in it survives a start.
fn fresh_dir(dir: &Path) -> Result<PathBuf, LibraryError> {
    let failed = |error| LibraryError::Folder {
        path: dir.to_owned(),
        error,
    };
    if let Err(error) = fs::remove_dir_all(dir)
        && error.kind() != io::ErrorKind::NotFound
    {
        return Err(failed(error));
    }
    fs::create_dir_all(dir).map_err(failed)?;
    dir.canonicalize().map_err(failed)
}
