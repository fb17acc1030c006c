//! Videos' bytes, pages' files and errors over real connections to the real binary.

#[path = "support/clips.rs"]
mod clips;
#[path = "support/s3.rs"]
mod s3;
#[path = "support/station.rs"]
mod station;

use std::fs;
use std::path::Path;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use reqwest::header::HeaderMap;
use reqwest::{Client, Response, StatusCode};
use s3::S3Server;
use serde_json::Value;
use station::{Home, LIMIT, Station, browser};

fn text<'h>(headers: &'h HeaderMap, name: &str) -> &'h str {
    let value = headers.get(name).map(|v| v.to_str().expect("text"));
    value.unwrap_or_default()
}

/// A client that shows redirects instead of following them.
fn stubborn() -> Client {
    onair::storage::install_crypto();
    let client = Client::builder().redirect(reqwest::redirect::Policy::none());
    client.no_proxy().build().expect("a client")
}

async fn get(url: &str, fields: &[(&str, &str)]) -> Response {
    let mut request = stubborn().get(url);
    for (name, value) in fields {
        request = request.header(*name, *value);
    }
    request.send().await.expect("an answer")
}

/// Asks for `count` generated ranges of the file at `url` and compares with `file`.
async fn compare_ranges(url: &str, file: &[u8], count: usize) {
    let client = stubborn();
    let size = file.len() as u64;
    let ends = (0..size + 20, 1..size / 3, 0_u8..6);
    let mut runner = TestRunner::deterministic();
    for _ in 0..count {
        let (first, length, shape) = ends.new_tree(&mut runner).expect("a range").current();
        let (range, expected) = match shape {
            0 => (format!("bytes=-{length}"), size - length..size),
            1 => (format!("bytes={first}-"), first..size),
            _ => (
                format!("bytes={first}-{}", first + length - 1),
                first..(first + length).min(size),
            ),
        };
        let request = client.get(url).header("Range", &range);
        let answer = request.send().await.expect("an answer");
        if expected.start >= size {
            assert_eq!(
                answer.status(),
                StatusCode::RANGE_NOT_SATISFIABLE,
                "{range}"
            );
            let told = format!("bytes */{size}");
            assert_eq!(text(answer.headers(), "Content-Range"), told);
            continue;
        }
        assert_eq!(answer.status(), StatusCode::PARTIAL_CONTENT, "{range}");
        let told = format!("bytes {}-{}/{size}", expected.start, expected.end - 1);
        assert_eq!(text(answer.headers(), "Content-Range"), told);
        let body = answer.bytes().await.expect("bytes");
        let slice = &file[expected.start as usize..expected.end as usize];
        assert!(body == slice, "{range}: other bytes");
    }
}

#[tokio::test]
async fn ranges_of_a_real_video_are_the_file_s_own_bytes() {
    let clip = clips::playable(8.0);
    let home = Home::with(std::slice::from_ref(&clip));
    let station = home.start();
    let file = fs::read(&clip).expect("the clip");
    compare_ranges(&station.url("/static/1.mp4"), &file, 1000).await;

    let whole = get(&station.url("/static/1.mp4"), &[]).await;
    let etag = text(whole.headers(), "ETag").to_owned();
    assert_eq!(text(whole.headers(), "Content-Type"), "video/mp4");
    assert!(whole.bytes().await.expect("bytes") == file);
    for (fields, status) in [
        (&[("If-None-Match", etag.as_str())][..], 304),
        (&[("If-Range", "\"other\""), ("Range", "bytes=0-9")], 200),
        (&[("If-Range", etag.as_str()), ("Range", "bytes=0-9")], 206),
        (&[("If-Match", "\"other\"")], 412),
    ] {
        let answer = get(&station.url("/static/1.mp4"), fields).await;
        assert_eq!(answer.status().as_u16(), status, "{fields:?}");
    }
}

#[tokio::test]
async fn pages_carry_a_strict_policy_and_may_not_be_framed() {
    let home = Home::with(&[clips::playable(4.0)]);
    let station = home.start();
    for path in ["/", "/ambient", "/upload", "/nowhere"] {
        let page = get(&station.url(path), &[("Accept", "text/html")]).await;
        let headers = page.headers().clone();
        let policy = text(&headers, "Content-Security-Policy");
        assert!(policy.starts_with("default-src 'none';"), "{policy}");
        assert!(
            !policy.contains("unsafe") && policy.contains("media-src 'self' blob:;"),
            "{policy}"
        );
        assert_eq!(text(&headers, "X-Content-Type-Options"), "nosniff");
        assert_eq!(text(&headers, "X-Frame-Options"), "DENY");
        assert_eq!(text(&headers, "Referrer-Policy"), "same-origin");
        assert_eq!(text(&headers, "Cross-Origin-Opener-Policy"), "same-origin");
        assert!(text(&headers, "Cache-Control").contains("no-"), "{path}");
        assert!(
            text(&headers, "Content-Type").starts_with("text/html"),
            "{path}"
        );
        let page = page.text().await.expect("a page");
        for inline in ["<style", "style=\"", " onclick", " onload", "javascript:"] {
            assert!(!page.contains(inline), "{path} has {inline}");
        }
    }
}

#[tokio::test]
async fn a_page_s_scripts_and_styles_come_under_its_version_for_ever() {
    let home = Home::with(&[clips::playable(4.0)]);
    let station = home.start();
    let page = get(&station.url("/"), &[])
        .await
        .text()
        .await
        .expect("a page");
    let addresses: Vec<_> = page
        .split('"')
        .filter(|a| a.starts_with("/assets/"))
        .collect();
    assert!(addresses.len() > 5, "{page}");
    for address in addresses {
        let asset = get(&station.url(address), &[]).await;
        assert_eq!(asset.status(), StatusCode::OK, "{address}");
        assert!(
            text(asset.headers(), "Cache-Control").contains("immutable"),
            "{address}"
        );
        let known = text(asset.headers(), "ETag").to_owned();
        let again = get(&station.url(address), &[("If-None-Match", &known)]).await;
        assert_eq!(again.status(), StatusCode::NOT_MODIFIED, "{address}");
    }
}

#[tokio::test]
async fn an_error_is_a_page_for_a_person_and_a_document_for_a_program() {
    let home = Home::empty();
    let station = home.start();
    let page = get(&station.url("/nowhere"), &[("Accept", "text/html")]).await;
    assert_eq!(page.status(), StatusCode::NOT_FOUND);
    let page = page.text().await.expect("a page");
    assert!(page.contains("There is nothing at this address."), "{page}");
    assert!(
        page.contains("OnAir") && page.contains("/css/base.css"),
        "{page}"
    );

    let document = get(&station.url("/static/nothing.mp4"), &[]).await;
    assert_eq!(
        text(document.headers(), "Content-Type"),
        "application/problem+json"
    );
    let document: Value = document.json().await.expect("JSON");
    assert_eq!(document["status"], 404);
    assert_eq!(
        document["detail"],
        "There is no such video on this channel."
    );
}

#[tokio::test]
async fn it_is_alive_and_ready_once_it_listens() {
    let home = Home::empty();
    let station = home.start();
    for path in ["/healthz", "/readyz", "/metrics"] {
        let answer = get(&station.url(path), &[]).await;
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        assert_eq!(
            text(answer.headers(), "Cache-Control"),
            "no-store",
            "{path}"
        );
    }
}

/// A station whose only video is in the bucket, and that video's address.
async fn bucket_station(server: &S3Server, clip: &Path, delivery: &str) -> (Home, Station, String) {
    fs::copy(clip, server.bucket_dir().join("Film ü #1.mp4")).expect("an object");
    let mut home = Home::empty().set("ONAIR_S3_DELIVERY", delivery);
    for (key, value) in server.environment() {
        home = home.set(key, &value);
    }
    let station = home.start();
    let client = browser();
    let found = async {
        loop {
            let videos = station.json(&client, "/videos").await;
            if let Some(url) = videos["videos"][0]["url"].as_str() {
                return station.url(url);
            }
            tokio::task::yield_now().await;
        }
    };
    let url = tokio::time::timeout(LIMIT, found)
        .await
        .expect("the object is found");
    assert!(url.ends_with("/Film%20%C3%BC%20%231.mp4"), "{url}");
    (home, station, url)
}

#[tokio::test]
async fn the_bucket_s_videos_come_by_a_signed_address_that_outlives_the_programme() {
    let (server, clip) = (S3Server::start(), clips::playable(4.0));
    let (_home, station, url) = bucket_station(&server, &clip, "redirect").await;
    let answer = get(&url, &[("Range", "bytes=0-9")]).await;
    assert_eq!(answer.status(), StatusCode::FOUND);
    assert_eq!(text(answer.headers(), "Cache-Control"), "no-store");
    let address = text(answer.headers(), "Location").to_owned();
    assert!(address.starts_with(server.endpoint()), "{address}");
    let expires_s: u64 = address
        .split('&')
        .find_map(|field| field.strip_prefix("X-Amz-Expires="))
        .and_then(|s| s.parse().ok())
        .expect("an expiry");
    assert!(expires_s >= 3600, "{expires_s} s");
    compare_ranges_at_the_bucket(&address, &clip).await;

    // Everybody gets the same address, so that a browser finds next round what it has kept.
    let again = get(&url, &[]).await;
    assert_eq!(text(again.headers(), "Location"), address);
    // A signed address is for GET alone.
    let head = stubborn().head(&url).send().await.expect("an answer");
    assert_eq!(head.status(), StatusCode::OK);
    let size = fs::metadata(&clip).expect("the clip").len().to_string();
    assert_eq!(text(head.headers(), "Content-Length"), size);

    let page = get(&station.url("/"), &[]).await;
    let policy = text(page.headers(), "Content-Security-Policy");
    let media = format!("media-src 'self' {} blob:;", server.endpoint());
    assert!(policy.contains(&media), "{policy}");
}

async fn compare_ranges_at_the_bucket(address: &str, clip: &Path) {
    let file = fs::read(clip).expect("the clip");
    let part = get(address, &[("Range", "bytes=100-299")]).await;
    assert_eq!(part.status(), StatusCode::PARTIAL_CONTENT);
    assert!(part.bytes().await.expect("bytes") == file[100..300]);
}

#[tokio::test]
async fn the_bucket_s_videos_come_through_the_server_with_the_same_ranges() {
    let (mut server, clip) = (S3Server::start(), clips::playable(8.0));
    let (_home, station, url) = bucket_station(&server, &clip, "proxy").await;
    let file = fs::read(&clip).expect("the clip");
    compare_ranges(&url, &file, 150).await;
    let whole = get(&url, &[]).await;
    assert_eq!(text(whole.headers(), "Content-Type"), "video/mp4");
    let etag = text(whole.headers(), "ETag").to_owned();
    assert!(etag.starts_with('"'), "{etag}");
    assert!(whole.bytes().await.expect("bytes") == file);
    let known = get(&url, &[("If-None-Match", &etag)]).await;
    assert_eq!(known.status(), StatusCode::NOT_MODIFIED);
    let other = get(&url, &[("If-Range", "\"other\""), ("Range", "bytes=0-9")]).await;
    assert_eq!(other.status(), StatusCode::OK);

    let page = get(&station.url("/"), &[]).await;
    assert!(!text(page.headers(), "Content-Security-Policy").contains(server.endpoint()));

    server.kill();
    let gone = get(&url, &[]).await;
    assert_eq!(gone.status(), StatusCode::BAD_GATEWAY);
    let problem: Value = gone.json().await.expect("JSON");
    let detail = problem["detail"].as_str().expect("a sentence");
    assert!(!detail.contains(server.endpoint()), "{detail}");
}

#[tokio::test]
async fn a_public_bucket_s_videos_come_by_their_plain_address() {
    let (server, clip) = (S3Server::start(), clips::playable(4.0));
    let (_home, _station, url) = bucket_station(&server, &clip, "public").await;
    let answer = get(&url, &[]).await;
    assert_eq!(answer.status(), StatusCode::FOUND);
    let address = text(answer.headers(), "Location");
    let plain = format!(
        "{}/{}/Film%20%C3%BC%20%231.mp4",
        server.endpoint(),
        s3::BUCKET
    );
    assert_eq!(address, plain);
}
