//! What a media file is and how it becomes playable: the only room that starts processes.
//!
//! `ffprobe` runs as a child that can read nothing but the one file it is given; its answer becomes
//! `Facts` or a sentence that says what is wrong with the file. `ffmpeg` makes a `Package` of it:
//! the same video in the house format.

mod child;
mod confine;
mod container;
mod facts;
mod fault;
mod headers;
mod leash;
mod options;
mod output;
mod package;
mod packets;
mod playability;
mod probe;
mod progress;
mod tools;
mod words;

pub use facts::{Audio, Facts};
pub use fault::PrepareError;
pub use options::{PrepareOptions, SubtitleFile};
pub use package::{
    FORMAT, FileEntry, Loudness, Package, PackageError, RECIPE, Rung, Segment, Stills,
    SubtitleOrigin, SubtitleTrack, TABLE, TIMESCALE, Track,
};
pub use playability::{Playability, playability};
pub use probe::{ProbeError, check_installed, probe};
pub use progress::{Progress, Stage};
pub use words::bytes_in_words;
