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
    fn the_guide_ends_at_the_end_of_time() {
        let plan = plan([segment(i64::MAX - 25, "a:10", 0)]);
        assert_eq!(guide(&plan, UnixMs::new(0)).count(), 3);
    }
}
