//! The endless stream as players get it, also from a station that was killed in the middle.

#[path = "support/clips.rs"]
mod clips;
#[path = "support/hls.rs"]
mod hls;
#[path = "support/station.rs"]
mod station;

use std::collections::HashMap;
use std::fs;

use hls::{Checker, MediaPlaylist};
use reqwest::{Client, Response, StatusCode};
use station::{Home, LIMIT, Station, browser};

const RENDITIONS: [&str; 4] = ["1080", "360", "sound", "words-en"];

async fn get(client: &Client, station: &Station, path: &str) -> Response {
    let asked = client.get(station.url(path)).send().await;
    asked.expect("the station answers")
}

async fn text(client: &Client, station: &Station, path: &str) -> String {
    let answer = get(client, station, path).await;
    assert_eq!(answer.status(), StatusCode::OK, "{path}");
    answer.text().await.expect("it is text")
}

/// A station whose two films are both in house format, on the air and next.
async fn on_the_air(home: &Home) -> Station {
    let station = home.start();
    let mut stream = station.watch(&browser()).await;
    let both = stream.until("on-air", |told| {
        told["current"]["linear"] == true && told["next"]["linear"] == true
    });
    let waited = tokio::time::timeout(4 * LIMIT, both).await;
    waited.expect("both are converted and on the air in time");
    station
}

fn home() -> Home {
    let home = Home::with(&[clips::mkv(6.0), clips::avi(5.0)]);
    let words = "1\n00:00:01,000 --> 00:00:03,000\nGood evening\n";
    fs::write(home.path("static").join("1.en.srt"), words).expect("written");
    home.set("ONAIR_WORKERS", "1")
}

#[tokio::test]
async fn the_stream_goes_on_where_it_was_after_the_station_was_killed() {
    let home = home();
    let client = browser();
    let mut station = on_the_air(&home).await;
    let mut checkers: HashMap<&str, Checker> = HashMap::new();
    let mut kept: HashMap<String, bytes::Bytes> = HashMap::new();
    for _ in 0..2 {
        for rendition in RENDITIONS {
            let path = format!("/channels/main/{rendition}.m3u8?ahead");
            let checker = checkers.entry(rendition).or_default();
            checker.check(&text(&client, &station, &path).await);
            let list = checker.last();
            let (_, newest) = list.numbered().last().expect("something is listed");
            assert!(!newest.is_gap, "{newest:?}");
            for entry in list.entries.iter().filter(|entry| !entry.is_gap) {
                let address = format!("/channels/main/{}", entry.uri);
                let answer = get(&client, &station, &address).await;
                assert_eq!(answer.status(), StatusCode::OK, "{address}");
                let caching = answer.headers()["cache-control"].to_str().unwrap();
                assert!(caching.contains("immutable"), "{caching}");
                let bytes = answer.bytes().await.expect("it is whole");
                let before = kept.entry(address.clone()).or_insert_with(|| bytes.clone());
                assert!(*before == bytes, "{address} has changed");
            }
        }
        station.kill();
        station = home.start();
    }
    assert!(kept.len() > 4 * RENDITIONS.len());
    let said = kept
        .values()
        .any(|bytes| bytes.ends_with(b"\nGood evening\n"));
    assert!(said, "the words are somewhere");
}

#[tokio::test]
async fn players_are_told_what_they_need_and_caches_what_they_may_keep() {
    let home = home();
    let client = browser();
    let station = on_the_air(&home).await;
    let master = text(&client, &station, "/channels/main/master.m3u8").await;
    assert!(master.contains("LANGUAGE=\"en\""), "{master}");
    let names = master.lines().filter(|line| !line.starts_with('#'));
    assert_eq!(
        names.collect::<Vec<_>>(),
        ["1080.m3u8", "720.m3u8", "480.m3u8", "360.m3u8"]
    );

    let answer = client
        .get(station.url("/channels/main/360.m3u8"))
        .header("Accept-Encoding", "gzip")
        .send()
        .await
        .expect("an answer");
    let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(header("content-type"), "application/vnd.apple.mpegurl");
    // A browser whose wall clock is set back would find a list of some age fresh until that time has come again.
    assert_eq!(header("cache-control"), "public, max-age=0, s-maxage=1");
    assert_eq!(header("access-control-allow-origin"), "*");
    assert_eq!(header("content-encoding"), "gzip");
    assert_eq!(header("vary"), "Accept-Encoding");

    let list = MediaPlaylist::read(&text(&client, &station, "/channels/main/360.m3u8").await);
    let map = list.map.expect("there is an init segment");
    let init = get(&client, &station, &format!("/channels/main/{map}")).await;
    assert_eq!(&init.bytes().await.unwrap()[4..8], b"ftyp");

    let newest = list.entries.last().expect("something is listed");
    let (folder, slice) = newest.uri.rsplit_once('/').unwrap();
    for (path, what) in [
        ("/channels/other/master.m3u8".to_owned(), "channel"),
        ("/channels/main/240.m3u8".to_owned(), "rendition"),
        ("/channels/main/words-.m3u8".to_owned(), "rendition"),
        ("/channels/main/360/init-99.mp4".to_owned(), "segment"),
        (format!("/channels/main/{folder}/0{slice}"), "segment"),
        (format!("/channels/main/{folder}/999.m4s"), "segment"),
        (format!("/channels/main/{folder}/0.mp3"), "segment"),
        (
            format!("/channels/main/{}", newest.uri.replace("/v", "/v9")),
            "segment",
        ),
        ("/channels/main/360/nobody/v1/5/0.m4s".to_owned(), "segment"),
    ] {
        let answer = get(&client, &station, &path).await;
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{path}");
        let problem = answer.text().await.unwrap();
        assert!(problem.contains(what), "{path}: {problem}");
    }
    check_slates(&client, &station).await;
    check_transport(&client, station).await;
}

/// Until its films were in house format, the channel showed a still picture to whoever asked without `ahead`.
async fn check_slates(client: &Client, station: &Station) {
    for rendition in ["1080", "sound", "words-en", "ts/360"] {
        let path = format!("/channels/main/{rendition}.m3u8");
        let list = MediaPlaylist::read(&text(client, station, &path).await);
        assert!(list.entries.iter().all(|entry| !entry.is_gap), "{path}");
        let oldest = &list.entries[0].uri;
        assert!(oldest.contains("/slate-1/"), "{oldest}");
        let (folder, _) = path.rsplit_once('/').unwrap();
        let address = format!("{folder}/{oldest}");
        let answer = get(client, station, &address).await;
        assert_eq!(answer.status(), StatusCode::OK, "{address}");
        let caching = answer.headers()["cache-control"].to_str().unwrap();
        assert!(caching.contains("immutable"), "{caching}");
        let bytes = answer.bytes().await.expect("it is whole");
        let again = get(client, station, &address).await.bytes().await;
        assert_eq!(again.expect("it is whole"), bytes);
    }
    for wrong in [
        "360/slate-1/161571000000000/0.m4s",
        "360/slate-1/161571000000000/900000.m4s",
        "360/slate-1/18446744073709551615/180000.m4s",
        "360/slate-2/161571000000000/180000.m4s",
        "240/slate-1/161571000000000/180000.m4s",
        "ts/360/slate-1/161571000000000/180000.m4s",
    ] {
        let answer = get(client, station, &format!("/channels/main/{wrong}")).await;
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{wrong}");
    }
}

/// The same as a transport stream: in segments, and as one connection, which is made of the very same.
async fn check_transport(client: &Client, station: Station) {
    let master = text(client, &station, "/channels/main/ts.m3u8").await;
    assert!(master.contains("\nts/360.m3u8"), "{master}");
    let endless = "/channels/main.ts?rung=360";
    let mut viewers = Vec::new();
    for _ in 0..2 {
        let viewer = get(client, &station, endless).await;
        assert_eq!(viewer.headers()["content-type"], "video/mp2t");
        assert_eq!(viewer.headers()["cache-control"], "no-store");
        viewers.push((viewer, Vec::new()));
    }
    let list = text(client, &station, "/channels/main/ts/360.m3u8").await;
    let list = MediaPlaylist::read(&list);
    assert_eq!(list.map, None);
    let mut segments = Vec::new();
    for entry in list.entries.iter().filter(|entry| !entry.is_gap) {
        let address = format!("/channels/main/ts/{}", entry.uri);
        let answer = get(client, &station, &address).await;
        assert_eq!(answer.status(), StatusCode::OK, "{address}");
        assert_eq!(answer.headers()["content-type"], "video/mp2t");
        let caching = answer.headers()["cache-control"].to_str().unwrap();
        assert!(caching.contains("immutable"), "{caching}");
        segments.push(answer.bytes().await.expect("it is whole"));
    }
    for (viewer, seen) in &mut viewers {
        while seen.len() < 8 * 1024 {
            let piece = viewer.chunk().await.expect("it goes on");
            seen.extend(piece.expect("it does not end"));
        }
        let is_one = segments.iter().any(|segment| {
            let both = segment.len().min(seen.len());
            segment[..both] == seen[..both]
        });
        assert!(is_one, "it begins with a segment");
    }
    for wrong in ["/channels/other.ts", "/channels/main.ts?rung=240"] {
        let answer = get(client, &station, wrong).await;
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{wrong}");
    }
    assert!(station.stop().success(), "viewers do not hold the station");
}
