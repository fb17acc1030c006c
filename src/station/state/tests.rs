//! A channel, its library and its disk on one simulated clock that jumps from event to event.

use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use super::*;
use crate::station::testing::catalogue;
use crate::timeline::Airing;
use crate::timeline::testing::{plan, segment, show};

/// A channel with a disk that takes its time.
struct World {
    channel: ChannelState,
    now: UnixMs,
    disk: Arc<Plan>,
    write_takes: DurationMs,
    disk_is_full: bool,
    writing: Option<(UnixMs, Arc<Plan>)>,
    writes: usize,
    published: Vec<(UnixMs, Arc<Snapshot>)>,
    lates: Vec<u64>,
}

impl World {
    /// A station that starts at 0 with `disk` kept and `words` in the library.
    fn start(disk: Plan, words: &str) -> Self {
        let disk = Arc::new(disk);
        let now = UnixMs::new(0);
        let rules = Rules {
            order: Order::Sequential,
            told_ahead: DurationMs::ZERO,
        };
        let channel = ChannelState::new((*disk).clone(), catalogue(words), rules, now);
        let mut world = Self {
            channel,
            now,
            disk,
            write_takes: DurationMs::new(10),
            disk_is_full: false,
            writing: None,
            writes: 0,
            published: Vec::new(),
            lates: Vec::new(),
        };
        world.happen(Input::Woke);
        world
    }

    fn happen(&mut self, input: Input) {
        let step = self.channel.handle(self.now, input);
        if let Some(plan) = step.save {
            assert!(self.writing.is_none(), "one write at a time");
            self.writing = Some((self.now.plus(self.write_takes), plan));
        }
        if let Some(snapshot) = step.publish {
            assert_eq!(snapshot.seq, self.channel.told().seq);
            self.published.push((self.now, snapshot));
        }
        self.lates.extend(step.late.map(DurationMs::get));
    }

    /// Lets time go by until `ms`, waking the channel when it asked for it.
    fn run_until(&mut self, ms: i64) {
        let end = UnixMs::new(ms);
        loop {
            let written = self.writing.as_ref().map(|(at, _)| *at);
            let next = self.channel.deadline().into_iter().chain(written).min();
            let Some(next) = next.filter(|&at| at <= end) else {
                break;
            };
            self.now = next.max(self.now);
            let Some((_, plan)) = self.writing.take_if(|(at, _)| *at <= self.now) else {
                self.happen(Input::Woke);
                continue;
            };
            if self.disk_is_full {
                self.happen(Input::NotSaved);
            } else {
                self.disk = plan;
                self.writes += 1;
                self.happen(Input::Saved);
            }
        }
        self.now = end;
    }

    fn library_is(&mut self, words: &str) {
        self.happen(Input::Catalogue(catalogue(words)));
    }

    fn shows(&self) -> String {
        show(&self.channel.told().plan, self.now.get())
    }

    fn seq(&self) -> u64 {
        self.channel.told().seq
    }
}

fn two_videos() -> Plan {
    plan([segment(0, "a:10000 b:10000", 0)])
}

#[test]
fn a_first_start_is_on_the_air_once_the_plan_is_on_disk() {
    let mut world = World::start(Plan::default(), "a:10000 b:10000");
    world.run_until(9);
    assert_eq!(world.shows(), "off");
    world.run_until(10);
    assert_eq!(world.shows(), "a 0..10000 +10, b 10000..20000");
    assert_eq!(*world.disk, *world.channel.told().plan);
}

#[test]
fn a_restart_with_the_same_videos_writes_nothing_and_goes_on() {
    let mut world = World::start(two_videos(), "a:10000 b:10000");
    world.run_until(12_000);
    assert_eq!(world.shows(), "b 10000..20000 +2000, a 20000..30000");
    assert_eq!(world.writes, 0);
}

#[test]
fn every_change_of_programme_is_told_on_time() {
    let mut world = World::start(two_videos(), "a:10000 b:10000");
    world.run_until(35_000);
    let told: Vec<_> = world
        .published
        .iter()
        .map(|(at, told)| (at.get(), told.seq))
        .collect();
    assert_eq!(told, [(10_000, 2), (20_000, 3), (30_000, 4)]);
    assert_eq!(world.lates, [0, 0, 0]);
}

#[test]
fn a_channel_that_slept_too_long_says_how_late_it_is() {
    let mut world = World::start(two_videos(), "a:10000 b:10000");
    world.now = UnixMs::new(25_000);
    world.happen(Input::Woke);
    assert_eq!(world.lates, [15_000]);
    assert_eq!(world.shows(), "a 20000..30000 +5000, b 30000..40000");
    assert_eq!(world.seq(), 2);
}

#[test]
fn a_burst_of_a_hundred_files_is_one_edit() {
    let mut world = World::start(two_videos(), "a:10000 b:10000");
    world.run_until(1_000);
    let mut words = "a:10000 b:10000".to_owned();
    for file in 1..=100 {
        words.push_str(&format!(" n{file}:500"));
        world.library_is(&words);
        world.run_until(1_000 + file * 10);
    }
    world.run_until(8_000);
    assert_eq!((world.writes, world.published.len()), (1, 1));
    world.run_until(19_000);
    assert_eq!(world.shows(), "b 10000..20000 +9000, n1 20000..20500");
}

#[test]
fn a_library_that_is_never_quiet_is_taken_after_two_seconds() {
    let mut world = World::start(two_videos(), "a:10000 b:10000");
    for tenth in 1..=25 {
        world.library_is(&format!("a:10000 b:10000 c:{tenth}"));
        world.run_until(tenth * 100);
    }
    assert_eq!(world.writes, 1);
}

#[test]
fn an_empty_channel_does_not_wait_for_quiet() {
    let mut world = World::start(Plan::default(), "");
    world.run_until(5_000);
    world.library_is("a?");
    world.run_until(5_100);
    assert_eq!(world.shows(), "off");
    world.library_is("a? b:10000");
    world.run_until(5_110);
    assert_eq!(world.shows(), "b 5100..15100 +10, b 15100..25100");
}

#[test]
fn news_that_do_not_touch_the_plan_are_told_without_a_write() {
    let mut world = World::start(two_videos(), "a:10000 b:10000");
    world.library_is("a:10000 b:10000 c?");
    world.run_until(3_000);
    assert_eq!((world.writes, world.seq()), (0, 2));
    assert_eq!(world.channel.told().catalogue.videos().len(), 3);
}

#[test]
fn a_vanished_video_is_cut() {
    let mut world = World::start(two_videos(), "a:10000 b:10000");
    world.run_until(3_000);
    world.library_is("b:10000");
    world.run_until(3_510);
    assert_eq!(world.shows(), "b 3500..13500 +10, b 13500..23500");
}

#[test]
fn while_the_disk_takes_nothing_the_old_plan_goes_on() {
    let mut world = World::start(two_videos(), "a:10000 b:10000");
    world.disk_is_full = true;
    world.library_is("a:10000 b:10000 c:10000");
    world.run_until(22_000);
    assert_eq!(world.shows(), "a 20000..30000 +2000, b 30000..40000");
    world.disk_is_full = false;
    world.run_until(41_000);
    assert_eq!(world.shows(), "c 40000..50000 +1000, a 50000..60000");
    assert_eq!(*world.disk, *world.channel.told().plan);
}

#[test]
fn a_plan_outrun_by_the_programme_is_made_anew() {
    let mut world = World::start(two_videos(), "a:10000 b:10000");
    world.write_takes = DurationMs::new(3_000);
    world.run_until(9_000);
    // Decided while a is on and b announced, on disk when b is on and a announced.
    world.library_is("a:10000 b:10000 c:10000");
    world.run_until(13_000);
    assert_eq!(world.shows(), "b 10000..20000 +3000, a 20000..30000");
    world.run_until(20_000);
    assert_eq!(world.shows(), "a 20000..30000 +0, b 30000..40000");
    assert_eq!(world.writes, 2);
    world.run_until(41_000);
    assert_eq!(world.shows(), "c 40000..50000 +1000, a 50000..60000");
}

#[test]
fn an_outrun_plan_does_not_stay_on_disk_when_the_edit_is_taken_back() {
    let mut world = World::start(two_videos(), "a:10000 b:10000");
    world.write_takes = DurationMs::new(3_000);
    world.run_until(9_000);
    world.library_is("a:10000 b:10000 c:10000");
    world.run_until(11_000);
    world.library_is("a:10000 b:10000");
    world.run_until(20_000);
    assert_eq!(*world.disk, two_videos());
}

#[test]
fn a_disk_slower_than_every_programme_is_not_waited_for_without_end() {
    let mut world = World::start(plan([segment(0, "a:40", 0)]), "a:40");
    world.write_takes = DurationMs::new(90);
    world.library_is("a:40 b:10000");
    world.run_until(2_000);
    assert_eq!(world.channel.told().plan.segments().len(), 2);
}

/// After `wait_ms` the library has these of ten videos, and the disk takes `write_ms`.
#[derive(Debug, Clone)]
struct Event {
    wait_ms: i64,
    videos: Vec<usize>,
    write_ms: u64,
}

fn event() -> impl Strategy<Value = Event> {
    let videos = proptest::sample::subsequence((0..10).collect::<Vec<_>>(), 0..=10);
    (0..90_000i64, videos, 0..12_000u64).prop_map(|(wait_ms, videos, write_ms)| Event {
        wait_ms,
        videos,
        write_ms,
    })
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 100,
        rng_seed: RngSeed::Fixed(0x0a17),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    /// However slow the disk and whenever the library changes: from one snapshot to the next,
    /// what viewers were told moves only if its video is gone; and a crash at any instant finds
    /// on disk what viewers see.
    #[test]
    fn viewers_see_what_they_were_told(events in proptest::collection::vec(event(), 1..30)) {
        let mut world = World::start(Plan::default(), "v0:20000 v1:35000");
        let mut last = world.channel.told().clone();
        for event in events {
            world.write_takes = DurationMs::new(event.write_ms);
            let words = event.videos.iter().map(|n| format!("v{n}:{} ", 20_000 + n * 5_000));
            world.library_is(&words.collect::<String>());
            world.run_until(world.now.get() + event.wait_ms);
            for (at, snapshot) in world.published.drain(..) {
                prop_assert_eq!(snapshot.seq, last.seq + 1);
                let stays = |airing: &Airing| {
                    snapshot.catalogue.position(airing.programme.video()).is_some()
                };
                if let Some(told) = on_air(&last.plan, at)
                    && stays(&told.current)
                {
                    let seen = on_air(&snapshot.plan, at).unwrap();
                    prop_assert_eq!(&seen.current, &told.current);
                    if told.next.as_ref().is_some_and(stays) {
                        prop_assert_eq!(seen.next, told.next);
                    }
                }
                last = snapshot;
            }
            if world.writing.is_none() {
                prop_assert_eq!(on_air(&last.plan, world.now), on_air(&world.disk, world.now));
            }
        }
    }
}
