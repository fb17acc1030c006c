//! `/oembed`: how a page of another site shows the channel when somebody posts its address there
//! (oembed.com).

use rocket::http::uri::Absolute;
use rocket::http::{ContentType, Header, Status};
use rocket::response::Responder;
use rocket::serde::Serialize;
use rocket::{Route, get, routes};

use super::address::Base;
use super::lineup::{Lineup, Listed};
use super::share::frame;
use super::xml::{document, element};
use crate::web::errors::Problem;

/// The pages of the station that show the channel.
const SHOWS_THE_CHANNEL: [&str; 4] = ["/", "/ambient", "/embed", "/guide"];

/// The size of the player if nobody says how much room there is …
const USUAL_WIDTH: u32 = 640;
/// … and at the most.
const LARGEST_WIDTH: u32 = 1920;
const SMALLEST_WIDTH: u32 = 64;
/// The logo is a square of so many pixels.
const LOGO_SIZE: u32 = 512;
/// How long consumers may keep the answer: it names the channel, not the programme.
const CACHE_AGE_S: u32 = 86_400;

pub(super) fn routes() -> Vec<Route> {
    routes![oembed]
}

/// The answer (§2.3.4.2, a video).
#[derive(Serialize)]
#[serde(crate = "rocket::serde")]
struct Video {
    version: &'static str,
    r#type: &'static str,
    title: String,
    provider_name: &'static str,
    provider_url: String,
    cache_age: u32,
    html: String,
    width: u32,
    height: u32,
    #[serde(flatten)]
    thumbnail: Option<Thumbnail>,
}

/// Only told if it is no larger than there is room (§2.3.4).
#[derive(Serialize)]
#[serde(crate = "rocket::serde")]
struct Thumbnail {
    thumbnail_url: String,
    thumbnail_width: u32,
    thumbnail_height: u32,
}

/// Documents in the two formats there are.
#[derive(Responder)]
struct Answer {
    body: (ContentType, String),
    cache: Header<'static>,
}

#[get("/oembed?<url>&<format>&<maxwidth>&<maxheight>")]
fn oembed(
    url: &str,
    format: Option<&str>,
    maxwidth: Option<u32>,
    maxheight: Option<u32>,
    lineup: Lineup,
    base: Base,
) -> Result<Answer, Problem> {
    if !shows_the_channel(url, &base) {
        let why = "The channel is at none of the station's pages of that address.";
        return Err(Problem::new(Status::NotFound, why));
    }
    let video = Video::new(lineup.channel(None)?, &base, (maxwidth, maxheight));
    let body = match format {
        None | Some("json") => (ContentType::JSON, json(&video)),
        Some("xml") => (ContentType::new("text", "xml"), xml(&video)),
        Some(_) => {
            let why = "The format is json or xml.";
            return Err(Problem::new(Status::NotImplemented, why));
        }
    };
    Ok(Answer {
        body,
        cache: Header::new("Cache-Control", "public, max-age=300"),
    })
}

fn shows_the_channel(url: &str, base: &Base) -> bool {
    let Ok(url) = Absolute::parse(url) else {
        return false;
    };
    let Some(authority) = url.authority() else {
        return false;
    };
    let path = url.path().as_str();
    let path = if path.is_empty() { "/" } else { path };
    base.is_of(&format!("{}://{authority}", url.scheme())) && SHOWS_THE_CHANNEL.contains(&path)
}

impl Video {
    fn new(channel: &Listed, base: &Base, room: (Option<u32>, Option<u32>)) -> Self {
        let (width, height) = fitting(room);
        let logo = Thumbnail {
            thumbnail_url: base.url(channel.logo()),
            thumbnail_width: LOGO_SIZE,
            thumbnail_height: LOGO_SIZE,
        };
        let fits = |room: Option<u32>| room.is_none_or(|room| LOGO_SIZE <= room);
        Self {
            version: "1.0",
            r#type: "video",
            title: channel.name.clone(),
            provider_name: "OnAir",
            provider_url: base.url("/"),
            cache_age: CACHE_AGE_S,
            html: frame(&base.url(channel.embed()), &channel.name, width, height),
            width,
            height,
            thumbnail: Some(logo).filter(|_| fits(room.0) && fits(room.1)),
        }
    }
}

/// The largest player of 16 by 9 within `room`.
fn fitting((width, height): (Option<u32>, Option<u32>)) -> (u32, u32) {
    let by_height = height.map(|height| height.saturating_mul(16) / 9);
    let room = match (width, by_height) {
        (None, None) => USUAL_WIDTH,
        (width, by_height) => width.into_iter().chain(by_height).min().unwrap_or_default(),
    };
    let width = room.clamp(SMALLEST_WIDTH, LARGEST_WIDTH);
    (width, width * 9 / 16)
}

fn json(video: &Video) -> String {
    rocket::serde::json::to_string(video).expect("a plain struct of text and numbers")
}

/// The same by the same names (§2.3.2).
fn xml(video: &Video) -> String {
    document(|xml| {
        xml.create_element("oembed").write_inner_content(|xml| {
            for (name, text) in [
                ("version", video.version.to_owned()),
                ("type", video.r#type.to_owned()),
                ("title", video.title.clone()),
                ("provider_name", video.provider_name.to_owned()),
                ("provider_url", video.provider_url.clone()),
                ("cache_age", video.cache_age.to_string()),
                ("html", video.html.clone()),
                ("width", video.width.to_string()),
                ("height", video.height.to_string()),
            ] {
                element(xml, name, &text)?;
            }
            let Some(thumbnail) = &video.thumbnail else {
                return Ok(());
            };
            element(xml, "thumbnail_url", &thumbnail.thumbnail_url)?;
            element(
                xml,
                "thumbnail_width",
                &thumbnail.thumbnail_width.to_string(),
            )?;
            element(
                xml,
                "thumbnail_height",
                &thumbnail.thumbnail_height.to_string(),
            )
        })?;
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timeline::Plan;
    use crate::web::tv::lineup::testing::channel;

    #[test]
    fn the_player_is_as_large_as_there_is_room() {
        assert_eq!(fitting((None, None)), (640, 360));
        assert_eq!(fitting((Some(320), None)), (320, 180));
        assert_eq!(fitting((Some(1280), Some(360))), (640, 360));
        assert_eq!(fitting((None, Some(90))), (160, 90));
        assert_eq!(fitting((Some(0), None)).0, SMALLEST_WIDTH);
        assert_eq!(fitting((Some(u32::MAX), Some(u32::MAX))).0, LARGEST_WIDTH);
    }

    #[test]
    fn only_this_station_s_pages_show_the_channel() {
        let base = Base::new("https://tv.example");
        for (url, shows) in [
            ("https://tv.example", true),
            ("https://tv.example/", true),
            ("http://TV.example:80/ambient", true),
            ("https://tv.example/guide?day=1", true),
            ("https://tv.example/upload", false),
            ("https://tv.example.evil.example/", false),
            ("https://evil.example/https://tv.example/", false),
            ("javascript:alert(1)", false),
            ("/", false),
            ("", false),
        ] {
            assert_eq!(shows_the_channel(url, &base), shows, "{url}");
        }
    }

    #[test]
    fn a_name_is_text_in_both_formats() {
        let channel = channel("main", "\"><script>", Plan::default());
        let video = Video::new(
            &channel,
            &Base::new("https://tv.example"),
            (Some(320), None),
        );
        assert!(!video.html.contains("<script>"), "{}", video.html);
        assert!(
            video.html.contains("width=\"320\" height=\"180\""),
            "{}",
            video.html
        );
        assert!(video.thumbnail.is_none(), "larger than there is room");
        let xml = xml(&video);
        assert!(xml.contains("<html>&lt;iframe "), "{xml}");
        assert!(!json(&video).contains("thumbnail"));
    }
}
