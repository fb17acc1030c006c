//! One video of the library.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Captions, CaptionsLink, Rendition};
use crate::media::Facts;
use crate::timeline::{DurationMs, Version, VideoId};

/// A version in the lowest rung stands for another in the endless stream if their lengths differ by no more
/// than this: a frame of film. What differs more does not begin, or go on, with the same pictures.
const MOST_APART_MS: u64 = 42;

/// Where a video's bytes are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// The folder of videos that come with the station.
    Static,
    /// The folder uploads are kept in.
    Uploads,
    /// The S3 bucket.
    Bucket,
}

impl Source {
    /// The name used in JSON and in records.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Static => "static",
            Self::Uploads => "uploads",
            Self::Bucket => "bucket",
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Whether a video can be on the air.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "lowercase")]
pub enum VideoState {
    /// It can be scheduled.
    Ready,
    /// It is kept, but has to be converted first.
    Waiting {
        /// Why, in words.
        reason: String,
    },
    /// It is broken or no video, and never on the air.
    Quarantined {
        /// Why, in words.
        reason: String,
    },
}

impl VideoState {
    /// The state's name in JSON.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Waiting { .. } => "waiting",
            Self::Quarantined { .. } => "quarantined",
        }
    }

    /// Why the video is not ready, if it is not.
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Ready => None,
            Self::Waiting { reason } | Self::Quarantined { reason } => Some(reason),
        }
    }
}

/// A video the station owns.
#[derive(Debug, Clone, PartialEq)]
pub struct Video {
    /// Its name for machines.
    pub id: VideoId,
    /// Its name for people.
    pub title: String,
    /// Where its bytes are.
    pub source: Source,
    /// Its path below its source's root, with `/` between the parts.
    pub key: String,
    /// Its size.
    pub size_bytes: u64,
    /// When its bytes last changed: Unix time in milliseconds, as its file system or bucket says.
    pub modified_ms: i64,
    /// When the station first saw it: channel time in milliseconds.
    pub added_ms: i64,
    /// What probing found; none if it is quarantined.
    pub facts: Option<Facts>,
    /// Whether it can be on the air.
    pub state: VideoState,
    /// The version of it that was made for the air, if there is one.
    pub rendition: Option<Rendition>,
    /// The lowest rung of its house format, as long as there is no more of that.
    pub floor: Option<Rendition>,
    /// Which subtitle files there are for it: equal numbers, equal files; 0 for none.
    pub texts: u64,
    /// How many versions of it were made, ever.
    pub versions_made: u32,
}

impl Video {
    /// The version that is scheduled from now on: what was made for the air, else the original.
    pub fn version(&self) -> Version {
        self.rendition
            .as_ref()
            .map_or(Version::ORIGINAL, Rendition::version)
    }

    /// What the endless stream shows of it from now on, if it shows it: [`Video::version`] itself if that
    /// joins with others, else the lowest rung.
    pub fn stream(&self) -> Option<&Rendition> {
        let own = self.rendition.as_ref().filter(|made| made.joins());
        own.or_else(|| {
            let length_ms = self.own_duration()?.get();
            let floor = self.floor.as_ref().filter(|floor| floor.joins())?;
            (length_ms.abs_diff(floor.duration_ms) <= MOST_APART_MS).then_some(floor)
        })
    }

    /// How long a programme of it lasts, if known: as long as the picture of what the endless stream shows,
    /// or else that of [`Video::version`].
    pub fn duration(&self) -> Option<DurationMs> {
        match self.stream() {
            Some(shown) => Some(shown.duration()),
            None => self.own_duration(),
        }
    }

    /// How long the picture of [`Video::version`] lasts.
    fn own_duration(&self) -> Option<DurationMs> {
        match &self.rendition {
            Some(rendition) => Some(rendition.duration()),
            None => self.facts.as_ref().map(Facts::duration),
        }
    }

    /// Whether it can be scheduled.
    pub fn is_ready(&self) -> bool {
        self.state == VideoState::Ready
    }

    /// The last part of its key.
    pub fn file_name(&self) -> &str {
        self.key.rsplit('/').next().unwrap_or(&self.key)
    }

    /// The path of the bytes of [`Video::version`] on this server.
    pub fn url(&self) -> String {
        self.url_of(self.version())
    }

    /// The path of the bytes of `version` on this server.
    pub fn url_of(&self, version: Version) -> String {
        match version {
            Version::ORIGINAL => self.url_of_original(),
            made => self.url_in(made, Rendition::PROGRAMME),
        }
    }

    /// The path of its poster on this server, if it has one.
    pub fn poster_url(&self) -> Option<String> {
        let rendition = self.rendition.as_ref().filter(|made| made.stills)?;
        Some(self.url_in(rendition.version(), Rendition::POSTER))
    }

    /// The path of the stills for previews on this server, if it has some.
    pub fn previews_url(&self) -> Option<String> {
        let rendition = self.rendition.as_ref().filter(|made| made.stills)?;
        Some(self.url_in(rendition.version(), Rendition::PREVIEWS))
    }

    /// The subtitles of `version`; none if that is not the one scheduled from now on.
    pub fn captions(&self, version: Version) -> Vec<CaptionsLink> {
        if version != self.version() {
            return Vec::new();
        }
        // What has none of its own takes those that were made for the stream: they are as long.
        let made = self.stream().or(self.rendition.as_ref());
        let links = made.into_iter().flat_map(|made| {
            let link = |track: &Captions| CaptionsLink {
                language: track.language.clone(),
                label: track.label.clone(),
                url: self.url_in(made.version(), &track.file),
            };
            made.captions.iter().map(link)
        });
        links.collect()
    }

    /// The path of `file` in the folder of `version` on this server; the name is a plain one.
    pub fn url_in(&self, version: Version, file: &str) -> String {
        format!("/media/{}/v{}/{file}", self.id, version.get())
    }

    /// Percent-encoded (RFC 3986 §2.1).
    fn url_of_original(&self) -> String {
        match self.source {
            Source::Static => format!("/static/{}", percent_encoded(&self.key)),
            Source::Uploads => format!("/uploads/{}", percent_encoded(&self.key)),
            Source::Bucket => format!("/media/{}/{}", self.id, percent_encoded(self.file_name())),
        }
    }
}

/// `path` with every byte escaped but unreserved characters (RFC 3986 §2.3) and `/`.
fn percent_encoded(path: &str) -> String {
    let mut encoded = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                encoded.push(char::from(byte));
            }
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}
