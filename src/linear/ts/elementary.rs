//! Picture and sound as packets of their elementary streams (PES, ISO/IEC 13818-1 §2.4.3.6).

use std::ops::Range;

use super::packets::wrapped;
use crate::linear::LinearError;
use crate::linear::place::Place;
use crate::linear::sound::heard;
use crate::media::{Frame, frames, parameter_sets};

const PICTURE_STREAM: u8 = 0xe0;
const SOUND_STREAM: u8 = 0xc0;
/// Frames of sound that share a header, about 107 ms.
const SOUND_FRAMES_TOGETHER: usize = 5;

const START_CODE: [u8; 4] = [0, 0, 0, 1];
/// Says that a new picture begins, of any kind (H.264 §7.3.2.4).
const DELIMITER: [u8; 6] = [0, 0, 0, 1, 9, 0xf0];
const DELIMITER_NAL: u8 = 9;
const SEQUENCE_NAL: u8 = 7;

/// One packet within [`Stream::bytes`].
pub(super) struct Unit {
    /// When it is decoded and shown, or heard, in ticks of 90,000 per second.
    pub at: u64,
    pub is_key: bool,
    pub bytes: Range<usize>,
}

/// The packets of an elementary stream, one after another.
pub(super) struct Stream {
    pub bytes: Vec<u8>,
    pub units: Vec<Unit>,
}

/// The frames of the picture in Annex B of H.264: each begins with a delimiter, key frames have the
/// parameter sets before them.
pub(super) fn picture(place: &Place, init: &[u8], segment: &[u8]) -> Result<Stream, LinearError> {
    let sets =
        parameter_sets(init).ok_or_else(|| malformed("its picture has no parameter sets"))?;
    let mut stream = Stream {
        bytes: Vec::with_capacity(segment.len() + segment.len() / 64 + 4096),
        units: Vec::new(),
    };
    for frame in read(segment)? {
        let at = place.programme_at.saturating_add(frame.start_ticks);
        if at >= place.until {
            break;
        }
        if frame.offset_ticks != 0 {
            return Err(malformed("its frames are not shown in order"));
        }
        if stream.units.is_empty() && !frame.is_key {
            return Err(malformed("it does not begin with a key frame"));
        }
        let begin = stream.bytes.len();
        // Pictures may be longer than a header can say; none says that of itself (§2.4.3.7).
        stream.bytes.extend(header(PICTURE_STREAM, 0, at));
        stream.bytes.extend(DELIMITER);
        add_frame(
            &mut stream.bytes,
            &segment[frame.bytes.clone()],
            frame.is_key,
            &sets,
        )?;
        stream.units.push(Unit {
            at,
            is_key: frame.is_key,
            bytes: begin..stream.bytes.len(),
        });
    }
    Ok(stream)
}

/// Adds the parts of a frame, each behind a start code instead of its length.
fn add_frame(
    bytes: &mut Vec<u8>,
    frame: &[u8],
    is_key: bool,
    sets: &[&[u8]],
) -> Result<(), LinearError> {
    let brings_sets = parts(frame).any(|part| part.is_some_and(|p| kind(p) == SEQUENCE_NAL));
    if is_key && !brings_sets {
        for set in sets {
            bytes.extend(START_CODE);
            bytes.extend_from_slice(set);
        }
    }
    for part in parts(frame) {
        let part = part.ok_or_else(|| malformed("the parts of a frame do not fill it"))?;
        if kind(part) != DELIMITER_NAL {
            bytes.extend(START_CODE);
            bytes.extend_from_slice(part);
        }
    }
    Ok(())
}

/// The parts of a frame, each after its length in four bytes; `None` where one is not whole.
fn parts(frame: &[u8]) -> impl Iterator<Item = Option<&[u8]>> {
    let mut rest = frame;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let part = rest.split_first_chunk::<4>().and_then(|(length, after)| {
            let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
            after.split_at_checked(length)
        });
        let (part, after) = part.map_or((None, &[][..]), |(part, after)| (Some(part), after));
        rest = after;
        Some(part)
    })
}

/// The type of a part of a frame (H.264 §7.3.1); 0 of an empty one.
fn kind(part: &[u8]) -> u8 {
    part.first().map_or(0, |first| first & 0x1f)
}

/// The frames of the sound that belong to `place`, each behind the header that a stream without an
/// init segment needs. `sound` may hold more than those.
pub(super) fn sound(place: &Place, sound: &[u8]) -> Result<Stream, LinearError> {
    let first = place.sound_frames().start;
    let heard = heard(place, sound)?;
    let mut stream = Stream {
        bytes: Vec::with_capacity(sound.len() * 2),
        units: Vec::new(),
    };
    for (index, frames) in (first..)
        .step_by(SOUND_FRAMES_TOGETHER)
        .zip(heard.chunks(SOUND_FRAMES_TOGETHER))
    {
        let begin = stream.bytes.len();
        let size: usize = frames.iter().map(|frame| frame.len() + ADTS_BYTES).sum();
        let at = place.sound_at(index);
        stream.bytes.extend(header(SOUND_STREAM, size, at));
        for frame in frames {
            stream.bytes.extend(adts(frame.len())?);
            stream.bytes.extend_from_slice(frame);
        }
        stream.units.push(Unit {
            at,
            is_key: true,
            bytes: begin..stream.bytes.len(),
        });
    }
    Ok(stream)
}

/// The header of a packet with `size` bytes (0: not said) that is shown at `at`.
fn header(stream: u8, size: usize, at: u64) -> [u8; 14] {
    const ALIGNED: u8 = 0x84;
    const HAS_PTS: u8 = 0x80;
    const PTS_BYTES: u8 = 5;
    let after_length = 8;
    let length = match size {
        0 => 0,
        _ => u16::try_from(size + after_length).unwrap_or(0),
    };
    let [high, low] = length.to_be_bytes();
    let [a, b, c, d, e] = time_stamp(at);
    [
        0, 0, 1, stream, high, low, ALIGNED, HAS_PTS, PTS_BYTES, a, b, c, d, e,
    ]
}

/// A time stamp among marker bits (§2.4.3.6).
fn time_stamp(at: u64) -> [u8; 5] {
    let at = wrapped(at);
    let seven = |shift: u32| ((at >> shift) as u8) << 1 | 1;
    let eight = |shift: u32| (at >> shift) as u8;
    [
        0x20 | (((at >> 30) as u8) & 0x07) << 1 | 1,
        eight(22),
        seven(15),
        eight(7),
        seven(0),
    ]
}

const ADTS_BYTES: usize = 7;

/// The header of a frame of AAC-LC, stereo, at 48,000 samples per second (ISO/IEC 14496-3 §1.A.2.2).
fn adts(frame_bytes: usize) -> Result<[u8; ADTS_BYTES], LinearError> {
    const LC: u8 = 1;
    const HZ_48000: u8 = 3;
    const STEREO: u8 = 2;
    let length = frame_bytes + ADTS_BYTES;
    if length >= 1 << 13 {
        return Err(malformed("a frame of its sound is too long"));
    }
    Ok([
        0xff,
        0xf1,
        LC << 6 | HZ_48000 << 2 | STEREO >> 2,
        (STEREO & 3) << 6 | (length >> 11) as u8,
        (length >> 3) as u8,
        ((length & 7) as u8) << 5 | 0x1f,
        0xfc,
    ])
}

fn read(segment: &[u8]) -> Result<Vec<Frame>, LinearError> {
    Ok(frames(segment)?)
}

fn malformed(sentence: &str) -> LinearError {
    LinearError::Malformed(sentence.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_stamps_keep_all_their_bits() {
        for at in [
            0,
            1,
            1 << 14,
            1 << 15,
            1 << 29,
            1 << 30,
            (1 << 33) - 1,
            0x1_2345_6789,
        ] {
            let [a, b, c, d, e] = time_stamp(at).map(u64::from);
            let read = (a >> 1 & 7) << 30 | b << 22 | (c >> 1) << 15 | d << 7 | e >> 1;
            assert_eq!(read, at);
            assert_eq!((a & 0xf1, c & 1, e & 1), (0x21, 1, 1));
        }
        assert_eq!(time_stamp(1 << 33), time_stamp(0));
    }

    #[test]
    fn key_frames_bring_their_parameter_sets_once() {
        let sets: [&[u8]; 2] = [&[0x67, 1], &[0x68, 2]];
        let made = |frame: &[u8]| {
            let mut bytes = Vec::new();
            add_frame(&mut bytes, frame, true, &sets).map(|()| bytes)
        };
        let with = [0, 0, 0, 2, 9, 0xf0, 0, 0, 0, 1, 0x67, 0, 0, 0, 2, 0x65, 7];
        let without = [0, 0, 0, 2, 0x65, 7];
        assert_eq!(
            made(&with).unwrap(),
            [0, 0, 0, 1, 0x67, 0, 0, 0, 1, 0x65, 7]
        );
        assert_eq!(
            made(&without).unwrap(),
            [
                0, 0, 0, 1, 0x67, 1, 0, 0, 0, 1, 0x68, 2, 0, 0, 0, 1, 0x65, 7
            ]
        );
        assert!(made(&with[..with.len() - 1]).is_err());
        assert!(made(&[0, 0, 0]).is_err());
    }
}
