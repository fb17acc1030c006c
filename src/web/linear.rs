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
use crate::linear::{Container, LISTED_AHEAD, Master, Missing, Window, Words, media_playlist};
use crate::media::{HOUSE_RUNGS, Package, RECIPE};
use crate::station::Station;
use crate::timeline::{DurationMs, Programme, SLICE};

/// The only channel's name in addresses.
pub(super) const CHANNEL: &str = "main";
/// Players that know nothing of us start three segments before the end (RFC 8216 §6.3.3): with this much of
/// what is to come in the list, that is now.
pub(super) const AHEAD_OF_MANY: DurationMs = DurationMs::new(3 * SLICE.get());
/// More languages than these are not offered.
const MOST_LANGUAGES: usize = 32;
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

/// Those who keep to the moment by themselves ask with `?ahead`, and are told more of what comes; they show
/// subtitles by themselves as well.
#[get("/channels/<channel>/master.m3u8?<ahead>")]
fn master(
    channel: &str,
    ahead: Option<&str>,
    gzip: TakesGzip,
    linear: &State<Linear>,
) -> Result<Compressed, Problem> {
    known(channel)?;
    let (suffix, words) = match ahead {
        Some(_) => ("?ahead", Vec::new()),
        None => ("", linear.languages()),
    };
    let master = Master {
        prefix: "",
        suffix,
        has_sound_inside: false,
        words: &words,
    };
    Ok(Compressed::playlist(master.text(), gzip))
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
        name if language(name).is_some() => Container::Words,
        name if HOUSE_RUNGS.iter().any(|rung| rung.name == name) => Container::Picture,
        _ => return Err(no_rendition()),
    };
    // Who asks so shows the programme's file instead.
    let (ahead, missing) = match ahead {
        Some(_) => (LISTED_AHEAD, Missing::Gap),
        None => (AHEAD_OF_MANY, Missing::Slate),
    };
    let rendition = (name, container, missing);
    let text = linear.playlist(rendition, ahead).await?;
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
    slice: Result<SliceName, ()>,
    linear: &State<Linear>,
    prepared: &State<Prepared>,
) -> Result<Whole, Problem> {
    known(channel)?;
    let slice = slice.map_err(|()| no_segment())?;
    let asked = Segment::find(&linear.packages, prepared, &slice).await?;
    match (rendition, slice.extension.as_str()) {
        (SOUND, "m4s") => Ok(Whole::mp4(asked.sound().await?.into())),
        (rung, "m4s") => Ok(Whole::mp4(asked.picture(rung).await?.into())),
        (words, "vtt") => {
            let language = language(words).ok_or_else(no_rendition)?;
            Ok(Whole::vtt(asked.words(language).await?.into()))
        }
        _ => Err(no_segment()),
    }
}

impl Linear {
    /// The languages that what is scheduled has subtitles in, in the order they first appear.
    pub(super) fn languages(&self) -> Vec<Words> {
        let told = self.station.snapshot();
        let mut found: Vec<Words> = Vec::new();
        let renditions = told.catalogue.scheduled().iter();
        let renditions = renditions.filter_map(|video| video.stream());
        for track in renditions.flat_map(|rendition| &rendition.captions) {
            if found.len() == MOST_LANGUAGES {
                break;
            }
            if !found.iter().any(|words| words.language == track.language) {
                found.push(Words {
                    language: track.language.clone(),
                    label: track.label.clone(),
                });
            }
        }
        found
    }

    /// The playlist of a rendition now.
    pub(super) async fn playlist(
        &self,
        rendition: (&str, Container, Missing),
        ahead: DurationMs,
    ) -> Result<String, Problem> {
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
            .ok_or_else(|| Problem::new(Status::NotFound, "The channel has never been on the air."))
    }
}

/// The language of a rendition of subtitles, as it is called: letters, digits and hyphens (BCP 47).
fn language(rendition: &str) -> Option<&str> {
    let language = rendition.strip_prefix("words-")?;
    let letters = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
    ((1..=35).contains(&language.len()) && language.bytes().all(letters)).then_some(language)
}

pub(super) fn known(channel: &str) -> Result<(), Problem> {
    match channel {
        CHANNEL => Ok(()),
        _ => Err(Problem::new(Status::NotFound, "There is no such channel.")),
    }
}

pub(super) fn no_rendition() -> Problem {
    Problem::new(Status::NotFound, "The stream has no such rendition.")
}
