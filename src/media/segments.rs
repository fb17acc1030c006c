//! Where the segments of a track lie and when they are shown (CMAF, ISO/IEC 23000-19 §7.3).

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use super::boxes::header;
use super::fragment::read_moof;
use super::init::{self, Init, Kind};
use super::{PackageError, Segment};

/// An init segment has some hundred bytes.
const LONGEST_INIT_BYTES: u64 = 64 * 1024;
/// The table of a few seconds of frames has some kilobytes.
const LONGEST_MOOF_BYTES: u64 = 1024 * 1024;
/// Thirty days of segments.
const MOST_FRAGMENTS: usize = 1_500_000;
/// A last segment shorter than this is one with the segment before it.
const SHORTEST_S: u64 = 2;

/// What a file of one track consists of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Layout {
    pub init: Init,
    pub init_bytes: u64,
    pub segments: Vec<Segment>,
    /// How many frames, of picture or sound.
    pub samples: u64,
}

impl Layout {
    /// How long the track lasts, in ticks.
    pub fn duration_ticks(&self) -> u64 {
        self.segments.last().map_or(0, Segment::end_ticks)
    }
}

/// Reads the boxes of a file and checks that they are those of the house format: an init segment, then
/// fragments that follow each other without a gap in bytes and in time from 0 on. Blocks.
///
/// # Errors
/// [`PackageError::Wrong`] with what is not as it must be.
pub(super) fn layout(file: &File) -> Result<Layout, PackageError> {
    let size_bytes = file.metadata()?.len();
    let (init, init_bytes) = read_init(file, size_bytes)?;
    let mut fragments = Vec::new();
    let mut samples = 0;
    let (mut at, mut ticks) = (init_bytes, 0);
    while at < size_bytes {
        if fragments.len() == MOST_FRAGMENTS {
            return Err(wrong("it has too many segments"));
        }
        let (fragment, count) = read_fragment(file, at, size_bytes, init.kind)?;
        if fragment.start_ticks != ticks {
            return Err(wrong(
                "a segment does not start where the one before it ends",
            ));
        }
        (at, ticks) = (fragment.end(), fragment.end_ticks());
        samples += count;
        fragments.push(fragment);
    }
    if fragments.is_empty() {
        return Err(wrong("it has no segments"));
    }
    join_short_end(&mut fragments, SHORTEST_S * u64::from(init.timescale));
    Ok(Layout {
        init,
        init_bytes,
        segments: fragments,
        samples,
    })
}

/// Sound is cut by its own frames, so its last fragment may be short of everything.
fn join_short_end(segments: &mut Vec<Segment>, shortest_ticks: u64) {
    if let [.., before, last] = &mut segments[..]
        && last.duration_ticks < shortest_ticks
    {
        before.size_bytes += last.size_bytes;
        before.duration_ticks += last.duration_ticks;
        segments.pop();
    }
}

fn read_init(file: &File, size_bytes: u64) -> Result<(Init, u64), PackageError> {
    let (ftyp_bytes, ftyp) = header_at(file, 0)?;
    let (moov_bytes, moov) = header_at(file, ftyp_bytes)?;
    let init_bytes = ftyp_bytes + moov_bytes;
    if ftyp != *b"ftyp" || moov != *b"moov" {
        return Err(wrong("it does not begin with an init segment"));
    }
    if init_bytes > LONGEST_INIT_BYTES.min(size_bytes) {
        return Err(wrong("its init segment is too long"));
    }
    let bytes = read_at(file, 0, init_bytes)?;
    let init = init::read(&bytes).map_err(PackageError::Wrong)?;
    Ok((init, init_bytes))
}

fn read_fragment(
    file: &File,
    at: u64,
    size_bytes: u64,
    kind: Kind,
) -> Result<(Segment, u64), PackageError> {
    let (moof_bytes, moof) = header_at(file, at)?;
    if moof != *b"moof" || moof_bytes > LONGEST_MOOF_BYTES {
        return Err(wrong("there is something else between its segments"));
    }
    let (mdat_bytes, mdat) = header_at(file, at + moof_bytes)?;
    let size = moof_bytes + mdat_bytes;
    if mdat != *b"mdat" || at + size > size_bytes {
        return Err(wrong("a segment is not whole"));
    }
    let bytes = read_at(file, at + 8, moof_bytes - 8)?;
    let run = read_moof(&bytes).ok_or_else(|| wrong("the table of a segment is malformed"))?;
    if run.data_offset != moof_bytes + 8 || run.data_bytes != mdat_bytes - 8 {
        return Err(wrong("the table of a segment does not fit its bytes"));
    }
    if matches!(kind, Kind::Picture { .. }) {
        if !run.frames[0].is_key {
            return Err(wrong("a segment does not start with a key frame"));
        }
        if !run.is_closed() {
            return Err(wrong(
                "a segment shows frames before its start or after its end",
            ));
        }
    }
    let segment = Segment {
        offset: at,
        size_bytes: size,
        start_ticks: run.start_ticks,
        duration_ticks: run.duration_ticks,
    };
    Ok((segment, run.frames.len() as u64))
}

fn header_at(file: &File, at: u64) -> Result<(u64, [u8; 4]), PackageError> {
    let bytes = read_at(file, at, 8)?;
    header(&bytes).ok_or_else(|| wrong("it is not made of boxes"))
}

fn read_at(file: &File, at: u64, size_bytes: u64) -> Result<Vec<u8>, PackageError> {
    let size = usize::try_from(size_bytes).map_err(io::Error::other)?;
    let mut bytes = vec![0; size];
    match file.read_exact_at(&mut bytes, at) {
        Ok(()) => Ok(bytes),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            Err(wrong("it ends too early"))
        }
        Err(error) => Err(error.into()),
    }
}

fn wrong(sentence: &str) -> PackageError {
    PackageError::Wrong(sentence.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::frames;

    fn fragmented() -> Vec<u8> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("clip.mp4");
        let mut ffmpeg = std::process::Command::new("ffmpeg");
        ffmpeg.args(["-nostdin", "-v", "error", "-f", "lavfi"]);
        ffmpeg.args(["-i", "testsrc2=size=64x36:rate=25:duration=5"]);
        ffmpeg.args(
            "-c:v libx264 -pix_fmt yuv420p -bf 0 -g 50 -video_track_timescale 90000".split(' '),
        );
        ffmpeg.args(super::super::encode::fragments("").split_whitespace());
        assert!(ffmpeg.arg(&path).status().unwrap().success());
        std::fs::read(path).unwrap()
    }

    fn layout_of(bytes: &[u8]) -> Result<Layout, PackageError> {
        let file = tempfile::tempfile().unwrap();
        file.write_all_at(bytes, 0).unwrap();
        layout(&file)
    }

    #[test]
    fn segments_follow_each_other_and_a_short_end_is_joined() {
        let bytes = fragmented();
        let layout = layout_of(&bytes).unwrap();
        let times: Vec<_> = layout
            .segments
            .iter()
            .map(|s| (s.start_ticks, s.duration_ticks))
            .collect();
        assert_eq!(times, [(0, 180_000), (180_000, 270_000)]);
        assert_eq!(layout.samples, 125);
        assert_eq!(layout.segments[0].offset, layout.init_bytes);
        assert_eq!(layout.segments[1].end(), bytes.len() as u64);
        let (width, height) = (64, 36);
        assert_eq!(layout.init.kind, Kind::Picture { width, height });
        let sets = init::parameter_sets(&bytes[..layout.init_bytes as usize]).unwrap();
        let kinds: Vec<u8> = sets.iter().map(|set| set[0] & 0x1f).collect();
        assert_eq!(kinds, [7, 8]);
        let last = layout.segments[1];
        let found = frames(&bytes[last.offset as usize..]).unwrap();
        assert_eq!(found.len(), 75);
        assert_eq!(found[0].start_ticks, last.start_ticks);
        assert!(found[0].is_key && !found[1].is_key);
    }

    #[test]
    fn whatever_the_bytes_say_there_is_an_answer() {
        let whole = fragmented();
        for cut in [0, 7, 30, 700, 900, whole.len() - 1] {
            assert!(layout_of(&whole[..cut]).is_err(), "{cut}");
        }
        // Every byte of the headers once with each of a few other values.
        let file = tempfile::tempfile().unwrap();
        file.write_all_at(&whole, 0).unwrap();
        let init_bytes = layout(&file).unwrap().init_bytes as usize;
        let mut bytes = whole.clone();
        for at in 0..1500 {
            for value in [0, 1, 0x7f, 0xff] {
                file.write_all_at(&[value], at as u64).unwrap();
                bytes[at] = value;
                let _ = init::parameter_sets(&bytes[..init_bytes]);
                if let Ok(found) = frames(&bytes[init_bytes..]) {
                    assert_eq!(found.last().unwrap().bytes.end, whole.len() - init_bytes);
                }
                if let Ok(layout) = layout(&file) {
                    assert_eq!(layout.segments.last().unwrap().end(), whole.len() as u64);
                }
            }
            file.write_all_at(&whole[at..=at], at as u64).unwrap();
            bytes[at] = whole[at];
        }
    }
}
