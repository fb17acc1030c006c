//! The player for other sites' pages.

use rocket::{Route, State, get, routes};

use crate::audience::Events;
use crate::web::headers::EMBEDDABLE;
use crate::web::pages::{Page, snapshot_page};
use crate::web::site::Site;

pub(super) fn routes() -> Vec<Route> {
    routes![embed]
}

/// Without a cookie: nobody votes here, and browsers would not send it from a frame.
#[get("/embed")]
fn embed(site: &State<Site>, events: &State<Events>) -> Page {
    debug_assert_eq!(EMBEDDABLE, "/embed");
    snapshot_page("embed", site, &events.payload())
}
