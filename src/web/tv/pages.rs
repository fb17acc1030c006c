//! The guide's page, and the player for other sites' pages.

use rocket::{Route, State, get, routes};

use crate::audience::Events;
use crate::web::headers::EMBEDDABLE;
use crate::web::pages::{Page, snapshot_page};
use crate::web::site::Site;

pub(super) fn routes() -> Vec<Route> {
    routes![guide, embed]
}

/// What is on now comes with the page; the rest is the day's, by the viewer's own clock.
#[get("/guide")]
fn guide(site: &State<Site>, events: &State<Events>) -> Page {
    snapshot_page("guide", site, &events.payload())
}

/// Without a cookie: nobody votes here, and browsers would not send it from a frame.
#[get("/embed")]
fn embed(site: &State<Site>, events: &State<Events>) -> Page {
    debug_assert_eq!(EMBEDDABLE, "/embed");
    snapshot_page("embed", site, &events.payload())
}
