//! The library and its bucket: what is found there, uploads into it, and what happens without it.

#[path = "support/clips.rs"]
mod clips;
#[path = "support/library.rs"]
mod library;
#[path = "support/s3.rs"]
mod s3;

use std::fs;
use std::path::Path;

use bytes::Bytes;
use library::Home;
use onair::config::Config;
use onair::library::{Begun, Library, Source, UploadRequest, Uploaded, VideoState};
use s3::S3Server;

fn config(home: &Home, server: &S3Server) -> Config {
    let mut config = home.config();
    config.s3 = Some(server.settings());
    config
}

/// Puts `bytes` where the server keeps the object `key`.
fn put(server: &S3Server, key: &str, bytes: &[u8]) {
    clips::put_bytes(bytes, &server.bucket_dir(), key);
}

async fn send(library: &Library, key: &str, clip: &Path) -> Uploaded {
    let request = UploadRequest {
        file_name: "my film.mp4".to_owned(),
        title: Some("My film!".to_owned()),
        idempotency_key: Some(key.to_owned()),
        ..UploadRequest::default()
    };
    match library.begin_upload(request).await.unwrap() {
        Begun::Already(uploaded) => uploaded,
        Begun::New(mut upload) => {
            upload
                .write(Bytes::from(fs::read(clip).unwrap()))
                .await
                .unwrap();
            upload.finish().await.unwrap()
        }
    }
}

#[tokio::test]
async fn what_others_put_into_the_bucket_is_found_and_what_they_remove_leaves() {
    let (home, server) = (Home::new(), S3Server::start());
    put(&server, "one.mp4", &fs::read(clips::playable(1.0)).unwrap());
    put(
        &server,
        "deep/two.webm",
        &fs::read(clips::webm(1.0)).unwrap(),
    );
    put(&server, "cut.mp4", &clips::cut(&clips::playable(1.0), 50));
    put(&server, "notes.txt", b"text");
    let library = home.try_open(&config(&home, &server)).await.unwrap();
    let found = home.until(&library, |c| c.videos().len() == 3).await;
    let two = found.find(Source::Bucket, "deep/two.webm").unwrap();
    assert_eq!(two.state, VideoState::Ready);
    assert_eq!(two.url(), format!("/media/{}/two.webm", two.id));
    assert_eq!(library.local_path(two), None);
    let cut = found.find(Source::Bucket, "cut.mp4").unwrap();
    assert!(
        cut.state.reason().unwrap().contains("incomplete"),
        "{cut:?}"
    );
    fs::remove_file(server.bucket_dir().join("one.mp4")).unwrap();
    home.until(&library, |c| c.videos().len() == 2).await;
    put(
        &server,
        "three.mp4",
        &fs::read(clips::playable(2.0)).unwrap(),
    );
    home.until(&library, |c| c.find(Source::Bucket, "three.mp4").is_some())
        .await;
}

#[tokio::test]
async fn a_second_start_fetches_nothing_and_needs_no_bucket() {
    let (home, mut server) = (Home::new(), S3Server::start());
    put(&server, "one.mp4", &fs::read(clips::playable(1.0)).unwrap());
    let library = home.try_open(&config(&home, &server)).await.unwrap();
    let first = home.until(&library, |c| c.videos().len() == 1).await;
    server.kill();
    let library = home.try_open(&config(&home, &server)).await.unwrap();
    assert_eq!(
        library.snapshot().videos(),
        first.videos(),
        "there while the bucket is away"
    );
    assert_eq!(library.probes(), 0);
    let library = home.open().await;
    assert!(
        library.snapshot().videos().is_empty(),
        "gone with the bucket's settings"
    );
}

#[tokio::test]
async fn an_upload_goes_into_the_bucket() {
    let (home, server) = (Home::new(), S3Server::start());
    let library = home.try_open(&config(&home, &server)).await.unwrap();
    let clip = clips::playable(1.0);
    let uploaded = send(&library, "key", &clip).await;
    let video = &uploaded.video;
    assert_eq!(
        (video.source, video.key.as_str()),
        (Source::Bucket, "uploads/my film.mp4")
    );
    assert_eq!((video.title.as_str(), uploaded.notice), ("My film!", None));
    assert_eq!(library.snapshot().scheduled(), std::slice::from_ref(video));
    let kept = fs::read(server.bucket_dir().join("uploads/my film.mp4")).unwrap();
    assert_eq!(kept, fs::read(&clip).unwrap());
    assert!(home.names("uploads").is_empty());
    let second = send(&library, "another key", &clip).await;
    assert_eq!(second.video.key, "uploads/my film-2.mp4");
    // The scan that finds this has seen both uploads, too.
    put(
        &server,
        "last.mp4",
        &fs::read(clips::playable(2.0)).unwrap(),
    );
    let all = home
        .until(&library, |c| c.find(Source::Bucket, "last.mp4").is_some())
        .await;
    assert_eq!(all.videos().len(), 3);
    assert_eq!(library.probes(), 3);
    let library = home.try_open(&config(&home, &server)).await.unwrap();
    assert_eq!(send(&library, "key", &clip).await.video, *video);
}

#[tokio::test]
async fn without_the_bucket_an_upload_is_kept_here_and_says_so() {
    let (home, mut server) = (Home::new(), S3Server::start());
    let library = home.try_open(&config(&home, &server)).await.unwrap();
    server.kill();
    let clip = clips::playable(1.0);
    let uploaded = send(&library, "key", &clip).await;
    assert_eq!(
        (uploaded.video.source, uploaded.video.key.as_str()),
        (Source::Uploads, "my film.mp4")
    );
    assert!(uploaded.notice.as_ref().unwrap().contains("on this server"));
    assert_eq!(
        library.snapshot().scheduled(),
        std::slice::from_ref(&uploaded.video)
    );
    let again = send(&library, "key", &clip).await;
    assert_eq!(
        (again.video, again.notice),
        (uploaded.video, uploaded.notice)
    );
    assert_eq!(home.names("uploads"), ["my film.mp4"]);
}

/// Larger than what is fetched whole: headers, index and end must do, whichever end they are at.
#[tokio::test]
async fn of_a_large_object_only_what_probing_needs_is_fetched() {
    let (home, server) = (Home::new(), S3Server::start());
    for (key, clip) in [
        ("first.mp4", clips::playable(2.0)),
        ("last.mp4", clips::index_last(2.0)),
    ] {
        put(&server, key, &clips::padded(&clip, 80 * 1024 * 1024));
    }
    let library = home.try_open(&config(&home, &server)).await.unwrap();
    let found = home.until(&library, |c| c.videos().len() == 2).await;
    for video in found.videos() {
        assert_eq!(video.state, VideoState::Ready, "{video:?}");
        assert_eq!(video.duration().unwrap().get(), 2000);
    }
    assert!(home.names("data/samples").is_empty(), "samples are removed");
}
