//! The number of the last acknowledged batch, in a small file beside the store.
//!
//! sled takes a log whose end is missing for one whose end was never written, and opens it without
//! a word. The mark tells. It is written after each batch and never synced: `kill -9` does not
//! undo it, and after a power cut it may lag behind but never runs ahead.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::Path;

use crate::storage::StorageError;

pub(super) struct Mark(File);

impl Mark {
    /// Opens the mark at `path`, without a number if there was none.
    pub(super) fn open(path: &Path) -> Result<Self, StorageError> {
        OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(path)
            .map(Self)
            .map_err(StorageError::io("open", path))
    }

    /// The number, if there is a readable one.
    pub(super) fn read(&self) -> Option<u64> {
        let mut line = [0; 20];
        self.0.read_exact_at(&mut line, 0).ok()?;
        std::str::from_utf8(&line).ok()?.parse().ok()
    }

    /// Best effort: a lagging mark only notices less.
    pub(super) fn write(&self, commit: u64) {
        let line = format!("{commit:020}\n");
        if let Err(error) = self.0.write_all_at(line.as_bytes(), 0) {
            tracing::debug!(%error, "the mark beside the records was not written");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_reads_back_and_anything_else_is_none() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("mark");
        let mark = Mark::open(&path).unwrap();
        assert_eq!(mark.read(), None);
        for commit in [0, u64::MAX, 7] {
            mark.write(commit);
            assert_eq!(Mark::open(&path).unwrap().read(), Some(commit));
        }
        std::fs::write(&path, b"twenty bytes of junk").unwrap();
        assert_eq!(Mark::open(&path).unwrap().read(), None);
    }
}
