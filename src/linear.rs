//! The channel as one endless stream, assembled from segments that are encoded already. Pure: no I/O,
//! no clock, no processes.
//!
//! Which slices there are, and when, follows from the plan (`timeline::stretches`); where the bytes of
//! each lie, from the tables of prepared videos; and the time stamps, from when its programme starts. So
//! any process makes the same segment of the same inputs, and keeps nothing.

mod cmaf;
mod endless;
mod error;
mod fragment;
mod master;
mod media;
mod place;
mod slate;
mod sound;
pub mod ts;
mod window;
mod words;

pub use cmaf::{picture, sound};
pub use endless::{Playhead, Turn};
pub use error::LinearError;
pub use master::{Master, Words};
pub use media::{Container, Missing, media_playlist};
pub use place::Place;
pub use slate::{Source, is_slate, slate_picture, slate_sound};
pub use window::{LISTED_AHEAD, Listed, Window};
pub use words::words;
