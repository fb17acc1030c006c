//! The JSON interface that only reads: the schedule, the library, the clock.

use rocket::http::{ContentType, Header};
use rocket::response::Responder;
use rocket::serde::Serialize;
use rocket::{Route, State, get, routes};

use super::wire::{ClockReading, LibraryListing, LibraryVideo, ScheduledVideo, Videos};
use crate::audience::Likes;
use crate::clock::SharedClock;
use crate::library::Library;
use crate::station::Station;

pub(super) fn routes() -> Vec<Route> {
    routes![videos, library, clock]
}

/// JSON that no cache may keep.
#[derive(Responder)]
pub(super) struct Fresh {
    body: (ContentType, String),
    cache: Header<'static>,
}

impl Fresh {
    pub(super) fn json(body: &impl Serialize) -> Self {
        let text = rocket::serde::json::to_string(body)
            .expect("wire shapes are plain structs of text and numbers");
        Self {
            body: (ContentType::JSON, text),
            cache: Header::new("Cache-Control", "no-store"),
        }
    }
}

#[get("/videos")]
fn videos(library: &State<Library>, station: &State<Station>, likes: &State<Likes>) -> Fresh {
    let catalogue = library.snapshot();
    let listed = catalogue.scheduled().iter().enumerate();
    let current = station.on_air().map(|moment| moment.current);
    Fresh::json(&Videos {
        videos: listed
            .map(|(at, video)| ScheduledVideo::new(at, video, likes.counts(&video.id)))
            .collect(),
        current_index: current.and_then(|airing| catalogue.position(airing.programme.video())),
    })
}

#[get("/library")]
fn library(
    library: &State<Library>,
    station: &State<Station>,
    clock: &State<SharedClock>,
) -> Fresh {
    let catalogue = library.snapshot();
    let on_air_at = station.starts();
    Fresh::json(&LibraryListing {
        videos: catalogue
            .videos()
            .iter()
            .map(|video| LibraryVideo::new(video, on_air_at.get(&video.id).copied()))
            .collect(),
        revision: catalogue.revision(),
        server_time_ms: clock.now().get(),
    })
}

#[get("/clock")]
fn clock(clock: &State<SharedClock>) -> Fresh {
    let ms = |us: i64| us as f64 / 1000.0;
    let received_ms = ms(clock.now_us());
    Fresh::json(&ClockReading {
        received_ms,
        sent_ms: ms(clock.now_us()),
    })
}
