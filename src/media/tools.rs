//! What every call of `ffmpeg` and `ffprobe` has in common.

use std::ffi::OsString;
use std::io;
use std::path::Path;

/// The program that converts.
pub(super) const FFMPEG: &str = "ffmpeg";

/// The program that looks into files.
pub(super) const FFPROBE: &str = "ffprobe";

/// Containers whose demuxers open nothing but the file itself; playlists and the like are refused,
/// as they would have other files read.
const CONTAINERS: &str = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,ogg,avi,mpegts,mpeg,asf,flv,\
mp3,wav,flac";

/// The arguments that name the stranger's file at `path` as an input, to either program.
///
/// It is named with its protocol before and its whole path, so that no name can be taken for an option,
/// a protocol or a pattern.
pub(super) fn strange_input(path: &Path) -> io::Result<Vec<OsString>> {
    named_input(path, CONTAINERS)
}

fn named_input(path: &Path, formats: &str) -> io::Result<Vec<OsString>> {
    let mut name = OsString::from("file:");
    name.push(std::path::absolute(path)?);
    let mut arguments: Vec<OsString> =
        ["-protocol_whitelist", "file", "-format_whitelist", formats]
            .map(OsString::from)
            .into();
    arguments.extend(["-i".into(), name]);
    Ok(arguments)
}

/// `words` as arguments.
pub(super) fn arguments<'a>(words: impl IntoIterator<Item = &'a str>) -> Vec<OsString> {
    words.into_iter().map(OsString::from).collect()
}
