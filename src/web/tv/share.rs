//! What a page says of itself to those who post its address elsewhere: the tags of Open Graph
//! (ogp.me) and of cards, and where `/oembed` is.

use quick_xml::escape::escape;
use rocket::http::RawStr;
use rocket::request::{FromRequest, Outcome, Request};
use rocket::serde::json::{Value, json};

use super::address::Base;
use super::lineup::Lineup;

/// The player's size in others' pages, if they do not choose one.
const WIDTH: u32 = 1280;
const HEIGHT: u32 = 720;

/// Where the station is and what it shows, for the tags of a page; nothing if the request does not
/// say which host it is for.
pub(in crate::web) struct Share(Option<(Base, Lineup)>);

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Share {
    type Error = std::convert::Infallible;

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, Self::Error> {
        let base = Base::from_request(request).await.succeeded();
        let lineup = Lineup::from_request(request).await.succeeded();
        Outcome::Success(Self(base.zip(lineup)))
    }
}

/// What `browser/share.html.tera` writes, while the programme called `title` with the still
/// `poster` is on.
pub(in crate::web) fn share(share: &Share, title: Option<&str>, poster: Option<&str>) -> Value {
    let Some((base, lineup)) = &share.0 else {
        return Value::Null;
    };
    let Ok(channel) = lineup.channel(None) else {
        return Value::Null;
    };
    let url = base.url(channel.page());
    let escaped = RawStr::new(&url).percent_encode();
    json!({
        "oembed": base.url(&format!("/oembed?url={escaped}")),
        "url": url,
        "embed": base.url(channel.embed()),
        "image": base.url(poster.unwrap_or(channel.logo())),
        "has_poster": poster.is_some(),
        "title": title,
        "width": WIDTH,
        "height": HEIGHT,
    })
}

/// A frame for others' pages with the player at `address`.
pub(super) fn frame(address: &str, name: &str, width: u32, height: u32) -> String {
    let (address, name) = (escape(address), escape(name));
    format!(
        "<iframe src=\"{address}\" width=\"{width}\" height=\"{height}\" title=\"{name}\" \
         allow=\"autoplay; fullscreen; picture-in-picture\" allowfullscreen \
         style=\"border:0\"></iframe>"
    )
}
