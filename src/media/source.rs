//! What has to be known of a source to convert it, beyond the facts.

use std::collections::HashMap;
use std::path::Path;

use serde::Deserialize;

use super::probe::{self, ProbeError};

const ENTRIES: &str = "format=start_time:\
    stream=index,codec_type,codec_name,width,height,field_order,color_range,color_space,\
color_transfer,color_primaries,start_time,channels:stream_disposition=attached_pic,default";

/// Which streams of a source are converted, and how they are to be understood.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Source {
    pub picture: u32,
    /// The default sound track of several.
    pub sound: Option<u32>,
    /// From the beginning of the file as FFmpeg counts it to the first picture, in seconds.
    pub picture_after_s: f64,
    pub scan: Scan,
    pub colour: Colour,
}

/// How pictures are made of lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scan {
    Progressive,
    Interlaced,
    /// Nothing in the headers tells; each frame may.
    Unknown,
}

/// What the numbers of a picture mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Colour {
    /// As on a TV, with the matrix of standard (`bt601`) or high definition (`bt709`).
    Standard { matrix: &'static str },
    /// As on a TV, in the wide gamut of BT.2020.
    Wide,
    /// Brighter than a TV: PQ or HLG.
    HighDynamicRange,
}

impl Source {
    /// Asks `ffprobe` about the file at `path`.
    pub async fn of(path: &Path) -> Result<Self, ProbeError> {
        let json = probe::headers_of(path, ENTRIES).await?;
        Self::understand(&json).ok_or(ProbeError::Damaged("nothing in it can be read"))
    }

    fn understand(json: &[u8]) -> Option<Self> {
        let told: Told = serde_json::from_slice(json).ok()?;
        let picture = told
            .streams
            .iter()
            .find(|s| s.is("video") && !s.has("attached_pic"))?;
        let mut sounds = told
            .streams
            .iter()
            .filter(|s| s.is("audio") && s.channels.unwrap_or(0) > 0);
        let sound = sounds
            .clone()
            .find(|s| s.has("default"))
            .or_else(|| sounds.next());
        let starts = seconds(picture.start_time.as_deref());
        let file_starts = seconds(told.format.and_then(|f| f.start_time).as_deref());
        Some(Self {
            picture: picture.index,
            sound: sound.map(|s| s.index),
            picture_after_s: (starts - file_starts).max(0.0),
            scan: picture.scan(),
            colour: picture.colour(),
        })
    }
}

#[derive(Deserialize)]
struct Told {
    #[serde(default)]
    streams: Vec<Stream>,
    format: Option<Format>,
}

#[derive(Deserialize)]
struct Format {
    start_time: Option<String>,
}

#[derive(Deserialize)]
struct Stream {
    index: u32,
    codec_type: Option<String>,
    height: Option<u32>,
    field_order: Option<String>,
    color_space: Option<String>,
    color_transfer: Option<String>,
    color_primaries: Option<String>,
    start_time: Option<String>,
    channels: Option<u32>,
    #[serde(default)]
    disposition: HashMap<String, i64>,
}

impl Stream {
    fn is(&self, kind: &str) -> bool {
        self.codec_type.as_deref() == Some(kind)
    }

    fn has(&self, disposition: &str) -> bool {
        self.disposition.get(disposition).is_some_and(|&n| n != 0)
    }

    fn scan(&self) -> Scan {
        match self.field_order.as_deref() {
            Some("progressive") => Scan::Progressive,
            Some("tt" | "bb" | "tb" | "bt") => Scan::Interlaced,
            _ => Scan::Unknown,
        }
    }

    fn colour(&self) -> Colour {
        if let Some("smpte2084" | "arib-std-b67") = self.color_transfer.as_deref() {
            return Colour::HighDynamicRange;
        }
        if self.color_primaries.as_deref() == Some("bt2020") {
            return Colour::Wide;
        }
        // Who says nothing means what was usual at that size.
        let untold = if self.height.unwrap_or(0) >= 720 {
            "bt709"
        } else {
            "bt601"
        };
        let matrix = match self.color_space.as_deref() {
            Some("bt709") => "bt709",
            Some("bt470bg" | "smpte170m") => "bt601",
            Some("fcc") => "fcc",
            Some("smpte240m") => "smpte240m",
            Some("bt2020nc" | "bt2020c") => "bt2020",
            _ => untold,
        };
        Colour::Standard { matrix }
    }
}

fn seconds(text: Option<&str>) -> f64 {
    let seconds = text.and_then(|text| text.parse::<f64>().ok());
    seconds.filter(|s| s.is_finite()).unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(streams: &str) -> Source {
        let json = format!(r#"{{"streams":[{streams}],"format":{{"start_time":"1.4"}}}}"#);
        Source::understand(json.as_bytes()).unwrap()
    }

    #[test]
    fn the_default_sound_and_the_moving_picture_are_taken() {
        let taken = source(
            r#"{"index":0,"codec_type":"video","disposition":{"attached_pic":1}},
               {"index":1,"codec_type":"audio","channels":2},
               {"index":2,"codec_type":"video","start_time":"1.5"},
               {"index":3,"codec_type":"audio","channels":6,"disposition":{"default":1}}"#,
        );
        assert_eq!((taken.picture, taken.sound), (2, Some(3)));
        assert!((taken.picture_after_s - 0.1).abs() < 1e-9);
        let silent = source(
            r#"{"index":0,"codec_type":"video"},{"index":1,"codec_type":"audio","channels":0}"#,
        );
        assert_eq!((silent.sound, silent.scan), (None, Scan::Unknown));
    }

    #[test]
    fn colours_are_understood_and_guessed_by_size() {
        let colour =
            |more: &str| source(&format!(r#"{{"index":0,"codec_type":"video"{more}}}"#)).colour;
        let matrix = |matrix| Colour::Standard { matrix };
        assert_eq!(colour(r#","height":576"#), matrix("bt601"));
        assert_eq!(colour(r#","height":1080"#), matrix("bt709"));
        assert_eq!(
            colour(r#","height":1080,"color_space":"smpte170m""#),
            matrix("bt601")
        );
        assert_eq!(
            colour(r#","color_transfer":"smpte2084","color_primaries":"bt2020""#),
            Colour::HighDynamicRange
        );
        assert_eq!(colour(r#","color_primaries":"bt2020""#), Colour::Wide);
    }
}
