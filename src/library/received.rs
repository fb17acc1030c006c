//! A file whose last byte has come: examined, then kept or refused.

use std::io;
use std::sync::Arc;

use super::answers::Turn;
use super::intake::{Intake, Room};
use super::promise::Arrival;
use super::record::{Look, Verdict, head_of};
use super::refusal::UploadError;
use super::request::Uploaded;
use super::walk::look_at;
use crate::storage::SpoolFile;

/// An object that has come into the bucket whole and was not looked into yet.
pub(super) struct ReceivedObject {
    /// Its name on the uploader's machine.
    pub file_name: String,
    /// The title the uploader typed.
    pub title: Option<String>,
    /// Where it is now.
    pub key: String,
    /// The right to answer its key.
    pub turn: Turn,
}

impl ReceivedObject {
    /// Examines the object, copies it to its place and puts it into the catalogue.
    ///
    /// # Errors
    /// [`UploadError`].
    pub async fn take_in(self, intake: Arc<Intake>) -> Result<Uploaded, UploadError> {
        let (Some(bucket), Some(samples)) = (&intake.bucket, &intake.samples) else {
            return Err(UploadError::over());
        };
        let fact = bucket.head(&self.key).await?;
        let judged = samples.judge(&fact).await;
        let (facts, head) = match judged.map_err(UploadError::internal)? {
            (Verdict::Facts(facts), head) => (facts, head),
            (Verdict::Fault(reason), _) => return Err(UploadError::Broken(reason)),
        };
        let named = (self.file_name, self.title);
        let seen = (Look::from(&fact), head);
        let arrival = Arrival::new(named, facts, seen, Some(self.turn));
        intake.keep_object(&arrival, &self.key).await
    }
}

/// A file that was received whole and not looked into yet.
pub(super) struct Received {
    /// Its name on the uploader's machine.
    pub file_name: String,
    /// The title the uploader typed.
    pub title: Option<String>,
    pub spool: SpoolFile,
    /// The right to answer its key.
    pub turn: Option<Turn>,
    /// Its share of the server.
    pub room: Room,
}

impl Received {
    /// Examines the file, stores it durably and puts it into the catalogue.
    ///
    /// # Errors
    /// [`UploadError`]; the spool file is dropped then.
    pub async fn take_in(mut self, intake: Arc<Intake>) -> Result<Uploaded, UploadError> {
        if self.spool.received_bytes() == 0 {
            return Err(UploadError::Empty);
        }
        self.spool.sync().await?;
        let facts = match intake.prober.judge(self.spool.path()).await {
            Ok(Verdict::Facts(facts)) => facts,
            Ok(Verdict::Fault(reason)) => return Err(UploadError::Broken(reason)),
            Err(error) => return Err(UploadError::internal(error)),
        };
        let path = self.spool.path().to_owned();
        let looked = tokio::task::spawn_blocking(move || {
            let look = look_at(&path).ok_or(io::ErrorKind::NotFound)?;
            Ok::<_, io::Error>((look, head_of(&path)?))
        });
        let looked = looked.await.map_err(UploadError::internal)?;
        let seen = looked.map_err(UploadError::internal)?;
        let named = (self.file_name, self.title);
        let arrival = Arrival::new(named, facts, seen, self.turn);
        // From here on it is kept whole or not at all, even if nobody waits for the answer.
        let (room, spool) = (self.room, self.spool);
        let keeping = tokio::spawn(async move {
            let kept = intake.keep(arrival, spool).await;
            drop(room);
            kept
        });
        keeping.await.map_err(UploadError::internal)?
    }
}
