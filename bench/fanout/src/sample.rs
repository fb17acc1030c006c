//! Instants and what is told of many of them.

use rustix::time::{ClockId, clock_gettime};

/// Nanoseconds of `CLOCK_MONOTONIC`.
pub fn now() -> u64 {
    nanoseconds(ClockId::Monotonic)
}

/// Milliseconds since 1970 by the wall clock, which channel time starts from.
pub fn wall_ms() -> f64 {
    nanoseconds(ClockId::Realtime) as f64 / 1e6
}

fn nanoseconds(clock: ClockId) -> u64 {
    let t = clock_gettime(clock);
    t.tv_sec as u64 * 1_000_000_000 + t.tv_nsec as u64
}

pub fn ms_between(from: u64, to: u64) -> f64 {
    to.saturating_sub(from) as f64 / 1e6
}

/// Numbers in order.
pub struct Sample(pub Vec<u64>);

impl Sample {
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The one that so large a `part` of them are not above; 0 of none.
    pub fn part(&self, part: f64) -> u64 {
        let nth = (self.len() as f64 * part).ceil() as usize;
        self.0.get(nth.saturating_sub(1)).copied().unwrap_or(0)
    }

    pub fn last(&self) -> u64 {
        self.0.last().copied().unwrap_or(0)
    }
}
