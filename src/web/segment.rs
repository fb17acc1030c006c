//! One segment of the endless stream, made out of a prepared version.

use std::io;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use futures::TryStreamExt;
use rocket::http::uri::Segments;
use rocket::http::uri::fmt::Path;
use rocket::http::{Header, Status};
use rocket::request::{FromSegments, Request};
use rocket::response::{self, Responder, Response};

use super::delivery::{COPY_BYTES, Keeping};
use super::errors::Problem;
use super::headers::for_any_page;
use super::metrics::ServedFrom;
use super::prepared::{Prepared, canonical, version_in};
use crate::conversion::Packages;
use crate::linear::{self, Place};
use crate::media::{self, Package, RECIPE, Slate, Track};
use crate::storage::{LocalFile, StorageError};
use crate::timeline::{Airing, UnixMs, Version, VideoId};

/// All that has to be known to make a segment.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct SliceName {
    what: What,
    pub extension: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum What {
    /// `<video>/v<version>/<start_ms>/<index>.<extension>`
    Programme {
        video: VideoId,
        version: Version,
        start: UnixMs,
        index: u64,
    },
    /// `slate-<recipe>/<from>/<length>.<extension>`, in ticks.
    Slate { from: u64, length: u64 },
}

impl SliceName {
    /// Slice `index` of what is on; none if the stream does not show that.
    pub fn of(airing: &Airing, index: u64, extension: &str) -> Option<Self> {
        let what = What::Programme {
            video: airing.programme.video().clone(),
            version: airing.programme.stream()?,
            start: airing.from,
            index,
        };
        Some(Self {
            what,
            extension: extension.to_owned(),
        })
    }

    /// A still picture at `place`.
    pub fn slate(place: &Place, extension: &str) -> Self {
        let what = What::Slate {
            from: place.from,
            length: place.picture_ticks(),
        };
        Self {
            what,
            extension: extension.to_owned(),
        }
    }
}

impl FromSegments<'_> for SliceName {
    type Error = ();

    fn from_segments(segments: Segments<'_, Path>) -> Result<Self, ()> {
        let words: Vec<&str> = segments.take(5).collect();
        let (file, folders) = words.split_last().ok_or(())?;
        let (number, extension) = file.rsplit_once('.').ok_or(())?;
        let number = canonical(number).ok_or(())?;
        let what = match folders {
            [video, version, start_ms] => What::Programme {
                video: VideoId::new(video).map_err(|_| ())?,
                version: version_in(version).ok_or(())?,
                start: canonical(start_ms).map(UnixMs::new).ok_or(())?,
                index: number,
            },
            [slate, from] if *slate == format!("slate-{RECIPE}") => What::Slate {
                from: canonical(from).ok_or(())?,
                length: number,
            },
            _ => return Err(()),
        };
        Ok(Self {
            what,
            extension: extension.to_owned(),
        })
    }
}

/// A slice of the channel: of a programme that airs from some instant on, or a still picture.
pub(super) enum Segment<'r> {
    Programme(OfProgramme<'r>),
    Slate(Place),
}

/// A slice of a programme that airs from some instant on.
pub(super) struct OfProgramme<'r> {
    prepared: &'r Prepared,
    package: Arc<Package>,
    folder: String,
    index: u64,
    place: Place,
}

impl<'r> Segment<'r> {
    /// What an address asks for.
    pub async fn find(
        packages: &Packages,
        prepared: &'r Prepared,
        slice: &SliceName,
    ) -> Result<Self, Problem> {
        let (video, version, start, index) = match &slice.what {
            What::Programme {
                video,
                version,
                start,
                index,
            } => (video, *version, *start, *index),
            What::Slate { from, length } => {
                let until = from.checked_add(*length).ok_or_else(no_segment)?;
                let place = Place::between(*from, until);
                let is_one = linear::is_slate(&place);
                return is_one.then_some(Self::Slate(place)).ok_or_else(no_segment);
            }
        };
        let folder = prepared.folder(video, version).ok_or_else(no_segment)?;
        let package = packages.find(video, version).await;
        let package = package.ok_or_else(no_segment)?;
        let place = Place::of_slice(&package, start, index).ok_or_else(no_segment)?;
        Ok(Self::Programme(OfProgramme {
            prepared,
            package,
            folder,
            index,
            place,
        }))
    }

    /// Its sound alone.
    pub async fn sound(&self) -> Result<Vec<u8>, Problem> {
        let bytes = match self {
            Self::Programme(of) => of.sound_bytes().await?,
            Self::Slate(place) => linear::slate_sound(place),
        };
        linear::sound(self.place(), &bytes).map_err(unmade)
    }

    /// Its picture alone, on that rung or the one that stands in for it.
    pub async fn picture(&self, rung: &str) -> Result<Vec<u8>, Problem> {
        let bytes = match self {
            Self::Programme(of) => of.picture_bytes(of.track(rung)?).await?,
            Self::Slate(place) => still(place, &slate(rung).await?)?,
        };
        linear::picture(self.place(), bytes).map_err(unmade)
    }

    /// Its subtitles in `language`; none if it has no such.
    pub async fn words(&self, language: &str) -> Result<String, Problem> {
        let text = match self {
            Self::Programme(of) => of.words(language).await?,
            Self::Slate(_) => None,
        };
        Ok(linear::words(self.place(), text.as_deref()))
    }

    /// Picture and sound, on that rung or the one that stands in for it, as a transport stream.
    pub async fn transport(&self, rung: &str) -> Result<Vec<u8>, Problem> {
        match self {
            Self::Programme(of) => {
                let track = of.track(rung)?;
                let init = of.read(&track.file, 0..track.init_bytes).await?;
                let segment = of.picture_bytes(track).await?;
                let sound = of.sound_bytes().await?;
                muxed(&of.place, &init, &segment, &sound)
            }
            Self::Slate(place) => {
                let track = slate(rung).await?;
                let segment = still(place, &track)?;
                muxed(place, &track.init, &segment, &linear::slate_sound(place))
            }
        }
    }

    fn place(&self) -> &Place {
        match self {
            Self::Programme(of) => &of.place,
            Self::Slate(place) => place,
        }
    }
}

fn muxed(place: &Place, init: &[u8], segment: &[u8], sound: &[u8]) -> Result<Vec<u8>, Problem> {
    linear::ts::mux(place, linear::ts::Picture { init, segment }, sound).map_err(unmade)
}

/// The slate on that rung.
async fn slate(rung: &str) -> Result<Slate, Problem> {
    let found = media::slate(rung).await.map_err(|error| {
        tracing::error!(%error, "the slate cannot be made");
        Problem::of_status(Status::InternalServerError)
    })?;
    found.ok_or_else(no_segment)
}

fn still(place: &Place, slate: &Slate) -> Result<Vec<u8>, Problem> {
    linear::slate_picture(place, &slate.segment).map_err(unmade)
}

impl OfProgramme<'_> {
    fn track(&self, rung: &str) -> Result<&Track, Problem> {
        Ok(&self.package.rung(rung).ok_or_else(no_segment)?.track)
    }

    async fn words(&self, language: &str) -> Result<Option<String>, Problem> {
        let tracks = &self.package.subtitles;
        let Some(track) = tracks.iter().find(|track| track.language == language) else {
            return Ok(None);
        };
        let text = self.read(&track.file, 0..u64::MAX).await?;
        Ok(Some(String::from_utf8_lossy(&text).into_owned()))
    }

    async fn picture_bytes(&self, track: &Track) -> Result<Vec<u8>, Problem> {
        let range = Place::picture_bytes(&self.package, track, self.index);
        self.read(&track.file, range.ok_or_else(no_segment)?).await
    }

    async fn sound_bytes(&self) -> Result<Vec<u8>, Problem> {
        let track = &self.package.audio;
        self.read(&track.file, self.place.sound_bytes(track)).await
    }

    async fn read(&self, file: &str, range: Range<u64>) -> Result<Vec<u8>, Problem> {
        let key = format!("{}/{file}", self.folder);
        let read = async {
            let file = LocalFile::open_below(&self.prepared.dir, &key).await?;
            let range = range.start..range.end.min(file.size_bytes());
            let length = usize::try_from(range.end.saturating_sub(range.start)).unwrap_or(0);
            let mut bytes = Vec::with_capacity(length);
            let mut chunks = std::pin::pin!(file.read_range(range));
            while let Some(chunk) = chunks.try_next().await? {
                bytes.extend_from_slice(&chunk);
            }
            Ok::<_, Unread>(bytes)
        };
        let bytes = read.await.map_err(|error| match error {
            Unread::Storage(StorageError::NotFound(_)) => no_segment(),
            error => {
                tracing::error!(%error, key, "a prepared version cannot be read");
                Problem::of_status(Status::InternalServerError)
            }
        })?;
        let metrics = &self.prepared.metrics;
        metrics.bytes_served(ServedFrom::Disk, bytes.len() as u64);
        Ok(bytes)
    }
}

/// Why bytes could not be read.
#[derive(Debug, thiserror::Error)]
enum Unread {
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error(transparent)]
    Io(#[from] io::Error),
}

fn unmade(error: linear::LinearError) -> Problem {
    tracing::error!(%error, "a segment of the stream cannot be made");
    Problem::of_status(Status::InternalServerError)
}

pub(super) fn no_segment() -> Problem {
    Problem::new(Status::NotFound, "The stream has no such segment.")
}

/// A short file that is always the same, for players on any page.
pub(super) struct Whole {
    bytes: Bytes,
    content_type: &'static str,
}

impl Whole {
    pub fn mp4(bytes: Bytes) -> Self {
        Self {
            bytes,
            content_type: "video/mp4",
        }
    }

    pub fn vtt(bytes: Bytes) -> Self {
        Self {
            bytes,
            content_type: "text/vtt; charset=utf-8",
        }
    }

    pub fn ts(bytes: Bytes) -> Self {
        Self {
            bytes,
            content_type: "video/mp2t",
        }
    }
}

impl<'r> Responder<'r, 'static> for Whole {
    fn respond_to(self, _: &'r Request<'_>) -> response::Result<'static> {
        Response::build()
            .header(Header::new("Content-Type", self.content_type))
            .header(Header::new(
                "Cache-Control",
                Keeping::Forever.cache_control(),
            ))
            .header(for_any_page())
            .sized_body(self.bytes.len(), io::Cursor::new(self.bytes))
            // Only after the body is set: that resets it.
            .max_chunk_size(COPY_BYTES)
            .ok()
    }
}
