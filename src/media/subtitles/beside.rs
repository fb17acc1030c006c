//! Subtitles in files beside a video, known by their names: `film.en.srt`, `film.pt-BR.vtt`.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::super::{SubtitleFile, SubtitleOrigin};
use super::language;
use super::read::Format;

/// A folder with more entries is not looked through to its end.
const MOST_ENTRIES: usize = 50_000;
/// No video has more translations.
const MOST_FILES: usize = 64;

/// Whether a file called `name` says that it holds subtitles.
pub fn is_subtitles_name(name: &str) -> bool {
    let ending = name.rsplit_once('.').map(|(_, ending)| ending);
    ending.and_then(Format::by_ending).is_some()
}

/// The subtitles that lie beside the video at `video` and are named after it, in the order of their
/// names: its name, then a language or nothing, then `srt`, `vtt`, `ass` or `ssa`. Blocks.
///
/// Links are not followed.
///
/// # Errors
/// If the folder cannot be read.
pub fn subtitles_beside(video: &Path) -> io::Result<Vec<SubtitleFile>> {
    let folder = video.parent().unwrap_or(video);
    Ok(SubtitleFolder::read(folder)?.of(video))
}

/// The subtitle files of one folder, read once for all videos in it.
#[derive(Debug, Default)]
pub struct SubtitleFolder(Vec<(String, PathBuf)>);

impl SubtitleFolder {
    /// Those in `folder`; links are not followed. Blocks.
    ///
    /// # Errors
    /// If the folder cannot be read.
    pub fn read(folder: &Path) -> io::Result<Self> {
        let folder = match folder.as_os_str().is_empty() {
            true => Path::new("."),
            false => folder,
        };
        let mut found = Vec::new();
        for entry in fs::read_dir(folder)?.take(MOST_ENTRIES) {
            let entry = entry?;
            if let Ok(name) = entry.file_name().into_string()
                && is_subtitles_name(&name)
                && entry.file_type()?.is_file()
            {
                found.push((name, entry.path()));
            }
        }
        found.sort();
        Ok(Self(found))
    }

    /// Those that are named after `video`, in the order of their names.
    pub fn of(&self, video: &Path) -> Vec<SubtitleFile> {
        let Some(name) = video.file_name().and_then(OsStr::to_str) else {
            return Vec::new();
        };
        let stem = video.file_stem().and_then(OsStr::to_str).unwrap_or(name);
        let files = self.0.iter().filter_map(|(other, path)| {
            let named = named_after(other, name).or_else(|| named_after(other, stem))?;
            let path = path.clone();
            Some(SubtitleFile { path, ..named })
        });
        files.take(MOST_FILES).collect()
    }
}

/// What the name of a file says of it, if it is `stem`, words known here, and an ending of subtitles.
fn named_after(name: &str, stem: &str) -> Option<SubtitleFile> {
    let rest = name.strip_prefix(stem)?.strip_prefix('.')?;
    let (words, ending) = rest.rsplit_once('.').unwrap_or(("", rest));
    Format::by_ending(ending)?;
    let mut tag = None;
    let mut kind = None;
    for word in words.split('.').filter(|word| !word.is_empty()) {
        match word.to_lowercase().as_str() {
            // For those who do not hear: an abbreviation, unless it is the only word (Hindi).
            "sdh" | "cc" => kind = Some("SDH"),
            "hi" if tag.is_some() => kind = Some("SDH"),
            "forced" => kind = Some("forced"),
            "default" => {}
            // With any other word it is another video's.
            _ if tag.is_none() => tag = Some(language::tag(word)?),
            _ => return None,
        }
    }
    let language = tag.unwrap_or_else(|| language::UNKNOWN.to_owned());
    Some(SubtitleFile {
        path: name.into(),
        label: kind.map(|kind| format!("{} ({kind})", language::label(&language))),
        language,
        origin: SubtitleOrigin::Beside,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_named_after_the_video_are_found_with_their_language() {
        let dir = tempfile::tempdir().unwrap();
        for name in [
            "film.mkv",
            "film.srt",
            "film.en.srt",
            "film.pt-BR.vtt",
            "film.ger.ass",
            "film.fr.forced.srt",
            "film.en.sdh.SRT",
            "film.mkv.it.srt",
            "film.hi.srt",
            // Not this video's.
            "film 2.en.srt",
            "film.part2.en.srt",
            "film.en.txt",
            "film.en.srt.bak",
            "filmen.srt",
            "other.en.srt",
        ] {
            fs::write(dir.path().join(name), "").unwrap();
        }
        fs::create_dir(dir.path().join("film.es.srt")).unwrap();
        std::os::unix::fs::symlink("/etc/passwd", dir.path().join("film.da.srt")).unwrap();
        let found = subtitles_beside(&dir.path().join("film.mkv")).unwrap();
        let told: Vec<_> = found
            .iter()
            .map(|file| {
                let name = file.path.file_name().unwrap().to_str().unwrap();
                (name, file.language.as_str(), file.label.as_deref())
            })
            .collect();
        let want = [
            ("film.en.sdh.SRT", "en", Some("English (SDH)")),
            ("film.en.srt", "en", None),
            ("film.fr.forced.srt", "fr", Some("Français (forced)")),
            ("film.ger.ass", "de", None),
            ("film.hi.srt", "hi", None),
            ("film.mkv.it.srt", "it", None),
            ("film.pt-BR.vtt", "pt-BR", None),
            ("film.srt", "und", None),
        ];
        assert_eq!(told, want);
    }

    #[test]
    fn a_folder_that_is_gone_is_an_error() {
        assert!(subtitles_beside(Path::new("/no/such/folder/film.mkv")).is_err());
    }
}
