//! Uploads into the library: what is kept, what is refused, and what either leaves behind.

#[path = "support/clips.rs"]
mod clips;
#[path = "support/library.rs"]
mod library;

use std::fs;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use library::Home;
use onair::clock::TestClock;
use onair::library::{
    Begun, Library, Source, Upload, UploadError, UploadRequest, Uploaded, VideoState,
};
use onair::timeline::{DurationMs, UnixMs};

fn named(file_name: &str) -> UploadRequest {
    UploadRequest {
        file_name: file_name.to_owned(),
        ..UploadRequest::default()
    }
}

fn again(file_name: &str, idempotency_key: &str) -> UploadRequest {
    let idempotency_key = Some(idempotency_key.to_owned());
    UploadRequest {
        idempotency_key,
        ..named(file_name)
    }
}

async fn begin(library: &Library, request: UploadRequest) -> Result<Upload, UploadError> {
    match library.begin_upload(request).await? {
        Begun::New(upload) => Ok(upload),
        Begun::Already(uploaded) => panic!("was uploaded before: {uploaded:?}"),
    }
}

async fn send(
    library: &Library,
    request: UploadRequest,
    bytes: &[u8],
) -> Result<Uploaded, UploadError> {
    let mut upload = begin(library, request).await?;
    for chunk in bytes.chunks(50_000) {
        upload.write(Bytes::copy_from_slice(chunk)).await?;
    }
    upload.finish().await
}

async fn send_clip(library: &Library, name: &str, clip: &Path) -> Result<Uploaded, UploadError> {
    send(library, named(name), &fs::read(clip).unwrap()).await
}

#[tokio::test]
async fn an_upload_is_kept_byte_for_byte_and_in_the_catalogue() {
    let home = Home::new();
    let library = home.open().await;
    let bytes = fs::read(clips::playable(1.0)).unwrap();
    let request = UploadRequest {
        title: Some("  Grandma’s 90th — part 1/2  ".to_owned()),
        content_length: Some(bytes.len() as u64 + 500),
        ..named("Großmutter 90.MP4")
    };
    let uploaded = send(&library, request, &bytes).await.unwrap();
    let video = &uploaded.video;
    assert_eq!(video.title, "Grandma’s 90th — part 1/2");
    assert_eq!(
        (video.source, video.key.as_str()),
        (Source::Uploads, "Großmutter 90.mp4")
    );
    assert_eq!(
        (video.state.clone(), uploaded.notice),
        (VideoState::Ready, None)
    );
    assert_eq!(library.snapshot().get(&video.id), Some(video));
    assert_eq!(
        fs::read(home.path("uploads/Großmutter 90.mp4")).unwrap(),
        bytes
    );
    assert_eq!(home.names("uploads"), ["Großmutter 90.mp4"]);
}

/// The folder's watch sees the file of an upload, too.
#[tokio::test]
async fn an_upload_is_found_once() {
    let home = Home::new();
    let library = home.open().await;
    let uploaded = send_clip(&library, "a.mp4", &clips::playable(1.0))
        .await
        .unwrap();
    home.put(&clips::playable(2.0), "uploads/later.mp4");
    let seen = home
        .until(&library, |c| c.find(Source::Uploads, "later.mp4").is_some())
        .await;
    assert_eq!(seen.videos().len(), 2);
    assert_eq!(library.probes(), 2);
    home.close();
    let library = home.open().await;
    assert_eq!(library.snapshot().videos().len(), 2);
    assert_eq!(
        library.snapshot().get(&uploaded.video.id),
        Some(&uploaded.video)
    );
    assert_eq!(library.probes(), 0);
}

#[tokio::test]
async fn what_has_to_be_converted_is_kept_and_waits() {
    let home = Home::new();
    let library = home.open().await;
    let uploaded = send_clip(&library, "old.avi", &clips::avi(1.0))
        .await
        .unwrap();
    assert!(
        matches!(&uploaded.video.state, VideoState::Waiting { reason } if reason.contains("AVI"))
    );
    assert!(library.snapshot().scheduled().is_empty());
    assert_eq!(home.names("uploads"), ["old.avi"]);
}

#[tokio::test]
async fn equal_names_and_wrong_endings_are_mended() {
    let home = Home::new();
    let library = home.open().await;
    for (name, clip, want) in [
        ("film.mp4", clips::playable(1.0), "film.mp4"),
        ("film.mp4", clips::playable(1.0), "film-2.mp4"),
        ("film.avi", clips::playable(1.0), "film-3.mp4"),
        ("film.mp4", clips::webm(1.0), "film.webm"),
        ("../../film.mov", clips::playable(1.0), "film.mov"),
    ] {
        let uploaded = send_clip(&library, name, &clip).await.unwrap();
        assert_eq!(uploaded.video.key, want);
    }
    assert_eq!(library.snapshot().videos().len(), 5);
}

#[tokio::test]
async fn what_is_broken_or_no_video_leaves_nothing() {
    let home = Home::new();
    let library = home.open().await;
    for (name, bytes, status, sentence) in [
        (
            "a.mp4",
            b"just text".to_vec(),
            422,
            "this is not a video file",
        ),
        (
            "a.webm",
            clips::cut(&clips::webm(2.0), 50),
            422,
            "this file is incomplete",
        ),
        (
            "a.mp4",
            clips::cut(&clips::playable(2.0), 50),
            422,
            "this file is incomplete",
        ),
        (
            "a.mp4",
            fs::read(clips::sound_only(1.0)).unwrap(),
            422,
            "no picture",
        ),
        ("a.mp4", Vec::new(), 400, "the file is empty"),
        (
            "notes.txt",
            b"text".to_vec(),
            415,
            "“notes.txt” is not named like a video",
        ),
        ("", b"text".to_vec(), 415, "a file without a name"),
    ] {
        let error = send(&library, named(name), &bytes).await.unwrap_err();
        assert_eq!(error.status(), status, "{error}");
        assert!(error.to_string().contains(sentence), "{error}");
    }
    assert!(library.snapshot().videos().is_empty());
    assert!(home.names("uploads").is_empty());
}

#[tokio::test]
async fn the_size_limit_holds_before_and_during_an_upload() {
    let home = Home::new();
    let mut config = home.config();
    config.max_upload_bytes = 1_500_000;
    let library = home.try_open(&config).await.unwrap();
    let announced = UploadRequest {
        content_length: Some(2_000_000),
        ..named("a.mp4")
    };
    let error = begin(&library, announced).await.unwrap_err();
    assert_eq!(error.status(), 413);
    assert!(error.to_string().contains("1.5 MB"), "{error}");
    let mut upload = begin(&library, named("a.mp4")).await.unwrap();
    upload.write(vec![0; 1_500_000].into()).await.unwrap();
    let error = upload.write(vec![0; 1].into()).await.unwrap_err();
    assert_eq!(error.status(), 413);
    assert!(
        home.names("uploads").is_empty(),
        "refused half-way, nothing is left"
    );
    assert_eq!(
        upload.write(vec![0; 1].into()).await.unwrap_err().status(),
        500
    );
    assert_eq!(upload.finish().await.unwrap_err().status(), 500);
}

#[tokio::test]
async fn a_nearly_full_disk_takes_nothing() {
    let home = Home::new();
    let mut config = home.config();
    config.min_free_bytes = 1 << 50;
    let library = home.try_open(&config).await.unwrap();
    let error = begin(&library, named("a.mp4")).await.unwrap_err();
    assert_eq!(error.status(), 507);
    assert!(home.names("uploads").is_empty());
}

#[tokio::test]
async fn what_others_have_announced_is_not_given_away() {
    let home = Home::new();
    let mut config = home.config();
    config.max_upload_bytes = 1 << 44;
    let library = home.try_open(&config).await.unwrap();
    let free_bytes = onair::storage::free_bytes(&home.path("uploads")).unwrap();
    let half = || UploadRequest {
        content_length: Some(free_bytes / 10 * 6),
        ..named("a.mp4")
    };
    let first = begin(&library, half()).await.unwrap();
    assert_eq!(begin(&library, half()).await.unwrap_err().status(), 507);
    drop(first);
    begin(&library, half()).await.unwrap();
}

#[tokio::test]
async fn only_so_many_are_taken_at_once() {
    let home = Home::new();
    let mut config = home.config();
    config.max_uploads = 2;
    let library = home.try_open(&config).await.unwrap();
    let first = begin(&library, named("a.mp4")).await.unwrap();
    let _second = begin(&library, named("b.mp4")).await.unwrap();
    let error = begin(&library, named("c.mp4")).await.unwrap_err();
    assert_eq!(error.status(), 429);
    drop(first);
    begin(&library, named("c.mp4")).await.unwrap();
}

#[tokio::test]
async fn an_upload_broken_off_leaves_nothing() {
    let home = Home::new();
    let library = home.open().await;
    let mut upload = begin(&library, again("a.mp4", "key")).await.unwrap();
    upload.write(vec![7; 3_000_000].into()).await.unwrap();
    assert_eq!(home.names("uploads").len(), 1);
    drop(upload);
    assert!(home.names("uploads").is_empty());
    let bytes = fs::read(clips::playable(1.0)).unwrap();
    send(&library, again("a.mp4", "key"), &bytes).await.unwrap();
}

#[tokio::test]
async fn what_a_dead_process_left_is_swept_at_the_start() {
    let home = Home::new();
    let library = home.open().await;
    let mut upload = begin(&library, named("a.mp4")).await.unwrap();
    upload.write(vec![7; 3_000_000].into()).await.unwrap();
    std::mem::forget(upload);
    assert_eq!(home.names("uploads").len(), 1);
    home.close();
    home.open().await;
    assert!(home.names("uploads").is_empty());
}

#[tokio::test]
async fn the_same_key_gets_the_first_answer_also_after_a_restart() {
    let home = Home::new();
    let library = home.open().await;
    let bytes = fs::read(clips::playable(1.0)).unwrap();
    let first = send(&library, again("a.mp4", "key"), &bytes).await.unwrap();
    for restarted in [false, true] {
        let library = if restarted {
            home.open().await
        } else {
            library.clone()
        };
        match library.begin_upload(again("a.mp4", "key")).await.unwrap() {
            Begun::Already(uploaded) => assert_eq!(uploaded.video, first.video),
            Begun::New(_) => panic!("should have been answered before"),
        }
    }
    let library = home.open().await;
    let other = send(&library, again("b.mp4", "key"), &bytes).await.unwrap();
    assert_ne!(
        other.video.id, first.video.id,
        "another file is another upload"
    );
    assert_eq!(home.names("uploads"), ["a.mp4", "b.mp4"]);
}

#[tokio::test]
async fn of_two_equal_uploads_at_once_one_is_kept() {
    let home = Home::new();
    let library = home.open().await;
    let bytes = Arc::new(fs::read(clips::playable(1.0)).unwrap());
    let uploads: Vec<_> = (0..4)
        .map(|_| {
            let (library, bytes) = (library.clone(), Arc::clone(&bytes));
            tokio::spawn(async move {
                match library.begin_upload(again("a.mp4", "key")).await.unwrap() {
                    Begun::Already(uploaded) => uploaded.video.id.clone(),
                    Begun::New(mut upload) => {
                        upload.write(bytes.to_vec().into()).await.unwrap();
                        upload.finish().await.unwrap().video.id.clone()
                    }
                }
            })
        })
        .collect();
    let mut ids = Vec::new();
    for upload in uploads {
        ids.push(upload.await.unwrap());
    }
    ids.dedup();
    assert_eq!(ids.len(), 1);
    assert_eq!(home.names("uploads"), ["a.mp4"]);
}

#[tokio::test]
async fn a_refused_upload_may_be_tried_again_with_the_same_key() {
    let home = Home::new();
    let library = home.open().await;
    let error = send(&library, again("a.mp4", "key"), b"text")
        .await
        .unwrap_err();
    assert_eq!(error.status(), 422);
    let bytes = fs::read(clips::playable(1.0)).unwrap();
    send(&library, again("a.mp4", "key"), &bytes).await.unwrap();
}

#[tokio::test]
async fn an_answer_is_forgotten_with_its_video_or_after_a_day() {
    let home = Home::new();
    let clock = TestClock::at(UnixMs::new(1_800_000_000_000));
    let library = home.open_with(&home.config(), clock.clone()).await.unwrap();
    let bytes = fs::read(clips::playable(1.0)).unwrap();
    let first = send(&library, again("a.mp4", "key"), &bytes).await.unwrap();
    clock.advance(DurationMs::new(25 * 3_600_000));
    let second = send(&library, again("a.mp4", "key"), &bytes).await.unwrap();
    assert_ne!(first.video.id, second.video.id);
    fs::remove_file(home.path("uploads").join(&second.video.key)).unwrap();
    home.until(&library, |c| c.get(&second.video.id).is_none())
        .await;
    let third = send(&library, again("a.mp4", "key"), &bytes).await.unwrap();
    assert_ne!(third.video.id, second.video.id);
}

#[tokio::test]
async fn an_upload_nobody_waits_for_any_more_is_kept_whole_or_not_at_all() {
    let home = Home::new();
    let library = home.open().await;
    let bytes = fs::read(clips::playable(1.0)).unwrap();
    for _ in 0..20 {
        let mut upload = begin(&library, again("a.mp4", "key")).await.unwrap();
        upload.write(bytes.clone().into()).await.unwrap();
        let finishing = tokio::spawn(upload.finish());
        tokio::task::yield_now().await;
        finishing.abort();
        let _ = finishing.await;
        match library.begin_upload(again("a.mp4", "key")).await.unwrap() {
            Begun::Already(uploaded) => {
                assert_eq!(home.names("uploads"), [uploaded.video.file_name()]);
                return;
            }
            Begun::New(upload) => {
                drop(upload);
                assert!(home.names("uploads").is_empty());
            }
        }
    }
}
