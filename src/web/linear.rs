//! `/channels/…`: the channel as one endless stream.
//!
//! Playlists are made anew for each request, out of what is at hand; a segment's address says all that
//! is needed to make it, so it is the same for ever, and caches before the server need to ask only once.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use rocket::http::Status;
use rocket::{Route, State, get, routes};

use super::compressed::{Compressed, TakesGzip};
use super::errors::Problem;
use super::prepared::Prepared;
use super::segment::{Segment, SliceName, Whole, no_segment};
use crate::clock::SharedClock;
use crate::conversion::Packages;
use crate::linear::{self, Container, LISTED_AHEAD, Window, media_playlist};
use crate::media::{HOUSE_RUNGS, Package, RECIPE};
use crate::station::Station;
use crate::timeline::{DurationMs, Programme, SLICE};

/// The only channel's name in addresses.
pub(super) const CHANNEL: &str = "main";
/// Players that know nothing of us start three segments before the end (RFC 8216 §6.3.3): with this much of
/// what is to come in the list, that is now.
const AHEAD_OF_MANY: DurationMs = DurationMs::new(3 * SLICE.get());
/// The rendition of the sound.
const SOUND: &str = "sound";

pub(super) fn routes() -> Vec<Route> {
    routes![master, playlist, init, segment]
}

/// All that is needed to make the stream.
pub(super) struct Linear {
    pub station: Station,
    pub packages: Packages,
    pub clock: SharedClock,
    /// How far back the stream can be watched.
    pub depth: DurationMs,
}

/// Those who keep to the moment by themselves ask with `?ahead`, and are told more of what comes.
#[get("/channels/<channel>/master.m3u8?<ahead>")]
fn master(channel: &str, ahead: Option<&str>, gzip: TakesGzip) -> Result<Compressed, Problem> {
    known(channel)?;
    let suffix = if ahead.is_some() { "?ahead" } else { "" };
    Ok(Compressed::playlist(
        linear::master("", suffix, false),
        gzip,
    ))
}

#[get("/channels/<channel>/<name>?<ahead>", rank = 2)]
async fn playlist(
    channel: &str,
    name: &str,
    ahead: Option<&str>,
    gzip: TakesGzip,
    linear: &State<Linear>,
) -> Result<Compressed, Problem> {
    known(channel)?;
    let name = name.strip_suffix(".m3u8").ok_or_else(no_rendition)?;
    let container = match name {
        SOUND => Container::Sound,
        name if HOUSE_RUNGS.iter().any(|rung| rung.name == name) => Container::Picture,
        _ => return Err(no_rendition()),
    };
    let ahead = match ahead {
        Some(_) => LISTED_AHEAD,
        None => AHEAD_OF_MANY,
    };
    let text = linear.playlist((name, container), ahead).await;
    let text = text
        .ok_or_else(|| Problem::new(Status::NotFound, "The channel has never been on the air."))?;
    Ok(Compressed::playlist(text, gzip))
}

#[get("/channels/<channel>/<rendition>/<file>", rank = 3)]
async fn init(channel: &str, rendition: &str, file: &str) -> Result<Whole, Problem> {
    known(channel)?;
    if file != format!("init-{RECIPE}.mp4") {
        return Err(no_segment());
    }
    let found = crate::media::init_segment(rendition).await;
    let found = found.map_err(|error| {
        tracing::error!(%error, "the init segments of the house format cannot be made");
        Problem::of_status(Status::InternalServerError)
    })?;
    Ok(Whole::mp4(found.ok_or_else(no_rendition)?))
}

#[get("/channels/<channel>/<rendition>/<slice..>", rank = 4)]
async fn segment(
    channel: &str,
    rendition: &str,
    slice: SliceName,
    linear: &State<Linear>,
    prepared: &State<Prepared>,
) -> Result<Whole, Problem> {
    known(channel)?;
    let asked = Segment::find(&linear.packages, prepared, &slice).await?;
    let made = match (rendition, slice.extension.as_str()) {
        (SOUND, "m4s") => asked.sound().await?,
        (rung, "m4s") => asked.picture(rung).await?,
        _ => return Err(no_segment()),
    };
    Ok(Whole::mp4(made.into()))
}

impl Linear {
    /// The playlist of a rendition now.
    pub(super) async fn playlist(
        &self,
        rendition: (&str, Container),
        ahead: DurationMs,
    ) -> Option<String> {
        let (plan, now) = (self.station.snapshot().plan.clone(), self.clock.now());
        let depth = self.depth;
        let window = Window { depth, ahead };
        let mut packages: HashMap<Programme, Option<Arc<Package>>> = HashMap::new();
        for listed in window.of(&plan, now) {
            let Some(airing) = listed.stretch.airing else {
                continue;
            };
            if let Entry::Vacant(entry) = packages.entry(airing.programme) {
                let package = self.packages.of(entry.key()).await;
                entry.insert(package);
            }
        }
        let package = |programme: &Programme| packages.get(programme)?.as_deref();
        media_playlist(rendition, (&plan, now), window, &package)
    }
}

pub(super) fn known(channel: &str) -> Result<(), Problem> {
    match channel {
        CHANNEL => Ok(()),
        _ => Err(Problem::new(Status::NotFound, "There is no such channel.")),
    }
}

fn no_rendition() -> Problem {
    Problem::new(Status::NotFound, "The stream has no such rendition.")
}
