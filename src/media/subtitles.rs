//! Subtitles: from wherever they are to WebVTT files on the programme's time line.

mod beside;
mod cue;
mod embedded;
mod encoding;
mod language;
mod markup;
mod read;

use std::ffi::OsStr;
use std::io;
use std::path::Path;

use rustix::fs::{Mode, OFlags};
use tokio::io::AsyncReadExt;

use super::child::ChildError;
use super::{Facts, SubtitleFile, SubtitleOrigin, SubtitleTrack};
use cue::Cue;
use read::Format;

pub use beside::{SubtitleFolder, is_subtitles_name, subtitles_beside};
pub(super) use cue::time;

/// No video has more translations; what comes after is left out.
const MOST_TRACKS: usize = 64;
/// Text of this length is hours of talk; longer files are left out.
const LONGEST_FILE_BYTES: u64 = 8 * 1024 * 1024;

/// What became of a video's subtitles.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Subtitles {
    /// Those there are now, each in its WebVTT file.
    pub tracks: Vec<SubtitleTrack>,
    /// Of each that there is not, a sentence why.
    pub left_out: Vec<String>,
}

/// Makes WebVTT files in `dir`, named `subtitles-1.vtt` and so on, of the text tracks inside `source`
/// and of `files`, timed to a programme that starts with the first picture.
///
/// Subtitles that cannot be used are no reason to fail: they are left out with a sentence.
///
/// # Errors
/// If the machine is in trouble or ffmpeg is not there.
pub async fn extract_subtitles(
    source: &Path,
    facts: &Facts,
    files: &[SubtitleFile],
    dir: &Path,
    niceness: i32,
) -> io::Result<Subtitles> {
    let told = match embedded::look(source, niceness).await {
        Ok(told) => told,
        Err(ChildError::TimedOut(_) | ChildError::Stalled(_)) => embedded::Told::default(),
        Err(error) => return Err(embedded::as_io(error)),
    };
    let mut work = Work {
        dir,
        facts,
        done: Subtitles::default(),
    };
    for file in files {
        work.take_file(file, told.origin_ms).await?;
    }
    let room = MOST_TRACKS.saturating_sub(work.done.tracks.len());
    let tracks = &told.tracks[..told.tracks.len().min(room)];
    work.done
        .left_out
        .extend(tracks.iter().filter_map(embedded::Track::not_convertible));
    let taken = embedded::take_out(source, tracks, dir, LONGEST_FILE_BYTES, niceness)
        .await
        .map_err(embedded::as_io)?;
    for (track, path, format) in taken {
        work.take_embedded(track, &path, format).await?;
    }
    Ok(work.done)
}

/// The BCP 47 tag of what somebody calls a language (`en`, `eng`, `English`, `pt_br`); none if it is
/// no language known here.
pub fn language_tag(word: &str) -> Option<String> {
    language::tag(word.trim())
}

/// Whether `bytes` of a file with this ending (without the dot) are subtitles that can be read.
pub fn are_subtitles(bytes: &[u8], ending: &str, language: &str) -> bool {
    bytes.len() as u64 <= LONGEST_FILE_BYTES
        && Format::by_ending(ending)
            .is_some_and(|named| !read::cues(&encoding::text(bytes, language), named).is_empty())
}

struct Work<'a> {
    dir: &'a Path,
    facts: &'a Facts,
    done: Subtitles,
}

impl Work<'_> {
    async fn take_file(&mut self, file: &SubtitleFile, origin_ms: i64) -> io::Result<()> {
        let name = file.path.file_name().unwrap_or_default().to_string_lossy();
        let ending = file
            .path
            .extension()
            .and_then(OsStr::to_str)
            .unwrap_or_default();
        let bytes = match read_bounded(&file.path).await {
            Ok(Some(bytes)) => bytes,
            Ok(None) => {
                let why = format!("the subtitles in “{name}” are too long or no plain file");
                self.done.left_out.push(why);
                return Ok(());
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.done
                    .left_out
                    .push(format!("the subtitles “{name}” are gone"));
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        let named = Format::by_ending(ending).unwrap_or(Format::SubRip);
        let language = language::tag_or_code(&file.language);
        let language = language::tag(&file.language).unwrap_or(language);
        let given = file.label.as_deref().and_then(language::cleaned_label);
        let track = SubtitleTrack {
            file: String::new(),
            label: given.unwrap_or_else(|| language::label(&language)),
            language,
            origin: file.origin,
            default: false,
        };
        let cues = read::cues(&encoding::text(&bytes, &track.language), named);
        if cues.is_empty() {
            let why =
                format!("there are no subtitles in “{name}” (SubRip, WebVTT and ASS are read)");
            self.done.left_out.push(why);
            return Ok(());
        }
        self.write(track, cues, origin_ms).await
    }

    async fn take_embedded(
        &mut self,
        track: embedded::Track,
        path: &Path,
        format: Format,
    ) -> io::Result<()> {
        let bytes = match read_bounded(path).await {
            Ok(bytes) => bytes.unwrap_or_default(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(error),
        };
        let _ = tokio::fs::remove_file(path).await;
        let cues = read::cues(&encoding::text(&bytes, &track.language), format);
        if cues.is_empty() {
            let why = format!("the subtitles “{}” in this file are empty", track.label);
            self.done.left_out.push(why);
            return Ok(());
        }
        let track = SubtitleTrack {
            file: String::new(),
            language: track.language,
            label: track.label,
            origin: SubtitleOrigin::Embedded,
            default: track.default,
        };
        // They are on the same time line as the picture.
        self.write(track, cues, 0).await
    }

    /// Writes `cues`, which have their zero at `origin_ms` of the video's time line.
    async fn write(
        &mut self,
        mut track: SubtitleTrack,
        cues: Vec<Cue>,
        origin_ms: i64,
    ) -> io::Result<()> {
        if self.done.tracks.len() >= MOST_TRACKS {
            let why = format!("the subtitles “{}” are one track too many", track.label);
            self.done.left_out.push(why);
            return Ok(());
        }
        let start_ms = self.facts.start_ms;
        let length_ms = i64::try_from(self.facts.duration_ms).unwrap_or(i64::MAX);
        let length_ms = u64::try_from(length_ms.saturating_sub(start_ms)).unwrap_or(0);
        let cues = cue::fitted(cues, start_ms.saturating_sub(origin_ms), length_ms);
        if cues.is_empty() {
            let why = format!(
                "none of the subtitles “{}” fall into this video",
                track.label
            );
            self.done.left_out.push(why);
            return Ok(());
        }
        track.file = format!("subtitles-{}.vtt", self.done.tracks.len() + 1);
        track.label = self.unlike_the_others(track.label);
        let others = &self.done.tracks;
        track.default &= !others.iter().any(|other| other.default);
        tokio::fs::write(self.dir.join(&track.file), cue::webvtt(&cues)).await?;
        self.done.tracks.push(track);
        Ok(())
    }

    /// `label`, with a number if another track is called the same.
    fn unlike_the_others(&self, label: String) -> String {
        let taken = |label: &str| self.done.tracks.iter().any(|other| other.label == label);
        if !taken(&label) {
            return label;
        }
        let mut numbered = (2..=MOST_TRACKS + 1).map(|n| format!("{label} {n}"));
        numbered.find(|label| !taken(label)).unwrap_or(label)
    }
}

/// The bytes of a plain file; none if there are too many or it is something else. Links are not
/// followed, since what they lead to is nobody's subtitles.
async fn read_bounded(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let file = match rustix::fs::open(path, flags, Mode::empty()) {
        Ok(file) => std::fs::File::from(file),
        Err(rustix::io::Errno::LOOP) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    if !file.metadata()?.is_file() {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    let mut bounded = tokio::fs::File::from_std(file).take(LONGEST_FILE_BYTES + 1);
    bounded.read_to_end(&mut bytes).await?;
    let fits = bytes.len() as u64 <= LONGEST_FILE_BYTES;
    Ok(fits.then_some(bytes))
}
