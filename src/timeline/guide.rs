//! The programme guide: `on_air` walked forward.

use super::on_air::airing_at;
use super::{Airing, Plan, UnixMs, next_change};

/// The airings of `plan` from the one that is on at `from`, or else the first after it; endless
/// unless the plan ends off the air.
pub fn guide(plan: &Plan, from: UnixMs) -> impl Iterator<Item = Airing> {
    std::iter::successors(Some(from), |&t| next_change(plan, t)).filter_map(|t| airing_at(plan, t))
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
    fn the_guide_ends_at_the_end_of_time() {
        let plan = plan([segment(i64::MAX - 25, "a:10", 0)]);
        assert_eq!(guide(&plan, UnixMs::new(0)).count(), 3);
    }
}
