//! The pages people open.

use rocket::http::Header;
use rocket::response::{self, Responder};
use rocket::serde::Serialize;
use rocket::serde::json::serde_json::Map;
use rocket::serde::json::{Value, json};
use rocket::{Request, Route, State, get, routes};
use rocket_dyn_templates::Template;

use super::events_port::EventsPort;
use super::site::Site;
use super::tv::{Share, share};
use super::viewer::PageViewer;
use super::wire::vote_name;
use crate::audience::{Events, Likes, OnAirPayload};
use crate::library::ENDINGS;
use crate::timeline::VideoId;

pub(super) fn routes() -> Vec<Route> {
    routes![index, ambient, upload]
}

/// A page made for one viewer at one moment.
pub(super) struct Page {
    name: &'static str,
    context: Map<String, Value>,
}

impl<'r> Responder<'r, 'static> for Page {
    fn respond_to(mut self, request: &'r Request<'_>) -> response::Result<'static> {
        let events = EventsPort::address_for(request);
        self.context.insert("events".into(), events.into());
        let mut response = Template::render(self.name, self.context).respond_to(request)?;
        response.set_header(Header::new("Cache-Control", "no-store"));
        Ok(response)
    }
}

#[get("/")]
fn index(
    viewer: PageViewer,
    site: &State<Site>,
    events: &State<Events>,
    likes: &State<Likes>,
    told: Share,
) -> Page {
    let payload = events.payload();
    let current = payload.current.as_ref();
    let title = current.map(|current| current.title.as_str());
    let poster = current.and_then(|current| current.poster.as_deref());
    let own = json!({
        "vote": own_vote(&viewer, likes, &payload),
        "share": share(&told, title, poster),
    });
    channel_page("index", site, &payload, own)
}

#[get("/ambient")]
fn ambient(_viewer: PageViewer, site: &State<Site>, events: &State<Events>) -> Page {
    snapshot_page("ambient", site, &events.payload())
}

#[get("/upload")]
fn upload(_viewer: PageViewer, site: &State<Site>) -> Page {
    page("upload", site, json!({ "endings": ENDINGS }))
}

/// A page that shows what is on and nothing of its own.
pub(super) fn snapshot_page(name: &'static str, site: &Site, payload: &OnAirPayload) -> Page {
    channel_page(name, site, payload, json!({}))
}

/// A page that shows the channel: what is on comes with it, so the picture need not wait for the
/// stream.
fn channel_page(name: &'static str, site: &Site, payload: &OnAirPayload, mut own: Value) -> Page {
    own["on_air"] = payload.current.as_ref().map_or(
        Value::Null,
        |current| json!({ "current": current, "next": payload.next, "viewers": payload.viewers }),
    );
    own["snapshot_json"] = for_script(payload).into();
    page(name, site, own)
}

/// How this viewer voted on what is on.
fn own_vote(viewer: &PageViewer, likes: &Likes, payload: &OnAirPayload) -> Option<&'static str> {
    let current = payload.current.as_ref()?;
    let video = VideoId::new(&current.id).ok()?;
    match likes.vote_of(viewer.0, &video) {
        Ok(vote) => vote.map(vote_name),
        Err(error) => {
            tracing::warn!(%error, "a viewer's vote could not be read");
            None
        }
    }
}

fn page(name: &'static str, site: &Site, own: Value) -> Page {
    let mut context = site.context();
    if let Value::Object(own) = own {
        context.extend(own);
    }
    Page { name, context }
}

/// JSON that cannot end the `<script type="application/json">` it stands in.
fn for_script(payload: &impl Serialize) -> String {
    rocket::serde::json::to_string(payload)
        .expect("payloads are plain structs of text and numbers")
        .replace('<', "\\u003c")
        .replace('\u{2028}', "\\u2028")
        .replace('\u{2029}', "\\u2029")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_cannot_break_out_of_the_data_block() {
        let text = for_script(&json!({ "title": "</script><!--<script>" }));
        assert!(!text.contains('<'), "{text}");
        let back: Value = rocket::serde::json::from_str(&text).expect("still JSON");
        assert_eq!(back["title"], "</script><!--<script>");
    }
}
