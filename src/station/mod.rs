//! Channels on air.
//!
//! One task per channel takes what the library holds, keeps the plan, and tells all who listen
//! whenever what viewers are told changes. What it does is decided in `state`, without clock,
//! disk or network; `channel` is the task that carries it out.

mod channel;
mod drift;
mod handle;
pub mod persist;
mod state;
#[cfg(test)]
mod testing;

pub use drift::Drift;
pub use handle::{Station, StationError};
pub use state::{Rules, Snapshot};
