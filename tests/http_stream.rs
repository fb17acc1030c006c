//! The stream every screen follows, over real connections to the real binary.
#![allow(
    clippy::disallowed_methods,
    reason = "a test measures with the real clock"
)]

#[path = "support/clips.rs"]
mod clips;
#[path = "support/station.rs"]
mod station;

use std::time::{Duration, Instant};

use station::{Home, LIMIT, browser};

/// The stream is the same wherever it is read.
#[derive(Clone, Copy)]
enum Port {
    Main,
    Events,
}

impl Port {
    /// A station whose stream is read here.
    fn of(self, home: Home) -> Home {
        match self {
            Self::Main => home,
            Self::Events => home.with_events_port(),
        }
    }
}

fn two_videos(on: Port) -> Home {
    on.of(Home::with(&[clips::playable(4.0), clips::silent(6.0)]))
}

macro_rules! on_both_ports {
    ($($promise:ident)*) => {
        mod main_port {
            $(#[tokio::test]
            async fn $promise() {
                super::$promise(super::Port::Main).await;
            })*
        }
        mod events_port {
            $(#[tokio::test]
            async fn $promise() {
                super::$promise(super::Port::Events).await;
            })*
        }
    };
}

on_both_ports! {
    a_viewer_is_told_at_once_what_is_on_and_what_comes_next
    every_viewer_is_told_the_same_change_when_it_happens
    whoever_comes_back_gets_a_fresh_snapshot_and_never_a_gap
    viewers_are_counted_while_their_stream_is_open
    a_silent_stream_says_what_is_on_every_15_seconds
    after_kill_9_the_channel_is_where_it_would_have_been
    it_stops_in_time_with_viewers_and_a_slow_download
    an_empty_channel_is_off_the_air_and_goes_on_it_within_moments_of_its_first_video
}

async fn a_viewer_is_told_at_once_what_is_on_and_what_comes_next(on: Port) {
    let home = two_videos(on);
    let station = home.start();
    let client = browser();
    let mut stream = station.watch(&client).await;
    let first = stream.next().await.expect("an event");
    assert_eq!(first.name, "on-air");
    // A slow machine may still be looking into the second video.
    let first = match first.data["total"].as_u64() {
        Some(2) => first,
        _ => stream.until("on-air", |told| told["total"] == 2).await,
    };
    let (told, current) = (&first.data, &first.data["current"]);
    assert_eq!(told["channel"], "main");
    assert_eq!(told["total"], 2);
    assert_eq!(told["viewers"], 1);
    assert_eq!(told["seq"], first.seq());
    assert_eq!(current["title"], "1");
    assert_eq!(current["index"], 0);
    assert_eq!(current["url"], "/static/1.mp4");
    assert_eq!(current["source"], "static");
    assert_eq!(current["kind"], "progressive");
    assert!(
        current["duration_ms"]
            .as_u64()
            .expect("a length")
            .abs_diff(4000)
            <= 45
    );
    let number = |value: &serde_json::Value| value.as_i64().expect("a number");
    assert_eq!(
        number(&told["server_time_ms"]) - number(&current["started_at_ms"]),
        number(&current["offset_ms"]),
        "the map from server time to position"
    );
    assert_eq!(told["next"]["title"], "2");
    assert_eq!(told["next"]["started_at_ms"], current["ends_at_ms"]);
    assert!(told["next"].get("offset_ms").is_none());
}

async fn every_viewer_is_told_the_same_change_when_it_happens(on: Port) {
    let home = two_videos(on);
    let station = home.start();
    let (one, two) = (browser(), browser());
    let mut first = station.watch(&one).await;
    let mut second = station.watch(&two).await;
    let is =
        |title: &'static str| move |told: &serde_json::Value| told["current"]["title"] == title;
    let a = first.until("on-air", is("2")).await;
    let b = second.until("on-air", is("2")).await;
    for key in ["started_at_ms", "ends_at_ms", "id"] {
        assert_eq!(a.data["current"][key], b.data["current"][key]);
    }
    assert_eq!(a.data["next"]["title"], "1");
}

async fn whoever_comes_back_gets_a_fresh_snapshot_and_never_a_gap(on: Port) {
    let home = two_videos(on);
    let station = home.start();
    let client = browser();
    let first = station.watch(&client).await.next().await.expect("an event");
    let answer = client
        .get(station.stream_url())
        .header("Last-Event-ID", &first.id)
        .send()
        .await
        .expect("the stream opens");
    for (name, value) in [
        ("content-type", "text/event-stream"),
        ("cache-control", "no-cache, no-transform"),
        ("x-accel-buffering", "no"),
    ] {
        assert_eq!(answer.headers()[name], value);
    }
    let mut again = station.watch(&client).await;
    let event = again.next().await.expect("an event");
    assert_eq!(event.name, "on-air");
    assert_eq!(event.data["epoch"], first.data["epoch"]);
    assert!(event.seq() >= first.seq());
}

async fn viewers_are_counted_while_their_stream_is_open(on: Port) {
    let home = two_videos(on);
    let station = home.start();
    let client = browser();
    let mut stays = station.watch(&client).await;
    let leaves = station.watch(&browser()).await;
    stays.until("viewers", |told| told["viewers"] == 2).await;
    drop(leaves);
    let told = tokio::time::timeout(Duration::from_secs(20), async {
        stays.until("viewers", |told| told["viewers"] == 1).await
    });
    told.await
        .expect("right within 20 s after a browser closes");
    let metrics = client
        .get(station.url("/metrics"))
        .send()
        .await
        .expect("metrics");
    let text = metrics.text().await.expect("text");
    assert!(text.contains("\nonair_viewers 1\n"), "{text}");
}

async fn a_silent_stream_says_what_is_on_every_15_seconds(on: Port) {
    let home = on.of(Home::with(&[clips::silent(90.0)]));
    let station = home.start();
    let mut stream = station.watch(&browser()).await;
    let first = stream.until("on-air", |_| true).await;
    let later = stream.until("on-air", |_| true).await;
    let time = |event: &station::Event| event.data["server_time_ms"].as_i64().expect("a time");
    let between_ms = time(&later) - time(&first);
    assert!((13_000..=17_000).contains(&between_ms), "{between_ms} ms");
    assert_eq!(
        later.data["current"]["started_at_ms"],
        first.data["current"]["started_at_ms"]
    );
    let offset = |event: &station::Event| event.data["current"]["offset_ms"].as_i64();
    assert_eq!(
        offset(&later).expect("offset") - offset(&first).expect("offset"),
        between_ms,
        "computed when sent"
    );
}

async fn after_kill_9_the_channel_is_where_it_would_have_been(on: Port) {
    let home = two_videos(on);
    let station = home.start();
    let before = station
        .watch(&browser())
        .await
        .next()
        .await
        .expect("an event");
    station.kill();
    let station = home.start();
    let after = station
        .watch(&browser())
        .await
        .next()
        .await
        .expect("an event");
    assert_ne!(before.data["epoch"], after.data["epoch"]);
    // Both maps lie on one timeline: whole programmes apart, not a frame off.
    let start = |event: &station::Event| event.data["current"]["started_at_ms"].as_i64();
    let lengths: Vec<i64> = [&before.data["current"], &before.data["next"]]
        .iter()
        .map(|item| item["duration_ms"].as_i64().expect("a length"))
        .collect();
    let apart = start(&after).expect("a start") - start(&before).expect("a start");
    let round: i64 = lengths.iter().sum();
    let of_round = apart.rem_euclid(round);
    let same = before.data["current"]["id"] == after.data["current"]["id"];
    assert_eq!(
        of_round,
        if same { 0 } else { lengths[0] },
        "{apart} ms apart"
    );
}

async fn it_stops_in_time_with_viewers_and_a_slow_download(on: Port) {
    let home = on.of(Home::with(&[clips::silent(90.0)]));
    let station = home.start();
    let client = browser();
    let mut stream = station.watch(&client).await;
    stream.next().await.expect("an event");
    let told = station.json(&client, "/videos").await;
    let url = told["videos"][0]["url"].as_str().expect("an address");
    // A download nobody reads on.
    let slow = client
        .get(station.url(url))
        .send()
        .await
        .expect("a download");
    let asked = Instant::now();
    let stopping = tokio::task::spawn_blocking(move || station.stop());
    while stream.next().await.is_some() {}
    let status = tokio::time::timeout(LIMIT, stopping)
        .await
        .expect("it stops")
        .expect("waited");
    assert!(
        asked.elapsed() < Duration::from_secs(5),
        "{:?}",
        asked.elapsed()
    );
    assert!(status.success(), "{status}");
    drop(slow);
}

async fn an_empty_channel_is_off_the_air_and_goes_on_it_within_moments_of_its_first_video(
    on: Port,
) {
    let home = on.of(Home::empty());
    let station = home.start();
    let client = browser();
    let mut stream = station.watch(&client).await;
    let first = stream.next().await.expect("an event");
    assert!(first.data["current"].is_null());
    assert_eq!(first.data["total"], 0);
    std::fs::copy(clips::playable(4.0), home.path("uploads").join("first.mp4")).expect("copied");
    let on = stream
        .until("on-air", |told| !told["current"].is_null())
        .await;
    assert_eq!(on.data["current"]["title"], "First");
}

#[tokio::test]
async fn the_clock_tells_channel_time_when_asked_and_when_answering() {
    let home = Home::empty();
    let station = home.start();
    let client = browser();
    let one = station.json(&client, "/clock").await;
    let two = station.json(&client, "/clock").await;
    let times = [
        &one["received_ms"],
        &one["sent_ms"],
        &two["received_ms"],
        &two["sent_ms"],
    ]
    .map(|value| value.as_f64().expect("a time"));
    assert!(times.is_sorted(), "{times:?}");
    let answer = client
        .get(station.url("/clock"))
        .send()
        .await
        .expect("an answer");
    assert_eq!(answer.headers()["cache-control"], "no-store");
}
