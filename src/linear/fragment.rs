//! Movie fragments of the house's own (ISO/IEC 14496-12 §8.8): one track, one run.

use super::place::FRAME_SAMPLES;

/// A key frame, which depends on no other (§8.8.3.1).
const KEY: u32 = 0x0200_0000;
/// A frame that depends on others.
const NO_KEY: u32 = 0x0101_0000;

/// What kind of frames a fragment has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Frames {
    /// Of AAC, all of one length.
    Sound,
    /// A group of pictures, a key frame first.
    Picture {
        /// How long each is shown but the last, in ticks.
        each_ticks: u32,
        /// How long the last is.
        last_ticks: u32,
    },
}

/// What is to be written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fragment<'a> {
    /// Its number; only whether it grows matters (§8.8.5).
    pub sequence: u64,
    /// When the first frame is decoded, in the track's ticks.
    pub base: u64,
    pub kind: Frames,
    /// At least one.
    pub frames: &'a [&'a [u8]],
}

impl Fragment<'_> {
    /// Appends the fragment and its bytes to `out`.
    pub fn write_to(self, out: &mut Vec<u8>) {
        let Self { frames, kind, .. } = self;
        let is_picture = matches!(kind, Frames::Picture { .. });
        // How long a frame lasts and what it is, if nothing else is said; and what is said of the run (§8.8.8): where
        // the bytes begin and how long each frame is, of pictures also that the first is a key and how long each is shown.
        let (each, flags, run) = match kind {
            Frames::Sound => (FRAME_SAMPLES as u32, KEY, 0x0000_0201),
            Frames::Picture { each_ticks, .. } => (each_ticks, NO_KEY, 0x0000_0305),
        };
        let trun_bytes = match is_picture {
            false => 20 + 4 * frames.len(),
            true => 24 + 8 * frames.len(),
        };
        let traf_bytes = 8 + 24 + 20 + trun_bytes;
        let moof_bytes = 8 + 16 + traf_bytes;
        let data: usize = frames.iter().map(|frame| frame.len()).sum();
        out.reserve(moof_bytes + 8 + data);
        start(out, moof_bytes, b"moof");
        start(out, 16, b"mfhd");
        word(out, 0);
        word(out, (self.sequence as u32).max(1));
        start(out, traf_bytes, b"traf");
        start(out, 24, b"tfhd");
        // Offsets count from this fragment; what follows holds for each frame (§8.8.7).
        word(out, 0x0002_0028);
        word(out, 1);
        word(out, each);
        word(out, flags);
        start(out, 20, b"tfdt");
        word(out, 0x0100_0000);
        out.extend(self.base.to_be_bytes());
        start(out, trun_bytes, b"trun");
        word(out, run);
        number(out, frames.len());
        number(out, moof_bytes + 8);
        if is_picture {
            word(out, KEY);
        }
        for (index, frame) in frames.iter().enumerate() {
            if let Frames::Picture { last_ticks, .. } = kind {
                let is_last = index + 1 == frames.len();
                word(out, if is_last { last_ticks } else { each });
            }
            number(out, frame.len());
        }
        start(out, 8 + data, b"mdat");
        for frame in frames {
            out.extend_from_slice(frame);
        }
    }
}

fn word(out: &mut Vec<u8>, word: u32) {
    out.extend(word.to_be_bytes());
}

fn number(out: &mut Vec<u8>, number: usize) {
    word(out, u32::try_from(number).unwrap_or(u32::MAX));
}

fn start(out: &mut Vec<u8>, size: usize, name: &[u8; 4]) {
    number(out, size);
    out.extend(name);
}
