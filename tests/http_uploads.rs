//! Uploads over real connections to the real binary.

#[path = "support/clips.rs"]
mod clips;
#[path = "support/station.rs"]
mod station;

use std::fs;
use std::path::{Path, PathBuf};

use reqwest::StatusCode;
use reqwest::multipart::{Form, Part};
use serde_json::Value;
use station::{Home, Station, browser};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

fn part(file: &Path, name: &str) -> Part {
    let bytes = fs::read(file).expect("the clip is there");
    Part::bytes(bytes).file_name(name.to_owned())
}

/// Sends `form` and takes the answer apart.
async fn post(station: &Station, form: Form) -> (StatusCode, Value) {
    let request = browser().post(station.url("/uploads")).multipart(form);
    let answer = request.send().await.expect("an answer");
    let status = answer.status();
    (status, answer.json().await.expect("JSON"))
}

/// Nothing of a refused upload may stay.
async fn assert_nothing_was_kept(home: &Home, station: &Station) {
    assert_eq!(home.uploads(), Vec::<PathBuf>::new());
    assert_eq!(station.videos().await, Vec::<Value>::new());
}

#[tokio::test]
async fn an_upload_is_stored_as_it_is_and_comes_on_the_air() {
    let home = Home::empty();
    let station = home.start();
    let clip = clips::playable(4.0);
    let form = Form::new()
        .part("video", part(&clip, "Ein \"Film\" #1 ü.mp4"))
        .text("title", "Über den Wolken \u{1f4fa} <b>");
    let (status, told) = post(&station, form).await;
    assert_eq!(status, StatusCode::CREATED, "{told}");
    assert_eq!(told["success"], true);
    assert_eq!(told["title"], "Über den Wolken \u{1f4fa} <b>");
    assert_eq!(told["state"], "ready");
    assert_eq!(told["notice"], Value::Null);
    assert_eq!(
        (&told["width"], &told["height"]),
        (&320.into(), &180.into())
    );
    assert!(
        told["message"].is_string() && told["on_air_at_ms"].is_i64(),
        "{told}"
    );
    assert!(
        told["duration_ms"]
            .as_u64()
            .expect("a length")
            .abs_diff(4000)
            <= 45
    );

    let original = fs::read(&clip).expect("the clip");
    let url = told["url"].as_str().expect("an address");
    let served = browser().get(station.url(url)).send().await.expect("bytes");
    assert!(
        served.bytes().await.expect("bytes") == original,
        "other bytes"
    );
    let [stored] = home.uploads().try_into().expect("one file");
    assert!(fs::read(stored).expect("the stored file") == original);

    let videos = station.json(&browser(), "/videos").await;
    assert_eq!(videos["videos"][0]["id"], told["id"]);
    station
        .until_counted("onair_uploads_total{result=\"stored\"} 1")
        .await;

    station.kill();
    let station = home.start();
    let [video] = station.videos().await.try_into().expect("one video");
    assert_eq!(
        (&video["id"], &video["title"]),
        (&told["id"], &told["title"])
    );
}

#[tokio::test]
async fn what_needs_conversion_is_kept_and_waits() {
    let home = Home::empty();
    let station = home.start();
    let form = Form::new().part("video", part(&clips::mkv(2.0), "holiday.mkv"));
    let (status, told) = post(&station, form).await;
    assert_eq!(status, StatusCode::CREATED, "{told}");
    assert_eq!(
        (&told["state"], &told["on_air_at_ms"]),
        (&"waiting".into(), &Value::Null)
    );
    assert_eq!(told["title"], "Holiday");
    assert!(told["reason"].is_string());
    let videos = station.json(&browser(), "/videos").await;
    assert_eq!(videos["videos"], Value::Array(Vec::new()));
}

#[tokio::test]
async fn what_cannot_be_taken_is_refused_in_a_sentence_and_leaves_nothing() {
    let home = Home::empty().set("ONAIR_MAX_UPLOAD_BYTES", "500000");
    let station = home.start();
    let clip = clips::playable(4.0);
    let half = clips::cut(&clips::index_last(4.0), 50);
    let named = |name: &str| part(&clip, name);
    let video = |part: Part| Form::new().part("video", part);
    let bytes = |bytes: Vec<u8>, name: &str| Part::bytes(bytes).file_name(name.to_owned());
    // Without a length, so that it is only noticed on the way.
    let endless = reqwest::Body::wrap_stream(futures::stream::iter(
        (0..100).map(|_| Ok::<_, std::io::Error>(vec![0_u8; 10_000])),
    ));
    for (status, form, word) in [
        (415, video(named("film.exe")), "“film.exe”"),
        (415, video(named("film")), "“film”"),
        (
            400,
            Form::new().text("title", "no file"),
            "Choose a video file first.",
        ),
        (400, video(named("")), "Choose a video file first."),
        (400, Form::new().part("file", named("a.mp4")), "`video`"),
        (400, video(bytes(Vec::new(), "a.mp4")), "empty"),
        (400, Form::new().text("title", "x".repeat(2000)), "title"),
        (
            413,
            video(bytes(vec![0; 2_000_000], "a.mp4")),
            "500000 bytes",
        ),
        (413, video(bytes(vec![0; 500_001], "a.mp4")), "500000 bytes"),
        (
            413,
            video(Part::stream(endless).file_name("a.mp4")),
            "500000 bytes",
        ),
        (
            422,
            video(bytes(b"not a film".repeat(99), "a.mp4")),
            "not a video",
        ),
        (422, video(bytes(half, "a.mp4")), ""),
        (422, video(part(&clips::sound_only(1.0), "a.mp4")), ""),
    ] {
        let (answered, problem) = post(&station, form).await;
        assert_eq!(answered.as_u16(), status, "{problem}");
        assert_eq!(problem["status"], status);
        let detail = problem["detail"].as_str().expect("a sentence");
        assert!(detail.contains(word), "{word} is not in: {detail}");
        assert!(
            detail.ends_with('.') && !detail.starts_with(char::is_lowercase),
            "{detail}"
        );
        assert_nothing_was_kept(&home, &station).await;
    }
    let no_form = browser().post(station.url("/uploads")).body("video");
    let answer = no_form.send().await.expect("an answer");
    assert_eq!(answer.status(), StatusCode::UNSUPPORTED_MEDIA_TYPE);
    assert_eq!(answer.headers()["content-type"], "application/problem+json");
}

#[tokio::test]
async fn a_disk_that_is_nearly_full_takes_no_upload() {
    let home = Home::empty().set("ONAIR_MIN_FREE_BYTES", "1000000000000000");
    let station = home.start();
    let form = Form::new().part("video", part(&clips::playable(4.0), "a.mp4"));
    let (status, problem) = post(&station, form).await;
    assert_eq!(status, StatusCode::INSUFFICIENT_STORAGE, "{problem}");
    assert_nothing_was_kept(&home, &station).await;
}

#[tokio::test]
async fn a_foreign_page_cannot_upload() {
    let home = Home::empty();
    let station = home.start();
    for (name, value) in [
        ("Origin", "https://evil.example"),
        ("Origin", "null"),
        ("Sec-Fetch-Site", "cross-site"),
    ] {
        let form = Form::new().part("video", part(&clips::playable(4.0), "a.mp4"));
        let request = browser().post(station.url("/uploads")).header(name, value);
        let answer = request.multipart(form).send().await.expect("an answer");
        assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{name}: {value}");
        assert_nothing_was_kept(&home, &station).await;
    }
}

/// A connection on which an upload has begun and goes no further.
async fn stalled(station: &Station, key: &str) -> TcpStream {
    let address = station.address.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).await.expect("connected");
    let head = format!(
        "POST /uploads HTTP/1.1\r\nHost: {address}\r\nIdempotency-Key: {key}\r\n\
         Content-Type: multipart/form-data; boundary=XyZ\r\nContent-Length: 1000000\r\n\r\n\
         --XyZ\r\nContent-Disposition: form-data; name=\"video\"; filename=\"a.mp4\"\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.expect("sent");
    stream.write_all(&[7; 200_000]).await.expect("sent");
    stream
}

#[tokio::test]
async fn a_dropped_connection_leaves_nothing_behind() {
    let home = Home::empty();
    let station = home.start();
    let stalled = stalled(&station, "key").await;
    station
        .until_counted("onair_uploaded_bytes_total 200000")
        .await;
    assert_eq!(home.uploads().len(), 1, "its spool file");
    drop(stalled);
    station
        .until_counted("onair_uploads_total{result=\"broken\"} 1")
        .await;
    assert_nothing_was_kept(&home, &station).await;
}

#[tokio::test]
async fn only_so_many_uploads_are_taken_at_once() {
    let home = Home::empty().set("ONAIR_MAX_UPLOADS", "1");
    let station = home.start();
    let stalled = stalled(&station, "one").await;
    station
        .until_counted("onair_uploaded_bytes_total 200000")
        .await;
    let clip = clips::playable(4.0);
    let form = || Form::new().part("video", part(&clip, "b.mp4"));
    let request = browser().post(station.url("/uploads")).multipart(form());
    let answer = request.send().await.expect("an answer");
    assert_eq!(answer.status(), StatusCode::TOO_MANY_REQUESTS);
    assert!(answer.headers().contains_key("retry-after"));
    drop(stalled);
    station
        .until_counted("onair_uploads_total{result=\"broken\"} 1")
        .await;
    assert_eq!(post(&station, form()).await.0, StatusCode::CREATED);
}

#[tokio::test]
async fn the_same_key_gets_the_first_answer_without_sending_the_file_again() {
    let home = Home::empty();
    let station = home.start();
    let form = Form::new().part("video", part(&clips::playable(4.0), "a.mp4"));
    let request = browser().post(station.url("/uploads")).multipart(form);
    let request = request.header("Idempotency-Key", "key-1");
    let first: Value = request
        .send()
        .await
        .expect("sent")
        .json()
        .await
        .expect("JSON");
    assert_eq!(first["success"], true, "{first}");

    // It says that a million bytes come and sends a part; the answer does not wait for the rest.
    let mut again = stalled(&station, "key-1").await;
    let mut answer = String::new();
    while !answer.contains("\"success\":true") {
        let mut bytes = [0; 4096];
        let read = again.read(&mut bytes).await.expect("an answer");
        assert_ne!(read, 0, "closed after {answer}");
        answer.push_str(&String::from_utf8_lossy(&bytes[..read]));
    }
    assert!(answer.starts_with("HTTP/1.1 201 "), "{answer}");
    assert!(
        answer.contains(first["id"].as_str().expect("an id")),
        "{answer}"
    );
    assert_eq!(station.videos().await.len(), 1);

    for bad in ["", "with space"] {
        let request = browser().post(station.url("/uploads"));
        let answer = request.header("Idempotency-Key", bad).send().await;
        assert_eq!(answer.expect("an answer").status(), StatusCode::BAD_REQUEST);
    }
}

/// However much more is on its way, the answer comes, and at once.
#[tokio::test]
async fn a_huge_file_of_the_wrong_kind_is_refused_before_it_is_sent() {
    let home = Home::empty();
    let station = home.start();
    let chunk = bytes::Bytes::from(vec![0; 1 << 20]);
    let huge = futures::stream::iter((0..200).map(move |_| Ok::<_, std::io::Error>(chunk.clone())));
    let huge = Part::stream_with_length(reqwest::Body::wrap_stream(huge), 200 << 20);
    let form = Form::new().part("video", huge.file_name("a.iso"));
    let (status, problem) = post(&station, form).await;
    assert_eq!(status, StatusCode::UNSUPPORTED_MEDIA_TYPE, "{problem}");
    assert_nothing_was_kept(&home, &station).await;
}
