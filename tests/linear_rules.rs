//! Days in the life of a channel: its playlists keep to RFC 8216bis at every instant.

#[path = "support/hls.rs"]
mod hls;
#[path = "support/tables.rs"]
mod tables;

use std::collections::HashMap;

use hls::Checker;
use onair::linear::{Container, LISTED_AHEAD, Missing, Window, media_playlist};
use onair::media::Package;
use onair::timeline::{
    Airing, DurationMs, Order, Plan, Playlist, Programme, UnixMs, Version, VideoId, guide,
};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tables::package;

const DAY_MS: i64 = 24 * 3600 * 1000;
const RATES: [(u64, u64); 4] = [(25, 1), (24_000, 1001), (30_000, 1001), (60, 1)];

/// A channel whose library changes.
struct World {
    random: StdRng,
    now: UnixMs,
    plan: Plan,
    packages: HashMap<Programme, Package>,
    library: Vec<Programme>,
    made: u32,
}

impl World {
    fn new(seed: u64) -> Self {
        Self {
            random: StdRng::seed_from_u64(seed),
            now: UnixMs::new(1_795_268_000_123),
            plan: Plan::default(),
            packages: HashMap::new(),
            library: Vec::new(),
            made: 0,
        }
    }

    /// A video of a second or two hours, or a better version of one that is there.
    fn arrive(&mut self) {
        let rate = RATES[self.random.random_range(0..RATES.len())];
        let most_s = [2, 8, 60, 7200][self.random.random_range(0..4)];
        let frames = self.random.random_range(1..=most_s * rate.0 / rate.1);
        let package = package(frames, rate);
        self.made += 1;
        let id = VideoId::new(&format!("v{}", self.made)).unwrap();
        let length = DurationMs::new(package.duration_ms.max(1));
        let version = Version::new(self.random.random_range(0..3));
        let programme = Programme::of_version(id, version, length).unwrap();
        let programme = match (version, self.random.random_range(0..2)) {
            (Version::ORIGINAL, 0) => return self.library.push(programme),
            // A file that came, which the stream shows as another.
            (Version::ORIGINAL, _) => programme.streamed_as(Version::new(1)),
            _ => programme.seamless(),
        };
        self.packages.insert(programme.clone(), package);
        match self.random.random_range(0..4) {
            0 if !self.library.is_empty() => {
                let place = self.random.random_range(0..self.library.len());
                self.library[place] = programme;
            }
            _ => self.library.push(programme),
        }
    }

    fn leave(&mut self) {
        if !self.library.is_empty() {
            let place = self.random.random_range(0..self.library.len());
            self.library.remove(place);
        }
    }

    /// Takes over what the library has; if something that players were told of had to be cut for that,
    /// says when.
    fn edit(&mut self) -> Option<UnixMs> {
        let listed = self.library.clone();
        let is_gone = |id: &VideoId| !listed.iter().any(|programme| programme.video() == id);
        let list = Playlist::new(listed.clone(), Order::Sequential).ok();
        let told_until = self.now.plus(LISTED_AHEAD).plus(DurationMs::new(2000));
        let edited = self.plan.edited(list, &is_gone, self.now, told_until);
        let before = std::mem::replace(&mut self.plan, edited);
        let told = |plan: &Plan| -> Vec<Airing> {
            let airings = guide(plan, self.now);
            airings
                .take_while(|airing| airing.from < told_until)
                .collect()
        };
        let (before, after) = (told(&before), told(&self.plan));
        let same = before
            .iter()
            .zip(&after)
            .take_while(|(b, a)| b == a)
            .count();
        let changed = before.get(same)?;
        let had_to = before
            .iter()
            .any(|airing| is_gone(airing.programme.video()));
        assert!(had_to, "{before:#?} {after:#?}");
        // Another in its place, or the same but cut short.
        let instead = after.get(same);
        Some(match instead.filter(|airing| airing.from == changed.from) {
            Some(airing) if airing.programme == changed.programme => airing.to.min(changed.to),
            Some(airing) => airing.from,
            None => instead.map_or(self.now, |airing| {
                airing.from.min(changed.from).max(self.now)
            }),
        })
    }

    fn playlist(&self, rendition: (Container, Missing), window: Window) -> Option<String> {
        let package = |programme: &Programme| self.packages.get(programme);
        let (container, missing) = rendition;
        let rendition = ("360", container, missing);
        media_playlist(rendition, (&self.plan, self.now), window, &package)
    }
}

#[test]
fn playlists_keep_to_the_rules_for_days_of_edits() {
    for seed in 0..4 {
        let mut world = World::new(seed);
        let end = world.now.get() + DAY_MS;
        let depth = DurationMs::new(60_000);
        let near = Window {
            depth,
            ahead: DurationMs::new(6_000),
        };
        let far = Window {
            depth,
            ahead: LISTED_AHEAD,
        };
        let renditions = [
            ((Container::Picture, Missing::Gap), far),
            ((Container::Sound, Missing::Gap), far),
            ((Container::Picture, Missing::Slate), near),
            ((Container::Sound, Missing::Slate), near),
            ((Container::Ts, Missing::Slate), near),
        ];
        let mut checkers: [Checker; 5] = Default::default();
        let (mut programmes, mut gaps, mut slates) = (0, 0, 0);
        while world.now.get() < end {
            match world.random.random_range(0..100) {
                0..3 => world.arrive(),
                3..5 => world.leave(),
                _ => {}
            }
            let cut = world.edit();
            for (checker, (rendition, window)) in checkers.iter_mut().zip(renditions) {
                if let Some(cut) = cut {
                    checker.cut(cut.get());
                }
                let Some(text) = world.playlist(rendition, window) else {
                    continue;
                };
                checker.check(&text);
                for entry in &checker.last().entries {
                    let is_slate = entry.uri.starts_with("360/slate-");
                    *match (entry.is_gap, is_slate) {
                        (true, _) => &mut gaps,
                        (_, true) => &mut slates,
                        _ => &mut programmes,
                    } += 1;
                    // Whoever has nothing else to show is left without only for a moment.
                    let has_slates = rendition.1 == Missing::Slate;
                    assert!(!(entry.is_gap && has_slates) || entry.duration_s < 0.1);
                }
            }
            let wait_ms = world.random.random_range(1..50_000);
            world.now = world.now.plus(DurationMs::new(wait_ms));
        }
        assert!(
            [programmes, gaps, slates].iter().all(|count| *count > 1000),
            "{seed}: {programmes} {gaps} {slates}"
        );
    }
}

#[test]
fn nothing_is_listed_that_has_never_been_on_the_air() {
    let world = World::new(0);
    let window = Window {
        depth: DurationMs::new(60_000),
        ahead: LISTED_AHEAD,
    };
    assert_eq!(
        world.playlist((Container::Picture, Missing::Slate), window),
        None
    );
}
