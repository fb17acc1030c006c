//! Where in the channel's time a segment lies, and which frames of sound belong to it.

use std::ops::Range;

use crate::media::{Package, TIMESCALE, Track};
use crate::timeline::{DurationMs, UnixMs, slices_in};

/// Ticks in a millisecond.
pub(super) const TICKS_PER_MS: u64 = TIMESCALE as u64 / 1000;

/// Samples in a frame of AAC.
pub(super) const FRAME_SAMPLES: u64 = 1024;
/// How long they last, in ticks of 90,000 per second, at 48,000 samples per second: a whole number.
pub(super) const SOUND_FRAME_TICKS: u64 = 1920;

/// Where a segment lies in the channel's time, in ticks of 90,000 per second since the Unix epoch.
///
/// A programme's picture rarely ends with a frame of sound. If each programme's sound began with its
/// picture, the last frame of the one would reach up to 21 ms into the next: players would have to
/// drop or squeeze it, each in its way. So all sound lies on one grid of frames that began with the
/// epoch: a programme's sound moves to the nearest place on it, by 10.7 ms at most, and its last frame
/// is left out where the next programme's first has its place. The row of frames has neither gaps
/// nor overlaps, forever.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// When its programme begins.
    pub programme_at: u64,
    /// When it begins.
    pub from: u64,
    /// When the segment after it begins: of this programme or of the next.
    pub until: u64,
}

impl Place {
    /// Where slice `index` of `package` lies, if that airs from `programme_at` on; none if it has no
    /// such slice.
    ///
    /// All rungs have the same segments, so it is the place of each.
    pub fn of_slice(package: &Package, programme_at: UnixMs, index: u64) -> Option<Self> {
        let length = DurationMs::new(package.duration_ms);
        let at = u64::try_from(programme_at.get()).ok()?;
        let ticks = |at: u64| at.checked_mul(TICKS_PER_MS);
        let (programme_at, end) = (ticks(at)?, ticks(at.checked_add(length.get())?)?);
        let segments = &package.rungs.first()?.track.segments;
        let begin = |index: u64| {
            let segment = segments.get(usize::try_from(index).ok()?)?;
            programme_at.checked_add(segment.start_ticks)
        };
        let last = slices_in(length) - 1;
        let until = match index {
            index if index < last => begin(index + 1)?,
            index if index == last => end,
            _ => return None,
        };
        let from = begin(index)?;
        (from < until).then_some(Self {
            programme_at,
            from,
            until,
        })
    }

    /// The bytes of `picture`, any rung of `package`, for slice `index`; none if it has no such slice.
    pub fn picture_bytes(package: &Package, picture: &Track, index: u64) -> Option<Range<u64>> {
        let slices = slices_in(DurationMs::new(package.duration_ms));
        let first = picture.segments.get(usize::try_from(index).ok()?)?;
        let last = match index + 1 < slices {
            true => first,
            false => picture.segments.last()?,
        };
        (index < slices).then(|| first.offset..last.end())
    }

    /// How long the slice lasts, in ticks of 90,000 per second.
    pub fn picture_ticks(&self) -> u64 {
        self.until - self.from
    }

    /// When its sound begins and how long it lasts, in ticks of 90,000 per second.
    pub fn sound_ticks(&self) -> (u64, u64) {
        let frames = self.sound_frames();
        let length = frames.end.saturating_sub(frames.start) * SOUND_FRAME_TICKS;
        (self.sound_at(frames.start), length)
    }

    /// The bytes of `sound` that the segment needs; they are whole segments.
    pub fn sound_bytes(&self, sound: &Track) -> Range<u64> {
        let frames = self.sound_frames();
        let ticks = frames.start * FRAME_SAMPLES..frames.end * FRAME_SAMPLES;
        let after = |tick: u64| sound.segments.partition_point(|s| s.end_ticks() <= tick);
        let first = after(ticks.start);
        let last = after(ticks.end.saturating_sub(1));
        let needed = sound
            .segments
            .get(first..=last.min(sound.segments.len().saturating_sub(1)));
        match needed.unwrap_or_default() {
            [] => 0..0,
            [only] => only.offset..only.end(),
            [first, .., last] => first.offset..last.end(),
        }
    }

    /// Which frames of its programme's sound are the segment's.
    pub(super) fn sound_frames(&self) -> Range<u64> {
        let first = grid_place(self.programme_at);
        let within = |ticks| grid_place(ticks).saturating_sub(first);
        within(self.from)..within(self.until)
    }

    /// When frame `index` of the programme's sound is heard.
    pub(super) fn sound_at(&self, index: u64) -> u64 {
        (grid_place(self.programme_at) + index) * SOUND_FRAME_TICKS
    }
}

/// The number of the frame of sound that begins nearest to `ticks`.
fn grid_place(ticks: u64) -> u64 {
    ticks.saturating_add(SOUND_FRAME_TICKS / 2) / SOUND_FRAME_TICKS
}

/// Which frame of its track begins at `ticks` of 48,000 per second.
pub(super) fn frame_index(ticks: u64) -> u64 {
    (ticks + FRAME_SAMPLES / 2) / FRAME_SAMPLES
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::Segment;

    #[test]
    fn the_row_of_sound_has_neither_gaps_nor_overlaps() {
        let mut at = 1_795_268_000_123 * 90;
        let mut heard_until = None;
        for length_ms in [5_005_u64, 4_000, 1_234, 7, 21, 3, 40, 6_006, 2_000] {
            let programme_at = at;
            let end = at + length_ms * 90;
            // What an encoder makes of so many samples.
            let frames_there = (length_ms * 48).div_ceil(FRAME_SAMPLES);
            while at < end {
                let until = (at + 180_000).min(end);
                let place = Place {
                    programme_at,
                    from: at,
                    until,
                };
                let frames = place.sound_frames();
                assert!(frames.end <= frames_there, "{frames:?} of {frames_there}");
                let first = place.sound_at(frames.start);
                assert!(heard_until.is_none_or(|until| until == first));
                heard_until = Some(place.sound_at(frames.end));
                let due = programme_at + frames.start * SOUND_FRAME_TICKS;
                assert!(first.abs_diff(due) <= SOUND_FRAME_TICKS / 2);
                at = until;
            }
        }
    }

    #[test]
    fn the_segments_that_hold_the_sound_are_found() {
        let segment = |n: u64| Segment::from([100 + n * 10, 10, n * 96_256, 96_256]);
        let sound = Track {
            file: "audio.mp4".to_owned(),
            size_bytes: 140,
            sha256: String::new(),
            codecs: String::new(),
            timescale: 48_000,
            init_bytes: 100,
            init_sha256: String::new(),
            segments: (0..4).map(segment).collect(),
        };
        let needed = |from, until| {
            let place = Place {
                programme_at: 0,
                from,
                until,
            };
            place.sound_bytes(&sound)
        };
        assert_eq!(needed(0, 180_000), 100..110);
        assert_eq!(needed(180_000, 360_000), 110..120);
        // The fourth segment of the picture begins before that of the sound.
        assert_eq!(needed(540_000, 720_000), 120..140);
        assert_eq!(needed(720_000, 721_920), 130..140);
        assert_eq!(needed(900_000, 1_080_000), 0..0);
    }
}
