//! Movie fragments (ISO/IEC 14496-12 §8.8) that are at hand: which frames they hold.

use std::ops::Range;

use super::PackageError;
use super::boxes::{Box, boxes, full, header, only, u32_at, u64_at};

/// Some seconds of frames, of picture or sound; a table may claim more without a byte for each.
const MOST_FRAMES: u32 = 10_000;

/// One frame of picture or sound within the bytes of a segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// When it is decoded, in ticks from the beginning of the video.
    pub start_ticks: u64,
    /// How long it lasts.
    pub duration_ticks: u32,
    /// How much later than decoded it is shown.
    pub offset_ticks: i64,
    /// Whether decoding can begin with it.
    pub is_key: bool,
    /// Where it lies.
    pub bytes: Range<usize>,
}

/// The frames in `segment`, one or more movie fragments each followed by its bytes.
///
/// # Errors
/// [`PackageError::Wrong`] if it is anything else.
pub fn frames(segment: &[u8]) -> Result<Vec<Frame>, PackageError> {
    let malformed = || PackageError::Wrong("a segment is malformed".to_owned());
    let mut found = Vec::new();
    let mut at = 0;
    while at < segment.len() {
        let (moof, bytes_at, end) = fragment_at(segment, at).ok_or_else(malformed)?;
        let run = read_moof(moof).ok_or_else(malformed)?;
        let offset = usize::try_from(run.data_offset).map_err(|_| malformed())?;
        if at + offset != bytes_at {
            return Err(malformed());
        }
        let mut byte = bytes_at;
        for frame in run.frames {
            let next = byte + frame.size_bytes as usize;
            found.push(Frame {
                start_ticks: frame.start_ticks,
                duration_ticks: frame.duration_ticks,
                offset_ticks: frame.offset_ticks,
                is_key: frame.is_key,
                bytes: byte..next,
            });
            byte = next;
        }
        if byte != end {
            return Err(malformed());
        }
        at = end;
    }
    Ok(found)
}

/// The inside of the `moof` at `at`, where the bytes after it begin, and where they end.
fn fragment_at(segment: &[u8], at: usize) -> Option<(&[u8], usize, usize)> {
    let sized = |at: usize, name: &[u8; 4]| {
        let (size, found) = header(segment.get(at..)?)?;
        let end = at.checked_add(usize::try_from(size).ok()?)?;
        (found == *name && end <= segment.len()).then_some(end)
    };
    let moof_end = sized(at, b"moof")?;
    let end = sized(moof_end, b"mdat")?;
    Some((&segment[at + 8..moof_end], moof_end + 8, end))
}

/// A track run (§8.8.8) with the time it starts at.
#[derive(Debug)]
pub(super) struct Run {
    pub start_ticks: u64,
    pub duration_ticks: u64,
    pub data_offset: u64,
    pub data_bytes: u64,
    /// In the order of decoding; never empty.
    pub frames: Vec<RunFrame>,
}

#[derive(Debug)]
pub(super) struct RunFrame {
    pub start_ticks: u64,
    pub duration_ticks: u32,
    pub size_bytes: u32,
    pub offset_ticks: i64,
    pub is_key: bool,
}

impl Run {
    /// Whether every frame is shown between the start and the end, and the first at the start.
    pub fn is_closed(&self) -> bool {
        let shown =
            |frame: &RunFrame| i128::from(frame.start_ticks) + i128::from(frame.offset_ticks);
        let first = self.frames.iter().map(shown).min();
        let last = self.frames.iter().map(shown).max();
        let end = i128::from(self.start_ticks) + i128::from(self.duration_ticks);
        first == Some(self.start_ticks.into()) && last.is_some_and(|last| last < end)
    }
}

/// The inside of a movie fragment with one track and one run.
pub(super) fn read_moof(moof: &[u8]) -> Option<Run> {
    let traf = only(moof, b"traf")?;
    let inside = boxes(traf)?;
    let named = |name: &[u8; 4]| inside.iter().find(|b| b.name == *name);
    let defaults = Defaults::read(named(b"tfhd")?)?;
    let (version, _, tfdt) = full(named(b"tfdt")?.body)?;
    let start_ticks = match version {
        1 => u64_at(tfdt, 0)?,
        _ => u32_at(tfdt, 0)?.into(),
    };
    only(traf, b"trun").and_then(|trun| read_run(trun, start_ticks, &defaults))
}

/// Of a track fragment header (§8.8.7), for frames that say nothing of their own.
struct Defaults {
    duration: u32,
    size: u32,
    flags: u32,
}

impl Defaults {
    fn read(tfhd: &Box<'_>) -> Option<Self> {
        const BASE_IS_MOOF: u32 = 0x02_0000;
        const OTHER_BASE: u32 = 0x01;
        let (_, flags, body) = full(tfhd.body)?;
        if flags & BASE_IS_MOOF == 0 || flags & OTHER_BASE != 0 {
            return None;
        }
        let mut at = 4;
        let mut field = |flag: u32| -> Option<u32> {
            if flags & flag == 0 {
                return Some(0);
            }
            let value = u32_at(body, at)?;
            at += 4;
            Some(value)
        };
        let _description = field(0x02)?;
        Some(Self {
            duration: field(0x08)?,
            size: field(0x10)?,
            flags: field(0x20)?,
        })
    }
}

fn read_run(trun: &[u8], start_ticks: u64, defaults: &Defaults) -> Option<Run> {
    const NOT_A_KEY: u32 = 0x01_0000;
    let (version, flags, body) = full(trun)?;
    let count = u32_at(body, 0).filter(|count| (1..=MOST_FRAMES).contains(count))?;
    let mut at = 4;
    let mut next = || {
        let value = u32_at(body, at);
        at += 4;
        value
    };
    let data_offset = if flags & 0x01 == 0 { None } else { next() };
    let first_flags = if flags & 0x04 == 0 {
        None
    } else {
        Some(next()?)
    };
    let mut run = Run {
        start_ticks,
        duration_ticks: 0,
        data_offset: data_offset?.into(),
        data_bytes: 0,
        frames: Vec::new(),
    };
    for index in 0..count {
        let mut field = |flag: u32, default| match flags & flag {
            0 => Some(default),
            _ => next(),
        };
        let duration_ticks = field(0x100, defaults.duration)?;
        let size_bytes = field(0x200, defaults.size)?;
        let own_flags = field(0x400, defaults.flags)?;
        let offset = field(0x800, 0)?;
        let flags = first_flags.filter(|_| index == 0).unwrap_or(own_flags);
        run.frames.push(RunFrame {
            start_ticks: start_ticks.checked_add(run.duration_ticks)?,
            duration_ticks,
            size_bytes,
            offset_ticks: match version {
                0 => i64::from(offset),
                _ => i64::from(offset as i32),
            },
            is_key: flags & NOT_A_KEY == 0,
        });
        run.duration_ticks += u64::from(duration_ticks);
        run.data_bytes += u64::from(size_bytes);
    }
    (at == body.len()).then_some(run)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_that_claims_frames_it_has_no_bytes_for_is_refused() {
        let nothing = Defaults {
            duration: 0,
            size: 0,
            flags: 0,
        };
        let endless = [0, 0, 0, 1, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0];
        assert!(read_run(&endless, 0, &nothing).is_none());
    }
}
