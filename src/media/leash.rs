//! How short the lead of a child process is.

use std::path::PathBuf;
use std::time::Duration;

/// What a child may use; whatever it was not given is out of its reach.
///
/// A child reads the programs and libraries of the system and what [`reads`](Self::reads) names, writes
/// below [`writes`](Self::writes) only, and has no network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Leash {
    /// After this the child is ended, whatever it is doing.
    pub time_limit: Duration,
    /// A child that shows no sign of getting on for this long is ended.
    pub stall_limit: Option<Duration>,
    /// Between the request to end (SIGTERM) and the end (SIGKILL).
    pub grace: Duration,
    /// How far it steps back when others want the processors: 0 to 19.
    pub niceness: i32,
    /// The most address space it may take.
    pub max_memory_bytes: Option<u64>,
    /// The most computing time it may take, all its threads together.
    pub max_cpu_s: Option<u64>,
    /// The longest file it may write.
    pub max_file_bytes: Option<u64>,
    /// Files and folders it may read.
    pub reads: Vec<PathBuf>,
    /// Files and folders it may read and write. A folder of its own for what is of no lasting use is
    /// made in the first of them.
    pub writes: Vec<PathBuf>,
}

impl Leash {
    /// A leash with a time limit, on which nothing but the system's own files can be read.
    pub fn new(time_limit: Duration) -> Self {
        Self {
            time_limit,
            stall_limit: None,
            grace: Duration::from_secs(5),
            niceness: 0,
            max_memory_bytes: None,
            max_cpu_s: None,
            max_file_bytes: None,
            reads: Vec::new(),
            writes: Vec::new(),
        }
    }
}

/// How long working through a whole file may take: generous to a slow machine, but no longer than
/// a fortnight.
pub(super) fn time_limit_for(size_bytes: u64, duration: Duration) -> Duration {
    const AT_LEAST_S: u64 = 600;
    const BYTES_PER_S: u64 = 1_000_000;
    const TIMES_ITS_LENGTH: u64 = 40;
    const LONGEST_S: u64 = 14 * 24 * 3600;
    let to_read_s = size_bytes / BYTES_PER_S;
    let to_encode_s = duration.as_secs().saturating_mul(TIMES_ITS_LENGTH);
    let seconds = AT_LEAST_S
        .saturating_add(to_read_s)
        .saturating_add(to_encode_s);
    Duration::from_secs(seconds.min(LONGEST_S))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_to_do_may_take_longer_but_not_forever() {
        let hours = |n: u64| Duration::from_secs(n * 3600);
        let limit = |size_bytes, duration| time_limit_for(size_bytes, duration).as_secs();
        assert_eq!(limit(0, Duration::ZERO), 600);
        assert_eq!(limit(60_000_000, Duration::from_secs(60)), 600 + 60 + 2400);
        assert!(limit(4_000_000_000, hours(3)) > 3 * 3600);
        assert_eq!(limit(u64::MAX, hours(u64::MAX / 3600)), 14 * 24 * 3600);
    }
}
