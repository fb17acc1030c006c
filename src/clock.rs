//! The only reader of the system clock.
//!
//! Channel time is read from the wall clock once and carried on by `CLOCK_BOOTTIME`, which counts
//! through suspend and is slewed, never stepped, by time daemons. So a step of the wall clock does
//! not move the programme, and an [`Anchor`](crate::clock::Anchor) kept on disk lets a restart within the same boot go on
//! with the very same channel time.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

use crate::timeline::{DurationMs, UnixMs};

/// Where the kernel names the current boot.
const BOOT_ID_PATH: &str = "/proc/sys/kernel/random/boot_id";

/// Something that knows what time it is on the channel.
pub trait Clock: Send + Sync + 'static {
    /// Channel time in microseconds since the Unix epoch; never runs backwards.
    fn now_us(&self) -> i64;

    /// Channel time, which never runs backwards.
    fn now(&self) -> UnixMs {
        UnixMs::new(self.now_us().div_euclid(1000))
    }

    /// Time since an arbitrary fixed moment, for measuring how long something took.
    fn uptime(&self) -> Duration;
}

/// A clock that rooms can hold.
pub type SharedClock = Arc<dyn Clock>;

/// How channel time hangs on the boot's monotonic clock: all that is needed to carry it over a
/// restart within one boot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Anchor {
    /// The kernel's name of the boot the anchor is valid in.
    pub boot_id: String,
    /// Channel time minus `CLOCK_BOOTTIME`, in microseconds.
    pub channel_minus_boottime_us: i64,
}

/// The machine's clock, carried on monotonically from where it was anchored.
#[derive(Debug, Clone)]
pub struct SystemClock {
    anchor: Anchor,
}

impl SystemClock {
    /// A clock that goes on from `kept` if that is an anchor of this boot, else from the wall clock.
    pub fn start(kept: Option<Anchor>) -> Self {
        let boot_id = boot_id();
        let anchor = match kept {
            Some(anchor) if !boot_id.is_empty() && anchor.boot_id == boot_id => anchor,
            _ => Anchor {
                boot_id,
                channel_minus_boottime_us: wall_us() - boottime_us(),
            },
        };
        Self { anchor }
    }

    /// What to keep so that a later start within this boot goes on with the same channel time.
    pub fn anchor(&self) -> &Anchor {
        &self.anchor
    }

    /// How far the wall clock is ahead of channel time now, in milliseconds (negative: behind).
    pub fn wall_ahead_ms(&self) -> i64 {
        (wall_us() - self.now_us()) / 1000
    }
}

impl Clock for SystemClock {
    fn now_us(&self) -> i64 {
        boottime_us() + self.anchor.channel_minus_boottime_us
    }

    fn uptime(&self) -> Duration {
        boottime()
    }
}

/// A clock that stands still until a test moves it.
#[derive(Debug, Default)]
pub struct TestClock {
    now_ms: AtomicI64,
}

impl TestClock {
    /// A clock that stands at `instant`.
    pub fn at(instant: UnixMs) -> Arc<Self> {
        Arc::new(Self {
            now_ms: AtomicI64::new(instant.get()),
        })
    }

    /// Puts the clock at `instant`.
    pub fn set(&self, instant: UnixMs) {
        self.now_ms.store(instant.get(), Ordering::SeqCst);
    }

    /// Moves the clock on by `by`.
    pub fn advance(&self, by: DurationMs) {
        self.set(self.now().plus(by));
    }
}

impl Clock for TestClock {
    fn now_us(&self) -> i64 {
        self.now_ms.load(Ordering::SeqCst) * 1000
    }

    fn uptime(&self) -> Duration {
        Duration::from_millis(self.now_ms.load(Ordering::SeqCst).unsigned_abs())
    }
}

fn boottime() -> Duration {
    let t = clock_gettime(ClockId::Boottime);
    Duration::new(
        u64::try_from(t.tv_sec).unwrap_or(0),
        u32::try_from(t.tv_nsec).unwrap_or(0),
    )
}

fn boottime_us() -> i64 {
    i64::try_from(boottime().as_micros()).unwrap_or(i64::MAX)
}

fn wall_us() -> i64 {
    let t = clock_gettime(ClockId::Realtime);
    t.tv_sec * 1_000_000 + t.tv_nsec / 1000
}

/// The current boot's name, or nothing where the kernel does not tell.
fn boot_id() -> String {
    std::fs::read_to_string(BOOT_ID_PATH)
        .map(|text| text.trim().chars().take(64).collect())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_anchor_of_this_boot_is_kept_whatever_the_wall_clock_says() {
        let first = SystemClock::start(None);
        let hour_ahead = Anchor {
            channel_minus_boottime_us: first.anchor().channel_minus_boottime_us + 3_600_000_000,
            ..first.anchor().clone()
        };
        let second = SystemClock::start(Some(hour_ahead.clone()));
        assert_eq!(second.anchor(), &hour_ahead);
        assert!(second.wall_ahead_ms() <= -3_599_000);
    }

    #[test]
    fn an_anchor_of_another_boot_is_forgotten() {
        let old = Anchor {
            boot_id: "another".into(),
            channel_minus_boottime_us: 7,
        };
        let clock = SystemClock::start(Some(old));
        assert!(clock.wall_ahead_ms().abs() <= 1000);
        assert!(clock.now() > UnixMs::new(1_600_000_000_000));
    }
}
