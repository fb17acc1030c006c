//! The people watching: their event streams and their votes.

mod board;
mod events;
mod likes;
mod payload;
mod place;
mod presence;
mod viewer;
mod vote;

pub use board::Changes;
pub use events::{Events, KEEP_ALIVE};
pub use likes::{Likes, LikesError};
pub use payload::{Item, OnAirPayload};
pub use place::Place;
pub use viewer::ViewerId;
pub use vote::{Choice, Counts, Vote};
