//! The channel's time as numbered slices, one after another without a gap.
//!
//! Numbers and times follow from the plan alone, so every process that has it names the same slices.

use super::on_air::airing_at;
use super::slices::{SLICE, slices_begun, slices_in};
use super::{Airing, DurationMs, Plan, UnixMs};

/// One airing, or one time off the air, and the slices it is cut into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stretch {
    /// What is on; `None` is off air.
    pub airing: Option<Airing>,
    /// When it starts.
    pub from: UnixMs,
    /// When it ends; [`UnixMs::MAX`] if nobody knows yet.
    pub to: UnixMs,
    /// The number of its first slice; the next one's has the next number.
    pub first_sequence: u64,
}

impl Stretch {
    /// How many slices it has; at least one.
    pub fn slices(&self) -> u64 {
        let length = self.to.since(self.from);
        match &self.airing {
            Some(airing) => slices_begun(airing.programme.duration(), length),
            None => slices_in(length),
        }
    }

    /// When slice `index` starts and ends; `index` counts from 0.
    pub fn slice(&self, index: u64) -> (UnixMs, UnixMs) {
        let start = |index: u64| {
            let after = DurationMs::new(index.saturating_mul(SLICE.get()));
            self.from.plus(after)
        };
        let to = if index + 1 == self.slices() {
            self.to
        } else {
            start(index + 1)
        };
        (start(index), to)
    }

    /// Which slice covers `t`, or is nearest to it.
    pub fn slice_at(&self, t: UnixMs) -> u64 {
        (t.since(self.from).get() / SLICE.get()).min(self.slices() - 1)
    }

    /// Whether the programme is cut short, so that its last slice is not whole.
    pub fn is_cut(&self) -> bool {
        self.airing
            .as_ref()
            .is_some_and(|airing| self.to.since(self.from) < airing.programme.duration())
    }
}

/// The stretches of `plan` from the one that covers `from` on, or else from its first one on;
/// endless unless the plan ends off the air.
pub fn stretches(plan: &Plan, from: UnixMs) -> impl Iterator<Item = Stretch> {
    let begin = plan.segments().first().map(|first| from.max(first.from()));
    std::iter::successors(begin.and_then(|t| stretch_at(plan, t)), |last| {
        Some(last.to)
            .filter(|&to| to < UnixMs::MAX)
            .and_then(|to| stretch_at(plan, to))
    })
}

fn stretch_at(plan: &Plan, t: UnixMs) -> Option<Stretch> {
    let (segment, first_sequence) = plan.numbered_segment_at(t)?;
    let Some(playlist) = segment.playlist() else {
        let next = plan.segments_after(t).first();
        return Some(Stretch {
            airing: None,
            from: segment.from(),
            to: next.map_or(UnixMs::MAX, |next| next.from()),
            first_sequence,
        });
    };
    let airing = airing_at(plan, t)?;
    let elapsed = airing.from.since(segment.from());
    let before = playlist.slices_until(segment.first_index(), elapsed);
    Some(Stretch {
        from: airing.from,
        to: airing.to,
        first_sequence: first_sequence.saturating_add(before),
        airing: Some(airing),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timeline::testing::{off_air, plan, segment};

    /// `7 a 0..4000, 9 a 4000..8100`: the slices from `from_ms` on.
    fn text(plan: &Plan, from_ms: i64, length: usize) -> String {
        let of = |stretch: Stretch| {
            let name = match &stretch.airing {
                Some(airing) => airing.programme.video().to_string(),
                None => "-".to_owned(),
            };
            let cut = stretch.is_cut();
            (0..stretch.slices().min(9)).map(move |index| {
                let (from, to) = stretch.slice(index);
                let number = stretch.first_sequence + index;
                let mark = if cut && index + 1 == stretch.slices() {
                    "!"
                } else {
                    ""
                };
                format!("{number} {name}{mark} {}..{}", from.get(), to.get())
            })
        };
        let slices = stretches(plan, UnixMs::new(from_ms)).flat_map(of);
        slices.take(length).collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn numbers_go_on_from_programme_to_programme_and_round_to_round() {
        let plan = plan([segment(10_000, "a:5000 b:1000 c:6500", 1)]);
        assert_eq!(
            text(&plan, 0, 8),
            "5 b 10000..11000, 6 c 11000..13000, 7 c 13000..15000, 8 c 15000..17500, \
             9 a 17500..19500, 10 a 19500..22500, 11 b 22500..23500, 12 c 23500..25500"
        );
        // The same from any instant on, also many rounds later.
        assert_eq!(
            text(&plan, 20_000, 2),
            "9 a 17500..19500, 10 a 19500..22500"
        );
        let round = 12_500 * 1_000_000;
        assert_eq!(
            text(&plan, 10_000 + round, 1),
            format!("6000005 b {}..{}", 10_000 + round, 11_000 + round)
        );
    }

    #[test]
    fn an_edit_a_cut_and_time_off_the_air_are_counted() {
        let plan = plan([
            segment(0, "a:5000", 0),
            segment(10_000, "b:9000", 0),
            off_air(15_000),
            segment(21_000, "a:5000", 0),
        ]);
        assert_eq!(
            text(&plan, 6_000, 10),
            "2 a 5000..7000, 3 a 7000..10000, \
             4 b 10000..12000, 5 b 12000..14000, 6 b! 14000..15000, \
             7 - 15000..17000, 8 - 17000..21000, \
             9 a 21000..23000, 10 a 23000..26000, 11 a 26000..28000"
        );
    }

    #[test]
    fn off_the_air_for_good_is_a_stretch_whose_end_nobody_knows() {
        let plan = plan([segment(0, "a:5000", 0), off_air(5_000)]);
        let last = stretches(&plan, UnixMs::new(9_999)).collect::<Vec<_>>();
        assert_eq!(last.len(), 1);
        assert_eq!((last[0].to, last[0].first_sequence), (UnixMs::MAX, 2));
        assert_eq!(last[0].slice_at(UnixMs::new(9_500)), 2);
        assert!(stretches(&Plan::default(), UnixMs::new(0)).next().is_none());
    }
}
