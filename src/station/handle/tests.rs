//! The channel's task with real records. Time is a test's: tokio's stands until everybody waits,
//! and channel time until it is moved.

use super::*;
use crate::clock::{Clock, TestClock};
use crate::station::persist;
use crate::station::testing::catalogue;
use crate::storage::Tree;
use crate::timeline::testing::show;
use crate::timeline::{DurationMs, Order, Plan};

/// A directory for records, a clock, and a library that a test changes by hand.
struct Place {
    dir: tempfile::TempDir,
    clock: Arc<TestClock>,
    library: watch::Sender<Arc<Catalogue>>,
}

/// A station that runs there.
struct Running {
    station: Station,
    records: Records,
    closing: watch::Sender<bool>,
}

impl Place {
    fn new(words: &str) -> Self {
        Self {
            dir: tempfile::tempdir().unwrap(),
            clock: TestClock::at(UnixMs::new(1_000)),
            library: watch::Sender::new(catalogue(words)),
        }
    }

    async fn start(&self) -> Running {
        let (records, _) = Records::open(self.dir.path()).unwrap();
        let closing = watch::Sender::new(false);
        let station = Station::with_catalogues(
            records.clone(),
            self.clock.clone(),
            self.library.subscribe(),
            Rules {
                order: Order::Sequential,
                told_ahead: DurationMs::ZERO,
            },
            closing.subscribe(),
        );
        Running {
            station: station.await.unwrap(),
            records,
            closing,
        }
    }

    /// Moves both clocks on by `duration`, ten milliseconds at a time.
    async fn pass(&self, duration: DurationMs) {
        const STEP: DurationMs = DurationMs::new(10);
        for _ in 0..duration.get() / STEP.get() {
            self.clock.advance(STEP);
            tokio::time::advance(STEP.to_std()).await;
        }
    }
}

impl Running {
    fn shows(&self, place: &Place) -> String {
        show(&self.station.snapshot().plan, place.clock.now().get())
    }

    /// Waits for a snapshot with a video called `id`.
    async fn hears_of(&self, id: &str) -> Arc<Snapshot> {
        let id = VideoId::new(id).unwrap();
        let mut snapshots = self.station.subscribe();
        let told = snapshots.wait_for(|told| told.catalogue.position(&id).is_some());
        told.await.unwrap().clone()
    }

    fn kept(&self) -> Plan {
        let record = self.records.get(Tree::Plans, b"main").unwrap().unwrap();
        persist::decode(&record).unwrap()
    }

    async fn stop(self) {
        self.closing.send_replace(true);
        let mut snapshots = self.station.subscribe();
        while snapshots.changed().await.is_ok() {}
        self.records.close();
    }
}

#[tokio::test(start_paused = true)]
async fn the_channel_is_on_the_air_when_the_station_has_started() {
    let place = Place::new("a:10000 b:20000");
    let running = place.start().await;
    assert_eq!(running.shows(&place), "a 1000..11000 +0, b 11000..31000");
    assert_eq!(running.kept(), *running.station.snapshot().plan);
}

#[tokio::test(start_paused = true)]
async fn a_restart_goes_on_at_the_very_millisecond() {
    let place = Place::new("a:10000 b:20000");
    let first = place.start().await;
    place.clock.set(UnixMs::new(15_321));
    let before = first.station.on_air().unwrap();
    first.stop().await;
    let second = place.start().await;
    assert_eq!(second.station.on_air().unwrap(), before);
    place.clock.set(UnixMs::new(1_000 + 30_000 * 1_000_000 + 7));
    assert_eq!(second.station.on_air().unwrap().offset, DurationMs::new(7));
}

#[tokio::test(start_paused = true)]
async fn changes_are_published_when_they_happen() {
    let place = Place::new("a:10000 b:20000");
    let running = place.start().await;
    let told = running.station.snapshot().seq;
    place.pass(DurationMs::new(61_000)).await;
    assert_eq!(
        running.shows(&place),
        "a 61000..71000 +1000, b 71000..91000"
    );
    assert_eq!(running.station.snapshot().seq, told + 4);
    let drift = running.station.drift();
    assert_eq!(drift.count, 4);
    assert!(drift.max_ms <= 10, "{drift:?}");
}

#[tokio::test(start_paused = true)]
async fn what_is_published_is_on_disk() {
    let place = Place::new("a:10000 b:20000");
    let running = place.start().await;
    place
        .library
        .send_replace(catalogue("a:10000 b:20000 c:5000"));
    tokio::task::yield_now().await;
    place.clock.advance(DurationMs::new(2_000));
    let told = running.hears_of("c").await;
    assert_eq!(running.kept(), *told.plan);
    assert_eq!(
        show(&told.plan, 11_000),
        "b 11000..31000 +0, c 31000..36000"
    );
}

#[tokio::test]
async fn a_first_video_is_scheduled_at_once() {
    let place = Place::new("");
    let running = place.start().await;
    assert_eq!(running.station.on_air(), None);
    place.library.send_replace(catalogue("a:10000"));
    let video = VideoId::new("a").unwrap();
    assert_eq!(
        running.station.scheduled(&video).await,
        Some(UnixMs::new(1_000))
    );
    assert!(running.station.on_air().is_some());
}

#[tokio::test(start_paused = true)]
async fn every_video_of_the_plan_has_a_start() {
    let place = Place::new("a:10000 b:20000 w? c:5000");
    let running = place.start().await;
    place.clock.set(UnixMs::new(12_000));
    let id = |id| VideoId::new(id).unwrap();
    let at = |ms| Some(UnixMs::new(ms));
    assert_eq!(running.station.starts_at(&id("b")), at(11_000), "on now");
    assert_eq!(running.station.starts_at(&id("c")), at(31_000));
    assert_eq!(running.station.starts_at(&id("a")), at(36_000));
    assert_eq!(running.station.starts_at(&id("w")), None);
    let starts = running.station.starts();
    assert_eq!(starts.len(), 3);
    assert!(
        starts
            .iter()
            .all(|(id, at)| running.station.starts_at(id) == Some(*at))
    );
}

#[tokio::test(start_paused = true)]
async fn a_broken_record_costs_the_position_and_nothing_else() {
    let place = Place::new("a:10000 b:20000");
    let (records, _) = Records::open(place.dir.path()).unwrap();
    let damaged = records.write(|txn| txn.put(Tree::Plans, b"main", b"{\"version\":1,"));
    damaged.await.unwrap().unwrap();
    records.close();
    let running = place.start().await;
    assert_eq!(running.shows(&place), "a 1000..11000 +0, b 11000..31000");
}

#[tokio::test(start_paused = true)]
async fn the_task_ends_with_the_station() {
    let place = Place::new("a:10000");
    let running = place.start().await;
    running.stop().await;
}
