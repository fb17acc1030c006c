//! Text tracks inside a video.

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;

use super::super::child::{self, ChildError};
use super::super::leash::{Leash, time_limit_for};
use super::super::tools::{self, FFMPEG, FFPROBE};
use super::language;
use super::read::Format;

/// What to ask `ffprobe` for.
const ENTRIES: &str = "format=format_name,start_time:stream=index,codec_type,codec_name:\
    stream_tags=language,title:stream_disposition=default,forced,hearing_impaired";
const HEADERS_LIMIT: Duration = Duration::from_secs(30);
const LONGEST_HEADERS: usize = 1024 * 1024;
const STALL_LIMIT: Duration = Duration::from_secs(60);
const MOST_MEMORY_BYTES: u64 = 4 << 30;

/// What a file says about its text tracks.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Told {
    /// Where players put their zero on the file's time line.
    pub origin_ms: i64,
    pub tracks: Vec<Track>,
}

/// A track of subtitles inside a video.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Track {
    pub index: u32,
    pub codec: String,
    pub language: String,
    pub label: String,
    pub default: bool,
}

impl Track {
    /// How it is taken out: the encoder to ask for, the format, and how that is read.
    fn way_out(&self) -> Option<(&'static str, &'static str, Format)> {
        Some(match self.codec.as_str() {
            "ass" | "ssa" => ("copy", "ass", Format::Ass),
            "webvtt" => ("copy", "webvtt", Format::WebVtt),
            "subrip" | "srt" | "mov_text" | "text" => ("subrip", "srt", Format::SubRip),
            _ => return None,
        })
    }

    /// Why it cannot become text, if so.
    pub fn not_convertible(&self) -> Option<String> {
        let what = match self.codec.as_str() {
            "dvd_subtitle" => "pictures (DVD)",
            "hdmv_pgs_subtitle" => "pictures (Blu-ray)",
            "dvb_subtitle" => "pictures (DVB)",
            "xsub" => "pictures (DivX)",
            _ if self.way_out().is_some() => return None,
            other => {
                return Some(format!(
                    "the subtitles “{}” in this file are in a form that cannot be read ({other})",
                    self.label
                ));
            }
        };
        Some(format!(
            "the subtitles “{}” in this file are {what}, which cannot become text",
            self.label
        ))
    }
}

/// Asks which text tracks there are; none if the file cannot be read.
pub(super) async fn look(source: &Path, niceness: i32) -> Result<Told, ChildError> {
    let mut arguments = tools::arguments(["-v", "error", "-of", "json", "-show_entries", ENTRIES]);
    arguments.extend(tools::strange_input(source)?);
    let leash = Leash {
        niceness,
        max_memory_bytes: Some(MOST_MEMORY_BYTES),
        reads: vec![source.to_owned()],
        ..Leash::new(HEADERS_LIMIT)
    };
    let mut json = Vec::new();
    child::run(OsStr::new(FFPROBE), &arguments, &leash, |line| {
        if json.len() + line.len() <= LONGEST_HEADERS {
            json.extend_from_slice(line);
        }
        true
    })
    .await?;
    Ok(understand(&json))
}

/// Takes the text tracks among `tracks` out of the video, each into a file in `dir`, with the times of
/// the video's own time line. What a damaged video still has is taken.
pub(super) async fn take_out(
    source: &Path,
    tracks: &[Track],
    dir: &Path,
    longest_bytes: u64,
    niceness: i32,
) -> Result<Vec<(Track, PathBuf, Format)>, ChildError> {
    let mut arguments =
        tools::arguments(["-nostdin", "-v", "error", "-progress", "pipe:1", "-copyts"]);
    arguments.extend(tools::strange_input(source)?);
    let mut taken = Vec::new();
    for track in tracks {
        let Some((encoder, muxer, format)) = track.way_out() else {
            continue;
        };
        let path = std::path::absolute(dir.join(format!(".subtitles-{}", track.index)))?;
        let (map, most) = (format!("0:{}", track.index), longest_bytes.to_string());
        arguments.extend(tools::arguments([
            "-map",
            &map,
            "-c:s",
            encoder,
            "-avoid_negative_ts",
            "disabled",
            "-fs",
            &most,
            "-f",
            muxer,
            "-y",
        ]));
        let mut name = OsString::from("file:");
        name.push(&path);
        arguments.push(name);
        taken.push((track.clone(), path, format));
    }
    if taken.is_empty() {
        return Ok(taken);
    }
    let size_bytes = tokio::fs::metadata(source).await?.len();
    let leash = Leash {
        stall_limit: Some(STALL_LIMIT),
        niceness,
        max_memory_bytes: Some(MOST_MEMORY_BYTES),
        reads: vec![source.to_owned()],
        writes: vec![dir.to_owned()],
        ..Leash::new(time_limit_for(size_bytes, Duration::ZERO))
    };
    match child::run(OsStr::new(FFMPEG), &arguments, &leash, |_| true).await {
        Ok(ended) if ended.status.success() => {}
        Ok(ended) => {
            tracing::debug!(source = %source.display(), complaint = ended.complaint, "subtitles are not whole")
        }
        Err(ChildError::TimedOut(complaint) | ChildError::Stalled(complaint)) => {
            tracing::debug!(source = %source.display(), complaint, "subtitles are not whole");
        }
        Err(error) => return Err(error),
    }
    Ok(taken)
}

fn understand(json: &[u8]) -> Told {
    let said: Said = serde_json::from_slice(json).unwrap_or_default();
    let tracks = said.streams.into_iter().filter_map(Stream::track).collect();
    let format = said.format.unwrap_or_default();
    // MP4 has a zero of its own (ISO/IEC 14496-12 §8.6.6); elsewhere the first packet is it.
    let own_zero = format
        .format_name
        .is_some_and(|name| name.starts_with("mov"));
    let start_s = format
        .start_time
        .and_then(|start| start.parse::<f64>().ok());
    let start_s = start_s
        .filter(|start| start.is_finite() && !own_zero)
        .unwrap_or(0.0);
    Told {
        origin_ms: (start_s * 1000.0).round() as i64,
        tracks,
    }
}

#[derive(Deserialize, Default)]
struct Said {
    #[serde(default)]
    streams: Vec<Stream>,
    format: Option<About>,
}

#[derive(Deserialize, Default)]
struct About {
    format_name: Option<String>,
    start_time: Option<String>,
}

#[derive(Deserialize)]
struct Stream {
    index: u32,
    codec_type: Option<String>,
    codec_name: Option<String>,
    #[serde(default)]
    tags: HashMap<String, String>,
    #[serde(default)]
    disposition: HashMap<String, i64>,
}

impl Stream {
    fn track(self) -> Option<Track> {
        if self.codec_type.as_deref() != Some("subtitle") {
            return None;
        }
        let is = |name: &str| self.disposition.get(name).is_some_and(|&flag| flag != 0);
        let tag = |name: &str| self.tags.get(name).map(String::as_str).unwrap_or_default();
        let language = language::tag_or_code(tag("language"));
        let name = language::label(&language);
        let label = match language::cleaned_label(tag("title")) {
            Some(title) if title.to_lowercase().contains(&name.to_lowercase()) => title,
            Some(title) if language == language::UNKNOWN => title,
            Some(title) => format!("{name}: {title}"),
            None if is("forced") => format!("{name} (forced)"),
            None if is("hearing_impaired") => format!("{name} (SDH)"),
            None => name,
        };
        let codec = self.codec_name.unwrap_or_default();
        Some(Track {
            index: self.index,
            codec: codec.chars().take(40).collect(),
            language,
            label,
            // Most makers of files set the plain flag on whatever comes first.
            default: is("default") && is("forced"),
        })
    }
}

/// The machine's trouble as an error of input and output.
pub(super) fn as_io(error: ChildError) -> io::Error {
    match error {
        ChildError::Io(error) => error,
        other => io::Error::other(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tracks_are_understood_and_named() {
        let json = br#"{"streams":[
            {"index":0,"codec_type":"video","codec_name":"h264"},
            {"index":2,"codec_type":"subtitle","codec_name":"subrip","tags":{"language":"eng"},
             "disposition":{"default":1,"forced":0}},
            {"index":3,"codec_type":"subtitle","codec_name":"ass",
             "tags":{"language":"ger","title":"Nur Schilder"},"disposition":{"default":1,"forced":1}},
            {"index":4,"codec_type":"subtitle","codec_name":"hdmv_pgs_subtitle",
             "tags":{"language":"fre","title":"Fran\u00e7ais complet"}},
            {"index":5,"codec_type":"subtitle","codec_name":"ttml"},
            {"index":6,"codec_type":"subtitle"}],
            "format":{"format_name":"matroska,webm","start_time":"1.400000"}}"#;
        let told = understand(json);
        assert_eq!(told.origin_ms, 1400);
        let labels: Vec<_> = told
            .tracks
            .iter()
            .map(|t| (t.label.as_str(), t.default))
            .collect();
        let want = [
            ("English", false),
            ("Deutsch: Nur Schilder", true),
            ("Français complet", false),
            ("Subtitles", false),
            ("Subtitles", false),
        ];
        assert_eq!(labels, want);
        let reasons: Vec<_> = told.tracks.iter().map(Track::not_convertible).collect();
        assert_eq!(reasons[..2], [None, None]);
        let blu_ray = "the subtitles “Français complet” in this file are pictures (Blu-ray), \
                       which cannot become text";
        assert_eq!(reasons[2].as_deref(), Some(blu_ray));
        assert!(
            reasons[3]
                .as_deref()
                .unwrap()
                .ends_with("cannot be read (ttml)")
        );
    }

    #[test]
    fn mp4_has_its_own_zero_and_nonsense_has_nothing() {
        let json = br#"{"format":{"format_name":"mov,mp4","start_time":"3.0"}}"#;
        assert_eq!(understand(json).origin_ms, 0);
        assert_eq!(understand(b"nonsense"), Told::default());
    }
}
