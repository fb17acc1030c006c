//! How punctual a channel is.

use crate::timeline::DurationMs;

/// How late a channel's task woke for its changes, since it started; all in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Drift {
    /// How many changes there were.
    pub count: u64,
    /// At the last change.
    pub last_ms: u64,
    /// At worst.
    pub max_ms: u64,
    /// Added up.
    pub sum_ms: u64,
}

impl Drift {
    pub(super) fn record(&mut self, late: DurationMs) {
        self.count += 1;
        self.last_ms = late.get();
        self.max_ms = self.max_ms.max(late.get());
        self.sum_ms = self.sum_ms.saturating_add(late.get());
    }
}
