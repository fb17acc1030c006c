//! The shelf over real records: what survives, what is told, and what is forgotten.

use std::path::Path;

use super::*;
use crate::clock::TestClock;
use crate::library::record::Outcome;
use crate::library::{Grade, Rendition};
use crate::media::Facts;
use crate::timeline::UnixMs;

const NOW: UnixMs = UnixMs::new(1_800_000_000_000);
const LOOK: Look = Look {
    size_bytes: 7,
    modified_ms: 1,
};

struct Bench {
    dir: tempfile::TempDir,
    clock: Arc<TestClock>,
    records: Records,
}

impl Bench {
    fn new() -> (Self, Shelf) {
        let dir = tempfile::tempdir().unwrap();
        let records = open(dir.path());
        let bench = Self {
            dir,
            clock: TestClock::at(NOW),
            records,
        };
        let shelf = bench.shelf();
        (bench, shelf)
    }

    fn shelf(&self) -> Shelf {
        Shelf::open(self.records.clone(), self.clock.clone(), true).unwrap()
    }

    /// What another process would find now.
    fn restarted(&mut self) -> Shelf {
        self.records.close();
        self.records = open(self.dir.path());
        self.shelf()
    }
}

fn open(dir: &Path) -> Records {
    Records::open(dir).unwrap().0
}

fn place(source: Source, key: &str) -> Place {
    Place {
        source,
        key: key.to_owned(),
    }
}

fn upload(key: &str) -> Place {
    place(Source::Uploads, key)
}

fn judged(place: Place, head: &str) -> Change {
    Change::Judged {
        place,
        look: LOOK,
        head: head.to_owned(),
        verdict: Verdict::Fault("no video".to_owned()),
        seen_ms: NOW.get(),
    }
}

fn id_at(shelf: &Shelf, place: &Place) -> VideoId {
    shelf.state().id_at(place).unwrap().clone()
}

#[tokio::test]
async fn many_changes_are_told_at_once_and_survive() {
    let (mut bench, shelf) = Bench::new();
    let told = shelf.subscribe();
    let changes = (0..50).map(|n| judged(upload(&format!("{n}.mp4")), &n.to_string()));
    shelf.apply(changes.collect()).await.unwrap();
    assert_eq!(told.borrow().revision(), 1);
    assert_eq!(told.borrow().videos().len(), 50);
    let id = id_at(&shelf, &upload("7.mp4"));
    let shelf = bench.restarted();
    assert_eq!(id_at(&shelf, &upload("7.mp4")), id);
    assert_eq!(shelf.standing(&upload("7.mp4"), &LOOK), Standing::Back);
    shelf
        .apply(vec![Change::Back(upload("7.mp4"))])
        .await
        .unwrap();
    assert_eq!(shelf.subscribe().borrow().videos().len(), 1);
}

#[tokio::test]
async fn a_bucket_is_trusted_until_it_is_looked_through() {
    let (mut bench, shelf) = Bench::new();
    let object = place(Source::Bucket, "a.mp4");
    shelf
        .apply(vec![judged(object.clone(), "a")])
        .await
        .unwrap();
    let shelf = bench.restarted();
    assert_eq!(shelf.standing(&object, &LOOK), Standing::Known);
    let without = Shelf::open(bench.records.clone(), bench.clock.clone(), false).unwrap();
    assert_eq!(without.standing(&object, &LOOK), Standing::Back);
}

#[tokio::test]
async fn what_goes_is_remembered_for_a_month() {
    let (mut bench, shelf) = Bench::new();
    shelf
        .apply(vec![judged(upload("a.mp4"), "a")])
        .await
        .unwrap();
    let id = id_at(&shelf, &upload("a.mp4"));
    shelf
        .apply(vec![Change::Gone(upload("a.mp4"))])
        .await
        .unwrap();
    assert!(shelf.subscribe().borrow().videos().is_empty());
    bench.clock.advance(REMEMBERED);
    shelf.forget_the_lost().await.unwrap();
    let shelf = bench.restarted();
    shelf
        .apply(vec![judged(upload("b.mp4"), "a")])
        .await
        .unwrap();
    assert_eq!(
        id_at(&shelf, &upload("b.mp4")),
        id,
        "known again by its beginning"
    );
    shelf
        .apply(vec![Change::Gone(upload("b.mp4"))])
        .await
        .unwrap();
    bench.clock.advance(DurationMs::new(REMEMBERED.get() + 1));
    shelf.forget_the_lost().await.unwrap();
    let shelf = bench.restarted();
    shelf
        .apply(vec![judged(upload("b.mp4"), "a")])
        .await
        .unwrap();
    assert_ne!(id_at(&shelf, &upload("b.mp4")), id);
}

#[tokio::test]
async fn a_copy_is_another_video_and_a_move_is_not() {
    let (_bench, shelf) = Bench::new();
    shelf
        .apply(vec![judged(upload("a.mp4"), "a")])
        .await
        .unwrap();
    shelf
        .apply(vec![judged(upload("copy.mp4"), "a")])
        .await
        .unwrap();
    let (a, copy) = (
        id_at(&shelf, &upload("a.mp4")),
        id_at(&shelf, &upload("copy.mp4")),
    );
    assert_ne!(a, copy);
    shelf.state().suspect(&upload("a.mp4"));
    let moved = vec![
        judged(upload("new.mp4"), "a"),
        Change::Gone(upload("a.mp4")),
    ];
    shelf.apply(moved).await.unwrap();
    assert_eq!(id_at(&shelf, &upload("new.mp4")), a);
    assert_eq!(shelf.subscribe().borrow().videos().len(), 2);
}

fn promised(key: &str) -> VideoRecord {
    let fault = Verdict::Fault("no video".to_owned());
    VideoRecord {
        title: "As typed".to_owned(),
        titled: true,
        ..VideoRecord::new(upload(key), LOOK, "p".to_owned(), fault, NOW.get())
    }
}

fn answer() -> SideRecord {
    SideRecord {
        tree: Tree::Uploads,
        key: b"key".to_vec(),
        value: Some(b"answer".to_vec()),
    }
}

/// The process dies after the file was put in place and before anybody was told.
#[tokio::test]
async fn a_promise_is_kept_by_the_next_process() {
    let (mut bench, shelf) = Bench::new();
    let id = new_id();
    assert!(shelf.state().claim(&upload("a.mp4")));
    shelf
        .promise(&id, promised("a.mp4"), vec![answer()])
        .await
        .unwrap();
    assert_eq!(
        shelf.subscribe().borrow().revision(),
        0,
        "nobody is told of a promise"
    );
    assert!(
        shelf.state().places(Source::Uploads).is_empty(),
        "nor is it looked for"
    );
    let shelf = bench.restarted();
    assert_eq!(shelf.standing(&upload("a.mp4"), &LOOK), Standing::Back);
    shelf
        .apply(vec![Change::Back(upload("a.mp4"))])
        .await
        .unwrap();
    let told = shelf.subscribe();
    assert_eq!(told.borrow().get(&id).unwrap().title, "As typed");
    let kept = bench.records.get(Tree::Uploads, b"key").unwrap();
    assert_eq!(kept.as_deref(), Some(&b"answer"[..]));
}

/// The process dies before the file was put in place.
#[tokio::test]
async fn a_promise_nobody_kept_is_looked_for_and_shown_nowhere() {
    let (mut bench, shelf) = Bench::new();
    let id = new_id();
    assert!(shelf.state().claim(&upload("a.mp4")));
    shelf
        .promise(&id, promised("a.mp4"), Vec::new())
        .await
        .unwrap();
    let shelf = bench.restarted();
    assert_eq!(shelf.state().places(Source::Uploads), [upload("a.mp4")]);
    shelf
        .apply(vec![Change::Gone(upload("a.mp4"))])
        .await
        .unwrap();
    assert!(shelf.subscribe().borrow().videos().is_empty());
    assert!(shelf.state().places(Source::Uploads).is_empty());
}

#[tokio::test]
async fn a_promise_fulfilled_is_told_and_one_retracted_never_was() {
    let (mut bench, shelf) = Bench::new();
    let (kept, broken) = (new_id(), new_id());
    shelf
        .promise(&kept, promised("a.mp4"), Vec::new())
        .await
        .unwrap();
    shelf
        .promise(&broken, promised("b.mp4"), vec![answer()])
        .await
        .unwrap();
    let later = Look {
        modified_ms: 9,
        ..LOOK
    };
    let video = shelf.fulfil(&kept, later).await.unwrap();
    assert_eq!(shelf.subscribe().borrow().get(&kept), Some(&video));
    let no_answer = SideRecord {
        value: None,
        ..answer()
    };
    shelf.retract(&broken, vec![no_answer]).await.unwrap();
    let shelf = bench.restarted();
    assert!(shelf.state().get(&broken).is_none());
    assert_eq!(bench.records.get(Tree::Uploads, b"key").unwrap(), None);
    assert_eq!(shelf.standing(&upload("a.mp4"), &later), Standing::Back);
}

#[tokio::test]
async fn what_the_disk_does_not_take_has_not_happened() {
    let (bench, shelf) = Bench::new();
    shelf
        .apply(vec![judged(upload("a.mp4"), "a")])
        .await
        .unwrap();
    let before = id_at(&shelf, &upload("a.mp4"));
    bench.records.close();
    let changes = vec![
        Change::Gone(upload("a.mp4")),
        judged(upload("b.mp4"), "b"),
        judged(upload("c.mp4"), "a"),
    ];
    shelf.apply(changes).await.unwrap_err();
    assert_eq!(id_at(&shelf, &upload("a.mp4")), before);
    assert_eq!(shelf.standing(&upload("a.mp4"), &LOOK), Standing::Known);
    assert!(shelf.state().id_at(&upload("b.mp4")).is_none());
    assert_eq!(shelf.subscribe().borrow().revision(), 1);
    shelf
        .promise(&new_id(), promised("d.mp4"), Vec::new())
        .await
        .unwrap_err();
    assert!(shelf.state().id_at(&upload("d.mp4")).is_none());
}

#[tokio::test]
async fn a_record_that_cannot_be_read_is_left_out() {
    let (mut bench, shelf) = Bench::new();
    shelf
        .apply(vec![judged(upload("a.mp4"), "a")])
        .await
        .unwrap();
    let put = bench
        .records
        .write(|txn| txn.put(Tree::Videos, b"someid", b"not a record"));
    put.await.unwrap().unwrap();
    let shelf = bench.restarted();
    assert_eq!(shelf.state().entries().count(), 1);
}

fn film() -> Change {
    let facts = Facts {
        container: "mp4".to_owned(),
        duration_ms: 60_010,
        start_ms: 0,
        indexed: true,
        width: 1920,
        height: 1080,
        rotation_degrees: 0,
        frames_per_s: Some(25.0),
        video_codec: "h264".to_owned(),
        video_profile: Some("High".to_owned()),
        pixel_format: Some("yuv420p".to_owned()),
        interlaced: false,
        audio: None,
    };
    Change::Judged {
        place: upload("film.mp4"),
        look: LOOK,
        head: "film".to_owned(),
        verdict: Verdict::Facts(Box::new(facts)),
        seen_ms: NOW.get(),
    }
}

fn made(grade: Grade, version: u32) -> Rendition {
    Rendition {
        version,
        grade,
        recipe: crate::media::RECIPE,
        duration_ms: 60_000,
        size_bytes: 1,
        small: grade != Grade::House,
        stills: false,
        texts: 0,
        captions: Vec::new(),
    }
}

/// What is scheduled, what the stream shows, and for how long, after those `made` were.
async fn scheduled(made: &[Rendition]) -> (u32, Option<u32>, u64) {
    let (mut bench, shelf) = Bench::new();
    shelf.apply(vec![film()]).await.unwrap();
    let id = id_at(&shelf, &upload("film.mp4"));
    for rendition in made {
        let preparation = Preparation {
            look: LOOK,
            outcome: Outcome::Ready(rendition.clone()),
        };
        let change = Change::Prepared(id.clone(), preparation);
        shelf.apply(vec![change]).await.unwrap();
    }
    drop(shelf);
    let shelf = bench.restarted();
    let video = shelf.state().get(&id).unwrap().video.clone();
    let newest = made.iter().map(|rendition| rendition.version).max();
    assert_eq!(video.versions_made, newest.unwrap_or(0));
    let shown = video.stream().map(|shown| shown.version);
    (
        video.version().get(),
        shown,
        video.duration().unwrap().get(),
    )
}

#[tokio::test]
async fn the_lowest_rung_is_shown_in_the_stream_and_takes_the_place_of_nothing_better() {
    let floor = || made(Grade::Floor, 2);
    let longer = |ms: u64| Rendition {
        duration_ms: 60_010 + ms,
        ..floor()
    };
    let remuxed = || Rendition {
        small: false,
        ..made(Grade::Quick, 1)
    };
    assert_eq!(scheduled(&[]).await, (0, None, 60_010));
    // Files are as long as what the stream shows, to the frame.
    assert_eq!(scheduled(&[floor()]).await, (0, Some(2), 60_000));
    assert_eq!(scheduled(&[longer(42)]).await, (0, Some(2), 60_052));
    assert_eq!(scheduled(&[longer(43)]).await, (0, None, 60_010));
    assert_eq!(scheduled(&[remuxed(), floor()]).await, (1, Some(2), 60_000));
    let in_a_hurry = || made(Grade::Quick, 1);
    assert_eq!(scheduled(&[in_a_hurry()]).await, (1, None, 60_000));
    assert_eq!(
        scheduled(&[in_a_hurry(), floor()]).await,
        (2, Some(2), 60_000)
    );
    let whole = made(Grade::House, 3);
    assert_eq!(
        scheduled(&[in_a_hurry(), floor(), whole]).await,
        (3, Some(3), 60_000)
    );
}

#[tokio::test]
async fn what_was_kept_before_there_were_lowest_rungs_is_read() {
    let (bench, shelf) = Bench::new();
    shelf.apply(vec![film()]).await.unwrap();
    let id = id_at(&shelf, &upload("film.mp4"));
    let quick = Preparation {
        look: LOOK,
        outcome: Outcome::Ready(made(Grade::Quick, 1)),
    };
    let change = Change::Prepared(id.clone(), quick);
    shelf.apply(vec![change]).await.unwrap();
    let key = id.as_str().as_bytes().to_vec();
    let kept = bench.records.get(Tree::Videos, &key).unwrap().unwrap();
    let kept = String::from_utf8(kept.to_vec()).unwrap();
    let old = kept.replace(r#","small":true"#, "");
    assert_ne!(old, kept);
    assert!(!old.contains("floor"), "{old}");
    let written = bench
        .records
        .write(move |txn| txn.put(Tree::Videos, &key, old.as_bytes()));
    written.await.unwrap().unwrap();
    let video = bench.shelf().state().get(&id).unwrap().video.clone();
    assert_eq!((video.version().get(), &video.floor), (1, &None));
    assert!(video.is_ready());
}

#[tokio::test]
async fn the_lowest_rung_of_other_bytes_is_of_no_use() {
    let (_bench, shelf) = Bench::new();
    shelf.apply(vec![film()]).await.unwrap();
    let id = id_at(&shelf, &upload("film.mp4"));
    let floor = Preparation {
        look: LOOK,
        outcome: Outcome::Ready(made(Grade::Floor, 1)),
    };
    let change = Change::Prepared(id.clone(), floor);
    shelf.apply(vec![change]).await.unwrap();
    let mut replaced = film();
    if let Change::Judged { look, .. } = &mut replaced {
        look.modified_ms += 1;
    }
    shelf.apply(vec![replaced]).await.unwrap();
    let video = shelf.state().get(&id).unwrap().video.clone();
    assert_eq!((&video.floor, video.versions_made), (&None, 1));
}
