//! What is shown where the channel has no segment of its own: a still picture and silence, as long as need be.
//!
//! It is made like everything else in the stream, out of frames that are encoded already, and joins it without a
//! seam: whoever tunes in meets a picture whatever is on, and no player has to know what a gap is.

use super::fragment::{Fragment, Frames};
use super::place::{FRAME_SAMPLES, SOUND_FRAME_TICKS};
use super::sound::SILENT_FRAME;
use super::{LinearError, Place};
use crate::media::{Package, TIMESCALE, frames};
use crate::timeline::{Stretch, UnixMs};

/// How long each of its pictures is shown, in ticks: 25 in a second.
const PICTURE_TICKS: u64 = TIMESCALE as u64 / 25;
/// A shorter one would have hardly a picture and maybe no sound: players skip so little by themselves.
const SHORTEST_TICKS: u64 = TIMESCALE as u64 / 10;
/// No slice is longer than this.
const LONGEST_TICKS: u64 = 5 * TIMESCALE as u64;

/// What a slice of the channel is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The programme's own segment.
    Programme(Place),
    /// A still picture and silence.
    Slate(Place),
    /// Nothing: it is too short.
    Gap(Place),
}

impl Source {
    /// What slice `index` of `stretch` is made of, whose programme has the table `package`, if any.
    pub fn of(stretch: &Stretch, index: u64, package: Option<&Package>) -> Self {
        let airing = stretch.airing.as_ref();
        let place = airing.zip(package);
        let place =
            place.and_then(|(airing, package)| Place::of_slice(package, airing.from, index));
        let is_cut = stretch.is_cut() && index + 1 == stretch.slices();
        if let (Some(place), false) = (place, is_cut) {
            return Self::Programme(place);
        }
        let (from, until) = stretch.slice(index);
        // The pictures of a programme begin with a frame, which may be a little after its time.
        let from = place.map_or_else(|| Place::ticks_at(from), |place| place.from);
        let between = Place::between(from, Place::ticks_at(until).max(from + 1));
        match is_slate(&between) {
            true => Self::Slate(between),
            false => Self::Gap(between),
        }
    }
}

/// Whether there can be a slate at `place`.
pub fn is_slate(place: &Place) -> bool {
    (SHORTEST_TICKS..=LONGEST_TICKS).contains(&place.picture_ticks())
}

/// The pictures of a slate at `place`, as they would lie in a package; `still` is a segment of some seconds
/// of one picture, as the encoder made it.
///
/// # Errors
/// [`LinearError::Malformed`] if `still` is anything else.
pub fn slate_picture(place: &Place, still: &[u8]) -> Result<Vec<u8>, LinearError> {
    let group = frames(still)?;
    if !group.first().is_some_and(|frame| frame.is_key) {
        return Err(LinearError::Malformed(
            "the slate has no picture".to_owned(),
        ));
    }
    let group: Vec<&[u8]> = group.iter().map(|f| &still[f.bytes.clone()]).collect();
    let length = place.picture_ticks();
    let pictures = (length / PICTURE_TICKS).max(1);
    let mut out = Vec::with_capacity(still.len() * 3);
    let mut shown = 0;
    while shown < pictures {
        let some = (pictures - shown).min(group.len() as u64);
        let is_last = shown + some == pictures;
        // The last picture stays until the next programme comes.
        let last_ticks = match is_last {
            true => length - (pictures - 1) * PICTURE_TICKS,
            false => PICTURE_TICKS,
        };
        let base = shown * PICTURE_TICKS;
        Fragment {
            sequence: (place.from + base) / PICTURE_TICKS,
            base,
            kind: Frames::Picture {
                each_ticks: PICTURE_TICKS as u32,
                last_ticks: last_ticks as u32,
            },
            frames: &group[..some as usize],
        }
        .write_to(&mut out);
        shown += some;
    }
    Ok(out)
}

/// The silence of a slate at `place`, as it would lie in a package.
pub fn slate_sound(place: &Place) -> Vec<u8> {
    let (_, length) = place.sound_ticks();
    let silence = vec![&SILENT_FRAME[..]; (length / SOUND_FRAME_TICKS) as usize];
    let mut out = Vec::new();
    Fragment {
        sequence: place.from / FRAME_SAMPLES,
        base: 0,
        kind: Frames::Sound,
        frames: &silence,
    }
    .write_to(&mut out);
    out
}

impl Place {
    /// Of something that begins at `from` and ends at `until`.
    pub fn between(from: u64, until: u64) -> Self {
        Self {
            programme_at: from,
            from,
            until,
        }
    }

    /// `t` in ticks; 0 before the epoch.
    fn ticks_at(t: UnixMs) -> u64 {
        let ms = u64::try_from(t.get()).unwrap_or(0);
        ms.saturating_mul(super::place::TICKS_PER_MS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linear::{picture, sound};

    const AT: u64 = 1_795_268_000_123 * 90;

    /// A key frame and some that depend on it, one byte each.
    fn still(pictures: u8) -> Vec<u8> {
        let bytes: Vec<[u8; 1]> = (0..pictures).map(|n| [n]).collect();
        let group: Vec<&[u8]> = bytes.iter().map(|b| &b[..]).collect();
        let mut out = Vec::new();
        let kind = Frames::Picture {
            each_ticks: 3600,
            last_ticks: 3600,
        };
        Fragment {
            sequence: 1,
            base: 0,
            kind,
            frames: &group,
        }
        .write_to(&mut out);
        out
    }

    #[test]
    fn a_slate_fills_its_slice_to_the_tick_with_pictures_and_silence() {
        for length in [9_000, 9_001, 180_000, 183_123, 369_000] {
            let place = Place::between(AT, AT + length);
            let made = slate_picture(&place, &still(50)).unwrap();
            let made = picture(&place, made).unwrap();
            let pictures = frames(&made).unwrap();
            assert!(pictures[0].is_key);
            assert_eq!(pictures[0].start_ticks, AT);
            let mut at = AT;
            for (index, frame) in pictures.iter().enumerate() {
                assert_eq!(frame.start_ticks, at, "no gap, no overlap");
                assert_eq!(frame.is_key, index % 50 == 0);
                assert_eq!(made[frame.bytes.clone()], [(index % 50) as u8]);
                assert!((3_600..7_200).contains(&frame.duration_ticks));
                at += u64::from(frame.duration_ticks);
            }
            assert_eq!(at, AT + length);

            let heard = sound(&place, &slate_sound(&place)).unwrap();
            let heard = frames(&heard).unwrap();
            let (from, length) = place.sound_ticks();
            assert_eq!(heard.len() as u64, length / SOUND_FRAME_TICKS);
            assert_eq!(heard[0].start_ticks * 15 / 8, from);
        }
    }

    #[test]
    fn what_is_no_still_picture_is_refused() {
        let place = Place::between(AT, AT + 180_000);
        assert!(slate_picture(&place, &[]).is_err());
        assert!(slate_picture(&place, b"nothing of the kind").is_err());
    }
}
