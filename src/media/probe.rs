//! From a file to facts, by way of `ffprobe`.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::path::Path;
use std::time::Duration;

use super::child::{self, ChildError, Ended};
use super::container::{self, Kind, Structure};
use super::headers::{self, Fault, Headers};
use super::leash::Leash;
use super::packets::{self, Ends};
use super::tools::{self, FFPROBE};
use super::{Facts, bytes_in_words};
use crate::timeline::DurationMs;

const HEADERS_LIMIT: Duration = Duration::from_secs(30);
/// The largest pictures there are fit into this many times over.
const MOST_MEMORY_BYTES: u64 = 8 << 30;
const PACKETS_LIMIT: Duration = Duration::from_secs(120);
/// More than this `ffprobe` never says about the headers of an honest file.
const LONGEST_HEADERS: usize = 1024 * 1024;
/// This much of the end is read to see whether it is there.
const TAIL_S: f64 = 5.0;
/// A stream that ends this much before it says so has been cut.
const TOLERANCE_S: f64 = 0.5;
/// Claim and measurement this near to each other mean the same; the claim is the finer of the two.
const SAME_S: f64 = 0.1;
/// Shorter programmes would change faster than screens can follow.
const SHORTEST_MS: u64 = 500;
/// The longest programme the timeline takes: thirty days.
const LONGEST_MS: u64 = 30 * 24 * 3_600_000;

/// Why there are no facts about a file; each reads as a sentence for the person whose file it is.
#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    /// `ffprobe` is not installed.
    #[error("ffprobe is not installed; install ffmpeg (on Debian: apt-get install ffmpeg)")]
    NotInstalled,
    /// The file is no recording of any kind known here.
    #[error("this is not a video file")]
    NotMedia,
    /// There is nothing to see in the file.
    #[error("{0}")]
    NoPicture(&'static str),
    /// Nothing says how long the picture lasts, or no programme can last as long.
    #[error("{0}")]
    Duration(String),
    /// Part of the file is missing.
    #[error("this file is incomplete: {0}")]
    Truncated(String),
    /// The file makes no sense.
    #[error("this file is damaged: {0}")]
    Damaged(&'static str),
    /// Looking into the file took too long.
    #[error("looking into this file took longer than {0} s")]
    TimedOut(u64),
    /// The machine, not the file, is at fault; worth trying again.
    #[error("this file could not be examined: {0}")]
    Io(#[from] io::Error),
}

impl ProbeError {
    /// Whether the file itself is at fault, so that looking again would say the same.
    pub fn is_about_the_file(&self) -> bool {
        !matches!(self, Self::NotInstalled | Self::Io(_))
    }
}

/// Whether `ffprobe` can be found.
///
/// # Errors
/// [`ProbeError::NotInstalled`] if not.
pub fn check_installed() -> Result<(), ProbeError> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).any(|dir| dir.join(FFPROBE).is_file());
    if found {
        Ok(())
    } else {
        Err(ProbeError::NotInstalled)
    }
}

/// Finds out what is in the file at `path`.
///
/// # Errors
/// [`ProbeError`], whose text can be shown to the person whose file it is.
pub async fn probe(path: &Path) -> Result<Facts, ProbeError> {
    let structure = structure(path).await?;
    check_structure(&structure)?;
    let headers = read_headers(path, &structure).await?;
    let ends = read_ends(path, &headers).await?;
    let end_s = end_of_picture(&headers, &ends)?;
    facts(headers, end_s, structure.kind)
}

async fn structure(path: &Path) -> Result<Structure, ProbeError> {
    let path = path.to_owned();
    let looked = tokio::task::spawn_blocking(move || container::inspect(&File::open(path)?));
    Ok(looked.await.map_err(io::Error::other)??)
}

fn check_structure(structure: &Structure) -> Result<(), ProbeError> {
    if structure.size_bytes == 0 {
        return Err(ProbeError::Truncated("it is empty".to_owned()));
    }
    if let Some(announced) = structure.announced_bytes {
        let missing = bytes_in_words(announced - structure.size_bytes);
        let whole = bytes_in_words(announced);
        return Err(ProbeError::Truncated(format!(
            "{missing} of its {whole} are missing"
        )));
    }
    if !structure.has_index {
        let why = "its index is missing, as when a recording or a transfer was broken off";
        return Err(ProbeError::Truncated(why.to_owned()));
    }
    Ok(())
}

async fn read_headers(path: &Path, structure: &Structure) -> Result<Headers, ProbeError> {
    let (ended, json) = ask_headers(path, headers::ENTRIES).await?;
    let unreadable = match structure.kind {
        Some(_) => ProbeError::Damaged("nothing in it can be read"),
        None => ProbeError::NotMedia,
    };
    if !ended.status.success() {
        return Err(unreadable);
    }
    headers::understand(&json).map_err(|fault| match fault {
        Fault::Unreadable => unreadable,
        Fault::Nothing => {
            ProbeError::NoPicture("there is neither a picture nor sound in this file")
        }
        Fault::SoundOnly => ProbeError::NoPicture("this file has sound but no picture"),
        Fault::CoverOnly => ProbeError::NoPicture(
            "this file has no moving picture, only a still one such as a cover",
        ),
        Fault::UnknownPicture => {
            ProbeError::NoPicture("the picture in this file is in a form nobody here can read")
        }
    })
}

/// What `ffprobe` says as JSON about `entries` of the headers of the file at `path`.
pub(super) async fn headers_of(path: &Path, entries: &str) -> Result<Vec<u8>, ProbeError> {
    let (ended, json) = ask_headers(path, entries).await?;
    match ended.status.success() {
        true => Ok(json),
        false => Err(ProbeError::Damaged("nothing in it can be read")),
    }
}

async fn ask_headers(path: &Path, entries: &str) -> Result<(Ended, Vec<u8>), ProbeError> {
    let mut json = Vec::new();
    let arguments = ["-of", "json", "-show_entries", entries];
    let ended = ffprobe(&arguments, path, HEADERS_LIMIT, |line| {
        if json.len() + line.len() <= LONGEST_HEADERS {
            json.extend_from_slice(line);
        }
    })
    .await?;
    Ok((ended, json))
}

/// Reads the packets near the end, or all of the picture's if none of them is there.
async fn read_ends(path: &Path, headers: &Headers) -> Result<Ends, ProbeError> {
    let claimed_end_s = headers.picture.claimed_end_s.or(headers.duration_s);
    let from_s = claimed_end_s.map_or(0.0, |end| (end - TAIL_S).max(0.0));
    let interval = format!("{from_s:.3}%");
    let tail = read_packets(path, headers, &["-read_intervals", &interval]).await?;
    if tail.picture_s.is_some() || from_s == 0.0 {
        return Ok(tail);
    }
    let picture = headers.picture.index.to_string();
    let whole = read_packets(path, headers, &["-select_streams", &picture]).await?;
    Ok(Ends {
        picture_s: whole.picture_s,
        ..tail
    })
}

async fn read_packets(path: &Path, headers: &Headers, which: &[&str]) -> Result<Ends, ProbeError> {
    let mut ends = Ends::default();
    let arguments = [
        &["-of", "compact=p=0", "-show_entries", packets::ENTRIES],
        which,
    ]
    .concat();
    // What the packets say counts, however reading them ended.
    ffprobe(&arguments, path, PACKETS_LIMIT, |line| {
        ends.take(line, headers)
    })
    .await?;
    Ok(ends)
}

/// Runs `ffprobe` on the file at `path` with what every run of it has in common.
pub(super) async fn ffprobe(
    arguments: &[&str],
    path: &Path,
    time_limit: Duration,
    mut line: impl FnMut(&[u8]),
) -> Result<Ended, ProbeError> {
    let mut all = tools::arguments(["-v", "error", "-hide_banner"]);
    all.extend(tools::arguments(arguments.iter().copied()));
    all.extend(tools::strange_input(path)?);
    let leash = Leash {
        max_memory_bytes: Some(MOST_MEMORY_BYTES),
        reads: vec![path.to_owned()],
        ..Leash::new(time_limit)
    };
    let ended = child::run(OsStr::new(FFPROBE), &all, &leash, |said| {
        line(said);
        true
    })
    .await
    .map_err(|error| match error {
        ChildError::NotInstalled => ProbeError::NotInstalled,
        ChildError::TimedOut(_) | ChildError::Stalled(_) => {
            ProbeError::TimedOut(time_limit.as_secs())
        }
        ChildError::Io(error) => ProbeError::Io(error),
    })?;
    tracing::debug!(path = %path.display(), status = %ended.status, complaint = ended.complaint, "ffprobe ended");
    match ended.status.code() {
        // The loader's and the shell's words for a program that cannot be started.
        Some(126 | 127) => Err(io::Error::other("ffprobe does not run").into()),
        None if ended.hit_a_limit() => Err(ProbeError::TimedOut(time_limit.as_secs())),
        None if ended.crashed() => Err(ProbeError::Damaged("looking into it fails")),
        None => Err(io::Error::other("ffprobe was ended from outside").into()),
        Some(_) => Ok(ended),
    }
}

/// Where the picture ends, in seconds; an error if that is much earlier than it should be.
fn end_of_picture(headers: &Headers, ends: &Ends) -> Result<f64, ProbeError> {
    let seen_s = ends.picture_s.ok_or(ProbeError::NoPicture(
        "there is no picture to be found in this file",
    ))?;
    let cut = |whole_s: f64, there_s: f64| {
        let (there, whole) = (in_words(there_s), in_words(whole_s));
        Err(ProbeError::Truncated(format!(
            "only {there} of its {whole} are there"
        )))
    };
    match headers.picture.claimed_end_s {
        Some(claimed_s) if seen_s + TOLERANCE_S < claimed_s => return cut(claimed_s, seen_s),
        Some(claimed_s) if (seen_s - claimed_s).abs() <= SAME_S => return Ok(claimed_s),
        Some(_) => {}
        None => {
            // Sound may well go on for longer than the picture, but then it is there.
            if let (Some(claimed_s), Some(any_s)) = (headers.duration_s, ends.any_s)
                && any_s.max(seen_s) + TOLERANCE_S < claimed_s
            {
                return cut(claimed_s, any_s.max(seen_s));
            }
        }
    }
    Ok(seen_s)
}

fn facts(headers: Headers, end_s: f64, kind: Option<Kind>) -> Result<Facts, ProbeError> {
    let duration_ms = (end_s * 1000.0).round().max(0.0) as u64;
    if duration_ms == 0 {
        return Err(ProbeError::Duration(
            "the length of this video cannot be told".to_owned(),
        ));
    }
    if duration_ms < SHORTEST_MS {
        let why = format!(
            "this video lasts {duration_ms} ms; a programme lasts at least {SHORTEST_MS} ms"
        );
        return Err(ProbeError::Duration(why));
    }
    if duration_ms > LONGEST_MS {
        let why = "this video says it lasts longer than thirty days";
        return Err(ProbeError::Duration(why.to_owned()));
    }
    let Headers {
        format,
        duration_s,
        picture,
        sound,
    } = headers;
    let container = match kind {
        Some(Kind::Mp4) if format == "mov" => "mp4".to_owned(),
        Some(Kind::WebM) if format == "matroska" => "webm".to_owned(),
        _ => format,
    };
    Ok(Facts {
        indexed: container != "webm" || duration_s.is_some(),
        container,
        duration_ms,
        start_ms: (picture.start_s * 1000.0).round() as i64,
        width: picture.width,
        height: picture.height,
        rotation_degrees: picture.rotation_degrees,
        frames_per_s: picture.frames_per_s,
        video_codec: picture.codec,
        video_profile: picture.profile,
        pixel_format: picture.pixel_format,
        interlaced: picture.interlaced,
        audio: sound,
    })
}

fn in_words(seconds: f64) -> String {
    if seconds < 60.0 {
        format!("{seconds:.1} s")
    } else {
        DurationMs::new((seconds * 1000.0) as u64).to_string()
    }
}
