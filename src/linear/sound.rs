//! The frames of sound that a slice has.

use super::LinearError;
use super::place::{Place, frame_index};
use crate::media::frames;

/// More than that is no rounding at the end of a programme, but something missing.
const MOST_SILENT_FRAMES: usize = 2;

/// A frame of AAC in stereo in which nothing is heard.
pub(super) const SILENT_FRAME: [u8; 9] = [0x21, 0, 0x49, 0x90, 0x02, 0x19, 0, 0x23, 0x80];

/// The frames that belong to `place`, out of `sound`, which may hold more than those.
pub(super) fn heard<'a>(place: &Place, sound: &'a [u8]) -> Result<Vec<&'a [u8]>, LinearError> {
    let found = frames(sound)?;
    let before = found
        .first()
        .map_or(0, |first| frame_index(first.start_ticks));
    let nth = |index: u64| -> Option<&'a [u8]> {
        let at = usize::try_from(index.checked_sub(before)?).ok()?;
        found.get(at).map(|frame| &sound[frame.bytes.clone()])
    };
    let wanted: Vec<_> = place.sound_frames().map(nth).collect();
    let missing = wanted.iter().filter(|frame| frame.is_none()).count();
    if missing > MOST_SILENT_FRAMES {
        return Err(LinearError::NoSound(missing));
    }
    let frames = wanted.into_iter();
    Ok(frames.map(|frame| frame.unwrap_or(&SILENT_FRAME)).collect())
}
