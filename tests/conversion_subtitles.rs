//! Subtitles that come, change and go when their video has long been converted, with the real
//! binary.

#[path = "support/clips.rs"]
mod clips;
#[path = "support/converting.rs"]
mod converting;
#[path = "support/station.rs"]
mod station;

use std::fs;
use std::os::unix::fs::MetadataExt;

use converting::*;
use reqwest::StatusCode;
use serde_json::Value;
use station::{Home, Station, browser, watch};

const ENGLISH: &str = "1\n00:00:00,500 --> 00:00:01,500\nGood evening\n";
const FRENCH: &str = "1\n00:00:00,500 --> 00:00:01,500\nBonsoir\n";
const GERMAN: &str = "1\n00:00:00,500 --> 00:00:01,500\nGuten Abend\n";

fn languages(video: &Value) -> Vec<String> {
    let tracks = video["captions"].as_array().expect("a list").iter();
    tracks
        .map(|track| text(&track["language"]).to_owned())
        .collect()
}

/// Which file on the disk the picture of `version` is.
fn picture(home: &Home, id: &str, version: &str) -> u64 {
    let folder = home.path("data/prepared").join(id).join(version);
    let file = fs::metadata(folder.join("video-360.mp4"));
    file.expect("the rung").ino()
}

#[tokio::test]
async fn subtitles_beside_a_video_and_uploaded_later_can_be_chosen() {
    let home = home();
    clips::put(&clips::playable(4.0), &home.path("uploads"), "Film.mp4");
    fs::write(home.path("uploads/Film.en.srt"), ENGLISH).expect("written");
    let station = home.start();
    until_all_is_converted(&station).await;
    let video = library(&station)
        .await
        .into_values()
        .next()
        .expect("a video");
    let id = text(&video["id"]).to_owned();
    assert_eq!(languages(&video), ["en"], "{video}");

    let client = browser();
    let send = |called: &str, body: &'static str| {
        let path = format!("/library/{id}/subtitles?{called}");
        client.post(station.url(&path)).body(body).send()
    };
    for (called, body) in [
        ("name=Film.de.txt", GERMAN),
        ("name=Film.srt", GERMAN),
        ("name=Film.de.srt", "no subtitles at all"),
    ] {
        let refused = send(called, body).await.expect("an answer");
        assert_eq!(
            refused.status(),
            StatusCode::UNPROCESSABLE_ENTITY,
            "{called}"
        );
    }
    let before = picture(&home, &id, "v1");
    let taken = send("name=subs.srt&language=de", GERMAN)
        .await
        .expect("an answer");
    assert_eq!(taken.status(), StatusCode::ACCEPTED);
    until_all_is_converted(&station).await;
    let video = library(&station).await.remove(&id).expect("the video");
    assert_eq!(languages(&video), ["de", "en"]);
    assert_eq!(
        picture(&home, &id, "v2"),
        before,
        "nothing is encoded again"
    );
    let track = text(&video["captions"][0]["url"]).to_owned();
    let vtt = client
        .get(station.url(&track))
        .send()
        .await
        .expect("an answer");
    assert_eq!(vtt.headers()["content-type"], "text/vtt; charset=utf-8");
    let vtt = vtt.text().await.expect("text");
    assert!(
        vtt.starts_with("WEBVTT") && vtt.contains("Guten Abend"),
        "{vtt}"
    );

    let mut stream = station.watch(&client).await;
    let told = stream
        .until("on-air", |told| told["current"]["captions"].is_array())
        .await;
    assert_eq!(told.data["current"]["captions"][0]["label"], "Deutsch");
}

/// The one video there is, once it is as `fits` says; looked at whenever jobs begin and end.
async fn until_it(station: &Station, fits: impl Fn(&Value) -> bool) -> Value {
    let mut updates = watch(&browser(), &station.url("/job-updates")).await;
    let told = async {
        loop {
            let video = library(station).await.into_values().next();
            if let Some(video) = video.filter(&fits) {
                return video;
            }
            updates.next().await.expect("the jobs go on");
        }
    };
    let told = tokio::time::timeout(PATIENCE, told).await;
    told.expect("the video becomes what was waited for")
}

/// The address of its track in `language`, and the text of that.
async fn track(station: &Station, video: &Value, language: &str) -> String {
    let tracks = video["captions"].as_array().expect("a list").iter();
    let mut tracks = tracks.filter(|track| track["language"] == language);
    let track = tracks.next().expect("the track");
    let vtt = browser().get(station.url(text(&track["url"]))).send().await;
    vtt.expect("an answer").text().await.expect("text")
}

#[tokio::test]
async fn subtitles_copied_beside_a_video_changed_and_removed_later_are_noticed() {
    let home = home();
    clips::put(
        &clips::playable(2.0),
        &home.path("uploads/series"),
        "Film.mp4",
    );
    let beside = |name: &str| home.path("uploads/series").join(name);
    let station = home.start();
    let video = until_it(&station, |video| video["version"] == "house").await;
    let id = text(&video["id"]);
    let encoded = picture(&home, id, "v1");

    // As a person copies files in, and as programs do that put them there whole.
    fs::write(beside("Film.fr.srt"), FRENCH).expect("written");
    until_it(&station, |video| languages(video) == ["fr"]).await;
    fs::write(beside(".coming"), ENGLISH).expect("written");
    fs::rename(beside(".coming"), beside("Film.en.srt")).expect("moved");
    let video = until_it(&station, |video| languages(video) == ["en", "fr"]).await;

    fs::write(beside("Film.fr.srt"), FRENCH.replace("soir", "jour")).expect("written");
    let before = &video["captions"][1]["url"];
    let is_new = |video: &Value| video["captions"][1]["url"] != *before;
    let video = until_it(&station, is_new).await;
    assert_eq!(languages(&video), ["en", "fr"]);
    let vtt = track(&station, &video, "fr").await;
    assert!(vtt.contains("Bonjour"), "{vtt}");

    fs::remove_file(beside("Film.fr.srt")).expect("removed");
    until_it(&station, |video| languages(video) == ["en"]).await;

    // What happens while nobody watches is seen at the next start.
    station.kill();
    fs::remove_file(beside("Film.en.srt")).expect("removed");
    fs::write(beside("Film.de.srt"), GERMAN).expect("written");
    let station = home.start();
    let video = until_it(&station, |video| languages(video) == ["de"]).await;
    let version = text(&video["url"]).split('/').nth(3).expect("a version");
    assert_eq!(
        picture(&home, id, version),
        encoded,
        "nothing is encoded again"
    );
}
