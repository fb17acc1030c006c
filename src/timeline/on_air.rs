//! What is on at an instant, and when that changes.

use super::{DurationMs, Plan, Programme, UnixMs};

/// One playing of a programme, from its first frame to its last or to a cut.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Airing {
    /// What plays.
    pub programme: Programme,
    /// Its place in the playlist of its segment.
    pub index: usize,
    /// When it starts.
    pub from: UnixMs,
    /// When it ends: after its duration, or sooner where the next segment cuts it.
    pub to: UnixMs,
}

/// What a channel shows at an instant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OnAir {
    /// What plays now.
    pub current: Airing,
    /// How far into it the channel is; less than its duration.
    pub offset: DurationMs,
    /// What starts at `current.to`; `None` if the channel goes off the air then.
    pub next: Option<Airing>,
}

/// What `plan` shows at `t`; `None` off air. O(log n) in segments and programmes.
pub fn on_air(plan: &Plan, t: UnixMs) -> Option<OnAir> {
    let current = airing_at(plan, t)?;
    // At the end of time, where `to` saturates, an airing would be its own successor.
    let next = airing_at(plan, current.to).filter(|next| next.from > current.from);
    Some(OnAir {
        offset: t.since(current.from),
        current,
        next,
    })
}

/// The first instant after `t` at which another airing starts or the channel goes off the air;
/// `None` if it never does.
pub fn next_change(plan: &Plan, t: UnixMs) -> Option<UnixMs> {
    match airing_at(plan, t) {
        Some(current) => Some(current.to).filter(|&to| to < UnixMs::MAX),
        None => plan
            .segments_after(t)
            .iter()
            .find(|segment| segment.playlist().is_some())
            .map(|segment| segment.from()),
    }
}

/// The airing that covers `t`.
pub(super) fn airing_at(plan: &Plan, t: UnixMs) -> Option<Airing> {
    let segment = plan.segment_at(t)?;
    let playlist = segment.playlist()?;
    let (index, offset) = playlist.position(segment.first_index(), t.since(segment.from()));
    let programme = playlist.programmes()[index].clone();
    let from = t.minus(offset);
    let natural_end = from.plus(programme.duration());
    let to = match plan.segments_after(t).first() {
        Some(next) => natural_end.min(next.from()),
        None => natural_end,
    };
    Some(Airing {
        programme,
        index,
        from,
        to,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timeline::testing::{off_air, plan, segment, show};

    #[test]
    fn a_plan_without_segments_is_never_on_the_air() {
        for t in [i64::MIN, 0, i64::MAX] {
            assert_eq!(on_air(&Plan::default(), UnixMs::new(t)), None);
            assert_eq!(next_change(&Plan::default(), UnixMs::new(t)), None);
        }
    }

    #[test]
    fn nothing_is_on_before_the_first_segment() {
        let plan = plan([segment(100, "a:10 b:20", 0)]);
        assert_eq!(show(&plan, 99), "off");
        assert_eq!(next_change(&plan, UnixMs::new(0)), Some(UnixMs::new(100)));
        assert_eq!(show(&plan, 100), "a 100..110 +0, b 110..130");
    }

    #[test]
    fn rounds_follow_one_another_without_end() {
        let plan = plan([segment(100, "a:10 b:20", 1)]);
        assert_eq!(show(&plan, 119), "b 100..120 +19, a 120..130");
        assert_eq!(show(&plan, 120), "a 120..130 +0, b 130..150");
        assert_eq!(
            show(&plan, 100 + 30 * 1_000_000),
            "b 30000100..30000120 +0, a 30000120..30000130"
        );
    }

    #[test]
    fn the_next_segment_cuts_what_is_on_and_is_announced() {
        let plan = plan([segment(0, "a:10 b:20", 0), segment(15, "c:7", 0)]);
        assert_eq!(show(&plan, 3), "a 0..10 +3, b 10..15");
        assert_eq!(show(&plan, 14), "b 10..15 +4, c 15..22");
        assert_eq!(next_change(&plan, UnixMs::new(14)), Some(UnixMs::new(15)));
    }

    #[test]
    fn off_air_is_a_segment_of_its_own() {
        let plan = plan([
            segment(0, "a:10", 0),
            off_air(10),
            off_air(20),
            segment(30, "b:5", 0),
        ]);
        assert_eq!(show(&plan, 9), "a 0..10 +9, off");
        assert_eq!(show(&plan, 10), "off");
        assert_eq!(next_change(&plan, UnixMs::new(9)), Some(UnixMs::new(10)));
        assert_eq!(next_change(&plan, UnixMs::new(10)), Some(UnixMs::new(30)));
    }

    #[test]
    fn every_instant_has_an_answer_also_at_both_ends_of_time() {
        let plan = plan([segment(i64::MIN, "a:10 b:20", 1)]);
        assert_eq!(
            on_air(&plan, UnixMs::new(i64::MIN)).unwrap().offset,
            DurationMs::ZERO
        );
        let last = on_air(&plan, UnixMs::MAX).unwrap();
        assert!(last.offset < last.current.programme.duration());
        assert_eq!(last.next, None);
        assert_eq!(next_change(&plan, UnixMs::MAX), None);
    }
}
