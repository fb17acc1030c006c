//! Bytes on their way into a resumable upload.

use bytes::Bytes;

use super::entry::EntryTurn;
use super::error::ResumableError;
use super::record::{Kept, ResumableId};
use super::table::{NOTE_ACTIVITY_EVERY, Resumables, Standing};
use crate::library::intake::Room;
use crate::storage::SpoolFile;

/// Whether there is still room on the disk is asked this often.
const CHECK_DISK_EVERY_BYTES: u64 = 64 * 1024 * 1024;

/// What became of the wish to go on with an upload.
pub enum Opened {
    /// Bytes may come.
    Receiving(Receiving),
    /// All of them have come already.
    Whole(Standing),
}

/// Bytes being received; dropped, those that were not acknowledged are thrown away.
pub struct Receiving {
    resumables: Resumables,
    turn: EntryTurn,
    spool: SpoolFile,
    room: Room,
    from_bytes: u64,
    size_bytes: u64,
    check_disk_at_bytes: u64,
    /// A checksum will tell whether the bytes count.
    is_checked: bool,
}

/// What was received is on disk.
pub struct Closed {
    /// How far the upload has come.
    pub standing: Standing,
    /// All of it, if every byte has come.
    pub whole: Option<Whole>,
}

/// An upload of which every byte is on disk, with the right to have it examined.
pub struct Whole {
    pub(super) turn: EntryTurn,
    pub(super) room: Room,
}

impl Resumables {
    /// Goes on with the upload `id` at `offset`; with `is_checked` the bytes count only once
    /// [`Receiving::close`] is called.
    ///
    /// # Errors
    /// [`ResumableError`] if it does not go on there, or not now.
    pub async fn receive(
        &self,
        id: &ResumableId,
        offset: u64,
        is_checked: bool,
    ) -> Result<Opened, ResumableError> {
        let table = &self.0;
        let entry = table.find_here(id)?;
        let whole_at = |offset: u64| {
            let standing = table.standing(&entry);
            match standing.size_bytes == offset {
                true => Ok(Opened::Whole(standing)),
                false => Err(ResumableError::Offset {
                    received_bytes: standing.size_bytes,
                }),
            }
        };
        if entry.is_whole() {
            return whole_at(offset);
        }
        let turn = entry.take_over().await?;
        if entry.is_whole() {
            return whole_at(offset);
        }
        let received_bytes = entry.received_bytes();
        if received_bytes != offset {
            return Err(ResumableError::Offset { received_bytes });
        }
        let size_bytes = entry.kept().size_bytes;
        let room = table.intake.room(size_bytes - offset).await?;
        let dir = &table.intake.uploads_dir;
        let spool = SpoolFile::lasting(dir, id.as_str(), offset).await?;
        let receiving = Receiving {
            resumables: self.clone(),
            turn,
            spool,
            room,
            from_bytes: offset,
            size_bytes,
            check_disk_at_bytes: offset + CHECK_DISK_EVERY_BYTES,
            is_checked,
        };
        receiving.note(is_checked.then_some(offset)).await?;
        Ok(Opened::Receiving(receiving))
    }
}

impl Receiving {
    /// Takes the next bytes of the file.
    ///
    /// # Errors
    /// [`ResumableError`]; none of these bytes need count then.
    pub async fn write(&mut self, chunk: Bytes) -> Result<(), ResumableError> {
        let received_bytes = self.spool.received_bytes() + chunk.len() as u64;
        if received_bytes > self.size_bytes {
            let size_bytes = self.size_bytes;
            return Err(ResumableError::TooMuch { size_bytes });
        }
        if received_bytes >= self.check_disk_at_bytes {
            self.resumables.0.intake.check_disk().await?;
            self.check_disk_at_bytes = received_bytes + CHECK_DISK_EVERY_BYTES;
            self.note(self.is_checked.then_some(self.from_bytes))
                .await?;
        }
        self.room.received(chunk.len() as u64);
        Ok(self.spool.write(chunk).await?)
    }

    /// Waits until another connection wants to go on with the upload.
    pub async fn taken_over(&mut self) {
        self.turn.taken_over().await;
    }

    /// Puts what was received on disk, so that it counts.
    ///
    /// # Errors
    /// [`ResumableError`]; as much as the disk took counts all the same.
    pub async fn close(mut self) -> Result<Closed, ResumableError> {
        let synced = match self.spool.sync().await {
            Err(error) if self.is_checked => {
                self.cut().await?;
                return Err(error.into());
            }
            synced => synced,
        };
        let written_bytes = self.spool.written_bytes().await?;
        let table = &self.resumables.0;
        self.note(None).await?;
        self.turn.entry.set_received_bytes(written_bytes);
        // What the disk took before it refused counts.
        synced?;
        table.changed.notify_one();
        let standing = table.standing(&self.turn.entry);
        let whole = (written_bytes == self.size_bytes).then_some(Whole {
            turn: self.turn,
            room: self.room,
        });
        Ok(Closed { standing, whole })
    }

    /// Throws away what was received.
    ///
    /// # Errors
    /// [`ResumableError`] if the disk fails; the bytes do not count then either.
    pub async fn discard(mut self) -> Result<(), ResumableError> {
        self.cut().await
    }

    async fn cut(&mut self) -> Result<(), ResumableError> {
        self.spool.cut_to(self.from_bytes).await?;
        self.note(None).await
    }

    /// Notes that bytes are coming, and how many of them count whatever is in the file.
    async fn note(&self, checked_bytes: Option<u64>) -> Result<(), ResumableError> {
        let table = &self.resumables.0;
        let (entry, now) = (&self.turn.entry, table.clock.now());
        let before = entry.kept();
        if before.checked_bytes == checked_bytes && before.idle(now) < NOTE_ACTIVITY_EVERY {
            return Ok(());
        }
        let kept = Kept {
            active_ms: now.get(),
            checked_bytes,
            ..before
        };
        Ok(table.keep(entry, kept).await?)
    }
}
