//! Which slices of the channel a player is told of.

use std::ops::Range;

use crate::timeline::{DurationMs, Plan, SLICE, Stretch, UnixMs, stretches};

/// How far ahead of now the stream is told to players that keep to the moment by themselves.
pub const LISTED_AHEAD: DurationMs = DurationMs::new(14_000);

/// A slice off the air is told of only when no edit can make it longer.
const SETTLED: DurationMs = DurationMs::new(SLICE.get() + 100);

/// The part of the channel's time that a playlist lists.
#[derive(Debug, Clone, Copy)]
pub struct Window {
    /// What was on this long ago is the first.
    pub depth: DurationMs,
    /// What comes up to this far from now is the last; at most [`LISTED_AHEAD`].
    pub ahead: DurationMs,
}

/// A stretch of the channel and which of its slices are listed.
#[derive(Debug, Clone)]
pub struct Listed {
    /// What is on.
    pub stretch: Stretch,
    /// Which of its slices, at least one.
    pub slices: Range<u64>,
}

impl Window {
    /// What of `plan` is listed at `now`, in order and without a gap.
    pub fn of(self, plan: &Plan, now: UnixMs) -> impl Iterator<Item = Listed> {
        let begin = now.minus(self.depth);
        let until = now.plus(self.ahead.min(LISTED_AHEAD));
        stretches(plan, begin)
            .map_while(move |stretch| {
                let first = stretch.slice_at(begin);
                let slices = first..listed_before(&stretch, now, until);
                (stretch.from < until).then_some(Listed { stretch, slices })
            })
            .filter(|listed| !listed.slices.is_empty())
    }
}

/// How many slices of `stretch` end until `until`.
fn listed_before(stretch: &Stretch, now: UnixMs, until: UnixMs) -> u64 {
    if let Some(settled) = settled_slices(stretch, now) {
        return settled;
    }
    if stretch.to <= until {
        return stretch.slices();
    }
    let whole = until.since(stretch.from).get() / SLICE.get();
    whole.min(stretch.slices() - 1)
}

/// How many slices of `stretch` are as they will stay, if nobody knows yet when it ends.
pub(super) fn settled_slices(stretch: &Stretch, now: UnixMs) -> Option<u64> {
    let settled = now.minus(SETTLED).since(stretch.from).get() / SLICE.get();
    (stretch.to == UnixMs::MAX).then_some(settled)
}
