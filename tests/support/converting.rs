//! A station that converts, and what it says of that.
#![allow(dead_code, reason = "every test takes what it needs")]

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

use reqwest::StatusCode;
use serde_json::Value;

use crate::station::{Home, Station, browser, watch};

/// Encoding takes its time on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(120);
pub fn home() -> Home {
    Home::empty().set("ONAIR_WORKERS", "1")
}

pub async fn upload(station: &Station, clip: &Path, name: &str) -> Value {
    let file = reqwest::multipart::Part::bytes(fs::read(clip).expect("the clip"));
    let form = reqwest::multipart::Form::new().part("video", file.file_name(name.to_owned()));
    let sent = browser().post(station.url("/uploads")).multipart(form);
    let answer = sent.send().await.expect("an answer");
    assert_eq!(answer.status(), StatusCode::CREATED);
    answer.json().await.expect("JSON")
}

pub async fn library(station: &Station) -> HashMap<String, Value> {
    let told = station.json(&browser(), "/library").await;
    let videos = told["videos"].as_array().expect("a list").clone();
    videos
        .into_iter()
        .map(|video| (text(&video["id"]).to_owned(), video))
        .collect()
}

pub fn text(value: &Value) -> &str {
    value.as_str().expect("text")
}

/// Waits until the jobs are as `fits` says.
pub async fn until_jobs(station: &Station, fits: impl Fn(&[Value]) -> bool) -> Vec<Value> {
    let client = browser();
    let mut updates = watch(&client, &station.url("/job-updates")).await;
    let waited = tokio::time::timeout(PATIENCE, async {
        let event = updates.until("jobs", |told| {
            fits(told["jobs"].as_array().expect("a list"))
        });
        event.await.data["jobs"].as_array().expect("a list").clone()
    });
    waited.await.expect("the jobs go on")
}

pub async fn until_all_is_converted(station: &Station) {
    until_jobs(station, <[Value]>::is_empty).await;
}
