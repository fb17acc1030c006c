//! What the port serves.

use std::sync::Arc;
use std::time::Duration;

use crate::audience::Events;
use crate::clock::SharedClock;

/// What the port serves.
#[derive(Clone)]
pub struct Served {
    /// What viewers are told.
    pub events: Events,
    /// Measures silences.
    pub clock: SharedClock,
    /// Which station this is; who asks for another is refused.
    pub station: Arc<str>,
    /// How long sent data may stay unacknowledged: the bound on how long a vanished viewer is counted.
    pub user_timeout: Duration,
}
