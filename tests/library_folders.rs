//! The library and its folders: what is found, what comes and goes, and what is remembered.

#[path = "support/clips.rs"]
mod clips;
#[path = "support/library.rs"]
mod library;

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::symlink;

use library::Home;
use onair::library::{Catalogue, Source, VideoState};
use onair::timeline::VideoId;

fn titles(catalogue: &Catalogue) -> Vec<String> {
    let videos = catalogue.videos().iter();
    videos.map(|video| video.title.clone()).collect()
}

fn ids(catalogue: &Catalogue) -> Vec<VideoId> {
    let videos = catalogue.videos().iter();
    videos.map(|video| video.id.clone()).collect()
}

#[tokio::test]
async fn what_is_there_is_in_the_library_when_it_has_started() {
    let home = Home::new();
    home.put(&clips::playable(1.0), "static/b.mp4");
    home.put(&clips::webm(1.0), "static/a.webm");
    home.put(&clips::playable(2.0), "uploads/of/mine.mp4");
    home.put(&clips::mkv(1.0), "uploads/other.mkv");
    home.put_bytes(b"no video", "uploads/text.mp4");
    home.put_bytes(b"no video", "uploads/notes.txt");
    let library = home.open().await;
    let catalogue = library.snapshot();
    assert_eq!(titles(&catalogue), ["A", "B", "Mine", "Other", "Text"]);
    let ready: Vec<_> = catalogue
        .scheduled()
        .iter()
        .map(|v| v.key.as_str())
        .collect();
    assert_eq!(ready, ["a.webm", "b.mp4", "of/mine.mp4"]);
    let other = catalogue.find(Source::Uploads, "other.mkv").unwrap();
    assert!(matches!(&other.state, VideoState::Waiting { reason } if reason.contains("MKV")));
    assert!(other.duration().is_some());
    let text = catalogue.find(Source::Uploads, "text.mp4").unwrap();
    assert_eq!(text.state.reason(), Some("this is not a video file"));
    assert_eq!(text.duration(), None);
    assert_eq!(library.probes(), 5);
    let mine = catalogue.find(Source::Uploads, "of/mine.mp4").unwrap();
    assert_eq!(
        library.local_path(mine).unwrap(),
        home.path("uploads/of/mine.mp4")
    );
    assert_eq!(mine.url(), "/uploads/of/mine.mp4");
    assert_eq!(mine.duration().unwrap().get(), 2000);
}

#[tokio::test]
async fn a_second_start_looks_into_nothing_and_knows_everything() {
    let home = Home::new();
    home.put(&clips::playable(1.0), "static/a.mp4");
    home.put(&clips::webm(1.0), "uploads/b.webm");
    home.put_bytes(b"no video", "uploads/c.mp4");
    let first = home.open().await.snapshot();
    home.close();
    let library = home.open().await;
    let second = library.snapshot();
    assert_eq!(library.probes(), 0);
    assert_eq!(first.videos(), second.videos());
    assert_eq!(second.videos().len(), 3);
}

#[tokio::test]
async fn an_empty_library_is_one() {
    let home = Home::new();
    let library = home.open().await;
    assert!(library.snapshot().videos().is_empty());
    assert_eq!(library.snapshot().revision(), 1);
}

#[tokio::test]
async fn a_file_copied_in_is_found_and_one_removed_leaves() {
    let home = Home::new();
    let library = home.open().await;
    home.put(&clips::playable(1.0), "uploads/new.mp4");
    let found = home.until(&library, |c| c.videos().len() == 1).await;
    assert_eq!(titles(&found), ["New"]);
    fs::remove_file(home.path("uploads/new.mp4")).unwrap();
    home.until(&library, |c| c.videos().is_empty()).await;
}

#[tokio::test]
async fn new_folders_are_watched_too() {
    let home = Home::new();
    let library = home.open().await;
    home.put(&clips::playable(1.0), "uploads/series/one/a.mp4");
    home.until(&library, |c| c.videos().len() == 1).await;
    home.put(&clips::playable(1.0), "uploads/series/one/b.mp4");
    home.until(&library, |c| c.videos().len() == 2).await;
    let before = ids(&library.snapshot());
    fs::rename(home.path("uploads/series"), home.path("uploads/saga")).unwrap();
    let moved = |c: &Catalogue| {
        let there = |name: &str| c.find(Source::Uploads, name).is_some();
        there("saga/one/a.mp4") && there("saga/one/b.mp4")
    };
    let after = ids(&*home.until(&library, moved).await);
    assert_eq!(after, before);
    fs::remove_dir_all(home.path("uploads/saga")).unwrap();
    home.until(&library, |c| c.videos().is_empty()).await;
}

#[tokio::test]
async fn a_burst_is_published_at_once() {
    let home = Home::new();
    let library = home.open().await;
    for name in ["a", "b", "c", "d"] {
        home.put(&clips::playable(1.0), &format!("uploads/{name}.mp4"));
    }
    let all = home.until(&library, |c| c.videos().len() == 4).await;
    assert!(
        all.revision() <= 4,
        "{} revisions for one burst",
        all.revision()
    );
    for name in ["a", "b", "c"] {
        fs::remove_file(home.path(&format!("uploads/{name}.mp4"))).unwrap();
    }
    let left = home.until(&library, |c| c.videos().len() == 1).await;
    assert!(left.revision() <= all.revision() + 2);
}

/// Half of the file is there for long, closed even; it is looked into only when it is whole.
#[tokio::test]
async fn a_growing_file_is_not_looked_into() {
    let home = Home::new();
    let library = home.open().await;
    let bytes = fs::read(clips::webm(4.0)).unwrap();
    let mut file = File::create(home.path("uploads/slow.webm")).unwrap();
    // A marker file that is judged later proves that the library has had time for the slow one.
    for (nth, part) in bytes.chunks(bytes.len().div_ceil(4)).enumerate() {
        file.write_all(part).unwrap();
        file.flush().unwrap();
        home.put(&clips::playable(1.0), &format!("uploads/marker-{nth}.mp4"));
        let seen = home.until(&library, |c| c.videos().len() > nth).await;
        assert!(seen.find(Source::Uploads, "slow.webm").is_none());
    }
    drop(file);
    let seen = home
        .until(&library, |c| c.find(Source::Uploads, "slow.webm").is_some())
        .await;
    assert_eq!(seen.scheduled().len(), 5);
    assert_eq!(library.probes(), 5);
}

#[tokio::test]
async fn a_renamed_file_stays_the_same_video() {
    let home = Home::new();
    home.put(&clips::playable(1.0), "uploads/old_name.mp4");
    let library = home.open().await;
    let id = library.snapshot().videos()[0].id.clone();
    fs::rename(
        home.path("uploads/old_name.mp4"),
        home.path("uploads/new_name.mp4"),
    )
    .unwrap();
    let renamed = home
        .until(&library, |c| {
            c.find(Source::Uploads, "new_name.mp4").is_some()
        })
        .await;
    assert_eq!(renamed.videos().len(), 1);
    assert_eq!(renamed.videos()[0].id, id);
    assert_eq!(renamed.videos()[0].title, "New name");
    assert_eq!(library.probes(), 1, "nothing new was to be learned");
}

#[tokio::test]
async fn a_file_renamed_while_the_station_was_off_stays_the_same_video() {
    let home = Home::new();
    home.put(&clips::playable(1.0), "uploads/a.mp4");
    let id = home.open().await.snapshot().videos()[0].id.clone();
    home.close();
    fs::rename(home.path("uploads/a.mp4"), home.path("static/b.mp4")).unwrap();
    let library = home.open().await;
    let after = library.snapshot();
    assert_eq!(after.videos().len(), 1);
    assert_eq!(after.videos()[0].id, id);
    assert_eq!(after.videos()[0].source, Source::Static);
}

#[tokio::test]
async fn a_replaced_file_keeps_its_id_and_gets_new_facts() {
    let home = Home::new();
    home.put(&clips::playable(1.0), "uploads/a.mp4");
    let library = home.open().await;
    let id = library.snapshot().videos()[0].id.clone();
    home.put(&clips::playable(2.0), "uploads/a.mp4");
    let two_seconds = |c: &Catalogue| {
        c.videos()
            .first()
            .and_then(|v| v.duration())
            .is_some_and(|d| d.get() == 2000)
    };
    let replaced = home.until(&library, two_seconds).await;
    assert_eq!(replaced.videos()[0].id, id);
}

#[tokio::test]
async fn a_file_that_comes_back_is_the_same_video() {
    let home = Home::new();
    home.put(&clips::playable(1.0), "uploads/a.mp4");
    let library = home.open().await;
    let id = library.snapshot().videos()[0].id.clone();
    fs::rename(home.path("uploads/a.mp4"), home.path("a.mp4")).unwrap();
    home.until(&library, |c| c.videos().is_empty()).await;
    home.close();
    fs::rename(home.path("a.mp4"), home.path("uploads/a.mp4")).unwrap();
    let library = home.open().await;
    assert_eq!(library.snapshot().videos()[0].id, id);
    assert_eq!(library.probes(), 0);
}

#[tokio::test]
async fn links_hidden_files_and_uploads_on_their_way_are_not_videos() {
    let home = Home::new();
    home.put(&clips::playable(1.0), "elsewhere/secret.mp4");
    let library = home.open().await;
    home.put(&clips::playable(1.0), "uploads/.onair-spool-1.mp4");
    home.put(&clips::playable(1.0), "uploads/.hidden/a.mp4");
    symlink(home.path("elsewhere"), home.path("uploads/folder")).unwrap();
    symlink(
        home.path("elsewhere/secret.mp4"),
        home.path("uploads/link.mp4"),
    )
    .unwrap();
    home.put(&clips::playable(1.0), "uploads/last.mp4");
    let seen = home.until(&library, |c| !c.videos().is_empty()).await;
    assert_eq!(titles(&seen), ["Last"]);
    home.close();
    assert_eq!(titles(&home.open().await.snapshot()), ["Last"]);
}

#[tokio::test]
async fn one_folder_in_the_other_is_refused() {
    let home = Home::new();
    let mut config = home.config();
    config.uploads_dir = home.path("static/uploads");
    let error = home.try_open(&config).await.err().expect("refused");
    assert!(error.to_string().contains("beside each other"), "{error}");
}
