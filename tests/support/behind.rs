//! What holds for every proxy before the station.

use std::fs;

use reqwest::Client;
use serde_json::Value;

use crate::station::{Home, watch};

/// `text` with `to` where it says `from`, which it must.
pub fn replaced(text: &str, from: &str, to: &str) -> String {
    assert!(text.contains(from), "there is no {from:?}");
    text.replace(from, to)
}

/// Events and ranges of the first video of `home` pass through the proxy at `url` as they are; returns the first event
/// that says what is on.
pub async fn passes_on_events_and_ranges(
    client: &Client,
    url: impl Fn(&str) -> String,
    home: &Home,
) -> Value {
    // Events come as they are written: the first at once, the next when the programme changes.
    let mut stream = watch(client, &url("/video-updates")).await;
    let first = stream.until("on-air", |_| true).await;
    stream
        .until("on-air", |told| {
            told["current"]["id"] == first.data["next"]["id"]
        })
        .await;

    let whole = fs::read(home.path("static").join("1.mp4")).expect("the video");
    let range = client
        .get(url("/static/1.mp4"))
        .header("Range", "bytes=100-299")
        .send()
        .await
        .expect("bytes");
    assert_eq!(range.status(), 206);
    assert_eq!(range.bytes().await.expect("bytes"), whole[100..300]);
    first.data
}
