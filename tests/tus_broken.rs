//! Resumable uploads whose bytes, connections or server break on the way.

#[path = "support/clips.rs"]
mod clips;
#[path = "support/station.rs"]
mod station;
#[path = "support/tus.rs"]
mod tus;

use std::fs;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use reqwest::StatusCode;
use sha1::Sha1;
use sha2::{Digest, Sha256};
use station::Home;
use tus::*;

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
    let [stored] = home.uploads().try_into().expect("one file");
    assert!(fs::read(stored).expect("the stored file") == clip);

    // What was never compared does not count after a crash either.
    let at = announced(&station, "b.mp4", 1_000_000).await;
    sent(&station, &at, 0, vec![7; 20_000]).await;
    let fields = format!("Upload-Checksum: {}\r\n", sha1(b"whatever"));
    let mut on_its_way = Connection::with_fields(&station, &at, 20_000, 980_000, &fields).await;
    on_its_way.send(&[7; 500_000]).await;
    let so_far = 40_000 + (clip.len() - 20_000) + 20_000 + 500_000;
    station
        .until_counted(&format!("onair_uploaded_bytes_total {so_far}"))
        .await;
    station.kill();
    let station = home.start();
    assert_eq!(offset(&station, &at).await, 20_000);
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
    station
        .until_counted("onair_uploaded_bytes_total 20000")
        .await;
    let reached = tokio::time::timeout(Duration::from_secs(4), offset(&station, &at)).await;
    assert_eq!(
        reached.expect("at once"),
        sent_bytes as u64,
        "all that came counts"
    );

    let mut dead_too = Connection::going_on(&station, &at, 20_000, size - 20_000).await;
    dead_too.send(&clip[sent_bytes..][..1000]).await;
    station
        .until_counted("onair_uploaded_bytes_total 21000")
        .await;
    let rest = sent(&station, &at, 21_000, clip[21_000..].to_vec());
    let rest = tokio::time::timeout(Duration::from_secs(4), rest).await;
    // It cannot know how far the other one came unless it asks.
    assert_eq!(rest.expect("at once").status(), StatusCode::NO_CONTENT);
    assert_eq!(station.result(&at).await.0, StatusCode::OK);
    drop((dead, dead_too));
}

/// Around the last byte the file is examined, promised and moved to its place: wherever in that the
/// server dies, the video is there once.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_killed_while_it_keeps_the_file_has_it_once() {
    let home = Home::empty();
    let mut station = home.start();
    let clip = clip();
    let size = clip.len() as u64;
    let lives_ms = [40, 100, 160, 220, 280, 340];
    let mut interrupted = 0;
    for life_ms in lives_ms {
        let at = announced(&station, &format!("after {life_ms}.mp4"), size).await;
        let last = sent(&station, &at, 0, clip.clone());
        let answer = tokio::time::timeout(Duration::from_millis(life_ms), last).await;
        interrupted += usize::from(answer.is_err());
        station.kill();
        station = home.start();
        let reached = offset(&station, &at).await;
        if reached < size {
            let rest = clip[usize::try_from(reached).expect("fits")..].to_vec();
            sent(&station, &at, reached, rest).await;
        }
        let (status, told) = station.result(&at).await;
        assert_eq!(status, StatusCode::OK, "killed after {life_ms} ms: {told}");
    }
    assert!(interrupted > 0, "none was killed on the way");
    assert_eq!(station.videos().await.len(), lives_ms.len());
    assert_eq!(home.uploads().len(), lives_ms.len());
}

/// The most memory the station has ever had.
fn most_memory_kb(station: &station::Station) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", station.pid())).expect("it runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kb = line.and_then(|line| line.trim().strip_suffix(" kB"));
    kb.expect("Linux tells it").parse().expect("a number")
}

/// No connection lasts longer or brings more.
const LONGEST_TIME: Duration = Duration::from_millis(200);
const MOST_BYTES: usize = 40_000_000;

#[tokio::test(flavor = "multi_thread")]
async fn a_big_file_arrives_whole_over_connections_that_break_and_a_killed_server() {
    let home = Home::empty();
    let film = huge(300_000_000);
    let size = film.len() as u64;
    let original = home.path("data").join("original");
    fs::write(&original, &film).expect("written");
    let mut station = home.start();
    let at = announced(&station, "big.mp4", size).await;
    let (mut connections, mut kills) = (0, 0);
    let mut at_rest_kb = 0;
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
            at_rest_kb = most_memory_kb(&station);
        }
        connections += 1;
    }
    assert!(
        kills == 1 && connections > 5,
        "{kills} kills, {connections} connections"
    );
    let (status, told) = station.result(&at).await;
    assert_eq!(status, StatusCode::OK, "{told}");
    assert_eq!(told["size_bytes"], size);
    let more_kb = most_memory_kb(&station) - at_rest_kb;
    assert!(
        more_kb < 32_000,
        "two hundred megabytes took {more_kb} kB of memory"
    );
    let [stored] = home.uploads().try_into().expect("one file");
    assert_eq!(sha256_of(&stored), sha256_of(&original));
}
