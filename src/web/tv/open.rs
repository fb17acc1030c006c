//! Answers that pages of any site may read: the channel is public, and nothing here is anybody's.

use rocket::http::Header;
use rocket::response::Responder;
use rocket::serde::Serialize;

use crate::web::api::Fresh;

/// The field that lets a browser hand an answer to a page of any site (Fetch §3.2.3).
pub(super) fn for_any_page() -> Header<'static> {
    Header::new("Access-Control-Allow-Origin", "*")
}

/// JSON that no cache may keep and any page may read.
#[derive(Responder)]
pub(super) struct Open {
    body: Fresh,
    origin: Header<'static>,
}

impl Open {
    pub(super) fn json(body: &impl Serialize) -> Self {
        Self {
            body: Fresh::json(body),
            origin: for_any_page(),
        }
    }
}
