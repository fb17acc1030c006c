//! The tus protocol, over real connections to the real binary.

#[path = "support/clips.rs"]
mod clips;
#[path = "support/station.rs"]
mod station;
#[path = "support/tus.rs"]
mod tus;

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use reqwest::StatusCode;
use serde_json::Value;
use sha1::Sha1;
use sha2::{Digest, Sha256};
use station::{Home, LIMIT, Station, browser};
use tus::{Connection, OCTETS, announced, answered, field, named, offset, patch, request, sent};

/// Everything in uploads/, hidden files included.
fn files_in_uploads(home: &Home) -> Vec<PathBuf> {
    let entries = fs::read_dir(home.path("uploads")).expect("uploads/");
    entries
        .map(|entry| entry.expect("an entry").path())
        .collect()
}

async fn videos_in_library(station: &Station) -> Vec<Value> {
    let library = station.json(&browser(), "/library").await;
    library["videos"].as_array().expect("a list").clone()
}

/// Asks for the metrics until they have `line`.
async fn until_counted(station: &Station, line: &str) {
    let client = browser();
    let counted = async {
        loop {
            let answer = client.get(station.url("/metrics")).send().await;
            let text = answer.expect("metrics").text().await.expect("text");
            if text.lines().any(|l| l == line) {
                return;
            }
        }
    };
    let counted = tokio::time::timeout(LIMIT, counted).await;
    counted.unwrap_or_else(|_| panic!("{line} is never told"));
}

/// What became of the upload, once it is told.
async fn result(station: &Station, at: &str) -> (StatusCode, Value) {
    loop {
        let answer = browser().get(station.url(at)).send().await.expect("sent");
        let status = answer.status();
        let told: Value = answer.json().await.expect("JSON");
        if status != StatusCode::ACCEPTED || told["state"] == "receiving" {
            return (status, told);
        }
    }
}

fn clip() -> Vec<u8> {
    fs::read(clips::playable(4.0)).expect("the clip")
}

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
    let (status, told) = result(&station, &at).await;
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
    assert_eq!(videos_in_library(&station).await, Vec::<Value>::new());

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

    let (status, told) = result(&station, &at).await;
    assert_eq!(status, StatusCode::OK, "{told}");
    assert_eq!(
        (&told["title"], &told["state"]),
        (&"Über 📺".into(), &"ready".into())
    );
    let nothing_more = sent(&station, &at, size, Vec::new()).await;
    assert_eq!(nothing_more.status(), StatusCode::NO_CONTENT);
    until_counted(&station, "onair_uploads_total{result=\"stored\"} 1").await;
    station.kill();

    let station = home.start();
    let (_, told_again) = result(&station, &at).await;
    assert_eq!(told_again["id"], told["id"]);
    let gone = answered(request(&station, "DELETE", &at)).await;
    assert_eq!(gone.status(), StatusCode::CONFLICT, "it is a video now");
    assert_eq!(videos_in_library(&station).await.len(), 1);
    let [stored] = files_in_uploads(&home).try_into().expect("one file");
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
    assert_eq!(videos_in_library(&station).await.len(), 1);
    let another = answered(post("two")).await;
    assert_ne!(another.headers()["location"], first.headers()["location"]);
    assert_eq!(videos_in_library(&station).await.len(), 2);
}

#[tokio::test]
async fn bytes_whose_checksum_differs_do_not_count() {
    let home = Home::empty();
    let station = home.start();
    let clip = clip();
    let at = announced(&station, "a.mp4", clip.len() as u64).await;
    let checked = |offset: usize, checksum: String| {
        patch(&station, &at, offset as u64)
            .header("Upload-Checksum", checksum)
            .body(clip[offset..][..10_000].to_vec())
    };
    let sha1 = |bytes: &[u8]| format!("sha1 {}", BASE64_STANDARD.encode(Sha1::digest(bytes)));
    let sha256 = |bytes: &[u8]| format!("sha256 {}", BASE64_STANDARD.encode(Sha256::digest(bytes)));
    let right = answered(checked(0, sha1(&clip[..10_000]))).await;
    assert_eq!(right.status(), StatusCode::NO_CONTENT);
    for (checksum, status) in [
        (sha256(&clip[..10_000]), 460),
        (sha1(b"others"), 460),
        ("md5 rL0Y20zC+Fzt72VPzMSk2A==".to_owned(), 400),
        ("sha1 no!base64".to_owned(), 400),
        ("sha1 AAAA".to_owned(), 400),
        ("sha1".to_owned(), 400),
    ] {
        let answer = answered(checked(10_000, checksum)).await;
        assert_eq!(answer.status().as_u16(), status);
        assert_eq!(offset(&station, &at).await, 10_000);
    }
    let right = answered(checked(10_000, sha256(&clip[10_000..20_000]))).await;
    assert_eq!(right.status(), StatusCode::NO_CONTENT);

    let rest = sent(&station, &at, 20_000, clip[20_000..].to_vec()).await;
    assert_eq!(rest.status(), StatusCode::NO_CONTENT);
    let [stored] = files_in_uploads(&home).try_into().expect("one file");
    assert!(fs::read(stored).expect("the stored file") == clip);

    // What was never compared does not count after a crash either.
    let at = announced(&station, "b.mp4", 1_000_000).await;
    sent(&station, &at, 0, vec![7; 20_000]).await;
    let fields = format!("Upload-Checksum: {}\r\n", sha1(b"whatever"));
    let mut on_its_way = Connection::with_fields(&station, &at, 20_000, 980_000, &fields).await;
    on_its_way.send(&[7; 500_000]).await;
    let so_far = 40_000 + (clip.len() - 20_000) + 20_000 + 500_000;
    until_counted(&station, &format!("onair_uploaded_bytes_total {so_far}")).await;
    station.kill();
    let station = home.start();
    assert_eq!(offset(&station, &at).await, 20_000);
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
    assert_eq!(files_in_uploads(&home), Vec::<PathBuf>::new());

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
    let (status, again) = result(&station, &at).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(again["detail"], problem["detail"]);
    let nothing_more = sent(&station, &at, 400_000, Vec::new()).await;
    assert_eq!(nothing_more.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let removed = answered(request(&station, "DELETE", &at)).await;
    assert_eq!(removed.status(), StatusCode::NO_CONTENT);
    assert_eq!(videos_in_library(&station).await, Vec::<Value>::new());
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
    until_counted(&station, "onair_uploaded_bytes_total 200000").await;
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
    let [spool] = files_in_uploads(&home).try_into().expect("its spool file");
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
    until_counted(&station, "onair_uploaded_bytes_total 400000").await;
    let removed = answered(request(&station, "DELETE", &at)).await;
    assert_eq!(removed.status(), StatusCode::NO_CONTENT);
    assert_eq!(files_in_uploads(&home), Vec::<PathBuf>::new());
    let head = answered(request(&station, "HEAD", &at)).await;
    assert_eq!(head.status(), StatusCode::NOT_FOUND);
    assert_eq!(videos_in_library(&station).await, Vec::<Value>::new());
}

#[tokio::test]
async fn what_nobody_goes_on_with_expires() {
    let home = Home::empty().set("ONAIR_UPLOAD_KEEP_S", "1");
    let station = home.start();
    let at = announced(&station, "a.mp4", 1_000_000).await;
    sent(&station, &at, 0, vec![7; 300_000]).await;
    assert_eq!(files_in_uploads(&home).len(), 1);
    let expired = async {
        while answered(request(&station, "HEAD", &at)).await.status() != StatusCode::GONE {}
        while !files_in_uploads(&home).is_empty() {
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

/// A connection whose client has gone without a word keeps nobody out.
#[tokio::test]
async fn who_comes_back_does_not_wait_for_the_dead_connection() {
    let home = Home::empty();
    let station = home.start();
    let clip = clip();
    let (size, sent_bytes) = (clip.len() as u64, 20_000);
    let at = announced(&station, "a.mp4", size).await;
    let mut dead = Connection::going_on(&station, &at, 0, size).await;
    dead.send(&clip[..sent_bytes]).await;
    until_counted(&station, "onair_uploaded_bytes_total 20000").await;
    let reached = tokio::time::timeout(Duration::from_secs(4), offset(&station, &at)).await;
    assert_eq!(
        reached.expect("at once"),
        sent_bytes as u64,
        "all that came counts"
    );

    let mut dead_too = Connection::going_on(&station, &at, 20_000, size - 20_000).await;
    dead_too.send(&clip[sent_bytes..][..1000]).await;
    until_counted(&station, "onair_uploaded_bytes_total 21000").await;
    let rest = sent(&station, &at, 21_000, clip[21_000..].to_vec());
    let rest = tokio::time::timeout(Duration::from_secs(4), rest).await;
    // It cannot know how far the other one came unless it asks.
    assert_eq!(rest.expect("at once").status(), StatusCode::NO_CONTENT);
    assert_eq!(result(&station, &at).await.0, StatusCode::OK);
    drop((dead, dead_too));
}

/// A film of 300 MB: a playable clip, and behind it a box of noise that says nothing
/// (ISO/IEC 14496-12 §8.1.2).
fn huge() -> Vec<u8> {
    const NOISE_BYTES: usize = 300_000_000;
    let mut film = clip();
    film.reserve(NOISE_BYTES + 8);
    let box_bytes = u32::try_from(NOISE_BYTES + 8).expect("a small box");
    film.extend_from_slice(&box_bytes.to_be_bytes());
    film.extend_from_slice(b"free");
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut block = [0; 1 << 16];
    let end = film.len() + NOISE_BYTES;
    while film.len() < end {
        // One word of noise a page tells pages apart; more would only take longer.
        for page in block.chunks_mut(512) {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            page[..8].copy_from_slice(&state.to_le_bytes());
        }
        let take = block.len().min(end - film.len());
        film.extend_from_slice(&block[..take]);
    }
    film
}

/// By a program that is not ours.
fn sha256_of(path: &std::path::Path) -> String {
    let sum = Command::new("sha256sum")
        .arg(path)
        .output()
        .expect("it runs");
    let sum = String::from_utf8(sum.stdout).expect("text");
    sum.split(' ').next().expect("a sum").to_owned()
}

/// No connection lasts longer or brings more.
const LONGEST_TIME: Duration = Duration::from_millis(200);
const MOST_BYTES: usize = 40_000_000;

#[tokio::test(flavor = "multi_thread")]
async fn a_big_file_arrives_whole_over_connections_that_break_and_a_killed_server() {
    let home = Home::empty();
    let film = huge();
    let size = film.len() as u64;
    let original = home.path("data").join("original");
    fs::write(&original, &film).expect("written");
    let mut station = home.start();
    let at = announced(&station, "big.mp4", size).await;
    let (mut connections, mut kills) = (0, 0);
    loop {
        let reached = offset(&station, &at).await;
        if reached == size {
            break;
        }
        let rest = &film[usize::try_from(reached).expect("fits")..];
        let mut connection = Connection::going_on(&station, &at, reached, rest.len() as u64).await;
        let most = &rest[..rest.len().min(MOST_BYTES)];
        connection.send_for(most, LONGEST_TIME).await;
        if kills == 0 && reached > size / 3 {
            // With bytes on their way.
            station.kill();
            station = home.start();
            let after = offset(&station, &at).await;
            assert!(
                after >= reached,
                "{after} is less than {reached}, which was acknowledged"
            );
            kills += 1;
        }
        connections += 1;
    }
    assert!(
        kills == 1 && connections > 5,
        "{kills} kills, {connections} connections"
    );
    let (status, told) = result(&station, &at).await;
    assert_eq!(status, StatusCode::OK, "{told}");
    assert_eq!(told["size_bytes"], size);
    let [stored] = files_in_uploads(&home).try_into().expect("one file");
    assert_eq!(sha256_of(&stored), sha256_of(&original));
}
