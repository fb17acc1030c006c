//! The programme guide: `on_air` walked forward, and what has been: the same walked back.

use super::on_air::airing_at;
use super::{Airing, DurationMs, Plan, Segment, UnixMs, next_change};

/// The airings of `plan` from the one that is on at `from`, or else the first after it; endless
/// unless the plan ends off the air.
pub fn guide(plan: &Plan, from: UnixMs) -> impl Iterator<Item = Airing> {
    std::iter::successors(Some(from), |&t| next_change(plan, t)).filter_map(|t| airing_at(plan, t))
}

/// The airings of `plan` that were over at `t`, the latest first, as far back as the plan goes.
pub fn history(plan: &Plan, t: UnixMs) -> impl Iterator<Item = Airing> {
    let since = airing_at(plan, t).map_or(t, |current| current.from);
    std::iter::successors(last_airing_before(plan, since), |airing| {
        last_airing_before(plan, airing.from)
    })
}

/// How a plan goes on from an instant: the same airings again and again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rounds {
    /// After this time every airing comes again.
    pub round: DurationMs,
    /// How many airings a round has.
    pub airings: usize,
    /// When something else begins; `None` if nothing does.
    pub until: Option<UnixMs>,
}

/// The rounds that `plan` is in at `t`; `None` off air.
pub fn rounds(plan: &Plan, t: UnixMs) -> Option<Rounds> {
    let playlist = plan.segment_at(t)?.playlist()?;
    Some(Rounds {
        round: playlist.round(),
        airings: playlist.programmes().len(),
        until: plan.segments_after(t).first().map(Segment::from),
    })
}

/// The last airing that began before `t`, also if the channel has been off the air since.
pub(super) fn last_airing_before(plan: &Plan, t: UnixMs) -> Option<Airing> {
    let started = plan.segments_before(t);
    let last = started
        .iter()
        .rposition(|segment| segment.playlist().is_some())?;
    let went_off = started.get(last + 1).map_or(t, Segment::from);
    airing_at(plan, went_off.minus(DurationMs::new(1)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timeline::testing::{guide_text, off_air, plan, segment};

    #[test]
    fn the_guide_begins_with_what_is_on() {
        let plan = plan([segment(0, "a:10 b:20", 0)]);
        assert_eq!(guide_text(&plan, 12, 3), "b 10..30, a 30..40, b 40..60");
    }

    #[test]
    fn the_guide_steps_over_time_off_the_air_and_ends_with_the_plan() {
        let plan = plan([
            segment(0, "a:10", 0),
            off_air(10),
            segment(50, "b:20", 0),
            off_air(75),
        ]);
        assert_eq!(guide_text(&plan, -5, 9), "a 0..10, b 50..70, b 70..75, off");
        assert_eq!(guide_text(&plan, 10, 1), "b 50..70");
        assert_eq!(guide_text(&plan, 75, 9), "off");
    }

    #[test]
    fn history_is_the_guide_backwards_without_what_is_on() {
        let plan = plan([
            segment(0, "a:10 b:20", 0),
            off_air(45),
            off_air(47),
            segment(50, "c:7", 0),
        ]);
        for t in [0, 9, 10, 44, 45, 49, 50, 56, 57, 80] {
            let past: Vec<_> = history(&plan, UnixMs::new(t)).collect();
            let mut walked: Vec<_> = guide(&plan, UnixMs::new(0))
                .take_while(|airing| airing.to.get() <= t)
                .collect();
            walked.reverse();
            assert_eq!(past, walked, "at {t}");
        }
        assert_eq!(history(&Plan::default(), UnixMs::new(0)).count(), 0);
    }

    #[test]
    fn every_airing_comes_again_after_a_round_until_something_else_begins() {
        let plan = plan([
            segment(0, "a:10 b:20", 1),
            segment(200, "c:7", 0),
            off_air(300),
        ]);
        let at = |t| rounds(&plan, UnixMs::new(t));
        assert_eq!((at(-1), at(300)), (None, None));
        for t in 0..200 {
            let told = at(t).expect("on the air");
            assert_eq!((told.round.get(), told.airings), (30, 2));
            let until = told.until.expect("something else comes");
            assert_eq!(until.get(), 200);
            let again = t + 30;
            if again + 20 < until.get() {
                let (one, two) = (
                    guide(&plan, UnixMs::new(t)),
                    guide(&plan, UnixMs::new(again)),
                );
                for (one, two) in one.zip(two).take_while(|(_, two)| two.to < until) {
                    assert_eq!(one.from.plus(told.round), two.from);
                    assert_eq!(one.programme, two.programme);
                }
            }
        }
        assert_eq!(at(250).expect("on the air").round.get(), 7);
    }

    #[test]
    fn the_guide_ends_at_the_end_of_time() {
        let plan = plan([segment(i64::MAX - 25, "a:10", 0)]);
        assert_eq!(guide(&plan, UnixMs::new(0)).count(), 3);
    }
}
