//! A tuner as Plex, Jellyfin, Emby and Channels know it: the HTTP interface of an HDHomeRun.
//!
//! They are given this station's address by hand; the search by broadcast is left to the maker's
//! own devices. Every field is one the maker's own devices have.

use std::io;

use rocket::http::{ContentType, Header, Status};
use rocket::response::Responder;
use rocket::serde::Serialize;
use rocket::{Route, State, get, post, routes};

use super::address::Base;
use super::lineup::{Lineup, Listed};
use super::xml::{document, element};
use crate::web::api::Fresh;
use crate::web::site::Site;

/// A model without a transcoder of its own, so that nobody is offered one.
const MODEL: &str = "HDHR5-4US";
const FIRMWARE: &str = "hdhomerun5_atsc";
const FIRMWARE_VERSION: &str = "20240101";

/// How many recordings and viewers a media centre may have at once. Here any number may watch; it
/// is a number media centres still show as a list.
const TUNERS: usize = 8;

pub(super) fn routes() -> Vec<Route> {
    routes![discover, lineup, lineup_xml, lineup_status, scan, device]
}

#[derive(Serialize)]
#[serde(crate = "rocket::serde", rename_all = "PascalCase")]
struct Discovered<'a> {
    friendly_name: &'a str,
    manufacturer: &'static str,
    model_number: &'static str,
    firmware_name: &'static str,
    firmware_version: &'static str,
    #[serde(rename = "DeviceID")]
    device_id: String,
    device_auth: &'static str,
    tuner_count: usize,
    #[serde(rename = "BaseURL")]
    base_url: &'a str,
    #[serde(rename = "LineupURL")]
    lineup_url: String,
}

/// A channel in the tuner's list. Numbers are text there.
#[derive(Serialize)]
#[serde(crate = "rocket::serde", rename_all = "PascalCase")]
struct Tuned<'a> {
    guide_number: String,
    guide_name: &'a str,
    video_codec: &'static str,
    audio_codec: &'static str,
    #[serde(rename = "HD")]
    hd: u8,
    #[serde(rename = "URL")]
    url: String,
}

impl<'a> Tuned<'a> {
    fn new(channel: &'a Listed, base: &Base) -> Self {
        Self {
            guide_number: channel.number.to_string(),
            guide_name: &channel.name,
            video_codec: "H264",
            audio_codec: "AAC",
            hd: 1,
            url: base.url(&channel.ts()),
        }
    }
}

#[derive(Serialize)]
#[serde(crate = "rocket::serde", rename_all = "PascalCase")]
struct LineupStatus {
    scan_in_progress: u8,
    scan_possible: u8,
    source: &'static str,
    source_list: [&'static str; 1],
}

/// A document in XML that no cache may keep.
#[derive(Responder)]
struct Document {
    body: (ContentType, String),
    cache: Header<'static>,
}

impl Document {
    fn new(text: String) -> Self {
        Self {
            body: (ContentType::XML, text),
            cache: Header::new("Cache-Control", "no-store"),
        }
    }
}

#[get("/discover.json")]
fn discover(site: &State<Site>, base: Base) -> Fresh {
    Fresh::json(&Discovered {
        friendly_name: &site.channel_name,
        manufacturer: "Silicondust",
        model_number: MODEL,
        firmware_name: FIRMWARE,
        firmware_version: FIRMWARE_VERSION,
        device_id: site.device.to_string(),
        device_auth: "onair",
        tuner_count: TUNERS,
        base_url: base.as_str(),
        lineup_url: base.url("/lineup.json"),
    })
}

#[get("/lineup.json")]
fn lineup(lineup: Lineup, base: Base) -> Fresh {
    let tuned = lineup.0.iter().map(|channel| Tuned::new(channel, &base));
    Fresh::json(&tuned.collect::<Vec<_>>())
}

#[get("/lineup.xml")]
fn lineup_xml(lineup: Lineup, base: Base) -> Document {
    Document::new(document(|xml| {
        xml.create_element("Lineup").write_inner_content(|xml| {
            for channel in &lineup.0 {
                let tuned = Tuned::new(channel, &base);
                xml.create_element("Program").write_inner_content(|xml| {
                    element(xml, "GuideNumber", &tuned.guide_number)?;
                    element(xml, "GuideName", tuned.guide_name)?;
                    element(xml, "VideoCodec", tuned.video_codec)?;
                    element(xml, "AudioCodec", tuned.audio_codec)?;
                    element(xml, "HD", "1")?;
                    element(xml, "URL", &tuned.url)
                })?;
            }
            Ok(())
        })?;
        Ok(())
    }))
}

#[get("/lineup_status.json")]
fn lineup_status() -> Fresh {
    Fresh::json(&LineupStatus {
        scan_in_progress: 0,
        scan_possible: 1,
        source: "Cable",
        source_list: ["Cable"],
    })
}

/// Media centres have the tuner look for channels before they ask for its list; here they are known.
#[post("/lineup.post")]
fn scan() -> Status {
    Status::Ok
}

/// What UPnP knows of the device (UPnP Device Architecture 1.0 §2.1); Plex looks at it.
#[get("/device.xml")]
fn device(site: &State<Site>, base: Base) -> Document {
    Document::new(document(|xml| {
        xml.create_element("root")
            .with_attribute(("xmlns", "urn:schemas-upnp-org:device-1-0"))
            .write_inner_content(|xml| {
                xml.create_element("specVersion")
                    .write_inner_content(|xml| {
                        element(xml, "major", "1")?;
                        element(xml, "minor", "0")
                    })?;
                element(xml, "URLBase", base.as_str())?;
                xml.create_element("device")
                    .write_inner_content(|xml| about(xml, site))?;
                Ok(())
            })?;
        Ok(())
    }))
}

fn about(xml: &mut super::xml::Xml, site: &Site) -> io::Result<()> {
    let id = site.device.to_string();
    // Only the end of it tells devices apart; the rest is any UUID (RFC 9562 §5.8).
    let udn = format!("uuid:6f6e6169-7274-8076-8001-0000{}", id.to_lowercase());
    for (name, text) in [
        ("deviceType", "urn:schemas-upnp-org:device:MediaServer:1"),
        ("friendlyName", site.channel_name.as_str()),
        ("manufacturer", "Silicondust"),
        ("modelName", MODEL),
        ("modelNumber", MODEL),
        ("serialNumber", id.as_str()),
        ("UDN", udn.as_str()),
    ] {
        element(xml, name, text)?;
    }
    Ok(())
}
