//! How many files this process may have open; each viewer is one.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Left to the rest of the station: its records, its videos, the main port.
const LEFT_TO_OTHERS: u64 = 1_000;
/// However many files may be open.
const MOST_VIEWERS: u64 = 500_000;

/// Takes what the system allows, and says how many viewers that is enough for.
pub(super) fn most_viewers() -> usize {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    let allowed = match setrlimit(Resource::Nofile, raised) {
        Ok(()) => limit.maximum,
        Err(error) => {
            tracing::warn!(%error, "the limit of open files stays as it is");
            limit.current
        }
    };
    let viewers = enough_for(allowed.unwrap_or(u64::MAX));
    usize::try_from(viewers).unwrap_or(usize::MAX)
}

fn enough_for(files: u64) -> u64 {
    let others = LEFT_TO_OTHERS.min(files / 2);
    (files - others).min(MOST_VIEWERS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rest_of_the_station_keeps_files_to_open() {
        assert_eq!(enough_for(20_000), 19_000);
        assert_eq!(enough_for(1024), 512);
        assert_eq!(enough_for(u64::MAX), MOST_VIEWERS);
    }
}
