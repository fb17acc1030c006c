//! The channel as one connection that never ends: which slice a viewer is sent next, and when.

use super::window::settled_slices;
use crate::timeline::{DurationMs, Plan, Stretch, UnixMs, stretches};

/// A slice is sent so long before it is on: whoever comes gets a few seconds at once, and has them in hand from
/// then on. Players that show them as they come are a little behind the moment by that; none can be ahead of it.
const SENT_AHEAD: DurationMs = DurationMs::new(4_000);
/// Whoever reads so slowly that the next slice began this long ago goes on with what is on now. Off the air, where
/// slices are told of late, everybody is up to 4.1 s behind.
const MOST_BEHIND: DurationMs = DurationMs::new(5_000);
/// How long to wait at most before looking again: what comes after the end of all plans nobody knows.
const LOOK_AGAIN: DurationMs = DurationMs::new(1_000);

/// Where one viewer is in the endless stream.
#[derive(Debug, Default)]
pub struct Playhead {
    /// When the slice begins that is next.
    at: Option<UnixMs>,
}

/// What to do next for a viewer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Turn {
    /// Send that slice of what is on, or of time off the air.
    Send {
        /// What is on.
        stretch: Stretch,
        /// Which of its slices.
        index: u64,
    },
    /// Ask again after that long at most.
    Wait(DurationMs),
}

impl Playhead {
    /// What is to be done at `now`, after everything before was done.
    pub fn next(&mut self, plan: &Plan, now: UnixMs) -> Turn {
        let at = self.at.filter(|&at| now.since(at) < MOST_BEHIND);
        let Some(stretch) = stretches(plan, at.unwrap_or(now)).next() else {
            return Turn::Wait(LOOK_AGAIN);
        };
        let index = match (at, settled_slices(&stretch, now)) {
            // Whoever comes while nothing is on is shown at once that nothing is.
            (None, Some(settled)) => settled.saturating_sub(1),
            _ => stretch.slice_at(at.unwrap_or(now)),
        };
        if settled_slices(&stretch, now).is_some_and(|settled| index >= settled) {
            return Turn::Wait(LOOK_AGAIN);
        }
        let (from, to) = stretch.slice(index);
        let early = from.minus(SENT_AHEAD).since(now);
        if early > DurationMs::ZERO {
            return Turn::Wait(early.min(LOOK_AGAIN));
        }
        self.at = Some(to);
        Turn::Send { stretch, index }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timeline::testing::{off_air, plan, segment};

    /// What a viewer is sent at each of these moments, like `a0 a1 b0`, and how long they wait then.
    fn sent(playhead: &mut Playhead, plan: &Plan, now_ms: i64) -> String {
        let mut words = Vec::new();
        loop {
            match playhead.next(plan, UnixMs::new(now_ms)) {
                Turn::Send { stretch, index } => {
                    let airing = stretch.airing.as_ref();
                    let name = airing.map_or("-", |on| on.programme.video().as_str());
                    words.push(format!("{name}{index}"));
                }
                Turn::Wait(wait) => {
                    words.push(format!("+{}", wait.get()));
                    return words.join(" ");
                }
            }
        }
    }

    #[test]
    fn a_viewer_gets_some_seconds_at_once_and_then_a_slice_when_it_is_due() {
        let plan = plan([segment(0, "a:6000 b:5000", 0)]);
        let mut playhead = Playhead::default();
        assert_eq!(sent(&mut playhead, &plan, 3_000), "a1 b0 +1000");
        assert_eq!(sent(&mut playhead, &plan, 3_999), "+1");
        assert_eq!(sent(&mut playhead, &plan, 4_000), "b1 +1000");
        assert_eq!(sent(&mut playhead, &plan, 6_999), "+1");
        assert_eq!(sent(&mut playhead, &plan, 7_000), "a0 +1000");
    }

    #[test]
    fn a_slow_reader_is_skipped_to_what_is_on() {
        let plan = plan([segment(0, "a:10000", 0)]);
        let mut playhead = Playhead::default();
        assert_eq!(sent(&mut playhead, &plan, 0), "a0 a1 a2 +1000");
        // The next begins at 6,000: that is not too late yet.
        assert_eq!(
            playhead.next(&plan, UnixMs::new(9_999)),
            at_slice(&plan, 9_999, 3)
        );
        assert_eq!(
            playhead.next(&plan, UnixMs::new(27_000)),
            at_slice(&plan, 27_000, 3)
        );
    }

    fn at_slice(plan: &Plan, now_ms: i64, index: u64) -> Turn {
        let stretch = stretches(plan, UnixMs::new(now_ms)).next().unwrap();
        Turn::Send { stretch, index }
    }

    #[test]
    fn the_end_of_what_is_cut_short_has_its_turn_too() {
        let plan = plan([segment(0, "a:10000", 0), segment(3_000, "b:5000", 0)]);
        let mut playhead = Playhead::default();
        assert_eq!(sent(&mut playhead, &plan, 0), "a0 a1 b0 +1000");
    }

    #[test]
    fn off_the_air_as_much_is_sent_as_no_edit_can_change() {
        let mut playhead = Playhead::default();
        assert_eq!(sent(&mut playhead, &Plan::default(), 0), "+1000");
        let some_time = plan([
            segment(0, "a:2000", 0),
            off_air(2_000),
            segment(30_000, "b:5000", 0),
        ]);
        assert_eq!(sent(&mut playhead, &some_time, 1_000), "a0 -0 -1 +1000");
        let mut playhead = Playhead::default();
        assert_eq!(sent(&mut playhead, &some_time, 25_500), "-11 -12 +500");
        assert_eq!(sent(&mut playhead, &some_time, 26_000), "b0 +1000");

        let for_good = plan([segment(0, "a:2000", 0), off_air(2_000)]);
        let mut playhead = Playhead::default();
        assert_eq!(sent(&mut playhead, &for_good, 0), "a0 +1000");
        assert_eq!(sent(&mut playhead, &for_good, 6_099), "+1000");
        assert_eq!(sent(&mut playhead, &for_good, 6_100), "-0 +1000");
        assert_eq!(sent(&mut playhead, &for_good, 8_099), "+1000");
        assert_eq!(sent(&mut playhead, &for_good, 8_100), "-1 +1000");
        // Something comes as soon as it may: what was left of the time off the air is sent with it.
        let again = plan([
            segment(0, "a:2000", 0),
            off_air(2_000),
            segment(10_000, "b:5000", 0),
        ]);
        assert_eq!(sent(&mut playhead, &again, 9_900), "-2 b0 b1 +1000");
        // Whoever comes in between is shown at once that nothing is on.
        let mut late = Playhead::default();
        assert_eq!(sent(&mut late, &for_good, 60_000), "-26 +1000");
    }
}
