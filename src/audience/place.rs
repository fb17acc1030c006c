//! How far somebody has read in the stream: all that is kept of a viewer between two frames.

use super::presence::Presence;

/// How far one viewer has read; they count as watching until it is dropped, if they are.
pub struct Place {
    /// The newest frame this viewer has; none before the first snapshot.
    seen: Option<u64>,
    _presence: Option<Presence>,
}

impl Place {
    pub(super) fn new(presence: Option<Presence>) -> Self {
        Self {
            seen: None,
            _presence: presence,
        }
    }

    /// Has this viewer be told anew what is on, as if they had heard nothing yet.
    pub fn forget(&mut self) {
        self.seen = None;
    }

    /// Moves on to the frame `newest`; says how many were missed, or nothing if that cannot be told.
    pub(super) fn reach(&mut self, newest: u64) -> Option<u64> {
        let seen = self.seen.replace(newest)?;
        newest.checked_sub(seen)
    }
}
