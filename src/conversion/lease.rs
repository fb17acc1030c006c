//! Who works on what: how a job comes into somebody's hands, and out of them again.

use std::time::Duration;

use super::book::{Expired, Note, Token};
use super::handle::{Conversion, ConversionError};
use super::job::{Step, Task};
use crate::library::{Bytes, Rendition, Video};
use crate::media::Progress;
use crate::storage::StorageError;
use crate::timeline::VideoId;

/// A job somebody works on; it is given back when its worker was not heard of for long.
#[derive(Debug, Clone, PartialEq)]
pub struct Lease {
    pub(super) task: Task,
    token: Token,
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
        conversion.changed();
    }
}

impl Conversion {
    /// Waits for a job that `worker` may have.
    ///
    /// It is never given twice, and not lost if nobody waits any more.
    pub async fn next(&self, worker: &str, may: impl Fn(&VideoId, Step) -> bool) -> Lease {
        loop {
            let news = self.news().notified();
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
        self.progressed();
        Ok(())
    }

    /// The version lies in its folder, durably: has the library take it.
    pub(super) async fn done(
        &self,
        lease: &Lease,
        rendition: Rendition,
    ) -> Result<(), ConversionError> {
        let adopted = async |bytes| self.library().adopt(lease.video(), bytes, rendition).await;
        self.settled(lease, adopted).await
    }

    /// Reading all of the video showed that it is broken: takes it off the air for good.
    ///
    /// # Errors
    /// [`ConversionError::Expired`] if the job is somebody else's; why the disk took nothing.
    pub async fn unfit(&self, lease: &Lease, reason: String) -> Result<(), ConversionError> {
        let library = self.library();
        let taken_off = async |bytes| library.quarantine(lease.video(), bytes, reason).await;
        self.settled(lease, taken_off).await
    }

    /// What came of the job is `noted` in the library, of these bytes: there is no job any more.
    async fn settled(
        &self,
        lease: &Lease,
        noted: impl AsyncFnOnce(Bytes) -> Result<(), StorageError>,
    ) -> Result<(), ConversionError> {
        let task = self.book().task(lease.video(), lease.token)?;
        noted(Bytes::of(&task.video)).await?;
        // What is wanted now is known before the job is in nobody's hands, or it would be done twice; and whoever found
        // it in somebody's hands is told, or would sleep until a lease runs out.
        self.learn().await;
        let note = self.book().done(lease.video(), lease.token)?;
        self.changed();
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
        let failed = self.book().failed(lease.video(), lease.token, why, now_ms);
        self.open_again(failed).await
    }

    /// The worker stops before the job is done.
    ///
    /// # Errors
    /// [`ConversionError::Expired`] if the job is somebody else's; why the disk took nothing.
    pub async fn give_back(&self, lease: &Lease) -> Result<(), ConversionError> {
        let returned = self.book().returned(lease.video(), lease.token);
        self.open_again(returned).await
    }

    /// The job is there for others, now or later, whether the disk takes that or not.
    async fn open_again(&self, noted: Result<Note, Expired>) -> Result<(), ConversionError> {
        let written = self.write(vec![noted?]).await;
        self.changed();
        Ok(written?)
    }
}
