use std::fs;
use std::path::Path;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use reqwest::StatusCode;
use rocket::tokio;
use rocket::tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;
use crate::clock::TestClock;
use crate::web::errors;
use crate::web::testing::{Served, client, figment};

const NOW: UnixMs = UnixMs::new(1_900_000_000_000);

fn video(id: &str, source: Source, key: &str) -> Video {
    Video {
        id: VideoId::new(id).unwrap(),
        title: key.into(),
        source,
        key: key.into(),
        size_bytes: 0,
        modified_ms: 0,
        added_ms: 0,
        facts: None,
        state: VideoState::Ready,
        rendition: None,
        floor: None,
        texts: 0,
        versions_made: 0,
    }
}

fn quarantined(id: &str, source: Source, key: &str) -> Video {
    let reason = "broken".to_owned();
    Video {
        state: VideoState::Quarantined { reason },
        ..video(id, source, key)
    }
}

fn media(root: &Path, videos: Vec<Video>) -> Media {
    let catalogue = Catalogue::new(videos.into_iter().map(Arc::new), 1);
    Media {
        catalogue: watch::channel(Arc::new(catalogue)).1,
        static_dir: root.join("static"),
        uploads_dir: root.join("uploads"),
        bucket: None,
        clock: TestClock::at(NOW),
        programme_end: Box::new(|_| None),
        metrics: Metrics::default(),
        signed: SignedAddresses::default(),
    }
}

async fn serve(media: Media) -> Served {
    let rocket = rocket::custom(figment())
        .mount("/", routes())
        .register("/", errors::catchers())
        .manage(media);
    Served::launch(rocket).await
}

/// Bytes without a short period, so that a shifted answer is not taken for a right one.
fn noise(size_bytes: usize) -> Vec<u8> {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as u8
    })
    .take(size_bytes)
    .collect()
}

/// A station with one file in static/ and what else `arrange` puts there.
async fn station(bytes: &[u8]) -> (tempfile::TempDir, Served) {
    let root = tempfile::tempdir().unwrap();
    fs::create_dir_all(root.path().join("static/films")).unwrap();
    fs::create_dir_all(root.path().join("uploads")).unwrap();
    fs::write(root.path().join("static/films/#1 ü.mp4"), bytes).unwrap();
    fs::write(root.path().join("uploads/broken.mp4"), bytes).unwrap();
    fs::write(root.path().join("uploads/.spool-1"), bytes).unwrap();
    fs::write(root.path().join("secret.mp4"), bytes).unwrap();
    let link = root.path().join("static/link.mp4");
    std::os::unix::fs::symlink(root.path().join("secret.mp4"), link).unwrap();
    let videos = vec![
        video("film", Source::Static, "films/#1 ü.mp4"),
        video("link", Source::Static, "link.mp4"),
        quarantined("broken", Source::Uploads, "broken.mp4"),
        video("gone", Source::Uploads, "gone.mp4"),
    ];
    let served = serve(media(root.path(), videos)).await;
    (root, served)
}

const FILM: &str = "/static/films/%231%20%C3%BC.mp4";

fn text(headers: &reqwest::header::HeaderMap, name: &str) -> String {
    let value = headers.get(name).map(|v| v.to_str().unwrap());
    value.unwrap_or_default().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn thousands_of_ranges_over_http_are_the_file_s_own_bytes() {
    let size = 1_300_001_u64;
    let file = noise(size as usize);
    let (_root, served) = station(&file).await;
    let client = client();
    let mut runner = TestRunner::deterministic();
    let edge = 512 * 1024_u64;
    let position = prop_oneof![
        4 => 0..size,
        1 => 0_u64..3,
        1 => edge - 2..edge + 2,
        1 => size - 3..size + 3,
    ];
    let length = prop_oneof![6 => 1_u64..600, 1 => 1..size, 1 => edge - 1..edge + 2];
    let shape = (position, length, 0_u8..8);
    let mut sent_bytes = 0;
    for _ in 0..3000 {
        let (first, length, shape) = shape.new_tree(&mut runner).unwrap().current();
        let last = first + length - 1;
        let (range, expected) = match shape {
            0 => (
                format!("bytes=-{length}"),
                size.saturating_sub(length)..size,
            ),
            1 => (
                format!("bytes={}-", size - length.min(size)),
                size - length.min(size)..size,
            ),
            _ => (format!("bytes={first}-{last}"), first..(last + 1).min(size)),
        };
        let answer = client.get(served.url(FILM)).header("Range", &range);
        let answer = answer.send().await.unwrap();
        let headers = answer.headers().clone();
        if expected.start >= size {
            assert_eq!(
                answer.status(),
                StatusCode::RANGE_NOT_SATISFIABLE,
                "{range}"
            );
            assert_eq!(text(&headers, "Content-Range"), format!("bytes */{size}"));
            continue;
        }
        assert_eq!(answer.status(), StatusCode::PARTIAL_CONTENT, "{range}");
        let told = format!("bytes {}-{}/{size}", expected.start, expected.end - 1);
        assert_eq!(text(&headers, "Content-Range"), told);
        let body = answer.bytes().await.unwrap();
        sent_bytes += body.len();
        let slice = &file[expected.start as usize..expected.end as usize];
        assert!(body == slice, "{range}: other bytes");
    }
    assert!(sent_bytes > 10_000_000);
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_whole_file_comes_with_all_a_player_needs() {
    let file = noise(700_000);
    let (_root, served) = station(&file).await;
    let answer = client().get(served.url(FILM)).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    let headers = answer.headers().clone();
    assert_eq!(text(&headers, "Content-Length"), "700000");
    assert_eq!(text(&headers, "Content-Type"), "video/mp4");
    assert_eq!(text(&headers, "Accept-Ranges"), "bytes");
    assert!(text(&headers, "Last-Modified").ends_with(" GMT"));
    assert!(!headers.contains_key("Transfer-Encoding"));
    assert!(answer.bytes().await.unwrap() == file);

    let head = client().head(served.url(FILM)).header("Range", "bytes=0-9");
    let head = head.send().await.unwrap();
    assert_eq!(head.status(), StatusCode::OK, "a range is for GET alone");
    for name in [
        "Content-Length",
        "Content-Type",
        "ETag",
        "Last-Modified",
        "Accept-Ranges",
    ] {
        assert_eq!(text(head.headers(), name), text(&headers, name), "{name}");
    }

    let again = client().get(served.url(FILM));
    let again = again.header("If-None-Match", text(&headers, "ETag"));
    let again = again.send().await.unwrap();
    assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
    assert_eq!(text(again.headers(), "ETag"), text(&headers, "ETag"));
    assert!(again.bytes().await.unwrap().is_empty());

    let other = client()
        .get(served.url(FILM))
        .header("If-Match", "\"other\"");
    let other = other.send().await.unwrap();
    assert_eq!(other.status(), StatusCode::PRECONDITION_FAILED);
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resumed_download_never_mixes_two_versions() {
    let (root, served) = station(&noise(1000)).await;
    let first = client().get(served.url(FILM)).send().await.unwrap();
    let etag = text(first.headers(), "ETag");
    let resume = || {
        let request = client().get(served.url(FILM)).header("Range", "bytes=500-");
        request.header("If-Range", etag.clone()).send()
    };
    assert_eq!(
        resume().await.unwrap().status(),
        StatusCode::PARTIAL_CONTENT
    );

    let path = root.path().join("static/films/#1 ü.mp4");
    fs::write(root.path().join("new"), vec![7; 1000]).unwrap();
    fs::rename(root.path().join("new"), path).unwrap();
    let replaced = resume().await.unwrap();
    assert_eq!(replaced.status(), StatusCode::OK);
    assert!(replaced.bytes().await.unwrap() == vec![7; 1000]);
    served.stop().await;
}

/// The status line's number for `target` sent as it is, dots and all.
async fn raw_status(served: &Served, target: &str) -> u16 {
    let mut stream = tokio::net::TcpStream::connect(served.address)
        .await
        .unwrap();
    let request = format!("GET {target} HTTP/1.1\r\nHost: tv\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    let line = String::from_utf8_lossy(&answer[..answer.len().min(20)]).into_owned();
    line.split(' ')
        .nth(1)
        .and_then(|code| code.parse().ok())
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_but_the_catalogue_s_files_can_be_had() {
    let (_root, served) = station(b"bytes").await;
    assert_eq!(raw_status(&served, FILM).await, 200);
    for target in [
        "/static/link.mp4",
        "/uploads/broken.mp4",
        "/uploads/gone.mp4",
        "/uploads/.spool-1",
        "/uploads",
        "/static/",
        "/static/films",
        "/static/../secret.mp4",
        "/static/films/../../secret.mp4",
        "/static/%2e%2e/secret.mp4",
        "/static/..%2fsecret.mp4",
        "/static/films/%231%20%C3%BC.mp4%00",
        "/media/film/x.mp4",
        "/media/../x.mp4",
    ] {
        let status = raw_status(&served, target).await;
        assert!(matches!(status, 404 | 400), "{target}: {status}");
    }
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn served_bytes_are_counted_and_an_open_download_does_not_hold_up_the_end() {
    let root = tempfile::tempdir().unwrap();
    fs::create_dir_all(root.path().join("static")).unwrap();
    let big = fs::File::create(root.path().join("static/big.mkv")).unwrap();
    big.set_len(1 << 30).unwrap();
    let media = media(root.path(), vec![video("big", Source::Static, "big.mkv")]);
    let metrics = media.metrics.clone();
    let served = serve(media).await;

    let mut slow = tokio::net::TcpStream::connect(served.address)
        .await
        .unwrap();
    let request = b"GET /static/big.mkv HTTP/1.1\r\nHost: tv\r\n\r\n";
    slow.write_all(request).await.unwrap();
    let mut first = vec![0; 64 * 1024];
    slow.read_exact(&mut first).await.unwrap();
    assert!(String::from_utf8_lossy(&first).contains("video/matroska"));
    let counted = metrics.encoded();
    let served_bytes = counted
        .lines()
        .find_map(|l| l.strip_prefix("onair_served_bytes_total{from=\"disk\"} "))
        .and_then(|n| n.parse::<u64>().ok());
    assert!(served_bytes >= Some(64 * 1024), "{counted}");

    let stopped = tokio::time::timeout(std::time::Duration::from_secs(5), served.stop());
    stopped.await.expect("stopped within 5 s");
}

#[test]
fn a_type_follows_the_name_unless_the_content_is_another() {
    for (key, kind) in [
        ("a.mp4", "video/mp4"),
        ("a.M4V", "video/mp4"),
        ("a.mov", "video/quicktime"),
        ("a.webm", "video/webm"),
        ("a.mkv", "video/matroska"),
        ("a.ogv", "video/ogg"),
        ("a.ogg", "video/ogg"),
        ("a.avi", "video/x-msvideo"),
        ("a.b/c", "application/octet-stream"),
    ] {
        assert_eq!(content_type(key, None), kind, "{key}");
    }
    assert_eq!(content_type("a.mov", Some("mp4")), "video/quicktime");
    assert_eq!(content_type("a.avi", Some("mp4")), "video/mp4");
    assert_eq!(content_type("a.webm", Some("matroska")), "video/matroska");
    assert_eq!(content_type("a.mkv", Some("mpegts")), "video/matroska");
}
