//! Segments of MP4 fragments (CMAF, ISO/IEC 23000-19) with the time stamps of the channel.
//!
//! Nothing is decoded or encoded: the picture's fragments get another base time, and the sound's frames
//! new fragments, as the channel's row of frames wants them ([`Place`]).

use super::fragment::{Fragment, Frames};
use super::place::FRAME_SAMPLES;
use super::sound::heard;
use super::{LinearError, Place};

/// `segment`, one or more fragments of the picture as they lie in the package, at `place`.
///
/// # Errors
/// [`LinearError::Malformed`] if it is anything else.
pub fn picture(place: &Place, mut segment: Vec<u8>) -> Result<Vec<u8>, LinearError> {
    let mut at = 0;
    let mut moved = 0;
    while at < segment.len() {
        let (end, name) = next_box(&segment, at, segment.len())?;
        if name == *b"moof" {
            move_fragment(&mut segment, at + 8, end, place.programme_at)?;
            moved += 1;
        }
        at = end;
    }
    match moved {
        0 => Err(malformed("it has no fragment")),
        _ => Ok(segment),
    }
}

/// Adds `by` ticks to the base time of every track in a `moof`.
fn move_fragment(bytes: &mut [u8], at: usize, end: usize, by: u64) -> Result<(), LinearError> {
    let mut at = at;
    while at < end {
        let (next, name) = next_box(bytes, at, end)?;
        match &name {
            b"traf" => move_fragment(bytes, at + 8, next, by)?,
            b"tfdt" => {
                let version = bytes.get(at + 8).copied();
                let field = bytes.get_mut(at + 12..next);
                let field = field.and_then(|field| field.first_chunk_mut::<8>());
                let (Some(1), Some(field)) = (version, field) else {
                    return Err(malformed("its base time is too short"));
                };
                *field = u64::from_be_bytes(*field).saturating_add(by).to_be_bytes();
            }
            _ => {}
        }
        at = next;
    }
    Ok(())
}

/// Where the box at `at` ends, and its name.
fn next_box(bytes: &[u8], at: usize, end: usize) -> Result<(usize, [u8; 4]), LinearError> {
    let header = bytes.get(at..end).and_then(|rest| rest.first_chunk::<8>());
    let [a, b, c, d, name @ ..] = *header.ok_or_else(|| malformed("a box is not whole"))?;
    let size = u32::from_be_bytes([a, b, c, d]) as usize;
    let next = at
        .checked_add(size)
        .filter(|&next| size >= 8 && next <= end);
    Ok((next.ok_or_else(|| malformed("a box is not whole"))?, name))
}

/// The sound at `place` as one fragment; `sound` has at least the bytes that [`Place::sound_bytes`]
/// tells.
///
/// # Errors
/// [`LinearError`] if the bytes are not those of a prepared video, or not all.
pub fn sound(place: &Place, sound: &[u8]) -> Result<Vec<u8>, LinearError> {
    let frames = heard(place, sound)?;
    let (at, _) = place.sound_ticks();
    // 90,000 and 48,000 per second: a frame is 1,920 of the ones and 1,024 of the others.
    let base = at / 15 * 8;
    let mut out = Vec::new();
    Fragment {
        sequence: base / FRAME_SAMPLES,
        base,
        kind: Frames::Sound,
        frames: &frames,
    }
    .write_to(&mut out);
    Ok(out)
}

fn malformed(sentence: &str) -> LinearError {
    LinearError::Malformed(sentence.to_owned())
}
