//! The end of a resumable upload: its file is examined, and kept or refused.

use std::time::Duration;

use tokio::time::timeout;

use super::entry::Entry;
use super::error::ResumableError;
use super::receiving::Whole;
use super::record::{End, ResumableId};
use super::table::{Resumables, Standing, Table};
use crate::library::answers::AnswerKey;
use crate::library::received::{Received, ReceivedObject};
use crate::library::refusal::UploadError;
use crate::library::request::Uploaded;
use crate::storage::SpoolFile;

/// Where an upload is.
pub enum Progress {
    /// Its video is in the library.
    Stored(Uploaded),
    /// Not all of it has come.
    Receiving(Standing),
    /// All of it has come and is being examined or moved to its place.
    Checking(Standing),
}

impl Resumables {
    /// Has the upload examined and kept, and waits for that no longer than `patience`; it goes on
    /// behind that.
    ///
    /// # Errors
    /// [`ResumableError::Upload`] if it is no video, or could not be kept yet: then
    /// [`Resumables::result`] tries again.
    pub async fn finish(
        &self,
        whole: Whole,
        patience: Duration,
    ) -> Result<Progress, ResumableError> {
        let standing = self.0.standing(&whole.turn.entry);
        let table = self.0.clone();
        // From here on it ends, whoever leaves.
        let ending = tokio::spawn(async move { table.finish(whole).await });
        match timeout(patience, ending).await {
            Err(_) => Ok(Progress::Checking(standing)),
            Ok(ended) => {
                let ended = ended.map_err(UploadError::internal)?;
                Ok(Progress::Stored(ended?))
            }
        }
    }

    /// What became of the upload `id`, or how far it is. Waits up to `patience` while it is being
    /// examined; examines it anew if that came to nothing before.
    ///
    /// # Errors
    /// [`ResumableError`], the same each time, if it was refused.
    pub async fn result(
        &self,
        id: &ResumableId,
        patience: Duration,
    ) -> Result<Progress, ResumableError> {
        let table = &self.0;
        let entry = table.find(id)?;
        if !entry.is_whole() {
            return Ok(Progress::Receiving(table.standing(&entry)));
        }
        let Ok(turn) = timeout(patience, entry.wait()).await else {
            return Ok(Progress::Checking(table.standing(&entry)));
        };
        let kept = entry.kept();
        match kept.end {
            Some(End::Refused { reason }) => Err(UploadError::Broken(reason).into()),
            Some(End::Expired) => Err(ResumableError::Expired),
            Some(End::Stored) => match table.intake.turn(answer_key(id, &kept.file_name)).await? {
                Err(uploaded) => Ok(Progress::Stored(uploaded)),
                Ok(_nobody_needs_it) => Err(ResumableError::Unknown),
            },
            None => {
                let room = table.intake.room(0).await?;
                self.finish(Whole { turn, room }, patience).await
            }
        }
    }

    /// Examines what had come whole when the process before ended, one after the other.
    pub(in crate::library) async fn finish_what_was_left(&self) {
        for entry in self.0.all() {
            if entry.kept().end.is_some() || !entry.is_whole() {
                continue;
            }
            if let Err(error) = self.result(&entry.id, Duration::MAX).await {
                tracing::warn!(%error, "an upload that the process before had received whole was not kept");
            }
        }
    }
}

impl Table {
    async fn finish(&self, whole: Whole) -> Result<Uploaded, ResumableError> {
        let entry = &whole.turn.entry;
        let mut kept = entry.kept();
        if !kept.is_whole {
            // Before its file goes to its place: without it nothing else would tell.
            kept.is_whole = true;
            self.keep(entry, kept.clone()).await?;
        }
        let key = answer_key(&entry.id, &kept.file_name);
        let mut turn = self.intake.turn(key.clone()).await?;
        if let Err(uploaded) = &turn
            && !self.intake.is_in_place(&uploaded.video).await?
        {
            // Promised, and not kept when the process before was killed.
            self.intake.forget_answer(&key);
            turn = self.intake.turn(key).await?;
        }
        let uploaded = match turn {
            // The process before was killed between the promise and its end.
            Err(uploaded) => uploaded,
            Ok(turn) => {
                if let Some(direct) = kept.direct {
                    let received = ReceivedObject {
                        file_name: kept.file_name,
                        title: kept.title,
                        key: direct.key,
                        turn,
                    };
                    let kept = received.take_in(self.intake.clone()).await;
                    return self.ended(entry, kept).await;
                }
                let (dir, name) = (&self.intake.uploads_dir, entry.id.as_str());
                let received = Received {
                    file_name: kept.file_name,
                    title: kept.title,
                    spool: SpoolFile::lasting(dir, name, kept.size_bytes).await?,
                    turn: Some(turn),
                    room: whole.room,
                };
                let kept = received.take_in(self.intake.clone()).await;
                return self.ended(entry, kept).await;
            }
        };
        self.end(entry, End::Stored).await?;
        Ok(uploaded)
    }

    /// Notes for good whether it was kept, unless trying again may help.
    async fn ended(
        &self,
        entry: &Entry,
        kept: Result<Uploaded, UploadError>,
    ) -> Result<Uploaded, ResumableError> {
        match &kept {
            Ok(_) => self.end(entry, End::Stored).await?,
            Err(UploadError::Broken(reason)) => {
                let reason = reason.clone();
                self.end(entry, End::Refused { reason }).await?;
            }
            Err(_) => {}
        }
        Ok(kept?)
    }
}

/// What the answer to the upload `id` is kept under.
fn answer_key(id: &ResumableId, file_name: &str) -> AnswerKey {
    // No client's own key holds a space.
    AnswerKey::new(&format!("resumable {}", id.as_str()), file_name)
}
