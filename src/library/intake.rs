//! Whether there is room for an upload, and where it is kept.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::answers::{AnswerKey, Answers, Start, Turn};
use super::into_bucket::Bytes;
use super::prober::Prober;
use super::promise::Arrival;
use super::refusal::UploadError;
use super::request::Uploaded;
use super::sample::Samples;
use super::shelf::Shelf;
use super::{Source, Video, into_bucket, into_folder};
use crate::clock::SharedClock;
use crate::config::Config;
use crate::storage::{Bucket, SpoolFile, StorageError, free_bytes};
use crate::timeline::VideoId;

const NOTICE_KEPT_HERE: &str = "The storage bucket could not take the video, so it is kept on \
                                this server. It is on the air either way.";

/// What every upload needs.
pub(super) struct Intake {
    pub prober: Arc<Prober>,
    pub uploads_dir: PathBuf,
    pub max_upload_bytes: u64,
    shelf: Arc<Shelf>,
    answers: Arc<Answers>,
    clock: SharedClock,
    pub bucket: Option<Bucket>,
    /// Looks into objects there.
    pub samples: Option<Samples>,
    min_free_bytes: u64,
    max_uploads: usize,
    turns: Arc<Semaphore>,
    /// What uploads under way have announced and not sent yet.
    expected_bytes: Arc<AtomicU64>,
}

/// One upload's share of the server: its turn, and the disk space it will need.
#[derive(Debug)]
pub(super) struct Room {
    _turn: OwnedSemaphorePermit,
    all_expected_bytes: Arc<AtomicU64>,
    mine_bytes: u64,
}

impl Room {
    /// `bytes` of what was expected are on the disk now.
    pub fn received(&mut self, bytes: u64) {
        let bytes = bytes.min(self.mine_bytes);
        self.mine_bytes -= bytes;
        self.all_expected_bytes.fetch_sub(bytes, Ordering::Relaxed);
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        self.received(self.mine_bytes);
    }
}

impl Intake {
    pub fn new(
        config: &Config,
        uploads_dir: PathBuf,
        (shelf, answers): (Arc<Shelf>, Arc<Answers>),
        (prober, clock): (Arc<Prober>, SharedClock),
        (bucket, samples): (Option<Bucket>, Option<Samples>),
    ) -> Self {
        Self {
            prober,
            uploads_dir,
            max_upload_bytes: config.max_upload_bytes,
            shelf,
            answers,
            clock,
            bucket,
            samples,
            min_free_bytes: config.min_free_bytes,
            max_uploads: config.max_uploads,
            turns: Arc::new(Semaphore::new(config.max_uploads)),
            expected_bytes: Arc::default(),
        }
    }

    /// The right to answer the upload called `key`, or what it was answered before.
    pub async fn turn(&self, key: AnswerKey) -> Result<Result<Turn, Uploaded>, UploadError> {
        loop {
            let answer = match self.answers.begin(key.clone(), self.clock.now()).await {
                Start::First(turn) => return Ok(Ok(turn)),
                Start::Busy => return Err(UploadError::UnderWay),
                Start::Answered(answer) => answer,
            };
            if let Some(video) = self.video(&answer.id) {
                let notice = answer.notice;
                return Ok(Err(Uploaded { video, notice }));
            }
            // Its video has been removed since, or never came to be: this is a new upload.
            self.answers.forget(&key);
        }
    }

    fn video(&self, id: &str) -> Option<Arc<Video>> {
        let state = self.shelf.state();
        let entry = state.get(&VideoId::new(id).ok()?)?;
        entry.present.then(|| Arc::clone(&entry.video))
    }

    /// A share of the server for an upload of `announced_bytes`.
    pub async fn room(&self, announced_bytes: u64) -> Result<Room, UploadError> {
        let turn = Arc::clone(&self.turns).try_acquire_owned();
        let limit = self.max_uploads;
        let turn = turn.map_err(|_| UploadError::TooMany { limit })?;
        self.expected_bytes
            .fetch_add(announced_bytes, Ordering::Relaxed);
        let room = Room {
            _turn: turn,
            all_expected_bytes: Arc::clone(&self.expected_bytes),
            mine_bytes: announced_bytes,
        };
        self.check_disk().await?;
        Ok(room)
    }

    /// Whether the disk has room for all that is expected, and the reserve.
    pub async fn check_disk(&self) -> Result<(), UploadError> {
        self.check_disk_for(0).await
    }

    /// Whether it has room for `more_bytes` beside that.
    pub async fn check_disk_for(&self, more_bytes: u64) -> Result<(), UploadError> {
        let dir = self.uploads_dir.clone();
        let free = tokio::task::spawn_blocking(move || free_bytes(&dir)).await;
        let free_bytes = free.map_err(UploadError::internal)??;
        let expected_bytes = self.expected_bytes.load(Ordering::Relaxed);
        let expected_bytes = expected_bytes.saturating_add(more_bytes);
        match free_bytes.checked_sub(self.min_free_bytes) {
            Some(usable_bytes) if usable_bytes >= expected_bytes => Ok(()),
            _ => Err(UploadError::DiskFull),
        }
    }

    /// Keeps `arrival` durably, in the bucket if there is one and it works, and puts it into the
    /// catalogue.
    pub async fn keep(&self, arrival: Arrival, spool: SpoolFile) -> Result<Uploaded, UploadError> {
        let mut notice = None;
        if let Some(bucket) = &self.bucket {
            match into_bucket::keep(
                &self.shelf,
                &self.clock,
                bucket,
                &arrival,
                &Bytes::File(spool.path()),
            )
            .await
            {
                Ok(uploaded) => return Ok(uploaded),
                Err(error) => {
                    tracing::warn!(bucket = bucket.name(), %error, "an upload is kept on this machine instead of in the bucket");
                    notice = Some(NOTICE_KEPT_HERE);
                }
            }
        }
        into_folder::keep(
            &self.shelf,
            &self.clock,
            &self.uploads_dir,
            &arrival,
            spool,
            notice,
        )
        .await
    }

    /// Keeps `arrival`, whose bytes are in the bucket under the key `from`.
    pub async fn keep_object(
        &self,
        arrival: &Arrival,
        from: &str,
    ) -> Result<Uploaded, UploadError> {
        let Some(bucket) = &self.bucket else {
            return Err(UploadError::over());
        };
        let bytes = Bytes::Object(from);
        Ok(into_bucket::keep(&self.shelf, &self.clock, bucket, arrival, &bytes).await?)
    }

    /// Whether the bytes of `video` are where its record says, which after a crash they may not
    /// be.
    pub async fn is_in_place(&self, video: &Video) -> Result<bool, StorageError> {
        let Some(bucket) = self
            .bucket
            .as_ref()
            .filter(|_| video.source == Source::Bucket)
        else {
            return Ok(true);
        };
        match bucket.head(&video.key).await {
            Ok(fact) => Ok(fact.size_bytes == video.size_bytes),
            Err(StorageError::NotFound(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// What is told of the upload called `key` was wrong.
    pub fn forget_answer(&self, key: &AnswerKey) {
        self.answers.forget(key);
    }
}
