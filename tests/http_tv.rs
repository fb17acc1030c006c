//! The lists and the tuner that television sets and media centres take in, from the real binary.

#[path = "support/clips.rs"]
mod clips;
#[path = "support/content.rs"]
mod content;
#[path = "support/station.rs"]
mod station;

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use station::{Home, Station, browser};

/// What is between the first `before` and the next `after`.
fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    let (_, rest) = text
        .split_once(before)
        .unwrap_or_else(|| panic!("no {before} in {text}"));
    rest.split_once(after).expect(after).0
}

async fn text(station: &Station, path: &str) -> String {
    let answer = browser().get(station.url(path)).send().await.expect(path);
    assert!(answer.status().is_success(), "{path}: {}", answer.status());
    answer.text().await.expect("text")
}

/// A station on which both videos are scheduled.
async fn two_on_the_air(home: &Home) -> Station {
    let station = home.start();
    let mut news = station::watch(&browser(), &station.url("/api/nowplaying/updates")).await;
    let both = |told: &Value| told["next"].is_object() && told["next"]["id"] != told["now"]["id"];
    news.until("now-playing", both).await;
    station
}

/// What `xmllint` says of `document`, which must be valid by XMLTV's DTD; nothing if it is.
fn faults_by_the_dtd(dir: &Path, document: &str) -> String {
    let file = dir.join("guide.xml");
    fs::write(&file, document).expect("written");
    // Where the document says that its grammar is.
    let dtd = dir.join("xmltv.dtd");
    fs::copy(content::file(content::XMLTV_DTD), dtd).expect("copied");
    let checked = Command::new("xmllint")
        .args(["--nonet", "--noout", "--valid"])
        .arg(&file)
        .output()
        .expect("xmllint is installed (libxml2-utils)");
    let said = String::from_utf8_lossy(&checked.stderr).into_owned();
    assert_eq!(checked.status.success(), said.is_empty(), "{said}");
    said
}

#[tokio::test]
async fn the_guide_is_valid_by_the_dtd_of_xmltv() {
    let videos = [clips::playable(4.0), clips::silent(6.0)];
    let home = Home::with(&videos).set("ONAIR_CHANNEL_NAME", "News, \"Sport\" & <more>");
    let station = two_on_the_air(&home).await;
    let dir = tempfile::tempdir().expect("a folder");
    let guide = text(&station, "/xmltv.xml").await;
    assert_eq!(faults_by_the_dtd(dir.path(), &guide), "");
    assert!(
        guide.matches("<programme ").count() > 1000,
        "a day and more"
    );
    assert_eq!(guide, text(&station, "/iptv/xmltv.xml").await);

    let empty = Home::empty();
    let guide = text(&empty.start(), "/xmltv.xml").await;
    assert_eq!(faults_by_the_dtd(dir.path(), &guide), "");
    assert!(guide.contains("<title>Off air</title>"), "{guide}");

    let broken = guide.replacen("display-name>", "name>", 2);
    assert!(
        faults_by_the_dtd(dir.path(), &broken).contains("name"),
        "it is looked at"
    );
}

#[tokio::test]
async fn the_guide_says_what_the_stream_says() {
    let home = Home::with(&[clips::playable(4.0), clips::silent(6.0)]);
    let station = two_on_the_air(&home).await;
    let client = browser();
    let mut stream = station.watch(&client).await;
    let told = stream.next().await.expect("an event").data;
    let guide = text(&station, "/xmltv.xml").await;
    for airing in [&told["current"], &told["next"]] {
        let second = airing["started_at_ms"].as_i64().expect("a time") / 1000;
        let start = chrono::DateTime::from_timestamp(second, 0).expect("a time");
        let start = start.format("start=\"%Y%m%d%H%M%S +0000\"").to_string();
        let title = between(between(&guide, &start, "</programme>"), "<title>", "<");
        assert_eq!(title, airing["title"].as_str().expect("a title"));
    }
}

#[tokio::test]
async fn the_list_names_the_guide_and_the_channel_as_the_guide_does() {
    let home = Home::empty().set("ONAIR_CHANNEL_NAME", "Harbour, TV");
    let station = home.start();
    let guide = text(&station, "/xmltv.xml").await;
    let list = text(&station, "/channels.m3u").await;
    assert_eq!(list, text(&station, "/iptv/channels.m3u").await);
    assert_eq!(
        between(&list, "tvg-id=\"", "\""),
        between(&guide, "<channel id=\"", "\"")
    );
    assert_eq!(
        between(&list, "x-tvg-url=\"", "\""),
        station.url("/xmltv.xml")
    );
    assert_eq!(
        between(&list, "url-tvg=\"", "\""),
        station.url("/xmltv.xml")
    );
    let logo = between(&list, "tvg-logo=\"", "\"");
    let logo = browser().get(logo).send().await.expect("an answer");
    assert_eq!(logo.headers()["content-type"], "image/png");
    for (query, path) in [
        ("", "/channels/main/master.m3u8"),
        ("?format=hls-ts", "/channels/main/ts.m3u8"),
        ("?format=ts", "/channels/main.ts"),
    ] {
        let list = text(&station, &format!("/channels.m3u{query}")).await;
        assert_eq!(list.lines().last(), Some(station.url(path).as_str()));
    }
    let wrong = browser()
        .get(station.url("/channels.m3u?format=avi"))
        .send();
    assert_eq!(wrong.await.expect("an answer").status(), 400);

    for (path, kind) in [
        ("/channels.m3u", "audio/x-mpegurl"),
        ("/xmltv.xml", "application/xml; charset=utf-8"),
    ] {
        let request = browser().get(station.url(path));
        let request = request.header("Accept-Encoding", "gzip");
        let answer = request.send().await.expect("an answer");
        assert_eq!(answer.headers()["content-type"], kind);
        assert_eq!(answer.headers()["vary"], "Accept-Encoding");
        assert_eq!(answer.headers()["access-control-allow-origin"], "*");
        let packed = answer.headers().contains_key("content-encoding");
        assert_eq!(
            packed,
            list.len() >= 512 || path != "/channels.m3u",
            "{path}"
        );
    }

    // The same station is known by the same names after a restart.
    drop(station);
    let again = text(&home.start(), "/channels.m3u").await;
    assert_eq!(
        between(&again, "tvg-id=\"", "\""),
        between(&list, "tvg-id=\"", "\"")
    );
}

#[tokio::test]
async fn addresses_are_those_the_request_was_sent_to_unless_the_operator_says_otherwise() {
    let asked = async |station: &Station| {
        let request = browser().get(station.url("/channels.m3u"));
        let request = request.header("Host", "tv.local:8123");
        let spoofed = request
            .header("X-Forwarded-Host", "evil.example")
            .header("X-Forwarded-Proto", "https");
        spoofed
            .send()
            .await
            .expect("an answer")
            .text()
            .await
            .expect("text")
    };
    let list = asked(&Home::empty().start()).await;
    assert!(
        list.ends_with("\nhttp://tv.local:8123/channels/main/master.m3u8\n"),
        "{list}"
    );
    assert!(!list.contains("evil"), "{list}");
    let port = TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr());
    let port = port.expect("a free port").port().to_string();
    let public = format!("http://localhost:{port}");
    let home = Home::empty()
        .set("ROCKET_PORT", &port)
        .set("ONAIR_PUBLIC_URL", &public);
    let list = asked(&home.start()).await;
    assert!(
        list.ends_with(&format!("\n{public}/channels/main/master.m3u8\n")),
        "{list}"
    );
}

#[tokio::test]
async fn a_media_centre_finds_a_tuner() {
    let station = Home::empty().start();
    let client = browser();
    let found: Value = station.json(&client, "/discover.json").await;
    assert_eq!(found["BaseURL"], station.address);
    assert_eq!(found["FriendlyName"], "OnAir");
    let id = found["DeviceID"].as_str().expect("an id");
    assert!(id.len() == 8 && u32::from_str_radix(id, 16).is_ok(), "{id}");

    let lineup = found["LineupURL"].as_str().expect("an address");
    let lineup: Value = client
        .get(lineup)
        .send()
        .await
        .expect("sent")
        .json()
        .await
        .expect("JSON");
    assert_eq!(lineup.as_array().expect("a list").len(), 1);
    assert_eq!(lineup[0]["GuideNumber"], "1");
    assert_eq!(lineup[0]["GuideName"], "OnAir");
    assert_eq!(lineup[0]["URL"], station.url("/channels/main.ts"));
    let xml = text(&station, "/lineup.xml").await;
    assert_eq!(
        between(&xml, "<URL>", "<"),
        station.url("/channels/main.ts")
    );

    let scan = client
        .post(station.url("/lineup.post?scan=start&source=Cable"))
        .send();
    assert_eq!(scan.await.expect("an answer").status(), 200);
    let status = station.json(&client, "/lineup_status.json").await;
    assert_eq!(status["ScanInProgress"], 0);
    let device = text(&station, "/device.xml").await;
    assert_eq!(between(&device, "<serialNumber>", "<"), id);
    assert_eq!(between(&device, "<URLBase>", "<"), station.address);
}

#[tokio::test]
async fn now_playing_says_what_the_stream_says_at_once_and_at_every_change() {
    let home = Home::with(&[clips::playable(4.0), clips::silent(6.0)]);
    let station = two_on_the_air(&home).await;
    let client = browser();
    let mut viewers = station.watch(&client).await;
    let mut news = station::watch(&client, &station.url("/api/nowplaying/updates")).await;
    let first = news.next().await.expect("at once");
    assert_eq!(first.name, "now-playing");
    assert_eq!(first.data["viewers"], 1, "who asks is not watching");
    let before = first.data["now"].clone();
    let changed = news
        .until("now-playing", |told| told["now"]["id"] != before["id"])
        .await
        .data;
    let told = viewers
        .until("on-air", |told| {
            told["current"]["id"] == changed["now"]["id"]
        })
        .await;
    for (here, there) in [("now", "current"), ("next", "next")] {
        for field in ["id", "title", "started_at_ms", "ends_at_ms", "duration_ms"] {
            assert_eq!(
                changed[here][field], told.data[there][field],
                "{here} {field}"
            );
        }
    }
    let over = &changed["history"][0];
    assert_eq!(over["id"], before["id"]);
    assert_eq!(over["ends_at_ms"], changed["now"]["started_at_ms"]);

    let answer = station.json(&client, "/api/nowplaying?history=1").await;
    assert_eq!(answer["history"].as_array().map(Vec::len), Some(1));
    assert_eq!(
        answer["channel"]["streams"]["hls"],
        station.url("/channels/main/master.m3u8")
    );
    let sum = |of: &Value| of["elapsed_ms"].as_i64().zip(of["remaining_ms"].as_i64());
    assert_eq!(
        sum(&answer["now"]).map(|(a, b)| a + b),
        answer["now"]["duration_ms"].as_i64()
    );
    let unknown = client
        .get(station.url("/api/nowplaying?channel=other"))
        .send();
    assert_eq!(unknown.await.expect("an answer").status(), 404);
}

#[tokio::test]
async fn a_site_that_is_given_the_channel_s_address_finds_its_player() {
    let station = Home::empty()
        .set("ONAIR_CHANNEL_NAME", "Harbour & \"Co\"")
        .start();
    let client = browser();
    let page = text(&station, "/").await;
    let tags = [
        "og:title",
        "og:url",
        "og:image",
        "og:video",
        "twitter:player",
    ];
    for tag in tags {
        assert!(page.contains(&format!("\"{tag}\" content=\"")), "{tag}");
    }
    let discovered = |kind: &str| {
        let link = between(&page, &format!("type=\"{kind}\" href=\""), "\"");
        link.replace("&amp;", "&").replace("&#x2F;", "/")
    };
    let answer = client
        .get(discovered("application/json+oembed"))
        .send()
        .await
        .expect("sent");
    let video: Value = answer.json().await.expect("JSON");
    assert_eq!(video["version"], "1.0");
    assert_eq!(video["type"], "video");
    assert_eq!(video["title"], "Harbour & \"Co\"");
    let html = video["html"].as_str().expect("HTML");
    assert_eq!(between(html, "src=\"", "\""), station.url("/embed"));
    let answer = client
        .get(discovered("text/xml+oembed"))
        .send()
        .await
        .expect("sent");
    assert_eq!(answer.headers()["content-type"], "text/xml");
    let xml = answer.text().await.expect("text");
    assert_eq!(between(&xml, "<width>", "<"), "640");

    let status = async |query: &str| {
        let sent = client.get(station.url(&format!("/oembed?{query}"))).send();
        sent.await.expect("an answer").status().as_u16()
    };
    let own = station.url("/");
    assert_eq!(status(&format!("url={own}&maxwidth=320")).await, 200);
    assert_eq!(status(&format!("url={own}&format=yaml")).await, 501);
    assert_eq!(status("url=https://elsewhere.example/").await, 404);
}
