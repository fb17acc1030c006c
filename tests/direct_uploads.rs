//! Uploads that go straight to a real S3 server, at addresses the station signs.

#[path = "support/clips.rs"]
mod clips;
#[path = "support/s3.rs"]
mod s3;
#[path = "support/station.rs"]
mod station;

use std::fs;

use reqwest::StatusCode;
use s3::S3Server;
use serde_json::{Value, json};
use station::{Home, LIMIT, Station, browser};

/// A station that hands out addresses of `server`'s bucket.
fn home(server: &S3Server) -> Home {
    let home = Home::empty().set("ONAIR_S3_DIRECT", "on");
    let home = home.set("ONAIR_S3_SCAN_S", "1");
    let settings = server.environment().into_iter();
    settings.fold(home, |home, (key, value)| home.set(key, &value))
}

async fn post(station: &Station, path: &str, body: Value) -> (StatusCode, Value) {
    let request = browser().post(station.url(path)).json(&body);
    let answer = request.send().await.expect("an answer");
    let status = answer.status();
    (status, answer.json().await.expect("JSON"))
}

async fn announced(station: &Station, name: &str, size_bytes: usize) -> Value {
    let announcement = json!({"file_name": name, "title": "Straight in", "size_bytes": size_bytes});
    let (status, offer) = post(station, "/uploads/direct", announcement).await;
    assert_eq!(status, StatusCode::CREATED, "{offer}");
    offer
}

fn text<'v>(value: &'v Value, field: &str) -> &'v str {
    value[field].as_str().expect(field)
}

/// Puts every part of `bytes` where the station says; what the store calls them.
async fn put(station: &Station, offer: &Value, bytes: &[u8]) -> Vec<String> {
    let part_bytes = usize::try_from(offer["part_bytes"].as_u64().expect("a size")).expect("fits");
    let mut etags = Vec::new();
    for (number, part) in (1..).zip(bytes.chunks(part_bytes)) {
        let path = format!("{}/parts/{number}", text(offer, "direct"));
        let told = station.json(&browser(), &path).await;
        let put = browser().put(text(&told, "url")).body(part.to_vec());
        let answer = put.send().await.expect("the store answers");
        assert_eq!(answer.status(), StatusCode::OK);
        let etag = answer.headers()["etag"].to_str().expect("ASCII");
        etags.push(etag.to_owned());
    }
    assert_eq!(u64::try_from(etags.len()).ok(), offer["parts"].as_u64());
    etags
}

/// Waits until the server keeps nothing that is on its way.
async fn until_swept(server: &S3Server) {
    let swept = async {
        let on_its_way = |path: &std::path::PathBuf| {
            let path = path.to_string_lossy();
            path.contains("incoming") || path.contains("upload_id") || path.contains("upload-")
        };
        while server.files().iter().any(on_its_way) {
            tokio::task::yield_now().await;
        }
    };
    let swept = tokio::time::timeout(LIMIT, swept).await;
    swept.unwrap_or_else(|_| panic!("left behind: {:?}", server.files()));
}

#[tokio::test]
async fn a_file_goes_to_the_bucket_in_parts_and_comes_on_the_air_from_there() {
    let server = S3Server::start();
    let home = home(&server);
    let station = home.start();
    let film = clips::padded(&clips::playable(4.0), 20_000_000);
    let offer = announced(&station, "garden.mp4", film.len()).await;
    assert_eq!(offer["parts"], 2);
    let etags = put(&station, &offer, &film).await;
    let (status, told) = station.result(text(&offer, "upload")).await;
    assert_eq!(
        (status, &told["state"]),
        (StatusCode::ACCEPTED, &"receiving".into())
    );
    station.kill();
    let station = home.start();

    let joined = json!({ "etags": etags });
    let (status, told) = post(&station, text(&offer, "direct"), joined.clone()).await;
    assert_eq!(status, StatusCode::ACCEPTED, "{told}");
    let (status, told) = station.result(text(&offer, "upload")).await;
    assert_eq!(status, StatusCode::OK, "{told}");
    assert_eq!(
        (&told["title"], &told["state"]),
        (&"Straight in".into(), &"ready".into())
    );
    assert_eq!(
        (&told["source"], &told["size_bytes"]),
        (&"bucket".into(), &film.len().into())
    );
    let stored = server.bucket_dir().join("uploads/garden.mp4");
    assert!(fs::read(stored).expect("the object") == film, "other bytes");
    until_swept(&server).await;

    let (status, _) = post(&station, text(&offer, "direct"), joined).await;
    assert_eq!(status, StatusCode::ACCEPTED, "once more is harmless");
    assert_eq!(
        station.result(text(&offer, "upload")).await.1["id"],
        told["id"]
    );
    station.kill();
    let station = home.start();
    let [video] = station.videos().await.try_into().expect("one video");
    assert_eq!(video["id"], told["id"]);
}

#[tokio::test]
async fn what_is_not_the_file_or_no_video_is_refused_and_leaves_nothing() {
    let server = S3Server::start();
    let home = home(&server).set("ONAIR_MAX_UPLOAD_BYTES", "500000");
    let station = home.start();
    for (status, name, size_bytes) in [
        (415, "a.exe", 10),
        (400, "a.mp4", 0),
        (413, "a.mp4", 500_001),
    ] {
        let announcement = json!({"file_name": name, "size_bytes": size_bytes});
        let (answered, problem) = post(&station, "/uploads/direct", announcement).await;
        assert_eq!(answered.as_u16(), status, "{problem}");
    }
    let notes = vec![b'n'; 400_000];
    let offer = announced(&station, "notes.mp4", notes.len()).await;
    let beyond = format!("{}/parts/2", text(&offer, "direct"));
    let beyond = browser()
        .get(station.url(&beyond))
        .send()
        .await
        .expect("sent");
    assert_eq!(beyond.status(), StatusCode::NOT_FOUND);
    let none = json!({ "etags": [] });
    let (status, _) = post(&station, text(&offer, "direct"), none).await;
    assert_eq!(status, StatusCode::CONFLICT);
    let etags = put(&station, &offer, &notes).await;
    let (status, problem) = post(&station, text(&offer, "direct"), json!({ "etags": etags })).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(
        station.result(text(&offer, "upload")).await.1["detail"],
        problem["detail"]
    );

    // Shorter than announced.
    let offer = announced(&station, "short.mp4", notes.len()).await;
    let etags = put(&station, &offer, &notes[..1000]).await;
    let (status, _) = post(&station, text(&offer, "direct"), json!({ "etags": etags })).await;
    assert_eq!(status, StatusCode::CONFLICT);

    // Taken back.
    let offer = announced(&station, "back.mp4", notes.len()).await;
    put(&station, &offer, &notes).await;
    let removed = browser().delete(station.url(text(&offer, "upload")));
    let removed = removed.header("Tus-Resumable", "1.0.0").send().await;
    assert_eq!(removed.expect("sent").status(), StatusCode::NO_CONTENT);
    until_swept(&server).await;
    assert_eq!(station.videos().await, Vec::<Value>::new());
    let foreign = browser().post(station.url("/uploads/direct"));
    let foreign = foreign
        .header("Origin", "https://evil.example")
        .json(&json!({}));
    assert_eq!(
        foreign.send().await.expect("sent").status(),
        StatusCode::FORBIDDEN
    );
}

#[tokio::test]
async fn what_nobody_goes_on_with_is_swept_from_the_bucket() {
    let server = S3Server::start();
    let home = home(&server).set("ONAIR_UPLOAD_KEEP_S", "1");
    let station = home.start();
    let offer = announced(&station, "a.mp4", 400_000).await;
    put(&station, &offer, &[7; 400_000]).await;
    until_swept(&server).await;
    let late = format!("{}/parts/1", text(&offer, "direct"));
    let late = browser()
        .get(station.url(&late))
        .send()
        .await
        .expect("sent");
    assert!(matches!(
        late.status(),
        StatusCode::GONE | StatusCode::NOT_FOUND
    ));
    drop(station);

    // An object whose upload is forgotten, as after a crash; a film of the owner's own stays.
    let incoming = server.bucket_dir().join("incoming");
    fs::create_dir_all(&incoming).expect("a folder");
    fs::write(incoming.join("0123456789abcdef0123456789abcdef"), b"left").expect("written");
    fs::write(incoming.join("mine.mp4"), b"not looked at here").expect("written");
    let swept = async {
        // It counts as left once it is a second old.
        while incoming.join("0123456789abcdef0123456789abcdef").exists() {
            let station = home.start();
            for _ in 0..20 {
                station.videos().await;
            }
        }
    };
    tokio::time::timeout(LIMIT, swept)
        .await
        .expect("it is swept");
    assert!(incoming.join("mine.mp4").exists());
}

#[tokio::test]
async fn without_the_setting_or_a_bucket_it_is_sent_to_the_server() {
    let server = S3Server::start();
    for home in [
        home(&server).set("ONAIR_S3_DIRECT", "off"),
        Home::empty().set("ONAIR_S3_DIRECT", "on"),
    ] {
        let station = home.start();
        let announcement = json!({"file_name": "a.mp4", "size_bytes": 10});
        let (status, problem) = post(&station, "/uploads/direct", announcement).await;
        assert_eq!(status, StatusCode::CONFLICT, "{problem}");
    }
}
