//! What a media file is: the only room that starts processes.
//!
//! `ffprobe` runs as a child that can read nothing but the one file it is given; its answer becomes
//! `Facts` or a sentence that says what is wrong with the file.

mod child;
mod container;
mod facts;
mod headers;
mod leash;
mod output;
mod packets;
mod playability;
mod probe;
mod words;

pub use facts::{Audio, Facts};
pub use playability::{Playability, playability};
pub use probe::{ProbeError, check_installed, probe};
pub use words::bytes_in_words;
