//! Subtitle files of a video: beside it, or uploaded for it.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest, Sha256};
use tokio::sync::watch;

use super::folders::Folders;
use super::handle::{Conversion, ConversionError};
use crate::library::{Library, Video};
use crate::media::{
    SubtitleFile, SubtitleFolder, SubtitleOrigin, are_subtitles, language_tag, subtitles_beside,
};
use crate::storage::{StorageError, create_dir_durably, durable_rename};
use crate::timeline::VideoId;

/// The endings subtitle files have.
const ENDINGS: [&str; 4] = ["srt", "vtt", "ass", "ssa"];

/// The subtitle files there are for a video.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Texts {
    pub files: Vec<SubtitleFile>,
    /// Equal for equal files; 0 for none.
    pub number: u64,
}

impl Conversion {
    /// The subtitle files there are for `video` now.
    pub(super) async fn texts_of(&self, video: &Video) -> io::Result<Texts> {
        let (library, folders) = (self.library().clone(), self.folders().clone());
        let video = video.clone();
        let found = tokio::task::spawn_blocking(move || {
            let place = library.local_path(&video);
            let beside = place.as_deref().and_then(Path::parent);
            let beside = beside.map(SubtitleFolder::read).transpose()?;
            find(&library, &folders, &video, &beside.unwrap_or_default())
        });
        found.await.map_err(io::Error::other)?
    }

    /// Has the versions of `videos` made anew for which there are other subtitle files.
    ///
    /// # Errors
    /// [`ConversionError`] if the disk took nothing, or those of some cannot be looked for; the
    /// others are looked for then.
    pub(super) async fn look_for_texts(
        &self,
        videos: impl IntoIterator<Item = VideoId>,
    ) -> Result<(), ConversionError> {
        let catalogue = self.library().snapshot();
        let videos = videos
            .into_iter()
            .filter_map(|id| catalogue.get(&id).cloned());
        let videos: Vec<_> = videos.collect();
        let (library, folders) = (self.library().clone(), self.folders().clone());
        let found = tokio::task::spawn_blocking(move || find_all(&library, &folders, videos));
        let (found, failed) = found.await.map_err(|_| StorageError::Panicked)?;
        self.library().note_texts(found).await?;
        match failed {
            Some(error) => Err(ConversionError::Texts(error)),
            None => Ok(()),
        }
    }

    /// Notices subtitle files that come, change and go beside videos.
    pub(super) async fn follow_texts(self, mut shutdown: watch::Receiver<bool>) {
        loop {
            let videos = tokio::select! {
                videos = self.library().changed_texts() => videos,
                _ = shutdown.wait_for(|stop| *stop) => return,
            };
            if let Err(error) = self.look_for_texts(videos).await {
                tracing::warn!(%error, "subtitle files beside videos could not be looked for");
            }
        }
    }

    /// Keeps `bytes`, a subtitle file called `name`, for `video`, in the place of what was uploaded
    /// for the same language before. The language is `language`, or what the name says:
    /// `film.pt-BR.srt`.
    ///
    /// # Errors
    /// [`ConversionError::Refused`] with a sentence if there is no such video, the language cannot
    /// be told, or there are no subtitles in it.
    pub async fn add_subtitles(
        &self,
        video: &VideoId,
        (name, language): (&str, Option<&str>),
        bytes: Vec<u8>,
    ) -> Result<(), ConversionError> {
        let refused = |why: &str| Err(ConversionError::Refused(why.to_owned()));
        if self.library().snapshot().get(video).is_none() {
            return refused("there is no such video in the library");
        }
        let (stem, ending) = name.rsplit_once('.').unwrap_or((name, ""));
        let ending = ending.to_ascii_lowercase();
        if !ENDINGS.contains(&&*ending) {
            return refused("subtitles are files ending in .srt, .vtt, .ass or .ssa");
        }
        let of_name = stem.rsplit_once('.').map(|(_, word)| word);
        let Some(language) = language.or(of_name).and_then(language_tag) else {
            return refused(
                "the language of the subtitles is missing: name the file like film.en.srt, or choose it",
            );
        };
        if !are_subtitles(&bytes, &ending, &language) {
            return refused(
                "there are no subtitles in this file (SubRip, WebVTT and ASS are read)",
            );
        }
        let place = self.folders().texts(video);
        let kept = tokio::task::spawn_blocking(move || keep(&place, &language, &ending, &bytes));
        kept.await.map_err(|_| StorageError::Panicked)??;
        self.look_for_texts([video.clone()]).await
    }
}

/// The number of the subtitle files of each of `videos`, and why some could not be found. A folder
/// with thousands of videos is read once. Blocks.
fn find_all(
    library: &Library,
    folders: &Folders,
    videos: Vec<Arc<Video>>,
) -> (Vec<(VideoId, u64)>, Option<io::Error>) {
    let mut by_folder: HashMap<Option<PathBuf>, Vec<Arc<Video>>> = HashMap::new();
    for video in videos {
        let place = library.local_path(&video);
        let folder = place.as_deref().and_then(Path::parent).map(Path::to_owned);
        by_folder.entry(folder).or_default().push(video);
    }
    let (mut found, mut failed) = (Vec::new(), None);
    for (folder, videos) in by_folder {
        let beside = match folder.as_deref().map(SubtitleFolder::read).transpose() {
            Ok(beside) => beside.unwrap_or_default(),
            Err(error) => {
                failed = Some(error);
                continue;
            }
        };
        for video in videos {
            match find(library, folders, &video, &beside) {
                Ok(texts) => found.push((video.id.clone(), texts.number)),
                Err(error) => failed = Some(error),
            }
        }
    }
    (found, failed)
}

/// Those of `video`, in whose folder is what `beside` says. Blocks.
fn find(
    library: &Library,
    folders: &Folders,
    video: &Video,
    beside: &SubtitleFolder,
) -> io::Result<Texts> {
    let mut files = match subtitles_beside(&folders.texts(&video.id)) {
        Ok(files) => files,
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(error),
    };
    for file in &mut files {
        file.origin = SubtitleOrigin::Uploaded;
    }
    if let Some(path) = library.local_path(video) {
        // What was uploaded by itself was meant to take the place of what lies beside.
        let beside = beside.of(&path).into_iter();
        let others: Vec<_> = beside
            .filter(|file| !files.iter().any(|own| own.language == file.language))
            .collect();
        files.extend(others);
    }
    let mut digest = Sha256::new();
    for file in &files {
        let looked = std::fs::metadata(&file.path)?;
        digest.update(file.path.as_os_str().as_encoded_bytes());
        digest.update(looked.len().to_le_bytes());
        let modified = looked.modified().ok();
        let modified = modified.and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok());
        digest.update(modified.unwrap_or_default().as_nanos().to_le_bytes());
    }
    let first = digest.finalize().first_chunk::<8>().copied();
    let number = match files.is_empty() {
        true => 0,
        false => u64::from_le_bytes(first.unwrap_or_default()).max(1),
    };
    Ok(Texts { files, number })
}

/// Puts a file beside `place`, in the place of those of the same language. Blocks.
fn keep(place: &Path, language: &str, ending: &str, bytes: &[u8]) -> Result<(), ConversionError> {
    let dir = place.parent().unwrap_or(place);
    create_dir_durably(dir)?;
    let coming = dir.join(".coming");
    std::fs::write(&coming, bytes).map_err(ConversionError::Texts)?;
    for other in ENDINGS {
        let before = dir.join(format!("video.{language}.{other}"));
        match std::fs::remove_file(&before) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(ConversionError::Texts(error));
            }
            _ => {}
        }
    }
    durable_rename(&coming, &dir.join(format!("video.{language}.{ending}")))?;
    Ok(())
}
