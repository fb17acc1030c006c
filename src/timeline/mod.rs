//! FLOOR 0, pure: no clock, no I/O, no async, no serde.
//!
//! `on_air` is the only place that knows what plays when; everything that speaks of the
//! schedule (events, pages, guide) calls it.

mod edit;
mod guide;
mod on_air;
mod plan;
mod playlist;
mod programme;
mod slices;
mod stretches;
#[cfg(test)]
pub(crate) mod testing;
mod time;

pub use edit::{PLAN_LIMIT, SEGMENTS_LIMIT};
pub use guide::{Rounds, guide, history, rounds};
pub use on_air::{Airing, OnAir, next_change, on_air};
pub use plan::{Plan, Segment};
pub use playlist::{Order, PLAYLIST_LIMIT, Playlist};
pub use programme::{Programme, Version, VideoId};
pub use slices::{SLICE, slices_in};
pub use stretches::{Stretch, stretches};
pub use time::{DurationMs, UnixMs};

/// What the timeline refuses.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TimelineError {
    /// A programme must last at least one millisecond and at most thirty days.
    #[error("a programme of {0} ms cannot be scheduled (1 ms to 30 days)")]
    Duration(u64),
    /// A video id must be 1–64 ASCII letters, digits, `-` or `_`, and not all digits.
    #[error("{0:?} is not a video id")]
    VideoId(String),
    /// A playlist needs at least one programme; an empty channel is an off-air segment.
    #[error("a playlist needs at least one programme")]
    EmptyPlaylist,
    /// A playlist holds at most [`PLAYLIST_LIMIT`] programmes.
    #[error("a playlist of {0} programmes is too long (at most {PLAYLIST_LIMIT})")]
    LongPlaylist(usize),
    /// The segments of a plan start in increasing order.
    #[error("the segments of a plan must start in increasing order")]
    Unordered,
    /// A segment's first index lies within its playlist.
    #[error("a segment's first index lies outside its playlist")]
    FirstIndex,
}
