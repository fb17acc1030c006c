//! `GET /video-updates`: the stream every screen follows.

use std::io;

use rocket::http::{ContentType, Header};
use rocket::response::{self, Responder, Response};
use rocket::{Request, Route, State, get, routes};
use tokio_stream::StreamExt;
use tokio_util::io::StreamReader;

use crate::audience::Events;

pub(super) fn routes() -> Vec<Route> {
    routes![video_updates]
}

/// One viewer's stream; they count as watching until it is dropped, unless they only want to know
/// what is on.
struct EventStream {
    events: Events,
    watching: bool,
}

/// `Last-Event-ID` needs no look: whoever comes back gets a fresh snapshot, so nothing is missed.
#[get("/video-updates?<watching>")]
fn video_updates(watching: Option<bool>, events: &State<Events>) -> EventStream {
    EventStream {
        events: events.inner().clone(),
        watching: watching.unwrap_or(true),
    }
}

impl<'r> Responder<'r, 'static> for EventStream {
    fn respond_to(self, request: &'r Request<'_>) -> response::Result<'static> {
        let mut response = Response::build();
        response
            .header(ContentType::EventStream)
            .header(Header::new("Cache-Control", "no-cache, no-transform"))
            // nginx would hold frames back to fill its buffer.
            .header(Header::new("X-Accel-Buffering", "no"));
        if request.method() != rocket::http::Method::Head {
            let frames = self.events.stream(self.watching).map(Ok::<_, io::Error>);
            response.streamed_body(StreamReader::new(Box::pin(frames)));
        }
        response.ok()
    }
}
