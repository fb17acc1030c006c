//! A tus request's bytes, on their way to the disk.

use bytes::BytesMut;
use rocket::Shutdown;
use rocket::http::Status;
use rocket::tokio;
use rocket::tokio::io::AsyncReadExt;
use rocket::tokio::time::timeout;

use super::head::Chunk;
use crate::library::{Opened, Progress, Receiving, ResumableError, ResumableId, Standing};
use crate::web::drain::Incoming;
use crate::web::errors::Problem;
use crate::web::metrics::UploadResult;
use crate::web::uploads::{PATIENCE, Refusal, Uploads};

/// Read at a time.
const READ_BYTES: usize = 64 * 1024;

impl Uploads {
    /// Takes in what `body` brings, and with its last byte the whole upload.
    pub(super) async fn receive_chunk(
        &self,
        id: &ResumableId,
        chunk: Chunk,
        body: Incoming<'_>,
        shutdown: Shutdown,
    ) -> Result<Standing, Refusal> {
        let resumables = self.library.resumables();
        let Chunk { offset, checksum } = chunk;
        let opened = resumables.receive(id, offset, checksum.is_some()).await?;
        let mut receiving = match opened {
            Opened::Receiving(receiving) => receiving,
            // The answer to its last bytes was lost: here it is again.
            Opened::Whole(standing) => {
                resumables.result(id, PATIENCE).await?;
                return Ok(standing);
            }
        };
        let mut hashing = checksum.as_ref().map(|checksum| checksum.hashing());
        let came = self
            .take_bytes(&mut receiving, body, shutdown, |bytes| {
                if let Some(hashing) = &mut hashing {
                    hashing.update(bytes);
                }
            })
            .await;
        if checksum.is_some() {
            let is_it = hashing.map(|hashing| hashing.finish()) == checksum;
            let fault = came.and_then(|()| is_it.then_some(()).ok_or_else(mismatch));
            if let Err(refusal) = fault {
                receiving.discard().await?;
                return Err(refusal);
            }
            return self.close(receiving).await;
        }
        let standing = self.close(receiving).await;
        came.and(standing)
    }

    /// Writes what comes until it ends, breaks, or somebody else goes on with the upload.
    async fn take_bytes(
        &self,
        receiving: &mut Receiving,
        mut body: Incoming<'_>,
        mut shutdown: Shutdown,
        mut see: impl FnMut(&[u8]),
    ) -> Result<(), Refusal> {
        let mut buffer = BytesMut::new();
        loop {
            buffer.reserve(READ_BYTES);
            let read = tokio::select! {
                biased;
                () = receiving.taken_over() => return Err(ResumableError::Busy.into()),
                () = &mut shutdown => return Err(Refusal::stopping()),
                read = timeout(self.longest_silence, body.read_buf(&mut buffer)) => read,
            };
            let silent = |_| Refusal::too_slow("No more bytes came. Please go on.");
            match read.map_err(silent)? {
                Ok(0) => return Ok(()),
                Ok(read) => self.metrics.bytes_uploaded(read as u64),
                Err(cause) => {
                    tracing::debug!(%cause, "an upload's connection broke");
                    return Err(Refusal {
                        problem: Problem::new(Status::BadRequest, "The connection broke."),
                        result: UploadResult::Broken,
                    });
                }
            }
            see(&buffer);
            receiving.write(buffer.split().freeze()).await?;
        }
    }

    /// Puts on disk what came; if that is all, has it examined and kept.
    async fn close(&self, receiving: Receiving) -> Result<Standing, Refusal> {
        let closed = receiving.close().await?;
        let Some(whole) = closed.whole else {
            return Ok(closed.standing);
        };
        let resumables = self.library.resumables();
        if let Progress::Stored(uploaded) = resumables.finish(whole, PATIENCE).await? {
            self.stored(&uploaded);
        }
        Ok(closed.standing)
    }
}

/// 460, as the protocol has it.
fn mismatch() -> Refusal {
    let sentence = "The bytes arrived changed: their checksum is another. Please send them again.";
    Refusal {
        problem: Problem::new(Status::new(460), sentence),
        result: UploadResult::Broken,
    }
}
