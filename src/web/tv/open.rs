//! Answers that pages of any site may read: the channel is public, and nothing here is anybody's.

use rocket::http::Header;
use rocket::response::Responder;
use rocket::serde::Serialize;

use crate::web::api::Fresh;
use crate::web::headers::for_any_page;

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
