//! The tus protocol, over real connections to the real binary.

#[path = "support/clips.rs"]
mod clips;
#[path = "support/station.rs"]
mod station;
#[path = "support/tus.rs"]
mod tus;

use std::fs;
use std::path::PathBuf;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use reqwest::StatusCode;
use serde_json::Value;
use station::{Home, LIMIT, browser};
use tus::*;

#[tokio::test]
async fn what_the_server_can_do_is_told() {
    let home = Home::empty().set("ONAIR_MAX_UPLOAD_BYTES", "500000");
    let station = home.start();
    for path in [
        "/uploads/tus",
        "/uploads/tus/0123456789abcdef0123456789abcdef",
    ] {
        let options = browser().request(reqwest::Method::OPTIONS, station.url(path));
        let answer = answered(options).await;
        assert_eq!(answer.status(), StatusCode::NO_CONTENT);
        let told = answer.headers();
        assert_eq!(told["tus-version"], "1.0.0");
        assert_eq!(told["tus-max-size"], "500000");
        assert_eq!(told["tus-checksum-algorithm"], "sha1,sha256");
        assert_eq!(
            told["tus-extension"],
            "creation,creation-with-upload,termination,checksum,expiration"
        );
    }
    for version in [None, Some("0.2.2")] {
        let mut post = browser().post(station.url("/uploads/tus"));
        if let Some(version) = version {
            post = post.header("Tus-Resumable", version);
        }
        let answer = answered(post.header("Upload-Length", 10)).await;
        assert_eq!(answer.status(), StatusCode::PRECONDITION_FAILED);
        assert_eq!(answer.headers()["tus-version"], "1.0.0");
    }
}

#[tokio::test]
async fn a_file_comes_in_pieces_and_its_result_is_told_as_often_as_one_asks() {
    let home = Home::empty();
    let station = home.start();
    let clip = clip();
    let (size, half) = (clip.len() as u64, clip.len() / 2);
    let metadata = format!(
        "{},title {}",
        named("Ein Film.mp4"),
        BASE64_STANDARD.encode("Über 📺")
    );
    let post = request(&station, "POST", "/uploads/tus")
        .header("Upload-Length", size)
        .header("Upload-Metadata", &metadata);
    let answer = answered(post).await;
    assert_eq!(answer.status(), StatusCode::CREATED);
    field(answer.headers(), "upload-expires");
    let at = field(answer.headers(), "location").to_owned();
    assert_eq!(offset(&station, &at).await, 0);

    let first = sent(&station, &at, 0, clip[..half].to_vec()).await;
    assert_eq!(first.status(), StatusCode::NO_CONTENT);
    assert_eq!(field(first.headers(), "upload-offset"), half.to_string());
    field(first.headers(), "upload-expires");
    let again = sent(&station, &at, 0, clip[..half].to_vec()).await;
    assert_eq!(again.status(), StatusCode::CONFLICT);
    let (status, told) = station.result(&at).await;
    assert_eq!(status, StatusCode::ACCEPTED);
    assert_eq!(
        (&told["state"], &told["received_bytes"]),
        (&"receiving".into(), &half.into())
    );
    let no_octets = request(&station, "PATCH", &at)
        .header("Content-Type", "text/plain")
        .header("Upload-Offset", half);
    let no_octets = no_octets.body("more").send().await.expect("an answer");
    assert_eq!(no_octets.status(), StatusCode::UNSUPPORTED_MEDIA_TYPE);
    assert_eq!(station.videos().await, Vec::<Value>::new());

    // The last piece by POST, as clients behind strict proxies send it.
    let last = request(&station, "POST", &at)
        .header("X-HTTP-Method-Override", "PATCH")
        .header("Content-Type", OCTETS)
        .header("Upload-Offset", half);
    let last = answered(last.body(clip[half..].to_vec())).await;
    assert_eq!(last.status(), StatusCode::NO_CONTENT);
    assert!(!last.headers().contains_key("upload-expires"));
    let head = answered(request(&station, "HEAD", &at)).await;
    assert_eq!(field(head.headers(), "upload-offset"), size.to_string());
    assert_eq!(field(head.headers(), "upload-length"), size.to_string());
    assert_eq!(field(head.headers(), "upload-metadata"), metadata);

    let (status, told) = station.result(&at).await;
    assert_eq!(status, StatusCode::OK, "{told}");
    assert_eq!(
        (&told["title"], &told["state"]),
        (&"Über 📺".into(), &"ready".into())
    );
    let nothing_more = sent(&station, &at, size, Vec::new()).await;
    assert_eq!(nothing_more.status(), StatusCode::NO_CONTENT);
    station
        .until_counted("onair_uploads_total{result=\"stored\"} 1")
        .await;
    station.kill();

    let station = home.start();
    let (_, told_again) = station.result(&at).await;
    assert_eq!(told_again["id"], told["id"]);
    let gone = answered(request(&station, "DELETE", &at)).await;
    assert_eq!(gone.status(), StatusCode::CONFLICT, "it is a video now");
    assert_eq!(station.videos().await.len(), 1);
    let [stored] = home.uploads().try_into().expect("one file");
    assert!(fs::read(stored).expect("the stored file") == clip);
}

#[tokio::test]
async fn a_file_can_come_with_its_announcement_which_sent_again_is_no_second_one() {
    let home = Home::empty();
    let station = home.start();
    let clip = clip();
    let post = |key: &str| {
        request(&station, "POST", "/uploads/tus")
            .header("Upload-Length", clip.len())
            .header("Upload-Metadata", named("a.mp4"))
            .header("Idempotency-Key", key)
            .header("Content-Type", OCTETS)
            .body(clip.clone())
    };
    let first = answered(post("one")).await;
    assert_eq!(first.status(), StatusCode::CREATED);
    assert_eq!(
        field(first.headers(), "upload-offset"),
        clip.len().to_string()
    );
    let again = answered(post("one")).await;
    assert_eq!(again.status(), StatusCode::CREATED);
    assert_eq!(again.headers()["location"], first.headers()["location"]);
    assert_eq!(
        again.headers()["upload-offset"],
        first.headers()["upload-offset"]
    );
    assert_eq!(station.videos().await.len(), 1);
    let another = answered(post("two")).await;
    assert_ne!(another.headers()["location"], first.headers()["location"]);
    assert_eq!(station.videos().await.len(), 2);
}

#[tokio::test]
async fn what_cannot_be_taken_is_refused_in_a_sentence() {
    let home = Home::empty().set("ONAIR_MAX_UPLOAD_BYTES", "500000");
    let station = home.start();
    let post = |length: &str, metadata: &str| {
        request(&station, "POST", "/uploads/tus")
            .header("Upload-Length", length)
            .header("Upload-Metadata", metadata)
    };
    let long_title = format!(
        "{},title {}",
        named("a.mp4"),
        BASE64_STANDARD.encode("x".repeat(1025))
    );
    let unknown = "/uploads/tus/0123456789abcdef0123456789abcdef";
    for (status, asked, word) in [
        (413, post("500001", &named("a.mp4")), "500000 bytes"),
        (415, post("10", &named("film.exe")), "“film.exe”"),
        (415, post("10", ""), "a file without a name"),
        (400, post("0", &named("a.mp4")), "empty"),
        (400, post("-1", &named("a.mp4")), "whole numbers"),
        (400, post("10", "filename no!base64"), "base64"),
        (400, post("10", &long_title), "title"),
        (400, post("10", &"a,".repeat(3000)), "4096 bytes"),
        (
            400,
            request(&station, "POST", "/uploads/tus"),
            "`Upload-Length`",
        ),
        (
            400,
            request(&station, "POST", "/uploads/tus").header("Upload-Defer-Length", 1),
            "must be known",
        ),
        (
            403,
            post("10", &named("a.mp4")).header("Origin", "https://evil.example"),
            "another site",
        ),
        (404, patch(&station, unknown, 0), "no such upload"),
        (404, request(&station, "DELETE", unknown), "no such upload"),
    ] {
        let answer = answered(asked).await;
        assert_eq!(answer.status().as_u16(), status, "{word}");
        assert_eq!(answer.headers()["content-type"], "application/problem+json");
        let problem: Value = answer.json().await.expect("JSON");
        let detail = problem["detail"].as_str().expect("a sentence");
        assert!(detail.contains(word), "{word} is not in: {detail}");
        assert!(
            detail.ends_with('.') && !detail.starts_with(char::is_lowercase),
            "{detail}"
        );
    }
    assert_eq!(home.uploads(), Vec::<PathBuf>::new());

    let at = announced(&station, "a.mp4", 10).await;
    let too_much = sent(&station, &at, 0, vec![1; 11]).await;
    assert_eq!(too_much.status(), StatusCode::PAYLOAD_TOO_LARGE);
    let foreign = patch(&station, &at, 0).header("Origin", "https://evil.example");
    assert_eq!(answered(foreign).await.status(), StatusCode::FORBIDDEN);

    // No video: the last piece says so, and so does the result for good.
    let at = announced(&station, "notes.mp4", 400_000).await;
    let notes = sent(&station, &at, 0, vec![b'n'; 400_000]).await;
    assert_eq!(notes.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let problem: Value = notes.json().await.expect("JSON");
    station.kill();
    let station = home.start();
    assert_eq!(
        offset(&station, &at).await,
        400_000,
        "there is nothing to send again"
    );
    let (status, again) = station.result(&at).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(again["detail"], problem["detail"]);
    let nothing_more = sent(&station, &at, 400_000, Vec::new()).await;
    assert_eq!(nothing_more.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let removed = answered(request(&station, "DELETE", &at)).await;
    assert_eq!(removed.status(), StatusCode::NO_CONTENT);
    assert_eq!(station.videos().await, Vec::<Value>::new());
}

#[tokio::test]
async fn a_full_disk_and_too_many_at_once_are_told_like_those_of_the_form() {
    let home = Home::empty().set("ONAIR_MIN_FREE_BYTES", "1000000000000000");
    let station = home.start();
    let post = request(&station, "POST", "/uploads/tus")
        .header("Upload-Length", 10)
        .header("Upload-Metadata", named("a.mp4"));
    assert_eq!(
        answered(post).await.status(),
        StatusCode::INSUFFICIENT_STORAGE
    );

    let home = Home::empty().set("ONAIR_MAX_UPLOADS", "1");
    let station = home.start();
    let clip = clip();
    let first = announced(&station, "a.mp4", 1_000_000).await;
    let second = announced(&station, "b.mp4", clip.len() as u64).await;
    let mut stalled = Connection::going_on(&station, &first, 0, 1_000_000).await;
    stalled.send(&[7; 200_000]).await;
    station
        .until_counted("onair_uploaded_bytes_total 200000")
        .await;
    let busy = sent(&station, &second, 0, clip.clone()).await;
    assert_eq!(busy.status(), StatusCode::TOO_MANY_REQUESTS);
    assert!(busy.headers().contains_key("retry-after"));
    assert_eq!(
        answered(request(&station, "DELETE", &first)).await.status(),
        StatusCode::NO_CONTENT
    );
    let taken = sent(&station, &second, 0, clip).await;
    assert_eq!(taken.status(), StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn what_is_taken_back_leaves_nothing() {
    let home = Home::empty();
    let station = home.start();
    let at = announced(&station, "a.mp4", 1_000_000).await;
    sent(&station, &at, 0, vec![7; 300_000]).await;
    let [spool] = home.uploads().try_into().expect("its spool file");
    let name = spool
        .file_name()
        .expect("a name")
        .to_string_lossy()
        .into_owned();
    let served = browser().get(station.url(&format!("/uploads/{name}")));
    assert_eq!(
        served.send().await.expect("sent").status(),
        StatusCode::NOT_FOUND
    );
    let mut on_its_way = Connection::going_on(&station, &at, 300_000, 700_000).await;
    on_its_way.send(&[7; 100_000]).await;
    station
        .until_counted("onair_uploaded_bytes_total 400000")
        .await;
    let removed = answered(request(&station, "DELETE", &at)).await;
    assert_eq!(removed.status(), StatusCode::NO_CONTENT);
    assert_eq!(home.uploads(), Vec::<PathBuf>::new());
    let head = answered(request(&station, "HEAD", &at)).await;
    assert_eq!(head.status(), StatusCode::NOT_FOUND);
    assert_eq!(station.videos().await, Vec::<Value>::new());
}

#[tokio::test]
async fn what_nobody_goes_on_with_expires() {
    let home = Home::empty().set("ONAIR_UPLOAD_KEEP_S", "1");
    let station = home.start();
    let at = announced(&station, "a.mp4", 1_000_000).await;
    sent(&station, &at, 0, vec![7; 300_000]).await;
    assert_eq!(home.uploads().len(), 1);
    let expired = async {
        while answered(request(&station, "HEAD", &at)).await.status() != StatusCode::GONE {}
        while !home.uploads().is_empty() {
            tokio::task::yield_now().await;
        }
        let late = sent(&station, &at, 300_000, vec![7; 10]).await;
        assert_eq!(late.status(), StatusCode::GONE);
        while answered(request(&station, "HEAD", &at)).await.status() != StatusCode::NOT_FOUND {}
    };
    tokio::time::timeout(LIMIT, expired)
        .await
        .expect("it expires and is forgotten");
}
