//! Jobs worked off on other machines: their files come in one by one, and are believed only after
//! a look.

use std::path::PathBuf;

use super::handle::{Conversion, ConversionError};
use super::job::Step;
use super::lease::Lease;
use super::worker::{quick_rendition, rendition_of};
use crate::library::Rendition;
use crate::media::{self, Playability, playability};
use crate::storage::{StorageError, sync_dir};

/// Names in a version's folder are short and plain.
const LONGEST_NAME: usize = 64;
/// A version has a rung or two, stills and a few dozen subtitles.
const MOST_FILES: usize = 128;

impl Conversion {
    /// Makes an empty folder for the version that `lease` is about. Blocks briefly.
    ///
    /// # Errors
    /// [`ConversionError::Folder`] if it cannot be made.
    pub fn make_room(&self, lease: &Lease) -> Result<(), ConversionError> {
        let task = &lease.task;
        self.folders().fresh(&task.video.id, task.version)?;
        Ok(())
    }

    /// Where the file `name` of the version belongs.
    ///
    /// # Errors
    /// [`ConversionError::Refused`] for a name no version has, or one file too many.
    pub fn path_for(&self, lease: &Lease, name: &str) -> Result<PathBuf, ConversionError> {
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.');
        let fits = name.len() <= LONGEST_NAME
            && name.bytes().all(plain)
            && name.starts_with(|c: char| c.is_ascii_alphanumeric())
            && [".mp4", ".jpg", ".vtt", ".json"]
                .iter()
                .any(|end| name.ends_with(end));
        if !fits {
            return Err(ConversionError::Refused(format!(
                "no prepared version has a file called {name:?}"
            )));
        }
        let dir = self.folders().of(lease.video(), lease.task.version);
        let files = std::fs::read_dir(&dir).map_or(0, Iterator::count);
        if files >= MOST_FILES {
            let many = format!("a prepared version has at most {MOST_FILES} files");
            return Err(ConversionError::Refused(many));
        }
        Ok(dir.join(name))
    }

    /// All files are there: looks whether they are what they should be, and has the library take
    /// them.
    ///
    /// # Errors
    /// [`ConversionError::Refused`] if they are not, which counts as a failure of the job.
    pub async fn complete(&self, lease: &Lease) -> Result<(), ConversionError> {
        let task = &lease.task;
        let dir = self.folders().of(lease.video(), task.version);
        let found: Result<Rendition, String> = match task.step {
            Step::Quick => match media::probe(&dir.join(Rendition::PROGRAMME)).await {
                Ok(facts) => match playability(&facts) {
                    Playability::Playable => Ok(quick_rendition(task.version, &facts, &dir)),
                    Playability::NeedsConversion { reason } => Err(reason),
                },
                Err(error) => Err(error.to_string()),
            },
            Step::Floor | Step::House | Step::Texts => match media::verify_package(&dir).await {
                Ok(package) if package.rungs.len() < task.fewest_rungs() => {
                    Err("it has only the lowest rung".to_owned())
                }
                // Of the files on this machine it knows nothing.
                Ok(package) => Ok(rendition_of(&package, task, 0)),
                Err(error) => Err(error.to_string()),
            },
        };
        match found {
            Ok(rendition) => {
                let synced = tokio::task::spawn_blocking(move || sync_dir(&dir)).await;
                synced.map_err(|_| StorageError::Panicked)??;
                self.done(lease, rendition).await?;
                self.look_for_texts([lease.video().clone()]).await
            }
            Err(reason) => {
                self.folders().discard(lease.video(), task.version);
                self.failed(lease, (reason.clone(), Vec::new())).await?;
                Err(ConversionError::Refused(reason))
            }
        }
    }
}
