//! The channel as an MPEG transport stream, for television sets and players that want one: in segments, and as
//! one connection that never ends.

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use futures::{StreamExt, stream};
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use rocket::http::Header;
use rocket::response::{self, Responder, Response};
use rocket::{Request, Route, Shutdown, State, get, routes, tokio};
use tokio_util::io::StreamReader;

use super::compressed::{Compressed, TakesGzip};
use super::delivery::ByteStream;
use super::errors::Problem;
use super::headers::for_any_page;
use super::linear::{AHEAD_OF_MANY, Linear, known, no_rendition};
use super::prepared::Prepared;
use super::segment::{Segment, SliceName, Whole, no_segment};
use crate::conversion::Packages;
use crate::linear::{Container, Master, Missing, Playhead, Source, Turn};
use crate::media::HOUSE_RUNGS;
use crate::station::Station;
use crate::timeline::Stretch;

/// Segments at hand for all who watch have together at most: as many viewers as may be see the same few.
const MOST_CACHED_BYTES: u64 = 64 * 1024 * 1024;
/// How many that are about; only a hint.
const CACHED: usize = 64;
/// What the endless connection shows, if nobody says otherwise: what every television set takes.
const USUAL_RUNG: &str = "720";
/// What a viewer of the endless connection is handed at a time. Rocket and its server keep about six times that for
/// each while they wait: a viewer costs 51 KB with this, and 113 KB with four times as much.
const CHUNK_BYTES: usize = 8 * 1024;
/// Where the playlists of this form are.
const FOLDER: &str = "ts/";
const EXTENSION: &str = "ts";

pub(super) fn routes() -> Vec<Route> {
    routes![master, playlist, segment, endless]
}

/// Makes each segment once, however many ask for it.
pub(super) struct Transport {
    made: Cache<Key, Bytes, ByBytes>,
    packages: Packages,
    prepared: Prepared,
    station: Station,
}

/// A rung, and a slice of what is on there.
type Key = (&'static str, SliceName);

#[derive(Clone)]
struct ByBytes;

impl Weighter<Key, Bytes> for ByBytes {
    fn weight(&self, _: &Key, bytes: &Bytes) -> u64 {
        bytes.len() as u64 + 512
    }
}

#[get("/channels/<channel>/ts.m3u8")]
fn master(channel: &str, gzip: TakesGzip, linear: &State<Linear>) -> Result<Compressed, Problem> {
    known(channel)?;
    let master = Master {
        prefix: FOLDER,
        suffix: "",
        has_sound_inside: true,
        words: &linear.languages(),
    };
    Ok(Compressed::playlist(master.text(), gzip))
}

#[get("/channels/<channel>/ts/<file>")]
async fn playlist(
    channel: &str,
    file: &str,
    gzip: TakesGzip,
    linear: &State<Linear>,
) -> Result<Compressed, Problem> {
    known(channel)?;
    let rung = file.strip_suffix(".m3u8").and_then(house_rung);
    let rendition = (
        rung.ok_or_else(no_rendition)?,
        Container::Ts,
        Missing::Slate,
    );
    let text = linear.playlist(rendition, AHEAD_OF_MANY).await?;
    Ok(Compressed::playlist(text, gzip))
}

#[get("/channels/<channel>/ts/<rung>/<slice..>", rank = 1)]
async fn segment(
    channel: &str,
    rung: &str,
    slice: SliceName,
    transport: &State<Arc<Transport>>,
) -> Result<Whole, Problem> {
    known(channel)?;
    let rung = house_rung(rung).filter(|_| slice.extension == EXTENSION);
    let key = (rung.ok_or_else(no_segment)?, slice);
    Ok(Whole::ts(transport.made(&key).await?))
}

/// `GET /channels/{id}.ts`: from now on, until the viewer leaves.
#[get("/channels/<file>?<rung>")]
fn endless(
    file: &str,
    rung: Option<&str>,
    transport: &State<Arc<Transport>>,
    shutdown: Shutdown,
) -> Result<Endless, Problem> {
    known(file.strip_suffix(".ts").unwrap_or_default())?;
    let rung = house_rung(rung.unwrap_or(USUAL_RUNG)).ok_or_else(no_rendition)?;
    let bytes = transport.inner().clone().viewed(rung);
    Ok(Endless(Box::pin(bytes.take_until(shutdown))))
}

impl Transport {
    pub fn new(packages: Packages, prepared: Prepared, station: Station) -> Arc<Self> {
        Arc::new(Self {
            made: Cache::with_weighter(CACHED, MOST_CACHED_BYTES, ByBytes),
            packages,
            prepared,
            station,
        })
    }

    /// A segment; who asks for one that is being made waits for it.
    async fn made(&self, key: &Key) -> Result<Bytes, Problem> {
        let make = self.make(key);
        self.made.get_or_insert_async(key, make).await
    }

    async fn make(&self, (rung, slice): &Key) -> Result<Bytes, Problem> {
        let found = Segment::find(&self.packages, &self.prepared, slice).await?;
        found.transport(rung).await.map(Bytes::from)
    }

    /// What one viewer is sent, in pieces, paced by the channel's time. Whoever does not read is not read for:
    /// there is at most one segment under way, and all viewers share it.
    fn viewed(
        self: Arc<Self>,
        rung: &'static str,
    ) -> impl futures::Stream<Item = io::Result<Bytes>> {
        let slices = stream::unfold(Playhead::default(), move |mut playhead| {
            let this = self.clone();
            async move {
                let bytes = this.next_segment(&mut playhead, rung).await;
                Some((bytes, playhead))
            }
        });
        slices.flat_map(|bytes| {
            let pieces = (0..bytes.len()).step_by(CHUNK_BYTES);
            stream::iter(pieces.map(move |at| {
                let end = bytes.len().min(at + CHUNK_BYTES);
                Ok(bytes.slice(at..end))
            }))
        })
    }

    /// The segment that is next for a viewer, when its time has come.
    async fn next_segment(&self, playhead: &mut Playhead, rung: &'static str) -> Bytes {
        loop {
            let plan = self.station.snapshot().plan.clone();
            match playhead.next(&plan, self.prepared.clock.now()) {
                Turn::Wait(wait) => tokio::time::sleep(wait.to_std()).await,
                Turn::Send { stretch, index } => {
                    if let Some(bytes) = self.sent(&stretch, index, rung).await {
                        return bytes;
                    }
                }
            }
        }
    }

    /// Slice `index` of `stretch`; none if it is too short to be sent, or cannot be made: why, was logged.
    async fn sent(&self, stretch: &Stretch, index: u64, rung: &'static str) -> Option<Bytes> {
        let airing = stretch.airing.as_ref();
        let package = match airing {
            Some(airing) => self.packages.of(&airing.programme).await,
            None => None,
        };
        let name = match Source::of(stretch, index, package.as_deref()) {
            Source::Programme(_) => SliceName::of(airing?, index, EXTENSION)?,
            Source::Slate(place) => SliceName::slate(&place, EXTENSION),
            Source::Gap(_) => return None,
        };
        self.made(&(rung, name)).await.ok()
    }
}

fn house_rung(name: &str) -> Option<&'static str> {
    let rung = HOUSE_RUNGS.iter().find(|rung| rung.name == name);
    rung.map(|rung| rung.name)
}

/// A connection that never ends.
struct Endless(ByteStream);

impl<'r> Responder<'r, 'static> for Endless {
    fn respond_to(self, request: &'r Request<'_>) -> response::Result<'static> {
        let mut response = Response::build();
        response
            .header(Header::new("Content-Type", "video/mp2t"))
            .header(Header::new("Cache-Control", "no-store"))
            .header(for_any_page())
            // nginx would hold it back to fill its buffer.
            .header(Header::new("X-Accel-Buffering", "no"));
        if request.method() != rocket::http::Method::Head {
            response.streamed_body(StreamReader::new(self.0));
            // Only now: setting the body resets this.
            response.max_chunk_size(CHUNK_BYTES);
        }
        response.ok()
    }
}
