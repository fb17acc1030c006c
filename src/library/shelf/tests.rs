//! The shelf over real records: what survives, what is told, and what is forgotten.

use std::path::Path;

use super::*;
use crate::clock::TestClock;
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
