//! Where prepared versions lie: `<video>/v<version>/` below one folder.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::storage::{StorageError, create_dir_durably};
use crate::timeline::VideoId;

/// Why a folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// It cannot be made.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// It cannot be found or emptied.
    #[error("cannot use the folder {path}: {source}")]
    Io {
        /// Which folder.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

/// A version of a video, as its folder is called.
pub type VersionOf = (VideoId, u32);

/// The folders of prepared versions.
#[derive(Debug, Clone)]
pub(super) struct Folders(PathBuf);

impl Folders {
    /// Those below `root`, which is made if it is not there. Blocks.
    pub fn open(root: &Path) -> Result<Self, FolderError> {
        create_dir_durably(root)?;
        let found = root.canonicalize();
        Ok(Self(found.map_err(|source| refused(root, source))?))
    }

    /// Where `version` of `video` lies or will lie.
    pub fn of(&self, video: &VideoId, version: u32) -> PathBuf {
        self.0.join(video.as_str()).join(format!("v{version}"))
    }

    /// Where subtitle files uploaded for `video` lie: beside this file, which is never there, and
    /// named after it.
    pub fn texts(&self, video: &VideoId) -> PathBuf {
        self.0.join(video.as_str()).join("texts").join("video.mp4")
    }

    /// The folder for a new version, empty: what an earlier try left is gone. Blocks.
    pub fn fresh(&self, video: &VideoId, version: u32) -> Result<PathBuf, FolderError> {
        let dir = self.of(video, version);
        remove(&dir).map_err(|source| refused(&dir, source))?;
        create_dir_durably(&dir)?;
        Ok(dir)
    }

    /// Removes `version` of `video`, if it is there. Blocks.
    pub fn discard(&self, video: &VideoId, version: u32) {
        let dir = self.of(video, version);
        if let Err(error) = remove(&dir) {
            tracing::warn!(dir = %dir.display(), %error, "a version nobody needs cannot be removed");
        }
    }

    /// Removes those of the versions `found` that are not in `needed`; returns how many. Blocks.
    pub fn sweep(&self, found: Vec<VersionOf>, needed: &HashSet<VersionOf>) -> usize {
        let mut swept = 0;
        for (video, version) in found {
            if !needed.contains(&(video.clone(), version)) {
                self.discard(&video, version);
                swept += 1;
            }
            // Only once it is empty.
            let _ = fs::remove_dir(self.0.join(video.as_str()));
        }
        swept
    }

    /// Every version there is; what does not look like one is left out. Blocks.
    pub fn found(&self) -> Vec<VersionOf> {
        let names = |dir: &Path| -> Vec<String> {
            let entries = fs::read_dir(dir).into_iter().flatten().flatten();
            entries
                .filter_map(|entry| entry.file_name().into_string().ok())
                .collect()
        };
        let videos = names(&self.0);
        let videos = videos.iter().filter_map(|name| VideoId::new(name).ok());
        videos
            .flat_map(|video| {
                let versions = names(&self.0.join(video.as_str()));
                let numbers = versions
                    .into_iter()
                    .filter_map(|name| name.strip_prefix('v')?.parse().ok());
                numbers
                    .map(|version| (video.clone(), version))
                    .collect::<Vec<_>>()
            })
            .collect()
    }
}

fn refused(path: &Path, source: io::Error) -> FolderError {
    FolderError::Io {
        path: path.to_owned(),
        source,
    }
}

fn remove(dir: &Path) -> io::Result<()> {
    match fs::remove_dir_all(dir) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> VideoId {
        VideoId::new(text).unwrap()
    }

    #[test]
    fn a_sweep_takes_what_nobody_needs_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let folders = Folders::open(&dir.path().join("prepared")).unwrap();
        for (video, version) in [("a", 1), ("a", 2), ("b", 7)] {
            let folder = folders.fresh(&id(video), version).unwrap();
            fs::write(folder.join("programme.mp4"), "x").unwrap();
        }
        fs::create_dir_all(folders.0.join("lost+found")).unwrap();
        fs::create_dir_all(folders.0.join("a/notes")).unwrap();
        let needed = HashSet::from([(id("a"), 2)]);
        assert_eq!(folders.sweep(folders.found(), &needed), 2);
        assert!(folders.of(&id("a"), 2).join("programme.mp4").is_file());
        assert!(!folders.of(&id("a"), 1).exists());
        assert!(!folders.0.join("b").exists());
        assert!(folders.0.join("lost+found").exists());
        assert!(folders.0.join("a/notes").exists());
        assert_eq!(folders.sweep(folders.found(), &needed), 0);
    }

    #[test]
    fn a_new_try_begins_with_nothing_of_the_last() {
        let dir = tempfile::tempdir().unwrap();
        let folders = Folders::open(dir.path()).unwrap();
        let first = folders.fresh(&id("a"), 1).unwrap();
        fs::write(first.join("half"), "x").unwrap();
        let second = folders.fresh(&id("a"), 1).unwrap();
        assert_eq!(fs::read_dir(second).unwrap().count(), 0);
    }
}
