//! What holds of every channel, whatever is done to it: channels are run through weeks of edits
//! at random instants (from fixed seeds) and looked at from all sides.

use std::collections::BTreeSet;

use onair::station::persist;
use onair::timeline::{
    Airing, DurationMs, Order, Plan, Playlist, Programme, UnixMs, VideoId, guide, next_change,
    on_air,
};
use proptest::prelude::*;
use proptest::sample::subsequence;
use proptest::test_runner::RngSeed;

/// How many videos there are to choose from.
const VIDEOS: usize = 9;

/// What an operator does `wait` after the last time: the playlist is to be `list` (none: off
/// air), and the `vanished` videos' bytes are gone.
#[derive(Debug, Clone)]
struct Edit {
    wait: DurationMs,
    list: Vec<Programme>,
    vanished: BTreeSet<usize>,
}

/// A channel at an instant: before the edit of that instant and after it.
struct Moment {
    now: UnixMs,
    before: Plan,
    after: Plan,
    list: Vec<Programme>,
    vanished: BTreeSet<usize>,
}

impl Moment {
    fn is_gone(&self, airing: &Airing) -> bool {
        is_vanished(&self.vanished, airing.programme.video())
    }
}

fn video(number: usize) -> VideoId {
    VideoId::new(&format!("v{number}")).unwrap()
}

fn is_vanished(vanished: &BTreeSet<usize>, id: &VideoId) -> bool {
    vanished.iter().any(|&number| video(number) == *id)
}

/// From the blink of an eye to a feature film.
fn any_duration() -> BoxedStrategy<DurationMs> {
    let blink = 1..50u64;
    let clip = 1_000..60_000u64;
    prop_oneof![blink, clip, 60_000..10_800_000u64]
        .prop_map(DurationMs::new)
        .boxed()
}

/// Long enough that weeks of them can be written down.
fn feature() -> BoxedStrategy<DurationMs> {
    (1_200_000..10_800_000u64).prop_map(DurationMs::new).boxed()
}

/// At the very instant, within a programme or two, or days later.
fn wait() -> impl Strategy<Value = DurationMs> {
    prop_oneof![0..3u64, 1..20_000_000u64, 1..170_000_000u64].prop_map(DurationMs::new)
}

/// How a playlist is put together.
#[derive(Debug, Clone, Copy)]
enum Listing {
    /// In any order, another each time.
    Reordered,
    /// Videos come and go, the others keep their places: a library.
    InPlace,
}

/// An edit of videos that last `lengths`, but for one whose file may have been replaced by one
/// that lasts `other`.
fn edit(
    lengths: Vec<DurationMs>,
    other: BoxedStrategy<DurationMs>,
    listing: Listing,
) -> impl Strategy<Value = Edit> {
    let numbers = (0..VIDEOS).collect::<Vec<_>>();
    let listed = subsequence(numbers.clone(), 0..=VIDEOS);
    let listed = match listing {
        Listing::Reordered => listed.prop_shuffle().boxed(),
        Listing::InPlace => listed.boxed(),
    };
    let vanished = prop_oneof![
        3 => Just(BTreeSet::new()),
        1 => subsequence(numbers, 0..=VIDEOS).prop_map(BTreeSet::from_iter),
    ];
    let replaced = proptest::option::weighted(0.1, (0..VIDEOS, other));
    (wait(), listed, vanished, replaced).prop_map(move |(wait, listed, vanished, replaced)| {
        let listed = listed
            .into_iter()
            .filter(|number| !vanished.contains(number));
        let list = listed.map(|number| {
            let length = match replaced {
                Some((other, length)) if other == number => length,
                _ => lengths[number],
            };
            Programme::new(video(number), length).unwrap()
        });
        Edit {
            wait,
            list: list.collect(),
            vanished,
        }
    })
}

fn edits(
    duration: BoxedStrategy<DurationMs>,
    listing: Listing,
) -> impl Strategy<Value = Vec<Edit>> {
    proptest::collection::vec(duration.clone(), VIDEOS).prop_flat_map(move |lengths| {
        proptest::collection::vec(edit(lengths, duration.clone(), listing), 1..40)
    })
}

fn any_edits() -> impl Strategy<Value = Vec<Edit>> {
    edits(any_duration(), Listing::Reordered)
}

/// Weeks in the life of a channel.
fn life(edits: &[Edit]) -> Vec<Moment> {
    let mut now = UnixMs::new(1_700_000_000_000);
    let mut plan = Plan::default();
    let moments = edits.iter().map(|edit| {
        now = now.plus(edit.wait);
        let before = plan.clone();
        let list = Playlist::new(edit.list.clone(), Order::Sequential).ok();
        plan = before.edited(list, &|id| is_vanished(&edit.vanished, id), now, now);
        Moment {
            now,
            before,
            after: plan.clone(),
            list: edit.list.clone(),
            vanished: edit.vanished.clone(),
        }
    });
    moments.collect()
}

/// The channel as it was lived: what was really on, with the plan each moment had.
fn broadcast(moments: &[Moment]) -> Vec<(UnixMs, VideoId)> {
    let mut log: Vec<(UnixMs, VideoId)> = Vec::new();
    for (place, moment) in moments.iter().enumerate() {
        let until = match moments.get(place + 1) {
            Some(next) => next.now,
            None => moment.now.plus(DurationMs::new(86_400_000)),
        };
        let airings = guide(&moment.after, moment.now).take_while(|airing| airing.from < until);
        for airing in airings {
            let entry = (airing.from, airing.programme.video().clone());
            if log.last() != Some(&entry) {
                log.push(entry);
            }
        }
    }
    log
}

/// The videos that were in every list from before `from` until `to`.
fn listed_throughout(moments: &[Moment], from: UnixMs, to: UnixMs) -> BTreeSet<VideoId> {
    let before = moments.partition_point(|moment| moment.now < from);
    let lists = moments[before.saturating_sub(1)..].iter();
    let lists = lists.take_while(|moment| moment.now <= to);
    lists
        .map(|moment| moment.list.iter().map(|p| p.video().clone()).collect())
        .reduce(|all: BTreeSet<_>, list| &all & &list)
        .unwrap_or_default()
}

/// The airings of `plan` as a player without this crate's arithmetic would play them: one after
/// another, adding up durations.
fn played_by_hand(plan: &Plan, most: usize) -> Vec<(i64, i64, VideoId)> {
    let mut played = Vec::new();
    for (place, segment) in plan.segments().iter().enumerate() {
        let end_ms = plan.segments().get(place + 1).map(|next| next.from().get());
        let Some(playlist) = segment.playlist() else {
            continue;
        };
        let mut at_ms = segment.from().get();
        let rounds = playlist
            .programmes()
            .iter()
            .cycle()
            .skip(segment.first_index());
        for programme in rounds {
            if played.len() == most || end_ms.is_some_and(|end_ms| at_ms >= end_ms) {
                break;
            }
            let natural_ms = at_ms + i64::try_from(programme.duration().get()).unwrap();
            let to_ms = end_ms.map_or(natural_ms, |end_ms| natural_ms.min(end_ms));
            played.push((at_ms, to_ms, programme.video().clone()));
            at_ms = to_ms;
        }
    }
    played
}

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        rng_seed: RngSeed::Fixed(0x0a17),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config(200))]

    #[test]
    fn there_is_no_gap_and_no_overlap(edits in any_edits()) {
        for moment in life(&edits) {
            let airings: Vec<_> = guide(&moment.after, moment.now).take(100).collect();
            for airing in &airings {
                prop_assert!(airing.from < airing.to);
                prop_assert!(airing.to.since(airing.from) <= airing.programme.duration());
            }
            for pair in airings.windows(2) {
                let (ends, starts) = (pair[0].to, pair[1].from);
                prop_assert!(ends <= starts, "overlap");
                prop_assert!(ends == starts || on_air(&moment.after, ends).is_none(), "gap");
            }
        }
    }

    #[test]
    fn the_guide_is_what_is_played(edits in any_edits()) {
        for moment in life(&edits) {
            let plan = &moment.after;
            let airings: Vec<_> = guide(plan, moment.now).take(40).collect();
            for (place, airing) in airings.iter().enumerate() {
                let length_ms = airing.to.since(airing.from).get();
                for into_ms in [0, length_ms / 2, length_ms - 1] {
                    let shown = on_air(plan, airing.from.plus(DurationMs::new(into_ms))).unwrap();
                    prop_assert_eq!(&shown.current, airing);
                    prop_assert_eq!(shown.offset.get(), into_ms);
                    prop_assert!(shown.offset < airing.programme.duration());
                    if let Some(follows) = airings.get(place + 1).filter(|a| a.from == airing.to) {
                        prop_assert_eq!(shown.next.as_ref(), Some(follows));
                    }
                }
            }
        }
    }

    #[test]
    fn the_guide_is_what_adding_up_durations_gives(edits in any_edits()) {
        for moment in life(&edits) {
            let Some(first) = moment.after.segments().first() else { continue };
            let by_hand = played_by_hand(&moment.after, 300);
            let guide = guide(&moment.after, first.from()).take(by_hand.len());
            let guide = guide.map(|airing| {
                (airing.from.get(), airing.to.get(), airing.programme.video().clone())
            });
            prop_assert_eq!(guide.collect::<Vec<_>>(), by_hand);
        }
    }

    #[test]
    fn an_edit_moves_nothing_that_viewers_were_told(edits in any_edits()) {
        for moment in life(&edits) {
            let Some(told) = on_air(&moment.before, moment.now) else { continue };
            let shown = on_air(&moment.after, moment.now);
            let next_stays = told.next.as_ref().is_some_and(|next| !moment.is_gone(next));
            if !moment.is_gone(&told.current) {
                let shown = shown.unwrap();
                prop_assert_eq!(&shown.current, &told.current);
                prop_assert_eq!(shown.offset, told.offset);
                if next_stays {
                    prop_assert_eq!(shown.next, told.next);
                }
            } else if next_stays && !moment.list.is_empty() {
                let (shown, next) = (shown.unwrap().current, told.next.unwrap());
                prop_assert_eq!(shown.from, moment.now);
                if moment.list.iter().any(|p| p.video() == next.programme.video()) {
                    prop_assert_eq!(shown.programme.video(), next.programme.video());
                }
            }
        }
    }

    #[test]
    fn an_edit_rules_from_the_end_of_what_was_told(edits in any_edits()) {
        for moment in life(&edits) {
            let told_until = match on_air(&moment.before, moment.now) {
                Some(told) => told.next.unwrap_or(told.current).to,
                None => moment.now,
            };
            let later: Vec<_> = guide(&moment.after, told_until.max(moment.now)).take(30).collect();
            prop_assert_eq!(later.is_empty(), moment.list.is_empty());
            for airing in later {
                prop_assert!(!moment.is_gone(&airing));
                prop_assert!(moment.list.contains(&airing.programme));
            }
        }
    }

    #[test]
    fn the_same_edit_again_changes_nothing(edits in any_edits(), later in wait()) {
        for moment in life(&edits) {
            let list = Playlist::new(moment.list.clone(), Order::Sequential).ok();
            let gone = |id: &VideoId| is_vanished(&moment.vanished, id);
            for now in [moment.now, moment.now.plus(later)] {
                prop_assert_eq!(&moment.after.edited(list.clone(), &gone, now, now), &moment.after);
            }
        }
    }

    #[test]
    fn a_restart_at_any_instant_gives_the_same_answer(edits in any_edits(), later in wait()) {
        for moment in life(&edits) {
            let reloaded = persist::decode(&persist::encode(&moment.after)).unwrap();
            prop_assert_eq!(&reloaded, &moment.after);
            for t in [moment.now, moment.now.plus(later)] {
                prop_assert_eq!(on_air(&reloaded, t), on_air(&moment.after, t));
                prop_assert_eq!(next_change(&reloaded, t), next_change(&moment.after, t));
            }
        }
    }

    #[test]
    fn nothing_changes_before_the_next_change(edits in any_edits(), back in wait()) {
        for moment in life(&edits) {
            let current = |t| on_air(&moment.after, t).map(|shown| shown.current);
            for t in [moment.now.minus(back), moment.now, moment.now.plus(back)] {
                let Some(change) = next_change(&moment.after, t) else {
                    prop_assert_eq!(current(t), None);
                    prop_assert_eq!(current(UnixMs::new(4_000_000_000_000)), None);
                    continue;
                };
                prop_assert!(change > t);
                let halfway = t.plus(DurationMs::new(change.since(t).get() / 2));
                prop_assert_eq!(current(halfway), current(t));
                prop_assert_eq!(current(change.minus(DurationMs::new(1))), current(t));
                prop_assert_ne!(current(change), current(t));
            }
        }
    }

    /// Nobody is skipped or repeated because of others who come and go.
    #[test]
    fn whoever_stays_in_the_list_has_one_turn_a_round(
        edits in edits(feature(), Listing::InPlace),
    ) {
        let moments = life(&edits);
        let log = broadcast(&moments);
        for (place, (from, id)) in log.iter().enumerate() {
            let rest = &log[place + 1..];
            let Some(again) = rest.iter().position(|(_, other)| other == id) else { continue };
            let stayed = listed_throughout(&moments, *from, rest[again].0);
            for other in stayed.iter().filter(|other| *other != id && stayed.contains(id)) {
                let turns = rest[..again].iter().filter(|(_, aired)| aired == other).count();
                prop_assert_eq!(turns, 1, "{} between two of {} from {:?}", other, id, from);
            }
        }
    }

    #[test]
    fn every_instant_has_an_answer(edits in any_edits(), t in any::<i64>()) {
        let moments = life(&edits);
        let plan = &moments.last().unwrap().after;
        for t in [t, i64::MIN, i64::MAX].map(UnixMs::new) {
            if let Some(shown) = on_air(plan, t) {
                prop_assert!(shown.offset < shown.current.programme.duration());
                prop_assert!(shown.current.from <= t);
            }
            prop_assert!(next_change(plan, t).is_none_or(|change| change > t));
            let after = plan.edited(None, &|_| false, t, t);
            prop_assert!(after.segments().len() <= plan.segments().len() + 1);
        }
    }
}
