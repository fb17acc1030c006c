//! What a media file is and how it becomes playable: the only room that starts processes.
//!
//! `ffprobe` runs as a child that can read nothing but the one file it is given; its answer becomes
//! `Facts` or a sentence that says what is wrong with the file. `ffmpeg` makes a `Package` of it:
//! the same video in the house format.

mod boxes;
mod child;
mod confine;
mod container;
mod damage;
mod encode;
mod facts;
mod fault;
mod ffmpeg;
mod filters;
mod fragment;
mod headers;
mod init;
mod kinds;
mod ladder;
mod leash;
mod loudness;
mod options;
mod orphans;
mod output;
mod package;
mod packets;
mod playability;
mod prepare;
mod probe;
mod progress;
mod quick;
mod reference;
mod retext;
mod segments;
mod slate;
mod source;
mod stills;
mod subtitles;
mod tools;
mod tracks;
mod verify;
mod words;

pub use facts::{Audio, Facts};
pub use fault::PrepareError;
pub use fragment::{Frame, frames};
pub use init::parameter_sets;
pub use kinds::media_type;
pub use ladder::{LADDER as HOUSE_RUNGS, RungSpec, is_small};
pub use options::{Extent, PrepareOptions, SubtitleFile};
pub use package::{
    FORMAT, FileEntry, Loudness, Package, PackageError, RECIPE, Rung, Segment, Stills,
    SubtitleOrigin, SubtitleTrack, TABLE, TIMESCALE, Track,
};
pub use playability::{Playability, playability};
pub use prepare::prepare;
pub use probe::{ProbeError, check_installed, probe};
pub use progress::{Progress, Stage};
pub use quick::quick;
pub use reference::init_segment;
pub use retext::retext;
pub use slate::{Slate, slate};
pub use stills::{StillsError, make_stills};
pub use subtitles::{
    SubtitleFolder, Subtitles, are_subtitles, extract_subtitles, is_subtitles_name, language_tag,
    subtitles_beside,
};
pub use verify::verify_package;
pub use words::bytes_in_words;
