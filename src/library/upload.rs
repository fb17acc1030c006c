//! A video on its way in.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;

use super::answers::{AnswerKey, Turn};
use super::intake::{Intake, Room};
use super::names;
use super::received::Received;
use super::refusal::UploadError;
use super::request::{UploadRequest, Uploaded};
use crate::storage::SpoolFile;

/// What a form adds to the size of the file in it, at most.
const FORM_BYTES: u64 = 256 * 1024;
/// Whether there is still room on the disk is asked this often.
const CHECK_DISK_EVERY_BYTES: u64 = 64 * 1024 * 1024;

/// What became of the wish to upload.
#[derive(Debug)]
pub enum Begun {
    /// The file may come.
    New(Upload),
    /// It came before, under the same idempotency key; this was the answer.
    Already(Uploaded),
}

/// An upload under way; dropping it leaves nothing behind.
#[derive(Debug)]
pub struct Upload {
    /// None once it was refused half-way.
    receiving: Option<Box<Receiving>>,
}

/// A file that is being received.
struct Receiving {
    intake: Arc<Intake>,
    file_name: String,
    title: Option<String>,
    turn: Option<Turn>,
    room: Room,
    spool: SpoolFile,
    check_disk_at_bytes: u64,
}

impl fmt::Debug for Receiving {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            file_name, spool, ..
        } = self;
        let mut shown = f.debug_struct("Receiving");
        shown.field("file_name", file_name).field("spool", spool);
        shown.finish_non_exhaustive()
    }
}

impl Upload {
    /// Begins an upload, if what is known of it lets it be taken.
    pub(super) async fn begin(
        intake: Arc<Intake>,
        request: UploadRequest,
    ) -> Result<Begun, UploadError> {
        let UploadRequest {
            file_name,
            title,
            content_length,
            idempotency_key,
        } = request;
        if names::ending(&file_name).is_none() {
            return Err(UploadError::wrong_type(&file_name));
        }
        let limit_bytes = intake.max_upload_bytes;
        let announced_bytes = content_length.unwrap_or(0).saturating_sub(FORM_BYTES);
        if announced_bytes > limit_bytes {
            return Err(UploadError::TooLarge { limit_bytes });
        }
        let turn = match idempotency_key {
            None => None,
            Some(key) => match intake.turn(AnswerKey::new(&key, &file_name)).await? {
                Ok(turn) => Some(turn),
                Err(uploaded) => return Ok(Begun::Already(uploaded)),
            },
        };
        let room = intake.room(announced_bytes).await?;
        let spool = SpoolFile::create(&intake.uploads_dir).await?;
        let receiving = Receiving {
            intake,
            file_name,
            title,
            turn,
            room,
            spool,
            check_disk_at_bytes: CHECK_DISK_EVERY_BYTES,
        };
        let receiving = Some(Box::new(receiving));
        Ok(Begun::New(Self { receiving }))
    }

    /// Takes the title the uploader typed, if it comes after the file.
    pub fn set_title(&mut self, title: String) {
        if let Some(receiving) = &mut self.receiving {
            receiving.title = Some(title);
        }
    }

    /// Takes the next bytes of the file.
    ///
    /// # Errors
    /// [`UploadError`]; the upload is over then.
    pub async fn write(&mut self, chunk: Bytes) -> Result<(), UploadError> {
        let receiving = self.receiving.as_mut().ok_or_else(UploadError::over)?;
        let written = receiving.write(chunk).await;
        if written.is_err() {
            self.receiving = None;
        }
        written
    }

    /// Examines the file, stores it durably and puts it into the catalogue.
    ///
    /// # Errors
    /// [`UploadError`]; nothing is kept then.
    pub async fn finish(self) -> Result<Uploaded, UploadError> {
        let receiving = self.receiving.ok_or_else(UploadError::over)?;
        receiving.finish().await
    }
}

impl Receiving {
    async fn write(&mut self, chunk: Bytes) -> Result<(), UploadError> {
        let limit_bytes = self.intake.max_upload_bytes;
        let received_bytes = self.spool.received_bytes() + chunk.len() as u64;
        if received_bytes > limit_bytes {
            return Err(UploadError::TooLarge { limit_bytes });
        }
        if received_bytes >= self.check_disk_at_bytes {
            self.intake.check_disk().await?;
            self.check_disk_at_bytes = received_bytes + CHECK_DISK_EVERY_BYTES;
        }
        self.room.received(chunk.len() as u64);
        Ok(self.spool.write(chunk).await?)
    }

    async fn finish(self) -> Result<Uploaded, UploadError> {
        let received = Received {
            file_name: self.file_name,
            title: self.title,
            spool: self.spool,
            turn: self.turn,
            room: self.room,
        };
        received.take_in(self.intake).await
    }
}
