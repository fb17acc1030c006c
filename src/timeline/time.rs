//! Instants and lengths of time, in whole milliseconds.

use std::fmt;

/// An instant: milliseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct UnixMs(i64);

/// A length of time in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct DurationMs(u64);

impl UnixMs {
    /// The latest instant there is.
    pub const MAX: Self = Self(i64::MAX);

    /// The instant `ms` milliseconds after (before, if negative) the Unix epoch.
    pub const fn new(ms: i64) -> Self {
        Self(ms)
    }

    /// Milliseconds since the Unix epoch.
    pub const fn get(self) -> i64 {
        self.0
    }

    /// This instant moved later by `by`; stays at the latest instant instead of wrapping.
    pub const fn plus(self, by: DurationMs) -> Self {
        Self(self.0.saturating_add_unsigned(by.0))
    }

    /// This instant moved earlier by `by`; stays at the earliest instant instead of wrapping.
    pub const fn minus(self, by: DurationMs) -> Self {
        Self(self.0.saturating_sub_unsigned(by.0))
    }

    /// How long after `earlier` this instant is; zero when it is not after it.
    pub const fn since(self, earlier: Self) -> DurationMs {
        if self.0 <= earlier.0 {
            DurationMs(0)
        } else {
            DurationMs(self.0.abs_diff(earlier.0))
        }
    }
}

impl DurationMs {
    /// No time at all.
    pub const ZERO: Self = Self(0);

    /// A length of `ms` milliseconds.
    pub const fn new(ms: u64) -> Self {
        Self(ms)
    }

    /// Whole milliseconds.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The same length as the standard library's type.
    pub const fn to_std(self) -> std::time::Duration {
        std::time::Duration::from_millis(self.0)
    }
}

impl fmt::Display for DurationMs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let s = self.0 / 1000;
        let (h, m, s) = (s / 3600, s / 60 % 60, s % 60);
        if h > 0 {
            write!(f, "{h}:{m:02}:{s:02}")
        } else {
            write!(f, "{m}:{s:02}")
        }
    }
}
