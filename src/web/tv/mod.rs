//! The channel on every other screen: lists for television sets and media centres, a tuner they
//! can find, what is on for other pages and programs, and the guide.
//!
//! Everything here is `timeline::guide` read aloud; nothing has an opinion of its own about what
//! plays when.

mod address;
mod device;
mod guide;
mod hdhomerun;
mod lineup;
mod m3u;
mod now_playing;
mod oembed;
mod open;
mod pages;
mod share;
mod xml;
mod xmltv;

use rocket::Route;

pub(super) use device::DeviceId;
pub(super) use share::{Share, share};

pub(super) fn routes() -> Vec<Route> {
    [
        m3u::routes(),
        xmltv::routes(),
        hdhomerun::routes(),
        guide::routes(),
        now_playing::routes(),
        oembed::routes(),
        pages::routes(),
    ]
    .concat()
}

/// The lists once more, where players look for them below `/iptv`.
pub(super) fn iptv_routes() -> Vec<Route> {
    [m3u::routes(), xmltv::routes()].concat()
}
